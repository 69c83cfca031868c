//! What the region service, the regions and the door say to each other, and what is told of it.

use crate::id::{Region, Token};
use machine::fingerprint::digest;
use machine::{Duration, Subject, Time};

/// What can be asked about a region; the answer is yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// The provider has room for it and works.
    Quota,
    /// Its runners have registered.
    Runners,
    /// Its edges have a baseline of the routes.
    Edges,
    /// The runtime services can be reached from inside it.
    Services,
    /// The secrets are there.
    Secrets,
    /// Sessions can be kept there.
    SessionStore,
    /// The artifact is there and has the right digest.
    Artifact,
    /// Its data has been close enough behind for long enough.
    Data,
}

impl Fact {
    /// Every fact, in the order in which stages need them.
    pub const ALL: [Self; 8] = [
        Self::Quota,
        Self::Runners,
        Self::Edges,
        Self::Services,
        Self::Secrets,
        Self::SessionStore,
        Self::Artifact,
        Self::Data,
    ];

    /// What a region waits for as long as this is not so, as sentences and content files call it.
    #[must_use]
    pub const fn lack(self) -> &'static str {
        match self {
            Self::Quota => "quota",
            Self::Runners => "runners",
            Self::Edges => "edges",
            Self::Services => "runtime-services",
            Self::Secrets => "secrets",
            Self::SessionStore => "session-store",
            Self::Artifact => "artifact",
            Self::Data => "data",
        }
    }
}

/// What an operator may order of the region service. Every one of them can be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Command {
    /// Enable a region.
    Enable { region: Region },
    /// Take a region out.
    Disable { region: Region },
    /// Write down whether the data may live in a region.
    SetResidency { region: Region, allowed: bool },
    /// Send visitors to a region, ready or not.
    SendTraffic { region: Region },
    /// Put there what a region lacks (to the region).
    Provide { region: Region, fact: Fact },
}

impl Command {
    /// The region that it concerns.
    #[must_use]
    pub const fn region(self) -> Region {
        match self {
            Self::Enable { region }
            | Self::Disable { region }
            | Self::SetResidency { region, .. }
            | Self::SendTraffic { region }
            | Self::Provide { region, .. } => region,
        }
    }
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Message {
    /// Service to region: is this so?
    Probe {
        region: Region,
        fact: Fact,
        token: Token,
        nth: u32,
    },
    /// Region to service: looked at `at`, and it is or it is not.
    Seen {
        region: Region,
        fact: Fact,
        token: Token,
        holds: bool,
        at: Time,
        nth: u32,
    },
    /// Service to region: bring your hosts up, under this token.
    Start {
        region: Region,
        token: Token,
        nth: u32,
    },
    /// Service to region: nobody comes any more; stop.
    Stop {
        region: Region,
        token: Token,
        nth: u32,
    },
    /// Region to service: I have stopped.
    Stopped {
        region: Region,
        token: Token,
        nth: u32,
    },
    /// Door to service: where may I send visitors? Asked `at`, by the door's clock.
    Renew { at: Time, nth: u32 },
    /// Service to door: there, for so long after you asked.
    Lease {
        region: Region,
        token: Token,
        asked: Time,
        lasts: Duration,
        nth: u32,
    },
    /// Service to door: send nobody there any more.
    Revoke {
        region: Region,
        token: Token,
        nth: u32,
    },
    /// Door to service: nobody is sent there any more.
    Revoked {
        region: Region,
        token: Token,
        nth: u32,
    },
    /// Visitor to door; `home` is the nearest region.
    Visit { visit: u32, home: Region },
    /// Door to region: serve this visitor.
    Forward { visit: u32, region: Region },
    /// Region to door: served, well or not.
    Served {
        visit: u32,
        region: Region,
        ok: bool,
    },
    /// Door to visitor.
    Answer { visit: u32, ok: bool },
}

impl Message {
    /// The names of its kinds, by number.
    pub const KINDS: &'static [(u16, &'static str)] = &[
        (290, "region-probe"),
        (291, "region-seen"),
        (292, "region-start"),
        (293, "region-stop"),
        (294, "region-stopped"),
        (295, "region-lease"),
        (296, "region-revoke"),
        (297, "region-revoked"),
        (298, "visit"),
        (299, "visit-forward"),
        (300, "visit-served"),
        (301, "visit-answer"),
        (302, "region-renew"),
    ];

    pub(crate) const fn kind(&self) -> u16 {
        match self {
            Self::Probe { .. } => 290,
            Self::Seen { .. } => 291,
            Self::Start { .. } => 292,
            Self::Stop { .. } => 293,
            Self::Stopped { .. } => 294,
            Self::Lease { .. } => 295,
            Self::Revoke { .. } => 296,
            Self::Revoked { .. } => 297,
            Self::Visit { .. } => 298,
            Self::Forward { .. } => 299,
            Self::Served { .. } => 300,
            Self::Answer { .. } => 301,
            Self::Renew { .. } => 302,
        }
    }

    pub(crate) fn subject(&self) -> Subject {
        match *self {
            Self::Probe { region, .. }
            | Self::Seen { region, .. }
            | Self::Start { region, .. }
            | Self::Stop { region, .. }
            | Self::Stopped { region, .. }
            | Self::Lease { region, .. }
            | Self::Revoke { region, .. }
            | Self::Revoked { region, .. }
            | Self::Forward { region, .. }
            | Self::Served { region, .. }
            | Self::Visit { home: region, .. } => region.into(),
            Self::Answer { .. } | Self::Renew { .. } => Region(0).into(),
        }
    }

    /// Its whole content but for what was seen, so that neither the answer nor its moment changes the fate of others.
    pub(crate) fn identity(&self) -> u64 {
        match *self {
            Self::Seen {
                region,
                fact,
                token,
                nth,
                ..
            } => digest(&(291_u16, region, fact, token, nth)),
            Self::Served { visit, region, .. } => digest(&(300_u16, visit, region)),
            Self::Answer { visit, .. } => digest(&(301_u16, visit)),
            Self::Renew { nth, .. } => digest(&(302_u16, nth)),
            Self::Lease { region, nth, .. } => digest(&(295_u16, region, nth)),
            ref other => digest(other),
        }
    }

    pub(crate) const fn repeatable(&self) -> bool {
        !matches!(
            self,
            Self::Visit { .. } | Self::Forward { .. } | Self::Served { .. } | Self::Answer { .. }
        )
    }
}

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Note {
    /// A commit about a region became durable.
    Committed { region: Region, version: u32 },
    /// A region cannot go on for want of this.
    Held { region: Region, lacks: Fact },
    /// The residency policy changed.
    ResidencySet { region: Region, allowed: bool },
    /// The answer of an earlier enablement was written down and counts for nothing.
    LateAnswer { region: Region, token: Token },
    /// An answer was taken as evidence, under the enablement's token and that of the answer.
    EvidenceTaken {
        region: Region,
        fact: Fact,
        holds: bool,
        current: Token,
        answer: Token,
    },
    /// A region was taken out, and why.
    TakenOut { region: Region, cause: Cause },
    /// Visitors may be sent to a region.
    Opened { region: Region },
    /// Nobody is sent to a region any more.
    Closed { region: Region },
    /// A visitor was sent to a region.
    Sent { visit: u32, region: Region },
    /// No region would take a visitor.
    NowhereToGo { visit: u32 },
    /// An order was carried out, or not.
    Ordered { command: Command, done: bool },
}

/// Why a region was taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// An operator said so.
    Operator,
    /// Its data may not live there.
    Residency,
    /// Something that it needs was missing for too long.
    Regression,
}
