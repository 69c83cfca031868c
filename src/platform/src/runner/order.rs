//! Orders: what the runner is told to run, and what makes it turn an order down.

use super::slot::Work;
use super::{Due, Out, Record, Runner, Slot, Stage, Write};
use crate::gate;
use crate::id::{AllocationId, DeploymentId, Digest, Epoch, Token};
use crate::message::Observed;
use crate::note::Note;
use machine::{Context, Fact, HostCall};

/// What an order says besides the allocation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    pub(super) token: Token,
    pub(super) deployment: DeploymentId,
    pub(super) digest: Digest,
    pub(super) limit: u64,
    pub(super) epoch: Epoch,
}

impl Runner {
    /// The control plane orders an allocation to be run.
    pub(super) fn on_order(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: AllocationId,
        order: Order,
    ) {
        let Order {
            token,
            deployment,
            digest,
            limit,
            epoch,
        } = order;
        let known = self.slots.get(id).copied();
        if known.is_some_and(|slot| slot.token == token && slot.stage != Stage::Ended) {
            return out.note(Note::OrderIgnored {
                allocation: id,
                token,
            });
        }
        let over = self.works.get(id).is_some_and(|work| work.over);
        let wanted = known.map_or(token.0, |slot| slot.token.0.saturating_add(1));
        let fact = Fact {
            holds: token.0 >= wanted && !over,
            found: token.0.into(),
            wanted: wanted.into(),
        };
        if out
            .require(cx, &gate::ORDER_TOKEN, id.into(), fact)
            .is_err()
        {
            return out.note(Note::OrderIgnored {
                allocation: id,
                token,
            });
        }
        self.kill(out, id);
        for due in [Due::Fetch(id), Due::PullTimeout(id), Due::Stop(id)] {
            self.agenda.clear(due);
        }
        // Bytes that were here for the last process need not come again.
        let bytes = known
            .filter(|slot| slot.digest == digest)
            .and_then(|slot| slot.bytes);
        let busy_at = cx.now;
        let slot = Slot {
            token,
            deployment,
            digest,
            bytes,
            limit,
            epoch,
            stage: Stage::Recording,
            process: None,
            in_flight: 0,
            busy_at,
            stop_at: None,
        };
        self.slots.insert(id, slot);
        let asked = self.works.get(id).map_or(0, |work| work.asked);
        self.works.insert(
            id,
            Work {
                asked,
                ..Work::default()
            },
        );
        self.store(
            out,
            Record::Slot {
                allocation: id,
                token,
                ended: false,
            },
            Write::Order(id, token),
        );
        out.note(Note::OrderTaken {
            allocation: id,
            token,
        });
    }

    /// The order is durable: it is acted on, unless another has come since.
    pub(super) fn begin(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: AllocationId,
        token: Token,
    ) {
        let Some(slot) = self.slots.get(id).copied() else {
            return;
        };
        if slot.token != token || slot.stage != Stage::Recording {
            return;
        }
        self.report(cx, out, id, token, Observed::Accepted);
        self.pull(cx, out, id);
    }

    /// Comes back after a crash: whatever ran is gone, and its tokens are remembered.
    pub(super) fn recover(&mut self, cx: &Context<'_>, out: &mut Out, durable: &[Record]) {
        for record in durable {
            let (allocation, token, ended) = match *record {
                Record::Slot {
                    allocation,
                    token,
                    ended,
                } => (allocation, token, ended),
                Record::Host(built) => {
                    self.machine.built = built;
                    continue;
                }
            };
            let slot = Slot {
                token,
                deployment: DeploymentId(0),
                digest: Digest(0),
                bytes: None,
                limit: 0,
                epoch: Epoch(0),
                stage: Stage::Ended,
                process: None,
                in_flight: 0,
                busy_at: cx.now,
                stop_at: None,
            };
            self.slots.insert(allocation, slot);
            self.works.insert(
                allocation,
                Work {
                    over: ended,
                    ..Work::default()
                },
            );
        }
        self.report_gone(cx, out);
    }

    /// Ends the process of an allocation, if it has one.
    pub(super) fn kill(&mut self, out: &mut Out, id: AllocationId) {
        let process = self.slots.update(id, |slot| {
            slot.in_flight = 0;
            slot.process.take()
        });
        self.agenda.clear(Due::Probe(id));
        if let Some(process) = process.flatten() {
            self.processes.remove(&process);
            self.forget_requests(id);
            self.lose_sessions(out, id);
            out.host.push(HostCall::Kill { process });
        }
    }
}
