//! What the edge decides about webhooks, row by row (L.5).

use crate::bench::*;
use platform::id::{Epoch, IdempotencyKey};
use platform::message::{Class, Command, Message, Reason};
use platform::note::Note;
use platform::traces::{Brings, Message as Say, Note as Tell, Phase, Proof};
use platform::{gate, knob};

fn asks(bench: &Bench) -> usize {
    let log = bench.log.iter();
    log.filter(|(_, _, told)| matches!(told, Told::Sent(Message::WakeAsk { .. })))
        .count()
}

fn hot() -> Bench {
    let mut bench = Bench::of_traces();
    bench.post(EDGE, 9_999, 0);
    bench.advance(secs(3));
    bench
}

// L.5 Payment webhook while cold. (Its row about gaps is in traces_gaps.rs.)

#[test]
fn l5_without_a_contract_it_is_an_unsafe_post() {
    let mut bench = Bench::of_traces();
    let key = Some(IdempotencyKey(3));
    let id = bench.send_request(EDGE, ROUTE, Class::Webhook, key, 3);
    assert_eq!(bench.answer(id), Some((503, Reason::UnsafeCold)));
}

#[test]
fn l5_missing_or_forged_signature_wakes_nobody() {
    let mut bench = Bench::of_traces();
    let now = bench.now;
    for proof in [
        None,
        Some(Proof::new(8, now, 3)),
        Some(Proof::new(7, now, 4)),
    ] {
        let id = bench.arrive(EDGE, |arrival| {
            arrival.request.class = Class::Webhook;
            arrival.request.key = Some(IdempotencyKey(3));
            arrival.request.body = 3;
            arrival.brings = proof.map_or(Brings::Nothing, Brings::Proof);
        });
        assert_eq!(bench.answer(id), Some((400, Reason::BadSignature)));
    }
    assert_eq!(asks(&bench), 0);
}

#[test]
fn l5_timestamp_outside_the_tolerance_wakes_nobody() {
    let mut bench = Bench::of_traces();
    bench.advance(secs(400));
    let late = bench.webhook(EDGE, 3, secs(301));
    let good = bench.webhook(EDGE, 4, secs(300));
    assert_eq!(
        (bench.answer(late), bench.answer(good), asks(&bench)),
        (Some((400, Reason::StaleSignature)), None, 1)
    );
    // A clock that is ahead is no better than one that is behind.
    let ahead = bench.now.after(secs(301));
    let id = bench.arrive(EDGE, |arrival| {
        arrival.request.class = Class::Webhook;
        arrival.request.key = Some(IdempotencyKey(5));
        arrival.request.body = 5;
        arrival.brings = Brings::Proof(Proof::new(7, ahead, 5));
    });
    assert_eq!(bench.answer(id), Some((400, Reason::StaleSignature)));
}

#[test]
fn l5_processed_event_is_fine_and_wakes_nobody() {
    let mut bench = hot();
    bench.webhook(EDGE, 3, secs(0));
    bench.advance(secs(1));
    for runner in [RUNNER, RUNNER_TWO] {
        bench.crash(runner);
    }
    bench.advance(secs(30));
    let (before, effects) = (asks(&bench), bench.outside.effects.len());
    let id = bench.webhook(EDGE_TWO, 3, secs(0));
    assert_eq!(
        (bench.answer(id), asks(&bench), bench.outside.effects.len()),
        (Some((200, Reason::EventProcessed)), before, effects)
    );
}

#[test]
fn l5_event_that_is_processed_is_not_handed_out_again() {
    let mut bench = hot();
    bench.serves = Some(secs(2));
    bench.webhook(EDGE, 3, secs(0));
    let id = bench.webhook(EDGE_TWO, 3, secs(0));
    assert_eq!(bench.answer(id), Some((503, Reason::EventInFlight)));
    bench.advance(secs(3));
    assert_eq!(bench.outside.effects.len(), 2);
}

#[test]
fn l5_new_event_waits_in_its_window_and_goes_out_once() {
    let mut bench = Bench::of_traces();
    let id = bench.webhook(EDGE, 3, secs(0));
    assert_eq!(bench.answer(id), None);
    bench.advance(secs(3));
    assert_eq!(
        (bench.answer(id), bench.outside.effects.len()),
        (Some((200, Reason::Served)), 1)
    );
}

#[test]
fn l5_window_is_the_least_of_budget_provider_and_tolerance() {
    // The hold budget is 8 s, the provider waits 10 s less a margin, and a quarter of the tolerance is 75 s.
    let window = |knob: &'static machine::Knob, value: u64| {
        let mut bench = Bench::of_traces();
        bench.ready = false;
        bench.set(knob, value);
        let id = bench.webhook(EDGE, 3, secs(0));
        bench.advance(secs(30));
        (bench.answer(id), bench.responses[&id].3.0 / 1_000_000)
    };
    let deferred = Some((503, Reason::WebhookDeferred));
    assert_eq!(window(&knob::HOLD_BUDGET, 5_000_000), (deferred, 5));
    assert_eq!(window(&knob::HOLD_BUDGET, 60_000_000), (deferred, 8));
    assert_eq!(window(&knob::WEBHOOK_TOLERANCE, 12_000_000), (deferred, 3));
}

#[test]
fn l5_wake_budget_used_up_is_written_down_and_the_provider_keeps_the_event() {
    let mut bench = Bench::of_traces();
    bench.set(&knob::WAKE_BUDGET, 0);
    let id = bench.webhook(EDGE, 3, secs(0));
    bench.advance(millis(10));
    let row = bench.outside.keys.rows().values().next().copied();
    assert_eq!(
        (bench.answer(id), row.map(|row| (row.phase, row.deferred))),
        (Some((503, Reason::WebhookDeferred)), Some((Phase::Free, 1)))
    );
    assert!(bench.outside.effects.is_empty());
}

