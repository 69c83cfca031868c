//! Wakes: who may ask for one, how it becomes hot, how it fails and rests.

use super::scheduler::Plan;
use super::{Allocation, ControlPlane, Due, Out, Wake};
use crate::id::{AllocationId, Epoch, OutboxId, RouteId, WakeId};
use crate::message::{Cause, Message, Reason};
use crate::note::Note;
use crate::wake::{State, Transition};
use crate::{allocation, gate, knob};
use alloc::vec::Vec;
use machine::{Context, Duration, Fact, NodeId, Time};

/// What became of somebody's wish that a route be awake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A wake was requested.
    Requested,
    /// It is awake, or on the way to it.
    Attached,
    /// No.
    Refused(Reason, Time),
}

impl ControlPlane {
    /// An edge asks for a wake.
    pub(super) fn on_wake_ask(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        route: RouteId,
        epoch: Epoch,
        nth: u32,
    ) {
        if nth <= self.asks.get((from, route)).copied().unwrap_or(0) {
            // This ask, or a later one, was here before: it starts nothing, whatever has happened since.
            self.tell_route(out, from, route, nth);
            return;
        }
        self.asks.insert((from, route), nth);
        match self.ask_for_wake(cx, out, route, epoch) {
            Asked::Requested => {}
            Asked::Attached => self.tell_route(out, from, route, nth),
            Asked::Refused(reason, retry_at) => {
                out.note(Note::WakeRefused { route, reason });
                let refused = Message::WakeRefused {
                    route,
                    epoch,
                    reason,
                    retry_at,
                    nth,
                };
                // That the store is busy gives no commit away, and is not to wait for the store.
                if reason == Reason::StoreBusy {
                    out.send(from, refused);
                } else {
                    self.say(out, from, refused);
                }
            }
        }
    }

    /// Tells an edge again what it may not have heard yet: the wake and the allocations of a route.
    fn tell_route(&mut self, out: &mut Out, to: NodeId, route: RouteId, nth: u32) {
        let Some(epoch) = self.routes.get(route.0.into()).map(|row| row.value.epoch) else {
            return;
        };
        let wake = self
            .wakes_by_key
            .get(&(route, epoch))
            .and_then(|ids| ids.last())
            .map(|id| (*id).into());
        let allocations = self.live_of(route).map(|(id, _)| id.into());
        let rows: Vec<OutboxId> = allocations
            .chain(wake)
            .filter_map(|subject| self.newest.get(&subject).copied())
            .collect();
        for row in rows {
            // What was not published yet goes to every edge as soon as it may.
            let event = self
                .outbox
                .get(row.0 as usize)
                .filter(|row| row.published)
                .map(|row| row.event);
            if let Some(event) = event {
                out.send(to, Message::Event { row, event, nth });
            }
        }
    }

    /// Somebody wants a route awake under `epoch`.
    pub(super) fn ask_for_wake(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        route: RouteId,
        epoch: Epoch,
    ) -> Asked {
        let Some(current) = self.routes.get(route.0.into()).map(|row| row.value) else {
            return Asked::Refused(Reason::NoRoute, cx.now);
        };
        let wakes = self.wakes_of(route, epoch);
        let active = wakes
            .iter()
            .filter(|(_, wake)| wake.state.is_active())
            .count() as u64;
        if out
            .require(cx, &gate::ONE_WAKE, route.into(), Fact::equal(active, 0))
            .is_err()
        {
            return Asked::Attached;
        }
        let fact = Fact::equal(epoch.0.into(), current.epoch.0.into());
        if out
            .require(cx, &gate::ROUTE_EPOCH_CURRENT, route.into(), fact)
            .is_err()
        {
            return Asked::Refused(Reason::StaleEpoch, cx.now);
        }
        let idle = wakes
            .iter()
            .rev()
            .find(|(_, wake)| !wake.state.is_active())
            .copied();
        if let Some((id, wake)) = idle {
            match wake.state {
                State::Hot => return Asked::Attached,
                State::Sleeping => {
                    self.cancel_sleep(cx, out, id);
                    return Asked::Attached;
                }
                State::Failed if cx.now < wake.retry_at => {
                    return Asked::Refused(Reason::CoolDown, wake.retry_at);
                }
                State::Failed => {
                    self.write_wake(cx, out, id, Some(Transition::Cooled), |_| {});
                }
                _ => {}
            }
        }
        if let Err((reason, again)) = self.may_wake(cx, out, route) {
            return Asked::Refused(reason, again);
        }
        if let Err(again) = self.store_keeps_up(cx, out, route) {
            return Asked::Refused(Reason::StoreBusy, again);
        }
        // No hot loop: what failed for want of a secret fails again until somebody binds it.
        if !self.has_its_secrets(cx, out, current.deployment) {
            let again = self.secret_due(cx, current.deployment);
            return Asked::Refused(Reason::SecretMissing, again);
        }
        let budget = cx.knobs.get(&knob::WAKE_BUDGET);
        let window = cx.knobs.time(&knob::WAKE_WINDOW);
        let starts = self.starts_since(route, cx.now, window);
        // Taking up what already runs starts nothing, so it does not count against the budget.
        let spare = self.spare(route, epoch).is_some();
        let fact = Fact {
            holds: spare || (starts.len() as u64) < budget,
            found: starts.len() as u64,
            wanted: budget,
        };
        if out
            .require(cx, &gate::WAKE_BUDGET, route.into(), fact)
            .is_err()
        {
            let oldest = (starts.len() as u64).saturating_sub(budget) as usize;
            let retry_at = starts.get(oldest).copied().unwrap_or(cx.now).after(window);
            return Asked::Refused(Reason::WakeBudget, retry_at);
        }
        let id = match idle {
            Some((id, _)) => id,
            None => self.create_wake(out, cold(route, current.region, epoch)),
        };
        let now = cx.now;
        self.is_let(now, cx.knobs.time(&knob::LIFT_INTERVAL), route);
        self.write_wake(cx, out, id, Some(Transition::Requested), |wake| {
            wake.requested_at = now;
            wake.allocation = None;
            wake.cause = Cause::None;
            wake.retry_at = Time::ZERO;
        });
        self.start(cx, out, id);
        Asked::Requested
    }

