//! Lanes as geometry: who lies where, what is drawn of a message, which labels fit.

use super::*;
use protocol::{LaneMessage, NodeKind};

fn node(id: u16) -> NodeView {
    NodeView {
        id,
        name: format!("n{id}"),
        kind: NodeKind::Edge,
        up: true,
        beliefs: vec![],
    }
}

fn entry(at: u64, fate: Fate) -> EntryView {
    EntryView {
        step: 3,
        at,
        node: Some(0),
        sentence: "it asks".into(),
        cause: None,
        moved: vec![],
        ruled: vec![],
        sent: vec![LaneMessage {
            from: 0,
            to: 1,
            label: "ask".into(),
            fate,
            copy: false,
        }],
        interesting: true,
        routine: false,
        fingerprint: 0,
    }
}

#[test]
fn a_message_under_way_ends_at_the_cursor() {
    let nodes = [node(0), node(1)];
    let picture = picture(
        &nodes,
        &[entry(900, Fate::Arrives(1_100))],
        1_000,
        1_000,
        1_018.0,
        false,
    );
    let line = &picture.lines[0];
    assert_eq!(
        (line.way, line.from, line.to.0),
        (Way::Going, (900.0, lane_y(0)), 1_000.0)
    );
    assert_eq!(line.to.1, lane_y(0) + LANE / 2.0);
}

#[test]
fn what_left_the_window_is_cut_at_its_edge() {
    let nodes = [node(0), node(1)];
    let picture = picture(
        &nodes,
        &[entry(1_500, Fate::Arrives(2_500))],
        3_000,
        1_000,
        1_018.0,
        false,
    );
    let line = &picture.lines[0];
    assert_eq!((line.from.0, line.to.0), (0.0, 500.0));
    assert_eq!(line.from.1, (lane_y(0) + lane_y(1)) / 2.0);
    assert!(picture.dots.is_empty());
    assert!(
        super::picture(
            &nodes,
            &[entry(100, Fate::Arrives(200))],
            3_000,
            1_000,
            1_018.0,
            false
        )
        .lines
        .is_empty()
    );
}

#[test]
fn labels_do_not_lie_on_each_other() {
    let nodes = [node(0), node(1)];
    let entries: Vec<_> = (0..40)
        .map(|i| entry(500 + i, Fate::Arrives(600 + i)))
        .collect();
    let picture = picture(&nodes, &entries, 1_000, 1_000, 1_018.0, false);
    assert_eq!(
        picture
            .lines
            .iter()
            .filter(|line| line.label.is_some())
            .count(),
        2
    );
}

#[test]
fn ticks_are_round() {
    assert_eq!(tick(2_000_000), 500_000);
    assert_eq!(tick(8_000_000), 2_000_000);
}
