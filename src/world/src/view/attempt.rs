//! Attempts to deploy in words: what they are called, what is said about them, what is told, what can be read.

use super::names::Names;
use crate::fleet::Fleet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use machine::Subject;
use platform::attempt::{
    AttemptId, Attempts, Command, DeploymentNo, Found, Message, Note, Phase, Refusal, Teardown,
};
use protocol::{Plan, ThingView};
use sim::State;

/// What a deployment that is attempted is called.
#[must_use]
pub fn deployment(plan: &Plan, no: DeploymentNo) -> String {
    plan.attempts
        .as_ref()
        .and_then(|all| all.deployments.get(usize::from(no.0)))
        .map_or_else(
            || format!("deployment {}", u32::from(no.0) + 1),
            |it| it.name.clone(),
        )
}

/// What an attempt is called: `attempt 2 of wiki`.
fn attempt(plan: &Plan, service: Option<&Attempts>, id: AttemptId) -> String {
    let row = service.and_then(|it| it.attempts().get(id.0.into()));
    row.map_or_else(
        || format!("attempt {}", u32::from(id.0) + 1),
        |row| {
            let name = deployment(plan, row.value.deployment);
            format!("attempt {} of {name}", row.value.number)
        },
    )
}

/// What something is called that an event is about.
#[must_use]
pub fn subject(plan: &Plan, state: &State<Fleet>, subject: Subject) -> String {
    if subject.kind == AttemptId::KIND {
        let id = AttemptId(subject.id as u16);
        return attempt(plan, state.fleet().attempts(), id);
    }
    deployment(plan, DeploymentNo(subject.id as u8))
}

const fn found(found: Found) -> &'static str {
    match found {
        Found::Running => "it is there",
        Found::Absent => "nothing is there",
        Found::Underway => "it is being made",
    }
}

const fn refusal(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::AttemptInFlight => "an attempt is in flight",
        Refusal::PreviousUnknown => "nobody knows what became of the previous attempt",
        Refusal::BeingTornDown => "it is being torn down",
        Refusal::StateUnknown => "409, its state is unknown",
        Refusal::CancelFirst => "its attempt has to be called off first",
        Refusal::NothingThere => "there is nothing to do it to",
    }
}

/// What a message says, in a few words.
#[must_use]
pub fn label(message: &Message) -> String {
    match *message {
        Message::Offer { token, .. } => format!("an attempt, lease {}", token.0),
        Message::Beat { phase, token, .. } => {
            let far = match phase {
                Phase::Claim => "claimed",
                Phase::Working => "working",
                Phase::End(true) => "ended well",
                Phase::End(false) => "ended badly",
            };
            format!("{far}, lease {}", token.0)
        }
        Message::Go { token, .. } => format!("go, lease {}", token.0),
        Message::Release { token, .. } => format!("let go of lease {}", token.0),
        Message::Apply { .. } => "make it".to_string(),
        Message::Applied { well, .. } => if well { "made" } else { "not made" }.to_string(),
        Message::Observe { .. } => "what is there?".to_string(),
        Message::Observed { found: it, .. } => found(it).to_string(),
        Message::Remove { .. } => "remove it".to_string(),
        Message::Removed { .. } => "removed".to_string(),
    }
}

