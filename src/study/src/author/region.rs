//! Regions in content files: `[regions]` with `visitors` and a `[[regions.region]]` for each, with `name`, `allowed` and
//! the times
//! at which it is asked for, `enable-at`.

use super::names::Names;
use super::read::{File, Table, Value};
use protocol::{RegionEffect, RegionPlan, RegionsPlan, Situation};

/// What a region may lack.
const LACKS: &[&str] = &[
    "quota",
    "runners",
    "edges",
    "runtime-services",
    "secrets",
    "session-store",
    "artifact",
    "data",
];

/// What can be done about a region.
pub const EFFECTS: [&str; 4] = ["enable-region", "disable-region", "send-traffic", "provide"];

/// The regions of a plan.
pub fn regions(table: &Table<'_>) -> Option<RegionsPlan> {
    let table = table.get("regions")?.table("the regions")?;
    let region = |table: Table<'_>| {
        let region = RegionPlan {
            name: table.text("name"),
            allowed: table.get("allowed").is_none_or(Value::flag),
            enable_at: table
                .get("enable-at")
                .map(Value::list)
                .unwrap_or_default()
                .into_iter()
                .map(Value::time)
                .collect(),
        };
        table.finish();
        region
    };
    let plan = RegionsPlan {
        regions: table
            .tables("region", "a region")
            .into_iter()
            .map(region)
            .collect(),
        visitors: table.times("visitors"),
    };
    table.finish();
    Some(plan)
}

/// What a region lacks, by name.
pub fn lack(value: Value<'_>, file: &File<'_>) -> String {
    value.name().check(file, "lack", LACKS)
}

/// What is done about a region.
pub fn effect(key: &str, value: Value<'_>, names: &Names<'_>) -> Option<RegionEffect> {
    let region = |value: Value<'_>| names.region(&value.name());
    Some(match key {
        "enable-region" => RegionEffect::EnableRegion(region(value)),
        "disable-region" => RegionEffect::DisableRegion(region(value)),
        "send-traffic" => RegionEffect::SendTraffic(region(value)),
        _ => {
            let table = value.table("what is provided, and where")?;
            let what = table.need("what").map(|value| lack(value, names.file));
            let region = names.region(&table.name("region"));
            table.finish();
            RegionEffect::Provide(region, what?)
        }
    })
}

/// That a region is in a state: `{ region = "eu", state = "eligible" }`.
pub fn situation(value: Value<'_>, table: &Table<'_>, names: &Names<'_>) -> Situation {
    let states = names.states("region-enablement");
    Situation::Region {
        region: names.region(&value.name()),
        state: table.name("state").check(names.file, "state", &states),
    }
}
