//! Table: durable rows by dense id, changed only by compare-and-set, with a fingerprint that costs one row per change.
//!
//! **Invariants.** A row's version rises by one per change. The fingerprint is the XOR of all rows' digests, so it does
//! not depend on the order of changes, and equal tables have equal fingerprints.

use crate::fingerprint::digest;
use alloc::vec::Vec;
use core::hash::Hash;

/// A row: a value and how often it was changed. A new row has version 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Row<T> {
    /// How many commits made it what it is.
    pub version: u32,
    /// What it holds.
    pub value: T,
}

/// A compare-and-set lost: the row is not at the version it was judged at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CasConflict {
    /// The version the writer had judged.
    pub expected: u32,
    /// The version the row has.
    pub found: u32,
}

/// Rows by dense id.
#[derive(Clone, Debug)]
pub struct Table<T> {
    rows: Vec<Row<T>>,
    fingerprint: u64,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            fingerprint: 0,
        }
    }
}

impl<T: Hash> Table<T> {
    /// Adds a row and returns its id.
    pub fn insert(&mut self, value: T) -> u32 {
        let id = self.rows.len() as u32;
        let row = Row { version: 1, value };
        self.fingerprint ^= digest(&(id, &row));
        self.rows.push(row);
        id
    }

    /// Writes `value` if the row is still at version `expected`; returns the new version.
    ///
    /// # Errors
    /// [`CasConflict`]; then nothing changed.
    ///
    /// # Panics
    /// If there is no row `id`: ids come from [`Table::insert`].
    pub fn cas(&mut self, id: u32, expected: u32, value: T) -> Result<u32, CasConflict> {
        let row = &mut self.rows[id as usize];
        if row.version != expected {
            return Err(CasConflict {
                expected,
                found: row.version,
            });
        }
        self.fingerprint ^= digest(&(id, &*row));
        *row = Row {
            version: expected + 1,
            value,
        };
        self.fingerprint ^= digest(&(id, &*row));
        Ok(row.version)
    }

    /// Puts back a row as it was read from disk, adding it if it is new; ids must arrive in order for new rows.
    ///
    /// # Panics
    /// If `id` lies beyond the next free id.
    pub fn restore(&mut self, id: u32, row: Row<T>) {
        match self.rows.get_mut(id as usize) {
            Some(old) => {
                self.fingerprint ^= digest(&(id, &*old));
                *old = row;
            }
            None => {
                assert!(
                    id as usize == self.rows.len(),
                    "rows are restored in order of id"
                );
                self.rows.push(row);
            }
        }
        self.fingerprint ^= digest(&(id, &self.rows[id as usize]));
    }

    /// The row with this id.
    #[must_use]
    pub fn get(&self, id: u32) -> Option<&Row<T>> {
        self.rows.get(id as usize)
    }

    /// All rows, in order of id.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u32, &Row<T>)> {
        self.rows
            .iter()
            .enumerate()
            .map(|(id, row)| (id as u32, row))
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.rows.len() as u32
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The digest of the whole table.
    #[inline]
    #[must_use]
    pub const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_compare_and_set_changes_nothing() {
        let mut table = Table::default();
        let id = table.insert(7_u32);
        assert_eq!(table.cas(id, 1, 8), Ok(2));
        let before = table.fingerprint();
        assert_eq!(
            table.cas(id, 1, 9),
            Err(CasConflict {
                expected: 1,
                found: 2
            })
        );
        assert_eq!(
            (table.get(id).map(|row| row.value), table.fingerprint()),
            (Some(8), before)
        );
    }

    #[test]
    fn equal_tables_have_equal_fingerprints_however_they_came_about() {
        let (mut a, mut b) = (Table::default(), Table::default());
        for value in [1_u32, 2] {
            a.insert(value);
            b.insert(value);
        }
        a.cas(0, 1, 5).unwrap();
        a.cas(1, 1, 6).unwrap();
        b.cas(1, 1, 6).unwrap();
        b.cas(0, 1, 5).unwrap();
        assert_eq!(a.fingerprint(), b.fingerprint());
        let mut c = Table::default();
        for (id, row) in a.iter() {
            c.restore(id, *row);
        }
        assert_eq!(a.fingerprint(), c.fingerprint());
    }
}
