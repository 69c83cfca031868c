//! The service of attempts: a row per attempt, a row per deployment, both written by the same commit.
//!
//! **Invariants.** A deployment's state is that of its newest attempt, written with it and never alone. No worker begins
//! before the disk has its claim. Only what was observed of the real resource ends an unknown attempt. Whatever is committed
//! is told by the outbox, and nothing else is.

use super::{
    AttemptId, DeploymentNo, Found, Message as Say, Note as Tell, Phase, State, Teardown,
    Transition,
};
use crate::ATTEMPT;
use crate::agenda::Agenda;
use crate::gate;
use crate::id::Token;
use crate::knob;
use crate::ledger::Ledger;
use crate::message::Message;
use crate::note::Note;
use crate::pipeline::{self, Event, Outbox, Told};
use alloc::vec::Vec;
use machine::{Context, Fact, Input, Machine, Moved, NodeId, Persist, Row, Step};
use machine::{Table, Ticket, Time, fingerprint::digest};

pub(super) type Out = Step<Message, Record, Note>;

/// What the service is told at its installation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Installation {
    /// How many deployments there are.
    pub deployments: u8,
    /// The workers.
    pub workers: Vec<NodeId>,
    /// Where deployments really run.
    pub resource: NodeId,
    /// What events are told to.
    pub log: NodeId,
}

/// An attempt as the service has it in its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// Of which deployment.
    pub deployment: DeploymentNo,
    /// Which of its attempts, from 1.
    pub number: u16,
    /// Where it stands.
    pub state: State,
    /// The number of its lease.
    pub token: Token,
    /// Who carries it out.
    pub worker: Option<NodeId>,
    /// What was found when somebody looked last.
    pub observed: Option<Found>,
    /// Whether somebody was called because it is unknown.
    pub escalated: bool,
    /// Since when it is in this state.
    pub since: Time,
}

/// A deployment as the service has it in its database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Deployment {
    /// The state of its newest attempt.
    pub state: Option<State>,
    /// Its newest attempt.
    pub newest: Option<AttemptId>,
    /// How far its teardown is.
    pub teardown: Option<Teardown>,
}

/// What the service makes durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// One commit: an attempt if one was written, and its deployment.
    Commit {
        /// The attempt.
        attempt: Option<(AttemptId, Row<Attempt>)>,
        /// The deployment.
        deployment: (DeploymentNo, Row<Deployment>),
        /// The number of the commit.
        seq: u64,
    },
    /// The log has the event of a commit.
    Told(Told),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Due {
    /// Look for attempts of which nothing was heard.
    Sweep,
    /// Offer it to somebody else, or ask again what is there.
    Again(AttemptId),
    /// Look what became of it.
    Reconcile(AttemptId),
    /// Call somebody.
    Escalate(AttemptId),
    /// Ask again for the removal.
    Remove(DeploymentNo),
}

/// The service of attempts.
#[derive(Clone, Debug)]
pub struct Attempts {
    pub(super) installation: Installation,
    pub(super) attempts: Table<Attempt>,
    pub(super) deployments: Table<Deployment>,
    outbox: Outbox,
    pub(super) written: u64,
    durable: u64,
    newest: Ledger<AttemptId, u64>,
    pub(super) removing: Ledger<DeploymentNo, u64>,
    /// When something was last heard of each attempt, and the number of that word.
    heard: Ledger<AttemptId, (Time, Token, u32)>,
    /// The newest word of an end that came too late.
    late: Ledger<AttemptId, u32>,
    /// Whose end is being looked at, under which number.
    asked: Ledger<AttemptId, u32>,
    nth: u32,
    pub(super) agenda: Agenda<Due>,
}

