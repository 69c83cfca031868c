//! Properties of deployments from Git: what is tried, what goes back, what is removed, and where all of it ends.

use super::{Judge, place};
use crate::fleet::{Fleet, LOCAL, Node};
use alloc::format;
use machine::{Duration, Moved, NodeId, SortedMap, SortedSet, Subject, Time};
use platform::gitops::{
    Cause, Command, Deployment, Item, Local, Message as Say, Note as Tell, Stage, State as Stands,
};
use platform::knob;
use platform::message::Message;
use platform::note::Note;
use sim::{Entry, State, What};

/// What is remembered of deployments from Git.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// When each EN was last heard by its LO.
    heard: SortedMap<NodeId, Time>,
    /// The version that was rolled back, and under which generation.
    quarantined: SortedMap<Subject, (u32, u8)>,
    /// The version that each life is going back from, and under which generation.
    going_back: SortedMap<Subject, (u32, u8)>,
    /// The version that ran well in each life.
    good: SortedSet<(Subject, u8)>,
    /// Attempts under each generation.
    attempts: SortedMap<Subject, (u32, u32)>,
    /// The hopeless failure of each life, and under which generation.
    hopeless: SortedMap<Subject, u32>,
    leaving: SortedSet<Subject>,
    deleted: SortedSet<Subject>,
    /// Where each version has failed and is still wanted.
    failed: SortedMap<u8, SortedSet<Item>>,
    /// The commits that somebody approved.
    approved: SortedSet<u32>,
    /// Since when troubles are over, or somebody last did something or committed.
    calm: Option<Time>,
    healed: bool,
}

pub(super) fn check(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    if state.fleet().roster().seated(LOCAL).next().is_none() {
        return;
    }
    match entry.what {
        What::Healed => {
            memory.healed = true;
            memory.calm = Some(entry.at);
        }
        What::MessageDelivered {
            from,
            message: Message::GitOps(Say::Beat { .. }),
            ..
        } => _ = memory.heard.insert(from, entry.at),
        What::MessageDelivered {
            message: Message::GitOps(Say::Wish { item, wish, .. }),
            ..
        } => {
            memory.failed.retain(|version, places| {
                if *version != wish.revision.number {
                    places.remove(&item);
                }
                !places.is_empty()
            });
            let whole = !wish.revision.is_some() || wish.revision.schema > 0;
            judge.claim(const { place("settings-are-complete") }, whole, || {
                format!(
                    "deployment {} gets a setting with a blank field",
                    item.0 + 1
                )
            });
        }
        _ => {}
    }
    for note in entry.notes {
        if let Note::GitOps(note) = note {
            told(state, entry, note, memory, judge);
        }
    }
    if let Some(Node::Local(local)) = state.fleet().node(entry.actor) {
        for moved in entry.moved {
            if moved.lifecycle == platform::GITOPS {
                let (item, _) = Item::of(moved.subject);
                if let Some(row) = local.newest(item) {
                    moved_on(state, entry, (moved, row), memory, judge);
                }
            }
        }
        settle(state, entry, local, memory, judge);
    }
}

