//! What LO makes of what EN says.

use super::{Deployment, Due, Local, Out};
use crate::gate;
use crate::gitops::{
    Cause, Item, Message as Say, Note as Tell, Observed, Report, Revision, State, Transition,
};
use crate::message::Message;
use crate::note::Note;
use machine::{Context, Fact};

impl Local {
    pub(super) fn on_report(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        item: Item,
        report: Report,
        nth: u32,
    ) {
        let id = self.current.get(&item).copied();
        let (Some((id, row)), Some(site)) =
            (id.and_then(|id| Some((id, self.row(id)?))), self.site(item))
        else {
            return;
        };
        let confirm = |out: &mut Out| {
            let report = report.id;
            let ack = Say::ReportAck { item, report, nth };
            out.send(site.node, Message::GitOps(ack));
        };
        let life = item.life(row.incarnation);
        let same = Fact::equal(report.incarnation.into(), row.incarnation.into());
        if out
            .require(cx, &gate::INCARNATION_MATCHES, life, same)
            .is_err()
            || row.state == State::Deleted
        {
            self.late(out, item, &report);
            return confirm(out);
        }
        if report.token > row.token {
            // LO may have lost what it knew: the attempt is not believed, and not confirmed.
            let token = report.token;
            return out.note(Note::GitOps(Tell::ReportFromFuture { item, token }));
        }
        if report.token == row.token {
            self.obeyed.insert(id, row.token);
            if row.state != State::Deleting {
                self.agenda.clear(Due::Order(id));
            }
        }
        if report.token == row.token && report.id <= row.report {
            // Reports of one attempt may overtake each other: only a newer one says more. A repeat changes nothing; what it brought may not be durable yet, and then it comes again.
            if self.is_durable(id).holds {
                confirm(out);
            }
            return;
        }
        if row.state == State::Failed
            && report.token < row.token
            && let Observed::Running { revision, healthy } = report.observed
        {
            if self.reconcile(cx, out, id, &report, (revision, healthy)) {
                self.reports.insert(id, (report.id, nth));
                return self.tend(cx, out, id);
            }
            self.late(out, item, &report);
            return confirm(out);
        }
        let current = Fact::equal(report.token.into(), row.token.into());
        if out
            .require(cx, &gate::ATTEMPT_TOKEN_CURRENT, life, current)
            .is_err()
        {
            self.late(out, item, &report);
            return confirm(out);
        }
        if row.state == State::Pending && row.goal_generation != row.generation {
            let wanted = Fact::equal(row.goal_generation.into(), row.generation.into());
            if out
                .require(cx, &gate::DESIRED_GENERATION, life, wanted)
                .is_err()
            {
                confirm(out);
                return self.dispatch(cx, out, id, &row);
            }
        }
        if self.apply(cx, out, id, &report) {
            self.reports.insert(id, (report.id, nth));
            out.note(Note::GitOps(Tell::ReportTaken {
                item,
                incarnation: report.incarnation,
                current_incarnation: row.incarnation,
                token: report.token,
                current: row.token,
            }));
            self.decide(cx, out, id);
            self.tend(cx, out, id);
        } else if self.is_durable(id).holds {
            confirm(out);
        }
    }

    fn late(&self, out: &mut Out, item: Item, report: &Report) {
        out.note(Note::GitOps(Tell::LateReport {
            item,
            incarnation: report.incarnation,
            token: report.token,
        }));
    }

    /// Takes a report of the current attempt; whether it changed anything.
    fn apply(&mut self, cx: &Context<'_>, out: &mut Out, id: u32, report: &Report) -> bool {
        let before = self.rows.get(id).map(|row| row.version);
        let Some(row) = self.row(id) else {
            return false;
        };
        if row.state == State::Pending && row.dispatched {
            self.accepted(cx, out, id, report.id);
        }
        let Some(row) = self.row(id) else {
            return false;
        };
        match (row.state, report.observed) {
            (state, Observed::Running { revision, healthy }) if state.is_under_way() => {
                self.succeeded(cx, out, id, (revision, healthy), report.id);
            }
            (state, Observed::Failed { cause, schema }) if state.is_under_way() => {
                self.commit(cx, out, id, None, |row| row.report = report.id);
                self.fail(cx, out, id, cause, schema);
            }
            (State::Installed, Observed::Running { healthy, .. }) if row.degraded == healthy => {
                let item = row.item;
                out.note(Note::GitOps(Tell::Health { item, healthy }));
                self.commit(cx, out, id, None, |row| {
                    row.degraded = !healthy;
                    row.report = report.id;
                });
            }
            (State::Deleting, observed) => self.leaving(cx, out, id, observed, report.id),
            // It says nothing that is not known.
            _ => {}
        }
        self.rows.get(id).map(|row| row.version) != before
    }

