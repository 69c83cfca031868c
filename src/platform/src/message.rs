//! What nodes of the platform say to each other.
//!
//! **Invariants.** Every message is small plain data. Whatever can be sent again carries its repeat count, so that each
//! sending is a decision of its own for the network.

use crate::id::{
    AllocationId, DeploymentId, Digest, Epoch, IdempotencyKey, OutboxId, Region, ReportId,
    RequestId, RouteId, Token, WakeId, node_subject,
};
use crate::{allocation, wake};
use machine::{NodeId, Subject, Time, fingerprint};

/// The class of a request, judged by method and path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A page: may be repeated.
    SafePage,
    /// A socket upgrade, before it is accepted.
    Upgrade,
    /// A request that may change something.
    Unsafe,
    /// A provider's call with its own retry rules.
    Webhook,
    /// Bytes named by their digest.
    Asset,
}

/// Why a request got the answer it got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The app answered.
    Served,
    /// The app answered with an error.
    AppError,
    /// No route has this host and path.
    NoRoute,
    /// All hold slots are taken.
    HoldFull,
    /// The body is larger than the edge holds.
    BodyTooLarge,
    /// The app did not wake within the hold budget.
    WakeTimeout,
    /// The app was started too often lately.
    WakeBudget,
    /// The last wake failed a moment ago; the route rests.
    CoolDown,
    /// The wake failed while the request waited.
    WakeFailed,
    /// The app sleeps and this request may not be held.
    UnsafeCold,
    /// The route's contract wants an idempotency key.
    KeyRequired,
    /// A request with this key is under way.
    KeyInFlight,
    /// This key was used for another body.
    KeyReused,
    /// The stored answer to this key.
    KeyReplayed,
    /// No allocation would take it.
    NoTarget,
    /// It was handed over and no answer came; nobody knows whether it happened.
    OutcomeUnknown,
    /// The wake was for an epoch that is no longer current.
    StaleEpoch,
    /// No host has room.
    NoPlacement,
    /// No snapshot has come yet, so that no owner is known.
    NoBaseline,
    /// The edge doubts its table, and this request may not go to an owner that is not verified.
    RouteGap,
    /// It came as early data, which anybody on the way can send again.
    EarlyData,
    /// The store of keys did not answer.
    IdemStore,
    /// The allocation may not do anything any more.
    Fenced,
    /// The signature is not the provider's.
    BadSignature,
    /// The signature was made too long ago.
    StaleSignature,
    /// The event was processed before.
    EventProcessed,
    /// The event is being processed.
    EventInFlight,
    /// The webhook could not be delivered in its window; the provider owns the retry.
    WebhookDeferred,
    /// No artifact has this asset.
    NoSuchAsset,
    /// The artifact store did not answer, or not with the right bytes.
    AssetStore,
    /// There is no such preview.
    NoPreview,
    /// The preview was started too often lately.
    PreviewBudget,
    /// The preview is bound to the production's data.
    NotIsolated,
    /// The last start failed for want of a secret, and nobody has bound it yet.
    SecretMissing,
    /// Whoever sent it has left.
    ClientLeft,
    /// It came on an errand, and somebody in person wanted its slot.
    Displaced,
    /// It came on an errand while the app sleeps, and nothing is woken for errands.
    ErrandWhileCold,
    /// There is a later preview, and the time of this one is over.
    PreviewGone,
    /// Whoever asks for it has it already.
    NotModified,
    /// The event is kept, and the app gets it in its turn.
    EventKept,
    /// The inbox did not answer.
    InboxSilent,
    /// The edge would need more connections than it can keep.
    NoConnection,
    /// A provider that the app is bound to is in an outage: to wake it would be in vain.
    ProviderDown,
    /// The provider has only just come back, and other apps are woken first.
    ProviderReturns,
    /// The control plane's store does not keep up, and nothing that can wait is begun.
    StoreBusy,
}

/// Why a wake or an allocation failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// Nothing failed.
    #[default]
    None,
    /// The artifact did not arrive in time.
    PullTimeout,
    /// The bytes have another digest.
    DigestMismatch,
    /// A secret is not there.
    SecretMissing,
    /// Readiness did not pass in time.
    ReadinessTimeout,
    /// The process was killed for its memory.
    Oom,
    /// The process ended by itself.
    Crash,
    /// The host was not heard of for too long.
    HostLost,
    /// The runner came back without it.
    RunnerCrash,
    /// The route has a newer owner.
    OldEpoch,
    /// No host has room.
    NoPlacement,
    /// An operator stopped it.
    Cancelled,
    /// The wake took too long.
    WakeTimeout,
}

