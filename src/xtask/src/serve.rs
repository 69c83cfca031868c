//! `cargo xtask serve`: set up, build, serve, and build again when a source file changes.

use crate::args;
use crate::error::{Error, Result};
use crate::progress::{note, step};
use crate::project::{Project, SiteTools};
use crate::site::{self, Build};
use crate::static_server::{self, Live, Site};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Runs until it is stopped.
pub fn run(project: &Project, serve: &args::Serve) -> Result<()> {
    let out = project.site(if serve.release {
        "serve-release"
    } else {
        "serve"
    });
    let live = Arc::new(Live::default());
    let site = Site {
        dir: out.clone(),
        base: "/".to_owned(),
        fallback: 200,
        live: serve.watch.then(|| Arc::clone(&live)),
    };
    // Before the build: an occupied port is a reason to stop that should not take minutes to show.
    let server = static_server::start(site, serve.port)?;
    let tools = project.site_tools(serve.release)?;
    let seen = newest(project.root());
    let build = Build {
        release: serve.release,
        public_url: "/",
        out: &out,
    };
    site::build(project, &tools, &build)?;
    live.announce();
    let url = server.url();
    println!("{url}");
    note(if serve.watch {
        "serving; rebuilds when a file changes, Ctrl-C stops it"
    } else {
        "serving; Ctrl-C stops it"
    });
    if serve.open {
        open(&url);
    }
    if serve.watch {
        watch(project, &tools, &build, &live, seen);
    }
    server.join();
    Ok(())
}

/// Builds again whenever the newest source file is newer than at the last build.
///
/// By looking, twice a second: a few hundred files take under a millisecond, and every system's way of being told
/// would be a dependency with cases of its own.
fn watch(
    project: &Project,
    tools: &SiteTools,
    build: &Build,
    live: &Live,
    mut seen: Snapshot,
) -> ! {
    loop {
        std::thread::sleep(Duration::from_millis(500));
        let now = newest(project.root());
        if now == seen {
            continue;
        }
        // Editors and version control write many files one after another; wait until they are through.
        seen = settled(project.root(), now);
        match site::build(project, tools, build) {
            Ok(()) => live.announce(),
            Err(e) => {
                eprintln!("error: {e}");
                step(
                    "waiting",
                    "the build failed; the next change starts another",
                );
            }
        }
    }
}

fn settled(root: &Path, mut last: Snapshot) -> Snapshot {
    loop {
        std::thread::sleep(Duration::from_millis(150));
        let now = newest(root);
        if now == last {
            return now;
        }
        last = now;
    }
}

/// The time of the newest source file, and how many there are (a removed file makes nothing newer).
type Snapshot = (Option<SystemTime>, usize);

fn newest(root: &Path) -> Snapshot {
    let mut newest = None;
    let mut count = 0;
    // Not Cargo.lock: a build may write it, and would then follow itself.
    let files = ["index.html", "Trunk.toml", "Cargo.toml"];
    let mut paths: Vec<PathBuf> = files
        .iter()
        .chain(&["src", "style", "public"])
        .map(|p| root.join(p))
        .collect();
    while let Some(path) = paths.pop() {
        // This program is not part of the site.
        if path.ends_with("src/xtask") {
            continue;
        }
        let Ok(meta) = path.metadata() else { continue };
        if meta.is_dir() {
            paths.extend(
                std::fs::read_dir(&path)
                    .into_iter()
                    .flatten()
                    .flatten()
                    .map(|e| e.path()),
            );
        } else {
            count += 1;
            newest = newest.max(meta.modified().ok());
        }
    }
    (newest, count)
}

fn open(url: &str) {
    let opened = if cfg!(windows) {
        Command::new("cmd").args(["/C", "start", "", url]).spawn()
    } else if cfg!(target_os = "macos") {
        Command::new("open").arg(url).spawn()
    } else {
        Command::new("xdg-open").arg(url).spawn()
    };
    if let Err(e) = opened {
        note(
            Error::new("no browser could be opened; open the address yourself")
                .detail(e)
                .to_string(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::scratch::TempDir;
    use std::fs;

    #[test]
    fn a_change_an_addition_and_a_removal_are_seen_but_not_our_own() {
        let temp = TempDir::new();
        let src = temp.0.join("src/app");
        fs::create_dir_all(&src).unwrap();
        fs::create_dir_all(temp.0.join("src/xtask")).unwrap();
        fs::write(src.join("a.rs"), "").unwrap();
        let first = newest(&temp.0);
        fs::write(src.join("b.rs"), "").unwrap();
        let second = newest(&temp.0);
        assert_ne!(first, second);
        fs::write(temp.0.join("src/xtask/main.rs"), "").unwrap();
        assert_eq!(second, newest(&temp.0));
        fs::remove_file(src.join("b.rs")).unwrap();
        assert_ne!(second, newest(&temp.0));
    }
}
