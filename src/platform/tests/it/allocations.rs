//! The Allocation Lifecycle, row by row.

use crate::bench::*;
use machine::Duration;
use platform::allocation::{State, Transition};
use platform::id::{AllocationId, Digest, Epoch, Token};
use platform::message::{Cause, Class, Command, Message, Observed, Reason};
use platform::note::Note;
use platform::runner::{Stage, image};
use platform::{gate, knob, wake};

// K.4 Allocation lifecycle. Nothing → planned.

#[test]
fn k4_no_host_has_room() {
    let mut bench = Bench::new();
    bench.command(Command::SetMemoryLimit {
        deployment: OLD,
        limit: 4096 * MIB,
    });
    let id = bench.request(Class::SafePage);
    assert_eq!(
        (bench.wake().cause, bench.answer(id)),
        (Cause::NoPlacement, Some((503, Reason::WakeFailed)))
    );
    assert!(bench.refused(&gate::HOST_FITS));
    assert!(bench.control.machine.allocations().is_empty());
}

#[test]
fn k4_the_host_with_the_most_room_is_chosen() {
    let mut bench = Bench::with(&[EDGE], &[RUNNER, RUNNER_TWO]);
    bench.make_hot();
    bench.command(Command::StartAllocation {
        route: ROUTE,
        region: REGION,
    });
    assert_eq!(
        (bench.allocation(0).host, bench.allocation(1).host),
        (RUNNER, RUNNER_TWO)
    );
    bench.advance(secs(2));
    assert!(
        bench.allocation(1).serving,
        "capacity of an awake app goes into rotation"
    );
}

// Planned → pulling.

#[test]
fn k4_planned_to_pulling_when_the_runner_accepts_the_generation() {
    let mut bench = Bench::new();
    bench.store_answers = false;
    bench.law = Box::new(|_, _, message| match message {
        Message::Order { .. } => Fate::Keep,
        _ => Fate::Deliver,
    });
    bench.request(Class::SafePage);
    assert_eq!(bench.allocation(0).state, State::Planned);
    bench.law = Box::new(|_, _, _| Fate::Deliver);
    let (from, to, order) = bench.kept[0];
    let Message::Order { token, .. } = order else {
        panic!("an order");
    };
    bench.deliver(from, to, order);
    bench.settle();
    let value = bench.allocation(0);
    assert_eq!((value.state, value.token), (State::Pulling, token));
}

// Pulling → starting.

#[test]
fn k4_wrong_bytes_never_run() {
    let mut bench = Bench::new();
    bench.bytes = Some(Digest(0xBAD));
    bench.request(Class::SafePage);
    bench.advance(secs(1));
    assert_eq!(
        (bench.allocation(0).state, bench.allocation(0).cause),
        (State::Failed, Cause::DigestMismatch)
    );
    assert!(bench.images.is_empty());
    assert!(bench.refused(&gate::ARTIFACT_DIGEST_VERIFIED));
}

#[test]
fn k4_without_its_secrets_nothing_starts() {
    let mut bench = Bench::new();
    bench.secrets = false;
    bench.request(Class::SafePage);
    bench.advance(secs(1));
    assert_eq!(bench.allocation(0).cause, Cause::SecretMissing);
    assert!(bench.images.is_empty());
    assert!(bench.refused(&gate::ENV_SECRETS_MOUNTED));
    bench.secrets = true;
    bench.advance(secs(1));
    bench.make_hot();
}

