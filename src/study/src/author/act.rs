//! What can be read and done in a scenario, and what is done about each of its causes.

use super::names::{Names, borrowed};
use super::read::{Table, Value, variants};
use super::{fault, gitops, migration, pipeline, region, sessions, traces};
use protocol::{Action, Case, Effect, Move, Problem, Read, Readable};

/// A case: a cause that a seed may draw, and what to do about it.
pub fn case(table: Table<'_>, names: &Names<'_>) -> Case {
    let id = table.text("id");
    let case = Case {
        title: table.text("title"),
        faults: table
            .tables("faults", "a fault")
            .into_iter()
            .filter_map(|t| fault::placed(t, names))
            .collect(),
        // The owner is told a case by its id; several cases may have one cause in common.
        tells: table.get("tells").map_or_else(
            || id.clone(),
            |value| {
                value
                    .name()
                    .check(names.file, "case", &borrowed(&names.cases))
            },
        ),
        solution: moves(table.need("solution"), names),
        id,
    };
    table.finish();
    case
}

/// Moves, each `{ at = "12s", do = "id" }` or `{ at = "12s", read = "id" }`, in order of time.
fn moves(value: Option<Value<'_>>, names: &Names<'_>) -> Vec<Move> {
    let mut last = 0;
    let mut found = Vec::new();
    for table in value
        .map(Value::list)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|value| value.table("a move"))
    {
        let at = table.time("at");
        if at < last {
            names.file.report(
                &table.span(),
                Problem::new("out-of-order", "a move comes before the one above it"),
            );
        }
        last = at;
        if let Some((key, value)) = table.which(&["do", "read"]) {
            let (kind, known) = if key == "do" {
                ("action", names.action_ids())
            } else {
                ("read", names.read_ids())
            };
            found.push(Move {
                at,
                id: value.name().check(names.file, kind, &known),
            });
        }
        table.finish();
    }
    found
}

/// Knobs that are set from the start.
pub fn knobs(value: Option<Value<'_>>, names: &Names<'_>) -> Vec<(String, u64)> {
    let list = value.map(Value::list).unwrap_or_default();
    let mut knobs: Vec<_> = list
        .into_iter()
        .filter_map(|value| knob(value.table("a knob")?, names))
        .collect();
    knobs.sort();
    knobs
}

/// A knob and its value: `{ knob = "hold-budget", value = "8s" }`.
fn knob(table: Table<'_>, names: &Names<'_>) -> Option<(String, u64)> {
    let ids: Vec<String> = names.catalog.knobs.iter().map(|knob| knob.id()).collect();
    let name = table.name("knob");
    let value = table.need("value");
    table.finish();
    let knob = names.catalog.knobs[name.position(names.file, "knob", &borrowed(&ids))?];
    let value = value?;
    let written = value.written();
    let read = knob.parse(&written).map_err(|error| {
        let problem = Problem::new(
            "knob-value",
            format!("`{written}` is {error} `{}`", name.text),
        );
        value.report(problem.detail(format!(
            "It takes {} from {} to {}.",
            knob.unit_hint(),
            knob.show(knob.min),
            knob.show(knob.max)
        )));
    });
    Some((name.text, read.ok()?))
}

/// Something that can be read.
pub fn read_of(table: Table<'_>) -> Read {
    let read = Read {
        id: table.text("id"),
        title: table.text("title"),
        object: table.variant("object", "object", Readable::RouteOwner),
        cost: table.time("cost"),
        lag: table.get("lag").map(Value::time).unwrap_or_default(),
    };
    table.finish();
    read
}

/// Something that can be done.
pub fn action(table: Table<'_>, names: &Names<'_>) -> Option<Action> {
    let effect = table.need("effect").and_then(|value| effect(value, names));
    let action = Action {
        id: table.text("id"),
        title: table.text("title"),
        doc: table.text("doc"),
        app: names.app(&table.name("app")),
        effect: effect?,
        wrong: table.get("wrong").map(Value::text),
    };
    table.finish();
    Some(action)
}

