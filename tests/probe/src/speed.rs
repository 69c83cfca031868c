//! Speed: how many entries a second the whole engine makes, recorded and watched, of the same runs in every build.

use crate::plans;
use protocol::{Plan, Reply, Request};
use world::Bench;
use world::{Played, replay};

/// Runs a plan to its end at a bench, with history, keyframes and properties; how many entries that were.
///
/// # Panics
/// If the bench refuses, which is a bug of the plan.
#[must_use]
pub fn at_a_bench(plan: &Plan, seed: u64) -> (u64, u64) {
    let mut bench = Bench::new();
    match bench.handle(Request::Open {
        plan: Box::new(plan.clone()),
        replay: Box::new(replay(plan, seed, Played::Nothing)),
    }) {
        Reply::Opened(opened) => (opened.frame.step, opened.frame.fingerprint),
        other => panic!("{}: {other:?}", plan.id),
    }
}

/// How many seeds of each plan are run.
const SEEDS: u64 = 6;
/// How often each of them is run: the fastest counts, and short runs have a chance to be left alone by what else goes on.
const ROUNDS: u32 = 25;

/// Calls `print` with one line for each plan: `speed NAME ENTRIES MICROSECONDS FINGERPRINT`. `now` is a clock in
/// milliseconds.
///
/// All of it runs twice, and the first time is not printed: a browser begins with code that is quick to make and replaces
/// it by better code behind the scenes, and it is the latter that a run of some length is made by.
pub fn speed(now: impl Fn() -> f64, mut print: impl FnMut(String)) {
    pass(&now, |_| {});
    pass(&now, &mut print);
}

fn pass(now: impl Fn() -> f64, mut print: impl FnMut(String)) {
    for plan in plans::lessons().into_iter().chain([plans::standard()]) {
        let (mut entries, mut folded, mut millis) = (0, 0, 0.0);
        for seed in 0..SEEDS {
            let mut fastest = f64::INFINITY;
            let mut found = (0, 0);
            for _ in 0..ROUNDS {
                let begin = now();
                found = at_a_bench(&plan, seed);
                fastest = fastest.min(now() - begin);
            }
            entries += found.0;
            folded = machine::fingerprint::fold(folded, found.1);
            millis += fastest;
        }
        print(format!(
            "speed {} {entries} {:.0} {folded:016x}",
            plan.id,
            millis * 1000.0
        ));
    }
}
