//! Bytes and secrets: what must be on the host before a process starts.

use super::{Due, Out, Runner, Stage, image};
use crate::id::{AllocationId, Digest};
use crate::message::{Message, Observed};
use crate::note::Note;
use crate::{gate, knob};
use machine::{Context, Fact, HostCall, ProcessId};

impl Runner {
    /// Gets the bytes, or goes on with those that are here.
    pub(super) fn pull(&mut self, cx: &Context<'_>, out: &mut Out, id: AllocationId) {
        let Some(slot) = self.slots.get(id).copied() else {
            return;
        };
        self.slots.update(id, |slot| slot.stage = Stage::Pulling);
        if let Some(bytes) = slot.bytes {
            return self.verify(cx, out, id, bytes);
        }
        self.works
            .update(id, |work| work.asked_first = work.asked + 1);
        self.agenda.set(
            Due::PullTimeout(id),
            cx.now.after(cx.knobs.time(&knob::PULL_TIMEOUT)),
        );
        self.fetch_again(cx, out, id);
    }

    /// Asks the store, or later the vault, and once more if no answer comes.
    pub(super) fn fetch_again(&mut self, cx: &Context<'_>, out: &mut Out, id: AllocationId) {
        let Some(slot) = self.slots.get(id).copied() else {
            return;
        };
        let message = |nth| match slot.stage {
            Stage::Pulling => Some((
                self.installation.store,
                Message::Pull {
                    allocation: id,
                    digest: slot.digest,
                    nth,
                },
            )),
            Stage::Mounting => Some((
                self.installation.vault,
                Message::SecretsAsk {
                    allocation: id,
                    deployment: slot.deployment,
                    nth,
                },
            )),
            _ => None,
        };
        let nth = self
            .works
            .get(id)
            .map_or(1, |work| work.asked.saturating_add(1));
        let Some((to, message)) = message(nth) else {
            return;
        };
        self.works.update(id, |work| work.asked = nth);
        out.send(to, message);
        self.agenda.set(
            Due::Fetch(id),
            cx.now.after(cx.knobs.time(&knob::PULL_RETRY)),
        );
    }

    /// Whether an answer belongs to what is being asked now.
    fn expects(&self, id: AllocationId, stage: Stage, nth: u32) -> bool {
        self.slots.get(id).is_some_and(|slot| slot.stage == stage)
            && self
                .works
                .get(id)
                .is_some_and(|work| (work.asked_first..=work.asked).contains(&nth))
    }

    /// The store has sent bytes.
    pub(super) fn on_pull_done(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: AllocationId,
        bytes: Digest,
        nth: u32,
    ) {
        if self.expects(id, Stage::Pulling, nth) {
            self.verify(cx, out, id, bytes);
        }
    }

    /// The store has no such artifact.
    pub(super) fn on_absent(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: AllocationId,
        nth: u32,
    ) {
        if self.expects(id, Stage::Pulling, nth) {
            out.note(crate::cleanup::Note::Missed(id).into());
            self.end(cx, out, id, Observed::PullFailed);
        }
    }

    fn verify(&mut self, cx: &Context<'_>, out: &mut Out, id: AllocationId, bytes: Digest) {
        self.agenda.clear(Due::Fetch(id));
        self.agenda.clear(Due::PullTimeout(id));
        let Some(slot) = self.slots.get(id).copied() else {
            return;
        };
        let matches = bytes == slot.digest;
        out.note(Note::Pulled {
            allocation: id,
            matches,
        });
        if out
            .require(
                cx,
                &gate::ARTIFACT_DIGEST_VERIFIED,
                id.into(),
                Fact::equal(bytes.0, slot.digest.0),
            )
            .is_err()
        {
            return self.end(cx, out, id, Observed::DigestMismatch);
        }
        self.slots.update(id, |slot| {
            slot.bytes = Some(bytes);
            slot.stage = Stage::Mounting;
        });
        self.works
            .update(id, |work| work.asked_first = work.asked + 1);
        self.fetch_again(cx, out, id);
    }

    /// The store has not answered for too long.
    pub(super) fn pull_too_long(&mut self, cx: &Context<'_>, out: &mut Out, id: AllocationId) {
        if self
            .slots
            .get(id)
            .is_some_and(|slot| slot.stage == Stage::Pulling)
        {
            self.end(cx, out, id, Observed::PullFailed);
        }
    }

    /// The vault has answered.
    pub(super) fn on_secrets(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: AllocationId,
        complete: bool,
        nth: u32,
    ) {
        if !self.expects(id, Stage::Mounting, nth) {
            return;
        }
        self.agenda.clear(Due::Fetch(id));
        if out
            .require(
                cx,
                &gate::ENV_SECRETS_MOUNTED,
                id.into(),
                Fact::yes(complete),
            )
            .is_err()
        {
            out.note(Note::SecretMissing { allocation: id });
            return self.end(cx, out, id, Observed::SecretMissing);
        }
        self.works.update(id, |work| work.mounted = complete);
        self.launch(cx, out, id);
    }

    fn launch(&mut self, cx: &Context<'_>, out: &mut Out, id: AllocationId) {
        let Some(slot) = self.slots.get(id).copied() else {
            return;
        };
        let bytes = slot.bytes.unwrap_or(slot.digest);
        let mounted = self.works.get(id).is_some_and(|work| work.mounted);
        self.last_process = self.last_process.wrapping_add(1);
        let process = ProcessId(self.last_process);
        self.processes.insert(process, id);
        self.slots.update(id, |slot| {
            slot.stage = Stage::Booting;
            slot.process = Some(process);
        });
        out.host.push(HostCall::Launch {
            process,
            image: image(bytes, mounted),
            limit: slot.limit,
        });
        out.note(Note::ProcessLaunched {
            allocation: id,
            token: slot.token,
            verified: bytes == slot.digest,
            mounted,
        });
        self.report(
            cx,
            out,
            id,
            slot.token,
            Observed::Launched {
                digest: bytes,
                mounted,
            },
        );
    }

    /// It cannot be run: reported, and over for good.
    fn end(&mut self, cx: &Context<'_>, out: &mut Out, id: AllocationId, observed: Observed) {
        self.agenda.clear(Due::Fetch(id));
        self.agenda.clear(Due::PullTimeout(id));
        let Some(token) = self.slots.update(id, |slot| {
            slot.stage = Stage::Ended;
            slot.token
        }) else {
            return;
        };
        self.works.update(id, |work| work.over = true);
        self.report(cx, out, id, token, observed);
    }
}
