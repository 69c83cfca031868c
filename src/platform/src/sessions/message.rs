//! What tabs, edges, allocations and the session store say to each other, and what is told of it.

use crate::id::{AllocationId, DeploymentId, Epoch, RouteId};
use core::hash::{Hash, Hasher};
use machine::fingerprint::digest;
use machine::{Subject, Time};

/// The state that is kept for one tab.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionId {
    /// The tab that it began with.
    pub tab: TabId,
    /// Which of that tab's connections it began with.
    pub nth: u32,
}

impl SessionId {
    /// The number of this kind of thing.
    pub const KIND: u8 = 140;
    /// The lowest that there can be.
    pub const FIRST: Self = Self {
        tab: TabId(0),
        nth: 0,
    };
    /// The highest that there can be.
    pub const LAST: Self = Self {
        tab: TabId(u32::MAX),
        nth: u32::MAX,
    };

    /// The session that a subject stands for.
    #[must_use]
    pub const fn of(subject: Subject) -> Self {
        Self {
            tab: TabId((subject.id >> 32) as u32),
            nth: subject.id as u32,
        }
    }

    const fn word(self) -> u64 {
        (self.tab.0 as u64) << 32 | self.nth as u64
    }
}

/// Folded as the one word that it is elsewhere.
impl Hash for SessionId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.word());
    }
}

impl From<SessionId> for Subject {
    fn from(id: SessionId) -> Self {
        Self {
            kind: SessionId::KIND,
            id: id.word(),
        }
    }
}

/// A browser's tab.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TabId(pub u32);

impl TabId {
    /// The number of this kind of thing.
    pub const KIND: u8 = 141;
}

impl From<TabId> for Subject {
    fn from(id: TabId) -> Self {
        Self {
            kind: TabId::KIND,
            id: id.0.into(),
        }
    }
}

/// A tab's first words on a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Open {
    /// Which tab.
    pub tab: TabId,
    /// Its which connection.
    pub nth: u32,
    /// Where it goes.
    pub route: RouteId,
    /// The session that it had.
    pub session: Option<SessionId>,
    /// Who held that session.
    pub home: Option<AllocationId>,
    /// Under which number that was; whoever has a lower one has been overtaken.
    pub generation: u32,
    /// The last patch that it applied.
    pub seq: u32,
    /// Until when its identity is good.
    pub until: Time,
    /// The address it comes from, as the edge says.
    pub address: u16,
}

/// Why a session is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fresh {
    /// The tab had none.
    New,
    /// Its holder is gone, and nothing is kept elsewhere.
    NoStore,
    /// The store did not answer.
    StoreSilent,
    /// What is kept does not fit what runs.
    Schema,
    /// It was left alone for too long.
    Expired,
    /// Nothing of it is kept.
    Evicted,
}

/// How a socket came to its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Came {
    /// The session is new.
    Fresh(Fresh),
    /// Its holder still had it.
    Resumed,
    /// It was fetched from the store.
    Hydrated,
    /// It was fetched from the store, by another version of the app.
    Migrated,
}

/// Why there is no socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Too many come at once.
    Throttled,
    /// No allocation serves.
    NoTarget,
    /// It is not known who owns the route.
    Gap,
    /// The identity is not good any more.
    NotAuthorised,
    /// Too many from one address.
    TooMany,
    /// The store did not answer, and nobody shall begin anew.
    StoreSilent,
    /// Said among edges and runners only: not here.
    Elsewhere,
}

impl Refusal {
    /// The status that the tab sees.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::NotAuthorised => 7,
            Self::TooMany => 9,
            _ => 503,
        }
    }
}

/// Why a socket ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Close {
    /// The tab was closed.
    Left,
    /// Another tab has taken the session.
    Replaced,
    /// The session was stored and shall go on elsewhere.
    Moved,
    /// Its allocation had to stop.
    Forced,
    /// Its process is gone.
    Gone,
    /// Nobody knows this socket.
    Unknown,
}

impl Close {
    /// Whether it is a clean close, after which no tab comes again.
    #[must_use]
    pub const fn is_clean(self) -> bool {
        matches!(self, Self::Left | Self::Replaced)
    }
}

/// What the store keeps of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Blob {
    /// The number of its holder: each claim counts one on.
    pub generation: u32,
    /// The version of the app that wrote it.
    pub deployment: DeploymentId,
    /// The fingerprint of its schema.
    pub schema: u32,
    /// How many patches have made it.
    pub seq: u32,
    /// When it was last used.
    pub active: Time,
}

/// What an operator may order. Every one of them can be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// Believe, or do not, whom a proxy in front names as the client (to an edge).
    TrustAddresses(bool),
    /// Cut off every socket of a host at once (to a runner).
    CutOff,
    /// End the identity of so many people (to those outside).
    Revoke(u32),
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Message {
    /// Tab to edge.
    Open(Open),
    /// Edge to runner.
    Upgrade {
        open: Open,
        allocation: AllocationId,
        epoch: Epoch,
    },
    /// Runner to edge to tab.
    Accepted {
        tab: TabId,
        nth: u32,
        session: SessionId,
        allocation: AllocationId,
        generation: u32,
        came: Came,
        seq: u32,
    },
    /// Runner to edge to tab.
    Refused { tab: TabId, nth: u32, why: Refusal },
    /// Tab to edge to runner: something was done in the tab.
    Act { tab: TabId, nth: u32, act: u32 },
    /// Runner to edge to tab: what changes because of it.
    Patch { tab: TabId, nth: u32, seq: u32 },
    /// Either way.
    Close { tab: TabId, nth: u32, why: Close },
    /// Runner to store: I take this session over.
    Load {
        session: SessionId,
        tab: TabId,
        nth: u32,
    },
    /// Store to runner.
    Loaded {
        session: SessionId,
        tab: TabId,
        nth: u32,
        blob: Option<Blob>,
    },
    /// Runner to store.
    Save {
        session: SessionId,
        allocation: AllocationId,
        blob: Blob,
        nth: u32,
    },
    /// Store to runner: written down, or somebody else has taken it over.
    Saved {
        session: SessionId,
        allocation: AllocationId,
        blob: Blob,
        current: bool,
        nth: u32,
    },
    /// Tab to edge: a page that this allocation has made is shown, and wants its socket.
    Mount { open: Open, page: AllocationId },
    /// Browser to its tab: a page has come from this allocation, as the answer to its `nth` request.
    Shown {
        tab: TabId,
        page: AllocationId,
        nth: u32,
    },
}

