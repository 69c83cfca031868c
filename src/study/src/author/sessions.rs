//! Sessions in content files: `[sessions]` with the app, its tabs and what they do; what can be done about sockets.

use super::names::Names;
use super::read::Value;
use protocol::{SessionsEffect, SessionsPlan};

/// What can be done about sockets and sessions.
pub const EFFECTS: [&str; 2] = ["trust-addresses", "cut-off"];

/// The tabs of a plan.
pub fn sessions(value: Value<'_>, names: &Names<'_>) -> Option<SessionsPlan> {
    let table = value.table("the sessions")?;
    let count = |key| table.get(key).map_or(0, Value::count);
    let time = |key| table.get(key).map_or(0, Value::time);
    let plan = SessionsPlan {
        app: names.app(&table.name("app")),
        tabs: table.count("tabs"),
        from: table.time("from"),
        within: table.time("within"),
        acts: table.times("acts"),
        store: table.flag("store"),
        fresh: table.flag("fresh"),
        cold: table.get("cold").is_some_and(Value::flag),
        twins: count("twins"),
        twins_at: time("twins-at"),
        crowd: count("crowd"),
        leavers: count("leavers"),
        sleepers: count("sleepers"),
        asleep_at: time("asleep-at"),
        asleep_for: time("asleep-for"),
    };
    table.finish();
    Some(plan)
}

/// What is done about sockets and sessions.
pub fn effect(key: &str, value: Value<'_>, names: &Names<'_>) -> SessionsEffect {
    match key {
        "trust-addresses" => SessionsEffect::TrustAddresses(value.flag()),
        _ => SessionsEffect::CutOff(names.numbered(&value.name(), "runner")),
    }
}
