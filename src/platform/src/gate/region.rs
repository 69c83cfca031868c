//! The gates of Region Enablement and of the door that sends visitors to regions.

machine::gates! {
    from super::serving::END;

    /// A region may take visitors only when its data has been close enough behind for long enough, as measured there.
    ///
    /// # Without it
    /// Visitors land on old data, and what they write there fights with what is still on its way.
    ///
    /// # Seen in
    /// Region Enablement (failure mode: DB not replicated).
    DATA_TOPOLOGY_READY = "data topology ready", home "Region Enablement";

    /// The services that apps need must be reachable from inside the region.
    ///
    /// # Without it
    /// Everything looks fine from where the operator sits, and every request in the region fails.
    ///
    /// # Seen in
    /// Region Enablement, Provider Outage.
    RUNTIME_SERVICES_AVAILABLE = "runtime services available", home "Region Enablement";

    /// Every secret must be in the region before anything is bound there.
    ///
    /// # Without it
    /// Apps start in the region without what they need to reach their services.
    ///
    /// # Seen in
    /// Region Enablement.
    SECRETS_PRESENT = "secrets present", home "Region Enablement";

    /// Data of this class may live in the region. Asked first, and again whenever the policy changes.
    ///
    /// # Without it
    /// Data is copied to where it must not be, which nobody can undo.
    ///
    /// # Seen in
    /// Region Enablement (failure mode: residency policy violation).
    RESIDENCY_ALLOWED = "residency allowed", home "Region Enablement", judges YesNo;

    /// The provider has room for the region and answers.
    ///
    /// # Without it
    /// Hosts are ordered that nobody can deliver, and the enablement goes on as if they were there.
    ///
    /// # Seen in
    /// Region Enablement.
    PROVIDER_QUOTA = "provider quota available", home "Region Enablement";

    /// Runners must have registered in the region.
    ///
    /// # Without it
    /// Services are bound for hosts that do not exist.
    ///
    /// # Seen in
    /// Region Enablement.
    RUNNERS_REGISTERED = "runners registered", home "Region Enablement";

    /// The region's edges must have a baseline of the routes.
    ///
    /// # Without it
    /// The region's edges do not know who owns what, and guess.
    ///
    /// # Seen in
    /// Region Enablement, Route Event Replay Gap.
    EDGES_BASELINED = "edges baselined", home "Region Enablement";

    /// Sessions must have somewhere to live in the region.
    ///
    /// # Without it
    /// Everybody who is moved there begins anew, and nobody says so.
    ///
    /// # Seen in
    /// Region Enablement (failure mode: session store missing).
    SESSION_STORE_PRESENT = "session store present", home "Region Enablement";

    /// The artifact must be in the region, with the right digest.
    ///
    /// # Without it
    /// The first visitor of the region waits for a pull from another continent, or for ever.
    ///
    /// # Seen in
    /// Region Enablement (failure mode: artifact absent).
    ARTIFACT_IN_REGION = "artifact verified in region", home "Region Enablement";

    /// What was seen in a region counts for a while only.
    ///
    /// # Without it
    /// A region goes on because something was there an hour ago.
    ///
    /// # Seen in
    /// Region Enablement.
    REGION_EVIDENCE_FRESH = "region evidence fresh", home "Region Enablement", judges Time, waits;

    /// What a region answers counts only for the enablement that asked.
    ///
    /// # Without it
    /// The answer to a question of the last enablement lets the next one pass.
    ///
    /// # Seen in
    /// Region Enablement.
    ENABLEMENT_TOKEN = "enablement token current", home "Region Enablement";

    /// A region is stopped only after the door has confirmed that nobody is sent there any more.
    ///
    /// # Without it
    /// Visitors are sent to a region that is being shut down.
    ///
    /// # Seen in
    /// Region Enablement, Provider Outage.
    TRAFFIC_REMOVED_FIRST = "traffic removed first", home "Region Enablement", judges YesNo, waits;

    /// Visitors are sent to eligible regions only, however much somebody hopes.
    ///
    /// # Without it
    /// Everybody is moved from a region that limps to one that cannot walk.
    ///
    /// # Seen in
    /// Provider Outage ("do not fail over to a region that is not ready").
    TARGET_ELIGIBLE = "failover target eligible", home "Region Enablement", judges YesNo;

    /// The door sends visitors to a region only as long as its permission lasts, which the service renews.
    ///
    /// # Without it
    /// A door that cannot hear the service goes on sending visitors to where they must not go.
    ///
    /// # Seen in
    /// Region Enablement.
    REGION_LEASE = "region lease unexpired", home "Door", judges Time;

    /// A permission for a region that was revoked, or is older than the one in force, counts for nothing.
    ///
    /// # Without it
    /// A permission that was long on its way opens a region again that has been closed.
    ///
    /// # Seen in
    /// Region Enablement.
    LEASE_CURRENT = "region lease not revoked", home "Door";
}
