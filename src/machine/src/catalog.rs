//! Catalog: everything a platform declares, in one place to list and look up.

use crate::gate::Gate;
use crate::knob::Knob;
use crate::lifecycle::LifecycleSpec;

/// Every lifecycle, gate and knob of one platform.
#[derive(Clone, Copy, Debug)]
pub struct Catalog {
    /// The lifecycles, in the gallery's order.
    pub lifecycles: &'static [&'static LifecycleSpec],
    /// The gates, in order of index.
    pub gates: &'static [&'static Gate],
    /// The knobs, in order of index.
    pub knobs: &'static [&'static Knob],
}

impl Catalog {
    /// The gate with this id.
    #[must_use]
    pub fn gate(&self, id: &str) -> Option<&'static Gate> {
        self.gates.iter().copied().find(|gate| gate.id() == id)
    }

    /// The knob with this id.
    #[must_use]
    pub fn knob(&self, id: &str) -> Option<&'static Knob> {
        self.knobs.iter().copied().find(|knob| knob.id() == id)
    }

    /// The lifecycle with this id.
    #[must_use]
    pub fn lifecycle(&self, id: &str) -> Option<&'static LifecycleSpec> {
        self.lifecycles
            .iter()
            .copied()
            .find(|lifecycle| lifecycle.id() == id)
    }
}
