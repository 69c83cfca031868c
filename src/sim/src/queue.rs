//! Queue: what is going to happen, in a total order.

use alloc::collections::BinaryHeap;
use core::cmp::Reverse;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Event {
    pub at: u64,
    pub sequence: u64,
    pub id: u32,
    pub node: u16,
    pub kind: Kind,
}

/// What an event is; what `id` means depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Kind {
    /// A node starts.
    Start,
    /// A message in the arena arrives.
    Message,
    /// A deadline of this generation is reached.
    Deadline,
    /// The oldest write of this incarnation is durable.
    Persisted,
    /// A task in the arena is due.
    Task,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Queue {
    heap: BinaryHeap<Reverse<Event>>,
}

impl Queue {
    pub fn push(&mut self, event: Event) {
        self.heap.push(Reverse(event));
    }

    /// Takes the earliest event if it is not later than `limit`.
    pub fn pop(&mut self, limit: u64) -> Option<Event> {
        if self.heap.peek()?.0.at > limit {
            return None;
        }
        self.heap.pop().map(|event| event.0)
    }

    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    pub fn weight(&self) -> u64 {
        self.heap.len() as u64 * 24
    }
}
