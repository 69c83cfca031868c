//! `cargo xtask doctor`: what is there, what is missing, and what the other commands would do about it.
//!
//! It looks and changes nothing, and it does not go to the network.

use crate::process::on_path;
use crate::project::Project;
use crate::tools::npm_packages::{LIGHTHOUSE, PLAYWRIGHT};
use crate::tools::{chromium, debian, trunk, version_of, wasm_bindgen, wasm_opt, wasm_std};
use crate::versions;
use std::path::Path;
use std::process::ExitCode;

/// How one thing stands.
enum State {
    /// There, and where.
    Present(String),
    /// Not there, but the commands get it; how.
    WillGet(String),
    /// Not there, and somebody has to act; how.
    Missing(String),
}

/// Prints the table; fails when something is missing that no command here can get.
pub fn run(project: &Project) -> ExitCode {
    let tools = &project.tools;
    println!("cache   {}", tools.cache.root().display());
    println!("clone   {}\n", project.root().display());
    let rows = [
        (
            "Rust",
            program("rustc", "install it with https://rustup.rs"),
        ),
        (
            "node",
            program(
                "node",
                "install Node 20 or newer; release builds and browser tests need it",
            ),
        ),
        (
            "npm",
            program(
                "npm",
                "install npm; release builds and browser tests need it",
            ),
        ),
        ("wasm32 library", wasm_library(project)),
        (
            "trunk",
            in_folder(
                trunk::tool().find(tools),
                versions::TRUNK,
                "download the finished binary, else build it (4 minutes)",
            ),
        ),
        ("wasm-bindgen", bindgen(project)),
        (
            "wasm-opt",
            in_folder(
                wasm_opt::find(tools),
                versions::BINARYEN,
                "install the npm package (release builds only)",
            ),
        ),
        (
            "Playwright",
            in_folder(
                PLAYWRIGHT.find(tools),
                "",
                "install the npm packages of the lockfile (browser tests only)",
            ),
        ),
        (
            "Lighthouse",
            in_folder(
                LIGHTHOUSE.find(tools),
                "",
                "install the npm packages of the lockfile (`bench` only)",
            ),
        ),
        ("Chromium", browser(project)),
        ("nextest", nextest()),
    ];
    let mut code = ExitCode::SUCCESS;
    for (name, state) in rows {
        match state {
            State::Present(at) => println!("ok       {name:<15} {at}"),
            State::WillGet(how) => println!("absent   {name:<15} will {how}"),
            State::Missing(how) => {
                println!("MISSING  {name:<15} {how}");
                code = ExitCode::FAILURE;
            }
        }
    }
    println!(
        "\n`cargo xtask setup` gets what is absent; the other commands get what they need by themselves."
    );
    code
}

fn program(name: &str, remedy: &str) -> State {
    match on_path(name) {
        Some(path) => State::Present(format!(
            "{} ({})",
            version_of(&path).unwrap_or_default(),
            path.display()
        )),
        None => State::Missing(remedy.to_owned()),
    }
}

fn in_folder(folder: Option<impl AsRef<Path>>, version: &str, how: &str) -> State {
    match folder {
        Some(dir) => State::Present(
            format!("{version} ({})", dir.as_ref().display())
                .trim_start()
                .to_owned(),
        ),
        None => State::WillGet(how.to_owned()),
    }
}

fn wasm_library(project: &Project) -> State {
    match wasm_std::find(&project.tools) {
        Some(found) => State::Present(found.describe()),
        None if on_path("rustup").is_some() || debian::present() => State::WillGet(
            "ask rustup for it; if its server does not answer, unpack Debian's rustc-web into the cache and build the \
             library once (about a minute)"
                .to_owned(),
        ),
        None => State::Missing(format!("install rustup and run `rustup target add {}`", wasm_std::TARGET)),
    }
}

fn bindgen(project: &Project) -> State {
    match versions::wasm_bindgen(project.root()) {
        Ok(version) => in_folder(
            wasm_bindgen::tool(&version).find(&project.tools),
            &version,
            &format!("download {version} (the version of Cargo.lock), else build it (2 minutes)"),
        ),
        Err(e) => State::Missing(e.to_string()),
    }
}

fn browser(project: &Project) -> State {
    match chromium::find(&project.tools) {
        Some(path) => State::Present(path.display().to_string()),
        None => State::WillGet(
            "download Playwright's own; if its server does not answer, install Debian's with apt-get where that is \
             allowed (browser tests only)"
                .to_owned(),
        ),
    }
}

fn nextest() -> State {
    match on_path("cargo-nextest") {
        Some(path) => State::Present(path.display().to_string()),
        None => State::WillGet("do without: `cargo test` runs the same tests".to_owned()),
    }
}
