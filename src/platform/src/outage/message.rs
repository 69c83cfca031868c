//! What the watch, the providers and the parts of the platform say to each other, and what is told of it.

use crate::id::{Region, RouteId};
use machine::fingerprint::digest;
use machine::{Subject, Time};

/// A kind of service that apps are bound to and that somebody else runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provider {
    /// Keeps rows.
    Database,
    /// Keeps files.
    ObjectStore,
    /// Hands work on.
    Queue,
    /// Takes money.
    Payment,
}

impl Provider {
    /// Every provider.
    pub const ALL: [Self; 4] = [
        Self::Database,
        Self::ObjectStore,
        Self::Queue,
        Self::Payment,
    ];

    /// Its name, as content files write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::ObjectStore => "object-store",
            Self::Queue => "queue",
            Self::Payment => "payment",
        }
    }
}

/// A provider in a region: what a binding leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DependencyId(pub u8);

impl DependencyId {
    /// The number of this kind of thing.
    pub const KIND: u8 = 160;

    /// The dependency on a provider in a region.
    #[must_use]
    pub const fn new(provider: Provider, region: Region) -> Self {
        Self(region.0 * Provider::ALL.len() as u8 + provider as u8)
    }

    /// Its provider.
    #[must_use]
    pub const fn provider(self) -> Provider {
        Provider::ALL[self.0 as usize % Provider::ALL.len()]
    }

    /// Its region.
    #[must_use]
    pub const fn region(self) -> Region {
        Region(self.0 / Provider::ALL.len() as u8)
    }
}

impl From<DependencyId> for Subject {
    fn from(id: DependencyId) -> Self {
        Self {
            kind: DependencyId::KIND,
            id: id.0.into(),
        }
    }
}

/// A piece of work that somebody asks for and that needs providers, by its place in the installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkId(pub u8);

impl WorkId {
    /// The number of this kind of thing.
    pub const KIND: u8 = 161;
}

impl From<WorkId> for Subject {
    fn from(id: WorkId) -> Self {
        Self {
            kind: WorkId::KIND,
            id: id.0.into(),
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A preview of a commit.
    Deploy,
    /// Another owner of a route.
    Promotion,
    /// Another schema.
    Migration,
    /// A wake that is asked for again.
    Wake,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Deploy, Self::Promotion, Self::Migration, Self::Wake];

    /// Its name, as sentences and content files write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Promotion => "promotion",
            Self::Migration => "migration",
            Self::Wake => "wake",
        }
    }
}

/// What a probe found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// It answers, and in time.
    Well,
    /// It answers, and takes too long.
    Slow,
    /// It answers that it cannot.
    Failing,
    /// What it shows has expired, so that nobody can trust the connection.
    Expired,
    /// It does not take the secret that it is shown.
    Locked,
}

/// Whose trouble it is that an app is not well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// A provider's.
    Provider(Provider),
    /// The platform's own: its control plane does not answer.
    Platform,
    /// The app's own.
    App,
}

/// Why a piece of work waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// Nobody knows lately enough how the provider is.
    NoEvidence,
    /// The provider is not well.
    Paused,
    /// Others go first.
    Step,
}

/// What an operator may order of the watch. Every one of them can be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Command {
    /// Somebody asks for a piece of work.
    Request { work: WorkId },
    /// Tell the owners that a provider is in trouble.
    Declare { provider: Provider },
    /// Tell the owner of an app that it is the app's own trouble.
    BlameApp { route: RouteId },
    /// Let go on what waits for a provider, step by step.
    Resume { provider: Provider },
    /// Let everything go on at once.
    LiftAll,
    /// Mark what is needed for a piece of work as passed.
    MarkPassed { work: WorkId },
    /// Send everybody to a region.
    FailOver { region: Region },
    /// Replace the secret that a provider takes.
    Rotate { provider: Provider },
    /// Show a new certificate (to the provider).
    RenewCertificate { provider: Provider },
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Message {
    /// Watch to provider: how are you, in this region, with this secret?
    Probe {
        dependency: DependencyId,
        secret: u32,
        nth: u32,
    },
    /// Provider to watch: this is how, and until when what I show is good.
    Answer {
        dependency: DependencyId,
        ok: bool,
        taken: bool,
        good_until: Time,
        nth: u32,
    },
    /// Watch to provider: take this secret from here on.
    Rotate {
        provider: Provider,
        secret: u32,
        nth: u32,
    },
    /// Provider to watch: taken.
    Rotated {
        provider: Provider,
        secret: u32,
        nth: u32,
    },
    /// Watch to control plane: is something wrong with this app? `held`: what it needs of a provider is not there.
    HealthAsk {
        route: RouteId,
        held: bool,
        nth: u32,
    },
    /// Control plane to watch: yes or no.
    HealthIs { route: RouteId, ill: bool, nth: u32 },
    /// Watch to whoever carries it out: this may go on.
    Carry {
        work: WorkId,
        command: crate::message::Command,
        nth: u32,
    },
    /// Back to the watch: it is under way.
    Carried { work: WorkId, nth: u32 },
    /// Caller to provider: do this; the so-manieth try of the so-manieth call.
    Call {
        dependency: DependencyId,
        nth: u32,
        tries: u32,
    },
    /// Provider to caller: done, or not.
    Called {
        dependency: DependencyId,
        ok: bool,
        nth: u32,
        tries: u32,
    },
}

