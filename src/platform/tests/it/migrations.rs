//! Database Migration, row by row of its table.

use crate::bench::{ByHand, Solo};
use machine::Verdict;
use machine::{Duration, Input, Machine, NodeId};
use platform::id::Token;
use platform::message::{Command, Message};
use platform::migration::{
    App, Class, Command as Order, Installation, Message as Say, Migration, MigrationId, Migrations,
    Migrator, Note as Tell, Outcome, PRODUCTION, Planned, Reason, State, Work,
};
use platform::note::Note;
use platform::{gate, knob};

const SERVICE: NodeId = NodeId(1);
const MIGRATOR: NodeId = NodeId(2);
const DATABASE: NodeId = NodeId(3);
const OPERATOR: NodeId = NodeId(9);
const IT: MigrationId = MigrationId(0);

/// A migration service with one migration, by hand.
struct Rig {
    solo: Solo<Migrations>,
    /// The newest order to the migrator.
    order: Option<(Token, Work, u32)>,
}

impl ByHand for Rig {
    type Of = Migrations;

    fn solo(&mut self) -> &mut Solo<Migrations> {
        &mut self.solo
    }

    /// Looks at what has left the node.
    fn look(&mut self) {
        for send in &self.solo.out.sends {
            if let Message::Migration(Say::Do {
                token, work, nth, ..
            }) = send.message
            {
                self.order = Some((token, work, nth));
            }
        }
    }

    fn forget(&mut self) {
        self.order = None;
    }
}

impl Rig {
    fn new(class: Class, rollback_plan: bool) -> Self {
        let planned = Planned {
            class,
            steps: 2,
            rollback_plan,
        };
        let mut rig = Self {
            solo: Solo::new(
                Migrations::new(Installation {
                    migrations: vec![planned],
                    migrator: MIGRATOR,
                }),
                SERVICE,
            ),
            order: None,
        };
        rig.restart();
        rig
    }

    fn sound() -> Self {
        let mut rig = Self::new(Class::Expand, true);
        rig.command(Order::Request { migration: IT });
        rig
    }

    fn command(&mut self, order: Order) {
        self.input(Input::Message {
            from: OPERATOR,
            message: Message::Command(Command::Migration(order)),
        });
        self.sync();
    }

    fn report(&mut self, (token, work, nth): (Token, Work, u32), outcome: Outcome) {
        self.solo.now = self.solo.now.after(Duration(1_000));
        let at = self.solo.now;
        self.input(Input::Message {
            from: MIGRATOR,
            message: Message::Migration(Say::Report {
                migration: IT,
                token,
                work,
                outcome,
                at,
                nth,
            }),
        });
    }

    /// The database answers what it was asked last, which has to be this.
    fn answers(&mut self, asked: Work, outcome: Outcome) {
        let order = self.order.take().expect("nothing was ordered");
        assert_eq!(order.1, asked);
        self.report(order, outcome);
        self.sync();
    }

    /// All that comes before the lock, all of it well.
    fn before_the_lock(&mut self) {
        self.answers(Work::Copy, Outcome::Number(7));
        self.answers(Work::Try(7), Outcome::Yes);
        self.answers(Work::RestorePoint, Outcome::Yes);
        self.answers(Work::Compatible, Outcome::Yes);
    }

    /// One whose steps are all in.
    fn applied() -> Self {
        let mut rig = Self::sound();
        rig.before_the_lock();
        rig.answers(Work::Lock, Outcome::Yes);
        rig.answers(Work::Step(0), Outcome::Yes);
        rig.answers(Work::Step(1), Outcome::Yes);
        rig
    }

    fn wait(&mut self, duration: Duration) {
        let until = self.solo.now.after(duration);
        while let Some(due) = self.solo.machine.deadline().filter(|due| *due <= until) {
            self.solo.now = self.solo.now.max(due);
            self.input(Input::Deadline);
            self.sync();
        }
        self.solo.now = until;
    }

    fn row(&self) -> Migration {
        self.solo.machine.rows().get(0).unwrap().value
    }

    fn stands(&self, state: State, reason: Option<Reason>) {
        assert_eq!((self.row().state, self.row().reason), (Some(state), reason));
    }
}

// K.7 Database migration. All the way.

