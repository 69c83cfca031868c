//! Dispatch: chooses an allocation of the owner, hands a request over, and answers its client.
//!
//! **Invariants.** An unsafe request is handed over once; only a refusal, which proves that not a byte was written, lets
//! it go to another allocation.

use super::{Due, Edge, Out};
use crate::id::{AllocationId, Epoch, IdempotencyKey, RequestId, RouteId};
use crate::message::{Class, Message, Reason};
use crate::note::Note;
use crate::traces::{Headers, Message as Say, Outcome};
use crate::{gate, knob, stream};
use machine::{Ask, Context, Duration, Fact, NodeId, fingerprint};

/// A request that is about to leave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ready {
    pub(super) client: NodeId,
    pub(super) request: RequestId,
    pub(super) route: RouteId,
    pub(super) class: Class,
    pub(super) key: Option<IdempotencyKey>,
}

/// A request that has left. It is remembered after its client was told that nobody knows, since its key is not free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Flight {
    client: NodeId,
    route: RouteId,
    class: Class,
    key: Option<IdempotencyKey>,
    allocation: AllocationId,
    again: bool,
    answered: bool,
}

impl Edge {
    /// Whether any allocation at all is in rotation for a route.
    pub(super) fn anything_serves(&self, route: RouteId) -> bool {
        self.in_rotation(route).next().is_some()
    }

    /// How many connections it wants to keep, and how many its host lets it, if that is known.
    #[must_use]
    pub fn connections(&self) -> (u32, Option<u32>) {
        let allowed = self.installation.services.connections;
        (self.rotation.len() as u32, allowed)
    }

    /// Whether an allocation of this owner is.
    pub(super) fn serves(&self, route: RouteId, epoch: Epoch) -> bool {
        self.in_rotation(route).any(|(_, view)| view.epoch == epoch)
    }

    pub(super) fn in_rotation(
        &self,
        route: RouteId,
    ) -> impl Iterator<Item = (AllocationId, &super::AllocationView)> {
        let range = (route, AllocationId(0))..=(route, AllocationId(u32::MAX));
        self.rotation
            .range(range)
            .filter_map(|(_, id)| Some((*id, self.allocations.get(*id)?)))
    }

    /// The allocation for a request: the one that has its visitor's session, or the least busy one of the owner. Another's is looked at only so that the rule
    /// against it is asked, and said.
    pub(super) fn choose(
        &self,
        cx: &Context<'_>,
        out: &mut Out,
        request: RequestId,
        route: RouteId,
        except: Option<AllocationId>,
    ) -> Option<AllocationId> {
        let owner = self.routes.get(route)?.epoch;
        let home = self.home(request).filter(|home| Some(*home) != except);
        if let Some(home) = home.filter(|home| self.is_home(cx, out, request, (*home, owner))) {
            return Some(home);
        }
        let candidates = self
            .in_rotation(route)
            .filter(|(id, _)| Some(*id) != except);
        let (id, view) =
            candidates.min_by_key(|(id, view)| (view.epoch != owner, view.in_flight, *id))?;
        let fact = Fact::equal(view.epoch.0.into(), owner.0.into());
        out.require(cx, &gate::OWNER_AUTHORITY, request.into(), fact)
            .ok()
            .map(|()| id)
    }

