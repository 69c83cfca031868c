//! Cleaning: what is old is marked, and removed if nothing needs it: not now, and not since it was marked.
//!
//! **Invariants.** What is needed is read from the tables at the moment of each of the two decisions, never remembered. Who
//! holds what is asked anew in every round, and nothing that is heard twice is acted on twice.

use super::{ControlPlane, Due, Image, Out};
use crate::cleanup::{Collection, CollectionId, Command, Event, Item, Message, Note, Stage};
use crate::control::commit::Effect;
use crate::id::{DeploymentId, Digest, OutboxId};
use crate::ledger::Ledger;
use crate::message::{Event as Told, Message as Said};
use crate::promotion::Promotion;
use crate::{gate, knob};
use alloc::vec::Vec;
use machine::{Context, Fact, NodeId, Row, Table, Time, fingerprint};

/// What is known of removals.
#[derive(Clone, Debug, Default)]
pub(super) struct Cleaning {
    pub(super) rows: Table<Collection>,
    /// The number of the newest round, in which each thing was last heard of, and the newest snapshot that was; lost in a
    /// crash.
    round: u32,
    heard: Ledger<Item, u32>,
    newest: u32,
}

impl Cleaning {
    pub(super) fn fingerprint(&self) -> u64 {
        fingerprint::digest(&(
            self.rows.fingerprint(),
            self.round,
            self.heard.fingerprint(),
            self.newest,
        ))
    }

    fn row_of(&self, item: Item) -> Option<(CollectionId, Row<Collection>)> {
        let mut rows = self.rows.iter();
        rows.find(|(_, row)| row.value.item == item)
            .map(|(id, row)| (CollectionId(id), *row))
    }
}

impl ControlPlane {
    /// What was ever marked, in order.
    #[must_use]
    pub const fn collections(&self) -> &Table<Collection> {
        &self.cleaning.rows
    }

    /// Who keeps a thing, if anything is cleaned up at all.
    fn keeper(&self, item: Item) -> Option<NodeId> {
        let managed = self.promoting()?;
        let store = managed.store?;
        Some(match item {
            Item::Artifact(_) => store,
            Item::Snapshot(_) => managed.archive,
        })
    }

    /// A round of cleaning begins: what is marked goes on, and what is kept is asked.
    pub(super) fn clean_up(&mut self, cx: &Context<'_>, out: &mut Out) {
        let Some((archive, store)) = self
            .promoting()
            .and_then(|managed| Some((managed.archive, managed.store?)))
        else {
            return;
        };
        self.agenda.set(
            Due::CleanUp,
            cx.now.after(cx.knobs.time(&knob::CLEAN_UP_INTERVAL)),
        );
        let rows: Vec<(CollectionId, Collection)> = self
            .cleaning
            .rows
            .iter()
            .map(|(id, row)| (CollectionId(id), row.value))
            .collect();
        let grace = cx.knobs.time(&knob::CLEAN_UP_GRACE);
        for (id, row) in rows {
            match row.stage {
                Stage::Marked if cx.now.since(row.marked_at) >= grace => {
                    self.condemn(cx, out, id, &row);
                }
                Stage::Removing => self.say_remove(out, row.item, None),
                _ => {}
            }
        }
        let nth = self.next_ask();
        self.cleaning.round = nth;
        for keeper in [store, archive] {
            out.send(keeper, Said::Cleanup(Message::Look { nth }));
        }
    }

    /// Somebody says something about what is kept.
    pub(super) fn on_cleanup_message(&mut self, cx: &Context<'_>, out: &mut Out, message: Message) {
        match message {
            Message::Holds { item, kept_at, nth } if nth == self.cleaning.round => {
                self.on_holds(cx, out, item, kept_at, nth);
            }
            Message::Removed { item, .. } => {
                let row = self.cleaning.row_of(item);
                if let Some((id, row)) = row.filter(|(_, row)| row.value.stage == Stage::Removing) {
                    self.write_collection(out, id, &row.value, Stage::Removed);
                }
            }
            // Everything else is said to others.
            _ => {}
        }
    }

    /// Something is kept since a time.
    fn on_holds(&mut self, cx: &Context<'_>, out: &mut Out, item: Item, kept_at: Time, nth: u32) {
        if self
            .cleaning
            .heard
            .get(item)
            .is_some_and(|heard| *heard >= nth)
        {
            return;
        }
        self.cleaning.heard.insert(item, nth);
        let age = match item {
            Item::Artifact(_) => cx.knobs.time(&knob::ARTIFACT_AGE),
            Item::Snapshot(number) => {
                self.cleaning.newest = self.cleaning.newest.max(number);
                cx.knobs.time(&knob::SNAPSHOT_AGE)
            }
        };
        let row = self.cleaning.row_of(item);
        let open = row.is_none_or(|(_, row)| row.value.stage == Stage::Spared);
        if cx.now.since(kept_at) < age || !open {
            return;
        }
        let id = row.map_or(CollectionId(self.cleaning.rows.len()), |(id, _)| id);
        if !self.may_go(cx, out, id, item, None) {
            return;
        }
        self.mark(cx, out, item);
    }

    fn mark(&mut self, cx: &Context<'_>, out: &mut Out, item: Item) -> CollectionId {
        let value = Collection {
            item,
            stage: Stage::Marked,
            marked_at: cx.now,
        };
        out.note(Note::Marked(item).into());
        match self.cleaning.row_of(item) {
            Some((id, _)) => {
                self.write_collection(out, id, &value, Stage::Marked);
                id
            }
            None => {
                let id = CollectionId(self.cleaning.rows.insert(value));
                self.commit_collection(out, id, Row { version: 1, value });
                id
            }
        }
    }

