//! Frames: a moment as the page paints it: what is, and what each node believes.

use super::names::{Names, cause_word};
use crate::fleet::{Fleet, Node};
use crate::watch::Watcher;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use machine::NodeId;
use platform::id::{AllocationId, RouteId};
use platform::message::Cause;
use protocol::{NodeView, Plan, ThingView};
use sim::State;

/// The part of a frame that the state alone decides.
pub(crate) struct Body {
    /// Wakes and allocations.
    pub things: Vec<ThingView>,
    /// The nodes with their beliefs.
    pub nodes: Vec<NodeView>,
}

/// What is and what is believed at a moment.
#[must_use]
pub fn frame_body(plan: &Plan, state: &State<Fleet>, watch: &Watcher) -> Body {
    let names = Names::new(plan, state);
    Body {
        things: things(&names, state, watch),
        nodes: nodes(plan, &names, state),
    }
}

fn things(names: &Names<'_>, state: &State<Fleet>, watch: &Watcher) -> Vec<ThingView> {
    let control = state.fleet().control();
    let mut things = Vec::new();
    for (id, row) in control.wakes().iter() {
        let wake = &row.value;
        let mut facts = alloc::vec![
            ("attempt".to_string(), wake.attempt.to_string()),
            ("epoch".to_string(), wake.epoch.0.to_string())
        ];
        if wake.cause != Cause::None {
            facts.push((
                "last failure".to_string(),
                cause_word(wake.cause).to_string(),
            ));
        }
        things.push(ThingView {
            lifecycle: platform::WAKE,
            name: names.wake(platform::id::WakeId(id)),
            id: u64::from(id),
            state: wake.state as u8,
            since: watch.wake_since(id).0,
            transition: None,
            facts,
        });
    }
    for (id, row) in control.allocations().iter() {
        let allocation = &row.value;
        let mut facts = alloc::vec![
            ("app".to_string(), names.app(allocation.route).to_string()),
            ("host".to_string(), names.node(allocation.host)),
            ("token".to_string(), allocation.token.0.to_string()),
            (
                "in rotation".to_string(),
                if allocation.serving { "yes" } else { "no" }.to_string()
            ),
        ];
        if allocation.cause != Cause::None {
            facts.push((
                "cause".to_string(),
                cause_word(allocation.cause).to_string(),
            ));
        }
        things.push(ThingView {
            lifecycle: platform::ALLOCATION,
            name: Names::allocation(AllocationId(id)),
            id: u64::from(id),
            state: allocation.state as u8,
            since: allocation.since.0,
            transition: None,
            facts,
        });
    }
    if let Some(service) = state.fleet().migrations() {
        things.append(&mut super::migration::things(names.plan(), service));
    }
    if let Some(service) = state.fleet().regions() {
        things.append(&mut super::region::things(names.plan(), service));
    }
    things.append(&mut super::hosts::things(names, state));
    things.append(&mut super::pipeline::things(names.plan(), state));
    things.append(&mut super::attempt::things(names.plan(), state));
    things.append(&mut super::gitops::things(names.plan(), state));
    things.append(&mut super::promotion::things(names, state));
    things
}

fn nodes(plan: &Plan, names: &Names<'_>, state: &State<Fleet>) -> Vec<NodeView> {
    let roster = *state.fleet().roster();
    let shown = roster.shown().into_iter();
    shown
        .map(|id| NodeView {
            id: id.0,
            name: names.node(id),
            kind: roster.kind(id),
            up: state.is_up(id),
            // A node that is down believes nothing: what it had in memory is gone.
            beliefs: if state.is_up(id) {
                beliefs(plan, names, state, id)
            } else {
                Vec::new()
            },
            is_outside: state.fleet().node(id).is_some_and(is_outside),
        })
        .collect()
}

/// Whether a node has no picture of others that could be wrong: what is shown of it is a fact.
const fn is_outside(node: &Node) -> bool {
    matches!(
        node,
        Node::Store(_)
            | Node::Place(_)
            | Node::Databases(_)
            | Node::Log(_)
            | Node::Archive(_)
            | Node::Services(_)
            | Node::Builder(_)
            | Node::Resource(_)
            | Node::Environment(_)
            | Node::Tabs(_)
            | Node::SessionStore(_)
            | Node::Keys(_)
            | Node::Inbox(_)
            | Node::Product(_)
            | Node::Provider(_)
            | Node::Caller(_)
            | Node::Supplier(_)
            | Node::Database(_)
    )
}

