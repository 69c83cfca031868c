//! Judging: what has to be true before a promotion goes on, and what becomes of it when it is not.

use super::super::{ControlPlane, Due, Out};
use crate::id::{DeploymentId, Epoch, RouteId};
use crate::promotion::{Hold, Preview, Promotion, PromotionId, State, Transition};
use crate::{gate, knob};
use machine::{Context, Fact, Time};

impl ControlPlane {
    /// What was validated of a deployment.
    pub(super) fn preview(&self, deployment: DeploymentId) -> Option<Preview> {
        let managed = self.installation.promoting.as_ref()?;
        managed
            .previews
            .iter()
            .find(|preview| preview.deployment == deployment)
            .copied()
    }

    /// A promotion's moment has come: it goes as far as it can.
    pub(in super::super) fn look_at_promotion(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: PromotionId,
    ) {
        let Some(promotion) = self.promotion(id).filter(Promotion::is_active) else {
            return;
        };
        self.agenda.set(
            Due::Promotion(id),
            cx.now.after(cx.knobs.time(&knob::PROMOTION_INTERVAL)),
        );
        match promotion.state {
            State::Requested => self.check_policy(cx, out, id),
            State::PolicyCheck => self.clear(cx, out, id, &promotion),
            State::RouteCas => self.take_route(cx, out, id, &promotion),
            State::EdgePropagating => self.watch(cx, out, id, &promotion),
            State::Healthy | State::RolledBack | State::Failed => {}
        }
    }

    pub(super) fn fail_promotion(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: PromotionId,
        hold: Hold,
    ) {
        self.write_promotion(out, id, Some(Transition::GaveUp), |row| row.hold = hold);
        if let Some(row) = self.promotion(id) {
            self.stop_strays(cx, out, row.route);
        }
    }

    pub(super) fn hold_promotion(&mut self, out: &mut Out, id: PromotionId, hold: Hold) {
        self.write_promotion(out, id, None, |row| row.hold = hold);
    }

    /// Whether production is open; the way back always is.
    fn is_open(&self, cx: &Context<'_>, out: &mut Out, id: PromotionId) -> bool {
        let open = Fact::yes(!self.authority().frozen);
        self.promotion(id)
            .is_some_and(|row| row.takes_back.is_some())
            || out
                .require(cx, &gate::ENVIRONMENT_OPEN, id.into(), open)
                .is_ok()
    }

    fn check_policy(&mut self, cx: &Context<'_>, out: &mut Out, id: PromotionId) {
        if !self.is_open(cx, out, id) {
            return self.fail_promotion(cx, out, id, Hold::Frozen);
        }
        self.write_promotion(out, id, Some(Transition::Checked), |_| {});
        self.ask_services(out);
        self.look_at_promotion(cx, out, id);
    }

