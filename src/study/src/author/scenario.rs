//! One scenario file: a plan and its lesson.

use super::read::{File, Name, Table, Value, variants};
use super::{claim, fault, gitops, migration, pipeline, region, seeds, sessions, traces, vary};
use crate::{AfterQuestion, Fidelity, Lesson, REGIONS, Scenario};
use machine::{Catalog, kebab};
use protocol::{
    Action, AppPlan, Case, Effect, FleetPlan, Move, Objective, Plan, Problem, Question,
    QuestionOption, Read, Readable, Severity, Start, Traffic,
};

/// The names that a scenario gives to its own things, and those that the platform has.
pub struct Names<'a> {
    pub file: &'a File<'a>,
    pub catalog: &'a Catalog,
    apps: Vec<String>,
    reads: Vec<String>,
    actions: Vec<String>,
    cases: Vec<String>,
    regions: Vec<String>,
    deployments: Vec<String>,
    locals: u16,
    edge_nodes: u16,
    migrations: Vec<String>,
    promotes: bool,
    restores: bool,
    deploys: Vec<String>,
    attempted: Vec<String>,
    workers: u16,
    builders: u16,
    traces: bool,
    sessions: bool,
    outage: bool,
    edges: u16,
    runners: u16,
}

fn all(names: &'static [&'static str]) -> impl Iterator<Item = String> {
    names.iter().map(ToString::to_string)
}

fn borrowed(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

impl Names<'_> {
    pub fn app(&self, name: &Name) -> u16 {
        let position = name.position(self.file, "app", &borrowed(&self.apps));
        position
            .and_then(|n| u16::try_from(n).ok())
            .unwrap_or_default()
    }

    pub fn read_ids(&self) -> Vec<&str> {
        borrowed(&self.reads)
    }

    pub fn action_ids(&self) -> Vec<&str> {
        borrowed(&self.actions)
    }

    /// The position of a migration by its name.
    pub fn migration(&self, name: &Name) -> u16 {
        let position = name.position(self.file, "migration", &borrowed(&self.migrations));
        position
            .and_then(|n| u16::try_from(n).ok())
            .unwrap_or_default()
    }

    /// The position of a deployment on its way by its name.
    pub fn deploy(&self, name: &Name) -> u16 {
        let position = name.position(self.file, "deployment", &borrowed(&self.deploys));
        position
            .and_then(|n| u16::try_from(n).ok())
            .unwrap_or_default()
    }

    /// The position of a deployment that is attempted by its name.
    pub fn attempted(&self, name: &Name) -> u16 {
        let position = name.position(self.file, "deployment", &borrowed(&self.attempted));
        position
            .and_then(|n| u16::try_from(n).ok())
            .unwrap_or_default()
    }

    /// The position of a region by its name.
    pub fn region(&self, name: &Name) -> u16 {
        let position = name.position(self.file, "region", &borrowed(&self.regions));
        position
            .and_then(|n| u16::try_from(n).ok())
            .unwrap_or_default()
    }

    /// The position of a deployment from Git by its name.
    pub fn deployment(&self, name: &Name) -> u16 {
        let position = name.position(self.file, "deployment", &borrowed(&self.deployments));
        position
            .and_then(|n| u16::try_from(n).ok())
            .unwrap_or_default()
    }

    /// The names of a lifecycle's states.
    pub fn states(&self, lifecycle: &str) -> Vec<&'static str> {
        let lifecycle = self.catalog.lifecycle(lifecycle);
        lifecycle
            .map(|spec| spec.states.iter().map(|state| state.name).collect())
            .unwrap_or_default()
    }

    fn nodes(&self) -> Vec<String> {
        let edges = (1..=self.edges).map(|n| format!("edge-{n}"));
        let runners = (1..=self.runners).map(|n| format!("runner-{n}"));
        let places = (1..=self.regions.len()).map(|n| format!("region-{n}"));
        let about = all(&["regions", "door"]);
        let stream = all(&["log", "archive", "services"]);
        let writers = (1..=7).map(|n| format!("writer-{n}"));
        let around = all(&["restores", "databases", "outside"]).chain(writers);
        let asked = all(&["keys", "product", "provider", "inbox"]);
        let tabs = all(&["tabs", "session-store"]);
        let outage = all(super::outage::NODES);
        let data = all(&["migrations", "migrator", "database"]);
        let way = all(&["pipeline", "source", "registry", "environment", "events"]);
        let tries = all(&["attempts", "resource"]);
        all(&["control", "store", "vault"])
            .chain(about.filter(|_| !self.regions.is_empty()))
            .chain(stream.filter(|_| self.promotes))
            .chain(around.filter(|_| self.restores))
            .chain(data.filter(|_| !self.migrations.is_empty()))
            .chain(tries.filter(|_| self.workers > 0))
            .chain((1..=self.workers).map(|n| format!("worker-{n}")))
            .chain(way.filter(|_| self.builders > 0))
            .chain((1..=self.builders).map(|n| format!("builder-{n}")))
            .chain(places)
            .chain(asked.filter(|_| self.traces))
            .chain(tabs.filter(|_| self.sessions))
            .chain(outage.filter(|_| self.outage))
            .chain(all(&["git", "co"]).filter(|_| self.edge_nodes > 0))
            .chain((1..=self.locals).map(|n| format!("lo-{n}")))
            .chain((1..=self.edge_nodes).map(|n| format!("en-{n}")))
            .chain(edges)
            .chain(runners)
            .collect()
    }

    /// A node by its name.
    pub fn node(&self, name: &Name) -> String {
        name.clone()
            .check(self.file, "node", &borrowed(&self.nodes()))
    }

    /// The position of an edge or a runner by its name: `edge-2` is 1.
    pub fn numbered(&self, name: &Name, kind: &str) -> u16 {
        let nodes: Vec<String> = self
            .nodes()
            .into_iter()
            .filter(|node| node.starts_with(kind))
            .collect();
        let position = name.position(self.file, kind, &borrowed(&nodes));
        position
            .and_then(|n| u16::try_from(n).ok())
            .unwrap_or_default()
    }
}

