//! What is held back so that it does not bear down on what could not take it.

use crate::bench::*;
use machine::NodeId;
use platform::id::RouteId;
use platform::message::{Class, Command, Message, Reason};
use platform::note::Note;
use platform::outage::Message as Say;
use platform::pressure::{Command as Order, Message as Page, Note as Told, Setting};
use platform::wake::State;
use platform::{gate, knob};

const WATCH: NodeId = NodeId(40);

fn word(bench: &mut Bench, route: RouteId, held: bool, nth: u32) {
    let say = Say::HealthAsk { route, held, nth };
    bench.deliver(WATCH, CONTROL, Message::Outage(say));
    bench.settle();
}

fn knock(bench: &mut Bench, route: RouteId) -> Option<(u16, Reason)> {
    let id = bench.send_request(EDGE, route, Class::SafePage, None, 0);
    bench.advance(secs(2));
    bench.answer(id)
}

// M.6 Provider outage: resume with back-pressure.

#[test]
fn m6_no_app_is_woken_while_its_provider_is_in_an_outage() {
    let mut bench = Bench::new();
    word(&mut bench, ROUTE, true, 1);
    assert_eq!(
        knock(&mut bench, ROUTE),
        Some((503, Reason::ProviderDown)),
        "whoever comes is told why, and when to come again"
    );
    assert!(bench.refused(&gate::WAKE_NOT_POINTLESS));
    assert_eq!(bench.control.machine.allocations().len(), 0);
    // Another app needs another provider, or none.
    assert_eq!(knock(&mut bench, CONTRACT_ROUTE).map(|it| it.0), Some(200));
    bench.advance(secs(6));
    word(&mut bench, ROUTE, false, 2);
    assert_eq!(knock(&mut bench, ROUTE).map(|it| it.0), Some(200));
}

#[test]
fn m6_an_older_word_changes_nothing_and_an_old_one_is_none() {
    let mut bench = Bench::new();
    word(&mut bench, ROUTE, true, 2);
    word(&mut bench, ROUTE, false, 1);
    assert_eq!(knock(&mut bench, ROUTE), Some((503, Reason::ProviderDown)));
    bench.advance(bench.knobs.time(&knob::PROVIDER_EVIDENCE_TTL));
    assert_eq!(knock(&mut bench, ROUTE).map(|it| it.0), Some(200));
}

#[test]
fn m6_after_an_outage_apps_are_woken_in_steps() {
    let mut bench = Bench::new();
    for (route, held, nth) in [(ROUTE, true, 1), (CONTRACT_ROUTE, true, 2)] {
        word(&mut bench, route, held, nth);
    }
    for (route, held, nth) in [(ROUTE, false, 3), (CONTRACT_ROUTE, false, 4)] {
        word(&mut bench, route, held, nth);
    }
    assert_eq!(knock(&mut bench, ROUTE).map(|it| it.0), Some(200));
    assert_eq!(bench.wake().state, State::Hot);
    assert_eq!(
        knock(&mut bench, CONTRACT_ROUTE),
        Some((503, Reason::ProviderReturns))
    );
    assert!(bench.refused(&gate::WAKES_RETURN_IN_STEPS));
    bench.advance(bench.knobs.time(&knob::LIFT_INTERVAL));
    assert_eq!(knock(&mut bench, CONTRACT_ROUTE).map(|it| it.0), Some(200));
}

// What weighs on the control plane's store.

fn journal(bench: &mut Bench, edges: u8) -> bool {
    bench.command(Command::Pressure(Order::Journal { edges }))
}

fn set(bench: &Bench) -> Setting {
    bench.control.machine.setting().expect("it is pressed")
}

/// A store that takes nothing any more, with this much waiting for it.
fn stuck(bench: &mut Bench) -> (u32, u32) {
    bench.stuck_disks.push(CONTROL);
    bench.request(Class::SafePage);
    bench.advance(secs(1));
    bench.control.machine.waiting_writes()
}

