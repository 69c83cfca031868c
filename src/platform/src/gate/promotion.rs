//! The gates of Production Promotion, of the log that tells of it, and of the edges that follow.

machine::gates! {
    from super::gitops::END;

    /// Only what was looked at in a preview may be promoted.
    ///
    /// # Without it
    /// Production runs what nobody has ever seen run.
    ///
    /// # Seen in
    /// Production Promotion, Deploy Pipeline.
    PREVIEW_READY = "source deployment preview_ready", home "Production Promotion", judges YesNo;

    /// While production is frozen, no owner changes.
    ///
    /// # Without it
    /// The next promotion arrives in the middle of the repair of the last one.
    ///
    /// # Seen in
    /// Production Promotion, Bad Deploy.
    ENVIRONMENT_OPEN = "environment not frozen", home "Production Promotion", judges YesNo;

    /// The candidate's artifact and configuration are those that were validated, byte for byte.
    ///
    /// # Without it
    /// Somebody builds once more, and what is promoted is not what was tested.
    ///
    /// # Seen in
    /// Production Promotion.
    PREVIEW_MATCHES = "preview artifact exactly matches", home "Production Promotion", judges YesNo;

    /// Somebody else has approved this artifact, for this route, after this predecessor, not too long ago.
    ///
    /// # Without it
    /// An old yes to something else opens production.
    ///
    /// # Seen in
    /// Production Promotion.
    APPROVAL_PRESENT = "approval present if required", home "Production Promotion", judges YesNo, waits;

    /// What the artifact needs at run time has said, a moment ago, that it is ready.
    ///
    /// # Without it
    /// The new owner comes up and finds nothing to talk to.
    ///
    /// # Seen in
    /// Production Promotion, Provider Outage.
    RUNTIME_SERVICES_READY = "runtime services ready", home "Production Promotion", judges YesNo, waits;

    /// The candidate can read the database as it is now.
    ///
    /// # Without it
    /// The new owner answers every request with an error.
    ///
    /// # Seen in
    /// Production Promotion, Bad Deploy.
    ARTIFACT_READS_SCHEMA = "artifact reads the schema", home "Production Promotion";

    /// The owner changes only if it is still the one that the promotion was judged against.
    ///
    /// # Without it
    /// The slower of two promotions takes the route from the faster one, and nobody decided that.
    ///
    /// # Seen in
    /// Production Promotion (failure mode: route epoch conflict).
    PREDECESSOR_CURRENT = "route epoch predecessor current", home "Production Promotion";

    /// A promotion is healthy only when every required edge has the new owner.
    ///
    /// # Without it
    /// A region serves the old owner, and the promotion says that all is well.
    ///
    /// # Seen in
    /// Production Promotion, Route Event Replay Gap.
    EDGES_ACKNOWLEDGED = "required edges acknowledged", home "Production Promotion", waits;

    /// An edge that doubts its table does not count, whatever its table says.
    ///
    /// # Without it
    /// An edge that has stopped listening vouches for the new owner.
    ///
    /// # Seen in
    /// Production Promotion (failure mode: edge replay gap).
    EDGE_NOT_SUSPECT = "acknowledging edge not in gap", home "Production Promotion", judges YesNo;

    /// What an edge said before something newer that it said counts for nothing.
    ///
    /// # Without it
    /// An edge that has lost its table counts as one that has the new owner.
    ///
    /// # Seen in
    /// Production Promotion (failure mode: late worker report).
    EDGE_REPORT_CURRENT = "edge report current", home "Production Promotion";

    /// The new owner is watched for a while, and answers without too many errors.
    ///
    /// # Without it
    /// A bad deploy is healthy as soon as it is everywhere.
    ///
    /// # Seen in
    /// Production Promotion, Bad Deploy.
    SOAK_PASSED = "soak passed", home "Production Promotion", judges Time, waits;

    /// A route goes back only to an artifact that was healthy in production.
    ///
    /// # Without it
    /// The way back from a bad artifact leads to another one.
    ///
    /// # Seen in
    /// Bad Deploy.
    ROLLBACK_TARGET_PROVEN = "rollback target was healthy", home "Production Promotion", judges YesNo;

    /// A route goes back only to an artifact that can read the database as it is now.
    ///
    /// # Without it
    /// The old artifact is back, and nothing works.
    ///
    /// # Seen in
    /// Production Promotion (failure mode: DB rollback unsafe), Bad Deploy.
    ROLLBACK_SCHEMA_SAFE = "rollback target reads the schema", home "Production Promotion";

    /// A log that ends below what was acknowledged is another log, and gets a new incarnation.
    ///
    /// # Without it
    /// The numbers begin again, become valid again, and edges miss what was said in between.
    ///
    /// # Seen in
    /// Route Event Replay Gap.
    SEQUENCE_ADVANCES = "stream sequence advances", home "Route event stream";

    /// An event is appended only behind the one that its writer knows as the last of its route.
    ///
    /// # Without it
    /// After a crash everything is said twice.
    ///
    /// # Seen in
    /// Route Event Replay Gap.
    EXPECTED_SEQUENCE = "expected sequence matches", home "Route event stream";

    /// An event counts only if it belongs to the log that the edge began with.
    ///
    /// # Without it
    /// The edge goes on with another log, as if nothing had happened.
    ///
    /// # Seen in
    /// Route Event Replay Gap.
    EVENT_LINEAGE = "event of the same incarnation", home "Edge";

    /// An event counts only if it follows directly on the last one.
    ///
    /// # Without it
    /// Events that are gone are skipped, and whoever they gave a route to never gets it.
    ///
    /// # Seen in
    /// Route Event Replay Gap, Production Promotion (failure mode: edge replay gap).
    EVENT_CONTIGUOUS = "event contiguous", home "Edge";

    /// A new owner counts only if it replaced the one that the edge knows.
    ///
    /// # Without it
    /// What was never in the log is never missed.
    ///
    /// # Seen in
    /// Route Event Replay Gap.
    EVENT_CHAIN = "owner follows its predecessor", home "Edge";

    /// An edge trusts its table only as long as something proves that nothing is missing at the end.
    ///
    /// # Without it
    /// An edge that hears nothing serves the old owner for ever, and says nothing.
    ///
    /// # Seen in
    /// Route Event Replay Gap.
    TABLE_CURRENT = "table proved current", home "Edge", judges Time;

    /// A snapshot counts only with the control plane's signature.
    ///
    /// # Without it
    /// A copy from next door decides who owns production.
    ///
    /// # Seen in
    /// Route Event Replay Gap.
    SNAPSHOT_SIGNED = "snapshot signed", home "Edge", judges YesNo;

    /// A snapshot counts only if its entries are those that were signed.
    ///
    /// # Without it
    /// One changed byte, one wrong owner.
    ///
    /// # Seen in
    /// Route Event Replay Gap.
    SNAPSHOT_CHECKSUM = "snapshot checksum matches", home "Edge", judges YesNo;

    /// A snapshot counts only if it is of a newer log, or not behind what the edge has applied.
    ///
    /// # Without it
    /// The edge goes back in time.
    ///
    /// # Seen in
    /// Route Event Replay Gap.
    SNAPSHOT_NOT_OLDER = "snapshot not older", home "Edge";

    /// Only a snapshot ends a gap.
    ///
    /// # Without it
    /// Somebody declares that nothing is missing, and something is.
    ///
    /// # Seen in
    /// Route Event Replay Gap.
    GAP_NEEDS_BASELINE = "gap cleared by a baseline", home "Edge", judges YesNo;

    /// Only events and snapshots write the table.
    ///
    /// # Without it
    /// A hand-written owner that no control plane knows.
    ///
    /// # Seen in
    /// Bad Deploy, Route Event Replay Gap.
    TABLE_FROM_LOG = "table written by the log", home "Edge", judges YesNo;

    /// While the edge doubts its table, a request goes through only if its route allows the owner that was verified last, the request is safe and that was not too long ago.
    ///
    /// # Without it
    /// Payments go to an owner that may have lost the route long ago.
    ///
    /// # Seen in
    /// Route Event Replay Gap, POST Action While Cold, Payment Webhook While Cold.
    OWNER_VERIFIED = "owner verified", home "Edge", judges Time;
}
