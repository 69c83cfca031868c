//! Digests: the same replay gives the same fingerprint, however it is stepped, recorded and sought, and in every build.

use crate::repository::root;
use crate::sweep::{Job, jobs, seeds};
use machine::fingerprint::fold;
use probe::alike::{PORTIONS, agree};
use probe::{plans, speed};
use protocol::{Advance, Frame, Plan, Reply, Request};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::process::Command;
use world::Bench;
use world::{Played, replay};

#[test]
fn a_digest_does_not_depend_on_how_a_run_is_stepped_recorded_or_sought() {
    let plans = plans::all();
    let jobs = jobs(&plans, &seeds(24));
    let wrong: Vec<String> = jobs
        .par_iter()
        .filter_map(|job| {
            let found =
                world::runs_alike(job.plan, &replay(job.plan, job.seed, job.played), &PORTIONS);
            let found = found
                .map_err(|problem| problem.to_string())
                .and_then(|found| agree(&found));
            Some(format!("{}: {}", job.name(), found.err()?))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The frame that a bench answers with.
fn frame(bench: &mut Bench, request: Request) -> Frame {
    match bench.handle(request) {
        Reply::Frame(frame) => *frame,
        Reply::Opened(opened) => opened.frame,
        other => panic!("no frame but {other:?}"),
    }
}

/// From wherever a run is gone back to, it comes out as before, in the past and at the end.
fn from_any_moment(plan: &Plan, seed: u64) {
    let mut bench = Bench::new();
    let replay = replay(plan, seed, Played::Solution);
    let end = frame(
        &mut bench,
        Request::Open {
            plan: Box::new(plan.clone()),
            replay: Box::new(replay),
        },
    );
    let mut step = 0;
    for nth in 0..60 {
        // To and fro over the whole run, never twice to one place, so that seeks begin before and behind every keyframe.
        step = (step + end.step * 37 / 60 + nth) % end.step;
        let there = frame(&mut bench, Request::Seek(step + 1));
        let Reply::Entries(entries) = bench.handle(Request::Entries {
            from: step,
            to: step + 1,
            told_only: false,
        }) else {
            panic!("no entry {step}")
        };
        assert_eq!(
            there.fingerprint, entries[0].fingerprint,
            "{} seed {seed} after entry {step}",
            plan.id
        );
        if nth % 6 == 0 {
            let mut on = there;
            while on.step < end.step {
                on = frame(&mut bench, Request::Advance(Advance::Until(plan.end)));
            }
            assert_eq!(
                on.fingerprint, end.fingerprint,
                "{} seed {seed} gone on from entry {step}",
                plan.id
            );
        }
    }
}

#[test]
fn a_digest_is_the_same_from_any_keyframe() {
    let plans = plans::all();
    plans
        .par_iter()
        .for_each(|plan| (0..2).for_each(|seed| from_any_moment(plan, seed)));
}

#[test]
fn a_bench_and_a_bare_run_have_one_digest() {
    for plan in plans::all() {
        let bare = world::run(&plan, &replay(&plan, 5, Played::Nothing)).unwrap();
        let (entries, fingerprint) = speed::at_a_bench(&plan, 5);
        assert_eq!(
            (bare.entries, bare.fingerprint),
            (entries, format!("{fingerprint:016x}")),
            "{}",
            plan.id
        );
    }
}

/// Where the golden fingerprints are, below the root.
const GOLDENS: &str = "tests/goldens/fingerprints.txt";

/// Golden fingerprints: the engine that made them, and one for each run, by what was run.
#[derive(Debug, Default, PartialEq, Eq)]
struct Goldens {
    engine: String,
    runs: BTreeMap<String, String>,
}

impl Goldens {
    /// Those of this build. The content is part of what was run, so that an edited lesson makes a line anew.
    fn here() -> Self {
        let plans = plans::all();
        let of = |job: &Job<'_>| {
            let run = format!(
                "{} {} {} {:016x}",
                job.plan.id,
                job.played.name(),
                job.seed,
                job.plan.digest()
            );
            (run, job.run().fingerprint)
        };
        let jobs = jobs(&plans, &(0..6));
        Self {
            engine: protocol::ENGINE.to_string(),
            runs: jobs.par_iter().map(of).collect(),
        }
    }

    fn read(text: &str) -> Self {
        let mut goldens = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            match line.rsplit_once(' ') {
                Some(("engine", version)) => goldens.engine = version.to_string(),
                Some((run, fingerprint)) => {
                    _ = goldens
                        .runs
                        .insert(run.to_string(), fingerprint.to_string())
                }
                None => {}
            }
        }
        goldens
    }

    fn write(&self) -> String {
        let mut text = format!(
            "engine {}\n# plan, played, seed, digest of the plan, fingerprint; made by BLESS=1 cargo test -p it golden\n",
            self.engine
        );
        for (run, fingerprint) in &self.runs {
            text += &format!("{run} {fingerprint}\n");
        }
        text
    }

    /// Runs that both have and that came out differently.
    fn changed<'a>(&self, other: &'a Self) -> Vec<&'a str> {
        let differs = |(run, fingerprint): &(&String, &String)| {
            self.runs.get(*run).is_some_and(|here| here != *fingerprint)
        };
        other
            .runs
            .iter()
            .filter(differs)
            .map(|(run, _)| run.as_str())
            .collect()
    }

    /// Whether these may take the place of older ones: what an engine makes of a run never changes under one version.
    fn may_replace(&self, older: &Self) -> Result<(), String> {
        let changed = older.changed(self);
        if changed.is_empty() || self.engine != older.engine {
            return Ok(());
        }
        Err(format!(
            "{} runs came out differently under one version of the engine, {}, among them {}: raise `version` in Cargo.toml, then bless",
            changed.len(),
            self.engine,
            changed[0]
        ))
    }
}

