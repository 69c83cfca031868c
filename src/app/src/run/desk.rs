//! The desk: the run on screen as the page knows it, and everything that can be asked of it.
//!
//! **Invariants.** The worker owns the run; here is only its last frame and what was asked for beside it. While playing,
//! at most one advance is under way. Before a prediction is committed, nothing goes past the moment of its reveal.

use super::clock::Clock;
use super::opening::Opening;
use crate::content::Scenario;
use crate::draw::chart;
use crate::navigate::{Navigator, absolute};
use crate::port::Port;
use crate::route::Route;
use crate::saved::{self, Prediction, Record, Settings, Trouble};
use crate::ui::live::Live;
use leptos::prelude::*;
use protocol::{
    Advance, Debrief, EntryView, Frame, Problem, Replay, Reply, Request, SeriesPoint, TwinView,
    WhyView,
};
use std::sync::Arc;

/// How many entries the lanes are drawn from.
const LANE_ENTRIES: u64 = 480;
/// How many entries are looked through for a story that shows routine.
const STORY_ENTRIES: u64 = 300;
/// So many entries in one advance mean that it was cut short.
const MANY: u64 = 5_000;
/// How often, in milliseconds, story and lanes are fetched while playing, and a run is kept.
const REFRESH: f64 = 120.0;
const KEEP: f64 = 1_500.0;

/// What the page is for at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Running.
    Run,
    /// Comparing with a run without a gate.
    Twin,
    /// Looking back.
    Debrief,
}

/// The pictures of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// Lanes with messages.
    Lanes,
    /// Lifecycles.
    Diagrams,
    /// Requests over time.
    Requests,
    /// Beliefs beside facts.
    Beliefs,
}

/// The parts of the page that a small screen shows one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// Seed, engine, properties, objectives.
    Strip,
    /// Situation, question, reads, actions, hints, notes.
    Mine,
    /// The pictures.
    System,
    /// The sentences.
    Story,
}

/// A twin run that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Twin {
    /// No gate is chosen.
    None,
    /// It is being made.
    Under(String),
    /// It is here.
    Here(Arc<TwinView>),
}

#[derive(Default)]
struct Hidden {
    clock: Clock,
    advancing: bool,
    arrived: u64,
    seeking: bool,
    seek_next: Option<u64>,
    details: bool,
    details_again: bool,
    details_at: f64,
    kept_at: f64,
    other: Vec<String>,
    told: u64,
    opening: u32,
}

/// The desk.
#[derive(Clone, Copy)]
pub struct Desk {
    /// The scenario.
    pub scenario: &'static Scenario,
    /// The moment on screen.
    pub frame: RwSignal<Option<Arc<Frame>>>,
    /// What is run.
    pub replay: RwSignal<Option<Arc<Replay>>>,
    /// The entries of the story, oldest first.
    pub story: RwSignal<Arc<Vec<EntryView>>>,
    /// How many entries of the story are wanted.
    pub story_length: RwSignal<u32>,
    /// The entries that the lanes are drawn from.
    pub lanes: RwSignal<Arc<Vec<EntryView>>>,
    /// Requests over time.
    pub series: RwSignal<Arc<Vec<SeriesPoint>>>,
    /// Why the selected entry happened.
    pub why: RwSignal<Option<Arc<WhyView>>>,
    /// Whether it is playing.
    pub playing: RwSignal<bool>,
    /// What the page is for at the moment.
    pub mode: RwSignal<Mode>,
    /// The picture on screen.
    pub tab: RwSignal<Tab>,
    /// The part on a small screen.
    pub region: RwSignal<Region>,
    /// What was predicted.
    pub prediction: RwSignal<Option<Prediction>>,
    /// Whether the introduction of a first visit is over.
    pub introduced: RwSignal<bool>,
    /// How many hints are open.
    pub hints: RwSignal<u32>,
    /// The twin run.
    pub twin: RwSignal<Twin>,
    /// The debrief.
    pub debrief: RwSignal<Option<Arc<Debrief>>>,
    /// What is wrong with what was asked.
    pub problem: RwSignal<Option<Problem>>,
    /// What is wrong with keeping the run.
    pub trouble: RwSignal<Option<Trouble>>,
    /// What somebody has set.
    pub settings: RwSignal<Settings>,
    port: Port,
    live: Live,
    navigator: Navigator,
    hidden: StoredValue<Hidden, LocalStorage>,
}

