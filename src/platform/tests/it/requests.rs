//! What the edge decides about requests.

use crate::bench::*;
use machine::Time;
use platform::id::{Epoch, IdempotencyKey, RequestId, RouteId};
use platform::message::{Class, Command, Message, Reason};
use platform::note::Note;
use platform::{allocation, gate, knob, wake};

// L.0 Global order of checks.

#[test]
fn l0_unknown_route_is_not_found() {
    let mut bench = Bench::new();
    let id = bench.send_request(EDGE, RouteId(9), Class::SafePage, None, 0);
    assert_eq!(bench.answer(id), Some((404, Reason::NoRoute)));
}

#[test]
fn l0_edge_that_knows_nothing_yet_says_so() {
    let mut bench = Bench::cold_start(&[EDGE], &[RUNNER]);
    bench.restart(EDGE);
    let id = bench.request(Class::SafePage);
    assert_eq!(bench.answer(id), Some((503, Reason::NoTarget)));
}

// L.1 GET page while hot.

#[test]
fn l1_hot_page_is_served_and_changes_no_table() {
    let mut bench = Bench::new();
    bench.make_hot();
    let rows = bench.control.machine.outbox().len();
    let id = bench.request(Class::SafePage);
    bench.advance(millis(20));
    assert_eq!(
        (bench.answer(id), bench.control.machine.outbox().len()),
        (Some((200, Reason::Served)), rows)
    );
}

#[test]
fn l1_least_busy_allocation_is_chosen() {
    let mut bench = Bench::with(&[EDGE], &[RUNNER, RUNNER_TWO]);
    bench.make_hot();
    bench.command(Command::StartAllocation {
        route: ROUTE,
        region: REGION,
    });
    bench.advance(secs(2));
    bench.serves = Some(secs(1));
    bench.request(Class::SafePage);
    bench.request(Class::SafePage);
    let busy: Vec<u32> = bench.edges[&EDGE]
        .machine
        .allocations()
        .values()
        .map(|view| view.in_flight)
        .collect();
    assert_eq!(
        (busy, bench.edges[&EDGE].machine.in_flight()),
        (vec![1, 1], 2)
    );
}

#[test]
fn l1_healthy_allocation_of_another_owner_is_never_used() {
    let mut bench = Bench::new();
    bench.make_hot();
    // The edge learns of the new owner, but not that the old one's allocation has left rotation.
    bench.law = Box::new(|_, to, message| {
        let allocation = matches!(
            message,
            Message::Event {
                event: platform::message::Event::Allocation { .. },
                ..
            }
        );
        if to == EDGE && allocation {
            Fate::Keep
        } else {
            Fate::Deliver
        }
    });
    bench.command(Command::Promote {
        route: ROUTE,
        deployment: NEW,
        predecessor: Epoch(1),
    });
    let id = bench.request(Class::SafePage);
    assert!(bench.refused(&gate::OWNER_AUTHORITY));
    assert_eq!(bench.answer(id), None, "it waits for the owner");
    bench.law = Box::new(|_, _, _| Fate::Deliver);
    bench.let_go();
    bench.advance(secs(3));
    assert_eq!(
        (bench.answer(id), bench.allocation(1).deployment),
        (Some((200, Reason::Served)), NEW)
    );
}

#[test]
fn l1_app_error_is_passed_on() {
    let mut bench = Bench::new();
    bench.make_hot();
    bench.answers_well = false;
    let id = bench.request(Class::SafePage);
    bench.advance(millis(20));
    assert_eq!(bench.answer(id), Some((500, Reason::AppError)));
}

#[test]
fn l1_edge_with_a_stale_owner_is_turned_away_by_the_runner() {
    let mut bench = Bench::new();
    bench.make_hot();
    bench.law = Box::new(|_, to, message| {
        if to == EDGE && matches!(message, Message::Event { .. }) {
            Fate::Drop
        } else {
            Fate::Deliver
        }
    });
    bench.command(Command::Promote {
        route: ROUTE,
        deployment: NEW,
        predecessor: Epoch(1),
    });
    bench.advance(secs(6));
    assert_eq!(
        bench.allocation(0).state,
        allocation::State::Stopped,
        "an edge that is silent is not waited for for ever"
    );
    let id = bench.request(Class::SafePage);
    assert_eq!(bench.answer(id), Some((503, Reason::NoTarget)));
    assert_eq!(
        bench.count(|note| matches!(note, Note::DispatchRefused { .. })),
        1
    );
}

// L.2 GET page while sleeping.

