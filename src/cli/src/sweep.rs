//! `lab sweep`: one scenario, or all, with many seeds.
//!
//! **Invariants.** The report depends on the seeds alone: runs are made in batches of a fixed size and counted in the
//! order of their seeds, whatever finishes first and however many jobs there are. Goals are counted only when somebody
//! acts who means to meet them (`--solve`, `--actions`), since doing nothing or anything is meant to miss them.

use crate::args::{self, Shard};
use crate::input::{self, Checked, Played};
use crate::out::{Out, Stop};
use crate::{BROKE, INTERRUPTED, run};
use core::hash::Hasher;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use machine::fingerprint::Fold;
use protocol::{ENGINE, PROPERTIES, Plan, RunReport, Severity, SweepReport, SweepRow};
use rayon::ThreadPool;
use rayon::prelude::*;
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use study::Library;

/// How many runs are made before they are counted; the same for any number of jobs.
const BATCH: u64 = 64;
/// How many failing seeds are named.
const NAMED: usize = 5;

pub fn sweep(args: &args::Sweep, library: &Library, out: &mut Out) -> Result<u8, Stop> {
    let seeds = input::seeds(&args.seeds)?;
    let plans: Vec<&Plan> = match &args.scenario {
        Some(id) => vec![&input::scenario(library, id)?.plan],
        None => library
            .scenarios
            .iter()
            .map(|scenario| &scenario.plan)
            .collect(),
    };
    let changes = input::changes(&args.changes, plans.first().copied())?;
    let shard = args.shard.as_deref().map(input::shard).transpose()?;
    let pool = input::threads(args.jobs.as_ref())?;
    let ended = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&ended);
    // Without a handler an interruption ends the sweep at once and without a report, as it would any program.
    let _ = ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED.into());
        }
    });

    let mut reports = Vec::new();
    for plan in plans {
        let (report, took) = one(plan, seeds, shard, &changes, &pool, &ended)?;
        let over = report.partial;
        if !args.json {
            if !reports.is_empty() {
                out.line("")?;
            }
            show(plan, &report, took, changes.played, out)?;
        }
        reports.push(report);
        if over {
            break;
        }
    }
    if !args.json && args.all {
        let sum = |count: fn(&SweepReport) -> u64| reports.iter().map(count).sum();
        out.line("")?;
        out.line(format!(
            "In all: {}",
            counted(sum(|one| one.runs), sum(|one| one.broke))
        ))?;
    }
    if args.json {
        match (&reports[..], args.all) {
            ([report], false) => out.json(report)?,
            _ => out.json(&reports)?,
        }
    }
    Ok(
        match (
            reports.iter().all(|report| report.held),
            reports.iter().any(|report| report.partial),
        ) {
            (false, _) => BROKE,
            (true, true) => INTERRUPTED,
            (true, false) => 0,
        },
    )
}

/// Sweeps one plan, and says how long that took.
fn one(
    plan: &Plan,
    (from, to): (u64, u64),
    shard: Option<Shard>,
    changes: &Checked,
    pool: &ThreadPool,
    ended: &AtomicBool,
) -> Result<(SweepReport, Duration), Stop> {
    let content = plan.digest();
    let (first, stride) = shard.map_or((0, 1), |shard| (shard.index - 1, shard.of));
    let total = (to - from).saturating_sub(first).div_ceil(stride);
    let bar = progress(&plan.id, total);
    let began = Instant::now();
    let mut tally = Tally::new(plan, changes);
    let mut partial = false;
    let mut next = 0;
    while next < total && !partial {
        let batch = next..total.min(next + BATCH);
        let runs: Vec<Option<Result<RunReport, Stop>>> = pool.install(|| {
            let run = |index: u64| {
                let done = (!ended.load(Ordering::Relaxed))
                    .then(|| run::play(plan, content, changes, from + first + index * stride));
                bar.inc(1);
                done
            };
            batch.clone().into_par_iter().map(run).collect()
        });
        next = batch.end;
        for run in runs {
            let Some(report) = run else {
                partial = true;
                break;
            };
            tally.add(&report?, changes);
        }
    }
    bar.finish_and_clear();
    Ok((
        tally.report(plan, (from, to), shard, changes, partial),
        began.elapsed(),
    ))
}

/// A bar on a terminal, nothing elsewhere.
/// A progress bar under this name, for whoever sits at a terminal.
pub fn progress(name: &str, total: u64) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {per_sec} {eta}");
    let bar = ProgressBar::with_draw_target(Some(total), target).with_message(name.to_string());
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// How many runs were made, and in how many something broke.
fn counted(runs: u64, broke: u64) -> String {
    let runs = if runs == 1 {
        "1 run".to_string()
    } else {
        format!("{runs} runs")
    };
    format!("{runs}, {broke} broke")
}

/// Counts so far.
struct Tally {
    runs: u64,
    broke: u64,
    properties: Vec<SweepRow>,
    goals: Vec<SweepRow>,
    fingerprints: Fold,
}

impl Tally {
    fn new(plan: &Plan, changes: &Checked) -> Self {
        let row = |id: &str| SweepRow {
            id: id.into(),
            held: 0,
            broken: 0,
            not_exercised: 0,
            first_broken: Vec::new(),
            show: None,
        };
        let judged = match changes.played {
            Played::Nothing => !plan.needs_action,
            Played::Meddling => false,
            Played::Actions | Played::Solution => true,
        };
        let goals = if judged {
            plan.objectives
                .iter()
                .map(|objective| row(&objective.id))
                .collect()
        } else {
            Vec::new()
        };
        Self {
            runs: 0,
            broke: 0,
            properties: PROPERTIES.iter().map(|spec| row(spec.id)).collect(),
            goals,
            fingerprints: Fold::new(0),
        }
    }

