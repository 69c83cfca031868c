//! The databases: instances with their rows, fences and the moments that one can go back to.
//!
//! **Invariants.** An instance takes a write only while it is open and only under its own epoch or a newer one: whoever still
//! holds an old binding is turned away here, whatever anybody else believes. What was taken is durable before it is said.

use super::message::{Command, EventId, InstanceId, Message, Note, PREVIEW, PRODUCTION, RestoreId};
use crate::gate;
use crate::ledger::Ledger;
use crate::message::{Command as Order, Message as Said};
use crate::note::Note as Told;
use alloc::vec::Vec;
use machine::{
    Ask, Context, Duration, Fact, Input, Machine, NodeId, Persist, Step, Ticket, Time, fingerprint,
};

type Out = Step<Said, Stored, Told>;

/// One row: something that was written down, and whether it has happened outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    /// Who wrote it.
    pub writer: NodeId,
    /// When.
    pub at: Time,
    /// When it was marked as having happened.
    pub marked: Option<Time>,
    /// Whether it is wrong.
    pub wrong: bool,
}

/// An instance.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Whose data it holds.
    pub environment: u8,
    /// The epoch below which it refuses writes.
    pub epoch: u32,
    /// Whether it takes writes at all.
    pub open: bool,
    /// The schema, each from when on.
    pub schemas: Vec<(Time, u32)>,
    rows: Ledger<EventId, Row>,
}

impl Instance {
    fn new(environment: u8, epoch: u32, open: bool) -> Self {
        Self {
            environment,
            epoch,
            open,
            schemas: alloc::vec![(Time::ZERO, 1)],
            rows: Ledger::default(),
        }
    }

    /// Its rows.
    pub fn rows(&self) -> impl Iterator<Item = (EventId, Row)> {
        self.rows.map().iter().map(|(event, row)| (*event, *row))
    }

    /// The schema at a moment.
    #[must_use]
    pub fn schema(&self, at: Time) -> u32 {
        let newest = self.schemas.iter().rev().find(|(from, _)| *from <= at);
        newest.map_or(1, |(_, schema)| *schema)
    }

    fn fingerprint(&self) -> u64 {
        fingerprint::digest(&(
            self.environment,
            self.epoch,
            self.open,
            &self.schemas,
            self.rows.fingerprint(),
        ))
    }
}

/// What the databases make durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Stored {
    /// A row is as it is now.
    Row {
        instance: InstanceId,
        event: EventId,
        row: Row,
    },
    /// A fence, or the end of one.
    Fence {
        instance: InstanceId,
        epoch: u32,
        open: bool,
    },
    /// An instance as another was at a moment.
    Made {
        restore: RestoreId,
        environment: u8,
        to: Time,
    },
    /// The data goes wrong from here on.
    Corrupted { at: Time },
    /// The schema changes.
    Schema { at: Time, to: u32 },
    /// What previews run is bound to data of its own, or to production's.
    Preview { apart: bool },
}

/// An answer that waits for the disk, or for the work behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Answer {
    to: NodeId,
    message: Message,
}

/// An instance that is being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Job {
    due: Time,
    environment: u8,
    to: Time,
    from: NodeId,
    nth: u32,
}

/// The provider's databases: at first one of production and one of previews.
#[derive(Clone, Debug)]
pub struct Databases {
    takes: (Duration, Duration),
    instances: Vec<Instance>,
    made: Ledger<RestoreId, InstanceId>,
    wrong_since: Option<Time>,
    /// Whether what previews run is bound to production's data.
    shared: bool,
    written: u64,
    waiting: Ledger<u64, Answer>,
    /// Instances that are being made, and until when.
    making: Ledger<RestoreId, Job>,
}

impl Databases {
    /// Databases that take so long to make an instance.
    #[must_use]
    pub fn new(takes: (Duration, Duration)) -> Self {
        Self {
            takes,
            instances: alloc::vec![
                Instance::new(PRODUCTION, 1, true),
                Instance::new(PREVIEW, 1, true),
            ],
            made: Ledger::default(),
            wrong_since: None,
            shared: false,
            written: 0,
            waiting: Ledger::default(),
            making: Ledger::default(),
        }
    }

