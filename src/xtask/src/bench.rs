//! `cargo xtask bench`: the measurements, each as a table of what was measured beside its goals.
//!
//! The programs in `tests/benches` measure; this gets them what they need. A goal that is missed is told and is no
//! failure: the numbers are also this machine's, and of what else it was doing.

use crate::args;
use crate::dist;
use crate::error::{Context, Error, Result};
use crate::process::Cmd;
use crate::progress::step;
use crate::project::Project;
use crate::static_server::{self, Site};
use crate::tools::chromium;
use crate::tools::npm_packages::{LIGHTHOUSE, PLAYWRIGHT};
use crate::tools::wasm_opt;
use crate::wasm_digests;
use std::path::Path;
use std::time::Duration;

/// Something that can be measured: its name, what it is, and how.
type Part = (&'static str, &'static str, fn(&Project) -> Result<()>);

const PARTS: [Part; 3] = [
    ("kernel", "the simulator next to others of its kind", kernel),
    (
        "engine",
        "the platform in the simulator, natively and in wasm",
        engine,
    ),
    ("page", "the page as a visitor gets it", page),
];

/// The names `--only` takes.
pub fn part_names() -> Vec<&'static str> {
    PARTS.iter().map(|(name, ..)| *name).collect()
}

/// Measures what was asked for.
pub fn run(project: &Project, bench: &args::Bench) -> Result<()> {
    for (name, what, measure) in PARTS {
        if bench.only.is_empty() || bench.only.iter().any(|only| only == name) {
            step(&format!("bench {name}"), what);
            println!("\n## {name}: {what}\n");
            measure(project)?;
        }
    }
    Ok(())
}

/// One of the measuring programs, optimised.
fn program(project: &Project, which: &[&str]) -> Cmd {
    project
        .cargo()
        .args(["run", "--quiet", "--release", "--package", "benches"])
        .args(which)
}

fn kernel(project: &Project) -> Result<()> {
    program(project, &["--features", "peers"]).run()
}

fn engine(project: &Project) -> Result<()> {
    let probe = wasm_digests::build(project)?;
    optimise(project, &probe.join("probe_bg.wasm"))?;
    program(project, &["--bin", "platform", "--"])
        .arg(probe)
        .env("CHROMIUM", chromium::ensure(&project.tools)?)
        .env("PLAYWRIGHT", PLAYWRIGHT.ensure(&project.tools)?)
        .run()
}

/// Does to a module what a release does to the worker's, so that what is measured is what a visitor gets.
fn optimise(project: &Project, module: &Path) -> Result<()> {
    let index = project.root().join("index.html");
    let html =
        std::fs::read_to_string(&index).context(|| format!("reading {}", index.display()))?;
    let flags = html
        .lines()
        .find(|line| line.contains("src/worker/Cargo.toml"))
        .and_then(|line| line.split_once("data-wasm-opt-params=\""))
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(flags, _)| flags)
        .ok_or_else(|| Error::new("index.html does not say how the worker is optimised"))?;
    Cmd::new(wasm_opt::ensure(&project.tools)?.join("wasm-opt"))
        .arg(module)
        .arg("--output")
        .arg(module)
        .args(flags.split_whitespace())
        .within(Duration::from_secs(900))
        .heartbeat("optimising the wasm as for a release")
        .quiet()
}

fn page(project: &Project) -> Result<()> {
    PLAYWRIGHT.ensure(&project.tools)?;
    LIGHTHOUSE.ensure(&project.tools)?;
    let chromium = chromium::ensure(&project.tools)?;
    let dir = project.site("bench");
    let files = dist::build(project, &project.site_tools(true)?, "/", &dir)?;
    let sizes = dist::sizes(&dir, &files)?;
    let server = static_server::start(
        Site {
            dir,
            base: "/".to_owned(),
            fallback: 200,
            live: None,
        },
        0,
    )?;
    program(project, &["--bin", "page", "--"])
        .arg(server.url())
        .args(sizes.map(|bytes| bytes.to_string()))
        .env("CHROMIUM", chromium)
        .run()
}
