//! Fan-out: every 100 ms a controller sends a version to 1000 edges; each has it after 10 ms on average and acknowledges
//! at once.

use crate::{Number, knobs};
use machine::fingerprint::fold;
use machine::{Context, Duration, Input, NodeId, Step, Time};
use sim::{Fleet, Network, Setup, Span};

/// How many edges there are.
pub const EDGES: u16 = 1000;
/// The time between two versions, in ticks of a microsecond.
pub const ROUND: u64 = 100_000;
/// Mean time to an edge, in the same ticks.
pub const MEAN: u64 = 10_000;

/// The controller is node 0.
#[derive(Clone)]
pub struct FanOut {
    version: u64,
    next: u64,
    acknowledged: u64,
    applied: Vec<u64>,
}

/// The system.
#[must_use]
pub fn setup(seed: u64) -> Setup<FanOut> {
    let fleet = FanOut {
        version: 0,
        next: 0,
        acknowledged: 0,
        applied: vec![0; usize::from(EDGES) + 1],
    };
    let mut setup = Setup::new(fleet, seed, knobs());
    setup.network = Network::uniform(Span::new(Duration(1), Duration(2 * MEAN)));
    for edge in 1..=EDGES {
        setup.network = setup
            .network
            .with(NodeId(edge), NodeId(0), Span::fixed(Duration::ZERO));
    }
    setup
}

impl Fleet for FanOut {
    type Message = Number;
    type Record = u8;
    type Note = u8;

    fn nodes(&self) -> u16 {
        EDGES + 1
    }
    #[inline]
    fn step(
        &mut self,
        node: NodeId,
        _: &Context<'_>,
        input: Input<Number>,
        step: &mut Step<Number, u8, u8>,
    ) {
        match input {
            Input::Deadline => {
                self.version += 1;
                self.next += ROUND;
                for edge in 1..=EDGES {
                    step.send(NodeId(edge), Number(self.version));
                }
            }
            Input::Message { message, .. } if node.0 == 0 => self.acknowledged += message.0,
            Input::Message { from, message } => {
                self.applied[usize::from(node.0)] = message.0;
                step.send(from, message);
            }
            _ => {}
        }
    }
    #[inline]
    fn deadline(&self, node: NodeId) -> Option<Time> {
        (node.0 == 0).then_some(Time(self.next))
    }
    fn restart(&mut self, _: NodeId, _: &Context<'_>, _: &[u8], _: &mut Step<Number, u8, u8>) {}
    #[inline]
    fn fingerprint(&self, node: NodeId) -> u64 {
        if node.0 == 0 {
            fold(self.version, self.acknowledged)
        } else {
            fold(u64::from(node.0), self.applied[usize::from(node.0)])
        }
    }
}
