//! What the pipeline and those around it say to each other, and what is told of it.

use super::{Event, State};
use crate::attempt;
use crate::id::{Digest, Token};
use machine::fingerprint::digest;
use machine::{NodeId, Subject, Time};

/// A deployment on its way through the pipeline, by its place in the installation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeployId(pub u8);

impl DeployId {
    /// The number of this kind of thing.
    pub const KIND: u8 = 110;
}

impl From<DeployId> for Subject {
    fn from(id: DeployId) -> Self {
        Self {
            kind: DeployId::KIND,
            id: id.0.into(),
        }
    }
}

/// What a change does to live state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StateImpact {
    /// It survives.
    Hot,
    /// It is lost.
    Cold,
    /// Nobody has said.
    Unclassified,
}

/// What a change needs of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DbImpact {
    /// Nothing new.
    None,
    /// Another schema.
    Migration,
    /// Nobody has said.
    Unclassified,
}

/// What a builder says it has made, and found in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Product {
    /// The tree that it was made from.
    pub tree: u64,
    /// The digest of the artifact.
    pub digest: Digest,
    /// The generated files as they are committed.
    pub committed: u64,
    /// The generated files as they come out now.
    pub generated: u64,
    /// What the change does to live state.
    pub state: StateImpact,
    /// What the change needs of the database.
    pub db: DbImpact,
}

/// How far a builder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Progress {
    /// It fetches.
    Fetching,
    /// It has fetched this tree and builds.
    Building(u64),
    /// It has built this, and the registry has it.
    Built(Product),
}

/// What a builder finds wrong with a commit that it was to build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Defect {
    /// It does not compile.
    Compile,
    /// One of its own tests fails.
    Test,
}

impl Defect {
    /// Why a deployment with it fails.
    #[must_use]
    pub const fn cause(self) -> Cause {
        match self {
            Self::Compile => Cause::CompileError,
            Self::Test => Cause::TestFailed,
        }
    }
}

/// What is looked at in the environment of the preview.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Look {
    /// Is every secret and every provider there?
    Bindings,
    /// Has the migration been applied?
    Migration,
    /// Does a preview of this artifact run? It is started if not.
    Preview(Digest),
}

/// Who has to do something before a blocked deployment can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Blocker {
    /// Somebody has to agree that live state is lost.
    ColdAckMissing,
    /// Somebody has to apply a migration.
    MigrationPending,
    /// Somebody has to bind a secret or a provider.
    BindingMissing,
    /// Somebody has to say what the change does to live state.
    StateUnclassified,
    /// Somebody has to say what the change needs of the database.
    DbUnclassified,
}

/// Why a deployment failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// What was fetched is not what the commit says.
    TreeMismatch,
    /// Twice the registry found another digest than the builder.
    DigestMismatch,
    /// The generated files are not those that the sources make.
    StaleArtifacts,
    /// Builder after builder was not heard of any more.
    LeaseLost,
    /// A stage took too long.
    Deadline,
    /// Nobody cleared what it waited for.
    Expired,
    /// Somebody called it off.
    Cancelled,
    /// A newer commit of its branch took its place.
    Superseded,
    /// Its builder says that it does not compile.
    CompileError,
    /// Its builder says that a test of its own fails.
    TestFailed,
}

/// How a deployment stands, as whoever is to promote it has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Standing {
    /// Where it is on its way; `None` if nobody has asked for it.
    pub state: Option<State>,
    /// What was built, if the registry has said the same.
    pub digest: Option<Digest>,
    /// The configuration that its preview was brought up with, if one was.
    pub config: Option<u32>,
    /// The version of its row.
    pub version: u32,
}

impl Standing {
    /// Whether its preview was seen with everything that it needs.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        matches!(self.state, Some(State::PreviewReady))
    }
}

/// What may be ordered. Every order can be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Command {
    /// Ask for a preview of a commit.
    Request { deploy: DeployId },
    /// Agree that live state is lost for this artifact.
    Acknowledge { deploy: DeployId, digest: Digest },
    /// Say what a change does to live state and needs of the database.
    Classify {
        deploy: DeployId,
        state: StateImpact,
        db: DbImpact,
    },
    /// Call it off.
    Cancel { deploy: DeployId },
    /// Put into the environment what is missing there (to the environment).
    Provide { what: Look },
    /// Something about an attempt to deploy (to the service of attempts).
    Attempt(attempt::Command),
    /// Append the newest event about this kind of thing once more, past whoever tells of it (to the log of events).
    RepeatEvent { kind: u8 },
    /// Go on telling the log of events of everything about which its last event is somebody else's.
    ResumeEvents,
}

