//! Sockets: lets upgrades in at a bounded rate, finds the allocation that has the session, and keeps sockets where they are.
//!
//! Everything here is in memory: an edge that dies takes its sockets with it, and tabs come back.

use super::{Edge, Out};
use crate::id::{AllocationId, Epoch, RequestId};
use crate::ledger::Ledger;
use crate::message::{Class, Message};
use crate::note::Note;
use crate::sessions::{
    Close, Command as Order, Due, Message as Say, Note as Tell, Open, Refusal, TabId,
};
use crate::{gate, knob};
use machine::fingerprint::digest;
use machine::{Context, Duration, Fact, NodeId, Time};

/// How often is looked whether a waiting upgrade can go on.
const LOOK: Duration = Duration::millis(100);

/// One socket, or the upgrade that is to become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Pin {
    open: Open,
    client: NodeId,
    host: NodeId,
    allocation: AllocationId,
    epoch: Epoch,
    /// For how long its upgrade waited here before it went to a runner.
    waited: Duration,
}

/// An upgrade that waits for an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Waiting {
    open: Open,
    client: NodeId,
    since: Time,
    /// Who would not take it.
    except: Option<AllocationId>,
}

/// The sockets of an edge.
#[derive(Clone, Debug)]
pub(super) struct Sockets {
    pins: Ledger<TabId, Pin>,
    waiting: Ledger<TabId, Waiting>,
    /// The last connection of each tab that has been here.
    last: Ledger<TabId, u32>,
    /// Millionths of sockets that may be accepted, and when that was so; nothing was ever accepted at first.
    bucket: Option<(u64, Time)>,
    trusts: bool,
}

impl Default for Sockets {
    fn default() -> Self {
        Self {
            pins: Ledger::default(),
            waiting: Ledger::default(),
            last: Ledger::default(),
            bucket: None,
            trusts: true,
        }
    }
}

impl Sockets {
    pub(super) fn fingerprint(&self) -> u64 {
        digest(&(
            self.pins.fingerprint(),
            self.waiting.fingerprint(),
            self.last.fingerprint(),
            self.bucket,
            self.trusts,
        ))
    }

    /// Whether nothing has ever happened here.
    pub(super) fn is_untouched(&self) -> bool {
        self.bucket.is_none() && self.trusts
    }
}

impl Edge {
    /// Something about sockets arrives, from a tab or from a runner.
    pub(super) fn on_session(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        message: Say,
    ) {
        match message {
            Say::Open(open) => self.on_open(cx, out, from, open),
            Say::Mount { open, page } => self.on_mount(cx, out, from, open, page),
            Say::Act { tab, nth, .. } => self.on_act(cx, out, from, (tab, nth), message),
            Say::Accepted { tab, nth, .. } | Say::Patch { tab, nth, .. } => {
                match self.pin(tab, nth) {
                    Some(pin) => out.send(pin.client, Message::Sessions(message)),
                    None => self.hang_up(out, from, tab, nth),
                }
            }
            Say::Close { tab, nth, .. } => {
                if let Some(pin) = self.pin(tab, nth) {
                    self.sockets.pins.remove(tab);
                    let other = if from == pin.client {
                        pin.host
                    } else {
                        pin.client
                    };
                    out.send(other, Message::Sessions(message));
                } else if let Some(waits) = self.sockets.waiting.get(tab)
                    && waits.open.nth == nth
                {
                    self.sockets.waiting.remove(tab);
                }
            }
            Say::Refused { tab, nth, why } => {
                let Some(pin) = self.pin(tab, nth) else {
                    return;
                };
                self.sockets.pins.remove(tab);
                if why == Refusal::Elsewhere {
                    let waits = Waiting {
                        open: pin.open,
                        client: pin.client,
                        // Only what it waits here counts, not how long the runner took to say no.
                        since: Time(cx.now.0.saturating_sub(pin.waited.0)),
                        except: Some(pin.allocation),
                    };
                    return self.wait(cx, tab, waits);
                }
                out.send(pin.client, Message::Sessions(message));
            }
            // Everything else is said to others.
            _ => {}
        }
    }

