//! Deployment attempts: several tries to bring up one deployment, one at a time, and what is done when nobody knows how one
//! ended.
//!
//! [`Attempts`] keeps the records. Workers carry attempts out on the real resource; the state of a deployment is that of its
//! newest attempt and nothing else.

mod message;
mod orders;
mod service;

pub use message::{
    AttemptId, Command, DeploymentNo, Found, Message, Note, Phase, Refusal, Teardown,
};
pub use service::{Attempt, Attempts, Deployment, Installation, Record};

use crate::gate;

machine::lifecycle! {
    /// Try once to bring up a deployment.
    "Deployment attempt", home "Control plane operation";
    gates [&gate::ONE_ATTEMPT, &gate::PREVIOUS_KNOWN, &gate::ATTEMPT_TOKEN, &gate::END_OBSERVED, &gate::TEARDOWN_KNOWN];
    states {
        /// It waits for a worker.
        Pending = "pending", Way;
        /// A worker carries it out.
        Deploying = "deploying", Way;
        /// What it should make is there.
        Ready = "ready", Good;
        /// What it should make is not there, and will not be.
        Failed = "failed", Bad;
        /// There is no proof of either.
        Unknown = "unknown", Rest;
    }
    transitions {
        /// A worker claimed it under the newest lease.
        Claimed = "claimed": [Pending] => Deploying, by "worker", gates [&gate::ATTEMPT_TOKEN];
        /// Its worker said that it ended well.
        EndedWell = "ended well": [Deploying] => Ready, by "worker", gates [&gate::ATTEMPT_TOKEN];
        /// Its worker said that it ended badly.
        EndedBadly = "ended badly": [Deploying] => Failed, by "worker", gates [&gate::ATTEMPT_TOKEN];
        /// It was called off before it had any effect.
        CalledOff = "called off": [Pending, Deploying] => Failed, by "operator", gates [&gate::NO_EFFECT_PROVEN];
        /// Nothing was heard of it for too long.
        Orphaned = "orphaned": [Pending, Deploying] => Unknown, by "orphan sweep", gates [];
        /// Somebody looked, and what it should make is there.
        FoundReady = "found ready": [Unknown] => Ready, by "reconciler", gates [&gate::END_OBSERVED];
        /// Somebody looked, and what it should make is not there and will not be.
        FoundFailed = "found failed": [Unknown] => Failed, by "reconciler", gates [&gate::END_OBSERVED];
    }
    failure_modes {
        /// Its worker is not heard of any more, and nobody knows how far it came.
        OrphanedAttempt = "orphaned attempt";
        /// Its end is told when nobody waits for it any more.
        LateEnd = "late attempt end";
        /// Somebody wants to tear down what nobody knows the state of.
        TeardownOfUnknown = "teardown of unknown";
    }
}

impl State {
    /// Whether an attempt has ended for good.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Ready | Self::Failed)
    }
}
