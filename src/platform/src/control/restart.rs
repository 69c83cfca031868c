//! The way back from a crash, which is also the way in: tables from the log, then everything that is still to be done.
//!
//! **Invariants.** Only what was durable is known. Commits that belong together are consecutive; where the crash came
//! between two of them, the second is made up for here.

use super::{Allocation, ControlPlane, Effect, Image, Out, OutboxRow, Record};
use crate::allocation;
use crate::id::{AllocationId, DeploymentId, Epoch, OutboxId, RouteId, WakeId};
use crate::message::{Cause, Event};
use crate::promotion::{Event as Change, Note as Tell};
use crate::wake::State;
use alloc::vec::Vec;
use core::hash::Hash;
use machine::{Context, Row, Table};

impl ControlPlane {
    /// Starts from what was durable.
    pub(super) fn come_back(&mut self, cx: &Context<'_>, out: &mut Out, durable: &[Record]) {
        *self = Self::new(self.installation.clone());
        // Nobody is told of what was lost, nor of what a backup has brought back.
        let mut lost = 0;
        for record in durable {
            if let Image::Line(_) = record.image {
                continue;
            }
            if let Event::Promotion(Change::PutBack { .. }) = record.event {
                lost = record.row.0 + 1;
            }
            // A log with a hole ends at the hole.
            if record.row.0 as usize != self.outbox.len() || !self.restore(record.image) {
                break;
            }
            self.push_outbox(OutboxRow {
                event: record.event,
                committed: true,
                published: false,
                acked: 0,
            });
            self.newest.insert(record.event.entity(), record.row);
        }
        self.durable = self.outbox.len() as u32;
        self.hear_all(cx);
        let wakes: Vec<_> = self
            .wakes
            .iter()
            .map(|(id, row)| (WakeId(id), row.value))
            .collect();
        for (id, wake) in &wakes {
            self.index_wake(*id, wake);
            self.arm_wake(cx, *id, wake);
        }
        let allocations: Vec<_> = self
            .allocations
            .iter()
            .map(|(id, row)| (AllocationId(id), row.value))
            .collect();
        for (id, allocation) in &allocations {
            self.index_allocation(cx, *id, None, allocation);
        }
        // Nobody remembers who has heard of what; the edges ignore what they have.
        for row in 0..self.durable {
            let event = self.outbox[row as usize].event;
            if row < lost && Self::is_for_log(event) {
                self.edit_outbox(OutboxId(row), |row| row.published = true);
            } else {
                self.then(OutboxId(row), Effect::Publish);
            }
        }
        if lost > 0 && self.authority().floor_due {
            out.note(Tell::OwnersPutBack.into());
        }
        self.complete_installation(cx, out);
        self.resume_allocations(cx, out, &allocations);
        self.resume_wakes(cx, out);
        self.resume_secrets(cx, out);
        self.resume_drains(cx);
        self.resume_promotions(cx, out);
        self.clean_up(cx, out);
    }

    fn restore(&mut self, image: Image) -> bool {
        match image {
            Image::Route(id, row) => put_back(&mut self.routes, id.0.into(), row),
            Image::Wake(id, row) => put_back(&mut self.wakes, id.0, row),
            Image::Deployment(id, row) => put_back(&mut self.deployments, id.0.into(), row),
            Image::Drain(id, row) => put_back(&mut self.hosts.drains, id.0, row),
            Image::Promotion(id, row) => put_back(&mut self.promotions.rows, id.0, row),
            Image::Approval(number, row) => put_back(&mut self.promotions.approvals, number, row),
            Image::Wish(number, row) => put_back(&mut self.promotions.wishes, number, row),
            Image::Authority(row) => put_back(&mut self.promotions.authority, 0, row),
            Image::Collection(id, row) => put_back(&mut self.cleaning.rows, id.0, row),
            Image::Setting(row) => put_back(&mut self.store.setting, 0, row),
            // Read over: nothing is decided by it.
            Image::Line(_) => true,
            Image::PutBack => {
                self.forget_owners();
                true
            }
            Image::Allocation(id, row) => {
                if let Some(report) = row.value.report {
                    self.seen.insert(report, ());
                }
                put_back(&mut self.allocations, id.0, row)
            }
        }
    }

    /// Writes down what the installation names and the tables do not hold: everything, at the first start.
    fn complete_installation(&mut self, cx: &Context<'_>, out: &mut Out) {
        let installation = self.installation.clone();
        self.complete_setting(out);
        for deployment in installation
            .deployments
            .iter()
            .skip(self.deployments.len() as usize)
        {
            self.write_deployment(
                out,
                DeploymentId(self.deployments.len() as u16),
                0,
                *deployment,
            );
        }
        for route in installation.routes.iter().skip(self.routes.len() as usize) {
            let mut route = *route;
            route.epoch = Epoch(1);
            self.write_route(out, RouteId(self.routes.len() as u16), 0, route);
        }
        let routes: Vec<_> = self
            .routes
            .iter()
            .map(|(id, row)| (RouteId(id as u16), row.value))
            .collect();
        for (id, route) in routes {
            if self.wakes_of(id, route.epoch).is_empty() {
                self.begin_wake(cx, out, id);
            }
        }
    }

    /// What stood ordered stands again.
    fn resume_allocations(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        allocations: &[(AllocationId, Allocation)],
    ) {
        for (id, value) in allocations {
            match value.state {
                allocation::State::Ready if value.leaving => self.retire(cx, out, *id),
                allocation::State::Planned => self.order_run(*id, None),
                allocation::State::Starting | allocation::State::Ready
                    if !value.up && value.restarts > 0 =>
                {
                    self.order_run(*id, None)
                }
                allocation::State::Draining => self.order_stop(*id),
                _ => {}
            }
        }
    }

    /// What was under way goes on from where its rows stand.
    fn resume_wakes(&mut self, cx: &Context<'_>, out: &mut Out) {
        let keys: Vec<(RouteId, Epoch)> = self.wakes_by_key.keys().copied().collect();
        for (route, epoch) in keys {
            let current = self
                .routes
                .get(route.0.into())
                .map_or(epoch, |row| row.value.epoch);
            if epoch < current {
                self.leave_epoch(cx, out, route, epoch, current);
            }
            self.check_last(cx, out, route, epoch);
            for (id, wake) in self.wakes_of(route, epoch) {
                self.resume_wake(cx, out, id, wake.state, wake.allocation);
            }
            self.check_slept(cx, out, route, epoch);
        }
    }

    fn resume_wake(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: WakeId,
        state: State,
        allocation: Option<AllocationId>,
    ) {
        match state {
            State::WakeRequested => self.start(cx, out, id),
            State::Starting | State::ReadinessWait => {
                let bound = allocation
                    .and_then(|id| self.allocations.get(id.0))
                    .map(|row| row.value);
                match bound.filter(|value| value.state.is_terminal()) {
                    Some(ended) => {
                        let cause = if ended.cause == Cause::None {
                            Cause::Cancelled
                        } else {
                            ended.cause
                        };
                        self.give_up(cx, out, id, cause);
                    }
                    None => self.proceed(cx, out, id),
                }
            }
            State::Sleeping => self.retire_asleep(cx, out, id),
            _ => {}
        }
    }
}

/// Puts a row back, unless rows before it are missing.
fn put_back<T: Hash>(table: &mut Table<T>, id: u32, row: Row<T>) -> bool {
    let fits = id <= table.len();
    if fits {
        table.restore(id, row);
    }
    fits
}
