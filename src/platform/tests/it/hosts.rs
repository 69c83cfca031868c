//! Draining hosts and upgrading them: a test for each row of the table, and for each way to go wrong.

use crate::bench::*;
use machine::NodeId;
use platform::hosts::{
    Command, Drain, Facts, Hold, Managed, Message, Note as HostNote, State, Version,
};
use platform::message::{Class, Command as Order, Message as Any};
use platform::note::Note;
use platform::{allocation, gate, knob};

const ONE: NodeId = NodeId(10);
const TWO: NodeId = NodeId(11);
const THREE: NodeId = NodeId(12);
const FOUR: NodeId = NodeId(13);
const ALL: [NodeId; 4] = [ONE, TWO, THREE, FOUR];

fn host(bench: &mut Bench, command: Command) -> bool {
    bench.command(Order::Host(command))
}

fn drain(bench: &mut Bench, host: NodeId) -> bool {
    let version = Version(2);
    bench.command(Order::Host(Command::Drain { host, version }))
}

fn newest(bench: &Bench, host: NodeId) -> Drain {
    let drains = bench.control.machine.drains();
    drains
        .iter()
        .rfind(|(_, row)| row.value.host == host)
        .expect("there is a drain")
        .1
        .value
}

/// The host that serves the first route, which is awake.
fn served_from(bench: &mut Bench) -> NodeId {
    bench.request(Class::SafePage);
    bench.advance(secs(3));
    serving(bench)[0]
}

fn serving(bench: &Bench) -> Vec<NodeId> {
    bench
        .control
        .machine
        .allocations()
        .iter()
        .filter(|(_, row)| row.value.route == ROUTE && row.value.serving)
        .map(|(_, row)| row.value.host)
        .collect()
}

fn note(bench: &Bench, wanted: impl Fn(&HostNote) -> bool) -> bool {
    bench.count(|note| matches!(note, Note::Host(note) if wanted(note))) > 0
}

// K.5 Host drain / OS upgrade. Nothing → cordoned.

#[test]
fn k5_a_cordon_stops_new_placement_only() {
    let mut bench = Bench::of_hosts(&ALL);
    let at = served_from(&mut bench);
    assert!(host(
        &mut bench,
        Command::Cordon {
            host: at,
            version: Version(2)
        }
    ));
    bench.advance(secs(5));
    assert_eq!(newest(&bench, at).state, State::Cordoned);
    assert_eq!(serving(&bench), [at]);
    for _ in 0..3 {
        let (route, region) = (ROUTE, REGION);
        bench.command(Order::StartAllocation { route, region });
        bench.advance(secs(3));
    }
    let there = bench
        .control
        .machine
        .allocations()
        .iter()
        .filter(|(_, row)| row.value.host == at)
        .count();
    assert_eq!(there, 1);
}

#[test]
fn k5_when_only_a_cordoned_host_has_room_there_is_none() {
    let mut bench = Bench::of_hosts(&[ONE]);
    let version = Version(2);
    assert!(host(&mut bench, Command::Cordon { host: ONE, version }));
    bench.request(Class::SafePage);
    assert!(bench.refused(&gate::HOST_NOT_CORDONED));
}

// Cordoned → evacuating.

#[test]
fn k5_evacuating_is_held_for_the_quorum() {
    let mut bench = Bench::of_hosts(&ALL[..3]);
    bench.installs = false;
    assert!(drain(&mut bench, ONE));
    bench.advance(secs(5));
    assert_eq!(newest(&bench, ONE).state, State::Upgrading);
    assert!(drain(&mut bench, TWO));
    bench.advance(secs(5));
    let held = newest(&bench, TWO);
    assert_eq!((held.state, held.hold), (State::Cordoned, Hold::Quorum));
    bench.installs = true;
    bench.advance(secs(20));
    assert_eq!(newest(&bench, TWO).state, State::Uncordoned);
}

