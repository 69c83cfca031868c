//! Gates where one part of the platform takes the word of another.

machine::gates! {
    from super::outage::END;

    /// The app that runs, and the one that may come next or that one may go back to, answer on the schema as it is now.
    ///
    /// # Without it
    /// The schema is what its plan says, and the app in front of it reads a column that means something else.
    ///
    /// # Seen in
    /// Database Migration.
    APPS_ANSWER = "app smoke on both digests", home "Database Migration", judges YesNo;

    /// A deployment that wanted for a secret is started again only when the vault has said that it is bound.
    ///
    /// # Without it
    /// Every visitor of an app without its secret has it started once more, for nothing.
    ///
    /// # Seen in
    /// Allocation Lifecycle (failure mode: secret missing), Stuck Wake.
    SECRET_BOUND = "secret bound since", home "Allocation Lifecycle", judges YesNo;

    /// Where the log refuses an event because of its last one, that is taken for an earlier try only if it is one's own.
    ///
    /// # Without it
    /// Somebody else's event is taken for one's own, one's own is marked as told, and no edge ever hears of the new owner.
    ///
    /// # Seen in
    /// Production Promotion, Deployment attempt (write, then emit).
    LAST_EVENT_OWN = "last event is one's own", home "Production Promotion";

    /// After a restore an edge is written off only if it has been asked for long enough, and at least half of all edges are left.
    ///
    /// # Without it
    /// The one edge that had seen the newest owner was only out of reach for a moment, and nobody waited for it.
    ///
    /// # Seen in
    /// Production Promotion, Database Restore (a control plane that was restored).
    WRITTEN_OFF_FOR_CAUSE = "written off for cause", home "Production Promotion", judges Time;
}
