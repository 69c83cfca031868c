//! Secrets that are missing: what failed for want of one is not begun again before somebody has bound it, and then it is.
//!
//! **Invariants.** The vault is asked again until it says that the secrets are bound. Its word counts only as the answer to
//! an ask that still stands, and once. Which deployments want for a secret is read from the wakes after a crash.

use super::relay::{DOUBLINGS, Sending, wait};
use super::{ControlPlane, Due, Out};
use crate::gate;
use crate::id::{DeploymentId, Epoch, RouteId, WakeId};
use crate::message::{Cause, Message};
use crate::note::Note;
use crate::wake::State;
use alloc::vec::Vec;
use machine::{Context, Fact, Time};

/// What is known of the secrets of a deployment that wanted for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Wanting {
    /// How the vault is asked.
    asking: Sending,
    /// Whether it has said that they are all there.
    bound: bool,
}

impl ControlPlane {
    /// A start failed for want of a secret: the vault is asked to say when it is there.
    pub(super) fn want_secret(&mut self, cx: &Context<'_>, out: &mut Out, id: DeploymentId) {
        if self.installation.vault.is_none() || self.secrets.get(id).is_some_and(|it| !it.bound) {
            return;
        }
        // No number is used twice: it asks less than once per millisecond.
        let started = u32::try_from(cx.now.0 / 1_000).unwrap_or(u32::MAX / 2);
        let last = self.secrets.get(id).map_or(0, |it| it.asking.nth);
        let nth = last.max(started);
        let asking = Sending {
            first: nth.saturating_add(1),
            nth,
            doubled: 0,
        };
        let bound = false;
        self.secrets.insert(id, Wanting { asking, bound });
        self.ask_vault(cx, out, id);
    }

    /// Asks the vault, and asks again after a while.
    pub(super) fn ask_vault(&mut self, cx: &Context<'_>, out: &mut Out, deployment: DeploymentId) {
        let Some(vault) = self.installation.vault else {
            return;
        };
        let Some(mut wanting) = self.secrets.get(deployment).copied().filter(|it| !it.bound) else {
            return;
        };
        let asking = &mut wanting.asking;
        asking.nth = asking.nth.saturating_add(1);
        let (nth, doubled) = (asking.nth, asking.doubled);
        asking.doubled = (doubled + 1).min(DOUBLINGS);
        self.secrets.insert(deployment, wanting);
        let due = cx.now.after(wait(cx, doubled));
        self.agenda.set(Due::Secret(deployment), due);
        self.say(out, vault, Message::SecretsAwait { deployment, nth });
    }

    /// The vault has all secrets of a deployment: what failed for want of one is begun again.
    pub(super) fn on_secret_bound(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        deployment: DeploymentId,
        nth: u32,
    ) {
        let Some(mut wanting) = self.secrets.get(deployment).copied() else {
            return;
        };
        let stands = (wanting.asking.first..=wanting.asking.nth).contains(&nth);
        if wanting.bound || !stands {
            return;
        }
        wanting.bound = true;
        self.secrets.insert(deployment, wanting);
        self.agenda.clear(Due::Secret(deployment));
        out.note(Note::SecretBound { deployment });
        for (id, route, epoch) in self.wanting_wakes() {
            let owner = self
                .routes
                .get(route.0.into())
                .map(|row| row.value.deployment);
            if owner == Some(deployment) {
                self.begin_again(cx, out, (id, route, epoch));
            }
        }
    }

    /// The wakes of current owners that stand where a missing secret has left them.
    fn wanting_wakes(&self) -> Vec<(WakeId, RouteId, Epoch)> {
        let routes = self.routes.iter();
        routes
            .filter_map(|(route, row)| {
                let (route, epoch) = (RouteId(route as u16), row.value.epoch);
                let (id, wake) = self.wakes_of(route, epoch).last().copied()?;
                let rests = matches!(wake.state, State::Failed | State::Cold);
                (rests && wake.cause == Cause::SecretMissing).then_some((id, route, epoch))
            })
            .collect()
    }

    /// A wake that failed for want of a secret is asked for once more, if the secret is there and its cool-down is over.
    pub(super) fn begin_again(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        (id, route, epoch): (WakeId, RouteId, Epoch),
    ) {
        let wake = self.wakes.get(id.0).map(|row| row.value);
        let waits = wake.is_some_and(|wake| {
            wake.state == State::Cold && wake.cause == Cause::SecretMissing && wake.epoch == epoch
        });
        let owner = self.routes.get(route.0.into()).map(|row| row.value);
        let bound = owner
            .filter(|owner| owner.epoch == epoch)
            .and_then(|owner| self.secrets.get(owner.deployment))
            .is_some_and(|wanting| wanting.bound);
        if waits && bound {
            self.ask_for_wake(cx, out, route, epoch);
        }
    }

    /// Whether a deployment may be started: it wanted for no secret, or what was missing has been bound since.
    pub(super) fn has_its_secrets(
        &self,
        cx: &Context<'_>,
        out: &mut Out,
        deployment: DeploymentId,
    ) -> bool {
        let Some(wanting) = self.secrets.get(deployment) else {
            return true;
        };
        out.require(
            cx,
            &gate::SECRET_BOUND,
            deployment.into(),
            Fact::yes(wanting.bound),
        )
        .is_ok()
    }

    /// When the vault is asked about a deployment's secrets again.
    pub(super) fn secret_due(&self, cx: &Context<'_>, deployment: DeploymentId) -> Time {
        self.agenda
            .due(Due::Secret(deployment))
            .unwrap_or_else(|| cx.now.after(wait(cx, 0)))
    }

    /// After a crash the vault is asked again about what wanted for a secret.
    pub(super) fn resume_secrets(&mut self, cx: &Context<'_>, out: &mut Out) {
        for (_, route, _) in self.wanting_wakes() {
            if let Some(owner) = self.routes.get(route.0.into()).map(|row| row.value) {
                self.want_secret(cx, out, owner.deployment);
            }
        }
    }
}
