//! The control plane: operation table, route owners, scheduler, reports, outbox and relay.
//!
//! **Invariants.** Every change is one compare-and-set commit that also adds one outbox row. A commit is durable when
//! the disk says so; nothing that depends on it leaves the node before that. [`Machine::restart`] is also how it
//! starts for the first time: it then writes down what the installation names.
//!
//! The parts: `commit` changes rows and lets their effects go, `relay` tells the edges, `orders` tells the runners,
//! `wakes`, `scheduler` and `sleep` drive the two lifecycles, `reports` and `evidence` judge what runners say,
//! `presence` watches the runners, `promotions` gives routes to new owners and tells the log, `hosts` drains and upgrades them, `commands` are the operator's, `restart` is the way back from a crash and `backup` the one from a lost database,
//! `cleaning` removes what is old and needed by nobody.

mod backup;
mod cleaning;
mod commands;
mod commit;
mod evidence;
mod hosts;
mod orders;
mod presence;
mod promotions;
mod relay;
mod reports;
mod restart;
mod row;
mod scheduler;
mod secrets;
mod sleep;
mod store;
mod wakes;
mod watched;

pub use backup::put_back;
pub use row::{Allocation, Contract, Deployment, Image, OutboxRow, Record, Route, Wake};
pub use store::Pressed;

use crate::agenda::Agenda;
use crate::id::{AllocationId, DrainId, Epoch, OutboxId, ReportId, RouteId, WakeId};
use crate::ledger::Ledger;
use crate::message::Message;
use crate::note::Note;
use crate::{allocation, knob};
use alloc::vec::Vec;
use cleaning::Cleaning;
use commit::Effect;
use hosts::Hosts;
use machine::{Context, Input, Machine, NodeId, Step, Subject, Table, Time, fingerprint};
use machine::{SortedMap, SortedSet};
use orders::Standing;
use presence::{Doing, Presence};
use promotions::Promotions;
use relay::Sending;

/// What a step of the control plane fills.
type Out = Step<Message, Record, Note>;

/// A host that the scheduler may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Host {
    /// The runner on it.
    pub runner: NodeId,
    /// Its region.
    pub region: crate::id::Region,
    /// Its memory in bytes.
    pub memory: u64,
}

/// What the control plane is told at its installation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Installation {
    /// The edges that follow its log; at most 64.
    pub edges: Vec<NodeId>,
    /// The hosts.
    pub hosts: Vec<Host>,
    /// The deployments that exist at the start.
    pub deployments: Vec<Deployment>,
    /// The routes and their owners at the start (epoch 1).
    pub routes: Vec<Route>,
    /// What it takes to upgrade the hosts, if it may.
    pub managed: Option<crate::hosts::Managed>,
    /// What keeps the secrets, if it says when one is bound.
    pub vault: Option<NodeId>,
    /// What it takes to promote, if owners change by promotions and the edges follow a log.
    pub promoting: Option<crate::promotion::Managed>,
    /// Whether it keeps a journal of deliveries, and which app its consoles are, if any call it.
    pub pressed: Option<store::Pressed>,
}

/// What the control plane has put on its agenda.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Due {
    /// A wake takes too long, or its cool-down is over.
    Wake(WakeId),
    /// A pull or a start takes too long, or a process has been unhealthy for too long.
    Allocation(AllocationId),
    /// The edges take too long to learn that an allocation is out of rotation.
    Retire(AllocationId),
    /// A runner has been silent for too long.
    Runner(NodeId),
    /// A runner has not been seen to obey.
    Standing(AllocationId),
    /// An edge has not acknowledged an event.
    Relay(OutboxId, u8),
    /// A drain of a host is looked at.
    Drain(DrainId),
    /// A promotion is looked at.
    Promotion(crate::promotion::PromotionId),
    /// The log has not acknowledged a change of an owner.
    Stream(OutboxId),
    /// A snapshot is due.
    Snapshot,
    /// The log and the edges are asked how far the epochs have got.
    Floor,
    /// It is looked what can be removed.
    CleanUp,
    /// The vault is asked whether what was missing is there.
    Secret(crate::id::DeploymentId),
    /// A wish for a promotion is looked at.
    Wish(u32),
}

