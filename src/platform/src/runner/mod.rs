//! The runner: pulls, verifies, mounts, launches, checks and stops what it was ordered to run, and reports what it saw.
//!
//! **Invariants.** It reports; it decides nothing about routes or wakes. The highest token it has seen for an allocation
//! is durable before it acts on it, so that an overtaken order cannot start anything, not even after a crash.

use crate::id::{AllocationId, DeploymentId, Digest, Epoch, Token};
use crate::message::Message;
use crate::note::Note;
use alloc::collections::BTreeMap;
use machine::{Context, Input, Machine, NodeId, ProcessId, Step, Time};

/// What the runner is told at its installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Installation {
    /// The control plane it obeys.
    pub control: NodeId,
    /// The artifact store.
    pub store: NodeId,
    /// The vault of secrets.
    pub vault: NodeId,
}

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

/// What the runner stores: the highest token of an allocation, and whether it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    /// Which allocation.
    pub allocation: AllocationId,
    /// Its highest token.
    pub token: Token,
    /// Whether it shall not run any more.
    pub ended: bool,
}

/// A runner.
#[derive(Clone, Debug)]
pub struct Runner {
    #[expect(dead_code, reason = "the logic lands next")]
    installation: Installation,
    slots: BTreeMap<AllocationId, Slot>,
}

impl Runner {
    /// A runner on an empty host.
    #[must_use]
    pub fn new(installation: Installation) -> Self {
        Self { installation, slots: BTreeMap::new() }
    }

    /// The allocations on this host.
    #[must_use]
    pub const fn slots(&self) -> &BTreeMap<AllocationId, Slot> {
        &self.slots
    }
}

impl Machine for Runner {
    type Message = Message;
    type Record = Record;
    type Note = Note;

    fn step(&mut self, _cx: &Context<'_>, _input: Input<Message>, _step: &mut Step<Message, Record, Note>) {}

    fn deadline(&self) -> Option<Time> {
        None
    }

    fn restart(&mut self, _cx: &Context<'_>, _durable: &[Record], _step: &mut Step<Message, Record, Note>) {}

    fn fingerprint(&self) -> u64 {
        0
    }
}

/// What a process is started from: the digest of its bytes, and of whether its secrets are mounted.
#[must_use]
pub const fn image(bytes: Digest, mounted: bool) -> u64 {
    if mounted { bytes.0 } else { machine::fingerprint::fold(bytes.0, 1) }
}
