//! Sweeps: many runs on all cores, and what broke in them.
//!
//! **Invariants.** What comes out depends on the list of runs alone, not on which is finished first.

use protocol::{Kind, Plan, RunReport, property};
use rayon::prelude::*;
use std::ops::Range;
use world::{Played, replay};

/// The range of seeds of a large sweep: all of it in an optimised build (the stage `digests`), its beginning in an
/// unoptimised one, which takes many times as long for each.
pub const fn seeds(all: u64) -> Range<u64> {
    if cfg!(debug_assertions) && all > 12 {
        0..12
    } else {
        0..all
    }
}

/// From which seed on a run is made once only: that it comes out the same every time is seen before.
const ONCE: u64 = 100;

/// One run.
pub struct Job<'a> {
    pub plan: &'a Plan,
    pub seed: u64,
    pub played: Played,
}

/// Every plan with every seed, played in each way that makes a difference for it.
pub fn jobs<'a>(plans: &'a [Plan], seeds: &Range<u64>) -> Vec<Job<'a>> {
    let ways = |plan: &Plan| {
        Played::ALL
            .into_iter()
            .filter(|played| played.differs(plan))
            .collect::<Vec<_>>()
    };
    plans
        .iter()
        .flat_map(|plan| ways(plan).into_iter().map(move |played| (plan, played)))
        .flat_map(|(plan, played)| seeds.clone().map(move |seed| Job { plan, seed, played }))
        .collect()
}

impl Job<'_> {
    /// Runs it to its end.
    pub fn run(&self) -> RunReport {
        let run = if self.seed < ONCE {
            world::run
        } else {
            world::run_once
        };
        run(self.plan, &replay(self.plan, self.seed, self.played))
            .unwrap_or_else(|problem| panic!("{}: {problem}", self.plan.id))
    }

    /// What to call it.
    pub fn name(&self) -> String {
        format!("{} {} seed {}", self.plan.id, self.played.name(), self.seed)
    }
}

/// Runs all of them and gives what `look` found, in the order of the jobs.
pub fn each<T: Send>(
    jobs: &[Job<'_>],
    look: impl Fn(&Job<'_>, &RunReport) -> Option<T> + Sync,
) -> Vec<T> {
    jobs.par_iter()
        .filter_map(|job| look(job, &job.run()))
        .collect()
}

/// The properties that a run broke, with what was seen. Guards against empty runs are no promises of one run.
pub fn broken(report: &RunReport) -> Vec<(&str, &str)> {
    report
        .properties
        .iter()
        .filter(|one| {
            one.verdict == "broken"
                && property(&one.id).is_some_and(|spec| spec.kind != Kind::Sometimes)
        })
        .map(|one| (one.id.as_str(), one.evidence.as_deref().unwrap_or_default()))
        .collect()
}
