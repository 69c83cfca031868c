//! What edges say of owners: who has which, who doubts, and how the owners answer.

use super::super::{ControlPlane, Out};
use super::Note;
use crate::id::{Epoch, RouteId, node_subject};
use crate::promotion::{Ack, PromotionId};
use crate::{gate, knob};
use alloc::vec::Vec;
use machine::{Context, Fact, NodeId, Time};

/// What an edge last said of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Seen {
    pub(super) ack: Ack,
    nth: u32,
    at: Time,
}

impl ControlPlane {
    /// An edge says how it stands with a route.
    pub(super) fn on_acknowledge(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        ack: Ack,
        nth: u32,
    ) {
        let key = (from, ack.route);
        let before = self.promotions.seen.get(key).copied();
        let newest = before.map_or(0, |seen| seen.nth);
        if nth == newest {
            return;
        }
        let fact = Fact::at_least(nth.into(), newest.into());
        if out
            .require(cx, &gate::EDGE_REPORT_CURRENT, node_subject(from), fact)
            .is_err()
        {
            return out.note(
                Note::LateAck {
                    edge: from,
                    route: ack.route,
                }
                .into(),
            );
        }
        self.promotions.seen.insert(
            key,
            Seen {
                ack,
                nth,
                at: cx.now,
            },
        );
        self.count_again(out, from, ack);
        let (edge, route) = (from, ack.route);
        if ack.gap && before.is_none_or(|seen| !seen.ack.gap) {
            out.note(Note::EdgeSuspect { edge, route }.into());
        } else if before.is_none_or(|seen| seen.ack.epoch != ack.epoch) && !ack.gap {
            let epoch = ack.epoch;
            out.note(Note::EdgeAcked { edge, route, epoch }.into());
        }
    }

    /// What each edge last said of each route, with the number of what it said.
    pub fn edge_reports(&self) -> impl Iterator<Item = (NodeId, Ack, u32)> {
        self.promotions
            .seen
            .map()
            .iter()
            .map(|((edge, _), seen)| (*edge, seen.ack, seen.nth))
    }

    /// How an owner has answered so far, at all edges: well, and with errors.
    pub(super) fn answers(&self, route: RouteId, epoch: Epoch) -> (u64, u64) {
        self.promotions
            .seen
            .map()
            .values()
            .filter(|seen| seen.ack.route == route && seen.ack.epoch == epoch)
            .fold((0, 0), |(served, failed), seen| {
                (
                    served + u64::from(seen.ack.served),
                    failed + u64::from(seen.ack.failed),
                )
            })
    }

    /// Whether every edge that was not written off has an owner of a route, or a newer one, and trusts its table.
    pub(super) fn edges_have(
        &self,
        cx: &Context<'_>,
        out: &mut Out,
        id: PromotionId,
        route: RouteId,
        epoch: Epoch,
    ) -> bool {
        let mut have = 0;
        let edges: Vec<NodeId> = self.counted_edges().collect();
        for edge in &edges {
            let Some(seen) = self.promotions.seen.get((*edge, route)) else {
                continue;
            };
            // What was said long ago is no longer known to be so.
            let old = cx.now.since(seen.at) > cx.knobs.time(&knob::PROPAGATION_ALARM);
            if seen.ack.epoch < epoch || old {
                continue;
            }
            let sure = Fact::yes(!seen.ack.gap);
            if out
                .require(cx, &gate::EDGE_NOT_SUSPECT, node_subject(*edge), sure)
                .is_ok()
            {
                have += 1;
            }
        }
        let fact = Fact::at_least(have, edges.len() as u64);
        out.require(cx, &gate::EDGES_ACKNOWLEDGED, id.into(), fact)
            .is_ok()
    }
}