    fn pin(&self, tab: TabId, nth: u32) -> Option<Pin> {
        let pin = self.sockets.pins.get(tab).copied();
        pin.filter(|pin| pin.open.nth == nth)
    }

    /// Tells a runner that there is nobody at the other end.
    fn hang_up(&self, out: &mut Out, host: NodeId, tab: TabId, nth: u32) {
        let why = Close::Unknown;
        out.send(host, Message::Sessions(Say::Close { tab, nth, why }));
    }

    fn turn_away(&self, out: &mut Out, client: NodeId, open: Open, why: Refusal) {
        let Open { tab, nth, .. } = open;
        out.send(client, Message::Sessions(Say::Refused { tab, nth, why }));
    }

    /// Whether one more socket may be accepted now.
    fn may_accept(&mut self, cx: &Context<'_>, out: &mut Out, tab: TabId) -> bool {
        const ONE: u64 = 1_000_000;
        let most = cx.knobs.get(&knob::SOCKET_ACCEPT_BURST) * ONE;
        let rate = cx.knobs.get(&knob::SOCKET_ACCEPT_RATE);
        let (level, at) = self.sockets.bucket.unwrap_or((most, cx.now));
        let more = cx.now.since(at).0.saturating_mul(rate);
        let level = level.saturating_add(more).min(most);
        let fact = Fact::at_least(level, ONE);
        let accepted = out.require(cx, &gate::SOCKET_ACCEPT_BUDGET, tab.into(), fact);
        let level = if accepted.is_ok() {
            level.saturating_sub(ONE)
        } else {
            level
        };
        self.sockets.bucket = Some((level, cx.now));
        accepted.is_ok()
    }

    fn on_open(&mut self, cx: &Context<'_>, out: &mut Out, client: NodeId, mut open: Open) {
        let tab = open.tab;
        if self
            .sockets
            .last
            .get(tab)
            .is_some_and(|nth| *nth >= open.nth)
        {
            return;
        }
        self.sockets.last.insert(tab, open.nth);
        if !self.may_accept(cx, out, tab) {
            out.note(Note::Sessions(Tell::Throttled { tab }));
            return self.turn_away(out, client, open, Refusal::Throttled);
        }
        out.note(Note::Sessions(Tell::Admitted { tab }));
        let request = RequestId(tab.0);
        let owner = self.check_owner(cx, out, request, open.route, Class::Upgrade);
        if owner.is_err() {
            out.note(Note::Sessions(Tell::Refused {
                tab,
                why: Refusal::Gap,
            }));
            return self.turn_away(out, client, open, Refusal::Gap);
        }
        if !self.sockets.trusts {
            // All of them come from the proxy in front.
            open.address = u16::MAX;
        }
        if let Some(old) = self.sockets.pins.remove(tab) {
            self.hang_up(out, old.host, tab, old.open.nth);
        }
        let waits = Waiting {
            open,
            client,
            since: cx.now,
            except: None,
        };
        if !self.place(cx, out, tab, waits) {
            self.demand(cx, out, open.route);
            self.wait(cx, tab, waits);
        }
    }

    /// A page is shown and wants its socket. Where it was made is where it belongs: what the tab had elsewhere does not come
    /// along, since the page was made without it.
    fn on_mount(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        client: NodeId,
        open: Open,
        page: AllocationId,
    ) {
        let Open { tab, nth, home, .. } = open;
        if self.sockets.last.get(tab).is_some_and(|last| *last >= nth) {
            return;
        }
        if open.session.is_some() && home == Some(page) {
            out.note(Note::Sessions(Tell::MountedAtHome { tab, page }));
            return self.on_open(cx, out, client, open);
        }
        out.note(Note::Sessions(Tell::MountedAnew {
            tab,
            nth,
            home,
            page,
        }));
        let open = Open {
            session: None,
            home: Some(page),
            generation: 0,
            seq: 0,
            ..open
        };
        self.on_open(cx, out, client, open);
    }

    fn wait(&mut self, cx: &Context<'_>, tab: TabId, waits: Waiting) {
        self.sockets.waiting.insert(tab, waits);
        let due = super::Due::Session(Due::Wait(tab));
        self.agenda.set(due, cx.now.after(LOOK));
    }

