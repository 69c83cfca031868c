//! Keys that are kept in the store of keys: asked for before anything goes out that may change something, and settled when
//! it is known what became of it.
//!
//! **Invariants.** Nothing goes out under a key before the store has granted it; a store that does not answer is a no. What
//! became of a request is told until the store has written it down.

use super::{Due, Edge, Out};
use crate::control::Contract;
use crate::id::RequestId;
use crate::message::{Class, Message, Reason, Request};
use crate::note::Note;
use crate::traces::{Claim, Message as Say, Note as Tell, Outcome, Standing};
use crate::{gate, knob};
use machine::{Context, Duration, Fact, NodeId, Time};

/// A request whose key the store was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Asking {
    client: NodeId,
    request: Request,
    claim: Claim,
    arrived: Time,
}

/// What the store has not confirmed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Settling {
    claim: Claim,
    outcome: Outcome,
    nth: u32,
}

impl Edge {
    /// Whether a request may change something.
    pub(super) const fn changes(class: Class) -> bool {
        matches!(class, Class::Unsafe | Class::Webhook)
    }

    /// Under which name a request may happen once: a webhook's event, if the route has a contract for webhooks, or the
    /// client's key.
    fn claim_of(&self, request: &Request) -> Option<Claim> {
        let event = request.class == Class::Webhook
            && self.installation.services.webhook(request.route).is_some();
        let key = request.key.filter(|_| Self::changes(request.class))?;
        Some(Claim {
            route: request.route,
            event,
            key,
        })
    }

    /// Asks the store for the key of a request that may change something. `false` if there is nothing to ask for, so that
    /// the request goes on at once.
    pub(super) fn ask_key(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        client: NodeId,
        request: &Request,
    ) -> bool {
        if self.installation.services.keys.is_none() || !Self::changes(request.class) {
            return false;
        }
        let id = request.id;
        let Some(claim) = self.claim_of(request) else {
            // A contract that promises "once" cannot keep that without a key, whether anything is awake or not.
            let promised = self.contract(request) == Contract::HoldOnce;
            let fact = Fact::yes(!promised || request.class == Class::Webhook);
            let refused = out.require(cx, &gate::UNSAFE_REPLAY_POLICY, id.into(), fact);
            if refused.is_err() {
                self.respond(
                    cx,
                    out,
                    client,
                    id,
                    400,
                    Reason::KeyRequired,
                    Duration::ZERO,
                );
            }
            return refused.is_err();
        };
        out.note(Note::Traces(Tell::Claimed {
            request: id,
            claim,
            body: request.body,
        }));
        let asking = Asking {
            client,
            request: *request,
            claim,
            arrived: cx.now,
        };
        self.asking.insert(id, asking);
        let patience = cx.knobs.time(&knob::KEY_STORE_TIMEOUT);
        self.agenda.set(Due::Key(id), cx.now.after(patience));
        self.send_reserve(out, &asking, 1);
        true
    }

    /// Whether the store was asked for the key of a client's request and has not answered.
    pub(super) fn is_asking(&self, request: RequestId, client: NodeId) -> bool {
        let asking = self.asking.get(request);
        asking.is_some_and(|asking| asking.client == client)
    }

    fn send_reserve(&self, out: &mut Out, asking: &Asking, nth: u32) {
        if let Some(keys) = self.installation.services.keys {
            let Asking { request, claim, .. } = *asking;
            out.send(
                keys,
                Message::Traces(Say::Reserve {
                    claim,
                    request: request.id,
                    body: request.body,
                    nth,
                }),
            );
        }
    }

    /// The store says how a key stands.
    pub(super) fn on_standing(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        request: RequestId,
        standing: Standing,
    ) {
        let Some(asking) = self.asking.remove(request) else {
            return;
        };
        self.agenda.clear(Due::Key(request));
        let answered = Fact::yes(true);
        if out
            .require(cx, &gate::KEY_STORE_ANSWERS, request.into(), answered)
            .is_err()
        {
            return;
        }
        let webhook = asking.claim.event;
        let (status, reason) = match standing {
            Standing::Granted => return self.key_granted(cx, out, &asking),
            Standing::InFlight if webhook => (503, Reason::EventInFlight),
            Standing::InFlight => (409, Reason::KeyInFlight),
            Standing::Reused => (422, Reason::KeyReused),
            Standing::Done { ok: true } if webhook => (200, Reason::EventProcessed),
            Standing::Done { ok } => (if ok { 200 } else { 500 }, Reason::KeyReplayed),
            Standing::Unknown if webhook => (503, Reason::OutcomeUnknown),
            Standing::Unknown => (409, Reason::OutcomeUnknown),
        };
        self.respond(
            cx,
            out,
            asking.client,
            request,
            status,
            reason,
            Duration::ZERO,
        );
    }

