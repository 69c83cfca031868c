//! The runs that every build of the engine has to agree on, and the check that they do.
//!
//! The tests run them in debug and in release; the program of this package prints them, natively and in wasm, so that
//! two listings can be compared line by line.
//!
//! **Invariants.** What a line says depends on nothing but the build. The toys with a hazard are the exception on
//! purpose: they show that the check notices what it is there to notice.

pub mod alike;
pub mod hazard;
pub mod lines;
pub mod plans;
pub mod speed;
