//! Entries: what one step of the kernel was, what caused it and what came of it.

use crate::Fleet;
use core::fmt;
use core::hash::{Hash, Hasher as _};
use machine::fingerprint::Fold;
use machine::{
    Duration, HostCall, HostEvent, Moved, NodeId, Persist, Ruling, Ticket, Time, Waivers,
};

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

/// What an entry is about, without what goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Tag {
    Deadline,
    Delivered,
    Duplicate,
    DuplicateAfterRestart,
    Lost,
    Started,
    Restarted,
    Crashed,
    Persisted,
    Host,
    Began,
    Ended,
    Action,
    Healed,
    FuelSpent,
}

impl Tag {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 15] = [
        Self::Deadline,
        Self::Delivered,
        Self::Duplicate,
        Self::DuplicateAfterRestart,
        Self::Lost,
        Self::Started,
        Self::Restarted,
        Self::Crashed,
        Self::Persisted,
        Self::Host,
        Self::Began,
        Self::Ended,
        Self::Action,
        Self::Healed,
        Self::FuelSpent,
    ];

    /// Whether the tag of this number and, for a message, the number of its send say everything: the content of a message
    /// was folded when it was sent.
    #[inline(always)]
    pub const fn says_all(number: u8) -> bool {
        number < Self::Persisted as u8
    }
}

impl<M> What<M> {
    #[inline(always)]
    pub(crate) const fn tag(&self) -> Tag {
        match self {
            Self::Deadline => Tag::Deadline,
            Self::MessageDelivered {
                duplicate: false, ..
            } => Tag::Delivered,
            Self::MessageDelivered {
                restarted_between: false,
                ..
            } => Tag::Duplicate,
            Self::MessageDelivered { .. } => Tag::DuplicateAfterRestart,
            Self::MessageLost { .. } => Tag::Lost,
            Self::Started => Tag::Started,
            Self::Restarted => Tag::Restarted,
            Self::Crashed => Tag::Crashed,
            Self::Persisted(_) => Tag::Persisted,
            Self::Host(_) => Tag::Host,
            Self::ConditionBegan(_) => Tag::Began,
            Self::ConditionEnded(_) => Tag::Ended,
            Self::Action(_) => Tag::Action,
            Self::Healed => Tag::Healed,
            Self::FuelSpent => Tag::FuelSpent,
        }
    }
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
        /// When it arrives again; not before `at`, and at most 71 minutes after it.
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

/// A message that a step sent. Runs record many of them, so its fate is kept packed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sent<M> {
    /// What it says.
    pub message: M,
    /// Its receiver.
    pub to: NodeId,
    kind: FateKind,
    /// How much later the copy arrives, in microseconds, or the index of the condition.
    extra: u32,
    at: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum FateKind {
    Arrives,
    Duplicated,
    Lost,
    Cut,
    Left,
}

impl<M> Sent<M> {
    #[inline(always)]
    pub(crate) fn new(message: M, to: NodeId, fate: Fate) -> Self {
        let (kind, at, extra) = match fate {
            Fate::Arrives { at } => (FateKind::Arrives, at, 0),
            Fate::Duplicated { at, copy } => (FateKind::Duplicated, at, copy.since(at).0 as u32),
            Fate::Lost { condition } => (FateKind::Lost, Time::ZERO, u32::from(condition)),
            Fate::Cut { condition } => (FateKind::Cut, Time::ZERO, u32::from(condition)),
            Fate::Left => (FateKind::Left, Time::ZERO, 0),
        };
        Self {
            message,
            to,
            kind,
            extra,
            at,
        }
    }

    /// What becomes of it.
    #[inline]
    #[must_use]
    pub const fn fate(&self) -> Fate {
        match self.kind {
            FateKind::Arrives => Fate::Arrives { at: self.at },
            FateKind::Duplicated => Fate::Duplicated {
                at: self.at,
                copy: self.at.after(Duration(self.extra as u64)),
            },
            FateKind::Lost => Fate::Lost {
                condition: self.extra as u16,
            },
            FateKind::Cut => Fate::Cut {
                condition: self.extra as u16,
            },
            FateKind::Left => Fate::Left,
        }
    }
}

impl<M: Hash> Sent<M> {
    #[inline(always)]
    pub(crate) fn fold(&self, hash: &mut Fold) {
        hash.write_u64(
            u64::from(self.extra) << 32 | u64::from(self.to.0) << 16 | (self.kind as u64) << 1 | 1,
        );
        hash.write_u64(self.at.0);
        self.message.hash(hash);
    }
}

impl<M: fmt::Debug> fmt::Debug for Sent<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Sent");
        text.field("message", &self.message)
            .field("to", &self.to)
            .field("fate", &self.fate())
            .finish()
    }
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
