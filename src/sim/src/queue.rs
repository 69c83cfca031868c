//! Queue: what is going to happen, in a total order: earliest first, and of one moment what was planned first.
//!
//! A radix wheel: 11 levels of 64 slots, the level of an event being the highest base-64 digit in which its time differs
//! from `base`. The lowest slot in use holds the earliest events; if it is short it is sorted into `bottom`, from which
//! events are taken, otherwise it is spread over the levels below. Two additions keep the bottom short: events for the
//! present moment, but for the first, go to a first-in-first-out `lane`, and a bottom that has grown long is put back into
//! the wheel.
//!
//! **Invariants.** `bottom` holds all events up to `reach` (but those in the lane), the wheel holds all later ones.
//! `base` never moves back, lies in no slot but that of `reach`, and every slot in use lies after it. Events of one moment
//! keep the order in which they were added, everywhere: an event needs no number for that. Slots are chains of blocks in one
//! list, so that a clone is a few plain copies.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cmp::Reverse;

/// Something that is going to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Event {
    /// Microseconds since the run began.
    pub at: u64,
    pub about: About,
}

/// Kind, node and id in one word, because events are moved more often than they are looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct About(u64);

impl About {
    #[inline(always)]
    pub const fn kind(self) -> Kind {
        match self.0 >> 48 {
            0 => Kind::Start,
            1 => Kind::Message,
            2 => Kind::Deadline,
            3 => Kind::Persisted,
            _ => Kind::Task,
        }
    }

    /// Whether it is of this kind: one comparison, where [`About::kind`] has to find out which.
    #[inline(always)]
    pub const fn is(self, kind: Kind) -> bool {
        self.0 >> 48 == kind as u64
    }

    #[inline(always)]
    pub const fn node(self) -> u16 {
        (self.0 >> 32) as u16
    }

    /// What it means depends on the kind.
    #[inline(always)]
    pub const fn id(self) -> u32 {
        self.0 as u32
    }
}

impl Event {
    #[inline(always)]
    pub const fn new(at: u64, kind: Kind, node: u16, id: u32) -> Self {
        Self {
            at,
            about: About((kind as u64) << 48 | (node as u64) << 32 | id as u64),
        }
    }
}

/// What an event is.
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

const DIGIT: u32 = 6;
const SLOTS: usize = 1 << DIGIT;
const LEVELS: usize = 11;
const NONE: u32 = u32::MAX;
/// A block is then a bit more than five cache lines: of a power of two, the beginnings of all blocks would compete for the
/// same few places near the processor.
const BLOCK: usize = 20;
/// A slot of at most this many blocks is sorted at once; more would make inserting into the bottom dear.
const SORTED_BLOCKS_MAX: u32 = 2;
/// A slot of at most so many events is put in order by counting.
const RANKED_MAX: u32 = 8;
/// Most of those have at most so many.
const FEW: u32 = 4;
/// A bottom longer than this is put back.
const BOTTOM_MAX: usize = 96;

// In this order: most blocks hold a few events, which then lie beside their number.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct Block {
    len: u32,
    next: u32,
    events: [Event; BLOCK],
}

#[derive(Debug)]
pub(crate) struct Queue {
    /// Latest first.
    bottom: Vec<Event>,
    lane: Vec<Event>,
    /// How many of the lane have been taken.
    lane_taken: u32,
    /// The moment of the last event taken, which is what the lane holds events for.
    now: u64,
    reach: u64,
    base: u64,
    /// One bit per slot in use, one word per level.
    used: [u64; LEVELS],
    /// The newest block of each slot.
    heads: Box<[u32; LEVELS * SLOTS]>,
    blocks: Vec<Block>,
    free: u32,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            bottom: Vec::new(),
            lane: Vec::new(),
            lane_taken: 0,
            now: 0,
            reach: 0,
            base: 0,
            used: [0; LEVELS],
            heads: Box::new([NONE; LEVELS * SLOTS]),
            blocks: Vec::new(),
            free: NONE,
        }
    }
}

impl Clone for Queue {
    fn clone(&self) -> Self {
        Self {
            bottom: self.bottom.clone(),
            lane: self.lane.clone(),
            heads: self.heads.clone(),
            blocks: self.blocks.clone(),
            ..*self
        }
    }

