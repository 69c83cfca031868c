//! The migrator: takes one piece of work at a time to the database and says what came of it.
//!
//! **Invariants.** It remembers only which orders it has taken, and after a crash not even that: whoever asked asks again, and
//! what became of work that was under way is for the service to find out.

use crate::ledger::Ledger;
use crate::message::Message;
use crate::migration::{Message as Say, MigrationId, Record};
use crate::note::Note;
use machine::{Context, Input, Machine, NodeId, Step, Time};

type Out = Step<Message, Record, Note>;

/// The migrator.
#[derive(Clone, Debug)]
pub struct Migrator {
    service: NodeId,
    database: NodeId,
    /// The newest order about each migration that it has taken.
    taken: Ledger<MigrationId, u32>,
}

impl Migrator {
    /// A migrator between these two.
    #[must_use]
    pub fn new(service: NodeId, database: NodeId) -> Self {
        Self {
            service,
            database,
            taken: Ledger::default(),
        }
    }

    fn on_message(&mut self, cx: &Context<'_>, out: &mut Out, message: Say) {
        match message {
            Say::Do {
                migration,
                token,
                work,
                later,
                nth,
            } => {
                if self.taken.get(migration).is_some_and(|taken| *taken >= nth) {
                    return;
                }
                self.taken.insert(migration, nth);
                let run = Say::Run {
                    migration,
                    token,
                    work,
                    later,
                    nth,
                };
                out.send(self.database, Message::Migration(run));
            }
            Say::Ran {
                migration,
                token,
                work,
                outcome,
                nth,
            } => {
                let at = cx.now;
                out.send(
                    self.service,
                    Message::Migration(Say::Report {
                        migration,
                        token,
                        work,
                        outcome,
                        at,
                        nth,
                    }),
                );
            }
            // Everything else is said to others.
            Say::Run { .. } | Say::Report { .. } => {}
        }
    }
}

impl Machine for Migrator {
    type Message = Message;
    type Record = Record;
    type Note = Note;

    fn step(&mut self, cx: &Context<'_>, input: Input<Message>, out: &mut Out) {
        if let Input::Message {
            message: Message::Migration(message),
            ..
        } = input
        {
            self.on_message(cx, out, message);
        }
    }

    fn deadline(&self) -> Option<Time> {
        None
    }

    fn restart(&mut self, _: &Context<'_>, _: &[Record], _: &mut Out) {
        *self = Self::new(self.service, self.database);
    }

    fn fingerprint(&self) -> u64 {
        self.taken.fingerprint()
    }
}
