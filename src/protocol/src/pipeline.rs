//! Deployments on their way to a preview, in a plan: which there are, who builds them, and what may be done about them.

use crate::plan::Range;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The pipeline of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PipelinePlan {
    /// The deployments, in the order in which they are committed.
    pub deploys: Vec<DeployPlan>,
    /// How many builders there are.
    pub builders: u16,
    /// How long fetching a commit takes.
    pub clone: Range,
    /// How long building one takes.
    pub build: Range,
    /// How long a preview takes to start.
    pub preview: Range,
}

/// One deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeployPlan {
    /// Its name, as sentences use it.
    pub name: String,
    /// The branch that it is on.
    pub branch: String,
    /// When somebody asks for a preview of it.
    pub request_at: Option<u64>,
}

/// Deployments that are attempted, several times if need be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptsPlan {
    /// The deployments.
    pub deployments: Vec<AttemptedPlan>,
    /// How many workers there are.
    pub workers: u16,
    /// How long it takes to bring one up.
    pub work: Range,
}

/// One deployment that is attempted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptedPlan {
    /// Its name, as sentences use it.
    pub name: String,
    /// When somebody wants an attempt.
    pub start_at: Vec<u64>,
    /// When somebody wants to call one off.
    pub cancel_at: Vec<u64>,
    /// When somebody wants to tear it down.
    pub teardown_at: Vec<u64>,
}

/// Whose events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventsOf {
    /// Those of attempts to deploy.
    Attempts,
    /// Those of previews.
    Previews,
}

/// What may be done about a deployment on its way, by its position in the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PipelineEffect {
    /// Ask for a preview.
    RequestPreview(u16),
    /// Agree that live state is lost for what its commit builds.
    AcknowledgeCold(u16),
    /// Agree to the same for what the commit before it built.
    AcknowledgeOldBuild(u16),
    /// Say that live state survives it and the database needs nothing new.
    ClassifyHarmless(u16),
    /// Call it off.
    CancelDeploy(u16),
    /// Put right what is wrong around the pipeline, by name.
    MendPipeline(String),
    /// Begin an attempt of a deployment.
    StartAttempt(u16),
    /// Call its attempt off.
    CancelAttempt(u16),
    /// Look what became of its attempt.
    ReconcileAttempt(u16),
    /// Tear it down.
    TearDown(u16),
    /// Tear it down although it is unknown.
    ForceTearDown(u16),
    /// Append the newest event about attempts, or about previews, once more to the log of events.
    RepeatEvent(EventsOf),
    /// Go on telling the log of events of attempts, or of previews.
    ResumeEvents(EventsOf),
}
