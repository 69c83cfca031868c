//! `lab story`: what happens in a run, a sentence for each entry.

use crate::args;
use crate::input;
use crate::out::{self, Out, Stop};
use crate::run;
use machine::Time;
use protocol::{EntryView, Plan, Problem};
use serde::Serialize;
use study::Library;

/// One entry, as JSON has it.
#[derive(Serialize)]
struct Told<'a> {
    step: u64,
    at: u64,
    node: Option<u16>,
    sentence: &'a str,
    cause: Option<u64>,
    interesting: bool,
}

pub fn story(args: &args::Story, library: &Library, out: &mut Out) -> Result<u8, Stop> {
    let plan = &input::scenario(library, &args.scenario)?.plan;
    let seed = input::seed(&args.seed)?;
    let changes = input::changes(&args.changes, Some(plan))?;
    let moment = |text: &Option<String>| text.as_deref().map(input::moment).transpose();
    let (from, to) = (moment(&args.from)?, moment(&args.to)?);
    range(plan, from, to)?;
    let mut replay = changes.replay(plan, plan.digest(), seed);
    run::act(plan, changes.played, &mut replay)?;
    let (mut told, mut lines) = (Ok(()), 0_u64);
    let mut tell = |entry: EntryView| {
        let within = from.is_none_or(|from| entry.at >= from) && to.is_none_or(|to| entry.at <= to);
        if told.is_ok() && within {
            lines += 1;
            told = if args.json {
                out.json_line(&Told {
                    step: entry.step,
                    at: entry.at,
                    node: entry.node,
                    sentence: &entry.sentence,
                    cause: entry.cause,
                    interesting: entry.interesting,
                })
            } else {
                let mark = if entry.interesting { '*' } else { ' ' };
                out.line(format!(
                    "{:>10} {:>6} {mark} {}",
                    Time(entry.at).to_string(),
                    entry.step,
                    entry.sentence
                ))
            };
        }
    };
    world::story(plan, &replay, args.all, &mut tell).map_err(Stop::Problem)?;
    told?;
    if lines == 0 {
        // Not a result, so that a program that reads lines gets none.
        out::complain(
            "lab: nothing is told of that time; `--all` tells heartbeats and acknowledgements, too",
        );
    }
    Ok(0)
}

/// Whether there is any time between two moments, and any of the run.
fn range(plan: &Plan, from: Option<u64>, to: Option<u64>) -> Result<(), Stop> {
    let (from, to) = (from.unwrap_or(0), to.unwrap_or(u64::MAX));
    let problem = if from > to {
        Problem::new(
            "time-range",
            format!("no time lies between {} and {}", Time(from), Time(to)),
        )
        .hint("Give `--from` the earlier one.")
    } else if from > plan.end {
        Problem::new(
            "time-range",
            format!("{} lies behind the end of the run", Time(from)),
        )
        .detail(format!(
            "{} ends after {}.",
            plan.title,
            machine::Duration(plan.end)
        ))
    } else {
        return Ok(());
    };
    Err(problem.into())
}
