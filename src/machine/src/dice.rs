//! Keyed choices: what is decided depends on what is being decided, never on how many choices came before.
//!
//! **Invariants.** Stateless: the same [`Ask`] of the same [`Dice`] gives the same answer in any order, so that one more
//! choice in one place shifts no other. Adding a gate, a message or an observer changes only what it causes.

use crate::fingerprint::{fold, spread};

/// Which family of decisions an ask belongs to. Streams keep equal keys of different families apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ask {
    /// The family, as an index below [`Dice::STREAMS`].
    pub stream: u8,
    /// The identity of the decision: link, message kind, subject, attempt, repeat count, folded to 64 bits.
    pub key: u64,
}

/// One key per stream, expanded from a seed by whoever owns the run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dice {
    keys: [u64; Self::STREAMS],
}

impl Dice {
    /// How many streams there are.
    pub const STREAMS: usize = 24;

    /// Dice with these stream keys.
    #[must_use]
    pub const fn new(keys: [u64; Self::STREAMS]) -> Self {
        Self { keys }
    }

    /// 64 evenly spread bits for this decision.
    #[inline]
    #[must_use]
    pub const fn roll(&self, ask: Ask) -> u64 {
        spread(fold(self.keys[ask.stream as usize], ask.key))
    }

    /// A number in `0..bound`; 0 if `bound` is 0.
    #[inline]
    #[must_use]
    pub const fn below(&self, ask: Ask, bound: u32) -> u32 {
        // The upper 32 bits scaled: a 64-bit multiply, and a bias below 2^-32 × bound that no run can notice.
        (((self.roll(ask) >> 32) * bound as u64) >> 32) as u32
    }

    /// A number in `low..=high`.
    #[inline]
    #[must_use]
    pub const fn between(&self, ask: Ask, low: u64, high: u64) -> u64 {
        if high <= low {
            return low;
        }
        let span = high - low;
        if span < u32::MAX as u64 {
            low + self.below(ask, span as u32 + 1) as u64
        } else {
            low + self.roll(ask) % (span + 1)
        }
    }

    /// Whether something with this many chances in a million happens.
    #[inline]
    #[must_use]
    pub const fn chance(&self, ask: Ask, per_million: u32) -> bool {
        self.below(ask, 1_000_000) < per_million
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dice() -> Dice {
        Dice::new(core::array::from_fn(|i| spread(i as u64)))
    }

    #[test]
    fn picks_are_pinned_and_in_range() {
        let dice = dice();
        let picks: [u32; 4] = core::array::from_fn(|key| {
            dice.below(
                Ask {
                    stream: 3,
                    key: key as u64,
                },
                1000,
            )
        });
        assert!(picks.iter().all(|pick| *pick < 1000));
        assert_eq!(
            picks,
            core::array::from_fn(|key| dice.below(
                Ask {
                    stream: 3,
                    key: key as u64
                },
                1000
            ))
        );
        assert_eq!(dice.below(Ask { stream: 0, key: 9 }, 0), 0);
        for key in 0..1000 {
            let n = dice.between(Ask { stream: 1, key }, 5, 9);
            assert!((5..=9).contains(&n));
        }
    }

    /// χ² over 16 bins; the bound is exceeded by chance less than once in 10⁶ keys.
    #[test]
    fn picks_are_even() {
        let dice = dice();
        let mut bins = [0_i64; 16];
        for key in 0..16_000 {
            bins[dice.below(Ask { stream: 2, key }, 16) as usize] += 1;
        }
        let chi: i64 = bins.iter().map(|n| (n - 1000) * (n - 1000)).sum::<i64>() / 1000;
        assert!(chi < 56, "χ² = {chi}");
    }
}
