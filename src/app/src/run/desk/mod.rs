//! The desk: the run on screen as the page knows it, and everything that can be asked of it.
//!
//! **Invariants.** The worker owns the run; here is only its last frame and what was asked for beside it. While playing,
//! at most one advance is under way. Before a prediction is committed, nothing goes past the moment of its reveal.

mod act;
mod keep;
mod parts;
mod play;
mod runs;

use parts::Hidden;
pub use parts::{Comes, Mode, Region, Tab, Twin};

use crate::content::Scenario;
use crate::draw::{chart, lanes};
use crate::navigate::{Navigator, absolute};
use crate::port::Port;
use crate::route::{Asked, Route};
use crate::run::clock::Clock;
use crate::run::opening::{self, Opening};
use crate::saved::{self, Prediction, Record, Settings, Trouble};
use crate::ui::held::Held;
use crate::ui::live::Live;
use leptos::prelude::*;
use protocol::{
    Advance, Debrief, EntryView, Frame, Problem, Replay, Reply, Request, RuledGate, SeriesPoint,
    Severity, TwinView, WhyView,
};
use std::sync::Arc;

/// How many entries the lanes are drawn from.
const LANE_ENTRIES: u64 = lanes::FULL as u64;
/// How many times as many are looked through where those that are routine are left out.
const BESIDE_ROUTINE: u64 = 64;
/// How many entries are looked through for a story that shows routine.
const STORY_ENTRIES: u64 = 300;
/// So many entries in one advance mean that it was cut short.
const MANY: u64 = 5_000;
/// How often, in milliseconds, story and lanes are fetched while playing, and a run is kept.
const REFRESH: f64 = 120.0;
const KEEP: f64 = 1_500.0;

/// The desk.
#[derive(Clone, Copy)]
pub struct Desk {
    /// The scenario.
    pub scenario: &'static Scenario,
    /// The moment on screen.
    pub frame: Held<Option<Arc<Frame>>>,
    /// What is run.
    pub replay: Held<Option<Arc<Replay>>>,
    /// The entries of the story, oldest first.
    pub story: Held<Arc<Vec<EntryView>>>,
    /// How many entries of the story are wanted.
    pub story_length: Held<u32>,
    /// The entries that the lanes are drawn from.
    pub lanes: Held<Arc<Vec<EntryView>>>,
    /// Requests over time.
    pub series: Held<Arc<Vec<SeriesPoint>>>,
    /// Why the selected entry happened.
    pub why: Held<Option<Arc<WhyView>>>,
    /// Whether it is playing.
    pub playing: Held<bool>,
    /// What the page is for at the moment.
    pub mode: Held<Mode>,
    /// The picture on screen.
    pub tab: Held<Tab>,
    /// The part on a small screen.
    pub region: Held<Region>,
    /// What was predicted.
    pub prediction: Held<Option<Prediction>>,
    /// Whether the introduction of a first visit is over.
    pub introduced: Held<bool>,
    /// How many hints are open.
    pub hints: Held<u32>,
    /// Whether the cause of this run was told.
    pub told: Held<bool>,
    /// The runs that were put aside, the newest first.
    pub earlier: Held<Arc<Vec<Record>>>,
    /// The run that was just put aside, while that is still said.
    pub left: Held<Option<Arc<Record>>>,
    /// The gates that ruled up to the moment on screen, as they were when a twin run was last thought of.
    pub ruled: Held<Arc<Vec<RuledGate>>>,
    /// The twin run.
    pub twin: Held<Twin>,
    /// The debrief.
    pub debrief: Held<Option<Arc<Debrief>>>,
    /// Whether the run comes from somebody else and it is still said what it is.
    pub sent: Held<bool>,
    /// What is wrong with what was asked.
    pub problem: Held<Option<Problem>>,
    /// What is wrong with keeping the run.
    pub trouble: Held<Option<Trouble>>,
    /// What somebody has set.
    pub settings: Held<Settings>,
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
            frame: Held::new(None),
            replay: Held::new(None),
            story: Held::default(),
            story_length: Held::new(80),
            lanes: Held::default(),
            series: Held::default(),
            why: Held::new(None),
            playing: Held::new(false),
            mode: Held::new(Mode::Run),
            tab: Held::new(Tab::Lanes),
            region: Held::new(Region::Mine),
            prediction: Held::new(None),
            introduced: Held::new(false),
            hints: Held::new(0),
            told: Held::new(false),
            earlier: Held::default(),
            left: Held::new(None),
            ruled: Held::default(),
            twin: Held::new(Twin::None),
            debrief: Held::new(None),
            sent: Held::new(false),
            problem: Held::new(None),
            trouble: Held::new(None),
            settings: expect_context(),
            port: expect_context(),
            live: expect_context(),
            navigator: expect_context(),
            hidden: StoredValue::new_local(Hidden::default()),
        }
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
}
