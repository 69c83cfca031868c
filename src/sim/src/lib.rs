//! A deterministic simulator for any system of state machines.
//!
//! A run is a pure function of its [`Setup`] and of the [`External`] actions taken in it: the kernel pops the earliest
//! event, gives it to one node, and carries out what the node's step asks for through a network, disks, clocks and
//! hosts. Every such step is one [`Entry`] of the history, with its cause, and folds into a rolling fingerprint.
//!
//! **Invariants.** Events have a total order (time, class, sequence). Every choice is keyed by what is chosen, never by
//! how many choices came before. History is written by the kernel and never read by a machine. Watching, recording,
//! seeking and the size of the portions a run is stepped in change nothing.
//!
//! **Not here.** Any particular platform; wall time, threads and IO.

#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod arena;
mod choices;
mod clock;
mod conditions;
mod disk;
mod effects;
mod entry;
mod history;
mod host;
mod kernel;
mod keyframes;
mod log;
mod net;
mod outside;
mod queue;
mod run;
mod setup;
mod state;

pub use choices::{dice, stream};
pub use conditions::{Condition, Disturbance, Links, Nodes, When};
pub use entry::{Entry, External, Fate, OPERATOR, Sent, WORLD, What};
pub use history::{History, first_difference};
pub use host::{Image, ProcessView, reason};
pub use net::Network;
pub use run::{ActError, Run, SeekError};
pub use setup::{Recording, Setup, Span};
pub use state::State;

use core::hash::Hash;
use machine::{Context, Input, Message, NodeId, Step, Time};

/// All nodes of one simulated system, dispatched statically. Nodes are numbered from 0.
pub trait Fleet: Clone {
    /// What nodes say to each other.
    type Message: Message;
    /// What they make durable.
    type Record: Copy + Hash;
    /// What they tell besides transitions and rulings.
    type Note: Copy + Hash;

    /// How many nodes there are; constant through a run, at most 65,000.
    fn nodes(&self) -> u16;

    /// Gives one input to `node`. `step` is empty on entry.
    fn step(
        &mut self,
        node: NodeId,
        cx: &Context<'_>,
        input: Input<Self::Message>,
        step: &mut StepOf<Self>,
    );

    /// When `node` next wants [`Input::Deadline`], by its own clock.
    fn deadline(&self, node: NodeId) -> Option<Time>;

    /// Starts `node`, or brings it back after a crash, with only what was durable, oldest record first.
    fn restart(
        &mut self,
        node: NodeId,
        cx: &Context<'_>,
        durable: &[Self::Record],
        step: &mut StepOf<Self>,
    );

    /// A digest of the state of `node`, kept up cheaply: it is read twice per entry.
    fn fingerprint(&self, node: NodeId) -> u64;

    /// Shortens the durable log of `node` without changing what [`Fleet::restart`] makes of it. Called when the log has
    /// doubled since the last time.
    fn compact(&self, _node: NodeId, _records: &mut alloc::vec::Vec<Self::Record>) {}

    /// Brings the durable log of `node` back to a backup, which has its first `backup` records.
    fn put_back(&self, _node: NodeId, records: &mut alloc::vec::Vec<Self::Record>, backup: usize) {
        records.truncate(backup);
    }

    /// About how many bytes a clone of the fleet copies; spaces out the keyframes.
    fn weight(&self) -> u64 {
        size_of::<Self>() as u64
    }
}

/// The step of one fleet.
pub type StepOf<F> = Step<<F as Fleet>::Message, <F as Fleet>::Record, <F as Fleet>::Note>;

/// Sees every entry as it happens, with the state after it: properties live here. Cloned with the state, so that what it
/// knows is rewound with it.
pub trait Watch<F: Fleet>: Clone {
    /// Called after each entry. Must depend on nothing but its arguments and itself.
    fn after(&mut self, state: &State<F>, entry: &Entry<'_, F>);
}

impl<F: Fleet> Watch<F> for () {
    fn after(&mut self, _: &State<F>, _: &Entry<'_, F>) {}
}
