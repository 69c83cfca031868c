//! Host Drain / OS Upgrade: a host is emptied without harm, rebuilt, checked and given back.
//!
//! Here is what everybody who takes part shares: the lifecycle, the rows, the words. What drives it is
//! [`crate::control`]; what the host's agent does of it is [`crate::runner`]; the automation that rebuilds hosts stands
//! outside.

mod said;

pub use said::{Command, Message, Note};

use crate::gate;
use crate::id::{AllocationId, DrainId};
use alloc::vec::Vec;
use machine::{NodeId, Time};

machine::lifecycle! {
    /// Take a host out of use, upgrade it, check it, give it back.
    "Host Drain / OS Upgrade", home "Operations";
    gates [&gate::QUORUM_HEALTHY, &gate::RUNNER_HEADROOM, &gate::SESSIONS_CAN_DRAIN, &gate::DRIFT_CHECKS];
    states {
        /// Nothing new is placed on it; what runs there goes on.
        Cordoned = "cordoned", Rest;
        /// Replacements start elsewhere, and what runs here drains.
        Evacuating = "evacuating", Way;
        /// Nothing runs here any more, and everything has its replacement.
        ReplacementReady = "replacement_ready", Way;
        /// The automation rebuilds it.
        Upgrading = "upgrading", Way;
        /// It is back and has to show that it is right.
        Postcheck = "postcheck", Way;
        /// It may be used again.
        Uncordoned = "uncordoned", Good;
    }
    transitions {
        /// Everything that it takes is there: the drain begins.
        EvacuationStarted = "evacuation started": [Cordoned] => Evacuating, by "control plane",
            gates [&gate::ROLLOUT_OPEN, &gate::PROVIDER_ANSWERS, &gate::ZONE_FREE, &gate::QUORUM_HEALTHY,
                   &gate::RUNNER_HEADROOM];
        /// The replacements serve, and the host is empty.
        Emptied = "emptied": [Evacuating] => ReplacementReady, by "control plane",
            gates [&gate::REPLACEMENT_SERVES, &gate::DRAIN_PACE, &gate::SESSIONS_CAN_DRAIN];
        /// The automation was told to rebuild it.
        UpgradeStarted = "upgrade started": [ReplacementReady] => Upgrading, by "bootstrap automation",
            gates [&gate::IMAGE_APPROVED, &gate::PROVIDER_ANSWERS, &gate::QUORUM_HEALTHY];
        /// Its agent speaks again, from another boot and under the new version.
        CameBack = "came back": [Upgrading] => Postcheck, by "runner", gates [&gate::BOOT_ID_CHANGED];
        /// All checks have passed.
        Passed = "passed": [Postcheck] => Uncordoned, by "control plane",
            gates [&gate::POSTCHECK_CURRENT, &gate::HOST_CHECKS, &gate::DRIFT_CHECKS];
        /// A check has failed; it is built once more.
        RebuildStarted = "rebuild started": [Postcheck] => Upgrading, by "control plane",
            gates [&gate::REBUILDS_LEFT, &gate::QUORUM_HEALTHY];
        /// It was called off before anything was changed.
        Aborted = "aborted": [Cordoned, Evacuating] => Uncordoned, by "operator", gates [&gate::HOST_UNMODIFIED];
    }
    failure_modes {
        /// What runs on the host does not fit elsewhere.
        NoHeadroom = "no headroom";
        /// Somebody is connected and does not go.
        ActiveSessionsPinned = "active sessions pinned";
        /// The provider of machines does not answer.
        ProviderOutage = "provider outage";
        /// The new version of the host's agent is broken.
        RunnerAgentRegression = "runner-agent regression";
    }
}

