//! What becomes of a socket that comes back (L.3), row by row.

use crate::bench::*;
use platform::id::Epoch;
use platform::knob;
use platform::message::{Class, Command, Message};
use platform::sessions::{Blob, Came, Close, Command as Order, Fresh, Message as Say};
use platform::sessions::{Note as Tell, Refusal, TabId};

const NEVER: u16 = 9;

fn promote(bench: &mut Bench) {
    assert!(bench.command(Command::Promote {
        route: ROUTE,
        deployment: NEW,
        predecessor: Epoch(1),
    }));
}

/// A tab that has done three things, all of them stored.
fn settled(bench: &mut Bench) -> Session {
    let mut had = bench.open(1, 1, None).unwrap();
    for act in 0..3 {
        had.3 = bench.act(1, 1, act).unwrap();
    }
    for second in 0..40 {
        bench.advance(secs(1));
        if second % 5 == 0 {
            had.3 = bench.act(1, 1, 3 + second).unwrap();
        }
    }
    had
}

// L.3 WebSocket reconnect. (Its row about gaps is in traces_gaps.rs.)

#[test]
fn l3_prior_allocation_serving_in_window_resumes() {
    let mut bench = Bench::of_sessions(true, true, NEVER);
    let had = settled(&mut bench);
    let again = bench.open(1, 2, Some(had)).unwrap();
    assert_eq!(again, (had.0, had.1, Came::Resumed, had.3));
    assert_eq!(bench.act(1, 2, 0), Some(had.3 + 1));
}

#[test]
fn l3_draining_keeps_its_sockets_and_takes_no_new_ones() {
    let mut bench = Bench::of_sessions(false, true, NEVER);
    let had = bench.open(1, 1, None).unwrap();
    promote(&mut bench);
    bench.request(Class::SafePage);
    // The edge does not hear that the old one left the rotation.
    bench.advance(secs(5));
    assert_eq!(bench.act(1, 1, 0), Some(1), "the socket stays");
    let new = bench
        .open(2, 1, Some((had.0, had.1, Came::Resumed, 0)))
        .unwrap();
    assert_ne!(new.1, had.1);
    assert_eq!(new.2, Came::Fresh(Fresh::NoStore));
}

#[test]
fn l3_draining_refuses_an_edge_that_has_not_heard_of_it() {
    let mut bench = Bench::of_sessions(true, true, NEVER);
    let had = settled(&mut bench);
    bench.tabs.answers = false;
    bench.law = Box::new(|_, to, message| match message {
        Message::Event { .. } if to == EDGE => Fate::Drop,
        _ => Fate::Deliver,
    });
    assert_eq!(bench.act(1, 1, 99), Some(had.3 + 1));
    promote(&mut bench);
    bench.send_request(EDGE_TWO, ROUTE, Class::SafePage, None, 0);
    bench.advance(secs(5));
    assert_eq!(bench.open(1, 2, Some(had)), None);
    bench.advance(secs(20));
    assert_eq!(bench.session(1, 2), None);
    assert_eq!(bench.refusal(1, 2), Some(Refusal::NoTarget));
}

/// A session whose allocation has ended, and whose app is awake again.
fn gone(store: bool, fresh: bool) -> (Bench, Session) {
    let mut bench = Bench::of_sessions(store, fresh, NEVER);
    let had = settled(&mut bench);
    let runner = *bench
        .runners
        .iter()
        .find(|(_, node)| !node.machine.sockets().is_empty())
        .unwrap()
        .0;
    bench.exit(runner, 1, false);
    bench.request(Class::SafePage);
    bench.advance(secs(5));
    (bench, had)
}

#[test]
fn l3_target_gone_with_a_store_hydrates() {
    let (mut bench, had) = gone(true, true);
    let again = bench.open(1, 2, Some(had)).unwrap();
    assert_eq!((again.0, again.2), (had.0, Came::Hydrated));
    assert!(
        again.3 <= had.3 && again.3 > 3,
        "at most one interval is lost"
    );
}

