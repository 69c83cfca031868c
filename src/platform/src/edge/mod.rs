//! The edge: classifies requests, holds what may wait, asks for wakes, dispatches to the owner's allocations.
//!
//! **Invariants.** What it knows it learned from the log; it never decides who owns a route. Held requests are in its
//! memory only: they are gone when it crashes.

use crate::control::Contract;
use crate::id::{AllocationId, DeploymentId, Epoch, IdempotencyKey, Region, RequestId, RouteId, Token};
use crate::message::{Class, Message};
use crate::note::Note;
use crate::{allocation, wake};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use machine::{Context, Input, Machine, NodeId, Step, Time};

/// What the edge is told at its installation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Installation {
    /// The control plane that it asks.
    pub control: NodeId,
    /// Its region.
    pub region: Region,
    /// The contract of each route, by route number.
    pub contracts: Vec<Contract>,
}

/// What the edge believes of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RouteView {
    /// The owner's authority number.
    pub epoch: Epoch,
    /// The owner.
    pub deployment: DeploymentId,
    /// The version of the route row that said so.
    pub version: u32,
    /// The state of the wake under this epoch, as far as the log has told.
    pub wake: wake::State,
    /// When it makes sense to ask again.
    pub retry_at: Time,
    /// When it last asked for a wake that it has not heard of since.
    pub asked_at: Option<Time>,
}

/// What the edge believes of an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AllocationView {
    /// For which route.
    pub route: RouteId,
    /// Under which owner.
    pub epoch: Epoch,
    /// Where it runs.
    pub host: NodeId,
    /// Its token.
    pub token: Token,
    /// Its state.
    pub state: allocation::State,
    /// Whether it is in rotation.
    pub serving: bool,
    /// The version of the row that said so.
    pub version: u32,
    /// Requests handed to it and not answered yet, by this edge.
    pub in_flight: u32,
}

/// A request that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    /// Which request.
    pub request: RequestId,
    /// Who waits for the answer.
    pub client: NodeId,
    /// Where it goes.
    pub route: RouteId,
    /// Its class.
    pub class: Class,
    /// Its key.
    pub key: Option<IdempotencyKey>,
    /// The size of its body.
    pub bytes: u32,
    /// When it arrived.
    pub arrived: Time,
}

/// An edge.
#[derive(Clone, Debug)]
pub struct Edge {
    installation: Installation,
    routes: BTreeMap<RouteId, RouteView>,
    allocations: BTreeMap<AllocationId, AllocationView>,
    held: Vec<Held>,
}

impl Edge {
    /// An edge with an empty table.
    #[must_use]
    pub fn new(installation: Installation) -> Self {
        Self { installation, routes: BTreeMap::new(), allocations: BTreeMap::new(), held: Vec::new() }
    }

    /// Its region.
    #[must_use]
    pub const fn region(&self) -> Region {
        self.installation.region
    }

    /// What it believes of the routes.
    #[must_use]
    pub const fn routes(&self) -> &BTreeMap<RouteId, RouteView> {
        &self.routes
    }

    /// What it believes of the allocations.
    #[must_use]
    pub const fn allocations(&self) -> &BTreeMap<AllocationId, AllocationView> {
        &self.allocations
    }

    /// The requests that wait, in order of arrival.
    #[must_use]
    pub fn held(&self) -> &[Held] {
        &self.held
    }

    /// How many requests were handed over and are not answered yet.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.allocations.values().map(|view| view.in_flight).sum()
    }
}

impl Machine for Edge {
    type Message = Message;
    type Record = crate::control::Record;
    type Note = Note;

    fn step(&mut self, _cx: &Context<'_>, _input: Input<Message>, _step: &mut Step<Message, Self::Record, Note>) {}

    fn deadline(&self) -> Option<Time> {
        None
    }

    fn restart(&mut self, _cx: &Context<'_>, _durable: &[Self::Record], _step: &mut Step<Message, Self::Record, Note>) {}

    fn fingerprint(&self) -> u64 {
        0
    }
}
