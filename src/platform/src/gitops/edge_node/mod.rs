//! EN: the executor. It obeys the newest order for each deployment and says what came of it until that is confirmed.
//!
//! **Invariants.** An order is on disk before anything is done about it and before it is confirmed; so is what came of it
//! before it is reported. What was removed leaves its token behind, so that no older order brings it back. After a crash
//! what had passed its checks is started again, what was under way is done again, and everything is reported anew.

mod work;

use super::{
    Cause, Item, Message as Say, Note as Tell, Observed, Order, Report, Revision, Work, image,
};
use crate::agenda::Agenda;
use crate::gate;
use crate::knob;
use crate::ledger::Ledger;
use crate::message::Message;
use crate::note::Note;
use alloc::vec::Vec;
use machine::{
    Context, Fact, HostCall, HostEvent, Input, Machine, NodeId, Persist, ProcessId, SortedMap,
};
use machine::{Step, Ticket, Time, fingerprint::digest};

type Out = Step<Message, EdgeRecord, Note>;

/// How often a pull is asked for before it has failed.
const PULLS: u32 = 3;

/// The exit code of a container that was killed.
const KILLED: u8 = 137;

/// What EN is told at its installation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EdgeInstallation {
    /// The LO that it obeys.
    pub local: NodeId,
    /// The registry of images.
    pub registry: NodeId,
    /// Which component each deployment runs: deployments of one component share its images.
    pub components: Vec<u8>,
    /// The memory that each container may use.
    pub limit: u64,
}

/// How far an order has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// It is being written down.
    Recording,
    /// The image is on its way.
    Pulling,
    /// The container is being created.
    Creating,
    /// The container is up and being checked.
    Checking,
    /// It has passed its checks.
    Running,
    /// It did not work.
    Failed(Cause),
    /// The container is being stopped for good.
    Removing,
    /// Nothing is left.
    Removed,
}

/// How far an order had come when it was last written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// It is being carried out.
    Working,
    /// It has passed its checks.
    Passed,
    /// It did not work.
    Failed(Cause),
    /// Nothing is left.
    Removed,
}

/// A deployment on this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    /// The newest order.
    pub order: Order,
    /// How far it has come.
    pub stage: Stage,
    /// The version that passed its checks last.
    pub running: Revision,
    /// The version before that one.
    pub previous: Revision,
    /// The schema of the data.
    pub schema: u8,
    /// The code with which its last container ended.
    pub exit_code: u8,
    /// Whether what runs is healthy.
    pub healthy: bool,
    /// Health checks passed in a row.
    pub passes: u32,
    /// How many had passed in a row when it counted as running.
    pub proven: u32,
    process: Option<ProcessId>,
    probes: u32,
    pulls: u32,
    since: Time,
    report: Option<(u64, Observed)>,
}

/// What EN makes durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EdgeRecord {
    /// A deployment.
    Slot {
        /// Which.
        item: Item,
        /// The newest order.
        order: Order,
        /// How far it has come.
        mark: Mark,
        /// The version that passed its checks last.
        running: Revision,
        /// The version before that one.
        previous: Revision,
        /// The schema of the data.
        schema: u8,
        /// The code with which its last container ended.
        exit_code: u8,
        /// How many checks had passed in a row when it counted as running.
        proven: u32,
    },
    /// Whether an image is on the disk.
    Image(u32, bool),
}

/// What a write was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Write {
    /// An order: it may be confirmed and carried out.
    Begin(Item, u32),
    /// What came of it: it may be reported.
    Tell(Item, u32, Observed),
    /// Something that nobody waits for.
    Image,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Due {
    /// It says that it is there.
    Beat,
    /// The registry has not answered.
    Pull(Item),
    /// The next health check, or the next start.
    Check(Item),
    /// A report was not confirmed.
    Report(Item),
}

