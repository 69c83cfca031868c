//! Clock: a node's own time, which conditions may set ahead or back.
//!
//! **Invariants.** Converting there and back gives the same moment, unless time's beginning or end cuts it off.

use machine::Time;

/// How far each node's clock is off, in microseconds; positive is ahead.
pub(crate) type Offset = i64;

/// What the node's clock shows at the world's moment `at`.
#[inline]
pub(crate) const fn shown(at: Time, offset: Offset) -> Time {
    if offset == 0 {
        at
    } else {
        Time(at.0.saturating_add_signed(offset))
    }
}

/// When in the world the node's clock shows `shown`. The end of time stays what it is: never.
#[inline]
pub(crate) const fn world(shown: Time, offset: Offset) -> Time {
    if offset == 0 {
        return shown;
    }
    if offset < 0 || shown.0 == u64::MAX {
        Time(shown.0.saturating_add(offset.unsigned_abs()))
    } else {
        Time(shown.0.saturating_sub(offset.unsigned_abs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_is_the_same_moment() {
        for offset in [0, 5, -5, 1_000_000, -1_000_000] {
            assert_eq!(
                world(shown(Time(2_000_000), offset), offset),
                Time(2_000_000)
            );
        }
        assert_eq!(shown(Time(3), -5), Time(0));
        assert_eq!(world(Time(u64::MAX), 5), Time(u64::MAX));
    }
}
