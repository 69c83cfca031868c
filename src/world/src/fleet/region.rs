//! Regions as places, and who visits them. A place answers what is so there, which may be less than it should be for a
//! while; visitors come to the door whatever happens behind it.

use super::Stored;
use alloc::vec::Vec;
use machine::fingerprint::{digest, fold};
use machine::{Ask, Context, Duration, Input, NodeId, Step, Time};
use platform::id::{Region, Token};
use platform::knob;
use platform::message::{Command, Message};
use platform::note::Note;
use platform::region::{Command as Order, Fact, Message as Say, Note as Tell};

/// Where visitors come from and when, keyed by their number.
const VISITORS: u8 = sim::stream::FREE + 3;

/// Something that a region lacks for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lack {
    /// What.
    pub fact: Fact,
    /// From when.
    pub from: Time,
    /// Until when.
    pub until: Time,
}

/// A region as a place.
#[derive(Clone, Debug)]
pub struct Place {
    region: Region,
    lacks: Vec<Lack>,
    /// The enablement under which its hosts run, and since when.
    running: Option<(Token, Time)>,
    /// The highest token that it was ordered under.
    highest: Token,
}

impl Place {
    /// A region in which nothing runs yet.
    #[must_use]
    pub const fn new(region: Region, lacks: Vec<Lack>) -> Self {
        Self {
            region,
            lacks,
            running: None,
            highest: Token(0),
        }
    }

    /// Whether its hosts run.
    #[must_use]
    pub const fn runs(&self) -> bool {
        self.running.is_some()
    }

    /// Whether something is so there at a moment; `steady` is how long data must have been close behind.
    #[must_use]
    pub fn is_so(&self, fact: Fact, at: Time, steady: Duration) -> bool {
        let lag = if fact == Fact::Data {
            steady
        } else {
            Duration(0)
        };
        let lacked =
            |lack: &Lack| lack.fact == fact && lack.from <= at && at < lack.until.after(lag);
        let hosts = match fact {
            // Nobody has to run anything to have room for it.
            Fact::Quota => true,
            Fact::Data => self
                .running
                .is_some_and(|(_, since)| since.after(steady) <= at),
            _ => self.running.is_some_and(|(_, since)| since <= at),
        };
        hosts && !self.lacks.iter().any(lacked)
    }

    /// Whether something was so there at some moment between two.
    #[must_use]
    pub fn was_so(&self, fact: Fact, from: Time, to: Time, steady: Duration) -> bool {
        // What was so and is so no more ended where a lack began.
        let ends = self.lacks.iter().filter(|lack| lack.fact == fact);
        let before = ends.map(|lack| Time(lack.from.0.saturating_sub(1)));
        [from, to]
            .into_iter()
            .chain(before.filter(|at| from <= *at && *at <= to))
            .any(|at| self.is_so(fact, at, steady))
    }

    pub(super) fn step(
        &mut self,
        cx: &Context<'_>,
        input: Input<Message>,
        step: &mut Step<Message, Stored, Note>,
    ) {
        let Input::Message { from, message } = input else {
            return;
        };
        let region = self.region;
        match message {
            Message::Region(Say::Probe {
                fact, token, nth, ..
            }) => {
                let holds = self.is_so(fact, cx.now, cx.knobs.time(&knob::REPLICATION_STEADY));
                let at = cx.now;
                step.send(
                    from,
                    Message::Region(Say::Seen {
                        region,
                        fact,
                        token,
                        holds,
                        at,
                        nth,
                    }),
                );
            }
            Message::Region(Say::Start { token, .. }) if token > self.highest => {
                self.highest = token;
                self.running = Some((token, cx.now));
            }
            Message::Region(Say::Stop { token, nth, .. }) if token >= self.highest => {
                self.highest = token;
                self.running = None;
                step.send(from, Message::Region(Say::Stopped { region, token, nth }));
            }
            Message::Region(Say::Forward { visit, .. }) => {
                let ok = self.is_so(Fact::Services, cx.now, Duration(0));
                step.send(from, Message::Region(Say::Served { visit, region, ok }));
            }
            Message::Command(Command::Region(command @ Order::Provide { fact, .. })) => {
                for lack in self.lacks.iter_mut().filter(|lack| lack.fact == fact) {
                    lack.until = lack.until.min(cx.now);
                }
                step.note(Note::Region(Tell::Ordered {
                    command,
                    done: true,
                }));
            }
            _ => {}
        }
    }

    pub(super) fn fingerprint(&self) -> u64 {
        digest(&(&self.lacks, self.running, self.highest))
    }
}

/// Everybody who comes to the door.
#[derive(Clone, Debug)]
pub struct Visitors {
    door: NodeId,
    regions: u8,
    every: (Duration, Duration),
    until: Time,
    next: Time,
    sent: u32,
}

impl Visitors {
    /// Visitors of so many regions, one after the other with this time between them.
    #[must_use]
    pub const fn new(
        door: NodeId,
        regions: u8,
        every: (Duration, Duration),
        from: Time,
        until: Time,
    ) -> Self {
        Self {
            door,
            regions,
            every,
            until,
            next: from,
            sent: 0,
        }
    }

    pub(super) fn step(
        &mut self,
        cx: &Context<'_>,
        input: Input<Message>,
        step: &mut Step<Message, Stored, Note>,
    ) {
        if input != Input::Deadline || self.next >= self.until {
            return;
        }
        let ask = |what| Ask {
            stream: VISITORS,
            key: fold(u64::from(self.sent), what),
        };
        let home = cx.dice.below(ask(1), self.regions.into());
        let wait = cx.dice.between(ask(2), self.every.0.0, self.every.1.0);
        let (visit, home) = (self.sent, Region(home as u8));
        step.send(self.door, Message::Region(Say::Visit { visit, home }));
        self.sent += 1;
        self.next = cx.now.after(Duration(wait.max(1)));
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        (self.next < self.until).then_some(self.next)
    }

    pub(super) fn fingerprint(&self) -> u64 {
        digest(&(self.next, self.sent))
    }
}
