//! The check: however a run is stepped, recorded and sought, there is one fingerprint.

use machine::Time;
use sim::{Fleet, Recording, Run, SeekError, Setup};

/// The portions that runs are stepped in: one at a time, a few, many, all at once.
pub const PORTIONS: [u64; 4] = [1, 7, 1000, u64::MAX];

/// The one fingerprint that all these are.
///
/// # Errors
/// A sentence that shows the different ones.
pub fn agree(found: &[u64]) -> Result<u64, String> {
    let Some(first) = found.first() else {
        return Err("nothing was run".to_string());
    };
    if found.iter().all(|other| other == first) {
        return Ok(*first);
    }
    let all: Vec<String> = found
        .iter()
        .map(|fingerprint| format!("{fingerprint:016x}"))
        .collect();
    Err(format!(
        "one run came out in different ways: {}",
        all.join(" ")
    ))
}

/// The fingerprints of one run of any system, had in every way there is: in each of the portions, recorded, after seeks
/// to and fro, and on a branch from every eighth of it. All runs are kept until the end, so that no two share an address.
///
/// # Errors
/// What a seek ran into.
pub fn ways<F: Fleet>(setup: impl Fn() -> Setup<F>) -> Result<Vec<u64>, SeekError> {
    let mut kept = Vec::new();
    let mut found = Vec::new();
    for portion in PORTIONS {
        let mut run: Run<F, ()> = Run::new(
            Setup {
                recording: Recording::FingerprintOnly,
                ..setup()
            },
            (),
        );
        while run.run(portion) == portion {}
        found.push(run.fingerprint());
        kept.push(run);
    }
    let mut run: Run<F, ()> = Run::new(
        Setup {
            recording: Recording::Full,
            ..setup()
        },
        (),
    );
    run.run_to(Time(u64::MAX), u64::MAX);
    found.push(run.fingerprint());
    let length = run.history().len();
    for step in [length / 4, length, length / 2, 0, length * 3 / 4, length] {
        run.seek(step)?;
    }
    found.push(run.fingerprint());
    for eighth in 0..8 {
        let mut fork = run.fork(length * eighth / 8)?;
        fork.run_to(Time(u64::MAX), u64::MAX);
        found.push(fork.fingerprint());
        kept.push(fork);
    }
    Ok(found)
}

/// Whether a system comes out the same in every way, and as what.
///
/// # Errors
/// A sentence on what differed.
pub fn check<F: Fleet>(setup: impl Fn() -> Setup<F>) -> Result<u64, String> {
    agree(&ways(setup).map_err(|error| error.to_string())?)
}
