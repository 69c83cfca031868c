//! Lowering: a plan, a seed and a replay become a simulator's setup.
//!
//! **Invariants.** Whatever does not exist or is out of range is found here, before anything runs, and comes out as a
//! [`Problem`]. Faults become conditions of network, disk, clock and host, or windows in which store and vault are wrong;
//! the platform is not told.

use crate::fleet::{
    Clients, Fleet, MissingSecret, Node, Roster, Store, Stream, Vault, WrongBytes, wrong,
};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use machine::fingerprint::spread;
use machine::{Ask, Duration, Knobs, NodeId, Time, Waivers};
use platform::control::{self, Contract, ControlPlane};
use platform::edge::{self, Edge};
use platform::id::{AllocationId, DeploymentId, Digest, Epoch, Region, RouteId};
use platform::message::{Class, Command, KINDS, Message};
use platform::runner::{self, Runner};
use platform::{CATALOG, knob};
use protocol::{AppPlan, Case, Effect, Fault, PlacedFault, Plan, Problem, Replay, Traffic, When};
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

/// The artifact of a deployment.
#[must_use]
pub const fn artifact(deployment: DeploymentId) -> Digest {
    Digest(spread(0xA27 + deployment.0 as u64))
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

fn kind(name: &str) -> Result<u16> {
    match KINDS.iter().find(|(_, known)| *known == name) {
        Some((number, _)) => Ok(*number),
        None => problem(Problem::unknown(
            "message kind",
            name,
            &KINDS.iter().map(|(_, name)| *name).collect::<Vec<_>>(),
        )),
    }
}

fn node(roster: Roster, name: &str) -> Result<NodeId> {
    roster.find(name).map_or_else(
        || {
            let names = roster.names();
            problem(Problem::unknown(
                "node",
                name,
                &names.iter().map(String::as_str).collect::<Vec<_>>(),
            ))
        },
        Ok,
    )
}

const fn span(range: protocol::Range) -> Span {
    Span::new(Duration(range.low), Duration(range.high))
}

/// Collects what faults become.
struct Sink<'a> {
    plan: &'a Plan,
    roster: Roster,
    conditions: Vec<Condition>,
    labels: Vec<String>,
    repairs: Vec<(Repair, u16)>,
    missing: Vec<MissingSecret>,
    wrong: Vec<WrongBytes>,
    bursts: Vec<Stream>,
    life: Vec<(Time, External<Message>)>,
    promotions: u32,
}

