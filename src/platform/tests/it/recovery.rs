//! What the control plane's own stores survive: owners that come back from a backup, and the removal of what is old.

use crate::bench::ByHand;
use crate::promotions::{ARCHIVE, EDGE, LOG, ROUTE, Rig};
use machine::{Input, NodeId, Time};
use platform::cleanup::{Command as Clean, Item, Message as Shelf, Stage};
use platform::control;
use platform::id::{DeploymentId, Digest, Epoch};
use platform::knob;
use platform::message::{Command, Event, Message};
use platform::note::Note;
use platform::promotion::{
    Command as Order, Event as Change, Hold, Message as Say, Note as Tell, Owner, State,
};

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

const STORE: NodeId = NodeId(6);

/// A control plane that removes artifacts after ten seconds, and snapshots at once, two seconds after it has marked them.
fn cleaning() -> Rig {
    let mut rig = Rig::with_store(false, false, Some(STORE));
    for (knob, secs) in [
        (&knob::CLEAN_UP_INTERVAL, 1),
        (&knob::CLEAN_UP_GRACE, 2),
        (&knob::ARTIFACT_AGE, 10),
        (&knob::SNAPSHOT_AGE, 0),
        (&knob::ROLLBACK_WINDOW, 20),
    ] {
        rig.solo
            .knobs
            .set(knob, secs * 1_000_000)
            .expect("within its range");
    }
    rig.restart();
    rig
}

/// The artifact of a deployment, from 0.
const fn artifact(of: u16) -> Item {
    Item::Artifact(Digest(100 + of as u64))
}

impl Rig {
    /// The store and the archive are asked again and keep these things, all since the beginning.
    fn holds(&mut self, items: &[Item]) {
        let before = self.said.len();
        self.wait(1);
        let round = self.said[before..].iter().find_map(|(_, said)| match said {
            Shelf::Look { nth } => Some(*nth),
            _ => None,
        });
        for item in items {
            self.shelf(Shelf::Holds {
                item: *item,
                kept_at: Time::ZERO,
                nth: round.expect("it asks in every round"),
            });
        }
    }

    fn shelf(&mut self, said: Shelf) {
        self.input(Input::Message {
            from: STORE,
            message: Message::Cleanup(said),
        });
        self.sync();
    }

    fn stage(&self, item: Item) -> Option<Stage> {
        let mut rows = self.solo.machine.collections().iter();
        rows.find(|(_, row)| row.value.item == item)
            .map(|(_, row)| row.value.stage)
    }

    /// What was ordered to be removed, by whom it is kept.
    fn removals(&self) -> Vec<(NodeId, Item)> {
        let remove = |(to, said): &(NodeId, Shelf)| match said {
            Shelf::Remove { item, .. } => Some((*to, *item)),
            _ => None,
        };
        self.said.iter().filter_map(remove).collect()
    }
}

#[test]
fn o7_what_is_young_is_left_alone() {
    let mut rig = cleaning();
    rig.holds(&[artifact(3)]);
    assert_eq!(rig.stage(artifact(3)), None);
}

#[test]
fn o7_what_is_old_and_needed_by_nobody_is_marked_and_later_removed() {
    let mut rig = cleaning();
    rig.wait(10);
    rig.holds(&[artifact(3)]);
    assert_eq!(rig.stage(artifact(3)), Some(Stage::Marked));
    assert!(
        rig.removals().is_empty(),
        "not before it was marked for a while"
    );
    rig.wait(4);
    assert_eq!(rig.stage(artifact(3)), Some(Stage::Removing));
    assert_eq!(rig.removals()[0], (STORE, artifact(3)));
    let asked = rig.removals().len();
    rig.wait(3);
    assert!(
        rig.removals().len() > asked,
        "until somebody says that it is gone"
    );
    rig.shelf(Shelf::Removed {
        item: artifact(3),
        nth: 1,
    });
    assert_eq!(rig.stage(artifact(3)), Some(Stage::Removed));
}

#[test]
fn o7_the_order_to_remove_waits_for_the_disk() {
    let mut rig = cleaning();
    rig.wait(10);
    rig.holds(&[artifact(3)]);
    let mut removing = 0;
    for _ in 0..40 {
        rig.solo.now = rig.solo.now.after(machine::Duration::millis(250));
        rig.input(Input::Deadline);
        if rig.stage(artifact(3)) == Some(Stage::Removing) {
            removing += 1;
            break;
        }
        rig.sync();
    }
    assert_eq!(
        (removing, rig.removals().len()),
        (1, 0),
        "it is not durable yet"
    );
    rig.sync();
    assert_eq!(rig.removals().len(), 1);
}

#[test]
fn o7_an_owner_a_promotion_and_the_way_back_keep_their_artifacts() {
    let mut rig = cleaning();
    rig.wait(10);
    rig.promote(1, 1);
    rig.wait(1);
    assert_eq!(rig.owner(), (DeploymentId(1), Epoch(2)));
    let all: Vec<Item> = (0..5).map(artifact).collect();
    rig.holds(&all);
    let marked: Vec<bool> = all.iter().map(|item| rig.stage(*item).is_some()).collect();
    assert_eq!(
        marked,
        [false, false, true, true, true],
        "deployment 1 is what the route goes back to, deployment 2 owns it"
    );
    rig.edge(2, false, 9, 0);
    for _ in 0..30 {
        rig.edge(2, false, 9, 0);
        rig.wait(1);
    }
    rig.holds(&all);
    assert!(
        rig.stage(artifact(0)).is_some(),
        "the way back is closed by now"
    );
    assert_eq!(rig.stage(artifact(1)), None);
}

