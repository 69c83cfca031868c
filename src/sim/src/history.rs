//! History: every entry of a run, flat, so that recording one allocates nothing most of the time.
//!
//! **Invariants.** Rows have a fixed size; what varies lies in shared lists, in order, and a row knows where its parts
//! begin. An entry read back equals the entry that was recorded.

use crate::entry::{Entry, External, Sent, Tag, What};
use crate::log::Log;
use crate::state::NONE;
use crate::{Fleet, StepOf};
use alloc::vec::Vec;
use core::ops::Range;
use machine::fingerprint::digest;
use machine::{HostCall, HostEvent, Moved, NodeId, Persist, Ruling, Ticket, Time};

/// The part of an entry that is known before its step is made, and whether the step changed the node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stub {
    pub cause: u32,
    label: Label,
}

/// Most of what an entry is about, in one word because it is made, folded and kept in one: from below its actor, the number
/// of its tag, whether the state changed, how many sends there are (0 until it is kept), and in the upper half the payload.
#[derive(Clone, Copy, Debug)]
struct Label(u64);

/// The bit of a label that says that the state changed.
const CHANGED: u64 = 1 << 23;

impl Label {
    #[inline(always)]
    const fn actor(self) -> NodeId {
        NodeId(self.0 as u16)
    }

    #[inline(always)]
    const fn tag(self) -> u8 {
        (self.0 >> 16) as u8 & 0x7F
    }

    #[inline(always)]
    const fn changed(self) -> bool {
        self.0 & CHANGED != 0
    }

    #[inline(always)]
    const fn sends(self) -> u8 {
        (self.0 >> 24) as u8
    }

    /// For a message the number of its send among all sends of the run; otherwise what it means depends on the tag.
    #[inline(always)]
    const fn payload(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// For a label that has none yet.
    #[inline(always)]
    const fn with_sends(self, sends: u8) -> Self {
        Self(self.0 | (sends as u64) << 24)
    }

    #[inline(always)]
    const fn with_payload(self, payload: u32) -> Self {
        Self(self.0 as u32 as u64 | (payload as u64) << 32)
    }
}

impl Stub {
    /// A `send` is the number of a message among all sends of the run, 0 for everything else.
    #[inline(always)]
    pub const fn new(cause: u32, actor: NodeId, tag: Tag, send: u32) -> Self {
        let label = Label((send as u64) << 32 | (tag as u64) << 16 | actor.0 as u64);
        Self { cause, label }
    }

    #[inline(always)]
    pub const fn set_changed(&mut self, changed: bool) {
        self.label.0 |= (changed as u64) << 23;
    }

    #[inline(always)]
    pub const fn actor(&self) -> NodeId {
        self.label.actor()
    }

    #[inline(always)]
    pub const fn changed(&self) -> bool {
        self.label.changed()
    }

    /// All of it but the cause, for the fingerprint.
    #[inline(always)]
    pub const fn word(&self) -> u64 {
        self.label.0
    }

    /// The number of the tag.
    #[inline(always)]
    pub const fn tag(&self) -> u8 {
        self.label.tag()
    }
}

/// Where the effects of an entry lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effects {
    /// Index of the first send, or into the spans, as `sends` says.
    pub first: u32,
    /// How many sends there are, if there is nothing else; or `MORE`.
    pub sends: u8,
}

/// There are effects of several kinds, or many sends.
pub(crate) const MORE: u8 = u8::MAX;

/// One entry, as it is kept: half a cache line.
#[derive(Clone, Copy, Debug)]
struct Row {
    at: Time,
    fingerprint: u64,
    label: Label,
    cause: u32,
    effects: u32,
}

const _: () = assert!(size_of::<Row>() == 32);

/// Where the effects of one entry lie in each list.
#[derive(Clone, Copy, Debug, Default)]
struct Spans {
    sent: (u32, u32),
    moved: (u32, u32),
    ruled: (u32, u32),
    notes: (u32, u32),
    persisted: (u32, u32),
    called: (u32, u32),
}

