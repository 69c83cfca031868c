//! Anti-patterns: `[[anti-pattern]]` with `id`, `title`, maybe the runbook's `do-not`, the gates that are its `guards`, and
//! where it can be `done`.

use super::read::{File, Table};
use crate::{AntiPattern, Library};
use machine::Catalog;
use protocol::Problem;
use toml::de::DeTable;

const NAME: &str = "anti-patterns.toml";
const TEXT: &str = include_str!("../../content/anti-patterns.toml");

/// The anti-patterns that come with the lab, and what is wrong with them.
#[must_use]
pub fn anti_patterns(library: &Library, catalog: &Catalog) -> (Vec<AntiPattern>, Vec<Problem>) {
    read(TEXT, library, catalog)
}

fn read(text: &str, library: &Library, catalog: &Catalog) -> (Vec<AntiPattern>, Vec<Problem>) {
    let file = File::new(NAME, text);
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let problem = Problem::new(
            "not-toml",
            format!("this cannot be read as TOML: {}", error.message()),
        );
        file.report(&error.span().unwrap_or(0..0), problem);
    }
    let mut found: Vec<AntiPattern> = Vec::new();
    if errors.is_empty() {
        let root = Table::whole(&file, &root);
        for table in root.tables("anti-pattern", "an anti-pattern") {
            let one = anti_pattern(&table, library, catalog, &file);
            if found.iter().any(|other| other.id == one.id) {
                table.report(Problem::new(
                    "taken-id",
                    format!("another anti-pattern is called `{}`", one.id),
                ));
            }
            table.finish();
            found.push(one);
        }
        root.finish();
    }
    (found, file.into_problems())
}

fn anti_pattern(
    table: &Table<'_>,
    library: &Library,
    catalog: &Catalog,
    file: &File<'_>,
) -> AntiPattern {
    let gates: Vec<String> = catalog.gates.iter().map(|gate| gate.id()).collect();
    let gates: Vec<&str> = gates.iter().map(String::as_str).collect();
    let do_not = table.get("do-not").and_then(|value| {
        let table = value.table("what a runbook says")?;
        let says = (table.text("runbook"), table.text("says"));
        table.finish();
        Some(says)
    });
    let guards = table.get("guards").map(|value| {
        let names = value.list().into_iter().map(|value| value.name());
        names.map(|name| name.check(file, "gate", &gates)).collect()
    });
    let mut done = Vec::new();
    for table in table.tables("done", "where it can be done") {
        let known: Vec<&str> = library
            .scenarios
            .iter()
            .map(|scenario| scenario.plan.id.as_str())
            .collect();
        let scenario = table.name("scenario").check(file, "scenario", &known);
        let plan = library.scenario(&scenario).map(|scenario| &scenario.plan);
        let actions: Vec<&str> = plan
            .iter()
            .flat_map(|plan| &plan.actions)
            .map(|action| action.id.as_str())
            .collect();
        let action = table.name("action").check(file, "action", &actions);
        table.finish();
        done.push((scenario, action));
    }
    let one = AntiPattern {
        id: table.text("id"),
        title: table.text("title"),
        do_not,
        guards: guards.unwrap_or_default(),
        done,
    };
    if one.guards.is_empty() && one.done.is_empty() {
        let problem = Problem::new("nothing-to-try", "this can be neither waived nor done");
        table.report(problem.hint("Name a gate in `guards`, or an action in `done`."));
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{files, load};
    use platform::CATALOG;

    fn told(text: &str) -> String {
        let (library, _) = load(files(), &CATALOG);
        let (_, problems) = read(text, &library, &CATALOG);
        problems
            .iter()
            .map(|problem| format!("{}: {problem}\n", problem.code))
            .collect()
    }

    #[test]
    fn what_comes_with_the_lab_resolves() {
        let (library, _) = load(files(), &CATALOG);
        let (found, problems) = anti_patterns(&library, &CATALOG);
        assert!(problems.is_empty(), "{problems:?}");
        let says = found.iter().filter(|one| one.do_not.is_some()).count();
        assert_eq!(says, 18, "six runbooks say three things each");
        assert_eq!(found.len(), 36);
    }

    #[test]
    fn what_does_not_resolve_is_said_with_its_place() {
        let sound = TEXT.replace("\"event-contiguous\"", "\"event-contigous\"");
        let said = told(&sound);
        assert!(said.contains("Did you mean `event-contiguous`?"), "{said}");
        let said = told(&TEXT.replace("action = \"mark-hot\"", "action = \"mark-hut\""));
        assert!(said.contains("Did you mean `mark-hot`?"), "{said}");
        let said = told("[[anti-pattern]]\nid = \"a\"\ntitle = \"b\"\n");
        assert!(said.contains("nothing-to-try"), "{said}");
        assert!(said.contains("line 1"), "{said}");
        assert!(told("[[").contains("not-toml"));
    }
}
