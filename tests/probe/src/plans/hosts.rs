//! Plans of drains that no world has: hosts of one rack, images that nobody approved, reports from another boot.

use super::*;
use protocol::{HostDrain, HostEffect, HostsPlan};

/// The plans, each with the gates that it is there for.
pub(super) fn proofs() -> Vec<Plan> {
    vec![racks(), unapproved(), reboots(), crowded()]
}

fn hosts(id: &str, end: u64) -> Plan {
    let mut plan = empty(id, 1, 4, end);
    plan.apps.push(app(Start::Hot));
    plan.traffic.push(pages(0));
    plan.hosts = Some(HostsPlan {
        voters: vec![0, 1, 2],
        zones: vec![0, 1, 2, 3],
        version: 1,
        target: 2,
        approved: vec![2],
        install: Range {
            low: 3 * S,
            high: 6 * S,
        },
        flawed: 0,
        drains: vec![drain(15 * S, 0)],
        copies: Vec::new(),
    });
    plan.knobs.push(("upgrade-deadline".into(), 40 * S));
    plan.knobs.push(("postcheck-deadline".into(), 15 * S));
    plan.knobs.push(("drain-deadline".into(), 20 * S));
    plan
}

const fn drain(at: u64, runner: u16) -> HostDrain {
    HostDrain {
        at,
        runner,
        cordon_only: false,
    }
}

/// Two hosts of one rack, and an automation that never gets one right: zones, rebuilds.
fn racks() -> Plan {
    let mut plan = hosts("racks", 2 * MIN);
    if let Some(hosts) = &mut plan.hosts {
        hosts.zones = vec![0, 0, 1, 2];
        hosts.flawed = 1_000_000;
        hosts.drains.push(drain(17 * S, 1));
    }
    plan.knobs.push(("rebuild-budget".into(), 2));
    plan.faults
        .push(placed(Fault::HandPatch { runner: 1 }, 18 * S, None));
    let actions = [
        ("uncordon", HostEffect::Uncordon(0)),
        ("uncordon-other", HostEffect::Uncordon(1)),
        ("cordon", HostEffect::Cordon(2)),
    ];
    for (id, effect) in actions {
        plan.actions.push(action(id, Effect::Host(effect)));
    }
    plan
}

/// An image that nobody has approved, until somebody does: approvals.
fn unapproved() -> Plan {
    let mut plan = hosts("unapproved", MIN);
    if let Some(hosts) = &mut plan.hosts {
        hosts.approved = vec![1];
    }
    plan.actions
        .push(action("approve", Effect::Host(HostEffect::Approve(2))));
    plan
}

/// A host that is restarted in the middle of its postcheck, whose reports are late: boots.
fn reboots() -> Plan {
    let mut plan = hosts("reboots", 2 * MIN);
    if let Some(hosts) = &mut plan.hosts {
        hosts.flawed = 300_000;
    }
    plan.faults.push(PlacedFault {
        fault: Fault::RunnerCrash {
            runner: 0,
            down: 500 * MS,
        },
        when: When::Point {
            message: "postcheck-report".into(),
            allocation: None,
            nth: 1,
        },
        lasts: None,
    });
    plan.faults.push(placed(
        Fault::LateReport {
            kind: "postcheck-report".into(),
            by: 4 * S,
        },
        0,
        None,
    ));
    plan
}

/// The only host with room is cordoned when an app is asked for: cordons.
fn crowded() -> Plan {
    let mut plan = hosts("crowded", MIN);
    plan.fleet.runners = 2;
    plan.fleet.host_memory = 600 * MIB;
    plan.apps.push(AppPlan {
        name: "docs".into(),
        path: "/docs".into(),
        ..app(Start::Cold)
    });
    plan.traffic.push(pages(1));
    if let Some(hosts) = &mut plan.hosts {
        hosts.voters = Vec::new();
        hosts.drains = vec![HostDrain {
            cordon_only: true,
            ..drain(S, 1)
        }];
    }
    plan
}