/// What is told, as a part of a sentence; `None` for what nobody asks about.
#[must_use]
pub fn told(names: &Names<'_>, note: &Note) -> Option<String> {
    let plan = names.plan();
    let it = |id: AttemptId| attempt(plan, names.state.fleet().attempts(), id);
    Some(match *note {
        Note::Offered {
            attempt,
            worker,
            token,
        } => format!(
            "{} is offered to {} under lease {}",
            it(attempt),
            names.node(worker),
            token.0
        ),
        Note::LateReport { attempt, token } => format!(
            "a report under lease {} of {} is written down and counts for nothing",
            token.0,
            it(attempt)
        ),
        Note::LateEnd { attempt, well } => format!(
            "the end of {} comes late: {}",
            it(attempt),
            if well { "well" } else { "badly" }
        ),
        Note::Swept { found, moved } => {
            format!("the sweep found {found} orphaned and moved {moved}")
        }
        Note::LookedAt {
            attempt,
            found: what,
        } => format!("somebody looked at {}: {}", it(attempt), found(what)),
        Note::Escalated { attempt } => {
            format!("somebody is called because {} is unknown", it(attempt))
        }
        Note::TeardownStarted { deployment: no } => {
            format!("the teardown of {} begins", deployment(plan, no))
        }
        Note::TornDown { deployment: no } => format!("{} is gone", deployment(plan, no)),
        Note::Ordered {
            command,
            refusal: why,
        } => {
            let name = deployment(plan, command.deployment());
            let what = match command {
                Command::Start { .. } => format!("attempt {name}"),
                Command::Cancel { .. } => format!("call the attempt of {name} off"),
                Command::Reconcile { .. } => format!("look what became of {name}"),
                Command::Teardown { force: false, .. } => format!("tear {name} down"),
                Command::Teardown { force: true, .. } => format!("tear {name} down by force"),
            };
            let came = why.map_or_else(
                || "carried out".to_string(),
                |why| format!("refused: {}", refusal(why)),
            );
            format!("the order to {what} is {came}")
        }
        Note::Believed { .. } => return None,
    })
}

/// Whether something told is worth stopping at.
#[must_use]
pub const fn is_news(note: &Note) -> bool {
    matches!(
        note,
        Note::LateEnd { .. }
            | Note::Swept { .. }
            | Note::LookedAt { .. }
            | Note::Escalated { .. }
            | Note::TeardownStarted { .. }
            | Note::TornDown { .. }
            | Note::Ordered {
                refusal: Some(_),
                ..
            }
    )
}

/// The attempts as things.
pub fn things(plan: &Plan, state: &State<Fleet>) -> Vec<ThingView> {
    let Some(service) = state.fleet().attempts() else {
        return Vec::new();
    };
    let names = Names::new(plan, state);
    let rows = service.attempts().iter();
    rows.map(|(at, row)| {
        let row = row.value;
        let mut facts = alloc::vec![("lease".to_string(), row.token.0.to_string())];
        if let Some(worker) = row.worker {
            facts.push(("worker".to_string(), names.node(worker)));
        }
        if let Some(what) = row.observed {
            facts.push(("found".to_string(), found(what).to_string()));
        }
        ThingView {
            lifecycle: platform::ATTEMPT,
            name: attempt(plan, Some(service), AttemptId(at as u16)),
            id: u64::from(at),
            state: row.state as u8,
            since: row.since.0,
            transition: None,
            facts,
        }
    })
    .collect()
}

/// What really is there of each deployment.
#[must_use]
pub fn resource(plan: &Plan, state: &State<Fleet>) -> Vec<(String, String, bool)> {
    let (Some(service), Some(resource)) = (state.fleet().attempts(), state.fleet().resource())
    else {
        return Vec::new();
    };
    let rows = service.deployments().iter();
    rows.map(|(at, _)| {
        let no = DeploymentNo(at as u8);
        let word = match resource.there(no) {
            None => "nothing is there".to_string(),
            Some(id) => format!(
                "{}: {}",
                attempt(plan, Some(service), id),
                found(resource.finds(no, id))
            ),
        };
        (deployment(plan, no), word, false)
    })
    .collect()
}

/// What a read of the attempts shows.
#[must_use]
pub fn attempts(plan: &Plan, state: &State<Fleet>) -> Vec<String> {
    let Some(service) = state.fleet().attempts() else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for (at, row) in service.deployments().iter() {
        let row = row.value;
        let stage = row
            .state
            .map_or("never attempted", |stage| stage.spec().name);
        let gone = match row.teardown {
            None => "",
            Some(Teardown::Started) => ", being torn down",
            Some(Teardown::Done) => ", torn down",
        };
        let no = DeploymentNo(at as u8);
        lines.push(format!("{}: {stage}{gone}", deployment(plan, no)));
        let mine = service.attempts().iter();
        for (id, row) in mine.filter(|(_, row)| row.value.deployment == no) {
            let seen = row.value.observed.map_or("nobody has looked", found);
            lines.push(format!(
                "{}: {}; {seen}",
                attempt(plan, Some(service), AttemptId(id as u16)),
                row.value.state.spec().name
            ));
        }
    }
    lines.extend(super::pipeline::stopped(plan, state, service.outbox()));
    lines
}
