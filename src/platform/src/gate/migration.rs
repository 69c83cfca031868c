//! The gates of Database Migration.

machine::gates! {
    from super::hosts::END;

    /// A change that adds, or takes away what nobody uses, may be made; one that takes data away only if somebody approved it.
    ///
    /// # Without it
    /// A column goes, and with it what was in it.
    ///
    /// # Seen in
    /// Database Migration (failure mode: destructive migration), Database Restore.
    EXPAND_CONTRACT_SAFE = "expand/contract safe", home "Database Migration", judges YesNo;

    /// There is a restore point that is not too old, and somebody has looked.
    ///
    /// # Without it
    /// The way back turns out to end last week.
    ///
    /// # Seen in
    /// Database Migration, Database Restore.
    RESTORE_POINT_KNOWN = "backup/PITR posture known", home "Database Migration", judges YesNo;

    /// Every artifact that is in use, or that one may roll back to, works with the new schema.
    ///
    /// # Without it
    /// The app that is running reads a column that is gone.
    ///
    /// # Seen in
    /// Database Migration (failure mode: old app incompatible), Bad Deploy.
    OLD_ARTIFACT_COMPATIBLE = "old artifact compatibility checked", home "Database Migration", judges YesNo;

    /// It is written down how to go back before anything is changed.
    ///
    /// # Without it
    /// The way back is invented in the middle of the night.
    ///
    /// # Seen in
    /// Database Migration.
    ROLLBACK_PLAN = "rollback plan explicit", home "Database Migration", judges YesNo;

    /// The dry run goes to a copy, which has another number than production.
    ///
    /// # Without it
    /// A preview that is bound to production tries the plan on production.
    ///
    /// # Seen in
    /// Database Migration (failure mode: preview mutates production).
    DRY_RUN_OFF_PRODUCTION = "dry run off production", home "Database Migration";

    /// The plan that is applied is the one that was tried.
    ///
    /// # Without it
    /// Somebody corrects the plan after its dry run, and the correction is tried on production.
    ///
    /// # Seen in
    /// Database Migration.
    PLAN_UNCHANGED = "plan hash unchanged", home "Database Migration";

    /// A report counts only for the attempt that it belongs to.
    ///
    /// # Without it
    /// The word of a migrator that was given up moves the attempt after it.
    ///
    /// # Seen in
    /// Database Migration.
    MIGRATION_TOKEN = "migration token current", home "Database Migration";

    /// The lock is waited for a few times only; who waits for it makes everybody else wait behind it.
    ///
    /// # Without it
    /// A migration that cannot get the lock keeps asking, and every reader queues up behind it.
    ///
    /// # Seen in
    /// Database Migration (failure mode: manual lock timeout).
    LOCK_TRIES_LEFT = "lock tries left", home "Database Migration";

    /// What was known before the lock is still known when it is held.
    ///
    /// # Without it
    /// The restore point has passed away while the lock was waited for.
    ///
    /// # Seen in
    /// Database Migration.
    MIGRATION_EVIDENCE_FRESH = "migration evidence fresh", home "Database Migration", judges Time, waits;

    /// A migration is verified when the schema has been looked at and is the expected one.
    ///
    /// # Without it
    /// Every step said yes, and one of them is not there.
    ///
    /// # Seen in
    /// Database Migration.
    SCHEMA_AS_EXPECTED = "schema as expected", home "Database Migration";

    /// A step is never applied again because nobody has heard what became of it.
    ///
    /// # Without it
    /// The step that was only slow to answer is applied twice.
    ///
    /// # Seen in
    /// Database Migration.
    STEP_RESULT_KNOWN = "step result known", home "Database Migration", judges YesNo;
}