#[test]
fn k4_secret_missing_to_failed_until_secret_bound() {
    let mut bench = Bench::of_vault();
    bench.secrets = false;
    bench.request(Class::SafePage);
    bench.advance(secs(1));
    assert_eq!(bench.allocation(0).cause, Cause::SecretMissing);
    // No hot loop: however many come, and whatever is ordered, nothing is started before somebody binds it.
    for _ in 0..4 {
        bench.advance(secs(5));
        let id = bench.request(Class::SafePage);
        assert_eq!(bench.answer(id), Some((503, Reason::SecretMissing)));
    }
    assert!(bench.refused(&gate::SECRET_BOUND));
    let (route, region) = (ROUTE, REGION);
    assert!(!bench.command(Command::RetryWake { route, region }));
    assert!(!bench.command(Command::StartAllocation { route, region }));
    assert_eq!(bench.control.machine.allocations().len(), 1);
    // Nobody asks any more, and the wake goes on because the secret is bound.
    bench.secrets = true;
    bench.advance(secs(30));
    assert_eq!(bench.wake().state, wake::State::Hot);
    assert_eq!(bench.control.machine.allocations().len(), 2);
}

#[test]
fn k4_after_a_crash_the_secret_is_still_waited_for_and_an_old_word_counts_for_nothing() {
    let mut bench = Bench::of_vault();
    bench.secrets = false;
    bench.request(Class::SafePage);
    bench.advance(secs(1));
    bench.restart(CONTROL);
    bench.advance(secs(5));
    let deployment = OLD;
    bench.deliver(VAULT, CONTROL, Message::SecretBound { deployment, nth: 1 });
    bench.settle();
    let id = bench.request(Class::SafePage);
    assert_eq!(bench.answer(id), Some((503, Reason::SecretMissing)));
    bench.secrets = true;
    bench.advance(secs(30));
    assert_eq!(bench.wake().state, wake::State::Hot);
}

#[test]
fn k4_what_is_launched_is_named_by_bytes_and_mounts() {
    let mut bench = Bench::new();
    bench.make_hot();
    assert_eq!(bench.images, [0xA1]);
    assert_eq!(image(Digest(0xA1), true), 0xA1);
    assert_ne!(image(Digest(0xA1), false), 0xA1);
    assert_eq!(bench.allocation(0).verified, Some(Digest(0xA1)));
}

// Starting → ready.

#[test]
fn k4_two_checks_in_a_row_make_it_ready() {
    let mut bench = Bench::new();
    bench.request(Class::SafePage);
    bench.advance(millis(350));
    assert_eq!(
        (bench.allocation(0).state, bench.allocation(0).passes),
        (State::Starting, 1)
    );
    assert!(bench.refused(&gate::HEALTH_READINESS_PASS));
    bench.advance(millis(200));
    assert_eq!(bench.allocation(0).state, State::Ready);
}

#[test]
fn k4_a_start_that_takes_too_long_fails_and_is_stopped() {
    let mut bench = Bench::new();
    bench.boot = None;
    bench.request(Class::SafePage);
    bench.advance(secs(61));
    assert_eq!(
        (
            bench.allocation(0).cause,
            bench.took_allocation(Transition::Broke)
        ),
        (Cause::ReadinessTimeout, 1)
    );
    assert!(bench.processes.is_empty());
    assert_eq!(
        bench.runners[&RUNNER].machine.slots()[&AllocationId(0)].stage,
        Stage::Ended
    );
}

// Pulling → failed.

#[test]
fn k4_a_pull_is_tried_again_and_given_up() {
    let mut bench = Bench::new();
    bench.store_answers = false;
    bench.request(Class::SafePage);
    bench.advance(secs(25));
    assert_eq!(
        bench.sent(|message| matches!(message, Message::Pull { .. })),
        3
    );
    bench.advance(secs(100));
    assert_eq!(
        (bench.allocation(0).state, bench.allocation(0).cause),
        (State::Failed, Cause::PullTimeout)
    );
}

// Planned → stopped.

