//! The runner: pulls, verifies, mounts, launches, checks and stops what it was ordered to run, and reports what it saw.
//!
//! **Invariants.** It reports; it decides nothing about routes or wakes. The highest token it has seen for an allocation
//! is durable before it acts on it, so that an overtaken order cannot start anything, not even after a crash.
//! [`Machine::restart`] is also how it starts for the first time.
//!
//! The parts: `order` takes orders, `fetch` gets bytes and secrets and launches, `watch` follows the process, `stop`
//! drains and stops, `serve` hands requests over, `effect` keeps what they change, `report` repeats what was seen until it is acknowledged, `host`
//! is the host itself, `sessions` keeps a state for each tab, in what `held` declares.

mod effect;
mod fetch;
mod held;
mod host;
mod order;
mod report;
mod serve;
mod sessions;
mod slot;
mod stop;
mod watch;

pub use held::Socket;
pub use host::{Built, Machine as Host};
pub use slot::{Slot, Stage};

use crate::agenda::Agenda;
use crate::cleanup::Message as Kept;
use crate::id::{AllocationId, Digest, ReportId, RequestId, Token};
use crate::knob;
use crate::ledger::Ledger;
use crate::message::Message;
use crate::note::Note;
use crate::traces::Message as Say;
use machine::SortedMap;
use machine::{
    Context, HostEvent, Input, Machine, NodeId, ProcessId, Step, Ticket, Time, fingerprint,
};
use report::Pending;
use serve::Serving;
use slot::Work;

/// What a step of a runner fills.
type Out = Step<Message, Record, Note>;

/// What the runner is told at its installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Installation {
    /// The control plane it obeys.
    pub control: NodeId,
    /// The artifact store.
    pub store: NodeId,
    /// The vault of secrets.
    pub vault: NodeId,
    /// The product's database, if what requests change is kept in one.
    pub product: Option<NodeId>,
    /// What its host is built from, where hosts are upgraded.
    pub built: Option<crate::hosts::Facts>,
    /// What its allocations go by that keep sessions.
    pub sessions: Option<crate::sessions::Terms>,
}

/// What the runner stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// The highest token of an allocation.
    Slot {
        /// Which allocation.
        allocation: AllocationId,
        /// Its highest token.
        token: Token,
        /// Whether it shall not run any more.
        ended: bool,
    },
    /// What the host was built from.
    Host(Built),
}

/// What a write was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Write {
    /// An order: it may be acted on.
    Order(AllocationId, Token),
    /// A stop: it may be reported.
    Stop(AllocationId, Token, u32, bool),
    /// An end that was reported before.
    End,
}

/// What a runner has put on its agenda.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Due {
    /// It says that it is there.
    Heartbeat,
    /// The store or the vault has not answered.
    Fetch(AllocationId),
    /// The pull takes too long.
    PullTimeout(AllocationId),
    /// The next readiness check.
    Probe(AllocationId),
    /// The drain deadline.
    Stop(AllocationId),
    /// A report was not acknowledged.
    Report(ReportId),
    /// The product's database has not confirmed something.
    Effect(RequestId),
    /// Something about a session.
    Session(crate::sessions::Due),
}

/// The name of what runs: the bytes' digest, folded with what is missing around them.
#[must_use]
pub const fn image(bytes: Digest, mounted: bool) -> u64 {
    if mounted {
        bytes.0
    } else {
        fingerprint::fold(bytes.0, 1)
    }
}

/// A runner.
#[derive(Clone, Debug)]
pub struct Runner {
    installation: Installation,
    slots: Ledger<AllocationId, Slot>,
    works: Ledger<AllocationId, Work>,
    reports: Ledger<ReportId, Pending>,
    serving: Ledger<RequestId, Serving>,
    changing: Ledger<RequestId, effect::Changing>,
    writes: Ledger<Ticket, Write>,
    /// Which allocation a process belongs to; follows from the slots.
    processes: SortedMap<ProcessId, AllocationId>,
    agenda: Agenda<Due>,
    /// Counters. Each begins, after a crash, above whatever it can have reached before.
    last_report: u64,
    last_heartbeat: u32,
    last_process: u32,
    last_ticket: u64,
    sessions: held::Sessions,
    machine: host::Machine,
}