#[test]
fn l2_stampede_is_one_start_and_no_more_than_the_slots() {
    let mut bench = Bench::new();
    let ids: Vec<RequestId> = (0..500).map(|_| bench.request(Class::SafePage)).collect();
    let full = ids
        .iter()
        .filter(|id| bench.answer(**id) == Some((503, Reason::HoldFull)))
        .count();
    assert_eq!((full, bench.edges[&EDGE].machine.held().len()), (400, 100));
    bench.advance(secs(5));
    let served: Vec<Time> = ids
        .iter()
        .filter_map(|id| bench.responses.get(id))
        .filter(|r| r.0 == 200)
        .map(|r| r.3)
        .collect();
    assert_eq!(
        (served.len(), bench.control.machine.allocations().len()),
        (100, 1)
    );
    assert!(
        served
            .windows(2)
            .all(|pair| pair[1].since(pair[0]) >= millis(20)),
        "first come, first served, at a steady rate"
    );
    assert!(bench.refused(&gate::HOLD_SLOTS) && bench.refused(&gate::RELEASE_RATE));
}

#[test]
fn l2_hold_budget_counts_from_arrival() {
    let mut bench = Bench::new();
    bench.store_answers = false;
    let first = bench.request(Class::SafePage);
    bench.advance(secs(3));
    let second = bench.request(Class::SafePage);
    bench.advance(secs(5));
    assert_eq!(
        (bench.answer(first), bench.answer(second)),
        (Some((503, Reason::WakeTimeout)), None)
    );
    assert!(bench.refused(&gate::HOLD_BUDGET));
    bench.advance(secs(3));
    assert_eq!(bench.answer(second), Some((503, Reason::WakeTimeout)));
}

#[test]
fn l2_upgrade_waits_like_a_page() {
    let mut bench = Bench::new();
    let id = bench.request(Class::Upgrade);
    bench.advance(secs(2));
    assert_eq!(bench.status(id), Some(200));
}

#[test]
fn a_knob_of_nothing_means_no_holding() {
    for knob in [&knob::HOLD_BUDGET, &knob::HOLD_SLOTS] {
        let mut bench = Bench::new();
        bench.set(knob, 0);
        let id = bench.request(Class::SafePage);
        assert_eq!(bench.status(id), Some(503));
        bench.advance(secs(2));
        assert_eq!(
            bench.wake().state,
            wake::State::Hot,
            "but whoever comes again finds it awake"
        );
    }
}

// L.4 POST action while cold.

#[test]
fn l4_without_a_contract_nothing_unsafe_is_held() {
    let mut bench = Bench::new();
    for key in [None, Some(IdempotencyKey(1))] {
        let id = bench.send_request(EDGE, ROUTE, Class::Unsafe, key, 0);
        assert_eq!(bench.answer(id), Some((503, Reason::UnsafeCold)));
    }
    assert!(bench.refused(&gate::SAFE_TO_HOLD));
    bench.advance(secs(2));
    assert_eq!(bench.wake().state, wake::State::Hot);
    assert_eq!(
        bench.count(|note| matches!(note, Note::RequestDispatched { .. })),
        0
    );
}

#[test]
fn l4_contract_wants_a_key() {
    let mut bench = Bench::new();
    let id = bench.send_request(EDGE, CONTRACT_ROUTE, Class::Unsafe, None, 0);
    assert_eq!(bench.answer(id), Some((400, Reason::KeyRequired)));
    assert!(bench.refused(&gate::UNSAFE_REPLAY_POLICY));
}

#[test]
fn l4_keyed_request_is_held_and_dispatched_once() {
    let mut bench = Bench::new();
    let id = bench.keyed(CONTRACT_ROUTE, 7, 1);
    let again = bench.keyed(CONTRACT_ROUTE, 7, 1);
    let other_body = bench.keyed(CONTRACT_ROUTE, 7, 2);
    assert_eq!(
        (bench.answer(again), bench.answer(other_body)),
        (
            Some((409, Reason::KeyInFlight)),
            Some((422, Reason::KeyReused))
        )
    );
    bench.advance(secs(2));
    assert_eq!(bench.answer(id), Some((200, Reason::Served)));
    let replayed = bench.keyed(CONTRACT_ROUTE, 7, 1);
    assert_eq!(bench.answer(replayed), Some((200, Reason::KeyReplayed)));
    assert_eq!(
        bench.count(|note| matches!(note, Note::RequestDispatched { .. })),
        1
    );
}

#[test]
fn l4_key_is_free_again_when_the_request_never_left() {
    let mut bench = Bench::new();
    bench.store_answers = false;
    let first = bench.keyed(CONTRACT_ROUTE, 7, 1);
    bench.advance(secs(8));
    assert_eq!(bench.answer(first), Some((503, Reason::WakeTimeout)));
    let second = bench.keyed(CONTRACT_ROUTE, 7, 1);
    assert_eq!(bench.answer(second), None, "held again");
}

