//! Reading and doing, as the page shows it: what was read and what it showed, what was done and what came of it.

use crate::fleet::Fleet;
use crate::line::Line;
use crate::view::{read_lines, state_of};
use crate::watch::Metrics;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use machine::{Moved, Subject, Time, Verdict};
use platform::CATALOG;
use platform::note::Note;
use protocol::{ActionView, Placed, Plan, Read, ReadView};
use sim::{Entry, External, State, What};

/// What was read up to the present moment. Finished reads are taken from `known` where it has them, since a finished read
/// never changes.
pub fn reads(plan: &Plan, line: &mut Line, known: &mut Vec<ReadView>) -> Vec<ReadView> {
    let now = line.run().state().now();
    let here = line.run().state().steps();
    let mut views = Vec::new();
    let placed: Vec<Placed> = line.placed().to_vec();
    for placed in placed.iter().filter(|placed| placed.at <= now.0) {
        let Some(read) = plan.reads.iter().find(|read| read.id == placed.id) else {
            continue;
        };
        let read_at = placed.at.saturating_add(read.cost);
        if let Some(found) = known
            .iter()
            .find(|view| view.id == read.id && view.asked_at == placed.at && view.read_at <= now.0)
        {
            views.push(found.clone());
            continue;
        }
        let done = read_at <= now.0;
        let shows = read_at.saturating_sub(read.lag);
        let lines = if done {
            lines_at(plan, line, read, Time(shows))
        } else {
            Vec::new()
        };
        let view = ReadView {
            id: read.id.clone(),
            asked_at: placed.at,
            read_at,
            done,
            shows,
            lines,
        };
        if done {
            known.push(view.clone());
        }
        views.push(view);
    }
    if line.run().state().steps() != here {
        // A past that comes out differently is reported by whoever asks for it; here there is nothing better to show.
        let _ = line.run_mut().seek(here);
    }
    views
}

fn lines_at(plan: &Plan, line: &mut Line, read: &Read, at: Time) -> Vec<String> {
    let step = line.run().history().until(at);
    if line.run_mut().seek(step).is_err() {
        return alloc::vec!["the past could not be gone back to".to_string()];
    }
    let run = line.run();
    let (state, metrics): (&State<Fleet>, &Metrics) = (run.state(), run.watch().metrics());
    read_lines(plan, state, metrics, run.history(), read.object)
}

/// What was done up to the present moment, reads left out.
pub fn actions(plan: &Plan, line: &Line) -> Vec<ActionView> {
    let run = line.run();
    let history = run.history();
    let mut views = Vec::new();
    for placed in line
        .placed()
        .iter()
        .filter(|placed| placed.at <= run.state().now().0)
    {
        let Some(action) = plan.actions.iter().find(|action| action.id == placed.id) else {
            continue;
        };
        let at = plan.reads.len() as u64
            + plan
                .actions
                .iter()
                .position(|other| other.id == action.id)
                .unwrap_or(0) as u64;
        // Actions are the last entries of their moment, so the search ends within a few steps.
        let end = history.until(Time(placed.at));
        let step = (0..end).rev().find(|step| {
            history.entry(*step).is_some_and(|entry| {
                matches!(entry.what, What::Action(External::Mark(mark)) if mark == at)
                    && entry.at.0 == placed.at
            })
        });
        let Some(step) = step.filter(|step| *step < run.state().steps()) else {
            continue;
        };
        views.push(ActionView {
            id: action.id.clone(),
            at: placed.at,
            step,
            outcome: outcome(line, step),
            wrong: action.wrong.clone(),
        });
    }
    views
}

/// Whether somebody says that an order is not carried out.
fn says_no(note: &Note) -> bool {
    use platform::{gitops, migration, outage, pipeline, promotion, region, restore};
    match note {
        Note::CommandRefused { .. } | Note::RouteCasConflict { .. } | Note::WakeRefused { .. } => {
            true
        }
        Note::GitOps(gitops::Note::Ordered { done, .. })
        | Note::Migration(migration::Note::Ordered { done, .. })
        | Note::Outage(outage::Note::Ordered { done, .. })
        | Note::Pipeline(pipeline::Note::Ordered { done, .. })
        | Note::Promotion(promotion::Note::Ordered { done, .. })
        | Note::Region(region::Note::Ordered { done, .. })
        | Note::Restore(restore::Note::Ordered { done, .. }) => !done,
        _ => false,
    }
}

