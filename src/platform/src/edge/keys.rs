//! Idempotency keys as an edge without a store of keys remembers them: which are under way and which are done, so that a
//! repeat that comes to the same edge is recognised. A crash forgets them, and other edges never knew; where that is not
//! enough there is a store (`idempotency`).
//!
//! **Invariants.** A key is reserved before its request waits or leaves, and given back only if the request provably
//! never left. If nobody knows whether it happened, the key stays in use until an answer comes after all.

use super::{Edge, Out};
use crate::gate;
use crate::id::{IdempotencyKey, RequestId, RouteId};
use crate::message::{Reason, Request};
use machine::{Context, Duration, Fact, NodeId};

/// What is known of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// The request that has it.
    request: RequestId,
    /// The digest of that request's body.
    body: u32,
    /// Whether it was answered well, once it was answered.
    answer: Option<bool>,
}

impl Edge {
    /// Whether an unsafe request may go on as the only one of its kind; if not, it is answered.
    pub(super) fn check_key(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        client: NodeId,
        request: &Request,
    ) -> bool {
        let Request {
            id,
            route,
            key,
            body,
            ..
        } = *request;
        if self.installation.services.keys.is_some() {
            // The store of keys has said yes, or there was nothing to ask it for.
            return true;
        }
        let known = key.and_then(|key| self.keys.get((route, key))).copied();
        let fact = Fact::yes(key.is_some() && known.is_none());
        if out
            .require(cx, &gate::UNSAFE_REPLAY_POLICY, id.into(), fact)
            .is_ok()
        {
            return true;
        }
        let (status, reason) = match known {
            None => (400, Reason::KeyRequired),
            Some(known) if known.body != body => (422, Reason::KeyReused),
            Some(Key { answer: None, .. }) => (409, Reason::KeyInFlight),
            Some(Key {
                answer: Some(ok), ..
            }) => (if ok { 200 } else { 500 }, Reason::KeyReplayed),
        };
        self.respond(cx, out, client, id, status, reason, Duration::ZERO);
        false
    }

    /// Marks a request's key as under way.
    pub(super) fn reserve(&mut self, request: &Request) {
        let Request {
            id,
            route,
            class,
            key,
            body,
            ..
        } = *request;
        if self.installation.services.keys.is_some() {
            return;
        }
        if let Some(key) = key.filter(|_| Self::changes(class)) {
            self.keys.insert(
                (route, key),
                Key {
                    request: id,
                    body,
                    answer: None,
                },
            );
        }
    }

    /// A request never left: its key is free again.
    pub(super) fn give_back(
        &mut self,
        route: RouteId,
        key: Option<IdempotencyKey>,
        request: RequestId,
    ) {
        let Some(key) = key else { return };
        if self
            .keys
            .get((route, key))
            .is_some_and(|known| known.request == request && known.answer.is_none())
        {
            self.keys.remove((route, key));
        }
    }

    /// A request was answered, perhaps after everybody had stopped waiting.
    pub(super) fn settle(
        &mut self,
        route: RouteId,
        key: Option<IdempotencyKey>,
        request: RequestId,
        ok: bool,
    ) {
        let Some(key) = key else { return };
        self.keys.update((route, key), |known| {
            if known.request == request {
                known.answer = Some(ok);
            }
        });
    }
}