#[test]
fn o7_what_is_needed_again_after_it_was_marked_is_spared() {
    let mut rig = cleaning();
    rig.wait(10);
    rig.holds(&[artifact(1)]);
    assert_eq!(rig.stage(artifact(1)), Some(Stage::Marked));
    rig.promote(1, 1);
    rig.wait(4);
    assert_eq!(rig.stage(artifact(1)), Some(Stage::Spared));
    assert!(rig.removals().is_empty());
}

#[test]
fn o7_what_was_needed_in_between_is_spared_although_nothing_needs_it_now() {
    let mut rig = cleaning();
    rig.wait(10);
    rig.holds(&[artifact(2)]);
    // Its deployment cannot read the schema: the promotion ends at once.
    rig.promote(2, 1);
    rig.wait(1);
    assert_eq!(rig.row(0).state, State::Failed);
    rig.wait(4);
    assert_eq!(rig.stage(artifact(2)), Some(Stage::Spared));
}

#[test]
fn o7_nothing_begins_to_need_what_is_being_removed() {
    let mut rig = cleaning();
    rig.wait(10);
    rig.holds(&[artifact(4)]);
    rig.wait(4);
    assert_eq!(rig.stage(artifact(4)), Some(Stage::Removing));
    rig.promote(4, 1);
    rig.wait(1);
    assert_eq!(
        (rig.row(0).state, rig.row(0).hold),
        (State::Failed, Hold::ArtifactGone)
    );
}

#[test]
fn o7_a_removal_goes_on_after_a_crash() {
    let mut rig = cleaning();
    rig.wait(10);
    rig.holds(&[artifact(3)]);
    rig.wait(4);
    let before = rig.removals().len();
    rig.restart();
    assert_eq!(rig.stage(artifact(3)), Some(Stage::Removing));
    assert_eq!(rig.removals().len(), before + 1, "it is said again");
}

#[test]
fn o7_the_newest_snapshot_stays_however_old_it_is() {
    let mut rig = cleaning();
    let snapshots = [Item::Snapshot(7), Item::Snapshot(9)];
    rig.holds(&snapshots);
    rig.holds(&snapshots);
    rig.wait(4);
    assert_eq!(rig.removals().first(), Some(&(ARCHIVE, Item::Snapshot(7))));
    assert_eq!(rig.stage(Item::Snapshot(9)), None);
}

#[test]
fn o7_what_is_heard_twice_counts_once() {
    let mut rig = cleaning();
    rig.wait(10);
    rig.promote(1, 1);
    rig.wait(1);
    rig.holds(&[artifact(1)]);
    let before = machine::Machine::fingerprint(&rig.solo.machine);
    let round = rig.said.iter().rev().find_map(|(_, said)| match said {
        Shelf::Look { nth } => Some(*nth),
        _ => None,
    });
    rig.shelf(Shelf::Holds {
        item: artifact(1),
        kept_at: Time::ZERO,
        nth: round.expect("it has asked"),
    });
    rig.shelf(Shelf::Holds {
        item: artifact(3),
        kept_at: Time::ZERO,
        nth: 1,
    });
    assert_eq!(machine::Machine::fingerprint(&rig.solo.machine), before);
}

#[test]
fn o7_an_order_to_remove_what_lives_is_refused() {
    let mut rig = cleaning();
    let order = |rig: &mut Rig, item| {
        rig.input(Input::Message {
            from: NodeId(9),
            message: Message::Command(Command::Cleanup(Clean::RemoveNow(item))),
        });
        rig.sync();
    };
    order(&mut rig, artifact(0));
    assert_eq!(rig.stage(artifact(0)), None);
    order(&mut rig, artifact(3));
    assert_eq!(rig.stage(artifact(3)), Some(Stage::Removing));
    assert_eq!(rig.removals(), [(STORE, artifact(3))]);
}

#[test]
fn o7_nothing_is_removed_before_it_is_known_who_owns_what() {
    let mut rig = cleaning();
    rig.wait(10);
    let backup = rig.solo.durable.len();
    control::put_back(&mut rig.solo.durable, backup);
    rig.restart();
    rig.holds(&[artifact(3)]);
    assert_eq!(rig.stage(artifact(3)), None);
    seen(&mut rig, LOG, 1, 0, 1);
    seen(&mut rig, EDGE, 1, 0, 1);
    rig.holds(&[artifact(3)]);
    assert_eq!(rig.stage(artifact(3)), Some(Stage::Marked));
}

fn rebuild(rig: &mut Rig, of: u16) {
    rig.order(Order::Rebuild {
        deployment: DeploymentId(of),
        digest: Digest(7),
    });
}

#[test]
fn o17_nothing_is_built_in_the_middle_of_a_promotion_or_under_an_owner() {
    let mut rig = Rig::new(false, false);
    rebuild(&mut rig, 0);
    rig.promote(1, 1);
    rig.wait(1);
    rebuild(&mut rig, 0);
    rebuild(&mut rig, 1);
    assert_eq!(told(&rig, |note| matches!(note, Tell::Rebuilt { .. })), 0);
    rebuild(&mut rig, 2);
    assert_eq!(told(&rig, |note| matches!(note, Tell::Rebuilt { .. })), 1);
}

#[test]
fn o17_a_route_does_not_go_back_to_what_was_built_since() {
    let mut rig = Rig::new(false, false);
    rig.promote(1, 1);
    for _ in 0..8 {
        rig.edge(2, false, 9, 0);
        rig.wait(1);
    }
    assert_eq!(rig.row(0).state, State::Healthy);
    rebuild(&mut rig, 0);
    rig.order(Order::Rollback {
        route: ROUTE,
        by: 1,
    });
    rig.wait(2);
    assert_eq!(
        (rig.row(1).state, rig.row(1).hold),
        (State::Failed, Hold::DigestDiffers)
    );
    assert_eq!(rig.owner(), (DeploymentId(1), Epoch(2)));
}
