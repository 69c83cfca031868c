//! The control plane: operation table, route owners, scheduler, reports, outbox and relay.
//!
//! **Invariants.** Every change is one compare-and-set commit that also adds one outbox row. A commit is durable when
//! the disk says so; nothing that depends on it leaves the node before that.

mod row;

pub use row::{Allocation, Contract, Deployment, Image, OutboxRow, Record, Route, Wake};

use crate::message::Message;
use crate::note::Note;
use machine::{Context, Input, Machine, NodeId, Step, Table, Time};
use alloc::vec::Vec;

/// A host that the scheduler may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Host {
    /// The runner on it.
    pub runner: NodeId,
    /// Its region.
    pub region: crate::id::Region,
    /// Its memory in bytes.
    pub memory: u64,
}

/// What the control plane is told at its installation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Installation {
    /// The edges that follow its log.
    pub edges: Vec<NodeId>,
    /// The hosts.
    pub hosts: Vec<Host>,
    /// The deployments that exist at the start.
    pub deployments: Vec<Deployment>,
    /// The routes and their owners at the start (epoch 1).
    pub routes: Vec<Route>,
}

/// The control plane.
#[derive(Clone, Debug)]
pub struct ControlPlane {
    installation: Installation,
    routes: Table<Route>,
    wakes: Table<Wake>,
    allocations: Table<Allocation>,
    deployments: Table<Deployment>,
    outbox: Vec<OutboxRow>,
}

impl ControlPlane {
    /// A control plane whose database holds the installation and nothing else.
    #[must_use]
    pub fn new(installation: Installation) -> Self {
        Self {
            installation,
            routes: Table::default(),
            wakes: Table::default(),
            allocations: Table::default(),
            deployments: Table::default(),
            outbox: Vec::new(),
        }
    }

    /// The routes and their owners.
    #[must_use]
    pub const fn routes(&self) -> &Table<Route> {
        &self.routes
    }

    /// The wakes, newest last.
    #[must_use]
    pub const fn wakes(&self) -> &Table<Wake> {
        &self.wakes
    }

    /// The allocations, newest last.
    #[must_use]
    pub const fn allocations(&self) -> &Table<Allocation> {
        &self.allocations
    }

    /// The deployments.
    #[must_use]
    pub const fn deployments(&self) -> &Table<Deployment> {
        &self.deployments
    }

    /// The outbox, oldest row first.
    #[must_use]
    pub fn outbox(&self) -> &[OutboxRow] {
        &self.outbox
    }

    /// The hosts it may use.
    #[must_use]
    pub fn hosts(&self) -> &[Host] {
        &self.installation.hosts
    }

    /// Whether a runner has been heard of lately enough.
    #[must_use]
    pub fn is_connected(&self, _runner: NodeId) -> bool {
        false
    }
}

impl Machine for ControlPlane {
    type Message = Message;
    type Record = Record;
    type Note = Note;

    fn step(&mut self, _cx: &Context<'_>, _input: Input<Message>, _step: &mut Step<Message, Record, Note>) {}

    fn deadline(&self) -> Option<Time> {
        None
    }

    fn restart(&mut self, _cx: &Context<'_>, _durable: &[Record], _step: &mut Step<Message, Record, Note>) {}

    fn fingerprint(&self) -> u64 {
        self.routes.fingerprint()
    }
}