/// What a runner has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Observed {
    /// The order was accepted; the pull begins.
    Accepted,
    /// The artifact is verified and the secrets are mounted; the process is being started.
    Launched { digest: Digest, mounted: bool },
    /// The process runs.
    Up,
    /// A readiness check was made at `at` (the runner's clock).
    Readiness {
        nth: u32,
        pass: bool,
        reason: u8,
        at: Time,
    },
    /// The bytes have another digest.
    DigestMismatch,
    /// A secret is not there.
    SecretMissing,
    /// The artifact did not arrive in time.
    PullFailed,
    /// The process ended.
    Exited { code: u8, oom: bool },
    /// It was stopped as ordered.
    Stopped {
        in_flight: u32,
        deadline_reached: bool,
    },
    /// The runner came back from a crash and has no process for it.
    Gone,
}

/// What a committed change says to whoever follows the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Event {
    /// A route has an owner.
    RouteOwner {
        route: RouteId,
        epoch: Epoch,
        deployment: DeploymentId,
        version: u32,
    },
    /// A wake is in a state. `retry_at` is when it makes sense to ask again.
    Wake {
        wake: WakeId,
        route: RouteId,
        region: Region,
        epoch: Epoch,
        to: wake::State,
        retry_at: Time,
        version: u32,
    },
    /// An allocation is in a state, in rotation or not.
    Allocation {
        allocation: AllocationId,
        route: RouteId,
        epoch: Epoch,
        host: NodeId,
        token: Token,
        to: allocation::State,
        serving: bool,
        version: u32,
    },
    /// A deployment's settings.
    Deployment {
        deployment: DeploymentId,
        version: u32,
    },
    /// A drain of a host is in a state.
    Host(crate::hosts::Event),
    /// About promotions.
    Promotion(crate::promotion::Event),
    /// Something is marked, spared or removed.
    Cleanup(crate::cleanup::Event),
    /// A setting of the control plane.
    Setting(crate::pressure::Event),
}

impl Event {
    /// The entity that the event is about.
    #[must_use]
    pub fn entity(&self) -> Subject {
        match *self {
            Self::RouteOwner { route, .. } => route.into(),
            Self::Wake { wake, .. } => wake.into(),
            Self::Allocation { allocation, .. } => allocation.into(),
            Self::Deployment { deployment, .. } => deployment.into(),
            Self::Host(event) => event.drain.into(),
            Self::Promotion(event) => event.entity(),
            Self::Cleanup(event) => event.collection.into(),
            Self::Setting(_) => crate::pressure::SettingId.into(),
        }
    }

    /// The entity's version after the commit.
    #[must_use]
    pub const fn version(&self) -> u32 {
        match *self {
            Self::RouteOwner { version, .. }
            | Self::Wake { version, .. }
            | Self::Allocation { version, .. }
            | Self::Deployment { version, .. } => version,
            Self::Host(event) => event.version,
            Self::Promotion(ref event) => event.version(),
            Self::Cleanup(event) => event.version,
            Self::Setting(event) => event.version,
        }
    }
}

