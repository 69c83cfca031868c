//! Kernel: one step takes the earliest event, gives it to its node and carries out what the node asks for.
//!
//! **Invariants.** At one moment the system's own events come first, in the order in which they were planned, and actions
//! from outside after all of them. One step is one entry. Events that turn out to be off (a deadline that moved, a write
//! that a crash lost) are passed over without an entry.

use crate::clock;
use crate::conditions::{Conditions, Disturbance, When};
use crate::entry::{External, Fate, OPERATOR, Sent, WORLD, What};
use crate::host::{Around, Planned};
use crate::queue::{Event, Kind};
use crate::state::{Fixed, NEVER, NONE, Parcel, State, Task, TaskKind};
use crate::{Fleet, StepOf};
use alloc::vec::Vec;
use core::hash::{Hash, Hasher as _};
use machine::fingerprint::{Fold, digest, fold};
use machine::{Context, Duration, HostEvent, Input, NodeId, Send, Time};

/// An action and its moment.
pub(crate) type Action<F> = (Time, External<<F as Fleet>::Message>);

/// What one step leaves behind, reused by the next.
pub(crate) struct Scratch<F: Fleet> {
    pub step: StepOf<F>,
    pub sent: Vec<Sent<F::Message>>,
    begun: Vec<u16>,
    planned: Vec<Planned>,
}

impl<F: Fleet> Default for Scratch<F> {
    fn default() -> Self {
        Self { step: StepOf::<F>::default(), sent: Vec::new(), begun: Vec::new(), planned: Vec::new() }
    }
}

/// What one step was; its effects are in the scratch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<M> {
    pub cause: u32,
    pub actor: NodeId,
    pub what: What<M>,
    pub state_changed: bool,
}

/// What is given to a node.
enum Given<M> {
    Restart,
    Input(Input<M>),
}

/// Does one step, if there is anything to do until `limit` (included).
#[inline]
pub(crate) fn advance<F: Fleet>(
    fixed: &Fixed,
    actions: &[Action<F>],
    state: &mut State<F>,
    scratch: &mut Scratch<F>,
    limit: u64,
) -> Option<Head<F::Message>> {
    scratch.step.clear();
    scratch.sent.clear();
    if state.steps >= fixed.fuel {
        return run_dry(actions, state);
    }
    let limit = limit.min(fixed.end);
    let action = actions.get(state.applied as usize).filter(|action| action.0.0 <= limit);
    let limit = action.map_or(limit, |action| action.0.0);
    let mut kernel = Kernel { fixed, state, scratch };
    let head = loop {
        let Some(event) = kernel.state.queue.pop(limit) else {
            let (at, external) = *action?;
            kernel.state.now = at;
            kernel.state.applied += 1;
            break kernel.act(external);
        };
        kernel.state.now = Time(event.at);
        if let Some(head) = kernel.happen(event) {
            break head;
        }
    };
    kernel.fold(&head);
    state.steps += 1;
    Some(head)
}

#[cold]
fn run_dry<F: Fleet>(actions: &[Action<F>], state: &mut State<F>) -> Option<Head<F::Message>> {
    if state.spent || state.queue.is_empty() && state.applied as usize == actions.len() {
        return None;
    }
    state.spent = true;
    state.rolling = fold(state.rolling, digest(&What::<F::Message>::FuelSpent));
    state.steps += 1;
    Some(Head { cause: NONE, actor: WORLD, what: What::FuelSpent, state_changed: false })
}

struct Kernel<'a, F: Fleet> {
    fixed: &'a Fixed,
    state: &'a mut State<F>,
    scratch: &'a mut Scratch<F>,
}