/// Reads a whole file.
pub fn read(table: Table<'_>, catalog: &Catalog, file: &File<'_>) -> Scenario {
    let title = table.name("title");
    let id = kebab(&title.text);
    let stem = file
        .name
        .rsplit('/')
        .next()
        .and_then(|name| name.strip_suffix(".toml"))
        .unwrap_or(file.name);
    if id != stem {
        let problem = Problem::new(
            "misnamed-file",
            format!("the title `{}` belongs in a file `{id}.toml`", title.text),
        );
        file.report(
            &title.span,
            problem.hint("Rename the file or change the title."),
        );
    }
    let fleet = fleet(&table);
    let vary = vary::vary(&table);
    let (edges, runners) = vary::least(&fleet, &vary, &table);
    let regions = region::regions(&table);
    let gitops = gitops::gitops(&table, file);
    let migrations = migration::migrations(&table, file);
    let attempts = pipeline::attempts(&table);
    let pipeline = pipeline::pipeline(&table);
    let ids = |key, what, id_key| ids(&table, key, what, id_key, file);
    let names = Names {
        file,
        catalog,
        apps: ids("app", "an app", "name"),
        reads: ids("read", "a read", "id"),
        actions: ids("action", "an action", "id"),
        cases: ids("case", "a case", "id"),
        migrations: migrations
            .iter()
            .flat_map(|all| &all.migrations)
            .map(|migration| migration.name.clone())
            .collect(),
        deploys: pipeline
            .iter()
            .flat_map(|all| &all.deploys)
            .map(|deploy| deploy.name.clone())
            .collect(),
        attempted: attempts
            .iter()
            .flat_map(|all| &all.deployments)
            .map(|deployment| deployment.name.clone())
            .collect(),
        workers: attempts.as_ref().map_or(0, |all| all.workers),
        builders: pipeline.as_ref().map_or(0, |all| all.builders),
        regions: regions
            .iter()
            .flat_map(|regions| &regions.regions)
            .map(|region| region.name.clone())
            .collect(),
        deployments: gitops
            .iter()
            .flat_map(|gitops| &gitops.deployments)
            .map(|deployment| deployment.name.clone())
            .collect(),
        locals: gitops.as_ref().map_or(0, |gitops| gitops.locals),
        edge_nodes: gitops.as_ref().map_or(0, |gitops| gitops.nodes),
        promotes: table.get("promotions").is_some(),
        restores: table.get("restores").is_some(),
        traces: table.get("traces").is_some(),
        sessions: table.get("sessions").is_some(),
        outage: table.get("outage").is_some(),
        edges,
        runners,
    };
    let tables = |key, what| table.tables(key, what);
    let plan = Plan {
        id,
        title: title.text,
        fleet,
        apps: tables("app", "an app").into_iter().map(app).collect(),
        traffic: tables("traffic", "a stream of requests")
            .into_iter()
            .map(|t| traffic(t, &names))
            .collect(),
        faults: tables("fault", "a fault")
            .into_iter()
            .filter_map(|t| fault::placed(t, &names))
            .collect(),
        background: tables("background", "a fault")
            .into_iter()
            .filter_map(|t| fault::background(t, &names))
            .collect(),
        cases: tables("case", "a case")
            .into_iter()
            .map(|t| case(t, &names))
            .collect(),
        knobs: knobs(table.get("knobs"), &names),
        heal_at: table.time("heal-at"),
        end: table.time("end"),
        freeze_at: table.time("freeze-at"),
        reads: tables("read", "a read").into_iter().map(read_of).collect(),
        actions: tables("action", "an action")
            .into_iter()
            .filter_map(|t| action(t, &names))
            .collect(),
        objectives: tables("objective", "an objective")
            .into_iter()
            .filter_map(|t| objective(t, &names))
            .collect(),
        question: table
            .get("question")
            .and_then(|value| question(value.table("a question")?, &names)),
        needs_action: table.need("needs-action").is_some_and(Value::flag),
        regions,
        migrations,
        pipeline,
        attempts,
        gitops,
        hosts: table
            .get("hosts")
            .and_then(|value| super::hosts::plan(value, &names)),
        restores: table.get("restores").and_then(super::restore::plan),
        promotions: table
            .get("promotions")
            .and_then(|value| super::promotion::plan(value, &names)),
        traces: table
            .get("traces")
            .and_then(|value| traces::traces(value, &names)),
        sessions: table
            .get("sessions")
            .and_then(|value| sessions::sessions(value, &names)),
        vary,
        outage: table
            .get("outage")
            .and_then(|value| super::outage::plan(value, &names)),
    };
    times_in_order(&plan, &table, file);
    let lesson = lesson(&table, &names);
    let seeds = seeds::seeds(&table, &plan, &names);
    table.finish();
    Scenario {
        plan,
        lesson,
        world: file.is_world(),
        seeds,
    }
}

