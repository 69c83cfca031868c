//! Run: one simulated run that can be stepped, sought in, acted on and branched.
//!
//! **Invariants.** The history is a function of the setup and of the actions; in what portions a run is stepped, whether it
//! is watched, and where it was sought to in between change nothing. Going over the past again checks every fingerprint.

use crate::entry::{Entry, External};
use crate::history::History;
use crate::kernel::{self, Action, Kernel, Scratch};
use crate::keyframes::Keyframes;
use crate::setup::{Recording, Setup};
use crate::state::{Fixed, State};
use crate::{Fleet, Watch};
use alloc::vec::Vec;
use core::fmt;
use machine::Time;

/// Why a moment of the past could not be gone back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeekError {
    /// The run has not come that far, and will not.
    NoSuchStep,
    /// The run records nothing, so there is no way back.
    NotRecorded,
    /// Going over the past again gave something else: a determinism bug of a machine or of the simulator.
    Diverged {
        /// The first entry that came out differently.
        step: u64,
        /// The fingerprint that was recorded.
        expected: u64,
        /// The fingerprint that came out now.
        found: u64,
    },
}

impl fmt::Display for SeekError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchStep => f.write_str("the run has no such step"),
            Self::NotRecorded => f.write_str("the run keeps no past to go back to"),
            Self::Diverged { step, .. } => {
                write!(f, "step {step} came out differently when it was run again")
            }
        }
    }
}

/// Why an action was not taken on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActError {
    /// Its moment has passed; a branch from before can still take it.
    Past,
}

impl fmt::Display for ActError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the moment has passed: branch off before it")
    }
}

/// One simulated run. Its position is somewhere in its history, or at the end of it, where stepping makes new entries.
pub struct Run<F: Fleet, W: Watch<F>> {
    fixed: Fixed,
    actions: Vec<Action<F>>,
    state: State<F>,
    watch: W,
    scratch: Scratch<F>,
    history: History<F>,
    keyframes: Keyframes<F, W>,
    recording: Recording,
    diverged: Option<SeekError>,
}

impl<F: Fleet, W: Watch<F>> Run<F, W> {
    /// A run at its beginning, before any node has started.
    #[must_use]
    pub fn new(setup: Setup<F>, watch: W) -> Self {
        let recording = setup.recording;
        let (state, fixed) = State::new(setup);
        let keyframes = match recording {
            Recording::Full => Keyframes::starting_with(&state, &watch),
            Recording::FingerprintOnly => Keyframes::none(),
        };
        Self {
            fixed,
            actions: Vec::new(),
            state,
            watch,
            scratch: Scratch::new(0),
            history: History::default(),
            keyframes,
            recording,
            diverged: None,
        }
    }

    /// Begins anew with another setup, in the room that this run has taken: for playing many runs one after the other.
    pub fn reset(&mut self, setup: Setup<F>, watch: W) {
        let Run {
            mut history,
            mut keyframes,
            ..
        } = core::mem::replace(self, Self::new(setup, watch));
        history.clear();
        self.history = history;
        if self.recording == Recording::Full {
            keyframes.restart(&self.state, &self.watch);
            self.keyframes = keyframes;
        }
    }

