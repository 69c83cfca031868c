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
    /// What the control plane was told last of each app's providers: under which number, when, and whether one is in an outage.
    told: SortedMap<RouteId, (u32, Time, bool)>,
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
            What::Restarted => memory.told.clear(),
            What::MessageDelivered {
                message: Message::Outage(Watch::HealthAsk { route, held, nth }),
                ..
            } => {
                let newest = memory.told.get(&route).map_or(0, |told| told.0);
                if nth > newest {
                    memory.told.insert(route, (nth, entry.at, held));
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
        let told = memory.told.get(&row.value.route);
        let held = told.is_some_and(|(_, at, held)| *held && entry.at.since(*at) <= ttl);
        judge.claim(const { place("wakes-wait-for-providers") }, !held, || {
            format!(
                "route {} is woken although what it needs is known to be in an outage",
                row.value.route.0 + 1
            )
        });
    }
    for note in entry.notes {
        if let Note::WakeRefused {
            reason: Reason::ProviderDown,
            ..
        } = note
        {
            judge.claim(
                const { place("some-wake-waits-for-a-provider") },
                true,
                Default::default,
            );
        }
    }
}
