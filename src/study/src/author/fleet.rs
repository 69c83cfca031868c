//! What a scenario runs: machines, apps, and the requests for them.

use super::names::Names;
use super::read::{Table, Value};
use super::traces;
use protocol::{AppPlan, FleetPlan, Problem, Start, Traffic};

/// The machines.
pub fn fleet(table: &Table<'_>) -> FleetPlan {
    let Some(fleet) = table
        .need("fleet")
        .and_then(|value| value.table("the fleet"))
    else {
        let none = protocol::Range { low: 0, high: 0 };
        return FleetPlan {
            edges: 1,
            runners: 1,
            host_memory: 0,
            latency: none,
            disk: none,
        };
    };
    let plan = FleetPlan {
        edges: fleet.count("edges"),
        runners: fleet.count("runners"),
        host_memory: fleet.size("host-memory"),
        latency: fleet.times("latency"),
        disk: fleet.times("disk"),
    };
    fleet.finish();
    plan
}

/// An app.
pub fn app(table: Table<'_>) -> AppPlan {
    let app = AppPlan {
        name: table.text("name"),
        path: table.text("path"),
        start: table.variant("start", "start", Start::Cold),
        hold_once: table.flag("hold-once"),
        memory_limit: table.size("memory-limit"),
        memory: table.size("memory"),
        boot: table.times("boot"),
        ready_after: table.time("ready-after"),
        service: table.times("service"),
        concurrency: table.count("concurrency"),
        backlog: table.count("backlog"),
        deployments: table.get("deployments").map_or(1, Value::count),
    };
    table.finish();
    app
}

/// The classes of requests.
const CLASSES: &[&str] = &["page", "upgrade", "post", "webhook", "asset"];

/// A stream of requests.
pub fn traffic(table: Table<'_>, names: &Names<'_>) -> Traffic {
    let traffic = Traffic {
        app: names.app(&table.name("app")),
        class: table.name("class").check(names.file, "class", CLASSES),
        keyed: table.flag("keyed"),
        repeats: table
            .get("repeats")
            .map_or(0, |value| value.share() / 10_000),
        bytes: table.sizes("bytes"),
        from: table.time("from"),
        until: table.time("until"),
        every: table.times("every"),
        extra: traces::extra(&table),
    };
    if traffic.from >= traffic.until {
        names.file.report(
            &table.span(),
            Problem::new("out-of-order", "these requests end before they begin"),
        );
    }
    table.finish();
    traffic
}
