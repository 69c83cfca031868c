//! Properties of what edges can keep up with.

use super::{Judge, place};
use crate::fleet::Fleet;
use machine::NodeId;
use platform::message::Reason;
use platform::note::Note;
use sim::{Entry, State};

pub(super) fn check(state: &State<Fleet>, entry: &Entry<'_, Fleet>, judge: &mut Judge<'_>) {
    for note in entry.notes {
        if let Note::ResponseSent { reason, .. } = *note {
            // A limit that nobody knew of cannot be kept to before somebody has met it.
            let unknown = reason == Reason::NoConnection && met_unknown(state, entry.actor);
            judge.claim(
                const { place("edges-stay-connected") },
                reason != Reason::NoConnection || unknown,
                || "somebody was turned away for want of a connection".into(),
            );
            if unknown {
                judge.claim(const { place("some-limit-is-met") }, true, Default::default);
            }
        }
    }
}

/// Whether an edge keeps more connections than its host lets it, whatever everybody thinks that it may.
fn met_unknown(state: &State<Fleet>, edge: NodeId) -> bool {
    let mut edges = state.fleet().edges();
    edges.any(|(id, edge_of)| {
        let (kept, allowed) = edge_of.connections();
        id == edge && allowed.is_some_and(|allowed| kept > allowed)
    })
}
