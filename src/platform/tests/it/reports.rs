//! What becomes of a report, case by case.

use crate::bench::*;
use platform::allocation::{State, Transition};
use platform::id::{AllocationId, ReportId, Token};
use platform::message::{Cause, Class, Message, Observed};
use platform::note::Note;
use platform::{gate, knob, wake};

const ALLOCATION: AllocationId = AllocationId(0);

/// A report that no runner of the bench has made.
fn report(number: u64, token: u32, observed: Observed) -> Message {
    Message::Report {
        report: ReportId(1 << 63 | number),
        allocation: ALLOCATION,
        token: Token(token),
        observed,
        nth: 1,
    }
}

fn acks(bench: &Bench, number: u64) -> usize {
    bench.sent(|message| matches!(message, Message::ReportAck { report, .. } if report.0 == 1 << 63 | number))
}

fn starting() -> Bench {
    let mut bench = Bench::new();
    bench.ready = false;
    bench.request(Class::SafePage);
    bench.advance(millis(150));
    assert_eq!(bench.allocation(0).state, State::Starting);
    bench
}

fn pass(number: u64, token: u32, bench: &Bench) -> Message {
    report(
        number,
        token,
        Observed::Readiness {
            nth: number as u32,
            pass: true,
            reason: 0,
            at: bench.now,
        },
    )
}

// K.0 Rules common to all: how a report is handled. The same report again.

#[test]
fn k0_duplicate_report_is_acked_and_writes_nothing() {
    let mut bench = starting();
    let message = pass(1, 1, &bench);
    bench.deliver(RUNNER, CONTROL, message);
    bench.settle();
    let (rows, before) = (
        bench.control.machine.outbox().len(),
        bench.fingerprint(CONTROL),
    );
    assert_eq!(bench.allocation(0).passes, 1);
    bench.deliver(RUNNER, CONTROL, message);
    bench.settle();
    assert_eq!(
        (
            bench.control.machine.outbox().len(),
            bench.fingerprint(CONTROL)
        ),
        (rows, before)
    );
    assert_eq!(acks(&bench, 1), 2);
    assert_eq!(
        bench.count(|note| matches!(note, Note::ReportRepeated { .. })),
        1
    );
    assert!(bench.refused(&gate::REPORT_UNSEEN));
}

#[test]
fn k0_report_that_was_counted_before_a_crash_is_a_repeat_after_it() {
    let mut bench = starting();
    let message = pass(1, 1, &bench);
    bench.deliver(RUNNER, CONTROL, message);
    bench.settle();
    bench.crash_and_restart(CONTROL);
    bench.deliver(RUNNER, CONTROL, message);
    bench.settle();
    assert_eq!(bench.allocation(0).passes, 1);
}

// An unknown subject or another life of it.

#[test]
fn k0_report_about_something_unknown_is_refused_and_stopped() {
    let mut bench = Bench::new();
    bench.deliver(RUNNER, CONTROL, report(1, 1, Observed::Up));
    bench.settle();
    assert_eq!(
        bench.count(|note| matches!(note, Note::ReportRejected { .. })),
        2,
        "it, and the word that it was stopped"
    );
    assert_eq!(
        bench.sent(|message| matches!(message, Message::Stop { drain: None, .. })),
        1
    );
}

// A token below the current one.

#[test]
fn k0_report_under_an_older_token_is_recorded_and_moves_nothing() {
    let mut bench = starting();
    bench.exit(RUNNER, 1, false);
    assert_eq!(bench.allocation(0).token, Token(2));
    let before = bench.allocation(0);
    bench.deliver(RUNNER, CONTROL, pass(1, 1, &bench));
    bench.settle();
    assert_eq!(bench.allocation(0), before);
    assert_eq!(
        bench.count(|note| matches!(note, Note::LateReportRecorded { .. })),
        1
    );
    assert_eq!(acks(&bench, 1), 1);
    assert!(bench.refused(&gate::REPORT_TOKEN));
}

// A token above the current one.

#[test]
fn k0_report_under_a_token_that_was_never_issued_raises_an_alarm() {
    let mut bench = starting();
    let before = bench.allocation(0);
    bench.deliver(RUNNER, CONTROL, pass(1, 7, &bench));
    bench.settle();
    assert_eq!(bench.allocation(0), before);
    assert_eq!(
        bench.count(|note| matches!(note, Note::ReportFromFuture { .. })),
        1
    );
}

// The current token, and no arrow that fits.

#[test]
fn k0_report_that_fits_no_arrow_is_refused() {
    let mut bench = starting();
    bench.deliver(RUNNER, CONTROL, report(1, 1, Observed::Accepted));
    bench.settle();
    assert_eq!(
        bench.count(|note| matches!(note, Note::ReportIllegal { .. })),
        1
    );
    assert_eq!(
        (bench.allocation(0).state, acks(&bench, 1)),
        (State::Starting, 1)
    );
}

