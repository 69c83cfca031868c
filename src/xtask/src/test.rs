//! `cargo xtask test`: every test there is, in the order in which they are cheapest to fail.
//!
//! A stage that fails does not stop the others, so that one run shows everything that is wrong; only stages that
//! would test something that was not built are left out.

use crate::args;
use crate::dist;
use crate::error::{Error, Result};
use crate::process::{Cmd, on_path};
use crate::progress::{human, note, step};
use crate::project::Project;
use crate::static_server::{self, Site};
use crate::tools::npm_packages::PLAYWRIGHT;
use crate::tools::wasm_std::{TARGET, WasmRust};
use crate::tools::{chromium, wasm_std};
use crate::wasm_check;
use crate::wasm_digests;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// One stage.
struct Stage {
    name: &'static str,
    what: &'static str,
    /// The stage without which this one has nothing to test.
    needs: Option<&'static str>,
    run: fn(&Project) -> Result<Outcome>,
}

/// How a stage ended when it did not fail.
enum Outcome {
    Passed,
    /// Left out, and why that is no failure.
    Skipped(String),
}

const STAGES: [Stage; 11] = [
    Stage {
        name: "format",
        what: "every Rust file is formatted",
        needs: None,
        run: format,
    },
    Stage {
        name: "lint",
        what: "clippy has nothing to say about the native build",
        needs: None,
        run: lint,
    },
    Stage {
        name: "lint-wasm",
        what: "nor about what is compiled for the page only",
        needs: None,
        run: lint_wasm,
    },
    Stage {
        name: "unit",
        what: "unit and integration tests",
        needs: None,
        run: unit,
    },
    Stage {
        name: "doc",
        what: "the examples in the documentation run",
        needs: None,
        run: doc,
    },
    Stage {
        name: "digests",
        what: "the engine's digests are the same in an optimised build",
        needs: None,
        run: digests,
    },
    Stage {
        name: "mutants",
        what: "small wrong versions of the logic, each of which some property has to notice",
        needs: None,
        run: mutants,
    },
    Stage {
        name: "wasm-digests",
        what: "and the same in wasm, in node and in Chromium",
        needs: None,
        run: wasm_digests,
    },
    Stage {
        name: "site",
        what: "the site builds for / and for /lab/ and meets its size budget",
        needs: None,
        run: site,
    },
    Stage {
        name: "wasm",
        what: "the simulator's wasm holds no float, and no wasm imports from outside",
        needs: Some("site"),
        run: wasm,
    },
    Stage {
        name: "browser",
        what: "browser and accessibility tests, under / and under /lab/",
        needs: Some("site"),
        run: browser,
    },
];

/// The places the site is tested under: a folder name, and the path.
const MOUNTS: [(&str, &str); 2] = [("root", "/"), ("lab", "/lab/")];

/// The names `--only` takes.
pub fn stage_names() -> Vec<&'static str> {
    STAGES.iter().map(|s| s.name).collect()
}