/// The ids of a list of tables; each must be in kebab-case and there once.
fn ids(
    table: &Table<'_>,
    key: &'static str,
    what: &'static str,
    id_key: &'static str,
    file: &File<'_>,
) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for entry in table.tables(key, what) {
        // Whether it is there and readable is told when the entry itself is read.
        let Some(name) = entry
            .get(id_key)
            .filter(|value| value.is_text())
            .map(Value::name)
        else {
            continue;
        };
        if name.text != kebab(&name.text) || name.text.len() > 64 {
            let problem = Problem::new("bad-id", format!("`{}` is no id", name.text));
            file.report(
                &name.span,
                problem.hint(format!(
                    "Write lower-case words with hyphens: `{}`.",
                    kebab(&name.text)
                )),
            );
        }
        if found.contains(&name.text) {
            file.report(
                &name.span,
                Problem::new(
                    "taken-id",
                    format!("there is {what} `{}` already", name.text),
                ),
            );
        }
        found.push(name.text);
    }
    found
}

/// The moments of a plan have to follow each other.
fn times_in_order(plan: &Plan, table: &Table<'_>, file: &File<'_>) {
    let reveal = plan
        .question
        .as_ref()
        .map_or(plan.freeze_at, |question| question.reveal_at);
    let in_order = |holds: bool, key: &'static str, sentence: &str| {
        if !holds {
            let span = table.get(key).map_or_else(|| table.span(), Value::span);
            file.report(&span, Problem::new("out-of-order", sentence));
        }
    };
    in_order(
        plan.heal_at < plan.end,
        "heal-at",
        "a run heals before it ends",
    );
    in_order(
        plan.freeze_at < plan.end,
        "freeze-at",
        "a run freezes before it ends",
    );
    in_order(
        plan.freeze_at <= reveal && reveal < plan.end,
        "freeze-at",
        "the answer is revealed between the frozen moment and the end",
    );
    in_order(!plan.apps.is_empty(), "app", "there is no app");
    in_order(
        !plan.objectives.is_empty(),
        "objective",
        "there is no objective",
    );
}