/// What an operator may order. Every one of them can be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Command {
    /// End the cool-down and start the wake again now, if its gates allow.
    RetryWake { route: RouteId, region: Region },
    /// Declare the wake hot.
    MarkHot { route: RouteId, region: Region },
    /// Start one more allocation.
    StartAllocation { route: RouteId, region: Region },
    /// Forget the wake, its failures and its cool-down.
    DeleteWake { route: RouteId, region: Region },
    /// Stop an allocation.
    StopAllocation { allocation: AllocationId },
    /// Give the route to another deployment; judged against `predecessor`.
    Promote {
        route: RouteId,
        deployment: DeploymentId,
        predecessor: Epoch,
    },
    /// Change the memory limit of a deployment, for allocations planned from now on.
    SetMemoryLimit {
        deployment: DeploymentId,
        limit: u64,
    },
    /// Tell the app's owner what is wrong.
    NotifyOwner { route: RouteId, cause: Cause },
    /// Store a secret (to the vault).
    BindSecret { deployment: DeploymentId },
    /// Put back the right bytes of an artifact (to the store).
    RepairArtifact { digest: Digest },
    /// Something about a region (to the region service).
    Region(crate::region::Command),
    /// Something about a host.
    Host(crate::hosts::Command),
    /// Something about a migration (to the migration service or the database).
    Migration(crate::migration::Command),
    /// Something about a deployment in Git (to Git, CO or LO).
    GitOps(crate::gitops::Command),
    /// Something about promotions, the log and the edges that follow it.
    Promotion(crate::promotion::Command),
    /// Something about a deployment on its way to a preview (to the pipeline or the environment).
    Pipeline(crate::pipeline::Command),
    /// Something that an edge goes by (to the edges).
    Traces(crate::traces::Command),
    /// Something about a restore (to the restore service or the databases).
    Restore(crate::restore::Command),
    /// Something about sockets and sessions (to edges and runners).
    Sessions(crate::sessions::Command),
    /// Something about what is kept.
    Cleanup(crate::cleanup::Command),
    /// Something about an outage (to the watch or a provider).
    Outage(crate::outage::Command),
    /// Stop the newest allocation of a route, as long as another one is ready.
    TakeBack { route: RouteId, region: Region },
    /// Something about what weighs on the control plane's store.
    Pressure(crate::pressure::Command),
}

impl Command {
    /// Its number, for notes.
    #[must_use]
    pub const fn number(&self) -> u8 {
        match self {
            Self::RetryWake { .. } => 0,
            Self::MarkHot { .. } => 1,
            Self::StartAllocation { .. } => 2,
            Self::DeleteWake { .. } => 3,
            Self::StopAllocation { .. } => 4,
            Self::Promote { .. } => 5,
            Self::SetMemoryLimit { .. } => 6,
            Self::NotifyOwner { .. } => 7,
            Self::BindSecret { .. } => 8,
            Self::RepairArtifact { .. } => 9,
            Self::Region(_) => 10,
            Self::Host(_) => 90,
            Self::Migration(_) => 11,
            Self::GitOps(_) => 12,
            Self::Promotion(_) => 15,
            Self::Pipeline(_) => 13,
            Self::Traces(_) => 14,
            Self::Restore(_) => 17,
            Self::Sessions(_) => 16,
            Self::Cleanup(_) => 18,
            Self::Outage(_) => 21,
            Self::TakeBack { .. } => 24,
            Self::Pressure(command) => command.number(),
        }
    }
}

/// A request as the edge sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// Its number.
    pub id: RequestId,
    /// Where it goes.
    pub route: RouteId,
    /// Its class.
    pub class: Class,
    /// The client's token, if it sent one.
    pub key: Option<IdempotencyKey>,
    /// A digest of the body, for telling a repeat from a misuse of the key.
    pub body: u32,
    /// The size of the body.
    pub bytes: u32,
}

// A message is copied at every step of its way, and each delivery is kept. What is seldom said must not make all messages
// larger: a family that needs more room nests what goes together, as `traces::Brings` does.
const _: () = assert!(size_of::<Message>() == 64);