#[test]
fn k4_planned_is_called_off() {
    let mut bench = Bench::new();
    bench.law = Box::new(|_, _, message| {
        if matches!(message, Message::Order { .. }) {
            Fate::Keep
        } else {
            Fate::Deliver
        }
    });
    bench.request(Class::SafePage);
    assert_eq!(bench.allocation(0).state, State::Planned);
    assert!(bench.command(Command::StopAllocation {
        allocation: AllocationId(0)
    }));
    assert_eq!(
        (
            bench.allocation(0).state,
            bench.took_allocation(Transition::Cancelled)
        ),
        (State::Stopped, 1)
    );
    assert_eq!(bench.wake().cause, Cause::Cancelled);
    // The order that the stop has overtaken starts nothing, not even after a crash.
    for crash in [false, true] {
        if crash {
            bench.crash_and_restart(RUNNER);
        }
        let order = bench.kept[0];
        bench.deliver(order.0, order.1, order.2);
        bench.advance(secs(1));
        assert!(bench.images.is_empty());
    }
    assert!(bench.refused(&gate::ORDER_TOKEN));
}

// Ready → draining → stopped.

#[test]
fn k4_drain_lets_requests_finish() {
    let mut bench = Bench::new();
    bench.make_hot();
    bench.serves = Some(secs(20));
    let id = bench.request(Class::SafePage);
    bench.set(&knob::DISPATCH_TIMEOUT, 60_000_000);
    let id_two = bench.request(Class::SafePage);
    assert!(bench.command(Command::StopAllocation {
        allocation: AllocationId(0)
    }));
    bench.advance(secs(5));
    assert_eq!(bench.allocation(0).state, State::Draining);
    assert!(bench.refused(&gate::DRAIN_DEADLINE_RESPECTED));
    bench.advance(secs(16));
    assert_eq!(
        (
            bench.allocation(0).state,
            bench.took_allocation(Transition::Drained)
        ),
        (State::Stopped, 1)
    );
    assert_eq!(
        (bench.status(id), bench.status(id_two)),
        (Some(504), Some(200))
    );
    assert_eq!(
        bench.count(|note| matches!(
            note,
            Note::ProcessStopped {
                in_flight: 0,
                deadline_reached: false,
                ..
            }
        )),
        1
    );
}

#[test]
fn k4_drain_ends_at_its_deadline_and_says_so() {
    let mut bench = Bench::new();
    bench.make_hot();
    bench.serves = None;
    bench.set(&knob::DRAIN_DEADLINE, 30_000_000);
    bench.request(Class::SafePage);
    bench.command(Command::StopAllocation {
        allocation: AllocationId(0),
    });
    bench.advance(secs(31));
    assert_eq!(bench.allocation(0).state, State::Stopped);
    assert_eq!(
        bench.count(|note| matches!(
            note,
            Note::ProcessStopped {
                in_flight: 1,
                deadline_reached: true,
                ..
            }
        )),
        1
    );
}

// Pulling, starting, ready, draining → failed; restarts in place, rotation and presence.

#[test]
fn k4_a_crash_is_restarted_in_place_under_a_new_token() {
    let mut bench = Bench::new();
    bench.make_hot();
    bench.exit(RUNNER, 1, false);
    assert_eq!(
        bench.count(|note| matches!(
            note,
            Note::RestartOrdered {
                token: Token(2),
                ..
            }
        )),
        1
    );
    assert_eq!(
        (bench.allocation(0).serving, bench.allocation(0).state),
        (false, State::Ready)
    );
    let id = bench.request(Class::SafePage);
    bench.advance(secs(2));
    assert_eq!(
        (bench.answer(id), bench.control.machine.allocations().len()),
        (Some((200, Reason::Served)), 1)
    );
    assert!(bench.allocation(0).serving);
    assert_eq!(
        bench.sent(|message| matches!(message, Message::Pull { .. })),
        1,
        "the bytes were still there"
    );
}

