//! LO: the reconciler. It drives each deployment towards what CO wants, with EN as its hands.
//!
//! **Invariants.** A deployment is one row per life, moved by one commit at a time; nothing leaves the node before the disk
//! has that commit. Every attempt has a token of its own, and only reports under the newest one move anything. What is to be
//! said follows from the rows, and is said again until it is confirmed. A node that is not heard of moves nothing by
//! itself: that is what the progress deadline is for.
//!
//! `decide` starts attempts and removals, `reports` believes or does not believe what EN says.

mod decide;
mod reports;

use super::{
    Cause, Command, Item, Message as Say, Note as Tell, Order, Revision, State, Transition, Wish,
    Work,
};
use crate::GITOPS;
use crate::agenda::Agenda;
use crate::gate;
use crate::knob;
use crate::ledger::Ledger;
use crate::message::Message;
use crate::note::Note;
use alloc::vec::Vec;
use machine::{Context, Fact, Input, Machine, Moved, NodeId, Persist, Row, SortedMap, Step};
use machine::{Table, Ticket, Time, fingerprint::digest};

pub(super) type Out = Step<Message, LocalRecord, Note>;

/// Where a deployment runs, and what its owner wants done when an update fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Site {
    /// The EN.
    pub node: NodeId,
    /// Whether a failed update is rolled back.
    pub rollback: bool,
}

/// One life of a deployment as LO has it in its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Deployment {
    /// Which deployment.
    pub item: Item,
    /// Which life of it.
    pub incarnation: u16,
    /// Where it stands.
    pub state: State,
    /// Since when.
    pub since: Time,
    /// The newest generation of what is wanted.
    pub generation: u32,
    /// The version that is wanted, or none.
    pub wanted: Revision,
    /// The token of the current attempt.
    pub token: u32,
    /// The version that the current attempt shall get to.
    pub goal: Revision,
    /// The generation that the current attempt is for.
    pub goal_generation: u32,
    /// Whether anything may have been sent to EN.
    pub dispatched: bool,
    /// Attempts made for what is wanted.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub cause: Cause,
    /// When the progress deadline of the current attempt is.
    pub deadline: Time,
    /// When the back-off is over.
    pub retry_at: Time,
    /// The version that passed its checks last.
    pub last_good: Revision,
    /// The highest schema that the data may have.
    pub schema: u8,
    /// The version that is not tried again while the same is wanted.
    pub quarantined: Revision,
    /// Whether nothing is tried any more until an operator does something.
    pub needs_operator: bool,
    /// Whether what is installed is not well.
    pub degraded: bool,
    /// Whether its removal does not get on.
    pub delete_stuck: bool,
    /// The code with which its last container ended.
    pub exit_code: u8,
    /// The report that moved it last.
    pub report: u64,
}

/// What LO makes durable: a row after a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LocalRecord {
    row: u32,
    deployment: Row<Deployment>,
}

/// How an EN is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Presence {
    /// The number of its newest sign of life.
    nth: u32,
    /// Since when it has not been heard of, if it is not.
    silent_since: Option<Time>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Due {
    /// An order was not seen to be obeyed.
    Order(u32),
    /// CO has not confirmed how a deployment stands.
    Told(u32),
    /// A back-off is over.
    Decide(u32),
    /// A progress deadline.
    Progress(u32),
    /// An EN has been silent for too long.
    Silence(NodeId),
}

/// LO.
#[derive(Clone, Debug)]
pub struct Local {
    central: NodeId,
    sites: SortedMap<Item, Site>,
    rows: Table<Deployment>,
    /// The newest life of each deployment; follows from the rows.
    current: SortedMap<Item, u32>,
    written: u64,
    durable: u64,
    /// The number of the newest record of each row.
    newest: Ledger<u32, u64>,
    /// The token under which EN was seen to obey.
    obeyed: Ledger<u32, u32>,
    /// How often a removal has been ordered.
    removals: Ledger<u32, u32>,
    /// The version of each row that CO has confirmed.
    told: Ledger<u32, u32>,
    /// What is to be confirmed once it is durable: wishes to CO, reports to EN.
    wishes: Ledger<Item, (u32, u32)>,
    reports: Ledger<u32, (u64, u32)>,
    presence: Ledger<NodeId, Presence>,
    nth: u32,
    agenda: Agenda<Due>,
}