impl Sink<'_> {
    fn app(&self, app: u16) -> Result<&AppPlan> {
        match self.plan.apps.get(usize::from(app)) {
            Some(found) => Ok(found),
            None => problem(
                Problem::new(
                    "unknown-app",
                    alloc::format!("there is no app number {app}"),
                )
                .detail(alloc::format!(
                    "The plan has {} apps, counted from 0.",
                    self.plan.apps.len()
                )),
            ),
        }
    }

    fn images(&self, app: u16) -> Result<Vec<u64>> {
        self.app(app)?;
        Ok(deployments_of(self.plan, app)
            .map(|deployment| runner::image(artifact(deployment), true))
            .collect())
    }

    fn push(
        &mut self,
        label: &str,
        what: Disturbance,
        when: &sim::When,
        lasts: Duration,
        repair: Option<Repair>,
    ) {
        let index = self.conditions.len() as u16;
        self.conditions.push(Condition {
            what,
            when: when.clone(),
            lasts,
        });
        self.labels.push(label.into());
        if let Some(repair) = repair {
            self.repairs.push((repair, index));
        }
    }

    fn placed(&mut self, placed: &PlacedFault) -> Result<()> {
        let when = match &placed.when {
            When::At(at) => sim::When::At(Time(*at)),
            When::Point {
                message,
                allocation,
                nth,
            } => sim::When::Point {
                kind: kind(message)?,
                subject: allocation.map(|nth| AllocationId(nth.saturating_sub(1)).into()),
                nth: *nth,
            },
        };
        self.fault(
            &placed.fault,
            &when,
            placed.lasts.map_or(Duration(u64::MAX), Duration),
        )
    }

    /// The window of a fault that can only begin at a time.
    fn window(fault: &Fault, when: &sim::When, lasts: Duration) -> Result<(Time, Time)> {
        match when {
            sim::When::At(at) => Ok((*at, at.after(lasts))),
            _ => problem(
                Problem::new(
                    "fault-needs-a-time",
                    alloc::format!("the fault `{}` can only begin at a time", fault.spec().id),
                )
                .hint("Give it `at`, not a message or a background rate."),
            ),
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm per fault: the table is easier to read whole"
    )]
    fn fault(&mut self, fault: &Fault, when: &sim::When, lasts: Duration) -> Result<()> {
        let title = fault.spec().title;
        let platform_links = || Links {
            from: Nodes::Except(alloc::vec![NodeId(0)]),
            to: Nodes::Except(alloc::vec![NodeId(0)]),
        };
        match fault {
            Fault::LateReport { kind: name, by } => {
                let what = Disturbance::Delay {
                    links: Links::ALL,
                    kind: Some(kind(name)?),
                    by: Duration(*by),
                };
                self.push(title, what, when, lasts, None);
            }
            Fault::LostMessage {
                kind: name,
                per_million,
            } => {
                let kind = name.as_deref().map(kind).transpose()?;
                let what = Disturbance::Lose {
                    links: platform_links(),
                    kind,
                    per_million: *per_million,
                };
                self.push(title, what, when, lasts, None);
            }
            Fault::DuplicatedMessage {
                kind: name,
                per_million,
            } => {
                let kind = name.as_deref().map(kind).transpose()?;
                let what = Disturbance::Duplicate {
                    links: platform_links(),
                    kind,
                    per_million: *per_million,
                };
                self.push(title, what, when, lasts, None);
            }
            Fault::ReorderedMessage { per_million, by } => {
                let what = Disturbance::Reorder {
                    links: platform_links(),
                    kind: None,
                    per_million: *per_million,
                    by_up_to: Duration(*by),
                };
                self.push(title, what, when, lasts, None);
            }
            Fault::SlowPull { by } => {
                let links = Links {
                    from: Nodes::one(self.roster.store()),
                    to: Nodes::All,
                };
                let what = Disturbance::Delay {
                    links,
                    kind: Some(kind("pull-done")?),
                    by: Duration(*by),
                };
                self.push(title, what, when, lasts, Some(Repair::Store));
            }
            Fault::CorruptArtifact { app } => {
                self.app(*app)?;
                let (from, until) = Self::window(fault, when, lasts)?;
                let until = until.min(Time(self.plan.heal_at));
                self.wrong.extend(
                    deployments_of(self.plan, *app).map(|deployment| WrongBytes {
                        digest: artifact(deployment),
                        from,
                        until,
                    }),
                );
            }
            Fault::MissingSecret { app } => {
                self.app(*app)?;
                let (from, until) = Self::window(fault, when, lasts)?;
                let until = until.min(Time(self.plan.heal_at));
                self.missing
                    .extend(
                        deployments_of(self.plan, *app).map(|deployment| MissingSecret {
                            deployment,
                            from,
                            until,
                        }),
                    );
            }
            Fault::ReadinessNeverPasses { app } => {
                for image in self.images(*app)? {
                    self.push(
                        title,
                        Disturbance::NotReady {
                            image,
                            reason: WRONG_PATH,
                        },
                        when,
                        lasts,
                        Some(Repair::ReadinessPath),
                    );
                }
            }
            Fault::BindingDown { app } => {
                for image in self.images(*app)? {
                    self.push(
                        title,
                        Disturbance::NotReady {
                            image,
                            reason: BINDING_DOWN,
                        },
                        when,
                        lasts,
                        Some(Repair::Binding),
                    );
                }
            }
            Fault::OutOfMemory { app, extra } => {
                for image in self.images(*app)? {
                    self.push(
                        title,
                        Disturbance::Memory {
                            image,
                            extra: *extra,
                        },
                        when,
                        lasts,
                        None,
                    );
                }
            }
            Fault::SlowBoot { app, by } => {
                for image in self.images(*app)? {
                    self.push(
                        title,
                        Disturbance::SlowBoot {
                            image,
                            by: Duration(*by),
                        },
                        when,
                        lasts,
                        None,
                    );
                }
            }
            Fault::RunnerCrash { runner, down } => {
                let name = alloc::format!("runner-{}", u32::from(*runner) + 1);
                let what = Disturbance::Crash {
                    node: node(self.roster, &name)?,
                    down_for: Duration(*down),
                };
                self.push(title, what, when, lasts, None);
            }
            Fault::ControlCrash { down } => {
                let what = Disturbance::Crash {
                    node: self.roster.control(),
                    down_for: Duration(*down),
                };
                self.push(title, what, when, lasts, None);
            }
            Fault::EdgeCrash { edge, down } => {
                let name = alloc::format!("edge-{}", u32::from(*edge) + 1);
                let what = Disturbance::Crash {
                    node: node(self.roster, &name)?,
                    down_for: Duration(*down),
                };
                self.push(title, what, when, lasts, None);
            }
            Fault::RequestBurst { app, count, within } => {
                self.app(*app)?;
                let (from, _) = Self::window(fault, when, lasts)?;
                let every = Duration(within / u64::from((*count).max(1)));
                self.bursts.push(Stream {
                    route: RouteId(*app),
                    class: Class::SafePage,
                    keyed: false,
                    repeats: 0,
                    bytes: (0, 0),
                    from,
                    until: from.after(Duration(*within)),
                    every: (every, every),
                });
            }
            Fault::Partition { from, to, one_way } => {
                let side = |names: &[String]| {
                    names
                        .iter()
                        .map(|name| node(self.roster, name))
                        .collect::<Result<Vec<_>>>()
                        .map(Nodes::Only)
                };
                let (from, to) = (side(from)?, side(to)?);
                self.push(
                    title,
                    Disturbance::Cut {
                        from: from.clone(),
                        to: to.clone(),
                    },
                    when,
                    lasts,
                    None,
                );
                if !one_way {
                    self.push(
                        title,
                        Disturbance::Cut { from: to, to: from },
                        when,
                        lasts,
                        None,
                    );
                }
            }
            Fault::Promotion { app } => {
                self.app(*app)?;
                let (at, _) = Self::window(fault, when, lasts)?;
                self.promotions += 1;
                let command = promote(self.plan, *app, self.promotions - 1);
                self.life.push((
                    at,
                    External::Deliver {
                        to: self.roster.control(),
                        message: Message::Command(command),
                    },
                ));
            }
            Fault::SlowDisk { node: name, by } => {
                let what = Disturbance::SlowDisk {
                    node: node(self.roster, name)?,
                    by: Duration(*by),
                };
                self.push(title, what, when, lasts, None);
            }
            Fault::ClockSkew { node: name, by } => {
                let what = Disturbance::Skew {
                    node: node(self.roster, name)?,
                    by: *by,
                };
                self.push(title, what, when, lasts, None);
            }
        }
        Ok(())
    }
}

