//! What is outside of the platform and concerns single requests: the product's database, and a provider that sends
//! webhooks and sends them again.

use super::Stored;
use alloc::vec::Vec;
use machine::fingerprint::{digest, fold};
use machine::{Ask, Context, Duration, Input, NodeId, Persist, Step, Ticket, Time};
use machine::{SortedMap, SortedSet};
use platform::id::{IdempotencyKey, RequestId, RouteId};
use platform::message::{Class, Message, Request};
use platform::note::Note;
use platform::traces::{Arrival, Brings, Claim, Message as Say, Note as Tell, Proof};

/// Choices of providers, and of whoever pretends to be one, keyed by event and attempt.
const PROVIDER: u8 = 18;

/// The stream whose letter is `p`: the numbers of a provider's requests begin there.
const FIRST: u32 = 2017 << 20;

/// How many requests one event can make.
const PER_EVENT: u32 = 64;

/// With what the provider signs.
pub const SECRET: u64 = 0x5EC2E7;

/// The key of a provider's event: apart from the keys that clients make up.
const fn key(event: u32) -> IdempotencyKey {
    IdempotencyKey(1 << 31 | event)
}

/// Something that has happened: which request did it, under which name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Effect {
    request: RequestId,
    claim: Option<Claim>,
}

/// The product's database. It takes whatever the app writes: that nothing is done twice is not its business.
#[derive(Clone, Debug, Default)]
pub struct Product {
    done: SortedSet<RequestId>,
    claims: SortedMap<Claim, u32>,
    /// What is being written, in order: for whom, under which number.
    writing: Vec<(Ticket, Effect, NodeId, u32)>,
    written: u64,
}

impl Product {
    /// How many things have happened under a name.
    #[must_use]
    pub fn count(&self, claim: Claim) -> u32 {
        self.claims.get(&claim).copied().unwrap_or(0)
    }

    /// How many things have happened.
    #[must_use]
    pub fn total(&self) -> usize {
        self.done.len()
    }

    fn enter(&mut self, effect: Effect) {
        if self.done.insert(effect.request)
            && let Some(claim) = effect.claim
        {
            *self.claims.entry(claim).or_insert(0) += 1;
        }
    }

    pub(super) fn step(
        &mut self,
        _: &Context<'_>,
        input: Input<Message>,
        step: &mut Step<Message, Stored, Note>,
    ) {
        match input {
            Input::Message {
                from,
                message:
                    Message::Traces(Say::Effect {
                        request,
                        claim,
                        nth,
                    }),
            } => {
                if self.done.contains(&request) {
                    return step.send(from, Message::Traces(Say::Effected { request, nth }));
                }
                let writing = self.writing.iter();
                if writing
                    .copied()
                    .any(|(_, effect, _, _)| effect.request == request)
                {
                    return;
                }
                let effect = Effect { request, claim };
                self.written += 1;
                let ticket = Ticket(self.written);
                self.writing.push((ticket, effect, from, nth));
                step.persists.push(Persist {
                    ticket,
                    record: Stored::Effect(effect),
                });
            }
            Input::Message {
                from,
                message: Message::Traces(Say::Look { claim, nth }),
            } => {
                let happened = self.count(claim) > 0;
                step.send(
                    from,
                    Message::Traces(Say::Seen {
                        claim,
                        happened,
                        nth,
                    }),
                );
            }
            Input::Persisted(ticket) => {
                let Some(at) = self.writing.iter().position(|(of, ..)| *of == ticket) else {
                    return;
                };
                let (_, effect, from, nth) = self.writing.remove(at);
                let Effect { request, claim } = effect;
                self.enter(effect);
                step.note(Note::Traces(Tell::Happened { request, claim }));
                step.send(from, Message::Traces(Say::Effected { request, nth }));
            }
            _ => {}
        }
    }

    pub(super) fn restart(&mut self, durable: &[Stored]) {
        *self = Self::default();
        for stored in durable {
            if let Stored::Effect(effect) = stored {
                self.enter(*effect);
            }
        }
    }

