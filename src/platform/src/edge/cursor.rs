//! The cursor: how an edge follows the route event stream, and how it knows that something is missing.
//!
//! **Invariants.** An event counts only if it follows directly on the one before it, in the same log, on the owner that is
//! known. What does not is a gap: from then on the table is not trusted, no event is applied, and only a signed snapshot
//! that is not behind what was applied ends it. The old table is kept until then; an empty one would be worse. What the
//! subscription lost on the way is fetched again and is no gap, as long as the log still has it.

use super::{Due, Edge, Out};
use crate::id::{Epoch, RouteId, node_subject};
use crate::message::{Class, Message as Said, Reason};
use crate::promotion::{
    Ack, Baseline, Command, Gap, GapPolicy, Message, Note, Owner, checksum, sign,
};
use crate::{gate, knob};
use alloc::vec::Vec;
use machine::{Context, Fact, NodeId, Time, fingerprint};

/// What an edge is told of the log at its installation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Streamed {
    /// The log.
    pub log: NodeId,
    /// Where snapshots are kept.
    pub archive: NodeId,
    /// What becomes of each route's requests while its owner is not verified, by route number.
    pub policies: Vec<GapPolicy>,
}

/// How an edge stands with the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// No snapshot has come yet.
    Unbased,
    /// It follows.
    Following,
    /// It doubts its table.
    Gap(Gap),
}

/// A snapshot that is arriving.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Arriving {
    head: Option<Baseline>,
    entries: Vec<(u16, Owner)>,
    /// It was judged and did not count; another one is asked for when this one's time is up.
    refused: bool,
}

/// Where an edge is in the log.
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    incarnation: u32,
    seq: u64,
    phase: Phase,
    /// The number of the subscription, 0 while there is none, and what it has delivered.
    subscription: u32,
    delivered: u32,
    /// The last beat of it that was heard.
    beat: u32,
    /// When something last proved that nothing is missing.
    proved_at: Time,
    /// When the log was last heard of.
    heard_at: Time,
    /// The number of the snapshot that is being fetched, 0 while none is.
    fetch: u32,
    /// When a snapshot was last asked for.
    fetched_at: Option<Time>,
    arriving: Arriving,
    /// How each owner has answered since the edge learned of it: well, with errors.
    tally: crate::ledger::Ledger<RouteId, (u32, u32)>,
}

impl Default for Cursor {
    fn default() -> Self {
        Self {
            incarnation: 0,
            seq: 0,
            phase: Phase::Unbased,
            subscription: 0,
            delivered: 0,
            beat: 0,
            proved_at: Time::ZERO,
            heard_at: Time::ZERO,
            fetch: 0,
            fetched_at: None,
            arriving: Arriving::default(),
            tally: crate::ledger::Ledger::default(),
        }
    }
}

impl Cursor {
    pub(super) fn fingerprint(&self) -> u64 {
        let place = (
            self.incarnation,
            self.seq,
            self.phase,
            self.subscription,
            self.delivered,
            self.beat,
        );
        let rest = (
            (self.proved_at, self.heard_at),
            (self.fetch, self.fetched_at),
            &self.arriving,
            self.tally.fingerprint(),
        );
        fingerprint::digest(&(place, rest))
    }
}

impl Edge {
    /// How it stands with the log, and the last sequence it has applied; `None` if it follows none.
    #[must_use]
    pub fn cursor(&self) -> Option<(Phase, u32, u64)> {
        self.installation.stream.as_ref()?;
        let cursor = &self.cursor;
        Some((cursor.phase, cursor.incarnation, cursor.seq))
    }

    /// Whether a route allows its safe requests to go to the owner that was verified last.
    #[must_use]
    pub fn serves_unverified(&self, route: RouteId) -> bool {
        let policies = self.installation.stream.iter();
        policies
            .filter_map(|streamed| streamed.policies.get(usize::from(route.0)))
            .any(|policy| *policy == GapPolicy::LastVerified)
    }

    /// How the owner of a route has answered since the edge learned of it: well, with errors.
    #[must_use]
    pub fn tally(&self, route: RouteId) -> (u32, u32) {
        self.cursor.tally.get(route).copied().unwrap_or_default()
    }

