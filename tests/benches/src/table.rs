//! Increments that every engine takes its delays from, so that none has to draw them in the loop.

/// How many there are; a power of two.
pub const LEN: usize = 4096;

/// A fixed shuffle of indexes, so that every engine meets the increments in a like order.
#[must_use]
pub const fn next(random: u64) -> u64 {
    random.wrapping_mul(0xD134_2543_DE82_EF95).wrapping_add(1)
}

/// The place in the table that a random number stands for.
#[must_use]
pub const fn place(random: u64) -> usize {
    (random >> 52) as usize
}

/// Exponential variates of this mean, by their quantiles.
#[must_use]
pub fn exponential(mean: u64) -> Vec<u64> {
    let quantile = |i: usize| -(1.0 - (i as f64 + 0.5) / LEN as f64).ln();
    (0..LEN)
        .map(|i| (quantile(i) * mean as f64) as u64 + 1)
        .collect()
}

/// Uniform variates of this mean.
#[must_use]
pub fn uniform(mean: u64) -> Vec<u64> {
    (0..LEN as u64)
        .map(|i| i * 2 * mean / LEN as u64 + 1)
        .collect()
}
