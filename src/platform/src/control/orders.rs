//! Standing orders: what a runner was told and has not been seen to obey yet is told again.
//!
//! **Invariants.** An allocation has at most one standing order: run it, or drain and stop it. A runner that is not
//! heard of is not written to; it gets what stands as soon as it is back.

use super::relay::{DOUBLINGS, wait};
use super::{ControlPlane, Due, Effect, Out};
use crate::id::{AllocationId, OutboxId, Token};
use crate::knob;
use crate::message::Message;
use machine::{Context, NodeId};

/// What a runner has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// Run it.
    Run,
    /// Drain it and stop it.
    Stop,
}

/// One standing order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Standing {
    what: What,
    token: Token,
    nth: u32,
    doubled: u32,
}

impl ControlPlane {
    /// Orders `what`, to leave when `row` is durable.
    pub(super) fn order(&mut self, id: AllocationId, what: What, row: OutboxId) {
        let Some(allocation) = self.allocations.get(id.0) else {
            return;
        };
        let standing = Standing {
            what,
            token: allocation.value.token,
            nth: 0,
            doubled: 0,
        };
        self.standing.insert(id, standing);
        self.agenda.clear(Due::Standing(id));
        self.then(row, Effect::Standing(id));
    }

    /// A runner was heard to obey: the order to run an allocation under this token stands no longer.
    pub(super) fn obeyed(&mut self, id: AllocationId, token: Token) {
        if self
            .standing
            .get(id)
            .is_some_and(|standing| standing.what == What::Run && standing.token == token)
        {
            self.forget_order(id);
        }
    }

    /// Nothing stands ordered for this allocation any more.
    pub(super) fn forget_order(&mut self, id: AllocationId) {
        self.standing.remove(id);
        self.agenda.clear(Due::Standing(id));
    }

    /// Sends what stands ordered, and once more later unless it is obeyed.
    pub(super) fn send_standing(&mut self, cx: &Context<'_>, out: &mut Out, id: AllocationId) {
        let Some(allocation) = self.allocations.get(id.0).map(|row| row.value) else {
            return;
        };
        let next = |standing: &mut Standing| {
            standing.nth = standing.nth.saturating_add(1);
            let doubled = standing.doubled;
            standing.doubled = (doubled + 1).min(DOUBLINGS);
            (*standing, doubled)
        };
        let Some((
            Standing {
                what, token, nth, ..
            },
            doubled,
        )) = self.standing.update(id, next)
        else {
            return;
        };
        let message = match what {
            What::Run => {
                let Some(deployment) = self.deployments.get(allocation.deployment.0.into()) else {
                    return;
                };
                Message::Order {
                    allocation: id,
                    token,
                    deployment: allocation.deployment,
                    digest: deployment.value.digest,
                    limit: allocation.limit,
                    epoch: allocation.epoch,
                    nth,
                }
            }
            What::Stop => {
                let deadline = allocation.since.after(cx.knobs.time(&knob::DRAIN_DEADLINE));
                Message::Stop {
                    allocation: id,
                    token,
                    drain: Some(deadline.since(cx.now)),
                    nth,
                }
            }
        };
        out.send(allocation.host, message);
        self.agenda
            .set(Due::Standing(id), cx.now.after(wait(cx, doubled)));
    }

    /// It was not obeyed yet.
    pub(super) fn repeat_standing(&mut self, cx: &Context<'_>, out: &mut Out, id: AllocationId) {
        let Some(row) = self.allocations.get(id.0) else {
            return;
        };
        if self.is_connected(row.value.host) {
            self.send_standing(cx, out, id);
        } else {
            self.agenda
                .set(Due::Standing(id), cx.now.after(wait(cx, DOUBLINGS)));
        }
    }

    /// The runner is back: it gets what stands ordered on it.
    pub(super) fn repeat_all_standing(&mut self, cx: &Context<'_>, host: NodeId) {
        for id in self.live_on(host) {
            // What was never sent waits for the disk and is not on the agenda.
            if self.agenda.has(Due::Standing(id)) {
                self.agenda.set(Due::Standing(id), cx.now);
            }
        }
    }

    /// Stops what has ended here and may still run there. Not repeated: what still runs shows up with the next
    /// heartbeat, and is stopped again.
    pub(super) fn stop_ended(&mut self, out: &mut Out, id: AllocationId, nth: u32) {
        if let Some(row) = self.allocations.get(id.0) {
            out.send(
                row.value.host,
                Message::Stop {
                    allocation: id,
                    token: row.value.token,
                    drain: None,
                    nth,
                },
            );
        }
    }
}
