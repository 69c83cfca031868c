//! Migrations in content files: `[migrations]` with `work` and a `[[migrations.migration]]` for each, with `name`, `class`,
//! `steps`, `rollback-plan` and the time at which it is asked for, `request-at`,
//! and those at which it is told to go on, `resume-at`.

use super::names::Names;
use super::read::{File, Table, Value};
use protocol::{MigrationEffect, MigrationPlan, MigrationsPlan, Situation};

/// What can be wrong with the database.
const TROUBLES: &[&str] = &[
    "no-restore-point",
    "old-app-incompatible",
    "long-reader",
    "step-error",
    "lost-step",
    "shared-binding",
    "running-app-fails",
    "window-app-fails",
];

/// What can be done about a migration.
pub const EFFECTS: [&str; 7] = [
    "request-migration",
    "approve-migration",
    "write-rollback-plan",
    "resume-migration",
    "change-plan",
    "reconcile-migration",
    "mend-database",
];

/// The migrations of a plan.
pub fn migrations(table: &Table<'_>, file: &File<'_>) -> Option<MigrationsPlan> {
    let table = table.get("migrations")?.table("the migrations")?;
    let migration = |table: Table<'_>| {
        let migration = MigrationPlan {
            name: table.text("name"),
            class: table
                .name("class")
                .check(file, "class", &["expand", "contract", "destructive"]),
            steps: table.count("steps"),
            rollback_plan: table.get("rollback-plan").is_none_or(Value::flag),
            request_at: table.get("request-at").map(Value::time),
            resume_at: table
                .get("resume-at")
                .map(Value::list)
                .unwrap_or_default()
                .into_iter()
                .map(Value::time)
                .collect(),
        };
        table.finish();
        migration
    };
    let plan = MigrationsPlan {
        migrations: table
            .tables("migration", "a migration")
            .into_iter()
            .map(migration)
            .collect(),
        work: table.times("work"),
    };
    table.finish();
    Some(plan)
}

/// A trouble of the database, by name.
pub fn trouble(value: Value<'_>, file: &File<'_>) -> String {
    value.name().check(file, "database trouble", TROUBLES)
}

/// What is done about a migration.
pub fn effect(key: &str, value: Value<'_>, names: &Names<'_>) -> MigrationEffect {
    if key == "mend-database" {
        return MigrationEffect::MendDatabase(trouble(value, names.file));
    }
    let migration = names.migration(&value.name());
    match key {
        "request-migration" => MigrationEffect::RequestMigration(migration),
        "approve-migration" => MigrationEffect::ApproveMigration(migration),
        "write-rollback-plan" => MigrationEffect::WriteRollbackPlan(migration),
        "resume-migration" => MigrationEffect::ResumeMigration(migration),
        "change-plan" => MigrationEffect::ChangePlan(migration),
        _ => MigrationEffect::ReconcileMigration(migration),
    }
}

/// That a migration is in a state: `{ migration = "add-email", state = "verified" }`.
pub fn situation(value: Value<'_>, table: &Table<'_>, names: &Names<'_>) -> Situation {
    let states = names.states("database-migration");
    Situation::Migration {
        migration: names.migration(&value.name()),
        state: table.name("state").check(names.file, "state", &states),
    }
}
