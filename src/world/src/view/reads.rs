//! Reads: what an operator sees when reading something, from the state of one moment.

use super::names::{Names, cause_word, probe_reason};
use crate::fleet::Fleet;
use crate::lower::deployments_of;
use crate::watch::Metrics;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use machine::Time;
use platform::control::Contract;
use platform::id::{AllocationId, RouteId};
use platform::note::Note;
use protocol::{Metric, Plan, Readable};
use sim::{History, State};

/// How many of the newest log lines a read shows.
const LINES: usize = 8;

/// What `object` shows at the moment of `state`, for the first app of the plan. `history` may reach further; what lies
/// after the moment is not looked at.
#[must_use]
pub fn read_lines(
    plan: &Plan,
    state: &State<Fleet>,
    metrics: &Metrics,
    history: &History<Fleet>,
    object: Readable,
) -> Vec<String> {
    let lines = lines(plan, state, metrics, history, object);
    if lines.is_empty() {
        alloc::vec!["nothing to see".to_string()]
    } else {
        lines
    }
}

fn lines(
    plan: &Plan,
    state: &State<Fleet>,
    metrics: &Metrics,
    history: &History<Fleet>,
    object: Readable,
) -> Vec<String> {
    let names = Names::new(plan, state);
    let control = state.fleet().control();
    let route = RouteId(0);
    let mine = |allocation: &platform::control::Allocation| allocation.route == route;
    match object {
        Readable::Previews => super::pipeline::deploys(plan, state),
        Readable::Attempts => super::attempt::attempts(plan, state),
        Readable::PreviewEnvironment => super::pipeline::environment(state)
            .into_iter()
            .map(|(label, value, _)| format!("{label}: {value}"))
            .collect(),
        Readable::Migrations => super::migration::migrations(plan, state),
        Readable::DatabaseState => super::migration::database(plan, state)
            .into_iter()
            .map(|(label, value, _)| format!("{label}: {value}"))
            .collect(),
        Readable::RegionEnablement => super::region::enablements(plan, state),
        Readable::RegionFacts => super::region::facts(plan, state),
        Readable::Promotions => super::promotion::promotions(&names, state),
        Readable::EdgeCursors => super::promotion::cursors(&names, state),
        Readable::RouteLog => super::promotion::log(state)
            .into_iter()
            .chain(super::promotion::archive(state))
            .map(|(label, value, _)| format!("{label}: {value}"))
            .collect(),
        Readable::RuntimeServices => super::promotion::services(state)
            .into_iter()
            .map(|(label, value, _)| format!("{label}: {value}"))
            .chain(super::promotion::readers(plan, state))
            .collect(),
        Readable::ProviderStatus => super::outage::status(state),
        Readable::OwnProbes => super::outage::probes(plan, state),
        Readable::DependencyMap => super::outage::dependencies(&names, plan, state),
        Readable::StoreQueue => super::pressure::lines(&names, state),
        Readable::HeldWork => super::outage::held(&names, plan, state),
        Readable::Restores => super::restore::restores(state),
        Readable::Instances => super::restore::instances(state)
            .into_iter()
            .map(|(label, value, _)| format!("{label}: {value}"))
            .chain(super::restore::copies(plan, state))
            .collect(),
        Readable::GitLog => super::gitops::log(plan, state),
        Readable::CentralRecords => super::gitops::central_records(plan, state),
        Readable::DeploymentRecords => super::gitops::records(plan, state),
        Readable::Sessions => super::sessions::lines(&names, state),
        Readable::CleanUp => super::cleanup::lines(&names, state),
        Readable::Keys => super::traces::key_lines(state),
        Readable::Effects => super::traces::effect_lines(state),
        Readable::EdgeConnections => super::traces::connection_lines(&names, state),
        Readable::PreviewHosts => super::traces::preview_lines(&names, plan, state),
        Readable::EdgeNodes => super::gitops::edge_nodes(&names, state),
        Readable::HostDrains | Readable::Quorum | Readable::Headroom => {
            let mut lines = super::hosts::read_lines(&names, state, object);
            if object == Readable::HostDrains {
                let mut orders: Vec<String> = past(state, history)
                    .filter_map(|entry| super::hosts::order_for_many(&names, state, &entry))
                    .take(LINES)
                    .collect();
                orders.reverse();
                lines.extend(orders);
            }
            lines
        }
        Readable::RouteOwner => control
            .routes()
            .get(0)
            .map(|row| {
                alloc::vec![
                    format!("owner: deployment {}", row.value.deployment.0 + 1),
                    format!("route epoch: {}", row.value.epoch.0),
                    match row.value.contract {
                        Contract::None => "unsafe requests: are never held".to_string(),
                        Contract::HoldOnce =>
                            "unsafe requests: may be held with an idempotency key, and are dispatched once"
                                .to_string(),
                    },
                ]
            })
            .unwrap_or_default(),
        Readable::WakeOperation => control
            .wakes()
            .iter()
            .filter(|(_, row)| row.value.route == route)
            .flat_map(|(id, row)| {
                let wake = &row.value;
                let mut lines = alloc::vec![
                    format!(
                        "wake {} (epoch {}): {}",
                        id + 1,
                        wake.epoch.0,
                        wake.state.spec().name
                    ),
                    format!(
                        "attempt {}, asked for at {}",
                        wake.attempt, wake.requested_at
                    ),
                    format!("failures since it was last hot: {}", wake.failures),
                ];
                if wake.cause != platform::message::Cause::None {
                    lines.push(format!("last failure: {}", cause_word(wake.cause)));
                }
                if wake.state == platform::wake::State::Failed {
                    lines.push(format!("cools down until {}", wake.retry_at));
                }
                if let Some(allocation) = wake.allocation {
                    lines.push(format!("its allocation: {}", Names::allocation(allocation)));
                }
                lines
            })
            .collect(),
        Readable::Allocations => control
            .allocations()
            .iter()
            .filter(|(_, row)| mine(&row.value))
            .map(|(id, row)| {
                let allocation = &row.value;
                let mut line = format!(
                    "{} on {}: {}, since {}, token {}",
                    Names::allocation(AllocationId(id)),
                    names.node(allocation.host),
                    allocation.state.spec().name,
                    allocation.since,
                    allocation.token.0
                );
                if allocation.serving {
                    line.push_str(", serving");
                }
                if allocation.cause != platform::message::Cause::None {
                    line.push_str(&format!(" ({})", cause_word(allocation.cause)));
                }
                line
            })
            .collect(),
        Readable::ArtifactPull => {
            let mut lines: Vec<String> = control
                .allocations()
                .iter()
                .filter(|(_, row)| mine(&row.value))
                .map(|(id, row)| {
                    let slot = state
                        .fleet()
                        .runner(row.value.host)
                        .and_then(|runner| runner.slots().get(&AllocationId(id)));
                    let stage = match slot {
                        Some(slot) if slot.bytes == Some(slot.digest) => {
                            "bytes here, digest right".to_string()
                        }
                        Some(slot) if slot.bytes.is_some() => {
                            "bytes here, digest wrong".to_string()
                        }
                        Some(slot) if slot.stage == platform::runner::Stage::Pulling => {
                            "waiting for the store".to_string()
                        }
                        Some(_) => "not pulling".to_string(),
                        None => "no order on that runner".to_string(),
                    };
                    format!("{}: {stage}", Names::allocation(AllocationId(id)))
                })
                .collect();
            let slow = longest_pull(state);
            if let Some(since) = slow {
                lines.push(format!(
                    "the oldest pull without an answer has waited for {since}"
                ));
            }
            lines
        }
        Readable::Secrets => deployments_of(plan, 0)
            .map(|deployment| {
                let complete = state
                    .fleet()
                    .vault()
                    .is_some_and(|vault| vault.is_complete(deployment, state.now()));
                format!(
                    "deployment {}: {}",
                    deployment.0 + 1,
                    if complete {
                        "all secrets are bound"
                    } else {
                        "the secret DATABASE_URL is not bound"
                    }
                )
            })
            .collect(),
        Readable::Bindings => {
            let down = last_probes(state, history)
                .iter()
                .any(|(_, reason)| *reason == crate::lower::BINDING_DOWN);
            let speaks = last_probes(state, history).is_empty();
            alloc::vec![match (down, speaks) {
                (true, _) => "database: refuses connections".to_string(),
                (false, true) => "database: no process has used the binding lately".to_string(),
                (false, false) => "database: answers".to_string(),
            }]
        }
        Readable::ReadinessLog => {
            let probes = last_probes(state, history);
            probes
                .iter()
                .rev()
                .take(LINES)
                .rev()
                .map(|(at, reason)| format!("{at}  {}", probe_reason(*reason)))
                .collect()
        }
        Readable::HostMemory => {
            let mut lines: Vec<String> = state
                .fleet()
                .roster()
                .runners()
                .map(|runner| {
                    let used: u64 = state.processes(runner).map(|process| process.memory).sum();
                    let up = if state.is_up(runner) { "" } else { " (down)" };
                    format!(
                        "{}{up}: {} of {} MiB used",
                        names.node(runner),
                        used >> 20,
                        state.host_memory(runner) >> 20
                    )
                })
                .collect();
            lines.extend(last_exits(state, history));
            lines
        }
        Readable::EdgeMetrics => {
            let get = |metric| metrics.get(state, metric);
            alloc::vec![
                format!(
                    "arrived {}, served {}, refused {}",
                    get(Metric::Arrived),
                    get(Metric::Served),
                    get(Metric::Refused)
                ),
                format!(
                    "errors of the app {}, outcome unknown {}",
                    get(Metric::AppErrors),
                    get(Metric::OutcomeUnknown)
                ),
                format!(
                    "waiting now {}, the most so far {}",
                    get(Metric::Held),
                    get(Metric::HeldMost)
                ),
                format!(
                    "sent away after the whole hold budget: {}",
                    get(Metric::HoldExpired)
                ),
                format!(
                    "served within the last ten seconds: {}",
                    get(Metric::ServedLately)
                ),
            ]
        }
    }
}