    /// Begins to follow the log: from a snapshot.
    pub(super) fn begin_cursor(&mut self, cx: &Context<'_>, out: &mut Out) {
        if self.installation.stream.is_none() {
            return;
        }
        self.cursor = Cursor::default();
        self.cursor.proved_at = cx.now;
        self.fetch_baseline(cx, out);
        self.agenda
            .set(Due::Prove, cx.now.after(cx.knobs.time(&knob::STREAM_BEAT)));
    }

    fn streamed(&self) -> Option<(NodeId, NodeId)> {
        let streamed = self.installation.stream.as_ref()?;
        Some((streamed.log, streamed.archive))
    }

    fn fetch_baseline(&mut self, cx: &Context<'_>, out: &mut Out) {
        let Some((_, archive)) = self.streamed() else {
            return;
        };
        let nth = self.next_nth();
        self.cursor.fetch = nth;
        self.cursor.fetched_at = Some(cx.now);
        self.cursor.arriving = Arriving::default();
        out.send(archive, Said::Promotion(Message::Fetch { nth }));
        let wait = cx.knobs.time(&knob::RESEND_INTERVAL).times(2);
        self.agenda.set(Due::Baseline, cx.now.after(wait));
    }

    /// Fetches a snapshot, but not one right after the other: as long as the archive has an old one only, each of them
    /// would end in the same doubt.
    fn fetch_baseline_soon(&mut self, cx: &Context<'_>, out: &mut Out) {
        let wait = cx.knobs.time(&knob::RESEND_INTERVAL).times(2);
        match self.cursor.fetched_at.map(|at| at.after(wait)) {
            Some(soon) if cx.now < soon => {
                self.cursor.fetch = self.next_nth();
                self.cursor.arriving = Arriving::default();
                self.agenda.set(Due::Baseline, soon);
            }
            _ => self.fetch_baseline(cx, out),
        }
    }

    /// No snapshot has come, or none that counts.
    pub(super) fn baseline_due(&mut self, cx: &Context<'_>, out: &mut Out) {
        if self.cursor.fetch > 0 {
            self.fetch_baseline(cx, out);
        }
    }

    fn subscribe(&mut self, cx: &Context<'_>, out: &mut Out) {
        let Some((log, _)) = self.streamed() else {
            return;
        };
        let nth = self.next_nth();
        self.cursor.subscription = nth;
        self.cursor.delivered = 0;
        self.cursor.beat = 0;
        self.cursor.heard_at = cx.now;
        let from = self.cursor.seq + 1;
        out.send(log, Said::Promotion(Message::Subscribe { from, nth }));
    }

    /// The log or the archive says something.
    pub(super) fn on_stream(&mut self, cx: &Context<'_>, out: &mut Out, message: Message) {
        match message {
            Message::Deliver {
                owner,
                seq,
                incarnation,
                delivery,
                nth,
            } if nth == self.cursor.subscription && nth > 0 => {
                if delivery > self.cursor.delivered + 1 {
                    // Something was lost on the way; the log still has it.
                    self.subscribe(cx, out);
                } else if delivery == self.cursor.delivered + 1 {
                    self.cursor.delivered = delivery;
                    self.on_owner(cx, out, owner, seq, incarnation);
                }
            }
            Message::Beat {
                seq,
                delivered,
                beat,
                nth,
            } if nth == self.cursor.subscription && nth > 0 && beat > self.cursor.beat => {
                self.cursor.beat = beat;
                self.on_beat(cx, out, seq, delivered);
            }
            // A question that arrives twice may be answered by two snapshots: the first one counts.
            Message::Head { head, nth }
                if self.awaits(nth) && self.cursor.arriving.head.is_none() =>
            {
                self.cursor.arriving.head = Some(head);
                self.judge_baseline(cx, out);
            }
            Message::Entry { owner, index, nth } if self.awaits(nth) => {
                let entries = &mut self.cursor.arriving.entries;
                if !entries.iter().any(|(at, _)| *at == index) {
                    entries.push((index, owner));
                }
                self.judge_baseline(cx, out);
            }
            Message::EpochAsk { route, nth } => self.say_epoch(out, route, nth),
            // Of an older subscription or fetch, or said to others.
            _ => {}
        }
    }

