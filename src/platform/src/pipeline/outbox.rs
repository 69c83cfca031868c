//! Outbox: what was committed and has to be told, in order, until the log of events has it.
//!
//! **Invariants.** A row comes from a commit and from nothing else; it leaves only after the disk has the commit, one at a
//! time and in order; it is repeated until it is acknowledged. After a crash whatever is not marked is told once more, which
//! the log recognises by entity and version.

use crate::gate;
use crate::message::Message;
use crate::note::Note;
use crate::pipeline::{Message as Say, Note as Tell};
use alloc::vec::Vec;
use machine::fingerprint::digest;
use machine::{Context, Duration, Fact, NodeId, SortedMap, Step, Subject, Time};

/// What a commit changed, as the log of events gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Event {
    /// What changed.
    pub entity: Subject,
    /// The version that the commit made.
    pub version: u32,
    /// The state that it has now, as a number of its lifecycle.
    pub state: u8,
}

/// The rows that the log does not have yet.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    rows: SortedMap<u64, Event>,
    /// When the first of them is to be sent, or sent again.
    due: Option<Time>,
    nth: u32,
}

impl Outbox {
    /// An empty outbox whose messages are numbered from here on.
    #[must_use]
    pub fn since(nth: u32) -> Self {
        Self {
            nth,
            ..Self::default()
        }
    }

    /// The log is known to have the event of this commit.
    pub fn told(&mut self, seq: u64) {
        self.rows.remove(&seq);
    }

    /// Adds what a commit changed; `seq` is the number of the commit.
    pub fn add(&mut self, seq: u64, event: Event) {
        self.rows.insert(seq, event);
    }

    /// The event of a commit, if the log does not have it yet.
    #[must_use]
    pub fn event(&self, seq: u64) -> Option<Event> {
        self.rows.get(&seq).copied()
    }

    /// All events that the log does not have yet, in order.
    pub fn events(&self) -> impl Iterator<Item = Event> {
        self.rows.values().copied()
    }

    /// The number of the first commit that the log does not have yet.
    #[must_use]
    pub fn first(&self) -> Option<u64> {
        self.rows.keys().next().copied()
    }

    /// How many rows the log does not have yet.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.rows.len()
    }

    /// When it wants to send again.
    #[must_use]
    pub const fn deadline(&self) -> Option<Time> {
        self.due
    }

    /// Sends the first row if nothing is on its way, or if what is has been for too long.
    pub fn relay<R>(
        &mut self,
        cx: &Context<'_>,
        out: &mut Step<Message, R, Note>,
        (log, durable, again): (NodeId, u64, Duration),
    ) {
        if self.due.is_some_and(|due| due > cx.now) {
            return;
        }
        let Some((&seq, &event)) = self.rows.iter().next() else {
            self.due = None;
            return;
        };
        let fact = Fact::at_least(durable, seq);
        if out
            .require(cx, &gate::COMMIT_BEFORE_PUBLISH, event.entity, fact)
            .is_err()
        {
            // When the disk has it, this is done again.
            return;
        }
        self.nth = self.nth.saturating_add(1);
        self.due = Some(cx.now.after(again));
        out.note(Note::Pipeline(Tell::Published { event }));
        let nth = self.nth;
        out.send(log, Message::Pipeline(Say::Publish { seq, event, nth }));
    }

    /// The log has a row; whether that is new.
    pub fn acknowledged(&mut self, seq: u64, event: Event) -> bool {
        if self.rows.get(&seq) != Some(&event) {
            return false;
        }
        self.rows.remove(&seq);
        self.due = None;
        true
    }

    /// The digest of all rows.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let rows: Vec<_> = self.rows.iter().collect();
        digest(&(rows, self.due, self.nth))
    }
}
