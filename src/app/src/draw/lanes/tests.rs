//! Lanes as geometry: who lies where, what is drawn of a message, which labels fit.

use super::*;
use protocol::{LaneMessage, NodeKind};

fn lanes() -> [Lane; 2] {
    [0, 1].map(|id| Lane {
        ids: vec![id],
        name: format!("n{id}"),
        kind: NodeKind::Edge,
        up: true,
        apps: String::new(),
    })
}

/// The picture of a second before `now`, a pixel for each thousandth.
fn second(entries: Vec<EntryView>, now: u64) -> Picture {
    picture(&lanes(), &Arc::new(entries), now, 1_000, 1_018.0, false)
}

/// Where a place in time is in the window.
fn seen(picture: &Picture, place: (f64, f64)) -> (f64, f64) {
    (place.0 + picture.shift, place.1)
}

fn entry(at: u64, fate: Fate) -> EntryView {
    EntryView {
        step: 3,
        at,
        node: Some(0),
        sentence: "it asks".into(),
        sent: vec![LaneMessage {
            from: 0,
            to: 1,
            label: "ask".into(),
            fate,
            copy: false,
        }],
        interesting: true,
        ..crate::testing::entry()
    }
}

#[test]
fn a_message_under_way_ends_at_the_cursor() {
    let picture = second(vec![entry(900, Fate::Arrives(1_100))], 1_000);
    let line = &picture.going[0];
    assert_eq!(line.way, Way::Going);
    assert_eq!(seen(&picture, line.from), (900.0, lane_y(0)));
    assert_eq!(
        seen(&picture, line.to),
        (picture.cursor, lane_y(0) + LANE / 2.0)
    );
    assert_eq!(line.text(), "ask is under way");
}

#[test]
fn what_left_the_window_is_not_drawn_and_what_reaches_into_it_is() {
    let picture = second(vec![entry(1_500, Fate::Arrives(2_500))], 3_000);
    let [line] = &picture.still[..] else {
        panic!("a line and no dot: {:?}", picture.still);
    };
    assert_eq!(seen(&picture, line.from), (-500.0, lane_y(0)));
    assert_eq!(seen(&picture, line.to), (500.0, lane_y(1)));
    assert_eq!(line.text(), "ask arrives");
    let before = second(vec![entry(100, Fate::Arrives(200))], 3_000);
    assert!(before.still.is_empty() && before.going.is_empty());
}

#[test]
fn what_has_happened_looks_the_same_a_moment_later_and_is_moved() {
    let entries = || vec![entry(500, Fate::Arrives(600)), entry(700, Fate::Lost)];
    let (one, other) = (second(entries(), 1_000), second(entries(), 1_040));
    assert_eq!(one.still.len(), 4);
    assert_eq!(one.still, other.still);
    assert_eq!(one.shift - other.shift, 40.0);
    // Lines first, so that dots lie over them.
    assert!(one.still[1].message().is_some() && one.still[2].message().is_none());
    let mut changed = entries();
    changed[0].fingerprint = 1;
    assert_ne!(one.still, second(changed, 1_000).still);
}

#[test]
fn labels_do_not_lie_on_each_other() {
    let entries: Vec<_> = (0..40)
        .map(|i| entry(500 + i, Fate::Arrives(600 + i)))
        .collect();
    let picture = second(entries, 1_000);
    let labels = picture.still.iter().filter(|line| line.label.is_some());
    assert_eq!(labels.count(), 2);
}

#[test]
fn where_more_happened_than_is_drawn_the_picture_says_so() {
    let last = FULL as u64 + 200;
    let some = |from: u64| (from..last).map(|at| entry(at, Fate::Lost)).collect();
    let full = second(some(200), 1_000);
    assert_eq!((full.begins, full.undrawn()), (Some(200), 200.0));
    // There may be older ones as well, but not in the window; or there is nothing older at all.
    assert_eq!(second(some(200), 1_300).begins, None);
    let whole = second(some(201), 1_000);
    assert_eq!((whole.begins, whole.undrawn()), (None, 0.0));
}

#[test]
fn ticks_are_round() {
    assert_eq!(tick(2_000_000), 500_000);
    assert_eq!(tick(8_000_000), 2_000_000);
}
