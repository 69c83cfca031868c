//! What a seed draws of a world's configuration: `[vary]`, each key something that may vary with the range of it:
//! `runners = "2..6"`, `loss = "0%..3%"`.

use super::read::Table;
use protocol::{Counts, FleetPlan, Problem, Range, VARIED, Varied, Vary};

/// The ranges, in the order in which what may vary is declared.
pub fn vary(table: &Table<'_>) -> Vec<Vary> {
    let Some(table) = table
        .get("vary")
        .and_then(|value| value.table("what varies"))
    else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (what, spec) in VARIED {
        let Some(value) = table.get(spec.id) else {
            continue;
        };
        let range = match spec.counts {
            Counts::Things => value.counts(),
            Counts::Share => value.shares(),
        };
        if range.low == 0 && matches!(what, Varied::Edges | Varied::Runners | Varied::Load) {
            let problem = Problem::new("none-at-all", format!("`{}` may not be none", spec.id));
            value.report(problem.hint("Let the range begin above 0."));
        }
        found.push(Vary { what: *what, range });
    }
    table.finish();
    found
}

/// The fleet as names may count on it: as small as a seed may make it. What the fleet itself says must be within the range.
pub fn least(fleet: &FleetPlan, vary: &[Vary], table: &Table<'_>) -> (u16, u16) {
    let least = |what: Varied, written: u16| {
        let Some(vary) = vary.iter().find(|vary| vary.what == what) else {
            return written;
        };
        let Range { low, high } = vary.range;
        if !(low..=high).contains(&u64::from(written)) {
            let problem = Problem::new(
                "out-of-range",
                format!(
                    "the fleet has {written} {}, and the seed draws {low} to {high}",
                    what.spec().id
                ),
            );
            table.report(problem.hint("Let the fleet as written be one that the seed may draw."));
        }
        u16::try_from(low).unwrap_or(written)
    };
    (
        least(Varied::Edges, fleet.edges),
        least(Varied::Runners, fleet.runners),
    )
}
