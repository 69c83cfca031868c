//! `lab`: run, sweep and verify scenarios and gates from a terminal.
//!
//! **Invariants.** Whatever a person typed is shown with its control characters escaped. Standard output carries results
//! only; problems, progress and speed go to standard error. A reader that closes the pipe ends the program quietly.

mod args;
mod coverage;
mod input;
mod list;
mod out;
mod run;
mod story;
mod sweep;
mod teeth;
mod verify;

use args::{Args, Command};
use clap::Parser;
use clap::error::ErrorKind;
use out::{Out, Stop};
use platform::CATALOG;
use protocol::Problem;
use std::process::ExitCode;
use study::Library;

/// A property broke, a goal was missed, a replay came out otherwise, or something is not reached.
const BROKE: u8 = 1;
/// The command line cannot be understood.
const USAGE: u8 = 2;
/// Something that was given does not exist, is out of range or cannot be read.
const BAD_INPUT: u8 = 3;
/// Reading or writing failed.
const IO: u8 = 5;
/// The lab itself is wrong.
const BUG: u8 = 70;
/// It was ended from outside, and nothing had broken until then.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        out::complain(&format!("lab: this is a bug in the lab: {panic}"));
        std::process::exit(BUG.into());
    }));
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return ExitCode::from(explain(&error, wants_json())),
    };
    let json = args.command.json();
    let mut out = Out::new();
    let done = dispatch(args.command, &mut out).and_then(|code| out.end().map(|()| code));
    ExitCode::from(match done {
        Ok(code) => code,
        Err(Stop::ClosedPipe) => 0,
        Err(Stop::Io(reason)) => {
            out::complain(&format!("lab: {reason}"));
            IO
        }
        Err(Stop::Usage(problem)) => {
            complain(&problem, json);
            USAGE
        }
        Err(Stop::Problem(problem)) => {
            complain(&problem, json);
            BAD_INPUT
        }
    })
}

/// Says what is wrong, as people or as programs read it.
fn complain(problem: &Problem, json: bool) {
    // A problem always encodes: it is four texts.
    out::complain(&if json {
        serde_json::to_string(problem).unwrap_or_default()
    } else {
        format!("lab: {problem}")
    });
}

/// Whether a command line that cannot be understood asks for JSON all the same.
fn wants_json() -> bool {
    let mut words = std::env::args_os().skip(1);
    words
        .by_ref()
        .take_while(|word| word != "--")
        .any(|word| word == "--json")
}

fn dispatch(command: Command, out: &mut Out) -> Result<u8, Stop> {
    let library = library()?;
    match command {
        Command::List(args) => list::list(&args, &library, out),
        Command::Run(args) => run::run(&args, &library, out),
        Command::Story(args) => story::story(&args, &library, out),
        Command::Sweep(args) => sweep::sweep(&args, &library, out),
        Command::Verify(args) => verify::verify(&args, &library, out),
        Command::Teeth(args) => teeth::teeth(&args, &library, out),
        Command::Coverage(args) => coverage::coverage(&args, &library, out),
    }
}

/// The content that comes with the lab. A test keeps it free of problems.
fn library() -> Result<Library, Stop> {
    let (library, problems) = study::load(study::files(), &CATALOG);
    match problems.into_iter().next() {
        Some(problem) => Err(problem.into()),
        None => Ok(library),
    }
}

/// Help and version go to standard output; what cannot be understood is explained without echoing control characters.
fn explain(error: &clap::Error, json: bool) -> u8 {
    match error.kind() {
        // Whether anybody reads the help to its end is not ours to say.
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = error.print();
            0
        }
        _ if json => {
            complain(&usage(&error.render().to_string()), true);
            USAGE
        }
        _ => {
            out::complain(error.render().to_string().trim_end());
            USAGE
        }
    }
}

/// What clap says about a command line, as a problem: its first paragraph is what is wrong, its last what to do.
fn usage(text: &str) -> Problem {
    let line = |part: &str| part.split_whitespace().collect::<Vec<_>>().join(" ");
    let parts: Vec<String> = text
        .split("\n\n")
        .map(line)
        .filter(|part| !part.is_empty())
        .collect();
    let (first, rest) = parts
        .split_first()
        .map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    let message = first.strip_prefix("error: ").unwrap_or(first);
    let problem = Problem::new("usage", message);
    match rest.split_last() {
        Some((last, between)) => problem.detail(between.join(" ")).hint(last),
        None => problem,
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}
