//! What the watch asks of the control plane: how apps are, and to carry out what may go on.

use super::{ControlPlane, Out};
use crate::allocation::State;
use crate::id::RouteId;
use crate::message::Message as Said;
use crate::outage::Message;
use crate::wake;
use machine::{Context, NodeId, Time};

impl ControlPlane {
    pub(super) fn on_watch(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        message: Message,
    ) {
        match message {
            Message::HealthAsk { route, nth } => {
                let ill = self.is_ill(route);
                let answer = Message::HealthIs { route, ill, nth };
                out.send(from, Said::Outage(answer));
            }
            Message::Carry { work, command, nth } => {
                if !self.carried.contains(work) {
                    self.carried.insert(work, ());
                    self.on_command(cx, out, command);
                }
                out.send(from, Said::Outage(Message::Carried { work, nth }));
            }
            // Said to others.
            _ => {}
        }
    }

    /// Whether something that runs for a route does not answer its checks, or could not be woken.
    fn is_ill(&self, route: RouteId) -> bool {
        let live = self.live.get(&route).into_iter().flatten();
        let mut live = live.filter_map(|id| self.allocations.get(id.0).map(|row| &row.value));
        let unwell = live.any(|value| {
            matches!(value.state, State::Starting | State::Ready)
                && !value.healthy
                && value.failed_at > Time::ZERO
        });
        let owner = self.routes.get(route.0.into()).map(|row| row.value.epoch);
        unwell
            || owner.is_some_and(|epoch| {
                let wakes = self.wakes_of(route, epoch);
                let newest = wakes.last().map(|(_, wake)| wake.state);
                newest == Some(wake::State::Failed)
            })
    }
}
