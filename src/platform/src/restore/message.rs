//! What the restore service, the databases, the writers and the world outside say to each other, and what is told of it.

use machine::fingerprint::digest;
use machine::{NodeId, Subject, Time};

/// A restore, by its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RestoreId(pub u32);

impl RestoreId {
    /// The number of this kind of thing.
    pub const KIND: u8 = 150;
}

impl From<RestoreId> for Subject {
    fn from(id: RestoreId) -> Self {
        Self {
            kind: RestoreId::KIND,
            id: id.0.into(),
        }
    }
}

/// An instance of a database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(pub u16);

impl InstanceId {
    /// The number of this kind of thing.
    pub const KIND: u8 = 151;
}

impl From<InstanceId> for Subject {
    fn from(id: InstanceId) -> Self {
        Self {
            kind: InstanceId::KIND,
            id: id.0.into(),
        }
    }
}

/// Something that an app wrote down and that has an effect outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub u32);

/// The environment that serves customers.
pub const PRODUCTION: u8 = 0;
/// The environment that does not.
pub const PREVIEW: u8 = 1;

/// How far a restore is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// What is wrong, since when, and what may be lost, is being found out.
    Identify,
    /// The old instance is being told to refuse writes, and a new one is being made.
    Fence,
    /// What has happened outside is being written into the new instance.
    Reconcile,
    /// Everybody is being pointed at the new instance.
    CutOver,
    /// Production writes again.
    Done,
    /// It ended, and production is as it was before.
    Failed,
}

/// Why a restore waits or failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The moment to go back to is not before the data went wrong.
    AfterCorruption,
    /// It would go back further than production may lose, and nobody has accepted that.
    LossTooLarge,
    /// What would be restored belongs to another environment.
    OtherEnvironment,
    /// The app that is served cannot read what would be restored.
    Unreadable,
}

/// What an operator may order. Every one of them can be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Command {
    /// Bring an environment's data, as it was at a moment, into production.
    Restore { environment: u8, to: Time },
    /// Accept that production goes back so far.
    AcceptLoss,
    /// Serve an app that reads the old schema, too.
    ServeOldReader,
    /// The data goes wrong from here on (to the databases).
    Corrupt,
    /// The schema changes (to the databases).
    ChangeSchema { to: u32 },
    /// What previews run has data of its own, or production's (to the databases).
    BindPreview { apart: bool },
    /// A job of a preview clears the tables that it is bound to (to the databases).
    RunPreviewJob,
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Message {
    /// Service to databases: how is production's data, and what schema has a moment?
    Look { to: Time, environment: u8, nth: u32 },
    /// Databases to service.
    Looks {
        wrong_since: Option<Time>,
        schema: u32,
        nth: u32,
    },
    /// Service to databases: refuse writes under older epochs than this, and all for now.
    Fence {
        instance: InstanceId,
        epoch: u32,
        nth: u32,
    },
    /// Databases to service: done.
    Fenced {
        instance: InstanceId,
        epoch: u32,
        nth: u32,
    },
    /// Service to databases: make an instance of this environment as it was then.
    Make {
        restore: RestoreId,
        environment: u8,
        to: Time,
        nth: u32,
    },
    /// Databases to service: here it is.
    Made {
        restore: RestoreId,
        instance: InstanceId,
        nth: u32,
    },
    /// Service to the outside: which effect did you have as number `index` since then?
    EffectAsk { since: Time, index: u32, nth: u32 },
    /// Outside to service: this one, of so many.
    EffectIs {
        event: Option<EventId>,
        of: u32,
        index: u32,
        nth: u32,
    },
    /// Service to databases: this has happened outside.
    Note {
        instance: InstanceId,
        event: EventId,
        nth: u32,
    },
    /// Databases to service: written down; `lost` if its row is gone.
    Noted { lost: bool, nth: u32 },
    /// Service to databases: take writes under this epoch.
    Open {
        instance: InstanceId,
        epoch: u32,
        nth: u32,
    },
    /// Databases to service: done.
    Opened {
        instance: InstanceId,
        epoch: u32,
        nth: u32,
    },
    /// Writer to service: what am I bound to?
    BindingAsk { nth: u32 },
    /// Service to writer: to this.
    Binding {
        instance: InstanceId,
        epoch: u32,
        nth: u32,
    },
    /// Writer to databases: write this down.
    Write {
        instance: InstanceId,
        epoch: u32,
        event: EventId,
        nth: u32,
    },
    /// Writer to databases: this has happened outside.
    Mark {
        instance: InstanceId,
        epoch: u32,
        event: EventId,
        nth: u32,
    },
    /// Databases to writer: done, or refused.
    Wrote { taken: bool, nth: u32 },
    /// Writer to databases: which of my rows has not happened outside yet?
    UnsentAsk {
        instance: InstanceId,
        epoch: u32,
        nth: u32,
    },
    /// Databases to writer: this one, or none.
    UnsentIs { event: Option<EventId>, nth: u32 },
    /// Writer to the outside: do this.
    Effect { event: EventId, nth: u32 },
    /// Outside to writer: done.
    Effected { event: EventId, nth: u32 },
}