    /// Does one step, and returns its entry; `None` when nothing happens any more.
    pub fn step(&mut self) -> Option<Entry<'_, F>> {
        (self.drive(u64::MAX, 1) == 1)
            .then(|| kernel::entry(&self.state, &self.scratch, &self.history))
    }

    /// Does up to `steps` steps; returns how many there were.
    pub fn run(&mut self, steps: u64) -> u64 {
        self.drive(u64::MAX, steps)
    }

    /// Does all that happens until `at`, included; returns how many steps that were. Bounded by `steps_max`, so that a
    /// portion of work stays one.
    pub fn run_to(&mut self, at: Time, steps_max: u64) -> u64 {
        self.drive(at.0, steps_max)
    }

    /// Goes to just after the first `step` entries, back or ahead.
    ///
    /// # Errors
    /// [`SeekError`]; the run then stands wherever it had got to.
    pub fn seek(&mut self, step: u64) -> Result<(), SeekError> {
        if step < self.state.steps() {
            self.rewind(step)?;
        } else if let Some(frame) = self.keyframes.before(step)
            && frame.state.steps() > self.state.steps()
        {
            self.rewind(step)?;
        }
        while self.state.steps() < step {
            if self.drive(u64::MAX, 1) == 0 {
                return Err(SeekError::NoSuchStep);
            }
            if let Some(error) = self.diverged {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Takes on an action for the moment `at`; returns its index among the actions. Actions of one moment are taken in the
    /// order in which they were added.
    ///
    /// # Errors
    /// [`ActError::Past`] if the history has gone beyond `at`.
    pub fn act(&mut self, at: Time, external: External<F::Message>) -> Result<u64, ActError> {
        let latest = match self
            .history
            .len()
            .checked_sub(1)
            .and_then(|last| self.history.entry(last))
        {
            Some(last) => last.at.max(self.state.now()),
            None => self.state.now(),
        };
        if at < latest {
            return Err(ActError::Past);
        }
        let place = self.actions.partition_point(|action| action.0 <= at);
        self.actions.insert(place, (at, external));
        Ok(place as u64)
    }

    /// All actions, taken or still to come, in order.
    #[must_use]
    pub fn actions(&self) -> &[(Time, External<F::Message>)] {
        &self.actions
    }

    /// Forgets the actions that have not been taken at the present position.
    ///
    /// # Errors
    /// [`ActError::Past`] if some of them are in the history already: branch first.
    pub fn forget_actions(&mut self) -> Result<(), ActError> {
        if self.state.steps() < self.history.len() {
            return Err(ActError::Past);
        }
        self.actions.truncate(self.state.applied as usize);
        Ok(())
    }

    /// Another run with the same past up to just after the first `step` entries, and the same actions; from there on it may
    /// be acted on differently.
    ///
    /// # Errors
    /// [`SeekError`], as for [`Run::seek`].
    pub fn fork(&self, step: u64) -> Result<Self, SeekError> {
        if self.recording == Recording::FingerprintOnly {
            return Err(SeekError::NotRecorded);
        }
        let recorded = self.history.len();
        if step > recorded {
            return Err(SeekError::NoSuchStep);
        }
        let keyframes = self.keyframes.up_to(step);
        let frame = keyframes.before(step).ok_or(SeekError::NotRecorded)?;
        let history = self.history.up_to(step);
        let mut fork = Self {
            fixed: self.fixed.clone(),
            actions: self.actions.clone(),
            state: frame.state.clone(),
            watch: frame.watch.clone(),
            scratch: Scratch::new(history.sent.len() as u32),
            history,
            keyframes,
            recording: self.recording,
            diverged: None,
        };
        fork.seek(step)?;
        Ok(fork)
    }

    /// The state at the present position.
    #[must_use]
    pub const fn state(&self) -> &State<F> {
        &self.state
    }

    /// What has been watched up to the present position.
    #[must_use]
    pub const fn watch(&self) -> &W {
        &self.watch
    }

    /// Everything that has happened, also beyond the present position. Empty if nothing is recorded.
    #[must_use]
    pub const fn history(&self) -> &History<F> {
        &self.history
    }

    /// The rolling fingerprint at the present position.
    #[must_use]
    pub const fn fingerprint(&self) -> u64 {
        self.state.fingerprint()
    }

    /// How the past came out differently when it was gone over again, if it ever did.
    #[must_use]
    pub const fn diverged(&self) -> Option<SeekError> {
        self.diverged
    }

    /// The chain of causes of an entry, itself first.
    pub fn why(&self, step: u64) -> impl Iterator<Item = Entry<'_, F>> {
        self.history.why(step)
    }

    /// Keeps a copy of the present state to seek by. Copies are kept now and then anyway, by how much there is to copy; who
    /// has a clock and steps in portions of a few milliseconds keeps one after each, and seeking takes no longer than that.
    pub fn keep_keyframe(&mut self) {
        if self.recording == Recording::Full && self.state.steps() == self.history.len() {
            self.keyframes.keep(&self.state, &self.watch);
        }
    }

    /// Makes room in the history, so that recording this many entries does not allocate.
    pub fn reserve(&mut self, entries: u32) {
        self.history.reserve(entries as usize);
    }

    /// Does up to `steps` steps until `limit`; returns how many. The one place where a run moves.
    fn drive(&mut self, limit: u64, steps: u64) -> u64 {
        let Self {
            fixed,
            actions,
            state,
            watch,
            scratch,
            history,
            keyframes,
            recording,
            diverged,
        } = self;
        let mut kernel = Kernel {
            fixed,
            state,
            scratch,
            history,
        };
        let mut done = 0;
        loop {
            let horizon = kernel.horizon(actions, limit);
            let fuel = u64::from(kernel.fixed.fuel.saturating_sub(kernel.state.steps));
            let known = kernel.history.len().saturating_sub(kernel.state.steps());
            let records = *recording == Recording::Full && known == 0;
            // So far there is nothing to look at but the step itself.
            let pause = if records {
                keyframes.due().saturating_sub(kernel.state.steps())
            } else {
                known.max(1)
            };
            let pause = if *recording == Recording::Full {
                pause
            } else {
                u64::MAX
            };
            let free = (steps - done).min(fuel).min(pause);
            if kernel.scratch.keeps != records {
                // The last step goes the way it came.
                kernel.tidy();
                kernel.scratch.keeps = records;
            }
            let mut taken = 0;
            while taken < free && kernel.advance(horizon) {
                watch.after(kernel.state, &kernel.last());
                if records {
                    kernel.record();
                } else {
                    check(&kernel, diverged);
                }
                taken += 1;
            }
            done += taken;
            if records && keyframes.due() <= kernel.state.steps() {
                keyframes.keep(kernel.state, watch);
            }
            if done == steps {
                return done;
            }
            if taken == free && fuel > free {
                // The known part is over and what follows is new, or a keyframe was due.
                continue;
            }
            // No event is due: what is left is an action, or the end.
            let turned = if fuel == taken {
                kernel.run_dry(actions)
            } else {
                kernel.take_action(actions, limit)
            };
            if !turned {
                return done;
            }
            watch.after(kernel.state, &kernel.last());
            if records {
                kernel.record();
                if keyframes.due() <= kernel.state.steps() {
                    keyframes.keep(kernel.state, watch);
                }
            } else {
                check(&kernel, diverged);
            }
            done += 1;
        }
    }

    fn rewind(&mut self, step: u64) -> Result<(), SeekError> {
        let frame = self.keyframes.before(step).ok_or(SeekError::NotRecorded)?;
        self.state.clone_from(&frame.state);
        self.watch.clone_from(&frame.watch);
        Ok(())
    }
}

/// If the last step has been recorded before, it must have come out the same.
fn check<F: Fleet>(kernel: &Kernel<'_, F>, diverged: &mut Option<SeekError>) {
    let step = kernel.state.steps() - 1;
    let found = kernel.state.fingerprint();
    if let Some(expected) = kernel
        .history
        .fingerprint(step)
        .filter(|expected| *expected != found)
    {
        diverged.get_or_insert(SeekError::Diverged {
            step,
            expected,
            found,
        });
    }
}
