//! Deployments from Git in words: what they are called, what is said about them, what is told, what can be read.

use super::names::Names;
use crate::fleet::Fleet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use machine::Subject;
use platform::gitops::{
    Cause, Central, Command, Deployment, EdgeNode, Item, Local, Message, Note, Observed, Revision,
    Slot, Stage, State as Stands, Work,
};
use protocol::{Plan, ThingView};
use sim::State;

/// How many of the newest commits a read shows.
const COMMITS: usize = 6;

/// What a deployment is called: its name in the plan.
#[must_use]
pub fn name(plan: &Plan, item: Item) -> String {
    plan.gitops
        .as_ref()
        .and_then(|gitops| gitops.deployments.get(usize::from(item.0)))
        .map_or_else(
            || format!("deployment {}", u32::from(item.0) + 1),
            |one| one.name.clone(),
        )
}

/// What one life of a deployment is called: `camera`, `camera (life 2)`.
#[must_use]
pub fn life(plan: &Plan, subject: Subject) -> String {
    let (item, incarnation) = Item::of(subject);
    if incarnation > 1 {
        format!("{} (life {incarnation})", name(plan, item))
    } else {
        name(plan, item)
    }
}

fn version(revision: Revision) -> String {
    if revision.is_some() {
        format!("version {}", revision.number)
    } else {
        "nothing".to_string()
    }
}

/// Why an attempt failed, in words.
const fn why(cause: Cause) -> &'static str {
    match cause {
        Cause::None => "nothing",
        Cause::ImagePullFailed => "image pull failed",
        Cause::ContainerCreationFailed => "container creation failed",
        Cause::HealthCheckFailed => "health check failed",
        Cause::NodeOffline => "its node is offline",
        Cause::NoProgress => "its node did not get done in time",
    }
}

/// What a message says, in two or three words.
#[must_use]
pub fn label(message: &Message) -> String {
    match message {
        Message::Read { .. } => "what is wanted?".to_string(),
        Message::Head { commit, .. } => format!("commit {commit}"),
        Message::Wish { wish, .. } => format!("want {}", version(wish.revision)),
        Message::WishTaken { .. } => "wish taken".to_string(),
        Message::Told { state, .. } => state.spec().name.to_string(),
        Message::ToldAck { .. } => "recorded".to_string(),
        Message::Order { order, .. } => match order.work {
            Work::Install => format!("install {}", version(order.revision)),
            Work::Update => format!("update to {}", version(order.revision)),
            Work::Rollback => format!("back to {}", version(order.revision)),
            Work::Remove => "remove".to_string(),
        },
        Message::Report { report, .. } => match report.observed {
            Observed::Accepted => "order accepted".to_string(),
            Observed::Running {
                revision,
                healthy: true,
            } => format!("{} runs", version(revision)),
            Observed::Running { revision, .. } => format!("{} is not well", version(revision)),
            Observed::Failed { cause, .. } => why(cause).to_string(),
            Observed::Absent { .. } => "absent".to_string(),
        },
        Message::ReportAck { .. } => "report taken".to_string(),
        Message::Beat { .. } => "here".to_string(),
        Message::Pull { .. } => "pull".to_string(),
        Message::Pulled { found: true, .. } => "image".to_string(),
        Message::Pulled { .. } => "no such image".to_string(),
    }
}

