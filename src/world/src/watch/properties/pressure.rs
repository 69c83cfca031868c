//! Properties of what weighs on the control plane's store.

use super::{Judge, place};
use crate::fleet::Fleet;
use alloc::format;
use machine::{Duration, Time};
use platform::message::Reason;
use platform::note::Note;
use platform::pressure::Note as Told;
use platform::{knob, wake};
use sim::{Entry, State, What};

/// How long after everything is well the store may take to catch up.
const CATCHES_UP: Duration = Duration::secs(30);

/// What is remembered of the store.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// How many writes were asked for and are not done.
    waiting: u64,
    /// How many calls of consoles were taken and not answered.
    calls: u64,
    healed: Option<Time>,
}

pub(super) fn check(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    if let What::Healed = entry.what {
        memory.healed = Some(entry.at);
    }
    let knobs = state.knobs();
    if let Some(healed) = memory.healed
        && entry.at.since(healed) >= CATCHES_UP
    {
        let few = memory.waiting < knobs.get(&knob::STORE_BACKLOG);
        judge.claim(const { place("stores-catch-up") }, few, || {
            format!("{} writes still wait for the store", memory.waiting)
        });
    }
    if entry.actor != state.fleet().roster().control() {
        return;
    }
    match entry.what {
        What::Crashed => (memory.waiting, memory.calls) = (0, 0),
        What::Persisted(_) => memory.waiting = memory.waiting.saturating_sub(1),
        _ => {}
    }
    let waiting = memory.waiting;
    memory.waiting += entry.persisted.len() as u64;
    for moved in entry.moved {
        if moved.lifecycle == platform::WAKE && moved.to == wake::State::WakeRequested as u8 {
            let most = knobs.get(&knob::STORE_BACKLOG);
            judge.claim(
                const { place("wakes-wait-for-the-store") },
                waiting < most,
                || format!("an app is woken while {waiting} writes wait, and {most} may"),
            );
        }
    }
    for note in entry.notes {
        match *note {
            Note::WakeRefused {
                reason: Reason::StoreBusy,
                ..
            } => judge.claim(
                const { place("some-wake-waits-for-the-store") },
                true,
                Default::default,
            ),
            Note::Pressure(Told::JournalSet { before, edges }) if edges > before => {
                let calm = waiting < knobs.get(&knob::STORE_CALM);
                judge.claim(
                    const { place("journals-widen-in-stages") },
                    calm && edges == before + 1,
                    || format!("the journal goes from {before} to {edges} edges while {waiting} writes wait"),
                );
            }
            Note::Pressure(Told::JournalSet { before, edges }) if edges < before => judge.claim(
                const { place("some-journal-is-narrowed") },
                true,
                Default::default,
            ),
            Note::Pressure(Told::CallTaken { .. }) => {
                memory.calls += 1;
                let usual = knobs.get(&knob::CALLS_WAITING);
                let set = state.fleet().control().setting().and_then(|it| it.calls);
                let most = set.map_or(usual, |set| usual.min(set.into()));
                let calls = memory.calls;
                judge.claim(
                    const { place("calls-are-bounded-here") },
                    calls <= most,
                    || format!("{calls} calls wait, and {most} may"),
                );
            }
            Note::Pressure(Told::CallAnswered { .. }) => {
                memory.calls = memory.calls.saturating_sub(1);
            }
            Note::Pressure(Told::CallRefused { .. }) => judge.claim(
                const { place("some-call-is-refused") },
                true,
                Default::default,
            ),
            _ => {}
        }
    }
}
