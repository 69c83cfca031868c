//! Setup: everything a run depends on, besides the actions taken in it.

use crate::Fleet;
use crate::conditions::Condition;
use crate::host::Image;
use crate::net::Network;
use alloc::vec::Vec;
use machine::{Ask, Dice, Duration, Knob, Knobs, NodeId, Time, Waivers};

/// A range of durations, both ends included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// The shortest.
    pub low: Duration,
    /// The longest.
    pub high: Duration,
}

impl Span {
    /// Always the same duration.
    #[must_use]
    pub const fn fixed(length: Duration) -> Self {
        Self {
            low: length,
            high: length,
        }
    }

    /// From `low` to `high`.
    #[must_use]
    pub const fn new(low: Duration, high: Duration) -> Self {
        Self { low, high }
    }

    #[inline]
    pub(crate) const fn draw(self, dice: &Dice, stream: u8, key: u64) -> Duration {
        if self.low.0 >= self.high.0 {
            return self.low;
        }
        Duration(dice.between(Ask { stream, key }, self.low.0, self.high.0))
    }
}

/// What a run keeps of its past. Which one it is changes no fingerprint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recording {
    /// Every entry, and keyframes to seek by.
    #[default]
    Full,
    /// Nothing but the rolling fingerprint: for sweeps.
    FingerprintOnly,
}

/// Everything a run depends on.
#[derive(Clone, Debug)]
pub struct Setup<F: Fleet> {
    /// The nodes, before they are started.
    pub fleet: F,
    /// Decides every choice.
    pub seed: u64,
    /// The numbers the machines read.
    pub knobs: Knobs,
    /// The declarations of those numbers, in order of index.
    pub declared: &'static [&'static Knob],
    /// The gates that are overridden from the start.
    pub waivers: Waivers,
    /// How long messages take.
    pub network: Network,
    /// How long a write takes to become durable.
    pub disk: Span,
    /// Bytes of memory on each host.
    pub host_memory: u64,
    /// Hosts with another amount of memory.
    pub host_memory_of: Vec<(NodeId, u64)>,
    /// What processes can be started from.
    pub images: Vec<Image>,
    /// What may go wrong, and when.
    pub conditions: Vec<Condition>,
    /// From here on nothing goes wrong any more, and what was down comes back.
    pub heal_at: Option<Time>,
    /// Nothing later than this happens.
    pub end: Time,
    /// At most this many entries, and one more that says so; capped at 2³² − 16.
    pub fuel: u64,
    /// What is kept of the past.
    pub recording: Recording,
}

impl<F: Fleet> Setup<F> {
    /// A calm world for `fleet`: messages take 1 ms, writes 1 ms, hosts have 64 GiB, nothing goes wrong, no end.
    #[must_use]
    pub fn new(fleet: F, seed: u64, knobs: Knobs) -> Self {
        Self {
            fleet,
            seed,
            knobs,
            declared: &[],
            waivers: Waivers::NONE,
            network: Network::uniform(Span::fixed(Duration::millis(1))),
            disk: Span::fixed(Duration::millis(1)),
            host_memory: 64 << 30,
            host_memory_of: Vec::new(),
            images: Vec::new(),
            conditions: Vec::new(),
            heal_at: None,
            end: Time(u64::MAX),
            fuel: u64::MAX,
            recording: Recording::Full,
        }
    }
}
