//! The Wake lifecycle, row by row.

use crate::bench::*;
use platform::allocation;
use platform::id::{Epoch, RequestId};
use platform::message::{Cause, Class, Command, Message, Reason};
use platform::note::Note;
use platform::wake::{State, Transition};
use platform::{gate, knob};

// K.3 Wake. Cold → wake requested.

#[test]
fn k3_first_holdable_request_requests_a_wake() {
    let mut bench = Bench::new();
    assert_eq!(bench.wake().state, State::Cold);
    bench.request(Class::SafePage);
    assert_eq!(bench.took_wake(Transition::Requested), 1);
    assert_eq!(bench.wake().attempt, 1);
}

// Wake requested, more requests.

#[test]
fn k3_more_requests_join_the_wake() {
    let mut bench = Bench::with(&[EDGE, EDGE_TWO], &[RUNNER]);
    let ids: Vec<RequestId> = (0..20)
        .map(|n| bench.send_request([EDGE, EDGE_TWO][n % 2], ROUTE, Class::SafePage, None, 0))
        .collect();
    bench.advance(secs(3));
    assert_eq!(
        (
            bench.took_wake(Transition::Requested),
            bench.control.machine.allocations().len()
        ),
        (1, 1)
    );
    assert!(ids.iter().all(|id| bench.status(*id) == Some(200)));
    assert!(bench.count(|note| matches!(note, Note::WakeCoalesced { .. })) >= 18);
}

#[test]
fn k3_edges_that_ask_together_share_one_wake() {
    let mut bench = Bench::with(&[EDGE, EDGE_TWO], &[RUNNER]);
    bench.law = Box::new(|_, to, message| {
        if matches!(message, Message::Event { .. }) && (to == EDGE || to == EDGE_TWO) {
            Fate::Delay(millis(20))
        } else {
            Fate::Deliver
        }
    });
    bench.send_request(EDGE, ROUTE, Class::SafePage, None, 0);
    bench.send_request(EDGE_TWO, ROUTE, Class::SafePage, None, 0);
    assert!(bench.refused(&gate::ONE_WAKE));
    assert_eq!(bench.took_wake(Transition::Requested), 1);
}

// Wake requested → starting.

#[test]
fn k3_requested_wake_waits_for_a_free_start() {
    let mut bench = Bench::new();
    bench.ready = false;
    assert!(bench.command(Command::StartAllocation {
        route: ROUTE,
        region: REGION
    }));
    bench.command(Command::Promote {
        route: ROUTE,
        deployment: NEW,
        predecessor: Epoch(1),
    });
    bench.store_answers = false;
    assert!(bench.command(Command::StartAllocation {
        route: ROUTE,
        region: REGION
    }));
    assert!(!bench.command(Command::StartAllocation {
        route: ROUTE,
        region: REGION
    }));
    assert!(bench.refused(&gate::START_LIMIT));
}

#[test]
fn k3_wake_requested_waits_while_another_start_of_the_route_is_under_way() {
    let mut bench = Bench::with(&[EDGE], &[RUNNER, RUNNER_TWO]);
    bench.store_answers = false;
    bench.command(Command::StartAllocation {
        route: ROUTE,
        region: REGION,
    });
    assert_eq!(bench.allocation(0).host, RUNNER);
    // Its host falls silent, so that nobody knows whether the start goes on.
    bench.law = Box::new(|from, to, _| {
        if from == RUNNER || to == RUNNER {
            Fate::Drop
        } else {
            Fate::Deliver
        }
    });
    bench.store_answers = true;
    bench.advance(secs(45));
    bench.request(Class::SafePage);
    assert_eq!(bench.wake().state, State::WakeRequested);
    assert!(bench.refused(&gate::START_LIMIT));
    bench.advance(secs(20));
    assert_eq!(bench.wake().state, State::Hot);
    assert_eq!(bench.allocation(1).host, RUNNER_TWO);
}

#[test]
fn k3_wake_requested_to_starting_when_an_allocation_is_planned() {
    let mut bench = Bench::new();
    bench.store_answers = false;
    bench.request(Class::SafePage);
    assert_eq!(
        (bench.wake().state, bench.allocation(0).state),
        (State::Starting, allocation::State::Pulling)
    );
}

// Starting → readiness wait → hot.

#[test]
fn k3_process_up_then_ready_makes_it_hot() {
    let mut bench = Bench::new();
    bench.ready = false;
    bench.request(Class::SafePage);
    bench.advance(millis(150));
    assert_eq!(bench.wake().state, State::ReadinessWait);
    assert!(bench.refused(&gate::ALLOCATION_PASSES_READINESS));
    bench.ready = true;
    bench.advance(secs(1));
    assert_eq!(bench.wake().state, State::Hot);
}

// Starting, readiness wait → failed.

