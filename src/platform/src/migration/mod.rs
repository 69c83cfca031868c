//! Database Migration: from a plan to a schema, without losing data, locking out old apps or guessing what happened.
//!
//! [`Migrations`] is the service that decides; a [`Migrator`] carries one piece of work at a time to the database and says
//! what came of it. The service goes on when it knows, and stops where it does not.

mod message;
mod migrator;
mod service;

pub use message::{
    App, Class, Command, Message, MigrationId, Note, Outcome, PRODUCTION, Reason, Work,
};
pub use migrator::Migrator;
pub use service::{Installation, Migration, Migrations, Planned, Record};

use crate::gate;

machine::lifecycle! {
    /// Change the schema of a database while apps use it.
    "Database Migration", home "Pipeline/data operation";
    gates [&gate::EXPAND_CONTRACT_SAFE, &gate::RESTORE_POINT_KNOWN, &gate::OLD_ARTIFACT_COMPATIBLE, &gate::ROLLBACK_PLAN];
    states {
        /// The plan is known, and what kind of change it is.
        Classified = "classified", Way;
        /// The plan is being tried on a copy.
        DryRun = "dry_run", Way;
        /// The one migrator that may change the schema is this one.
        Locked = "locked", Way;
        /// The steps are being applied, one after the other.
        Applying = "applying", Way;
        /// All steps are in, the schema is the expected one, and the apps answer on it.
        Verified = "verified", Good;
        /// It waits for somebody.
        Blocked = "blocked", Rest;
        /// It ended without the new schema, or nobody knows whether with it.
        Failed = "failed", Bad;
    }
    transitions {
        /// The change is of a kind that may be made, and goes on a copy first.
        Tried = "tried": [Classified] => DryRun, by "migration service",
            gates [&gate::EXPAND_CONTRACT_SAFE, &gate::DRY_RUN_OFF_PRODUCTION];
        /// Everything that has to be known is, and the lock is held.
        LockTaken = "lock taken": [DryRun] => Locked, by "migrator",
            gates [&gate::RESTORE_POINT_KNOWN, &gate::OLD_ARTIFACT_COMPATIBLE, &gate::ROLLBACK_PLAN,
                   &gate::MIGRATION_EVIDENCE_FRESH, &gate::MIGRATION_TOKEN];
        /// The plan is still the one that was tried.
        Began = "began": [Locked] => Applying, by "migration service", gates [&gate::PLAN_UNCHANGED];
        /// All steps are in, the schema is as expected, and the app that runs and its neighbour answer on it.
        Confirmed = "confirmed": [Applying] => Verified, by "migrator",
            gates [&gate::SCHEMA_AS_EXPECTED, &gate::APPS_ANSWER, &gate::MIGRATION_TOKEN];
        /// Somebody has to do something first.
        Stopped = "stopped": [Classified, DryRun, Locked] => Blocked, by "migration service", gates [];
        /// There is a new plan, or what was missing is there.
        Resumed = "resumed": [Blocked] => Classified, by "operator", gates [];
        /// A step went wrong, nobody knows what became of one, or a copy was none.
        BrokeOff = "broke off": [Classified, DryRun, Locked, Applying] => Failed, by "migration service",
            gates [&gate::STEP_RESULT_KNOWN];
        /// Nobody did anything for too long.
        Expired = "expired": [Blocked] => Failed, by "migration service", gates [];
    }
    failure_modes {
        /// The plan takes away what cannot be brought back.
        DestructiveMigration = "destructive migration";
        /// An artifact that is in use, or that one may roll back to, cannot work with the new schema.
        OldAppIncompatible = "old app incompatible";
        /// What was to be a copy is the production database.
        PreviewMutatesProduction = "preview mutates production";
        /// The lock was not to be had in time.
        ManualLockTimeout = "manual lock timeout";
    }
}
