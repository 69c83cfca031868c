//! Properties of restores: O-36, and that nothing wrong, foreign, unreadable or twice told comes of going back.

use super::{Judge, place};
use crate::fleet::Fleet;
use alloc::format;
use machine::{Duration, SortedMap, SortedSet, Time};
use platform::id::RouteId;
use platform::knob;
use platform::note::Note;
use platform::restore::{EventId, Note as Tell, PRODUCTION, Stage};
use sim::{Entry, State, What};

/// What is remembered of restores.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    healed: Option<Time>,
    looked_at: Time,
    /// When a write was last taken.
    written_at: Time,
    /// Since when the newest restore has been in its stage.
    staged_at: Time,
    /// What has happened outside, and when first.
    happened: SortedMap<EventId, Time>,
}

pub(super) fn check(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let Some(databases) = state.fleet().databases() else {
        return;
    };
    if let What::Healed = entry.what {
        memory.healed = Some(entry.at);
    }
    for note in entry.notes {
        let Note::Restore(note) = note else { continue };
        match *note {
            Tell::InstanceOpened { .. } | Tell::InstanceFenced { .. } => {
                let open = databases
                    .instances()
                    .iter()
                    .filter(|one| one.environment == PRODUCTION && one.open)
                    .count();
                judge.claim(const { place("o-36") }, open <= 1, || {
                    format!("{open} instances of production take writes")
                });
            }
            Tell::RowWritten {
                instance,
                epoch,
                fence,
                open,
                ..
            } => {
                memory.written_at = entry.at;
                judge.claim(
                    const { place("fenced-writes-bounce") },
                    open && epoch >= fence,
                    || {
                        format!(
                            "instance {} took a write under epoch {epoch}, and its epoch is {fence}",
                            instance.0 + 1
                        )
                    },
                );
            }
            Tell::WriteRefused { .. } => {
                judge.claim(
                    const { place("some-write-bounces") },
                    true,
                    Default::default,
                );
            }
            Tell::TablesCleared { production } => {
                let routes = state.fleet().control().routes();
                let mut all = routes.iter().map(|(at, _)| RouteId(at as u16));
                let mixed = all.any(|route| {
                    let mut edges = state.fleet().edges();
                    edges.any(|(_, edge)| !edge.is_isolated(route))
                });
                judge.claim(
                    const { place("previews-clear-their-own") },
                    mixed || !production,
                    || "a preview with data of its own cleared production's".into(),
                );
                if production {
                    judge.claim(
                        const { place("some-preview-clears-production") },
                        true,
                        Default::default,
                    );
                }
            }
            Tell::EffectHappened { event, again } => {
                memory.happened.entry(event).or_insert(entry.at);
                judge.claim(const { place("told-once") }, !again, || {
                    format!("event {} happened outside a second time", event.0)
                });
            }
            Tell::Impact { restore, lost } => {
                if lost > 0 {
                    judge.claim(const { place("some-row-is-lost") }, true, Default::default);
                }
                counted(state, (restore.0, lost), memory, judge);
            }
            Tell::Reasoned { .. } => {
                judge.claim(
                    const { place("some-restore-waits") },
                    true,
                    Default::default,
                );
            }
            Tell::Staged { restore, stage } => {
                memory.staged_at = entry.at;
                if stage == Stage::Done {
                    judge.claim(
                        const { place("some-restore-is-done") },
                        true,
                        Default::default,
                    );
                }
                if stage == Stage::CutOver {
                    cut_over(state, restore.0, judge);
                }
            }
            _ => {}
        }
    }
    if memory.healed.is_some() && entry.at.since(memory.looked_at) >= Duration::secs(1) {
        memory.looked_at = entry.at;
        settle(state, entry, memory, judge);
    }
}