/// Every entry of a run.
pub struct History<F: Fleet> {
    rows: Log<Row>,
    tickets: Vec<Ticket>,
    host: Vec<HostEvent>,
    actions: Vec<External<F::Message>>,
    spans: Vec<Spans>,
    moved: Vec<Moved>,
    ruled: Vec<Ruling>,
    /// The kernel puts into it what it sends.
    pub(crate) sent: Log<Sent<F::Message>>,
    notes: Vec<F::Note>,
    persisted: Vec<Persist<F::Record>>,
    called: Vec<HostCall>,
}

impl<F: Fleet> Default for History<F> {
    fn default() -> Self {
        Self {
            rows: Log::default(),
            tickets: Vec::new(),
            host: Vec::new(),
            actions: Vec::new(),
            spans: Vec::new(),
            moved: Vec::new(),
            ruled: Vec::new(),
            sent: Log::default(),
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
        self.len() == 0
    }

    /// The entry with this index.
    #[must_use]
    pub fn entry(&self, step: u64) -> Option<Entry<'_, F>> {
        let at = usize::try_from(step).ok()?;
        let row = self.rows.get(at)?;
        let spans = self.spans_of(row);
        Some(Entry {
            step,
            at: row.at,
            cause: (row.cause != NONE).then_some(u64::from(row.cause)),
            actor: row.label.actor(),
            what: self.what(row),
            state_changed: row.label.changed(),
            moved: &self.moved[range(spans.moved)],
            ruled: &self.ruled[range(spans.ruled)],
            sent: self.sent.group(spans.sent),
            notes: &self.notes[range(spans.notes)],
            persisted: &self.persisted[range(spans.persisted)],
            called: &self.called[range(spans.called)],
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
        self.rows.partition_point(|kept| kept.at <= at) as u64
    }

    /// The entry with this index, what caused it, what caused that, and so on back to a first cause.
    pub fn why(&self, step: u64) -> impl Iterator<Item = Entry<'_, F>> {
        core::iter::successors(self.entry(step), |entry| self.entry(entry.cause?))
    }

    /// About how many bytes it takes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let bytes = self.rows.bytes()
            + size_of_val(&self.tickets[..])
            + size_of_val(&self.host[..])
            + size_of_val(&self.actions[..])
            + size_of_val(&self.spans[..])
            + size_of_val(&self.moved[..])
            + size_of_val(&self.ruled[..])
            + self.sent.bytes()
            + size_of_val(&self.notes[..])
            + size_of_val(&self.persisted[..])
            + size_of_val(&self.called[..]);
        bytes as u64
    }

    /// Makes room for so many more entries, each with a message sent.
    pub(crate) fn reserve(&mut self, entries: usize) {
        self.rows.reserve(entries);
        self.sent.reserve(entries);
    }

