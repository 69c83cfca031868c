//! State: everything that changes while a run goes on, besides its history.
//!
//! **Invariants.** A clone goes on exactly as the original does. Nothing in here depends on how the run is watched,
//! recorded or stepped.

use crate::Fleet;
use crate::arena::Arena;
use crate::clock::{self, Offset};
use crate::conditions::{Condition, Conditions};
use crate::disk::Disk;
use crate::host::{Doing, Host, Image, ProcessView};
use crate::net::Network;
use crate::queue::{Event, Kind, Queue};
use crate::setup::{Setup, Span};
use alloc::vec::Vec;
use machine::{Dice, Duration, Knob, Knobs, NodeId, Time, Waivers};

/// No entry caused it.
pub(crate) const NONE: u32 = u32::MAX;
/// No such moment.
pub(crate) const NEVER: u64 = u64::MAX;

/// What a node's own small lists cost to copy, as if it were so many bytes in one piece.
const NODE_WEIGHT: u64 = 1024;

/// What stays the same through a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fixed {
    pub network: Network,
    pub disk: Span,
    pub images: Vec<Image>,
    pub conditions: Vec<Condition>,
    pub declared: &'static [&'static Knob],
    pub end: u64,
    pub fuel: u32,
}

/// A message on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parcel<M> {
    pub message: M,
    pub cause: u32,
    /// The number of its send among all sends of the run.
    pub send: u32,
    /// How often its receiver had been started when the first copy was delivered.
    pub incarnation: u32,
    pub from: NodeId,
    /// Copies still on their way.
    pub copies: u8,
    pub delivered: bool,
}

impl<M> Parcel<M> {
    /// The only copy of a message, which nobody has seen yet.
    #[inline(always)]
    pub const fn new(message: M, from: NodeId, cause: u32, send: u32) -> Self {
        Self {
            message,
            cause,
            send,
            incarnation: 0,
            from,
            copies: 1,
            delivered: false,
        }
    }
}

/// Something that will happen to a node or to the world.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Task {
    pub what: TaskKind,
    pub cause: u32,
    /// It is off if the node has been started or crashed since.
    pub incarnation: u32,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum TaskKind {
    Host(Doing),
    Crash {
        down_for: Duration,
        condition: bool,
        /// Whether it comes back with what its newest backup has.
        put_back: bool,
    },
    Restart,
    Begin(u16),
    End(u16),
    /// A period of a background condition begins.
    Period(u16),
    Heal,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub up: bool,
    /// Rises with every start and every crash; what was meant for an earlier one is off.
    pub incarnation: u32,
    /// Tells the armed deadline event from those before it.
    pub generation: u32,
    /// The entry that set the deadline.
    pub wanted_by: u32,
    /// When it wants its deadline.
    pub wanted: u64,
    /// When its deadline event is due; not later than `wanted`. A deadline that moves back leaves the event where it is,
    /// which is then put off when it comes up: a node that postpones at every input fills no queue.
    pub armed: u64,
    pub offset: Offset,
    /// The fingerprint of the node after its last step.
    pub print: u64,
}

impl Node {
    /// Notes when it wants its deadline; the generation of a new event, if one has to come sooner than any that is planned.
    #[inline(always)]
    pub fn want(&mut self, wanted: u64, by: u32) -> Option<u32> {
        self.wanted = wanted;
        self.wanted_by = by;
        (wanted < self.armed).then(|| {
            self.armed = wanted;
            self.generation = self.generation.wrapping_add(1);
            self.generation
        })
    }
}

/// The state of a run at one moment.
// In this order: `now` and `rolling` are written and then read in every step, and side by side they would be read as one,
// which a processor can do only after both writes are through.
#[repr(C)]
pub struct State<F: Fleet> {
    pub(crate) fleet: F,
    pub(crate) now: Time,
    pub(crate) steps: u32,
    pub(crate) rolling: u64,
    /// How many messages have been sent.
    pub(crate) sends: u32,
    /// How many actions have been taken.
    pub(crate) applied: u32,
    pub(crate) healed: bool,
    pub(crate) spent: bool,
    pub(crate) knobs: Knobs,
    pub(crate) waivers: Waivers,
    pub(crate) dice: Dice,
    pub(crate) queue: Queue,
    pub(crate) parcels: Arena<Parcel<F::Message>>,
    pub(crate) tasks: Arena<Task>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) disks: Vec<Disk<F::Record>>,
    pub(crate) hosts: Vec<Host>,
    pub(crate) conditions: Conditions,
}

