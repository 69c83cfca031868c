//! The route event stream: an append-only log with sequences, a dedup window, retention and ordered delivery.
//!
//! **Invariants.** Sequences rise by one and belong to this log, not to whoever writes: a log that is made anew, or that
//! loses its end in a crash, begins again below. A subscription that asks for what is no longer there begins, silently, at
//! the first event that is. Which incarnation of the log an event belongs to is what its writer says.

use super::message::{Command, Message, Note, Owner};
use crate::agenda::Agenda;
use crate::id::{OutboxId, RouteId};
use crate::ledger::Ledger;
use crate::message::{Command as Order, Message as Said};
use crate::note::Note as Told;
use crate::{gate, knob};
use alloc::vec::Vec;
use machine::{Context, Fact, Input, Machine, NodeId, Persist, Step, Ticket, Time, fingerprint};

type Out = Step<Said, Stored, Told>;

/// How a log behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StreamConfig {
    /// Whether a repeat is recognised before the expected sequence is looked at, as a clustered stream does.
    pub clustered: bool,
    /// Whether an event is acknowledged only when it is on disk.
    pub synced: bool,
}

/// One event of the log, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stored {
    /// An event.
    Event {
        /// Its sequence.
        seq: u64,
        /// What it tells.
        owner: Owner,
        /// The outbox row that it came from: its message id.
        row: OutboxId,
        /// The incarnation that its writer named.
        incarnation: u32,
        /// When it was appended.
        at: Time,
    },
    /// Everything before this was thrown away.
    Recreated,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Kept {
    owner: Owner,
    row: OutboxId,
    incarnation: u32,
    at: Time,
}

/// A subscription: an ordered consumer, which acknowledges nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Consumer {
    nth: u32,
    next: u64,
    delivered: u32,
    beat: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Due {
    Beat(NodeId),
}

/// The log.
#[derive(Clone, Debug)]
pub struct Log {
    config: StreamConfig,
    events: Ledger<u64, Kept>,
    last: u64,
    /// The names of messages that were appended lately.
    recent: Ledger<OutboxId, (u64, Time)>,
    consumers: Ledger<NodeId, Consumer>,
    /// Acknowledgements that wait for the disk, by sequence.
    waiting: Ledger<u64, (NodeId, OutboxId, u32)>,
    agenda: Agenda<Due>,
    writes: u64,
}

impl Log {
    /// An empty log.
    #[must_use]
    pub fn new(config: StreamConfig) -> Self {
        Self {
            config,
            events: Ledger::default(),
            last: 0,
            recent: Ledger::default(),
            consumers: Ledger::default(),
            waiting: Ledger::default(),
            agenda: Agenda::default(),
            writes: 0,
        }
    }

