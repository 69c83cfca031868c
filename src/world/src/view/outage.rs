//! Providers in words: what is said about them, what is told, what can be read.

use super::names::Names;
use crate::fleet::{Fleet, Supplier};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use machine::{Subject, Time};
use platform::id::Region;
use platform::outage::{
    Caller, Cause, Command, Condition, DependencyId, Message, Note, Provider, Standing, Watch, Why,
    WorkId, WorkState,
};
use platform::region::{Regions, State as Stage};
use protocol::{OutageSituation, Plan};
use sim::State;

/// What a provider is called.
#[must_use]
pub const fn provider(provider: Provider) -> &'static str {
    match provider {
        Provider::Database => "the database provider",
        Provider::ObjectStore => "the object store",
        Provider::Queue => "the queue",
        Provider::Payment => "the payment provider",
    }
}

fn dependency(plan: &Plan, id: DependencyId) -> String {
    if plan.regions.is_some() {
        let region = super::region::name(plan, id.region());
        format!("{} in {region}", provider(id.provider()))
    } else {
        provider(id.provider()).to_string()
    }
}

fn work(plan: &Plan, id: WorkId) -> String {
    let works = plan.outage.iter().flat_map(|outage| &outage.works);
    let found = works.enumerate().find(|(at, _)| *at == usize::from(id.0));
    let Some((_, work)) = found else {
        return "sending everybody there".to_string();
    };
    let app = plan.apps.get(usize::from(work.app));
    let app = app.map_or("an app", |app| app.name.as_str());
    format!("the {} for {app} (work {})", work.kind, id.0 + 1)
}

/// What a provider in a region or a piece of work is called.
#[must_use]
pub fn subject(plan: &Plan, subject: Subject) -> String {
    if subject.kind == DependencyId::KIND {
        dependency(plan, DependencyId(subject.id as u8))
    } else {
        work(plan, WorkId(subject.id as u8))
    }
}

const fn condition(condition: Condition) -> &'static str {
    match condition {
        Condition::Well => "is well",
        Condition::Slow => "is slow",
        Condition::Failing => "fails",
        Condition::Expired => "shows a certificate that has expired",
        Condition::Locked => "does not take the secret",
    }
}

const fn why(why: Why) -> &'static str {
    match why {
        Why::NoEvidence => "nobody knows lately enough how it is",
        Why::Paused => "it is not well",
        Why::Step => "others go first",
    }
}

/// What a message says, in a few words.
#[must_use]
pub fn label(message: &Message) -> String {
    match *message {
        Message::Probe { .. } => "how are you?",
        Message::Answer { ok, taken, .. } => match (ok, taken) {
            (_, false) => "not with that secret",
            (false, _) => "I cannot",
            (true, true) => "here",
        },
        Message::Rotate { .. } => "take this secret",
        Message::Rotated { .. } => "secret taken",
        Message::HealthAsk { held: true, .. } => "is it well? its provider is not",
        Message::HealthAsk { .. } => "is it well?",
        Message::HealthIs { ill: true, .. } => "it is not",
        Message::HealthIs { .. } => "it is",
        Message::Carry { .. } => "this may go on",
        Message::Carried { .. } => "I have it",
        Message::Call { tries: 1, .. } => "do this",
        Message::Call { .. } => "do this, again",
        Message::Called { ok: true, .. } => "done",
        Message::Called { .. } => "I cannot",
    }
    .to_string()
}

fn cause(cause: Cause) -> String {
    match cause {
        Cause::Provider(one) => format!("{}'s trouble", provider(one)),
        Cause::Platform => "the platform's own trouble".to_string(),
        Cause::App => "the app's own trouble".to_string(),
    }
}

fn order(names: &Names<'_>, plan: &Plan, command: Command) -> String {
    match command {
        Command::Request { work: id } => format!("begin {}", work(plan, id)),
        Command::Declare { provider: one } => {
            format!("tell owners of {}'s trouble", provider(one))
        }
        Command::BlameApp { route } => format!("say that it is {}'s own trouble", names.app(route)),
        Command::Resume { provider: one } => format!("let go on what waits for {}", provider(one)),
        Command::LiftAll => "let everything go on at once".to_string(),
        Command::MarkPassed { work: id } => format!("mark as passed what {} needs", work(plan, id)),
        Command::FailOver { region } => {
            format!("send everybody to {}", super::region::name(plan, region))
        }
        Command::Rotate { provider: one } => format!("replace the secret of {}", provider(one)),
        Command::RenewCertificate { provider: one } => {
            format!("renew the certificate of {}", provider(one))
        }
    }
}

