//! Building the site: trunk does the bundling, and what trunk cannot do is done to its result.
//!
//! Trunk leaves the files of a worker without a fingerprint, knows nothing of the policy, and does not fingerprint
//! what it only copies. Each of these is a small rewrite of the finished folder.

use crate::error::{Context, Error, Result};
use crate::headers;
use crate::process::Cmd;
use crate::progress::{human, note, step};
use crate::project::{Project, SiteTools};
use crate::slim;
use crate::tools::npm_packages::fingerprint;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The program that trunk's loader for the worker is called; the page reads its address from the boot script.
const WORKER_LOADER: &str = "worker_loader.js";

/// The files trunk makes for the worker.
const WORKER_FILES: [&str; 3] = [WORKER_LOADER, "worker.js", "worker_bg.wasm"];

/// What to build.
pub struct Build<'a> {
    /// Optimised, or quick to build.
    pub release: bool,
    /// The path the site will be served under.
    pub public_url: &'a str,
    /// The folder the site goes to.
    pub out: &'a Path,
}

/// Builds the site into its folder.
pub fn build(project: &Project, tools: &SiteTools, build: &Build) -> Result<()> {
    let started = Instant::now();
    let kind = if build.release { "optimised" } else { "quick" };
    step(
        &format!("site under {}", build.public_url),
        &format!("{kind} build of the page and the worker"),
    );
    fetch_crates(project, tools)?;
    // Trunk cleans the folder it writes to, and nothing else should be in it.
    let mut trunk = Cmd::new(trunk_program(tools, project))
        .arg("build")
        .args(["--public-url", build.public_url])
        .arg("--dist")
        .arg(build.out)
        .dir(project.root())
        .envs(tools.env(project));
    if build.release {
        trunk = trunk.arg("--release");
    }
    if std::env::var_os("NO_COLOR").is_some() {
        // Trunk reads the variable as a yes or no, and stops at the usual `NO_COLOR=1`.
        trunk = trunk.env("NO_COLOR", "true");
    }
    if std::env::var_os("RUST_LOG").is_none() {
        // Its own account of every step says the same as cargo's, which is shown.
        trunk = trunk.env("RUST_LOG", "warn,trunk::config=error");
    }
    trunk.run().map_err(|e| {
        e.remedy("the lines above say what went wrong; `cargo xtask doctor` checks the tools")
    })?;
    finish(build.out, build.release)?;
    note(format!("built in {}", human(started.elapsed())));
    Ok(())
}