#[test]
fn k7_a_sound_migration_is_verified() {
    let mut rig = Rig::sound();
    rig.stands(State::Classified, None);
    rig.answers(Work::Copy, Outcome::Number(7));
    rig.stands(State::DryRun, None);
    rig.answers(Work::Try(7), Outcome::Yes);
    rig.answers(Work::RestorePoint, Outcome::Yes);
    rig.answers(Work::Compatible, Outcome::Yes);
    rig.answers(Work::Lock, Outcome::Yes);
    rig.stands(State::Applying, None);
    rig.answers(Work::Step(0), Outcome::Yes);
    rig.answers(Work::Step(1), Outcome::Yes);
    rig.answers(Work::Schema, Outcome::Number(2));
    rig.stands(State::Applying, None);
    rig.answers(Work::Smoke(App::Running), Outcome::Yes);
    rig.stands(State::Applying, None);
    rig.answers(Work::Smoke(App::Window), Outcome::Yes);
    rig.stands(State::Verified, None);
    rig.answers(Work::Unlock, Outcome::Yes);
    assert!(!rig.row().locked);
    assert_eq!(rig.order, None);
}

// Nothing → classified.

#[test]
fn k7_nothing_to_classified_with_its_class_and_a_second_request_attaches() {
    let mut rig = Rig::new(Class::Expand, true);
    assert_eq!(rig.row().state, None);
    rig.command(Order::Request { migration: IT });
    rig.stands(State::Classified, None);
    let row = rig.row();
    rig.command(Order::Request { migration: IT });
    assert_eq!(rig.row(), row);
}

// Classified → dry run.

#[test]
fn k7_classified_to_dry_run_on_a_copy_that_is_not_production() {
    let mut rig = Rig::sound();
    assert_eq!(rig.order.map(|order| order.1), Some(Work::Copy));
    rig.answers(Work::Copy, Outcome::Number(7));
    rig.stands(State::DryRun, None);
    assert_eq!(rig.order.map(|order| order.1), Some(Work::Try(7)));
}

#[test]
fn k7_a_destructive_plan_waits_for_approval() {
    let mut rig = Rig::new(Class::Destructive, true);
    rig.command(Order::Request { migration: IT });
    rig.stands(State::Blocked, Some(Reason::Destructive));
    rig.command(Order::Resume { migration: IT });
    rig.stands(State::Blocked, Some(Reason::Destructive));
    rig.command(Order::Approve { migration: IT });
    rig.command(Order::Resume { migration: IT });
    rig.stands(State::Classified, None);
}

#[test]
fn k7_a_copy_that_is_production_ends_it() {
    let mut rig = Rig::sound();
    rig.answers(Work::Copy, Outcome::Number(PRODUCTION));
    rig.stands(State::Failed, Some(Reason::IsolationBreach));
    assert_eq!(rig.order, None, "nothing is tried on production");
}

#[test]
fn n5_a_plan_that_writes_too_many_rows_again_waits_for_another_one() {
    let mut rig = Rig::sound();
    let window = rig.solo.knobs.get(&knob::REWRITE_WINDOW) as u32;
    rig.answers(Work::Copy, Outcome::Number(7));
    rig.answers(Work::Try(7), Outcome::Number(window + 1));
    rig.stands(State::Blocked, Some(Reason::RewritesTooMuch));
    rig.command(Order::FillLater { migration: IT });
    rig.command(Order::Resume { migration: IT });
    rig.answers(Work::Copy, Outcome::Number(8));
    rig.answers(Work::Try(8), Outcome::Number(window));
    rig.answers(Work::RestorePoint, Outcome::Yes);
    assert_eq!(rig.row().tried, Some(rig.row().plan));
}

// Dry run → locked.

#[test]
fn k7_no_restore_point_blocks() {
    let mut rig = Rig::sound();
    rig.answers(Work::Copy, Outcome::Number(7));
    rig.answers(Work::Try(7), Outcome::Yes);
    rig.answers(Work::RestorePoint, Outcome::No);
    rig.stands(State::Blocked, Some(Reason::NoRestorePoint));
}

#[test]
fn k7_an_old_app_that_cannot_read_blocks() {
    let mut rig = Rig::sound();
    rig.answers(Work::Copy, Outcome::Number(7));
    rig.answers(Work::Try(7), Outcome::Yes);
    rig.answers(Work::RestorePoint, Outcome::Yes);
    rig.answers(Work::Compatible, Outcome::No);
    rig.stands(State::Blocked, Some(Reason::OldAppIncompatible));
}

