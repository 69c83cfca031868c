//! Opening: which run an address means, given what is kept of the scenario.

use crate::content::Plan;
use crate::route;
use crate::saved::{Prediction, Record};
use protocol::{LinkError, Problem, Replay};

/// The seed of somebody who names none.
pub const FIRST_SEED: u64 = 1;

/// A run about to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
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
    /// Lines of a newer version, kept as they are.
    pub other: Vec<String>,
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
        };
        Self {
            replay,
            step: None,
            prediction: None,
            introduced: false,
            hints: 0,
            other: vec![],
        }
    }

    /// A run that somebody shared.
    pub fn shared(replay: Replay) -> Self {
        Self {
            replay,
            step: None,
            prediction: None,
            introduced: true,
            hints: 0,
            other: vec![],
        }
    }

    /// A run as it was left.
    pub fn resumed(record: Record) -> Self {
        let Record {
            replay,
            step,
            prediction,
            introduced,
            hints,
            other,
        } = record;
        Self {
            replay,
            step: Some(step),
            prediction,
            introduced,
            hints,
            other,
        }
    }
}

/// Which run an address means, and what is wrong with the address. A shared run wins over a seed, a seed over what is
/// kept; what is wrong is said and counts as if it were not there.
pub fn decide(
    plan: &Plan,
    seed: Option<&str>,
    shared: Option<&str>,
    kept: Option<Record>,
) -> (Opening, Option<Problem>) {
    let mut problem = None;
    let introduced = kept.as_ref().is_some_and(|record| record.introduced);
    if let Some(text) = shared {
        match self::shared(plan, text) {
            Ok(replay) => return (Opening::shared(replay), None),
            Err(error) => problem = Some(error),
        }
    }
    let seed = seed.and_then(|text| match route::seed(text) {
        Ok(seed) => Some(seed),
        Err(error) => {
            problem.get_or_insert(error);
            None
        }
    });
    let opening = match (seed, kept) {
        (Some(seed), Some(record)) if record.replay.seed == seed => Opening::resumed(record),
        (None, Some(record)) => Opening::resumed(record),
        (seed, _) => Opening {
            introduced,
            ..Opening::fresh(plan, seed.unwrap_or(FIRST_SEED))
        },
    };
    (opening, problem)
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
            replay,
            step: 40,
            prediction: None,
            introduced: true,
            hints: 1,
            other: vec![],
        }
    }

    #[test]
    fn a_link_wins_over_a_seed_and_a_seed_over_what_is_kept() {
        let link = Opening::fresh(plan(), 5).replay.to_link();
        let (opening, problem) = decide(plan(), Some("7"), Some(&link), Some(kept(9)));
        assert_eq!((opening.replay.seed, problem), (5, None));
        let (opening, _) = decide(plan(), Some("7"), None, Some(kept(9)));
        assert_eq!(
            (opening.replay.seed, opening.step, opening.introduced),
            (7, None, true)
        );
        let (opening, _) = decide(plan(), Some("9"), None, Some(kept(9)));
        assert_eq!((opening.replay.seed, opening.step), (9, Some(40)));
        let (opening, _) = decide(plan(), None, None, Some(kept(9)));
        assert_eq!((opening.replay.seed, opening.step), (9, Some(40)));
        let (opening, _) = decide(plan(), None, None, None);
        assert_eq!(
            (opening.replay.seed, opening.replay.at, opening.introduced),
            (FIRST_SEED, plan().freeze_at, false)
        );
    }

    #[test]
    fn what_is_wrong_with_an_address_is_said_and_otherwise_ignored() {
        let (opening, problem) = decide(plan(), Some("x"), Some("v1.!"), Some(kept(9)));
        assert_eq!(
            (opening.replay.seed, problem.map(|p| p.code)),
            (9, Some("link-character".to_string()))
        );
        let (opening, problem) = decide(plan(), Some("x"), None, None);
        assert_eq!(
            (opening.replay.seed, problem.map(|p| p.code)),
            (FIRST_SEED, Some("seed-unreadable".to_string()))
        );
        let other = Opening::fresh(&SCENARIOS[1].plan, 3).replay.to_link();
        let (opening, problem) = decide(plan(), None, Some(&other), None);
        assert_eq!(
            (opening.replay.scenario.as_str(), problem.map(|p| p.code)),
            (plan().id, Some("link-scenario".to_string()))
        );
    }
}
