//! Measures the simulator and its peers in one run and prints the ratios as a table, next to the goals.
//!
//! `cargo xtask bench --only kernel`. Ratios of one run are what counts; absolute times are the machine's.
//! With `steps N WORKLOAD` it only does N steps, for counting instructions.

mod allocations;

use benches::goals::{Bar, HEAD, line};
use benches::{Prepared, Stopwatch, Workload};
use sim::Recording;
use std::collections::BTreeMap;
use std::process::Command;

use Bar::{AtLeast, AtMost};

const ROUNDS: usize = 5;
const EVENTS: u64 = 1_000_000;

/// Nanoseconds per event of everything measured, one per round.
type Times = BTreeMap<String, Vec<f64>>;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, steps, workload] = &arguments[..]
        && command == "steps"
    {
        let steps = steps
            .parse()
            .unwrap_or_else(|error| panic!("{steps}: {error}"));
        Prepared::new(named(workload), 1, Recording::Full).run(steps);
        return;
    }
    let mut times = Times::new();
    let mut engines: Vec<(&str, Prepared)> = WORKLOADS
        .iter()
        .map(|name| (*name, Prepared::new(named(name), 1, Recording::Full)))
        .collect();
    for (name, engine) in &mut engines {
        // The first run touches fresh pages; later ones use them again, as any program does after a while.
        note(
            &mut times,
            &format!("ours, first run: {name}"),
            timed(|| _ = engine.run(EVENTS)),
            EVENTS,
        );
    }
    for _ in 0..ROUNDS {
        for (name, engine) in &mut engines {
            engine.again();
            note(
                &mut times,
                &format!("ours: {name}"),
                timed(|| assert_eq!(engine.run(EVENTS), EVENTS)),
                EVENTS,
            );
            assert_eq!(engine.broken(), 0, "the property holds");
        }
        peers(&mut times);
    }
    simpy(&mut times);
    report(&times);
    row(
        "G8",
        "instructions an event, hold 1e3",
        instructions().unwrap_or(f64::NAN),
        "",
        AtMost(450.0, 300.0),
    );
    for (name, engine) in &mut engines {
        let mut bare = Prepared::new(named(name), 1, Recording::FingerprintOnly);
        bare.run(EVENTS);
        let made = |engine: &mut Prepared| allocations::made_by(|| _ = engine.run(EVENTS)) as f64;
        let what = format!("allocations in {EVENTS} events without history, {name}");
        row("G9", &what, made(&mut bare), "", AtMost(0.0, 0.0));
        engine.again();
        engine.reserve(EVENTS as u32);
        let what = format!(
            "the same with history, of {} bytes an event, and keyframes",
            engine.bytes_per_entry()
        );
        row("", &what, made(engine), "", Bar::None);
    }
    scrub();
}

fn row(goal: &str, what: &str, measured: f64, unit: &str, bar: Bar) {
    println!("{}", line(goal, what, measured, unit, bar));
}

const WORKLOADS: [&str; 6] = [
    "hold 1e3",
    "hold 1e5",
    "hold 1e6",
    "ping-pong",
    "mm1",
    "fan-out",
];

fn named(name: &str) -> Workload {
    match name {
        "hold 1e3" | "hold" => Workload::Hold(1000),
        "hold 1e5" => Workload::Hold(100_000),
        "hold 1e6" => Workload::Hold(1_000_000),
        "ping-pong" => Workload::PingPong,
        "mm1" => Workload::Mm1,
        "fan-out" => Workload::FanOut,
        other => panic!("no workload named {other}"),
    }
}

fn timed(work: impl FnOnce()) -> u128 {
    let begin = Stopwatch::start();
    work();
    begin.nanos()
}

fn note(times: &mut Times, name: &str, nanos: u128, events: u64) {
    times
        .entry(name.to_string())
        .or_default()
        .push(nanos as f64 / events as f64);
}

#[cfg(feature = "peers")]
fn peers(times: &mut Times) {
    use benches::peers::{by_desru, by_nexosim, by_simrs, by_simu, raw_heap_hold};
    for (name, pending) in [
        ("hold 1e3", 1_000),
        ("hold 1e5", 100_000),
        ("hold 1e6", 1_000_000),
    ] {
        note(
            times,
            &format!("raw heap: {name}"),
            raw_heap_hold(pending, EVENTS),
            EVENTS,
        );
        note(
            times,
            &format!("nexosim: {name}"),
            by_nexosim::hold(pending, EVENTS),
            EVENTS,
        );
        if pending <= 100_000 {
            note(
                times,
                &format!("desru: {name}"),
                by_desru::hold(pending, EVENTS),
                EVENTS,
            );
            note(
                times,
                &format!("simrs: {name}"),
                by_simrs::hold(pending, EVENTS),
                EVENTS,
            );
            note(
                times,
                &format!("simu-des: {name}"),
                by_simu::hold(pending, EVENTS),
                EVENTS,
            );
        }
    }
    note(
        times,
        "nexosim: ping-pong",
        by_nexosim::ping_pong(EVENTS),
        EVENTS,
    );
    note(times, "nexosim: mm1", by_nexosim::mm1(EVENTS / 2), EVENTS);
    note(times, "simu-des: mm1", by_simu::mm1(EVENTS / 2), EVENTS);
    note(
        times,
        "nexosim: fan-out",
        by_nexosim::fan_out(250),
        250 * 2001,
    );
}

