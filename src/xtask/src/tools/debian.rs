//! Debian packages without installing them: fetched with apt, unpacked into the cache.
//!
//! `apt-get download` and `dpkg-deb -x` need no root and change nothing outside the folder they are given. When the
//! system's own package lists are missing or out of date, a private copy of the lists is made in the cache, again
//! without root.

use crate::cache::Cache;
use crate::error::{Context, Error, Result};
use crate::process::{Cmd, on_path};
use crate::progress::note;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A way to talk to apt: with the system's package lists, or with our own.
#[derive(Clone, Debug)]
pub struct Apt {
    options: Vec<String>,
}

/// Says whether this system has apt at all.
pub fn present() -> bool {
    on_path("apt-get").is_some() && on_path("apt-cache").is_some() && on_path("dpkg-deb").is_some()
}

impl Apt {
    /// Uses the lists the system has.
    pub fn system() -> Self {
        Self {
            options: Vec::new(),
        }
    }

    /// Fetches the lists afresh into the cache and uses those.
    pub fn private(cache: &Cache) -> Result<Self> {
        let state = cache.root().join("apt");
        for dir in ["lists/partial", "archives/partial"] {
            let dir = state.join(dir);
            fs::create_dir_all(&dir).context(|| format!("creating {}", dir.display()))?;
        }
        let apt = Self {
            options: vec![
                "-o".into(),
                format!("Dir::State::Lists={}/lists", state.display()),
                "-o".into(),
                format!("Dir::Cache={}", state.display()),
                // Root would otherwise hand the download to a user who may not write into a home folder.
                "-o".into(),
                "APT::Sandbox::User=".into(),
            ],
        };
        note("fetching Debian's package lists into the cache (the system's own are left alone)");
        apt.get()
            .arg("update")
            .within(Duration::from_secs(180))
            .heartbeat("fetching package lists")
            .quiet()
            .map_err(|e| e.remedy("check that the Debian mirror in /etc/apt can be reached"))?;
        Ok(apt)
    }

    fn get(&self) -> Cmd {
        Cmd::new("apt-get").args(&self.options).env("LC_ALL", "C")
    }

    /// The version that would be installed; `None` if the lists do not know the package.
    pub fn candidate(&self, package: &str) -> Option<String> {
        let said = Cmd::new("apt-cache")
            .args(&self.options)
            .args(["policy", package])
            .env("LC_ALL", "C")
            .within(Duration::from_secs(60))
            .output()
            .ok()?;
        candidate_in(&said)
    }

    /// The packages needed to run `packages`: themselves, and what they need that this system lacks.
    pub fn closure(&self, packages: &[&str]) -> Result<Vec<String>> {
        let said = self
            .get()
            .args([
                "--simulate",
                "--no-install-recommends",
                "--reinstall",
                "install",
            ])
            .args(packages)
            .within(Duration::from_secs(60))
            .output()?;
        Ok(installs_in(&said))
    }

    /// Everything a package depends on, and what that depends on, installed or not.
    pub fn needs(&self, package: &str) -> Vec<String> {
        let said = Cmd::new("apt-cache")
            .args(&self.options)
            .args([
                "depends",
                "--recurse",
                "--no-recommends",
                "--no-suggests",
                "--no-conflicts",
            ])
            .args(["--no-breaks", "--no-replaces", "--no-enhances", package])
            .env("LC_ALL", "C")
            .within(Duration::from_secs(60))
            .output()
            .unwrap_or_default();
        packages_in(&said)
    }

    /// Downloads packages and unpacks them below `to`.
    pub fn unpack(&self, packages: &[String], to: &Path) -> Result<()> {
        let debs = to.join("debs");
        fs::create_dir_all(&debs).context(|| format!("creating {}", debs.display()))?;
        self.get()
            .args(["-o", "APT::Sandbox::User="])
            .arg("download")
            .args(packages)
            .dir(&debs)
            .within(Duration::from_secs(900))
            .heartbeat("downloading packages from the Debian mirror")
            .quiet()?;
        for deb in files(&debs)? {
            Cmd::new("dpkg-deb")
                .arg("-x")
                .arg(&deb)
                .arg(to)
                .within(Duration::from_secs(300))
                .quiet()?;
        }
        fs::remove_dir_all(&debs).context(|| format!("removing {}", debs.display()))
    }
}

fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).context(|| format!("reading {}", dir.display()))?;
    Ok(entries.flatten().map(|e| e.path()).collect())
}

/// The folders below an unpacked tree that hold shared libraries.
pub fn library_dirs(tree: &Path) -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    for base in ["usr/lib", "lib"] {
        let base = tree.join(base);
        let triples = files(&base).unwrap_or_default();
        // Debian keeps libraries one level down, in a folder named after the machine: x86_64-linux-gnu.
        dirs.extend(
            triples
                .into_iter()
                .filter(|p| p.is_dir() && p.to_string_lossy().ends_with("-linux-gnu")),
        );
    }
    dirs
}

/// Runs an installation on the system itself, where we may: as root, or by sudo without a password.
pub fn install_on_system(packages: &[&str]) -> Result<()> {
    let root = Cmd::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|id| id.trim() == "0");
    let prefix: &[&str] = if root {
        &[]
    } else if Cmd::new("sudo")
        .args(["-n", "true"])
        .within(Duration::from_secs(10))
        .quiet()
        .is_ok()
    {
        &["sudo", "-n"]
    } else {
        return Err(Error::new("installing Debian packages needs root"));
    };
    let apt = |words: &[&str], limit: u64, doing: &str| {
        let line: Vec<&str> = prefix
            .iter()
            .chain(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"].iter())
            .chain(words)
            .copied()
            .collect();
        Cmd::new(line[0])
            .args(&line[1..])
            .within(Duration::from_secs(limit))
            .heartbeat(doing)
            .quiet()
    };
    let install: Vec<&str> = ["install", "--yes", "--no-install-recommends"]
        .iter()
        .chain(packages)
        .copied()
        .collect();
    let doing = format!("installing {} with apt-get", packages.join(" "));
    note(&doing);
    if apt(&install, 900, &doing).is_ok() {
        return Ok(());
    }
    // The usual reason is a list that is older than the mirror.
    note("that failed; fetching fresh package lists and trying once more");
    apt(&["update"], 180, "fetching package lists")?;
    apt(&install, 900, &doing)
}

fn candidate_in(said: &str) -> Option<String> {
    let version = said
        .lines()
        .find_map(|l| l.trim().strip_prefix("Candidate: "))?;
    (version != "(none)").then(|| version.to_owned())
}

/// The packages in a recursive list of dependencies: those at the start of a line, without virtual ones.
fn packages_in(said: &str) -> Vec<String> {
    said.lines()
        .filter(|l| !l.starts_with([' ', '|', '<']))
        .map(str::to_owned)
        .collect()
}

fn installs_in(said: &str) -> Vec<String> {
    let mut names: Vec<String> = said
        .lines()
        .filter_map(|l| {
            l.strip_prefix("Inst ")?
                .split(' ')
                .next()
                .map(str::to_owned)
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_candidate_is_read_from_the_policy() {
        let said = "rustc-web:\n  Installed: (none)\n  Candidate: 1.96.0+dfsg1-1~deb12u2\n  Version table:\n";
        assert_eq!(
            candidate_in(said).as_deref(),
            Some("1.96.0+dfsg1-1~deb12u2")
        );
        assert_eq!(candidate_in("x:\n  Candidate: (none)\n"), None);
        assert_eq!(candidate_in(""), None);
    }

    #[test]
    fn dependencies_are_the_unindented_lines() {
        let said = "rustc-web\n  Depends: libllvm22\n |Depends: gcc\n  Depends: <c-compiler>\nlibllvm22\n<c-compiler>\n";
        assert_eq!(packages_in(said), ["rustc-web", "libllvm22"]);
    }

    #[test]
    fn a_simulated_installation_names_what_is_missing() {
        let said = "Reading package lists...\nInst libllvm22 (1:22.1.8 Debian [amd64])\n\
                    Inst rustc-web (1.96 Debian [amd64])\nConf rustc-web (1.96 Debian [amd64])\n";
        assert_eq!(installs_in(said), ["libllvm22", "rustc-web"]);
    }
}
