//! Going to sleep and retiring: an allocation leaves rotation first, and is stopped when every edge knows.
//!
//! **Invariants.** Nothing is drained while an edge that can be reached may still send to it; an edge that cannot is
//! waited for only as long as a runner would be.

use super::orders::What;
use super::{Allocation, ControlPlane, Due, Out};
use crate::allocation;
use crate::id::{AllocationId, Epoch, OutboxId, RouteId, WakeId};
use crate::knob;
use crate::message::Cause;
use crate::wake::{State, Transition};
use alloc::vec::Vec;
use machine::Context;

impl ControlPlane {
    /// Something says how busy an allocation is: if all of its route's are idle for long enough, the app goes to sleep.
    pub(super) fn check_idle(&mut self, cx: &Context<'_>, out: &mut Out, id: AllocationId) {
        let Some(value) = self.allocations.get(id.0).map(|row| row.value) else {
            return;
        };
        if value.state != allocation::State::Ready || !self.is_idle(cx, id) {
            return;
        }
        let wakes = self.wakes_of(value.route, value.epoch);
        if let Some((wake, _)) = wakes.iter().find(|(_, wake)| wake.state == State::Hot) {
            let ready = |value: &Allocation| value.state == allocation::State::Ready;
            if self.live_of(value.route).all(|(id, other)| {
                !ready(other) || other.epoch != value.epoch || self.is_idle(cx, id)
            }) {
                self.fall_asleep(cx, out, *wake, value.route, value.epoch);
            }
        } else if !wakes.iter().any(|(_, wake)| wake.state.is_active()) {
            // Capacity that nobody came back for.
            self.retire(cx, out, id);
        }
    }

    fn is_idle(&self, cx: &Context<'_>, id: AllocationId) -> bool {
        let enough = cx.knobs.time(&knob::IDLE_BEFORE_SLEEP);
        self.doing
            .get(id)
            .is_some_and(|doing| doing.in_flight == 0 && doing.idle >= enough)
    }

    fn fall_asleep(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        wake: WakeId,
        route: RouteId,
        epoch: Epoch,
    ) {
        self.write_wake(cx, out, wake, Some(Transition::SleepStarted), |_| {});
        for id in self.ready_of(route, epoch) {
            self.retire(cx, out, id);
        }
    }

    /// Goes on with a sleep that a crash came into.
    pub(super) fn retire_asleep(&mut self, cx: &Context<'_>, out: &mut Out, id: WakeId) {
        let Some(wake) = self.wakes.get(id.0).map(|row| row.value) else {
            return;
        };
        for id in self.ready_of(wake.route, wake.epoch) {
            self.retire(cx, out, id);
        }
    }

    fn ready_of(&self, route: RouteId, epoch: Epoch) -> Vec<AllocationId> {
        let ready =
            |value: &Allocation| value.epoch == epoch && value.state == allocation::State::Ready;
        self.live_of(route)
            .filter(|(_, value)| ready(value))
            .map(|(id, _)| id)
            .collect()
    }

    /// Somebody wants an app that is going to sleep: what has not been told to stop stays.
    pub(super) fn cancel_sleep(&mut self, cx: &Context<'_>, out: &mut Out, id: WakeId) {
        let Some(wake) = self.wakes.get(id.0).map(|row| row.value) else {
            return;
        };
        let mut staying = self.ready_of(wake.route, wake.epoch);
        staying.retain(|id| {
            let host = self
                .allocations
                .get(id.0)
                .filter(|row| row.value.healthy)
                .map(|row| row.value.host);
            self.retiring.contains(*id) && host.is_some_and(|host| self.is_connected(host))
        });
        if wake.state != State::Sleeping || staying.is_empty() {
            return;
        }
        self.write_wake(cx, out, id, Some(Transition::SleepCancelled), |_| {});
        for id in staying {
            self.retiring.remove(id);
            self.agenda.clear(Due::Retire(id));
            self.write_allocation(cx, out, id, None, |value| {
                value.serving = true;
                value.leaving = false;
            });
        }
    }

    /// An allocation shall stop: first it leaves rotation.
    pub(super) fn retire(&mut self, cx: &Context<'_>, out: &mut Out, id: AllocationId) {
        let Some(value) = self.allocations.get(id.0).map(|row| row.value) else {
            return;
        };
        if value.state != allocation::State::Ready || self.retiring.contains(id) {
            return;
        }
        // Until its last event has reached every edge, one of them may think that it serves.
        let row = self.write_allocation(cx, out, id, None, |value| {
            value.serving = false;
            value.leaving = true;
        });
        self.check_last(cx, out, value.route, value.epoch);
        let Some(row) = row.or_else(|| self.newest.get(&id.into()).copied()) else {
            return;
        };
        self.retiring.insert(id, row);
        self.agenda.set(
            Due::Retire(id),
            cx.now.after(cx.knobs.time(&knob::PRESENCE_TIMEOUT)),
        );
        if self.is_delivered(row) {
            self.drain(cx, out, id);
        }
    }

    fn is_delivered(&self, id: OutboxId) -> bool {
        self.outbox
            .get(id.0 as usize)
            .is_some_and(|row| row.committed && row.acked == self.all_edges())
    }

    /// Every edge has this event: what it took out of rotation may stop.
    pub(super) fn retire_delivered(&mut self, cx: &Context<'_>, out: &mut Out, row: OutboxId) {
        let ready: Vec<AllocationId> = self
            .retiring
            .map()
            .iter()
            .filter(|(_, of)| **of == row)
            .map(|(id, _)| *id)
            .collect();
        for id in ready {
            self.drain(cx, out, id);
        }
    }

    /// It is out of rotation everywhere: it takes nothing new, finishes what it has, and stops.
    pub(super) fn drain(&mut self, cx: &Context<'_>, out: &mut Out, id: AllocationId) {
        self.agenda.clear(Due::Retire(id));
        if self.retiring.remove(id).is_none() {
            return;
        }
        if let Some(row) = self.write_allocation(
            cx,
            out,
            id,
            Some(allocation::Transition::DrainStarted),
            |_| {},
        ) {
            self.order(id, What::Stop, row);
        }
    }

    /// A route got a new owner: what ran or began under an older one ends, except what a wake was let go on with.
    pub(super) fn retire_older(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        route: RouteId,
        epoch: Epoch,
    ) {
        let older: Vec<(AllocationId, Allocation)> = self
            .live_of(route)
            .filter(|(_, value)| value.epoch < epoch)
            .map(|(id, value)| (id, *value))
            .collect();
        for (id, value) in older {
            if !self.waiting_for(id, &value).is_empty() {
                continue;
            }
            match value.state {
                allocation::State::Planned => self.cancel(cx, out, id),
                allocation::State::Ready => self.retire(cx, out, id),
                state if state.is_starting() => {
                    self.fail(cx, out, id, Cause::OldEpoch, true, None);
                }
                _ => {}
            }
        }
    }

    /// A sleeping app has slept in when nothing of it is left.
    pub(super) fn check_slept(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        route: RouteId,
        epoch: Epoch,
    ) {
        if self.live_of(route).any(|(_, value)| value.epoch == epoch) {
            return;
        }
        for (id, wake) in self.wakes_of(route, epoch) {
            if wake.state == State::Sleeping {
                self.write_wake(cx, out, id, Some(Transition::Slept), |_| {});
            }
        }
    }
}
