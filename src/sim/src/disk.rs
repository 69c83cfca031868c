//! Disk: writes become durable in order, some time after they were asked for; a crash loses those that were not.
//!
//! A disk that is busy does one write at a time, and whoever comes back reads every record first.
//!
//! **Invariants.** Per node, records become durable in the order they were written. A write is acknowledged after it is
//! durable, and one that a crash lost is never acknowledged.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use machine::{Persist, Ticket, Time};

/// The log is offered for compaction when it is this long, and then whenever it has doubled.
const COMPACT_FROM: usize = 64;

/// A write under way.
#[derive(Clone, Copy, Debug)]
struct Pending<R> {
    write: Persist<R>,
    cause: u32,
}

/// The disk of one node.
#[derive(Debug)]
pub(crate) struct Disk<R> {
    durable: Vec<R>,
    pending: VecDeque<Pending<R>>,
    /// When the last write asked for so far is done.
    busy_until: Time,
    /// For how many of the writes under way it is known when they are done: all of them, unless the disk is busy.
    planned: u32,
    compacted_at: u32,
    /// How much of the log the newest backup has.
    backup: u32,
}

impl<R> Default for Disk<R> {
    fn default() -> Self {
        Self {
            durable: Vec::new(),
            pending: VecDeque::new(),
            busy_until: Time::ZERO,
            planned: 0,
            compacted_at: 0,
            backup: 0,
        }
    }
}

impl<R: Copy> Clone for Disk<R> {
    fn clone(&self) -> Self {
        Self {
            durable: self.durable.clone(),
            pending: self.pending.clone(),
            ..*self
        }
    }

    fn clone_from(&mut self, source: &Self) {
        self.durable.clone_from(&source.durable);
        self.pending.clone_from(&source.pending);
        self.busy_until = source.busy_until;
        self.planned = source.planned;
        self.compacted_at = source.compacted_at;
        self.backup = source.backup;
    }
}

impl<R: Copy> Disk<R> {
    /// Takes a write that would be done at `due`; returns when it will be, after those before it. `None` if that is not
    /// known yet: writes before it wait for their turn, or it has to, since the disk does one at a time (`alone`).
    pub fn write(&mut self, write: Persist<R>, cause: u32, due: Time, alone: bool) -> Option<Time> {
        let waits = self.pending.len() > self.planned as usize || alone && self.planned > 0;
        self.pending.push_back(Pending { write, cause });
        if waits {
            return None;
        }
        self.planned += 1;
        self.busy_until = self.busy_until.max(due);
        Some(self.busy_until)
    }

    /// The write whose turn it is, if one has waited for it.
    pub fn next(&mut self) -> Option<Ticket> {
        let next = self.pending.front().filter(|_| self.planned == 0)?;
        self.planned = 1;
        Some(next.write.ticket)
    }

    /// The oldest write is done: its ticket and the entry that asked for it.
    pub fn done(&mut self) -> Option<(Ticket, u32)> {
        let Pending { write, cause } = self.pending.pop_front()?;
        self.planned = self.planned.saturating_sub(1);
        self.durable.push(write.record);
        Some((write.ticket, cause))
    }

    /// Whether the log has grown enough to be shortened.
    pub fn is_long(&self) -> bool {
        self.durable.len() >= COMPACT_FROM.max(2 * self.compacted_at as usize)
    }

    pub fn compact(&mut self, shorten: impl FnOnce(&mut Vec<R>)) {
        shorten(&mut self.durable);
        self.compacted_at = self.durable.len() as u32;
        self.backup = self.backup.min(self.compacted_at);
    }

    /// A backup is made of what is durable now.
    pub fn back_up(&mut self) {
        self.backup = self.durable.len() as u32;
    }

    /// The log becomes what `mend` makes of it and of how much of it the newest backup has.
    pub fn put_back(&mut self, mend: impl FnOnce(&mut Vec<R>, usize)) {
        mend(&mut self.durable, self.backup as usize);
        self.backup = self.backup.min(self.durable.len() as u32);
    }

    /// What was not durable is lost.
    pub fn crash(&mut self, now: Time) {
        self.pending.clear();
        self.planned = 0;
        self.busy_until = now;
    }

    pub fn durable(&self) -> &[R] {
        &self.durable
    }

    pub fn weight(&self) -> u64 {
        (self.durable.len() * size_of::<R>() + self.pending.len() * size_of::<Pending<R>>()) as u64
    }
}
