//! Toys with a hazard: a ring of nodes that pass a number on, each doing one thing that a simulated machine must not do.
//!
//! **Not here.** Any of these hazards in the engine: its crates cannot name them.

use machine::fingerprint::{digest, fold};
use machine::{Ask, Context, Duration, Input, Knobs, Message, NodeId, Step, Subject, Time};
use sim::{Network, Setup, Span};
use std::collections::HashMap;

/// How many nodes pass the number on.
const NODES: u16 = 4;
/// How often it is passed on.
const ROUNDS: u32 = 4_000;

/// What a node of the ring does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hazard {
    /// Nothing: the control.
    Calm,
    /// It goes through a map in the order in which the map happens to keep its things.
    MapOrder,
    /// It computes a logarithm, whose last digit depends on whose library computes it.
    Logarithm,
    /// It lets the address of its own memory into its state.
    Address,
    /// It computes with whole words, which are of two sizes.
    PointerWidth,
    /// It looks at a clock that is not the simulation's.
    Clock,
}

impl Hazard {
    /// Every hazard.
    pub const ALL: [Self; 5] = [
        Self::MapOrder,
        Self::Logarithm,
        Self::Address,
        Self::PointerWidth,
        Self::Clock,
    ];

    /// The hazards that make two runs in one process differ.
    pub const IN_ONE_PROCESS: [Self; 3] = [Self::MapOrder, Self::Address, Self::Clock];

    /// Those that can be looked for in wasm, where there is no clock to look at.
    pub const IN_WASM: [Self; 4] = [
        Self::MapOrder,
        Self::Logarithm,
        Self::Address,
        Self::PointerWidth,
    ];

    /// Its name in listings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::MapOrder => "map-order",
            Self::Logarithm => "float-logarithm",
            Self::Address => "address",
            Self::PointerWidth => "pointer-width",
            Self::Clock => "clock",
        }
    }

    /// What it makes of a number.
    #[expect(
        clippy::iter_over_hash_type,
        reason = "the hazard that the check has to notice"
    )]
    fn taint(self, number: u64, own: &u64) -> u64 {
        match self {
            Self::Calm => number,
            Self::MapOrder => {
                let map: HashMap<u64, ()> = (0..16).map(|key| (key, ())).collect();
                let mut folded = number;
                for key in map.keys() {
                    folded = fold(folded, *key);
                }
                folded
            }
            Self::Logarithm => fold(number, ((number >> 11) as f64 + 1.5).ln().to_bits()),
            Self::Address => fold(number, std::ptr::from_ref(own).addr() as u64),
            Self::PointerWidth => fold(
                number,
                (number as usize).wrapping_mul(0x9E37_79B1).rotate_left(5) as u64,
            ),
            Self::Clock => {
                let nanos = std::time::SystemTime::now()
                    .duration_since(std::time::UNIX_EPOCH)
                    .map_or(0, |since| since.subsec_nanos());
                fold(number, u64::from(nanos))
            }
        }
    }
}

/// The number on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Passed {
    round: u32,
    number: u64,
}

impl Message for Passed {
    fn kind(&self) -> u16 {
        0
    }
    fn subject(&self) -> Subject {
        Subject {
            kind: 0,
            id: u64::from(self.round),
        }
    }
    fn identity(&self) -> u64 {
        u64::from(self.round)
    }
    fn repeatable(&self) -> bool {
        true
    }
}

/// The ring.
#[derive(Clone, Debug)]
pub struct Ring {
    hazard: Hazard,
    /// What each node has made of the number; in boxes, so that each copy has an address of its own.
    #[expect(clippy::vec_box, reason = "the address of each number is the hazard")]
    seen: Vec<Box<u64>>,
}

impl Ring {
    /// A ring with this hazard, ready to run.
    #[must_use]
    pub fn setup(hazard: Hazard, seed: u64) -> Setup<Self> {
        let ring = Self {
            hazard,
            seen: (0..NODES).map(|node| Box::new(u64::from(node))).collect(),
        };
        let mut setup = Setup::new(ring, seed, Knobs::defaults(&[]));
        setup.network = Network::uniform(Span::new(Duration(1), Duration(50)));
        setup
    }

    fn pass(&mut self, cx: &Context<'_>, round: u32, number: u64, step: &mut Step<Passed, (), ()>) {
        let own = &mut self.seen[usize::from(cx.node.0)];
        let number = self.hazard.taint(fold(number, u64::from(round)), own);
        **own = number;
        if round < ROUNDS {
            step.send(
                NodeId((cx.node.0 + 1) % NODES),
                Passed {
                    round: round + 1,
                    number,
                },
            );
        }
    }
}

impl sim::Fleet for Ring {
    type Message = Passed;
    type Record = ();
    type Note = ();

    fn nodes(&self) -> u16 {
        NODES
    }

    fn step(
        &mut self,
        _: NodeId,
        cx: &Context<'_>,
        input: Input<Passed>,
        step: &mut Step<Passed, (), ()>,
    ) {
        if let Input::Message { message, .. } = input {
            self.pass(cx, message.round, message.number, step);
        }
    }

    fn deadline(&self, _: NodeId) -> Option<Time> {
        None
    }

    fn restart(
        &mut self,
        node: NodeId,
        cx: &Context<'_>,
        _: &[()],
        step: &mut Step<Passed, (), ()>,
    ) {
        if node == NodeId(0) {
            self.pass(
                cx,
                0,
                cx.dice.roll(Ask {
                    stream: sim::stream::FREE,
                    key: 0,
                }),
                step,
            );
        }
    }

    fn fingerprint(&self, node: NodeId) -> u64 {
        digest(&*self.seen[usize::from(node.0)])
    }
}