    fn add(&mut self, report: &RunReport, changes: &Checked) {
        self.runs += 1;
        let before = self.broken();
        self.fingerprints.write(report.fingerprint.as_bytes());
        let show = || changes.command(&report.scenario, report.seed);
        for property in &report.properties {
            count(
                &mut self.properties,
                &property.id,
                &property.verdict,
                report.seed,
                show,
            );
        }
        for goal in &report.goals {
            count(
                &mut self.goals,
                &goal.id,
                match (run::goal_met(goal), goal.promised) {
                    (true, _) => "held",
                    (false, true) => "broken",
                    (false, false) => "not-promised",
                },
                report.seed,
                show,
            );
        }
        self.broke += u64::from(self.broken() > before);
    }

    /// How often something broke.
    fn broken(&self) -> u64 {
        let rows = self.properties.iter().chain(&self.goals);
        rows.map(|row| row.broken).sum()
    }

    fn report(
        self,
        plan: &Plan,
        (from, to): (u64, u64),
        shard: Option<Shard>,
        changes: &Checked,
        partial: bool,
    ) -> SweepReport {
        let held = self.broken() == 0;
        SweepReport {
            engine: ENGINE.into(),
            scenario: plan.id.clone(),
            from,
            to,
            shard: shard.map(|Shard { index, of }| format!("{index}/{of}")),
            severity: changes.severity.id().into(),
            waived: changes.waivers.clone(),
            knobs: changes.knobs.clone(),
            played: changes.played.word().into(),
            runs: self.runs,
            broke: self.broke,
            partial,
            properties: self.properties,
            goals: self.goals,
            fingerprint: format!("{:016x}", self.fingerprints.finish()),
            held,
        }
    }
}

fn count(rows: &mut [SweepRow], id: &str, verdict: &str, seed: u64, show: impl Fn() -> String) {
    let Some(row) = rows.iter_mut().find(|row| row.id == id) else {
        return;
    };
    match verdict {
        "held" => row.held += 1,
        "broken" => {
            row.broken += 1;
            if row.first_broken.len() < NAMED {
                row.first_broken.push(seed);
            }
            row.show.get_or_insert_with(show);
        }
        _ => row.not_exercised += 1,
    }
}

fn show(
    plan: &Plan,
    report: &SweepReport,
    took: Duration,
    played: Played,
    out: &mut Out,
) -> Result<(), Stop> {
    let shard = report
        .shard
        .as_ref()
        .map(|shard| format!(", part {shard}"))
        .unwrap_or_default();
    let partial = if report.partial { ", ENDED EARLY" } else { "" };
    let severity = if report.severity == Severity::default().id() {
        String::new()
    } else {
        format!(", {}", report.severity)
    };
    out.line(format!(
        "{}, seeds {}..{}{shard}{severity}, engine {}: {} runs{partial}",
        plan.title, report.from, report.to, report.engine, report.runs
    ))?;
    let done = match played {
        Played::Nothing if plan.needs_action => {
            "nobody acts; goals are counted with --solve or --actions"
        }
        Played::Nothing => "nobody acts, and nobody has to",
        Played::Actions => "the file of actions is played",
        Played::Solution => "the reference solution of each case is played",
        Played::Meddling => {
            "six actions are done at moments that the seed draws; goals are not counted"
        }
    };
    out.line(done)?;
    for (title, rows) in [
        ("\nProperties", &report.properties),
        ("\nGoals", &report.goals),
    ] {
        if rows.is_empty() {
            continue;
        }
        out.line(title)?;
        let mut table = vec![
            ["", "held", "broken", "not exercised", "first seeds"]
                .map(String::from)
                .to_vec(),
        ];
        let idle = |row: &&SweepRow| row.held + row.broken == 0;
        for row in rows.iter().filter(|row| !idle(row)) {
            let seeds: Vec<String> = row.first_broken.iter().map(u64::to_string).collect();
            let numbers = [row.held, row.broken, row.not_exercised].map(|n| n.to_string());
            table.push([&[row.id.clone()][..], &numbers, &[seeds.join(" ")]].concat());
        }
        out.table(&table)?;
        if let count @ 1.. = rows.iter().filter(idle).count() {
            out.line(format!(
                "  {count} more speak of what never happened in these runs; `--json` names them"
            ))?;
        }
    }
    let seconds = took.as_secs_f64();
    let speed = report.runs as f64 / seconds.max(1e-6);
    out.line(format!(
        "\n{}\n{seconds:.1} s, {speed:.0} seeds per second",
        counted(report.runs, report.broke)
    ))?;
    out.line(format!("fingerprint {}", report.fingerprint))?;
    let shown: Vec<&SweepRow> = report
        .properties
        .iter()
        .chain(&report.goals)
        .filter(|row| row.show.is_some())
        .collect();
    if !shown.is_empty() {
        out.line("\nThese show what broke:")?;
        let rows = shown
            .iter()
            .map(|row| vec![row.id.clone(), row.show.clone().unwrap_or_default()]);
        out.table(&rows.collect::<Vec<_>>())?;
    }
    Ok(())
}
