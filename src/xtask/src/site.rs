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

/// The script of the program that knows every place.
const WHOLE: &str = "whole.js";

/// Programs that the first view does without: the folder each gets, the file that the page names, and all its files, which
/// trunk leaves without a fingerprint.
const LATER: [(&str, &str, &[&str]); 2] = [
    (
        "worker",
        WORKER_LOADER,
        &[WORKER_LOADER, "worker.js", "worker_bg.wasm"],
    ),
    ("whole", WHOLE, &[WHOLE, "whole_bg.wasm"]),
];

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
    for (folder, entry, files) in LATER {
        html = into_folder(out, html, folder, entry, files)?;
    }
    html = fingerprint_boot(out, html)?;
    html = with_policy(&html)?;
    // Hosts without a rewrite rule answer an unknown path with this file, and the program finds its place from there.
    let elsewhere = out.join("404.html");
    fs::write(&elsewhere, for_other_places(&html))
        .context(|| format!("writing {}", elsewhere.display()))?;
    fs::write(&index, html).context(|| format!("writing {}", index.display()))
}

/// The page for every address but that of the start page: it fetches the whole program ahead instead of the small one.
fn for_other_places(html: &str) -> String {
    let Some((_, rest)) = html.split_once("data-whole=\"") else {
        return html.to_owned();
    };
    let script = rest.split('"').next().unwrap_or_default();
    let module = script.replace(".js", "_bg.wasm");
    let mut page = String::with_capacity(html.len() + 64);
    for line in html.lines() {
        let ahead = if line.contains("rel=\"modulepreload\"") {
            Some(script)
        } else if line.contains("as=\"fetch\"") {
            Some(module.as_str())
        } else {
            None
        };
        match ahead.zip(line.split_once("href=\"")) {
            Some((address, (before, after))) => {
                let after = after.split_once('"').map_or("", |(_, after)| after);
                page.push_str(&format!("{before}href=\"{address}\"{after}"));
            }
            None => page.push_str(line),
        }
        page.push('\n');
    }
    page
}

/// Moves a program into a folder with a fingerprint in its name.
///
/// A folder and not new file names: the files refer to each other by relative addresses, and go on doing so.
fn into_folder(
    out: &Path,
    html: String,
    folder: &str,
    entry: &str,
    files: &[&str],
) -> Result<String> {
    if !out.join(entry).is_file() {
        return Ok(html);
    }
    let mut content = Vec::new();
    for name in files {
        let bytes = fs::read(out.join(name)).context(|| format!("reading {name}"))?;
        if name.ends_with(".js") && String::from_utf8_lossy(&bytes).contains("./snippets/") {
            return Err(Error::new(format!(
                "{name} imports snippets, which are not moved along with it"
            ))
            .remedy("avoid crates with inline JavaScript, or teach `into_folder` about them"));
        }
        content.extend(bytes);
    }
    let folder = format!("{folder}-{:016x}", fingerprint(&content));
    let dir = out.join(&folder);
    fs::create_dir_all(&dir).context(|| format!("creating {}", dir.display()))?;
    for name in files {
        fs::rename(out.join(name), dir.join(name)).context(|| format!("moving {name}"))?;
    }
    Ok(html.replace(&format!("/{entry}\""), &format!("/{folder}/{entry}\"")))
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
        src=\"/lab/boot.js\" data-js=\"/lab/start-1.js\" data-whole=\"/lab/whole.js\" data-worker=\"/lab/worker_loader.js\"></script>\n\
        <link rel=\"modulepreload\" href=\"/lab/start-1.js\" crossorigin>\n\
        <link rel=\"preload\" href=\"/lab/start-1_bg.wasm\" as=\"fetch\" crossorigin>\n</head>";

    fn moved(out: &Path) -> Result<String> {
        LATER
            .iter()
            .try_fold(PAGE.to_owned(), |html, (folder, entry, files)| {
                into_folder(out, html, folder, entry, files)
            })
    }

    #[test]
    fn the_finished_page_names_the_fingerprinted_files() {
        let temp = TempDir::new();
        let put = |name: &str, text: &str| fs::write(temp.0.join(name), text).unwrap();
        put("index.html", PAGE);
        put("boot.js", "boot");
        put("worker.js", "glue");
        put("worker_bg.wasm", "wasm");
        put("worker_loader.js", "import init from './worker.js';");
        put("whole.js", "glue");
        put("whole_bg.wasm", "wasm");
        finish(&temp.0, false).unwrap();
        let html = fs::read_to_string(temp.0.join("index.html")).unwrap();
        let address = |attribute: &str| {
            let (_, rest) = html.split_once(&format!("{attribute}=\"/lab/")).unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        for path in [
            address("data-worker"),
            address("data-whole"),
            address("src"),
        ] {
            assert!(temp.0.join(&path).is_file(), "{path}");
            assert!(
                headers::cache_control(&path).contains("immutable"),
                "{path}"
            );
        }
        assert!(!temp.0.join("worker.js").exists());
        // What is fetched ahead is what the place needs first.
        let elsewhere = fs::read_to_string(temp.0.join("404.html")).unwrap();
        let whole = address("data-whole");
        let preload = format!("<link rel=\"modulepreload\" href=\"/lab/{whole}\" crossorigin>");
        assert!(elsewhere.contains(&preload), "{elsewhere}");
        assert!(elsewhere.contains("whole_bg.wasm\" as=\"fetch\""));
        assert!(!elsewhere.contains("start-1_bg.wasm"));
        assert!(elsewhere.contains("data-js=\"/lab/start-1.js\""));
        assert!(!html.contains("whole_bg.wasm"));
        assert!(html.find("Content-Security-Policy").unwrap() < html.find("<script").unwrap());
    }

    #[test]
    fn a_changed_program_gets_another_address() {
        let build = |wasm: &str| {
            let temp = TempDir::new();
            for name in LATER.iter().flat_map(|(_, _, files)| *files) {
                fs::write(temp.0.join(name), wasm).unwrap();
            }
            moved(&temp.0).unwrap()
        };
        assert_ne!(build("one"), build("two"));
        assert_eq!(build("one"), build("one"));
    }

    #[test]
    fn a_program_with_snippets_is_refused() {
        let temp = TempDir::new();
        for name in LATER.iter().flat_map(|(_, _, files)| *files) {
            fs::write(temp.0.join(name), "import { x } from './snippets/x.js';").unwrap();
        }
        assert!(moved(&temp.0).is_err());
    }

    #[test]
    fn a_page_without_an_encoding_is_refused() {
        assert!(with_policy("<head></head>").is_err());
    }
}
