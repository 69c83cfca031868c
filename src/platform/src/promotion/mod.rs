//! Production Promotion: from a validated preview to the owner of a route, and the log by which every edge learns of it.
//!
//! The operations themselves are the control plane's (`control::promotions`), since they change route owners with the
//! same compare-and-set as everything else. [`Log`] is the route event stream; an edge follows it with a cursor of its own
//! (`edge::cursor`), and begins from a signed snapshot. The table below can be laid beside the handbook's K.2 line by line.

mod log;
mod message;

pub use log::{Log, Stored, StreamConfig};
pub use message::{
    Ack, Baseline, Command, Event, Gap, GapPolicy, Message, Note, Owner, PromotionId, Services,
    checksum, sign,
};

use crate::gate;
use crate::id::{DeploymentId, Digest, Epoch, RouteId};
use crate::pipeline::DeployId;
use alloc::vec::Vec;
use machine::{NodeId, Time};

machine::lifecycle! {
    /// Give a production route to an artifact that was validated in a preview.
    "Production Promotion", home "Promotion operation";
    gates [&gate::PREVIEW_MATCHES, &gate::PREDECESSOR_CURRENT, &gate::APPROVAL_PRESENT, &gate::RUNTIME_SERVICES_READY];
    states {
        /// Somebody asked for it.
        Requested = "requested", Rest;
        /// What has to be true before the owner may change is being found out.
        PolicyCheck = "policy_check", Way;
        /// The owner is about to change, if its predecessor is still the current one.
        RouteCas = "route_cas", Way;
        /// The owner has changed; the edges are being told, and the new artifact is watched.
        EdgePropagating = "edge_propagating", Way;
        /// Every required edge serves the new owner, and it has behaved.
        Healthy = "healthy", Good;
        /// The previous owner has the route again, under a newer epoch.
        RolledBack = "rolled_back", Rest;
        /// It ended without being healthy; the row says who has authority.
        Failed = "failed", Bad;
    }
    transitions {
        /// Nothing is frozen: the checks begin.
        Checked = "checked": [Requested] => PolicyCheck, by "control plane", gates [&gate::ENVIRONMENT_OPEN];
        /// Everything that has to be true is.
        Cleared = "cleared": [PolicyCheck] => RouteCas, by "control plane",
            gates [&gate::PREVIEW_MATCHES, &gate::ARTIFACT_STAYS, &gate::APPROVAL_PRESENT, &gate::RUNTIME_SERVICES_READY, &gate::ARTIFACT_READS_SCHEMA];
        /// The owner has changed, and the epoch has risen by one.
        OwnerChanged = "owner changed": [RouteCas] => EdgePropagating, by "control plane",
            gates [&gate::EPOCH_FLOOR_SET, &gate::PREDECESSOR_CURRENT];
        /// Every required edge has it, and the artifact has behaved for long enough.
        Soaked = "soaked": [EdgePropagating] => Healthy, by "control plane",
            gates [&gate::EDGES_ACKNOWLEDGED, &gate::EDGE_NOT_SUSPECT, &gate::SOAK_PASSED];
        /// The previous owner has the route again.
        WentBack = "went back": [EdgePropagating, Healthy] => RolledBack, by "control plane",
            gates [&gate::ROLLBACK_TARGET_PROVEN, &gate::ROLLBACK_TARGET_UNCHANGED, &gate::ROLLBACK_SCHEMA_SAFE];
        /// A check said no, the owner was another one by now, or time ran out.
        GaveUp = "gave up": [Requested, PolicyCheck, RouteCas, EdgePropagating] => Failed, by "control plane", gates [];
    }
    failure_modes {
        /// What an edge said arrives after it has started anew, and counts for nothing.
        LateWorkerReport = "late worker report";
        /// Another promotion changed the owner first.
        RouteEpochConflict = "route epoch conflict";
        /// An edge misses events, and must not guess them.
        EdgeReplayGap = "edge replay gap";
        /// The previous artifact cannot read the database as it is now.
        DbRollbackUnsafe = "DB rollback unsafe";
    }
}

/// Why a promotion waits, or why it failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hold {
    /// It does neither.
    #[default]
    None,
    /// Production is frozen.
    Frozen,
    /// The candidate is not what was validated, or what it is bound to has changed.
    DigestDiffers,
    /// Nobody has approved this artifact for this route and predecessor.
    ApprovalMissing,
    /// What the artifact needs at run time is not known to be there.
    ServicesUnready,
    /// The artifact cannot read the database as it is now.
    SchemaUnreadable,
    /// The owner is not the one that it was judged against.
    EpochConflict,
    /// Some edge has not said that it has the new owner.
    EdgesMissing,
    /// The new artifact answers with errors.
    Regression,
    /// It cannot go back: the previous artifact cannot read the database as it is now.
    DbRollbackUnsafe,
    /// It took too long.
    Deadline,
    /// The database was put back, and nobody has found out yet how far the epochs had got.
    FloorMissing,
    /// Its artifact has been removed, or is about to be.
    ArtifactGone,
    /// The pipeline does not say what it has previewed.
    PreviewUnheard,
    /// What it needs in order to serve at once comes up first.
    WarmingUp,
}