    /// Hands a request to an allocation.
    pub(super) fn dispatch(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        ready: Ready,
        allocation: AllocationId,
        again: bool,
    ) {
        let Ready {
            client,
            request,
            route,
            class,
            key,
        } = ready;
        // It keeps a connection to everything in rotation; if those are too many, no new one comes about at all.
        let (kept, allowed) = self.connections();
        let known = cx.knobs.get(&knob::EDGE_CONNECTIONS);
        // What the host says counts, whatever everybody thinks.
        if u64::from(kept) > allowed.map_or(known, u64::from) {
            self.give_back(route, key, request);
            let none = (503, Reason::NoConnection);
            return self.respond(cx, out, client, request, none.0, none.1, Duration::ZERO);
        }
        let target = self.allocations.update(allocation, |view| {
            view.in_flight = view.in_flight.saturating_add(1);
            (view.host, view.epoch)
        });
        let (Some((host, epoch)), Some(owner_epoch)) =
            (target, self.routes.get(route).map(|view| view.epoch))
        else {
            self.give_back(route, key, request);
            return self.respond(
                cx,
                out,
                client,
                request,
                503,
                Reason::NoTarget,
                Duration::ZERO,
            );
        };
        self.flights.insert(
            request,
            Flight {
                client,
                route,
                class,
                key,
                allocation,
                again,
                answered: false,
            },
        );
        self.agenda.set(
            Due::Flight(request),
            cx.now.after(cx.knobs.time(&knob::DISPATCH_TIMEOUT)),
        );
        self.tell_affinity(out, request, allocation);
        out.note(Note::RequestDispatched {
            request,
            class,
            key,
            allocation,
            epoch,
            owner_epoch,
        });
        let message = if self.installation.services.keys.is_some() && Self::changes(class) {
            Message::Traces(Say::Hand {
                request,
                allocation,
                epoch: owner_epoch,
                claim: self.claims.get(request).copied(),
            })
        } else {
            Message::Dispatch {
                request,
                allocation,
                epoch: owner_epoch,
            }
        };
        out.send(host, message);
    }

    /// Whether a client's request was handed over and not answered.
    pub(super) fn awaits_answer(&self, request: RequestId, client: NodeId) -> bool {
        let flight = self.flights.get(request);
        flight.is_some_and(|flight| flight.client == client && !flight.answered)
    }

    /// It is no longer in flight there.
    fn land(&mut self, request: RequestId, allocation: AllocationId) {
        self.agenda.clear(Due::Flight(request));
        self.allocations.update(allocation, |view| {
            view.in_flight = view.in_flight.saturating_sub(1)
        });
    }

    /// The app has answered.
    pub(super) fn on_answer(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        request: RequestId,
        ok: bool,
    ) {
        let Some(flight) = self.flights.remove(request) else {
            return;
        };
        self.settle(flight.route, flight.key, request, ok);
        if let Some(epoch) = self
            .allocations
            .get(flight.allocation)
            .map(|view| view.epoch)
        {
            self.count_answer(flight.route, epoch, ok);
        }
        if flight.answered {
            // Late, but now it is known.
            self.settle_claim(cx, out, request, Outcome::Done { ok });
        } else {
            self.validated(out, request, flight.route, flight.allocation, ok);
            self.land(request, flight.allocation);
            let said = if ok {
                (200, Reason::Served)
            } else {
                (500, Reason::AppError)
            };
            let headers = Headers {
                home: self.is_visitor(request).then_some(flight.allocation),
                ..Headers::default()
            };
            self.answer(cx, out, flight.client, request, said, headers);
        }
    }

    /// An allocation would not take it: not a byte was written, so another may, once.
    pub(super) fn on_dispatch_refused(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        request: RequestId,
        allocation: AllocationId,
    ) {
        let Some(flight) = self
            .flights
            .get(request)
            .copied()
            .filter(|flight| flight.allocation == allocation)
        else {
            return;
        };
        self.flights.remove(request);
        if flight.answered {
            self.settle_claim(cx, out, request, Outcome::Released);
            return self.give_back(flight.route, flight.key, request);
        }
        self.land(request, allocation);
        let Flight {
            client,
            route,
            class,
            key,
            again,
            ..
        } = flight;
        let other = if again || self.has_left(request) {
            None
        } else {
            self.choose(cx, out, request, route, Some(allocation))
        };
        match other {
            Some(other) => self.dispatch(
                cx,
                out,
                Ready {
                    client,
                    request,
                    route,
                    class,
                    key,
                },
                other,
                true,
            ),
            None => {
                self.give_back(route, key, request);
                self.respond(
                    cx,
                    out,
                    client,
                    request,
                    503,
                    Reason::NoTarget,
                    Duration::ZERO,
                );
            }
        }
    }

