//! Webhooks: believed only if the provider signed them a short while ago, held only as long as the provider waits, and sent
//! away to come again rather than kept.

use super::{Edge, Out};
use crate::id::{RequestId, RouteId};
use crate::message::{Class, Reason};
use crate::note::Note;
use crate::traces::{Arrival, Note as Tell, Proof, Unfit};
use crate::{gate, knob};
use machine::{Context, Duration, Fact, Gate, NodeId};

impl Edge {
    /// Whether a request that came as early data may go on: not if it may change something, since anybody on the way can
    /// send early data again. If not, it is answered.
    pub(super) fn may_be_early(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        client: NodeId,
        arrival: &Arrival,
    ) -> bool {
        let (id, class) = (arrival.request.id, arrival.request.class);
        let early = arrival.early && Self::changes(class);
        let fact = Fact::yes(!early);
        if out
            .require(cx, &gate::NO_EARLY_CHANGES, id.into(), fact)
            .is_err()
        {
            self.respond(cx, out, client, id, 425, Reason::EarlyData, Duration::ZERO);
            return false;
        }
        if early {
            out.note(Note::Traces(Tell::Early { request: id, class }));
        }
        true
    }

    /// Whether a webhook of a route that has a contract comes from the provider and was signed lately; if not, it is
    /// answered, and nothing is woken for it.
    pub(super) fn is_believed(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        client: NodeId,
        arrival: &Arrival,
    ) -> bool {
        let request = arrival.request;
        let contract = self.installation.services.webhook(request.route);
        let Some(contract) = contract.filter(|_| request.class == Class::Webhook) else {
            return true;
        };
        let id = request.id;
        let right = arrival
            .proof()
            .is_some_and(|proof| proof == Proof::new(contract.secret, proof.at, request.body));
        let signed = arrival.proof().map_or(cx.now, |proof| proof.at);
        let age = cx.now.since(signed).0.max(signed.since(cx.now).0);
        let genuine = Fact::yes(right);
        if out
            .require(cx, &gate::WEBHOOK_SIGNATURE, id.into(), genuine)
            .is_err()
        {
            return self.unfit(cx, out, client, id, Unfit::Signature);
        }
        let fresh = Fact::at_most(age, cx.knobs.get(&knob::WEBHOOK_TOLERANCE));
        if out
            .require(cx, &gate::WEBHOOK_TIMESTAMP, id.into(), fresh)
            .is_err()
        {
            return self.unfit(cx, out, client, id, Unfit::Timestamp);
        }
        out.note(Note::Traces(Tell::Believed {
            request: id,
            right,
            age,
        }));
        true
    }

    fn unfit(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        client: NodeId,
        request: RequestId,
        why: Unfit,
    ) -> bool {
        out.note(Note::Traces(Tell::Unfit { request, why }));
        let reason = match why {
            Unfit::Signature => Reason::BadSignature,
            Unfit::Timestamp => Reason::StaleSignature,
        };
        self.respond(cx, out, client, request, 400, reason, Duration::ZERO);
        false
    }

    /// How long a request of a class may wait: a webhook no longer than its provider waits for the answer, and so that its
    /// signature does not grow old here.
    pub(super) fn patience(&self, cx: &Context<'_>, class: Class, route: RouteId) -> Duration {
        let budget = cx.knobs.time(&knob::HOLD_BUDGET);
        let contract = self.installation.services.webhook(route);
        let Some(contract) = contract.filter(|_| class == Class::Webhook) else {
            return budget;
        };
        let margin = cx.knobs.time(&knob::WEBHOOK_MARGIN);
        let provider = contract.timeout.0.saturating_sub(margin.0);
        let signature = cx.knobs.time(&knob::WEBHOOK_TOLERANCE).0 / 4;
        Duration(budget.0.min(provider).min(signature))
    }

    /// The rule that ends the wait of a request of a class.
    pub(super) const fn patience_gate(class: Class) -> &'static Gate {
        match class {
            Class::Webhook => &gate::WEBHOOK_WINDOW,
            _ => &gate::HOLD_BUDGET,
        }
    }

    /// A webhook that did not get through while its app slept is sent away to come again, and that is written down with its
    /// event.
    pub(super) fn or_deferred(
        &self,
        out: &mut Out,
        request: RequestId,
        status: u16,
        reason: Reason,
    ) -> Reason {
        let event = self.claims.get(request).is_some_and(|claim| claim.event);
        let asleep = matches!(
            reason,
            Reason::WakeTimeout
                | Reason::WakeBudget
                | Reason::CoolDown
                | Reason::WakeFailed
                | Reason::HoldFull
                | Reason::NoPlacement
                | Reason::SecretMissing
                | Reason::ProviderDown
                | Reason::ProviderReturns
                | Reason::StoreBusy
        );
        if !(event && asleep && status == 503) {
            return reason;
        }
        out.note(Note::Traces(Tell::Deferred { request }));
        Reason::WebhookDeferred
    }
}
