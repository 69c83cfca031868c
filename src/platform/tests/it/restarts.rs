//! Crashes of each node at each stage: what was durable goes on, what was not is not missed.

use crate::bench::*;
use machine::Duration;
use platform::allocation::State;
use platform::message::{Class, Command, Reason};
use platform::note::Note;
use platform::{knob, wake};

/// Moments in the life of a wake, from the first request to serving and back to sleep.
const MOMENTS: [u64; 14] = [
    0, 1, 50, 99, 100, 101, 150, 300, 301, 500, 501, 700, 2_000, 303_000,
];

fn served_after(mut bench: Bench, why: &str) {
    bench.advance(secs(90));
    let id = bench.request(Class::SafePage);
    bench.advance(secs(8));
    assert_eq!(bench.answer(id), Some((200, Reason::Served)), "{why}");
    let running = bench.processes.len();
    assert_eq!(running, 1, "{why}");
}

#[test]
fn the_control_plane_may_crash_at_any_moment() {
    for moment in MOMENTS {
        for down in [0, 3, 20] {
            let mut bench = Bench::new();
            bench.request(Class::SafePage);
            bench.advance(millis(moment));
            bench.crash(CONTROL);
            bench.advance(secs(down));
            bench.restart(CONTROL);
            bench.settle();
            served_after(bench, &format!("after a crash at {moment} ms of {down} s"));
        }
    }
}

#[test]
fn the_control_plane_may_lose_any_part_of_what_it_was_writing() {
    for writes in 0..16 {
        let mut bench = Bench::new();
        bench.stuck_disks.push(CONTROL);
        bench.request(Class::SafePage);
        for _ in 0..writes {
            bench.advance(millis(60));
            // One write after the other gets through.
            bench.step_disk(CONTROL);
        }
        bench.stuck_disks.clear();
        bench.crash_and_restart(CONTROL);
        served_after(bench, &format!("after {writes} writes"));
    }
}

#[test]
fn the_installation_is_written_down_once_even_if_that_is_interrupted() {
    for writes in 0..7 {
        let mut bench = Bench::cold_start(&[EDGE], &[RUNNER]);
        bench.stuck_disks.push(CONTROL);
        bench.boot_all();
        for _ in 0..writes {
            bench.step_disk(CONTROL);
        }
        bench.stuck_disks.clear();
        bench.crash_and_restart(CONTROL);
        let control = &bench.control.machine;
        assert_eq!(
            (
                control.deployments().len(),
                control.routes().len(),
                control.wakes().len()
            ),
            (2, 2, 2)
        );
        served_after(bench, "after an interrupted installation");
    }
}

#[test]
fn tables_after_a_restart_are_the_tables_before() {
    let mut bench = Bench::new();
    bench.make_hot();
    let rows = |bench: &Bench| {
        let control = &bench.control.machine;
        (
            control.routes().fingerprint(),
            control.wakes().fingerprint(),
            control.allocations().fingerprint(),
            control.deployments().fingerprint(),
        )
    };
    let before = rows(&bench);
    bench.crash_and_restart(CONTROL);
    assert_eq!(rows(&bench), before);
}

#[test]
fn a_runner_may_crash_at_any_moment() {
    for moment in MOMENTS {
        for down in [0, 3, 70] {
            let mut bench = Bench::new();
            bench.request(Class::SafePage);
            bench.advance(millis(moment));
            bench.crash(RUNNER);
            bench.advance(secs(down));
            bench.restart(RUNNER);
            bench.settle();
            served_after(bench, &format!("after a crash at {moment} ms of {down} s"));
        }
    }
}

#[test]
fn a_runner_that_comes_back_reports_what_is_gone() {
    let mut bench = Bench::new();
    bench.make_hot();
    bench.crash_and_restart(RUNNER);
    let value = bench.allocation(0);
    assert_eq!(
        (value.state, value.cause, bench.wake().state),
        (
            State::Failed,
            platform::message::Cause::RunnerCrash,
            wake::State::Cold
        )
    );
    bench.crash_and_restart(RUNNER);
    assert_eq!(
        bench.count(|note| matches!(note, Note::LateReportRecorded { .. })),
        0,
        "once"
    );
}

