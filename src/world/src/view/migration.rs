//! Migrations in words: what they are called, what is said about them, what is told, what can be read.

use super::names::Names;
use crate::fleet::{Fleet, Spell, Trouble};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use machine::Time;
use platform::migration::{
    App, Command, Message, MigrationId, Migrations, Note, Outcome, PRODUCTION, Reason, Work,
};
use protocol::{Plan, ThingView};
use sim::State;

/// What a migration is called: its name in the plan, `migration 2` if it has none.
#[must_use]
pub fn name(plan: &Plan, id: MigrationId) -> String {
    plan.migrations
        .as_ref()
        .and_then(|all| all.migrations.get(usize::from(id.0)))
        .map_or_else(
            || format!("migration {}", u32::from(id.0) + 1),
            |migration| migration.name.clone(),
        )
}

fn work(work: Work) -> String {
    match work {
        Work::Copy => "make a copy".to_string(),
        Work::Try(_) => "try the plan".to_string(),
        Work::RestorePoint => "restore point?".to_string(),
        Work::Compatible => "old apps compatible?".to_string(),
        Work::Lock => "take the lock".to_string(),
        Work::Step(step) => format!("step {}", step + 1),
        Work::Schema => "which steps are in?".to_string(),
        Work::Unlock => "give the lock back".to_string(),
        Work::Smoke(App::Running) => "does the running app answer?".to_string(),
        Work::Smoke(App::Window) => "does the app in the rollback window answer?".to_string(),
    }
}

fn outcome(outcome: Outcome) -> String {
    match outcome {
        Outcome::Yes => "yes".to_string(),
        Outcome::No => "no".to_string(),
        Outcome::Number(number) => number.to_string(),
    }
}

/// Why a migration waits or failed, in the middle of a sentence.
const fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Destructive => "it takes data away, and nobody has approved that",
        Reason::NoRestorePoint => "there is no restore point that is new enough",
        Reason::OldAppIncompatible => "an artifact in use cannot work with its schema",
        Reason::NoRollbackPlan => "nobody has written down how to go back",
        Reason::LockTimeout => "the lock was not to be had",
        Reason::PlanDrift => "its plan has changed since it was tried",
        Reason::IsolationBreach => "what was to be a copy is production",
        Reason::StepError => "a step went wrong",
        Reason::Indeterminate => "nobody knows what became of a step",
        Reason::WrongSchema => "the schema is not what its steps should have made of it",
        Reason::RewritesTooMuch => {
            "it would write more rows again at once than the replicas can take"
        }
        Reason::Expired => "nobody did anything for too long",
        Reason::RunningAppFails => {
            "its steps are in, and the app that runs does not answer on the new schema"
        }
        Reason::WindowAppFails => {
            "its steps are in, and the app in the rollback window does not answer on the new schema"
        }
    }
}

/// What a message says, in a few words.
#[must_use]
pub fn label(message: &Message) -> String {
    match *message {
        Message::Do { work: what, .. } | Message::Run { work: what, .. } => work(what),
        Message::Ran {
            work: what,
            outcome: came,
            ..
        }
        | Message::Report {
            work: what,
            outcome: came,
            ..
        } => match (what, came) {
            (Work::Copy, Outcome::Number(PRODUCTION)) => {
                "make a copy: it is production".to_string()
            }
            (Work::Copy, Outcome::Number(nth)) => format!("make a copy: copy {nth}"),
            (Work::Try(_), Outcome::Number(rows)) => {
                format!("try the plan: writes {rows} rows again at once")
            }
            (Work::Schema, Outcome::Number(steps)) => format!("steps that are in: {steps}"),
            _ => format!("{}: {}", work(what), outcome(came)),
        },
    }
}

/// Why an order about a migration is refused, where there is but one reason for it.
#[must_use]
pub const fn refusal(command: Command) -> Option<&'static str> {
    match command {
        Command::Resume { .. } => Some("it is not blocked"),
        Command::ChangePlan { .. } | Command::FillLater { .. } => Some("a step of it is under way"),
        Command::Reconcile { .. } => Some("what became of its steps is known"),
        Command::Request { .. }
        | Command::Approve { .. }
        | Command::WriteRollbackPlan { .. }
        | Command::Provide { .. } => None,
    }
}

