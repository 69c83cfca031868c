//! What is kept and removed, in words.

use super::names::Names;
use crate::fleet::Fleet;
use crate::lower;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use platform::cleanup::{Item, Message, Note, Stage};
use platform::id::DeploymentId;
use sim::State;

/// What a thing is called: whose artifact it is, or of which moment a snapshot.
fn item(names: &Names<'_>, item: Item) -> String {
    match item {
        Item::Snapshot(number) => format!("snapshot {number}"),
        Item::Artifact(digest) => {
            let plan = names.plan();
            let mut all = (0..plan.apps.len() as u16).flat_map(|app| {
                let found = lower::deployments_of(plan, app).enumerate();
                found.map(move |(nth, id)| (app, nth, id))
            });
            let owner = all.find(|(_, _, id): &(u16, usize, DeploymentId)| {
                lower::artifact(plan, *id) == digest
            });
            owner.map_or_else(
                || "an artifact".to_string(),
                |(app, nth, _)| {
                    let app = names.app(platform::id::RouteId(app));
                    format!("the artifact of deployment {} of {app}", nth + 1)
                },
            )
        }
    }
}

/// What a message says, in a few words.
#[must_use]
pub fn label(message: &Message) -> String {
    match message {
        Message::Look { .. } => "what do you keep?",
        Message::Holds {
            item: Item::Artifact(_),
            ..
        } => "keep an artifact",
        Message::Holds { .. } => "keep a snapshot",
        Message::Remove { .. } => "remove",
        Message::Removed { .. } => "removed",
        Message::Absent { .. } => "no such artifact",
    }
    .to_string()
}

/// What came of something, as a part of a sentence.
#[must_use]
pub fn told(names: &Names<'_>, note: &Note) -> String {
    match *note {
        Note::Marked(what) => format!("{} is old, and nothing needs it: marked", item(names, what)),
        Note::Spared(what) => format!("{} is needed again, and stays", item(names, what)),
        Note::Condemned(what) => format!("{} is to be removed", item(names, what)),
        Note::Gone(what) => format!("{} is gone", item(names, what)),
        Note::Missed(allocation) => {
            format!("there is no artifact for allocation {}", allocation.0 + 1)
        }
        Note::Ordered(what, done) => format!(
            "the order to remove {} is {}",
            item(names, what),
            if done { "carried out" } else { "refused" }
        ),
    }
}

/// Whether something told is worth stopping at.
#[must_use]
pub const fn is_news(note: &Note) -> bool {
    match note {
        Note::Missed(_)
        | Note::Ordered(..)
        | Note::Spared(_)
        | Note::Marked(Item::Artifact(_))
        | Note::Condemned(Item::Artifact(_))
        | Note::Gone(Item::Artifact(_)) => true,
        Note::Marked(_) | Note::Condemned(_) | Note::Gone(_) => false,
    }
}

/// What a read of the clean-up shows.
#[must_use]
pub fn lines(names: &Names<'_>, state: &State<Fleet>) -> Vec<String> {
    let fleet = state.fleet();
    let kept = format!(
        "{} artifacts and {} snapshots are kept",
        fleet.store().map_or(0, |store| store.kept()),
        fleet.archive().map_or(0, |archive| archive.kept())
    );
    let rows = fleet.control().collections().iter();
    let marked = rows
        .filter(|(_, row)| matches!(row.value.item, Item::Artifact(_)))
        .map(|(_, row)| {
            let stage = match row.value.stage {
                Stage::Marked => "marked",
                Stage::Spared => "needed again",
                Stage::Removing => "being removed",
                Stage::Removed => "gone",
            };
            format!("{}: {stage}", item(names, row.value.item))
        });
    core::iter::once(kept).chain(marked).collect()
}
