//! Played: what somebody does in a run of a plan: nothing, the right thing, or anything.

use alloc::string::ToString;
use alloc::vec::Vec;
use machine::Ask;
use protocol::{Placed, Plan, Replay, Severity};

/// Which moments and actions a meddler picks.
const MEDDLING: u8 = sim::stream::FREE + 5;

/// What somebody does in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Played {
    /// Nothing.
    Nothing,
    /// What the reference solution of the seed's case says.
    Solution,
    /// Six actions that have nothing to do with what is wrong, at moments that the seed draws.
    Meddling,
}

impl Played {
    /// Every way to play.
    pub const ALL: [Self; 3] = [Self::Nothing, Self::Solution, Self::Meddling];

    /// Its name in listings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Solution => "solution",
            Self::Meddling => "meddling",
        }
    }

    /// Whether playing a plan this way is another run than doing nothing.
    #[must_use]
    pub fn differs(self, plan: &Plan) -> bool {
        match self {
            Self::Nothing => true,
            Self::Solution => !plan.cases.is_empty(),
            Self::Meddling => !plan.actions.is_empty(),
        }
    }
}

/// The run of a plan with a seed, played this way.
#[must_use]
pub fn replay(plan: &Plan, seed: u64, played: Played) -> Replay {
    let actions = match played {
        Played::Nothing => Vec::new(),
        Played::Solution => solution(plan, seed),
        Played::Meddling => meddling(plan, seed),
    };
    Replay {
        engine: protocol::ENGINE.to_string(),
        scenario: plan.id.clone(),
        content: plan.digest(),
        seed,
        waivers: Vec::new(),
        knobs: Vec::new(),
        actions,
        at: plan.end,
        claim: None,
        severity: Severity::default(),
    }
}

fn solution(plan: &Plan, seed: u64) -> Vec<Placed> {
    let case = crate::lower::case_of(plan, seed);
    case.map_or_else(Vec::new, |case| {
        case.solution
            .iter()
            .map(|step| Placed {
                at: step.at,
                id: step.id.clone(),
            })
            .collect()
    })
}

fn meddling(plan: &Plan, seed: u64) -> Vec<Placed> {
    if plan.actions.is_empty() {
        return Vec::new();
    }
    let dice = sim::dice(seed);
    let mut placed: Vec<Placed> = (0..6)
        .map(|nth| {
            let at = dice.between(
                Ask {
                    stream: MEDDLING,
                    key: 2 * nth,
                },
                1_000_000,
                plan.heal_at.max(1_000_001),
            );
            let which = dice.below(
                Ask {
                    stream: MEDDLING,
                    key: 2 * nth + 1,
                },
                plan.actions.len() as u32,
            );
            Placed {
                at,
                id: plan.actions[which as usize].id.clone(),
            }
        })
        .collect();
    placed.sort_by_key(|placed| placed.at);
    placed
}