impl Local {
    /// An LO whose database holds nothing yet.
    #[must_use]
    pub fn new(central: NodeId, sites: SortedMap<Item, Site>) -> Self {
        Self {
            central,
            sites,
            rows: Table::default(),
            current: SortedMap::new(),
            written: 0,
            durable: 0,
            newest: Ledger::default(),
            obeyed: Ledger::default(),
            removals: Ledger::default(),
            told: Ledger::default(),
            wishes: Ledger::default(),
            reports: Ledger::default(),
            presence: Ledger::default(),
            nth: 0,
            agenda: Agenda::default(),
        }
    }

    /// The lives of all deployments, newest last.
    #[must_use]
    pub const fn rows(&self) -> &Table<Deployment> {
        &self.rows
    }

    /// The newest life of a deployment.
    #[must_use]
    pub fn newest(&self, item: Item) -> Option<&Deployment> {
        let id = *self.current.get(&item)?;
        self.rows.get(id).map(|row| &row.value)
    }

    /// Whether an EN is heard of.
    #[must_use]
    pub fn hears(&self, node: NodeId) -> bool {
        self.presence
            .get(node)
            .is_some_and(|presence| presence.silent_since.is_none())
    }

    /// Since when an EN has not been heard of.
    #[must_use]
    pub fn silent_since(&self, node: NodeId) -> Option<Time> {
        self.presence.get(node)?.silent_since
    }

    fn row(&self, id: u32) -> Option<Deployment> {
        self.rows.get(id).map(|row| row.value)
    }

    /// Where a deployment runs, if it is one of this LO's.
    #[must_use]
    pub fn site(&self, item: Item) -> Option<Site> {
        self.sites.get(&item).copied()
    }

    fn write(&mut self, out: &mut Out, id: u32, deployment: Row<Deployment>) {
        self.written += 1;
        self.newest.insert(id, self.written);
        let record = LocalRecord {
            row: id,
            deployment,
        };
        let ticket = Ticket(self.written);
        out.persists.push(Persist { ticket, record });
    }

    /// One commit: the row, its record and, if it moved, its transition.
    fn commit(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: u32,
        transition: Option<Transition>,
        change: impl FnOnce(&mut Deployment),
    ) {
        let Some(old) = self.rows.get(id).copied() else {
            return;
        };
        let mut value = old.value;
        if let Some(transition) = transition {
            let Some(next) = value.state.after(transition) else {
                return;
            };
            value.state = next;
            value.since = cx.now;
        }
        change(&mut value);
        if value == old.value {
            return;
        }
        let Ok(version) = self.rows.cas(id, old.version, value) else {
            return;
        };
        self.write(out, id, Row { version, value });
        if let Some(transition) = transition {
            out.moved.push(Moved {
                lifecycle: GITOPS,
                subject: value.item.life(value.incarnation),
                from: Some(old.value.state as u8),
                transition: Some(transition as u8),
                to: value.state as u8,
                version,
            });
            if !value.state.is_under_way() {
                self.agenda.clear(Due::Progress(id));
            }
        }
    }

    /// A new life begins.
    fn create(&mut self, cx: &Context<'_>, out: &mut Out, item: Item, wish: Wish) -> u32 {
        let value = Deployment {
            item,
            incarnation: wish.incarnation,
            state: State::Pending,
            since: cx.now,
            generation: wish.generation,
            wanted: wish.revision,
            token: 0,
            goal: Revision::NONE,
            goal_generation: 0,
            dispatched: false,
            attempts: 0,
            cause: Cause::None,
            deadline: Time(0),
            retry_at: Time(0),
            last_good: Revision::NONE,
            schema: 0,
            quarantined: Revision::NONE,
            needs_operator: false,
            degraded: false,
            delete_stuck: false,
            exit_code: 0,
            report: 0,
        };
        let id = self.rows.insert(value);
        self.current.insert(item, id);
        self.write(out, id, Row { version: 1, value });
        out.moved.push(Moved {
            lifecycle: GITOPS,
            subject: item.life(wish.incarnation),
            from: None,
            transition: None,
            to: State::Pending as u8,
            version: 1,
        });
        id
    }