fn told(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    note: &Tell,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    match *note {
        Tell::GitCommitted { .. } => memory.calm = memory.calm.map(|_| entry.at),
        Tell::PruneApproved { commit } => _ = memory.approved.insert(commit),
        Tell::DesiredChanged {
            commit,
            removed,
            before,
            ..
        } if removed > 0 => {
            let mass = removed == before || removed > (before / 5).max(3);
            let holds = !mass || memory.approved.contains(&commit);
            judge.claim(const { place("mass-removals-wait") }, holds, || {
                format!("commit {commit} removed {removed} of {before} deployments unseen")
            });
        }
        Tell::ReportTaken {
            item,
            incarnation,
            current_incarnation,
            token,
            current,
        } => {
            let holds = token == current && incarnation == current_incarnation;
            judge.claim(const { place("o-8") }, holds, || {
                format!(
                    "a report of attempt {token} in life {incarnation} moved deployment {}, \
                     which is at attempt {current} in life {current_incarnation}",
                    item.0 + 1
                )
            });
        }
        Tell::Reconciled {
            item,
            token,
            current,
            cause,
            revision,
            goal,
            generation,
            goal_generation,
        } => {
            sometimes(judge, const { place("some-deployment-is-reconciled") });
            let holds = cause == Cause::NodeOffline
                && token + 1 == current
                && revision == goal
                && generation == goal_generation;
            judge.claim(const { place("o-8") }, holds, || {
                format!(
                    "a late report of attempt {token} moved deployment {}, which is at attempt {current}",
                    item.0 + 1
                )
            });
        }
        Tell::PruneHeld { .. } => sometimes(judge, const { place("some-prune-is-held") }),
        Tell::DeleteStuck { .. } => sometimes(judge, const { place("some-removal-is-stuck") }),
        Tell::Health { healthy: false, .. } => {
            sometimes(judge, const { place("some-deployment-is-degraded") });
        }
        Tell::AttemptFailed {
            item,
            incarnation,
            generation,
            cause,
        } => {
            let life = item.life(incarnation);
            let wave = state.knobs().get(&knob::GITOPS_WAVE);
            if cause == Cause::ContainerCreationFailed
                && let Some(row) = state.fleet().deployment(item)
            {
                let places = memory.failed.entry(row.goal.number).or_default();
                places.insert(item);
                let places = places.len() as u64;
                judge.claim(const { place("failures-stay-few") }, places <= wave, || {
                    format!("version {} fails in {places} places", row.goal.number)
                });
            }
            if matches!(
                cause,
                Cause::ContainerCreationFailed | Cause::HealthCheckFailed
            ) {
                memory.hopeless.insert(life, generation);
            } else {
                memory.hopeless.remove(&life);
            }
        }
        Tell::Ordered { command, .. } => {
            memory.calm = memory.calm.map(|_| entry.at);
            if let Command::RetryNow(item) = command {
                let life = state
                    .fleet()
                    .deployment(item)
                    .map(|row| item.life(row.incarnation));
                if let Some(life) = life {
                    memory.hopeless.remove(&life);
                    memory.attempts.remove(&life);
                }
            }
        }
        Tell::Launched {
            item,
            incarnation,
            revision,
            schema,
        } => {
            let life = item.life(incarnation);
            let gone = memory.deleted.contains(&life);
            judge.claim(const { place("deleted-means-gone") }, !gone, || {
                format!(
                    "a container of deployment {} was started after it was deleted",
                    item.0 + 1
                )
            });
            judge.claim(
                const { place("rollbacks-are-sound") },
                revision.schema >= schema,
                || {
                    format!(
                        "version {} of deployment {} was started on data of schema {schema}",
                        revision.number,
                        item.0 + 1
                    )
                },
            );
        }
        Tell::ImageRemoved { image } => {
            let used = match state.fleet().node(entry.actor) {
                Some(Node::EdgeNode(node)) => node.references(image),
                _ => 0,
            };
            judge.claim(const { place("images-in-use-stay") }, used == 0, || {
                format!("an image was removed that {used} deployments on the node use")
            });
        }
        _ => {}
    }
}

fn sometimes(judge: &mut Judge<'_>, place: usize) {
    judge.claim(place, true, Default::default);
}

fn moved_on(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    (moved, row): (&Moved, &Deployment),
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let life = moved.subject;
    let to = |stands: Stands| moved.to == stands as u8;
    let from = |stands: Stands| moved.from == Some(stands as u8);
    if moved.from.is_none() && Item::of(life).1 > 1 {
        sometimes(judge, const { place("some-deployment-lives-again") });
    }
    if to(Stands::Installing) || to(Stands::Updating) || to(Stands::RollingBack) {
        began(state, entry, (moved, row), memory, judge);
    }
    if to(Stands::Installing) {
        let again = memory.leaving.contains(&life);
        judge.claim(const { place("o-39") }, !again, || {
            format!(
                "{:?} was being deleted and is being installed",
                Item::of(life)
            )
        });
    }
    if to(Stands::Installed) {
        sometimes(judge, const { place("some-deployment-is-installed") });
        installed(state, row, judge);
        if from(Stands::RollingBack) {
            sometimes(judge, const { place("some-deployment-goes-back") });
            if let Some(bad) = memory.going_back.remove(&life) {
                memory.quarantined.insert(life, bad);
            }
        }
        memory.good.insert((life, row.last_good.number));
    }
    if to(Stands::Deleting) {
        memory.leaving.insert(life);
    }
    if to(Stands::Deleted) {
        memory.leaving.insert(life);
        memory.deleted.insert(life);
        if from(Stands::Pending) {
            sometimes(judge, const { place("some-deployment-is-never-delivered") });
        }
        let slot = state.fleet().slot(row.item);
        let gone = slot.is_none_or(|slot| {
            slot.order.incarnation != row.incarnation || slot.stage == Stage::Removed
        });
        judge.claim(const { place("deleted-means-gone") }, gone, || {
            format!(
                "deployment {} is deleted, and its node still has something of it",
                row.item.0 + 1
            )
        });
    }
}

