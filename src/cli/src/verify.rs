//! `lab verify`: run a shared replay again and compare it with what it claims.
//!
//! **Invariants.** Only this engine's replays of this content are compared; another's is refused with the reason, since
//! a difference would say nothing.

use crate::BROKE;
use crate::args;
use crate::input::{self, short};
use crate::out::{Out, Stop};
use protocol::{ENGINE, LinkError, Mismatch, Problem, Replay, RunReport};
use serde::Serialize;
use std::path::Path;
use study::Library;

/// What is printed as JSON.
#[derive(Serialize)]
struct Report {
    /// The run as it came out.
    run: RunReport,
    /// The claimed fingerprint.
    claimed: Option<String>,
    /// Whether it came out as claimed; nothing if it claims nothing.
    matches: Option<bool>,
}

pub fn verify(args: &args::Verify, library: &Library, out: &mut Out) -> Result<u8, Stop> {
    let replay = replay(&args.replay)?;
    if replay.engine != ENGINE {
        let problem = Problem::new(
            "other-engine",
            format!("this replay was made by engine {}", replay.engine),
        );
        let problem = problem.detail(format!(
            "This is engine {ENGINE}; the same run may come out otherwise here, rightly."
        ));
        return Err(problem
            .hint("Verify it with the engine that made it, or run the scenario anew.")
            .into());
    }
    let plan = &input::scenario(library, &replay.scenario)?.plan;
    if replay.content != plan.digest() {
        let problem = Problem::new(
            "other-content",
            format!("`{}` is not what it was when this replay was made", plan.id),
        );
        return Err(problem
            .detail("Its plan has been changed since then, so a difference would say nothing.")
            .into());
    }
    let run = world::run(plan, &replay).map_err(Stop::Problem)?;
    let claimed = replay.claim.map(|claim| format!("{claim:016x}"));
    let mismatch = claimed
        .as_ref()
        .filter(|claimed| **claimed != run.fingerprint)
        .map(|claimed| Mismatch {
            claimed: claimed.clone(),
            found: run.fingerprint.clone(),
        });
    let code = if mismatch.is_some() { BROKE } else { 0 };
    if args.json {
        let matches = claimed.is_some().then_some(mismatch.is_none());
        out.json(&Report {
            run,
            claimed,
            matches,
        })?;
        return Ok(code);
    }
    out.line(format!(
        "{}, seed {}, {} actions and reads",
        plan.title,
        replay.seed,
        replay.actions.len()
    ))?;
    match (&claimed, mismatch) {
        (_, Some(Mismatch { claimed, found })) => {
            out.line(format!(
                "DIFFERS: it claims {claimed} and comes out as {found}"
            ))?;
        }
        (Some(_), None) => out.line(format!("comes out as it claims: {}", run.fingerprint))?,
        (None, None) => out.line(format!("claims nothing; comes out as {}", run.fingerprint))?,
    }
    Ok(code)
}

/// A replay from whatever was given: a link, its text, or a file that holds one of them or JSON.
fn replay(given: &str) -> Result<Replay, Stop> {
    if given == "-" {
        let text = input::text(std::io::stdin().lock())
            .map_err(|error| Stop::Io(format!("standard input cannot be read: {error}")))?;
        return from_text(&text);
    }
    let path = Path::new(given);
    // A name that exists is a file, whatever it looks like.
    if path.exists() {
        return from_text(&input::file(path)?);
    }
    let begins_a_link = |c: char| c == 'v';
    let is_link = given.contains("://")
        || given.match_indices(begins_a_link).any(|(at, _)| {
            let digits = given[at + 1..].trim_start_matches(|c: char| c.is_ascii_digit());
            digits.len() < given.len() - at - 1 && digits.starts_with('.')
        });
    if is_link {
        return from_text(given);
    }
    Err(Stop::from(
        Problem::new(
            "no-replay",
            format!("`{}` is no link, and there is no such file", short(given)),
        )
        .hint(WANTED),
    ))
}

/// What can be verified.
const WANTED: &str = "Give the link that `lab run` prints or the page copies (it holds `v1.` and the run), a file that holds \
    one, or - for standard input.";

fn from_text(text: &str) -> Result<Replay, Stop> {
    let text = text.trim();
    if text.starts_with('{') {
        let mut replay: Replay = serde_json::from_str(text).map_err(|error| {
            let problem = Problem::new("replay-json", "this is no replay");
            problem.detail(format!("{error}."))
        })?;
        replay.waivers.sort();
        replay.waivers.dedup();
        replay.knobs.sort();
        replay.actions.sort_by_key(|placed| placed.at);
        return Ok(replay);
    }
    // In an address the text comes last; base64url has no full stop, so the last `v1.` is where it begins.
    let link = text.rfind("v1.").map_or(text, |start| &text[start..]);
    if link.contains("://") {
        let problem = Problem::new("no-replay", "this link holds no run to verify");
        return Err(problem
            .detail("It begins a run, and says nothing of what was done and what came of it.")
            .hint(WANTED)
            .into());
    }
    Replay::from_link(link).map_err(|error: LinkError| {
        let problem = error.problem();
        Stop::from(problem.detail("Nothing was run."))
    })
}
