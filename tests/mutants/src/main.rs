//! Mutants: small wrong versions of the platform's logic, each of which some property has to notice.
//!
//! `mutants.toml` lists them: a file of the platform, the words in it that are right, and wrong ones in their place.
//! This program copies the workspace's engine into the target folder with *all* of them written into the copy, each
//! behind a switch, builds that once, and then runs it once per mutant. The platform itself has no switch.
//!
//! ```text
//! mutants [--json] [--seeds N] [NAME…]  writes, builds and runs them all, or those named, looking at the first N seeds of
//!                                       every world; a table of what noticed which
//! mutants list                          says what there is, and what is wrong with each
//! mutants hunt N                        in the copy: runs worlds until a property breaks, and says which
//! ```
//!
//! **Invariants.** What notices a mutant depends on the worlds and seeds alone, not on the machine. Whatever the copy
//! breaks without any mutant is an error, and so is a mutant that nothing notices.

mod copy;
mod hunt;
mod list;

use list::Mutant;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// The variable that says which mutant the copy is to be.
const WHICH: &str = "STUDY_LAB_MUTANT";
/// How many seeds of every world are looked at unless somebody says otherwise.
const SEEDS: u64 = 60;
/// How long one mutant is looked at, in seconds: far more than any needs that is noticed at all.
const LIMIT: u64 = 300;

/// What noticed a mutant.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Noticed {
    /// The property that broke, by id.
    property: String,
    /// How many seeds were tried with every world until it did, that one included.
    seeds: u64,
    /// How many runs were made until it did, that one included.
    runs: usize,
    /// The scenario of that run.
    scenario: String,
    /// Its seed.
    seed: u64,
    /// What somebody does in it: `nothing`, `solution` or `meddling`.
    played: String,
    /// What was seen.
    evidence: String,
}

/// One mutant and what became of it.
#[derive(Debug, Serialize)]
struct Line<'a> {
    name: &'a str,
    file: &'a str,
    /// What somebody who writes this believes.
    belief: &'a str,
    noticed: Option<Noticed>,
}

#[derive(Debug, Serialize)]
struct Table<'a> {
    mutants: Vec<Line<'a>>,
    /// Whether every mutant was noticed.
    whole: bool,
}

fn main() -> ExitCode {
    let mut names: Vec<String> = std::env::args().skip(1).collect();
    if let [command, seeds] = &names[..]
        && command == "hunt"
    {
        return seeds.parse().map_or(ExitCode::from(2), hunt::run);
    }
    let json = names.iter().any(|name| name == "--json");
    names.retain(|name| name != "--json");
    let mut seeds = SEEDS;
    if let Some(at) = names.iter().position(|name| name == "--seeds") {
        names.remove(at);
        let number = names.get(at).and_then(|number| number.parse().ok());
        let Some(number) = number.filter(|number| *number > 0) else {
            return complain("--seeds needs a number");
        };
        seeds = number;
        names.remove(at);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mutants = match list::read(&root) {
        Ok(mutants) => mutants,
        Err(problem) => return complain(&problem),
    };
    if names == ["list"] {
        for mutant in &mutants {
            println!("{:<32} {:<32} {}", mutant.name, mutant.file, mutant.belief);
        }
        return ExitCode::SUCCESS;
    }
    let known = |name: &String| mutants.iter().any(|mutant| mutant.name == *name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        return complain(&format!(
            "there is no mutant {unknown}; tests/mutants/mutants.toml lists them"
        ));
    }
    let table = match all(&root, &mutants, &names, seeds) {
        Ok(table) => table,
        Err(problem) => return complain(&problem),
    };
    if json {
        match serde_json::to_string_pretty(&table) {
            Ok(text) => println!("{text}"),
            Err(e) => return complain(&format!("writing the table: {e}")),
        }
    } else {
        show(&table);
    }
    let missed: Vec<&str> = table
        .mutants
        .iter()
        .filter(|line| line.noticed.is_none())
        .map(|line| line.name)
        .collect();
    if missed.is_empty() {
        return ExitCode::SUCCESS;
    }
    complain(&format!(
        "{} of {} mutants were noticed by no property: {}",
        missed.len(),
        table.mutants.len(),
        missed.join(", ")
    ))
}

fn complain(problem: &str) -> ExitCode {
    eprintln!("error: {problem}");
    ExitCode::FAILURE
}

fn show(table: &Table<'_>) {
    println!(
        "{:<32} {:<32} {:>5}  what is wrong",
        "mutant", "noticed by", "seeds"
    );
    for line in &table.mutants {
        let (property, seeds) = line
            .noticed
            .as_ref()
            .map_or(("NOTHING", String::new()), |noticed| {
                (&noticed.property, noticed.seeds.to_string())
            });
        println!(
            "{:<32} {property:<32} {seeds:>5}  {}",
            line.name, line.belief
        );
    }
}

/// Builds the copy and runs the mutants in it, all or those named.
fn all<'a>(
    root: &Path,
    mutants: &'a [Mutant],
    names: &[String],
    seeds: u64,
) -> Result<Table<'a>, String> {
    eprintln!(
        "building a copy of the engine with {} mutants",
        mutants.len()
    );
    let began = Instant::now();
    let hunter = copy::build(root, mutants)?;
    eprintln!("built in {:.0} s", began.elapsed().as_secs_f32());
    // The copy without a mutant is the platform: whatever breaks in it would be noticed in all of them.
    if let Some(broken) = trial(&hunter, 0, seeds)? {
        return Err(format!(
            "the copy breaks {} without any mutant, in {} with seed {} and {} done: {}",
            broken.property, broken.scenario, broken.seed, broken.played, broken.evidence
        ));
    }
    let wanted: Vec<(usize, &Mutant)> = mutants
        .iter()
        .enumerate()
        .filter(|(_, mutant)| names.is_empty() || names.contains(&mutant.name))
        .collect();
    let mut lines = Vec::new();
    for (at, (nth, mutant)) in wanted.iter().enumerate() {
        let began = Instant::now();
        let noticed = trial(&hunter, nth + 1, seeds)?;
        let told = noticed.as_ref().map_or("NOT NOTICED".to_owned(), |one| {
            format!(
                "{} in run {}: {} seed {} {}",
                one.property, one.runs, one.scenario, one.seed, one.played
            )
        });
        eprintln!(
            "[{}/{}] {} ({:.1} s): {told}",
            at + 1,
            wanted.len(),
            mutant.name,
            began.elapsed().as_secs_f32()
        );
        lines.push(Line {
            name: &mutant.name,
            file: &mutant.file,
            belief: &mutant.belief,
            noticed,
        });
    }
    Ok(Table {
        whole: lines.iter().all(|line| line.noticed.is_some()),
        mutants: lines,
    })
}

/// Runs the copy as one mutant: what noticed it.
fn trial(hunter: &Path, nth: usize, seeds: u64) -> Result<Option<Noticed>, String> {
    let mut child = Command::new(hunter)
        .args(["hunt", &seeds.to_string()])
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
                    Some(1) => serde_json::from_str(&said)
                        .map(Some)
                        .map_err(|e| format!("what a mutant said makes no sense: {e}: {said}")),
                    // A wrong version that panics was noticed by no property.
                    _ if nth > 0 => Ok(None),
                    _ => Err(format!("the copy without any mutant ended with {status}")),
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
