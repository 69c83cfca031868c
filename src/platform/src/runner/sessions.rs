//! Sessions: the loop that keeps a state for each tab, stores it now and then, and hands it on when its allocation drains.
//!
//! All of it is in memory: what was not stored is lost with the host.

use super::held::{Loading, Session, Socket};
use super::{Out, Runner, Stage};
use crate::id::{AllocationId, Epoch};
use crate::message::Message;
use crate::note::Note;
use crate::sessions::{
    Blob, Came, Close, Command as Order, Due, Fresh, Message as Say, Note as Tell, Open, Refusal,
    SessionId, TabId, Terms,
};
use crate::{gate, knob};
use alloc::vec::Vec;
use machine::{Context, Duration, Fact, NodeId, SortedMap, Time};

fn tell(out: &mut Out, note: Tell) {
    out.note(Note::Sessions(note));
}

impl Runner {
    /// The sockets on this host.
    #[must_use]
    pub const fn sockets(&self) -> &SortedMap<TabId, Socket> {
        self.sessions.sockets.map()
    }

    /// What its allocations go by that keep sessions.
    #[must_use]
    pub const fn terms(&self) -> Option<Terms> {
        self.installation.sessions
    }

    /// Whether the state of a session is in the memory of an allocation here.
    #[must_use]
    pub fn holds(&self, allocation: AllocationId, session: SessionId) -> bool {
        self.sessions.held.contains((allocation, session))
    }

    /// Something about sessions arrives.
    pub(super) fn on_session(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        message: Say,
    ) {
        let Some(terms) = self.installation.sessions else {
            return;
        };
        match message {
            Say::Upgrade {
                open,
                allocation,
                epoch,
            } => self.on_upgrade(cx, out, terms, from, (open, allocation, epoch)),
            Say::Act { tab, nth, act } => self.on_act(cx, out, from, (tab, nth), act),
            Say::Close { tab, nth, .. } => self.on_close(cx, out, tab, nth),
            Say::Loaded { tab, nth, blob, .. } => self.on_loaded(cx, out, terms, tab, nth, blob),
            Say::Saved {
                session,
                allocation,
                blob,
                current,
                ..
            } => self.on_saved(cx, out, (allocation, session), blob, current),
            // Everything else is said to others.
            _ => {}
        }
    }

    fn on_upgrade(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        terms: Terms,
        edge: NodeId,
        (open, allocation, epoch): (Open, AllocationId, Epoch),
    ) {
        let tab = open.tab;
        let socket = self.sessions.sockets.get(tab);
        if socket.is_some_and(|socket| socket.nth > open.nth) {
            // The tab has long given this connection up and made another.
            return;
        }
        let slot = self.slots.get(allocation).copied();
        let stage = slot
            .filter(|slot| slot.epoch == epoch && slot.process.is_some())
            .map(|slot| slot.stage);
        if !matches!(stage, Some(Stage::Running | Stage::Draining)) {
            return refuse(out, edge, open, Refusal::Elsewhere);
        }
        let runs = Fact::yes(stage == Some(Stage::Running));
        if out
            .require(cx, &gate::NO_SOCKETS_WHILE_DRAINING, tab.into(), runs)
            .is_err()
        {
            return refuse(out, edge, open, Refusal::Elsewhere);
        }
        if !self.is_authorised(cx, out, edge, open) {
            return;
        }
        let same = self.sessions.of_address(allocation, open.address, tab);
        let most = cx.knobs.get(&knob::SOCKETS_OF_ADDRESS);
        if out
            .require(
                cx,
                &gate::SOCKETS_PER_ADDRESS,
                tab.into(),
                Fact::below(same, most),
            )
            .is_err()
        {
            return refuse(out, edge, open, Refusal::TooMany);
        }
        let Some(session) = open.session else {
            return self.begin_session(cx, out, edge, open, allocation, Fresh::New);
        };
        let held = self.sessions.held.get((allocation, session)).copied();
        // Whoever has been overtaken by another holder has a state, but not the session's.
        let current = held.is_some_and(|held| held.generation >= open.generation);
        let there = Fact::yes(current);
        if out
            .require(cx, &gate::SESSION_STATE_PRESENT, session.into(), there)
            .is_ok()
        {
            let heard = held.map_or(cx.now, |held| held.heard);
            if !self.in_window(cx, out, session, heard) {
                self.forget(allocation, session);
                return self.begin_session(cx, out, edge, open, allocation, Fresh::Expired);
            }
            let state = held.unwrap_or(Session {
                generation: open.generation.max(1),
                seq: open.seq,
                stored: None,
                heard,
            });
            return self.attach(
                cx,
                out,
                edge,
                open,
                (allocation, session),
                state,
                Came::Resumed,
            );
        }
        let Some(store) = terms.store else {
            return self.begin_session(cx, out, edge, open, allocation, Fresh::NoStore);
        };
        self.sessions.loading.insert(
            tab,
            Loading {
                open,
                edge,
                allocation,
                session,
            },
        );
        let nth = open.nth;
        out.send(store, Message::Sessions(Say::Load { session, tab, nth }));
        let until = cx.now.after(cx.knobs.time(&knob::SESSION_STORE_WAIT));
        self.agenda.set(super::Due::Session(Due::Load(tab)), until);
    }