    /// Sends an upgrade to who has the session, if it serves, or to who has the fewest sockets here.
    fn place(&mut self, cx: &Context<'_>, out: &mut Out, tab: TabId, waits: Waiting) -> bool {
        let open = waits.open;
        let Some(owner) = self.routes.get(open.route).map(|view| view.epoch) else {
            return false;
        };
        let sockets = |of: AllocationId| {
            let pins = self.sockets.pins.map().values();
            pins.filter(|pin| pin.allocation == of).count()
        };
        let best = self
            .in_rotation(open.route)
            .filter(|(id, view)| view.epoch == owner && Some(*id) != waits.except)
            .min_by_key(|(id, _)| (Some(*id) != open.home, sockets(*id), *id))
            .map(|(id, view)| (id, view.host));
        let Some((allocation, host)) = best else {
            return false;
        };
        let waited = cx.now.since(waits.since).0;
        if waited > 0 {
            out.note(Note::Sessions(Tell::Waited {
                tab,
                waited,
                served: true,
            }));
        }
        let pin = Pin {
            open,
            client: waits.client,
            host,
            allocation,
            epoch: owner,
            waited: cx.now.since(waits.since),
        };
        self.sockets.waiting.remove(tab);
        self.sockets.pins.insert(tab, pin);
        let epoch = owner;
        out.send(
            host,
            Message::Sessions(Say::Upgrade {
                open,
                allocation,
                epoch,
            }),
        );
        true
    }

    /// An upgrade waits: perhaps something serves now, perhaps it has waited for long enough.
    pub(super) fn session_due(&mut self, cx: &Context<'_>, out: &mut Out, due: Due) {
        let Due::Wait(tab) = due else { return };
        let Some(mut waits) = self.sockets.waiting.get(tab).copied() else {
            return;
        };
        let waited = cx.now.since(waits.since);
        let budget = cx.knobs.time(&knob::UPGRADE_WAIT);
        let fact = Fact::below(waited.0, budget.0);
        if out
            .require(cx, &gate::UPGRADE_WAIT_BUDGET, tab.into(), fact)
            .is_err()
        {
            self.sockets.waiting.remove(tab);
            out.note(Note::Sessions(Tell::Waited {
                tab,
                waited: waited.0,
                served: false,
            }));
            return self.turn_away(out, waits.client, waits.open, Refusal::NoTarget);
        }
        if self.place(cx, out, tab, waits) {
            return;
        }
        // Whoever would not take it may have been the only one, and may be there again.
        waits.except = None;
        if waited.0 % (10 * LOOK.0) < LOOK.0 {
            self.demand(cx, out, waits.open.route);
        }
        self.wait(cx, tab, waits);
    }

    /// A tab says something on its socket, which stays where it is whoever owns the route by now.
    fn on_act(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        (tab, nth): (TabId, u32),
        message: Say,
    ) {
        let Some(pin) = self.pin(tab, nth) else {
            let why = Close::Unknown;
            return out.send(from, Message::Sessions(Say::Close { tab, nth, why }));
        };
        let owner = self.routes.get(pin.open.route).map(|view| view.epoch);
        if owner != Some(pin.epoch) {
            let view = self.allocations.get(pin.allocation);
            let over = view.is_some_and(|view| view.state.is_terminal());
            let cut = out.require(cx, &gate::SOCKET_PINNED, tab.into(), Fact::yes(over));
            if cut.is_ok() {
                self.sockets.pins.remove(tab);
                out.note(Note::Sessions(Tell::Cut {
                    tab,
                    allocation: pin.allocation,
                }));
                self.hang_up(out, pin.host, tab, nth);
                let why = Close::Gone;
                return out.send(pin.client, Message::Sessions(Say::Close { tab, nth, why }));
            }
        }
        out.send(pin.host, Message::Sessions(message));
    }

    /// An operator orders something of this edge.
    pub(super) fn on_session_order(&mut self, out: &mut Out, order: Order) {
        if let Order::TrustAddresses(trusts) = order {
            self.sockets.trusts = trusts;
            out.note(Note::Sessions(Tell::Ordered { command: order }));
        }
    }
}
