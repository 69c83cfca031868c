//! What the migration service, its migrator and the database say to each other, and what is told of it.

use crate::id::Token;
use machine::fingerprint::digest;
use machine::{Duration, Subject, Time};

/// A migration, by its place in the installation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MigrationId(pub u8);

impl MigrationId {
    /// The number of this kind of thing.
    pub const KIND: u8 = 60;
}

impl From<MigrationId> for Subject {
    fn from(id: MigrationId) -> Self {
        Self {
            kind: MigrationId::KIND,
            id: id.0.into(),
        }
    }
}

/// The number of the production database; copies have others.
pub const PRODUCTION: u32 = 0;

/// What a plan does to a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// It adds: old and new apps work with it.
    Expand,
    /// It takes away what nobody uses any more.
    Contract,
    /// It takes away data.
    Destructive,
}

/// A piece of work at the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Work {
    /// Make a copy; the answer is its number.
    Copy,
    /// Try the plan on a copy.
    Try(u32),
    /// Is there a restore point that is not too old?
    RestorePoint,
    /// Can every artifact in use and in the rollback window work with the new schema?
    Compatible,
    /// Take the lock, and wait for it only so long.
    Lock,
    /// Apply a step, from 0.
    Step(u8),
    /// How many steps are in?
    Schema,
    /// Give the lock back.
    Unlock,
    /// Does this app answer on the schema as it is now?
    Smoke(App),
}

/// An app that has to go on working once a schema has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum App {
    /// The one that runs.
    Running,
    /// The one that may come next, or that one may have to go back to.
    Window,
}

impl App {
    /// Both, in the order in which they are asked.
    pub const BOTH: [Self; 2] = [Self::Running, Self::Window];

    /// Why a migration is not verified on whose schema it does not answer.
    #[must_use]
    pub const fn fails(self) -> Reason {
        match self {
            Self::Running => Reason::RunningAppFails,
            Self::Window => Reason::WindowAppFails,
        }
    }
}

/// What came of a piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Yes, or done.
    Yes,
    /// No, or not done.
    No,
    /// A number: of a copy, of steps.
    Number(u32),
}

/// Why a migration waits or failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// It takes data away, and nobody has approved that.
    Destructive,
    /// There is no restore point that is new enough.
    NoRestorePoint,
    /// An artifact in use or in the rollback window cannot work with the new schema.
    OldAppIncompatible,
    /// Nobody has written down how to go back.
    NoRollbackPlan,
    /// The lock was not to be had.
    LockTimeout,
    /// The plan has changed since it was tried.
    PlanDrift,
    /// The copy was the production database.
    IsolationBreach,
    /// A step failed.
    StepError,
    /// Nobody knows what became of a step; the lock is kept until somebody has looked.
    Indeterminate,
    /// The schema is not what the steps should have made of it.
    WrongSchema,
    /// Nobody did anything for too long.
    Expired,
    /// The app that runs does not answer on the new schema.
    RunningAppFails,
    /// The app that may come next, or that one may go back to, does not answer on the new schema.
    WindowAppFails,
    /// It would write more rows again at once than replicas can take.
    RewritesTooMuch,
}

/// What an operator may order. Every one of them can be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Command {
    /// Ask for a migration.
    Request { migration: MigrationId },
    /// Approve that data is taken away.
    Approve { migration: MigrationId },
    /// Write down how to go back.
    WriteRollbackPlan { migration: MigrationId },
    /// Go on with a migration that waits.
    Resume { migration: MigrationId },
    /// The plan is another one from now on.
    ChangePlan { migration: MigrationId },
    /// Look what became of the step that nobody knows of.
    Reconcile { migration: MigrationId },
    /// Take away from the database what stands in the way (to the database).
    Provide { what: Work },
    /// The plan changes the schema only; the rows are written again afterwards, a few at a time.
    FillLater { migration: MigrationId },
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Message {
    /// Service to migrator: do this. With `later` the plan leaves rows that are written again for afterwards.
    Do {
        migration: MigrationId,
        token: Token,
        work: Work,
        later: bool,
        nth: u32,
    },
    /// Migrator to database.
    Run {
        migration: MigrationId,
        token: Token,
        work: Work,
        later: bool,
        nth: u32,
    },
    /// Database to migrator.
    Ran {
        migration: MigrationId,
        token: Token,
        work: Work,
        outcome: Outcome,
        nth: u32,
    },
    /// Migrator to service: that came of it; looked at `at`.
    Report {
        migration: MigrationId,
        token: Token,
        work: Work,
        outcome: Outcome,
        at: Time,
        nth: u32,
    },
}

impl Message {
    /// The names of its kinds, by number.
    pub const KINDS: &'static [(u16, &'static str)] = &[
        (260, "migration-order"),
        (261, "migration-work"),
        (262, "migration-result"),
        (263, "migration-report"),
    ];

    pub(crate) const fn kind(&self) -> u16 {
        match self {
            Self::Do { .. } => 260,
            Self::Run { .. } => 261,
            Self::Ran { .. } => 262,
            Self::Report { .. } => 263,
        }
    }

    pub(crate) fn subject(&self) -> Subject {
        match *self {
            Self::Do { migration, .. }
            | Self::Run { migration, .. }
            | Self::Ran { migration, .. }
            | Self::Report { migration, .. } => migration.into(),
        }
    }

    /// What is asked, by whom and how often; what came of it changes the fate of nothing else.
    pub(crate) fn identity(&self) -> u64 {
        match *self {
            Self::Ran {
                migration,
                token,
                work,
                nth,
                ..
            } => digest(&(262_u16, migration, token, work, nth)),
            Self::Report {
                migration,
                token,
                work,
                nth,
                ..
            } => digest(&(263_u16, migration, token, work, nth)),
            ref other => digest(other),
        }
    }
}

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Note {
    /// A commit about a migration became durable.
    Committed {
        migration: MigrationId,
        version: u32,
    },
    /// A migration waits, or failed, and why.
    Reasoned {
        migration: MigrationId,
        reason: Reason,
    },
    /// The lock was waited for in vain.
    LockMissed { migration: MigrationId, tries: u8 },
    /// A step is in.
    StepApplied { migration: MigrationId, step: u8 },
    /// A report of an earlier attempt was written down and counts for nothing.
    LateReport {
        migration: MigrationId,
        token: Token,
    },
    /// A report was believed, under the migration's token and its own.
    Believed {
        migration: MigrationId,
        current: Token,
        report: Token,
    },
    /// An order was carried out, or not.
    Ordered { command: Command, done: bool },
    /// The database changed: a step went into it, or was put in once more.
    Changed {
        migration: MigrationId,
        step: u8,
        again: bool,
    },
    /// A plan was tried in a database; `production` is what must not be.
    TriedIn {
        migration: MigrationId,
        database: u32,
    },
    /// So many rows were written again, and the replicas are so far behind.
    Rewrote {
        migration: MigrationId,
        rows: u32,
        behind: Duration,
    },
    /// Every row of a migration has been written again.
    Filled { migration: MigrationId },
}
