//! Coverage: what of everything that is declared happens in a run, and how often.
//!
//! **Invariants.** The list of what is declared comes from the declarations themselves and is in their order; what is
//! counted is taken from the entries of the run, so that a thing counts as reached only where it can be seen.

mod modes;

use crate::fleet::Fleet;
use crate::line::Line;
use crate::report;
use crate::view::{Names, sentence};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use machine::{Time, Verdict};
use modes::{MODES, Sign};
use platform::CATALOG;
use protocol::{FAULTS, PROPERTIES, Plan, Problem, Replay};
use sim::{Entry, Recording, What};

/// What sort of thing is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// A state of a lifecycle: something comes into it.
    State,
    /// A transition of a lifecycle: something takes it.
    Transition,
    /// A gate that lets something pass.
    GatePasses,
    /// A gate that refuses something.
    GateRefuses,
    /// A failure mode of a lifecycle: it happens.
    FailureMode,
    /// A fault: it begins.
    Fault,
    /// A property: something happens that it speaks of.
    Property,
}

impl Sort {
    /// Every sort, in the order of the list.
    pub const ALL: [Self; 7] = [
        Self::State,
        Self::Transition,
        Self::GatePasses,
        Self::GateRefuses,
        Self::FailureMode,
        Self::Fault,
        Self::Property,
    ];

    /// Its id.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Transition => "transition",
            Self::GatePasses => "gate-passes",
            Self::GateRefuses => "gate-refuses",
            Self::FailureMode => "failure-mode",
            Self::Fault => "fault",
            Self::Property => "property",
        }
    }

    /// What a list of them is called.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::State => "States that something comes into",
            Self::Transition => "Transitions that something takes",
            Self::GatePasses => "Gates that let pass",
            Self::GateRefuses => "Gates that refuse",
            Self::FailureMode => "Failure modes that happen",
            Self::Fault => "Faults that begin",
            Self::Property => "Properties that are exercised",
        }
    }
}

/// Something that is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// What sort of thing it is.
    pub sort: Sort,
    /// The lifecycle that it belongs to, by name; empty if it belongs to none.
    pub of: &'static str,
    /// Its name, or its id if it has one.
    pub name: String,
}

/// Everything that is declared, in the order of the declarations.
#[must_use]
pub fn declared() -> Vec<Declared> {
    let one = |sort, of, name: &str| Declared {
        sort,
        of,
        name: name.into(),
    };
    let mut all = Vec::new();
    for spec in CATALOG.lifecycles {
        let states = spec.states.iter().map(|state| state.name);
        all.extend(states.map(|name| one(Sort::State, spec.name, name)));
    }
    for spec in CATALOG.lifecycles {
        let arrows = spec.transitions.iter().map(|arrow| arrow.name);
        all.extend(arrows.map(|name| one(Sort::Transition, spec.name, name)));
    }
    for sort in [Sort::GatePasses, Sort::GateRefuses] {
        all.extend(CATALOG.gates.iter().map(|gate| one(sort, "", &gate.id())));
    }
    for spec in CATALOG.lifecycles {
        let modes = spec.failure_modes.iter().map(|mode| mode.name);
        all.extend(modes.map(|name| one(Sort::FailureMode, spec.name, name)));
    }
    all.extend(FAULTS.iter().map(|spec| one(Sort::Fault, "", spec.id)));
    all.extend(
        PROPERTIES
            .iter()
            .map(|spec| one(Sort::Property, "", spec.id)),
    );
    all
}

/// How often each declared thing happens in one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen(Vec<u32>);

impl Seen {
    /// How often the thing at this position of [`declared`] happens.
    #[must_use]
    pub fn times(&self, at: usize) -> u32 {
        self.0.get(at).copied().unwrap_or_default()
    }
}

/// Looks through a run for what is declared. The run is made twice, since O-42 speaks of two runs.
///
/// # Errors
/// A [`Problem`] that names what in the replay does not exist or is out of range.
pub fn seen(plan: &Plan, replay: &Replay) -> Result<Seen, Box<Problem>> {
    let mut line = Line::open(plan, replay, Recording::Full)?;
    line.run_mut().run_to(Time(plan.end), u64::MAX);
    let run = line.run();
    let names = Names::new(run.watch().plan(), run.state());
    let mut count = Count::new();
    for entry in run.history().iter() {
        count.entry(&names, &entry, &line);
    }
    let ended = run.state().now();
    for (at, fault) in line.quiet() {
        if *at <= ended {
            count.add(Sort::Fault, "", fault);
        }
    }
    let mut views = run.watch().properties().views();
    report::judge_determinism(plan, replay, &line, &mut views)?;
    for view in views {
        if view.verdict != protocol::Verdict::NotExercised {
            count.add(Sort::Property, "", &view.id);
        }
    }
    Ok(Seen(count.times))
}

/// Counting in one run.
struct Count {
    declared: Vec<Declared>,
    times: Vec<u32>,
    /// Where the states and the transitions of each lifecycle begin in the list.
    states: Vec<usize>,
    transitions: Vec<usize>,
    gates: [usize; 2],
}

impl Count {
    fn new() -> Self {
        let declared = declared();
        let mut next = 0;
        let mut begin = |len: usize| {
            next += len;
            next - len
        };
        let lifecycles = || CATALOG.lifecycles.iter();
        Self {
            states: lifecycles().map(|spec| begin(spec.states.len())).collect(),
            transitions: lifecycles()
                .map(|spec| begin(spec.transitions.len()))
                .collect(),
            gates: [begin(CATALOG.gates.len()), begin(CATALOG.gates.len())],
            times: alloc::vec![0; declared.len()],
            declared,
        }
    }

