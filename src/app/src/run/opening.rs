//! Opening: which run an address means, given what is kept of the scenario.

use crate::content::Plan;
use crate::route::{self, Asked};
use crate::saved::{Prediction, Record};
use protocol::{LinkError, Problem, Replay, Severity};

/// The seed of somebody who names none.
pub const FIRST_SEED: u64 = 1;

/// A run about to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Its number among the runs of this browser; 0 for one that begins.
    pub number: u32,
    /// What to run.
    pub replay: Replay,
    /// The entry to go to; `None` for the moment that the replay names.
    pub step: Option<u64>,
    /// What was predicted before.
    pub prediction: Option<Prediction>,
    /// Whether the introduction of a first visit is over.
    pub introduced: bool,
    /// How many hints were opened.
    pub hints: u32,
    /// Whether its cause was told.
    pub told: bool,
    /// Lines of a newer version, kept as they are.
    pub other: Vec<String>,
    /// Whether it comes from somebody else, so that it has to be said what it is.
    pub sent: bool,
}

impl Opening {
    /// A run from its beginning: frozen where the lesson begins.
    pub fn fresh(plan: &Plan, seed: u64) -> Self {
        let replay = Replay {
            engine: protocol::ENGINE.to_string(),
            scenario: plan.id.to_string(),
            content: plan.digest,
            seed,
            waivers: vec![],
            knobs: vec![],
            actions: vec![],
            at: plan.freeze_at,
            claim: None,
            severity: Severity::default(),
        };
        Self {
            number: 0,
            replay,
            step: None,
            prediction: None,
            introduced: false,
            hints: 0,
            told: false,
            other: vec![],
            sent: false,
        }
    }

    /// A run from its beginning, as an address asks for it.
    pub fn asked(plan: &Plan, asked: Asked) -> Self {
        let mut opening = Self::fresh(plan, asked.seed.unwrap_or(FIRST_SEED));
        opening.replay.waivers = asked.waived;
        opening.replay.severity = asked.severity.unwrap_or_default();
        opening
    }

    /// A run that somebody shared.
    pub fn shared(replay: Replay) -> Self {
        Self {
            number: 0,
            replay,
            step: None,
            prediction: None,
            introduced: true,
            hints: 0,
            told: false,
            other: vec![],
            sent: true,
        }
    }

    /// A run as it was left.
    pub fn resumed(record: Record) -> Self {
        let Record {
            number,
            replay,
            step,
            prediction,
            introduced,
            hints,
            told,
            other,
        } = record;
        Self {
            number,
            replay,
            step: Some(step),
            prediction,
            introduced,
            hints,
            told,
            other,
            sent: false,
        }
    }
}

/// Which run an address means, and what is wrong with the address. A shared run says everything by itself; otherwise what
/// is asked for counts, and then what is kept. What is wrong is said and counts as if it were not there.
pub fn decide(
    plan: &Plan,
    query: &str,
    shared: Option<&str>,
    kept: Option<Record>,
) -> (Opening, Option<Problem>) {
    let mut problem = None;
    if let Some(text) = shared {
        match self::shared(plan, text) {
            Ok(replay) => return (Opening::shared(replay), None),
            Err(error) => problem = Some(error),
        }
    }
    let asked = route::asked(query).unwrap_or_else(|error| {
        problem.get_or_insert(error);
        Asked::default()
    });
    let introduced = kept.as_ref().is_some_and(|record| record.introduced);
    let opening = match kept {
        Some(record) if means(&asked, &record.replay) => Opening::resumed(record),
        _ => Opening {
            introduced,
            ..Opening::asked(plan, asked)
        },
    };
    (opening, problem)
}

/// Whether an address that asks for something means this run: what it does not name may be anything.
pub fn means(asked: &Asked, replay: &Replay) -> bool {
    asked.seed.is_none_or(|seed| seed == replay.seed)
        && (asked.waived.is_empty() || asked.waived == replay.waivers)
        && asked
            .severity
            .is_none_or(|severity| severity == replay.severity)
}

