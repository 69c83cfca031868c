//! Gates: the rules of the real logic, each a fact that must hold before a step may go on.
//!
//! **Invariants.** The fact is always computed and the refusal is the production path. A waiver is set from outside and
//! only turns a refusal into a recorded exception; logic never asks whether one is set.

use crate::text;
use alloc::string::String;

/// One gate, declared with [`gates!`](crate::gates).
#[derive(Debug, PartialEq, Eq)]
pub struct Gate {
    /// Its place in the catalog; what waivers and rulings carry.
    pub index: u16,
    /// Its name, as in the state-machine gallery where it comes from there.
    pub title: &'static str,
    /// The lifecycle or part of the platform that asks it.
    pub home: &'static str,
    /// What its numbers count: what was found, and what is wanted.
    pub terms: Terms,
    /// Whether refusing is nothing out of the ordinary for it: something waits, or goes another way that is as good.
    pub waits: bool,
    /// Its doc text, with the sections `Without it` and `Seen in`.
    pub doc: &'static [&'static str],
}

impl Gate {
    /// The title in kebab-case.
    #[must_use]
    pub fn id(&self) -> String {
        text::kebab(self.title)
    }
}

/// What the numbers of a gate's rulings count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Terms {
    /// A plain count, a number in an order, or what is not said here.
    #[default]
    Count,
    /// Yes (1) and no (0).
    YesNo,
    /// Microseconds, of a length of time or since the beginning.
    Time,
    /// Bytes.
    Bytes,
    /// A digest of what something consists of.
    Digest,
}

/// How a gate ruled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Verdict {
    /// The fact held.
    Passed,
    /// The fact did not hold, and the step was refused.
    Refused,
    /// The fact did not hold, and a waiver let the step go on.
    Waived,
}

/// A gate refused; the caller takes its refusal path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused(pub &'static Gate);

/// The gates whose refusals are overridden in this run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Waivers([u128; 2]);

impl Waivers {
    /// No gate is waived.
    pub const NONE: Self = Self([0; 2]);
    /// How many gates a catalog can hold.
    pub const CAPACITY: u16 = 256;

    /// These waivers and one more.
    #[must_use]
    pub const fn with(mut self, gate: &Gate) -> Self {
        let (word, bit) = Self::place(gate);
        self.0[word] |= bit;
        self
    }

    /// These waivers without that one.
    #[must_use]
    pub const fn without(mut self, gate: &Gate) -> Self {
        let (word, bit) = Self::place(gate);
        self.0[word] &= !bit;
        self
    }

    /// Whether `gate` is waived.
    #[must_use]
    pub const fn contains(self, gate: &Gate) -> bool {
        let (word, bit) = Self::place(gate);
        self.0[word] & bit != 0
    }

    /// Whether no gate is waived.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0[0] | self.0[1] == 0
    }

    /// The word that a gate's bit is in, and the bit.
    const fn place(gate: &Gate) -> (usize, u128) {
        (gate.index as usize / 128, 1 << (gate.index % 128))
    }
}

/// Declares gates in the order of the catalog: one static each, `ALL`, and `END`, the first index that is free.
///
/// A list that follows on another begins with `from other::END;`. A gate whose numbers are no plain counts says what it
/// judges, in one of the [`Terms`], and then one that only makes something wait says that it `waits`.
///
/// ```
/// machine::gates! {
///     /// Only a ready thing may serve.
///     ///
///     /// # Without it
///     /// People meet a thing that is not ready.
///     READY = "thing ready", home "Thing";
///
///     /// A thing is used only while it is young.
///     ///
///     /// # Without it
///     /// People meet a thing that has gone off.
///     YOUNG = "thing young", home "Thing", judges Time;
///
///     /// A thing is carried away after it has cooled down.
///     ///
///     /// # Without it
///     /// Somebody is burnt.
///     COOL = "thing cool", home "Thing", waits;
/// }
/// assert_eq!(READY.id(), "thing-ready");
/// assert_eq!(YOUNG.terms, machine::Terms::Time);
/// assert_eq!((YOUNG.waits, COOL.waits), (false, true));
/// assert_eq!(ALL.len(), 3);
/// ```
#[macro_export]
macro_rules! gates {
    ($(from $first:expr;)? $( $(#[doc = $doc:literal])+ $name:ident = $title:literal, home $home:literal $(, judges $terms:ident)? $(, waits $(@ $never:tt)?)?; )+) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "variants only number the gates")]
        #[repr(u16)]
        enum Index { $($name),+ }

        const FIRST: u16 = 0 $(+ $first)?;

        $(
            $(#[doc = $doc])+
            pub static $name: $crate::Gate = $crate::Gate {
                index: FIRST + Index::$name as u16,
                title: $title,
                home: $home,
                // The last one counts: what is declared, or else plain counts.
                terms: *[$crate::Terms::Count $(, $crate::Terms::$terms)?].last().unwrap(),
                waits: *[false $(, true $(| $never)?)?].last().unwrap(),
                doc: &[$($doc),+],
            };
        )+

        /// Every gate declared here, in order of index.
        pub const ALL: &[&$crate::Gate] = &[$(&$name),+];

        /// The first index after the gates declared here.
        #[allow(dead_code, reason = "the last list has none after it")]
        pub(crate) const END: u16 = FIRST + ALL.len() as u16;

        const _: () = assert!(END <= $crate::Waivers::CAPACITY);
    };
}