    fn clone_from(&mut self, source: &Self) {
        self.bottom.clone_from(&source.bottom);
        self.lane.clone_from(&source.lane);
        self.lane_taken = source.lane_taken;
        self.now = source.now;
        self.reach = source.reach;
        self.base = source.base;
        self.used = source.used;
        self.heads.clone_from(&source.heads);
        self.blocks.clone_from(&source.blocks);
        self.free = source.free;
    }
}

impl Queue {
    pub fn is_empty(&self) -> bool {
        self.bottom.is_empty() && self.lane.is_empty() && self.used.iter().all(|word| *word == 0)
    }

    /// About how many bytes a clone copies.
    pub fn weight(&self) -> u64 {
        (self.blocks.len() * size_of::<Block>() + self.heads.len() * size_of::<u32>()) as u64
    }

    /// Adds an event, not earlier than the last one taken; it comes after all others of its moment.
    #[inline(always)]
    pub fn push(&mut self, event: Event) {
        if event.at > self.reach {
            self.file(event);
        } else if self.bottom.last().is_none_or(|next| next.at > event.at)
            && (self.lane.is_empty() || event.at != self.now)
        {
            self.bottom.push(event);
        } else if event.at == self.now {
            self.lane.push(event);
        } else {
            self.insert(event.at, event.about);
        }
    }

    /// Puts an event among those of the bottom. Takes it in parts, as [`Queue::block`] does, because an event that is given
    /// as one is first written to memory on all ways, also on those that do not come here.
    fn insert(&mut self, at: u64, about: About) {
        let event = Event { at, about };
        // Among events of its moment it is the last to be taken.
        let place = self.bottom.partition_point(|other| other.at > event.at);
        self.bottom.insert(place, event);
        if self.bottom.len() > BOTTOM_MAX {
            self.spill();
        }
    }

    /// Takes the earliest event, if it is not later than `limit`. Shows those that will soon be taken to `warm`.
    #[inline(always)]
    pub fn pop(&mut self, limit: u64, warm: impl Fn(&[Event]) + Copy) -> Option<Event> {
        loop {
            if let Some(event) = self.bottom.last().copied()
                && (self.lane.is_empty() || event.at == self.now)
            {
                if event.at > limit {
                    return None;
                }
                self.bottom.pop();
                self.now = event.at;
                return Some(event);
            }
            if let Some(event) = self.lane.get(self.lane_taken as usize).copied() {
                if event.at > limit {
                    return None;
                }
                self.lane_taken += 1;
                if self.lane_taken as usize == self.lane.len() {
                    self.lane.clear();
                    self.lane_taken = 0;
                }
                return Some(event);
            }
            if !self.refill(limit, warm) {
                return None;
            }
        }
    }

    /// Brings the earliest slot one step closer to the bottom; false if there is none that begins by `limit`.
    #[inline(never)]
    fn refill(&mut self, limit: u64, warm: impl Fn(&[Event])) -> bool {
        let Some(level) = self.used.iter().position(|word| *word != 0) else {
            return false;
        };
        let slot = self.used[level].trailing_zeros();
        let shift = level as u32 * DIGIT;
        let below = (1_u64 << shift) - 1;
        // The digits above the level are those of the base.
        let start = (self.base >> shift & !(SLOTS as u64 - 1) | u64::from(slot)) << shift;
        if start > limit {
            return false;
        }
        self.base = start;
        self.used[level] &= self.used[level] - 1;
        let head = core::mem::replace(&mut self.heads[level * SLOTS + slot as usize], NONE);
        let block = &self.blocks[head as usize];
        if block.next == NONE && block.len <= RANKED_MAX {
            self.reach = start | below;
            if block.len <= FEW
                && let Some(few) = block.events.first_chunk::<{ FEW as usize }>()
            {
                rank_into(few, block.len, &mut self.bottom);
            } else if let Some(some) = block.events.first_chunk::<{ RANKED_MAX as usize }>() {
                rank_into(some, block.len, &mut self.bottom);
            }
            self.give_back(head);
            warm(&self.bottom);
        } else if level == 0 || self.is_short(head) {
            self.reach = start | below;
            self.gather(level, head);
            warm(&self.bottom);
        } else {
            self.spread(head);
        }
        true
    }

