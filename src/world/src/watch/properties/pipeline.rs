//! Properties of the pipeline: what a preview is made of and stands on, what becomes of leases, blockers and events.

use super::{Judge, place};
use crate::fleet::{Fleet, Snag};
use alloc::format;
use machine::{Duration, NodeId, SortedMap, Subject, Time};
use platform::knob;
use platform::note::Note;
use platform::pipeline::{
    Blocker, Cause, DbImpact, Defect, Deploy, DeployId, Event, Look, Note as Tell, Outbox,
    Pipeline, State as Stage, StateImpact,
};
use sim::{Entry, State, What};

/// What is remembered of the pipeline.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// What was committed, by entity and version.
    committed: SortedMap<(Subject, u32), Event>,
    /// What the log last has somebody else's event about, and whether somebody has looked at it.
    foreign: SortedMap<Subject, bool>,
    /// Who spoilt the last build of each deployment.
    spoilt: SortedMap<DeployId, NodeId>,
    /// Since when each deployment has had a lease that nobody works under.
    orphaned: SortedMap<DeployId, Time>,
    /// Since when each deployment has waited for what is there.
    needless: SortedMap<DeployId, Time>,
    /// Since when some event has not been told.
    untold: Option<(Time, u32)>,
    /// Since when the pipeline has been up.
    up: Option<Time>,
    /// Whether troubles are over.
    healed: bool,
    /// When deadlines were last looked at.
    looked_at: Time,
}

impl Memory {
    /// Whether troubles are over and it is time to look at deadlines again.
    pub(super) fn look_now(&mut self, now: Time) -> bool {
        let look = self.healed && now.since(self.looked_at) >= Duration::secs(1);
        if look {
            self.looked_at = now;
        }
        look
    }

    /// Troubles are over.
    pub(super) const fn heal(&mut self) {
        self.healed = true;
    }

    /// Since when the node that is judged has been up, if it is.
    pub(super) fn up_since(&mut self, up: bool, now: Time) -> Option<Time> {
        self.up = up.then(|| self.up.unwrap_or(now));
        self.up
    }
}

pub(super) fn check(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let Some(service) = state.fleet().pipeline() else {
        return;
    };
    if matches!(entry.what, What::Healed) {
        memory.heal();
    }
    for moved in entry.moved {
        if moved.lifecycle == platform::PIPELINE {
            let id = DeployId(moved.subject.id as u8);
            let ended =
                |stage: u8| stage == Stage::PreviewReady as u8 || stage == Stage::Failed as u8;
            judge.claim(
                const { place("o-28") },
                !moved.from.is_some_and(ended),
                || format!("deployment {} moved after its end", id.0 + 1),
            );
            if let Some(row) = service.rows().get(u32::from(id.0)) {
                moved_to(state, entry, (id, &row.value, moved.to), memory, judge);
            }
        }
    }
    for note in entry.notes {
        if let Note::Pipeline(note) = note {
            if let Tell::Mismatch {
                deploy, builder, ..
            } = *note
            {
                memory.spoilt.insert(deploy, builder);
            }
            tells(state, note, memory, judge);
            told(state, service, note, judge);
        }
    }
    if memory.look_now(entry.at) {
        settle(state, service, entry.at, memory, judge);
    }
}

fn moved_to(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    (id, row, to): (DeployId, &Deploy, u8),
    memory: &Memory,
    judge: &mut Judge<'_>,
) {
    let name = id.0 + 1;
    if to != Stage::Failed as u8 {
        newest(state, (id, row), judge);
    }
    match to {
        to if to == Stage::Validating as u8 => {
            let (Some(product), Some(registry)) = (row.product, state.fleet().registry()) else {
                return;
            };
            judge.claim(
                const { place("artifacts-are-their-commits") },
                product.tree == row.planned.tree,
                || format!("what was built for deployment {name} is not its commit"),
            );
            let kept = registry.holds(id, row.token);
            judge.claim(
                const { place("artifacts-are-what-was-built") },
                kept == Some(product.digest),
                || format!("the registry does not hold what was built for deployment {name}"),
            );
        }
        to if to == Stage::PreviewReady as u8 => ready(state, entry.at, (id, row), judge),
        to if to == Stage::Blocked as u8 => {
            judge.claim(const { place("l-10") }, row.blocker.is_some(), || {
                format!("deployment {name} waits and does not say for whom")
            });
            judge.claim(const { place("some-deploy-waits") }, true, Default::default);
        }
        to if to == Stage::Cloning as u8 => {
            judge.claim(
                const { place("second-tries-move") },
                row.builder.is_none() || row.builder.as_ref() != memory.spoilt.get(&id),
                || format!("deployment {name} goes back to the builder that spoilt it"),
            );
            let tries = state.knobs().get(&knob::PIPELINE_TRIES);
            // One more than is lost may be spoilt.
            judge.claim(
                const { place("l-11") },
                u64::from(row.token.0) <= tries + u64::from(row.mismatches),
                || format!("deployment {name} was given away {} times", row.token.0),
            );
        }
        _ => {}
    }
}

