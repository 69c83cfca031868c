//! The migration service: one row per migration, one piece of work under way for each.
//!
//! **Invariants.** A row moves by one commit; no work is ordered because of it before the disk has it. What the database said
//! is evidence with an age. A piece of work is ordered again only if doing it twice does no harm; of a step it is not known,
//! and then the migration ends, keeping its lock, until somebody has looked.

use super::{
    App, Class, Command, MigrationId, Outcome, PRODUCTION, Reason, State, Transition, Work,
};
use crate::MIGRATION;
use crate::agenda::Agenda;
use crate::gate;
use crate::id::Token;
use crate::knob;
use crate::ledger::Ledger;
use crate::message::Message;
use crate::migration::{Message as Say, Note as Tell};
use crate::note::Note;
use alloc::vec::Vec;
use machine::{Context, Fact, Input, Machine, Moved, NodeId, Persist, Row, Step};
use machine::{Table, Ticket, Time, fingerprint::digest};

type Out = Step<Message, Record, Note>;

/// A migration that could be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Planned {
    /// What it does to the schema.
    pub class: Class,
    /// In how many steps.
    pub steps: u8,
    /// Whether it is written down how to go back.
    pub rollback_plan: bool,
}

/// What the service is told at its installation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Installation {
    /// The migrations, in the order of their numbers.
    pub migrations: Vec<Planned>,
    /// What carries the work to the database.
    pub migrator: NodeId,
}

/// A migration as the service has it in its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Migration {
    /// What it does.
    pub planned: Planned,
    /// Where it stands; `None` if nobody has asked for it.
    pub state: Option<State>,
    /// The number of the attempt.
    pub token: Token,
    /// The plan as it is now, and as it was tried.
    pub plan: u32,
    /// The plan that was tried on a copy.
    pub tried: Option<u32>,
    /// Whether the plan leaves rows that are written again for afterwards, a few at a time.
    pub later: bool,
    /// Whether somebody approved that data is taken away.
    pub approved: bool,
    /// How many steps are in, as far as is known.
    pub done: u8,
    /// How often the lock was waited for in vain.
    pub missed: u8,
    /// Whether it may hold the lock.
    pub locked: bool,
    /// Why it waits or failed.
    pub reason: Option<Reason>,
    /// Since when it is in this state.
    pub since: Time,
}

/// What the service makes durable: a row after a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    migration: MigrationId,
    row: Row<Migration>,
}

/// What the database said about a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Evidence {
    holds: bool,
    at: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Due {
    /// Work that is under way takes too long.
    Lease(MigrationId),
    /// It is time to wait for the lock again.
    Again(MigrationId),
    /// A migration has waited for somebody for too long.
    Expiry(MigrationId),
}

/// The migration service.
#[derive(Clone, Debug)]
pub struct Migrations {
    installation: Installation,
    rows: Table<Migration>,
    written: u64,
    durable: u64,
    newest: Ledger<MigrationId, u64>,
    /// The work under way, and its number.
    jobs: Ledger<MigrationId, (Work, u32)>,
    restore_points: Ledger<MigrationId, Evidence>,
    compatible: Ledger<MigrationId, Evidence>,
    /// Who has been told that it holds the lock.
    granted: Ledger<MigrationId, ()>,
    /// Whose schema has been looked at and is the expected one, and how many apps have answered on it.
    answered: Ledger<MigrationId, u8>,
    nth: u32,
    agenda: Agenda<Due>,
}

impl Migrations {
    /// A service whose database holds nothing yet.
    #[must_use]
    pub fn new(installation: Installation) -> Self {
        Self {
            installation,
            rows: Table::default(),
            written: 0,
            durable: 0,
            newest: Ledger::default(),
            jobs: Ledger::default(),
            restore_points: Ledger::default(),
            compatible: Ledger::default(),
            granted: Ledger::default(),
            answered: Ledger::default(),
            nth: 0,
            agenda: Agenda::default(),
        }
    }

    /// The migrations, in the order of their numbers.
    #[must_use]
    pub const fn rows(&self) -> &Table<Migration> {
        &self.rows
    }