/// What came of something, as a part of a sentence; `None` for what nobody asks about.
#[must_use]
pub fn told(names: &Names<'_>, note: &Note) -> Option<String> {
    let name = |item: Item| name(names.plan(), item);
    Some(match *note {
        Note::GitCommitted {
            commit,
            wanted,
            removed,
        } => format!(
            "commit {commit} is in Git: it wants {wanted} deployments and removes {removed}"
        ),
        Note::DesiredChanged {
            commit,
            changed,
            removed,
            ..
        } => format!(
            "commit {commit} goes on: {changed} deployments change, {removed} of them are removed"
        ),
        Note::SettingRefused { commit, item } => format!(
            "what commit {commit} wants of {} has a blank field, and goes nowhere",
            name(item)
        ),
        Note::PruneHeld {
            commit,
            removed,
            before,
        } => format!(
            "commit {commit} would remove {removed} of {before} deployments: that is held until somebody approves"
        ),
        Note::PruneApproved { commit } => format!("the removals of commit {commit} are approved"),
        Note::Reach { node, heard: true } => format!("{} is heard of", names.node(node)),
        Note::Reach { node, .. } => {
            format!(
                "{} is not heard of any more; what is under way there is frozen",
                names.node(node)
            )
        }
        Note::AttemptFailed { item, cause, .. } => {
            format!("the attempt for {} failed: {}", name(item), why(cause))
        }
        Note::Quarantined { item, revision } => {
            format!("{} of {} is in quarantine", version(revision), name(item))
        }
        Note::DeleteStuck { item } => format!("the removal of {} is stuck", name(item)),
        Note::NeedsOperator { item } => format!("{} waits for an operator", name(item)),
        Note::Reconciled { item, .. } => {
            format!(
                "{} had been installed after all: its node proves it late",
                name(item)
            )
        }
        Note::LateReport { item, token, .. } => format!(
            "a late report about attempt {token} of {} is written down and counts for nothing",
            name(item)
        ),
        Note::ReportFromFuture { item, token } => {
            format!(
                "a report speaks of attempt {token} of {}, which is not known here",
                name(item)
            )
        }
        Note::Health { item, healthy } => format!(
            "{} is {}",
            name(item),
            if healthy { "well again" } else { "degraded" }
        ),
        Note::OrderTaken { item, order } => {
            let what = match order.work {
                Work::Install => format!("install {} of", version(order.revision)),
                Work::Update => format!("update to {} of", version(order.revision)),
                Work::Rollback => format!("go back to {} of", version(order.revision)),
                Work::Remove => "remove".to_string(),
            };
            format!("it takes the order to {what} {}", name(item))
        }
        Note::OrderIgnored { item, token } => {
            format!("the old order {token} for {} is not obeyed", name(item))
        }
        Note::Launched { item, revision, .. } => {
            format!(
                "a container of {} starts from {}",
                name(item),
                version(revision)
            )
        }
        Note::ImageRemoved { .. } => "an image that nothing uses is removed".to_string(),
        Note::Gone {
            item, exit_code, ..
        } => format!(
            "nothing of {} is left; its container ended with code {exit_code}",
            name(item)
        ),
        Note::Ordered { command, done } => {
            let what = match command {
                Command::ApprovePrune => "approve the removals".to_string(),
                Command::RevertCommit => "revert the newest commit".to_string(),
                Command::Commit(item, revision) => {
                    format!("commit {} of {}", version(revision), name(item))
                }
                Command::RetryNow(item) => format!("try {} again", name(item)),
                Command::ForceDelete(item) => format!("declare {} deleted", name(item)),
                Command::MarkInstalled(item) => format!("declare {} installed", name(item)),
            };
            format!(
                "the order to {what} is {}",
                if done { "carried out" } else { "refused" }
            )
        }
        Note::Committed { .. } | Note::ReportTaken { .. } => return None,
    })
}

/// Whether something told is worth stopping at.
#[must_use]
pub const fn is_news(note: &Note) -> bool {
    matches!(
        note,
        Note::GitCommitted { .. }
            | Note::PruneHeld { .. }
            | Note::SettingRefused { .. }
            | Note::PruneApproved { .. }
            | Note::Reach { heard: false, .. }
            | Note::AttemptFailed { .. }
            | Note::Quarantined { .. }
            | Note::DeleteStuck { .. }
            | Note::NeedsOperator { .. }
            | Note::Reconciled { .. }
            | Note::LateReport { .. }
            | Note::ReportFromFuture { .. }
            | Note::Ordered { done: false, .. }
    )
}

