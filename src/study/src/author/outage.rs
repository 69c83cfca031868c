//! Providers in content files: `[outage]` with `status-lag`, `automatic`, perhaps `callers` and `capacity`, an `[[outage.binding]]` for each app (`app`,
//! `providers`, and its `region` by name if there are regions), an `[[outage.work]]` for what colleagues ask for (`kind`,
//! `app`, `at`, and `migration` or `deploy` by name if it is one), and an `[[outage.order]]` for what they order of the watch
//! (`at`, and what, as an action says it).

use super::names::Names;
use super::read::{File, Table, Value};
use protocol::{BindingPlan, Fault, OutageEffect, OutagePlan, OutageSituation, WorkPlan};

/// The providers.
const PROVIDERS: &[&str] = &["database", "object-store", "queue", "payment"];

/// The nodes of a plan with providers.
pub const NODES: &[&str] = &[
    "watch",
    "provider-database",
    "provider-object-store",
    "provider-queue",
    "provider-payment",
];

/// What may be asked for.
const KINDS: &[&str] = &["deploy", "promotion", "migration", "wake"];

/// What can be done while a provider is in trouble.
pub const EFFECTS: &[&str] = &[
    "declare-outage",
    "blame-app",
    "resume-provider",
    "lift-all",
    "mark-passed",
    "fail-over",
    "rotate-secret",
    "renew-certificate",
    "restart-apps",
    "roll-back-app",
];

/// What can be so of providers and what waits for them.
const SITUATIONS: &[&str] = &[
    "told-the-cause",
    "told-another",
    "work-goes-on",
    "nobody-left-behind",
];

fn provider(value: Value<'_>, file: &File<'_>) -> String {
    value.name().check(file, "provider", PROVIDERS)
}

/// The providers of a plan.
pub fn plan(value: Value<'_>, names: &Names<'_>) -> Option<OutagePlan> {
    let table = value.table("the providers")?;
    let region = |table: &Table<'_>| {
        let region = table.get("region");
        region.map_or(0, |value| names.region(&value.name()))
    };
    let binding = |table: Table<'_>| {
        let list = table.need("providers").map(Value::list);
        let binding = BindingPlan {
            app: names.app(&table.name("app")),
            region: region(&table),
            providers: list
                .unwrap_or_default()
                .into_iter()
                .map(|value| provider(value, names.file))
                .collect(),
        };
        table.finish();
        binding
    };
    let work = |table: Table<'_>| {
        let kind = table.name("kind").check(names.file, "kind", KINDS);
        let which = match kind.as_str() {
            "migration" => names.migration(&table.name("migration")),
            "deploy" => names.deploy(&table.name("deploy")),
            _ => 0,
        };
        let work = WorkPlan {
            kind,
            app: names.app(&table.name("app")),
            which,
            at: table.time("at"),
        };
        table.finish();
        work
    };
    let order = |table: Table<'_>| {
        let (key, value) = table.which(EFFECTS)?;
        let order = (table.time("at"), effect(key, value, names));
        table.finish();
        Some(order)
    };
    let tables = |key, what| table.tables(key, what).into_iter();
    let plan = OutagePlan {
        bindings: tables("binding", "a binding").map(binding).collect(),
        works: tables("work", "a piece of work").map(work).collect(),
        orders: tables("order", "an order").filter_map(order).collect(),
        status_lag: table.time("status-lag"),
        callers: table.get("callers").map_or(0, Value::count),
        capacity: table.get("capacity").map_or(0, Value::count),
        automatic: table.flag("automatic"),
    };
    table.finish();
    Some(plan)
}

/// What is done while a provider is in trouble.
pub fn effect(key: &str, value: Value<'_>, names: &Names<'_>) -> OutageEffect {
    let provider = || provider(value, names.file);
    match key {
        "declare-outage" => OutageEffect::DeclareOutage(provider()),
        "blame-app" => OutageEffect::BlameApp(names.app(&value.name())),
        "resume-provider" => OutageEffect::ResumeProvider(provider()),
        "mark-passed" => OutageEffect::MarkPassed(value.count::<u16>().saturating_sub(1)),
        "fail-over" => OutageEffect::FailOver(names.region(&value.name())),
        "rotate-secret" => OutageEffect::RotateSecret(provider()),
        "renew-certificate" => OutageEffect::RenewCertificate(provider()),
        "roll-back-app" => OutageEffect::RollBackApp(names.app(&value.name())),
        flag => {
            value.flag();
            if flag == "lift-all" {
                OutageEffect::LiftAll
            } else {
                OutageEffect::RestartApps
            }
        }
    }
}

/// That something is so: `{ outage = "told-the-cause" }`.
pub fn situation(value: Value<'_>, file: &File<'_>) -> OutageSituation {
    match value.name().check(file, "situation", SITUATIONS).as_str() {
        "told-the-cause" => OutageSituation::ToldTheCause,
        "told-another" => OutageSituation::ToldAnother,
        "nobody-left-behind" => OutageSituation::NobodyLeftBehind,
        _ => OutageSituation::WorkGoesOn,
    }
}

/// A fault of a provider, by its id.
pub fn fault(id: &str, table: &Table<'_>, names: &Names<'_>) -> Option<Fault> {
    let provider = provider(table.need("provider")?, names.file);
    Some(match id {
        "provider-down" => Fault::ProviderDown {
            provider,
            region: table.get("region").map(|value| names.region(&value.name())),
            unsaid: table.get("unsaid").is_some_and(Value::flag),
        },
        "slow-provider" => Fault::SlowProvider {
            provider,
            by: table.time("by"),
        },
        "expired-certificate" => Fault::ExpiredCertificate { provider },
        _ => Fault::RevokedCredentials { provider },
    })
}
