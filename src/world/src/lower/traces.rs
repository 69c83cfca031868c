//! Keys, webhooks, assets and previews: their nodes, what edges and runners are told of them, and what is ordered.

use super::*;
use crate::fleet::{Habits, INBOX, KEYS, PRODUCT, PROVIDER, Product, Provider, SECRET, asset};
use platform::traces::{Command as Order, Inbox, KeyStore, Manners, Preview, Services, Webhook};
use protocol::{Extra, TracesEffect, TracesPlan};

/// The same fleet with the nodes that a plan's requests need.
#[must_use]
pub fn seated(roster: Roster, plan: &Plan) -> Roster {
    match &plan.traces {
        Some(traces) => roster
            .with(KEYS, u16::from(traces.keys))
            .with(PRODUCT, u16::from(traces.keys))
            .with(PROVIDER, u16::from(traces.provider.is_some()))
            .with(INBOX, u16::from(traces.inbox)),
        None => roster,
    }
}

/// The nodes that a plan's requests need, in the order of their seats.
pub(super) fn nodes(plan: &Plan, roster: Roster) -> Vec<Node> {
    let Some(traces) = &plan.traces else {
        return Vec::new();
    };
    let mut nodes = Vec::new();
    if let Some(product) = product(roster) {
        nodes.push(Node::Keys(KeyStore::new(product)));
        nodes.push(Node::Product(Product::default()));
    }
    if let Some(provider) = &traces.provider {
        let habits = Habits {
            route: RouteId(provider.app),
            from: Time(provider.from),
            until: Time(provider.until),
            every: (Duration(provider.every.low), Duration(provider.every.high)),
            timeout: Duration(provider.timeout),
            back_off: Duration(provider.back_off),
            gives_up: Duration(provider.gives_up),
            duplicates: provider.duplicates,
            forged: provider.forged,
            played_back: (provider.played_back, Duration(provider.played_back_after)),
        };
        nodes.push(Node::Provider(Provider::new(
            roster.edges().collect(),
            habits,
        )));
    }
    nodes
}

/// The inbox, which has its seat after all others.
pub(super) fn inbox(plan: &Plan, roster: Roster) -> Vec<Node> {
    let there = plan.traces.iter().filter(|traces| traces.inbox);
    let contracts = services(plan, roster).webhooks;
    there
        .map(|_| Node::Inbox(Inbox::new(roster.edges().collect(), contracts.clone())))
        .collect()
}

/// The product's database, if there is one.
pub(super) fn product(roster: Roster) -> Option<NodeId> {
    roster.seated(PRODUCT).next()
}

/// What an edge is told besides its routes.
pub(super) fn services(plan: &Plan, roster: Roster) -> Services {
    let Some(traces) = &plan.traces else {
        return Services::default();
    };
    let apps = 0..plan.apps.len() as u16;
    let provider = traces.provider.as_ref();
    let provider = provider.filter(|provider| provider.contract);
    let webhook = |app| {
        let provider = provider.filter(|provider| provider.app == app)?;
        Some(Webhook {
            secret: SECRET,
            timeout: Duration(provider.timeout),
            inbox: provider.inbox,
        })
    };
    let preview = |app| {
        let plan = traces.previews.iter().find(|plan| plan.app == app)?;
        Some(Preview {
            of: RouteId(plan.of),
            number: plan.number,
            isolated: true,
            superseded: None,
        })
    };
    Services {
        keys: roster.seated(KEYS).next(),
        assets: (traces.assets > 0).then(|| roster.store()),
        webhooks: apps.clone().map(webhook).collect(),
        previews: apps.clone().map(preview).collect(),
        inbox: roster.seated(INBOX).next(),
        connections: None,
        manners: apps
            .map(|app| {
                if traces.not_for_errands.contains(&app) {
                    Manners::Refuse
                } else {
                    Manners::Wait
                }
            })
            .collect(),
    }
}

