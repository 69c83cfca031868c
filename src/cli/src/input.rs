//! Turning what was given into a replay: scenarios, seeds, gates, knobs, files of actions.
//!
//! **Invariants.** Whatever cannot be used is named with what is allowed and the nearest match; nothing is guessed.

use crate::args::{Changes, Shard};
use crate::out::{Stop, quoted};
use machine::Gate;
use platform::CATALOG;
use protocol::{ENGINE, Placed, Plan, Problem, Replay, Severity};
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use study::{AntiPattern, Library, Scenario, units};
use toml::Spanned;

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// The scenario with this id.
pub fn scenario<'a>(library: &'a Library, id: &str) -> Result<&'a Scenario, Stop> {
    let known: Vec<&str> = library
        .scenarios
        .iter()
        .map(|scenario| scenario.plan.id.as_str())
        .collect();
    library
        .scenario(id)
        .ok_or_else(|| Problem::unknown("scenario", id, &known).into())
}

/// A seed.
pub fn seed(text: &str) -> Result<u64, Stop> {
    number(text).ok_or_else(|| {
        let problem = Problem::new("seed", format!("`{}` is no seed", short(text)));
        let range = format!("A seed is a whole number from 0 to {}.", u64::MAX);
        misread(&[text], problem.detail(range))
    })
}

/// A time of a run.
pub fn moment(text: &str) -> Result<u64, Stop> {
    units::time(text).ok_or_else(|| {
        let problem = Problem::new("time", format!("`{}` is no time", short(text)));
        Stop::Usage(Box::new(
            problem.hint(format!("Write {}.", units::TIME_HINT)),
        ))
    })
}

/// What is wrong with numbers: they cannot be understood, unless they are digits throughout and then out of range.
fn misread(numbers: &[&str], problem: Problem) -> Stop {
    let digits = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if numbers.iter().all(digits) {
        problem.into()
    } else {
        Stop::Usage(Box::new(problem))
    }
}

/// Which part of the seeds: `I/N`.
pub fn shard(text: &str) -> Result<Shard, Stop> {
    let (index, of) = text.split_once('/').unwrap_or((text, ""));
    match (number(index), number(of)) {
        (Some(index), Some(of)) if (1..=of).contains(&index) => Ok(Shard { index, of }),
        _ => {
            let problem = Problem::new(
                "shard",
                format!("`{}` is no part of the seeds", short(text)),
            )
            .hint("Write `--shard I/N` with I from 1 to N, such as `--shard 1/4`.");
            Err(misread(&[index, of], problem))
        }
    }
}

/// How many runs at once.
fn jobs(text: Option<&String>) -> Result<Option<u16>, Stop> {
    let Some(text) = text else {
        return Ok(None);
    };
    match number(text) {
        Some(jobs @ 1..=1024) => Ok(Some(jobs as u16)),
        _ => {
            let problem = Problem::new("jobs", format!("`{}` is no number of jobs", short(text)))
                .detail("It is a whole number from 1 to 1024.");
            Err(misread(&[text], problem))
        }
    }
}

/// A range of seeds, `A..B`: from `A` up to but without `B`.
pub fn seeds(text: &str) -> Result<(u64, u64), Stop> {
    let problem = |message: String| {
        Problem::new("seeds", message).hint("Write `--seeds 0..200` for the seeds 0 to 199.")
    };
    let Some((from, to)) = text.split_once("..") else {
        let problem = problem(format!("`{}` is no range of seeds", short(text)));
        return Err(Stop::Usage(Box::new(problem)));
    };
    for end in [from, to] {
        if number(end).is_none() {
            let problem = problem(format!(
                "`{}` is no seed, in the range `{}`",
                short(end),
                short(text)
            ));
            let range = format!("A seed is a whole number from 0 to {}.", u64::MAX);
            return Err(misread(&[from, to], problem.detail(range)));
        }
    }
    match (number(from), number(to)) {
        (Some(from), Some(to)) if from < to => Ok((from, to)),
        _ => Err(
            problem(format!("the range `{}` holds no seed", short(text)))
                .detail("Its end must lie behind its beginning.")
                .into(),
        ),
    }
}

