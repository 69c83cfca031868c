//! wasm-opt: makes the finished wasm smaller (the page) or faster (the worker). Only release builds use it.

use super::{Toolbox, npm, version_of};
use crate::error::{Error, Result};
use crate::process::Cmd;
use crate::progress::step;
use crate::versions::{BINARYEN, numbers};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The folder the program is in, if it is there already.
pub fn find(tools: &Toolbox) -> Option<PathBuf> {
    let entry = tools.cache.entry("binaryen", BINARYEN);
    entry.ready().then(|| programs(&entry.dir()))
}

/// The folder the program is in, after getting it if need be.
pub fn ensure(tools: &Toolbox) -> Result<PathBuf> {
    if let Some(dir) = find(tools) {
        return Ok(dir);
    }
    let npm = npm()?;
    step(
        &format!("wasm-opt {BINARYEN}"),
        "optimises the wasm of a release",
    );
    let dir = tools.cache.entry("binaryen", BINARYEN).install(|staging| {
        Cmd::new(npm)
            .args([
                "install",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--no-save",
            ])
            .arg("--prefix")
            .arg(staging)
            .arg(format!("binaryen@{BINARYEN}"))
            .dir(staging)
            .within(Duration::from_secs(300))
            .heartbeat("downloading binaryen from the npm registry")
            .quiet()
            .map_err(|e| {
                e.remedy("check that the npm registry can be reached, then run the command again")
            })?;
        let program = programs(staging).join(if cfg!(windows) {
            "wasm-opt.cmd"
        } else {
            "wasm-opt"
        });
        let version = version_of(&program).unwrap_or_default();
        if numbers(&version).first() != numbers(BINARYEN).first() {
            return Err(Error::new("the downloaded wasm-opt does not run")
                .detail(format!("it says {version:?}")));
        }
        Ok(())
    })?;
    Ok(programs(&dir))
}

fn programs(dir: &Path) -> PathBuf {
    dir.join("node_modules").join(".bin")
}
