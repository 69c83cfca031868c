//! The platform living in the simulator.

#![no_std]

extern crate alloc;

use alloc::boxed::Box;
use protocol::{Plan, Problem, Replay, Reply, Request, RunReport};

/// The one door to a run, for the page's worker, the command line and the tests.
#[derive(Debug, Default)]
pub struct Bench {}

impl Bench {
    /// A bench with no run open.
    #[must_use]
    pub fn new() -> Self {
        Self {}
    }

    /// Answers one request; work per call is bounded.
    pub fn handle(&mut self, request: Request) -> Reply {
        let _ = request;
        Reply::Problem(Problem::new("no-run", "no run is open"))
    }
}

/// Runs a replay to its end.
///
/// # Errors
/// A [`Problem`] that names what in the replay does not exist or is out of range.
pub fn run(plan: &Plan, replay: &Replay) -> Result<RunReport, Box<Problem>> {
    let _ = (plan, replay);
    Err(Box::new(Problem::new("no-run", "no run is open")))
}