    /// EN has the order of a pending deployment.
    fn accepted(&mut self, cx: &Context<'_>, out: &mut Out, id: u32, report: u64) {
        let deadline = cx.now.after(cx.knobs.time(&crate::knob::GITOPS_PROGRESS));
        self.commit(cx, out, id, Some(Transition::Accepted), |row| {
            row.deadline = deadline;
            row.report = report;
        });
        self.agenda.set(Due::Progress(id), deadline);
    }

    fn succeeded(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: u32,
        (revision, healthy): (Revision, bool),
        report: u64,
    ) {
        let Some(row) = self.row(id) else { return };
        let transition = match row.state {
            State::Installing => Transition::Installed,
            State::Updating => Transition::Updated,
            _ => Transition::RolledBack,
        };
        let bad = transition == Transition::RolledBack && row.goal_generation == row.generation;
        if bad {
            out.note(Note::GitOps(Tell::Quarantined {
                item: row.item,
                revision: row.wanted,
            }));
        }
        self.commit(cx, out, id, Some(transition), |row| {
            if bad {
                row.quarantined = row.wanted;
            }
            installed(row, revision, healthy, report);
        });
    }

    /// The node that was given up has done it after all, if nothing newer has been ordered or wanted.
    fn reconcile(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: u32,
        report: &Report,
        (revision, healthy): (Revision, bool),
    ) -> bool {
        let Some(row) = self.row(id) else {
            return false;
        };
        let holds = row.cause == Cause::NodeOffline
            && report.token + 1 == row.token
            && revision == row.goal
            && row.goal_generation == row.generation;
        let fact = Fact {
            holds,
            found: report.token.into(),
            wanted: row.token.saturating_sub(1).into(),
        };
        let life = row.item.life(row.incarnation);
        if out
            .require(cx, &gate::RECONCILE_EVIDENCE, life, fact)
            .is_err()
        {
            return false;
        }
        out.note(Note::GitOps(Tell::Reconciled {
            item: row.item,
            token: report.token,
            current: row.token,
            cause: row.cause,
            revision,
            goal: row.goal,
            generation: row.generation,
            goal_generation: row.goal_generation,
        }));
        self.commit(cx, out, id, Some(Transition::Reconciled), |row| {
            // What it says from here on is about the attempt that it was ordered under.
            row.token = report.token;
            row.needs_operator = false;
            if row.goal != row.wanted {
                // It was on its way back: what it went back from is not tried again.
                row.quarantined = row.wanted;
            }
            installed(row, revision, healthy, report.id);
        });
        self.obeyed.insert(id, report.token);
        self.decide(cx, out, id);
        true
    }

    fn leaving(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: u32,
        observed: Observed,
        report: u64,
    ) {
        let Some(row) = self.row(id) else { return };
        let code = match observed {
            Observed::Absent { exit_code } => Some(exit_code),
            _ => None,
        };
        let life = row.item.life(row.incarnation);
        let proven = Fact::yes(code.is_some());
        if out.require(cx, &gate::ABSENCE_PROVEN, life, proven).is_ok() {
            self.commit(cx, out, id, Some(Transition::Deleted), |row| {
                row.exit_code = code.unwrap_or_default();
                row.report = report;
                row.delete_stuck = false;
            });
        }
    }
}

/// A version runs and has passed its checks.
fn installed(row: &mut Deployment, revision: Revision, healthy: bool, report: u64) {
    row.last_good = revision;
    row.schema = row.schema.max(revision.schema);
    row.cause = Cause::None;
    row.degraded = !healthy;
    row.retry_at = machine::Time(0);
    row.report = report;
}
