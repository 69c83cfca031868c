//! The part of a plan that is about hosts: who votes, what is installed, who is drained when.

use crate::plan::Range;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Hosts that can be drained and upgraded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostsPlan {
    /// The runners on hosts that vote, by position.
    pub voters: Vec<u16>,
    /// The zone of each runner's host, by position; those that are not named are in zone 0.
    pub zones: Vec<u8>,
    /// The version that every host begins with.
    pub version: u16,
    /// The version that drains install.
    pub target: u16,
    /// The versions that are approved from the start.
    pub approved: Vec<u16>,
    /// How long an install takes.
    pub install: Range,
    /// How many installs of a million leave something wrong on the host.
    pub flawed: u32,
    /// Hosts that are cordoned or drained by themselves.
    pub drains: Vec<HostDrain>,
    /// Apps that run more than once: which, and how many more allocations are started.
    pub copies: Vec<(u16, u16)>,
}

/// A host that is taken out of use at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostDrain {
    /// When.
    pub at: u64,
    /// Which runner's host, by position.
    pub runner: u16,
    /// Whether it is only cordoned.
    pub cordon_only: bool,
}

/// What an action does to hosts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostEffect {
    /// Cordon a host.
    Cordon(u16),
    /// Drain a host and upgrade it.
    Drain(u16),
    /// Use a host again.
    Uncordon(u16),
    /// End everything that runs on a host.
    Kill(u16),
    /// Change a host by hand.
    HandPatch(u16),
    /// Approve a version.
    Approve(u16),
    /// Bring the provider of machines back.
    RestoreProvider,
    /// Put the automation right that installs.
    RepairAutomation,
    /// Drain many hosts and upgrade them; so many were meant.
    DrainAll(Vec<u16>, u16),
}

/// Something that is or is not so about hosts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostSituation {
    /// At least so many hosts were upgraded and are in use again.
    Upgraded(u16),
    /// The newest drain of a host is in this state, by name.
    Drain {
        /// Which runner's host.
        runner: u16,
        /// Which state.
        state: String,
    },
    /// Some drain is held for this reason.
    Held(String),
    /// At least so many requests were cut off by drains.
    Forced(u32),
    /// At least so many allocations were ended by an operator.
    Killed(u32),
}
