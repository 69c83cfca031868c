//! The gates of Provider Outage.

machine::gates! {
    from super::recovery::END;

    /// Whatever a piece of work needs of a provider was seen lately enough.
    ///
    /// # Without it
    /// A promotion goes out on what was known an hour ago.
    ///
    /// # Seen in
    /// Provider Outage, Production Promotion.
    PROVIDER_EVIDENCE_FRESH = "provider evidence fresh", home "Provider Outage", judges Time, waits;

    /// No work that needs a provider begins while that provider is not well.
    ///
    /// # Without it
    /// A migration begins on a database that does not answer, and ends in the middle.
    ///
    /// # Seen in
    /// Provider Outage, Database Migration.
    PROVIDER_WELL = "provider well", home "Provider Outage", judges YesNo, waits;

    /// What waited for a provider goes on only when the platform's own probes find it well several times in a row.
    ///
    /// # Without it
    /// One lucky answer, or a status page that says so, lets everything go on into the next failure.
    ///
    /// # Seen in
    /// Provider Outage.
    OWN_PROBES_PASS = "own probes pass again", home "Provider Outage", waits;

    /// What waited goes on in steps.
    ///
    /// # Without it
    /// Everything that waited begins at once, on a provider that has just come back.
    ///
    /// # Seen in
    /// Provider Outage, Wake Stampede.
    PAUSES_LIFT_IN_STEPS = "pauses lift in steps", home "Provider Outage", waits;

    /// An outage is told to owners only if the platform's own probes show it.
    ///
    /// # Without it
    /// Owners hear of an outage that there is not, and stop trusting what they hear.
    ///
    /// # Seen in
    /// Provider Outage.
    OUTAGE_PROVEN = "outage seen by own probes", home "Provider Outage";

    /// An app is blamed for its trouble only when every provider that it needs was found well after the trouble began.
    ///
    /// # Without it
    /// A provider's failure is hidden as a crash of the app.
    ///
    /// # Seen in
    /// Provider Outage.
    CAUSE_ESTABLISHED = "cause established", home "Provider Outage", judges YesNo;

    /// Everybody is sent to a region only if every provider that is needed there was found well in it lately.
    ///
    /// # Without it
    /// Everybody is sent from one outage into another.
    ///
    /// # Seen in
    /// Provider Outage, Region Enablement.
    FAILOVER_PROVEN = "failover target proven", home "Provider Outage", judges YesNo;

    /// A secret is replaced only if its provider has refused it.
    ///
    /// # Without it
    /// On top of the outage, everything that still has the old secret is locked out.
    ///
    /// # Seen in
    /// Provider Outage.
    CREDENTIAL_EVIDENCE = "credential evidence", home "Provider Outage", judges YesNo;

    /// Whoever has failed waits before trying again, longer each time, and not all equally long.
    ///
    /// # Without it
    /// A provider that was down for a moment comes back to more calls than it can answer, and stays down.
    ///
    /// # Seen in
    /// Provider Outage, Wake Stampede.
    RETRY_BACKS_OFF = "retry backs off", home "Provider Outage", judges Time, waits;

    /// A call is tried so often and not more.
    ///
    /// # Without it
    /// What nobody waits for any more is still tried.
    ///
    /// # Seen in
    /// Provider Outage.
    CALL_TRIES_LEFT = "call tries left", home "Provider Outage";
}
