//! Promotions: from a request to a healthy owner, or back, step by step, each with its gates.
//!
//! **Invariants.** A promotion is judged against one predecessor, and never against another: whoever lost the race starts a
//! new one. The owner changes by the same compare-and-set as everywhere. A promotion that cannot go on says why.
//!
//! The parts: `judge` takes a promotion from state to state, `edges` counts what edges say, `stream` writes the log and
//! keeps snapshots, `floor` finds out after a restore how far the epochs had got, `source` asks the pipeline what it has
//! previewed, `warm` starts what a candidate needs before it owns the route.

mod edges;
mod floor;
mod judge;
mod source;
mod stream;
mod warm;

use super::{ControlPlane, Due, Image, Out};
use crate::PROMOTION;
use crate::id::{DeploymentId, Digest, Epoch, OutboxId, RouteId};
use crate::ledger::Ledger;
use crate::message::Message as Said;
use crate::promotion::{
    Approval, Authority, Command, Event, Hold, Managed, Message, Note, Owner, Promotion,
    PromotionId, Services, State, Transition, Wish,
};
use crate::{gate, knob};
use edges::Seen;
use machine::{Context, Fact, Moved, NodeId, Row, Table, Time, fingerprint};
use stream::Publishing;

/// What is known of promotions, of the log and of the edges that follow it.
#[derive(Clone, Debug, Default)]
pub(super) struct Promotions {
    pub(super) rows: Table<Promotion>,
    pub(super) approvals: Table<Approval>,
    pub(super) authority: Table<Authority>,
    pub(super) wishes: Table<Wish>,
    /// What the pipeline last said of each deployment; lost in a crash.
    words: Ledger<DeploymentId, source::Word>,
    /// Since when each promotion has waited for what is started ahead; lost in a crash.
    warming: Ledger<PromotionId, Time>,
    /// What each edge last said of each route; lost in a crash.
    seen: Ledger<(NodeId, RouteId), Seen>,
    /// What the services last said, when, and the newest ask that they answered.
    services: Option<(Services, Time, u32)>,
    stream: Publishing,
    asked: u32,
    /// What the log and the edges have seen of each route since the database was put back; lost in a crash.
    witnesses: Ledger<(NodeId, RouteId), (Owner, u32)>,
    /// Since when they have been asked, and of whom somebody has been told that it does not answer.
    floor_since: Option<Time>,
    overdue: Ledger<NodeId, ()>,
}

impl Promotions {
    /// The digest of all of it.
    pub(super) fn fingerprint(&self) -> u64 {
        let sources = if self.wishes.is_empty() && self.words.map().is_empty() {
            0
        } else {
            fingerprint::digest(&(self.wishes.fingerprint(), self.words.fingerprint()))
        };
        sources
            ^ self.warming.fingerprint()
            ^ fingerprint::digest(&(
                self.rows.fingerprint(),
                self.approvals.fingerprint(),
                self.authority.fingerprint(),
                self.seen.fingerprint(),
                self.services,
                self.stream.fingerprint(),
                self.asked,
                self.witnesses.fingerprint(),
                (self.floor_since, self.overdue.fingerprint()),
            ))
    }
}

impl ControlPlane {
    /// The promotions, newest last.
    #[must_use]
    pub const fn promotions(&self) -> &Table<Promotion> {
        &self.promotions.rows
    }

    /// The approvals, newest last.
    #[must_use]
    pub const fn approvals(&self) -> &Table<Approval> {
        &self.promotions.approvals
    }

    /// What all promotions share.
    #[must_use]
    pub fn authority(&self) -> Authority {
        self.promotions
            .authority
            .get(0)
            .map_or_else(Authority::default, |row| row.value)
    }

    /// What it was told of promotions.
    #[must_use]
    pub const fn promoting(&self) -> Option<&Managed> {
        self.installation.promoting.as_ref()
    }

