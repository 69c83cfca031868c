//! What single requests need besides an owner and an allocation, in content files: `[traces]` with `keys`, `assets`, a
//! `[traces.provider]` and a `[[traces.preview]]` for each app that is one; and what is special about requests.

use super::names::Names;
use super::read::{Table, Value};
use protocol::{Extra, PreviewPlan, ProviderPlan, TracesEffect, TracesPlan};

/// What can be done about a preview.
pub const EFFECTS: [&str; 2] = ["bind-preview", "isolate-preview"];

/// A share in parts of a hundred, none if it is left out.
fn hundredths(table: &Table<'_>, key: &'static str) -> u32 {
    table.get(key).map_or(0, |value| value.share() / 10_000)
}

/// What a plan's requests need.
pub fn traces(value: Value<'_>, names: &Names<'_>) -> Option<TracesPlan> {
    let table = value.table("what requests need")?;
    let preview = |table: Table<'_>| {
        let preview = PreviewPlan {
            app: names.app(&table.name("app")),
            of: names.app(&table.name("of")),
            number: table.count("number"),
        };
        table.finish();
        preview
    };
    let plan = TracesPlan {
        keys: table.flag("keys"),
        provider: table
            .get("provider")
            .and_then(|value| provider(value.table("a provider")?, names)),
        assets: table.get("assets").map_or(0, Value::count),
        previews: table
            .tables("preview", "a preview")
            .into_iter()
            .map(preview)
            .collect(),
        not_for_errands: table
            .get("not-for-errands")
            .map_or_else(Vec::new, Value::list)
            .into_iter()
            .map(|value| names.app(&value.name()))
            .collect(),
        inbox: table.get("inbox").is_some_and(Value::flag),
    };
    table.finish();
    Some(plan)
}

fn provider(table: Table<'_>, names: &Names<'_>) -> Option<ProviderPlan> {
    let plan = ProviderPlan {
        app: names.app(&table.name("app")),
        contract: table.get("contract").is_none_or(Value::flag),
        from: table.time("from"),
        until: table.time("until"),
        every: table.times("every"),
        timeout: table.time("timeout"),
        back_off: table.time("back-off"),
        gives_up: table.time("gives-up"),
        duplicates: hundredths(&table, "duplicates"),
        forged: hundredths(&table, "forged"),
        played_back: hundredths(&table, "played-back"),
        played_back_after: table.get("played-back-after").map_or(0, Value::time),
        inbox: table.get("inbox").is_some_and(Value::flag),
    };
    table.finish();
    Some(plan)
}

/// What is special about some requests of a stream.
pub fn extra(table: &Table<'_>) -> Extra {
    Extra {
        misuse: hundredths(table, "misuse"),
        early: hundredths(table, "early"),
        preview: table.get("preview").map(Value::count),
        unknown: hundredths(table, "unknown"),
        paths: hundredths(table, "paths"),
        errands: hundredths(table, "errands"),
        patience: table.get("patience").map(|_| table.times("patience")),
        visitors: table.get("visitors").map_or(0, Value::count),
        conditional: hundredths(table, "conditional"),
    }
}

/// What is done about a preview.
pub fn effect(key: &str, value: Value<'_>, names: &Names<'_>) -> TracesEffect {
    let app = names.app(&value.name());
    match key {
        "bind-preview" => TracesEffect::BindPreview(app),
        _ => TracesEffect::IsolatePreview(app),
    }
}
