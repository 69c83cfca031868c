//! The gates of what the control plane's own stores survive, and of cleaning up.

machine::gates! {
    from super::sessions::END;

    /// After the database of owners was put back from a backup, no owner changes before it is known how far the epochs had got.
    ///
    /// # Without it
    /// An epoch is given a second time, and every edge that has seen the first takes no notice of the second.
    ///
    /// # Seen in
    /// Production Promotion, Database Restore (a control plane that was restored).
    EPOCH_FLOOR_SET = "epoch floor established", home "Production Promotion", judges YesNo;

    /// Epochs go on after a restore only when the log and every edge have said what they have seen.
    ///
    /// # Without it
    /// Whoever owned production when the backup was made owns it again, and nobody decided that.
    ///
    /// # Seen in
    /// Production Promotion, Database Restore (a control plane that was restored).
    EPOCH_WITNESSES_HEARD = "epoch witnesses heard", home "Production Promotion";

    /// A snapshot counts only if it takes no route back to an older owner.
    ///
    /// # Without it
    /// A control plane that was restored hands its old owners to everybody who asks.
    ///
    /// # Seen in
    /// Route Event Replay Gap, Database Restore (a control plane that was restored).
    SNAPSHOT_KEEPS_EPOCHS = "snapshot lowers no epoch", home "Edge";

    /// An artifact is marked, and later removed, only if nothing that lives needs it: no owner, no allocation, no promotion, no way back.
    ///
    /// # Without it
    /// What is old goes, and the oldest is what everything rests on: a sleeping app never wakes again, and the way back leads nowhere.
    ///
    /// # Seen in
    /// Wake (artifact pull), Production Promotion (the way back).
    ARTIFACT_UNREFERENCED = "artifact needed by nobody", home "Clean-up", judges YesNo;

    /// A snapshot is removed only if the archive has a newer one.
    ///
    /// # Without it
    /// For a while no new snapshot arrives, the last one grows old and is swept out, and no edge in doubt finds back.
    ///
    /// # Seen in
    /// Route Event Replay Gap.
    SNAPSHOT_SUPERSEDED = "newer snapshot kept", home "Clean-up";

    /// Nothing begins to need an artifact that is being removed.
    ///
    /// # Without it
    /// A promotion passes all its checks, and its artifact is swept from under it.
    ///
    /// # Seen in
    /// Production Promotion, Wake (artifact pull).
    ARTIFACT_STAYS = "artifact not being removed", home "Production Promotion", judges YesNo;

    /// A route goes back to the very artifact that it had before, by its digest.
    ///
    /// # Without it
    /// Somebody builds main once more and calls it a rollback: what gets the route was never in production, nor anywhere else.
    ///
    /// # Seen in
    /// Bad Deploy ("do not rebuild from main and call it rollback").
    ROLLBACK_TARGET_UNCHANGED = "rollback target is the same artifact", home "Production Promotion", judges YesNo;

    /// Who owns a route is not built again, and while a promotion or its way back is under way, neither is its candidate nor whoever it took the route from.
    ///
    /// # Without it
    /// What is promoted, or gone back to, becomes something else in the middle of it.
    ///
    /// # Seen in
    /// Production Promotion, Bad Deploy.
    BUILD_OUTSIDE_OPERATIONS = "no build inside an operation", home "Production Promotion";
}
