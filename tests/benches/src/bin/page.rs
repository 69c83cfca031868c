//! Measures the page as a visitor gets it, and prints the table of its goals.
//!
//! `page URL FIRST_VIEW RUN WORKER`: where the built site is served, and what its first view, the program that opens a run and
//! the worker weigh, in bytes.
//! `cargo xtask bench --only page` builds and serves the site and gets what the scripts need; CHROMIUM is the browser.

use benches::goals::{Bar, HEAD, line};
use std::process::{Command, Stdio};

use Bar::{AtLeast, AtMost};

/// How often Lighthouse visits; the median counts.
const VISITS: &str = "5";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, first_view, run, worker] = &arguments[..] else {
        panic!("usage: page URL FIRST_VIEW RUN WORKER");
    };
    println!("{HEAD}");
    let kib = |bytes: &str| bytes.parse().unwrap_or(f64::NAN) / 1024.0;
    for (goal, what, bytes, bar) in [
        (
            "G21",
            "first view, brotli",
            first_view,
            AtMost(160.0, 120.0),
        ),
        ("", "run page, brotli", run, Bar::None),
        ("G22", "worker, brotli", worker, AtMost(80.0, 40.0)),
    ] {
        println!("{}", line(goal, what, kib(bytes), " KiB", bar));
    }
    lighthouse(url);
    frames(url);
}

fn lighthouse(url: &str) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/page/lighthouse.mjs");
    let found = lines_of(script, &[url, VISITS]);
    for (name, what, unit, bar) in [
        ("score", "score", "", AtLeast(98.0, 100.0)),
        ("lcp", "largest contentful paint", " s", AtMost(2.0, 1.7)),
        ("tti", "time to interactive", " s", AtMost(2.0, 1.7)),
        ("tbt", "total blocking time", " ms", AtMost(50.0, 0.0)),
        ("fcp", "first contentful paint", " s", Bar::None),
        ("transfer", "transferred", " KiB", Bar::None),
    ] {
        let measured = found.iter().find(|(found, _)| found == name);
        let measured = measured.map_or(f64::NAN, |(_, values)| values[0]);
        let what = format!("Lighthouse mobile, median of {VISITS}: {what}");
        println!("{}", line("G23", &what, measured, unit, bar));
    }
}

/// The goal is for 200 nodes and 500 edges, so that each line says how much was drawn.
fn frames(url: &str) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../browser/frames.mjs");
    for (scene, values) in lines_of(script, &[url]) {
        let [p95, worst, long, frames, marks, elements] = values[..] else {
            continue;
        };
        let what = format!(
            "{scene}, {marks} marks drawn on a page of {elements} elements: frame time, p95 of {frames}"
        );
        println!("{}", line("G24", &what, p95, " ms", AtMost(20.0, 17.0)));
        println!(
            "{}",
            line("", "the longest of them", worst, " ms", Bar::None)
        );
        println!(
            "{}",
            line("", "tasks longer than 50 ms", long, "", Bar::None)
        );
    }
}

/// What a script measured: lines of a name and numbers, apart by tabs.
fn lines_of(script: &str, arguments: &[&str]) -> Vec<(String, Vec<f64>)> {
    let mut node = Command::new("node");
    // What it complains of goes to the terminal.
    node.arg(script).args(arguments).stderr(Stdio::inherit());
    let output = node
        .output()
        .unwrap_or_else(|error| panic!("node: {error}"));
    assert!(output.status.success(), "{script} failed");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .filter_map(|line| {
            let (name, values) = line.split_once('\t')?;
            let values = values.split('\t').map(|value| value.parse().ok());
            Some((name.to_string(), values.collect::<Option<Vec<f64>>>()?))
        })
        .collect()
}