impl<F: Fleet> Clone for State<F> {
    fn clone(&self) -> Self {
        Self {
            fleet: self.fleet.clone(),
            knobs: self.knobs.clone(),
            dice: self.dice.clone(),
            queue: self.queue.clone(),
            parcels: self.parcels.clone(),
            tasks: self.tasks.clone(),
            nodes: self.nodes.clone(),
            disks: self.disks.clone(),
            hosts: self.hosts.clone(),
            conditions: self.conditions.clone(),
            ..*self
        }
    }

    fn clone_from(&mut self, source: &Self) {
        self.fleet.clone_from(&source.fleet);
        self.now = source.now;
        self.steps = source.steps;
        self.rolling = source.rolling;
        self.sends = source.sends;
        self.applied = source.applied;
        self.healed = source.healed;
        self.spent = source.spent;
        self.knobs.clone_from(&source.knobs);
        self.waivers = source.waivers;
        self.dice.clone_from(&source.dice);
        self.queue.clone_from(&source.queue);
        self.parcels.clone_from(&source.parcels);
        self.tasks.clone_from(&source.tasks);
        self.nodes.clone_from(&source.nodes);
        self.disks.clone_from(&source.disks);
        self.hosts.clone_from(&source.hosts);
        self.conditions.clone_from(&source.conditions);
    }
}

