//! Keyframes: copies of the state along a run, from which any moment is a short way.
//!
//! **Invariants.** There is always one at step 0. How many there are is bounded; the older the past, the wider they are
//! spaced. They decide how long seeking takes and nothing else.

use crate::state::State;
use crate::{Fleet, Watch};
use alloc::vec::Vec;

/// How many are kept.
const COUNT_MAX: usize = 32;
/// How many entries lie between two of them, at least.
const SPACING_MIN: u64 = 4096;
/// Bytes that take about as long to copy as one entry takes to happen, with some room.
const BYTES_PER_ENTRY: u64 = 16;

/// One copy.
pub(crate) struct Keyframe<F: Fleet, W> {
    pub state: State<F>,
    pub watch: W,
}

impl<F: Fleet, W: Clone> Clone for Keyframe<F, W> {
    fn clone(&self) -> Self {
        Self {
            state: self.state.clone(),
            watch: self.watch.clone(),
        }
    }
}

/// All copies of one run, in order of steps.
pub(crate) struct Keyframes<F: Fleet, W> {
    frames: Vec<Keyframe<F, W>>,
    /// Left over from a run before this one; their buffers are used again.
    spare: Vec<Keyframe<F, W>>,
    /// The step from which the next one is due.
    due: u64,
}

impl<F: Fleet, W: Watch<F>> Keyframes<F, W> {
    /// None at all and none to come, for runs that record nothing.
    pub const fn none() -> Self {
        Self {
            frames: Vec::new(),
            spare: Vec::new(),
            due: u64::MAX,
        }
    }

    pub fn starting_with(state: &State<F>, watch: &W) -> Self {
        let frames = alloc::vec![Keyframe {
            state: state.clone(),
            watch: watch.clone()
        }];
        Self {
            frames,
            spare: Vec::new(),
            due: spacing(state),
        }
    }

    /// The step from which the next one is due.
    pub const fn due(&self) -> u64 {
        self.due
    }

    /// Keeps a copy. The buffers of one that is thinned out are used again.
    #[cold]
    pub fn keep(&mut self, state: &State<F>, watch: &W) {
        self.due = state.steps() + spacing(state);
        if self
            .frames
            .last()
            .is_some_and(|last| last.state.steps() >= state.steps())
        {
            return;
        }
        let old = match self.spare.pop() {
            None if self.frames.len() < COUNT_MAX => {
                self.frames.push(Keyframe {
                    state: state.clone(),
                    watch: watch.clone(),
                });
                return;
            }
            None => self.frames.remove(self.least_missed(state.steps())),
            Some(spare) => spare,
        };
        let mut frame = old;
        frame.state.clone_from(state);
        frame.watch.clone_from(watch);
        self.frames.push(frame);
    }

    /// Begins anew for another run.
    pub fn restart(&mut self, state: &State<F>, watch: &W) {
        self.spare.append(&mut self.frames);
        self.keep(state, watch);
    }

    /// The last one at or before a step.
    pub fn before(&self, step: u64) -> Option<&Keyframe<F, W>> {
        self.frames
            .iter()
            .rev()
            .find(|frame| frame.state.steps() <= step)
    }

    /// Those at or before a step.
    pub fn up_to(&self, step: u64) -> Self {
        let frames: Vec<_> = self
            .frames
            .iter()
            .filter(|frame| frame.state.steps() <= step)
            .cloned()
            .collect();
        let due = frames.last().map_or(u64::MAX, |frame| {
            frame.state.steps() + spacing(&frame.state)
        });
        Self {
            frames,
            spare: Vec::new(),
            due,
        }
    }

    /// The one whose absence would leave the smallest gap for its age; never the first.
    fn least_missed(&self, now: u64) -> usize {
        let step = |at: usize| self.frames[at].state.steps();
        let cost = |at: &usize| {
            let next = if at + 1 < self.frames.len() {
                step(at + 1)
            } else {
                now
            };
            (next - step(at - 1)).saturating_mul(1 << 20) / (now - step(*at)).max(1)
        };
        (1..self.frames.len()).min_by_key(cost).unwrap_or(0)
    }
}

fn spacing<F: Fleet>(state: &State<F>) -> u64 {
    SPACING_MIN.max(state.weight() / BYTES_PER_ENTRY)
}