impl Message {
    /// The names of its kinds, by number.
    pub const KINDS: &'static [(u16, &'static str)] = &[
        (550, "session-open"),
        (551, "session-upgrade"),
        (552, "session-accepted"),
        (553, "session-refused"),
        (554, "session-act"),
        (555, "session-patch"),
        (556, "session-close"),
        (557, "session-load"),
        (558, "session-loaded"),
        (559, "session-save"),
        (560, "session-saved"),
        (491, "session-mount"),
        (492, "page-shown"),
    ];

    pub(crate) const fn kind(&self) -> u16 {
        match self {
            Self::Open(_) => 550,
            Self::Upgrade { .. } => 551,
            Self::Accepted { .. } => 552,
            Self::Refused { .. } => 553,
            Self::Act { .. } => 554,
            Self::Patch { .. } => 555,
            Self::Close { .. } => 556,
            Self::Load { .. } => 557,
            Self::Loaded { .. } => 558,
            Self::Save { .. } => 559,
            Self::Saved { .. } => 560,
            Self::Mount { .. } => 491,
            Self::Shown { .. } => 492,
        }
    }

    pub(crate) fn subject(&self) -> Subject {
        match *self {
            Self::Open(open) | Self::Upgrade { open, .. } | Self::Mount { open, .. } => {
                open.tab.into()
            }
            Self::Accepted { tab, .. }
            | Self::Refused { tab, .. }
            | Self::Act { tab, .. }
            | Self::Patch { tab, .. }
            | Self::Shown { tab, .. }
            | Self::Close { tab, .. } => tab.into(),
            Self::Load { session, .. }
            | Self::Loaded { session, .. }
            | Self::Save { session, .. }
            | Self::Saved { session, .. } => session.into(),
        }
    }

    /// What tells it from others; what a message found on its way does not change the fate of the next.
    pub(crate) fn identity(&self) -> u64 {
        match *self {
            Self::Accepted { tab, nth, .. } => digest(&(552_u16, tab, nth)),
            Self::Refused { tab, nth, .. } => digest(&(553_u16, tab, nth)),
            Self::Loaded { tab, nth, .. } => digest(&(558_u16, tab, nth)),
            Self::Saved {
                session,
                allocation,
                nth,
                ..
            } => digest(&(560_u16, session, allocation, nth)),
            ref other => digest(other),
        }
    }
}

impl Message {
    /// What is said on a socket comes once, in order, or not at all; what is asked of the store may come again.
    pub(crate) const fn repeatable(&self) -> bool {
        matches!(
            self,
            Self::Load { .. } | Self::Loaded { .. } | Self::Save { .. } | Self::Saved { .. }
        )
    }
}

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Note {
    /// An edge lets an upgrade in.
    Admitted { tab: TabId },
    /// An edge sends a reconnect away, since too many come at once.
    Throttled { tab: TabId },
    /// An upgrade has waited for an allocation and goes on, or is sent away.
    Waited {
        tab: TabId,
        waited: u64,
        served: bool,
    },
    /// An edge cuts a socket whose allocation is not the owner's any more.
    Cut {
        tab: TabId,
        allocation: AllocationId,
    },
    /// A session has a socket.
    Attached {
        session: SessionId,
        tab: TabId,
        nth: u32,
        allocation: AllocationId,
        came: Came,
        seq: u32,
        claimed: u32,
        idle: u64,
        address: u16,
        until: Time,
    },
    /// A session has none any more.
    Detached { session: SessionId },
    /// Nobody came back for a session.
    Evicted { session: SessionId },
    /// A handshake was refused.
    Refused { tab: TabId, why: Refusal },
    /// A session was stored and sent on its way.
    Moved {
        session: SessionId,
        allocation: AllocationId,
        seq: u32,
    },
    /// A session was cut off.
    Forced {
        session: SessionId,
        allocation: AllocationId,
        ordered: bool,
    },
    /// An allocation that had sessions has none any more.
    Emptied {
        allocation: AllocationId,
        moved: u32,
        forced: u32,
    },
    /// Another holder has the session; this one forgets it.
    Superseded { session: SessionId },
    /// The store did not answer in time.
    StoreSilent { tab: TabId },
    /// The store has given a session to a new holder.
    Claimed { session: SessionId, generation: u32 },
    /// The store has written a state down.
    Stored {
        session: SessionId,
        generation: u32,
        before: u32,
    },
    /// The store would not write what an old holder has.
    Outdated { session: SessionId },
    /// An order was carried out.
    Ordered { command: Command },
    /// A page is shown that another allocation has made than the one that has the tab's session: it begins a new one.
    MountedAnew {
        tab: TabId,
        nth: u32,
        home: Option<AllocationId>,
        page: AllocationId,
    },
    /// A page is shown that was made where the tab's session is: it goes on there.
    MountedAtHome { tab: TabId, page: AllocationId },
}
