//! What weighs on the control plane's store in a plan: a journal of deliveries, and consoles that call.

use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A control plane whose store may be pressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PressurePlan {
    /// Whether a journal of deliveries is kept, for every edge from the start.
    pub journal: bool,
    /// The consoles that call the control plane, if there are any.
    pub consoles: Option<ConsolesPlan>,
    /// What colleagues order.
    pub orders: Vec<(u64, PressureEffect)>,
}

/// Consoles that call the control plane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsolesPlan {
    /// How many.
    pub count: u16,
    /// The app that they are served by, by position.
    pub app: u16,
    /// How long each waits from one call to the next.
    pub every: u64,
    /// How long each waits for an answer.
    pub patience: u64,
}

/// What an operator may do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PressureEffect {
    /// Keep the journal for so many edges.
    JournalEdges(u8),
    /// Let at most so many calls wait.
    AdmitCalls(u16),
    /// Restart the control plane.
    RestartControl,
    /// Give an app's route back to its first deployment.
    TakeBackRelease(u16),
}

/// Something that is or is not so of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PressureSituation {
    /// Hardly anything waits for the store, and the control plane is there.
    StoreKeepsUp,
    /// Very much waits for the store.
    StoreFallsBehind,
    /// No journal is kept.
    JournalOff,
    /// The journal is kept for every edge.
    JournalEverywhere,
    /// Every console was answered lately, and none calls without a pause.
    ConsolesCalm,
    /// As many calls may wait as usual.
    AdmitsAsUsual,
    /// The control plane is not there.
    ControlGone,
}
