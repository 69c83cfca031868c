//! The vault of secrets: says whether a deployment's secrets are complete; some may be missing until somebody binds them.

use super::Stored;
use alloc::vec::Vec;
use machine::fingerprint::digest;
use machine::{Context, Input, NodeId, Persist, SortedMap, Step, Ticket, Time};
use platform::id::DeploymentId;
use platform::message::{Command, Message};
use platform::note::Note;

/// A deployment one of whose secrets is missing for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MissingSecret {
    /// Which deployment.
    pub deployment: DeploymentId,
    /// From when.
    pub from: Time,
    /// Until when.
    pub until: Time,
}

/// The vault.
#[derive(Clone, Debug)]
pub struct Vault {
    missing: Vec<MissingSecret>,
    bound: bool,
    /// Who wants to hear of a deployment's secrets, and under which number; lost in a crash.
    waiting: SortedMap<DeploymentId, (NodeId, u32)>,
}

impl Vault {
    /// A vault without these.
    #[must_use]
    pub const fn new(missing: Vec<MissingSecret>) -> Self {
        Self {
            missing,
            bound: false,
            waiting: SortedMap::new(),
        }
    }

    /// Whether a secret of any deployment is ever missing.
    #[must_use]
    pub const fn lacks_some(&self) -> bool {
        !self.missing.is_empty()
    }

    /// Whether there was a moment between two at which a deployment's secrets were all there.
    #[must_use]
    pub fn was_complete(&self, deployment: DeploymentId, from: Time, to: Time) -> bool {
        let ends = self.missing.iter().map(|secret| secret.until);
        [from, to]
            .into_iter()
            .chain(ends.filter(|at| from <= *at && *at <= to))
            .any(|at| self.is_complete(deployment, at))
    }

    /// Tells those who wait what is there by now.
    fn tell(&mut self, now: Time, step: &mut Step<Message, Stored, Note>) {
        let there: Vec<DeploymentId> = self.waiting.keys().copied().collect();
        for deployment in there {
            if self.is_complete(deployment, now)
                && let Some((to, nth)) = self.waiting.remove(&deployment)
            {
                step.send(to, Message::SecretBound { deployment, nth });
            }
        }
    }

    /// Whether a deployment's secrets are all there at a moment.
    #[must_use]
    pub fn is_complete(&self, deployment: DeploymentId, at: Time) -> bool {
        self.bound
            || !self.missing.iter().any(|secret| {
                secret.deployment == deployment && secret.from <= at && at < secret.until
            })
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
                    Message::SecretsAsk {
                        allocation,
                        deployment,
                        nth,
                    },
            } => {
                let complete = self.is_complete(deployment, cx.now);
                step.send(
                    from,
                    Message::Secrets {
                        allocation,
                        deployment,
                        complete,
                        nth,
                    },
                );
            }
            Input::Message {
                from,
                message: Message::SecretsAwait { deployment, nth },
            } => {
                if self.is_complete(deployment, cx.now) {
                    step.send(from, Message::SecretBound { deployment, nth });
                } else if self.waiting.get(&deployment).is_none_or(|it| it.1 < nth) {
                    self.waiting.insert(deployment, (from, nth));
                }
            }
            Input::Message {
                message: Message::Command(command @ Command::BindSecret { .. }),
                ..
            } => {
                self.bound = true;
                self.tell(cx.now, step);
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

    pub(super) fn restart(&mut self, bound: bool) {
        self.bound = bound;
        self.waiting.clear();
    }

    pub(super) fn fingerprint(&self) -> u64 {
        digest(&(self.bound, self.waiting.iter().collect::<Vec<_>>()))
    }
}
