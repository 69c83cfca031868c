//! What is true of the whole: arrows between the crates, house rules, equal fingerprints, teeth of every gate, coverage,
//! chosen seeds.
//!
//! What takes long has `digest` in its name and is made twice: with a part of its seeds in the unoptimised build of the
//! stage `unit`, and with all of them in the optimised build of the stage `digests`.

mod arrows;
mod chosen;
mod coverage;
mod digests;
mod enforced;
mod hazards;
mod incidents;
mod regress;
mod repository;
mod severity;
mod sweep;
mod teeth;
mod tidy;
