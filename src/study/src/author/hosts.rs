//! Hosts in content files: the table `[hosts]`, what actions do to hosts, what can be so about them.

use super::names::Names;
use super::read::{Table, Value};
use protocol::{HostDrain, HostEffect, HostSituation, HostsPlan, Problem};

/// The reasons for which a drain can be held.
const HOLDS: &[&str] = &[
    "quorum",
    "no_headroom",
    "zone_busy",
    "provider_outage",
    "rollout_frozen",
    "sessions_pinned",
    "image_not_approved",
    "upgrade_stuck",
    "postcheck_failed",
];

/// What an action can do to hosts.
pub const EFFECTS: &[&str] = &[
    "cordon-host",
    "drain-host",
    "uncordon-host",
    "kill-on-host",
    "hand-patch-host",
    "approve-image",
];

/// What can be so about hosts.
pub const SITUATIONS: &[&str] = &[
    "hosts-upgraded",
    "drain-of",
    "drain-held",
    "forced",
    "killed",
];

/// `[hosts]`: who votes, what is installed, who is drained when.
pub fn plan(value: Value<'_>, names: &Names<'_>) -> Option<HostsPlan> {
    let table = value.table("hosts")?;
    let runner = |name: Value<'_>| names.numbered(&name.name(), "runner");
    let list = |key| table.get(key).map(Value::list).unwrap_or_default();
    let plan = HostsPlan {
        voters: list("voters").into_iter().map(runner).collect(),
        zones: list("zones").into_iter().map(Value::count).collect(),
        version: table.count("version"),
        target: table.count("target"),
        approved: list("approved").into_iter().map(Value::count).collect(),
        install: table.times("install"),
        flawed: table.get("flawed").map_or(0, Value::share),
        drains: table
            .tables("drain", "a drain")
            .into_iter()
            .map(|table| drain(table, names))
            .collect(),
        copies: table
            .tables("copies", "an app that runs more than once")
            .into_iter()
            .map(|table| {
                let copies = (names.app(&table.name("app")), table.count("more"));
                table.finish();
                copies
            })
            .collect(),
    };
    table.finish();
    Some(plan)
}

/// `{ runner = "runner-1", at = "30s" }`, with `cordon-only = true` for one that is not emptied.
fn drain(table: Table<'_>, names: &Names<'_>) -> HostDrain {
    let drain = HostDrain {
        at: table.time("at"),
        runner: names.numbered(&table.name("runner"), "runner"),
        cordon_only: table.get("cordon-only").is_some_and(Value::flag),
    };
    table.finish();
    drain
}

/// What an action does to hosts: `{ drain-host = "runner-1" }`, `{ approve-image = 3 }`.
pub fn effect(key: &str, value: Value<'_>, names: &Names<'_>) -> HostEffect {
    if key == "approve-image" {
        return HostEffect::Approve(value.count());
    }
    let runner = names.numbered(&value.name(), "runner");
    match key {
        "cordon-host" => HostEffect::Cordon(runner),
        "drain-host" => HostEffect::Drain(runner),
        "uncordon-host" => HostEffect::Uncordon(runner),
        "kill-on-host" => HostEffect::Kill(runner),
        _ => HostEffect::HandPatch(runner),
    }
}

/// `{ hosts-upgraded = 3 }`, `{ drain-of = { runner = "runner-1", is = "uncordoned" } }`,
/// `{ drain-held = "no_headroom" }`, `{ forced = 1 }`, `{ killed = 1 }`.
pub fn situation(key: &str, value: Value<'_>, names: &Names<'_>) -> Option<HostSituation> {
    Some(match key {
        "hosts-upgraded" => HostSituation::Upgraded(value.count()),
        "drain-of" => {
            let table = value.table("a drain")?;
            let states: Vec<&str> = names
                .catalog
                .lifecycle("host-drain-os-upgrade")
                .map(|spec| spec.states.iter().map(|state| state.name).collect())
                .unwrap_or_default();
            if states.is_empty() {
                value.report(Problem::new(
                    "no-lifecycle",
                    "the catalog has no drains of hosts",
                ));
            }
            let situation = HostSituation::Drain {
                runner: names.numbered(&table.name("runner"), "runner"),
                state: table.name("is").check(names.file, "state", &states),
            };
            table.finish();
            situation
        }
        "drain-held" => HostSituation::Held(value.name().check(names.file, "hold", HOLDS)),
        "forced" => HostSituation::Forced(value.count()),
        _ => HostSituation::Killed(value.count()),
    })
}