#[cfg(not(feature = "peers"))]
fn peers(_: &mut Times) {}

/// SimPy, if a Python that has it is named by `SIMPY_PYTHON`.
fn simpy(times: &mut Times) {
    let Ok(python) = std::env::var("SIMPY_PYTHON") else {
        println!("SimPy left out: set SIMPY_PYTHON to a Python that has it\n");
        return;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/simpy_bench.py");
    for _ in 0..3 {
        let output = Command::new(&python).arg(script).output();
        let output = output.unwrap_or_else(|error| panic!("{python}: {error}"));
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            if let Some((name, nanos)) = line.split_once(' ')
                && let Ok(nanos) = nanos.parse::<f64>()
            {
                let name = if name == "hold" { "hold 1e3" } else { name };
                times
                    .entry(format!("SimPy: {name}"))
                    .or_default()
                    .push(nanos);
            }
        }
    }
}

/// What is measured, the peer, and how many times the peer's time ours has to fit into.
const FASTER: [(&str, &str, &str, Bar); 16] = [
    ("G1", "hold 1e3", "nexosim", AtLeast(6.0, 9.0)),
    ("G2", "hold 1e5", "nexosim", AtLeast(7.0, 10.0)),
    ("G3", "hold 1e6", "nexosim", AtLeast(9.0, 14.0)),
    ("G4", "ping-pong", "nexosim", AtLeast(10.0, 20.0)),
    ("G4", "ping-pong", "SimPy", AtLeast(130.0, 250.0)),
    ("G5", "mm1", "simu-des", AtLeast(2.5, 4.0)),
    ("G5", "mm1", "nexosim", AtLeast(7.0, 11.0)),
    ("G5", "mm1", "SimPy", AtLeast(100.0, 160.0)),
    ("G6", "fan-out", "nexosim", AtLeast(8.0, 17.0)),
    ("G6", "fan-out", "SimPy", AtLeast(50.0, 100.0)),
    ("G7", "hold 1e3", "desru", AtLeast(1.7, 2.3)),
    ("G7", "hold 1e3", "simrs", AtLeast(1.7, 2.3)),
    ("G7", "hold 1e3", "simu-des", AtLeast(1.7, 2.3)),
    ("G7", "hold 1e5", "desru", AtLeast(2.5, 3.3)),
    ("G7", "hold 1e5", "simrs", AtLeast(2.5, 3.3)),
    ("G7", "hold 1e5", "simu-des", AtLeast(2.5, 3.3)),
];

/// The part that ours may take of the time of a bare heap that does nothing else.
const HEAP: [(&str, &str, Bar); 2] = [
    ("G2", "hold 1e5", AtMost(1.25, 0.85)),
    ("G3", "hold 1e6", AtMost(0.7, 0.45)),
];

fn report(times: &Times) {
    let median = |name: &str| {
        let mut all = times.get(name)?.clone();
        all.sort_by(f64::total_cmp);
        Some(all[all.len() / 2])
    };
    println!("| measured | ns per event |\n| --- | ---: |");
    for name in times.keys() {
        println!("| {name} | {:.1} |", median(name).unwrap_or(f64::NAN));
    }
    println!("\n{HEAD}");
    // How many times as long a peer takes; not a number if it was not measured.
    let ratio = |workload: &str, peer: &str| {
        let ours = median(&format!("ours: {workload}"));
        let theirs = median(&format!("{peer}: {workload}"));
        theirs.unwrap_or(f64::NAN) / ours.unwrap_or(f64::NAN)
    };
    for (goal, workload, peer, bar) in FASTER {
        let what = format!("{workload}: times as fast as {peer}");
        row(goal, &what, ratio(workload, peer), "×", bar);
    }
    for (goal, workload, bar) in HEAP {
        let what = format!("{workload}: time beside that of a bare heap");
        row(goal, &what, 1.0 / ratio(workload, "raw heap"), "×", bar);
    }
}

/// Instructions per event, which no other program disturbs: counted by valgrind, if it is there, in runs of two lengths,
/// so that setting up does not count.
fn instructions() -> Option<f64> {
    let program = std::env::current_exe().ok()?;
    let counted = |steps: u32| {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(&program)
            .args(["steps", &steps.to_string(), "hold 1e3"])
            .output()
            .ok()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let (_, rest) = said.split_once("Collected : ")?;
        rest.split_whitespace().next()?.parse::<f64>().ok()
    };
    Some((counted(300_000)? - counted(100_000)?) / 200_000.0)
}

/// How long it takes to go to any of 100,000 events of a run with 1000 nodes.
fn scrub() {
    let mut engine = Prepared::new(Workload::Hold(1000), 1, Recording::Full);
    engine.run(100_000);
    let mut random = 1_u64;
    let mut times: Vec<u128> = (0..500)
        .map(|_| {
            random = benches::table::next(random);
            let step = (random >> 32) % 100_000;
            timed(|| engine.seek(step))
        })
        .collect();
    times.sort_unstable();
    let at = |nth: usize| times[nth] as f64 / 1e6;
    row(
        "G19",
        "going to any of 100,000 events, 1000 nodes: p99",
        at(495),
        " ms",
        AtMost(16.0, 4.0),
    );
    row("", "the same, p50", at(250), " ms", Bar::None);
}
