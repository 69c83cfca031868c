//! The workloads that the simulator is measured by, on its public API, with everything on: history, fingerprint and a
//! property checked after each entry.
//!
//! **Invariants.** The entry points are not generic, so that they are compiled here, at this crate's optimisation level,
//! whoever calls them; the same calls can be made from WebAssembly.

pub mod fan_out;
pub mod goals;
pub mod hold;
pub mod mm1;
#[cfg(feature = "peers")]
pub mod peers;
pub mod ping_pong;
pub mod table;
mod watch;

pub use watch::Stopwatch;

use machine::{Knobs, Message, Subject};
use sim::{Entry, Fleet, Recording, Run, Setup, State, Watch};

/// A message that is nothing but a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Number(pub u64);

impl Message for Number {
    fn kind(&self) -> u16 {
        0
    }
    fn subject(&self) -> Subject {
        Subject {
            kind: 0,
            id: self.0,
        }
    }
    #[inline]
    fn identity(&self) -> u64 {
        self.0
    }
    fn repeatable(&self) -> bool {
        false
    }
}

/// The property checked after each entry: time does not go back, and causes come before what they cause.
#[derive(Clone, Copy, Debug, Default)]
pub struct Order {
    last: u64,
    /// How many entries broke it.
    pub broken: u64,
}

impl<F: Fleet> Watch<F> for Order {
    #[inline]
    fn after(&mut self, state: &State<F>, entry: &Entry<'_, F>) {
        let in_order = (entry.at.0 >= self.last)
            & (entry.cause.unwrap_or(0) <= entry.step)
            & (state.now() == entry.at);
        if !in_order {
            self.broken += 1;
        }
        self.last = entry.at.0;
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// So many events are pending; each one taken plans the next.
    Hold(u32),
    /// Two nodes send a message to and fro, one tick each way.
    PingPong,
    /// One server, one queue, 90 % busy.
    Mm1,
    /// One controller sends a version to 1000 edges every 100 ms; each acknowledges.
    FanOut,
}

/// A run of one workload, past its warm-up.
///
/// Holds the run, its seed and the length of its warm-up.
pub struct Prepared(Inner, u64, u64);

enum Inner {
    Deadlines(Run<hold::Deadlines, Order>),
    Messages(Run<hold::Messages, Order>),
    PingPong(Run<ping_pong::PingPong, Order>),
    Mm1(Run<mm1::Station, Order>),
    FanOut(Run<fan_out::FanOut, Order>),
}

macro_rules! each {
    ($prepared:expr, $run:ident => $what:expr) => {
        match $prepared {
            Inner::Deadlines($run) => $what,
            Inner::Messages($run) => $what,
            Inner::PingPong($run) => $what,
            Inner::Mm1($run) => $what,
            Inner::FanOut($run) => $what,
        }
    };
}

impl Prepared {
    /// Sets a workload up and warms it up.
    #[must_use]
    pub fn new(workload: Workload, seed: u64, recording: Recording) -> Self {
        let (inner, warm_up) = match workload {
            Workload::Hold(pending @ ..=60_000) => (
                Inner::Deadlines(start(hold::deadlines(pending as u16, seed), recording)),
                3 * u64::from(pending),
            ),
            Workload::Hold(pending) => (
                Inner::Messages(start(hold::messages(pending, seed), recording)),
                2 * u64::from(pending),
            ),
            Workload::PingPong => (
                Inner::PingPong(start(ping_pong::setup(seed), recording)),
                1000,
            ),
            Workload::Mm1 => (Inner::Mm1(start(mm1::setup(seed), recording)), 1000),
            Workload::FanOut => (Inner::FanOut(start(fan_out::setup(seed), recording)), 4000),
        };
        let mut prepared = Self(inner, seed, warm_up);
        prepared.run(warm_up);
        prepared
    }

    /// Begins anew in the room that has been taken, and warms up.
    pub fn again(&mut self) {
        match &mut self.0 {
            Inner::Deadlines(run) => run.reset(
                hold::deadlines(run.state().fleet().len(), self.1),
                Order::default(),
            ),
            Inner::Messages(run) => run.reset(
                hold::messages(run.state().fleet().pending(), self.1),
                Order::default(),
            ),
            Inner::PingPong(run) => run.reset(ping_pong::setup(self.1), Order::default()),
            Inner::Mm1(run) => run.reset(mm1::setup(self.1), Order::default()),
            Inner::FanOut(run) => run.reset(fan_out::setup(self.1), Order::default()),
        }
        self.run(self.2);
    }

    /// Does so many steps; returns how many there were.
    pub fn run(&mut self, steps: u64) -> u64 {
        each!(&mut self.0, run => run.run(steps))
    }

    /// Makes room in the history for so many entries.
    pub fn reserve(&mut self, entries: u32) {
        each!(&mut self.0, run => run.reserve(entries));
    }

    /// The rolling fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        each!(&self.0, run => run.fingerprint())
    }

    /// How many entries broke the property.
    #[must_use]
    pub fn broken(&self) -> u64 {
        each!(&self.0, run => run.watch().broken)
    }

    /// Bytes of history per entry.
    #[must_use]
    pub fn bytes_per_entry(&self) -> u64 {
        each!(&self.0, run => run.history().bytes() / run.history().len().max(1))
    }

    /// Goes to a step of the past.
    ///
    /// # Panics
    /// If the past comes out differently.
    pub fn seek(&mut self, step: u64) {
        each!(&mut self.0, run => run.seek(step).unwrap_or_else(|error| panic!("{error}")));
    }
}

fn start<F: Fleet>(mut setup: Setup<F>, recording: Recording) -> Run<F, Order> {
    setup.recording = recording;
    Run::new(setup, Order::default())
}

/// No knobs.
#[must_use]
pub fn knobs() -> Knobs {
    Knobs::defaults(&[])
}
