//! The fleet: every node of a run, dispatched statically, under the names that people use.
//!
//! Nodes are numbered: clients, edges, control plane, runners, artifact store, vault.

mod access;
mod attempt;
mod bootstrap;
mod clients;
mod consoles;
mod events;
mod gitops;
mod migration;
mod outage;
mod pipeline;
mod promotion;
mod region;
mod restore;
mod roster;
mod sessions;
mod store;
mod traces;
mod vault;

pub use attempt::{Resource, Worker};
pub use bootstrap::Bootstrap;
pub use clients::{Clients, Stream, VisitorTabs, asset};
pub use consoles::{Consoles, Impatient};
pub use events::EventLog;
pub use gitops::{Change, Git};
pub use migration::{Database, Spell, Trouble};
pub use outage::{Ailment, Ill, Supplier};
pub use pipeline::{
    Builder, Content, Environment, Registry, Snag, SnagSpell, Source, artifact as artifact_of, tree,
};
pub use promotion::{Archive, Blemish, RuntimeServices, Window};
pub use region::{Lack, Place, Visitors};
pub use restore::Outside;
pub use roster::{
    ARCHIVE, ATTEMPTS, BOOTSTRAP, BUILDER, CALLER, CENTRAL, DATABASE, DATABASES, DOOR, EDGE_NODE,
    ENVIRONMENT, EVENTS, GIT, INBOX, KEYS, LOCAL, LOG, MIGRATIONS, MIGRATOR, OUTSIDE, PIPELINE,
    PLACE, PRODUCT, PROVIDER, REGIONS, REGISTRY, RESOURCE, RESTORES, Roster, SERVICES,
    SESSION_STORE, SOURCE, SUPPLIERS, TABS, VISITORS, WATCH, WORKER, WRITER,
};
pub use sessions::{Phase, TabHabits, Tabs};
pub use store::{Store, WrongBytes, wrong};
pub use traces::{Effect, Habits, Product, Provider, SECRET};
pub use vault::{MissingSecret, Vault};

use alloc::vec::Vec;
use machine::{Context, Input, Machine, NodeId, Step, Time};
use platform::attempt::{self as attempt_logic, Attempts};
use platform::control::{self, ControlPlane};
use platform::edge::Edge;
use platform::gitops as gitops_logic;
use platform::id::Region;
use platform::message::Message;
use platform::migration::{self as migration_logic, Migrations, Migrator};
use platform::note::Note;
use platform::outage::{self as outage_logic, Caller, Watch};
use platform::pipeline::{self as pipeline_logic, Pipeline};
use platform::promotion as promotion_logic;
use platform::region::{self as region_logic, Door, Regions};
use platform::restore as restore_logic;
use platform::runner::{self, Runner};
use platform::sessions::{self as sessions_logic, Store as SessionStore};
use platform::traces::{self as traces_logic, Inbox, KeyStore};

/// One node.
#[derive(Clone, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "there are few nodes, and boxing them would scatter what a keyframe copies; where pointers are short it is no large one"
)]
pub enum Node {
    /// Everybody outside.
    Clients(Clients),
    /// An edge.
    Edge(Edge),
    /// The control plane.
    Control(ControlPlane),
    /// A runner.
    Runner(Runner),
    /// The artifact store.
    Store(Store),
    /// The vault of secrets.
    Vault(Vault),
    /// The region service.
    Regions(Regions),
    /// The door to the regions.
    Door(Door),
    /// A region.
    Place(Place),
    /// Who comes to the door.
    Visitors(Visitors),
    /// The migration service.
    Migrations(Migrations),
    /// The migrator.
    Migrator(Migrator),
    /// The database whose schema is changed.
    Database(Database),
    /// The automation that rebuilds hosts.
    Bootstrap(Bootstrap),
    /// Git and the registry.
    Git(Git),
    /// CO.
    Central(gitops_logic::Central),
    /// An LO.
    Local(gitops_logic::Local),
    /// An EN.
    EdgeNode(gitops_logic::EdgeNode),
    /// The route event stream.
    Log(promotion_logic::Log),
    /// The archive of snapshots.
    Archive(Archive),
    /// The runtime services.
    Services(RuntimeServices),
    /// The pipeline.
    Pipeline(Pipeline),
    /// A builder.
    Builder(Builder),
    /// The source of commits.
    Source(Source),
    /// The registry of artifacts.
    Registry(Registry),
    /// The environment of previews.
    Environment(Environment),
    /// The log of events.
    Events(EventLog),
    /// The service of attempts.
    Attempts(Attempts),
    /// Somebody who carries attempts out.
    Worker(Worker),
    /// Where deployments really run.
    Resource(Resource),
    /// The store of keys.
    Keys(KeyStore),
    /// The product's database.
    Product(Product),
    /// The provider that sends webhooks.
    Provider(Provider),
    /// The restore service.
    Restores(restore_logic::Restores),
    /// The databases that may be restored.
    Databases(restore_logic::Databases),
    /// Somebody who writes to them.
    Writer(restore_logic::Writer),
    /// The world outside.
    Outside(Outside),
    /// The tabs.
    Tabs(Tabs),
    /// The session store.
    SessionStore(SessionStore),
    /// The watch over the providers.
    Watch(Watch),
    /// A provider that apps are bound to.
    Supplier(Supplier),
    /// Somebody in an app who calls a provider.
    Caller(Caller),
    /// The inbox for events.
    Inbox(Inbox),
}

