//! Properties of migrations: O-35, O-37, and that steps go in once, can be undone and are what they are said to be.

use super::{Judge, place};
use crate::fleet::{Database, Fleet, Trouble};
use alloc::format;
use machine::{Duration, SortedMap, SortedSet, Time};
use platform::knob;
use platform::migration::{
    Class, Migration, MigrationId, Note as Tell, PRODUCTION, Reason, State as Stage,
};
use platform::note::Note;
use sim::{Entry, State, What};

/// What is remembered of migrations.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Since when each migration has been on its way, once troubles are over.
    on_its_way: SortedMap<MigrationId, Time>,
    /// Which migrations held the lock when it became unknown what was done of them.
    unknown: SortedSet<MigrationId>,
    /// Since when the lock has been held by one that needs it no more.
    kept: Option<Time>,
    /// Since when troubles are over.
    healed: Option<Time>,
    /// When deadlines were last looked at.
    looked_at: Time,
}

pub(super) fn check(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let (Some(service), Some(database)) = (state.fleet().migrations(), state.fleet().database())
    else {
        return;
    };
    if let What::Healed = entry.what {
        memory.healed = Some(entry.at);
    }
    let row = |id: MigrationId| service.rows().get(u32::from(id.0)).map(|row| row.value);
    for moved in entry.moved {
        if moved.lifecycle == platform::MIGRATION {
            let id = MigrationId(moved.subject.id as u8);
            if let Some(row) = row(id) {
                moved_to(state, entry, (id, &row, moved.to), database, judge);
            }
        }
    }
    for note in entry.notes {
        if let Note::Migration(note) = note {
            if let Tell::Reasoned {
                migration,
                reason: Reason::Indeterminate,
            } = *note
                && database.holder() == Some(migration)
            {
                memory.unknown.insert(migration);
            }
            told(state, note, row, database, judge);
        }
    }
    memory
        .unknown
        .retain(|id| row(*id).is_some_and(|row| row.reason == Some(Reason::Indeterminate)));
    for id in &memory.unknown {
        let kept = database.holder() == Some(*id);
        judge.claim(const { place("o-35") }, kept, || {
            format!(
                "nobody knows what became of a step of migration {}, and it has let go of the lock",
                id.0 + 1
            )
        });
    }
    if memory.healed.is_some() && entry.at.since(memory.looked_at) >= Duration::secs(1) {
        memory.looked_at = entry.at;
        settle(state, entry, memory, judge);
    }
}

fn moved_to(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    (id, row, to): (MigrationId, &Migration, u8),
    database: &Database,
    judge: &mut Judge<'_>,
) {
    let name = id.0 + 1;
    // It may have moved on within the same step.
    match to {
        to if to == Stage::Locked as u8 => {
            let ttl = state.knobs().time(&knob::MIGRATION_EVIDENCE_TTL);
            let since = Time(entry.at.0.saturating_sub(ttl.0));
            let can_go_back = database.was_without(Trouble::RestorePoint, since, entry.at)
                && row.planned.rollback_plan;
            judge.claim(
                const { place("migrations-can-be-undone") },
                can_go_back,
                || format!("migration {name} took the lock with no way back"),
            );
            let readable = database.was_without(Trouble::Compatibility, since, entry.at);
            judge.claim(const { place("o-37") }, readable, || {
                format!("migration {name} took the lock although an artifact in use cannot work with its schema")
            });
        }
        to if to == Stage::Verified as u8 => {
            judge.claim(
                const { place("some-migration-is-verified") },
                true,
                Default::default,
            );
            let all = database.steps(id) == u32::from(row.planned.steps);
            judge.claim(const { place("verified-is-verified") }, all, || {
                format!(
                    "migration {name} is verified with {} of {} steps",
                    database.steps(id),
                    row.planned.steps
                )
            });
            // Each app was asked within one lease of the word about it, the first before the second.
            let since =
                Time((entry.at.0).saturating_sub(state.knobs().time(&knob::MIGRATION_LEASE).0 * 4));
            for (trouble, word) in [
                (Trouble::RunningApp, "the app that runs"),
                (Trouble::WindowApp, "the app in the rollback window"),
            ] {
                let answers = database.was_without(trouble, since, entry.at);
                judge.claim(const { place("verified-apps-answer") }, answers, || {
                    format!("migration {name} is verified, and {word} does not answer")
                });
            }
        }
        to if to == Stage::Blocked as u8 => {
            judge.claim(
                const { place("some-migration-waits") },
                true,
                Default::default,
            );
        }
        _ => {}
    }
}

