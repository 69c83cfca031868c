//! What is said about hosts: messages, an operator's commands, notes.

use super::{Facts, Hold, Version};
use crate::id::{DrainId, node_subject};
use machine::{Duration, NodeId, Subject, fingerprint};

/// What is said between the control plane, the automation and the agent on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Message {
    /// Control plane to automation: rebuild this host.
    Upgrade {
        drain: DrainId,
        host: NodeId,
        version: Version,
        attempt: u32,
        nth: u32,
    },
    /// Automation to host: be switched off, and come back after `takes` as `facts` say.
    Install {
        drain: DrainId,
        attempt: u32,
        takes: Duration,
        facts: Facts,
        nth: u32,
    },
    /// Host to automation: it begins.
    Installing {
        drain: DrainId,
        attempt: u32,
        nth: u32,
    },
    /// Agent to control plane: this is the boot that I speak from, and the version.
    Hello {
        boot: u32,
        version: Version,
        drift: bool,
        nth: u32,
    },
    /// Control plane to agent: check your host.
    PostcheckAsk { drain: DrainId, nth: u32 },
    /// Agent to control plane: what the checks found.
    PostcheckReport {
        drain: DrainId,
        boot: u32,
        facts: Facts,
        nth: u32,
    },
    /// Control plane to automation: is the provider there?
    ProviderAsk { nth: u32 },
    /// Automation to control plane: it is.
    ProviderOk { nth: u32 },
    /// Somebody to host: changed by hand.
    HandPatch,
}

impl Message {
    /// The number of its kind.
    pub(crate) const fn kind(&self) -> u16 {
        match self {
            Self::Upgrade { .. } => 350,
            Self::Install { .. } => 351,
            Self::Installing { .. } => 352,
            Self::Hello { .. } => 353,
            Self::PostcheckAsk { .. } => 354,
            Self::PostcheckReport { .. } => 355,
            Self::ProviderAsk { .. } => 356,
            Self::ProviderOk { .. } => 357,
            Self::HandPatch => 358,
        }
    }

    /// What it is about.
    pub(crate) fn subject(&self) -> Subject {
        match *self {
            Self::Upgrade { drain, .. }
            | Self::Install { drain, .. }
            | Self::Installing { drain, .. }
            | Self::PostcheckAsk { drain, .. }
            | Self::PostcheckReport { drain, .. } => drain.into(),
            Self::Hello { .. }
            | Self::ProviderAsk { .. }
            | Self::ProviderOk { .. }
            | Self::HandPatch => node_subject(NodeId(0)),
        }
    }

    /// What tells it from every other: its repeat count, and not what was found meanwhile.
    pub(crate) fn identity(&self) -> u64 {
        match *self {
            Self::Install {
                drain,
                attempt,
                nth,
                ..
            } => fingerprint::digest(&(351_u16, drain, attempt, nth)),
            Self::Hello { boot, nth, .. } => fingerprint::digest(&(353_u16, boot, nth)),
            Self::PostcheckReport {
                drain, boot, nth, ..
            } => fingerprint::digest(&(355_u16, drain, boot, nth)),
            ref other => fingerprint::digest(other),
        }
    }

    /// Whether it is sent again until it is heard.
    pub(crate) const fn repeatable(&self) -> bool {
        !matches!(self, Self::HandPatch)
    }
}

/// What an operator may order of hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Command {
    /// Place nothing new on it.
    Cordon { host: NodeId, version: Version },
    /// Empty it and upgrade it.
    Drain { host: NodeId, version: Version },
    /// Use it again.
    Uncordon { host: NodeId },
    /// End everything on it now.
    Kill { host: NodeId },
    /// Approve an image; drains that were held by the one before go on with it.
    Approve { version: Version },
    /// Empty and upgrade many hosts: those whose bits are set, in the order of the installation. So many were meant.
    DrainAll {
        hosts: u64,
        meant: u16,
        version: Version,
    },
}

impl Command {
    /// What it is about.
    pub(crate) fn subject(&self) -> Subject {
        match *self {
            Self::Cordon { host, .. }
            | Self::Drain { host, .. }
            | Self::Uncordon { host }
            | Self::Kill { host } => node_subject(host),
            Self::Approve { .. } | Self::DrainAll { .. } => node_subject(NodeId(0)),
        }
    }
}

/// What happened to a host, besides transitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "the fields are the ids and values that the sentence names"
)]
pub enum Note {
    /// A drain does not go on, and why.
    Held { drain: DrainId, hold: Hold },
    /// What held a drain is over.
    Freed { drain: DrainId, hold: Hold },
    /// A host is empty: so many requests were cut off at their deadline, so many allocations ended by an operator.
    Emptied {
        drain: DrainId,
        forced: u32,
        killed: u32,
    },
    /// The automation was told to install a version.
    Ordered {
        drain: DrainId,
        version: Version,
        attempt: u32,
    },
    /// A postcheck was taken as evidence.
    PostcheckTaken {
        drain: DrainId,
        boot: u32,
        passed: bool,
    },
    /// A postcheck from an earlier boot was written down and decides nothing.
    PostcheckVoid { drain: DrainId, boot: u32 },
    /// The agent of an upgraded host is broken: no further host gets this version.
    RolloutFrozen { drain: DrainId, version: Version },
    /// A host was called off before anything was changed.
    DrainAborted { drain: DrainId },
    /// A version was approved.
    Approved { version: Version },
    /// An operator ended an allocation with all that it had under way.
    Killed {
        drain: DrainId,
        allocation: crate::id::AllocationId,
    },
    /// The host was switched off, to be built anew; so much ran on it, so many requests were cut off.
    SwitchedOff {
        version: Version,
        running: u32,
        cut: u32,
    },
    /// The host runs again.
    SwitchedOn { boot: u32, version: Version },
    /// Somebody changed the host by hand.
    Patched,
    /// The automation installs.
    Installs {
        drain: DrainId,
        host: NodeId,
        attempt: u32,
    },
    /// An order for many hosts is carried out; so many were meant.
    ManyOrdered { hosts: u16, meant: u16 },
}
