//! One setup, one seed, one history: however it is stepped, recorded, sought in or branched.

mod toys;

use machine::{Duration, NodeId, Time};
use sim::{
    ActError, Condition, Disturbance, External, Links, Nodes, Recording, Run, SeekError, Setup,
    Span, What, When, first_difference,
};
use toys::{Counter, SERVER, Safety, counter};

/// Everything that can go wrong does, and then heals.
fn stormy(seed: u64) -> Setup<Counter> {
    let background = |what| Condition {
        what,
        when: When::Background {
            chance_per_million: 300_000,
            period: Duration::millis(200),
        },
        lasts: Duration::ZERO,
    };
    let placed = |what, at| Condition {
        what,
        when: When::At(Time(at)),
        lasts: Duration::millis(300),
    };
    let (links, kind) = (Links::ALL, None);
    let mut setup = counter(seed);
    setup.network = sim::Network::uniform(Span::new(Duration::millis(1), Duration::millis(20)));
    setup.disk = Span::new(Duration::micros(100), Duration::millis(5));
    setup.conditions = vec![
        background(Disturbance::Lose {
            links: links.clone(),
            kind,
            per_million: 300_000,
        }),
        background(Disturbance::Duplicate {
            links: links.clone(),
            kind,
            per_million: 400_000,
        }),
        background(Disturbance::Reorder {
            links: links.clone(),
            kind,
            per_million: 300_000,
            by_up_to: Duration::millis(90),
        }),
        background(Disturbance::Crash {
            node: SERVER,
            down_for: Duration::millis(70),
        }),
        background(Disturbance::Crash {
            node: NodeId(2),
            down_for: Duration::secs(100),
        }),
        background(Disturbance::Delay {
            links,
            kind: Some(2),
            by: Duration::millis(60),
        }),
        background(Disturbance::SlowDisk {
            node: SERVER,
            by: Duration::millis(30),
        }),
        placed(
            Disturbance::Cut {
                from: Nodes::one(SERVER),
                to: Nodes::Except(vec![NodeId(1)]),
            },
            400_000,
        ),
        placed(
            Disturbance::Skew {
                node: NodeId(3),
                by: -20_000,
            },
            100_000,
        ),
        placed(
            Disturbance::Skew {
                node: NodeId(4),
                by: 1_000_000,
            },
            150_000,
        ),
        Condition {
            what: Disturbance::Crash {
                node: SERVER,
                down_for: Duration::millis(5),
            },
            when: When::Point {
                kind: 2,
                subject: None,
                nth: 3,
            },
            lasts: Duration::ZERO,
        },
    ];
    setup.heal_at = Some(Time(20_000_000));
    setup.end = Time(60_000_000);
    setup
}

fn finished(setup: Setup<Counter>) -> Run<Counter, Safety> {
    let mut run = Run::new(setup, Safety::default());
    run.run(u64::MAX);
    run
}

#[test]
fn a_storm_breaks_no_promise_and_after_it_all_is_done() {
    for seed in 0..40 {
        let run = finished(stormy(seed));
        assert_eq!(run.watch().broken, None, "seed {seed}");
        assert!(run.watch().duplicates > 0, "seed {seed} duplicates nothing");
        let fleet = run.state().fleet();
        assert!(
            fleet.clients[1..]
                .iter()
                .all(|client| client.acknowledged == fleet.target),
            "seed {seed}"
        );
        assert_eq!(fleet.counted[1..], [fleet.target; 5]);
        for condition in 0..11 {
            assert!(!run.state().holds(condition));
        }
        assert!(
            (0..11)
                .filter(|condition| run.state().hits(*condition) > 0)
                .count()
                >= 9,
            "seed {seed} is too calm"
        );
    }
}

/// A change here changes every stored run and needs a new engine version.
#[test]
fn fingerprints_are_pinned() {
    let found = [1, 2, 3].map(|seed| finished(stormy(seed)).fingerprint());
    assert_eq!(found, GOLDEN, "{found:#018X?}");
}

const GOLDEN: [u64; 3] = [
    0x4B9E_4FCC_9832_34FB,
    0xBFD9_D25F_D81E_6288,
    0xB92A_5ADE_A8E4_84C0,
];

#[test]
fn portions_and_recording_change_nothing() {
    let whole = finished(stormy(7));
    for portion in [1, 7, 1000] {
        let mut run = Run::new(stormy(7), Safety::default());
        while run.run(portion) == portion {}
        assert_eq!(run.fingerprint(), whole.fingerprint());
        assert_eq!(first_difference(run.history(), whole.history()), None);
    }
    let mut run = Run::new(stormy(7), Safety::default());
    for at in 0..600 {
        run.run_to(Time(at * 100_000), u64::MAX);
    }
    run.run(u64::MAX);
    assert_eq!(run.fingerprint(), whole.fingerprint());
    let mut setup = stormy(7);
    setup.recording = Recording::FingerprintOnly;
    let bare = finished(setup);
    assert_eq!(
        (bare.fingerprint(), bare.history().len()),
        (whole.fingerprint(), 0)
    );
    let mut unwatched = Run::new(stormy(7), ());
    unwatched.run(u64::MAX);
    assert_eq!(unwatched.fingerprint(), whole.fingerprint());
}

