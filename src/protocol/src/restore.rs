//! Restores in a plan: who writes, what goes wrong with the data, and what an operator may do about it.

use crate::plan::Range;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A database that apps write to and that may have to be restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoresPlan {
    /// How many writers there are.
    pub writers: u16,
    /// How often each writes.
    pub every: u64,
    /// How long making an instance takes.
    pub work: Range,
    /// The restores that colleagues ask for.
    pub orders: Vec<RestoreOrder>,
}

/// A restore that a colleague asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreOrder {
    /// When.
    pub at: u64,
    /// To which moment.
    pub to: u64,
    /// Of production, or of the previews.
    pub preview: bool,
}

/// What an operator may do about a restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RestoreEffect {
    /// Restore production to this moment.
    RestoreTo(u64),
    /// Restore the previews' data of this moment into production.
    RestorePreview(u64),
    /// Accept the loss.
    AcceptLoss,
    /// Serve an app that reads the old schema, too.
    ServeOldReader,
}
