//! What tests of several parts begin with.

use protocol::EntryView;

/// An entry of which nothing is told: tests say what theirs has.
pub fn entry() -> EntryView {
    EntryView {
        step: 0,
        at: 0,
        node: None,
        sentence: String::new(),
        cause: None,
        moved: vec![],
        ruled: vec![],
        sent: vec![],
        interesting: false,
        routine: false,
        fingerprint: 0,
    }
}
