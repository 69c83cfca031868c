//! Roster: which node is which, and what people call it.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use machine::NodeId;
use protocol::NodeKind;

/// Who is who in a fleet of this size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Roster {
    edges: u16,
    runners: u16,
}

impl Roster {
    /// A fleet of so many edges and runners.
    #[must_use]
    pub const fn new(edges: u16, runners: u16) -> Self {
        Self { edges, runners }
    }

    /// The edge with this position, from 0.
    #[must_use]
    pub const fn edge(self, position: u16) -> NodeId {
        NodeId(1 + position)
    }

    /// All edges.
    pub fn edges(self) -> impl Iterator<Item = NodeId> {
        (0..self.edges).map(move |position| self.edge(position))
    }

    /// How many edges there are.
    #[must_use]
    pub const fn edge_count(self) -> u16 {
        self.edges
    }

    /// The control plane.
    #[must_use]
    pub const fn control(self) -> NodeId {
        NodeId(1 + self.edges)
    }

    /// The runner with this position, from 0.
    #[must_use]
    pub const fn runner(self, position: u16) -> NodeId {
        NodeId(2 + self.edges + position)
    }

    /// All runners.
    pub fn runners(self) -> impl Iterator<Item = NodeId> {
        (0..self.runners).map(move |position| self.runner(position))
    }

    /// The artifact store.
    #[must_use]
    pub const fn store(self) -> NodeId {
        NodeId(2 + self.edges + self.runners)
    }

    /// The vault of secrets.
    #[must_use]
    pub const fn vault(self) -> NodeId {
        NodeId(3 + self.edges + self.runners)
    }

    /// All nodes.
    pub fn all(self) -> impl Iterator<Item = NodeId> {
        (0..=self.vault().0).map(NodeId)
    }

    /// The kind of a node.
    #[must_use]
    pub const fn kind(self, node: NodeId) -> NodeKind {
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
    pub fn name(self, node: NodeId) -> String {
        match self.kind(node) {
            NodeKind::Clients => "clients".to_string(),
            NodeKind::Edge => alloc::format!("edge-{}", node.0),
            NodeKind::Control => "control".to_string(),
            NodeKind::Runner => alloc::format!("runner-{}", node.0 - 1 - self.edges),
            NodeKind::Store => "store".to_string(),
            NodeKind::Vault => "vault".to_string(),
        }
    }

    /// The node with this name.
    #[must_use]
    pub fn find(self, name: &str) -> Option<NodeId> {
        self.all().find(|node| self.name(*node) == name)
    }

    /// All names.
    #[must_use]
    pub fn names(self) -> Vec<String> {
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
