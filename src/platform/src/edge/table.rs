//! The edge's table: what the log has said about routes, wakes and allocations.
//!
//! **Invariants.** An event is taken only if it is newer than what the table holds of its entity, and acknowledged in
//! either case. An event that is not taken changes nothing at all.

use super::{Due, Edge, Out};
use crate::id::{DeploymentId, Epoch, OutboxId, RouteId, Token, WakeId};
use crate::message::{Event, Message, Reason};
use crate::note::Note;
use crate::wake::State;
use crate::{allocation, knob, wake};
use machine::{Context, NodeId, Time};

/// What the edge believes of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RouteView {
    /// The owner's authority number.
    pub epoch: Epoch,
    /// The owner.
    pub deployment: DeploymentId,
    /// The version of the route row that said so.
    pub version: u32,
    /// The state of the wake under this epoch, as far as the log has told.
    pub wake: wake::State,
    /// When it makes sense to ask again.
    pub retry_at: Time,
    /// When it last asked for a wake that it has not heard of since.
    pub asked_at: Option<Time>,
    /// The number of that ask.
    pub asked_nth: u32,
    /// Why the control plane would not start a wake, if it said no to the last ask.
    pub refused: Option<Reason>,
}

/// What the edge believes of an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AllocationView {
    /// For which route.
    pub route: RouteId,
    /// Under which owner.
    pub epoch: Epoch,
    /// Where it runs.
    pub host: NodeId,
    /// Its token.
    pub token: Token,
    /// Its state.
    pub state: allocation::State,
    /// Whether it is in rotation.
    pub serving: bool,
    /// The version of the row that said so.
    pub version: u32,
    /// Requests handed to it and not answered yet, by this edge.
    pub in_flight: u32,
}

/// What the edge believes of a wake. Kept by wake, since a wake of the next owner may be heard of before that owner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct WakeView {
    route: RouteId,
    epoch: Epoch,
    state: wake::State,
    retry_at: Time,
    version: u32,
}

/// The control plane's no to an ask.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    pub(super) route: RouteId,
    pub(super) epoch: Epoch,
    pub(super) reason: Reason,
    pub(super) retry_at: Time,
    pub(super) nth: u32,
}

impl Edge {
    /// Asks for the log, until the first event of it has come.
    pub(super) fn follow(&mut self, cx: &Context<'_>, out: &mut Out) {
        let nth = self.next_nth();
        if self.following == 0 {
            self.following = nth;
        }
        out.send(self.installation.control, Message::Follow { nth });
        self.agenda.set(
            Due::Follow,
            cx.now.after(cx.knobs.time(&knob::RESEND_INTERVAL)),
        );
    }

    /// The log tells something.
    pub(super) fn on_event(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        row: OutboxId,
        event: Event,
        nth: u32,
    ) {
        // What follows on the ask for the log counts on from it; what was under way before proves nothing.
        if nth > self.following {
            self.agenda.clear(Due::Follow);
        }
        out.send(self.installation.control, Message::EventAck { row, nth });
        let known = match event {
            Event::RouteOwner { route, .. } => self.routes.get(route).map(|view| view.version),
            Event::Wake { wake, .. } => self.wakes.get(wake).map(|view| view.version),
            Event::Allocation { allocation, .. } => {
                self.allocations.get(allocation).map(|view| view.version)
            }
            Event::Deployment { deployment, .. } => self.deployments.get(deployment).copied(),
            // Hosts and promotions are no concern of an edge.
            Event::Host(event) => Some(event.version),
            Event::Promotion(event) => Some(event.version()),
            Event::Cleanup(event) => Some(event.version),
            Event::Setting(event) => Some(event.version),
        };
        if known.is_some_and(|known| event.version() <= known) {
            return out.note(Note::EventIgnored { row });
        }
        out.note(Note::EventApplied { row, event });
        match event {
            Event::RouteOwner {
                route,
                epoch,
                deployment,
                version,
            } => {
                self.learn_owner(route, epoch, deployment, version);
                self.pump(cx, out, route);
            }
            Event::Wake {
                wake,
                route,
                epoch,
                to,
                retry_at,
                version,
                ..
            } => {
                self.wakes.insert(
                    wake,
                    WakeView {
                        route,
                        epoch,
                        state: to,
                        retry_at,
                        version,
                    },
                );
                self.learn_wake(cx, out, wake);
            }
            Event::Allocation {
                allocation,
                route,
                epoch,
                host,
                token,
                to,
                serving,
                version,
            } => {
                let in_flight = self
                    .allocations
                    .get(allocation)
                    .map_or(0, |view| view.in_flight);
                let view = AllocationView {
                    route,
                    epoch,
                    host,
                    token,
                    state: to,
                    serving,
                    version,
                    in_flight,
                };
                self.allocations.insert(allocation, view);
                if serving {
                    self.rotation.insert((route, allocation));
                } else {
                    self.rotation.remove(&(route, allocation));
                }
                self.pump(cx, out, route);
            }
            Event::Deployment {
                deployment,
                version,
            } => self.deployments.insert(deployment, version),
            Event::Host(_) | Event::Promotion(_) | Event::Cleanup(_) | Event::Setting(_) => {}
        }
    }

