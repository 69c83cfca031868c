//! Commands of an operator: each goes through the same gates as everything else, and can be refused.

use super::orders::What;
use super::scheduler::Plan;
use super::wakes::{Asked, cold};
use super::{ControlPlane, Deployment, Out, Route, Wake};
use crate::allocation;
use crate::id::{AllocationId, DeploymentId, Epoch, Region, RouteId, WakeId};
use crate::message::{Cause, Command};
use crate::note::Note;
use crate::wake::{State, Transition};
use crate::{gate, knob};
use alloc::vec::Vec;
use machine::{Context, Fact, Time};

impl ControlPlane {
    /// An operator orders something.
    pub(super) fn on_command(&mut self, cx: &Context<'_>, out: &mut Out, command: Command) {
        let done = match command {
            Command::RetryWake { route, region } => self.retry_wake(cx, out, route, region),
            Command::MarkHot { route, region } => self.mark_hot(cx, out, route, region),
            Command::StartAllocation { route, region } => {
                self.start_allocation(cx, out, route, region)
            }
            Command::TakeBack { route, region } => self.take_back_newest(cx, out, route, region),
            Command::DeleteWake { route, region } => self.delete_wake(cx, out, route, region),
            Command::StopAllocation { allocation } => self.stop_allocation(cx, out, allocation),
            Command::Promote {
                route,
                deployment,
                predecessor,
            } if self.streams() => {
                self.request_promotion(cx, out, route, deployment, predecessor, 0)
            }
            Command::Promote {
                route,
                deployment,
                predecessor,
            } => self.promote(cx, out, route, deployment, predecessor),
            Command::SetMemoryLimit { deployment, limit } => {
                self.set_memory_limit(out, deployment, limit)
            }
            Command::NotifyOwner { route, cause } => {
                out.note(Note::OwnerNotified { route, cause });
                true
            }
            Command::Host(command) => self.on_host_command(cx, out, command),
            Command::Promotion(command) => self.on_promotion_command(cx, out, command),
            Command::Cleanup(command) => self.on_cleanup_command(cx, out, command),
            Command::Pressure(command) => self.on_setting(cx, out, command),
            // Not this node's to carry out.
            Command::BindSecret { .. }
            | Command::RepairArtifact { .. }
            | Command::Region(_)
            | Command::Migration(_)
            | Command::Pipeline(_)
            | Command::GitOps(_)
            | Command::Traces(_)
            | Command::Restore(_)
            | Command::Sessions(_)
            | Command::Outage(_) => false,
        };
        let command = command.number();
        out.note(if done {
            Note::CommandDone { command }
        } else {
            Note::CommandRefused { command }
        });
    }

    /// The route, if it is served in this region.
    fn route_in(&self, route: RouteId, region: Region) -> Option<Route> {
        self.routes
            .get(route.0.into())
            .map(|row| row.value)
            .filter(|value| value.region == region)
    }

    /// The newest wake of a route under its current owner.
    fn current_wake(&self, route: RouteId, region: Region) -> Option<(WakeId, Wake)> {
        let epoch = self.route_in(route, region)?.epoch;
        self.wakes_of(route, epoch).last().copied()
    }

    /// Ends the cool-down and asks again, as an edge would.
    fn retry_wake(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        route: RouteId,
        region: Region,
    ) -> bool {
        let Some(epoch) = self.route_in(route, region).map(|route| route.epoch) else {
            return false;
        };
        if let Some((id, wake)) = self.current_wake(route, region)
            && wake.state == State::Failed
        {
            self.write_wake(cx, out, id, Some(Transition::Cooled), |_| {});
        }
        self.ask_for_wake(cx, out, route, epoch) == Asked::Requested
    }

    /// Declares a wake hot: true only if what makes it hot by itself is true.
    fn mark_hot(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        route: RouteId,
        region: Region,
    ) -> bool {
        let Some((id, wake)) = self.current_wake(route, region) else {
            return false;
        };
        let fact = Fact::at_least(self.serving_count(route, wake.epoch), 1);
        if out
            .require(cx, &gate::ALLOCATION_PASSES_READINESS, id.into(), fact)
            .is_err()
            || wake.state == State::Hot
        {
            return false;
        }
        // The lifecycle has no arrow to hot from anywhere; the row walks the ones it has, and each is told.
        for step in [
            Transition::Cooled,
            Transition::Requested,
            Transition::Started,
            Transition::ProcessUp,
        ] {
            self.write_wake(cx, out, id, Some(step), |wake| {
                if step == Transition::Requested {
                    wake.requested_at = cx.now;
                    wake.allocation = None;
                }
            });
        }
        self.become_hot(cx, out, id);
        self.wakes
            .get(id.0)
            .is_some_and(|row| row.value.state == State::Hot)
    }

