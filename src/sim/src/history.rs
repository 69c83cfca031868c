//! History: every entry of a run, flat, so that recording one allocates nothing most of the time.
//!
//! **Invariants.** Rows have a fixed size; what varies lies in shared lists, in order, and a row knows where its parts
//! begin. An entry read back equals the entry that was recorded.

use crate::Fleet;
use crate::entry::{Entry, External, Sent, What};
use crate::state::NONE;
use alloc::vec::Vec;
use core::ops::Range;
use machine::fingerprint::digest;
use machine::{HostCall, HostEvent, Moved, NodeId, Persist, Ruling, Ticket, Time};

/// One entry, without its parts of varying size.
#[derive(Clone, Copy, Debug)]
struct Row {
    at: Time,
    fingerprint: u64,
    cause: u32,
    /// Index into the list that goes with the tag.
    payload: u32,
    /// Index into `effects`; `NONE` if it had none.
    effects: u32,
    actor: NodeId,
    tag: Tag,
    state_changed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Tag {
    Started,
    Restarted,
    Crashed,
    Delivered,
    Duplicate,
    DuplicateAfterRestart,
    Lost,
    Deadline,
    Persisted,
    Host,
    Began,
    Ended,
    Action,
    Healed,
    FuelSpent,
}

/// Where the effects of one entry end in each list; they begin where those of the one before end.
#[derive(Clone, Copy, Debug, Default)]
struct Ends {
    moved: u32,
    ruled: u32,
    sent: u32,
    notes: u32,
    persisted: u32,
    called: u32,
}

/// Every entry of a run.
pub struct History<F: Fleet> {
    rows: Vec<Row>,
    received: Vec<(NodeId, F::Message)>,
    tickets: Vec<Ticket>,
    host: Vec<HostEvent>,
    actions: Vec<External<F::Message>>,
    effects: Vec<Ends>,
    moved: Vec<Moved>,
    ruled: Vec<Ruling>,
    sent: Vec<Sent<F::Message>>,
    notes: Vec<F::Note>,
    persisted: Vec<Persist<F::Record>>,
    called: Vec<HostCall>,
}

impl<F: Fleet> Default for History<F> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            received: Vec::new(),
            tickets: Vec::new(),
            host: Vec::new(),
            actions: Vec::new(),
            effects: Vec::new(),
            moved: Vec::new(),
            ruled: Vec::new(),
            sent: Vec::new(),
            notes: Vec::new(),
            persisted: Vec::new(),
            called: Vec::new(),
        }
    }
}

