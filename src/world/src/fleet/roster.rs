//! Roster: which node is which, and what people call it.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use machine::NodeId;
use protocol::NodeKind;

/// A kind of node that only some plans have.
#[derive(Clone, Copy, Debug)]
pub struct Seat {
    /// What it is.
    pub kind: NodeKind,
    /// What it is called; with a number behind it if there can be several.
    pub name: &'static str,
    /// Whether there can be several.
    pub many: bool,
    /// Whether it is what a plan with it is about, and not at work for the control plane and the edges.
    pub leads: bool,
}

/// The kinds of nodes that only some plans have, in the order of their numbers.
pub const SEATS: &[Seat] = &[
    seat(NodeKind::Control, "regions", false),
    seat(NodeKind::Edge, "door", false),
    seat(NodeKind::Runner, "region", true),
    seat(NodeKind::Clients, "visitors", false),
    helper(NodeKind::Bootstrap, "bootstrap", false),
    seat(NodeKind::Control, "migrations", false),
    seat(NodeKind::Runner, "migrator", false),
    seat(NodeKind::Store, "database", false),
    seat(NodeKind::Store, "git", false),
    seat(NodeKind::Control, "co", false),
    seat(NodeKind::Control, "lo", true),
    seat(NodeKind::Runner, "en", true),
    helper(NodeKind::Store, "log", false),
    helper(NodeKind::Store, "archive", false),
    helper(NodeKind::Store, "services", false),
    seat(NodeKind::Control, "pipeline", false),
    seat(NodeKind::Runner, "builder", true),
    seat(NodeKind::Store, "source", false),
    seat(NodeKind::Store, "registry", false),
    seat(NodeKind::Runner, "environment", false),
    seat(NodeKind::Store, "events", false),
    seat(NodeKind::Control, "attempts", false),
    seat(NodeKind::Runner, "worker", true),
    seat(NodeKind::Store, "resource", false),
    helper(NodeKind::Store, "keys", false),
    helper(NodeKind::Store, "product", false),
    helper(NodeKind::Clients, "provider", false),
    seat(NodeKind::Control, "restores", false),
    seat(NodeKind::Store, "databases", false),
    seat(NodeKind::Runner, "writer", true),
    seat(NodeKind::Clients, "outside", false),
    seat(NodeKind::Clients, "tabs", false),
    helper(NodeKind::Store, "session-store", false),
    seat(NodeKind::Control, "watch", false),
    seat(NodeKind::Store, "provider-database", false),
    seat(NodeKind::Store, "provider-object-store", false),
    seat(NodeKind::Store, "provider-queue", false),
    seat(NodeKind::Store, "provider-payment", false),
    seat(NodeKind::Runner, "caller", true),
    helper(NodeKind::Store, "inbox", false),
];

