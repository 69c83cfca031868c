//! Entries: what one step of the kernel was, what caused it and what came of it.

use crate::Fleet;
use core::hash::Hash;
use machine::{Duration, HostCall, HostEvent, Moved, NodeId, Persist, Ruling, Ticket, Time, Waivers};

/// The actor of actions taken from outside, and the sender of messages delivered from outside.
pub const OPERATOR: NodeId = NodeId(u16::MAX);
/// The actor of entries that concern the world around the nodes: conditions, healing, the end of the fuel.
pub const WORLD: NodeId = NodeId(u16::MAX - 1);

/// Something done to the system from outside, at a given time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum External<M> {
    /// A message reaches `to` at once, from [`OPERATOR`].
    Deliver {
        /// Its receiver.
        to: NodeId,
        /// What it says.
        message: M,
    },
    /// `node` loses everything that is not durable and is gone for a while.
    Crash {
        /// Which node.
        node: NodeId,
        /// For how long; `Duration(u64::MAX)` for good.
        down_for: Duration,
    },
    /// A node that is down comes back now.
    Restart {
        /// Which node.
        node: NodeId,
    },
    /// A condition, by its index in the setup, ends now and never holds again.
    Lift(u16),
    /// A knob, by its index, gets another value; one that is out of its range changes nothing.
    SetKnob {
        /// Index of the knob.
        knob: u16,
        /// Its new value.
        value: u64,
    },
    /// From now on exactly these gates are overridden.
    Waive(Waivers),
    /// Nothing happens, but it is recorded: something was read or noted at this moment.
    Mark(u64),
}

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What<M> {
    /// The node started, with nothing durable.
    Started,
    /// The node came back with what was durable.
    Restarted,
    /// The node went down.
    Crashed,
    /// A message reached the node.
    MessageDelivered {
        /// Who sent it.
        from: NodeId,
        /// What it says.
        message: M,
        /// Whether another copy of the same send was delivered before.
        duplicate: bool,
        /// Whether the node was restarted between the two copies; false for the first copy.
        restarted_between: bool,
    },
    /// A message reached the node while it was down.
    MessageLost {
        /// Who sent it.
        from: NodeId,
        /// What it says.
        message: M,
    },
    /// The node's own deadline was reached.
    Deadline,
    /// A write became durable.
    Persisted(Ticket),
    /// The host had something to say.
    Host(HostEvent),
    /// The condition with this index began to hold.
    ConditionBegan(u16),
    /// The condition with this index ceased to hold.
    ConditionEnded(u16),
    /// Something was done from outside.
    Action(External<M>),
    /// All conditions ended for good.
    Healed,
    /// The run has used up its entries; nothing happens after this.
    FuelSpent,
}

/// What becomes of a message, settled when it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It arrives once.
    Arrives {
        /// When.
        at: Time,
    },
    /// It arrives twice.
    Duplicated {
        /// When it arrives first.
        at: Time,
        /// When it arrives again; not before `at`.
        copy: Time,
    },
    /// The condition with this index lost it.
    Lost {
        /// Index of the condition.
        condition: u16,
    },
    /// The condition with this index cuts the link.
    Cut {
        /// Index of the condition.
        condition: u16,
    },
    /// It leaves the system: its receiver is [`OPERATOR`] or no node.
    Left,
}

/// A message that a step sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sent<M> {
    /// What it says.
    pub message: M,
    /// Its receiver.
    pub to: NodeId,
    /// What becomes of it.
    pub fate: Fate,
}

/// One step of the kernel.
#[derive(Debug)]
pub struct Entry<'a, F: Fleet> {
    /// Its place in the history, from 0.
    pub step: u64,
    /// When it happened, by the world's clock.
    pub at: Time,
    /// The entry that made it happen: the sender's for a message, the one that set a deadline, asked for a write or called
    /// the host. `None` for first causes.
    pub cause: Option<u64>,
    /// Where it happened: a node, [`OPERATOR`] or [`WORLD`].
    pub actor: NodeId,
    /// What happened.
    pub what: What<F::Message>,
    /// Whether the node's own fingerprint changed.
    pub state_changed: bool,
    /// Transitions taken, in order.
    pub moved: &'a [Moved],
    /// Gate rulings, in order.
    pub ruled: &'a [Ruling],
    /// Messages sent, in order, with their fates.
    pub sent: &'a [Sent<F::Message>],
    /// Notes, in order.
    pub notes: &'a [F::Note],
    /// Records given to the disk, in order.
    pub persisted: &'a [Persist<F::Record>],
    /// Calls to the host, in order.
    pub called: &'a [HostCall],
    /// The rolling fingerprint of the run after this entry.
    pub fingerprint: u64,
}

impl<F: Fleet> Clone for Entry<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Fleet> Copy for Entry<'_, F> {}