    fn at(&mut self, at: usize) {
        self.times[at] = self.times[at].saturating_add(1);
    }

    fn add(&mut self, sort: Sort, of: &str, name: &str) {
        let found = self
            .declared
            .iter()
            .position(|one| one.sort == sort && one.of == of && one.name == name);
        if let Some(at) = found {
            self.at(at);
        }
    }

    fn entry(&mut self, names: &Names<'_>, entry: &Entry<'_, Fleet>, line: &Line) {
        for moved in entry.moved {
            let lifecycle = usize::from(moved.lifecycle);
            self.at(self.states[lifecycle] + usize::from(moved.to));
            if let Some(transition) = moved.transition {
                self.at(self.transitions[lifecycle] + usize::from(transition));
            }
        }
        for ruling in entry.ruled {
            match ruling.verdict {
                Verdict::Passed => self.at(self.gates[0] + usize::from(ruling.gate)),
                Verdict::Refused => self.at(self.gates[1] + usize::from(ruling.gate)),
                Verdict::Waived => {}
            }
        }
        if let What::ConditionBegan(condition) = entry.what {
            let title = line.labels().get(usize::from(condition));
            let fault = FAULTS
                .iter()
                .find(|spec| Some(spec.title) == title.map(String::as_str));
            if let Some(spec) = fault {
                self.add(Sort::Fault, "", spec.id);
            }
        }
        let told = sentence(names, entry, line.labels(), |mark| {
            Line::done_text(line.run().watch().plan(), mark)
        });
        for (lifecycle, mode, sign) in MODES {
            let happened = match sign {
                Sign::Words(words) => told.contains(words),
                Sign::Refusal(gate, words) => {
                    entry.ruled.iter().any(|ruling| {
                        ruling.verdict == Verdict::Refused
                            && CATALOG.gates[usize::from(ruling.gate)].id() == gate
                    }) && told.contains(words)
                }
            };
            if happened {
                self.add(Sort::FailureMode, lifecycle, mode);
            }
        }
    }
}

/// What came of a declared thing over many runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The thing.
    pub what: Declared,
    /// In how many runs it happened.
    pub runs: u64,
    /// How often it happened in all of them.
    pub times: u64,
    /// The first run in which it happened.
    pub first: Option<u64>,
}

/// What was reached over many runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// How many runs were looked through.
    pub runs: u64,
    /// What came of each declared thing, in the order of [`declared`].
    pub reached: Vec<Reached>,
}

impl Default for Coverage {
    fn default() -> Self {
        let none = |what| Reached {
            what,
            runs: 0,
            times: 0,
            first: None,
        };
        Self {
            runs: 0,
            reached: declared().into_iter().map(none).collect(),
        }
    }
}

impl Coverage {
    /// Adds what was seen in the next run.
    pub fn add(&mut self, seen: &Seen) {
        for (row, times) in self.reached.iter_mut().zip(&seen.0) {
            if *times > 0 {
                row.runs += 1;
                row.times += u64::from(*times);
                row.first.get_or_insert(self.runs);
            }
        }
        self.runs += 1;
    }

    /// What no run reached.
    pub fn missing(&self) -> impl Iterator<Item = &Declared> {
        let missing = self.reached.iter().filter(|row| row.runs == 0);
        missing.map(|row| &row.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_mode_has_a_sign_and_every_sign_a_failure_mode() {
        let modes: Vec<(&str, &str)> = CATALOG
            .lifecycles
            .iter()
            .flat_map(|spec| spec.failure_modes.iter().map(|mode| (spec.name, mode.name)))
            .collect();
        let without: Vec<_> = modes
            .iter()
            .filter(|mode| !MODES.iter().any(|(of, name, _)| (*of, *name) == **mode))
            .collect();
        assert!(without.is_empty(), "no sign: {without:?}");
        for (of, name, sign) in MODES {
            assert!(modes.contains(&(of, name)), "{of}: {name}");
            if let Sign::Refusal(gate, _) = sign {
                assert!(CATALOG.gate(gate).is_some(), "{gate}");
            }
        }
    }

    #[test]
    fn positions_are_those_of_the_list() {
        let count = Count::new();
        for (at, spec) in CATALOG.lifecycles.iter().enumerate() {
            let state = &count.declared[count.states[at]];
            assert_eq!((state.sort, state.of), (Sort::State, spec.name));
            let arrow = &count.declared[count.transitions[at]];
            assert_eq!((arrow.sort, arrow.of), (Sort::Transition, spec.name));
        }
        for (at, sort) in [(0, Sort::GatePasses), (1, Sort::GateRefuses)] {
            let gate = &count.declared[count.gates[at]];
            assert_eq!((gate.sort, &gate.name), (sort, &CATALOG.gates[0].id()));
        }
    }

    #[test]
    fn a_first_run_is_the_first() {
        let mut coverage = Coverage::default();
        let mut seen = Seen(alloc::vec![0; coverage.reached.len()]);
        coverage.add(&seen);
        seen.0[3] = 2;
        coverage.add(&seen);
        coverage.add(&seen);
        let row = &coverage.reached[3];
        assert_eq!((row.runs, row.times, row.first), (2, 4, Some(1)));
        assert_eq!(coverage.missing().count(), coverage.reached.len() - 1);
    }
}