    fn on_wish(&mut self, cx: &Context<'_>, out: &mut Out, item: Item, wish: Wish, nth: u32) {
        if self.site(item).is_none() {
            return;
        }
        let known = self.current.get(&item).copied();
        let row = known.and_then(|id| Some((id, self.row(id)?)));
        let newest = row.map_or(0, |(_, row)| row.generation);
        let id = match row {
            Some((id, row)) if wish == wish_of(&row) => {
                // A repeat changes nothing; what it brought may not be durable yet, and then it comes again.
                if self.is_durable(id).holds {
                    self.wish_taken(out, item, wish.generation, nth);
                }
                return;
            }
            _ => {
                let current = Fact::below(newest.into(), wish.generation.into());
                let life = item.life(wish.incarnation);
                if out
                    .require(cx, &gate::DESIRED_GENERATION, life, current)
                    .is_err()
                {
                    return;
                }
                match row {
                    Some((id, row)) if row.incarnation == wish.incarnation => {
                        self.want(cx, out, id, wish);
                        id
                    }
                    // The life before has to end first; CO says it again until it has.
                    Some((id, row)) if row.state != State::Deleted => {
                        let gone = Wish {
                            incarnation: row.incarnation,
                            generation: row.generation,
                            revision: Revision::NONE,
                        };
                        if row.wanted.is_some() {
                            self.want(cx, out, id, gone);
                        }
                        return;
                    }
                    _ => {
                        let id = self.create(cx, out, item, wish);
                        self.decide(cx, out, id);
                        id
                    }
                }
            }
        };
        self.wishes.insert(item, (wish.generation, nth));
        self.confirm(out, id);
    }

    /// Something else is wanted: everything that was counted or ruled out for the old wish starts over.
    fn want(&mut self, cx: &Context<'_>, out: &mut Out, id: u32, wish: Wish) {
        self.commit(cx, out, id, None, |row| {
            row.generation = wish.generation;
            row.wanted = wish.revision;
            row.attempts = 0;
            row.retry_at = Time(0);
            row.needs_operator = false;
            row.quarantined = Revision::NONE;
        });
        self.decide(cx, out, id);
    }

    fn is_durable(&self, id: u32) -> Fact {
        let newest = self.newest.get(id).copied().unwrap_or(0);
        Fact::at_least(self.durable, newest)
    }

    /// Confirms what is durable, to who has said it.
    fn confirm(&mut self, out: &mut Out, id: u32) {
        let Some(row) = self.row(id).filter(|_| self.is_durable(id).holds) else {
            return;
        };
        let item = row.item;
        if let Some((generation, nth)) = self.wishes.remove(item) {
            self.wish_taken(out, item, generation, nth);
        }
        if let (Some((report, nth)), Some(site)) = (self.reports.remove(id), self.site(item)) {
            let ack = Say::ReportAck { item, report, nth };
            out.send(site.node, Message::GitOps(ack));
        }
    }

    fn wish_taken(&self, out: &mut Out, item: Item, generation: u32, nth: u32) {
        let taken = Say::WishTaken {
            item,
            generation,
            nth,
        };
        out.send(self.central, Message::GitOps(taken));
    }

    /// Says for a row what has to be said: how it stands to CO, what to do to EN. Nothing leaves before the row is durable;
    /// when it is, this is done again.
    fn tend(&mut self, cx: &Context<'_>, out: &mut Out, id: u32) {
        let Some(row) = self.row(id) else { return };
        let life = row.item.life(row.incarnation);
        let durable = self.is_durable(id);
        if out
            .require(cx, &gate::COMMIT_BEFORE_PUBLISH, life, durable)
            .is_err()
        {
            return;
        }
        self.confirm(out, id);
        self.tell(cx, out, id);
        self.order(cx, out, id);
    }

    fn tell(&mut self, cx: &Context<'_>, out: &mut Out, id: u32) {
        let Some(row) = self.rows.get(id).copied() else {
            return;
        };
        if self.told.get(id).copied().unwrap_or(0) >= row.version {
            return self.agenda.clear(Due::Told(id));
        }
        self.nth = self.nth.saturating_add(1);
        let told = Say::Told {
            item: row.value.item,
            incarnation: row.value.incarnation,
            version: row.version,
            state: row.value.state,
            runs: row.value.last_good,
            nth: self.nth,
        };
        out.send(self.central, Message::GitOps(told));
        let again = cx.knobs.time(&knob::GITOPS_RESEND);
        self.agenda.set(Due::Told(id), cx.now.after(again));
    }

