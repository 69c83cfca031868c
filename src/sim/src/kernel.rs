//! Kernel: one step takes the earliest event, gives it to its node and carries out what the node asks for.
//!
//! **Invariants.** At one moment the system's own events come first, in the order in which they were planned, and actions
//! from outside after all of them. One step is one entry. Events that turn out to be off (a deadline that moved, a write
//! that a crash lost) are passed over without an entry.

use crate::clock::{self, Offset};
use crate::entry::{Entry, External, Tag, WORLD, What};
use crate::history::{Effects, History, MORE, Stub};
use crate::host::Planned;
use crate::queue::{About, Event, Kind};
use crate::state::{Fixed, NEVER, NONE, Parcel, State};
use crate::{Fleet, StepOf};
use alloc::vec::Vec;
use core::hash::{Hash, Hasher as _};
use machine::fingerprint::{Fold, fold};
use machine::{Context, Input, Message, NodeId, Step, Time};

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
    /// Whether the step had any effect besides a few sends and the node's own state.
    pub more: bool,
    /// Whether what is sent stays in the outbox.
    pub keeps: bool,
    /// The fold of what was sent, if anything was.
    pub print: u64,
    pub begun: Vec<u16>,
    pub planned: Vec<Planned>,
}

impl<F: Fleet> Scratch<F> {
    /// For an outbox of this length.
    pub fn new(sent_from: u32) -> Self {
        let head = Head {
            stub: Stub::new(NONE, WORLD, Tag::Healed, 0),
            what: What::Healed,
            node: 0,
        };
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

/// What one step was; its effects are elsewhere in the scratch.
pub(crate) struct Head<M> {
    pub stub: Stub,
    pub what: What<M>,
    /// The node's fingerprint after it; 0 where no node was asked.
    pub node: u64,
}

/// What became of an event.
pub(crate) enum Outcome {
    /// It was off; no entry.
    Nothing,
    /// An entry in which no machine takes a step.
    Entry,
    /// An entry in which the machine of its actor takes a step.
    Step,
}

/// With fewer messages and nodes than this, everything is near anyway.
const WARM_FROM: usize = 4096;

/// A run on its way: what stays, what changes, and where it is written down.
pub(crate) struct Kernel<'a, F: Fleet> {
    pub fixed: &'a Fixed,
    pub state: &'a mut State<F>,
    pub scratch: &'a mut Scratch<F>,
    pub history: &'a mut History<F>,
}

impl<F: Fleet> Kernel<'_, F> {
    /// The moment until which events may be taken without looking at anything else: no action comes before, the run does
    /// not end, and nobody wanted to stop. Holds until an action is taken.
    pub fn horizon(&self, actions: &[Action<F>], limit: u64) -> u64 {
        let limit = limit.min(self.fixed.end);
        actions
            .get(self.state.applied as usize)
            .map_or(limit, |action| action.0.0.min(limit))
    }

    /// Does one step; false if no event is due by the horizon.
    #[inline(always)]
    pub fn advance(&mut self, horizon: u64) -> bool {
        self.tidy();
        loop {
            let State {
                queue,
                parcels,
                nodes,
                ..
            } = &mut *self.state;
            // Events come out a few dozen at a time: what they refer to is asked for all at once, so that the memory can
            // bring it while the first of them happen.
            let warm = |events: &[Event]| {
                if parcels.room() + nodes.len() > WARM_FROM {
                    for event in events {
                        let near = match event.about.kind() {
                            Kind::Message => parcels
                                .get(event.about.id())
                                .map_or(0, |parcel| parcel.cause),
                            _ => nodes
                                .get(usize::from(event.about.node()))
                                .map_or(0, |node| node.generation),
                        };
                        core::hint::black_box(near);
                    }
                }
            };
            let Some(event) = queue.pop(horizon, warm) else {
                return false;
            };
            self.state.now = Time(event.at);
            let input = match self.happen_plainly(event.at, event.about) {
                None => match self.happen(event.about) {
                    Outcome::Nothing => continue,
                    Outcome::Entry => {
                        self.fold_apart();
                        return true;
                    }
                    Outcome::Step => self.input(),
                },
                plain => plain,
            };
            self.step(NodeId(event.about.node()), input);
            self.fold();
            return true;
        }
    }

    /// Takes the next action, if there is one by `limit`; comes after all events of its moment.
    #[cold]
    pub fn take_action(&mut self, actions: &[Action<F>], limit: u64) -> bool {
        let next = actions
            .get(self.state.applied as usize)
            .filter(|action| action.0.0 <= limit.min(self.fixed.end));
        let Some((at, external)) = next else {
            return false;
        };
        self.tidy();
        self.state.now = *at;
        self.state.applied += 1;
        self.act(*external);
        self.fold();
        true
    }

    /// Says that the fuel is spent, if anything was still to come; once.
    #[cold]
    pub fn run_dry(&mut self, actions: &[Action<F>]) -> bool {
        let over = self.state.queue.is_empty() && self.state.applied as usize == actions.len();
        if self.state.spent || over {
            return false;
        }
        self.tidy();
        self.state.spent = true;
        self.note(WORLD, NONE, What::FuelSpent);
        self.fold();
        true
    }

