//! `lab coverage`: whether everything that is declared happens in some run, how often, and where to see it.
//!
//! **Invariants.** The report depends on the seeds alone: runs are counted in the order of their seeds, whatever finishes
//! first and however many jobs there are.

use crate::BROKE;
use crate::args;
use crate::input;
use crate::out::{Out, Stop};
use crate::sweep::progress;
use crate::teeth::jobs;
use protocol::{ENGINE, Plan};
use rayon::prelude::*;
use serde::Serialize;
use study::Library;
use world::{Coverage, Played, Reached, Sort, replay, seen};

/// How many seeds are tried with every plan before what was seen is counted.
const BATCH: u64 = 4;

/// One declared thing.
#[derive(Debug, Serialize)]
struct Row {
    /// What sort of thing it is, by id.
    sort: &'static str,
    /// The lifecycle that it belongs to, by name.
    of: Option<&'static str>,
    /// Its name, or its id if it has one.
    name: String,
    /// In how many runs it happened.
    runs: u64,
    /// How often it happened in all of them.
    times: u64,
    /// The command line that shows the first of these runs.
    show: Option<String>,
}

/// How much of one sort was reached.
#[derive(Debug, Serialize)]
struct Sum {
    sort: &'static str,
    declared: usize,
    reached: usize,
}

#[derive(Debug, Serialize)]
struct Report {
    engine: &'static str,
    from: u64,
    to: u64,
    /// How many runs were looked through.
    runs: u64,
    sums: Vec<Sum>,
    rows: Vec<Row>,
    /// Whether everything was reached.
    whole: bool,
}

pub fn coverage(args: &args::Coverage, library: &Library, out: &mut Out) -> Result<u8, Stop> {
    let (from, to) = input::seeds(&args.seeds)?;
    let plans: Vec<&Plan> = library.scenarios.iter().map(|one| &one.plan).collect();
    let pool = input::threads(args.jobs.as_ref())?;
    let ways = jobs(&plans, from..from + 1).len() as u64;
    let bar = progress("Coverage", ways.saturating_mul(to - from));
    let mut coverage = Coverage::default();
    let mut seed = from;
    while seed < to {
        let last = to.min(seed.saturating_add(BATCH));
        let batch = jobs(&plans, seed..last);
        let found = pool.install(|| {
            let look = |(plan, seed, played): &(&Plan, u64, Played)| {
                let found = seen(plan, &replay(plan, *seed, *played));
                bar.inc(1);
                found
            };
            batch.par_iter().map(look).collect::<Result<Vec<_>, _>>()
        });
        for seen in &found.map_err(Stop::Problem)? {
            coverage.add(seen);
        }
        seed = last;
    }
    bar.finish_and_clear();
    // The jobs of each seed are the same, in the same order.
    let first = jobs(&plans, from..from + 1);
    let whole = coverage.missing().next().is_none();
    let report = Report {
        engine: ENGINE,
        from,
        to,
        runs: coverage.runs,
        sums: Sort::ALL.map(|sort| sum(&coverage, sort)).into(),
        whole,
        rows: coverage
            .reached
            .into_iter()
            .map(|row| self::row(row, from, &first))
            .collect(),
    };
    if args.json {
        out.json(&report)?;
    } else {
        show(&report, args.missing, out)?;
    }
    Ok(if report.whole { 0 } else { BROKE })
}

fn sum(coverage: &Coverage, sort: Sort) -> Sum {
    let of_sort = || coverage.reached.iter().filter(|row| row.what.sort == sort);
    Sum {
        sort: sort.id(),
        declared: of_sort().count(),
        reached: of_sort().filter(|row| row.runs > 0).count(),
    }
}

fn row(row: Reached, from: u64, first: &[(&Plan, u64, Played)]) -> Row {
    let show = row.first.and_then(|nth| {
        let ways = first.len() as u64;
        let (plan, _, played) = first.get(usize::try_from(nth % ways).ok()?)?;
        let how = match played {
            Played::Nothing => "",
            Played::Solution => " --solve",
            Played::Meddling => " --meddle",
        };
        let seed = from + nth / ways;
        Some(format!("lab run {} --seed {seed}{how}", plan.id))
    });
    Row {
        sort: row.what.sort.id(),
        of: (!row.what.of.is_empty()).then_some(row.what.of),
        name: row.what.name,
        runs: row.runs,
        times: row.times,
        show,
    }
}

fn show(report: &Report, only_missing: bool, out: &mut Out) -> Result<(), Stop> {
    out.line(format!(
        "What happens of everything that is declared, seeds {}..{}, engine {}: {} runs",
        report.from, report.to, report.engine, report.runs
    ))?;
    for (sort, sum) in Sort::ALL.into_iter().zip(&report.sums) {
        out.line(format!(
            "\n{}: {} of {}",
            sort.title(),
            sum.reached,
            sum.declared
        ))?;
        let mut table = vec![
            ["", "runs", "times", "first seen"]
                .map(String::from)
                .to_vec(),
        ];
        let shown = |row: &&Row| row.sort == sum.sort && (row.runs == 0 || !only_missing);
        for row in report.rows.iter().filter(shown) {
            let name = row
                .of
                .map_or_else(|| row.name.clone(), |of| format!("{of}: {}", row.name));
            let first = row.show.clone().unwrap_or_else(|| "NEVER".into());
            table.push(vec![
                name,
                row.runs.to_string(),
                row.times.to_string(),
                first,
            ]);
        }
        if table.len() > 1 {
            out.table(&table)?;
        }
    }
    let missing = report.rows.iter().filter(|row| row.runs == 0).count();
    out.line("")?;
    out.line(match missing {
        0 => "Everything that is declared happens in some run.".into(),
        1 => "One thing never happens in these runs.".into(),
        n => format!("{n} things never happen in these runs."),
    })
}