fn now() -> f64 {
    window()
        .performance()
        .map_or(0.0, |performance| performance.now())
}

impl Desk {
    /// A desk with nothing open yet.
    pub fn new(scenario: &'static Scenario) -> Self {
        Self {
            scenario,
            frame: RwSignal::new(None),
            replay: RwSignal::new(None),
            story: RwSignal::default(),
            story_length: RwSignal::new(80),
            lanes: RwSignal::default(),
            series: RwSignal::default(),
            why: RwSignal::new(None),
            playing: RwSignal::new(false),
            mode: RwSignal::new(Mode::Run),
            tab: RwSignal::new(Tab::Lanes),
            region: RwSignal::new(Region::Mine),
            prediction: RwSignal::new(None),
            introduced: RwSignal::new(false),
            hints: RwSignal::new(0),
            twin: RwSignal::new(Twin::None),
            debrief: RwSignal::new(None),
            problem: RwSignal::new(None),
            trouble: RwSignal::new(None),
            settings: expect_context(),
            port: expect_context(),
            live: expect_context(),
            navigator: expect_context(),
            hidden: StoredValue::new_local(Hidden::default()),
        }
    }

    /// Opens a run. If it cannot be opened, what was open stays, and `otherwise` is opened if nothing was.
    pub fn open(self, opening: Opening, otherwise: Option<Opening>) {
        self.pause();
        let turn = self.hidden.try_update_value(|h| {
            h.opening += 1;
            h.opening
        });
        let request = self.scenario.plan.open_request(&opening.replay);
        self.port.ask_bytes(&request, move |reply| {
            if self.hidden.try_with_value(|h| h.opening) != turn {
                return;
            }
            match reply {
                Reply::Opened(opened) => self.opened(opening, opened.frame, opened.warning),
                Reply::Problem(problem) => {
                    self.problem.set(Some(problem));
                    if let Some(otherwise) =
                        otherwise.filter(|_| self.frame.with_untracked(Option::is_none))
                    {
                        self.open(otherwise, None);
                    }
                }
                _ => {}
            }
        });
    }

    fn opened(self, opening: Opening, frame: Frame, warning: Option<Problem>) {
        let Opening {
            replay,
            step,
            prediction,
            introduced,
            hints,
            other,
        } = opening;
        let seed = replay.seed;
        self.hidden.update_value(|h| {
            h.other = other;
            h.told = u64::MAX;
        });
        self.prediction.set(prediction);
        self.introduced
            .set(introduced || self.scenario.plan.question.is_none());
        self.hints.set(hints);
        self.why.set(None);
        self.twin.set(Twin::None);
        self.debrief.set(None);
        self.mode.set(Mode::Run);
        if warning.is_some() {
            self.problem.set(warning);
        }
        let at = replay.at;
        self.replay.set(Some(Arc::new(replay)));
        self.rename(seed);
        match step {
            Some(step) if step != frame.step => self.ask(Request::Seek(step)),
            None if frame.at < at && !frame.over => self.seek_time(at),
            _ => self.accept(frame),
        }
    }

    /// Writes the address of what is open, so that a reload comes back to it and a bad link does not stay.
    fn rename(self, seed: u64) {
        self.navigator
            .rename(Route::seeded(self.scenario.plan.id, seed));
    }

    /// An address could not be followed: says so, and leaves the run and its address as they are.
    pub fn refuse(self, problem: Problem) {
        self.problem.set(Some(problem));
        if let Some(replay) = self.replay.get_untracked() {
            self.rename(replay.seed);
        }
    }