/// Digits and nothing else; `parse` alone would take a sign as well.
fn number(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

/// What was given, short enough to be repeated in a sentence and without what could steer a terminal.
pub fn short(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}

/// What is asked for besides scenario and seed, checked.
pub struct Checked {
    pub waivers: Vec<String>,
    pub knobs: Vec<(String, u64)>,
    pub actions: Vec<Placed>,
    /// How hard the background is.
    pub severity: Severity,
    /// How it was written, for the line that shows a run again.
    words: String,
    /// What somebody does in these runs.
    pub played: Played,
}

/// What somebody does in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Played {
    /// Nobody does anything.
    Nothing,
    /// What a file says.
    Actions,
    /// The reference solution.
    Solution,
    /// Anything.
    Meddling,
}

impl Played {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Actions => "actions",
            Self::Solution => "solution",
            Self::Meddling => "meddling",
        }
    }
}

/// Checks the changes against what exists; `plan` tells which actions do, if a file of them was given.
pub fn changes(changes: &Changes, plan: Option<&Plan>) -> Result<Checked, Stop> {
    let mut waivers = changes
        .waive
        .iter()
        .map(|id| gate(id))
        .collect::<Result<Vec<_>, _>>()?;
    waivers.sort();
    waivers.dedup();
    let mut knobs = changes
        .set
        .iter()
        .map(|text| knob(text))
        .collect::<Result<Vec<_>, _>>()?;
    knobs.sort();
    if let Some(twice) = knobs.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(Problem::new(
            "knob-twice",
            format!("the knob `{}` is set twice", twice[0].0),
        )
        .hint("Set it once.")
        .into());
    }
    let severity = Severity::named(&changes.severity)?;
    let mut words = String::new();
    if severity != Severity::default() {
        let _ = write!(words, " --severity {}", severity.id());
    }
    for id in &waivers {
        let _ = write!(words, " --waive {id}");
    }
    for (id, value) in &knobs {
        let shown = CATALOG
            .knob(id)
            .map(|knob| knob.show(*value))
            .unwrap_or_default();
        let _ = write!(words, " --set {id}={shown}");
    }
    let mut placed = Vec::new();
    let mut played = Played::Nothing;
    if let (Some(path), Some(plan)) = (&changes.actions, plan) {
        placed = actions(path, plan)?;
        played = Played::Actions;
        let _ = write!(words, " --actions {}", quoted(&path.to_string_lossy()));
    } else if changes.solve {
        played = Played::Solution;
        words.push_str(" --solve");
    } else if changes.meddle {
        played = Played::Meddling;
        words.push_str(" --meddle");
    }
    Ok(Checked {
        waivers,
        knobs,
        actions: placed,
        severity,
        words,
        played,
    })
}

impl Checked {
    /// The replay of a scenario with these changes.
    pub fn replay(&self, plan: &Plan, content: u64, seed: u64) -> Replay {
        Replay {
            engine: ENGINE.into(),
            scenario: plan.id.clone(),
            content,
            seed,
            waivers: self.waivers.clone(),
            knobs: self.knobs.clone(),
            actions: self.actions.clone(),
            at: plan.end,
            claim: None,
            severity: self.severity,
        }
    }

    /// The line that shows a run again.
    pub fn command(&self, scenario: &str, seed: u64) -> String {
        format!("lab run {scenario} --seed {seed}{}", self.words)
    }
}

/// Gates by their ids; all of them if none is named.
pub fn gates(ids: &[String]) -> Result<Vec<&'static Gate>, Stop> {
    if ids.is_empty() {
        return Ok(CATALOG.gates.to_vec());
    }
    let known = |id: &String| gate(id).map(|id| CATALOG.gate(&id));
    let found: Result<Vec<_>, Stop> = ids.iter().map(known).collect();
    Ok(found?.into_iter().flatten().collect())
}