/// Nothing newer of the same branch was asked for.
fn newest(state: &State<Fleet>, (id, row): (DeployId, &Deploy), judge: &mut Judge<'_>) {
    let Some(service) = state.fleet().pipeline() else {
        return;
    };
    let overtaken = service.rows().iter().any(|(other, newer)| {
        let newer = &newer.value;
        other > u32::from(id.0)
            && newer.planned.branch == row.planned.branch
            && newer.state.is_some()
    });
    judge.claim(const { place("branches-have-one") }, !overtaken, || {
        format!(
            "deployment {} goes on, and a newer commit of its branch was asked for",
            id.0 + 1
        )
    });
}

/// What a preview that is called ready stands on.
fn ready(state: &State<Fleet>, now: Time, (id, row): (DeployId, &Deploy), judge: &mut Judge<'_>) {
    let name = id.0 + 1;
    let (Some(product), Some(environment)) = (row.product, state.fleet().environment()) else {
        return;
    };
    judge.claim(
        const { place("some-preview-is-ready") },
        true,
        Default::default,
    );
    judge.claim(
        const { place("generated-is-current") },
        product.committed == product.generated,
        || format!("the preview of deployment {name} has stale generated files"),
    );
    let (live, db) = (row.state_impact(), row.db_impact());
    judge.claim(
        const { place("impacts-are-known") },
        live != StateImpact::Unclassified && db != DbImpact::Unclassified,
        || format!("deployment {name} is ready, and nobody knows what it does"),
    );
    judge.claim(
        const { place("cold-goes-by-agreement") },
        live != StateImpact::Cold || row.acknowledged == Some(product.digest),
        || format!("deployment {name} loses live state, and nobody agreed to that"),
    );
    let ttl = state.knobs().time(&knob::PIPELINE_EVIDENCE_TTL);
    let since = Time(now.0.saturating_sub(ttl.0));
    let held = |what| environment.held(id, what, since, now);
    let lacks = [
        (Look::Bindings, "a secret or a provider"),
        (Look::Preview(product.digest), "a preview that answers"),
        (Look::Migration, "a migration"),
    ];
    for (what, word) in lacks {
        let needed = what != Look::Migration || db == DbImpact::Migration;
        judge.claim(
            const { place("previews-have-what-they-need") },
            !needed || held(what),
            || format!("deployment {name} is ready without {word}"),
        );
    }
    let needed = [row.bindings, row.preview, row.migration];
    let oldest = needed.iter().flatten().map(|evidence| evidence.at).min();
    let age = oldest.map_or(Duration(0), |at| now.since(at));
    judge.claim(const { place("o-38") }, age <= ttl, || {
        format!("deployment {name} is ready by what was seen {age} ago")
    });
}

/// What is told was committed.
pub(super) fn tells(state: &State<Fleet>, note: &Tell, memory: &mut Memory, judge: &mut Judge<'_>) {
    match *note {
        Tell::Committed { event } => {
            memory
                .committed
                .insert((event.entity, event.version), event);
        }
        Tell::Published { event } => {
            let real = memory.committed.get(&(event.entity, event.version)) == Some(&event);
            judge.claim(const { place("o-3") }, real, || {
                format!("version {} was told and not committed", event.version)
            });
            let orderly = state.fleet().events().is_none_or(|log| log.in_order());
            judge.claim(const { place("o-3") }, orderly, || {
                format!(
                    "the log has version {} before one that it follows",
                    event.version
                )
            });
        }
        Tell::ForeignEvent { entity, .. } => _ = memory.foreign.insert(entity, false),
        Tell::EventsStopped { .. } => judge.claim(
            const { place("some-event-is-somebody-elses") },
            true,
            Default::default,
        ),
        Tell::EventsResumed { entity, .. } => {
            if let Some(looked) = memory.foreign.get_mut(&entity) {
                *looked = true;
            }
        }
        Tell::Appended { entity, seq } => {
            if let Some(looked) = memory.foreign.remove(&entity) {
                judge.claim(
                    const { place("nothing-is-told-over-others") },
                    looked,
                    || format!("event {seq} is told behind somebody else's, and nobody has looked"),
                );
                judge.claim(const { place("some-events-go-on") }, true, Default::default);
            }
        }
        _ => {}
    }
}

fn told(state: &State<Fleet>, service: &Pipeline, note: &Tell, judge: &mut Judge<'_>) {
    match *note {
        Tell::Believed {
            deploy,
            current,
            report,
        } => judge.claim(const { place("o-8") }, current == report, || {
            format!(
                "a builder with lease {} was believed for deployment {}, whose lease is {}",
                report.0,
                deploy.0 + 1,
                current.0
            )
        }),
        Tell::Mismatch { .. } => judge.claim(
            const { place("some-build-is-spoilt") },
            true,
            Default::default,
        ),
        Tell::LeaseLost { .. } => judge.claim(
            const { place("some-lease-is-lost") },
            true,
            Default::default,
        ),
        Tell::Failed {
            deploy,
            cause: cause @ (Cause::CompileError | Cause::TestFailed),
        } => {
            let real = state.fleet().source().is_none_or(|source| {
                source.content(deploy).defect.map(Defect::cause) == Some(cause)
            });
            judge.claim(
                const { place("build-errors-are-the-commits") },
                real,
                || {
                    format!(
                        "deployment {} failed by an error that its commit does not have",
                        deploy.0 + 1
                    )
                },
            );
            judge.claim(
                const { place("some-build-has-an-error") },
                true,
                Default::default,
            );
        }
        Tell::Failed {
            cause: Cause::Superseded,
            ..
        } => judge.claim(
            const { place("some-deploy-is-superseded") },
            service.rows().len() > 1,
            Default::default,
        ),
        _ => {}
    }
}