    /// Somebody says something about promotions.
    pub(super) fn on_promotion_message(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        message: Message,
    ) {
        if self.installation.promoting.is_none() {
            return;
        }
        match message {
            Message::Published {
                row, seq, repeated, ..
            } => self.on_published(cx, out, row, seq, repeated),
            Message::WrongSequence {
                row,
                last,
                last_row,
                nth,
            } => self.on_wrong_sequence(cx, out, row, (last, last_row), nth),
            Message::EndsAt { seq, nth } => self.on_end(cx, out, seq, nth),
            Message::Acknowledge { ack, nth } => self.on_acknowledge(cx, out, from, ack, nth),
            Message::EpochSeen {
                owner, incarnation, ..
            } => self.on_epoch_seen(cx, out, from, owner, incarnation),
            Message::ServicesAre { services, nth }
                if self
                    .promotions
                    .services
                    .is_none_or(|(_, _, newest)| nth > newest) =>
            {
                self.promotions.services = Some((services, cx.now, nth));
            }
            // Everything else is said to others.
            _ => {}
        }
    }

    /// An operator orders something about promotions.
    pub(super) fn on_promotion_command(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        command: Command,
    ) -> bool {
        if self.installation.promoting.is_none() {
            return false;
        }
        let done = match command {
            Command::Promote {
                route,
                deployment,
                predecessor,
                by,
            } => self.request_promotion(cx, out, route, deployment, predecessor, by),
            Command::Approve {
                route,
                deployment,
                predecessor,
                by,
            } => self.approve_promotion(cx, out, route, deployment, predecessor, by),
            Command::Rollback { route, by } => self.roll_back(cx, out, route, by),
            Command::Freeze { on } => {
                out.note(Note::Frozen { on }.into());
                self.write_authority(out, false, |authority| authority.frozen = on)
            }
            Command::EditConfig => {
                out.note(Note::ConfigEdited.into());
                self.write_authority(out, false, |authority| authority.config += 1)
            }
            Command::Rebuild { deployment, digest } => {
                self.rebuild_deployment(cx, out, deployment, digest)
            }
            Command::ResumeLog { route } => self.resume_log(cx, out, route),
            Command::WriteOff { edge } => self.write_off(cx, out, edge),
            // Not this node's to carry out.
            Command::Rebaseline
            | Command::WriteLog { .. }
            | Command::ClearGap
            | Command::SkipToLatest
            | Command::EditTable { .. }
            | Command::RecreateLog
            | Command::SetServices { .. } => false,
        };
        out.note(Note::Ordered { command, done }.into());
        done
    }

    /// Somebody wants a deployment to own a route.
    pub(super) fn request_promotion(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        route: RouteId,
        candidate: DeploymentId,
        predecessor: Epoch,
        by: u8,
    ) -> bool {
        if self.routes.get(route.0.into()).is_none()
            || self.deployments.get(candidate.0.into()).is_none()
        {
            return false;
        }
        let from_pipeline = self.source(candidate).is_some();
        if !from_pipeline {
            let known = Fact::yes(self.preview(candidate).is_some());
            if out
                .require(cx, &gate::PREVIEW_READY, candidate.into(), known)
                .is_err()
            {
                return false;
            }
        }
        let same = |(_, row): &(u32, &Row<Promotion>)| {
            let value = &row.value;
            value.is_active()
                && (value.route, value.candidate, value.predecessor)
                    == (route, candidate, predecessor)
        };
        if self.promotions.rows.iter().any(|row| same(&row)) {
            // The same wish again attaches to the promotion that is under way.
            return true;
        }
        let wanted = (route, candidate, predecessor, by);
        if from_pipeline {
            self.wish(cx, out, wanted);
        } else {
            self.begin_promotion(cx, out, wanted);
        }
        true
    }

    /// A promotion begins, of what a deployment is now.
    fn begin_promotion(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        (route, candidate, predecessor, by): (RouteId, DeploymentId, Epoch, u8),
    ) {
        let Some(owner) = self.routes.get(route.0.into()).map(|row| row.value) else {
            return;
        };
        let value = Promotion {
            route,
            candidate,
            digest: self.digest_of(candidate).unwrap_or_default(),
            predecessor,
            previous: owner.deployment,
            previous_digest: self.digest_of(owner.deployment).unwrap_or_default(),
            epoch: Epoch(0),
            state: State::Requested,
            hold: Hold::None,
            by,
            takes_back: None,
            requested_at: cx.now,
            changed_at: Time::ZERO,
        };
        let id = self.create_promotion(out, value);
        self.look_at_promotion(cx, out, id);
    }

