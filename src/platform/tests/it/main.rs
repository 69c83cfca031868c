//! Tests of the platform's logic: control plane, edges and runners together, without a simulator.

mod allocations;
mod attempts;
mod bench;
mod commands;
mod commits;
mod gates;
mod gitops;
mod gitops_sides;
mod hosts;
mod migrations;
mod path;
mod pipeline;
mod promotions;
mod recovery;
mod regions;
mod reports;
mod requests;
mod restarts;
mod restores;
mod sessions;
mod stream;
mod traces;
mod traces_assets;
mod traces_gaps;
mod traces_webhooks;
mod wakes;