impl Message {
    /// The names of the kinds, by number.
    pub const KINDS: &'static [(u16, &'static str)] = &[
        (600, "data-look"),
        (601, "data-looks"),
        (602, "data-fence"),
        (603, "data-fenced"),
        (604, "data-make"),
        (605, "data-made"),
        (606, "outside-ask"),
        (607, "outside-is"),
        (608, "data-note"),
        (609, "data-noted"),
        (610, "data-open"),
        (611, "data-opened"),
        (612, "binding-ask"),
        (613, "binding"),
        (614, "data-write"),
        (615, "data-mark"),
        (616, "data-wrote"),
        (617, "unsent-ask"),
        (618, "unsent-is"),
        (619, "outside-effect"),
        (620, "outside-effected"),
    ];

    /// The number of its kind.
    #[must_use]
    pub const fn kind(&self) -> u16 {
        match self {
            Self::Look { .. } => 600,
            Self::Looks { .. } => 601,
            Self::Fence { .. } => 602,
            Self::Fenced { .. } => 603,
            Self::Make { .. } => 604,
            Self::Made { .. } => 605,
            Self::EffectAsk { .. } => 606,
            Self::EffectIs { .. } => 607,
            Self::Note { .. } => 608,
            Self::Noted { .. } => 609,
            Self::Open { .. } => 610,
            Self::Opened { .. } => 611,
            Self::BindingAsk { .. } => 612,
            Self::Binding { .. } => 613,
            Self::Write { .. } => 614,
            Self::Mark { .. } => 615,
            Self::Wrote { .. } => 616,
            Self::UnsentAsk { .. } => 617,
            Self::UnsentIs { .. } => 618,
            Self::Effect { .. } => 619,
            Self::Effected { .. } => 620,
        }
    }

    /// What it is about.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match *self {
            Self::Fence { instance, .. }
            | Self::Fenced { instance, .. }
            | Self::Made { instance, .. }
            | Self::Note { instance, .. }
            | Self::Open { instance, .. }
            | Self::Opened { instance, .. }
            | Self::Binding { instance, .. }
            | Self::Write { instance, .. }
            | Self::Mark { instance, .. }
            | Self::UnsentAsk { instance, .. } => instance.into(),
            _ => RestoreId(0).into(),
        }
    }

    /// What tells it from every other: whatever can be repeated carries its number.
    #[must_use]
    pub fn identity(&self) -> u64 {
        let nth = match *self {
            Self::Look { nth, .. }
            | Self::Looks { nth, .. }
            | Self::Fence { nth, .. }
            | Self::Fenced { nth, .. }
            | Self::Make { nth, .. }
            | Self::Made { nth, .. }
            | Self::EffectAsk { nth, .. }
            | Self::EffectIs { nth, .. }
            | Self::Note { nth, .. }
            | Self::Noted { nth, .. }
            | Self::Open { nth, .. }
            | Self::Opened { nth, .. }
            | Self::BindingAsk { nth }
            | Self::Binding { nth, .. }
            | Self::Write { nth, .. }
            | Self::Mark { nth, .. }
            | Self::Wrote { nth, .. }
            | Self::UnsentAsk { nth, .. }
            | Self::UnsentIs { nth, .. }
            | Self::Effect { nth, .. }
            | Self::Effected { nth, .. } => nth,
        };
        digest(&(self.kind(), nth))
    }
}

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Note {
    /// A restore entered a stage.
    Staged { restore: RestoreId, stage: Stage },
    /// A restore waits or failed, and why.
    Reasoned { restore: RestoreId, reason: Reason },
    /// Production is bound to another instance.
    Bound { instance: InstanceId, epoch: u32 },
    /// What a restore has cost: rows that are gone although they had an effect outside.
    Impact { restore: RestoreId, lost: u32 },
    /// An order was carried out, or refused.
    Ordered { command: Command, done: bool },
    /// An instance refuses writes from here on.
    InstanceFenced { instance: InstanceId, epoch: u32 },
    /// An instance was made of an environment's data as it was at a moment.
    InstanceMade {
        instance: InstanceId,
        environment: u8,
        to: Time,
    },
    /// An instance takes writes from here on.
    InstanceOpened { instance: InstanceId, epoch: u32 },
    /// A row was written.
    RowWritten {
        instance: InstanceId,
        event: EventId,
        epoch: u32,
        fence: u32,
        open: bool,
    },
    /// A write was refused.
    WriteRefused {
        instance: InstanceId,
        writer: NodeId,
    },
    /// The data goes wrong from here on.
    Corrupted,
    /// A job of a preview has cleared tables: production's, or its own.
    TablesCleared { production: bool },
    /// Something happened outside; `again` if it had happened before.
    EffectHappened { event: EventId, again: bool },
}