    /// The starts of a route in the window that ends now, oldest first.
    fn starts_since(&self, route: RouteId, now: Time, window: Duration) -> Vec<Time> {
        let of_route = self
            .allocations
            .iter()
            .filter(|(_, row)| row.value.route == route);
        of_route
            .map(|(_, row)| row.value.planned_at)
            .filter(|at| now.since(*at) < window)
            .collect()
    }

    /// The scheduler's turn: a requested wake takes up a spare allocation, or gets a new one, or waits for its turn.
    pub(super) fn start(&mut self, cx: &Context<'_>, out: &mut Out, id: WakeId) {
        let Some(wake) = self.wakes.get(id.0).map(|row| row.value) else {
            return;
        };
        if wake.state != State::WakeRequested {
            return;
        }
        let (allocation, order) = match self.spare(wake.route, wake.epoch) {
            Some(spare) => (spare, false),
            None => match self.plan(cx, out, wake.route, wake.epoch) {
                Plan::Placed(allocation) => (allocation, true),
                Plan::MustWait => return,
                Plan::NoHost => return self.give_up(cx, out, id, Cause::NoPlacement),
                Plan::NoSecret => return self.give_up(cx, out, id, Cause::SecretMissing),
            },
        };
        let row = self.write_wake(cx, out, id, Some(Transition::Started), |wake| {
            wake.allocation = Some(allocation);
            wake.attempt = wake.attempt.saturating_add(1);
        });
        if order {
            self.order_run(allocation, row);
        }
        self.proceed(cx, out, id);
    }

    /// Wakes of a route that wait for their turn try again, since a start has ended.
    pub(super) fn start_waiting(&mut self, cx: &Context<'_>, out: &mut Out, route: RouteId) {
        let range = (route, Epoch(0))..=(route, Epoch(u32::MAX));
        let ids: Vec<WakeId> = self
            .wakes_by_key
            .range(range)
            .flat_map(|(_, ids)| ids)
            .copied()
            .collect();
        for id in ids {
            self.start(cx, out, id);
        }
    }

    /// Takes a wake as far as its allocation has already come.
    pub(super) fn proceed(&mut self, cx: &Context<'_>, out: &mut Out, id: WakeId) {
        let Some(wake) = self.wakes.get(id.0).map(|row| row.value) else {
            return;
        };
        let Some((allocation, row)) = wake
            .allocation
            .and_then(|id| Some((id, self.allocations.get(id.0)?.value)))
        else {
            return;
        };
        if wake.state == State::Starting && row.up {
            self.write_wake(cx, out, id, Some(Transition::ProcessUp), |_| {});
        }
        if row.state == allocation::State::Ready && row.healthy {
            self.rejoin(cx, out, allocation);
        }
        self.try_hot(cx, out, id);
    }

    /// The active wakes that wait for this allocation.
    pub(super) fn waiting_for(&self, id: AllocationId, value: &Allocation) -> Vec<WakeId> {
        let wakes = self.wakes_of(value.route, value.epoch);
        wakes
            .into_iter()
            .filter(|(_, wake)| wake.state.is_active() && wake.allocation == Some(id))
            .map(|(id, _)| id)
            .collect()
    }

    /// A wake whose process runs is hot as soon as an allocation of its owner serves.
    pub(super) fn try_hot(&mut self, cx: &Context<'_>, out: &mut Out, id: WakeId) {
        let Some(wake) = self.wakes.get(id.0).map(|row| row.value) else {
            return;
        };
        if wake.state != State::ReadinessWait {
            return;
        }
        let fact = Fact::at_least(self.serving_count(wake.route, wake.epoch), 1);
        if out
            .require(cx, &gate::ALLOCATION_PASSES_READINESS, id.into(), fact)
            .is_err()
        {
            return;
        }
        let current = self
            .routes
            .get(wake.route.0.into())
            .map_or(wake.epoch, |row| row.value.epoch);
        let fact = Fact::equal(wake.epoch.0.into(), current.0.into());
        if out
            .require(cx, &gate::ROUTE_EPOCH_CURRENT, id.into(), fact)
            .is_err()
        {
            return self.give_up(cx, out, id, Cause::OldEpoch);
        }
        self.become_hot(cx, out, id);
    }

