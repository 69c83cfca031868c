//! A bench for the three machines: no latency, an immediate disk and a host that does as it is told.
//!
//! What a test wants to go otherwise it says by the public fields.

mod fate;
mod outside;
mod solo;
mod tabs;
mod told;

pub use fate::Fate;
pub use solo::{ByHand, Solo};
pub use tabs::Session;

use machine::{
    Context, Dice, Duration, HostCall, HostEvent, Input, Knob, Knobs, Machine, Message as _, Moved,
    NodeId, Ruling, Step, Ticket, Time, Waivers,
};
use platform::CATALOG;
use platform::control::{self, Contract, ControlPlane, Deployment, Host, Route};
use platform::edge::{self, Edge};
use platform::hosts::{Facts, Managed, Message as HostMessage, Version};
use platform::id::*;
use platform::message::{Class, Command, Message, Reason, Request};
use platform::note::Note;
use platform::runner::{self, Runner};
use platform::traces::Headers;
use std::collections::{BTreeMap, VecDeque};

pub const CONTROL: NodeId = NodeId(0);
pub const EDGE: NodeId = NodeId(1);
pub const EDGE_TWO: NodeId = NodeId(2);
pub const RUNNER: NodeId = NodeId(10);
pub const RUNNER_TWO: NodeId = NodeId(11);
pub const STORE: NodeId = NodeId(20);
pub const VAULT: NodeId = NodeId(21);
pub const BOOTSTRAP: NodeId = NodeId(22);
pub const CLIENT: NodeId = NodeId(30);
pub const OPERATOR: NodeId = NodeId(31);
pub const KEYS: NodeId = NodeId(32);
pub const PRODUCT: NodeId = NodeId(33);
pub const SESSIONS: NodeId = NodeId(34);

pub const ROUTE: RouteId = RouteId(0);
/// Has a hold-once contract.
pub const CONTRACT_ROUTE: RouteId = RouteId(1);
pub const REGION: Region = Region(0);
pub const OLD: DeploymentId = DeploymentId(0);
pub const NEW: DeploymentId = DeploymentId(1);
pub const MIB: u64 = 1 << 20;

pub const fn secs(n: u64) -> Duration {
    Duration::secs(n)
}
pub const fn millis(n: u64) -> Duration {
    Duration::millis(n)
}

type StepOf<M> = Step<<M as Machine>::Message, <M as Machine>::Record, <M as Machine>::Note>;

/// One node with its disk.
#[derive(Clone)]
pub struct Node<M: Machine> {
    pub machine: M,
    pub durable: Vec<M::Record>,
    pub pending: VecDeque<(Ticket, M::Record)>,
    pub alive: bool,
}

