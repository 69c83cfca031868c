//! Routes: every address of the page, parsed and written in one place.
//!
//! **Invariants.** An address that [`Route::href`] writes is parsed back to the same route. Addresses are relative to
//! the place where the lab is served, so one build works under any path.

use protocol::{Problem, Severity};

/// A place in the lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// What this is, and where to begin.
    Home,
    /// A scenario, perhaps with a seed and waived gates, perhaps with a shared run.
    Run {
        /// The scenario's id.
        scenario: String,
        /// What stands behind `?`; not yet checked.
        query: String,
        /// What stands behind `#`.
        shared: Option<String>,
    },
    /// Nothing of ours.
    Unknown(String),
}

impl Route {
    /// Reads an address: the path below the lab's own, the query and the fragment, with or without `?` and `#`.
    pub fn parse(path: &str, query: &str, fragment: &str) -> Self {
        let path = path.trim_matches('/');
        let fragment = fragment.trim_start_matches('#');
        match path.split('/').collect::<Vec<_>>().as_slice() {
            [""] | ["index.html"] => Self::Home,
            ["s", scenario] if !scenario.is_empty() => Self::Run {
                scenario: (*scenario).to_string(),
                query: query.trim_start_matches('?').to_string(),
                // The page's own places are no runs.
                shared: (!matches!(fragment, "" | "main")).then(|| fragment.to_string()),
            },
            _ => Self::Unknown(path.to_string()),
        }
    }

    /// A scenario, wherever one is in it.
    pub fn scenario(scenario: &str) -> Self {
        Self::Run {
            scenario: scenario.to_string(),
            query: String::new(),
            shared: None,
        }
    }

    /// A scenario, with a seed and how hard its background is; the usual severity is not written.
    pub fn seeded(scenario: &str, seed: u64, severity: Severity) -> Self {
        let mut query = format!("seed={seed}");
        if severity != Severity::default() {
            query.push_str("&severity=");
            query.push_str(severity.id());
        }
        Self::Run {
            scenario: scenario.to_string(),
            query,
            shared: None,
        }
    }

    /// A run that somebody shared.
    pub fn shared(scenario: &str, link: &str) -> Self {
        Self::Run {
            scenario: scenario.to_string(),
            query: String::new(),
            shared: Some(link.to_string()),
        }
    }

    /// The address, relative to the place where the lab is served.
    pub fn href(&self) -> String {
        match self {
            Self::Home => "./".to_string(),
            Self::Run {
                scenario,
                query,
                shared,
            } => {
                let mut href = format!("s/{scenario}");
                if !query.is_empty() {
                    href.push('?');
                    href.push_str(query);
                }
                if let Some(shared) = shared {
                    href.push('#');
                    href.push_str(shared);
                }
                href
            }
            Self::Unknown(path) => path.clone(),
        }
    }
}

/// What an address asks for of a scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The seed.
    pub seed: Option<u64>,
    /// The ids of the waived gates, sorted.
    pub waived: Vec<String>,
    /// How hard the background is.
    pub severity: Option<Severity>,
}

impl Asked {
    /// A seed and a severity, and every gate in force.
    pub const fn fresh(seed: u64, severity: Severity) -> Self {
        Self {
            seed: Some(seed),
            waived: Vec::new(),
            severity: Some(severity),
        }
    }
}

/// Reads what stands behind `?`: `seed=7&severity=storm&waive=GATE`, several gates with commas in between.
///
/// # Errors
/// A [`Problem`] that quotes the first part that means nothing, and says what is allowed and what is nearest to it.
pub fn asked(query: &str) -> Result<Asked, Problem> {
    let mut asked = Asked::default();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        match part.split_once('=').unwrap_or((part, "")) {
            ("seed", text) => asked.seed = Some(seed(text)?),
            ("severity", id) => asked.severity = Some(severity(id)?),
            ("waive", gates) => {
                for id in gates.split(',') {
                    asked.waived.push(gate(id)?);
                }
            }
            (name, _) => {
                let mut problem = Problem::unknown("part", name, &["seed", "severity", "waive"]);
                problem.message = format!(
                    "the address has a part `{}` that means nothing here",
                    shown(name)
                );
                problem.detail =
                    "It may have `seed`, a whole number, `severity`, and `waive`, the ids of gates. \
                    Nothing of it was followed."
                        .into();
                if problem.hint.contains("lab list") {
                    problem.hint = "For example ?seed=7&waive=hold-slots-free.".into();
                }
                return Err(problem);
            }
        }
    }
    asked.waived.sort();
    asked.waived.dedup();
    Ok(asked)
}

/// The id of a gate, if there is one with it.
fn gate(id: &str) -> Result<String, Problem> {
    let gates = platform::CATALOG.gates;
    if platform::CATALOG.gate(id).is_some() {
        return Ok(id.to_string());
    }
    let ids: Vec<String> = gates.iter().map(|gate| gate.id()).collect();
    let nearest = machine::nearest(id, ids.iter().map(String::as_str));
    Err(Problem::new(
        "unknown-gate",
        format!("there is no gate `{}`, which the address waives", shown(id)),
    )
    .detail(format!(
        "A gate is named by its id, such as `{}`; the twin run's page shows all {}. Nothing of the address was followed.",
        ids[0],
        ids.len()
    ))
    .hint(nearest.map_or_else(
        || "Press t, or Twin run, to look for it by words.".to_string(),
        |id| format!("Did you mean `{id}`?"),
    )))
}