/// One promotion, or the way back from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Promotion {
    /// The route.
    pub route: RouteId,
    /// Who is to own it.
    pub candidate: DeploymentId,
    /// The artifact that the candidate had when this was requested.
    pub digest: Digest,
    /// The owner it was judged against.
    pub predecessor: Epoch,
    /// Who owned the route when everything that had to be true was.
    pub previous: DeploymentId,
    /// The artifact that it had then.
    pub previous_digest: Digest,
    /// The epoch under which the candidate owns the route; 0 while it does not.
    pub epoch: Epoch,
    /// Where it stands.
    pub state: State,
    /// Why it waits or failed.
    pub hold: Hold,
    /// Who asked for it.
    pub by: u8,
    /// The promotion that this one takes back, if it does.
    pub takes_back: Option<PromotionId>,
    /// When it was requested.
    pub requested_at: Time,
    /// When the owner changed.
    pub changed_at: Time,
}

impl Promotion {
    /// Whether it waits, and whoever it took the route from cannot have it back.
    #[must_use]
    pub const fn has_no_way_back(&self) -> bool {
        matches!(self.hold, Hold::DbRollbackUnsafe | Hold::DigestDiffers)
    }

    /// Whether something may still become of it.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        matches!(
            self.state,
            State::Requested | State::PolicyCheck | State::RouteCas | State::EdgePropagating
        )
    }
}

/// Somebody's word that an artifact may own a route after this predecessor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Approval {
    /// The route.
    pub route: RouteId,
    /// The artifact.
    pub digest: Digest,
    /// The predecessor that whoever approved had before their eyes.
    pub predecessor: Epoch,
    /// Who.
    pub by: u8,
    /// When.
    pub at: Time,
}

/// What all promotions share: the log's incarnation, and whether production may change at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Authority {
    /// Rises whenever the log turns out to be another one than it was.
    pub incarnation: u32,
    /// Whether production is frozen.
    pub frozen: bool,
    /// The number of the configuration that production runs with.
    pub config: u32,
    /// Whether owners were put back from a backup and no floor has been raised since.
    pub floor_due: bool,
    /// The edges that were written off, a bit each.
    pub written_off: u64,
}

/// An artifact that was validated in a preview.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Preview {
    /// Its deployment.
    pub deployment: DeploymentId,
    /// The artifact that was looked at.
    pub digest: Digest,
    /// The configuration it was looked at with.
    pub config: u32,
}

/// What became of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// The pipeline's word is awaited.
    Awaited,
    /// Its preview was ready: it became a promotion.
    Promoted,
    /// Its preview was not ready.
    NotReady,
    /// The pipeline said nothing for too long.
    Unheard,
}

/// What somebody wants of a deployment from the pipeline, before the pipeline has said whether its preview is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wish {
    /// The route.
    pub route: RouteId,
    /// Who is to own it.
    pub deployment: DeploymentId,
    /// The owner that whoever asked had before their eyes.
    pub predecessor: Epoch,
    /// Who asked.
    pub by: u8,
    /// When.
    pub at: Time,
    /// What became of it.
    pub answer: Answer,
}

/// Which deployments come from the pipeline, whose word on their previews counts and nobody else's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sources {
    /// The pipeline.
    pub pipeline: NodeId,
    /// What each of them is called there.
    pub of: Vec<(DeploymentId, DeployId)>,
}

/// What the control plane is told, at its installation, of promotions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Managed {
    /// The route event stream.
    pub log: NodeId,
    /// Where snapshots are kept.
    pub archive: NodeId,
    /// Who says whether runtime services are ready, and what the schema is.
    pub services: NodeId,
    /// Where artifacts are kept, if what is old is removed there and in the archive.
    pub store: Option<NodeId>,
    /// What was validated, of the deployments that no pipeline brings.
    pub previews: Vec<Preview>,
    /// The oldest and the newest schema of the database that each deployment can read, by deployment number.
    pub reads: Vec<(u32, u32)>,
    /// Whether production wants somebody else's approval.
    pub approval: bool,
    /// Whether an artifact that answers with errors is taken back without being asked.
    pub automatic: bool,
    /// The deployments that a pipeline brings, if there is one.
    pub sources: Option<Sources>,
    /// Whether a candidate's allocations come up before it owns the route.
    pub warm: bool,
}
