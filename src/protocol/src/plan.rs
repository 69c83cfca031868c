//! Plan: everything that makes up a run besides the seed and what people do: fleet, workload, faults, objectives.
//!
//! All times are in microseconds, all sizes in bytes.

use crate::fault::{Background, PlacedFault};
use crate::region::{RegionEffect, RegionsPlan};
use alloc::string::String;
use alloc::vec::Vec;
use core::hash::Hasher;
use machine::fingerprint::Fold;
use serde::{Deserialize, Serialize};

/// A range from which the seed draws, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Range {
    /// The least value.
    pub low: u64,
    /// The greatest value.
    pub high: u64,
}

/// What a run is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The scenario's id.
    pub id: String,
    /// The scenario's title.
    pub title: String,
    /// The nodes.
    pub fleet: FleetPlan,
    /// The apps, each with one route; the lesson is about the first.
    pub apps: Vec<AppPlan>,
    /// What clients ask for.
    pub traffic: Vec<Traffic>,
    /// What goes wrong in every run.
    pub faults: Vec<PlacedFault>,
    /// What comes and goes.
    pub background: Vec<Background>,
    /// The causes of which the seed draws one; may be empty.
    pub cases: Vec<Case>,
    /// Knobs that differ from production, by id.
    pub knobs: Vec<(String, u64)>,
    /// When everything that went wrong by itself is over.
    pub heal_at: u64,
    /// When the run ends.
    pub end: u64,
    /// Where the lesson freezes first.
    pub freeze_at: u64,
    /// What can be read.
    pub reads: Vec<Read>,
    /// What can be done.
    pub actions: Vec<Action>,
    /// What shall be achieved.
    pub objectives: Vec<Objective>,
    /// What is asked at the frozen moment.
    pub question: Option<Question>,
    /// Whether somebody has to act; when false, doing nothing is right.
    pub needs_action: bool,
    /// The regions, if the plan has any besides the one that everything else is in.
    pub regions: Option<RegionsPlan>,
    /// The migrations of a database.
    pub migrations: Option<crate::migration::MigrationsPlan>,
    /// Hosts that can be drained and upgraded.
    pub hosts: Option<crate::hosts::HostsPlan>,
    /// The deployments that come from Git.
    pub gitops: Option<crate::gitops::GitOpsPlan>,
    /// How owners of routes change, if that takes more than an order.
    pub promotions: Option<crate::promotion::PromotionsPlan>,
    /// The pipeline from commits to previews.
    pub pipeline: Option<crate::pipeline::PipelinePlan>,
    /// Deployments that are attempted, several times if need be.
    pub attempts: Option<crate::pipeline::AttemptsPlan>,
    /// What single requests need besides an owner and an allocation.
    pub traces: Option<crate::traces::TracesPlan>,
    /// A database that may have to be restored.
    pub restores: Option<crate::restore::RestoresPlan>,
    /// Tabs that keep a socket open, and what is kept for them.
    pub sessions: Option<crate::sessions::SessionsPlan>,
    /// What of all this the seed draws.
    pub vary: Vec<crate::vary::Vary>,
    /// Providers that somebody else runs, and the watch over them.
    pub outage: Option<crate::outage::OutagePlan>,
    /// What weighs on the control plane's store.
    pub pressure: Option<crate::pressure::PressurePlan>,
}

impl Plan {
    /// The digest of everything in it; a replay carries it to say which content it was made with.
    #[must_use]
    pub fn digest(&self) -> u64 {
        // Plain data always encodes.
        let bytes = postcard::to_allocvec(self).unwrap_or_default();
        let mut fold = Fold::new(bytes.len() as u64);
        fold.write(&bytes);
        fold.finish()
    }
}

/// The nodes of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetPlan {
    /// How many edges.
    pub edges: u16,
    /// How many runners.
    pub runners: u16,
    /// The memory of each runner's host.
    pub host_memory: u64,
    /// The latency of a message.
    pub latency: Range,
    /// The time a write takes to become durable.
    pub disk: Range,
}

/// Whether an app runs when the run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// It sleeps.
    Cold,
    /// The first requests have woken it before the story begins.
    Hot,
}

