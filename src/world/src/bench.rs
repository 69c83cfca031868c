//! Bench: the one door to a run. It keeps the open run with its branches and answers one request at a time.
//!
//! **Invariants.** Branches are kept, never overwritten: whoever acts in the past of a branch, or takes something back,
//! gets a new one; doing again what was taken back goes back to the branch that has it. Whatever cannot be done leaves everything as it was. Work per call is bounded.

use crate::debrief::debrief;
use crate::line::Line;
use crate::reading;
use crate::series::series;
use crate::view::{Names, entry_view, frame_body, is_routine, verdicts};
use crate::{report, twin};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;
use machine::Time;
use protocol::{
    Advance, BranchView, EntryView, Frame, Mark, MarkKind, Opened, Placed, Plan, Problem, ReadView,
    Replay, Reply, Request, WhyView,
};
use sim::{Recording, What};

/// How many entries one call goes on at most.
const MOST: u64 = 10_000;
/// How many branches are kept; when there are more, the oldest but the first goes.
const BRANCHES: usize = 16;
/// How many entries one call shows at most.
const SHOWN: u64 = 500;

type Result<T> = core::result::Result<T, Box<Problem>>;

/// The one door to a run, for the page's worker, the command line and the tests.
#[derive(Default)]
pub struct Bench {
    open: Option<Open>,
}

struct Open {
    plan: Plan,
    /// Scenario, seed, knobs and waivers of the first branch.
    base: Replay,
    branches: Vec<Branch>,
    current: usize,
    next_id: u32,
    /// What was taken back, the last at the end, and the branch that has it.
    redo: Vec<(Placed, u32)>,
    /// Which option of the question comes true when nobody acts, once it was asked for.
    answer: Option<Option<u16>>,
}

struct Branch {
    id: u32,
    made: Made,
    from: Option<(u32, u64)>,
    waivers: Vec<String>,
    line: Line,
    /// Finished reads.
    read: Vec<ReadView>,
    /// The fingerprint of the whole run, and the one that the same run gave another time.
    again: Option<(u64, u64)>,
}

/// How a branch came about.
enum Made {
    /// It was opened.
    Opened,
    /// Somebody acted in the past.
    Acted,
    /// This was taken back.
    Undone(Placed),
    /// This gate was waived.
    Waived(String),
}

impl Branch {
    /// What it is called: how it came about, as far as that still tells it from the others.
    fn name(&self, plan: &Plan) -> String {
        match &self.made {
            Made::Opened => "your run".to_string(),
            Made::Waived(gate) => format!("waived: {gate}"),
            Made::Undone(last) if self.line.placed().iter().all(|it| it.id != last.id) => {
                let reads = plan.reads.iter().map(|it| (&it.id, &it.title));
                let mut all = reads.chain(plan.actions.iter().map(|it| (&it.id, &it.title)));
                let title = all.find(|(id, _)| **id == last.id);
                let title = title.map_or(last.id.as_str(), |(_, title)| title);
                format!("without \u{201c}{title}\u{201d}")
            }
            Made::Acted | Made::Undone(_) => format!("branch {}", self.id),
        }
    }
}

impl Bench {
    /// A bench with no run open.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers one request; work per call is bounded.
    pub fn handle(&mut self, request: Request) -> Reply {
        match self.answer(request) {
            Ok(reply) => reply,
            Err(problem) => Reply::Problem(*problem),
        }
    }

    fn answer(&mut self, request: Request) -> Result<Reply> {
        if let Request::Open { plan, replay } = request {
            // The run that is open stays open until the new one stands.
            let (open, warning) = Open::new(*plan, *replay)?;
            let frame = self.open.insert(open).frame()?;
            return Ok(Reply::Opened(Box::new(Opened { frame, warning })));
        }
        let Some(open) = &mut self.open else {
            return Err(Box::new(
                Problem::new("no-run", "no run is open").hint("Open a scenario first."),
            ));
        };
        match request {
            Request::Advance(advance) => open.advance(advance),
            Request::Seek(step) => open.seek(step)?,
            Request::SeekTime(at) => open.seek_time(Time(at))?,
            Request::StepBack => open.step_back()?,
            Request::Read(id) => open.act(&id, true)?,
            Request::Act(id) => open.act(&id, false)?,
            Request::Undo => open.undo()?,
            Request::Redo => open.redo()?,
            Request::Branch(id) => open.switch(id)?,
            Request::Frame => {}
            Request::Entries {
                from,
                to,
                told_only,
            } => return Ok(Reply::Entries(open.entries(from, to, told_only))),
            Request::Story { before, count } => {
                return Ok(Reply::Entries(open.story(before, count)));
            }
            Request::Why(step) => return open.why(step).map(|why| Reply::Why(Box::new(why))),
            Request::Series { slice } => {
                let run = open.branch().line.run();
                let slice = slice.max(open.plan.end / 2000).max(1);
                return Ok(Reply::Series(series(run.state(), run.history(), slice)));
            }
            Request::Twin(gate) => return open.twin(&gate).map(|twin| Reply::Twin(Box::new(twin))),
            Request::Debrief => {
                return open
                    .debrief()
                    .map(|debrief| Reply::Debrief(Box::new(debrief)));
            }
            Request::Gates => {
                return Ok(Reply::Gates(open.branch().line.run().watch().ruled()));
            }
            Request::Replay => return Ok(Reply::Replay(Box::new(open.replay()))),
            Request::Open { .. } => {}
        }
        Ok(Reply::Frame(Box::new(open.frame()?)))
    }
}

