//! `lab run`: one scenario, one seed, to its end.

use crate::BROKE;
use crate::args;
use crate::input::{self, Checked, Played};
use crate::out::{Out, Stop};
use machine::Time;
use platform::CATALOG;
use protocol::{
    GoalReport, Placed, Plan, Problem, Progress, PropertyReport, Replay, RunReport, Severity,
    property,
};
use study::Library;

pub fn run(args: &args::Run, library: &Library, out: &mut Out) -> Result<u8, Stop> {
    let plan = &input::scenario(library, &args.scenario)?.plan;
    let seed = input::seed(&args.seed)?;
    let changes = input::changes(&args.changes, Some(plan))?;
    let report = play(plan, plan.digest(), &changes, seed)?;
    if args.json {
        out.json(&report)?;
    } else {
        show(plan, &changes, &report, out)?;
    }
    Ok(if report.held { 0 } else { BROKE })
}

/// Runs a plan with changes, and with the reference solution of the drawn case if that is wanted.
pub fn play(plan: &Plan, content: u64, changes: &Checked, seed: u64) -> Result<RunReport, Stop> {
    let mut replay = changes.replay(plan, content, seed);
    act(plan, changes.played, &mut replay)?;
    world::run(plan, &replay).map_err(Stop::Problem)
}

/// Adds what somebody does who was not told what to do by a file.
pub fn act(plan: &Plan, played: Played, replay: &mut Replay) -> Result<(), Stop> {
    match played {
        Played::Nothing | Played::Actions => {}
        Played::Solution => replay.actions = solution(plan, replay.seed)?,
        Played::Meddling => {
            replay.actions = world::replay(plan, replay.seed, world::Played::Meddling).actions;
        }
    }
    Ok(())
}

/// The reference solution of the case that a seed draws.
fn solution(plan: &Plan, seed: u64) -> Result<Vec<Placed>, Stop> {
    let Some(case) = world::case_of(plan, seed) else {
        let problem = Problem::new(
            "no-solution",
            format!("`{}` has no reference solution", plan.id),
        );
        return Err(problem.hint("Leave out `--solve`.").into());
    };
    Ok(case
        .solution
        .iter()
        .map(|step| Placed {
            at: step.at,
            id: step.id.clone(),
        })
        .collect())
}

/// The heading of a run: what it was.
pub fn show(plan: &Plan, changes: &Checked, report: &RunReport, out: &mut Out) -> Result<(), Stop> {
    out.line(format!(
        "{}, seed {}, engine {}",
        plan.title, report.seed, report.engine
    ))?;
    if report.severity != Severity::default().id() {
        let bare = plan.background.is_empty();
        let note = if bare {
            ", on which nothing here depends"
        } else {
            ""
        };
        out.line(format!("severity {}{note}", report.severity))?;
    }
    let drawn = world::drawn(plan, report.seed);
    if !drawn.is_empty() {
        let texts = drawn
            .iter()
            .map(|drawn| format!("{} {}", drawn.what.spec().id, drawn.what.show(drawn.value)));
        out.line(format!("drawn   {}", texts.collect::<Vec<_>>().join(", ")))?;
    }
    if let Some(case) = &report.case {
        out.line(format!("cause   {case}"))?;
    }
    if !report.waived.is_empty() {
        out.line(format!("waived  {}", report.waived.join(", ")))?;
    }
    for (id, value) in &report.knobs {
        let shown = CATALOG
            .knob(id)
            .map(|knob| knob.show(*value))
            .unwrap_or_default();
        out.line(format!("set     {id} = {shown}"))?;
    }
    if report.actions > 0 {
        out.line(format!("done    {} actions and reads", report.actions))?;
    }
    out.line("\nProperties")?;
    let mut rows = Vec::new();
    let idle = |row: &&PropertyReport| !matches!(row.verdict.as_str(), "held" | "broken");
    for row in report.properties.iter().filter(|row| !idle(row)) {
        let word = if row.verdict == "broken" {
            "BROKEN"
        } else {
            "held"
        };
        let title = property(&row.id).map_or("", |spec| spec.title);
        rows.push(vec![word.into(), row.id.clone(), title.into()]);
        if let (Some(at), Some(step), Some(evidence)) = (row.at, row.step, &row.evidence) {
            rows.push(vec![
                String::new(),
                String::new(),
                format!("at {}, entry {step}: {evidence}", Time(at)),
            ]);
        }
    }
    out.table(&rows)?;
    if let count @ 1.. = report.properties.iter().filter(idle).count() {
        out.line(format!(
            "  {count} more speak of what never happened in this run; `--json` names them"
        ))?;
    }
    out.line("\nGoals")?;
    out.table(
        &report
            .goals
            .iter()
            .map(|goal| goal_row(plan, goal))
            .collect::<Vec<_>>(),
    )?;
    out.line(format!(
        "\n{} entries until {}",
        report.entries,
        Time(report.end)
    ))?;
    out.line(format!("fingerprint {}", report.fingerprint))?;
    out.line(format!("link {}", report.link))?;
    if !report.held {
        out.line(format!(
            "\nThis shows it again:\n  {}",
            changes.command(&plan.id, report.seed)
        ))?;
        if changes.played == Played::Nothing && plan.needs_action {
            out.line("Nobody did anything in this run; `--solve` plays the reference solution, `--actions FILE` your own.")?;
        }
    }
    Ok(())
}

fn goal_row(plan: &Plan, goal: &GoalReport) -> Vec<String> {
    let (word, note) = match (goal_met(goal), goal.promised) {
        (true, _) => ("met", ""),
        (false, true) => ("MISSED", ""),
        (false, false) => ("missed", "; not promised at this severity"),
    };
    let title = plan
        .objectives
        .iter()
        .find(|objective| objective.id == goal.id)
        .map_or("", |objective| &objective.title);
    vec![
        word.into(),
        goal.id.clone(),
        title.into(),
        format!("{}{note}", goal.detail),
    ]
}

/// Whether a goal was reached or kept to the end.
pub const fn goal_met(goal: &GoalReport) -> bool {
    matches!(goal.progress, Progress::Met | Progress::Kept)
}
