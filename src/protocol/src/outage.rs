//! Providers in a plan: what apps are bound to, what is asked for, and what an operator may do while one is in trouble.

use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Providers that somebody else runs, and the watch over them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutagePlan {
    /// What each app is bound to.
    pub bindings: Vec<BindingPlan>,
    /// The work that colleagues ask for.
    pub works: Vec<WorkPlan>,
    /// What colleagues order of the watch.
    pub orders: Vec<(u64, OutageEffect)>,
    /// How far what providers say of themselves lags behind.
    pub status_lag: u64,
    /// How many in the apps call the database, once a second each.
    pub callers: u16,
    /// How many calls a provider can answer in a second; more, and it answers none. 0 is any number.
    pub capacity: u16,
    /// Whether the watch tells owners and lets work go on without being ordered to.
    pub automatic: bool,
}

/// What an app is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BindingPlan {
    /// The app, by position.
    pub app: u16,
    /// The region that its providers are in, by position.
    pub region: u16,
    /// The providers, by name.
    pub providers: Vec<String>,
}

/// Work that a colleague asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkPlan {
    /// What it is: `deploy`, `promotion`, `migration`, `wake`.
    pub kind: String,
    /// The app that it is for; it has bindings.
    pub app: u16,
    /// Which deployment or migration, by position, if it is one.
    pub which: u16,
    /// When.
    pub at: u64,
}

/// What an operator may do while a provider is in trouble. Providers are named, apps, work and regions are positions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutageEffect {
    /// Tell the owners of everything that is bound to a provider that it is in trouble.
    DeclareOutage(String),
    /// Tell an owner that it is the app's own trouble.
    BlameApp(u16),
    /// Let go on what waits for a provider, step by step.
    ResumeProvider(String),
    /// Let everything go on at once.
    LiftAll,
    /// Mark what is needed for a piece of work as passed.
    MarkPassed(u16),
    /// Send everybody to a region.
    FailOver(u16),
    /// Replace the secret that a provider takes.
    RotateSecret(String),
    /// Show a new certificate.
    RenewCertificate(String),
    /// Restart everything that runs apps.
    RestartApps,
    /// Give the route back to the first deployment.
    RollBackApp(u16),
}

/// Something that is or is not so of providers and of what waits for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutageSituation {
    /// Some owner was told of a provider that really was in trouble.
    ToldTheCause,
    /// Some owner was told of something that was not in trouble.
    ToldAnother,
    /// All the work that was asked for is under way, and there was some.
    WorkGoesOn,
    /// No provider was in trouble in one region only, or everybody is sent to another that is eligible.
    NobodyLeftBehind,
}
