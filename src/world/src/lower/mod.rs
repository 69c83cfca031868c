//! Lowering: a plan, a seed and a replay become a simulator's setup.
//!
//! **Invariants.** Whatever does not exist or is out of range is found here, before anything runs, and comes out as a
//! [`Problem`]. Faults become conditions of network, disk, clock and host, or windows in which store and vault are wrong;
//! the platform is not told.

mod actions;
mod faults;
mod gitops;
mod hosts;
mod migration;
mod outage;
mod pipeline;
mod pressure;
mod promotion;
mod region;
mod restore;
mod sessions;
mod traces;
mod vary;

pub use actions::externals;
use actions::promote;
use faults::Sink;
pub use vary::drawn;
pub(crate) use vary::world_of;

use crate::fleet::{
    Clients, Fleet, Ill, Lack, MissingSecret, Node, Roster, Spell, Store, Stream, Trouble, Vault,
    WrongBytes, wrong,
};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use machine::fingerprint::spread;
use machine::{Ask, Duration, Knobs, NodeId, Time, Waivers};
use platform::control::{self, Contract, ControlPlane};
use platform::edge::{self, Edge};
use platform::id::{AllocationId, DeploymentId, Digest, Epoch, Region, RouteId};
use platform::message::{Class, Command, Message, kinds};
use platform::runner::{self, Runner};
use platform::{CATALOG, knob};
use protocol::{
    AppPlan, Case, Effect, Extra, Fault, PlacedFault, Plan, Problem, Replay, Traffic, When,
};
use sim::{Condition, Disturbance, External, Image, Links, Nodes, Setup, Span};

/// What a probe gives as the reason when the bound service is down.
pub const BINDING_DOWN: u8 = 1;
/// What a probe gives as the reason when it asks the wrong path.
pub const WRONG_PATH: u8 = 2;

/// The region that everything is in.
pub const REGION: Region = Region(0);

/// How many entries a run has at most. A lesson has some ten thousand; only a run with a waived gate that sets off an
/// avalanche comes near this, and then it has made its point.
const FUEL: u64 = 150_000;

const CASE: u8 = sim::stream::FREE + 2;

/// A run, ready to start.
pub struct Lowered {
    /// The simulator's setup.
    pub setup: Setup<Fleet>,
    /// What each condition is, for marks and sentences.
    pub conditions: Vec<String>,
    /// Which conditions an operator's repair ends.
    pub repairs: Vec<(Repair, u16)>,
    /// What the plan itself does at a time.
    pub life: Vec<(Time, External<Message>)>,
    /// Faults that begin without an entry of their own, by id: they are part of what clients, store, vault and colleagues
    /// do.
    pub quiet: Vec<(Time, &'static str)>,
}

/// What can be repaired from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// The store's speed.
    Store,
    /// The bound service.
    Binding,
    /// The path of the readiness check.
    ReadinessPath,
    /// The provider of machines.
    Provider,
    /// The automation that installs.
    Automation,
    /// The certificate of a provider, by position.
    Certificate(u8),
}

type Result<T> = core::result::Result<T, Box<Problem>>;

fn problem<T>(problem: Problem) -> Result<T> {
    Err(Box::new(problem))
}

/// The case that a seed draws.
#[must_use]
pub fn case_of(plan: &Plan, seed: u64) -> Option<&Case> {
    let drawn = sim::dice(seed).below(
        Ask {
            stream: CASE,
            key: 0,
        },
        plan.cases.len() as u32,
    );
    plan.cases.get(drawn as usize)
}

/// The deployment of an app: the first one owns the route at the start.
pub const fn deployment(plan_deployments: u16, app: u16, nth: u16) -> DeploymentId {
    DeploymentId(app * plan_deployments + nth)
}

fn deployments_per_app(plan: &Plan) -> u16 {
    plan.apps
        .iter()
        .map(|app| app.deployments.max(1))
        .max()
        .unwrap_or(1)
}

/// The deployments of an app.
pub fn deployments_of(plan: &Plan, app: u16) -> impl Iterator<Item = DeploymentId> {
    let per = deployments_per_app(plan);
    (0..per).map(move |nth| deployment(per, app, nth))
}

/// The artifact of a deployment: what its commit is built to, if it is made of one.
#[must_use]
pub fn artifact(plan: &Plan, deployment: DeploymentId) -> Digest {
    match promotion::commit_of(plan, deployment) {
        Some(at) => pipeline::built(at),
        None => Digest(spread(0xA27 + u64::from(deployment.0))),
    }
}