/// Everything that can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Message {
    /// Client to edge.
    Request(Request),
    /// Edge to client.
    Response {
        request: RequestId,
        status: u16,
        reason: Reason,
        retry_after: u32,
        headers: crate::traces::Headers,
    },
    /// Edge to control plane: bring this route to serving.
    WakeAsk {
        route: RouteId,
        region: Region,
        epoch: Epoch,
        nth: u32,
    },
    /// Control plane to edge: no.
    WakeRefused {
        route: RouteId,
        epoch: Epoch,
        reason: Reason,
        retry_at: Time,
        nth: u32,
    },
    /// Control plane to edge: an event of the log.
    Event {
        row: OutboxId,
        event: Event,
        nth: u32,
    },
    /// Edge to control plane: the event is in my table.
    EventAck { row: OutboxId, nth: u32 },
    /// Edge to control plane: my table is empty; tell me the newest of everything.
    Follow { nth: u32 },
    /// Edge to runner: answer this. Carries the epoch of the owner that the edge holds.
    Dispatch {
        request: RequestId,
        allocation: AllocationId,
        epoch: Epoch,
    },
    /// Runner to edge: the answer.
    Answer { request: RequestId, ok: bool },
    /// Runner to edge: I have no such allocation to answer with.
    DispatchRefused {
        request: RequestId,
        allocation: AllocationId,
    },
    /// Control plane to runner: run this.
    Order {
        allocation: AllocationId,
        token: Token,
        deployment: DeploymentId,
        digest: Digest,
        limit: u64,
        epoch: Epoch,
        nth: u32,
    },
    /// Control plane to runner: stop this; at once, or when nothing is in flight, at the latest after `drain`.
    Stop {
        allocation: AllocationId,
        token: Token,
        drain: Option<machine::Duration>,
        nth: u32,
    },
    /// Runner to control plane: what I saw.
    Report {
        report: ReportId,
        allocation: AllocationId,
        token: Token,
        observed: Observed,
        nth: u32,
    },
    /// Control plane to runner: heard.
    ReportAck { report: ReportId, nth: u32 },
    /// Runner to control plane: I am here; `used` bytes are promised.
    Heartbeat { nth: u32, used: u64 },
    /// Runner to control plane, with the heartbeat: how an allocation is doing.
    Activity {
        allocation: AllocationId,
        token: Token,
        in_flight: u32,
        idle: machine::Duration,
        nth: u32,
    },
    /// Runner to store: give me these bytes.
    Pull {
        allocation: AllocationId,
        digest: Digest,
        nth: u32,
    },
    /// Store to runner: here they are; `bytes` is the digest of what was really sent.
    PullDone {
        allocation: AllocationId,
        digest: Digest,
        bytes: Digest,
        nth: u32,
    },
    /// Runner to vault: give me the deployment's secrets.
    SecretsAsk {
        allocation: AllocationId,
        deployment: DeploymentId,
        nth: u32,
    },
    /// Vault to runner.
    Secrets {
        allocation: AllocationId,
        deployment: DeploymentId,
        complete: bool,
        nth: u32,
    },
    /// Operator to whom it concerns.
    Command(Command),
    /// Among the region service, regions, door and visitors.
    Region(crate::region::Message),
    /// About a host.
    Host(crate::hosts::Message),
    /// Among the migration service, its migrator and the database.
    Migration(crate::migration::Message),
    /// Among Git, CO, LO and EN.
    GitOps(crate::gitops::Message),
    /// Among control plane, log, archive, services and edges, about owners.
    Promotion(crate::promotion::Message),
    /// Among the pipeline, its builders, source, registry, environment and the log of events.
    Pipeline(crate::pipeline::Message),
    /// About what requests need besides an owner and an allocation.
    Traces(crate::traces::Message),
    /// Among the restore service, the databases, writers and the world outside.
    Restore(crate::restore::Message),
    /// Among tabs, edges, runners and the session store.
    Sessions(crate::sessions::Message),
    /// Among control plane, store, archive and runners, about what is kept.
    Cleanup(crate::cleanup::Message),
    /// Among the watch, the providers and whoever carries out what the watch lets go on.
    Outage(crate::outage::Message),
    /// Control plane to vault: say when the secrets of a deployment are all there.
    SecretsAwait { deployment: DeploymentId, nth: u32 },
    /// Vault to control plane: they are.
    SecretBound { deployment: DeploymentId, nth: u32 },
    /// Between consoles and control plane.
    Pressure(crate::pressure::Message),
}

macro_rules! kinds {
    ($( $variant:ident = $number:literal $name:literal ),+ $(,)?) => {
        /// The names of the kinds that are declared here, by number.
        pub const OWN: &[(u16, &str)] = &[$(($number, $name)),+];
        $(
            #[doc = concat!("The number of `", $name, "` messages.")]
            #[allow(non_upper_case_globals, reason = "named after the variant")]
            pub(crate) const $variant: u16 = $number;
        )+
    };
}

/// Numbers of the kinds.
#[allow(dead_code, reason = "some are only looked up by name")]
mod kind {
    kinds! {
        Request = 0 "request", Response = 1 "response", WakeAsk = 2 "wake-ask", WakeRefused = 3 "wake-refused",
        Event = 4 "event", EventAck = 5 "event-ack", Dispatch = 6 "dispatch", Answer = 7 "answer",
        DispatchRefused = 8 "dispatch-refused", Order = 9 "order", Stop = 10 "stop", Report = 11 "report",
        ReportAck = 12 "report-ack", Heartbeat = 13 "heartbeat", Activity = 14 "activity", Pull = 15 "pull",
        PullDone = 16 "pull-done", SecretsAsk = 17 "secrets-ask", Secrets = 18 "secrets", Command = 19 "command",
        ReadinessReport = 20 "readiness-report", ExitReport = 21 "exit-report", Follow = 22 "follow",
        HostUpgrade = 350 "host-upgrade", HostInstall = 351 "host-install", HostInstalling = 352 "host-installing",
        HostHello = 353 "host-hello", PostcheckAsk = 354 "postcheck-ask", PostcheckReport = 355 "postcheck-report",
        ProviderAsk = 356 "provider-ask", ProviderOk = 357 "provider-ok", HandPatch = 358 "hand-patch",
        SecretsAwait = 359 "secrets-await", SecretBound = 360 "secret-bound",
    }
}