/// An app with its route and deployments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppPlan {
    /// Its name, as sentences use it.
    pub name: String,
    /// The path of its route.
    pub path: String,
    /// Whether it runs when the run begins.
    pub start: Start,
    /// Whether its contract lets keyed unsafe requests wait.
    pub hold_once: bool,
    /// The memory limit of its allocations.
    pub memory_limit: u64,
    /// The memory its process uses.
    pub memory: u64,
    /// How long its process takes to come up.
    pub boot: Range,
    /// How long it then takes to be ready.
    pub ready_after: u64,
    /// How long it takes to answer a request.
    pub service: Range,
    /// How many requests it answers at once; more wait inside the process.
    pub concurrency: u16,
    /// How many may wait inside the process before it answers with an error.
    pub backlog: u16,
    /// How many deployments exist; the first owns the route at the start.
    pub deployments: u16,
}

/// A stream of requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// The app that they want, by position.
    pub app: u16,
    /// Their class: `page`, `upgrade`, `post`, `webhook`, `asset`.
    pub class: String,
    /// Whether they carry an idempotency key.
    pub keyed: bool,
    /// How many in a hundred of the keyed ones repeat the key of the one before.
    pub repeats: u32,
    /// The size of their bodies.
    pub bytes: Range,
    /// The first one.
    pub from: u64,
    /// No more from here on.
    pub until: u64,
    /// The time from one to the next.
    pub every: Range,
    /// What is special about some of them.
    pub extra: crate::traces::Extra,
}

/// One possible cause, drawn by the seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Its id (`secret-missing`).
    pub id: String,
    /// Its title, shown in the debrief only.
    pub title: String,
    /// What is wrong.
    pub faults: Vec<PlacedFault>,
    /// The option of the notification that names it.
    pub tells: String,
    /// What solves it, in order.
    pub solution: Vec<Move>,
}

/// A move at a time: by the plan, by a reference solution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// When.
    pub at: u64,
    /// The id of a read or an action.
    pub id: String,
}

/// What a read shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Readable {
    /// The route's owner and epoch.
    RouteOwner,
    /// The wake operation with its attempts.
    WakeOperation,
    /// The allocations and their stages.
    Allocations,
    /// How far the artifact pull is.
    ArtifactPull,
    /// Which secrets the vault has.
    Secrets,
    /// The runtime services that the app is bound to.
    Bindings,
    /// What the readiness checks said.
    ReadinessLog,
    /// Memory and exits of the hosts.
    HostMemory,
    /// What the edges answered, as telemetry shows it.
    EdgeMetrics,
    /// The enablements of regions, and what each waits for.
    RegionEnablement,
    /// What each region says of itself.
    RegionFacts,
    /// The migrations, and what each waits for.
    Migrations,
    /// The database: who holds its lock, what is in, what it lacks.
    DatabaseState,
    /// The drains of hosts: where each stands, and what holds it.
    HostDrains,
    /// Who votes, and who is healthy.
    Quorum,
    /// What each host has promised, and what is free.
    Headroom,
    /// The deployments on their way to a preview, and what each waits for.
    Previews,
    /// The environment of previews: what is bound there, what is missing.
    PreviewEnvironment,
    /// The attempts of deployments, as the records have them.
    Attempts,
    /// The newest commits of Git.
    GitLog,
    /// What CO has on record.
    CentralRecords,
    /// What each LO has on record.
    DeploymentRecords,
    /// What really runs on each EN.
    EdgeNodes,
    /// The promotions, and what each waits for.
    Promotions,
    /// Where each edge is in the log, and whether it trusts its table.
    EdgeCursors,
    /// Where the log begins and ends, and what the newest snapshot has.
    RouteLog,
    /// What the runtime services say of themselves.
    RuntimeServices,
    /// The idempotency keys and events, and where each stands.
    Keys,
    /// What the product's database has, and what its provider was told.
    Effects,
    /// What the edges go by for previews.
    PreviewHosts,
    /// The restores: how far each is, and what it waits for.
    Restores,
    /// The instances of the database: whose data, who may write, since when it is wrong.
    Instances,
    /// The tabs, their sockets, and what is kept for them.
    Sessions,
    /// What is old and was marked, and what became of it.
    CleanUp,
    /// What the providers say of themselves.
    ProviderStatus,
    /// What the watch's own probes have found.
    OwnProbes,
    /// Which app is bound to what.
    DependencyMap,
    /// What waits for a provider, and what owners were told.
    HeldWork,
    /// What waits for the control plane's store.
    StoreQueue,
    /// How many connections each edge keeps, and how many it may.
    EdgeConnections,
}