    fn is_authorised(&self, cx: &Context<'_>, out: &mut Out, edge: NodeId, open: Open) -> bool {
        let good = Fact::below(cx.now.0, open.until.0);
        let auth = out.require(cx, &gate::SESSION_AUTH_REVALIDATED, open.tab.into(), good);
        if auth.is_err() {
            refuse(out, edge, open, Refusal::NotAuthorised);
        }
        auth.is_ok()
    }

    fn in_window(&self, cx: &Context<'_>, out: &mut Out, session: SessionId, heard: Time) -> bool {
        let window = cx.knobs.time(&knob::RESUME_WINDOW);
        let idle = Fact::at_most(cx.now.since(heard).0, window.0);
        out.require(cx, &gate::RESUME_WINDOW_OPEN, session.into(), idle)
            .is_ok()
    }

    /// The store has answered.
    fn on_loaded(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        terms: Terms,
        tab: TabId,
        nth: u32,
        blob: Option<Blob>,
    ) {
        let waits = self.sessions.loading.get(tab).copied();
        let Some(waits) = waits.filter(|waits| waits.open.nth == nth) else {
            return;
        };
        self.sessions.loading.remove(tab);
        self.agenda.clear(super::Due::Session(Due::Load(tab)));
        let Loading {
            open,
            edge,
            allocation,
            session,
        } = waits;
        let slot = self.slots.get(allocation).copied();
        let Some(slot) = slot.filter(|slot| slot.stage == Stage::Running) else {
            return refuse(out, edge, open, Refusal::Elsewhere);
        };
        let Some(blob) = blob else {
            return self.begin_session(cx, out, edge, open, allocation, Fresh::Evicted);
        };
        if !self.in_window(cx, out, session, blob.active) {
            return self.begin_session(cx, out, edge, open, allocation, Fresh::Expired);
        }
        let mine = terms.schema(slot.deployment);
        let fits = Fact::equal(blob.schema.into(), mine.into());
        if out
            .require(cx, &gate::SESSION_SCHEMA_COMPATIBLE, session.into(), fits)
            .is_err()
        {
            return self.begin_session(cx, out, edge, open, allocation, Fresh::Schema);
        }
        if !self.is_authorised(cx, out, edge, open) {
            return;
        }
        let state = Session {
            generation: blob.generation,
            seq: blob.seq,
            stored: Some(blob.seq),
            heard: blob.active,
        };
        let came = if blob.deployment == slot.deployment {
            Came::Hydrated
        } else {
            Came::Migrated
        };
        self.attach(cx, out, edge, open, (allocation, session), state, came);
    }

