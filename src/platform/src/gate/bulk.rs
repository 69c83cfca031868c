//! The gates of changes that are small to ask for and reach very much at once.

machine::gates! {
    from super::visits::END;

    /// A migration that writes rows again writes no more of them at once than the replicas can take in the time that they may be behind.
    ///
    /// # Without it
    /// A column that only adds writes every row of a large table again, and every replica falls behind.
    ///
    /// # Seen in
    /// Database Migration.
    REWRITE_FITS_WINDOW = "rewrite fits the window", home "Database Migration";

    /// An order for many hosts at once is carried out only if whoever gives it has said for how many, and that is so.
    ///
    /// # Without it
    /// A forgotten word makes an order for one host an order for all of them.
    ///
    /// # Seen in
    /// Host OS Upgrade.
    SCOPE_CONFIRMED = "scope confirmed", home "Host Drain / OS Upgrade";

    /// Only so many hosts are built at once.
    ///
    /// # Without it
    /// All of them fetch their image and come up together, and none comes up in time.
    ///
    /// # Seen in
    /// Host OS Upgrade.
    BUILD_SLOTS_FREE = "build slots free", home "Host Drain / OS Upgrade", waits;

    /// One more allocation is started by hand only if every edge can still keep a connection to each.
    ///
    /// # Without it
    /// What was to bring relief takes every edge's last connection, and nobody is served.
    ///
    /// # Seen in
    /// Allocation Lifecycle.
    CONNECTIONS_LEFT = "connections left", home "Allocation Lifecycle";

    /// What Git wants of a deployment is passed on only if no field of it is blank.
    ///
    /// # Without it
    /// A setting that somebody forgot to fill in reaches everything that reads it, and all of it crashes.
    ///
    /// # Seen in
    /// GitOps Rollout, Mass Deletion.
    SETTING_COMPLETE = "setting complete", home "CO-LO-EN deployment";

    /// What changes in many places goes to the next one only when those before it run well with it.
    ///
    /// # Without it
    /// What does not work is everywhere before anybody has seen it fail once.
    ///
    /// # Seen in
    /// GitOps Rollout, Bad Revision.
    EARLIER_PLACES_WELL = "earlier places well", home "CO-LO-EN deployment";
}
