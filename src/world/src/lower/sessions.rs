//! Sessions: their nodes, what runners are told of them, and what is ordered.

use super::*;
use crate::fleet::{SESSION_STORE, Stream, TABS, TabHabits, Tabs, VisitorTabs};
use machine::SortedMap;
use platform::sessions::{Command as Order, Store as SessionStore, Terms};
use protocol::SessionsEffect;

/// The same fleet with the nodes that a plan's sessions need.
#[must_use]
pub fn seated(roster: Roster, plan: &Plan) -> Roster {
    match &plan.sessions {
        Some(sessions) => roster
            .with(TABS, 1)
            .with(SESSION_STORE, u16::from(sessions.store)),
        None => roster,
    }
}

/// The nodes of a plan's sessions, in the order of their seats.
pub(super) fn nodes(plan: &Plan, roster: Roster) -> Vec<Node> {
    let Some(sessions) = &plan.sessions else {
        return Vec::new();
    };
    let habits = TabHabits {
        count: sessions.tabs,
        route: RouteId(sessions.app),
        from: Time(sessions.from),
        within: Duration(sessions.within),
        acts: (Duration(sessions.acts.low), Duration(sessions.acts.high)),
        twins: (sessions.twins.min(sessions.tabs), Time(sessions.twins_at)),
        crowd: sessions.crowd,
        leavers: (sessions.leavers, Time(plan.heal_at)),
        sleepers: (
            sessions.sleepers,
            Time(sessions.asleep_at),
            Duration(sessions.asleep_for),
        ),
        visitors: plan
            .traffic
            .iter()
            .map(|traffic| pages(plan, traffic))
            .sum(),
    };
    let mut nodes = Vec::new();
    nodes.push(Node::Tabs(Tabs::new(roster.edges().collect(), habits)));
    if sessions.store {
        nodes.push(Node::SessionStore(SessionStore::default()));
    }
    nodes
}

/// How many visitors a stream of requests comes from whose pages have sockets.
fn pages(plan: &Plan, traffic: &protocol::Traffic) -> u16 {
    let sessions = plan.sessions.as_ref().filter(|_| plan.traces.is_some());
    let here = sessions.is_some_and(|sessions| sessions.app == traffic.app);
    if here { traffic.extra.visitors } else { 0 }
}

/// The tabs of visitors, behind those that are opened by themselves.
pub(super) fn visitors(plan: &Plan, roster: Roster, streams: &[Stream]) -> Option<VisitorTabs> {
    let sessions = plan.sessions.as_ref()?;
    let node = roster.seated(TABS).next()?;
    let mut next = u32::from(sessions.tabs) + u32::from(sessions.twins.min(sessions.tabs));
    let mut first = SortedMap::new();
    for (at, stream) in streams.iter().enumerate() {
        let visitors = stream.extra.map_or(0, |extra| extra.visitors);
        if stream.route == RouteId(sessions.app) && visitors > 0 {
            first.insert(at as u32, next);
            next += u32::from(visitors);
        }
    }
    Some(VisitorTabs { node, first }).filter(|tabs| !tabs.first.is_empty())
}

/// What the allocations of a plan's app go by.
#[must_use]
pub fn terms(plan: &Plan, roster: Roster) -> Option<Terms> {
    let sessions = plan.sessions.as_ref()?;
    let next = deployment(deployments_per_app(plan), sessions.app, 1);
    Some(Terms {
        store: roster.seated(SESSION_STORE).next(),
        cold_from: if sessions.cold {
            next
        } else {
            DeploymentId(u16::MAX)
        },
        fresh: sessions.fresh,
    })
}

/// Whether the edges believe whom the proxy in front of them names.
pub(super) fn trust(roster: Roster, trusts: bool) -> Vec<External<Message>> {
    let message = Message::Command(Command::Sessions(Order::TrustAddresses(trusts)));
    let edges = roster.edges();
    edges.map(|to| External::Deliver { to, message }).collect()
}

/// So many people lose their identity.
pub(super) fn revoke(roster: Roster, people: u16) -> Option<External<Message>> {
    Some(External::Deliver {
        to: roster.seated(TABS).next()?,
        message: Message::Command(Command::Sessions(Order::Revoke(people.into()))),
    })
}

/// What an operator does about sockets and sessions.
pub(super) fn effect(roster: Roster, effect: &SessionsEffect) -> Vec<External<Message>> {
    match effect {
        SessionsEffect::TrustAddresses(trusts) => trust(roster, *trusts),
        SessionsEffect::CutOff(runner) => alloc::vec![External::Deliver {
            to: roster.runner(*runner),
            message: Message::Command(Command::Sessions(Order::CutOff)),
        }],
    }
}