    pub(super) fn fingerprint(&self) -> u64 {
        digest(&(&self.done, &self.claims, &self.writing, self.written))
    }
}

/// What the store of keys made durable, out of what a node did.
pub(super) fn key_record(stored: &Stored) -> Option<platform::traces::Record> {
    match stored {
        Stored::Keys(record) => Some(*record),
        _ => None,
    }
}

/// What the inbox made durable, out of what a node did.
pub(super) fn inbox_record(stored: &Stored) -> Option<platform::traces::InboxRecord> {
    match stored {
        Stored::Inbox(record) => Some(*record),
        _ => None,
    }
}

/// How a provider behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Habits {
    /// Where its calls go.
    pub route: RouteId,
    /// The first event.
    pub from: Time,
    /// No more events from here on.
    pub until: Time,
    /// The time from one event to the next.
    pub every: (Duration, Duration),
    /// How long it waits for an answer.
    pub timeout: Duration,
    /// How long it waits before it sends an event again; doubles each time.
    pub back_off: Duration,
    /// For how long it goes on trying.
    pub gives_up: Duration,
    /// How many in a hundred events it sends again although they were answered well.
    pub duplicates: u32,
    /// Beside how many in a hundred events somebody else sends one of their own.
    pub forged: u32,
    /// How many in a hundred deliveries somebody plays back, and how much later.
    pub played_back: (u32, Duration),
}

/// What has become of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Event {
    since: Time,
    attempts: u32,
    /// When it is sent, or given up waiting for.
    due: Option<Time>,
    /// The request that is not answered yet.
    waits: Option<RequestId>,
    /// Whether it was answered well.
    done: bool,
    /// When somebody plays its first delivery back.
    echo: Option<Time>,
}

/// A provider, and those who pretend to be it.
#[derive(Clone, Debug)]
pub struct Provider {
    edges: Vec<NodeId>,
    habits: Habits,
    events: SortedMap<u32, Event>,
    next: Time,
}

impl Provider {
    /// A provider that calls these edges.
    #[must_use]
    pub const fn new(edges: Vec<NodeId>, habits: Habits) -> Self {
        Self {
            edges,
            next: habits.from,
            habits,
            events: SortedMap::new(),
        }
    }

    /// How many of its events were answered well, and how many there are.
    #[must_use]
    pub fn answered(&self) -> (usize, usize) {
        let done = self.events.values().filter(|event| event.done).count();
        (done, self.events.len())
    }

    fn send(
        &self,
        cx: &Context<'_>,
        step: &mut Step<Message, Stored, Note>,
        (event, attempt): (u32, u32),
        named: u32,
        proof: Proof,
    ) {
        let id = RequestId(FIRST + event * PER_EVENT + attempt);
        let ask = Ask {
            stream: PROVIDER,
            key: fold(u64::from(id.0), 1),
        };
        let edge = self.edges[cx.dice.below(ask, self.edges.len() as u32) as usize];
        let request = Request {
            id,
            route: self.habits.route,
            class: Class::Webhook,
            key: Some(key(named)),
            body: named,
            bytes: 600,
        };
        step.send(
            edge,
            Message::Traces(Say::Arrive(Arrival {
                brings: Brings::Proof(proof),
                ..Arrival::from(request)
            })),
        );
    }

    /// An event begins; beside it, perhaps, something that only looks like one.
    fn begin(&mut self, cx: &Context<'_>, step: &mut Step<Message, Stored, Note>) {
        let number = self.events.len() as u32;
        let ask = |what| Ask {
            stream: PROVIDER,
            key: fold(u64::from(number) << 8 | what, 2),
        };
        let (share, after) = self.habits.played_back;
        let echo = cx.dice.below(ask(1), 100) < share;
        self.events.insert(
            number,
            Event {
                since: cx.now,
                attempts: 0,
                due: Some(cx.now),
                waits: None,
                done: false,
                echo: echo.then(|| cx.now.after(after)),
            },
        );
        if cx.dice.below(ask(2), 100) < self.habits.forged {
            // An event that never was, signed with a guess.
            let named = (1 << 24) + number;
            let proof = Proof::new(SECRET ^ 1, cx.now, named);
            self.send(cx, step, (number, PER_EVENT - 2), named, proof);
        }
        let (low, high) = self.habits.every;
        let wait = cx.dice.between(ask(3), low.0, high.0).max(1);
        self.next = cx.now.after(Duration(wait));
    }

