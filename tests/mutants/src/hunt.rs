//! The hunt: runs worlds, seed by seed, until a property breaks.

use crate::Noticed;
use probe::plans;
use protocol::{Kind, Plan, property};
use rayon::prelude::*;
use std::process::ExitCode;
use world::{Played, Trial, replay};

/// How many runs are made before they are looked at.
const BATCH: usize = 64;

/// Runs so many seeds of every world and says what broke first, and after how many of them; 1 if something did.
pub fn run(seeds: u64) -> ExitCode {
    let plans = plans::all();
    let ways: Vec<(&Plan, Played)> = plans
        .iter()
        .flat_map(|plan| Played::ALL.into_iter().map(move |played| (plan, played)))
        .filter(|(plan, played)| played.differs(plan))
        .collect();
    // By seed first, so that what shows in one world only is not looked for in all seeds of another.
    let jobs: Vec<(u64, &Plan, Played)> = (0..seeds)
        .flat_map(|seed| {
            ways.iter()
                .map(move |(plan, played)| (seed, *plan, *played))
        })
        .collect();
    for (nth, batch) in jobs.chunks(BATCH).enumerate() {
        let broken: Vec<Option<(String, String)>> = batch
            .par_iter()
            .map(|(seed, plan, played)| broken(plan, *seed, *played))
            .collect();
        let first = broken
            .into_iter()
            .enumerate()
            .find_map(|(at, broken)| Some((at, broken?)));
        if let Some((at, (property, evidence))) = first {
            let (seed, plan, played) = batch[at];
            let noticed = Noticed {
                property,
                seeds: seed + 1,
                runs: nth * BATCH + at + 1,
                scenario: plan.id.clone(),
                seed,
                played: played.name().to_owned(),
                evidence,
            };
            return match serde_json::to_string(&noticed) {
                Ok(line) => {
                    println!("{line}");
                    ExitCode::FAILURE
                }
                Err(_) => ExitCode::from(2),
            };
        }
    }
    ExitCode::SUCCESS
}

/// The first property that a run breaks, and what was seen. Guards against empty runs are no promises of one run.
fn broken(plan: &Plan, seed: u64, played: Played) -> Option<(String, String)> {
    let trial = Trial::new(plan, replay(plan, seed, played)).ok()?;
    let broken = trial.report.properties.into_iter().filter(|one| {
        one.verdict == "broken"
            && property(&one.id).is_some_and(|spec| spec.kind != Kind::Sometimes)
    });
    broken
        .min_by_key(|one| one.step)
        .map(|one| (one.id, one.evidence.unwrap_or_default()))
}