    /// Empties what the last step left behind.
    #[inline(always)]
    pub fn tidy(&mut self) {
        let scratch = &mut *self.scratch;
        if scratch.more {
            scratch.more = false;
            scratch.step.clear();
        }
        if scratch.sent > 0 {
            scratch.sent = 0;
            scratch.step.sends.clear();
            scratch.sent_from = self
                .history
                .sent
                .begin((!scratch.keeps).then_some(scratch.sent_from));
        }
    }

    /// The last step, as an entry.
    #[inline(always)]
    pub fn last(&self) -> Entry<'_, F> {
        entry(self.state, self.scratch, self.history)
    }

    /// Writes the last step down.
    #[inline(always)]
    pub fn record(&mut self) {
        let Scratch {
            head,
            step,
            sent_from,
            sent,
            more,
            ..
        } = &*self.scratch;
        let effects = if *more {
            Effects {
                first: self
                    .history
                    .put_effects((*sent_from, *sent_from + *sent), step),
                sends: MORE,
            }
        } else {
            Effects {
                first: *sent_from,
                sends: *sent as u8,
            }
        };
        self.history.push(
            self.state.now,
            self.state.rolling,
            head.stub,
            effects,
            &head.what,
        );
    }

    /// The entry being made.
    pub fn entry(&self) -> u32 {
        self.state.steps
    }

    /// As [`Kernel::happen`], for what happens most often: the only copy of a message reaches a node that is up, or a
    /// deadline is reached that has not moved. Of all other events it makes nothing.
    #[inline(always)]
    fn happen_plainly(&mut self, at: u64, about: About) -> Option<Input<F::Message>> {
        let (node, id) = (NodeId(about.node()), about.id());
        let state = &mut *self.state;
        if about.is(Kind::Message) {
            let parcel = state.parcels.get_mut(id);
            let Parcel {
                message,
                cause,
                send,
                from,
                ..
            } = *parcel;
            let up = state.nodes[usize::from(node.0)].up;
            if !up || parcel.copies != 1 || parcel.delivered {
                return None;
            }
            state.parcels.release(id);
            self.scratch.head.stub = Stub::new(cause, node, Tag::Delivered, send);
            self.scratch.head.what = What::MessageDelivered {
                from,
                message,
                duplicate: false,
                restarted_between: false,
            };
            return Some(Input::Message { from, message });
        }
        if about.is(Kind::Deadline) {
            let here = &mut state.nodes[usize::from(node.0)];
            if here.generation != id || here.wanted > at {
                return None;
            }
            here.armed = NEVER;
            here.wanted = NEVER;
            self.scratch.head.stub = Stub::new(here.wanted_by, node, Tag::Deadline, 0);
            self.scratch.head.what = What::Deadline;
            return Some(Input::Deadline);
        }
        None
    }

    /// Makes an entry of an event, if it is still on.
    #[inline(never)]
    fn happen(&mut self, about: About) -> Outcome {
        let (node, id) = (NodeId(about.node()), about.id());
        match about.kind() {
            Kind::Deadline => {
                let deadline = &mut self.state.nodes[usize::from(node.0)];
                // It has moved back, or else it is of an earlier generation.
                if deadline.generation == id {
                    deadline.armed = deadline.wanted;
                    let at = Time(deadline.wanted);
                    if at.0 != NEVER {
                        self.state.push(at, Kind::Deadline, node.0, id);
                    }
                }
                Outcome::Nothing
            }
            Kind::Message => self.deliver(node, id),
            Kind::Persisted => self.persisted(node, id),
            Kind::Task => {
                let task = self.state.tasks.remove(id);
                self.task(node, task)
            }
            Kind::Start => self.start(node, NONE, What::Started),
        }
    }

    /// What the entry's actor is given; none if it is started.
    #[inline(always)]
    fn input(&self) -> Option<Input<F::Message>> {
        match self.scratch.head.what {
            What::MessageDelivered { from, message, .. } => Some(Input::Message { from, message }),
            What::Persisted(ticket) => Some(Input::Persisted(ticket)),
            What::Host(event) => Some(Input::Host(event)),
            _ => None,
        }
    }

    /// An entry in which the machine of `node` takes a step.
    pub fn enter(&mut self, node: NodeId, cause: u32, what: What<F::Message>) -> Outcome {
        self.scratch.head.stub = Stub::new(cause, node, what.tag(), 0);
        self.scratch.head.what = what;
        Outcome::Step
    }

    /// An entry in which no machine takes a step.
    pub fn note(&mut self, actor: NodeId, cause: u32, what: What<F::Message>) -> Outcome {
        self.scratch.head = Head {
            stub: Stub::new(cause, actor, what.tag(), 0),
            what,
            node: 0,
        };
        Outcome::Entry
    }

    fn deliver(&mut self, to: NodeId, id: u32) -> Outcome {
        let node = self.state.nodes[usize::from(to.0)];
        let parcel = self.state.parcels.get_mut(id);
        let Parcel {
            message,
            cause,
            send,
            from,
            incarnation,
            copies,
            delivered,
        } = *parcel;
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
            (
                Outcome::Step,
                What::MessageDelivered {
                    from,
                    message,
                    duplicate: delivered,
                    restarted_between,
                },
            )
        } else {
            (Outcome::Entry, What::MessageLost { from, message })
        };
        self.scratch.head = Head {
            stub: Stub::new(cause, to, what.tag(), send),
            what,
            node: 0,
        };
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
        self.begin_write(node);
        self.enter(node, cause, What::Persisted(ticket))
    }

    pub fn start(&mut self, node: NodeId, cause: u32, what: What<F::Message>) -> Outcome {
        let here = &mut self.state.nodes[usize::from(node.0)];
        here.up = true;
        here.incarnation += 1;
        self.enter(node, cause, what)
    }

    /// Runs the machine of the entry's actor and carries out its step. Without an input the machine is started.
    #[inline(always)]
    fn step(&mut self, node: NodeId, input: Option<Input<F::Message>>) {
        let state = &mut *self.state;
        let Scratch { head, step, .. } = &mut *self.scratch;
        let here = &mut state.nodes[usize::from(node.0)];
        let cx = Context {
            now: clock::shown(state.now, here.offset),
            node,
            waivers: state.waivers,
            knobs: &state.knobs,
            dice: &state.dice,
        };
        // One call for all inputs, so that a fleet's whole step is compiled in once.
        match input {
            Some(input) => state.fleet.step(node, &cx, input, step),
            None => {
                let durable = state.disks[usize::from(node.0)].durable();
                state.fleet.restart(node, &cx, durable, step);
            }
        }
        let print = state.fleet.fingerprint(node);
        head.node = print;
        head.stub
            .set_changed(core::mem::replace(&mut here.print, print) != print);
        let wanted = wanted(&state.fleet, node, here.offset, state.now);
        if wanted != here.wanted
            && let Some(generation) = here.want(wanted, state.steps)
        {
            state.push(Time(wanted), Kind::Deadline, node.0, generation);
        }
        // Lengths alone: of six lists, most steps fill none, or one.
        let others = step.persists.len()
            | step.host.len()
            | step.moved.len()
            | step.ruled.len()
            | step.notes.len();
        if step.sends.len() | others != 0 {
            self.scratch.more = others != 0 || step.sends.len() >= usize::from(MORE);
            self.carry_out(node);
        }
    }

    /// Asks the node for its deadline and sees to it that an event comes no later.
    pub fn arm(&mut self, node: NodeId) {
        let state = &mut *self.state;
        let here = &mut state.nodes[usize::from(node.0)];
        if !here.up {
            return;
        }
        let wanted = wanted(&state.fleet, node, here.offset, state.now);
        if wanted != here.wanted
            && let Some(generation) = here.want(wanted, state.steps)
        {
            state.push(Time(wanted), Kind::Deadline, node.0, generation);
        }
    }

    /// As [`Kernel::fold`], for entries that are not frequent.
    #[inline(never)]
    fn fold_apart(&mut self) {
        self.fold();
    }

    /// Folds the entry into the rolling fingerprint.
    #[inline(always)]
    fn fold(&mut self) {
        let head = &self.scratch.head;
        let state = &mut *self.state;
        let mut print = fold(fold(head.stub.word(), state.now.0), head.node);
        if self.scratch.sent > 0 {
            print = fold(print, self.scratch.print);
        }
        if self.scratch.more || !Tag::says_all(head.stub.tag()) {
            print = fold_more(print, head, &self.scratch.step);
        }
        state.rolling = fold(state.rolling, print);
        // Below the fuel, which is below the end of the type.
        state.steps = state.steps.wrapping_add(1);
    }
}