#[test]
fn k3_readiness_timeout_fails_the_wake_and_waiters_are_answered_first() {
    let mut bench = Bench::new();
    bench.ready = false;
    let id = bench.request(Class::SafePage);
    bench.advance(secs(8));
    assert_eq!(bench.answer(id), Some((503, Reason::WakeTimeout)));
    assert!(
        bench.wake().state.is_active(),
        "the wake goes on to its own timeout"
    );
    bench.advance(secs(22));
    assert_eq!(
        (bench.wake().state, bench.wake().cause),
        (State::Failed, Cause::ReadinessTimeout)
    );
    bench.advance(secs(1));
    assert_eq!(bench.wake().state, State::Cold);
    assert_eq!(bench.took_wake(Transition::Cooled), 1);
}

#[test]
fn k3_wake_timeout_before_the_process_is_up() {
    let mut bench = Bench::new();
    bench.store_answers = false;
    bench.request(Class::SafePage);
    bench.advance(secs(30));
    assert_eq!(
        (bench.wake().state, bench.wake().cause),
        (State::Failed, Cause::WakeTimeout)
    );
}

// Ready after the timeout.

#[test]
fn k3_late_ready_is_capacity_and_the_next_wake_takes_it_up_at_once() {
    let mut bench = Bench::new();
    bench.ready = false;
    bench.request(Class::SafePage);
    bench.advance(secs(32));
    bench.ready = true;
    bench.advance(secs(5));
    let value = bench.allocation(0);
    assert_eq!(
        (value.state, value.serving, bench.wake().state),
        (allocation::State::Ready, false, State::Cold)
    );
    bench.set(&knob::WAKE_BUDGET, 1);
    let id = bench.request(Class::SafePage);
    bench.advance(millis(10));
    assert_eq!(
        bench.answer(id),
        Some((200, Reason::Served)),
        "at once, and without a start that the budget would forbid"
    );
    assert_eq!(
        (
            bench.wake().state,
            bench.control.machine.allocations().len()
        ),
        (State::Hot, 1)
    );
}

#[test]
fn k3_spare_that_is_still_starting_is_taken_up_as_well() {
    let mut bench = Bench::new();
    bench.ready = false;
    bench.request(Class::SafePage);
    bench.advance(secs(32));
    assert_eq!(bench.wake().state, State::Cold);
    let id = bench.request(Class::SafePage);
    assert_eq!(bench.wake().state, State::ReadinessWait);
    bench.ready = true;
    bench.advance(secs(2));
    assert_eq!(
        (bench.answer(id), bench.control.machine.allocations().len()),
        (Some((200, Reason::Served)), 1)
    );
}

// Failed → cold.

#[test]
fn k3_cool_down_doubles_and_is_kept() {
    let mut bench = Bench::new();
    bench.secrets = false;
    let first = bench.request(Class::SafePage);
    assert_eq!(
        (bench.answer(first), bench.wake().cause),
        (Some((503, Reason::WakeFailed)), Cause::SecretMissing)
    );
    let during = bench.request(Class::SafePage);
    assert_eq!(bench.answer(during), Some((503, Reason::CoolDown)));
    assert_eq!(bench.wake().retry_at, bench.now.after(secs(1)));
    bench.advance(secs(1));
    bench.request(Class::SafePage);
    assert_eq!(
        (bench.wake().failures, bench.wake().retry_at),
        (2, bench.now.after(secs(2)))
    );
}

#[test]
fn k3_budget_of_starts_is_kept() {
    let mut bench = Bench::new();
    bench.secrets = false;
    for _ in 0..5 {
        bench.request(Class::SafePage);
        bench.advance(secs(61));
    }
    let id = bench.request(Class::SafePage);
    assert_eq!(bench.answer(id), Some((503, Reason::WakeBudget)));
    let window_left = 600 - 5 * 61;
    let retry_after = bench.responses[&id].2;
    assert!(
        (window_left..=window_left + 2).contains(&retry_after),
        "{retry_after}"
    );
    let next = bench.request(Class::SafePage);
    assert_eq!(bench.answer(next), Some((503, Reason::WakeBudget)));
    bench.secrets = true;
    bench.advance(secs(u64::from(window_left)));
    let late = bench.request(Class::SafePage);
    bench.advance(secs(2));
    assert_eq!(bench.status(late), Some(200));
}

// Any before hot → failed when the owner changes, and the new owner's wake.

#[test]
fn k3_new_owner_ends_the_wake_and_waiters_keep_their_deadline() {
    let mut bench = Bench::new();
    bench.ready = false;
    let id = bench.request(Class::SafePage);
    bench.advance(secs(3));
    assert!(bench.command(Command::Promote {
        route: ROUTE,
        deployment: NEW,
        predecessor: Epoch(1)
    }));
    assert_eq!(
        (bench.wake_at(Epoch(1)).cause, bench.allocation(0).cause),
        (Cause::OldEpoch, Cause::OldEpoch)
    );
    assert!(
        bench.wake().state.is_active(),
        "what waits asks for the new owner"
    );
    bench.ready = true;
    bench.advance(secs(2));
    assert_eq!(bench.answer(id), Some((200, Reason::Served)));
    assert_eq!(bench.allocation(1).deployment, NEW);

    let mut bench = Bench::new();
    bench.ready = false;
    let id = bench.request(Class::SafePage);
    bench.advance(secs(6));
    bench.command(Command::Promote {
        route: ROUTE,
        deployment: NEW,
        predecessor: Epoch(1),
    });
    bench.advance(secs(2));
    assert_eq!(
        bench.answer(id),
        Some((503, Reason::WakeTimeout)),
        "eight seconds after it arrived"
    );
}

