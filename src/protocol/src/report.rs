//! Reports: what `lab run` and `lab sweep` print as JSON. These shapes are stable; fields are added, never changed.
//!
//! **Invariants.** The report of a run holds nothing that differs between two equal runs.

use crate::frame::{Progress, PropertyView, Verdict};
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A property of one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropertyReport {
    /// Its id.
    pub id: String,
    /// How it stands at the end: `held`, `broken` or `not-exercised`.
    pub verdict: String,
    /// At which entry it broke.
    pub step: Option<u64>,
    /// At which time it broke, in microseconds.
    pub at: Option<u64>,
    /// What was seen.
    pub evidence: Option<String>,
}

impl From<PropertyView> for PropertyReport {
    fn from(view: PropertyView) -> Self {
        let (verdict, broken) = match view.verdict {
            Verdict::Held => ("held", None),
            Verdict::NotExercised => ("not-exercised", None),
            Verdict::Broken { step, at, evidence } => ("broken", Some((step, at, evidence))),
        };
        let (step, at, evidence) = match broken {
            Some((step, at, evidence)) => (Some(step), Some(at), Some(evidence)),
            None => (None, None, None),
        };
        Self {
            id: view.id,
            verdict: verdict.into(),
            step,
            at,
            evidence,
        }
    }
}

/// A goal (objective) of one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoalReport {
    /// Its id.
    pub id: String,
    /// How it stands at the end.
    pub progress: Progress,
    /// The numbers behind it.
    pub detail: String,
    /// Whether it is promised at this severity; if not, it counts for nothing.
    pub promised: bool,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReport {
    /// The engine.
    pub engine: String,
    /// The scenario.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// How hard the background was, by id.
    pub severity: String,
    /// What the seed drew of the world's configuration: what, by id, and how much; shares in millionths.
    pub drawn: Vec<(String, u64)>,
    /// The cause that the seed drew, if the scenario has cases.
    pub case: Option<String>,
    /// Waived gates, by id.
    pub waived: Vec<String>,
    /// Knobs that were set, by id.
    pub knobs: Vec<(String, u64)>,
    /// How many actions were made.
    pub actions: u32,
    /// The properties.
    pub properties: Vec<PropertyReport>,
    /// The goals.
    pub goals: Vec<GoalReport>,
    /// How many entries the run has.
    pub entries: u64,
    /// Its last moment, in microseconds.
    pub end: u64,
    /// The fingerprint: sixteen hexadecimal digits.
    pub fingerprint: String,
    /// The link that reproduces it, without the page's address.
    pub link: String,
    /// Whether every property held and every goal was met.
    pub held: bool,
}

/// One property or goal over many seeds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepRow {
    /// Its id.
    pub id: String,
    /// In how many runs it held or was met.
    pub held: u64,
    /// In how many runs it broke or was missed.
    pub broken: u64,
    /// In how many runs nothing happened that it speaks of.
    pub not_exercised: u64,
    /// The first seeds that broke it, at most five.
    pub first_broken: Vec<u64>,
    /// The command that shows the first of them.
    pub show: Option<String>,
}

/// Many seeds of one scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepReport {
    /// The engine.
    pub engine: String,
    /// The scenario.
    pub scenario: String,
    /// The first seed.
    pub from: u64,
    /// The seed after the last.
    pub to: u64,
    /// The part of it that was run, as `I/N`, when it was shared out.
    pub shard: Option<String>,
    /// How hard the background was, by id.
    pub severity: String,
    /// Waived gates, by id.
    pub waived: Vec<String>,
    /// Knobs that were set, by id.
    pub knobs: Vec<(String, u64)>,
    /// What somebody did in each run: `nothing`, `actions` (of a file) or `solution` (the reference solution).
    pub played: String,
    /// How many runs were made.
    pub runs: u64,
    /// In how many of them something broke.
    pub broke: u64,
    /// Whether it was ended before all runs were made.
    pub partial: bool,
    /// The properties.
    pub properties: Vec<SweepRow>,
    /// The goals; none when they are not judged, since nobody acted.
    pub goals: Vec<SweepRow>,
    /// The digest of all fingerprints, in order of seed.
    pub fingerprint: String,
    /// Whether everything held in every run.
    pub held: bool,
}

/// A replay that did not come out as it claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mismatch {
    /// The claimed fingerprint.
    pub claimed: String,
    /// The one that came out.
    pub found: String,
}