/// The control plane.
#[derive(Clone, Debug)]
pub struct ControlPlane {
    installation: Installation,
    routes: Table<Route>,
    wakes: Table<Wake>,
    allocations: Table<Allocation>,
    deployments: Table<Deployment>,
    outbox: Vec<OutboxRow>,
    outbox_digest: u64,
    /// How many outbox rows are durable; they become so in order.
    durable: u32,
    /// What waits for a row to be durable. It says nothing that rows and standing orders do not say already.
    effects: SortedMap<OutboxId, Vec<Effect>>,
    /// The rows whose effects have not been judged in this step.
    fresh: SortedSet<OutboxId>,
    /// Indexes over the tables.
    newest: SortedMap<Subject, OutboxId>,
    wakes_by_key: SortedMap<(RouteId, Epoch), Vec<WakeId>>,
    live: SortedMap<RouteId, SortedSet<AllocationId>>,
    /// What is known besides the tables; lost in a crash.
    relays: Ledger<(OutboxId, u8), Sending>,
    /// The number of each edge's last ask for the log.
    follows: Ledger<NodeId, u32>,
    /// The number that each edge was last sent an event under.
    sent: Ledger<NodeId, u32>,
    standing: Ledger<AllocationId, Standing>,
    retiring: Ledger<AllocationId, OutboxId>,
    runners: Ledger<NodeId, Presence>,
    doing: Ledger<AllocationId, Doing>,
    seen: Ledger<ReportId, ()>,
    asks: Ledger<(NodeId, RouteId), u32>,
    hosts: Hosts,
    promotions: Promotions,
    cleaning: Cleaning,
    /// The work that the watch has handed over.
    carried: Ledger<crate::outage::WorkId, ()>,
    /// What the watch says of providers, by app.
    held: watched::HeldBack,
    /// What weighs on the store.
    store: store::Load,
    /// The deployments that wanted for a secret.
    secrets: Ledger<crate::id::DeploymentId, secrets::Wanting>,
    agenda: Agenda<Due>,
}

impl ControlPlane {
    /// A control plane whose database holds nothing yet.
    #[must_use]
    pub fn new(installation: Installation) -> Self {
        Self {
            installation,
            routes: Table::default(),
            wakes: Table::default(),
            allocations: Table::default(),
            deployments: Table::default(),
            outbox: Vec::new(),
            outbox_digest: 0,
            durable: 0,
            effects: SortedMap::new(),
            fresh: SortedSet::new(),
            newest: SortedMap::new(),
            wakes_by_key: SortedMap::new(),
            live: SortedMap::new(),
            relays: Ledger::default(),
            follows: Ledger::default(),
            sent: Ledger::default(),
            standing: Ledger::default(),
            retiring: Ledger::default(),
            runners: Ledger::default(),
            doing: Ledger::default(),
            seen: Ledger::default(),
            asks: Ledger::default(),
            hosts: Hosts::default(),
            promotions: Promotions::default(),
            cleaning: Cleaning::default(),
            carried: Ledger::default(),
            held: watched::HeldBack::default(),
            store: store::Load::default(),
            secrets: Ledger::default(),
            agenda: Agenda::default(),
        }
    }

    /// The routes and their owners.
    #[must_use]
    pub const fn routes(&self) -> &Table<Route> {
        &self.routes
    }

    /// The wakes, newest last.
    #[must_use]
    pub const fn wakes(&self) -> &Table<Wake> {
        &self.wakes
    }

    /// The allocations, newest last.
    #[must_use]
    pub const fn allocations(&self) -> &Table<Allocation> {
        &self.allocations
    }

    /// The deployments.
    #[must_use]
    pub const fn deployments(&self) -> &Table<Deployment> {
        &self.deployments
    }

    /// The outbox, oldest row first.
    #[must_use]
    pub fn outbox(&self) -> &[OutboxRow] {
        &self.outbox
    }

    /// The hosts it may use.
    #[must_use]
    pub fn hosts(&self) -> &[Host] {
        &self.installation.hosts
    }

