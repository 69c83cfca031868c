//! The stage `wasm-digests`: the fingerprints of the probe's runs, natively, in node and in Chromium, line by line.
//!
//! The probe also runs toys with a hazard each. Their lines have to differ: a comparison that finds nothing wrong with
//! a float logarithm would find nothing wrong with anything.

use crate::error::{Context, Error, Result};
use crate::process::Cmd;
use crate::progress::note;
use crate::project::Project;
use crate::tools::npm_packages::PLAYWRIGHT;
use crate::tools::wasm_std::{self, TARGET};
use crate::tools::{chromium, wasm_bindgen};
use crate::versions;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// How many seeds of each plan are run.
const SEEDS: &str = "10";

/// Builds the probe twice, runs it everywhere and compares.
pub fn run(project: &Project) -> Result<()> {
    let wasm = build(project)?;
    let native = project
        .cargo()
        .args([
            "run",
            "--quiet",
            "--release",
            "--package",
            "probe",
            "--",
            "lines",
            SEEDS,
        ])
        .output()?;
    let script = project.root().join("tests/probe/run.mjs");
    let chromium = chromium::ensure(&project.tools)?;
    let modules = PLAYWRIGHT.ensure(&project.tools)?;
    for engine in ["node", "chromium"] {
        let listed = Cmd::new("node")
            .arg(&script)
            .arg(engine)
            .arg(&wasm)
            .args(["lines", SEEDS])
            .env("CHROMIUM", &chromium)
            .env("PLAYWRIGHT", &modules)
            .within(Duration::from_secs(600))
            .heartbeat("running the simulator in wasm")
            .output()?;
        let equal = compare(&native, &listed).map_err(|e| e.detail(format!("in {engine}")))?;
        note(format!(
            "{equal} runs have one fingerprint natively and in {engine}; every hazard was noticed"
        ));
    }
    Ok(())
}

/// Builds the probe as the worker is built; the folder of what wasm-bindgen wrote.
pub fn build(project: &Project) -> Result<std::path::PathBuf> {
    let rust = wasm_std::ensure(&project.tools)?;
    let bindgen =
        wasm_bindgen::tool(&versions::wasm_bindgen(project.root())?).ensure(&project.tools)?;
    project
        .cargo()
        .args([
            "build",
            "--profile",
            "worker",
            "--package",
            "probe",
            "--target",
            TARGET,
        ])
        .envs(rust.env())
        .env("CARGO_TARGET_DIR", project.wasm_target())
        .run()?;
    let out = project.target.join("probe");
    let module = project
        .wasm_target()
        .join(TARGET)
        .join("worker")
        .join("probe.wasm");
    bind(&bindgen, &module, &out)?;
    Ok(out)
}

fn bind(bindgen: &Path, module: &Path, out: &Path) -> Result<()> {
    std::fs::create_dir_all(out).context(|| format!("creating {}", out.display()))?;
    Cmd::new(bindgen.join("wasm-bindgen"))
        .args(["--target", "web", "--no-typescript", "--out-dir"])
        .arg(out)
        .arg(module)
        .within(Duration::from_secs(120))
        .quiet()
}

/// Compares two listings of `kind name seed fingerprint`: how many lines are equal that have to be.
fn compare(native: &str, wasm: &str) -> Result<usize> {
    let (here, there) = (read(native), read(wasm));
    let only: Vec<&str> = here
        .keys()
        .filter(|run| !there.contains_key(*run))
        .chain(there.keys().filter(|run| !here.contains_key(*run)))
        .copied()
        .collect();
    if here.is_empty() || !only.is_empty() {
        return Err(Error::new("the two builds did not run the same")
            .detail(only[..only.len().min(10)].join("\n")));
    }
    let (hazards, runs): (Vec<_>, Vec<_>) =
        here.iter().partition(|(run, _)| run.starts_with("hazard "));
    let apart: Vec<String> = runs
        .iter()
        .filter(|(run, fingerprint)| there[**run] != **fingerprint)
        .map(|(run, fingerprint)| {
            format!("{run}: {fingerprint} natively, {} in wasm", there[**run])
        })
        .collect();
    if !apart.is_empty() {
        return Err(
            Error::new(format!("{} runs came out differently", apart.len()))
                .detail(apart[..apart.len().min(10)].join("\n"))
                .remedy("something in the engine depends on the machine it runs on"),
        );
    }
    let mut noticed: BTreeMap<&str, bool> = BTreeMap::new();
    for (run, fingerprint) in &hazards {
        let name = run.split(' ').nth(1).unwrap_or_default();
        *noticed.entry(name).or_default() |= there[**run] != **fingerprint;
    }
    let missed: Vec<&str> = noticed
        .iter()
        .filter(|(_, noticed)| !**noticed)
        .map(|(name, _)| *name)
        .collect();
    if noticed.is_empty() || !missed.is_empty() {
        return Err(
            Error::new("the comparison did not notice what it is there to notice")
                .detail(missed.join(", ")),
        );
    }
    Ok(runs.len())
}

/// The fingerprints of a listing, by what was run.
fn read(listing: &str) -> BTreeMap<&str, &str> {
    listing
        .lines()
        .filter_map(|line| line.rsplit_once(' '))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NATIVE: &str = "engine a 0 11\nengine a 1 22\nhazard log 0 33\nhazard log 1 44\n";

    #[test]
    fn equal_runs_with_a_hazard_that_shows_are_well() {
        let wasm = "engine a 0 11\nengine a 1 22\nhazard log 0 33\nhazard log 1 99\n";
        assert_eq!(compare(NATIVE, wasm).unwrap(), 2);
    }

    #[test]
    fn a_run_that_differs_is_told() {
        let wasm = NATIVE.replace("22", "23").replace("44", "99");
        let told = compare(NATIVE, &wasm).unwrap_err().to_string();
        assert!(
            told.contains("engine a 1: 22 natively, 23 in wasm"),
            "{told}"
        );
    }

    #[test]
    fn a_hazard_that_does_not_show_is_told() {
        let told = compare(NATIVE, NATIVE).unwrap_err().to_string();
        assert!(told.contains("log"), "{told}");
        assert!(compare("engine a 0 11\n", "engine a 0 11\n").is_err());
    }

    #[test]
    fn a_run_that_is_not_there_is_told() {
        assert!(compare(NATIVE, "engine a 0 11\n").is_err());
        assert!(compare("", "").is_err());
    }
}
