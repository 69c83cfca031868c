//! The writer of the route event stream: each change of an owner once and in order, and a signed snapshot now and then.
//!
//! **Invariants.** A change that was not acknowledged is said again under the same name. The log says which sequence it
//! got; where the log ends below what it has acknowledged, it is another log, and gets a new incarnation. What a route's
//! last event is, is known from the log only: after a crash it is asked by trying.

use super::super::{ControlPlane, Due, Out};
use super::{Message, Note, Said};
use crate::id::{Epoch, OutboxId, RouteId};
use crate::ledger::Ledger;
use crate::message::Event;
use crate::promotion::{Baseline, Event as Change, Owner, checksum, sign};
use crate::stops::Stops;
use crate::{gate, knob};
use alloc::vec::Vec;
use machine::{Context, Fact, Subject, fingerprint};

/// A change that the log has not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Unsaid {
    nth: u32,
    doubled: u32,
    /// Whether it is on its way; only the oldest of a route is.
    sent: bool,
    /// What the log had acknowledged when it was said first: it must get a higher sequence.
    above: u64,
}

/// What is known of the log; lost in a crash.
#[derive(Clone, Debug, Default)]
pub(super) struct Publishing {
    unsaid: Ledger<(RouteId, OutboxId), Unsaid>,
    /// The last sequence of each route, as far as it is known.
    last: Ledger<RouteId, u64>,
    /// The highest sequence that the log has acknowledged, under its current incarnation.
    acknowledged: u64,
    /// The newest ask where the log ends, and what it had acknowledged then.
    end: (u32, u64),
    /// The rows below this one may have been said before the last crash.
    resumed: u32,
    /// The routes of which nothing is told, since the log's last event about them is somebody else's, with its sequence.
    stopped: Stops<RouteId>,
}

impl Publishing {
    pub(super) fn fingerprint(&self) -> u64 {
        fingerprint::digest(&(
            self.unsaid.fingerprint(),
            self.last.fingerprint(),
            self.acknowledged,
            self.end,
            self.resumed,
            self.stopped.fingerprint(),
        ))
    }
}

impl ControlPlane {
    /// Whether changes of owners go through the log.
    pub(in super::super) const fn streams(&self) -> bool {
        self.installation.promoting.is_some()
    }

    /// A change of an owner is durable and may be told.
    pub(in super::super) fn publish_owner(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        row: OutboxId,
    ) {
        let Some(route) = self.route_of(row) else {
            return;
        };
        let unsaid = Unsaid {
            nth: 0,
            doubled: 0,
            sent: false,
            above: 0,
        };
        self.promotions.stream.unsaid.insert((route, row), unsaid);
        self.say_oldest(cx, out, route);
    }

    /// The oldest change of a route that the log does not have yet.
    fn oldest(&self, route: RouteId) -> Option<OutboxId> {
        let range = (route, OutboxId(0))..=(route, OutboxId(u32::MAX));
        self.promotions
            .stream
            .unsaid
            .map()
            .range(range)
            .next()
            .map(|((_, row), _)| *row)
    }

    fn say_oldest(&mut self, cx: &Context<'_>, out: &mut Out, route: RouteId) {
        let Some(row) = self.oldest(route) else {
            return;
        };
        let sent = self
            .promotions
            .stream
            .unsaid
            .get((route, row))
            .is_some_and(|one| one.sent);
        if !sent {
            self.say_again(cx, out, row);
        }
    }

    /// Says a change to the log that it has not acknowledged.
    pub(in super::super) fn say_again(&mut self, cx: &Context<'_>, out: &mut Out, row: OutboxId) {
        let Some(owner) = self.owner_in(row) else {
            return;
        };
        let route = owner.route;
        if self.promotions.stream.stopped.contains(route) {
            return;
        }
        let Some(log) = self.promoting().map(|managed| managed.log) else {
            return;
        };
        let nth = self.next_ask();
        let acknowledged = self.promotions.stream.acknowledged;
        let Some(doubled) = self
            .promotions
            .stream
            .unsaid
            .update((route, row), |unsaid| {
                unsaid.nth = nth;
                if !unsaid.sent {
                    unsaid.sent = true;
                    unsaid.above = acknowledged;
                }
                let doubled = unsaid.doubled;
                unsaid.doubled = (doubled + 1).min(super::super::relay::DOUBLINGS);
                doubled
            })
        else {
            return;
        };
        let expected = self.promotions.stream.last.get(route).copied().unwrap_or(0);
        let message = Message::Publish {
            owner,
            row,
            incarnation: self.authority().incarnation,
            expected,
            nth,
        };
        out.send(log, Said::Promotion(message));
        self.agenda.set(
            Due::Stream(row),
            cx.now.after(super::super::relay::wait(cx, doubled)),
        );
    }

