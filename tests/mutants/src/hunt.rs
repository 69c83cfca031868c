//! The hunt: runs worlds, seed by seed, until a property breaks.

use probe::plans;
use protocol::{Kind, Plan, property};
use rayon::prelude::*;
use std::process::ExitCode;
use world::{Played, replay};

/// How many seeds of every world are run at most.
const SEEDS: u64 = 24;
/// How many runs are made before they are looked at.
const BATCH: usize = 64;

/// Says what broke first, and after how many runs; 1 if something did.
pub fn run() -> ExitCode {
    let plans = plans::all();
    let ways: Vec<(&Plan, Played)> = plans
        .iter()
        .flat_map(|plan| Played::ALL.into_iter().map(move |played| (plan, played)))
        .filter(|(plan, played)| played.differs(plan))
        .collect();
    // By seed first, so that what shows in one world only is not looked for in all seeds of another.
    let jobs: Vec<(u64, &Plan, Played)> = (0..SEEDS)
        .flat_map(|seed| {
            ways.iter()
                .map(move |(plan, played)| (seed, *plan, *played))
        })
        .collect();
    for (nth, batch) in jobs.chunks(BATCH).enumerate() {
        let broken: Vec<Option<String>> = batch
            .par_iter()
            .map(|(seed, plan, played)| broken(plan, *seed, *played))
            .collect();
        let first = broken
            .into_iter()
            .enumerate()
            .find_map(|(at, broken)| Some((at, broken?)));
        if let Some((at, broken)) = first {
            let (seed, plan, played) = batch[at];
            let runs = nth * BATCH + at + 1;
            println!(
                "{broken}, run {runs}: {} {} seed {seed}",
                plan.id,
                played.name()
            );
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// The first property that a run breaks. Guards against empty runs are no promises of one run.
fn broken(plan: &Plan, seed: u64, played: Played) -> Option<String> {
    let report = world::run(plan, &replay(plan, seed, played)).ok()?;
    report
        .properties
        .iter()
        .find(|one| {
            one.verdict == "broken"
                && property(&one.id).is_some_and(|spec| spec.kind != Kind::Sometimes)
        })
        .map(|one| one.id.clone())
}