/// What happened outside after the moment that is gone back to, and before anybody wanted to go back.
fn counted(
    state: &State<Fleet>,
    (restore, lost): (u32, u32),
    memory: &Memory,
    judge: &mut Judge<'_>,
) {
    let (Some(service), Some(databases)) = (state.fleet().restores(), state.fleet().databases())
    else {
        return;
    };
    let Some(row) = service.rows().get(restore).map(|row| row.value) else {
        return;
    };
    let target = row
        .target
        .and_then(|id| databases.instances().get(usize::from(id.0)));
    let Some(target) = target else { return };
    let kept: SortedSet<EventId> = target.rows().map(|(event, _)| event).collect();
    let gone = memory
        .happened
        .iter()
        .filter(|(event, at)| row.to <= **at && **at < row.at && !kept.contains(event))
        .count();
    judge.claim(
        const { place("losses-are-told") },
        lost as usize >= gone,
        || format!("restore {} tells of {lost} losses of {gone}", restore + 1),
    );
}

/// What production is about to be bound to.
fn cut_over(state: &State<Fleet>, restore: u32, judge: &mut Judge<'_>) {
    let (Some(service), Some(databases)) = (state.fleet().restores(), state.fleet().databases())
    else {
        return;
    };
    let Some(row) = service.rows().get(restore).map(|row| row.value) else {
        return;
    };
    let target = row
        .target
        .and_then(|id| databases.instances().get(usize::from(id.0)));
    let Some(target) = target else { return };
    let name = restore + 1;
    let mut before = service.rows().iter().take(restore as usize);
    let new = row.epoch > 1
        && before.all(|(_, other)| {
            let bound = matches!(other.value.stage, Stage::CutOver | Stage::Done);
            !bound || other.value.epoch < row.epoch
        });
    judge.claim(const { place("bindings-are-new") }, new, || {
        format!(
            "restore {name} binds production under epoch {}, as it was bound before",
            row.epoch
        )
    });
    let own = target.environment == PRODUCTION;
    judge.claim(const { place("production-gets-its-own") }, own, || {
        format!("restore {name} binds production to the previews' data")
    });
    let clean = target.rows().all(|(_, old)| !old.wrong)
        && databases.wrong_since().is_none_or(|since| row.to < since);
    judge.claim(const { place("restores-are-clean") }, clean, || {
        format!(
            "restore {name} goes back to {}, when the data was wrong already",
            row.to
        )
    });
    let most = state.knobs().time(&knob::RESTORE_RPO);
    let bearable = row.accepted || row.at.since(row.to) <= most;
    judge.claim(const { place("losses-are-accepted") }, bearable, || {
        format!(
            "restore {name} loses {}, and nobody has accepted that",
            row.at.since(row.to)
        )
    });
    let schema = target.schema(row.to);
    judge.claim(
        const { place("restored-can-be-read") },
        schema >= service.reads_from(),
        || format!("restore {name} brings schema {schema} back, which the app cannot read"),
    );
}

/// What has to be so soon after troubles are over.
fn settle(state: &State<Fleet>, entry: &Entry<'_, Fleet>, memory: &Memory, judge: &mut Judge<'_>) {
    let (Some(service), Some(healed)) = (state.fleet().restores(), memory.healed) else {
        return;
    };
    // Making an instance, and noting down what has happened one by one, takes its time.
    let within = Duration::secs(60);
    let newest = service.rows().iter().next_back().map(|(_, row)| row.value);
    let since = memory.staged_at.max(healed);
    if let Some(row) = newest {
        let settles = !row.is_active() || row.reason.is_some() || entry.at.since(since) <= within;
        judge.claim(const { place("restores-settle") }, settles, || {
            format!(
                "the newest restore has been at {:?} since {since}",
                row.stage
            )
        });
    }
    let busy = newest.is_some_and(|row| row.is_active() && !matches!(row.stage, Stage::Identify));
    let writes = busy || entry.at.since(memory.written_at.max(since)) <= within;
    judge.claim(const { place("production-writes-again") }, writes, || {
        format!("nothing was written since {}", memory.written_at)
    });
}
