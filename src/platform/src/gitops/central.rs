//! CO: the record keeper. It reads from Git what is wanted, holds back what would remove too much, and tells each LO.
//!
//! **Invariants.** What is wanted of a deployment is one row; its generation rises with every change, and its incarnation
//! when it is added again. Nothing is said to LO before the disk has it. Approval is for one commit and no other.

use super::{Desired, Item, MOST, Message as Say, Note as Tell, Revision, State, Wish};
use crate::agenda::Agenda;
use crate::gate;
use crate::gitops::Command;
use crate::knob;
use crate::ledger::Ledger;
use crate::message::Message;
use crate::note::Note;
use alloc::vec::Vec;
use machine::{Context, Fact, Input, Machine, NodeId, Persist, Row, Step, Table, Ticket, Time};
use machine::{Subject, fingerprint::digest};

type Out = Step<Message, CentralRecord, Note>;

/// Where a deployment belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Placement {
    /// The LO that reconciles it.
    pub local: NodeId,
}

/// What CO has on record of a deployment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// Which life of it.
    pub incarnation: u16,
    /// How often what is wanted has changed.
    pub generation: u32,
    /// The version that is wanted, or none.
    pub revision: Revision,
    /// How LO says that it stands, and under which version of its record.
    pub told: Option<(u16, u32, State)>,
    /// The version that ran well there last, as LO says.
    pub runs: Revision,
    /// The generation that LO was told while changes go from place to place.
    pub passed_on: u32,
    /// The version that was wanted then.
    pub passing: Revision,
}

impl Wanted {
    /// Whether what LO was told last has not got there, even if something else is wanted by now.
    fn is_under_way(&self) -> bool {
        let there = match self.told {
            Some((_, _, State::Installed)) => self.runs == self.passing,
            Some((_, _, State::Deleted)) => !self.passing.is_some(),
            _ => false,
        };
        self.passed_on > 0 && !there
    }
}

/// How far Git has been read, and what is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Hold {
    /// The newest commit that was read.
    pub commit: u32,
    /// Whether its removals are held.
    pub held: bool,
    /// The commit whose removals somebody approved.
    pub approved: u32,
}

/// What CO makes durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CentralRecord {
    /// A deployment.
    Wanted(Item, Row<Wanted>),
    /// How far Git has been read.
    Hold(Hold),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Due {
    /// It is time to look into Git.
    Read,
    /// An LO has not confirmed.
    Wish(Item),
}

/// CO.
#[derive(Clone, Debug)]
pub struct Central {
    git: NodeId,
    placements: Vec<Placement>,
    rows: Table<Wanted>,
    hold: Hold,
    written: u64,
    durable: u64,
    /// The number of the newest record of each deployment.
    newest: Ledger<Item, u64>,
    /// The generation that each LO has confirmed.
    taken: Ledger<Item, u32>,
    nth: u32,
    agenda: Agenda<Due>,
}

/// Whether a commit that removes so many of so many removes too much.
#[must_use]
pub const fn removes_too_much(removed: u8, before: u8) -> bool {
    let share = before / 5;
    let limit = if share > 3 { share } else { 3 };
    removed > limit || (removed > 0 && removed == before)
}

impl Central {
    /// A CO whose database holds nothing yet; the deployments that it knows, in the order of their places in Git.
    #[must_use]
    pub fn new(git: NodeId, mut placements: Vec<Placement>) -> Self {
        placements.truncate(MOST);
        Self {
            git,
            placements,
            rows: Table::default(),
            hold: Hold::default(),
            written: 0,
            durable: 0,
            newest: Ledger::default(),
            taken: Ledger::default(),
            nth: 0,
            agenda: Agenda::default(),
        }
    }

    /// What is wanted of each deployment.
    #[must_use]
    pub const fn rows(&self) -> &Table<Wanted> {
        &self.rows
    }

    /// How far Git has been read, and what is held.
    #[must_use]
    pub const fn hold(&self) -> Hold {
        self.hold
    }

    fn row(&self, item: Item) -> Option<Wanted> {
        self.rows.get(u32::from(item.0)).map(|row| row.value)
    }

    fn items(&self) -> impl Iterator<Item = Item> + use<> {
        (0..self.placements.len() as u8).map(Item)
    }

    fn write(&mut self, out: &mut Out, record: CentralRecord) {
        self.written += 1;
        let ticket = Ticket(self.written);
        out.persists.push(Persist { ticket, record });
    }

    /// One commit of one row.
    fn commit(&mut self, out: &mut Out, item: Item, change: impl FnOnce(&mut Wanted)) {
        let id = u32::from(item.0);
        let Some(old) = self.rows.get(id).copied() else {
            return;
        };
        let mut value = old.value;
        change(&mut value);
        if value == old.value {
            return;
        }
        if let Ok(version) = self.rows.cas(id, old.version, value) {
            self.write(out, CentralRecord::Wanted(item, Row { version, value }));
            self.newest.insert(item, self.written);
        }
    }

