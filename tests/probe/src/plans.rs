//! The plans that are run: the lessons, small plans that need what no lesson has, and the one that speed is measured on.
//!
//! The small plans have no lesson around them and are named `proof-…`; each is there for the gates and faults that its
//! comment names.

mod hosts;

use platform::CATALOG;
use protocol::{
    Action, AppPlan, Background, Effect, Fault, FleetPlan, PlacedFault, Plan, Range, Start,
    Traffic, When,
};

const MS: u64 = 1_000;
const S: u64 = 1_000_000;
const MIN: u64 = 60 * S;
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// The plans of the lessons.
///
/// # Panics
/// If the content has a problem, which is a failing test of its own.
#[must_use]
pub fn lessons() -> Vec<Plan> {
    let (library, problems) = study::load(study::files(), &CATALOG);
    assert!(problems.is_empty(), "the content has problems");
    library
        .scenarios
        .into_iter()
        .map(|scenario| scenario.plan)
        .collect()
}

/// The lessons and the small plans.
#[must_use]
pub fn all() -> Vec<Plan> {
    lessons().into_iter().chain(proofs()).collect()
}

/// The plans that need what no lesson has.
#[must_use]
pub fn proofs() -> Vec<Plan> {
    vec![
        uploads(),
        keys(),
        corrupt(),
        crash_loop(),
        handover(),
        stale(),
        crashes(),
        tight(),
        idle(),
        cut_off(),
        skewed(),
    ]
    .into_iter()
    .chain(hosts::proofs())
    .collect()
}

/// One control plane, ten edges, a hundred runners with a heartbeat a second, for a minute: what speed is measured on.
#[must_use]
pub fn standard() -> Plan {
    let mut plan = empty("standard", 10, 100, MIN);
    for nth in 0..10 {
        plan.apps.push(AppPlan {
            name: format!("app-{}", nth + 1),
            ..app(Start::Hot)
        });
        plan.traffic.push(Traffic {
            every: Range {
                low: 500 * MS,
                high: 1500 * MS,
            },
            ..pages(nth)
        });
    }
    plan
}

/// The standard plan for longer, so that its history reaches so many entries: what scrubbing is measured on.
#[must_use]
pub fn long(end: u64) -> Plan {
    let mut plan = standard();
    plan.id = "long".to_string();
    plan.end = end;
    plan.heal_at = end - S;
    for traffic in &mut plan.traffic {
        traffic.until = end;
    }
    plan
}

/// Bodies up to four times the cap while the app sleeps: the hold cap.
fn uploads() -> Plan {
    let mut plan = empty("uploads", 1, 1, MIN);
    plan.apps.push(AppPlan {
        hold_once: true,
        boot: Range {
            low: 3 * S,
            high: 5 * S,
        },
        ..app(Start::Cold)
    });
    plan.traffic.push(Traffic {
        bytes: Range {
            low: KIB,
            high: 256 * KIB,
        },
        every: Range {
            low: 200 * MS,
            high: 900 * MS,
        },
        ..posts(0)
    });
    plan
}

/// Posts with keys that are used again, and posts without any, to an app that sleeps and promises to hold once: the
/// replay policy.
fn keys() -> Plan {
    let mut plan = empty("keys", 2, 2, MIN);
    plan.apps.push(AppPlan {
        hold_once: true,
        boot: Range {
            low: 2 * S,
            high: 6 * S,
        },
        ..app(Start::Cold)
    });
    plan.traffic.push(Traffic {
        repeats: 50,
        every: Range {
            low: 50 * MS,
            high: 400 * MS,
        },
        ..posts(0)
    });
    plan.traffic.push(Traffic {
        keyed: false,
        every: Range {
            low: S,
            high: 3 * S,
        },
        ..posts(0)
    });
    plan.background.push(spells(
        Fault::DuplicatedMessage {
            kind: None,
            per_million: 100_000,
        },
        500_000,
        10 * S,
    ));
    plan
}

/// The store hands over wrong bytes for a while: the digest.
fn corrupt() -> Plan {
    let mut plan = empty("corrupt", 1, 2, 2 * MIN);
    plan.apps.push(app(Start::Cold));
    plan.traffic.push(pages(0));
    plan.faults
        .push(placed(Fault::CorruptArtifact { app: 0 }, 0, Some(50 * S)));
    plan
}

