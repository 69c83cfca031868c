//! Effects: carries out what a step asks for: sends through the network, writes to the disk, calls to the host.
//!
//! **Invariants.** Whatever comes of it later is an event that knows the entry that asked for it.

use crate::Fleet;
use crate::choices::stream;
use crate::entry::{Fate, Sent, WORLD};
use crate::host::{Around, Host, Planned};
use crate::kernel::Kernel;
use crate::net;
use crate::queue::Kind;
use crate::setup::Span;
use crate::state::{Parcel, TaskKind};
use alloc::vec::Vec;
use core::hash::Hasher as _;
use machine::fingerprint::{Fold, fold};
use machine::{NodeId, Send, Ticket, Time};

impl<F: Fleet> Kernel<'_, F> {
    /// Lowers the sends, writes and host calls of the step.
    #[inline(always)]
    pub fn carry_out(&mut self, node: NodeId) {
        let sender = self.fixed.network.sender(node);
        // The fold and the count stay out of memory until all is sent.
        let (mut print, mut sent) = (0, 0);
        while let Some(Send { to, message }) = self.scratch.step.sends.get(sent as usize).copied() {
            let latency = sender.latency(to);
            let send = self.state.sends.wrapping_add(sent);
            print = self.send(print, send, (node, to), message, latency);
            // As many as the list has; whether the run has room for so many is checked below.
            sent = sent.wrapping_add(1);
        }
        self.note_sent(print, sent);
        if !self.scratch.begun.is_empty() {
            self.begin_points();
        }
        if self.scratch.more {
            self.write(node);
            self.call_host(node);
        }
    }

    /// Notes how many messages were put into the outbox, and their fold.
    #[inline(always)]
    pub fn note_sent(&mut self, print: u64, sent: u32) {
        self.scratch.print = print;
        self.scratch.sent = sent;
        self.state.sends += sent;
    }

    /// Sends a message, which is the one of number `send` among all sends; returns the fold with it.
    #[inline(always)]
    fn send(
        &mut self,
        print: u64,
        send: u32,
        (from, to): (NodeId, NodeId),
        message: F::Message,
        latency: Span,
    ) -> u64 {
        let state = &mut *self.state;
        let cause = state.steps;
        if usize::from(to.0) >= state.nodes.len() {
            return self.put(print, Sent::new(message, to, Fate::Left));
        }
        if state.conditions.touch_messages() {
            return self.send_through(print, send, (from, to), message, latency);
        }
        let at = net::calm_arrival(&state.dice, latency, state.now, (from, to), &message);
        let print = self.put(print, Sent::new(message, to, Fate::Arrives { at }));
        let parcel = Parcel::new(message, from, cause, send);
        let id = self.state.parcels.insert(parcel);
        self.state.push(at, Kind::Message, to.0, id);
        print
    }

    /// As [`Kernel::send`], when conditions have a say.
    #[cold]
    fn send_through(
        &mut self,
        print: u64,
        send: u32,
        (from, to): (NodeId, NodeId),
        message: F::Message,
        latency: Span,
    ) -> u64 {
        let state = &mut *self.state;
        let cause = state.steps;
        let (list, begun) = (&self.fixed.conditions, &mut self.scratch.begun);
        let link = (from, to, net::key(from, to, &message));
        let troubles = state
            .conditions
            .judge(list, &state.dice, link, &message, begun);
        let fate = net::fate(&state.dice, latency, state.now, link, troubles);
        let print = self.put(print, Sent::new(message, to, fate));
        let state = &mut *self.state;
        let mut parcel = Parcel::new(message, from, cause, send);
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
        print
    }

    /// Puts a message into the outbox; returns the fold of what was sent, this with it.
    #[inline(always)]
    pub fn put(&mut self, print: u64, sent: Sent<F::Message>) -> u64 {
        let mut hash = Fold::new(print);
        sent.fold(&mut hash);
        self.history.sent.push_on(sent);
        hash.finish()
    }

    #[cold]
    fn begin_points(&mut self) {
        let entry = self.entry();
        for at in 0..self.scratch.begun.len() {
            let index = self.scratch.begun[at];
            self.state
                .plan(self.state.now, WORLD, TaskKind::Begin(index), entry);
        }
        self.scratch.begun.clear();
    }

    #[inline(never)]
    fn write(&mut self, node: NodeId) {
        let entry = self.entry();
        for at in 0..self.scratch.step.persists.len() {
            let write = self.scratch.step.persists[at];
            let (due, alone) = self.written_by(node, write.ticket);
            let state = &mut *self.state;
            let index = usize::from(node.0);
            if let Some(due) = state.disks[index].write(write, entry, due, alone) {
                let incarnation = state.nodes[index].incarnation;
                state.push(due, Kind::Persisted, node.0, incarnation);
            }
        }
    }

    /// A write is done: the next one that has waited for its turn begins.
    pub fn begin_write(&mut self, node: NodeId) {
        let index = usize::from(node.0);
        let Some(ticket) = self.state.disks[index].next() else {
            return;
        };
        let (due, _) = self.written_by(node, ticket);
        let incarnation = self.state.nodes[index].incarnation;
        self.state.push(due, Kind::Persisted, node.0, incarnation);
    }

    /// When a write would be done that begins now, and whether the disk does one at a time.
    fn written_by(&self, node: NodeId, ticket: Ticket) -> (Time, bool) {
        let state = &*self.state;
        let list = &self.fixed.conditions;
        let times = state.conditions.disk_times(list, node);
        let slow = state.conditions.disk_delay(list, node);
        let incarnation = state.nodes[usize::from(node.0)].incarnation;
        let key = fold(fold(u64::from(node.0), u64::from(incarnation)), ticket.0);
        let time = self.fixed.disk.draw(&state.dice, stream::DISK, key);
        let due = state.now.after(time.times(times.max(1))).after(slow);
        (due, times > 0)
    }

    #[inline(never)]
    fn call_host(&mut self, node: NodeId) {
        for at in 0..self.scratch.step.host.len() {
            let call = self.scratch.step.host[at];
            let (host, around, planned) = self.around(node);
            host.call(around, call, planned);
        }
        self.plan_host(node);
    }

    /// The host of a node and what it goes by.
    pub fn around(&mut self, node: NodeId) -> (&mut Host, Around<'_>, &mut Vec<Planned>) {
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
        (
            &mut state.hosts[usize::from(node.0)],
            around,
            &mut self.scratch.planned,
        )
    }

    pub fn plan_host(&mut self, node: NodeId) {
        let entry = self.entry();
        for at in 0..self.scratch.planned.len() {
            let (wait, doing, cause) = self.scratch.planned[at];
            self.state.plan(
                self.state.now.after(wait),
                node,
                TaskKind::Host(doing),
                cause.unwrap_or(entry),
            );
        }
        self.scratch.planned.clear();
    }
}
