//! Machine and Step: time and one input in, everything else out.
//!
//! **Invariants.** A machine does nothing by itself: it is given `now` and one input, and fills a [`Step`] with what it
//! wants done, what it changed and how its gates ruled. Persisting is answered later by an input, so a crash in between
//! needs no special case; [`Machine::deadline`] stands in for timers; [`Machine::restart`] is the only way back from a
//! crash.

use crate::dice::Dice;
use crate::gate::{Gate, Refused, Verdict, Waivers};
use crate::knob::Knobs;
use crate::time::Time;
use alloc::vec::Vec;
use core::hash::Hash;

/// One node of the system: an edge, a runner, the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u16);

/// Which write an acknowledgement belongs to; chosen by the writer, unique per node between two restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// One process on a host, named by the node that launched it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId(pub u32);

/// What a transition, ruling or message is about: a kind of thing and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// The kind of thing, numbered by the platform.
    pub kind: u8,
    /// Its number.
    pub id: u64,
}

/// What nodes say to each other.
pub trait Message: Copy + Hash {
    /// The kind of message, for conditions that concern one kind ("readiness reports").
    fn kind(&self) -> u16;

    /// What it is about.
    fn subject(&self) -> Subject;

    /// What tells this message from every other that was or could have been sent in its place, its repeat count
    /// included: the key of every decision about it (delay, loss, duplication).
    fn identity(&self) -> u64;

    /// Whether the network may duplicate it: true for at-least-once traffic, false for a connection.
    fn repeatable(&self) -> bool;
}

/// What a node asks of the host it runs on. The host answers with [`HostEvent`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HostCall {
    /// Start a process from an image, with a memory limit in bytes.
    Launch {
        /// The name of the new process.
        process: ProcessId,
        /// What to run: the digest of its bytes and of what is mounted.
        image: u64,
        /// The memory at which the host kills it.
        limit: u64,
    },
    /// Ask the process whether it is ready.
    Probe {
        /// Which process.
        process: ProcessId,
        /// The number of the probe; its answer carries it.
        nth: u32,
    },
    /// Hand a request to the process.
    Serve {
        /// Which process.
        process: ProcessId,
        /// The number of the request; its answer carries it.
        request: u32,
    },
    /// End the process.
    Kill {
        /// Which process.
        process: ProcessId,
    },
}

/// What a host tells the node that runs on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HostEvent {
    /// The process runs (which does not mean that it is ready).
    Up {
        /// Which process.
        process: ProcessId,
    },
    /// The answer to a probe.
    Probed {
        /// Which process.
        process: ProcessId,
        /// Which probe.
        nth: u32,
        /// Whether it is ready.
        ready: bool,
        /// Why not, as a number that the image's owner understands; 0 when ready.
        reason: u8,
    },
    /// The process answered a request.
    Served {
        /// Which process.
        process: ProcessId,
        /// Which request.
        request: u32,
        /// Whether it answered well.
        ok: bool,
    },
    /// The process ended.
    Exited {
        /// Which process.
        process: ProcessId,
        /// Its exit code; 137 after a kill.
        code: u8,
        /// Whether the host killed it for its memory.
        oom: bool,
    },
}

/// What can happen to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Input<M> {
    /// A message arrived.
    Message {
        /// Who sent it.
        from: NodeId,
        /// What it says.
        message: M,
    },
    /// The node's own deadline was reached.
    Deadline,
    /// A write is durable.
    Persisted(Ticket),
    /// The host has something to say.
    Host(HostEvent),
}

/// What a step may look at besides its own state.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The node's own clock, which may be skewed.
    pub now: Time,
    /// The node itself.
    pub node: NodeId,
    /// The gates that are overridden.
    pub waivers: Waivers,
    /// The numbers.
    pub knobs: &'a Knobs,
    /// Keyed choices (jitter).
    pub dice: &'a Dice,
}

/// A message to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Send<M> {
    /// Its receiver.
    pub to: NodeId,
    /// What it says.
    pub message: M,
}

/// A record to be made durable. Records of one node become durable in the order they were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Persist<R> {
    /// Answered by [`Input::Persisted`].
    pub ticket: Ticket,
    /// What to store.
    pub record: R,
}

/// A lifecycle transition that a step took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Moved {
    /// The lifecycle's index in the catalog.
    pub lifecycle: u8,
    /// What moved.
    pub subject: Subject,
    /// The state it left; `None` when it came to be.
    pub from: Option<u8>,
    /// The transition's index; `None` when it came to be.
    pub transition: Option<u8>,
    /// The state it is in now.
    pub to: u8,
    /// The version that this commit made.
    pub version: u32,
}

