//! The check of equal fingerprints notices what it is there to notice, and stays silent where nothing is wrong.

use probe::alike;
use probe::hazard::{Hazard, Ring};

#[test]
fn a_calm_toy_has_one_digest() {
    for seed in 0..4 {
        alike::check(|| Ring::setup(Hazard::Calm, seed)).unwrap();
    }
}

#[test]
fn every_hazard_turns_the_digest_check_red() {
    for hazard in Hazard::IN_ONE_PROCESS {
        for seed in 0..4 {
            let found = alike::check(|| Ring::setup(hazard, seed));
            assert!(
                found.is_err(),
                "`{}` went unnoticed with seed {seed}: {found:?}",
                hazard.name()
            );
        }
    }
}

/// Two builds of one program on one machine agree on these, so that only another machine can show them: the stage
/// `wasm-digests` does.
#[test]
fn what_is_left_to_another_machine_is_looked_for_there() {
    let here = Hazard::IN_ONE_PROCESS;
    for hazard in Hazard::ALL {
        assert!(
            here.contains(&hazard) || Hazard::IN_WASM.contains(&hazard),
            "nothing looks for `{}`",
            hazard.name()
        );
    }
}
