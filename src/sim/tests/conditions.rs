//! When conditions hold, what they do to messages, clocks and nodes, and how they end.

mod toys;

use machine::{Duration, NodeId, Subject, Time, Waivers};
use sim::{
    Condition, Disturbance, External, Fate, Links, Network, Nodes, Run, Setup, Span, What, When,
};
use toys::{Counter, SERVER, Safety, Word, counter, knobs};

machine::knobs! {
    /// Something to set.
    WIDTH = "width", Count 5 in 1..=10, home "Test";
}

const SECOND: Duration = Duration::secs(1);

fn run(setup: Setup<Counter>) -> Run<Counter, Safety> {
    let mut run = Run::new(setup, Safety::default());
    run.run(200_000);
    assert_eq!(run.watch().broken, None);
    run
}

fn one_client(conditions: Vec<Condition>) -> Setup<Counter> {
    let mut setup = Setup::new(Counter::new(1, 3), 1, knobs());
    setup.conditions = conditions;
    setup.end = Time(10_000_000);
    setup
}

/// The fates of all messages of one kind.
fn fates(run: &Run<Counter, Safety>, kind: u16) -> Vec<Fate> {
    let of_kind = |word: &Word| machine::Message::kind(word) == kind;
    run.history()
        .iter()
        .flat_map(|entry| entry.sent.to_vec())
        .filter(|sent| of_kind(&sent.message))
        .map(|sent| sent.fate())
        .collect()
}

fn point(what: Disturbance, kind: u16, nth: u32) -> Condition {
    Condition {
        what,
        when: When::Point {
            kind,
            subject: None,
            nth,
        },
        lasts: SECOND,
    }
}

fn all() -> Links {
    Links::ALL
}

#[test]
fn a_point_picks_out_one_message() {
    let lost = point(
        Disturbance::Lose {
            links: all(),
            kind: None,
            per_million: 1_000_000,
        },
        2,
        2,
    );
    let run_lost = run(one_client(vec![lost.clone()]));
    let found = fates(&run_lost, 2);
    assert_eq!(
        found
            .iter()
            .position(|fate| *fate == Fate::Lost { condition: 0 }),
        Some(1)
    );
    assert_eq!(
        (found.len(), run_lost.state().hits(0)),
        (4, 1),
        "asked again, answered again"
    );

    let twice = point(
        Disturbance::Duplicate {
            links: all(),
            kind: None,
            per_million: 1_000_000,
        },
        1,
        1,
    );
    let run_twice = run(one_client(vec![twice]));
    assert!(matches!(
        fates(&run_twice, 1)[0],
        Fate::Duplicated {
            at: Time(1000),
            copy: Time(2000)
        }
    ));
    assert_eq!(run_twice.watch().duplicates, 1);

    let late = point(
        Disturbance::Delay {
            links: all(),
            kind: None,
            by: SECOND,
        },
        1,
        1,
    );
    assert_eq!(
        fates(&run(one_client(vec![late])), 1)[0],
        Fate::Arrives {
            at: Time(1_001_000)
        }
    );

    let elsewhere = Condition {
        when: When::Point {
            kind: 2,
            subject: Some(Subject { kind: 0, id: 9 }),
            nth: 1,
        },
        ..lost
    };
    assert_eq!(run(one_client(vec![elsewhere])).state().hits(0), 0);
}

#[test]
fn a_point_can_begin_something_larger() {
    let cut = point(
        Disturbance::Cut {
            from: Nodes::one(NodeId(1)),
            to: Nodes::All,
        },
        2,
        1,
    );
    let run = run(one_client(vec![cut]));
    let began = run
        .history()
        .iter()
        .find(|entry| matches!(entry.what, What::ConditionBegan(0)))
        .unwrap();
    let cause = run.history().entry(began.cause.unwrap()).unwrap();
    assert!(
        cause
            .sent
            .iter()
            .any(|sent| matches!(sent.message, Word::Added { .. })),
        "the first answer set it off"
    );
    let ended = run
        .history()
        .iter()
        .find(|entry| matches!(entry.what, What::ConditionEnded(0)))
        .unwrap();
    assert_eq!(ended.at.since(began.at), SECOND);
    assert!(fates(&run, 1).contains(&Fate::Cut { condition: 0 }));
    assert!(
        fates(&run, 2)
            .iter()
            .all(|fate| matches!(fate, Fate::Arrives { .. })),
        "one direction only"
    );
    assert_eq!(run.state().fleet().clients[1].acknowledged, 3);
}

