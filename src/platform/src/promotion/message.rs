//! What control plane, log, archive, services and edges say to each other about owners of routes, and what is told of it.

use super::{Hold, State};
use crate::id::{AllocationId, DeploymentId, Digest, Epoch, OutboxId, RouteId};
use crate::note::Note as Told;
use crate::pipeline;
use machine::fingerprint::{digest, fold};
use machine::{NodeId, Subject};

/// A promotion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PromotionId(pub u32);

impl PromotionId {
    /// The number of this kind of thing.
    pub const KIND: u8 = 130;
}

impl From<PromotionId> for Subject {
    fn from(id: PromotionId) -> Self {
        Self {
            kind: PromotionId::KIND,
            id: id.0.into(),
        }
    }
}

/// Who owns a route, as the log and snapshots tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    /// The route.
    pub route: RouteId,
    /// The epoch of this owner.
    pub epoch: Epoch,
    /// The epoch that it replaced.
    pub predecessor: Epoch,
    /// The owner.
    pub deployment: DeploymentId,
    /// The version of the route row.
    pub version: u32,
}

impl Owner {
    /// What stands for an owner where none is known.
    #[must_use]
    pub const fn none(route: RouteId) -> Self {
        Self {
            route,
            epoch: Epoch(0),
            predecessor: Epoch(0),
            deployment: DeploymentId(0),
            version: 0,
        }
    }
}

/// The head of a snapshot: everything but its entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Baseline {
    /// The incarnation of the log that it belongs to.
    pub incarnation: u32,
    /// The last sequence that is in it.
    pub seq: u64,
    /// How many entries it has.
    pub entries: u16,
    /// The checksum of its entries.
    pub checksum: u64,
    /// The control plane's signature over all of the above.
    pub signature: u64,
}

/// The key that only the control plane signs with.
const KEY: u64 = 0x5167_ED0C_0FFE_E001;

/// The checksum of a snapshot's entries.
#[must_use]
pub fn checksum(entries: &[Owner]) -> u64 {
    digest(&entries)
}

/// The signature of a snapshot.
#[must_use]
pub fn sign(baseline: &Baseline) -> u64 {
    let content = (
        baseline.incarnation,
        baseline.seq,
        baseline.entries,
        baseline.checksum,
    );
    fold(KEY, digest(&content))
}

/// Why an edge no longer trusts what it knows of owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gap {
    /// The log no longer has what would come next.
    Retention,
    /// A sequence is missing in between.
    Hole,
    /// An owner's predecessor is not the one that is known.
    Chain,
    /// The log is another one than it was.
    Lineage,
    /// Nothing proves that nothing is missing at the end.
    Tail,
}

/// What becomes of a route's requests while its owner is not verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GapPolicy {
    /// They are refused.
    #[default]
    FailClosed,
    /// Safe ones go to the owner that was verified last, for a while.
    LastVerified,
}

/// What an edge says of one route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ack {
    /// The route.
    pub route: RouteId,
    /// The owner's epoch in its table; 0 if it knows none.
    pub epoch: Epoch,
    /// Whether it doubts its table.
    pub gap: bool,
    /// Requests that this owner has answered well, counted from when the edge learned of it.
    pub served: u32,
    /// Requests that this owner has answered with errors.
    pub failed: u32,
}

/// What the services say of themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Services {
    /// Whether what artifacts need at run time is there.
    pub ready: bool,
    /// The schema of the database.
    pub schema: u32,
}

/// What an operator may order. Every one of them can be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Command {
    /// Give a route to a deployment, judged against `predecessor`.
    Promote {
        route: RouteId,
        deployment: DeploymentId,
        predecessor: Epoch,
        by: u8,
    },
    /// Approve that a deployment's artifact owns a route after `predecessor`.
    Approve {
        route: RouteId,
        deployment: DeploymentId,
        predecessor: Epoch,
        by: u8,
    },
    /// Give a route back to whom its newest promotion took it from.
    Rollback { route: RouteId, by: u8 },
    /// Freeze production, or end that.
    Freeze { on: bool },
    /// Build a deployment again: its artifact is another one from now on.
    Rebuild {
        deployment: DeploymentId,
        digest: Digest,
    },
    /// Change the configuration that production runs with.
    EditConfig,
    /// Fetch a snapshot and begin from it (to an edge).
    Rebaseline,
    /// Declare that nothing is missing (to an edge).
    ClearGap,
    /// Go on with the newest event, whatever came before it (to an edge).
    SkipToLatest,
    /// Write an owner into the table by hand (to an edge).
    EditTable { owner: Owner },
    /// Throw the log away and begin a new one (to the log).
    RecreateLog,
    /// The services are like this from now on (to the services).
    SetServices { services: Services },
    /// Append an event about a route past whoever writes the log (to the log).
    WriteLog { route: RouteId },
    /// Go on telling the log of a route although its last event about it is somebody else's.
    ResumeLog { route: RouteId },
    /// Wait no longer for the word of an edge that is gone for good.
    WriteOff { edge: NodeId },
}