impl<F: Fleet> Kernel<'_, F> {
    /// The entry being made.
    fn entry(&self) -> u32 {
        self.state.steps
    }

    #[inline]
    fn happen(&mut self, event: Event) -> Option<Head<F::Message>> {
        let node = NodeId(event.node);
        let index = usize::from(event.node);
        match event.kind {
            Kind::Deadline => {
                let deadline = &mut self.state.nodes[index];
                if deadline.generation != event.id {
                    return None;
                }
                if deadline.wanted > event.at {
                    deadline.armed = deadline.wanted;
                    let (at, id) = (Time(deadline.wanted), deadline.generation);
                    if at.0 != NEVER {
                        self.state.push(at, Kind::Deadline, event.node, id);
                    }
                    return None;
                }
                let cause = deadline.wanted_by;
                deadline.armed = NEVER;
                deadline.wanted = NEVER;
                Some(self.give(node, cause, What::Deadline, Given::Input(Input::Deadline)))
            }
            Kind::Message => Some(self.deliver(node, event.id)),
            Kind::Persisted => {
                if self.state.nodes[index].incarnation != event.id {
                    return None;
                }
                let disk = &mut self.state.disks[index];
                let (ticket, cause) = disk.done()?;
                if disk.is_long() {
                    let fleet = &self.state.fleet;
                    disk.compact(|records| fleet.compact(node, records));
                }
                Some(self.give(node, cause, What::Persisted(ticket), Given::Input(Input::Persisted(ticket))))
            }
            Kind::Task => {
                let task = self.state.tasks.remove(event.id);
                self.task(node, task)
            }
            Kind::Start => Some(self.start(node, NONE, What::Started)),
        }
    }

    fn deliver(&mut self, to: NodeId, id: u32) -> Head<F::Message> {
        let Some(node) = self.state.nodes.get(usize::from(to.0)).copied() else {
            unreachable!("messages to no node leave the system when they are sent");
        };
        let parcel = self.state.parcels.get_mut(id);
        let Parcel { message, cause, from, .. } = *parcel;
        let (duplicate, restarted_between) = (parcel.delivered, parcel.delivered && parcel.incarnation != node.incarnation);
        parcel.copies -= 1;
        if parcel.copies == 0 {
            self.state.parcels.remove(id);
        } else if node.up {
            parcel.delivered = true;
            parcel.incarnation = node.incarnation;
        }
        if !node.up {
            return Head { cause, actor: to, what: What::MessageLost { from, message }, state_changed: false };
        }
        let what = What::MessageDelivered { from, message, duplicate, restarted_between };
        self.give(to, cause, what, Given::Input(Input::Message { from, message }))
    }

    fn start(&mut self, node: NodeId, cause: u32, what: What<F::Message>) -> Head<F::Message> {
        let here = &mut self.state.nodes[usize::from(node.0)];
        here.up = true;
        here.incarnation += 1;
        self.give(node, cause, what, Given::Restart)
    }

    /// Runs the node's machine and carries out its step.
    #[inline]
    fn give(&mut self, node: NodeId, cause: u32, what: What<F::Message>, given: Given<F::Message>) -> Head<F::Message> {
        let state = &mut *self.state;
        let step = &mut self.scratch.step;
        let offset = state.nodes[usize::from(node.0)].offset;
        let before = state.fleet.fingerprint(node);
        let cx = Context {
            now: clock::shown(state.now, offset),
            node,
            waivers: state.waivers,
            knobs: &state.knobs,
            dice: &state.dice,
        };
        match given {
            Given::Input(input) => state.fleet.step(node, &cx, input, step),
            Given::Restart => state.fleet.restart(node, &cx, state.disks[usize::from(node.0)].durable(), step),
        }
        let after = state.fleet.fingerprint(node);
        self.carry_out(node);
        self.arm(node);
        Head { cause, actor: node, what, state_changed: before != after }
    }

    /// Lowers the sends, writes and host calls of the step.
    #[inline]
    fn carry_out(&mut self, node: NodeId) {
        for at in 0..self.scratch.step.sends.len() {
            let Send { to, message } = self.scratch.step.sends[at];
            self.send(node, to, message);
        }
        if !self.scratch.begun.is_empty() {
            self.begin_points();
        }
        if !self.scratch.step.persists.is_empty() {
            self.write(node);
        }
        if !self.scratch.step.host.is_empty() {
            self.call_host(node);
        }
    }

    #[inline]
    fn send(&mut self, from: NodeId, to: NodeId, message: F::Message) {
        let state = &mut *self.state;
        let cause = state.steps;
        if usize::from(to.0) >= state.nodes.len() {
            self.scratch.sent.push(Sent { message, to, fate: Fate::Left });
            return;
        }
        let list = &self.fixed.conditions;
        let fate = self.fixed.network.route(
            &state.dice,
            list,
            &mut state.conditions,
            state.now,
            (from, to),
            &message,
            &mut self.scratch.begun,
        );
        self.scratch.sent.push(Sent { message, to, fate });
        let (at, copy) = match fate {
            Fate::Arrives { at } => (at, None),
            Fate::Duplicated { at, copy } => (at, Some(copy)),
            Fate::Lost { .. } | Fate::Cut { .. } | Fate::Left => return,
        };
        let copies = 1 + u8::from(copy.is_some());
        let id = state.parcels.insert(Parcel { message, cause, incarnation: 0, from, copies, delivered: false });
        state.push(at, Kind::Message, to.0, id);
        if let Some(copy) = copy {
            state.push(copy, Kind::Message, to.0, id);
        }
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
    #[inline]
    fn arm(&mut self, node: NodeId) {
        let state = &mut *self.state;
        let here = &mut state.nodes[usize::from(node.0)];
        let wanted = match state.fleet.deadline(node) {
            Some(at) if here.up => clock::world(at, here.offset).0.max(state.now.0),
            _ => NEVER,
        };
        if wanted == here.wanted {
            return;
        }
        here.wanted = wanted;
        here.wanted_by = state.steps;
        if wanted < here.armed {
            here.armed = wanted;
            here.generation = here.generation.wrapping_add(1);
            let id = here.generation;
            state.push(Time(wanted), Kind::Deadline, node.0, id);
        }
    }

    fn task(&mut self, node: NodeId, task: Task) -> Option<Head<F::Message>> {
        let Task { what, cause, incarnation } = task;
        if let Some(here) = self.state.nodes.get(usize::from(node.0))
            && here.incarnation != incarnation
        {
            return None;
        }
        match what {
            TaskKind::Host(doing) => {
                let (host, around, planned) = self.around(node);
                let event = host.due(around, doing, planned)?;
                self.plan_host(node);
                Some(self.tell(node, cause, event))
            }
            TaskKind::Crash { down_for, condition } => {
                if condition && self.state.healed { None } else { self.crash(node, cause, down_for) }
            }
            TaskKind::Restart => Some(self.start(node, cause, What::Restarted)),
            TaskKind::Begin(index) => self.begin(index, cause),
            TaskKind::End(index) => self.end(index, cause),
            TaskKind::Period(index) => self.period(index),
            TaskKind::Heal => Some(self.heal()),
        }
    }

    fn tell(&mut self, node: NodeId, cause: u32, event: HostEvent) -> Head<F::Message> {
        self.give(node, cause, What::Host(event), Given::Input(Input::Host(event)))
    }

    fn crash(&mut self, node: NodeId, cause: u32, down_for: Duration) -> Option<Head<F::Message>> {
        let entry = self.entry();
        let state = &mut *self.state;
        let here = &mut state.nodes[usize::from(node.0)];
        if !here.up {
            return None;
        }
        here.up = false;
        here.incarnation += 1;
        here.generation = here.generation.wrapping_add(1);
        here.wanted = NEVER;
        here.armed = NEVER;
        state.disks[usize::from(node.0)].crash(state.now);
        state.hosts[usize::from(node.0)].crash();
        state.plan(state.now.after(down_for), node, TaskKind::Restart, entry);
        Some(Head { cause, actor: node, what: What::Crashed, state_changed: false })
    }

    fn begin(&mut self, index: u16, cause: u32) -> Option<Head<F::Message>> {
        if !self.state.conditions.begin(&self.fixed.conditions, index) {
            return None;
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
        Some(Head { cause, actor: WORLD, what: What::ConditionBegan(index), state_changed: false })
    }

    fn end(&mut self, index: u16, cause: u32) -> Option<Head<F::Message>> {
        if !self.state.conditions.end(&self.fixed.conditions, index) {
            return None;
        }
        self.set_clocks();
        Some(Head { cause, actor: WORLD, what: What::ConditionEnded(index), state_changed: false })
    }

    /// A period of a background condition begins.
    fn period(&mut self, index: u16) -> Option<Head<F::Message>> {
        let When::Background { chance_per_million, period } = self.fixed.conditions[usize::from(index)].when else {
            return None;
        };
        if self.state.healed {
            return None;
        }
        let now = self.state.now;
        self.state.plan(now.after(Duration(period.0.max(1))), WORLD, TaskKind::Period(index), NONE);
        if Conditions::spell_at(&self.state.dice, index, now, chance_per_million, period) {
            self.begin(index, NONE)
        } else {
            self.end(index, NONE)
        }
    }

    fn heal(&mut self) -> Head<F::Message> {
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
        Head { cause: NONE, actor: WORLD, what: What::Healed, state_changed: false }
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
    fn act(&mut self, external: External<F::Message>) -> Head<F::Message> {
        let entry = self.entry();
        let state = &mut *self.state;
        let exists = |node: NodeId| usize::from(node.0) < state.nodes.len();
        match external {
            External::Deliver { to, message } if exists(to) => {
                let parcel = Parcel { message, cause: entry, incarnation: 0, from: OPERATOR, copies: 1, delivered: false };
                let id = state.parcels.insert(parcel);
                state.push(state.now, Kind::Message, to.0, id);
            }
            External::Crash { node, down_for } if exists(node) => {
                state.plan(state.now, node, TaskKind::Crash { down_for, condition: false }, entry);
            }
            External::Restart { node } if exists(node) && !state.nodes[usize::from(node.0)].up => {
                state.plan(state.now, node, TaskKind::Restart, entry);
            }
            External::Lift(index) if usize::from(index) < self.fixed.conditions.len() => self.lift(index),
            External::SetKnob { knob, value } => {
                if let Some(knob) = self.fixed.declared.get(usize::from(knob)) {
                    // Out of range: the entry shows what was tried, and nothing changed.
                    let _ = state.knobs.set(knob, value);
                }
            }
            External::Waive(waivers) => state.waivers = waivers,
            _ => {}
        }
        Head { cause: NONE, actor: OPERATOR, what: What::Action(external), state_changed: false }
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
    #[inline]
    fn fold(&mut self, head: &Head<F::Message>) {
        let state = &mut *self.state;
        let mut hash = Fold::new(state.now.0);
        head.actor.hash(&mut hash);
        head.what.hash(&mut hash);
        if usize::from(head.actor.0) < state.nodes.len() {
            hash.write_u64(state.fleet.fingerprint(head.actor));
        }
        let step = &self.scratch.step;
        fold_all(&mut hash, 1, &self.scratch.sent);
        fold_all(&mut hash, 2, &step.moved);
        fold_all(&mut hash, 3, &step.ruled);
        fold_all(&mut hash, 4, &step.notes);
        fold_all(&mut hash, 5, &step.persists);
        fold_all(&mut hash, 6, &step.host);
        state.rolling = fold(state.rolling, hash.finish());
    }
}

/// Folds a list of effects; an empty one costs a comparison.
#[inline]
fn fold_all<T: Hash>(hash: &mut Fold, tag: u64, items: &[T]) {
    for item in items {
        hash.write_u64(tag);
        item.hash(hash);
    }
}

