//! Tests of the platform's logic: control plane, edges and runners together, without a simulator.

mod bench;
mod path;
