//! The edge: classifies requests, holds what may wait, asks for wakes, dispatches to the owner's allocations.
//!
//! **Invariants.** What it knows it learned from the log; it never decides who owns a route. Held requests are in its
//! memory only: they are gone when it crashes. Every request that arrives is answered once. [`Machine::restart`] is also
//! how it starts for the first time: it then asks for the log.
//!
//! The parts: `table` follows the control plane, `cursor` the route event stream where there is one, `admit` judges
//! arriving requests, `keys` remembers idempotency keys, `hold` lets requests wait and go, `ask` asks for wakes, `dispatch`
//! hands requests over and answers them. What some requests need besides: `idempotency` keeps keys in a store, `webhook`
//! believes providers, `inbox` has their events kept where that is agreed, `asset` serves bytes by their digest, `preview` keeps previews and production apart, `sessions` keeps
//! sockets where their sessions are, `visits` knows errands from people and who has left.

mod admit;
mod ask;
mod asset;
mod cursor;
mod dispatch;
mod hold;
mod idempotency;
mod inbox;
mod keys;
mod preview;
mod sessions;
mod table;
mod visits;
mod webhook;

pub use cursor::{Phase, Streamed};
pub use table::{AllocationView, RouteView};

use crate::agenda::Agenda;
use crate::control::Contract;
use crate::id::{AllocationId, DeploymentId, IdempotencyKey, Region, RequestId, RouteId, WakeId};
use crate::ledger::Ledger;
use crate::message::{Class, Command, Message};
use crate::note::Note;
use crate::traces::{Arrival, Claim, Message as Say, Services};
use alloc::vec::Vec;
use dispatch::Flight;
use keys::Key;
use machine::{Context, Input, Machine, NodeId, Step, Time, fingerprint};
use machine::{SortedMap, SortedSet};
use table::WakeView;

/// What a step of an edge fills.
type Out = Step<Message, crate::control::Record, Note>;

/// What the edge is told at its installation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Installation {
    /// The control plane that it asks.
    pub control: NodeId,
    /// Its region.
    pub region: Region,
    /// The contract of each route, by route number.
    pub contracts: Vec<Contract>,
    /// The log that tells it of owners, if that is not the control plane itself.
    pub stream: Option<Streamed>,
    /// What it can ask besides, and what it is bound by.
    pub services: Services,
}

/// A request that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    /// Which request.
    pub request: RequestId,
    /// Who waits for the answer.
    pub client: NodeId,
    /// Where it goes.
    pub route: RouteId,
    /// Its class.
    pub class: Class,
    /// Its key.
    pub key: Option<IdempotencyKey>,
    /// The size of its body.
    pub bytes: u32,
    /// When it arrived.
    pub arrived: Time,
}

/// What an edge has put on its agenda.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Due {
    /// No event has come yet.
    Follow,
    /// A held request's budget ends.
    Expire(RequestId),
    /// The next held request of a route may go.
    Release(RouteId),
    /// A request was handed over and not answered.
    Flight(RequestId),
    /// Nothing was heard of a wake.
    Ask(RouteId),
    /// No snapshot has come.
    Baseline,
    /// Does anything prove that nothing is missing?
    Prove,
    /// The store of keys has not answered.
    Key(RequestId),
    /// The store of keys has not written something down.
    Settle(RequestId),
    /// The artifact store has not answered.
    Asset(RequestId),
    /// Something about a socket.
    Session(crate::sessions::Due),
    /// The inbox has not answered.
    Keep(RequestId),
}

