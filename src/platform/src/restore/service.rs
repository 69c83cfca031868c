//! The restore service: one restore at a time, stage by stage, and the binding of production.
//!
//! **Invariants.** A stage is entered by one commit, and nothing is ordered because of it before the disk has it. Everything
//! that is asked is asked again until it is answered, and asking twice does no harm. Production is bound to one instance
//! under one epoch; whoever asks is told that, and it changes only when the old instance is known to refuse writes.

use super::message::{Command, InstanceId, Message, Note, PRODUCTION, Reason, RestoreId, Stage};
use crate::message::{Command as Order, Message as Said};
use crate::note::Note as Told;
use crate::{gate, knob};
use alloc::vec::Vec;
use machine::{
    Context, Duration, Fact, Input, Machine, NodeId, Persist, Row, Step, Table, Ticket, Time,
    fingerprint,
};

type Out = Step<Said, Record, Told>;

/// How much earlier than the moment that is gone back to something may have happened outside that was marked after it.
const MARGIN: Duration = Duration::secs(10);

/// What the service is told at its installation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Installation {
    /// The databases.
    pub databases: NodeId,
    /// The world outside, which knows what has happened there.
    pub outside: NodeId,
    /// Who writes.
    pub writers: Vec<NodeId>,
}

/// A restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Restore {
    /// Whose data.
    pub environment: u8,
    /// As it was when.
    pub to: Time,
    /// How far it is.
    pub stage: Stage,
    /// Why it waits or failed.
    pub reason: Option<Reason>,
    /// The instance that production was bound to.
    pub source: InstanceId,
    /// The epoch under which production is to write.
    pub epoch: u32,
    /// Whether the old instance refuses writes.
    pub fenced: bool,
    /// The new instance.
    pub target: Option<InstanceId>,
    /// The schema that the data had then.
    pub schema: u32,
    /// Whether the loss is accepted.
    pub accepted: bool,
    /// Rows that are gone although they had an effect outside.
    pub lost: u32,
    /// When it was asked for.
    pub at: Time,
}

impl Restore {
    /// Whether something may still become of it.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        !matches!(self.stage, Stage::Done | Stage::Failed)
    }
}

/// What the service makes durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    restore: Option<(RestoreId, Row<Restore>)>,
    /// The oldest schema that the app that is served can read.
    reads_from: u32,
}

/// How far the reconciliation is; begun anew after a crash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Ledger {
    index: u32,
    of: Option<u32>,
    lost: u32,
}

/// The restore service.
#[derive(Clone, Debug)]
pub struct Restores {
    installation: Installation,
    rows: Table<Restore>,
    reads_from: u32,
    written: u64,
    durable: u64,
    nth: u32,
    /// The question that is under way.
    asked: u32,
    ledger: Ledger,
    due: Option<Time>,
}

impl Restores {
    /// A service whose database holds nothing yet.
    #[must_use]
    pub fn new(installation: Installation) -> Self {
        Self {
            installation,
            rows: Table::default(),
            reads_from: 1,
            written: 0,
            durable: 0,
            nth: 0,
            asked: 0,
            ledger: Ledger::default(),
            due: None,
        }
    }

    /// The restores, newest last.
    #[must_use]
    pub const fn rows(&self) -> &Table<Restore> {
        &self.rows
    }

    /// What production is bound to, and under which epoch.
    #[must_use]
    pub fn binding(&self) -> (InstanceId, u32) {
        let moved = |row: &Restore| matches!(row.stage, Stage::CutOver | Stage::Done);
        self.rows
            .iter()
            .rev()
            .map(|(_, row)| row.value)
            .find(moved)
            .and_then(|row| Some((row.target?, row.epoch)))
            .unwrap_or((InstanceId(0), 1))
    }

    /// The oldest schema that the app that is served can read.
    #[must_use]
    pub const fn reads_from(&self) -> u32 {
        self.reads_from
    }

    fn active(&self) -> Option<(RestoreId, Restore)> {
        let rows = self.rows.iter().rev();
        rows.map(|(id, row)| (RestoreId(id), row.value))
            .find(|(_, row)| row.is_active())
    }