#[test]
fn seeking_anywhere_and_going_on_changes_nothing() {
    let whole = finished(stormy(9));
    let length = whole.history().len();
    let mut run = Run::new(stormy(9), Safety::default());
    for (n, step) in [length / 2, 3, length - 1, 0, length / 3, length]
        .into_iter()
        .enumerate()
    {
        run.seek(step)
            .unwrap_or_else(|error| panic!("seek {n}: {error}"));
        assert_eq!(run.state().steps(), step);
        assert_eq!(
            run.watch().entries,
            step,
            "the watch is rewound with the state"
        );
        let recorded = step
            .checked_sub(1)
            .and_then(|last| run.history().entry(last));
        assert!(recorded.is_none_or(|entry| entry.fingerprint == run.fingerprint()));
    }
    assert_eq!(run.fingerprint(), whole.fingerprint());
    assert_eq!(run.diverged(), None);
    assert_eq!(run.seek(length + 1), Err(SeekError::NoSuchStep));
}

#[test]
fn long_runs_can_be_sought_from_any_keyframe() {
    let mut setup = stormy(5);
    setup.fleet = Counter::new(5, 12_000);
    let mut run = Run::new(setup, Safety::default());
    run.run(150_000);
    let end = (run.state().steps(), run.fingerprint());
    for step in (0..end.0).step_by(9973).chain([end.0]) {
        run.seek(step).unwrap();
    }
    assert_eq!((run.state().steps(), run.fingerprint()), end);
}

#[test]
fn entries_read_back_as_they_happened() {
    let mut run = Run::new(stormy(4), Safety::default());
    let mut seen = Vec::new();
    while let Some(entry) = run.step() {
        seen.push(format!("{entry:?}"));
    }
    assert_eq!(
        seen,
        run.history()
            .iter()
            .map(|entry| format!("{entry:?}"))
            .collect::<Vec<_>>()
    );
}

#[test]
fn causes_lead_back_to_a_first_one() {
    let run = finished(stormy(3));
    for entry in run.history().iter() {
        let chain: Vec<_> = run.why(entry.step).collect();
        assert!(
            chain
                .windows(2)
                .all(|pair| pair[0].step > pair[1].step && pair[0].at >= pair[1].at)
        );
        assert!(chain.last().is_some_and(|first| first.cause.is_none()));
        if let (What::MessageDelivered { from, message, .. }, Some(cause)) =
            (entry.what, chain.get(1))
        {
            assert_eq!(cause.actor, from);
            assert!(
                cause
                    .sent
                    .iter()
                    .any(|sent| sent.message == message && sent.to == entry.actor)
            );
        }
    }
}

#[test]
fn a_branch_shares_the_past_and_goes_its_own_way() {
    let mut run = finished(counter(1));
    let length = run.history().len();
    let at = run.history().entry(100).map(|entry| entry.at).unwrap();
    assert_eq!(run.act(Time(0), External::Mark(1)), Err(ActError::Past));
    let mut same = run.fork(101).unwrap();
    same.run(u64::MAX);
    assert_eq!(same.fingerprint(), run.fingerprint());
    let mut other = run.fork(101).unwrap();
    other
        .act(
            at,
            External::Crash {
                node: SERVER,
                down_for: Duration::millis(10),
            },
        )
        .unwrap();
    other.run(u64::MAX);
    let parting = first_difference(run.history(), other.history()).unwrap();
    assert!((101..length).contains(&parting));
    let entry = other.history().entry(parting).unwrap();
    assert!(
        matches!(entry.what, What::Action(External::Crash { .. })),
        "{entry:?}"
    );
    assert_eq!(other.watch().broken, None);
    run.seek(50).unwrap();
    assert_eq!(
        run.act(at, External::Mark(2)),
        Err(ActError::Past),
        "the history goes on beyond the position"
    );
}

#[test]
fn an_action_comes_after_everything_else_of_its_moment() {
    let mut run = Run::new(counter(1), ());
    run.act(Time(1000), External::Mark(5)).unwrap();
    run.act(Time(1000), External::Mark(6)).unwrap();
    run.run(u64::MAX);
    let of_moment: Vec<_> = run
        .history()
        .iter()
        .filter(|entry| entry.at == Time(1000))
        .map(|entry| entry.what)
        .collect();
    assert!(matches!(
        of_moment[..],
        [
            What::MessageDelivered { .. },
            ..,
            What::Action(External::Mark(5)),
            What::Action(External::Mark(6))
        ]
    ));
}

#[test]
fn fuel_runs_out_visibly_and_for_good() {
    let mut setup = counter(1);
    setup.fuel = 50;
    let mut run = finished(setup.clone());
    assert_eq!(run.history().len(), 51);
    assert!(matches!(
        run.history().entry(50).map(|entry| entry.what),
        Some(What::FuelSpent)
    ));
    assert!(run.step().is_none());
    let fingerprint = run.fingerprint();
    run.seek(20).unwrap();
    run.run(u64::MAX);
    assert_eq!((run.fingerprint(), run.diverged()), (fingerprint, None));
}
