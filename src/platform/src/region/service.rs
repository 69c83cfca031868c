//! The region service: one row per region, one question at a time for each fact that the next stage needs.
//!
//! **Invariants.** A row moves by one commit; nothing that depends on it leaves the node before the disk has it. What was
//! seen in a region is evidence with an age and the token of the enablement that asked, lives in memory only, and is
//! collected anew after a crash and for every enablement. What is to be told to regions and the door follows from the rows,
//! and is told again until it is confirmed.

use super::{Fact, State, Transition};
use crate::REGION;
use crate::agenda::Agenda;
use crate::gate;
use crate::id::{Region, Token};
use crate::knob;
use crate::ledger::Ledger;
use crate::message::Message;
use crate::note::Note;
use crate::region::message::{Cause, Command, Message as Say, Note as Tell};
use alloc::vec::Vec;
use machine::{Context, Fact as Found, Gate, Input, Machine, Moved, NodeId, Persist, Row, Step};
use machine::{Table, Ticket, Time, fingerprint::digest};

type Out = Step<Message, Record, Note>;

/// A region that could be enabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Site {
    /// The node that answers for it.
    pub node: NodeId,
    /// Whether the data may live there when the platform is installed.
    pub allowed: bool,
}

/// What the service is told at its installation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Installation {
    /// The regions, in the order of their numbers.
    pub sites: Vec<Site>,
    /// What sends visitors to them.
    pub door: NodeId,
}

/// A region as the service has it in its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RegionRow {
    /// Whether the data may live there.
    pub allowed: bool,
    /// Where its enablement stands; `None` if nobody has asked for it yet.
    pub state: Option<State>,
    /// The number of the enablement.
    pub token: Token,
    /// Since when it is in this state.
    pub since: Time,
    /// What it waits for.
    pub lacks: Option<Fact>,
    /// Since when an eligible region has lacked something.
    pub ill_since: Option<Time>,
    /// Whether an operator sends visitors there whatever its state.
    pub forced: bool,
}

/// What the service makes durable: a row after a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    region: Region,
    row: Row<RegionRow>,
}

/// What was seen in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Evidence {
    holds: bool,
    at: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Due {
    /// It is time to ask a region, and to tell it and the door again.
    Ask(Region),
    /// A region has lacked something for too long.
    Grace(Region),
}

/// The region service.
#[derive(Clone, Debug)]
pub struct Regions {
    installation: Installation,
    rows: Table<RegionRow>,
    /// How many records were written, and how many of them are durable.
    written: u64,
    durable: u64,
    /// The number of the newest record of each region.
    newest: Ledger<Region, u64>,
    evidence: Ledger<(Region, Fact), Evidence>,
    /// What the door has confirmed to be closed, and the regions to have stopped, by token.
    closed: Ledger<Region, Token>,
    stopped: Ledger<Region, Token>,
    nth: u32,
    agenda: Agenda<Due>,
}

impl Regions {
    /// A service whose database holds nothing yet.
    #[must_use]
    pub fn new(installation: Installation) -> Self {
        Self {
            installation,
            rows: Table::default(),
            written: 0,
            durable: 0,
            newest: Ledger::default(),
            evidence: Ledger::default(),
            closed: Ledger::default(),
            stopped: Ledger::default(),
            nth: 0,
            agenda: Agenda::default(),
        }
    }

    /// The regions, in the order of their numbers.
    #[must_use]
    pub const fn rows(&self) -> &Table<RegionRow> {
        &self.rows
    }

    fn row(&self, region: Region) -> Option<RegionRow> {
        self.rows.get(u32::from(region.0)).map(|row| row.value)
    }

    fn node(&self, region: Region) -> Option<NodeId> {
        let site = self.installation.sites.get(usize::from(region.0))?;
        Some(site.node)
    }

