//! Properties of orders and reports: O-8, O-14, orders are current, drains are honest, starts and restarts are bounded.

use super::{Judge, Memory, place};
use crate::fleet::Fleet;
use alloc::format;
use alloc::vec::Vec;
use machine::{Duration, Time};
use platform::note::Note;
use platform::{allocation, knob, wake};
use sim::{Entry, State};

pub(super) fn check(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    for note in entry.notes {
        match *note {
            Note::ReportAccepted {
                allocation, token, ..
            } => {
                let highest = memory.tokens.get(&allocation).copied().unwrap_or(token);
                judge.claim(const { place("o-8") }, token >= highest, || {
                    format!(
                        "a report with token {} was believed for allocation {}, whose token is {}",
                        token.0,
                        allocation.0 + 1,
                        highest.0
                    )
                });
            }
            Note::ProcessLaunched {
                allocation, token, ..
            } => {
                let slot = state
                    .fleet()
                    .runner(entry.actor)
                    .and_then(|runner| runner.slots().get(&allocation));
                let right = slot.is_some_and(|slot| slot.bytes == Some(slot.digest));
                judge.claim(const { place("o-14") }, right, || {
                    format!(
                        "allocation {} was started from other bytes than its deployment names",
                        allocation.0 + 1
                    )
                });
                if let Some((newest, stopped)) = memory.orders.get(&(entry.actor, allocation)) {
                    let current = token >= *newest && !(*stopped && token == *newest);
                    judge.claim(const { place("orders-are-current") }, current, || {
                        format!(
                            "allocation {} was started on an order that had been overtaken",
                            allocation.0 + 1
                        )
                    });
                }
            }
            Note::ProcessStopped {
                allocation,
                in_flight,
                deadline_reached,
                ..
            } => {
                let row = state.fleet().control().allocations().get(allocation.0);
                if row.is_some_and(|row| row.value.state == allocation::State::Draining) {
                    judge.claim(const { place("drains-are-honest") }, in_flight == 0 || deadline_reached, || {
                        format!("allocation {} was stopped with {in_flight} requests in flight before its deadline", allocation.0 + 1)
                    });
                }
            }
            Note::RestartOrdered { allocation, .. } => {
                let window = state.knobs().time(&knob::RESTART_WINDOW);
                let times = memory.restarts.entry(allocation).or_default();
                let count = count_within(times, entry.at, window);
                judge.claim(
                    const { place("restarts-are-bounded") },
                    count <= state.knobs().get(&knob::RESTART_BUDGET),
                    || {
                        format!(
                            "allocation {} was restarted {count} times within {window}",
                            allocation.0 + 1
                        )
                    },
                );
            }
            _ => {}
        }
    }
    // A wake that finds an allocation on its way, or one to spare, takes that and starts nothing.
    let woke = entry.moved.iter().any(|moved| {
        moved.lifecycle == platform::WAKE
            && moved.transition == Some(wake::Transition::Started as u8)
    });
    for moved in entry
        .moved
        .iter()
        .filter(|moved| woke && moved.lifecycle == platform::ALLOCATION && moved.from.is_none())
    {
        let Some(row) = state
            .fleet()
            .control()
            .allocations()
            .get(moved.subject.id as u32)
        else {
            continue;
        };
        let window = state.knobs().time(&knob::WAKE_WINDOW);
        let times = memory.starts.entry(row.value.route).or_default();
        let count = count_within(times, entry.at, window);
        judge.claim(
            const { place("starts-are-bounded") },
            count <= state.knobs().get(&knob::WAKE_BUDGET),
            || {
                format!(
                    "route {} was started {count} times within {window}",
                    row.value.route.0
                )
            },
        );
    }
}

/// Adds a moment and says how many lie within the window now.
fn count_within(times: &mut Vec<Time>, now: Time, window: Duration) -> u64 {
    times.retain(|time| now.since(*time) < window);
    times.push(now);
    times.len() as u64
}
