//! Choices: a seed becomes one key per stream; from there on every choice is keyed by what is chosen.
//!
//! **Invariants.** ChaCha8 is used once per run and only through whole 64-bit words, which are value-stable; a golden
//! test pins them.

use machine::Dice;
use machine::fingerprint::spread;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// The numbers of the streams, so that no two families of choices share one.
pub mod stream {
    /// How long a message takes.
    pub const LATENCY: u8 = 0;
    /// Whether a message is lost.
    pub const LOSS: u8 = 1;
    /// Whether a message is duplicated, and how much later its copy arrives.
    pub const DUPLICATION: u8 = 2;
    /// Whether a message is held back so that others overtake it, and for how long.
    pub const REORDERING: u8 = 3;
    /// How long a write takes.
    pub const DISK: u8 = 4;
    /// How long a process boots.
    pub const BOOT: u8 = 5;
    /// How long a probe takes.
    pub const PROBE: u8 = 6;
    /// How long a request takes.
    pub const SERVICE: u8 = 7;
    /// In which periods a background condition holds.
    pub const BACKGROUND: u8 = 8;
    /// The first of the streams left to whoever uses the simulator: workloads and the machines' own jitter.
    pub const FREE: u8 = 10;
}

/// The dice of a seed.
#[must_use]
pub fn dice(seed: u64) -> Dice {
    let mut bytes = [0; 32];
    for (i, word) in bytes.chunks_exact_mut(8).enumerate() {
        word.copy_from_slice(&spread(seed.wrapping_add(i as u64)).to_le_bytes());
    }
    let mut stream = ChaCha8Rng::from_seed(bytes);
    Dice::new(core::array::from_fn(|_| stream.next_u64()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use machine::Ask;

    /// A change here changes every stored run and needs a new engine version.
    #[test]
    fn keys_are_pinned() {
        let roll = |seed, stream| dice(seed).roll(Ask { stream, key: 0 });
        assert_eq!(
            [roll(0, 0), roll(0, 15), roll(1, 0)],
            [
                0x2262_FE26_4808_9495,
                0x2BB6_3BEF_AF9F_1A5B,
                0x8389_9ABD_4BE1_3188
            ]
        );
    }
}