/// An edge.
#[derive(Clone, Debug)]
pub struct Edge {
    installation: Installation,
    routes: Ledger<RouteId, RouteView>,
    wakes: Ledger<WakeId, WakeView>,
    allocations: Ledger<AllocationId, AllocationView>,
    deployments: Ledger<DeploymentId, u32>,
    /// Which allocations are in rotation; follows from the table.
    rotation: SortedSet<(RouteId, AllocationId)>,
    held: Vec<Held>,
    held_digest: u64,
    next_release: Ledger<RouteId, Time>,
    flights: Ledger<RequestId, Flight>,
    keys: Ledger<(RouteId, IdempotencyKey), Key>,
    /// Requests whose keys the store was asked for, keys that were granted, and what the store has not confirmed.
    asking: Ledger<RequestId, idempotency::Asking>,
    claims: Ledger<RequestId, Claim>,
    settling: Ledger<RequestId, idempotency::Settling>,
    assets: asset::Assets,
    previews: preview::Previews,
    sockets: sessions::Sockets,
    visits: visits::Visits,
    /// Events that the inbox was asked to keep.
    keeping: Ledger<RequestId, inbox::Keeping>,
    agenda: Agenda<Due>,
    /// Counts what it says to the control plane. Begins, after a crash, above what it can have reached before.
    last_ask: u32,
    /// The number of the first ask for the log.
    following: u32,
    cursor: cursor::Cursor,
}

impl Edge {
    /// An edge with an empty table.
    #[must_use]
    pub fn new(installation: Installation) -> Self {
        Self {
            installation,
            routes: Ledger::default(),
            wakes: Ledger::default(),
            allocations: Ledger::default(),
            deployments: Ledger::default(),
            rotation: SortedSet::new(),
            held: Vec::new(),
            held_digest: 0,
            next_release: Ledger::default(),
            flights: Ledger::default(),
            keys: Ledger::default(),
            asking: Ledger::default(),
            claims: Ledger::default(),
            settling: Ledger::default(),
            assets: asset::Assets::default(),
            previews: preview::Previews::default(),
            sockets: sessions::Sockets::default(),
            visits: visits::Visits::default(),
            keeping: Ledger::default(),
            agenda: Agenda::default(),
            last_ask: 0,
            following: 0,
            cursor: cursor::Cursor::default(),
        }
    }

    /// Its region.
    #[must_use]
    pub const fn region(&self) -> Region {
        self.installation.region
    }

    /// What it believes of the routes.
    #[must_use]
    pub const fn routes(&self) -> &SortedMap<RouteId, RouteView> {
        self.routes.map()
    }

    /// What it believes of the allocations.
    #[must_use]
    pub const fn allocations(&self) -> &SortedMap<AllocationId, AllocationView> {
        self.allocations.map()
    }

    /// The requests that wait, in order of arrival.
    #[must_use]
    pub fn held(&self) -> &[Held] {
        &self.held
    }

