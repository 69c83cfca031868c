//! The world of a run: a plan with what the seed draws of it drawn, and its background at the severity of the run.
//!
//! **Invariants.** Each choice is keyed by what is drawn, so that declaring one more range changes no other. A plan without
//! ranges is, at the severity that it is written for, itself.

use super::*;
use protocol::{Background, Counts, Drawn, Range, Severity, Strength, Varied};

const VARY: u8 = sim::stream::FREE + 6;
/// Where the keys begin by which kinds of trouble are chosen.
const WHICH: u64 = 1 << 16;
/// Shares are drawn in steps of a tenth of a percent, so that they can be said.
const STEP: u64 = 1_000;
/// How long a period of a drawn background is; it holds in all of them.
const PERIOD: u64 = 10_000_000;

/// What a seed draws of a plan, in the order in which the plan names it.
#[must_use]
pub fn drawn(plan: &Plan, seed: u64) -> Vec<Drawn> {
    let dice = sim::dice(seed);
    let draw = |vary: &protocol::Vary| {
        let Range { low, high } = vary.range;
        let step = match vary.what.spec().counts {
            Counts::Share if low % STEP == 0 && high % STEP == 0 => STEP,
            _ => 1,
        };
        let ask = Ask {
            stream: VARY,
            key: vary.what as u64,
        };
        Drawn {
            what: vary.what,
            value: step * dice.between(ask, low / step, high / step),
        }
    };
    plan.vary.iter().map(draw).collect()
}

/// The plan as a seed draws it, at a severity.
pub(crate) fn world_of(plan: &Plan, seed: u64, severity: Severity) -> Plan {
    let mut world = plan.clone();
    for Drawn { what, value } in drawn(plan, seed) {
        set(&mut world, what, value, seed);
    }
    world.background = world
        .background
        .iter()
        .filter_map(|background| background.at(severity))
        .collect();
    world
}

fn set(world: &mut Plan, what: Varied, value: u64, seed: u64) {
    let number = u16::try_from(value).unwrap_or(u16::MAX);
    let rate = u32::try_from(value).unwrap_or(u32::MAX);
    match what {
        Varied::Edges => world.fleet.edges = number,
        Varied::Runners => world.fleet.runners = number,
        Varied::Load => {
            for traffic in &mut world.traffic {
                let apart = |every: u64| every * 1_000_000 / value.max(1);
                traffic.every = Range {
                    low: apart(traffic.every.low),
                    high: apart(traffic.every.high),
                };
            }
        }
        Varied::Loss => always(
            world,
            Fault::LostMessage {
                kind: None,
                per_million: rate,
            },
        ),
        Varied::Duplication => always(
            world,
            Fault::DuplicatedMessage {
                kind: None,
                per_million: rate,
            },
        ),
        Varied::Reordering => always(
            world,
            Fault::ReorderedMessage {
                per_million: rate,
                by: 500_000,
            },
        ),
        Varied::Troubles => choose(&mut world.background, number, seed),
    }
}

/// Adds trouble that never pauses.
fn always(world: &mut Plan, fault: Fault) {
    let whole = Strength {
        rate: None,
        spells: Some(1_000_000),
        by: None,
    };
    world.background.push(Background {
        fault,
        per_million: 1_000_000,
        period: PERIOD,
        calm: whole,
        storm: whole,
    });
}

/// Keeps so many kinds of trouble, those with the highest draws.
fn choose(background: &mut Vec<Background>, keep: u16, seed: u64) {
    let dice = sim::dice(seed);
    let mut order: Vec<(u64, usize)> = (0..background.len())
        .map(|at| {
            let ask = Ask {
                stream: VARY,
                key: WHICH + at as u64,
            };
            (dice.between(ask, 0, u64::from(u32::MAX)), at)
        })
        .collect();
    order.sort_unstable();
    order.truncate(usize::from(keep));
    let mut at = 0;
    background.retain(|_| {
        at += 1;
        order.iter().any(|(_, kept)| *kept == at - 1)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::Vary;

    fn background(rate: u32) -> Background {
        Background {
            fault: Fault::LostMessage {
                kind: None,
                per_million: rate,
            },
            per_million: 300_000,
            period: PERIOD,
            calm: Strength::default(),
            storm: Strength::default(),
        }
    }

    #[test]
    fn so_many_kinds_are_kept_in_their_order_and_each_has_its_turn() {
        let mut turns = [0; 4];
        for seed in 0..200 {
            let mut kept: Vec<_> = (0..4).map(background).collect();
            choose(&mut kept, 2, seed);
            let rates: Vec<u32> = kept
                .iter()
                .filter_map(|one| match one.fault {
                    Fault::LostMessage { per_million, .. } => Some(per_million),
                    _ => None,
                })
                .collect();
            assert!(rates.len() == 2 && rates[0] < rates[1]);
            for rate in rates {
                turns[rate as usize] += 1;
            }
        }
        assert!(turns.iter().all(|turns| *turns > 60), "{turns:?}");
    }

    #[test]
    fn a_draw_stays_in_its_range_and_reaches_both_ends() {
        let vary = |what, low, high| Vary {
            what,
            range: Range { low, high },
        };
        let mut found = alloc::collections::BTreeSet::new();
        for seed in 0..200 {
            let dice = sim::dice(seed);
            let one = vary(Varied::Runners, 2, 6);
            let ask = Ask {
                stream: VARY,
                key: one.what as u64,
            };
            found.insert(dice.between(ask, one.range.low, one.range.high));
        }
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    }
}