/// The entries that have happened at the moment of `state`, newest first.
fn past<'a>(
    state: &State<Fleet>,
    history: &'a History<Fleet>,
) -> impl Iterator<Item = sim::Entry<'a, Fleet>> {
    (0..state.steps().min(history.len()))
        .rev()
        .filter_map(|step| history.entry(step))
}

/// Readiness checks of the first app within the last two minutes, oldest first: when, and the reason.
fn last_probes(state: &State<Fleet>, history: &History<Fleet>) -> Vec<(Time, u8)> {
    let mut probes: Vec<_> = past(state, history)
        .take_while(|entry| state.now().since(entry.at) <= machine::Duration::minutes(2))
        .flat_map(|entry| {
            let at = entry.at;
            entry
                .notes
                .iter()
                .filter(|note| about_first_app(state, note))
                .filter_map(move |note| match *note {
                    Note::ReadinessProbed { reason, pass, .. } => {
                        Some((at, if pass { 0 } else { reason }))
                    }
                    _ => None,
                })
                .collect::<Vec<_>>()
        })
        .take(50)
        .collect();
    probes.reverse();
    probes
}

fn about_first_app(state: &State<Fleet>, note: &Note) -> bool {
    let (Note::ReadinessProbed { allocation, .. } | Note::ProcessExited { allocation, .. }) = note
    else {
        return false;
    };
    state
        .fleet()
        .control()
        .allocations()
        .get(allocation.0)
        .is_some_and(|row| row.value.route == RouteId(0))
}

