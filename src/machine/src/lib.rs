//! The contract that state-machine logic is written against.
//!
//! Logic is a [`Machine`]: time and one input go in, everything else comes out as a [`Step`]. What it may do is
//! declared once, with [`lifecycle!`], [`gates!`] and [`knobs!`]; galleries, diagrams, quizzes, exports and tests read
//! those declarations.
//!
//! **Invariants.** Nothing here can name wall time, IO, threads, floats, an unordered map or a hashed pointer width:
//! the crate is `no_std` and has no dependencies.
//!
//! **Not here.** Any particular platform, and any simulator.

#![no_std]

extern crate alloc;

mod catalog;
mod dice;
pub mod fingerprint;
mod gate;
mod knob;
mod lifecycle;
mod sorted;
mod step;
mod table;
mod text;
mod time;

pub use catalog::Catalog;
pub use dice::{Ask, Dice};
pub use gate::{Gate, Refused, Terms, Verdict, Waivers};
pub use knob::{Knob, KnobError, Knobs, Unit};
pub use lifecycle::{FailureModeSpec, LifecycleSpec, Role, StateSpec, TransitionSpec};
pub use sorted::{SortedMap, SortedSet};
pub use step::{
    Context, Fact, HostCall, HostEvent, Input, Machine, Message, Moved, NodeId, Persist, ProcessId,
    Ruling, Send, Step, Subject, Ticket,
};
pub use table::{CasConflict, Row, Table};
pub use text::{kebab, nearest, section, summary};
pub use time::{Duration, Time};
