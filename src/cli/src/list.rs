//! `lab list`: what there is, from its declarations.

use crate::args::{self, Listed};
use crate::input;
use crate::out::{Out, Stop};
use machine::{Knob, LifecycleSpec, Role, section, summary};
use platform::CATALOG;
use protocol::{FAULTS, Kind, PROPERTIES, SEVERITIES};
use serde::Serialize;
use study::Library;

#[derive(Serialize)]
struct Scenario<'a> {
    id: &'a str,
    title: &'a str,
    summary: &'a str,
    minutes: u32,
    topic: &'a str,
    cases: Vec<&'a str>,
    reads: Vec<&'a str>,
    actions: Vec<&'a str>,
    goals: Vec<&'a str>,
    /// What the seed draws, within which range.
    varies: Vec<Varies>,
    /// Seeds worth a look.
    seeds: Vec<Chosen<'a>>,
    /// The kinds of public incidents that it replays.
    incidents: Vec<Incident>,
}

#[derive(Serialize)]
struct Incident {
    row: u8,
    who: &'static str,
    what: &'static str,
}

#[derive(Serialize)]
struct Varies {
    what: &'static str,
    low: u64,
    high: u64,
}

#[derive(Serialize)]
struct Chosen<'a> {
    seed: u64,
    severity: &'static str,
    title: &'a str,
    why: &'a str,
}

#[derive(Serialize)]
struct Gate {
    id: String,
    title: &'static str,
    home: &'static str,
    doc: String,
    without_it: Option<String>,
}

#[derive(Serialize)]
struct KnobRow {
    id: String,
    title: &'static str,
    home: &'static str,
    default: u64,
    min: u64,
    max: u64,
    unit: &'static str,
    doc: String,
}

#[derive(Serialize)]
struct Fault {
    id: &'static str,
    title: &'static str,
    doc: &'static str,
}

#[derive(Serialize)]
struct Severity {
    id: &'static str,
    title: &'static str,
    doc: &'static str,
    /// Whether it is the one that worlds are written for.
    usual: bool,
}

#[derive(Serialize)]
struct Property {
    id: &'static str,
    title: &'static str,
    kind: Kind,
    doc: &'static str,
}

#[derive(Serialize)]
struct Lifecycle {
    id: String,
    name: &'static str,
    home: &'static str,
    doc: String,
    states: Vec<State>,
    transitions: Vec<Transition>,
    gates: Vec<String>,
    failure_modes: Vec<&'static str>,
}

#[derive(Serialize)]
struct AntiPattern {
    id: String,
    title: String,
    /// The runbook that says not to do it.
    runbook: Option<String>,
    /// Its words.
    do_not: Option<String>,
    /// The gates that refuse it.
    guards: Vec<String>,
    /// Where it can be done.
    done: Vec<Done>,
}

#[derive(Serialize)]
struct Done {
    scenario: String,
    action: String,
}

#[derive(Serialize)]
struct State {
    name: &'static str,
    role: &'static str,
}

#[derive(Serialize)]
struct Transition {
    name: &'static str,
    from: Vec<&'static str>,
    to: &'static str,
    actor: &'static str,
    gates: Vec<String>,
}

pub fn list(args: &args::List, library: &Library, out: &mut Out) -> Result<u8, Stop> {
    match args.what {
        Listed::Scenarios => {
            let rows = scenarios(library);
            if args.json {
                out.json(&rows)?;
            } else {
                out.table(&rows.iter().flat_map(scenario_rows).collect::<Vec<_>>())?;
            }
            Ok(0)
        }
        Listed::Gates => print(args.json, &gates(), out, |row| {
            vec![row.id.clone(), row.home.into(), row.doc.clone()]
        }),
        Listed::Knobs => print(args.json, &knobs(), out, |row| {
            let show = |value| {
                CATALOG
                    .knob(&row.id)
                    .map(|knob| knob.show(value))
                    .unwrap_or_default()
            };
            vec![
                row.id.clone(),
                show(row.default),
                format!("{}..={}", show(row.min), show(row.max)),
                row.doc.clone(),
            ]
        }),
        Listed::Severities => {
            let row = |spec: &protocol::SeveritySpec| Severity {
                id: spec.id,
                title: spec.title,
                doc: spec.doc,
                usual: spec.id == protocol::Severity::default().id(),
            };
            let rows: Vec<_> = SEVERITIES.iter().map(row).collect();
            print(args.json, &rows, out, |row| {
                vec![row.id.into(), row.doc.into()]
            })
        }
        Listed::Faults => {
            let rows: Vec<_> = FAULTS
                .iter()
                .map(|spec| Fault {
                    id: spec.id,
                    title: spec.title,
                    doc: spec.doc,
                })
                .collect();
            print(args.json, &rows, out, |row| {
                vec![row.id.into(), row.doc.into()]
            })
        }
        Listed::Properties => {
            let row = |spec: &protocol::PropertySpec| Property {
                id: spec.id,
                title: spec.title,
                kind: spec.kind,
                doc: spec.doc,
            };
            let rows: Vec<_> = PROPERTIES.iter().map(row).collect();
            print(args.json, &rows, out, |row| {
                let kind = match row.kind {
                    Kind::Always => "always",
                    Kind::Eventually => "eventually",
                    Kind::Sometimes => "sometimes",
                };
                vec![row.id.into(), kind.into(), row.doc.into()]
            })
        }
        Listed::Lifecycles => {
            let rows: Vec<_> = CATALOG
                .lifecycles
                .iter()
                .map(|spec| lifecycle(spec))
                .collect();
            print(args.json, &rows, out, |row| {
                let states: Vec<&str> = row.states.iter().map(|state| state.name).collect();
                vec![row.id.clone(), row.home.into(), states.join(" ")]
            })
        }
        Listed::AntiPatterns => {
            let found = input::anti_patterns(library)?;
            let rows: Vec<_> = found.into_iter().map(anti_pattern).collect();
            print(args.json, &rows, out, |row| {
                let done = row.done.iter();
                let done = done.map(|done| format!("{}: {}", done.scenario, done.action));
                let tried: Vec<String> = row.guards.iter().cloned().chain(done).collect();
                vec![row.id.clone(), row.title.clone(), tried.join(", ")]
            })
        }
    }
}