/// What a node of the fleet makes durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stored {
    /// The control plane.
    Control(control::Record),
    /// A runner.
    Runner(runner::Record),
    /// The vault or the store: that somebody put it right.
    Repaired,
    /// The region service.
    Regions(region_logic::Record),
    /// The migration service.
    Migrations(migration_logic::Record),
    /// CO.
    Central(gitops_logic::CentralRecord),
    /// An LO.
    Local(gitops_logic::LocalRecord),
    /// An EN.
    EdgeNode(gitops_logic::EdgeRecord),
    /// The route event stream.
    Log(promotion_logic::Stored),
    /// The pipeline.
    Pipeline(pipeline_logic::Record),
    /// The service of attempts.
    Attempts(attempt_logic::Record),
    /// The store of keys.
    Keys(traces_logic::Record),
    /// The product's database.
    Effect(Effect),
    /// The restore service.
    Restores(restore_logic::Record),
    /// The databases that may be restored.
    Databases(restore_logic::Stored),
    /// The session store.
    Sessions(sessions_logic::Record),
    /// The watch over the providers.
    Watch(outage_logic::Record),
    /// The inbox for events.
    Inbox(traces_logic::InboxRecord),
}

/// All nodes of a run.
#[derive(Clone, Debug)]
pub struct Fleet {
    nodes: Vec<Node>,
    roster: Roster,
}

impl Fleet {
    /// The nodes in the roster's order.
    #[must_use]
    pub const fn new(roster: Roster, nodes: Vec<Node>) -> Self {
        Self { nodes, roster }
    }

    /// Who is who.
    #[must_use]
    #[inline]
    pub const fn roster(&self) -> &Roster {
        &self.roster
    }

    /// A node.
    #[must_use]
    #[inline]
    pub fn node(&self, node: NodeId) -> Option<&Node> {
        self.nodes.get(usize::from(node.0))
    }

    /// The control plane.
    ///
    /// # Panics
    /// If the roster and the nodes disagree, which lowering a plan rules out.
    #[must_use]
    #[inline]
    pub fn control(&self) -> &ControlPlane {
        match &self.nodes[usize::from(self.roster.control().0)] {
            Node::Control(control) => control,
            _ => unreachable!("the roster says where the control plane is"),
        }
    }

    /// The edges with their ids.
    pub fn edges(&self) -> impl Iterator<Item = (NodeId, &Edge)> {
        self.roster.edges().filter_map(|id| match self.node(id) {
            Some(Node::Edge(edge)) => Some((id, edge)),
            _ => None,
        })
    }

    /// The runner on a node.
    #[must_use]
    pub fn runner(&self, id: NodeId) -> Option<&Runner> {
        match self.node(id) {
            Some(Node::Runner(runner)) => Some(runner),
            _ => None,
        }
    }
}