/// Something that can be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it shows.
    pub object: Readable,
    /// How long reading it takes.
    pub cost: u64,
    /// How old what it shows is.
    pub lag: u64,
}

/// What an action does to the system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Put the missing secret into the vault.
    BindSecret,
    /// Put the artifact store right: its speed and its bytes.
    RepairStore,
    /// Bring the bound runtime service back.
    RestoreBinding,
    /// Correct the path that the readiness check asks.
    CorrectReadinessCheck,
    /// Set the memory limit of new allocations.
    RaiseMemoryLimit(u64),
    /// End the cool-down and ask for the wake again.
    RetryWake,
    /// Declare the wake hot.
    MarkHot,
    /// Set a knob while the run goes on.
    SetKnob(String, u64),
    /// Start this many more allocations.
    StartAllocations(u16),
    /// Restart an edge.
    RestartEdge(u16),
    /// Delete the wake operation.
    DeleteWake,
    /// Promote the app's next deployment.
    Promote,
    /// Tell the app's owner what is wrong; the text is the id of a case.
    NotifyOwner(String),
    /// Do something about a region.
    Region(RegionEffect),
    /// Do something about a migration.
    Migration(crate::migration::MigrationEffect),
    /// Do something about a deployment on its way to a preview.
    Pipeline(crate::pipeline::PipelineEffect),
    /// Something about hosts.
    Host(crate::hosts::HostEffect),
    /// Do something about a deployment from Git.
    GitOps(crate::gitops::GitOpsEffect),
    /// Something about promotions, the log and the edges that follow it.
    Promotion(crate::promotion::PromotionEffect),
    /// Do something about a preview.
    Traces(crate::traces::TracesEffect),
    /// Something about a restore.
    Restore(crate::restore::RestoreEffect),
    /// Do something about sockets and sessions.
    Sessions(crate::sessions::SessionsEffect),
    /// Do something about a provider in trouble.
    Outage(crate::outage::OutageEffect),
    /// Stop so many allocations of the app, the newest first, as long as one is left that serves.
    TakeBackAllocations(u16),
    /// Do something about what weighs on the control plane's store.
    Pressure(crate::pressure::PressureEffect),
}

/// Something that can be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// Its id.
    pub id: String,
    /// Its title: an order, in plain words.
    pub title: String,
    /// One sentence on what it does.
    pub doc: String,
    /// The app that it concerns.
    pub app: u16,
    /// What it does.
    pub effect: Effect,
    /// If it is a wrong move: why. Said when it was made.
    pub wrong: Option<String>,
}

/// A number that a run is judged by. Requests and starts are those of the first app, assets left out; what is held is
/// counted for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Requests that arrived at an edge.
    Arrived,
    /// Requests that the app answered well.
    Served,
    /// Requests that the app answered with an error.
    AppErrors,
    /// Requests answered with a 503.
    Refused,
    /// Requests that waited until their hold budget ended.
    HoldExpired,
    /// Requests handed over and never answered.
    OutcomeUnknown,
    /// Requests that no edge answered, since it died with them.
    Dropped,
    /// Requests that wait now.
    Held,
    /// The most that ever waited at one edge.
    HeldMost,
    /// The longest that one request waited, in microseconds.
    WaitedLongest,
    /// Allocations that were planned.
    Starts,
    /// The most starts under way at once.
    StartsAtOnce,
    /// Wakes that failed.
    WakesFailed,
    /// Processes killed for their memory.
    OomKills,
    /// 503 answers without a Retry-After.
    NoRetryAfter,
    /// Served requests within the last ten seconds.
    ServedLately,
    /// Tabs that have a socket now.
    TabsConnected,
    /// Tabs that were told not to come again.
    TabsGivenUp,
    /// Requests whose clients left before they were answered.
    Left,
}

