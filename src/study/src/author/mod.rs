//! Content files and their reader, for authors.
//!
//! **Invariants.** [`load`] never fails and always reports: a file with a problem is left out of the library, and every
//! problem says which file, which line, what was expected and what the nearest name is.

mod act;
mod anti_patterns;
mod claim;
mod fault;
mod fleet;
mod gitops;
mod hosts;
mod incidents;
mod lesson;
mod migration;
mod names;
mod outage;
mod pipeline;
mod pressure;
mod promotion;
mod read;
mod region;
mod restore;
mod scenario;
mod seeds;
mod sessions;
mod traces;
mod vary;

use crate::{Library, Scenario};
use machine::Catalog;
use protocol::Problem;
use read::{File, Table};
use toml::de::DeTable;

pub use anti_patterns::anti_patterns;

/// Names of content files, each with its text.
macro_rules! content {
    ($($name:literal),+ $(,)?) => {
        &[$((
            concat!($name, ".toml"),
            include_str!(concat!("../../content/", $name, ".toml")),
        )),+]
    };
}

/// The content that comes with the lab: names and texts.
#[must_use]
pub fn files() -> &'static [(&'static str, &'static str)] {
    content![
        "scenarios/stuck-wake",
        "scenarios/wake-stampede",
        "worlds/all-by-themselves",
        "worlds/any-fleet",
        "worlds/applied-not-verified",
        "worlds/artifact-clean-up",
        "worlds/bad-builds",
        "worlds/bad-deploy",
        "worlds/bad-night",
        "worlds/bad-revision",
        "worlds/blank-field",
        "worlds/blocked-migration",
        "worlds/blocked-preview",
        "worlds/closed-doors",
        "worlds/control-plane-restore",
        "worlds/costly-column",
        "worlds/crash-loop",
        "worlds/crowded-hosts",
        "worlds/cut-off-runners",
        "worlds/database-migration",
        "worlds/database-restore",
        "worlds/deploy-pipeline",
        "worlds/deployment-attempts",
        "worlds/drain-trouble",
        "worlds/falling-asleep",
        "worlds/flapping-region",
        "worlds/foreign-event",
        "worlds/freeze-ignored",
        "worlds/from-commit-to-production",
        "worlds/get-page-while-hot",
        "worlds/get-page-while-sleeping",
        "worlds/gitops-rollout",
        "worlds/handover",
        "worlds/held-by-maintenance",
        "worlds/hidden-limit",
        "worlds/host-os-upgrade",
        "worlds/hot-from-the-start",
        "worlds/immutable-asset-request",
        "worlds/impatient-consoles",
        "worlds/kept-nowhere",
        "worlds/large-fleet",
        "worlds/large-uploads",
        "worlds/late-hand",
        "worlds/late-readiness",
        "worlds/long-load",
        "worlds/lost-edge",
        "worlds/lost-tail",
        "worlds/mass-deletion",
        "worlds/moving-ground",
        "worlds/no-way-back",
        "worlds/offline-node",
        "worlds/one-command",
        "worlds/one-too-many",
        "worlds/payment-webhook-while-cold",
        "worlds/post-action-while-cold",
        "worlds/preview-deploy-request",
        "worlds/previewed-or-not",
        "worlds/production-promotion",
        "worlds/provider-outage",
        "worlds/rebuilt-way-back",
        "worlds/reconnect-trouble",
        "worlds/region-enablement",
        "worlds/region-trouble",
        "worlds/repeated-event",
        "worlds/repeated-posts",
        "worlds/restart-in-postcheck",
        "worlds/retry-storm",
        "worlds/route-event-replay-gap",
        "worlds/second-thoughts",
        "worlds/seven-seconds",
        "worlds/shared-binding",
        "worlds/shared-rack",
        "worlds/slow-providers",
        "worlds/slow-store",
        "worlds/stored-webhooks",
        "worlds/three-regions",
        "worlds/tight-hosts",
        "worlds/two-truths",
        "worlds/unapproved-image",
        "worlds/unknown-teardown",
        "worlds/websocket-reconnect",
        "worlds/woken-in-turn",
        "worlds/wrong-bytes",
        "worlds/wrong-clocks",
    ]
}

/// Turns content files into a library and says what is wrong with them.
#[must_use]
pub fn load(files: &[(&str, &str)], catalog: &Catalog) -> (Library, Vec<Problem>) {
    let mut library = Library::default();
    let mut problems = Vec::new();
    for (name, text) in files {
        let (scenario, found) = read_scenario(name, text, catalog);
        match scenario.filter(|_| found.is_empty()) {
            Some(scenario) if library.scenario(&scenario.plan.id).is_some() => {
                let problem = Problem::new(
                    "taken-id",
                    format!("another file has the scenario `{}`", scenario.plan.id),
                );
                problems.push(
                    problem
                        .detail(format!("{name}, line 1."))
                        .hint("Give it another title."),
                );
            }
            Some(scenario) => library.scenarios.push(scenario),
            None => problems.extend(found),
        }
    }
    (library, problems)
}

fn read_scenario(name: &str, text: &str, catalog: &Catalog) -> (Option<Scenario>, Vec<Problem>) {
    let file = File::new(name, text);
    let (root, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        let scenario = scenario::read(Table::whole(&file, &root), catalog, &file);
        return (Some(scenario), file.into_problems());
    }
    for error in errors {
        let problem = Problem::new(
            "not-toml",
            format!("this cannot be read as TOML: {}", error.message()),
        );
        file.report(&error.span().unwrap_or(0..0), problem);
    }
    (None, file.into_problems())
}
