//! Tabs: browsers that keep a socket open, do something in it now and then, and come back when it breaks.

use super::Stored;
use alloc::vec::Vec;
use machine::fingerprint::{digest, fold};
use machine::{Ask, Context, Duration, Input, NodeId, Step, Time};
use platform::id::{AllocationId, RouteId};
use platform::message::{Command, Message};
use platform::note::Note;
use platform::sessions::{
    Close, Command as Order, Message as Say, Note as Tell, Open, Record, SessionId, TabId,
};

/// When tabs are opened and what is done in them, keyed by tab and count.
const TABS: u8 = 20;
/// When tabs are closed, keyed by tab.
const LEAVING: u8 = 21;
/// How long a browser waits for the first answer on a connection.
const PATIENCE: Duration = Duration::secs(13);
/// How long it waits for a patch before it takes the socket for broken.
const SILENCE: Duration = Duration::secs(4);
/// How long it waits before it connects again; doubles each time.
const BACK_OFF: (Duration, Duration) = (Duration::secs(1), Duration::secs(30));

/// What the session store made durable, out of what a node did.
pub(super) fn record(stored: &Stored) -> Option<Record> {
    match stored {
        Stored::Sessions(record) => Some(*record),
        _ => None,
    }
}

/// What tabs there are and what they do.
#[derive(Clone, Debug)]
pub struct TabHabits {
    /// How many.
    pub count: u16,
    /// The route that they want.
    pub route: RouteId,
    /// When the first is opened.
    pub from: Time,
    /// Within how long all of them are.
    pub within: Duration,
    /// The time from one thing done in a tab to the next.
    pub acts: (Duration, Duration),
    /// How many are duplicated, and when.
    pub twins: (u16, Time),
    /// How many come from one address.
    pub crowd: u16,
    /// How many are closed, and until when.
    pub leavers: (u16, Time),
    /// How many fall asleep, when and for how long.
    pub sleepers: (u16, Time, Duration),
    /// How many belong to visitors, who open them by asking for a page; they come last.
    pub visitors: u16,
}

/// Where a tab stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// It will be opened.
    Out(Time),
    /// It waits for an answer.
    Connecting(Time),
    /// It has a socket: when something is done next, and until when an answer is due.
    Open(Time, Option<Time>),
    /// It will connect again.
    Waiting(Time),
    /// Somebody has closed it.
    Left,
    /// Another tab has its session.
    Replaced,
    /// It was told that it need not come again: the status.
    GivenUp(u16),
}

/// A tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tab {
    /// Where it stands.
    pub phase: Phase,
    /// How often it has connected.
    pub nth: u32,
    /// Its session and who held it.
    pub session: Option<(SessionId, AllocationId)>,
    /// Under which number that was held.
    pub generation: u32,
    /// The last patch that it has.
    pub seq: u32,
    /// Since when it has wanted a socket and had none.
    pub lost: Option<Time>,
    /// Until when its identity is good.
    pub until: Time,
    back_off: Duration,
    address: u16,
    twin: Option<u16>,
    leaves: Option<Time>,
    sleeps: bool,
    acts: u32,
    /// The newest page that is shown in it: as the answer to which request, and by whom it was made.
    page: Option<(u32, AllocationId)>,
}

impl Tab {
    fn due(&self) -> Option<Time> {
        let own = match self.phase {
            // Whoever has to ask for a page first is opened by that.
            Phase::Out(at) if at.0 == u64::MAX => None,
            Phase::Out(at) | Phase::Connecting(at) | Phase::Waiting(at) => Some(at),
            Phase::Open(next, answer) => Some(answer.map_or(next, |answer| answer.min(next))),
            Phase::Left | Phase::Replaced | Phase::GivenUp(_) => None,
        }?;
        Some(self.leaves.map_or(own, |leaves| leaves.min(own)))
    }
}

/// All tabs.
#[derive(Clone, Debug)]
pub struct Tabs {
    edges: Vec<NodeId>,
    habits: TabHabits,
    tabs: Vec<Tab>,
}

impl Tabs {
    /// Tabs that are still to be opened.
    #[must_use]
    pub const fn new(edges: Vec<NodeId>, habits: TabHabits) -> Self {
        Self {
            edges,
            habits,
            tabs: Vec::new(),
        }
    }

    /// The tabs.
    #[must_use]
    pub fn all(&self) -> &[Tab] {
        &self.tabs
    }

    /// How many have a socket.
    #[must_use]
    pub fn connected(&self) -> u32 {
        let open = |tab: &&Tab| matches!(tab.phase, Phase::Open(..));
        self.tabs.iter().filter(open).count() as u32
    }

    /// How many were told not to come again.
    #[must_use]
    pub fn given_up(&self) -> u32 {
        let gone = |tab: &&Tab| matches!(tab.phase, Phase::GivenUp(_));
        self.tabs.iter().filter(gone).count() as u32
    }

