//! What the watch asks of the control plane: how apps are, and to carry out what may go on.

use super::{ControlPlane, Out};
use crate::allocation::State;
use crate::id::RouteId;
use crate::ledger::Ledger;
use crate::message::{Message as Said, Reason};
use crate::outage::Message;
use crate::wake;
use crate::{gate, knob};
use machine::{Context, Duration, Fact, NodeId, Time, fingerprint};

/// What the watch said last about an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Word {
    /// Whether what it needs of a provider is not there.
    held: bool,
    /// Whether that was so since the app was woken last.
    returns: bool,
    /// When it was said.
    at: Time,
    nth: u32,
}

/// What the watch says of apps, and who is let go after an outage. In memory only: it is said again soon.
#[derive(Clone, Debug, Default)]
pub(super) struct HeldBack {
    words: Ledger<RouteId, Word>,
    /// When the step under way began.
    step_at: Time,
    /// How many were woken in it.
    stepped: u64,
}

impl HeldBack {
    /// How many that had to wait were woken in the step under way.
    fn let_go(&self, now: Time, interval: Duration) -> u64 {
        if now.since(self.step_at) >= interval {
            0
        } else {
            self.stepped
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.map().is_empty()
    }

    pub(super) fn fingerprint(&self) -> u64 {
        let step = fingerprint::digest(&(self.step_at, self.stepped));
        fingerprint::fold(self.words.fingerprint(), step)
    }
}

impl ControlPlane {
    pub(super) fn on_watch(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        message: Message,
    ) {
        match message {
            Message::HealthAsk { route, held, nth } => {
                let before = self.held.words.get(route).copied();
                if before.is_none_or(|word| word.nth < nth) {
                    let word = Word {
                        held,
                        returns: before.is_some_and(|word| word.held || word.returns),
                        at: cx.now,
                        nth,
                    };
                    self.held.words.insert(route, word);
                }
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

    /// Whether waking an app could help: nothing that it needs is in an outage, and it is its turn if that is only just over. A
    /// word that is too old is none, so that nothing waits because the watch itself is gone.
    pub(super) fn may_wake(
        &self,
        cx: &Context<'_>,
        out: &mut Out,
        route: RouteId,
    ) -> Result<(), (Reason, Time)> {
        let Some(word) = self.held.words.get(route) else {
            return Ok(());
        };
        let fresh = cx.now.since(word.at) <= cx.knobs.time(&knob::PROVIDER_EVIDENCE_TTL);
        let free = Fact::yes(!(word.held && fresh));
        out.require(cx, &gate::WAKE_NOT_POINTLESS, route.into(), free)
            .map_err(|_| {
                let probes = cx.knobs.get(&knob::PROBE_ROUNDS) * cx.knobs.get(&knob::RETURN_PROBES);
                let round = cx.knobs.time(&knob::HEALTH_INTERVAL);
                (Reason::ProviderDown, cx.now.after(round.times(probes)))
            })?;
        if !(word.held || word.returns) {
            return Ok(());
        }
        let interval = cx.knobs.time(&knob::LIFT_INTERVAL);
        let let_go = self.held.let_go(cx.now, interval);
        let room = Fact::below(let_go, cx.knobs.get(&knob::LIFT_STEP));
        out.require(cx, &gate::WAKES_RETURN_IN_STEPS, route.into(), room)
            .map_err(|_| (Reason::ProviderReturns, self.held.step_at.after(interval)))?;
        Ok(())
    }

    /// An app is woken: if it had to wait for a provider, that counts in the step under way.
    pub(super) fn is_let(&mut self, now: Time, interval: Duration, route: RouteId) {
        let Some(mut word) = self.held.words.get(route).copied() else {
            return;
        };
        if !(word.held || word.returns) {
            return;
        }
        let before = self.held.let_go(now, interval);
        if before == 0 {
            self.held.step_at = now;
        }
        self.held.stepped = before + 1;
        word.returns = false;
        self.held.words.insert(route, word);
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
