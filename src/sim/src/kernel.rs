//! Kernel: one step takes the earliest event, gives it to its node and carries out what the node asks for.
//!
//! **Invariants.** At one moment the system's own events come first, in the order in which they were planned, and actions
//! from outside after all of them. One step is one entry. Events that turn out to be off (a deadline that moved, a write
//! that a crash lost) are passed over without an entry.

use crate::clock;
use crate::conditions::{Conditions, Disturbance, When};
use crate::entry::{External, Fate, OPERATOR, Sent, Tag, WORLD, What};
use crate::history::Stub;
use crate::host::{Around, Planned};
use crate::log::Log;
use crate::net;
use crate::queue::{Event, Kind};
use crate::setup::Span;
use crate::state::{Fixed, NEVER, NONE, Node, Parcel, State, Task, TaskKind};
use crate::{Fleet, StepOf};
use alloc::vec::Vec;
use core::hash::{Hash, Hasher as _};
use machine::fingerprint::{Fold, fold};
use machine::{Context, Duration, Input, Message, NodeId, Send, Step, Time};

/// An action and its moment.
pub(crate) type Action<F> = (Time, External<<F as Fleet>::Message>);

/// What one step leaves behind, reused by the next.
pub(crate) struct Scratch<F: Fleet> {
    pub head: Head<F::Message>,
    pub step: StepOf<F>,
    /// Where the messages sent begin in the outbox.
    pub sent_from: u32,
    /// How many messages were sent.
    pub sent: u32,
    /// Whether the step had any effect besides sends and the node's own state.
    pub more: bool,
    /// Whether what is sent stays in the outbox.
    pub keeps: bool,
    /// The fold of what was sent.
    print: u64,
    begun: Vec<u16>,
    planned: Vec<Planned>,
}

impl<F: Fleet> Scratch<F> {
    /// For an outbox of this length.
    pub fn new(sent_from: u32) -> Self {
        let head =
            Head { stub: Stub::new(NONE, WORLD, Tag::Healed, 0), what: What::Healed, node: 0 };
        Self {
            head,
            step: StepOf::<F>::default(),
            sent_from,
            sent: 0,
            more: false,
            keeps: false,
            print: 0,
            begun: Vec::new(),
            planned: Vec::new(),
        }
    }
}

/// What messages sent are put into, in order: the history's own list, so that nothing is copied.
pub(crate) type Outbox<F> = Log<Sent<<F as Fleet>::Message>>;

/// What one step was; its effects are elsewhere in the scratch.
pub(crate) struct Head<M> {
    pub stub: Stub,
    pub what: What<M>,
    /// The node's fingerprint after it; 0 where no node was asked.
    pub node: u64,
}

/// What became of an event.
enum Outcome {
    /// It was off; no entry.
    Nothing,
    /// An entry in which no machine takes a step.
    Entry,
    /// An entry in which the machine of its actor takes a step.
    Step,
}

/// With fewer messages and nodes than this, everything is near anyway.
const WARM_FROM: usize = 4096;

/// The moment until which events may be taken without looking at anything else: no action comes before, the run does not
/// end, and nobody wanted to stop. Holds until an action is taken.
pub(crate) fn horizon<F: Fleet>(fixed: &Fixed, actions: &[Action<F>], state: &State<F>, limit: u64) -> u64 {
    let limit = limit.min(fixed.end);
    actions.get(state.applied as usize).map_or(limit, |action| action.0.0.min(limit))
}

/// Does one step; false if no event is due by the horizon.
#[inline(always)]
pub(crate) fn advance<F: Fleet>(
    fixed: &Fixed,
    state: &mut State<F>,
    scratch: &mut Scratch<F>,
    outbox: &mut Outbox<F>,
    horizon: u64,
) -> bool {
    tidy(scratch, outbox);
    let mut kernel = Kernel { fixed, state, scratch, outbox };
    loop {
        let State { queue, parcels, nodes, .. } = &mut *kernel.state;
        // Events come out a few dozen at a time: what they refer to is asked for all at once, so that the memory can bring
        // it while the first of them happen.
        let warm = |events: &[Event]| {
            if parcels.room() + nodes.len() > WARM_FROM {
                for event in events {
                    let near = match event.kind {
                        Kind::Message => parcels.get(event.id).map_or(0, |parcel| parcel.cause),
                        _ => nodes.get(usize::from(event.node)).map_or(0, |node| node.generation),
                    };
                    core::hint::black_box(near);
                }
            }
        };
        let Some(event) = queue.pop(horizon, warm) else {
            return false;
        };
        kernel.state.now = Time(event.at);
        match kernel.happen(event) {
            Outcome::Nothing => {}
            Outcome::Entry => break,
            Outcome::Step => {
                kernel.step();
                break;
            }
        }
    }
    kernel.fold();
    true
}

