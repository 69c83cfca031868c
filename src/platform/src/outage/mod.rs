//! Provider Outage: what apps are bound to outside of the platform, and what waits while one of these degrades.
//!
//! [`Watch`] is the service that probes every provider in every region itself, holds back deploys, promotions, migrations
//! and wakes that need one that does not answer well, tells owners whose trouble it is, and lets what was held go on step by
//! step. It carries nothing out: what may go on is handed to the part of the platform that does it. A [`Caller`] is whoever
//! in an app calls a provider, and tries again.

mod caller;
mod message;
mod orders;
mod rows;
mod watch;

pub use caller::Caller;
pub use message::{
    Cause, Command, Condition, DependencyId, Kind, Message, Note, Provider, Why, WorkId,
};
pub use rows::{
    Dependency, Environment, Installation, Owner, Probe, Record, Standing, Task, Work, WorkState,
};
pub use watch::Watch;
