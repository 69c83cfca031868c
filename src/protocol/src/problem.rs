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
        let problem = match machine::nearest(&given, known.iter().copied()) {
            Some(nearest) => problem.hint(alloc::format!("Did you mean `{nearest}`?")),
            None => {
                let all = kind.strip_suffix('y').map_or_else(
                    || alloc::format!("{kind}s"),
                    |stem| alloc::format!("{stem}ies"),
                );
                problem.hint(alloc::format!("`lab list {all}` shows them all."))
            }
        };
        problem.detail(alloc::format!("Known: {}.", known.join(", ")))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for part in [&self.detail, &self.hint] {
            if !part.is_empty() {
                write!(f, "\n  {part}")?;
            }
        }
        Ok(())
    }
}

impl core::error::Error for Problem {}