#[test]
fn l3_target_gone_without_a_store_is_fresh() {
    let (mut bench, had) = gone(false, true);
    let again = bench.open(1, 2, Some(had)).unwrap();
    assert_ne!(again.0, had.0);
    assert_eq!((again.2, again.3), (Came::Fresh(Fresh::NoStore), 0));
}

fn silent(fresh: bool) -> (Bench, Session) {
    let (mut bench, had) = gone(true, fresh);
    bench.tabs.answers = false;
    assert_eq!(bench.open(1, 2, Some(had)), None);
    bench.advance(millis(1_999));
    assert_eq!((bench.session(1, 2), bench.refusal(1, 2)), (None, None));
    bench.advance(millis(1));
    (bench, had)
}

#[test]
fn l3_silent_store_is_waited_for_and_then_it_is_fresh() {
    let (bench, had) = silent(true);
    let again = bench.session(1, 2).unwrap();
    assert_eq!(again.2, Came::Fresh(Fresh::StoreSilent));
    assert_ne!(again.0, had.0);
}

#[test]
fn l3_silent_store_is_waited_for_and_then_it_is_503_by_policy() {
    let (bench, _) = silent(false);
    assert_eq!(bench.session(1, 2), None);
    let why = bench.refusal(1, 2).unwrap();
    assert_eq!((why, why.status()), (Refusal::StoreSilent, 503));
}

#[test]
fn l3_incompatible_schema_is_fresh() {
    let mut bench = Bench::of_sessions(true, true, 1);
    let had = settled(&mut bench);
    promote(&mut bench);
    bench.request(Class::SafePage);
    bench.advance(secs(5));
    let again = bench.open(1, 2, Some(had)).unwrap();
    assert_eq!(again.2, Came::Fresh(Fresh::Schema));
    assert_ne!(again.0, had.0);
}

#[test]
fn l3_auth_that_fails_is_refused_with_status_7() {
    let mut bench = Bench::of_sessions(true, true, NEVER);
    let had = settled(&mut bench);
    bench.tabs.authorised = false;
    assert_eq!(bench.open(1, 2, Some(had)), None);
    let why = bench.refusal(1, 2).unwrap();
    assert_eq!((why, why.status()), (Refusal::NotAuthorised, 7));
}

#[test]
fn l3_warm_deploy_migrates() {
    let mut bench = Bench::of_sessions(true, true, NEVER);
    let had = settled(&mut bench);
    promote(&mut bench);
    bench.request(Class::SafePage);
    bench.advance(secs(5));
    assert_eq!(bench.heard(|note| matches!(note, Tell::Moved { .. })), 1);
    assert_eq!(bench.heard(|note| matches!(note, Tell::Forced { .. })), 0);
    let again = bench.open(1, 2, Some(had)).unwrap();
    assert_eq!((again.0, again.2, again.3), (had.0, Came::Migrated, had.3));
    assert_ne!(again.1, had.1);
}

#[test]
fn l3_all_cold_waits_for_the_wake() {
    let mut bench = Bench::asleep(true, true, NEVER);
    assert_eq!(bench.open(1, 1, None), None);
    bench.advance(secs(5));
    assert!(bench.session(1, 1).is_some());
}

#[test]
fn l3_all_cold_is_503_when_nothing_comes_up() {
    let mut bench = Bench::asleep(true, true, NEVER);
    bench.ready = false;
    assert_eq!(bench.open(1, 1, None), None);
    bench.advance(millis(9_900));
    assert_eq!(bench.refusal(1, 1), None);
    bench.advance(millis(200));
    assert_eq!(bench.refusal(1, 1), Some(Refusal::NoTarget));
}

#[test]
fn l3_accepted_sockets_stay_pinned_whoever_owns_the_route() {
    let mut bench = Bench::of_sessions(false, true, NEVER);
    let had = bench.open(1, 1, None).unwrap();
    promote(&mut bench);
    bench.request(Class::SafePage);
    for second in 0..60 {
        bench.advance(secs(5));
        assert_eq!(bench.act(1, 1, second), Some(second + 1));
    }
    assert_eq!(bench.open(2, 1, None).unwrap().1.0, had.1.0 + 1);
}

