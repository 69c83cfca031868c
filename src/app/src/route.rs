//! Routes: every address of the page, parsed and written in one place.
//!
//! **Invariants.** An address that [`Route::href`] writes is parsed back to the same route. Addresses are relative to
//! the place where the lab is served, so one build works under any path.

mod asked;

pub use asked::{Asked, asked, seed};

use protocol::Severity;

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
        Self::waived(scenario, seed, severity, &[])
    }

    /// The same, without some gates.
    pub fn waived(scenario: &str, seed: u64, severity: Severity, gates: &[String]) -> Self {
        let mut query = format!("seed={seed}");
        if severity != Severity::default() {
            query.push_str("&severity=");
            query.push_str(severity.id());
        }
        if !gates.is_empty() {
            query.push_str("&waive=");
            query.push_str(&gates.join(","));
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
    fn the_last_part_of_a_link_is_enough() {
        assert_eq!(
            shared_part("https://example.org/lab/s/stuck-wake?seed=1#v1.AbC "),
            "v1.AbC"
        );
        assert_eq!(shared_part("v1.AbC"), "v1.AbC");
    }
}