impl Open {
    fn new(plan: Plan, mut replay: Replay) -> Result<(Self, Option<Problem>)> {
        if replay.scenario != plan.id {
            return Err(Box::new(Problem::unknown(
                "scenario",
                &replay.scenario,
                &[plan.id.as_str()],
            )));
        }
        let warning = warning(&plan, &replay);
        replay.waivers.sort();
        replay.waivers.dedup();
        let mut line = Line::open(&plan, &replay, Recording::Full)?;
        let at = if replay.at == 0 {
            plan.freeze_at
        } else {
            replay.at.min(plan.end)
        };
        line.until(Time(at), u64::MAX);
        let first = Branch {
            id: 0,
            made: Made::Opened,
            from: None,
            waivers: replay.waivers.clone(),
            line,
            read: Vec::new(),
            again: None,
        };
        let open = Self {
            plan,
            base: replay,
            branches: alloc::vec![first],
            current: 0,
            next_id: 1,
            redo: Vec::new(),
            answer: None,
        };
        Ok((open, warning))
    }

    fn branch(&self) -> &Branch {
        &self.branches[self.current]
    }

    fn line(&mut self) -> &mut Line {
        &mut self.branches[self.current].line
    }

    fn now(&self) -> Time {
        self.branch().line.run().state().now()
    }

    fn advance(&mut self, advance: Advance) {
        let line = self.line();
        match advance {
            Advance::Steps(steps) => {
                line.steps(u64::from(steps).min(MOST));
            }
            Advance::Until(at) => {
                line.until(Time(at), MOST);
            }
            Advance::NextMoment => line.next_moment(MOST),
            Advance::NextTold => line.next_told(MOST),
        }
    }

    fn seek(&mut self, step: u64) -> Result<()> {
        let here = self.branch().line.run().state().steps();
        let line = self.line();
        match line.run_mut().seek(step) {
            Ok(()) => Ok(()),
            // Beyond the end: the end is as far as it goes.
            Err(sim::SeekError::NoSuchStep) => {
                line.until(Time(u64::MAX), MOST);
                Ok(())
            }
            Err(error) => {
                let _ = line.run_mut().seek(here);
                Err(Box::new(
                    Problem::new("run-diverged", error.to_string())
                        .hint("Reload the page; if it happens again, report the link of this run."),
                ))
            }
        }
    }

    fn seek_time(&mut self, at: Time) -> Result<()> {
        let line = &self.branch().line;
        let history = line.run().history();
        let frontier = history
            .len()
            .checked_sub(1)
            .and_then(|last| history.entry(last))
            .map_or(Time::ZERO, |last| last.at);
        if at < frontier {
            let step = history.until(at);
            return self.seek(step);
        }
        let end = history.len();
        self.seek(end)?;
        self.line().until(at, MOST);
        Ok(())
    }

    fn step_back(&mut self) -> Result<()> {
        let line = &self.branch().line;
        let history = line.run().history();
        let here = line.run().state().steps();
        let told = |before: u64| {
            (0..before).rev().find(|step| {
                history
                    .entry(*step)
                    .is_some_and(|entry| !is_routine(&entry))
            })
        };
        let target = told(here).and_then(told).map_or(0, |step| step + 1);
        self.seek(target)
    }

