//! The session store: states beyond the life of an allocation.
//!
//! **Invariants.** Whoever fetches a session becomes its holder, under the next number; that is durable before the answer
//! leaves. Only the holder with the newest number may write.

use super::message::{Blob, Message as Say, Note as Tell, SessionId, TabId};
use crate::gate;
use crate::ledger::Ledger;
use crate::message::Message;
use crate::note::Note;
use alloc::vec::Vec;
use machine::fingerprint::digest;
use machine::{Context, Fact, Input, Machine, NodeId, Persist, SortedMap, Step, Ticket, Time};

/// What it makes durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    session: SessionId,
    blob: Blob,
    /// For whom it was claimed, if it was: a tab.
    claim: Option<(TabId, Claim)>,
}

/// The last claim of a session for a tab: on which of its connections, and by which host.
type Claim = (u32, NodeId);

type Out = Step<Message, Record, Note>;

/// The session store.
#[derive(Clone, Debug, Default)]
pub struct Store {
    rows: Ledger<SessionId, Blob>,
    claims: Ledger<(SessionId, TabId), Claim>,
    written: u64,
    /// What is said as soon as what it promises is durable.
    waiting: Vec<((u64, SessionId), NodeId, Say)>,
}

impl Store {
    /// What is kept.
    #[must_use]
    pub const fn rows(&self) -> &SortedMap<SessionId, Blob> {
        self.rows.map()
    }

    fn write(
        &mut self,
        out: &mut Out,
        (session, blob): (SessionId, Blob),
        claim: Option<(TabId, Claim)>,
        to: NodeId,
        say: Say,
    ) {
        if let Some((tab, claim)) = claim {
            self.claims.insert((session, tab), claim);
        }
        self.rows.insert(session, blob);
        self.written += 1;
        out.persists.push(Persist {
            ticket: Ticket(self.written),
            record: Record {
                session,
                blob,
                claim,
            },
        });
        self.waiting.push(((self.written, session), to, say));
    }

    /// Says again what was said, unless it is still to become durable: then the first answer is on its way.
    fn again(&self, out: &mut Out, session: SessionId, to: NodeId, say: Say) {
        let mut waiting = self.waiting.iter();
        if !waiting.any(|(of, _, _)| of.1 == session) {
            out.send(to, Message::Sessions(say));
        }
    }

    fn on_message(&mut self, cx: &Context<'_>, out: &mut Out, from: NodeId, say: Say) {
        match say {
            Say::Load { session, tab, nth } => {
                let Some(mut blob) = self.rows.get(session).copied() else {
                    let blob = None;
                    let say = Say::Loaded {
                        session,
                        tab,
                        nth,
                        blob,
                    };
                    return out.send(from, Message::Sessions(say));
                };
                if let Some((last, host)) = self.claims.get((session, tab)).copied() {
                    if (last, host) == (nth, from) {
                        let blob = Some(blob);
                        let say = Say::Loaded {
                            session,
                            tab,
                            nth,
                            blob,
                        };
                        return self.again(out, session, from, say);
                    }
                    if last > nth {
                        // The tab has made another connection since.
                        return;
                    }
                }
                blob.generation = blob.generation.saturating_add(1);
                out.note(Note::Sessions(Tell::Claimed {
                    session,
                    generation: blob.generation,
                }));
                let say = Say::Loaded {
                    session,
                    tab,
                    nth,
                    blob: Some(blob),
                };
                let claim = (tab, (nth, from));
                self.write(out, (session, blob), Some(claim), from, say);
            }
            Say::Save {
                session,
                allocation,
                blob,
                nth,
            } => {
                let before = self.rows.get(session).map_or(0, |row| row.generation);
                let fact = Fact::at_least(blob.generation.into(), before.into());
                let held = out.require(cx, &gate::SESSION_HOLDER_CURRENT, session.into(), fact);
                let say = Say::Saved {
                    session,
                    allocation,
                    blob,
                    current: held.is_ok(),
                    nth,
                };
                if held.is_err() {
                    out.note(Note::Sessions(Tell::Outdated { session }));
                    return out.send(from, Message::Sessions(say));
                }
                let row = self.rows.get(session).copied();
                if row.is_some_and(|row| row.generation == blob.generation && row.seq >= blob.seq) {
                    // It came before, or something newer of the same holder did.
                    return self.again(out, session, from, say);
                }
                out.note(Note::Sessions(Tell::Stored {
                    session,
                    generation: blob.generation,
                    before,
                }));
                self.write(out, (session, blob), None, from, say);
            }
            // Everything else is said to others.
            _ => {}
        }
    }
}

impl Machine for Store {
    type Message = Message;
    type Record = Record;
    type Note = Note;

    fn step(&mut self, cx: &Context<'_>, input: Input<Message>, out: &mut Out) {
        match input {
            Input::Message {
                from,
                message: Message::Sessions(say),
            } => self.on_message(cx, out, from, say),
            Input::Persisted(ticket) => {
                let (ready, rest): (Vec<_>, Vec<_>) = core::mem::take(&mut self.waiting)
                    .into_iter()
                    .partition(|((after, _), _, _)| *after <= ticket.0);
                self.waiting = rest;
                for (_, to, say) in ready {
                    out.send(to, Message::Sessions(say));
                }
            }
            Input::Message { .. } | Input::Deadline | Input::Host(_) => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        None
    }

    fn restart(&mut self, _: &Context<'_>, durable: &[Record], _: &mut Out) {
        *self = Self::default();
        for record in durable {
            self.rows.insert(record.session, record.blob);
            if let Some((tab, claim)) = record.claim {
                self.claims.insert((record.session, tab), claim);
            }
        }
    }

    fn fingerprint(&self) -> u64 {
        digest(&(
            self.rows.fingerprint(),
            self.claims.fingerprint(),
            self.written,
            &self.waiting,
        ))
    }
}