#[test]
fn golden_digests_are_those_of_this_build() {
    let here = Goldens::here();
    let path = root().join(GOLDENS);
    let kept = std::fs::read_to_string(&path)
        .map_or_else(|_| Goldens::default(), |text| Goldens::read(&text));
    if std::env::var_os("BLESS").is_some() {
        here.may_replace(&kept).unwrap();
        std::fs::write(&path, here.write()).unwrap();
        return;
    }
    let changed = kept.changed(&here);
    assert!(
        changed.is_empty(),
        "the engine behaves differently: {} runs, among them `{}`. If it is meant to, raise `version` in Cargo.toml and bless: BLESS=1 cargo test -p it golden",
        changed.len(),
        changed[0]
    );
    let only = |a: &Goldens, b: &Goldens| {
        a.runs
            .keys()
            .find(|run| !b.runs.contains_key(*run))
            .cloned()
    };
    assert!(
        here == kept,
        "the list of runs has changed (new: {:?}, gone: {:?}): BLESS=1 cargo test -p it golden",
        only(&here, &kept),
        only(&kept, &here)
    );
}

/// The file itself: what is about to be committed against what was committed last.
#[test]
fn goldens_change_with_the_version_only() {
    let show = Command::new("git")
        .args(["show", &format!("HEAD:{GOLDENS}")])
        .current_dir(root())
        .output();
    // Without git or a commit there is nothing to compare with.
    let Some(committed) = show.ok().filter(|output| output.status.success()) else {
        return;
    };
    let committed = Goldens::read(&String::from_utf8_lossy(&committed.stdout));
    let kept = std::fs::read_to_string(root().join(GOLDENS)).unwrap();
    Goldens::read(&kept).may_replace(&committed).unwrap();
}

#[test]
fn a_changed_golden_without_a_new_version_is_noticed() {
    let goldens = |engine: &str, fingerprint: &str| {
        Goldens::read(&format!(
            "engine {engine}\n# note\nplan nothing 0 aa {fingerprint}\n"
        ))
    };
    let old = goldens("1.0.0", "11");
    assert_eq!(Goldens::read(&old.write()), old);
    assert!(goldens("1.0.0", "11").may_replace(&old).is_ok());
    assert!(goldens("1.0.0", "12").may_replace(&old).is_err());
    assert!(goldens("1.0.1", "12").may_replace(&old).is_ok());
    let more = Goldens::read("engine 1.0.0\nplan nothing 0 aa 11\nplan nothing 1 aa 99\n");
    assert!(
        more.may_replace(&old).is_ok(),
        "new runs may come at any time"
    );
}

/// The order of a listing says nothing about a run, but two listings are compared line by line.
#[test]
fn two_listings_are_the_same_digest_for_digest() {
    let listing = || {
        let mut folded = 0;
        probe::lines::lines(1, |line| {
            if !line.starts_with("hazard") {
                folded = line
                    .bytes()
                    .fold(folded, |folded, byte| fold(folded, u64::from(byte)));
            }
        });
        folded
    };
    assert_eq!(listing(), listing());
}
