//! The rows of the control plane's tables, and the records that make them durable.

use crate::id::{
    AllocationId, DeploymentId, Digest, DrainId, Epoch, OutboxId, Region, ReportId, RouteId, Token,
    WakeId,
};
use crate::message::{Cause, Event};
use crate::{allocation, wake};
use machine::{NodeId, Row, Time};

/// What the route's owner promises about unsafe requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Contract {
    /// Nothing: an unsafe request is never held.
    #[default]
    None,
    /// An unsafe request with an idempotency key may be held, and is dispatched once.
    HoldOnce,
}

/// A route and its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Route {
    /// The deployment that may serve it.
    pub deployment: DeploymentId,
    /// The owner's authority number.
    pub epoch: Epoch,
    /// The region it is served in.
    pub region: Region,
    /// What its owner promises about unsafe requests.
    pub contract: Contract,
}

/// A wake: one per route, region and epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wake {
    /// Which route.
    pub route: RouteId,
    /// Where.
    pub region: Region,
    /// Under which owner.
    pub epoch: Epoch,
    /// Where it stands.
    pub state: wake::State,
    /// How many starts it has made; also the number of the attempt.
    pub attempt: u32,
    /// The allocation of the current attempt.
    pub allocation: Option<AllocationId>,
    /// When the current attempt was asked for.
    pub requested_at: Time,
    /// Failures since it was last hot.
    pub failures: u32,
    /// Why the last attempt failed.
    pub cause: Cause,
    /// When the cool-down ends, if it has failed.
    pub retry_at: Time,
}

/// One placed run of an artifact on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Allocation {
    /// For which route.
    pub route: RouteId,
    /// Under which owner.
    pub epoch: Epoch,
    /// What it runs.
    pub deployment: DeploymentId,
    /// Where it runs.
    pub host: NodeId,
    /// The memory it was promised.
    pub limit: u64,
    /// The highest token issued for it.
    pub token: Token,
    /// Where it stands.
    pub state: allocation::State,
    /// Whether it is in rotation.
    pub serving: bool,
    /// Readiness checks passed in a row under the current token.
    pub passes: u32,
    /// When the last of them was made, by the runner's clock.
    pub passed_at: Time,
    /// The digest that the runner verified, once it has.
    pub verified: Option<Digest>,
    /// Restarts in place so far in the window that began at `window_at`.
    pub restarts: u32,
    /// When the restart window began.
    pub window_at: Time,
    /// When it entered its state.
    pub since: Time,
    /// When it was planned: what the wake budget counts.
    pub planned_at: Time,
    /// Whether its process is known to run, under the current token.
    pub up: bool,
    /// Whether its process has passed its checks and failed none since, under the current token.
    pub healthy: bool,
    /// When the last failed check was made, by the runner's clock.
    pub failed_at: Time,
    /// Whether it is on its way out of rotation, to be stopped as soon as every edge knows.
    pub leaving: bool,
    /// The report that the last change came from, so that a repeat is known as one even after a crash.
    pub report: Option<ReportId>,
    /// Why it failed.
    pub cause: Cause,
}

/// A record that ties an artifact, its limits and its bindings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Deployment {
    /// The artifact.
    pub digest: Digest,
    /// The memory limit of its allocations, in bytes.
    pub limit: u64,
}

/// One row of the outbox: a committed change on its way to those who follow the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OutboxRow {
    /// What it tells.
    pub event: Event,
    /// Whether the commit is durable.
    pub committed: bool,
    /// Whether it was handed to the network.
    pub published: bool,
    /// One bit per edge of the installation: who has acknowledged it.
    pub acked: u64,
}

/// What the control plane stores: one record per commit, the row and its outbox row together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    /// The outbox row of this commit.
    pub row: OutboxId,
    /// What it tells.
    pub event: Event,
    /// The row as it is after the commit.
    pub image: Image,
}

/// The row of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Image {
    /// A route.
    Route(RouteId, Row<Route>),
    /// A wake.
    Wake(WakeId, Row<Wake>),
    /// An allocation.
    Allocation(AllocationId, Row<Allocation>),
    /// A deployment.
    Deployment(DeploymentId, Row<Deployment>),
    /// A drain of a host.
    Drain(DrainId, Row<crate::hosts::Drain>),
    /// A promotion.
    Promotion(
        crate::promotion::PromotionId,
        Row<crate::promotion::Promotion>,
    ),
    /// An approval, by its number.
    Approval(u32, Row<crate::promotion::Approval>),
    /// What all promotions share.
    Authority(Row<crate::promotion::Authority>),
    /// Every owner, promotion and approval before it is lost; what follows is what a backup had of them.
    PutBack,
    /// Something that was marked once.
    Collection(
        crate::cleanup::CollectionId,
        Row<crate::cleanup::Collection>,
    ),
    /// A wish for a promotion, by its number.
    Wish(u32, Row<crate::promotion::Wish>),
    /// What an operator has set.
    Setting(Row<crate::pressure::Setting>),
    /// No row: something that is written down besides. It has no row of the outbox of its own.
    Line(crate::pressure::Line),
}
