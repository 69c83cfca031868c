//! Severities: every property holds at each of them, and so does every goal that is promised there; a question has its
//! answer in a storm, too.

use crate::sweep::{Job, broken, jobs, seeds};
use probe::plans;
use protocol::{Progress, Reply, Request, Severity};
use rayon::prelude::*;
use world::{Bench, Played, replay};

/// What is wrong with a run at a severity.
fn wrong(job: &Job<'_>, severity: Severity) -> Vec<String> {
    let mut replay = replay(job.plan, job.seed, job.played);
    replay.severity = severity;
    let report = world::run(job.plan, &replay).unwrap();
    let name = format!("{} {}", job.name(), severity.id());
    let mut told: Vec<String> = broken(&report)
        .iter()
        .map(|(id, evidence)| format!("{name}: {id}: {evidence}"))
        .collect();
    // Whoever meddles may miss anything, and whoever only looks on misses what needs somebody.
    let judged = match job.played {
        Played::Nothing => !job.plan.needs_action,
        Played::Solution => true,
        Played::Meddling => false,
    };
    let missed = report
        .goals
        .iter()
        .filter(|goal| judged && goal.promised && goal.progress == Progress::Missed);
    told.extend(missed.map(|goal| format!("{name}: {} is missed: {}", goal.id, goal.detail)));
    told
}

#[test]
fn what_is_promised_holds_at_every_severity_digest_sweep() {
    let plans = plans::all();
    let all = if cfg!(debug_assertions) { 2 } else { 40 };
    let jobs = jobs(&plans, &seeds(all));
    for severity in [Severity::Calm, Severity::Storm] {
        let found: Vec<String> = jobs
            .par_iter()
            .flat_map_iter(|job| wrong(job, severity))
            .collect();
        assert!(
            found.is_empty(),
            "{}",
            found[..found.len().min(60)].join("\n")
        );
    }
}

#[test]
fn a_severity_changes_a_world_that_has_a_background() {
    let plans = plans::all();
    let same: Vec<&str> = plans
        .par_iter()
        .filter(|plan| !plan.background.is_empty())
        .filter(|plan| {
            let runs = Severity::ALL.iter().map(|severity| {
                let run = |seed: u64| {
                    let mut replay = replay(plan, seed, Played::Nothing);
                    replay.severity = *severity;
                    world::run(plan, &replay).unwrap().fingerprint
                };
                (0..6).map(run).collect::<Vec<_>>()
            });
            let mut runs: Vec<_> = runs.collect();
            runs.sort();
            runs.dedup();
            runs.len() < 3
        })
        .map(|plan| plan.id.as_str())
        .collect();
    assert!(same.is_empty(), "{same:?}");
}

#[test]
fn a_question_has_an_answer_at_every_severity() {
    let lessons = plans::lessons();
    for plan in &lessons {
        let question = plan.question.as_ref().unwrap();
        for severity in Severity::ALL {
            for seed in seeds(40) {
                let mut replay = replay(plan, seed, Played::Nothing);
                replay.severity = *severity;
                replay.at = question.reveal_at;
                let mut bench = Bench::new();
                let opened = bench.handle(Request::Open {
                    plan: Box::new(plan.clone()),
                    replay: Box::new(replay),
                });
                let Reply::Opened(opened) = opened else {
                    panic!("{} does not open", plan.id);
                };
                let name = format!("{} seed {seed} {}", plan.id, severity.id());
                assert!(opened.frame.revealed.is_some(), "{name} has no answer");
            }
        }
    }
}
