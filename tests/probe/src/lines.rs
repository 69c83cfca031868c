//! Lines: `kind name seed fingerprint`, one for each run of the list.

use crate::hazard::{Hazard, Ring};
use crate::plans;
use sim::{Recording, Run, Setup};
use world::{Played, replay};

/// Calls `print` with each line: runs of the engine with these seeds, the calm toy, and the toys with a hazard.
///
/// # Panics
/// If a plan cannot be run, which is a bug of the plan.
pub fn lines(seeds: u64, mut print: impl FnMut(String)) {
    for plan in plans::all() {
        for seed in 0..seeds {
            for played in Played::ALL
                .into_iter()
                .filter(|played| played.differs(&plan))
            {
                let report = world::run(&plan, &replay(&plan, seed, played))
                    .unwrap_or_else(|problem| panic!("{}: {problem}", plan.id));
                print(format!(
                    "engine {}/{} {seed} {}",
                    plan.id,
                    played.name(),
                    report.fingerprint
                ));
            }
        }
    }
    for hazard in [Hazard::Calm].into_iter().chain(Hazard::IN_WASM) {
        let kind = if hazard == Hazard::Calm {
            "calm"
        } else {
            "hazard"
        };
        for seed in 0..seeds.min(3) {
            let mut run: Run<Ring, ()> = Run::new(
                Setup {
                    recording: Recording::FingerprintOnly,
                    ..Ring::setup(hazard, seed)
                },
                (),
            );
            run.run(u64::MAX);
            print(format!(
                "{kind} {} {seed} {:016x}",
                hazard.name(),
                run.fingerprint()
            ));
        }
    }
}