fn class(traffic: &Traffic) -> Result<Class> {
    Ok(match traffic.class.as_str() {
        "page" => Class::SafePage,
        "upgrade" => Class::Upgrade,
        "post" => Class::Unsafe,
        "webhook" => Class::Webhook,
        "asset" => Class::Asset,
        other => {
            return problem(Problem::unknown(
                "request class",
                other,
                &["page", "upgrade", "post", "webhook", "asset"],
            ));
        }
    })
}

const fn span(range: protocol::Range) -> Span {
    Span::new(Duration(range.low), Duration(range.high))
}

fn images(plan: &Plan) -> Vec<Image> {
    let mut images = Vec::new();
    for (index, app) in plan.apps.iter().enumerate() {
        for deployment in deployments_of(plan, index as u16) {
            let bytes = artifact(plan, deployment);
            let works = !promotion::is_broken(plan, deployment);
            // The same program, from the right or the wrong bytes, with or without its secrets: only one of the four
            // answers as it should, and all of them come up and pass their checks.
            // What building it once more brings is no worse.
            let again = plan
                .promotions
                .as_ref()
                .map(|_| (promotion::rebuilt(deployment), true));
            for (bytes, right) in [(bytes, true), (wrong(bytes), false)]
                .into_iter()
                .chain(again)
            {
                for mounted in [true, false] {
                    images.push(Image {
                        number: runner::image(bytes, mounted),
                        boot: span(app.boot),
                        memory: app.memory,
                        grows: 0,
                        ready_after: Duration(app.ready_after),
                        probe: Span::new(Duration::millis(1), Duration::millis(5)),
                        service: span(app.service),
                        concurrency: app.concurrency,
                        backlog: app.backlog,
                        broken: !(right && mounted && works),
                    });
                }
            }
        }
    }
    images
}

fn streams(plan: &Plan) -> Result<Vec<Stream>> {
    let mut streams = Vec::new();
    for traffic in &plan.traffic {
        let stream = Stream {
            route: RouteId(traffic.app),
            class: class(traffic)?,
            keyed: traffic.keyed,
            repeats: traffic.repeats,
            bytes: (traffic.bytes.low, traffic.bytes.high),
            from: Time(traffic.from),
            until: Time(traffic.until),
            every: (
                Duration(traffic.every.low.max(1)),
                Duration(traffic.every.high.max(1)),
            ),
            extra: None,
            assets: (DeploymentId(0), 0, 0),
        };
        streams.push(traces::addressed(plan, stream, traffic.extra));
    }
    // An app that runs when the run begins was woken like any other: by a first request.
    for (index, _) in plan
        .apps
        .iter()
        .enumerate()
        .filter(|(_, app)| app.start == protocol::Start::Hot)
    {
        let stream = Stream {
            route: RouteId(index as u16),
            class: Class::SafePage,
            keyed: false,
            repeats: 0,
            bytes: (0, 0),
            from: Time(50_000),
            until: Time(50_001),
            every: (Duration(1_000), Duration(1_000)),
            extra: None,
            assets: (DeploymentId(0), 0, 0),
        };
        streams.push(traces::addressed(plan, stream, Extra::default()));
    }
    Ok(streams)
}

/// The waivers of these gates.
///
/// # Errors
/// A [`Problem`] that names the unknown gate and the nearest one.
pub fn waivers(ids: &[String]) -> Result<Waivers> {
    ids.iter()
        .try_fold(Waivers::NONE, |waivers, id| match CATALOG.gate(id) {
            Some(gate) => Ok(waivers.with(gate)),
            None => {
                let known: Vec<String> = CATALOG.gates.iter().map(|gate| gate.id()).collect();
                problem(Problem::unknown(
                    "gate",
                    id,
                    &known.iter().map(String::as_str).collect::<Vec<_>>(),
                ))
            }
        })
}

/// Sets knobs by id.
///
/// # Errors
/// A [`Problem`] that names the unknown knob or the range that a value lies outside of.
pub fn set_knobs(knobs: &mut Knobs, values: &[(String, u64)]) -> Result<()> {
    for (id, value) in values {
        let Some(knob) = CATALOG.knob(id) else {
            let known: Vec<String> = CATALOG.knobs.iter().map(|knob| knob.id()).collect();
            return problem(Problem::unknown(
                "knob",
                id,
                &known.iter().map(String::as_str).collect::<Vec<_>>(),
            ));
        };
        if knobs.set(knob, *value).is_err() {
            return problem(
                Problem::new(
                    "knob-out-of-range",
                    alloc::format!(
                        "`{}` is out of range for the knob `{id}`",
                        knob.show(*value)
                    ),
                )
                .detail(alloc::format!(
                    "Allowed: {} to {}.",
                    knob.show(knob.min),
                    knob.show(knob.max)
                ))
                .hint(alloc::format!(
                    "Its default is {}.",
                    knob.show(knob.default)
                )),
            );
        }
    }
    Ok(())
}

