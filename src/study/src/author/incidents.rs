//! The kinds of public incidents that a file replays: `incidents = [5]`.

use super::read::{Table, Value};
use crate::incident;
use protocol::Problem;

/// The kinds of public incidents that a file replays.
pub fn incidents(table: &Table<'_>) -> Vec<u8> {
    let list = table.get("incidents").map(Value::list).unwrap_or_default();
    let kind = |value: Value<'_>| {
        let row: u8 = value.count();
        if incident(row).is_none() {
            let problem = Problem::new("unknown-incident", format!("there is no incident {row}"));
            table.report(problem.hint("The kinds are in `study/src/incident.rs`."));
        }
        row
    };
    list.into_iter().map(kind).collect()
}