    /// Opens the same run again in a new worker, after the old one died.
    pub fn recover(self) {
        let Some(replay) = self.replay.get_untracked() else {
            return;
        };
        self.hidden.update_value(|h| {
            h.advancing = false;
            h.seeking = false;
            h.seek_next = None;
            h.details = false;
        });
        let step = self
            .frame
            .with_untracked(|frame| frame.as_ref().map(|frame| frame.step));
        let other = self
            .hidden
            .try_with_value(|h| h.other.clone())
            .unwrap_or_default();
        self.open(
            Opening {
                replay: (*replay).clone(),
                step,
                prediction: self.prediction.get_untracked(),
                introduced: self.introduced.get_untracked(),
                hints: self.hints.get_untracked(),
                other,
            },
            None,
        );
    }

    /// Asks for something that is answered by a moment.
    fn ask(self, request: Request) {
        self.port.ask(request, move |reply| match reply {
            Reply::Frame(frame) => self.moved(*frame),
            Reply::Problem(problem) => self.problem.set(Some(problem)),
            _ => {}
        });
    }

    /// A moment that did not come from playing.
    fn moved(self, frame: Frame) {
        self.hidden.update_value(|h| {
            h.clock.set(frame.at);
            h.arrived = 0;
        });
        self.accept(frame);
    }

    fn accept(self, frame: Frame) {
        let before = self.frame.get_untracked();
        let revealed = frame.revealed.is_some()
            && before
                .as_ref()
                .is_some_and(|b| b.revealed.is_none() && b.at < frame.at);
        let over = frame.over && before.as_ref().is_some_and(|b| !b.over);
        let changed = before
            .as_ref()
            .is_none_or(|b| b.actions.len() != frame.actions.len() || b.branch != frame.branch);
        if changed && self.debrief.with_untracked(Option::is_some) {
            self.debrief.set(None);
        }
        self.frame.set(Some(Arc::new(frame)));
        if self.playing.get_untracked()
            && ((revealed && self.prediction.get_untracked().is_some()) || over)
        {
            self.pause();
        }
        if revealed && self.prediction.get_untracked().is_some() {
            self.region.set(Region::Mine);
            self.live
                .say("The prediction is resolved. See the question.");
        } else if over {
            self.live.say("The run is over. The debrief is ready.");
        }
        self.refresh();
        self.keep(changed);
    }

    /// Fetches what the regions on screen show beside the frame.
    pub fn refresh(self) {
        let playing = self.playing.get_untracked();
        let go = self.hidden.try_update_value(|h| {
            if h.details || (playing && now() - h.details_at < REFRESH) {
                h.details_again = true;
                return false;
            }
            h.details = true;
            h.details_again = false;
            h.details_at = now();
            true
        });
        let Some(step) = self
            .frame
            .with_untracked(|frame| frame.as_ref().map(|frame| frame.step))
        else {
            return;
        };
        if go != Some(true) {
            return;
        }
        if self.tab.get_untracked() == Tab::Lanes {
            let request = Request::Entries {
                from: step.saturating_sub(LANE_ENTRIES),
                to: step,
                told_only: false,
            };
            self.port.ask(request, move |reply| {
                if let Reply::Entries(entries) = reply {
                    self.lanes.set(Arc::new(entries));
                }
            });
        }
        if self.tab.get_untracked() == Tab::Requests {
            self.port.ask(
                Request::Series {
                    slice: chart::slice(self.scenario.plan.end),
                },
                move |reply| {
                    if let Reply::Series(points) = reply {
                        self.series.set(Arc::new(points));
                    }
                },
            );
        }
        let request = if self.settings.with_untracked(|s| s.routine) {
            Request::Entries {
                from: step.saturating_sub(STORY_ENTRIES),
                to: step,
                told_only: false,
            }
        } else {
            Request::Story {
                before: step,
                count: self.story_length.get_untracked(),
            }
        };
        self.port.ask(request, move |reply| {
            if let Reply::Entries(entries) = reply {
                self.tell(&entries);
                self.story.set(Arc::new(entries));
            }
            let again = self.hidden.try_update_value(|h| {
                h.details = false;
                h.details_again
            });
            if again == Some(true) && !self.playing.get_untracked() {
                self.refresh();
            }
        });
    }

