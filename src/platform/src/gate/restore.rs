//! The gates of Database Restore.

machine::gates! {
    from super::traces::END;

    /// Production gets its own data back, and no other environment's.
    ///
    /// # Without it
    /// Customers find what somebody tried out in a preview.
    ///
    /// # Seen in
    /// Database Restore.
    RESTORE_SAME_ENVIRONMENT = "restore point of the same environment", home "Database Restore";

    /// The moment that is gone back to lies before the data went wrong.
    ///
    /// # Without it
    /// The newest backup is restored, and what was wrong is back.
    ///
    /// # Seen in
    /// Database Restore.
    RESTORE_POINT_CLEAN = "restore point before the corruption", home "Database Restore", judges Time;

    /// What is lost is not more than production may lose, unless somebody has accepted it.
    ///
    /// # Without it
    /// An hour of orders is gone, and nobody has decided that.
    ///
    /// # Seen in
    /// Database Restore.
    LOSS_ACCEPTED = "loss within the objective or accepted", home "Database Restore", judges Time;

    /// The app that is served can read the data as it was then.
    ///
    /// # Without it
    /// The data is back, and nothing can read it.
    ///
    /// # Seen in
    /// Database Restore.
    RESTORED_SCHEMA_READABLE = "artifact reads what is restored", home "Database Restore";

    /// The old instance is known to refuse writes before a new one takes any.
    ///
    /// # Without it
    /// Two instances take writes, and there are two truths.
    ///
    /// # Seen in
    /// Database Restore.
    WRITERS_FENCED = "writers fenced before cut-over", home "Database Restore", judges YesNo;

    /// What has happened outside since then is written into the new instance before anybody is told anything again.
    ///
    /// # Without it
    /// Everybody who paid yesterday pays again.
    ///
    /// # Seen in
    /// Database Restore, Payment Webhook While Cold.
    LEDGER_RECONCILED = "effects reconciled before writing", home "Database Restore", waits;

    /// An instance takes a write only while it is open, and only under its own epoch or a newer one.
    ///
    /// # Without it
    /// An app that has not heard of the restore writes to what is no longer the truth.
    ///
    /// # Seen in
    /// Database Restore.
    WRITE_EPOCH_CURRENT = "write under the current epoch", home "Database";
}
