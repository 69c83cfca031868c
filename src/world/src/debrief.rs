//! Debrief: facts first, then the profile, then what could have been done.

use crate::line::Line;
use crate::lower::case_of;
use crate::reading;
use crate::view::{Names, entry_view, state_of};
use crate::watch::position;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use machine::{Role, Verdict};
use platform::CATALOG;
use platform::note::Note;
use protocol::{Debrief, EntryView, ObjectiveView, Plan, Progress, Score};
use sim::{Entry, External, What};

/// How many sentences the story has at most.
const STORY: usize = 60;

/// What is to be said of a line that has run to its end.
pub fn debrief(plan: &Plan, seed: u64, line: &Line) -> Debrief {
    let run = line.run();
    let objectives = run.watch().objectives(run.state(), true);
    let case = case_of(plan, seed);
    Debrief {
        cause: case.map(|case| case.title.clone()),
        solved: objectives
            .iter()
            .all(|objective| objective.progress == Progress::Met),
        profile: profile(plan, &objectives),
        objectives,
        wrong_moves: reading::actions(plan, line)
            .into_iter()
            .filter(|action| action.wrong.is_some())
            .collect(),
        story: story(plan, line),
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

/// The sentences that matter: what the wakes went through, what failed, what was done.
fn story(plan: &Plan, line: &Line) -> Vec<EntryView> {
    let run = line.run();
    let names = Names::new(plan, run.state());
    run.history()
        .iter()
        .filter(matters)
        .take(STORY)
        .map(|entry| {
            entry_view(&names, &entry, line.labels(), |mark| {
                Line::done_text(plan, mark)
            })
        })
        .collect()
}

fn matters(entry: &Entry<'_, crate::fleet::Fleet>) -> bool {
    let moved = entry.moved.iter().any(|moved| {
        let role = state_of(moved).role;
        match moved.lifecycle {
            platform::ALLOCATION => matches!(role, Role::Good | Role::Bad),
            _ => moved.transition.is_some() && role != Role::Rest,
        }
    });
    let done = matches!(
        entry.what,
        What::Action(External::Mark(_)) | What::Crashed | What::ConditionBegan(_)
    );
    let told = entry.notes.iter().any(|note| {
        matches!(
            note,
            Note::CommandRefused { .. }
                | Note::RouteOwnerChanged { .. }
                | Note::ProcessExited { oom: true, .. }
        )
    });
    moved || done || told
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
