//! Admission: what becomes of a request that has just arrived. The first rule that fits decides.

use super::{Due, Edge, Held, Out};
use crate::control::Contract;
use crate::message::{Class, Reason, Request};
use crate::note::Note;
use crate::traces::{Arrival, Caching, Headers};
use crate::{gate, knob, wake};
use machine::{Context, Duration, Fact, NodeId, Time};

impl Edge {
    /// A client's request arrives.
    pub(super) fn on_request(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        client: NodeId,
        arrival: Arrival,
    ) {
        let request = self.resolve_host(&arrival);
        let Request {
            id, route, class, ..
        } = request;
        out.note(Note::RequestArrived {
            request: id,
            route: self.noted_route(cx, &arrival),
            class,
        });
        self.remember(out, &arrival);
        if usize::from(route.0) >= self.installation.contracts.len() {
            return self.respond(cx, out, client, id, 404, Reason::NoRoute, Duration::ZERO);
        }
        if !self.host_exists(cx, out, client, &arrival) {
            return;
        }
        if let Some(asset) = arrival.asset() {
            return self.on_asset(cx, out, client, &request, asset);
        }
        if class == Class::Asset {
            // The bytes are named by their digest: no owner, no app and no table is needed to know that they are right.
            let marked = Headers {
                caching: Caching::for_a_year(),
                ..Headers::default()
            };
            return self.answer(cx, out, client, id, (200, Reason::Served), marked);
        }
        if let Err(reason) = self.check_owner(cx, out, id, route, class) {
            return self.respond(cx, out, client, id, 503, reason, Duration::ZERO);
        }
        if self.routes.get(route).is_none() {
            // The log has not said yet who owns it; guessing would be worse than asking to come again.
            return self.respond(cx, out, client, id, 503, Reason::NoTarget, Duration::ZERO);
        }
        if !self.may_enter(cx, out, client, &request)
            || !self.may_be_early(cx, out, client, &arrival)
            || !self.is_believed(cx, out, client, &arrival)
            || self.goes_to_inbox(cx, out, client, &arrival)
            || self.ask_key(cx, out, client, &request)
        {
            return;
        }
        self.admit(cx, out, client, &request, cx.now);
    }

    /// Nothing stands against a request that has arrived at a moment: it goes out, or waits, or is sent away.
    pub(super) fn admit(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        client: NodeId,
        request: &Request,
        arrived: Time,
    ) {
        let Request {
            id,
            route,
            class,
            key,
            ..
        } = *request;
        if self.has_left(id) {
            let (reason, wait) = (Reason::ClientLeft, Duration::ZERO);
            return self.respond(cx, out, client, id, 503, reason, wait);
        }
        if let Some(target) = self.choose(cx, out, id, route, None) {
            if Self::changes(class) && key.is_some() && !self.check_key(cx, out, client, request) {
                return;
            }
            self.reserve(request);
            return self.dispatch(
                cx,
                out,
                super::dispatch::Ready {
                    client,
                    request: id,
                    route,
                    class,
                    key,
                },
                target,
                false,
            );
        }
        self.admit_cold(cx, out, client, request, arrived);
    }

    /// No allocation of the owner serves: the request may wait for one, or not.
    fn admit_cold(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        client: NodeId,
        request: &Request,
        arrived: Time,
    ) {
        let Request {
            id,
            route,
            class,
            key,
            bytes,
            ..
        } = *request;
        let contract = match class {
            Class::Webhook => self.installation.services.webhook(route).is_some(),
            _ => self.contract(request) == Contract::HoldOnce,
        };
        let holdable = match class {
            Class::SafePage | Class::Upgrade => true,
            Class::Unsafe | Class::Webhook => contract,
            Class::Asset => false,
        };
        if out
            .require(cx, &gate::SAFE_TO_HOLD, id.into(), Fact::yes(holdable))
            .is_err()
        {
            // Whoever comes again shall find the app awake.
            self.demand(cx, out, route);
            let rest = self.rest(cx, route);
            return self.respond(cx, out, client, id, 503, Reason::UnsafeCold, rest);
        }
        if !self.errand_may_wake(cx, out, client, request)
            || !self.preview_may_wake(cx, out, client, request)
        {
            return;
        }
        if class == Class::Unsafe && !self.check_key(cx, out, client, request) {
            return;
        }
        let rest = self.rest(cx, route);
        if rest > Duration::ZERO {
            let failed = self
                .routes
                .get(route)
                .is_none_or(|view| view.wake == wake::State::Failed);
            let refused = self
                .routes
                .get(route)
                .and_then(|view| view.refused)
                .filter(|_| !failed);
            return self.respond(
                cx,
                out,
                client,
                id,
                503,
                refused.unwrap_or(Reason::CoolDown),
                rest,
            );
        }
        let cap = cx.knobs.get(&knob::HOLD_BODY_CAP);
        if out
            .require(
                cx,
                &gate::HOLD_BYTES,
                id.into(),
                Fact::at_most(bytes.into(), cap),
            )
            .is_err()
        {
            self.demand(cx, out, route);
            return self.respond(
                cx,
                out,
                client,
                id,
                503,
                Reason::BodyTooLarge,
                Duration::ZERO,
            );
        }
        if self.held.len() as u64 >= cx.knobs.get(&knob::HOLD_SLOTS) {
            self.make_room(cx, out, id);
        }
        let slots = Fact::below(self.held.len() as u64, cx.knobs.get(&knob::HOLD_SLOTS));
        if out
            .require(cx, &gate::HOLD_SLOTS, id.into(), slots)
            .is_err()
        {
            self.demand(cx, out, route);
            return self.respond(cx, out, client, id, 503, Reason::HoldFull, Duration::ZERO);
        }
        let budget = self.patience(cx, class, route);
        let waited = Fact::below(cx.now.since(arrived).0, budget.0);
        if out
            .require(cx, Self::patience_gate(class), id.into(), waited)
            .is_err()
        {
            self.demand(cx, out, route);
            return self.respond(
                cx,
                out,
                client,
                id,
                503,
                Reason::WakeTimeout,
                Duration::ZERO,
            );
        }
        self.reserve(request);
        self.push_held(Held {
            request: id,
            client,
            route,
            class,
            key,
            bytes,
            arrived,
        });
        let deadline = arrived.after(budget);
        self.agenda.set(Due::Expire(id), deadline);
        out.note(Note::HoldAdmitted {
            request: id,
            class,
            contract,
            keyed: key.is_some(),
            bytes,
            held: self.held.len() as u32,
            deadline,
        });
        self.demand(cx, out, route);
    }
}