    fn commit(&mut self, out: &mut Out, id: RestoreId, change: impl FnOnce(&mut Restore)) {
        let Some(old) = self.rows.get(id.0).copied() else {
            return;
        };
        let mut value = old.value;
        change(&mut value);
        if value == old.value {
            return;
        }
        let Ok(version) = self.rows.cas(id.0, old.version, value) else {
            return;
        };
        if value.stage != old.value.stage {
            let stage = value.stage;
            out.note(Told::Restore(Note::Staged { restore: id, stage }));
        }
        if let Some(reason) = value.reason.filter(|_| value.reason != old.value.reason) {
            out.note(Told::Restore(Note::Reasoned {
                restore: id,
                reason,
            }));
        }
        self.keep(out, Some((id, Row { version, value })));
    }

    fn keep(&mut self, out: &mut Out, restore: Option<(RestoreId, Row<Restore>)>) {
        self.written += 1;
        out.persists.push(Persist {
            ticket: Ticket(self.written),
            record: Record {
                restore,
                reads_from: self.reads_from,
            },
        });
    }

    const fn next(&mut self) -> u32 {
        self.nth = self.nth.saturating_add(1);
        self.nth
    }

    /// Asks something of which one answer is awaited.
    fn ask(&mut self, out: &mut Out, to: NodeId, message: impl FnOnce(u32) -> Message) {
        let nth = self.next();
        self.asked = nth;
        out.send(to, Said::Restore(message(nth)));
    }

    fn order(&mut self, cx: &Context<'_>, out: &mut Out, command: Command) {
        let done = match command {
            Command::Restore { environment, to } => {
                let free = self.active().is_none() && to <= cx.now;
                if free {
                    let (source, epoch) = self.binding();
                    let value = Restore {
                        environment,
                        to,
                        stage: Stage::Identify,
                        reason: None,
                        source,
                        epoch: epoch + 1,
                        fenced: false,
                        target: None,
                        schema: 0,
                        accepted: false,
                        lost: 0,
                        at: cx.now,
                    };
                    let id = RestoreId(self.rows.insert(value));
                    let stage = value.stage;
                    out.note(Told::Restore(Note::Staged { restore: id, stage }));
                    self.keep(out, Some((id, Row { version: 1, value })));
                }
                free
            }
            Command::AcceptLoss => match self.active() {
                Some((id, _)) => {
                    self.commit(out, id, |row| row.accepted = true);
                    true
                }
                None => false,
            },
            Command::ServeOldReader => {
                self.reads_from = 0;
                self.keep(out, None);
                true
            }
            // The app that is served is changed with the schema.
            Command::ChangeSchema { to } => {
                self.reads_from = to;
                self.keep(out, None);
                true
            }
            // Not this node's to carry out.
            Command::Corrupt | Command::BindPreview { .. } | Command::RunPreviewJob => false,
        };
        out.note(Told::Restore(Note::Ordered { command, done }));
    }

    /// Goes as far as it can.
    fn look(&mut self, cx: &Context<'_>, out: &mut Out) {
        let Some((id, row)) = self.active() else {
            self.due = None;
            return;
        };
        self.due = Some(cx.now.after(cx.knobs.time(&knob::RESTORE_RESEND)));
        // Nothing is asked or ordered because of what is not durable.
        if self.durable < self.written {
            return;
        }
        let databases = self.installation.databases;
        match row.stage {
            Stage::Identify => {
                let (to, environment) = (row.to, row.environment);
                self.ask(out, databases, |nth| Message::Look {
                    to,
                    environment,
                    nth,
                });
            }
            Stage::Fence => {
                if !row.fenced {
                    let nth = self.next();
                    let (instance, epoch) = (row.source, row.epoch);
                    let fence = Message::Fence {
                        instance,
                        epoch,
                        nth,
                    };
                    out.send(databases, Said::Restore(fence));
                }
                if row.target.is_none() {
                    let nth = self.next();
                    let make = Message::Make {
                        restore: id,
                        environment: row.environment,
                        to: row.to,
                        nth,
                    };
                    out.send(databases, Said::Restore(make));
                } else {
                    self.leave_fence(cx, out, id, &row);
                }
            }
            Stage::Reconcile => self.reconcile(cx, out, id, &row),
            Stage::CutOver => {
                let (instance, epoch) = self.binding();
                self.ask(out, databases, |nth| Message::Open {
                    instance,
                    epoch,
                    nth,
                });
            }
            Stage::Done | Stage::Failed => {}
        }
    }