/// The kinds declared here, then those of each part of the platform.
const LISTS: &[&[(u16, &str)]] = &[
    kind::OWN,
    crate::region::Message::KINDS,
    crate::migration::Message::KINDS,
    crate::gitops::Message::KINDS,
    crate::promotion::Message::KINDS,
    crate::pipeline::Message::KINDS,
    crate::traces::Message::KINDS,
    crate::restore::Message::KINDS,
    crate::sessions::Message::KINDS,
    crate::cleanup::Message::KINDS,
    crate::outage::Message::KINDS,
    crate::pressure::Message::KINDS,
];

/// Every kind of message, as sentences and whoever names a kind use them: its number and its name.
pub fn kinds() -> impl Iterator<Item = (u16, &'static str)> {
    LISTS.iter().copied().flatten().copied()
}

impl machine::Message for Message {
    fn kind(&self) -> u16 {
        match self {
            Self::Request(_) => kind::Request,
            Self::Response { .. } => kind::Response,
            Self::WakeAsk { .. } => kind::WakeAsk,
            Self::WakeRefused { .. } => kind::WakeRefused,
            Self::Event { .. } => kind::Event,
            Self::EventAck { .. } => kind::EventAck,
            Self::Follow { .. } => kind::Follow,
            Self::Dispatch { .. } => kind::Dispatch,
            Self::Answer { .. } => kind::Answer,
            Self::DispatchRefused { .. } => kind::DispatchRefused,
            Self::Order { .. } => kind::Order,
            Self::Stop { .. } => kind::Stop,
            Self::Report {
                observed: Observed::Readiness { .. },
                ..
            } => kind::ReadinessReport,
            Self::Report {
                observed: Observed::Exited { .. },
                ..
            } => kind::ExitReport,
            Self::Report { .. } => kind::Report,
            Self::ReportAck { .. } => kind::ReportAck,
            Self::Heartbeat { .. } => kind::Heartbeat,
            Self::Activity { .. } => kind::Activity,
            Self::Pull { .. } => kind::Pull,
            Self::PullDone { .. } => kind::PullDone,
            Self::SecretsAsk { .. } => kind::SecretsAsk,
            Self::Secrets { .. } => kind::Secrets,
            Self::Command(_) => kind::Command,
            Self::Region(message) => message.kind(),
            Self::Migration(message) => message.kind(),
            Self::GitOps(message) => message.kind(),
            Self::Promotion(message) => message.kind(),
            Self::Pipeline(message) => message.kind(),
            Self::Traces(message) => message.kind(),
            Self::Restore(message) => message.kind(),
            Self::Sessions(message) => message.kind(),
            Self::Cleanup(message) => message.kind(),
            Self::Outage(message) => message.kind(),
            Self::Pressure(message) => message.kind(),
            Self::Host(message) => message.kind(),
            Self::SecretsAwait { .. } => kind::SecretsAwait,
            Self::SecretBound { .. } => kind::SecretBound,
        }
    }

