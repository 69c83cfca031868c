//! Frame and views: what a painter needs, keeping apart what is and what each node believes.

use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How a property stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It held, and there was something to hold.
    Held,
    /// It broke.
    Broken {
        /// At which entry.
        step: u64,
        /// At which time.
        at: u64,
        /// What was seen, as a sentence.
        evidence: String,
    },
    /// Nothing happened that it speaks of.
    NotExercised,
}

/// How an objective stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Progress {
    /// Not decided yet.
    Open,
    /// So far it is kept; decided at the end.
    Kept,
    /// Reached.
    Met,
    /// Missed for good.
    Missed,
}

/// A moment of a run, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Which branch this is a moment of.
    pub branch: u32,
    /// How many entries have happened.
    pub step: u64,
    /// How many entries of this branch are known (the scrubber's length).
    pub known: u64,
    /// The moment.
    pub at: u64,
    /// When the run ends.
    pub end: u64,
    /// Whether the run is over here.
    pub over: bool,
    /// The fingerprint of everything up to here.
    pub fingerprint: u64,
    /// Wakes and allocations: what is.
    pub things: Vec<ThingView>,
    /// The nodes and what each believes; those first that the plan is about.
    pub nodes: Vec<NodeView>,
    /// Requests so far.
    pub requests: RequestCounts,
    /// How each property stands.
    pub properties: Vec<PropertyView>,
    /// How each objective stands.
    pub objectives: Vec<ObjectiveView>,
    /// What was done, undone ones left out.
    pub actions: Vec<ActionView>,
    /// What was read.
    pub reads: Vec<ReadView>,
    /// How many actions can be undone.
    pub undo: u32,
    /// How many can be done again.
    pub redo: u32,
    /// Marks on the timeline, in order of step.
    pub marks: Vec<Mark>,
    /// The branches, the first one first.
    pub branches: Vec<BranchView>,
    /// The position of the option that came true, once the reveal has been reached.
    pub revealed: Option<u16>,
}

/// A wake or an allocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThingView {
    /// The lifecycle's index in the catalog.
    pub lifecycle: u8,
    /// Its name: `wake of shop, epoch 1`, `allocation 2`.
    pub name: String,
    /// Its number among its kind.
    pub id: u64,
    /// The index of the state it is in.
    pub state: u8,
    /// Since when.
    pub since: u64,
    /// The index of the transition that brought it here.
    pub transition: Option<u8>,
    /// What is worth adding: attempt, host, serving, cause.
    pub facts: Vec<(String, String)>,
}

/// What kind of node it is; tells the shape of its lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeKind {
    /// Everybody outside.
    Clients,
    /// An edge.
    Edge,
    /// The control plane.
    Control,
    /// A runner.
    Runner,
    /// The artifact store.
    Store,
    /// The vault of secrets.
    Vault,
    /// The automation that rebuilds hosts.
    Bootstrap,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeView {
    /// Its number.
    pub id: u16,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: NodeKind,
    /// Whether it is up.
    pub up: bool,
    /// What it believes: label and value, and whether the value differs from what is; or, of a thing that only is how it
    /// is, what that is and whether it stands in the way.
    pub beliefs: Vec<(String, String, bool)>,
    /// Whether it believes nothing and only is how it is.
    pub is_outside: bool,
}

/// The first app's requests so far, without those for assets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestCounts {
    /// Arrived at an edge, or got lost on the way to one.
    pub arrived: u32,
    /// Waiting now.
    pub held: u32,
    /// Handed to an app and not answered yet.
    pub in_flight: u32,
    /// Answered well.
    pub served: u32,
    /// Answered 503 or another refusal.
    pub refused: u32,
    /// Answered with an error, or never.
    pub failed: u32,
    /// Not answered, since whoever sent them had left.
    pub left: u32,
}

/// The first app's requests in one slice of time, for the chart: of the same ones as [`RequestCounts`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesPoint {
    /// Where the slice begins.
    pub at: u64,
    /// Waiting when it ended.
    pub held: u32,
    /// Answered well within it.
    pub served: u32,
    /// Refused within it.
    pub refused: u32,
    /// Failed within it.
    pub failed: u32,
}

/// A property and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropertyView {
    /// Its id.
    pub id: String,
    /// How it stands.
    pub verdict: Verdict,
}

/// An objective and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectiveView {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How it stands.
    pub progress: Progress,
    /// The numbers behind it, as a short text.
    pub detail: String,
}

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionView {
    /// Its id.
    pub id: String,
    /// When.
    pub at: u64,
    /// Its entry.
    pub step: u64,
    /// What came of it at once: done, or refused by which gate.
    pub outcome: String,
    /// If it is a wrong move: why.
    pub wrong: Option<String>,
}

/// Something that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadView {
    /// Its id.
    pub id: String,
    /// When reading began.
    pub asked_at: u64,
    /// When it was done; what it shows is from `lag` before.
    pub read_at: u64,
    /// Whether it is done.
    pub done: bool,
    /// The moment that it shows.
    pub shows: u64,
    /// What it shows, a line each.
    pub lines: Vec<String>,
}

/// What a mark on the timeline stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarkKind {
    /// A fault began.
    Fault,
    /// Somebody did something.
    Action,
    /// Somebody read something.
    Read,
    /// The question's moment.
    Question,
    /// A state changed, a gate refused or waived, something failed.
    Moment,
    /// A property broke.
    Harm,
    /// Where two runs part.
    Difference,
}

