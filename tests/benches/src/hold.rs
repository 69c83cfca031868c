//! Hold: N events are pending; each one taken plans the next. The classic measure of an event queue.
//!
//! Up to 60,000, each is the deadline of a node of its own. Beyond, as a system has no more nodes than that, each is a
//! message that 1000 nodes pass on.

use crate::{Number, knobs, table};
use machine::fingerprint::fold;
use machine::{Context, Duration, Input, NodeId, Step, Time};
use sim::{Fleet, Network, Setup, Span};

type Out = Step<Number, u8, u8>;

/// Mean increment, in ticks.
pub const MEAN: u64 = 1_000_000;
const NODES: u16 = 1000;

/// Nodes that do nothing but set their next deadline.
#[derive(Clone)]
pub struct Deadlines {
    nodes: Vec<Pending>,
    increments: std::sync::Arc<[u64]>,
}

#[derive(Clone, Copy)]
struct Pending {
    next: u64,
    random: u64,
}

/// A system of so many nodes.
#[must_use]
pub fn deadlines(pending: u16, seed: u64) -> Setup<Deadlines> {
    let node = |n: u16| Pending {
        next: 0,
        random: fold(seed, u64::from(n)),
    };
    Setup::new(
        Deadlines {
            nodes: (0..pending).map(node).collect(),
            increments: table::exponential(MEAN).into(),
        },
        seed,
        knobs(),
    )
}

impl Deadlines {
    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> u16 {
        self.nodes.len() as u16
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    #[inline]
    fn plan(&mut self, cx: &Context<'_>) {
        let node = &mut self.nodes[usize::from(cx.node.0)];
        node.random = table::next(node.random);
        node.next = cx.now.0 + self.increments[table::place(node.random)];
    }
}

impl Fleet for Deadlines {
    type Message = Number;
    type Record = u8;
    type Note = u8;

    fn nodes(&self) -> u16 {
        self.nodes.len() as u16
    }
    #[inline]
    fn step(&mut self, _: NodeId, cx: &Context<'_>, _: Input<Number>, _: &mut Out) {
        self.plan(cx);
    }
    #[inline]
    fn deadline(&self, node: NodeId) -> Option<Time> {
        Some(Time(self.nodes[usize::from(node.0)].next))
    }
    fn restart(&mut self, _: NodeId, cx: &Context<'_>, _: &[u8], _: &mut Out) {
        self.plan(cx);
    }
    #[inline]
    fn fingerprint(&self, node: NodeId) -> u64 {
        let node = &self.nodes[usize::from(node.0)];
        fold(node.next, node.random)
    }
    fn weight(&self) -> u64 {
        size_of_val(&self.nodes[..]) as u64
    }
}

/// Nodes that pass messages on, each to one of its neighbours. No two links take the same time: together they have the
/// exponential increments.
#[derive(Clone)]
pub struct Messages {
    pending: u32,
    passed: Vec<u64>,
}

/// How many nodes a node passes messages on to.
const NEIGHBOURS: u64 = 4;

/// A system with so many messages on their way.
#[must_use]
pub fn messages(pending: u32, seed: u64) -> Setup<Messages> {
    let mut setup = Setup::new(
        Messages {
            pending,
            passed: vec![0; usize::from(NODES)],
        },
        seed,
        knobs(),
    );
    let increments = table::exponential(MEAN);
    let mut random = seed;
    setup.network = Network::uniform(Span::fixed(Duration(MEAN)));
    for from in 0..NODES {
        for n in 0..NEIGHBOURS {
            random = table::next(random);
            let latency = Span::fixed(Duration(increments[table::place(random)]));
            setup.network = setup
                .network
                .with(NodeId(from), neighbour(NodeId(from), n), latency);
        }
    }
    setup
}

const fn neighbour(of: NodeId, n: u64) -> NodeId {
    NodeId((of.0 + 1 + n as u16) % NODES)
}

impl Messages {
    /// How many messages are on their way.
    #[must_use]
    pub const fn pending(&self) -> u32 {
        self.pending
    }
}

impl Fleet for Messages {
    type Message = Number;
    type Record = u8;
    type Note = u8;

    fn nodes(&self) -> u16 {
        NODES
    }
    #[inline]
    fn step(&mut self, node: NodeId, _: &Context<'_>, input: Input<Number>, step: &mut Out) {
        if let Input::Message { message, .. } = input {
            self.passed[usize::from(node.0)] += 1;
            // The number of the message in the upper half, how often it was passed on in the lower.
            step.send(
                neighbour(node, fold(message.0, 0) % NEIGHBOURS),
                Number(message.0 + 1),
            );
        }
    }
    #[inline]
    fn deadline(&self, _: NodeId) -> Option<Time> {
        None
    }
    fn restart(&mut self, node: NodeId, _: &Context<'_>, _: &[u8], step: &mut Out) {
        let each = self.pending / u32::from(NODES);
        for n in 0..each {
            step.send(
                neighbour(node, u64::from(n) % NEIGHBOURS),
                Number(u64::from(u32::from(node.0) * each + n) << 32),
            );
        }
    }
    #[inline]
    fn fingerprint(&self, node: NodeId) -> u64 {
        fold(u64::from(node.0), self.passed[usize::from(node.0)])
    }
}