    /// The last sequence; 0 if there is none yet.
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.last
    }

    /// The first sequence that is still there; one above the last if there is none.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.events
            .map()
            .keys()
            .next()
            .copied()
            .unwrap_or(self.last + 1)
    }

    /// The events that are still there, oldest first.
    pub fn events(&self) -> impl Iterator<Item = (u64, Owner, OutboxId)> {
        self.events
            .map()
            .iter()
            .map(|(seq, kept)| (*seq, kept.owner, kept.row))
    }

    /// The last event of a route.
    fn last_of(&self, owner: Owner) -> Option<(u64, OutboxId)> {
        self.events
            .map()
            .iter()
            .rev()
            .find(|(_, kept)| kept.owner.route == owner.route)
            .map(|(seq, kept)| (*seq, kept.row))
    }

    /// The owner of a route with the highest epoch of all that are still there, of epoch 0 if there is none, and the newest
    /// incarnation of all events.
    fn newest_of(&self, route: RouteId) -> (Owner, u32) {
        let events = || self.events.map().values();
        let owner = events()
            .map(|kept| kept.owner)
            .filter(|owner| owner.route == route)
            .max_by_key(|owner| owner.epoch)
            .unwrap_or(Owner::none(route));
        let incarnation = events().map(|kept| kept.incarnation).max();
        (owner, incarnation.unwrap_or(0))
    }

    /// The sequence of a message that was appended lately enough to be recognised, whether or not it is still there.
    fn repeat_of(&self, cx: &Context<'_>, row: OutboxId) -> Option<u64> {
        let window = cx.knobs.time(&knob::DEDUP_WINDOW);
        self.recent
            .get(row)
            .filter(|(_, at)| cx.now.since(*at) <= window)
            .map(|(seq, _)| *seq)
    }

    /// Remembers the name of a message, and forgets those that are too old to be recognised.
    fn remember(&mut self, cx: &Context<'_>, row: OutboxId, seq: u64) {
        let window = cx.knobs.time(&knob::DEDUP_WINDOW);
        let old: Vec<OutboxId> = self
            .recent
            .map()
            .iter()
            .filter(|(_, (_, at))| cx.now.since(*at) > window)
            .map(|(row, _)| *row)
            .collect();
        for row in old {
            self.recent.remove(row);
        }
        self.recent.insert(row, (seq, cx.now));
    }

    fn append(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        (owner, row, incarnation): (Owner, OutboxId, u32),
        (expected, nth): (u64, u32),
    ) {
        let repeat = self.repeat_of(cx, row);
        if self.config.clustered
            && let Some(seq) = repeat
        {
            return Self::acknowledge(out, from, row, seq, true, nth);
        }
        let last = self.last_of(owner);
        let found = last.map_or(0, |(seq, _)| seq);
        if out
            .require(
                cx,
                &gate::EXPECTED_SEQUENCE,
                owner.route.into(),
                Fact::equal(expected, found),
            )
            .is_err()
        {
            let refused = Message::WrongSequence {
                row,
                last: found,
                last_row: last.map(|(_, row)| row),
                nth,
            };
            return out.send(from, Said::Promotion(refused));
        }
        if let Some(seq) = repeat {
            return Self::acknowledge(out, from, row, seq, true, nth);
        }
        let seq = self.keep(cx, out, (owner, row, incarnation));
        out.note(Note::Appended { row, owner, seq }.into());
        if self.config.synced {
            self.waiting.insert(self.writes, (from, row, nth));
        } else {
            Self::acknowledge(out, from, row, seq, false, nth);
        }
        self.hand_out(cx, out);
    }

    /// Writes an event behind the last one.
    fn keep(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        (owner, row, incarnation): (Owner, OutboxId, u32),
    ) -> u64 {
        self.last += 1;
        let (seq, at) = (self.last, cx.now);
        let kept = Kept {
            owner,
            row,
            incarnation,
            at,
        };
        self.events.insert(seq, kept);
        self.remember(cx, row, seq);
        self.persist(
            out,
            Stored::Event {
                seq,
                owner,
                row,
                incarnation,
                at,
            },
        );
        seq
    }

    /// Drops what is too much, and gives the rest to whoever has not got it.
    fn hand_out(&mut self, cx: &Context<'_>, out: &mut Out) {
        let keep = cx.knobs.get(&knob::STREAM_RETENTION).max(1);
        while self.events.map().len() as u64 > keep {
            let first = self.first();
            self.events.remove(first);
        }
        let consumers: Vec<NodeId> = self.consumers.map().keys().copied().collect();
        for node in consumers {
            self.deliver(out, node);
        }
    }

    /// Somebody says once more who owns a route, past whoever writes this log. Nobody's expectation is asked, and its name is
    /// none that the writer would give.
    fn write_past(&mut self, cx: &Context<'_>, out: &mut Out, route: RouteId) {
        let (owner, incarnation) = self.newest_of(route);
        let row = OutboxId(u32::MAX - self.last as u32);
        if owner.epoch.0 > 0 {
            let seq = self.keep(cx, out, (owner, row, incarnation));
            out.note(Note::ForeignEvent { route, seq }.into());
            self.hand_out(cx, out);
        }
    }

    fn persist(&mut self, out: &mut Out, record: Stored) {
        self.writes += 1;
        out.persists.push(Persist {
            ticket: Ticket(self.writes),
            record,
        });
    }

    fn acknowledge(out: &mut Out, to: NodeId, row: OutboxId, seq: u64, repeated: bool, nth: u32) {
        let message = Message::Published {
            row,
            seq,
            repeated,
            nth,
        };
        out.send(to, Said::Promotion(message));
    }

    /// Sends a consumer what it has not been sent yet.
    fn deliver(&mut self, out: &mut Out, node: NodeId) {
        let Some(mut consumer) = self.consumers.get(node).copied() else {
            return;
        };
        let ready: Vec<(u64, Kept)> = self
            .events
            .map()
            .range(consumer.next..)
            .map(|(seq, kept)| (*seq, *kept))
            .collect();
        for (seq, kept) in ready {
            consumer.next = seq + 1;
            consumer.delivered += 1;
            out.send(
                node,
                Said::Promotion(Message::Deliver {
                    owner: kept.owner,
                    seq,
                    incarnation: kept.incarnation,
                    delivery: consumer.delivered,
                    nth: consumer.nth,
                }),
            );
        }
        self.consumers.insert(node, consumer);
    }

    fn subscribe(&mut self, cx: &Context<'_>, out: &mut Out, node: NodeId, from: u64, nth: u32) {
        if self
            .consumers
            .get(node)
            .is_some_and(|consumer| consumer.nth >= nth)
        {
            return;
        }
        // What is asked for and no longer there is skipped without a word.
        self.consumers.insert(
            node,
            Consumer {
                nth,
                next: from.max(self.first().min(self.last + 1)),
                delivered: 0,
                beat: 0,
            },
        );
        self.deliver(out, node);
        self.beat(cx, out, node);
    }

    fn beat(&mut self, cx: &Context<'_>, out: &mut Out, node: NodeId) {
        let seq = self.last;
        let Some(message) = self.consumers.update(node, |consumer| {
            consumer.beat += 1;
            Message::Beat {
                seq,
                delivered: consumer.delivered,
                beat: consumer.beat,
                nth: consumer.nth,
            }
        }) else {
            return;
        };
        out.send(node, Said::Promotion(message));
        self.agenda.set(
            Due::Beat(node),
            cx.now.after(cx.knobs.time(&knob::STREAM_BEAT)),
        );
    }

    fn recreate(&mut self, out: &mut Out) {
        let (config, writes) = (self.config, self.writes);
        *self = Self::new(config);
        self.writes = writes;
        self.persist(out, Stored::Recreated);
        out.note(Note::LogRecreated.into());
    }
}

