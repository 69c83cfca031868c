//! Commits: the one way in which a row changes, and what may leave the node because of it.
//!
//! **Invariants.** A commit is one compare-and-set, one outbox row and one record. The row moves at once, so that the
//! next decision sees it; what leaves the node because of it waits for the disk. Writes of one node become durable in
//! order, hence whatever waits for the newest row waits for all before it.

use super::{Allocation, ControlPlane, Deployment, Image, Out, OutboxRow, Record, Route, Wake};
use crate::id::{AllocationId, DeploymentId, OutboxId, RouteId, WakeId};
use crate::message::{Event, Message};
use crate::note::Note;
use crate::{ALLOCATION, WAKE, allocation, gate, wake};
use machine::fingerprint::digest;
use machine::{Context, Fact, Moved, NodeId, Persist, Row, Ticket};

/// Something that leaves the node because of a commit.
#[derive(Clone, Copy, Debug)]
pub(super) enum Effect {
    /// The row's event goes to the edges.
    Publish,
    /// What stands ordered for an allocation goes to its runner.
    Standing(AllocationId),
    /// An allocation that has ended is stopped, in case something of it still runs.
    StopEnded(AllocationId),
    /// An answer that would give the commit away.
    Say(NodeId, Message),
}

/// From here on tickets are those of lines that are written besides commits.
pub(super) const BESIDE: u64 = 1 << 32;

impl ControlPlane {
    /// Writes a commit down: the outbox row, the record, and the publication that follows from it.
    pub(super) fn commit(&mut self, out: &mut Out, event: Event, image: Image) -> OutboxId {
        let row = OutboxId(self.outbox.len() as u32);
        self.push_outbox(OutboxRow {
            event,
            committed: false,
            published: false,
            acked: 0,
        });
        self.newest.insert(event.entity(), row);
        out.persists.push(Persist {
            ticket: Ticket(u64::from(row.0)),
            record: Record { row, event, image },
        });
        self.then(row, Effect::Publish);
        row
    }

    /// Adds an outbox row.
    pub(super) fn push_outbox(&mut self, row: OutboxRow) {
        self.outbox_digest ^= digest(&(self.outbox.len() as u32, &row));
        self.outbox.push(row);
    }

    /// Changes an outbox row.
    pub(super) fn edit_outbox(&mut self, id: OutboxId, change: impl FnOnce(&mut OutboxRow)) {
        if let Some(row) = self.outbox.get_mut(id.0 as usize) {
            self.outbox_digest ^= digest(&(id.0, &*row));
            change(row);
            self.outbox_digest ^= digest(&(id.0, &*row));
        }
    }

    /// Lets `effect` follow from the commit `row`.
    pub(super) fn then(&mut self, row: OutboxId, effect: Effect) {
        self.effects.entry(row).or_default().push(effect);
        self.fresh.insert(row);
    }

    /// Says something that rests on what the tables hold now: at once if all of that is durable, else when it is.
    pub(super) fn say(&mut self, out: &mut Out, to: NodeId, message: Message) {
        if self.durable < self.outbox.len() as u32 {
            self.then(
                OutboxId(self.outbox.len() as u32 - 1),
                Effect::Say(to, message),
            );
        } else {
            out.send(to, message);
        }
    }

    /// A write is durable.
    pub(super) fn on_persisted(&mut self, out: &mut Out, ticket: Ticket) {
        if ticket.0 >= BESIDE {
            return self.on_line_written(out, ticket.0 - BESIDE);
        }
        let id = OutboxId(ticket.0 as u32);
        let Some(row) = self
            .outbox
            .get(id.0 as usize)
            .copied()
            .filter(|row| !row.committed)
        else {
            return;
        };
        self.edit_outbox(id, |row| row.committed = true);
        self.durable = self.durable.max(id.0 + 1);
        out.note(Note::Committed {
            row: id,
            event: row.event,
        });
        if self.effects.contains_key(&id) {
            self.fresh.insert(id);
        }
    }

    /// Lets go what may leave: asked once when the commit is made and once when it is durable.
    pub(super) fn release(&mut self, cx: &Context<'_>, out: &mut Out) {
        while let Some(id) = self.fresh.pop_first() {
            let Some(row) = self.outbox.get(id.0 as usize) else {
                continue;
            };
            let fact = Fact::yes(row.committed);
            if out
                .require(cx, &gate::COMMIT_BEFORE_PUBLISH, id.into(), fact)
                .is_err()
            {
                continue;
            }
            for effect in self.effects.remove(&id).unwrap_or_default() {
                match effect {
                    Effect::Publish => self.publish(cx, out, id),
                    Effect::Standing(allocation) => self.send_standing(cx, out, allocation),
                    Effect::StopEnded(allocation) => self.stop_ended(out, allocation, 0),
                    Effect::Say(to, message) => out.send(to, message),
                }
            }
        }
    }

    /// Adds a route (`expected` 0), or changes it if it is still at version `expected`.
    pub(super) fn write_route(
        &mut self,
        out: &mut Out,
        id: RouteId,
        expected: u32,
        value: Route,
    ) -> Option<OutboxId> {
        let version = if expected == 0 {
            self.routes.insert(value);
            1
        } else {
            self.routes.get(id.0.into())?;
            self.routes.cas(id.0.into(), expected, value).ok()?
        };
        let event = Event::RouteOwner {
            route: id,
            epoch: value.epoch,
            deployment: value.deployment,
            version,
        };
        Some(self.commit(out, event, Image::Route(id, Row { version, value })))
    }

