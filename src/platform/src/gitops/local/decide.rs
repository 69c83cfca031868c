//! What LO does next for a deployment: start an attempt, go back, remove it, or wait.

use super::{Deployment, Due, Local, Out};
use crate::gate;
use crate::gitops::{Cause, Item, Note as Tell, Revision, State, Transition};
use crate::knob;
use crate::note::Note;
use crate::stream;
use machine::fingerprint::digest;
use machine::{Ask, Context, Duration, Fact, Time};

impl Local {
    /// Looks at a row and does what it calls for.
    pub(super) fn decide(&mut self, cx: &Context<'_>, out: &mut Out, id: u32) {
        let Some(row) = self.row(id) else { return };
        if !row.wanted.is_some() && !row.state.is_leaving() {
            return self.remove(cx, out, id, &row);
        }
        match row.state {
            State::Pending => self.dispatch(cx, out, id, &row),
            State::Installed if row.wanted != row.last_good => {
                if self.is_allowed(cx, out, &row) && self.is_reachable(cx, out, &row) {
                    self.attempt(cx, out, id, Some(Transition::Changed), row.wanted);
                }
            }
            State::Failed => self.after_failure(cx, out, id, &row),
            // What is under way finishes first; what is installed, or gone, stays so.
            State::Installing
            | State::Updating
            | State::RollingBack
            | State::Installed
            | State::Deleting
            | State::Deleted => {}
        }
    }

    fn is_reachable(&self, cx: &Context<'_>, out: &mut Out, row: &Deployment) -> bool {
        let heard = self
            .site(row.item)
            .is_some_and(|site| self.hears(site.node));
        let life = row.item.life(row.incarnation);
        out.require(cx, &gate::EN_REACHABLE, life, Fact::yes(heard))
            .is_ok()
    }

    fn is_allowed(&self, cx: &Context<'_>, out: &mut Out, row: &Deployment) -> bool {
        let free = Fact::yes(!row.quarantined.is_some() || row.quarantined != row.wanted);
        let life = row.item.life(row.incarnation);
        out.require(cx, &gate::NOT_QUARANTINED, life, free).is_ok()
    }

    /// Sends a pending deployment to its node, or sends it anew when something else is wanted by now.
    pub(super) fn dispatch(&mut self, cx: &Context<'_>, out: &mut Out, id: u32, row: &Deployment) {
        let sent = row.dispatched && row.goal_generation == row.generation;
        if !sent && self.is_reachable(cx, out, row) {
            self.attempt(cx, out, id, None, row.wanted);
        }
    }

    /// One attempt begins, under a new token.
    fn attempt(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: u32,
        transition: Option<Transition>,
        goal: Revision,
    ) {
        let deadline = cx.now.after(cx.knobs.time(&knob::GITOPS_PROGRESS));
        let back = transition == Some(Transition::RollbackStarted);
        self.commit(cx, out, id, transition, |row| {
            row.token += 1;
            row.goal = goal;
            row.goal_generation = row.generation;
            row.dispatched = true;
            row.attempts += u32::from(!back);
            row.deadline = deadline;
            row.retry_at = Time(0);
            row.degraded = false;
        });
        if transition.is_some() {
            self.agenda.set(Due::Progress(id), deadline);
        }
        self.agenda.clear(Due::Order(id));
        self.tend(cx, out, id);
    }

