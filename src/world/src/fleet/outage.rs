//! Providers that somebody else runs: each answers for every region, well or not, and says something of itself on a page.

use super::Stored;
use alloc::vec::Vec;
use machine::fingerprint::digest;
use machine::{Context, Duration, Input, NodeId, SortedMap, Step, Time};
use platform::id::Region;
use platform::message::{Command, Message};
use platform::note::Note;
use platform::outage::{
    Command as Order, DependencyId, Message as Say, Note as Tell, Provider as Kind,
};

/// How long a certificate is good.
const GOOD_FOR: Duration = Duration::secs(24 * 60 * 60);

/// In which way a provider is in trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ailment {
    /// It says that it cannot.
    Down,
    /// It takes so much longer.
    Slow(Duration),
    /// Its certificate has expired.
    Certificate,
    /// It takes no secret that it was given before.
    Credentials,
}

/// Trouble of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ill {
    /// Whose.
    pub provider: Kind,
    /// In which way.
    pub ailment: Ailment,
    /// Only in this region.
    pub region: Option<Region>,
    /// From when.
    pub from: Time,
    /// Until when.
    pub until: Time,
    /// Whether its page is silent about it.
    pub unsaid: bool,
}

/// A provider.
#[derive(Clone, Debug)]
pub struct Supplier {
    ills: Vec<Ill>,
    lag: Duration,
    /// The newest secret that it was told to take.
    secret: u32,
    renewed: bool,
    /// The newest question about each region.
    heard: SortedMap<DependencyId, u32>,
    /// How many calls it can answer in a second.
    capacity: Option<u32>,
    /// The second under way, the calls in it, and those in the one before.
    load: (u64, u32, u32),
    /// Answers that take their time.
    pending: Vec<(Time, NodeId, Say)>,
}

impl Supplier {
    /// A provider with this trouble, whose page lags so far behind.
    #[must_use]
    pub const fn new(ills: Vec<Ill>, lag: Duration, capacity: Option<u32>) -> Self {
        Self {
            ills,
            lag,
            secret: 1,
            renewed: false,
            heard: SortedMap::new(),
            capacity,
            load: (0, 0, 0),
            pending: Vec::new(),
        }
    }

    fn at(&self, region: Region, at: Time) -> impl Iterator<Item = &Ill> {
        self.ills.iter().filter(move |ill| {
            ill.from <= at
                && at < ill.until
                && ill.region.is_none_or(|only| only == region)
                && match ill.ailment {
                    Ailment::Certificate => !self.renewed,
                    Ailment::Credentials => self.secret == 1,
                    Ailment::Down | Ailment::Slow(_) => true,
                }
        })
    }

    /// Whether more is called for, in this second or the one before, than it can answer: then it answers nothing well.
    #[must_use]
    pub fn is_overloaded(&self, at: Time) -> bool {
        let second = at.0 / 1_000_000;
        let recent = match second.saturating_sub(self.load.0) {
            0 => self.load.1.max(self.load.2),
            1 => self.load.1,
            _ => 0,
        };
        self.capacity.is_some_and(|most| recent > most)
    }

    fn count(&mut self, at: Time) {
        let second = at.0 / 1_000_000;
        self.load = match second.saturating_sub(self.load.0) {
            0 => (second, self.load.1 + 1, self.load.2),
            1 => (second, 1, self.load.1),
            _ => (second, 1, 0),
        };
    }

    /// Whether it is in trouble in a region at a moment.
    #[must_use]
    pub fn is_ill(&self, region: Region, at: Time) -> bool {
        self.at(region, at).next().is_some()
    }

    /// Whether it is or was in trouble in any region.
    #[must_use]
    pub fn was_ill(&self, at: Time) -> bool {
        self.ills.iter().any(|ill| ill.from <= at)
    }

    /// The region that alone it is or was in trouble in.
    #[must_use]
    pub fn only_in(&self, at: Time) -> Option<Region> {
        let begun = self.ills.iter().filter(|ill| ill.from <= at);
        begun.filter_map(|ill| ill.region).next()
    }

    /// What its page says: whether all is well.
    #[must_use]
    pub fn says_well(&self, at: Time) -> bool {
        let then = Time(at.0.saturating_sub(self.lag.0));
        !self
            .ills
            .iter()
            .any(|ill| !ill.unsaid && ill.from <= then && then < ill.until)
    }

