//! Sorted maps and sets as plain vectors: what a machine keeps is small, and a keyframe copies it in one go.
//!
//! A tree's code is made anew for every pair of types, and in a browser module that adds up to more than the logic that
//! uses it; a vector's is a few instructions each.
//!
//! Looking up is what machines do most; it is inlined even where little else is, as in the browser (`.cargo/config.toml`),
//! which makes a whole run a tenth faster there.
//!
//! **Invariants.** Keys rise strictly. Looking up is a binary search; putting a key at the end, which rising ids do,
//! moves nothing.

use alloc::vec::Vec;
use core::ops::{Bound, Index, RangeBounds};

/// A map whose entries lie in order of their keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SortedMap<K, V>(Vec<(K, V)>);

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K, V> SortedMap<K, V> {
    /// An empty map.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord, V> SortedMap<K, V> {
    #[inline]
    fn find(&self, key: &K) -> Result<usize, usize> {
        // Most keys are put in, and many are looked for, at the end.
        match self.0.last() {
            Some((last, _)) if last < key => Err(self.0.len()),
            _ => self.0.binary_search_by(|(other, _)| other.cmp(key)),
        }
    }

    /// The value of a key.
    #[inline]
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        self.find(key).ok().map(|at| &self.0[at].1)
    }

    /// The value of a key, to change it.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.find(key).ok().map(|at| &mut self.0[at].1)
    }

    /// Whether a key has a value.
    #[must_use]
    pub fn contains_key(&self, key: &K) -> bool {
        self.find(key).is_ok()
    }

    /// Gives a key a value; returns the one it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(at) => Some(core::mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                self.0.insert(at, (key, value));
                None
            }
        }
    }

    /// The place of a key, to look at its value or give it one.
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        match self.find(&key) {
            Ok(at) => Entry {
                entries: &mut self.0,
                at,
                missing: None,
            },
            Err(at) => Entry {
                entries: &mut self.0,
                at,
                missing: Some(key),
            },
        }
    }

    /// The entries whose keys lie in a range, in order.
    pub fn range(&self, range: impl RangeBounds<K>) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        let (from, to) = bounds(&self.0, &range, |(key, _)| key);
        self.0[from..to].iter().map(|(key, value)| (key, value))
    }

    /// Takes a key out; returns its value.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.find(key).ok().map(|at| self.0.remove(at).1)
    }

    /// Keeps what `keep` says yes to.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.0.retain_mut(|(key, value)| keep(key, value));
    }

    /// All entries, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// All keys, in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    /// All values, in order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    /// How many entries there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// The place of a key in a map.
pub struct Entry<'a, K, V> {
    entries: &'a mut Vec<(K, V)>,
    at: usize,
    /// The key, if it has no value.
    missing: Option<K>,
}

impl<'a, K, V> Entry<'a, K, V> {
    /// The value, made by `value` if there was none.
    pub fn or_insert_with(self, value: impl FnOnce() -> V) -> &'a mut V {
        if let Some(key) = self.missing {
            self.entries.insert(self.at, (key, value()));
        }
        &mut self.entries[self.at].1
    }

    /// The value; `value` if there was none.
    pub fn or_insert(self, value: V) -> &'a mut V {
        self.or_insert_with(|| value)
    }

    /// The value; the default if there was none.
    pub fn or_default(self) -> &'a mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }
}

/// Where the items of a range begin and end.
fn bounds<T, K: Ord>(
    items: &[T],
    range: &impl RangeBounds<K>,
    key: impl Fn(&T) -> &K,
) -> (usize, usize) {
    let from = items.partition_point(|item| match range.start_bound() {
        Bound::Included(low) => key(item) < low,
        Bound::Excluded(low) => key(item) <= low,
        Bound::Unbounded => false,
    });
    let to = items.partition_point(|item| match range.end_bound() {
        Bound::Included(high) => key(item) <= high,
        Bound::Excluded(high) => key(item) < high,
        Bound::Unbounded => true,
    });
    (from, to.max(from))
}

/// A set whose members lie in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SortedSet<K>(Vec<K>);

