//! Watching a process: that it runs, whether it is ready, and that it has ended.

use super::{Due, Out, Runner, Stage};
use crate::id::AllocationId;
use crate::knob;
use crate::message::Observed;
use crate::note::Note;
use machine::{Context, Duration, HostCall, ProcessId};

/// A process that has passed its checks is checked this many times more slowly, and a check that takes this many
/// intervals has failed: long enough for a slow answer, short enough to be noticed.
const SLOWER: u64 = 5;

impl Runner {
    /// The process runs.
    pub(super) fn on_up(&mut self, cx: &Context<'_>, out: &mut Out, process: ProcessId) {
        let Some(id) = self.processes.get(&process).copied() else {
            return;
        };
        let Some(slot) = self
            .slots
            .get(id)
            .copied()
            .filter(|slot| slot.stage == Stage::Booting)
        else {
            return;
        };
        self.slots.update(id, |slot| {
            slot.stage = Stage::Running;
            slot.busy_at = cx.now;
        });
        self.report(cx, out, id, slot.token, Observed::Up);
        self.agenda
            .set(Due::Probe(id), cx.now.after(interval(cx, false)));
    }

    /// It is time to check whether a process is ready.
    pub(super) fn probe(&mut self, cx: &Context<'_>, out: &mut Out, id: AllocationId) {
        let Some(slot) = self
            .slots
            .get(id)
            .copied()
            .filter(|slot| slot.stage == Stage::Running)
        else {
            return;
        };
        let (Some(process), Some(work)) = (slot.process, self.works.get(id).copied()) else {
            return;
        };
        if let Some(begun) = work.probing {
            let patience = interval(cx, true);
            if cx.now.since(begun) < patience {
                return self.agenda.set(Due::Probe(id), begun.after(patience));
            }
            // No answer is an answer, too.
            self.checked(cx, out, id, work.probe, false, u8::MAX);
        }
        let nth = work.probe.saturating_add(1);
        self.works.update(id, |work| {
            work.probe = nth;
            work.probing = Some(cx.now);
        });
        out.host.push(HostCall::Probe { process, nth });
        self.agenda
            .set(Due::Probe(id), cx.now.after(interval(cx, work.settled)));
    }

    /// A process has said whether it is ready.
    pub(super) fn on_probed(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        process: ProcessId,
        nth: u32,
        ready: bool,
        reason: u8,
    ) {
        let Some(id) = self.processes.get(&process).copied() else {
            return;
        };
        let expected = self
            .works
            .get(id)
            .is_some_and(|work| work.probing.is_some() && work.probe == nth);
        if !expected
            || self
                .slots
                .get(id)
                .is_none_or(|slot| slot.stage != Stage::Running)
        {
            return;
        }
        self.checked(cx, out, id, nth, ready, reason);
        let settled = self.works.get(id).is_some_and(|work| work.settled);
        self.agenda
            .set(Due::Probe(id), cx.now.after(interval(cx, settled)));
    }

    /// Reports checks one by one until enough in a row were passed; from then on, only changes and what follows one.
    fn checked(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: AllocationId,
        nth: u32,
        pass: bool,
        reason: u8,
    ) {
        let Some(token) = self.slots.get(id).map(|slot| slot.token) else {
            return;
        };
        out.note(Note::ReadinessProbed {
            allocation: id,
            token,
            nth,
            pass,
            reason,
        });
        let enough = cx.knobs.get(&knob::READINESS_PASSES);
        let tell = self.works.update(id, |work| {
            work.probing = None;
            let tell = if pass {
                !work.settled
            } else {
                !work.was_settled || work.told != Some(false)
            };
            work.streak = if pass {
                work.streak.saturating_add(1)
            } else {
                0
            };
            work.settled = u64::from(work.streak) >= enough;
            work.was_settled |= work.settled;
            if tell {
                work.told = Some(pass);
            }
            tell
        });
        if tell == Some(true) {
            self.report(
                cx,
                out,
                id,
                token,
                Observed::Readiness {
                    nth,
                    pass,
                    reason,
                    at: cx.now,
                },
            );
        }
    }

    /// A process has ended by itself. What becomes of the allocation is not for the runner to say.
    pub(super) fn on_exited(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        process: ProcessId,
        code: u8,
        oom: bool,
    ) {
        let Some(id) = self.processes.remove(&process) else {
            return;
        };
        let Some(slot) = self.slots.get(id).copied() else {
            return;
        };
        self.forget_requests(id);
        self.lose_sessions(out, id);
        self.agenda.clear(Due::Probe(id));
        self.agenda.clear(Due::Stop(id));
        self.slots.update(id, |slot| {
            slot.stage = Stage::Ended;
            slot.process = None;
            slot.in_flight = 0;
        });
        out.note(Note::ProcessExited {
            allocation: id,
            token: slot.token,
            code,
            oom,
        });
        self.report(cx, out, id, slot.token, Observed::Exited { code, oom });
    }
}

/// The time between two checks.
fn interval(cx: &Context<'_>, slow: bool) -> Duration {
    cx.knobs
        .time(&knob::READINESS_INTERVAL)
        .times(if slow { SLOWER } else { 1 })
}