    fn act(&mut self, id: &str, read: bool) -> Result<()> {
        let known: Vec<&str> = if read {
            self.plan
                .reads
                .iter()
                .map(|read| read.id.as_str())
                .collect()
        } else {
            self.plan
                .actions
                .iter()
                .map(|action| action.id.as_str())
                .collect()
        };
        if !known.contains(&id) {
            return Err(Box::new(Problem::unknown(
                if read { "read" } else { "action" },
                id,
                &known,
            )));
        }
        if self.is_over() {
            return Err(Box::new(
                Problem::new("run-over", "the run is over")
                    .hint("Step back to an earlier moment, or start a new seed."),
            ));
        }
        let placed = Placed {
            at: self.now().0,
            id: id.into(),
        };
        self.place(&placed)?;
        self.redo.clear();
        Ok(())
    }

    /// Does something at its time, on a new branch if the current one has gone beyond it.
    fn place(&mut self, placed: &Placed) -> Result<()> {
        let at = Time(placed.at);
        let known = self.branch().line.run().history().until(at);
        let beyond = self.branch().line.run().history().len() > known
            || self
                .branch()
                .line
                .placed()
                .last()
                .is_some_and(|last| last.at > placed.at);
        if beyond {
            self.fork(known, Made::Acted)?;
        } else {
            self.seek(known)?;
        }
        let plan = &self.plan;
        let line = &mut self.branches[self.current].line;
        // The rest of this moment comes first: what is done from outside is done last.
        line.run_mut().run_to(at, MOST);
        line.place(plan, placed)?;
        line.run_mut().run_to(at, MOST);
        Ok(())
    }

    fn fork(&mut self, step: u64, made: Made) -> Result<()> {
        let parent = self.branch();
        let line = parent.line.fork(step)?;
        let at = line.run().state().now().0;
        let read = parent
            .read
            .iter()
            .filter(|view| view.read_at <= at)
            .cloned()
            .collect();
        let branch = Branch {
            id: self.next_id,
            made,
            from: Some((parent.id, at)),
            waivers: parent.waivers.clone(),
            line,
            read,
            again: None,
        };
        self.add(branch);
        Ok(())
    }

    /// Adds a branch and shows it.
    fn add(&mut self, branch: Branch) {
        self.next_id += 1;
        self.branches.push(branch);
        if self.branches.len() > BRANCHES {
            self.branches.remove(1);
        }
        self.current = self.branches.len() - 1;
    }

    fn undo(&mut self) -> Result<()> {
        let Some(last) = self
            .branch()
            .line
            .placed()
            .iter()
            .rfind(|placed| placed.at <= self.now().0)
            .cloned()
        else {
            return Err(Box::new(Problem::new(
                "nothing-to-undo",
                "nothing was done yet that could be taken back",
            )));
        };
        let before = self.before(&last);
        let left = self.branch().id;
        match self.undone_before(&last) {
            Some(branch) => {
                self.current = branch;
                if let Err(problem) = self.seek(before) {
                    self.show(left);
                    return Err(problem);
                }
            }
            None => self.fork(before, Made::Undone(last.clone()))?,
        }
        self.redo.push((last, left));
        Ok(())
    }

    /// The branch that came about when this was taken back from the current one before, if nothing was done in it since.
    fn undone_before(&self, last: &Placed) -> Option<usize> {
        let here = self.branch();
        let placed = here.line.placed();
        let kept = &placed[..placed.iter().rposition(|it| it == last)?];
        self.branches.iter().position(|branch| {
            matches!(&branch.made, Made::Undone(it) if it == last)
                && branch.from.is_some_and(|(from, _)| from == here.id)
                && branch.line.placed() == kept
        })
    }

    /// Shows the branch with this id, if it is still there.
    fn show(&mut self, id: u32) -> bool {
        let found = self.branches.iter().position(|branch| branch.id == id);
        if let Some(at) = found {
            self.current = at;
        }
        found.is_some()
    }

    /// The step just before something that was done.
    fn before(&self, placed: &Placed) -> u64 {
        let line = &self.branch().line;
        let history = line.run().history();
        let position = crate::watch::position(&self.plan, &placed.id).map(u64::from);
        (0..history.until(Time(placed.at)))
            .rev()
            .find(|step| {
                history.entry(*step).is_some_and(|entry| match entry.what {
                    What::Action(sim::External::Mark(mark)) => {
                        Some(mark) == position && entry.at.0 == placed.at
                    }
                    _ => false,
                })
            })
            .unwrap_or_else(|| history.until(Time(placed.at)))
    }

    fn redo(&mut self) -> Result<()> {
        let Some((placed, left)) = self.redo.pop() else {
            return Err(Box::new(Problem::new(
                "nothing-to-redo",
                "nothing was taken back that could be done again",
            )));
        };
        let here = self.branch().id;
        let result = if self.show(left) {
            let step = self.branch().line.run().history().until(Time(placed.at));
            self.seek(step)
        } else {
            // That branch is not kept any more.
            self.place(&placed)
        };
        if result.is_err() {
            self.show(here);
            self.redo.push((placed, left));
        }
        result
    }