/// Lets a machine with records of its own fill a step of the fleet.
fn adapt<R>(
    out: &mut Step<Message, Stored, Note>,
    into: impl Fn(R) -> Stored,
    fill: impl FnOnce(&mut Step<Message, R, Note>),
) {
    let mut inner = Step {
        sends: core::mem::take(&mut out.sends),
        persists: Vec::new(),
        host: core::mem::take(&mut out.host),
        moved: core::mem::take(&mut out.moved),
        ruled: core::mem::take(&mut out.ruled),
        notes: core::mem::take(&mut out.notes),
    };
    fill(&mut inner);
    out.persists
        .extend(inner.persists.into_iter().map(|write| machine::Persist {
            ticket: write.ticket,
            record: into(write.record),
        }));
    out.sends = inner.sends;
    out.host = inner.host;
    out.moved = inner.moved;
    out.ruled = inner.ruled;
    out.notes = inner.notes;
}

impl sim::Fleet for Fleet {
    type Message = Message;
    type Record = Stored;
    type Note = Note;

    fn nodes(&self) -> u16 {
        self.nodes.len() as u16
    }

    fn step(
        &mut self,
        node: NodeId,
        cx: &Context<'_>,
        input: Input<Message>,
        step: &mut Step<Message, Stored, Note>,
    ) {
        match &mut self.nodes[usize::from(node.0)] {
            Node::Clients(clients) => clients.step(cx, input, step),
            Node::Edge(edge) => adapt(step, Stored::Control, |step| edge.step(cx, input, step)),
            Node::Control(control) => {
                adapt(step, Stored::Control, |step| control.step(cx, input, step))
            }
            Node::Runner(runner) => {
                adapt(step, Stored::Runner, |step| runner.step(cx, input, step))
            }
            Node::Store(store) => store.step(cx, input, step),
            Node::Vault(vault) => vault.step(cx, input, step),
            Node::Regions(regions) => {
                adapt(step, Stored::Regions, |step| regions.step(cx, input, step))
            }
            Node::Door(door) => adapt(step, Stored::Regions, |step| door.step(cx, input, step)),
            Node::Place(place) => place.step(cx, input, step),
            Node::Visitors(visitors) => visitors.step(cx, input, step),
            Node::Migrations(service) => adapt(step, Stored::Migrations, |step| {
                service.step(cx, input, step)
            }),
            Node::Migrator(migrator) => adapt(step, Stored::Migrations, |step| {
                migrator.step(cx, input, step)
            }),
            Node::Database(database) => database.step(cx, input, step),
            Node::Bootstrap(bootstrap) => bootstrap.step(cx, input, step),
            Node::Git(git) => git.step(cx, input, step),
            Node::Central(central) => {
                adapt(step, Stored::Central, |step| central.step(cx, input, step))
            }
            Node::Local(local) => adapt(step, Stored::Local, |step| local.step(cx, input, step)),
            Node::EdgeNode(node) => {
                adapt(step, Stored::EdgeNode, |step| node.step(cx, input, step))
            }
            Node::Log(log) => adapt(step, Stored::Log, |step| log.step(cx, input, step)),
            Node::Archive(archive) => archive.step(cx, input, step),
            Node::Services(services) => services.step(cx, input, step),
            Node::Pipeline(pipeline) => adapt(step, Stored::Pipeline, |step| {
                pipeline.step(cx, input, step)
            }),
            Node::Builder(builder) => builder.step(cx, input, step),
            Node::Source(source) => source.step(cx, input, step),
            Node::Registry(registry) => registry.step(&input, step),
            Node::Environment(environment) => environment.step(cx, &input, step),
            Node::Events(log) => log.step(cx, &input, step),
            Node::Attempts(attempts) => adapt(step, Stored::Attempts, |step| {
                attempts.step(cx, input, step)
            }),
            Node::Worker(worker) => worker.step(cx, &input, step),
            Node::Resource(resource) => resource.step(cx, &input, step),
            Node::Keys(keys) => adapt(step, Stored::Keys, |step| keys.step(cx, input, step)),
            Node::Product(product) => product.step(cx, input, step),
            Node::Provider(provider) => provider.step(cx, input, step),
            Node::Restores(service) => {
                adapt(step, Stored::Restores, |step| service.step(cx, input, step))
            }
            Node::Databases(databases) => adapt(step, Stored::Databases, |step| {
                databases.step(cx, input, step)
            }),
            Node::Writer(writer) => {
                adapt(step, Stored::Restores, |step| writer.step(cx, input, step))
            }
            Node::Outside(outside) => outside.step(cx, &input, step),
            Node::Tabs(tabs) => tabs.step(cx, input, step),
            Node::SessionStore(store) => {
                adapt(step, Stored::Sessions, |step| store.step(cx, input, step));
            }
            Node::Watch(watch) => adapt(step, Stored::Watch, |step| watch.step(cx, input, step)),
            Node::Supplier(supplier) => supplier.step(cx, input, step),
            Node::Caller(caller) => adapt(step, Stored::Watch, |step| caller.step(cx, input, step)),
            Node::Inbox(inbox) => adapt(step, Stored::Inbox, |step| inbox.step(cx, input, step)),
        }
    }

