//! Entry views: one entry as data for the page and the command line.

use super::names::{Names, message_label};
use super::story::{is_telling, sentence};
use crate::fleet::Fleet;
use alloc::string::{String, ToString};
use machine::{Moved, Role, StateSpec, Verdict};
use platform::CATALOG;
use platform::message::Message;
use platform::note::Note;
use protocol::{EntryView, Fate, LaneMessage, MovedView, RulingView};
use sim::{Entry, External, What};

/// Whether an entry is worth stopping at: a state changed, something failed, a gate spoke, somebody acted.
#[must_use]
pub fn is_interesting(entry: &Entry<'_, Fleet>) -> bool {
    let what = match entry.what {
        What::Crashed | What::Restarted | What::Action(External::Mark(_)) | What::FuelSpent => true,
        // What goes wrong around the platform is for the learner to find out, not for the timeline to give away.
        What::ConditionBegan(_)
        | What::ConditionEnded(_)
        | What::Healed
        | What::MessageDelivered { .. }
        | What::Started
        | What::MessageLost { .. }
        | What::Deadline
        | What::Persisted(_)
        | What::Host(_)
        | What::Action(_) => false,
    };
    let moved = entry.moved.iter().any(is_news);
    let ruled = entry
        .ruled
        .iter()
        .any(|ruling| ruling.verdict == Verdict::Waived);
    let told = entry.notes.iter().any(|note| {
        matches!(note, Note::Traces(note) if super::traces::is_news(note))
            || matches!(note, Note::Sessions(note) if super::sessions::is_news(note))
            || matches!(note, Note::Cleanup(note) if super::cleanup::is_news(note))
            || matches!(
                note,
                Note::ProcessExited { .. }
                    | Note::LateReportRecorded { .. }
                    | Note::ReportFromFuture { .. }
                    | Note::RouteOwnerChanged { .. }
                    | Note::RouteCasConflict { .. }
                    | Note::PresenceChanged { .. }
                    | Note::WakeRefused { .. }
                    | Note::RestartOrdered { .. }
                    | Note::CommandRefused { .. }
            )
            || matches!(note, Note::Region(note) if super::region::is_news(note))
            || matches!(note, Note::Migration(note) if super::migration::is_news(note))
            || matches!(note, Note::Pipeline(note) if super::pipeline::is_news(note))
            || matches!(note, Note::Host(note) if super::hosts::is_news(note))
            || matches!(note, Note::GitOps(note) if super::gitops::is_news(note))
            || matches!(note, Note::Promotion(note) if super::promotion::is_news(note))
            || matches!(note, Note::Restore(note) if super::restore::is_news(note))
            || matches!(note, Note::Outage(note) if super::outage::is_news(note))
            || matches!(note, Note::Pressure(note) if super::pressure::is_news(note))
    });
    what || moved || ruled || told
}

/// The state that a thing moved to.
#[must_use]
pub fn state_of(moved: &Moved) -> &'static StateSpec {
    &CATALOG.lifecycles[usize::from(moved.lifecycle)].states[usize::from(moved.to)]
}

/// Whether a move is news. Allocations pass through their stages all the time: only how that ends is.
fn is_news(moved: &Moved) -> bool {
    match moved.lifecycle {
        platform::ALLOCATION => matches!(state_of(moved).role, Role::Good | Role::Bad),
        _ => moved.from.is_some(),
    }
}