/// A process that is killed for its memory again and again, its last words late: the restart budget, the tokens.
fn crash_loop() -> Plan {
    let mut plan = empty("crash-loop", 1, 2, 3 * MIN);
    plan.apps.push(app(Start::Cold));
    plan.traffic.push(pages(0));
    plan.faults.push(placed(
        Fault::OutOfMemory {
            app: 0,
            extra: 600 * MIB,
        },
        4 * S,
        Some(80 * S),
    ));
    plan.background.push(spells(
        Fault::LateReport {
            kind: "readiness-report".into(),
            by: 1500 * MS,
        },
        500_000,
        3 * S,
    ));
    plan.background.push(spells(
        Fault::LateReport {
            kind: "report".into(),
            by: 2500 * MS,
        },
        300_000,
        4 * S,
    ));
    plan.background.push(spells(
        Fault::DuplicatedMessage {
            kind: None,
            per_million: 200_000,
        },
        500_000,
        10 * S,
    ));
    plan
}

/// A new owner while the old one answers long requests, with orders and events late: authority, epochs, drains, orders.
fn handover() -> Plan {
    let mut plan = empty("handover", 2, 3, 2 * MIN);
    plan.apps.push(AppPlan {
        deployments: 2,
        service: Range {
            low: 200 * MS,
            high: 9 * S,
        },
        ..app(Start::Hot)
    });
    plan.traffic.push(Traffic {
        every: Range {
            low: 50 * MS,
            high: 300 * MS,
        },
        ..pages(0)
    });
    plan.faults
        .push(placed(Fault::Promotion { app: 0 }, 20 * S, None));
    plan.faults
        .push(placed(Fault::Promotion { app: 0 }, 22 * S, None));
    plan.faults
        .push(placed(Fault::Promotion { app: 0 }, 50 * S, None));
    plan.knobs.push(("drain-deadline".into(), 6 * S));
    plan.background.push(spells(
        Fault::LateReport {
            kind: "order".into(),
            by: 4 * S,
        },
        400_000,
        5 * S,
    ));
    plan.background.push(spells(
        Fault::LateReport {
            kind: "event".into(),
            by: S,
        },
        300_000,
        5 * S,
    ));
    plan.background.push(spells(
        Fault::ReorderedMessage {
            per_million: 300_000,
            by: S,
        },
        500_000,
        5 * S,
    ));
    plan
}

/// Readiness checks that arrive long after they were made: fresh evidence.
fn stale() -> Plan {
    let mut plan = empty("stale", 1, 2, 2 * MIN);
    plan.apps.push(app(Start::Cold));
    plan.traffic.push(pages(0));
    plan.knobs.push(("evidence-ttl".into(), S));
    plan.background.push(spells(
        Fault::LateReport {
            kind: "readiness-report".into(),
            by: 3 * S,
        },
        600_000,
        3 * S,
    ));
    plan
}

/// Everything that can crash does, over slow disks: commits before events, reports about what has ended.
fn crashes() -> Plan {
    let mut plan = empty("crashes", 2, 3, 3 * MIN);
    plan.apps.push(app(Start::Cold));
    plan.apps.push(AppPlan {
        name: "docs".into(),
        path: "/docs".into(),
        ..app(Start::Hot)
    });
    plan.traffic.extend([
        pages(0),
        pages(1),
        Traffic {
            class: "upgrade".into(),
            ..pages(1)
        },
    ]);
    plan.background.push(spells(
        Fault::SlowDisk {
            node: "control".into(),
            by: 300 * MS,
        },
        500_000,
        5 * S,
    ));
    plan.background
        .push(spells(Fault::ControlCrash { down: 2 * S }, 150_000, 10 * S));
    plan.background.push(spells(
        Fault::RunnerCrash {
            runner: 0,
            down: 7 * S,
        },
        150_000,
        10 * S,
    ));
    plan.background.push(spells(
        Fault::RunnerCrash {
            runner: 1,
            down: 3 * S,
        },
        150_000,
        10 * S,
    ));
    plan.background.push(spells(
        Fault::EdgeCrash { edge: 0, down: S },
        100_000,
        10 * S,
    ));
    plan.background.push(spells(
        Fault::LostMessage {
            kind: None,
            per_million: 50_000,
        },
        300_000,
        10 * S,
    ));
    plan
}

/// Hosts with room for one allocation each, and an operator who starts more: placing.
fn tight() -> Plan {
    let mut plan = empty("tight", 1, 2, 2 * MIN);
    plan.fleet.host_memory = 600 * MIB;
    plan.apps.push(app(Start::Hot));
    for name in ["docs", "mail"] {
        plan.apps.push(AppPlan {
            name: name.into(),
            path: format!("/{name}"),
            ..app(Start::Cold)
        });
    }
    plan.traffic.extend([pages(0), pages(1), pages(2)]);
    plan.actions
        .push(action("start-two-more", Effect::StartAllocations(2)));
    plan.actions.push(action("mark-hot", Effect::MarkHot));
    plan.actions.push(action("delete-wake", Effect::DeleteWake));
    plan
}