    /// Whether a runner has been heard of lately enough.
    #[must_use]
    pub fn is_connected(&self, runner: NodeId) -> bool {
        self.runners
            .get(runner)
            .is_some_and(|presence| presence.connected)
    }

    fn on_message(&mut self, cx: &Context<'_>, out: &mut Out, from: NodeId, message: Message) {
        match message {
            Message::WakeAsk {
                route, epoch, nth, ..
            } => self.on_wake_ask(cx, out, from, route, epoch, nth),
            Message::EventAck { row, nth } => self.on_event_ack(cx, out, from, row, nth),
            Message::Follow { nth } => self.on_follow(cx, out, from, nth),
            Message::Report {
                report,
                allocation,
                token,
                observed,
                nth,
            } => {
                self.on_report(
                    cx,
                    out,
                    reports::Report {
                        from,
                        report,
                        allocation,
                        token,
                        observed,
                        nth,
                    },
                );
            }
            Message::Heartbeat { nth, used } => {
                self.hear_of_use(cx, from, nth, used);
                self.on_heartbeat(cx, out, from, nth);
            }
            Message::Activity {
                allocation,
                token,
                in_flight,
                idle,
                nth,
            } => {
                self.on_activity(
                    cx,
                    out,
                    from,
                    allocation,
                    Doing {
                        token,
                        in_flight,
                        idle,
                        nth,
                    },
                );
            }
            Message::SecretBound { deployment, nth } => {
                self.on_secret_bound(cx, out, deployment, nth);
            }
            Message::Command(command) => self.on_command(cx, out, command),
            Message::Host(message) => self.on_host_message(cx, out, from, message),
            Message::Promotion(message) => self.on_promotion_message(cx, out, from, message),
            Message::Pipeline(message) => self.on_pipeline_message(cx, out, from, message),
            Message::Cleanup(message) => self.on_cleanup_message(cx, out, message),
            Message::Outage(message) => self.on_watch(cx, out, from, message),
            Message::Pressure(message) => self.on_call(cx, out, from, message),
            // Everything else is said to others.
            _ => {}
        }
    }

    fn on_deadline(&mut self, cx: &Context<'_>, out: &mut Out) {
        for due in self.agenda.take_due(cx.now) {
            match due {
                Due::Wake(id) => self.wake_due(cx, out, id),
                Due::Allocation(id) => self.allocation_due(cx, out, id),
                Due::Retire(id) => self.drain(cx, out, id),
                Due::Runner(node) => self.runner_due(cx, out, node),
                Due::Standing(id) => self.repeat_standing(cx, out, id),
                Due::Relay(row, edge) => self.relay(cx, out, row, edge),
                Due::Drain(id) => self.look_at(cx, out, id),
                Due::Promotion(id) => self.look_at_promotion(cx, out, id),
                Due::Stream(row) => self.say_again(cx, out, row),
                Due::Snapshot => self.snapshot_due(cx, out),
                Due::Floor => self.look_for_floor(cx, out),
                Due::CleanUp => self.clean_up(cx, out),
                Due::Secret(deployment) => self.ask_vault(cx, out, deployment),
                Due::Wish(number) => self.look_at_wish(cx, out, number),
            }
        }
    }

    fn index_wake(&mut self, id: WakeId, value: &Wake) {
        self.wakes_by_key
            .entry((value.route, value.epoch))
            .or_default()
            .push(id);
    }

    /// Keeps indexes and agenda in step with an allocation that is new or has changed.
    fn index_allocation(
        &mut self,
        cx: &Context<'_>,
        id: AllocationId,
        old: Option<&Allocation>,
        new: &Allocation,
    ) {
        let due = Due::Allocation(id);
        if new.state.is_terminal() {
            if let Some(live) = self.live.get_mut(&new.route) {
                live.remove(&id);
            }
            self.doing.remove(id);
            self.retiring.remove(id);
            self.agenda.clear(Due::Retire(id));
            if old.is_some_and(|old| !old.state.is_terminal()) {
                self.forget_order(id);
            }
            self.agenda.clear(due);
            return;
        }
        self.live.entry(new.route).or_default().insert(id);
        match new.state {
            allocation::State::Planned | allocation::State::Pulling => {
                self.agenda
                    .set(due, new.since.after(cx.knobs.time(&knob::PULL_TIMEOUT)));
            }
            allocation::State::Starting => self
                .agenda
                .set(due, new.since.after(cx.knobs.time(&knob::START_TIMEOUT))),
            // A process that was ready once may be unready for as long as a start may take.
            allocation::State::Ready if !new.healthy => {
                if !self.agenda.has(due)
                    || old.is_none_or(|old| old.state != new.state || old.healthy)
                {
                    self.agenda
                        .set(due, cx.now.after(cx.knobs.time(&knob::START_TIMEOUT)));
                }
            }
            _ => self.agenda.clear(due),
        }
    }