/// The anti-patterns that come with the lab. A test keeps them free of problems.
pub fn anti_patterns(library: &Library) -> Result<Vec<AntiPattern>, Stop> {
    let (found, problems) = study::anti_patterns(library, &CATALOG);
    match problems.into_iter().next() {
        Some(problem) => Err(problem.into()),
        None => Ok(found),
    }
}

/// Threads to run on: so many, or one for each processor.
pub fn threads(text: Option<&String>) -> Result<ThreadPool, Stop> {
    let jobs = jobs(text)?;
    ThreadPoolBuilder::new()
        .num_threads(jobs.map_or(0, usize::from))
        .build()
        .map_err(|error| Stop::Io(format!("no threads to run on: {error}")))
}

fn gate(id: &str) -> Result<String, Stop> {
    let ids: Vec<String> = CATALOG.gates.iter().map(|gate| gate.id()).collect();
    let known: Vec<&str> = ids.iter().map(String::as_str).collect();
    CATALOG
        .gate(id)
        .map(|gate| gate.id())
        .ok_or_else(|| Problem::unknown("gate", id, &known).into())
}

fn knob(text: &str) -> Result<(String, u64), Stop> {
    let Some((id, value)) = text.split_once('=') else {
        let problem = Problem::new("knob-value", format!("`{}` sets nothing", short(text)));
        let hint = "Write `--set KNOB=VALUE`, such as `--set hold-budget=9s`.";
        return Err(Stop::Usage(Box::new(problem.hint(hint))));
    };
    let Some(knob) = CATALOG.knob(id) else {
        let ids: Vec<String> = CATALOG.knobs.iter().map(|knob| knob.id()).collect();
        let known: Vec<&str> = ids.iter().map(String::as_str).collect();
        return Err(Problem::unknown("knob", id, &known).into());
    };
    knob.parse(value)
        .map(|value| (knob.id(), value))
        .map_err(|error| {
            let problem = Problem::new(
                "knob-value",
                format!("`{}` for the knob `{id}` is {error}", short(value)),
            );
            let (min, max) = (knob.show(knob.min), knob.show(knob.max));
            problem
                .detail(format!(
                    "It takes {} from {min} to {max}; its default is {}.",
                    knob.unit_hint(),
                    knob.show(knob.default)
                ))
                .into()
        })
}

/// Reads a file that a person named: a plain file of a sensible size that holds text.
pub fn file(path: &Path) -> Result<String, Stop> {
    let name = short(&path.to_string_lossy());
    let cannot = |reason: String| {
        Stop::from(Problem::new(
            "file",
            format!("`{name}` cannot be read: {reason}"),
        ))
    };
    let reason = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => "there is no such file".into(),
        ErrorKind::PermissionDenied => "reading it is not allowed".into(),
        _ => error.to_string(),
    };
    // Asked before it is opened: opening a pipe would wait for its writer.
    let meta = std::fs::metadata(path).map_err(|error| cannot(reason(error)))?;
    if !meta.is_file() {
        return Err(cannot("it is not a plain file".into()));
    }
    let file = File::open(path).map_err(|error| cannot(reason(error)))?;
    text(file).map_err(|error| cannot(error.to_string()))
}

/// Reads all of something that must be text and no larger than a file may be.
pub fn text(from: impl Read) -> std::io::Result<String> {
    let mut text = String::new();
    from.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE {
        return Err(std::io::Error::other("it is larger than 1 MiB"));
    }
    Ok(text)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    at: String,
    #[serde(rename = "do")]
    id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    action: Vec<Spanned<Written>>,
}

