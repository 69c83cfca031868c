//! Speed: how many entries a second the whole engine makes, recorded and watched, of the same runs in every build.

use crate::plans;
use crate::replays::{Played, replay};
use protocol::{Plan, Reply, Request};
use world::Bench;

/// Runs a plan to its end at a bench, with history, keyframes and properties; how many entries that were.
///
/// # Panics
/// If the bench refuses, which is a bug of the plan.
#[must_use]
pub fn at_a_bench(plan: &Plan, seed: u64) -> (u64, u64) {
    let mut bench = Bench::new();
    match bench.handle(Request::Open { plan: Box::new(plan.clone()), replay: Box::new(replay(plan, seed, Played::Nothing)) }) {
        Reply::Opened(opened) => (opened.frame.step, opened.frame.fingerprint),
        other => panic!("{}: {other:?}", plan.id),
    }
}

/// Calls `print` with one line for each plan: `speed NAME ENTRIES MICROSECONDS FINGERPRINT`, the fastest of some rounds.
/// `now` is a clock in milliseconds.
pub fn speed(now: impl Fn() -> f64, mut print: impl FnMut(String)) {
    for plan in plans::lessons().into_iter().chain([plans::standard()]) {
        let mut fastest = f64::INFINITY;
        let mut found = (0, 0);
        // One round of several seeds is far longer than the clock's step; the first also warms the compiler up.
        for _ in 0..7 {
            let begin = now();
            found = (0..6).map(|seed| at_a_bench(&plan, seed)).fold((0, 0), |(entries, folded), (more, fingerprint)| {
                (entries + more, machine::fingerprint::fold(folded, fingerprint))
            });
            fastest = fastest.min(now() - begin);
        }
        print(format!("speed {} {} {} {:016x}", plan.id, found.0, (fastest * 1000.0).round(), found.1));
    }
}
