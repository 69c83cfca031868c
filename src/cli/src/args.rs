//! What can be typed: commands, options and their help.

use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Run, sweep and verify scenarios of Study Lab.
#[derive(Debug, Parser)]
#[command(name = "lab", version, after_help = EXIT_CODES, after_long_help = LONG)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    everything held
  1    a property broke, a goal was missed, a replay came out otherwise, a gate has no teeth,
       or something declared is not reached
  2    the command line cannot be understood
  3    something given does not exist, is out of range or cannot be read
  5    reading or writing failed
  70   a bug in the lab
  130  ended from outside before anything broke";

const LONG: &str = "\
Exit codes:
  0    everything held
  1    a property broke, a goal was missed, a replay came out otherwise, a gate has no teeth,
       or something declared is not reached
  2    the command line cannot be understood
  3    something given does not exist, is out of range or cannot be read
  5    reading or writing failed
  70   a bug in the lab
  130  ended from outside before anything broke

JSON:
  `lab run --json` prints one object: engine, scenario, seed, severity, drawn, case, waived,
  knobs, actions, properties, goals, entries, end, fingerprint, link, held. Equal runs print equal bytes.
  `lab sweep --json` prints one object, with `--all` a list of them: engine, scenario, from,
  to, shard, severity, waived, knobs, played, runs, broke, partial, properties, goals,
  fingerprint, held. The number of jobs changes nothing in it.
  `lab teeth --json` prints one object: engine, from, to, gates (each with gate, breaks, goal,
  runs, scenario, seed, played, step, at, evidence, link), whole.
  `lab coverage --json` prints one object: engine, from, to, runs, sums (each with sort,
  declared, reached), rows (each with sort, of, name, runs, times, show), whole.
  `lab story --json` prints one object a line: step, at, node, sentence, cause, interesting.
  `lab verify --json` prints one object: run (as of `lab run`), claimed, matches.
  `lab list … --json` prints a list of objects.
  A problem goes to standard error as one object: code, message, detail, hint.
  Fields are added over time, never changed or removed. Times are in microseconds, sizes in
  bytes. The file README.md beside the source has every field.

A file of actions is TOML:
  [[action]]
  at = \"12.5s\"
  do = \"bind-secret\"
