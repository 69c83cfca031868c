//! Providers that somebody else runs: their nodes, their trouble, and what is ordered of the watch over them.

use super::faults::Sink;
use super::*;
use crate::fleet::{
    Ailment, CALLER, Ill, MIGRATIONS, PIPELINE, REGIONS, SUPPLIERS, Supplier, WATCH,
};
use platform::migration::{Command as MigrationOrder, MigrationId};
use platform::outage::{
    Caller, Command as Order, DependencyId, Environment, Installation, Kind, Provider, Task, Watch,
    WorkId,
};
use platform::pipeline::{Command as PipelineOrder, DeployId};
use platform::region::Fact;
use protocol::{OutageEffect, OutagePlan};

/// The same fleet with the nodes that a plan's providers need.
#[must_use]
pub fn seated(roster: Roster, plan: &Plan) -> Roster {
    let Some(outage) = &plan.outage else {
        return roster;
    };
    SUPPLIERS
        .iter()
        .fold(roster.with(WATCH, 1), |roster, seat| roster.with(*seat, 1))
        .with(CALLER, outage.callers.min(64))
}

/// A provider by its name.
#[must_use]
pub fn provider(name: &str) -> Option<Provider> {
    Provider::ALL.into_iter().find(|one| one.name() == name)
}

fn needs(names: &[String]) -> Vec<Provider> {
    names.iter().filter_map(|name| provider(name)).collect()
}

/// How many regions there are.
fn regions(plan: &Plan) -> u8 {
    let regions = plan.regions.as_ref();
    regions.map_or(1, |regions| regions.regions.len().clamp(1, 16) as u8)
}

/// The nodes of a plan's providers, in the order of their seats.
pub(super) fn nodes(plan: &Plan, roster: Roster, ills: &[Ill]) -> Result<Vec<Node>> {
    let Some(outage) = &plan.outage else {
        return Ok(Vec::new());
    };
    let node = |seat| roster.seated(seat).next().unwrap_or(roster.control());
    let environments = outage.bindings.iter().map(|binding| Environment {
        route: RouteId(binding.app),
        region: Region(binding.region as u8),
        needs: needs(&binding.providers),
    });
    let watch = Watch::new(Installation {
        providers: SUPPLIERS.map(node),
        regions: regions(plan),
        environments: environments.collect(),
        tasks: tasks(plan, roster, outage)?,
        control: roster.control(),
        region_service: roster.seated(REGIONS).next(),
        automatic: outage.automatic,
    });
    let mut nodes = alloc::vec![Node::Watch(watch)];
    for provider in Provider::ALL {
        let mine = ills.iter().filter(|ill| ill.provider == provider);
        let capacity = Some(u32::from(outage.capacity)).filter(|most| *most > 0);
        let lag = Duration(outage.status_lag);
        let supplier = Supplier::new(mine.copied().collect(), lag, capacity);
        nodes.push(Node::Supplier(supplier));
    }
    let database = node(SUPPLIERS[Provider::Database as usize]);
    let dependency = DependencyId::new(Provider::Database, REGION);
    nodes.extend(roster.seated(CALLER).map(|_| {
        let caller = Caller::new(database, dependency, Duration::secs(1));
        Node::Caller(caller)
    }));
    Ok(nodes)
}

/// What may be asked for, and who carries it out.
fn tasks(plan: &Plan, roster: Roster, outage: &OutagePlan) -> Result<Vec<Task>> {
    let seated = |seat, part: &str| match roster.seated(seat).next() {
        Some(node) => Ok(node),
        None => problem(Problem::new(
            "nobody-carries-it-out",
            alloc::format!("the plan asks for work that needs {part}, and has none"),
        )),
    };
    let mut tasks: Vec<Task> = Vec::new();
    for work in &outage.works {
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == work.kind);
        let bound = outage.bindings.iter().position(|one| one.app == work.app);
        let (Some(kind), Some(bound)) = (kind, bound) else {
            return problem(Problem::new(
                "unknown-work",
                alloc::format!(
                    "there is no work `{}` for an app without bindings",
                    work.kind
                ),
            ));
        };
        let environment = bound as u8;
        let before = tasks
            .iter()
            .filter(|task| task.kind == Kind::Promotion && task.environment == environment)
            .count() as u32;
        let (to, command) = match kind {
            Kind::Promotion => (roster.control(), promote(plan, work.app, before)),
            Kind::Wake => (
                roster.control(),
                Command::RetryWake {
                    route: RouteId(work.app),
                    region: REGION,
                },
            ),
            Kind::Migration => {
                let migration = MigrationId(work.which as u8);
                let order = MigrationOrder::Request { migration };
                (seated(MIGRATIONS, "migrations")?, Command::Migration(order))
            }
            Kind::Deploy => {
                let deploy = DeployId(work.which as u8);
                let order = PipelineOrder::Request { deploy };
                (seated(PIPELINE, "a pipeline")?, Command::Pipeline(order))
            }
        };
        tasks.push(Task {
            kind,
            environment,
            to,
            command,
        });
    }
    Ok(tasks)
}