/// Something that is or is not so at a moment of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Situation {
    /// The wake of an app's current owner is in this state, by name.
    Wake {
        /// Which app.
        app: u16,
        /// Which state.
        state: String,
    },
    /// A number is at least this.
    AtLeast(Metric, u64),
    /// A number is at most this.
    AtMost(Metric, u64),
    /// An action was done.
    Did(String),
    /// Something was read, and what it shows has come.
    HasRead(String),
    /// Any wrong move was made.
    AnyWrongMove,
    /// The owner was told the cause that the seed drew.
    OwnerToldTheCause,
    /// The owner was told another cause.
    OwnerToldAnother,
    /// Some always-property is broken.
    AnyPropertyBroken,
    /// This time has come.
    TimeIs(u64),
    /// The enablement of a region, by its position, is in this state, by name.
    Region {
        /// Which region.
        region: u16,
        /// Which state.
        state: String,
    },
    /// A migration, by its position, is in this state, by name.
    Migration {
        /// Which migration.
        migration: u16,
        /// Which state.
        state: String,
    },
    /// The newest life of a deployment from Git, by its position, is in this state, by name.
    Deployment {
        /// Which deployment.
        deployment: u16,
        /// Which state.
        state: String,
        /// Which version passed its checks last, if that matters.
        revision: Option<u8>,
    },
    /// All of them.
    All(Vec<Self>),
    /// One of them.
    Any(Vec<Self>),
    /// Not that.
    Not(alloc::boxed::Box<Self>),
    /// Something about hosts.
    Hosts(crate::hosts::HostSituation),
    /// Something about promotions.
    Promotion(crate::promotion::PromotionSituation),
    /// A deployment that is attempted, by its position, is in this state, by name; `torn_down` once all of it is gone.
    Attempted {
        /// Which deployment.
        deployment: u16,
        /// Which state.
        state: String,
    },
    /// A deployment on its way, by its position, is in this state, by name.
    Preview {
        /// Which deployment.
        deploy: u16,
        /// Which state.
        state: String,
    },
    /// A restore, by its position, is in this stage, by name.
    Restore {
        /// Which restore.
        restore: u16,
        /// Which stage.
        stage: String,
    },
    /// Something about providers and what waits for them.
    Outage(crate::outage::OutageSituation),
    /// Something about what weighs on the control plane's store.
    Pressure(crate::pressure::PressureSituation),
    /// The log of events has everything that was committed about attempts, or about previews.
    EventsTold(crate::pipeline::EventsOf),
    /// Maintenance holds a table of the database and comes to an end by itself.
    MaintenanceGetsOn,
}

/// How a situation is judged over a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// It is so at some moment, no later than `by` if given.
    Reaches {
        /// What.
        what: Situation,
        /// Until when.
        by: Option<u64>,
    },
    /// It is so when the run ends.
    EndsWith(Situation),
    /// It is never so.
    Never(Situation),
    /// The second is never so before the first has been.
    Before(Situation, Situation),
}

/// Something to achieve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objective {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What is checked, ticking live.
    pub claim: Claim,
    /// Which side of the profile it counts for (`truth before action`, `harm`, …).
    pub side: String,
    /// Up to which severity it is promised; in anything worse it is shown and counts for nothing.
    pub up_to: crate::severity::Severity,
}

/// A question about a frozen moment; the engine answers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// What is asked.
    pub prompt: String,
    /// When it is revealed.
    pub reveal_at: u64,
    /// The possible answers; exactly one comes true in every run in which nobody acts.
    pub options: Vec<QuestionOption>,
    /// One sentence on why, shown with the answer.
    pub why: String,
}

/// One possible answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionOption {
    /// The text.
    pub text: String,
    /// When it is right: judged at the moment of the reveal.
    pub right_if: Situation,
    /// One hint, shown to who chose it wrongly.
    pub hint: String,
}