#[test]
fn an_edge_may_crash_at_any_moment() {
    // Not in the very millisecond of its start: what it says is numbered by the clock.
    for moment in MOMENTS.into_iter().skip(1) {
        let mut bench = Bench::new();
        bench.request(Class::SafePage);
        bench.advance(millis(moment));
        bench.crash_and_restart(EDGE);
        served_after(bench, &format!("after a crash at {moment} ms"));
    }
}

#[test]
fn a_sleep_that_a_crash_came_into_goes_on() {
    for moment in [0, 1, 2, 5, 100, 1_000] {
        for who in [CONTROL, RUNNER, EDGE] {
            let mut bench = Bench::new();
            bench.make_hot();
            bench.stuck_disks.push(CONTROL);
            while bench.wake().state == wake::State::Hot {
                bench.advance(millis(500));
            }
            bench.stuck_disks.clear();
            bench.unstick(CONTROL);
            bench.advance(millis(moment));
            bench.crash_and_restart(who);
            bench.advance(secs(30));
            assert_eq!(bench.wake().state, wake::State::Cold);
            served_after(bench, "after a sleep with a crash");
        }
    }
}

#[test]
fn a_promotion_that_a_crash_came_into_goes_on() {
    for writes in 0..5 {
        let mut bench = Bench::new();
        bench.make_hot();
        bench.stuck_disks.push(CONTROL);
        bench.command(Command::Promote {
            route: ROUTE,
            deployment: NEW,
            predecessor: platform::id::Epoch(1),
        });
        for _ in 0..writes {
            bench.step_disk(CONTROL);
        }
        bench.stuck_disks.clear();
        bench.crash_and_restart(CONTROL);
        bench.advance(secs(10));
        let owner = bench.control.machine.routes().get(0).unwrap().value;
        for (id, row) in bench.control.machine.allocations().iter() {
            assert!(
                row.value.state.is_terminal() || row.value.epoch == owner.epoch,
                "{id} after {writes} writes"
            );
        }
        served_after(bench, "after a promotion with a crash");
    }
}

#[test]
fn a_stop_that_was_ordered_is_not_forgotten() {
    let mut bench = Bench::new();
    bench.make_hot();
    bench.law = Box::new(|_, to, message| {
        if to == EDGE && matches!(message, platform::message::Message::Event { .. }) {
            Fate::Drop
        } else {
            Fate::Deliver
        }
    });
    assert!(bench.command(Command::StopAllocation {
        allocation: platform::id::AllocationId(0)
    }));
    assert_eq!(
        (bench.allocation(0).state, bench.allocation(0).leaving),
        (State::Ready, true)
    );
    bench.crash_and_restart(CONTROL);
    bench.law = Box::new(|_, _, _| Fate::Deliver);
    bench.advance(secs(6));
    assert_eq!(bench.allocation(0).state, State::Stopped);
}

#[test]
fn draining_goes_on_with_the_time_it_had_left() {
    let mut bench = Bench::new();
    bench.make_hot();
    bench.set(&knob::DRAIN_DEADLINE, 20_000_000);
    bench.set(&knob::DISPATCH_TIMEOUT, 100_000_000);
    bench.serves = None;
    bench.request(Class::SafePage);
    bench.law = Box::new(|_, to, message| {
        if to == RUNNER && matches!(message, platform::message::Message::Stop { .. }) {
            Fate::Drop
        } else {
            Fate::Deliver
        }
    });
    bench.command(Command::StopAllocation {
        allocation: platform::id::AllocationId(0),
    });
    bench.advance(secs(5));
    bench.law = Box::new(|_, _, _| Fate::Deliver);
    bench.crash_and_restart(CONTROL);
    bench.advance(secs(14));
    assert_eq!(bench.allocation(0).state, State::Draining);
    bench.advance(secs(2));
    assert_eq!(bench.allocation(0).state, State::Stopped);
    assert_eq!(bench.repeat_after, Duration::ZERO);
}

#[test]
fn a_runner_acts_on_an_order_only_when_it_is_durable() {
    let mut bench = Bench::new();
    bench.stuck_disks.push(RUNNER);
    bench.request(Class::SafePage);
    bench.advance(secs(2));
    assert!(bench.images.is_empty());
    bench.unstick(RUNNER);
    bench.advance(secs(2));
    assert_eq!(bench.wake().state, wake::State::Hot);
}