/// How a gate ruled, and on what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ruling {
    /// The gate's index in the catalog.
    pub gate: u16,
    /// How it ruled.
    pub verdict: Verdict,
    /// On what.
    pub subject: Subject,
    /// The value that was judged, in the gate's own terms (a token, a count, microseconds).
    pub found: u64,
    /// What it was judged against.
    pub wanted: u64,
}

/// Everything one step wants done and everything it did. Reused from step to step.
#[derive(Clone, Debug)]
pub struct Step<M, R, N> {
    /// Messages to send, in order.
    pub sends: Vec<Send<M>>,
    /// Records to store, in order.
    pub persists: Vec<Persist<R>>,
    /// Calls to the host, in order.
    pub host: Vec<HostCall>,
    /// Transitions taken, in order.
    pub moved: Vec<Moved>,
    /// Gate rulings, in order.
    pub ruled: Vec<Ruling>,
    /// What else is worth telling, in order.
    pub notes: Vec<N>,
}

impl<M, R, N> Default for Step<M, R, N> {
    fn default() -> Self {
        Self {
            sends: Vec::new(),
            persists: Vec::new(),
            host: Vec::new(),
            moved: Vec::new(),
            ruled: Vec::new(),
            notes: Vec::new(),
        }
    }
}

impl<M, R, N> Step<M, R, N> {
    /// Empties the step for reuse.
    pub fn clear(&mut self) {
        self.sends.clear();
        self.persists.clear();
        self.host.clear();
        self.moved.clear();
        self.ruled.clear();
        self.notes.clear();
    }

    /// Sends `message` to `to`.
    #[inline]
    pub fn send(&mut self, to: NodeId, message: M) {
        self.sends.push(Send { to, message });
    }

    /// Tells `note`.
    #[inline]
    pub fn note(&mut self, note: N) {
        self.notes.push(note);
    }

    /// Asks a gate: `fact` must hold, or a waiver must be set. Records the ruling either way.
    ///
    /// # Errors
    /// [`Refused`]; the caller takes its refusal path.
    pub fn require(
        &mut self,
        cx: &Context<'_>,
        gate: &'static Gate,
        subject: Subject,
        fact: Fact,
    ) -> Result<(), Refused> {
        let verdict = match (fact.holds, cx.waivers.contains(gate)) {
            (true, _) => Verdict::Passed,
            (false, true) => Verdict::Waived,
            (false, false) => Verdict::Refused,
        };
        self.ruled.push(Ruling {
            gate: gate.index,
            verdict,
            subject,
            found: fact.found,
            wanted: fact.wanted,
        });
        if verdict == Verdict::Refused {
            Err(Refused(gate))
        } else {
            Ok(())
        }
    }
}

/// What a gate judges: whether it holds, and the two values that decide it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Whether it holds.
    pub holds: bool,
    /// The value found.
    pub found: u64,
    /// The value wanted.
    pub wanted: u64,
}

impl Fact {
    /// Holds if `found` equals `wanted`.
    #[must_use]
    pub const fn equal(found: u64, wanted: u64) -> Self {
        Self {
            holds: found == wanted,
            found,
            wanted,
        }
    }

    /// Holds if `found` is at least `wanted`.
    #[must_use]
    pub const fn at_least(found: u64, wanted: u64) -> Self {
        Self {
            holds: found >= wanted,
            found,
            wanted,
        }
    }

    /// Holds if `found` is at most `wanted`.
    #[must_use]
    pub const fn at_most(found: u64, wanted: u64) -> Self {
        Self {
            holds: found <= wanted,
            found,
            wanted,
        }
    }

    /// Holds if `found` is below `wanted`.
    #[must_use]
    pub const fn below(found: u64, wanted: u64) -> Self {
        Self {
            holds: found < wanted,
            found,
            wanted,
        }
    }

    /// A yes-or-no fact, shown as 1 or 0 against 1.
    #[must_use]
    pub const fn yes(holds: bool) -> Self {
        Self {
            holds,
            found: holds as u64,
            wanted: 1,
        }
    }
}

/// Logic of one node, without any IO.
pub trait Machine: Clone {
    /// What nodes say to each other.
    type Message: Message;
    /// What it makes durable.
    type Record: Copy + Hash;
    /// What it tells besides transitions and rulings.
    type Note: Copy + Hash;

    /// Takes one input. `step` is empty on entry.
    fn step(
        &mut self,
        cx: &Context<'_>,
        input: Input<Self::Message>,
        step: &mut Step<Self::Message, Self::Record, Self::Note>,
    );

    /// When it next wants [`Input::Deadline`], by its own clock.
    fn deadline(&self) -> Option<Time>;

    /// Comes back after a crash with only what was durable, oldest record first.
    fn restart(
        &mut self,
        cx: &Context<'_>,
        durable: &[Self::Record],
        step: &mut Step<Self::Message, Self::Record, Self::Note>,
    );

    /// A digest of its state, kept up cheaply.
    fn fingerprint(&self) -> u64;
}
