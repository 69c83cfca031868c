//! Simulated time: whole microseconds, never a wall clock.

use core::fmt;

/// A moment, in microseconds since the run began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

/// A length of time, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(pub u64);

impl Time {
    /// The moment a run begins.
    pub const ZERO: Self = Self(0);

    /// This moment plus `wait`; stays at the end of time instead of wrapping.
    #[must_use]
    pub const fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(wait.0))
    }

    /// The time that passed from `earlier` until now; zero if `earlier` lies ahead.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// `n` microseconds.
    #[must_use]
    pub const fn micros(n: u64) -> Self {
        Self(n)
    }

    /// `n` milliseconds.
    #[must_use]
    pub const fn millis(n: u64) -> Self {
        Self(n.saturating_mul(1_000))
    }

    /// `n` seconds.
    #[must_use]
    pub const fn secs(n: u64) -> Self {
        Self(n.saturating_mul(1_000_000))
    }

    /// `n` minutes.
    #[must_use]
    pub const fn minutes(n: u64) -> Self {
        Self::secs(n.saturating_mul(60))
    }

    /// `n` times this length, at most the longest that can be written.
    #[must_use]
    pub const fn times(self, n: u64) -> Self {
        Self(self.0.saturating_mul(n))
    }

    /// Whole seconds, rounded up: what a `Retry-After` header carries.
    #[must_use]
    pub const fn whole_secs_up(self) -> u64 {
        self.0.div_ceil(1_000_000)
    }
}

impl fmt::Display for Duration {
    /// The shortest exact unit: `8s`, `250ms`, `1.5s`, `40us`, `2min`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.0;
        if n == 0 {
            return f.write_str("0s");
        }
        if n.is_multiple_of(60_000_000) {
            return write!(f, "{}min", n / 60_000_000);
        }
        let (unit, size) = match n {
            1_000_000.. => ("s", 1_000_000),
            1_000.. => ("ms", 1_000),
            _ => ("us", 1),
        };
        let (whole, rest) = (n / size, n % size);
        if rest == 0 {
            return write!(f, "{whole}{unit}");
        }
        let digits = if size == 1_000_000 { 6 } else { 3 };
        let mut rest = rest;
        let mut width = digits;
        while rest.is_multiple_of(10) {
            rest /= 10;
            width -= 1;
        }
        write!(f, "{whole}.{rest:0width$}{unit}")
    }
}

impl fmt::Display for Time {
    /// Seconds with milliseconds, as a run clock shows them: `12.345s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{:03}s",
            self.0 / 1_000_000,
            self.0 % 1_000_000 / 1_000
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn durations_read_as_a_person_writes_them() {
        for (duration, text) in [
            (Duration::ZERO, "0s"),
            (Duration::micros(40), "40us"),
            (Duration::millis(250), "250ms"),
            (Duration::micros(1_250), "1.25ms"),
            (Duration::millis(1_500), "1.5s"),
            (Duration::secs(8), "8s"),
            (Duration::minutes(10), "10min"),
        ] {
            assert_eq!(duration.to_string(), text);
        }
        assert_eq!(Time(12_345_678).to_string(), "12.345s");
    }

    #[test]
    fn time_saturates_at_both_ends() {
        assert_eq!(Time(u64::MAX).after(Duration::secs(1)), Time(u64::MAX));
        assert_eq!(Time(1).since(Time(5)), Duration::ZERO);
    }
}