/// The seat of the region service.
pub const REGIONS: usize = 0;
/// The seat of the door.
pub const DOOR: usize = 1;
/// The seat of the regions.
pub const PLACE: usize = 2;
/// The seat of the visitors.
pub const VISITORS: usize = 3;
/// The seat of the automation that rebuilds hosts.
pub const BOOTSTRAP: usize = 4;
/// The seat of the migration service.
pub const MIGRATIONS: usize = 5;
/// The seat of the migrator.
pub const MIGRATOR: usize = 6;
/// The seat of the database.
pub const DATABASE: usize = 7;
/// The seat of Git and the registry.
pub const GIT: usize = 8;
/// The seat of CO.
pub const CENTRAL: usize = 9;
/// The seat of the LOs.
pub const LOCAL: usize = 10;
/// The seat of the ENs.
pub const EDGE_NODE: usize = 11;
/// The seat of the route event stream.
pub const LOG: usize = 12;
/// The seat of the archive of snapshots.
pub const ARCHIVE: usize = 13;
/// The seat of the runtime services.
pub const SERVICES: usize = 14;
/// The seat of the pipeline.
pub const PIPELINE: usize = 15;
/// The seat of the builders.
pub const BUILDER: usize = 16;
/// The seat of the source of commits.
pub const SOURCE: usize = 17;
/// The seat of the registry of artifacts.
pub const REGISTRY: usize = 18;
/// The seat of the environment of previews.
pub const ENVIRONMENT: usize = 19;
/// The seat of the log of events.
pub const EVENTS: usize = 20;
/// The seat of the service of attempts.
pub const ATTEMPTS: usize = 21;
/// The seat of those who carry attempts out.
pub const WORKER: usize = 22;
/// The seat of where deployments really run.
pub const RESOURCE: usize = 23;
/// The seat of the store of keys.
pub const KEYS: usize = 24;
/// The seat of the product's database.
pub const PRODUCT: usize = 25;
/// The seat of the provider that sends webhooks.
pub const PROVIDER: usize = 26;
/// The seat of the restore service.
pub const RESTORES: usize = 27;
/// The seat of the databases that may be restored.
pub const DATABASES: usize = 28;
/// The seat of those who write to them.
pub const WRITER: usize = 29;
/// The seat of the world outside.
pub const OUTSIDE: usize = 30;
/// The seat of the tabs.
pub const TABS: usize = 31;
/// The seat of the session store.
pub const SESSION_STORE: usize = 32;
/// The seat of the watch over the providers.
pub const WATCH: usize = 33;
/// The seats of the providers that apps are bound to, in their order.
pub const SUPPLIERS: [usize; 4] = [34, 35, 36, 37];
/// The seat of those in the apps who call a provider.
pub const CALLER: usize = 38;
/// The seat of the inbox for events.
pub const INBOX: usize = 39;

const fn seat(kind: NodeKind, name: &'static str, many: bool) -> Seat {
    Seat {
        kind,
        name,
        many,
        leads: true,
    }
}

const fn helper(kind: NodeKind, name: &'static str, many: bool) -> Seat {
    Seat {
        leads: false,
        ..seat(kind, name, many)
    }
}

/// Who is who in a fleet of this size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Roster {
    edges: u16,
    runners: u16,
    /// How many nodes have this seat or one before it: asked for at every entry, several times.
    up_to: [u16; SEATS.len()],
}

impl Roster {
    /// A fleet of so many edges and runners.
    #[must_use]
    pub const fn new(edges: u16, runners: u16) -> Self {
        Self {
            edges,
            runners,
            up_to: [0; SEATS.len()],
        }
    }

    /// The same fleet with so many nodes in a seat, by its place in [`SEATS`].
    #[must_use]
    pub const fn with(mut self, seat: usize, count: u16) -> Self {
        let (before, old) = self.places(seat);
        let mut at = seat;
        while at < SEATS.len() {
            self.up_to[at] = self.up_to[at] - (old - before) + count;
            at += 1;
        }
        self
    }

    /// The places of the nodes in a seat among all that have one: the first, and the first behind them.
    #[inline]
    const fn places(&self, seat: usize) -> (u16, u16) {
        let before = if seat == 0 { 0 } else { self.up_to[seat - 1] };
        (before, self.up_to[seat])
    }

    /// The nodes in a seat.
    #[inline]
    pub fn seated(&self, seat: usize) -> impl Iterator<Item = NodeId> + use<> {
        let (from, to) = self.places(seat);
        let first = self.vault().0 + 1;
        (first + from..first + to).map(NodeId)
    }

    /// The seat of a node and its position in it, if it has one.
    fn seat_of(&self, node: NodeId) -> Option<(Seat, u16)> {
        let place = node.0.checked_sub(self.vault().0 + 1)?;
        let seat = self.up_to.iter().position(|up_to| place < *up_to)?;
        Some((SEATS[seat], place - self.places(seat).0))
    }