    /// One commit: the row, its record and, if it moved, its transition.
    fn commit(
        &mut self,
        out: &mut Out,
        region: Region,
        transition: Option<Transition>,
        change: impl FnOnce(&mut RegionRow),
    ) {
        let Some(old) = self.rows.get(u32::from(region.0)).copied() else {
            return;
        };
        let mut value = old.value;
        change(&mut value);
        if let Some(transition) = transition {
            let next = match old.value.state {
                None => Some(State::Requested),
                Some(state) => state.after(transition),
            };
            let Some(next) = next else { return };
            value.state = Some(next);
        }
        if value == old.value {
            return;
        }
        let Ok(version) = self.rows.cas(u32::from(region.0), old.version, value) else {
            return;
        };
        self.write(out, region, Row { version, value });
        if let (Some(transition), Some(state)) = (transition, value.state) {
            out.moved.push(Moved {
                lifecycle: REGION,
                subject: region.into(),
                from: old.value.state.map(|state| state as u8),
                transition: old.value.state.map(|_| transition as u8),
                to: state as u8,
                version,
            });
        }
    }

    fn write(&mut self, out: &mut Out, region: Region, row: Row<RegionRow>) {
        self.written += 1;
        self.newest.insert(region, self.written);
        out.persists.push(Persist {
            ticket: Ticket(self.written),
            record: Record { region, row },
        });
    }

    fn say(&mut self, out: &mut Out, to: NodeId, say: impl FnOnce(u32) -> Say) {
        self.nth = self.nth.saturating_add(1);
        out.send(to, Message::Region(say(self.nth)));
    }

    /// An enablement begins: everything is looked at under a new token.
    fn request(&mut self, cx: &Context<'_>, out: &mut Out, region: Region) -> bool {
        let Some(row) = self.row(region) else {
            return false;
        };
        if !matches!(row.state, None | Some(State::Disabled)) {
            // A second request attaches to the enablement that is under way.
            return true;
        }
        let allowed = Found::yes(row.allowed);
        if out
            .require(cx, &gate::RESIDENCY_ALLOWED, region.into(), allowed)
            .is_err()
        {
            return false;
        }
        for fact in Fact::ALL {
            self.evidence.remove((region, fact));
        }
        self.commit(out, region, Some(Transition::RequestedAgain), |row| {
            row.token = Token(row.token.0.saturating_add(1));
            row.since = cx.now;
            row.lacks = None;
            row.ill_since = None;
            row.forced = false;
        });
        self.closed.remove(region);
        self.stopped.remove(region);
        self.tend(cx, out, region);
        true
    }

    fn take_out(&mut self, cx: &Context<'_>, out: &mut Out, region: Region, cause: Cause) -> bool {
        let up = self
            .row(region)
            .and_then(|row| row.state)
            .is_some_and(|state| state != State::Disabled);
        if up {
            self.commit(out, region, Some(Transition::TakenOut), |row| {
                row.since = cx.now;
                row.lacks = None;
                row.ill_since = None;
                row.forced = false;
            });
            out.note(Note::Region(Tell::TakenOut { region, cause }));
            self.agenda.clear(Due::Grace(region));
            self.tend(cx, out, region);
        }
        up
    }

    fn on_command(&mut self, cx: &Context<'_>, out: &mut Out, command: Command) {
        let done = match command {
            Command::Enable { region } => self.request(cx, out, region),
            Command::Disable { region } => self.take_out(cx, out, region, Cause::Operator),
            Command::SetResidency { region, allowed } => {
                self.commit(out, region, None, |row| row.allowed = allowed);
                out.note(Note::Region(Tell::ResidencySet { region, allowed }));
                if !allowed {
                    let fact = Found::yes(allowed);
                    let refused = out.require(cx, &gate::RESIDENCY_ALLOWED, region.into(), fact);
                    if refused.is_err() {
                        self.take_out(cx, out, region, Cause::Residency);
                    }
                }
                true
            }
            Command::SendTraffic { region } => self.send_traffic(cx, out, region),
            // That is said to the region itself.
            Command::Provide { .. } => false,
        };
        out.note(Note::Region(Tell::Ordered { command, done }));
    }