    /// Says the newest sentence: at once while stepping, now and then while playing.
    fn tell(self, entries: &[EntryView]) {
        let Some(last) = entries.iter().rfind(|entry| !entry.routine) else {
            return;
        };
        let fresh = self.hidden.try_update_value(|h| {
            let first = h.told == u64::MAX;
            !first && std::mem::replace(&mut h.told, last.step) != last.step || {
                h.told = last.step;
                false
            }
        });
        if fresh == Some(true) {
            self.live.tell(&last.sentence, self.playing.get_untracked());
        }
    }

    /// Keeps the run: at once after something was done, else now and then.
    fn keep(self, at_once: bool) {
        let due = self.hidden.try_update_value(|h| {
            let due = at_once || now() - h.kept_at > KEEP;
            if due {
                h.kept_at = now();
            }
            due
        });
        if due == Some(true) || !self.playing.get_untracked() {
            self.port.ask(Request::Replay, move |reply| {
                if let Reply::Replay(replay) = reply {
                    self.replay.set(Some(Arc::new(*replay)));
                    self.keep_now();
                }
            });
        }
    }

    fn keep_now(self) {
        let (Some(replay), Some(frame)) = (self.replay.get_untracked(), self.frame.get_untracked())
        else {
            return;
        };
        let record = Record {
            replay: (*replay).clone(),
            step: frame.step,
            prediction: self.prediction.get_untracked(),
            introduced: self.introduced.get_untracked(),
            hints: self.hints.get_untracked(),
            other: self
                .hidden
                .try_with_value(|h| h.other.clone())
                .unwrap_or_default(),
        };
        let trouble = saved::keep_run(&record).err();
        if trouble != self.trouble.get_untracked() && trouble.is_some() {
            self.trouble.set(trouble);
        }
    }

    /// How far the run may go: its end, or the reveal while nothing is predicted.
    pub fn limit(self) -> u64 {
        let plan = &self.scenario.plan;
        match &plan.question {
            Some(question) if self.prediction.get_untracked().is_none() => {
                question.reveal_at.saturating_sub(1).min(plan.end)
            }
            _ => plan.end,
        }
    }

    fn at(self) -> u64 {
        self.frame
            .with_untracked(|frame| frame.as_ref().map_or(0, |frame| frame.at))
    }

    /// Whether the run waits for a prediction; says so.
    fn waits_for_prediction(self) -> bool {
        let waits = self.prediction.get_untracked().is_none()
            && self.scenario.plan.question.is_some()
            && self
                .at()
                .max(self.hidden.try_with_value(|h| h.arrived).unwrap_or(0))
                >= self.limit();
        if waits {
            self.region.set(Region::Mine);
            self.live
                .say("The run waits here for your prediction: choose an answer and commit it.");
        }
        waits
    }

    /// Plays or pauses.
    pub fn toggle(self) {
        if self.playing.get_untracked() {
            self.pause();
            self.refresh();
            self.keep(true);
        } else if !self.waits_for_prediction() {
            let over = self
                .frame
                .with_untracked(|frame| frame.as_ref().is_none_or(|frame| frame.over));
            if !over {
                let at = self.at();
                self.hidden.update_value(|h| h.clock.set(at));
                self.playing.set(true);
                self.frame_painted();
            }
        }
    }

    /// Pauses.
    pub fn pause(self) {
        if self.playing.try_get_untracked() == Some(true) {
            self.playing.set(false);
        }
    }

    fn frame_painted(self) {
        request_animation_frame(move || {
            if self.playing.try_get_untracked() != Some(true) {
                return;
            }
            let (limit, speed) = (self.limit(), self.settings.with_untracked(|s| s.speed));
            let arrived = self.hidden.try_with_value(|h| h.arrived).unwrap_or(0);
            let at = self.at().max(arrived);
            if at >= limit {
                self.pause();
                self.waits_for_prediction();
                self.refresh();
                self.keep(true);
                return;
            }
            let target = self.hidden.try_update_value(|h| {
                let target = h.clock.tick(now(), speed, limit);
                let go = !h.advancing && target > at;
                h.advancing |= go;
                go.then_some(target)
            });
            if let Some(Some(target)) = target {
                self.play_until(target);
            }
            self.frame_painted();
        });
    }

