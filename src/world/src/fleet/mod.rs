//! The fleet: every node of a run, dispatched statically, under the names that people use.
//!
//! Nodes are numbered: clients, edges, control plane, runners, artifact store, vault.

mod bootstrap;
mod clients;
mod gitops;
mod migration;
mod region;
mod roster;
mod store;
mod traces;
mod vault;

pub use bootstrap::Bootstrap;
pub use clients::{Clients, Stream, asset};
pub use gitops::{Change, Git};
pub use migration::{Database, Spell, Trouble};
pub use region::{Lack, Place, Visitors};
pub use roster::{
    BOOTSTRAP, CENTRAL, DATABASE, DOOR, EDGE_NODE, GIT, KEYS, LOCAL, MIGRATIONS, MIGRATOR, PLACE,
    PRODUCT, PROVIDER, REGIONS, Roster, VISITORS,
};
pub use store::{Store, WrongBytes, wrong};
pub use traces::{Effect, Habits, Product, Provider, SECRET};
pub use vault::{MissingSecret, Vault};

use alloc::vec::Vec;
use machine::{Context, Input, Machine, NodeId, Step, Time};
use platform::control::{self, ControlPlane};
use platform::edge::Edge;
use platform::gitops as gitops_logic;
use platform::id::Region;
use platform::message::Message;
use platform::migration::{self as migration_logic, Migrations, Migrator};
use platform::note::Note;
use platform::region::{self as region_logic, Door, Regions};
use platform::runner::{self, Runner};
use platform::traces::{self as traces_logic, KeyStore};

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
    /// The store of keys.
    Keys(KeyStore),
    /// The product's database.
    Product(Product),
    /// The provider that sends webhooks.
    Provider(Provider),
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
    /// The store of keys.
    Keys(traces_logic::Record),
    /// The product's database.
    Effect(Effect),
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
    pub const fn roster(&self) -> &Roster {
        &self.roster
    }

    /// A node.
    #[must_use]
    pub fn node(&self, node: NodeId) -> Option<&Node> {
        self.nodes.get(usize::from(node.0))
    }

    /// The control plane.
    ///
    /// # Panics
    /// If the roster and the nodes disagree, which lowering a plan rules out.
    #[must_use]
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

    /// The region service, if the plan has regions.
    #[must_use]
    pub fn regions(&self) -> Option<&Regions> {
        let node = self.roster.seated(REGIONS).next()?;
        match self.node(node) {
            Some(Node::Regions(regions)) => Some(regions),
            _ => None,
        }
    }

    /// The migration service, if the plan has migrations.
    #[must_use]
    pub fn migrations(&self) -> Option<&Migrations> {
        match self.node(self.roster.seated(MIGRATIONS).next()?) {
            Some(Node::Migrations(service)) => Some(service),
            _ => None,
        }
    }

    /// The database whose schema is changed.
    #[must_use]
    pub fn database(&self) -> Option<&Database> {
        match self.node(self.roster.seated(DATABASE).next()?) {
            Some(Node::Database(database)) => Some(database),
            _ => None,
        }
    }

    /// A region as a place.
    #[must_use]
    pub fn place(&self, region: Region) -> Option<&Place> {
        let node = self.roster.seated(PLACE).nth(usize::from(region.0))?;
        match self.node(node) {
            Some(Node::Place(place)) => Some(place),
            _ => None,
        }
    }

    /// The store of keys, if the plan has one.
    #[must_use]
    pub fn keys(&self) -> Option<&KeyStore> {
        match self.node(self.roster.seated(KEYS).next()?) {
            Some(Node::Keys(keys)) => Some(keys),
            _ => None,
        }
    }

    /// The product's database.
    #[must_use]
    pub fn product(&self) -> Option<&Product> {
        match self.node(self.roster.seated(PRODUCT).next()?) {
            Some(Node::Product(product)) => Some(product),
            _ => None,
        }
    }

    /// The provider that sends webhooks.
    #[must_use]
    pub fn provider(&self) -> Option<&Provider> {
        match self.node(self.roster.seated(PROVIDER).next()?) {
            Some(Node::Provider(provider)) => Some(provider),
            _ => None,
        }
    }

    /// The vault.
    #[must_use]
    pub fn vault(&self) -> Option<&Vault> {
        match self.node(self.roster.vault()) {
            Some(Node::Vault(vault)) => Some(vault),
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
            Node::Keys(keys) => adapt(step, Stored::Keys, |step| keys.step(cx, input, step)),
            Node::Product(product) => product.step(cx, input, step),
            Node::Provider(provider) => provider.step(cx, input, step),
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
            Node::Keys(keys) => keys.deadline(),
            Node::Provider(provider) => provider.deadline(),
            Node::Store(_)
            | Node::Vault(_)
            | Node::Place(_)
            | Node::Bootstrap(_)
            | Node::Product(_) => None,
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
            Node::Keys(keys) => {
                let records: Vec<_> = durable.iter().filter_map(traces::key_record).collect();
                adapt(step, Stored::Keys, |step| keys.restart(cx, &records, step));
            }
            Node::Product(product) => product.restart(durable),
            // Places and Git go on whatever becomes of the process that answers for them, and visitors and webhooks come.
            Node::Place(_) | Node::Visitors(_) | Node::Git(_) | Node::Provider(_) => {}
            Node::Bootstrap(bootstrap) => bootstrap.restart(),
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
            Node::Keys(keys) => keys.fingerprint(),
            Node::Product(product) => product.fingerprint(),
            Node::Provider(provider) => provider.fingerprint(),
        }
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