impl Message {
    /// The names of the kinds, by number.
    pub const KINDS: &'static [(u16, &'static str)] = &[
        (920, "provider-probe"),
        (921, "provider-answer"),
        (922, "secret-rotate"),
        (923, "secret-rotated"),
        (924, "health-ask"),
        (925, "health-is"),
        (926, "work-carry"),
        (927, "work-carried"),
        (928, "provider-call"),
        (929, "provider-called"),
    ];

    /// The number of its kind.
    #[must_use]
    pub const fn kind(&self) -> u16 {
        match self {
            Self::Probe { .. } => 920,
            Self::Answer { .. } => 921,
            Self::Rotate { .. } => 922,
            Self::Rotated { .. } => 923,
            Self::HealthAsk { .. } => 924,
            Self::HealthIs { .. } => 925,
            Self::Carry { .. } => 926,
            Self::Carried { .. } => 927,
            Self::Call { .. } => 928,
            Self::Called { .. } => 929,
        }
    }

    /// What it is about.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match *self {
            Self::Probe { dependency, .. }
            | Self::Answer { dependency, .. }
            | Self::Call { dependency, .. }
            | Self::Called { dependency, .. } => dependency.into(),
            Self::Rotate { provider, .. } | Self::Rotated { provider, .. } => {
                DependencyId::new(provider, Region(0)).into()
            }
            Self::HealthAsk { route, .. } | Self::HealthIs { route, .. } => route.into(),
            Self::Carry { work, .. } | Self::Carried { work, .. } => work.into(),
        }
    }

    /// What tells it from every other: whatever can be repeated carries its number.
    #[must_use]
    pub fn identity(&self) -> u64 {
        let nth = match *self {
            Self::Probe { nth, .. }
            | Self::Answer { nth, .. }
            | Self::Rotate { nth, .. }
            | Self::Rotated { nth, .. }
            | Self::HealthAsk { nth, .. }
            | Self::HealthIs { nth, .. }
            | Self::Carry { nth, .. }
            | Self::Carried { nth, .. } => nth,
            Self::Call { nth, tries, .. } | Self::Called { nth, tries, .. } => {
                return digest(&(self.kind(), nth, tries));
            }
        };
        digest(&(self.kind(), nth))
    }
}

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Note {
    /// A probe was answered.
    Probed {
        dependency: DependencyId,
        condition: Condition,
    },
    /// What needs a provider in a region waits from here on.
    Paused {
        dependency: DependencyId,
        condition: Condition,
    },
    /// What waited for a provider in a region goes on from here on, step by step.
    Lifting { dependency: DependencyId },
    /// Nothing waits for a provider in a region any more.
    Lifted { dependency: DependencyId },
    /// A piece of work may not go on yet.
    Held {
        work: WorkId,
        dependency: DependencyId,
        why: Why,
    },
    /// A piece of work goes on.
    Started { work: WorkId },
    /// Whoever carries it out has it.
    Taken { work: WorkId },
    /// An owner was told whose trouble it is.
    OwnerTold { route: RouteId, cause: Cause },
    /// An app is well again, and its owner was told.
    WellAgain { route: RouteId },
    /// Everybody is sent to a region.
    FailedOver { region: Region },
    /// A provider's secret was replaced.
    SecretReplaced { provider: Provider, secret: u32 },
    /// A provider shows a new certificate.
    CertificateRenewed { provider: Provider },
    /// A caller calls, for the so-manieth time.
    Called { tries: u32 },
    /// A caller got what it called for.
    CallServed,
    /// A caller does not try again.
    GaveUp { tries: u32 },
    /// An order was carried out, or refused.
    Ordered { command: Command, done: bool },
}
