//! Reports: what runners saw, judged case by case before it may move anything.
//!
//! **Invariants.** A report is evidence, not a command. It moves a state only if it is new, its subject lives, and its
//! token is the current one. It is acknowledged when what it caused is durable; one that came before its turn is not,
//! so that it comes again.

use super::{Allocation, ControlPlane, Out};
use crate::allocation::{State, Transition};
use crate::id::{AllocationId, ReportId, Token};
use crate::message::{Cause, Message, Observed};
use crate::note::Note;
use crate::wake;
use crate::{gate, knob};
use machine::{Context, Fact, NodeId};

/// A report as it arrived.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report {
    pub(super) from: NodeId,
    pub(super) report: ReportId,
    pub(super) allocation: AllocationId,
    pub(super) token: Token,
    pub(super) observed: Observed,
    pub(super) nth: u32,
}

/// How a report fits the state of its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It was taken.
    Taken,
    /// What it follows on has not been heard of yet.
    Early,
    /// The state has moved past it.
    Stale,
}

impl ControlPlane {
    /// A runner reports.
    pub(super) fn on_report(&mut self, cx: &Context<'_>, out: &mut Out, report: Report) {
        let Report {
            from,
            report: id,
            allocation,
            token,
            observed,
            nth,
        } = report;
        let ack = Message::ReportAck { report: id, nth };
        let Some(value) = self.allocations.get(allocation.0).map(|row| row.value) else {
            out.note(Note::ReportRejected {
                report: id,
                allocation,
            });
            self.say(out, from, ack);
            if runs(observed) {
                self.say(
                    out,
                    from,
                    Message::Stop {
                        allocation,
                        token,
                        drain: None,
                        nth,
                    },
                );
            }
            return;
        };
        if out
            .require(
                cx,
                &gate::REPORT_UNSEEN,
                id.into(),
                Fact::yes(!self.seen.contains(id)),
            )
            .is_err()
        {
            out.note(Note::ReportRepeated { report: id });
            return self.say(out, from, ack);
        }
        let live = Fact::yes(!value.state.is_terminal());
        if out
            .require(cx, &gate::SUBJECT_LIVE, allocation.into(), live)
            .is_err()
        {
            out.note(Note::LateReportRecorded {
                report: id,
                allocation,
                token,
            });
            self.seen.insert(id, ());
            self.say(out, from, ack);
            if runs(observed) {
                self.say(
                    out,
                    from,
                    Message::Stop {
                        allocation,
                        token: value.token,
                        drain: None,
                        nth,
                    },
                );
            }
            return;
        }
        let current = Fact::equal(token.0.into(), value.token.0.into());
        if out
            .require(cx, &gate::REPORT_TOKEN, allocation.into(), current)
            .is_err()
        {
            out.note(if token < value.token {
                Note::LateReportRecorded {
                    report: id,
                    allocation,
                    token,
                }
            } else {
                Note::ReportFromFuture {
                    report: id,
                    allocation,
                    token,
                }
            });
            self.seen.insert(id, ());
            return self.say(out, from, ack);
        }
        let fit = self.judge(cx, out, &report, &value);
        if fit == Fit::Taken {
            out.note(Note::ReportAccepted {
                report: id,
                allocation,
                token,
            });
        } else {
            out.note(Note::ReportIllegal {
                report: id,
                allocation,
            });
        }
        if fit != Fit::Early {
            self.seen.insert(id, ());
            self.obeyed(allocation, token);
            self.say(out, from, ack);
        }
    }