impl<F: Fleet> History<F> {
    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Whether nothing has happened yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The entry with this index.
    #[must_use]
    pub fn entry(&self, step: u64) -> Option<Entry<'_, F>> {
        let at = usize::try_from(step).ok()?;
        let row = self.rows.get(at)?;
        let (start, end) = self.effects_of(row);
        Some(Entry {
            step,
            at: row.at,
            cause: (row.cause != NONE).then_some(u64::from(row.cause)),
            actor: row.actor,
            what: self.what(row),
            state_changed: row.state_changed,
            moved: &self.moved[range(start.moved, end.moved)],
            ruled: &self.ruled[range(start.ruled, end.ruled)],
            sent: &self.sent[range(start.sent, end.sent)],
            notes: &self.notes[range(start.notes, end.notes)],
            persisted: &self.persisted[range(start.persisted, end.persisted)],
            called: &self.called[range(start.called, end.called)],
            fingerprint: row.fingerprint,
        })
    }

    /// All entries, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Entry<'_, F>> {
        (0..self.rows.len()).filter_map(|at| self.entry(at as u64))
    }

    /// How many entries are not later than `at`.
    #[must_use]
    pub fn until(&self, at: Time) -> u64 {
        self.rows.partition_point(|row| row.at <= at) as u64
    }

    /// The entry with this index, what caused it, what caused that, and so on back to a first cause.
    pub fn why(&self, step: u64) -> impl Iterator<Item = Entry<'_, F>> {
        core::iter::successors(self.entry(step), |entry| self.entry(entry.cause?))
    }

    /// About how many bytes it takes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let bytes = size_of_val(&self.rows[..])
            + size_of_val(&self.received[..])
            + size_of_val(&self.tickets[..])
            + size_of_val(&self.host[..])
            + size_of_val(&self.actions[..])
            + size_of_val(&self.effects[..])
            + size_of_val(&self.moved[..])
            + size_of_val(&self.ruled[..])
            + size_of_val(&self.sent[..])
            + size_of_val(&self.notes[..])
            + size_of_val(&self.persisted[..])
            + size_of_val(&self.called[..]);
        bytes as u64
    }

    /// Makes room for so many more entries, each with a message received and one sent.
    pub(crate) fn reserve(&mut self, entries: usize) {
        self.rows.reserve(entries);
        self.received.reserve(entries);
        self.effects.reserve(entries);
        self.sent.reserve(entries);
    }

    #[inline]
    pub(crate) fn push(&mut self, entry: &Entry<'_, F>) {
        let (tag, payload) = self.put(&entry.what);
        let quiet = entry.sent.is_empty()
            & entry.moved.is_empty()
            & entry.ruled.is_empty()
            & entry.notes.is_empty()
            & entry.persisted.is_empty()
            & entry.called.is_empty();
        let effects = if quiet { NONE } else { self.put_effects(entry) };
        self.rows.push(Row {
            at: entry.at,
            fingerprint: entry.fingerprint,
            cause: entry.cause.map_or(NONE, |cause| cause as u32),
            payload,
            effects,
            actor: entry.actor,
            tag,
            state_changed: entry.state_changed,
        });
    }

    #[inline]
    fn put(&mut self, what: &What<F::Message>) -> (Tag, u32) {
        match *what {
            What::Started => (Tag::Started, 0),
            What::Restarted => (Tag::Restarted, 0),
            What::Crashed => (Tag::Crashed, 0),
            What::Deadline => (Tag::Deadline, 0),
            What::Healed => (Tag::Healed, 0),
            What::FuelSpent => (Tag::FuelSpent, 0),
            What::ConditionBegan(index) => (Tag::Began, u32::from(index)),
            What::ConditionEnded(index) => (Tag::Ended, u32::from(index)),
            What::MessageLost { from, message } => (Tag::Lost, put(&mut self.received, (from, message))),
            What::MessageDelivered { from, message, duplicate, restarted_between } => {
                let tag = match (duplicate, restarted_between) {
                    (false, _) => Tag::Delivered,
                    (true, false) => Tag::Duplicate,
                    (true, true) => Tag::DuplicateAfterRestart,
                };
                (tag, put(&mut self.received, (from, message)))
            }
            What::Persisted(ticket) => (Tag::Persisted, put(&mut self.tickets, ticket)),
            What::Host(event) => (Tag::Host, put(&mut self.host, event)),
            What::Action(action) => (Tag::Action, put(&mut self.actions, action)),
        }
    }

    #[inline]
    fn put_effects(&mut self, entry: &Entry<'_, F>) -> u32 {
        self.sent.extend_from_slice(entry.sent);
        self.moved.extend_from_slice(entry.moved);
        self.ruled.extend_from_slice(entry.ruled);
        self.notes.extend_from_slice(entry.notes);
        self.persisted.extend_from_slice(entry.persisted);
        self.called.extend_from_slice(entry.called);
        let ends = Ends {
            moved: self.moved.len() as u32,
            ruled: self.ruled.len() as u32,
            sent: self.sent.len() as u32,
            notes: self.notes.len() as u32,
            persisted: self.persisted.len() as u32,
            called: self.called.len() as u32,
        };
        put(&mut self.effects, ends)
    }

    fn what(&self, row: &Row) -> What<F::Message> {
        let at = row.payload as usize;
        let delivered = |duplicate, restarted_between| {
            let (from, message) = self.received[at];
            What::MessageDelivered { from, message, duplicate, restarted_between }
        };
        match row.tag {
            Tag::Started => What::Started,
            Tag::Restarted => What::Restarted,
            Tag::Crashed => What::Crashed,
            Tag::Delivered => delivered(false, false),
            Tag::Duplicate => delivered(true, false),
            Tag::DuplicateAfterRestart => delivered(true, true),
            Tag::Lost => {
                let (from, message) = self.received[at];
                What::MessageLost { from, message }
            }
            Tag::Deadline => What::Deadline,
            Tag::Persisted => What::Persisted(self.tickets[at]),
            Tag::Host => What::Host(self.host[at]),
            Tag::Began => What::ConditionBegan(row.payload as u16),
            Tag::Ended => What::ConditionEnded(row.payload as u16),
            Tag::Action => What::Action(self.actions[at]),
            Tag::Healed => What::Healed,
            Tag::FuelSpent => What::FuelSpent,
        }
    }

    fn effects_of(&self, row: &Row) -> (Ends, Ends) {
        if row.effects == NONE {
            return (Ends::default(), Ends::default());
        }
        let at = row.effects as usize;
        let start = at.checked_sub(1).map_or(Ends::default(), |before| self.effects[before]);
        (start, self.effects[at])
    }

    /// A history of the first `steps` entries.
    pub(crate) fn up_to(&self, steps: u64) -> Self {
        let mut part = Self::default();
        part.rows.reserve(steps as usize);
        for entry in self.iter().take(steps as usize) {
            part.push(&entry);
        }
        part
    }

    pub(crate) fn fingerprint(&self, step: u64) -> Option<u64> {
        self.rows.get(step as usize).map(|row| row.fingerprint)
    }
}

impl<F: Fleet> Clone for History<F> {
    fn clone(&self) -> Self {
        Self {
            rows: self.rows.clone(),
            received: self.received.clone(),
            tickets: self.tickets.clone(),
            host: self.host.clone(),
            actions: self.actions.clone(),
            effects: self.effects.clone(),
            moved: self.moved.clone(),
            ruled: self.ruled.clone(),
            sent: self.sent.clone(),
            notes: self.notes.clone(),
            persisted: self.persisted.clone(),
            called: self.called.clone(),
        }
    }
}

/// The index of the first entry whose content differs: when, where, what, transitions taken or gate rulings. If one
/// history is the beginning of the other, the index of the first entry that only one of them has.
#[must_use]
pub fn first_difference<F: Fleet>(a: &History<F>, b: &History<F>) -> Option<u64> {
    let differs = |(x, y): (Entry<'_, F>, Entry<'_, F>)| {
        x.at != y.at || x.actor != y.actor || digest(&x.what) != digest(&y.what) || x.moved != y.moved || x.ruled != y.ruled
    };
    let at = a.iter().zip(b.iter()).position(differs).map(|at| at as u64);
    at.or_else(|| (a.len() != b.len()).then(|| a.len().min(b.len())))
}

fn put<T>(list: &mut Vec<T>, item: T) -> u32 {
    list.push(item);
    (list.len() - 1) as u32
}

const fn range(start: u32, end: u32) -> Range<usize> {
    start as usize..end as usize
}
