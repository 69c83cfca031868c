//! CO-LO-EN deployment: what Git wants, brought to edge nodes that may be out of reach, and taken away again.
//!
//! [`Central`] is CO, the record keeper: it reads the desired state from Git and says what is wanted. [`Local`] is LO, the
//! reconciler: it drives each deployment through the lifecycle. [`EdgeNode`] is EN, the executor: it pulls, creates, checks
//! and removes what LO orders. Each has a disk of its own; between them links may be cut at any time.

mod central;
mod edge_node;
mod local;
mod message;

pub use central::{Central, CentralRecord, Hold, Placement, Wanted};
pub use edge_node::{EdgeInstallation, EdgeNode, EdgeRecord, Mark, Slot, Stage};
pub use local::{Deployment, Local, LocalRecord, Site};
pub use message::{Command, Message, Note, Observed, Order, Report, Wish, Work};

use crate::gate;
use machine::{Subject, fingerprint};

/// How many deployments one Git repository holds at most.
pub const MOST: usize = 12;

/// A deployment in Git, by its place in the repository.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item(pub u8);

impl Item {
    /// The number of this kind of thing.
    pub const KIND: u8 = 40;

    /// One life of it: from being added to Git to being removed for good.
    #[must_use]
    pub const fn life(self, incarnation: u16) -> Subject {
        Subject {
            kind: Self::KIND,
            id: (self.0 as u64) << 16 | incarnation as u64,
        }
    }

    /// The deployment that a life is of, and its number.
    #[must_use]
    pub const fn of(subject: Subject) -> (Self, u16) {
        (Self((subject.id >> 16) as u8), subject.id as u16)
    }
}

/// A version of a deployment. Data that it has written can be read by versions whose schema is no lower.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision {
    /// Its number; 0 is none at all.
    pub number: u8,
    /// The schema of its data.
    pub schema: u8,
}

impl Revision {
    /// No version.
    pub const NONE: Self = Self {
        number: 0,
        schema: 0,
    };

    /// Whether it is a version.
    #[must_use]
    pub const fn is_some(self) -> bool {
        self.number > 0
    }
}

/// What one commit of Git wants: a version for each deployment, or none.
pub type Desired = [Revision; MOST];

/// The image that a component's version runs from.
#[must_use]
pub const fn image(component: u8, revision: Revision) -> u32 {
    (component as u32) << 8 | revision.number as u32
}

/// The number under which a host knows an image.
#[must_use]
pub const fn image_number(image: u32) -> u64 {
    fingerprint::fold(0x1A6E, image as u64)
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// Nothing failed.
    #[default]
    None,
    /// The image could not be pulled.
    ImagePullFailed,
    /// The container could not be created.
    ContainerCreationFailed,
    /// The container did not pass its health checks.
    HealthCheckFailed,
    /// The node was not heard of until the attempt's deadline.
    NodeOffline,
    /// The node was heard of and did not get done until the attempt's deadline.
    NoProgress,
}

impl Cause {
    /// Whether the same attempt may end otherwise another time.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::ImagePullFailed | Self::NodeOffline | Self::NoProgress
        )
    }
}

