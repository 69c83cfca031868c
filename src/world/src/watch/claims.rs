//! Claims: situations and objectives, judged after every entry.

use super::{Metrics, Properties, Subject, position};
use crate::fleet::Fleet;
use crate::view::{self, Names};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use machine::Time;
use platform::attempt::DeploymentNo;
use platform::gitops::Item;
use platform::id::{Region, RouteId};
use platform::migration::MigrationId;
use platform::pipeline::DeployId;
use protocol::{
    Claim, Effect, EventsOf, Metric, Objective, Progress, PromotionSituation, Situation,
};
use sim::{Entry, State, What};

/// What a situation is judged by.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub subject: &'a Subject,
    pub state: &'a State<Fleet>,
    pub metrics: &'a Metrics,
    pub properties: &'a Properties,
    /// The positions of what was read and done, and when each was begun.
    pub done: &'a [(u16, Time)],
}

impl View<'_> {
    fn actions(&self) -> impl Iterator<Item = &protocol::Action> {
        let plan = &self.subject.plan;
        self.done
            .iter()
            .filter_map(move |(at, _)| usize::from(*at).checked_sub(plan.reads.len()))
            .filter_map(move |at| plan.actions.get(at))
    }

    fn names(&self) -> Names<'_> {
        Names::new(&self.subject.plan, self.state)
    }

    fn was_done(&self, id: &str) -> bool {
        // Mostly nothing was, and looking for the name would cost more than all the rest of a judgement.
        !self.done.is_empty()
            && position(&self.subject.plan, id)
                .is_some_and(|position| self.done.iter().any(|(at, _)| *at == position))
    }

    /// Whether a reading was taken and has come: whoever acts before it shows anything did not act on it.
    fn was_read(&self, id: &str) -> bool {
        let now = self.state.now().0;
        let reads = &self.subject.plan.reads;
        !self.done.is_empty()
            && self.done.iter().any(|(at, since)| {
                let read = reads.get(usize::from(*at)).filter(|read| read.id == id);
                read.is_some_and(|read| since.0.saturating_add(read.cost) <= now)
            })
    }
}

/// The state of the newest wake of an app's current owner, by name.
pub fn wake_state(state: &State<Fleet>, app: u16) -> Option<&'static str> {
    let control = state.fleet().control();
    let epoch = control.routes().get(u32::from(app))?.value.epoch;
    let mine = |wake: &platform::control::Wake| wake.route == RouteId(app) && wake.epoch == epoch;
    control
        .wakes()
        .iter()
        .rev()
        .find(|(_, row)| mine(&row.value))
        .map(|(_, row)| row.value.state.spec().name)
}

/// The state of a migration, by name.
fn migration_of(state: &State<Fleet>, migration: u16) -> Option<&'static str> {
    let row = state
        .fleet()
        .migrations()?
        .rows()
        .get(u32::from(migration))?;
    row.value.state.map(|stage| stage.spec().name)
}

/// The stage of a restore, by name.
fn restore_of(state: &State<Fleet>, restore: u16) -> Option<&'static str> {
    let rows = state.fleet().restores()?.rows();
    rows.get(u32::from(restore))
        .map(|row| crate::view::restore::stage(row.value.stage))
}

/// Whether something is so of promotions, and what is.
fn promotions(view: &View<'_>, situation: &PromotionSituation) -> (bool, String) {
    let (state, names) = (view.state, view.names());
    let control = state.fleet().control();
    match situation {
        PromotionSituation::State {
            promotion,
            state: wanted,
        } => {
            let row = control.promotions().get(u32::from(*promotion));
            let is = row.map_or("not asked for", |row| row.value.state.spec().name);
            let name = format!("promotion {}", promotion + 1);
            (is == wanted, stands(&name, is, wanted))
        }
        PromotionSituation::Owner { app, deployment } => {
            let per = control.deployments().len() / control.routes().len().max(1);
            let owner = control
                .routes()
                .get(u32::from(*app))
                .map(|row| u32::from(row.value.deployment.0) % per.max(1) + 1);
            let is = owner == Some(u32::from(*deployment));
            let app = names.app(RouteId(*app));
            let owner = owner.unwrap_or(0);
            let line = format!("deployment {owner} of {app} owns its route");
            let wanted = format!("{line}, wanted {deployment}");
            (is, if is { line } else { wanted })
        }
        PromotionSituation::EdgesFollow => {
            let behind: Vec<String> = state
                .fleet()
                .edges()
                .filter(|(id, edge)| {
                    let follows = matches!(
                        edge.cursor(),
                        Some((platform::edge::Phase::Following, _, _))
                    );
                    let current = control.routes().iter().all(|(route, row)| {
                        edge.routes()
                            .get(&platform::id::RouteId(route as u16))
                            .is_some_and(|view| view.epoch == row.value.epoch)
                    });
                    !state.is_up(*id) || !follows || !current
                })
                .map(|(id, _)| names.node(id))
                .collect();
            let line = match behind.as_slice() {
                [] => "every edge follows".to_string(),
                behind => format!("not following: {}", behind.join(", ")),
            };
            (behind.is_empty(), line)
        }
    }
}