/// EN.
#[derive(Clone, Debug)]
pub struct EdgeNode {
    installation: EdgeInstallation,
    slots: Ledger<Item, Slot>,
    images: Ledger<u32, ()>,
    writes: Ledger<Ticket, Write>,
    /// Which deployment a process belongs to; follows from the slots.
    processes: SortedMap<ProcessId, Item>,
    agenda: Agenda<Due>,
    last_ticket: u64,
    last_process: u32,
    last_report: u64,
    nth: u32,
}

impl EdgeNode {
    /// A node on which nothing runs yet.
    #[must_use]
    pub fn new(installation: EdgeInstallation) -> Self {
        Self {
            installation,
            slots: Ledger::default(),
            images: Ledger::default(),
            writes: Ledger::default(),
            processes: SortedMap::new(),
            agenda: Agenda::default(),
            last_ticket: 0,
            last_process: 0,
            last_report: 0,
            nth: 0,
        }
    }

    /// The deployments on it, those that are gone included.
    #[must_use]
    pub const fn slots(&self) -> &SortedMap<Item, Slot> {
        self.slots.map()
    }

    /// Whether an image is on its disk.
    #[must_use]
    pub fn has_image(&self, image: u32) -> bool {
        self.images.contains(image)
    }

    /// The image of a deployment's version.
    #[must_use]
    pub fn image(&self, item: Item, revision: Revision) -> u32 {
        let component = self.installation.components.get(usize::from(item.0));
        image(component.copied().unwrap_or(item.0), revision)
    }

    fn persist(&mut self, out: &mut Out, record: EdgeRecord, write: Write) {
        self.last_ticket += 1;
        let ticket = Ticket(self.last_ticket);
        self.writes.insert(ticket, write);
        out.persists.push(Persist { ticket, record });
    }

    fn store(&mut self, out: &mut Out, item: Item, mark: Mark, write: Write) {
        if let Some(slot) = self.slots.get(item).copied() {
            let record = EdgeRecord::Slot {
                item,
                order: slot.order,
                mark,
                running: slot.running,
                previous: slot.previous,
                schema: slot.schema,
                exit_code: slot.exit_code,
                proven: slot.proven,
            };
            self.persist(out, record, write);
        }
    }

    fn change(&mut self, item: Item, change: impl FnOnce(&mut Slot)) {
        self.slots.update(item, change);
    }

    fn on_order(&mut self, cx: &Context<'_>, out: &mut Out, item: Item, order: Order, nth: u32) {
        let known = self.slots.get(item).copied();
        let rank = |order: Order| u64::from(order.incarnation) << 32 | u64::from(order.token);
        if let Some(slot) = known.filter(|slot| rank(slot.order) == rank(order)) {
            // A repeat is answered by what is known; it changes nothing.
            if let Some((id, observed)) = slot.report {
                self.send_report(out, item, &slot, (id, observed), nth);
            }
            return;
        }
        let highest = known.map_or(0, |slot| rank(slot.order));
        let newer = Fact::below(highest, rank(order));
        let life = item.life(order.incarnation);
        if out
            .require(cx, &gate::EN_ORDER_CURRENT, life, newer)
            .is_err()
        {
            let token = order.token;
            return out.note(Note::GitOps(Tell::OrderIgnored { item, token }));
        }
        out.note(Note::GitOps(Tell::OrderTaken { item, order }));
        // What is not finished is called off first; what runs goes on until it is replaced.
        let unfinished = |slot: &Slot| {
            matches!(
                slot.stage,
                Stage::Creating | Stage::Checking | Stage::Pulling
            )
        };
        if known.as_ref().is_some_and(unfinished) && order.work != Work::Remove {
            self.kill(out, item);
        }
        self.agenda.clear(Due::Pull(item));
        self.agenda.clear(Due::Check(item));
        self.agenda.clear(Due::Report(item));
        // A new life has new data.
        let old = known.filter(|slot| slot.order.incarnation == order.incarnation);
        let slot = Slot {
            order,
            stage: Stage::Recording,
            running: old.map_or(Revision::NONE, |slot| slot.running),
            previous: old.map_or(Revision::NONE, |slot| slot.previous),
            schema: old.map_or(0, |slot| slot.schema),
            exit_code: 0,
            healthy: false,
            passes: 0,
            proven: 0,
            process: known.and_then(|_| self.slots.get(item)?.process),
            probes: known.map_or(0, |slot| slot.probes),
            pulls: 0,
            since: cx.now,
            report: None,
        };
        self.slots.insert(item, slot);
        let write = Write::Begin(item, order.token);
        self.store(out, item, Mark::Working, write);
    }