/// What came of something, as a part of a sentence; `None` for what nobody asks about.
#[must_use]
pub fn told(names: &Names<'_>, plan: &Plan, note: &Note) -> Option<String> {
    Some(match *note {
        Note::Probed {
            condition: Condition::Well,
            ..
        }
        | Note::Called { tries: 1 }
        | Note::CallServed => return None,
        Note::Called { tries } => format!("try {tries} of a call"),
        Note::GaveUp { tries } => format!("a call is given up after {tries} tries"),
        Note::Probed {
            dependency: id,
            condition: found,
        } => format!(
            "a probe finds that {} {}",
            dependency(plan, id),
            condition(found)
        ),
        Note::Paused {
            dependency: id,
            condition: found,
        } => format!(
            "whatever needs {} waits from here on, since it {}",
            dependency(plan, id),
            condition(found)
        ),
        Note::Lifting { dependency: id } => format!(
            "what waited for {} goes on, step by step",
            dependency(plan, id)
        ),
        Note::Lifted { dependency: id } => {
            format!("nothing waits for {} any more", dependency(plan, id))
        }
        Note::Held {
            work: id,
            dependency: on,
            why: reason,
        } => format!(
            "{} waits for {}: {}",
            work(plan, id),
            dependency(plan, on),
            why(reason)
        ),
        Note::Started { work: id } => format!("{} may go on", work(plan, id)),
        Note::Taken { work: id } => format!("{} is under way", work(plan, id)),
        Note::OwnerTold {
            route,
            cause: whose,
        } => {
            format!(
                "the owner of {} is told: {}",
                names.app(route),
                cause(whose)
            )
        }
        Note::WellAgain { route } => {
            format!("the owner of {} is told that it is over", names.app(route))
        }
        Note::FailedOver { region } => {
            format!(
                "everybody is to go to {}",
                super::region::name(plan, region)
            )
        }
        Note::SecretReplaced { provider: one, .. } => {
            format!("the secret of {} is replaced", provider(one))
        }
        Note::CertificateRenewed { provider: one } => {
            format!("{} shows a new certificate", provider(one))
        }
        Note::Ordered { command, done } => format!(
            "the order to {} is {}",
            order(names, plan, command),
            if done { "carried out" } else { "refused" }
        ),
    })
}

/// Whether something told is worth stopping at.
#[must_use]
pub const fn is_news(note: &Note) -> bool {
    !matches!(
        note,
        Note::Probed { .. }
            | Note::Called { .. }
            | Note::CallServed
            | Note::GaveUp { .. }
            | Note::Taken { .. }
            | Note::Ordered {
                command: Command::Request { .. },
                ..
            }
    )
}

/// Whether something told goes without saying.
#[must_use]
pub const fn is_routine(note: &Note) -> bool {
    matches!(
        note,
        Note::Probed {
            condition: Condition::Well,
            ..
        } | Note::Called { tries: 1 }
            | Note::CallServed
    )
}

/// What the providers say of themselves.
#[must_use]
pub fn status(state: &State<Fleet>) -> Vec<String> {
    let says = |one: Provider| {
        let supplier = state.fleet().supplier(one)?;
        let well = supplier.says_well(state.now());
        Some(format!(
            "{}: {}",
            provider(one),
            if well { "all is well" } else { "degraded" }
        ))
    };
    Provider::ALL.into_iter().filter_map(says).collect()
}

fn probe_line(plan: &Plan, watch: &Watch, at: usize, now: Time) -> (String, String) {
    let value = match watch.probes()[at].seen {
        Some((found, asked)) => format!(
            "{}, asked {} ago",
            condition(found),
            super::seconds(now.since(asked))
        ),
        None => "nothing seen".to_string(),
    };
    (dependency(plan, DependencyId(at as u8)), value)
}

fn needed(watch: &Watch) -> impl Iterator<Item = usize> {
    (0..watch.probes().len()).filter(|at| watch.is_needed(DependencyId(*at as u8).provider()))
}

/// What the watch's own probes have found.
#[must_use]
pub fn probes(plan: &Plan, state: &State<Fleet>) -> Vec<String> {
    let Some(watch) = state.fleet().watch() else {
        return Vec::new();
    };
    let mut lines: Vec<String> = needed(watch)
        .map(|at| {
            let (label, value) = probe_line(plan, watch, at, state.now());
            format!("{label}: {value}")
        })
        .collect();
    let heard = super::seconds(state.now().since(watch.heard()));
    lines.push(format!("the control plane: answered {heard} ago"));
    lines
}

/// Which app is bound to what.
#[must_use]
pub fn dependencies(names: &Names<'_>, plan: &Plan, state: &State<Fleet>) -> Vec<String> {
    let Some(watch) = state.fleet().watch() else {
        return Vec::new();
    };
    let environments = watch.installation().environments.iter();
    environments
        .map(|env| {
            let needs: Vec<String> = env.dependencies().map(|id| dependency(plan, id)).collect();
            let needs = if needs.is_empty() {
                "nothing".to_string()
            } else {
                needs.join(", ")
            };
            format!("{}: {needs}", names.app(env.route))
        })
        .collect()
}

