//! The pipeline: one row per deployment, a builder under a lease while one is needed, then a look at everything that a
//! preview needs.
//!
//! **Invariants.** A row moves by one commit, which is also one row of the outbox; nothing is asked of anybody because of a
//! commit before the disk has it. A builder is believed under the newest token only. What was seen of the environment counts
//! only while it is new, and nothing goes from waiting to ready without being looked at again.

use super::{Blocker, Cause, DbImpact, DeployId, Event, Look, Outbox, Product, StateImpact, Told};
use super::{State, Transition};
use crate::PIPELINE;
use crate::agenda::Agenda;
use crate::gate;
use crate::id::{Digest, Token};
use crate::knob;
use crate::ledger::Ledger;
use crate::message::Message;
use crate::note::Note;
use crate::pipeline::{Message as Say, Note as Tell};
use alloc::vec::Vec;
use machine::{Context, Fact, Input, Machine, Moved, NodeId, Persist, Row, Step};
use machine::{Table, Ticket, Time, fingerprint::digest};

pub(super) type Out = Step<Message, Record, Note>;

/// A deployment that could be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Planned {
    /// The commit.
    pub commit: u32,
    /// The tree that the commit pins.
    pub tree: u64,
    /// The branch that it is on; a newer one of the same branch takes its place.
    pub branch: u8,
}

/// What the pipeline is told at its installation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Installation {
    /// The deployments, in the order of their numbers.
    pub deploys: Vec<Planned>,
    /// The builders.
    pub builders: Vec<NodeId>,
    /// What keeps artifacts.
    pub registry: NodeId,
    /// Where previews run.
    pub environment: NodeId,
    /// What events are told to.
    pub log: NodeId,
    /// Who knows the configuration of production, if what is previewed is promoted there.
    pub control: Option<NodeId>,
}

/// What was seen, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Evidence {
    /// Whether it is so.
    pub holds: bool,
    /// When it was looked at.
    pub at: Time,
}

/// A deployment as the pipeline has it in its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Deploy {
    /// What it is of.
    pub planned: Planned,
    /// Where it stands; `None` if nobody has asked for it.
    pub state: Option<State>,
    /// The number of its lease.
    pub token: Token,
    /// Who has the lease.
    pub builder: Option<NodeId>,
    /// Whose build was spoilt.
    pub spoilt_by: Option<NodeId>,
    /// How often a build was spoilt.
    pub mismatches: u8,
    /// What was built.
    pub product: Option<Product>,
    /// Whether every secret and provider is there.
    pub bindings: Option<Evidence>,
    /// Whether the migration has been applied.
    pub migration: Option<Evidence>,
    /// Whether its preview runs.
    pub preview: Option<Evidence>,
    /// The configuration that its preview is brought up with.
    pub config: Option<u32>,
    /// The artifact for which somebody agreed that live state is lost.
    pub acknowledged: Option<Digest>,
    /// What somebody said about the change.
    pub classified: Option<(StateImpact, DbImpact)>,
    /// Whom it waits for.
    pub blocker: Option<Blocker>,
    /// Why it failed.
    pub cause: Option<Cause>,
    /// Since when it is in this state.
    pub since: Time,
}

impl Deploy {
    /// What the change does to live state, as the build or somebody says.
    #[must_use]
    pub fn state_impact(&self) -> StateImpact {
        match (self.product.map(|product| product.state), self.classified) {
            (None | Some(StateImpact::Unclassified), Some((state, _))) => state,
            (product, _) => product.unwrap_or(StateImpact::Unclassified),
        }
    }

    /// What the change needs of the database, as the build or somebody says.
    #[must_use]
    pub fn db_impact(&self) -> DbImpact {
        match (self.product.map(|product| product.db), self.classified) {
            (None | Some(DbImpact::Unclassified), Some((_, db))) => db,
            (product, _) => product.unwrap_or(DbImpact::Unclassified),
        }
    }
}

/// What the pipeline makes durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// A row after a commit, with the number of the commit.
    Row {
        /// Of which deployment.
        deploy: DeployId,
        /// The number of the commit.
        seq: u64,
        /// The row.
        row: Row<Deploy>,
    },
    /// The log has the event of a commit.
    Told(Told),
}

/// What was asked of somebody and not answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Ask {
    Order,
    Digest,
    Look(Look),
    Config,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Due {
    /// The builder has not been heard of for too long.
    Lease(DeployId),
    /// Nobody has answered: ask again.
    Again(DeployId),
    /// A stage takes too long.
    Stage(DeployId),
}