/// What came of something, as a part of a sentence; `None` for what nobody asks about.
#[must_use]
pub fn told(names: &Names<'_>, note: &Note) -> Option<String> {
    let name = |id: MigrationId| name(names.plan(), id);
    Some(match *note {
        Note::Reasoned {
            migration,
            reason: why,
        } => format!("{} stops: {}", name(migration), reason(why)),
        Note::LockMissed { migration, tries } => format!(
            "{} has waited for the lock in vain, try {tries}",
            name(migration)
        ),
        Note::StepApplied { migration, step } => {
            format!("step {} of {} is in", step + 1, name(migration))
        }
        Note::LateReport { migration, token } => format!(
            "a report for attempt {} of {} is written down and counts for nothing",
            token.0,
            name(migration)
        ),
        Note::Ordered { command, done } => {
            let what = match command {
                Command::Request { migration } => format!("begin {}", name(migration)),
                Command::Approve { migration } => format!("approve {}", name(migration)),
                Command::WriteRollbackPlan { migration } => {
                    format!("write down the way back from {}", name(migration))
                }
                Command::Resume { migration } => format!("go on with {}", name(migration)),
                Command::ChangePlan { migration } => {
                    format!("change the plan of {}", name(migration))
                }
                Command::Reconcile { migration } => {
                    format!("look what became of {}", name(migration))
                }
                Command::FillLater { migration } => {
                    format!("write the rows of {} later", name(migration))
                }
                Command::Provide { .. } => "mend the database".to_string(),
            };
            let became = match (done, refusal(command)) {
                (true, _) => "carried out".to_string(),
                (false, Some(why)) => format!("refused: {why}"),
                (false, None) => "refused".to_string(),
            };
            format!("the order to {what} is {became}")
        }
        Note::Changed {
            migration,
            step,
            again,
        } => format!(
            "step {} of {} changes the schema{}",
            step + 1,
            name(migration),
            if again { " a second time" } else { "" }
        ),
        Note::TriedIn {
            migration,
            database,
        } => format!(
            "the plan of {} is tried on {}",
            name(migration),
            if database == PRODUCTION {
                "production".to_string()
            } else {
                format!("copy {database}")
            }
        ),
        Note::Rewrote {
            migration,
            rows,
            behind,
        } => format!(
            "{} writes {rows} rows again, and the replicas are {} behind",
            name(migration),
            super::seconds(behind)
        ),
        Note::Filled { migration } => {
            format!("every row of {} has been written again", name(migration))
        }
        Note::Committed { .. } | Note::Believed { .. } => return None,
    })
}

/// Whether something told is worth stopping at.
#[must_use]
pub const fn is_news(note: &Note) -> bool {
    matches!(
        note,
        Note::Reasoned { .. }
            | Note::LockMissed { .. }
            | Note::LateReport { .. }
            | Note::Changed { .. }
            | Note::Filled { .. }
            | Note::Ordered { done: false, .. }
    )
}

/// Whether something told goes without saying.
#[must_use]
pub const fn is_routine(note: &Note) -> bool {
    matches!(note, Note::Committed { .. } | Note::Believed { .. })
}

/// The migrations as things.
pub fn things(plan: &Plan, service: &Migrations) -> Vec<ThingView> {
    let rows = service.rows().iter();
    rows.filter_map(|(at, row)| {
        let row = row.value;
        let mut facts = alloc::vec![
            ("attempt".to_string(), row.token.0.to_string()),
            (
                "steps in".to_string(),
                format!("{} of {}", row.done, row.planned.steps)
            ),
        ];
        if let Some(why) = row.reason {
            facts.push(("because".to_string(), reason(why).to_string()));
        }
        Some(ThingView {
            lifecycle: platform::MIGRATION,
            name: name(plan, MigrationId(at as u8)),
            id: u64::from(at),
            state: row.state? as u8,
            since: row.since.0,
            transition: None,
            facts,
        })
    })
    .collect()
}

