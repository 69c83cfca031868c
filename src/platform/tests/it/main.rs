//! Tests of the platform's logic: control plane, edges and runners together, without a simulator.

mod allocations;
mod bench;
mod commands;
mod commits;
mod gates;
mod gitops;
mod gitops_sides;
mod hosts;
mod migrations;
mod path;
mod regions;
mod reports;
mod requests;
mod restarts;
mod traces;
mod traces_assets;
mod traces_webhooks;
mod wakes;