/// Why a drain does not go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hold {
    /// Nothing holds it.
    #[default]
    None,
    /// Too few voters would be left.
    Quorum,
    /// What runs there does not fit elsewhere.
    NoHeadroom,
    /// Another host of its zone is out of use.
    ZoneBusy,
    /// The provider of machines does not answer.
    ProviderOutage,
    /// The agent of an upgraded host is broken.
    RolloutFrozen,
    /// Somebody is connected and does not go.
    SessionsPinned,
    /// Nobody has approved the image.
    ImageNotApproved,
    /// The automation takes too long.
    UpgradeStuck,
    /// The host is not right after its upgrade.
    PostcheckFailed,
    /// As many hosts as may are being built.
    BuildSlots,
}

impl Hold {
    /// Its name, as people and content files use it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quorum => "quorum",
            Self::NoHeadroom => "no_headroom",
            Self::ZoneBusy => "zone_busy",
            Self::ProviderOutage => "provider_outage",
            Self::RolloutFrozen => "rollout_frozen",
            Self::SessionsPinned => "sessions_pinned",
            Self::ImageNotApproved => "image_not_approved",
            Self::UpgradeStuck => "upgrade_stuck",
            Self::PostcheckFailed => "postcheck_failed",
            Self::BuildSlots => "build_slots",
        }
    }
}

/// The version of a host's image, the agent in it included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u16);

/// What is so about a host: what its agent finds when it checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Facts {
    /// The image that it was built from.
    pub version: Version,
    /// Whether somebody has changed it by hand, or the automation left it half done.
    pub drift: bool,
    /// Whether its agent speaks the control plane's protocol and verifies digests.
    pub agent: bool,
    /// Whether a test allocation came up.
    pub test_allocation: bool,
    /// Whether its network routes are still there after their service was restarted.
    pub routes: bool,
}

impl Facts {
    /// A host as it should be.
    #[must_use]
    pub const fn right(version: Version) -> Self {
        Self {
            version,
            drift: false,
            agent: true,
            test_allocation: true,
            routes: true,
        }
    }

    /// Whether everything but drift is right.
    #[must_use]
    pub const fn passes(&self) -> bool {
        self.agent && self.test_allocation && self.routes
    }
}

/// One drain of a host, from its cordon to its return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Drain {
    /// The runner on the host.
    pub host: NodeId,
    /// Where it stands.
    pub state: State,
    /// Why it does not go on.
    pub hold: Hold,
    /// Whether it shall go on by itself; a host can also be cordoned only.
    pub go: bool,
    /// What it shall be upgraded to.
    pub version: Version,
    /// Whether that was approved.
    pub approved: bool,
    /// The number of the last install; rises with each, whatever was installed.
    pub attempt: u32,
    /// How often this version was installed.
    pub tries: u32,
    /// When it was cordoned.
    pub cordoned_at: Time,
    /// When the evacuation began.
    pub evacuating_at: Time,
    /// When it entered its state.
    pub since: Time,
    /// The boot that was last heard of when the upgrade was ordered.
    pub boot_before: u32,
    /// The boot that it came back with.
    pub boot: u32,
    /// Requests that were cut off since their deadline came.
    pub forced: u32,
    /// The last allocation that was counted, so that a report that comes twice is not.
    pub counted: Option<AllocationId>,
    /// Whether its agent was found to be broken.
    pub regression: bool,
}

impl Drain {
    /// Whether nothing may be placed on the host because of it.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.state != State::Uncordoned
    }
}

/// What the control plane is told of the hosts that it may upgrade.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Managed {
    /// The automation that rebuilds hosts.
    pub bootstrap: NodeId,
    /// The runners on hosts that vote.
    pub voters: Vec<NodeId>,
    /// The zone of each host, by its place in the list of hosts.
    pub zones: Vec<u8>,
    /// The versions that are approved from the start.
    pub approved: Vec<Version>,
}

/// What an event says of a drain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Event {
    /// Which drain.
    pub drain: DrainId,
    /// The runner on the host.
    pub host: NodeId,
    /// Where it stands.
    pub to: State,
    /// Why it does not go on.
    pub hold: Hold,
    /// The row's version.
    pub version: u32,
}
