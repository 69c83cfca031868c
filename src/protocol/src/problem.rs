//! Problem: what is wrong with something a person gave us, where, and what to do.

use alloc::string::{String, ToString};
use core::fmt;
use serde::{Deserialize, Serialize};

/// Something that cannot be used, in words. What was there before is untouched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A stable code for programs: `unknown-gate`, `link-truncated`.
    pub code: String,
    /// What is wrong: a lowercase fact that quotes the name.
    pub message: String,
    /// Where, and what is allowed; sentences.
    pub detail: String,
    /// What to do.
    pub hint: String,
}

/// What `lab list` shows.
const LISTED: [&str; 6] = ["scenario", "gate", "knob", "fault", "property", "severity"];

/// So many names are few enough to be told at once.
const FEW: usize = 12;

impl Problem {
    /// A problem with a code and a message.
    #[must_use]
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_string(),
            message: message.into(),
            detail: String::new(),
            hint: String::new(),
        }
    }

    /// With where and what is allowed.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// With what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// An id that does not exist, with what does and the nearest of them. `kind` is the word for the id: `gate`.
    #[must_use]
    pub fn unknown(kind: &str, given: &str, known: &[&str]) -> Self {
        let given: String = given
            .chars()
            .take(80)
            .flat_map(char::escape_debug)
            .collect();
        let problem = Self::new(
            &alloc::format!("unknown-{kind}"),
            alloc::format!("there is no {kind} `{given}`"),
        );
        let all = kind.strip_suffix('y').map_or_else(
            || alloc::format!("{kind}s"),
            |stem| alloc::format!("{stem}ies"),
        );
        let listed = LISTED.contains(&kind);
        let nearest = machine::nearest(&given, known.iter().copied());
        let problem = match nearest {
            Some(nearest) => problem.hint(alloc::format!("Did you mean `{nearest}`?")),
            None if listed => problem.hint(alloc::format!("`lab list {all}` shows them all.")),
            None => problem,
        };
        // A list that fills the screen hides what was meant.
        problem.detail(if !listed || known.len() <= FEW {
            alloc::format!("Known: {}.", known.join(", "))
        } else if nearest.is_some() {
            alloc::format!("There are {}; `lab list {all}` shows them.", known.len())
        } else {
            alloc::format!("There are {}.", known.len())
        })
    }

    /// Its sentences after the message, in the order of reading: what was probably meant comes before what there is.
    #[must_use]
    pub fn sentences(&self) -> [&str; 2] {
        if self.hint.starts_with("Did you mean") {
            [&self.hint, &self.detail]
        } else {
            [&self.detail, &self.hint]
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for part in self.sentences() {
            if !part.is_empty() {
                write!(f, "\n  {part}")?;
            }
        }
        Ok(())
    }
}

impl core::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn what_was_probably_meant_comes_first_and_long_lists_are_pointed_to() {
        let few = Problem::unknown("severity", "strom", &["calm", "rough", "storm"]);
        assert_eq!(
            few.to_string(),
            "there is no severity `strom`\n  Did you mean `storm`?\n  Known: calm, rough, storm."
        );
        let names: Vec<String> = (0..40).map(|n| alloc::format!("gate-{n:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let many = Problem::unknown("gate", "gate-7", &names);
        assert!(many.hint.starts_with("Did you mean"), "{many}");
        assert_eq!(many.detail, "There are 40; `lab list gates` shows them.");
        let far = Problem::unknown("gate", "zebra", &names);
        assert_eq!(
            far.to_string(),
            "there is no gate `zebra`\n  There are 40.\n  `lab list gates` shows them all."
        );
    }
}