impl<F: Fleet> State<F> {
    /// The world's time: that of the last entry.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.now
    }

    /// How many entries led here.
    #[must_use]
    pub fn steps(&self) -> u64 {
        u64::from(self.steps)
    }

    /// The nodes.
    #[must_use]
    pub const fn fleet(&self) -> &F {
        &self.fleet
    }

    /// The rolling fingerprint of everything up to here.
    #[must_use]
    pub const fn fingerprint(&self) -> u64 {
        self.rolling
    }

    /// Whether `node` is up.
    ///
    /// # Panics
    /// If there is no such node; so do the other questions about one node.
    #[must_use]
    #[inline]
    pub fn is_up(&self, node: NodeId) -> bool {
        self.nodes[usize::from(node.0)].up
    }

    /// What the clock of `node` shows.
    #[must_use]
    #[inline]
    pub fn clock(&self, node: NodeId) -> Time {
        clock::shown(self.now, self.nodes[usize::from(node.0)].offset)
    }

    /// When `node` gets its next deadline, by the world's clock.
    #[must_use]
    pub fn deadline(&self, node: NodeId) -> Option<Time> {
        let wanted = self.nodes[usize::from(node.0)].wanted;
        (wanted != NEVER).then_some(Time(wanted))
    }

    /// What is durable on the disk of `node`, oldest record first.
    #[must_use]
    pub fn durable(&self, node: NodeId) -> &[F::Record] {
        self.disks[usize::from(node.0)].durable()
    }

    /// The processes on the host of `node`, in order of launching.
    pub fn processes(&self, node: NodeId) -> impl Iterator<Item = ProcessView> {
        self.hosts[usize::from(node.0)].views()
    }

    /// Bytes of memory on the host of `node`.
    #[must_use]
    pub fn host_memory(&self, node: NodeId) -> u64 {
        self.hosts[usize::from(node.0)].total()
    }

    /// Whether the condition with this index holds.
    #[must_use]
    pub fn holds(&self, condition: u16) -> bool {
        self.conditions.is_active(condition)
    }

    /// How often the condition with this index began, plus how many messages it touched; 0 says that it was not exercised.
    #[must_use]
    pub fn hits(&self, condition: u16) -> u32 {
        self.conditions.hits(condition)
    }

    /// Whether everything has healed.
    #[must_use]
    pub const fn healed(&self) -> bool {
        self.healed
    }

    /// The numbers the machines read.
    #[must_use]
    pub const fn knobs(&self) -> &Knobs {
        &self.knobs
    }

    /// The gates that are overridden.
    #[must_use]
    pub const fn waivers(&self) -> Waivers {
        self.waivers
    }

    pub(crate) fn new(setup: Setup<F>) -> (Self, Fixed) {
        let count = setup.fleet.nodes();
        let nodes = usize::from(count);
        let mut hosts: Vec<Host> = (0..nodes).map(|_| Host::new(setup.host_memory)).collect();
        for (node, memory) in &setup.host_memory_of {
            if let Some(host) = hosts.get_mut(usize::from(node.0)) {
                *host = Host::new(*memory);
            }
        }
        let fixed = Fixed {
            network: setup.network,
            disk: setup.disk,
            images: setup.images,
            conditions: setup.conditions,
            declared: setup.declared,
            end: setup.end.0,
            fuel: setup.fuel.min(u64::from(u32::MAX - 15)) as u32,
        };
        let fresh = Node {
            up: false,
            incarnation: 0,
            generation: 0,
            wanted_by: NONE,
            wanted: NEVER,
            armed: NEVER,
            offset: 0,
            print: 0,
        };
        let mut state = Self {
            now: Time::ZERO,
            steps: 0,
            rolling: setup.seed,
            sends: 0,
            applied: 0,
            healed: false,
            spent: false,
            knobs: setup.knobs,
            waivers: setup.waivers,
            dice: crate::choices::dice(setup.seed),
            queue: Queue::default(),
            parcels: Arena::default(),
            tasks: Arena::default(),
            nodes: alloc::vec![fresh; nodes],
            disks: (0..nodes).map(|_| Disk::default()).collect(),
            hosts,
            conditions: Conditions::new(&fixed.conditions),
            fleet: setup.fleet,
        };
        for node in 0..count {
            state.nodes[usize::from(node)].print = state.fleet.fingerprint(NodeId(node));
        }
        state.plan_conditions(&fixed);
        // What holds from the beginning holds before the first node starts.
        for node in 0..count {
            state.push(Time::ZERO, Kind::Start, node, 0);
        }
        if let Some(at) = setup.heal_at {
            state.plan(at, crate::entry::WORLD, TaskKind::Heal, NONE);
        }
        (state, fixed)
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, at: Time, kind: Kind, node: u16, id: u32) {
        self.queue.push(Event::new(at.0, kind, node, id));
    }

    /// Plans a task; what lies at the end of time never comes.
    pub(crate) fn plan(&mut self, at: Time, node: NodeId, what: TaskKind, cause: u32) {
        if at.0 == NEVER {
            return;
        }
        let incarnation = self
            .nodes
            .get(usize::from(node.0))
            .map_or(0, |node| node.incarnation);
        let id = self.tasks.insert(Task {
            what,
            cause,
            incarnation,
        });
        self.push(at, Kind::Task, node.0, id);
    }

    /// About how many bytes a clone copies.
    pub(crate) fn weight(&self) -> u64 {
        self.fleet.weight()
            + self.queue.weight()
            + self.parcels.weight()
            + self.tasks.weight()
            + self.nodes.len() as u64 * NODE_WEIGHT
            + self.disks.iter().map(Disk::weight).sum::<u64>()
    }

    fn plan_conditions(&mut self, fixed: &Fixed) {
        use crate::conditions::When;
        for (index, condition) in fixed.conditions.iter().enumerate() {
            let index = index as u16;
            match condition.when {
                When::At(at) => self.plan(at, crate::entry::WORLD, TaskKind::Begin(index), NONE),
                When::Background { .. } => self.plan(
                    Time::ZERO,
                    crate::entry::WORLD,
                    TaskKind::Period(index),
                    NONE,
                ),
                When::Point { .. } => {}
            }
        }
    }
}