    pub(super) fn step(
        &mut self,
        cx: &Context<'_>,
        input: Input<Message>,
        step: &mut Step<Message, Stored, Note>,
    ) {
        match input {
            Input::Message {
                from,
                message:
                    Message::Outage(Say::Probe {
                        dependency,
                        secret,
                        nth,
                    }),
            } => {
                let ailments: Vec<Ailment> = self
                    .at(dependency.region(), cx.now)
                    .map(|ill| ill.ailment)
                    .collect();
                let has = |ailment| ailments.contains(&ailment);
                let answer = Say::Answer {
                    dependency,
                    ok: !has(Ailment::Down) && !self.is_overloaded(cx.now),
                    taken: !has(Ailment::Credentials) && secret <= self.secret,
                    good_until: if has(Ailment::Certificate) {
                        cx.now
                    } else {
                        cx.now.after(GOOD_FOR)
                    },
                    nth,
                };
                let late = ailments.iter().find_map(|ailment| match ailment {
                    Ailment::Slow(by) => Some(*by),
                    _ => None,
                });
                // A second copy of a question is answered once.
                let new = self.heard.get(&dependency).is_none_or(|old| *old < nth);
                match late {
                    Some(_) if !new => {}
                    Some(by) => {
                        self.heard.insert(dependency, nth);
                        self.pending.push((cx.now.after(by), from, answer));
                    }
                    None => step.send(from, Message::Outage(answer)),
                }
            }
            Input::Message {
                from,
                message:
                    Message::Outage(Say::Call {
                        dependency,
                        nth,
                        tries,
                    }),
            } => {
                self.count(cx.now);
                let fails = self
                    .at(dependency.region(), cx.now)
                    .any(|ill| matches!(ill.ailment, Ailment::Down | Ailment::Certificate));
                let called = Say::Called {
                    dependency,
                    ok: !fails && !self.is_overloaded(cx.now),
                    nth,
                    tries,
                };
                step.send(from, Message::Outage(called));
            }
            Input::Message {
                from,
                message:
                    Message::Outage(Say::Rotate {
                        provider,
                        secret,
                        nth,
                    }),
            } => {
                self.secret = self.secret.max(secret);
                let taken = Say::Rotated {
                    provider,
                    secret,
                    nth,
                };
                step.send(from, Message::Outage(taken));
            }
            Input::Message {
                message: Message::Command(Command::Outage(Order::RenewCertificate { provider })),
                ..
            } => {
                self.renewed = true;
                step.note(Note::Outage(Tell::CertificateRenewed { provider }));
            }
            Input::Deadline => {
                let now = cx.now;
                for (_, to, answer) in self.pending.extract_if(.., |(at, ..)| *at <= now) {
                    step.send(to, Message::Outage(answer));
                }
            }
            _ => {}
        }
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        self.pending.iter().map(|(at, ..)| *at).min()
    }

    /// It is gone for a while; what it was told stays.
    pub(super) fn restart(&mut self) {
        self.pending.clear();
    }

    pub(super) fn fingerprint(&self) -> u64 {
        digest(&(
            self.secret,
            self.renewed,
            &self.heard,
            &self.pending,
            self.load,
        ))
    }
}

/// A record of the watch.
pub(super) const fn record(stored: &Stored) -> Option<platform::outage::Record> {
    match stored {
        Stored::Watch(record) => Some(*record),
        _ => None,
    }
}

impl super::Fleet {
    /// The watch over the providers.
    #[must_use]
    pub fn watch(&self) -> Option<&platform::outage::Watch> {
        let id = self.roster.seated(super::WATCH).next()?;
        match self.node(id) {
            Some(super::Node::Watch(watch)) => Some(watch),
            _ => None,
        }
    }

    /// The providers.
    pub fn suppliers(&self) -> impl Iterator<Item = &Supplier> {
        Kind::ALL.into_iter().filter_map(|one| self.supplier(one))
    }

    /// A provider.
    #[must_use]
    pub fn supplier(&self, provider: Kind) -> Option<&Supplier> {
        let seat = super::SUPPLIERS[provider as usize];
        match self.node(self.roster.seated(seat).next()?) {
            Some(super::Node::Supplier(supplier)) => Some(supplier),
            _ => None,
        }
    }
}
