//! What Git, CO, LO and EN say to each other, and what is told of it.

use super::{Cause, Desired, Item, Revision, State};
use machine::fingerprint::digest;
use machine::{NodeId, Subject};

/// What CO wants of one deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wish {
    /// Which life of it; a deployment that is added again gets a new one.
    pub incarnation: u16,
    /// Rises with every change of what is wanted.
    pub generation: u32,
    /// The version that is wanted, or none.
    pub revision: Revision,
}

/// What EN is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Work {
    /// Install what has never run there.
    Install,
    /// Replace what runs.
    Update,
    /// Go back to what ran before.
    Rollback,
    /// Take it away.
    Remove,
}

/// An order of LO: one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Order {
    /// Which life of the deployment.
    pub incarnation: u16,
    /// The attempt's token; the highest counts.
    pub token: u32,
    /// What to do.
    pub work: Work,
    /// Which version to get to.
    pub revision: Revision,
}

/// What EN has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Observed {
    /// The order is written down and being carried out.
    Accepted,
    /// The version runs and has passed its checks; whether it is healthy now.
    Running { revision: Revision, healthy: bool },
    /// It did not work; the schema that the data has now.
    Failed { cause: Cause, schema: u8 },
    /// Nothing of it is left; the code with which its container ended.
    Absent { exit_code: u8 },
}

/// A report of EN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Report {
    /// Its number.
    pub id: u64,
    /// Which life of the deployment.
    pub incarnation: u16,
    /// The attempt that it is about.
    pub token: u32,
    /// What was seen.
    pub observed: Observed,
}

/// What an operator may order. Every one of them can be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// Let the removals of the commit that is held go on (to CO).
    ApprovePrune,
    /// Undo the newest commit by another one (to Git).
    RevertCommit,
    /// Commit what is wanted of one deployment (to Git).
    Commit(Item, Revision),
    /// Try at once, with a full budget (to LO).
    RetryNow(Item),
    /// Declare a deployment deleted (to LO).
    ForceDelete(Item),
    /// Declare a deployment installed (to LO).
    MarkInstalled(Item),
}