fn fleet(table: &Table<'_>) -> FleetPlan {
    let Some(fleet) = table
        .need("fleet")
        .and_then(|value| value.table("the fleet"))
    else {
        let none = protocol::Range { low: 0, high: 0 };
        return FleetPlan {
            edges: 1,
            runners: 1,
            host_memory: 0,
            latency: none,
            disk: none,
        };
    };
    let plan = FleetPlan {
        edges: fleet.count("edges"),
        runners: fleet.count("runners"),
        host_memory: fleet.size("host-memory"),
        latency: fleet.times("latency"),
        disk: fleet.times("disk"),
    };
    fleet.finish();
    plan
}

fn app(table: Table<'_>) -> AppPlan {
    let app = AppPlan {
        name: table.text("name"),
        path: table.text("path"),
        start: table.variant("start", "start", Start::Cold),
        hold_once: table.flag("hold-once"),
        memory_limit: table.size("memory-limit"),
        memory: table.size("memory"),
        boot: table.times("boot"),
        ready_after: table.time("ready-after"),
        service: table.times("service"),
        concurrency: table.count("concurrency"),
        backlog: table.count("backlog"),
        deployments: table.get("deployments").map_or(1, Value::count),
    };
    table.finish();
    app
}

/// The classes of requests.
const CLASSES: &[&str] = &["page", "upgrade", "post", "webhook", "asset"];

fn traffic(table: Table<'_>, names: &Names<'_>) -> Traffic {
    let traffic = Traffic {
        app: names.app(&table.name("app")),
        class: table.name("class").check(names.file, "class", CLASSES),
        keyed: table.flag("keyed"),
        repeats: table
            .get("repeats")
            .map_or(0, |value| value.share() / 10_000),
        bytes: table.sizes("bytes"),
        from: table.time("from"),
        until: table.time("until"),
        every: table.times("every"),
        extra: traces::extra(&table),
    };
    if traffic.from >= traffic.until {
        names.file.report(
            &table.span(),
            Problem::new("out-of-order", "these requests end before they begin"),
        );
    }
    table.finish();
    traffic
}

