//! The content: scenarios and their lessons, as the build made them.

use protocol::Problem;
use std::sync::OnceLock;
use study::{Library, Scenario};

/// Everything there is to study.
pub fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(crate::fixture::library)
}

/// The scenario with this id.
///
/// # Errors
/// A [`Problem`] with the nearest name.
pub fn scenario(id: &str) -> Result<&'static Scenario, Problem> {
    library().scenario(id).ok_or_else(|| {
        let known: Vec<&str> = library().scenarios.iter().map(|scenario| scenario.plan.id.as_str()).collect();
        let mut problem = Problem::unknown("scenario", id, &known);
        if problem.hint.contains("lab list") {
            problem.hint = "The start page shows them all.".into();
        }
        problem
    })
}