    /// The databases have said how production's data is, and what schema the moment has.
    fn identify(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        wrong_since: Option<Time>,
        schema: u32,
    ) {
        let Some((id, row)) = self
            .active()
            .filter(|(_, row)| row.stage == Stage::Identify)
        else {
            return;
        };
        let own = Fact::equal(row.environment.into(), PRODUCTION.into());
        if out
            .require(cx, &gate::RESTORE_SAME_ENVIRONMENT, id.into(), own)
            .is_err()
        {
            return self.fail(out, id, Reason::OtherEnvironment);
        }
        let clean = Fact::below(row.to.0, wrong_since.map_or(u64::MAX, |since| since.0));
        if out
            .require(cx, &gate::RESTORE_POINT_CLEAN, id.into(), clean)
            .is_err()
        {
            return self.fail(out, id, Reason::AfterCorruption);
        }
        let (loss, most) = (row.at.since(row.to).0, cx.knobs.time(&knob::RESTORE_RPO).0);
        let bearable = Fact {
            holds: loss <= most || row.accepted,
            found: loss,
            wanted: most,
        };
        if out
            .require(cx, &gate::LOSS_ACCEPTED, id.into(), bearable)
            .is_err()
        {
            return self.commit(out, id, |row| row.reason = Some(Reason::LossTooLarge));
        }
        if !self.is_readable(cx, out, id, schema) {
            return self.commit(out, id, |row| row.reason = Some(Reason::Unreadable));
        }
        self.commit(out, id, |row| {
            row.stage = Stage::Fence;
            row.reason = None;
            row.schema = schema;
        });
    }

    /// Whether the app that is served now can read a schema.
    fn is_readable(&self, cx: &Context<'_>, out: &mut Out, id: RestoreId, schema: u32) -> bool {
        let readable = Fact::at_least(schema.into(), self.reads_from.into());
        out.require(cx, &gate::RESTORED_SCHEMA_READABLE, id.into(), readable)
            .is_ok()
    }

    fn fail(&mut self, out: &mut Out, id: RestoreId, reason: Reason) {
        self.commit(out, id, |row| {
            row.stage = Stage::Failed;
            row.reason = Some(reason);
        });
    }

    /// The new instance is there; whether the old one refuses writes is asked of what it has said, not of hope.
    fn leave_fence(&mut self, cx: &Context<'_>, out: &mut Out, id: RestoreId, row: &Restore) {
        if out
            .require(cx, &gate::WRITERS_FENCED, id.into(), Fact::yes(row.fenced))
            .is_err()
        {
            return;
        }
        self.ledger = Ledger::default();
        self.commit(out, id, |row| row.stage = Stage::Reconcile);
    }

    fn reconcile(&mut self, cx: &Context<'_>, out: &mut Out, id: RestoreId, row: &Restore) {
        let fact = Fact {
            holds: self.ledger.of.is_some_and(|of| self.ledger.index >= of),
            found: self.ledger.index.into(),
            wanted: self.ledger.of.unwrap_or(u32::MAX).into(),
        };
        if out
            .require(cx, &gate::LEDGER_RECONCILED, id.into(), fact)
            .is_ok()
        {
            // Another app may be served by now.
            if !self.is_readable(cx, out, id, row.schema) {
                return self.commit(out, id, |row| row.reason = Some(Reason::Unreadable));
            }
            let lost = self.ledger.lost;
            out.note(Told::Restore(Note::Impact { restore: id, lost }));
            return self.commit(out, id, |row| {
                row.stage = Stage::CutOver;
                row.reason = None;
                row.lost = lost;
            });
        }
        // What an earlier restore noted may be noted later than the moment that is gone back to, whenever it happened.
        let first = id.0 == 0;
        let earliest = Time(row.to.0.saturating_sub(MARGIN.0));
        let since = if first { earliest } else { Time::ZERO };
        let index = self.ledger.index;
        let outside = self.installation.outside;
        self.ask(out, outside, |nth| Message::EffectAsk { since, index, nth });
    }

