//! Packages from npm at the versions of a lockfile: what the browser tests and the measurements of the page need.

use super::{Toolbox, npm};
use crate::error::{Context, Error, Result};
use crate::process::Cmd;
use crate::progress::step;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What one lockfile names.
pub struct Packages {
    /// The folder of the lockfile, below the root.
    folder: &'static str,
    /// What its folder in the cache is called.
    name: &'static str,
    /// The package whose version they go by.
    main: &'static str,
    /// What they are to a person.
    title: &'static str,
    /// What they are for.
    why: &'static str,
}

/// Playwright and axe.
pub const PLAYWRIGHT: Packages = Packages {
    folder: "tests/browser",
    name: "playwright",
    main: "@playwright/test",
    title: "Playwright and axe",
    why: "the browser tests are written with them",
};

/// Lighthouse, which only `bench` asks for.
pub const LIGHTHOUSE: Packages = Packages {
    folder: "tests/benches/page",
    name: "lighthouse",
    main: "lighthouse",
    title: "Lighthouse",
    why: "it measures how soon the page can be used",
};

impl Packages {
    /// Says whether the packages of this lockfile are installed, and where.
    pub fn find(&self, tools: &Toolbox) -> Option<PathBuf> {
        let entry = tools.cache.entry(self.name, &self.key(tools).ok()?);
        entry.ready().then(|| entry.dir().join("node_modules"))
    }

    /// The folder of packages, installed if need be, and linked to from the folder of the lockfile.
    ///
    /// The packages live in the cache under the fingerprint of the lockfile: clones share them, a changed lockfile
    /// gets a folder of its own, and a cut-off installation is never mistaken for a whole one. The link is there
    /// because node looks for packages beside the file that asks.
    pub fn ensure(&self, tools: &Toolbox) -> Result<PathBuf> {
        let folder = self.folder(&tools.root);
        let entry = tools.cache.entry(self.name, &self.key(tools)?);
        if !entry.ready() {
            let npm = npm()?;
            step(
                &format!("{} {}", self.title, self.version(tools)?),
                self.why,
            );
            entry.install(|staging| {
                for file in ["package.json", "package-lock.json"] {
                    fs::copy(folder.join(file), staging.join(file))
                        .context(|| format!("copying {file}"))?;
                }
                Cmd::new(npm)
                    .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                    // The browser is a tool of its own here, got in its own step.
                    .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
                    .dir(staging)
                    .within(Duration::from_secs(300))
                    .heartbeat("installing packages from the npm registry")
                    .quiet()
                    .map_err(|e| {
                        e.remedy("check that the npm registry can be reached, then run the command again")
                    })
            })?;
        }
        let modules = entry.dir().join("node_modules");
        link(&modules, &folder.join("node_modules"))?;
        Ok(modules)
    }

    /// The version that the lockfile names.
    pub fn version(&self, tools: &Toolbox) -> Result<String> {
        let lock = self.lockfile(tools)?;
        version_in(&lock, self.main).ok_or_else(|| {
            Error::new(format!(
                "{}/package-lock.json does not name {}",
                self.folder, self.main
            ))
        })
    }

    /// The folder of the lockfile, and of what is run with the packages.
    pub fn folder(&self, root: &Path) -> PathBuf {
        root.join(self.folder)
    }

    fn lockfile(&self, tools: &Toolbox) -> Result<String> {
        let path = self.folder(&tools.root).join("package-lock.json");
        fs::read_to_string(&path).context(|| format!("reading {}", path.display()))
    }

    fn key(&self, tools: &Toolbox) -> Result<String> {
        let lock = self.lockfile(tools)?;
        Ok(format!(
            "{}-{:016x}",
            self.version(tools)?,
            fingerprint(lock.as_bytes())
        ))
    }
}

fn version_in(lock: &str, package: &str) -> Option<String> {
    let at = lock.find(&format!("\"node_modules/{package}\""))?;
    let (_, rest) = lock[at..].split_once("\"version\": \"")?;
    Some(rest.split('"').next()?.to_owned())
}

/// FNV-1a: a name for a folder, not a proof of anything, and the same in every version of Rust.
pub fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Makes `at` lead to `to`, replacing a link or folder that leads elsewhere.
fn link(to: &Path, at: &Path) -> Result<()> {
    if fs::read_link(at).is_ok_and(|target| target == to) {
        return Ok(());
    }
    let gone = match fs::symlink_metadata(at) {
        Err(_) => Ok(()),
        Ok(meta) if meta.is_symlink() => fs::remove_file(at).or_else(|_| fs::remove_dir(at)),
        Ok(_) => fs::remove_dir_all(at),
    };
    gone.context(|| format!("removing {}", at.display()))?;
    #[cfg(unix)]
    return std::os::unix::fs::symlink(to, at).context(|| format!("linking {}", at.display()));
    #[cfg(windows)]
    // A junction, unlike a link, needs no special right.
    return Cmd::new("cmd")
        .args(["/C", "mklink", "/J"])
        .arg(at)
        .arg(to)
        .quiet();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::scratch::TempDir;

    #[test]
    fn the_version_is_that_of_the_very_package() {
        let lock = r#"{ "packages": { "node_modules/@axe-core/playwright": { "version": "4.13.0" },
            "node_modules/@playwright/test": { "version": "1.65.1", "integrity": "x" } } }"#;
        assert_eq!(
            version_in(lock, "@playwright/test").as_deref(),
            Some("1.65.1")
        );
        assert_eq!(version_in("{}", "lighthouse"), None);
    }

    #[test]
    fn the_fingerprint_is_that_of_the_published_algorithm() {
        assert_eq!(fingerprint(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fingerprint(b"a"), 0xaf63_dc4c_8601_ec8c);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_replaces_what_leads_elsewhere() {
        let temp = TempDir::new();
        let (first, second, at) = (
            temp.0.join("a"),
            temp.0.join("b"),
            temp.0.join("node_modules"),
        );
        for dir in [&first, &second, &at] {
            fs::create_dir_all(dir).unwrap();
        }
        for to in [&first, &first, &second] {
            link(to, &at).unwrap();
            assert_eq!(fs::read_link(&at).unwrap(), *to);
        }
    }
}
