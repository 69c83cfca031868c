//! The names that a scenario gives to its own things, and those that the platform has.

use super::read::{File, Name};
use machine::Catalog;

/// The names that a scenario gives to its own things, and those that the platform has.
pub struct Names<'a> {
    pub file: &'a File<'a>,
    pub catalog: &'a Catalog,
    pub(super) apps: Vec<String>,
    pub(super) reads: Vec<String>,
    pub(super) actions: Vec<String>,
    pub(super) cases: Vec<String>,
    pub(super) regions: Vec<String>,
    pub(super) deployments: Vec<String>,
    pub(super) locals: u16,
    pub(super) edge_nodes: u16,
    pub(super) migrations: Vec<String>,
    pub(super) promotes: bool,
    pub(super) restores: bool,
    pub(super) deploys: Vec<String>,
    pub(super) attempted: Vec<String>,
    pub(super) workers: u16,
    pub(super) builders: u16,
    pub(super) traces: bool,
    pub(super) sessions: bool,
    pub(super) outage: bool,
    pub(super) edges: u16,
    pub(super) runners: u16,
}

fn all(names: &'static [&'static str]) -> impl Iterator<Item = String> {
    names.iter().map(ToString::to_string)
}

pub fn borrowed(names: &[String]) -> Vec<&str> {
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
