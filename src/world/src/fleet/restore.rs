//! The world outside: whoever is told what an app has written, and remembers it.

use super::Stored;
use machine::fingerprint::digest;
use machine::{Context, Duration, Input, SortedMap, Step, Time};
use platform::message::Message;
use platform::note::Note;
use platform::restore::{EventId, Message as Say, Note as Tell};

/// How long a repeat is recognised as one.
const KEYS: Duration = Duration::secs(30);

/// The world outside. It goes on whatever becomes of the process that answers for it.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    /// What has happened, when first and when last.
    happened: SortedMap<EventId, (Time, Time)>,
}

impl Outside {
    pub(super) fn step(
        &mut self,
        cx: &Context<'_>,
        input: &Input<Message>,
        step: &mut Step<Message, Stored, Note>,
    ) {
        let Input::Message {
            from,
            message: Message::Restore(message),
        } = *input
        else {
            return;
        };
        match message {
            Say::Effect { event, nth } => {
                let before = self.happened.get(&event).copied();
                let known = before.is_some_and(|(_, last)| cx.now.since(last) <= KEYS);
                if !known {
                    let first = before.map_or(cx.now, |(first, _)| first);
                    self.happened.insert(event, (first, cx.now));
                    step.note(Note::Restore(Tell::EffectHappened {
                        event,
                        again: before.is_some(),
                    }));
                }
                step.send(from, Message::Restore(Say::Effected { event, nth }));
            }
            Say::EffectAsk { since, index, nth } => {
                let mut of = 0;
                let mut found = None;
                for (event, (first, _)) in self.happened.iter() {
                    if *first >= since {
                        if of == index {
                            found = Some(*event);
                        }
                        of += 1;
                    }
                }
                let answer = Say::EffectIs {
                    event: found,
                    of,
                    index,
                    nth,
                };
                step.send(from, Message::Restore(answer));
            }
            _ => {}
        }
    }

    pub(super) fn fingerprint(&self) -> u64 {
        self.happened
            .iter()
            .fold(0, |all, entry| all ^ digest(&entry))
    }
}

/// A record of the restore service.
pub(super) const fn record(stored: &Stored) -> Option<platform::restore::Record> {
    match stored {
        Stored::Restores(record) => Some(*record),
        _ => None,
    }
}

/// A record of the databases.
pub(super) const fn stored(stored: &Stored) -> Option<platform::restore::Stored> {
    match stored {
        Stored::Databases(record) => Some(*record),
        _ => None,
    }
}