    /// Fails over to a region: nothing but what an eligible one gets anyway.
    fn send_traffic(&mut self, cx: &Context<'_>, out: &mut Out, region: Region) -> bool {
        let Some(row) = self.row(region) else {
            return false;
        };
        let eligible = Found::yes(row.state == Some(State::Eligible));
        if out
            .require(cx, &gate::TARGET_ELIGIBLE, region.into(), eligible)
            .is_err()
        {
            return false;
        }
        self.commit(out, region, None, |row| row.forced = true);
        true
    }

    fn on_seen(&mut self, cx: &Context<'_>, out: &mut Out, seen: Say) {
        let Say::Seen {
            region,
            fact,
            token,
            holds,
            at,
            ..
        } = seen
        else {
            return;
        };
        let Some(row) = self.row(region) else { return };
        let current = Found::equal(token.0.into(), row.token.0.into());
        if out
            .require(cx, &gate::ENABLEMENT_TOKEN, region.into(), current)
            .is_err()
        {
            return out.note(Note::Region(Tell::LateAnswer { region, token }));
        }
        // Answers may overtake each other, and come twice: one that is no newer takes nothing back and adds nothing.
        let known = self.evidence.get((region, fact));
        if known.is_some_and(|known| known.at >= at) {
            return;
        }
        out.note(Note::Region(Tell::EvidenceTaken {
            region,
            fact,
            holds,
            current: row.token,
            answer: token,
        }));
        self.evidence.insert((region, fact), Evidence { holds, at });
        self.advance(cx, out, region);
    }

    /// The first thing that a region lacks for leaving its state, or for staying in it.
    fn lacks(&self, cx: &Context<'_>, out: &mut Out, region: Region, state: State) -> Option<Fact> {
        let ttl = cx.knobs.time(&knob::REGION_EVIDENCE_TTL).0;
        state.needs().iter().copied().find(|fact| {
            let known = self.evidence.get((region, *fact));
            let age = known.map_or(u64::MAX, |known| cx.now.since(known.at).0);
            let fresh = Found::at_most(age, ttl);
            let holds = Found::yes(known.is_some_and(|known| known.holds));
            out.require(cx, &gate::REGION_EVIDENCE_FRESH, region.into(), fresh)
                .and_then(|()| out.require(cx, gate_of(*fact), region.into(), holds))
                .is_err()
        })
    }

    /// Moves a region on if everything that it needs is so, or writes down what it waits for.
    fn advance(&mut self, cx: &Context<'_>, out: &mut Out, region: Region) {
        let Some(row) = self.row(region) else { return };
        let Some(state) = row.state.filter(|state| *state != State::Disabled) else {
            return;
        };
        let lacks = self.lacks(cx, out, region, state);
        if let Some(fact) = lacks.filter(|fact| row.lacks != Some(*fact)) {
            out.note(Note::Region(Tell::Held {
                region,
                lacks: fact,
            }));
        }
        if state == State::Eligible {
            let grace = cx.knobs.time(&knob::REGION_GRACE);
            let ill = lacks.map(|_| row.ill_since.unwrap_or(cx.now));
            match ill {
                Some(since) => self.agenda.set(Due::Grace(region), since.after(grace)),
                None => self.agenda.clear(Due::Grace(region)),
            }
            return self.commit(out, region, None, |row| {
                row.lacks = lacks;
                row.ill_since = ill;
            });
        }
        let transition = match (lacks, state) {
            (Some(_), _) => None,
            (None, State::Requested) => Some(Transition::QuotaGranted),
            (None, State::Provisioning) => Some(Transition::HostsUp),
            (None, State::BindingServices) => Some(Transition::ServicesBound),
            (None, _) => Some(Transition::BecameEligible),
        };
        self.commit(out, region, transition, |row| {
            row.lacks = lacks;
            if transition.is_some() {
                row.since = cx.now;
            }
        });
        if transition.is_some() {
            self.tend(cx, out, region);
        }
    }