    fn switch(&mut self, id: u32) -> Result<()> {
        if self.show(id) {
            self.redo.clear();
            return Ok(());
        }
        Err(Box::new(Problem::new(
            "unknown-branch",
            format!("there is no branch {id}"),
        )))
    }

    fn is_over(&self) -> bool {
        self.branch().line.is_over()
    }

    /// A run that is over is made once more, as `lab run` does, and both fingerprints are told.
    fn made_again(&mut self, over: bool) -> Result<Option<(u64, u64)>> {
        let now = self.branch().line.run().fingerprint();
        let known = self.branch().again.filter(|(first, _)| *first == now);
        if !over || known.is_some() {
            return Ok(known.filter(|_| over));
        }
        let both = (now, report::run_again(&self.plan, &self.replay())?);
        self.branches[self.current].again = Some(both);
        Ok(Some(both))
    }

    fn frame(&mut self) -> Result<Frame> {
        let over = self.is_over();
        let revealed = self.revealed()?;
        let again = self.made_again(over)?;
        let plan = &self.plan;
        let branch = &mut self.branches[self.current];
        let reads = reading::reads(plan, &mut branch.line, &mut branch.read);
        let mut marks: Vec<Mark> = branch.line.marks().to_vec();
        if let Some(question) = &plan.question {
            let step = branch.line.run().history().until(Time(plan.freeze_at));
            marks.push(Mark {
                step,
                at: plan.freeze_at,
                kind: MarkKind::Question,
                label: question.prompt.clone(),
            });
            marks.sort_by_key(|mark| mark.at);
        }
        let line = &branch.line;
        let run = line.run();
        let (state, watch) = (run.state(), run.watch());
        let mut properties = verdicts(plan, watch.properties().views());
        if run.diverged().is_some() {
            report::set_determinism(&mut properties, state.steps(), state.now().0, (0, 1));
        } else if let Some(both) = again {
            report::set_determinism(&mut properties, state.steps(), state.now().0, both);
        }
        let body = frame_body(plan, state, watch);
        Ok(Frame {
            branch: branch.id,
            step: state.steps(),
            known: run.history().len(),
            at: state.now().0,
            end: plan.end,
            over,
            fingerprint: run.fingerprint(),
            things: body.things,
            nodes: body.nodes,
            requests: watch.metrics().counts(state),
            properties,
            objectives: watch.objectives(state, over),
            actions: reading::actions(plan, line),
            reads,
            undo: line
                .placed()
                .iter()
                .filter(|placed| placed.at <= state.now().0)
                .count() as u32,
            redo: self.redo.len() as u32,
            marks,
            branches: self
                .branches
                .iter()
                .enumerate()
                .map(|(at, branch)| BranchView {
                    id: branch.id,
                    name: branch.name(plan),
                    from: branch.from,
                    actions: branch.line.placed().len() as u32,
                    known: branch.line.run().history().len(),
                    current: at == self.current,
                })
                .collect(),
            revealed,
        })
    }

    /// Which option of the question comes true when nobody acts; `None` before the reveal.
    fn revealed(&mut self) -> Result<Option<u16>> {
        let Some(question) = &self.plan.question else {
            return Ok(None);
        };
        if self.now().0 < question.reveal_at {
            return Ok(None);
        }
        if let Some(answer) = self.answer {
            return Ok(answer);
        }
        let mut untouched = self.base.clone();
        untouched.actions.clear();
        let mut line = Line::open(&self.plan, &untouched, Recording::FingerprintOnly)?;
        line.run_mut().run_to(Time(question.reveal_at), u64::MAX);
        let run = line.run();
        let right = question
            .options
            .iter()
            .position(|option| run.watch().holds(run.state(), &option.right_if))
            .map(|at| at as u16);
        self.answer = Some(right);
        Ok(right)
    }

    fn view(&self, entry: &sim::Entry<'_, crate::fleet::Fleet>) -> EntryView {
        let line = &self.branch().line;
        let names = Names::new(&self.plan, line.run().state());
        entry_view(&names, entry, line.labels_so_far(), |mark| {
            Line::done_text(&self.plan, mark)
        })
    }

    fn entries(&self, from: u64, to: u64, told_only: bool) -> Vec<EntryView> {
        self.newest(from..to, told_only, SHOWN)
    }

    fn story(&self, before: u64, count: u32) -> Vec<EntryView> {
        self.newest(0..before, true, u64::from(count).min(SHOWN))
    }

