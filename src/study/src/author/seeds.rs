//! Chosen seeds: `[[seeds]]` with `seed`, `title`, `why` and what its run `shows`.

use super::fault;
use super::names::Names;
use super::read::{Table, Value};
use crate::{Chosen, Shows};
use protocol::{Counts, FAULTS, PROPERTIES, Plan, Problem, Severity, VARIED};

/// The chosen seeds of a world.
pub fn seeds(table: &Table<'_>, plan: &Plan, names: &Names<'_>) -> Vec<Chosen> {
    let mut found: Vec<Chosen> = Vec::new();
    for table in table.tables("seeds", "a chosen seed") {
        let chosen = Chosen {
            seed: table.count("seed"),
            severity: fault::severity(&table, "severity", Severity::default()),
            title: table.text("title"),
            why: table.text("why"),
            shows: table
                .need("shows")
                .and_then(|value| value.table("what a run shows"))
                .map(|table| shows(table, plan, names))
                .unwrap_or_default(),
        };
        let key = (chosen.seed, chosen.severity);
        if found.iter().any(|one| (one.seed, one.severity) == key) {
            table.report(Problem::new(
                "taken-seed",
                format!("the seed {} is among the chosen ones already", chosen.seed),
            ));
        }
        table.finish();
        found.push(chosen);
    }
    found
}

/// What a run shows: `{ case = "pull-stuck", refuses = "hold-slots-free" }`, and so on; all of it.
fn shows(table: Table<'_>, plan: &Plan, names: &Names<'_>) -> Vec<Shows> {
    let mut shows = Vec::new();
    let checked = |value: Value<'_>, kind: &str, known: Vec<&str>| {
        value.name().check(names.file, kind, &known)
    };
    let gates: Vec<String> = names.catalog.gates.iter().map(|gate| gate.id()).collect();
    let cases = || plan.cases.iter().map(|case| case.id.as_str()).collect();
    let goals = || {
        plan.objectives
            .iter()
            .map(|goal| goal.id.as_str())
            .collect()
    };
    let modes = || {
        let all = names.catalog.lifecycles.iter();
        all.flat_map(|spec| spec.failure_modes.iter().map(|mode| mode.name))
            .collect()
    };
    if let Some(value) = table.get("case") {
        shows.push(Shows::Case(checked(value, "case", cases())));
    }
    if let Some(value) = table.get("property") {
        let known = PROPERTIES.iter().map(|spec| spec.id).collect();
        shows.push(Shows::Property(checked(value, "property", known)));
    }
    if let Some(value) = table.get("refuses") {
        let known = gates.iter().map(String::as_str).collect();
        shows.push(Shows::Refuses(checked(value, "gate", known)));
    }
    if let Some(value) = table.get("mode") {
        shows.push(Shows::Mode(checked(value, "failure mode", modes())));
    }
    if let Some(value) = table.get("fault") {
        let known = FAULTS.iter().map(|spec| spec.id).collect();
        shows.push(Shows::Fault(checked(value, "fault", known)));
    }
    if let Some(value) = table.get("misses") {
        shows.push(Shows::Misses(checked(value, "objective", goals())));
    }
    for (what, spec) in VARIED {
        let Some(value) = table.get(spec.id) else {
            continue;
        };
        let drawn = match spec.counts {
            Counts::Things => value.count(),
            Counts::Share => value.shares().low,
        };
        if !plan.vary.iter().any(|vary| vary.what == *what) {
            let problem = Problem::new("not-varied", format!("`{}` does not vary here", spec.id));
            value.report(problem.hint("Give it a range in `[vary]`."));
        }
        shows.push(Shows::Drawn(*what, drawn));
    }
    if shows.is_empty() {
        let problem = Problem::new("shows-nothing", "a chosen seed has to show something");
        table.report(problem.hint("For example `shows = { case = \"…\" }`."));
    }
    table.finish();
    shows
}