#[test]
fn k7_no_written_way_back_blocks() {
    let mut rig = Rig::new(Class::Expand, false);
    rig.command(Order::Request { migration: IT });
    rig.before_the_lock();
    rig.stands(State::Blocked, Some(Reason::NoRollbackPlan));
    rig.command(Order::WriteRollbackPlan { migration: IT });
    rig.command(Order::Resume { migration: IT });
    rig.before_the_lock();
    assert_eq!(rig.order.map(|order| order.1), Some(Work::Lock));
}

#[test]
fn k7_the_lock_is_waited_for_three_times_and_given_back() {
    let mut rig = Rig::sound();
    rig.before_the_lock();
    for tries in 1..=3 {
        rig.answers(Work::Lock, Outcome::No);
        assert_eq!(rig.row().missed, tries);
        rig.wait(rig.solo.knobs.time(&knob::MIGRATION_LOCK_PAUSE));
    }
    rig.stands(State::Blocked, Some(Reason::LockTimeout));
    assert!(!rig.row().locked);
}

#[test]
fn k7_evidence_that_got_too_old_is_collected_again_under_the_lock() {
    let mut rig = Rig::sound();
    rig.before_the_lock();
    let ttl = rig.solo.knobs.time(&knob::MIGRATION_EVIDENCE_TTL);
    rig.solo.now = rig.solo.now.after(ttl).after(Duration(10));
    rig.answers(Work::Lock, Outcome::Yes);
    rig.stands(State::DryRun, None);
    rig.answers(Work::RestorePoint, Outcome::No);
    rig.stands(State::Blocked, Some(Reason::NoRestorePoint));
    rig.answers(Work::Unlock, Outcome::Yes);
    assert!(!rig.row().locked);
}

// Locked → applying.

#[test]
fn k7_a_plan_that_changed_since_it_was_tried_blocks() {
    let mut rig = Rig::sound();
    rig.before_the_lock();
    rig.command(Order::ChangePlan { migration: IT });
    rig.answers(Work::Lock, Outcome::Yes);
    rig.stands(State::Blocked, Some(Reason::PlanDrift));
    rig.answers(Work::Unlock, Outcome::Yes);
}

// Applying → verified.

#[test]
fn k7_a_schema_that_is_not_the_expected_one_ends_it() {
    let mut rig = Rig::sound();
    rig.before_the_lock();
    rig.answers(Work::Lock, Outcome::Yes);
    rig.answers(Work::Step(0), Outcome::Yes);
    rig.answers(Work::Step(1), Outcome::Yes);
    rig.answers(Work::Schema, Outcome::Number(1));
    rig.stands(State::Failed, Some(Reason::WrongSchema));
}

#[test]
fn k7_applying_to_verified_needs_both_apps_to_answer_on_the_new_schema() {
    for (app, reason) in [
        (App::Running, Reason::RunningAppFails),
        (App::Window, Reason::WindowAppFails),
    ] {
        let mut rig = Rig::applied();
        rig.answers(Work::Schema, Outcome::Number(2));
        for asked in App::BOTH {
            rig.stands(State::Applying, None);
            let outcome = if asked == app {
                Outcome::No
            } else {
                Outcome::Yes
            };
            rig.answers(Work::Smoke(asked), outcome);
            if asked == app {
                break;
            }
        }
        rig.stands(State::Failed, Some(reason));
        // What went in stays in, and the lock is given back.
        assert_eq!(rig.row().done, 2);
        rig.answers(Work::Unlock, Outcome::Yes);
        assert!(!rig.row().locked);
    }
}

#[test]
fn k7_an_app_that_nobody_has_heard_of_is_asked_again_and_after_a_crash_so_is_the_schema() {
    let mut rig = Rig::applied();
    rig.answers(Work::Schema, Outcome::Number(2));
    rig.answers(Work::Smoke(App::Running), Outcome::Yes);
    rig.order = None;
    rig.wait(rig.solo.knobs.time(&knob::MIGRATION_LEASE));
    assert_eq!(
        rig.order.map(|order| order.1),
        Some(Work::Smoke(App::Window))
    );
    rig.restart();
    assert_eq!(rig.order.map(|order| order.1), Some(Work::Schema));
}

// Applying → failed.

#[test]
fn k7_a_step_that_fails_ends_it_and_its_checkpoint_stays() {
    let mut rig = Rig::sound();
    rig.before_the_lock();
    rig.answers(Work::Lock, Outcome::Yes);
    rig.answers(Work::Step(0), Outcome::Yes);
    rig.answers(Work::Step(1), Outcome::No);
    rig.stands(State::Failed, Some(Reason::StepError));
    assert_eq!(rig.row().done, 1);
    rig.answers(Work::Unlock, Outcome::Yes);
}