    /// How many requests were handed over and are not answered yet.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.allocations
            .map()
            .values()
            .map(|view| view.in_flight)
            .sum()
    }

    /// The number of what it says next to the control plane.
    fn next_nth(&mut self) -> u32 {
        self.last_ask = self.last_ask.saturating_add(1);
        self.last_ask
    }

    fn on_message(&mut self, cx: &Context<'_>, out: &mut Out, from: NodeId, message: Message) {
        match message {
            Message::Request(request) => self.on_request(cx, out, from, Arrival::from(request)),
            Message::Traces(say) => self.on_say(cx, out, from, say),
            Message::Sessions(say) => self.on_session(cx, out, from, say),
            Message::Command(Command::Sessions(order)) => self.on_session_order(out, order),
            Message::Command(Command::Traces(command)) => self.on_order(cx, out, command),
            Message::Event { row, event, nth } => self.on_event(cx, out, row, event, nth),
            Message::WakeRefused {
                route,
                epoch,
                reason,
                retry_at,
                nth,
            } => {
                self.on_wake_refused(
                    cx,
                    out,
                    table::Refusal {
                        route,
                        epoch,
                        reason,
                        retry_at,
                        nth,
                    },
                );
            }
            Message::Answer { request, ok } => self.on_answer(cx, out, request, ok),
            Message::DispatchRefused {
                request,
                allocation,
            } => self.on_dispatch_refused(cx, out, request, allocation),
            Message::Promotion(message) => self.on_stream(cx, out, message),
            Message::Command(Command::Promotion(command)) => self.on_stream_order(cx, out, command),
            // Everything else is said to others.
            _ => {}
        }
    }

    fn on_say(&mut self, cx: &Context<'_>, out: &mut Out, from: NodeId, say: Say) {
        match say {
            Say::Arrive(arrival) => self.on_request(cx, out, from, arrival),
            Say::Kept { request, nth } => self.on_kept(cx, out, request, nth),
            Say::Leave { request } => self.on_leave(cx, out, from, request),
            Say::Reserved {
                request, standing, ..
            } => self.on_standing(cx, out, request, standing),
            Say::Settled { request, nth } => self.on_settled(request, nth),
            Say::Fenced {
                request,
                allocation,
            } => self.on_fenced(cx, out, request, allocation),
            Say::Bytes { digest, bytes, nth } => self.on_bytes(cx, out, digest, bytes, nth),
            Say::Found {
                deployment,
                digest,
                nth,
                ..
            } => self.on_found(cx, out, deployment, digest, nth),
            // Everything else is said to others.
            _ => {}
        }
    }

    fn on_deadline(&mut self, cx: &Context<'_>, out: &mut Out) {
        for due in self.agenda.take_due(cx.now) {
            match due {
                Due::Follow => self.follow(cx, out),
                Due::Expire(request) => self.expire(cx, out, request),
                Due::Release(route) => self.pump(cx, out, route),
                Due::Flight(request) => self.flight_due(cx, out, request),
                Due::Ask(route) => self.ask_due(cx, out, route),
                Due::Baseline => self.baseline_due(cx, out),
                Due::Prove => self.prove_due(cx, out),
                Due::Key(request) => self.key_due(cx, out, request),
                Due::Settle(request) => self.send_settle(cx, out, request),
                Due::Asset(request) => self.asset_due(cx, out, request),
                Due::Session(due) => self.session_due(cx, out, due),
                Due::Keep(request) => self.keep_due(cx, out, request),
            }
        }
    }
}

impl Machine for Edge {
    type Message = Message;
    type Record = crate::control::Record;
    type Note = Note;

    fn step(&mut self, cx: &Context<'_>, input: Input<Message>, out: &mut Out) {
        match input {
            Input::Message { from, message } => self.on_message(cx, out, from, message),
            Input::Deadline => self.on_deadline(cx, out),
            Input::Persisted(_) | Input::Host(_) => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.agenda.next()
    }

    fn restart(&mut self, cx: &Context<'_>, _durable: &[Self::Record], out: &mut Out) {
        *self = Self::new(self.installation.clone());
        // It says less than one thing per millisecond, so no number is used twice.
        self.last_ask = u32::try_from(cx.now.0 / 1_000).unwrap_or(u32::MAX / 2);
        self.follow(cx, out);
        self.begin_cursor(cx, out);
    }

    fn fingerprint(&self) -> u64 {
        let table = (
            self.routes.fingerprint(),
            self.wakes.fingerprint(),
            self.allocations.fingerprint(),
            self.deployments.fingerprint(),
        );
        let rest = (
            self.held_digest,
            self.next_release.fingerprint(),
            self.flights.fingerprint(),
            self.keys.fingerprint(),
            self.agenda.fingerprint(),
            self.last_ask,
            self.following,
        );
        let traces = (
            self.asking.fingerprint(),
            self.claims.fingerprint(),
            self.settling.fingerprint(),
            self.assets.fingerprint(),
            self.previews.fingerprint(),
            &self.installation.services,
        );
        let mut all = fingerprint::digest(&(table, rest));
        if self.installation.services != Services::default() {
            all = fingerprint::fold(all, fingerprint::digest(&traces));
        }
        if !self.sockets.is_untouched() {
            all = fingerprint::fold(all, self.sockets.fingerprint());
        }
        if !self.keeping.map().is_empty() {
            all = fingerprint::fold(all, self.keeping.fingerprint());
        }
        if !self.visits.is_untouched() {
            all = fingerprint::fold(all, self.visits.fingerprint());
        }
        if self.installation.stream.is_some() {
            all = fingerprint::fold(all, self.cursor.fingerprint());
        }
        all
    }
}