impl Machine for Log {
    type Message = Said;
    type Record = Stored;
    type Note = Told;

    fn step(&mut self, cx: &Context<'_>, input: Input<Said>, out: &mut Out) {
        match input {
            Input::Message { from, message } => match message {
                Said::Promotion(Message::Publish {
                    owner,
                    row,
                    incarnation,
                    expected,
                    nth,
                }) => self.append(cx, out, from, (owner, row, incarnation), (expected, nth)),
                Said::Promotion(Message::End { nth }) => {
                    let seq = self.last;
                    out.send(from, Said::Promotion(Message::EndsAt { seq, nth }));
                }
                Said::Promotion(Message::Subscribe { from: seq, nth }) => {
                    self.subscribe(cx, out, from, seq, nth);
                }
                Said::Promotion(Message::EpochAsk { route, nth }) => {
                    let (owner, incarnation) = self.newest_of(route);
                    let seen = Message::EpochSeen {
                        owner,
                        incarnation,
                        nth,
                    };
                    out.send(from, Said::Promotion(seen));
                }
                Said::Command(Order::Promotion(Command::RecreateLog)) => self.recreate(out),
                Said::Command(Order::Promotion(Command::WriteLog { route })) => {
                    self.write_past(cx, out, route);
                }
                // Everything else is said to others.
                _ => {}
            },
            Input::Persisted(ticket) => {
                if let Some((to, row, nth)) = self.waiting.remove(ticket.0) {
                    let seq = self
                        .events
                        .map()
                        .iter()
                        .rev()
                        .find(|(_, kept)| kept.row == row)
                        .map(|(seq, _)| *seq);
                    if let Some(seq) = seq {
                        Self::acknowledge(out, to, row, seq, false, nth);
                    }
                }
            }
            Input::Deadline => {
                for Due::Beat(node) in self.agenda.take_due(cx.now) {
                    self.beat(cx, out, node);
                }
            }
            Input::Host(_) => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.agenda.next()
    }

    fn restart(&mut self, cx: &Context<'_>, durable: &[Stored], out: &mut Out) {
        let _ = out;
        *self = Self::new(self.config);
        for record in durable {
            self.writes += 1;
            match *record {
                Stored::Recreated => {
                    self.recent = Ledger::default();
                    self.events = Ledger::default();
                    self.last = 0;
                }
                Stored::Event {
                    seq,
                    owner,
                    row,
                    incarnation,
                    at,
                } => {
                    self.last = seq;
                    self.recent.insert(row, (seq, at));
                    self.events.insert(
                        seq,
                        Kept {
                            owner,
                            row,
                            incarnation,
                            at,
                        },
                    );
                }
            }
        }
        let keep = cx.knobs.get(&knob::STREAM_RETENTION).max(1);
        while self.events.map().len() as u64 > keep {
            let first = self.first();
            self.events.remove(first);
        }
    }

    fn fingerprint(&self) -> u64 {
        fingerprint::digest(&(
            self.events.fingerprint(),
            self.last,
            self.recent.fingerprint(),
            self.consumers.fingerprint(),
            self.waiting.fingerprint(),
            self.agenda.fingerprint(),
            self.writes,
        ))
    }
}