    /// A route has an owner: what is held for it waits for this owner now, with the time it had left.
    pub(super) fn learn_owner(
        &mut self,
        route: RouteId,
        epoch: Epoch,
        deployment: DeploymentId,
        version: u32,
    ) {
        let (wake, retry_at) = self.wake_of(route, epoch);
        let view = RouteView {
            epoch,
            deployment,
            version,
            wake,
            retry_at,
            asked_at: None,
            asked_nth: 0,
            refused: None,
        };
        self.routes.insert(route, view);
        self.agenda.clear(Due::Ask(route));
    }

    /// How awake a route is under an owner: there should be one wake, and if there are more, the furthest along counts.
    fn wake_of(&self, route: RouteId, epoch: Epoch) -> (wake::State, Time) {
        let of_owner = self
            .wakes
            .map()
            .values()
            .filter(|view| view.route == route && view.epoch == epoch);
        let best =
            of_owner.max_by_key(|view| (view.state == wake::State::Hot, view.state.is_active()));
        best.map_or((wake::State::Cold, Time::ZERO), |view| {
            (view.state, view.retry_at)
        })
    }

    /// A wake has moved.
    fn learn_wake(&mut self, cx: &Context<'_>, out: &mut Out, id: WakeId) {
        let Some(WakeView { route, epoch, .. }) = self.wakes.get(id).copied() else {
            return;
        };
        if self
            .routes
            .get(route)
            .is_none_or(|view| view.epoch != epoch)
        {
            return;
        }
        let (wake, retry_at) = self.wake_of(route, epoch);
        self.routes.update(route, |view| {
            view.wake = wake;
            view.retry_at = retry_at;
            view.asked_at = None;
            view.refused = None;
        });
        self.agenda.clear(Due::Ask(route));
        if wake == State::Failed {
            self.refuse_held(cx, out, route, Reason::WakeFailed);
        }
        self.pump(cx, out, route);
    }

    /// The control plane will not start a wake.
    pub(super) fn on_wake_refused(&mut self, cx: &Context<'_>, out: &mut Out, refusal: Refusal) {
        let Refusal {
            route,
            epoch,
            reason,
            retry_at,
            nth,
        } = refusal;
        let Some(view) = self.routes.get(route).copied() else {
            return;
        };
        let awaited = view.asked_at.is_some() && view.asked_nth == nth && view.epoch == epoch;
        // The newer owner is on its way here; what is held waits for it.
        if !awaited || reason == Reason::StaleEpoch {
            return;
        }
        self.routes.update(route, |view| {
            view.asked_at = None;
            view.refused = Some(reason);
            view.retry_at = retry_at;
        });
        self.agenda.clear(Due::Ask(route));
        self.refuse_held(cx, out, route, reason);
    }
}