/// The command that gives an app's route to its next deployment, after so many promotions.
fn promote(plan: &Plan, app: u16, promotions: u32) -> Command {
    let per = deployments_per_app(plan);
    let next = (promotions + 1) % u32::from(per);
    Command::Promote {
        route: RouteId(app),
        deployment: deployment(per, app, next as u16),
        predecessor: Epoch(promotions + 1),
    }
}

fn images(plan: &Plan) -> Vec<Image> {
    let mut images = Vec::new();
    for (index, app) in plan.apps.iter().enumerate() {
        for deployment in deployments_of(plan, index as u16) {
            let bytes = artifact(deployment);
            // The same program, from the right or the wrong bytes, with or without its secrets: only one of the four
            // answers as it should, and all of them come up and pass their checks.
            for (bytes, right) in [(bytes, true), (wrong(bytes), false)] {
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
                        broken: !(right && mounted),
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
        streams.push(Stream {
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
        });
    }
    // An app that runs when the run begins was woken like any other: by a first request.
    for (index, _) in plan
        .apps
        .iter()
        .enumerate()
        .filter(|(_, app)| app.start == protocol::Start::Hot)
    {
        streams.push(Stream {
            route: RouteId(index as u16),
            class: Class::SafePage,
            keyed: false,
            repeats: 0,
            bytes: (0, 0),
            from: Time(50_000),
            until: Time(50_001),
            every: (Duration(1_000), Duration(1_000)),
        });
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

/// Makes a plan, a seed and a replay's waivers and knobs into a run that can start.
///
/// # Errors
/// A [`Problem`] that names what does not exist or is out of range.
pub fn lower(plan: &Plan, replay: &Replay) -> Result<Lowered> {
    let roster = Roster::new(
        plan.fleet.edges.clamp(1, 60),
        plan.fleet.runners.clamp(1, 1000),
    );
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
    };
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

    let mut knobs = Knobs::defaults(knob::ALL);
    set_knobs(&mut knobs, &plan.knobs)?;
    set_knobs(&mut knobs, &replay.knobs)?;

    let mut streams = streams(plan)?;
    streams.append(&mut sink.bursts);
    let fleet = fleet(plan, roster, streams, sink.wrong, sink.missing);

    let mut setup = Setup::new(fleet, replay.seed, knobs);
    setup.declared = knob::ALL;
    setup.waivers = waivers(&replay.waivers)?;
    setup.network = sim::Network::uniform(span(plan.fleet.latency));
    setup.disk = span(plan.fleet.disk);
    setup.host_memory = plan.fleet.host_memory;
    setup.images = images(plan);
    setup.conditions = sink.conditions;
    setup.heal_at = Some(Time(plan.heal_at));
    setup.end = Time(plan.end);
    setup.fuel = FUEL;
    Ok(Lowered {
        setup,
        conditions: sink.labels,
        repairs: sink.repairs,
        life: sink.life,
    })
}

fn fleet(
    plan: &Plan,
    roster: Roster,
    streams: Vec<Stream>,
    wrong: Vec<WrongBytes>,
    missing: Vec<MissingSecret>,
) -> Fleet {
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
                    digest: artifact(deployment),
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
    };
    let mut nodes = Vec::new();
    nodes.push(Node::Clients(Clients::new(
        roster.edges().collect(),
        streams,
    )));
    for _ in roster.edges() {
        let installation = edge::Installation {
            control: roster.control(),
            region: REGION,
            contracts: contracts.clone(),
        };
        nodes.push(Node::Edge(Edge::new(installation)));
    }
    nodes.push(Node::Control(ControlPlane::new(control)));
    for _ in roster.runners() {
        let installation = runner::Installation {
            control: roster.control(),
            store: roster.store(),
            vault: roster.vault(),
        };
        nodes.push(Node::Runner(Runner::new(installation)));
    }
    nodes.push(Node::Store(Store::new(wrong)));
    nodes.push(Node::Vault(Vault::new(missing)));
    Fleet::new(roster, nodes)
}

/// What one action does to the system, in order. `earlier` are the effects of the actions before it.
#[must_use]
pub fn externals(
    plan: &Plan,
    roster: Roster,
    repairs: &[(Repair, u16)],
    app: u16,
    effect: &Effect,
    earlier: &[&Effect],
) -> Vec<External<Message>> {
    let route = RouteId(app);
    let to_control = |command| External::Deliver {
        to: roster.control(),
        message: Message::Command(command),
    };
    let lift = |which: Repair| {
        repairs
            .iter()
            .filter(move |(repair, _)| *repair == which)
            .map(|(_, index)| External::Lift(*index))
    };
    match effect {
        Effect::BindSecret => deployments_of(plan, app)
            .take(1)
            .map(|deployment| External::Deliver {
                to: roster.vault(),
                message: Message::Command(Command::BindSecret { deployment }),
            })
            .collect(),
        Effect::RepairStore => {
            let digest = deployments_of(plan, app).next().map_or(Digest(0), artifact);
            let repair = External::Deliver {
                to: roster.store(),
                message: Message::Command(Command::RepairArtifact { digest }),
            };
            lift(Repair::Store).chain([repair]).collect()
        }
        Effect::RestoreBinding => lift(Repair::Binding).collect(),
        Effect::CorrectReadinessCheck => lift(Repair::ReadinessPath).collect(),
        Effect::RaiseMemoryLimit(limit) => deployments_of(plan, app)
            .map(|deployment| {
                to_control(Command::SetMemoryLimit {
                    deployment,
                    limit: *limit,
                })
            })
            .collect(),
        Effect::RetryWake => alloc::vec![to_control(Command::RetryWake {
            route,
            region: REGION
        })],
        Effect::MarkHot => alloc::vec![to_control(Command::MarkHot {
            route,
            region: REGION
        })],
        Effect::SetKnob(id, value) => CATALOG
            .knob(id)
            .map(|knob| External::SetKnob {
                knob: knob.index,
                value: (*value).clamp(knob.min, knob.max),
            })
            .into_iter()
            .collect(),
        Effect::StartAllocations(count) => (0..*count)
            .map(|_| {
                to_control(Command::StartAllocation {
                    route,
                    region: REGION,
                })
            })
            .collect(),
        Effect::RestartEdge(edge) => {
            alloc::vec![External::Crash {
                node: roster.edge((*edge).min(roster.edge_count() - 1)),
                down_for: Duration::secs(1)
            }]
        }
        Effect::DeleteWake => alloc::vec![to_control(Command::DeleteWake {
            route,
            region: REGION
        })],
        Effect::Promote => {
            let before = earlier
                .iter()
                .filter(|effect| matches!(effect, Effect::Promote))
                .count() as u32;
            alloc::vec![to_control(promote(plan, app, before))]
        }
        Effect::NotifyOwner(case) => {
            use platform::message::Cause;
            let cause = match case.as_str() {
                "secret-missing" => Cause::SecretMissing,
                "pull-stuck" => Cause::PullTimeout,
                "oom-on-start" => Cause::Oom,
                "binding-down" | "readiness-never-passes" => Cause::ReadinessTimeout,
                _ => Cause::None,
            };
            alloc::vec![to_control(Command::NotifyOwner { route, cause })]
        }
    }
}