impl<M: Machine> Node<M> {
    fn new(machine: M) -> Self {
        Self {
            machine,
            durable: Vec::new(),
            pending: VecDeque::new(),
            alive: true,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub enum Event {
    Message {
        from: NodeId,
        to: NodeId,
        message: Message,
    },
    Host {
        to: NodeId,
        event: HostEvent,
    },
    Persisted {
        to: NodeId,
    },
}

/// One thing that a node told, in order.
#[derive(Clone, Copy, Debug)]
pub enum Told {
    Moved(Moved),
    Ruled(Ruling),
    Note(Note),
    Sent(Message),
}

type Law = Box<dyn Fn(NodeId, NodeId, &Message) -> Fate>;

pub struct Bench {
    pub now: Time,
    pub knobs: Knobs,
    pub waivers: Waivers,
    pub control: Node<ControlPlane>,
    pub edges: BTreeMap<NodeId, Node<Edge>>,
    pub runners: BTreeMap<NodeId, Node<Runner>>,
    pub outside: outside::Outside,
    pub tabs: tabs::Tabs,
    pub law: Law,
    pub kept: Vec<(NodeId, NodeId, Message)>,
    /// Nodes whose disks do not answer.
    pub stuck_disks: Vec<NodeId>,
    /// Every repeatable message is handled twice, and the second time must change nothing.
    pub prove_repeats: bool,
    /// Such a repeat comes this much later instead of at once.
    pub repeat_after: Duration,
    // The host.
    pub boot: Option<Duration>,
    pub ready: bool,
    pub reason: u8,
    pub serves: Option<Duration>,
    pub answers_well: bool,
    pub dies_at_boot: bool,
    pub processes: Vec<(NodeId, machine::ProcessId, bool)>,
    pub images: Vec<u64>,
    // Store and vault.
    pub store_answers: bool,
    pub bytes: Option<Digest>,
    pub vault_answers: bool,
    pub secrets: bool,
    // The automation.
    pub provider_answers: bool,
    pub installs: bool,
    pub broken: fn(&mut Facts),
    // What happened.
    pub log: Vec<(Time, NodeId, Told)>,
    pub responses: BTreeMap<RequestId, (u16, Reason, u32, Time)>,
    /// What the answers say besides.
    pub headers: BTreeMap<RequestId, Headers>,
    queue: BTreeMap<(Time, u64), (Event, bool)>,
    seq: u64,
    dice: Dice,
    next_request: u32,
}

impl Bench {
    /// One edge, one runner, started.
    pub fn new() -> Self {
        let mut bench = Self::cold_start(&[EDGE], &[RUNNER]);
        bench.boot_all();
        bench
    }

    pub fn with(edges: &[NodeId], runners: &[NodeId]) -> Self {
        let mut bench = Self::cold_start(edges, runners);
        bench.boot_all();
        bench
    }

    /// Hosts that vote and may be upgraded from version 1 to version 2, each in a zone of its own.
    pub fn of_hosts(runners: &[NodeId]) -> Self {
        let managed = Managed {
            bootstrap: BOOTSTRAP,
            voters: runners.to_vec(),
            zones: (0..runners.len() as u8).collect(),
            approved: vec![Version(2)],
        };
        Self::of_managed(runners, managed)
    }

    pub fn of_managed(runners: &[NodeId], managed: Managed) -> Self {
        let mut bench = Self::built(&[EDGE], runners, Some(managed), outside::plain());
        bench.boot_all();
        bench.advance(secs(2));
        bench
    }

    pub fn cold_start(edges: &[NodeId], runners: &[NodeId]) -> Self {
        Self::built(edges, runners, None, outside::plain())
    }

    fn built(
        edges: &[NodeId],
        runners: &[NodeId],
        managed: Option<Managed>,
        (services, vault, pressed): outside::Around,
    ) -> Self {
        let facts = managed.is_some().then(|| Facts::right(Version(1)));
        let route = |contract| Route {
            deployment: OLD,
            epoch: Epoch(1),
            region: REGION,
            contract,
        };
        let control = ControlPlane::new(control::Installation {
            managed,
            vault,
            promoting: None,
            pressed,
            edges: edges.to_vec(),
            hosts: runners
                .iter()
                .map(|runner| Host {
                    runner: *runner,
                    region: REGION,
                    memory: 1024 * MIB,
                })
                .collect(),
            deployments: vec![
                Deployment {
                    digest: Digest(0xA1),
                    limit: 256 * MIB,
                },
                Deployment {
                    digest: Digest(0xB2),
                    limit: 256 * MIB,
                },
            ],
            routes: vec![route(Contract::None), route(Contract::HoldOnce)],
        });
        let edge = Edge::new(edge::Installation {
            control: CONTROL,
            region: REGION,
            contracts: vec![Contract::None, Contract::HoldOnce],
            stream: None,
            services: services.clone(),
        });
        let runner = Runner::new(runner::Installation {
            product: services.keys.map(|_| PRODUCT),
            sessions: None,
            built: facts,
            control: CONTROL,
            store: STORE,
            vault: VAULT,
        });
        Self {
            now: Time::ZERO,
            knobs: Knobs::defaults(CATALOG.knobs),
            waivers: Waivers::NONE,
            control: Node::new(control),
            edges: edges
                .iter()
                .map(|id| (*id, Node::new(edge.clone())))
                .collect(),
            runners: runners
                .iter()
                .map(|id| (*id, Node::new(runner.clone())))
                .collect(),
            outside: outside::Outside::default(),
            tabs: tabs::Tabs::default(),
            law: Box::new(|_, _, _| Fate::Deliver),
            kept: Vec::new(),
            stuck_disks: Vec::new(),
            prove_repeats: false,
            repeat_after: Duration::ZERO,
            boot: Some(millis(100)),
            ready: true,
            reason: 0,
            serves: Some(millis(10)),
            answers_well: true,
            dies_at_boot: false,
            processes: Vec::new(),
            images: Vec::new(),
            store_answers: true,
            bytes: None,
            vault_answers: true,
            secrets: true,
            provider_answers: true,
            installs: true,
            broken: |_| {},
            log: Vec::new(),
            responses: BTreeMap::new(),
            headers: BTreeMap::new(),
            queue: BTreeMap::new(),
            seq: 0,
            dice: Dice::new(core::array::from_fn(|stream| stream as u64 * 7919)),
            next_request: 1,
        }
    }

    pub fn boot_all(&mut self) {
        self.restart(CONTROL);
        for id in self.edges.keys().copied().collect::<Vec<_>>() {
            self.restart(id);
        }
        for id in self.runners.keys().copied().collect::<Vec<_>>() {
            self.restart(id);
        }
        self.settle();
    }

    pub fn set(&mut self, knob: &'static Knob, value: u64) {
        self.knobs.set(knob, value).unwrap();
    }

    // What a test does.

    pub fn request(&mut self, class: Class) -> RequestId {
        self.send_request(EDGE, ROUTE, class, None, 0)
    }

    pub fn keyed(&mut self, route: RouteId, key: u32, body: u32) -> RequestId {
        self.send_request(EDGE, route, Class::Unsafe, Some(IdempotencyKey(key)), body)
    }

    pub fn send_request(
        &mut self,
        edge: NodeId,
        route: RouteId,
        class: Class,
        key: Option<IdempotencyKey>,
        body: u32,
    ) -> RequestId {
        self.send_sized(edge, route, class, key, body, 100)
    }

    pub fn send_sized(
        &mut self,
        edge: NodeId,
        route: RouteId,
        class: Class,
        key: Option<IdempotencyKey>,
        body: u32,
        bytes: u32,
    ) -> RequestId {
        let id = RequestId(self.next_request);
        self.next_request += 1;
        self.deliver(
            CLIENT,
            edge,
            Message::Request(Request {
                id,
                route,
                class,
                key,
                body,
                bytes,
            }),
        );
        self.settle();
        id
    }

    pub fn command(&mut self, command: Command) -> bool {
        let before = self.log.len();
        self.deliver(OPERATOR, CONTROL, Message::Command(command));
        self.settle();
        self.log[before..]
            .iter()
            .any(|(_, _, told)| matches!(told, Told::Note(Note::CommandDone { .. })))
    }

    /// Hands over a message now, whatever the law says.
    pub fn deliver(&mut self, from: NodeId, to: NodeId, message: Message) {
        self.push(self.now, Event::Message { from, to, message });
    }

    /// Lets kept messages go.
    pub fn let_go(&mut self) {
        for (from, to, message) in std::mem::take(&mut self.kept) {
            self.deliver(from, to, message);
        }
        self.settle();
    }

    pub fn crash(&mut self, id: NodeId) {
        match id {
            CONTROL => {
                self.control.alive = false;
                self.control.pending.clear();
            }
            id if self.edges.contains_key(&id) => self.edges.get_mut(&id).unwrap().alive = false,
            id => {
                let node = self.runners.get_mut(&id).unwrap();
                node.alive = false;
                node.pending.clear();
                self.processes.retain(|(runner, _, _)| *runner != id);
            }
        }
        self.queue.retain(|_, (event, _)| match event {
            Event::Host { to, .. } | Event::Persisted { to } => *to != id,
            Event::Message { .. } => true,
        });
    }

    pub fn restart(&mut self, id: NodeId) {
        let cx = Context {
            now: self.now,
            node: id,
            waivers: self.waivers,
            knobs: &self.knobs,
            dice: &self.dice,
        };
        if id == CONTROL {
            let mut step = Step::default();
            self.control.alive = true;
            self.control
                .machine
                .restart(&cx, &self.control.durable, &mut step);
            self.take(id, step, |bench| &mut bench.control);
        } else if self.edges.contains_key(&id) {
            let mut step = Step::default();
            let node = self.edges.get_mut(&id).unwrap();
            node.alive = true;
            node.machine.restart(&cx, &[], &mut step);
            self.take(id, step, move |bench| bench.edges.get_mut(&id).unwrap());
        } else {
            let mut step = Step::default();
            let node = self.runners.get_mut(&id).unwrap();
            node.alive = true;
            node.machine.restart(&cx, &node.durable, &mut step);
            self.take(id, step, move |bench| bench.runners.get_mut(&id).unwrap());
        }
    }

    pub fn crash_and_restart(&mut self, id: NodeId) {
        self.crash(id);
        self.restart(id);
        self.settle();
    }

    /// A disk that was stuck answers what it was asked.
    pub fn unstick(&mut self, id: NodeId) {
        self.stuck_disks.retain(|stuck| *stuck != id);
        let pending = if id == CONTROL {
            self.control.pending.len()
        } else {
            self.runners[&id].pending.len()
        };
        for _ in 0..pending {
            self.push(self.now, Event::Persisted { to: id });
        }
        self.settle();
    }

    /// A stuck disk lets one write through.
    pub fn step_disk(&mut self, id: NodeId) {
        self.push(self.now, Event::Persisted { to: id });
        self.settle();
    }

    /// The process of a runner ends by itself.
    pub fn exit(&mut self, id: NodeId, code: u8, oom: bool) {
        let index = self
            .processes
            .iter()
            .position(|(runner, _, _)| *runner == id)
            .expect("a process runs");
        let (_, process, _) = self.processes.remove(index);
        self.push(
            self.now,
            Event::Host {
                to: id,
                event: HostEvent::Exited { process, code, oom },
            },
        );
        self.settle();
    }

    /// Everything that can happen without time passing.
    pub fn settle(&mut self) {
        self.advance(Duration::ZERO);
    }

    pub fn advance(&mut self, time: Duration) {
        let end = self.now.after(time);
        for turn in 0.. {
            assert!(turn < 2_000_000, "nothing comes to rest at {}", self.now);
            let queued = self.queue.keys().next().map(|(at, _)| *at);
            let due = self
                .deadlines()
                .into_iter()
                .filter_map(|(id, at)| at.map(|at| (at.max(self.now), id)))
                .min();
            match (queued, due) {
                (Some(at), due) if at <= end && due.is_none_or(|(deadline, _)| at <= deadline) => {
                    self.now = self.now.max(at);
                    let (_, (event, proof)) = self.queue.pop_first().unwrap();
                    self.handle(event, proof);
                }
                (_, Some((at, id))) if at <= end => {
                    self.now = self.now.max(at);
                    self.step(id, Input::Deadline);
                }
                _ => break,
            }
        }
        self.now = end;
    }

    // How it works.

    fn push(&mut self, at: Time, event: Event) {
        self.push_proof(at, event, false);
    }

    fn push_proof(&mut self, at: Time, event: Event, proof: bool) {
        self.queue.insert((at, self.seq), (event, proof));
        self.seq += 1;
    }

    fn deadlines(&self) -> Vec<(NodeId, Option<Time>)> {
        let mut all = vec![(
            CONTROL,
            self.control
                .machine
                .deadline()
                .filter(|_| self.control.alive),
        )];
        all.extend(
            self.edges
                .iter()
                .map(|(id, node)| (*id, node.machine.deadline().filter(|_| node.alive))),
        );
        all.extend(
            self.runners
                .iter()
                .map(|(id, node)| (*id, node.machine.deadline().filter(|_| node.alive))),
        );
        all
    }

    fn handle(&mut self, event: Event, proof: bool) {
        match event {
            Event::Message { from, to, message } => match (to, message) {
                (
                    STORE,
                    Message::Pull {
                        allocation,
                        digest,
                        nth,
                    },
                ) => {
                    if self.store_answers {
                        let bytes = self.bytes.unwrap_or(digest);
                        self.route(
                            STORE,
                            from,
                            Message::PullDone {
                                allocation,
                                digest,
                                bytes,
                                nth,
                            },
                        );
                    }
                }
                (
                    VAULT,
                    Message::SecretsAsk {
                        allocation,
                        deployment,
                        nth,
                    },
                ) => {
                    if self.vault_answers {
                        let complete = self.secrets;
                        self.route(
                            VAULT,
                            from,
                            Message::Secrets {
                                allocation,
                                deployment,
                                complete,
                                nth,
                            },
                        );
                    }
                }
                (
                    CLIENT,
                    Message::Response {
                        request,
                        status,
                        reason,
                        retry_after,
                        headers,
                    },
                ) => {
                    self.headers.insert(request, headers);
                    let response = (status, reason, retry_after, self.now);
                    assert!(
                        self.responses.insert(request, response).is_none(),
                        "{request:?} was answered twice"
                    );
                    if status == 503 {
                        assert!(retry_after >= 1, "a 503 says when to come again");
                    }
                }
                (VAULT, Message::SecretsAwait { deployment, nth }) => {
                    self.await_secret(from, deployment, nth)
                }
                (BOOTSTRAP, Message::Host(message)) => self.bootstrap(from, message),
                (STORE | KEYS | PRODUCT, Message::Traces(say)) => self.ask_outside(from, to, say),
                (SESSIONS, message) => self.ask_session_store(from, message),
                (CLIENT | OPERATOR | STORE | VAULT | BOOTSTRAP, _) => {}
                _ => {
                    let before = self.fingerprint(to);
                    self.step(to, Input::Message { from, message });
                    if proof {
                        assert_eq!(
                            before,
                            self.fingerprint(to),
                            "a repeat of {message:?} changed {to:?} at {}",
                            self.now
                        );
                    } else if self.prove_repeats && message.repeatable() {
                        self.push_proof(
                            self.now.after(self.repeat_after),
                            Event::Message { from, to, message },
                            true,
                        );
                    }
                }
            },
            Event::Host { to, event } => {
                if let HostEvent::Up { process } = event {
                    for entry in &mut self.processes {
                        entry.2 |= entry.0 == to && entry.1 == process;
                    }
                }
                self.step(to, Input::Host(event));
            }
            Event::Persisted { to } => {
                let ticket = if to == CONTROL {
                    let Some((ticket, record)) = self.control.pending.pop_front() else {
                        return;
                    };
                    self.control.durable.push(record);
                    ticket
                } else {
                    let node = self.runners.get_mut(&to).unwrap();
                    let Some((ticket, record)) = node.pending.pop_front() else {
                        return;
                    };
                    node.durable.push(record);
                    ticket
                };
                self.step(to, Input::Persisted(ticket));
            }
        }
    }

    pub fn step(&mut self, id: NodeId, input: Input<Message>) {
        let cx = Context {
            now: self.now,
            node: id,
            waivers: self.waivers,
            knobs: &self.knobs,
            dice: &self.dice,
        };
        if id == CONTROL {
            if self.control.alive {
                let mut step = Step::default();
                self.control.machine.step(&cx, input, &mut step);
                self.take(id, step, |bench| &mut bench.control);
            }
        } else if let Some(node) = self.edges.get_mut(&id) {
            if node.alive {
                let mut step = Step::default();
                node.machine.step(&cx, input, &mut step);
                self.take(id, step, move |bench| bench.edges.get_mut(&id).unwrap());
            }
        } else if let Some(node) = self.runners.get_mut(&id)
            && node.alive
        {
            let mut step = Step::default();
            node.machine.step(&cx, input, &mut step);
            self.take(id, step, move |bench| bench.runners.get_mut(&id).unwrap());
        }
    }

    fn take<M>(&mut self, id: NodeId, step: StepOf<M>, node: impl Fn(&mut Self) -> &mut Node<M>)
    where
        M: Machine<Message = Message, Note = Note>,
    {
        self.log.extend(
            step.ruled
                .iter()
                .map(|ruling| (self.now, id, Told::Ruled(*ruling))),
        );
        self.log.extend(
            step.moved
                .iter()
                .map(|moved| (self.now, id, Told::Moved(*moved))),
        );
        self.log.extend(
            step.notes
                .iter()
                .map(|note| (self.now, id, Told::Note(*note))),
        );
        for persist in &step.persists {
            node(self)
                .pending
                .push_back((persist.ticket, persist.record));
            if !self.stuck_disks.contains(&id) {
                self.push(self.now, Event::Persisted { to: id });
            }
        }
        for call in &step.host {
            self.host(id, *call);
        }
        for send in &step.sends {
            self.log.push((self.now, id, Told::Sent(send.message)));
            self.route(id, send.to, send.message);
        }
    }

    fn route(&mut self, from: NodeId, to: NodeId, message: Message) {
        let event = Event::Message { from, to, message };
        match (self.law)(from, to, &message) {
            Fate::Deliver => self.push(self.now, event),
            Fate::Drop => {}
            Fate::Keep => self.kept.push((from, to, message)),
            Fate::Delay(by) => self.push(self.now.after(by), event),
            Fate::Twice => {
                self.push(self.now, event);
                self.push(self.now, event);
            }
        }
    }

    fn host(&mut self, id: NodeId, call: HostCall) {
        match call {
            HostCall::Launch { process, image, .. } => {
                self.images.push(image);
                self.processes.push((id, process, false));
                if let Some(boot) = self.boot {
                    let event = if self.dies_at_boot {
                        self.processes
                            .retain(|entry| (entry.0, entry.1) != (id, process));
                        HostEvent::Exited {
                            process,
                            code: 1,
                            oom: false,
                        }
                    } else {
                        HostEvent::Up { process }
                    };
                    self.push(self.now.after(boot), Event::Host { to: id, event });
                }
            }
            HostCall::Probe { process, nth } => {
                if self.processes.contains(&(id, process, true)) {
                    let event = HostEvent::Probed {
                        process,
                        nth,
                        ready: self.ready,
                        reason: if self.ready { 0 } else { self.reason },
                    };
                    self.push(self.now, Event::Host { to: id, event });
                }
            }
            HostCall::Serve { process, request } => {
                if let Some(time) = self
                    .serves
                    .filter(|_| self.processes.contains(&(id, process, true)))
                {
                    let event = HostEvent::Served {
                        process,
                        request,
                        ok: self.answers_well,
                    };
                    self.push(self.now.after(time), Event::Host { to: id, event });
                }
            }
            HostCall::Kill { process } => {
                self.processes
                    .retain(|entry| (entry.0, entry.1) != (id, process));
                self.queue.retain(|_, (event, _)| match event {
                    Event::Host { to, event: HostEvent::Up { process: of } | HostEvent::Served { process: of, .. } } => (*to, *of) != (id, process),
                    _ => true,
                });
                self.push(
                    self.now,
                    Event::Host {
                        to: id,
                        event: HostEvent::Exited {
                            process,
                            code: 137,
                            oom: false,
                        },
                    },
                );
            }
        }
    }
}
