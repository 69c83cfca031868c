//! Promotions in content files: `[promotions]` with `clustered`, `synced`, `approval`, `automatic`, `clean-up`, `warm`, `last-verified` (the apps
//! whose safe requests may go to the owner that was verified last), a `[[promotions.deployment]]` for each that is special
//! (`app`, `number`, `validated`, `broken`, `reads-from`, `reads-to`, `deploy`: the commit of the pipeline that it is made
//! of) and a `[[promotions.order]]` for each that a colleague
//! asks for (`at`, `app`, `to`, `after`, `approved-at`).

use super::names::Names;
use super::read::{File, Table, Value};
use protocol::{
    Candidate, PromotionEffect, PromotionOrder, PromotionSituation, PromotionsPlan, Situation,
};

/// What can be wrong with a snapshot.
const BLEMISHES: &[&str] = &["forged", "damaged", "old", "bulky"];

/// What can be done about promotions.
pub const EFFECTS: &[&str] = &[
    "promote-to",
    "approve-promotion",
    "roll-back",
    "freeze",
    "rebuild-deployment",
    "edit-config",
    "rebaseline",
    "clear-gap",
    "skip-to-latest",
    "edit-edge-table",
    "mend-services",
    "mend-archive",
    "remove-artifact",
    "write-log",
    "resume-log",
    "write-off",
];

/// The promotions of a plan.
pub fn plan(value: Value<'_>, names: &Names<'_>) -> Option<PromotionsPlan> {
    let table = value.table("the promotions")?;
    let deployment = |table: Table<'_>| {
        let number = |key, default| table.get(key).map_or(default, Value::count);
        let deployment = Candidate {
            app: names.app(&table.name("app")),
            deployment: table.count("number"),
            validated: table.get("validated").is_none_or(Value::flag),
            broken: table.get("broken").is_some_and(Value::flag),
            reads_from: number("reads-from", 0),
            reads_to: number("reads-to", u32::MAX),
            deploy: table.get("deploy").map(|name| names.deploy(&name.name())),
        };
        table.finish();
        deployment
    };
    let order = |table: Table<'_>| {
        let order = PromotionOrder {
            at: table.time("at"),
            app: names.app(&table.name("app")),
            deployment: table.count("to"),
            after: table.count("after"),
            approved_at: table.get("approved-at").map(Value::time),
        };
        table.finish();
        order
    };
    let plan = PromotionsPlan {
        clustered: table.flag("clustered"),
        synced: table.flag("synced"),
        approval: table.flag("approval"),
        automatic: table.flag("automatic"),
        last_verified: table
            .get("last-verified")
            .map(Value::list)
            .unwrap_or_default()
            .into_iter()
            .map(|value| names.app(&value.name()))
            .collect(),
        deployments: table
            .tables("deployment", "a deployment")
            .into_iter()
            .map(deployment)
            .collect(),
        orders: table
            .tables("order", "a promotion")
            .into_iter()
            .map(order)
            .collect(),
        clean_up: table.get("clean-up").is_some_and(Value::flag),
        warm: table.get("warm").is_some_and(Value::flag),
    };
    table.finish();
    Some(plan)
}

/// What is wrong with a snapshot, by name.
pub fn blemish(value: Value<'_>, file: &File<'_>) -> String {
    value.name().check(file, "snapshot trouble", BLEMISHES)
}

/// What a colleague does: one of the effects, as a key of the fault.
pub fn order(table: &Table<'_>, names: &Names<'_>) -> Option<PromotionEffect> {
    let order = table.need("order")?.table("an order")?;
    let found = order.which(EFFECTS);
    order.finish();
    let (key, value) = found?;
    effect(key, value, names)
}

/// What is done about promotions.
pub fn effect(key: &str, value: Value<'_>, names: &Names<'_>) -> Option<PromotionEffect> {
    let edge = |value: Value<'_>| names.numbered(&value.name(), "edge");
    Some(match key {
        "promote-to" | "approve-promotion" => {
            let table = value.table("a deployment and a predecessor")?;
            let (number, after) = (table.count("number"), table.count("after"));
            table.finish();
            if key == "promote-to" {
                PromotionEffect::PromoteTo(number, after)
            } else {
                PromotionEffect::ApprovePromotion(number, after)
            }
        }
        "freeze" => PromotionEffect::Freeze(value.flag()),
        "rebuild-deployment" => PromotionEffect::RebuildDeployment(value.count()),
        "remove-artifact" => PromotionEffect::RemoveArtifact(value.count()),
        "rebaseline" => PromotionEffect::Rebaseline(edge(value)),
        "clear-gap" => PromotionEffect::ClearGap(edge(value)),
        "write-off" => PromotionEffect::WriteOff(edge(value)),
        "skip-to-latest" => PromotionEffect::SkipToLatest(edge(value)),
        "edit-edge-table" => {
            let table = value.table("an edge and a deployment")?;
            let at = names.numbered(&table.name("edge"), "edge");
            let number = table.count("number");
            table.finish();
            PromotionEffect::EditEdgeTable(at, number)
        }
        flag => {
            value.flag();
            match flag {
                "roll-back" => PromotionEffect::RollBack,
                "edit-config" => PromotionEffect::EditConfig,
                "mend-services" => PromotionEffect::MendServices,
                "write-log" => PromotionEffect::WriteLog,
                "resume-log" => PromotionEffect::ResumeLog,
                _ => PromotionEffect::MendArchive,
            }
        }
    })
}

/// That a promotion is in a state, `{ promotion = 1, state = "healthy" }`.
pub fn state(value: Value<'_>, table: &Table<'_>, names: &Names<'_>) -> Situation {
    let states = names.states("production-promotion");
    let number: u16 = value.count();
    Situation::Promotion(PromotionSituation::State {
        promotion: number.saturating_sub(1),
        state: table.name("state").check(names.file, "state", &states),
    })
}

/// That a deployment owns the route of an app, `{ owner = 2, app = "shop" }`.
pub fn owner(value: Value<'_>, table: &Table<'_>, names: &Names<'_>) -> Situation {
    Situation::Promotion(PromotionSituation::Owner {
        deployment: value.count(),
        app: names.app(&table.name("app")),
    })
}

/// That every edge has every owner, `{ edges-follow = true }`.
pub fn edges_follow(value: Value<'_>) -> Situation {
    value.flag();
    Situation::Promotion(PromotionSituation::EdgesFollow)
}