    fn subject(&self) -> Subject {
        match *self {
            Self::Request(Request { id, .. }) => id.into(),
            Self::Response { request, .. }
            | Self::Answer { request, .. }
            | Self::Dispatch { request, .. }
            | Self::DispatchRefused { request, .. } => request.into(),
            Self::WakeAsk { route, .. } | Self::WakeRefused { route, .. } => route.into(),
            Self::Event { ref event, .. } => event.entity(),
            Self::EventAck { row, .. } => row.into(),
            Self::Order { allocation, .. }
            | Self::Stop { allocation, .. }
            | Self::Report { allocation, .. }
            | Self::Activity { allocation, .. }
            | Self::Pull { allocation, .. }
            | Self::PullDone { allocation, .. }
            | Self::SecretsAsk { allocation, .. }
            | Self::Secrets { allocation, .. } => allocation.into(),
            Self::ReportAck { report, .. } => report.into(),
            Self::Heartbeat { .. } | Self::Follow { .. } => node_subject(NodeId(0)),
            Self::Host(ref message) => message.subject(),
            Self::Command(command) => match command {
                Command::RetryWake { route, .. }
                | Command::MarkHot { route, .. }
                | Command::StartAllocation { route, .. }
                | Command::DeleteWake { route, .. }
                | Command::TakeBack { route, .. }
                | Command::Promote { route, .. }
                | Command::NotifyOwner { route, .. } => route.into(),
                Command::StopAllocation { allocation } => allocation.into(),
                Command::SetMemoryLimit { deployment, .. } | Command::BindSecret { deployment } => {
                    deployment.into()
                }
                Command::RepairArtifact { .. } => DeploymentId(0).into(),
                Command::Region(command) => command.region().into(),
                Command::Migration(_) => crate::migration::MigrationId(0).into(),
                Command::Host(command) => command.subject(),
                Command::GitOps(command) => command.subject(),
                Command::Promotion(command) => command.subject(),
                Command::Pipeline(command) => command.subject(),
                Command::Traces(command) => command.subject(),
                Command::Restore(_) => crate::restore::RestoreId(0).into(),
                Command::Sessions(_) | Command::Outage(_) => node_subject(NodeId(0)),
                Command::Cleanup(_) => crate::cleanup::CollectionId(0).into(),
                Command::Pressure(_) => crate::pressure::SettingId.into(),
            },
            Self::Region(message) => message.subject(),
            Self::Migration(message) => message.subject(),
            Self::GitOps(message) => message.subject(),
            Self::Promotion(message) => message.subject(),
            Self::Pipeline(message) => message.subject(),
            Self::Traces(message) => message.subject(),
            Self::Restore(message) => message.subject(),
            Self::Sessions(message) => message.subject(),
            Self::Cleanup(message) => message.subject(),
            Self::Outage(message) => message.subject(),
            Self::Pressure(message) => message.subject(),
            Self::SecretsAwait { deployment, .. } | Self::SecretBound { deployment, .. } => {
                deployment.into()
            }
        }
    }

    /// The whole content: whatever can be repeated carries its `nth`. The moment of an observation is left out, so that
    /// a delay of one check does not change the fate of the next.
    fn identity(&self) -> u64 {
        match *self {
            Self::Report {
                report,
                allocation,
                token,
                nth,
                ..
            } => fingerprint::digest(&(11_u8, report, allocation, token, nth)),
            Self::Activity {
                allocation,
                token,
                nth,
                ..
            } => fingerprint::digest(&(14_u8, allocation, token, nth)),
            Self::Event { row, nth, .. } => fingerprint::digest(&(4_u8, row, nth)),
            Self::Response { request, .. } => fingerprint::digest(&(1_u8, request)),
            Self::WakeRefused {
                route, epoch, nth, ..
            } => fingerprint::digest(&(3_u8, route, epoch, nth)),
            Self::Region(message) => message.identity(),
            Self::Migration(message) => message.identity(),
            Self::GitOps(message) => message.identity(),
            Self::Promotion(message) => message.identity(),
            Self::Pipeline(message) => message.identity(),
            Self::Traces(message) => message.identity(),
            Self::Restore(message) => message.identity(),
            Self::Sessions(message) => message.identity(),
            Self::Cleanup(message) => message.identity(),
            Self::Outage(message) => message.identity(),
            Self::Pressure(message) => message.identity(),
            Self::Host(ref message) => message.identity(),
            ref other => fingerprint::digest(other),
        }
    }

    fn repeatable(&self) -> bool {
        if let Self::Host(message) = self {
            return message.repeatable();
        }
        if let Self::Region(message) = self {
            return message.repeatable();
        }
        if let Self::Traces(message) = self {
            return message.repeatable();
        }
        if let Self::Sessions(message) = self {
            return message.repeatable();
        }
        // Requests and their answers travel on one connection; everything else is sent until it is acknowledged.
        !matches!(
            self,
            Self::Request(_)
                | Self::Response { .. }
                | Self::Dispatch { .. }
                | Self::Answer { .. }
                | Self::DispatchRefused { .. }
                | Self::Command(_)
                | Self::Pressure(_)
        )
    }
}
