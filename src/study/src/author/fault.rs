//! Faults in content files: each kind with its own keys, apps and nodes by name.

use super::names::Names;
use super::read::{File, Name, Table, Value};
use protocol::{
    Background, FAULTS, Fault, MESSAGES, PlacedFault, Problem, Severity, Strength, When,
};

/// A fault with its place: `{ fault = "slow-pull", by = "10min", at = "0s", lasts = "30s" }`. `at` is the beginning of
/// the run when it is left out; `message`, `nth` and `allocation` place it at a message instead.
pub fn placed(table: Table<'_>, names: &Names<'_>) -> Option<PlacedFault> {
    let fault = kind(&table, names);
    let message = table.get("message").map(|value| message(value, names.file));
    let at = table.get("at");
    let when = match message {
        None => When::At(at.map(Value::time).unwrap_or_default()),
        Some(message) => {
            if at.is_some() {
                let problem = Problem::new(
                    "two-places",
                    "a fault begins at a time or at a message, not at both",
                );
                names
                    .file
                    .report(&table.span(), problem.hint("Remove `at` or `message`."));
            }
            When::Point {
                message,
                allocation: table.get("allocation").map(Value::count),
                nth: table.count("nth"),
            }
        }
    };
    let lasts = table.get("lasts").map(Value::time);
    table.finish();
    Some(PlacedFault {
        fault: fault?,
        when,
        lasts,
    })
}

/// A fault that comes and goes: `{ fault = "lost-message", rate = "2%", spells = "30%", period = "20s" }`, and what it is in
/// a calm and in a storm, if that is to be another thing than what follows from it: `storm = { rate = "5%", spells = "50%" }`.
pub fn background(table: Table<'_>, names: &Names<'_>) -> Option<Background> {
    let fault = kind(&table, names);
    let (per_million, period) = (table.share("spells"), table.time("period"));
    let [calm, storm] = ["calm", "storm"].map(|key| strength(table.get(key), fault.as_ref()));
    table.finish();
    Some(Background {
        fault: fault?,
        per_million,
        period,
        calm,
        storm,
    })
}

/// A severity by its id, or this one if the key is not there.
pub fn severity(table: &Table<'_>, key: &'static str, otherwise: Severity) -> Severity {
    table.get(key).map_or(otherwise, |value| {
        value.name().variant(value.file, "severity", otherwise)
    })
}

fn strength(value: Option<Value<'_>>, fault: Option<&Fault>) -> Strength {
    let Some(table) = value.and_then(|value| value.table("a strength")) else {
        return Strength::default();
    };
    let strength = Strength {
        rate: table.get("rate").map(Value::share),
        spells: table.get("spells").map(Value::share),
        by: match fault {
            Some(Fault::OutOfMemory { .. }) => table.get("extra").map(Value::size),
            Some(
                Fault::RunnerCrash { .. }
                | Fault::ControlCrash { .. }
                | Fault::EdgeCrash { .. }
                | Fault::NodeCrash { .. },
            ) => table.get("down").map(Value::time),
            _ => table.get("by").map(Value::time),
        },
    };
    table.finish();
    strength
}

