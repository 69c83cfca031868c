//! Drains of hosts: from a cordon to the host's return, step by step, each with its gates.
//!
//! **Invariants.** A drain is looked at in a fixed interval and whenever something is heard of it; what it waits for is
//! found in the tables each time, so that a crash loses nothing. A drain that cannot go on says why. What leaves the
//! node because of a step waits until that step is durable.
//!
//! The parts: `evacuate` empties a host, `upgrade` has it rebuilt and checked.

mod evacuate;
mod upgrade;

use super::{ControlPlane, Due, Image, Out};
use crate::hosts::{Command, Drain, Event, Hold, Message, Note as HostNote, State, Transition};
use crate::hosts::{Managed, Version};
use crate::id::{DrainId, OutboxId, node_subject};
use crate::ledger::Ledger;
use crate::note::Note;
use crate::{HOST_DRAIN, allocation, gate, knob};
use machine::{Context, Fact, Gate, Moved, NodeId, Row, Table, Time, fingerprint};

/// What is known of the hosts that are out of use, and of those that speak of themselves.
#[derive(Clone, Debug, Default)]
pub(super) struct Hosts {
    pub(super) drains: Table<Drain>,
    /// The boot, version and drift that each agent last spoke of; lost in a crash.
    said: Ledger<NodeId, Said>,
    /// What each runner last said to have promised; lost in a crash.
    used: Ledger<NodeId, Used>,
    /// How often something was asked of whom; lost in a crash, and counted on from the clock.
    asked: u32,
    /// When the provider last answered, and the newest ask that it answered.
    provider: Option<(Time, u32)>,
}

/// What an agent last said of its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Said {
    boot: u32,
    version: Version,
    drift: bool,
    nth: u32,
}

/// What a runner last said to have promised to what runs on its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Used {
    nth: u32,
    bytes: u64,
    at: Time,
}

impl Hosts {
    /// The digest of all of it.
    pub(super) fn fingerprint(&self) -> u64 {
        fingerprint::digest(&(
            self.drains.fingerprint(),
            self.said.fingerprint(),
            self.used.fingerprint(),
            self.asked,
            self.provider,
        ))
    }
}

impl ControlPlane {
    /// The drains of hosts, newest last.
    #[must_use]
    pub const fn drains(&self) -> &Table<Drain> {
        &self.hosts.drains
    }

    /// What it was told of the hosts that it may upgrade.
    #[must_use]
    pub const fn managed(&self) -> Option<&Managed> {
        self.installation.managed.as_ref()
    }

    /// The drain that keeps a host out of use.
    pub(super) fn drain_of(&self, host: NodeId) -> Option<(DrainId, Drain)> {
        self.hosts
            .drains
            .iter()
            .rev()
            .find(|(_, row)| row.value.host == host && row.value.is_active())
            .map(|(id, row)| (DrainId(id), row.value))
    }

    /// Whether nothing new may be placed on a host.
    pub(super) fn is_cordoned(&self, host: NodeId) -> bool {
        !self.hosts.drains.is_empty() && self.drain_of(host).is_some()
    }

    fn drain_row(&self, id: DrainId) -> Option<Drain> {
        self.hosts.drains.get(id.0).map(|row| row.value)
    }

    /// The drains that keep hosts out of use.
    fn active_drains(&self) -> impl Iterator<Item = (DrainId, &Drain)> {
        self.hosts
            .drains
            .iter()
            .filter(|(_, row)| row.value.is_active())
            .map(|(id, row)| (DrainId(id), &row.value))
    }

    /// An operator orders something of a host.
    pub(super) fn on_host_command(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        command: Command,
    ) -> bool {
        if self.installation.managed.is_none() {
            return false;
        }
        match command {
            Command::Cordon { host, version } => self.cordon(cx, out, host, version, false),
            Command::Drain { host, version } => self.cordon(cx, out, host, version, true),
            Command::Uncordon { host } => self.uncordon(cx, out, host),
            Command::Kill { host } => self.kill_all(cx, out, host),
            Command::Approve { version } => self.approve(cx, out, version),
            Command::DrainAll {
                hosts,
                meant,
                version,
            } => self.drain_all(cx, out, hosts, meant, version),
        }
    }

