//! Who asks: the rows of L.1 about affinity, and those of L.2 about errands and clients that leave.

use crate::bench::*;
use platform::id::{AllocationId, Epoch, RequestId};
use platform::message::{Class, Command, Message, Reason};
use platform::note::Note;
use platform::traces::{Brings, Errand, Headers, Note as Tell, Visitor};
use platform::{gate, knob, wake};

const SERVED: Option<(u16, Reason)> = Some((200, Reason::Served));

fn asks(bench: &Bench) -> usize {
    let log = bench.log.iter();
    log.filter(|(_, _, told)| matches!(told, Told::Sent(Message::WakeAsk { .. })))
        .count()
}

fn told(bench: &Bench, wanted: impl Fn(&Tell) -> bool) -> usize {
    let log = bench.log.iter();
    log.filter(|(_, _, told)| matches!(told, Told::Note(Note::Traces(note)) if wanted(note)))
        .count()
}

/// The requests that were handed over, in order.
fn handed_over(bench: &Bench) -> Vec<(RequestId, AllocationId)> {
    let log = bench.log.iter();
    log.filter_map(|(_, _, told)| match told {
        Told::Note(Note::RequestDispatched {
            request,
            allocation,
            ..
        }) => Some((*request, *allocation)),
        _ => None,
    })
    .collect()
}

fn held(bench: &Bench) -> Vec<RequestId> {
    let held = bench.edges[&EDGE].machine.held().iter();
    held.map(|held| held.request).collect()
}

// L.1 GET page while hot: affinity.

fn visit(bench: &mut Bench, home: Option<AllocationId>) -> RequestId {
    bench.arrive(EDGE, |arrival| {
        arrival.request.route = ROUTE;
        arrival.request.class = Class::SafePage;
        arrival.brings = Brings::Visitor(Visitor { number: 1, home });
    })
}

/// A visitor who has been there, and where the session is; beside it another allocation serves.
fn visited() -> (Bench, AllocationId) {
    let mut bench = Bench::of_traces();
    bench.make_hot();
    let first = visit(&mut bench, None);
    bench.advance(millis(50));
    assert_eq!(bench.answer(first), SERVED);
    let home = bench.headers[&first].home.expect("it is told where it was");
    bench.command(Command::StartAllocation {
        route: ROUTE,
        region: platform::id::Region(0),
    });
    bench.advance(secs(3));
    (bench, home)
}

fn went(bench: &mut Bench, home: AllocationId) -> (AllocationId, Headers) {
    let id = visit(bench, Some(home));
    let (_, allocation) = *handed_over(bench).last().expect("it is handed over");
    bench.advance(millis(50));
    assert_eq!(bench.answer(id), SERVED);
    (allocation, bench.headers[&id])
}

#[test]
fn l1_affinity_target_that_serves_is_taken_and_else_the_least_loaded() {
    let (mut bench, home) = visited();
    // Busier than the other one, and still the one that has the session.
    for _ in 0..3 {
        visit(&mut bench, Some(home));
    }
    let page = bench.request(Class::SafePage);
    let (request, other) = *handed_over(&bench).last().expect("it is handed over");
    assert_eq!((request, other == home), (page, false));
    let (allocation, headers) = went(&mut bench, home);
    assert_eq!((allocation, headers.home), (home, Some(home)));
}

#[test]
fn l1_affinity_target_gone_is_a_miss_and_any_that_serves_is_taken() {
    let (mut bench, home) = visited();
    bench.command(Command::StopAllocation { allocation: home });
    bench.advance(millis(500));
    let (allocation, headers) = went(&mut bench, home);
    assert_ne!(allocation, home);
    assert_eq!(headers.home, Some(allocation), "its session is there now");
    let missed = |tell: &Tell| {
        matches!(tell, Tell::AffinityMiss { home: was, allocation: now, .. }
            if (*was, *now) == (home, allocation))
    };
    assert_eq!(told(&bench, missed), 1);
}

#[test]
fn l1_affinity_never_leads_to_another_owner() {
    let (mut bench, home) = visited();
    bench.command(Command::Promote {
        route: ROUTE,
        deployment: NEW,
        predecessor: Epoch(1),
    });
    let id = visit(&mut bench, Some(home));
    assert_eq!((bench.answer(id), held(&bench)), (None, vec![id]));
    bench.advance(secs(3));
    assert_eq!(bench.answer(id), SERVED);
    let (_, allocation) = *handed_over(&bench).last().expect("it is handed over");
    assert_ne!(allocation, home);
}

#[test]
fn without_the_rule_a_browser_decides_who_answers() {
    let (mut bench, home) = visited();
    bench.waivers = bench.waivers.with(&gate::AFFINITY_SERVES);
    bench.command(Command::Promote {
        route: ROUTE,
        deployment: NEW,
        predecessor: Epoch(1),
    });
    visit(&mut bench, Some(home));
    let (_, allocation) = *handed_over(&bench).last().expect("it is handed over");
    assert_eq!(allocation, home);
}

// L.2 GET page while sleeping: HEAD, prefetch, bots.

#[test]
fn l2_errand_waits_after_everybody_in_person() {
    let mut bench = Bench::of_traces();
    let errands = [Errand::Head, Errand::Prefetch, Errand::Bot].map(|of| bench.errand(of));
    let people = [0; 3].map(|_| bench.request(Class::SafePage));
    bench.advance(secs(4));
    let order: Vec<_> = handed_over(&bench)
        .into_iter()
        .map(|(request, _)| request)
        .collect();
    assert_eq!(order, [people, errands].concat());
    let mut all = errands.into_iter().chain(people);
    assert!(all.all(|id| bench.answer(id) == SERVED));
    assert_eq!(asks(&bench), 1);
}

