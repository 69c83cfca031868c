//! The real logic of the hosting platform: what a control plane, an edge and a runner do, without any IO.
//!
//! Start with two lifecycles, [`wake`] and [`allocation`]; then the parts that drive them: [`control`], [`edge`] and
//! [`runner`]. [`region`] is a part of its own, lifecycle and all. [`gate`] and [`knob`] list their rules and numbers.
//!
//! **Invariants.** Nothing here knows that it may be simulated: there is no word for what could go wrong around it, no
//! choice of outcome, no switch that turns a rule off. No lifecycle state changes except through its table, and never
//! silently.

#![no_std]

extern crate alloc;

mod agenda;
pub mod allocation;
pub mod attempt;
pub mod cleanup;
pub mod control;
pub mod edge;
pub mod gate;
pub mod gitops;
pub mod hosts;
pub mod id;
pub mod knob;
mod ledger;
pub mod message;
pub mod migration;
pub mod note;
pub mod outage;
pub mod pipeline;
pub mod pressure;
pub mod promotion;
pub mod region;
pub mod restore;
pub mod runner;
pub mod sessions;
mod stops;
mod stream;
pub mod traces;
pub mod wake;

use machine::{Catalog, LifecycleSpec};

/// The index of Production Promotion in the catalog.
pub const PROMOTION: u8 = place(&promotion::SPEC);
/// The index of the Wake lifecycle in the catalog.
pub const WAKE: u8 = place(&wake::SPEC);
/// The index of the Allocation Lifecycle in the catalog.
pub const ALLOCATION: u8 = place(&allocation::SPEC);
/// The index of Region Enablement in the catalog.
pub const REGION: u8 = place(&region::SPEC);
/// The index of CO-LO-EN deployment in the catalog.
pub const GITOPS: u8 = place(&gitops::SPEC);

/// The index of the Host Drain / OS Upgrade lifecycle in the catalog.
pub const HOST_DRAIN: u8 = place(&hosts::SPEC);

/// The index of Deploy Pipeline in the catalog.
pub const PIPELINE: u8 = place(&pipeline::SPEC);

/// The index of Deployment attempt in the catalog.
pub const ATTEMPT: u8 = place(&attempt::SPEC);

/// The index of Database Migration in the catalog.
pub const MIGRATION: u8 = place(&migration::SPEC);

/// The lifecycles, in the gallery's order.
const LIFECYCLES: &[&LifecycleSpec] = &[
    &pipeline::SPEC,
    &promotion::SPEC,
    &wake::SPEC,
    &allocation::SPEC,
    &hosts::SPEC,
    &region::SPEC,
    &migration::SPEC,
    &gitops::SPEC,
    &attempt::SPEC,
];

/// Everything the platform declares.
pub static CATALOG: Catalog = Catalog {
    lifecycles: LIFECYCLES,
    gates: gate::ALL,
    knobs: knob::ALL,
};

/// Where a lifecycle stands among all; lists and records name it by that.
const fn place(spec: &LifecycleSpec) -> u8 {
    let mut at = 0;
    while at < LIFECYCLES.len() {
        if same(LIFECYCLES[at].name.as_bytes(), spec.name.as_bytes()) {
            return at as u8;
        }
        at += 1;
    }
    panic!("the lifecycle is not in the catalog");
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}
