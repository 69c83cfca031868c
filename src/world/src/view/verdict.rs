//! Verdicts: how the properties stand, in people's words.

use alloc::string::String;
use alloc::vec::Vec;
use protocol::{Plan, PropertyView, Verdict};

/// How the properties stand; evidence names apps, where a property only knows the numbers of their routes.
#[must_use]
pub fn verdicts(plan: &Plan, mut views: Vec<PropertyView>) -> Vec<PropertyView> {
    for view in &mut views {
        if let Verdict::Broken { evidence, .. } = &mut view.verdict {
            let apps: Vec<&str> = plan.apps.iter().map(|app| app.name.as_str()).collect();
            *evidence = named(&apps, evidence);
        }
    }
    views
}

/// A text with `route 0` as the app of that route.
fn named(apps: &[&str], text: &str) -> String {
    const ROUTE: &str = "route ";
    let mut parts = text.split(ROUTE);
    let mut found = String::from(parts.next().unwrap_or_default());
    for part in parts {
        let end = part
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(part.len());
        let (number, rest) = part.split_at(end);
        match number.parse::<usize>().ok().and_then(|nth| apps.get(nth)) {
            Some(app) => found.push_str(app),
            None => {
                found.push_str(ROUTE);
                found.push_str(number);
            }
        }
        found.push_str(rest);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_told_by_the_name_of_its_app() {
        for (text, wanted) in [
            ("epoch 3 of route 0", "epoch 3 of shop"),
            ("route 1 is cold", "docs is cold"),
            ("route 99 is cold", "route 99 is cold"),
            ("the route epoch is old", "the route epoch is old"),
            ("nothing of it", "nothing of it"),
        ] {
            assert_eq!(named(&["shop", "docs"], text), wanted);
        }
    }
}
