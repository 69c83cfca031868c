//! The relay: hands committed events to every edge and repeats each until it is acknowledged.
//!
//! **Invariants.** Repeats come at growing intervals, so that a partition does not flood the network it ends in. Who has
//! acknowledged what is not durable: after a crash everything is published again, and edges ignore what they have.

use super::{ControlPlane, Due, Out};
use crate::id::OutboxId;
use crate::knob;
use crate::message::{Event, Message};
use crate::note::Note;
use machine::SortedSet;
use machine::{Context, Duration, NodeId};

/// How often the wait between two repeats may double.
pub(super) const DOUBLINGS: u32 = 3;

/// A message on its way to somebody who has not acknowledged it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sending {
    /// The number that it was sent under first: what acknowledges an earlier one acknowledges another sending.
    pub(super) first: u32,
    /// The number that it was sent under last.
    pub(super) nth: u32,
    /// How often its wait has doubled.
    pub(super) doubled: u32,
}

/// How long to wait before the next repeat.
pub(super) fn wait(cx: &Context<'_>, doubled: u32) -> Duration {
    cx.knobs
        .time(&knob::RESEND_INTERVAL)
        .times(1 << doubled.min(DOUBLINGS))
}

impl ControlPlane {
    /// The edge's bit and index.
    fn edge(&self, node: NodeId) -> Option<u8> {
        self.installation
            .edges
            .iter()
            .take(64)
            .position(|edge| *edge == node)
            .map(|index| index as u8)
    }

    /// The bits of all edges.
    pub(super) fn all_edges(&self) -> u64 {
        (0..self.installation.edges.len().min(64)).fold(0, |mask, index| mask | 1 << index)
    }

    /// Hands an event to the network for the first time.
    pub(super) fn publish(&mut self, cx: &Context<'_>, out: &mut Out, id: OutboxId) {
        let Some(row) = self.outbox.get(id.0 as usize).copied() else {
            return;
        };
        self.edit_outbox(id, |row| row.published = true);
        out.note(Note::Published {
            row: id,
            event: row.event,
        });
        if self.streams() && Self::is_for_log(row.event) {
            return self.publish_owner(cx, out, id);
        }
        if let Event::Cleanup(_) | Event::Setting(_) = row.event {
            // Whom it concerns is told by name.
            return self.delivered(cx, out, id);
        }
        for index in 0..self.installation.edges.len().min(64) as u8 {
            self.begin_relay(cx, out, id, index);
        }
        if self.all_edges() == 0 {
            self.delivered(cx, out, id);
        }
    }

    fn begin_relay(&mut self, cx: &Context<'_>, out: &mut Out, id: OutboxId, edge: u8) {
        let Some(node) = self.installation.edges.get(usize::from(edge)) else {
            return;
        };
        let nth = self.sent.get(*node).copied().unwrap_or(0);
        let first = nth.saturating_add(1);
        let doubled = 0;
        self.relays.insert(
            (id, edge),
            Sending {
                first,
                nth,
                doubled,
            },
        );
        self.relay(cx, out, id, edge);
    }

    /// Sends an event to an edge that has not acknowledged it.
    pub(super) fn relay(&mut self, cx: &Context<'_>, out: &mut Out, id: OutboxId, edge: u8) {
        let Some(row) = self.outbox.get(id.0 as usize) else {
            return;
        };
        let Some(node) = self.installation.edges.get(usize::from(edge)) else {
            return;
        };
        let sent = self.sent.get(*node).copied().unwrap_or(0);
        let nth = sent.saturating_add(1);
        let next = |sending: &mut Sending| {
            sending.nth = nth;
            let doubled = sending.doubled;
            sending.doubled = (doubled + 1).min(DOUBLINGS);
            doubled
        };
        let Some(doubled) = self.relays.update((id, edge), next) else {
            return;
        };
        self.sent.insert(*node, nth);
        out.send(
            *node,
            Message::Event {
                row: id,
                event: row.event,
                nth,
            },
        );
        self.agenda
            .set(Due::Relay(id, edge), cx.now.after(wait(cx, doubled)));
    }

    /// An edge has an event in its table.
    pub(super) fn on_event_ack(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        id: OutboxId,
        nth: u32,
    ) {
        let Some(edge) = self.edge(from) else { return };
        // What the edge acknowledged before it lost its table is not in the table that it has now.
        let sending = self.relays.get((id, edge));
        if sending.is_none_or(|sending| nth < sending.first || nth > sending.nth) {
            return;
        }
        self.relays.remove((id, edge));
        self.agenda.clear(Due::Relay(id, edge));
        let Some(row) = self.outbox.get(id.0 as usize).copied() else {
            return;
        };
        let acked = row.acked | 1 << edge;
        if acked != row.acked {
            self.edit_outbox(id, |row| row.acked = acked);
            self.journal(out, id, edge);
            if acked == self.all_edges() {
                self.delivered(cx, out, id);
            }
        }
    }

    /// Every edge has the event.
    fn delivered(&mut self, cx: &Context<'_>, out: &mut Out, id: OutboxId) {
        out.note(Note::Delivered { row: id });
        self.retire_delivered(cx, out, id);
    }

    /// An edge has an empty table: it gets the newest event of every entity.
    pub(super) fn on_follow(&mut self, cx: &Context<'_>, out: &mut Out, from: NodeId, nth: u32) {
        let Some(edge) = self.edge(from) else { return };
        if nth <= self.follows.get(from).copied().unwrap_or(0) {
            return;
        }
        self.follows.insert(from, nth);
        // The edge takes what is numbered above its ask for an answer to it.
        let sent = self.sent.get(from).copied().unwrap_or(0);
        self.sent.insert(from, sent.max(nth));
        // What is on its way to it already is counted anew, too, so that its acknowledgements are recognised.
        let under_way = self
            .relays
            .map()
            .keys()
            .filter(|(_, to)| *to == edge)
            .map(|(id, _)| *id);
        let rows: SortedSet<OutboxId> = self.newest.values().copied().chain(under_way).collect();
        for id in rows {
            // A row that was not published yet comes by itself, as soon as it may.
            if self.outbox.get(id.0 as usize).is_some_and(|row| {
                row.published && !(self.streams() && Self::is_for_log(row.event))
            }) {
                self.begin_relay(cx, out, id, edge);
            }
        }
    }

    /// Whether an event is told by the log, where there is one, and not to each edge.
    pub(super) const fn is_for_log(event: Event) -> bool {
        matches!(event, Event::RouteOwner { .. } | Event::Promotion(_))
    }
}
