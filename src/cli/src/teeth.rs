//! `lab teeth`: what each gate is there for, as a matrix, and what comes of each anti-pattern.
//!
//! **Invariants.** The matrix depends on the seeds and gates alone: runs are made in batches of a fixed size, and a gate is
//! looked for until the end of the batch in which it first bites.

use crate::BROKE;
use crate::args;
use crate::input;
use crate::out::{Out, Stop};
use crate::sweep::progress;
use machine::{Gate, Time};
use protocol::{ENGINE, Plan, Problem};
use rayon::prelude::*;
use serde::Serialize;
use std::ops::Range;
use study::{AntiPattern, Library};
use world::{Found, Played, Trial, caught, replay, sharpest};

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
    /// What comes of what nobody should do; empty when only some gates are asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    anti_patterns: Vec<Tried>,
    /// Whether every gate has teeth, and every anti-pattern is stopped or caught.
    whole: bool,
}

/// An anti-pattern, tried in every way that it names.
#[derive(Debug, Serialize)]
struct Tried {
    /// Its id.
    id: String,
    /// What is done.
    title: String,
    /// The runbook that says not to do it.
    runbook: Option<String>,
    /// Its words.
    do_not: Option<String>,
    /// The gates that refuse it, and what breaks without each.
    guards: Vec<Guard>,
    /// What comes of doing it.
    done: Vec<Done>,
}

#[derive(Debug, Serialize)]
struct Guard {
    /// The gate, by id.
    gate: String,
    /// The property that breaks without it, or the goal that is missed, by id; `None` if nothing did.
    breaks: Option<String>,
    /// Whether it is a goal.
    goal: bool,
}

#[derive(Debug, Serialize)]
struct Done {
    /// The scenario, by id.
    scenario: String,
    /// The action, by id.
    action: String,
    /// The property that it breaks, or the goal that is missed, by id; `None` if nothing was.
    breaks: Option<String>,
    /// Whether it is a goal.
    goal: bool,
    /// The first seed that shows it.
    seed: Option<u64>,
    /// What was seen.
    evidence: Option<String>,
    /// The link of the run.
    link: Option<String>,
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
    let teeth: Vec<Tooth> = gates
        .iter()
        .zip(found)
        .map(|(gate, found)| tooth(gate, found, made))
        .collect();
    let anti_patterns = if args.gates.is_empty() {
        let patterns = input::anti_patterns(library)?;
        pool.install(|| {
            let tried = patterns.into_par_iter();
            let tried = tried.map(|one| tried_out(one, &teeth, library, from..to));
            tried.collect::<Result<_, _>>()
        })
        .map_err(Stop::Problem)?
    } else {
        Vec::new()
    };
    let bitten = teeth.iter().all(|tooth| tooth.breaks.is_some());
    let matrix = Matrix {
        engine: ENGINE,
        from,
        to,
        whole: bitten && anti_patterns.iter().all(Tried::is_caught),
        gates: teeth,
        anti_patterns,
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

impl Tried {
    /// Whether every way in which it can be tried shows what is wrong with it.
    fn is_caught(&self) -> bool {
        let stopped = self.guards.iter().all(|guard| guard.breaks.is_some());
        stopped && self.done.iter().all(|done| done.breaks.is_some())
    }
}

/// Does what nobody should do; what the gates are there for is known already.
fn tried_out(
    pattern: AntiPattern,
    teeth: &[Tooth],
    library: &Library,
    seeds: Range<u64>,
) -> Result<Tried, Box<Problem>> {
    let guard = |gate: String| {
        let tooth = teeth.iter().find(|tooth| tooth.gate == gate);
        Guard {
            breaks: tooth.and_then(|tooth| tooth.breaks.clone()),
            goal: tooth.is_some_and(|tooth| tooth.goal),
            gate,
        }
    };
    let done = |(scenario, action): (String, String)| -> Result<Done, Box<Problem>> {
        let plan = library.scenario(&scenario).map(|scenario| &scenario.plan);
        let bite = plan.map_or(Ok(None), |plan| caught(plan, &action, seeds.clone()))?;
        let (seed, bite) = bite.unzip();
        Ok(Done {
            scenario,
            action,
            breaks: bite.as_ref().map(|bite| bite.breaks.clone()),
            goal: bite.as_ref().is_some_and(|bite| bite.goal),
            seed,
            evidence: bite.as_ref().map(|bite| bite.evidence.clone()),
            link: bite.map(|bite| bite.report.link),
        })
    };
    let (runbook, do_not) = pattern.do_not.unzip();
    Ok(Tried {
        id: pattern.id,
        title: pattern.title,
        runbook,
        do_not,
        guards: pattern.guards.into_iter().map(guard).collect(),
        done: pattern
            .done
            .into_iter()
            .map(done)
            .collect::<Result<_, _>>()?,
    })
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
    show_tried(&matrix.anti_patterns, out)?;
    out.line(
        "\nWith --json every run comes with the link that shows it, in the page and by lab verify.",
    )
}

fn show_tried(tried: &[Tried], out: &mut Out) -> Result<(), Stop> {
    if tried.is_empty() {
        return Ok(());
    }
    out.line("\nWhat comes of what nobody should do: without the gate that stops it, or by the action that does it")?;
    out.line("")?;
    let header = ["anti-pattern", "waived or done", "breaks"];
    let mut table = vec![header.map(String::from).to_vec()];
    for one in tried {
        let broken = |breaks: &Option<String>, goal| {
            let goal = if goal { "goal " } else { "" };
            breaks
                .as_ref()
                .map_or_else(|| "NOTHING".into(), |id| format!("{goal}{id}"))
        };
        let guards = one.guards.iter();
        let guards = guards.map(|guard| (guard.gate.clone(), broken(&guard.breaks, guard.goal)));
        let done = one.done.iter().map(|done| {
            let seed = done.seed.map(|seed| format!(" --seed {seed}"));
            let what = format!(
                "{}{}: {}",
                done.scenario,
                seed.unwrap_or_default(),
                done.action
            );
            (what, broken(&done.breaks, done.goal))
        });
        for (nth, (what, breaks)) in guards.chain(done).enumerate() {
            let id = if nth == 0 {
                one.id.clone()
            } else {
                String::new()
            };
            table.push(vec![id, what, breaks]);
        }
    }
    out.table(&table)
}
