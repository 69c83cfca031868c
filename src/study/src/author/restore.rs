//! Restores in content files: `[restores]` with `writers`, `every`, `work` and a `[[restores.order]]` for each restore that a colleague asks for (`at`, `to`, `preview`).

use super::names::Names;
use super::read::{Table, Value};
use protocol::{RestoreEffect, RestoreOrder, RestoresPlan, Situation};

/// What can be done about a restore.
pub const EFFECTS: &[&str] = &[
    "restore-to",
    "restore-preview",
    "accept-loss",
    "serve-old-reader",
];

/// How far a restore can be.
const STAGES: &[&str] = &[
    "identify",
    "fence",
    "reconcile",
    "cut-over",
    "done",
    "failed",
];

/// The restores of a plan.
pub fn plan(value: Value<'_>) -> Option<RestoresPlan> {
    let table = value.table("the restores")?;
    let order = |table: Table<'_>| {
        let order = RestoreOrder {
            at: table.time("at"),
            to: table.time("to"),
            preview: table.get("preview").is_some_and(Value::flag),
        };
        table.finish();
        order
    };
    let plan = RestoresPlan {
        writers: table.count("writers"),
        every: table.time("every"),
        work: table.times("work"),
        orders: table
            .tables("order", "a restore")
            .into_iter()
            .map(order)
            .collect(),
    };
    table.finish();
    Some(plan)
}

/// What is done about a restore.
pub fn effect(key: &str, value: Value<'_>) -> RestoreEffect {
    match key {
        "restore-to" => RestoreEffect::RestoreTo(value.time()),
        "restore-preview" => RestoreEffect::RestorePreview(value.time()),
        flag => {
            value.flag();
            if flag == "accept-loss" {
                RestoreEffect::AcceptLoss
            } else {
                RestoreEffect::ServeOldReader
            }
        }
    }
}

/// That a restore is in a stage: `{ restore = 1, stage = "done" }`.
pub fn situation(value: Value<'_>, table: &Table<'_>, names: &Names<'_>) -> Situation {
    let number: u16 = value.count();
    Situation::Restore {
        restore: number.saturating_sub(1),
        stage: table.name("stage").check(names.file, "stage", STAGES),
    }
}
