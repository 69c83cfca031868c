//! Asking for a wake: once, and again only while nothing is heard.

use super::{Due, Edge, Out};
use crate::id::RouteId;
use crate::knob;
use crate::message::{Message, Reason};
use crate::note::Note;
use crate::wake::State;
use machine::{Context, Duration};

impl Edge {
    /// How much longer a route rests before it makes sense to ask for it.
    pub(super) fn rest(&self, cx: &Context<'_>, route: RouteId) -> Duration {
        let resting = self
            .routes
            .get(route)
            .filter(|view| view.wake == State::Failed || view.refused.is_some());
        resting.map_or(Duration::ZERO, |view| view.retry_at.since(cx.now))
    }

    /// A request wants a route awake: it joins the wake that is under way, or asks for one.
    pub(super) fn demand(&mut self, cx: &Context<'_>, out: &mut Out, route: RouteId) {
        let Some(view) = self.routes.get(route).copied() else {
            return;
        };
        if self.rest(cx, route) > Duration::ZERO {
            return;
        }
        if view.wake.is_active() || view.asked_at.is_some() || view.wake == State::Hot {
            out.note(Note::WakeCoalesced {
                route,
                epoch: view.epoch,
            });
        }
        self.ask_if_silent(cx, out, route);
    }

    /// Asks for a wake, unless one is under way or was asked for.
    pub(super) fn ask_if_silent(&mut self, cx: &Context<'_>, out: &mut Out, route: RouteId) {
        let Some(view) = self.routes.get(route).copied() else {
            return;
        };
        if view.wake.is_active() || view.asked_at.is_some() {
            return;
        }
        if view.wake == State::Hot {
            // The log says that something serves, so that is on its way here, too. If it does not come, it is asked for.
            if !self.agenda.has(Due::Ask(route)) {
                self.agenda.set(
                    Due::Ask(route),
                    cx.now.after(cx.knobs.time(&knob::WAKE_ASK_INTERVAL)),
                );
            }
            return;
        }
        if self.preview_wakes(cx, out, route) {
            self.ask(cx, out, route);
        }
    }

    fn ask(&mut self, cx: &Context<'_>, out: &mut Out, route: RouteId) {
        let Some(epoch) = self.routes.get(route).map(|view| view.epoch) else {
            return;
        };
        let nth = self.next_nth();
        self.routes.update(route, |view| {
            view.asked_at = Some(cx.now);
            view.asked_nth = nth;
        });
        let region = self.installation.region;
        out.send(
            self.installation.control,
            Message::WakeAsk {
                route,
                region,
                epoch,
                nth,
            },
        );
        self.agenda.set(
            Due::Ask(route),
            cx.now.after(cx.knobs.time(&knob::WAKE_ASK_INTERVAL)),
        );
    }

    /// Nothing was heard of a wake.
    pub(super) fn ask_due(&mut self, cx: &Context<'_>, out: &mut Out, route: RouteId) {
        self.routes.update(route, |view| view.asked_at = None);
        let wanted = self.held.iter().any(|held| held.route == route);
        let Some(view) = self.routes.get(route).copied().filter(|_| wanted) else {
            return;
        };
        let rest = self.rest(cx, route);
        if rest > Duration::ZERO {
            let reason = view.refused.unwrap_or(Reason::CoolDown);
            return self.refuse_held(cx, out, route, reason);
        }
        if !view.wake.is_active() && !self.serves(route, view.epoch) {
            self.ask(cx, out, route);
        }
    }
}
