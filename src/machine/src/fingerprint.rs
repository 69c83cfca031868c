//! Fingerprints: 64-bit digests that come out the same on every platform.
//!
//! **Invariants.** Only 64-bit multiplies (128-bit ones are slow in wasm). Lengths and discriminants are widened to
//! 64 bits, so a 32-bit build gives the digest of a 64-bit one. Not cryptographic: it proves equality of two runs
//! of ours, not the honesty of somebody else's.

use core::hash::{Hash, Hasher};

const ODD: u64 = 0x9E37_79B9_7F4A_7C15;

/// Spreads every bit of `x` over the whole word (the finaliser of splitmix64).
#[inline]
#[must_use]
pub const fn spread(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// Folds `value` into `state`; the order of folds matters.
#[inline]
#[must_use]
pub const fn fold(state: u64, value: u64) -> u64 {
    let x = (state ^ value).wrapping_mul(ODD);
    (x ^ (x >> 32)).rotate_left(23).wrapping_add(ODD)
}

/// A portable [`Hasher`]: the digest of a value that derives `Hash`.
#[derive(Clone, Copy, Debug)]
pub struct Fold(u64);

impl Fold {
    /// A digest that starts from `start`, so that different uses do not collide.
    #[inline]
    #[must_use]
    pub const fn new(start: u64) -> Self {
        Self(start)
    }
}

impl Hasher for Fold {
    #[inline]
    fn finish(&self) -> u64 {
        spread(self.0)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = fold(self.0, u64::from_le_bytes(word));
        }
    }

    #[inline]
    fn write_u8(&mut self, n: u8) {
        self.write_u64(u64::from(n));
    }
    #[inline]
    fn write_u16(&mut self, n: u16) {
        self.write_u64(u64::from(n));
    }
    #[inline]
    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }
    #[inline]
    fn write_u64(&mut self, n: u64) {
        self.0 = fold(self.0, n);
    }
    #[inline]
    fn write_u128(&mut self, n: u128) {
        self.write_u64(n as u64);
        self.write_u64((n >> 64) as u64);
    }
    #[inline]
    fn write_i8(&mut self, n: i8) {
        self.write_i64(i64::from(n));
    }
    #[inline]
    fn write_i16(&mut self, n: i16) {
        self.write_i64(i64::from(n));
    }
    #[inline]
    fn write_i32(&mut self, n: i32) {
        self.write_i64(i64::from(n));
    }
    #[inline]
    fn write_i64(&mut self, n: i64) {
        self.write_u64(n as u64);
    }
    // The derives of enums and slices call these two; as they stand they would differ by pointer width.
    #[inline]
    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }
    #[inline]
    fn write_isize(&mut self, n: isize) {
        self.write_u64(n as i64 as u64);
    }
}

/// The digest of one value.
#[inline]
#[must_use]
pub fn digest<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut fold = Fold::new(ODD);
    value.hash(&mut fold);
    fold.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Hash)]
    enum Toy {
        A,
        B(u32, bool),
    }

    /// Golden values: a change here changes every stored fingerprint and needs a new engine version.
    #[test]
    fn digests_are_pinned() {
        assert_eq!(spread(1), 0x5692_161D_100B_05E5);
        assert_eq!(
            digest(&Toy::A),
            digest(&0_u64),
            "a discriminant is widened to 64 bits"
        );
        assert_ne!(digest(&Toy::B(1, true)), digest(&Toy::B(1, false)));
        assert_ne!(digest(&[1_u64, 2][..]), digest(&[2_u64, 1][..]));
    }
}
