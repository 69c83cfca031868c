//! The same workloads in other simulators, each written the way its documentation shows.
//!
//! **Not here.** Anything that records, fingerprints or checks: the peers do the bare work.

use crate::{Stopwatch, fan_out, hold, mm1, table};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Nanoseconds that `events` took.
type Nanos = u128;

fn increments() -> Arc<[u64]> {
    table::exponential(hold::MEAN).into()
}

struct Draws {
    table: Arc<[u64]>,
    random: Cell<u64>,
}

impl Draws {
    fn new(table: Arc<[u64]>) -> Self {
        Self {
            table,
            random: Cell::new(1),
        }
    }

    fn next(&self) -> u64 {
        self.random.set(table::next(self.random.get()));
        self.table[table::place(self.random.get())]
    }
}

/// The standard library's heap with a packed key and nothing else: not a simulator but a yardstick.
pub fn raw_heap_hold(pending: u32, events: u64) -> Nanos {
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;
    let draws = Draws::new(increments());
    let mut heap = BinaryHeap::new();
    let mut sequence = 0_u64;
    for slot in 0..pending {
        heap.push(Reverse(
            u128::from(draws.next()) << 64 | u128::from(sequence) << 24 | u128::from(slot),
        ));
        sequence += 1;
    }
    let mut hold = |events: u64| {
        for _ in 0..events {
            let Some(Reverse(key)) = heap.pop() else {
                return;
            };
            let at = (key >> 64) as u64 + draws.next();
            sequence += 1;
            heap.push(Reverse(
                u128::from(at) << 64 | u128::from(sequence << 24) | key & 0xFF_FFFF,
            ));
        }
    };
    hold(2 * u64::from(pending));
    let begin = Stopwatch::start();
    hold(events);
    begin.nanos()
}

/// desru: boxed closures on a heap.
pub mod by_desru {
    use super::*;
    use desru::{Event, EventScheduler};

    fn plan(scheduler: &mut EventScheduler, draws: Rc<Draws>) {
        let at = scheduler.current_time + draws.next() as f64;
        let action = move |scheduler: &mut EventScheduler| {
            plan(scheduler, draws.clone());
            None
        };
        scheduler.schedule(Event::new(at, Some(Box::new(action)), None));
    }

    /// Hold.
    pub fn hold(pending: u32, events: u64) -> Nanos {
        let draws = Rc::new(Draws::new(increments()));
        let mut scheduler = EventScheduler::new();
        for _ in 0..pending {
            plan(&mut scheduler, draws.clone());
        }
        // Its own run loop keeps a log of everything; stepping by hand spares it that.
        let mut run = |events: u64| {
            for _ in 0..events {
                let Some(mut event) = scheduler.event_queue.pop() else {
                    return;
                };
                scheduler.current_time = event.time;
                event.run(&mut scheduler);
            }
        };
        run(2 * u64::from(pending));
        let begin = Stopwatch::start();
        run(events);
        begin.nanos()
    }
}

/// simrs: components with boxed events.
pub mod by_simrs {
    use super::*;
    use simrs::{Component, ComponentId, Scheduler, Simulation, State};

    struct Holder(Draws);

    #[derive(Debug)]
    struct Tick;

    impl Component for Holder {
        type Event = Tick;
        fn process_event(
            &self,
            id: ComponentId<Tick>,
            _: &Tick,
            scheduler: &mut Scheduler,
            _: &mut State,
        ) {
            scheduler.schedule(Duration::from_nanos(self.0.next()), id, Tick);
        }
    }

    /// Hold.
    pub fn hold(pending: u32, events: u64) -> Nanos {
        let draws = Draws::new(increments());
        let mut simulation = Simulation::default();
        let first: Vec<u64> = (0..pending).map(|_| draws.next()).collect();
        let holder = simulation.add_component(Holder(draws));
        for at in first {
            simulation.schedule(Duration::from_nanos(at), holder, Tick);
        }
        let mut run = |events: u64| {
            for _ in 0..events {
                simulation.step();
            }
        };
        run(2 * u64::from(pending));
        let begin = Stopwatch::start();
        run(events);
        begin.nanos()
    }
}

/// simu-des: async processes.
pub mod by_simu {
    use super::*;
    use simu::{Resource, SimEnv};

    /// M/M/1, from an empty system: so many customers.
    pub fn mm1(customers: u64) -> Nanos {
        let arrivals = Draws::new(table::exponential(mm1::MEAN).into());
        let services = Rc::new(Draws::new(table::exponential(mm1::MEAN * 9 / 10).into()));
        let served = Rc::new(Cell::new(0_u64));
        let mut env = SimEnv::with_seed(1);
        let server = Resource::new(1);
        let handle = env.handle();
        let count = served.clone();
        env.spawn(async move {
            for _ in 0..customers {
                handle.timeout(arrivals.next() as f64).await;
                let (own, server, services, served) = (
                    handle.clone(),
                    server.clone(),
                    services.clone(),
                    count.clone(),
                );
                handle.spawn(async move {
                    let _guard = server.request().await;
                    own.timeout(services.next() as f64).await;
                    served.set(served.get() + 1);
                });
            }
        });
        let begin = Stopwatch::start();
        env.run();
        let nanos = begin.nanos();
        assert_eq!(served.get(), customers);
        nanos
    }