    fn row(&self, id: MigrationId) -> Option<Migration> {
        self.rows.get(u32::from(id.0)).map(|row| row.value)
    }

    /// One commit: the row, its record and, if it moved, its transition.
    fn commit(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: MigrationId,
        transition: Option<Transition>,
        change: impl FnOnce(&mut Migration),
    ) {
        let Some(old) = self.rows.get(u32::from(id.0)).copied() else {
            return;
        };
        let mut value = old.value;
        if let Some(transition) = transition {
            let next = match old.value.state {
                None => Some(State::Classified),
                Some(state) => state.after(transition),
            };
            let Some(next) = next else { return };
            value.state = Some(next);
            value.since = cx.now;
        }
        change(&mut value);
        if value == old.value {
            return;
        }
        let Ok(version) = self.rows.cas(u32::from(id.0), old.version, value) else {
            return;
        };
        self.written += 1;
        self.newest.insert(id, self.written);
        out.persists.push(Persist {
            ticket: Ticket(self.written),
            record: Record {
                migration: id,
                row: Row { version, value },
            },
        });
        if value.reason != old.value.reason
            && let Some(reason) = value.reason
        {
            out.note(Note::Migration(Tell::Reasoned {
                migration: id,
                reason,
            }));
        }
        if let (Some(transition), Some(state)) = (transition, value.state) {
            out.moved.push(Moved {
                lifecycle: MIGRATION,
                subject: id.into(),
                from: old.value.state.map(|state| state as u8),
                transition: old.value.state.map(|_| transition as u8),
                to: state as u8,
                version,
            });
            self.agenda.clear(Due::Again(id));
            let expiry = cx.knobs.time(&knob::MIGRATION_EXPIRY);
            match state {
                State::Blocked => self.agenda.set(Due::Expiry(id), cx.now.after(expiry)),
                _ => self.agenda.clear(Due::Expiry(id)),
            }
        }
    }

    /// It cannot go on for now, or not at all.
    fn stop(&mut self, cx: &Context<'_>, out: &mut Out, id: MigrationId, reason: Reason) {
        let transition = match reason {
            Reason::StepError
            | Reason::Indeterminate
            | Reason::WrongSchema
            | Reason::RunningAppFails
            | Reason::WindowAppFails
            | Reason::IsolationBreach => Transition::BrokeOff,
            Reason::Expired => Transition::Expired,
            _ => Transition::Stopped,
        };
        self.drop_job(id);
        self.granted.remove(id);
        self.answered.remove(id);
        self.commit(cx, out, id, Some(transition), |row| {
            row.reason = Some(reason)
        });
    }

    fn drop_job(&mut self, id: MigrationId) {
        self.jobs.remove(id);
        self.agenda.clear(Due::Lease(id));
    }

