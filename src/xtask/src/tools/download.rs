//! Fetching finished binaries: the short way for people with an ordinary connection.

use crate::error::{Context, Error, Result};
use crate::process::{Cmd, on_path};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// How long a server may take to answer at all. Short: behind some firewalls it never will.
const CONNECT: Duration = Duration::from_secs(8);

/// Says whether a server answers at all.
pub fn reachable(url: &str) -> bool {
    let Some(curl) = on_path("curl") else {
        return false;
    };
    Cmd::new(curl)
        .args([
            "--silent",
            "--fail",
            "--location",
            "--head",
            "--output",
            null_device(),
        ])
        .args([
            "--connect-timeout",
            &CONNECT.as_secs().to_string(),
            "--max-time",
            "15",
            url,
        ])
        .within(Duration::from_secs(20))
        .quiet()
        .is_ok()
}

/// Downloads an archive and puts one file out of it at `to`.
pub fn member_of_archive(url: &str, member: &str, to: &Path) -> Result<()> {
    let curl = on_path("curl").ok_or_else(|| Error::new("curl is not installed"))?;
    let dir = to.with_extension("download");
    fs::create_dir_all(&dir).context(|| format!("creating {}", dir.display()))?;
    let archive = dir.join("archive");
    Cmd::new(curl)
        .args([
            "--silent",
            "--show-error",
            "--fail",
            "--location",
            "--proto",
            "=https",
        ])
        .args([
            "--connect-timeout",
            &CONNECT.as_secs().to_string(),
            "--max-time",
            "180",
            "--output",
        ])
        .arg(&archive)
        .arg(url)
        .within(Duration::from_secs(190))
        .heartbeat(format!("downloading {url}"))
        .quiet()?;
    // The tar of macOS and of Windows also opens zip files, which is what the Windows builds come as.
    Cmd::new("tar")
        .arg("-xf")
        .arg(&archive)
        .arg("-C")
        .arg(&dir)
        .within(Duration::from_secs(60))
        .quiet()?;
    let from = dir.join(member);
    fs::rename(&from, to).context(|| format!("taking {member} out of the archive"))?;
    // What is left of the archive is of no use, and a failure to remove it does no harm.
    let _ = fs::remove_dir_all(&dir);
    Ok(())
}

fn null_device() -> &'static str {
    if cfg!(windows) { "NUL" } else { "/dev/null" }
}

/// The target triple in the names of release archives; `None` where nobody publishes one.
pub fn release_target(musl: bool) -> Option<&'static str> {
    Some(match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") if musl => "x86_64-unknown-linux-musl",
        ("linux", "x86_64") => "x86_64-unknown-linux-gnu",
        ("linux", "aarch64") => "aarch64-unknown-linux-gnu",
        ("macos", "x86_64") => "x86_64-apple-darwin",
        ("macos", "aarch64") => "aarch64-apple-darwin",
        ("windows", "x86_64") => "x86_64-pc-windows-msvc",
        _ => return None,
    })
}