    /// The instances, in the order of their numbers.
    #[must_use]
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// Since when the data of production goes wrong.
    #[must_use]
    pub const fn wrong_since(&self) -> Option<Time> {
        self.wrong_since
    }

    fn instance(&mut self, id: InstanceId) -> Option<&mut Instance> {
        self.instances.get_mut(usize::from(id.0))
    }

    /// Makes something durable; the answer goes when it is.
    fn keep(&mut self, out: &mut Out, record: Stored, answer: Option<Answer>) {
        self.written += 1;
        out.persists.push(Persist {
            ticket: Ticket(self.written),
            record,
        });
        if let Some(answer) = answer {
            self.waiting.insert(self.written, answer);
        }
    }

    /// The data of production goes wrong, unless it is wrong already.
    fn go_wrong(&mut self, cx: &Context<'_>, out: &mut Out) {
        if self.wrong_since.is_none() {
            let record = Stored::Corrupted { at: cx.now };
            self.apply(&record);
            out.note(Told::Restore(Note::Corrupted));
            self.keep(out, record, None);
        }
    }

    fn apply(&mut self, record: &Stored) {
        match *record {
            Stored::Row {
                instance,
                event,
                row,
            } => {
                if let Some(instance) = self.instance(instance) {
                    instance.rows.insert(event, row);
                }
            }
            Stored::Fence {
                instance,
                epoch,
                open,
            } => {
                if let Some(instance) = self.instance(instance) {
                    (instance.epoch, instance.open) = (epoch, open);
                }
            }
            Stored::Made {
                restore,
                environment,
                to,
            } => self.copy(restore, environment, to),
            Stored::Corrupted { at } => self.wrong_since = Some(at),
            Stored::Schema { at, to } => self.instances[0].schemas.push((at, to)),
            Stored::Preview { apart } => self.shared = !apart,
        }
    }

    /// An instance as the first of its environment was at a moment: rows that came later are not in it, and what was marked
    /// later is not marked.
    fn copy(&mut self, restore: RestoreId, environment: u8, to: Time) {
        let id = InstanceId(self.instances.len() as u16);
        let source = self
            .instances
            .iter()
            .rev()
            .find(|instance| instance.environment == environment && instance.open)
            .or_else(|| {
                self.instances
                    .iter()
                    .rev()
                    .find(|instance| instance.environment == environment)
            });
        let Some(source) = source else { return };
        let mut copy = Instance::new(environment, source.epoch, false);
        copy.schemas = source
            .schemas
            .iter()
            .filter(|(from, _)| *from <= to)
            .copied()
            .collect();
        for (event, row) in source.rows().filter(|(_, row)| row.at <= to) {
            let marked = row.marked.filter(|at| *at <= to);
            copy.rows.insert(event, Row { marked, ..row });
        }
        self.instances.push(copy);
        self.made.insert(restore, id);
    }