/// What a node believes: label, value, and whether the value differs from what is, or stands in the way.
fn beliefs(
    plan: &Plan,
    names: &Names<'_>,
    state: &State<Fleet>,
    id: NodeId,
) -> Vec<(String, String, bool)> {
    let control = state.fleet().control();
    let mut beliefs = Vec::new();
    match state.fleet().node(id) {
        Some(Node::Edge(edge)) => {
            for (index, app) in plan.apps.iter().enumerate() {
                let route = RouteId(index as u16);
                let fact = control
                    .routes()
                    .get(index as u32)
                    .map(|row| row.value.epoch);
                let Some(view) = edge.routes().get(&route) else {
                    beliefs.push((
                        format!("{}: owner", app.name),
                        "not known".to_string(),
                        fact.is_some(),
                    ));
                    continue;
                };
                beliefs.push((
                    format!("{}: owner", app.name),
                    format!("epoch {}", view.epoch.0),
                    fact != Some(view.epoch),
                ));
                let wake = crate::watch::wake_state(state, index as u16);
                let believed = view.wake.spec().name;
                beliefs.push((
                    format!("{}: wake", app.name),
                    believed.to_string(),
                    wake != Some(believed),
                ));
                let serving = edge
                    .allocations()
                    .values()
                    .filter(|view| view.route == route && view.serving)
                    .count();
                let really = control
                    .allocations()
                    .iter()
                    .filter(|(_, row)| row.value.route == route && row.value.serving)
                    .count();
                beliefs.push((
                    format!("{}: in rotation", app.name),
                    serving.to_string(),
                    serving != really,
                ));
            }
            beliefs.push(("held".to_string(), edge.held().len().to_string(), false));
            beliefs.extend(super::promotion::cursor(edge, state));
        }
        Some(Node::Control(control)) => {
            for host in control.hosts() {
                let connected = control.is_connected(host.runner);
                let up = state.is_up(host.runner);
                let word = if connected { "heard of" } else { "silent" };
                beliefs.push((names.node(host.runner), word.to_string(), connected != up));
            }
            beliefs.extend(super::pressure::store(state));
            let unpublished = control.outbox().iter().filter(|row| !row.published).count();
            beliefs.push((
                "outbox rows to publish".to_string(),
                unpublished.to_string(),
                false,
            ));
        }
        Some(Node::Runner(runner)) => {
            for (allocation, slot) in runner.slots().iter() {
                let row = control.allocations().get(allocation.0);
                let differs = row.is_none_or(|row| {
                    row.value.token != slot.token
                        || row.value.state.is_terminal()
                            != (slot.stage == platform::runner::Stage::Ended)
                });
                beliefs.push((
                    Names::allocation(*allocation),
                    format!("{} under token {}", stage(slot.stage), slot.token.0),
                    differs,
                ));
            }
        }
        Some(Node::Store(store)) => {
            for (index, app) in plan.apps.iter().enumerate() {
                let right = crate::lower::deployments_of(plan, index as u16).all(|deployment| {
                    store.is_right(crate::lower::artifact(plan, deployment), state.now())
                });
                beliefs.push((
                    format!("{}: artifact", app.name),
                    if right { "here" } else { "here, damaged" }.to_string(),
                    !right,
                ));
            }
        }
        Some(Node::Door(door)) => beliefs = super::region::door(plan, state, door),
        Some(Node::Place(_)) => beliefs = super::region::place(state, id),
        Some(Node::Central(central)) => beliefs = super::gitops::central(plan, state, central),
        Some(Node::Local(local)) => beliefs = super::gitops::local(names, state, local),
        Some(Node::EdgeNode(node)) => beliefs = super::gitops::edge_node(plan, state, node),
        Some(Node::Databases(_)) => beliefs = super::restore::instances(state),
        Some(Node::Writer(writer)) => beliefs = super::restore::writer(state, writer),
        Some(Node::Log(_)) => beliefs = super::promotion::log(state),
        Some(Node::Archive(_)) => beliefs = super::promotion::archive(state),
        Some(Node::Services(_)) => beliefs = super::promotion::services(state),
        Some(Node::Builder(builder)) => beliefs = super::pipeline::builder(plan, builder),
        Some(Node::Resource(_)) => beliefs = super::attempt::resource(plan, state),
        Some(Node::Environment(_)) => beliefs = super::pipeline::environment(state),
        Some(Node::Tabs(_)) => beliefs = super::sessions::tabs(state),
        Some(Node::SessionStore(_)) => beliefs = super::sessions::store(state),
        Some(Node::Keys(_)) => beliefs = super::traces::keys(state),
        Some(Node::Inbox(_)) => beliefs = super::traces::inbox(state),
        Some(Node::Product(_)) => beliefs = super::traces::product(state),
        Some(Node::Provider(_)) => beliefs = super::traces::provider(state),
        Some(Node::Watch(_)) => beliefs = super::outage::watch(plan, state),
        Some(Node::Caller(one)) => beliefs = super::outage::caller(one),
        Some(Node::Supplier(one)) => beliefs = super::outage::supplier(plan, state, one),
        Some(Node::Database(_)) => beliefs = super::migration::database(plan, state),
        Some(
            Node::Vault(_)
            | Node::Clients(_)
            | Node::Regions(_)
            | Node::Visitors(_)
            | Node::Git(_)
            | Node::Bootstrap(_)
            | Node::Migrations(_)
            | Node::Migrator(_)
            | Node::Restores(_)
            | Node::Outside(_)
            | Node::Pipeline(_)
            | Node::Source(_)
            | Node::Registry(_)
            | Node::Events(_)
            | Node::Attempts(_)
            | Node::Worker(_),
        )
        | None => {}
    }
    beliefs
}

const fn stage(stage: platform::runner::Stage) -> &'static str {
    use platform::runner::Stage;
    match stage {
        Stage::Recording => "writing the order down",
        Stage::Pulling => "pulling",
        Stage::Mounting => "mounting secrets",
        Stage::Booting => "starting the process",
        Stage::Running => "running",
        Stage::Draining => "draining",
        Stage::Ended => "ended",
    }
}