    /// Forgets everything and keeps the room.
    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.tickets.clear();
        self.host.clear();
        self.actions.clear();
        self.spans.clear();
        self.moved.clear();
        self.ruled.clear();
        self.sent.clear();
        self.notes.clear();
        self.persisted.clear();
        self.called.clear();
    }

    /// Records an entry; its effects have been put before.
    #[inline(always)]
    pub(crate) fn push(
        &mut self,
        at: Time,
        fingerprint: u64,
        stub: Stub,
        effects: Effects,
        what: &What<F::Message>,
    ) {
        let Stub { cause, label } = stub;
        let label = if Tag::says_all(label.tag()) {
            label
        } else {
            label.with_payload(self.put_what(what))
        };
        self.rows.push(Row {
            at,
            fingerprint,
            label: label.with_sends(effects.sends),
            cause,
            effects: effects.first,
        });
    }

    /// Keeps what goes with the tag of an entry that is not about a message.
    #[inline(never)]
    fn put_what(&mut self, what: &What<F::Message>) -> u32 {
        match *what {
            What::ConditionBegan(index) | What::ConditionEnded(index) => u32::from(index),
            What::Persisted(ticket) => put(&mut self.tickets, ticket),
            What::Host(event) => put(&mut self.host, event),
            What::Action(action) => put(&mut self.actions, action),
            _ => 0,
        }
    }

    /// Keeps the effects of a step that has more than a few sends; returns their index.
    pub(crate) fn put_effects(&mut self, sent: (u32, u32), step: &StepOf<F>) -> u32 {
        self.put_spans(
            sent,
            &step.moved,
            &step.ruled,
            &step.notes,
            &step.persists,
            &step.host,
        )
    }

    fn put_spans(
        &mut self,
        sent: (u32, u32),
        moved: &[Moved],
        ruled: &[Ruling],
        notes: &[F::Note],
        persisted: &[Persist<F::Record>],
        called: &[HostCall],
    ) -> u32 {
        let spans = Spans {
            sent,
            moved: append(&mut self.moved, moved),
            ruled: append(&mut self.ruled, ruled),
            notes: append(&mut self.notes, notes),
            persisted: append(&mut self.persisted, persisted),
            called: append(&mut self.called, called),
        };
        put(&mut self.spans, spans)
    }

    fn what(&self, row: &Row) -> What<F::Message> {
        let at = row.label.payload() as usize;
        // A message is kept once, where it was sent; its sender is where its cause happened.
        let message = || {
            let (Some(cause), Some(sent)) = (self.rows.get(row.cause as usize), self.sent.get(at))
            else {
                unreachable!("what arrives was sent before");
            };
            (cause.label.actor(), sent.message)
        };
        let delivered = |duplicate, restarted_between| {
            let (from, message) = message();
            What::MessageDelivered {
                from,
                message,
                duplicate,
                restarted_between,
            }
        };
        match Tag::ALL[usize::from(row.label.tag())] {
            Tag::Started => What::Started,
            Tag::Restarted => What::Restarted,
            Tag::Crashed => What::Crashed,
            Tag::Delivered => delivered(false, false),
            Tag::Duplicate => delivered(true, false),
            Tag::DuplicateAfterRestart => delivered(true, true),
            Tag::Lost => {
                let (from, message) = message();
                What::MessageLost { from, message }
            }
            Tag::Deadline => What::Deadline,
            Tag::Persisted => What::Persisted(self.tickets[at]),
            Tag::Host => What::Host(self.host[at]),
            Tag::Began => What::ConditionBegan(row.label.payload() as u16),
            Tag::Ended => What::ConditionEnded(row.label.payload() as u16),
            Tag::Action => What::Action(self.actions[at]),
            Tag::Healed => What::Healed,
            Tag::FuelSpent => What::FuelSpent,
        }
    }

    fn spans_of(&self, row: &Row) -> Spans {
        match row.label.sends() {
            0 => Spans::default(),
            MORE => self.spans[row.effects as usize],
            sends => Spans {
                sent: (row.effects, row.effects + u32::from(sends)),
                ..Spans::default()
            },
        }
    }

    /// A history of the first `steps` entries.
    pub(crate) fn up_to(&self, steps: u64) -> Self {
        let mut part = Self::default();
        part.rows.reserve(steps as usize);
        for step in 0..steps {
            let (Some(row), Some(entry)) = (self.rows.get(step as usize), self.entry(step)) else {
                break;
            };
            let Entry {
                sent,
                moved,
                ruled,
                notes,
                persisted,
                called,
                ..
            } = entry;
            let mut row = *row;
            let sent = part.sent.append(sent);
            row.effects = match row.label.sends() {
                MORE => part.put_spans(sent, moved, ruled, notes, persisted, called),
                _ => sent.0,
            };
            if !Tag::says_all(row.label.tag()) {
                row.label = row.label.with_payload(part.put_what(&entry.what));
            }
            part.rows.push(row);
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
            tickets: self.tickets.clone(),
            host: self.host.clone(),
            actions: self.actions.clone(),
            spans: self.spans.clone(),
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
        x.at != y.at
            || x.actor != y.actor
            || digest(&x.what) != digest(&y.what)
            || x.moved != y.moved
            || x.ruled != y.ruled
    };
    let at = a.iter().zip(b.iter()).position(differs).map(|at| at as u64);
    at.or_else(|| (a.len() != b.len()).then(|| a.len().min(b.len())))
}

#[inline]
fn put<T>(list: &mut Vec<T>, item: T) -> u32 {
    list.push(item);
    (list.len() - 1) as u32
}

fn append<T: Copy>(list: &mut Vec<T>, items: &[T]) -> (u32, u32) {
    let start = list.len() as u32;
    list.extend_from_slice(items);
    (start, list.len() as u32)
}

const fn range((start, end): (u32, u32)) -> Range<usize> {
    start as usize..end as usize
}
