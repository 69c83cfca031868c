//! Properties of the joints between parts: what one part has to know of another before it goes on.

use super::{Judge, place};
use crate::fleet::Fleet;
use alloc::format;
use machine::{SortedMap, Time};
use platform::id::{AllocationId, DeploymentId};
use platform::message::{Cause, Reason};
use platform::note::Note;
use platform::promotion::Note as Promoted;
use sim::{Entry, State};

/// What is remembered of the joints.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Since when each deployment has wanted for a secret.
    wanting: SortedMap<DeploymentId, Time>,
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