    fn key_granted(&mut self, cx: &Context<'_>, out: &mut Out, asking: &Asking) {
        self.claims.insert(asking.request.id, asking.claim);
        self.admit(cx, out, asking.client, &asking.request, asking.arrived);
    }

    /// The store has not answered: nobody knows whether this key is in use, so nothing goes out.
    pub(super) fn key_due(&mut self, cx: &Context<'_>, out: &mut Out, id: RequestId) {
        let Some(asking) = self.asking.remove(id) else {
            return;
        };
        out.note(Note::Traces(Tell::Unanswered { request: id }));
        let answered = Fact::yes(false);
        if out
            .require(cx, &gate::KEY_STORE_ANSWERS, id.into(), answered)
            .is_ok()
        {
            return self.key_granted(cx, out, &asking);
        }
        // Perhaps it was granted and the answer was lost.
        self.claims.insert(id, asking.claim);
        self.respond(
            cx,
            out,
            asking.client,
            id,
            503,
            Reason::IdemStore,
            Duration::ZERO,
        );
    }

    /// What became of a request, for whoever keeps its key. What is known already is told until it is written down.
    pub(super) fn settle_claim(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        request: RequestId,
        outcome: Outcome,
    ) {
        let Some(claim) = self.claims.get(request).copied() else {
            return;
        };
        // An event that the app failed at has changed nothing: the provider sends it again. The stored answer to a key is
        // what its client gets, whatever it was.
        let failed = claim.event && outcome == Outcome::Done { ok: false };
        let outcome = if failed { Outcome::Released } else { outcome };
        if outcome != Outcome::Unknown {
            self.claims.remove(request);
        }
        self.settling.insert(
            request,
            Settling {
                claim,
                outcome,
                nth: 0,
            },
        );
        self.send_settle(cx, out, request);
    }

    /// Tells the store what became of a request, and again until it is heard.
    pub(super) fn send_settle(&mut self, cx: &Context<'_>, out: &mut Out, request: RequestId) {
        let nth = self.next_nth();
        let keys = self.installation.services.keys;
        let settling = self.settling.update(request, |settling| {
            settling.nth = nth;
            *settling
        });
        if let (Some(keys), Some(Settling { claim, outcome, .. })) = (keys, settling) {
            out.send(
                keys,
                Message::Traces(Say::Settle {
                    claim,
                    request,
                    outcome,
                    nth,
                }),
            );
            let again = cx.now.after(cx.knobs.time(&knob::RESEND_INTERVAL));
            self.agenda.set(Due::Settle(request), again);
        }
    }

    /// The store has written down what became of a request.
    pub(super) fn on_settled(&mut self, request: RequestId, nth: u32) {
        let known = self.settling.get(request);
        if known.is_some_and(|settling| settling.nth == nth) {
            self.settling.remove(request);
            self.agenda.clear(Due::Settle(request));
        }
    }

    /// What an answer says about the key of its request.
    pub(super) fn settle_by_answer(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        request: RequestId,
        reason: Reason,
    ) {
        let outcome = match reason {
            Reason::Served => Outcome::Done { ok: true },
            Reason::AppError => Outcome::Done { ok: false },
            Reason::OutcomeUnknown => Outcome::Unknown,
            Reason::WebhookDeferred => Outcome::Deferred,
            _ => Outcome::Released,
        };
        self.settle_claim(cx, out, request, outcome);
    }

    /// The contract of a request's route.
    pub(super) fn contract(&self, request: &Request) -> Contract {
        self.installation
            .contracts
            .get(usize::from(request.route.0))
            .copied()
            .unwrap_or_default()
    }
}