    fn start_allocation(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        route: RouteId,
        region: Region,
    ) -> bool {
        let Some(epoch) = self.route_in(route, region).map(|route| route.epoch) else {
            return false;
        };
        let there = self.allocations.iter().rev().filter(|(_, row)| {
            let state = row.value.state;
            !matches!(
                state,
                allocation::State::Stopped | allocation::State::Failed
            )
        });
        let fact = Fact::below(there.count() as u64, cx.knobs.get(&knob::EDGE_CONNECTIONS));
        if out
            .require(cx, &gate::CONNECTIONS_LEFT, route.into(), fact)
            .is_err()
        {
            return false;
        }
        let Plan::Placed(id) = self.plan(cx, out, route, epoch) else {
            return false;
        };
        self.order_run(id, None);
        true
    }

    /// Takes an allocation too many back: the newest of the owner, if an older one serves without it.
    fn take_back_newest(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        route: RouteId,
        region: Region,
    ) -> bool {
        let Some(epoch) = self.route_in(route, region).map(|route| route.epoch) else {
            return false;
        };
        let mine = |value: &super::Allocation| (value.route, value.epoch) == (route, epoch);
        let ready = self.allocations.iter().rev().filter(|(_, row)| {
            row.value.state == allocation::State::Ready && !row.value.leaving && mine(&row.value)
        });
        let two: Vec<u32> = ready.map(|(id, _)| id).take(2).collect();
        let [newest, _] = two[..] else {
            return false;
        };
        self.stop_allocation(cx, out, AllocationId(newest))
    }

    /// Forgets a wake's failures and its cool-down. What it has started keeps counting against the wake budget.
    fn delete_wake(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        route: RouteId,
        region: Region,
    ) -> bool {
        let Some((id, wake)) = self.current_wake(route, region) else {
            return false;
        };
        if wake.state.is_active() {
            return false;
        }
        let transition = (wake.state == State::Failed).then_some(Transition::Cooled);
        self.write_wake(cx, out, id, transition, |wake| {
            wake.failures = 0;
            wake.cause = Cause::None;
            wake.retry_at = Time::ZERO;
        });
        true
    }

    pub(super) fn stop_allocation(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: AllocationId,
    ) -> bool {
        let Some(value) = self.allocations.get(id.0).map(|row| row.value) else {
            return false;
        };
        match value.state {
            allocation::State::Planned => self.cancel(cx, out, id),
            allocation::State::Pulling | allocation::State::Starting => {
                self.fail(cx, out, id, Cause::Cancelled, true, None);
            }
            allocation::State::Ready if !value.leaving => self.retire(cx, out, id),
            _ => return false,
        }
        true
    }

    /// Gives the route to another deployment, under the next epoch, if `predecessor` is still the current one.
    fn promote(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: RouteId,
        deployment: DeploymentId,
        predecessor: Epoch,
    ) -> bool {
        let Some(row) = self.routes.get(id.0.into()).copied() else {
            return false;
        };
        if self.deployments.get(deployment.0.into()).is_none() {
            return false;
        }
        let found = row.value.epoch;
        if found != predecessor {
            out.note(Note::RouteCasConflict {
                route: id,
                expected: predecessor,
                found,
            });
            return false;
        }
        let epoch = Epoch(found.0.saturating_add(1));
        if self
            .write_route(
                out,
                id,
                row.version,
                Route {
                    deployment,
                    epoch,
                    ..row.value
                },
            )
            .is_none()
        {
            return false;
        }
        out.note(Note::RouteOwnerChanged {
            route: id,
            epoch,
            deployment,
        });
        // Allocations belong to one epoch, and nothing is started ahead of this order: the new owner's wake is cold.
        self.create_wake(out, cold(id, row.value.region, epoch));
        self.leave_epoch(cx, out, id, found, epoch);
        true
    }

    /// What is under way under an older epoch ends.
    pub(super) fn leave_epoch(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        route: RouteId,
        older: Epoch,
        epoch: Epoch,
    ) {
        for (wake, value) in self.wakes_of(route, older) {
            let fact = Fact::equal(older.0.into(), epoch.0.into());
            if value.state.is_active()
                && out
                    .require(cx, &gate::ROUTE_EPOCH_CURRENT, wake.into(), fact)
                    .is_err()
            {
                self.give_up(cx, out, wake, Cause::OldEpoch);
            }
        }
        self.retire_older(cx, out, route, epoch);
    }

    fn set_memory_limit(&mut self, out: &mut Out, id: DeploymentId, limit: u64) -> bool {
        let Some(row) = self.deployments.get(id.0.into()).copied() else {
            return false;
        };
        self.write_deployment(out, id, row.version, Deployment { limit, ..row.value })
            .is_some()
    }

    /// Drains what was draining before a crash.
    pub(super) fn order_stop(&mut self, id: AllocationId) {
        if let Some(row) = self.newest.get(&id.into()).copied() {
            self.order(id, What::Stop, row);
        }
    }
}