    fn on_message(&mut self, cx: &Context<'_>, out: &mut Out, from: NodeId, message: Message) {
        match message {
            Message::Looks {
                wrong_since,
                schema,
                nth,
            } if nth == self.asked => {
                self.asked = 0;
                self.identify(cx, out, wrong_since, schema);
            }
            Message::Fenced { epoch, .. } => {
                if let Some((id, row)) = self.active()
                    && row.stage == Stage::Fence
                    && row.epoch == epoch
                {
                    self.commit(out, id, |row| row.fenced = true);
                }
            }
            Message::Made {
                restore, instance, ..
            } => {
                if let Some((id, row)) = self.active()
                    && id == restore
                    && row.stage == Stage::Fence
                {
                    self.commit(out, id, |row| row.target = Some(instance));
                }
            }
            Message::EffectIs {
                event,
                of,
                index,
                nth,
            } if nth == self.asked => {
                self.asked = 0;
                let Some((id, row)) = self
                    .active()
                    .filter(|(_, row)| row.stage == Stage::Reconcile)
                else {
                    return;
                };
                self.ledger.of = Some(of);
                match (event, row.target) {
                    (Some(event), Some(instance)) if index == self.ledger.index => {
                        let databases = self.installation.databases;
                        self.ask(out, databases, |nth| Message::Note {
                            instance,
                            event,
                            nth,
                        });
                    }
                    _ => self.reconcile(cx, out, id, &row),
                }
            }
            Message::Noted { lost, nth } if nth == self.asked => {
                self.asked = 0;
                self.ledger.index += 1;
                self.ledger.lost += u32::from(lost);
                if let Some((id, row)) = self
                    .active()
                    .filter(|(_, row)| row.stage == Stage::Reconcile)
                {
                    self.reconcile(cx, out, id, &row);
                }
            }
            Message::Opened {
                instance, epoch, ..
            } => {
                if let Some((id, row)) = self.active()
                    && row.stage == Stage::CutOver
                    && (Some(instance), epoch) == (row.target, row.epoch)
                {
                    self.commit(out, id, |row| row.stage = Stage::Done);
                    out.note(Told::Restore(Note::Bound { instance, epoch }));
                    for writer in self.installation.writers.clone() {
                        self.tell_binding(out, writer, 0);
                    }
                }
            }
            Message::BindingAsk { nth } => self.tell_binding(out, from, nth),
            // Of something that is not under way any more, or said to others.
            _ => {}
        }
    }

    /// Tells a writer what production is bound to, once that is durable and open.
    fn tell_binding(&self, out: &mut Out, to: NodeId, nth: u32) {
        let moving = self
            .active()
            .is_some_and(|(_, row)| row.stage == Stage::CutOver);
        if moving {
            return;
        }
        let (instance, epoch) = self.binding();
        let binding = Message::Binding {
            instance,
            epoch,
            nth,
        };
        out.send(to, Said::Restore(binding));
    }
}

impl Machine for Restores {
    type Message = Said;
    type Record = Record;
    type Note = Told;

    fn step(&mut self, cx: &Context<'_>, input: Input<Said>, out: &mut Out) {
        match input {
            Input::Message {
                from,
                message: Said::Restore(message),
            } => self.on_message(cx, out, from, message),
            Input::Message {
                message: Said::Command(Order::Restore(command)),
                ..
            } => self.order(cx, out, command),
            Input::Persisted(ticket) => {
                self.durable = self.durable.max(ticket.0);
                if self.durable == self.written {
                    self.look(cx, out);
                }
            }
            Input::Deadline => self.look(cx, out),
            Input::Message { .. } | Input::Host(_) => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.due
    }

    fn restart(&mut self, cx: &Context<'_>, durable: &[Record], out: &mut Out) {
        *self = Self::new(self.installation.clone());
        for record in durable {
            if let Some((id, row)) = record.restore
                && id.0 <= self.rows.len()
            {
                self.rows.restore(id.0, row);
            }
            self.reads_from = record.reads_from;
            self.written += 1;
        }
        self.durable = self.written;
        // Nothing is said more often than once in a millisecond, so no number is used twice.
        self.nth = u32::try_from(cx.now.0 / 1_000).unwrap_or(u32::MAX / 2);
        self.look(cx, out);
    }

    fn fingerprint(&self) -> u64 {
        let rest = (
            self.reads_from,
            self.written,
            self.durable,
            self.nth,
            self.asked,
            self.ledger,
            self.due,
        );
        fingerprint::digest(&(self.rows.fingerprint(), rest))
    }
}