    /// A state that nobody had before.
    fn begin_session(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        edge: NodeId,
        open: Open,
        allocation: AllocationId,
        why: Fresh,
    ) {
        let session = SessionId {
            tab: open.tab,
            nth: open.nth,
        };
        let state = Session {
            generation: 1,
            seq: 0,
            stored: None,
            heard: cx.now,
        };
        let of = (allocation, session);
        self.attach(cx, out, edge, open, of, state, Came::Fresh(why));
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "everything that a socket is made of"
    )]
    fn attach(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        edge: NodeId,
        open: Open,
        (allocation, session): (AllocationId, SessionId),
        state: Session,
        came: Came,
    ) {
        let tab = open.tab;
        let others = self.sessions.tabs(allocation, session);
        let others: Vec<TabId> = others.into_iter().filter(|other| *other != tab).collect();
        let alone = Fact::at_most(others.len() as u64, 0);
        if out
            .require(cx, &gate::ONE_SOCKET_PER_SESSION, session.into(), alone)
            .is_err()
        {
            for other in others {
                self.hang_up(out, other, Close::Replaced);
            }
        }
        let idle = cx.now.since(state.heard).0;
        let state = Session {
            heard: cx.now,
            ..state
        };
        let seq = state.seq;
        self.sessions.held.insert((allocation, session), state);
        let socket = Socket {
            nth: open.nth,
            allocation,
            session,
            edge,
            address: open.address,
            next: 0,
        };
        self.sessions.sockets.insert(tab, socket);
        tell(
            out,
            Tell::Attached {
                session,
                tab,
                nth: open.nth,
                allocation,
                came,
                seq,
                claimed: open.seq,
                idle,
                address: open.address,
                until: open.until,
            },
        );
        let nth = open.nth;
        out.send(
            edge,
            Message::Sessions(Say::Accepted {
                tab,
                nth,
                session,
                allocation,
                generation: state.generation,
                came,
                seq,
            }),
        );
        let save = super::Due::Session(Due::Save(allocation, session));
        if !self.agenda.has(save) {
            self.save(cx, out, (allocation, session));
        }
        let quiet = cx.now.after(cx.knobs.time(&knob::SOCKET_QUIET));
        let due = super::Due::Session(Due::Quiet(allocation, session));
        self.agenda.set(due, quiet);
    }

    fn on_act(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        (tab, nth): (TabId, u32),
        act: u32,
    ) {
        let socket = self.sessions.sockets.get(tab).copied();
        let Some(socket) = socket.filter(|socket| socket.nth == nth) else {
            let why = Close::Unknown;
            return out.send(from, Message::Sessions(Say::Close { tab, nth, why }));
        };
        if act < socket.next {
            return;
        }
        self.sessions
            .sockets
            .update(tab, |socket| socket.next = act.saturating_add(1));
        let of = (socket.allocation, socket.session);
        let seq = self.sessions.held.update(of, |state| {
            state.seq = state.seq.saturating_add(1);
            state.heard = cx.now;
            state.seq
        });
        if let Some(seq) = seq {
            out.send(from, Message::Sessions(Say::Patch { tab, nth, seq }));
        }
    }

    fn on_close(&mut self, cx: &Context<'_>, out: &mut Out, tab: TabId, nth: u32) {
        let socket = self.sessions.sockets.get(tab).copied();
        if let Some(socket) = socket.filter(|socket| socket.nth == nth) {
            self.sessions.sockets.remove(tab);
            tell(
                out,
                Tell::Detached {
                    session: socket.session,
                },
            );
            let window = cx.now.after(cx.knobs.time(&knob::RESUME_WINDOW));
            let due = super::Due::Session(Due::Quiet(socket.allocation, socket.session));
            self.agenda.set(due, window);
        }
    }

    /// Ends a socket from this side.
    fn hang_up(&mut self, out: &mut Out, tab: TabId, why: Close) {
        if let Some(socket) = self.sessions.sockets.remove(tab) {
            let nth = socket.nth;
            out.send(socket.edge, Message::Sessions(Say::Close { tab, nth, why }));
        }
    }

    fn forget(&mut self, allocation: AllocationId, session: SessionId) {
        self.sessions.held.remove((allocation, session));
        for due in [
            Due::Save(allocation, session),
            Due::Quiet(allocation, session),
        ] {
            self.agenda.clear(super::Due::Session(due));
        }
    }

    /// Writes a state down, if it has changed since, and again after a while.
    fn save(&mut self, cx: &Context<'_>, out: &mut Out, of: (AllocationId, SessionId)) {
        let terms = self.installation.sessions;
        let Some((store, terms)) = terms.and_then(|terms| Some((terms.store?, terms))) else {
            return;
        };
        let (Some(state), Some(slot)) = (
            self.sessions.held.get(of).copied(),
            self.slots.get(of.0).copied(),
        ) else {
            return;
        };
        let again = cx.now.after(cx.knobs.time(&knob::PERSIST_INTERVAL));
        let due = super::Due::Session(Due::Save(of.0, of.1));
        self.agenda.set(due, again);
        if state.stored == Some(state.seq) {
            return;
        }
        self.sessions.last_save = self.sessions.last_save.saturating_add(1);
        let nth = self.sessions.last_save;
        let blob = Blob {
            generation: state.generation,
            deployment: slot.deployment,
            schema: terms.schema(slot.deployment),
            seq: state.seq,
            active: state.heard,
        };
        let (allocation, session) = of;
        out.send(
            store,
            Message::Sessions(Say::Save {
                session,
                allocation,
                blob,
                nth,
            }),
        );
    }

    fn on_saved(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        of: (AllocationId, SessionId),
        blob: Blob,
        current: bool,
    ) {
        let state = self.sessions.held.get(of).copied();
        let Some(state) = state.filter(|state| state.generation == blob.generation) else {
            return;
        };
        if current {
            let stored = state.stored.map_or(blob.seq, |stored| stored.max(blob.seq));
            self.sessions
                .held
                .update(of, |state| state.stored = Some(stored));
            return;
        }
        for tab in self.sessions.tabs(of.0, of.1) {
            self.hang_up(out, tab, Close::Replaced);
        }
        self.forget(of.0, of.1);
        tell(out, Tell::Superseded { session: of.1 });
        self.try_stop(cx, out, of.0);
    }

    /// Something about sessions is due.
    pub(super) fn session_due(&mut self, cx: &Context<'_>, out: &mut Out, due: Due) {
        match due {
            Due::Save(allocation, session) => self.save(cx, out, (allocation, session)),
            Due::Quiet(allocation, session) => self.quiet(cx, out, allocation, session),
            Due::Load(tab) => self.store_is_silent(cx, out, tab),
            Due::Move(allocation) => self.move_one(cx, out, allocation),
            // That is an edge's.
            Due::Wait(_) => {}
        }
    }

    /// Nothing may have been heard of a session for a while.
    fn quiet(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        allocation: AllocationId,
        session: SessionId,
    ) {
        let Some(state) = self.sessions.held.get((allocation, session)).copied() else {
            return;
        };
        let tabs = self.sessions.tabs(allocation, session);
        let idle = cx.now.since(state.heard);
        let patience = cx.knobs.time(&knob::SOCKET_QUIET);
        let window = cx.knobs.time(&knob::RESUME_WINDOW);
        let due = super::Due::Session(Due::Quiet(allocation, session));
        if !tabs.is_empty() && idle < patience {
            return self.agenda.set(due, state.heard.after(patience));
        }
        if !tabs.is_empty() {
            for tab in tabs {
                self.hang_up(out, tab, Close::Unknown);
            }
            tell(out, Tell::Detached { session });
        }
        if idle <= window {
            return self.agenda.set(due, Time(state.heard.after(window).0 + 1));
        }
        self.forget(allocation, session);
        tell(out, Tell::Evicted { session });
    }

    fn store_is_silent(&mut self, cx: &Context<'_>, out: &mut Out, tab: TabId) {
        let Some(waits) = self.sessions.loading.remove(tab) else {
            return;
        };
        tell(out, Tell::StoreSilent { tab });
        let slot = self.slots.get(waits.allocation);
        if slot.is_none_or(|slot| slot.stage != Stage::Running) {
            return refuse(out, waits.edge, waits.open, Refusal::Elsewhere);
        }
        if self.installation.sessions.is_some_and(|terms| terms.fresh) {
            let Loading {
                edge,
                open,
                allocation,
                ..
            } = waits;
            return self.begin_session(cx, out, edge, open, allocation, Fresh::StoreSilent);
        }
        refuse(out, waits.edge, waits.open, Refusal::StoreSilent);
    }

    /// An allocation begins to drain: its sessions leave one after the other.
    pub(super) fn drain_sessions(&mut self, cx: &Context<'_>, id: AllocationId) {
        if !self.sessions.of(id).is_empty() {
            self.agenda.set(super::Due::Session(Due::Move(id)), cx.now);
        }
    }

    /// How many sessions an allocation has to get rid of before it can stop.
    pub(super) fn sessions_of(&self, id: AllocationId) -> u32 {
        if self.installation.sessions.is_none() {
            return 0;
        }
        self.sessions.of(id).len() as u32
    }

    /// The next session leaves, if all that it holds is stored.
    fn move_one(&mut self, cx: &Context<'_>, out: &mut Out, id: AllocationId) {
        let draining = self
            .slots
            .get(id)
            .is_some_and(|slot| slot.stage == Stage::Draining);
        if !draining {
            return;
        }
        let terms = self.installation.sessions;
        let nowhere = terms.is_some_and(|terms| terms.store.is_none());
        for session in self.sessions.of(id) {
            let of = (id, session);
            let Some(state) = self.sessions.held.get(of).copied() else {
                continue;
            };
            let tabs = self.sessions.tabs(id, session);
            if nowhere && tabs.is_empty() {
                // Nobody is there, and nobody could find it anywhere else.
                self.forget(id, session);
                tell(out, Tell::Evicted { session });
                continue;
            }
            let stored = Fact::yes(state.stored == Some(state.seq));
            if out
                .require(cx, &gate::STORED_BEFORE_MOVED, session.into(), stored)
                .is_err()
            {
                self.save(cx, out, of);
                continue;
            }
            for tab in tabs {
                self.hang_up(out, tab, Close::Moved);
            }
            self.forget(id, session);
            let mut count = self.sessions.counts.get(id).copied().unwrap_or_default();
            count.moved += 1;
            self.sessions.counts.insert(id, count);
            tell(
                out,
                Tell::Moved {
                    session,
                    allocation: id,
                    seq: state.seq,
                },
            );
            break;
        }
        if self.sessions.of(id).is_empty() {
            return self.try_stop(cx, out, id);
        }
        let mut pause = cx.knobs.time(&knob::SESSION_MOVE_INTERVAL);
        if nowhere {
            // Nobody can leave before they want to; now and then somebody has.
            pause = Duration(pause.0.saturating_mul(10));
        }
        let due = super::Due::Session(Due::Move(id));
        self.agenda.set(due, cx.now.after(pause));
    }

    /// An allocation stops: whatever session is left is cut off, and that is said.
    pub(super) fn cut_sessions(&mut self, out: &mut Out, id: AllocationId) {
        let (left, moved) = (self.sessions.of(id), self.sessions.counts.remove(id));
        if left.is_empty() && moved.is_none() {
            return;
        }
        let mut forced = 0;
        for session in left {
            let tabs = self.sessions.tabs(id, session);
            if !tabs.is_empty() {
                forced += 1;
                tell(
                    out,
                    Tell::Forced {
                        session,
                        allocation: id,
                        ordered: false,
                    },
                );
            }
            for tab in tabs {
                self.hang_up(out, tab, Close::Forced);
            }
            self.forget(id, session);
        }
        self.agenda.clear(super::Due::Session(Due::Move(id)));
        tell(
            out,
            Tell::Emptied {
                allocation: id,
                moved: moved.unwrap_or_default().moved,
                forced,
            },
        );
    }

    /// A process is gone, and its sessions with it; its sockets break.
    pub(super) fn lose_sessions(&mut self, out: &mut Out, id: AllocationId) {
        for session in self.sessions.of(id) {
            for tab in self.sessions.tabs(id, session) {
                self.hang_up(out, tab, Close::Gone);
            }
            self.forget(id, session);
        }
        self.sessions.counts.remove(id);
        self.agenda.clear(super::Due::Session(Due::Move(id)));
    }

    /// An operator cuts off every socket at once.
    pub(super) fn on_session_order(&mut self, cx: &Context<'_>, out: &mut Out, order: Order) {
        if order != Order::CutOff {
            return;
        }
        tell(out, Tell::Ordered { command: order });
        let all: Vec<(TabId, Socket)> = self
            .sessions
            .sockets
            .map()
            .iter()
            .map(|(tab, socket)| (*tab, *socket))
            .collect();
        for (tab, socket) in all {
            self.hang_up(out, tab, Close::Forced);
            let Socket {
                session,
                allocation,
                ..
            } = socket;
            tell(
                out,
                Tell::Forced {
                    session,
                    allocation,
                    ordered: true,
                },
            );
            let window = cx.now.after(cx.knobs.time(&knob::RESUME_WINDOW));
            let due = super::Due::Session(Due::Quiet(allocation, session));
            self.agenda.set(due, window);
        }
    }
}

fn refuse(out: &mut Out, edge: NodeId, open: Open, why: Refusal) {
    let Open { tab, nth, .. } = open;
    if why != Refusal::Elsewhere {
        tell(out, Tell::Refused { tab, why });
    }
    out.send(edge, Message::Sessions(Say::Refused { tab, nth, why }));
}
