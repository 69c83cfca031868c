//! The tools the project needs, one file each: how to see whether a tool is there, and how to get it.
//!
//! Every tool has a short way (somebody else's finished binary) and a long way that needs nothing but package
//! registries. A short way is always tried with a limit, because a network that drops packets answers to nothing.

pub mod cargo_tool;
pub mod chromium;
pub mod debian;
pub mod download;
pub mod npm_packages;
pub mod trunk;
pub mod wasm_bindgen;
pub mod wasm_opt;
pub mod wasm_std;

use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::process::{Cmd, on_path};
use std::path::{Path, PathBuf};

/// What every tool needs to know to find or install itself.
pub struct Toolbox {
    /// The folder tools are installed into.
    pub cache: Cache,
    /// The root of this clone.
    pub root: PathBuf,
}

/// The first word in what `program --version` says that looks like a version.
pub fn version_of(program: &Path) -> Option<String> {
    let said = Cmd::new(program)
        .arg("--version")
        .within(std::time::Duration::from_secs(20))
        .output()
        .ok()?;
    version_in(&said).map(str::to_owned)
}

fn version_in(said: &str) -> Option<&str> {
    said.split_whitespace()
        .map(|w| w.trim_start_matches('v'))
        .find(|w| w.starts_with(|c: char| c.is_ascii_digit()))
}

/// Finds node and npm, which several of the tools come through.
pub fn npm() -> Result<PathBuf> {
    let missing = |what: &str| {
        Error::new(format!("{what} is not installed"))
            .detail("wasm-opt and what tests the page come through npm")
            .remedy("install Node 20 or newer: https://nodejs.org, or `apt-get install nodejs npm` on Debian")
    };
    on_path("node").ok_or_else(|| missing("node"))?;
    on_path("npm").ok_or_else(|| missing("npm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        assert_eq!(version_in("trunk 0.21.14"), Some("0.21.14"));
        assert_eq!(
            version_in("wasm-opt version 132 (version_132)"),
            Some("132")
        );
        assert_eq!(version_in("v20.20.2\n"), Some("20.20.2"));
        assert_eq!(version_in("no number"), None);
    }
}