or JSON:
  [{\"at\": \"12.5s\", \"do\": \"bind-secret\"}]
What can be read is done the same way: do = \"wake-operation\".";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what there is: scenarios, gates, knobs, faults, properties, lifecycles, severities
    List(List),
    /// Run one scenario with one seed to its end
    Run(Run),
    /// Tell what happens in a run, a sentence for each entry
    Story(Story),
    /// Run one scenario, or all, with many seeds
    Sweep(Sweep),
    /// Run a shared replay again and compare it with what it claims
    Verify(Verify),
    /// Waive each gate in turn and show what breaks without it
    Teeth(Teeth),
    /// Say of everything that is declared whether it happens in some run, how often, and where
    Coverage(Coverage),
}

impl Command {
    /// Whether results are wanted as JSON.
    pub const fn json(&self) -> bool {
        match self {
            Self::List(args) => args.json,
            Self::Run(args) => args.json,
            Self::Story(args) => args.json,
            Self::Sweep(args) => args.json,
            Self::Verify(args) => args.json,
            Self::Teeth(args) => args.json,
            Self::Coverage(args) => args.json,
        }
    }
}

#[derive(Debug, clap::Args)]
pub struct List {
    /// What to show
    #[arg(value_enum, default_value = "scenarios")]
    pub what: Listed,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Listed {
    /// What can be run
    Scenarios,
    /// The rules of the platform; each can be waived
    Gates,
    /// The numbers of the platform; each can be set
    Knobs,
    /// What can go wrong around it
    Faults,
    /// What must hold of every run
    Properties,
    /// States and transitions of its things
    Lifecycles,
    /// How hard the background of a run may be
    Severities,
    /// What nobody should do, and what stops or catches it
    AntiPatterns,
}

/// How a run differs from the scenario as it is.
#[derive(Debug, clap::Args)]
pub struct Changes {
    /// Waive a gate: its refusals are overridden and recorded; may be repeated
    #[arg(long, value_name = "GATE")]
    pub waive: Vec<String>,
    /// Set a knob: `hold-budget=9s`; may be repeated
    #[arg(long, value_name = "KNOB=VALUE")]
    pub set: Vec<String>,
    /// How hard the background is: `calm`, `rough` (as the world was written) or `storm`
    #[arg(long, value_name = "SEVERITY", default_value = "rough")]
    pub severity: String,
    /// Do what this file says (TOML or JSON)
    #[arg(long, value_name = "FILE", conflicts_with = "solve")]
    pub actions: Option<PathBuf>,
    /// Do what the reference solution of the drawn case does
    #[arg(long)]
    pub solve: bool,
    /// Do six of the scenario's actions at moments that the seed draws
    #[arg(long, conflicts_with_all = ["solve", "actions"])]
    pub meddle: bool,
}

#[derive(Debug, clap::Args)]
pub struct Run {
    /// The scenario, by id
    pub scenario: String,
    /// The seed: a whole number from 0 to 18446744073709551615
    #[arg(
        long,
        value_name = "N",
        default_value = "0",
        allow_hyphen_values = true
    )]
    pub seed: String,
    #[command(flatten)]
    pub changes: Changes,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct Story {
    /// The scenario, by id
    pub scenario: String,
    /// The seed: a whole number from 0 to 18446744073709551615
    #[arg(
        long,
        value_name = "N",
        default_value = "0",
        allow_hyphen_values = true
    )]
    pub seed: String,
    #[command(flatten)]
    pub changes: Changes,
    /// Begin at this time of the run: `40s`
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// End at this time of the run
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Tell heartbeats and acknowledgements, too
    #[arg(long)]
    pub all: bool,
    /// Print JSON, one entry a line
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct Sweep {
    /// The scenario, by id; or `--all`
    #[arg(
        value_name = "SCENARIO|--all",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    pub scenario: Option<String>,
    /// Every scenario
    #[arg(long, conflicts_with = "actions")]
    pub all: bool,
    /// The seeds, from the first up to but without the last: `0..200`
    #[arg(long, value_name = "A..B", allow_hyphen_values = true)]
    pub seeds: String,
    #[command(flatten)]
    pub changes: Changes,
    /// How many runs at once [default: one for each processor]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub jobs: Option<String>,
    /// Run only the I-th of N parts of the seeds: `1/4`
    #[arg(long, value_name = "I/N", allow_hyphen_values = true)]
    pub shard: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct Verify {
    /// A link, the text that begins with `v1.`, or a file that holds one of them or a replay as JSON; `-` reads standard input
    pub replay: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct Teeth {
    /// Only this gate, by id; may be repeated
    #[arg(long = "gate", value_name = "GATE")]
    pub gates: Vec<String>,
    /// The seeds in which to look, from the first up to but without the last
    #[arg(
        long,
        value_name = "A..B",
        default_value = "0..1000",
        allow_hyphen_values = true
    )]
    pub seeds: String,
    /// How many runs at once [default: one for each processor]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub jobs: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct Coverage {
    /// The seeds to run, from the first up to but without the last
    #[arg(
        long,
        value_name = "A..B",
        default_value = "0..20",
        allow_hyphen_values = true
    )]
    pub seeds: String,
    /// Show only what never happens
    #[arg(long)]
    pub missing: bool,
    /// How many runs at once [default: one for each processor]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub jobs: Option<String>,
    /// Print JSON
    #[arg(long, conflicts_with = "missing")]
    pub json: bool,
}

/// One part of many.
#[derive(Clone, Copy, Debug)]
pub struct Shard {
    /// Which, from 1.
    pub index: u64,
    /// Of how many.
    pub of: u64,
}