#[test]
fn k4_a_process_that_keeps_crashing_is_given_up() {
    for (oom, cause) in [(false, Cause::Crash), (true, Cause::Oom)] {
        let mut bench = Bench::new();
        bench.make_hot();
        for _ in 0..3 {
            bench.exit(RUNNER, 137, oom);
            bench.advance(millis(300));
        }
        assert_eq!(
            (bench.allocation(0).state, bench.allocation(0).cause),
            (State::Failed, cause)
        );
        assert!(bench.refused(&gate::RESTART_BUDGET));
        assert!(bench.processes.is_empty());
        bench.make_hot();
        assert_eq!(
            bench.control.machine.allocations().len(),
            2,
            "a replacement is a new allocation"
        );
    }
}

#[test]
fn k4_a_crash_at_boot_uses_up_the_restarts() {
    let mut bench = Bench::new();
    bench.dies_at_boot = true;
    let id = bench.request(Class::SafePage);
    bench.advance(secs(3));
    assert_eq!(
        (bench.allocation(0).cause, bench.wake().cause),
        (Cause::Crash, Cause::Crash)
    );
    assert_eq!(bench.answer(id), Some((503, Reason::WakeFailed)));
}

#[test]
fn k4_a_failed_check_takes_it_out_of_rotation_but_not_out_of_ready() {
    let mut bench = Bench::new();
    bench.make_hot();
    bench.ready = false;
    bench.advance(secs(2));
    let value = bench.allocation(0);
    assert_eq!(
        (value.state, value.serving, bench.wake().state),
        (State::Ready, false, wake::State::Cold)
    );
    bench.ready = true;
    let id = bench.request(Class::SafePage);
    bench.advance(secs(3));
    assert_eq!(
        (bench.answer(id), bench.allocation(0).serving),
        (Some((200, Reason::Served)), true)
    );
}

#[test]
fn k4_a_process_that_stays_unready_is_replaced() {
    let mut bench = Bench::new();
    bench.make_hot();
    bench.ready = false;
    bench.advance(secs(70));
    assert_eq!(
        (bench.allocation(0).state, bench.allocation(0).cause),
        (State::Failed, Cause::ReadinessTimeout)
    );
}

#[test]
fn k4_a_silent_host_serves_no_longer_and_is_lost_after_a_while() {
    let mut bench = Bench::new();
    bench.make_hot();
    bench.law = Box::new(|from, to, _| {
        if from == RUNNER || to == RUNNER {
            Fate::Drop
        } else {
            Fate::Deliver
        }
    });
    bench.advance(secs(7));
    assert!(!bench.control.machine.is_connected(RUNNER));
    assert_eq!(
        (
            bench.allocation(0).state,
            bench.allocation(0).serving,
            bench.wake().state
        ),
        (State::Ready, false, wake::State::Cold)
    );
    bench.advance(secs(60));
    assert_eq!(
        (bench.allocation(0).state, bench.allocation(0).cause),
        (State::Failed, Cause::HostLost)
    );
    assert_eq!(bench.processes.len(), 1);
    bench.law = Box::new(|_, _, _| Fate::Deliver);
    bench.advance(secs(3));
    assert!(
        bench.processes.is_empty(),
        "a runner that comes back with it is told to stop it"
    );
    assert_eq!(bench.allocation(0).state, State::Failed);
}

#[test]
fn k4_a_host_that_comes_back_in_time_serves_again() {
    let mut bench = Bench::new();
    bench.make_hot();
    bench.law = Box::new(|from, to, _| {
        if from == RUNNER || to == RUNNER {
            Fate::Drop
        } else {
            Fate::Deliver
        }
    });
    bench.advance(secs(20));
    bench.law = Box::new(|_, _, _| Fate::Deliver);
    bench.advance(millis(1100));
    let id = bench.request(Class::SafePage);
    bench.advance(secs(3));
    assert_eq!(
        (bench.answer(id), bench.allocation(0).serving),
        (Some((200, Reason::Served)), true)
    );
    assert_eq!(
        bench.count(|note| matches!(note, Note::PresenceChanged { .. })),
        2
    );
}

