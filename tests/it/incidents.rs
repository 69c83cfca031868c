//! The public incidents that worlds replay: each kind has a world, and the table in the README is made of what the worlds say.

use crate::repository::root;
use study::INCIDENTS;

/// The rows of the table: whom it happened to, what happened, and the worlds that replay it.
fn rows() -> Vec<String> {
    let (library, _) = study::load(study::files(), &platform::CATALOG);
    let row = |kind: &study::Incident| {
        let worlds: Vec<&str> = library
            .scenarios
            .iter()
            .filter(|scenario| scenario.incidents.contains(&kind.row))
            .map(|scenario| scenario.plan.title.as_str())
            .collect();
        format!(
            "| {} | {} | {} | {} |",
            kind.row,
            kind.who,
            kind.what,
            worlds.join(", ")
        )
    };
    INCIDENTS.iter().map(row).collect()
}

#[test]
fn every_kind_of_incident_is_replayed_by_some_world() {
    let idle: Vec<String> = rows()
        .into_iter()
        .filter(|row| row.ends_with("|  |"))
        .collect();
    assert!(idle.is_empty(), "no world replays\n{}", idle.join("\n"));
}

#[test]
fn the_table_of_incidents_in_the_readme_is_what_the_worlds_say() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let is_row = |line: &&str| {
        let first = line
            .strip_prefix("| ")
            .and_then(|rest| rest.split(' ').next());
        first.is_some_and(|first| first.parse::<u8>().is_ok())
    };
    let found: Vec<&str> = text.lines().filter(is_row).collect();
    assert!(
        found == rows(),
        "the table in README.md should be\n{}",
        rows().join("\n")
    );
}