    fn deadline(&self, node: NodeId) -> Option<Time> {
        match &self.nodes[usize::from(node.0)] {
            Node::Clients(clients) => clients.deadline(),
            Node::Edge(edge) => edge.deadline(),
            Node::Control(control) => control.deadline(),
            Node::Runner(runner) => runner.deadline(),
            Node::Regions(regions) => regions.deadline(),
            Node::Door(door) => door.deadline(),
            Node::Visitors(visitors) => visitors.deadline(),
            Node::Migrations(service) => service.deadline(),
            Node::Migrator(migrator) => migrator.deadline(),
            Node::Database(database) => database.deadline(),
            Node::Git(git) => git.deadline(),
            Node::Central(central) => central.deadline(),
            Node::Local(local) => local.deadline(),
            Node::EdgeNode(node) => node.deadline(),
            Node::Log(log) => log.deadline(),
            Node::Pipeline(pipeline) => pipeline.deadline(),
            Node::Builder(builder) => builder.deadline(),
            Node::Source(source) => source.deadline(),
            Node::Registry(_) | Node::Environment(_) | Node::Events(_) => None,
            Node::Attempts(attempts) => attempts.deadline(),
            Node::Worker(worker) => worker.deadline(),
            Node::Resource(resource) => resource.deadline(),
            Node::Keys(keys) => keys.deadline(),
            Node::Provider(provider) => provider.deadline(),
            Node::Restores(service) => service.deadline(),
            Node::Databases(databases) => databases.deadline(),
            Node::Writer(writer) => writer.deadline(),
            Node::Outside(_) => None,
            Node::Tabs(tabs) => tabs.deadline(),
            Node::Watch(watch) => watch.deadline(),
            Node::Supplier(supplier) => supplier.deadline(),
            Node::Caller(caller) => caller.deadline(),
            Node::Inbox(inbox) => inbox.deadline(),
            Node::Archive(archive) => archive.deadline(),
            Node::Store(_)
            | Node::Vault(_)
            | Node::Place(_)
            | Node::Bootstrap(_)
            | Node::Services(_)
            | Node::Product(_)
            | Node::SessionStore(_) => None,
        }
    }

