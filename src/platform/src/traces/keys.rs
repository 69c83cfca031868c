//! The store of keys: reserves an idempotency key or a provider's event for one request, and remembers what became of it.
//!
//! **Invariants.** A row changes by one record, and nothing is said before that record is durable. A key is free only if it
//! was never reserved or its holder has said that nothing left; if nobody says anything for too long, nobody knows, and it
//! stays so until the holder or the product's database proves the contrary.

use super::message::{Claim, Message as Say, Note as Tell, Outcome, Standing};
use super::said::Sayings;
use crate::agenda::Agenda;
use crate::id::RequestId;
use crate::ledger::Ledger;
use crate::message::Message;
use crate::note::Note;
use crate::{gate, knob};
use alloc::vec::Vec;
use machine::fingerprint::digest;
use machine::{Context, Fact, Input, Machine, NodeId, Persist, SortedMap, Step, Time};

type Out = Step<Message, Record, Note>;

/// Where a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// A request under it is under way.
    Reserved,
    /// The app has answered.
    Done {
        /// Whether it answered well.
        ok: bool,
    },
    /// Nobody knows.
    Unknown,
    /// Nothing has happened: it is free again.
    Free,
}

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyRow {
    /// The request that has it, or had it last.
    pub request: RequestId,
    /// The digest of that request's body.
    pub body: u32,
    /// Where it stands.
    pub phase: Phase,
    /// Since when.
    pub since: Time,
    /// How often a delivery was sent away to come again.
    pub deferred: u16,
}

/// What the store makes durable: a row after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    claim: Claim,
    row: KeyRow,
}

/// The store of keys.
#[derive(Clone, Debug)]
pub struct KeyStore {
    product: NodeId,
    rows: Ledger<Claim, KeyRow>,
    said: Sayings<Claim>,
    /// Requests that were told no, or have given their keys back: what they said before that may still come again, and
    /// counts for nothing.
    past: Ledger<RequestId, ()>,
    agenda: Agenda<Claim>,
}

impl KeyStore {
    /// An empty store, which can ask the product's database.
    #[must_use]
    pub fn new(product: NodeId) -> Self {
        Self {
            product,
            rows: Ledger::default(),
            said: Sayings::default(),
            past: Ledger::default(),
            agenda: Agenda::default(),
        }
    }

    /// The keys.
    #[must_use]
    pub const fn rows(&self) -> &SortedMap<Claim, KeyRow> {
        self.rows.map()
    }

    fn write(&mut self, out: &mut Out, claim: Claim, row: KeyRow) {
        self.rows.insert(claim, row);
        let ticket = self.said.write(claim);
        out.persists.push(Persist {
            ticket,
            record: Record { claim, row },
        });
    }

    /// Whether something is about to be said to the holder of a key, so that a repeat of its question adds nothing.
    fn is_about_to_say(&self, of: RequestId) -> bool {
        self.said.waits(|say| {
            matches!(say, Say::Reserved { request, .. } | Say::Settled { request, .. } if *request == of)
        })
    }

    fn reserve(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        (claim, request, body, nth): (Claim, RequestId, u32, u32),
    ) {
        let known = self.rows.get(claim).copied();
        let mine = known.filter(|row| row.request == request);
        let over = mine.is_some_and(|row| row.phase != Phase::Reserved);
        if over || self.past.contains(request) || self.is_about_to_say(request) {
            // What comes again after it was answered is a copy that somebody on the way has made.
            return;
        }
        let standing = self.judge(cx, out, claim, request, body);
        out.note(Note::Traces(Tell::Stood {
            request,
            claim,
            standing,
            body,
            of: known.map_or(body, |row| row.body),
        }));
        if standing != Standing::Granted {
            self.past.insert(request, ());
        }
        if standing == Standing::Granted && mine.is_none() {
            let deferred = known.map_or(0, |row| row.deferred);
            self.write(
                out,
                claim,
                KeyRow {
                    request,
                    body,
                    phase: Phase::Reserved,
                    since: cx.now,
                    deferred,
                },
            );
            self.agenda
                .set(claim, cx.now.after(cx.knobs.time(&knob::KEY_LEASE)));
        }
        if standing == Standing::Unknown {
            self.look(out, claim, nth);
        }
        self.said.say(
            out,
            from,
            claim,
            Say::Reserved {
                claim,
                request,
                standing,
                nth,
            },
        );
    }

    /// How a key stands for a request with this body.
    fn judge(
        &self,
        cx: &Context<'_>,
        out: &mut Out,
        claim: Claim,
        request: RequestId,
        body: u32,
    ) -> Standing {
        let Some(row) = self.rows.get(claim).copied() else {
            return Standing::Granted;
        };
        let same = Fact::equal(body.into(), row.body.into());
        if row.phase != Phase::Free
            && out
                .require(cx, &gate::KEY_FINGERPRINT, request.into(), same)
                .is_err()
        {
            return Standing::Reused;
        }
        let holder = row.request == request && row.phase == Phase::Reserved;
        let free = Fact::yes(holder || row.phase == Phase::Free);
        // The answer that is stored is no second use of the key.
        if let Phase::Done { ok } = row.phase {
            return match out.require(cx, &gate::KEY_FREE, request.into(), free) {
                Err(_) => Standing::Done { ok },
                Ok(()) => Standing::Granted,
            };
        }
        match out.require(cx, &gate::KEY_FREE, request.into(), free) {
            Ok(()) => Standing::Granted,
            Err(_) if row.phase == Phase::Unknown => Standing::Unknown,
            Err(_) => Standing::InFlight,
        }
    }

