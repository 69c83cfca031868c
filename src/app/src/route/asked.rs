//! What an address asks for: the part behind `?`, read and checked.

use protocol::{Problem, Severity};

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
                if problem.hint.is_empty() {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
