//! Lifecycles: a thing's states, transitions, gates and failure modes, written down once.

use crate::gate::Gate;
use crate::text;
use alloc::string::String;

/// What it means for a thing to be in a state; pictures tell roles apart by shape and word, not by colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Nothing is under way.
    Rest,
    /// On the way to another state.
    Way,
    /// Where it was meant to get to.
    Good,
    /// It did not get there.
    Bad,
}

/// One state.
#[derive(Debug)]
pub struct StateSpec {
    /// Its name, exactly as in the state-machine gallery.
    pub name: &'static str,
    /// What being in it means.
    pub role: Role,
    /// Its doc text.
    pub doc: &'static [&'static str],
}

/// One transition: an arrow of the diagram.
#[derive(Debug)]
pub struct TransitionSpec {
    /// A past-tense name.
    pub name: &'static str,
    /// Indexes of the states it may start from.
    pub from: &'static [u8],
    /// Index of the state it ends in.
    pub to: u8,
    /// The part of the platform that takes it.
    pub actor: &'static str,
    /// What must hold for it.
    pub gates: &'static [&'static Gate],
    /// Its doc text.
    pub doc: &'static [&'static str],
}

/// One named way to go wrong.
#[derive(Debug)]
pub struct FailureModeSpec {
    /// Its name, exactly as in the state-machine gallery.
    pub name: &'static str,
    /// Its doc text.
    pub doc: &'static [&'static str],
}

/// A whole lifecycle. Row 0 of `states` is where a new thing starts.
#[derive(Debug)]
pub struct LifecycleSpec {
    /// Its name, exactly as in the state-machine gallery.
    pub name: &'static str,
    /// The part of the platform it belongs to, as in the gallery.
    pub home: &'static str,
    /// Its doc text.
    pub doc: &'static [&'static str],
    /// Its states, in the gallery's order.
    pub states: &'static [StateSpec],
    /// Its transitions.
    pub transitions: &'static [TransitionSpec],
    /// Its gates, in the gallery's order.
    pub gates: &'static [&'static Gate],
    /// Its failure modes, in the gallery's order.
    pub failure_modes: &'static [FailureModeSpec],
}

impl LifecycleSpec {
    /// The name in kebab-case.
    #[must_use]
    pub fn id(&self) -> String {
        text::kebab(self.name)
    }

    /// Whether nothing leads out of a state.
    #[must_use]
    pub fn is_terminal(&self, state: u8) -> bool {
        !self
            .transitions
            .iter()
            .any(|transition| transition.from.contains(&state))
    }
}

/// Declares one lifecycle: the enums `State`, `Transition` and `FailureMode`, the total `State::after`, and `SPEC`.
///
/// ```
/// mod door {
///     machine::lifecycle! {
///         /// Let people through.
///         "Door", home "House";
///         gates [];
///         states {
///             /// Nobody gets through.
///             Closed = "closed", Rest;
///             /// Anybody gets through.
///             Open = "open", Good;
///         }
///         transitions {
///             /// Somebody pushed.
///             Opened = "opened": [Closed] => Open, by "person", gates [];
///         }
///         failure_modes {
///             /// It sticks.
///             Jammed = "jammed";
///         }
///     }
/// }
/// use door::{State, Transition};
/// assert_eq!(State::Closed.after(Transition::Opened), Some(State::Open));
/// assert_eq!(State::Open.after(Transition::Opened), None);
/// ```
#[macro_export]
macro_rules! lifecycle {
    (
        $(#[doc = $doc:literal])+
        $name:literal, home $home:literal;
        gates [$($all_gates:expr),* $(,)?];
        states { $( $(#[doc = $sdoc:literal])+ $state:ident = $sname:literal, $role:ident; )+ }
        transitions {
            $( $(#[doc = $tdoc:literal])+
               $transition:ident = $tname:literal: [$($from:ident),+] => $to:ident, by $actor:literal,
               gates [$($gate:expr),* $(,)?]; )+
        }
        failure_modes { $( $(#[doc = $fdoc:literal])+ $mode:ident = $fname:literal; )+ }
    ) => {
        /// The states, in the gallery's order; the first is where a new one starts.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum State { $( $(#[doc = $sdoc])+ $state ),+ }

        /// The transitions that exist; there are no others.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Transition { $( $(#[doc = $tdoc])+ $transition ),+ }

        /// The named ways to go wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum FailureMode { $( $(#[doc = $fdoc])+ $mode ),+ }

        impl State {
            /// Where `transition` leads from here, or `None` if it does not start here.
            #[must_use]
            pub const fn after(self, transition: Transition) -> Option<Self> {
                match (self, transition) {
                    $( ($(Self::$from)|+, Transition::$transition) => Some(Self::$to), )+
                    #[allow(unreachable_patterns, reason = "a lifecycle may use every pair")]
                    _ => None,
                }
            }

            /// Its declaration.
            #[must_use]
            pub const fn spec(self) -> &'static $crate::StateSpec {
                &SPEC.states[self as usize]
            }
        }

        impl Transition {
            /// Its declaration.
            #[must_use]
            pub const fn spec(self) -> &'static $crate::TransitionSpec {
                &SPEC.transitions[self as usize]
            }
        }

        impl FailureMode {
            /// Its declaration.
            #[must_use]
            pub const fn spec(self) -> &'static $crate::FailureModeSpec {
                &SPEC.failure_modes[self as usize]
            }
        }

        $(#[doc = $doc])+
        pub static SPEC: $crate::LifecycleSpec = $crate::LifecycleSpec {
            name: $name,
            home: $home,
            doc: &[$($doc),+],
            states: &[ $( $crate::StateSpec { name: $sname, role: $crate::Role::$role, doc: &[$($sdoc),+] } ),+ ],
            transitions: &[ $( $crate::TransitionSpec {
                name: $tname,
                from: &[$(State::$from as u8),+],
                to: State::$to as u8,
                actor: $actor,
                gates: &[$($gate),*],
                doc: &[$($tdoc),+],
            } ),+ ],
            gates: &[$($all_gates),*],
            failure_modes: &[ $( $crate::FailureModeSpec { name: $fname, doc: &[$($fdoc),+] } ),+ ],
        };
    };
}
