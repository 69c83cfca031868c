//! Properties of requests: O-5, O-18, O-21, O-22, releases are paced, L-2, and the situations that should occur.

use super::{Judge, Memory, place};
use crate::fleet::Fleet;
use crate::view::Names;
use crate::watch::ledger::Ledger;
use alloc::format;
use machine::Duration;
use platform::edge::Edge;
use platform::message::{Class, Reason};
use platform::note::Note;
use platform::traces::Note as Tell;
use platform::{knob, wake};
use sim::{Entry, State};

/// How far past its budget a held request may be answered: one tick of the edge.
const TICK: Duration = Duration::millis(250);

pub(super) fn check(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    ledger: &Ledger,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    for note in entry.notes {
        one(state, entry, ledger, memory, judge, note);
    }
    for moved in entry.moved {
        if moved.lifecycle == platform::WAKE && moved.to == wake::State::Hot as u8 {
            judge.claim(
                const { place("some-wake-gets-hot") },
                true,
                Default::default,
            );
        }
    }
    // What an edge held is gone when it is down, even if its memory is only put in order when it comes back.
    if let Some(crate::fleet::Node::Edge(edge)) = state
        .fleet()
        .node(entry.actor)
        .filter(|_| state.is_up(entry.actor))
    {
        holding(state, entry, edge, judge);
        answered(state, entry, ledger, judge);
    }
}

fn one(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    ledger: &Ledger,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
    note: &Note,
) {
    let knobs = state.knobs();
    match *note {
        Note::HoldAdmitted {
            request,
            class,
            contract,
            keyed,
            bytes,
            held,
            ..
        } => {
            judge.claim(
                const { place("some-request-waits") },
                true,
                Default::default,
            );
            judge.claim(
                const { place("o-21") },
                u64::from(held) <= knobs.get(&knob::HOLD_SLOTS),
                || format!("an edge holds {held} requests"),
            );
            judge.claim(
                const { place("o-21") },
                u64::from(bytes) <= knobs.get(&knob::HOLD_BODY_CAP),
                || format!("a body of {bytes} bytes is held"),
            );
            let safe = matches!(class, Class::SafePage | Class::Upgrade);
            let allowed = safe || class != Class::Asset && contract && keyed;
            judge.claim(const { place("o-22") }, allowed, || {
                format!(
                    "unsafe {} is held without a contract and a key for it",
                    Names::request(request)
                )
            });
        }
        Note::HoldReleased { request, .. } => {
            let Some(route) = ledger.route(request) else {
                return;
            };
            let now = state.clock(entry.actor);
            if let Some(last) = memory.released.insert((entry.actor, route), now) {
                let gap = now.since(last);
                judge.claim(
                    const { place("releases-are-paced") },
                    gap >= knobs.time(&knob::RELEASE_INTERVAL),
                    || format!("two held requests were let go within {gap}"),
                );
            }
        }
        Note::RequestDispatched {
            request,
            class,
            key,
            epoch,
            owner_epoch,
            ..
        } => {
            judge.claim(const { place("o-5") }, epoch == owner_epoch, || {
                format!(
                    "{} went to an allocation of epoch {} while the owner's is {}",
                    Names::request(request),
                    epoch.0,
                    owner_epoch.0
                )
            });
            if matches!(class, Class::Unsafe | Class::Webhook) {
                let count = memory.dispatched.entry(request).or_insert(0);
                *count = count.saturating_add(1);
                let count = *count;
                judge.claim(const { place("o-18") }, count <= 1, || {
                    format!(
                        "unsafe {} was handed out {count} times",
                        Names::request(request)
                    )
                });
                // Where keys are kept in a store they are judged by it, for all edges at once.
                if let Some(key) = key.filter(|_| state.fleet().keys().is_none()) {
                    let first = *memory.keys.entry((entry.actor, key)).or_insert(request);
                    judge.claim(const { place("o-18") }, first == request, || {
                        format!(
                            "requests {} and {} were both handed out under key {}",
                            first.0, request.0, key.0
                        )
                    });
                }
            }
        }
        Note::WakeCoalesced { .. } => judge.claim(
            const { place("some-wake-is-shared") },
            true,
            Default::default,
        ),
        // A request that never reached an app leaves its key free.
        Note::ResponseSent {
            request, reason, ..
        }
        | Note::Traces(Tell::Unheard { request, reason })
            if !matches!(
                reason,
                Reason::Served | Reason::OutcomeUnknown | Reason::AppError
            ) =>
        {
            memory.keys.retain(|_, holder| *holder != request);
        }
        _ => {}
    }
}

/// O-21: nothing waits longer than it may.
fn holding(state: &State<Fleet>, entry: &Entry<'_, Fleet>, edge: &Edge, judge: &mut Judge<'_>) {
    let budget = state.knobs().time(&knob::HOLD_BUDGET);
    if let Some(oldest) = edge.held().iter().min_by_key(|held| held.arrived) {
        let waited = state.clock(entry.actor).since(oldest.arrived);
        judge.claim(
            const { place("o-21") },
            waited.0 <= budget.0 + TICK.0,
            || format!("{} has waited for {waited}", Names::request(oldest.request)),
        );
    }
}

/// L-2: every request is answered: after its wait, one hand-over that is refused and one that gets no answer.
fn answered(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    ledger: &Ledger,
    judge: &mut Judge<'_>,
) {
    let knobs = state.knobs();
    let longest = knobs.get(&knob::HOLD_BUDGET) + 2 * knobs.get(&knob::DISPATCH_TIMEOUT) + TICK.0;
    let now = state.clock(entry.actor);
    if let Some((request, arrived)) = ledger.oldest(entry.actor) {
        let waited = now.since(arrived);
        judge.claim(const { place("l-2") }, waited.0 <= longest, || {
            format!("{} is not answered after {waited}", Names::request(request))
        });
    }
}