/// An app that falls asleep, and is asked for again while one of two edges has not heard that it does: sleeping.
fn idle() -> Plan {
    let mut plan = empty("idle", 2, 1, 3 * MIN);
    plan.apps.push(AppPlan {
        service: Range {
            low: S,
            high: 5 * S,
        },
        ..app(Start::Hot)
    });
    plan.traffic.push(Traffic {
        every: Range {
            low: 3 * S,
            high: 12 * S,
        },
        ..pages(0)
    });
    plan.knobs.push(("idle-before-sleep".into(), 5 * S));
    let cut = Fault::Partition {
        from: vec!["control".into()],
        to: vec!["edge-2".into()],
        one_way: false,
    };
    plan.background.push(spells(cut, 500_000, 6 * S));
    plan
}

/// Runners that the control plane cannot hear for longer than it waits: lost hosts and what they say when they are back.
fn cut_off() -> Plan {
    let mut plan = empty("cut-off", 1, 3, 4 * MIN);
    plan.apps.push(app(Start::Hot));
    plan.apps.push(AppPlan {
        name: "docs".into(),
        path: "/docs".into(),
        boot: Range {
            low: 2 * S,
            high: 9 * S,
        },
        ..app(Start::Cold)
    });
    plan.traffic.extend([
        pages(0),
        Traffic {
            from: 8 * S,
            ..pages(1)
        },
    ]);
    plan.knobs.push(("host-lost".into(), 12 * S));
    plan.knobs.push(("presence-timeout".into(), 3 * S));
    for (runner, one_way) in [("runner-1", true), ("runner-2", false), ("runner-3", true)] {
        let cut = Fault::Partition {
            from: vec![runner.into()],
            to: vec!["control".into()],
            one_way,
        };
        plan.background.push(spells(cut, 200_000, 20 * S));
    }
    plan
}

/// Clocks that are off: budgets, evidence and deadlines by whose clock?
fn skewed() -> Plan {
    let mut plan = empty("skewed", 2, 2, 2 * MIN);
    plan.apps.push(AppPlan {
        hold_once: true,
        ..app(Start::Cold)
    });
    plan.traffic.extend([pages(0), posts(0)]);
    for (node, by) in [
        ("control", 3_000),
        ("edge-1", -2_000),
        ("runner-1", 8_000),
        ("runner-2", -8_000),
    ] {
        let fault = Fault::ClockSkew {
            node: node.into(),
            by: by * MS as i64,
        };
        plan.background.push(spells(fault, 400_000, 15 * S));
    }
    plan
}

fn empty(id: &str, edges: u16, runners: u16, end: u64) -> Plan {
    Plan {
        id: format!("proof-{id}"),
        title: id.to_string(),
        fleet: FleetPlan {
            edges,
            runners,
            host_memory: 2048 * MIB,
            latency: Range {
                low: 2 * MS,
                high: 20 * MS,
            },
            disk: Range {
                low: MS,
                high: 4 * MS,
            },
        },
        apps: Vec::new(),
        traffic: Vec::new(),
        faults: Vec::new(),
        background: Vec::new(),
        cases: Vec::new(),
        knobs: Vec::new(),
        heal_at: end * 3 / 5,
        end,
        freeze_at: S,
        reads: Vec::new(),
        actions: Vec::new(),
        objectives: Vec::new(),
        question: None,
        needs_action: false,
        hosts: None,
    }
}

fn app(start: Start) -> AppPlan {
    AppPlan {
        name: "shop".into(),
        path: "/".into(),
        start,
        hold_once: false,
        memory_limit: 512 * MIB,
        memory: 320 * MIB,
        boot: Range {
            low: 500 * MS,
            high: 1500 * MS,
        },
        ready_after: 200 * MS,
        service: Range {
            low: 10 * MS,
            high: 50 * MS,
        },
        concurrency: 16,
        backlog: 64,
        deployments: 1,
    }
}

/// Pages for an app from the third second to the end.
fn pages(app: u16) -> Traffic {
    Traffic {
        app,
        class: "page".into(),
        keyed: false,
        repeats: 0,
        bytes: Range { low: 0, high: KIB },
        from: 3 * S,
        until: u64::MAX,
        every: Range {
            low: 300 * MS,
            high: 2 * S,
        },
    }
}

fn posts(app: u16) -> Traffic {
    Traffic {
        class: "post".into(),
        keyed: true,
        bytes: Range {
            low: KIB,
            high: 8 * KIB,
        },
        ..pages(app)
    }
}

const fn spells(fault: Fault, per_million: u32, period: u64) -> Background {
    Background {
        fault,
        per_million,
        period,
    }
}

const fn placed(fault: Fault, at: u64, lasts: Option<u64>) -> PlacedFault {
    PlacedFault {
        fault,
        when: When::At(at),
        lasts,
    }
}

fn action(id: &str, effect: Effect) -> Action {
    Action {
        id: id.into(),
        title: id.into(),
        doc: String::new(),
        app: 0,
        effect,
        wrong: None,
    }
}
