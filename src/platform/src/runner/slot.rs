//! Slot: one allocation on this host, as far as it may be seen from outside, and the work behind it.

use crate::id::{DeploymentId, Digest, Epoch, Token};
use machine::{ProcessId, Time};

/// How far the runner is with an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The order is being written down.
    Recording,
    /// The bytes are on their way.
    Pulling,
    /// The secrets are on their way.
    Mounting,
    /// The process is being started.
    Booting,
    /// The process runs.
    Running,
    /// It finishes what it has.
    Draining,
    /// It is no more.
    Ended,
}

/// An allocation on this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    /// The highest token seen.
    pub token: Token,
    /// What it runs.
    pub deployment: DeploymentId,
    /// The digest it shall have.
    pub digest: Digest,
    /// The digest it has, once the bytes are there.
    pub bytes: Option<Digest>,
    /// Its memory limit.
    pub limit: u64,
    /// Under which owner.
    pub epoch: Epoch,
    /// How far it is.
    pub stage: Stage,
    /// Its process, once there is one.
    pub process: Option<ProcessId>,
    /// Requests that its process has not answered yet.
    pub in_flight: u32,
    /// When its process last had something to do.
    pub busy_at: Time,
    /// When it is stopped at the latest, if it drains.
    pub stop_at: Option<Time>,
}

/// What the runner keeps about a slot for itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Work {
    /// Whether it is over for good: no order under any token starts it again.
    pub(super) over: bool,
    /// The token under which a stop was answered, so that a repeat of it is not.
    pub(super) stop_answered: Option<Token>,
    /// How often it has asked the store or the vault, counted on over restarts in place.
    pub(super) asked: u32,
    /// The first ask whose answer counts.
    pub(super) asked_first: u32,
    /// Whether the secrets are mounted.
    pub(super) mounted: bool,
    /// The number of the last readiness check.
    pub(super) probe: u32,
    /// When the check that is under way was begun.
    pub(super) probing: Option<Time>,
    /// Checks passed in a row.
    pub(super) streak: u32,
    /// Whether enough of them were passed in a row, and none failed since.
    pub(super) settled: bool,
    /// Whether it was settled before.
    pub(super) was_settled: bool,
    /// What the last reported check said.
    pub(super) told: Option<bool>,
}
