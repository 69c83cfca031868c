//! Teeth: every gate matters. Waived, some run breaks a named property, or misses a goal that the same run meets with the
//! gate in force.
//!
//! **Not here.** That nothing breaks with every gate in force: `enforced`.

use crate::sweep::{Job, broken, jobs, missed, seeds};
use platform::CATALOG;
use probe::plans;
use probe::replays::{replay, waiving};
use rayon::prelude::*;

/// What waiving a gate did.
struct Bite {
    /// The property that broke, or the goal that was missed.
    what: String,
    /// In which run.
    run: String,
    /// How many runs were made until then, this one included.
    runs: usize,
}

/// What a run without the gate breaks that the same run keeps with it.
fn bite(job: &Job<'_>, gate: &str) -> Option<String> {
    let enforced = job.run();
    let waived = world::run(
        job.plan,
        &waiving(&replay(job.plan, job.seed, job.played), gate),
    )
    .ok()?;
    let kept = broken(&enforced);
    let new = broken(&waived)
        .into_iter()
        .find(|(id, _)| !kept.iter().any(|(kept, _)| kept == id));
    new.map(|(id, _)| id.to_string()).or_else(|| {
        missed(&enforced, &waived)
            .first()
            .map(|goal| format!("goal {goal}"))
    })
}

fn first_bite(jobs: &[Job<'_>], gate: &str) -> Option<Bite> {
    // The first in the order of the list, whichever core finds one first.
    let (at, what) = jobs
        .par_iter()
        .enumerate()
        .find_map_first(|(at, job)| Some((at, bite(job, gate)?)))?;
    Some(Bite {
        what,
        run: jobs[at].name(),
        runs: at + 1,
    })
}

#[test]
fn every_gate_has_teeth_digest_sweep() {
    let plans = plans::all();
    // By seed first, so that a gate that bites in one plan only is not looked for in a thousand runs of another.
    let mut jobs = jobs(&plans, &seeds(1000));
    jobs.sort_by_key(|job| job.seed);
    let mut toothless = Vec::new();
    println!("| gate | breaks | first in | runs |\n| --- | --- | --- | ---: |");
    for gate in CATALOG.gates {
        match first_bite(&jobs, &gate.id()) {
            Some(Bite { what, run, runs }) => {
                println!("| {} | {what} | {run} | {runs} |", gate.id())
            }
            None => {
                println!("| {} | NOTHING | | {} |", gate.id(), jobs.len());
                toothless.push(gate.id());
            }
        }
    }
    assert!(
        toothless.is_empty(),
        "nothing broke without {}",
        toothless.join(", ")
    );
}
