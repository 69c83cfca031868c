//! A caller: whoever in an app needs a provider for what they do, and tries again when that fails.
//!
//! **Invariants.** One call is under way at a time. Each try has a number of its own, and only the answer to the newest one
//! counts. Tries are fewer the longer it takes, and end.

use super::message::{DependencyId, Message, Note};
use super::rows::Record;
use crate::message::Message as Said;
use crate::note::Note as Told;
use crate::stream::CALL_BACK_OFF;
use crate::{gate, knob};
use machine::{Ask, Context, Duration, Fact, Input, Machine, NodeId, Step, Time, fingerprint};

type Out = Step<Said, Record, Told>;

/// How soon after a failure somebody would like to try again.
const AT_ONCE: Duration = Duration::millis(100);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Doing {
    /// Nothing until the next call is due.
    Idle,
    /// Waiting for an answer.
    Calling,
    /// Waiting to try again, since a failure at this time.
    Failed(Time),
}

/// A caller.
#[derive(Clone, Debug)]
pub struct Caller {
    provider: NodeId,
    dependency: DependencyId,
    every: Duration,
    doing: Doing,
    /// The number of the call, and of the try.
    nth: u32,
    tries: u32,
    due: Time,
}

impl Caller {
    /// A caller that calls so often.
    #[must_use]
    pub const fn new(provider: NodeId, dependency: DependencyId, every: Duration) -> Self {
        Self {
            provider,
            dependency,
            every,
            doing: Doing::Idle,
            nth: 0,
            tries: 0,
            due: Time::ZERO,
        }
    }

    /// How often it has tried what it is trying now; `None` if it does not have to.
    #[must_use]
    pub const fn trying(&self) -> Option<u32> {
        match self.doing {
            Doing::Idle => None,
            Doing::Calling | Doing::Failed(_) => Some(self.tries),
        }
    }

    fn call(&mut self, cx: &Context<'_>, out: &mut Out) {
        self.tries += 1;
        self.doing = Doing::Calling;
        self.due = cx.now.after(cx.knobs.time(&knob::CALL_TIMEOUT));
        let call = Message::Call {
            dependency: self.dependency,
            nth: self.nth,
            tries: self.tries,
        };
        out.note(Told::Outage(Note::Called { tries: self.tries }));
        out.send(self.provider, Said::Outage(call));
    }

    fn rest(&mut self, cx: &Context<'_>) {
        self.doing = Doing::Idle;
        self.due = cx.now.after(self.every);
    }

    /// How long it waits after the try that has failed.
    fn back_off(&self, cx: &Context<'_>) -> Duration {
        let base = cx.knobs.time(&knob::CALL_BACK_OFF).0;
        let most = cx.knobs.time(&knob::CALL_BACK_OFF_MOST).0;
        let full = base
            .saturating_mul(1 << self.tries.saturating_sub(1).min(20))
            .min(most);
        let key = fingerprint::fold(
            fingerprint::fold(cx.node.0.into(), self.nth.into()),
            self.tries.into(),
        );
        let ask = Ask {
            stream: CALL_BACK_OFF,
            key,
        };
        Duration(cx.dice.between(ask, full / 2, full))
    }

    fn failed(&mut self, cx: &Context<'_>, out: &mut Out) {
        let left = Fact::below(self.tries.into(), cx.knobs.get(&knob::CALL_TRIES));
        if out
            .require(cx, &gate::CALL_TRIES_LEFT, self.dependency.into(), left)
            .is_err()
        {
            out.note(Told::Outage(Note::GaveUp { tries: self.tries }));
            return self.rest(cx);
        }
        self.doing = Doing::Failed(cx.now);
        self.due = cx.now.after(AT_ONCE);
    }

    fn on_deadline(&mut self, cx: &Context<'_>, out: &mut Out) {
        match self.doing {
            Doing::Idle => {
                self.nth = self.nth.saturating_add(1);
                self.tries = 0;
                self.call(cx, out);
            }
            Doing::Calling => self.failed(cx, out),
            Doing::Failed(at) => {
                let wait = self.back_off(cx);
                let waited = Fact::at_least(cx.now.since(at).0, wait.0);
                if out
                    .require(cx, &gate::RETRY_BACKS_OFF, self.dependency.into(), waited)
                    .is_ok()
                {
                    self.call(cx, out);
                } else {
                    self.due = at.after(wait);
                }
            }
        }
    }
}

impl Machine for Caller {
    type Message = Said;
    type Record = Record;
    type Note = Told;

    fn step(&mut self, cx: &Context<'_>, input: Input<Said>, out: &mut Out) {
        match input {
            Input::Message {
                message: Said::Outage(Message::Called { ok, nth, tries, .. }),
                ..
            } if (nth, tries, self.doing) == (self.nth, self.tries, Doing::Calling) => {
                if ok {
                    out.note(Told::Outage(Note::CallServed));
                    self.rest(cx);
                } else {
                    self.failed(cx, out);
                }
            }
            Input::Deadline if self.due <= cx.now => self.on_deadline(cx, out),
            Input::Message { .. } | Input::Deadline | Input::Persisted(_) | Input::Host(_) => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        Some(self.due)
    }

    fn restart(&mut self, cx: &Context<'_>, _durable: &[Record], _out: &mut Out) {
        *self = Self::new(self.provider, self.dependency, self.every);
        // Calls are seconds apart, so no number is used twice.
        self.nth = u32::try_from(cx.now.0 / 1_000).unwrap_or(u32::MAX / 2);
        // Those who begin together do not call together.
        let ask = Ask {
            stream: CALL_BACK_OFF,
            key: fingerprint::fold(cx.node.0.into(), self.nth.into()),
        };
        self.due = cx
            .now
            .after(Duration(cx.dice.between(ask, 0, self.every.0)));
    }

    fn fingerprint(&self) -> u64 {
        fingerprint::digest(&(self.doing, self.nth, self.tries, self.due))
    }
}
