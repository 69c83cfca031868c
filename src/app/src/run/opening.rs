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