fn last_exits(state: &State<Fleet>, history: &History<Fleet>) -> Vec<String> {
    let mut exits: Vec<String> = past(state, history)
        .flat_map(|entry| {
            entry
                .notes
                .iter()
                .filter(|note| about_first_app(state, note))
                .filter_map(|note| match *note {
                    Note::ProcessExited {
                        allocation,
                        code,
                        oom,
                        ..
                    } => Some(format!(
                        "{}  {} ended with code {code}{}",
                        entry.at,
                        Names::allocation(allocation),
                        if oom { ", reason OOMKilled" } else { "" }
                    )),
                    _ => None,
                })
                .collect::<Vec<_>>()
        })
        .take(LINES)
        .collect();
    exits.reverse();
    exits
}

/// How long the oldest unanswered pull of the first app has waited.
fn longest_pull(state: &State<Fleet>) -> Option<machine::Duration> {
    let control = state.fleet().control();
    let waiting = control.allocations().iter().filter(|(id, row)| {
        row.value.route == RouteId(0)
            && state
                .fleet()
                .runner(row.value.host)
                .and_then(|runner| runner.slots().get(&AllocationId(*id)))
                .is_some_and(|slot| slot.stage == platform::runner::Stage::Pulling)
    });
    let oldest = waiting.map(|(_, row)| row.value.since).min()?;
    Some(state.now().since(oldest))
}
