//! Line: one run with what was done in it: the simulator's run, the placed reads and actions, and the marks on its
//! timeline.
//!
//! **Invariants.** What was done is kept by time and id; the simulator's own actions follow from it. A line is never
//! rewritten: whoever acts in its past gets a new line.

use crate::fleet::{Fleet, Roster};
use crate::lower::{Lowered, Repair, externals, lower, world_of};
use crate::view::{Names, is_interesting, is_routine, moment_label};
use crate::watch::{Watcher, position};
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use machine::Time;
use platform::message::Message;
use protocol::{Effect, Mark, MarkKind, Placed, Plan, Problem, Replay};
use sim::{External, Recording, Run, What};

/// One run with what was done in it.
pub struct Line {
    run: Run<Fleet, Watcher>,
    placed: Vec<Placed>,
    labels: Vec<String>,
    repairs: Vec<(Repair, u16)>,
    roster: Roster,
    /// What the plan itself does at a time.
    life: Vec<(Time, External<Message>)>,
    /// Faults that begin without an entry of their own.
    quiet: Vec<(Time, &'static str)>,
    /// Marks found so far, and how many entries were looked through for them.
    marks: Vec<Mark>,
    looked: u64,
    /// Whether the first broken property is among the marks.
    harmed: bool,
    /// The step at which nothing happened any more, once that was found out.
    ended: Option<u64>,
}

type Result<T> = core::result::Result<T, Box<Problem>>;

impl Line {
    /// The run of a replay, at its beginning, with all its actions to come.
    ///
    /// # Errors
    /// A [`Problem`] that names what in the replay does not exist, is out of range or out of order.
    pub fn open(plan: &Plan, replay: &Replay, recording: Recording) -> Result<Self> {
        Self::watched(plan, replay, recording, Watcher::new)
    }

    /// The same with nobody looking on: its fingerprint is all that can be had of it.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_blind(plan: &Plan, replay: &Replay) -> Result<Self> {
        Self::watched(plan, replay, Recording::FingerprintOnly, Watcher::blind)
    }

    fn watched(
        plan: &Plan,
        replay: &Replay,
        recording: Recording,
        watcher: fn(&Plan, &Replay) -> Watcher,
    ) -> Result<Self> {
        let world = world_of(plan, replay.seed, replay.severity);
        let Lowered {
            mut setup,
            conditions,
            repairs,
            life,
            quiet,
        } = lower(&world, replay)?;
        setup.recording = recording;
        let roster = *setup.fleet.roster();
        let mut run = Run::new(setup, watcher(&world, replay));
        for (at, external) in &life {
            act(&mut run, *at, *external)?;
        }
        let mut line = Self {
            run,
            placed: Vec::new(),
            labels: conditions,
            repairs,
            roster,
            life,
            quiet,
            marks: Vec::new(),
            looked: 0,
            harmed: false,
            ended: None,
        };
        for placed in &replay.actions {
            line.place(plan, placed)?;
        }
        Ok(line)
    }

    /// The simulator's run.
    pub const fn run(&self) -> &Run<Fleet, Watcher> {
        &self.run
    }

    /// The simulator's run, to step it.
    pub const fn run_mut(&mut self) -> &mut Run<Fleet, Watcher> {
        &mut self.run
    }

    /// Whether nothing happens any more: stepping came to an end before the run's last moment.
    pub fn is_over(&self) -> bool {
        self.ended
            .is_some_and(|ended| self.run.state().steps() >= ended)
    }

    /// Does up to so many steps.
    pub fn steps(&mut self, steps: u64) {
        if self.run.run(steps) < steps {
            self.ended = Some(self.run.state().steps());
        }
    }

    /// Does all that happens until a moment, included, but no more than so many steps.
    pub fn until(&mut self, at: Time, most: u64) {
        let done = self.run.run_to(at, most);
        if done < most && at.0 >= self.run.watch().plan().end {
            self.ended = Some(self.run.state().steps());
        }
    }

    /// What was done.
    pub fn placed(&self) -> &[Placed] {
        &self.placed
    }