    /// Everything that has to be true before the owner may change.
    fn clear(&mut self, cx: &Context<'_>, out: &mut Out, id: PromotionId, row: &Promotion) {
        // Somebody may have frozen production while this waited.
        if !self.is_open(cx, out, id) {
            return self.fail_promotion(cx, out, id, Hold::Frozen);
        }
        if row.takes_back.is_some() && !self.artifact_stays(cx, out, id, row) {
            return self.fail_promotion(cx, out, id, Hold::ArtifactGone);
        }
        if let Some(taken_back) = row.takes_back.and_then(|id| self.promotion(id)) {
            return self.clear_way_back(cx, out, id, &taken_back);
        }
        let matches = if self.source(row.candidate).is_some() {
            match self.is_as_previewed(cx, out, id, row) {
                Some(matches) => matches,
                None => return,
            }
        } else {
            let now = self.digest_of(row.candidate);
            let config = self.authority().config;
            // Whether there is a preview at all was asked when this was requested.
            self.preview(row.candidate).is_none_or(|preview| {
                Some(preview.digest) == now
                    && row.digest == preview.digest
                    && preview.config == config
            })
        };
        if out
            .require(cx, &gate::PREVIEW_MATCHES, id.into(), Fact::yes(matches))
            .is_err()
        {
            return self.fail_promotion(cx, out, id, Hold::DigestDiffers);
        }
        if !self.artifact_stays(cx, out, id, row) {
            return self.fail_promotion(cx, out, id, Hold::ArtifactGone);
        }
        let waited = cx.now.since(row.requested_at);
        let approved = self.is_approved_by_another(cx, row);
        if out
            .require(cx, &gate::APPROVAL_PRESENT, id.into(), Fact::yes(approved))
            .is_err()
        {
            if waited >= cx.knobs.time(&knob::PROMOTION_INTERVAL).times(2)
                && self.services_now(cx).is_none()
            {
                // What they said shall not be old when the approval comes.
                self.ask_services(out);
            }
            return if waited >= cx.knobs.time(&knob::APPROVAL_WAIT) {
                self.fail_promotion(cx, out, id, Hold::ApprovalMissing)
            } else {
                self.hold_promotion(out, id, Hold::ApprovalMissing)
            };
        }
        let services = self.services_now(cx);
        let ready = services.is_some_and(|services| services.ready);
        if out
            .require(
                cx,
                &gate::RUNTIME_SERVICES_READY,
                id.into(),
                Fact::yes(ready),
            )
            .is_err()
        {
            self.ask_services(out);
            let unready = cx.now.since(self.unready_since(cx, row));
            return if unready >= cx.knobs.time(&knob::PROMOTION_DEADLINE) {
                self.fail_promotion(cx, out, id, Hold::ServicesUnready)
            } else if waited >= cx.knobs.time(&knob::PROMOTION_INTERVAL).times(2) {
                // They were asked a moment ago: only a second silence says something.
                self.hold_promotion(out, id, Hold::ServicesUnready)
            };
        }
        if services.is_none() {
            // Nobody knows the schema.
            return self.ask_services(out);
        }
        if out
            .require(
                cx,
                &gate::ARTIFACT_READS_SCHEMA,
                id.into(),
                self.reads(cx, row.candidate),
            )
            .is_err()
        {
            return self.fail_promotion(cx, out, id, Hold::SchemaUnreadable);
        }
        if !self.is_warm(cx, out, id, row) {
            return;
        }
        self.promotions.warming.remove(id);
        let owner = self.routes.get(row.route.0.into());
        let previous = owner.map_or(row.previous, |route| route.value.deployment);
        let digest = self.digest_of(previous).unwrap_or(row.previous_digest);
        self.write_promotion(out, id, Some(Transition::Cleared), |row| {
            row.hold = Hold::None;
            row.previous = previous;
            row.previous_digest = digest;
        });
        self.look_at_promotion(cx, out, id);
    }

    /// Since when a promotion lacks the services: since its request, or since what they said last is too old.
    fn unready_since(&self, cx: &Context<'_>, row: &Promotion) -> Time {
        let ttl = cx.knobs.time(&knob::SERVICES_TTL);
        let said = self.promotions.services;
        let old = said.filter(|(services, _, _)| services.ready);
        old.map_or(row.requested_at, |(_, at, _)| {
            row.requested_at.max(at.after(ttl))
        })
    }

    /// Whether what is to own the route is kept.
    fn artifact_stays(
        &self,
        cx: &Context<'_>,
        out: &mut Out,
        id: PromotionId,
        row: &Promotion,
    ) -> bool {
        let fact = Fact::yes(self.stays(row.digest));
        out.require(cx, &gate::ARTIFACT_STAYS, id.into(), fact)
            .is_ok()
    }

    /// Whether a deployment can read the database as the services last described it.
    fn reads(&self, cx: &Context<'_>, deployment: DeploymentId) -> Fact {
        let range = self
            .promoting()
            .and_then(|managed| managed.reads.get(usize::from(deployment.0)))
            .copied();
        let readable = range
            .zip(self.services_now(cx))
            .is_some_and(|((from, to), services)| (from..=to).contains(&services.schema));
        Fact::yes(readable)
    }

    /// Whether somebody other than whoever asked has approved exactly this, lately enough.
    fn is_approved_by_another(&self, cx: &Context<'_>, row: &Promotion) -> bool {
        let Some(managed) = self.installation.promoting.as_ref() else {
            return false;
        };
        let ttl = cx.knobs.time(&knob::APPROVAL_TTL);
        !managed.approval
            || self.promotions.approvals.iter().any(|(_, approval)| {
                let approval = &approval.value;
                (approval.route, approval.digest, approval.predecessor)
                    == (row.route, row.digest, row.predecessor)
                    && approval.by != row.by
                    && cx.now.since(approval.at) <= ttl
            })
    }