    /// The allocations of a route that have not ended, oldest first.
    fn live_of(&self, route: RouteId) -> impl Iterator<Item = (AllocationId, &Allocation)> {
        self.live
            .get(&route)
            .into_iter()
            .flatten()
            .filter_map(|id| Some((*id, &self.allocations.get(id.0)?.value)))
    }

    /// The allocations on a host that have not ended.
    fn live_on(&self, host: NodeId) -> Vec<AllocationId> {
        let on_host = |id: &&AllocationId| {
            self.allocations
                .get(id.0)
                .is_some_and(|row| row.value.host == host)
        };
        self.live
            .values()
            .flatten()
            .filter(on_host)
            .copied()
            .collect()
    }

    /// The wakes of a route under an epoch, oldest first.
    fn wakes_of(&self, route: RouteId, epoch: Epoch) -> Vec<(WakeId, Wake)> {
        let ids = self.wakes_by_key.get(&(route, epoch)).into_iter().flatten();
        ids.filter_map(|id| Some((*id, self.wakes.get(id.0)?.value)))
            .collect()
    }
}

impl Machine for ControlPlane {
    type Message = Message;
    type Record = Record;
    type Note = Note;

    fn step(&mut self, cx: &Context<'_>, input: Input<Message>, out: &mut Out) {
        match input {
            Input::Message { from, message } => self.on_message(cx, out, from, message),
            Input::Deadline => self.on_deadline(cx, out),
            Input::Persisted(ticket) => self.on_persisted(out, ticket),
            Input::Host(_) => {}
        }
        self.release(cx, out);
    }

    fn deadline(&self) -> Option<Time> {
        self.agenda.next()
    }

    fn restart(&mut self, cx: &Context<'_>, durable: &[Record], out: &mut Out) {
        self.come_back(cx, out, durable);
        self.release(cx, out);
    }

    fn fingerprint(&self) -> u64 {
        let tables = (
            self.routes.fingerprint(),
            self.wakes.fingerprint(),
            self.allocations.fingerprint(),
            self.deployments.fingerprint(),
            self.outbox_digest,
        );
        let rest = (
            self.relays.fingerprint(),
            self.follows.fingerprint(),
            self.sent.fingerprint(),
            self.standing.fingerprint(),
            self.retiring.fingerprint(),
            self.runners.fingerprint(),
            self.doing.fingerprint(),
            self.seen.fingerprint(),
            self.asks.fingerprint(),
            self.agenda.fingerprint(),
        );
        let all = fingerprint::digest(&(tables, rest));
        let all = if self.installation.managed.is_some() {
            fingerprint::fold(all, self.hosts.fingerprint())
        } else {
            all
        };
        let all = if self.installation.promoting.is_some() {
            fingerprint::fold(
                fingerprint::fold(all, self.promotions.fingerprint()),
                self.cleaning.fingerprint(),
            )
        } else {
            all
        };
        let all = if self.installation.pressed.is_none() {
            all
        } else {
            fingerprint::fold(all, self.store.fingerprint())
        };
        let all = if self.held.is_empty() {
            all
        } else {
            fingerprint::fold(all, self.held.fingerprint())
        };
        let all = if self.secrets.map().is_empty() {
            all
        } else {
            fingerprint::fold(all, self.secrets.fingerprint())
        };
        if self.carried.map().is_empty() {
            all
        } else {
            fingerprint::fold(all, self.carried.fingerprint())
        }
    }
}