impl Attempts {
    /// A service whose database holds nothing yet.
    #[must_use]
    pub fn new(installation: Installation) -> Self {
        Self {
            installation,
            attempts: Table::default(),
            deployments: Table::default(),
            outbox: Outbox::default(),
            written: 0,
            durable: 0,
            newest: Ledger::default(),
            removing: Ledger::default(),
            heard: Ledger::default(),
            late: Ledger::default(),
            asked: Ledger::default(),
            nth: 0,
            agenda: Agenda::default(),
        }
    }

    /// All attempts, in the order in which they began.
    #[must_use]
    pub const fn attempts(&self) -> &Table<Attempt> {
        &self.attempts
    }

    /// The deployments.
    #[must_use]
    pub const fn deployments(&self) -> &Table<Deployment> {
        &self.deployments
    }

    /// What has to be told yet.
    #[must_use]
    pub const fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// When something was last heard of an attempt.
    #[must_use]
    pub fn heard(&self, id: AttemptId) -> Option<Time> {
        self.heard.get(id).map(|(at, ..)| *at)
    }

    pub(super) fn attempt(&self, id: AttemptId) -> Option<Attempt> {
        self.attempts.get(id.0.into()).map(|row| row.value)
    }

    pub(super) fn deployment(&self, no: DeploymentNo) -> Option<Deployment> {
        self.deployments.get(no.0.into()).map(|row| row.value)
    }

    pub(super) fn say(&mut self, out: &mut Out, to: NodeId, say: impl FnOnce(u32) -> Say) {
        self.nth = self.nth.saturating_add(1);
        let say = say(self.nth);
        out.send(to, Message::Pipeline(pipeline::Message::Attempt(say)));
    }

    pub(super) fn tell(out: &mut Out, note: Tell) {
        out.note(Note::Pipeline(pipeline::Note::Attempt(note)));
    }

    /// Writes one commit: a record, and a row of the outbox about what it changed.
    pub(super) fn write(&mut self, out: &mut Out, attempt: Option<AttemptId>, no: DeploymentNo) {
        let Some(deployment) = self.deployments.get(no.0.into()).copied() else {
            return;
        };
        let row = attempt.and_then(|id| Some((id, *self.attempts.get(id.0.into())?)));
        self.written += 1;
        let seq = self.written;
        out.persists.push(Persist {
            ticket: Ticket(seq),
            record: Record::Commit {
                attempt: row,
                deployment: (no, deployment),
                seq,
            },
        });
        self.outbox.add(seq, event(row, (no, deployment)));
        if let Some((id, _)) = row {
            self.newest.insert(id, seq);
        }
    }

    /// One commit about an attempt; whether it could be made.
    fn commit(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: AttemptId,
        transition: Option<Transition>,
        change: impl FnOnce(&mut Attempt),
    ) -> bool {
        let Some(old) = self.attempts.get(id.0.into()).copied() else {
            return false;
        };
        let mut value = old.value;
        if let Some(transition) = transition {
            let Some(next) = old.value.state.after(transition) else {
                return false;
            };
            value.state = next;
            value.since = cx.now;
        }
        change(&mut value);
        if value == old.value {
            return true;
        }
        let Ok(version) = self.attempts.cas(id.0.into(), old.version, value) else {
            return false;
        };
        self.project(value.deployment, id, value.state);
        self.write(out, Some(id), value.deployment);
        if let Some(transition) = transition {
            out.moved.push(Moved {
                lifecycle: ATTEMPT,
                subject: id.into(),
                from: Some(old.value.state as u8),
                transition: Some(transition as u8),
                to: value.state as u8,
                version,
            });
            self.settle(cx, id, value.state, cx.now);
        }
        true
    }

    /// The state of a deployment is that of its newest attempt.
    pub(super) fn project(&mut self, no: DeploymentNo, id: AttemptId, state: State) {
        let Some(old) = self.deployments.get(no.0.into()).copied() else {
            return;
        };
        if old.value.newest.is_none_or(|newest| newest <= id) {
            let value = Deployment {
                state: Some(state),
                newest: Some(id),
                ..old.value
            };
            // Nobody else writes it.
            let _ = self.deployments.cas(no.0.into(), old.version, value);
        }
    }

