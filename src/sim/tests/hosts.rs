//! What hosts do: boot, probe, serve in turn, kill for memory.

mod toys;

use machine::{Duration, HostCall, HostEvent, NodeId, ProcessId, Time};
use sim::{Condition, Disturbance, External, Image, Run, Setup, Span, What, When, reason};
use toys::{Landlord, knobs};

const P: ProcessId = ProcessId(1);
const Q: ProcessId = ProcessId(2);

const fn ms(n: u64) -> Duration {
    Duration::millis(n)
}

const fn at(n: u64) -> Time {
    Time(n * 1000)
}

const IMAGE: Image = Image {
    number: 77,
    boot: Span::fixed(ms(100)),
    memory: 100,
    grows: 10,
    ready_after: ms(50),
    probe: Span::fixed(ms(1)),
    service: Span::fixed(ms(10)),
    concurrency: 1,
    backlog: 0,
    broken: false,
};

fn launch(process: ProcessId) -> HostCall {
    HostCall::Launch {
        process,
        image: 77,
        limit: 1000,
    }
}

/// When the node heard what, in milliseconds.
fn heard(
    calls: &[(Time, HostCall)],
    change: impl FnOnce(&mut Setup<Landlord>),
) -> Vec<(u64, HostEvent)> {
    let mut setup = Setup::new(Landlord::new(calls.to_vec()), 1, knobs());
    setup.images = vec![IMAGE];
    change(&mut setup);
    let mut run = Run::new(setup, ());
    run.run(u64::MAX);
    let history = run.history();
    let events = history.iter().filter_map(|entry| match entry.what {
        What::Host(event) => Some((entry.at.0 / 1000, event)),
        _ => None,
    });
    events.collect()
}

fn always(what: Disturbance) -> Condition {
    Condition {
        what,
        when: When::At(Time::ZERO),
        lasts: Duration::secs(1000),
    }
}

fn probe(nth: u32) -> HostCall {
    HostCall::Probe { process: P, nth }
}

fn serve(request: u32) -> HostCall {
    HostCall::Serve {
        process: P,
        request,
    }
}

fn probed(nth: u32, reason: u8) -> HostEvent {
    HostEvent::Probed {
        process: P,
        nth,
        ready: reason == 0,
        reason,
    }
}

fn served(request: u32, ok: bool) -> HostEvent {
    HostEvent::Served {
        process: P,
        request,
        ok,
    }
}

fn exited(process: ProcessId, code: u8, oom: bool) -> HostEvent {
    HostEvent::Exited { process, code, oom }
}

#[test]
fn a_process_boots_warms_up_and_is_ready() {
    let calls = [
        (at(0), launch(P)),
        (at(50), probe(1)),
        (at(120), probe(2)),
        (at(150), probe(3)),
        (at(160), HostCall::Kill { process: P }),
        (at(161), probe(4)),
    ];
    let expected = [
        (51, probed(1, reason::BOOTING)),
        (100, HostEvent::Up { process: P }),
        (121, probed(2, reason::WARMING)),
        (151, probed(3, 0)),
        (160, exited(P, 137, false)),
        (161, probed(4, reason::GONE)),
    ];
    assert_eq!(heard(&calls, |_| {}), expected);
    let slow = always(Disturbance::SlowBoot {
        image: 77,
        by: ms(900),
    });
    let events = heard(&calls[..1], |setup| setup.conditions = vec![slow]);
    assert_eq!(events, [(1000, HostEvent::Up { process: P })]);
    let not_ready = always(Disturbance::NotReady {
        image: 77,
        reason: 9,
    });
    let events = heard(&[calls[0], calls[3]], |setup| {
        setup.conditions = vec![not_ready]
    });
    assert_eq!(events[1], (151, probed(3, 9)));
}