#[test]
fn k5_evacuating_is_held_while_nothing_fits_elsewhere() {
    let mut bench = Bench::of_hosts(&ALL[..2]);
    let at = served_from(&mut bench);
    bench.waivers = bench.waivers.with(&gate::QUORUM_HEALTHY);
    assert!(drain(&mut bench, at));
    bench.advance(secs(5));
    // It would fit, but the one host that is left could not be lost any more.
    assert_eq!(newest(&bench, at).hold, Hold::NoHeadroom);
    assert_eq!(serving(&bench), [at]);
}

#[test]
fn k5_one_host_of_a_zone_at_a_time() {
    let managed = Managed {
        bootstrap: BOOTSTRAP,
        voters: vec![],
        zones: vec![0, 0, 1, 1],
        approved: vec![Version(2)],
    };
    let mut bench = Bench::of_managed(&ALL, managed);
    bench.installs = false;
    assert!(drain(&mut bench, ONE));
    bench.advance(secs(5));
    assert!(drain(&mut bench, TWO));
    bench.advance(secs(5));
    assert_eq!(newest(&bench, TWO).hold, Hold::ZoneBusy);
    assert!(drain(&mut bench, THREE));
    bench.advance(secs(5));
    assert_eq!(newest(&bench, THREE).state, State::Upgrading);
}

#[test]
fn k5_a_provider_that_is_silent_holds_the_drain() {
    let mut bench = Bench::of_hosts(&ALL);
    bench.provider_answers = false;
    assert!(drain(&mut bench, ONE));
    bench.advance(secs(5));
    let held = newest(&bench, ONE);
    assert_eq!(
        (held.state, held.hold),
        (State::Cordoned, Hold::ProviderOutage)
    );
    bench.provider_answers = true;
    bench.advance(secs(20));
    assert_eq!(newest(&bench, ONE).state, State::Uncordoned);
}

// Evacuating → replacement ready.

#[test]
fn k5_the_replacement_serves_before_anything_leaves() {
    let mut bench = Bench::of_hosts(&ALL);
    let at = served_from(&mut bench);
    bench.boot = None;
    assert!(drain(&mut bench, at));
    bench.advance(secs(10));
    assert_eq!(newest(&bench, at).state, State::Evacuating);
    assert_eq!(serving(&bench), [at]);
    assert!(bench.refused(&gate::REPLACEMENT_SERVES));
}

#[test]
fn k5_a_pinned_session_is_waited_for_until_its_deadline_and_counted() {
    let mut bench = Bench::of_hosts(&ALL);
    let at = served_from(&mut bench);
    bench.set(&knob::DRAIN_DEADLINE, 20_000_000);
    bench.serves = None;
    bench.request(Class::Upgrade);
    bench.serves = Some(millis(10));
    assert!(drain(&mut bench, at));
    bench.advance(secs(10));
    let held = newest(&bench, at);
    assert_eq!(
        (held.state, held.hold),
        (State::Evacuating, Hold::SessionsPinned)
    );
    bench.advance(secs(30));
    let done = newest(&bench, at);
    assert_eq!((done.state, done.forced), (State::Uncordoned, 1));
    assert!(note(&bench, |note| matches!(
        note,
        HostNote::Emptied {
            forced: 1,
            killed: 0,
            ..
        }
    )));
}

#[test]
fn k5_killing_is_no_drain_and_is_counted_as_killing() {
    let mut bench = Bench::of_hosts(&ALL);
    let at = served_from(&mut bench);
    bench.serves = None;
    bench.request(Class::Upgrade);
    assert!(drain(&mut bench, at));
    assert!(host(&mut bench, Command::Kill { host: at }));
    bench.advance(secs(5));
    assert!(note(&bench, |note| matches!(
        note,
        HostNote::Emptied {
            forced: 0,
            killed: 1,
            ..
        }
    )));
    let killed = bench
        .control
        .machine
        .allocations()
        .iter()
        .any(|(_, row)| row.value.host == at && row.value.state == allocation::State::Failed);
    assert!(killed);
}