#[test]
fn k3_a_new_owner_begins_cold_if_nothing_of_it_serves_and_gets_hot_by_a_wake_only() {
    let mut bench = Bench::new();
    bench.make_hot();
    bench.command(Command::Promote {
        route: ROUTE,
        deployment: NEW,
        predecessor: Epoch(1),
    });
    bench.advance(secs(5));
    assert_eq!(bench.wake_at(Epoch(2)).state, State::Cold);
    bench.request(Class::SafePage);
    bench.advance(secs(3));
    assert_eq!(bench.wake_at(Epoch(2)).state, State::Hot);
}

// Hot → sleeping → cold.

#[test]
fn k3_idle_app_goes_to_sleep_and_wakes_again() {
    let mut bench = Bench::new();
    bench.make_hot();
    bench.advance(secs(310));
    assert_eq!(
        (bench.wake().state, bench.allocation(0).state),
        (State::Cold, allocation::State::Stopped)
    );
    for transition in [Transition::SleepStarted, Transition::Slept] {
        assert_eq!(bench.took_wake(transition), 1);
    }
    assert_eq!(bench.took_wake(Transition::LostLast), 0);
    bench.make_hot();
}

#[test]
fn k3_busy_app_stays_awake() {
    let mut bench = Bench::new();
    bench.make_hot();
    for _ in 0..10 {
        bench.advance(secs(200));
        bench.request(Class::SafePage);
    }
    assert_eq!(
        (
            bench.wake().state,
            bench.took_wake(Transition::SleepStarted)
        ),
        (State::Hot, 0)
    );
}

#[test]
fn k3_an_attached_session_keeps_the_app_awake() {
    let mut bench = Bench::of_sessions(true, true, 9);
    bench.open(1, 1, None).expect("a session");
    for act in 0..80 {
        bench.advance(secs(5));
        assert!(bench.act(1, 1, act).is_some());
    }
    assert_eq!(
        (
            bench.wake().state,
            bench.took_wake(Transition::SleepStarted)
        ),
        (State::Hot, 0)
    );
}

// Sleeping → hot.

#[test]
fn k3_request_before_the_stop_cancels_the_sleep() {
    let mut bench = Bench::with(&[EDGE, EDGE_TWO], &[RUNNER]);
    bench.make_hot();
    // One edge learns of the sleep late, so that the stop is not ordered yet when the other asks.
    bench.law = Box::new(|_, to, message| {
        if to == EDGE_TWO && matches!(message, Message::Event { .. }) {
            Fate::Delay(secs(2))
        } else {
            Fate::Deliver
        }
    });
    while bench.wake().state == State::Hot {
        bench.advance(millis(500));
    }
    let id = bench.request(Class::SafePage);
    bench.advance(secs(5));
    assert_eq!(bench.took_wake(Transition::SleepCancelled), 1);
    assert_eq!(
        (bench.wake().state, bench.allocation(0).state),
        (State::Hot, allocation::State::Ready)
    );
    assert_eq!(bench.answer(id), Some((200, Reason::Served)));
}

#[test]
fn k3_request_after_the_stop_waits_for_the_next_wake() {
    let mut bench = Bench::new();
    bench.make_hot();
    bench.law = Box::new(|from, _, message| {
        if from == CONTROL && matches!(message, Message::Stop { nth: 1, .. }) {
            Fate::Delay(secs(3))
        } else {
            Fate::Deliver
        }
    });
    while bench.allocation(0).state != allocation::State::Draining {
        bench.advance(millis(500));
    }
    let id = bench.request(Class::SafePage);
    assert_eq!(bench.took_wake(Transition::SleepCancelled), 0);
    bench.advance(secs(6));
    assert_eq!(bench.answer(id), Some((200, Reason::Served)));
    assert_eq!(bench.control.machine.allocations().len(), 2);
}

// Hot → cold.

#[test]
fn k3_losing_the_last_allocation_makes_it_cold_in_one_breath() {
    let mut bench = Bench::new();
    bench.make_hot();
    bench.stuck_disks.push(CONTROL);
    bench.exit(RUNNER, 1, false);
    assert_eq!(
        (bench.wake().state, bench.allocation(0).serving),
        (State::Cold, false)
    );
    assert_eq!(bench.took_wake(Transition::LostLast), 1);
    let kinds: Vec<bool> = bench
        .control
        .pending
        .iter()
        .map(|(_, record)| matches!(record.image, platform::control::Image::Wake(..)))
        .collect();
    assert_eq!(kinds[..2], [false, true], "consecutive records");
}
