//! Chosen seeds: runs that are worth a look.

use protocol::Severity;

/// A seed worth a look.
#[derive(Debug)]
pub struct Seed {
    /// The seed.
    pub seed: u64,
    /// At which severity.
    pub severity: Severity,
    /// What to call it.
    pub title: &'static str,
    /// Why it is worth a look.
    pub why: &'static str,
}

impl Seed {
    /// The seed as it is written, with its severity if that is not the usual one.
    pub fn label(&self) -> String {
        if self.severity == Severity::default() {
            format!("seed {}", self.seed)
        } else {
            format!("seed {}, {}", self.seed, self.severity.id())
        }
    }
}
