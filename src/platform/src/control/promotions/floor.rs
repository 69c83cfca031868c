//! The epoch floor: how a control plane whose owners were put back from a backup finds out how far epochs had got.
//!
//! **Invariants.** Until the log and every edge that was not written off have said what they have seen, no owner changes. Then each route goes on with
//! the newest owner that anybody has seen, under an epoch above all of them, in a new incarnation of the log: whoever is ahead
//! of the backup can tell, and takes a snapshot. How far that went is durable before anything is told.

use super::super::{ControlPlane, Due, Image, Out, wakes};
use super::{Event, Message, Note, Said};
use crate::id::{Epoch, RouteId, node_subject};
use crate::message::Event as Told;
use crate::promotion::{Ack, Owner, PromotionId};
use crate::{gate, knob};
use alloc::vec::Vec;
use machine::{Context, Fact, NodeId, Row, Subject, Table};

impl ControlPlane {
    /// Owners, promotions and approvals are lost.
    pub(in super::super) fn forget_owners(&mut self) {
        self.routes = Table::default();
        self.promotions.rows = Table::default();
        self.promotions.approvals = Table::default();
        self.promotions.authority = Table::default();
    }

    /// Whether it is known how far the epochs have got, which is what an owner needs to change.
    pub(super) fn floor_stands(&self, cx: &Context<'_>, out: &mut Out, id: PromotionId) -> bool {
        let fact = Fact::yes(!self.authority().floor_due);
        out.require(cx, &gate::EPOCH_FLOOR_SET, id.into(), fact)
            .is_ok()
    }

    /// Who may have seen more than the backup has, and can still be asked.
    fn witnesses(&self) -> Vec<NodeId> {
        let log = self.promoting().map(|managed| managed.log);
        log.into_iter().chain(self.counted_edges()).collect()
    }

    /// The bit of an edge among those that were written off.
    fn bit(&self, node: NodeId) -> u64 {
        let edges = self.installation.edges.iter().take(64);
        let at = edges.into_iter().position(|edge| *edge == node);
        at.map_or(0, |at| 1 << at)
    }

    /// The edges that have not been written off.
    pub(super) fn counted_edges(&self) -> impl Iterator<Item = NodeId> {
        let gone = self.authority().written_off;
        let edges = self.installation.edges.iter().copied();
        edges.filter(move |edge| self.bit(*edge) & gone == 0)
    }

    /// Whom everybody waits for before the epochs go on; nobody if they may.
    #[must_use]
    pub fn floor_waits_for(&self) -> Vec<NodeId> {
        let mut nodes: Vec<NodeId> = Vec::new();
        if self.authority().floor_due {
            nodes = self.unheard().into_iter().map(|(node, _)| node).collect();
            nodes.dedup();
        }
        nodes
    }

    /// Somebody says that an edge is gone for good. It is believed only of one that has been asked for long enough, and only
    /// while half of all edges are left; it is written down who is waited for no longer.
    pub(super) fn write_off(&mut self, cx: &Context<'_>, out: &mut Out, edge: NodeId) -> bool {
        let silent = self.floor_waits_for().contains(&edge) && self.bit(edge) > 0;
        let since = self.promotions.floor_since;
        let waited = since.map_or(0, |since| cx.now.since(since).0);
        let wanted = cx.knobs.time(&knob::EPOCH_FLOOR_WAIT).0;
        let left = self.counted_edges().filter(|one| *one != edge).count();
        let fact = Fact {
            holds: waited >= wanted && left * 2 >= self.installation.edges.len(),
            found: waited,
            wanted,
        };
        if !silent
            || out
                .require(cx, &gate::WRITTEN_OFF_FOR_CAUSE, node_subject(edge), fact)
                .is_err()
        {
            return false;
        }
        let bit = self.bit(edge);
        self.write_authority(out, false, |authority| authority.written_off |= bit);
        out.note(Note::EdgeWrittenOff { edge }.into());
        if self.unheard().is_empty() {
            self.raise_floor(cx, out);
        }
        true
    }

    /// An edge that was written off has an owner of now, and trusts its table: it counts again.
    pub(super) fn count_again(&mut self, out: &mut Out, edge: NodeId, ack: Ack) {
        let bit = self.bit(edge) & self.authority().written_off;
        let owner = self.routes.get(ack.route.0.into());
        let current = owner.is_some_and(|row| ack.epoch >= row.value.epoch);
        if bit == 0 || ack.gap || !current || self.authority().floor_due {
            return;
        }
        self.write_authority(out, false, |authority| authority.written_off &= !bit);
        out.note(Note::EdgeBack { edge }.into());
    }

    /// What has not been answered yet.
    fn unheard(&self) -> Vec<(NodeId, RouteId)> {
        let routes = || (0..self.routes.len()).map(|route| RouteId(route as u16));
        self.witnesses()
            .into_iter()
            .flat_map(|node| routes().map(move |route| (node, route)))
            .filter(|key| self.promotions.witnesses.get(*key).is_none())
            .collect()
    }

