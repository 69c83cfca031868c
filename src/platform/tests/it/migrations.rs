//! Database Migration, row by row of its table.

use machine::{Context, Dice, Duration, Input, Knobs, Machine, NodeId, Persist, Step, Time};
use machine::{Verdict, Waivers};
use platform::id::Token;
use platform::message::{Command, Message};
use platform::migration::{
    Class, Command as Order, Installation, Message as Say, Migration, MigrationId, Migrations,
    Migrator, Note as Tell, Outcome, PRODUCTION, Planned, Reason, Record, State, Work,
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
    service: Migrations,
    disk: Vec<Persist<Record>>,
    durable: Vec<Record>,
    now: Time,
    knobs: Knobs,
    out: Step<Message, Record, Note>,
    /// The newest order to the migrator.
    order: Option<(Token, Work, u32)>,
}

impl Rig {
    fn new(class: Class, rollback_plan: bool) -> Self {
        let planned = Planned {
            class,
            steps: 2,
            rollback_plan,
        };
        let mut rig = Self {
            service: Migrations::new(Installation {
                migrations: vec![planned],
                migrator: MIGRATOR,
            }),
            disk: Vec::new(),
            durable: Vec::new(),
            now: Time(1_000_000),
            knobs: Knobs::defaults(knob::ALL),
            out: Step::default(),
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

    fn context(&mut self, act: impl FnOnce(&mut Self, &Context<'_>)) {
        let (knobs, dice) = (self.knobs.clone(), Dice::new([7; Dice::STREAMS]));
        let cx = Context {
            now: self.now,
            node: SERVICE,
            waivers: Waivers::NONE,
            knobs: &knobs,
            dice: &dice,
        };
        self.out.clear();
        act(self, &cx);
        self.disk.append(&mut self.out.persists);
        for send in &self.out.sends {
            if let Message::Migration(Say::Do {
                token, work, nth, ..
            }) = send.message
            {
                self.order = Some((token, work, nth));
            }
        }
    }

    fn restart(&mut self) {
        self.disk.clear();
        self.order = None;
        let durable = self.durable.clone();
        self.context(|rig, cx| rig.service.restart(cx, &durable, &mut rig.out));
        self.sync();
    }

    fn input(&mut self, input: Input<Message>) {
        self.context(|rig, cx| rig.service.step(cx, input, &mut rig.out));
    }

    fn sync(&mut self) {
        while !self.disk.is_empty() {
            for write in std::mem::take(&mut self.disk) {
                self.durable.push(write.record);
                self.input(Input::Persisted(write.ticket));
            }
        }
    }

    fn command(&mut self, order: Order) {
        self.input(Input::Message {
            from: OPERATOR,
            message: Message::Command(Command::Migration(order)),
        });
        self.sync();
    }

    fn report(&mut self, (token, work, nth): (Token, Work, u32), outcome: Outcome) {
        self.now = self.now.after(Duration(1_000));
        let at = self.now;
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

    fn wait(&mut self, duration: Duration) {
        let until = self.now.after(duration);
        while let Some(due) = self.service.deadline().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.input(Input::Deadline);
            self.sync();
        }
        self.now = until;
    }

    fn row(&self) -> Migration {
        self.service.rows().get(0).unwrap().value
    }

    fn stands(&self, state: State, reason: Option<Reason>) {
        assert_eq!((self.row().state, self.row().reason), (Some(state), reason));
    }
}

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
    rig.stands(State::Verified, None);
    rig.answers(Work::Unlock, Outcome::Yes);
    assert!(!rig.row().locked);
    assert_eq!(rig.order, None);
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
        rig.wait(rig.knobs.time(&knob::MIGRATION_LOCK_PAUSE));
    }
    rig.stands(State::Blocked, Some(Reason::LockTimeout));
    assert!(!rig.row().locked);
}

#[test]
fn k7_evidence_that_got_too_old_is_collected_again_under_the_lock() {
    let mut rig = Rig::sound();
    rig.before_the_lock();
    let ttl = rig.knobs.time(&knob::MIGRATION_EVIDENCE_TTL);
    rig.now = rig.now.after(ttl).after(Duration(10));
    rig.answers(Work::Lock, Outcome::Yes);
    rig.stands(State::DryRun, None);
    rig.answers(Work::RestorePoint, Outcome::No);
    rig.stands(State::Blocked, Some(Reason::NoRestorePoint));
    rig.answers(Work::Unlock, Outcome::Yes);
    assert!(!rig.row().locked);
}

#[test]
fn k7_a_plan_that_changed_since_it_was_tried_blocks() {
    let mut rig = Rig::sound();
    rig.before_the_lock();
    rig.command(Order::ChangePlan { migration: IT });
    rig.answers(Work::Lock, Outcome::Yes);
    rig.stands(State::Blocked, Some(Reason::PlanDrift));
    rig.answers(Work::Unlock, Outcome::Yes);
}

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
    rig.wait(rig.knobs.time(&knob::MIGRATION_LEASE));
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
fn k7_whoever_waits_for_too_long_has_failed() {
    let mut rig = Rig::new(Class::Destructive, true);
    rig.command(Order::Request { migration: IT });
    rig.wait(rig.knobs.time(&knob::MIGRATION_EXPIRY));
    rig.stands(State::Failed, Some(Reason::Expired));
}

#[test]
fn k7_a_late_report_of_an_earlier_attempt_is_refused() {
    let mut rig = Rig::sound();
    let first = rig.order.unwrap();
    rig.wait(rig.knobs.time(&knob::MIGRATION_LEASE));
    rig.answers(Work::Copy, Outcome::Number(7));
    rig.answers(Work::Try(7), Outcome::Yes);
    rig.answers(Work::RestorePoint, Outcome::No);
    rig.command(Order::Resume { migration: IT });
    let row = rig.row();
    rig.report(first, Outcome::Number(9));
    assert_eq!(rig.row(), row);
    assert!(rig.out.notes.contains(&Note::Migration(Tell::LateReport {
        migration: IT,
        token: Token(1)
    })));
    assert!(rig.out.ruled.iter().any(|ruling| {
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
    let mut migrator = Migrator::new(SERVICE, DATABASE);
    let (knobs, dice) = (Knobs::defaults(knob::ALL), Dice::new([7; Dice::STREAMS]));
    let cx = Context {
        now: Time(0),
        node: MIGRATOR,
        waivers: Waivers::NONE,
        knobs: &knobs,
        dice: &dice,
    };
    let mut sent = 0;
    for nth in [4, 4, 3, 5] {
        let mut out = Step::default();
        let message = Message::Migration(Say::Do {
            migration: IT,
            token: Token(1),
            work: Work::Lock,
            nth,
        });
        let from = SERVICE;
        migrator.step(&cx, Input::Message { from, message }, &mut out);
        sent += out.sends.len();
    }
    assert_eq!(sent, 2);
}