impl Command {
    pub(crate) fn subject(&self) -> Subject {
        match *self {
            Self::Request { deploy }
            | Self::Acknowledge { deploy, .. }
            | Self::Classify { deploy, .. }
            | Self::Cancel { deploy } => deploy.into(),
            Self::Provide { .. } | Self::RepeatEvent { .. } | Self::ResumeEvents => {
                DeployId(0).into()
            }
            Self::Attempt(command) => command.deployment().into(),
        }
    }
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Message {
    /// Pipeline to builder: the lease is yours, build this commit.
    Build {
        deploy: DeployId,
        token: Token,
        commit: u32,
        nth: u32,
    },
    /// Builder to source.
    Fetch {
        deploy: DeployId,
        token: Token,
        commit: u32,
        nth: u32,
    },
    /// Source to builder: a tree, and what is committed in it.
    Tree {
        deploy: DeployId,
        token: Token,
        tree: u64,
        committed: u64,
        state: StateImpact,
        db: DbImpact,
        defect: Option<Defect>,
        nth: u32,
    },
    /// Builder to pipeline: I am at it, and so far.
    Beat {
        deploy: DeployId,
        token: Token,
        progress: Progress,
        nth: u32,
    },
    /// Pipeline to builder: you may let go of it.
    Release {
        deploy: DeployId,
        token: Token,
        nth: u32,
    },
    /// Builder to registry: keep these bytes.
    Put {
        deploy: DeployId,
        token: Token,
        bytes: Digest,
        nth: u32,
    },
    /// Registry to builder: they are kept.
    Kept {
        deploy: DeployId,
        token: Token,
        nth: u32,
    },
    /// Pipeline to registry: what do you hold of this build?
    DigestAsk {
        deploy: DeployId,
        token: Token,
        nth: u32,
    },
    /// Registry to pipeline: this, as computed from the bytes.
    DigestIs {
        deploy: DeployId,
        token: Token,
        digest: Option<Digest>,
        nth: u32,
    },
    /// Pipeline to environment.
    Look {
        deploy: DeployId,
        what: Look,
        nth: u32,
    },
    /// Environment to pipeline: seen `at`.
    Seen {
        deploy: DeployId,
        what: Look,
        holds: bool,
        at: Time,
        nth: u32,
    },
    /// An outbox to the log of events: append this, if `expected` is the sequence of the last event about its entity (0:
    /// none).
    Publish {
        seq: u64,
        event: Event,
        expected: u64,
        nth: u32,
    },
    /// The log of events to an outbox: it has this; `at` is the sequence of it, or of the last one about its entity.
    Published {
        seq: u64,
        event: Event,
        at: u64,
        nth: u32,
    },
    /// About an attempt to deploy.
    Attempt(attempt::Message),
    /// Builder to pipeline: this tree cannot be built, and why.
    BuildError {
        deploy: DeployId,
        token: Token,
        tree: u64,
        defect: Defect,
        nth: u32,
    },
    /// Pipeline to control plane: which configuration does production have?
    ConfigAsk { deploy: DeployId, nth: u32 },
    /// Control plane to pipeline: this one.
    ConfigIs {
        deploy: DeployId,
        config: u32,
        nth: u32,
    },
    /// Control plane to pipeline: how does this deployment stand?
    PreviewAsk { deploy: DeployId, nth: u32 },
    /// Pipeline to control plane: like this.
    PreviewIs {
        deploy: DeployId,
        standing: Standing,
        nth: u32,
    },
    /// The log of events to an outbox: the last event about its entity is another one, with this sequence and name.
    OtherSequence {
        seq: u64,
        event: Event,
        last: u64,
        name: u64,
        nth: u32,
    },
}

impl Message {
    /// The names of its kinds, by number.
    pub const KINDS: &'static [(u16, &'static str)] = &[
        (400, "build-order"),
        (401, "source-fetch"),
        (402, "source-tree"),
        (403, "build-beat"),
        (404, "build-release"),
        (405, "artifact-put"),
        (406, "artifact-kept"),
        (407, "digest-ask"),
        (408, "digest-answer"),
        (409, "environment-look"),
        (410, "environment-seen"),
        (411, "state-transition"),
        (412, "state-transition-ack"),
        (413, "build-error"),
        (420, "attempt-offer"),
        (421, "attempt-beat"),
        (422, "attempt-go"),
        (423, "attempt-release"),
        (424, "resource-apply"),
        (425, "resource-applied"),
        (426, "resource-observe"),
        (427, "resource-observed"),
        (428, "resource-remove"),
        (429, "resource-removed"),
        (430, "attempt-end"),
        (470, "config-ask"),
        (471, "config-answer"),
        (472, "preview-ask"),
        (473, "preview-answer"),
        (490, "other-sequence"),
    ];

    pub(crate) const fn kind(&self) -> u16 {
        match self {
            Self::Build { .. } => 400,
            Self::Fetch { .. } => 401,
            Self::Tree { .. } => 402,
            Self::Beat { .. } => 403,
            Self::Release { .. } => 404,
            Self::Put { .. } => 405,
            Self::Kept { .. } => 406,
            Self::DigestAsk { .. } => 407,
            Self::DigestIs { .. } => 408,
            Self::Look { .. } => 409,
            Self::Seen { .. } => 410,
            Self::Publish { .. } => 411,
            Self::Published { .. } => 412,
            Self::Attempt(message) => message.kind(),
            Self::BuildError { .. } => 413,
            Self::ConfigAsk { .. } => 470,
            Self::ConfigIs { .. } => 471,
            Self::PreviewAsk { .. } => 472,
            Self::PreviewIs { .. } => 473,
            Self::OtherSequence { .. } => 490,
        }
    }

    pub(crate) fn subject(&self) -> Subject {
        match *self {
            Self::Build { deploy, .. }
            | Self::Fetch { deploy, .. }
            | Self::Tree { deploy, .. }
            | Self::Beat { deploy, .. }
            | Self::Release { deploy, .. }
            | Self::Put { deploy, .. }
            | Self::Kept { deploy, .. }
            | Self::DigestAsk { deploy, .. }
            | Self::DigestIs { deploy, .. }
            | Self::Look { deploy, .. }
            | Self::Seen { deploy, .. }
            | Self::BuildError { deploy, .. }
            | Self::ConfigAsk { deploy, .. }
            | Self::ConfigIs { deploy, .. }
            | Self::PreviewAsk { deploy, .. }
            | Self::PreviewIs { deploy, .. } => deploy.into(),
            Self::Publish { event, .. }
            | Self::Published { event, .. }
            | Self::OtherSequence { event, .. } => event.entity,
            Self::Attempt(message) => message.subject(),
        }
    }

    /// What is asked, by whom and how often; what came of it changes the fate of nothing else.
    pub(crate) fn identity(&self) -> u64 {
        match *self {
            Self::Tree {
                deploy, token, nth, ..
            }
            | Self::Beat {
                deploy, token, nth, ..
            }
            | Self::Put {
                deploy, token, nth, ..
            }
            | Self::BuildError {
                deploy, token, nth, ..
            }
            | Self::DigestIs {
                deploy, token, nth, ..
            } => digest(&(self.kind(), deploy, token, nth)),
            Self::Seen {
                deploy, what, nth, ..
            } => digest(&(self.kind(), deploy, what, nth)),
            Self::ConfigIs { deploy, nth, .. } | Self::PreviewIs { deploy, nth, .. } => {
                digest(&(self.kind(), deploy, nth))
            }
            Self::Attempt(message) => message.identity(),
            ref other => digest(&(self.kind(), other)),
        }
    }
}

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Note {
    /// A commit became durable.
    Committed { event: Event },
    /// An outbox handed an event to the log.
    Published { event: Event },
    /// A deployment waits, and for whom.
    Waits { deploy: DeployId, blocker: Blocker },
    /// A deployment failed, and why.
    Failed { deploy: DeployId, cause: Cause },
    /// A builder got the lease for a deployment.
    Leased {
        deploy: DeployId,
        builder: NodeId,
        token: Token,
    },
    /// A builder was not heard of for too long.
    LeaseLost { deploy: DeployId, token: Token },
    /// The registry found another digest than the builder.
    Mismatch {
        deploy: DeployId,
        builder: NodeId,
        times: u8,
    },
    /// A builder was believed, under the deployment's token and its own.
    Believed {
        deploy: DeployId,
        current: Token,
        report: Token,
    },
    /// What a builder said under an old lease was written down and counts for nothing.
    LateReport { deploy: DeployId, token: Token },
    /// Somebody was asked to look into a build that was spoilt twice.
    Alarm { deploy: DeployId },
    /// An order was carried out, or not.
    Ordered { command: Command, done: bool },
    /// About an attempt to deploy.
    Attempt(attempt::Note),
    /// The log of events appended an event about something, behind the one that it had last.
    Appended { entity: Subject, seq: u64 },
    /// Somebody else than who tells of it has appended an event about something to the log of events.
    ForeignEvent { entity: Subject, seq: u64 },
    /// The log's last event about something is not one's own: nothing more is told of it, and somebody is called.
    EventsStopped { entity: Subject, seq: u64 },
    /// Somebody has looked: it goes on behind this sequence.
    EventsResumed { entity: Subject, seq: u64 },
}
