//! Terms: what an edge is told at its installation besides its routes.

use super::visit::Manners;
use crate::id::RouteId;
use alloc::vec::Vec;
use machine::{Duration, NodeId, Time};

/// What a route's owner has agreed with a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Webhook {
    /// With what the provider signs.
    pub secret: u64,
    /// How long the provider waits for an answer.
    pub timeout: Duration,
    /// Whether its events may be kept and answered well before the app has them.
    pub inbox: bool,
}

/// A preview of an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Preview {
    /// The app that it is a preview of.
    pub of: RouteId,
    /// Its number, which is part of its host.
    pub number: u8,
    /// Whether it has data of its own.
    pub isolated: bool,
    /// Since when there is a later preview in its place.
    pub superseded: Option<Time>,
}

/// What a route belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Environment {
    /// Everybody's.
    Production,
    /// A preview.
    Preview(Preview),
}

/// What an edge can ask, and what it is bound by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Services {
    /// The store of keys. An edge without one remembers the keys that it has seen itself, which recognises a second press
    /// of the button and promises no more.
    pub keys: Option<NodeId>,
    /// The artifact store, if this edge serves assets from it.
    pub assets: Option<NodeId>,
    /// The webhook contract of each route that has one, by route number.
    pub webhooks: Vec<Option<Webhook>>,
    /// The previews, by route number.
    pub previews: Vec<Option<Preview>>,
    /// Where events are kept on routes that have agreed to that.
    pub inbox: Option<NodeId>,
    /// What becomes of errands that meet a sleeping app, by route number.
    pub manners: Vec<Manners>,
    /// How many connections its host lets it keep, if that is another number than everybody thinks.
    pub connections: Option<u32>,
}

impl Services {
    /// What becomes of errands while a route sleeps.
    #[must_use]
    pub fn manners(&self, route: RouteId) -> Manners {
        let known = self.manners.get(usize::from(route.0)).copied();
        known.unwrap_or_default()
    }

    /// A route's webhook contract.
    #[must_use]
    pub fn webhook(&self, route: RouteId) -> Option<Webhook> {
        self.webhooks.get(usize::from(route.0)).copied().flatten()
    }

    /// What a route belongs to.
    #[must_use]
    pub fn environment(&self, route: RouteId) -> Environment {
        let preview = self.previews.get(usize::from(route.0)).copied().flatten();
        preview.map_or(Environment::Production, Environment::Preview)
    }

    /// Writes down whether a preview has data of its own.
    pub fn bind(&mut self, route: RouteId, isolated: bool) {
        if let Some(Some(preview)) = self.previews.get_mut(usize::from(route.0)) {
            preview.isolated = isolated;
        }
    }

    /// Writes down that there is a later preview in the place of one. Said once more, it changes nothing.
    pub fn supersede(&mut self, route: RouteId, at: Time) {
        if let Some(Some(preview)) = self.previews.get_mut(usize::from(route.0)) {
            preview.superseded.get_or_insert(at);
        }
    }

    /// The route of a preview of an app.
    #[must_use]
    pub fn preview(&self, of: RouteId, number: u8) -> Option<RouteId> {
        let wanted = |known: &Option<Preview>| {
            known.is_some_and(|known| (known.of, known.number) == (of, number))
        };
        let at = self.previews.iter().position(wanted)?;
        u16::try_from(at).ok().map(RouteId)
    }
}
