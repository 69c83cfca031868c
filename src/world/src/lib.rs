//! The platform living in the simulator: fleet, workload, faults, properties, and the bench that people work at.
//!
//! Start with [`Bench`], the one door for the page's worker, the command line and the tests, or with [`run`], which plays
//! a replay to its end. `lower` turns a plan into a simulator's setup, `fleet` holds the nodes, `watch` judges every
//! entry, `view` puts it into words.
//!
//! **Invariants.** A run is a pure function of plan, seed, waivers, knobs and actions. What judges or shows a run never
//! changes it.

#![no_std]

extern crate alloc;

mod bench;
mod coverage;
mod debrief;
mod fleet;
mod line;
mod lower;
mod played;
mod reading;
mod report;
mod series;
mod teeth;
mod twin;
mod view;
mod watch;

pub use bench::Bench;
pub use coverage::{Coverage, Declared, Reached, Seen, Sort, declared, seen};
pub use lower::{case_of, drawn};
pub use played::{Played, replay};
pub use report::{run, run_again, run_once, runs_alike, story};
pub use teeth::{Bite, Found, Trial, caught, sharpest};