    /// An order for many hosts: all of them or, if it reaches others than were meant, none.
    fn drain_all(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        hosts: u64,
        meant: u16,
        version: Version,
    ) -> bool {
        let all = self.installation.hosts.iter().enumerate();
        let named: alloc::vec::Vec<NodeId> = all
            .filter(|(at, _)| *at < 64 && hosts >> at & 1 == 1)
            .map(|(_, host)| host.runner)
            .collect();
        let fact = Fact::equal(named.len() as u64, meant.into());
        let me = node_subject(cx.node);
        if out.require(cx, &gate::SCOPE_CONFIRMED, me, fact).is_err() {
            return false;
        }
        out.note(Note::Host(HostNote::ManyOrdered {
            hosts: named.len() as u16,
            meant,
        }));
        // All of them are out of use before any is emptied: nothing moves from one to the next.
        for host in &named {
            self.cordon(cx, out, *host, version, false);
        }
        for host in named {
            self.cordon(cx, out, host, version, true);
        }
        true
    }

    /// How many other hosts are being built.
    fn being_built(&self, id: DrainId) -> u64 {
        let others = self.active_drains().filter(|(other, _)| *other != id);
        others
            .filter(|(_, drain)| drain.state == State::Upgrading)
            .count() as u64
    }

    /// Nothing new goes to this host from here on; with `go` it is emptied and upgraded.
    fn cordon(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        host: NodeId,
        version: Version,
        go: bool,
    ) -> bool {
        if !self.installation.hosts.iter().any(|one| one.runner == host) {
            return false;
        }
        if let Some((id, drain)) = self.drain_of(host) {
            // The same wish again attaches to the drain that is there.
            if go && !drain.go {
                self.write_drain(cx, out, id, None, |drain| drain.go = true);
                self.look_at(cx, out, id);
            }
            return true;
        }
        let approved = self.is_approved(version);
        let value = Drain {
            host,
            state: State::Cordoned,
            hold: Hold::None,
            go,
            version,
            approved,
            attempt: 0,
            tries: 0,
            cordoned_at: cx.now,
            evacuating_at: Time::ZERO,
            since: cx.now,
            boot_before: 0,
            boot: 0,
            forced: 0,
            counted: None,
            regression: false,
        };
        let id = DrainId(self.hosts.drains.insert(value));
        out.moved.push(Moved {
            lifecycle: HOST_DRAIN,
            subject: id.into(),
            from: None,
            transition: None,
            to: value.state as u8,
            version: 1,
        });
        self.commit_drain(out, id, Row { version: 1, value });
        self.look_at(cx, out, id);
        true
    }

    fn is_approved(&self, version: Version) -> bool {
        let from_start = self
            .installation
            .managed
            .as_ref()
            .is_some_and(|managed| managed.approved.contains(&version));
        // Later approvals are on the rows of the drains that they were given for.
        from_start
            || self
                .hosts
                .drains
                .iter()
                .any(|(_, row)| row.value.version == version && row.value.approved)
    }

    /// An operator wants a host back: what was not begun is called off, what was checked is let go.
    fn uncordon(&mut self, cx: &Context<'_>, out: &mut Out, host: NodeId) -> bool {
        let Some((id, drain)) = self.drain_of(host) else {
            return false;
        };
        match drain.state {
            State::Cordoned | State::Evacuating => {
                let drift = self.hosts.said.get(host).is_none_or(|said| said.drift);
                if out
                    .require(cx, &gate::HOST_UNMODIFIED, id.into(), Fact::yes(!drift))
                    .is_err()
                {
                    return false;
                }
                self.write_drain(cx, out, id, Some(Transition::Aborted), |_| {});
                out.note(Note::Host(HostNote::DrainAborted { drain: id }));
                true
            }
            State::Postcheck => self.uncordon_early(cx, out, id),
            _ => false,
        }
    }

    /// An operator ends everything on a host at once. That is no drain, and is counted as what it is.
    fn kill_all(&mut self, cx: &Context<'_>, out: &mut Out, host: NodeId) -> bool {
        let Some((drain, _)) = self.drain_of(host) else {
            return false;
        };
        for id in self.live_on(host) {
            self.fail(cx, out, id, crate::message::Cause::Cancelled, true, None);
            out.note(Note::Host(HostNote::Killed {
                drain,
                allocation: id,
            }));
        }
        self.look_at(cx, out, drain);
        true
    }

    /// An operator approves a version: drains that have not got theirs yet, or got a bad one, go on with it.
    fn approve(&mut self, cx: &Context<'_>, out: &mut Out, version: Version) -> bool {
        let open: alloc::vec::Vec<DrainId> = self.active_drains().map(|(id, _)| id).collect();
        out.note(Note::Host(HostNote::Approved { version }));
        for id in open {
            let Some(drain) = self.drain_row(id) else {
                continue;
            };
            if drain.version == version && drain.approved {
                continue;
            }
            self.write_drain(cx, out, id, None, |drain| {
                if drain.version != version {
                    drain.tries = 0;
                }
                drain.version = version;
                drain.approved = true;
                drain.regression = false;
            });
            if drain.state == State::Postcheck && drain.hold == Hold::PostcheckFailed {
                self.rebuild(cx, out, id);
            }
            self.look_at(cx, out, id);
        }
        true
    }