    /// Adds a deployment (`expected` 0), or changes it if it is still at version `expected`.
    pub(super) fn write_deployment(
        &mut self,
        out: &mut Out,
        id: DeploymentId,
        expected: u32,
        value: Deployment,
    ) -> Option<OutboxId> {
        let version = if expected == 0 {
            self.deployments.insert(value);
            1
        } else {
            self.deployments.get(id.0.into())?;
            self.deployments.cas(id.0.into(), expected, value).ok()?
        };
        Some(self.commit(
            out,
            Event::Deployment {
                deployment: id,
                version,
            },
            Image::Deployment(id, Row { version, value }),
        ))
    }

    /// Adds a wake row.
    pub(super) fn create_wake(&mut self, out: &mut Out, value: Wake) -> WakeId {
        let id = WakeId(self.wakes.insert(value));
        self.index_wake(id, &value);
        moved(out, WAKE, id, None, None, value.state as u8, 1);
        self.commit(
            out,
            wake_event(id, &value, 1),
            Image::Wake(id, Row { version: 1, value }),
        );
        id
    }

    /// Adds an allocation.
    pub(super) fn create_allocation(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        value: Allocation,
    ) -> (AllocationId, OutboxId) {
        let id = AllocationId(self.allocations.insert(value));
        moved(out, ALLOCATION, id, None, None, value.state as u8, 1);
        let row = self.commit(
            out,
            allocation_event(id, &value, 1),
            Image::Allocation(id, Row { version: 1, value }),
        );
        self.index_allocation(cx, id, None, &value);
        (id, row)
    }

    /// Changes a wake: along `transition` if one is given, else only its other fields.
    ///
    /// Returns the commit, or `None` if the transition does not start here or nothing changed.
    pub(super) fn write_wake(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: WakeId,
        transition: Option<wake::Transition>,
        change: impl FnOnce(&mut Wake),
    ) -> Option<OutboxId> {
        let old = *self.wakes.get(id.0)?;
        let mut value = old.value;
        change(&mut value);
        value.state = match transition {
            Some(transition) => old.value.state.after(transition)?,
            None => old.value.state,
        };
        if value == old.value {
            return None;
        }
        let version = self.wakes.cas(id.0, old.version, value).ok()?;
        if let Some(transition) = transition {
            moved(
                out,
                WAKE,
                id,
                Some(old.value.state as u8),
                Some(transition as u8),
                value.state as u8,
                version,
            );
        }
        self.arm_wake(cx, id, &value);
        Some(self.commit(
            out,
            wake_event(id, &value, version),
            Image::Wake(id, Row { version, value }),
        ))
    }

    /// Changes an allocation: along `transition` if one is given, else only its other fields.
    ///
    /// Returns the commit, or `None` if the transition does not start here or nothing changed.
    pub(super) fn write_allocation(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: AllocationId,
        transition: Option<allocation::Transition>,
        change: impl FnOnce(&mut Allocation),
    ) -> Option<OutboxId> {
        let old = *self.allocations.get(id.0)?;
        let mut value = old.value;
        change(&mut value);
        value.state = old.value.state;
        if let Some(transition) = transition {
            value.state = old.value.state.after(transition)?;
            value.since = cx.now;
        }
        if value == old.value {
            return None;
        }
        let version = self.allocations.cas(id.0, old.version, value).ok()?;
        if let Some(transition) = transition {
            moved(
                out,
                ALLOCATION,
                id,
                Some(old.value.state as u8),
                Some(transition as u8),
                value.state as u8,
                version,
            );
        }
        if value.serving != old.value.serving {
            out.note(Note::ServingChanged {
                allocation: id,
                serving: value.serving,
            });
        }
        self.index_allocation(cx, id, Some(&old.value), &value);
        Some(self.commit(
            out,
            allocation_event(id, &value, version),
            Image::Allocation(id, Row { version, value }),
        ))
    }
}

/// The one place where a lifecycle transition is told.
fn moved(
    out: &mut Out,
    lifecycle: u8,
    subject: impl Into<machine::Subject>,
    from: Option<u8>,
    transition: Option<u8>,
    to: u8,
    version: u32,
) {
    out.moved.push(Moved {
        lifecycle,
        subject: subject.into(),
        from,
        transition,
        to,
        version,
    });
}

const fn wake_event(wake: WakeId, value: &Wake, version: u32) -> Event {
    let Wake {
        route,
        region,
        epoch,
        state,
        retry_at,
        ..
    } = *value;
    Event::Wake {
        wake,
        route,
        region,
        epoch,
        to: state,
        retry_at,
        version,
    }
}

const fn allocation_event(allocation: AllocationId, value: &Allocation, version: u32) -> Event {
    let Allocation {
        route,
        epoch,
        host,
        token,
        state,
        serving,
        ..
    } = *value;
    Event::Allocation {
        allocation,
        route,
        epoch,
        host,
        token,
        to: state,
        serving,
        version,
    }
}