    /// The edge with this position, from 0.
    #[must_use]
    pub const fn edge(&self, position: u16) -> NodeId {
        NodeId(1 + position)
    }

    /// All edges.
    pub fn edges(&self) -> impl Iterator<Item = NodeId> + use<> {
        let first = self.edge(0).0;
        (first..first + self.edges).map(NodeId)
    }

    /// How many edges there are.
    #[must_use]
    pub const fn edge_count(&self) -> u16 {
        self.edges
    }

    /// The control plane.
    #[must_use]
    pub const fn control(&self) -> NodeId {
        NodeId(1 + self.edges)
    }

    /// The runner with this position, from 0.
    #[must_use]
    pub const fn runner(&self, position: u16) -> NodeId {
        NodeId(2 + self.edges + position)
    }

    /// All runners.
    pub fn runners(&self) -> impl Iterator<Item = NodeId> + use<> {
        let first = self.runner(0).0;
        (first..first + self.runners).map(NodeId)
    }

    /// The artifact store.
    #[must_use]
    pub const fn store(&self) -> NodeId {
        NodeId(2 + self.edges + self.runners)
    }

    /// The vault of secrets.
    #[must_use]
    pub const fn vault(&self) -> NodeId {
        NodeId(3 + self.edges + self.runners)
    }

    /// All nodes.
    pub fn all(&self) -> impl Iterator<Item = NodeId> + use<> {
        let seated = self.up_to[SEATS.len() - 1];
        (0..=self.vault().0 + seated).map(NodeId)
    }

    /// All nodes in the order in which people look at them: what the plan is about, then where requests come by, then what
    /// the control plane and the edges work with.
    #[must_use]
    pub fn shown(&self) -> Vec<NodeId> {
        let mut nodes: Vec<NodeId> = self.all().collect();
        nodes.sort_by_key(|node| match self.seat_of(*node) {
            Some((seat, _)) if seat.leads => 0,
            None if node.0 <= self.control().0 => 1,
            Some(_) => 2,
            None => 3,
        });
        nodes
    }

    /// The kind of a node.
    #[must_use]
    pub fn kind(&self, node: NodeId) -> NodeKind {
        if let Some((seat, _)) = self.seat_of(node) {
            return seat.kind;
        }
        match node.0 {
            0 => NodeKind::Clients,
            n if n <= self.edges => NodeKind::Edge,
            n if n == self.control().0 => NodeKind::Control,
            n if n < self.store().0 => NodeKind::Runner,
            n if n == self.store().0 => NodeKind::Store,
            _ => NodeKind::Vault,
        }
    }

    /// The name of a node: `edge-1`, `control`, `runner-2`.
    #[must_use]
    pub fn name(&self, node: NodeId) -> String {
        match (self.seat_of(node), self.kind(node)) {
            (Some((seat, position)), _) if seat.many => {
                alloc::format!("{}-{}", seat.name, position + 1)
            }
            (Some((seat, _)), _) => seat.name.to_string(),
            (None, NodeKind::Clients) => "clients".to_string(),
            (None, NodeKind::Edge) => alloc::format!("edge-{}", node.0),
            (None, NodeKind::Control) => "control".to_string(),
            (None, NodeKind::Runner) => alloc::format!("runner-{}", node.0 - 1 - self.edges),
            (None, NodeKind::Store) => "store".to_string(),
            (None, _) => "vault".to_string(),
        }
    }

    /// The node with this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<NodeId> {
        self.all().find(|node| self.name(*node) == name)
    }

    /// All names.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.all().map(|node| self.name(node)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_has_a_name_of_its_own_that_finds_it() {
        let roster = Roster::new(2, 3);
        assert_eq!(
            roster.names().join(" "),
            "clients edge-1 edge-2 control runner-1 runner-2 runner-3 store vault"
        );
        for node in roster.all() {
            assert_eq!(roster.find(&roster.name(node)), Some(node));
        }
    }
}