/// The pipeline.
#[derive(Clone, Debug)]
pub struct Pipeline {
    pub(super) installation: Installation,
    pub(super) rows: Table<Deploy>,
    pub(super) outbox: Outbox,
    pub(super) written: u64,
    pub(super) durable: u64,
    pub(super) newest: Ledger<DeployId, u64>,
    pub(super) asked: Ledger<DeployId, (Ask, u32)>,
    /// The newest word of the builder that has the lease.
    pub(super) heard: Ledger<DeployId, (Token, u32)>,
    pub(super) built: Ledger<DeployId, Product>,
    /// How often a builder was not heard of any more.
    pub(super) losses: Ledger<NodeId, u32>,
    pub(super) nth: u32,
    pub(super) agenda: Agenda<Due>,
}

impl Pipeline {
    /// A pipeline whose database holds nothing yet.
    #[must_use]
    pub fn new(installation: Installation) -> Self {
        Self {
            installation,
            rows: Table::default(),
            outbox: Outbox::default(),
            written: 0,
            durable: 0,
            newest: Ledger::default(),
            asked: Ledger::default(),
            heard: Ledger::default(),
            built: Ledger::default(),
            losses: Ledger::default(),
            nth: 0,
            agenda: Agenda::default(),
        }
    }

    /// The deployments, in the order of their numbers.
    #[must_use]
    pub const fn rows(&self) -> &Table<Deploy> {
        &self.rows
    }

    /// What has to be told yet.
    #[must_use]
    pub const fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// The builders that have no lease.
    #[must_use]
    pub fn free(&self) -> Vec<NodeId> {
        let at_work = |builder: NodeId| {
            self.rows.iter().any(|(_, row)| {
                row.value.builder == Some(builder)
                    && matches!(row.value.state, Some(State::Cloning | State::Building))
            })
        };
        let builders = self.installation.builders.iter().copied();
        builders.filter(|builder| !at_work(*builder)).collect()
    }

    pub(super) fn row(&self, id: DeployId) -> Option<Deploy> {
        self.rows.get(u32::from(id.0)).map(|row| row.value)
    }

    /// One commit: the row, its record, its row of the outbox and, if it moved, its transition.
    pub(super) fn commit(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: DeployId,
        transition: Option<Transition>,
        change: impl FnOnce(&mut Deploy),
    ) {
        let Some(old) = self.rows.get(u32::from(id.0)).copied() else {
            return;
        };
        let mut value = old.value;
        if let Some(transition) = transition {
            let next = match old.value.state {
                None => Some(State::Queued),
                Some(state) => state.after(transition),
            };
            let Some(next) = next else { return };
            value.state = Some(next);
            value.since = cx.now;
        }
        change(&mut value);
        let Some(state) = value.state.filter(|_| value != old.value) else {
            return;
        };
        let Ok(version) = self.rows.cas(u32::from(id.0), old.version, value) else {
            return;
        };
        self.written += 1;
        let seq = self.written;
        self.newest.insert(id, seq);
        out.persists.push(Persist {
            ticket: Ticket(seq),
            record: Record::Row {
                deploy: id,
                seq,
                row: Row { version, value },
            },
        });
        let event = Event {
            entity: id.into(),
            version,
            state: state as u8,
        };
        self.outbox.add(seq, event);
        if let Some(transition) = transition {
            out.moved.push(Moved {
                lifecycle: PIPELINE,
                subject: id.into(),
                from: old.value.state.map(|state| state as u8),
                transition: old.value.state.map(|_| transition as u8),
                to: state as u8,
                version,
            });
            if !matches!(state, State::Cloning | State::Building) {
                self.agenda.clear(Due::Lease(id));
                self.heard.remove(id);
                self.built.remove(id);
            }
            self.asked.remove(id);
            self.agenda.clear(Due::Again(id));
            self.set_deadline(cx, id, state, cx.now);
        }
    }

    /// Puts down how long it may stay in a state, and when to look again whether what it waits for has come.
    pub(super) fn set_deadline(
        &mut self,
        cx: &Context<'_>,
        id: DeployId,
        state: State,
        since: Time,
    ) {
        let limit = match state {
            State::Queued => &knob::PIPELINE_QUEUE_LIMIT,
            State::Cloning => &knob::PIPELINE_CLONE_LIMIT,
            State::Building => &knob::PIPELINE_BUILD_LIMIT,
            State::Validating => &knob::PIPELINE_VALIDATE_LIMIT,
            State::Blocked => &knob::PIPELINE_EXPIRY,
            State::PreviewReady | State::Failed => return self.agenda.clear(Due::Stage(id)),
        };
        let limit = cx.knobs.time(limit);
        self.agenda.set(Due::Stage(id), since.after(limit));
        if state == State::Blocked {
            let pause = cx.knobs.time(&knob::PIPELINE_RECHECK);
            self.agenda.set(Due::Again(id), cx.now.after(pause));
        }
    }