    /// Takes a report that may count, if it fits.
    fn judge(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        report: &Report,
        value: &Allocation,
    ) -> Fit {
        let (id, by) = (report.allocation, Some(report.report));
        // A process that is restarted in place goes through its first steps again without leaving its state.
        let restarting = !value.up && matches!(value.state, State::Starting | State::Ready);
        match report.observed {
            Observed::Accepted if value.state == State::Planned => {
                self.write_allocation(cx, out, id, Some(Transition::Accepted), |value| {
                    value.report = by
                });
                Fit::Taken
            }
            Observed::Launched { .. } if value.state == State::Planned => Fit::Early,
            Observed::Launched { digest, .. } if value.state == State::Pulling => {
                self.write_allocation(cx, out, id, Some(Transition::Launched), |value| {
                    value.verified = Some(digest);
                    value.report = by;
                });
                self.start_waiting(cx, out, value.route);
                Fit::Taken
            }
            Observed::Accepted | Observed::Launched { .. } => {
                if restarting {
                    Fit::Taken
                } else {
                    Fit::Stale
                }
            }
            Observed::Up => match value.state {
                State::Planned | State::Pulling => Fit::Early,
                State::Draining => Fit::Stale,
                _ => {
                    self.process_up(cx, out, id, by);
                    Fit::Taken
                }
            },
            Observed::Readiness { pass, at, .. } => self.on_readiness(cx, out, report, pass, at),
            Observed::DigestMismatch => self.broke(cx, out, report, Cause::DigestMismatch),
            Observed::SecretMissing => self.broke(cx, out, report, Cause::SecretMissing),
            Observed::PullFailed => self.broke(cx, out, report, Cause::PullTimeout),
            Observed::Gone => self.broke(cx, out, report, Cause::RunnerCrash),
            Observed::Exited { oom, .. } => {
                let cause = if oom { Cause::Oom } else { Cause::Crash };
                match value.state {
                    State::Planned | State::Pulling => Fit::Early,
                    State::Draining => self.broke(cx, out, report, cause),
                    _ => self.restart_in_place(cx, out, report, value, cause),
                }
            }
            Observed::Stopped { in_flight, .. } => {
                if value.state == State::Draining {
                    self.count_cut(cx, out, id, value, in_flight);
                }
                let transition = match value.state {
                    State::Planned => Transition::Cancelled,
                    State::Draining => Transition::Drained,
                    _ => return self.broke(cx, out, report, Cause::Cancelled),
                };
                self.write_allocation(cx, out, id, Some(transition), |value| {
                    value.serving = false;
                    value.report = by;
                });
                self.ended(cx, out, id, Cause::Cancelled);
                Fit::Taken
            }
        }
    }

    fn broke(&mut self, cx: &Context<'_>, out: &mut Out, report: &Report, cause: Cause) -> Fit {
        if self.fail(
            cx,
            out,
            report.allocation,
            cause,
            false,
            Some(report.report),
        ) {
            Fit::Taken
        } else {
            Fit::Stale
        }
    }

    /// The process runs: so does every wake that waits for it.
    pub(super) fn process_up(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: AllocationId,
        by: Option<ReportId>,
    ) {
        let row = self.write_allocation(cx, out, id, None, |value| {
            if !value.up {
                value.up = true;
                value.report = by;
            }
        });
        let (Some(_), Some(value)) = (row, self.allocations.get(id.0).map(|row| row.value)) else {
            return;
        };
        for wake in self.waiting_for(id, &value) {
            self.write_wake(cx, out, wake, Some(wake::Transition::ProcessUp), |_| {});
            self.try_hot(cx, out, wake);
        }
    }

    /// The process ended by itself: it is restarted in place under a new token, unless that has happened too often.
    fn restart_in_place(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        report: &Report,
        value: &Allocation,
        cause: Cause,
    ) -> Fit {
        let id = report.allocation;
        let fresh = cx.now.since(value.window_at) > cx.knobs.time(&knob::RESTART_WINDOW);
        let (restarts, window_at) = if fresh {
            (0, cx.now)
        } else {
            (value.restarts, value.window_at)
        };
        let fact = Fact::below(restarts.into(), cx.knobs.get(&knob::RESTART_BUDGET));
        if out
            .require(cx, &gate::RESTART_BUDGET, id.into(), fact)
            .is_err()
        {
            return if self.fail(cx, out, id, cause, true, Some(report.report)) {
                Fit::Taken
            } else {
                Fit::Stale
            };
        }
        let token = Token(value.token.0.saturating_add(1));
        let row = self.write_allocation(cx, out, id, None, |value| {
            value.token = token;
            value.restarts = restarts.saturating_add(1);
            value.window_at = window_at;
            value.serving = false;
            value.passes = 0;
            value.up = false;
            value.healthy = false;
            value.report = Some(report.report);
        });
        let Some(row) = row else { return Fit::Stale };
        // The wake that was hot through it goes cold in the commit right after: the two become durable together.
        self.check_last(cx, out, value.route, value.epoch);
        out.note(Note::RestartOrdered {
            allocation: id,
            token,
        });
        self.order_run(id, Some(row));
        Fit::Taken
    }
}

/// Whether a runner that has seen this still has something to stop.
const fn runs(observed: Observed) -> bool {
    matches!(
        observed,
        Observed::Accepted | Observed::Launched { .. } | Observed::Up | Observed::Readiness { .. }
    )
}
