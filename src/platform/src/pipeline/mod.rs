//! Deploy Pipeline: from a commit to a preview that somebody can look at.
//!
//! [`Pipeline`] decides. Builders, source, registry and environment are outside of it: what they say is evidence, under a
//! lease and with an age. Whatever it commits it tells by an [`outbox`](Outbox) and by nothing else.

mod builds;
mod message;
mod outbox;
mod preview;
mod service;

pub use message::{
    Blocker, Cause, Command, DbImpact, Defect, DeployId, Look, Message, Note, Product, Progress,
    Standing, StateImpact,
};
pub use outbox::{Event, Outbox, Told};
pub use service::{Deploy, Evidence, Installation, Pipeline, Planned, Record};

use crate::gate;

machine::lifecycle! {
    /// Make a commit into a preview that somebody can look at.
    "Deploy Pipeline", home "Control plane operation";
    gates [&gate::GENERATED_CURRENT, &gate::STATE_IMPACT_CLASSIFIED, &gate::DB_IMPACT_CLASSIFIED, &gate::BINDINGS_BOUND];
    states {
        /// It was asked for and waits for a builder.
        Queued = "queued", Way;
        /// A builder fetches the commit.
        Cloning = "cloning", Way;
        /// A builder makes the artifact.
        Building = "building", Way;
        /// The artifact is there; everything that a preview needs is looked at.
        Validating = "validating", Way;
        /// The preview runs and may be looked at.
        PreviewReady = "preview_ready", Good;
        /// It waits for somebody, and says for whom.
        Blocked = "blocked", Rest;
        /// It ended without a preview.
        Failed = "failed", Bad;
    }
    transitions {
        /// A builder was free and got the lease.
        Leased = "leased": [Queued] => Cloning, by "scheduler", gates [&gate::OTHER_BUILDER];
        /// The builder has the commit's own tree.
        Fetched = "fetched": [Cloning] => Building, by "builder", gates [&gate::TREE_PINNED, &gate::BUILD_TOKEN];
        /// The registry holds what the builder has built.
        Built = "built": [Building] => Validating, by "builder", gates [&gate::BUILD_DIGEST_MATCHES, &gate::BUILD_TOKEN];
        /// Everything that a preview needs is so, and it runs.
        Passed = "passed": [Validating] => PreviewReady, by "control plane",
            gates [&gate::GENERATED_CURRENT, &gate::STATE_IMPACT_CLASSIFIED, &gate::COLD_ACKNOWLEDGED,
                   &gate::DB_IMPACT_CLASSIFIED, &gate::MIGRATION_APPLIED, &gate::BINDINGS_BOUND,
                   &gate::PREVIEW_ALLOCATION_READY, &gate::PREVIEW_EVIDENCE_FRESH];
        /// Somebody else has to do something first.
        Stopped = "stopped": [Validating] => Blocked, by "control plane", gates [];
        /// The commit itself is not right.
        Defective = "defective": [Validating] => Failed, by "control plane", gates [&gate::GENERATED_CURRENT];
        /// What stood in the way is gone; everything is looked at anew.
        Cleared = "cleared": [Blocked] => Validating, by "control plane", gates [];
        /// Nobody did anything for too long, or somebody called it off.
        Expired = "expired": [Blocked] => Failed, by "control plane", gates [];
        /// Its builder was not heard of any more, or spoilt the build; another try.
        Requeued = "requeued": [Cloning, Building] => Queued, by "scheduler", gates [&gate::BUILD_TRIES_LEFT];
        /// It took too long, its builder found an error, it was called off, or a newer commit took its place.
        GaveUp = "gave up": [Queued, Cloning, Building, Validating] => Failed, by "control plane", gates [];
    }
    failure_modes {
        /// What is committed as generated is not what the commit's sources make.
        StaleArtifacts = "stale artifacts";
        /// What the registry holds is not what the builder says it has built.
        BuildDigestMismatch = "build digest mismatch";
        /// Live state would be lost, and nobody has agreed to that for this artifact.
        ColdDeployNeedsApproval = "cold deploy needs approval";
        /// The preview needs a schema that is not there yet.
        MigrationBlocksPreview = "migration blocks preview";
    }
}
