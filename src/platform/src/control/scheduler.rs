//! The scheduler: where an allocation runs, when another may start, and what ends one that does not get there.

use super::orders::What;
use super::{Allocation, ControlPlane, Effect, Out};
use crate::allocation::{State, Transition};
use crate::id::{AllocationId, DeploymentId, Epoch, OutboxId, RouteId, Token, node_subject};
use crate::message::Cause;
use crate::note::Note;
use crate::{gate, knob};
use machine::{Context, Fact, NodeId, Time};

/// What the scheduler made of a wish for one more allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// It was planned.
    Placed(AllocationId),
    /// Enough starts are under way; another may follow when one of them has ended.
    MustWait,
    /// No host has room.
    NoHost,
    /// The last one failed for want of a secret, and nobody has bound it yet.
    NoSecret,
}

impl ControlPlane {
    /// Plans one more allocation of a route. The order leaves when the caller says so.
    pub(super) fn plan(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: RouteId,
        epoch: Epoch,
    ) -> Plan {
        let Some(route) = self.routes.get(id.0.into()).map(|row| row.value) else {
            return Plan::NoHost;
        };
        // An older epoch had an owner of its own; what ran under it says which.
        let of_epoch = |value: &Allocation| value.route == id && value.epoch == epoch;
        let earlier = self
            .allocations
            .iter()
            .rev()
            .find(|(_, row)| of_epoch(&row.value))
            .map(|(_, row)| row.value.deployment);
        let deployment = if epoch == route.epoch {
            route.deployment
        } else {
            earlier.unwrap_or(route.deployment)
        };
        self.place(cx, out, id, epoch, deployment)
    }

    /// Plans one more allocation of a deployment, for a route under an epoch.
    pub(super) fn place(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: RouteId,
        epoch: Epoch,
        deployment: DeploymentId,
    ) -> Plan {
        let Some(region) = self.routes.get(id.0.into()).map(|row| row.value.region) else {
            return Plan::NoHost;
        };
        let starting = self
            .live_of(id)
            .filter(|(_, allocation)| allocation.state.is_starting())
            .count() as u64;
        let limit = cx.knobs.get(&knob::START_LIMIT);
        if out
            .require(
                cx,
                &gate::START_LIMIT,
                id.into(),
                Fact::below(starting, limit),
            )
            .is_err()
        {
            return Plan::MustWait;
        }
        if !self.has_its_secrets(cx, out, deployment) {
            return Plan::NoSecret;
        }
        let Some(needed) = self
            .deployments
            .get(deployment.0.into())
            .map(|row| row.value.limit)
        else {
            return Plan::NoHost;
        };

        let hosts = self
            .installation
            .hosts
            .iter()
            .filter(|host| host.region == region && self.is_connected(host.runner));
        let free = hosts.map(|host| {
            (
                host.memory.saturating_sub(self.promised(host.runner)),
                host.runner,
            )
        });
        // The most free memory, and among equals the lowest number. One that is cordoned is looked at only when no other
        // has room, so that the rule against it is asked, and said.
        let best = free.max_by_key(|(free, runner)| {
            let fits = *free >= needed;
            let usable = fits && !self.is_cordoned(*runner);
            (usable, *free, core::cmp::Reverse(*runner))
        });
        let subject = best.map_or(id.into(), |(_, runner)| node_subject(runner));
        let fact = Fact::at_least(best.map_or(0, |(free, _)| free), needed);
        let fact = Fact {
            holds: fact.holds && best.is_some(),
            ..fact
        };
        if out.require(cx, &gate::HOST_FITS, subject, fact).is_err() {
            return Plan::NoHost;
        }
        let Some((_, host)) = best else {
            return Plan::NoHost;
        };
        if !self.placeable(cx, out, host) {
            return Plan::NoHost;
        }
        let (allocation, _) = self.create_allocation(
            cx,
            out,
            Allocation {
                route: id,
                epoch,
                deployment,
                host,
                limit: needed,
                token: Token(1),
                state: State::Planned,
                serving: false,
                passes: 0,
                passed_at: Time::ZERO,
                verified: None,
                restarts: 0,
                window_at: cx.now,
                since: cx.now,
                planned_at: cx.now,
                up: false,
                healthy: false,
                failed_at: Time::ZERO,
                leaving: false,
                report: None,
                cause: Cause::None,
            },
        );
        Plan::Placed(allocation)
    }

    /// Orders a planned allocation to be run, when `row` (or else all that is committed) is durable.
    pub(super) fn order_run(&mut self, id: AllocationId, row: Option<OutboxId>) {
        let newest = row.or_else(|| self.newest.get(&id.into()).copied());
        if let Some(row) = newest {
            self.order(id, What::Run, row);
        }
    }

