//! The vault of secrets: says whether a deployment's secrets are complete; some may be missing until somebody binds them.

use super::Stored;
use alloc::vec::Vec;
use machine::fingerprint::digest;
use machine::{Context, Input, Persist, Step, Ticket, Time};
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
}

impl Vault {
    /// A vault without these.
    #[must_use]
    pub const fn new(missing: Vec<MissingSecret>) -> Self {
        Self {
            missing,
            bound: false,
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
                message: Message::Command(command @ Command::BindSecret { .. }),
                ..
            } => {
                self.bound = true;
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

    pub(super) const fn restart(&mut self, bound: bool) {
        self.bound = bound;
    }

    pub(super) fn fingerprint(&self) -> u64 {
        digest(&self.bound)
    }
}