    /// Puts down what is due because of the state that an attempt is in.
    pub(super) fn settle(&mut self, cx: &Context<'_>, id: AttemptId, state: State, since: Time) {
        self.agenda.clear(Due::Again(id));
        self.agenda.clear(Due::Reconcile(id));
        self.agenda.clear(Due::Escalate(id));
        self.asked.remove(id);
        match state {
            State::Pending | State::Deploying => {
                self.heard.insert(id, (cx.now, Token(0), 0));
                if !self.agenda.has(Due::Sweep) {
                    let sweep = cx.knobs.time(&knob::ATTEMPT_SWEEP);
                    self.agenda.set(Due::Sweep, cx.now.after(sweep));
                }
            }
            State::Unknown => {
                self.heard.remove(id);
                let look = cx.knobs.time(&knob::ATTEMPT_RECONCILE);
                self.agenda.set(Due::Reconcile(id), cx.now.after(look));
                let call = cx.knobs.time(&knob::ATTEMPT_ESCALATE);
                self.agenda.set(Due::Escalate(id), since.after(call));
            }
            State::Ready | State::Failed => _ = self.heard.remove(id),
        }
    }

    /// Offers a pending attempt to the next worker, under a new lease.
    pub(super) fn offer(&mut self, cx: &Context<'_>, out: &mut Out, id: AttemptId) {
        let Some(row) = self.attempt(id).filter(|row| row.state == State::Pending) else {
            return;
        };
        // Who is asked gets a while to answer before somebody else is.
        let patience = cx.knobs.time(&knob::ATTEMPT_BEAT);
        self.agenda.set(Due::Again(id), cx.now.after(patience));
        let workers = &self.installation.workers;
        let turn = usize::from(id.0) + row.token.0 as usize;
        let Some(&worker) = workers.get(turn % workers.len().max(1)) else {
            return;
        };
        self.commit(cx, out, id, None, |row| {
            row.token = Token(row.token.0.saturating_add(1));
            row.worker = Some(worker);
        });
    }

    /// Does what waited for the disk.
    fn written_down(&mut self, cx: &Context<'_>, out: &mut Out, id: AttemptId) {
        let Some(row) = self.attempt(id) else { return };
        let Some(worker) = row.worker else { return };
        match row.state {
            State::Pending if row.token > Token(0) => {
                let (deployment, token) = (row.deployment, row.token);
                let attempt = id;
                Self::tell(
                    out,
                    Tell::Offered {
                        attempt,
                        worker,
                        token,
                    },
                );
                self.say(out, worker, |nth| Say::Offer {
                    attempt,
                    deployment,
                    token,
                    nth,
                });
            }
            State::Deploying => self.go(cx, out, worker, (id, row.token)),
            _ => {}
        }
    }

    fn go(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        to: NodeId,
        (attempt, token): (AttemptId, Token),
    ) {
        let newest = self.newest.get(attempt).copied().unwrap_or(0);
        let durable = Fact::at_least(self.durable, newest);
        if out
            .require(cx, &gate::COMMIT_BEFORE_PUBLISH, attempt.into(), durable)
            .is_ok()
        {
            self.say(out, to, |nth| Say::Go {
                attempt,
                token,
                nth,
            });
        }
    }

