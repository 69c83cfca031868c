//! What properties remember from entry to entry.

use crate::fleet::Fleet;
use alloc::vec::Vec;
use machine::fingerprint::digest;
use machine::{NodeId, Subject, Time};
use machine::{SortedMap, SortedSet};
use platform::id::{AllocationId, IdempotencyKey, ReportId, RequestId, RouteId, Token};
use platform::message::{Class, Message, Observed};
use platform::note::Note;
use platform::traces::Message as Say;
use protocol::Plan;
use sim::{Entry, State, What};

/// Everything remembered.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// The digest of the durable event of each outbox row.
    pub committed: SortedMap<u32, u64>,
    /// The version of the newest durable event of each entity since the control plane came up.
    pub versions: SortedMap<Subject, u32>,
    /// How many passed checks of each process were believed.
    pub passes: SortedMap<(AllocationId, Token), u64>,
    /// What each edge lacks of each allocation: the version, and since when.
    pub lacks: SortedMap<(NodeId, AllocationId), (u32, Time)>,
    /// The highest token issued for each allocation, before the entry that is judged.
    pub tokens: SortedMap<AllocationId, Token>,
    /// Allocations with a durable end, and the version that ended them.
    pub ended: SortedMap<AllocationId, u32>,
    /// How often each unsafe request was handed out.
    pub dispatched: SortedMap<RequestId, u8>,
    /// Keys handed out, by edge.
    pub keys: SortedMap<(NodeId, IdempotencyKey), RequestId>,
    /// When each edge last let a held request of each route go, by its own clock.
    pub released: SortedMap<(NodeId, RouteId), Time>,
    /// When wakes of each route started, newest last; as many as could matter.
    pub starts: SortedMap<RouteId, Vec<Time>>,
    /// When each allocation was restarted in place.
    pub restarts: SortedMap<AllocationId, Vec<Time>>,
    /// What reached each runner since it last started: the highest token and whether it was a stop.
    pub orders: SortedMap<(NodeId, AllocationId), (Token, bool)>,
    /// Since when the control plane has been up.
    pub control_up: Option<Time>,
    /// When the last safe request arrived for each route.
    pub demand: SortedMap<RouteId, Time>,
    /// Since when each route should have become hot.
    pub should_be_hot: SortedMap<RouteId, Time>,
    /// Reports that fitted nothing when they arrived.
    pub untaken: SortedSet<ReportId>,
    /// When deadlines were last looked at.
    pub looked_at: Time,
    /// What is remembered of migrations.
    pub migrations: super::migration::Memory,
    /// What is remembered of providers.
    pub outage: super::outage::Memory,
    pub pressure: super::pressure::Memory,
    /// What is remembered of restores.
    pub restores: super::restore::Memory,
    /// What is remembered of promotions.
    pub promotions: super::promotion::Memory,
    /// What is remembered of regions.
    pub regions: super::region::Memory,
    /// What is remembered of deployments from Git.
    pub gitops: super::gitops::Memory,
    /// What is remembered of the pipeline.
    pub pipeline: super::pipeline::Memory,
    /// What is remembered of attempts.
    pub attempts: super::pipeline::Memory,
    /// What is remembered of single requests.
    pub traces: super::traces::Memory,
    /// What is remembered of sessions.
    pub sessions: super::sessions::Memory,
    /// What is remembered of what is kept.
    pub recovery: super::recovery::Memory,
    /// What is remembered of the inbox.
    pub inbox: super::inbox::Memory,
    /// What is remembered of who asks.
    pub visits: super::visits::Memory,
    /// Of hosts.
    pub hosts: super::hosts::Memory,
    /// Of the joints between parts.
    pub joints: super::joints::Memory,
}

impl Memory {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            traces: super::traces::Memory::new(plan),
            visits: super::visits::Memory::new(plan),
            inbox: super::inbox::Memory::new(plan),
            ..Self::default()
        }
    }

    /// Takes in what the entry brought before it is judged.
    pub(super) fn before(&mut self, state: &State<Fleet>, entry: &Entry<'_, Fleet>) {
        let control = state.fleet().roster().control();
        match entry.what {
            What::Started | What::Restarted if entry.actor == control => {
                self.control_up = Some(entry.at)
            }
            What::Crashed => {
                if entry.actor == control {
                    self.control_up = None;
                    // What was durable and not heard of is known only to the disk.
                    self.versions.clear();
                }
                self.orders.retain(|(runner, _), _| *runner != entry.actor);
                self.keys.retain(|(edge, _), _| *edge != entry.actor);
                self.released.retain(|(edge, _), _| *edge != entry.actor);
            }
            What::MessageDelivered { message, .. } => match message {
                Message::Order {
                    allocation, token, ..
                } => self.order(entry.actor, allocation, token, false),
                Message::Stop {
                    allocation, token, ..
                } => self.order(entry.actor, allocation, token, true),
                Message::Report {
                    allocation,
                    token,
                    observed: Observed::Readiness { pass: true, .. },
                    ..
                } => {
                    let believed = |note: &Note| matches!(note, Note::ReportAccepted { .. });
                    if entry.notes.iter().any(believed) {
                        *self.passes.entry((allocation, token)).or_default() += 1;
                    }
                }
                _ => {}
            },
            _ => {}
        }
        // An errand is no demand: its app may sleep on.
        let errand = matches!(
            entry.what,
            What::MessageDelivered {
                message: Message::Traces(Say::Arrive(arrival)),
                ..
            } if !arrival.errand.is_person()
        );
        for note in entry.notes {
            match *note {
                Note::Committed { row, event } => {
                    self.committed
                        .entry(row.0)
                        .or_insert_with(|| digest(&event));
                }
                Note::RequestArrived {
                    route,
                    class: Class::SafePage | Class::Upgrade,
                    ..
                } if !errand => {
                    self.demand.insert(route, entry.at);
                }
                _ => {}
            }
        }
    }

    fn order(&mut self, runner: NodeId, allocation: AllocationId, token: Token, stop: bool) {
        let newest = self
            .orders
            .entry((runner, allocation))
            .or_insert((token, stop));
        if token > newest.0 {
            *newest = (token, stop);
        } else if token == newest.0 {
            newest.1 |= stop;
        }
    }

    /// Takes in what the entry did, for the next one.
    pub(super) fn after(&mut self, state: &State<Fleet>, entry: &Entry<'_, Fleet>) {
        for moved in entry.moved {
            if moved.lifecycle == platform::ALLOCATION && moved.from.is_none() {
                let allocation = AllocationId(moved.subject.id as u32);
                if let Some(row) = state.fleet().control().allocations().get(allocation.0) {
                    self.tokens.insert(allocation, row.value.token);
                }
            }
        }
        for note in entry.notes {
            match *note {
                Note::RestartOrdered { allocation, token } => {
                    self.tokens.insert(allocation, token);
                }
                Note::ReportIllegal { report, .. } => {
                    self.untaken.insert(report);
                }
                Note::ReportAccepted { report, .. } | Note::LateReportRecorded { report, .. } => {
                    self.untaken.remove(&report);
                }
                Note::DispatchRefused { request, .. } => {
                    // Nothing was written: it was not handed out after all.
                    if let Some(count) = self.dispatched.get_mut(&request) {
                        *count = count.saturating_sub(1);
                    }
                    self.keys.retain(|_, holder| *holder != request);
                }
                _ => {}
            }
        }
    }
}
