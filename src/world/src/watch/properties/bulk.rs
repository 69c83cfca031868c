//! Properties of what edges can keep up with.

use super::{Judge, place};
use crate::fleet::Fleet;
use platform::message::Reason;
use platform::note::Note;
use sim::Entry;

pub(super) fn check(entry: &Entry<'_, Fleet>, judge: &mut Judge<'_>) {
    for note in entry.notes {
        if let Note::ResponseSent { reason, .. } = *note {
            judge.claim(
                const { place("edges-stay-connected") },
                reason != Reason::NoConnection,
                || "somebody was turned away for want of a connection".into(),
            );
        }
    }
}
