//! One scenario file: a plan and its lesson.

use super::act::{action, case, knobs, read_of};
use super::fleet::{app, fleet, traffic};
use super::lesson::lesson;
use super::names::Names;
use super::read::{File, Table, Value};
use super::{claim, fault, gitops, migration, pipeline, region, seeds, sessions, traces, vary};
use crate::Scenario;
use machine::{Catalog, kebab};
use protocol::{Objective, Plan, Problem, Question, QuestionOption, Severity};

/// Reads a whole file.
pub fn read(table: Table<'_>, catalog: &Catalog, file: &File<'_>) -> Scenario {
    let title = table.name("title");
    let id = kebab(&title.text);
    let stem = file
        .name
        .rsplit('/')
        .next()
        .and_then(|name| name.strip_suffix(".toml"))
        .unwrap_or(file.name);
    if id != stem {
        let problem = Problem::new(
            "misnamed-file",
            format!("the title `{}` belongs in a file `{id}.toml`", title.text),
        );
        file.report(
            &title.span,
            problem.hint("Rename the file or change the title."),
        );
    }
    let fleet = fleet(&table);
    let vary = vary::vary(&table);
    let (edges, runners) = vary::least(&fleet, &vary, &table);
    let regions = region::regions(&table);
    let gitops = gitops::gitops(&table, file);
    let migrations = migration::migrations(&table, file);
    let attempts = pipeline::attempts(&table);
    let pipeline = pipeline::pipeline(&table);
    let ids = |key, what, id_key| ids(&table, key, what, id_key, file);
    let names = Names {
        file,
        catalog,
        apps: ids("app", "an app", "name"),
        reads: ids("read", "a read", "id"),
        actions: ids("action", "an action", "id"),
        cases: ids("case", "a case", "id"),
        migrations: migrations
            .iter()
            .flat_map(|all| &all.migrations)
            .map(|migration| migration.name.clone())
            .collect(),
        deploys: pipeline
            .iter()
            .flat_map(|all| &all.deploys)
            .map(|deploy| deploy.name.clone())
            .collect(),
        attempted: attempts
            .iter()
            .flat_map(|all| &all.deployments)
            .map(|deployment| deployment.name.clone())
            .collect(),
        workers: attempts.as_ref().map_or(0, |all| all.workers),
        builders: pipeline.as_ref().map_or(0, |all| all.builders),
        regions: regions
            .iter()
            .flat_map(|regions| &regions.regions)
            .map(|region| region.name.clone())
            .collect(),
        deployments: gitops
            .iter()
            .flat_map(|gitops| &gitops.deployments)
            .map(|deployment| deployment.name.clone())
            .collect(),
        locals: gitops.as_ref().map_or(0, |gitops| gitops.locals),
        edge_nodes: gitops.as_ref().map_or(0, |gitops| gitops.nodes),
        promotes: table.get("promotions").is_some(),
        restores: table.get("restores").is_some(),
        traces: table.get("traces").is_some(),
        sessions: table.get("sessions").is_some(),
        outage: table.get("outage").is_some(),
        edges,
        runners,
    };
    let tables = |key, what| table.tables(key, what);
    let plan = Plan {
        id,
        title: title.text,
        fleet,
        apps: tables("app", "an app").into_iter().map(app).collect(),
        traffic: tables("traffic", "a stream of requests")
            .into_iter()
            .map(|t| traffic(t, &names))
            .collect(),
        faults: tables("fault", "a fault")
            .into_iter()
            .filter_map(|t| fault::placed(t, &names))
            .collect(),
        background: tables("background", "a fault")
            .into_iter()
            .filter_map(|t| fault::background(t, &names))
            .collect(),
        cases: tables("case", "a case")
            .into_iter()
            .map(|t| case(t, &names))
            .collect(),
        knobs: knobs(table.get("knobs"), &names),
        heal_at: table.time("heal-at"),
        end: table.time("end"),
        freeze_at: table.time("freeze-at"),
        reads: tables("read", "a read").into_iter().map(read_of).collect(),
        actions: tables("action", "an action")
            .into_iter()
            .filter_map(|t| action(t, &names))
            .collect(),
        objectives: tables("objective", "an objective")
            .into_iter()
            .filter_map(|t| objective(t, &names))
            .collect(),
        question: table
            .get("question")
            .and_then(|value| question(value.table("a question")?, &names)),
        needs_action: table.need("needs-action").is_some_and(Value::flag),
        regions,
        migrations,
        pipeline,
        attempts,
        gitops,
        hosts: table
            .get("hosts")
            .and_then(|value| super::hosts::plan(value, &names)),
        restores: table.get("restores").and_then(super::restore::plan),
        promotions: table
            .get("promotions")
            .and_then(|value| super::promotion::plan(value, &names)),
        traces: table
            .get("traces")
            .and_then(|value| traces::traces(value, &names)),
        sessions: table
            .get("sessions")
            .and_then(|value| sessions::sessions(value, &names)),
        vary,
        outage: table
            .get("outage")
            .and_then(|value| super::outage::plan(value, &names)),
        pressure: table
            .get("pressure")
            .and_then(|value| super::pressure::plan(value, &names)),
    };
    times_in_order(&plan, &table, file);
    let lesson = lesson(&table, &names);
    let incidents = super::incidents::incidents(&table);
    let seeds = seeds::seeds(&table, &plan, &names);
    table.finish();
    Scenario {
        plan,
        lesson,
        world: file.is_world(),
        seeds,
        incidents,
    }
}

