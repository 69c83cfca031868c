//! What a plan says of hosts becomes the control plane's installation, the automation, and commands at their times.

use super::*;
use crate::fleet::Bootstrap;
use platform::hosts::{self, Facts, Managed, Version};
use protocol::{HostEffect, HostsPlan};

/// When the second allocation of an app that runs more than once is ordered, and how long after it the next.
const COPIES: (Duration, Duration) = (Duration::secs(4), Duration::secs(4));

/// What the control plane is told of its hosts.
pub(super) fn managed(plan: &Plan, roster: Roster) -> Option<Managed> {
    let hosts = plan.hosts.as_ref()?;
    Some(Managed {
        bootstrap: roster.seated(crate::fleet::BOOTSTRAP).next()?,
        voters: hosts
            .voters
            .iter()
            .map(|position| roster.runner(*position))
            .collect(),
        zones: (0..plan.fleet.runners)
            .map(|position| {
                hosts
                    .zones
                    .get(usize::from(position))
                    .copied()
                    .unwrap_or_default()
            })
            .collect(),
        approved: hosts.approved.iter().copied().map(Version).collect(),
    })
}

/// What every host is built from when the run begins.
pub(super) fn built(plan: &Plan) -> Option<Facts> {
    plan.hosts
        .as_ref()
        .map(|hosts| Facts::right(Version(hosts.version)))
}

/// The automation.
pub(super) fn bootstrap(hosts: &HostsPlan, broken: Vec<u16>) -> Bootstrap {
    Bootstrap::new(
        (hosts.install.low, hosts.install.high),
        hosts.flawed,
        broken,
    )
}

/// The host whose drain drains it, if it is one of the fleet.
fn host(plan: &Plan, roster: Roster, runner: u16) -> Result<NodeId> {
    if runner < plan.fleet.runners {
        return Ok(roster.runner(runner));
    }
    problem(
        Problem::new(
            "unknown-host",
            alloc::format!("there is no host number {runner}"),
        )
        .detail(alloc::format!(
            "The plan has {} runners, counted from 0.",
            plan.fleet.runners
        )),
    )
}

fn to_control(roster: Roster, command: hosts::Command) -> External<Message> {
    External::Deliver {
        to: roster.control(),
        message: Message::Command(Command::Host(command)),
    }
}

/// What the plan itself orders of hosts.
pub(super) fn life(plan: &Plan, roster: Roster) -> Result<Vec<(Time, External<Message>)>> {
    let Some(hosts) = &plan.hosts else {
        return Ok(Vec::new());
    };
    let mut life = Vec::new();
    for (app, count) in &hosts.copies {
        for nth in 0..u64::from(*count) {
            let at = Time::ZERO
                .after(COPIES.0)
                .after(Duration(COPIES.1.0.saturating_mul(nth)));
            let start = Command::StartAllocation {
                route: RouteId(*app),
                region: REGION,
            };
            life.push((
                at,
                External::Deliver {
                    to: roster.control(),
                    message: Message::Command(start),
                },
            ));
        }
    }
    let version = Version(hosts.target);
    for drain in &hosts.drains {
        let host = host(plan, roster, drain.runner)?;
        let command = if drain.cordon_only {
            hosts::Command::Cordon { host, version }
        } else {
            hosts::Command::Drain { host, version }
        };
        life.push((Time(drain.at), to_control(roster, command)));
    }
    Ok(life)
}

/// A change by hand.
pub(super) fn hand_patch(plan: &Plan, roster: Roster, runner: u16) -> Result<External<Message>> {
    Ok(External::Deliver {
        to: host(plan, roster, runner)?,
        message: Message::Host(hosts::Message::HandPatch),
    })
}

/// An order for many hosts, of which so many were meant.
pub(super) fn drain_all(
    plan: &Plan,
    roster: Roster,
    runners: &[u16],
    meant: u16,
) -> External<Message> {
    let bit = |runner: &u16| 1_u64.checked_shl(u32::from(*runner)).unwrap_or_default();
    let hosts = runners.iter().fold(0, |all, runner| all | bit(runner));
    let version = Version(plan.hosts.as_ref().map_or(0, |hosts| hosts.target));
    to_control(
        roster,
        hosts::Command::DrainAll {
            hosts,
            meant,
            version,
        },
    )
}

/// What an action on hosts does.
pub(super) fn externals(
    plan: &Plan,
    roster: Roster,
    repairs: &[(Repair, u16)],
    effect: &HostEffect,
) -> Vec<External<Message>> {
    let version = Version(plan.hosts.as_ref().map_or(0, |hosts| hosts.target));
    let lift = |which: Repair| {
        repairs
            .iter()
            .filter(move |(repair, _)| *repair == which)
            .map(|(_, index)| External::Lift(*index))
            .collect()
    };
    let order = |runner: u16, command: fn(NodeId, Version) -> hosts::Command| {
        host(plan, roster, runner)
            .map(|host| alloc::vec![to_control(roster, command(host, version))])
            .unwrap_or_default()
    };
    match effect {
        HostEffect::Cordon(runner) => order(*runner, |host, version| hosts::Command::Cordon {
            host,
            version,
        }),
        HostEffect::Drain(runner) => order(*runner, |host, version| hosts::Command::Drain {
            host,
            version,
        }),
        HostEffect::Uncordon(runner) => order(*runner, |host, _| hosts::Command::Uncordon { host }),
        HostEffect::Kill(runner) => order(*runner, |host, _| hosts::Command::Kill { host }),
        HostEffect::HandPatch(runner) => hand_patch(plan, roster, *runner)
            .map(|external| alloc::vec![external])
            .unwrap_or_default(),
        HostEffect::Approve(version) => alloc::vec![to_control(
            roster,
            hosts::Command::Approve {
                version: Version(*version)
            }
        )],
        HostEffect::DrainAll(runners, meant) => {
            alloc::vec![drain_all(plan, roster, runners, *meant)]
        }
        HostEffect::RestoreProvider => lift(Repair::Provider),
        HostEffect::RepairAutomation => lift(Repair::Automation),
    }
}