    /// At most so many entries among `steps`, the newest, oldest first.
    fn newest(&self, steps: Range<u64>, told_only: bool, most: u64) -> Vec<EntryView> {
        let history = self.branch().line.run().history();
        let mut entries: Vec<EntryView> = (steps.start..steps.end.min(history.len()))
            .rev()
            .filter_map(|step| history.entry(step))
            .filter(|entry| !told_only || !is_routine(entry))
            .take(most as usize)
            .map(|entry| self.view(&entry))
            .collect();
        entries.reverse();
        entries
    }

    fn why(&self, step: u64) -> Result<WhyView> {
        let run = self.branch().line.run();
        let mut chain = run.why(step).map(|entry| self.view(&entry));
        let Some(entry) = chain.next() else {
            return Err(Box::new(
                Problem::new("unknown-entry", format!("there is no entry {step}")).detail(format!(
                    "This branch has {} entries so far.",
                    run.history().len()
                )),
            ));
        };
        let causes = chain.take(50).collect();
        let history = run.history();
        let effects = (step + 1..history.len())
            .filter_map(|at| history.entry(at))
            .filter(|entry| entry.cause == Some(step))
            .take(50)
            .map(|entry| self.view(&entry))
            .collect();
        Ok(WhyView {
            entry,
            causes,
            effects,
        })
    }

    fn twin(&mut self, gate: &str) -> Result<protocol::TwinView> {
        crate::lower::waivers(&[gate.to_string()])?;
        if self.branch().waivers.iter().any(|waived| waived == gate) {
            return Err(Box::new(
                Problem::new(
                    "gate-already-waived",
                    format!("the gate `{gate}` is waived in this branch already"),
                )
                .hint("Go to a branch in which it is in force, then switch it off."),
            ));
        }
        let mut replay = self.replay();
        let at = replay.at;
        let mut enforced = Line::open(&self.plan, &replay, Recording::Full)?;
        enforced.run_mut().run_to(Time(self.plan.end), u64::MAX);
        replay.waivers.push(gate.into());
        replay.waivers.sort();
        let mut waived = Line::open(&self.plan, &replay, Recording::Full)?;
        waived.run_mut().run_to(Time(self.plan.end), u64::MAX);
        let id = self.next_id;
        let view = twin::compare(&self.plan, gate, &enforced, &waived, id);
        let show = view.difference.map_or(at, |difference| difference.2);
        let step = waived.run().history().until(Time(show));
        waived
            .run_mut()
            .seek(step)
            .map_err(|error| Box::new(Problem::new("run-diverged", error.to_string())))?;
        let (stay, from) = (self.current, (self.branch().id, show));
        self.add(Branch {
            id,
            made: Made::Waived(gate.into()),
            from: Some(from),
            waivers: replay.waivers,
            line: waived,
            read: Vec::new(),
            again: None,
        });
        // The twin is a branch to go to; what is on screen stays.
        self.current = stay.min(self.branches.len() - 1);
        Ok(view)
    }

    fn debrief(&self) -> Result<protocol::Debrief> {
        let mut line = Line::open(&self.plan, &self.replay(), Recording::Full)?;
        line.run_mut().run_to(Time(self.plan.end), u64::MAX);
        Ok(debrief(&self.plan, &self.base, &line))
    }

    fn replay(&self) -> Replay {
        let branch = self.branch();
        Replay {
            engine: protocol::ENGINE.to_string(),
            scenario: self.plan.id.clone(),
            content: self.plan.digest(),
            seed: self.base.seed,
            waivers: branch.waivers.clone(),
            knobs: self.base.knobs.clone(),
            actions: branch.line.placed().to_vec(),
            at: self.now().0,
            claim: None,
            severity: self.base.severity,
        }
    }
}

/// What is to be said of a replay that another engine made, or for another version of the scenario.
fn warning(plan: &Plan, replay: &Replay) -> Option<Problem> {
    if replay.engine != protocol::ENGINE {
        return Some(
            Problem::new(
                "engine-differs",
                format!("this run was made by engine {}", replay.engine),
            )
            .detail(format!(
                "Here runs engine {}, so it may play differently.",
                protocol::ENGINE
            ))
            .hint(
                "Actions are kept at their times; check the outcome before you draw conclusions.",
            ),
        );
    }
    (replay.content != 0 && replay.content != plan.digest()).then(|| {
        Problem::new(
            "scenario-differs",
            format!(
                "the scenario `{}` has changed since this run was made",
                plan.id
            ),
        )
        .detail("It may play differently.")
        .hint("Actions are kept at their times; check the outcome before you draw conclusions.")
    })
}