// Replacement ready → upgrading.

#[test]
fn k5_only_an_approved_image_is_installed() {
    let mut bench = Bench::of_hosts(&ALL);
    let version = Version(9);
    assert!(host(&mut bench, Command::Drain { host: ONE, version }));
    bench.advance(secs(5));
    let held = newest(&bench, ONE);
    assert_eq!(
        (held.state, held.hold),
        (State::ReplacementReady, Hold::ImageNotApproved)
    );
    assert!(host(&mut bench, Command::Approve { version }));
    bench.advance(secs(10));
    assert_eq!(newest(&bench, ONE).state, State::Uncordoned);
}

// Upgrading → postcheck.

#[test]
fn k5_what_the_host_said_before_it_went_off_is_no_return() {
    let mut bench = Bench::of_hosts(&ALL);
    bench.installs = false;
    assert!(drain(&mut bench, ONE));
    bench.advance(secs(10));
    assert_eq!(newest(&bench, ONE).state, State::Upgrading);
    assert!(bench.refused(&gate::BOOT_ID_CHANGED));
}

#[test]
fn k5_an_upgrade_that_takes_too_long_is_stuck_and_goes_on_when_it_can() {
    let mut bench = Bench::of_hosts(&ALL);
    bench.installs = false;
    assert!(drain(&mut bench, ONE));
    bench.advance(secs(1_900));
    let held = newest(&bench, ONE);
    assert_eq!(
        (held.state, held.hold),
        (State::Upgrading, Hold::UpgradeStuck)
    );
    bench.installs = true;
    bench.advance(secs(10));
    assert_eq!(newest(&bench, ONE).state, State::Uncordoned);
}

// Postcheck → uncordoned.

#[test]
fn k5_a_drain_goes_all_the_way() {
    let mut bench = Bench::of_hosts(&ALL);
    let at = served_from(&mut bench);
    assert!(drain(&mut bench, at));
    bench.advance(secs(20));
    let done = newest(&bench, at);
    assert_eq!(
        (done.state, done.attempt, done.forced),
        (State::Uncordoned, 1, 0)
    );
    assert_ne!(serving(&bench), [at]);
    let machine = bench.runners[&at].machine.machine();
    assert_eq!(machine.built.facts.version, Version(2));
    assert!(done.boot > done.boot_before);
}

#[test]
fn k5_postcheck_to_uncordoned_needs_every_check() {
    let broken: [fn(&mut Facts); 4] = [
        |facts| facts.drift = true,
        |facts| facts.agent = false,
        |facts| facts.test_allocation = false,
        |facts| facts.routes = false,
    ];
    for broken in broken {
        let mut bench = Bench::of_hosts(&ALL);
        bench.broken = broken;
        assert!(drain(&mut bench, ONE));
        bench.advance(secs(60));
        let held = newest(&bench, ONE);
        assert_eq!(
            (held.state, held.hold),
            (State::Postcheck, Hold::PostcheckFailed)
        );
    }
}

#[test]
fn k5_a_postcheck_of_an_earlier_boot_is_void() {
    let mut bench = Bench::of_hosts(&ALL);
    bench.law = Box::new(|_, _, message| match message {
        Any::Host(Message::PostcheckReport { .. }) => Fate::Keep,
        _ => Fate::Deliver,
    });
    assert!(drain(&mut bench, ONE));
    bench.advance(secs(8));
    assert_eq!(newest(&bench, ONE).state, State::Postcheck);
    bench.crash_and_restart(ONE);
    bench.advance(millis(200));
    let (from, to, report) = bench.kept[0];
    bench.deliver(from, to, report);
    bench.settle();
    assert!(bench.refused(&gate::POSTCHECK_CURRENT));
    assert_eq!(newest(&bench, ONE).state, State::Postcheck);
}

// Postcheck → upgrading.

