//! Reports: repeated until the control plane has acknowledged them.
//!
//! **Invariants.** A report's number is never used again, not even after a crash. They are not kept in order: one that
//! is stuck does not hold up the others.

use super::{Due, Out, Record, Runner, Stage, Write};
use crate::id::{AllocationId, ReportId, Token};
use crate::knob;
use crate::message::{Message, Observed};
use machine::{Context, Duration, Time};

/// How often the wait between two repeats may double.
const DOUBLINGS: u32 = 3;

/// A report that was not acknowledged yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pending {
    allocation: AllocationId,
    token: Token,
    observed: Observed,
    nth: u32,
}

impl Runner {
    /// Reports what was seen.
    pub(super) fn report(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        allocation: AllocationId,
        token: Token,
        observed: Observed,
    ) {
        self.last_report += 1;
        // The node's number in the upper bits keeps the numbers of two runners apart.
        let id = ReportId(u64::from(cx.node.0) << 48 | self.last_report & ((1 << 48) - 1));
        self.reports.insert(
            id,
            Pending {
                allocation,
                token,
                observed,
                nth: 0,
            },
        );
        self.send_report(cx, out, id);
    }

    /// Sends a report, and once more later unless it is acknowledged.
    pub(super) fn send_report(&mut self, cx: &Context<'_>, out: &mut Out, id: ReportId) {
        let next = |pending: &mut Pending| {
            pending.nth = pending.nth.saturating_add(1);
            *pending
        };
        let Some(Pending {
            allocation,
            token,
            observed,
            nth,
        }) = self.reports.update(id, next)
        else {
            return;
        };
        out.send(
            self.installation.control,
            Message::Report {
                report: id,
                allocation,
                token,
                observed,
                nth,
            },
        );
        let wait: Duration = cx
            .knobs
            .time(&knob::RESEND_INTERVAL)
            .times(1 << (nth - 1).min(DOUBLINGS));
        self.agenda.set(Due::Report(id), cx.now.after(wait));
    }

    /// The control plane has heard.
    pub(super) fn on_report_ack(&mut self, cx: &Context<'_>, out: &mut Out, id: ReportId) {
        let Some(Pending {
            allocation,
            token,
            observed,
            ..
        }) = self.reports.remove(id)
        else {
            return;
        };
        self.agenda.clear(Due::Report(id));
        match observed {
            Observed::Readiness { pass: true, at, .. } => {
                self.heard_pass(cx, allocation, token, at)
            }
            Observed::DigestMismatch
            | Observed::SecretMissing
            | Observed::PullFailed
            | Observed::Gone
                if self
                    .slots
                    .get(allocation)
                    .is_some_and(|slot| slot.token == token && slot.stage == Stage::Ended) =>
            {
                // Only now: had it been durable before, a crash would have kept the end from ever being told.
                self.works.update(allocation, |work| work.over = true);
                self.store(
                    out,
                    Record::Slot {
                        allocation,
                        token,
                        ended: true,
                    },
                    Write::End,
                );
            }
            _ => {}
        }
    }

    /// A passed check was heard of. If that took so long that it no longer counts, checks are reported anew.
    fn heard_pass(&mut self, cx: &Context<'_>, id: AllocationId, token: Token, at: Time) {
        let late = cx.now.since(at) > cx.knobs.time(&knob::EVIDENCE_TTL);
        if !late || self.slots.get(id).is_none_or(|slot| slot.token != token) {
            return;
        }
        self.works.update(id, |work| {
            work.streak = 0;
            work.settled = false;
            work.told = None;
        });
    }
}