    fn on_message(&mut self, cx: &Context<'_>, out: &mut Out, from: NodeId, message: Message) {
        let answer = |message| Answer { to: from, message };
        match message {
            Message::Look {
                to,
                environment,
                nth,
            } => {
                let source = self
                    .instances
                    .iter()
                    .find(|one| one.environment == environment);
                let schema = source.map_or(1, |source| source.schema(to));
                let wrong_since = self.wrong_since;
                out.send(
                    from,
                    Said::Restore(Message::Looks {
                        wrong_since,
                        schema,
                        nth,
                    }),
                );
            }
            Message::Fence {
                instance,
                epoch,
                nth,
            } => {
                let fenced = answer(Message::Fenced {
                    instance,
                    epoch,
                    nth,
                });
                self.set_fence(out, instance, epoch, false, fenced);
            }
            Message::Open {
                instance,
                epoch,
                nth,
            } => {
                let opened = answer(Message::Opened {
                    instance,
                    epoch,
                    nth,
                });
                self.set_fence(out, instance, epoch, true, opened);
            }
            Message::Make {
                restore,
                environment,
                to,
                nth,
            } => self.begin_making(cx, out, from, (restore, environment, to), nth),
            Message::Note {
                instance,
                event,
                nth,
            } => {
                let row = self
                    .instance(instance)
                    .and_then(|instance| instance.rows.get(event).copied());
                let noted = Message::Noted {
                    lost: row.is_none(),
                    nth,
                };
                match row.filter(|row| row.marked.is_none()) {
                    Some(row) => {
                        let marked = Some(cx.now);
                        let record = Stored::Row {
                            instance,
                            event,
                            row: Row { marked, ..row },
                        };
                        self.apply(&record);
                        self.keep(out, record, Some(answer(noted)));
                    }
                    None => out.send(from, Said::Restore(noted)),
                }
            }
            Message::Write {
                instance,
                epoch,
                event,
                nth,
            } => self.write(cx, out, from, (instance, epoch, event), nth, false),
            Message::Mark {
                instance,
                epoch,
                event,
                nth,
            } => self.write(cx, out, from, (instance, epoch, event), nth, true),
            Message::UnsentAsk {
                instance,
                epoch,
                nth,
            } => {
                // Whoever may not mark what it tells is not told what to tell.
                let may_mark = |one: &&mut Instance| one.open && epoch >= one.epoch;
                let event = self
                    .instance(instance)
                    .filter(may_mark)
                    .and_then(|instance| {
                        let mut rows = instance.rows();
                        rows.find(|(_, row)| row.writer == from && row.marked.is_none())
                            .map(|(event, _)| event)
                    });
                out.send(from, Said::Restore(Message::UnsentIs { event, nth }));
            }
            // Everything else is said to others.
            _ => {}
        }
    }

    fn set_fence(&mut self, out: &mut Out, id: InstanceId, epoch: u32, open: bool, answer: Answer) {
        let Some(instance) = self.instance(id) else {
            return;
        };
        // An order from before the newest one changes nothing.
        if epoch < instance.epoch || (epoch == instance.epoch && instance.open == open) {
            return out.send(answer.to, Said::Restore(answer.message));
        }
        let record = Stored::Fence {
            instance: id,
            epoch,
            open,
        };
        self.apply(&record);
        out.note(Told::Restore(if open {
            Note::InstanceOpened {
                instance: id,
                epoch,
            }
        } else {
            Note::InstanceFenced {
                instance: id,
                epoch,
            }
        }));
        self.keep(out, record, Some(answer));
    }

    fn begin_making(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        (restore, environment, to): (RestoreId, u8, Time),
        nth: u32,
    ) {
        if let Some(instance) = self.made.get(restore).copied() {
            return out.send(
                from,
                Said::Restore(Message::Made {
                    restore,
                    instance,
                    nth,
                }),
            );
        }
        if self.making.contains(restore) {
            return;
        }
        let ask = Ask {
            stream: crate::stream::RESTORE,
            key: restore.0.into(),
        };
        let takes = Duration(cx.dice.between(ask, self.takes.0.0, self.takes.1.0));
        let due = cx.now.after(takes);
        let job = Job {
            due,
            environment,
            to,
            from,
            nth,
        };
        self.making.insert(restore, job);
    }

