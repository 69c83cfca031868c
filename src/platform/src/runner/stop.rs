//! Stopping: at once, or when nothing is in flight any more, at the latest at the deadline.

use super::slot::Work;
use super::{Due, Out, Record, Runner, Slot, Stage, Write};
use crate::gate;
use crate::id::{AllocationId, DeploymentId, Digest, Epoch, Token};
use crate::message::Observed;
use crate::note::Note;
use machine::{Context, Duration, Fact};

impl Runner {
    /// The control plane orders an allocation to be stopped.
    pub(super) fn on_stop(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: AllocationId,
        token: Token,
        drain: Option<Duration>,
    ) {
        let Some(slot) = self.slots.get(id).copied() else {
            // The stop has overtaken the order: written down, so that the order finds it here.
            self.slots.insert(id, never_run(cx, token));
            self.works.insert(id, Work::default());
            return self.finish(out, id, false);
        };
        if token < slot.token {
            return;
        }
        if slot.stage == Stage::Ended {
            let work = self.works.get(id).copied().unwrap_or_default();
            if work.stop_answered.is_none_or(|answered| answered < token) {
                self.slots.update(id, |slot| slot.token = token);
                self.finish(out, id, false);
            }
            return;
        }
        self.slots.update(id, |slot| slot.token = token);
        match drain {
            Some(drain) if matches!(slot.stage, Stage::Running | Stage::Draining) => {
                if slot.stage == Stage::Running {
                    self.agenda.clear(Due::Probe(id));
                    let stop_at = cx.now.after(drain);
                    self.slots.update(id, |slot| {
                        slot.stage = Stage::Draining;
                        slot.stop_at = Some(stop_at);
                    });
                    self.agenda.set(Due::Stop(id), stop_at);
                    self.drain_sessions(cx, id);
                    self.try_stop(cx, out, id);
                }
            }
            _ => self.finish(out, id, false),
        }
    }

    /// It may be time to stop a draining allocation.
    pub(super) fn try_stop(&mut self, cx: &Context<'_>, out: &mut Out, id: AllocationId) {
        let Some(slot) = self
            .slots
            .get(id)
            .copied()
            .filter(|slot| slot.stage == Stage::Draining)
        else {
            return;
        };
        let reached = slot.stop_at.is_none_or(|at| cx.now >= at);
        let busy = slot.in_flight + self.sessions_of(id);
        let fact = Fact {
            holds: busy == 0 || reached,
            found: busy.into(),
            wanted: 0,
        };
        if out
            .require(cx, &gate::DRAIN_DEADLINE_RESPECTED, id.into(), fact)
            .is_ok()
        {
            self.finish(out, id, reached);
        }
    }

    /// Stops it for good: no order under this or an older token starts it again, not even after a crash.
    fn finish(&mut self, out: &mut Out, id: AllocationId, reached: bool) {
        let Some(slot) = self.slots.get(id).copied() else {
            return;
        };
        self.cut_sessions(out, id);
        self.kill(out, id);
        for due in [Due::Fetch(id), Due::PullTimeout(id), Due::Stop(id)] {
            self.agenda.clear(due);
        }
        self.slots.update(id, |slot| slot.stage = Stage::Ended);
        self.works.update(id, |work| {
            work.over = true;
            work.stop_answered = Some(slot.token);
        });
        if slot.process.is_some() {
            out.note(Note::ProcessStopped {
                allocation: id,
                token: slot.token,
                in_flight: slot.in_flight,
                deadline_reached: reached,
            });
        }
        let record = Record::Slot {
            allocation: id,
            token: slot.token,
            ended: true,
        };
        self.store(
            out,
            record,
            Write::Stop(id, slot.token, slot.in_flight, reached),
        );
    }

    /// The stop is durable: it is reported.
    pub(super) fn stopped(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: AllocationId,
        token: Token,
        in_flight: u32,
        reached: bool,
    ) {
        self.report(
            cx,
            out,
            id,
            token,
            Observed::Stopped {
                in_flight,
                deadline_reached: reached,
            },
        );
    }
}

/// The slot of an allocation that was stopped before it was ordered.
fn never_run(cx: &Context<'_>, token: Token) -> Slot {
    Slot {
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
    }
}
