//! Sessions in a plan: how many tabs there are, what they do, where their states are kept, and what may be ordered.

use crate::plan::Range;
use serde::{Deserialize, Serialize};

/// The tabs of an app, and what is kept for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionsPlan {
    /// The app, by position.
    pub app: u16,
    /// How many tabs there are.
    pub tabs: u16,
    /// When the first one is opened.
    pub from: u64,
    /// Within how long all of them are.
    pub within: u64,
    /// The time from one thing that somebody does in a tab to the next.
    pub acts: Range,
    /// Whether there is a session store.
    pub store: bool,
    /// Whether somebody whose state cannot be had begins anew.
    pub fresh: bool,
    /// Whether the next deployment has another schema of its state.
    pub cold: bool,
    /// How many tabs are duplicated.
    pub twins: u16,
    /// When.
    pub twins_at: u64,
    /// How many tabs come from one address.
    pub crowd: u16,
    /// How many tabs are closed in the course of the run.
    pub leavers: u16,
    /// How many tabs are on a laptop whose lid is shut.
    pub sleepers: u16,
    /// When it is shut.
    pub asleep_at: u64,
    /// For how long.
    pub asleep_for: u64,
}

/// What an operator may do about sockets and sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionsEffect {
    /// Let the edges believe, or not, whom the proxy in front names as the client.
    TrustAddresses(bool),
    /// Cut off every socket of a host, by its position.
    CutOff(u16),
}