/// Takes the next action, if there is one by `limit`; comes after all events of its moment.
#[cold]
pub(crate) fn act<F: Fleet>(
    fixed: &Fixed,
    actions: &[Action<F>],
    state: &mut State<F>,
    scratch: &mut Scratch<F>,
    outbox: &mut Outbox<F>,
    limit: u64,
) -> bool {
    let Some((at, external)) = actions.get(state.applied as usize).filter(|action| action.0.0 <= limit.min(fixed.end)) else {
        return false;
    };
    tidy(scratch, outbox);
    state.now = *at;
    state.applied += 1;
    let mut kernel = Kernel { fixed, state, scratch, outbox };
    kernel.act(*external);
    kernel.fold();
    true
}

/// Says that the fuel is spent, if anything was still to come; once.
#[cold]
pub(crate) fn run_dry<F: Fleet>(
    fixed: &Fixed,
    actions: &[Action<F>],
    state: &mut State<F>,
    scratch: &mut Scratch<F>,
    outbox: &mut Outbox<F>,
) -> bool {
    if state.spent || state.queue.is_empty() && state.applied as usize == actions.len() {
        return false;
    }
    tidy(scratch, outbox);
    state.spent = true;
    let mut kernel = Kernel { fixed, state, scratch, outbox };
    kernel.note(WORLD, NONE, What::FuelSpent);
    kernel.fold();
    true
}

/// Empties what the last step left behind.
#[inline(always)]
pub(crate) fn tidy<F: Fleet>(scratch: &mut Scratch<F>, outbox: &mut Outbox<F>) {
    if scratch.more {
        scratch.more = false;
        scratch.step.clear();
    }
    if scratch.sent > 0 {
        scratch.sent = 0;
        scratch.step.sends.clear();
        scratch.print = 0;
        scratch.sent_from = outbox.begin((!scratch.keeps).then_some(scratch.sent_from));
    }
}

struct Kernel<'a, F: Fleet> {
    fixed: &'a Fixed,
    state: &'a mut State<F>,
    scratch: &'a mut Scratch<F>,
    outbox: &'a mut Outbox<F>,
}