fn to_watch(roster: Roster, order: Order) -> Option<External<Message>> {
    Some(External::Deliver {
        to: roster.seated(WATCH).next()?,
        message: Message::Command(Command::Outage(order)),
    })
}

/// What colleagues ask for and order as time goes by.
pub(super) fn life(plan: &Plan, roster: Roster) -> Vec<(Time, External<Message>)> {
    let Some(outage) = &plan.outage else {
        return Vec::new();
    };
    let asked = outage.works.iter().enumerate().filter_map(|(at, work)| {
        let order = Order::Request {
            work: WorkId(at as u8),
        };
        Some((Time(work.at), to_watch(roster, order)?))
    });
    let ordered = outage.orders.iter().flat_map(|(at, order)| {
        let externals = effect(plan, roster, &[], order);
        externals.into_iter().map(|external| (Time(*at), external))
    });
    asked.chain(ordered).collect()
}

/// What an operator does while a provider is in trouble.
pub(super) fn effect(
    plan: &Plan,
    roster: Roster,
    repairs: &[(Repair, u16)],
    effect: &OutageEffect,
) -> Vec<External<Message>> {
    let named = |name: &str| provider(name).unwrap_or(Provider::Database);
    let order = match effect {
        OutageEffect::DeclareOutage(name) => Order::Declare {
            provider: named(name),
        },
        OutageEffect::BlameApp(app) => Order::BlameApp {
            route: RouteId(*app),
        },
        OutageEffect::ResumeProvider(name) => Order::Resume {
            provider: named(name),
        },
        OutageEffect::LiftAll => Order::LiftAll,
        OutageEffect::MarkPassed(work) => Order::MarkPassed {
            work: WorkId(*work as u8),
        },
        OutageEffect::FailOver(region) => Order::FailOver {
            region: Region(*region as u8),
        },
        OutageEffect::RotateSecret(name) => Order::Rotate {
            provider: named(name),
        },
        OutageEffect::RenewCertificate(name) => {
            let provider = named(name);
            let to = roster.seated(SUPPLIERS[provider as usize]).next();
            let renew = to.map(|to| External::Deliver {
                to,
                message: Message::Command(Command::Outage(Order::RenewCertificate { provider })),
            });
            let mine = Repair::Certificate(provider as u8);
            let lifts = repairs.iter().filter(|(repair, _)| *repair == mine);
            return lifts
                .map(|(_, index)| External::Lift(*index))
                .chain(renew)
                .collect();
        }
        OutageEffect::RestartApps => {
            return roster
                .runners()
                .map(|node| External::Crash {
                    node,
                    down_for: Duration::secs(2),
                })
                .collect();
        }
        OutageEffect::RollBackApp(app) => {
            let back = Command::Promote {
                route: RouteId(*app),
                deployment: deployment(deployments_per_app(plan), *app, 0),
                predecessor: Epoch(2),
            };
            return alloc::vec![External::Deliver {
                to: roster.control(),
                message: Message::Command(back),
            }];
        }
    };
    to_watch(roster, order).into_iter().collect()
}

/// A provider gets into trouble: what it answers changes, and so does what becomes of whatever is bound to it.
pub(super) fn trouble(
    sink: &mut Sink<'_>,
    title: &str,
    ill: Ill,
    when: &sim::When,
    lasts: Duration,
) {
    let Some(outage) = &sink.plan.outage else {
        return;
    };
    let repair = match ill.ailment {
        Ailment::Down => None,
        Ailment::Certificate => Some(Repair::Certificate(ill.provider as u8)),
        // Whoever has a connection keeps it, and slowness alone fails no check.
        Ailment::Slow(_) | Ailment::Credentials => {
            sink.ills.push(ill);
            return;
        }
    };
    for binding in &outage.bindings {
        let here = ill
            .region
            .is_none_or(|only| u16::from(only.0) == binding.region);
        if !here || !needs(&binding.providers).contains(&ill.provider) {
            continue;
        }
        for deployment in deployments_of(sink.plan, binding.app) {
            let what = Disturbance::NotReady {
                image: runner::image(artifact(sink.plan, deployment), true),
                reason: BINDING_DOWN,
            };
            sink.push(title, what, when, lasts, repair);
        }
    }
    if let (Some(_), Ailment::Down) = (&sink.plan.regions, ill.ailment) {
        let all = (0..regions(sink.plan)).map(Region);
        let where_it_is = all.filter(|region| ill.region.is_none_or(|only| only == *region));
        sink.lacks.extend(where_it_is.map(|region| {
            let lack = Lack {
                fact: Fact::Services,
                from: ill.from,
                until: ill.until,
            };
            (u16::from(region.0), lack)
        }));
    }
    sink.ills.push(ill);
}