impl Runner {
    /// A runner on an empty host.
    #[must_use]
    pub fn new(installation: Installation) -> Self {
        Self {
            installation,
            slots: Ledger::default(),
            works: Ledger::default(),
            reports: Ledger::default(),
            serving: Ledger::default(),
            changing: Ledger::default(),
            writes: Ledger::default(),
            processes: SortedMap::new(),
            agenda: Agenda::default(),
            last_report: 0,
            last_heartbeat: 0,
            last_process: 0,
            last_ticket: 0,
            sessions: held::Sessions::default(),
            machine: host::Machine::new(
                installation
                    .built
                    .unwrap_or(crate::hosts::Facts::right(crate::hosts::Version(1))),
            ),
        }
    }

    /// The allocations on this host, those that have ended included.
    #[must_use]
    pub const fn slots(&self) -> &SortedMap<AllocationId, Slot> {
        self.slots.map()
    }

    fn on_message(&mut self, cx: &Context<'_>, out: &mut Out, from: NodeId, message: Message) {
        match message {
            Message::Order {
                allocation,
                token,
                deployment,
                digest,
                limit,
                epoch,
                ..
            } => {
                self.on_order(
                    cx,
                    out,
                    allocation,
                    order::Order {
                        token,
                        deployment,
                        digest,
                        limit,
                        epoch,
                    },
                );
            }
            Message::Stop {
                allocation,
                token,
                drain,
                ..
            } => self.on_stop(cx, out, allocation, token, drain),
            Message::ReportAck { report, .. } => self.on_report_ack(cx, out, report),
            Message::PullDone {
                allocation,
                bytes,
                nth,
                ..
            } => self.on_pull_done(cx, out, allocation, bytes, nth),
            Message::Cleanup(Kept::Absent {
                allocation, nth, ..
            }) => self.on_absent(cx, out, allocation, nth),
            Message::Secrets {
                allocation,
                complete,
                nth,
                ..
            } => self.on_secrets(cx, out, allocation, complete, nth),
            Message::Dispatch {
                request,
                allocation,
                epoch,
            } => self.on_dispatch(cx, out, from, request, allocation, epoch),
            Message::Traces(Say::Hand {
                request,
                allocation,
                epoch,
                claim,
            }) => self.on_hand(cx, out, from, (request, allocation, epoch, claim)),
            Message::Traces(Say::Effected { request, .. }) => self.on_effected(cx, out, request),
            Message::Sessions(message) => self.on_session(cx, out, from, message),
            Message::Command(crate::message::Command::Sessions(order)) => {
                self.on_session_order(cx, out, order);
            }
            Message::Host(message) => self.on_host_message(cx, out, from, message),
            // Everything else is said to others.
            _ => {}
        }
    }

    fn on_host(&mut self, cx: &Context<'_>, out: &mut Out, event: HostEvent) {
        match event {
            HostEvent::Up { process } => self.on_up(cx, out, process),
            HostEvent::Probed {
                process,
                nth,
                ready,
                reason,
            } => self.on_probed(cx, out, process, nth, ready, reason),
            HostEvent::Served {
                process,
                request,
                ok,
            } => self.on_served(cx, out, process, RequestId(request), ok),
            HostEvent::Exited { process, code, oom } => self.on_exited(cx, out, process, code, oom),
        }
    }

    fn on_deadline(&mut self, cx: &Context<'_>, out: &mut Out) {
        for due in self.agenda.take_due(cx.now) {
            match due {
                Due::Heartbeat => self.heartbeat(cx, out),
                Due::Fetch(id) => self.fetch_again(cx, out, id),
                Due::PullTimeout(id) => self.pull_too_long(cx, out, id),
                Due::Probe(id) => self.probe(cx, out, id),
                Due::Stop(id) => self.try_stop(cx, out, id),
                Due::Report(id) => self.send_report(cx, out, id),
                Due::Effect(request) => self.send_effect(cx, out, request),
                Due::Session(due) => self.session_due(cx, out, due),
            }
        }
    }

