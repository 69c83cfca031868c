//! Promotions: the log, the archive, the services, and what is ordered about them.

use super::*;
use crate::fleet::{ARCHIVE, Archive, Blemish, LOG, PIPELINE, RuntimeServices, SERVICES, Window};
use platform::cleanup::Item;
use platform::edge::Streamed;
use platform::promotion::{
    Command as Order, GapPolicy, Log, Managed, Owner, Preview, Services, Sources, StreamConfig,
};
use protocol::{Candidate, PromotionEffect, PromotionsPlan};

/// Whoever asks for promotions, and whoever approves them.
const ASKS: u8 = 1;
const APPROVES: u8 = 2;

/// What the plan's faults make of the nodes outside.
#[derive(Clone, Debug, Default)]
pub struct Circumstances {
    /// When the archive hands out what it should not.
    pub(super) blemishes: Vec<Window<Blemish>>,
    /// When the services are down.
    pub(super) down: Vec<Window<()>>,
    /// The schemas of the database, each from when on.
    pub(super) schemas: Vec<(Time, u32)>,
}

/// The same fleet with the nodes that a plan's promotions need.
#[must_use]
pub fn seated(roster: Roster, plan: &Plan) -> Roster {
    if plan.promotions.is_none() {
        return roster;
    }
    roster.with(LOG, 1).with(ARCHIVE, 1).with(SERVICES, 1)
}

fn node(roster: Roster, seat: usize) -> NodeId {
    roster.seated(seat).next().unwrap_or(roster.control())
}

/// What the plan says of a deployment, by its app and its number from 0.
fn candidate(plan: &PromotionsPlan, app: u16, nth: u16) -> Option<&Candidate> {
    plan.deployments
        .iter()
        .find(|one| (one.app, one.deployment) == (app, nth + 1))
}

/// Which commit of the pipeline a deployment is made of, if it is of one.
pub(super) fn commit_of(plan: &Plan, of: DeploymentId) -> Option<u16> {
    let per = deployments_per_app(plan);
    let promotions = plan.promotions.as_ref()?;
    let deploys = plan.pipeline.as_ref()?.deploys.len();
    candidate(promotions, of.0 / per, of.0 % per)?
        .deploy
        .filter(|at| usize::from(*at) < deploys)
}

/// What the control plane is told of promotions.
pub(super) fn managed(plan: &Plan, roster: Roster) -> Option<Managed> {
    let promotions = plan.promotions.as_ref()?;
    let per = deployments_per_app(plan);
    let all = (0..plan.apps.len() as u16).flat_map(|app| (0..per).map(move |nth| (app, nth)));
    let sources: Vec<_> = all
        .clone()
        .map(|(app, nth)| deployment(per, app, nth))
        .filter_map(|of| {
            let at = commit_of(plan, of)?;
            Some((of, platform::pipeline::DeployId(at as u8)))
        })
        .collect();
    Some(Managed {
        log: node(roster, LOG),
        archive: node(roster, ARCHIVE),
        services: node(roster, SERVICES),
        store: promotions.clean_up.then_some(roster.store()),
        previews: all
            .clone()
            .filter(|(app, nth)| candidate(promotions, *app, *nth).is_none_or(|one| one.validated))
            .map(|(app, nth)| deployment(per, app, nth))
            .filter(|of| commit_of(plan, *of).is_none())
            .map(|deployment| Preview {
                deployment,
                digest: artifact(plan, deployment),
                config: 0,
            })
            .collect(),
        reads: all
            .map(|(app, nth)| {
                candidate(promotions, app, nth)
                    .map_or((0, u32::MAX), |one| (one.reads_from, one.reads_to))
            })
            .collect(),
        approval: promotions.approval,
        automatic: promotions.automatic,
        warm: promotions.warm,
        sources: (!sources.is_empty()).then(|| Sources {
            pipeline: node(roster, PIPELINE),
            of: sources,
        }),
    })
}

/// What the artifact store keeps, if what is old is removed: all of it since the beginning.
pub(super) fn kept(plan: &Plan) -> Vec<(Digest, Time)> {
    let cleans = plan.promotions.as_ref().is_some_and(|all| all.clean_up);
    let apps = 0..plan.apps.len() as u16;
    apps.filter(|_| cleans)
        .flat_map(|app| deployments_of(plan, app))
        .map(|deployment| (artifact(plan, deployment), Time::ZERO))
        .collect()
}

/// What an edge is told of the log.
pub(super) fn streamed(plan: &Plan, roster: Roster) -> Option<Streamed> {
    let promotions = plan.promotions.as_ref()?;
    Some(Streamed {
        log: node(roster, LOG),
        archive: node(roster, ARCHIVE),
        policies: (0..plan.apps.len() as u16)
            .map(|app| {
                if promotions.last_verified.contains(&app) {
                    GapPolicy::LastVerified
                } else {
                    GapPolicy::FailClosed
                }
            })
            .collect(),
    })
}