impl<K> Default for SortedSet<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K> SortedSet<K> {
    /// An empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord> SortedSet<K> {
    #[inline]
    fn find(&self, key: &K) -> Result<usize, usize> {
        match self.0.last() {
            Some(last) if last < key => Err(self.0.len()),
            _ => self.0.binary_search(key),
        }
    }

    /// Whether it is a member.
    #[must_use]
    pub fn contains(&self, key: &K) -> bool {
        self.find(key).is_ok()
    }

    /// Makes it a member; whether it was none before.
    pub fn insert(&mut self, key: K) -> bool {
        match self.find(&key) {
            Ok(_) => false,
            Err(at) => {
                self.0.insert(at, key);
                true
            }
        }
    }

    /// Takes it out; whether it was a member.
    pub fn remove(&mut self, key: &K) -> bool {
        self.find(key).is_ok_and(|at| {
            self.0.remove(at);
            true
        })
    }

    /// Keeps only the members of which this is so.
    pub fn retain(&mut self, keep: impl FnMut(&K) -> bool) {
        self.0.retain(keep);
    }

    /// The least member.
    #[must_use]
    pub fn first(&self) -> Option<&K> {
        self.0.first()
    }

    /// Takes the least member out.
    pub fn pop_first(&mut self) -> Option<K> {
        if self.0.is_empty() {
            None
        } else {
            Some(self.0.remove(0))
        }
    }

    /// All members, in order.
    pub fn iter(&self) -> core::slice::Iter<'_, K> {
        self.0.iter()
    }

    /// The members in a range, in order.
    pub fn range(&self, range: impl RangeBounds<K>) -> core::slice::Iter<'_, K> {
        let (from, to) = bounds(&self.0, &range, |key| key);
        self.0[from..to].iter()
    }

    /// How many members there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Ord, V> Index<&K> for SortedMap<K, V> {
    type Output = V;

    /// The value of a key.
    ///
    /// # Panics
    /// If it has none.
    fn index(&self, key: &K) -> &V {
        match self.find(key) {
            Ok(at) => &self.0[at].1,
            Err(_) => panic!("no such key"),
        }
    }
}

impl<'a, K> IntoIterator for &'a SortedSet<K> {
    type Item = &'a K;
    type IntoIter = core::slice::Iter<'a, K>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<K> IntoIterator for SortedSet<K> {
    type Item = K;
    type IntoIter = alloc::vec::IntoIter<K>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<K, V> IntoIterator for SortedMap<K, V> {
    type Item = (K, V);
    type IntoIter = alloc::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for SortedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

impl<K: Ord> FromIterator<K> for SortedSet<K> {
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> Self {
        let mut set = Self::new();
        for key in keys {
            set.insert(key);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::{BTreeMap, BTreeSet};

    /// The standard library's trees are the oracle: whatever is done in any order, both hold the same.
    #[test]
    fn they_hold_what_trees_hold() {
        let (mut map, mut set) = (SortedMap::new(), SortedSet::new());
        let (mut tree, mut other) = (BTreeMap::new(), BTreeSet::new());
        for n in 0_u64..5000 {
            let key = crate::fingerprint::spread(n) % 97;
            match n % 5 {
                0 | 1 => assert_eq!(map.insert(key, n), tree.insert(key, n)),
                2 => assert_eq!(map.remove(&key), tree.remove(&key)),
                3 => assert_eq!(map.entry(key).or_insert(n), tree.entry(key).or_insert(n)),
                _ => {
                    map.retain(|key, _| key % 7 != n % 7);
                    tree.retain(|key, _| key % 7 != n % 7);
                }
            }
            match n % 3 {
                0 => assert_eq!(set.insert(key), other.insert(key)),
                1 => assert_eq!(set.remove(&(key / 2)), other.remove(&(key / 2))),
                _ => assert_eq!(
                    (set.first(), set.contains(&key)),
                    (other.first(), other.contains(&key))
                ),
            }
            assert!(
                set.range(key..).eq(other.range(key..)) && map.range(..=key).eq(tree.range(..=key))
            );
            if n % 11 == 0 {
                assert_eq!(set.pop_first(), other.pop_first());
            }
            assert!(map.iter().eq(tree.iter()) && set.iter().eq(other.iter()));
        }
    }
}