    fn is_short(&self, mut head: u32) -> bool {
        for _ in 0..SORTED_BLOCKS_MAX {
            head = self.blocks[head as usize].next;
            if head == NONE {
                return true;
            }
        }
        false
    }

    /// Sorts a chain into the bottom, which is empty.
    fn gather(&mut self, level: usize, mut head: u32) {
        while head != NONE {
            let block = &self.blocks[head as usize];
            let newest_first = block.events[..block.len as usize].iter().rev();
            self.bottom.extend(newest_first.copied());
            head = self.give_back(head);
        }
        // A slot of the lowest level is one moment, however many events it has.
        if level > 0 {
            // Keeps those of one moment as they are. So short a list is sorted without memory of its own.
            self.bottom.sort_by_key(|event| Reverse(event.at));
        }
    }

    /// Puts a chain back into the wheel, now that the base is nearer: each event falls to a lower level.
    #[inline(always)]
    fn spread(&mut self, head: u32) {
        let mut head = self.oldest_first(head);
        while head != NONE {
            // One by one, because filing may take new blocks from the list that this one lies in.
            for at in 0..self.blocks[head as usize].len as usize {
                let event = self.blocks[head as usize].events[at];
                self.file(event);
            }
            head = self.give_back(head);
        }
    }

    /// Turns a chain round; returns its oldest block.
    fn oldest_first(&mut self, mut head: u32) -> u32 {
        let mut after = NONE;
        while head != NONE {
            let next = core::mem::replace(&mut self.blocks[head as usize].next, after);
            after = head;
            head = next;
        }
        after
    }

    /// Frees a block; returns the one after it.
    fn give_back(&mut self, id: u32) -> u32 {
        let next = core::mem::replace(&mut self.blocks[id as usize].next, self.free);
        self.free = id;
        next
    }

    /// Puts an event into the wheel.
    #[inline(always)]
    fn file(&mut self, event: Event) {
        let level = ((event.at ^ self.base) | 1).ilog2() / DIGIT;
        let digit = (event.at >> (level * DIGIT)) as usize % SLOTS;
        self.used[level as usize] |= 1 << digit;
        let slot = level as usize * SLOTS + digit;
        let head = self.heads[slot];
        if let Some(block) = self.blocks.get_mut(head as usize)
            && let Some(place) = block.events.get_mut(block.len as usize)
        {
            *place = event;
            // Below the length of the block, as the place shows.
            block.len = block.len.wrapping_add(1);
            return;
        }
        self.heads[slot] = self.block(event.at, event.about, head);
    }

    /// A new block with one event.
    #[inline(never)]
    fn block(&mut self, at: u64, about: About, next: u32) -> u32 {
        let event = Event { at, about };
        if let Some(block) = self.blocks.get_mut(self.free as usize) {
            let id = core::mem::replace(&mut self.free, block.next);
            block.events[0] = event;
            block.len = 1;
            block.next = next;
            return id;
        }
        self.blocks.push(Block {
            events: [event; BLOCK],
            len: 1,
            next,
        });
        (self.blocks.len() - 1) as u32
    }

    /// Puts everything later than the present moment back into the wheel.
    #[cold]
    fn spill(&mut self) {
        // All levels below that of the present slot are empty, so the base may move ahead within the slot; never back.
        let pivot = self.now.max(self.base);
        let keep = self.bottom.partition_point(|event| event.at > pivot);
        self.base = pivot;
        self.reach = pivot;
        for at in (0..keep).rev() {
            self.file(self.bottom[at]);
        }
        self.bottom.drain(..keep);
    }
}

