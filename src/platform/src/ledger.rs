//! Ledger: an ordered map that keeps a digest of itself, at the price of one entry per change.
//!
//! **Invariants.** The digest is the XOR of all entries' digests, so that equal ledgers have equal digests however they
//! came about. Entries change only through the methods here.

use core::hash::Hash;
use machine::SortedMap;
use machine::fingerprint::digest;

/// An ordered map with a digest.
#[derive(Clone, Debug)]
pub(crate) struct Ledger<K, V> {
    map: SortedMap<K, V>,
    fingerprint: u64,
}

impl<K, V> Default for Ledger<K, V> {
    fn default() -> Self {
        Self {
            map: SortedMap::new(),
            fingerprint: 0,
        }
    }
}

impl<K, V> Ledger<K, V> {
    /// The entries.
    pub(crate) const fn map(&self) -> &SortedMap<K, V> {
        &self.map
    }

    /// The digest of all entries.
    pub(crate) const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }
}

impl<K: Ord + Copy + Hash, V: Hash> Ledger<K, V> {
    /// The entry at `key`.
    pub(crate) fn get(&self, key: K) -> Option<&V> {
        self.map.get(&key)
    }

    /// Whether there is an entry at `key`.
    pub(crate) fn contains(&self, key: K) -> bool {
        self.map.contains_key(&key)
    }

    /// Puts `value` at `key`.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.fingerprint ^= digest(&(key, &value));
        if let Some(old) = self.map.insert(key, value) {
            self.fingerprint ^= digest(&(key, &old));
        }
    }

    /// Takes out what is at `key`.
    pub(crate) fn remove(&mut self, key: K) -> Option<V> {
        let old = self.map.remove(&key)?;
        self.fingerprint ^= digest(&(key, &old));
        Some(old)
    }

    /// Changes what is at `key`, if anything is.
    pub(crate) fn update<R>(&mut self, key: K, change: impl FnOnce(&mut V) -> R) -> Option<R> {
        let value = self.map.get_mut(&key)?;
        self.fingerprint ^= digest(&(key, &*value));
        let result = change(value);
        self.fingerprint ^= digest(&(key, &*value));
        Some(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_depends_on_the_entries_and_not_on_their_history() {
        let (mut a, mut b) = (Ledger::default(), Ledger::default());
        a.insert(1_u32, 10_u32);
        a.insert(2, 20);
        a.insert(1, 11);
        b.insert(2, 0);
        b.update(2, |value| *value = 20);
        b.insert(3, 30);
        b.insert(1, 11);
        b.remove(3);
        assert_eq!(a.fingerprint(), b.fingerprint());
        assert_eq!(b.update(9, |value| *value), None);
        b.remove(1);
        b.remove(2);
        assert_eq!(b.fingerprint(), 0);
    }
}
