//! Starting ahead: what a candidate needs in order to serve at once comes up before it owns the route.
//!
//! **Invariants.** As many are started as serve for the present owner, so none for an app that sleeps. They belong to the
//! epoch that the candidate will have, and to nobody's rotation before it has it. In the commit that makes it the owner
//! those that are ready begin to serve, and its wake is hot; without one it is cold. What was started for a candidate that
//! does not become the owner is stopped.

use super::super::wakes::cold;
use super::super::{Allocation, ControlPlane, Out, Wake};
use super::Note;
use crate::allocation::State as Stage;
use crate::id::{AllocationId, Epoch, RouteId};
use crate::promotion::{Hold, Promotion, PromotionId, State};
use crate::wake;
use crate::{gate, knob};
use alloc::vec::Vec;
use machine::{Context, Fact};

use super::super::scheduler::Plan;

impl ControlPlane {
    /// Whether allocations are started before the owner changes. After a restore nobody knows yet which epoch comes next.
    fn starts_ahead(&self) -> bool {
        self.promoting().is_some_and(|managed| managed.warm) && !self.authority().floor_due
    }

    /// Whether an allocation could serve at this moment, if it may.
    fn can_serve(&self, value: &Allocation) -> bool {
        value.state == Stage::Ready
            && value.up
            && value.healthy
            && !value.leaving
            && self.is_connected(value.host)
    }

    /// Whether everything that is started ahead for a promotion is there, or will not come.
    pub(super) fn is_warm(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: PromotionId,
        row: &Promotion,
    ) -> bool {
        let owner = self.routes.get(row.route.0.into()).map(|route| route.value);
        let Some(owner) = owner.filter(|owner| owner.epoch == row.predecessor) else {
            // It has lost; the compare-and-set says so.
            return true;
        };
        if !self.starts_ahead() {
            return true;
        }
        let wanted = self.serving_count(row.route, owner.epoch);
        let epoch = Epoch(row.predecessor.0.saturating_add(1));
        let mine = |value: &Allocation| (value.epoch, value.deployment) == (epoch, row.candidate);
        let live = || {
            let all = self.live_of(row.route).map(|(_, value)| value);
            all.filter(|value| mine(value) && !value.leaving && value.state != Stage::Draining)
        };
        let (started, ready) = (
            live().count() as u64,
            live().filter(|value| self.can_serve(value)).count() as u64,
        );
        let all = self.allocations.iter();
        let ever = all
            .filter(|(_, of)| of.value.route == row.route && mine(&of.value))
            .count() as u64;
        let since = self.promotions.warming.get(id).copied();
        let since = since.unwrap_or(cx.now);
        self.promotions.warming.insert(id, since);
        let late = cx.now.since(since) >= cx.knobs.time(&knob::WARM_WAIT);
        if ready >= wanted || late {
            return true;
        }
        // One that does not come up is tried once more.
        let mut comes = started > ready;
        if started < wanted && ever < wanted.saturating_mul(2) {
            match self.place(cx, out, row.route, epoch, row.candidate) {
                Plan::Placed(allocation) => {
                    self.order_run(allocation, None);
                    let deployment = row.candidate;
                    out.note(
                        Note::StartedAhead {
                            allocation,
                            deployment,
                        }
                        .into(),
                    );
                    comes = true;
                }
                Plan::MustWait => comes = true,
                Plan::NoHost | Plan::NoSecret => {}
            }
        }
        if comes {
            self.hold_promotion(out, id, Hold::WarmingUp);
        }
        !comes
    }

    /// The wake of an owner who is new: hot if something of it can serve, which it then does, else cold.
    pub(in super::super) fn begin_wake(&mut self, cx: &Context<'_>, out: &mut Out, route: RouteId) {
        let Some(owner) = self.routes.get(route.0.into()).map(|row| row.value) else {
            return;
        };
        let asleep = cold(route, owner.region, owner.epoch);
        let mine: Vec<(AllocationId, bool)> = self
            .live_of(route)
            .filter(|(_, value)| (value.epoch, value.deployment) == (owner.epoch, owner.deployment))
            .map(|(id, value)| (id, self.can_serve(value)))
            .collect();
        if mine.is_empty() {
            self.create_wake(out, asleep);
            return;
        }
        let ready = mine.iter().filter(|(_, ready)| *ready).count() as u64;
        let fact = Fact::at_least(ready, 1);
        if out
            .require(cx, &gate::ALLOCATION_PASSES_READINESS, route.into(), fact)
            .is_err()
        {
            self.create_wake(out, asleep);
            return;
        }
        for (id, _) in mine.into_iter().filter(|(_, ready)| *ready) {
            self.set_serving(cx, out, id, true);
        }
        self.create_wake(
            out,
            Wake {
                state: wake::State::Hot,
                ..asleep
            },
        );
        let epoch = owner.epoch;
        out.note(
            Note::HotAtOnce {
                route,
                epoch,
                ready,
            }
            .into(),
        );
    }

    /// What was started for a candidate that is not the owner and will not be is stopped.
    pub(super) fn stop_strays(&mut self, cx: &Context<'_>, out: &mut Out, route: RouteId) {
        let Some(owner) = self.routes.get(route.0.into()).map(|row| row.value) else {
            return;
        };
        if !self.starts_ahead() {
            return;
        }
        let comes = |value: &Allocation| {
            let mut rows = self.promotions.rows.iter();
            rows.any(|(_, row)| {
                let row = &row.value;
                matches!(row.state, State::PolicyCheck | State::RouteCas)
                    && (row.route, row.candidate) == (route, value.deployment)
                    && row.predecessor.0.saturating_add(1) == value.epoch.0
            })
        };
        let stray = |value: &Allocation| {
            if value.epoch > owner.epoch {
                !value.serving && self.wakes_of(route, value.epoch).is_empty() && !comes(value)
            } else {
                value.epoch == owner.epoch && value.deployment != owner.deployment
            }
        };
        let strays = self.live_of(route).filter(|(_, value)| stray(value));
        let strays: Vec<AllocationId> = strays.map(|(id, _)| id).collect();
        for id in strays {
            self.stop_allocation(cx, out, id);
        }
    }

    /// After a crash: what was started ahead stays only for a promotion that goes on.
    pub(super) fn resume_ahead(&mut self, cx: &Context<'_>, out: &mut Out) {
        for route in 0..self.routes.len() {
            self.stop_strays(cx, out, RouteId(route as u16));
        }
    }
}
