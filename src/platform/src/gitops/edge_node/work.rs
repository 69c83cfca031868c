//! What EN does about an order: pull, create, stop, remove, and sweep up the images that nothing needs.

use super::{Due, EdgeNode, EdgeRecord, Mark, Out, PULLS, Slot, Stage, Write};
use crate::gate;
use crate::gitops::{
    Cause, Item, Message as Say, Note as Tell, Observed, Revision, Work, image_number,
};
use crate::knob;
use crate::message::Message;
use crate::note::Note;
use alloc::vec::Vec;
use machine::{Context, Fact, HostCall, ProcessId};

impl EdgeNode {
    pub(super) fn begin(&mut self, cx: &Context<'_>, out: &mut Out, item: Item) {
        let Some(slot) = self.slots.get(item).copied() else {
            return;
        };
        if slot.order.work == Work::Remove {
            self.change(item, |slot| slot.stage = Stage::Removing);
            return match slot.process {
                Some(process) => out.host.push(HostCall::Kill { process }),
                None => self.removed(cx, out, item, slot.exit_code),
            };
        }
        if self.images.contains(self.image(item, slot.order.revision)) {
            return self.create(cx, out, item);
        }
        self.change(item, |slot| slot.stage = Stage::Pulling);
        self.pull(cx, out, item);
    }

    pub(super) fn pull(&mut self, cx: &Context<'_>, out: &mut Out, item: Item) {
        let Some(slot) = self.slots.get(item).copied() else {
            return;
        };
        if slot.pulls >= PULLS {
            return self.fail(out, item, Cause::ImagePullFailed);
        }
        self.change(item, |slot| slot.pulls += 1);
        let image = self.image(item, slot.order.revision);
        self.nth = self.nth.saturating_add(1);
        let pull = Say::Pull {
            item,
            image,
            nth: self.nth,
        };
        out.send(self.installation.registry, Message::GitOps(pull));
        let again = cx.knobs.time(&knob::GITOPS_PULL_RETRY);
        self.agenda.set(Due::Pull(item), cx.now.after(again));
    }

    pub(super) fn on_pulled(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        item: Item,
        image: u32,
        found: bool,
    ) {
        let waits = self.slots.get(item).is_some_and(|slot| {
            slot.stage == Stage::Pulling && self.image(item, slot.order.revision) == image
        });
        if !waits {
            return;
        }
        self.agenda.clear(Due::Pull(item));
        if !found {
            return self.fail(out, item, Cause::ImagePullFailed);
        }
        self.images.insert(image, ());
        self.persist(out, EdgeRecord::Image(image, true), Write::Image);
        self.create(cx, out, item);
    }

    /// Stops the old container and creates the new one.
    fn create(&mut self, cx: &Context<'_>, out: &mut Out, item: Item) {
        self.kill(out, item);
        let Some(slot) = self.slots.get(item).copied() else {
            return;
        };
        let revision = slot.order.revision;
        out.note(Note::GitOps(Tell::Launched {
            item,
            incarnation: slot.order.incarnation,
            revision,
            schema: slot.schema,
        }));
        self.change(item, |slot| {
            slot.stage = Stage::Creating;
            slot.schema = slot.schema.max(revision.schema);
            slot.since = cx.now;
        });
        self.store(out, item, Mark::Working, Write::Image);
        self.launch(out, item, revision);
    }

    pub(super) fn launch(&mut self, out: &mut Out, item: Item, revision: Revision) {
        self.last_process = self.last_process.saturating_add(1);
        let process = ProcessId(self.last_process);
        self.processes.insert(process, item);
        self.change(item, |slot| {
            slot.process = Some(process);
            slot.passes = 0;
        });
        out.host.push(HostCall::Launch {
            process,
            image: image_number(self.image(item, revision)),
            limit: self.installation.limit,
        });
    }

    /// Ends its container, whose end is of no interest any more.
    pub(super) fn kill(&mut self, out: &mut Out, item: Item) {
        let process = self.slots.get(item).and_then(|slot| slot.process);
        if let Some(process) = process {
            self.processes.remove(&process);
            self.change(item, |slot| slot.process = None);
            out.host.push(HostCall::Kill { process });
        }
    }

