//! What weighs on the control plane's store in content files: `[pressure]` with `journal` (whether deliveries are written
//! down), perhaps `[pressure.consoles]` (`count`, `app`, `every`, `patience`), and a `[[pressure.order]]` for what colleagues
//! order (`at`, and what, as an action says it).

use super::names::Names;
use super::read::{File, Table, Value};
use protocol::{ConsolesPlan, Fault, PressureEffect, PressurePlan, PressureSituation};

/// What can be done about it.
pub const EFFECTS: &[&str] = &[
    "journal-edges",
    "admit-calls",
    "restart-control",
    "take-back-release",
];

/// What can be so of it.
const SITUATIONS: &[&str] = &[
    "store-keeps-up",
    "store-falls-behind",
    "journal-off",
    "journal-everywhere",
    "consoles-calm",
    "admits-as-usual",
    "control-gone",
];

/// What weighs on the store of a plan.
pub fn plan(value: Value<'_>, names: &Names<'_>) -> Option<PressurePlan> {
    let table = value.table("what weighs on the store")?;
    let consoles = |table: Table<'_>| {
        let consoles = ConsolesPlan {
            count: table.count("count"),
            app: names.app(&table.name("app")),
            every: table.time("every"),
            patience: table.time("patience"),
        };
        table.finish();
        consoles
    };
    let order = |table: Table<'_>| {
        let (key, value) = table.which(EFFECTS)?;
        let order = (table.time("at"), effect(key, value, names));
        table.finish();
        Some(order)
    };
    let plan = PressurePlan {
        journal: table.get("journal").is_some_and(Value::flag),
        consoles: table
            .get("consoles")
            .and_then(|value| value.table("the consoles"))
            .map(consoles),
        orders: table
            .tables("order", "an order")
            .into_iter()
            .filter_map(order)
            .collect(),
    };
    table.finish();
    Some(plan)
}

/// What is done about it.
pub fn effect(key: &str, value: Value<'_>, names: &Names<'_>) -> PressureEffect {
    match key {
        "journal-edges" => PressureEffect::JournalEdges(value.count()),
        "admit-calls" => PressureEffect::AdmitCalls(value.count()),
        "take-back-release" => PressureEffect::TakeBackRelease(names.app(&value.name())),
        _ => {
            value.flag();
            PressureEffect::RestartControl
        }
    }
}

/// That something is so: `{ pressure = "store-keeps-up" }`.
pub fn situation(value: Value<'_>, file: &File<'_>) -> PressureSituation {
    match value.name().check(file, "situation", SITUATIONS).as_str() {
        "store-keeps-up" => PressureSituation::StoreKeepsUp,
        "store-falls-behind" => PressureSituation::StoreFallsBehind,
        "journal-off" => PressureSituation::JournalOff,
        "journal-everywhere" => PressureSituation::JournalEverywhere,
        "control-gone" => PressureSituation::ControlGone,
        "consoles-calm" => PressureSituation::ConsolesCalm,
        _ => PressureSituation::AdmitsAsUsual,
    }
}

/// A fault of it, by its id.
pub fn fault(id: &str, table: &Table<'_>, names: &Names<'_>) -> Fault {
    if id == "slow-store" {
        Fault::SlowStore {
            node: names.node(&table.name("node")),
            times: table.count("times"),
        }
    } else {
        Fault::ImpatientConsoles {
            app: names.app(&table.name("app")),
            version: table.count("version"),
        }
    }
}
