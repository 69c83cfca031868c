//! Deployments from Git in content files: `[gitops]` with `locals`, `nodes`, `schemas` and a `[[gitops.deployment]]` for
//! each, with its `name`, `node`, `component`, `rollback` and the `revision` that the first commit wants.

use super::names::Names;
use super::read::{File, Table, Value};
use protocol::{DeploymentPlan, Fault, GitOpsEffect, GitOpsPlan, Situation};

/// Where a version may fail.
const FAILS: &[&str] = &["pull", "create", "health"];

/// What can be done about a deployment.
pub const EFFECTS: [&str; 6] = [
    "approve-prune",
    "revert-commit",
    "commit-revision",
    "retry-deployment",
    "force-delete",
    "mark-installed",
];

/// The deployments of a plan.
pub fn gitops(table: &Table<'_>, file: &File<'_>) -> Option<GitOpsPlan> {
    let table = table.get("gitops")?.table("the deployments from Git")?;
    let nodes = table.count("nodes");
    let known: Vec<String> = (1..=nodes).map(|n| format!("en-{n}")).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let deployment = |table: Table<'_>| {
        let node = table.name("node").position(file, "node", &known);
        let deployment = DeploymentPlan {
            name: table.text("name"),
            node: node.and_then(|n| u16::try_from(n).ok()).unwrap_or_default(),
            component: table.count("component"),
            rollback: table.get("rollback").is_none_or(Value::flag),
            revision: table.get("revision").map(Value::count).unwrap_or_default(),
        };
        table.finish();
        deployment
    };
    let plan = GitOpsPlan {
        locals: table.count("locals"),
        nodes,
        schemas: table
            .need("schemas")
            .map(Value::list)
            .unwrap_or_default()
            .into_iter()
            .map(Value::count)
            .collect(),
        deployments: table
            .tables("deployment", "a deployment")
            .into_iter()
            .map(deployment)
            .collect(),
    };
    table.finish();
    Some(plan)
}

/// A commit: `set = [{ deployment = "camera", revision = 2 }]`, `remove = ["camera"]`.
pub fn commit(table: &Table<'_>, names: &Names<'_>) -> Fault {
    let set = table.tables("set", "a deployment and its revision");
    let mut changes: Vec<(u16, u8)> = set
        .into_iter()
        .map(|table| {
            let change = (
                names.deployment(&table.name("deployment")),
                table.count("revision"),
            );
            table.finish();
            change
        })
        .collect();
    let removed = table.get("remove").map(Value::list).unwrap_or_default();
    changes.extend(
        removed
            .into_iter()
            .map(|value| (names.deployment(&value.name()), 0)),
    );
    Fault::GitCommit { changes }
}

/// A version that does not work.
pub fn bad(table: &Table<'_>, names: &Names<'_>) -> Fault {
    Fault::BadRevision {
        deployment: names.deployment(&table.name("deployment")),
        revision: table.count("revision"),
        fails: table.name("fails").check(names.file, "way to fail", FAILS),
    }
}

/// What is done about a deployment.
pub fn effect(key: &str, value: Value<'_>, names: &Names<'_>) -> Option<GitOpsEffect> {
    let deployment = |value: Value<'_>| names.deployment(&value.name());
    Some(match key {
        "approve-prune" => {
            value.flag();
            GitOpsEffect::ApprovePrune
        }
        "revert-commit" => {
            value.flag();
            GitOpsEffect::RevertCommit
        }
        "retry-deployment" => GitOpsEffect::RetryDeployment(deployment(value)),
        "force-delete" => GitOpsEffect::ForceDelete(deployment(value)),
        "mark-installed" => GitOpsEffect::MarkInstalled(deployment(value)),
        _ => {
            let table = value.table("a deployment and its revision")?;
            let deployment = names.deployment(&table.name("deployment"));
            let revision = table.count("revision");
            table.finish();
            GitOpsEffect::CommitRevision(deployment, revision)
        }
    })
}

/// That a deployment is in a state: `{ deployment = "camera", state = "INSTALLED", revision = 2 }`.
pub fn situation(value: Value<'_>, table: &Table<'_>, names: &Names<'_>) -> Situation {
    let states = names.states("co-lo-en-deployment");
    Situation::Deployment {
        deployment: names.deployment(&value.name()),
        state: table.name("state").check(names.file, "state", &states),
        revision: table.get("revision").map(Value::count),
    }
}