    /// First what may end otherwise is tried again, then one goes back; what is left is for an operator.
    fn after_failure(&mut self, cx: &Context<'_>, out: &mut Out, id: u32, row: &Deployment) {
        if row.retry_at > cx.now {
            return self.agenda.set(Due::Decide(id), row.retry_at);
        }
        if row.needs_operator {
            return;
        }
        let life = row.item.life(row.incarnation);
        if self.may_retry(cx, out, row) {
            let transition = if row.last_good.is_some() {
                Transition::UpdateRetried
            } else {
                Transition::InstallRetried
            };
            if self.is_allowed(cx, out, row) && self.is_reachable(cx, out, row) {
                self.attempt(cx, out, id, Some(transition), row.wanted);
            }
            return;
        }
        let policy = Fact::yes(self.site(row.item).is_some_and(|site| site.rollback));
        let exists = Fact::yes(row.last_good.is_some());
        // Where nothing has run there is nothing that could fail to read.
        let schema = if row.last_good.is_some() {
            row.schema
        } else {
            0
        };
        let reads = Fact::at_least(row.last_good.schema.into(), schema.into());
        let back = out
            .require(cx, &gate::ROLLBACK_POLICY_ON, life, policy)
            .and_then(|()| out.require(cx, &gate::LAST_GOOD_EXISTS, life, exists))
            .and_then(|()| out.require(cx, &gate::LAST_GOOD_READS_DATA, life, reads));
        if back.is_err() {
            return self.give_up(cx, out, id);
        }
        if self.is_reachable(cx, out, row) {
            let goal = row.last_good;
            self.attempt(cx, out, id, Some(Transition::RollbackStarted), goal);
        }
    }

    fn give_up(&mut self, cx: &Context<'_>, out: &mut Out, id: u32) {
        if let Some(row) = self.row(id) {
            out.note(Note::GitOps(Tell::NeedsOperator { item: row.item }));
        }
        self.commit(cx, out, id, None, |row| row.needs_operator = true);
    }

    /// What has not been tried may be; what has been, if it may end otherwise and was not tried too often.
    fn may_retry(&self, cx: &Context<'_>, out: &mut Out, row: &Deployment) -> bool {
        if row.attempts == 0 {
            return true;
        }
        let life = row.item.life(row.incarnation);
        let most = cx.knobs.get(&knob::GITOPS_ATTEMPTS);
        let retryable = Fact::yes(row.cause.is_retryable());
        let left = Fact::below(row.attempts.into(), most);
        out.require(cx, &gate::CAUSE_RETRYABLE, life, retryable)
            .and_then(|()| out.require(cx, &gate::RETRY_BUDGET_LEFT, life, left))
            .is_ok()
    }

    /// How long to wait after so many tries, give or take a fifth.
    pub(super) fn back_off(&self, cx: &Context<'_>, row: &Deployment, tries: u32) -> Duration {
        let first = cx.knobs.time(&knob::GITOPS_BACK_OFF).0;
        let most = cx.knobs.time(&knob::GITOPS_BACK_OFF_MAX).0;
        let wait = first.saturating_mul(1 << tries.min(20)).min(most);
        let key = digest(&(row.item, row.incarnation, row.token, tries));
        let ask = Ask {
            stream: stream::BACK_OFF,
            key,
        };
        Duration(cx.dice.between(ask, wait - wait / 5, wait + wait / 5))
    }

    /// The attempt under way has failed; `token` is that of the row from now on.
    pub(super) fn fail(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: u32,
        cause: Cause,
        schema: u8,
    ) {
        let Some(row) = self.row(id) else { return };
        let transition = match row.state {
            State::Installing => Transition::InstallFailed,
            State::Updating => Transition::UpdateFailed,
            _ => Transition::RollbackFailed,
        };
        let back = transition == Transition::RollbackFailed;
        let lost = matches!(cause, Cause::NodeOffline | Cause::NoProgress);
        let wait = if cause.is_retryable() && row.attempts > 0 {
            self.back_off(cx, &row, row.attempts - 1)
        } else {
            Duration::ZERO
        };
        out.note(Note::GitOps(Tell::AttemptFailed {
            item: row.item,
            incarnation: row.incarnation,
            generation: row.goal_generation,
            cause,
        }));
        let superseded = row.goal_generation != row.generation;
        self.commit(cx, out, id, Some(transition), |row| {
            row.cause = cause;
            row.schema = row.schema.max(schema);
            row.retry_at = cx.now.after(wait);
            if lost {
                // LO speaks for a node that does not: whatever that one says later is about an older attempt.
                row.token += 1;
            }
            if superseded {
                row.retry_at = Time(0);
            } else if back {
                row.needs_operator = true;
            }
        });
        if back && !superseded {
            out.note(Note::GitOps(Tell::NeedsOperator { item: row.item }));
        }
        self.decide(cx, out, id);
    }

