//! The inbox: keeps providers' events for routes whose owners have agreed to that, and delivers them in order.
//!
//! **Invariants.** Nothing is said to be kept before it is durable. An event is kept once, however often it comes. The
//! events of a route are delivered one after the other, in the order in which they were kept, each until the app has taken
//! it; that it counts once is the store of keys' business.

use super::message::{Arrival, Brings, Claim, Message as Say, Note as Tell, Proof};
use super::said::Sayings;
use super::terms::Webhook;
use crate::agenda::Agenda;
use crate::gate;
use crate::id::RequestId;
use crate::ledger::Ledger;
use crate::message::{Class, Message, Request};
use crate::note::Note;
use alloc::vec::Vec;
use machine::fingerprint::digest;
use machine::{Context, Duration, Fact, Input, Machine, NodeId, Persist, SortedMap, Step, Time};

type Out = Step<Message, InboxRecord, Note>;

/// Where the numbers of the requests begin that the inbox makes: the stream whose letter is `i`.
const FIRST: u32 = 2010 << 20;
/// How many such numbers there are.
const NUMBERS: u32 = 1 << 20;
/// How many of the first events of a route that are not delivered are looked at.
const LOOK: usize = 2;

/// An event that was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kept {
    /// Which one.
    pub claim: Claim,
    /// The digest of its body.
    pub body: u32,
    /// Since when.
    pub since: Time,
    /// Whether the app has taken it.
    pub delivered: bool,
}

/// What the inbox makes durable: an event after a change, with its place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InboxRecord {
    place: u32,
    kept: Kept,
}

/// A delivery that is under way, or rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Round {
    waits: Option<RequestId>,
    due: Time,
}

/// The inbox.
#[derive(Clone, Debug)]
pub struct Inbox {
    edges: Vec<NodeId>,
    contracts: Vec<Option<Webhook>>,
    rows: Ledger<u32, Kept>,
    places: Ledger<Claim, u32>,
    said: Sayings<u32>,
    rounds: Ledger<u32, Round>,
    agenda: Agenda<u32>,
    /// Counts the requests that it makes. Begins, after a crash, above what it can have reached before.
    last: u32,
}

impl Inbox {
    /// An empty inbox that delivers by these edges, under these contracts.
    #[must_use]
    pub fn new(edges: Vec<NodeId>, contracts: Vec<Option<Webhook>>) -> Self {
        Self {
            edges,
            contracts,
            rows: Ledger::default(),
            places: Ledger::default(),
            said: Sayings::default(),
            rounds: Ledger::default(),
            agenda: Agenda::default(),
            last: 0,
        }
    }

    /// The events, in the order in which they came.
    #[must_use]
    pub const fn rows(&self) -> &SortedMap<u32, Kept> {
        self.rows.map()
    }

    /// Whether an event was kept and is on the disk.
    #[must_use]
    pub fn has(&self, claim: Claim) -> bool {
        let place = self.places.get(claim);
        // What was delivered was durable before, even while that it was delivered is being written.
        let delivered = |place| self.rows.get(place).is_some_and(|kept| kept.delivered);
        place.is_some_and(|place| self.said.is_durable(*place) || delivered(*place))
    }

    fn write(&mut self, out: &mut Out, place: u32, kept: Kept) {
        self.rows.insert(place, kept);
        self.places.insert(kept.claim, place);
        let ticket = self.said.write(place);
        out.persists.push(Persist {
            ticket,
            record: InboxRecord { place, kept },
        });
    }

    /// An edge brings an event.
    fn keep(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        edge: NodeId,
        (claim, request, body, nth): (Claim, RequestId, u32, u32),
    ) {
        let said = Say::Kept { request, nth };
        let place = match self.places.get(claim) {
            Some(place) => *place,
            None => {
                let place = self.rows.map().len() as u32;
                let (since, delivered) = (cx.now, false);
                let kept = Kept {
                    claim,
                    body,
                    since,
                    delivered,
                };
                self.write(out, place, kept);
                out.note(Note::Traces(Tell::InboxTook { claim }));
                place
            }
        };
        self.said.say(out, edge, place, said);
    }