#[test]
fn requests_wait_for_their_turn_in_order() {
    let calls = [
        (at(0), launch(P)),
        (at(50), serve(0)),
        (at(200), serve(1)),
        (at(200), serve(2)),
        (at(201), serve(3)),
    ];
    let expected = [
        (50, served(0, false)),
        (100, HostEvent::Up { process: P }),
        (210, served(1, true)),
        (220, served(2, true)),
        (230, served(3, true)),
    ];
    assert_eq!(heard(&calls, |_| {}), expected);
    let wide = heard(&calls, |setup| setup.images[0].concurrency = 2);
    assert_eq!(
        wide[2..],
        [
            (210, served(1, true)),
            (210, served(2, true)),
            (220, served(3, true))
        ]
    );
}

#[test]
fn memory_beyond_the_limit_or_the_host_is_deadly() {
    let leaky = [
        (at(0), launch(P)),
        (at(200), serve(1)),
        (at(200), serve(2)),
        (at(300), serve(3)),
    ];
    let events = heard(&leaky, |setup| setup.images[0].grows = 500);
    assert_eq!(
        events[1..],
        [
            (210, served(1, true)),
            (220, served(2, true)),
            (220, exited(P, 137, true)),
            (300, served(3, false))
        ]
    );

    let two = [(at(0), launch(P)), (at(0), launch(Q))];
    assert_eq!(
        heard(&two, |setup| setup.host_memory = 150)[0],
        (0, exited(Q, 137, true)),
        "of equals the one launched last"
    );

    let squeeze = Condition {
        what: Disturbance::HostMemory {
            node: NodeId(0),
            taken: 120,
        },
        when: When::At(at(500)),
        lasts: ms(1),
    };
    let events = heard(&two, |setup| {
        setup.host_memory = 220;
        setup.conditions = vec![squeeze];
    });
    assert_eq!(events[2..], [(500, exited(Q, 137, true))]);

    let hungry = Condition {
        what: Disturbance::Memory {
            image: 77,
            extra: 901,
        },
        when: When::At(at(500)),
        lasts: ms(1),
    };
    let events = heard(&two, |setup| setup.conditions = vec![hungry]);
    assert_eq!(
        events[2..],
        [(500, exited(P, 137, true)), (500, exited(Q, 137, true))]
    );
}

#[test]
fn what_cannot_be_run_exits_at_once() {
    let unknown = HostCall::Launch {
        process: P,
        image: 1,
        limit: 1,
    };
    assert_eq!(
        heard(&[(at(5), unknown)], |_| {}),
        [(5, exited(P, 127, false))]
    );
}

#[test]
fn a_crash_takes_the_processes_along_silently() {
    let mut setup = Setup::new(
        Landlord::new(vec![(at(0), launch(P)), (at(200), serve(1))]),
        1,
        knobs(),
    );
    setup.images = vec![IMAGE];
    let mut run = Run::new(setup, ());
    run.act(
        at(205),
        External::Crash {
            node: NodeId(0),
            down_for: ms(5),
        },
    )
    .unwrap();
    run.run(u64::MAX);
    assert_eq!(run.state().processes(NodeId(0)).count(), 0);
    let last = run.history().iter().next_back().unwrap();
    assert!(matches!(last.what, What::Restarted), "{last:?}");
}

#[test]
fn whoever_finds_the_queue_full_is_turned_away_at_once() {
    let calls = [
        (at(0), launch(P)),
        (at(200), serve(1)),
        (at(200), serve(2)),
        (at(201), serve(3)),
    ];
    let short = heard(&calls, |setup| setup.images[0].backlog = 1);
    assert_eq!(
        short[1..],
        [
            (201, served(3, false)),
            (210, served(1, true)),
            (220, served(2, true))
        ]
    );
}

#[test]
fn what_is_not_ready_or_broken_answers_badly() {
    let calls = [(at(0), launch(P)), (at(110), serve(1)), (at(200), serve(2))];
    assert_eq!(
        heard(&calls, |_| {})[1..],
        [(120, served(1, false)), (210, served(2, true))],
        "the first came while it warmed up"
    );
    assert_eq!(
        heard(&calls, |setup| setup.images[0].broken = true)[1..],
        [(120, served(1, false)), (210, served(2, false))]
    );
}