/// What waits for a provider, and what owners were told.
#[must_use]
pub fn held(names: &Names<'_>, plan: &Plan, state: &State<Fleet>) -> Vec<String> {
    let Some(watch) = state.fleet().watch() else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for (at, row) in watch.works().iter() {
        let name = work(plan, WorkId(at as u8));
        let line = match (row.value.state, row.value.held) {
            (WorkState::Idle, _) => continue,
            (WorkState::Waiting, Some((on, reason))) => {
                format!("waits for {}: {}", dependency(plan, on), why(reason))
            }
            (WorkState::Waiting, None) => "waits".to_string(),
            (WorkState::Going, _) => "may go on".to_string(),
            (WorkState::Done, _) => "under way".to_string(),
        };
        lines.push(format!("{name}: {line}"));
    }
    for (at, row) in watch.owners().iter() {
        let env = watch.installation().environments.get(at as usize);
        if let (Some(env), Some(whose)) = (env, row.value.told) {
            lines.push(format!(
                "owner of {}: told {}",
                names.app(env.route),
                cause(whose)
            ));
        }
    }
    lines
}

/// The watch: label, value, and whether that differs from what is.
#[must_use]
pub fn watch(plan: &Plan, state: &State<Fleet>) -> Vec<(String, String, bool)> {
    let Some(watch) = state.fleet().watch() else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for at in needed(watch) {
        let (label, value) = probe_line(plan, watch, at, state.now());
        let id = DependencyId(at as u8);
        let supplier = state.fleet().supplier(id.provider());
        let ill = supplier.is_some_and(|one| one.is_ill(id.region(), state.now()));
        let seen = watch.probes()[at].seen;
        let differs = seen.is_some_and(|(found, _)| (found != Condition::Well) != ill);
        let row = watch.dependencies().get(at as u32).map(|row| row.value);
        let standing = match row.map(|row| row.standing) {
            Some(Standing::Paused) => " · paused",
            Some(Standing::Lifting) => " · goes on step by step",
            _ => "",
        };
        lines.push((label, format!("{value}{standing}"), differs));
    }
    lines
}

/// A provider: label, value, and whether it stands in the way.
#[must_use]
pub fn supplier(plan: &Plan, state: &State<Fleet>, one: &Supplier) -> Vec<(String, String, bool)> {
    let regions = plan.regions.as_ref();
    let count = regions.map_or(1, |regions| regions.regions.len()) as u8;
    let ill = (0..count).any(|region| one.is_ill(Region(region), state.now()));
    let page = if one.says_well(state.now()) {
        "all is well"
    } else {
        "degraded"
    };
    let is = if ill { "in trouble" } else { "well" };
    alloc::vec![
        ("it is".to_string(), is.to_string(), ill),
        (
            "it is called".to_string(),
            if one.is_overloaded(state.now()) {
                "too often"
            } else {
                "no more than it can bear"
            }
            .to_string(),
            one.is_overloaded(state.now()),
        ),
        ("its page says".to_string(), page.to_string(), false),
    ]
}

/// A caller: label, value, and whether it stands in the way.
#[must_use]
pub fn caller(one: &Caller) -> Vec<(String, String, bool)> {
    let (value, stands) = match one.trying() {
        None => ("served".to_string(), false),
        Some(tries) => (format!("try {tries}"), tries > 1),
    };
    alloc::vec![("its call".to_string(), value, stands)]
}

/// Whether something is so of providers and what waits for them, and what is.
#[must_use]
pub fn situation(state: &State<Fleet>, situation: &OutageSituation) -> (bool, String) {
    let Some(watch) = state.fleet().watch() else {
        return (false, "there is no watch".to_string());
    };
    let told = || watch.owners().iter().filter_map(|(_, row)| row.value.told);
    let says = || {
        let told: Vec<String> = told().map(cause).collect();
        if told.is_empty() {
            "no owner is told anything".to_string()
        } else {
            format!("owners are told of {}", told.join(", "))
        }
    };
    let really = |whose| match whose {
        Cause::Provider(one) => {
            let supplier = state.fleet().supplier(one);
            supplier.is_some_and(|supplier| supplier.was_ill(state.now()))
        }
        Cause::Platform | Cause::App => false,
    };
    match situation {
        OutageSituation::ToldTheCause => (told().any(really), says()),
        OutageSituation::ToldAnother => (told().any(|whose| !really(whose)), says()),
        OutageSituation::WorkGoesOn => {
            let states = || watch.works().iter().map(|(_, row)| row.value.state);
            let asked = states().filter(|at| *at != WorkState::Idle).count();
            let done = states().filter(|at| *at == WorkState::Done).count();
            (
                asked > 0 && done == watch.works().iter().count(),
                format!("{done} of {asked} are under way"),
            )
        }
        OutageSituation::NobodyLeftBehind => {
            let regional = state
                .fleet()
                .suppliers()
                .find_map(|one| one.only_in(state.now()));
            let Some(left) = regional else {
                return (true, "no region is worse off than another".to_string());
            };
            let eligible = |region: &Region| {
                let rows = state.fleet().regions().map(Regions::rows);
                let row = rows.and_then(|rows| rows.get(region.0.into()));
                row.is_some_and(|row| row.value.state == Some(Stage::Eligible))
            };
            match watch.target().filter(|to| *to != left).filter(eligible) {
                Some(to) => (true, format!("everybody is sent to region {}", to.0 + 1)),
                None => (
                    false,
                    format!("everybody still goes to region {}", left.0 + 1),
                ),
            }
        }
    }
}
