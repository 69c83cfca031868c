//! What the desk is put together from: what is on screen, and what is remembered beside the signals.

use super::*;

/// What the page is for at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Running.
    Run,
    /// Comparing with a run without a gate.
    Twin,
    /// Looking back.
    Debrief,
}

/// The pictures of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// Lanes with messages.
    Lanes,
    /// Lifecycles.
    Diagrams,
    /// Requests over time.
    Requests,
    /// Beliefs beside facts.
    Beliefs,
}

/// The parts of the page that a small screen shows one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// Seed, engine, properties, objectives.
    Strip,
    /// Situation, question, reads, actions, hints, notes.
    Mine,
    /// The pictures.
    System,
    /// The sentences.
    Story,
}

/// A twin run that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Twin {
    /// No gate is chosen.
    None,
    /// It is being made.
    Under(String),
    /// It is here.
    Here(Arc<TwinView>),
}

/// How a run comes on screen, as the browser's history has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comes {
    /// Under the address that is there: it is written anew.
    Here,
    /// As the next entry: the back button leads to what was open.
    Next,
    /// Since the browser went back or forth to it.
    Again,
}

#[derive(Default)]
pub(super) struct Hidden {
    pub(super) clock: Clock,
    pub(super) advancing: bool,
    pub(super) arrived: u64,
    pub(super) seeking: bool,
    pub(super) seek_next: Option<u64>,
    pub(super) details: bool,
    pub(super) details_again: bool,
    pub(super) details_at: f64,
    pub(super) kept_at: f64,
    pub(super) other: Vec<String>,
    pub(super) told: u64,
    pub(super) opening: u32,
    /// The number of the run on screen.
    pub(super) number: u32,
    /// The number of the run that is on screen or about to be.
    pub(super) wanted: u32,
}
