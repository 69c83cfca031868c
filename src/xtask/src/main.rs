//! The project's own commands: set up, serve, test, measure and publish the lab.
//!
//! `cargo xtask help` says what there is. The layout: one file per command (`serve`, `dist`, `test`, `bench`, `doctor`), one
//! per tool in `tools/`, and below them what they share: `project` (where things are), `site` (a build), `cache`
//! (installations that are whole or not there), `process` (programs with a limit), `static_server`.

mod args;
mod bench;
mod cache;
mod dist;
mod doctor;
mod error;
mod headers;
mod process;
mod progress;
mod project;
mod serve;
mod site;
mod slim;
mod static_server;
mod test;
mod tools;
mod versions;
mod wasm_check;
mod wasm_digests;

use args::Command;
use error::Result;
use project::Project;
use std::process::ExitCode;

fn main() -> ExitCode {
    let command = match args::parse(
        std::env::args().skip(1),
        &test::stage_names(),
        &bench::part_names(),
    ) {
        Ok(command) => command,
        Err(usage) => {
            eprintln!("error: {usage}\n  `cargo xtask help` shows how each command is used");
            return ExitCode::from(2);
        }
    };
    match run(command) {
        Ok(code) => code,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    if command == Command::Help {
        print!("{}", args::HELP);
        return Ok(ExitCode::SUCCESS);
    }
    let project = Project::locate()?;
    match command {
        Command::Help => {}
        Command::Serve(serve) => serve::run(&project, &serve)?,
        Command::Test(test) => return test::run(&project, &test),
        Command::Bench(bench) => bench::run(&project, &bench)?,
        Command::Dist(dist) => {
            let tools = project.site_tools(true)?;
            let out = project.root().join("dist");
            dist::run(&project, &tools, &dist.public_url, &out)?;
            println!("{}", out.display());
        }
        Command::Setup => {
            project.site_tools(true)?;
            tools::npm_packages::PLAYWRIGHT.ensure(&project.tools)?;
            tools::chromium::ensure(&project.tools)?;
            progress::step("set up", "every tool is there");
        }
        Command::Doctor => return Ok(doctor::run(&project)),
        Command::Env => {
            for (name, value) in project.site_tools(true)?.env(&project) {
                println!("export {}='{}'", name.display(), value.display());
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
