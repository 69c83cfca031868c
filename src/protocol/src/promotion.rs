//! Promotions in a plan: how owners of routes change, what the log is like, and what an operator may do.

use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How owners change and are told in a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromotionsPlan {
    /// Whether the log recognises a repeat before it looks at the expected sequence.
    pub clustered: bool,
    /// Whether the log acknowledges only what is on disk.
    pub synced: bool,
    /// Whether production wants somebody else's approval.
    pub approval: bool,
    /// Whether an artifact that answers with errors is taken back without being asked.
    pub automatic: bool,
    /// The apps, by position, whose safe requests may go to the owner that was verified last.
    pub last_verified: Vec<u16>,
    /// What differs from a deployment that was validated, works and reads every schema.
    pub deployments: Vec<Candidate>,
    /// The promotions that colleagues ask for.
    pub orders: Vec<PromotionOrder>,
    /// Whether artifacts and snapshots that are old are removed.
    pub clean_up: bool,
    /// Whether a candidate's allocations come up before it owns the route.
    pub warm: bool,
}

/// What is special about a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Of which app, by position.
    pub app: u16,
    /// Which deployment of it, from 1.
    pub deployment: u16,
    /// Whether it was validated in a preview.
    pub validated: bool,
    /// Whether it answers with errors.
    pub broken: bool,
    /// The oldest schema of the database that it reads.
    pub reads_from: u32,
    /// The newest.
    pub reads_to: u32,
    /// Which commit of the pipeline it is made of, by position, if the pipeline is to bring its preview.
    pub deploy: Option<u16>,
}

/// A promotion that a colleague asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromotionOrder {
    /// When.
    pub at: u64,
    /// Of which app, by position.
    pub app: u16,
    /// To which deployment of it, from 1.
    pub deployment: u16,
    /// The epoch that it is judged against.
    pub after: u32,
    /// When somebody approves it, if anybody does.
    pub approved_at: Option<u64>,
}

/// What colleagues and circumstances do about promotions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PromotionEffect {
    /// Ask that a deployment, from 1, owns the route after an epoch.
    PromoteTo(u16, u32),
    /// Approve that.
    ApprovePromotion(u16, u32),
    /// Give the route back to whom the newest promotion took it from.
    RollBack,
    /// Freeze production, or end that.
    Freeze(bool),
    /// Build a deployment, from 1, again.
    RebuildDeployment(u16),
    /// Change the configuration of production.
    EditConfig,
    /// Have an edge, by position, begin from a snapshot.
    Rebaseline(u16),
    /// Declare that nothing is missing at an edge.
    ClearGap(u16),
    /// Have an edge go on with the newest event.
    SkipToLatest(u16),
    /// Write a deployment, from 1, into an edge's table by hand.
    EditEdgeTable(u16, u16),
    /// Bring the services back.
    MendServices,
    /// Have the archive keep right snapshots again.
    MendArchive,
    /// Remove the artifact of a deployment, from 1, at once.
    RemoveArtifact(u16),
    /// Write an event into the log past the control plane.
    WriteLog,
    /// Go on telling the log of a route whose last event there is somebody else's.
    ResumeLog,
    /// Wait no longer for the word of an edge, by position.
    WriteOff(u16),
}

/// What can be true of promotions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PromotionSituation {
    /// A promotion, by position in the order of requests, is in this state, by name.
    State {
        /// Which.
        promotion: u16,
        /// Which state.
        state: String,
    },
    /// A deployment, from 1, owns the route of an app.
    Owner {
        /// The app, by position.
        app: u16,
        /// Which deployment of it.
        deployment: u16,
    },
    /// Every edge trusts its table and has the current owner of every route.
    EdgesFollow,
}