    /// The order that is under way for a row, if any is.
    fn order_of(row: &Deployment) -> Option<Order> {
        let work = match row.state {
            State::Pending if row.dispatched => Work::Install,
            State::Installing => Work::Install,
            State::Updating => Work::Update,
            State::RollingBack => Work::Rollback,
            State::Deleting => Work::Remove,
            State::Pending | State::Installed | State::Failed | State::Deleted => return None,
        };
        Some(Order {
            incarnation: row.incarnation,
            token: row.token,
            work,
            revision: row.goal,
        })
    }

    fn order(&mut self, cx: &Context<'_>, out: &mut Out, id: u32) {
        let Some(row) = self.row(id) else { return };
        let (Some(order), Some(site)) = (Self::order_of(&row), self.site(row.item)) else {
            return self.agenda.clear(Due::Order(id));
        };
        let obeyed = self.obeyed.get(id) == Some(&row.token);
        // A removal is asked for until absence is proven, whatever was confirmed before.
        if obeyed && order.work != Work::Remove {
            return self.agenda.clear(Due::Order(id));
        }
        if self.agenda.has(Due::Order(id)) {
            return;
        }
        if self.hears(site.node) && !obeyed {
            self.nth = self.nth.saturating_add(1);
            let say = Say::Order {
                item: row.item,
                order,
                nth: self.nth,
            };
            out.send(site.node, Message::GitOps(say));
        }
        let again = if order.work == Work::Remove {
            let tries = self.removals.get(id).copied().unwrap_or(0);
            self.back_off(cx, &row, tries)
        } else {
            cx.knobs.time(&knob::GITOPS_RESEND)
        };
        self.agenda.set(Due::Order(id), cx.now.after(again));
    }

    /// An order was not seen to be obeyed.
    fn order_again(&mut self, cx: &Context<'_>, out: &mut Out, id: u32) {
        let Some(row) = self.row(id) else { return };
        if row.state == State::Deleting {
            let tries = self.removals.get(id).copied().unwrap_or(0) + 1;
            self.removals.insert(id, tries);
            // What EN has confirmed without ever proving it is asked for anew.
            self.obeyed.remove(id);
            if u64::from(tries) >= cx.knobs.get(&knob::GITOPS_REMOVALS) && !row.delete_stuck {
                out.note(Note::GitOps(Tell::DeleteStuck { item: row.item }));
                self.commit(cx, out, id, None, |row| row.delete_stuck = true);
            }
        }
        self.tend(cx, out, id);
    }

    fn on_beat(&mut self, cx: &Context<'_>, out: &mut Out, from: NodeId, nth: u32) {
        let known = self.presence.get(from).copied();
        if !self.sites.iter().any(|(_, site)| site.node == from)
            || known.is_some_and(|known| known.nth >= nth)
        {
            return;
        }
        let silence = cx.knobs.time(&knob::GITOPS_SILENCE);
        self.agenda.set(Due::Silence(from), cx.now.after(silence));
        let heard = Presence {
            nth,
            silent_since: None,
        };
        self.presence.insert(from, heard);
        if known.is_none_or(|known| known.silent_since.is_some()) {
            out.note(Note::GitOps(Tell::Reach {
                node: from,
                heard: true,
            }));
            // What it has to say of old attempts may be on its way; new ones can wait for that.
            let soon = cx.knobs.time(&knob::GITOPS_RESEND);
            for id in self.rows_on(from) {
                self.agenda.clear(Due::Order(id));
                self.tend(cx, out, id);
                let later = machine::Duration(soon.0 * 2);
                self.agenda.set(Due::Decide(id), cx.now.after(later));
            }
        }
    }

    fn on_silence(&mut self, cx: &Context<'_>, out: &mut Out, node: NodeId) {
        let silence = cx.knobs.time(&knob::GITOPS_SILENCE);
        self.presence.update(node, |presence| {
            presence.silent_since = Some(Time(cx.now.0.saturating_sub(silence.0)));
        });
        out.note(Note::GitOps(Tell::Reach { node, heard: false }));
    }

    /// The newest lives on an EN.
    fn rows_on(&self, node: NodeId) -> Vec<u32> {
        self.current
            .iter()
            .filter(|(item, _)| self.site(**item).is_some_and(|site| site.node == node))
            .map(|(_, id)| *id)
            .collect()
    }

