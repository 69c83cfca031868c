//! `lab teeth`: what each gate is there for, as a matrix.
//!
//! **Invariants.** The matrix depends on the seeds and gates alone: runs are made in batches of a fixed size, and a gate is
//! looked for until the end of the batch in which it first bites.

use crate::BROKE;
use crate::args;
use crate::input;
use crate::out::{Out, Stop};
use crate::sweep::progress;
use machine::{Gate, Time};
use protocol::{ENGINE, Plan};
use rayon::prelude::*;
use serde::Serialize;
use study::Library;
use world::{Found, Played, Trial, replay, sharpest};

/// How many seeds are tried with every plan before the gates that have bitten are left out.
const BATCH: u64 = 4;

/// One gate and its teeth.
#[derive(Debug, Serialize)]
struct Tooth {
    /// The gate, by id.
    gate: String,
    /// The property that breaks without it, or the goal that is missed, by id; `None` if nothing did.
    breaks: Option<String>,
    /// Whether it is a goal.
    goal: bool,
    /// How many runs were made until one showed it, that one included.
    runs: u32,
    /// The scenario of the shortest of them.
    scenario: Option<String>,
    /// Its seed.
    seed: Option<u64>,
    /// What somebody does in it: `nothing`, `solution` or `meddling`.
    played: Option<&'static str>,
    /// At which entry it breaks.
    step: Option<u64>,
    /// At which time, in microseconds.
    at: Option<u64>,
    /// What was seen.
    evidence: Option<String>,
    /// The link of the run.
    link: Option<String>,
}

#[derive(Debug, Serialize)]
struct Matrix {
    engine: &'static str,
    from: u64,
    to: u64,
    gates: Vec<Tooth>,
    /// Whether every gate has teeth.
    whole: bool,
}

pub fn teeth(args: &args::Teeth, library: &Library, out: &mut Out) -> Result<u8, Stop> {
    let (from, to) = input::seeds(&args.seeds)?;
    let gates = input::gates(&args.gates)?;
    let plans: Vec<&Plan> = library.scenarios.iter().map(|one| &one.plan).collect();
    let pool = input::threads(args.jobs.as_ref())?;
    let bar = progress("Teeth", gates.len() as u64);
    let mut found: Vec<Option<(Found, &Plan, Played)>> = gates.iter().map(|_| None).collect();
    let mut made = 0;
    let mut seed = from;
    while seed < to && found.iter().any(Option::is_none) {
        let last = to.min(seed.saturating_add(BATCH));
        let jobs = jobs(&plans, seed..last);
        let trials = pool.install(|| {
            jobs.par_iter()
                .map(|(plan, seed, played)| {
                    Ok((*plan, Trial::new(plan, replay(plan, *seed, *played))?))
                })
                .collect::<Result<Vec<_>, _>>()
        });
        let trials = trials.map_err(Stop::Problem)?;
        let bites = pool.install(|| {
            gates
                .par_iter()
                .zip(&found)
                .map(|(gate, known)| match known {
                    Some(_) => Ok(None),
                    None => sharpest(&trials, gate),
                })
                .collect::<Result<Vec<_>, _>>()
        });
        for (known, bite) in found.iter_mut().zip(bites.map_err(Stop::Problem)?) {
            if let Some(mut bite) = bite {
                bar.inc(1);
                let (plan, _, played) = jobs[bite.trial];
                bite.runs += made;
                *known = Some((bite, plan, played));
            }
        }
        made += jobs.len() as u32;
        seed = last;
    }
    bar.finish_and_clear();
    let matrix = Matrix {
        engine: ENGINE,
        from,
        to,
        whole: found.iter().all(Option::is_some),
        gates: gates
            .iter()
            .zip(found)
            .map(|(gate, found)| tooth(gate, found, made))
            .collect(),
    };
    if args.json {
        out.json(&matrix)?;
    } else {
        show(&matrix, out)?;
    }
    Ok(if matrix.whole { 0 } else { BROKE })
}

/// Every plan with these seeds, played in each way that makes a difference for it; by seed first.
pub fn jobs<'a>(plans: &[&'a Plan], seeds: std::ops::Range<u64>) -> Vec<(&'a Plan, u64, Played)> {
    let mut jobs = Vec::new();
    for seed in seeds {
        for plan in plans {
            for played in Played::ALL.into_iter().filter(|way| way.differs(plan)) {
                jobs.push((*plan, seed, played));
            }
        }
    }
    jobs
}

fn tooth(gate: &Gate, found: Option<(Found, &Plan, Played)>, made: u32) -> Tooth {
    match found {
        Some((Found { runs, bite, .. }, plan, played)) => Tooth {
            gate: gate.id(),
            breaks: Some(bite.breaks),
            goal: bite.goal,
            runs,
            scenario: Some(plan.id.clone()),
            seed: Some(bite.report.seed),
            played: Some(played.name()),
            step: Some(bite.step),
            at: Some(bite.at),
            evidence: Some(bite.evidence),
            link: Some(bite.report.link),
        },
        None => Tooth {
            gate: gate.id(),
            breaks: None,
            goal: false,
            runs: made,
            scenario: None,
            seed: None,
            played: None,
            step: None,
            at: None,
            evidence: None,
            link: None,
        },
    }
}

fn show(matrix: &Matrix, out: &mut Out) -> Result<(), Stop> {
    out.line(format!(
        "What breaks without each gate, seeds {}..{}, engine {}",
        matrix.from, matrix.to, matrix.engine
    ))?;
    out.line("")?;
    let mut table = vec![
        [
            "gate",
            "without it breaks",
            "runs",
            "shortest run",
            "at",
            "entry",
        ]
        .map(String::from)
        .to_vec(),
    ];
    for one in &matrix.gates {
        let goal = if one.goal { "goal " } else { "" };
        let run = match (&one.scenario, one.seed, one.played) {
            (Some(scenario), Some(seed), Some(played)) if played != Played::Nothing.name() => {
                format!("{scenario} --seed {seed}, {played}")
            }
            (Some(scenario), Some(seed), _) => format!("{scenario} --seed {seed}"),
            _ => String::new(),
        };
        table.push(vec![
            one.gate.clone(),
            one.breaks
                .as_ref()
                .map_or_else(|| "NOTHING".into(), |id| format!("{goal}{id}")),
            one.runs.to_string(),
            run,
            one.at.map(|at| Time(at).to_string()).unwrap_or_default(),
            one.step.map(|step| step.to_string()).unwrap_or_default(),
        ]);
    }
    out.table(&table)?;
    if let Some(example) = matrix.gates.iter().find_map(|one| {
        let played = one.played? == Played::Nothing.name();
        played.then(|| (one.scenario.clone(), one.seed, one.gate.clone()))
    }) && let (Some(scenario), Some(seed), gate) = example
    {
        out.line(format!(
            "\nTo see one: lab run {scenario} --seed {seed} --waive {gate}"
        ))?;
    }
    out.line(
        "With --json every run comes with the link that shows it, in the page and by lab verify.",
    )
}
