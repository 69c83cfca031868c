//! Measures the whole engine, platform, properties and bench included, and prints the table of its goals.
//!
//! `platform [FOLDER]`, which `cargo xtask bench --only engine` runs. FOLDER is the wasm build of the probe; with it the
//! table has the ratio of wasm to native. For Chromium besides node, CHROMIUM and PLAYWRIGHT are set as
//! `tests/probe/run.mjs` says.
//!
//! Times of runs are those that the processor spent on them, where the system tells (Linux), so that what else is going on
//! disturbs little; times of seeks and of wasm are real ones.

use benches::goals::{Bar, HEAD, line};
use probe::plans;
use probe::speed::{at_a_bench, speed};
use protocol::{Plan, Reply, Request};
use std::collections::BTreeMap;
use std::process::Command;
use std::time::Instant;
use world::Bench;
use world::{Played, replay};

use Bar::{AtLeast, AtMost};

/// How often each thing is measured; the median counts.
const ROUNDS: u64 = 7;
/// How many runs are measured at once: the system's own clock of a thread moves in steps of some milliseconds.
const RUNS: u64 = 16;

fn main() {
    // First, while nothing that was freed lies about to be used again.
    let scrubbed = scrub();
    println!("{HEAD}");
    let standard = plans::standard();
    let (entries, _) = at_a_bench(&standard, 0);
    let once = median(|seed| watched(&standard, seed));
    let recorded = median(|seed| _ = at_a_bench(&standard, seed));
    let minute = standard.end as f64 / 1e6;
    row(
        "G17",
        &format!("simulated to real time, standard plan ({entries} entries a run)"),
        minute / once,
        "×",
        AtLeast(5000.0, 20_000.0),
    );
    row(
        "",
        "the same at the bench: with history, keyframes and a frame",
        minute / recorded,
        "×",
        Bar::None,
    );
    row(
        "G18",
        "seeds in an hour of one core, standard plan",
        3.6 / once,
        " k",
        AtLeast(100.0, 500.0),
    );
    looking("standard plan", once, median(|seed| blind(&standard, seed)));
    for plan in plans::lessons() {
        let once = median(|seed| watched(&plan, seed));
        let what = format!("seeds in an hour of one core, {}", plan.title);
        row("", &what, 3.6 / once, " k", Bar::None);
        looking(&plan.title, once, median(|seed| blind(&plan, seed)));
    }
    scrubbed.iter().for_each(|line| println!("{line}"));
    if let Some(folder) = std::env::args().nth(1) {
        wasm(&folder);
    }
}

fn row(goal: &str, what: &str, measured: f64, unit: &str, bar: Bar) {
    println!("{}", line(goal, what, measured, unit, bar));
}

/// Seconds that this thread has run so far.
fn clock() -> f64 {
    thread_local!(static BEGIN: Instant = Instant::now());
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let spent = spent.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
    spent.map_or_else(
        || BEGIN.with(Instant::elapsed).as_secs_f64(),
        |nanos| nanos as f64 / 1e9,
    )
}

fn timed(work: impl FnOnce()) -> f64 {
    let begin = clock();
    work();
    clock() - begin
}

/// A run with every property, goal and number looked at after each entry.
fn watched(plan: &Plan, seed: u64) {
    let done = world::run_once(plan, &replay(plan, seed, Played::Nothing));
    assert!(done.is_ok(), "the plan can be run");
}

/// The same run with nobody looking on.
fn blind(plan: &Plan, seed: u64) {
    let done = world::run_again(plan, &replay(plan, seed, Played::Nothing));
    assert!(done.is_ok(), "the plan can be run");
}

/// What part of a run the properties, goals and numbers take.
fn looking(plan: &str, watched: f64, blind: f64) {
    let what = format!("properties, goals and numbers: their part of a run, {plan}");
    row("", &what, (1.0 - blind / watched) * 100.0, " %", Bar::None);
}