/// The fault itself.
pub fn kind(table: &Table<'_>, names: &Names<'_>) -> Option<Fault> {
    let known: Vec<&str> = FAULTS.iter().map(|spec| spec.id).collect();
    let name = table.name("fault");
    name.position(names.file, "fault", &known)?;
    let app = || names.app(&table.name("app"));
    let node = || names.node(&table.name("node"));
    let numbered = |key, kind: &str| names.numbered(&table.name(key), kind);
    let any_kind = || table.get("kind").map(|value| message(value, names.file));
    Some(match name.text.as_str() {
        "late-report" => Fault::LateReport {
            kind: message_of(table, names.file),
            by: table.time("by"),
        },
        "lost-message" => Fault::LostMessage {
            kind: any_kind(),
            per_million: table.share("rate"),
        },
        "duplicated-message" => Fault::DuplicatedMessage {
            kind: any_kind(),
            per_million: table.share("rate"),
        },
        "reordered-message" => Fault::ReorderedMessage {
            per_million: table.share("rate"),
            by: table.time("by"),
        },
        "slow-pull" => Fault::SlowPull {
            by: table.time("by"),
        },
        "corrupt-artifact" => Fault::CorruptArtifact { app: app() },
        "missing-secret" => Fault::MissingSecret { app: app() },
        "readiness-never-passes" => Fault::ReadinessNeverPasses { app: app() },
        "binding-down" => Fault::BindingDown { app: app() },
        "oom" => Fault::OutOfMemory {
            app: app(),
            extra: table.size("extra"),
        },
        "slow-boot" => Fault::SlowBoot {
            app: app(),
            by: table.time("by"),
        },
        "runner-crash" => Fault::RunnerCrash {
            runner: numbered("runner", "runner"),
            down: table.time("down"),
        },
        "control-crash" => Fault::ControlCrash {
            down: table.time("down"),
        },
        "edge-crash" => Fault::EdgeCrash {
            edge: numbered("edge", "edge"),
            down: table.time("down"),
        },
        "request-burst" => Fault::RequestBurst {
            app: app(),
            count: table.count("count"),
            within: table.time("within"),
        },
        "network-partition" => {
            let side = |key| {
                let list = table.need(key).map(Value::list).unwrap_or_default();
                list.into_iter()
                    .map(|value| names.node(&value.name()))
                    .collect()
            };
            Fault::Partition {
                from: side("from"),
                to: side("to"),
                one_way: table.flag("one-way"),
            }
        }
        "promotion" => Fault::Promotion { app: app() },
        "slow-disk" => Fault::SlowDisk {
            node: node(),
            by: table.time("by"),
        },
        "clock-skew" => {
            let size = i64::try_from(table.time("by")).unwrap_or(i64::MAX);
            Fault::ClockSkew {
                node: node(),
                by: if table.flag("behind") { -size } else { size },
            }
        }
        "node-crash" => Fault::NodeCrash {
            node: node(),
            down: table.time("down"),
        },
        "database-trouble" => Fault::DatabaseTrouble {
            what: super::migration::trouble(table.need("what")?, names.file),
        },
        "plan-change" => Fault::PlanChange {
            migration: names.migration(&table.name("migration")),
        },
        "snapshot-trouble" => Fault::SnapshotTrouble {
            what: super::promotion::blemish(table.need("what")?, names.file),
        },
        "log-recreated" => Fault::LogRecreated {},
        "control-restored" => Fault::ControlRestored {
            age: table.time("age"),
            down: table.time("down"),
        },
        "services-down" => Fault::ServicesDown {},
        "data-corruption" => Fault::DataCorruption {},
        "data-schema" => Fault::DataSchema {
            to: table.count("to"),
        },
        "schema-change" => Fault::SchemaChange {
            to: table.count("to"),
        },
        "promotion-order" => Fault::PromotionOrder {
            app: app(),
            effect: super::promotion::order(table, names)?,
        },
        "pipeline-order" => Fault::PipelineOrder {
            effect: super::pipeline::order(table, names)?,
        },
        "pipeline-trouble" => Fault::PipelineTrouble {
            what: super::pipeline::snag(table.need("what")?, names.file),
            builder: table
                .get("builder")
                .map_or(0, |value| 1 + names.numbered(&value.name(), "builder")),
        },
        "weighty-commit" => Fault::WeightyCommit {
            deploy: names.deploy(&table.name("deploy")),
            what: super::pipeline::content(table.need("what")?, names.file),
        },
        "region-lack" => Fault::RegionLack {
            region: names.region(&table.name("region")),
            what: super::region::lack(table.need("what")?, names.file),
        },
        "residency-change" => Fault::ResidencyChange {
            region: names.region(&table.name("region")),
        },
        "machine-provider-outage" => Fault::MachineProviderOutage {},
        "upgrade-stuck" => Fault::UpgradeStuck {},
        "agent-regression" => Fault::AgentRegression {
            version: table.count("version"),
        },
        "hand-patch" => Fault::HandPatch {
            runner: numbered("runner", "runner"),
        },
        "long-sessions" => Fault::LongSessions {
            app: app(),
            count: table.count("count"),
            within: table.time("within"),
        },
        "hidden-addresses" => Fault::HiddenAddresses {},
        "revoked-identity" => Fault::RevokedIdentity {
            people: table.count("people"),
        },
        "provider-down" | "slow-provider" | "expired-certificate" | "revoked-credentials" => {
            super::outage::fault(&name.text, table, names)?
        }
        "slow-store" | "impatient-consoles" => super::pressure::fault(&name.text, table, names),
        "bulk-order" => {
            let (runners, meant) = super::hosts::many(table, names);
            Fault::BulkOrder { runners, meant }
        }
        "preview-job" => Fault::PreviewJob {},
        "connection-limit" => Fault::ConnectionLimit {
            most: table.count("most"),
        },
        "shared-data" => Fault::SharedData { app: app() },
        "preview-superseded" => Fault::PreviewSuperseded { app: app() },
        "git-commit" => super::gitops::commit(table, names),
        "bad-revision" => super::gitops::bad(table, names),
        // Reached only by a kind of fault that was declared after this list was written; the test names it.
        other => {
            let problem = Problem::new(
                "unknown-fault",
                format!("content files cannot say `{other}` yet"),
            );
            names.file.report(&table.span(), problem);
            return None;
        }
    })
}

fn message_of(table: &Table<'_>, file: &File<'_>) -> String {
    let name: Name = table.name("kind");
    name.check(file, "message", MESSAGES)
}

fn message(value: Value<'_>, file: &File<'_>) -> String {
    value.name().check(file, "message", MESSAGES)
}
