//! Coverage: everything that is declared happens in some run: states, arrows, rulings, failure modes, faults, properties.

use crate::sweep::{Job, jobs, seeds};
use platform::CATALOG;
use probe::plans;
use protocol::{FAULTS, Fault, PROPERTIES, Reply, Request};
use rayon::prelude::*;
use std::collections::BTreeSet;
use world::Bench;
use world::replay;

/// By what a failure mode is recognised when it happens: words of the sentence that tells of it, or a refusal.
const MODES: [(&str, &str, Sign); 35] = [
    (
        "Production Promotion",
        "late worker report",
        Sign::Words("said earlier is written down and counts for nothing"),
    ),
    (
        "Production Promotion",
        "route epoch conflict",
        Sign::Words("the promotion was judged at epoch"),
    ),
    (
        "Production Promotion",
        "edge replay gap",
        Sign::Words("what would come next is gone from the log"),
    ),
    (
        "Production Promotion",
        "DB rollback unsafe",
        Sign::Refusal("rollback-target-reads-the-schema", ""),
    ),
    (
        "Deploy Pipeline",
        "stale artifacts",
        Sign::Words("failed: its generated files are stale"),
    ),
    (
        "Deploy Pipeline",
        "build digest mismatch",
        Sign::Words("failed: twice the registry found another digest than the builder"),
    ),
    (
        "Deploy Pipeline",
        "cold deploy needs approval",
        Sign::Words("waits: live state would be lost, and nobody has agreed to that"),
    ),
    (
        "Deploy Pipeline",
        "migration blocks preview",
        Sign::Words("waits: the migration that it needs has not been applied"),
    ),
    (
        "Deployment attempt",
        "orphaned attempt",
        Sign::Words("the sweep found"),
    ),
    (
        "Deployment attempt",
        "late attempt end",
        Sign::Words("comes late:"),
    ),
    (
        "Deployment attempt",
        "teardown of unknown",
        Sign::Words("is refused: 409, its state is unknown"),
    ),
    (
        "CO-LO-EN deployment",
        "image pull failed",
        Sign::Words("failed: image pull failed"),
    ),
    (
        "CO-LO-EN deployment",
        "container creation failed",
        Sign::Words("failed: container creation failed"),
    ),
    (
        "CO-LO-EN deployment",
        "health check failed",
        Sign::Words("failed: health check failed"),
    ),
    (
        "CO-LO-EN deployment",
        "node offline during install",
        Sign::Words("failed: its node is offline"),
    ),
    (
        "Database Migration",
        "destructive migration",
        Sign::Words("it takes data away, and nobody has approved that"),
    ),
    (
        "Database Migration",
        "old app incompatible",
        Sign::Words("an artifact in use cannot work with its schema"),
    ),
    (
        "Database Migration",
        "preview mutates production",
        Sign::Words("what was to be a copy is production"),
    ),
    (
        "Database Migration",
        "manual lock timeout",
        Sign::Words("the lock was not to be had"),
    ),
    (
        "Region Enablement",
        "artifact absent",
        Sign::Refusal("artifact-verified-in-region", ""),
    ),
    (
        "Region Enablement",
        "DB not replicated",
        Sign::Refusal("data-topology-ready", ""),
    ),
    (
        "Region Enablement",
        "session store missing",
        Sign::Refusal("session-store-present", ""),
    ),
    (
        "Region Enablement",
        "residency policy violation",
        Sign::Words("its data may not live there"),
    ),
    (
        "Wake",
        "payment webhook while cold",
        Sign::Refusal("request-class-safe-to-hold", "webhook"),
    ),
    (
        "Wake",
        "wake stampede",
        Sign::Refusal("hold-slots-free", ""),
    ),
    (
        "Wake",
        "readiness timeout",
        Sign::Words("readiness did not pass in time"),
    ),
    (
        "Wake",
        "old route epoch",
        Sign::Refusal("route-epoch-current", ""),
    ),
    (
        "Allocation Lifecycle",
        "runner crash",
        Sign::Words("the runner came back without it"),
    ),
    (
        "Allocation Lifecycle",
        "secret missing",
        Sign::Words("a secret is missing"),
    ),
    (
        "Allocation Lifecycle",
        "OOM",
        Sign::Words("killed for its memory"),
    ),
    (
        "Allocation Lifecycle",
        "session still active at drain deadline",
        Sign::Words("cutting off"),
    ),
    (
        "Host Drain / OS Upgrade",
        "no headroom",
        Sign::Words("(no headroom)"),
    ),
    (
        "Host Drain / OS Upgrade",
        "active sessions pinned",
        Sign::Words("(active sessions pinned)"),
    ),
    (
        "Host Drain / OS Upgrade",
        "provider outage",
        Sign::Words("(provider outage)"),
    ),
    (
        "Host Drain / OS Upgrade",
        "runner-agent regression",
        Sign::Words("(runner-agent regression)"),
    ),
];