    pub(super) fn create_promotion(&mut self, out: &mut Out, value: Promotion) -> PromotionId {
        let id = PromotionId(self.promotions.rows.insert(value));
        out.moved.push(Moved {
            lifecycle: PROMOTION,
            subject: id.into(),
            from: None,
            transition: None,
            to: value.state as u8,
            version: 1,
        });
        self.commit_promotion(out, id, Row { version: 1, value });
        id
    }

    /// Somebody approves what a deployment is now.
    fn approve_promotion(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        route: RouteId,
        deployment: DeploymentId,
        predecessor: Epoch,
        by: u8,
    ) -> bool {
        let Some(digest) = self
            .deployments
            .get(deployment.0.into())
            .map(|row| row.value.digest)
        else {
            return false;
        };
        let value = Approval {
            route,
            digest,
            predecessor,
            by,
            at: cx.now,
        };
        let number = self.promotions.approvals.insert(value);
        self.commit(
            out,
            crate::message::Event::Promotion(Event::Approved { number }),
            Image::Approval(number, Row { version: 1, value }),
        );
        out.note(Note::Approved { route, by }.into());
        true
    }

    fn rebuild_deployment(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: DeploymentId,
        digest: Digest,
    ) -> bool {
        let Some(row) = self.deployments.get(id.0.into()).copied() else {
            return false;
        };
        let inside = self.promotions.rows.iter().any(|(_, row)| {
            let row = &row.value;
            row.is_active() && (row.candidate == id || row.previous == id)
        });
        let owns = self
            .routes
            .iter()
            .any(|(_, row)| row.value.deployment == id);
        let gate = &gate::BUILD_OUTSIDE_OPERATIONS;
        if out
            .require(cx, gate, id.into(), Fact::yes(!inside && !owns))
            .is_err()
        {
            return false;
        }
        out.note(Note::Rebuilt { deployment: id }.into());
        let value = super::Deployment {
            digest,
            ..row.value
        };
        self.write_deployment(out, id, row.version, value).is_some()
    }

    /// Changes what all promotions share.
    fn write_authority(
        &mut self,
        out: &mut Out,
        lineage: bool,
        change: impl FnOnce(&mut Authority),
    ) -> bool {
        let Some(old) = self.promotions.authority.get(0).copied() else {
            return false;
        };
        let mut value = old.value;
        change(&mut value);
        let Ok(version) = self.promotions.authority.cas(0, old.version, value) else {
            return false;
        };
        self.commit(
            out,
            crate::message::Event::Promotion(Event::Authority { version, lineage }),
            Image::Authority(Row { version, value }),
        );
        true
    }

    /// Changes a promotion: along `transition` if one is given, else only its other fields.
    pub(super) fn write_promotion(
        &mut self,
        out: &mut Out,
        id: PromotionId,
        transition: Option<Transition>,
        change: impl FnOnce(&mut Promotion),
    ) -> Option<OutboxId> {
        let old = *self.promotions.rows.get(id.0)?;
        let mut value = old.value;
        change(&mut value);
        value.state = match transition {
            Some(transition) => old.value.state.after(transition)?,
            None => old.value.state,
        };
        if value == old.value {
            return None;
        }
        let version = self.promotions.rows.cas(id.0, old.version, value).ok()?;
        if let Some(transition) = transition {
            out.moved.push(Moved {
                lifecycle: PROMOTION,
                subject: id.into(),
                from: Some(old.value.state as u8),
                transition: Some(transition as u8),
                to: value.state as u8,
                version,
            });
        }
        if value.hold != old.value.hold && value.hold != Hold::None {
            let hold = value.hold;
            out.note(
                Note::Held {
                    promotion: id,
                    hold,
                }
                .into(),
            );
        }
        if !value.is_active() {
            self.agenda.clear(Due::Promotion(id));
            self.promotions.warming.remove(id);
        }
        Some(self.commit_promotion(out, id, Row { version, value }))
    }