    pub(super) fn start(&mut self, cx: &Context<'_>) {
        if !self.tabs.is_empty() {
            return;
        }
        let habits = &self.habits;
        let (twins, twins_at) = habits.twins;
        let ask = |stream, tab: u16, what: u64| Ask {
            stream,
            key: fold(u64::from(tab), what),
        };
        let own = habits.count + twins;
        self.tabs = (0..own + habits.visitors)
            .map(|tab| {
                let twin = tab.checked_sub(habits.count).filter(|_| tab < own);
                let later = cx.dice.between(ask(TABS, tab, 0), 0, habits.within.0);
                let opens = match twin {
                    Some(_) => twins_at,
                    None if tab >= own => Time(u64::MAX),
                    None => habits.from.after(Duration(later)),
                };
                let leaves = (tab >= habits.count.saturating_sub(habits.leavers.0)
                    && twin.is_none()
                    && tab < own)
                    .then(|| {
                        let until = habits.leavers.1.0.max(opens.0);
                        Time(cx.dice.between(ask(LEAVING, tab, 0), opens.0, until))
                    });
                let crowded = tab < habits.crowd;
                Tab {
                    phase: Phase::Out(opens),
                    nth: 0,
                    session: None,
                    generation: 0,
                    seq: 0,
                    lost: None,
                    until: Time(u64::MAX),
                    back_off: BACK_OFF.0,
                    address: if crowded { 0 } else { 1 + tab },
                    twin,
                    leaves,
                    sleeps: tab < habits.sleepers.0,
                    acts: 0,
                    page: None,
                }
            })
            .collect();
    }

    pub(super) fn step(
        &mut self,
        cx: &Context<'_>,
        input: Input<Message>,
        step: &mut Step<Message, Stored, Note>,
    ) {
        match input {
            Input::Deadline => {
                for at in 0..self.tabs.len() {
                    if self.tabs[at].due().is_some_and(|due| due <= cx.now) {
                        self.tab_due(cx, step, at);
                    }
                }
            }
            Input::Message {
                message: Message::Sessions(Say::Shown { tab, page, nth }),
                ..
            } => self.show(cx, step, tab.0 as usize, (nth, page)),
            Input::Message {
                message: Message::Sessions(say),
                ..
            } => self.hear(cx, say),
            Input::Message {
                message: Message::Command(Command::Sessions(command @ Order::Revoke(count))),
                ..
            } => {
                for tab in self.tabs.iter_mut().take(count as usize) {
                    tab.until = tab.until.min(cx.now);
                }
                step.note(Note::Sessions(Tell::Ordered { command }));
            }
            _ => {}
        }
    }

    fn edge(&self, at: usize) -> NodeId {
        let tab = &self.tabs[at];
        self.edges[(at + tab.nth as usize) % self.edges.len()]
    }

    fn tab_due(&mut self, cx: &Context<'_>, step: &mut Step<Message, Stored, Note>, at: usize) {
        let tab = self.tabs[at];
        if tab.leaves.is_some_and(|leaves| leaves <= cx.now) {
            if matches!(tab.phase, Phase::Open(..) | Phase::Connecting(_)) {
                let (tab, nth, why) = (TabId(at as u32), tab.nth, Close::Left);
                let close = Say::Close { tab, nth, why };
                step.send(self.edge(at), Message::Sessions(close));
            }
            self.tabs[at].phase = Phase::Left;
            self.tabs[at].lost = None;
            return;
        }
        match tab.phase {
            Phase::Out(_) => {
                if let Some(twin) = tab.twin {
                    let of = self.tabs[usize::from(twin)];
                    self.tabs[at].session = of.session;
                    self.tabs[at].generation = of.generation;
                    self.tabs[at].seq = of.seq;
                }
                self.connect(cx, step, at);
            }
            Phase::Waiting(_) => self.connect(cx, step, at),
            Phase::Connecting(_) => self.lose(cx, at),
            Phase::Open(_, Some(answer)) if answer <= cx.now => self.lose(cx, at),
            Phase::Open(..) => self.act(cx, step, at),
            Phase::Left | Phase::Replaced | Phase::GivenUp(_) => {}
        }
    }

    /// A page has come. If it was made where the session is and the socket is open, nothing changes; else it gets a socket.
    fn show(
        &mut self,
        cx: &Context<'_>,
        step: &mut Step<Message, Stored, Note>,
        at: usize,
        (nth, page): (u32, AllocationId),
    ) {
        let Some(tab) = self.tabs.get(at).copied() else {
            return;
        };
        if tab.page.is_some_and(|(newest, _)| newest >= nth) {
            return;
        }
        self.tabs[at].page = Some((nth, page));
        let same = match tab.phase {
            Phase::Open(..) => tab.session.is_some_and(|(_, home)| home == page),
            Phase::Connecting(_) => tab.page.is_some_and(|(_, shown)| shown == page),
            Phase::Out(_) | Phase::Waiting(_) | Phase::Replaced | Phase::GivenUp(_) => false,
            Phase::Left => true,
        };
        if same {
            return;
        }
        if matches!(tab.phase, Phase::Open(..) | Phase::Connecting(_)) {
            // The page before it is gone, and its socket with it.
            let (tab, nth, why) = (TabId(at as u32), tab.nth, Close::Left);
            let close = Say::Close { tab, nth, why };
            step.send(self.edge(at), Message::Sessions(close));
        }
        let open = self.opening(cx, at);
        step.send(self.edge(at), Message::Sessions(Say::Mount { open, page }));
    }