    fn on_beat(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        (id, token, phase, nth): (AttemptId, Token, Phase, u32),
    ) {
        let Some(row) = self.attempt(id) else { return };
        let release = Message::Pipeline(pipeline::Message::Attempt(Say::Release {
            attempt: id,
            token,
            nth,
        }));
        let current = Fact::equal(token.0.into(), row.token.0.into());
        if out
            .require(cx, &gate::ATTEMPT_TOKEN, id.into(), current)
            .is_err()
        {
            out.send(from, release);
            Self::tell(out, Tell::LateReport { attempt: id, token });
            if let Phase::End(well) = phase {
                Self::tell(out, Tell::LateEnd { attempt: id, well });
                // Its word proves nothing, but it is a good moment to look.
                let new = self.late.get(id).is_none_or(|late| *late < nth);
                if row.state == State::Unknown && new {
                    self.late.insert(id, nth);
                    self.observe(cx, out, id);
                }
            }
            return;
        }
        if row.state.has_ended() {
            return out.send(from, release);
        }
        let repeated = |(_, heard, last): &(Time, Token, u32)| *heard == token && *last >= nth;
        if self.heard.get(id).is_some_and(repeated) {
            return;
        }
        Self::tell(
            out,
            Tell::Believed {
                attempt: id,
                current: row.token,
                report: token,
            },
        );
        self.heard.insert(id, (cx.now, token, nth));
        match (row.state, phase) {
            (State::Pending, Phase::Claim) => {
                self.commit(cx, out, id, Some(Transition::Claimed), |row| {
                    row.worker = Some(from);
                });
                self.heard.insert(id, (cx.now, token, nth));
            }
            (State::Deploying, Phase::Claim) => self.go(cx, out, from, (id, token)),
            (State::Deploying, Phase::End(well)) => {
                let transition = if well {
                    Transition::EndedWell
                } else {
                    Transition::EndedBadly
                };
                self.commit(cx, out, id, Some(transition), |_| {});
            }
            _ => {}
        }
    }

    /// Asks the real resource what there is of an attempt.
    pub(super) fn observe(&mut self, cx: &Context<'_>, out: &mut Out, id: AttemptId) {
        let Some(row) = self.attempt(id) else { return };
        let (to, deployment) = (self.installation.resource, row.deployment);
        self.say(out, to, |nth| Say::Observe {
            attempt: id,
            deployment,
            nth,
        });
        self.asked.insert(id, self.nth);
        let again = cx.knobs.time(&knob::ATTEMPT_RESEND);
        self.agenda.set(Due::Again(id), cx.now.after(again));
    }

    fn on_observed(&mut self, cx: &Context<'_>, out: &mut Out, id: AttemptId, found: Found) {
        self.asked.remove(id);
        self.agenda.clear(Due::Again(id));
        Self::tell(out, Tell::LookedAt { attempt: id, found });
        self.commit(cx, out, id, None, |row| row.observed = Some(found));
        match self.attempt(id).map(|row| row.state) {
            Some(State::Unknown) => {
                let ended = Fact::yes(found != Found::Underway);
                if out
                    .require(cx, &gate::END_OBSERVED, id.into(), ended)
                    .is_err()
                {
                    let look = cx.knobs.time(&knob::ATTEMPT_RESEND);
                    return self.agenda.set(Due::Reconcile(id), cx.now.after(look));
                }
                let transition = match found {
                    Found::Running => Transition::FoundReady,
                    Found::Absent | Found::Underway => Transition::FoundFailed,
                };
                self.commit(cx, out, id, Some(transition), |_| {});
            }
            // Somebody wants to call it off.
            Some(State::Pending | State::Deploying) => {
                let none = Fact::yes(found == Found::Absent);
                if out
                    .require(cx, &gate::NO_EFFECT_PROVEN, id.into(), none)
                    .is_ok()
                {
                    self.commit(cx, out, id, Some(Transition::CalledOff), |row| {
                        row.token = Token(row.token.0.saturating_add(1));
                    });
                }
            }
            _ => {}
        }
    }

