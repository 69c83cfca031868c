//! Properties: what must hold of every run, checked after every entry against the state and the notes.
//!
//! **Invariants.** Each looks at what happened, not at how a gate ruled: a waived gate is no excuse and no proof. What a
//! property needs to remember it keeps in [`Memory`].

mod attempt;
mod bulk;
mod gitops;
mod hosts;
mod inbox;
mod joints;
mod memory;
mod migration;
mod orders;
mod outage;
mod pipeline;
mod pressure;
mod previewed;
mod promotion;
mod recovery;
mod region;
mod requests;
mod restore;
mod sessions;
mod tables;
mod traces;
mod visits;

use super::ledger::Ledger;
use crate::fleet::Fleet;
use alloc::string::String;
use alloc::vec::Vec;
use memory::Memory;
use platform::message::Message;
use protocol::{Kind, PROPERTIES, Plan, PropertyView, Verdict};
use sim::{Entry, State, What};

/// How one property stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Standing {
    exercised: bool,
    broken: Option<(u64, u64, String)>,
}

/// How all properties stand at one moment.
#[derive(Clone, Debug)]
pub struct Properties {
    standing: Vec<Standing>,
    /// Whether any of them is broken: objectives ask at every entry.
    any_broken: bool,
    parts: Parts,
    memory: Memory,
}

/// Which parts the plan has, so that an entry is asked nothing about those it has not.
#[derive(Clone, Copy, Debug)]
struct Parts {
    migrations: bool,
    restores: bool,
    regions: bool,
    pipeline: bool,
    attempts: bool,
    gitops: bool,
    traces: bool,
    sessions: bool,
    outage: bool,
    pressure: bool,
    hosts: bool,
    promotions: bool,
}

impl Parts {
    const fn of(plan: &Plan) -> Self {
        Self {
            migrations: plan.migrations.is_some(),
            restores: plan.restores.is_some(),
            promotions: plan.promotions.is_some(),
            regions: plan.regions.is_some(),
            pipeline: plan.pipeline.is_some(),
            attempts: plan.attempts.is_some(),
            gitops: plan.gitops.is_some(),
            traces: plan.traces.is_some(),
            sessions: plan.sessions.is_some(),
            outage: plan.outage.is_some(),
            pressure: plan.pressure.is_some(),
            hosts: plan.hosts.is_some(),
        }
    }
}

/// The place of a property among all, by its id. Claims are made so often that they ask for it in a `const` block, where
/// an id that does not exist is an error of the compiler.
const fn place(id: &str) -> usize {
    let mut at = 0;
    while at < PROPERTIES.len() {
        if same(PROPERTIES[at].id.as_bytes(), id.as_bytes()) {
            return at;
        }
        at += 1;
    }
    panic!("no property has this id");
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// What a check may say of the entry it looks at.
pub(super) struct Judge<'a> {
    standing: &'a mut [Standing],
    any_broken: &'a mut bool,
    step: u64,
    at: u64,
}

impl Judge<'_> {
    /// Something happened that the property speaks of, and this is whether it held; `evidence` says what was seen.
    pub(super) fn claim(&mut self, place: usize, holds: bool, evidence: impl FnOnce() -> String) {
        let standing = &mut self.standing[place];
        standing.exercised = true;
        if !holds && standing.broken.is_none() {
            standing.broken = Some((self.step, self.at, evidence()));
            *self.any_broken = true;
        }
    }
}