    /// Hold: a process for each pending event. Runs for a while of simulated time, as it has no way to count steps.
    pub fn hold(pending: u32, events: u64) -> Nanos {
        let draws = Rc::new(Draws::new(increments()));
        let done = Rc::new(RefCell::new((0_u64, None::<Stopwatch>, None::<Nanos>)));
        let warm_up = 2 * u64::from(pending);
        let mut env = SimEnv::with_seed(1);
        for _ in 0..pending {
            let (handle, draws, done) = (env.handle(), draws.clone(), done.clone());
            env.spawn(async move {
                loop {
                    handle.timeout(draws.next() as f64).await;
                    let mut done = done.borrow_mut();
                    done.0 += 1;
                    if done.0 == warm_up {
                        done.1 = Some(Stopwatch::start());
                    }
                    if done.0 == warm_up + events {
                        done.2 = done.1.map(|begin| begin.nanos());
                    }
                    if done.2.is_some() {
                        break;
                    }
                }
            });
        }
        env.run();
        let nanos = done.borrow().2;
        nanos.unwrap_or(u128::MAX)
    }
}

/// nexosim, on one thread, which is its best setting for these.
pub mod by_nexosim {
    use super::*;
    use nexosim::model::{Context, Model, schedulable};
    use nexosim::ports::{EventSource, Output};
    use nexosim::simulation::{Mailbox, SimInit, Simulation};
    use nexosim::time::MonotonicTime;
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    struct Holder {
        table: Vec<u64>,
        random: u64,
        done: u64,
    }

    #[Model]
    impl Holder {
        fn draw(&mut self) -> Duration {
            self.random = table::next(self.random);
            Duration::from_nanos(self.table[table::place(self.random)])
        }

        /// Plans so many events.
        fn fill(&mut self, pending: u32, cx: &Context<Self>) {
            for _ in 0..pending {
                let wait = self.draw();
                let _ = cx.schedule_event(wait, schedulable!(Self::tick), ());
            }
        }

        #[nexosim(schedulable)]
        fn tick(&mut self, _: (), cx: &Context<Self>) {
            self.done += 1;
            let wait = self.draw();
            let _ = cx.schedule_event(wait, schedulable!(Self::tick), ());
        }
    }

    /// Steps on until about so much simulated time has passed; returns wall time.
    fn run(simulation: &mut Simulation, time: Duration) -> Nanos {
        let begin = Stopwatch::start();
        simulation
            .step_until(time)
            .unwrap_or_else(|error| panic!("{error}"));
        begin.nanos()
    }

    /// Hold. Returns the wall time of `events` events, by the rate at which they occur.
    pub fn hold(pending: u32, events: u64) -> Nanos {
        let mut bench = SimInit::with_num_threads(1);
        let mailbox = Mailbox::new();
        let fill = EventSource::new()
            .connect(Holder::fill, &mailbox)
            .register(&mut bench);
        let holder = Holder {
            table: increments().to_vec(),
            random: 1,
            done: 0,
        };
        let mut simulation = bench
            .add_model(holder, mailbox, "holder")
            .init(MonotonicTime::EPOCH)
            .unwrap_or_else(|error| panic!("{error}"));
        simulation
            .process_event(&fill, pending)
            .unwrap_or_else(|error| panic!("{error}"));
        // Each pending event comes up once per mean increment.
        let time = |events: u64| Duration::from_nanos(events * hold::MEAN / u64::from(pending));
        run(&mut simulation, time(2 * u64::from(pending)));
        run(&mut simulation, time(events))
    }

    #[derive(Serialize, Deserialize, Default)]
    struct Player {
        out: Output<u64>,
        ball: u64,
    }

    #[Model]
    impl Player {
        fn receive(&mut self, ball: u64, cx: &Context<Self>) {
            self.ball = ball + 1;
            let _ = cx.schedule_event(Duration::from_nanos(1), schedulable!(Self::strike), ());
        }

        #[nexosim(schedulable)]
        async fn strike(&mut self, _: ()) {
            self.out.send(self.ball).await;
        }
    }

    /// Ping-pong, one tick each way.
    pub fn ping_pong(events: u64) -> Nanos {
        let mut bench = SimInit::with_num_threads(1);
        let (mut a, mut b) = (Player::default(), Player::default());
        let (to_a, to_b) = (Mailbox::new(), Mailbox::new());
        a.out.connect(Player::receive, &to_b);
        b.out.connect(Player::receive, &to_a);
        let serve = EventSource::new()
            .connect(Player::receive, &to_a)
            .register(&mut bench);
        let mut simulation = bench
            .add_model(a, to_a, "a")
            .add_model(b, to_b, "b")
            .init(MonotonicTime::EPOCH)
            .unwrap_or_else(|error| panic!("{error}"));
        simulation
            .process_event(&serve, 0)
            .unwrap_or_else(|error| panic!("{error}"));
        run(&mut simulation, Duration::from_nanos(1000));
        run(&mut simulation, Duration::from_nanos(events))
    }