/// Once troubles are over: operations end, leases are not left behind, nobody waits for what is there, events are told.
fn settle(
    state: &State<Fleet>,
    service: &Pipeline,
    now: Time,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let roster = state.fleet().roster();
    let up = roster
        .seated(crate::fleet::PIPELINE)
        .all(|node| state.is_up(node));
    let Some(up_since) = memory.up_since(up, now) else {
        return;
    };
    let knobs = state.knobs();
    let resend = knobs.time(&knob::PIPELINE_RESEND).0;
    let sweep = Duration(knobs.time(&knob::PIPELINE_LEASE).0 + knobs.time(&knob::PIPELINE_BEAT).0);
    let slack = resend * 3 + 2_000_000;
    for (at, row) in service.rows().iter() {
        let (id, row) = (DeployId(at as u8), row.value);
        let name = id.0 + 1;
        let limit = match row.state {
            Some(Stage::Queued) => knobs.time(&knob::PIPELINE_QUEUE_LIMIT),
            Some(Stage::Cloning) => knobs.time(&knob::PIPELINE_CLONE_LIMIT),
            Some(Stage::Building) => knobs.time(&knob::PIPELINE_BUILD_LIMIT),
            Some(Stage::Validating) => knobs.time(&knob::PIPELINE_VALIDATE_LIMIT),
            Some(Stage::Blocked) => knobs.time(&knob::PIPELINE_EXPIRY),
            None => continue,
            Some(Stage::PreviewReady | Stage::Failed) => Duration(u64::MAX),
        };
        let since = row.since.max(up_since);
        judge.claim(
            const { place("l-1") },
            now.since(since).0 <= limit.0.saturating_add(slack),
            || format!("deployment {name} gets nowhere"),
        );
        let left = match row.state {
            Some(Stage::Cloning | Stage::Building) => {
                let node = row.builder.and_then(|node| state.fleet().builder(node));
                let up = row.builder.is_some_and(|node| state.is_up(node));
                !up || node.and_then(|it| it.at_work()) != Some((id, row.token))
            }
            Some(Stage::Queued) => service
                .free()
                .iter()
                .any(|builder| row.spoilt_by != Some(*builder)),
            _ => false,
        };
        let bound = Duration(sweep.0 + slack);
        lasts(&mut memory.orphaned, id, left, now, |since| {
            judge.claim(const { place("l-9") }, since <= bound, || {
                format!("nobody has worked on deployment {name} for {since}")
            });
        });
        let environment = state.fleet().environment();
        let there = environment.is_some_and(|it| match row.blocker {
            Some(Blocker::BindingMissing) => it.holds(id, Look::Bindings, now),
            Some(Blocker::MigrationPending) => !it.has(Snag::MigrationPending, now),
            _ => false,
        });
        let bound = Duration(knobs.time(&knob::PIPELINE_RECHECK).0 + slack);
        lasts(&mut memory.needless, id, there, now, |since| {
            judge.claim(const { place("l-10") }, since <= bound, || {
                format!("deployment {name} has waited for what is there for {since}")
            });
        });
    }
    events(state, service.outbox(), now, Duration(slack), memory, judge);
}

/// Whatever was committed reaches the log of events.
pub(super) fn events(
    state: &State<Fleet>,
    outbox: &Outbox,
    now: Time,
    slack: Duration,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let up_since = memory.up.unwrap_or(now);
    let Some(log) = state.fleet().events() else {
        return;
    };
    let waiting = outbox.first();
    memory.untold = waiting.map(|seq| match memory.untold {
        Some((since, same)) if same == seq as u32 => (since.max(up_since), same),
        _ => (now, seq as u32),
    });
    let late = memory
        .untold
        .is_some_and(|(since, _)| now.since(since).0 > slack.0);
    let all = waiting.is_some() || memory.committed.values().all(|event| log.has(*event));
    judge.claim(const { place("l-3") }, !late && all, || {
        "something was committed, and the log of events does not have it".into()
    });
}

/// For how long something has been so.
fn lasts(
    since: &mut SortedMap<DeployId, Time>,
    id: DeployId,
    so: bool,
    now: Time,
    judge: impl FnOnce(Duration),
) {
    if !so {
        since.remove(&id);
        return judge(Duration(0));
    }
    let began = *since.entry(id).or_insert(now);
    judge(now.since(began));
}
