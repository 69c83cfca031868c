//! The one error of this tool: what happened, the detail that proves it, and what to do about it.
//!
//! A set-up step fails on other people's machines, so an error without a remedy is half an error. The three
//! parts are kept apart so that every place that makes one has to think about the third.

use std::fmt;

/// A failure somebody can act on.
#[derive(Debug)]
pub struct Error {
    fact: String,
    detail: Option<String>,
    remedy: Option<String>,
}

/// The result type of every fallible function here.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// States what happened, in lower case and without a full stop.
    pub fn new(fact: impl Into<String>) -> Self {
        Self {
            fact: fact.into(),
            detail: None,
            remedy: None,
        }
    }

    /// Adds the evidence: the message of the operating system, the last lines of a log.
    pub fn detail(mut self, detail: impl fmt::Display) -> Self {
        self.detail = Some(detail.to_string());
        self
    }

    /// Adds what the reader can do now.
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.fact)?;
        if let Some(detail) = &self.detail {
            for line in detail.trim_end().lines() {
                write!(f, "\n  {line}")?;
            }
        }
        if let Some(remedy) = &self.remedy {
            for line in remedy.trim_end().lines() {
                write!(f, "\n  help: {line}")?;
            }
        }
        Ok(())
    }
}

/// Turns an input or output error into one that names what was being done to which path.
pub trait Context<T> {
    /// Adds `doing`, such as `reading src/app`, to the error.
    fn context(self, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Context<T> for std::io::Result<T> {
    fn context(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|e| Error::new(format!("{} failed", doing())).detail(e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_fact_then_detail_then_remedy() {
        let e = Error::new("no node")
            .detail("line 1\nline 2")
            .remedy("install node");
        assert_eq!(
            e.to_string(),
            "no node\n  line 1\n  line 2\n  help: install node"
        );
    }
}
