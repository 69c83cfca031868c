//! The log of events: what outboxes tell, one sequence after another.

use super::Stored;
use machine::fingerprint::digest;
use machine::{Context, Fact, Input, SortedMap, Step, Subject};
use platform::gate;
use platform::message::{Command, Message};
use platform::note::Note;
use platform::pipeline::{Command as Order, Event, Message as Say, Note as Tell};

type Out = Step<Message, Stored, Note>;

/// The log that events are told to. It is one server: it asks first whether its last event about an entity is the expected
/// one, and only then whether it has the event already.
#[derive(Clone, Debug, Default)]
pub struct EventLog {
    events: SortedMap<(Subject, u32), Event>,
    /// Its last sequence.
    end: u64,
    /// The sequence and the name of its last event about each entity.
    last: SortedMap<Subject, (u64, u64)>,
    /// The newest event of each kind of thing.
    newest: SortedMap<u8, Event>,
    /// Whether an event came before the one that it follows.
    disorder: bool,
}

impl EventLog {
    /// Whether it has an event.
    #[must_use]
    pub fn has(&self, event: Event) -> bool {
        self.events.get(&(event.entity, event.version)) == Some(&event)
    }

    /// Whether the events about each thing came in order.
    #[must_use]
    pub const fn in_order(&self) -> bool {
        !self.disorder
    }

    fn append(&mut self, event: Event, name: u64) -> u64 {
        self.end += 1;
        self.last.insert(event.entity, (self.end, name));
        self.newest.insert(event.entity.kind, event);
        self.end
    }

    fn publish(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        (seq, event): (u64, Event),
        (expected, nth): (u64, u32),
    ) -> Say {
        let entity = event.entity;
        let (last, name) = self.last.get(&entity).copied().unwrap_or((0, 0));
        let as_expected = Fact::equal(expected, last);
        if out
            .require(cx, &gate::EXPECTED_SEQUENCE, entity, as_expected)
            .is_err()
        {
            return Say::OtherSequence {
                seq,
                event,
                last,
                name,
                nth,
            };
        }
        if self.has(event) {
            // It came before somebody else's, and nobody heard that it had: behind that one it would be a second.
            return Say::Published {
                seq,
                event,
                at: last,
                nth,
            };
        }
        let key = (entity, event.version);
        let later = (entity, u32::MAX);
        self.disorder |= self.events.range(key..later).next().is_some();
        self.events.insert(key, event);
        let at = self.append(event, event.name());
        out.note(Note::Pipeline(Tell::Appended { entity, seq: at }));
        Say::Published {
            seq,
            event,
            at,
            nth,
        }
    }

    pub(super) fn step(&mut self, cx: &Context<'_>, input: &Input<Message>, out: &mut Out) {
        match *input {
            Input::Message {
                from,
                message:
                    Message::Pipeline(Say::Publish {
                        seq,
                        event,
                        expected,
                        nth,
                    }),
            } => {
                let answer = self.publish(cx, out, (seq, event), (expected, nth));
                out.send(from, Message::Pipeline(answer));
            }
            Input::Message {
                message: Message::Command(Command::Pipeline(Order::RepeatEvent { kind })),
                ..
            } => {
                if let Some(event) = self.newest.get(&kind).copied() {
                    let entity = event.entity;
                    // Whoever writes it has a name of its own for it.
                    let seq = self.append(event, digest(&("repeated", self.end)));
                    out.note(Note::Pipeline(Tell::ForeignEvent { entity, seq }));
                }
            }
            _ => {}
        }
    }

    pub(super) fn fingerprint(&self) -> u64 {
        digest(&(self.events.len(), self.end, self.disorder))
    }
}