    fn set_hold(&mut self, out: &mut Out, hold: Hold) {
        if hold != self.hold {
            self.hold = hold;
            self.write(out, CentralRecord::Hold(hold));
        }
    }

    fn read(&mut self, cx: &Context<'_>, out: &mut Out) {
        self.nth = self.nth.saturating_add(1);
        out.send(self.git, Message::GitOps(Say::Read { nth: self.nth }));
        let every = cx.knobs.time(&knob::GIT_READ_INTERVAL);
        self.agenda.set(Due::Read, cx.now.after(every));
    }

    fn on_head(&mut self, cx: &Context<'_>, out: &mut Out, commit: u32, wanted: &Desired) {
        let approved = self.hold.approved == commit;
        let waits = self.hold.held && self.hold.commit == commit && approved;
        if commit <= self.hold.commit && !waits {
            return;
        }
        let version = |item: Item| wanted[usize::from(item.0)];
        let known: Vec<(Item, Revision)> = self
            .items()
            .filter_map(|item| Some((item, self.row(item)?.revision)))
            .collect();
        let before = known.iter().filter(|(_, now)| now.is_some()).count() as u8;
        let leaves = |(item, now): &(Item, Revision)| now.is_some() && !version(*item).is_some();
        let removed = known.iter().filter(|known| leaves(known)).count() as u8;
        let mut held = false;
        if removed > 0 {
            let fact = Fact {
                holds: approved || !removes_too_much(removed, before),
                found: removed.into(),
                wanted: before.into(),
            };
            let subject = subject_of(commit);
            held = out.require(cx, &gate::PRUNE_GUARD, subject, fact).is_err();
        }
        if held {
            out.note(Note::GitOps(Tell::PruneHeld {
                commit,
                removed,
                before,
            }));
        }
        let mut changed = 0;
        for known in &known {
            let (item, now) = *known;
            if version(item) == now || (held && leaves(known)) {
                continue;
            }
            let wanted = version(item);
            let whole = Fact::yes(!wanted.is_some() || wanted.schema > 0);
            let subject = item.life(self.row(item).map_or(0, |row| row.incarnation));
            let gate = &gate::SETTING_COMPLETE;
            if out.require(cx, gate, subject, whole).is_err() {
                out.note(Note::GitOps(Tell::SettingRefused { commit, item }));
                continue;
            }
            changed += 1;
            self.commit(out, item, |row| {
                row.generation += 1;
                row.incarnation += u16::from(!now.is_some());
                row.revision = version(item);
            });
        }
        out.note(Note::GitOps(Tell::DesiredChanged {
            commit,
            changed,
            removed: if held { 0 } else { removed },
            before,
        }));
        let approved = self.hold.approved;
        self.set_hold(
            out,
            Hold {
                commit,
                held,
                approved,
            },
        );
    }

    /// Tells an LO what is wanted, if it has not confirmed that yet.
    fn tend(&mut self, cx: &Context<'_>, out: &mut Out, item: Item) {
        let (Some(row), Some(place)) = (
            self.row(item),
            self.placements.get(usize::from(item.0)).copied(),
        ) else {
            return;
        };
        let taken = self.taken.get(item).copied().unwrap_or(0);
        if taken >= row.generation {
            return self.agenda.clear(Due::Wish(item));
        }
        if !self.may_pass_on(cx, out, item, &row) {
            let again = cx.knobs.time(&knob::GITOPS_RESEND);
            return self.agenda.set(Due::Wish(item), cx.now.after(again));
        }
        let newest = self.newest.get(item).copied().unwrap_or(0);
        let durable = Fact::at_least(self.durable, newest);
        let life = item.life(row.incarnation);
        if out
            .require(cx, &gate::COMMIT_BEFORE_PUBLISH, life, durable)
            .is_err()
        {
            return;
        }
        self.nth = self.nth.saturating_add(1);
        let wish = Wish {
            incarnation: row.incarnation,
            generation: row.generation,
            revision: row.revision,
        };
        out.send(
            place.local,
            Message::GitOps(Say::Wish {
                item,
                wish,
                nth: self.nth,
            }),
        );
        let again = cx.knobs.time(&knob::GITOPS_RESEND);
        self.agenda.set(Due::Wish(item), cx.now.after(again));
    }

