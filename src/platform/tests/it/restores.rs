//! Database Restore, step by step of its runbook.

use crate::bench::{ByHand, Solo};
use machine::{Duration, Input, NodeId, Time};
use platform::knob;
use platform::message::{Command, Message};
use platform::note::Note;
use platform::restore::{
    Command as Order, Databases, EventId, Installation, InstanceId, Message as Say, Note as Tell,
    PREVIEW, PRODUCTION, Reason, Restore, RestoreId, Restores, Stage,
};

const DATABASES: NodeId = NodeId(2);
const OUTSIDE: NodeId = NodeId(3);
const WRITER: NodeId = NodeId(4);
const OPERATOR: NodeId = NodeId(9);

/// A restore service whose databases and world outside are played by hand.
struct Rig {
    solo: Solo<Restores>,
    sent: Vec<(NodeId, Say)>,
    notes: Vec<Note>,
}

impl ByHand for Rig {
    type Of = Restores;

    fn solo(&mut self) -> &mut Solo<Restores> {
        &mut self.solo
    }

    /// Looks at what has left the node.
    fn look(&mut self) {
        self.notes.append(&mut self.solo.out.notes);
        for send in &self.solo.out.sends {
            if let Message::Restore(said) = send.message {
                self.sent.push((send.to, said));
            }
        }
    }
}

impl Rig {
    fn new() -> Self {
        let mut rig = Self {
            solo: Solo::new(
                Restores::new(Installation {
                    databases: DATABASES,
                    outside: OUTSIDE,
                    writers: vec![WRITER],
                }),
                NodeId(1),
            ),
            sent: Vec::new(),
            notes: Vec::new(),
        };
        rig.solo.now = Time(100_000_000);
        rig.restart();
        rig
    }

    fn order(&mut self, order: Order) {
        self.input(Input::Message {
            from: OPERATOR,
            message: Message::Command(Command::Restore(order)),
        });
        self.sync();
    }

    fn restore(&mut self, environment: u8, secs: u64) {
        let to = Time(secs * 1_000_000);
        self.order(Order::Restore { environment, to });
    }

    fn say(&mut self, from: NodeId, said: Say) {
        self.input(Input::Message {
            from,
            message: Message::Restore(said),
        });
        self.sync();
    }

    /// What was sent last, if it fits.
    fn last<T>(&self, fits: impl Fn(&Say) -> Option<T>) -> Option<T> {
        self.sent.iter().rev().find_map(|(_, said)| fits(said))
    }

    fn tick(&mut self) {
        self.solo.now = self.solo.now.after(Duration::secs(1));
        self.input(Input::Deadline);
        self.sync();
    }

    /// The databases say how the data is.
    fn looks(&mut self, wrong_since: Option<u64>, schema: u32) {
        let nth = self.last(|said| match said {
            Say::Look { nth, .. } => Some(*nth),
            _ => None,
        });
        let said = Say::Looks {
            wrong_since: wrong_since.map(|secs| Time(secs * 1_000_000)),
            schema,
            nth: nth.expect("it looks"),
        };
        self.say(DATABASES, said);
    }

    fn fenced(&mut self) {
        let (instance, epoch) = (InstanceId(0), self.row().epoch);
        self.say(
            DATABASES,
            Say::Fenced {
                instance,
                epoch,
                nth: 0,
            },
        );
    }

    fn made(&mut self) {
        let (restore, instance) = (RestoreId(0), InstanceId(2));
        self.say(
            DATABASES,
            Say::Made {
                restore,
                instance,
                nth: 0,
            },
        );
    }

    /// The world outside answers with this event of so many.
    fn effect(&mut self, event: Option<u32>, of: u32) {
        let ask = self.last(|said| match said {
            Say::EffectAsk { index, nth, .. } => Some((*index, *nth)),
            _ => None,
        });
        let (index, nth) = ask.expect("it asks");
        let event = event.map(EventId);
        self.say(
            OUTSIDE,
            Say::EffectIs {
                event,
                of,
                index,
                nth,
            },
        );
    }

    fn noted(&mut self, lost: bool) {
        let nth = self.last(|said| match said {
            Say::Note { nth, .. } => Some(*nth),
            _ => None,
        });
        self.say(
            DATABASES,
            Say::Noted {
                lost,
                nth: nth.expect("it notes"),
            },
        );
    }

    fn opened(&mut self) {
        let (instance, epoch) = self.solo.machine.binding();
        self.say(
            DATABASES,
            Say::Opened {
                instance,
                epoch,
                nth: 0,
            },
        );
    }

    fn row(&self) -> Restore {
        self.solo
            .machine
            .rows()
            .get(0)
            .expect("there is a restore")
            .value
    }
}

#[test]
fn m4_a_restore_goes_from_fence_to_cut_over_and_tells_its_impact() {
    let mut rig = Rig::new();
    rig.restore(PRODUCTION, 60);
    rig.looks(Some(70), 1);
    assert_eq!(rig.row().stage, Stage::Fence);
    rig.fenced();
    rig.made();
    assert_eq!(rig.row().stage, Stage::Reconcile);
    rig.effect(Some(7), 2);
    rig.noted(false);
    rig.effect(Some(8), 2);
    rig.noted(true);
    rig.effect(None, 2);
    assert_eq!(rig.row().stage, Stage::CutOver);
    assert_eq!(rig.solo.machine.binding(), (InstanceId(2), 2));
    rig.opened();
    assert_eq!(rig.row().stage, Stage::Done);
    let impact = |note: &Note| matches!(note, Note::Restore(Tell::Impact { lost: 1, .. }));
    assert!(rig.notes.iter().any(impact));
    let told = |(to, said): &(NodeId, Say)| *to == WRITER && matches!(said, Say::Binding { .. });
    assert!(rig.sent.iter().any(told));
}