/// How many events the log of events does not have yet.
fn untold(state: &State<Fleet>, of: EventsOf) -> usize {
    let fleet = state.fleet();
    let outbox = match of {
        EventsOf::Attempts => fleet.attempts().map(|it| it.outbox()),
        EventsOf::Previews => fleet.pipeline().map(|it| it.outbox()),
    };
    outbox.map_or(0, |outbox| outbox.waiting())
}

/// The state of a deployment on its way, by name.
fn preview_of(state: &State<Fleet>, deploy: u16) -> Option<&'static str> {
    let row = state.fleet().pipeline()?.rows().get(u32::from(deploy))?;
    row.value.state.map(|stage| stage.spec().name)
}

/// The state of a deployment that is attempted, by name.
fn attempted(state: &State<Fleet>, deployment: u16) -> Option<&'static str> {
    let row = state.fleet().attempts()?.deployments();
    let row = row.get(u32::from(deployment))?.value;
    if row.teardown == Some(platform::attempt::Teardown::Done) {
        return Some("torn_down");
    }
    row.state.map(|stage| stage.spec().name)
}

/// The state of a region's enablement, by name.
fn stage_of(state: &State<Fleet>, region: u16) -> Option<&'static str> {
    let row = state.fleet().regions()?.rows().get(u32::from(region))?;
    row.value.state.map(|stage| stage.spec().name)
}

/// The newest life of a deployment from Git.
fn deployment(state: &State<Fleet>, deployment: u16) -> Option<&platform::gitops::Deployment> {
    state
        .fleet()
        .deployment(platform::gitops::Item(deployment as u8))
}

/// Whether a situation holds.
pub fn holds(view: &View<'_>, situation: &Situation) -> bool {
    match situation {
        Situation::Wake { app, state } => wake_state(view.state, *app) == Some(state.as_str()),
        Situation::AtLeast(metric, n) => view.metrics.get(view.state, *metric) >= *n,
        Situation::AtMost(metric, n) => view.metrics.get(view.state, *metric) <= *n,
        Situation::Did(id) => view.was_done(id),
        Situation::HasRead(id) => view.was_read(id),
        Situation::AnyWrongMove => view.actions().any(|action| action.wrong.is_some()),
        Situation::OwnerToldTheCause => {
            told(view).any(|case| Some(case) == view.subject.tells.as_deref())
        }
        Situation::OwnerToldAnother => {
            told(view).any(|case| Some(case) != view.subject.tells.as_deref())
        }
        Situation::Migration { migration, state } => {
            migration_of(view.state, *migration) == Some(state.as_str())
        }
        Situation::Promotion(situation) => promotions(view, situation).0,
        Situation::Outage(situation) => view::outage::situation(view.state, situation).0,
        Situation::Pressure(situation) => view::pressure::situation(view.state, situation).0,
        Situation::Restore { restore, stage } => {
            restore_of(view.state, *restore) == Some(stage.as_str())
        }
        Situation::EventsTold(of) => untold(view.state, *of) == 0,
        Situation::Attempted { deployment, state } => {
            attempted(view.state, *deployment) == Some(state.as_str())
        }
        Situation::Preview { deploy, state } => {
            preview_of(view.state, *deploy) == Some(state.as_str())
        }
        Situation::Region { region, state } => {
            stage_of(view.state, *region) == Some(state.as_str())
        }
        Situation::Deployment {
            deployment: which,
            state,
            revision,
        } => deployment(view.state, *which).is_some_and(|row| {
            row.state.spec().name == state
                && revision.is_none_or(|revision| row.last_good.number == revision)
        }),
        Situation::AnyPropertyBroken => view.properties.any_broken(),
        Situation::MaintenanceGetsOn => {
            view::migration::maintenance_gets_on(&view.subject.plan, view.state)
        }
        Situation::TimeIs(at) => view.state.now() >= Time(*at),
        Situation::All(all) => all.iter().all(|one| holds(view, one)),
        Situation::Any(any) => any.iter().any(|one| holds(view, one)),
        Situation::Not(inner) => !holds(view, inner),
        Situation::Hosts(situation) => crate::view::hosts::holds(view.state, situation),
    }
}