impl Command {
    /// What it is about.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match *self {
            Self::Promote { route, .. }
            | Self::Approve { route, .. }
            | Self::Rollback { route, .. }
            | Self::WriteLog { route }
            | Self::ResumeLog { route }
            | Self::EditTable {
                owner: Owner { route, .. },
            } => route.into(),
            Self::Rebuild { deployment, .. } => deployment.into(),
            Self::WriteOff { edge } => crate::id::node_subject(edge),
            Self::Freeze { .. }
            | Self::EditConfig
            | Self::Rebaseline
            | Self::ClearGap
            | Self::SkipToLatest
            | Self::RecreateLog
            | Self::SetServices { .. } => PromotionId(0).into(),
        }
    }
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Message {
    /// Control plane to log: append this, if `expected` is the last sequence of its route (0: none).
    Publish {
        owner: Owner,
        row: OutboxId,
        incarnation: u32,
        expected: u64,
        nth: u32,
    },
    /// Log to control plane: it has this sequence; `repeated` if it had it already.
    Published {
        row: OutboxId,
        seq: u64,
        repeated: bool,
        nth: u32,
    },
    /// Log to control plane: the last of its route is another one, with this sequence and from this row.
    WrongSequence {
        row: OutboxId,
        last: u64,
        last_row: Option<OutboxId>,
        nth: u32,
    },
    /// Control plane to log: where do you end?
    End { nth: u32 },
    /// Log to control plane: here.
    EndsAt { seq: u64, nth: u32 },
    /// Edge to log: deliver from this sequence on.
    Subscribe { from: u64, nth: u32 },
    /// Log to edge: an event; `delivery` counts what was delivered to this subscription.
    Deliver {
        owner: Owner,
        seq: u64,
        incarnation: u32,
        delivery: u32,
        nth: u32,
    },
    /// Log to edge: I am here, I end at `seq`, and so much was delivered to this subscription.
    Beat {
        seq: u64,
        delivered: u32,
        beat: u32,
        nth: u32,
    },
    /// Control plane to archive: a snapshot has this head.
    Keep { head: Baseline, number: u32 },
    /// Control plane to archive: an entry of it.
    KeepEntry {
        owner: Owner,
        index: u16,
        number: u32,
    },
    /// Edge to archive: the newest snapshot, please.
    Fetch { nth: u32 },
    /// Archive to edge: its head.
    Head { head: Baseline, nth: u32 },
    /// Archive to edge: an entry of it.
    Entry { owner: Owner, index: u16, nth: u32 },
    /// Edge to control plane: this is how I stand with a route.
    Acknowledge { ack: Ack, nth: u32 },
    /// Control plane to services: are you ready?
    ServicesAsk { nth: u32 },
    /// Services to control plane.
    ServicesAre { services: Services, nth: u32 },
    /// Control plane to log and edges: what is the newest owner of a route that you have seen?
    EpochAsk { route: RouteId, nth: u32 },
    /// Log or edge to control plane: this one, of epoch 0 if none, and so new an incarnation.
    EpochSeen {
        owner: Owner,
        incarnation: u32,
        nth: u32,
    },
}

