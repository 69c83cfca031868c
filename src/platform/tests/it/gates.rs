//! Every gate: what happens when its refusal is overridden, and that no combination of overrides breaks the logic.

use crate::bench::*;
use machine::{Duration, Gate, Verdict, fingerprint};
use platform::id::{AllocationId, Digest, Epoch, IdempotencyKey, Token};
use platform::message::{Class, Command, Message, Observed, Reason};
use platform::note::Note;
use platform::runner::image;
use platform::{CATALOG, allocation, gate, knob, wake};

fn without(gates: &[&'static Gate]) -> Bench {
    let mut bench = Bench::new();
    for gate in gates {
        bench.waivers = bench.waivers.with(gate);
    }
    bench
}

fn waived(bench: &Bench, gate: &Gate) -> bool {
    bench.verdicts(gate).contains(&Verdict::Waived)
}

#[test]
fn safe_to_hold_waived_holds_a_webhook() {
    let mut bench = without(&[&gate::SAFE_TO_HOLD]);
    bench.send_request(EDGE, ROUTE, Class::Webhook, None, 0);
    assert_eq!(bench.edges[&EDGE].machine.held().len(), 1);
}

#[test]
fn wake_budget_waived_starts_for_ever() {
    let mut bench = without(&[&gate::WAKE_BUDGET]);
    bench.secrets = false;
    for _ in 0..8 {
        bench.request(Class::SafePage);
        bench.advance(secs(61));
    }
    assert_eq!(bench.control.machine.allocations().len(), 8);
}

#[test]
fn allocation_passes_readiness_waived_lets_requests_into_an_unready_process() {
    let mut bench = without(&[&gate::ALLOCATION_PASSES_READINESS]);
    bench.ready = false;
    bench.answers_well = false;
    let id = bench.request(Class::SafePage);
    bench.advance(millis(200));
    assert_eq!(
        (bench.wake().state, bench.allocation(0).state),
        (wake::State::Hot, allocation::State::Starting)
    );
    assert_eq!(bench.answer(id), Some((500, Reason::AppError)));
}

#[test]
fn unsafe_replay_policy_waived_dispatches_twice() {
    let mut bench = without(&[&gate::UNSAFE_REPLAY_POLICY]);
    bench.keyed(CONTRACT_ROUTE, 7, 1);
    bench.keyed(CONTRACT_ROUTE, 7, 1);
    bench.advance(secs(2));
    let dispatched = |note: &Note| {
        matches!(
            note,
            Note::RequestDispatched {
                key: Some(IdempotencyKey(7)),
                ..
            }
        )
    };
    assert_eq!(bench.count(dispatched), 2);
}

#[test]
fn artifact_digest_verified_waived_runs_whatever_came() {
    let mut bench = without(&[&gate::ARTIFACT_DIGEST_VERIFIED]);
    bench.bytes = Some(Digest(0xBAD));
    bench.request(Class::SafePage);
    bench.advance(secs(2));
    assert_eq!(
        (bench.images.clone(), bench.allocation(0).verified),
        (vec![0xBAD], Some(Digest(0xBAD)))
    );
}

#[test]
fn env_secrets_mounted_waived_runs_without_them() {
    let mut bench = without(&[&gate::ENV_SECRETS_MOUNTED]);
    bench.secrets = false;
    bench.request(Class::SafePage);
    bench.advance(secs(2));
    assert_eq!(bench.images, [image(Digest(0xA1), false)]);
}

#[test]
fn health_readiness_pass_waived_is_ready_at_the_first_failed_check() {
    let mut bench = without(&[&gate::HEALTH_READINESS_PASS]);
    bench.ready = false;
    bench.request(Class::SafePage);
    bench.advance(millis(310));
    assert_eq!(
        (bench.allocation(0).state, bench.allocation(0).serving),
        (allocation::State::Ready, true)
    );
}

#[test]
fn drain_deadline_respected_waived_cuts_requests_off() {
    let mut bench = without(&[&gate::DRAIN_DEADLINE_RESPECTED]);
    bench.make_hot();
    bench.serves = None;
    bench.request(Class::SafePage);
    bench.command(Command::StopAllocation {
        allocation: AllocationId(0),
    });
    assert_eq!(
        bench.count(|note| matches!(
            note,
            Note::ProcessStopped {
                in_flight: 1,
                deadline_reached: false,
                ..
            }
        )),
        1
    );
}

#[test]
fn owner_authority_waived_dispatches_to_the_old_version() {
    let mut bench = without(&[&gate::OWNER_AUTHORITY]);
    bench.make_hot();
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
    bench.request(Class::SafePage);
    let foreign = |note: &Note| matches!(note, Note::RequestDispatched { epoch, owner_epoch, .. } if epoch != owner_epoch);
    assert_eq!(bench.count(foreign), 1);
}

#[test]
fn hold_slots_bytes_and_budget_waived_hold_what_does_not_fit() {
    let mut bench = without(&[&gate::HOLD_SLOTS, &gate::HOLD_BYTES, &gate::HOLD_BUDGET]);
    bench.store_answers = false;
    for _ in 0..150 {
        bench.send_sized(EDGE, ROUTE, Class::SafePage, None, 0, 1_000_000);
    }
    bench.advance(secs(29));
    assert_eq!(bench.edges[&EDGE].machine.held().len(), 150);
    let mut bench = without(&[&gate::HOLD_BUDGET]);
    bench.set(&knob::HOLD_BUDGET, 0);
    bench.store_answers = false;
    bench.request(Class::SafePage);
    bench.advance(secs(20));
    assert_eq!(bench.edges[&EDGE].machine.held().len(), 1);
}

#[test]
fn release_rate_waived_lets_all_go_at_once() {
    let mut bench = without(&[&gate::RELEASE_RATE]);
    for _ in 0..50 {
        bench.request(Class::SafePage);
    }
    bench.advance(secs(3));
    let first = bench.responses.values().map(|response| response.3).min();
    assert_eq!(
        bench.responses.values().map(|response| response.3).max(),
        first
    );
}

#[test]
fn one_wake_waived_starts_one_per_edge() {
    let mut bench = Bench::with(&[EDGE, EDGE_TWO], &[RUNNER]);
    bench.waivers = bench.waivers.with(&gate::ONE_WAKE).with(&gate::START_LIMIT);
    bench.law = Box::new(|_, _, message| {
        if matches!(message, Message::Event { .. }) {
            Fate::Delay(millis(20))
        } else {
            Fate::Deliver
        }
    });
    bench.send_request(EDGE, ROUTE, Class::SafePage, None, 0);
    bench.send_request(EDGE_TWO, ROUTE, Class::SafePage, None, 0);
    let active = bench
        .control
        .machine
        .wakes()
        .iter()
        .filter(|(_, row)| row.value.state.is_active())
        .count();
    assert_eq!((active, bench.control.machine.allocations().len()), (2, 2));
    bench.advance(secs(3));
    assert_eq!(
        bench
            .responses
            .values()
            .map(|response| response.0)
            .collect::<Vec<_>>(),
        [200, 200]
    );
}

#[test]
fn route_epoch_current_waived_keeps_the_old_wake_going() {
    let mut bench = without(&[&gate::ROUTE_EPOCH_CURRENT]);
    bench.ready = false;
    bench.request(Class::SafePage);
    bench.advance(secs(1));
    bench.command(Command::Promote {
        route: ROUTE,
        deployment: NEW,
        predecessor: Epoch(1),
    });
    bench.ready = true;
    bench.advance(secs(2));
    assert_eq!(
        (bench.wake_at(Epoch(1)).state, bench.allocation(0).serving),
        (wake::State::Hot, true)
    );
}

#[test]
fn start_limit_and_host_fits_waived_fill_the_host() {
    let mut bench = without(&[&gate::START_LIMIT, &gate::HOST_FITS]);
    for _ in 0..10 {
        assert!(bench.command(Command::StartAllocation {
            route: ROUTE,
            region: REGION
        }));
    }
    assert_eq!(bench.runners[&RUNNER].machine.slots().len(), 10);
}

#[test]
fn report_unseen_waived_counts_a_repeat() {
    let mut bench = without(&[&gate::REPORT_UNSEEN]);
    bench.law = Box::new(|_, _, message| {
        if matches!(
            message,
            Message::Report {
                observed: Observed::Readiness { .. },
                ..
            }
        ) {
            Fate::Twice
        } else {
            Fate::Deliver
        }
    });
    bench.request(Class::SafePage);
    bench.advance(millis(310));
    assert_eq!(
        bench.allocation(0).state,
        allocation::State::Ready,
        "after one check"
    );
}

#[test]
fn report_token_waived_takes_the_dead_process_for_the_new_one() {
    for gates in [&[][..], &[&gate::REPORT_TOKEN][..]] {
        let mut bench = without(gates);
        bench.law = Box::new(|_, _, message| {
            if matches!(
                message,
                Message::Report {
                    token: Token(1),
                    observed: Observed::Readiness { .. },
                    ..
                }
            ) {
                Fate::Keep
            } else {
                Fate::Deliver
            }
        });
        bench.request(Class::SafePage);
        bench.advance(millis(600));
        bench.boot = None;
        bench.exit(RUNNER, 1, false);
        assert_eq!(bench.allocation(0).token, Token(2));
        bench.law = Box::new(|_, _, _| Fate::Deliver);
        bench.let_go();
        assert_eq!(
            bench.allocation(0).state == allocation::State::Ready,
            !gates.is_empty()
        );
    }
}

#[test]
fn subject_live_waived_puts_the_dead_back_into_rotation() {
    for gates in [&[][..], &[&gate::SUBJECT_LIVE][..]] {
        let mut bench = without(gates);
        bench.ready = false;
        bench.request(Class::SafePage);
        bench.advance(secs(55));
        bench.law = Box::new(|from, _, message| {
            if from == RUNNER && matches!(message, Message::Report { .. }) {
                Fate::Keep
            } else {
                Fate::Deliver
            }
        });
        bench.ready = true;
        bench.advance(secs(2));
        bench.command(Command::StopAllocation {
            allocation: AllocationId(0),
        });
        bench.advance(secs(1));
        bench.request(Class::SafePage);
        bench.law = Box::new(|_, _, _| Fate::Deliver);
        bench.let_go();
        assert_eq!(bench.allocation(0).state, allocation::State::Failed);
        assert_eq!(bench.allocation(0).serving, !gates.is_empty());
    }
}

#[test]
fn evidence_fresh_waived_counts_old_checks() {
    let mut bench = without(&[&gate::EVIDENCE_FRESH]);
    bench.law = Box::new(|from, _, message| {
        let readiness = matches!(
            message,
            Message::Report {
                observed: Observed::Readiness { .. },
                ..
            }
        );
        if from == RUNNER && readiness {
            Fate::Delay(secs(7))
        } else {
            Fate::Deliver
        }
    });
    bench.request(Class::SafePage);
    bench.advance(secs(8));
    assert_eq!(bench.allocation(0).state, allocation::State::Ready);
}

#[test]
fn commit_before_publish_waived_tells_what_never_happened() {
    let mut bench = without(&[&gate::COMMIT_BEFORE_PUBLISH]);
    bench.stuck_disks.push(CONTROL);
    bench.command(Command::Promote {
        route: ROUTE,
        deployment: NEW,
        predecessor: Epoch(1),
    });
    bench.stuck_disks.clear();
    bench.crash_and_restart(CONTROL);
    bench.advance(secs(5));
    assert_eq!(bench.edges[&EDGE].machine.routes()[&ROUTE].epoch, Epoch(2));
    assert_eq!(
        bench.control.machine.routes().get(0).unwrap().value.epoch,
        Epoch(1)
    );
}

#[test]
fn restart_budget_waived_crashes_for_ever() {
    let mut bench = without(&[&gate::RESTART_BUDGET]);
    bench.dies_at_boot = true;
    bench.request(Class::SafePage);
    bench.advance(secs(3));
    assert!(bench.allocation(0).token.0 > 10);
}

#[test]
fn order_token_waived_starts_what_was_called_off() {
    let mut bench = without(&[&gate::ORDER_TOKEN]);
    bench.law = Box::new(|_, _, message| {
        if matches!(message, Message::Order { .. }) {
            Fate::Keep
        } else {
            Fate::Deliver
        }
    });
    bench.request(Class::SafePage);
    bench.command(Command::StopAllocation {
        allocation: AllocationId(0),
    });
    bench.law = Box::new(|_, _, _| Fate::Deliver);
    bench.let_go();
    assert!(waived(&bench, &gate::ORDER_TOKEN));
    assert_eq!(
        bench.count(|note| matches!(note, Note::OrderTaken { .. })),
        1
    );
}

/// A rough day: losses, delays, repeats, crashes, promotions and orders, under any set of overrides.
fn rough_day(seed: u64, waivers: machine::Waivers) -> Bench {
    live_through(
        Bench::cold_start(&[EDGE, EDGE_TWO], &[RUNNER, RUNNER_TWO]),
        seed,
        waivers,
    )
}

fn live_through(mut bench: Bench, seed: u64, waivers: machine::Waivers) -> Bench {
    bench.waivers = waivers;
    if seed.is_multiple_of(2) {
        bench.set(&knob::IDLE_BEFORE_SLEEP, 2_000_000);
    }
    bench.boot_all();
    let clock = std::cell::Cell::new(seed);
    bench.law = Box::new(move |_, _, message| {
        clock.set(fingerprint::fold(clock.get(), fingerprint::digest(message)));
        match fingerprint::spread(clock.get()) % 20 {
            0 | 1 if machine::Message::repeatable(message) => Fate::Drop,
            2 | 3 if machine::Message::repeatable(message) => Fate::Twice,
            4..=7 => Fate::Delay(millis(fingerprint::spread(clock.get() + 1) % 3_000)),
            _ => Fate::Deliver,
        }
    });
    for turn in 0..120_u64 {
        let roll = |n: u64| fingerprint::spread(fingerprint::fold(seed, turn * 16 + n));
        bench.ready = roll(0) % 4 > 0;
        bench.secrets = roll(1) % 8 > 0;
        bench.store_answers = roll(2) % 8 > 0;
        bench.bytes = (roll(3) % 8 == 0).then_some(Digest(0xBAD));
        bench.serves = (roll(4) % 6 > 0).then_some(millis(30));
        bench.boot = (roll(5) % 8 > 0).then_some(millis(300));
        let class = [
            Class::SafePage,
            Class::Unsafe,
            Class::Webhook,
            Class::Upgrade,
            Class::Asset,
        ][(roll(6) % 5) as usize];
        let edge = [EDGE, EDGE_TWO][(roll(7) % 2) as usize];
        for _ in 0..roll(8) % 5 {
            let route = [ROUTE, CONTRACT_ROUTE][(roll(9) % 2) as usize];
            bench.send_request(
                edge,
                route,
                class,
                Some(IdempotencyKey((roll(10) % 9) as u32)),
                (roll(11) % 2) as u32,
            );
        }
        let allocation = AllocationId((roll(12) % 12) as u32);
        let epoch = bench
            .control
            .machine
            .routes()
            .get(0)
            .map_or(Epoch(1), |row| row.value.epoch);
        match roll(13) % 24 {
            0 => bench.crash_and_restart(CONTROL),
            1 => bench.crash_and_restart(edge),
            2 => bench.crash_and_restart([RUNNER, RUNNER_TWO][(roll(14) % 2) as usize]),
            3 => drop(bench.command(Command::Promote {
                route: ROUTE,
                deployment: [OLD, NEW][(roll(14) % 2) as usize],
                predecessor: epoch,
            })),
            4 => drop(bench.command(Command::StopAllocation { allocation })),
            5 => drop(bench.command(Command::StartAllocation {
                route: ROUTE,
                region: REGION,
            })),
            6 => drop(bench.command(Command::MarkHot {
                route: ROUTE,
                region: REGION,
            })),
            7 => drop(bench.command(Command::RetryWake {
                route: ROUTE,
                region: REGION,
            })),
            8 => drop(bench.command(Command::DeleteWake {
                route: ROUTE,
                region: REGION,
            })),
            9 | 10 if !bench.processes.is_empty() => {
                let runner = bench.processes[0].0;
                bench.exit(runner, 1, roll(14) % 2 == 0);
            }
            11 => bench.stuck_disks.push(CONTROL),
            12 => bench.stuck_disks.push(RUNNER),
            13..=16 => {
                for disk in std::mem::take(&mut bench.stuck_disks) {
                    bench.unstick(disk);
                }
            }
            17 => bench.advance(secs(roll(14) % 80)),
            _ => {}
        }
        bench.advance(Duration(roll(15) % 4_000_000));
        if waivers.is_empty() {
            stands(&bench, seed);
        }
    }
    for disk in std::mem::take(&mut bench.stuck_disks) {
        bench.unstick(disk);
    }
    bench
}

/// What must be true at every moment as long as nothing is overridden.
fn stands(bench: &Bench, seed: u64) {
    let control = &bench.control.machine;
    for (id, row) in control.allocations().iter() {
        let value = row.value;
        let fit = value.state == allocation::State::Ready
            && value.healthy
            && !value.leaving
            && control.is_connected(value.host);
        assert!(
            !value.serving || fit || !bench.control.alive,
            "seed {seed}: {id} {value:?}"
        );
    }
    for (id, row) in control.wakes().iter() {
        let wake = row.value;
        let same = |other: &platform::control::Wake| {
            (other.route, other.epoch) == (wake.route, wake.epoch)
        };
        assert_eq!(
            control
                .wakes()
                .iter()
                .filter(|(_, row)| same(&row.value))
                .count(),
            1,
            "seed {seed}: one row per key"
        );
        let serves = |value: &platform::control::Allocation| {
            (value.route, value.epoch, value.serving) == (wake.route, wake.epoch, true)
        };
        let hot = wake.state == wake::State::Hot;
        assert!(
            !hot || control
                .allocations()
                .iter()
                .any(|(_, row)| serves(&row.value)),
            "seed {seed}: {id} {wake:?}"
        );
        let starting = |value: &platform::control::Allocation| {
            value.route == wake.route && value.state.is_starting()
        };
        assert!(
            control
                .allocations()
                .iter()
                .filter(|(_, row)| starting(&row.value))
                .count()
                <= 1,
            "seed {seed}: starts"
        );
    }
}

/// Puts the world right and looks whether the app comes back.
fn heals(bench: &mut Bench) -> bool {
    bench.law = Box::new(|_, _, _| Fate::Deliver);
    (bench.ready, bench.secrets, bench.store_answers, bench.bytes) = (true, true, true, None);
    (bench.serves, bench.boot) = (Some(millis(30)), Some(millis(300)));
    // Past every window, deadline and cool-down.
    bench.advance(secs(1_500));
    let id = bench.request(Class::SafePage);
    bench.advance(secs(10));
    bench.status(id) == Some(200)
}

#[test]
fn no_combination_of_overrides_breaks_the_logic() {
    for seed in 0..40_u64 {
        let all = seed.is_multiple_of(10);
        let waivers = CATALOG.gates.iter().enumerate().fold(
            machine::Waivers::NONE,
            |waivers, (index, gate)| {
                let off = all
                    || fingerprint::spread(fingerprint::fold(seed, index as u64 + 900))
                        .is_multiple_of(2);
                if off { waivers.with(gate) } else { waivers }
            },
        );
        rough_day(seed, waivers);
    }
}

#[test]
fn after_any_rough_day_the_app_comes_back() {
    let mut arrows = std::collections::BTreeSet::new();
    for seed in 1000..1040_u64 {
        let mut bench = rough_day(seed, machine::Waivers::NONE);
        assert!(
            heals(&mut bench),
            "seed {seed}: {:?}",
            bench.control.machine.wakes()
        );
        for (id, row) in bench.control.machine.allocations().iter() {
            let value = row.value;
            if value.serving {
                assert!(
                    value.state == allocation::State::Ready
                        && bench.control.machine.is_connected(value.host),
                    "seed {seed}: {id} {value:?}"
                );
            }
        }
        arrows.extend(bench.log.iter().filter_map(|(_, _, told)| {
            if let Told::Moved(moved) = told {
                moved
                    .transition
                    .map(|transition| (moved.lifecycle, transition))
            } else {
                None
            }
        }));
        let held: usize = bench
            .edges
            .values()
            .map(|edge| edge.machine.held().len())
            .sum();
        assert_eq!(held, 0, "seed {seed}");
    }
    let all = CATALOG
        .lifecycles
        .iter()
        .enumerate()
        // What else has a lifecycle has tests of its own.
        .filter(|(at, _)| [platform::WAKE, platform::ALLOCATION].contains(&(*at as u8)))
        .flat_map(|(lifecycle, spec)| {
            (0..spec.transitions.len()).map(move |n| (lifecycle as u8, n as u8))
        });
    let missed: Vec<(u8, u8)> = all.filter(|arrow| !arrows.contains(arrow)).collect();
    assert!(missed.is_empty(), "no rough day took the arrows {missed:?}");
}

#[test]
fn on_a_rough_day_no_repeat_changes_anything_either() {
    for seed in 2000..2008_u64 {
        let mut bench = Bench::cold_start(&[EDGE, EDGE_TWO], &[RUNNER, RUNNER_TWO]);
        bench.prove_repeats = true;
        live_through(bench, seed, machine::Waivers::NONE);
    }
}