/// An attempt began.
fn began(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    (moved, row): (&Moved, &Deployment),
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let life = moved.subject;
    let number = row.item.0 + 1;
    let back = moved.to == Stands::RollingBack as u8;
    if let Some(node) = node_of(state, row.item) {
        let silence = state.knobs().time(&knob::GITOPS_SILENCE);
        let heard = memory.heard.get(&node);
        let holds = heard.is_some_and(|at| entry.at.since(*at) <= silence);
        // An order that was accepted has reached its node, however long that took.
        if moved.from != Some(Stands::Pending as u8) {
            judge.claim(const { place("attempts-begin-in-reach") }, holds, || {
                format!("an attempt for deployment {number} began although its node is silent")
            });
        }
    }
    if back {
        let bad = (row.generation, row.wanted.number);
        memory.going_back.insert(life, bad);
        let sound = memory.good.contains(&(life, row.goal.number));
        let wanted = plan_allows(state, row.item);
        judge.claim(
            const { place("rollbacks-are-sound") },
            sound && wanted,
            || {
                format!(
                    "deployment {number} goes back to version {}, {}",
                    row.goal.number,
                    if wanted {
                        "which never ran"
                    } else {
                        "which its owner does not want"
                    }
                )
            },
        );
        return;
    }
    let current = row.goal == row.wanted;
    judge.claim(const { place("attempts-are-current") }, current, || {
        format!(
            "an attempt for version {} of deployment {number} began, and version {} is wanted",
            row.goal.number, row.wanted.number
        )
    });
    let bad = memory.quarantined.get(&life) == Some(&(row.generation, row.goal.number));
    judge.claim(const { place("quarantine-is-kept") }, !bad, || {
        format!(
            "version {} of deployment {number} is tried again after it was rolled back",
            row.goal.number
        )
    });
    if moved.from == Some(Stands::Failed as u8) {
        sometimes(judge, const { place("some-deployment-is-retried") });
        let hopeless = memory.hopeless.get(&life) == Some(&row.generation);
        judge.claim(const { place("hopeless-causes-rest") }, !hopeless, || {
            format!("deployment {number} is tried again although that cannot end otherwise")
        });
    }
    let attempts = memory.attempts.entry(life).or_insert((row.generation, 0));
    if attempts.0 != row.generation {
        *attempts = (row.generation, 0);
    }
    attempts.1 += 1;
    let made = attempts.1;
    let most = state.knobs().get(&knob::GITOPS_ATTEMPTS);
    judge.claim(
        const { place("attempts-are-bounded") },
        u64::from(made) <= most,
        || format!("attempt {made} for the same version of deployment {number} began"),
    );
}

fn installed(state: &State<Fleet>, row: &Deployment, judge: &mut Judge<'_>) {
    let slot = state.fleet().slot(row.item);
    let wanted = state.knobs().get(&knob::GITOPS_CHECKS);
    let runs = slot.is_some_and(|slot| {
        slot.order.incarnation == row.incarnation
            && slot.running == row.last_good
            && u64::from(slot.proven) >= wanted
    });
    judge.claim(const { place("installed-means-healthy") }, runs, || {
        format!(
            "deployment {} counts as installed, and its node has not seen version {} pass its checks",
            row.item.0 + 1,
            row.last_good.number
        )
    });
}

/// The EN of a deployment, if it has ever been told of it.
fn node_of(state: &State<Fleet>, item: Item) -> Option<NodeId> {
    state
        .fleet()
        .locals()
        .find_map(|local| local.site(item))
        .map(|site| site.node)
}

/// Whether the owner of a deployment wants failed updates rolled back.
fn plan_allows(state: &State<Fleet>, item: Item) -> bool {
    state
        .fleet()
        .locals()
        .find_map(|local| local.site(item))
        .is_some_and(|site| site.rollback)
}

/// Once troubles are over, each deployment becomes what Git wants, or rests with a reason.
fn settle(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    local: &Local,
    memory: &Memory,
    judge: &mut Judge<'_>,
) {
    let (Some(calm), true) = (memory.calm, memory.healed) else {
        return;
    };
    let knobs = state.knobs();
    // Every attempt may have to wait for its back-off, and be rolled back after the last.
    let back_off = knobs.time(&knob::GITOPS_BACK_OFF_MAX).0;
    let attempt =
        knobs.time(&knob::GITOPS_HEALTH_TIMEOUT).0 + knobs.time(&knob::GITOPS_PULL_RETRY).0 * 4;
    let rounds = knobs.get(&knob::GITOPS_ATTEMPTS) + 2;
    let within = Duration(rounds * (back_off + attempt));
    if entry.at.since(calm) <= within {
        return;
    }
    let (Some(central), true) = (state.fleet().central(), !local.rows().is_empty()) else {
        return;
    };
    for (id, wanted) in central.rows().iter() {
        let (item, wanted) = (Item(id as u8), wanted.value);
        let Some(row) = local.newest(item) else {
            continue;
        };
        let slot = state.fleet().slot(item);
        let rests = row.quarantined.is_some() || row.needs_operator;
        let settled = if wanted.revision.is_some() {
            let runs = slot.is_some_and(|slot| slot.running == row.last_good);
            let there = row.state == Stands::Installed && runs;
            let as_wanted = there && (row.last_good == wanted.revision || rests);
            row.incarnation == wanted.incarnation
                && row.generation == wanted.generation
                && (as_wanted || (row.state == Stands::Failed && rests))
        } else {
            row.state == Stands::Deleted
        };
        judge.claim(const { place("deployments-converge") }, settled, || {
            format!(
                "deployment {} is {} at version {}, and version {} is wanted",
                item.0 + 1,
                row.state.spec().name,
                row.last_good.number,
                wanted.revision.number
            )
        });
    }
}
