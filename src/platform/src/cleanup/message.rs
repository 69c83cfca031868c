//! What control plane, store and archive say to each other about what is kept, and what is told of it.

use super::{Item, Stage};
use crate::id::{AllocationId, Digest};
use crate::note::Note as Told;
use machine::fingerprint::digest;
use machine::{Subject, Time};

/// Something that was marked once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CollectionId(pub u32);

impl CollectionId {
    /// The number of this kind of thing.
    pub const KIND: u8 = 134;
}

impl From<CollectionId> for Subject {
    fn from(id: CollectionId) -> Self {
        Self {
            kind: CollectionId::KIND,
            id: id.0.into(),
        }
    }
}

/// What an operator may order. It can be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// Remove this now, whatever its age.
    RemoveNow(Item),
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Message {
    /// Control plane to store and archive: what do you keep?
    Look { nth: u32 },
    /// Store or archive to control plane: this, since then.
    Holds { item: Item, kept_at: Time, nth: u32 },
    /// Control plane to store or archive: remove this.
    Remove { item: Item, nth: u32 },
    /// Store or archive to control plane: it is gone.
    Removed { item: Item, nth: u32 },
    /// Store to runner: there is no such artifact.
    Absent {
        allocation: AllocationId,
        digest: Digest,
        nth: u32,
    },
}

impl Message {
    /// The names of the kinds, by number.
    pub const KINDS: &'static [(u16, &'static str)] = &[
        (640, "shelf-look"),
        (641, "shelf-holds"),
        (642, "shelf-remove"),
        (643, "shelf-removed"),
        (644, "artifact-absent"),
    ];

    /// The number of its kind.
    #[must_use]
    pub const fn kind(&self) -> u16 {
        match self {
            Self::Look { .. } => 640,
            Self::Holds { .. } => 641,
            Self::Remove { .. } => 642,
            Self::Removed { .. } => 643,
            Self::Absent { .. } => 644,
        }
    }

    /// What it is about.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match *self {
            Self::Absent { allocation, .. } => allocation.into(),
            _ => CollectionId(0).into(),
        }
    }

    /// What tells it from every other.
    #[must_use]
    pub fn identity(&self) -> u64 {
        match *self {
            Self::Look { nth } => digest(&(640_u16, nth)),
            Self::Holds { item, nth, .. } => digest(&(641_u16, item, nth)),
            Self::Remove { item, nth } => digest(&(642_u16, item, nth)),
            Self::Removed { item, nth } => digest(&(643_u16, item, nth)),
            Self::Absent {
                allocation, nth, ..
            } => digest(&(644_u16, allocation, nth)),
        }
    }
}

/// What a commit about a removal tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Event {
    /// Which.
    pub collection: CollectionId,
    /// How far it is.
    pub to: Stage,
    /// The version of its row.
    pub version: u32,
}

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Note {
    /// Something that is old was marked.
    Marked(Item),
    /// Something that was marked is needed again.
    Spared(Item),
    /// Something that was marked is to be removed.
    Condemned(Item),
    /// The store or the archive has removed something.
    Gone(Item),
    /// A runner was told that there is no such artifact.
    Missed(AllocationId),
    /// An order to remove something was carried out, or refused.
    Ordered(Item, bool),
}

impl From<Note> for Told {
    fn from(note: Note) -> Self {
        Self::Cleanup(note)
    }
}
