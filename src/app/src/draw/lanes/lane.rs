//! One lane: which node it is of, or which nodes are folded into it, and what runs there.

use protocol::{NodeKind, NodeView, ThingView};

/// A lane: as much of a node as is drawn of it, or of several nodes that are folded into one lane.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    /// The numbers of the nodes that it is of: one, or those that are folded.
    pub ids: Vec<u16>,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
    /// Whether it runs.
    pub up: bool,
    /// The apps of which it runs something.
    pub apps: String,
}

impl Lane {
    /// The lane of a node, with what runs on it.
    pub fn of(node: &NodeView, things: &[ThingView]) -> Self {
        let mut apps: Vec<&str> = things
            .iter()
            .filter(|thing| thing.lifecycle == platform::ALLOCATION && !ended(thing))
            .filter(|thing| fact(thing, "host") == node.name)
            .map(|thing| fact(thing, "app"))
            .collect();
        apps.sort_unstable();
        apps.dedup();
        Self {
            ids: vec![node.id],
            name: node.name.clone(),
            kind: node.kind,
            up: node.up,
            apps: match apps.as_slice() {
                [] | [_] | [_, _] => apps.join(", "),
                [first, rest @ ..] => format!("{first} and {} more", rest.len()),
            },
        }
    }
}

fn fact<'a>(thing: &'a ThingView, label: &str) -> &'a str {
    let mut facts = thing.facts.iter();
    facts
        .find(|(name, _)| name == label)
        .map_or("", |(_, value)| value)
}

fn ended(thing: &ThingView) -> bool {
    platform::CATALOG.lifecycles[usize::from(thing.lifecycle)].is_terminal(thing.state)
}
