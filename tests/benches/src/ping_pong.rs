//! Ping-pong: two nodes send one message to and fro, one tick each way.

use crate::{Number, knobs};
use machine::fingerprint::fold;
use machine::{Context, Duration, Input, NodeId, Step, Time};
use sim::{Fleet, Network, Setup, Span};

/// The two.
#[derive(Clone)]
pub struct PingPong {
    hits: [u64; 2],
}

/// The system.
#[must_use]
pub fn setup(seed: u64) -> Setup<PingPong> {
    let mut setup = Setup::new(PingPong { hits: [0; 2] }, seed, knobs());
    setup.network = Network::uniform(Span::fixed(Duration(1)));
    setup
}

impl Fleet for PingPong {
    type Message = Number;
    type Record = u8;
    type Note = u8;

    fn nodes(&self) -> u16 {
        2
    }
    #[inline]
    fn step(
        &mut self,
        node: NodeId,
        _: &Context<'_>,
        input: Input<Number>,
        step: &mut Step<Number, u8, u8>,
    ) {
        if let Input::Message { from, message } = input {
            self.hits[usize::from(node.0)] += 1;
            step.send(from, Number(message.0 + 1));
        }
    }
    #[inline]
    fn deadline(&self, _: NodeId) -> Option<Time> {
        None
    }
    fn restart(
        &mut self,
        node: NodeId,
        _: &Context<'_>,
        _: &[u8],
        step: &mut Step<Number, u8, u8>,
    ) {
        if node.0 == 0 {
            step.send(NodeId(1), Number(0));
        }
    }
    #[inline]
    fn fingerprint(&self, node: NodeId) -> u64 {
        fold(u64::from(node.0), self.hits[usize::from(node.0)])
    }
}
