//! What the edge decides about hot and sleeping pages and about posts, row by row.

use crate::bench::*;
use machine::{NodeId, Time};
use platform::id::{AllocationId, DeploymentId, Epoch, OutboxId, RouteId, Token};
use platform::message::{Class, Command, Event, Message, Reason};
use platform::note::Note;
use platform::traces::{Message as Say, Note as Tell};
use platform::{allocation, knob};

fn hot() -> Bench {
    let mut bench = Bench::of_traces();
    bench.post(EDGE, 9_999, 0);
    bench.advance(secs(3));
    assert!(
        bench.edges[&EDGE].machine.routes()[&CONTRACT_ROUTE].wake == platform::wake::State::Hot
    );
    bench
}

fn page(bench: &mut Bench, edge: NodeId, route: RouteId) -> platform::id::RequestId {
    bench.send_request(edge, route, Class::SafePage, None, 0)
}

fn told(bench: &Bench, wanted: impl Fn(&Tell) -> bool) -> usize {
    let log = bench.log.iter();
    log.filter(|(_, _, told)| matches!(told, Told::Note(Note::Traces(note)) if wanted(note)))
        .count()
}

fn asks(bench: &Bench) -> usize {
    let log = bench.log.iter();
    log.filter(|(_, _, told)| matches!(told, Told::Sent(Message::WakeAsk { .. })))
        .count()
}

// L.1 GET page while hot. (Its row about gaps is in traces_gaps.rs.)

#[test]
fn l1_none_is_served_by_the_least_loaded() {
    let mut bench = hot();
    let id = page(&mut bench, EDGE, CONTRACT_ROUTE);
    bench.advance(millis(20));
    assert_eq!(bench.answer(id), Some((200, Reason::Served)));
}

#[test]
fn l1_edge_behind_serves_the_owner_that_it_knows() {
    let mut bench = hot();
    bench.law = Box::new(|_, to, message| match message {
        Message::Event { .. } if to == EDGE => Fate::Drop,
        _ => Fate::Deliver,
    });
    bench.command(Command::Promote {
        route: CONTRACT_ROUTE,
        deployment: NEW,
        predecessor: Epoch(1),
    });
    let id = page(&mut bench, EDGE, CONTRACT_ROUTE);
    bench.advance(millis(20));
    let known = bench.edges[&EDGE].machine.routes()[&CONTRACT_ROUTE].epoch;
    assert_eq!(
        (known, bench.answer(id)),
        (Epoch(1), Some((200, Reason::Served)))
    );
}

#[test]
fn l1_old_event_is_dropped() {
    let mut bench = hot();
    let event = Event::RouteOwner {
        route: CONTRACT_ROUTE,
        epoch: Epoch(1),
        deployment: NEW,
        version: 0,
    };
    let nth = u32::MAX;
    let row = OutboxId(0);
    bench.deliver(CONTROL, EDGE, Message::Event { row, event, nth });
    bench.settle();
    assert_eq!(
        bench.edges[&EDGE].machine.routes()[&CONTRACT_ROUTE].deployment,
        OLD
    );
}

#[test]
fn l1_healthy_allocation_of_another_owner_is_ignored() {
    let mut bench = Bench::of_traces();
    let event = Event::Allocation {
        allocation: AllocationId(77),
        route: ROUTE,
        epoch: Epoch(7),
        host: RUNNER,
        token: Token(1),
        to: allocation::State::Ready,
        serving: true,
        version: 1,
    };
    let (row, nth) = (OutboxId(900), u32::MAX);
    bench.deliver(CONTROL, EDGE, Message::Event { row, event, nth });
    bench.settle();
    let id = page(&mut bench, EDGE, ROUTE);
    assert_eq!((bench.answer(id), asks(&bench)), (None, 1));
}

#[test]
fn l1_target_that_is_gone_is_replaced_by_another_of_the_owner() {
    let mut bench = hot();
    bench.command(Command::StartAllocation {
        route: CONTRACT_ROUTE,
        region: REGION,
    });
    bench.advance(secs(2));
    let dead = bench.processes[0].0;
    bench.crash_and_restart(dead);
    let ids: Vec<_> = (0..2)
        .map(|_| page(&mut bench, EDGE, CONTRACT_ROUTE))
        .collect();
    bench.advance(millis(50));
    for id in ids {
        assert_eq!(bench.answer(id), Some((200, Reason::Served)));
    }
}

