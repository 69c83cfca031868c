//! The requests that are under way, as seen from outside: arrived, held or handed over, not answered.

use alloc::vec::Vec;
use machine::{NodeId, SortedMap, Time};
use platform::id::{RequestId, RouteId};
use platform::message::Class;

/// One request under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The edge it arrived at.
    pub edge: NodeId,
    /// When, by the edge's own clock.
    pub arrived: Time,
    /// Where it goes.
    pub route: RouteId,
    /// Its class.
    pub class: Class,
    /// Whether it was handed to an app.
    pub dispatched: bool,
}

impl Pending {
    /// Whether it is one of those that are counted.
    #[must_use]
    pub fn counts(&self) -> bool {
        super::counts(self.route, self.class)
    }
}

/// All requests under way.
#[derive(Clone, Debug, Default)]
pub struct Ledger(SortedMap<RequestId, Pending>);

impl Ledger {
    /// A request arrived.
    pub fn arrived(&mut self, request: RequestId, pending: Pending) {
        self.0.insert(request, pending);
    }

    /// It was handed to an app.
    pub fn dispatched(&mut self, request: RequestId) {
        if let Some(pending) = self.0.get_mut(&request) {
            pending.dispatched = true;
        }
    }

    /// It was answered; what it was.
    pub fn answered(&mut self, request: RequestId) -> Option<Pending> {
        self.0.remove(&request)
    }

    /// An edge died with what it had; hands out what that was.
    pub fn lost(&mut self, edge: NodeId) -> Vec<Pending> {
        let mut lost = Vec::new();
        self.0.retain(|_, pending| {
            let here = pending.edge != edge;
            if !here {
                lost.push(*pending);
            }
            here
        });
        lost
    }

    /// Where a request that is under way goes.
    pub fn route(&self, request: RequestId) -> Option<RouteId> {
        self.0.get(&request).map(|pending| pending.route)
    }

    /// A request under way.
    pub fn get(&self, request: RequestId) -> Option<&Pending> {
        self.0.get(&request)
    }

    /// The requests under way.
    pub fn iter(&self) -> impl Iterator<Item = (&RequestId, &Pending)> {
        self.0.iter()
    }
}
