//! Small systems that the simulator's own tests run: a counter over a lossy network, and one node with a host.

#![allow(dead_code, reason = "each test file uses some of them")]

use machine::fingerprint::{digest, fold, spread};
use machine::{
    Context, Duration, HostCall, HostEvent, Input, Knobs, Message, Moved, NodeId, Persist, Step,
    Subject, Ticket, Time,
};
use sim::{Entry, Fleet, Setup, State, Watch, What};

pub const SERVER: NodeId = NodeId(0);

/// What the counter's nodes say to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Word {
    Add {
        client: u16,
        number: u32,
        attempt: u32,
    },
    Added {
        client: u16,
        number: u32,
        answer: u32,
    },
}

impl Message for Word {
    fn kind(&self) -> u16 {
        match self {
            Self::Add { .. } => 1,
            Self::Added { .. } => 2,
        }
    }
    fn subject(&self) -> Subject {
        let (Self::Add { client, .. } | Self::Added { client, .. }) = *self;
        Subject {
            kind: 0,
            id: u64::from(client),
        }
    }
    fn identity(&self) -> u64 {
        digest(self)
    }
    fn repeatable(&self) -> bool {
        true
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Counted {
    pub client: u16,
    pub number: u32,
}

#[derive(Clone, Debug, Default, Hash)]
pub struct Client {
    pub acknowledged: u32,
    attempt: u32,
    retry_at: Option<Time>,
}

/// Node 0 counts what the others ask it to add, each number once, however often it is asked.
#[derive(Clone, Debug)]
pub struct Counter {
    pub counted: Vec<u32>,
    writing: Vec<u32>,
    answers: u32,
    pub clients: Vec<Client>,
    pub target: u32,
}

impl Counter {
    pub fn new(clients: usize, target: u32) -> Self {
        Self {
            counted: vec![0; clients + 1],
            writing: vec![0; clients + 1],
            answers: 0,
            clients: vec![Client::default(); clients + 1],
            target,
        }
    }

    fn ask(&mut self, cx: &Context<'_>, step: &mut Step<Word, Counted, u32>) {
        let client = &mut self.clients[usize::from(cx.node.0)];
        client.retry_at = None;
        if client.acknowledged < self.target {
            client.attempt += 1;
            client.retry_at = Some(cx.now.after(Duration::millis(50)));
            let number = client.acknowledged + 1;
            step.send(
                SERVER,
                Word::Add {
                    client: cx.node.0,
                    number,
                    attempt: client.attempt,
                },
            );
        }
    }

    fn answer(&mut self, client: u16, number: u32, step: &mut Step<Word, Counted, u32>) {
        self.answers += 1;
        step.send(
            NodeId(client),
            Word::Added {
                client,
                number,
                answer: self.answers,
            },
        );
    }
}

impl Fleet for Counter {
    type Message = Word;
    type Record = Counted;
    type Note = u32;

    fn nodes(&self) -> u16 {
        self.clients.len() as u16
    }

    fn step(
        &mut self,
        _: NodeId,
        cx: &Context<'_>,
        input: Input<Word>,
        step: &mut Step<Word, Counted, u32>,
    ) {
        match input {
            Input::Message {
                message: Word::Add { client, number, .. },
                ..
            } => {
                let at = usize::from(client);
                if number <= self.counted[at] {
                    self.answer(client, number, step);
                } else if number > self.writing[at] {
                    self.writing[at] = number;
                    let ticket = Ticket(u64::from(client) << 32 | u64::from(number));
                    step.persists.push(Persist {
                        ticket,
                        record: Counted { client, number },
                    });
                }
            }
            Input::Message {
                message: Word::Added { number, .. },
                ..
            } => {
                let client = &mut self.clients[usize::from(cx.node.0)];
                if number == client.acknowledged + 1 {
                    client.acknowledged = number;
                    step.note(number);
                    let record = Counted {
                        client: cx.node.0,
                        number,
                    };
                    step.persists.push(Persist {
                        ticket: Ticket(u64::from(number)),
                        record,
                    });
                    self.ask(cx, step);
                }
            }
            Input::Deadline => self.ask(cx, step),
            Input::Persisted(ticket) => {
                if cx.node == SERVER {
                    let (client, number) = ((ticket.0 >> 32) as u16, ticket.0 as u32);
                    self.counted[usize::from(client)] = number;
                    step.moved.push(Moved {
                        lifecycle: 0,
                        subject: Subject {
                            kind: 0,
                            id: u64::from(client),
                        },
                        from: None,
                        transition: None,
                        to: 0,
                        version: number,
                    });
                    self.answer(client, number, step);
                }
            }
            Input::Host(_) => {}
        }
    }

    fn deadline(&self, node: NodeId) -> Option<Time> {
        self.clients[usize::from(node.0)].retry_at
    }

    fn restart(
        &mut self,
        node: NodeId,
        cx: &Context<'_>,
        durable: &[Counted],
        step: &mut Step<Word, Counted, u32>,
    ) {
        if node == SERVER {
            self.counted.fill(0);
            for record in durable {
                let counted = &mut self.counted[usize::from(record.client)];
                *counted = record.number.max(*counted);
            }
            self.writing.clone_from(&self.counted);
        } else {
            let at = usize::from(node.0);
            // The number of the attempt goes on, as if it were the time: a message sent again is another message.
            let attempt = self.clients[at].attempt + 1000;
            let acknowledged = durable
                .iter()
                .map(|record| record.number)
                .max()
                .unwrap_or(0);
            self.clients[at] = Client {
                acknowledged,
                attempt,
                retry_at: None,
            };
            self.ask(cx, step);
        }
    }

    fn fingerprint(&self, node: NodeId) -> u64 {
        if node == SERVER {
            digest(&(&self.counted, &self.writing))
        } else {
            digest(&self.clients[usize::from(node.0)])
        }
    }

    fn compact(&self, _: NodeId, records: &mut Vec<Counted>) {
        let mut latest: Vec<Counted> = Vec::new();
        for record in records.iter() {
            match latest
                .iter_mut()
                .find(|other| other.client == record.client)
            {
                Some(other) => other.number = other.number.max(record.number),
                None => latest.push(*record),
            }
        }
        *records = latest;
    }
}

/// Nobody is told that something was counted unless it is durable; nothing is counted that was not asked for; a copy of
/// a message changes nothing.
#[derive(Clone, Debug, Default)]
pub struct Safety {
    pub broken: Option<u64>,
    pub duplicates: u32,
    pub entries: u64,
}

impl Watch<Counter> for Safety {
    fn after(&mut self, state: &State<Counter>, entry: &Entry<'_, Counter>) {
        assert_eq!((entry.step + 1, entry.at), (state.steps(), state.now()));
        self.entries += 1;
        let durable = |client: u16| {
            let numbers = state
                .durable(SERVER)
                .iter()
                .filter(|record| record.client == client)
                .map(|record| record.number);
            numbers.max().unwrap_or(0)
        };
        for client in 1..state.fleet().nodes() {
            if state.fleet().clients[usize::from(client)].acknowledged > durable(client) {
                self.broken.get_or_insert(entry.step);
            }
        }
        if let What::MessageDelivered {
            duplicate: true,
            restarted_between,
            ..
        } = entry.what
        {
            self.duplicates += 1;
            if entry.state_changed && !restarted_between && entry.actor == SERVER {
                self.broken.get_or_insert(entry.step);
            }
        }
    }
}

/// No knobs.
pub fn knobs() -> Knobs {
    Knobs::defaults(&[])
}

/// A counter in a calm world.
pub fn counter(seed: u64) -> Setup<Counter> {
    Setup::new(Counter::new(5, 40), seed, knobs())
}

/// No message at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Silence {}

impl Message for Silence {
    fn kind(&self) -> u16 {
        match *self {}
    }
    fn subject(&self) -> Subject {
        match *self {}
    }
    fn identity(&self) -> u64 {
        match *self {}
    }
    fn repeatable(&self) -> bool {
        match *self {}
    }
}

/// One node that makes prepared host calls at prepared times and tells what it hears.
#[derive(Clone, Debug)]
pub struct Landlord {
    pub calls: Vec<(Time, HostCall)>,
    made: usize,
    heard: u64,
}

impl Landlord {
    pub fn new(calls: Vec<(Time, HostCall)>) -> Self {
        Self {
            calls,
            made: 0,
            heard: 0,
        }
    }
}

impl Fleet for Landlord {
    type Message = Silence;
    type Record = u8;
    type Note = HostEvent;

    fn nodes(&self) -> u16 {
        1
    }

    fn step(
        &mut self,
        _: NodeId,
        _: &Context<'_>,
        input: Input<Silence>,
        step: &mut Step<Silence, u8, HostEvent>,
    ) {
        match input {
            Input::Deadline => {
                step.host.push(self.calls[self.made].1);
                self.made += 1;
            }
            Input::Host(event) => {
                self.heard = spread(fold(self.heard, digest(&event)));
                step.note(event);
            }
            _ => {}
        }
    }

    fn deadline(&self, _: NodeId) -> Option<Time> {
        self.calls.get(self.made).map(|call| call.0)
    }

    fn restart(
        &mut self,
        _: NodeId,
        _: &Context<'_>,
        _: &[u8],
        _: &mut Step<Silence, u8, HostEvent>,
    ) {
    }

    fn fingerprint(&self, _: NodeId) -> u64 {
        fold(self.made as u64, self.heard)
    }
}