    /// It has been marked for long enough: it goes, unless something has needed it since.
    fn condemn(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: CollectionId,
        row: &Collection,
    ) -> bool {
        if !self.may_go(cx, out, id, row.item, Some(row.marked_at)) {
            self.write_collection(out, id, row, Stage::Spared);
            out.note(Note::Spared(row.item).into());
            return false;
        }
        let intent = self.write_collection(out, id, row, Stage::Removing);
        out.note(Note::Condemned(row.item).into());
        self.say_remove(out, row.item, intent);
        true
    }

    /// Tells whoever keeps a thing to remove it: as soon as `intent` is durable, if that is not known.
    fn say_remove(&mut self, out: &mut Out, item: Item, intent: Option<OutboxId>) {
        let Some(keeper) = self.keeper(item) else {
            return;
        };
        let nth = self.next_ask();
        let message = Said::Cleanup(Message::Remove { item, nth });
        match intent {
            Some(row) => self.then(row, Effect::Say(keeper, message)),
            None => self.say(out, keeper, message),
        }
    }

    /// Whether nothing needs a thing: not now, and not since it was marked.
    fn may_go(
        &self,
        cx: &Context<'_>,
        out: &mut Out,
        id: CollectionId,
        item: Item,
        marked_at: Option<Time>,
    ) -> bool {
        match item {
            Item::Artifact(digest) => {
                let needed = self.needs(cx, digest)
                    || marked_at.is_some_and(|since| self.was_needed(digest, since));
                let fact = Fact::yes(!needed);
                out.require(cx, &gate::ARTIFACT_UNREFERENCED, id.into(), fact)
                    .is_ok()
            }
            Item::Snapshot(number) => {
                let newer = self.cleaning.newest;
                let fact = Fact::at_least(newer.into(), u64::from(number) + 1);
                out.require(cx, &gate::SNAPSHOT_SUPERSEDED, id.into(), fact)
                    .is_ok()
            }
        }
    }

    pub(super) fn digest_of(&self, deployment: DeploymentId) -> Option<Digest> {
        self.deployments
            .get(deployment.0.into())
            .map(|row| row.value.digest)
    }

    /// Whether an artifact owns a route, runs, is being promoted, or may get a route back.
    fn needs(&self, cx: &Context<'_>, digest: Digest) -> bool {
        let is = |deployment| self.digest_of(deployment) == Some(digest);
        let window = cx.knobs.time(&knob::ROLLBACK_WINDOW);
        let recent = |row: &Promotion| {
            row.is_active() || row.epoch.0 > 0 && cx.now.since(row.changed_at) <= window
        };
        // Who owns what is not known for sure as long as nobody knows how far the epochs had got.
        self.authority().floor_due
            || self.routes.iter().any(|(_, row)| is(row.value.deployment))
            || self
                .live
                .values()
                .flatten()
                .filter_map(|id| self.allocations.get(id.0))
                .any(|row| is(row.value.deployment))
            || self.promotions.rows.iter().any(|(_, row)| {
                let row = &row.value;
                recent(row)
                    && (row.digest == digest
                        || row.previous_digest == digest
                        || is(row.candidate)
                        || is(row.previous))
            })
    }

    /// Whether anything has begun to need an artifact since a moment.
    fn was_needed(&self, digest: Digest, since: Time) -> bool {
        let is = |deployment| self.digest_of(deployment) == Some(digest);
        self.promotions
            .rows
            .iter()
            .any(|(_, row)| row.value.requested_at >= since && row.value.digest == digest)
            || self
                .allocations
                .iter()
                .any(|(_, row)| row.value.planned_at >= since && is(row.value.deployment))
    }

    /// Whether an artifact is there and stays: nothing may begin to need one that is on its way out.
    pub(super) fn stays(&self, digest: Digest) -> bool {
        self.cleaning
            .row_of(Item::Artifact(digest))
            .is_none_or(|(_, row)| !matches!(row.value.stage, Stage::Removing | Stage::Removed))
    }

    /// An operator wants something gone, now.
    pub(super) fn on_cleanup_command(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        command: Command,
    ) -> bool {
        let Command::RemoveNow(item) = command;
        let row = self.cleaning.row_of(item);
        let on_its_way =
            row.is_some_and(|(_, row)| matches!(row.value.stage, Stage::Removing | Stage::Removed));
        let id = row.map_or(CollectionId(self.cleaning.rows.len()), |(id, _)| id);
        let done =
            !on_its_way && self.keeper(item).is_some() && self.may_go(cx, out, id, item, None) && {
                let id = self.mark(cx, out, item);
                let row = self.cleaning.rows.get(id.0).map(|row| row.value);
                row.is_some_and(|row| {
                    let intent = self.write_collection(out, id, &row, Stage::Removing);
                    out.note(Note::Condemned(item).into());
                    self.say_remove(out, item, intent);
                    intent.is_some()
                })
            };
        out.note(Note::Ordered(item, done).into());
        done
    }

    fn write_collection(
        &mut self,
        out: &mut Out,
        id: CollectionId,
        value: &Collection,
        stage: Stage,
    ) -> Option<OutboxId> {
        let expected = self.cleaning.rows.get(id.0)?.version;
        let value = Collection { stage, ..*value };
        let version = self.cleaning.rows.cas(id.0, expected, value).ok()?;
        Some(self.commit_collection(out, id, Row { version, value }))
    }

    fn commit_collection(
        &mut self,
        out: &mut Out,
        id: CollectionId,
        row: Row<Collection>,
    ) -> OutboxId {
        let event = Event {
            collection: id,
            to: row.value.stage,
            version: row.version,
        };
        self.commit(out, Told::Cleanup(event), Image::Collection(id, row))
    }
}