    /// When an event that was not answered well is sent again, if it still is.
    fn again(&self, cx: &Context<'_>, number: u32, event: &Event) -> Option<Time> {
        let doubled = self.habits.back_off.0 << event.attempts.saturating_sub(1).min(16);
        let ask = Ask {
            stream: PROVIDER,
            key: fold(u64::from(number) << 8 | u64::from(event.attempts), 3),
        };
        let jitter = cx.dice.between(ask, 0, self.habits.back_off.0);
        let at = cx.now.after(Duration(doubled + jitter));
        let goes_on = at.since(event.since) < self.habits.gives_up;
        (goes_on && event.attempts < PER_EVENT - 2).then_some(at)
    }

    pub(super) fn step(
        &mut self,
        cx: &Context<'_>,
        input: Input<Message>,
        step: &mut Step<Message, Stored, Note>,
    ) {
        match input {
            Input::Deadline => self.on_deadline(cx, step),
            Input::Message {
                message:
                    Message::Response {
                        request, status, ..
                    },
                ..
            } => {
                let number = request.0.wrapping_sub(FIRST) / PER_EVENT;
                let Some(event) = self.events.get(&number).copied() else {
                    return;
                };
                if event.waits != Some(request) {
                    return;
                }
                let well = matches!(status, 200..=299);
                let ask = Ask {
                    stream: PROVIDER,
                    key: fold(u64::from(number), 4),
                };
                // Sent again although all is well, once.
                let twice = !event.done && cx.dice.below(ask, 100) < self.habits.duplicates;
                let due = if well && !twice {
                    None
                } else {
                    self.again(cx, number, &event)
                };
                let done = event.done || well;
                let (waits, due) = (None, due.filter(|_| !event.done));
                self.events.insert(
                    number,
                    Event {
                        waits,
                        due,
                        done,
                        ..event
                    },
                );
            }
            _ => {}
        }
    }

    fn on_deadline(&mut self, cx: &Context<'_>, step: &mut Step<Message, Stored, Note>) {
        if self.next <= cx.now && self.next < self.habits.until {
            self.begin(cx, step);
        }
        let numbers: Vec<u32> = self.events.keys().copied().collect();
        for number in numbers {
            let Some(mut event) = self.events.get(&number).copied() else {
                continue;
            };
            if event.echo.is_some_and(|at| at <= cx.now) {
                event.echo = None;
                let proof = Proof::new(SECRET, event.since, number);
                self.send(cx, step, (number, PER_EVENT - 1), number, proof);
            }
            if event.due.is_some_and(|at| at <= cx.now) {
                if event.waits.take().is_some() {
                    // Nobody has answered in time.
                    event.due = self.again(cx, number, &event);
                } else {
                    event.attempts += 1;
                    let attempt = event.attempts;
                    event.waits = Some(RequestId(FIRST + number * PER_EVENT + attempt));
                    event.due = Some(cx.now.after(self.habits.timeout));
                    let proof = Proof::new(SECRET, cx.now, number);
                    self.send(cx, step, (number, attempt), number, proof);
                }
            }
            self.events.insert(number, event);
        }
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        let next = (self.next < self.habits.until).then_some(self.next);
        let due = self
            .events
            .values()
            .flat_map(|event| [event.due, event.echo].into_iter().flatten());
        due.chain(next).min()
    }

    pub(super) fn fingerprint(&self) -> u64 {
        digest(&(&self.events, self.next))
    }
}