#[test]
fn l2_errand_gives_its_slot_to_a_person() {
    let mut bench = Bench::of_traces();
    bench.boot = None;
    bench.set(&knob::HOLD_SLOTS, 3);
    let person = bench.request(Class::SafePage);
    let [first, last] = [Errand::Bot, Errand::Head].map(|of| bench.errand(of));
    // When slots are short, an errand gets none.
    let late = bench.errand(Errand::Bot);
    assert_eq!(bench.answer(late), Some((503, Reason::HoldFull)));
    let displaced = Some((503, Reason::Displaced));
    let second = bench.request(Class::SafePage);
    assert_eq!((bench.answer(last), bench.answer(first)), (displaced, None));
    let third = bench.request(Class::SafePage);
    assert_eq!(bench.answer(first), displaced);
    assert_eq!(held(&bench), [person, second, third]);
    let fourth = bench.request(Class::SafePage);
    assert_eq!(bench.answer(fourth), Some((503, Reason::HoldFull)));
}

#[test]
fn l2_policy_may_refuse_errands_and_wake_nothing() {
    let mut bench = Bench::of_errands();
    let refused = |status| Some((status, Reason::ErrandWhileCold));
    for (errand, status) in [
        (Errand::Head, 503),
        (Errand::Bot, 503),
        (Errand::Prefetch, 204),
    ] {
        let id = bench.errand(errand);
        assert_eq!(bench.answer(id), refused(status));
    }
    bench.advance(secs(5));
    assert_eq!((asks(&bench), held(&bench).len()), (0, 0));
    // Somebody in person wakes it, and then it answers everybody.
    let person = bench.request(Class::SafePage);
    bench.advance(secs(3));
    let errand = bench.errand(Errand::Bot);
    bench.advance(millis(50));
    assert_eq!(
        (bench.answer(person), bench.answer(errand)),
        (SERVED, SERVED)
    );
}

#[test]
fn without_the_rules_errands_come_first_and_wake() {
    let mut bench = Bench::of_errands();
    bench.waivers = bench.waivers.with(&gate::ERRANDS_WAKE);
    bench.errand(Errand::Bot);
    assert_eq!(asks(&bench), 1);
    let mut bench = Bench::of_traces();
    bench.waivers = bench.waivers.with(&gate::PEOPLE_FIRST);
    bench.boot = None;
    bench.set(&knob::HOLD_SLOTS, 1);
    bench.errand(Errand::Bot);
    let person = bench.request(Class::SafePage);
    assert_eq!(bench.answer(person), Some((503, Reason::HoldFull)));
}

// L.2 GET page while sleeping: the client disconnects.

#[test]
fn l2_client_that_leaves_frees_its_slot_and_the_wake_goes_on() {
    let mut bench = Bench::of_traces();
    bench.set(&knob::HOLD_SLOTS, 1);
    let id = bench.request(Class::SafePage);
    bench.leave(id);
    assert_eq!((held(&bench).len(), asks(&bench)), (0, 1));
    let freed = |tell: &Tell| {
        matches!(
            tell,
            Tell::Left {
                held: true,
                slots: 0,
                ..
            }
        )
    };
    assert_eq!(told(&bench, freed), 1);
    let other = bench.request(Class::SafePage);
    assert_eq!(held(&bench), [other], "the slot is free at once");
    bench.leave(other);
    bench.advance(secs(10));
    assert_eq!((bench.answer(id), bench.answer(other)), (None, None));
    assert_eq!(handed_over(&bench), []);
    assert_eq!(
        bench.edges[&EDGE].machine.routes()[&ROUTE].wake,
        wake::State::Hot
    );
}

#[test]
fn l2_client_that_leaves_after_the_hand_over_takes_nothing_back() {
    let mut bench = Bench::of_traces();
    bench.make_hot();
    bench.outside.product_answers = false;
    let id = bench.arrive(EDGE, |arrival| {
        arrival.request.route = ROUTE;
        arrival.request.key = Some(platform::id::IdempotencyKey(7));
    });
    bench.leave(id);
    bench.leave(id);
    assert_eq!(told(&bench, |tell| matches!(tell, Tell::Left { .. })), 1);
    bench.outside.product_answers = true;
    bench.advance(secs(4));
    assert_eq!((bench.answer(id), bench.outside.effects.len()), (None, 1));
    assert_eq!(bench.edges[&EDGE].machine.in_flight(), 0);
    // Whoever presses the button again gets the stored answer.
    let again = bench.send_request(
        EDGE,
        ROUTE,
        Class::Unsafe,
        Some(platform::id::IdempotencyKey(7)),
        0,
    );
    bench.advance(secs(1));
    assert_eq!(
        (bench.answer(again), bench.outside.effects.len()),
        (Some((200, Reason::KeyReplayed)), 1)
    );
}

#[test]
fn l2_client_that_leaves_too_late_changes_nothing() {
    let mut bench = Bench::of_traces();
    bench.make_hot();
    let id = bench.request(Class::SafePage);
    bench.advance(millis(50));
    assert_eq!(bench.answer(id), SERVED);
    bench.leave(id);
    bench.leave(RequestId(77_777));
    assert_eq!(told(&bench, |tell| matches!(tell, Tell::Left { .. })), 0);
}