#[test]
fn k7_an_unknown_result_keeps_the_lock_until_somebody_has_looked() {
    let mut rig = Rig::sound();
    rig.before_the_lock();
    rig.answers(Work::Lock, Outcome::Yes);
    rig.order = None;
    rig.wait(rig.solo.knobs.time(&knob::MIGRATION_LEASE));
    rig.stands(State::Failed, Some(Reason::Indeterminate));
    assert_eq!(
        rig.order, None,
        "nothing is done again, and the lock is kept"
    );
    assert!(rig.row().locked);
    rig.command(Order::Reconcile { migration: IT });
    rig.answers(Work::Schema, Outcome::Number(1));
    assert_eq!(
        (rig.row().done, rig.row().reason),
        (1, Some(Reason::StepError))
    );
    rig.answers(Work::Unlock, Outcome::Yes);
    assert!(!rig.row().locked);
}

#[test]
fn k7_a_crash_in_the_middle_of_the_steps_is_an_unknown_result() {
    let mut rig = Rig::sound();
    rig.before_the_lock();
    rig.answers(Work::Lock, Outcome::Yes);
    rig.restart();
    rig.stands(State::Failed, Some(Reason::Indeterminate));
}

// Blocked → classified.

#[test]
fn k7_blocked_to_classified_and_all_evidence_is_new() {
    let mut rig = Rig::sound();
    rig.answers(Work::Copy, Outcome::Number(7));
    rig.answers(Work::Try(7), Outcome::Yes);
    rig.answers(Work::RestorePoint, Outcome::No);
    rig.stands(State::Blocked, Some(Reason::NoRestorePoint));
    rig.command(Order::Resume { migration: IT });
    rig.stands(State::Classified, None);
    rig.before_the_lock();
    assert_eq!(rig.order.map(|order| order.1), Some(Work::Lock));
    rig.stands(State::DryRun, None);
}

// Blocked → failed.

#[test]
fn k7_whoever_waits_for_too_long_has_failed() {
    let mut rig = Rig::new(Class::Destructive, true);
    rig.command(Order::Request { migration: IT });
    rig.wait(rig.solo.knobs.time(&knob::MIGRATION_EXPIRY));
    rig.stands(State::Failed, Some(Reason::Expired));
}

#[test]
fn k7_a_late_report_of_an_earlier_attempt_is_refused() {
    let mut rig = Rig::sound();
    let first = rig.order.unwrap();
    rig.wait(rig.solo.knobs.time(&knob::MIGRATION_LEASE));
    rig.answers(Work::Copy, Outcome::Number(7));
    rig.answers(Work::Try(7), Outcome::Yes);
    rig.answers(Work::RestorePoint, Outcome::No);
    rig.command(Order::Resume { migration: IT });
    let row = rig.row();
    rig.report(first, Outcome::Number(9));
    assert_eq!(rig.row(), row);
    assert!(
        rig.solo
            .out
            .notes
            .contains(&Note::Migration(Tell::LateReport {
                migration: IT,
                token: Token(1)
            }))
    );
    assert!(rig.solo.out.ruled.iter().any(|ruling| {
        ruling.gate == gate::MIGRATION_TOKEN.index && ruling.verdict == Verdict::Refused
    }));
}

#[test]
fn nothing_is_ordered_before_the_disk_has_the_reason_for_it() {
    let mut rig = Rig::new(Class::Expand, true);
    rig.input(Input::Message {
        from: OPERATOR,
        message: Message::Command(Command::Migration(Order::Request { migration: IT })),
    });
    assert_eq!(rig.order, None);
    rig.sync();
    assert!(rig.order.is_some());
}

#[test]
fn the_migrator_takes_an_order_once() {
    let mut migrator = Solo::new(Migrator::new(SERVICE, DATABASE), MIGRATOR);
    let mut sent = 0;
    for nth in [4, 4, 3, 5] {
        let message = Message::Migration(Say::Do {
            migration: IT,
            token: Token(1),
            work: Work::Lock,
            later: false,
            nth,
        });
        let from = SERVICE;
        migrator.input(Input::Message { from, message });
        sent += migrator.out.sends.len();
    }
    assert_eq!(sent, 2);
}
