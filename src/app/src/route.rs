//! Routes: every address of the page, parsed and written in one place.
//!
//! **Invariants.** An address that [`Route::href`] writes is parsed back to the same route. Addresses are relative to
//! the place where the lab is served, so one build works under any path.

use protocol::Problem;

/// A place in the lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// What this is, and where to begin.
    Home,
    /// A scenario, perhaps with a seed, perhaps with a shared run.
    Run {
        /// The scenario's id.
        scenario: String,
        /// The seed as it stands in the address; not yet checked.
        seed: Option<String>,
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
                seed: parameter(query, "seed"),
                shared: fragment.starts_with('v').then(|| fragment.to_string()),
            },
            _ => Self::Unknown(path.to_string()),
        }
    }

    /// A scenario, with a seed.
    pub fn seeded(scenario: &str, seed: u64) -> Self {
        Self::Run {
            scenario: scenario.to_string(),
            seed: Some(seed.to_string()),
            shared: None,
        }
    }

    /// The address, relative to the place where the lab is served.
    pub fn href(&self) -> String {
        match self {
            Self::Home => "./".to_string(),
            Self::Run {
                scenario,
                seed,
                shared,
            } => {
                let mut href = format!("s/{scenario}");
                if let Some(seed) = seed {
                    href.push_str("?seed=");
                    href.push_str(seed);
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

fn parameter(query: &str, name: &str) -> Option<String> {
    query
        .trim_start_matches('?')
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, value)| *key == name && !value.is_empty())
        .map(|(_, value)| value.to_string())
}

/// Reads a seed as a person writes it.
///
/// # Errors
/// A [`Problem`] that quotes what was given and says what is allowed.
pub fn seed(text: &str) -> Result<u64, Problem> {
    let text = text.trim();
    text.parse().map_err(|_| {
        let shown: String = text.chars().take(40).collect();
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
            Route::seeded("stuck-wake", 7),
            Route::Run {
                scenario: "a".into(),
                seed: None,
                shared: Some("v1.AAA".into()),
            },
            Route::Run {
                scenario: "a".into(),
                seed: Some("x".into()),
                shared: None,
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
    fn the_last_part_of_a_link_is_enough() {
        assert_eq!(
            shared_part("https://example.org/lab/s/stuck-wake?seed=1#v1.AbC "),
            "v1.AbC"
        );
        assert_eq!(shared_part("v1.AbC"), "v1.AbC");
    }
}
