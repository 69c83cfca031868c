//! Restores in words: what is said about them, what is told, what can be read.

use super::names::Names;
use crate::fleet::Fleet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use machine::{Subject, Time};
use platform::restore::{
    Command, InstanceId, Message, Note, PRODUCTION, Reason, RestoreId, Stage, Writer,
};
use protocol::{Effect, Plan, RestoreEffect};
use sim::State;

/// What a restore or an instance is called.
#[must_use]
pub fn subject(subject: Subject) -> String {
    if subject.kind == RestoreId::KIND {
        format!("restore {}", subject.id + 1)
    } else {
        format!("instance {}", subject.id + 1)
    }
}

fn instance(id: InstanceId) -> String {
    subject(id.into())
}

/// A stage, as a word.
#[must_use]
pub const fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Identify => "identify",
        Stage::Fence => "fence",
        Stage::Reconcile => "reconcile",
        Stage::CutOver => "cut-over",
        Stage::Done => "done",
        Stage::Failed => "failed",
    }
}

const fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::AfterCorruption => "that moment is not before the data went wrong",
        Reason::LossTooLarge => {
            "that is further back than production may lose, and nobody has accepted it"
        }
        Reason::OtherEnvironment => "that is another environment's data",
        Reason::Unreadable => "the app that is served cannot read the data as it was then",
    }
}

/// What a message says, in a few words.
#[must_use]
pub fn label(message: &Message) -> String {
    match *message {
        Message::Look { .. } => "how is the data?".to_string(),
        Message::Looks { wrong_since, .. } => match wrong_since {
            Some(since) => format!("wrong since {since}"),
            None => "right".to_string(),
        },
        Message::Fence { instance: id, .. } => format!("fence {}", instance(id)),
        Message::Fenced { .. } => "fenced".to_string(),
        Message::Make { to, .. } => format!("make it as at {to}"),
        Message::Made { instance: id, .. } => format!("made {}", instance(id)),
        Message::EffectAsk { index, .. } => format!("effect {}?", index + 1),
        Message::EffectIs { event, .. } => if event.is_some() {
            "this one"
        } else {
            "no more"
        }
        .to_string(),
        Message::Note { .. } => "this has happened".to_string(),
        Message::Noted { lost, .. } => if lost { "row is gone" } else { "noted" }.to_string(),
        Message::Open { instance: id, .. } => format!("open {}", instance(id)),
        Message::Opened { .. } => "opened".to_string(),
        Message::BindingAsk { .. } => "bound to what?".to_string(),
        Message::Binding { instance: id, .. } => format!("to {}", instance(id)),
        Message::Write { .. } => "write".to_string(),
        Message::Mark { .. } => "mark".to_string(),
        Message::Wrote { taken, .. } => if taken { "written" } else { "refused" }.to_string(),
        Message::UnsentAsk { .. } => "what is untold?".to_string(),
        Message::UnsentIs { event, .. } => if event.is_some() {
            "this one"
        } else {
            "nothing"
        }
        .to_string(),
        Message::Effect { .. } => "do this".to_string(),
        Message::Effected { .. } => "done".to_string(),
    }
}

/// What came of something, as a part of a sentence; `None` for what nobody asks about.
#[must_use]
pub fn told(names: &Names<'_>, note: &Note) -> Option<String> {
    let name = |id: RestoreId| subject(id.into());
    Some(match *note {
        Note::Staged { restore, stage: at } => format!("{} is at {}", name(restore), stage(at)),
        Note::Reasoned {
            restore,
            reason: why,
        } => format!("{} stops: {}", name(restore), reason(why)),
        Note::Bound { instance: id, .. } => format!("production is bound to {}", instance(id)),
        Note::Impact { restore, lost } => format!(
            "{} costs {lost} rows that had an effect outside",
            name(restore)
        ),
        Note::Ordered { command, done } => {
            let what = match command {
                Command::Restore { environment, to } => format!(
                    "restore {} as at {to}",
                    if environment == PRODUCTION {
                        "production"
                    } else {
                        "the previews' data into production"
                    }
                ),
                Command::AcceptLoss => "accept the loss".to_string(),
                Command::ServeOldReader => "serve an app that reads the old schema".to_string(),
                Command::Corrupt
                | Command::ChangeSchema { .. }
                | Command::BindPreview { .. }
                | Command::RunPreviewJob => return None,
            };
            format!(
                "the order to {what} is {}",
                if done { "carried out" } else { "refused" }
            )
        }
        Note::InstanceFenced { instance: id, .. } => {
            format!("{} takes no writes from here on", instance(id))
        }
        Note::InstanceMade {
            instance: id, to, ..
        } => format!("{} is made, as at {to}", instance(id)),
        Note::InstanceOpened { instance: id, .. } => {
            format!("{} takes writes from here on", instance(id))
        }
        Note::RowWritten { .. } => return None,
        Note::WriteRefused {
            instance: id,
            writer,
        } => format!(
            "a write of {} to {} is refused",
            names.node(writer),
            instance(id)
        ),
        Note::TablesCleared { production: true } => {
            "a job of a preview clears the tables that it is bound to: production's".to_string()
        }
        Note::TablesCleared { production: false } => {
            "a job of a preview clears tables of its own".to_string()
        }
        Note::Corrupted => "the data goes wrong from here on".to_string(),
        Note::EffectHappened { again, .. } => {
            if again {
                "something happens outside a second time".to_string()
            } else {
                return None;
            }
        }
    })
}