    /// Whatever was not heard of for too long is unknown; whoever sweeps says how much was found and how much was moved.
    fn sweep(&mut self, cx: &Context<'_>, out: &mut Out) {
        let limit = cx.knobs.time(&knob::ATTEMPT_ORPHAN_AFTER);
        let silent = self.heard.map().iter();
        let orphans: Vec<AttemptId> = silent
            .filter(|(_, (at, ..))| cx.now.since(*at) > limit)
            .map(|(id, _)| *id)
            .collect();
        let mut moved = 0;
        for id in &orphans {
            let done = self.commit(cx, out, *id, Some(Transition::Orphaned), |row| {
                row.token = Token(row.token.0.saturating_add(1));
            });
            moved += u16::from(done);
        }
        if !orphans.is_empty() {
            let found = orphans.len() as u16;
            Self::tell(out, Tell::Swept { found, moved });
        }
        if !self.heard.map().is_empty() {
            let sweep = cx.knobs.time(&knob::ATTEMPT_SWEEP);
            self.agenda.set(Due::Sweep, cx.now.after(sweep));
        }
    }

    fn on_due(&mut self, cx: &Context<'_>, out: &mut Out, due: Due) {
        match due {
            Due::Sweep => self.sweep(cx, out),
            Due::Again(id) if self.asked.contains(id) => self.observe(cx, out, id),
            Due::Again(id) => self.offer(cx, out, id),
            Due::Reconcile(id) => {
                let look = cx.knobs.time(&knob::ATTEMPT_RECONCILE);
                self.agenda.set(Due::Reconcile(id), cx.now.after(look));
                self.observe(cx, out, id);
            }
            Due::Escalate(id) => {
                self.commit(cx, out, id, None, |row| row.escalated = true);
                Self::tell(out, Tell::Escalated { attempt: id });
            }
            Due::Remove(no) => self.remove(cx, out, no),
        }
    }

    fn on_message(&mut self, cx: &Context<'_>, out: &mut Out, from: NodeId, message: Say) {
        match message {
            Say::Beat {
                attempt,
                token,
                phase,
                nth,
            } => self.on_beat(cx, out, from, (attempt, token, phase, nth)),
            Say::Observed {
                attempt,
                found,
                nth,
            } if self.asked.get(attempt) == Some(&nth) => {
                self.on_observed(cx, out, attempt, found);
            }
            Say::Removed { deployment, .. } => {
                let started = self.deployment(deployment).and_then(|row| row.teardown);
                if started == Some(Teardown::Started) {
                    self.agenda.clear(Due::Remove(deployment));
                    self.set_teardown(out, deployment, Teardown::Done);
                    Self::tell(out, Tell::TornDown { deployment });
                }
            }
            // Everything else is said to others, or an answer that nobody waits for.
            _ => {}
        }
    }

    fn relay(&mut self, cx: &Context<'_>, out: &mut Out) {
        let again = cx.knobs.time(&knob::ATTEMPT_RESEND);
        let to = (self.installation.log, self.durable, again);
        self.outbox.relay(cx, out, to);
    }

    fn on_persisted(&mut self, cx: &Context<'_>, out: &mut Out, ticket: Ticket) {
        self.durable = self.durable.max(ticket.0);
        if let Some(event) = self.outbox.event(ticket.0) {
            out.note(Note::Pipeline(pipeline::Note::Committed { event }));
        }
        if let Some(id) = by(&self.newest, ticket) {
            self.written_down(cx, out, id);
        }
        if let Some(no) = by(&self.removing, ticket) {
            self.remove(cx, out, no);
        }
    }
}

/// What was last written by this commit.
fn by<K: Ord + Copy>(written: &Ledger<K, u64>, ticket: Ticket) -> Option<K> {
    let mut all = written.map().iter();
    all.find(|(_, seq)| **seq == ticket.0).map(|(key, _)| *key)
}

/// What a commit is told as: the attempt if one was written, else its deployment.
fn event(
    attempt: Option<(AttemptId, Row<Attempt>)>,
    (no, deployment): (DeploymentNo, Row<Deployment>),
) -> Event {
    match attempt {
        Some((id, row)) => Event {
            entity: id.into(),
            version: row.version,
            state: row.value.state as u8,
        },
        None => Event {
            entity: no.into(),
            version: deployment.version,
            state: deployment.value.state.map_or(0, |state| state as u8),
        },
    }
}