    /// What the conditions are called.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Faults that begin without an entry of their own: when, and which, by id.
    pub fn quiet(&self) -> &[(Time, &'static str)] {
        &self.quiet
    }

    /// What the conditions are called once the run is over; before that they are not given away.
    pub fn labels_so_far(&self) -> &[String] {
        if self.is_over() { &self.labels } else { &[] }
    }

    /// What a mark in the history stands for.
    pub fn done_text(plan: &Plan, mark: u64) -> String {
        let at = mark as usize;
        match (
            plan.reads.get(at),
            plan.actions.get(at.wrapping_sub(plan.reads.len())),
        ) {
            (Some(read), _) => {
                let title = lower_first(&read.title);
                let says_which = [
                    "the ", "what ", "where ", "which ", "who ", "whose ", "how ",
                ]
                .iter()
                .any(|word| title.starts_with(word));
                let article = if says_which { "" } else { "the " };
                alloc::format!("read {article}{title}")
            }
            (None, Some(action)) => lower_first(&action.title),
            (None, None) => "something".to_string(),
        }
    }

    /// Adds a read or an action at its time, which must not have passed.
    pub fn place(&mut self, plan: &Plan, placed: &Placed) -> Result<()> {
        let Some(at) = position(plan, &placed.id) else {
            let known: Vec<&str> = plan
                .reads
                .iter()
                .map(|read| read.id.as_str())
                .chain(plan.actions.iter().map(|action| action.id.as_str()))
                .collect();
            return Err(Box::new(Problem::unknown("action", &placed.id, &known)));
        };
        if placed.at > plan.end {
            return Err(Box::new(
                Problem::new(
                    "action-after-end",
                    alloc::format!(
                        "`{}` is placed at {}, after the end",
                        placed.id,
                        Time(placed.at)
                    ),
                )
                .detail(alloc::format!("The run ends at {}.", Time(plan.end))),
            ));
        }
        if self.placed.last().is_some_and(|last| last.at > placed.at) {
            return Err(Box::new(
                Problem::new(
                    "action-out-of-order",
                    alloc::format!(
                        "`{}` at {} comes before the action above it",
                        placed.id,
                        Time(placed.at)
                    ),
                )
                .hint("Sort the actions by time."),
            ));
        }
        let time = Time(placed.at);
        act(&mut self.run, time, External::Mark(u64::from(at)))?;
        if let Some(action) = usize::from(at)
            .checked_sub(plan.reads.len())
            .and_then(|at| plan.actions.get(at))
        {
            let earlier: Vec<&Effect> = self
                .placed
                .iter()
                .filter_map(|placed| plan.actions.iter().find(|action| action.id == placed.id))
                .map(|action| &action.effect)
                .collect();
            for external in externals(
                plan,
                self.roster,
                &self.repairs,
                action.app,
                &action.effect,
                &earlier,
            ) {
                act(&mut self.run, time, external)?;
            }
        }
        self.placed.push(placed.clone());
        Ok(())
    }

    /// A line with the same past up to just after `step` entries, and nothing done after that moment.
    pub fn fork(&self, step: u64) -> Result<Self> {
        let mut run = self
            .run
            .fork(step)
            .map_err(|error| Box::new(Problem::new("run-diverged", error.to_string())))?;
        run.forget_actions()
            .map_err(|error| Box::new(Problem::new("run-diverged", error.to_string())))?;
        let applied = run.watch().done_count();
        let mut placed = self.placed.clone();
        placed.truncate(applied);
        let marks = self
            .marks
            .iter()
            .filter(|mark| mark.step < step)
            .cloned()
            .collect();
        let mut fork = Self {
            run,
            placed,
            labels: self.labels.clone(),
            repairs: self.repairs.clone(),
            roster: self.roster,
            marks,
            looked: self.looked.min(step),
            harmed: self
                .run
                .watch()
                .properties()
                .first_broken()
                .is_some_and(|(_, broken, _, _)| broken < step),
            life: self.life.clone(),
            quiet: self.quiet.clone(),
            ended: None,
        };
        // Forgetting actions dropped what the plan itself still does; that goes on happening.
        for (at, external) in &self.life {
            if !fork.run.actions().contains(&(*at, *external)) {
                act(&mut fork.run, *at, *external)?;
            }
        }
        Ok(fork)
    }

    /// Goes over new entries for marks on the timeline.
    pub fn marks(&mut self) -> &[Mark] {
        let plan = self.run.watch().plan();
        let names = Names::new(plan, self.run.state());
        let history = self.run.history();
        while self.looked < history.len() {
            let step = self.looked;
            self.looked += 1;
            let Some(entry) = history.entry(step) else {
                continue;
            };
            if !is_interesting(&entry) {
                continue;
            }
            let (kind, label) = match entry.what {
                What::Action(External::Mark(mark)) if (mark as usize) < plan.reads.len() => {
                    (MarkKind::Read, Self::done_text(plan, mark))
                }
                What::Action(External::Mark(mark)) => {
                    (MarkKind::Action, Self::done_text(plan, mark))
                }
                What::Crashed => (
                    MarkKind::Fault,
                    alloc::format!("{} down", names.node(entry.actor)),
                ),
                _ => (MarkKind::Moment, moment_label(&names, &entry)),
            };
            self.marks.push(Mark {
                step,
                at: entry.at.0,
                kind,
                label,
            });
        }
        if !self.harmed
            && let Some((id, step, at, _)) = self.run.watch().properties().first_broken()
        {
            self.harmed = true;
            self.marks.push(Mark {
                step,
                at,
                kind: MarkKind::Harm,
                label: id.to_ascii_uppercase(),
            });
            self.marks.sort_by_key(|mark| mark.step);
        }
        &self.marks
    }

    /// The step after the next interesting entry, as far as it happens within `most` entries.
    pub fn next_moment(&mut self, most: u64) {
        self.next_that(most, is_interesting);
    }

    /// The step after the next entry that is not routine.
    pub fn next_told(&mut self, most: u64) {
        self.next_that(most, |entry| !is_routine(entry));
    }

    fn next_that(&mut self, most: u64, wanted: impl Fn(&sim::Entry<'_, Fleet>) -> bool) {
        for _ in 0..most {
            match self.run.step() {
                Some(entry) if wanted(&entry) => return,
                Some(_) => {}
                None => {
                    self.ended = Some(self.run.state().steps());
                    return;
                }
            }
        }
    }
}

fn act(run: &mut Run<Fleet, Watcher>, at: Time, external: External<Message>) -> Result<()> {
    run.act(at, external)
        .map(|_| ())
        .map_err(|error| Box::new(Problem::new("action-in-the-past", error.to_string())))
}

fn lower_first(text: &str) -> String {
    let mut text = text.to_string();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    text
}