machine::lifecycle! {
    /// Bring one deployment from Git to an edge node, keep it at the version that is wanted, and take it away.
    "CO-LO-EN deployment", home "GitOps";
    gates [&gate::EN_REACHABLE, &gate::DESIRED_GENERATION, &gate::ATTEMPT_TOKEN_CURRENT, &gate::CONTAINER_HEALTHY,
           &gate::CAUSE_RETRYABLE, &gate::RETRY_BUDGET_LEFT, &gate::NOT_QUARANTINED, &gate::ROLLBACK_POLICY_ON,
           &gate::LAST_GOOD_EXISTS, &gate::LAST_GOOD_READS_DATA, &gate::PRUNE_GUARD, &gate::NEVER_DISPATCHED,
           &gate::ABSENCE_PROVEN, &gate::INCARNATION_MATCHES];
    states {
        /// CO has created the deployment; LO has not delivered it to EN yet.
        Pending = "PENDING", Rest;
        /// EN pulls the image and creates the container.
        Installing = "INSTALLING", Way;
        /// The container runs and has passed its health checks.
        Installed = "INSTALLED", Good;
        /// EN replaces the old version by a new one.
        Updating = "UPDATING", Way;
        /// An attempt failed; LO retries, rolls back or waits for an operator.
        Failed = "FAILED", Bad;
        /// EN goes back to the version that ran before.
        RollingBack = "ROLLINGBACK", Way;
        /// EN stops the container and removes it.
        Deleting = "DELETING", Way;
        /// Nothing of it is on EN any more.
        Deleted = "DELETED", Rest;
    }
    transitions {
        /// EN accepted the order.
        Accepted = "accepted": [Pending] => Installing, by "LO",
            gates [&gate::EN_REACHABLE, &gate::DESIRED_GENERATION, &gate::ATTEMPT_TOKEN_CURRENT];
        /// The container has passed its health checks.
        Installed = "installed": [Installing] => Installed, by "EN",
            gates [&gate::CONTAINER_HEALTHY, &gate::ATTEMPT_TOKEN_CURRENT];
        /// EN reported an error, or the progress deadline passed.
        InstallFailed = "install failed": [Installing] => Failed, by "EN", gates [&gate::ATTEMPT_TOKEN_CURRENT];
        /// The back-off is over, or something else is wanted, and nothing has ever run.
        InstallRetried = "install retried": [Failed] => Installing, by "LO",
            gates [&gate::CAUSE_RETRYABLE, &gate::RETRY_BUDGET_LEFT, &gate::EN_REACHABLE];
        /// The back-off is over, or something else is wanted, and an older version has run.
        UpdateRetried = "update retried": [Failed] => Updating, by "LO",
            gates [&gate::CAUSE_RETRYABLE, &gate::RETRY_BUDGET_LEFT, &gate::NOT_QUARANTINED, &gate::EN_REACHABLE];
        /// Git wants another version.
        Changed = "changed": [Installed] => Updating, by "LO", gates [&gate::NOT_QUARANTINED, &gate::EN_REACHABLE];
        /// The new version has passed its health checks.
        Updated = "updated": [Updating] => Installed, by "EN",
            gates [&gate::CONTAINER_HEALTHY, &gate::ATTEMPT_TOKEN_CURRENT];
        /// EN reported an error, or the progress deadline passed.
        UpdateFailed = "update failed": [Updating] => Failed, by "EN", gates [&gate::ATTEMPT_TOKEN_CURRENT];
        /// The policy says to go back to what ran before.
        RollbackStarted = "rollback started": [Failed] => RollingBack, by "LO",
            gates [&gate::ROLLBACK_POLICY_ON, &gate::LAST_GOOD_EXISTS, &gate::LAST_GOOD_READS_DATA, &gate::EN_REACHABLE];
        /// The old version runs again; the one that failed is in quarantine.
        RolledBack = "rolled back": [RollingBack] => Installed, by "EN",
            gates [&gate::CONTAINER_HEALTHY, &gate::ATTEMPT_TOKEN_CURRENT];
        /// The way back failed as well: an operator has to look.
        RollbackFailed = "rollback failed": [RollingBack] => Failed, by "EN", gates [&gate::ATTEMPT_TOKEN_CURRENT];
        /// The node was back in time to prove that the attempt had succeeded.
        Reconciled = "reconciled": [Failed] => Installed, by "LO", gates [&gate::RECONCILE_EVIDENCE];
        /// Git does not want it any more.
        Removed = "removed": [Pending, Installing, Installed, Updating, Failed, RollingBack] => Deleting, by "LO",
            gates [&gate::PRUNE_GUARD];
        /// EN has proven that nothing of it is left.
        Deleted = "deleted": [Deleting] => Deleted, by "EN", gates [&gate::ABSENCE_PROVEN, &gate::INCARNATION_MATCHES];
        /// It was removed before anything was sent to EN.
        NeverDelivered = "never delivered": [Pending] => Deleted, by "LO",
            gates [&gate::PRUNE_GUARD, &gate::NEVER_DISPATCHED];
    }
    failure_modes {
        /// The image is not in the registry, or the registry does not answer.
        ImagePullFailed = "image pull failed";
        /// The container ends before it is up.
        ContainerCreationFailed = "container creation failed";
        /// The container is up and does not pass its checks.
        HealthCheckFailed = "health check failed";
        /// The node is out of reach while something is being installed on it.
        NodeOffline = "node offline during install";
    }
}

impl State {
    /// Whether EN is at work on an attempt.
    #[must_use]
    pub const fn is_under_way(self) -> bool {
        matches!(self, Self::Installing | Self::Updating | Self::RollingBack)
    }

    /// Whether it is going away or gone.
    #[must_use]
    pub const fn is_leaving(self) -> bool {
        matches!(self, Self::Deleting | Self::Deleted)
    }
}
