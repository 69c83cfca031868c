//! Seeds that once found a bug, each with a sentence on it. They hold now.

use crate::sweep::{Job, broken};
use probe::plans;
use world::Played;

const FOUND: [(&str, Played, u64, &str); 4] = [
    (
        "cut-off-runners",
        Played::Nothing,
        7,
        "a wake that another allocation made hot put the one it had started into rotation, ready or not",
    ),
    (
        "bad-night",
        Played::Nothing,
        8,
        "the pace of two routes was judged as if it were one",
    ),
    (
        "stuck-wake",
        Played::Meddling,
        205,
        "an edge that was down was judged by what it had held",
    ),
    (
        "deployment-attempts",
        Played::Meddling,
        1926,
        "an event whose answer was lost was told a second time, behind somebody else's",
    ),
];

#[test]
fn what_once_broke_holds_digest() {
    let plans = plans::all();
    for (id, played, seed, sentence) in FOUND {
        let plan = plans
            .iter()
            .find(|plan| plan.id == id)
            .unwrap_or_else(|| panic!("there is no plan {id}"));
        let job = Job { plan, seed, played };
        assert!(
            broken(&job.run()).is_empty(),
            "{} broke again: {sentence}",
            job.name()
        );
    }
}