    fn settle(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        (claim, request, outcome, nth): (Claim, RequestId, Outcome, u32),
    ) {
        let before = self.said.written();
        if matches!(outcome, Outcome::Released | Outcome::Deferred) {
            self.past.insert(request, ());
        }
        // Only the holder can say what became of it, and an answer is never taken back.
        let row = self
            .rows
            .get(claim)
            .copied()
            .filter(|row| row.request == request);
        let row = row.filter(|row| matches!(row.phase, Phase::Reserved | Phase::Unknown));
        if let Some(row) = row {
            let phase = match outcome {
                Outcome::Done { ok } => Phase::Done { ok },
                Outcome::Released | Outcome::Deferred => Phase::Free,
                Outcome::Unknown => Phase::Unknown,
            };
            let deferred = row
                .deferred
                .saturating_add(u16::from(outcome == Outcome::Deferred));
            if phase != row.phase {
                let row = KeyRow {
                    phase,
                    deferred,
                    since: cx.now,
                    ..row
                };
                self.write(out, claim, row);
                self.agenda.clear(claim);
            }
        }
        let settled = Say::Settled { request, nth };
        if self.said.written() > before {
            self.said.say(out, from, claim, settled);
        } else if !self.is_about_to_say(request) {
            out.send(from, Message::Traces(settled));
        }
    }

    /// Asks the product's database about something that nobody knows.
    fn look(&self, out: &mut Out, claim: Claim, nth: u32) {
        out.send(self.product, Message::Traces(Say::Look { claim, nth }));
    }

    /// The product's database has it: that is a proof. That it has not is none, since it may still be on its way.
    fn seen(&mut self, cx: &Context<'_>, out: &mut Out, claim: Claim) {
        let row = self.rows.get(claim).copied();
        if let Some(row) = row.filter(|row| row.phase == Phase::Unknown) {
            let phase = Phase::Done { ok: true };
            let since = cx.now;
            self.write(
                out,
                claim,
                KeyRow {
                    phase,
                    since,
                    ..row
                },
            );
            out.note(Note::Traces(Tell::Proven { claim }));
        }
    }

    fn lapse(&mut self, cx: &Context<'_>, out: &mut Out, claim: Claim) {
        let row = self.rows.get(claim).copied();
        if let Some(row) = row.filter(|row| row.phase == Phase::Reserved) {
            let (phase, since) = (Phase::Unknown, cx.now);
            self.write(
                out,
                claim,
                KeyRow {
                    phase,
                    since,
                    ..row
                },
            );
            out.note(Note::Traces(Tell::Lapsed { claim }));
            self.look(out, claim, 0);
        }
    }
}

impl Machine for KeyStore {
    type Message = Message;
    type Record = Record;
    type Note = Note;

    fn step(&mut self, cx: &Context<'_>, input: Input<Message>, out: &mut Out) {
        match input {
            Input::Message {
                from,
                message: Message::Traces(say),
            } => match say {
                Say::Reserve {
                    claim,
                    request,
                    body,
                    nth,
                } => self.reserve(cx, out, from, (claim, request, body, nth)),
                Say::Settle {
                    claim,
                    request,
                    outcome,
                    nth,
                } => self.settle(cx, out, from, (claim, request, outcome, nth)),
                Say::Seen {
                    claim,
                    happened: true,
                    ..
                } => self.seen(cx, out, claim),
                _ => {}
            },
            Input::Deadline => {
                for claim in self.agenda.take_due(cx.now) {
                    self.lapse(cx, out, claim);
                }
            }
            Input::Persisted(ticket) => self.said.persisted(out, ticket),
            Input::Message { .. } | Input::Host(_) => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.agenda.next()
    }

    fn restart(&mut self, cx: &Context<'_>, durable: &[Record], _: &mut Out) {
        *self = Self::new(self.product);
        for record in durable {
            self.rows.insert(record.claim, record.row);
        }
        let reserved: Vec<Claim> = self
            .rows
            .map()
            .iter()
            .filter(|(_, row)| row.phase == Phase::Reserved)
            .map(|(claim, _)| *claim)
            .collect();
        for claim in reserved {
            self.agenda
                .set(claim, cx.now.after(cx.knobs.time(&knob::KEY_LEASE)));
        }
    }

    fn fingerprint(&self) -> u64 {
        digest(&(
            self.rows.fingerprint(),
            &self.said,
            self.past.fingerprint(),
            self.agenda.fingerprint(),
        ))
    }
}
