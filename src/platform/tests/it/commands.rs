//! What an operator may order, and what is refused.

use crate::bench::*;
use platform::id::{AllocationId, DeploymentId, Digest, Epoch, RouteId};
use platform::message::{Cause, Class, Command, Message, Reason};
use platform::note::Note;
use platform::wake::State;
use platform::{allocation, gate, knob, wake};

const HERE: (RouteId, platform::id::Region) = (ROUTE, REGION);

fn failed() -> Bench {
    let mut bench = Bench::new();
    bench.secrets = false;
    bench.request(Class::SafePage);
    assert_eq!(bench.wake().state, State::Failed);
    bench
}

#[test]
fn retry_ends_the_cool_down() {
    let mut bench = failed();
    bench.secrets = true;
    let (route, region) = HERE;
    assert!(bench.command(Command::RetryWake { route, region }));
    bench.advance(secs(1));
    assert_eq!(bench.wake().state, State::Hot);
}

#[test]
fn retry_does_not_end_the_budget() {
    let mut bench = failed();
    bench.set(&knob::WAKE_BUDGET, 1);
    let (route, region) = HERE;
    assert!(!bench.command(Command::RetryWake { route, region }));
    assert!(bench.refused(&gate::WAKE_BUDGET));
}

#[test]
fn retry_joins_nothing_and_starts_nothing_while_a_wake_is_under_way() {
    let mut bench = Bench::new();
    bench.ready = false;
    bench.request(Class::SafePage);
    let (route, region) = HERE;
    assert!(!bench.command(Command::RetryWake { route, region }));
    assert!(bench.refused(&gate::ONE_WAKE));
}

#[test]
fn hot_cannot_be_declared() {
    let mut bench = Bench::new();
    bench.ready = false;
    bench.request(Class::SafePage);
    bench.advance(secs(1));
    let (route, region) = HERE;
    assert!(!bench.command(Command::MarkHot { route, region }));
    assert!(bench.wake().state.is_active());
    bench.waivers = bench.waivers.with(&gate::ALLOCATION_PASSES_READINESS);
    assert!(bench.command(Command::MarkHot { route, region }));
    assert_eq!(
        (bench.wake().state, bench.allocation(0).serving),
        (State::Hot, true)
    );
}

#[test]
fn one_more_allocation_needs_a_free_start_and_room() {
    let mut bench = Bench::new();
    let (route, region) = HERE;
    bench.ready = false;
    assert!(bench.command(Command::StartAllocation { route, region }));
    assert!(!bench.command(Command::StartAllocation { route, region }));
    bench.ready = true;
    bench.advance(secs(2));
    bench.command(Command::SetMemoryLimit {
        deployment: OLD,
        limit: 900 * MIB,
    });
    assert!(!bench.command(Command::StartAllocation { route, region }));
    assert!(bench.refused(&gate::HOST_FITS));
    assert!(!bench.command(Command::StartAllocation {
        route: RouteId(77),
        region
    }));
}

#[test]
fn deleting_a_wake_forgets_its_failures_but_not_its_starts() {
    let mut bench = failed();
    let (route, region) = HERE;
    assert!(bench.command(Command::DeleteWake { route, region }));
    assert_eq!(
        (bench.wake().state, bench.wake().failures),
        (State::Cold, 0)
    );
    bench.set(&knob::WAKE_BUDGET, 1);
    let id = bench.request(Class::SafePage);
    assert_eq!(bench.answer(id), Some((503, Reason::WakeBudget)));

    let mut bench = Bench::new();
    bench.ready = false;
    bench.request(Class::SafePage);
    assert!(
        !bench.command(Command::DeleteWake { route, region }),
        "not while it is under way"
    );
}

#[test]
fn promotion_is_judged_against_its_predecessor() {
    let mut bench = Bench::new();
    assert!(!bench.command(Command::Promote {
        route: ROUTE,
        deployment: NEW,
        predecessor: Epoch(3)
    }));
    assert_eq!(
        bench.count(|note| matches!(
            note,
            Note::RouteCasConflict {
                found: Epoch(1),
                ..
            }
        )),
        1
    );
    assert!(bench.command(Command::Promote {
        route: ROUTE,
        deployment: NEW,
        predecessor: Epoch(1)
    }));
    assert!(!bench.command(Command::Promote {
        route: ROUTE,
        deployment: OLD,
        predecessor: Epoch(1)
    }));
    assert!(
        bench.command(Command::Promote {
            route: ROUTE,
            deployment: OLD,
            predecessor: Epoch(2)
        }),
        "back is a new epoch"
    );
    assert!(!bench.command(Command::Promote {
        route: ROUTE,
        deployment: DeploymentId(99),
        predecessor: Epoch(3)
    }));
    assert_eq!(bench.edges[&EDGE].machine.routes()[&ROUTE].epoch, Epoch(3));
}

