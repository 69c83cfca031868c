//! What weighs on the control plane's store: commits, and what is written down besides them.

use crate::id::OutboxId;
use machine::fingerprint::digest;
use machine::{NodeId, Subject};

/// What may be ordered about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// Keep the journal of deliveries for so many edges, the first ones.
    Journal {
        /// How many.
        edges: u8,
    },
    /// Let at most so many calls of consoles wait.
    Admit {
        /// How many.
        calls: u16,
    },
}

impl Command {
    /// Its number, for notes.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Journal { .. } => 27,
            Self::Admit { .. } => 28,
        }
    }
}

/// What an operator has set and a crash does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Setting {
    /// For how many edges the journal of deliveries is kept.
    pub journal: u8,
    /// How many calls of consoles may wait; `None` is as many as usual.
    pub calls: Option<u16>,
}

/// What a commit of the setting says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Event {
    /// For how many edges the journal is kept.
    pub journal: u8,
    /// How many calls may wait.
    pub calls: Option<u16>,
    /// The setting's version.
    pub version: u32,
}

/// The setting, where something is said about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SettingId;

impl SettingId {
    /// The number of this kind of thing.
    pub const KIND: u8 = 188;
}

impl From<SettingId> for Subject {
    fn from(_: SettingId) -> Self {
        Self {
            kind: SettingId::KIND,
            id: 0,
        }
    }
}

/// What is written down besides commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Line {
    /// An edge has a row of the outbox.
    Heard(OutboxId, u8),
    /// Somebody has looked at the control plane, as the audit wants to know.
    Called(u16),
}

/// What consoles and the control plane say to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Message {
    /// Console to control plane: how is everything?
    Call { console: u16, nth: u32 },
    /// Control plane to console: like this; `version` is the console's own that it is served with.
    Called {
        console: u16,
        version: crate::id::DeploymentId,
        nth: u32,
    },
    /// Control plane to console: not now; come again after so many seconds.
    Refused {
        console: u16,
        retry_after: u32,
        nth: u32,
    },
}

impl Message {
    /// The names of the kinds, by number.
    pub const KINDS: &'static [(u16, &'static str)] = &[
        (480, "console-call"),
        (481, "console-called"),
        (482, "console-refused"),
    ];

    pub(crate) const fn kind(self) -> u16 {
        match self {
            Self::Call { .. } => 480,
            Self::Called { .. } => 481,
            Self::Refused { .. } => 482,
        }
    }

    pub(crate) fn subject(self) -> Subject {
        SettingId.into()
    }

    pub(crate) fn identity(self) -> u64 {
        digest(&(self.kind(), self))
    }
}

/// What is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Note {
    /// The journal is kept for so many edges now.
    JournalSet { before: u8, edges: u8 },
    /// So many calls may wait now.
    AdmitSet { calls: u16 },
    /// A call is taken; so many wait with it.
    CallTaken { console: u16, waiting: u32 },
    /// A call is answered.
    CallAnswered { from: NodeId, console: u16 },
    /// A call is refused.
    CallRefused { console: u16 },
}

impl From<Note> for crate::note::Note {
    fn from(note: Note) -> Self {
        Self::Pressure(note)
    }
}
