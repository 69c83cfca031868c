//! The gates of CO-LO-EN deployment: what CO lets go on, what LO starts and believes, what EN obeys and removes.

machine::gates! {
    from super::migration::END;

    /// An attempt begins only while its node is heard of.
    ///
    /// # Without it
    /// Attempts are spent on a node that cannot hear them, and are missing when it is back.
    ///
    /// # Seen in
    /// CO-LO-EN deployment (failure mode: node offline during install).
    EN_REACHABLE = "EN reachable", home "LO", judges YesNo, waits;

    /// Only what the newest desired generation wants is acted on.
    ///
    /// # Without it
    /// A wish that was stuck in the network brings back a version that nobody wants any more.
    ///
    /// # Seen in
    /// CO-LO-EN deployment.
    DESIRED_GENERATION = "desired generation current", home "LO";

    /// A report moves a deployment only if it carries the token of the current attempt.
    ///
    /// # Without it
    /// What the first attempt said late is taken for what the second one says.
    ///
    /// # Seen in
    /// CO-LO-EN deployment (late EN reports).
    ATTEMPT_TOKEN_CURRENT = "attempt token current", home "LO";

    /// A version counts as installed after enough health checks in a row have passed.
    ///
    /// # Without it
    /// Everything that starts counts as installed, and the fleet is filled with what does not work.
    ///
    /// # Seen in
    /// CO-LO-EN deployment (failure mode: health check failed).
    CONTAINER_HEALTHY = "container healthy", home "EN", waits;

    /// Only what may end otherwise another time is tried again.
    ///
    /// # Without it
    /// A version that cannot work is tried again and again instead of being rolled back.
    ///
    /// # Seen in
    /// CO-LO-EN deployment (retry or roll back).
    CAUSE_RETRYABLE = "cause retryable", home "LO", judges YesNo;

    /// A version is tried only so often before somebody has to look.
    ///
    /// # Without it
    /// Every node pulls the image that is not there for ever.
    ///
    /// # Seen in
    /// CO-LO-EN deployment (five attempts).
    RETRY_BUDGET_LEFT = "retry budget left", home "LO";

    /// A version that failed and was rolled back is not tried again while Git wants the same.
    ///
    /// # Without it
    /// Git still wants the bad version, so that it comes back right after each rollback.
    ///
    /// # Seen in
    /// CO-LO-EN deployment (quarantine).
    NOT_QUARANTINED = "revision not quarantined", home "LO", judges YesNo;

    /// A failed update is rolled back only where the owner wants that.
    ///
    /// # Without it
    /// A deployment goes back although its owner has said that it must not.
    ///
    /// # Seen in
    /// CO-LO-EN deployment (rollback policy).
    ROLLBACK_POLICY_ON = "rollback policy on", home "LO", judges YesNo;

    /// There must be a version that has run well before one can go back to it.
    ///
    /// # Without it
    /// A first install that failed is rolled back to nothing.
    ///
    /// # Seen in
    /// CO-LO-EN deployment (rollback after a first install).
    LAST_GOOD_EXISTS = "last good version exists", home "LO", judges YesNo;

    /// The old version must be able to read the data that the new one has left.
    ///
    /// # Without it
    /// The old version starts on data that it does not understand.
    ///
    /// # Seen in
    /// CO-LO-EN deployment (schema compatible).
    LAST_GOOD_READS_DATA = "last good version reads the data", home "LO";

    /// A commit that removes very much is held until somebody approves its removals.
    ///
    /// # Without it
    /// One slip in a template deletes everything everywhere.
    ///
    /// # Seen in
    /// Skyscanner, 2021; the anti-pattern "mass prune on empty desired set".
    PRUNE_GUARD = "prune guard", home "CO";

    /// A removed deployment is deleted at once only if nothing was ever sent to its node.
    ///
    /// # Without it
    /// The order that is still on its way installs what the books say was never there.
    ///
    /// # Seen in
    /// CO-LO-EN deployment (removal while pending).
    NEVER_DISPATCHED = "never dispatched", home "LO", judges YesNo;

    /// A deployment is deleted only when its node has proven that nothing is left.
    ///
    /// # Without it
    /// The books say deleted and the container runs on.
    ///
    /// # Seen in
    /// CO-LO-EN deployment (deleted: true).
    ABSENCE_PROVEN = "absence proven", home "LO", judges YesNo, waits;

    /// A report counts only for the life of the deployment that it speaks of.
    ///
    /// # Without it
    /// The proof that the old one is gone is taken for proof that the new one is.
    ///
    /// # Seen in
    /// CO-LO-EN deployment (added again after deletion).
    INCARNATION_MATCHES = "incarnation matches", home "LO";

    /// A node that was given up may prove late that it had succeeded, if nothing newer has been ordered or wanted.
    ///
    /// # Without it
    /// Any late success counts, also that of a version that has been replaced since.
    ///
    /// # Seen in
    /// CO-LO-EN deployment (late EN reports).
    RECONCILE_EVIDENCE = "reconcile evidence", home "LO";

    /// An image is removed only when nothing on the node uses it.
    ///
    /// # Without it
    /// Removing one deployment takes away the image from which another one has to be started again.
    ///
    /// # Seen in
    /// CO-LO-EN deployment (removes image if required).
    IMAGE_UNREFERENCED = "image unreferenced", home "EN";

    /// A node obeys an order only if it is newer than all it has obeyed for that deployment.
    ///
    /// # Without it
    /// An old install order that arrives after the removal brings the deployment back.
    ///
    /// # Seen in
    /// CO-LO-EN deployment (tombstone), the anti-pattern "FAILED from delete, then reinstalled".
    EN_ORDER_CURRENT = "EN order current", home "EN";
}
