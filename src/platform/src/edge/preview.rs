//! Previews: each has a host, an owner and a budget of its own, and never anything of the production's.

use super::{Edge, Out};
use crate::id::{AllocationId, RequestId, RouteId};
use crate::message::{Reason, Request};
use crate::note::Note;
use crate::traces::{Arrival, Command, Environment, Note as Tell, Preview};
use crate::{gate, knob};
use alloc::vec::Vec;
use machine::fingerprint::digest;
use machine::{Context, Duration, Fact, NodeId, Time};

/// What an edge knows of previews.
#[derive(Clone, Debug, Default)]
pub(super) struct Previews {
    /// When wakes of previews were asked for, within the window.
    asked: Vec<(RouteId, Time)>,
}

impl Previews {
    pub(super) fn fingerprint(&self) -> u64 {
        digest(&self.asked)
    }
}

impl Edge {
    /// Whether a preview has data of its own, as far as this edge knows.
    #[must_use]
    pub fn is_isolated(&self, route: RouteId) -> bool {
        match self.installation.services.environment(route) {
            Environment::Production => true,
            Environment::Preview(preview) => preview.isolated,
        }
    }

    fn is_preview(&self, route: RouteId) -> bool {
        self.installation.services.environment(route) != Environment::Production
    }

    /// The request with the route that its host names: a preview's host names the preview's route.
    pub(super) fn resolve_host(&self, arrival: &Arrival) -> Request {
        let request = arrival.request;
        let named = arrival
            .preview
            .and_then(|number| self.installation.services.preview(request.route, number));
        Request {
            route: named.unwrap_or(request.route),
            ..request
        }
    }

    /// The route that a request is told of under; there is none for a preview that does not exist, or not any more.
    pub(super) fn noted_route(&self, cx: &Context<'_>, arrival: &Arrival) -> RouteId {
        let of = arrival.request.route;
        match arrival.preview {
            Some(number) => {
                let found = self.installation.services.preview(of, number);
                found
                    .filter(|route| {
                        self.superseded_for(cx, *route) < cx.knobs.time(&knob::PREVIEW_RETENTION)
                    })
                    .unwrap_or(RouteId(u16::MAX))
            }
            None => of,
        }
    }

    /// Whether there is what a request's host names; if not, it is answered. The app that was previewed is no substitute.
    pub(super) fn host_exists(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        client: NodeId,
        arrival: &Arrival,
    ) -> bool {
        let Some(number) = arrival.preview else {
            return true;
        };
        let (id, of) = (arrival.request.id, arrival.request.route);
        let found = self.installation.services.preview(of, number);
        let fact = Fact::yes(found.is_some());
        let gone = out.require(cx, &gate::PREVIEW_OWNER_ONLY, id.into(), fact);
        if gone.is_err() {
            self.respond(cx, out, client, id, 404, Reason::NoPreview, Duration::ZERO);
            return false;
        }
        found.is_none_or(|route| self.is_retained(cx, out, client, id, route))
    }

    /// For how long there has been a later preview in the place of one.
    fn superseded_for(&self, cx: &Context<'_>, route: RouteId) -> Duration {
        match self.installation.services.environment(route) {
            Environment::Preview(preview) => preview
                .superseded
                .map_or(Duration::ZERO, |since| cx.now.since(since)),
            Environment::Production => Duration::ZERO,
        }
    }

    /// Whether a preview is still kept; if not, the request is answered. The later preview is no substitute either: what
    /// somebody was sent a link to is that one and no other.
    fn is_retained(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        client: NodeId,
        id: RequestId,
        route: RouteId,
    ) -> bool {
        let Environment::Preview(Preview {
            superseded: Some(_),
            ..
        }) = self.installation.services.environment(route)
        else {
            return true;
        };
        let kept = cx.knobs.get(&knob::PREVIEW_RETENTION);
        let fact = Fact::below(self.superseded_for(cx, route).0, kept);
        let over = out.require(cx, &gate::PREVIEW_RETAINED, id.into(), fact);
        if over.is_err() {
            out.note(Note::Traces(Tell::PreviewGone { request: id, route }));
            let reason = Reason::PreviewGone;
            self.respond(cx, out, client, id, 410, reason, Duration::ZERO);
        }
        over.is_ok()
    }

