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
pub(crate) mod pressure;
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

/// A length of time in seconds and tenths, as it is told to people: `0.9s`, `12.0s`.
pub(crate) fn seconds(length: machine::Duration) -> alloc::string::String {
    let tenths = (length.0 + 50_000) / 100_000;
    alloc::format!("{}.{}s", tenths / 10, tenths % 10)
}

/// So many of something: `1 request`, `2 requests`.
pub(crate) fn many(n: u64, what: &str) -> alloc::string::String {
    alloc::format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
