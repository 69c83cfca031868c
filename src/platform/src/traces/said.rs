//! Saying something of a row only when the row is durable: what the store of keys and the inbox have in common.
//!
//! **Invariants.** Nothing is said of a row before its newest record is durable. The same thing waits once for the same
//! listener, however often it is asked for.

use super::message::Message as Say;
use crate::ledger::Ledger;
use crate::message::Message;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};
use machine::{NodeId, Step, Ticket};

/// Counts the records of rows, and keeps what is to be said of a row until its newest record is durable.
#[derive(Clone, Debug)]
pub(super) struct Sayings<K> {
    written: u64,
    durable: u64,
    /// The number of the newest record of each row.
    newest: Ledger<K, u64>,
    waiting: Vec<(u64, NodeId, Say)>,
}

impl<K> Default for Sayings<K> {
    fn default() -> Self {
        Self {
            written: 0,
            durable: 0,
            newest: Ledger::default(),
            waiting: Vec::new(),
        }
    }
}

impl<K: Ord + Copy + Hash> Sayings<K> {
    /// A row gets a record: under this ticket.
    pub(super) fn write(&mut self, key: K) -> Ticket {
        self.written += 1;
        self.newest.insert(key, self.written);
        Ticket(self.written)
    }

    /// How many records there were.
    pub(super) const fn written(&self) -> u64 {
        self.written
    }

    /// Whether all that was written of a row is durable.
    pub(super) fn is_durable(&self, key: K) -> bool {
        self.durable >= self.newest_of(key)
    }

    fn newest_of(&self, key: K) -> u64 {
        self.newest.get(key).copied().unwrap_or(0)
    }

    /// Says something of a row as soon as all that was written of it is durable.
    pub(super) fn say<R, N>(
        &mut self,
        out: &mut Step<Message, R, N>,
        to: NodeId,
        key: K,
        say: Say,
    ) {
        if self.is_durable(key) {
            return out.send(to, Message::Traces(say));
        }
        let waits = (self.newest_of(key), to, say);
        if !self.waiting.contains(&waits) {
            self.waiting.push(waits);
        }
    }

    /// Whether something like this waits to be said.
    pub(super) fn waits(&self, like: impl Fn(&Say) -> bool) -> bool {
        self.waiting.iter().any(|(_, _, say)| like(say))
    }

    /// The records up to this one are durable: says what has waited for them.
    pub(super) fn persisted<R, N>(&mut self, out: &mut Step<Message, R, N>, ticket: Ticket) {
        self.durable = self.durable.max(ticket.0);
        let durable = self.durable;
        for (_, to, say) in self
            .waiting
            .extract_if(.., |(after, _, _)| *after <= durable)
        {
            out.send(to, Message::Traces(say));
        }
    }
}

impl<K: Ord + Copy + Hash> Hash for Sayings<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (
            self.written,
            self.durable,
            self.newest.fingerprint(),
            &self.waiting,
        )
            .hash(state);
    }
}
