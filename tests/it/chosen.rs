//! Chosen seeds: what is claimed of a seed happens in its run, and is no matter of course.

use platform::CATALOG;
use protocol::{Plan, Progress, Severity};
use rayon::prelude::*;
use study::{Scenario, Shows};
use world::{Played, Sort, declared, replay, seen};

/// Among how many seeds there has to be one whose run does not show the same.
const AMONG: u64 = 40;

/// What of a claim a run with this seed does not show.
fn lacks(plan: &Plan, seed: u64, severity: Severity, claims: &[Shows]) -> Vec<String> {
    let mut replay = replay(plan, seed, Played::Nothing);
    replay.severity = severity;
    let found = seen(plan, &replay).unwrap();
    let happens = |sort: Sort, name: &str| {
        declared()
            .iter()
            .enumerate()
            .any(|(at, one)| one.sort == sort && one.name == name && found.times(at) > 0)
    };
    let shown = |claim: &Shows| match claim {
        Shows::Case(id) => world::case_of(plan, seed).is_some_and(|case| case.id == *id),
        Shows::Property(id) => happens(Sort::Property, id),
        Shows::Refuses(id) => happens(Sort::GateRefuses, id),
        Shows::Mode(name) => happens(Sort::FailureMode, name),
        Shows::Fault(id) => happens(Sort::Fault, id),
        Shows::Drawn(what, value) => world::drawn(plan, seed)
            .iter()
            .any(|drawn| drawn.what == *what && drawn.value == *value),
        Shows::Misses(id) => world::run(plan, &replay)
            .unwrap()
            .goals
            .iter()
            .any(|goal| goal.id == *id && goal.progress == Progress::Missed),
    };
    let missing = claims.iter().filter(|claim| !shown(claim));
    missing.map(|claim| format!("{claim:?}")).collect()
}

fn scenarios() -> Vec<Scenario> {
    let (library, problems) = study::load(study::files(), &CATALOG);
    assert!(problems.is_empty());
    library.scenarios
}

#[test]
fn what_is_claimed_of_a_chosen_seed_happens_and_is_no_matter_of_course() {
    let scenarios = scenarios();
    let chosen: Vec<_> = scenarios
        .iter()
        .flat_map(|scenario| scenario.seeds.iter().map(move |one| (scenario, one)))
        .collect();
    let wrong: Vec<String> = chosen
        .par_iter()
        .filter_map(|(scenario, one)| {
            let plan = &scenario.plan;
            let name = format!("{} seed {}", plan.id, one.seed);
            let missing = lacks(plan, one.seed, one.severity, &one.shows);
            if !missing.is_empty() {
                return Some(format!("{name} does not show {}", missing.join(", ")));
            }
            let always =
                (0..AMONG).all(|seed| lacks(plan, seed, one.severity, &one.shows).is_empty());
            always.then(|| format!("{name} shows nothing that is not shown by every seed"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn many_worlds_have_chosen_seeds() {
    let scenarios = scenarios();
    let with = scenarios.iter().filter(|one| one.seeds.len() >= 2);
    assert!(with.count() >= 10);
    assert!(scenarios.iter().all(|one| one.seeds.len() <= 3));
}