impl Message {
    /// The names of the kinds, by number.
    pub const KINDS: &'static [(u16, &'static str)] = &[
        (500, "route-publish"),
        (501, "route-published"),
        (502, "wrong-sequence"),
        (503, "stream-end-ask"),
        (504, "stream-end"),
        (505, "stream-subscribe"),
        (506, "route-event"),
        (507, "stream-beat"),
        (508, "snapshot-keep"),
        (509, "snapshot-keep-entry"),
        (510, "snapshot-ask"),
        (511, "snapshot"),
        (512, "snapshot-entry"),
        (513, "edge-acknowledges"),
        (514, "services-ask"),
        (515, "services-are"),
        (516, "epoch-ask"),
        (517, "epoch-seen"),
    ];

    /// The number of its kind.
    #[must_use]
    pub const fn kind(&self) -> u16 {
        match self {
            Self::Publish { .. } => 500,
            Self::Published { .. } => 501,
            Self::WrongSequence { .. } => 502,
            Self::End { .. } => 503,
            Self::EndsAt { .. } => 504,
            Self::Subscribe { .. } => 505,
            Self::Deliver { .. } => 506,
            Self::Beat { .. } => 507,
            Self::Keep { .. } => 508,
            Self::KeepEntry { .. } => 509,
            Self::Fetch { .. } => 510,
            Self::Head { .. } => 511,
            Self::Entry { .. } => 512,
            Self::Acknowledge { .. } => 513,
            Self::ServicesAsk { .. } => 514,
            Self::ServicesAre { .. } => 515,
            Self::EpochAsk { .. } => 516,
            Self::EpochSeen { .. } => 517,
        }
    }

    /// What it is about.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match *self {
            Self::Publish { owner, .. }
            | Self::Deliver { owner, .. }
            | Self::KeepEntry { owner, .. }
            | Self::Entry { owner, .. }
            | Self::EpochSeen { owner, .. } => owner.route.into(),
            Self::EpochAsk { route, .. } => route.into(),
            Self::Published { row, .. } | Self::WrongSequence { row, .. } => row.into(),
            Self::Acknowledge { ack, .. } => ack.route.into(),
            _ => PromotionId(0).into(),
        }
    }

    /// What tells it from every other.
    #[must_use]
    pub fn identity(&self) -> u64 {
        match *self {
            Self::Publish { row, nth, .. } => digest(&(500_u16, row, nth)),
            Self::Published { row, nth, .. } => digest(&(501_u16, row, nth)),
            Self::WrongSequence { row, nth, .. } => digest(&(502_u16, row, nth)),
            Self::EndsAt { nth, .. } => digest(&(504_u16, nth)),
            Self::Deliver { delivery, nth, .. } => digest(&(506_u16, delivery, nth)),
            Self::Beat { beat, nth, .. } => digest(&(507_u16, beat, nth)),
            Self::Keep { number, .. } => digest(&(508_u16, number)),
            Self::KeepEntry { number, index, .. } => digest(&(509_u16, number, index)),
            Self::Head { nth, .. } => digest(&(511_u16, nth)),
            Self::Entry { nth, index, .. } => digest(&(512_u16, nth, index)),
            Self::Acknowledge { ack, nth } => digest(&(513_u16, ack.route, nth)),
            Self::ServicesAre { nth, .. } => digest(&(515_u16, nth)),
            Self::End { nth } => digest(&(503_u16, nth)),
            Self::Subscribe { nth, .. } => digest(&(505_u16, nth)),
            Self::Fetch { nth } => digest(&(510_u16, nth)),
            Self::ServicesAsk { nth } => digest(&(514_u16, nth)),
            Self::EpochAsk { nth, .. } => digest(&(516_u16, nth)),
            Self::EpochSeen { owner, nth, .. } => digest(&(517_u16, owner.route, nth)),
        }
    }
}

/// What a commit about promotions tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Event {
    /// A promotion is in a state.
    Promotion {
        promotion: PromotionId,
        to: State,
        version: u32,
    },
    /// Something was approved.
    Approved { number: u32 },
    /// What all promotions share has changed.
    Authority { version: u32, lineage: bool },
    /// Owners, promotions and approvals are what a backup had of them; nobody outside is told.
    PutBack { number: u32 },
    /// The epochs of a route go on above all that was seen of them.
    EpochFloorRaised {
        route: RouteId,
        epoch: Epoch,
        deployment: DeploymentId,
        version: u32,
    },
    /// A wish for a promotion was written down, or answered.
    Wish { number: u32, version: u32 },
}

impl Event {
    /// The entity that it is about.
    #[must_use]
    pub fn entity(&self) -> Subject {
        match *self {
            Self::Promotion { promotion, .. } => promotion.into(),
            Self::Approved { number } => Subject {
                kind: 131,
                id: number.into(),
            },
            Self::Authority { .. } => Subject { kind: 132, id: 0 },
            Self::PutBack { number } => Subject {
                kind: 133,
                id: number.into(),
            },
            Self::EpochFloorRaised { route, .. } => route.into(),
            Self::Wish { number, .. } => Subject {
                kind: 134,
                id: number.into(),
            },
        }
    }