fn case(table: Table<'_>, names: &Names<'_>) -> Case {
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

fn knobs(value: Option<Value<'_>>, names: &Names<'_>) -> Vec<(String, u64)> {
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

fn read_of(table: Table<'_>) -> Read {
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

fn action(table: Table<'_>, names: &Names<'_>) -> Option<Action> {
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
    ]
    .concat();
    let (key, value) = table.which(&keys)?;
    let effect = match key {
        "raise-memory-limit" => Effect::RaiseMemoryLimit(value.size()),
        "set-knob" => {
            let (knob, value) = knob(value.table("a knob")?, names)?;
            Effect::SetKnob(knob, value)
        }
        "start-allocations" => Effect::StartAllocations(value.count()),
        "restart-edge" => Effect::RestartEdge(names.numbered(&value.name(), "edge")),
        "notify-owner" => Effect::NotifyOwner(value.name().check(
            names.file,
            "case",
            &borrowed(&names.cases),
        )),
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

fn objective(table: Table<'_>, names: &Names<'_>) -> Option<Objective> {
    let claim = claim::claim(&table, names);
    let objective = Objective {
        id: table.text("id"),
        title: table.text("title"),
        claim: claim?,
        side: table.text("side"),
        up_to: fault::severity(&table, "up-to", Severity::Storm),
    };
    table.finish();
    Some(objective)
}

fn question(table: Table<'_>, names: &Names<'_>) -> Option<Question> {
    let options = table.tables("option", "an option");
    if options.len() < 2 {
        names.file.report(
            &table.span(),
            Problem::new("few-options", "a question needs at least two options"),
        );
    }
    let option = |table: Table<'_>| {
        let right_if = table
            .need("right-if")
            .and_then(|value| claim::situation(value, names));
        let option = QuestionOption {
            text: table.text("text"),
            right_if: right_if?,
            hint: table.text("hint"),
        };
        table.finish();
        Some(option)
    };
    let question = Question {
        prompt: table.text("prompt"),
        reveal_at: table.time("reveal-at"),
        options: options.into_iter().filter_map(option).collect(),
        why: table.text("why"),
    };
    table.finish();
    Some(question)
}

fn lesson(table: &Table<'_>, names: &Names<'_>) -> Lesson {
    let labels = table.tables("first-label", "a label");
    // A world without a lesson has nothing to point at.
    if labels.len() != 3 && !names.file.is_world() {
        names.file.report(
            &table.span(),
            Problem::new("three-labels", "a first visit shows exactly three labels"),
        );
    }
    let label = |table: Table<'_>| {
        let label = (
            table.name("region").check(names.file, "region", REGIONS),
            table.text("text"),
        );
        table.finish();
        label
    };
    let gates: Vec<String> = names.catalog.gates.iter().map(|gate| gate.id()).collect();
    let twin = |table: Table<'_>| {
        let twin = (
            table
                .name("gate")
                .check(names.file, "gate", &borrowed(&gates)),
            table.text("look"),
        );
        table.finish();
        twin
    };
    Lesson {
        summary: table.text("summary"),
        minutes: table.count("minutes"),
        situation: table.texts("situation"),
        first_labels: labels.into_iter().map(label).collect(),
        hints: table.texts("hints"),
        fidelity: if names.file.is_world() {
            table.get("fidelity")
        } else {
            table.need("fidelity")
        }
        .and_then(|value| value.table("the fidelity note"))
        .map(fidelity)
        .unwrap_or_default(),
        twin_gates: table
            .tables("twin", "a twin run")
            .into_iter()
            .map(twin)
            .collect(),
        questions_after: table
            .tables("after", "a question")
            .into_iter()
            .map(|t| after(t, names.file))
            .collect(),
    }
}

fn fidelity(table: Table<'_>) -> Fidelity {
    let fidelity = Fidelity {
        real: table.texts("real"),
        modelled: table.texts("modelled"),
        left_out: table.texts("left-out"),
    };
    table.finish();
    fidelity
}

fn after(table: Table<'_>, file: &File<'_>) -> AfterQuestion {
    let option = |table: Table<'_>| {
        let option = (table.text("text"), table.flag("right"));
        table.finish();
        option
    };
    let question = AfterQuestion {
        prompt: table.text("prompt"),
        options: table
            .tables("option", "an option")
            .into_iter()
            .map(option)
            .collect(),
        why: table.text("why"),
    };
    let right = question.options.iter().filter(|(_, right)| *right).count();
    if right == 0 || right == question.options.len() {
        let problem = Problem::new("no-choice", "a question needs right and wrong options");
        file.report(
            &table.span(),
            problem.hint("Say `right = true` for the right ones."),
        );
    }
    table.finish();
    question
}