#[test]
fn l1_app_error_is_passed_through_without_a_repeat() {
    let mut bench = hot();
    bench.answers_well = false;
    let id = page(&mut bench, EDGE, CONTRACT_ROUTE);
    bench.advance(millis(50));
    assert_eq!(bench.answer(id), Some((500, Reason::AppError)));
    let dispatched =
        |note: &Note| matches!(note, Note::RequestDispatched { request, .. } if *request == id);
    assert_eq!(bench.count(dispatched), 1);
}

#[test]
fn l1_page_that_nobody_answers_is_sent_once_more() {
    let mut bench = hot();
    bench.serves = None;
    let id = page(&mut bench, EDGE, CONTRACT_ROUTE);
    bench.advance(secs(9));
    bench.serves = Some(millis(10));
    bench.advance(secs(2));
    assert_eq!(bench.answer(id), Some((200, Reason::Served)));
}

// L.2 GET page while sleeping. (Its row about gaps is in traces_gaps.rs.)

#[test]
fn l2_none_waits_and_is_served() {
    let mut bench = Bench::of_traces();
    let id = page(&mut bench, EDGE, ROUTE);
    assert_eq!(bench.answer(id), None);
    bench.advance(secs(3));
    assert_eq!(bench.answer(id), Some((200, Reason::Served)));
}

#[test]
fn l2_five_hundred_arrivals_share_one_wake() {
    let mut bench = Bench::of_traces();
    bench.boot = None;
    let ids: Vec<_> = (0..500).map(|_| page(&mut bench, EDGE, ROUTE)).collect();
    let sent_away = ids
        .iter()
        .filter(|id| bench.answer(**id) == Some((503, Reason::HoldFull)))
        .count();
    assert_eq!(
        (
            sent_away,
            bench.edges[&EDGE].machine.held().len(),
            asks(&bench)
        ),
        (400, 100, 1)
    );
}

#[test]
fn l2_wake_budget_used_up_starts_nothing() {
    let mut bench = Bench::of_traces();
    bench.set(&knob::WAKE_BUDGET, 0);
    let id = page(&mut bench, EDGE, ROUTE);
    bench.advance(millis(10));
    assert_eq!(bench.answer(id), Some((503, Reason::WakeBudget)));
}

#[test]
fn l2_readiness_that_misses_the_budget_lets_the_page_go_and_the_wake_on() {
    let mut bench = Bench::of_traces();
    bench.ready = false;
    let id = page(&mut bench, EDGE, ROUTE);
    bench.advance(millis(8_100));
    assert_eq!(bench.answer(id), Some((503, Reason::WakeTimeout)));
    bench.ready = true;
    bench.advance(secs(3));
    let again = page(&mut bench, EDGE, ROUTE);
    bench.advance(millis(50));
    assert_eq!(bench.answer(again), Some((200, Reason::Served)));
}

#[test]
fn l2_epoch_that_changes_meanwhile_keeps_the_deadline() {
    let mut bench = Bench::of_traces();
    bench.boot = None;
    let id = page(&mut bench, EDGE, ROUTE);
    bench.advance(secs(5));
    bench.command(Command::Promote {
        route: ROUTE,
        deployment: NEW,
        predecessor: Epoch(1),
    });
    bench.advance(millis(2_900));
    assert_eq!(bench.answer(id), None);
    bench.advance(millis(300));
    assert_eq!(bench.answer(id).map(|(status, _)| status), Some(503));
}

/// No message tells an edge that a client has gone; here it forgets its client in a crash.
#[test]
fn l2_client_that_went_away_does_not_stop_the_wake() {
    let mut bench = Bench::of_traces();
    page(&mut bench, EDGE, ROUTE);
    bench.crash_and_restart(EDGE);
    bench.advance(secs(3));
    let id = page(&mut bench, EDGE_TWO, ROUTE);
    bench.advance(millis(50));
    assert_eq!(bench.answer(id), Some((200, Reason::Served)));
}

// L.4 POST action while cold. (Its row about gaps is in traces_gaps.rs.)

#[test]
fn l4_no_key_no_contract_cold_is_refused_and_wakes() {
    let mut bench = Bench::of_traces();
    let id = bench.send_request(EDGE, ROUTE, Class::Unsafe, None, 0);
    assert_eq!(
        (bench.answer(id), asks(&bench)),
        (Some((503, Reason::UnsafeCold)), 1)
    );
}

#[test]
fn l4_no_key_where_the_contract_wants_one_is_a_mistake_hot_or_cold() {
    for mut bench in [Bench::of_traces(), hot()] {
        let id = bench.send_request(EDGE, CONTRACT_ROUTE, Class::Unsafe, None, 0);
        assert_eq!(bench.answer(id), Some((400, Reason::KeyRequired)));
    }
}