    pub(super) fn fail(&mut self, cx: &Context<'_>, out: &mut Out, id: DeployId, cause: Cause) {
        let transition = match (self.row(id).and_then(|row| row.state), cause) {
            (Some(State::Validating), Cause::StaleArtifacts) => Transition::Defective,
            (Some(State::Blocked), _) => Transition::Expired,
            (Some(State::PreviewReady | State::Failed) | None, _) => return,
            _ => Transition::GaveUp,
        };
        self.commit(cx, out, id, Some(transition), |row| {
            row.cause = Some(cause);
            row.blocker = None;
            row.builder = None;
        });
        out.note(Note::Pipeline(Tell::Failed { deploy: id, cause }));
    }

    pub(super) fn block(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: DeployId,
        blocker: Blocker,
    ) {
        self.commit(cx, out, id, Some(Transition::Stopped), |row| {
            row.blocker = Some(blocker);
        });
        out.note(Note::Pipeline(Tell::Waits {
            deploy: id,
            blocker,
        }));
    }

    /// What stood in the way is gone: all of it is looked at anew.
    pub(super) fn clear(&mut self, cx: &Context<'_>, out: &mut Out, id: DeployId) {
        self.commit(cx, out, id, Some(Transition::Cleared), |row| {
            row.blocker = None;
            (row.bindings, row.migration, row.preview) = (None, None, None);
            row.config = None;
        });
        self.drive(cx, out, id);
    }

    /// Does what a deployment needs next, unless somebody is asked already.
    pub(super) fn drive(&mut self, cx: &Context<'_>, out: &mut Out, id: DeployId) {
        let Some(row) = self.row(id) else { return };
        if self.asked.contains(id) || self.agenda.has(Due::Again(id)) {
            return;
        }
        let ask = match row.state {
            Some(State::Queued) => return self.lease(cx, out, id, &row),
            Some(State::Cloning) if !self.heard.contains(id) => Ask::Order,
            Some(State::Building) if self.built.contains(id) => Ask::Digest,
            Some(State::Validating) => match self.validate(cx, out, id, &row) {
                Some(ask) => ask,
                None => return,
            },
            Some(State::Blocked) => match row.blocker {
                Some(Blocker::BindingMissing) => Ask::Look(Look::Bindings),
                Some(Blocker::MigrationPending) => Ask::Look(Look::Migration),
                // Somebody has to say something; that comes as an order.
                _ => return,
            },
            _ => return,
        };
        self.ask(cx, out, id, ask);
    }

    /// Gives the lease to a free builder; the one that was lost least often goes first.
    pub(super) fn lease(&mut self, cx: &Context<'_>, out: &mut Out, id: DeployId, row: &Deploy) {
        let mut free = self.free();
        free.sort_by_key(|builder| self.losses.get(*builder).copied().unwrap_or(0));
        for builder in free {
            let other = Fact {
                holds: row.spoilt_by != Some(builder),
                found: builder.0.into(),
                wanted: row.spoilt_by.map_or(u64::MAX, |node| node.0.into()),
            };
            if out
                .require(cx, &gate::OTHER_BUILDER, id.into(), other)
                .is_err()
            {
                continue;
            }
            let token = row.token;
            self.commit(cx, out, id, Some(Transition::Leased), |row| {
                row.builder = Some(builder);
            });
            let lease = cx.knobs.time(&knob::PIPELINE_LEASE);
            self.agenda.set(Due::Lease(id), cx.now.after(lease));
            return out.note(Note::Pipeline(Tell::Leased {
                deploy: id,
                builder,
                token,
            }));
        }
    }

