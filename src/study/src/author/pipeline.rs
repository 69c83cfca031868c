//! The pipeline in content files: `[pipeline]` with `builders`, `clone`, `build`, `preview` and a `[[pipeline.deploy]]` for
//! each deployment, with `name`, `branch` and the time at which it is asked for, `request-at`; and `[attempts]` with
//! `workers`, `work` and an `[[attempts.deployment]]` for each, with `name`, `start-at`, `cancel-at` and `teardown-at`.

use super::names::Names;
use super::read::{File, Table, Value};
use protocol::{
    AttemptedPlan, AttemptsPlan, DeployPlan, EventsOf, PipelineEffect, PipelinePlan, Situation,
};

/// What can be wrong around the pipeline.
const SNAGS: &[&str] = &[
    "spoilt-build",
    "other-generator",
    "slow-build",
    "moved-branch",
    "missing-secret",
    "missing-provider",
    "migration-pending",
    "broken-preview",
    "resource-fails",
    "slow-resource",
];

/// What a commit can bring with it.
const CONTENTS: &[&str] = &[
    "stale-artifacts",
    "cold-change",
    "unclassified-state",
    "needs-migration",
    "unclassified-db",
    "does-not-compile",
    "fails-its-tests",
];

/// What can be done about a deployment on its way.
pub const EFFECTS: [&str; 13] = [
    "request-preview",
    "acknowledge-cold",
    "acknowledge-old-build",
    "classify-harmless",
    "cancel-deploy",
    "mend-pipeline",
    "start-attempt",
    "cancel-attempt",
    "reconcile-attempt",
    "tear-down",
    "force-tear-down",
    "repeat-event",
    "resume-events",
];

/// Whose events the log has.
const EVENTS: &[&str] = &["attempts", "previews"];

/// The pipeline of a plan.
pub fn pipeline(table: &Table<'_>) -> Option<PipelinePlan> {
    let table = table.get("pipeline")?.table("the pipeline")?;
    let deploy = |table: Table<'_>| {
        let deploy = DeployPlan {
            name: table.text("name"),
            branch: table.text("branch"),
            request_at: table.get("request-at").map(Value::time),
        };
        table.finish();
        deploy
    };
    let plan = PipelinePlan {
        deploys: table
            .tables("deploy", "a deployment")
            .into_iter()
            .map(deploy)
            .collect(),
        builders: table.count("builders"),
        clone: table.times("clone"),
        build: table.times("build"),
        preview: table.times("preview"),
    };
    table.finish();
    Some(plan)
}

/// The deployments of a plan that are attempted.
pub fn attempts(table: &Table<'_>) -> Option<AttemptsPlan> {
    let table = table.get("attempts")?.table("the attempts")?;
    let times = |table: &Table<'_>, key: &'static str| {
        let times = table.get(key).map(Value::list).unwrap_or_default();
        times.into_iter().map(Value::time).collect()
    };
    let deployment = |table: Table<'_>| {
        let deployment = AttemptedPlan {
            name: table.text("name"),
            start_at: times(&table, "start-at"),
            cancel_at: times(&table, "cancel-at"),
            teardown_at: times(&table, "teardown-at"),
        };
        table.finish();
        deployment
    };
    let plan = AttemptsPlan {
        deployments: table
            .tables("deployment", "a deployment")
            .into_iter()
            .map(deployment)
            .collect(),
        workers: table.count("workers"),
        work: table.times("work"),
    };
    table.finish();
    Some(plan)
}

/// What is wrong around the pipeline, by name.
pub fn snag(value: Value<'_>, file: &File<'_>) -> String {
    value.name().check(file, "pipeline trouble", SNAGS)
}

/// What a commit brings with it, by name.
pub fn content(value: Value<'_>, file: &File<'_>) -> String {
    value
        .name()
        .check(file, "thing that a commit brings", CONTENTS)
}

/// What a colleague does: one of the effects, as a key of the fault.
pub fn order(table: &Table<'_>, names: &Names<'_>) -> Option<PipelineEffect> {
    let order = table.need("order")?.table("an order")?;
    let found = order.which(&EFFECTS);
    order.finish();
    let (key, value) = found?;
    Some(effect(key, value, names))
}

/// Whose events, by name.
fn events(value: Value<'_>, names: &Names<'_>) -> EventsOf {
    let of = value.name().check(names.file, "kind of event", EVENTS);
    match of.as_str() {
        "previews" => EventsOf::Previews,
        _ => EventsOf::Attempts,
    }
}

/// That the log of events has everything that was committed: `{ events-told = "attempts" }`.
pub fn events_told(value: Value<'_>, names: &Names<'_>) -> Situation {
    Situation::EventsTold(events(value, names))
}

/// What is done about a deployment on its way.
pub fn effect(key: &str, value: Value<'_>, names: &Names<'_>) -> PipelineEffect {
    if key == "mend-pipeline" {
        return PipelineEffect::MendPipeline(snag(value, names.file));
    }
    let attempted = |value: Value<'_>| names.attempted(&value.name());
    match key {
        "repeat-event" => return PipelineEffect::RepeatEvent(events(value, names)),
        "resume-events" => return PipelineEffect::ResumeEvents(events(value, names)),
        "start-attempt" => return PipelineEffect::StartAttempt(attempted(value)),
        "cancel-attempt" => return PipelineEffect::CancelAttempt(attempted(value)),
        "reconcile-attempt" => return PipelineEffect::ReconcileAttempt(attempted(value)),
        "tear-down" => return PipelineEffect::TearDown(attempted(value)),
        "force-tear-down" => return PipelineEffect::ForceTearDown(attempted(value)),
        _ => {}
    }
    let deploy = names.deploy(&value.name());
    match key {
        "request-preview" => PipelineEffect::RequestPreview(deploy),
        "acknowledge-cold" => PipelineEffect::AcknowledgeCold(deploy),
        "acknowledge-old-build" => PipelineEffect::AcknowledgeOldBuild(deploy),
        "classify-harmless" => PipelineEffect::ClassifyHarmless(deploy),
        _ => PipelineEffect::CancelDeploy(deploy),
    }
}

/// That a deployment on its way is in a state: `{ preview = "checkout", state = "preview_ready" }`.
pub fn situation(value: Value<'_>, table: &Table<'_>, names: &Names<'_>) -> Situation {
    let states = names.states("deploy-pipeline");
    Situation::Preview {
        deploy: names.deploy(&value.name()),
        state: table.name("state").check(names.file, "state", &states),
    }
}

/// That a deployment that is attempted is in a state: `{ attempted = "wiki", state = "torn_down" }`.
pub fn attempted(value: Value<'_>, table: &Table<'_>, names: &Names<'_>) -> Situation {
    let mut states = names.states("deployment-attempt");
    states.push("torn_down");
    Situation::Attempted {
        deployment: names.attempted(&value.name()),
        state: table.name("state").check(names.file, "state", &states),
    }
}