#[test]
fn k5_a_failed_postcheck_is_followed_by_a_rebuild_three_times_at_most() {
    let mut bench = Bench::of_hosts(&ALL);
    bench.broken = |facts| facts.routes = false;
    assert!(drain(&mut bench, ONE));
    bench.advance(secs(60));
    let held = newest(&bench, ONE);
    assert_eq!(
        (held.state, held.hold, held.tries),
        (State::Postcheck, Hold::PostcheckFailed, 3)
    );
    assert!(bench.refused(&gate::HOST_CHECKS) && bench.refused(&gate::REBUILDS_LEFT));
    assert!(!host(&mut bench, Command::Uncordon { host: ONE }));
}

#[test]
fn k5_drift_fails_the_postcheck_and_a_rebuild_removes_it() {
    let mut bench = Bench::of_hosts(&ALL);
    bench.broken = |facts| facts.drift = true;
    assert!(drain(&mut bench, ONE));
    bench.advance(secs(4));
    assert!(bench.refused(&gate::DRIFT_CHECKS));
    bench.broken = |_| {};
    bench.advance(secs(20));
    let done = newest(&bench, ONE);
    assert_eq!(done.state, State::Uncordoned);
    assert!(done.attempt >= 2);
}

#[test]
fn k5_a_broken_agent_freezes_the_rollout_until_another_image_is_approved() {
    let mut bench = Bench::of_hosts(&ALL);
    bench.broken = |facts| facts.agent = facts.version != Version(2);
    assert!(drain(&mut bench, ONE));
    bench.advance(secs(10));
    let held = newest(&bench, ONE);
    assert_eq!(
        (held.state, held.hold, held.attempt),
        (State::Postcheck, Hold::PostcheckFailed, 1)
    );
    assert!(drain(&mut bench, TWO));
    bench.advance(secs(5));
    assert_eq!(newest(&bench, TWO).hold, Hold::RolloutFrozen);
    assert!(host(
        &mut bench,
        Command::Approve {
            version: Version(3)
        }
    ));
    bench.advance(secs(30));
    assert_eq!(newest(&bench, ONE).state, State::Uncordoned);
    assert_eq!(newest(&bench, TWO).version, Version(3));
    assert_eq!(newest(&bench, TWO).state, State::Uncordoned);
}

// Cordoned, evacuating → uncordoned.

#[test]
fn k5_cordoned_is_called_off_only_while_the_host_is_unchanged() {
    let mut bench = Bench::of_hosts(&ALL);
    let version = Version(2);
    assert!(host(&mut bench, Command::Cordon { host: ONE, version }));
    assert!(host(&mut bench, Command::Uncordon { host: ONE }));
    assert_eq!(newest(&bench, ONE).state, State::Uncordoned);
    assert!(host(&mut bench, Command::Cordon { host: TWO, version }));
    bench.deliver(OPERATOR, TWO, Any::Host(Message::HandPatch));
    bench.advance(secs(2));
    assert!(!host(&mut bench, Command::Uncordon { host: TWO }));
    assert!(bench.refused(&gate::HOST_UNMODIFIED));
}

#[test]
fn k5_evacuating_is_called_off_only_while_the_host_is_unchanged() {
    for patched in [false, true] {
        let mut bench = Bench::of_hosts(&ALL);
        let at = served_from(&mut bench);
        bench.boot = None;
        assert!(drain(&mut bench, at));
        bench.advance(secs(3));
        assert_eq!(newest(&bench, at).state, State::Evacuating);
        if patched {
            bench.deliver(OPERATOR, at, Any::Host(Message::HandPatch));
            bench.advance(secs(2));
        }
        assert_eq!(host(&mut bench, Command::Uncordon { host: at }), !patched);
        let state = if patched {
            State::Evacuating
        } else {
            State::Uncordoned
        };
        assert_eq!(newest(&bench, at).state, state);
        assert_eq!(serving(&bench), [at]);
    }
}

