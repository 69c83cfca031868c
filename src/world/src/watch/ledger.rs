//! The requests that are under way, as seen from outside: arrived, held or handed over, not answered.

use alloc::vec::Vec;
use machine::{NodeId, SortedMap, SortedSet, Time};
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
pub struct Ledger {
    all: SortedMap<RequestId, Pending>,
    /// The same in order of arrival at each edge: who waits longest is asked at every entry.
    by_age: SortedSet<(NodeId, Time, RequestId)>,
}

impl Ledger {
    /// A request arrived.
    pub fn arrived(&mut self, request: RequestId, pending: Pending) {
        if let Some(before) = self.all.insert(request, pending) {
            self.by_age.remove(&(before.edge, before.arrived, request));
        }
        self.by_age.insert((pending.edge, pending.arrived, request));
    }

    /// It was handed to an app.
    pub fn dispatched(&mut self, request: RequestId) {
        if let Some(pending) = self.all.get_mut(&request) {
            pending.dispatched = true;
        }
    }

    /// It was answered; what it was.
    pub fn answered(&mut self, request: RequestId) -> Option<Pending> {
        let pending = self.all.remove(&request)?;
        self.by_age
            .remove(&(pending.edge, pending.arrived, request));
        Some(pending)
    }

    /// An edge died with what it had; hands out what that was.
    pub fn lost(&mut self, edge: NodeId) -> Vec<Pending> {
        let mut lost = Vec::new();
        self.all.retain(|_, pending| {
            let here = pending.edge != edge;
            if !here {
                lost.push(*pending);
            }
            here
        });
        self.by_age.retain(|(at, ..)| *at != edge);
        lost
    }

    /// The request that arrived first of those under way at an edge, and when.
    pub fn oldest(&self, edge: NodeId) -> Option<(RequestId, Time)> {
        let first = (edge, Time::ZERO, RequestId(0));
        let (at, arrived, request) = self.by_age.range(first..).next()?;
        (*at == edge).then_some((*request, *arrived))
    }

    /// Where a request that is under way goes.
    pub fn route(&self, request: RequestId) -> Option<RouteId> {
        self.all.get(&request).map(|pending| pending.route)
    }

    /// A request under way.
    pub fn get(&self, request: RequestId) -> Option<&Pending> {
        self.all.get(&request)
    }

    /// The requests under way.
    pub fn iter(&self) -> impl Iterator<Item = (&RequestId, &Pending)> {
        self.all.iter()
    }
}