    fn on_command(&mut self, cx: &Context<'_>, out: &mut Out, command: Command) {
        let done = match command {
            Command::RetryNow(item) => self.retry_now(cx, out, item),
            Command::ForceDelete(item) => self.force_delete(cx, out, item),
            Command::MarkInstalled(item) => self.mark_installed(cx, out, item),
            // Those are for Git and CO.
            Command::ApprovePrune | Command::RevertCommit | Command::Commit(..) => false,
        };
        out.note(Note::GitOps(Tell::Ordered { command, done }));
    }

    fn on_message(&mut self, cx: &Context<'_>, out: &mut Out, from: NodeId, message: Message) {
        match message {
            Message::Command(crate::message::Command::GitOps(command)) => {
                self.on_command(cx, out, command);
            }
            Message::GitOps(Say::Wish { item, wish, nth }) => {
                self.on_wish(cx, out, item, wish, nth);
            }
            Message::GitOps(Say::Report { item, report, nth }) => {
                self.on_report(cx, out, item, report, nth);
            }
            Message::GitOps(Say::Beat { nth }) => self.on_beat(cx, out, from, nth),
            Message::GitOps(Say::ToldAck {
                item,
                incarnation,
                version,
                ..
            }) => {
                let id = self.current.get(&item).copied();
                let mine = id.and_then(|id| Some((id, self.row(id)?)));
                if let Some((id, _)) = mine.filter(|(_, row)| row.incarnation == incarnation)
                    && self.told.get(id).copied().unwrap_or(0) < version
                {
                    self.told.insert(id, version);
                    self.tell(cx, out, id);
                }
            }
            // Everything else is said to others.
            _ => {}
        }
    }
}

/// The wish that a row has taken.
const fn wish_of(row: &Deployment) -> Wish {
    Wish {
        incarnation: row.incarnation,
        generation: row.generation,
        revision: row.wanted,
    }
}

impl Machine for Local {
    type Message = Message;
    type Record = LocalRecord;
    type Note = Note;

    fn step(&mut self, cx: &Context<'_>, input: Input<Message>, out: &mut Out) {
        match input {
            Input::Message { from, message } => self.on_message(cx, out, from, message),
            Input::Deadline => {
                for due in self.agenda.take_due(cx.now) {
                    match due {
                        Due::Order(id) => self.order_again(cx, out, id),
                        Due::Told(id) => self.tend(cx, out, id),
                        Due::Decide(id) => self.decide(cx, out, id),
                        Due::Progress(id) => self.no_progress(cx, out, id),
                        Due::Silence(node) => self.on_silence(cx, out, node),
                    }
                }
            }
            Input::Persisted(ticket) => {
                self.durable = self.durable.max(ticket.0);
                let mine = |(_, at): &(&u32, &u64)| **at == ticket.0;
                let row = self.newest.map().iter().find(mine).map(|(id, _)| *id);
                if let Some(id) = row {
                    if let Some(row) = self.rows.get(id) {
                        out.note(Note::GitOps(Tell::Committed {
                            item: row.value.item,
                            incarnation: row.value.incarnation,
                            version: row.version,
                        }));
                    }
                    self.tend(cx, out, id);
                }
            }
            Input::Host(_) => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.agenda.next()
    }

    fn restart(&mut self, cx: &Context<'_>, durable: &[LocalRecord], out: &mut Out) {
        *self = Self::new(self.central, self.sites.clone());
        // No number is used twice: it says less than one thing per millisecond.
        self.nth = u32::try_from(cx.now.0 / 1_000).unwrap_or(u32::MAX / 2);
        for record in durable {
            self.rows.restore(record.row, record.deployment);
            self.current
                .insert(record.deployment.value.item, record.row);
        }
        let ids: Vec<u32> = self.current.iter().map(|(_, id)| *id).collect();
        for id in ids {
            if let Some(row) = self.row(id).filter(|row| row.state.is_under_way()) {
                self.agenda.set(Due::Progress(id), row.deadline);
            }
            self.tend(cx, out, id);
            self.decide(cx, out, id);
        }
    }

    fn fingerprint(&self) -> u64 {
        digest(&(
            self.rows.fingerprint(),
            (self.written, self.durable, self.nth),
            self.newest.fingerprint(),
            self.obeyed.fingerprint(),
            self.removals.fingerprint(),
            self.told.fingerprint(),
            self.wishes.fingerprint(),
            self.reports.fingerprint(),
            self.presence.fingerprint(),
            self.agenda.fingerprint(),
        ))
    }
}