    /// One advance of playing. A moment without an entry is reached all the same, only a request that was cut short for
    /// its many entries is not: then the clock waits.
    fn play_until(self, target: u64) {
        let before = self.step_now();
        self.port
            .ask(Request::Advance(Advance::Until(target)), move |reply| {
                self.hidden.update_value(|h| h.advancing = false);
                match reply {
                    Reply::Frame(frame) => {
                        let cut = frame.step.saturating_sub(before) >= MANY;
                        self.hidden.update_value(|h| {
                            if cut {
                                h.clock.set(frame.at);
                            } else {
                                h.arrived = target;
                            }
                        });
                        self.accept(*frame);
                    }
                    Reply::Problem(problem) => {
                        self.pause();
                        self.problem.set(Some(problem));
                    }
                    _ => {}
                }
            });
    }

    fn step_now(self) -> u64 {
        self.frame
            .with_untracked(|frame| frame.as_ref().map_or(0, |frame| frame.step))
    }

    /// Goes on to the next entry that is not routine.
    pub fn step(self) {
        self.pause();
        if !self.waits_for_prediction() {
            self.ask_within(Request::Advance(Advance::NextTold));
        }
    }

    /// Goes back to the last entry that is not routine.
    pub fn step_back(self) {
        self.pause();
        self.ask(Request::StepBack);
    }

    /// Goes on to the next interesting moment.
    pub fn next_moment(self) {
        self.pause();
        if !self.waits_for_prediction() {
            self.ask_within(Request::Advance(Advance::NextMoment));
        }
    }

    /// Asks for a moment that may lie past the limit, and comes back to the limit if it does.
    fn ask_within(self, request: Request) {
        self.port.ask(request, move |reply| match reply {
            Reply::Frame(frame) if frame.at > self.limit() => {
                self.ask(Request::SeekTime(self.limit()))
            }
            Reply::Frame(frame) => self.moved(*frame),
            Reply::Problem(problem) => self.problem.set(Some(problem)),
            _ => {}
        });
    }

    /// Goes by so many microseconds.
    pub fn leap(self, by: i64) {
        self.pause();
        self.seek_time(self.at().saturating_add_signed(by));
    }

    /// Goes to the moment after so many entries.
    pub fn seek(self, step: u64) {
        self.pause();
        self.ask_within(Request::Seek(step));
    }

    /// Goes to a time. While one such request is under way only the newest wish is remembered.
    pub fn seek_time(self, at: u64) {
        let at = at.min(self.limit());
        let busy = self.hidden.try_update_value(|h| {
            if h.seeking {
                h.seek_next = Some(at);
            }
            std::mem::replace(&mut h.seeking, true)
        });
        if busy != Some(false) {
            return;
        }
        self.pause();
        self.port.ask(Request::SeekTime(at), move |reply| {
            let wish = self.hidden.try_update_value(|h| {
                h.seeking = false;
                h.seek_next.take()
            });
            match reply {
                Reply::Frame(frame) => {
                    // Work per request is bounded: a far moment takes more than one.
                    let before = self.at();
                    let short = frame.at < at && !frame.over && frame.at > before;
                    self.moved(*frame);
                    match wish.flatten() {
                        Some(wish) => self.seek_time(wish),
                        None if short => self.seek_time(at),
                        None => {}
                    }
                }
                Reply::Problem(problem) => self.problem.set(Some(problem)),
                _ => {}
            }
        });
    }

    /// Reads something.
    pub fn read(self, id: &str) {
        self.pause();
        self.ask(Request::Read(id.to_string()));
    }

    /// Does something, and says what came of it.
    pub fn act(self, id: &str) {
        self.pause();
        self.port
            .ask(Request::Act(id.to_string()), move |reply| match reply {
                Reply::Frame(frame) => {
                    if let Some(action) = frame.actions.last() {
                        self.live.say(&action.outcome);
                    }
                    self.moved(*frame);
                }
                Reply::Problem(problem) => self.problem.set(Some(problem)),
                _ => {}
            });
    }