#[test]
fn l4_large_body_is_not_held() {
    let mut bench = Bench::new();
    let id = bench.send_sized(
        EDGE,
        CONTRACT_ROUTE,
        Class::Unsafe,
        Some(IdempotencyKey(1)),
        1,
        70_000,
    );
    assert_eq!(bench.answer(id), Some((503, Reason::BodyTooLarge)));
    assert!(bench.refused(&gate::HOLD_BYTES));
}

#[test]
fn l4_lost_answer_is_an_unknown_outcome_and_never_sent_again() {
    let mut bench = Bench::new();
    bench.make_hot();
    bench.serves = None;
    let id = bench.keyed(ROUTE, 7, 1);
    bench.advance(secs(10));
    assert_eq!(bench.answer(id), Some((504, Reason::OutcomeUnknown)));
    let again = bench.keyed(ROUTE, 7, 1);
    assert_eq!(
        bench.answer(again),
        Some((409, Reason::KeyInFlight)),
        "nobody knows, so the key stays in use"
    );
    assert_eq!(
        bench.count(|note| matches!(note, Note::RequestDispatched { key: Some(_), .. })),
        1
    );
    // The answer comes after all.
    bench.deliver(
        RUNNER,
        EDGE,
        Message::Answer {
            request: id,
            ok: true,
        },
    );
    let late = bench.keyed(ROUTE, 7, 1);
    assert_eq!(bench.answer(late), Some((200, Reason::KeyReplayed)));
}

#[test]
fn l4_refused_dispatch_goes_to_another_allocation_once() {
    let mut bench = Bench::with(&[EDGE], &[RUNNER, RUNNER_TWO]);
    bench.make_hot();
    bench.command(Command::StartAllocation {
        route: ROUTE,
        region: REGION,
    });
    bench.advance(secs(2));
    // The first one's process is gone, and the edge does not know yet.
    bench.law = Box::new(|_, to, message| {
        if to == EDGE && matches!(message, Message::Event { .. }) {
            Fate::Drop
        } else {
            Fate::Deliver
        }
    });
    bench.exit(RUNNER, 1, false);
    let id = bench.keyed(ROUTE, 3, 1);
    bench.advance(millis(20));
    assert_eq!(bench.answer(id), Some((200, Reason::Served)));
    bench.exit(RUNNER_TWO, 1, false);
    bench.dies_at_boot = true;
    let nobody = bench.keyed(ROUTE, 4, 1);
    assert_eq!(bench.answer(nobody), Some((503, Reason::NoTarget)));
}

// L.5 Payment webhook while cold, L.6 Immutable asset.

#[test]
fn l5_webhook_is_never_held() {
    let mut bench = Bench::new();
    for route in [ROUTE, CONTRACT_ROUTE] {
        let id = bench.send_request(EDGE, route, Class::Webhook, Some(IdempotencyKey(1)), 0);
        assert_eq!(bench.answer(id), Some((503, Reason::UnsafeCold)));
    }
    assert!(bench.edges[&EDGE].machine.held().is_empty());
}

#[test]
fn l6_asset_wakes_nothing() {
    let mut bench = Bench::new();
    let id = bench.request(Class::Asset);
    bench.advance(secs(5));
    assert_eq!(
        (bench.answer(id), bench.wake().state),
        (Some((200, Reason::Served)), wake::State::Cold)
    );
    assert_eq!(
        bench.sent(|message| matches!(message, Message::WakeAsk { .. })),
        0
    );
}

#[test]
fn an_ask_that_is_lost_is_asked_again() {
    let mut bench = Bench::new();
    bench.law = Box::new(|_, _, message| {
        if matches!(message, Message::WakeAsk { .. }) {
            Fate::Drop
        } else {
            Fate::Deliver
        }
    });
    let id = bench.request(Class::SafePage);
    bench.advance(millis(2500));
    assert_eq!(
        bench.sent(|message| matches!(message, Message::WakeAsk { .. })),
        3
    );
    bench.law = Box::new(|_, _, _| Fate::Deliver);
    bench.advance(secs(3));
    assert_eq!(bench.status(id), Some(200));
}

#[test]
fn everybody_is_answered_in_the_end() {
    let mut bench = Bench::new();
    bench.law = Box::new(|from, to, _| {
        if from == CONTROL || to == CONTROL {
            Fate::Drop
        } else {
            Fate::Deliver
        }
    });
    let ids: Vec<RequestId> = (0..10).map(|_| bench.request(Class::SafePage)).collect();
    bench.advance(secs(9));
    assert!(
        ids.iter()
            .all(|id| bench.answer(*id) == Some((503, Reason::WakeTimeout)))
    );
}
