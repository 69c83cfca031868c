//! Restores: their nodes, and what is ordered about them.

use super::*;
use crate::fleet::{DATABASES, OUTSIDE, Outside as World, RESTORES, WRITER};
use platform::restore::{
    Command as Order, Databases, Installation, PREVIEW, PRODUCTION, Restores, Writer,
};
use protocol::RestoreEffect;

/// The same fleet with the nodes that a plan's restores need.
#[must_use]
pub fn seated(roster: Roster, plan: &Plan) -> Roster {
    let Some(restores) = &plan.restores else {
        return roster;
    };
    roster
        .with(RESTORES, 1)
        .with(DATABASES, 1)
        .with(WRITER, restores.writers.clamp(1, 7))
        .with(OUTSIDE, 1)
}

/// The nodes of a plan's restores, in the order of their seats.
pub(super) fn nodes(plan: &Plan, roster: Roster) -> Vec<Node> {
    let Some(restores) = &plan.restores else {
        return Vec::new();
    };
    let node = |seat| roster.seated(seat).next().unwrap_or(roster.control());
    let (service, databases, outside) = (node(RESTORES), node(DATABASES), node(OUTSIDE));
    let mut nodes = alloc::vec![
        Node::Restores(Restores::new(Installation {
            databases,
            outside,
            writers: roster.seated(WRITER).collect(),
        })),
        Node::Databases(Databases::new((
            Duration(restores.work.low),
            Duration(restores.work.high),
        ))),
    ];
    let every = Duration(restores.every.max(1_000));
    nodes.extend(
        roster
            .seated(WRITER)
            .map(|_| Node::Writer(Writer::new(service, databases, outside, every))),
    );
    nodes.push(Node::Outside(World::default()));
    nodes
}

fn to(roster: Roster, seat: usize, order: Order) -> Option<External<Message>> {
    Some(External::Deliver {
        to: roster.seated(seat).next()?,
        message: Message::Command(Command::Restore(order)),
    })
}

/// What colleagues order as time goes by.
pub(super) fn life(plan: &Plan, roster: Roster) -> Vec<(Time, External<Message>)> {
    let orders = plan.restores.iter().flat_map(|restores| &restores.orders);
    orders
        .filter_map(|order| {
            let effect = if order.preview {
                RestoreEffect::RestorePreview(order.to)
            } else {
                RestoreEffect::RestoreTo(order.to)
            };
            Some((Time(order.at), effect_of(roster, &effect)?))
        })
        .collect()
}

/// The data goes wrong.
pub(super) fn corrupt(roster: Roster) -> Option<External<Message>> {
    to(roster, DATABASES, Order::Corrupt)
}

/// What previews run is bound to data of its own, or to production's.
pub(super) fn bind(roster: Roster, apart: bool) -> Option<External<Message>> {
    to(roster, DATABASES, Order::BindPreview { apart })
}

/// A job of a preview runs.
pub(super) fn job(roster: Roster) -> Option<External<Message>> {
    to(roster, DATABASES, Order::RunPreviewJob)
}

/// The schema changes, and the app that is served with it.
pub(super) fn change_schema(roster: Roster, schema: u32) -> Vec<External<Message>> {
    let order = Order::ChangeSchema { to: schema };
    let nodes = [DATABASES, RESTORES].into_iter();
    nodes.filter_map(|seat| to(roster, seat, order)).collect()
}

fn effect_of(roster: Roster, effect: &RestoreEffect) -> Option<External<Message>> {
    let order = match effect {
        RestoreEffect::RestoreTo(to) => Order::Restore {
            environment: PRODUCTION,
            to: Time(*to),
        },
        RestoreEffect::RestorePreview(to) => Order::Restore {
            environment: PREVIEW,
            to: Time(*to),
        },
        RestoreEffect::AcceptLoss => Order::AcceptLoss,
        RestoreEffect::ServeOldReader => Order::ServeOldReader,
    };
    to(roster, RESTORES, order)
}

/// What an operator does about a restore.
pub(super) fn effect(roster: Roster, effect: &RestoreEffect) -> Vec<External<Message>> {
    effect_of(roster, effect).into_iter().collect()
}