/// The seconds that one run takes: the median over rounds, each with seeds of its own.
fn median(run: impl Fn(u64)) -> f64 {
    let round =
        |round: u64| timed(|| (round * RUNS..(round + 1) * RUNS).for_each(&run)) / RUNS as f64;
    let mut times: Vec<f64> = (0..ROUNDS).map(round).collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Goals of going to and fro over a history of a hundred thousand entries.
fn scrub() -> Vec<String> {
    let mut plan = plans::standard();
    let per_second = at_a_bench(&plan, 0).0 / (plan.end / 1_000_000);
    plan = plans::long((100_000 / per_second + 2) * 1_000_000);
    let before = resident();
    let mut bench = Bench::new();
    let open = Request::Open {
        plan: Box::new(plan.clone()),
        replay: Box::new(replay(&plan, 0, Played::Nothing)),
    };
    let Reply::Opened(opened) = bench.handle(open) else {
        return Vec::new();
    };
    let held = resident().saturating_sub(before);
    let steps = opened.frame.step;
    let mut seeks: Vec<f64> = (0..600_u64)
        .map(|nth| {
            let step = nth.wrapping_mul(0x9E37_79B9_7F4A_7C15) % steps;
            let begin = Instant::now();
            bench.handle(Request::Seek(step));
            begin.elapsed().as_secs_f64()
        })
        .collect();
    seeks.sort_by(f64::total_cmp);
    let at = |share: f64| seeks[((seeks.len() - 1) as f64 * share) as usize] * 1000.0;
    let per = held as f64 / steps as f64 * 100_000.0 / (1 << 20) as f64;
    let what = format!("going to any of {steps} entries, frame included: p99");
    vec![
        line("G19", &what, at(0.99), " ms", AtMost(16.0, 4.0)),
        line("", "the same, p50", at(0.5), " ms", Bar::None),
        line(
            "G20",
            "memory for 100,000 entries, all of it",
            per,
            " MiB",
            AtMost(64.0, 24.0),
        ),
    ]
}

/// Bytes of memory that this process has, where the system tells.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .map_or(0, |kib| kib << 10)
}

/// The least that the probe says to have taken, by plan: microseconds and fingerprint.
type Speeds = BTreeMap<String, (f64, String)>;

fn read(line: &str, speeds: &mut Speeds) {
    if let ["speed", plan, _, micros, fingerprint] = line.split_whitespace().collect::<Vec<_>>()[..]
        && let Ok(micros) = micros.parse::<f64>()
    {
        let found = (micros, fingerprint.to_string());
        let least = speeds.entry(plan.to_string()).or_insert(found);
        least.0 = least.0.min(micros);
    }
}

/// How much of the native speed wasm has to have.
const WASM: Bar = AtLeast(0.7, 0.82);

/// How often each has its turn: whatever else goes on here slows one of them at a time, and the fastest turn counts.
const TURNS: usize = 3;

/// The ratio of wasm to native, of the same runs, which have to come out the same.
fn wasm(folder: &str) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../probe/run.mjs");
    let begin = Instant::now();
    let mut native = Speeds::new();
    // The goal is Chromium's; node is here to compare.
    let engines = [("chromium", "G11", WASM), ("node", "", Bar::None)];
    let mut there = engines.map(|engine| (engine, Speeds::new()));
    for _ in 0..TURNS {
        speed(
            || begin.elapsed().as_secs_f64() * 1000.0,
            |line| read(&line, &mut native),
        );
        for ((engine, ..), speeds) in &mut there {
            let output = Command::new("node")
                .args([script, engine, folder, "speed"])
                .output();
            if let Some(output) = output.ok().filter(|output| output.status.success()) {
                String::from_utf8_lossy(&output.stdout)
                    .lines()
                    .for_each(|line| read(line, speeds));
            }
        }
    }
    for ((engine, goal, bar), speeds) in there {
        if speeds.is_empty() {
            row(goal, &format!("wasm in {engine}"), f64::NAN, "", bar);
        }
        for (plan, (micros, other)) in &speeds {
            let (least, fingerprint) = &native[plan];
            assert_eq!(
                fingerprint, other,
                "{plan} comes out differently in {engine}"
            );
            let what = format!("wasm in {engine} to native, {plan}");
            row(goal, &what, least / micros, "", bar);
        }
    }
}