/// Runs the stages that were asked for.
pub fn run(project: &Project, test: &args::Test) -> Result<ExitCode> {
    if test.list {
        for stage in &STAGES {
            println!("{:<13} {}", stage.name, stage.what);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut results: Vec<(&str, Duration, Result<Outcome>)> = Vec::new();
    for stage in STAGES
        .iter()
        .filter(|s| test.only.is_empty() || test.only.iter().any(|o| o == s.name))
    {
        step(&format!("test {}", stage.name), stage.what);
        let started = Instant::now();
        let lacking = stage.needs.filter(|n| {
            results
                .iter()
                .any(|(name, _, result)| name == n && result.is_err())
        });
        let result = match lacking {
            Some(needs) => Err(Error::new(format!("not run, because {needs} failed"))),
            None => (stage.run)(project),
        };
        if let Err(e) = &result {
            eprintln!("error: {e}");
        }
        results.push((stage.name, started.elapsed(), result));
    }
    Ok(summary(&results))
}

fn summary(results: &[(&str, Duration, Result<Outcome>)]) -> ExitCode {
    eprintln!("\nstage        time           result");
    for (name, time, result) in results {
        let result = match result {
            Ok(Outcome::Passed) => "passed".to_owned(),
            Ok(Outcome::Skipped(why)) => format!("skipped: {why}"),
            Err(e) => format!(
                "FAILED: {}",
                e.to_string().lines().next().unwrap_or_default()
            ),
        };
        eprintln!("{name:<12} {:<14} {result}", human(*time));
    }
    let failed: Vec<&str> = results
        .iter()
        .filter(|(_, _, r)| r.is_err())
        .map(|(name, _, _)| *name)
        .collect();
    let total: Duration = results.iter().map(|(_, time, _)| *time).sum();
    if failed.is_empty() {
        eprintln!("\nall passed in {}", human(total));
        return ExitCode::SUCCESS;
    }
    eprintln!("\nfailed: {} (after {})", failed.join(", "), human(total));
    eprintln!("run one again with `cargo xtask test --only {}`", failed[0]);
    ExitCode::FAILURE
}

fn passed(result: Result<()>) -> Result<Outcome> {
    result.map(|()| Outcome::Passed)
}

fn format(project: &Project) -> Result<Outcome> {
    passed(
        project
            .cargo()
            // The names of the files: what is wrong in them, `cargo fmt` puts right by itself.
            .args(["fmt", "--all", "--check", "--message-format", "short"])
            .run()
            .map_err(|e| e.remedy("`cargo fmt --all` puts it right")),
    )
}

fn lint(project: &Project) -> Result<Outcome> {
    passed(
        project
            .cargo()
            // One run is to show everything, so a crate that fails does not hide the others.
            .args(["clippy", "--workspace", "--all-targets", "--keep-going"])
            .args(["--", "-D", "warnings"])
            .run(),
    )
}

/// Code behind `cfg(target_arch = "wasm32")` is seen by no native build.
fn lint_wasm(project: &Project) -> Result<Outcome> {
    match wasm_std::ensure(&project.tools)? {
        WasmRust::Active => passed(
            project
                .cargo()
                .args(["clippy", "--package", "app", "--package", "worker", "--target", TARGET, "--", "-D", "warnings"])
                .env("CARGO_TARGET_DIR", project.wasm_target())
                .run(),
        ),
        WasmRust::Unpacked { .. } => Ok(Outcome::Skipped(
            "Debian's wasm compiler has no clippy; the build itself shows the compiler's own warnings".to_owned(),
        )),
    }
}

fn unit(project: &Project) -> Result<Outcome> {
    if on_path("cargo-nextest").is_some() {
        return passed(
            project
                .cargo()
                .args(["nextest", "run", "--workspace", "--no-fail-fast"])
                .run(),
        );
    }
    passed(
        project
            .cargo()
            .args(["test", "--workspace", "--all-targets", "--no-fail-fast"])
            .run(),
    )
}

fn doc(project: &Project) -> Result<Outcome> {
    passed(project.cargo().args(["test", "--workspace", "--doc"]).run())
}

/// The tests with `digest` in their name, in an optimised build; the unoptimised ones are part of `unit`.
fn digests(project: &Project) -> Result<Outcome> {
    let mut args = vec!["test", "--release", "--workspace", "--tests"];
    // These never run the simulator, and are the slowest to compile.
    for package in ["xtask", "app", "worker", "study"] {
        if project
            .root()
            .join("src")
            .join(package)
            .join("Cargo.toml")
            .is_file()
        {
            args.extend(["--exclude", package]);
        }
    }
    args.extend(["--", "digest"]);
    passed(
        project
            .cargo()
            .args(args)
            // What is compared is what optimised code computes; these two only decide how long it takes to compile.
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .run(),
    )
}

/// The program builds an optimised copy of the engine by itself.
fn mutants(project: &Project) -> Result<Outcome> {
    passed(
        project
            .cargo()
            .args(["run", "--quiet", "--package", "mutants"])
            .run(),
    )
}

fn wasm_digests(project: &Project) -> Result<Outcome> {
    passed(wasm_digests::run(project))
}

fn site(project: &Project) -> Result<Outcome> {
    let tools = project.site_tools(true)?;
    for (name, base) in MOUNTS {
        dist::run(project, &tools, base, &project.site(name))?;
    }
    Ok(Outcome::Passed)
}

/// Fails unless the `site` stage has run, now or earlier.
fn built(project: &Project) -> Result<()> {
    match MOUNTS
        .iter()
        .find(|(name, _)| !project.site(name).join("404.html").is_file())
    {
        None => Ok(()),
        Some(_) => Err(Error::new("there is no built site to test")
            .remedy("add the stage that builds it: `cargo xtask test --only site,wasm,browser`")),
    }
}

fn wasm(project: &Project) -> Result<Outcome> {
    built(project)?;
    let compiled = project
        .wasm_target()
        .join(TARGET)
        .join("worker")
        .join("worker.wasm");
    note(format!(
        "{} functions of the simulator, no float in any",
        wasm_check::no_floats(&compiled)?
    ));
    for (name, _) in MOUNTS {
        let dir = project.site(name);
        for file in dist::list(&dir)?.iter().filter(|f| f.ends_with(".wasm")) {
            note(format!(
                "{file} has {} imports, all its own",
                wasm_check::only_own_imports(&dir.join(file))?
            ));
        }
    }
    Ok(Outcome::Passed)
}

fn browser(project: &Project) -> Result<Outcome> {
    built(project)?;
    let modules = PLAYWRIGHT.ensure(&project.tools)?;
    let program = chromium::ensure(&project.tools)?;
    let suite = PLAYWRIGHT.folder(project.root());
    let mut test = Cmd::new("node")
        .arg(cli(&modules))
        .args(["test", "--config", "playwright.config.mjs"])
        .dir(&suite)
        .env("CHROMIUM", program)
        .env("LAB_OUTPUT", project.target.join("browser-tests"));
    let mut servers = Vec::new();
    for (name, base) in MOUNTS {
        // The second way hosts answer an unknown path is under the second path, so that both are tested.
        let fallback = if base == "/" { 200 } else { 404 };
        let site = Site {
            dir: project.site(name),
            base: base.to_owned(),
            fallback,
            live: None,
        };
        let server = static_server::start(site, 0)?;
        note(format!(
            "{} serves {}",
            server.url(),
            project.site(name).display()
        ));
        test = test.env(format!("LAB_URL_{}", name.to_uppercase()), server.url());
        servers.push(server);
    }
    let result = test.run();
    drop(servers);
    passed(result.map_err(|e| {
        e.remedy("traces of what failed are in the target folder, under browser-tests")
    }))
}

fn cli(modules: &std::path::Path) -> PathBuf {
    modules.join("@playwright").join("test").join("cli.js")
}