    fn connect(&mut self, cx: &Context<'_>, step: &mut Step<Message, Stored, Note>, at: usize) {
        let open = self.opening(cx, at);
        step.send(self.edge(at), Message::Sessions(Say::Open(open)));
    }

    /// A tab's first words on its next connection.
    fn opening(&mut self, cx: &Context<'_>, at: usize) -> Open {
        let tab = &mut self.tabs[at];
        tab.nth += 1;
        tab.lost = tab.lost.or(Some(cx.now));
        tab.phase = Phase::Connecting(cx.now.after(PATIENCE));
        Open {
            tab: TabId(at as u32),
            nth: tab.nth,
            route: self.habits.route,
            session: tab.session.map(|(session, _)| session),
            home: tab.session.map(|(_, home)| home),
            generation: tab.generation,
            seq: tab.seq,
            until: tab.until,
            address: tab.address,
        }
    }

    /// The socket is gone and nobody said so politely: it connects again, later each time.
    fn lose(&mut self, cx: &Context<'_>, at: usize) {
        let tab = &mut self.tabs[at];
        tab.lost = tab.lost.or(Some(cx.now));
        tab.phase = Phase::Waiting(cx.now.after(tab.back_off));
        tab.back_off = Duration((tab.back_off.0 * 2).min(BACK_OFF.1.0));
    }

    fn act(&mut self, cx: &Context<'_>, step: &mut Step<Message, Stored, Note>, at: usize) {
        let (_, asleep_at, asleep_for) = self.habits.sleepers;
        let wakes = asleep_at.after(asleep_for);
        if self.tabs[at].sleeps && asleep_at <= cx.now && cx.now < wakes {
            // The lid is shut: nobody says anything to anybody.
            self.tabs[at].phase = Phase::Waiting(wakes);
            return;
        }
        let next = self.next_act(cx, at);
        let tab = &mut self.tabs[at];
        let Phase::Open(_, answer) = tab.phase else {
            return;
        };
        tab.acts += 1;
        tab.phase = Phase::Open(next, answer.or(Some(cx.now.after(SILENCE))));
        let (nth, act) = (tab.nth, tab.acts);
        let tab = TabId(at as u32);
        step.send(self.edge(at), Message::Sessions(Say::Act { tab, nth, act }));
    }

    fn next_act(&self, cx: &Context<'_>, at: usize) -> Time {
        let ask = Ask {
            stream: TABS,
            key: fold(at as u64, u64::from(self.tabs[at].acts) + 1),
        };
        let (low, high) = self.habits.acts;
        cx.now
            .after(Duration(cx.dice.between(ask, low.0, high.0).max(1)))
    }

    fn hear(&mut self, cx: &Context<'_>, say: Say) {
        let (Say::Accepted { tab, nth, .. }
        | Say::Refused { tab, nth, .. }
        | Say::Patch { tab, nth, .. }
        | Say::Close { tab, nth, .. }) = say
        else {
            return;
        };
        let at = tab.0 as usize;
        if self.tabs.get(at).is_none_or(|tab| tab.nth != nth) {
            return;
        }
        let next = self.next_act(cx, at);
        let tab = &mut self.tabs[at];
        match (say, tab.phase) {
            (
                Say::Accepted {
                    session,
                    allocation,
                    generation,
                    seq,
                    ..
                },
                Phase::Connecting(_),
            ) => {
                tab.session = Some((session, allocation));
                tab.generation = generation;
                tab.seq = seq;
                tab.lost = None;
                tab.back_off = BACK_OFF.0;
                tab.phase = Phase::Open(next, None);
            }
            (Say::Refused { why, .. }, Phase::Connecting(_)) => match why.status() {
                status @ (3 | 7 | 9) => {
                    tab.session = None;
                    tab.lost = None;
                    tab.phase = Phase::GivenUp(status);
                }
                _ => self.lose(cx, at),
            },
            (Say::Patch { seq, .. }, Phase::Open(next, _)) => {
                tab.seq = tab.seq.max(seq);
                tab.phase = Phase::Open(next, None);
            }
            (Say::Close { why, .. }, Phase::Open(..) | Phase::Connecting(_)) => {
                if why.is_clean() {
                    tab.lost = None;
                    tab.phase = Phase::Replaced;
                } else {
                    self.lose(cx, at);
                }
            }
            _ => {}
        }
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        self.tabs.iter().filter_map(Tab::due).min()
    }

    pub(super) fn fingerprint(&self) -> u64 {
        digest(&self.tabs)
    }
}
