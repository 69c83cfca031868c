//! A writer: an app that writes to what it is bound to, and now and then tells the world outside what it has written.
//!
//! **Invariants.** One thing is under way at a time, and it is said again until it is answered. What is to be told is found in
//! the database, not in memory. A refused write makes it ask for its binding.

use super::message::{EventId, InstanceId, Message};
use super::service::Record;
use crate::knob;
use crate::message::Message as Said;
use crate::note::Note as Told;
use machine::{Context, Duration, Input, Machine, NodeId, Step, Time, fingerprint};

type Out = Step<Said, Record, Told>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Doing {
    /// Asking what it is bound to.
    Binding,
    /// Waiting until it is time to write.
    Idle,
    /// Writing an event.
    Writing(EventId),
    /// Asking what is to be told.
    Asking,
    /// Telling an event.
    Telling(EventId),
    /// Marking an event that was told.
    Marking(EventId),
}

/// A writer.
#[derive(Clone, Debug)]
pub struct Writer {
    service: NodeId,
    databases: NodeId,
    outside: NodeId,
    every: Duration,
    bound: Option<(InstanceId, u32)>,
    doing: Doing,
    nth: u32,
    due: Time,
    write_at: Time,
    tell_at: Time,
}

impl Writer {
    /// A writer that writes so often.
    #[must_use]
    pub const fn new(service: NodeId, databases: NodeId, outside: NodeId, every: Duration) -> Self {
        Self {
            service,
            databases,
            outside,
            every,
            bound: None,
            doing: Doing::Binding,
            nth: 0,
            due: Time::ZERO,
            write_at: Time::ZERO,
            tell_at: Time::ZERO,
        }
    }

    /// What it is bound to, and under which epoch.
    #[must_use]
    pub const fn bound(&self) -> Option<(InstanceId, u32)> {
        self.bound
    }

    /// Does something, and says it until it is answered.
    fn begin(&mut self, cx: &Context<'_>, out: &mut Out, doing: Doing) {
        self.doing = doing;
        self.nth = self.nth.saturating_add(1);
        let nth = self.nth;
        let (instance, epoch) = self.bound.unwrap_or_default();
        let (to, message) = match doing {
            Doing::Binding => (self.service, Message::BindingAsk { nth }),
            Doing::Idle => {
                self.due = self.write_at.min(self.tell_at).max(cx.now);
                return;
            }
            Doing::Writing(event) => (
                self.databases,
                Message::Write {
                    instance,
                    epoch,
                    event,
                    nth,
                },
            ),
            Doing::Asking => (
                self.databases,
                Message::UnsentAsk {
                    instance,
                    epoch,
                    nth,
                },
            ),
            Doing::Telling(event) => (self.outside, Message::Effect { event, nth }),
            Doing::Marking(event) => (
                self.databases,
                Message::Mark {
                    instance,
                    epoch,
                    event,
                    nth,
                },
            ),
        };
        out.send(to, Said::Restore(message));
        self.due = cx.now.after(cx.knobs.time(&knob::RESTORE_RESEND));
    }

    fn on_message(&mut self, cx: &Context<'_>, out: &mut Out, message: Message) {
        match message {
            Message::Binding {
                instance,
                epoch,
                nth,
            } => {
                let newer = self.bound.is_none_or(|(_, known)| epoch > known);
                if newer {
                    self.bound = Some((instance, epoch));
                }
                if newer || (nth == self.nth && self.doing == Doing::Binding) {
                    // A binding that was refused is not tried again at once.
                    self.write_at = self.write_at.max(cx.now.after(self.every));
                    self.begin(cx, out, Doing::Idle);
                }
            }
            Message::Wrote { taken, nth } if nth == self.nth => match (self.doing, taken) {
                (Doing::Writing(_) | Doing::Marking(_), false) => {
                    self.tell_at = cx.now.after(cx.knobs.time(&knob::TELL_INTERVAL));
                    self.begin(cx, out, Doing::Binding);
                }
                (Doing::Writing(_), true) => {
                    self.write_at = cx.now.after(self.every);
                    self.begin(cx, out, Doing::Idle);
                }
                (Doing::Marking(_), true) => self.begin(cx, out, Doing::Asking),
                _ => {}
            },
            Message::UnsentIs { event, nth } if nth == self.nth && self.doing == Doing::Asking => {
                match event {
                    Some(event) => self.begin(cx, out, Doing::Telling(event)),
                    None => {
                        self.tell_at = cx.now.after(cx.knobs.time(&knob::TELL_INTERVAL));
                        self.begin(cx, out, Doing::Idle);
                    }
                }
            }
            Message::Effected { event, nth }
                if nth == self.nth && self.doing == Doing::Telling(event) =>
            {
                self.begin(cx, out, Doing::Marking(event));
            }
            // Of something that is not under way any more, or said to others.
            _ => {}
        }
    }
}

impl Machine for Writer {
    type Message = Said;
    type Record = Record;
    type Note = Told;

    fn step(&mut self, cx: &Context<'_>, input: Input<Said>, out: &mut Out) {
        match input {
            Input::Message {
                message: Said::Restore(message),
                ..
            } => self.on_message(cx, out, message),
            Input::Deadline if self.due <= cx.now => match self.doing {
                Doing::Idle if self.tell_at <= cx.now => self.begin(cx, out, Doing::Asking),
                Doing::Idle => {
                    // No two writers have an event in common, and none is used twice: they write less often than that.
                    let event = EventId((cx.now.0 / 1_000) as u32 * 8 + u32::from(cx.node.0 % 8));
                    self.begin(cx, out, Doing::Writing(event));
                }
                again => self.begin(cx, out, again),
            },
            Input::Message { .. } | Input::Deadline | Input::Persisted(_) | Input::Host(_) => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        Some(self.due)
    }

    fn restart(&mut self, cx: &Context<'_>, _durable: &[Record], out: &mut Out) {
        *self = Self::new(self.service, self.databases, self.outside, self.every);
        // Nothing is said more often than once in a millisecond, so no number is used twice.
        self.nth = u32::try_from(cx.now.0 / 1_000).unwrap_or(u32::MAX / 2);
        self.write_at = cx.now.after(self.every);
        self.tell_at = cx.now.after(cx.knobs.time(&knob::TELL_INTERVAL));
        self.begin(cx, out, Doing::Binding);
    }

    fn fingerprint(&self) -> u64 {
        fingerprint::digest(&(
            self.bound,
            self.doing,
            self.nth,
            self.due,
            self.write_at,
            self.tell_at,
        ))
    }
}