/// Puts the first `len` of these events in order, latest first, into the bottom, which is empty: by counting for each how
/// many come after it. All of them are counted, also those beyond `len`, which end up last and are cut off: then there is
/// nothing to guess for the processor, neither how many there are nor how they lie. Those of one moment lie in the order in
/// which they were added.
#[inline(always)]
fn rank_into<const N: usize>(events: &[Event; N], len: u32, bottom: &mut Vec<Event>) {
    let mut ranks = [0_u32; N];
    for at in 0..N {
        let is_meant = u32::from((at as u32) < len);
        for before in 0..at {
            let is_later = u32::from(events[at].at >= events[before].at) & is_meant;
            // Ranks stay below N.
            ranks[before] = ranks[before].wrapping_add(is_later);
            ranks[at] = ranks[at].wrapping_add(is_later ^ 1);
        }
    }
    bottom.extend_from_slice(events);
    if let Some(sorted) = bottom.first_chunk_mut::<N>() {
        for (rank, event) in ranks.iter().zip(events) {
            sorted[*rank as usize % N] = *event;
        }
    }
    bottom.truncate(len as usize);
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BinaryHeap;
    use machine::fingerprint::{fold, spread};

    /// The plain queue that the wheel must agree with. The ids rise, and decide between events of one moment.
    #[derive(Default)]
    struct Oracle(BinaryHeap<Reverse<Event>>);

    impl Oracle {
        fn pop(&mut self, limit: u64) -> Option<Event> {
            if self.0.peek()?.0.at > limit {
                None
            } else {
                self.0.pop().map(|event| event.0)
            }
        }
    }

    /// How far ahead events are planned.
    const SHAPES: [fn(u64) -> u64; 9] = [
        |_| 0,
        |_| 1,
        |_| 1000,
        |x| x % 3,
        |x| x % 2_000_000,
        |x| if x.is_multiple_of(2) { 0 } else { x % 100_000 },
        |x| 1000 * (x % 20),
        |x| 1 << (x % 60),
        |x| {
            if x.is_multiple_of(10) {
                x % 1_000_000_000
            } else {
                x % 50
            }
        },
    ];

    fn agree(shape: fn(u64) -> u64, pending: u64, seed: u64, limits: bool) {
        let (mut wheel, mut oracle) = (Queue::default(), Oracle::default());
        let (mut now, mut sequence, mut random) = (0_u64, 0_u32, seed);
        let mut next = || {
            random = fold(random, 1);
            spread(random)
        };
        for round in 0..6000_u64 {
            let wanted = if round < 4000 { pending } else { 0 };
            while (oracle.0.len() as u64) < wanted {
                let at = now.saturating_add(shape(next()));
                let event = Event::new(at, Kind::Task, 0, sequence);
                sequence += 1;
                wheel.push(event);
                oracle.0.push(Reverse(event));
            }
            let limit = if limits && next().is_multiple_of(3) {
                now.saturating_add(shape(next()) / 2)
            } else {
                u64::MAX
            };
            let popped = wheel.pop(limit, |_| {});
            assert_eq!(popped, oracle.pop(limit), "round {round}");
            match popped {
                Some(event) => now = event.at,
                // As an action from outside does: time goes on to the limit without an event.
                None if limit != u64::MAX => now = limit.max(now),
                None => {}
            }
            if round % 1024 == 7 {
                let copy = wheel.clone();
                wheel.clone_from(&copy);
            }
        }
        while let Some(event) = oracle.pop(u64::MAX) {
            assert_eq!(wheel.pop(u64::MAX, |_| {}), Some(event));
        }
        assert!(wheel.is_empty() && wheel.pop(u64::MAX, |_| {}).is_none());
    }

    #[test]
    fn the_wheel_pops_in_the_order_of_a_heap() {
        for shape in SHAPES {
            for pending in [1, 2, 30, 150, 3000] {
                for limits in [false, true] {
                    agree(shape, pending, pending ^ 0xABCD, limits);
                }
            }
        }
    }

    #[test]
    fn the_end_of_time_is_a_moment_like_any_other() {
        let mut queue = Queue::default();
        for at in [u64::MAX, 5, u64::MAX - 1, u64::MAX, 0] {
            queue.push(Event::new(at, Kind::Task, 0, 0));
        }
        let times: Vec<u64> = core::iter::from_fn(|| queue.pop(u64::MAX, |_| {}))
            .map(|event| event.at)
            .collect();
        assert_eq!(times, [0, 5, u64::MAX - 1, u64::MAX, u64::MAX]);
    }
}