fn told<'a>(view: &'a View<'_>) -> impl Iterator<Item = &'a str> {
    view.actions().filter_map(|action| match &action.effect {
        Effect::NotifyOwner(case) => Some(case.as_str()),
        _ => None,
    })
}

/// How every objective of a plan stands.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    progress: Vec<Progress>,
    /// For `Before`: whether the first has been so.
    seen: Vec<bool>,
}

impl Claims {
    pub(super) fn new(objectives: &[Objective]) -> Self {
        let progress = objectives
            .iter()
            .map(|objective| match objective.claim {
                Claim::Never(_) | Claim::Before(..) => Progress::Kept,
                Claim::Reaches { .. } | Claim::EndsWith(_) => Progress::Open,
            })
            .collect();
        Self {
            progress,
            seen: alloc::vec![false; objectives.len()],
        }
    }

    /// How each objective stands, in the plan's order.
    #[must_use]
    pub fn progress(&self) -> &[Progress] {
        &self.progress
    }

    pub(super) fn after(&mut self, view: &View<'_>, entry: &Entry<'_, Fleet>) {
        // What a routine input leaves as it was need not be judged again, but for the passing of time.
        let idle = entry.moved.is_empty()
            && entry.notes.is_empty()
            && !matches!(
                entry.what,
                What::Action(_) | What::Crashed | What::MessageLost { .. }
            );
        for (at, objective) in view.subject.plan.objectives.iter().enumerate() {
            let progress = &mut self.progress[at];
            if matches!(progress, Progress::Met | Progress::Missed) {
                continue;
            }
            match &objective.claim {
                Claim::Reaches { what, by } => {
                    if by.is_some_and(|by| view.state.now().0 > by) {
                        *progress = Progress::Missed;
                    } else if !idle && holds(view, what) {
                        *progress = Progress::Met;
                    }
                }
                Claim::EndsWith(_) => {}
                Claim::Never(what) => {
                    if !idle && holds(view, what) {
                        *progress = Progress::Missed;
                    }
                }
                Claim::Before(first, then) => {
                    if idle {
                        continue;
                    }
                    self.seen[at] |= holds(view, first);
                    if !self.seen[at] && holds(view, then) {
                        *progress = Progress::Missed;
                    }
                }
            }
        }
    }

    /// How each objective stands when nothing more happens.
    pub(super) fn at_end(&self, view: &View<'_>) -> Vec<Progress> {
        view.subject
            .plan
            .objectives
            .iter()
            .zip(&self.progress)
            .map(|(objective, progress)| match (progress, &objective.claim) {
                (Progress::Met | Progress::Missed, _) => *progress,
                (_, Claim::Reaches { .. }) => Progress::Missed,
                (_, Claim::EndsWith(what)) => {
                    if holds(view, what) {
                        Progress::Met
                    } else {
                        Progress::Missed
                    }
                }
                (_, Claim::Never(_) | Claim::Before(..)) => Progress::Met,
            })
            .collect()
    }
}

/// The numbers behind a claim, as a short text.
pub fn detail(view: &View<'_>, claim: &Claim, progress: Progress) -> String {
    // What is so by now, after the time for it has passed, would read as if it had been reached.
    if let (Claim::Reaches { by: Some(by), .. }, Progress::Missed) = (claim, progress) {
        return format!("not reached by {}", Time(*by));
    }
    let (what, by) = match claim {
        Claim::Never(what) => return unwanted(view, what),
        Claim::Reaches { what, by } => (what, *by),
        Claim::EndsWith(what) | Claim::Before(_, what) => (what, None),
    };
    // What was reached once need not be so any more.
    if matches!((claim, progress), (Claim::Reaches { .. }, Progress::Met)) && !holds(view, what) {
        return "reached, and over by now".to_string();
    }
    let mut text = situation(view, what);
    // Until when there is time is of no interest to what is reached.
    if let (Some(by), Progress::Open | Progress::Kept) = (by, progress) {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&format!("until {}", Time(by)));
    }
    text
}

