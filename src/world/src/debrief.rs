//! Debrief: facts first, then the profile, then what could have been done.

use crate::line::Line;
use crate::lower::{case_of, drawn};
use crate::reading;
use crate::view::{Names, entry_view, state_of};
use crate::watch::position;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use machine::{Role, Verdict};
use platform::CATALOG;
use platform::note::Note;
use protocol::{Debrief, EntryView, ObjectiveView, Plan, Progress, Replay, Score};
use sim::{Entry, External, What};

/// How many sentences the story has at most.
const STORY: usize = 60;
/// How many of them are kept for how it ended.
const ENDING: usize = 6;

/// What is to be said of a line that has run to its end.
pub fn debrief(plan: &Plan, replay: &Replay, line: &Line) -> Debrief {
    let run = line.run();
    let objectives = run.watch().objectives(run.state(), true);
    let case = case_of(plan, replay.seed);
    let (story, left_out) = story(plan, line);
    Debrief {
        cause: case.map(|case| case.title.clone()),
        drawn: drawn(plan, replay.seed)
            .into_iter()
            .map(|drawn| {
                let title = drawn.what.spec().title;
                (title.into(), drawn.what.show(drawn.value))
            })
            .collect(),
        solved: plan
            .objectives
            .iter()
            .zip(&objectives)
            .all(|(one, view)| view.progress == Progress::Met || !one.promised(replay.severity)),
        profile: profile(plan, &objectives),
        objectives,
        wrong_moves: reading::actions(plan, line)
            .into_iter()
            .filter(|action| action.wrong.is_some())
            .collect(),
        story,
        left_out,
        solution: case
            .map(|case| {
                case.solution
                    .iter()
                    .map(|step| (step.at, title(plan, &step.id)))
                    .collect()
            })
            .unwrap_or_default(),
        requests: run.watch().metrics().counts(run.state()),
        telling_gates: telling_gates(line),
    }
}

fn title(plan: &Plan, id: &str) -> String {
    match position(plan, id) {
        Some(at) => match plan.reads.get(usize::from(at)) {
            Some(read) => format!("Read: {}", read.title),
            None => plan.actions[usize::from(at) - plan.reads.len()]
                .title
                .clone(),
        },
        None => id.into(),
    }
}

/// One score for each side of the profile, in the order in which the plan names them.
fn profile(plan: &Plan, objectives: &[ObjectiveView]) -> Vec<Score> {
    let mut profile: Vec<Score> = Vec::new();
    for (objective, view) in plan.objectives.iter().zip(objectives) {
        let met = view.progress == Progress::Met;
        let because = format!("{}: {}", view.title, if met { "met" } else { "missed" });
        match profile
            .iter_mut()
            .find(|score| score.side == objective.side)
        {
            Some(score) => {
                score.points += u32::from(met);
                score.of += 1;
                score.because.push_str("; ");
                score.because.push_str(&because);
            }
            None => profile.push(Score {
                side: objective.side.clone(),
                points: u32::from(met),
                of: 1,
                because,
            }),
        }
    }
    profile
}

/// The sentences that matter: what the wakes went through, what failed, what was done. If they are too many, the most
/// telling ones and how it ended; and how many were left out.
fn story(plan: &Plan, line: &Line) -> (Vec<EntryView>, u32) {
    let run = line.run();
    let names = Names::new(plan, run.state());
    let mut begun = Vec::new();
    let found: Vec<_> = run
        .history()
        .iter()
        .filter_map(|entry| rank(&entry, line.labels(), &mut begun).map(|rank| (rank, entry)))
        .collect();
    let ranks: Vec<Rank> = found.iter().map(|(rank, _)| *rank).collect();
    let kept = choose(&ranks);
    let left_out = kept.iter().filter(|kept| !**kept).count() as u32;
    let entries = found.iter().zip(kept).filter(|(_, kept)| *kept);
    let story = entries
        .map(|((_, entry), _)| {
            entry_view(&names, entry, line.labels(), |mark| {
                Line::done_text(plan, mark)
            })
        })
        .collect();
    (story, left_out)
}

/// How telling a sentence is, the most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Somebody acted, something failed or was refused.
    Turn,
    /// Something came to a good end, went down, or went wrong for the first time.
    Outcome,
    /// Something went on.
    Stage,
    /// Trouble that there was before.
    Again,
}