    /// Does for a region what its row asks for: questions to it, a start or a stop. Nothing leaves
    /// before the row is durable; when it is, this is done again.
    fn tend(&mut self, cx: &Context<'_>, out: &mut Out, region: Region) {
        let (Some(row), Some(node)) = (self.row(region), self.node(region)) else {
            return;
        };
        let Some(state) = row.state else { return };
        let newest = self.newest.get(region).copied().unwrap_or(0);
        let durable = Found::at_least(self.durable, newest);
        if out
            .require(cx, &gate::COMMIT_BEFORE_PUBLISH, region.into(), durable)
            .is_err()
        {
            return;
        }
        let token = row.token;
        if state == State::Disabled {
            return self.wind_down(cx, out, region, node, token);
        }
        for fact in state.needs() {
            self.say(out, node, |nth| Say::Probe {
                region,
                fact: *fact,
                token,
                nth,
            });
        }
        if state == State::Provisioning {
            self.say(out, node, |nth| Say::Start { region, token, nth });
        }
        let every = cx.knobs.time(&knob::REGION_PROBE_INTERVAL);
        self.agenda.set(Due::Ask(region), cx.now.after(every));
    }

    /// The door asks where it may send visitors: to every eligible region, as far as that is durable.
    fn on_renew(&mut self, cx: &Context<'_>, out: &mut Out, from: NodeId, asked: Time, nth: u32) {
        let lasts = cx.knobs.time(&knob::REGION_LEASE);
        for at in 0..self.installation.sites.len() as u8 {
            let region = Region(at);
            let Some(row) = self.row(region) else {
                continue;
            };
            if row.state != Some(State::Eligible) && !row.forced {
                continue;
            }
            let newest = self.newest.get(region).copied().unwrap_or(0);
            let durable = Found::at_least(self.durable, newest);
            if out
                .require(cx, &gate::COMMIT_BEFORE_PUBLISH, region.into(), durable)
                .is_ok()
            {
                // The answer carries the number of the question: asked again, it is the same answer.
                let lease = Say::Lease {
                    region,
                    token: row.token,
                    asked,
                    lasts,
                    nth,
                };
                out.send(from, Message::Region(lease));
            }
        }
    }

    /// A disabled region: first the door, then the hosts, each until it has confirmed.
    fn wind_down(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        region: Region,
        node: NodeId,
        token: Token,
    ) {
        let closed = self.closed.get(region) == Some(&token);
        if self.stopped.get(region) == Some(&token) {
            return self.agenda.clear(Due::Ask(region));
        }
        if !closed {
            let door = self.installation.door;
            self.say(out, door, |nth| Say::Revoke { region, token, nth });
        }
        if out
            .require(
                cx,
                &gate::TRAFFIC_REMOVED_FIRST,
                region.into(),
                Found::yes(closed),
            )
            .is_ok()
        {
            self.say(out, node, |nth| Say::Stop { region, token, nth });
        }
        let again = cx.knobs.time(&knob::RESEND_INTERVAL);
        self.agenda.set(Due::Ask(region), cx.now.after(again));
    }

    fn on_message(&mut self, cx: &Context<'_>, out: &mut Out, from: NodeId, message: Message) {
        match message {
            Message::Command(crate::message::Command::Region(command)) => {
                self.on_command(cx, out, command);
            }
            Message::Outage(crate::outage::Message::Carry {
                work,
                command: crate::message::Command::Region(command),
                nth,
            }) => {
                self.on_command(cx, out, command);
                let carried = crate::outage::Message::Carried { work, nth };
                out.send(from, Message::Outage(carried));
            }
            Message::Region(seen @ Say::Seen { .. }) => self.on_seen(cx, out, seen),
            Message::Region(Say::Renew { at, nth }) => self.on_renew(cx, out, from, at, nth),
            Message::Region(Say::Revoked { region, token, .. }) => {
                let current = self.row(region).is_some_and(|row| row.token == token);
                if current && self.closed.get(region) != Some(&token) {
                    self.closed.insert(region, token);
                    self.tend(cx, out, region);
                }
            }
            Message::Region(Say::Stopped { region, token, .. }) => {
                let down =
                    |row: RegionRow| row.token == token && row.state == Some(State::Disabled);
                if self.row(region).is_some_and(down) {
                    self.stopped.insert(region, token);
                    self.agenda.clear(Due::Ask(region));
                }
            }
            // Everything else is said to others.
            _ => {}
        }
    }
}