/// Makes the world of a run ([`world_of`]) and its replay into a run that can start.
///
/// # Errors
/// A [`Problem`] that names what does not exist or is out of range.
pub fn lower(plan: &Plan, replay: &Replay) -> Result<Lowered> {
    let roster = Roster::new(
        plan.fleet.edges.clamp(1, 60),
        plan.fleet.runners.clamp(1, 1000),
    )
    .with(crate::fleet::BOOTSTRAP, u16::from(plan.hosts.is_some()));
    let roster = region::seated(roster, plan);
    let roster = migration::seated(roster, plan);
    let roster = gitops::seated(roster, plan);
    let roster = promotion::seated(roster, plan);
    let roster = pipeline::seated(roster, plan);
    let roster = traces::seated(roster, plan);
    let roster = restore::seated(roster, plan);
    traces::check(plan)?;
    let roster = sessions::seated(roster, plan);
    let roster = outage::seated(roster, plan);
    let mut sink = Sink {
        plan,
        roster,
        conditions: Vec::new(),
        labels: Vec::new(),
        repairs: Vec::new(),
        missing: Vec::new(),
        wrong: Vec::new(),
        bursts: Vec::new(),
        life: Vec::new(),
        promotions: 0,
        lacks: Vec::new(),
        ills: Vec::new(),
        spells: Vec::new(),
        broken_agents: Vec::new(),
        git: gitops::Outside::new(plan),
        promoting: promotion::Circumstances::default(),
        around: pipeline::Around::new(plan),
        quiet: Vec::new(),
        impatient: Vec::new(),
    };
    sink.life.append(&mut region::life(plan, roster));
    sink.life.append(&mut migration::life(plan, roster));
    sink.life.append(&mut promotion::life(plan, roster));
    sink.life.append(&mut restore::life(plan, roster));
    sink.life.append(&mut pipeline::life(plan, roster));
    sink.life.append(&mut outage::life(plan, roster));
    sink.life.append(&mut pressure::life(plan, roster));
    let case = case_of(plan, replay.seed);
    for placed in plan
        .faults
        .iter()
        .chain(case.into_iter().flat_map(|case| &case.faults))
    {
        sink.placed(placed)?;
    }
    for background in &plan.background {
        let when = sim::When::Background {
            chance_per_million: background.per_million,
            period: Duration(background.period),
        };
        sink.fault(&background.fault, &when, Duration(u64::MAX))?;
    }

    sink.life.append(&mut hosts::life(plan, roster)?);
    let several = [
        plan.hosts.is_some(),
        plan.promotions.is_some(),
        plan.restores.is_some(),
        plan.outage.is_some(),
        plan.pressure.is_some(),
    ];
    if several.contains(&true) {
        // What happens at one time happens in the order of the plan.
        sink.life.sort_by_key(|(at, _)| *at);
    }

    let mut knobs = Knobs::defaults(knob::ALL);
    set_knobs(&mut knobs, &plan.knobs)?;
    set_knobs(&mut knobs, &replay.knobs)?;

    let mut images = images(plan);
    images.append(&mut gitops::images(plan, &sink.git));
    let mut streams = streams(plan)?;
    streams.append(&mut sink.bursts);
    let outside = Outside {
        streams,
        wrong: sink.wrong,
        missing: sink.missing,
        broken_agents: sink.broken_agents,
        lacks: sink.lacks,
        ills: sink.ills,
        spells: sink.spells,
        git: sink.git,
        promoting: sink.promoting,
        around: sink.around,
        impatient: sink.impatient,
    };
    let fleet = fleet(plan, roster, outside)?;

    let mut setup = Setup::new(fleet, replay.seed, knobs);
    setup.declared = knob::ALL;
    setup.waivers = waivers(&replay.waivers)?;
    setup.network = sim::Network::uniform(span(plan.fleet.latency));
    setup.disk = span(plan.fleet.disk);
    setup.host_memory = plan.fleet.host_memory;
    setup.images = images;
    setup.conditions = sink.conditions;
    setup.heal_at = Some(Time(plan.heal_at));
    setup.end = Time(plan.end);
    setup.fuel = FUEL;
    Ok(Lowered {
        setup,
        conditions: sink.labels,
        repairs: sink.repairs,
        life: sink.life,
        quiet: sink.quiet,
    })
}

