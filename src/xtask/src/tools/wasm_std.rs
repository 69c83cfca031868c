//! A compiler that can build for wasm32: the active one with its wasm standard library, or one out of Debian.
//!
//! Rustup has the library for the active compiler, but only where the Rust servers can be reached. Debian has a
//! compiler of its own (`rustc-web`) and the source of its library (`rust-web-src`), both unpacked into the cache
//! without root; the library is then built once, for every clone, and put where that compiler looks for it. That is
//! better than having each build compile the library (`-Z build-std`): nothing unstable is switched on while the
//! project is built, and a fresh clone starts with the project's own crates.

use super::cargo_tool::host_cargo;
use super::debian::{self, Apt};
use super::{Toolbox, download};
use crate::error::{Context, Error, Result};
use crate::process::{Cmd, on_path};
use crate::progress::{human, note, step};
use crate::versions::numbers;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The target the page is built for.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// The failed attempt that is not repeated for a day.
const RUSTUP_ATTEMPT: &str = "rustup-wasm32";

/// A compiler that can build for wasm32.
#[derive(Clone, Debug)]
pub enum WasmRust {
    /// The active toolchain has the library.
    Active,
    /// A compiler unpacked into the cache.
    Unpacked {
        /// The compiler, or rather the script that finds its libraries.
        rustc: PathBuf,
        /// The linker, which Debian's package leaves out.
        linker: PathBuf,
        /// Its version, for messages.
        version: String,
    },
}

impl WasmRust {
    /// The variables that make cargo build with it. Only ever set for wasm builds.
    pub fn env(&self) -> Vec<(OsString, OsString)> {
        match self {
            Self::Active => Vec::new(),
            Self::Unpacked { rustc, linker, .. } => vec![
                ("RUSTC".into(), rustc.into()),
                (
                    "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER".into(),
                    linker.into(),
                ),
            ],
        }
    }

    /// How it is called in messages.
    pub fn describe(&self) -> String {
        match self {
            Self::Active => "of the active toolchain".to_owned(),
            Self::Unpacked { version, .. } => {
                format!("of Debian's rustc-web {version}, in the cache")
            }
        }
    }
}

/// What is there already, without going to any network.
pub fn find(tools: &Toolbox) -> Option<WasmRust> {
    if active_sysroot().is_some_and(|s| has_std(&s)) {
        return Some(WasmRust::Active);
    }
    let linker = linker()?;
    // The newest one wins: an older one may be left from before the distribution, or this project, moved on.
    let entry = tools.cache.installed("wasm-rust").pop()?;
    if numbers(entry.version()) < numbers(&needed_version(tools)) {
        return None;
    }
    Some(WasmRust::Unpacked {
        rustc: entry.dir().join("rustc"),
        linker,
        version: entry.version().to_owned(),
    })
}

/// A compiler for wasm32, after getting one if need be.
pub fn ensure(tools: &Toolbox) -> Result<WasmRust> {
    if let Some(found) = find(tools) {
        return Ok(found);
    }
    step(
        "wasm32 standard library",
        "the page and the simulator are compiled to wasm",
    );
    let by_rustup = match by_rustup(tools) {
        Ok(()) => return Ok(WasmRust::Active),
        Err(e) => e,
    };
    note(by_rustup.to_string());
    by_debian(tools).map_err(|e| e.remedy(format!("with rustup: `rustup target add {TARGET}`")))?;
    find(tools).ok_or_else(|| {
        Error::new("the wasm32 standard library was installed but is not found").remedy(format!(
            "delete {} and run the command again",
            tools.cache.root().join("wasm-rust").display()
        ))
    })
}

fn active_sysroot() -> Option<PathBuf> {
    let said = Cmd::new("rustc")
        .args(["--print", "sysroot"])
        .without("RUSTC")
        .output()
        .ok()?;
    Some(PathBuf::from(said.trim()))
}

fn has_std(sysroot: &Path) -> bool {
    let lib = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    // The folder alone proves nothing: an interrupted rustup leaves it empty.
    fs::read_dir(lib).is_ok_and(|files| {
        files.flatten().any(|f| {
            let name = f.file_name();
            let name = name.to_string_lossy();
            name.starts_with("libstd-") && name.ends_with(".rlib")
        })
    })
}