/// Whether maintenance holds a table and comes to an end by itself. What lasts until everything is healed does not.
#[must_use]
pub fn maintenance_gets_on(plan: &Plan, state: &State<Fleet>) -> bool {
    let database = state.fleet().database();
    let spell = database.and_then(|one| one.spell(Trouble::Maintenance, state.now()));
    spell.is_some_and(|spell| ends_by_itself(plan, spell))
}

const fn ends_by_itself(plan: &Plan, spell: Spell) -> bool {
    spell.until.0 < plan.heal_at
}

/// How long maintenance has held a table, and how far it is. What has no end of its own does not get on.
fn maintenance(plan: &Plan, spell: Spell, now: Time) -> String {
    let held = format!(
        "held by maintenance since {}, for {}",
        spell.from,
        super::seconds(now.since(spell.from))
    );
    if !ends_by_itself(plan, spell) {
        return format!("{held}; it is not getting on");
    }
    let done = now.since(spell.from).0.saturating_mul(100);
    let percent = done / spell.until.since(spell.from).0.max(1);
    format!("{held}; {percent}% of it is done")
}

/// What the database is like: label, value, and whether it stands in the way.
#[must_use]
pub fn database(plan: &Plan, state: &State<Fleet>) -> Vec<(String, String, bool)> {
    let Some(database) = state.fleet().database() else {
        return Vec::new();
    };
    let holder = database.holder();
    let mut lines = alloc::vec![(
        "advisory lock".to_string(),
        holder.map_or("free".to_string(), |id| format!(
            "held by {}",
            name(plan, id)
        )),
        false
    )];
    let count = plan
        .migrations
        .as_ref()
        .map_or(0, |all| all.migrations.len());
    for at in 0..count as u8 {
        let id = MigrationId(at);
        lines.push((
            name(plan, id),
            format!("{} in", super::many(database.steps(id).into(), "step")),
            false,
        ));
    }
    if let Some(all) = &plan.migrations
        && all.migrations.iter().any(|one| one.rewrites > 0)
    {
        let behind = database.behind(state.now());
        lines.push((
            "replicas".to_string(),
            format!("{} behind", super::seconds(behind)),
            behind > machine::Duration::secs(5),
        ));
        lines.push((
            "rows to be written again".to_string(),
            database.to_fill().to_string(),
            false,
        ));
    }
    if let Some(spell) = database.spell(Trouble::Maintenance, state.now()) {
        lines.push((
            "the table that the lock is for".to_string(),
            maintenance(plan, spell, state.now()),
            true,
        ));
    }
    let troubles = [
        (Trouble::RestorePoint, "restore point", "too old"),
        (
            Trouble::Compatibility,
            "artifacts in use",
            "one cannot work with the new schema",
        ),
        (
            Trouble::LongReader,
            "readers",
            "one has been reading for very long",
        ),
        (Trouble::SharedBinding, "copies", "bound to production"),
        (
            Trouble::RunningApp,
            "the app that runs",
            "does not get on with a changed schema",
        ),
        (
            Trouble::WindowApp,
            "the app in the rollback window",
            "does not get on with a changed schema",
        ),
    ];
    for (trouble, label, word) in troubles {
        if database.has(trouble, state.now()) {
            lines.push((label.to_string(), word.to_string(), true));
        }
    }
    lines
}

/// What a read of the migrations shows.
#[must_use]
pub fn migrations(plan: &Plan, state: &State<Fleet>) -> Vec<String> {
    let Some(service) = state.fleet().migrations() else {
        return Vec::new();
    };
    let rows = service.rows().iter();
    rows.map(|(at, row)| {
        let stage = row
            .value
            .state
            .map_or("not asked for", |stage| stage.spec().name);
        let why = row
            .value
            .reason
            .map_or(String::new(), |why| format!(": {}", reason(why)));
        format!(
            "{}: {stage}, {} of {} steps in{why}",
            name(plan, MigrationId(at as u8)),
            row.value.done,
            row.value.planned.steps
        )
    })
    .collect()
}
