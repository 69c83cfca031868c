//! Views: what people are shown of a run, computed from the state and the history and never read back.

pub(crate) mod attempt;
mod cleanup;
mod entry;
mod frame;
pub(crate) mod gitops;
pub(crate) mod hosts;
pub(crate) mod migration;
mod names;
pub(crate) mod outage;
pub(crate) mod pipeline;
mod promotion;
mod reads;
pub(crate) mod region;
pub(crate) mod restore;
mod sessions;
mod story;
mod traces;
mod verdict;

pub use entry::{entry_view, is_interesting, is_routine, moment_label, state_of};
pub use frame::frame_body;
pub use names::{Names, message_label};
pub use reads::read_lines;
pub use story::sentence;
pub use verdict::verdicts;
