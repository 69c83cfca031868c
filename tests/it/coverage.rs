//! Coverage: everything that is declared happens in some run: states, arrows, rulings, failure modes, faults, properties.

use crate::sweep::{jobs, seeds};
use probe::plans;
use rayon::prelude::*;
use world::{Coverage, replay, seen};

#[test]
fn everything_declared_happens_in_some_run_digest_sweep() {
    let plans = plans::all();
    let jobs = jobs(&plans, &seeds(60));
    let found: Vec<_> = jobs
        .par_iter()
        .map(|job| {
            seen(job.plan, &replay(job.plan, job.seed, job.played))
                .unwrap_or_else(|problem| panic!("{}: {problem}", job.name()))
        })
        .collect();
    let mut coverage = Coverage::default();
    for seen in &found {
        coverage.add(seen);
    }
    let missing: Vec<String> = coverage
        .missing()
        .map(|one| format!("{} {} {}", one.sort.id(), one.of, one.name))
        .collect();
    assert!(
        missing.is_empty(),
        "never happened in {} runs:\n{}",
        jobs.len(),
        missing.join("\n")
    );
}