    pub(super) fn fail(&mut self, out: &mut Out, item: Item, cause: Cause) {
        // A container that does not do is of no use; the old one is still there if it was not replaced yet.
        let replaced = |slot: &Slot| matches!(slot.stage, Stage::Creating | Stage::Checking);
        if self.slots.get(item).is_some_and(replaced) {
            self.kill(out, item);
        }
        self.agenda.clear(Due::Check(item));
        self.agenda.clear(Due::Pull(item));
        self.change(item, |slot| slot.stage = Stage::Failed(cause));
        if let Some(slot) = self.slots.get(item).copied() {
            let schema = slot.schema;
            let tell = Write::Tell(item, slot.order.token, Observed::Failed { cause, schema });
            self.store(out, item, Mark::Failed(cause), tell);
        }
    }

    pub(super) fn passed(&mut self, cx: &Context<'_>, out: &mut Out, item: Item) {
        let Some(slot) = self.slots.get(item).copied() else {
            return;
        };
        let revision = slot.order.revision;
        let old = slot.previous;
        self.change(item, |slot| {
            if slot.running != revision {
                slot.previous = slot.running;
            }
            slot.running = revision;
            slot.proven = slot.passes;
            slot.stage = Stage::Running;
            slot.healthy = true;
        });
        let observed = Observed::Running {
            revision,
            healthy: true,
        };
        let tell = Write::Tell(item, slot.order.token, observed);
        self.store(out, item, Mark::Passed, tell);
        self.sweep(cx, out, item, &[old]);
        let again = cx.knobs.time(&knob::GITOPS_HEALTH_INTERVAL);
        self.agenda.set(Due::Check(item), cx.now.after(again));
    }

    pub(super) fn removed(&mut self, cx: &Context<'_>, out: &mut Out, item: Item, exit_code: u8) {
        self.change(item, |slot| {
            slot.stage = Stage::Removed;
            slot.exit_code = exit_code;
            slot.schema = 0;
            slot.process = None;
        });
        let Some(slot) = self.slots.get(item).copied() else {
            return;
        };
        out.note(Note::GitOps(Tell::Gone {
            item,
            incarnation: slot.order.incarnation,
            exit_code,
        }));
        let tell = Write::Tell(item, slot.order.token, Observed::Absent { exit_code });
        self.store(out, item, Mark::Removed, tell);
        self.sweep(cx, out, item, &[slot.running, slot.previous]);
    }

    /// The images that a deployment needs now or may need soon.
    fn uses(&self, item: Item, slot: &Slot) -> Vec<u32> {
        if slot.stage == Stage::Removed {
            return Vec::new();
        }
        [slot.running, slot.previous, slot.order.revision]
            .into_iter()
            .filter(|revision| revision.is_some())
            .map(|revision| self.image(item, revision))
            .collect()
    }

    /// How many deployments on it use an image.
    #[must_use]
    pub fn references(&self, image: u32) -> u64 {
        let slots = self.slots.map().iter();
        slots
            .filter(|(item, slot)| self.uses(**item, slot).contains(&image))
            .count() as u64
    }

    /// Removes the images of versions that a deployment does not need any more, as far as nothing else does.
    fn sweep(&mut self, cx: &Context<'_>, out: &mut Out, item: Item, revisions: &[Revision]) {
        for revision in revisions.iter().filter(|revision| revision.is_some()) {
            let image = self.image(item, *revision);
            if !self.images.contains(image) {
                continue;
            }
            let unused = Fact::at_most(self.references(image), 0);
            let life = self
                .slots
                .get(item)
                .map_or(0, |slot| slot.order.incarnation);
            if out
                .require(cx, &gate::IMAGE_UNREFERENCED, item.life(life), unused)
                .is_ok()
            {
                self.images.remove(image);
                out.note(Note::GitOps(Tell::ImageRemoved { image }));
                self.persist(out, EdgeRecord::Image(image, false), Write::Image);
            }
        }
    }
}