fn trunk_program(tools: &SiteTools, project: &Project) -> PathBuf {
    // The path is searched here, because on some systems the child's `PATH` is not the one that is searched.
    let vars = tools.env(project);
    let path = vars
        .iter()
        .rev()
        .find(|(k, _)| k == "PATH")
        .map(|(_, v)| v.clone())
        .unwrap_or_default();
    let name = format!("trunk{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path)
        .map(|dir| dir.join(&name))
        .find(|p| p.is_file())
        .unwrap_or_else(|| name.into())
}

/// Trunk builds without a network, so that it never fetches tools behind our back; hence the crates come first.
fn fetch_crates(project: &Project, tools: &SiteTools) -> Result<()> {
    let lock = project.root().join("Cargo.lock");
    let stamp = project.wasm_target().join(".fetched");
    let now = fs::read(&lock)
        .map(|bytes| format!("{:016x}", fingerprint(&bytes)))
        .unwrap_or_default();
    if !now.is_empty() && fs::read_to_string(&stamp).is_ok_and(|then| then == now) {
        return Ok(());
    }
    Cmd::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .arg("fetch")
        .dir(project.root())
        .envs(tools.env(project))
        .run()
        .map_err(|e| e.remedy("check that the crates registry can be reached"))?;
    fs::create_dir_all(project.wasm_target())
        .context(|| "creating the target folder".to_owned())?;
    let now = fs::read(&lock)
        .map(|bytes| format!("{:016x}", fingerprint(&bytes)))
        .unwrap_or_default();
    fs::write(&stamp, now).context(|| format!("writing {}", stamp.display()))
}

/// Does to trunk's result what trunk cannot.
fn finish(out: &Path, slimmer: bool) -> Result<()> {
    let index = out.join("index.html");
    let mut html = fs::read_to_string(&index).context(|| format!("reading {}", index.display()))?;
    if slimmer {
        html = slim::site(out, html)?;
    }
    html = fingerprint_worker(out, html)?;
    html = fingerprint_boot(out, html)?;
    html = with_policy(&html)?;
    fs::write(&index, html).context(|| format!("writing {}", index.display()))
}

/// Moves the worker into a folder with a fingerprint in its name.
///
/// A folder and not new file names: the three files refer to each other by relative addresses, and go on doing so.
fn fingerprint_worker(out: &Path, html: String) -> Result<String> {
    if !out.join(WORKER_LOADER).is_file() {
        return Ok(html);
    }
    let mut content = Vec::new();
    for name in WORKER_FILES {
        content.extend(fs::read(out.join(name)).context(|| format!("reading {name}"))?);
    }
    let glue =
        fs::read_to_string(out.join("worker.js")).context(|| "reading worker.js".to_owned())?;
    if glue.contains("./snippets/") {
        return Err(Error::new("the worker's JavaScript imports snippets, which are not moved along with it")
            .remedy("avoid crates with inline JavaScript in the worker, or teach `fingerprint_worker` about them"));
    }
    let folder = format!("worker-{:016x}", fingerprint(&content));
    let dir = out.join(&folder);
    fs::create_dir_all(&dir).context(|| format!("creating {}", dir.display()))?;
    for name in WORKER_FILES {
        fs::rename(out.join(name), dir.join(name)).context(|| format!("moving {name}"))?;
    }
    Ok(html.replace(WORKER_LOADER, &format!("{folder}/{WORKER_LOADER}")))
}

/// Gives the boot script, which trunk only copies, an address that changes with its content.
fn fingerprint_boot(out: &Path, html: String) -> Result<String> {
    let Ok(content) = fs::read(out.join("boot.js")) else {
        return Ok(html);
    };
    let name = format!("boot-{:016x}.js", fingerprint(&content));
    fs::rename(out.join("boot.js"), out.join(&name)).context(|| "renaming boot.js".to_owned())?;
    Ok(html.replace("boot.js\"", &format!("{name}\"")))
}

/// Puts the policy in front of everything it governs.
fn with_policy(html: &str) -> Result<String> {
    // The encoding has to be known before anything else, so that one tag stays first.
    let charset = "<meta charset=\"utf-8\">";
    let at = html
        .to_ascii_lowercase()
        .find(charset)
        .map(|at| at + charset.len())
        .ok_or_else(|| {
            Error::new("index.html has no <meta charset=\"utf-8\"> to put the policy after")
        })?;
    Ok(format!("{}{}{}", &html[..at], headers::meta(), &html[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::scratch::TempDir;

    const PAGE: &str = "<!doctype html><head><meta charset=\"utf-8\"><script type=\"module\" \
        src=\"/lab/boot.js\" data-js=\"/lab/app-1.js\" data-worker=\"/lab/worker_loader.js\"></script></head>";

    #[test]
    fn the_finished_page_names_the_fingerprinted_files() {
        let temp = TempDir::new();
        let put = |name: &str, text: &str| fs::write(temp.0.join(name), text).unwrap();
        put("index.html", PAGE);
        put("boot.js", "boot");
        put("worker.js", "glue");
        put("worker_bg.wasm", "wasm");
        put("worker_loader.js", "import init from './worker.js';");
        finish(&temp.0, false).unwrap();
        let html = fs::read_to_string(temp.0.join("index.html")).unwrap();
        let address = |attribute: &str| {
            let (_, rest) = html.split_once(&format!("{attribute}=\"/lab/")).unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        for path in [address("data-worker"), address("src")] {
            assert!(temp.0.join(&path).is_file(), "{path}");
            assert!(
                headers::cache_control(&path).contains("immutable"),
                "{path}"
            );
        }
        assert!(!temp.0.join("worker.js").exists());
        assert!(html.find("Content-Security-Policy").unwrap() < html.find("<script").unwrap());
    }

    #[test]
    fn a_changed_worker_gets_another_address() {
        let build = |wasm: &str| {
            let temp = TempDir::new();
            for name in WORKER_FILES {
                fs::write(temp.0.join(name), wasm).unwrap();
            }
            fingerprint_worker(&temp.0, PAGE.to_owned()).unwrap()
        };
        assert_ne!(build("one"), build("two"));
        assert_eq!(build("one"), build("one"));
    }

    #[test]
    fn a_worker_with_snippets_is_refused() {
        let temp = TempDir::new();
        for name in WORKER_FILES {
            fs::write(temp.0.join(name), "import { x } from './snippets/x.js';").unwrap();
        }
        assert!(fingerprint_worker(&temp.0, PAGE.to_owned()).is_err());
    }

    #[test]
    fn a_page_without_an_encoding_is_refused() {
        assert!(with_policy("<head></head>").is_err());
    }
}