    fn commit_promotion(
        &mut self,
        out: &mut Out,
        id: PromotionId,
        row: Row<Promotion>,
    ) -> OutboxId {
        let event = Event::Promotion {
            promotion: id,
            to: row.value.state,
            version: row.version,
        };
        self.commit(
            out,
            crate::message::Event::Promotion(event),
            Image::Promotion(id, row),
        )
    }

    pub(super) fn promotion(&self, id: PromotionId) -> Option<Promotion> {
        self.promotions.rows.get(id.0).map(|row| row.value)
    }

    /// The number of the next thing that is asked or said; none is used twice, even after a crash.
    pub(in super::super) fn next_ask(&mut self) -> u32 {
        self.promotions.asked = self.promotions.asked.saturating_add(1);
        self.promotions.asked
    }

    /// Asks the services how they are.
    fn ask_services(&mut self, out: &mut Out) {
        let Some(services) = self.promoting().map(|managed| managed.services) else {
            return;
        };
        let nth = self.next_ask();
        out.send(services, Said::Promotion(Message::ServicesAsk { nth }));
    }

    /// What the services said, if it still counts.
    fn services_now(&self, cx: &Context<'_>) -> Option<Services> {
        let ttl = cx.knobs.time(&knob::SERVICES_TTL);
        self.promotions
            .services
            .filter(|(_, at, _)| cx.now.since(*at) <= ttl)
            .map(|(services, _, _)| services)
    }

    /// Goes on where a crash came in, or begins.
    pub(super) fn resume_promotions(&mut self, cx: &Context<'_>, out: &mut Out) {
        if self.installation.promoting.is_none() {
            return;
        }
        // Nothing is said more often than once in a millisecond, so no number is used twice.
        self.promotions.asked = u32::try_from(cx.now.0 / 1_000).unwrap_or(u32::MAX / 2);
        if self.promotions.authority.is_empty() {
            let value = Authority {
                incarnation: 1,
                ..Authority::default()
            };
            self.promotions.authority.insert(value);
            self.commit(
                out,
                crate::message::Event::Promotion(Event::Authority {
                    version: 1,
                    lineage: false,
                }),
                Image::Authority(Row { version: 1, value }),
            );
        }
        self.resume_stream(cx, out);
        self.look_for_floor(cx, out);
        self.resume_wishes(cx, out);
        let open: alloc::vec::Vec<PromotionId> = self
            .promotions
            .rows
            .iter()
            .filter(|(_, row)| row.value.is_active())
            .map(|(id, _)| PromotionId(id))
            .collect();
        for id in open {
            self.look_at_promotion(cx, out, id);
        }
        self.resume_ahead(cx, out);
    }

    /// The owner of a route changes, if it is still the one that this was judged against.
    fn change_owner(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: PromotionId,
        to: DeploymentId,
        predecessor: Epoch,
    ) -> Option<Epoch> {
        let promotion = self.promotion(id)?;
        let row = self.routes.get(promotion.route.0.into()).copied()?;
        let found = row.value.epoch;
        let fact = Fact::equal(found.0.into(), predecessor.0.into());
        if out
            .require(cx, &gate::PREDECESSOR_CURRENT, id.into(), fact)
            .is_err()
        {
            out.note(crate::note::Note::RouteCasConflict {
                route: promotion.route,
                expected: predecessor,
                found,
            });
            return None;
        }
        let epoch = Epoch(found.0.saturating_add(1));
        let value = super::Route {
            deployment: to,
            epoch,
            ..row.value
        };
        self.write_route(out, promotion.route, row.version, value)?;
        out.note(crate::note::Note::RouteOwnerChanged {
            route: promotion.route,
            epoch,
            deployment: to,
        });
        self.begin_wake(cx, out, promotion.route);
        self.leave_epoch(cx, out, promotion.route, found, epoch);
        self.stop_strays(cx, out, promotion.route);
        Some(epoch)
    }
}