fn anti_pattern(found: study::AntiPattern) -> AntiPattern {
    let (runbook, do_not) = found.do_not.unzip();
    let done = found.done.into_iter();
    AntiPattern {
        id: found.id,
        title: found.title,
        runbook,
        do_not,
        guards: found.guards,
        done: done
            .map(|(scenario, action)| Done { scenario, action })
            .collect(),
    }
}

fn print<T: Serialize>(
    json: bool,
    rows: &[T],
    out: &mut Out,
    row: impl Fn(&T) -> Vec<String>,
) -> Result<u8, Stop> {
    if json {
        out.json(&rows)?;
    } else {
        out.table(&rows.iter().map(row).collect::<Vec<_>>())?;
    }
    Ok(0)
}

fn scenarios(library: &Library) -> Vec<Scenario<'_>> {
    library.scenarios.iter().map(scenario).collect()
}

fn scenario(scenario: &study::Scenario) -> Scenario<'_> {
    let plan = &scenario.plan;
    Scenario {
        id: &plan.id,
        title: &plan.title,
        summary: &scenario.lesson.summary,
        minutes: scenario.lesson.minutes,
        topic: &scenario.lesson.topic,
        cases: plan.cases.iter().map(|case| &*case.id).collect(),
        reads: plan.reads.iter().map(|read| &*read.id).collect(),
        actions: plan.actions.iter().map(|action| &*action.id).collect(),
        goals: plan
            .objectives
            .iter()
            .map(|objective| &*objective.id)
            .collect(),
        varies: plan
            .vary
            .iter()
            .map(|vary| Varies {
                what: vary.what.spec().id,
                low: vary.range.low,
                high: vary.range.high,
            })
            .collect(),
        seeds: scenario
            .seeds
            .iter()
            .map(|one| Chosen {
                seed: one.seed,
                severity: one.severity.id(),
                title: &one.title,
                why: &one.why,
            })
            .collect(),
        incidents: scenario
            .incidents
            .iter()
            .filter_map(|row| study::incident(*row))
            .map(|one| Incident {
                row: one.row,
                who: one.who,
                what: one.what,
            })
            .collect(),
    }
}

/// A scenario and, below it, the seeds of it that are worth a look.
fn scenario_rows(row: &Scenario<'_>) -> Vec<Vec<String>> {
    let mut rows = vec![vec![
        row.id.into(),
        format!("{} min", row.minutes),
        row.summary.into(),
    ]];
    rows.extend(row.seeds.iter().map(|one| {
        let hard = if one.severity == protocol::Severity::default().id() {
            String::new()
        } else {
            format!(", {}", one.severity)
        };
        let text = format!("seed {}{hard}: {}. {}", one.seed, one.title, one.why);
        vec![String::new(), String::new(), text]
    }));
    rows
}

fn gates() -> Vec<Gate> {
    let row = |gate: &machine::Gate| Gate {
        id: gate.id(),
        title: gate.title,
        home: gate.home,
        doc: summary(gate.doc),
        without_it: section(gate.doc, "Without it"),
    };
    CATALOG.gates.iter().map(|gate| row(gate)).collect()
}

fn knobs() -> Vec<KnobRow> {
    let row = |knob: &Knob| KnobRow {
        id: knob.id(),
        title: knob.title,
        home: knob.home,
        default: knob.default,
        min: knob.min,
        max: knob.max,
        unit: match knob.unit {
            machine::Unit::Time => "microseconds",
            machine::Unit::Count => "count",
            machine::Unit::Bytes => "bytes",
        },
        doc: summary(knob.doc),
    };
    CATALOG.knobs.iter().map(|knob| row(knob)).collect()
}

fn lifecycle(spec: &LifecycleSpec) -> Lifecycle {
    let name = |state: &u8| {
        spec.states
            .get(usize::from(*state))
            .map_or("", |state| state.name)
    };
    Lifecycle {
        id: spec.id(),
        name: spec.name,
        home: spec.home,
        doc: summary(spec.doc),
        states: spec
            .states
            .iter()
            .map(|state| State {
                name: state.name,
                role: role(state.role),
            })
            .collect(),
        transitions: spec
            .transitions
            .iter()
            .map(|transition| Transition {
                name: transition.name,
                from: transition.from.iter().map(name).collect(),
                to: name(&transition.to),
                actor: transition.actor,
                gates: transition.gates.iter().map(|gate| gate.id()).collect(),
            })
            .collect(),
        gates: spec.gates.iter().map(|gate| gate.id()).collect(),
        failure_modes: spec.failure_modes.iter().map(|mode| mode.name).collect(),
    }
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Rest => "rest",
        Role::Way => "way",
        Role::Good => "good",
        Role::Bad => "bad",
    }
}
