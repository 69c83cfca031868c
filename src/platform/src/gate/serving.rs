//! The gates of waking and serving. The first eight carry the names of the state-machine gallery (Wake, Allocation
//! Lifecycle); the others are the guards of the parts that drive them.

machine::gates! {
    /// A request may wait for a wake only if holding it cannot make it happen twice: pages, head requests and socket
    /// upgrades, or an unsafe request whose route has a hold-once contract.
    ///
    /// # Without it
    /// A form post waits at the edge like a page, the visitor presses the button again, and the app does it twice.
    ///
    /// # Seen in
    /// POST Action While Cold, Payment Webhook While Cold.
    SAFE_TO_HOLD = "request class safe to hold", home "Wake", judges YesNo;

    /// An app may be started only so often in a window; a start that keeps failing must not be tried for ever.
    ///
    /// # Without it
    /// A broken app is started again and again, and its neighbours on the host pay for it.
    ///
    /// # Seen in
    /// Stuck Wake, Wake Stampede.
    WAKE_BUDGET = "wake budget available", home "Wake";

    /// A wake is hot only when an allocation of the current owner has passed its readiness checks.
    ///
    /// # Without it
    /// Held requests are released into a process that cannot answer yet.
    ///
    /// # Seen in
    /// Stuck Wake ("do not mark app hot before readiness").
    ALLOCATION_PASSES_READINESS = "allocation passes readiness", home "Wake", waits;

    /// An unsafe request may be held only under a key that lets the app recognise a repeat, and only while that key is
    /// not in use.
    ///
    /// # Without it
    /// A post without a key, or with a key that is already under way, is dispatched as if it were the only one.
    ///
    /// # Seen in
    /// POST Action While Cold.
    UNSAFE_REPLAY_POLICY = "unsafe replay policy exists", home "Wake", judges YesNo;

    /// The bytes on the host must have the digest that the deployment names.
    ///
    /// # Without it
    /// Whatever the store handed over runs in production.
    ///
    /// # Seen in
    /// GET Page While Sleeping (truth: artifact digest).
    ARTIFACT_DIGEST_VERIFIED = "artifact digest verified", home "Allocation Lifecycle", judges Digest;

    /// Every secret that the deployment names must be mounted before its process starts.
    ///
    /// # Without it
    /// The process comes up, passes its checks and answers every real request with an error.
    ///
    /// # Seen in
    /// Stuck Wake.
    ENV_SECRETS_MOUNTED = "env/secrets mounted", home "Allocation Lifecycle", judges YesNo;

    /// An allocation is ready after enough readiness checks in a row have passed.
    ///
    /// # Without it
    /// One lucky check, or none, puts a process into rotation that is not up to it.
    ///
    /// # Seen in
    /// Stuck Wake.
    HEALTH_READINESS_PASS = "health/readiness pass", home "Allocation Lifecycle", waits;

    /// A draining allocation stops when nothing is in flight any more, or at its deadline, and not before.
    ///
    /// # Without it
    /// Requests that were being answered are cut off, and the record says that all went well.
    ///
    /// # Seen in
    /// Host OS Upgrade ("do not kill active sessions while claiming drain").
    DRAIN_DEADLINE_RESPECTED = "drain deadline respected", home "Allocation Lifecycle", waits;

    /// The edge dispatches only to allocations of the deployment that owns the route.
    ///
    /// # Without it
    /// Any healthy process answers for the route, the old version's among them.
    ///
    /// # Seen in
    /// GET Page While Hot ("allocation health selects target only inside route owner authority").
    OWNER_AUTHORITY = "allocation of the route owner", home "Edge";

    /// An edge holds only so many requests at once.
    ///
    /// # Without it
    /// A stampede fills the edge's memory until nobody is served, not even other apps.
    ///
    /// # Seen in
    /// Wake Stampede.
    HOLD_SLOTS = "hold slots free", home "Edge";

    /// A held request's body must fit the cap.
    ///
    /// # Without it
    /// A few large uploads take the memory that hundreds of small requests need.
    ///
    /// # Seen in
    /// POST Action While Cold.
    HOLD_BYTES = "body within the hold cap", home "Edge", judges Bytes;

    /// A request waits no longer than its hold budget, counted from its arrival.
    ///
    /// # Without it
    /// Visitors stare at a blank page for as long as the app is broken, and every one of them occupies a slot.
    ///
    /// # Seen in
    /// Stuck Wake ("return clear retry/503 after wake budget").
    HOLD_BUDGET = "within the hold budget", home "Edge", judges Time;

    /// After a wake the waiting requests are let go at a steady rate.
    ///
    /// # Without it
    /// The stampede is only moved: all of it hits the one new process in the same instant.
    ///
    /// # Seen in
    /// Wake Stampede.
    RELEASE_RATE = "release rate kept", home "Edge", judges Time, waits;

    /// There is one wake for a route, region and epoch, however many ask.
    ///
    /// # Without it
    /// Every edge that sees the stampede starts a wake of its own.
    ///
    /// # Seen in
    /// Stuck Wake ("coalesce duplicate wake attempts"), Wake Stampede.
    ONE_WAKE = "one wake per route, region and epoch", home "Control plane", waits;

    /// A wake counts only under the route epoch that is current.
    ///
    /// # Without it
    /// A wake that began for the old version goes on, and serves it after the promotion.
    ///
    /// # Seen in
    /// Wake (failure mode "old route epoch").
    ROUTE_EPOCH_CURRENT = "route epoch current", home "Control plane";

    /// An app has only so many starts under way at once.
    ///
    /// # Without it
    /// Impatience fills the hosts with half-started copies.
    ///
    /// # Seen in
    /// Stuck Wake ("do not start unlimited allocations under stampede").
    START_LIMIT = "concurrent starts within limit", home "Scheduler", waits;

    /// An allocation is placed only where its memory limit fits.
    ///
    /// # Without it
    /// The host runs out of memory and kills what was healthy.
    ///
    /// # Seen in
    /// Allocation Lifecycle (failure mode "OOM").
    HOST_FITS = "host has room", home "Scheduler", judges Bytes;

    /// A report is counted once, however often it arrives.
    ///
    /// # Without it
    /// One readiness check that the network delivered twice counts as two.
    ///
    /// # Seen in
    /// Wake, Allocation Lifecycle: every report.
    REPORT_UNSEEN = "report not seen before", home "Control plane", judges YesNo;

    /// A report moves a state only if it carries the token that is current.
    ///
    /// # Without it
    /// What the process before the restart said is taken for what the new one says.
    ///
    /// # Seen in
    /// Production Promotion (failure mode "late worker report"), and every report here.
    REPORT_TOKEN = "report token current", home "Control plane";

    /// Nothing that has ended comes back.
    ///
    /// # Without it
    /// A late report revives an allocation that was given up, beside the one that replaced it.
    ///
    /// # Seen in
    /// Allocation Lifecycle.
    SUBJECT_LIVE = "subject not ended", home "Control plane", judges YesNo;

    /// A readiness check counts only while it is fresh.
    ///
    /// # Without it
    /// A report that was stuck in the network vouches for a process that has died since.
    ///
    /// # Seen in
    /// Wake (gate "allocation passes readiness").
    EVIDENCE_FRESH = "evidence unexpired", home "Control plane", judges Time;

    /// An event is published only after the commit that it tells of is durable.
    ///
    /// # Without it
    /// The control plane crashes between the two, and the edges act on something that never happened.
    ///
    /// # Seen in
    /// Deployment attempts (a state_transition from every committed write and from nothing else).
    COMMIT_BEFORE_PUBLISH = "commit before publish", home "Control plane", waits;

    /// A process that keeps crashing is restarted in place only so often.
    ///
    /// # Without it
    /// A crash loop goes on for ever on the host where it began.
    ///
    /// # Seen in
    /// Allocation Lifecycle (failure modes "runner crash", "OOM").
    RESTART_BUDGET = "restart budget left", home "Control plane";

    /// A runner obeys an order only if no newer one for the same allocation has reached it.
    ///
    /// # Without it
    /// An order that was overtaken by its own cancellation starts a process that nobody wants.
    ///
    /// # Seen in
    /// Allocation Lifecycle ("a returning runner with an old generation must stop it").
    ORDER_TOKEN = "order token current", home "Runner";
}
