//! The inbox as an edge uses it: an event is answered well when it is kept, on routes whose owners have agreed to that, and on
//! no other.
//!
//! **Invariants.** The edge itself keeps nothing. Good is said after the inbox has said that the event is durable.

use super::{Due, Edge, Out};
use crate::id::RequestId;
use crate::message::{Class, Message, Reason};
use crate::traces::{Arrival, Claim, Message as Say};
use crate::{gate, knob};
use machine::{Context, Duration, Fact, NodeId};

/// An event that the inbox was asked to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Keeping {
    client: NodeId,
    nth: u32,
}

impl Edge {
    /// Hands a webhook to the inbox, if its route's owner has agreed to that. `false` if it goes the usual way.
    pub(super) fn goes_to_inbox(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        client: NodeId,
        arrival: &Arrival,
    ) -> bool {
        let request = arrival.request;
        let contract = self.installation.services.webhook(request.route);
        let contract = contract.filter(|_| request.class == Class::Webhook);
        let inbox = self.installation.services.inbox;
        let inbox = inbox.filter(|inbox| *inbox != client);
        let (Some(contract), Some(inbox), Some(key)) = (contract, inbox, request.key) else {
            return false;
        };
        let (id, body) = (request.id, request.body);
        let agreed = Fact::yes(contract.inbox);
        if out
            .require(cx, &gate::INBOX_CONTRACT, id.into(), agreed)
            .is_err()
        {
            return false;
        }
        let claim = Claim {
            route: request.route,
            event: true,
            key,
        };
        let nth = self.next_nth();
        self.keeping.insert(id, Keeping { client, nth });
        let patience = cx.knobs.time(&knob::KEY_STORE_TIMEOUT);
        self.agenda.set(Due::Keep(id), cx.now.after(patience));
        let request = id;
        out.send(
            inbox,
            Message::Traces(Say::Keep {
                claim,
                request,
                body,
                nth,
            }),
        );
        true
    }

    /// The inbox has an event on its disk.
    pub(super) fn on_kept(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        request: RequestId,
        nth: u32,
    ) {
        if self.keeping.get(request).is_some_and(|of| of.nth == nth) {
            self.kept(cx, out, request, true);
        }
    }

    /// The inbox has not answered: nobody knows whether the event is kept, so nothing good is said.
    pub(super) fn keep_due(&mut self, cx: &Context<'_>, out: &mut Out, request: RequestId) {
        self.kept(cx, out, request, false);
    }

    fn kept(&mut self, cx: &Context<'_>, out: &mut Out, request: RequestId, durable: bool) {
        let Some(Keeping { client, .. }) = self.keeping.remove(request) else {
            return;
        };
        self.agenda.clear(Due::Keep(request));
        let fact = Fact::yes(durable);
        let good = out.require(cx, &gate::INBOX_DURABLE, request.into(), fact);
        let (status, reason) = match good {
            Ok(()) => (200, Reason::EventKept),
            Err(_) => (503, Reason::InboxSilent),
        };
        self.respond(cx, out, client, request, status, reason, Duration::ZERO);
    }
}
