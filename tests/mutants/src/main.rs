//! Mutants: small wrong versions of the platform's logic, each of which some property has to notice.
//!
//! `mutants.toml` lists them: a file of the platform, the words in it that are right, and wrong ones in their place.
//! This program copies the workspace's engine into the target folder with *all* of them written into the copy, each
//! behind a switch, builds that once, and then runs it once per mutant. The platform itself has no switch.
//!
//! ```text
//! mutants [NAME…]    writes, builds and runs them all, or those named; a table of what noticed which
//! mutants hunt       in the copy: runs worlds until a property breaks, and says which
//! ```

mod copy;
mod hunt;
mod list;

use list::Mutant;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// The variable that says which mutant the copy is to be.
const WHICH: &str = "STUDY_LAB_MUTANT";
/// How long one mutant is looked at, in seconds: far more than any needs that is noticed at all.
const LIMIT: u64 = 300;

fn main() -> ExitCode {
    let mut names: Vec<String> = std::env::args().skip(1).collect();
    if names == ["hunt"] {
        return hunt::run();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mutants = match list::read(&root) {
        Ok(mutants) => mutants,
        Err(problem) => return complain(&problem),
    };
    let known = |name: &String| mutants.iter().any(|mutant| mutant.name == *name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        return complain(&format!(
            "there is no mutant {unknown}; tests/mutants/mutants.toml lists them"
        ));
    }
    if names.is_empty() {
        names = mutants.iter().map(|mutant| mutant.name.clone()).collect();
    }
    match all(&root, &mutants, &names) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(missed) => complain(&format!(
            "{missed} of {} mutants were not noticed",
            names.len()
        )),
        Err(problem) => complain(&problem),
    }
}

fn complain(problem: &str) -> ExitCode {
    eprintln!("error: {problem}");
    ExitCode::FAILURE
}

/// Builds the copy and runs every mutant in it; how many were not noticed.
fn all(root: &Path, mutants: &[Mutant], names: &[String]) -> Result<usize, String> {
    let hunter = copy::build(root, mutants)?;
    // The copy without a mutant is the platform: whatever breaks in it would be noticed in all of them.
    let right = trial(&hunter, 0)?;
    if let Some(broken) = right {
        return Err(format!(
            "the copy breaks something without any mutant: {broken}"
        ));
    }
    let mut missed = 0;
    for (nth, mutant) in mutants.iter().enumerate() {
        if !names.contains(&mutant.name) {
            continue;
        }
        let began = Instant::now();
        let noticed = trial(&hunter, nth + 1)?;
        missed += usize::from(noticed.is_none());
        println!(
            "{:<34} {:>5.1}s  {}",
            mutant.name,
            began.elapsed().as_secs_f32(),
            noticed.as_deref().unwrap_or("NOT NOTICED")
        );
    }
    Ok(missed)
}

/// Runs the copy as one mutant: what noticed it.
fn trial(hunter: &Path, nth: usize) -> Result<Option<String>, String> {
    let mut child = Command::new(hunter)
        .arg("hunt")
        .env(WHICH, nth.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("starting {}: {e}", hunter.display()))?;
    let began = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                let mut said = String::new();
                if let Some(mut out) = child.stdout.take() {
                    std::io::Read::read_to_string(&mut out, &mut said)
                        .map_err(|e| format!("reading what a mutant said: {e}"))?;
                }
                return match status.code() {
                    Some(0) => Ok(None),
                    Some(1) => Ok(Some(said.trim().to_owned())),
                    // A wrong version that panics was noticed by no property.
                    _ => Ok(None),
                };
            }
            Ok(None) if began.elapsed() > Duration::from_secs(LIMIT) => {
                let _ = child.kill();
                let _ = child.wait();
                return Ok(None);
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(20)),
            Err(e) => return Err(format!("waiting for a mutant: {e}")),
        }
    }
}
