//! Request and reply: the one door to a run, for the page's worker, the command line and the tests.

use crate::frame::{Debrief, EntryView, Frame, RuledGate, SeriesPoint, TwinView, WhyView};
use crate::plan::Plan;
use crate::problem::Problem;
use crate::replay::Replay;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Advance {
    /// So many entries.
    Steps(u32),
    /// To this time; at most about ten thousand entries at once.
    Until(u64),
    /// To the next interesting moment.
    NextMoment,
    /// To the next entry that is not routine.
    NextTold,
}

/// What may be asked. Every request is answered by exactly one reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Open a run: as the replay says, and at the time it says.
    Open {
        /// What is run.
        plan: Box<Plan>,
        /// With which seed, gates, knobs and actions.
        replay: Box<Replay>,
    },
    /// Go on.
    Advance(Advance),
    /// Go to the moment after so many entries, forwards or backwards.
    Seek(u64),
    /// Go to a time, forwards or backwards.
    SeekTime(u64),
    /// Go back to the last entry that is not routine.
    StepBack,
    /// Read something.
    Read(String),
    /// Do something, now.
    Act(String),
    /// Take the last action or read back.
    Undo,
    /// Do again what was taken back.
    Redo,
    /// Look at another branch.
    Branch(u32),
    /// The moment again.
    Frame,
    /// Entries of the current branch, from one up to but without another, oldest first; the newest 500 of them if there
    /// are more.
    Entries {
        /// The first.
        from: u64,
        /// The one after the last.
        to: u64,
        /// Whether to leave out routine.
        told_only: bool,
    },
    /// The last so many told entries before a step, oldest first.
    Story {
        /// Before which entry.
        before: u64,
        /// How many.
        count: u32,
    },
    /// Why an entry happened.
    Why(u64),
    /// Requests over time, up to the current moment.
    Series {
        /// The length of a slice.
        slice: u64,
    },
    /// The same run with one gate waived, beside this one, to its end.
    Twin(String),
    /// What is to be said at the end; runs to the end without moving the moment on screen.
    Debrief,
    /// The replay of the current branch, for a link.
    Replay,
    /// The gates that ruled so far.
    Gates,
}

/// What comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// A run is open.
    Opened(Box<Opened>),
    /// The moment on screen.
    Frame(Box<Frame>),
    /// Entries.
    Entries(Vec<EntryView>),
    /// Why.
    Why(Box<WhyView>),
    /// Requests over time.
    Series(Vec<SeriesPoint>),
    /// Two runs.
    Twin(Box<TwinView>),
    /// The end.
    Debrief(Box<Debrief>),
    /// What to run again.
    Replay(Box<Replay>),
    /// It cannot be done; nothing has changed.
    Problem(Problem),
    /// Gates that ruled, in the catalog's order.
    Gates(Vec<RuledGate>),
}

/// A run that was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// Its first moment.
    pub frame: Frame,
    /// A warning, if the replay was made by another engine or for another version of the scenario.
    pub warning: Option<Problem>,
}