#[test]
fn l4_new_key_waits_and_goes_out_once() {
    let mut bench = Bench::of_traces();
    let id = bench.post(EDGE, 1, 5);
    assert_eq!(bench.edges[&EDGE].machine.held().len(), 1);
    bench.advance(secs(3));
    assert_eq!(
        (bench.answer(id), bench.outside.effects.len()),
        (Some((200, Reason::Served)), 1)
    );
}

#[test]
fn l4_new_key_gives_its_reservation_back_when_the_budget_ends() {
    let mut bench = Bench::of_traces();
    bench.ready = false;
    let id = bench.post(EDGE, 1, 5);
    bench.advance(millis(8_100));
    assert_eq!(bench.answer(id), Some((503, Reason::WakeTimeout)));
    bench.ready = true;
    bench.advance(secs(3));
    let again = bench.post(EDGE_TWO, 1, 5);
    bench.advance(secs(1));
    assert_eq!(bench.answer(again), Some((200, Reason::Served)));
}

#[test]
fn l4_body_that_is_too_large_is_not_held_and_its_key_is_free() {
    let mut bench = Bench::of_traces();
    let key = Some(platform::id::IdempotencyKey(1));
    let id = bench.send_sized(EDGE, CONTRACT_ROUTE, Class::Unsafe, key, 5, 70_000);
    assert_eq!(bench.answer(id), Some((503, Reason::BodyTooLarge)));
    bench.advance(secs(3));
    let again = bench.send_sized(EDGE_TWO, CONTRACT_ROUTE, Class::Unsafe, key, 5, 70_000);
    bench.advance(secs(1));
    assert_eq!(bench.answer(again), Some((200, Reason::Served)));
}

#[test]
fn l4_key_in_flight_is_a_conflict_at_every_edge() {
    let mut bench = hot();
    bench.serves = Some(secs(2));
    bench.post(EDGE, 1, 5);
    for edge in [EDGE, EDGE_TWO] {
        let id = bench.post(edge, 1, 5);
        assert_eq!(bench.answer(id), Some((409, Reason::KeyInFlight)));
    }
}

#[test]
fn l4_completed_key_gets_the_stored_answer_without_a_wake() {
    let mut bench = hot();
    bench.post(EDGE, 1, 5);
    bench.advance(secs(1));
    // Nothing can be woken any more, and nothing has to be.
    for runner in [RUNNER, RUNNER_TWO] {
        bench.crash(runner);
    }
    bench.advance(secs(30));
    let before = asks(&bench);
    let id = bench.post(EDGE_TWO, 1, 5);
    assert_eq!(
        (bench.answer(id), asks(&bench), bench.outside.effects.len()),
        (Some((200, Reason::KeyReplayed)), before, 2)
    );
}

#[test]
fn l4_reused_key_is_unprocessable() {
    let mut bench = hot();
    bench.post(EDGE, 1, 5);
    bench.advance(secs(1));
    let id = bench.post(EDGE_TWO, 1, 6);
    assert_eq!(bench.answer(id), Some((422, Reason::KeyReused)));
}

/// While nobody says whether a key is free, a request that needs it is refused and has no effect.
fn fails_closed(bench: &mut Bench) {
    let before = bench.outside.effects.len();
    let id = bench.post(EDGE, 1, 5);
    bench.advance(millis(1_100));
    assert_eq!(
        (bench.answer(id), bench.outside.effects.len()),
        (Some((503, Reason::IdemStore)), before)
    );
}

#[test]
fn l4_key_store_down_fails_closed() {
    let mut bench = hot();
    bench.outside.keys_answer = false;
    fails_closed(&mut bench);
    bench.outside.keys_answer = true;
    bench.advance(secs(1));
    let again = bench.post(EDGE, 1, 5);
    bench.advance(secs(1));
    assert_eq!(bench.answer(again), Some((200, Reason::Served)));
}

#[test]
fn l4_key_is_granted_only_when_that_is_durable() {
    let mut bench = hot();
    bench.outside.keys_disk = false;
    fails_closed(&mut bench);
}

#[test]
fn l4_lost_connection_leaves_the_outcome_unknown_and_sends_nothing_again() {
    let mut bench = hot();
    bench.serves = None;
    let id = bench.post(EDGE, 1, 5);
    bench.advance(millis(10_100));
    bench.serves = Some(millis(10));
    let again = bench.post(EDGE_TWO, 1, 5);
    bench.advance(secs(1));
    let hands = bench.log.iter().filter(|(_, _, told)| {
        matches!(told, Told::Sent(Message::Traces(Say::Hand { request, .. })) if *request == id)
    });
    assert_eq!(
        (bench.answer(id), bench.answer(again), hands.count()),
        (
            Some((504, Reason::OutcomeUnknown)),
            Some((409, Reason::OutcomeUnknown)),
            1
        )
    );
}

