//! Severities: how hard what comes and goes in the background is on a run, chosen for each run.
//!
//! **Invariants.** A world is written for [`Severity::Rough`]: at it everything is as written. What was shared before there
//! were severities means that one.

use crate::fault::{Background, Fault};
use crate::plan::Objective;
use crate::problem::Problem;
use serde::{Deserialize, Serialize};

/// How a severity is described, once.
#[derive(Clone, Copy, Debug)]
pub struct SeveritySpec {
    /// Its id.
    pub id: &'static str,
    /// Its name.
    pub title: &'static str,
    /// One plain sentence.
    pub doc: &'static str,
}

macro_rules! severities {
    ($( #[doc = $doc:literal] $id:literal $title:literal $(#[$default:ident])? $variant:ident; )+) => {
        /// How hard the background of a run is, the mildest first.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Severity { $( #[doc = $doc] $(#[$default])? $variant ),+ }

        /// Every severity, the mildest first.
        pub static SEVERITIES: &[SeveritySpec] = &[$( SeveritySpec { id: $id, title: $title, doc: $doc.trim_ascii() } ),+];

        impl Severity {
            /// Every severity, the mildest first.
            pub const ALL: &'static [Self] = &[$( Self::$variant ),+];
        }
    };
}

severities! {
    /// A good day: what comes and goes comes a quarter as often, at half its strength.
    "calm" "Calm" Calm;
    /// A day as the world was written: trouble comes and goes, and all of it can be told apart.
    "rough" "Rough" #[default] Rough;
    /// A bad day: what comes and goes comes twice as often, twice as strong, and stays half as long again.
    "storm" "Storm" Storm;
}

impl Severity {
    /// Its description.
    #[must_use]
    pub fn spec(self) -> &'static SeveritySpec {
        &SEVERITIES[self as usize]
    }

    /// Its id.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.spec().id
    }

    /// The severity with this id.
    ///
    /// # Errors
    /// A [`Problem`] with the nearest one.
    pub fn named(id: &str) -> Result<Self, Problem> {
        let found = Self::ALL.iter().find(|severity| severity.id() == id);
        found.copied().ok_or_else(|| {
            let known: alloc::vec::Vec<&str> = SEVERITIES.iter().map(|spec| spec.id).collect();
            Problem::unknown("severity", id, &known)
        })
    }

    /// By how much this severity makes shares of messages and of time larger or smaller: `times / of`.
    const fn shares(self) -> [(u64, u64); 2] {
        match self {
            Self::Calm => [(1, 2), (1, 4)],
            Self::Rough => [(1, 1), (1, 1)],
            Self::Storm => [(2, 1), (2, 1)],
        }
    }

    /// The same for lengths of time.
    const fn lengths(self) -> (u64, u64) {
        match self {
            Self::Calm => (1, 2),
            Self::Rough => (1, 1),
            Self::Storm => (3, 2),
        }
    }
}

/// What a world says itself about a background at a severity; what it does not say follows from the world as written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strength {
    /// How many of a million messages are hit.
    pub rate: Option<u32>,
    /// In how many of a million periods it holds.
    pub spells: Option<u32>,
    /// How much later, slower or larger, or for how long.
    pub by: Option<u64>,
}

/// The most that a share grows to by itself: a world in which nothing arrives shows nothing.
const MOST_MESSAGES: u32 = 600_000;
const MOST_SPELLS: u32 = 900_000;

fn share(written: u32, (times, of): (u64, u64), most: u32) -> u32 {
    let scaled = u64::from(written) * times / of;
    u32::try_from(scaled).unwrap_or(most).min(most.max(written))
}