/// The assets of every deployment's artifact.
pub(super) fn assets(plan: &Plan) -> Vec<(DeploymentId, Vec<Digest>)> {
    let paths = plan.traces.as_ref().map_or(0, |traces| traces.assets);
    if paths == 0 {
        return Vec::new();
    }
    let apps = 0..plan.apps.len() as u16;
    apps.flat_map(|app| deployments_of(plan, app))
        .map(|deployment| {
            let all = (0..paths).map(|path| asset(deployment, path)).collect();
            (deployment, all)
        })
        .collect()
}

/// The assets of one app, whose bytes are damaged with its artifact's.
pub(super) fn assets_of(plan: &Plan, app: u16) -> Vec<Digest> {
    let mine: Vec<DeploymentId> = deployments_of(plan, app).collect();
    let all = assets(plan).into_iter();
    all.filter(|(deployment, _)| mine.contains(deployment))
        .flat_map(|(_, assets)| assets)
        .collect()
}

/// A stream as its plan wants it: requests for a preview name its host, and those for assets choose among what there is.
pub(super) fn addressed(plan: &Plan, mut stream: Stream, extra: Extra) -> Stream {
    let Some(traces) = &plan.traces else {
        return stream;
    };
    let app = stream.route.0;
    let mine = deployments_of(plan, app).next().unwrap_or(DeploymentId(0));
    let count = deployments_of(plan, app).count() as u16;
    stream.assets = (mine, count, traces.assets);
    let mut extra = extra;
    if let Some(preview) = traces.previews.iter().find(|preview| preview.app == app) {
        stream.route = RouteId(preview.of);
        extra.preview = Some(preview.number);
    }
    stream.extra = Some(extra);
    stream
}

/// What the hosts of all edges let their processes keep.
pub(super) fn limit(roster: Roster, most: Option<u32>) -> Vec<External<Message>> {
    let message = Message::Command(Command::Traces(Order::LimitConnections { most }));
    let edges = roster.edges();
    edges.map(|to| External::Deliver { to, message }).collect()
}

/// What binds a preview to data, at every edge.
pub(super) fn bind(roster: Roster, app: u16, isolated: bool) -> Vec<External<Message>> {
    let route = RouteId(app);
    let order = Message::Command(Command::Traces(Order::BindPreview { route, isolated }));
    let edges = roster.edges();
    edges
        .map(|to| External::Deliver { to, message: order })
        .chain(restore::bind(roster, isolated))
        .collect()
}

/// What says that there is a later preview in the place of one, at every edge.
pub(super) fn supersede(roster: Roster, app: u16) -> Vec<External<Message>> {
    let route = RouteId(app);
    let message = Message::Command(Command::Traces(Order::SupersedePreview { route }));
    let edges = roster.edges();
    edges.map(|to| External::Deliver { to, message }).collect()
}

/// What an operator does about a preview.
pub(super) fn effect(roster: Roster, effect: &TracesEffect) -> Vec<External<Message>> {
    match effect {
        TracesEffect::BindPreview(app) => bind(roster, *app, false),
        TracesEffect::IsolatePreview(app) => bind(roster, *app, true),
    }
}

/// What is wrong with this part of a plan.
pub(super) fn check(plan: &Plan) -> Result<()> {
    let Some(traces) = &plan.traces else {
        return Ok(());
    };
    let TracesPlan {
        provider,
        previews,
        not_for_errands,
        ..
    } = traces;
    let named = previews
        .iter()
        .flat_map(|preview| [preview.app, preview.of]);
    let named = named.chain(provider.iter().map(|provider| provider.app));
    let named = named.chain(not_for_errands.iter().copied());
    for app in named {
        if usize::from(app) >= plan.apps.len() {
            return problem(Problem::new(
                "unknown-app",
                alloc::format!("there is no app number {app}"),
            ));
        }
    }
    Ok(())
}