    /// The progress deadline of an attempt has come.
    pub(super) fn no_progress(&mut self, cx: &Context<'_>, out: &mut Out, id: u32) {
        let Some(row) = self.row(id).filter(|row| row.state.is_under_way()) else {
            return;
        };
        let heard = self
            .site(row.item)
            .is_some_and(|site| self.hears(site.node));
        let cause = if heard {
            Cause::NoProgress
        } else {
            Cause::NodeOffline
        };
        // Nobody knows how far it got: its data may be as new as it would be in the end.
        self.fail(cx, out, id, cause, row.goal.schema);
        self.tend(cx, out, id);
    }

    fn remove(&mut self, cx: &Context<'_>, out: &mut Out, id: u32, row: &Deployment) {
        let life = row.item.life(row.incarnation);
        let never = Fact::yes(!row.dispatched);
        if row.state == State::Pending
            && out
                .require(cx, &gate::NEVER_DISPATCHED, life, never)
                .is_ok()
        {
            self.commit(cx, out, id, Some(Transition::NeverDelivered), |_| {});
            return self.tend(cx, out, id);
        }
        self.removals.remove(id);
        self.commit(cx, out, id, Some(Transition::Removed), |row| {
            row.token += 1;
            row.goal = Revision::NONE;
            row.retry_at = Time(0);
            row.needs_operator = false;
            row.degraded = false;
        });
        self.agenda.clear(Due::Decide(id));
        self.agenda.clear(Due::Order(id));
        self.tend(cx, out, id);
    }

    /// An operator wants it tried at once, with a full budget.
    pub(super) fn retry_now(&mut self, cx: &Context<'_>, out: &mut Out, item: Item) -> bool {
        let id = self.current.get(&item).copied();
        let failed = id.and_then(|id| Some((id, self.row(id)?)));
        let Some((id, _)) = failed.filter(|(_, row)| row.state == State::Failed) else {
            return false;
        };
        self.commit(cx, out, id, None, |row| {
            row.attempts = 0;
            row.retry_at = Time(0);
            row.needs_operator = false;
        });
        self.decide(cx, out, id);
        true
    }

    /// An operator declares it deleted: nothing but what a proof of absence would do.
    pub(super) fn force_delete(&mut self, cx: &Context<'_>, out: &mut Out, item: Item) -> bool {
        let id = self.current.get(&item).copied();
        let Some((id, row)) = id.and_then(|id| Some((id, self.row(id)?))) else {
            return false;
        };
        let life = row.item.life(row.incarnation);
        let proven = Fact::yes(row.state == State::Deleted);
        if out
            .require(cx, &gate::ABSENCE_PROVEN, life, proven)
            .is_err()
        {
            return false;
        }
        if row.state == State::Deleting {
            self.commit(cx, out, id, Some(Transition::Deleted), |_| {});
            self.tend(cx, out, id);
        }
        true
    }

    /// An operator declares it installed: nothing but what late evidence would do.
    pub(super) fn mark_installed(&mut self, cx: &Context<'_>, out: &mut Out, item: Item) -> bool {
        let id = self.current.get(&item).copied();
        let Some((id, row)) = id.and_then(|id| Some((id, self.row(id)?))) else {
            return false;
        };
        let life = row.item.life(row.incarnation);
        let seen = Fact::yes(row.state == State::Installed);
        if out
            .require(cx, &gate::RECONCILE_EVIDENCE, life, seen)
            .is_err()
        {
            return false;
        }
        if row.state == State::Failed {
            self.commit(cx, out, id, Some(Transition::Reconciled), |row| {
                row.last_good = row.goal;
                row.cause = Cause::None;
            });
            self.tend(cx, out, id);
        }
        true
    }
}
