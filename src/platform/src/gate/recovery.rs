//! The gates of what the control plane's own stores survive.

machine::gates! {
    from super::sessions::END;

    /// After the database of owners was put back from a backup, no owner changes before it is known how far the epochs had got.
    ///
    /// # Without it
    /// An epoch is given a second time, and every edge that has seen the first takes no notice of the second.
    ///
    /// # Seen in
    /// Production Promotion, Database Restore (a control plane that was restored).
    EPOCH_FLOOR_SET = "epoch floor established", home "Production Promotion";

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
}