#[test]
fn a_lifted_condition_ends_and_never_comes_back() {
    let lose = Condition {
        what: Disturbance::Lose {
            links: all(),
            kind: None,
            per_million: 1_000_000,
        },
        when: When::Background {
            chance_per_million: 1_000_000,
            period: SECOND,
        },
        lasts: Duration::ZERO,
    };
    let mut run = Run::new(one_client(vec![lose]), Safety::default());
    run.act(Time(3_500_000), External::Lift(0)).unwrap();
    run.run(200_000);
    assert_eq!(run.state().fleet().clients[1].acknowledged, 3);
    let changes: Vec<_> = run
        .history()
        .iter()
        .filter(|entry| entry.actor == sim::WORLD)
        .map(|entry| (entry.at.0, entry.what))
        .collect();
    assert!(
        matches!(
            changes[..],
            [
                (0, What::ConditionBegan(0)),
                (3_500_000, What::ConditionEnded(0))
            ]
        ),
        "{changes:?}"
    );
}

#[test]
fn background_spells_fall_on_the_same_periods_whatever_else_happens() {
    let spells = |seed, target| {
        let mut setup = Setup::new(Counter::new(2, target), seed, knobs());
        setup.end = Time(100_000_000);
        setup.conditions = vec![Condition {
            what: Disturbance::SlowDisk {
                node: SERVER,
                by: Duration::millis(3),
            },
            when: When::Background {
                chance_per_million: 300_000,
                period: SECOND,
            },
            lasts: Duration::ZERO,
        }];
        let run = run(setup);
        let spells = run
            .history()
            .iter()
            .filter(|entry| entry.actor == sim::WORLD)
            .map(|entry| entry.at.0);
        spells.collect::<Vec<_>>()
    };
    assert_eq!(spells(1, 3), spells(1, 50));
    assert_ne!(spells(1, 3), spells(2, 3));
    assert!(spells(1, 3).len() > 10 && spells(1, 3).iter().all(|at| at.is_multiple_of(1_000_000)));
}

#[test]
fn a_skewed_clock_moves_deadlines_and_nothing_else() {
    let skew = |by| Condition {
        what: Disturbance::Skew {
            node: NodeId(1),
            by,
        },
        when: When::At(Time(0)),
        lasts: SECOND,
    };
    let mut setup = one_client(vec![skew(30_000), skew(-70_000)]);
    setup.network = Network::uniform(Span::fixed(Duration::secs(2)));
    let mut run = Run::new(setup, ());
    run.run(3);
    assert_eq!(
        run.state().clock(NodeId(1)),
        Time(0),
        "no clock shows less than nothing"
    );
    run.run_to(Time(600_000), u64::MAX);
    assert_eq!(run.state().clock(NodeId(1)).0 + 40_000, run.state().now().0);
    let deadlines: Vec<_> = run
        .history()
        .iter()
        .filter(|entry| matches!(entry.what, What::Deadline))
        .map(|entry| entry.at.0)
        .collect();
    assert_eq!(
        deadlines[..3],
        [90_000, 140_000, 190_000],
        "the first counts from what its clock showed"
    );
}

#[test]
fn healing_ends_everything_and_brings_everybody_back() {
    let mut setup = one_client(vec![Condition {
        what: Disturbance::Crash {
            node: SERVER,
            down_for: Duration(u64::MAX),
        },
        when: When::At(Time(10)),
        lasts: Duration::ZERO,
    }]);
    setup.heal_at = Some(Time(5_000_000));
    let run = run(setup);
    let lost = run
        .history()
        .iter()
        .filter(|entry| matches!(entry.what, What::MessageLost { .. }))
        .count();
    assert!(lost > 50, "{lost} messages met a node that was down");
    assert!(run.state().healed() && run.state().is_up(SERVER));
    assert_eq!(run.state().fleet().clients[1].acknowledged, 3);
}

#[test]
fn records_that_were_not_durable_are_lost_and_never_acknowledged() {
    let mut setup = one_client(vec![]);
    setup.disk = Span::fixed(Duration::millis(10));
    let mut run = Run::new(setup, Safety::default());
    run.act(
        Time(5_000),
        External::Crash {
            node: SERVER,
            down_for: Duration::millis(1),
        },
    )
    .unwrap();
    run.run_to(Time(40_000), u64::MAX);
    assert!(run.state().durable(SERVER).is_empty());
    run.run(10_000);
    assert_eq!(run.state().fleet().counted[1], 3);
    assert_eq!(run.watch().broken, None);
}