    fn said(&mut self, cx: &Context<'_>, out: &mut Out, route: RouteId, row: OutboxId) {
        self.promotions.stream.unsaid.remove((route, row));
        self.agenda.clear(Due::Stream(row));
        self.say_oldest(cx, out, route);
    }

    /// The route that an outbox row is said about. A new incarnation is said about the first: whom that finds in doubt
    /// fetches a snapshot, and everybody is found.
    fn route_of(&self, row: OutboxId) -> Option<RouteId> {
        match self.outbox.get(row.0 as usize)?.event {
            Event::RouteOwner { route, .. } => Some(route),
            Event::Promotion(Change::EpochFloorRaised { route, .. }) => Some(route),
            Event::Promotion(Change::Authority { lineage: true, .. }) => Some(RouteId(0)),
            _ => None,
        }
    }

    /// What an outbox row says of the owner of its route.
    fn owner_in(&self, row: OutboxId) -> Option<Owner> {
        let (route, epoch, deployment, version) = match self.outbox.get(row.0 as usize)?.event {
            Event::RouteOwner {
                route,
                epoch,
                deployment,
                version,
            }
            | Event::Promotion(Change::EpochFloorRaised {
                route,
                epoch,
                deployment,
                version,
            }) => (route, epoch, deployment, version),
            _ => {
                let route = self.route_of(row)?;
                let row = self.routes.get(route.0.into())?;
                (route, row.value.epoch, row.value.deployment, row.version)
            }
        };
        Some(Owner {
            route,
            epoch,
            predecessor: Epoch(epoch.0 - 1),
            deployment,
            version,
        })
    }

    /// The log has a change.
    pub(super) fn on_published(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        row: OutboxId,
        seq: u64,
        repeated: bool,
    ) {
        let Some(route) = self.route_of(row) else {
            return;
        };
        let Some(unsaid) = self.promotions.stream.unsaid.get((route, row)).copied() else {
            return;
        };
        // What was said before a crash may have got its sequence then. What was not must be above all that was acknowledged,
        // even if the answer to a copy of it is the first to arrive.
        if !repeated || row.0 >= self.promotions.stream.resumed {
            self.judge_end(cx, out, seq.saturating_sub(1), unsaid.above);
        }
        let stream = &mut self.promotions.stream;
        stream.acknowledged = stream.acknowledged.max(seq);
        stream.last.insert(route, seq);
        self.said(cx, out, route, row);
    }

    /// The log's last event of a route is another one: it has this change already, or one that was said before it.
    pub(super) fn on_wrong_sequence(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        row: OutboxId,
        (last, last_row): (u64, Option<OutboxId>),
        nth: u32,
    ) {
        let Some(route) = self.route_of(row) else {
            return;
        };
        if self
            .promotions
            .stream
            .unsaid
            .get((route, row))
            .is_none_or(|unsaid| unsaid.nth != nth)
            || self.promotions.stream.stopped.contains(route)
        {
            return;
        }
        self.promotions.stream.last.insert(route, last);
        if let Some(other) = last_row {
            let own = Fact::below(other.0.into(), self.outbox.len() as u64);
            let stopped = &mut self.promotions.stream.stopped;
            if !stopped.judge(cx, out, route, (last, own)) {
                self.agenda.clear(Due::Stream(row));
                return out.note(Note::LogAlarm { route, seq: last }.into());
            }
        }
        let Some(newest) = last_row.filter(|newest| *newest >= row) else {
            return self.say_again(cx, out, row);
        };
        let stream = &mut self.promotions.stream;
        stream.acknowledged = stream.acknowledged.max(last);
        // It was said before a crash, and so was everything up to the one that the log has last.
        while let Some(oldest) = self.oldest(route).filter(|oldest| *oldest <= newest) {
            self.promotions.stream.unsaid.remove((route, oldest));
            self.agenda.clear(Due::Stream(oldest));
        }
        self.say_oldest(cx, out, route);
    }