    /// The memory promised to what runs on a host.
    pub(super) fn promised(&self, host: NodeId) -> u64 {
        let limits = self
            .live
            .values()
            .flatten()
            .filter_map(|id| self.allocations.get(id.0));
        limits
            .filter(|row| row.value.host == host)
            .fold(0, |sum, row| sum.saturating_add(row.value.limit))
    }

    /// An allocation of this owner that nobody has taken up, the furthest along first.
    pub(super) fn spare(&self, route: RouteId, epoch: Epoch) -> Option<AllocationId> {
        let usable = |(id, value): &(AllocationId, &Allocation)| {
            value.epoch == epoch
                && value.state != State::Draining
                && !value.leaving
                && self.is_connected(value.host)
                && self.waiting_for(*id, value).is_empty()
        };
        // Of equals the oldest, which `max_by_key` would pass over.
        let spares = self.live_of(route).filter(usable);
        spares
            .max_by_key(|(id, value)| (value.state, value.healthy, core::cmp::Reverse(*id)))
            .map(|(id, _)| id)
    }

    /// Puts an allocation into rotation or takes it out, with all that follows from it.
    pub(super) fn set_serving(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: AllocationId,
        serving: bool,
    ) -> Option<OutboxId> {
        let row =
            self.write_allocation(cx, out, id, None, |allocation| allocation.serving = serving)?;
        if !serving && let Some(value) = self.allocations.get(id.0).map(|row| row.value) {
            self.check_last(cx, out, value.route, value.epoch);
        }
        Some(row)
    }

    /// Whether a healthy allocation belongs in rotation now: its runner is there, it is not on its way out, and its
    /// route is awake or about to be.
    pub(super) fn belongs_in_rotation(&self, value: &Allocation) -> bool {
        let awake =
            |state: crate::wake::State| state.is_active() || state == crate::wake::State::Hot;
        self.is_connected(value.host)
            && !value.leaving
            && self
                .wakes_of(value.route, value.epoch)
                .iter()
                .any(|(_, wake)| awake(wake.state))
    }

    /// Puts a healthy allocation into rotation if it belongs there.
    pub(super) fn rejoin(&mut self, cx: &Context<'_>, out: &mut Out, id: AllocationId) {
        let Some(value) = self.allocations.get(id.0).map(|row| row.value) else {
            return;
        };
        if value.healthy && self.belongs_in_rotation(&value) {
            self.set_serving(cx, out, id, true);
        }
    }

    /// An allocation has failed; a runner that may still have something of it is told to stop.
    pub(super) fn fail(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: AllocationId,
        cause: Cause,
        stop: bool,
        report: Option<crate::id::ReportId>,
    ) -> bool {
        let row = self.write_allocation(cx, out, id, Some(Transition::Broke), |allocation| {
            allocation.serving = false;
            allocation.healthy = false;
            allocation.cause = cause;
            allocation.report = report.or(allocation.report);
        });
        let Some(row) = row else { return false };
        out.note(Note::AllocationFailed {
            allocation: id,
            cause,
        });
        if stop {
            self.then(row, Effect::StopEnded(id));
        }
        let deployment = self.allocations.get(id.0).map(|row| row.value.deployment);
        if let Some(deployment) = deployment.filter(|_| cause == Cause::SecretMissing) {
            self.want_secret(cx, out, deployment);
        }
        self.ended(cx, out, id, cause);
        true
    }

    /// An allocation that has not run yet is called off.
    pub(super) fn cancel(&mut self, cx: &Context<'_>, out: &mut Out, id: AllocationId) {
        if let Some(row) =
            self.write_allocation(cx, out, id, Some(Transition::Cancelled), |allocation| {
                allocation.cause = Cause::Cancelled
            })
        {
            self.then(row, Effect::StopEnded(id));
            self.ended(cx, out, id, Cause::Cancelled);
        }
    }

    /// A pull or a start took too long, or a process was unhealthy for too long.
    pub(super) fn allocation_due(&mut self, cx: &Context<'_>, out: &mut Out, id: AllocationId) {
        let Some(value) = self.allocations.get(id.0).map(|row| row.value) else {
            return;
        };
        match value.state {
            State::Planned | State::Pulling => {
                self.fail(cx, out, id, Cause::PullTimeout, true, None);
            }
            State::Starting => {
                self.fail(cx, out, id, Cause::ReadinessTimeout, true, None);
            }
            State::Ready if !value.healthy => {
                self.fail(cx, out, id, Cause::ReadinessTimeout, true, None);
            }
            _ => {}
        }
    }
}
