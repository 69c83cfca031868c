//! Migrations in a plan: which there are, what they do, and what an operator may do about them.

use crate::plan::Range;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The migrations of a plan, all of one database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MigrationsPlan {
    /// The migrations.
    pub migrations: Vec<MigrationPlan>,
    /// How long a piece of work at the database takes.
    pub work: Range,
}

/// One migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MigrationPlan {
    /// Its name, as sentences use it.
    pub name: String,
    /// What it does to the schema: `expand`, `contract`, `destructive`.
    pub class: String,
    /// In how many steps.
    pub steps: u8,
    /// Whether it is written down how to go back.
    pub rollback_plan: bool,
    /// How many rows it makes the database write again.
    pub rewrites: u32,
    /// When somebody asks for it.
    pub request_at: Option<u64>,
    /// When somebody says that it may go on, in order.
    pub resume_at: Vec<u64>,
}

/// What an operator may do about a migration, by its position in the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MigrationEffect {
    /// Ask for it.
    RequestMigration(u16),
    /// Approve that data is taken away.
    ApproveMigration(u16),
    /// Write down how to go back.
    WriteRollbackPlan(u16),
    /// Go on with it.
    ResumeMigration(u16),
    /// Change its plan.
    ChangePlan(u16),
    /// Look what became of a step.
    ReconcileMigration(u16),
    /// Change the schema only, and write the rows again afterwards, a few at a time.
    FillLater(u16),
    /// Take away from the database what stands in the way, by name.
    MendDatabase(String),
}