/// What the nodes outside of the platform are made of.
struct Outside {
    streams: Vec<Stream>,
    wrong: Vec<WrongBytes>,
    missing: Vec<MissingSecret>,
    broken_agents: Vec<u16>,
    lacks: Vec<(u16, Lack)>,
    ills: Vec<Ill>,
    spells: Vec<Spell>,
    git: gitops::Outside,
    promoting: promotion::Circumstances,
    around: pipeline::Around,
    impatient: Vec<crate::fleet::Impatient>,
}

fn fleet(plan: &Plan, roster: Roster, outside: Outside) -> Result<Fleet> {
    let contracts: Vec<Contract> = plan
        .apps
        .iter()
        .map(|app| {
            if app.hold_once {
                Contract::HoldOnce
            } else {
                Contract::None
            }
        })
        .collect();
    let control = control::Installation {
        edges: roster.edges().collect(),
        hosts: roster
            .runners()
            .map(|runner| control::Host {
                runner,
                region: REGION,
                memory: plan.fleet.host_memory,
            })
            .collect(),
        deployments: plan
            .apps
            .iter()
            .enumerate()
            .flat_map(|(index, app)| {
                deployments_of(plan, index as u16).map(move |deployment| control::Deployment {
                    digest: artifact(plan, deployment),
                    limit: app.memory_limit,
                })
            })
            .collect(),
        routes: contracts
            .iter()
            .enumerate()
            .map(|(index, contract)| control::Route {
                deployment: deployment(deployments_per_app(plan), index as u16, 0),
                epoch: Epoch(1),
                region: REGION,
                contract: *contract,
            })
            .collect(),
        managed: hosts::managed(plan, roster),
        vault: Some(roster.vault()),
        promoting: promotion::managed(plan, roster),
        pressed: pressure::pressed(plan),
    };
    let mut nodes = Vec::new();
    let tabs = sessions::visitors(plan, roster, &outside.streams);
    let clients = Clients::new(roster.edges().collect(), outside.streams);
    let consoles = pressure::consoles(plan, roster, outside.impatient);
    let clients = clients.with_tabs(tabs).with_consoles(consoles);
    nodes.push(Node::Clients(clients));
    for _ in roster.edges() {
        let installation = edge::Installation {
            control: roster.control(),
            region: REGION,
            contracts: contracts.clone(),
            stream: promotion::streamed(plan, roster),
            services: traces::services(plan, roster),
        };
        nodes.push(Node::Edge(Edge::new(installation)));
    }
    nodes.push(Node::Control(ControlPlane::new(control)));
    for _ in roster.runners() {
        let installation = runner::Installation {
            control: roster.control(),
            store: roster.store(),
            vault: roster.vault(),
            product: traces::product(roster),
            built: hosts::built(plan),
            sessions: sessions::terms(plan, roster),
        };
        nodes.push(Node::Runner(Runner::new(installation)));
    }
    let store = Store::new(outside.wrong)
        .with_assets(traces::assets(plan))
        .with_kept(promotion::kept(plan));
    nodes.push(Node::Store(store));
    nodes.push(Node::Vault(Vault::new(outside.missing)));
    nodes.append(&mut region::nodes(plan, roster, &outside.lacks));
    if let Some(of_hosts) = &plan.hosts {
        nodes.push(Node::Bootstrap(hosts::bootstrap(
            of_hosts,
            outside.broken_agents,
        )));
    }
    nodes.append(&mut migration::nodes(plan, roster, &outside.spells)?);
    nodes.append(&mut gitops::nodes(plan, roster, outside.git));
    nodes.append(&mut promotion::nodes(plan, outside.promoting));
    nodes.append(&mut pipeline::nodes(plan, roster, outside.around));
    nodes.append(&mut traces::nodes(plan, roster));
    nodes.append(&mut restore::nodes(plan, roster));
    nodes.append(&mut sessions::nodes(plan, roster));
    nodes.append(&mut outage::nodes(plan, roster, &outside.ills)?);
    nodes.append(&mut traces::inbox(plan, roster));
    Ok(Fleet::new(roster, nodes))
}