    /// The entity's version after the commit.
    #[must_use]
    pub const fn version(&self) -> u32 {
        match *self {
            Self::Promotion { version, .. }
            | Self::Authority { version, .. }
            | Self::Wish { version, .. }
            | Self::EpochFloorRaised { version, .. } => version,
            Self::Approved { .. } | Self::PutBack { .. } => 1,
        }
    }
}

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Note {
    /// A promotion waits for something, or has failed for it.
    Held { promotion: PromotionId, hold: Hold },
    /// An edge says that it has an owner.
    EdgeAcked {
        edge: NodeId,
        route: RouteId,
        epoch: Epoch,
    },
    /// What an edge said before it started anew arrives, and counts for nothing.
    LateAck { edge: NodeId, route: RouteId },
    /// An edge doubts its table.
    EdgeSuspect { edge: NodeId, route: RouteId },
    /// Production is frozen, or no longer.
    Frozen { on: bool },
    /// Somebody approved something.
    Approved { route: RouteId, by: u8 },
    /// A deployment was built again.
    Rebuilt { deployment: DeploymentId },
    /// The configuration of production was changed.
    ConfigEdited,
    /// The log turned out to be another one than it was: it has a new incarnation.
    LineageChanged { incarnation: u32 },
    /// The log appended an event.
    Appended {
        row: OutboxId,
        owner: Owner,
        seq: u64,
    },
    /// The log began anew.
    LogRecreated,
    /// An edge no longer trusts what it knows of owners.
    GapDetected { gap: Gap, expected: u64, got: u64 },
    /// An edge applied an event of the log.
    RouteEventApplied {
        owner: Owner,
        seq: u64,
        incarnation: u32,
    },
    /// An edge ignored an event that was older than what it knew.
    RouteEventIgnored { owner: Owner, seq: u64 },
    /// An edge began from a snapshot.
    BaselineInstalled {
        incarnation: u32,
        seq: u64,
        previous: u64,
        previous_incarnation: u32,
        genuine: bool,
    },
    /// An edge's snapshot was refused.
    BaselineRefused { seq: u64 },
    /// Somebody had an edge trust its table again without a snapshot.
    GapCleared,
    /// Somebody changed an edge's table by hand.
    EdgeTableMutatedManually { route: RouteId },
    /// A request was let through although the route is not verified.
    ServedUnverified {
        route: RouteId,
        age: u64,
        safe: bool,
    },
    /// A command was carried out, or refused.
    Ordered { command: Command, done: bool },
    /// Owners, promotions and approvals are what a backup had of them.
    OwnersPutBack,
    /// The epochs of a route go on above all that was seen of them, the highest of which was `seen`; `known` was the
    /// backup's.
    EpochFloorRaised {
        route: RouteId,
        known: Epoch,
        seen: Epoch,
        epoch: Epoch,
        deployment: DeploymentId,
    },
    /// A snapshot would have taken a route back to an older owner.
    BaselineRegresses {
        route: RouteId,
        known: Epoch,
        epoch: Epoch,
    },
    /// Somebody else than its writer has appended an event to the log.
    ForeignEvent { route: RouteId, seq: u64 },
    /// The log's last event about a route is not one's own: nothing more is told of the route, and somebody is called.
    LogAlarm { route: RouteId, seq: u64 },
    /// Epochs cannot go on: somebody has been asked for long, and has not said what it has seen.
    FloorWaits { node: NodeId },
    /// An edge was written off: nobody waits for its word any more.
    EdgeWrittenOff { edge: NodeId },
    /// An edge that was written off has begun anew and counts again.
    EdgeBack { edge: NodeId },
    /// A deployment is not promoted, since the pipeline says that its preview is not ready, or says nothing.
    NotReady {
        deployment: DeploymentId,
        standing: Option<pipeline::State>,
        heard: bool,
    },
    /// An allocation of a deployment is started before that owns the route.
    StartedAhead {
        allocation: AllocationId,
        deployment: DeploymentId,
    },
    /// A new owner is hot at once, since so many of its allocations are ready.
    HotAtOnce {
        route: RouteId,
        epoch: Epoch,
        ready: u64,
    },
}

impl From<Note> for Told {
    fn from(note: Note) -> Self {
        Self::Promotion(note)
    }
}