    fn check(&mut self, out: &mut Out, item: Item) {
        let Some(slot) = self.slots.get(item).copied() else {
            return;
        };
        match slot.process {
            Some(process) => {
                self.change(item, |slot| slot.probes = slot.probes.saturating_add(1));
                let nth = slot.probes.saturating_add(1);
                out.host.push(HostCall::Probe { process, nth });
            }
            // What has passed its checks and ended by itself is started again.
            None if slot.stage == Stage::Running => self.start_again(out, item, slot.running),
            None => {}
        }
    }

    fn start_again(&mut self, out: &mut Out, item: Item, revision: Revision) {
        let Some(slot) = self.slots.get(item).copied() else {
            return;
        };
        // Without its image there is nothing to start; it stays as it is, and unhealthy.
        if !self.images.contains(self.image(item, revision)) {
            return;
        }
        out.note(Note::GitOps(Tell::Launched {
            item,
            incarnation: slot.order.incarnation,
            revision,
            schema: slot.schema,
        }));
        self.launch(out, item, revision);
    }

    fn on_probed(&mut self, cx: &Context<'_>, out: &mut Out, process: ProcessId, ready: bool) {
        let Some(item) = self.processes.get(&process).copied() else {
            return;
        };
        let Some(slot) = self.slots.get(item).copied() else {
            return;
        };
        let soon = cx.knobs.time(&knob::GITOPS_CHECK_INTERVAL);
        match slot.stage {
            Stage::Checking => {
                let passes = if ready { slot.passes + 1 } else { 0 };
                self.change(item, |slot| slot.passes = passes);
                let wanted = cx.knobs.get(&knob::GITOPS_CHECKS);
                let enough = Fact::at_least(passes.into(), wanted);
                let life = item.life(slot.order.incarnation);
                let healthy = out.require(cx, &gate::CONTAINER_HEALTHY, life, enough);
                if healthy.is_ok() {
                    return self.passed(cx, out, item);
                }
                let patience = cx.knobs.time(&knob::GITOPS_HEALTH_TIMEOUT);
                if !ready && cx.now.since(slot.since) >= patience {
                    return self.fail(out, item, Cause::HealthCheckFailed);
                }
                self.agenda.set(Due::Check(item), cx.now.after(soon));
            }
            Stage::Running => {
                self.health(cx, out, item, ready);
                let later = cx.knobs.time(&knob::GITOPS_HEALTH_INTERVAL);
                let next = if ready { later } else { soon };
                self.agenda.set(Due::Check(item), cx.now.after(next));
            }
            _ => {}
        }
    }

    /// What runs is well, or not: that is told when it changes.
    fn health(&mut self, cx: &Context<'_>, out: &mut Out, item: Item, healthy: bool) {
        let Some(slot) = self.slots.get(item).copied() else {
            return;
        };
        if slot.healthy != healthy {
            self.change(item, |slot| slot.healthy = healthy);
            let revision = slot.running;
            self.report(cx, out, item, Observed::Running { revision, healthy });
        }
    }

    fn on_exited(&mut self, cx: &Context<'_>, out: &mut Out, process: ProcessId, code: u8) {
        let Some(item) = self.processes.remove(&process) else {
            return;
        };
        let Some(slot) = self.slots.get(item).copied() else {
            return;
        };
        self.change(item, |slot| {
            slot.process = None;
            slot.exit_code = code;
        });
        match slot.stage {
            Stage::Removing => self.removed(cx, out, item, code),
            Stage::Creating | Stage::Checking => {
                self.fail(out, item, Cause::ContainerCreationFailed);
            }
            Stage::Running => {
                self.health(cx, out, item, false);
                let soon = cx.knobs.time(&knob::GITOPS_CHECK_INTERVAL);
                self.agenda.set(Due::Check(item), cx.now.after(soon));
            }
            _ => {}
        }
    }