impl Background {
    /// What it is at a severity; `None` if it never holds there.
    #[must_use]
    pub fn at(&self, severity: Severity) -> Option<Self> {
        let said = match severity {
            Severity::Calm => self.calm,
            Severity::Rough => Strength::default(),
            Severity::Storm => self.storm,
        };
        let [messages, spells] = severity.shares();
        let (times, of) = severity.lengths();
        let mut here = self.clone();
        let spells = share(self.per_million, spells, MOST_SPELLS);
        here.per_million = said.spells.unwrap_or(spells);
        match &mut here.fault {
            Fault::LostMessage { per_million, .. }
            | Fault::DuplicatedMessage { per_million, .. } => {
                let rate = share(*per_million, messages, MOST_MESSAGES);
                *per_million = said.rate.unwrap_or(rate);
            }
            Fault::ReorderedMessage { per_million, by } => {
                let rate = share(*per_million, messages, MOST_MESSAGES);
                *per_million = said.rate.unwrap_or(rate);
                *by = said.by.unwrap_or(*by * times / of);
            }
            Fault::LateReport { by, .. }
            | Fault::SlowPull { by }
            | Fault::SlowBoot { by, .. }
            | Fault::SlowDisk { by, .. }
            | Fault::OutOfMemory { extra: by, .. }
            | Fault::RunnerCrash { down: by, .. }
            | Fault::ControlCrash { down: by }
            | Fault::EdgeCrash { down: by, .. }
            | Fault::NodeCrash { down: by, .. } => *by = said.by.unwrap_or(*by * times / of),
            Fault::ClockSkew { by, .. } => {
                let size = said.by.unwrap_or(by.unsigned_abs() * times / of);
                *by = i64::try_from(size).unwrap_or(i64::MAX) * by.signum();
            }
            // The rest is there or not; only how often it is changes.
            _ => {}
        }
        (here.per_million > 0).then_some(here)
    }
}

impl Objective {
    /// Whether a run at this severity is to meet it.
    #[must_use]
    pub fn promised(&self, severity: Severity) -> bool {
        severity <= self.up_to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(rate: u32, spells: u32) -> Background {
        Background {
            fault: Fault::LostMessage {
                kind: None,
                per_million: rate,
            },
            per_million: spells,
            period: 10,
            calm: Strength::default(),
            storm: Strength::default(),
        }
    }

    fn at(background: &Background, severity: Severity) -> Option<(u32, u32)> {
        let Background {
            fault: Fault::LostMessage { per_million, .. },
            per_million: spells,
            ..
        } = background.at(severity)?
        else {
            return None;
        };
        Some((per_million, spells))
    }

    #[test]
    fn a_world_is_written_for_rough() {
        for background in [loss(20_000, 300_000), loss(0, 1), loss(1_000_000, 950_000)] {
            assert_eq!(background.at(Severity::Rough), Some(background));
        }
        assert_eq!(Severity::default(), Severity::Rough);
    }

    #[test]
    fn a_calm_is_milder_and_a_storm_harder_but_not_endless() {
        let one = loss(20_000, 300_000);
        assert_eq!(at(&one, Severity::Calm), Some((10_000, 75_000)));
        assert_eq!(at(&one, Severity::Storm), Some((40_000, 600_000)));
        let most = loss(500_000, 500_000);
        assert_eq!(at(&most, Severity::Storm), Some((600_000, 900_000)));
        // What was written stays, however much it is.
        let all = loss(1_000_000, 950_000);
        assert_eq!(at(&all, Severity::Storm), Some((1_000_000, 950_000)));
    }

    #[test]
    fn what_a_world_says_itself_counts() {
        let mut one = loss(20_000, 0);
        assert_eq!(at(&one, Severity::Rough), None);
        assert_eq!(at(&one, Severity::Storm), None);
        one.storm.spells = Some(400_000);
        assert_eq!(at(&one, Severity::Storm), Some((40_000, 400_000)));
        one.storm.rate = Some(7);
        assert_eq!(at(&one, Severity::Storm), Some((7, 400_000)));
    }

    #[test]
    fn a_severity_that_is_none_is_refused_with_the_nearest() {
        for severity in Severity::ALL {
            assert_eq!(Severity::named(severity.id()), Ok(*severity));
        }
        let problem = Severity::named("strom").unwrap_err();
        assert!(problem.hint.contains("`storm`"), "{problem}");
        let problem = Severity::named("purple").unwrap_err();
        assert!(problem.hint.contains("lab list severities"), "{problem}");
    }
}