    /// An app writes, or marks what has happened.
    fn write(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        (id, epoch, event): (InstanceId, u32, EventId),
        nth: u32,
        mark: bool,
    ) {
        let wrong = self.wrong_since.is_some() && id.0 == 0;
        let Some(instance) = self.instance(id) else {
            return;
        };
        let (fence, open) = (instance.epoch, instance.open);
        let fact = Fact {
            holds: open && epoch >= fence,
            found: epoch.into(),
            wanted: fence.into(),
        };
        let allowed = out
            .require(cx, &gate::WRITE_EPOCH_CURRENT, id.into(), fact)
            .is_ok();
        if !allowed {
            out.note(Told::Restore(Note::WriteRefused {
                instance: id,
                writer: from,
            }));
            return out.send(from, Said::Restore(Message::Wrote { taken: false, nth }));
        }
        let old = self
            .instance(id)
            .and_then(|instance| instance.rows.get(event).copied());
        let row = match (old, mark) {
            (Some(row), true) => Row {
                marked: row.marked.or(Some(cx.now)),
                ..row
            },
            (Some(row), false) => row,
            // The row that is to be marked is not here: it is gone with what was after the moment that was gone back to.
            (None, true) => {
                return out.send(from, Said::Restore(Message::Wrote { taken: true, nth }));
            }
            (None, false) => Row {
                writer: from,
                at: cx.now,
                marked: None,
                wrong,
            },
        };
        let taken = Message::Wrote { taken: true, nth };
        if old == Some(row) {
            return out.send(from, Said::Restore(taken));
        }
        if !mark {
            out.note(Told::Restore(Note::RowWritten {
                instance: id,
                event,
                epoch,
                fence,
                open,
            }));
        }
        let record = Stored::Row {
            instance: id,
            event,
            row,
        };
        self.apply(&record);
        self.keep(
            out,
            record,
            Some(Answer {
                to: from,
                message: taken,
            }),
        );
    }
}

impl Machine for Databases {
    type Message = Said;
    type Record = Stored;
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
            } => match command {
                Command::Corrupt => self.go_wrong(cx, out),
                Command::BindPreview { apart } => {
                    let record = Stored::Preview { apart };
                    self.apply(&record);
                    self.keep(out, record, None);
                }
                Command::RunPreviewJob => {
                    let production = self.shared;
                    out.note(Told::Restore(Note::TablesCleared { production }));
                    // It clears the tables of whatever it is bound to.
                    if production {
                        self.go_wrong(cx, out);
                    }
                }
                Command::ChangeSchema { to } => {
                    let record = Stored::Schema { at: cx.now, to };
                    self.apply(&record);
                    self.keep(out, record, None);
                }
                _ => {}
            },
            Input::Persisted(ticket) => {
                if let Some(answer) = self.waiting.remove(ticket.0) {
                    out.send(answer.to, Said::Restore(answer.message));
                }
            }
            Input::Deadline => {
                let due: Vec<(RestoreId, Job)> = self
                    .making
                    .map()
                    .iter()
                    .filter(|(_, job)| job.due <= cx.now)
                    .map(|(restore, job)| (*restore, *job))
                    .collect();
                for (restore, job) in due {
                    let Job {
                        environment,
                        to,
                        from,
                        nth,
                        ..
                    } = job;
                    self.making.remove(restore);
                    let record = Stored::Made {
                        restore,
                        environment,
                        to,
                    };
                    self.apply(&record);
                    let Some(instance) = self.made.get(restore).copied() else {
                        continue;
                    };
                    out.note(Told::Restore(Note::InstanceMade {
                        instance,
                        environment,
                        to,
                    }));
                    let made = Message::Made {
                        restore,
                        instance,
                        nth,
                    };
                    self.keep(
                        out,
                        record,
                        Some(Answer {
                            to: from,
                            message: made,
                        }),
                    );
                }
            }
            Input::Message { .. } | Input::Host(_) => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.making.map().values().map(|job| job.due).min()
    }

    fn restart(&mut self, _cx: &Context<'_>, durable: &[Stored], _out: &mut Out) {
        *self = Self::new(self.takes);
        for record in durable {
            self.written += 1;
            self.apply(record);
        }
    }

    fn fingerprint(&self) -> u64 {
        let instances: Vec<u64> = self.instances.iter().map(Instance::fingerprint).collect();
        fingerprint::digest(&(
            instances,
            self.made.fingerprint(),
            (self.wrong_since, self.shared),
            self.written,
            self.waiting.fingerprint(),
            self.making.fingerprint(),
        ))
    }
}