    /// The owner changes, once: whoever finds another predecessor than the one it was judged against has lost.
    fn take_route(&mut self, cx: &Context<'_>, out: &mut Out, id: PromotionId, row: &Promotion) {
        if !self.floor_stands(cx, out, id) {
            return self.hold_promotion(out, id, Hold::FloorMissing);
        }
        // A crash may have come between the owner's commit and this row's.
        let now = self.routes.get(row.route.0.into()).map(|route| route.value);
        let mine = now.filter(|route| {
            route.deployment == row.candidate && route.epoch.0 == row.predecessor.0 + 1
        });
        let epoch = match mine {
            Some(route) => Some(route.epoch),
            None => self.change_owner(cx, out, id, row.candidate, row.predecessor),
        };
        let Some(epoch) = epoch else {
            return self.fail_promotion(cx, out, id, Hold::EpochConflict);
        };
        let at = cx.now;
        self.write_promotion(out, id, Some(Transition::OwnerChanged), |row| {
            row.epoch = epoch;
            row.changed_at = at;
        });
    }

    /// The edges are being told, and the new owner is watched.
    fn watch(&mut self, cx: &Context<'_>, out: &mut Out, id: PromotionId, row: &Promotion) {
        self.ask_services(out);
        let standing = self
            .routes
            .get(row.route.0.into())
            .map(|route| route.value.epoch);
        if standing != Some(row.epoch) {
            // Another promotion has taken the route since: this one has nothing left to become.
            return self.fail_promotion(cx, out, id, Hold::EpochConflict);
        }
        let (served, failed) = self.answers(row.route, row.epoch);
        let limit = cx.knobs.get(&knob::ERROR_LIMIT);
        let per_thousand = failed * 1000 / (served + failed).max(1);
        let regression = failed > 0 && per_thousand > limit;
        let automatic = self
            .promoting()
            .is_some_and(|managed| managed.automatic && row.takes_back.is_none());
        if regression && automatic && self.go_back(cx, out, id) {
            return;
        }
        let waited = cx.now.since(row.changed_at);
        if waited >= cx.knobs.time(&knob::PROMOTION_DEADLINE) {
            let closed = self.promotion(id).filter(Promotion::has_no_way_back);
            return self.fail_promotion(cx, out, id, closed.map_or(Hold::Deadline, |row| row.hold));
        }
        if !self.edges_have(cx, out, id, row.route, row.epoch) {
            if waited >= cx.knobs.time(&knob::PROMOTION_INTERVAL).times(3) && !regression {
                self.hold_promotion(out, id, Hold::EdgesMissing);
            }
            return;
        }
        let soak = cx.knobs.time(&knob::SOAK);
        let behaved = Fact {
            holds: waited >= soak && !regression,
            // How long it has behaved: with a regression that is no time at all.
            found: if regression { 0 } else { waited.0 },
            wanted: soak.0,
        };
        if out
            .require(cx, &gate::SOAK_PASSED, id.into(), behaved)
            .is_err()
        {
            let closed = self.promotion(id).filter(Promotion::has_no_way_back);
            if regression && closed.is_none() {
                self.hold_promotion(out, id, Hold::Regression);
            }
            return;
        }
        self.write_promotion(out, id, Some(Transition::Soaked), |row| {
            row.hold = Hold::None;
        });
        if let Some(taken_back) = row.takes_back {
            self.write_promotion(out, taken_back, Some(Transition::WentBack), |_| {});
        }
    }

    /// Whether the previous owner of a promotion was healthy when it owned the route.
    fn was_healthy(&self, route: RouteId, owner: DeploymentId) -> bool {
        let first = self
            .installation
            .routes
            .get(usize::from(route.0))
            .is_some_and(|installed| installed.deployment == owner);
        first
            || self.promotions.rows.iter().any(|(_, row)| {
                row.value.route == route
                    && row.value.candidate == owner
                    && matches!(row.value.state, State::Healthy | State::RolledBack)
                    && row.value.hold == Hold::None
            })
    }