impl Command {
    /// What it concerns.
    #[must_use]
    pub const fn subject(self) -> Subject {
        match self {
            Self::ApprovePrune | Self::RevertCommit => Item(0).life(0),
            Self::Commit(item, _)
            | Self::RetryNow(item)
            | Self::ForceDelete(item)
            | Self::MarkInstalled(item) => item.life(0),
        }
    }
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Message {
    /// CO to Git: what is wanted?
    Read { nth: u32 },
    /// Git to CO: this commit, which wants that.
    Head {
        commit: u32,
        wanted: Desired,
        nth: u32,
    },
    /// CO to LO: this is wanted.
    Wish { item: Item, wish: Wish, nth: u32 },
    /// LO to CO: written down.
    WishTaken {
        item: Item,
        generation: u32,
        nth: u32,
    },
    /// LO to CO: that is how it stands.
    Told {
        item: Item,
        incarnation: u16,
        version: u32,
        state: State,
        runs: Revision,
        nth: u32,
    },
    /// CO to LO: recorded.
    ToldAck {
        item: Item,
        incarnation: u16,
        version: u32,
        nth: u32,
    },
    /// LO to EN: do this.
    Order { item: Item, order: Order, nth: u32 },
    /// EN to LO: that is what I have seen.
    Report {
        item: Item,
        report: Report,
        nth: u32,
    },
    /// LO to EN: written down.
    ReportAck { item: Item, report: u64, nth: u32 },
    /// EN to LO: I am there.
    Beat { nth: u32 },
    /// EN to the registry: hand over this image.
    Pull { item: Item, image: u32, nth: u32 },
    /// The registry to EN: here it is, or there is none.
    Pulled {
        item: Item,
        image: u32,
        found: bool,
        nth: u32,
    },
}

impl Message {
    /// The names of its kinds, by number.
    pub const KINDS: &'static [(u16, &'static str)] = &[
        (200, "git-read"),
        (201, "git-head"),
        (202, "wish"),
        (203, "wish-taken"),
        (204, "deployment-state"),
        (205, "deployment-state-ack"),
        (206, "en-order"),
        (207, "en-report"),
        (208, "en-report-ack"),
        (209, "en-beat"),
        (210, "image-pull"),
        (211, "image-pulled"),
    ];

    pub(crate) const fn kind(&self) -> u16 {
        match self {
            Self::Read { .. } => 200,
            Self::Head { .. } => 201,
            Self::Wish { .. } => 202,
            Self::WishTaken { .. } => 203,
            Self::Told { .. } => 204,
            Self::ToldAck { .. } => 205,
            Self::Order { .. } => 206,
            Self::Report { .. } => 207,
            Self::ReportAck { .. } => 208,
            Self::Beat { .. } => 209,
            Self::Pull { .. } => 210,
            Self::Pulled { .. } => 211,
        }
    }

    pub(crate) const fn subject(&self) -> Subject {
        match *self {
            Self::Read { .. } | Self::Head { .. } | Self::Beat { .. } => Item(0).life(0),
            Self::Wish { item, wish, .. } => item.life(wish.incarnation),
            Self::Told {
                item, incarnation, ..
            }
            | Self::ToldAck {
                item, incarnation, ..
            } => item.life(incarnation),
            Self::Order { item, order, .. } => item.life(order.incarnation),
            Self::Report { item, report, .. } => item.life(report.incarnation),
            Self::WishTaken { item, .. }
            | Self::ReportAck { item, .. }
            | Self::Pull { item, .. }
            | Self::Pulled { item, .. } => item.life(0),
        }
    }

    /// Its whole content but for what was seen, so that the answer does not change the fate of others.
    pub(crate) fn identity(&self) -> u64 {
        match *self {
            Self::Head { commit, nth, .. } => digest(&(201_u16, commit, nth)),
            Self::Told {
                item,
                incarnation,
                version,
                nth,
                ..
            } => digest(&(204_u16, item, incarnation, version, nth)),
            Self::Report { item, report, nth } => {
                digest(&(207_u16, item, report.id, report.token, nth))
            }
            Self::Pulled {
                item, image, nth, ..
            } => digest(&(211_u16, item, image, nth)),
            ref other => digest(other),
        }
    }
}

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Note {
    /// A commit came into Git.
    GitCommitted {
        commit: u32,
        wanted: u8,
        removed: u8,
    },
    /// CO has let a commit go on to LO: so many of so many deployments are removed by it.
    DesiredChanged {
        commit: u32,
        changed: u8,
        removed: u8,
        before: u8,
    },
    /// CO holds back the removals of a commit until somebody approves.
    PruneHeld {
        commit: u32,
        removed: u8,
        before: u8,
    },
    /// Somebody approved the removals of a commit.
    PruneApproved { commit: u32 },
    /// What a commit wants of a deployment has a blank field, and is not passed on.
    SettingRefused { commit: u32, item: Item },
    /// A commit about a deployment became durable at LO.
    Committed {
        item: Item,
        incarnation: u16,
        version: u32,
    },
    /// LO hears of an EN again, or no more.
    Reach { node: NodeId, heard: bool },
    /// An attempt failed.
    AttemptFailed {
        item: Item,
        incarnation: u16,
        generation: u32,
        cause: Cause,
    },
    /// A version that failed is not tried again while Git wants the same.
    Quarantined { item: Item, revision: Revision },
    /// A removal does not get on.
    DeleteStuck { item: Item },
    /// Nothing is tried any more until an operator does something.
    NeedsOperator { item: Item },
    /// A report moved a deployment, or not; under which life and token, and what was current.
    ReportTaken {
        item: Item,
        incarnation: u16,
        current_incarnation: u16,
        token: u32,
        current: u32,
    },
    /// The late report of a node that had been given up proved that its attempt had succeeded.
    Reconciled {
        item: Item,
        token: u32,
        current: u32,
        cause: Cause,
        revision: Revision,
        goal: Revision,
        generation: u32,
        goal_generation: u32,
    },
    /// A report of an earlier attempt or life was written down and counts for nothing.
    LateReport {
        item: Item,
        incarnation: u16,
        token: u32,
    },
    /// A report of an attempt that LO does not know of.
    ReportFromFuture { item: Item, token: u32 },
    /// An installed version is well again, or not.
    Health { item: Item, healthy: bool },
    /// EN took an order.
    OrderTaken { item: Item, order: Order },
    /// EN had already taken this order or a newer one.
    OrderIgnored { item: Item, token: u32 },
    /// EN started a container; what schema its data had before.
    Launched {
        item: Item,
        incarnation: u16,
        revision: Revision,
        schema: u8,
    },
    /// EN removed an image from its disk.
    ImageRemoved { image: u32 },
    /// EN has nothing of a deployment any more.
    Gone {
        item: Item,
        incarnation: u16,
        exit_code: u8,
    },
    /// An order was carried out, or not.
    Ordered { command: Command, done: bool },
}