#[test]
fn an_ask_for_an_older_epoch_is_refused_and_waits() {
    let mut bench = Bench::new();
    bench.law = Box::new(|_, to, message| {
        if to == EDGE && matches!(message, Message::Event { .. }) {
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
    let id = bench.request(Class::SafePage);
    assert!(bench.refused(&gate::ROUTE_EPOCH_CURRENT));
    assert_eq!(bench.answer(id), None);
    bench.law = Box::new(|_, _, _| Fate::Deliver);
    bench.let_go();
    bench.advance(secs(3));
    assert_eq!(
        (bench.status(id), bench.allocation(0).deployment),
        (Some(200), NEW)
    );
}

#[test]
fn stopping_an_allocation() {
    let mut bench = Bench::new();
    bench.make_hot();
    let allocation = AllocationId(0);
    assert!(bench.command(Command::StopAllocation { allocation }));
    bench.advance(secs(1));
    assert_eq!(
        (bench.allocation(0).state, bench.wake().state),
        (allocation::State::Stopped, State::Cold)
    );
    assert_eq!(bench.took_wake(wake::Transition::LostLast), 1);
    assert!(!bench.command(Command::StopAllocation { allocation }));
    assert!(!bench.command(Command::StopAllocation {
        allocation: AllocationId(5)
    }));

    let mut bench = Bench::new();
    bench.ready = false;
    bench.request(Class::SafePage);
    bench.advance(secs(1));
    assert!(bench.command(Command::StopAllocation { allocation }));
    assert_eq!(
        (bench.allocation(0).cause, bench.wake().cause),
        (Cause::Cancelled, Cause::Cancelled)
    );
    assert!(bench.processes.is_empty());
}

#[test]
fn the_owner_is_told_and_others_commands_are_refused() {
    let mut bench = Bench::new();
    assert!(bench.command(Command::NotifyOwner {
        route: ROUTE,
        cause: Cause::SecretMissing
    }));
    assert_eq!(
        bench.count(|note| matches!(note, Note::OwnerNotified { .. })),
        1
    );
    assert!(!bench.command(Command::BindSecret { deployment: OLD }));
    assert!(!bench.command(Command::RepairArtifact { digest: Digest(1) }));
}

#[test]
fn n33_one_allocation_too_many_is_not_started_and_a_change_can_be_taken_back() {
    let mut bench = Bench::new();
    let (route, region) = HERE;
    bench.set(&knob::EDGE_CONNECTIONS, 2);
    for _ in 0..2 {
        assert!(bench.command(Command::StartAllocation { route, region }));
        bench.advance(secs(3));
    }
    assert!(!bench.command(Command::StartAllocation { route, region }));
    assert!(bench.refused(&gate::CONNECTIONS_LEFT));
    let id = bench.request(Class::SafePage);
    bench.advance(secs(1));
    assert_eq!(bench.status(id), Some(200));

    bench.waivers = bench.waivers.with(&gate::CONNECTIONS_LEFT);
    assert!(bench.command(Command::StartAllocation { route, region }));
    bench.advance(secs(3));
    let id = bench.request(Class::SafePage);
    assert_eq!(bench.answer(id), Some((503, Reason::NoConnection)));

    assert!(bench.command(Command::TakeBack { route, region }));
    bench.advance(secs(10));
    let id = bench.request(Class::SafePage);
    bench.advance(secs(1));
    assert_eq!(bench.status(id), Some(200));
    assert!(bench.command(Command::TakeBack { route, region }));
    bench.advance(secs(10));
    assert!(
        !bench.command(Command::TakeBack { route, region }),
        "the last one stays"
    );
}

#[test]
fn n33_a_limit_that_nobody_knew_is_met_and_the_change_is_taken_back() {
    use platform::traces::Command as Order;
    let mut bench = Bench::new();
    let (route, region) = HERE;
    let limit = Order::LimitConnections { most: Some(2) };
    bench.deliver(CLIENT, EDGE, Message::Command(Command::Traces(limit)));
    for _ in 0..2 {
        assert!(bench.command(Command::StartAllocation { route, region }));
        bench.advance(secs(3));
    }
    let id = bench.request(Class::SafePage);
    bench.advance(secs(1));
    assert_eq!(bench.status(id), Some(200));
    assert!(bench.command(Command::StartAllocation { route, region }));
    bench.advance(secs(3));
    assert!(!bench.refused(&gate::CONNECTIONS_LEFT), "nobody knows");
    let id = bench.request(Class::SafePage);
    assert_eq!(bench.answer(id), Some((503, Reason::NoConnection)));
    bench.crash_and_restart(EDGE);
    bench.advance(secs(3));
    let id = bench.request(Class::SafePage);
    assert_eq!(
        bench.answer(id),
        Some((503, Reason::NoConnection)),
        "a restart of the edge changes nothing"
    );
    assert!(bench.command(Command::TakeBack { route, region }));
    bench.advance(secs(10));
    let id = bench.request(Class::SafePage);
    bench.advance(secs(1));
    assert_eq!(bench.status(id), Some(200));
}