    pub(super) fn ask(&mut self, cx: &Context<'_>, out: &mut Out, id: DeployId, ask: Ask) {
        let newest = self.newest.get(id).copied().unwrap_or(0);
        let durable = Fact::at_least(self.durable, newest);
        if out
            .require(cx, &gate::COMMIT_BEFORE_PUBLISH, id.into(), durable)
            .is_err()
        {
            // When the disk has it, this is done again.
            return;
        }
        let Some(row) = self.row(id) else { return };
        self.nth = self.nth.saturating_add(1);
        self.asked.insert(id, (ask, self.nth));
        let again = cx.knobs.time(&knob::PIPELINE_RESEND);
        self.agenda.set(Due::Again(id), cx.now.after(again));
        let (deploy, token, nth) = (id, row.token, self.nth);
        let (to, say) = match ask {
            Ask::Order => {
                let Some(builder) = row.builder else { return };
                let commit = row.planned.commit;
                (
                    builder,
                    Say::Build {
                        deploy,
                        token,
                        commit,
                        nth,
                    },
                )
            }
            Ask::Digest => (
                self.installation.registry,
                Say::DigestAsk { deploy, token, nth },
            ),
            Ask::Look(what) => (
                self.installation.environment,
                Say::Look { deploy, what, nth },
            ),
            Ask::Config => {
                let Some(control) = self.installation.control else {
                    return;
                };
                (control, Say::ConfigAsk { deploy, nth })
            }
        };
        out.send(to, Message::Pipeline(say));
    }

    /// The answer to what was asked; a repeat of one, or the answer to an earlier question, is none.
    pub(super) fn answered(&mut self, id: DeployId, ask: Ask, nth: u32) -> bool {
        if self.asked.get(id) != Some(&(ask, nth)) {
            return false;
        }
        self.asked.remove(id);
        self.agenda.clear(Due::Again(id));
        true
    }

    pub(super) fn on_seen(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        (id, what, evidence): (DeployId, Look, Evidence),
    ) {
        let Some(row) = self.row(id) else { return };
        if row.state == Some(State::Blocked) {
            if evidence.holds {
                return self.clear(cx, out, id);
            }
            let pause = cx.knobs.time(&knob::PIPELINE_RECHECK);
            return self.agenda.set(Due::Again(id), cx.now.after(pause));
        }
        if let Look::Preview(_) = what {
            let ready = Fact::yes(evidence.holds);
            if out
                .require(cx, &gate::PREVIEW_ALLOCATION_READY, id.into(), ready)
                .is_err()
            {
                let again = cx.knobs.time(&knob::PIPELINE_RESEND);
                return self.agenda.set(Due::Again(id), cx.now.after(again));
            }
        }
        self.commit(cx, out, id, None, |row| {
            let place = match what {
                Look::Bindings => &mut row.bindings,
                Look::Migration => &mut row.migration,
                Look::Preview(_) => &mut row.preview,
            };
            *place = Some(evidence);
        });
        self.drive(cx, out, id);
    }

    /// Whoever waits for a builder gets one if there is one, the one that has waited longest first.
    pub(super) fn serve_queue(&mut self, cx: &Context<'_>, out: &mut Out) {
        let queued = self.rows.iter().filter_map(|(at, row)| {
            let waits = row.value.state == Some(State::Queued);
            waits.then_some((row.value.since, DeployId(at as u8)))
        });
        let mut queued: Vec<(Time, DeployId)> = queued.collect();
        queued.sort();
        for (_, id) in queued {
            self.drive(cx, out, id);
        }
    }

    pub(super) fn on_due(&mut self, cx: &Context<'_>, out: &mut Out, due: Due) {
        match due {
            Due::Lease(id) => self.lease_over(cx, out, id),
            Due::Again(id) => match self.asked.remove(id) {
                Some((ask, _)) => self.ask(cx, out, id, ask),
                None => self.drive(cx, out, id),
            },
            Due::Stage(id) => {
                let cause = match self.row(id).and_then(|row| row.state) {
                    Some(State::Blocked) => Cause::Expired,
                    _ => Cause::Deadline,
                };
                self.fail(cx, out, id, cause);
            }
        }
    }

    pub(super) fn relay(&mut self, cx: &Context<'_>, out: &mut Out) {
        let again = cx.knobs.time(&knob::PIPELINE_RESEND);
        let to = (self.installation.log, self.durable, again);
        self.outbox.relay(cx, out, to);
    }

    pub(super) fn on_persisted(&mut self, cx: &Context<'_>, out: &mut Out, ticket: Ticket) {
        self.durable = self.durable.max(ticket.0);
        if let Some(event) = self.outbox.event(ticket.0) {
            out.note(Note::Pipeline(Tell::Committed { event }));
        }
        let newest = self.newest.map().iter();
        let waiting: Vec<DeployId> = newest
            .filter(|(_, newest)| **newest == ticket.0)
            .map(|(id, _)| *id)
            .collect();
        for id in waiting {
            self.drive(cx, out, id);
        }
    }