    /// Whether a part of a snapshot belongs to the one that is awaited.
    const fn awaits(&self, nth: u32) -> bool {
        nth == self.cursor.fetch && nth > 0 && !self.cursor.arriving.refused
    }

    /// An event of the log.
    fn on_owner(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        owner: Owner,
        seq: u64,
        incarnation: u32,
    ) {
        let subject = owner.route.into();
        if seq <= self.cursor.seq && incarnation == self.cursor.incarnation {
            return out.note(Note::RouteEventIgnored { owner, seq }.into());
        }
        let fact = Fact::equal(incarnation.into(), self.cursor.incarnation.into());
        if out
            .require(cx, &gate::EVENT_LINEAGE, subject, fact)
            .is_err()
        {
            return self.doubt(cx, out, Gap::Lineage, seq);
        }
        let next = self.cursor.seq + 1;
        if out
            .require(cx, &gate::EVENT_CONTIGUOUS, subject, Fact::equal(seq, next))
            .is_err()
        {
            let first = self.cursor.delivered == 1;
            let gap = if first { Gap::Retention } else { Gap::Hole };
            return self.doubt(cx, out, gap, seq);
        }
        let known = self.routes.get(owner.route).map(|view| view.epoch);
        if known.is_some_and(|known| owner.epoch <= known) {
            // The snapshot knew of it already.
            self.cursor.seq = seq;
            return out.note(Note::RouteEventIgnored { owner, seq }.into());
        }
        let follows = Fact::equal(
            owner.predecessor.0.into(),
            known.unwrap_or_default().0.into(),
        );
        if out
            .require(cx, &gate::EVENT_CHAIN, subject, follows)
            .is_err()
        {
            return self.doubt(cx, out, Gap::Chain, seq);
        }
        self.cursor.seq = seq;
        out.note(
            Note::RouteEventApplied {
                owner,
                seq,
                incarnation,
            }
            .into(),
        );
        self.take_owner(cx, out, owner, false);
    }

    /// Writes an owner into the table, if whoever says so may.
    fn take_owner(&mut self, cx: &Context<'_>, out: &mut Out, owner: Owner, by_hand: bool) -> bool {
        let told = Fact::yes(!by_hand);
        let route = owner.route.into();
        if out.require(cx, &gate::TABLE_FROM_LOG, route, told).is_err() {
            return false;
        }
        let Owner {
            route,
            epoch,
            deployment,
            version,
            ..
        } = owner;
        self.learn_owner(route, epoch, deployment, version);
        self.cursor.tally.remove(route);
        self.pump(cx, out, route);
        self.acknowledge(out, route);
        true
    }

    /// Trusts the table again, if a snapshot says that it may.
    fn close_gap(&mut self, cx: &Context<'_>, out: &mut Out, by_baseline: bool) -> bool {
        let me = node_subject(cx.node);
        if matches!(self.cursor.phase, Phase::Gap(_))
            && out
                .require(cx, &gate::GAP_NEEDS_BASELINE, me, Fact::yes(by_baseline))
                .is_err()
        {
            return false;
        }
        self.cursor.phase = Phase::Following;
        self.cursor.proved_at = cx.now;
        self.cursor.fetch = 0;
        self.agenda.clear(Due::Baseline);
        true
    }

    /// The log says where it ends, and how much it has delivered.
    fn on_beat(&mut self, cx: &Context<'_>, out: &mut Out, last: u64, delivered: u32) {
        self.cursor.heard_at = cx.now;
        if delivered > self.cursor.delivered {
            return self.subscribe(cx, out);
        }
        let fact = Fact::at_least(last, self.cursor.seq);
        let me = node_subject(cx.node);
        if out.require(cx, &gate::EVENT_LINEAGE, me, fact).is_err() {
            return self.doubt(cx, out, Gap::Lineage, last);
        }
        if last <= self.cursor.seq && self.cursor.phase == Phase::Following {
            self.cursor.proved_at = cx.now;
        }
    }

