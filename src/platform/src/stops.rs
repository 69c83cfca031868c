//! Stops: what a log is told nothing more about, since its last event there is somebody else's.
//!
//! Every relay writes with the sequence that it expects, and is refused where the log ends with another one. There are two
//! ways in which that comes about, and they are told apart by the name of the last event. If it is one's own, an earlier try
//! got through and only its answer was lost. If it is not, whoever wrote it may know something that this one does not.
//!
//! **Invariants.** Nothing is told behind somebody else's event before somebody has looked at it and has said so. What is
//! stopped is known by name, and is found again after a crash, since the log still ends with the same event.

use crate::gate;
use crate::ledger::Ledger;
use core::hash::Hash;
use machine::{Context, Fact, Step, Subject};

/// What is stopped, with the sequence of the event that stands in the way.
#[derive(Clone, Debug)]
pub(crate) struct Stops<K> {
    at: Ledger<K, u64>,
}

impl<K> Default for Stops<K> {
    fn default() -> Self {
        Self {
            at: Ledger::default(),
        }
    }
}

impl<K: Ord + Copy + Hash + Into<Subject>> Stops<K> {
    /// Whether the log's last event, of this sequence, is one's own; if not, nothing more is told from now on.
    pub(crate) fn judge<M, R, N>(
        &mut self,
        cx: &Context<'_>,
        out: &mut Step<M, R, N>,
        key: K,
        (last, own): (u64, Fact),
    ) -> bool {
        let is_own = out
            .require(cx, &gate::LAST_EVENT_OWN, key.into(), own)
            .is_ok();
        if !is_own {
            self.at.insert(key, last);
        }
        is_own
    }

    /// Whether nothing is told about something.
    pub(crate) fn contains(&self, key: K) -> bool {
        self.at.contains(key)
    }

    /// Somebody has looked: the sequence behind which it goes on, if it was stopped at all.
    pub(crate) fn resume(&mut self, key: K) -> Option<u64> {
        self.at.remove(key)
    }

    /// What is stopped, and at which sequence.
    pub(crate) fn all(&self) -> impl Iterator<Item = (K, u64)> {
        self.at.map().iter().map(|(key, seq)| (*key, *seq))
    }

    /// The digest of all of it.
    pub(crate) const fn fingerprint(&self) -> u64 {
        self.at.fingerprint()
    }
}