/// Which of them are kept: the last ones but for trouble that comes again, then the most telling; of those that are alike,
/// the ones that are spread over the run.
fn choose(ranks: &[Rank]) -> Vec<bool> {
    let mut kept = alloc::vec![false; ranks.len()];
    let ending = (0..ranks.len())
        .rev()
        .filter(|at| ranks[*at] != Rank::Again);
    for at in ending.take(ENDING) {
        kept[at] = true;
    }
    let mut room = STORY - kept.iter().filter(|kept| **kept).count();
    for rank in [Rank::Turn, Rank::Outcome, Rank::Stage, Rank::Again] {
        let of: Vec<usize> = (0..ranks.len())
            .filter(|at| ranks[*at] == rank && !kept[*at])
            .collect();
        let some = room.min(of.len());
        for nth in 0..some {
            kept[of[nth * of.len() / some]] = true;
        }
        room -= some;
    }
    kept
}

/// How telling an entry is; `None` if it does not matter. `begun` are the labels of the conditions so far.
fn rank<'a>(
    entry: &Entry<'_, crate::fleet::Fleet>,
    labels: &'a [String],
    begun: &mut Vec<&'a str>,
) -> Option<Rank> {
    let moved = entry.moved.iter().filter_map(|moved| {
        let role = state_of(moved).role;
        let matters = match moved.lifecycle {
            platform::ALLOCATION => matches!(role, Role::Good | Role::Bad),
            _ => moved.transition.is_some() && role != Role::Rest,
        };
        matters.then_some(match (moved.lifecycle, role) {
            (platform::ALLOCATION, _) => Rank::Stage,
            (_, Role::Bad) => Rank::Turn,
            (_, Role::Good) => Rank::Outcome,
            _ => Rank::Stage,
        })
    });
    let what = match entry.what {
        What::Action(External::Mark(_)) => Some(Rank::Turn),
        What::Crashed => Some(Rank::Outcome),
        What::ConditionBegan(condition) => {
            let label = labels
                .get(usize::from(condition))
                .map_or("something", String::as_str);
            if begun.contains(&label) {
                Some(Rank::Again)
            } else {
                begun.push(label);
                Some(Rank::Outcome)
            }
        }
        _ => None,
    };
    let told = entry.notes.iter().any(|note| {
        matches!(
            note,
            Note::CommandRefused { .. }
                | Note::RouteOwnerChanged { .. }
                | Note::ProcessExited { oom: true, .. }
        )
    });
    moved.chain(what).chain(told.then_some(Rank::Turn)).min()
}

/// Gates that refused something in this run, the ones that did so least often first: those are the ones worth a look.
fn telling_gates(line: &Line) -> Vec<String> {
    let mut counts = alloc::vec![0_u32; CATALOG.gates.len()];
    for entry in line.run().history().iter() {
        for ruling in entry
            .ruled
            .iter()
            .filter(|ruling| ruling.verdict != Verdict::Passed)
        {
            counts[usize::from(ruling.gate)] += 1;
        }
    }
    let mut gates: Vec<(u32, usize)> = counts
        .into_iter()
        .enumerate()
        .filter(|(_, count)| *count > 0)
        .map(|(gate, count)| (count, gate))
        .collect();
    gates.sort_unstable();
    gates
        .into_iter()
        .map(|(_, gate)| CATALOG.gates[gate].id())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_that_is_too_long_keeps_what_is_telling_and_how_it_ended() {
        let mut ranks = alloc::vec![Rank::Again; 100];
        ranks.extend([Rank::Turn; 3]);
        ranks.extend([Rank::Stage; 200]);
        ranks.extend([Rank::Outcome; 1]);
        ranks.extend([Rank::Again; 50]);
        let kept = choose(&ranks);
        assert_eq!(kept.iter().filter(|kept| **kept).count(), STORY);
        assert!(kept[100..103].iter().all(|kept| *kept), "what was telling");
        assert!(
            kept[303 - ENDING + 1..=303].iter().all(|kept| *kept),
            "how it ended"
        );
        assert!(
            kept[103..153].iter().any(|kept| *kept),
            "spread over the run"
        );
        assert!(!kept[..100].iter().chain(&kept[304..]).any(|kept| *kept));
    }

    #[test]
    fn a_short_story_is_whole() {
        assert!(
            choose(&[Rank::Again, Rank::Turn, Rank::Stage])
                .iter()
                .all(|kept| *kept)
        );
        assert!(choose(&[]).is_empty());
    }
}
