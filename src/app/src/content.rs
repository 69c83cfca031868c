//! The content: scenarios and their lessons, as the build made them.

use protocol::Problem;
use std::sync::OnceLock;
use study::{Library, Scenario};

static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/library.bin"));

/// Everything there is to study.
pub fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    // The build made these bytes from the same types; a test reads them. An empty library is shown as an empty list.
    LIBRARY.get_or_init(|| postcard::from_bytes(PACKED).unwrap_or_default())
}

/// The scenario with this id.
///
/// # Errors
/// A [`Problem`] with the nearest name.
pub fn scenario(id: &str) -> Result<&'static Scenario, Problem> {
    library().scenario(id).ok_or_else(|| {
        let known: Vec<&str> = library()
            .scenarios
            .iter()
            .map(|scenario| scenario.plan.id.as_str())
            .collect();
        let mut problem = Problem::unknown("scenario", id, &known);
        if problem.hint.contains("lab list") {
            problem.hint = "The start page shows them all.".into();
        }
        problem
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packed_content_is_whole_and_speaks_of_things_that_exist() {
        assert!(library().scenarios.len() >= 2);
        for scenario in &library().scenarios {
            assert!(
                scenario
                    .lesson
                    .twin_gates
                    .iter()
                    .all(|(id, _)| platform::CATALOG.gate(id).is_some())
            );
            assert!(
                scenario
                    .lesson
                    .first_labels
                    .iter()
                    .all(|(region, _)| study::REGIONS.contains(&region.as_str()))
            );
        }
    }

    #[test]
    fn an_unknown_scenario_is_told_with_the_nearest() {
        let problem = super::scenario("stuck-wkae").unwrap_err();
        assert!(
            problem.message.contains("stuck-wkae") && problem.hint.contains("stuck-wake"),
            "{problem}"
        );
    }
}