    /// It is time to ask whether anything proves that nothing is missing.
    pub(super) fn prove_due(&mut self, cx: &Context<'_>, out: &mut Out) {
        let beat = cx.knobs.time(&knob::STREAM_BEAT);
        self.agenda.set(Due::Prove, cx.now.after(beat));
        let alarm = cx.knobs.time(&knob::PROPAGATION_ALARM);
        if self.cursor.phase == Phase::Following {
            let silent = cx.now.since(self.cursor.proved_at);
            let me = node_subject(cx.node);
            let fact = Fact::at_most(silent.0, alarm.0);
            if out.require(cx, &gate::TABLE_CURRENT, me, fact).is_err() {
                let seq = self.cursor.seq;
                self.doubt(cx, out, Gap::Tail, seq);
            } else if cx.now.since(self.cursor.heard_at) > beat.times(3) {
                // The log does not speak any more, or does not know of this subscription.
                self.subscribe(cx, out);
            }
        }
        let routes: Vec<RouteId> = self.routes.map().keys().copied().collect();
        for route in routes {
            self.acknowledge(out, route);
        }
    }

    /// The table is not to be trusted any more.
    fn doubt(&mut self, cx: &Context<'_>, out: &mut Out, gap: Gap, got: u64) {
        let expected = self.cursor.seq + 1;
        out.note(Note::GapDetected { gap, expected, got }.into());
        self.cursor.phase = Phase::Gap(gap);
        self.cursor.subscription = 0;
        let routes: Vec<RouteId> = self.routes.map().keys().copied().collect();
        for route in routes {
            self.acknowledge(out, route);
        }
        self.refuse_doubtful(cx, out);
        self.fetch_baseline_soon(cx, out);
    }

    /// A snapshot has arrived, if all of it has.
    fn judge_baseline(&mut self, cx: &Context<'_>, out: &mut Out) {
        let arriving = &self.cursor.arriving;
        let Some(head) = arriving
            .head
            .filter(|head| usize::from(head.entries) == arriving.entries.len())
        else {
            return;
        };
        let mut entries = arriving.entries.clone();
        entries.sort_unstable();
        let owners: Vec<Owner> = entries.into_iter().map(|(_, owner)| owner).collect();
        let me = node_subject(cx.node);
        let signed = sign(&head) == head.signature;
        let whole = checksum(&owners) == head.checksum;
        let (incarnation, seq) = (self.cursor.incarnation, self.cursor.seq);
        let newer = Fact {
            holds: head.incarnation > incarnation
                || (head.incarnation == incarnation && head.seq >= seq),
            found: head.seq,
            wanted: seq,
        };
        let counts = out
            .require(cx, &gate::SNAPSHOT_SIGNED, me, Fact::yes(signed))
            .is_ok()
            && out
                .require(cx, &gate::SNAPSHOT_CHECKSUM, me, Fact::yes(whole))
                .is_ok()
            && out
                .require(cx, &gate::SNAPSHOT_NOT_OLDER, me, newer)
                .is_ok();
        let counts = counts && self.keeps_epochs(cx, out, &owners);
        if !counts {
            self.cursor.arriving.refused = true;
            return out.note(Note::BaselineRefused { seq: head.seq }.into());
        }
        out.note(
            Note::BaselineInstalled {
                incarnation: head.incarnation,
                seq: head.seq,
                previous: seq,
                previous_incarnation: incarnation,
                genuine: signed && whole,
            }
            .into(),
        );
        self.cursor.arriving = Arriving::default();
        self.cursor.incarnation = head.incarnation;
        self.cursor.seq = head.seq;
        self.close_gap(cx, out, true);
        for owner in owners {
            let known = self
                .routes
                .get(owner.route)
                .map(|view| (view.epoch, view.deployment));
            if known == Some((owner.epoch, owner.deployment)) {
                self.acknowledge(out, owner.route);
            } else {
                self.take_owner(cx, out, owner, false);
            }
        }
        self.subscribe(cx, out);
    }

    /// Whether no route would go back to an older owner by a snapshot.
    fn keeps_epochs(&self, cx: &Context<'_>, out: &mut Out, owners: &[Owner]) -> bool {
        for owner in owners {
            let known = self.routes.get(owner.route).map(|view| view.epoch);
            let known = known.unwrap_or_default();
            let (route, epoch) = (owner.route, owner.epoch);
            let fact = Fact::at_least(epoch.0.into(), known.0.into());
            if !fact.holds {
                let regresses = Note::BaselineRegresses {
                    route,
                    known,
                    epoch,
                };
                out.note(regresses.into());
            }
            let gate = &gate::SNAPSHOT_KEEPS_EPOCHS;
            if out.require(cx, gate, route.into(), fact).is_err() {
                return false;
            }
        }
        true
    }

