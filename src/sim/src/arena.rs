//! Arena: Copy values by dense 32-bit ids that are used again.
//!
//! **Invariants.** Which id a value gets depends only on the order of inserts and removals. Cloning into an arena of the
//! same size allocates nothing.

use alloc::vec::Vec;

#[derive(Debug)]
pub(crate) struct Arena<T> {
    slots: Vec<T>,
    free: Vec<u32>,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T: Copy> Clone for Arena<T> {
    fn clone(&self) -> Self {
        Self {
            slots: self.slots.clone(),
            free: self.free.clone(),
        }
    }

    fn clone_from(&mut self, source: &Self) {
        self.slots.clone_from(&source.slots);
        self.free.clone_from(&source.free);
    }
}

impl<T: Copy> Arena<T> {
    #[inline]
    pub fn insert(&mut self, value: T) -> u32 {
        if let Some(id) = self.free.pop() {
            self.slots[id as usize] = value;
            return id;
        }
        self.slots.push(value);
        (self.slots.len() - 1) as u32
    }

    #[inline]
    pub fn get_mut(&mut self, id: u32) -> &mut T {
        &mut self.slots[id as usize]
    }

    #[inline]
    pub fn remove(&mut self, id: u32) -> T {
        self.release(id);
        self.slots[id as usize]
    }

    /// As [`Arena::remove`], when the value has been read before.
    #[inline(always)]
    pub fn release(&mut self, id: u32) {
        self.free.push(id);
    }

    /// How many values there have been room for at once.
    #[inline]
    pub fn room(&self) -> usize {
        self.slots.len()
    }

    #[inline(always)]
    pub fn get(&self, id: u32) -> Option<&T> {
        self.slots.get(id as usize)
    }

    pub fn weight(&self) -> u64 {
        (self.slots.len() * size_of::<T>() + self.free.len() * size_of::<u32>()) as u64
    }
}