#[test]
fn every_delivery_is_one_more_write_while_the_journal_is_kept() {
    let lines = |edges| {
        let mut bench = Bench::of_pressed();
        assert!(journal(&mut bench, edges));
        let before = bench.control.durable.len();
        bench.make_hot();
        bench.advance(secs(1));
        let commits = bench.control.machine.outbox().len();
        (bench.control.durable.len() - before, commits)
    };
    let ((none, commits), (all, same)) = (lines(0), lines(2));
    assert_eq!(commits, same + 1, "turning it off is a commit as well");
    assert!(
        all > 2 * none,
        "{all} writes with the journal, {none} without"
    );
}

#[test]
fn a_start_reads_over_the_journal_and_knows_what_was_set() {
    let mut bench = Bench::of_pressed();
    bench.make_hot();
    assert!(journal(&mut bench, 1));
    let before = (
        bench.control.machine.outbox().len(),
        bench.control.machine.routes().fingerprint(),
        bench.control.machine.wakes().fingerprint(),
    );
    bench.crash_and_restart(CONTROL);
    let after = (
        bench.control.machine.outbox().len(),
        bench.control.machine.routes().fingerprint(),
        bench.control.machine.wakes().fingerprint(),
    );
    assert_eq!(before, after);
    assert_eq!(set(&bench).journal, 1);
}

#[test]
fn nothing_is_woken_while_the_store_does_not_keep_up() {
    let mut bench = Bench::of_pressed();
    bench.set(&knob::STORE_BACKLOG, 3);
    let (commits, lines) = stuck(&mut bench);
    assert!(commits + lines >= 3);
    // The refusal itself does not wait for the store.
    let answer = knock(&mut bench, CONTRACT_ROUTE);
    assert_eq!(answer, Some((503, Reason::StoreBusy)));
    assert!(bench.refused(&gate::STORE_KEEPS_UP));
    bench.unstick(CONTROL);
    bench.advance(bench.knobs.time(&knob::STORE_REST));
    assert_eq!(knock(&mut bench, CONTRACT_ROUTE).map(|it| it.0), Some(200));
}

#[test]
fn the_journal_comes_back_edge_by_edge_and_only_on_a_calm_store() {
    let mut bench = Bench::of_pressed();
    assert!(journal(&mut bench, 0));
    assert!(!journal(&mut bench, 2), "not everything at once");
    assert!(bench.refused(&gate::JOURNAL_IN_STAGES));
    assert!(journal(&mut bench, 1));
    bench.set(&knob::STORE_CALM, 2);
    stuck(&mut bench);
    assert!(!journal(&mut bench, 2));
    bench.unstick(CONTROL);
    assert!(journal(&mut bench, 2));
    assert_eq!(set(&bench).journal, 2);
}

fn call(bench: &mut Bench, console: u16, nth: u32) {
    let call = Message::Pressure(Page::Call { console, nth });
    bench.deliver(CLIENT, CONTROL, call);
    bench.settle();
}

fn told(bench: &Bench, wanted: impl Fn(&Told) -> bool) -> usize {
    bench.count(|note| matches!(note, Note::Pressure(note) if wanted(note)))
}

#[test]
fn a_call_is_answered_when_it_is_written_down() {
    let mut bench = Bench::of_pressed();
    bench.stuck_disks.push(CONTROL);
    call(&mut bench, 0, 1);
    let answered = |bench: &Bench| told(bench, |it| matches!(it, Told::CallAnswered { .. }));
    assert_eq!(
        (bench.control.machine.waiting_calls(), answered(&bench)),
        (1, 0)
    );
    bench.unstick(CONTROL);
    assert_eq!(
        (bench.control.machine.waiting_calls(), answered(&bench)),
        (0, 1)
    );
}

#[test]
fn whoever_calls_when_enough_wait_is_turned_away_at_once() {
    let mut bench = Bench::of_pressed();
    bench.stuck_disks.push(CONTROL);
    assert!(bench.command(Command::Pressure(Order::Admit { calls: 2 })));
    for console in 0..5 {
        call(&mut bench, console, 1);
    }
    assert_eq!(bench.control.machine.waiting_calls(), 2);
    assert_eq!(told(&bench, |it| matches!(it, Told::CallRefused { .. })), 3);
    assert!(bench.refused(&gate::CALLS_BOUNDED));
    // What was set is known after a crash, too, as far as it was written.
    bench.unstick(CONTROL);
    bench.crash_and_restart(CONTROL);
    assert_eq!(set(&bench).calls, Some(2));
}