    /// The wake is hot, and something is in rotation: what it was for, unless another allocation of its owner serves.
    pub(super) fn become_hot(&mut self, cx: &Context<'_>, out: &mut Out, id: WakeId) {
        let row = self.write_wake(cx, out, id, Some(Transition::BecameHot), |wake| {
            wake.failures = 0;
            wake.cause = Cause::None;
        });
        let Some(wake) = self
            .wakes
            .get(id.0)
            .map(|row| row.value)
            .filter(|_| row.is_some())
        else {
            return;
        };
        // One that was silent may have come back while this wake started another, which is not ready just because of that.
        if let Some(allocation) = wake
            .allocation
            .filter(|_| self.serving_count(wake.route, wake.epoch) == 0)
        {
            self.set_serving(cx, out, allocation, true);
        }
    }

    /// How many ready allocations of this owner are in rotation.
    pub(super) fn serving_count(&self, route: RouteId, epoch: Epoch) -> u64 {
        let serves = |allocation: &Allocation| {
            allocation.epoch == epoch
                && allocation.serving
                && allocation.state == allocation::State::Ready
        };
        self.live_of(route)
            .filter(|(_, allocation)| serves(allocation))
            .count() as u64
    }

    /// A wake has failed; the route rests, longer after each failure in a row.
    pub(super) fn give_up(&mut self, cx: &Context<'_>, out: &mut Out, id: WakeId, cause: Cause) {
        let first = cx.knobs.time(&knob::COOL_DOWN);
        let longest = cx.knobs.time(&knob::COOL_DOWN_MAX);
        let row = self.write_wake(cx, out, id, Some(Transition::GaveUp), |wake| {
            let rest = first.times(1 << wake.failures.min(32)).min(longest);
            wake.failures = wake.failures.saturating_add(1);
            wake.cause = cause;
            wake.retry_at = cx.now.after(rest);
        });
        if row.is_some() {
            out.note(Note::WakeFailed { wake: id, cause });
        }
    }

    /// A wake's moment has come: it takes too long, or it has rested.
    pub(super) fn wake_due(&mut self, cx: &Context<'_>, out: &mut Out, id: WakeId) {
        let Some(wake) = self.wakes.get(id.0).map(|row| row.value) else {
            return;
        };
        match wake.state {
            State::ReadinessWait => self.give_up(cx, out, id, Cause::ReadinessTimeout),
            State::WakeRequested | State::Starting => self.give_up(cx, out, id, Cause::WakeTimeout),
            State::Failed => {
                self.write_wake(cx, out, id, Some(Transition::Cooled), |_| {});
                self.begin_again(cx, out, (id, wake.route, wake.epoch));
            }
            _ => {}
        }
    }

    /// Puts a wake's next moment on the agenda.
    pub(super) fn arm_wake(&mut self, cx: &Context<'_>, id: WakeId, wake: &Wake) {
        match wake.state {
            State::Failed => self.agenda.set(Due::Wake(id), wake.retry_at),
            state if state.is_active() => {
                self.agenda.set(
                    Due::Wake(id),
                    wake.requested_at.after(cx.knobs.time(&knob::WAKE_TIMEOUT)),
                );
            }
            _ => self.agenda.clear(Due::Wake(id)),
        }
    }

    /// An allocation went out of rotation: a wake that was hot through it is cold again, in the same breath.
    pub(super) fn check_last(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        route: RouteId,
        epoch: Epoch,
    ) {
        if self
            .live_of(route)
            .any(|(_, allocation)| allocation.epoch == epoch && allocation.serving)
        {
            return;
        }
        for (id, wake) in self.wakes_of(route, epoch) {
            if wake.state == State::Hot {
                self.write_wake(cx, out, id, Some(Transition::LostLast), |_| {});
            }
        }
    }

    /// An allocation has ended: whoever waited for it learns of it, and whoever waited for its place gets a turn.
    pub(super) fn ended(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: AllocationId,
        cause: Cause,
    ) {
        let Some(row) = self.allocations.get(id.0).map(|row| row.value) else {
            return;
        };
        self.check_last(cx, out, row.route, row.epoch);
        for wake in self.waiting_for(id, &row) {
            self.give_up(cx, out, wake, cause);
        }
        self.check_slept(cx, out, row.route, row.epoch);
        self.start_waiting(cx, out, row.route);
    }
}

/// A wake row that nobody has asked for yet.
pub(super) const fn cold(route: RouteId, region: crate::id::Region, epoch: Epoch) -> Wake {
    Wake {
        route,
        region,
        epoch,
        state: State::Cold,
        attempt: 0,
        allocation: None,
        requested_at: Time::ZERO,
        failures: 0,
        cause: Cause::None,
        retry_at: Time::ZERO,
    }
}