/// The severity with this id.
fn severity(id: &str) -> Result<Severity, Problem> {
    Severity::named(id).map_err(|mut problem| {
        problem.message = format!("there is no severity `{}`", shown(id));
        problem
            .detail
            .push_str(" Nothing of the address was followed.");
        if problem.hint.contains("lab list") {
            problem.hint = "For example ?seed=7&severity=storm.".into();
        }
        problem
    })
}

/// As much of something that was given as fits into a sentence.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Reads a seed as a person writes it.
///
/// # Errors
/// A [`Problem`] that quotes what was given and says what is allowed.
pub fn seed(text: &str) -> Result<u64, Problem> {
    let text = text.trim();
    text.parse().map_err(|_| {
        let shown = shown(text);
        let digits: String = text.chars().filter(char::is_ascii_digit).take(19).collect();
        let hint = if digits.is_empty() {
            "For example 7.".to_string()
        } else {
            format!("Did you mean {digits}?")
        };
        Problem::new(
            "seed-unreadable",
            format!("the seed `{shown}` is not a seed"),
        )
        .detail(format!("A seed is a whole number from 0 to {}.", u64::MAX))
        .hint(hint)
    })
}

/// The part of a pasted text that is a shared run: a whole address, or only its last part.
pub fn shared_part(text: &str) -> &str {
    let text = text.trim();
    text.rsplit_once('#').map_or(text, |(_, fragment)| fragment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_back() {
        for route in [
            Route::Home,
            Route::seeded("stuck-wake", 7, Severity::default()),
            Route::seeded("stuck-wake", 7, Severity::Storm),
            Route::scenario("a"),
            Route::shared("a", "v1.AAA"),
            Route::Run {
                scenario: "a".into(),
                query: "seed=x&waive=y".into(),
                shared: Some("w".into()),
            },
        ] {
            let href = route.href();
            let (rest, fragment) = href.split_once('#').unwrap_or((&href, ""));
            let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
            assert_eq!(
                Route::parse(path.trim_start_matches("./"), query, fragment),
                route,
                "{href}"
            );
        }
    }

    #[test]
    fn other_addresses_are_unknown_and_home_has_more_than_one_name() {
        assert_eq!(Route::parse("/index.html", "", ""), Route::Home);
        assert_eq!(Route::parse("/", "?seed=1", "#v1.x"), Route::Home);
        assert_eq!(Route::parse("s/", "", ""), Route::Unknown("s".into()));
        assert_eq!(
            Route::parse("s/a/b", "", ""),
            Route::Unknown("s/a/b".into())
        );
    }

    #[test]
    fn a_seed_that_is_none_is_refused_with_what_is_allowed() {
        assert_eq!(seed(" 42 "), Ok(42));
        let problem = seed("4x2").unwrap_err();
        assert!(
            problem.message.contains("`4x2`") && problem.hint.contains("42"),
            "{problem}"
        );
        assert!(seed("-1").is_err() && seed("99999999999999999999").is_err());
    }

    #[test]
    fn an_address_asks_for_a_seed_and_gates_and_nothing_else() {
        assert_eq!(asked(""), Ok(Asked::default()));
        let gates = "within-the-hold-budget,hold-slots-free";
        let both = asked(&format!("seed=7&waive={gates}")).unwrap();
        assert_eq!(both.seed, Some(7));
        assert_eq!(both.waived, ["hold-slots-free", "within-the-hold-budget"]);
        assert_eq!(
            asked("seed=7&severity=calm").unwrap(),
            Asked::fresh(7, Severity::Calm)
        );
        let wrong = |query: &str, quoted: &str, hint: &str| {
            let problem = asked(query).unwrap_err();
            assert!(
                problem.message.contains(quoted) && problem.hint.contains(hint),
                "{problem}"
            );
        };
        wrong("seed=7&waive=nope", "`nope`", "Twin run");
        wrong(
            "waive=hold-slot-free",
            "`hold-slot-free`",
            "`hold-slots-free`",
        );
        wrong("waive", "``", "");
        wrong("severity=strom", "`strom`", "`storm`");
        wrong("severity=9", "`9`", "?seed=");
        wrong("sead=7", "`sead`", "`seed`");
        wrong("colour=blue", "`colour`", "?seed=");
        wrong("seed", "``", "For example");
    }

    #[test]
    fn the_last_part_of_a_link_is_enough() {
        assert_eq!(
            shared_part("https://example.org/lab/s/stuck-wake?seed=1#v1.AbC "),
            "v1.AbC"
        );
        assert_eq!(shared_part("v1.AbC"), "v1.AbC");
    }
}