    /// Says to the control plane which owner of a route it has.
    fn say_epoch(&self, out: &mut Out, route: RouteId, nth: u32) {
        let owner = self
            .routes
            .get(route)
            .map_or(Owner::none(route), |view| Owner {
                route,
                epoch: view.epoch,
                predecessor: Epoch(view.epoch.0.saturating_sub(1)),
                deployment: view.deployment,
                version: view.version,
            });
        let message = Message::EpochSeen {
            owner,
            incarnation: self.cursor.incarnation,
            nth,
        };
        out.send(self.installation.control, Said::Promotion(message));
    }

    /// Says to the control plane how it stands with a route.
    fn acknowledge(&mut self, out: &mut Out, route: RouteId) {
        let epoch = self.routes.get(route).map_or(Epoch(0), |view| view.epoch);
        let (served, failed) = self.cursor.tally.get(route).copied().unwrap_or_default();
        let nth = self.next_nth();
        let ack = Ack {
            route,
            epoch,
            gap: self.cursor.phase != Phase::Following,
            served,
            failed,
        };
        let message = Message::Acknowledge { ack, nth };
        out.send(self.installation.control, Said::Promotion(message));
    }

    /// An owner's allocation has answered a request.
    pub(super) fn count_answer(&mut self, route: RouteId, epoch: Epoch, ok: bool) {
        if self.installation.stream.is_none()
            || self
                .routes
                .get(route)
                .is_none_or(|view| view.epoch != epoch)
        {
            return;
        }
        let (served, failed) = self.cursor.tally.get(route).copied().unwrap_or_default();
        let tally = (served + u32::from(ok), failed + u32::from(!ok));
        self.cursor.tally.insert(route, tally);
    }

    /// Whether a request may go to the owner that the table has; otherwise why not.
    pub(super) fn check_owner(
        &self,
        cx: &Context<'_>,
        out: &mut Out,
        request: crate::id::RequestId,
        route: RouteId,
        class: Class,
    ) -> Result<(), Reason> {
        let Some(streamed) = self.installation.stream.as_ref() else {
            return Ok(());
        };
        let Phase::Gap(_) = self.cursor.phase else {
            return if self.cursor.phase == Phase::Unbased {
                Err(Reason::NoBaseline)
            } else {
                Ok(())
            };
        };
        let policy = streamed
            .policies
            .get(usize::from(route.0))
            .copied()
            .unwrap_or_default();
        let age = cx.now.since(self.cursor.proved_at);
        let bound = cx.knobs.time(&knob::LAST_VERIFIED_AGE);
        let safe = matches!(class, Class::SafePage | Class::Upgrade);
        let fact = Fact {
            holds: policy == GapPolicy::LastVerified && safe && age <= bound,
            found: age.0,
            wanted: bound.0,
        };
        out.require(cx, &gate::OWNER_VERIFIED, request.into(), fact)
            .map_err(|_| Reason::RouteGap)?;
        let age = age.0;
        out.note(Note::ServedUnverified { route, age, safe }.into());
        Ok(())
    }

    /// An operator orders something of this edge.
    pub(super) fn on_stream_order(&mut self, cx: &Context<'_>, out: &mut Out, command: Command) {
        let in_gap = matches!(self.cursor.phase, Phase::Gap(_));
        let done = match command {
            Command::Rebaseline => {
                self.fetch_baseline(cx, out);
                true
            }
            Command::ClearGap | Command::SkipToLatest if in_gap => {
                let closed = self.close_gap(cx, out, false);
                if closed {
                    out.note(Note::GapCleared.into());
                    self.subscribe(cx, out);
                }
                closed
            }
            Command::EditTable { owner } => {
                let written = self.take_owner(cx, out, owner, true);
                if written {
                    let route = owner.route;
                    out.note(Note::EdgeTableMutatedManually { route }.into());
                }
                written
            }
            _ => false,
        };
        out.note(Note::Ordered { command, done }.into());
    }
}