    /// Whether a change may go to this place now: not while as many others as may have not got there.
    fn may_pass_on(&mut self, cx: &Context<'_>, out: &mut Out, item: Item, row: &Wanted) -> bool {
        let wave = cx.knobs.get(&knob::GITOPS_WAVE);
        if wave >= self.placements.len() as u64 || row.passed_on >= row.generation {
            return true;
        }
        let others = self.items().filter(|other| *other != item);
        let under_way = others
            .filter_map(|other| self.row(other))
            .filter(Wanted::is_under_way)
            .count();
        let fact = Fact::below(under_way as u64, wave);
        let life = item.life(row.incarnation);
        let gate = &gate::EARLIER_PLACES_WELL;
        if out.require(cx, gate, life, fact).is_err() {
            return false;
        }
        self.commit(out, item, |row| {
            row.passed_on = row.generation;
            row.passing = row.revision;
        });
        true
    }

    fn approve(&mut self, cx: &Context<'_>, out: &mut Out) -> bool {
        if !self.hold.held {
            return false;
        }
        let commit = self.hold.commit;
        let approved = Hold {
            approved: commit,
            ..self.hold
        };
        self.set_hold(out, approved);
        out.note(Note::GitOps(Tell::PruneApproved { commit }));
        // What the commit wants is read again.
        self.read(cx, out);
        true
    }

    fn on_message(&mut self, cx: &Context<'_>, out: &mut Out, from: NodeId, message: Message) {
        match message {
            Message::Command(crate::message::Command::GitOps(command)) => {
                let done = command == Command::ApprovePrune && self.approve(cx, out);
                out.note(Note::GitOps(Tell::Ordered { command, done }));
            }
            Message::GitOps(Say::Head { commit, wanted, .. }) => {
                self.on_head(cx, out, commit, &wanted)
            }
            Message::GitOps(Say::WishTaken {
                item, generation, ..
            }) => {
                let known = self.taken.get(item).copied().unwrap_or(0);
                if generation > known {
                    self.taken.insert(item, generation);
                    self.tend(cx, out, item);
                }
            }
            Message::GitOps(Say::Told {
                item,
                incarnation,
                version,
                state,
                runs,
                nth,
            }) => {
                // It may have been told something newer meanwhile.
                self.commit(out, item, |row| {
                    let known = row
                        .told
                        .map_or((0, 0), |(life, version, _)| (life, version));
                    if known < (incarnation, version) {
                        row.told = Some((incarnation, version, state));
                        row.runs = runs;
                    }
                });
                // What is confirmed is on disk; until then LO tells it again.
                let newest = self.newest.get(item).copied().unwrap_or(0);
                if newest <= self.durable {
                    let ack = Say::ToldAck {
                        item,
                        incarnation,
                        version,
                        nth,
                    };
                    out.send(from, Message::GitOps(ack));
                }
            }
            // Everything else is said to others.
            _ => {}
        }
    }
}

/// A commit of Git as a subject.
const fn subject_of(commit: u32) -> Subject {
    Subject {
        kind: 41,
        id: commit as u64,
    }
}

impl Machine for Central {
    type Message = Message;
    type Record = CentralRecord;
    type Note = Note;

    fn step(&mut self, cx: &Context<'_>, input: Input<Message>, out: &mut Out) {
        match input {
            Input::Message { from, message } => self.on_message(cx, out, from, message),
            Input::Deadline => {
                for due in self.agenda.take_due(cx.now) {
                    match due {
                        Due::Read => self.read(cx, out),
                        Due::Wish(item) => self.tend(cx, out, item),
                    }
                }
            }
            Input::Persisted(ticket) => {
                self.durable = self.durable.max(ticket.0);
                for item in self.items() {
                    if self.newest.get(item) == Some(&ticket.0) {
                        self.tend(cx, out, item);
                    }
                }
            }
            Input::Host(_) => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.agenda.next()
    }

    fn restart(&mut self, cx: &Context<'_>, durable: &[CentralRecord], out: &mut Out) {
        *self = Self::new(self.git, self.placements.clone());
        // No number is used twice: it says less than one thing per millisecond.
        self.nth = u32::try_from(cx.now.0 / 1_000).unwrap_or(u32::MAX / 2);
        for _ in self.items() {
            self.rows.insert(Wanted::default());
        }
        for record in durable {
            match *record {
                CentralRecord::Wanted(item, row) => self.rows.restore(u32::from(item.0), row),
                CentralRecord::Hold(hold) => self.hold = hold,
            }
        }
        for item in self.items() {
            self.tend(cx, out, item);
        }
        self.read(cx, out);
    }

    fn fingerprint(&self) -> u64 {
        digest(&(
            self.rows.fingerprint(),
            self.hold,
            self.written,
            self.durable,
            self.newest.fingerprint(),
            self.taken.fingerprint(),
            self.nth,
            self.agenda.fingerprint(),
        ))
    }
}
