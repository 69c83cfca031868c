//! What the control plane's own stores survive: owners that come back from a backup.

use crate::promotions::{EDGE, LOG, ROUTE, Rig};
use machine::{Input, NodeId};
use platform::control;
use platform::id::{DeploymentId, Epoch};
use platform::message::{Event, Message};
use platform::note::Note;
use platform::promotion::{Event as Change, Hold, Message as Say, Note as Tell, Owner, State};

/// Deployment 1 owns the route at epoch 2, then deployment 4 at epoch 3, of which the backup knows nothing.
fn restored() -> Rig {
    let mut rig = Rig::new(false, false);
    rig.promote(1, 1);
    rig.wait(1);
    let backup = rig.solo.durable.len();
    rig.promote(4, 2);
    rig.wait(1);
    assert_eq!(rig.owner(), (DeploymentId(4), Epoch(3)));
    control::put_back(&mut rig.solo.durable, backup);
    rig.notes.clear();
    rig.restart();
    rig
}

fn seen(rig: &mut Rig, from: NodeId, epoch: u32, deployment: u16, incarnation: u32) {
    let owner = Owner {
        epoch: Epoch(epoch),
        predecessor: Epoch(epoch.saturating_sub(1)),
        deployment: DeploymentId(deployment),
        ..Owner::none(ROUTE)
    };
    rig.input(Input::Message {
        from,
        message: Message::Promotion(Say::EpochSeen {
            owner,
            incarnation,
            nth: 1,
        }),
    });
    rig.sync();
}

fn told(rig: &Rig, wanted: impl Fn(&Tell) -> bool) -> usize {
    let told = |note: &&Note| matches!(note, Note::Promotion(note) if wanted(note));
    rig.notes.iter().filter(told).count()
}

#[test]
fn o1_what_a_backup_does_not_know_is_lost_and_said_to_be() {
    let rig = restored();
    assert_eq!(rig.owner(), (DeploymentId(1), Epoch(2)));
    assert_eq!(rig.solo.machine.promotions().len(), 1);
    assert!(rig.solo.machine.authority().floor_due);
    assert_eq!(told(&rig, |note| *note == Tell::OwnersPutBack), 1);
}

#[test]
fn o3_what_was_lost_is_told_to_nobody_again() {
    let rig = restored();
    let published = rig.notes.iter().filter(|note| {
        let owner = |event: &Event| matches!(event, Event::RouteOwner { .. } | Event::Promotion(_));
        matches!(note, Note::Published { event, .. } if owner(event))
    });
    assert_eq!(published.count(), 0);
}

#[test]
fn o1_no_owner_changes_before_it_is_known_how_far_epochs_had_got() {
    let mut rig = restored();
    rig.promote(4, 2);
    rig.wait(2);
    assert_eq!(rig.owner(), (DeploymentId(1), Epoch(2)));
    let held = rig.row(1);
    assert_eq!(
        (held.state, held.hold),
        (State::RouteCas, Hold::FloorMissing)
    );
    seen(&mut rig, LOG, 3, 4, 1);
    assert!(
        rig.solo.machine.authority().floor_due,
        "the edge has said nothing yet"
    );
    seen(&mut rig, EDGE, 3, 4, 1);
    rig.wait(2);
    assert!(!rig.solo.machine.authority().floor_due);
    assert_eq!(
        (rig.row(1).state, rig.row(1).hold),
        (State::Failed, Hold::EpochConflict),
        "it was judged against an owner that is none any more"
    );
}

#[test]
fn o1_epochs_go_on_above_all_that_was_seen_with_the_newest_owner() {
    let mut rig = restored();
    seen(&mut rig, LOG, 2, 1, 1);
    seen(&mut rig, EDGE, 3, 4, 4);
    assert_eq!(rig.owner(), (DeploymentId(4), Epoch(13)));
    assert_eq!(
        rig.solo.machine.authority().incarnation,
        5,
        "whoever is in an older one has to take a snapshot"
    );
    let raised = |note: &Tell| {
        matches!(
            note,
            Tell::EpochFloorRaised {
                known: Epoch(2),
                seen: Epoch(3),
                epoch: Epoch(13),
                ..
            }
        )
    };
    assert_eq!(told(&rig, raised), 1);
    rig.promote(1, 13);
    rig.wait(1);
    assert_eq!(rig.owner(), (DeploymentId(1), Epoch(14)));
}

#[test]
fn o1_an_older_word_does_not_replace_a_newer_one() {
    let mut rig = restored();
    seen(&mut rig, EDGE, 3, 4, 1);
    seen(&mut rig, EDGE, 2, 1, 1);
    seen(&mut rig, NodeId(77), 50, 2, 1);
    seen(&mut rig, LOG, 0, 0, 0);
    assert_eq!(rig.owner(), (DeploymentId(4), Epoch(13)));
}

#[test]
fn o1_a_promotion_whose_owner_is_still_the_newest_goes_on_under_the_new_epoch() {
    let mut rig = Rig::new(false, false);
    rig.promote(1, 1);
    rig.wait(1);
    let backup = rig.solo.durable.len();
    control::put_back(&mut rig.solo.durable, backup);
    rig.restart();
    seen(&mut rig, LOG, 2, 1, 1);
    seen(&mut rig, EDGE, 2, 1, 1);
    assert_eq!(rig.owner(), (DeploymentId(1), Epoch(12)));
    assert_eq!(
        (rig.row(0).state, rig.row(0).epoch),
        (State::EdgePropagating, Epoch(12))
    );
    rig.wait(4);
    for _ in 0..6 {
        rig.edge(12, false, 9, 0);
        rig.wait(1);
    }
    assert_eq!(rig.row(0).state, State::Healthy);
}

#[test]
fn o1_a_crash_before_the_floor_is_durable_begins_again() {
    let mut rig = restored();
    rig.input(Input::Message {
        from: LOG,
        message: Message::Promotion(Say::EpochSeen {
            owner: Owner::none(ROUTE),
            incarnation: 0,
            nth: 1,
        }),
    });
    let owner = Owner {
        epoch: Epoch(3),
        deployment: DeploymentId(4),
        ..Owner::none(ROUTE)
    };
    rig.input(Input::Message {
        from: EDGE,
        message: Message::Promotion(Say::EpochSeen {
            owner,
            incarnation: 1,
            nth: 1,
        }),
    });
    // The incarnation is durable, and the route's new epoch is not.
    rig.solo.next_write();
    rig.restart();
    assert!(rig.solo.machine.authority().floor_due);
    assert_eq!(rig.solo.machine.authority().incarnation, 2);
    assert_eq!(rig.owner(), (DeploymentId(1), Epoch(2)));
}

#[test]
fn o1_a_second_restore_asks_again() {
    let mut rig = restored();
    seen(&mut rig, LOG, 3, 4, 1);
    seen(&mut rig, EDGE, 3, 4, 1);
    assert_eq!(rig.owner().1, Epoch(13));
    let records = rig.solo.durable.clone();
    let marked = |record: &&control::Record| {
        matches!(record.event, Event::Promotion(Change::PutBack { .. }))
    };
    let backup = records
        .iter()
        .position(|record| marked(&record))
        .expect("it was put back");
    control::put_back(&mut rig.solo.durable, backup);
    rig.restart();
    assert_eq!(
        rig.owner(),
        (DeploymentId(4), Epoch(3)),
        "as of the end of the first life"
    );
    seen(&mut rig, LOG, 13, 4, 2);
    seen(&mut rig, EDGE, 13, 4, 2);
    assert_eq!(rig.owner(), (DeploymentId(4), Epoch(23)));
}
