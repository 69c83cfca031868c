//! Visits: who asks, on whose behalf and with what at hand, and what an answer says besides its status.

use crate::id::{AllocationId, Digest};

/// On whose behalf a request comes. Only a person waits for the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Errand {
    /// Somebody wants to see it now.
    #[default]
    Person,
    /// Only whether it is there is asked.
    Head,
    /// A browser fetches ahead what somebody may want to see.
    Prefetch,
    /// A crawler goes through everything.
    Bot,
}

impl Errand {
    /// Whether somebody waits for the answer.
    #[must_use]
    pub const fn is_person(self) -> bool {
        matches!(self, Self::Person)
    }
}

/// What becomes of an errand that meets a sleeping app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Manners {
    /// It may wait, after everybody who waits in person.
    #[default]
    Wait,
    /// It is sent away, and nothing is woken for it.
    Refuse,
}

/// A visitor who comes again and again, and has a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Visitor {
    /// Which one.
    pub number: u32,
    /// Where the session is, by the last answer; `None` before the first.
    pub home: Option<AllocationId>,
}

/// What a request brings besides what it wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Visit {
    /// On whose behalf it comes.
    pub errand: Errand,
    /// Who sent it, if it is somebody who comes again.
    pub visitor: Option<Visitor>,
    /// What its sender has already, by digest: it need not be sent once more.
    pub known: Option<Digest>,
}

/// What is remembered of a request that is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Caller {
    /// What it brought.
    pub visit: Visit,
    /// Whether whoever sent it has left.
    pub left: bool,
}

/// What may be done with an answer that was kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Caching {
    /// Nothing is said of it.
    #[default]
    Unsaid,
    /// Whoever has it need not ask again for so many seconds: what its URL names cannot change.
    Immutable {
        /// For how many seconds.
        max_age: u32,
    },
    /// Whoever has it asks whether it is still so, by its digest.
    Revalidate {
        /// Its digest.
        etag: Digest,
    },
}

impl Caching {
    /// For as long as anything may be kept.
    #[must_use]
    pub const fn for_a_year() -> Self {
        Self::Immutable {
            max_age: 31_536_000,
        }
    }
}

/// What an answer says besides its status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Headers {
    /// What may be done with it later.
    pub caching: Caching,
    /// Where the visitor's session is now.
    pub home: Option<AllocationId>,
}