/// A mark on the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// At which entry.
    pub step: u64,
    /// At which time.
    pub at: u64,
    /// What it stands for.
    pub kind: MarkKind,
    /// What it is, in a few words.
    pub label: String,
}

/// One line of history kept beside the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchView {
    /// Its number.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// The branch it left and the time at which it did.
    pub from: Option<(u32, u64)>,
    /// How many actions it has.
    pub actions: u32,
    /// How far it is known.
    pub known: u64,
    /// Whether it is the one on screen.
    pub current: bool,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It arrives at this time.
    Arrives(u64),
    /// It was lost on the way.
    Lost,
    /// A partition cut it off.
    Cut,
    /// Its receiver was down when it arrived.
    ReceiverDown,
}

/// A message between two lanes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneMessage {
    /// Who sent it.
    pub from: u16,
    /// To whom.
    pub to: u16,
    /// What it says, in two or three words.
    pub label: String,
    /// What became of it.
    pub fate: Fate,
    /// Whether it is a copy that the network made.
    pub copy: bool,
}

/// A transition that an entry took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedView {
    /// The lifecycle's index.
    pub lifecycle: u8,
    /// The thing's name.
    pub name: String,
    /// The thing's number.
    pub id: u64,
    /// The state it left; `None` when it came to be.
    pub from: Option<u8>,
    /// The transition; `None` when it came to be.
    pub transition: Option<u8>,
    /// The state it is in now.
    pub to: u8,
}

/// How a gate ruled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulingView {
    /// The gate's index in the catalog.
    pub gate: u16,
    /// `passed`, `refused` or `waived`.
    pub verdict: String,
    /// On what.
    pub subject: String,
    /// The value found.
    pub found: u64,
    /// The value wanted.
    pub wanted: u64,
}

/// One entry of a history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryView {
    /// Its number, from 0.
    pub step: u64,
    /// When it happened.
    pub at: u64,
    /// At which node; `None` for the world around.
    pub node: Option<u16>,
    /// What happened, as a sentence.
    pub sentence: String,
    /// The entry that caused it.
    pub cause: Option<u64>,
    /// The transitions it took.
    pub moved: Vec<MovedView>,
    /// How its gates ruled.
    pub ruled: Vec<RulingView>,
    /// The messages it sent.
    pub sent: Vec<LaneMessage>,
    /// Whether it is worth stopping at.
    pub interesting: bool,
    /// Whether it is routine (heartbeats, acknowledgements) that a reader may skip.
    pub routine: bool,
    /// The fingerprint after it.
    pub fingerprint: u64,
}

/// Why an entry happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyView {
    /// The entry.
    pub entry: EntryView,
    /// Its causes, the nearest first.
    pub causes: Vec<EntryView>,
    /// What it led to directly.
    pub effects: Vec<EntryView>,
}

/// One line of two runs laid side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TwinRow {
    /// The time of this row.
    pub at: u64,
    /// What happened with the gate in force, if anything.
    pub enforced: Option<EntryView>,
    /// What happened with the gate waived, if anything.
    pub waived: Option<EntryView>,
}

/// A gate that ruled in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuledGate {
    /// The gate's index in the catalog.
    pub gate: u16,
    /// Whether it refused something.
    pub refused: bool,
}

/// Two runs that differ in one gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TwinView {
    /// The gate that is waived in the second.
    pub gate: String,
    /// Where they part: the entry in each, and its time. `None` if they never do.
    pub difference: Option<(u64, u64, u64)>,
    /// The first harm in the waived run: property, step, time, evidence.
    pub harm: Option<(String, u64, u64, String)>,
    /// An objective that the waived run misses and the other does not.
    pub missed: Vec<String>,
    /// From shortly before the difference to shortly after the harm.
    pub rows: Vec<TwinRow>,
    /// Whether rows were left out in between.
    pub shortened: bool,
    /// Requests at the end, with the gate in force and waived.
    pub requests: (RequestCounts, RequestCounts),
    /// The number of the branch that holds the waived run.
    pub branch: u32,
}

/// One side of the profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// Its name (`truth before action`).
    pub side: String,
    /// Points reached.
    pub points: u32,
    /// Points that could be reached.
    pub of: u32,
    /// What it rests on.
    pub because: String,
}

/// What is said when a run is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Debrief {
    /// The cause that the seed drew, if the scenario has cases.
    pub cause: Option<String>,
    /// What the seed drew of the world's configuration: titles, and numbers as people write them.
    pub drawn: Vec<(String, String)>,
    /// Whether every objective was met that is promised at this severity.
    pub solved: bool,
    /// The objectives.
    pub objectives: Vec<ObjectiveView>,
    /// The profile.
    pub profile: Vec<Score>,
    /// Wrong moves that were made, and why they are wrong.
    pub wrong_moves: Vec<ActionView>,
    /// What happened, in the sentences that matter.
    pub story: Vec<EntryView>,
    /// How many of them were left out, since there were too many.
    pub left_out: u32,
    /// A reference solution for this cause: time and title.
    pub solution: Vec<(u64, String)>,
    /// Requests over the whole run.
    pub requests: RequestCounts,
    /// Gates that refused at least once: candidates for a twin run, the most telling first (ids).
    pub telling_gates: Vec<String>,
}
