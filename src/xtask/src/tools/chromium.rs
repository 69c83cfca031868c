//! The browser the tests drive.

use super::npm_packages::PLAYWRIGHT;
use super::{Toolbox, debian, download, npm};
use crate::error::{Context, Error, Result};
use crate::process::{Cmd, on_path, path_with};
use crate::progress::{note, step};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The failed attempt that is not repeated for a day.
const DOWNLOAD_ATTEMPT: &str = "playwright-chromium";

/// The browser, if there is one already.
pub fn find(tools: &Toolbox) -> Option<PathBuf> {
    if let Some(own) = std::env::var_os("CHROMIUM").filter(|v| !v.is_empty()) {
        return Some(own.into());
    }
    let names = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
        "chrome",
    ];
    names
        .into_iter()
        .find_map(on_path)
        .or_else(mac_application)
        .or_else(|| downloaded(tools))
}

/// The browser, after getting one if need be.
pub fn ensure(tools: &Toolbox) -> Result<PathBuf> {
    if let Some(found) = find(tools) {
        return Ok(found);
    }
    step("Chromium", "the browser tests drive a real browser");
    let first = match by_playwright(tools) {
        Ok(found) => return Ok(found),
        Err(e) => e,
    };
    note(first.to_string());
    let remedy = "install Chromium or Chrome, or set CHROMIUM to the program; `apt-get install chromium` on Debian";
    if !debian::present() {
        return Err(Error::new("no browser for the browser tests")
            .detail(first)
            .remedy(remedy));
    }
    debian::install_on_system(&["chromium"]).map_err(|e| e.remedy(remedy))?;
    find(tools)
        .ok_or_else(|| Error::new("Chromium was installed but is not on PATH").remedy(remedy))
}

fn by_playwright(tools: &Toolbox) -> Result<PathBuf> {
    if let Some(noted) = tools.cache.failed_recently(DOWNLOAD_ATTEMPT) {
        return Err(Error::new("Playwright's own browser could not be downloaded a while ago, so it is not tried again today")
            .detail(format!("delete {} to have it tried", noted.display())));
    }
    let modules = PLAYWRIGHT.ensure(tools)?;
    note("downloading the browser Playwright was tested with (if its server answers)");
    if on_path("curl").is_some()
        && !download::reachable("https://cdn.playwright.dev/")
        && !download::reachable("https://playwright.azureedge.net/")
    {
        tools.cache.note_failure(DOWNLOAD_ATTEMPT, "no answer");
        return Err(Error::new(
            "the server of Playwright's browsers does not answer",
        ));
    }
    let entry = tools
        .cache
        .entry("playwright-browsers", &PLAYWRIGHT.version(tools)?);
    npm()?;
    let result = entry.install(|staging| {
        Cmd::new("node")
            .arg(modules.join("playwright/cli.js"))
            .args(["install", "--only-shell", "chromium"])
            .env("PLAYWRIGHT_BROWSERS_PATH", staging)
            .env("PATH", path_with(&[]))
            .within(Duration::from_secs(300))
            .heartbeat("downloading Chromium")
            .quiet()?;
        let program =
            shell_below(staging).ok_or_else(|| Error::new("the download holds no browser"))?;
        // On a bare system it can lack the libraries it needs: better to know now than in the first test.
        Cmd::new(program)
            .arg("--version")
            .within(Duration::from_secs(20))
            .quiet()
    });
    match result {
        Ok(dir) => shell_below(&dir).ok_or_else(|| Error::new("the downloaded browser is gone")),
        Err(e) => {
            tools.cache.note_failure(DOWNLOAD_ATTEMPT, &e.to_string());
            Err(e)
        }
    }
}

fn downloaded(tools: &Toolbox) -> Option<PathBuf> {
    shell_below(&tools.cache.installed("playwright-browsers").pop()?.dir())
}

/// The browser in a folder Playwright filled: it names its folders after its own builds.
fn shell_below(dir: &Path) -> Option<PathBuf> {
    let names = [
        "headless_shell",
        "chrome-headless-shell",
        "headless_shell.exe",
        "chrome-headless-shell.exe",
    ];
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).context(String::new).ok()?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if names.iter().any(|n| entry.file_name() == *n) {
                return Some(path);
            }
        }
    }
    None
}

fn mac_application() -> Option<PathBuf> {
    ["Google Chrome", "Chromium"]
        .into_iter()
        .map(|n| PathBuf::from(format!("/Applications/{n}.app/Contents/MacOS/{n}")))
        .find(|p| p.is_file())
}