#[test]
fn o29_whoever_cannot_move_is_cut_off_at_the_deadline_and_counted() {
    let mut bench = Bench::of_sessions(false, true, NEVER);
    bench.open(1, 1, None).unwrap();
    promote(&mut bench);
    bench.request(Class::SafePage);
    for second in 0..130 {
        bench.advance(secs(5));
        let forced = bench.heard(|note| matches!(note, Tell::Forced { ordered: false, .. }));
        assert_eq!(forced, 0, "at {second}");
        if bench.act(1, 1, second).is_none() {
            break;
        }
        if second == 118 {
            break;
        }
    }
    bench.advance(secs(30));
    let emptied = |note: &Tell| {
        matches!(
            note,
            Tell::Emptied {
                moved: 0,
                forced: 1,
                ..
            }
        )
    };
    assert_eq!(bench.heard(emptied), 1);
    let closed = bench.log.iter().any(|(_, from, told)| {
        let close = |why: &Close| !why.is_clean();
        *from == EDGE
            && matches!(told, Told::Sent(Message::Sessions(Say::Close { why, .. })) if close(why))
    });
    assert!(closed, "the tab comes again");
}

#[test]
fn o29_an_operator_may_cut_off() {
    let mut bench = Bench::of_sessions(true, true, NEVER);
    let had = settled(&mut bench);
    for runner in [RUNNER, RUNNER_TWO] {
        bench.deliver(
            OPERATOR,
            runner,
            Message::Command(Command::Sessions(Order::CutOff)),
        );
    }
    bench.settle();
    assert_eq!(
        bench.heard(|note| matches!(note, Tell::Forced { ordered: true, .. })),
        1
    );
    assert_eq!(bench.open(1, 2, Some(had)).unwrap().2, Came::Resumed);
}

#[test]
fn l3_mass_reconnect_is_throttled() {
    let mut bench = Bench::of_sessions(true, true, NEVER);
    bench.set(&knob::SOCKET_ACCEPT_BURST, 2);
    bench.set(&knob::SOCKET_ACCEPT_RATE, 1);
    let opened: Vec<bool> = (0..4)
        .map(|tab| bench.open(tab, 1, None).is_some())
        .collect();
    assert_eq!(opened, [true, true, false, false]);
    assert_eq!(bench.refusal(3, 1), Some(Refusal::Throttled));
    assert_eq!(
        bench.heard(|note| matches!(note, Tell::Throttled { .. })),
        2
    );
    bench.advance(secs(1));
    assert!(bench.open(3, 2, None).is_some());
}

#[test]
fn o31_a_second_tab_takes_the_socket() {
    let mut bench = Bench::of_sessions(true, true, NEVER);
    let had = settled(&mut bench);
    assert_eq!(bench.open(2, 1, Some(had)).unwrap().2, Came::Resumed);
    let clean = bench.log.iter().any(|(_, from, told)| {
        let close = |tab: &TabId, why: &Close| tab.0 == 1 && *why == Close::Replaced;
        *from == EDGE
            && matches!(told, Told::Sent(Message::Sessions(Say::Close { tab, why, .. })) if close(tab, why))
    });
    assert!(clean && Close::Replaced.is_clean());
    assert_eq!(bench.act(1, 1, 0), None);
    assert!(bench.act(2, 1, 0).is_some());
}

#[test]
fn l3_window_that_is_over_is_fresh() {
    let mut bench = Bench::of_sessions(true, true, NEVER);
    bench.set(&knob::IDLE_BEFORE_SLEEP, 86_400_000_000);
    let had = settled(&mut bench);
    bench.advance(secs(400));
    assert_eq!(bench.heard(|note| matches!(note, Tell::Detached { .. })), 1);
    assert_eq!(bench.heard(|note| matches!(note, Tell::Evicted { .. })), 1);
    let again = bench.open(1, 2, Some(had)).unwrap();
    assert_eq!(again.2, Came::Fresh(Fresh::Expired));
}