    /// Takes the last action or read back.
    pub fn undo(self) {
        self.pause();
        if self
            .frame
            .with_untracked(|frame| frame.as_ref().is_some_and(|frame| frame.undo > 0))
        {
            self.ask(Request::Undo);
            self.live.say("Taken back.");
        }
    }

    /// Does again what was taken back.
    pub fn redo(self) {
        self.pause();
        if self
            .frame
            .with_untracked(|frame| frame.as_ref().is_some_and(|frame| frame.redo > 0))
        {
            self.ask(Request::Redo);
            self.live.say("Done again.");
        }
    }

    /// Looks at another branch.
    pub fn branch(self, branch: u32) {
        self.pause();
        self.mode.set(Mode::Run);
        self.ask(Request::Branch(branch));
    }

    /// Asks why an entry happened.
    pub fn select(self, step: u64) {
        self.port.ask(Request::Why(step), move |reply| match reply {
            Reply::Why(why) => {
                self.why.set(Some(Arc::new(*why)));
                self.region.set(Region::Story);
            }
            Reply::Problem(problem) => self.problem.set(Some(problem)),
            _ => {}
        });
    }

    /// Commits a prediction.
    pub fn commit(self, prediction: Prediction) {
        self.prediction.set(Some(prediction));
        self.introduced.set(true);
        self.keep_now();
        self.live
            .say("Prediction committed. Play to see what comes true.");
    }

    /// Ends the introduction of a first visit without a prediction.
    pub fn introduce(self) {
        self.introduced.set(true);
        self.keep_now();
    }

    /// Opens one more hint.
    pub fn hint(self) {
        self.hints.update(|hints| *hints += 1);
        self.keep_now();
    }

    /// Runs the same again with one gate waived.
    pub fn run_twin(self, gate: String) {
        self.pause();
        self.mode.set(Mode::Twin);
        self.twin.set(Twin::Under(gate.clone()));
        self.port
            .ask(Request::Twin(gate), move |reply| match reply {
                Reply::Twin(view) => {
                    self.live.say("The twin run is ready.");
                    self.twin.set(Twin::Here(Arc::new(*view)));
                    self.ask(Request::Frame);
                }
                Reply::Problem(problem) => {
                    self.twin.set(Twin::None);
                    self.problem.set(Some(problem));
                }
                _ => {}
            });
    }

    /// Goes to the debrief.
    pub fn look_back(self) {
        self.pause();
        self.mode.set(Mode::Debrief);
        if self.debrief.with_untracked(Option::is_none) {
            self.port.ask(Request::Debrief, move |reply| match reply {
                Reply::Debrief(debrief) => self.debrief.set(Some(Arc::new(*debrief))),
                Reply::Problem(problem) => {
                    self.mode.set(Mode::Run);
                    self.problem.set(Some(problem));
                }
                _ => {}
            });
        }
    }

    /// Begins the lesson again with a seed; what was open is kept aside.
    pub fn begin(self, seed: u64) {
        if let (Some(replay), Some(frame)) =
            (self.replay.get_untracked(), self.frame.get_untracked())
        {
            saved::keep_previous(&Record {
                replay: (*replay).clone(),
                step: frame.step,
                prediction: self.prediction.get_untracked(),
                introduced: true,
                hints: self.hints.get_untracked(),
                other: vec![],
            });
        }
        let introduced = self.introduced.get_untracked();
        self.open(
            Opening {
                introduced,
                ..Opening::fresh(&self.scenario.plan, seed)
            },
            None,
        );
        self.region.set(Region::Mine);
    }

    /// The link that reproduces the run; empty before one is open.
    pub fn link(self) -> String {
        self.replay
            .get_untracked()
            .map_or_else(String::new, |replay| {
                absolute(&Route::Run {
                    scenario: replay.scenario.clone(),
                    seed: None,
                    shared: Some(replay.to_link()),
                })
            })
    }

    /// Copies the link and says whether that went well.
    pub fn copy_link(self) {
        self.live.copy(self.link());
    }

    /// Changes a setting and keeps it.
    pub fn set(self, change: impl FnOnce(&mut Settings)) {
        self.settings.update(change);
        self.settings.get_untracked().keep();
    }
}
