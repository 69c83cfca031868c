//! What is true of the whole: arrows between the crates, house rules, equal fingerprints, teeth of every gate, coverage.

mod enforced;
mod hazards;
mod regress;
mod sweep;
mod teeth;