    /// The allocation may not do anything any more, and has not: this edge knows an owner that is one no longer, or does
    /// not know yet that the allocation stops.
    pub(super) fn on_fenced(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        request: RequestId,
        allocation: AllocationId,
    ) {
        let flight = self.flights.get(request).copied();
        let Some(flight) = flight.filter(|flight| flight.allocation == allocation) else {
            return;
        };
        self.flights.remove(request);
        if flight.answered {
            return self.settle_claim(cx, out, request, Outcome::Released);
        }
        self.land(request, allocation);
        let status = if flight.class == Class::Webhook {
            503
        } else {
            421
        };
        let (client, wait) = (flight.client, Duration::ZERO);
        self.respond(cx, out, client, request, status, Reason::Fenced, wait);
    }

    /// Sends a request that nobody has answered once more, unless that could make it happen twice.
    fn sent_again(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        request: RequestId,
        flight: &Flight,
    ) -> bool {
        let harmless = Fact::yes(!Self::changes(flight.class));
        if flight.again
            || self.has_left(request)
            || self.installation.services.keys.is_none()
            || out
                .require(cx, &gate::OUTCOME_KNOWN, request.into(), harmless)
                .is_err()
        {
            return false;
        }
        let Some(target) = self.choose(cx, out, request, flight.route, None) else {
            return false;
        };
        let Flight {
            client,
            route,
            class,
            key,
            ..
        } = *flight;
        let ready = Ready {
            client,
            request,
            route,
            class,
            key,
        };
        self.dispatch(cx, out, ready, target, true);
        true
    }

    /// No answer came. Whether it happened is unknown, so an unsafe request is not sent again, and its key stays in use.
    pub(super) fn flight_due(&mut self, cx: &Context<'_>, out: &mut Out, request: RequestId) {
        let Some(flight) = self.flights.get(request).copied() else {
            return;
        };
        self.land(request, flight.allocation);
        let unsafe_class = Self::changes(flight.class);
        if self.sent_again(cx, out, request, &flight) {
            return;
        }
        if unsafe_class && flight.key.is_some() {
            self.flights
                .update(request, |flight| flight.answered = true);
        } else {
            self.flights.remove(request);
        }
        let reason = if unsafe_class {
            Reason::OutcomeUnknown
        } else {
            Reason::NoTarget
        };
        self.respond(cx, out, flight.client, request, 504, reason, Duration::ZERO);
    }

    /// Answers a request. Whoever may come again is told when: after `rest`, rounded up, and never all in one moment.
    #[expect(
        clippy::too_many_arguments,
        reason = "they are what an answer consists of"
    )]
    pub(super) fn respond(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        client: NodeId,
        request: RequestId,
        status: u16,
        reason: Reason,
        rest: Duration,
    ) {
        self.tell(
            cx,
            out,
            client,
            request,
            (status, reason, rest),
            Headers::default(),
        );
    }

    /// Answers a request that need not come again, and says what may be done with the answer.
    pub(super) fn answer(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        client: NodeId,
        request: RequestId,
        (status, reason): (u16, Reason),
        headers: Headers,
    ) {
        let said = (status, reason, Duration::ZERO);
        self.tell(cx, out, client, request, said, headers);
    }

    fn tell(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        client: NodeId,
        request: RequestId,
        (status, reason, rest): (u16, Reason, Duration),
        headers: Headers,
    ) {
        let retry_after = if matches!(status, 503 | 409) {
            let key = fingerprint::fold(u64::from(cx.node.0), u64::from(request.0));
            let jitter = cx.dice.below(
                Ask {
                    stream: stream::RETRY_AFTER,
                    key,
                },
                3,
            );
            u32::try_from(rest.whole_secs_up().max(1))
                .unwrap_or(u32::MAX)
                .saturating_add(jitter)
        } else {
            0
        };
        let reason = self.or_deferred(out, request, status, reason);
        self.settle_by_answer(cx, out, request, reason);
        if !self.dismiss(out, request, reason) {
            return;
        }
        out.note(Note::ResponseSent {
            request,
            status,
            reason,
            retry_after,
        });
        out.send(
            client,
            Message::Response {
                request,
                status,
                reason,
                retry_after,
                headers,
            },
        );
    }
}
