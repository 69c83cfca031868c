//! Tools that are Rust programs: a finished binary where one can be had, else built from the registry's source.

use super::download::member_of_archive;
use super::{Toolbox, version_of};
use crate::error::{Error, Result};
use crate::process::{Cmd, on_path};
use crate::progress::{note, step};
use std::path::{Path, PathBuf};

/// What there is to know about such a tool.
pub struct CargoTool<'a> {
    /// The name of the program.
    pub program: &'static str,
    /// The name of the package that holds it.
    pub package: &'static str,
    /// The pinned version.
    pub version: &'a str,
    /// What it is for, for the progress line.
    pub purpose: &'static str,
    /// The address of the finished binary and its path in the archive, where there is one.
    pub archive: Option<(String, String)>,
    /// Arguments to `cargo install` that leave out what is not used.
    pub features: &'static [&'static str],
    /// How far to optimise it: only worth the wait where the program has much to do.
    pub opt_level: &'static str,
    /// How long a build takes, roughly, so that nobody thinks it hangs.
    pub build_time: &'static str,
}

impl CargoTool<'_> {
    /// The folder the program is in, if it is there already: ours, or the user's own when it is the very version.
    pub fn find(&self, tools: &Toolbox) -> Option<PathBuf> {
        let entry = tools.cache.entry(self.program, self.version);
        if entry.ready() && entry.dir().join(self.exe()).is_file() {
            return Some(entry.dir());
        }
        let own = on_path(self.program)?;
        (version_of(&own)? == self.version).then(|| own.parent().map(Path::to_path_buf))?
    }

    /// The folder the program is in, after getting it if need be.
    pub fn ensure(&self, tools: &Toolbox) -> Result<PathBuf> {
        if let Some(dir) = self.find(tools) {
            return Ok(dir);
        }
        step(&format!("{} {}", self.program, self.version), self.purpose);
        let entry = tools.cache.entry(self.program, self.version);
        if entry.ready() {
            note("the installation in the cache has lost its program; making it anew");
            entry.discard()?;
        }
        let scratch = tools
            .cache
            .scratch(&format!("{}-{}", self.program, self.version));
        let dir = entry.install(|staging| {
            if self.download(staging) {
                return Ok(());
            }
            self.build(staging, &scratch)
        })?;
        // Kept while the build was not finished, so that a run that was cut off is continued and not repeated.
        let _ = std::fs::remove_dir_all(&scratch);
        Ok(dir)
    }

    fn exe(&self) -> String {
        format!("{}{}", self.program, std::env::consts::EXE_SUFFIX)
    }

    fn download(&self, staging: &Path) -> bool {
        let Some((url, member)) = &self.archive else {
            return false;
        };
        note(format!(
            "downloading the finished binary from {}",
            host(url)
        ));
        let to = staging.join(self.exe());
        let failure = match member_of_archive(url, member, &to) {
            // A binary that does not run here (another libc) is as good as none.
            Ok(()) => match version_of(&to) {
                Some(version) if version == self.version => return true,
                Some(version) => format!("the download says it is {version}"),
                None => "the download does not run on this machine".to_owned(),
            },
            Err(e) => e
                .to_string()
                .lines()
                .next_back()
                .unwrap_or_default()
                .trim()
                .to_owned(),
        };
        note(format!(
            "not available ({failure}); building it from source instead"
        ));
        let _ = std::fs::remove_file(&to);
        false
    }

    fn build(&self, staging: &Path, scratch: &Path) -> Result<()> {
        note(format!(
            "building {} from the registry, {} on two cores, once",
            self.package, self.build_time
        ));
        // The package's own lockfile first. It can name a crate the registry no longer (or not yet) serves;
        // then whatever resolves today has to do.
        let locked = self.cargo_install(staging, scratch, true);
        if locked.is_err() {
            note("its lockfile does not resolve with this registry; building with what does");
            self.cargo_install(staging, scratch, false).map_err(|e| {
                e.remedy(format!(
                    "check that the registry can be reached, then run the command again; or install it yourself: \
                     `cargo install {} --version {}`",
                    self.package, self.version
                ))
            })?;
        }
        let built = staging.join("bin").join(self.exe());
        std::fs::rename(&built, staging.join(self.exe())).map_err(|e| {
            Error::new(format!(
                "{} was built but is not where it should be",
                self.program
            ))
            .detail(e)
        })?;
        let _ = std::fs::remove_dir(staging.join("bin"));
        Ok(())
    }

    fn cargo_install(&self, staging: &Path, scratch: &Path, locked: bool) -> Result<()> {
        let mut cargo = host_cargo()
            .args([
                "install",
                self.package,
                "--version",
                &format!("={}", self.version),
                "--no-track",
                "--force",
            ])
            .args(self.features)
            .arg("--root")
            .arg(staging)
            .arg("--target-dir")
            .arg(scratch)
            // Outside the clone: its cargo configuration is not meant for other people's programs.
            .dir(staging)
            // What makes their own releases a little faster makes this build minutes slower.
            .env("CARGO_PROFILE_RELEASE_LTO", "false")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", self.opt_level)
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        if locked {
            cargo = cargo.arg("--locked");
        }
        cargo.run()
    }
}

/// Cargo for programs that run on this machine, whatever the caller has set up for wasm.
pub fn host_cargo() -> Cmd {
    let mut cargo = Cmd::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for var in [
        "RUSTC",
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_TARGET_DIR",
    ] {
        cargo = cargo.without(var);
    }
    cargo
}

fn host(url: &str) -> &str {
    url.split('/').nth(2).unwrap_or(url)
}