#[test]
fn a_9_one_address_has_a_bounded_number_and_a_proxy_makes_all_one_address() {
    let mut bench = Bench::of_sessions(true, true, NEVER);
    bench.set(&knob::SOCKETS_OF_ADDRESS, 1);
    assert!(bench.open(1, 1, None).is_some());
    assert_eq!(bench.open(2, 1, None), None);
    let why = bench.refusal(2, 1).unwrap();
    assert_eq!((why, why.status()), (Refusal::TooMany, 9));
    bench.tabs.address = 2;
    assert!(bench.open(3, 1, None).is_some());
    let distrust = Message::Command(Command::Sessions(Order::TrustAddresses(false)));
    bench.deliver(OPERATOR, EDGE, distrust);
    bench.tabs.address = 3;
    assert!(bench.open(4, 1, None).is_some());
    bench.tabs.address = 4;
    assert_eq!(bench.open(5, 1, None), None);
}

#[test]
fn an_old_holder_writes_nothing() {
    let mut bench = Bench::of_sessions(true, true, NEVER);
    let had = settled(&mut bench);
    let blob = bench.tabs.store.rows()[&had.0];
    let newer = Blob {
        generation: blob.generation + 1,
        ..blob
    };
    let (session, allocation) = (had.0, had.1);
    let save = |blob| {
        Message::Sessions(Say::Save {
            session,
            allocation,
            blob,
            nth: 1,
        })
    };
    bench.deliver(OPERATOR, SESSIONS, save(newer));
    bench.settle();
    assert!(bench.act(1, 1, 101).is_some());
    bench.advance(secs(8));
    bench.act(1, 1, 102);
    bench.advance(secs(8));
    bench.act(1, 1, 103);
    bench.advance(secs(8));
    bench.act(1, 1, 104);
    bench.advance(secs(8));
    assert_eq!(bench.heard(|note| matches!(note, Tell::Outdated { .. })), 1);
    assert_eq!(
        bench.heard(|note| matches!(note, Tell::Superseded { .. })),
        1
    );
    assert_eq!(bench.tabs.store.rows()[&had.0], newer);
}

// L.1: the affinity target is gone, and the page needs a session: a new one, when it is shown.

#[test]
fn l1_affinity_target_gone_begins_a_new_session_on_mount() {
    let mut bench = Bench::of_sessions(true, true, NEVER);
    let had = settled(&mut bench);
    promote(&mut bench);
    bench.request(Class::SafePage);
    bench.advance(secs(5));
    let (_, other, ..) = bench.open(2, 1, None).unwrap();
    assert_ne!(other, had.1, "the old one serves no longer");
    let again = bench.mount((1, 2), Some(had), other).unwrap();
    assert_eq!(again.2, Came::Fresh(Fresh::New), "whatever the store has");
    assert_eq!((again.1, again.3), (other, 0));
    assert_ne!(again.0, had.0);
}

#[test]
fn l1_a_page_made_where_the_session_is_goes_on_with_it() {
    let mut bench = Bench::of_sessions(true, true, NEVER);
    let had = settled(&mut bench);
    let again = bench.mount((1, 2), Some(had), had.1).unwrap();
    assert_eq!(again, (had.0, had.1, Came::Resumed, had.3));
}

#[test]
fn l1_a_page_of_a_first_visit_begins_a_session_where_it_was_made() {
    let mut bench = Bench::of_sessions(true, true, NEVER);
    let had = settled(&mut bench);
    let new = bench.mount((7, 1), None, had.1).unwrap();
    assert_eq!((new.1, new.2), (had.1, Came::Fresh(Fresh::New)));
    // A repeat of what was said changes nothing.
    bench.mount((7, 1), None, had.1);
    assert_eq!(bench.act(7, 1, 0), Some(1));
}