/// What an action does: its name, or a table of the name with what it needs.
fn effect(value: Value<'_>, names: &Names<'_>) -> Option<Effect> {
    if value.is_text() {
        let name = value.name();
        return Some(match name.text.as_str() {
            "bind-secret" => Effect::BindSecret,
            "repair-store" => Effect::RepairStore,
            "restore-binding" => Effect::RestoreBinding,
            "correct-readiness-check" => Effect::CorrectReadinessCheck,
            "retry-wake" => Effect::RetryWake,
            "mark-hot" => Effect::MarkHot,
            "delete-wake" => Effect::DeleteWake,
            "promote" => Effect::Promote,
            "restore-provider" => Effect::Host(protocol::HostEffect::RestoreProvider),
            "repair-automation" => Effect::Host(protocol::HostEffect::RepairAutomation),
            _ => {
                name.position(names.file, "effect", variants::<Effect>())?;
                value.report(
                    Problem::new("effect-alone", format!("`{}` needs to say more", name.text))
                        .hint(format!("Write `effect = {{ {} = … }}`.", name.text)),
                );
                return None;
            }
        });
    }
    let table = value.table("an effect")?;
    let keys = [
        "raise-memory-limit",
        "set-knob",
        "start-allocations",
        "take-back-allocations",
        "restart-edge",
        "notify-owner",
    ];
    let keys = [
        &keys[..],
        &region::EFFECTS,
        &migration::EFFECTS,
        &pipeline::EFFECTS,
        &gitops::EFFECTS,
        &traces::EFFECTS,
        &sessions::EFFECTS,
        super::hosts::EFFECTS,
        super::promotion::EFFECTS,
        super::restore::EFFECTS,
        super::outage::EFFECTS,
        super::pressure::EFFECTS,
    ]
    .concat();
    let (key, value) = table.which(&keys)?;
    let effect = match key {
        "raise-memory-limit" => Effect::RaiseMemoryLimit(value.size()),
        "set-knob" => {
            let (knob, value) = knob(value.table("a knob")?, names)?;
            Effect::SetKnob(knob, value)
        }
        "take-back-allocations" => Effect::TakeBackAllocations(value.count()),
        "start-allocations" => Effect::StartAllocations(value.count()),
        "restart-edge" => Effect::RestartEdge(names.numbered(&value.name(), "edge")),
        "notify-owner" => Effect::NotifyOwner(value.name().check(
            names.file,
            "case",
            &borrowed(&names.cases),
        )),
        key if super::pressure::EFFECTS.contains(&key) => {
            Effect::Pressure(super::pressure::effect(key, value, names))
        }
        key if super::outage::EFFECTS.contains(&key) => {
            Effect::Outage(super::outage::effect(key, value, names))
        }
        key if super::restore::EFFECTS.contains(&key) => {
            Effect::Restore(super::restore::effect(key, value))
        }
        key if super::promotion::EFFECTS.contains(&key) => {
            Effect::Promotion(super::promotion::effect(key, value, names)?)
        }
        key if migration::EFFECTS.contains(&key) => {
            Effect::Migration(migration::effect(key, value, names))
        }
        key if pipeline::EFFECTS.contains(&key) => {
            Effect::Pipeline(pipeline::effect(key, value, names))
        }
        key if region::EFFECTS.contains(&key) => Effect::Region(region::effect(key, value, names)?),
        key if traces::EFFECTS.contains(&key) => Effect::Traces(traces::effect(key, value, names)),
        key if sessions::EFFECTS.contains(&key) => {
            Effect::Sessions(sessions::effect(key, value, names))
        }
        key if gitops::EFFECTS.contains(&key) => Effect::GitOps(gitops::effect(key, value, names)?),
        _ => Effect::Host(super::hosts::effect(key, value, names)),
    };
    table.finish();
    Some(effect)
}
