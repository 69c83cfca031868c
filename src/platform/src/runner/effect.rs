//! Effects: what a process has done goes into the product's database, and only then does anybody hear that it went well.

use super::{Due, Out, Runner, Stage};
use crate::id::{AllocationId, Epoch, RequestId};
use crate::message::Message;
use crate::note::Note;
use crate::traces::{Claim, Message as Say, Note as Tell};
use crate::{gate, knob};
use machine::{Context, Fact, NodeId};

/// A request that may change something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Changing {
    edge: NodeId,
    claim: Option<Claim>,
    /// Whether its process has answered well, so that what it did is on its way into the database.
    written: bool,
    /// Whether its edge has been told.
    told: bool,
    nth: u32,
}

impl Runner {
    /// An edge hands over a request that may change something. An allocation that was ordered to stop takes none.
    pub(super) fn on_hand(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        edge: NodeId,
        (request, allocation, epoch, claim): (RequestId, AllocationId, Epoch, Option<Claim>),
    ) {
        let slot = self.slots.get(allocation).copied();
        let slot = slot.filter(|slot| slot.epoch == epoch);
        let fenced = slot.is_some_and(|slot| matches!(slot.stage, Stage::Draining | Stage::Ended));
        if out
            .require(
                cx,
                &gate::ALLOCATION_UNFENCED,
                request.into(),
                Fact::yes(!fenced),
            )
            .is_err()
        {
            out.note(Note::Traces(Tell::TurnedAway {
                request,
                allocation,
            }));
            return out.send(
                edge,
                Message::Traces(Say::Fenced {
                    request,
                    allocation,
                }),
            );
        }
        if slot.is_some() {
            out.note(Note::Traces(Tell::Taken {
                request,
                allocation,
                fenced,
            }));
            self.changing.insert(
                request,
                Changing {
                    edge,
                    claim,
                    written: false,
                    told: false,
                    nth: 0,
                },
            );
        }
        let stages: &[Stage] = if fenced {
            &[Stage::Draining]
        } else {
            &[Stage::Running]
        };
        if !self.take(cx, out, edge, (request, allocation, epoch), stages) {
            self.changing.remove(request);
        }
    }

    /// A process has answered. `true` if the answer has to wait for what it did to be durable.
    pub(super) fn has_effect(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        request: RequestId,
        ok: bool,
    ) -> bool {
        if !self.changing.contains(request) {
            return false;
        }
        if !ok || self.installation.product.is_none() {
            // What went wrong has changed nothing.
            self.changing.remove(request);
            return false;
        }
        self.changing
            .update(request, |changing| changing.written = true);
        self.send_effect(cx, out, request);
        let durable = Fact::yes(false);
        let wait = out.require(cx, &gate::EFFECT_BEFORE_ANSWER, request.into(), durable);
        self.changing
            .update(request, |changing| changing.told = wait.is_ok());
        wait.is_err()
    }

    /// Writes into the database what a process did, and again until that is confirmed.
    pub(super) fn send_effect(&mut self, cx: &Context<'_>, out: &mut Out, request: RequestId) {
        let changing = self.changing.update(request, |changing| {
            changing.nth = changing.nth.saturating_add(1);
            *changing
        });
        let (Some(product), Some(changing)) = (self.installation.product, changing) else {
            return;
        };
        let Changing { claim, nth, .. } = changing;
        out.send(
            product,
            Message::Traces(Say::Effect {
                request,
                claim,
                nth,
            }),
        );
        let again = cx.now.after(cx.knobs.time(&knob::RESEND_INTERVAL));
        self.agenda.set(Due::Effect(request), again);
    }

    /// A process is gone: what it had not answered has changed nothing that anybody knows of.
    pub(super) fn forget_change(&mut self, request: RequestId) {
        if self
            .changing
            .get(request)
            .is_some_and(|changing| !changing.written)
        {
            self.changing.remove(request);
        }
    }

    /// What a process did is durable: now its edge may hear of it.
    pub(super) fn on_effected(&mut self, cx: &Context<'_>, out: &mut Out, request: RequestId) {
        let known = self.changing.get(request).copied();
        let Some(changing) = known.filter(|changing| changing.written) else {
            return;
        };
        self.changing.remove(request);
        self.agenda.clear(Due::Effect(request));
        let durable = Fact::yes(true);
        let heard = out.require(cx, &gate::EFFECT_BEFORE_ANSWER, request.into(), durable);
        if heard.is_ok() && !changing.told {
            out.send(changing.edge, Message::Answer { request, ok: true });
        }
    }
}