    #[derive(Serialize, Deserialize)]
    struct Station {
        arrivals: Vec<u64>,
        services: Vec<u64>,
        random: u64,
        present: u64,
        arrived: u64,
    }

    #[Model]
    impl Station {
        fn place(&mut self) -> usize {
            self.random = table::next(self.random);
            table::place(self.random)
        }

        fn serve(&mut self, cx: &Context<Self>) {
            let place = self.place();
            let _ = cx.schedule_event(
                Duration::from_nanos(self.services[place]),
                schedulable!(Self::depart),
                (),
            );
        }

        #[nexosim(schedulable)]
        fn arrive(&mut self, _: (), cx: &Context<Self>) {
            self.arrived += 1;
            let place = self.place();
            let _ = cx.schedule_event(
                Duration::from_nanos(self.arrivals[place]),
                schedulable!(Self::arrive),
                (),
            );
            self.present += 1;
            if self.present == 1 {
                self.serve(cx);
            }
        }

        #[nexosim(schedulable)]
        fn depart(&mut self, _: (), cx: &Context<Self>) {
            self.present -= 1;
            if self.present > 0 {
                self.serve(cx);
            }
        }
    }

    /// M/M/1: so many customers, two events each.
    pub fn mm1(customers: u64) -> Nanos {
        let mut bench = SimInit::with_num_threads(1);
        let mailbox = Mailbox::new();
        let open = EventSource::new()
            .connect(Station::arrive, &mailbox)
            .register(&mut bench);
        let station = Station {
            arrivals: table::exponential(mm1::MEAN),
            services: table::exponential(mm1::MEAN * 9 / 10),
            random: 1,
            present: 0,
            arrived: 0,
        };
        let mut simulation = bench
            .add_model(station, mailbox, "station")
            .init(MonotonicTime::EPOCH)
            .unwrap_or_else(|error| panic!("{error}"));
        simulation
            .process_event(&open, ())
            .unwrap_or_else(|error| panic!("{error}"));
        run(&mut simulation, Duration::from_nanos(1000 * mm1::MEAN));
        run(&mut simulation, Duration::from_nanos(customers * mm1::MEAN))
    }

    #[derive(Serialize, Deserialize, Default)]
    struct Controller {
        out: Output<u64>,
        version: u64,
        acknowledged: u64,
    }

    #[Model]
    impl Controller {
        fn acknowledge(&mut self, version: u64) {
            self.acknowledged += version;
        }

        #[nexosim(schedulable)]
        async fn round(&mut self, _: (), cx: &Context<Self>) {
            self.version += 1;
            let _ = cx.schedule_event(
                Duration::from_nanos(fan_out::ROUND),
                schedulable!(Self::round),
                (),
            );
            self.out.send(self.version).await;
        }
    }

    #[derive(Serialize, Deserialize, Default)]
    struct Edge {
        out: Output<u64>,
        table: Arc<Vec<u64>>,
        random: u64,
        applied: u64,
    }

    #[Model]
    impl Edge {
        fn receive(&mut self, version: u64, cx: &Context<Self>) {
            self.random = table::next(self.random);
            let wait = Duration::from_nanos(self.table[table::place(self.random)]);
            let _ = cx.schedule_event(wait, schedulable!(Self::apply), version);
        }

        #[nexosim(schedulable)]
        async fn apply(&mut self, version: u64) {
            self.applied = version;
            self.out.send(version).await;
        }
    }

    /// Fan-out: so many rounds of 2001 events.
    pub fn fan_out(rounds: u64) -> Nanos {
        let mut bench = SimInit::with_num_threads(1);
        let mut controller = Controller::default();
        let to_controller = Mailbox::with_capacity(2 * usize::from(fan_out::EDGES));
        let table = Arc::new(table::uniform(fan_out::MEAN));
        for n in 0..fan_out::EDGES {
            let mut edge = Edge {
                table: table.clone(),
                random: u64::from(n) << 32,
                ..Edge::default()
            };
            let to_edge = Mailbox::new();
            controller.out.connect(Edge::receive, &to_edge);
            edge.out.connect(Controller::acknowledge, &to_controller);
            bench = bench.add_model(edge, to_edge, "edge");
        }
        let begin = EventSource::new()
            .connect(Controller::round, &to_controller)
            .register(&mut bench);
        let mut simulation = bench
            .add_model(controller, to_controller, "controller")
            .init(MonotonicTime::EPOCH)
            .unwrap_or_else(|error| panic!("{error}"));
        simulation
            .process_event(&begin, ())
            .unwrap_or_else(|error| panic!("{error}"));
        run(&mut simulation, Duration::from_nanos(2 * fan_out::ROUND));
        run(
            &mut simulation,
            Duration::from_nanos(rounds * fan_out::ROUND),
        )
    }
}