    /// Asks everybody who has not answered how far the epochs have got.
    pub(in super::super) fn look_for_floor(&mut self, cx: &Context<'_>, out: &mut Out) {
        if !self.authority().floor_due || self.raise_floor(cx, out) {
            return;
        }
        let since = *self.promotions.floor_since.get_or_insert(cx.now);
        if cx.now.since(since) >= cx.knobs.time(&knob::EPOCH_FLOOR_WAIT) {
            for node in self.floor_waits_for() {
                if !self.promotions.overdue.contains(node) {
                    self.promotions.overdue.insert(node, ());
                    out.note(Note::FloorWaits { node }.into());
                }
            }
        }
        for (node, route) in self.unheard() {
            let nth = self.next_ask();
            out.send(node, Said::Promotion(Message::EpochAsk { route, nth }));
        }
        let again = cx.now.after(cx.knobs.time(&knob::RESEND_INTERVAL));
        self.agenda.set(Due::Floor, again);
    }

    /// The log or an edge says how far it has seen the epochs of a route get.
    pub(super) fn on_epoch_seen(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        owner: Owner,
        incarnation: u32,
    ) {
        let key = (from, owner.route);
        let known = self.promotions.witnesses.get(key).copied();
        // What arrives late may be older than what has been heard.
        let newer = known.is_none_or(|known| (owner.epoch, incarnation) > (known.0.epoch, known.1));
        if !self.authority().floor_due || !self.witnesses().contains(&from) || !newer {
            return;
        }
        self.promotions.witnesses.insert(key, (owner, incarnation));
        if self.unheard().is_empty() {
            self.raise_floor(cx, out);
        }
    }

    /// Every route goes on above everything that was seen of it, if everybody has been heard.
    fn raise_floor(&mut self, cx: &Context<'_>, out: &mut Out) -> bool {
        let wanted = self.witnesses().len() as u64 * u64::from(self.routes.len());
        let heard = wanted - self.unheard().len() as u64;
        let authority = Subject { kind: 132, id: 0 };
        let fact = Fact::at_least(heard, wanted);
        if out
            .require(cx, &gate::EPOCH_WITNESSES_HEARD, authority, fact)
            .is_err()
        {
            return false;
        }
        let seen: Vec<(Owner, u32)> = self.promotions.witnesses.map().values().copied().collect();
        let incarnation = seen.iter().map(|(_, incarnation)| *incarnation).max();
        // Events of the floor belong to the new incarnation: it is durable before they are.
        self.write_authority(out, false, |authority| {
            authority.incarnation = authority.incarnation.max(incarnation.unwrap_or(0)) + 1;
        });
        for route in (0..self.routes.len()).map(|route| RouteId(route as u16)) {
            let newest = seen
                .iter()
                .map(|(owner, _)| *owner)
                .filter(|owner| owner.route == route)
                .max_by_key(|owner| owner.epoch);
            self.raise_route(cx, out, route, newest.unwrap_or(Owner::none(route)));
        }
        self.write_authority(out, false, |authority| authority.floor_due = false);
        self.agenda.clear(Due::Floor);
        self.promotions.witnesses = crate::ledger::Ledger::default();
        self.promotions.overdue = crate::ledger::Ledger::default();
        self.promotions.floor_since = None;
        self.snapshot_due(cx, out);
        true
    }

    /// A route goes on above `seen`, with the newer of its owner and the one that was seen.
    fn raise_route(&mut self, cx: &Context<'_>, out: &mut Out, route: RouteId, seen: Owner) {
        let Some(row) = self.routes.get(route.0.into()).copied() else {
            return;
        };
        let known = row.value.epoch;
        let (highest, deployment) = if seen.epoch > known {
            (seen.epoch, seen.deployment)
        } else {
            (known, row.value.deployment)
        };
        let margin = cx.knobs.get(&knob::EPOCH_FLOOR_MARGIN) as u32;
        let epoch = Epoch(highest.0.saturating_add(margin));
        let value = super::super::Route {
            deployment,
            epoch,
            ..row.value
        };
        let Ok(version) = self.routes.cas(route.0.into(), row.version, value) else {
            return;
        };
        let event = Event::EpochFloorRaised {
            route,
            epoch,
            deployment,
            version,
        };
        let image = Image::Route(route, Row { version, value });
        self.commit(out, Told::Promotion(event), image);
        out.note(
            Note::EpochFloorRaised {
                route,
                known,
                seen: highest,
                epoch,
                deployment,
            }
            .into(),
        );
        // Whoever gave the route to this owner has given it under the new epoch from now on.
        let giver = self.promotions.rows.iter().find(|(_, row)| {
            let row = &row.value;
            (row.route, row.epoch, row.candidate) == (route, highest, deployment)
        });
        if let Some(id) = giver.map(|(id, _)| PromotionId(id)) {
            self.write_promotion(out, id, None, |row| row.epoch = epoch);
        }
        self.create_wake(out, wakes::cold(route, row.value.region, epoch));
        let older: Vec<Epoch> = self
            .wakes_by_key
            .keys()
            .filter(|(of, older)| *of == route && *older < epoch)
            .map(|(_, older)| *older)
            .collect();
        for older in older {
            self.leave_epoch(cx, out, route, older, epoch);
        }
    }
}