/// The nodes of a plan's promotions, in the order of their seats.
pub(super) fn nodes(plan: &Plan, circumstances: Circumstances) -> Vec<Node> {
    let Some(promotions) = &plan.promotions else {
        return Vec::new();
    };
    let mut schemas = circumstances.schemas;
    schemas.sort_by_key(|(from, _)| *from);
    alloc::vec![
        Node::Log(Log::new(StreamConfig {
            clustered: promotions.clustered,
            synced: promotions.synced,
        })),
        Node::Archive(Archive::new(circumstances.blemishes).keeping(promotions.clean_up)),
        Node::Services(RuntimeServices::new(circumstances.down, schemas)),
    ]
}

/// The artifact that building a deployment once more brings.
pub(super) const fn rebuilt(deployment: DeploymentId) -> Digest {
    Digest(spread(0xB11D + deployment.0 as u64))
}

/// Whether a deployment answers with errors.
pub(super) fn is_broken(plan: &Plan, of: DeploymentId) -> bool {
    let per = deployments_per_app(plan);
    plan.promotions.iter().any(|promotions| {
        promotions.deployments.iter().any(|one| {
            one.broken && deployment(per, one.app, one.deployment.saturating_sub(1)) == of
        })
    })
}

/// What colleagues order of promotions as time goes by.
pub(super) fn life(plan: &Plan, roster: Roster) -> Vec<(Time, External<Message>)> {
    let orders = plan.promotions.iter().flat_map(|all| &all.orders);
    orders
        .flat_map(|order| {
            let (deployment, after) = (order.deployment, order.after);
            let ask = PromotionEffect::PromoteTo(deployment, after);
            let approve = PromotionEffect::ApprovePromotion(deployment, after);
            let approved = order.approved_at.map(|at| (at, approve));
            core::iter::once((order.at, ask))
                .chain(approved)
                .map(move |(at, what)| (at, order.app, what))
        })
        .flat_map(|(at, app, what)| {
            effect(plan, roster, app, &what)
                .into_iter()
                .map(move |external| (Time(at), external))
        })
        .collect()
}

/// A blemish by its name.
#[must_use]
pub fn blemish(name: &str) -> Option<Blemish> {
    Blemish::ALL.into_iter().find(|one| one.name() == name)
}

/// What an operator does about promotions.
pub(super) fn effect(
    plan: &Plan,
    roster: Roster,
    app: u16,
    effect: &PromotionEffect,
) -> Vec<External<Message>> {
    let per = deployments_per_app(plan);
    let nth = |number: &u16| deployment(per, app, number.saturating_sub(1));
    let route = RouteId(app);
    let edge = |position: &u16| roster.edge((*position).min(roster.edge_count().max(1) - 1));
    let (to, order) = match effect {
        PromotionEffect::RemoveArtifact(number) => {
            let item = Item::Artifact(artifact(plan, nth(number)));
            let command = Command::Cleanup(platform::cleanup::Command::RemoveNow(item));
            return alloc::vec![External::Deliver {
                to: roster.control(),
                message: Message::Command(command),
            }];
        }
        PromotionEffect::PromoteTo(number, after) => (
            roster.control(),
            Order::Promote {
                route,
                deployment: nth(number),
                predecessor: Epoch(*after),
                by: ASKS,
            },
        ),
        PromotionEffect::ApprovePromotion(number, after) => (
            roster.control(),
            Order::Approve {
                route,
                deployment: nth(number),
                predecessor: Epoch(*after),
                by: APPROVES,
            },
        ),
        PromotionEffect::RollBack => (roster.control(), Order::Rollback { route, by: ASKS }),
        PromotionEffect::Freeze(on) => (roster.control(), Order::Freeze { on: *on }),
        PromotionEffect::RebuildDeployment(number) => (
            roster.control(),
            Order::Rebuild {
                deployment: nth(number),
                digest: rebuilt(nth(number)),
            },
        ),
        PromotionEffect::EditConfig => (roster.control(), Order::EditConfig),
        PromotionEffect::Rebaseline(position) => (edge(position), Order::Rebaseline),
        PromotionEffect::ClearGap(position) => (edge(position), Order::ClearGap),
        PromotionEffect::SkipToLatest(position) => (edge(position), Order::SkipToLatest),
        PromotionEffect::EditEdgeTable(position, number) => (
            edge(position),
            Order::EditTable {
                owner: Owner {
                    route,
                    epoch: Epoch(99),
                    predecessor: Epoch(98),
                    deployment: nth(number),
                    version: u32::MAX,
                },
            },
        ),
        PromotionEffect::MendServices => (
            node(roster, SERVICES),
            Order::SetServices {
                services: Services {
                    ready: true,
                    schema: 0,
                },
            },
        ),
        PromotionEffect::MendArchive => (node(roster, ARCHIVE), Order::Rebaseline),
        PromotionEffect::WriteLog => (node(roster, LOG), Order::WriteLog { route }),
        PromotionEffect::ResumeLog => (roster.control(), Order::ResumeLog { route }),
        PromotionEffect::WriteOff(position) => {
            let edge = edge(position);
            (roster.control(), Order::WriteOff { edge })
        }
    };
    alloc::vec![External::Deliver {
        to,
        message: Message::Command(Command::Promotion(order)),
    }]
}

/// Somebody throws the log away.
pub(super) fn recreate(roster: Roster) -> Option<External<Message>> {
    Some(External::Deliver {
        to: roster.seated(LOG).next()?,
        message: Message::Command(Command::Promotion(Order::RecreateLog)),
    })
}