/// The run in a link, if it is one of this scenario.
///
/// # Errors
/// A [`Problem`] that says what is wrong with the link.
pub fn shared(plan: &Plan, text: &str) -> Result<Replay, Problem> {
    let replay = Replay::from_link(text).map_err(LinkError::problem)?;
    if replay.scenario == plan.id {
        return Ok(replay);
    }
    Err(Problem::new(
        "link-scenario",
        format!(
            "the link is a run of `{}`, and this is `{}`",
            replay.scenario, plan.id
        ),
    )
    .detail("The run that is open was left as it is.")
    .hint("Paste the link on the start page."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::SCENARIOS;

    fn plan() -> &'static Plan {
        &SCENARIOS[0].plan
    }

    fn kept(seed: u64) -> Record {
        let Opening { replay, .. } = Opening::fresh(plan(), seed);
        Record {
            number: 2,
            replay,
            step: 40,
            prediction: None,
            introduced: true,
            hints: 1,
            told: false,
            other: vec![],
        }
    }

    #[test]
    fn a_link_wins_over_a_seed_and_a_seed_over_what_is_kept() {
        let link = Opening::fresh(plan(), 5).replay.to_link();
        let (opening, problem) = decide(plan(), "seed=7", Some(&link), Some(kept(9)));
        assert_eq!((opening.replay.seed, problem), (5, None));
        let (opening, _) = decide(plan(), "seed=7", None, Some(kept(9)));
        assert_eq!(
            (opening.replay.seed, opening.step, opening.introduced),
            (7, None, true)
        );
        let (opening, _) = decide(plan(), "seed=9", None, Some(kept(9)));
        assert_eq!((opening.replay.seed, opening.step), (9, Some(40)));
        let (opening, _) = decide(plan(), "", None, Some(kept(9)));
        assert_eq!((opening.replay.seed, opening.step), (9, Some(40)));
        let (opening, _) = decide(plan(), "", None, None);
        assert_eq!(
            (opening.replay.seed, opening.replay.at, opening.introduced),
            (FIRST_SEED, plan().freeze_at, false)
        );
    }

    #[test]
    fn an_address_may_waive_gates() {
        let query = "seed=9&waive=hold-slots-free";
        let (opening, problem) = decide(plan(), query, None, Some(kept(9)));
        assert_eq!((opening.step, problem), (None, None));
        assert_eq!(opening.replay.waivers, ["hold-slots-free"]);
        let mut waived = kept(9);
        waived.replay.waivers = opening.replay.waivers;
        let (opening, _) = decide(plan(), query, None, Some(waived));
        assert_eq!(opening.step, Some(40));
    }

    #[test]
    fn an_address_may_say_how_hard_the_background_is() {
        let (opening, problem) = decide(plan(), "seed=9&severity=storm", None, Some(kept(9)));
        assert_eq!((opening.step, problem), (None, None));
        assert_eq!(opening.replay.severity, Severity::Storm);
        let (opening, _) = decide(plan(), "seed=9&severity=rough", None, Some(kept(9)));
        assert_eq!(opening.step, Some(40));
        let (opening, problem) = decide(plan(), "seed=9&severity=mild", None, Some(kept(9)));
        assert_eq!(
            (opening.step, problem.map(|problem| problem.code)),
            (Some(40), Some("unknown-severity".into()))
        );
    }

    #[test]
    fn what_is_wrong_with_an_address_is_said_and_otherwise_ignored() {
        let (opening, problem) = decide(plan(), "seed=x", Some("v1.!"), Some(kept(9)));
        assert_eq!(
            (opening.replay.seed, problem.map(|p| p.code)),
            (9, Some("link-character".to_string()))
        );
        let (opening, problem) = decide(plan(), "seed=x", None, None);
        assert_eq!(
            (opening.replay.seed, problem.map(|p| p.code)),
            (FIRST_SEED, Some("seed-unreadable".to_string()))
        );
        let (opening, problem) = decide(plan(), "seed=3&waive=nope", None, Some(kept(9)));
        assert_eq!(
            (opening, problem.map(|p| p.code)),
            (Opening::resumed(kept(9)), Some("unknown-gate".to_string()))
        );
        let other = Opening::fresh(&SCENARIOS[1].plan, 3).replay.to_link();
        let (opening, problem) = decide(plan(), "", Some(&other), None);
        assert_eq!(
            (opening.replay.scenario.as_str(), problem.map(|p| p.code)),
            (plan().id, Some("link-scenario".to_string()))
        );
    }
}
