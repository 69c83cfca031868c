//! The bootstrap automation and the provider of machines behind it: installs what it is told to, and now and then leaves
//! something wrong; each install is keyed by drain and attempt.

use super::Stored;
use alloc::vec::Vec;
use machine::fingerprint::{digest, fold};
use machine::{Ask, Context, Duration, Input, Step};
use platform::hosts::{Facts, Message as HostMessage, Note as HostNote};
use platform::id::DrainId;
use platform::message::Message;
use platform::note::Note;

/// What is decided of installs.
const INSTALL: u8 = sim::stream::FREE + 4;
/// Keeps its keys apart from those of others on the stream.
const KEYS: u64 = 0x90;

/// The automation.
#[derive(Clone, Debug)]
pub struct Bootstrap {
    takes: (u64, u64),
    flawed: u32,
    /// Versions whose agent is broken.
    broken: Vec<u16>,
    /// The newest job.
    job: Option<(DrainId, u32)>,
    asked: u32,
}

impl Bootstrap {
    /// An automation whose installs take so long, so many of a million of which leave something wrong.
    #[must_use]
    pub const fn new(takes: (u64, u64), flawed: u32, broken: Vec<u16>) -> Self {
        Self {
            takes,
            flawed,
            broken,
            job: None,
            asked: 0,
        }
    }

    /// What a host is after this install.
    fn facts(
        &self,
        cx: &Context<'_>,
        drain: DrainId,
        attempt: u32,
        version: platform::hosts::Version,
    ) -> Facts {
        let ask = |what| Ask {
            stream: INSTALL,
            key: fold(fold(KEYS, digest(&(drain, attempt))), what),
        };
        let mut facts = Facts::right(version);
        if cx.dice.chance(ask(0), self.flawed) {
            match cx.dice.below(ask(1), 3) {
                0 => facts.drift = true,
                1 => facts.routes = false,
                _ => facts.test_allocation = false,
            }
        }
        facts.agent = !self.broken.contains(&version.0);
        facts
    }

    pub(super) fn step(
        &mut self,
        cx: &Context<'_>,
        input: Input<Message>,
        step: &mut Step<Message, Stored, Note>,
    ) {
        let Input::Message {
            from,
            message: Message::Host(message),
        } = input
        else {
            return;
        };
        match message {
            HostMessage::ProviderAsk { nth } => {
                step.send(from, Message::Host(HostMessage::ProviderOk { nth }));
            }
            HostMessage::Upgrade {
                drain,
                host,
                version,
                attempt,
                nth,
            } if nth > self.asked => {
                self.asked = nth;
                if self.job < Some((drain, attempt)) {
                    self.job = Some((drain, attempt));
                    step.note(Note::Host(HostNote::Installs {
                        drain,
                        host,
                        attempt,
                    }));
                }
                let ask = Ask {
                    stream: INSTALL,
                    key: fold(fold(KEYS, digest(&(drain, attempt))), 2),
                };
                let takes = Duration(cx.dice.between(ask, self.takes.0, self.takes.1));
                let facts = self.facts(cx, drain, attempt, version);
                let install = HostMessage::Install {
                    drain,
                    attempt,
                    takes,
                    facts,
                    nth,
                };
                step.send(host, Message::Host(install));
            }
            _ => {}
        }
    }

    pub(super) const fn restart(&mut self) {
        self.job = None;
        self.asked = 0;
    }

    pub(super) fn fingerprint(&self) -> u64 {
        digest(&(self.job, self.asked))
    }
}
