//! What people learn with the lab: scenarios with their lessons.
//!
//! A [`Library`] is plain data. The page gets it as one blob; the feature `author` adds the content files and
//! `load`, which turns them into it and reports whatever does not resolve.
//!
//! **Invariants.** A lesson says nothing about the platform that a declaration says already: gates, knobs, states and
//! faults are named, and their own text is shown.
//!
//! **Not here.** Running anything: the crate `world` plays a plan and judges it.

#[cfg(feature = "author")]
mod anti_pattern;
#[cfg(feature = "author")]
mod author;
mod topic;
pub mod units;

use protocol::{Plan, Severity, Varied};
use serde::{Deserialize, Serialize};

pub use topic::{TOPICS, Topic};

#[cfg(feature = "author")]
pub use anti_pattern::AntiPattern;
#[cfg(feature = "author")]
pub use author::{anti_patterns, files, load};

/// Everything there is to study.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// The scenarios, in the order in which they are offered.
    pub scenarios: Vec<Scenario>,
}

impl Library {
    /// The scenario with this id.
    #[must_use]
    pub fn scenario(&self, id: &str) -> Option<&Scenario> {
        self.scenarios
            .iter()
            .find(|scenario| scenario.plan.id == id)
    }
}

/// A plan to run and what it teaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scenario {
    /// What is run.
    pub plan: Plan,
    /// What is said around it.
    pub lesson: Lesson,
    /// Whether it is a world to run, with a few words instead of a lesson.
    pub world: bool,
    /// Seeds that are worth a look.
    pub seeds: Vec<Chosen>,
}

/// A seed that somebody chose, since its run is worth a look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// The seed.
    pub seed: u64,
    /// At which severity.
    pub severity: Severity,
    /// What to call it: a few words.
    pub title: String,
    /// Why it is worth a look: a sentence.
    pub why: String,
    /// What happens in its run, all of it; a test looks.
    pub shows: Vec<Shows>,
}

/// Something that happens in a run, or does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shows {
    /// The seed draws this case, by id.
    Case(String),
    /// Something happens that this property speaks of, by id.
    Property(String),
    /// This gate refuses something, by id.
    Refuses(String),
    /// This failure mode happens, by name.
    Mode(String),
    /// This fault begins, by id.
    Fault(String),
    /// The seed draws this much of something that varies.
    Drawn(Varied, u64),
    /// This objective is missed when nobody acts, by id.
    Misses(String),
}

/// What is said around a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lesson {
    /// The lesson in a sentence, for lists.
    pub summary: String,
    /// How long it takes, about.
    pub minutes: u32,
    /// What it teaches: the id of one of the [`TOPICS`].
    pub topic: String,
    /// What is going on when it begins; a paragraph each.
    pub situation: Vec<String>,
    /// The three things that a first visit points at: a part of the page (one of [`REGIONS`]) and what to see there.
    pub first_labels: Vec<(String, String)>,
    /// Hints, each saying a little more than the one before.
    pub hints: Vec<String>,
    /// How close to a real platform it is.
    pub fidelity: Fidelity,
    /// Gates worth a twin run without them, by id, each with a sentence on what to look for.
    pub twin_gates: Vec<(String, String)>,
    /// What is asked when it is over.
    pub questions_after: Vec<AfterQuestion>,
}

/// The parts of the page that a label may point at.
pub const REGIONS: &[&str] = &["mine", "system", "story", "timeline"];

/// How close to a real platform a scenario is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fidelity {
    /// What is the real logic.
    pub real: Vec<String>,
    /// What is a model of something real.
    pub modelled: Vec<String>,
    /// What is left out.
    pub left_out: Vec<String>,
}

/// A question that the page itself can judge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterQuestion {
    /// What is asked.
    pub prompt: String,
    /// The possible answers, and whether each is right.
    pub options: Vec<(String, bool)>,
    /// Why, in a sentence or two.
    pub why: String,
}
