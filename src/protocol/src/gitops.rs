//! Deployments from Git in a plan: who runs what where, and what an operator may do about it.

use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The deployments of a plan that come from Git.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitOpsPlan {
    /// How many LOs there are; edge nodes are dealt out to them in order.
    pub locals: u16,
    /// How many ENs there are.
    pub nodes: u16,
    /// The schema that each version's data has; the first is that of version 1.
    pub schemas: Vec<u8>,
    /// The deployments, at most twelve.
    pub deployments: Vec<DeploymentPlan>,
}

/// One deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentPlan {
    /// Its name, as sentences use it.
    pub name: String,
    /// The EN that it runs on, by position.
    pub node: u16,
    /// The component that it runs; deployments of one component share their images.
    pub component: u8,
    /// Whether a failed update is rolled back.
    pub rollback: bool,
    /// The version that the first commit wants; 0 is none.
    pub revision: u8,
}

/// What an operator may do about a deployment, by its position in the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GitOpsEffect {
    /// Let the removals that are held go on.
    ApprovePrune,
    /// Undo the newest commit.
    RevertCommit,
    /// Commit a version of a deployment.
    CommitRevision(u16, u8),
    /// Try a failed deployment at once, with a full budget.
    RetryDeployment(u16),
    /// Declare a deployment deleted.
    ForceDelete(u16),
    /// Declare a deployment installed.
    MarkInstalled(u16),
}