/// The last step, as an entry.
#[inline(always)]
pub(crate) fn entry<'a, F: Fleet>(
    state: &State<F>,
    scratch: &'a Scratch<F>,
    history: &'a History<F>,
) -> Entry<'a, F> {
    let head = &scratch.head;
    Entry {
        step: state.steps().wrapping_sub(1),
        at: state.now,
        cause: (head.stub.cause != NONE).then_some(u64::from(head.stub.cause)),
        actor: head.stub.actor(),
        what: head.what,
        state_changed: head.stub.changed(),
        moved: &scratch.step.moved,
        ruled: &scratch.step.ruled,
        sent: if scratch.sent > 0 {
            history.sent.since(scratch.sent_from)
        } else {
            &[]
        },
        notes: &scratch.step.notes,
        persisted: &scratch.step.persists,
        called: &scratch.step.host,
        fingerprint: state.rolling,
    }
}

/// When a node that is up wants its deadline, by the world's clock.
#[inline(always)]
fn wanted<F: Fleet>(fleet: &F, node: NodeId, offset: Offset, now: Time) -> u64 {
    fleet
        .deadline(node)
        .map_or(NEVER, |at| clock::world(at, offset).0.max(now.0))
}

/// Folds what an entry seldom has.
#[inline(never)]
fn fold_more<M: Message, R: Hash, N: Hash>(
    print: u64,
    head: &Head<M>,
    step: &Step<M, R, N>,
) -> u64 {
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
