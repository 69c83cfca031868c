//! Who asks: errands wait after people, and whoever leaves is forgotten.
//!
//! **Invariants.** A request that is under way is in here exactly if it came on an errand or its client has left; its answer
//! takes it out. What whoever left has set in motion goes on: a wake that was asked for, an effect that was handed over.

use super::{Edge, Held, Out};
use crate::gate;
use crate::id::{AllocationId, Digest, Epoch, RequestId, RouteId};
use crate::ledger::Ledger;
use crate::message::{Reason, Request};
use crate::note::Note;
use crate::traces::{Arrival, Caller, Errand, Manners, Note as Tell, Visit};
use machine::{Context, Duration, Fact, NodeId};

/// The requests under way of which more is known than what they want.
#[derive(Clone, Debug, Default)]
pub(super) struct Visits {
    callers: Ledger<RequestId, Caller>,
    /// Whether there ever was one.
    any: bool,
}

impl Visits {
    pub(super) fn fingerprint(&self) -> u64 {
        self.callers.fingerprint()
    }

    /// Whether nobody ever came on an errand or left.
    pub(super) const fn is_untouched(&self) -> bool {
        !self.any
    }

    fn insert(&mut self, request: RequestId, caller: Caller) {
        self.any = true;
        self.callers.insert(request, caller);
    }
}

impl Edge {
    /// What a request brings is remembered until it is answered.
    pub(super) fn remember(&mut self, out: &mut Out, arrival: &Arrival) {
        let (request, visit) = (arrival.request.id, arrival.visit());
        if visit == Visit::default() {
            return;
        }
        if !visit.errand.is_person() {
            out.note(Note::Traces(Tell::Errand {
                request,
                errand: visit.errand,
            }));
        }
        let left = false;
        self.visits.insert(request, Caller { visit, left });
    }

    fn errand(&self, request: RequestId) -> Errand {
        let caller = self.visits.callers.get(request);
        caller.map_or(Errand::Person, |caller| caller.visit.errand)
    }

    /// Whether whoever sent a request has left.
    pub(super) fn has_left(&self, request: RequestId) -> bool {
        let caller = self.visits.callers.get(request);
        caller.is_some_and(|caller| caller.left)
    }

    /// What whoever sent a request has already.
    pub(super) fn known(&self, request: RequestId) -> Option<Digest> {
        self.visits.callers.get(request)?.visit.known
    }

    /// Whether somebody sent a request who comes again.
    pub(super) fn is_visitor(&self, request: RequestId) -> bool {
        let caller = self.visits.callers.get(request);
        caller.is_some_and(|caller| caller.visit.visitor.is_some())
    }

    /// The allocation that has the session of a request's visitor, as the visitor knows.
    pub(super) fn home(&self, request: RequestId) -> Option<AllocationId> {
        self.visits.callers.get(request)?.visit.visitor?.home
    }

    /// Whether a visitor's allocation still serves under the owner. What a visitor brings along is a wish and no authority.
    pub(super) fn is_home(
        &self,
        cx: &Context<'_>,
        out: &mut Out,
        request: RequestId,
        (home, owner): (AllocationId, Epoch),
    ) -> bool {
        let Some(view) = self.allocations.get(home) else {
            return false;
        };
        let serves = self.rotation.contains(&(view.route, home)) && view.epoch == owner;
        out.require(
            cx,
            &gate::AFFINITY_SERVES,
            request.into(),
            Fact::yes(serves),
        )
        .is_ok()
    }

    /// Says whether a visitor goes where the session is.
    pub(super) fn tell_affinity(
        &self,
        out: &mut Out,
        request: RequestId,
        allocation: AllocationId,
    ) {
        let caller = self.visits.callers.get(request);
        let visitor = caller.and_then(|caller| caller.visit.visitor);
        let Some((visitor, home)) = visitor.and_then(|who| Some((who.number, who.home?))) else {
            return;
        };
        out.note(Note::Traces(if home == allocation {
            Tell::AffinityKept {
                request,
                allocation,
            }
        } else {
            Tell::AffinityMiss {
                request,
                visitor,
                home,
                allocation,
            }
        }));
    }