fn by_rustup(tools: &Toolbox) -> Result<()> {
    let rustup = on_path("rustup").ok_or_else(|| Error::new("rustup is not installed"))?;
    if let Some(noted) = tools.cache.failed_recently(RUSTUP_ATTEMPT) {
        return Err(Error::new(
            "the Rust servers could not be reached a while ago, so they are not tried again today",
        )
        .detail(format!("delete {} to have them tried", noted.display())));
    }
    let server = std::env::var("RUSTUP_DIST_SERVER")
        .unwrap_or_else(|_| "https://static.rust-lang.org".to_owned());
    let started = Instant::now();
    // Asked first, because rustup itself waits for an answer for ever.
    note(format!("asking rustup for it (if {server} answers)"));
    let limit = if on_path("curl").is_none() {
        Duration::from_secs(60)
    } else if download::reachable(&format!("{server}/dist/channel-rust-stable.toml.sha256")) {
        Duration::from_secs(180)
    } else {
        tools.cache.note_failure(RUSTUP_ATTEMPT, "no answer");
        return Err(Error::new(format!(
            "{server} did not answer within {}",
            human(started.elapsed())
        )));
    };
    let result = Cmd::new(rustup)
        .args(["target", "add", TARGET])
        .within(limit)
        .heartbeat("downloading the library with rustup")
        .quiet();
    match result {
        Ok(()) if active_sysroot().is_some_and(|s| has_std(&s)) => Ok(()),
        Ok(()) => Err(Error::new(
            "rustup added the target to a toolchain that is not the active one",
        )),
        Err(e) => {
            tools.cache.note_failure(RUSTUP_ATTEMPT, &e.to_string());
            Err(e)
        }
    }
}

/// Debian's own wasm compiler, unpacked into the cache, with its library built once.
fn by_debian(tools: &Toolbox) -> Result<()> {
    if !debian::present() {
        return Err(Error::new("the wasm32 standard library cannot be had")
            .detail("rustup could not fetch it, and there is no apt to fetch Debian's"));
    }
    // Before the downloads, since without a linker they are of no use.
    if linker().is_none() {
        return Err(Error::new("no linker for wasm")
            .remedy("install lld (`apt-get install lld`) or use rustup"));
    }
    let apt = usable_apt(tools)?;
    let version = apt.candidate("rustc-web").unwrap_or_default();
    note(format!(
        "using Debian's rustc-web {version} instead: a download of 140 MB, then about a minute of building"
    ));
    let entry = tools.cache.entry("wasm-rust", &version);
    entry.install(|staging| {
        let mut packages = apt.closure(&["rustc-web", "rust-web-src"])?;
        // Installed packages are left out of the list, but the cache wants a whole compiler of its own.
        packages.extend(
            apt.needs("rustc-web")
                .into_iter()
                .filter(|p| p.starts_with("libstd-rust-web") || p.starts_with("libllvm")),
        );
        packages.sort();
        packages.dedup();
        let tree = staging.join("tree");
        fs::create_dir_all(&tree).context(|| format!("creating {}", tree.display()))?;
        note(format!("downloading and unpacking {}", packages.join(", ")));
        apt.unpack(&packages, &tree)?;
        write_rustc_script(staging)?;
        build_std(staging, &tree)
    })?;
    Ok(())
}

/// Apt with package lists that know a `rustc-web` new enough for this workspace.
fn usable_apt(tools: &Toolbox) -> Result<Apt> {
    let needed = needed_version(tools);
    let good = |apt: &Apt| {
        apt.candidate("rustc-web")
            .is_some_and(|v| numbers(&v) >= numbers(&needed))
    };
    let system = Apt::system();
    if good(&system) {
        return Ok(system);
    }
    let private = Apt::private(&tools.cache)?;
    if good(&private) {
        return Ok(private);
    }
    Err(match private.candidate("rustc-web") {
        Some(version) => Error::new(format!(
            "Debian's rustc-web {version} is older than the {needed} this project needs"
        ))
        .remedy("add Debian's security archive to /etc/apt: newer compilers arrive there"),
        None => Error::new("this distribution has no rustc-web package"),
    })
}

/// The oldest Rust this workspace compiles with.
fn needed_version(tools: &Toolbox) -> String {
    fs::read_to_string(tools.root.join("Cargo.toml"))
        .ok()
        .and_then(|manifest| rust_version(&manifest))
        .unwrap_or_default()
}

fn rust_version(manifest: &str) -> Option<String> {
    manifest.lines().find_map(|l| {
        Some(
            l.strip_prefix("rust-version = \"")?
                .strip_suffix('"')?
                .to_owned(),
        )
    })
}