/// Whether something told goes without saying.
#[must_use]
pub const fn is_routine(note: &Note) -> bool {
    matches!(note, Note::Committed { .. } | Note::ReportTaken { .. })
}

/// The deployments as things.
pub fn things(plan: &Plan, state: &State<Fleet>) -> Vec<ThingView> {
    let mut things = Vec::new();
    for local in state.fleet().locals() {
        for (_, row) in local.rows().iter() {
            let row = &row.value;
            let subject = row.item.life(row.incarnation);
            let mut facts = alloc::vec![
                ("wanted".to_string(), version(row.wanted)),
                ("last good".to_string(), version(row.last_good)),
                ("attempt".to_string(), row.token.to_string()),
            ];
            facts.extend(remarks(row).map(|remark| ("remark".to_string(), remark)));
            things.push(ThingView {
                lifecycle: platform::GITOPS,
                name: life(plan, subject),
                id: subject.id,
                state: row.state as u8,
                since: row.since.0,
                transition: None,
                facts,
            });
        }
    }
    things
}

/// What else there is to say of a deployment.
fn remarks(row: &Deployment) -> impl Iterator<Item = String> {
    let failed = (row.cause != Cause::None).then(|| why(row.cause).to_string());
    let quarantine = row
        .quarantined
        .is_some()
        .then(|| format!("{} in quarantine", version(row.quarantined)));
    let flag = |is: bool, word: &str| is.then(|| word.to_string());
    [
        failed,
        quarantine,
        flag(row.degraded, "degraded"),
        flag(row.needs_operator, "waits for an operator"),
        flag(row.delete_stuck, "removal stuck"),
    ]
    .into_iter()
    .flatten()
}

/// How a deployment stands, with all there is to say of it.
fn line(row: &Deployment) -> String {
    let mut line = format!("{}, {}", row.state.spec().name, version(row.last_good));
    for remark in remarks(row) {
        line.push_str("; ");
        line.push_str(&remark);
    }
    line
}

/// What CO believes: how each deployment stands.
#[must_use]
pub fn central(
    plan: &Plan,
    state: &State<Fleet>,
    central: &Central,
) -> Vec<(String, String, bool)> {
    let mut lines = Vec::new();
    for (id, row) in central.rows().iter() {
        let item = Item(id as u8);
        let Some((incarnation, _, believed)) = row.value.told else {
            continue;
        };
        let fact = state.fleet().deployment(item);
        let differs =
            fact.is_none_or(|row| row.state != believed || row.incarnation != incarnation);
        lines.push((name(plan, item), believed.spec().name.to_string(), differs));
    }
    if central.hold().held {
        let held = format!("commit {}", central.hold().commit);
        lines.push(("removals held".to_string(), held, false));
    }
    lines
}

/// What an LO believes: whom it hears, and what runs there.
#[must_use]
pub fn local(
    names: &Names<'_>,
    state: &State<Fleet>,
    local: &Local,
) -> Vec<(String, String, bool)> {
    let mut lines = Vec::new();
    for (id, node) in state.fleet().edge_nodes() {
        let mut mine = node
            .slots()
            .iter()
            .filter_map(|(item, slot)| Some((*item, *slot, local.newest(*item)?)))
            .peekable();
        if mine.peek().is_none() {
            continue;
        }
        let word = if local.hears(id) {
            "heard of"
        } else {
            "not heard of"
        };
        lines.push((
            names.node(id),
            word.to_string(),
            local.hears(id) != state.is_up(id),
        ));
        for (item, slot, row) in mine {
            let believes = row.state == Stands::Installed;
            let runs = slot.stage == Stage::Running;
            lines.push((
                name(names.plan(), item),
                row.state.spec().name.to_string(),
                believes != runs,
            ));
        }
    }
    lines
}

