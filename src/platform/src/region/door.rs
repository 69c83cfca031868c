//! The door: sends each visitor to the nearest region that it may send visitors to.
//!
//! **Invariants.** The door asks for its permissions, and each lasts for so long after the moment at which it asked, however
//! long the answer was on its way; when the region service cannot be heard, permissions run out. Nothing is durable: a door
//! that comes back sends nobody anywhere until it is told to.

use crate::gate;
use crate::id::{Region, Token};
use crate::knob;
use crate::ledger::Ledger;
use crate::message::Message;
use crate::note::Note;
use crate::region::message::{Message as Say, Note as Tell};
use alloc::vec::Vec;
use machine::{Context, Duration, Fact, Input, Machine, NodeId, Step, Time, fingerprint::digest};

type Out = Step<Message, crate::region::Record, Note>;

/// A permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Lease {
    token: Token,
    until: Time,
}

/// The door.
#[derive(Clone, Debug)]
pub struct Door {
    service: NodeId,
    sites: Vec<NodeId>,
    leases: Ledger<Region, Lease>,
    /// The highest token whose permission was taken back.
    revoked: Ledger<Region, Token>,
    /// Who has been sent somewhere and not been answered.
    visitors: Ledger<u32, NodeId>,
    /// When it asks again.
    next: Time,
    nth: u32,
}

impl Door {
    /// A door to these regions, in the order of their numbers.
    #[must_use]
    pub fn new(service: NodeId, sites: Vec<NodeId>) -> Self {
        Self {
            service,
            sites,
            leases: Ledger::default(),
            revoked: Ledger::default(),
            visitors: Ledger::default(),
            next: Time(0),
            nth: 0,
        }
    }

    fn renew(&mut self, cx: &Context<'_>, out: &mut Out) {
        // Three times while a permission lasts, so that one lost message closes nothing.
        self.next = cx
            .now
            .after(Duration(cx.knobs.time(&knob::REGION_LEASE).0 / 3));
        self.nth = self.nth.saturating_add(1);
        let (at, nth) = (cx.now, self.nth);
        out.send(self.service, Message::Region(Say::Renew { at, nth }));
    }

    /// Whether visitors would be sent to a region at a moment of the door's clock.
    #[must_use]
    pub fn is_open(&self, region: Region, now: Time) -> bool {
        self.leases
            .get(region)
            .is_some_and(|lease| now < lease.until)
    }

    fn on_lease(&mut self, cx: &Context<'_>, out: &mut Out, region: Region, lease: Lease) {
        // Tokens begin with 1; whoever was revoked needs a higher one.
        let least = self.revoked.get(region).map_or(0, |token| token.0 + 1);
        let known = self.leases.get(region).map_or(0, |lease| lease.token.0);
        let fact = Fact::at_least(lease.token.0.into(), least.max(known).into());
        if out
            .require(cx, &gate::LEASE_CURRENT, region.into(), fact)
            .is_err()
        {
            return;
        }
        if !self.is_open(region, cx.now) {
            out.note(Note::Region(Tell::Opened { region }));
        }
        // A permission that was long on its way takes nothing from one that arrived before it.
        let until = self
            .leases
            .get(region)
            .map_or(lease.until, |known| known.until.max(lease.until));
        self.leases.insert(region, Lease { until, ..lease });
    }

    fn on_visit(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        visit: u32,
        home: Region,
    ) {
        let others = (0..self.sites.len() as u8)
            .map(Region)
            .filter(|region| *region != home);
        let nearest: Vec<Region> = core::iter::once(home).chain(others).collect();
        let goes = nearest.into_iter().find(|region| {
            self.leases.get(*region).is_some_and(|lease| {
                let unexpired = Fact::below(cx.now.0, lease.until.0);
                out.require(cx, &gate::REGION_LEASE, (*region).into(), unexpired)
                    .is_ok()
            })
        });
        let site = goes.and_then(|region| Some((region, *self.sites.get(usize::from(region.0))?)));
        match site {
            Some((region, node)) => {
                self.visitors.insert(visit, from);
                out.note(Note::Region(Tell::Sent { visit, region }));
                out.send(node, Message::Region(Say::Forward { visit, region }));
            }
            None => {
                out.note(Note::Region(Tell::NowhereToGo { visit }));
                out.send(from, Message::Region(Say::Answer { visit, ok: false }));
            }
        }
    }

    fn on_message(&mut self, cx: &Context<'_>, out: &mut Out, from: NodeId, message: Say) {
        match message {
            Say::Lease {
                region,
                token,
                asked,
                lasts,
                ..
            } => {
                let until = asked.after(lasts);
                self.on_lease(cx, out, region, Lease { token, until });
            }
            Say::Revoke { region, token, nth } => {
                let known = self.revoked.get(region).copied();
                if known.is_none_or(|known| known < token) {
                    self.revoked.insert(region, token);
                }
                if self
                    .leases
                    .get(region)
                    .is_some_and(|lease| lease.token <= token)
                {
                    self.leases.remove(region);
                    out.note(Note::Region(Tell::Closed { region }));
                }
                let service = self.service;
                out.send(
                    service,
                    Message::Region(Say::Revoked { region, token, nth }),
                );
            }
            Say::Visit { visit, home } => self.on_visit(cx, out, from, visit, home),
            Say::Served { visit, ok, .. } => {
                if let Some(visitor) = self.visitors.remove(visit) {
                    out.send(visitor, Message::Region(Say::Answer { visit, ok }));
                }
            }
            // Everything else is said to others.
            _ => {}
        }
    }
}

impl Machine for Door {
    type Message = Message;
    type Record = crate::region::Record;
    type Note = Note;

    fn step(&mut self, cx: &Context<'_>, input: Input<Message>, out: &mut Out) {
        match input {
            Input::Message {
                from,
                message: Message::Region(message),
            } => self.on_message(cx, out, from, message),
            Input::Deadline => self.renew(cx, out),
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        Some(self.next)
    }

    fn restart(&mut self, cx: &Context<'_>, _: &[Self::Record], out: &mut Out) {
        *self = Self::new(self.service, self.sites.clone());
        // No number is used twice: it asks less than once per millisecond.
        self.nth = u32::try_from(cx.now.0 / 1_000).unwrap_or(u32::MAX / 2);
        self.renew(cx, out);
    }

    fn fingerprint(&self) -> u64 {
        digest(&(
            self.leases.fingerprint(),
            self.revoked.fingerprint(),
            self.visitors.fingerprint(),
            self.next,
            self.nth,
        ))
    }
}