impl Machine for Attempts {
    type Message = Message;
    type Record = Record;
    type Note = Note;

    fn step(&mut self, cx: &Context<'_>, input: Input<Message>, out: &mut Out) {
        let on_time = matches!(input, Input::Deadline);
        match input {
            Input::Message {
                message:
                    Message::Command(crate::message::Command::Pipeline(pipeline::Command::Attempt(
                        command,
                    ))),
                ..
            } => self.on_command(cx, out, command),
            Input::Message {
                message:
                    Message::Command(crate::message::Command::Pipeline(
                        command @ pipeline::Command::ResumeEvents,
                    )),
                ..
            } => {
                let done = self.outbox.resume(out);
                out.note(Note::Pipeline(pipeline::Note::Ordered { command, done }));
            }
            Input::Message {
                from,
                message: Message::Pipeline(pipeline::Message::Attempt(message)),
            } => self.on_message(cx, out, from, message),
            Input::Message {
                message: Message::Pipeline(answer),
                ..
            } => {
                for told in self.outbox.answered(cx, out, &answer) {
                    self.written += 1;
                    out.persists.push(Persist {
                        ticket: Ticket(self.written),
                        record: Record::Told(told),
                    });
                }
            }
            Input::Deadline => {
                for due in self.agenda.take_due(cx.now) {
                    self.on_due(cx, out, due);
                }
            }
            Input::Persisted(ticket) => self.on_persisted(cx, out, ticket),
            _ => {}
        }
        // What is on its way is sent again by the clock only, not because something else happened to arrive.
        if on_time || self.outbox.deadline().is_none() {
            self.relay(cx, out);
        }
    }

    fn deadline(&self) -> Option<Time> {
        let outbox = self.outbox.deadline();
        [self.agenda.next(), outbox].into_iter().flatten().min()
    }

    fn restart(&mut self, cx: &Context<'_>, durable: &[Record], out: &mut Out) {
        *self = Self::new(self.installation.clone());
        // No number is used twice: it says less than one thing per millisecond.
        self.nth = u32::try_from(cx.now.0 / 1_000).unwrap_or(u32::MAX / 2);
        self.outbox = Outbox::since(self.nth);
        for _ in 0..self.installation.deployments {
            self.deployments.insert(Deployment::default());
        }
        for record in durable {
            match *record {
                Record::Commit {
                    attempt,
                    deployment: (no, row),
                    seq,
                } => {
                    self.deployments.restore(no.0.into(), row);
                    if let Some((id, row)) = attempt {
                        self.attempts.restore(id.0.into(), row);
                        self.newest.insert(id, seq);
                    }
                    self.outbox.add(seq, event(attempt, (no, row)));
                }
                Record::Told(told) => self.outbox.told(told),
            }
        }
        // Every record has a number of its own, and they are written in order.
        self.written = durable.len() as u64;
        self.durable = self.written;
        for event in self.outbox.events() {
            out.note(Note::Pipeline(pipeline::Note::Committed { event }));
        }
        for at in 0..self.attempts.len() as u16 {
            let id = AttemptId(at);
            let Some(row) = self.attempt(id) else {
                continue;
            };
            self.settle(cx, id, row.state, row.since);
            if row.state == State::Pending {
                self.offer(cx, out, id);
            }
        }
        for no in 0..self.installation.deployments {
            self.remove(cx, out, DeploymentNo(no));
        }
        self.relay(cx, out);
    }

    fn fingerprint(&self) -> u64 {
        digest(&(
            (self.attempts.fingerprint(), self.deployments.fingerprint()),
            (self.outbox.fingerprint(), self.newest.fingerprint()),
            (self.written, self.durable, self.nth),
            self.removing.fingerprint(),
            (self.heard.fingerprint(), self.late.fingerprint()),
            self.asked.fingerprint(),
            self.agenda.fingerprint(),
        ))
    }
}