#[test]
fn a_disk_that_is_put_back_has_what_its_backup_has() {
    let at = |what, at| Condition {
        what,
        when: When::At(Time(at)),
        lasts: Duration::ZERO,
    };
    let mut setup = one_client(vec![
        at(Disturbance::BackUp { node: SERVER }, 10),
        at(
            Disturbance::PutBack {
                node: SERVER,
                down_for: Duration::millis(1),
            },
            3_000_000,
        ),
    ]);
    setup.disk = Span::fixed(Duration::millis(1));
    let mut run = Run::new(setup, ());
    run.run_to(Time(10), u64::MAX);
    let backup = run.state().durable(SERVER).to_vec();
    run.run_to(Time(2_999_999), u64::MAX);
    assert!(run.state().durable(SERVER).len() > backup.len());
    run.run_to(Time(3_000_000), u64::MAX);
    assert_eq!(run.state().durable(SERVER), backup);
    run.run(10_000);
    assert!(run.state().is_up(SERVER));
}

#[test]
fn long_logs_are_compacted() {
    let run = run(counter(1));
    assert!(
        run.state().durable(SERVER).len() < 100,
        "{} records for 5 clients",
        run.state().durable(SERVER).len()
    );
}

#[test]
fn an_operator_can_set_knobs_waive_gates_and_deliver_messages() {
    let mut setup = one_client(vec![]);
    setup.knobs = machine::Knobs::defaults(ALL);
    setup.declared = ALL;
    let mut run = Run::new(setup, ());
    let message = Word::Add {
        client: 1,
        number: 1,
        attempt: 77,
    };
    for external in [
        External::SetKnob { knob: 0, value: 7 },
        External::SetKnob { knob: 0, value: 70 },
        External::Waive(Waivers::NONE),
        External::Deliver {
            to: SERVER,
            message,
        },
    ] {
        run.act(Time(100), external).unwrap();
    }
    run.run(10);
    assert_eq!(run.state().knobs().get(&WIDTH), 7, "70 is out of range");
    let delivered = run
        .history()
        .iter()
        .find(|entry| matches!(entry.what, What::MessageDelivered { .. }))
        .unwrap();
    assert!(matches!(
        delivered.what,
        What::MessageDelivered {
            from: sim::OPERATOR,
            ..
        }
    ));
    let action = run.history().entry(delivered.cause.unwrap()).unwrap();
    assert_eq!(action.sent[0].message, message);
}

#[test]
fn a_busy_disk_does_one_write_at_a_time_and_is_read_through_before_its_node_is_back() {
    let busy = Condition {
        what: Disturbance::BusyDisk {
            node: SERVER,
            times: 50,
        },
        when: When::At(Time(0)),
        lasts: Duration::secs(2),
    };
    let crash = Condition {
        what: Disturbance::Crash {
            node: SERVER,
            down_for: Duration::millis(10),
        },
        when: When::At(Time(700_000)),
        lasts: Duration::ZERO,
    };
    let mut setup = Setup::new(Counter::new(4, 30), 1, knobs());
    setup.disk = Span::fixed(Duration::millis(1));
    setup.conditions = vec![busy, crash];
    setup.end = Time(20_000_000);
    let run = run(setup);
    let times = |wanted: fn(&What<Word>) -> bool| {
        let mine = run.history().iter().filter(|entry| entry.actor == SERVER);
        let mine = mine.filter(|entry| wanted(&entry.what));
        mine.map(|entry| entry.at.0).collect::<Vec<_>>()
    };
    let done = times(|what| matches!(what, What::Persisted(_)));
    let slow: Vec<u64> = done.iter().copied().filter(|at| *at < 2_000_000).collect();
    assert!(slow.len() > 5, "{slow:?}");
    assert!(slow.windows(2).all(|two| two[1] - two[0] >= 50_000));
    let crashed = times(|what| matches!(what, What::Crashed))[0];
    let back = times(|what| matches!(what, What::Restarted));
    let back = back
        .into_iter()
        .find(|at| *at > crashed)
        .expect("it is back");
    let records = done.iter().filter(|at| **at < crashed).count() as u64;
    assert_eq!(back - crashed, 10_000 + 50_000 * records);
    assert!(
        done.len() > slow.len(),
        "what waited goes on when the disk is well"
    );
}