#[test]
fn k0_report_that_comes_before_its_turn_is_not_acked_and_counts_later() {
    let mut bench = Bench::new();
    bench.store_answers = false;
    bench.request(Class::SafePage);
    bench.advance(millis(50));
    assert_eq!(bench.allocation(0).state, State::Pulling);
    bench.deliver(RUNNER, CONTROL, report(1, 1, Observed::Up));
    bench.settle();
    assert_eq!((acks(&bench, 1), bench.allocation(0).up), (0, false));
    bench.deliver(
        RUNNER,
        CONTROL,
        report(
            2,
            1,
            Observed::Launched {
                digest: platform::id::Digest(0xA1),
                mounted: true,
            },
        ),
    );
    bench.deliver(RUNNER, CONTROL, report(1, 1, Observed::Up));
    bench.settle();
    assert_eq!((acks(&bench, 1), bench.allocation(0).up), (1, true));
}

// A subject that has ended.

#[test]
fn k0_nothing_that_has_ended_comes_back() {
    let mut bench = starting();
    bench.advance(secs(70));
    assert_eq!(
        (bench.allocation(0).state, bench.allocation(0).cause),
        (State::Failed, Cause::ReadinessTimeout)
    );
    let before = bench.allocation(0);
    bench.deliver(RUNNER, CONTROL, pass(1, 1, &bench));
    bench.settle();
    assert_eq!(bench.allocation(0), before);
    assert!(bench.refused(&gate::SUBJECT_LIVE));
    assert_eq!(acks(&bench, 1), 1);
    assert!(bench.processes.is_empty(), "its runner was told to stop it");
}

// Everything else.

#[test]
fn k0_current_legal_report_is_applied() {
    let bench = starting();
    assert_eq!(bench.took_allocation(Transition::Launched), 1);
    assert!(bench.count(|note| matches!(note, Note::ReportAccepted { .. })) >= 3);
}

#[test]
fn a_report_is_acked_only_when_what_it_caused_is_durable() {
    let mut bench = starting();
    bench.stuck_disks.push(CONTROL);
    bench.deliver(RUNNER, CONTROL, pass(1, 1, &bench));
    bench.deliver(RUNNER, CONTROL, pass(1, 1, &bench));
    bench.settle();
    assert_eq!((bench.allocation(0).passes, acks(&bench, 1)), (1, 0));
    bench.unstick(CONTROL);
    assert_eq!(acks(&bench, 1), 2);
}

#[test]
fn a_check_that_is_too_old_does_not_count() {
    let mut bench = starting();
    let message = pass(1, 1, &bench);
    bench.advance(secs(6));
    bench.deliver(RUNNER, CONTROL, message);
    bench.settle();
    assert_eq!(bench.allocation(0).passes, 0);
    assert!(bench.refused(&gate::EVIDENCE_FRESH));
}

#[test]
fn checks_that_were_stuck_in_the_network_are_made_again() {
    let mut bench = Bench::new();
    bench.law = Box::new(|from, to, message| {
        let readiness = matches!(
            message,
            Message::Report {
                observed: Observed::Readiness { .. },
                ..
            }
        );
        if from == RUNNER && to == CONTROL && readiness {
            Fate::Delay(secs(7))
        } else {
            Fate::Deliver
        }
    });
    bench.request(Class::SafePage);
    bench.advance(secs(10));
    assert_eq!(bench.allocation(0).state, State::Starting);
    bench.law = Box::new(|_, _, _| Fate::Deliver);
    bench.advance(secs(15));
    assert_eq!(
        (bench.allocation(0).state, bench.wake().state),
        (State::Ready, wake::State::Hot)
    );
}

#[test]
fn a_failed_check_breaks_the_row_and_older_ones_do_not() {
    let mut bench = starting();
    bench.set(&knob::READINESS_PASSES, 3);
    let old = bench.now;
    bench.advance(millis(1));
    for number in 1..=2 {
        bench.deliver(RUNNER, CONTROL, pass(number, 1, &bench));
    }
    bench.settle();
    let failure = |number, at| {
        report(
            number,
            1,
            Observed::Readiness {
                nth: 9,
                pass: false,
                reason: 1,
                at,
            },
        )
    };
    bench.deliver(RUNNER, CONTROL, failure(3, old));
    bench.settle();
    assert_eq!(bench.allocation(0).passes, 2);
    bench.advance(millis(1));
    let now = bench.now;
    bench.deliver(RUNNER, CONTROL, failure(4, now));
    bench.settle();
    assert_eq!(bench.allocation(0).passes, 0);
}
