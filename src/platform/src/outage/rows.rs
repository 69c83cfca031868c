//! What the watch has in its database, and what it is told at its installation.

use super::message::{Cause, Condition, DependencyId, Kind, Provider, Why};
use crate::id::{Region, RouteId};
use crate::message::Command as Order;
use alloc::vec::Vec;
use machine::{NodeId, Row, Time};

/// An app in production, and what it is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Environment {
    /// Its route.
    pub route: RouteId,
    /// The region that it runs in.
    pub region: Region,
    /// What it is bound to.
    pub needs: Vec<Provider>,
}

impl Environment {
    /// What it depends on.
    pub fn dependencies(&self) -> impl Iterator<Item = DependencyId> {
        self.needs
            .iter()
            .map(|provider| DependencyId::new(*provider, self.region))
    }
}

/// A piece of work that somebody may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Task {
    /// What it is.
    pub kind: Kind,
    /// The environment that it is for, by position.
    pub environment: u8,
    /// Who carries it out.
    pub to: NodeId,
    /// What they are ordered.
    pub command: Order,
}

/// What the watch is told at its installation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Installation {
    /// The providers, in their order.
    pub providers: [NodeId; Provider::ALL.len()],
    /// How many regions there are.
    pub regions: u8,
    /// The apps.
    pub environments: Vec<Environment>,
    /// What may be asked for.
    pub tasks: Vec<Task>,
    /// The control plane.
    pub control: NodeId,
    /// The region service, if there is one.
    pub region_service: Option<NodeId>,
    /// Whether it tells owners and lets things go on without being ordered to.
    pub automatic: bool,
}

/// Whether what needs a provider in a region may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It may.
    Open,
    /// It waits.
    Paused,
    /// It goes on step by step.
    Lifting,
}

/// A provider in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dependency {
    /// Whether what needs it may go on.
    pub standing: Standing,
    /// What was found when it was paused.
    pub found: Condition,
    /// When the step under way began.
    pub step_at: Time,
    /// How many have gone on in it.
    pub stepped: u32,
}

/// How far a piece of work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkState {
    /// Nobody has asked for it.
    Idle,
    /// It waits.
    Waiting,
    /// It may go on, and whoever carries it out is told.
    Going,
    /// They have it.
    Done,
}

/// A piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Work {
    /// How far it is.
    pub state: WorkState,
    /// What it waits for.
    pub held: Option<(DependencyId, Why)>,
}

/// An owner of an app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Owner {
    /// What they were told last, and not that it is over.
    pub told: Option<Cause>,
}

/// What the watch makes durable: a row after a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// A provider in a region.
    Dependency(u32, Row<Dependency>),
    /// A piece of work.
    Work(u32, Row<Work>),
    /// An owner.
    Owner(u32, Row<Owner>),
    /// A provider's secret.
    Secret(Provider, u32),
    /// Where everybody is sent.
    Target(Region),
}

/// What is known of a provider in a region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Probe {
    /// The question under way and when it was asked.
    pub(super) asked: (u32, Time),
    /// What the newest answer says, and when it was asked for.
    pub seen: Option<(Condition, Time)>,
    /// How many answers in a row were good.
    pub good: u32,
    /// How many answers in a row were not.
    pub bad: u32,
    /// Whether so many were not that it is an outage, and not as many have been good since as end one.
    pub down: bool,
}
