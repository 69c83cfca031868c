//! Regions: their nodes, what they lack, and what is ordered about them.

use super::*;
use crate::fleet::{DOOR, Lack, PLACE, Place, REGIONS, VISITORS, Visitors};
use machine::Time;
use platform::region::{Command as Order, Door, Fact, Installation, Regions, Site};
use protocol::{RegionEffect, RegionsPlan};

/// The same fleet with the nodes that a plan's regions need.
#[must_use]
pub fn seated(roster: Roster, plan: &Plan) -> Roster {
    match &plan.regions {
        Some(regions) => roster
            .with(REGIONS, 1)
            .with(DOOR, 1)
            .with(PLACE, regions.regions.len().clamp(1, 16) as u16)
            .with(VISITORS, 1),
        None => roster,
    }
}

/// The nodes of a plan's regions, in the order of their seats.
pub(super) fn nodes(plan: &Plan, roster: Roster, lacks: &[(u16, Lack)]) -> Vec<Node> {
    let Some(regions) = &plan.regions else {
        return Vec::new();
    };
    let places: Vec<NodeId> = roster.seated(PLACE).collect();
    let node = |seat| roster.seated(seat).next().unwrap_or(roster.control());
    let mut nodes = Vec::new();
    nodes.push(Node::Regions(Regions::new(Installation {
        sites: sites(regions, &places),
        door: node(DOOR),
    })));
    nodes.push(Node::Door(Door::new(node(REGIONS), places.clone())));
    for at in 0..places.len() as u16 {
        let mine = lacks.iter().filter(|(region, _)| *region == at);
        let lacks = mine.map(|(_, lack)| *lack).collect();
        nodes.push(Node::Place(Place::new(Region(at as u8), lacks)));
    }
    nodes.push(Node::Visitors(Visitors::new(
        node(DOOR),
        places.len() as u8,
        (
            Duration(regions.visitors.low),
            Duration(regions.visitors.high),
        ),
        Time(0),
        Time(plan.end),
    )));
    nodes
}

fn sites(regions: &RegionsPlan, places: &[NodeId]) -> Vec<Site> {
    regions
        .regions
        .iter()
        .zip(places)
        .map(|(region, node)| Site {
            node: *node,
            allowed: region.allowed,
        })
        .collect()
}

/// What is ordered of the region service as time goes by.
pub(super) fn life(plan: &Plan, roster: Roster) -> Vec<(Time, External<Message>)> {
    let regions = plan.regions.iter().flat_map(|regions| &regions.regions);
    regions
        .enumerate()
        .flat_map(|(at, region)| {
            let order = Order::Enable {
                region: Region(at as u8),
            };
            let asked = region.enable_at.iter();
            asked.filter_map(move |at| Some((Time(*at), to_service(roster, order)?)))
        })
        .collect()
}

fn to_service(roster: Roster, order: Order) -> Option<External<Message>> {
    Some(External::Deliver {
        to: roster.seated(REGIONS).next()?,
        message: Message::Command(Command::Region(order)),
    })
}

/// An order of the policy that data may or may not live in a region.
pub(super) fn residency(roster: Roster, region: u16, allowed: bool) -> Option<External<Message>> {
    let region = Region(region as u8);
    to_service(roster, Order::SetResidency { region, allowed })
}

/// What an operator does about a region.
pub(super) fn effect(roster: Roster, effect: &RegionEffect) -> Vec<External<Message>> {
    let order = |order| to_service(roster, order).into_iter().collect();
    let named = |region: &u16| Region(*region as u8);
    match effect {
        RegionEffect::EnableRegion(region) => order(Order::Enable {
            region: named(region),
        }),
        RegionEffect::DisableRegion(region) => order(Order::Disable {
            region: named(region),
        }),
        RegionEffect::SendTraffic(region) => order(Order::SendTraffic {
            region: named(region),
        }),
        RegionEffect::Provide(region, what) => {
            let place = roster.seated(PLACE).nth(usize::from(*region));
            place
                .zip(fact(what))
                .map(|(to, fact)| External::Deliver {
                    to,
                    message: Message::Command(Command::Region(Order::Provide {
                        region: named(region),
                        fact,
                    })),
                })
                .into_iter()
                .collect()
        }
    }
}

/// A fact by the name of its lack.
#[must_use]
pub fn fact(name: &str) -> Option<Fact> {
    Fact::ALL.into_iter().find(|fact| fact.lack() == name)
}
