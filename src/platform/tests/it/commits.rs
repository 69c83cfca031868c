//! Commits, their publication, and edges that follow.

use crate::bench::*;
use machine::Verdict;
use platform::control::Image;
use platform::message::{Class, Message};
use platform::note::Note;
use platform::{gate, wake};

/// What an edge believes of owners and wakes.
fn owners(bench: &Bench, edge: machine::NodeId) -> Vec<(u32, u32, wake::State)> {
    bench.edges[&edge]
        .machine
        .routes()
        .values()
        .map(|view| (view.epoch.0, view.version, view.wake))
        .collect()
}

#[test]
fn nothing_leaves_before_its_commit_is_durable() {
    let mut bench = Bench::new();
    bench.stuck_disks.push(CONTROL);
    bench.request(Class::SafePage);
    bench.advance(secs(1));
    assert_eq!(
        bench.wake().state,
        wake::State::Starting,
        "decisions see the row at once"
    );
    assert_eq!(
        bench.sent(|message| matches!(message, Message::Order { .. })),
        0
    );
    let published = bench.count(|note| matches!(note, Note::Published { .. }));
    bench.unstick(CONTROL);
    bench.advance(secs(1));
    assert!(bench.count(|note| matches!(note, Note::Published { .. })) > published);
    assert_eq!(
        bench.sent(|message| matches!(message, Message::Order { .. })),
        1
    );
    let verdicts = bench.verdicts(&gate::COMMIT_BEFORE_PUBLISH);
    assert!(verdicts.contains(&Verdict::Refused) && verdicts.contains(&Verdict::Passed));
}

#[test]
fn every_commit_has_one_outbox_row_and_is_published_and_delivered() {
    let mut bench = Bench::with(&[EDGE, EDGE_TWO], &[RUNNER]);
    bench.make_hot();
    bench.advance(secs(400));
    let rows = bench.control.machine.outbox();
    assert_eq!(rows.len(), bench.control.durable.len());
    for (index, (row, record)) in rows.iter().zip(&bench.control.durable).enumerate() {
        assert_eq!((record.row.0 as usize, record.event), (index, row.event));
        assert!(
            row.committed && row.published && row.acked == 0b11,
            "{row:?}"
        );
    }
    assert_eq!(
        bench.count(|note| matches!(note, Note::Committed { .. })),
        rows.len()
    );
    assert_eq!(
        bench.count(|note| matches!(note, Note::Published { .. })),
        rows.len()
    );
    assert_eq!(
        bench.count(|note| matches!(note, Note::Delivered { .. })),
        rows.len()
    );
}

#[test]
fn versions_rise_by_one() {
    let mut bench = Bench::new();
    bench.make_hot();
    let mut last = std::collections::BTreeMap::new();
    for record in &bench.control.durable {
        let version = match record.image {
            Image::Route(_, row) => row.version,
            Image::Wake(_, row) => row.version,
            Image::Allocation(_, row) => row.version,
            Image::Deployment(_, row) => row.version,
            Image::Drain(_, row) => row.version,
            Image::Promotion(_, row) => row.version,
            Image::Approval(_, row) => row.version,
            Image::Wish(_, row) => row.version,
            Image::Authority(row) => row.version,
            Image::PutBack => 1,
            Image::Collection(_, row) => row.version,
            Image::Setting(row) => row.version,
            Image::Line(_) => continue,
        };
        let before = last.insert(record.event.entity(), version).unwrap_or(0);
        assert_eq!((version, record.event.version()), (before + 1, version));
    }
}

#[test]
fn an_edge_that_was_cut_off_catches_up() {
    let mut bench = Bench::with(&[EDGE, EDGE_TWO], &[RUNNER]);
    bench.law = Box::new(|from, to, _| {
        if from == EDGE_TWO || to == EDGE_TWO {
            Fate::Drop
        } else {
            Fate::Deliver
        }
    });
    bench.make_hot();
    let sent = bench.sent(|message| matches!(message, Message::Event { .. }));
    bench.advance(secs(60));
    let resent = bench.sent(|message| matches!(message, Message::Event { .. })) - sent;
    assert!(resent < 400, "repeats come at growing intervals: {resent}");
    bench.law = Box::new(|_, _, _| Fate::Deliver);
    bench.advance(secs(5));
    assert_eq!(owners(&bench, EDGE_TWO), owners(&bench, EDGE));
    let tables = [EDGE, EDGE_TWO].map(|edge| bench.edges[&edge].machine.allocations().clone());
    assert_eq!(tables[0], tables[1]);
}

#[test]
fn an_older_event_never_overwrites_a_newer_one() {
    let mut bench = Bench::new();
    bench.law = Box::new(|_, to, message| {
        if to == EDGE && matches!(message, Message::Event { .. }) {
            Fate::Keep
        } else {
            Fate::Deliver
        }
    });
    bench.request(Class::SafePage);
    bench.advance(secs(2));
    bench.law = Box::new(|_, _, _| Fate::Deliver);
    bench.kept.reverse();
    bench.let_go();
    bench.advance(secs(5));
    let view = bench.edges[&EDGE].machine.routes()[&ROUTE];
    assert_eq!((view.wake, view.epoch.0), (wake::State::Hot, 1));
    assert!(bench.count(|note| matches!(note, Note::EventIgnored { .. })) > 0);
}

#[test]
fn an_edge_that_lost_its_table_gets_it_again() {
    let mut bench = Bench::with(&[EDGE, EDGE_TWO], &[RUNNER]);
    bench.make_hot();
    let table = bench.edges[&EDGE].machine.allocations().clone();
    // What it acknowledged before it fell must not count for what it has after.
    bench.law = Box::new(|from, _, message| {
        if from == EDGE && matches!(message, Message::EventAck { .. }) {
            Fate::Keep
        } else {
            Fate::Deliver
        }
    });
    bench.command(platform::message::Command::SetMemoryLimit {
        deployment: NEW,
        limit: MIB,
    });
    bench.law = Box::new(|from, to, _| {
        if from == EDGE || to == EDGE {
            Fate::Drop
        } else {
            Fate::Deliver
        }
    });
    bench.crash_and_restart(EDGE);
    assert!(bench.edges[&EDGE].machine.routes().is_empty());
    bench.advance(secs(3));
    bench.law = Box::new(|_, to, message| {
        if to == EDGE && matches!(message, Message::Event { .. }) {
            Fate::Drop
        } else {
            Fate::Deliver
        }
    });
    bench.advance(secs(1));
    bench.let_go();
    bench.law = Box::new(|_, _, _| Fate::Deliver);
    bench.advance(secs(9));
    assert_eq!(bench.edges[&EDGE].machine.allocations(), &table);
    assert_eq!(owners(&bench, EDGE), owners(&bench, EDGE_TWO));
    let id = bench.request(Class::SafePage);
    bench.advance(millis(50));
    assert_eq!(bench.status(id), Some(200));
    let sent =
        bench.sent(|message| matches!(message, Message::Event { .. } | Message::Follow { .. }));
    bench.advance(secs(30));
    assert_eq!(
        bench.sent(|message| matches!(message, Message::Event { .. } | Message::Follow { .. })),
        sent,
        "and then it is quiet"
    );
}