/// A file of actions: what to do and what to read, each at a time.
fn actions(path: &Path, plan: &Plan) -> Result<Vec<Placed>, Stop> {
    let text = file(path)?;
    let name = short(&path.to_string_lossy());
    let line = |offset: usize| {
        text.as_bytes()[..offset.min(text.len())]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1
    };
    let place = |line: usize, problem: Problem| -> Stop {
        let place = format!("{name}, line {line}.");
        let detail = if problem.detail.is_empty() {
            place
        } else {
            format!("{place} {}", problem.detail)
        };
        problem.detail(detail).into()
    };
    let unreadable = |message: &str| {
        let message = message.lines().next().unwrap_or_default();
        Problem::new("actions-file", format!("the file of actions cannot be read: {}", short(message)))
            .hint("Write `[[action]]` with `at = \"12.5s\"` and `do = \"…\"`, or the same as a JSON list.")
    };
    if text.trim().is_empty() {
        return Err(place(1, unreadable("it is empty")));
    }
    let entries: Vec<(usize, Written)> =
        if text.trim_start().starts_with(['[', '{']) && !text.trim_start().starts_with("[[") {
            let list: Vec<&RawValue> = serde_json::from_str(&text)
                .map_err(|error| place(error.line(), unreadable(&error.to_string())))?;
            let mut entries = Vec::new();
            for raw in list {
                let at = line(raw.get().as_ptr().addr() - text.as_ptr().addr());
                let written = serde_json::from_str(raw.get());
                entries.push((
                    at,
                    written.map_err(|error| {
                        place(at + error.line() - 1, unreadable(&error.to_string()))
                    })?,
                ));
            }
            entries
        } else {
            let listed: Listed = toml::from_str(&text).map_err(|error| {
                place(
                    line(error.span().map_or(0, |span| span.start)),
                    unreadable(error.message()),
                )
            })?;
            listed
                .action
                .into_iter()
                .map(|entry| (line(entry.span().start), entry.into_inner()))
                .collect()
        };
    let known: Vec<&str> = plan
        .actions
        .iter()
        .map(|action| &*action.id)
        .chain(plan.reads.iter().map(|read| &*read.id))
        .collect();
    let mut placed = Vec::new();
    for (at_line, Written { at, id }) in entries {
        let Some(time) = units::time(&at) else {
            let problem = Problem::new("action-time", format!("`{}` is no time", short(&at)));
            return Err(place(
                at_line,
                problem.detail(format!("Write {}.", units::TIME_HINT)),
            ));
        };
        if time >= plan.end {
            let problem = Problem::new(
                "action-time",
                format!("`{}` lies behind the end of the run", short(&at)),
            );
            return Err(place(
                at_line,
                problem.detail(format!(
                    "{} ends after {}.",
                    plan.title,
                    machine::Duration(plan.end)
                )),
            ));
        }
        if !known.contains(&id.as_str()) {
            let problem = Problem::unknown("action", &id, &known);
            let hint = if problem.hint.starts_with("Did") {
                problem.hint.clone()
            } else {
                "Take one of those.".into()
            };
            return Err(place(at_line, problem.hint(hint)));
        }
        placed.push(Placed { at: time, id });
    }
    placed.sort_by_key(|placed| placed.at);
    Ok(placed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_seeds() {
        let read = |text: &str| seeds(text).ok();
        assert_eq!(read("0..200"), Some((0, 200)));
        assert_eq!(read("0..18446744073709551615"), Some((0, u64::MAX)));
        for text in [
            "10..0",
            "5..5",
            "abc",
            "1",
            "..",
            "1..",
            "..1",
            "0..18446744073709551616",
            "-1..5",
            "+1..5",
            "0...5",
            "0..=5",
            "0..5..9",
            "",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn seeds_are_digits() {
        for (text, found) in [
            ("0", Some(0)),
            ("007", Some(7)),
            ("+7", None),
            ("-7", None),
            ("7 ", None),
            ("", None),
            ("0x7", None),
        ] {
            assert_eq!(seed(text).ok(), found, "{text}");
        }
    }
}
