//! What weighs on the control plane's store, in words.

use super::names::Names;
use crate::fleet::{Consoles, Fleet, Node};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use platform::pressure::{Message, Note};
use protocol::PressureSituation;
use sim::State;

/// How few writes may wait for the store that it keeps up.
const FEW: u32 = 8;
/// How many writes wait for a store that has fallen behind.
const MANY: u32 = 32;

/// The consoles, if there are any.
fn consoles(state: &State<Fleet>) -> Option<&Consoles> {
    match state.fleet().node(machine::NodeId(0)) {
        Some(Node::Clients(clients)) => clients.consoles(),
        _ => None,
    }
}

/// What a message says, in a few words.
#[must_use]
pub const fn label(message: &Message) -> &'static str {
    match message {
        Message::Call { .. } => "how is everything?",
        Message::Called { .. } => "like this",
        Message::Refused { .. } => "not now",
    }
}

/// What is told.
#[must_use]
pub fn told(note: &Note) -> Option<String> {
    Some(match *note {
        Note::JournalSet { edges: 0, .. } => {
            "no journal of deliveries is kept any more".to_string()
        }
        Note::JournalSet { edges, .. } => {
            format!("a journal of deliveries is kept for the first {edges} edges")
        }
        Note::AdmitSet { calls } => format!("at most {calls} calls of consoles may wait"),
        Note::CallRefused { console } => {
            format!("console {} is told to come again later", console + 1)
        }
        Note::CallTaken { console, waiting } => {
            format!("the call of console {} waits ({waiting} do)", console + 1)
        }
        Note::CallAnswered { console, .. } => format!("console {} is answered", console + 1),
    })
}

/// Whether something told is worth stopping at.
#[must_use]
pub const fn is_news(note: &Note) -> bool {
    matches!(note, Note::JournalSet { .. } | Note::AdmitSet { .. })
}

/// Whether something told goes without saying.
#[must_use]
pub const fn is_routine(note: &Note) -> bool {
    !is_news(note)
}

/// What waits for the control plane's store: label, value, and whether that is bad.
#[must_use]
pub fn store(state: &State<Fleet>) -> Vec<(String, String, bool)> {
    let control = state.fleet().control();
    let Some(setting) = control.setting() else {
        return Vec::new();
    };
    let (commits, lines) = control.waiting_writes();
    let row = |label: &str, value: String, bad| (label.to_string(), value, bad);
    let mut rows = alloc::vec![
        row(
            "commits that wait for the store",
            commits.to_string(),
            commits >= MANY
        ),
        row(
            "other writes that wait for it",
            lines.to_string(),
            lines >= MANY
        ),
        row(
            "edges whose deliveries are written down",
            format!(
                "{} of {}",
                setting.journal,
                state.fleet().roster().edge_count()
            ),
            false,
        ),
    ];
    if let Some(consoles) = consoles(state) {
        rows.push(row(
            "calls of consoles that wait",
            control.waiting_calls().to_string(),
            false,
        ));
        let most = setting
            .calls
            .map_or("as usual".to_string(), |most| most.to_string());
        rows.push(row("calls that may wait", most, false));
        for (version, (count, hurries)) in consoles.versions(state.now()) {
            let pace = if hurries {
                "calling without a pause"
            } else {
                "calling now and then"
            };
            rows.push(row(
                &format!("consoles of deployment {}", version.0 + 1),
                format!("{count}, {pace}"),
                hurries,
            ));
        }
        let restless = consoles.restless(state.now());
        rows.push(row(
            "consoles that are not answered or call without a pause",
            format!("{restless} of {}", consoles.count()),
            restless > 0,
        ));
    }
    rows
}

/// What is read of the store.
#[must_use]
pub fn lines(names: &Names<'_>, state: &State<Fleet>) -> Vec<String> {
    let control = state.fleet().roster().control();
    if !state.is_up(control) {
        return alloc::vec![format!("{} is not there", names.node(control))];
    }
    store(state)
        .into_iter()
        .map(|(label, value, _)| format!("{label}: {value}"))
        .collect()
}

/// Whether something is so, and what is seen of it.
#[must_use]
pub fn situation(state: &State<Fleet>, situation: &PressureSituation) -> (bool, String) {
    let control = state.fleet().control();
    let (commits, lines) = control.waiting_writes();
    let waits = commits + lines;
    let up = state.is_up(state.fleet().roster().control());
    let Some(setting) = control.setting() else {
        return (false, "nothing is known of the store".to_string());
    };
    let writes = || {
        let verb = if waits == 1 { "waits" } else { "wait" };
        format!(
            "{} {verb} for the store",
            super::many(waits.into(), "write")
        )
    };
    let journal = || format!("the journal is kept for {} edges", setting.journal);
    match situation {
        PressureSituation::StoreKeepsUp => (up && waits < FEW, writes()),
        PressureSituation::ControlGone => {
            let is = if up { "is" } else { "is not" };
            (!up, format!("the control plane {is} there"))
        }
        PressureSituation::StoreFallsBehind => (waits >= MANY, writes()),
        PressureSituation::JournalOff => (setting.journal == 0, journal()),
        PressureSituation::JournalEverywhere => {
            let all = state.fleet().roster().edge_count();
            (u16::from(setting.journal) == all, journal())
        }
        PressureSituation::ConsolesCalm => {
            let restless = consoles(state).map_or(0, |all| all.restless(state.now()));
            (
                restless == 0,
                format!("restless: {}", super::many(restless as u64, "console")),
            )
        }
        PressureSituation::AdmitsAsUsual => {
            let most = setting.calls;
            let says = most.map_or("as many calls as usual may wait".to_string(), |most| {
                format!("{most} calls may wait")
            });
            (most.is_none_or(|most| most >= 100), says)
        }
    }
}