    /// Asks a gate; a refusal stops the migration for this reason.
    fn asks(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: MigrationId,
        (gate, fact): (&'static machine::Gate, Fact),
        reason: Reason,
    ) -> bool {
        let passed = out.require(cx, gate, id.into(), fact).is_ok();
        if !passed {
            self.stop(cx, out, id, reason);
        }
        passed
    }

    /// Orders the work that a migration needs next, unless some is under way.
    fn drive(&mut self, cx: &Context<'_>, out: &mut Out, id: MigrationId) {
        let Some(row) = self.row(id) else { return };
        if self.jobs.contains(id) || self.agenda.has(Due::Again(id)) {
            return;
        }
        let work = match row.state {
            Some(State::Classified) => {
                let safe = row.planned.class != Class::Destructive || row.approved;
                let fact = (&gate::EXPAND_CONTRACT_SAFE, Fact::yes(safe));
                if !self.asks(cx, out, id, fact, Reason::Destructive) {
                    return;
                }
                Some(Work::Copy)
            }
            Some(State::DryRun) => self.next_of_dry_run(cx, out, id, &row),
            Some(State::Locked) => {
                let same = Fact::equal(row.plan.into(), row.tried.map_or(u64::MAX, u64::from));
                if !self.asks(
                    cx,
                    out,
                    id,
                    (&gate::PLAN_UNCHANGED, same),
                    Reason::PlanDrift,
                ) {
                    return self.drive(cx, out, id);
                }
                self.commit(cx, out, id, Some(Transition::Began), |_| {});
                return self.drive(cx, out, id);
            }
            Some(State::Applying) if row.done < row.planned.steps => Some(Work::Step(row.done)),
            Some(State::Applying) => {
                let app = |answered: &u8| App::BOTH.get(usize::from(*answered));
                let next = self.answered.get(id).and_then(app);
                Some(next.map_or(Work::Schema, |app| Work::Smoke(*app)))
            }
            // What it may hold is given back, unless nobody knows what became of a step.
            Some(State::Verified | State::Blocked | State::Failed)
                if row.locked && row.reason != Some(Reason::Indeterminate) =>
            {
                Some(Work::Unlock)
            }
            _ => None,
        };
        if let Some(work) = work {
            self.order(cx, out, id, work);
        }
    }

    /// What is to be known before the lock, and then the lock.
    fn next_of_dry_run(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: MigrationId,
        row: &Migration,
    ) -> Option<Work> {
        if row.tried.is_none() {
            // The copy that it was tried on went with the process that knew of it.
            return Some(Work::Copy);
        }
        let Some(restore) = self.restore_points.get(id).copied() else {
            return Some(Work::RestorePoint);
        };
        let fact = (&gate::RESTORE_POINT_KNOWN, Fact::yes(restore.holds));
        if !self.asks(cx, out, id, fact, Reason::NoRestorePoint) {
            return None;
        }
        let Some(compatible) = self.compatible.get(id).copied() else {
            return Some(Work::Compatible);
        };
        let fact = (&gate::OLD_ARTIFACT_COMPATIBLE, Fact::yes(compatible.holds));
        if !self.asks(cx, out, id, fact, Reason::OldAppIncompatible) {
            return None;
        }
        let fact = (&gate::ROLLBACK_PLAN, Fact::yes(row.planned.rollback_plan));
        if !self.asks(cx, out, id, fact, Reason::NoRollbackPlan) {
            return None;
        }
        if !self.granted.contains(id) {
            // Written down before it is asked for: whatever happens now, it is given back.
            self.commit(cx, out, id, None, |row| row.locked = true);
            return Some(Work::Lock);
        }
        // The lock may have taken its time: what was known before it is looked at again if it is too old.
        let ttl = cx.knobs.time(&knob::MIGRATION_EVIDENCE_TTL);
        let oldest = restore.at.min(compatible.at);
        let fresh = Fact::at_most(cx.now.since(oldest).0, ttl.0);
        if out
            .require(cx, &gate::MIGRATION_EVIDENCE_FRESH, id.into(), fresh)
            .is_err()
        {
            self.restore_points.remove(id);
            self.compatible.remove(id);
            return Some(Work::RestorePoint);
        }
        self.commit(cx, out, id, Some(Transition::LockTaken), |_| {});
        self.drive(cx, out, id);
        None
    }

    fn order(&mut self, cx: &Context<'_>, out: &mut Out, id: MigrationId, work: Work) {
        let newest = self.newest.get(id).copied().unwrap_or(0);
        let durable = Fact::at_least(self.durable, newest);
        if out
            .require(cx, &gate::COMMIT_BEFORE_PUBLISH, id.into(), durable)
            .is_err()
        {
            // When the disk has it, this is done again.
            return;
        }
        let Some(row) = self.row(id) else { return };
        self.nth = self.nth.saturating_add(1);
        self.jobs.insert(id, (work, self.nth));
        let lease = cx.knobs.time(&knob::MIGRATION_LEASE);
        self.agenda.set(Due::Lease(id), cx.now.after(lease));
        let (token, later, nth) = (row.token, row.later, self.nth);
        out.send(
            self.installation.migrator,
            Message::Migration(Say::Do {
                migration: id,
                token,
                work,
                later,
                nth,
            }),
        );
    }

    fn on_report(&mut self, cx: &Context<'_>, out: &mut Out, report: Say) {
        let Say::Report {
            migration: id,
            token,
            work,
            outcome,
            at,
            nth,
        } = report
        else {
            return;
        };
        let Some(row) = self.row(id) else { return };
        let current = Fact::equal(token.0.into(), row.token.0.into());
        if out
            .require(cx, &gate::MIGRATION_TOKEN, id.into(), current)
            .is_err()
        {
            return out.note(Note::Migration(Tell::LateReport {
                migration: id,
                token,
            }));
        }
        // A report of the attempt that is not the one waited for is a repeat, or came after it was given up.
        let mine = self.jobs.get(id) == Some(&(work, nth));
        if !mine && token == row.token {
            return;
        }
        out.note(Note::Migration(Tell::Believed {
            migration: id,
            current: row.token,
            report: token,
        }));
        self.drop_job(id);
        self.take(cx, out, id, (work, outcome, at));
        self.drive(cx, out, id);
    }

    /// What a report means.
    fn take(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: MigrationId,
        (work, outcome, at): (Work, Outcome, Time),
    ) {
        let holds = outcome == Outcome::Yes;
        let Some(row) = self.row(id) else { return };
        match (work, outcome) {
            (Work::Copy, Outcome::Number(copy)) => {
                let fact = Fact {
                    holds: copy != PRODUCTION,
                    found: copy.into(),
                    wanted: PRODUCTION.into(),
                };
                let gate = (&gate::DRY_RUN_OFF_PRODUCTION, fact);
                if self.asks(cx, out, id, gate, Reason::IsolationBreach) {
                    if row.state == Some(State::Classified) {
                        self.commit(cx, out, id, Some(Transition::Tried), |_| {});
                    }
                    // In the same commit's wake: the copy is known only here.
                    self.order(cx, out, id, Work::Try(copy));
                    if !self.jobs.contains(id) {
                        self.jobs.insert(id, (Work::Try(copy), 0));
                    }
                }
            }
            (Work::Try(_), Outcome::Yes) => {
                self.commit(cx, out, id, None, |row| row.tried = Some(row.plan));
            }
            // What it costs is known since it was tried: so many rows are written again at once.
            (Work::Try(_), Outcome::Number(rows)) => {
                let fits = Fact::at_most(rows.into(), cx.knobs.get(&knob::REWRITE_WINDOW));
                let gate = (&gate::REWRITE_FITS_WINDOW, fits);
                if self.asks(cx, out, id, gate, Reason::RewritesTooMuch) {
                    self.commit(cx, out, id, None, |row| row.tried = Some(row.plan));
                }
            }
            (Work::Try(_) | Work::Step(_), Outcome::No) => {
                self.stop(cx, out, id, Reason::StepError);
            }
            (Work::RestorePoint, _) => self.restore_points.insert(id, Evidence { holds, at }),
            (Work::Compatible, _) => self.compatible.insert(id, Evidence { holds, at }),
            (Work::Lock, Outcome::Yes) => self.granted.insert(id, ()),
            (Work::Lock, _) => self.lock_missed(cx, out, id, row.missed.saturating_add(1)),
            (Work::Step(step), Outcome::Yes) => {
                self.commit(cx, out, id, None, |row| row.done = row.done.max(step + 1));
                out.note(Note::Migration(Tell::StepApplied {
                    migration: id,
                    step,
                }));
            }
            (Work::Schema, Outcome::Number(found)) if row.state == Some(State::Failed) => {
                // Somebody looked what became of the step: now it is known.
                self.commit(cx, out, id, None, |row| {
                    row.done = found as u8;
                    row.reason = Some(Reason::StepError);
                });
            }
            (Work::Schema, Outcome::Number(found)) => {
                let expected = Fact::equal(found.into(), row.planned.steps.into());
                let gate = (&gate::SCHEMA_AS_EXPECTED, expected);
                if self.asks(cx, out, id, gate, Reason::WrongSchema) {
                    self.answered.insert(id, 0);
                }
            }
            (Work::Smoke(app), _) => self.app_answered(cx, out, id, (app, holds)),
            (Work::Unlock, _) => self.commit(cx, out, id, None, |row| row.locked = false),
            _ => {}
        }
    }

    /// An app was tried on the new schema. The migration is verified when both answer.
    fn app_answered(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: MigrationId,
        (app, holds): (App, bool),
    ) {
        let gate = (&gate::APPS_ANSWER, Fact::yes(holds));
        if !self.asks(cx, out, id, gate, app.fails()) {
            return;
        }
        let answered = self.answered.get(id).map_or(1, |answered| answered + 1);
        self.answered.insert(id, answered);
        if usize::from(answered) >= App::BOTH.len() {
            self.commit(cx, out, id, Some(Transition::Confirmed), |_| {});
            self.granted.remove(id);
            self.answered.remove(id);
        }
    }

    fn lock_missed(&mut self, cx: &Context<'_>, out: &mut Out, id: MigrationId, missed: u8) {
        self.commit(cx, out, id, None, |row| {
            row.missed = missed;
            row.locked = false;
        });
        out.note(Note::Migration(Tell::LockMissed {
            migration: id,
            tries: missed,
        }));
        let left = Fact::below(missed.into(), cx.knobs.get(&knob::MIGRATION_LOCK_TRIES));
        let gate = (&gate::LOCK_TRIES_LEFT, left);
        if self.asks(cx, out, id, gate, Reason::LockTimeout) {
            let pause = cx.knobs.time(&knob::MIGRATION_LOCK_PAUSE);
            self.agenda.set(Due::Again(id), cx.now.after(pause));
        }
    }

    /// Work under way was not heard of for too long.
    fn lease_over(&mut self, cx: &Context<'_>, out: &mut Out, id: MigrationId) {
        let Some((work, _)) = self.jobs.remove(id) else {
            return;
        };
        let known = Fact::yes(!matches!(work, Work::Step(_)));
        if out
            .require(cx, &gate::STEP_RESULT_KNOWN, id.into(), known)
            .is_err()
        {
            return self.stop(cx, out, id, Reason::Indeterminate);
        }
        // Whatever else it is may be done once more.
        self.drive(cx, out, id);
    }

    fn on_command(&mut self, cx: &Context<'_>, out: &mut Out, command: Command) {
        let state = |id| self.row(id).map(|row| row.state);
        let done = match command {
            Command::Request { migration } if state(migration) == Some(None) => {
                self.begin(cx, out, migration);
                true
            }
            // A second request attaches to what is there.
            Command::Request { migration } => state(migration).is_some(),
            Command::Approve { migration } => {
                self.commit(cx, out, migration, None, |row| row.approved = true);
                true
            }
            Command::WriteRollbackPlan { migration } => {
                self.commit(cx, out, migration, None, |row| {
                    row.planned.rollback_plan = true
                });
                true
            }
            // The step that is under way belongs to the plan as it was tried.
            Command::ChangePlan { migration } | Command::FillLater { migration }
                if state(migration) != Some(Some(State::Applying)) =>
            {
                self.commit(cx, out, migration, None, |row| {
                    row.plan = row.plan.saturating_add(1);
                    row.later |= matches!(command, Command::FillLater { .. });
                });
                true
            }
            Command::Resume { migration } if state(migration) == Some(Some(State::Blocked)) => {
                self.begin(cx, out, migration);
                true
            }
            Command::Reconcile { migration } => {
                let unknown = self
                    .row(migration)
                    .is_some_and(|row| row.reason == Some(Reason::Indeterminate));
                if unknown && !self.jobs.contains(migration) {
                    self.order(cx, out, migration, Work::Schema);
                }
                unknown
            }
            Command::Resume { .. }
            | Command::Provide { .. }
            | Command::ChangePlan { .. }
            | Command::FillLater { .. } => false,
        };
        out.note(Note::Migration(Tell::Ordered { command, done }));
    }

    /// A new attempt: everything is looked at again, under a new token.
    fn begin(&mut self, cx: &Context<'_>, out: &mut Out, id: MigrationId) {
        self.restore_points.remove(id);
        self.compatible.remove(id);
        self.drop_job(id);
        self.commit(cx, out, id, Some(Transition::Resumed), |row| {
            row.token = Token(row.token.0.saturating_add(1));
            row.tried = None;
            row.missed = 0;
            row.reason = None;
        });
        self.drive(cx, out, id);
    }
}

impl Machine for Migrations {
    type Message = Message;
    type Record = Record;
    type Note = Note;

