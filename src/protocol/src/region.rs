//! Regions in a plan: which there are, who visits them, and what an operator may do about them.

use crate::plan::Range;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The regions of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionsPlan {
    /// The regions.
    pub regions: Vec<RegionPlan>,
    /// The time from one visitor to the next.
    pub visitors: Range,
}

/// One region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionPlan {
    /// Its name, as sentences use it.
    pub name: String,
    /// Whether the data may live there.
    pub allowed: bool,
    /// When somebody asks for it to be enabled, in order.
    pub enable_at: Vec<u64>,
}

/// What an operator may do about a region, by its position in the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegionEffect {
    /// Ask for it to be enabled.
    EnableRegion(u16),
    /// Take it out.
    DisableRegion(u16),
    /// Send visitors there, ready or not.
    SendTraffic(u16),
    /// Put there what it lacks, by name.
    Provide(u16, String),
}
