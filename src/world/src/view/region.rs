//! Regions in words: what they are called, what is said among them, what is told, what can be read.

use super::names::Names;
use crate::fleet::{Fleet, PLACE};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use machine::Duration;
use platform::id::Region;
use platform::knob;
use platform::region::{Cause, Command, Fact, Message, Note, Regions, State as Stage};
use protocol::{Plan, ThingView};
use sim::State;

/// What a region is called: its name in the plan, `region 2` if it has none.
#[must_use]
pub fn name(plan: &Plan, region: Region) -> String {
    plan.regions
        .as_ref()
        .and_then(|regions| regions.regions.get(usize::from(region.0)))
        .map_or_else(
            || format!("region {}", u32::from(region.0) + 1),
            |region| region.name.clone(),
        )
}

/// What a fact is called in the middle of a sentence.
const fn word(fact: Fact) -> &'static str {
    match fact {
        Fact::Quota => "room at the provider",
        Fact::Runners => "runners",
        Fact::Edges => "edges with a baseline",
        Fact::Services => "runtime services",
        Fact::Secrets => "secrets",
        Fact::SessionStore => "a session store",
        Fact::Artifact => "the artifact",
        Fact::Data => "data that keeps up",
    }
}

/// What a message says, in two or three words.
#[must_use]
pub fn label(message: &Message) -> String {
    match message {
        Message::Probe { fact, .. } => format!("{}?", fact.lack()),
        Message::Seen { fact, holds, .. } => {
            format!("{} {}", if *holds { "has" } else { "lacks" }, fact.lack())
        }
        Message::Start { .. } => "start".to_string(),
        Message::Stop { .. } => "stop".to_string(),
        Message::Stopped { .. } => "stopped".to_string(),
        Message::Renew { .. } => "where to?".to_string(),
        Message::Lease { .. } => "there".to_string(),
        Message::Revoke { .. } => "not there any more".to_string(),
        Message::Revoked { .. } => "closed".to_string(),
        Message::Visit { .. } => "visitor".to_string(),
        Message::Forward { .. } => "serve this visitor".to_string(),
        Message::Served { ok, .. } | Message::Answer { ok, .. } => {
            if *ok { "answer" } else { "error" }.to_string()
        }
    }
}

/// What came of something, as a part of a sentence; `None` for what nobody asks about.
#[must_use]
pub fn told(names: &Names<'_>, note: &Note) -> Option<String> {
    let region = |region: Region| name(names.plan(), region);
    Some(match *note {
        Note::Held { region: at, lacks } => {
            format!("{} waits for want of {}", region(at), word(lacks))
        }
        Note::ResidencySet {
            region: at,
            allowed,
        } => format!(
            "the data {} live in {}",
            if allowed { "may" } else { "may not" },
            region(at)
        ),
        Note::LateAnswer { region: at, token } => format!(
            "an answer of {} for enablement {} is written down and counts for nothing",
            region(at),
            token.0
        ),
        Note::EvidenceTaken {
            region: at,
            fact,
            holds: false,
            ..
        } => format!("{} lacks {}", region(at), word(fact)),
        Note::TakenOut { region: at, cause } => {
            let why = match cause {
                Cause::Operator => "an operator said so",
                Cause::Residency => "its data may not live there",
                Cause::Regression => "it lacked something for too long",
            };
            format!("{} is taken out: {why}", region(at))
        }
        Note::Opened { region: at } => format!("visitors may be sent to {}", region(at)),
        Note::Closed { region: at } => format!("nobody is sent to {} any more", region(at)),
        Note::Sent { visit, region: at } => format!("visitor {} goes to {}", visit + 1, region(at)),
        Note::NowhereToGo { visit } => {
            format!("no region takes visitor {}", visit + 1)
        }
        Note::Ordered { command, done } => {
            let at = region(command.region());
            let what = match command {
                Command::Enable { .. } => format!("enable {at}"),
                Command::Disable { .. } => format!("disable {at}"),
                Command::SetResidency { .. } => format!("change the residency policy of {at}"),
                Command::SendTraffic { .. } => format!("send visitors to {at}"),
                Command::Provide { fact, .. } => format!("provide {} in {at}", word(fact)),
            };
            format!(
                "the order to {what} is {}",
                if done { "carried out" } else { "refused" }
            )
        }
        Note::Committed { .. } | Note::EvidenceTaken { .. } => return None,
    })
}

/// Whether something told is worth stopping at.
#[must_use]
pub const fn is_news(note: &Note) -> bool {
    matches!(
        note,
        Note::Held { .. }
            | Note::TakenOut { .. }
            | Note::LateAnswer { .. }
            | Note::ResidencySet { .. }
            | Note::Opened { .. }
            | Note::Closed { .. }
            | Note::Ordered { done: false, .. }
    )
}

