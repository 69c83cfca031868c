//! Agenda: what is to be done when. One moment per item; the next one is found without looking at the others.

use crate::ledger::Ledger;
use alloc::vec::Vec;
use core::hash::Hash;
use machine::SortedSet;
use machine::Time;

/// Items and the moments at which they are due.
#[derive(Clone, Debug)]
pub(crate) struct Agenda<K> {
    moments: Ledger<K, Time>,
    queue: SortedSet<(Time, K)>,
}

impl<K> Default for Agenda<K> {
    fn default() -> Self {
        Self {
            moments: Ledger::default(),
            queue: SortedSet::new(),
        }
    }
}

impl<K: Ord + Copy + Hash> Agenda<K> {
    /// Puts `item` down for `at`, and for no other moment.
    pub(crate) fn set(&mut self, item: K, at: Time) {
        if self.due(item) == Some(at) {
            // Most of what is put down anew is put down for the same moment.
            return;
        }
        self.clear(item);
        self.moments.insert(item, at);
        self.queue.insert((at, item));
    }

    /// Takes `item` off.
    pub(crate) fn clear(&mut self, item: K) {
        if let Some(at) = self.moments.remove(item) {
            self.queue.remove(&(at, item));
        }
    }

    /// Whether `item` is on the agenda.
    #[inline]
    pub(crate) fn has(&self, item: K) -> bool {
        self.moments.contains(item)
    }

    /// When `item` is due, if it is on the agenda.
    #[inline]
    pub(crate) fn due(&self, item: K) -> Option<Time> {
        self.moments.get(item).copied()
    }

    /// The next moment at which something is due.
    #[inline]
    pub(crate) fn next(&self) -> Option<Time> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Takes off everything that is due, earliest first.
    ///
    /// All at once, so that an item that comes back for the same moment waits for the next call instead of keeping
    /// this one going for ever.
    pub(crate) fn take_due(&mut self, now: Time) -> Vec<K> {
        let due: Vec<K> = self
            .queue
            .iter()
            .take_while(|(at, _)| *at <= now)
            .map(|(_, item)| *item)
            .collect();
        for item in &due {
            self.clear(*item);
        }
        due
    }

    /// The digest of all items and their moments.
    pub(crate) const fn fingerprint(&self) -> u64 {
        self.moments.fingerprint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_has_one_moment_and_comes_when_it_is_due() {
        let mut agenda = Agenda::default();
        agenda.set('a', Time(5));
        agenda.set('b', Time(3));
        agenda.set('a', Time(2));
        assert_eq!(agenda.next(), Some(Time(2)));
        assert_eq!(agenda.take_due(Time(3)), ['a', 'b']);
        assert_eq!(
            (agenda.next(), agenda.has('a'), agenda.fingerprint()),
            (None, false, 0)
        );
    }
}
