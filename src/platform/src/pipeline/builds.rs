//! What comes of builders: what they say under their lease, what the registry finds, what is done when one is lost; and what is ordered.

use super::Blocker;
use super::service::{Ask, Deploy, Due, Out, Pipeline};
use super::{
    Cause, Command, Defect, DeployId, Message as Say, Note as Tell, Product, Progress, State,
    Transition,
};
use crate::gate;
use crate::id::{Digest, Token};
use crate::knob;
use crate::message::Message;
use crate::note::Note;
use machine::{Context, Fact, NodeId};

impl Pipeline {
    /// The row of a deployment, if a builder is to be believed about it: under the newest lease, while it is being built, and
    /// with a word that is newer than the last. A builder that is not may let go.
    fn heard_under_lease(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        (id, token, nth): (DeployId, Token, u32),
    ) -> Option<Deploy> {
        let row = self.row(id)?;
        let release = Message::Pipeline(Say::Release {
            deploy: id,
            token,
            nth,
        });
        let current = Fact::equal(token.0.into(), row.token.0.into());
        if out
            .require(cx, &gate::BUILD_TOKEN, id.into(), current)
            .is_err()
        {
            out.send(from, release);
            out.note(Note::Pipeline(Tell::LateReport { deploy: id, token }));
            return None;
        }
        if !matches!(row.state, Some(State::Cloning | State::Building)) {
            out.send(from, release);
            return None;
        }
        let repeated = |(heard, last): &(Token, u32)| *heard == token && *last >= nth;
        if self.heard.get(id).is_some_and(repeated) {
            return None;
        }
        out.note(Note::Pipeline(Tell::Believed {
            deploy: id,
            current: row.token,
            report: token,
        }));
        self.heard.insert(id, (token, nth));
        if matches!(self.asked.get(id), Some((Ask::Order, _))) {
            self.asked.remove(id);
            self.agenda.clear(Due::Again(id));
        }
        let lease = cx.knobs.time(&knob::PIPELINE_LEASE);
        self.agenda.set(Due::Lease(id), cx.now.after(lease));
        Some(row)
    }

    /// Whether a tree is the one that the commit pins; another ends the deployment.
    fn is_pinned(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        (id, row): (DeployId, &Deploy),
        tree: u64,
    ) -> bool {
        let pinned = Fact::equal(tree, row.planned.tree);
        let right = out
            .require(cx, &gate::TREE_PINNED, id.into(), pinned)
            .is_ok();
        if !right {
            self.fail(cx, out, id, Cause::TreeMismatch);
        }
        right
    }

    /// A builder says that a tree cannot be built. That is no matter of trying again: the same commit has the same error.
    pub(super) fn on_error(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        (id, token, nth): (DeployId, Token, u32),
        (tree, defect): (u64, Defect),
    ) {
        let Some(row) = self.heard_under_lease(cx, out, from, (id, token, nth)) else {
            return;
        };
        if self.is_pinned(cx, out, (id, &row), tree) {
            self.fail(cx, out, id, defect.cause());
        }
    }

    pub(super) fn on_beat(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        (id, token, progress, nth): (DeployId, Token, Progress, u32),
    ) {
        let Some(row) = self.heard_under_lease(cx, out, from, (id, token, nth)) else {
            return;
        };
        let tree = match progress {
            Progress::Fetching => return,
            Progress::Building(tree) | Progress::Built(Product { tree, .. }) => tree,
        };
        if row.state == Some(State::Cloning) {
            if !self.is_pinned(cx, out, (id, &row), tree) {
                return;
            }
            self.commit(cx, out, id, Some(Transition::Fetched), |_| {});
        }
        if let Progress::Built(product) = progress
            && !self.built.contains(id)
        {
            self.built.insert(id, product);
            self.drive(cx, out, id);
        }
    }

    pub(super) fn on_digest(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: DeployId,
        found: Digest,
    ) {
        let (Some(row), Some(product)) = (self.row(id), self.built.get(id).copied()) else {
            return;
        };
        let same = Fact::equal(found.0, product.digest.0);
        if out
            .require(cx, &gate::BUILD_DIGEST_MATCHES, id.into(), same)
            .is_ok()
        {
            self.commit(cx, out, id, Some(Transition::Built), |row| {
                row.product = Some(product);
            });
            return;
        }
        let times = row.mismatches.saturating_add(1);
        if let Some(builder) = row.builder {
            out.note(Note::Pipeline(Tell::Mismatch {
                deploy: id,
                builder,
                times,
            }));
        }
        if times > 1 {
            self.fail(cx, out, id, Cause::DigestMismatch);
            return out.note(Note::Pipeline(Tell::Alarm { deploy: id }));
        }
        self.requeue(cx, out, id, |row| {
            row.mismatches = times;
            row.spoilt_by = row.builder;
        });
    }