#[test]
fn m4_a_moment_after_the_corruption_is_refused() {
    let mut rig = Rig::new();
    rig.restore(PRODUCTION, 80);
    rig.looks(Some(70), 1);
    assert_eq!(rig.row().reason, Some(Reason::AfterCorruption));
    assert_eq!(rig.row().stage, Stage::Failed);
}

#[test]
fn m4_a_preview_is_never_restored_over_production() {
    let mut rig = Rig::new();
    rig.restore(PREVIEW, 60);
    rig.looks(None, 1);
    assert_eq!(rig.row().reason, Some(Reason::OtherEnvironment));
}

#[test]
fn m4_more_loss_than_allowed_waits_until_somebody_accepts_it() {
    let mut rig = Rig::new();
    rig.solo
        .knobs
        .set(&knob::RESTORE_RPO, 10_000_000)
        .expect("in range");
    rig.restore(PRODUCTION, 60);
    rig.looks(None, 1);
    assert_eq!(
        (rig.row().stage, rig.row().reason),
        (Stage::Identify, Some(Reason::LossTooLarge))
    );
    rig.order(Order::AcceptLoss);
    rig.tick();
    rig.looks(None, 1);
    assert_eq!(rig.row().stage, Stage::Fence);
}

#[test]
fn m4_what_the_app_cannot_read_waits_even_if_the_app_changes_on_the_way() {
    let mut rig = Rig::new();
    rig.order(Order::ChangeSchema { to: 2 });
    rig.restore(PRODUCTION, 60);
    rig.looks(None, 1);
    assert_eq!(rig.row().reason, Some(Reason::Unreadable));
    rig.order(Order::ServeOldReader);
    rig.tick();
    rig.looks(None, 1);
    rig.fenced();
    rig.made();
    rig.order(Order::ChangeSchema { to: 3 });
    rig.effect(None, 0);
    assert_eq!(
        (rig.row().stage, rig.row().reason),
        (Stage::Reconcile, Some(Reason::Unreadable))
    );
    rig.order(Order::ServeOldReader);
    rig.tick();
    assert_eq!(rig.row().stage, Stage::CutOver);
}

#[test]
fn m4_nothing_is_cut_over_before_the_old_instance_refuses_writes() {
    let mut rig = Rig::new();
    rig.restore(PRODUCTION, 60);
    rig.looks(None, 1);
    rig.made();
    for _ in 0..5 {
        rig.tick();
    }
    assert_eq!(rig.row().stage, Stage::Fence);
    rig.fenced();
    assert_eq!(rig.row().stage, Stage::Reconcile);
}

#[test]
fn m4_a_crash_at_any_commit_goes_on_from_there() {
    let mut rig = Rig::new();
    rig.restore(PRODUCTION, 60);
    for _ in 0..40 {
        rig.restart();
        match rig.row().stage {
            Stage::Identify => rig.looks(None, 1),
            Stage::Fence => {
                rig.fenced();
                rig.restart();
                rig.made();
            }
            Stage::Reconcile => rig.effect(None, 0),
            Stage::CutOver => rig.opened(),
            Stage::Done | Stage::Failed => break,
        }
    }
    assert_eq!(rig.row().stage, Stage::Done);
}

#[test]
fn m4_an_instance_takes_writes_only_while_open_and_under_its_epoch() {
    let takes = (Duration::secs(1), Duration::secs(1));
    let mut databases = Solo::new(Databases::new(takes), DATABASES);
    databases.now = Time(5_000_000);
    let mut say = |said: Say| {
        let input = Input::Message {
            from: WRITER,
            message: Message::Restore(said),
        };
        databases.input(input);
        let refused = |note: &Note| matches!(note, Note::Restore(Tell::WriteRefused { .. }));
        !databases.out.notes.iter().any(refused)
    };
    let instance = InstanceId(0);
    let write = |event: u32, epoch| Say::Write {
        instance,
        epoch,
        event: EventId(event),
        nth: event,
    };
    assert!(say(write(1, 1)));
    say(Say::Fence {
        instance,
        epoch: 2,
        nth: 1,
    });
    assert!(!say(write(2, 1)), "fenced");
    assert!(!say(write(3, 2)), "closed");
    say(Say::Open {
        instance,
        epoch: 2,
        nth: 1,
    });
    assert!(!say(write(4, 1)), "under an epoch that is over");
    assert!(say(write(5, 2)));
}

#[test]
fn n15_a_preview_clears_what_it_is_bound_to() {
    let takes = (Duration::secs(1), Duration::secs(1));
    let mut databases = Solo::new(Databases::new(takes), DATABASES);
    let order = |databases: &mut Solo<Databases>, order: Order| {
        databases.now = Time(databases.now.0 + 1_000_000);
        databases.input(Input::Message {
            from: OPERATOR,
            message: Message::Command(Command::Restore(order)),
        });
        databases.machine.wrong_since()
    };
    assert_eq!(order(&mut databases, Order::RunPreviewJob), None);
    let bind = |apart| Order::BindPreview { apart };
    assert_eq!(order(&mut databases, bind(false)), None, "not by itself");
    let since = order(&mut databases, Order::RunPreviewJob);
    assert_eq!(since, Some(databases.now));
    order(&mut databases, bind(true));
    assert_eq!(order(&mut databases, Order::RunPreviewJob), since);
}