    fn restart(
        &mut self,
        node: NodeId,
        cx: &Context<'_>,
        durable: &[Stored],
        step: &mut Step<Message, Stored, Note>,
    ) {
        match &mut self.nodes[usize::from(node.0)] {
            Node::Clients(clients) => clients.start(cx),
            Node::Edge(edge) => adapt(step, Stored::Control, |step| edge.restart(cx, &[], step)),
            Node::Control(control) => {
                let records: Vec<_> = durable
                    .iter()
                    .filter_map(|stored| {
                        if let Stored::Control(record) = stored {
                            Some(*record)
                        } else {
                            None
                        }
                    })
                    .collect();
                adapt(step, Stored::Control, |step| {
                    control.restart(cx, &records, step)
                });
            }
            Node::Runner(runner) => {
                let records: Vec<_> = durable
                    .iter()
                    .filter_map(|stored| {
                        if let Stored::Runner(record) = stored {
                            Some(*record)
                        } else {
                            None
                        }
                    })
                    .collect();
                adapt(step, Stored::Runner, |step| {
                    runner.restart(cx, &records, step)
                });
            }
            Node::Store(store) => store.restart(!durable.is_empty()),
            Node::Vault(vault) => vault.restart(!durable.is_empty()),
            Node::Regions(regions) => {
                let records: Vec<_> = durable
                    .iter()
                    .filter_map(|stored| {
                        if let Stored::Regions(record) = stored {
                            Some(*record)
                        } else {
                            None
                        }
                    })
                    .collect();
                adapt(step, Stored::Regions, |step| {
                    regions.restart(cx, &records, step)
                });
            }
            Node::Door(door) => adapt(step, Stored::Regions, |step| door.restart(cx, &[], step)),
            Node::Migrations(service) => {
                let records: Vec<_> = durable
                    .iter()
                    .filter_map(|stored| {
                        if let Stored::Migrations(record) = stored {
                            Some(*record)
                        } else {
                            None
                        }
                    })
                    .collect();
                adapt(step, Stored::Migrations, |step| {
                    service.restart(cx, &records, step)
                });
            }
            Node::Migrator(migrator) => adapt(step, Stored::Migrations, |step| {
                migrator.restart(cx, &[], step)
            }),
            Node::Database(database) => database.restart(),
            Node::Central(central) => {
                let records = gitops::records(durable, gitops::central);
                adapt(step, Stored::Central, |step| {
                    central.restart(cx, &records, step)
                });
            }
            Node::Local(local) => {
                let records = gitops::records(durable, gitops::local);
                adapt(step, Stored::Local, |step| {
                    local.restart(cx, &records, step)
                });
            }
            Node::EdgeNode(node) => {
                let records = gitops::records(durable, gitops::edge_node);
                adapt(step, Stored::EdgeNode, |step| {
                    node.restart(cx, &records, step)
                });
            }
            Node::Log(log) => {
                let records: Vec<_> = durable
                    .iter()
                    .filter_map(|stored| {
                        if let Stored::Log(record) = stored {
                            Some(*record)
                        } else {
                            None
                        }
                    })
                    .collect();
                adapt(step, Stored::Log, |step| log.restart(cx, &records, step));
            }
            Node::Archive(archive) => archive.restart(),
            Node::Pipeline(pipeline) => {
                let records = gitops::records(durable, pipeline::stored);
                adapt(step, Stored::Pipeline, |step| {
                    pipeline.restart(cx, &records, step)
                });
            }
            Node::Builder(builder) => builder.restart(cx),
            Node::Source(source) => source.restart(),
            Node::Attempts(attempts) => {
                let records = gitops::records(durable, attempt::stored);
                adapt(step, Stored::Attempts, |step| {
                    attempts.restart(cx, &records, step)
                });
            }
            Node::Worker(worker) => worker.restart(cx),
            // What is kept there is kept whatever becomes of the process that answers for it.
            Node::Registry(_) | Node::Environment(_) | Node::Events(_) | Node::Resource(_) => {}
            Node::Keys(keys) => {
                let records: Vec<_> = durable.iter().filter_map(traces::key_record).collect();
                adapt(step, Stored::Keys, |step| keys.restart(cx, &records, step));
            }
            Node::Product(product) => product.restart(durable),
            Node::Tabs(tabs) => tabs.start(cx),
            Node::SessionStore(store) => {
                let records: Vec<_> = durable.iter().filter_map(sessions::record).collect();
                adapt(step, Stored::Sessions, |step| {
                    store.restart(cx, &records, step);
                });
            }
            // Places, services and Git go on whatever becomes of the process that answers for them, and visitors and
            // webhooks come.
            Node::Place(_)
            | Node::Visitors(_)
            | Node::Git(_)
            | Node::Services(_)
            | Node::Provider(_)
            | Node::Outside(_) => {}
            Node::Restores(service) => {
                let records = gitops::records(durable, restore::record);
                adapt(step, Stored::Restores, |step| {
                    service.restart(cx, &records, step)
                });
            }
            Node::Databases(databases) => {
                let records = gitops::records(durable, restore::stored);
                adapt(step, Stored::Databases, |step| {
                    databases.restart(cx, &records, step)
                });
            }
            Node::Writer(writer) => {
                adapt(step, Stored::Restores, |step| writer.restart(cx, &[], step))
            }
            Node::Bootstrap(bootstrap) => bootstrap.restart(),
            Node::Watch(watch) => {
                let records = gitops::records(durable, outage::record);
                adapt(step, Stored::Watch, |step| {
                    watch.restart(cx, &records, step)
                });
            }
            Node::Supplier(supplier) => supplier.restart(),
            Node::Inbox(inbox) => {
                let records = gitops::records(durable, traces::inbox_record);
                adapt(step, Stored::Inbox, |step| {
                    inbox.restart(cx, &records, step)
                });
            }
            Node::Caller(caller) => {
                adapt(step, Stored::Watch, |step| caller.restart(cx, &[], step));
            }
        }
    }

