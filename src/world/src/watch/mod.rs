//! The watch: sees every entry and keeps what a moment is judged by: numbers, properties, claims.
//!
//! **Invariants.** It depends on nothing but the plan and the entries, and is rewound with the state. It stays small,
//! since every keyframe holds a copy.

mod claims;
mod ledger;
mod metrics;
mod properties;

pub use claims::{Claims, wake_state};
pub use ledger::{Ledger, Pending};
pub use metrics::{Became, Metrics, became, counts};
pub use properties::Properties;

use crate::fleet::Fleet;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use machine::{Time, Verdict, Waivers};
use platform::CATALOG;
use protocol::{Plan, Replay};
use sim::{Entry, External, State, Watch, What};

/// What does not change while a run is watched.
#[derive(Debug)]
pub struct Subject {
    /// The plan.
    pub plan: Plan,
    /// What the seed's case is called in notifications.
    pub tells: Option<String>,
}

/// Everything that is kept of a run besides its history.
#[derive(Clone, Debug)]
pub struct Watcher {
    subject: Arc<Subject>,
    /// Whether it looks at nothing: for runs of which only the fingerprint counts.
    blind: bool,
    /// What was done and read so far, as positions in the scenario's list of reads and then actions, and when.
    done: Vec<(u16, Time)>,
    metrics: Metrics,
    properties: Properties,
    claims: Claims,
    /// The gates that refused something, and those that were asked at all.
    refused: Waivers,
    asked: Waivers,
    /// When each wake came into the state that it is in.
    wakes: Vec<Time>,
}

impl Watcher {
    /// A watch on a run of this plan.
    #[must_use]
    pub fn new(plan: &Plan, replay: &Replay) -> Self {
        let tells = crate::lower::case_of(plan, replay.seed).map(|case| case.tells.clone());
        Self {
            claims: Claims::new(&plan.objectives),
            subject: Arc::new(Subject {
                plan: plan.clone(),
                tells,
            }),
            blind: false,
            done: Vec::new(),
            metrics: Metrics::new(plan),
            properties: Properties::new(plan),
            refused: Waivers::NONE,
            asked: Waivers::NONE,
            wakes: Vec::new(),
        }
    }

    /// A watch that looks at nothing.
    #[must_use]
    pub fn blind(plan: &Plan, replay: &Replay) -> Self {
        Self {
            blind: true,
            ..Self::new(plan, replay)
        }
    }

    /// The numbers.
    #[must_use]
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The properties.
    #[must_use]
    pub const fn properties(&self) -> &Properties {
        &self.properties
    }

    /// The gates that have refused something so far.
    #[must_use]
    pub const fn refused(&self) -> Waivers {
        self.refused
    }

    /// The gates that ruled so far, in the catalog's order.
    #[must_use]
    pub fn ruled(&self) -> Vec<protocol::RuledGate> {
        let asked = CATALOG.gates.iter().zip(0..);
        asked
            .filter(|(gate, _)| self.asked.contains(gate))
            .map(|(gate, at)| protocol::RuledGate {
                gate: at,
                refused: self.refused.contains(gate),
            })
            .collect()
    }

    /// Since when a wake is in its state.
    #[must_use]
    pub fn wake_since(&self, wake: u32) -> Time {
        self.wakes.get(wake as usize).copied().unwrap_or(Time::ZERO)
    }

    /// How many reads and actions have happened.
    #[must_use]
    pub fn done_count(&self) -> usize {
        self.done.len()
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.subject.plan
    }

    /// Whether a situation holds at this moment.
    #[must_use]
    pub fn holds(&self, state: &State<Fleet>, situation: &protocol::Situation) -> bool {
        claims::holds(&self.view(state), situation)
    }

    fn view<'a>(&'a self, state: &'a State<Fleet>) -> claims::View<'a> {
        claims::View {
            subject: &self.subject,
            state,
            metrics: &self.metrics,
            properties: &self.properties,
            done: &self.done,
        }
    }
}

/// The position of a read or an action in the scenario's lists, reads first.
#[must_use]
pub fn position(plan: &Plan, id: &str) -> Option<u16> {
    let read = plan.reads.iter().position(|read| read.id == id);
    let action = || {
        plan.actions
            .iter()
            .position(|action| action.id == id)
            .map(|at| plan.reads.len() + at)
    };
    read.or_else(action).map(|at| at as u16)
}

impl Watch<Fleet> for Watcher {
    fn after(&mut self, state: &State<Fleet>, entry: &Entry<'_, Fleet>) {
        if self.blind {
            return;
        }
        if let What::Action(External::Mark(position)) = entry.what {
            self.done.push((position as u16, entry.at));
        }
        for ruling in entry.ruled {
            let gate = CATALOG.gates[usize::from(ruling.gate)];
            self.asked = self.asked.with(gate);
            if ruling.verdict == Verdict::Refused {
                self.refused = self.refused.with(gate);
            }
        }
        for moved in entry.moved {
            if moved.lifecycle == platform::WAKE {
                let at = moved.subject.id as usize;
                if at >= self.wakes.len() {
                    self.wakes.resize(at + 1, Time::ZERO);
                }
                self.wakes[at] = entry.at;
            }
        }
        self.metrics.after(state, entry);
        self.properties.after(state, entry, self.metrics.ledger());
        let view = claims::View {
            subject: &self.subject,
            state,
            metrics: &self.metrics,
            properties: &self.properties,
            done: &self.done,
        };
        self.claims.after(&view, entry);
    }
}

impl Watcher {
    /// How each objective stands at a moment: its progress and the numbers behind it.
    #[must_use]
    pub fn objectives(&self, state: &State<Fleet>, over: bool) -> Vec<protocol::ObjectiveView> {
        let view = self.view(state);
        let progress = if over {
            self.claims.at_end(&view)
        } else {
            self.claims.progress().to_vec()
        };
        self.plan()
            .objectives
            .iter()
            .zip(progress)
            .map(|(objective, progress)| protocol::ObjectiveView {
                id: objective.id.clone(),
                title: objective.title.clone(),
                progress,
                detail: claims::detail(&view, &objective.claim, progress),
            })
            .collect()
    }
}
