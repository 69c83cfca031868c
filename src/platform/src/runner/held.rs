//! What a host keeps of sessions: states, sockets, and upgrades that wait for the store.

use crate::id::AllocationId;
use crate::ledger::Ledger;
use crate::sessions::{Open, SessionId, TabId};
use alloc::vec::Vec;
use machine::fingerprint::digest;
use machine::{NodeId, Time};

/// A session in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Session {
    pub(super) generation: u32,
    pub(super) seq: u32,
    /// How much of it is known to be stored.
    pub(super) stored: Option<u32>,
    pub(super) heard: Time,
}

/// A socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Socket {
    /// The tab's which connection.
    pub nth: u32,
    /// Of which allocation.
    pub allocation: AllocationId,
    /// For which session.
    pub session: SessionId,
    pub(super) edge: NodeId,
    pub(super) address: u16,
    /// The number of what is done next; a lower one has been done.
    pub(super) next: u32,
}

impl Socket {
    /// The address that it comes from, as the edge said.
    #[must_use]
    pub const fn address(&self) -> u16 {
        self.address
    }
}

/// An upgrade that waits for the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Loading {
    pub(super) open: Open,
    pub(super) edge: NodeId,
    pub(super) allocation: AllocationId,
    pub(super) session: SessionId,
}

/// What became of the sessions of an allocation that drains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Count {
    pub(super) moved: u32,
}

/// Everything about sessions on one host.
#[derive(Clone, Debug, Default)]
pub(super) struct Sessions {
    pub(super) held: Ledger<(AllocationId, SessionId), Session>,
    pub(super) sockets: Ledger<TabId, Socket>,
    pub(super) loading: Ledger<TabId, Loading>,
    pub(super) counts: Ledger<AllocationId, Count>,
    pub(super) last_save: u32,
}

impl Sessions {
    pub(super) fn fingerprint(&self) -> u64 {
        digest(&(
            self.held.fingerprint(),
            self.sockets.fingerprint(),
            self.loading.fingerprint(),
            self.counts.fingerprint(),
            self.last_save,
        ))
    }

    /// Numbers of what is said go on above what they can have reached before.
    pub(super) fn begin(&mut self, now: Time) {
        self.last_save = u32::try_from(now.0 / 1_000).unwrap_or(u32::MAX / 2);
    }

    /// How many sockets an allocation has.
    pub(super) fn attached(&self, id: AllocationId) -> u32 {
        let all = self.sockets.map().values();
        all.filter(|socket| socket.allocation == id).count() as u32
    }

    /// How many sockets of an allocation come from an address, those on their way among them, but for one tab.
    pub(super) fn of_address(&self, allocation: AllocationId, address: u16, but: TabId) -> u64 {
        let here = self.sockets.map().iter();
        let here = here.map(|(tab, socket)| (*tab, socket.allocation, socket.address));
        let coming = self.loading.map().iter();
        let coming = coming.map(|(tab, waits)| (*tab, waits.allocation, waits.open.address));
        here.chain(coming)
            .filter(|(tab, of, from)| *tab != but && (*of, *from) == (allocation, address))
            .count() as u64
    }

    pub(super) fn of(&self, id: AllocationId) -> Vec<SessionId> {
        let range = (id, SessionId::FIRST)..=(id, SessionId::LAST);
        let held = self.held.map().range(range);
        held.map(|((_, session), _)| *session).collect()
    }

    pub(super) fn tabs(&self, allocation: AllocationId, session: SessionId) -> Vec<TabId> {
        let all = self.sockets.map().iter();
        all.filter(|(_, socket)| (socket.allocation, socket.session) == (allocation, session))
            .map(|(tab, _)| *tab)
            .collect()
    }
}
