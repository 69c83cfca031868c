//! What a preview needs, looked at one after the other; what is missing has a name. And what is said of it to whoever is to
//! promote it.

use super::service::{Ask, Deploy, Evidence, Out, Pipeline};
use super::{Blocker, Cause, DbImpact, DeployId, Look, Message as Say};
use super::{Standing, StateImpact, Transition};
use crate::gate;
use crate::knob;
use crate::message::Message;
use alloc::vec::Vec;
use machine::{Context, Fact, NodeId};

impl Pipeline {
    /// Looks at what a preview needs, and says what has to be looked at next.
    pub(super) fn validate(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: DeployId,
        row: &Deploy,
    ) -> Option<Ask> {
        let product = row.product?;
        let current = Fact::equal(product.committed, product.generated);
        if out
            .require(cx, &gate::GENERATED_CURRENT, id.into(), current)
            .is_err()
        {
            self.fail(cx, out, id, Cause::StaleArtifacts);
            return None;
        }
        let (state, db) = (row.state_impact(), row.db_impact());
        let agreed = Fact {
            holds: state != StateImpact::Cold || row.acknowledged == Some(product.digest),
            found: row.acknowledged.map_or(0, |digest| digest.0),
            wanted: product.digest.0,
        };
        let said = [
            (
                &gate::STATE_IMPACT_CLASSIFIED,
                Fact::yes(state != StateImpact::Unclassified),
                Blocker::StateUnclassified,
            ),
            (&gate::COLD_ACKNOWLEDGED, agreed, Blocker::ColdAckMissing),
            (
                &gate::DB_IMPACT_CLASSIFIED,
                Fact::yes(db != DbImpact::Unclassified),
                Blocker::DbUnclassified,
            ),
        ];
        for (gate, fact, blocker) in said {
            if out.require(cx, gate, id.into(), fact).is_err() {
                self.block(cx, out, id, blocker);
                return None;
            }
        }
        let mut needed = Vec::new();
        if db == DbImpact::Migration {
            needed.push((
                Look::Migration,
                row.migration,
                &gate::MIGRATION_APPLIED,
                Blocker::MigrationPending,
            ));
        }
        needed.push((
            Look::Bindings,
            row.bindings,
            &gate::BINDINGS_BOUND,
            Blocker::BindingMissing,
        ));
        let mut oldest = cx.now;
        for (what, evidence, gate, blocker) in needed {
            let Some(evidence) = evidence else {
                return Some(Ask::Look(what));
            };
            let holds = Fact::yes(evidence.holds);
            if out.require(cx, gate, id.into(), holds).is_err() {
                self.block(cx, out, id, blocker);
                return None;
            }
            oldest = oldest.min(evidence.at);
        }
        let Some(preview) = row.preview else {
            // What is to be promoted is previewed with the configuration that production has now.
            return Some(
                if self.installation.control.is_some() && row.config.is_none() {
                    Ask::Config
                } else {
                    Ask::Look(Look::Preview(product.digest))
                },
            );
        };
        // The preview may have taken its time: what was seen before it is looked at again if it is too old.
        let ttl = cx.knobs.time(&knob::PIPELINE_EVIDENCE_TTL).0;
        let old = |evidence: &Evidence| cx.now.since(evidence.at).0 > ttl;
        let oldest = oldest.min(preview.at);
        let fresh = Fact::at_most(cx.now.since(oldest).0, ttl);
        if out
            .require(cx, &gate::PREVIEW_EVIDENCE_FRESH, id.into(), fresh)
            .is_err()
        {
            self.commit(cx, out, id, None, |row| {
                row.bindings = row.bindings.filter(|evidence| !old(evidence));
                row.migration = row.migration.filter(|evidence| !old(evidence));
                row.preview = row.preview.filter(|evidence| !old(evidence));
            });
            self.drive(cx, out, id);
            return None;
        }
        self.commit(cx, out, id, Some(Transition::Passed), |_| {});
        None
    }

    /// Says how a deployment stands, unless the disk does not have that yet: whoever asks does so again.
    pub(super) fn tell_standing(
        &self,
        cx: &Context<'_>,
        out: &mut Out,
        to: NodeId,
        (deploy, nth): (DeployId, u32),
    ) {
        let Some(row) = self.rows().get(u32::from(deploy.0)) else {
            return;
        };
        let newest = self.newest.get(deploy).copied().unwrap_or(0);
        let durable = Fact::at_least(self.durable, newest);
        if out
            .require(cx, &gate::COMMIT_BEFORE_PUBLISH, deploy.into(), durable)
            .is_err()
        {
            return;
        }
        let standing = Standing {
            state: row.value.state,
            digest: row.value.product.map(|product| product.digest),
            config: row.value.config,
            version: row.version,
        };
        let message = Say::PreviewIs {
            deploy,
            standing,
            nth,
        };
        out.send(to, Message::Pipeline(message));
    }
}
