//! Faults: what may go wrong around the platform, in the learner's terms.
//!
//! **Not here.** How a fault becomes a condition of network, disk, clock or host: the crate `world` lowers it. The
//! platform itself has no word for it.

use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The kinds of messages that a fault may name.
pub static MESSAGES: &[&str] = &[
    "request",
    "response",
    "wake-ask",
    "wake-refused",
    "event",
    "event-ack",
    "dispatch",
    "answer",
    "dispatch-refused",
    "order",
    "stop",
    "report",
    "report-ack",
    "heartbeat",
    "activity",
    "pull",
    "pull-done",
    "secrets-ask",
    "secrets",
    "command",
    "readiness-report",
    "exit-report",
    "follow",
    "host-upgrade",
    "host-install",
    "host-installing",
    "host-hello",
    "postcheck-ask",
    "postcheck-report",
    "provider-ask",
    "provider-ok",
    "hand-patch",
    "secrets-await",
    "secret-bound",
    "region-probe",
    "region-seen",
    "region-start",
    "region-stop",
    "region-stopped",
    "region-lease",
    "region-revoke",
    "region-revoked",
    "visit",
    "visit-forward",
    "visit-served",
    "visit-answer",
    "region-renew",
    "migration-order",
    "migration-work",
    "migration-result",
    "migration-report",
    "git-read",
    "git-head",
    "wish",
    "wish-taken",
    "deployment-state",
    "deployment-state-ack",
    "en-order",
    "en-report",
    "en-report-ack",
    "en-beat",
    "image-pull",
    "image-pulled",
    "route-publish",
    "route-published",
    "wrong-sequence",
    "stream-end-ask",
    "stream-end",
    "stream-subscribe",
    "route-event",
    "stream-beat",
    "snapshot-keep",
    "snapshot-keep-entry",
    "snapshot-ask",
    "snapshot",
    "snapshot-entry",
    "edge-acknowledges",
    "services-ask",
    "services-are",
    "epoch-ask",
    "epoch-seen",
    "build-order",
    "source-fetch",
    "source-tree",
    "build-beat",
    "build-release",
    "artifact-put",
    "artifact-kept",
    "digest-ask",
    "digest-answer",
    "environment-look",
    "environment-seen",
    "state-transition",
    "state-transition-ack",
    "build-error",
    "attempt-offer",
    "attempt-beat",
    "attempt-go",
    "attempt-release",
    "resource-apply",
    "resource-applied",
    "resource-observe",
    "resource-observed",
    "resource-remove",
    "resource-removed",
    "attempt-end",
    "config-ask",
    "config-answer",
    "preview-ask",
    "preview-answer",
    "other-sequence",
    "arrival",
    "key-reserve",
    "key-standing",
    "key-settle",
    "key-settled",
    "hand-over",
    "fenced",
    "effect",
    "effected",
    "effect-look",
    "effect-seen",
    "asset-fetch",
    "asset-bytes",
    "manifest-ask",
    "manifest-answer",
    "client-left",
    "inbox-keep",
    "inbox-kept",
    "data-look",
    "data-looks",
    "data-fence",
    "data-fenced",
    "data-make",
    "data-made",
    "outside-ask",
    "outside-is",
    "data-note",
    "data-noted",
    "data-open",
    "data-opened",
    "binding-ask",
    "binding",
    "data-write",
    "data-mark",
    "data-wrote",
    "unsent-ask",
    "unsent-is",
    "outside-effect",
    "outside-effected",
    "session-open",
    "session-upgrade",
    "session-accepted",
    "session-refused",
    "session-act",
    "session-patch",
    "session-close",
    "session-load",
    "session-loaded",
    "session-save",
    "session-saved",
    "session-mount",
    "page-shown",
    "shelf-look",
    "shelf-holds",
    "shelf-remove",
    "shelf-removed",
    "artifact-absent",
    "provider-probe",
    "provider-answer",
    "secret-rotate",
    "secret-rotated",
    "health-ask",
    "health-is",
    "work-carry",
    "work-carried",
    "provider-call",
    "provider-called",
    "console-call",
    "console-called",
    "console-refused",
];

/// How a kind of fault is described, once.
#[derive(Clone, Copy, Debug)]
pub struct FaultSpec {
    /// Its id, as content files and `lab list faults` write it.
    pub id: &'static str,
    /// Its name.
    pub title: &'static str,
    /// One plain sentence.
    pub doc: &'static str,
}

