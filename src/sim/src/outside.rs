//! Outside: what happens to nodes that is not their own doing: conditions begin and end, nodes go down and come back,
//! somebody acts.
//!
//! **Invariants.** All of it is entries, with their causes. After healing nothing goes wrong by itself any more.

use crate::Fleet;
use crate::conditions::{Conditions, Disturbance, When};
use crate::entry::{External, Fate, OPERATOR, Sent, WORLD, What};
use crate::kernel::{Kernel, Outcome};
use crate::queue::Kind;
use crate::state::{NEVER, NONE, Parcel, Task, TaskKind};
use machine::{Duration, NodeId};

impl<F: Fleet> Kernel<'_, F> {
    /// Something planned is due, unless its node has gone down or come back since.
    pub fn task(&mut self, node: NodeId, task: Task) -> Outcome {
        let Task {
            what,
            cause,
            incarnation,
        } = task;
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
            TaskKind::Crash {
                down_for,
                condition,
                put_back,
            } => {
                if condition && self.state.healed {
                    Outcome::Nothing
                } else {
                    self.crash(node, cause, down_for, put_back)
                }
            }
            TaskKind::Restart => self.start(node, cause, What::Restarted),
            TaskKind::Begin(index) => self.begin(index, cause),
            TaskKind::End(index) => self.end(index, cause),
            TaskKind::Period(index) => self.period(index),
            TaskKind::Heal => self.heal(),
        }
    }

    fn crash(&mut self, node: NodeId, cause: u32, down_for: Duration, put_back: bool) -> Outcome {
        let entry = self.entry();
        let state = &mut *self.state;
        let here = &mut state.nodes[usize::from(node.0)];
        if !here.up && !put_back {
            return Outcome::Nothing;
        }
        here.up = false;
        here.incarnation += 1;
        here.generation = here.generation.wrapping_add(1);
        here.wanted = NEVER;
        here.armed = NEVER;
        let disk = &mut state.disks[usize::from(node.0)];
        disk.crash(state.now);
        if put_back {
            let fleet = &state.fleet;
            disk.put_back(|records, backup| fleet.put_back(node, records, backup));
        }
        let records = state.disks[usize::from(node.0)].durable().len() as u64;
        state.hosts[usize::from(node.0)].crash();
        let times = state.conditions.disk_times(&self.fixed.conditions, node);
        let reading = self.fixed.disk.low.times(times).times(records);
        let back = state.now.after(down_for).after(reading);
        state.plan(back, node, TaskKind::Restart, entry);
        self.note(node, cause, What::Crashed)
    }

    fn begin(&mut self, index: u16, cause: u32) -> Outcome {
        if !self.state.conditions.begin(&self.fixed.conditions, index) {
            return Outcome::Nothing;
        }
        let entry = self.entry();
        let condition = &self.fixed.conditions[usize::from(index)];
        if let Some(spell) = condition.spell() {
            self.state.plan(
                self.state.now.after(spell),
                WORLD,
                TaskKind::End(index),
                entry,
            );
        }
        match condition.what {
            Disturbance::Crash { node, down_for }
                if usize::from(node.0) < self.state.nodes.len() =>
            {
                self.state.plan(
                    self.state.now,
                    node,
                    TaskKind::Crash {
                        down_for,
                        condition: true,
                        put_back: false,
                    },
                    entry,
                );
            }
            Disturbance::BackUp { node } => {
                if let Some(disk) = self.state.disks.get_mut(usize::from(node.0)) {
                    disk.back_up();
                }
            }
            Disturbance::PutBack { node, down_for }
                if usize::from(node.0) < self.state.nodes.len() =>
            {
                self.state.plan(
                    self.state.now,
                    node,
                    TaskKind::Crash {
                        down_for,
                        condition: true,
                        put_back: true,
                    },
                    entry,
                );
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
        let When::Background {
            chance_per_million,
            period,
        } = self.fixed.conditions[usize::from(index)].when
        else {
            return Outcome::Nothing;
        };
        if self.state.healed {
            return Outcome::Nothing;
        }
        let now = self.state.now;
        self.state.plan(
            now.after(Duration(period.0.max(1))),
            WORLD,
            TaskKind::Period(index),
            NONE,
        );
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
            self.state
                .conditions
                .forbid(&self.fixed.conditions, index as u16);
            self.state
                .conditions
                .end(&self.fixed.conditions, index as u16);
        }
        for node in 0..self.state.nodes.len() {
            if !self.state.nodes[node].up {
                self.state.plan(
                    self.state.now,
                    NodeId(node as u16),
                    TaskKind::Restart,
                    entry,
                );
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
    pub fn act(&mut self, external: External<F::Message>) -> Outcome {
        let entry = self.entry();
        let nodes = self.state.nodes.len();
        let exists = |node: NodeId| usize::from(node.0) < nodes;
        match external {
            External::Deliver { to, message } if exists(to) => {
                let send = self.state.sends;
                let fate = Fate::Arrives { at: self.state.now };
                let print = self.put(0, Sent::new(message, to, fate));
                self.note_sent(print, 1);
                let (state, from) = (&mut *self.state, OPERATOR);
                let parcel = Parcel {
                    message,
                    cause: entry,
                    send,
                    incarnation: 0,
                    from,
                    copies: 1,
                    delivered: false,
                };
                let id = state.parcels.insert(parcel);
                state.push(state.now, Kind::Message, to.0, id);
            }
            External::Crash { node, down_for } if exists(node) => {
                self.state.plan(
                    self.state.now,
                    node,
                    TaskKind::Crash {
                        down_for,
                        condition: false,
                        put_back: false,
                    },
                    entry,
                );
            }
            External::Restart { node }
                if exists(node) && !self.state.nodes[usize::from(node.0)].up =>
            {
                self.state
                    .plan(self.state.now, node, TaskKind::Restart, entry);
            }
            External::Lift(index) if usize::from(index) < self.fixed.conditions.len() => {
                self.lift(index)
            }
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
        if let Disturbance::Crash { node, .. } | Disturbance::PutBack { node, .. } =
            self.fixed.conditions[usize::from(index)].what
            && self
                .state
                .nodes
                .get(usize::from(node.0))
                .is_some_and(|node| !node.up)
        {
            self.state
                .plan(self.state.now, node, TaskKind::Restart, entry);
        }
        self.state
            .plan(self.state.now, WORLD, TaskKind::End(index), entry);
    }
}
