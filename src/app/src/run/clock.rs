//! The play clock: how far simulated time may have come after some real time.

/// The longest real time that one painted frame may stand for: a page that was in the background does not leap.
const FRAME_MAX: f64 = 100.0;
/// How far one request goes when it shall go as fast as it can.
const LEAP: u64 = 2_000_000;

/// How fast a run is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speed {
    /// Hundredths of real time.
    Percent(u32),
    /// As fast as the simulator goes.
    Most,
}

impl Speed {
    /// Every speed that is offered, slowest first.
    pub const ALL: [Self; 8] = [
        Self::Percent(25),
        Self::Percent(50),
        Self::Percent(100),
        Self::Percent(200),
        Self::Percent(400),
        Self::Percent(800),
        Self::Percent(1600),
        Self::Most,
    ];

    /// How a person reads it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Percent(25) => "¼×",
            Self::Percent(50) => "½×",
            Self::Percent(200) => "2×",
            Self::Percent(400) => "4×",
            Self::Percent(800) => "8×",
            Self::Percent(1600) => "16×",
            Self::Percent(_) => "1×",
            Self::Most => "as fast as it goes",
        }
    }

    /// Its position in [`Speed::ALL`], as settings keep it.
    pub fn index(self) -> usize {
        Self::ALL
            .iter()
            .position(|speed| *speed == self)
            .unwrap_or(2)
    }

    /// The speed at a position; real time for any other number.
    pub fn at(index: usize) -> Self {
        Self::ALL.get(index).copied().unwrap_or(Self::Percent(100))
    }
}

/// Where simulated time has come to, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    now: f64,
    last: Option<f64>,
}

impl Clock {
    /// Starts again from a moment.
    pub fn set(&mut self, at: u64) {
        self.now = at as f64;
        self.last = None;
    }

    /// A frame is painted at `stamp` milliseconds of real time: up to which moment shall the run go? Never past `limit`.
    pub fn tick(&mut self, stamp: f64, speed: Speed, limit: u64) -> u64 {
        let passed = self
            .last
            .map_or(0.0, |last| (stamp - last).clamp(0.0, FRAME_MAX));
        self.last = Some(stamp);
        match speed {
            Speed::Percent(percent) => self.now += passed * 10.0 * f64::from(percent),
            Speed::Most => self.now += LEAP as f64,
        }
        self.now = self.now.min(limit as f64);
        self.now as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_as_fast_as_it_is_told() {
        let mut clock = Clock::default();
        clock.set(1_000_000);
        assert_eq!(clock.tick(500.0, Speed::Percent(100), u64::MAX), 1_000_000);
        assert_eq!(clock.tick(516.0, Speed::Percent(100), u64::MAX), 1_016_000);
        assert_eq!(clock.tick(532.0, Speed::Percent(1600), u64::MAX), 1_272_000);
        assert_eq!(clock.tick(548.0, Speed::Percent(25), u64::MAX), 1_276_000);
        assert_eq!(clock.tick(564.0, Speed::Most, u64::MAX), 3_276_000);
    }

    #[test]
    fn a_long_absence_is_one_frame_and_the_limit_holds() {
        let mut clock = Clock::default();
        clock.tick(0.0, Speed::Percent(100), u64::MAX);
        assert_eq!(clock.tick(60_000.0, Speed::Percent(100), u64::MAX), 100_000);
        assert_eq!(clock.tick(60_100.0, Speed::Percent(1600), 150_000), 150_000);
    }

    #[test]
    fn speeds_come_back_from_settings() {
        for speed in Speed::ALL {
            assert_eq!(Speed::at(speed.index()), speed);
        }
        assert_eq!(Speed::at(99), Speed::Percent(100));
    }
}
