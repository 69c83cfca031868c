//! Where things are in this clone, and the tools a build of it needs.

use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::process::{Cmd, path_with};
use crate::tools::wasm_std::{self, WasmRust};
use crate::tools::{Toolbox, cargo_tool, trunk, wasm_bindgen, wasm_opt};
use crate::versions;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// This clone.
pub struct Project {
    /// The cache and the root.
    pub tools: Toolbox,
    /// Where cargo puts what it builds for this machine.
    pub target: PathBuf,
}

impl Project {
    /// Finds the clone this program was built from.
    pub fn locate() -> Result<Self> {
        let here = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        // `cargo xtask` sets the variable; the program run by itself starts from where it is.
        let start = match here {
            Some(dir) => dir,
            None => std::env::current_dir()
                .map_err(|e| Error::new("there is no current folder").detail(e))?,
        };
        let root = start
            .ancestors()
            .find(|dir| dir.join("Trunk.toml").is_file() && dir.join("Cargo.toml").is_file())
            .ok_or_else(|| {
                Error::new(format!(
                    "no Trunk.toml and Cargo.toml above {}",
                    start.display()
                ))
                .remedy("run `cargo xtask` inside the clone")
            })?
            .to_path_buf();
        let target = match std::env::var_os("CARGO_TARGET_DIR").filter(|v| !v.is_empty()) {
            Some(dir) => root.join(dir),
            None => root.join("target"),
        };
        Ok(Self {
            tools: Toolbox {
                cache: Cache::locate()?,
                root,
            },
            target,
        })
    }

    /// The root of the clone.
    pub fn root(&self) -> &Path {
        &self.tools.root
    }

    /// Where cargo puts what it builds for wasm.
    ///
    /// Not the folder of native builds: the compiler may be another one, and the two kinds of build would wait for
    /// each other's lock.
    pub fn wasm_target(&self) -> PathBuf {
        self.target.join("wasm")
    }

    /// A folder for a site that is served from here and not published.
    pub fn site(&self, name: &str) -> PathBuf {
        self.target.join("site").join(name)
    }

    /// Cargo for native builds of this clone.
    pub fn cargo(&self) -> Cmd {
        cargo_tool::host_cargo()
            .dir(self.root())
            .env("CARGO_TARGET_DIR", &self.target)
    }

    /// The tools a build of the site needs, after getting those that are missing.
    pub fn site_tools(&self, release: bool) -> Result<SiteTools> {
        let wasm = wasm_std::ensure(&self.tools)?;
        let mut path = vec![
            trunk::tool().ensure(&self.tools)?,
            wasm_bindgen::tool(&versions::wasm_bindgen(self.root())?).ensure(&self.tools)?,
        ];
        if release {
            path.push(wasm_opt::ensure(&self.tools)?);
        }
        Ok(SiteTools { wasm, path })
    }
}

/// The tools a build of the site needs.
pub struct SiteTools {
    /// The compiler.
    pub wasm: WasmRust,
    /// The folders of the other tools.
    path: Vec<PathBuf>,
}

impl SiteTools {
    /// The variables that make cargo and trunk use exactly these tools.
    pub fn env(&self, project: &Project) -> Vec<(OsString, OsString)> {
        let mut vars = self.wasm.env();
        vars.push(("CARGO_TARGET_DIR".into(), project.wasm_target().into()));
        vars.push(("PATH".into(), path_with(&self.path)));
        vars
    }
}