/// How something is recognised in a run.
#[derive(Clone, Copy)]
enum Sign {
    /// A sentence has these words.
    Words(&'static str),
    /// A gate refuses, in an entry whose sentence has these words.
    Refusal(&'static str, &'static str),
}

/// What happened in one run, one line each.
fn happened(job: &Job<'_>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut bench = Bench::new();
    let replay = replay(job.plan, job.seed, job.played);
    let Reply::Opened(opened) = bench.handle(Request::Open {
        plan: Box::new(job.plan.clone()),
        replay: Box::new(replay),
    }) else {
        panic!("{} does not open", job.name());
    };
    for property in &opened.frame.properties {
        if property.verdict != protocol::Verdict::NotExercised {
            found.insert(format!("property {}", property.id));
        }
    }
    let mut from = 0;
    while from < opened.frame.step {
        let Reply::Entries(entries) = bench.handle(Request::Entries {
            from,
            to: from + 500,
            told_only: false,
        }) else {
            break;
        };
        from += 500;
        for entry in entries {
            for moved in &entry.moved {
                let spec = CATALOG.lifecycles[usize::from(moved.lifecycle)];
                found.insert(format!(
                    "state {} {}",
                    spec.name,
                    spec.states[usize::from(moved.to)].name
                ));
                if let Some(transition) = moved.transition {
                    found.insert(format!(
                        "transition {} {}",
                        spec.name,
                        spec.transitions[usize::from(transition)].name
                    ));
                }
            }
            let refused: Vec<String> = entry
                .ruled
                .iter()
                .map(|ruling| {
                    (
                        CATALOG.gates[usize::from(ruling.gate)].id(),
                        &ruling.verdict,
                    )
                })
                .inspect(|(gate, verdict)| _ = found.insert(format!("gate {gate} {verdict}")))
                .filter_map(|(gate, verdict)| (verdict == "refused").then_some(gate))
                .collect();
            for (lifecycle, mode, sign) in MODES {
                let seen = match sign {
                    Sign::Words(words) => entry.sentence.contains(words),
                    Sign::Refusal(gate, words) => {
                        refused.iter().any(|refused| refused == gate)
                            && entry.sentence.contains(words)
                    }
                };
                if seen {
                    found.insert(format!("failure mode {lifecycle} {mode}"));
                }
            }
            for spec in FAULTS {
                if entry
                    .sentence
                    .to_lowercase()
                    .contains(&format!("trouble began: {}", spec.title.to_lowercase()))
                {
                    found.insert(format!("fault {}", spec.id));
                }
            }
        }
    }
    let case = world::case_of(job.plan, job.seed);
    let placed = job
        .plan
        .faults
        .iter()
        .chain(case.into_iter().flat_map(|case| &case.faults))
        .map(|placed| &placed.fault);
    // These begin without an entry of their own: they are part of what clients, store, vault and colleagues do.
    let silent = |fault: &&Fault| {
        matches!(
            fault,
            Fault::RequestBurst { .. }
                | Fault::CorruptArtifact { .. }
                | Fault::MissingSecret { .. }
                | Fault::Promotion { .. }
                | Fault::RegionLack { .. }
                | Fault::DatabaseTrouble { .. }
                | Fault::PlanChange { .. }
                | Fault::ResidencyChange { .. }
                | Fault::GitCommit { .. }
                | Fault::BadRevision { .. }
                | Fault::AgentRegression { .. }
                | Fault::HandPatch { .. }
                | Fault::LongSessions { .. }
                | Fault::SnapshotTrouble { .. }
                | Fault::ServicesDown { .. }
                | Fault::SchemaChange { .. }
                | Fault::DataCorruption { .. }
                | Fault::DataSchema { .. }
                | Fault::LogRecreated { .. }
                | Fault::PromotionOrder { .. }
                | Fault::PipelineTrouble { .. }
                | Fault::WeightyCommit { .. }
                | Fault::SharedData { .. }
                | Fault::HiddenAddresses { .. }
                | Fault::RevokedIdentity { .. }
                | Fault::SlowProvider { .. }
                | Fault::RevokedCredentials { .. }
        )
    };
    found.extend(
        placed
            .filter(silent)
            .map(|fault| format!("fault {}", fault.spec().id)),
    );
    found
}

/// Everything that is declared, in the same words.
fn declared() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for spec in CATALOG.lifecycles {
        all.extend(
            spec.states
                .iter()
                .map(|state| format!("state {} {}", spec.name, state.name)),
        );
        all.extend(
            spec.transitions
                .iter()
                .map(|transition| format!("transition {} {}", spec.name, transition.name)),
        );
        all.extend(
            spec.failure_modes
                .iter()
                .map(|mode| format!("failure mode {} {}", spec.name, mode.name)),
        );
    }
    all.extend(CATALOG.gates.iter().flat_map(|gate| {
        ["passed", "refused"].map(|verdict| format!("gate {} {verdict}", gate.id()))
    }));
    all.extend(FAULTS.iter().map(|spec| format!("fault {}", spec.id)));
    // That two runs are alike is judged from outside a run.
    all.extend(
        PROPERTIES
            .iter()
            .filter(|spec| spec.id != "o-42")
            .map(|spec| format!("property {}", spec.id)),
    );
    all
}

#[test]
fn everything_declared_happens_in_some_run_digest_sweep() {
    let plans = plans::all();
    let jobs = jobs(&plans, &seeds(60));
    let found = jobs
        .par_iter()
        .map(happened)
        .reduce(BTreeSet::new, |mut all, mut more| {
            all.append(&mut more);
            all
        });
    let missing: Vec<String> = declared().difference(&found).cloned().collect();
    assert!(
        missing.is_empty(),
        "never happened in {} runs:\n{}",
        jobs.len(),
        missing.join("\n")
    );
}
