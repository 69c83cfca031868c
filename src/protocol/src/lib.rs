//! Plain data in the learner's words: what a run is made from, what may be asked of it, what comes back.
//!
//! **Invariants.** Data only: nothing here steps a run. Shared or saved is always a [`Replay`] (what to run again), never
//! a state.

#![no_std]

extern crate alloc;

mod fault;
mod frame;
mod gitops;
mod hosts;
mod migration;
mod outage;
mod pipeline;
mod plan;
mod pressure;
mod problem;
mod promotion;
mod property;
mod region;
mod replay;
mod report;
mod request;
mod restore;
mod sessions;
mod severity;
mod traces;
mod vary;

pub use fault::{Background, FAULTS, Fault, FaultSpec, MESSAGES, PlacedFault, When};
pub use frame::{
    ActionView, BranchView, Debrief, EntryView, Fate, Frame, LaneMessage, Mark, MarkKind,
    MovedView, NodeKind, NodeView, ObjectiveView, Progress, PropertyView, ReadView, RequestCounts,
    RuledGate, RulingView, Score, SeriesPoint, ThingView, TwinRow, TwinView, Verdict, WhyView,
};
pub use gitops::{DeploymentPlan, GitOpsEffect, GitOpsPlan};
pub use hosts::{HostDrain, HostEffect, HostSituation, HostsPlan};
pub use migration::{MigrationEffect, MigrationPlan, MigrationsPlan};
pub use outage::{BindingPlan, OutageEffect, OutagePlan, OutageSituation, WorkPlan};
pub use pipeline::{
    AttemptedPlan, AttemptsPlan, DeployPlan, EventsOf, PipelineEffect, PipelinePlan,
};
pub use plan::{
    Action, AppPlan, Case, Claim, Effect, FleetPlan, Metric, Move, Objective, Plan, Question,
    QuestionOption, Range, Read, Readable, Situation, Start, Traffic,
};
pub use pressure::{ConsolesPlan, PressureEffect, PressurePlan, PressureSituation};
pub use problem::Problem;
pub use promotion::{
    Candidate, PromotionEffect, PromotionOrder, PromotionSituation, PromotionsPlan,
};
pub use property::{Kind, PROPERTIES, PropertySpec, property};
pub use region::{RegionEffect, RegionPlan, RegionsPlan};
pub use replay::{LinkError, Placed, Replay};
pub use report::{GoalReport, Mismatch, PropertyReport, RunReport, SweepReport, SweepRow};
pub use request::{Advance, Opened, Reply, Request};
pub use restore::{RestoreEffect, RestoreOrder, RestoresPlan};
pub use sessions::{SessionsEffect, SessionsPlan};
pub use severity::{SEVERITIES, Severity, SeveritySpec, Strength};
pub use traces::{Extra, PreviewPlan, ProviderPlan, TracesEffect, TracesPlan};
pub use vary::{Counts, Drawn, VARIED, Varied, VariedSpec, Vary};

/// The version of the engine: a change of behaviour raises it, and with it every golden fingerprint is made anew.
pub const ENGINE: &str = env!("CARGO_PKG_VERSION");

/// A fingerprint as people compare it: the first eight of its sixteen hexadecimal digits.
#[must_use]
pub fn short(fingerprint: u64) -> alloc::string::String {
    alloc::format!("{:08x}", fingerprint >> 32)
}
