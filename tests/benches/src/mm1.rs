//! M/M/1: customers arrive at random and are served one at a time; two events each.

use crate::{Number, knobs, table};
use machine::fingerprint::fold;
use machine::{Context, Input, NodeId, Step, Time};
use sim::{Fleet, Setup};

/// Mean time between arrivals, in ticks; a service takes nine tenths of it.
pub const MEAN: u64 = 10_000;

/// One server and its queue.
#[derive(Clone)]
pub struct Station {
    arrivals: std::sync::Arc<[u64]>,
    services: std::sync::Arc<[u64]>,
    random: u64,
    present: u64,
    next_arrival: u64,
    next_departure: u64,
}

/// The system.
#[must_use]
pub fn setup(seed: u64) -> Setup<Station> {
    let station = Station {
        arrivals: table::exponential(MEAN).into(),
        services: table::exponential(MEAN * 9 / 10).into(),
        random: seed,
        present: 0,
        next_arrival: 0,
        next_departure: u64::MAX,
    };
    Setup::new(station, seed, knobs())
}

impl Fleet for Station {
    type Message = Number;
    type Record = u8;
    type Note = u8;

    fn nodes(&self) -> u16 {
        1
    }
    #[inline]
    fn step(
        &mut self,
        _: NodeId,
        cx: &Context<'_>,
        _: Input<Number>,
        _: &mut Step<Number, u8, u8>,
    ) {
        self.random = table::next(self.random);
        let place = table::place(self.random);
        if self.next_arrival <= self.next_departure {
            self.present += 1;
            self.next_arrival = cx.now.0 + self.arrivals[place];
            if self.present == 1 {
                self.random = table::next(self.random);
                self.next_departure = cx.now.0 + self.services[table::place(self.random)];
            }
        } else {
            self.present -= 1;
            self.next_departure = if self.present > 0 {
                cx.now.0 + self.services[place]
            } else {
                u64::MAX
            };
        }
    }
    #[inline]
    fn deadline(&self, _: NodeId) -> Option<Time> {
        Some(Time(self.next_arrival.min(self.next_departure)))
    }
    fn restart(&mut self, _: NodeId, _: &Context<'_>, _: &[u8], _: &mut Step<Number, u8, u8>) {}
    #[inline]
    fn fingerprint(&self, _: NodeId) -> u64 {
        fold(self.random, self.present)
    }
}
