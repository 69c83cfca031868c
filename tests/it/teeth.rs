//! Teeth: every gate matters. Waived, some run breaks a named property, or misses a goal that the same run meets with the
//! gate in force. What nobody should do is stopped by such a gate, or caught when it is done.
//!
//! **Not here.** That nothing breaks with every gate in force: `enforced`. The matrix for people: `lab teeth`.

use crate::sweep::{jobs, seeds};
use platform::CATALOG;
use probe::plans;
use rayon::prelude::*;
use world::{Trial, caught, replay, sharpest};

/// How many runs are tried before the gates that have bitten are left out.
const BATCH: usize = 256;

#[test]
fn every_gate_has_teeth_digest_sweep() {
    let plans = plans::all();
    // By seed first, so that a gate that bites in one plan only is not looked for in a thousand runs of another.
    let mut jobs = jobs(&plans, &seeds(1000));
    jobs.sort_by_key(|job| job.seed);
    let mut open: Vec<_> = CATALOG.gates.to_vec();
    for batch in jobs.chunks(BATCH) {
        let trials: Vec<_> = batch
            .par_iter()
            .map(|job| {
                let trial = Trial::new(job.plan, replay(job.plan, job.seed, job.played));
                (job.plan, trial.unwrap())
            })
            .collect();
        open = open
            .into_par_iter()
            .filter(|gate| sharpest(&trials, gate).unwrap().is_none())
            .collect();
        if open.is_empty() {
            return;
        }
    }
    let toothless: Vec<_> = open.iter().map(|gate| gate.id()).collect();
    panic!("nothing broke without {}", toothless.join(", "));
}

/// The gates that stop an anti-pattern have teeth as all gates have; what is left is to do it.
#[test]
fn whatever_nobody_should_do_is_caught_digest_sweep() {
    let (library, _) = study::load(study::files(), &CATALOG);
    let (found, problems) = study::anti_patterns(&library, &CATALOG);
    assert!(problems.is_empty(), "{problems:?}");
    let unseen: Vec<_> = found
        .par_iter()
        .flat_map_iter(|one| &one.done)
        .filter(|(scenario, action)| {
            let plan = &library.scenario(scenario).unwrap().plan;
            caught(plan, action, seeds(1000)).unwrap().is_none()
        })
        .collect();
    assert!(unseen.is_empty(), "nothing came of {unseen:?}");
}