    /// Somebody has looked at the event that is not one's own, and the route is told of again, behind it.
    pub(super) fn resume_log(&mut self, cx: &Context<'_>, out: &mut Out, route: RouteId) -> bool {
        let stopped = self.promotions.stream.stopped.resume(route).is_some();
        if stopped && let Some(row) = self.oldest(route) {
            self.say_again(cx, out, row);
        }
        stopped
    }

    /// The routes of which nothing is told, since the log's last event about them is somebody else's, with its sequence.
    pub fn stopped_in_log(&self) -> impl Iterator<Item = (RouteId, u64)> {
        self.promotions.stream.stopped.all()
    }

    /// The log says where it ends.
    pub(super) fn on_end(&mut self, cx: &Context<'_>, out: &mut Out, seq: u64, nth: u32) {
        let (asked, above) = self.promotions.stream.end;
        if nth != asked {
            return;
        }
        self.promotions.stream.end.0 = 0;
        self.judge_end(cx, out, seq, above);
        self.keep_snapshot(out, seq);
    }

    /// The log ended here: below what it had acknowledged, it is another log than it was.
    fn judge_end(&mut self, cx: &Context<'_>, out: &mut Out, seq: u64, acknowledged: u64) {
        let fact = Fact::at_least(seq, acknowledged);
        let log = Subject { kind: 132, id: 0 };
        if out.require(cx, &gate::SEQUENCE_ADVANCES, log, fact).is_ok() {
            return;
        }
        self.write_authority(out, true, |authority| authority.incarnation += 1);
        let incarnation = self.authority().incarnation;
        out.note(Note::LineageChanged { incarnation }.into());
        let stream = &mut self.promotions.stream;
        stream.acknowledged = seq;
        stream.last = Ledger::default();
        let under_way: Vec<_> = stream.unsaid.map().keys().copied().collect();
        for one in under_way {
            stream.unsaid.update(one, |unsaid| unsaid.above = 0);
        }
    }

    /// Asks where the log ends, which is what a snapshot needs to know.
    pub(in super::super) fn snapshot_due(&mut self, cx: &Context<'_>, out: &mut Out) {
        let Some(log) = self.promoting().map(|managed| managed.log) else {
            return;
        };
        let nth = self.next_ask();
        self.promotions.stream.end = (nth, self.promotions.stream.acknowledged);
        out.send(log, Said::Promotion(Message::End { nth }));
        self.agenda.set(
            Due::Snapshot,
            cx.now.after(cx.knobs.time(&knob::SNAPSHOT_INTERVAL)),
        );
    }

    /// Keeps a snapshot of all owners: of a log that has everything up to `seq`, and perhaps of more.
    fn keep_snapshot(&mut self, out: &mut Out, seq: u64) {
        // Owners that are not durable yet are nobody's business, and neither is an incarnation that is not.
        if self.durable < self.outbox.len() as u32 {
            return;
        }
        let Some(archive) = self.promoting().map(|managed| managed.archive) else {
            return;
        };
        let owners: Vec<Owner> = self
            .routes
            .iter()
            .map(|(id, row)| Owner {
                route: RouteId(id as u16),
                epoch: row.value.epoch,
                predecessor: Epoch(row.value.epoch.0 - 1),
                deployment: row.value.deployment,
                version: row.version,
            })
            .collect();
        let mut head = Baseline {
            incarnation: self.authority().incarnation,
            seq,
            entries: owners.len() as u16,
            checksum: checksum(&owners),
            signature: 0,
        };
        head.signature = sign(&head);
        let number = self.next_ask();
        out.send(archive, Said::Promotion(Message::Keep { head, number }));
        for (index, owner) in owners.into_iter().enumerate() {
            let index = index as u16;
            let message = Message::KeepEntry {
                owner,
                index,
                number,
            };
            out.send(archive, Said::Promotion(message));
        }
    }

    /// Goes on writing the log after a crash, or begins.
    pub(super) fn resume_stream(&mut self, cx: &Context<'_>, out: &mut Out) {
        self.promotions.stream.resumed = self.outbox.len() as u32;
        self.snapshot_due(cx, out);
    }
}