    fn fingerprint(&self, node: NodeId) -> u64 {
        match &self.nodes[usize::from(node.0)] {
            Node::Clients(clients) => clients.fingerprint(),
            Node::Edge(edge) => edge.fingerprint(),
            Node::Control(control) => control.fingerprint(),
            Node::Runner(runner) => runner.fingerprint(),
            Node::Store(store) => store.fingerprint(),
            Node::Vault(vault) => vault.fingerprint(),
            Node::Regions(regions) => regions.fingerprint(),
            Node::Door(door) => door.fingerprint(),
            Node::Place(place) => place.fingerprint(),
            Node::Visitors(visitors) => visitors.fingerprint(),
            Node::Migrations(service) => service.fingerprint(),
            Node::Migrator(migrator) => migrator.fingerprint(),
            Node::Database(database) => database.fingerprint(),
            Node::Bootstrap(bootstrap) => bootstrap.fingerprint(),
            Node::Git(git) => git.fingerprint(),
            Node::Central(central) => central.fingerprint(),
            Node::Local(local) => local.fingerprint(),
            Node::EdgeNode(node) => node.fingerprint(),
            Node::Log(log) => log.fingerprint(),
            Node::Archive(archive) => archive.fingerprint(),
            Node::Services(services) => services.fingerprint(),
            Node::Pipeline(pipeline) => pipeline.fingerprint(),
            Node::Builder(builder) => builder.fingerprint(),
            Node::Source(source) => source.fingerprint(),
            Node::Registry(registry) => registry.fingerprint(),
            Node::Environment(environment) => environment.fingerprint(),
            Node::Events(log) => log.fingerprint(),
            Node::Attempts(attempts) => attempts.fingerprint(),
            Node::Worker(worker) => worker.fingerprint(),
            Node::Resource(resource) => resource.fingerprint(),
            Node::Keys(keys) => keys.fingerprint(),
            Node::Product(product) => product.fingerprint(),
            Node::Provider(provider) => provider.fingerprint(),
            Node::Restores(service) => service.fingerprint(),
            Node::Databases(databases) => databases.fingerprint(),
            Node::Writer(writer) => writer.fingerprint(),
            Node::Outside(outside) => outside.fingerprint(),
            Node::Tabs(tabs) => tabs.fingerprint(),
            Node::SessionStore(store) => store.fingerprint(),
            Node::Watch(watch) => watch.fingerprint(),
            Node::Supplier(supplier) => supplier.fingerprint(),
            Node::Caller(caller) => caller.fingerprint(),
            Node::Inbox(inbox) => inbox.fingerprint(),
        }
    }

    fn put_back(&self, node: NodeId, records: &mut Vec<Stored>, backup: usize) {
        if !matches!(self.nodes[usize::from(node.0)], Node::Control(_)) {
            return records.truncate(backup);
        }
        let mut inner: Vec<_> = records
            .iter()
            .filter_map(|stored| {
                if let Stored::Control(record) = stored {
                    Some(*record)
                } else {
                    None
                }
            })
            .collect();
        control::put_back(&mut inner, backup);
        *records = inner.into_iter().map(Stored::Control).collect();
    }

    fn weight(&self) -> u64 {
        let control = self.control();
        let rows = control.outbox().len() as u64 * size_of::<control::OutboxRow>() as u64
            + u64::from(control.allocations().len()) * size_of::<control::Allocation>() as u64;
        let held: u64 = self
            .edges()
            .map(|(_, edge)| 64 * edge.held().len() as u64)
            .sum();
        rows + held + 512 * self.nodes.len() as u64
    }
}
