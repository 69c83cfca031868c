//! Stopwatch: the time that this thread spent computing, so that a busy machine disturbs the ratios less.

use std::time::Instant;

/// Measures from its start.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    computing: Option<u64>,
    wall: Instant,
}

impl Stopwatch {
    /// Starts.
    #[must_use]
    pub fn start() -> Self {
        std::thread::yield_now();
        Self {
            computing: computing(),
            wall: Instant::now(),
        }
    }

    /// Nanoseconds since the start; wall time where the system does not tell a thread's own.
    #[must_use]
    pub fn nanos(&self) -> u128 {
        // The system brings its count up to date when a thread lets go of its core.
        std::thread::yield_now();
        match (self.computing, computing()) {
            (Some(start), Some(now)) => u128::from(now.saturating_sub(start)),
            _ => self.wall.elapsed().as_nanos(),
        }
    }
}

/// Nanoseconds that this thread has been computing, as Linux tells.
fn computing() -> Option<u64> {
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}