    fn step(&mut self, cx: &Context<'_>, input: Input<Message>, out: &mut Out) {
        match input {
            Input::Message {
                message: Message::Command(crate::message::Command::Migration(command)),
                ..
            } => self.on_command(cx, out, command),
            Input::Message {
                from,
                message:
                    Message::Outage(crate::outage::Message::Carry {
                        work,
                        command: crate::message::Command::Migration(command),
                        nth,
                    }),
            } => {
                self.on_command(cx, out, command);
                let carried = crate::outage::Message::Carried { work, nth };
                out.send(from, Message::Outage(carried));
            }
            Input::Message {
                message: Message::Migration(report @ Say::Report { .. }),
                ..
            } => self.on_report(cx, out, report),
            Input::Deadline => {
                for due in self.agenda.take_due(cx.now) {
                    match due {
                        Due::Lease(id) => self.lease_over(cx, out, id),
                        Due::Again(id) => self.drive(cx, out, id),
                        Due::Expiry(id) => self.stop(cx, out, id, Reason::Expired),
                    }
                }
            }
            Input::Persisted(ticket) => {
                self.durable = self.durable.max(ticket.0);
                let newest = self.newest.map().iter();
                let waiting: Vec<MigrationId> = newest
                    .filter(|(_, newest)| **newest == ticket.0)
                    .map(|(id, _)| *id)
                    .collect();
                for id in waiting {
                    let version = self.rows.get(u32::from(id.0)).map_or(0, |row| row.version);
                    out.note(Note::Migration(Tell::Committed {
                        migration: id,
                        version,
                    }));
                    if let Some((work @ Work::Try(_), 0)) = self.jobs.get(id).copied() {
                        self.jobs.remove(id);
                        self.order(cx, out, id, work);
                    }
                    self.drive(cx, out, id);
                }
            }
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.agenda.next()
    }

    fn restart(&mut self, cx: &Context<'_>, durable: &[Record], out: &mut Out) {
        *self = Self::new(self.installation.clone());
        // No number is used twice: it says less than one thing per millisecond.
        self.nth = u32::try_from(cx.now.0 / 1_000).unwrap_or(u32::MAX / 2);
        let planned = self.installation.migrations.clone();
        for planned in &planned {
            self.rows.insert(Migration {
                planned: *planned,
                state: None,
                token: Token(0),
                plan: 1,
                tried: None,
                later: false,
                approved: false,
                done: 0,
                missed: 0,
                locked: false,
                reason: None,
                since: cx.now,
            });
        }
        for record in durable {
            self.rows.restore(u32::from(record.migration.0), record.row);
        }
        for at in 0..planned.len() as u8 {
            let id = MigrationId(at);
            self.newest.insert(id, 0);
            let Some(row) = self.row(id) else { continue };
            if row.state == Some(State::Applying) && row.done < row.planned.steps {
                // A step may have been under way when it died; nobody knows.
                let unknown = Fact::yes(false);
                if out
                    .require(cx, &gate::STEP_RESULT_KNOWN, id.into(), unknown)
                    .is_err()
                {
                    self.stop(cx, out, id, Reason::Indeterminate);
                    continue;
                }
            }
            if row.state == Some(State::Blocked) {
                let expiry = cx.knobs.time(&knob::MIGRATION_EXPIRY);
                self.agenda.set(Due::Expiry(id), row.since.after(expiry));
            }
            self.drive(cx, out, id);
        }
    }

    fn fingerprint(&self) -> u64 {
        digest(&(
            self.rows.fingerprint(),
            (self.written, self.durable, self.nth),
            self.newest.fingerprint(),
            self.jobs.fingerprint(),
            self.restore_points.fingerprint(),
            self.compatible.fingerprint(),
            (self.granted.fingerprint(), self.answered.fingerprint()),
            self.agenda.fingerprint(),
        ))
    }
}