#[test]
fn k4_a_broken_drain_is_a_failure() {
    let mut bench = Bench::new();
    bench.make_hot();
    bench.serves = None;
    bench.request(Class::SafePage);
    bench.command(Command::StopAllocation {
        allocation: AllocationId(0),
    });
    bench.advance(secs(1));
    bench.exit(RUNNER, 1, false);
    assert_eq!(
        (bench.allocation(0).state, bench.allocation(0).cause),
        (State::Failed, Cause::Crash)
    );
}

#[test]
fn every_state_but_the_last_can_break() {
    for (gone, state) in [
        (false, State::Planned),
        (true, State::Pulling),
        (true, State::Starting),
        (true, State::Ready),
        (true, State::Draining),
    ] {
        let mut bench = Bench::new();
        bench.serves = None;
        match state {
            State::Planned => {
                bench.law = Box::new(|_, to, _| {
                    if to == RUNNER {
                        Fate::Drop
                    } else {
                        Fate::Deliver
                    }
                })
            }
            State::Pulling => bench.store_answers = false,
            State::Starting => bench.ready = false,
            _ => {}
        }
        bench.request(Class::SafePage);
        bench.advance(secs(2));
        if state == State::Draining {
            bench.command(Command::StopAllocation {
                allocation: AllocationId(0),
            });
        }
        assert_eq!(bench.allocation(0).state, state);
        if gone {
            bench.crash_and_restart(RUNNER);
            assert_eq!(bench.allocation(0).cause, Cause::RunnerCrash);
        } else {
            bench.advance(secs(120));
            assert_eq!(bench.allocation(0).cause, Cause::PullTimeout);
        }
        assert_eq!(
            (
                bench.allocation(0).state,
                bench.took_allocation(Transition::Broke)
            ),
            (State::Failed, 1)
        );
    }
}

#[test]
fn l1_the_old_version_drains_after_a_promotion() {
    let mut bench = Bench::new();
    bench.make_hot();
    assert!(bench.command(Command::Promote {
        route: ROUTE,
        deployment: NEW,
        predecessor: Epoch(1)
    }));
    bench.advance(secs(1));
    assert_eq!(bench.allocation(0).state, State::Stopped);
    assert_eq!(
        (bench.wake().state, bench.wake_at(Epoch(1)).state),
        (wake::State::Cold, wake::State::Cold)
    );
    bench.make_hot();
    assert_eq!(
        (bench.allocation(1).deployment, bench.images.last()),
        (NEW, Some(&0xB2))
    );
}

#[test]
fn a_hung_process_fails_its_checks() {
    let mut bench = Bench::new();
    bench.make_hot();
    // The process no longer answers checks: the host knows it as one that is not up.
    for process in &mut bench.processes {
        process.2 = false;
    }
    bench.advance(secs(3));
    let silent = |note: &Note| {
        matches!(
            note,
            Note::ReadinessProbed {
                pass: false,
                reason: u8::MAX,
                ..
            }
        )
    };
    assert!(bench.count(silent) >= 1);
    assert!(!bench.allocation(0).serving);
}

#[test]
fn checks_of_a_settled_process_are_slower_and_told_only_when_they_change() {
    let mut bench = Bench::new();
    bench.make_hot();
    let told = |bench: &Bench| {
        bench.sent(|message| {
            matches!(
                message,
                Message::Report {
                    observed: Observed::Readiness { .. },
                    ..
                }
            )
        })
    };
    let probed = |bench: &Bench| bench.count(|note| matches!(note, Note::ReadinessProbed { .. }));
    assert_eq!(told(&bench), 2);
    let before = probed(&bench);
    bench.advance(secs(10));
    assert_eq!((told(&bench), probed(&bench) - before), (2, 10));
    bench.ready = false;
    bench.advance(secs(10));
    assert_eq!(told(&bench), 3);
    bench.ready = true;
    bench.advance(secs(10));
    assert_eq!(told(&bench), 5);
    assert_eq!(bench.repeat_after, Duration::ZERO);
}