/// The ids of a list of tables; each must be in kebab-case and there once.
fn ids(
    table: &Table<'_>,
    key: &'static str,
    what: &'static str,
    id_key: &'static str,
    file: &File<'_>,
) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for entry in table.tables(key, what) {
        // Whether it is there and readable is told when the entry itself is read.
        let Some(name) = entry
            .get(id_key)
            .filter(|value| value.is_text())
            .map(Value::name)
        else {
            continue;
        };
        if name.text != kebab(&name.text) || name.text.len() > 64 {
            let problem = Problem::new("bad-id", format!("`{}` is no id", name.text));
            file.report(
                &name.span,
                problem.hint(format!(
                    "Write lower-case words with hyphens: `{}`.",
                    kebab(&name.text)
                )),
            );
        }
        if found.contains(&name.text) {
            file.report(
                &name.span,
                Problem::new(
                    "taken-id",
                    format!("there is {what} `{}` already", name.text),
                ),
            );
        }
        found.push(name.text);
    }
    found
}

/// The moments of a plan have to follow each other.
fn times_in_order(plan: &Plan, table: &Table<'_>, file: &File<'_>) {
    let reveal = plan
        .question
        .as_ref()
        .map_or(plan.freeze_at, |question| question.reveal_at);
    let in_order = |holds: bool, key: &'static str, sentence: &str| {
        if !holds {
            let span = table.get(key).map_or_else(|| table.span(), Value::span);
            file.report(&span, Problem::new("out-of-order", sentence));
        }
    };
    in_order(
        plan.heal_at < plan.end,
        "heal-at",
        "a run heals before it ends",
    );
    in_order(
        plan.freeze_at < plan.end,
        "freeze-at",
        "a run freezes before it ends",
    );
    in_order(
        plan.freeze_at <= reveal && reveal < plan.end,
        "freeze-at",
        "the answer is revealed between the frozen moment and the end",
    );
    in_order(!plan.apps.is_empty(), "app", "there is no app");
    in_order(
        !plan.objectives.is_empty(),
        "objective",
        "there is no objective",
    );
}

fn objective(table: Table<'_>, names: &Names<'_>) -> Option<Objective> {
    let claim = claim::claim(&table, names);
    let objective = Objective {
        id: table.text("id"),
        title: table.text("title"),
        claim: claim?,
        side: table.text("side"),
        up_to: fault::severity(&table, "up-to", Severity::Storm),
    };
    table.finish();
    Some(objective)
}

fn question(table: Table<'_>, names: &Names<'_>) -> Option<Question> {
    let options = table.tables("option", "an option");
    if options.len() < 2 {
        names.file.report(
            &table.span(),
            Problem::new("few-options", "a question needs at least two options"),
        );
    }
    let option = |table: Table<'_>| {
        let right_if = table
            .need("right-if")
            .and_then(|value| claim::situation(value, names));
        let option = QuestionOption {
            text: table.text("text"),
            right_if: right_if?,
            hint: table.text("hint"),
        };
        table.finish();
        Some(option)
    };
    let question = Question {
        prompt: table.text("prompt"),
        reveal_at: table.time("reveal-at"),
        options: options.into_iter().filter_map(option).collect(),
        why: table.text("why"),
    };
    table.finish();
    Some(question)
}