#[test]
fn l4_product_database_proves_what_nobody_knew() {
    let mut bench = hot();
    bench.law = Box::new(|_, to, message| match message {
        Message::Answer { .. } if to == EDGE => Fate::Drop,
        _ => Fate::Deliver,
    });
    bench.post(EDGE, 1, 5);
    bench.advance(millis(10_100));
    bench.post(EDGE_TWO, 1, 5);
    let id = bench.post(EDGE_TWO, 1, 5);
    assert_eq!(
        (
            bench.answer(id),
            told(&bench, |note| matches!(note, Tell::Proven { .. }))
        ),
        (Some((200, Reason::KeyReplayed)), 1)
    );
}

#[test]
fn l4_reservation_of_an_edge_that_died_lapses_into_the_unknown() {
    let mut bench = Bench::of_traces();
    bench.boot = None;
    bench.post(EDGE, 1, 5);
    bench.crash(EDGE);
    bench.advance(secs(31));
    bench.tick_keys();
    let id = bench.post(EDGE_TWO, 1, 5);
    assert_eq!(bench.answer(id), Some((409, Reason::OutcomeUnknown)));
}

#[test]
fn l4_no_baseline_fails_closed() {
    let mut bench = Bench::of_traces();
    bench.law = Box::new(|_, to, message| match message {
        Message::Event { .. } if to == EDGE => Fate::Drop,
        _ => Fate::Deliver,
    });
    bench.crash_and_restart(EDGE);
    let id = bench.post(EDGE, 1, 5);
    assert_eq!(bench.answer(id), Some((503, Reason::NoTarget)));
}

#[test]
fn l4_early_data_is_too_early() {
    let mut bench = hot();
    let id = bench.arrive(EDGE, |arrival| {
        arrival.early = true;
        arrival.request.key = Some(platform::id::IdempotencyKey(1));
    });
    assert_eq!(bench.answer(id), Some((425, Reason::EarlyData)));
    let page = bench.arrive(EDGE, |arrival| {
        arrival.early = true;
        arrival.request.class = Class::SafePage;
    });
    bench.advance(millis(50));
    assert_eq!(bench.answer(page), Some((200, Reason::Served)));
}

#[test]
fn l4_stale_owner_is_fenced_by_the_allocation() {
    let mut bench = hot();
    bench.law = Box::new(|_, to, message| match message {
        Message::Event { .. } | Message::EventAck { .. } if to == EDGE => Fate::Drop,
        _ => Fate::Deliver,
    });
    bench.serves = Some(secs(30));
    // Something keeps the old process busy, so that it drains for long.
    page(&mut bench, EDGE, CONTRACT_ROUTE);
    bench.command(Command::Promote {
        route: CONTRACT_ROUTE,
        deployment: DeploymentId(1),
        predecessor: Epoch(1),
    });
    page(&mut bench, EDGE_TWO, CONTRACT_ROUTE);
    bench.advance(secs(8));
    let before = bench.outside.effects.len();
    let id = bench.post(EDGE, 1, 5);
    bench.advance(millis(20));
    assert_eq!(
        (
            bench.answer(id),
            told(&bench, |note| matches!(note, Tell::TurnedAway { .. })),
            bench.outside.effects.len()
        ),
        (Some((421, Reason::Fenced)), 1, before)
    );
}

#[test]
fn l4_effect_is_durable_before_the_answer() {
    let mut bench = hot();
    bench.outside.product_answers = false;
    let id = bench.post(EDGE, 1, 5);
    bench.advance(secs(2));
    assert_eq!(bench.answer(id), None);
    bench.outside.product_answers = true;
    bench.advance(secs(1));
    assert_eq!(bench.answer(id), Some((200, Reason::Served)));
}

#[test]
fn repeats_of_everything_about_keys_change_nothing() {
    for after in [millis(0), millis(3), secs(2)] {
        let mut bench = Bench::of_traces();
        bench.prove_repeats = true;
        bench.repeat_after = after;
        bench.post(EDGE, 1, 5);
        bench.post(EDGE_TWO, 1, 5);
        bench.webhook(EDGE, 4, secs(0));
        bench.advance(secs(6));
        bench.post(EDGE_TWO, 1, 5);
        bench.advance(secs(6));
        assert!(bench.now > Time(0));
    }
}