    /// Another try, under a new token.
    pub(super) fn requeue(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: DeployId,
        change: impl FnOnce(&mut Deploy),
    ) {
        self.commit(cx, out, id, Some(Transition::Requeued), |row| {
            change(row);
            row.token = Token(row.token.0.saturating_add(1));
            row.builder = None;
        });
    }

    /// A builder was not heard of for too long.
    pub(super) fn lease_over(&mut self, cx: &Context<'_>, out: &mut Out, id: DeployId) {
        let Some(row) = self.row(id) else { return };
        if !matches!(row.state, Some(State::Cloning | State::Building)) {
            return;
        }
        out.note(Note::Pipeline(Tell::LeaseLost {
            deploy: id,
            token: row.token,
        }));
        if let Some(builder) = row.builder {
            let lost = self.losses.get(builder).copied().unwrap_or(0);
            self.losses.insert(builder, lost.saturating_add(1));
        }
        let left = Fact::below(row.token.0.into(), cx.knobs.get(&knob::PIPELINE_TRIES));
        if out
            .require(cx, &gate::BUILD_TRIES_LEFT, id.into(), left)
            .is_err()
        {
            return self.fail(cx, out, id, Cause::LeaseLost);
        }
        self.requeue(cx, out, id, |_| {});
    }

    pub(super) fn on_command(&mut self, cx: &Context<'_>, out: &mut Out, command: Command) {
        let open = |service: &Self, id| {
            let state = service.row(id).and_then(|row| row.state);
            !matches!(state, None | Some(State::PreviewReady | State::Failed))
        };
        let done = match command {
            Command::Request { deploy } => self.request(cx, out, deploy),
            Command::Acknowledge { deploy, digest } => {
                let other = |row: &Deploy| row.product.is_some_and(|it| it.digest != digest);
                let agreed = open(self, deploy) && !self.row(deploy).is_some_and(|row| other(&row));
                if agreed {
                    self.commit(cx, out, deploy, None, |row| row.acknowledged = Some(digest));
                    self.said(cx, out, deploy, &[Blocker::ColdAckMissing]);
                }
                agreed
            }
            Command::Classify { deploy, state, db } => {
                let open = open(self, deploy);
                if open {
                    self.commit(cx, out, deploy, None, |row| {
                        row.classified = Some((state, db));
                    });
                    let blockers = [Blocker::StateUnclassified, Blocker::DbUnclassified];
                    self.said(cx, out, deploy, &blockers);
                }
                open
            }
            Command::Cancel { deploy } => {
                let open = open(self, deploy);
                if open {
                    self.fail(cx, out, deploy, Cause::Cancelled);
                }
                open
            }
            Command::ResumeEvents => self.outbox.resume(out),
            Command::Provide { .. } | Command::Attempt(_) | Command::RepeatEvent { .. } => false,
        };
        out.note(Note::Pipeline(Tell::Ordered { command, done }));
    }

    /// Somebody said something; whoever waited for that goes on.
    pub(super) fn said(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: DeployId,
        blockers: &[Blocker],
    ) {
        let waits = self.row(id).and_then(|row| row.blocker);
        if waits.is_some_and(|blocker| blockers.contains(&blocker)) {
            self.clear(cx, out, id);
        }
    }

    /// A deployment is asked for; a second request attaches to what is there, an older one of its branch ends.
    pub(super) fn request(&mut self, cx: &Context<'_>, out: &mut Out, id: DeployId) -> bool {
        let Some(row) = self.row(id) else {
            return false;
        };
        if row.state.is_some() {
            return true;
        }
        let newer = self.rows.iter().any(|(at, other)| {
            let other = &other.value;
            at > u32::from(id.0)
                && other.planned.branch == row.planned.branch
                && other.state.is_some()
        });
        if newer {
            // It has been overtaken before it began.
            return false;
        }
        for at in 0..self.rows.len() as u8 {
            let older = DeployId(at);
            let same = self
                .row(older)
                .is_some_and(|other| other.planned.branch == row.planned.branch);
            if same && older < id {
                self.fail(cx, out, older, Cause::Superseded);
            }
        }
        self.commit(cx, out, id, Some(Transition::Leased), |row| {
            row.token = Token(1);
        });
        true
    }
}
