//! Signs: by what a declared failure mode is recognised when it happens.

/// By what a failure mode is recognised when it happens: words of the sentence that tells of it, or a refusal.
pub const MODES: [(&str, &str, Sign); 35] = [
    (
        "Production Promotion",
        "late worker report",
        Sign::Words("said earlier is written down and counts for nothing"),
    ),
    (
        "Production Promotion",
        "route epoch conflict",
        Sign::Words("the promotion was judged at epoch"),
    ),
    (
        "Production Promotion",
        "edge replay gap",
        Sign::Words("what would come next is gone from the log"),
    ),
    (
        "Production Promotion",
        "DB rollback unsafe",
        Sign::Refusal("rollback-target-reads-the-schema", ""),
    ),
    (
        "Deploy Pipeline",
        "stale artifacts",
        Sign::Words("failed: its generated files are stale"),
    ),
    (
        "Deploy Pipeline",
        "build digest mismatch",
        Sign::Words("failed: twice the registry found another digest than the builder"),
    ),
    (
        "Deploy Pipeline",
        "cold deploy needs approval",
        Sign::Words("waits: live state would be lost, and nobody has agreed to that"),
    ),
    (
        "Deploy Pipeline",
        "migration blocks preview",
        Sign::Words("waits: the migration that it needs has not been applied"),
    ),
    (
        "Deployment attempt",
        "orphaned attempt",
        Sign::Words("the sweep found"),
    ),
    (
        "Deployment attempt",
        "late attempt end",
        Sign::Words("comes late:"),
    ),
    (
        "Deployment attempt",
        "teardown of unknown",
        Sign::Words("is refused: 409, its state is unknown"),
    ),
    (
        "CO-LO-EN deployment",
        "image pull failed",
        Sign::Words("failed: image pull failed"),
    ),
    (
        "CO-LO-EN deployment",
        "container creation failed",
        Sign::Words("failed: container creation failed"),
    ),
    (
        "CO-LO-EN deployment",
        "health check failed",
        Sign::Words("failed: health check failed"),
    ),
    (
        "CO-LO-EN deployment",
        "node offline during install",
        Sign::Words("failed: its node is offline"),
    ),
    (
        "Database Migration",
        "destructive migration",
        Sign::Words("it takes data away, and nobody has approved that"),
    ),
    (
        "Database Migration",
        "old app incompatible",
        Sign::Words("an artifact in use cannot work with its schema"),
    ),
    (
        "Database Migration",
        "preview mutates production",
        Sign::Words("what was to be a copy is production"),
    ),
    (
        "Database Migration",
        "manual lock timeout",
        Sign::Words("the lock was not to be had"),
    ),
    (
        "Region Enablement",
        "artifact absent",
        Sign::Refusal("artifact-verified-in-region", ""),
    ),
    (
        "Region Enablement",
        "DB not replicated",
        Sign::Refusal("data-topology-ready", ""),
    ),
    (
        "Region Enablement",
        "session store missing",
        Sign::Refusal("session-store-present", ""),
    ),
    (
        "Region Enablement",
        "residency policy violation",
        Sign::Words("its data may not live there"),
    ),
    (
        "Wake",
        "payment webhook while cold",
        Sign::Refusal("request-class-safe-to-hold", "webhook"),
    ),
    (
        "Wake",
        "wake stampede",
        Sign::Refusal("hold-slots-free", ""),
    ),
    (
        "Wake",
        "readiness timeout",
        Sign::Words("readiness did not pass in time"),
    ),
    (
        "Wake",
        "old route epoch",
        Sign::Refusal("route-epoch-current", ""),
    ),
    (
        "Allocation Lifecycle",
        "runner crash",
        Sign::Words("the runner came back without it"),
    ),
    (
        "Allocation Lifecycle",
        "secret missing",
        Sign::Words("a secret is missing"),
    ),
    (
        "Allocation Lifecycle",
        "OOM",
        Sign::Words("killed for its memory"),
    ),
    (
        "Allocation Lifecycle",
        "session still active at drain deadline",
        Sign::Words("cutting off"),
    ),
    (
        "Host Drain / OS Upgrade",
        "no headroom",
        Sign::Words("(no headroom)"),
    ),
    (
        "Host Drain / OS Upgrade",
        "active sessions pinned",
        Sign::Words("(active sessions pinned)"),
    ),
    (
        "Host Drain / OS Upgrade",
        "provider outage",
        Sign::Words("(provider outage)"),
    ),
    (
        "Host Drain / OS Upgrade",
        "runner-agent regression",
        Sign::Words("(runner-agent regression)"),
    ),
];

/// How something is recognised in a run.
#[derive(Clone, Copy)]
pub enum Sign {
    /// A sentence has these words.
    Words(&'static str),
    /// A gate refuses, in an entry whose sentence has these words.
    Refusal(&'static str, &'static str),
}