/// Whether something told is worth stopping at.
#[must_use]
pub const fn is_news(note: &Note) -> bool {
    matches!(
        note,
        Note::Staged { .. }
            | Note::Reasoned { .. }
            | Note::Impact { .. }
            | Note::InstanceFenced { .. }
            | Note::InstanceOpened { .. }
            | Note::WriteRefused { .. }
            | Note::Corrupted
            | Note::TablesCleared { production: true }
            | Note::EffectHappened { again: true, .. }
    )
}

/// Whether something told goes without saying.
#[must_use]
pub const fn is_routine(note: &Note) -> bool {
    matches!(
        note,
        Note::RowWritten { .. } | Note::EffectHappened { again: false, .. }
    )
}

/// The databases: label, value, and whether it stands in the way.
#[must_use]
pub fn instances(state: &State<Fleet>) -> Vec<(String, String, bool)> {
    let Some(databases) = state.fleet().databases() else {
        return Vec::new();
    };
    let mut lines: Vec<(String, String, bool)> = databases
        .instances()
        .iter()
        .enumerate()
        .map(|(at, one)| {
            let whose = if one.environment == PRODUCTION {
                "production"
            } else {
                "previews"
            };
            let open = if one.open { "takes writes" } else { "closed" };
            let rows = one.rows().count();
            let wrong = one.rows().filter(|(_, row)| row.wrong).count();
            let damage = if wrong > 0 {
                format!(", {wrong} of them wrong")
            } else {
                String::new()
            };
            (
                instance(InstanceId(at as u16)),
                format!(
                    "{whose}, {open}, epoch {}, {}{damage}",
                    one.epoch,
                    super::many(rows as u64, "row")
                ),
                wrong > 0,
            )
        })
        .collect();
    if let Some(since) = databases.wrong_since() {
        lines.push((
            "production is wrong".to_string(),
            format!("since {since}"),
            true,
        ));
    }
    lines
}

/// The copies of production that can be gone on with: what they hold, and what production has that they have not.
#[must_use]
pub fn copies(plan: &Plan, state: &State<Fleet>) -> Vec<String> {
    let (Some(databases), Some(service)) = (state.fleet().databases(), state.fleet().restores())
    else {
        return Vec::new();
    };
    let (bound, _) = service.binding();
    let Some(production) = databases.instances().get(usize::from(bound.0)) else {
        return Vec::new();
    };
    let mut moments: Vec<u64> = plan
        .actions
        .iter()
        .filter_map(|action| match action.effect {
            Effect::Restore(RestoreEffect::RestoreTo(to)) if to <= state.now().0 => Some(to),
            _ => None,
        })
        .collect();
    moments.sort_unstable();
    moments.dedup();
    moments
        .into_iter()
        .map(|moment| {
            let (held, newer): (Vec<_>, Vec<_>) =
                production.rows().partition(|(_, row)| row.at.0 <= moment);
            let behind = match newer.iter().map(|(_, row)| row.at).max() {
                None => "nothing is newer than that".to_string(),
                Some(last) => format!(
                    "{} of {} {} newer, the last written at {last}, so the copy is {} behind",
                    newer.len(),
                    instance(bound),
                    if newer.len() == 1 { "is" } else { "are" },
                    super::seconds(last.since(Time(moment)))
                ),
            };
            format!(
                "the copy as at {}: {} rows; {behind}",
                Time(moment),
                held.len()
            )
        })
        .collect()
}

/// What a writer believes.
#[must_use]
pub fn writer(state: &State<Fleet>, writer: &Writer) -> Vec<(String, String, bool)> {
    let truth = state
        .fleet()
        .restores()
        .map(platform::restore::Restores::binding);
    let value = writer.bound().map_or_else(
        || "nothing yet".to_string(),
        |(id, epoch)| format!("{}, epoch {epoch}", instance(id)),
    );
    alloc::vec![("bound to".to_string(), value, writer.bound() != truth)]
}

/// What a read of the restores shows.
#[must_use]
pub fn restores(state: &State<Fleet>) -> Vec<String> {
    let Some(service) = state.fleet().restores() else {
        return Vec::new();
    };
    let (bound, epoch) = service.binding();
    let mut lines = alloc::vec![format!(
        "production is bound to {}, epoch {epoch}",
        instance(bound)
    )];
    lines.extend(service.rows().iter().map(|(at, row)| {
        let row = row.value;
        let why = row
            .reason
            .map_or(String::new(), |why| format!(": {}", reason(why)));
        format!(
            "{} to {}: {}{why}",
            subject(RestoreId(at).into()),
            row.to,
            stage(row.stage)
        )
    }));
    lines
}
