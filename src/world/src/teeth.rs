//! Teeth: what a gate is there for, found by waiving it and watching what breaks; and what is wrong with an action, found by
//! doing it.

use crate::report::{played_out, report};
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::ops::Range;
use machine::{Gate, Waivers};
use protocol::{Kind, Placed, Plan, Problem, Progress, Replay, RunReport, property};

/// A run with every gate in force, to compare others with.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The run.
    pub replay: Replay,
    /// What came of it.
    pub report: RunReport,
    refused: Waivers,
}

/// What waiving a gate, or doing something, did to a run.
#[derive(Clone, Debug)]
pub struct Bite {
    /// The property that broke, or the goal that was missed, by id.
    pub breaks: String,
    /// Whether it is a goal.
    pub goal: bool,
    /// What was seen, as a sentence.
    pub evidence: String,
    /// At which entry; the last one for a goal.
    pub step: u64,
    /// At which time.
    pub at: u64,
    /// The run without the gate, or with the action.
    pub report: RunReport,
}

impl Trial {
    /// Runs a replay as it is.
    ///
    /// # Errors
    /// A [`Problem`] that names what in the replay does not exist or is out of range.
    pub fn new(plan: &Plan, replay: Replay) -> Result<Self, Box<Problem>> {
        let line = played_out(plan, &replay)?;
        let refused = line.run().watch().refused();
        let report = report(plan, &replay, &line, None);
        Ok(Self {
            replay,
            report,
            refused,
        })
    }

    /// What the same run breaks or misses without a gate, and keeps or meets with it.
    ///
    /// # Errors
    /// As for [`Trial::new`].
    pub fn without(&self, plan: &Plan, gate: &'static Gate) -> Result<Option<Bite>, Box<Problem>> {
        // A gate that never refused changes nothing when it is waived.
        if !self.refused.contains(gate) {
            return Ok(None);
        }
        let mut replay = self.replay.clone();
        replay.waivers.push(gate.id());
        replay.waivers.sort();
        self.harm(plan, &replay)
    }

    /// What the same run breaks or misses when somebody does this at the moment at which the plan freezes.
    ///
    /// # Errors
    /// As for [`Trial::new`].
    pub fn with(&self, plan: &Plan, action: &str) -> Result<Option<Bite>, Box<Problem>> {
        let mut replay = self.replay.clone();
        replay.actions.push(Placed {
            at: plan.freeze_at,
            id: action.to_string(),
        });
        replay.actions.sort_by_key(|placed| placed.at);
        self.harm(plan, &replay)
    }

    /// What another run breaks or misses, and this one keeps or meets.
    fn harm(&self, plan: &Plan, replay: &Replay) -> Result<Option<Bite>, Box<Problem>> {
        let line = played_out(plan, replay)?;
        let other = report(plan, replay, &line, None);
        let kept = |id: &str| {
            let found = self.report.properties.iter().find(|one| one.id == id);
            found.is_none_or(|one| one.verdict != "broken")
        };
        let promised = |id: &str| property(id).is_some_and(|spec| spec.kind != Kind::Sometimes);
        let broken = other
            .properties
            .iter()
            .filter(|one| one.verdict == "broken" && promised(&one.id) && kept(&one.id))
            .min_by_key(|one| one.step);
        if let Some(one) = broken {
            return Ok(Some(Bite {
                breaks: one.id.clone(),
                goal: false,
                evidence: one.evidence.clone().unwrap_or_default(),
                step: one.step.unwrap_or_default(),
                at: one.at.unwrap_or_default(),
                report: other,
            }));
        }
        let missed = self
            .report
            .goals
            .iter()
            .zip(&other.goals)
            .find(|(a, b)| a.progress == Progress::Met && b.progress == Progress::Missed);
        Ok(missed.map(|(_, goal)| Bite {
            breaks: goal.id.to_string(),
            goal: true,
            evidence: goal.detail.clone(),
            step: other.entries,
            at: other.end,
            report: other.clone(),
        }))
    }
}

/// Where a gate bites among some trials.
#[derive(Clone, Debug)]
pub struct Found {
    /// How many runs were made until one bit, that one included.
    pub runs: u32,
    /// The trial whose bite comes after the fewest entries.
    pub trial: usize,
    /// That bite.
    pub bite: Bite,
}

/// Waives a gate in each of these trials; all of them, since a later one may show it in fewer entries.
///
/// # Errors
/// As for [`Trial::new`].
pub fn sharpest(
    trials: &[(&Plan, Trial)],
    gate: &'static Gate,
) -> Result<Option<Found>, Box<Problem>> {
    let mut best: Option<Found> = None;
    for (at, (plan, trial)) in trials.iter().enumerate() {
        let Some(bite) = trial.without(plan, gate)? else {
            continue;
        };
        let runs = best.as_ref().map_or(at as u32 + 1, |found| found.runs);
        // A broken property says more than a missed goal.
        let key = |bite: &Bite| (bite.goal, bite.step);
        if best
            .as_ref()
            .is_none_or(|found| key(&bite) < key(&found.bite))
        {
            best = Some(Found {
                runs,
                trial: at,
                bite,
            });
        }
    }
    Ok(best)
}

/// What comes of doing something in the first of these seeds in which something breaks or is missed that would not be
/// otherwise, with the seed.
///
/// # Errors
/// As for [`Trial::new`].
pub fn caught(
    plan: &Plan,
    action: &str,
    seeds: Range<u64>,
) -> Result<Option<(u64, Bite)>, Box<Problem>> {
    for seed in seeds {
        let undisturbed = Trial::new(plan, crate::replay(plan, seed, crate::Played::Nothing))?;
        if let Some(bite) = undisturbed.with(plan, action)? {
            return Ok(Some((seed, bite)));
        }
    }
    Ok(None)
}
