//! What is said about attempts to deploy, and what is told of them.

use crate::id::Token;
use machine::fingerprint::digest;
use machine::{NodeId, Subject};

macro_rules! subjects {
    ($( $(#[doc = $doc:literal])+ $name:ident($inner:ty) = $kind:literal; )+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(pub $inner);

            impl $name {
                /// The number of this kind of thing.
                pub const KIND: u8 = $kind;
            }

            impl From<$name> for Subject {
                fn from(id: $name) -> Self {
                    Self { kind: $name::KIND, id: id.0.into() }
                }
            }
        )+
    };
}

subjects! {
    /// An attempt, in the order in which all of them began.
    AttemptId(u16) = 111;
    /// A deployment that is attempted, by its place in the installation.
    DeploymentNo(u8) = 112;
}

/// How far a worker is with an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// It wants to begin.
    Claim,
    /// It is at it.
    Working,
    /// It is done, well or badly.
    End(bool),
}

/// What somebody who looked has found of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Found {
    /// What it makes is there.
    Running,
    /// It is not, and will not be: the attempt is not let in any more.
    Absent,
    /// It is being made.
    Underway,
}

/// How far the teardown of a deployment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Teardown {
    /// Nothing new is tried; what is there is being removed.
    Started,
    /// All of it is gone.
    Done,
}

/// Why an order was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// An attempt is in flight.
    AttemptInFlight,
    /// Nobody knows what became of the previous attempt.
    PreviousUnknown,
    /// The deployment is being torn down.
    BeingTornDown,
    /// Nobody knows what is there: 409.
    StateUnknown,
    /// The attempt has to be called off first.
    CancelFirst,
    /// There is nothing that it could be done to.
    NothingThere,
}

/// What may be ordered about a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Command {
    /// Begin an attempt.
    Start { deployment: DeploymentNo },
    /// Call the attempt off.
    Cancel { deployment: DeploymentNo },
    /// Look what became of the attempt.
    Reconcile { deployment: DeploymentNo },
    /// Remove all of it; by force although it is unknown, if somebody has looked.
    Teardown {
        deployment: DeploymentNo,
        force: bool,
    },
}

impl Command {
    /// What it is about.
    #[must_use]
    pub const fn deployment(self) -> DeploymentNo {
        match self {
            Self::Start { deployment }
            | Self::Cancel { deployment }
            | Self::Reconcile { deployment }
            | Self::Teardown { deployment, .. } => deployment,
        }
    }
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Message {
    /// Service to worker: this could be done.
    Offer {
        attempt: AttemptId,
        deployment: DeploymentNo,
        token: Token,
        nth: u32,
    },
    /// Worker to service: I am at it, and so far.
    Beat {
        attempt: AttemptId,
        token: Token,
        phase: Phase,
        nth: u32,
    },
    /// Service to worker: it is yours.
    Go {
        attempt: AttemptId,
        token: Token,
        nth: u32,
    },
    /// Service to worker: let go of it.
    Release {
        attempt: AttemptId,
        token: Token,
        nth: u32,
    },
    /// Worker to resource: make it.
    Apply {
        attempt: AttemptId,
        deployment: DeploymentNo,
        nth: u32,
    },
    /// Resource to worker: that came of it.
    Applied {
        attempt: AttemptId,
        well: bool,
        nth: u32,
    },
    /// Service to resource: what is there of this attempt? If nothing, let it in no more.
    Observe {
        attempt: AttemptId,
        deployment: DeploymentNo,
        nth: u32,
    },
    /// Resource to service.
    Observed {
        attempt: AttemptId,
        found: Found,
        nth: u32,
    },
    /// Service to resource: remove all of it.
    Remove { deployment: DeploymentNo, nth: u32 },
    /// Resource to service: it is gone.
    Removed { deployment: DeploymentNo, nth: u32 },
}

impl Message {
    pub(crate) const fn kind(&self) -> u16 {
        match self {
            Self::Offer { .. } => 420,
            Self::Beat {
                phase: Phase::End(_),
                ..
            } => 430,
            Self::Beat { .. } => 421,
            Self::Go { .. } => 422,
            Self::Release { .. } => 423,
            Self::Apply { .. } => 424,
            Self::Applied { .. } => 425,
            Self::Observe { .. } => 426,
            Self::Observed { .. } => 427,
            Self::Remove { .. } => 428,
            Self::Removed { .. } => 429,
        }
    }

    pub(crate) fn subject(&self) -> Subject {
        match *self {
            Self::Offer { attempt, .. }
            | Self::Beat { attempt, .. }
            | Self::Go { attempt, .. }
            | Self::Release { attempt, .. }
            | Self::Apply { attempt, .. }
            | Self::Applied { attempt, .. }
            | Self::Observe { attempt, .. }
            | Self::Observed { attempt, .. } => attempt.into(),
            Self::Remove { deployment, .. } | Self::Removed { deployment, .. } => deployment.into(),
        }
    }

    /// What is asked, by whom and how often; what came of it changes the fate of nothing else.
    pub(crate) fn identity(&self) -> u64 {
        match *self {
            Self::Beat {
                attempt,
                token,
                nth,
                ..
            } => digest(&(421_u16, attempt, token, nth)),
            Self::Applied { attempt, nth, .. } | Self::Observed { attempt, nth, .. } => {
                digest(&(self.kind(), attempt, nth))
            }
            ref other => digest(&(self.kind(), other)),
        }
    }
}

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Note {
    /// An attempt was offered to a worker.
    Offered {
        attempt: AttemptId,
        worker: NodeId,
        token: Token,
    },
    /// A worker was believed, under the attempt's token and its own.
    Believed {
        attempt: AttemptId,
        current: Token,
        report: Token,
    },
    /// What a worker said under an old lease was written down and counts for nothing.
    LateReport { attempt: AttemptId, token: Token },
    /// The end of an attempt was told when nobody waited for it any more.
    LateEnd { attempt: AttemptId, well: bool },
    /// The sweep found attempts of which nothing was heard, and moved so many of them.
    Swept { found: u16, moved: u16 },
    /// Somebody looked what became of an attempt.
    LookedAt { attempt: AttemptId, found: Found },
    /// Somebody was called because an attempt has been unknown for too long.
    Escalated { attempt: AttemptId },
    /// A teardown began.
    TeardownStarted { deployment: DeploymentNo },
    /// A teardown is over.
    TornDown { deployment: DeploymentNo },
    /// An order was carried out, or refused.
    Ordered {
        command: Command,
        refusal: Option<Refusal>,
    },
}
