//! Anti-patterns: what nobody should do, and what stops or catches it.

/// Something that nobody should do to a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AntiPattern {
    /// Its id.
    pub id: String,
    /// What is done, as a sentence without its full stop.
    pub title: String,
    /// The runbook that says not to do it, and its words.
    pub do_not: Option<(String, String)>,
    /// The gates that refuse it, by id.
    pub guards: Vec<String>,
    /// Where it can be done: a scenario and one of its actions, by id.
    pub done: Vec<(String, String)>,
}