impl<F: Fleet> Kernel<'_, F> {
    /// The entry being made.
    fn entry(&self) -> u32 {
        self.state.steps
    }

    /// Makes an entry of an event, if it is still on.
    #[inline(always)]
    fn happen(&mut self, event: Event) -> Outcome {
        let node = NodeId(event.node);
        let index = usize::from(event.node);
        match event.kind {
            Kind::Deadline => {
                let deadline = &mut self.state.nodes[index];
                if deadline.generation != event.id {
                    return Outcome::Nothing;
                }
                if deadline.wanted > event.at {
                    deadline.armed = deadline.wanted;
                    let (at, id) = (Time(deadline.wanted), deadline.generation);
                    if at.0 != NEVER {
                        self.state.push(at, Kind::Deadline, event.node, id);
                    }
                    return Outcome::Nothing;
                }
                let cause = deadline.wanted_by;
                deadline.armed = NEVER;
                deadline.wanted = NEVER;
                self.enter(node, cause, What::Deadline)
            }
            Kind::Message => self.deliver(node, event.id),
            Kind::Persisted => self.persisted(node, event.id),
            Kind::Task => {
                let task = self.state.tasks.remove(event.id);
                self.task(node, task)
            }
            Kind::Start => self.start(node, NONE, What::Started),
        }
    }

    /// An entry in which the machine of `node` takes a step.
    #[inline(always)]
    fn enter(&mut self, node: NodeId, cause: u32, what: What<F::Message>) -> Outcome {
        self.scratch.head = Head { stub: Stub::new(cause, node, what.tag(), 0), what, node: 0 };
        Outcome::Step
    }

    /// An entry in which no machine takes a step.
    fn note(&mut self, actor: NodeId, cause: u32, what: What<F::Message>) -> Outcome {
        self.scratch.head = Head { stub: Stub::new(cause, actor, what.tag(), 0), what, node: 0 };
        Outcome::Entry
    }

    #[inline]
    fn deliver(&mut self, to: NodeId, id: u32) -> Outcome {
        let node = self.state.nodes[usize::from(to.0)];
        let parcel = self.state.parcels.get_mut(id);
        let Parcel { message, cause, send, from, incarnation, copies, delivered } = *parcel;
        if copies > 1 {
            parcel.copies -= 1;
            if node.up {
                parcel.delivered = true;
                parcel.incarnation = node.incarnation;
            }
        } else {
            self.state.parcels.release(id);
        }
        let (outcome, what) = if node.up {
            let restarted_between = delivered && incarnation != node.incarnation;
            (Outcome::Step, What::MessageDelivered { from, message, duplicate: delivered, restarted_between })
        } else {
            (Outcome::Entry, What::MessageLost { from, message })
        };
        self.scratch.head = Head { stub: Stub::new(cause, to, what.tag(), send), what, node: 0 };
        outcome
    }

    fn persisted(&mut self, node: NodeId, incarnation: u32) -> Outcome {
        let index = usize::from(node.0);
        if self.state.nodes[index].incarnation != incarnation {
            return Outcome::Nothing;
        }
        let disk = &mut self.state.disks[index];
        let Some((ticket, cause)) = disk.done() else {
            return Outcome::Nothing;
        };
        if disk.is_long() {
            let fleet = &self.state.fleet;
            disk.compact(|records| fleet.compact(node, records));
        }
        self.enter(node, cause, What::Persisted(ticket))
    }

    fn start(&mut self, node: NodeId, cause: u32, what: What<F::Message>) -> Outcome {
        let here = &mut self.state.nodes[usize::from(node.0)];
        here.up = true;
        here.incarnation += 1;
        self.enter(node, cause, what)
    }

    /// Runs the machine of the entry's actor and carries out its step.
    #[inline(always)]
    fn step(&mut self) {
        let state = &mut *self.state;
        let Scratch { head, step, .. } = &mut *self.scratch;
        let node = head.stub.actor;
        let here = &mut state.nodes[usize::from(node.0)];
        let cx = Context {
            now: clock::shown(state.now, here.offset),
            node,
            waivers: state.waivers,
            knobs: &state.knobs,
            dice: &state.dice,
        };
        match head.what {
            What::Deadline => state.fleet.step(node, &cx, Input::Deadline, step),
            What::MessageDelivered { from, message, .. } => {
                state.fleet.step(node, &cx, Input::Message { from, message }, step);
            }
            What::Persisted(ticket) => state.fleet.step(node, &cx, Input::Persisted(ticket), step),
            What::Host(event) => state.fleet.step(node, &cx, Input::Host(event), step),
            _ => state.fleet.restart(node, &cx, state.disks[usize::from(node.0)].durable(), step),
        }
        head.node = state.fleet.fingerprint(node);
        head.stub.set_changed(core::mem::replace(&mut here.print, head.node) != head.node);
        let wanted = wanted(&state.fleet, node, here, state.now);
        if wanted != here.wanted
            && let Some(generation) = here.want(wanted, state.steps)
        {
            state.push(Time(wanted), Kind::Deadline, node.0, generation);
        }
        // Lengths alone: of six lists, most steps fill none, or one.
        let others =
            step.persists.len() | step.host.len() | step.moved.len() | step.ruled.len() | step.notes.len();
        if step.sends.len() | others != 0 {
            self.scratch.more = others != 0;
            self.carry_out(node);
        }
    }

    /// Lowers the sends, writes and host calls of the step.
    #[inline(always)]
    fn carry_out(&mut self, node: NodeId) {
        for at in 0..self.scratch.step.sends.len() {
            let Send { to, message } = self.scratch.step.sends[at];
            self.send(node, to, message);
        }
        if !self.scratch.begun.is_empty() {
            self.begin_points();
        }
        if self.scratch.more {
            self.write(node);
            self.call_host(node);
        }
    }

    #[inline(always)]
    fn send(&mut self, from: NodeId, to: NodeId, message: F::Message) {
        let state = &mut *self.state;
        let cause = state.steps;
        if usize::from(to.0) >= state.nodes.len() {
            self.put(Sent::new(message, to, Fate::Left));
            return;
        }
        let latency = self.fixed.network.latency(from, to);
        if !state.conditions.touch_messages() {
            let at = net::calm_arrival(&state.dice, latency, state.now, (from, to), &message);
            let send = self.put(Sent::new(message, to, Fate::Arrives { at }));
            let parcel = Parcel { message, cause, send, incarnation: 0, from, copies: 1, delivered: false };
            let id = self.state.parcels.insert(parcel);
            self.state.push(at, Kind::Message, to.0, id);
            return;
        }
        self.send_through(from, to, message, latency);
    }

    /// As [`Kernel::send`], when conditions have a say.
    #[cold]
    fn send_through(&mut self, from: NodeId, to: NodeId, message: F::Message, latency: Span) {
        let state = &mut *self.state;
        let cause = state.steps;
        let (list, begun) = (&self.fixed.conditions, &mut self.scratch.begun);
        let troubles = state.conditions.judge(list, &state.dice, (from, to), &message, begun);
        let fate = net::fate(&state.dice, latency, state.now, (from, to), &message, troubles);
        let send = self.put(Sent::new(message, to, fate));
        let state = &mut *self.state;
        let mut parcel = Parcel { message, cause, send, incarnation: 0, from, copies: 1, delivered: false };
        match fate {
            Fate::Arrives { at } => {
                let id = state.parcels.insert(parcel);
                state.push(at, Kind::Message, to.0, id);
            }
            Fate::Duplicated { at, copy } => {
                parcel.copies = 2;
                let id = state.parcels.insert(parcel);
                state.push(at, Kind::Message, to.0, id);
                state.push(copy, Kind::Message, to.0, id);
            }
            Fate::Lost { .. } | Fate::Cut { .. } | Fate::Left => {}
        }
    }

    /// Puts a message into the outbox; returns its number among all sends.
    #[inline(always)]
    fn put(&mut self, sent: Sent<F::Message>) -> u32 {
        let mut hash = Fold::new(self.scratch.print);
        sent.fold(&mut hash);
        self.scratch.print = hash.finish();
        self.scratch.sent += 1;
        self.outbox.push_on(sent);
        let send = self.state.sends;
        self.state.sends += 1;
        send
    }

    #[cold]
    fn begin_points(&mut self) {
        let entry = self.entry();
        for at in 0..self.scratch.begun.len() {
            let index = self.scratch.begun[at];
            self.state.plan(self.state.now, WORLD, TaskKind::Begin(index), entry);
        }
        self.scratch.begun.clear();
    }

    fn write(&mut self, node: NodeId) {
        let entry = self.entry();
        let state = &mut *self.state;
        let incarnation = state.nodes[usize::from(node.0)].incarnation;
        let slow = state.conditions.disk_delay(&self.fixed.conditions, node);
        for at in 0..self.scratch.step.persists.len() {
            let write = self.scratch.step.persists[at];
            let key = fold(fold(u64::from(node.0), u64::from(incarnation)), write.ticket.0);
            let time = self.fixed.disk.draw(&state.dice, crate::choices::stream::DISK, key);
            let due = state.now.after(time).after(slow);
            let due = state.disks[usize::from(node.0)].write(write, entry, due);
            state.push(due, Kind::Persisted, node.0, incarnation);
        }
    }

    fn call_host(&mut self, node: NodeId) {
        for at in 0..self.scratch.step.host.len() {
            let call = self.scratch.step.host[at];
            let (host, around, planned) = self.around(node);
            host.call(around, call, planned);
        }
        self.plan_host(node);
    }

    /// The host of a node and what it goes by.
    fn around(&mut self, node: NodeId) -> (&mut crate::host::Host, Around<'_>, &mut Vec<Planned>) {
        let state = &mut *self.state;
        let around = Around {
            images: &self.fixed.images,
            list: &self.fixed.conditions,
            conditions: &state.conditions,
            dice: &state.dice,
            node,
            now: state.now,
            entry: state.steps,
        };
        (&mut state.hosts[usize::from(node.0)], around, &mut self.scratch.planned)
    }

    fn plan_host(&mut self, node: NodeId) {
        let entry = self.entry();
        for at in 0..self.scratch.planned.len() {
            let (wait, doing, cause) = self.scratch.planned[at];
            self.state.plan(self.state.now.after(wait), node, TaskKind::Host(doing), cause.unwrap_or(entry));
        }
        self.scratch.planned.clear();
    }

    /// Asks the node for its deadline and sees to it that an event comes no later.
    fn arm(&mut self, node: NodeId) {
        let state = &mut *self.state;
        let here = &mut state.nodes[usize::from(node.0)];
        let wanted = wanted(&state.fleet, node, here, state.now);
        if wanted != here.wanted
            && let Some(generation) = here.want(wanted, state.steps)
        {
            state.push(Time(wanted), Kind::Deadline, node.0, generation);
        }
    }

    fn task(&mut self, node: NodeId, task: Task) -> Outcome {
        let Task { what, cause, incarnation } = task;
        if let Some(here) = self.state.nodes.get(usize::from(node.0))
            && here.incarnation != incarnation
        {
            return Outcome::Nothing;
        }
        match what {
            TaskKind::Host(doing) => {
                let (host, around, planned) = self.around(node);
                let event = host.due(around, doing, planned);
                self.plan_host(node);
                let Some(event) = event else {
                    return Outcome::Nothing;
                };
                self.enter(node, cause, What::Host(event))
            }
            TaskKind::Crash { down_for, condition } => {
                if condition && self.state.healed { Outcome::Nothing } else { self.crash(node, cause, down_for) }
            }
            TaskKind::Restart => self.start(node, cause, What::Restarted),
            TaskKind::Begin(index) => self.begin(index, cause),
            TaskKind::End(index) => self.end(index, cause),
            TaskKind::Period(index) => self.period(index),
            TaskKind::Heal => self.heal(),
        }
    }

    fn crash(&mut self, node: NodeId, cause: u32, down_for: Duration) -> Outcome {
        let entry = self.entry();
        let state = &mut *self.state;
        let here = &mut state.nodes[usize::from(node.0)];
        if !here.up {
            return Outcome::Nothing;
        }
        here.up = false;
        here.incarnation += 1;
        here.generation = here.generation.wrapping_add(1);
        here.wanted = NEVER;
        here.armed = NEVER;
        state.disks[usize::from(node.0)].crash(state.now);
        state.hosts[usize::from(node.0)].crash();
        state.plan(state.now.after(down_for), node, TaskKind::Restart, entry);
        self.note(node, cause, What::Crashed)
    }

    fn begin(&mut self, index: u16, cause: u32) -> Outcome {
        if !self.state.conditions.begin(&self.fixed.conditions, index) {
            return Outcome::Nothing;
        }
        let entry = self.entry();
        let condition = &self.fixed.conditions[usize::from(index)];
        if let Some(spell) = condition.spell() {
            self.state.plan(self.state.now.after(spell), WORLD, TaskKind::End(index), entry);
        }
        match condition.what {
            Disturbance::Crash { node, down_for } if usize::from(node.0) < self.state.nodes.len() => {
                self.state.plan(self.state.now, node, TaskKind::Crash { down_for, condition: true }, entry);
            }
            Disturbance::Memory { .. } => {
                for node in 0..self.state.nodes.len() {
                    self.settle(NodeId(node as u16));
                }
            }
            Disturbance::HostMemory { node, .. } => self.settle(node),
            _ => self.set_clocks(),
        }
        self.note(WORLD, cause, What::ConditionBegan(index))
    }

    fn end(&mut self, index: u16, cause: u32) -> Outcome {
        if !self.state.conditions.end(&self.fixed.conditions, index) {
            return Outcome::Nothing;
        }
        self.set_clocks();
        self.note(WORLD, cause, What::ConditionEnded(index))
    }

    /// A period of a background condition begins.
    fn period(&mut self, index: u16) -> Outcome {
        let When::Background { chance_per_million, period } = self.fixed.conditions[usize::from(index)].when else {
            return Outcome::Nothing;
        };
        if self.state.healed {
            return Outcome::Nothing;
        }
        let now = self.state.now;
        self.state.plan(now.after(Duration(period.0.max(1))), WORLD, TaskKind::Period(index), NONE);
        if Conditions::spell_at(&self.state.dice, index, now, chance_per_million, period) {
            self.begin(index, NONE)
        } else {
            self.end(index, NONE)
        }
    }

    fn heal(&mut self) -> Outcome {
        let entry = self.entry();
        self.state.healed = true;
        for index in 0..self.fixed.conditions.len() {
            self.state.conditions.forbid(&self.fixed.conditions, index as u16);
            self.state.conditions.end(&self.fixed.conditions, index as u16);
        }
        for node in 0..self.state.nodes.len() {
            if !self.state.nodes[node].up {
                self.state.plan(self.state.now, NodeId(node as u16), TaskKind::Restart, entry);
            }
        }
        self.set_clocks();
        self.note(WORLD, NONE, What::Healed)
    }

    fn settle(&mut self, node: NodeId) {
        if usize::from(node.0) >= self.state.nodes.len() {
            return;
        }
        let (host, around, planned) = self.around(node);
        host.settle(around, planned);
        self.plan_host(node);
    }

    /// Conditions changed: clocks may now be off by something else, and deadlines with them.
    fn set_clocks(&mut self) {
        for index in 0..self.state.nodes.len() {
            let node = NodeId(index as u16);
            let offset = self.state.conditions.offset(&self.fixed.conditions, node);
            if self.state.nodes[index].offset != offset {
                self.state.nodes[index].offset = offset;
                self.arm(node);
            }
        }
    }

    /// Does something from outside.
    fn act(&mut self, external: External<F::Message>) -> Outcome {
        let entry = self.entry();
        let nodes = self.state.nodes.len();
        let exists = |node: NodeId| usize::from(node.0) < nodes;
        match external {
            External::Deliver { to, message } if exists(to) => {
                let send = self.put(Sent::new(message, to, Fate::Arrives { at: self.state.now }));
                let (state, from) = (&mut *self.state, OPERATOR);
                let parcel = Parcel { message, cause: entry, send, incarnation: 0, from, copies: 1, delivered: false };
                let id = state.parcels.insert(parcel);
                state.push(state.now, Kind::Message, to.0, id);
            }
            External::Crash { node, down_for } if exists(node) => {
                self.state.plan(self.state.now, node, TaskKind::Crash { down_for, condition: false }, entry);
            }
            External::Restart { node } if exists(node) && !self.state.nodes[usize::from(node.0)].up => {
                self.state.plan(self.state.now, node, TaskKind::Restart, entry);
            }
            External::Lift(index) if usize::from(index) < self.fixed.conditions.len() => self.lift(index),
            External::SetKnob { knob, value } => {
                if let Some(knob) = self.fixed.declared.get(usize::from(knob)) {
                    // Out of range: the entry shows what was tried, and nothing changed.
                    let _ = self.state.knobs.set(knob, value);
                }
            }
            External::Waive(waivers) => self.state.waivers = waivers,
            _ => {}
        }
        self.note(OPERATOR, NONE, What::Action(external))
    }

    fn lift(&mut self, index: u16) {
        let entry = self.entry();
        self.state.conditions.forbid(&self.fixed.conditions, index);
        if !self.state.conditions.is_active(index) {
            return;
        }
        if let Disturbance::Crash { node, .. } = self.fixed.conditions[usize::from(index)].what
            && self.state.nodes.get(usize::from(node.0)).is_some_and(|node| !node.up)
        {
            self.state.plan(self.state.now, node, TaskKind::Restart, entry);
        }
        self.state.plan(self.state.now, WORLD, TaskKind::End(index), entry);
    }

    /// Folds the entry into the rolling fingerprint.
    #[inline(always)]
    fn fold(&mut self) {
        let head = &self.scratch.head;
        let state = &mut *self.state;
        let tag = head.stub.tag();
        let word = u64::from(head.stub.send) << 32 | u64::from(tag) << 16 | u64::from(head.stub.actor.0);
        let mut print = fold(fold(word, state.now.0), head.node);
        if self.scratch.sent > 0 {
            print = fold(print, self.scratch.print);
        }
        if self.scratch.more || !Tag::says_all(tag) {
            print = fold_more(print, head, &self.scratch.step);
        }
        state.rolling = fold(state.rolling, print);
        // Below the fuel, which is below the end of the type.
        state.steps = state.steps.wrapping_add(1);
    }
}

/// When the node wants its deadline, by the world's clock.
#[inline(always)]
fn wanted<F: Fleet>(fleet: &F, node: NodeId, here: &Node, now: Time) -> u64 {
    match fleet.deadline(node) {
        Some(at) if here.up => clock::world(at, here.offset).0.max(now.0),
        _ => NEVER,
    }
}

/// Folds what an entry seldom has.
#[inline(never)]
fn fold_more<M: Message, R: Hash, N: Hash>(print: u64, head: &Head<M>, step: &Step<M, R, N>) -> u64 {
    let mut hash = Fold::new(print);
    if !Tag::says_all(head.stub.tag()) {
        head.what.hash(&mut hash);
    }
    fold_all(&mut hash, 2, &step.moved);
    fold_all(&mut hash, 3, &step.ruled);
    fold_all(&mut hash, 4, &step.notes);
    fold_all(&mut hash, 5, &step.persists);
    fold_all(&mut hash, 6, &step.host);
    hash.finish()
}

/// Folds a list of effects; an empty one costs a comparison.
#[inline]
fn fold_all<T: Hash>(hash: &mut Fold, tag: u64, items: &[T]) {
    for item in items {
        hash.write_u64(tag);
        item.hash(hash);
    }
}