fn stage(slot: &Slot) -> String {
    match slot.stage {
        Stage::Recording => "writing the order down".to_string(),
        Stage::Pulling => format!("pulling {}", version(slot.order.revision)),
        Stage::Creating => format!("creating {}", version(slot.order.revision)),
        Stage::Checking => format!("checking {}", version(slot.order.revision)),
        Stage::Running if slot.healthy => format!("{} runs", version(slot.running)),
        Stage::Running => format!("{} runs and is not well", version(slot.running)),
        Stage::Failed(cause) => why(cause).to_string(),
        Stage::Removing => "being removed".to_string(),
        Stage::Removed => "nothing is left".to_string(),
    }
}

/// What is on an EN.
#[must_use]
pub fn edge_node(
    plan: &Plan,
    state: &State<Fleet>,
    node: &EdgeNode,
) -> Vec<(String, String, bool)> {
    let slots = node.slots().iter();
    slots
        .map(|(item, slot)| {
            let fact = state.fleet().deployment(*item);
            let differs = fact.is_none_or(|row| {
                (row.state == Stands::Installed) != (slot.stage == Stage::Running)
                    || row.token != slot.order.token
            });
            (name(plan, *item), stage(slot), differs)
        })
        .collect()
}

/// What a read of Git shows: the newest commits, newest first.
#[must_use]
pub fn log(plan: &Plan, state: &State<Fleet>) -> Vec<String> {
    let Some(git) = state.fleet().git() else {
        return Vec::new();
    };
    let log = git.log();
    let newest = (0..log.len()).rev().take(COMMITS);
    newest
        .map(|at| {
            let (when, wanted) = log[at];
            let none = [Revision::NONE; platform::gitops::MOST];
            let before = at.checked_sub(1).map_or(none, |at| log[at].1);
            let changes: Vec<String> = before
                .iter()
                .zip(&wanted)
                .enumerate()
                .filter(|(_, (old, new))| old != new)
                .map(|(at, (_, new))| {
                    let name = name(plan, Item(at as u8));
                    if new.is_some() {
                        format!("{name} {}", version(*new))
                    } else {
                        format!("{name} removed")
                    }
                })
                .collect();
            format!("commit {} at {when}: {}", at + 1, changes.join(", "))
        })
        .collect()
}

/// What a read of CO shows.
#[must_use]
pub fn central_records(plan: &Plan, state: &State<Fleet>) -> Vec<String> {
    let Some(central) = state.fleet().central() else {
        return Vec::new();
    };
    let hold = central.hold();
    let mut lines = alloc::vec![format!(
        "read up to commit {}{}",
        hold.commit,
        if hold.held {
            ", whose removals are held"
        } else {
            ""
        }
    )];
    for (id, row) in central.rows().iter() {
        let told = row
            .value
            .told
            .map_or("nothing told yet", |(_, _, state)| state.spec().name);
        let name = name(plan, Item(id as u8));
        lines.push(format!(
            "{name}: wants {}; {told}",
            version(row.value.revision)
        ));
    }
    lines
}

/// What a read of the LOs shows.
#[must_use]
pub fn records(plan: &Plan, state: &State<Fleet>) -> Vec<String> {
    let count = state
        .fleet()
        .central()
        .map_or(0, |central| central.rows().len());
    (0..count as u8)
        .map(Item)
        .filter_map(|item| Some((item, state.fleet().deployment(item)?)))
        .map(|(item, row)| format!("{}: {}", name(plan, item), line(row)))
        .collect()
}

/// What a read of the ENs shows: what really is there.
#[must_use]
pub fn edge_nodes(names: &Names<'_>, state: &State<Fleet>) -> Vec<String> {
    let mut lines = Vec::new();
    for (id, node) in state.fleet().edge_nodes() {
        let up = if state.is_up(id) { "" } else { " (down)" };
        for (item, slot) in node.slots().iter() {
            let name = name(names.plan(), *item);
            lines.push(format!("{}{up}: {name}: {}", names.node(id), stage(slot)));
        }
    }
    lines
}
