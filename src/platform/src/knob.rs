//! The numbers of the platform, in one list, with the defaults that production uses.

machine::knobs! {
    /// How long one request may wait for a wake, counted from its arrival.
    HOLD_BUDGET = "hold budget", Time 8_000_000 in 0..=600_000_000, home "Edge";
    /// How many requests one edge holds at once.
    HOLD_SLOTS = "hold slots", Count 100 in 0..=10_000, home "Edge";
    /// The largest body that is held, in bytes.
    HOLD_BODY_CAP = "hold body cap", Bytes 65_536 in 0..=16_777_216, home "Edge";
    /// How long after one held request the next is let go.
    RELEASE_INTERVAL = "release interval", Time 20_000 in 0..=1_000_000, home "Edge";
    /// How long the edge waits for an answer before it gives the request up.
    DISPATCH_TIMEOUT = "dispatch timeout", Time 10_000_000 in 100_000..=600_000_000, home "Edge";
    /// How long the edge waits before it asks for the same wake again.
    WAKE_ASK_INTERVAL = "wake ask interval", Time 1_000_000 in 100_000..=60_000_000, home "Edge";
    /// How many starts of one app are allowed in the wake window.
    WAKE_BUDGET = "wake budget", Count 5 in 0..=1_000, home "Wake";
    /// The window in which starts of one app are counted.
    WAKE_WINDOW = "wake window", Time 600_000_000 in 1_000_000..=86_400_000_000, home "Wake";
    /// How long a wake may take before it has failed.
    WAKE_TIMEOUT = "wake timeout", Time 30_000_000 in 1_000_000..=3_600_000_000, home "Wake";
    /// How long the route rests after the first failed wake; doubles with each further one.
    COOL_DOWN = "cool-down", Time 1_000_000 in 0..=600_000_000, home "Wake";
    /// The longest such rest.
    COOL_DOWN_MAX = "cool-down max", Time 60_000_000 in 0..=3_600_000_000, home "Wake";
    /// How long an app must be idle before it is put to sleep.
    IDLE_BEFORE_SLEEP = "idle before sleep", Time 300_000_000 in 1_000_000..=86_400_000_000, home "Wake";
    /// How many starts of one app may be under way at once.
    START_LIMIT = "start limit", Count 1 in 1..=100, home "Scheduler";
    /// How many readiness checks must pass in a row.
    READINESS_PASSES = "readiness passes", Count 2 in 1..=20, home "Allocation Lifecycle";
    /// How long after one readiness check the next is made.
    READINESS_INTERVAL = "readiness interval", Time 200_000 in 10_000..=60_000_000, home "Runner";
    /// How long a readiness check counts as evidence.
    EVIDENCE_TTL = "evidence ttl", Time 5_000_000 in 100_000..=3_600_000_000, home "Control plane";
    /// How long a pull may take.
    PULL_TIMEOUT = "pull timeout", Time 120_000_000 in 1_000_000..=3_600_000_000, home "Allocation Lifecycle";
    /// How long the runner waits for the store before it asks for the bytes again.
    PULL_RETRY = "pull retry", Time 10_000_000 in 100_000..=600_000_000, home "Runner";
    /// How long a start may take, from the process to its readiness.
    START_TIMEOUT = "start timeout", Time 60_000_000 in 1_000_000..=3_600_000_000, home "Allocation Lifecycle";
    /// How long an allocation may drain before it is stopped by force.
    DRAIN_DEADLINE = "drain deadline", Time 600_000_000 in 0..=86_400_000_000, home "Allocation Lifecycle";
    /// How often a process may be restarted in place within the restart window.
    RESTART_BUDGET = "restart budget", Count 2 in 0..=100, home "Allocation Lifecycle";
    /// The window in which restarts in place are counted.
    RESTART_WINDOW = "restart window", Time 1_800_000_000 in 1_000_000..=86_400_000_000, home "Allocation Lifecycle";
    /// How often a runner says that it is there.
    HEARTBEAT = "heartbeat", Time 1_000_000 in 100_000..=60_000_000, home "Runner";
    /// How long a runner may be silent before its allocations no longer serve.
    PRESENCE_TIMEOUT = "presence timeout", Time 5_000_000 in 200_000..=600_000_000, home "Control plane";
    /// How long a runner may be silent before its allocations are given up.
    HOST_LOST = "host lost", Time 60_000_000 in 1_000_000..=3_600_000_000, home "Control plane";
    /// How long a sender waits for an acknowledgement before it sends again.
    RESEND_INTERVAL = "resend interval", Time 500_000 in 50_000..=60_000_000, home "Control plane";
    /// How often the region service asks a region for each fact that it needs.
    REGION_PROBE_INTERVAL = "region probe interval", Time 5_000_000 in 100_000..=600_000_000, home "Region Enablement";
    /// How long what was seen in a region counts.
    REGION_EVIDENCE_TTL = "region evidence ttl", Time 15_000_000 in 100_000..=3_600_000_000, home "Region Enablement";
    /// How long an eligible region may lack something before it is taken out.
    REGION_GRACE = "region grace", Time 60_000_000 in 0..=3_600_000_000, home "Region Enablement";
    /// How far the data of a region may be behind.
    REPLICATION_LAG = "replication lag", Time 5_000_000 in 0..=3_600_000_000, home "Region Enablement";
    /// How long the data must have been that close.
    REPLICATION_STEADY = "replication steady", Time 60_000_000 in 0..=3_600_000_000, home "Region Enablement";
    /// How long the door's permission for a region lasts.
    REGION_LEASE = "region lease", Time 10_000_000 in 500_000..=600_000_000, home "Door";
    /// How often a drain of a host is looked at.
    DRAIN_INTERVAL = "drain interval", Time 1_000_000 in 100_000..=60_000_000, home "Host Drain / OS Upgrade";
    /// How many allocations of one app may leave a host at once.
    MAX_PARALLEL = "max parallel", Count 1 in 1..=100, home "Host Drain / OS Upgrade";
    /// How many hosts of one zone may be out of use at once.
    ZONE_LIMIT = "drains in zone", Count 1 in 1..=100, home "Host Drain / OS Upgrade";
    /// How long an upgrade may take before it is stuck.
    UPGRADE_DEADLINE = "upgrade deadline", Time 1_800_000_000 in 1_000_000..=86_400_000_000, home "Host Drain / OS Upgrade";
    /// How long a host that came back may take for its postcheck.
    POSTCHECK_DEADLINE = "postcheck deadline", Time 60_000_000 in 1_000_000..=3_600_000_000, home "Host Drain / OS Upgrade";
    /// How often one version is installed on a host before somebody has to look.
    REBUILD_BUDGET = "rebuild budget", Count 3 in 1..=100, home "Host Drain / OS Upgrade";
    /// How long an answer of the provider counts.
    PROVIDER_TTL = "provider ttl", Time 10_000_000 in 1_000_000..=600_000_000, home "Host Drain / OS Upgrade";
    /// How long a piece of work at the database may take before nobody waits for its report any more.
    MIGRATION_LEASE = "migration lease", Time 30_000_000 in 500_000..=3_600_000_000, home "Database Migration";
    /// How long what the database said about restore points and artifacts counts.
    MIGRATION_EVIDENCE_TTL = "migration evidence ttl", Time 60_000_000 in 100_000..=3_600_000_000, home "Database Migration";
    /// How long the lock is waited for at a time.
    MIGRATION_LOCK_TIMEOUT = "migration lock timeout", Time 10_000_000 in 100_000..=600_000_000, home "Database Migration";
    /// How often the lock is waited for.
    MIGRATION_LOCK_TRIES = "migration lock tries", Count 3 in 1..=100, home "Database Migration";
    /// How long after one such try the next is made.
    MIGRATION_LOCK_PAUSE = "migration lock pause", Time 5_000_000 in 0..=600_000_000, home "Database Migration";
    /// How long a migration may wait for somebody before it has failed.
    MIGRATION_EXPIRY = "migration expiry", Time 259_200_000_000 in 1_000_000..=604_800_000_000, home "Database Migration";
    /// How often CO looks into Git.
    GIT_READ_INTERVAL = "git read interval", Time 5_000_000 in 100_000..=3_600_000_000, home "CO";
    /// How long CO, LO and EN wait for a confirmation before they say something again.
    GITOPS_RESEND = "gitops resend", Time 2_000_000 in 50_000..=60_000_000, home "CO-LO-EN deployment";
    /// How often EN says that it is there.
    GITOPS_BEAT = "gitops beat", Time 2_000_000 in 100_000..=60_000_000, home "EN";
    /// How long EN may be silent before LO no longer counts on it.
    GITOPS_SILENCE = "gitops silence", Time 7_000_000 in 200_000..=600_000_000, home "LO";
    /// How long an attempt may take before it has failed.
    GITOPS_PROGRESS = "gitops progress deadline", Time 300_000_000 in 1_000_000..=86_400_000_000, home "LO";
    /// How long LO waits after the first failed attempt; doubles with each further one.
    GITOPS_BACK_OFF = "gitops back-off", Time 5_000_000 in 100_000..=3_600_000_000, home "LO";
    /// The longest such wait.
    GITOPS_BACK_OFF_MAX = "gitops back-off max", Time 180_000_000 in 100_000..=86_400_000_000, home "LO";
    /// How often one version is tried.
    GITOPS_ATTEMPTS = "gitops attempts", Count 5 in 1..=100, home "LO";
    /// After how many orders that brought nothing a removal counts as stuck.
    GITOPS_REMOVALS = "gitops removals", Count 5 in 1..=100, home "LO";
    /// How long EN waits for the registry before it asks again.
    GITOPS_PULL_RETRY = "gitops pull retry", Time 5_000_000 in 100_000..=600_000_000, home "EN";
    /// How many health checks must pass in a row.
    GITOPS_CHECKS = "gitops health checks", Count 2 in 1..=20, home "EN";
    /// How long after one health check of a new container the next is made.
    GITOPS_CHECK_INTERVAL = "gitops check interval", Time 1_000_000 in 10_000..=60_000_000, home "EN";
    /// How long a new container may take to pass its health checks.
    GITOPS_HEALTH_TIMEOUT = "gitops health timeout", Time 20_000_000 in 100_000..=3_600_000_000, home "EN";
    /// How often EN looks after what is installed.
    GITOPS_HEALTH_INTERVAL = "gitops health interval", Time 10_000_000 in 100_000..=3_600_000_000, home "EN";
    /// How often a promotion is looked at.
    PROMOTION_INTERVAL = "promotion interval", Time 1_000_000 in 100_000..=60_000_000, home "Production Promotion";
    /// How long a promotion may take before it has failed.
    PROMOTION_DEADLINE = "promotion deadline", Time 600_000_000 in 1_000_000..=86_400_000_000, home "Production Promotion";
    /// How long a promotion may wait for an approval.
    APPROVAL_WAIT = "approval wait", Time 86_400_000_000 in 1_000_000..=604_800_000_000, home "Production Promotion";
    /// How long an approval counts.
    APPROVAL_TTL = "approval ttl", Time 86_400_000_000 in 1_000_000..=604_800_000_000, home "Production Promotion";
    /// How long a new owner is watched.
    SOAK = "soak", Time 120_000_000 in 0..=86_400_000_000, home "Production Promotion";
    /// How many of a thousand answers of a new owner may be errors.
    ERROR_LIMIT = "error limit", Count 50 in 0..=1_000, home "Production Promotion";
    /// How long after its success a promotion can be taken back.
    ROLLBACK_WINDOW = "rollback window", Time 86_400_000_000 in 0..=604_800_000_000, home "Production Promotion";
    /// How long what the services said counts.
    SERVICES_TTL = "services ttl", Time 10_000_000 in 100_000..=600_000_000, home "Production Promotion";
    /// How many events the log keeps.
    STREAM_RETENTION = "stream retention", Count 1_000 in 1..=1_000_000, home "Route event stream";
    /// How long a repeated event is recognised by its name.
    DEDUP_WINDOW = "dedup window", Time 120_000_000 in 0..=86_400_000_000, home "Route event stream";
    /// How often the log tells its subscribers where it ends.
    STREAM_BEAT = "stream beat", Time 1_000_000 in 100_000..=60_000_000, home "Route event stream";
    /// How often a snapshot of all owners is kept.
    SNAPSHOT_INTERVAL = "snapshot interval", Time 5_000_000 in 100_000..=3_600_000_000, home "Route event stream";
    /// How long an edge may be without proof that nothing is missing before it doubts its table.
    PROPAGATION_ALARM = "propagation alarm", Time 10_000_000 in 500_000..=600_000_000, home "Edge";
    /// How long the owner that was verified last may serve while the edge doubts its table.
    LAST_VERIFIED_AGE = "last verified age", Time 60_000_000 in 0..=86_400_000_000, home "Edge";
    /// How often a builder says that it is at work.
    PIPELINE_BEAT = "pipeline beat", Time 10_000_000 in 100_000..=600_000_000, home "Deploy Pipeline";
    /// How long a builder may be silent before its lease is over.
    PIPELINE_LEASE = "pipeline lease", Time 30_000_000 in 200_000..=3_600_000_000, home "Deploy Pipeline";
    /// How often a deployment is given to a builder.
    PIPELINE_TRIES = "pipeline tries", Count 3 in 1..=100, home "Deploy Pipeline";
    /// How long the pipeline waits for an answer before it asks again.
    PIPELINE_RESEND = "pipeline resend", Time 2_000_000 in 50_000..=60_000_000, home "Deploy Pipeline";
    /// How long what was seen of the environment counts.
    PIPELINE_EVIDENCE_TTL = "pipeline evidence ttl", Time 60_000_000 in 500_000..=3_600_000_000, home "Deploy Pipeline";
    /// How often is looked whether what a deployment waits for has come.
    PIPELINE_RECHECK = "pipeline recheck", Time 10_000_000 in 100_000..=3_600_000_000, home "Deploy Pipeline";
    /// How long a deployment may wait for a builder.
    PIPELINE_QUEUE_LIMIT = "pipeline queue limit", Time 600_000_000 in 1_000_000..=86_400_000_000, home "Deploy Pipeline";
    /// How long fetching a commit may take.
    PIPELINE_CLONE_LIMIT = "pipeline clone limit", Time 120_000_000 in 1_000_000..=86_400_000_000, home "Deploy Pipeline";
    /// How long a build may take.
    PIPELINE_BUILD_LIMIT = "pipeline build limit", Time 900_000_000 in 1_000_000..=86_400_000_000, home "Deploy Pipeline";
    /// How long looking at what a preview needs may take, its start included.
    PIPELINE_VALIDATE_LIMIT = "pipeline validate limit", Time 300_000_000 in 1_000_000..=86_400_000_000, home "Deploy Pipeline";
    /// How long a deployment may wait for somebody before it has failed.
    PIPELINE_EXPIRY = "pipeline expiry", Time 259_200_000_000 in 1_000_000..=604_800_000_000, home "Deploy Pipeline";
    /// How often a worker says that it is at an attempt.
    ATTEMPT_BEAT = "attempt beat", Time 10_000_000 in 100_000..=600_000_000, home "Deployment attempt";
    /// How long nothing may be heard of an attempt before nobody knows what becomes of it.
    ATTEMPT_ORPHAN_AFTER = "attempt orphan after", Time 45_000_000 in 500_000..=3_600_000_000, home "Deployment attempt";
    /// How often is looked for attempts of which nothing was heard.
    ATTEMPT_SWEEP = "attempt sweep", Time 10_000_000 in 100_000..=3_600_000_000, home "Deployment attempt";
    /// How long is waited for an answer about an attempt before it is asked again.
    ATTEMPT_RESEND = "attempt resend", Time 2_000_000 in 50_000..=60_000_000, home "Deployment attempt";
    /// How often is looked what became of an unknown attempt.
    ATTEMPT_RECONCILE = "attempt reconcile", Time 30_000_000 in 500_000..=86_400_000_000, home "Deployment attempt";
    /// How long an attempt may be unknown before somebody is called.
    ATTEMPT_ESCALATE = "attempt escalate", Time 300_000_000 in 1_000_000..=86_400_000_000, home "Deployment attempt";
    /// How long the edge waits for the store of keys before it refuses.
    KEY_STORE_TIMEOUT = "key store timeout", Time 1_000_000 in 10_000..=60_000_000, home "Edge";
    /// How long a key may be reserved before nobody knows what became of its request.
    KEY_LEASE = "key lease", Time 30_000_000 in 100_000..=86_400_000_000, home "Key store";
    /// How far from now the timestamp of a webhook's signature may be.
    WEBHOOK_TOLERANCE = "webhook tolerance", Time 300_000_000 in 1_000_000..=3_600_000_000, home "Edge";
    /// What a provider needs for itself of the time that it waits.
    WEBHOOK_MARGIN = "webhook margin", Time 2_000_000 in 0..=60_000_000, home "Edge";
    /// How long the edge waits for the artifact store before it asks again for an asset.
    ASSET_RETRY = "asset retry", Time 1_000_000 in 10_000..=60_000_000, home "Edge";
    /// How often the edge asks the artifact store for an asset.
    ASSET_TRIES = "asset tries", Count 3 in 1..=20, home "Edge";
    /// How long the edge remembers that there is no such asset.
    ASSET_ABSENCE = "asset absence", Time 5_000_000 in 0..=3_600_000_000, home "Edge";
    /// How many starts of one preview an edge may ask for in the wake window.
    PREVIEW_WAKES = "preview wakes", Count 3 in 0..=1_000, home "Edge";
    /// How long the restore service and the writers wait for an answer before they say something again.
    RESTORE_RESEND = "restore resend", Time 1_000_000 in 50_000..=60_000_000, home "Database Restore";
    /// How much production may lose without being asked.
    RESTORE_RPO = "restore rpo", Time 300_000_000 in 0..=86_400_000_000, home "Database Restore";
    /// How often an app tells the world outside what it has written.
    TELL_INTERVAL = "tell interval", Time 10_000_000 in 100_000..=3_600_000_000, home "Database Restore";
    /// How many sockets an edge accepts per second.
    SOCKET_ACCEPT_RATE = "socket accept rate", Count 100 in 1..=100_000, home "Edge";
    /// How many sockets an edge accepts at once after a quiet time.
    SOCKET_ACCEPT_BURST = "socket accept burst", Count 200 in 1..=100_000, home "Edge";
    /// How long an upgrade waits for an allocation.
    UPGRADE_WAIT = "upgrade wait", Time 10_000_000 in 0..=60_000_000, home "Edge";
    /// How long a session that nobody uses can be continued.
    RESUME_WINDOW = "resume window", Time 300_000_000 in 1_000_000..=86_400_000_000, home "Allocation Lifecycle";
    /// How long nothing may be heard on a socket before it counts as gone.
    SOCKET_QUIET = "socket quiet", Time 10_000_000 in 100_000..=3_600_000_000, home "Allocation Lifecycle";
    /// How often a session that has changed is stored.
    PERSIST_INTERVAL = "persist interval", Time 30_000_000 in 100_000..=3_600_000_000, home "Allocation Lifecycle";
    /// How long an upgrade waits for the session store.
    SESSION_STORE_WAIT = "session store wait", Time 2_000_000 in 10_000..=60_000_000, home "Allocation Lifecycle";
    /// The time from one session that leaves a draining allocation to the next.
    SESSION_MOVE_INTERVAL = "session move interval", Time 100_000 in 1_000..=60_000_000, home "Allocation Lifecycle";
    /// How many sockets of one address an allocation has at most.
    SOCKETS_OF_ADDRESS = "sockets of address", Count 100 in 1..=100_000, home "Allocation Lifecycle";
    /// How far above the highest epoch that was seen the epochs go on after a restore: some may have been given that nobody saw.
    EPOCH_FLOOR_MARGIN = "epoch floor margin", Count 10 in 1..=1_000_000, home "Production Promotion";
    /// How often is looked what can be removed.
    CLEAN_UP_INTERVAL = "clean-up interval", Time 600_000_000 in 100_000..=86_400_000_000, home "Clean-up";
    /// How old an artifact has to be before it may be removed.
    ARTIFACT_AGE = "artifact age", Time 604_800_000_000 in 0..=31_536_000_000_000, home "Clean-up";
    /// How old a snapshot has to be before it may be removed.
    SNAPSHOT_AGE = "snapshot age", Time 3_600_000_000 in 0..=31_536_000_000_000, home "Clean-up";
    /// How long something is marked before it is removed.
    CLEAN_UP_GRACE = "clean-up grace", Time 3_600_000_000 in 0..=31_536_000_000_000, home "Clean-up";
    /// How often the watch asks the control plane how apps are.
    HEALTH_INTERVAL = "health interval", Time 1_000_000 in 50_000..=60_000_000, home "Provider Outage";
    /// At every how many of these rounds the watch probes the providers.
    PROBE_ROUNDS = "probe rounds", Count 2 in 1..=100, home "Provider Outage";
    /// How long what a probe has found counts.
    PROVIDER_EVIDENCE_TTL = "provider evidence ttl", Time 10_000_000 in 100_000..=3_600_000_000, home "Provider Outage";
    /// From when on a provider's answer counts as slow.
    PROVIDER_SLOW = "provider slow", Time 500_000 in 1_000..=60_000_000, home "Provider Outage";
    /// How many bad answers in a row make an outage.
    OUTAGE_PROBES = "outage probes", Count 2 in 1..=100, home "Provider Outage";
    /// How many good answers in a row end one.
    RETURN_PROBES = "return probes", Count 3 in 1..=100, home "Provider Outage";
    /// How many that waited for a provider go on in one step.
    LIFT_STEP = "lift step", Count 1 in 1..=1_000, home "Provider Outage";
    /// How long a step takes.
    LIFT_INTERVAL = "lift interval", Time 5_000_000 in 10_000..=3_600_000_000, home "Provider Outage";
    /// How long a caller waits for a provider's answer.
    CALL_TIMEOUT = "call timeout", Time 1_000_000 in 10_000..=60_000_000, home "Provider Outage";
    /// How long a caller waits at most before its second try; twice as long before each further one.
    CALL_BACK_OFF = "call back-off", Time 500_000 in 1_000..=60_000_000, home "Provider Outage";
    /// How long a caller waits at most before it tries again.
    CALL_BACK_OFF_MOST = "call back-off most", Time 8_000_000 in 1_000..=3_600_000_000, home "Provider Outage";
    /// How often a call is tried.
    CALL_TRIES = "call tries", Count 4 in 1..=1_000, home "Provider Outage";
    /// How long an edge is asked how far the epochs had got before it may be written off.
    EPOCH_FLOOR_WAIT = "epoch floor wait", Time 60_000_000 in 100_000..=3_600_000_000, home "Production Promotion";
    /// How long a preview is kept after there is a later one in its place.
    PREVIEW_RETENTION = "preview retention", Time 604_800_000_000 in 0..=31_536_000_000_000, home "Edge";
    /// In how many places a change may be under way at once.
    GITOPS_WAVE = "gitops wave", Count 1000 in 1..=100_000, home "CO-LO-EN deployment";
    /// How many allocations an edge can keep connections to.
    EDGE_CONNECTIONS = "edge connections", Count 100_000 in 1..=1_000_000, home "Allocation Lifecycle";
    /// How many hosts are built at once.
    HOSTS_BUILT_AT_ONCE = "hosts built at once", Count 1000 in 1..=100_000, home "Host Drain / OS Upgrade";
    /// How many rows a migration may write again at once.
    REWRITE_WINDOW = "rewrite window", Count 1_000_000 in 1..=1_000_000_000, home "Database Migration";
    /// How long what the pipeline said of a preview counts.
    PREVIEW_TTL = "preview ttl", Time 10_000_000 in 100_000..=3_600_000_000, home "Production Promotion";
    /// How long a promotion waits for what is started ahead of it.
    WARM_WAIT = "warm wait", Time 60_000_000 in 0..=3_600_000_000, home "Production Promotion";
    /// From how many writes on that wait for the store nothing is begun that can wait.
    STORE_BACKLOG = "store backlog", Count 1000 in 1..=100_000, home "Wake";
    /// How long whoever is sent away because of the store is told to stay away.
    STORE_REST = "store rest", Time 5_000_000 in 100_000..=600_000_000, home "Wake";
    /// How few writes have to wait for the store before more is put on it.
    STORE_CALM = "store calm", Count 8 in 1..=100_000, home "Allocation Lifecycle";
    /// How many calls of consoles may wait.
    CALLS_WAITING = "calls waiting", Count 200 in 0..=100_000, home "Production Promotion";
}
