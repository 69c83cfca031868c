//! Properties of the joints between parts: what one part has to know of another before it goes on.

use super::{Judge, place};
use crate::fleet::Fleet;
use alloc::format;
use machine::{SortedMap, Time};
use platform::id::{AllocationId, DeploymentId, RouteId};
use platform::message::{Cause, Message, Reason};
use platform::note::Note;
use platform::outage::Message as Watch;
use platform::promotion::Note as Promoted;
use platform::{knob, wake};
use sim::{Entry, State, What};

/// What is remembered of the joints.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Since when each deployment has wanted for a secret.
    wanting: SortedMap<DeploymentId, Time>,
    /// What the control plane was told of each app's providers.
    told: SortedMap<RouteId, Told>,
    /// When the step under way began in which apps are woken after an outage, and how many were.
    step: (Time, u64),
}

/// What the control plane was told last of an app's providers.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    nth: u32,
    at: Time,
    /// Whether one of them is in an outage.
    held: bool,
    /// Whether one has been since the app was woken last.
    waited: bool,
}

/// What failed for want of a secret is not begun again before somebody has bound it.
pub(super) fn check(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    for note in entry.notes {
        let Note::Promotion(note) = note else {
            continue;
        };
        let place = match note {
            Promoted::LogAlarm { .. } => const { place("some-last-event-is-foreign") },
            Promoted::EdgeWrittenOff { .. } => const { place("some-edge-is-written-off") },
            Promoted::EdgeBack { .. } => const { place("some-edge-counts-again") },
            _ => continue,
        };
        judge.claim(place, true, Default::default);
    }
    providers(state, entry, memory, judge);
    let Some(vault) = state.fleet().vault().filter(|vault| vault.lacks_some()) else {
        return;
    };
    let control = state.fleet().control();
    for moved in entry.moved {
        if moved.lifecycle != platform::ALLOCATION || moved.from.is_some() {
            continue;
        }
        let id = AllocationId(moved.subject.id as u32);
        let Some(allocation) = control.allocations().get(id.0) else {
            continue;
        };
        let deployment = allocation.value.deployment;
        if let Some(since) = memory.wanting.remove(&deployment) {
            let bound = vault.was_complete(deployment, since, entry.at);
            judge.claim(const { place("starts-wait-for-secrets") }, bound, || {
                format!(
                    "allocation {} is planned, and the secret for want of which the last one failed is not bound",
                    id.0 + 1
                )
            });
        }
    }
    for note in entry.notes {
        match *note {
            Note::AllocationFailed {
                allocation,
                cause: Cause::SecretMissing,
            } => {
                if let Some(row) = control.allocations().get(allocation.0) {
                    memory.wanting.insert(row.value.deployment, entry.at);
                }
            }
            Note::WakeRefused {
                reason: Reason::SecretMissing,
                ..
            } => judge.claim(
                const { place("some-start-waits-for-a-secret") },
                true,
                Default::default,
            ),
            Note::SecretBound { .. } => judge.claim(
                const { place("some-secret-is-bound") },
                true,
                Default::default,
            ),
            _ => {}
        }
    }
}

/// No app is woken for a visitor while the control plane knows that what it needs is in an outage.
fn providers(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let control = state.fleet().control();
    if entry.actor == state.fleet().roster().control() {
        match entry.what {
            What::Restarted => {
                memory.told.clear();
                memory.step = (Time::ZERO, 0);
            }
            What::MessageDelivered {
                message: Message::Outage(Watch::HealthAsk { route, held, nth }),
                ..
            } => {
                let told = memory.told.entry(route).or_default();
                if nth > told.nth {
                    let waited = told.waited || held;
                    let at = entry.at;
                    *told = Told {
                        nth,
                        at,
                        held,
                        waited,
                    };
                }
            }
            _ => {}
        }
    }
    if memory.told.is_empty() {
        return;
    }
    let ttl = state.knobs().time(&knob::PROVIDER_EVIDENCE_TTL);
    for moved in entry.moved {
        if moved.lifecycle != platform::WAKE || moved.to != wake::State::WakeRequested as u8 {
            continue;
        }
        let Some(row) = control.wakes().get(moved.subject.id as u32) else {
            continue;
        };
        let Some(told) = memory.told.get_mut(&row.value.route) else {
            continue;
        };
        let held = told.held && entry.at.since(told.at) <= ttl;
        let waited = core::mem::replace(&mut told.waited, told.held);
        judge.claim(const { place("wakes-wait-for-providers") }, !held, || {
            format!(
                "route {} is woken although what it needs is known to be in an outage",
                row.value.route.0 + 1
            )
        });
        if waited {
            let over = entry.at.since(memory.step.0) >= state.knobs().time(&knob::LIFT_INTERVAL);
            if over || memory.step.1 == 0 {
                memory.step = (entry.at, 0);
            }
            memory.step.1 += 1;
            let (began, count) = memory.step;
            let most = state.knobs().get(&knob::LIFT_STEP);
            judge.claim(
                const { place("wakes-return-in-steps") },
                count <= most,
                || {
                    format!(
                        "since {began} {count} apps are woken after an outage, and {most} may be"
                    )
                },
            );
        }
    }
    for note in entry.notes {
        let Note::WakeRefused { route, reason } = *note else {
            continue;
        };
        let place = match reason {
            Reason::ProviderDown => const { place("some-wake-waits-for-a-provider") },
            Reason::ProviderReturns => const { place("some-wake-waits-for-its-turn") },
            _ => continue,
        };
        judge.claim(place, true, Default::default);
        let bound = state.fleet().watch().is_none_or(|watch| {
            let mut all = watch.installation().environments.iter();
            all.any(|one| one.route == route && !one.needs.is_empty())
        });
        judge.claim(const { self::place("others-go-on") }, bound, || {
            format!(
                "route {} waits for a provider, and it needs none",
                route.0 + 1
            )
        });
    }
}