    /// A drain's moment has come: it goes as far as it can.
    pub(super) fn look_at(&mut self, cx: &Context<'_>, out: &mut Out, id: DrainId) {
        let Some(drain) = self.drain_row(id).filter(Drain::is_active) else {
            return self.agenda.clear(Due::Drain(id));
        };
        self.agenda.set(
            Due::Drain(id),
            cx.now.after(cx.knobs.time(&knob::DRAIN_INTERVAL)),
        );
        match drain.state {
            State::Cordoned if drain.go => self.begin(cx, out, id, &drain),
            State::Evacuating => self.evacuate(cx, out, id, &drain),
            State::ReplacementReady => self.start_upgrade(cx, out, id, &drain),
            State::Upgrading => self.await_return(cx, out, id, &drain),
            State::Postcheck => self.ask_postcheck(cx, out, id, &drain),
            State::Cordoned | State::Uncordoned => {}
        }
    }

    /// All that a drain needs before it may begin.
    fn begin(&mut self, cx: &Context<'_>, out: &mut Out, id: DrainId, drain: &Drain) {
        self.ask_provider(out);
        let frozen = self.active_drains().any(|(other, value)| {
            other != id && value.regression && value.version == drain.version
        });
        let busy = self.out_of_use_in_zone(id, drain.host);
        let limit = cx.knobs.get(&knob::ZONE_LIMIT);
        let headroom = self.headroom_without(drain.host);
        let asked: [(&'static Gate, Fact, Hold); 5] = [
            (&gate::ROLLOUT_OPEN, Fact::yes(!frozen), Hold::RolloutFrozen),
            (
                &gate::PROVIDER_ANSWERS,
                self.provider_fact(cx),
                Hold::ProviderOutage,
            ),
            (&gate::ZONE_FREE, Fact::below(busy, limit), Hold::ZoneBusy),
            (
                &gate::QUORUM_HEALTHY,
                self.quorum_without(id, drain.host),
                Hold::Quorum,
            ),
            (&gate::RUNNER_HEADROOM, headroom, Hold::NoHeadroom),
        ];
        for (gate, fact, hold) in asked {
            if out.require(cx, gate, id.into(), fact).is_err() {
                // The provider was asked a moment ago: that is no outage yet.
                let asked = cx.knobs.time(&knob::DRAIN_INTERVAL).times(2);
                if hold == Hold::ProviderOutage && cx.now.since(drain.since) < asked {
                    return;
                }
                return self.hold(cx, out, id, hold);
            }
        }
        self.free(out, id, drain.hold);
        let now = cx.now;
        self.write_drain(cx, out, id, Some(Transition::EvacuationStarted), |drain| {
            drain.hold = Hold::None;
            drain.evacuating_at = now;
        });
        self.look_at(cx, out, id);
    }

    /// How many other hosts of this host's zone are being drained or upgraded.
    fn out_of_use_in_zone(&self, id: DrainId, host: NodeId) -> u64 {
        let zone = self.zone(host);
        self.active_drains()
            .filter(|(other, value)| {
                *other != id && value.state != State::Cordoned && self.zone(value.host) == zone
            })
            .count() as u64
    }

    fn zone(&self, host: NodeId) -> Option<u8> {
        let at = self
            .installation
            .hosts
            .iter()
            .position(|one| one.runner == host)?;
        self.installation.managed.as_ref()?.zones.get(at).copied()
    }

    /// The voters that would be healthy without this host, and how many a majority takes.
    fn quorum_without(&self, id: DrainId, host: NodeId) -> Fact {
        let Some(managed) = &self.installation.managed else {
            return Fact::yes(true);
        };
        // What is being emptied is as good as gone.
        let leaving = |voter: NodeId| {
            self.active_drains().any(|(other, value)| {
                other != id
                    && value.host == voter
                    && matches!(
                        value.state,
                        State::Evacuating | State::ReplacementReady | State::Upgrading
                    )
            })
        };
        let healthy = managed
            .voters
            .iter()
            .filter(|voter| **voter != host && self.is_connected(**voter) && !leaving(**voter))
            .count() as u64;
        if managed.voters.is_empty() {
            return Fact::yes(true);
        }
        Fact::at_least(healthy, managed.voters.len() as u64 / 2 + 1)
    }

    fn provider_fact(&self, cx: &Context<'_>) -> Fact {
        let ttl = cx.knobs.time(&knob::PROVIDER_TTL);
        let silent = self
            .hosts
            .provider
            .map_or(u64::MAX, |(at, _)| cx.now.since(at).0);
        Fact::at_most(silent, ttl.0)
    }

    fn next_asked(&mut self) -> u32 {
        self.hosts.asked = self.hosts.asked.saturating_add(1);
        self.hosts.asked
    }

    fn ask_provider(&mut self, out: &mut Out) {
        let nth = self.next_asked();
        if let Some(managed) = &self.installation.managed {
            out.send(
                managed.bootstrap,
                crate::message::Message::Host(Message::ProviderAsk { nth }),
            );
        }
    }

    /// A runner says how much it has promised.
    pub(super) fn hear_of_use(&mut self, cx: &Context<'_>, from: NodeId, nth: u32, bytes: u64) {
        let newer = self.hosts.used.get(from).is_none_or(|last| nth > last.nth);
        if self.installation.managed.is_some() && newer {
            let at = cx.now;
            self.hosts.used.insert(from, Used { nth, bytes, at });
        }
    }

    /// Something was said about a host.
    pub(super) fn on_host_message(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        message: Message,
    ) {
        match message {
            Message::ProviderOk { nth }
                if self.hosts.provider.is_none_or(|(_, last)| nth > last) =>
            {
                self.hosts.provider = Some((cx.now, nth));
            }
            Message::Hello {
                boot,
                version,
                drift,
                nth,
            } => self.on_hello(
                cx,
                out,
                from,
                Said {
                    boot,
                    version,
                    drift,
                    nth,
                },
            ),
            Message::PostcheckReport {
                drain, boot, facts, ..
            } => self.on_postcheck(cx, out, from, drain, boot, facts),
            // Everything else is said to others.
            _ => {}
        }
    }

    /// A drain cannot go on, and says why; nothing is written while that stays the same.
    fn hold(&mut self, cx: &Context<'_>, out: &mut Out, id: DrainId, hold: Hold) {
        if self
            .write_drain(cx, out, id, None, |drain| drain.hold = hold)
            .is_some()
        {
            out.note(Note::Host(HostNote::Held { drain: id, hold }));
        }
    }

    fn free(&self, out: &mut Out, id: DrainId, hold: Hold) {
        if hold != Hold::None {
            out.note(Note::Host(HostNote::Freed { drain: id, hold }));
        }
    }

    /// Changes a drain: along `transition` if one is given, else only its other fields.
    fn write_drain(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: DrainId,
        transition: Option<Transition>,
        change: impl FnOnce(&mut Drain),
    ) -> Option<OutboxId> {
        let old = *self.hosts.drains.get(id.0)?;
        let mut value = old.value;
        change(&mut value);
        value.state = old.value.state;
        if let Some(transition) = transition {
            value.state = old.value.state.after(transition)?;
            value.since = cx.now;
        }
        if value == old.value {
            return None;
        }
        let version = self.hosts.drains.cas(id.0, old.version, value).ok()?;
        if let Some(transition) = transition {
            out.moved.push(Moved {
                lifecycle: HOST_DRAIN,
                subject: id.into(),
                from: Some(old.value.state as u8),
                transition: Some(transition as u8),
                to: value.state as u8,
                version,
            });
        }
        Some(self.commit_drain(out, id, Row { version, value }))
    }

    fn commit_drain(&mut self, out: &mut Out, id: DrainId, row: Row<Drain>) -> OutboxId {
        let event = crate::message::Event::Host(Event {
            drain: id,
            host: row.value.host,
            to: row.value.state,
            hold: row.value.hold,
            version: row.version,
        });
        self.commit(out, event, Image::Drain(id, row))
    }

    /// Goes on with the drains that a crash came into.
    pub(super) fn resume_drains(&mut self, cx: &Context<'_>) {
        // Nothing is asked more often than once in a millisecond, so no number is used twice.
        self.hosts.asked = u32::try_from(cx.now.0 / 1_000).unwrap_or(u32::MAX / 2);
        let open: alloc::vec::Vec<DrainId> = self.active_drains().map(|(id, _)| id).collect();
        for id in open {
            self.agenda.set(
                Due::Drain(id),
                cx.now.after(cx.knobs.time(&knob::DRAIN_INTERVAL)),
            );
        }
    }

    /// Asks whether something may be placed on a host; not asked while every host is in use.
    pub(super) fn placeable(&self, cx: &Context<'_>, out: &mut Out, host: NodeId) -> bool {
        if self.active_drains().next().is_none() {
            return true;
        }
        let fact = Fact::yes(!self.is_cordoned(host));
        out.require(cx, &gate::HOST_NOT_CORDONED, node_subject(host), fact)
            .is_ok()
    }

    /// Whether an allocation counts as one that its app can spare no longer.
    fn serves(value: &super::Allocation) -> bool {
        value.state == allocation::State::Ready && value.serving && !value.leaving
    }
}
