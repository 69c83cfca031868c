//! Clean-up: artifacts and snapshots that are old are removed, unless something that lives still needs them.
//!
//! **Invariants.** Two steps, both durable: what is old and needed by nobody is marked, and what was marked for long enough,
//! and was needed by nobody in between, is removed. That it is to be removed is durable before the store hears of it, and from
//! then on nothing may begin to need it. The control plane decides (`control::cleaning`); store and archive do as they are told.

mod message;

pub use message::{CollectionId, Command, Event, Message, Note};

use crate::id::Digest;
use machine::Time;

/// Something that is kept somewhere, and may be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// An artifact, in the store.
    Artifact(Digest),
    /// A snapshot of all owners by its number, in the archive.
    Snapshot(u32),
}

/// How far the removal of something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// It is old, and nothing needs it.
    Marked,
    /// Something needs it again: it stays.
    Spared,
    /// It is being removed; nothing may need it any more.
    Removing,
    /// It is gone.
    Removed,
}

/// Something that was marked once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Collection {
    /// What.
    pub item: Item,
    /// How far it is.
    pub stage: Stage,
    /// When it was marked last.
    pub marked_at: Time,
}
