//! Metrics: the numbers that a run is judged by and that the page counts.

use super::ledger::{Ledger, Pending};
use crate::fleet::Fleet;
use machine::{NodeId, Time};
use platform::edge::Held;
use platform::id::{RequestId, RouteId};
use platform::message::{Class, Message, Reason};
use platform::note::Note;
use platform::traces::Note as Tell;
use protocol::{Metric, NodeKind, Plan, RequestCounts};
use sim::{Entry, State, What};

/// How many seconds back "lately" reaches.
const LATELY: usize = 10;

/// The app that the lesson is about.
const MAIN: RouteId = RouteId(0);

/// Whether a request is one of those that the page counts: the first app's, without its assets.
#[must_use]
pub fn counts(route: RouteId, class: Class) -> bool {
    route == MAIN && class != Class::Asset
}

/// What becomes of a request that is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// It was answered well.
    Served,
    /// It was turned away.
    Refused,
    /// It was answered with an error, or nobody knows.
    Failed,
}

/// What an answer makes of a request.
#[must_use]
pub const fn became(status: u16, reason: Reason) -> Became {
    match (status, reason) {
        (_, Reason::ErrandWhileCold) => Became::Refused,
        (200..=299 | 304, _) => Became::Served,
        (_, Reason::AppError | Reason::OutcomeUnknown) | (504, _) => Became::Failed,
        _ => Became::Refused,
    }
}

/// All numbers at one moment.
#[derive(Clone, Debug)]
pub struct Metrics {
    ledger: Ledger,
    arrived: u32,
    /// Requests that never reached an edge.
    lost_before: u32,
    served: u32,
    app_errors: u32,
    refused: u32,
    hold_expired: u32,
    outcome_unknown: u32,
    dropped: u32,
    held_most: u32,
    waited_longest: u64,
    starts: u32,
    starts_at_once: u32,
    wakes_failed: u32,
    oom_kills: u32,
    no_retry_after: u32,
    left: u32,
    /// Served requests by second, as a ring, and the second of the newest slot.
    lately: ([u32; LATELY], u64),
}

impl Metrics {
    /// Nothing has happened.
    #[must_use]
    pub fn new(_: &Plan) -> Self {
        Self {
            ledger: Ledger::default(),
            arrived: 0,
            lost_before: 0,
            served: 0,
            app_errors: 0,
            refused: 0,
            hold_expired: 0,
            outcome_unknown: 0,
            dropped: 0,
            held_most: 0,
            waited_longest: 0,
            starts: 0,
            starts_at_once: 0,
            wakes_failed: 0,
            oom_kills: 0,
            no_retry_after: 0,
            left: 0,
            lately: ([0; LATELY], 0),
        }
    }

    /// The value of a metric; `state` is the moment that this belongs to.
    #[must_use]
    pub fn get(&self, state: &State<Fleet>, metric: Metric) -> u64 {
        let count = match metric {
            Metric::Arrived => self.arrived,
            Metric::Served => self.served,
            Metric::AppErrors => self.app_errors,
            Metric::Refused => self.refused,
            Metric::HoldExpired => self.hold_expired,
            Metric::OutcomeUnknown => self.outcome_unknown,
            Metric::Dropped => self.dropped,
            Metric::Held => waiting(state, |_| true),
            Metric::HeldMost => self.held_most,
            Metric::WaitedLongest => return self.waited_longest,
            Metric::Starts => self.starts,
            Metric::StartsAtOnce => self.starts_at_once,
            Metric::WakesFailed => self.wakes_failed,
            Metric::OomKills => self.oom_kills,
            Metric::NoRetryAfter => self.no_retry_after,
            Metric::Left => self.left,
            Metric::ServedLately => self.served_lately(state.now()),
            Metric::TabsConnected => state.fleet().tabs().map_or(0, |tabs| tabs.connected()),
            Metric::TabsGivenUp => state.fleet().tabs().map_or(0, |tabs| tabs.given_up()),
        };
        u64::from(count)
    }

    /// What the page counts.
    #[must_use]
    pub fn counts(&self, state: &State<Fleet>) -> RequestCounts {
        RequestCounts {
            arrived: self.arrived + self.lost_before,
            held: waiting(state, |held| counts(held.route, held.class)),
            in_flight: self
                .ledger
                .iter()
                .filter(|(_, pending)| pending.counts() && pending.dispatched)
                .count() as u32,
            served: self.served,
            refused: self.refused,
            failed: self.app_errors + self.outcome_unknown + self.dropped,
            left: self.left,
        }
    }

