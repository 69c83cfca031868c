//! Requests over time: what became of the first app's requests, slice by slice.
//!
//! **Invariants.** It counts the same requests as [`crate::watch::Metrics::counts`], so that the chart and the numbers
//! beside it add up.

use crate::fleet::Fleet;
use crate::watch::{Became, Ledger, Pending, became};
use alloc::vec::Vec;
use machine::{NodeId, SortedMap, Time};
use platform::id::RequestId;
use platform::message::Message;
use platform::note::Note;
use protocol::{NodeKind, SeriesPoint};
use sim::{Entry, History, State, What};

/// What became of the first app's requests up to the moment of `state`.
pub fn series(state: &State<Fleet>, history: &History<Fleet>, slice: u64) -> Vec<SeriesPoint> {
    let count = state.now().0 / slice + 1;
    let mut points: Vec<SeriesPoint> = (0..count)
        .map(|at| SeriesPoint {
            at: at * slice,
            ..SeriesPoint::default()
        })
        .collect();
    let mut tally = Tally::default();
    let mut filled = 0;
    for entry in (0..state.steps()).filter_map(|step| history.entry(step)) {
        let at = ((entry.at.0 / slice) as usize).min(points.len() - 1);
        for point in &mut points[filled..at] {
            point.held = tally.held();
        }
        filled = at;
        tally.after(state, &entry, &mut points[at]);
    }
    for point in &mut points[filled..] {
        point.held = tally.held();
    }
    points
}

/// What is under way.
#[derive(Default)]
struct Tally {
    ledger: Ledger,
    /// Who waits, and at which edge.
    held: SortedMap<RequestId, NodeId>,
}

impl Tally {
    fn held(&self) -> u32 {
        self.held.iter().count() as u32
    }

    fn after(&mut self, state: &State<Fleet>, entry: &Entry<'_, Fleet>, point: &mut SeriesPoint) {
        match entry.what {
            What::Crashed if state.fleet().roster().kind(entry.actor) == NodeKind::Edge => {
                let lost = self.ledger.lost(entry.actor);
                point.failed += lost.iter().filter(|pending| pending.counts()).count() as u32;
                // What an edge held is gone with it.
                self.held.retain(|_, edge| *edge != entry.actor);
            }
            What::MessageLost {
                message: Message::Request(request),
                ..
            } if crate::watch::counts(request.route, request.class) => point.failed += 1,
            _ => {}
        }
        for note in entry.notes {
            match *note {
                Note::RequestArrived {
                    request,
                    route,
                    class,
                } => {
                    let pending = Pending {
                        edge: entry.actor,
                        arrived: Time(entry.at.0),
                        route,
                        class,
                        dispatched: false,
                    };
                    self.ledger.arrived(request, pending);
                }
                Note::HoldAdmitted { request, .. }
                    if self.ledger.get(request).is_some_and(Pending::counts) =>
                {
                    self.held.insert(request, entry.actor);
                }
                Note::HoldReleased { request, .. }
                | Note::HoldExpired { request, .. }
                | Note::HoldRefused { request, .. } => {
                    self.held.remove(&request);
                }
                Note::Traces(platform::traces::Note::Left { request, .. }) => {
                    self.held.remove(&request);
                    self.ledger.answered(request);
                }
                Note::ResponseSent {
                    request,
                    status,
                    reason,
                    ..
                } if self
                    .ledger
                    .answered(request)
                    .is_some_and(|pending| pending.counts()) =>
                {
                    match became(status, reason) {
                        Became::Served => point.served += 1,
                        Became::Refused => point.refused += 1,
                        Became::Failed => point.failed += 1,
                    }
                }
                _ => {}
            }
        }
    }
}
