//! The host itself: being switched off and built anew, coming back under another boot, and saying what it is.
//!
//! **Invariants.** A host that is off hears nothing. What it was built from is durable before it goes off, and so is the
//! order that it followed, so that a repeat of the order builds nothing a second time. Tokens outlive a rebuild.

use super::{Due, Out, Record, Runner, Stage, Write};
use crate::hosts::{Facts, Message, Note as HostNote};
use crate::id::{AllocationId, DrainId};
use crate::message::Observed;
use crate::note::Note;
use alloc::vec::Vec;
use machine::{Context, Duration, NodeId, Time};

/// What a host was built from, and on whose order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Built {
    /// What is so about it.
    pub facts: Facts,
    /// The drain and the attempt that it was built for, if any.
    pub order: Option<(DrainId, u32)>,
}

/// The host as its agent knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Machine {
    /// What it was built from.
    pub built: Built,
    /// Which boot this is; rises with each.
    pub boot: u32,
    /// Until when it is switched off, if it is.
    pub off_until: Option<Time>,
}

impl Machine {
    /// A host that was always there.
    pub(super) const fn new(facts: Facts) -> Self {
        Self {
            built: Built { facts, order: None },
            boot: 1,
            off_until: None,
        }
    }
}

/// The number of a boot that begins now: it rises faster than a host can be restarted.
pub(super) fn boot(now: Time) -> u32 {
    u32::try_from(now.0 / 100_000)
        .unwrap_or(u32::MAX - 1)
        .saturating_add(1)
}

impl Runner {
    /// The host as its agent knows it.
    #[must_use]
    pub const fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Whether the host is switched off.
    #[must_use]
    pub const fn is_off(&self) -> bool {
        self.machine.off_until.is_some()
    }

    /// Something was said to the host or its agent.
    pub(super) fn on_host_message(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        message: Message,
    ) {
        match message {
            Message::Install {
                drain,
                attempt,
                takes,
                facts,
                nth,
            } => {
                let ack = Message::Installing {
                    drain,
                    attempt,
                    nth,
                };
                out.send(from, crate::message::Message::Host(ack));
                if self.machine.built.order < Some((drain, attempt)) {
                    self.switch_off(cx, out, (drain, attempt), takes, facts);
                }
            }
            Message::PostcheckAsk { drain, nth } => {
                let report = Message::PostcheckReport {
                    drain,
                    boot: self.machine.boot,
                    facts: self.machine.built.facts,
                    nth,
                };
                out.send(from, crate::message::Message::Host(report));
            }
            Message::HandPatch => {
                self.machine.built.facts.drift = true;
                self.store(out, Record::Host(self.machine.built), Write::End);
                out.note(Note::Host(HostNote::Patched));
            }
            // Everything else is said to others.
            _ => {}
        }
    }

    /// Everything on it ends, and it is built anew.
    fn switch_off(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        order: (DrainId, u32),
        takes: Duration,
        facts: Facts,
    ) {
        let live = || {
            self.slots
                .map()
                .iter()
                .filter(|(_, slot)| slot.stage != Stage::Ended)
        };
        let (running, cut) = live().fold((0_u32, 0_u32), |(running, cut), (_, slot)| {
            (running + 1, cut.saturating_add(slot.in_flight))
        });
        out.note(Note::Host(HostNote::SwitchedOff {
            version: facts.version,
            running,
            cut,
        }));
        let ids: Vec<AllocationId> = self.slots.map().keys().copied().collect();
        for id in ids {
            self.kill(out, id);
            for due in [Due::Fetch(id), Due::PullTimeout(id), Due::Stop(id)] {
                self.agenda.clear(due);
            }
            self.slots.update(id, |slot| slot.stage = Stage::Ended);
        }
        let reports: Vec<_> = self.reports.map().keys().copied().collect();
        for report in reports {
            self.reports.remove(report);
            self.agenda.clear(Due::Report(report));
        }
        let writes: Vec<_> = self.writes.map().keys().copied().collect();
        for ticket in writes {
            self.writes.remove(ticket);
        }
        self.agenda.clear(Due::Heartbeat);
        self.machine.built = Built {
            facts,
            order: Some(order),
        };
        self.machine.off_until = Some(cx.now.after(takes));
        self.store(out, Record::Host(self.machine.built), Write::End);
    }

    /// It is switched on again, if it is time.
    pub(super) fn try_switch_on(&mut self, cx: &Context<'_>, out: &mut Out) {
        if self.machine.off_until.is_none_or(|until| cx.now < until) {
            return;
        }
        self.machine.off_until = None;
        self.machine.boot = boot(cx.now).max(self.machine.boot.saturating_add(1));
        out.note(Note::Host(HostNote::SwitchedOn {
            boot: self.machine.boot,
            version: self.machine.built.facts.version,
        }));
        self.report_gone(cx, out);
        self.heartbeat(cx, out);
    }

    /// Says of everything that ran before that it is gone.
    pub(super) fn report_gone(&mut self, cx: &Context<'_>, out: &mut Out) {
        let gone: Vec<_> = self
            .works
            .map()
            .iter()
            .filter(|(_, work)| !work.over)
            .filter_map(|(id, _)| Some((*id, self.slots.get(*id)?.token)))
            .collect();
        for (id, token) in gone {
            self.report(cx, out, id, token, Observed::Gone);
        }
    }

    /// Says from which boot it speaks, where somebody wants to know.
    pub(super) fn hello(&self, out: &mut Out, nth: u32) {
        if self.installation.built.is_some() {
            let hello = Message::Hello {
                boot: self.machine.boot,
                version: self.machine.built.facts.version,
                drift: self.machine.built.facts.drift,
                nth,
            };
            out.send(
                self.installation.control,
                crate::message::Message::Host(hello),
            );
        }
    }
}