macro_rules! faults {
    ($( #[doc = $doc:literal] $id:literal $title:literal $variant:ident { $( $(#[doc = $fdoc:literal])+ $field:ident : $type:ty ),* $(,)? } )+) => {
        /// One fault. All times are in microseconds.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Fault {
            $( #[doc = $doc] $variant { $( $(#[doc = $fdoc])+ $field: $type ),* } ),+
        }

        /// Every kind of fault.
        pub static FAULTS: &[FaultSpec] = &[$( FaultSpec { id: $id, title: $title, doc: $doc.trim_ascii() } ),+];

        impl Fault {
            /// Its description.
            #[must_use]
            pub fn spec(&self) -> &'static FaultSpec {
                let id = match self { $( Self::$variant { .. } => $id ),+ };
                FAULTS.iter().find(|spec| spec.id == id).unwrap_or(&FAULTS[0])
            }
        }
    };
}

faults! {
    /// A message of a runner's report arrives long after it was sent.
    "late-report" "Late report" LateReport {
        /// The kind of message, by name (`report`, `readiness-report`, `exit-report`).
        kind: String,
        /// How much later.
        by: u64,
    }
    /// Messages are lost on the way.
    "lost-message" "Lost message" LostMessage {
        /// The kind of message, or every kind.
        kind: Option<String>,
        /// How many of a million.
        per_million: u32,
    }
    /// Messages arrive twice.
    "duplicated-message" "Duplicated message" DuplicatedMessage {
        /// The kind of message, or every kind.
        kind: Option<String>,
        /// How many of a million.
        per_million: u32,
    }
    /// Messages overtake each other.
    "reordered-message" "Reordered message" ReorderedMessage {
        /// How many of a million.
        per_million: u32,
        /// By how much at most.
        by: u64,
    }
    /// The artifact store takes its time.
    "slow-pull" "Slow pull" SlowPull {
        /// How much longer each answer takes.
        by: u64,
    }
    /// The artifact store hands over the wrong bytes.
    "corrupt-artifact" "Corrupt artifact" CorruptArtifact {
        /// The app whose artifact it is, by position in the plan.
        app: u16,
    }
    /// A secret that the deployment names is not in the vault.
    "missing-secret" "Missing secret" MissingSecret {
        /// The app whose secret it is.
        app: u16,
    }
    /// The process runs but its readiness check never passes, since the check asks the wrong path.
    "readiness-never-passes" "Readiness never passes" ReadinessNeverPasses {
        /// The app.
        app: u16,
    }
    /// A runtime service that the app is bound to is down, and the process says so when it is asked whether it is ready.
    "binding-down" "Binding down" BindingDown {
        /// The app.
        app: u16,
    }
    /// The process wants more memory than its limit and is killed for it.
    "oom" "Out of memory" OutOfMemory {
        /// The app.
        app: u16,
        /// How many bytes more than usual it wants.
        extra: u64,
    }
    /// The process takes longer to come up.
    "slow-boot" "Slow boot" SlowBoot {
        /// The app.
        app: u16,
        /// How much longer.
        by: u64,
    }
    /// A runner dies with everything on its host, and comes back.
    "runner-crash" "Runner crash" RunnerCrash {
        /// Which runner, from 0.
        runner: u16,
        /// For how long it is gone.
        down: u64,
    }
    /// The control plane dies and comes back with what its disk has.
    "control-crash" "Control plane crash" ControlCrash {
        /// For how long it is gone.
        down: u64,
    }
    /// An edge dies with every request it holds, and comes back.
    "edge-crash" "Edge crash" EdgeCrash {
        /// Which edge, from 0.
        edge: u16,
        /// For how long it is gone.
        down: u64,
    }
    /// Very many requests arrive within a moment.
    "request-burst" "Request burst" RequestBurst {
        /// The app that they want.
        app: u16,
        /// How many.
        count: u32,
        /// Within how long.
        within: u64,
    }
    /// Two groups of nodes cannot reach each other.
    "network-partition" "Network partition" Partition {
        /// The nodes on one side, by name (`control`, `edge-1`, `runner-2`, `store`, `vault`).
        from: alloc::vec::Vec<String>,
        /// The nodes on the other side.
        to: alloc::vec::Vec<String>,
        /// Whether only messages from the first to the second are lost.
        one_way: bool,
    }
    /// A colleague gives the route to the app's next deployment, in the middle of whatever is under way.
    "promotion" "Promotion" Promotion {
        /// The app.
        app: u16,
    }
    /// Writes take longer to become durable.
    "slow-disk" "Slow disk" SlowDisk {
        /// The node, by name.
        node: String,
        /// How much longer.
        by: u64,
    }
    /// A node's clock is wrong.
    "clock-skew" "Clock skew" ClockSkew {
        /// The node, by name.
        node: String,
        /// By how much it is ahead; negative if it is behind.
        by: i64,
    }
    /// A node dies and comes back with what its disk has.
    "node-crash" "Node crash" NodeCrash {
        /// The node, by name.
        node: String,
        /// For how long it is gone.
        down: u64,
    }
    /// The database lacks what a migration needs, or does what it should not.
    "database-trouble" "Database trouble" DatabaseTrouble {
        /// What, by name (`long-reader`).
        what: String,
    }
    /// A colleague changes the plan of a migration that is under way.
    "plan-change" "Plan change" PlanChange {
        /// Which migration, by position in the plan.
        migration: u16,
    }
    /// A region lacks something that it needs, such as secrets, the artifact or data that keeps up.
    "region-lack" "Region lack" RegionLack {
        /// Which region, by position in the plan.
        region: u16,
        /// What it lacks, by name (`session-store`).
        what: String,
    }
    /// The policy says that data may not live in a region any more.
    "residency-change" "Residency change" ResidencyChange {
        /// Which region, by position in the plan.
        region: u16,
    }
    /// The provider of machines does not answer, and nothing can be installed.
    "machine-provider-outage" "Machine provider outage" MachineProviderOutage {}
    /// The automation is told what to install and does not get it onto the hosts.
    "upgrade-stuck" "Upgrade stuck" UpgradeStuck {}
    /// The agent in a version of the hosts' image is broken.
    "agent-regression" "Agent regression" AgentRegression {
        /// Which version.
        version: u16,
    }
    /// A colleague changes a host by hand and tells nobody.
    "hand-patch" "Hand patch" HandPatch {
        /// Which runner's host, from 0.
        runner: u16,
    }
    /// People connect to an app within a moment, and stay.
    "long-sessions" "Long sessions" LongSessions {
        /// The app that they want.
        app: u16,
        /// How many.
        count: u32,
        /// Within how long.
        within: u64,
    }
    /// Somebody commits to Git what shall be deployed, or no more.
    "git-commit" "Git commit" GitCommit {
        /// Deployments by position in the plan, each with the version that is wanted; 0 is none.
        changes: Vec<(u16, u8)>,
    }
    /// A version of a deployment does not work: its image is missing, its container ends at once, or it is never healthy.
    "bad-revision" "Bad revision" BadRevision {
        /// Which deployment, by position in the plan.
        deployment: u16,
        /// Which version.
        revision: u8,
        /// Where it fails, by name (`pull`, `create`, `health`).
        fails: String,
    }
    /// What the archive hands out is not the newest snapshot as it was signed.
    "snapshot-trouble" "Snapshot trouble" SnapshotTrouble {
        /// In which way, by name (`forged`, `damaged`, `old`).
        what: String,
    }
    /// The log is thrown away and begins anew.
    "log-recreated" "Log recreated" LogRecreated {}
    /// What artifacts need at run time is not there.
    "services-down" "Services down" ServicesDown {}
    /// The database gets another schema.
    "schema-change" "Schema change" SchemaChange {
        /// Which.
        to: u32,
    }
    /// A colleague does something about promotions, the log or an edge.
    "promotion-order" "Promotion order" PromotionOrder {
        /// Of which app, by position.
        app: u16,
        /// What.
        effect: crate::promotion::PromotionEffect,
    }
    /// Something around the pipeline is wrong: a builder, the source, or the environment of previews.
    "pipeline-trouble" "Pipeline trouble" PipelineTrouble {
        /// What, by name (`spoilt-build`).
        what: String,
        /// Which builder, from 1; 0 is every one, and whatever is no builder.
        builder: u16,
    }
    /// A commit brings something with it that a preview cannot pass over.
    "weighty-commit" "Weighty commit" WeightyCommit {
        /// Which deployment, by position in the plan.
        deploy: u16,
        /// What, by name (`cold-change`).
        what: String,
    }
    /// A colleague binds a preview to the production's data.
    "shared-data" "Shared data" SharedData {
        /// The preview, by position among the apps.
        app: u16,
    }
    /// What is written to production's database is wrong from here on.
    "data-corruption" "Data corruption" DataCorruption {}
    /// The schema of production's database changes, and the app that is served with it.
    "data-schema" "Data schema" DataSchema {
        /// To which.
        to: u32,
    }
    /// A proxy in front of the edges hides the addresses of clients: everybody seems to come from one place.
    "hidden-addresses" "Hidden addresses" HiddenAddresses {}
    /// People lose their right to be there while their tabs stay open.
    "revoked-identity" "Revoked identity" RevokedIdentity {
        /// How many.
        people: u16,
    }
    /// The control plane's database of owners, promotions and approvals is lost and brought back from an older backup.
    "control-restored" "Control plane restored" ControlRestored {
        /// How much older the backup is.
        age: u64,
        /// For how long the control plane is gone.
        down: u64,
    }
    /// A provider says that it cannot, and whatever is bound to it is not ready.
    "provider-down" "Provider down" ProviderDown {
        /// Which provider, by name (`database`, `object-store`, `queue`, `payment`).
        provider: String,
        /// In which region only, by position in the plan.
        region: Option<u16>,
        /// Whether its status page is silent about it.
        unsaid: bool,
    }
    /// A provider answers, and takes its time.
    "slow-provider" "Slow provider" SlowProvider {
        /// Which provider, by name.
        provider: String,
        /// How much longer each answer takes.
        by: u64,
    }
    /// What a provider shows has expired: nobody can trust the connection, and whatever is bound to it is not ready.
    "expired-certificate" "Expired certificate" ExpiredCertificate {
        /// Which provider, by name.
        provider: String,
    }
    /// A provider takes no secret any more that it was given before; whoever is connected stays so.
    "revoked-credentials" "Revoked credentials" RevokedCredentials {
        /// Which provider, by name.
        provider: String,
    }
    /// A later preview takes the place of one, which is kept for a while.
    "preview-superseded" "Preview superseded" PreviewSuperseded {
        /// The preview, by position among the apps.
        app: u16,
    }
    /// A colleague's order goes to more hosts than were meant.
    "bulk-order" "Bulk order" BulkOrder {
        /// The runners on these hosts, from 0.
        runners: Vec<u16>,
        /// How many hosts were meant.
        meant: u16,
    }
    /// A node's store does one write at a time and takes many times as long, and has to be read through before the node comes back.
    "slow-store" "Slow store" SlowStore {
        /// The node, by name.
        node: String,
        /// How many times as long.
        times: u32,
    }
    /// A deployment of an app makes consoles call again at once, whatever they are told.
    "impatient-consoles" "Impatient consoles" ImpatientConsoles {
        /// The app.
        app: u16,
        /// Which of its deployments, from 0.
        version: u16,
    }
    /// A job of a preview clears the tables of whatever it is bound to.
    "preview-job" "Preview job" PreviewJob {}
    /// The hosts of all edges let a process keep fewer connections than everybody thinks.
    "connection-limit" "Connection limit" ConnectionLimit {
        /// How many.
        most: u32,
    }
    /// A colleague, or a script that somebody left running, does something about deployments or the log of events.
    "pipeline-order" "Pipeline order" PipelineOrder {
        /// What.
        effect: crate::pipeline::PipelineEffect,
    }
}

/// When a fault begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// At a time.
    At(u64),
    /// At the `nth` message of a kind, counted from 1; of one allocation, if given: "the second readiness report of
    /// allocation 1".
    Point {
        /// The kind of message, by name.
        message: String,
        /// Of which allocation, from 1.
        allocation: Option<u32>,
        /// Which of them.
        nth: u32,
    },
}

/// A fault with its place in the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacedFault {
    /// What goes wrong.
    pub fault: Fault,
    /// When it begins.
    pub when: When,
    /// For how long it lasts; `None` until somebody repairs it or the run is healed.
    pub lasts: Option<u64>,
}

/// A fault that comes and goes by the seed: in each period it holds with a chance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Background {
    /// What goes wrong.
    pub fault: Fault,
    /// In how many of a million periods.
    pub per_million: u32,
    /// How long a period is; no spell is shorter.
    pub period: u64,
    /// What it is in a calm, as far as the world says so itself.
    pub calm: crate::severity::Strength,
    /// What it is in a storm, as far as the world says so itself.
    pub storm: crate::severity::Strength,
}