impl Properties {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            standing: alloc::vec![Standing { exercised: false, broken: None }; PROPERTIES.len()],
            any_broken: false,
            parts: Parts::of(plan),
            memory: Memory::new(plan),
        }
    }

    /// Whether some property is broken.
    #[must_use]
    pub const fn any_broken(&self) -> bool {
        self.any_broken
    }

    /// How each property stands, in the order of their declaration.
    #[must_use]
    pub fn views(&self) -> Vec<PropertyView> {
        PROPERTIES
            .iter()
            .zip(&self.standing)
            .map(|(spec, standing)| PropertyView {
                id: spec.id.into(),
                verdict: standing.verdict(),
            })
            .collect()
    }

    /// The verdict of one property.
    #[must_use]
    pub fn verdict(&self, id: &str) -> Option<Verdict> {
        PROPERTIES
            .iter()
            .position(|spec| spec.id == id)
            .map(|at| self.standing[at].verdict())
    }

    /// The first property that broke: its id and where.
    #[must_use]
    pub fn first_broken(&self) -> Option<(&'static str, u64, u64, String)> {
        PROPERTIES
            .iter()
            .zip(&self.standing)
            .filter(|(spec, _)| spec.kind != Kind::Sometimes)
            .filter_map(|(spec, standing)| {
                standing
                    .broken
                    .as_ref()
                    .map(|(step, at, evidence)| (spec.id, *step, *at, evidence.clone()))
            })
            .min_by_key(|(_, step, _, _)| *step)
    }

    pub(super) fn after(
        &mut self,
        state: &State<Fleet>,
        entry: &Entry<'_, Fleet>,
        ledger: &Ledger,
    ) {
        let mut judge = Judge {
            standing: &mut self.standing,
            any_broken: &mut self.any_broken,
            step: entry.step,
            at: entry.at.0,
        };
        self.memory.before(state, entry);
        repeats(entry, &self.memory, &mut judge);
        bulk::check(state, entry, &mut judge);
        tables::check(state, entry, &mut self.memory, &mut judge);
        orders::check(state, entry, &mut self.memory, &mut judge);
        joints::check(state, entry, &mut self.memory.joints, &mut judge);
        if self.parts.migrations {
            migration::check(state, entry, &mut self.memory.migrations, &mut judge);
        }
        promotion::check(state, entry, &mut self.memory.promotions, &mut judge);
        if self.parts.outage {
            outage::check(state, entry, &mut self.memory.outage, &mut judge);
        }
        if self.parts.pressure {
            pressure::check(state, entry, &mut self.memory.pressure, &mut judge);
        }
        if self.parts.promotions {
            recovery::check(state, entry, &mut self.memory.recovery, &mut judge);
        }
        if self.parts.restores {
            restore::check(state, entry, &mut self.memory.restores, &mut judge);
        }
        if self.parts.regions {
            region::check(state, entry, &mut self.memory.regions, &mut judge);
        }
        if self.parts.pipeline {
            pipeline::check(state, entry, &mut self.memory.pipeline, &mut judge);
        }
        if self.parts.attempts {
            attempt::check(state, entry, &mut self.memory.attempts, &mut judge);
        }
        if self.parts.gitops {
            gitops::check(state, entry, &mut self.memory.gitops, &mut judge);
        }
        if self.parts.traces {
            traces::check(state, entry, &mut self.memory.traces, &mut judge);
            visits::check(state, entry, &mut self.memory.visits, &mut judge);
            inbox::check(state, entry, &mut self.memory.inbox, &mut judge);
        }
        if self.parts.sessions {
            sessions::check(state, entry, &mut self.memory.sessions, &mut judge);
        }
        requests::check(state, entry, ledger, &mut self.memory, &mut judge);
        if self.parts.hosts {
            let up = self.memory.control_up;
            hosts::check(state, entry, &mut self.memory.hosts, up, &mut judge);
        }
        self.memory.after(state, entry);
    }
}

impl Standing {
    fn verdict(&self) -> Verdict {
        match (&self.broken, self.exercised) {
            (Some((step, at, evidence)), _) => Verdict::Broken {
                step: *step,
                at: *at,
                evidence: evidence.clone(),
            },
            (None, true) => Verdict::Held,
            (None, false) => Verdict::NotExercised,
        }
    }
}

/// O-13: what was delivered before changes nothing. A report that came before its turn was not taken then, and is not
/// acknowledged, so that it comes again: its next copy is the first that counts.
fn repeats(entry: &Entry<'_, Fleet>, memory: &Memory, judge: &mut Judge<'_>) {
    let What::MessageDelivered {
        message,
        duplicate: true,
        restarted_between: false,
        ..
    } = entry.what
    else {
        return;
    };
    if matches!(message, Message::Report { report, .. } if memory.untaken.contains(&report)) {
        return;
    }
    judge.claim(const { place("o-13") }, !entry.state_changed, || {
        alloc::format!(
            "the second copy of \u{201c}{}\u{201d} changed the node",
            crate::view::message_label(&message)
        )
    });
}