    /// Says that it is there, and how busy each of its allocations is.
    fn heartbeat(&mut self, cx: &Context<'_>, out: &mut Out) {
        self.last_heartbeat = self.last_heartbeat.saturating_add(1);
        let nth = self.last_heartbeat;
        let live = || {
            self.slots
                .map()
                .iter()
                .filter(|(_, slot)| slot.stage != Stage::Ended)
        };
        let used = live().fold(0_u64, |sum, (_, slot)| sum.saturating_add(slot.limit));
        out.send(self.installation.control, Message::Heartbeat { nth, used });
        for (id, slot) in live() {
            // Somebody at the other end of a socket is somebody.
            let in_flight = slot.in_flight + self.sessions.attached(*id);
            let idle = if in_flight > 0 {
                machine::Duration::ZERO
            } else {
                cx.now.since(slot.busy_at)
            };
            let activity = Message::Activity {
                allocation: *id,
                token: slot.token,
                in_flight,
                idle,
                nth,
            };
            out.send(self.installation.control, activity);
        }
        self.hello(out, nth);
        self.agenda.set(
            Due::Heartbeat,
            cx.now.after(cx.knobs.time(&knob::HEARTBEAT)),
        );
    }

    /// Makes a record durable.
    fn store(&mut self, out: &mut Out, record: Record, write: Write) {
        self.last_ticket += 1;
        let ticket = Ticket(self.last_ticket);
        self.writes.insert(ticket, write);
        out.persists.push(machine::Persist { ticket, record });
    }

    fn on_persisted(&mut self, cx: &Context<'_>, out: &mut Out, ticket: Ticket) {
        match self.writes.remove(ticket) {
            Some(Write::Order(id, token)) => self.begin(cx, out, id, token),
            Some(Write::Stop(id, token, in_flight, reached)) => {
                self.stopped(cx, out, id, token, in_flight, reached)
            }
            Some(Write::End) | None => {}
        }
    }
}

impl Machine for Runner {
    type Message = Message;
    type Record = Record;
    type Note = Note;

    fn step(&mut self, cx: &Context<'_>, input: Input<Message>, out: &mut Out) {
        if self.is_off() {
            return self.try_switch_on(cx, out);
        }
        match input {
            Input::Message { from, message } => self.on_message(cx, out, from, message),
            Input::Deadline => self.on_deadline(cx, out),
            Input::Persisted(ticket) => self.on_persisted(cx, out, ticket),
            Input::Host(event) => self.on_host(cx, out, event),
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.machine.off_until.or_else(|| self.agenda.next())
    }

    fn restart(&mut self, cx: &Context<'_>, durable: &[Record], out: &mut Out) {
        *self = Self::new(self.installation);
        // Each of these counts slower than the clock does in these units, so that no number is used twice.
        self.last_report = cx.now.0;
        self.last_heartbeat = u32::try_from(cx.now.0 / 100_000).unwrap_or(u32::MAX / 2);
        self.last_process = u32::try_from(cx.now.0 / 1_000).unwrap_or(u32::MAX / 2);
        self.machine.boot = host::boot(cx.now);
        self.sessions.begin(cx.now);
        self.recover(cx, out, durable);
        self.heartbeat(cx, out);
    }

    fn fingerprint(&self) -> u64 {
        let counters = (
            self.last_report,
            self.last_heartbeat,
            self.last_process,
            self.last_ticket,
        );
        let state = (
            self.slots.fingerprint(),
            self.works.fingerprint(),
            self.reports.fingerprint(),
            self.serving.fingerprint(),
            self.writes.fingerprint(),
            self.agenda.fingerprint(),
        );
        let mut all = fingerprint::digest(&(counters, state));
        if self.installation.product.is_some() {
            all = fingerprint::fold(all, self.changing.fingerprint());
        }
        if self.installation.sessions.is_some() {
            all = fingerprint::fold(all, self.sessions.fingerprint());
        }
        if self.installation.built.is_some() {
            fingerprint::fold(all, fingerprint::digest(&self.machine))
        } else {
            all
        }
    }
}