    /// What a way back needs, whoever asks for it; otherwise why there is none.
    fn may_go_back(
        &self,
        cx: &Context<'_>,
        out: &mut Out,
        id: PromotionId,
        row: &Promotion,
    ) -> Result<(), Hold> {
        let proven = Fact::yes(self.was_healthy(row.route, row.previous));
        out.require(cx, &gate::ROLLBACK_TARGET_PROVEN, id.into(), proven)
            .map_err(|_| Hold::DbRollbackUnsafe)?;
        let same = Fact::yes(self.digest_of(row.previous) == Some(row.previous_digest));
        out.require(cx, &gate::ROLLBACK_TARGET_UNCHANGED, id.into(), same)
            .map_err(|_| Hold::DigestDiffers)?;
        let reads = self.reads(cx, row.previous);
        out.require(cx, &gate::ROLLBACK_SCHEMA_SAFE, id.into(), reads)
            .map_err(|_| Hold::DbRollbackUnsafe)
    }

    /// A promotion that is under way gives the route back, if whoever had it can have it.
    fn go_back(&mut self, cx: &Context<'_>, out: &mut Out, id: PromotionId) -> bool {
        let Some(row) = self.promotion(id) else {
            return false;
        };
        if let Err(hold) = self.may_go_back(cx, out, id, &row) {
            self.hold_promotion(out, id, hold);
            return false;
        }
        if !self.floor_stands(cx, out, id) {
            self.hold_promotion(out, id, Hold::FloorMissing);
            return false;
        }
        if self
            .change_owner(cx, out, id, row.previous, row.epoch)
            .is_none()
        {
            return false;
        }
        let at = cx.now;
        self.write_promotion(out, id, Some(Transition::WentBack), |row| {
            row.hold = Hold::Regression;
            row.changed_at = at;
        });
        true
    }

    /// An operator wants the route's previous owner back.
    pub(super) fn roll_back(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        route: RouteId,
        by: u8,
    ) -> bool {
        let newest = self
            .promotions
            .rows
            .iter()
            .rev()
            .map(|(id, row)| (PromotionId(id), row.value))
            .find(|(_, row)| {
                row.route == route && row.epoch != Epoch(0) && row.takes_back.is_none()
            });
        let Some((id, row)) = newest else {
            return false;
        };
        match row.state {
            State::EdgePropagating => self.go_back(cx, out, id),
            State::Healthy => self.take_back(cx, out, id, &row, by),
            _ => false,
        }
    }

    /// What an operation that takes a promotion back needs before the owner may change.
    fn clear_way_back(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: PromotionId,
        taken_back: &Promotion,
    ) {
        if self.services_now(cx).is_none() {
            // Nobody knows the schema.
            return self.ask_services(out);
        }
        if let Err(hold) = self.may_go_back(cx, out, id, taken_back) {
            return self.fail_promotion(cx, out, id, hold);
        }
        self.write_promotion(out, id, Some(Transition::Cleared), |_| {});
        self.look_at_promotion(cx, out, id);
    }

    /// A healthy promotion is taken back by an operation of its own.
    fn take_back(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: PromotionId,
        row: &Promotion,
        by: u8,
    ) -> bool {
        let running = self
            .promotions
            .rows
            .iter()
            .any(|(_, other)| other.value.takes_back == Some(id) && other.value.is_active());
        if running {
            return true;
        }
        let late = cx.now.since(row.changed_at) > cx.knobs.time(&knob::ROLLBACK_WINDOW);
        if late {
            return false;
        }
        let value = Promotion {
            route: row.route,
            candidate: row.previous,
            digest: row.previous_digest,
            predecessor: row.epoch,
            previous: row.candidate,
            previous_digest: row.digest,
            epoch: Epoch(0),
            state: State::Requested,
            hold: Hold::None,
            by,
            takes_back: Some(id),
            requested_at: cx.now,
            changed_at: Time::ZERO,
        };
        let back = self.create_promotion(out, value);
        self.look_at_promotion(cx, out, back);
        true
    }
}