    /// Whether a request may reach what its route leads to; if not, it is answered. A preview that is bound to the
    /// production's data is none.
    pub(super) fn may_enter(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        client: NodeId,
        request: &Request,
    ) -> bool {
        if !self.is_preview(request.route) {
            return true;
        }
        let id = request.id;
        let apart = Fact::yes(self.is_isolated(request.route));
        let mixed = out.require(cx, &gate::PREVIEW_ISOLATED, id.into(), apart);
        if mixed.is_err() {
            let reason = Reason::NotIsolated;
            self.respond(cx, out, client, id, 503, reason, Duration::ZERO);
        }
        mixed.is_ok()
    }

    /// How many wakes of a preview were asked for within the window.
    fn asked_lately(&self, cx: &Context<'_>, route: RouteId) -> u64 {
        let window = cx.knobs.time(&knob::WAKE_WINDOW);
        let asked = self.previews.asked.iter();
        asked
            .filter(|(of, at)| *of == route && cx.now.since(*at) < window)
            .count() as u64
    }

    fn preview_budget(&self, cx: &Context<'_>, out: &mut Out, route: RouteId) -> bool {
        let most = cx.knobs.get(&knob::PREVIEW_WAKES);
        let fact = Fact::below(self.asked_lately(cx, route), most);
        out.require(cx, &gate::PREVIEW_BUDGET, route.into(), fact)
            .is_ok()
    }

    /// Whether a request may wait for a preview's wake; if not, it is answered. Waiting for one that is under way costs
    /// nothing.
    pub(super) fn preview_may_wake(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        client: NodeId,
        request: &Request,
    ) -> bool {
        let (id, route) = (request.id, request.route);
        let under_way = self.routes.get(route).is_some_and(|view| {
            view.wake.is_active() || view.asked_at.is_some() || view.wake == crate::wake::State::Hot
        });
        if !self.is_preview(route) || under_way || self.preview_budget(cx, out, route) {
            return true;
        }
        let first = self.previews.asked.iter().find(|(of, _)| *of == route);
        let window = cx.knobs.time(&knob::WAKE_WINDOW);
        let free = first.map_or(cx.now, |(_, at)| at.after(window));
        let reason = Reason::PreviewBudget;
        self.respond(cx, out, client, id, 503, reason, free.since(cx.now));
        false
    }

    /// Whether a wake may be asked for, which counts if it is a preview's.
    pub(super) fn preview_wakes(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        route: RouteId,
    ) -> bool {
        if !self.is_preview(route) {
            return true;
        }
        if !self.preview_budget(cx, out, route) {
            self.refuse_held(cx, out, route, Reason::PreviewBudget);
            return false;
        }
        let window = cx.knobs.time(&knob::WAKE_WINDOW);
        self.previews
            .asked
            .retain(|(_, at)| cx.now.since(*at) < window);
        self.previews.asked.push((route, cx.now));
        true
    }

    /// A preview has answered: that is evidence for its deployment, if exactly that has answered.
    pub(super) fn validated(
        &self,
        out: &mut Out,
        request: RequestId,
        route: RouteId,
        allocation: AllocationId,
        ok: bool,
    ) {
        let owner = self.routes.get(route);
        let exact = self
            .allocations
            .get(allocation)
            .is_some_and(|view| owner.is_some_and(|owner| owner.epoch == view.epoch));
        if let Some(owner) = owner.filter(|_| ok && exact && self.is_preview(route)) {
            let deployment = owner.deployment;
            out.note(Note::Traces(Tell::Validated {
                request,
                deployment,
            }));
        }
    }

    /// A preview is bound to data, or there is a later one in its place.
    pub(super) fn on_order(&mut self, cx: &Context<'_>, out: &mut Out, command: Command) {
        let (route, isolated) = match command {
            Command::BindPreview { route, isolated } => (route, isolated),
            Command::SupersedePreview { route } => {
                self.installation.services.supersede(route, cx.now);
                return out.note(Note::Traces(Tell::Superseded { route }));
            }
            Command::LimitConnections { most } => {
                self.installation.services.connections = Some(most.unwrap_or(u32::MAX));
                return out.note(Note::Traces(Tell::ConnectionsLimited { most }));
            }
        };
        self.installation.services.bind(route, isolated);
        out.note(Note::Traces(Tell::Bound { route, isolated }));
        // Whoever waits for it may not go there any more.
        let apart = Fact::yes(isolated);
        if out
            .require(cx, &gate::PREVIEW_ISOLATED, route.into(), apart)
            .is_err()
        {
            self.refuse_held(cx, out, route, Reason::NotIsolated);
        }
    }
}