    /// Says what was seen until it is confirmed.
    fn report(&mut self, cx: &Context<'_>, out: &mut Out, item: Item, observed: Observed) {
        self.last_report += 1;
        let report = (self.last_report, observed);
        self.change(item, |slot| slot.report = Some(report));
        if let Some(slot) = self.slots.get(item).copied() {
            self.nth = self.nth.saturating_add(1);
            self.send_report(out, item, &slot, report, self.nth);
            let again = cx.knobs.time(&knob::GITOPS_RESEND);
            self.agenda.set(Due::Report(item), cx.now.after(again));
        }
    }

    fn send_report(
        &self,
        out: &mut Out,
        item: Item,
        slot: &Slot,
        (id, observed): (u64, Observed),
        nth: u32,
    ) {
        let report = Report {
            id,
            incarnation: slot.order.incarnation,
            token: slot.order.token,
            observed,
        };
        let say = Say::Report { item, report, nth };
        out.send(self.installation.local, Message::GitOps(say));
    }

    fn report_again(&mut self, cx: &Context<'_>, out: &mut Out, item: Item) {
        let Some(slot) = self.slots.get(item).copied() else {
            return;
        };
        if let Some(report) = slot.report {
            self.nth = self.nth.saturating_add(1);
            self.send_report(out, item, &slot, report, self.nth);
            let again = cx.knobs.time(&knob::GITOPS_RESEND);
            self.agenda.set(Due::Report(item), cx.now.after(again));
        }
    }

    fn beat(&mut self, cx: &Context<'_>, out: &mut Out) {
        self.nth = self.nth.saturating_add(1);
        let beat = Say::Beat { nth: self.nth };
        out.send(self.installation.local, Message::GitOps(beat));
        let every = cx.knobs.time(&knob::GITOPS_BEAT);
        self.agenda.set(Due::Beat, cx.now.after(every));
    }

    fn on_message(&mut self, cx: &Context<'_>, out: &mut Out, message: Message) {
        match message {
            Message::GitOps(Say::Order { item, order, nth }) => {
                self.on_order(cx, out, item, order, nth)
            }
            Message::GitOps(Say::ReportAck { item, report, .. }) => {
                let newest = self.slots.get(item).and_then(|slot| slot.report);
                if newest.is_some_and(|(id, _)| id == report) {
                    self.agenda.clear(Due::Report(item));
                }
            }
            Message::GitOps(Say::Pulled {
                item, image, found, ..
            }) => self.on_pulled(cx, out, item, image, found),
            // Everything else is said to others.
            _ => {}
        }
    }

    fn on_host(&mut self, cx: &Context<'_>, out: &mut Out, event: HostEvent) {
        match event {
            HostEvent::Up { process } => {
                let Some(item) = self.processes.get(&process).copied() else {
                    return;
                };
                self.change(item, |slot| {
                    if slot.stage == Stage::Creating {
                        slot.stage = Stage::Checking;
                        slot.since = cx.now;
                    }
                });
                self.check(out, item);
            }
            HostEvent::Probed { process, ready, .. } => self.on_probed(cx, out, process, ready),
            HostEvent::Exited { process, code, .. } => self.on_exited(cx, out, process, code),
            HostEvent::Served { .. } => {}
        }
    }

    fn on_persisted(&mut self, cx: &Context<'_>, out: &mut Out, ticket: Ticket) {
        let current = |node: &Self, item: Item, token: u32| {
            let slot = node.slots.get(item);
            slot.is_some_and(|slot| slot.order.token == token)
        };
        match self.writes.remove(ticket) {
            Some(Write::Begin(item, token)) if current(self, item, token) => {
                self.report(cx, out, item, Observed::Accepted);
                self.begin(cx, out, item);
            }
            Some(Write::Tell(item, token, observed)) if current(self, item, token) => {
                self.report(cx, out, item, observed);
            }
            _ => {}
        }
    }
}