/// Whether something told goes without saying.
#[must_use]
pub const fn is_routine(note: &Note) -> bool {
    matches!(
        note,
        Note::Committed { .. } | Note::Sent { .. } | Note::EvidenceTaken { holds: true, .. }
    )
}

/// The enablements as things.
pub fn things(plan: &Plan, service: &Regions) -> Vec<ThingView> {
    let mut things = Vec::new();
    for (id, row) in service.rows().iter() {
        let region = Region(id as u8);
        let Some(stage) = row.value.state else {
            continue;
        };
        let mut facts = alloc::vec![
            ("enablement".to_string(), row.value.token.0.to_string()),
            (
                "data may live there".to_string(),
                if row.value.allowed { "yes" } else { "no" }.to_string()
            ),
        ];
        if let Some(lacks) = row.value.lacks {
            facts.push(("waits for".to_string(), word(lacks).to_string()));
        }
        things.push(ThingView {
            lifecycle: platform::REGION,
            name: name(plan, region),
            id: u64::from(id),
            state: stage as u8,
            since: row.value.since.0,
            transition: None,
            facts,
        });
    }
    things
}

/// What the door believes: where it may send visitors.
#[must_use]
pub fn door(
    plan: &Plan,
    state: &State<Fleet>,
    door: &platform::region::Door,
) -> Vec<(String, String, bool)> {
    let Some(service) = state.fleet().regions() else {
        return Vec::new();
    };
    let rows = service.rows().iter();
    rows.map(|(id, row)| {
        let region = Region(id as u8);
        let open = door.is_open(region, state.now());
        let eligible = row.value.state == Some(Stage::Eligible);
        (
            name(plan, region),
            if open { "open" } else { "closed" }.to_string(),
            open != eligible,
        )
    })
    .collect()
}

/// What a region is: what it has and what it lacks.
#[must_use]
pub fn place(state: &State<Fleet>, node: machine::NodeId) -> Vec<(String, String, bool)> {
    let at = state
        .fleet()
        .roster()
        .seated(PLACE)
        .position(|seat| seat == node);
    let place = at.and_then(|at| state.fleet().place(Region(at as u8)));
    let steady = state.knobs().time(&knob::REPLICATION_STEADY);
    let Some(place) = place else {
        return Vec::new();
    };
    let lacks: Vec<&str> = Fact::ALL
        .into_iter()
        .filter(|fact| !place.is_so(*fact, state.now(), steady))
        .map(word)
        .collect();
    let runs = if place.runs() { "yes" } else { "no" };
    let mut lines = alloc::vec![("hosts run".to_string(), runs.to_string(), false)];
    if place.runs() && !lacks.is_empty() {
        lines.push(("lacks".to_string(), lacks.join(", "), true));
    }
    lines
}

/// What a read of the enablements shows.
#[must_use]
pub fn enablements(plan: &Plan, state: &State<Fleet>) -> Vec<String> {
    let Some(service) = state.fleet().regions() else {
        return Vec::new();
    };
    let rows = service.rows().iter();
    rows.map(|(id, row)| {
        let name = name(plan, Region(id as u8));
        let stage = row
            .value
            .state
            .map_or("not asked for", |stage| stage.spec().name);
        let lacks = row
            .value
            .lacks
            .map_or(String::new(), |fact| format!(", waits for {}", word(fact)));
        let allowed = if row.value.allowed {
            ""
        } else {
            "; its data may not live there"
        };
        format!("{name}: {stage}{lacks}{allowed}")
    })
    .collect()
}

/// What a read of the regions themselves shows.
#[must_use]
pub fn facts(plan: &Plan, state: &State<Fleet>) -> Vec<String> {
    let count = state.fleet().roster().seated(PLACE).count();
    (0..count as u8)
        .map(Region)
        .filter_map(|region| Some((region, state.fleet().place(region)?)))
        .map(|(region, place)| {
            let lacks: Vec<&str> = Fact::ALL
                .into_iter()
                .filter(|fact| *fact != Fact::Data)
                .filter(|fact| !place.is_so(*fact, state.now(), Duration(0)))
                .map(word)
                .collect();
            let keeps = |steady| place.is_so(Fact::Data, state.now(), steady);
            let steady = state.knobs().time(&knob::REPLICATION_STEADY);
            let (data, settled) = if keeps(steady) {
                ("its data keeps up".to_string(), true)
            } else if keeps(Duration(0)) {
                let long = format!("its data keeps up, but has not done so for {steady} yet");
                (long, false)
            } else {
                ("its data is too far behind".to_string(), false)
            };
            let has = match (lacks.is_empty(), settled) {
                (true, true) => "has all it needs".to_string(),
                (true, false) => "has all else it needs".to_string(),
                (false, _) => format!("lacks {}", lacks.join(", ")),
            };
            format!("{}: {has}; {data}", name(plan, region))
        })
        .collect()
}
