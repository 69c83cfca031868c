//! Holding: requests wait in order of arrival, errands after people, and go when the owner serves, when their budget ends, or when it is
//! known that nothing will come.
//!
//! **Invariants.** A budget counts from arrival, whatever happens to the route meanwhile.

use super::dispatch::Ready;
use super::{Due, Edge, Held, Out};
use crate::id::{RequestId, RouteId};
use crate::message::Reason;
use crate::note::Note;
use crate::{gate, knob};
use machine::fingerprint::digest;
use machine::{Context, Duration, Fact, Time};

impl Edge {
    pub(super) fn push_held(&mut self, held: Held) {
        self.held_digest ^= digest(&held);
        self.held.push(held);
    }

    pub(super) fn take_held(&mut self, matches: impl Fn(&Held) -> bool) -> Option<Held> {
        let index = self.held.iter().position(matches)?;
        let held = self.held.remove(index);
        self.held_digest ^= digest(&held);
        self.agenda.clear(Due::Expire(held.request));
        Some(held)
    }

    /// Lets go what may go of a route's held requests, in order of arrival.
    pub(super) fn pump(&mut self, cx: &Context<'_>, out: &mut Out, route: RouteId) {
        while self.held.iter().any(|held| held.route == route) {
            if !self.anything_serves(route) {
                return self.want(cx, out, route);
            }
            let Some(head) = self.next_held(cx, out, route) else {
                break;
            };
            let next = self.next_release.get(route).copied().unwrap_or(Time::ZERO);
            if out
                .require(
                    cx,
                    &gate::RELEASE_RATE,
                    head.request.into(),
                    Fact::at_least(cx.now.0, next.0),
                )
                .is_err()
            {
                return self.agenda.set(Due::Release(route), next);
            }
            let Some(target) = self.choose(cx, out, head.request, route, None) else {
                return self.want(cx, out, route);
            };
            self.take_held(|held| held.request == head.request);
            self.next_release
                .insert(route, cx.now.after(cx.knobs.time(&knob::RELEASE_INTERVAL)));
            let waited = cx.now.since(head.arrived).0;
            out.note(Note::HoldReleased {
                request: head.request,
                waited,
                held: self.held.len() as u32,
            });
            let Held {
                request,
                client,
                class,
                key,
                ..
            } = head;
            self.dispatch(
                cx,
                out,
                Ready {
                    client,
                    request,
                    route,
                    class,
                    key,
                },
                target,
                false,
            );
        }
        self.agenda.clear(Due::Release(route));
    }

    /// Requests wait and nothing serves: the wake they wait for must be on its way.
    fn want(&mut self, cx: &Context<'_>, out: &mut Out, route: RouteId) {
        if self.rest(cx, route) > Duration::ZERO {
            self.refuse_held(cx, out, route, Reason::CoolDown);
        } else {
            self.ask_if_silent(cx, out, route);
        }
    }

    /// A held request's budget ends.
    pub(super) fn expire(&mut self, cx: &Context<'_>, out: &mut Out, request: RequestId) {
        let Some(held) = self
            .held
            .iter()
            .find(|held| held.request == request)
            .copied()
        else {
            return;
        };
        let (budget, waited) = (
            self.patience(cx, held.class, held.route),
            cx.now.since(held.arrived).0,
        );
        let fact = Fact::below(waited, budget.0);
        if out
            .require(cx, Self::patience_gate(held.class), request.into(), fact)
            .is_ok()
        {
            // Asked again after another budget, or, should that be no time at all, at the pace at which wakes are.
            let pause = budget.max(cx.knobs.time(&knob::WAKE_ASK_INTERVAL));
            return self.agenda.set(Due::Expire(request), cx.now.after(pause));
        }
        self.take_held(|held| held.request == request);
        out.note(Note::HoldExpired {
            request,
            waited,
            held: self.held.len() as u32,
        });
        self.give_back(held.route, held.key, request);
        let rest = self.rest(cx, held.route);
        let (client, reason) = (held.client, Reason::WakeTimeout);
        self.respond(cx, out, client, request, 503, reason, rest);
    }

    /// Nothing will come: everybody who waits for the route is told.
    pub(super) fn refuse_held(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        route: RouteId,
        reason: Reason,
    ) {
        while let Some(held) = self.take_held(|held| held.route == route) {
            self.refuse_one(cx, out, held, reason);
        }
        self.agenda.clear(Due::Release(route));
    }

    pub(super) fn refuse_one(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        held: Held,
        reason: Reason,
    ) {
        let waited = cx.now.since(held.arrived).0;
        out.note(Note::HoldRefused {
            request: held.request,
            waited,
            held: self.held.len() as u32,
        });
        self.give_back(held.route, held.key, held.request);
        let rest = self.rest(cx, held.route);
        self.respond(cx, out, held.client, held.request, 503, reason, rest);
    }

    /// Owners are in doubt: whoever waits for one that it may not go to any more is told.
    pub(super) fn refuse_doubtful(&mut self, cx: &Context<'_>, out: &mut Out) {
        let waiting = self.held.clone();
        for held in waiting {
            if let Err(reason) = self.check_owner(cx, out, held.request, held.route, held.class) {
                self.take_held(|other| other.request == held.request);
                self.refuse_one(cx, out, held, reason);
            }
        }
    }
}