#[test]
fn two_voters_are_not_rebuilt_at_once() {
    let mut bench = Bench::of_hosts(&ALL[..3]);
    bench.broken = |facts| facts.agent = facts.version != Version(2);
    bench.waivers = bench.waivers.with(&gate::ROLLOUT_OPEN);
    for id in [ONE, TWO] {
        assert!(drain(&mut bench, id));
        bench.advance(secs(15));
        assert_eq!(newest(&bench, id).hold, Hold::PostcheckFailed);
    }
    assert!(host(
        &mut bench,
        Command::Approve {
            version: Version(3)
        }
    ));
    assert_eq!(newest(&bench, ONE).state, State::Upgrading);
    assert_eq!(newest(&bench, TWO).hold, Hold::Quorum);
    bench.advance(secs(30));
    assert_eq!(newest(&bench, TWO).state, State::Uncordoned);
}

#[test]
fn a_drain_goes_on_where_a_crash_of_the_control_plane_came_into_it() {
    for pause in 1..12 {
        let mut bench = Bench::of_hosts(&ALL);
        let at = served_from(&mut bench);
        assert!(drain(&mut bench, at));
        bench.advance(millis(700 * pause));
        bench.crash_and_restart(CONTROL);
        bench.advance(secs(30));
        let done = newest(&bench, at);
        assert_eq!(
            (done.state, done.attempt),
            (State::Uncordoned, 1),
            "{pause}"
        );
    }
}

#[test]
fn an_install_that_is_told_twice_is_made_once() {
    let mut bench = Bench::of_hosts(&ALL);
    bench.prove_repeats = true;
    assert!(drain(&mut bench, ONE));
    bench.advance(secs(20));
    let boots = bench.count(|note| matches!(note, Note::Host(HostNote::SwitchedOn { .. })));
    assert_eq!((boots, newest(&bench, ONE).state), (1, State::Uncordoned));
}

#[test]
fn the_same_wish_again_attaches_to_the_drain_that_is_there() {
    let mut bench = Bench::of_hosts(&ALL);
    let version = Version(2);
    assert!(host(&mut bench, Command::Cordon { host: ONE, version }));
    assert!(drain(&mut bench, ONE) && drain(&mut bench, ONE));
    assert_eq!(bench.control.machine.drains().len(), 1);
    assert!(newest(&bench, ONE).go);
    assert!(!host(&mut bench, Command::Uncordon { host: TWO }));
}

// An order for many hosts at once.

#[test]
fn n29_an_order_for_all_hosts_counts_only_if_all_were_meant() {
    let all = |meant| Command::DrainAll {
        hosts: 0b1111,
        meant,
        version: Version(2),
    };
    let mut bench = Bench::of_hosts(&ALL);
    assert!(!host(&mut bench, all(1)));
    assert!(bench.refused(&gate::SCOPE_CONFIRMED));
    assert!(bench.control.machine.drains().is_empty());
    assert!(host(&mut bench, all(4)));
    assert_eq!(bench.control.machine.drains().len(), 4);
}

#[test]
fn n29_hosts_are_built_in_turns() {
    let managed = Managed {
        bootstrap: BOOTSTRAP,
        voters: vec![],
        zones: vec![0, 1, 2, 3],
        approved: vec![Version(2)],
    };
    let mut bench = Bench::of_managed(&ALL, managed);
    bench.set(&knob::HOSTS_BUILT_AT_ONCE, 1);
    bench.installs = false;
    assert!(drain(&mut bench, ONE));
    bench.advance(secs(5));
    assert!(drain(&mut bench, TWO));
    bench.advance(secs(5));
    assert_eq!(newest(&bench, ONE).state, State::Upgrading);
    assert_eq!(newest(&bench, TWO).hold, Hold::BuildSlots);
    bench.installs = true;
    bench.advance(secs(20));
    assert_eq!(newest(&bench, TWO).state, State::Uncordoned);
}