    /// Sends on what may go: the first event of each route that was not delivered.
    fn deliver(&mut self, cx: &Context<'_>, out: &mut Out) {
        let open: Vec<(u32, Kept)> = self
            .rows
            .map()
            .iter()
            .filter(|(place, kept)| !kept.delivered && self.said.is_durable(**place))
            .map(|(place, kept)| (*place, *kept))
            .collect();
        for (place, kept) in &open {
            let rests = |round: &Round| round.waits.is_some() || cx.now < round.due;
            if self.rounds.get(*place).is_some_and(rests) {
                continue;
            }
            let earlier = open.iter().take_while(|(other, _)| other < place);
            let mine = earlier.filter(|(_, other)| other.claim.route == kept.claim.route);
            let before = mine.count();
            if before >= LOOK {
                continue;
            }
            let (claim, first) = (kept.claim, before == 0);
            if out
                .require(cx, &gate::INBOX_ORDER, claim.into(), Fact::yes(first))
                .is_ok()
            {
                self.send(cx, out, *place, *kept);
            }
        }
    }

    fn send(&mut self, cx: &Context<'_>, out: &mut Out, place: u32, kept: Kept) {
        let Kept { claim, body, .. } = kept;
        let contract = self.contracts.get(usize::from(claim.route.0));
        let Some(contract) = contract.copied().flatten() else {
            return;
        };
        self.last = self.last.saturating_add(1);
        let id = RequestId(FIRST + self.last % NUMBERS);
        let Some(edge) = self.edges.get(self.last as usize % self.edges.len().max(1)) else {
            return;
        };
        let due = cx.now.after(contract.timeout);
        self.rounds.insert(
            place,
            Round {
                waits: Some(id),
                due,
            },
        );
        self.agenda.set(place, due);
        let request = Request {
            id,
            route: claim.route,
            class: Class::Webhook,
            key: Some(claim.key),
            body,
            bytes: 600,
        };
        // What was kept was believed when it came: it is signed anew, so that it does not grow old in here.
        let proof = Proof::new(contract.secret, cx.now, body);
        out.send(
            *edge,
            Message::Traces(Say::Arrive(Arrival {
                brings: Brings::Proof(proof),
                ..Arrival::from(request)
            })),
        );
    }

    fn place_of(&self, request: RequestId) -> Option<u32> {
        let mut rounds = self.rounds.map().iter();
        let (place, _) = rounds.find(|(_, round)| round.waits == Some(request))?;
        Some(*place)
    }

    /// An edge answers a delivery.
    fn answered(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        request: RequestId,
        (status, retry_after): (u16, u32),
    ) {
        let Some(place) = self.place_of(request) else {
            return;
        };
        if matches!(status, 200..=299)
            && let Some(kept) = self.rows.get(place).copied()
        {
            self.rounds.remove(place);
            self.agenda.clear(place);
            self.write(
                out,
                place,
                Kept {
                    delivered: true,
                    ..kept
                },
            );
            let claim = kept.claim;
            out.note(Note::Traces(Tell::InboxDelivered { claim, place }));
        } else {
            let due = cx.now.after(Duration::secs(u64::from(retry_after.max(1))));
            self.rounds.insert(place, Round { waits: None, due });
            self.agenda.set(place, due);
        }
        self.deliver(cx, out);
    }
}

impl Machine for Inbox {
    type Message = Message;
    type Record = InboxRecord;
    type Note = Note;

    fn step(&mut self, cx: &Context<'_>, input: Input<Message>, out: &mut Out) {
        match input {
            Input::Message {
                from,
                message:
                    Message::Traces(Say::Keep {
                        claim,
                        request,
                        body,
                        nth,
                    }),
            } => self.keep(cx, out, from, (claim, request, body, nth)),
            Input::Message {
                message:
                    Message::Response {
                        request,
                        status,
                        retry_after,
                        ..
                    },
                ..
            } => self.answered(cx, out, request, (status, retry_after)),
            Input::Deadline => {
                for place in self.agenda.take_due(cx.now) {
                    // Nobody has answered in time, or it has rested for long enough.
                    self.rounds.remove(place);
                }
                self.deliver(cx, out);
            }
            Input::Persisted(ticket) => {
                self.said.persisted(out, ticket);
                self.deliver(cx, out);
            }
            Input::Message { .. } | Input::Host(_) => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.agenda.next()
    }

    fn restart(&mut self, cx: &Context<'_>, durable: &[InboxRecord], out: &mut Out) {
        *self = Self::new(self.edges.clone(), self.contracts.clone());
        // It makes less than one request per millisecond, so no number is used twice.
        self.last = u32::try_from(cx.now.0 / 1_000).unwrap_or(u32::MAX / 2);
        for record in durable {
            self.rows.insert(record.place, record.kept);
            self.places.insert(record.kept.claim, record.place);
        }
        self.deliver(cx, out);
    }

    fn fingerprint(&self) -> u64 {
        digest(&(
            self.rows.fingerprint(),
            &self.said,
            self.rounds.fingerprint(),
            self.agenda.fingerprint(),
            self.last,
        ))
    }
}