/// Whether an entry is routine: heartbeats, acknowledgements, writes that nobody waits for.
#[must_use]
pub fn is_routine(entry: &Entry<'_, Fleet>) -> bool {
    if is_interesting(entry)
        || !entry.moved.is_empty()
        || entry
            .ruled
            .iter()
            .any(|ruling| ruling.verdict == Verdict::Refused && is_telling(ruling.gate))
    {
        return false;
    }
    let told = entry.notes.iter().any(|note| {
        !matches!(
            note,
            Note::Committed { .. }
                | Note::Published { .. }
                | Note::Delivered { .. }
                | Note::EventApplied { .. }
                | Note::EventIgnored { .. }
                | Note::ReportAccepted { .. }
                | Note::ReportRepeated { .. }
                | Note::RequestArrived { .. }
                | Note::RequestServed { .. }
                | Note::ReadinessProbed { .. }
        ) && !matches!(note, Note::Region(note) if super::region::is_routine(note))
            && !matches!(note, Note::Traces(note) if super::traces::is_routine(note))
            && !matches!(note, Note::Sessions(note) if super::sessions::is_routine(note))
            && !matches!(note, Note::Migration(note) if super::migration::is_routine(note))
            && !matches!(note, Note::Pipeline(note) if super::pipeline::is_routine(note))
            && !matches!(note, Note::GitOps(note) if super::gitops::is_routine(note))
            && !matches!(note, Note::Restore(note) if super::restore::is_routine(note))
            && !matches!(note, Note::Outage(note) if super::outage::is_routine(note))
            && !matches!(note, Note::Pressure(note) if super::pressure::is_routine(note))
    });
    if told {
        return false;
    }
    match entry.what {
        What::MessageDelivered { message, .. } => !matches!(
            message,
            Message::WakeAsk { .. }
                | Message::Order { .. }
                | Message::Stop { .. }
                | Message::Secrets { .. }
                | Message::Pull { .. }
        ),
        What::MessageLost { message, .. } => matches!(
            message,
            Message::Heartbeat { .. }
                | Message::Activity { .. }
                | Message::EventAck { .. }
                | Message::ReportAck { .. }
        ),
        What::Action(_) | What::FuelSpent => false,
        What::ConditionBegan(_)
        | What::ConditionEnded(_)
        | What::Healed
        | What::Started
        | What::Persisted(_)
        | What::Deadline
        | What::Host(_) => true,
        _ => false,
    }
}

/// An entry as data.
#[must_use]
pub fn entry_view(
    names: &Names<'_>,
    entry: &Entry<'_, Fleet>,
    labels: &[String],
    done: impl Fn(u64) -> String,
) -> EntryView {
    let mut sent = alloc::vec::Vec::new();
    for send in entry.sent {
        let message = |fate, copy| LaneMessage {
            from: entry.actor.0,
            to: send.to.0,
            label: message_label(&send.message),
            fate,
            copy,
        };
        match send.fate() {
            sim::Fate::Arrives { at } => sent.push(message(Fate::Arrives(at.0), false)),
            sim::Fate::Duplicated { at, copy } => {
                sent.push(message(Fate::Arrives(at.0), false));
                sent.push(message(Fate::Arrives(copy.0), true));
            }
            sim::Fate::Lost { .. } => sent.push(message(Fate::Lost, false)),
            sim::Fate::Cut { .. } => sent.push(message(Fate::Cut, false)),
            sim::Fate::Left => {}
        }
    }
    EntryView {
        step: entry.step,
        at: entry.at.0,
        node: (entry.actor != sim::OPERATOR && entry.actor != sim::WORLD).then_some(entry.actor.0),
        sentence: sentence(names, entry, labels, done),
        cause: entry.cause,
        moved: entry
            .moved
            .iter()
            .map(|moved| MovedView {
                lifecycle: moved.lifecycle,
                name: names.subject(moved.subject),
                id: moved.subject.id,
                from: moved.from,
                transition: moved.transition,
                to: moved.to,
            })
            .collect(),
        ruled: entry
            .ruled
            .iter()
            .map(|ruling| RulingView {
                gate: ruling.gate,
                verdict: match ruling.verdict {
                    Verdict::Passed => "passed",
                    Verdict::Refused => "refused",
                    Verdict::Waived => "waived",
                }
                .to_string(),
                subject: names.subject(ruling.subject),
                found: ruling.found,
                wanted: ruling.wanted,
            })
            .collect(),
        sent,
        interesting: is_interesting(entry),
        routine: is_routine(entry),
        fingerprint: entry.fingerprint,
    }
}

/// What an interesting entry is called on the timeline: the shortest telling words.
#[must_use]
pub fn moment_label(names: &Names<'_>, entry: &Entry<'_, Fleet>) -> String {
    if let Some(moved) = entry.moved.iter().find(|moved| is_news(moved)) {
        return alloc::format!("{}: {}", names.subject(moved.subject), state_of(moved).name);
    }
    let text = sentence(names, entry, &[], |_| String::new());
    match text.char_indices().nth(60) {
        Some((cut, _)) => alloc::format!("{}…", &text[..cut]),
        None => text,
    }
}
