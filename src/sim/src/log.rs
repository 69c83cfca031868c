//! Log: a long list that is written at its end and read anywhere.
//!
//! What is new is gathered in a small part that stays near the processor, and moved to the long part in one go: writing
//! straight to the end of a list of many megabytes makes every step wait for memory that nobody is going to read soon.
//!
//! **Invariants.** A group added at once can be read as one slice: it never lies in both parts.

use alloc::vec::Vec;

/// A page.
const RECENT_BYTES: usize = 4096;

pub(crate) struct Log<T> {
    kept: Vec<T>,
    recent: Vec<T>,
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self {
            kept: Vec::new(),
            recent: Vec::new(),
        }
    }
}

impl<T: Copy> Clone for Log<T> {
    fn clone(&self) -> Self {
        Self {
            kept: self.kept.clone(),
            recent: self.recent.clone(),
        }
    }
}

impl<T: Copy> Log<T> {
    const RECENT_MAX: usize = if RECENT_BYTES / size_of::<T>() > 1 {
        RECENT_BYTES / size_of::<T>()
    } else {
        1
    };

    #[inline(always)]
    pub fn len(&self) -> usize {
        self.kept.len() + self.recent.len()
    }

    #[inline(always)]
    pub fn push(&mut self, item: T) {
        if self.recent.len() == self.recent.capacity() {
            self.move_recent();
        }
        self.recent.push(item);
    }

    /// Begins a group of items that are pushed one by one with [`Log::push_on`]; forgets what came after `end`, unless that
    /// is the end. Returns where the group begins.
    #[inline(always)]
    pub fn begin(&mut self, end: Option<u32>) -> u32 {
        if let Some(end) = end {
            // What is forgotten was pushed since the last move, so it is recent.
            self.recent
                .truncate((end as usize).saturating_sub(self.kept.len()));
        } else if self.recent.len() >= Self::RECENT_MAX {
            self.move_recent();
        }
        self.len() as u32
    }

    /// Adds an item to the group that was begun last.
    #[inline(always)]
    pub fn push_on(&mut self, item: T) {
        self.recent.push(item);
    }

    /// The items from `start`, which began the last group.
    #[inline(always)]
    pub fn since(&self, start: u32) -> &[T] {
        self.recent
            .get((start as usize).wrapping_sub(self.kept.len())..)
            .unwrap_or_default()
    }

    /// Adds a group; returns where it lies.
    pub fn append(&mut self, group: &[T]) -> (u32, u32) {
        self.make_room(group.len());
        let start = self.len() as u32;
        // One at a time: nearly always there is one.
        for item in group {
            self.recent.push(*item);
        }
        (start, self.len() as u32)
    }

    /// The items from `start` to before `end`, which must lie in one group.
    pub fn group(&self, (start, end): (u32, u32)) -> &[T] {
        let (start, end) = (start as usize, end as usize);
        match start.checked_sub(self.kept.len()) {
            Some(recent) => &self.recent[recent..recent + end - start],
            None => &self.kept[start..end],
        }
    }

    pub fn get(&self, at: usize) -> Option<&T> {
        match at.checked_sub(self.kept.len()) {
            Some(recent) => self.recent.get(recent),
            None => self.kept.get(at),
        }
    }

    /// How many items from the beginning satisfy `holds`, if all that do come before all that do not.
    pub fn partition_point(&self, holds: impl Fn(&T) -> bool) -> usize {
        match self.kept.partition_point(&holds) {
            all if all == self.kept.len() => all + self.recent.partition_point(&holds),
            some => some,
        }
    }

    pub fn clear(&mut self) {
        self.kept.clear();
        self.recent.clear();
    }

    pub fn reserve(&mut self, items: usize) {
        // What is recent comes on top when it is moved.
        self.kept.reserve(self.recent.len() + items);
    }

    pub fn bytes(&self) -> usize {
        self.len() * size_of::<T>()
    }

    #[inline(always)]
    fn make_room(&mut self, items: usize) {
        if self.recent.len() + items > Self::RECENT_MAX {
            self.move_recent();
        }
    }

    #[inline(never)]
    fn move_recent(&mut self) {
        // Moves all bytes at once; extending copies what a message is part of field by field.
        self.kept.append(&mut self.recent);
        self.recent.reserve_exact(Self::RECENT_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_come_back_whole_wherever_they_lie() {
        let mut log = Log::default();
        let mut groups = Vec::new();
        for n in 0..3000_u64 {
            let group: Vec<u64> = (0..n % 7).map(|k| n * 10 + k).collect();
            groups.push((log.append(&group), group));
        }
        let long: Vec<u64> = (0..2000).collect();
        groups.push((log.append(&long), long));
        log.push(7);
        for (place, group) in &groups {
            assert_eq!(log.group(*place), group);
        }
        let all: Vec<u64> = groups
            .iter()
            .flat_map(|(_, group)| group.clone())
            .chain([7])
            .collect();
        assert_eq!(log.len(), all.len());
        assert!(
            (0..all.len()).all(|at| log.get(at) == all.get(at)) && log.get(all.len()).is_none()
        );
    }
}
