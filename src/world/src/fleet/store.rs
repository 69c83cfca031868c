//! The artifact store: answers pulls with bytes, which may be the wrong ones until somebody puts them right.

use super::Stored;
use alloc::vec::Vec;
use machine::fingerprint::digest;
use machine::{Context, Input, Persist, Step, Ticket, Time};
use platform::cleanup::{Item, Message as Shelf, Note as Gone};
use platform::id::{DeploymentId, Digest};
use platform::message::{Command, Message};
use platform::note::Note;
use platform::traces::Message as Say;

/// The digest of the wrong bytes that stand in for an artifact.
pub const fn wrong(digest: Digest) -> Digest {
    Digest(!digest.0)
}

/// An artifact whose bytes are the wrong ones for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WrongBytes {
    /// Which artifact.
    pub digest: Digest,
    /// From when.
    pub from: Time,
    /// Until when.
    pub until: Time,
}

/// The store.
#[derive(Clone, Debug)]
pub struct Store {
    wrong: Vec<WrongBytes>,
    /// The assets of each deployment's artifact, in the order of their paths.
    assets: Vec<(DeploymentId, Vec<Digest>)>,
    repaired: bool,
    /// What it keeps, each since when, if what is old is removed.
    kept: Vec<(Digest, Time)>,
    /// What was removed.
    gone: Vec<Digest>,
}

impl Store {
    /// A store with this corruption.
    #[must_use]
    pub const fn new(wrong: Vec<WrongBytes>) -> Self {
        Self {
            wrong,
            assets: Vec::new(),
            repaired: false,
            kept: Vec::new(),
            gone: Vec::new(),
        }
    }

    /// The same store with artifacts that can be removed.
    #[must_use]
    pub fn with_kept(mut self, kept: Vec<(Digest, Time)>) -> Self {
        self.kept = kept;
        self
    }

    /// Whether an artifact was removed.
    #[must_use]
    pub fn has_removed(&self, digest: Digest) -> bool {
        self.gone.contains(&digest)
    }

    /// How many artifacts that can be removed are there.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.kept.len()
    }

    /// The same store with the assets of these deployments.
    #[must_use]
    pub fn with_assets(mut self, assets: Vec<(DeploymentId, Vec<Digest>)>) -> Self {
        self.assets = assets;
        self
    }

    /// Whether some artifact has this asset.
    fn has(&self, digest: Digest) -> bool {
        let mut all = self.assets.iter();
        all.any(|(_, assets)| assets.contains(&digest))
    }

    /// Whether an artifact's bytes are the right ones at a moment.
    #[must_use]
    pub fn is_right(&self, digest: Digest, at: Time) -> bool {
        self.repaired
            || !self
                .wrong
                .iter()
                .any(|wrong| wrong.digest == digest && wrong.from <= at && at < wrong.until)
    }

    pub(super) fn step(
        &mut self,
        cx: &Context<'_>,
        input: Input<Message>,
        step: &mut Step<Message, Stored, Note>,
    ) {
        match input {
            Input::Message {
                from,
                message:
                    Message::Pull {
                        allocation,
                        digest,
                        nth,
                    },
            } => {
                if self.has_removed(digest) {
                    let absent = Shelf::Absent {
                        allocation,
                        digest,
                        nth,
                    };
                    return step.send(from, Message::Cleanup(absent));
                }
                let bytes = if self.is_right(digest, cx.now) {
                    digest
                } else {
                    wrong(digest)
                };
                step.send(
                    from,
                    Message::PullDone {
                        allocation,
                        digest,
                        bytes,
                        nth,
                    },
                );
            }
            Input::Message {
                from,
                message: Message::Traces(Say::Fetch { digest, nth }),
            } => {
                let right = self.is_right(digest, cx.now);
                let bytes = if right { digest } else { wrong(digest) };
                let bytes = self.has(digest).then_some(bytes);
                step.send(from, Message::Traces(Say::Bytes { digest, bytes, nth }));
            }
            Input::Message {
                from,
                message:
                    Message::Traces(Say::Lookup {
                        deployment,
                        path,
                        nth,
                    }),
            } => {
                let manifest = self.assets.iter().find(|(of, _)| *of == deployment);
                let digest = manifest.and_then(|(_, all)| all.get(usize::from(path)).copied());
                step.send(
                    from,
                    Message::Traces(Say::Found {
                        deployment,
                        path,
                        digest,
                        nth,
                    }),
                );
            }
            Input::Message {
                from,
                message: Message::Cleanup(Shelf::Look { nth }),
            } => {
                for (digest, kept_at) in self.kept.iter().copied() {
                    let item = Item::Artifact(digest);
                    let holds = Shelf::Holds { item, kept_at, nth };
                    step.send(from, Message::Cleanup(holds));
                }
            }
            Input::Message {
                from,
                message:
                    Message::Cleanup(Shelf::Remove {
                        item: item @ Item::Artifact(digest),
                        nth,
                    }),
            } => {
                let before = self.kept.len();
                self.kept.retain(|(kept, _)| *kept != digest);
                if self.kept.len() < before {
                    self.gone.push(digest);
                    step.note(Gone::Gone(item).into());
                }
                step.send(from, Message::Cleanup(Shelf::Removed { item, nth }));
            }
            Input::Message {
                message: Message::Command(command @ Command::RepairArtifact { .. }),
                ..
            } => {
                self.repaired = true;
                step.persists.push(Persist {
                    ticket: Ticket(0),
                    record: Stored::Repaired,
                });
                step.note(Note::CommandDone {
                    command: command.number(),
                });
            }
            _ => {}
        }
    }

    pub(super) const fn restart(&mut self, repaired: bool) {
        self.repaired = repaired;
    }

    pub(super) fn fingerprint(&self) -> u64 {
        if self.kept.is_empty() && self.gone.is_empty() {
            digest(&self.repaired)
        } else {
            digest(&(self.repaired, &self.kept, &self.gone))
        }
    }
}