fn situation(view: &View<'_>, what: &Situation) -> String {
    let plan = &view.subject.plan;
    match what {
        Situation::Wake { app, state } => stands(
            view.names().app(RouteId(*app)),
            wake_state(view.state, *app).unwrap_or("not there"),
            state,
        ),
        Situation::EventsTold(of) => match untold(view.state, *of) {
            0 => "the log has every event".to_string(),
            some => format!("the log lacks {some} of what was committed"),
        },
        Situation::Attempted { deployment, state } => stands(
            &view::attempt::deployment(plan, DeploymentNo(*deployment as u8)),
            attempted(view.state, *deployment).unwrap_or("not attempted"),
            state,
        ),
        Situation::Preview { deploy, state } => stands(
            &view::pipeline::name(plan, DeployId(*deploy as u8)),
            preview_of(view.state, *deploy).unwrap_or("not asked for"),
            state,
        ),
        Situation::Migration { migration, state } => stands(
            &view::migration::name(plan, MigrationId(*migration as u8)),
            migration_of(view.state, *migration).unwrap_or("not asked for"),
            state,
        ),
        Situation::Promotion(situation) => promotions(view, situation).1,
        Situation::Outage(situation) => view::outage::situation(view.state, situation).1,
        Situation::Pressure(situation) => view::pressure::situation(view.state, situation).1,
        Situation::Restore { restore, stage } => stands(
            &format!("restore {}", restore + 1),
            restore_of(view.state, *restore).unwrap_or("not asked for"),
            stage,
        ),
        Situation::Region { region, state } => stands(
            &view::region::name(plan, Region(*region as u8)),
            stage_of(view.state, *region).unwrap_or("not asked for"),
            state,
        ),
        Situation::Deployment {
            deployment: which,
            state,
            revision,
        } => {
            let name = view::gitops::name(plan, Item(*which as u8));
            let row = deployment(view.state, *which);
            let (is, number) = row.map_or(("not there", None), |row| {
                (row.state.spec().name, Some(row.last_good.number))
            });
            // A version is only told where it is asked for.
            match (revision, number) {
                (Some(wanted), Some(number)) => stands(
                    &name,
                    &format!("{is} at version {number}"),
                    &format!("{state} at version {wanted}"),
                ),
                _ => stands(&name, is, state),
            }
        }
        Situation::AtLeast(metric, n) => {
            format!("{} of at least {}", value(view, *metric), show(*metric, *n))
        }
        Situation::AtMost(metric, n) => {
            format!("{} of at most {}", value(view, *metric), show(*metric, *n))
        }
        Situation::All(all) => joined(all, ", and ", |one| situation(view, one)),
        // Of alternatives, one that is so says it all.
        Situation::Any(all) => match all.iter().find(|one| holds(view, one)) {
            Some(one) => situation(view, one),
            None => joined(all, ", or ", |one| situation(view, one)),
        },
        Situation::Not(inner) => unwanted(view, inner),
        _ => String::new(),
    }
}

/// Several texts as one; a group within is put in brackets, so that it is clear what belongs together.
fn joined(all: &[Situation], by: &str, text: impl Fn(&Situation) -> String) -> String {
    let mut texts: Vec<String> = Vec::new();
    for one in all {
        let said = text(one);
        let group = said.contains(", and ") || said.contains(", or ");
        let said = if group { format!("({said})") } else { said };
        if !said.is_empty() && !texts.contains(&said) {
            texts.push(said);
        }
    }
    match (texts.len(), texts.pop()) {
        (1, Some(only)) => only
            .strip_prefix('(')
            .and_then(|inner| inner.strip_suffix(')'))
            .map_or(only.clone(), ToString::to_string),
        (_, Some(last)) => {
            let commas = texts.iter().any(|text| text.contains(", "));
            let before = texts.join(if commas { "; " } else { ", " });
            format!("{before}{by}{last}")
        }
        (_, None) => String::new(),
    }
}

/// In which state something is, and in which it shall be if that is another.
fn stands(name: &str, is: &str, wanted: &str) -> String {
    if is == wanted {
        format!("{name} is {is}")
    } else {
        format!("{name} is {is}, wanted {wanted}")
    }
}

/// The numbers behind something that is not to be so.
fn unwanted(view: &View<'_>, what: &Situation) -> String {
    match what {
        Situation::AtLeast(metric, n) => format!(
            "{}, has to stay below {}",
            value(view, *metric),
            show(*metric, *n)
        ),
        Situation::AtMost(metric, n) => format!(
            "{}, has to be above {}",
            value(view, *metric),
            show(*metric, *n)
        ),
        // Not all of them: one that stays away is enough. Not any of them: none may come.
        Situation::All(all) => joined(all, ", or ", |one| unwanted(view, one)),
        Situation::Any(all) => joined(all, ", and ", |one| unwanted(view, one)),
        Situation::Not(inner) => situation(view, inner),
        other => situation(view, other).replace(", wanted ", ", which is not to become "),
    }
}

fn value(view: &View<'_>, metric: Metric) -> String {
    show(metric, view.metrics.get(view.state, metric))
}

fn show(metric: Metric, n: u64) -> String {
    if metric == Metric::WaitedLongest {
        machine::Duration(n).to_string()
    } else {
        n.to_string()
    }
}