/// The gate that asks for a fact.
const fn gate_of(fact: Fact) -> &'static Gate {
    match fact {
        Fact::Quota => &gate::PROVIDER_QUOTA,
        Fact::Runners => &gate::RUNNERS_REGISTERED,
        Fact::Edges => &gate::EDGES_BASELINED,
        Fact::Services => &gate::RUNTIME_SERVICES_AVAILABLE,
        Fact::Secrets => &gate::SECRETS_PRESENT,
        Fact::SessionStore => &gate::SESSION_STORE_PRESENT,
        Fact::Artifact => &gate::ARTIFACT_IN_REGION,
        Fact::Data => &gate::DATA_TOPOLOGY_READY,
    }
}

impl Machine for Regions {
    type Message = Message;
    type Record = Record;
    type Note = Note;

    fn step(&mut self, cx: &Context<'_>, input: Input<Message>, out: &mut Out) {
        match input {
            Input::Message { from, message } => self.on_message(cx, out, from, message),
            Input::Deadline => {
                for due in self.agenda.take_due(cx.now) {
                    match due {
                        Due::Ask(region) => {
                            // What was seen may have become too old meanwhile.
                            self.advance(cx, out, region);
                            self.tend(cx, out, region);
                        }
                        Due::Grace(region) => {
                            self.take_out(cx, out, region, Cause::Regression);
                        }
                    }
                }
            }
            Input::Persisted(ticket) => {
                self.durable = self.durable.max(ticket.0);
                let waiting: Vec<(Region, u64)> = self
                    .newest
                    .map()
                    .iter()
                    .map(|(region, newest)| (*region, *newest))
                    .filter(|(_, newest)| *newest == ticket.0)
                    .collect();
                for (region, _) in waiting {
                    let version = self
                        .rows
                        .get(u32::from(region.0))
                        .map_or(0, |row| row.version);
                    out.note(Note::Region(Tell::Committed { region, version }));
                    self.tend(cx, out, region);
                }
            }
            Input::Host(_) => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.agenda.next()
    }

    fn restart(&mut self, cx: &Context<'_>, durable: &[Record], out: &mut Out) {
        *self = Self::new(self.installation.clone());
        // No number is used twice: it says less than one thing per millisecond.
        self.nth = u32::try_from(cx.now.0 / 1_000).unwrap_or(u32::MAX / 2);
        let sites = self.installation.sites.clone();
        for site in &sites {
            self.rows.insert(RegionRow {
                allowed: site.allowed,
                state: None,
                token: Token(0),
                since: cx.now,
                lacks: None,
                ill_since: None,
                forced: false,
            });
        }
        for record in durable {
            self.rows.restore(u32::from(record.region.0), record.row);
        }
        // Tickets are unique between two restarts; what is in the rows is durable.
        for at in 0..sites.len() as u8 {
            let region = Region(at);
            self.newest.insert(region, 0);
            self.advance(cx, out, region);
            self.tend(cx, out, region);
        }
    }

    fn fingerprint(&self) -> u64 {
        digest(&(
            self.rows.fingerprint(),
            self.written,
            self.durable,
            self.newest.fingerprint(),
            self.evidence.fingerprint(),
            self.closed.fingerprint(),
            self.stopped.fingerprint(),
            self.nth,
            self.agenda.fingerprint(),
        ))
    }
}