    pub(super) fn on_message(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        message: Say,
    ) {
        match message {
            Say::Beat {
                deploy,
                token,
                progress,
                nth,
            } => self.on_beat(cx, out, from, (deploy, token, progress, nth)),
            Say::BuildError {
                deploy,
                token,
                tree,
                defect,
                nth,
            } => self.on_error(cx, out, from, (deploy, token, nth), (tree, defect)),
            Say::DigestIs {
                deploy,
                digest: Some(digest),
                nth,
                ..
            } if self.answered(deploy, Ask::Digest, nth) => {
                self.on_digest(cx, out, deploy, digest);
            }
            Say::Seen {
                deploy,
                what,
                holds,
                at,
                nth,
            } if self.answered(deploy, Ask::Look(what), nth) => {
                self.on_seen(cx, out, (deploy, what, Evidence { holds, at }));
            }
            Say::ConfigIs {
                deploy,
                config,
                nth,
            } if self.answered(deploy, Ask::Config, nth) => {
                self.commit(cx, out, deploy, None, |row| row.config = Some(config));
                self.drive(cx, out, deploy);
            }
            Say::PreviewAsk { deploy, nth } => self.tell_standing(cx, out, from, (deploy, nth)),
            Say::Published { .. } | Say::OtherSequence { .. } => {
                for told in self.outbox.answered(cx, out, &message) {
                    self.written += 1;
                    out.persists.push(Persist {
                        ticket: Ticket(self.written),
                        record: Record::Told(told),
                    });
                }
            }
            // Everything else is said to others, or an answer that nobody waits for.
            _ => {}
        }
    }
}

impl Machine for Pipeline {
    type Message = Message;
    type Record = Record;
    type Note = Note;

    fn step(&mut self, cx: &Context<'_>, input: Input<Message>, out: &mut Out) {
        let on_time = matches!(input, Input::Deadline);
        match input {
            Input::Message {
                message: Message::Command(crate::message::Command::Pipeline(command)),
                ..
            } => self.on_command(cx, out, command),
            Input::Message {
                from,
                message:
                    Message::Outage(crate::outage::Message::Carry {
                        work,
                        command: crate::message::Command::Pipeline(command),
                        nth,
                    }),
            } => {
                self.on_command(cx, out, command);
                let carried = crate::outage::Message::Carried { work, nth };
                out.send(from, Message::Outage(carried));
            }
            Input::Message {
                from,
                message: Message::Pipeline(message),
            } => self.on_message(cx, out, from, message),
            Input::Deadline => {
                for due in self.agenda.take_due(cx.now) {
                    self.on_due(cx, out, due);
                }
            }
            Input::Persisted(ticket) => self.on_persisted(cx, out, ticket),
            _ => {}
        }
        self.serve_queue(cx, out);
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
        for planned in self.installation.deploys.clone() {
            self.rows.insert(Deploy {
                planned,
                state: None,
                token: Token(0),
                builder: None,
                spoilt_by: None,
                mismatches: 0,
                product: None,
                bindings: None,
                migration: None,
                preview: None,
                config: None,
                acknowledged: None,
                classified: None,
                blocker: None,
                cause: None,
                since: cx.now,
            });
        }
        for record in durable {
            match *record {
                Record::Row { deploy, seq, row } => {
                    self.rows.restore(u32::from(deploy.0), row);
                    self.newest.insert(deploy, seq);
                    if let Some(state) = row.value.state {
                        let event = Event {
                            entity: deploy.into(),
                            version: row.version,
                            state: state as u8,
                        };
                        self.outbox.add(seq, event);
                    }
                }
                Record::Told(told) => self.outbox.told(told),
            }
        }
        // Every record has a number of its own, and they are written in order.
        self.written = durable.len() as u64;
        self.durable = self.written;
        for event in self.outbox.events() {
            out.note(Note::Pipeline(Tell::Committed { event }));
        }
        for at in 0..self.rows.len() as u8 {
            let id = DeployId(at);
            let Some(row) = self.row(id) else { continue };
            let Some(state) = row.state else { continue };
            self.set_deadline(cx, id, state, row.since);
            if matches!(state, State::Cloning | State::Building) {
                let lease = cx.knobs.time(&knob::PIPELINE_LEASE);
                self.agenda.set(Due::Lease(id), cx.now.after(lease));
            }
            self.drive(cx, out, id);
        }
        self.relay(cx, out);
    }

    fn fingerprint(&self) -> u64 {
        digest(&(
            (self.rows.fingerprint(), self.outbox.fingerprint()),
            (self.written, self.durable, self.nth),
            self.newest.fingerprint(),
            self.asked.fingerprint(),
            (self.heard.fingerprint(), self.built.fingerprint()),
            self.losses.fingerprint(),
            self.agenda.fingerprint(),
        ))
    }
}