#[test]
fn l5_readiness_miss_is_written_down_and_the_provider_keeps_the_event() {
    let mut bench = Bench::of_traces();
    bench.ready = false;
    let id = bench.webhook(EDGE, 3, secs(0));
    bench.advance(secs(9));
    let row = bench.outside.keys.rows().values().next().copied();
    assert_eq!(
        (
            bench.answer(id),
            row.map(|row| (row.phase, row.deferred)),
            bench.edges[&EDGE].machine.held().len()
        ),
        (
            Some((503, Reason::WebhookDeferred)),
            Some((Phase::Free, 1)),
            0
        )
    );
    bench.ready = true;
    bench.advance(secs(5));
    let again = bench.webhook(EDGE, 3, secs(0));
    bench.advance(secs(1));
    assert_eq!(bench.answer(again), Some((200, Reason::Served)));
}

#[test]
fn l5_nothing_good_is_said_before_the_effect() {
    let mut bench = hot();
    bench.outside.product_answers = false;
    let id = bench.webhook(EDGE, 3, secs(0));
    bench.advance(secs(5));
    assert_eq!(bench.answer(id), None);
    bench.outside.product_answers = true;
    bench.advance(secs(1));
    assert_eq!(bench.answer(id), Some((200, Reason::Served)));
}

#[test]
fn l5_dedupe_store_down_fails_closed() {
    let mut bench = hot();
    bench.outside.keys_answer = false;
    let id = bench.webhook(EDGE, 3, secs(0));
    bench.advance(millis(1_100));
    assert_eq!(bench.answer(id), Some((503, Reason::IdemStore)));
}

#[test]
fn l5_no_baseline_fails_closed() {
    let mut bench = Bench::of_traces();
    bench.law = Box::new(|_, to, message| match message {
        Message::Event { .. } if to == EDGE => Fate::Drop,
        _ => Fate::Deliver,
    });
    bench.crash_and_restart(EDGE);
    let id = bench.webhook(EDGE, 3, secs(0));
    assert_eq!(bench.answer(id), Some((503, Reason::NoTarget)));
}

#[test]
fn l5_stale_owner_is_fenced_and_the_provider_sends_again() {
    let mut bench = hot();
    bench.law = Box::new(|_, to, message| match message {
        Message::Event { .. } if to == EDGE => Fate::Drop,
        _ => Fate::Deliver,
    });
    bench.serves = Some(secs(30));
    bench.send_request(EDGE, CONTRACT_ROUTE, Class::SafePage, None, 0);
    bench.command(Command::Promote {
        route: CONTRACT_ROUTE,
        deployment: NEW,
        predecessor: Epoch(1),
    });
    bench.send_request(EDGE_TWO, CONTRACT_ROUTE, Class::SafePage, None, 0);
    bench.advance(secs(8));
    let id = bench.webhook(EDGE, 3, secs(0));
    bench.advance(millis(20));
    assert_eq!(bench.answer(id), Some((503, Reason::Fenced)));
    bench.serves = Some(millis(10));
    let again = bench.webhook(EDGE_TWO, 3, secs(0));
    bench.advance(secs(1));
    assert_eq!(bench.answer(again), Some((200, Reason::Served)));
}

#[test]
fn l5_deliveries_out_of_order_are_not_put_in_order() {
    let mut bench = hot();
    let (second, first) = (
        bench.webhook(EDGE, 4, secs(0)),
        bench.webhook(EDGE, 3, secs(5)),
    );
    bench.advance(secs(1));
    let served = Some((200, Reason::Served));
    assert_eq!(
        (bench.answer(second), bench.answer(first)),
        (served, served)
    );
}

#[test]
fn l5_app_error_leaves_the_event_to_be_sent_again() {
    let mut bench = hot();
    bench.answers_well = false;
    let id = bench.webhook(EDGE, 3, secs(0));
    bench.advance(secs(1));
    assert_eq!(bench.answer(id), Some((500, Reason::AppError)));
    bench.answers_well = true;
    let again = bench.webhook(EDGE_TWO, 3, secs(0));
    bench.advance(secs(1));
    assert_eq!(bench.answer(again), Some((200, Reason::Served)));
}

#[test]
fn without_the_window_a_webhook_is_kept_from_its_provider() {
    let mut bench = Bench::of_traces();
    bench.ready = false;
    bench.waivers = bench.waivers.with(&gate::WEBHOOK_WINDOW);
    let id = bench.webhook(EDGE, 3, secs(0));
    bench.advance(secs(12));
    assert_eq!(bench.answer(id), None);
}

#[test]
fn without_the_signature_anybody_is_believed() {
    let mut bench = hot();
    bench.waivers = bench.waivers.with(&gate::WEBHOOK_SIGNATURE);
    let id = bench.arrive(EDGE, |arrival| {
        arrival.request.class = Class::Webhook;
        arrival.request.key = Some(IdempotencyKey(3));
    });
    bench.advance(secs(1));
    assert_eq!(bench.answer(id), Some((200, Reason::Served)));
    let hands = bench.log.iter().filter(|(_, _, told)| {
        matches!(told, Told::Sent(Message::Traces(Say::Hand { request, .. })) if *request == id)
    });
    assert_eq!(hands.count(), 1);
    assert!(bench.log.iter().any(|(_, _, told)| matches!(
        told,
        Told::Note(Note::Traces(Tell::Believed { right: false, .. }))
    )));
}