/// The state that a thing was in before a step, by its name.
fn stood(line: &Line, lifecycle: u8, subject: Subject, before: u64) -> Option<&'static str> {
    let history = line.run().history();
    let is = |moved: &&Moved| moved.lifecycle == lifecycle && moved.subject == subject;
    let moved = (0..before)
        .rev()
        .filter_map(|step| history.entry(step))
        .find_map(|entry| entry.moved.iter().rev().find(is).copied())?;
    Some(state_of(&moved).name)
}

/// Why an order was refused by whom it was given to, where that can be told.
fn why_not(line: &Line, entry: &Entry<'_, Fleet>, note: &Note) -> Option<String> {
    use platform::{hosts, message, migration, region, restore};
    match *note {
        Note::Migration(migration::Note::Ordered {
            command,
            done: false,
        }) => {
            let why = crate::view::migration::refusal(command)?;
            let migration::Command::Resume { migration } = command else {
                return Some(why.to_string());
            };
            let stood = stood(line, platform::MIGRATION, migration.into(), entry.step);
            Some(stood.map_or(why.to_string(), |stood| format!("{why} but {stood}")))
        }
        Note::Region(region::Note::Ordered {
            command: region::Command::Disable { .. },
            done: false,
        }) => Some("it is not in use".to_string()),
        Note::Restore(restore::Note::Ordered {
            command,
            done: false,
        }) => match command {
            restore::Command::AcceptLoss => Some("no restore is under way".to_string()),
            restore::Command::Restore { to, .. } if to > entry.at => {
                Some("that moment is still to come".to_string())
            }
            restore::Command::Restore { .. } => Some("another restore is under way".to_string()),
            _ => None,
        },
        Note::CommandRefused { .. } => {
            let What::MessageDelivered {
                message:
                    message::Message::Command(message::Command::Host(hosts::Command::Uncordon { host })),
                ..
            } = entry.what
            else {
                return None;
            };
            let mut drains = line.run().state().fleet().control().drains().iter();
            let newest = drains
                .rfind(|(_, row)| row.value.host == host && row.value.cordoned_at <= entry.at);
            Some(match newest {
                None => "it was never taken out of use".to_string(),
                Some((id, _)) => {
                    let id = platform::id::DrainId(id);
                    match stood(line, platform::HOST_DRAIN, id.into(), entry.step) {
                        Some("uncordoned") => "it is in use already".to_string(),
                        stood => format!("its drain is {}", stood.unwrap_or("under way")),
                    }
                }
            })
        }
        _ => None,
    }
}

/// What came of an action at once: the entries right behind its mark say.
fn outcome(line: &Line, mark: u64) -> String {
    let history = line.run().history();
    let mut refused = Vec::new();
    for step in mark + 1..history.len() {
        let Some(entry) = history.entry(step) else {
            break;
        };
        match entry.what {
            What::Action(External::Mark(_)) => break,
            What::Action(_) | What::Crashed => {}
            What::MessageDelivered { from, .. } if from == sim::OPERATOR => {}
            _ => break,
        }
        let said_no = entry.notes.iter().any(says_no);
        let gate = entry
            .ruled
            .iter()
            .find(|ruling| ruling.verdict == Verdict::Refused)
            .and_then(|ruling| CATALOG.gates.get(usize::from(ruling.gate)));
        let why = if said_no {
            entry
                .notes
                .iter()
                .find_map(|note| why_not(line, &entry, note))
        } else {
            None
        };
        match (said_no, gate) {
            (true, Some(gate)) => refused.push(format!(
                "refused by the gate \u{201c}{}\u{201d}",
                gate.title
            )),
            (true, None) => refused.push(match why {
                Some(why) => format!("refused: {why}"),
                None => "refused".to_string(),
            }),
            (false, _) => {}
        }
    }
    refused.dedup();
    if refused.is_empty() {
        "done".to_string()
    } else {
        refused.join(", ")
    }
}