impl Machine for EdgeNode {
    type Message = Message;
    type Record = EdgeRecord;
    type Note = Note;

    fn step(&mut self, cx: &Context<'_>, input: Input<Message>, out: &mut Out) {
        match input {
            Input::Message { message, .. } => self.on_message(cx, out, message),
            Input::Deadline => {
                for due in self.agenda.take_due(cx.now) {
                    match due {
                        Due::Beat => self.beat(cx, out),
                        Due::Pull(item) => self.pull(cx, out, item),
                        Due::Check(item) => self.check(out, item),
                        Due::Report(item) => self.report_again(cx, out, item),
                    }
                }
            }
            Input::Persisted(ticket) => self.on_persisted(cx, out, ticket),
            Input::Host(event) => self.on_host(cx, out, event),
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.agenda.next()
    }

    fn restart(&mut self, cx: &Context<'_>, durable: &[EdgeRecord], out: &mut Out) {
        *self = Self::new(self.installation.clone());
        // Each of these counts slower than the clock does in these units, so that no number is used twice.
        self.last_report = cx.now.0;
        self.nth = u32::try_from(cx.now.0 / 1_000).unwrap_or(u32::MAX / 2);
        self.last_process = self.nth;
        let mut marks: SortedMap<Item, Mark> = SortedMap::new();
        for record in durable {
            match *record {
                EdgeRecord::Slot {
                    item,
                    order,
                    mark,
                    running,
                    previous,
                    schema,
                    exit_code,
                    proven,
                } => {
                    marks.insert(item, mark);
                    let slot = Slot {
                        order,
                        stage: Stage::Recording,
                        running,
                        previous,
                        schema,
                        exit_code,
                        healthy: false,
                        passes: 0,
                        proven,
                        process: None,
                        probes: 0,
                        pulls: 0,
                        since: cx.now,
                        report: None,
                    };
                    self.slots.insert(item, slot);
                }
                EdgeRecord::Image(image, true) => self.images.insert(image, ()),
                EdgeRecord::Image(image, false) => _ = self.images.remove(image),
            }
        }
        for (item, mark) in marks {
            self.resume(cx, out, item, mark);
        }
        self.beat(cx, out);
    }

    fn fingerprint(&self) -> u64 {
        digest(&(
            self.slots.fingerprint(),
            self.images.fingerprint(),
            self.writes.fingerprint(),
            self.agenda.fingerprint(),
            (
                self.last_ticket,
                self.last_process,
                self.last_report,
                self.nth,
            ),
        ))
    }
}

impl EdgeNode {
    /// Goes on, after a crash that took all containers along, from what is on disk.
    fn resume(&mut self, cx: &Context<'_>, out: &mut Out, item: Item, mark: Mark) {
        let Some(slot) = self.slots.get(item).copied() else {
            return;
        };
        match mark {
            Mark::Working if slot.order.work == Work::Remove => self.removed(cx, out, item, KILLED),
            Mark::Working => {
                self.report(cx, out, item, Observed::Accepted);
                self.begin(cx, out, item);
            }
            Mark::Passed => {
                self.change(item, |slot| slot.stage = Stage::Running);
                let (revision, healthy) = (slot.running, false);
                self.report(cx, out, item, Observed::Running { revision, healthy });
                self.start_again(out, item, slot.running);
            }
            Mark::Failed(cause) => {
                self.change(item, |slot| slot.stage = Stage::Failed(cause));
                let schema = slot.schema;
                self.report(cx, out, item, Observed::Failed { cause, schema });
                // The old container had not been touched.
                if cause == Cause::ImagePullFailed && slot.running.is_some() {
                    self.start_again(out, item, slot.running);
                }
            }
            Mark::Removed => {
                self.change(item, |slot| slot.stage = Stage::Removed);
                let exit_code = slot.exit_code;
                self.report(cx, out, item, Observed::Absent { exit_code });
            }
        }
    }
}
