//! Sessions: what an app keeps for one browser tab, who holds it, and what becomes of it when its socket ends.
//!
//! **Invariants.** A session that cannot be continued is begun anew, and said to be new; nobody is told of a resume that
//! did not happen. The store gives each holder a number, and only the newest may write.
//!
//! The parts: `message` is what is said and told, `store` keeps states beyond the life of an allocation. What an edge does
//! with upgrades is in [`crate::edge`]; what an allocation does with its sessions is in [`crate::runner`].

mod message;
mod store;

pub use message::{
    Blob, Came, Close, Command, Fresh, Message, Note, Open, Refusal, SessionId, TabId,
};
pub use store::{Record, Store};

use crate::id::{AllocationId, DeploymentId};
use machine::NodeId;

/// What an allocation of an app with sessions goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Terms {
    /// Where states are kept beyond the life of an allocation, if anywhere.
    pub store: Option<NodeId>,
    /// The first deployment with another schema of its state.
    pub cold_from: DeploymentId,
    /// Whether somebody whose state cannot be had begins anew; if not, an upgrade waits for a store that answers.
    pub fresh: bool,
}

impl Terms {
    /// The fingerprint of the schema that a deployment's state has.
    #[must_use]
    pub const fn schema(&self, deployment: DeploymentId) -> u32 {
        if deployment.0 < self.cold_from.0 {
            1
        } else {
            2
        }
    }
}

/// What is put on the agenda about sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Due {
    /// At an edge: an upgrade waits for an allocation.
    Wait(TabId),
    /// At a runner: a state may have to be written down.
    Save(AllocationId, SessionId),
    /// At a runner: nothing was heard for a while.
    Quiet(AllocationId, SessionId),
    /// At a runner: the store has not answered.
    Load(TabId),
    /// At a runner: the next session may leave.
    Move(AllocationId),
}