    /// The requests under way.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    fn served_lately(&self, now: Time) -> u32 {
        let (ring, newest) = &self.lately;
        let second = now.0 / 1_000_000;
        let stale = second.saturating_sub(*newest).min(LATELY as u64);
        (stale..LATELY as u64)
            .map(|back| ring[((newest + LATELY as u64 - (back - stale)) % LATELY as u64) as usize])
            .sum()
    }

    fn count_served(&mut self, now: Time) {
        self.served += 1;
        let (ring, newest) = &mut self.lately;
        let second = now.0 / 1_000_000;
        for passed in (*newest + 1..=second).take(LATELY) {
            ring[(passed % LATELY as u64) as usize] = 0;
        }
        // A jump of more than the ring's length has cleared all of it above.
        *newest = second;
        ring[(second % LATELY as u64) as usize] += 1;
    }

    fn request_lost(&mut self, pending: Pending) {
        if pending.counts() {
            self.dropped += 1;
        }
    }

    pub(super) fn after(&mut self, state: &State<Fleet>, entry: &Entry<'_, Fleet>) {
        let is_edge = |node: NodeId| state.fleet().roster().kind(node) == NodeKind::Edge;
        match entry.what {
            What::Crashed if is_edge(entry.actor) => {
                for pending in self.ledger.lost(entry.actor) {
                    self.request_lost(pending);
                }
            }
            What::MessageLost {
                message: Message::Request(request),
                ..
            } if counts(request.route, request.class) => {
                self.dropped += 1;
                self.lost_before += 1;
            }
            _ => {}
        }
        for moved in entry.moved {
            if moved.lifecycle == platform::ALLOCATION && moved.from.is_none() {
                let allocations = state.fleet().control().allocations();
                if allocations
                    .get(moved.subject.id as u32)
                    .is_none_or(|row| row.value.route != MAIN)
                {
                    continue;
                }
                self.starts += 1;
                let under_way = allocations
                    .iter()
                    .filter(|(_, row)| row.value.route == MAIN && row.value.state.is_starting())
                    .count();
                self.starts_at_once = self.starts_at_once.max(under_way as u32);
            }
        }
        for note in entry.notes {
            self.note(state, entry, note);
        }
    }

    fn note(&mut self, state: &State<Fleet>, entry: &Entry<'_, Fleet>, note: &Note) {
        match *note {
            Note::RequestArrived {
                request,
                route,
                class,
            } => {
                let pending = Pending {
                    edge: entry.actor,
                    arrived: state.clock(entry.actor),
                    route,
                    class,
                    dispatched: false,
                };
                self.ledger.arrived(request, pending);
                if counts(route, class) {
                    self.arrived += 1;
                }
            }
            Note::HoldAdmitted { held, .. } => self.held_most = self.held_most.max(held),
            Note::RequestDispatched { request, .. } => self.ledger.dispatched(request),
            Note::HoldReleased { waited, .. } | Note::HoldRefused { waited, .. } => {
                self.waited_longest = self.waited_longest.max(waited);
            }
            Note::HoldExpired { waited, .. } => {
                self.waited_longest = self.waited_longest.max(waited);
                self.hold_expired += 1;
            }
            Note::ResponseSent {
                request,
                status,
                reason,
                retry_after,
            } => self.response(entry.at, request, (status, reason, retry_after)),
            Note::Traces(Tell::Left { request, .. }) => {
                let ended = self.ledger.answered(request);
                self.left += u32::from(ended.is_some_and(|pending| pending.counts()));
            }
            Note::WakeFailed { .. } => self.wakes_failed += 1,
            Note::ProcessExited { oom: true, .. } => self.oom_kills += 1,
            _ => {}
        }
    }

    fn response(
        &mut self,
        at: Time,
        request: RequestId,
        (status, reason, retry_after): (u16, Reason, u32),
    ) {
        let Some(pending) = self.ledger.answered(request) else {
            return;
        };
        if !pending.counts() {
            return;
        }
        match became(status, reason) {
            Became::Served => self.count_served(at),
            Became::Failed if reason == Reason::AppError => self.app_errors += 1,
            Became::Failed => self.outcome_unknown += 1,
            Became::Refused => {
                self.refused += 1;
                self.no_retry_after += u32::from(status == 503 && retry_after == 0);
            }
        }
    }
}

fn waiting(state: &State<Fleet>, which: impl Fn(&Held) -> bool) -> u32 {
    // What waited at an edge that is down is gone, and counted as dropped.
    state
        .fleet()
        .edges()
        .filter(|(id, _)| state.is_up(*id))
        .map(|(_, edge)| edge.held().iter().filter(|held| which(held)).count() as u32)
        .sum()
}
