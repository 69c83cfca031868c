//! Outbox: what was committed and has to be told, in order, until the log of events has it.
//!
//! **Invariants.** A row comes from a commit and from nothing else; it leaves only after the disk has the commit, one at a
//! time and in order; it is repeated until it is acknowledged. Each is told with the sequence that the log is expected to
//! end with; where it ends with another one, the name of that event says whether an earlier try got through, which is then
//! marked, or whether somebody else has written, behind which nothing is told before somebody has looked.

use crate::gate;
use crate::message::Message;
use crate::note::Note;
use crate::pipeline::{Message as Say, Note as Tell};
use crate::stops::Stops;
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

impl Event {
    /// What it is called in the log, however often it is told.
    #[must_use]
    pub fn name(&self) -> u64 {
        digest(&(self.entity, self.version))
    }
}

/// The log has an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Told {
    /// The number of the commit.
    pub seq: u64,
    /// What it changed.
    pub event: Event,
    /// The log's sequence of it, or of the last one about its entity.
    pub at: u64,
}

/// The rows that the log does not have yet.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    rows: SortedMap<u64, Event>,
    /// The last event about each entity that the log is known to have, and its sequence.
    last: SortedMap<Subject, (u64, u64)>,
    /// What nothing is told about, since the log's last event about it is somebody else's.
    stops: Stops<Subject>,
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
    pub fn told(&mut self, told: Told) {
        let Told { seq, event, at } = told;
        self.rows.remove(&seq);
        self.last.insert(event.entity, (at, event.name()));
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
        let stops = &self.stops;
        let mut rows = self.rows.iter();
        let Some((&seq, &event)) = rows.find(|(_, event)| !stops.contains(event.entity)) else {
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
        let expected = self.last.get(&event.entity).map_or(0, |(at, _)| *at);
        let publish = Say::Publish {
            seq,
            event,
            expected,
            nth: self.nth,
        };
        out.send(log, Message::Pipeline(publish));
    }

    /// What the log answers: which rows it has by what it says, and which it was not known to have.
    pub fn answered<R>(
        &mut self,
        cx: &Context<'_>,
        out: &mut Step<Message, R, Note>,
        answer: &Say,
    ) -> Vec<Told> {
        match *answer {
            Say::Published { seq, event, at, .. } if self.rows.get(&seq) == Some(&event) => {
                let told = Told { seq, event, at };
                self.told(told);
                self.due = None;
                alloc::vec![told]
            }
            Say::OtherSequence {
                seq,
                event,
                last,
                name,
                nth,
            } if nth == self.nth && self.rows.get(&seq) == Some(&event) => {
                self.refused(cx, out, (seq, event), (last, name))
            }
            _ => Vec::new(),
        }
    }

    /// The log's last event about the entity of a row is another one than was expected.
    fn refused<R>(
        &mut self,
        cx: &Context<'_>,
        out: &mut Step<Message, R, Note>,
        (seq, event): (u64, Event),
        (last, name): (u64, u64),
    ) -> Vec<Told> {
        let entity = event.entity;
        self.due = None;
        let mine = self.rows.iter().filter(|(_, row)| row.entity == entity);
        let mine: Vec<(u64, Event)> = mine.map(|(seq, row)| (*seq, *row)).collect();
        let through = mine.iter().find(|(_, row)| row.name() == name);
        let before = self.last.get(&entity).is_some_and(|(_, own)| *own == name);
        let own = Fact::yes(before || through.is_some());
        if !self.stops.judge(cx, out, entity, (last, own)) {
            out.note(Note::Pipeline(Tell::EventsStopped { entity, seq: last }));
            return Vec::new();
        }
        if before {
            self.last.insert(entity, (last, name));
            return Vec::new();
        }
        // It was told before and the answer was lost, and so was everything up to the one that the log has last.
        let through = through.map_or(seq, |(seq, _)| *seq);
        let had = mine.into_iter().filter(|(seq, _)| *seq <= through);
        let told: Vec<Told> = had
            .map(|(seq, event)| Told {
                seq,
                event,
                at: last,
            })
            .collect();
        told.iter().for_each(|told| self.told(*told));
        told
    }

    /// Somebody has looked at what is not one's own; whether anything was stopped.
    pub fn resume<R>(&mut self, out: &mut Step<Message, R, Note>) -> bool {
        let stopped: Vec<(Subject, u64)> = self.stops.all().collect();
        for (entity, seq) in &stopped {
            self.stops.resume(*entity);
            let own = self.last.get(entity).map_or(0, |(_, own)| *own);
            self.last.insert(*entity, (*seq, own));
            out.note(Note::Pipeline(Tell::EventsResumed {
                entity: *entity,
                seq: *seq,
            }));
        }
        self.due = None;
        !stopped.is_empty()
    }

    /// What nothing is told about, with the sequence of the event that is not one's own.
    pub fn stopped(&self) -> impl Iterator<Item = (Subject, u64)> {
        self.stops.all()
    }

    /// The digest of all rows.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let rows: Vec<_> = self.rows.iter().collect();
        let last: Vec<_> = self.last.iter().collect();
        digest(&(rows, last, self.stops.fingerprint(), self.due, self.nth))
    }
}