fn told(
    state: &State<Fleet>,
    note: &Tell,
    row: impl Fn(MigrationId) -> Option<Migration>,
    database: &Database,
    judge: &mut Judge<'_>,
) {
    match *note {
        Tell::Changed {
            migration: id,
            step,
            again,
        } => {
            let Some(row) = row(id) else { return };
            let name = id.0 + 1;
            let right = database.holder() == Some(id) && row.tried == Some(row.plan);
            judge.claim(const { place("o-35") }, right || row.state != Some(Stage::Applying), || {
                format!("step {} of migration {name} went in without the lock or by another plan than the one that was tried", step + 1)
            });
            judge.claim(const { place("steps-go-in-once") }, !again, || {
                format!("step {} of migration {name} was applied twice", step + 1)
            });
            let approved = row.planned.class != Class::Destructive || row.approved;
            judge.claim(const { place("data-goes-by-approval") }, approved, || {
                format!("migration {name} took data away, and nobody had approved that")
            });
        }
        Tell::TriedIn {
            migration: id,
            database,
        } => judge.claim(const { place("o-35") }, database != PRODUCTION, || {
            format!("the plan of migration {} was tried on production", id.0 + 1)
        }),
        Tell::Believed {
            migration: id,
            current,
            report,
        } => judge.claim(const { place("o-8") }, current == report, || {
            format!(
                "a report under token {} was believed for migration {}, whose token is {}",
                report.0,
                id.0 + 1,
                current.0
            )
        }),
        Tell::LockMissed {
            migration: id,
            tries,
        } => {
            let bound = state.knobs().get(&knob::MIGRATION_LOCK_TRIES);
            judge.claim(
                const { place("lock-waits-are-bounded") },
                u64::from(tries) <= bound,
                || format!("migration {} waited for the lock {tries} times", id.0 + 1),
            );
        }
        Tell::Rewrote {
            migration: id,
            behind,
            ..
        } => {
            let window = Database::takes(state.knobs().get(&knob::REWRITE_WINDOW));
            let allowed = Duration(window.0 + Database::takes(100_000).0);
            judge.claim(
                const { place("replicas-keep-up") },
                behind <= allowed,
                || format!("migration {} puts the replicas {behind} behind", id.0 + 1),
            );
        }
        Tell::Filled { .. } => judge.claim(
            const { place("some-rows-are-written-again") },
            true,
            Default::default,
        ),
        Tell::Reasoned {
            reason: Reason::RunningAppFails | Reason::WindowAppFails,
            ..
        } => judge.claim(
            const { place("some-app-fails-on-a-schema") },
            true,
            Default::default,
        ),
        Tell::Reasoned {
            reason: Reason::Indeterminate,
            ..
        } => judge.claim(
            const { place("some-step-is-unknown") },
            true,
            Default::default,
        ),
        _ => {}
    }
}

/// Whatever is on its way gets somewhere, and the lock is not kept for nothing.
fn settle(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let (Some(service), Some(database)) = (state.fleet().migrations(), state.fleet().database())
    else {
        return;
    };
    let knobs = state.knobs();
    let once = knobs.time(&knob::MIGRATION_LEASE).0
        + knobs.time(&knob::MIGRATION_LOCK_TIMEOUT).0
        + knobs.time(&knob::MIGRATION_LOCK_PAUSE).0;
    let within = Duration(once * 12);
    for (at, row) in service.rows().iter() {
        let (id, row) = (MigrationId(at as u8), row.value);
        let ends = matches!(
            row.state,
            None | Some(Stage::Verified | Stage::Failed | Stage::Blocked)
        );
        if ends {
            memory.on_its_way.remove(&id);
            if row.state.is_some() {
                let says = row.state == Some(Stage::Verified) || row.reason.is_some();
                judge.claim(const { place("migrations-settle") }, says, || {
                    format!("migration {} does not say what it waits for", id.0 + 1)
                });
            }
            continue;
        }
        let since = *memory.on_its_way.entry(id).or_insert(entry.at);
        judge.claim(
            const { place("migrations-settle") },
            entry.at.since(since) <= within,
            || format!("migration {} gets nowhere", id.0 + 1),
        );
    }
    let idle = database.holder().is_some_and(|id| {
        service.rows().get(u32::from(id.0)).is_some_and(|row| {
            let row = row.value;
            matches!(
                row.state,
                Some(Stage::Verified | Stage::Failed | Stage::Blocked)
            ) && row.reason != Some(Reason::Indeterminate)
        })
    });
    if !idle {
        memory.kept = None;
        judge.claim(
            const { place("locks-are-given-back") },
            true,
            Default::default,
        );
        return;
    }
    let since = *memory.kept.get_or_insert(entry.at);
    judge.claim(
        const { place("locks-are-given-back") },
        entry.at.since(since) <= within,
        || format!("the lock has been held for nothing since {since}"),
    );
}
