//! The plans that are run: all that the lab comes with, the one that speed is measured on among them.

use platform::CATALOG;
use protocol::Plan;

const S: u64 = 1_000_000;

/// Lessons and worlds.
///
/// # Panics
/// If the content has a problem, which is a failing test of its own.
#[must_use]
pub fn all() -> Vec<Plan> {
    plans(|_| true)
}

/// The plans of the lessons.
#[must_use]
pub fn lessons() -> Vec<Plan> {
    plans(|scenario| !scenario.world)
}

/// One control plane, ten edges, a hundred runners with a heartbeat a second, for a minute: what speed is measured on.
///
/// # Panics
/// If the lab has no such world.
#[must_use]
pub fn standard() -> Plan {
    plans(|scenario| scenario.plan.id == "large-fleet")
        .pop()
        .expect("the lab comes with a large fleet")
}

/// The standard plan for longer, so that its history reaches so many entries: what scrubbing is measured on.
#[must_use]
pub fn long(end: u64) -> Plan {
    let mut plan = standard();
    plan.id = "long".to_string();
    plan.end = end;
    plan.heal_at = end - S;
    for traffic in &mut plan.traffic {
        traffic.until = end;
    }
    plan
}

fn plans(wanted: impl Fn(&study::Scenario) -> bool) -> Vec<Plan> {
    let (library, problems) = study::load(study::files(), &CATALOG);
    assert!(problems.is_empty(), "the content has problems");
    library
        .scenarios
        .into_iter()
        .filter(wanted)
        .map(|scenario| scenario.plan)
        .collect()
}
