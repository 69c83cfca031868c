//! Situations and claims in content files.
//!
//! `{ wake = "hot", app = "shop" }` · `{ at-least = { served = 1 } }` · `{ at-most = { waited-longest = "8250ms" } }` ·
//! `{ did = "bind-secret" }` · `{ has-read = "secrets" }` · `{ any-wrong-move = true }` ·
//! `{ owner-told = "the-cause" }` or `"another"` · `{ any-property-broken = true }` · `{ time-is = "2min" }` ·
//! `{ maintenance-gets-on = true }` · `{ deployment = "camera", state = "INSTALLED" }` ·
//! `{ region = "eu", state = "eligible" }` · `{ migration = "add-email", state = "verified" }` ·
//! `{ promotion = 1, state = "healthy" }` · `{ owner = 2, app = "shop" }` · `{ edges-follow = true }` · those about hosts in `hosts` · `{ all = […] }` · `{ any = […] }` ·
//! `{ not = … }`

use super::names::Names;
use super::read::{Table, Value, variants};
use crate::units;
use protocol::{Claim, Metric, Problem, Situation};

/// How a situation is judged: `reaches` (with `by`), `ends-with`, `never`, or `before = [first, then]`.
pub fn claim(table: &Table<'_>, names: &Names<'_>) -> Option<Claim> {
    let (key, value) = table.which(&["reaches", "ends-with", "never", "before"])?;
    Some(match key {
        "reaches" => Claim::Reaches {
            what: situation(value, names)?,
            by: table.get("by").map(Value::time),
        },
        "ends-with" => Claim::EndsWith(situation(value, names)?),
        "never" => Claim::Never(situation(value, names)?),
        _ => {
            let [first, then] = value.list()[..] else {
                value.report(Problem::new(
                    "not-two",
                    "`before` takes two situations: the earlier and the later",
                ));
                return None;
            };
            Claim::Before(situation(first, names)?, situation(then, names)?)
        }
    })
}

/// Something that is or is not so.
pub fn situation(value: Value<'_>, names: &Names<'_>) -> Option<Situation> {
    let table = value.table("a situation")?;
    let own = [
        "wake",
        "at-least",
        "at-most",
        "did",
        "has-read",
        "any-wrong-move",
        "owner-told",
        "any-property-broken",
        "time-is",
        "region",
        "deployment",
        "migration",
        "promotion",
        "restore",
        "outage",
        "pressure",
        "owner",
        "edges-follow",
        "preview",
        "attempted",
        "events-told",
        "maintenance-gets-on",
        "all",
        "any",
        "not",
    ];
    let (key, value) = table.which(&[&own[..], super::hosts::SITUATIONS].concat())?;
    let found = match key {
        "wake" => {
            let state = value
                .name()
                .check(names.file, "state", &names.states("wake"));
            Situation::Wake {
                app: names.app(&table.name("app")),
                state,
            }
        }
        "at-least" => metric(value, names).map(|(metric, n)| Situation::AtLeast(metric, n))?,
        "at-most" => metric(value, names).map(|(metric, n)| Situation::AtMost(metric, n))?,
        "did" => Situation::Did(
            value
                .name()
                .check(names.file, "action", &names.action_ids()),
        ),
        "has-read" => Situation::HasRead(value.name().check(names.file, "read", &names.read_ids())),
        "any-wrong-move" => only_true(value, Situation::AnyWrongMove),
        "maintenance-gets-on" => only_true(value, Situation::MaintenanceGetsOn),
        "any-property-broken" => only_true(value, Situation::AnyPropertyBroken),
        "owner-told" => {
            match value
                .name()
                .position(names.file, "cause", &["the-cause", "another"])?
            {
                0 => Situation::OwnerToldTheCause,
                _ => Situation::OwnerToldAnother,
            }
        }
        "time-is" => Situation::TimeIs(value.time()),
        "outage" => Situation::Outage(super::outage::situation(value, names.file)),
        "pressure" => Situation::Pressure(super::pressure::situation(value, names.file)),
        "restore" => super::restore::situation(value, &table, names),
        "promotion" => super::promotion::state(value, &table, names),
        "owner" => super::promotion::owner(value, &table, names),
        "edges-follow" => super::promotion::edges_follow(value),
        "attempted" => super::pipeline::attempted(value, &table, names),
        "events-told" => super::pipeline::events_told(value, names),
        "preview" => super::pipeline::situation(value, &table, names),
        "migration" => super::migration::situation(value, &table, names),
        "region" => super::region::situation(value, &table, names),
        "deployment" => super::gitops::situation(value, &table, names),
        "all" => Situation::All(situations(value, names)),
        "any" => Situation::Any(situations(value, names)),
        "not" => Situation::Not(Box::new(situation(value, names)?)),
        _ => Situation::Hosts(super::hosts::situation(key, value, names)?),
    };
    table.finish();
    Some(found)
}

fn situations(value: Value<'_>, names: &Names<'_>) -> Vec<Situation> {
    let list = value.list();
    if list.is_empty() {
        value.report(
            Problem::new("empty-list", "a list of situations is empty").hint("Name at least one."),
        );
    }
    list.into_iter()
        .filter_map(|value| situation(value, names))
        .collect()
}

fn only_true(value: Value<'_>, situation: Situation) -> Situation {
    if !value.flag() {
        value.report(
            Problem::new("not-true", "only `true` makes sense here")
                .hint("To turn it round, use `not = { … }`."),
        );
    }
    situation
}

/// A metric with the number it is compared with; those that measure time take one with a unit.
fn metric(value: Value<'_>, names: &Names<'_>) -> Option<(Metric, u64)> {
    let table = value.table("a metric with a number")?;
    let (key, number) = table.which(variants::<Metric>())?;
    let metric = super::read::Name {
        text: key.into(),
        span: number.span(),
    }
    .variant(names.file, "metric", Metric::Arrived);
    let number = if metric == Metric::WaitedLongest {
        if !number.is_text() {
            number.report(
                Problem::new("no-unit", "this metric is a time")
                    .hint(format!("Write {}.", units::TIME_HINT)),
            );
            return None;
        }
        number.time()
    } else {
        number.count()
    };
    table.finish();
    Some((metric, number))
}