    /// A request is over: whether there is anybody to tell.
    pub(super) fn dismiss(&mut self, out: &mut Out, request: RequestId, reason: Reason) -> bool {
        let caller = self.visits.callers.remove(request);
        let left = caller.is_some_and(|caller| caller.left);
        if left {
            out.note(Note::Traces(Tell::Unheard { request, reason }));
        }
        !left
    }

    /// Whoever sent a request has left: its slot is free at once. What was handed over is not taken back, and its key is not
    /// free before it is known what became of it.
    pub(super) fn on_leave(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        client: NodeId,
        request: RequestId,
    ) {
        let waits = self.take_held(|held| held.request == request && held.client == client);
        let under_way = waits.is_some()
            || self.awaits_answer(request, client)
            || self.is_asking(request, client)
            || self.is_wanting(request, client);
        if !under_way || self.has_left(request) {
            // It was answered in the meantime.
            return;
        }
        let slots = self.held.len() as u32;
        out.note(Note::Traces(Tell::Left {
            request,
            held: waits.is_some(),
            slots,
        }));
        let known = self.visits.callers.get(request).copied();
        let left = true;
        let caller = Caller {
            left,
            ..known.unwrap_or_default()
        };
        self.visits.insert(request, caller);
        if let Some(held) = waits {
            self.give_back(held.route, held.key, request);
            let wait = Duration::ZERO;
            self.respond(cx, out, client, request, 503, Reason::ClientLeft, wait);
        }
    }

    /// Whether an errand may wait for a sleeping app; if not, it is answered and nothing is woken for it.
    pub(super) fn errand_may_wake(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        client: NodeId,
        request: &Request,
    ) -> bool {
        let (id, route) = (request.id, request.route);
        let errand = self.errand(id);
        if errand.is_person() {
            return true;
        }
        let welcome = self.installation.services.manners(route) == Manners::Wait;
        if out
            .require(cx, &gate::ERRANDS_WAKE, id.into(), Fact::yes(welcome))
            .is_ok()
        {
            return true;
        }
        out.note(Note::Traces(Tell::ErrandTurnedAway {
            request: id,
            errand,
        }));
        // A browser that fetches ahead needs no reason; everybody else may come again.
        let status = if errand == Errand::Prefetch { 204 } else { 503 };
        let (reason, rest) = (Reason::ErrandWhileCold, self.rest(cx, route));
        self.respond(cx, out, client, id, status, reason, rest);
        false
    }

    /// Somebody came in person and every slot is taken: what came last on an errand gives its slot up.
    pub(super) fn make_room(&mut self, cx: &Context<'_>, out: &mut Out, request: RequestId) {
        if self.visits.is_untouched() || !self.errand(request).is_person() {
            return;
        }
        let mut held = self.held.iter().rev();
        let Some(last) = held.find(|held| !self.errand(held.request).is_person()) else {
            return;
        };
        let last = *last;
        let nobody = Fact::yes(false);
        if out
            .require(cx, &gate::PEOPLE_FIRST, request.into(), nobody)
            .is_ok()
        {
            return;
        }
        self.take_held(|held| held.request == last.request);
        out.note(Note::Traces(Tell::Displaced {
            request: last.request,
            by: request,
        }));
        self.refuse_one(cx, out, last, Reason::Displaced);
    }

    /// Who of those who wait for a route goes next: people in order of arrival, then errands.
    pub(super) fn next_held(
        &self,
        cx: &Context<'_>,
        out: &mut Out,
        route: RouteId,
    ) -> Option<Held> {
        let mut waiting = self.held.iter().filter(|held| held.route == route);
        let head = waiting.next().copied()?;
        if self.visits.is_untouched() || self.errand(head.request).is_person() {
            return Some(head);
        }
        let person = waiting.find(|held| self.errand(held.request).is_person());
        let nobody = Fact::yes(person.is_none());
        let first = out.require(cx, &gate::PEOPLE_FIRST, head.request.into(), nobody);
        if first.is_ok() {
            return Some(head);
        }
        person.copied()
    }
}