/// The compiler needs libraries that are not where the system looks. A script says where, relative to itself, so
/// that the installation can be moved into place after it is made.
fn write_rustc_script(staging: &Path) -> Result<()> {
    let libraries: Vec<String> = debian::library_dirs(&staging.join("tree"))
        .iter()
        .filter_map(|d| {
            d.strip_prefix(staging)
                .ok()
                .map(|d| format!("$here/{}", d.display()))
        })
        .collect();
    let script = format!(
        "#!/bin/sh\n# Runs the unpacked compiler with the libraries that came with it.\n\
         here=$(cd \"$(dirname \"$0\")\" && pwd)\n\
         export LD_LIBRARY_PATH=\"{}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}\"\n\
         exec \"$here/tree/usr/bin/rustc\" \"$@\"\n",
        libraries.join(":")
    );
    let path = staging.join("rustc");
    fs::write(&path, script).context(|| format!("writing {}", path.display()))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
            .context(|| format!("marking {}", path.display()))?;
    }
    let said = Cmd::new(&path)
        .arg("--version")
        .within(Duration::from_secs(20))
        .output()?;
    note(format!("unpacked {}", said.trim()));
    Ok(())
}

/// Builds the standard library from the unpacked source and puts it where the unpacked compiler looks.
fn build_std(staging: &Path, tree: &Path) -> Result<()> {
    note("building the wasm32 standard library, about a minute on two cores, once");
    let work = staging.join("build-std");
    fs::create_dir_all(work.join("src")).context(|| format!("creating {}", work.display()))?;
    // Cargo builds the library only as something another crate depends on, so here is an empty one.
    fs::write(work.join("src/lib.rs"), "#![no_std]\n")
        .context(|| "writing an empty crate".to_owned())?;
    fs::write(
        work.join("Cargo.toml"),
        "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n\
         [profile.release]\npanic = \"abort\"\n\n[workspace]\n",
    )
    .context(|| "writing an empty crate".to_owned())?;
    host_cargo()
        .args(["build", "--release", "--target", TARGET])
        .dir(&work)
        .env("RUSTC", staging.join("rustc"))
        .env("CARGO_TARGET_DIR", work.join("target"))
        // Both only here: what they switch on is unstable, and this is the one build that cannot do without.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort,test")
        // Cargo leaves the bitcode out unless this very build is linked with LTO; those that use it later are.
        .env("RUSTFLAGS", "-Cembed-bitcode=yes")
        .run()
        .map_err(|e| {
            e.remedy(
                "the library's few dependencies come from crates.io: check that it can be reached",
            )
        })?;
    let built = work.join("target").join(TARGET).join("release/deps");
    let lib = tree.join("usr/lib/rustlib").join(TARGET).join("lib");
    fs::create_dir_all(&lib).context(|| format!("creating {}", lib.display()))?;
    for entry in fs::read_dir(&built)
        .context(|| format!("reading {}", built.display()))?
        .flatten()
    {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(".rlib") && !name.starts_with("libempty-") {
            fs::rename(entry.path(), lib.join(&*name))
                .context(|| format!("moving {name} into place"))?;
        }
    }
    // The source has done its work, and is more than half of what was unpacked.
    for done in [work, tree.join("usr/src"), tree.join("usr/share")] {
        fs::remove_dir_all(&done).context(|| format!("removing {}", done.display()))?;
    }
    if has_std(&tree.join("usr")) {
        Ok(())
    } else {
        Err(Error::new(
            "the standard library was built but is not there",
        ))
    }
}

/// The linker that comes with the active toolchain, or one of the system's.
fn linker() -> Option<PathBuf> {
    let host = Cmd::new("rustc")
        .arg("-vV")
        .without("RUSTC")
        .output()
        .ok()?;
    let host = host
        .lines()
        .find_map(|l| l.strip_prefix("host: "))?
        .to_owned();
    let bundled = active_sysroot()?
        .join("lib/rustlib")
        .join(host)
        .join("bin/rust-lld");
    if bundled.is_file() {
        return Some(bundled);
    }
    ["rust-lld", "wasm-ld"]
        .into_iter()
        .map(str::to_owned)
        .chain((14..=30).rev().map(|n| format!("wasm-ld-{n}")))
        .find_map(|n| on_path(&n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::scratch::TempDir;

    #[test]
    fn an_empty_target_folder_is_not_a_standard_library() {
        let temp = TempDir::new();
        let lib = temp.0.join("lib/rustlib").join(TARGET).join("lib");
        assert!(!has_std(&temp.0));
        fs::create_dir_all(&lib).unwrap();
        assert!(!has_std(&temp.0));
        fs::write(lib.join("libstd-0123.rlib"), "").unwrap();
        assert!(has_std(&temp.0));
    }

    #[test]
    fn the_wanted_rust_version_is_read_from_the_workspace() {
        assert_eq!(
            rust_version("[workspace.package]\nrust-version = \"1.95\"\n").as_deref(),
            Some("1.95")
        );
        assert_eq!(
            rust_version("[package]\nrust-version.workspace = true\n"),
            None
        );
    }
}
