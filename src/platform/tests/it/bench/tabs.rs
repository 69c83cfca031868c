//! Tabs and the session store around the bench.

use super::*;
use platform::runner::Installation;
use platform::sessions::{
    Came, Message as Say, Note as Tell, Open, Refusal, SessionId, Store, TabId, Terms,
};

/// The session store, and whether it answers.
pub struct Tabs {
    pub store: Store,
    pub answers: bool,
    pub authorised: bool,
    pub address: u16,
}

impl Default for Tabs {
    fn default() -> Self {
        Self {
            store: Store::default(),
            answers: true,
            authorised: true,
            address: 1,
        }
    }
}

/// What a tab was told of its session.
pub type Session = (SessionId, AllocationId, Came, u32);

impl Bench {
    /// Two edges and two runners, with sessions, and one allocation that serves.
    pub fn of_sessions(store: bool, fresh: bool, cold_from: u16) -> Self {
        let mut bench = Self::asleep(store, fresh, cold_from);
        bench.request(Class::SafePage);
        bench.advance(secs(5));
        bench
    }

    /// The same with nothing that serves.
    pub fn asleep(store: bool, fresh: bool, cold_from: u16) -> Self {
        let mut bench = Self::cold_start(&[EDGE, EDGE_TWO], &[RUNNER, RUNNER_TWO]);
        let terms = Terms {
            store: store.then_some(SESSIONS),
            cold_from: DeploymentId(cold_from),
            fresh,
        };
        for node in bench.runners.values_mut() {
            node.machine = Runner::new(Installation {
                product: None,
                sessions: Some(terms),
                built: None,
                control: CONTROL,
                store: STORE,
                vault: VAULT,
            });
        }
        bench.boot_all();
        bench
    }

    /// What a tab asks for when it connects, with what it had before.
    fn asks(&self, tab: u32, nth: u32, had: Option<Session>) -> Open {
        Open {
            tab: TabId(tab),
            nth,
            route: ROUTE,
            session: had.map(|had| had.0),
            home: had.map(|had| had.1),
            generation: 0,
            seq: had.map_or(0, |had| had.3),
            until: if self.tabs.authorised {
                Time(u64::MAX)
            } else {
                self.now
            },
            address: self.tabs.address,
        }
    }

    /// A tab connects, with what it had before.
    pub fn open(&mut self, tab: u32, nth: u32, had: Option<Session>) -> Option<Session> {
        let open = self.asks(tab, nth, had);
        self.deliver(CLIENT, EDGE, Message::Sessions(Say::Open(open)));
        self.settle();
        self.session(tab, nth)
    }

    /// A page that an allocation has made is shown in a tab, which had a session or none.
    pub fn mount(
        &mut self,
        (tab, nth): (u32, u32),
        had: Option<Session>,
        page: AllocationId,
    ) -> Option<Session> {
        let open = self.asks(tab, nth, had);
        let mount = Say::Mount { open, page };
        self.deliver(CLIENT, EDGE, Message::Sessions(mount));
        self.settle();
        self.session(tab, nth)
    }

    /// What a tab was told of its session on a connection.
    pub fn session(&self, tab: u32, nth: u32) -> Option<Session> {
        self.log.iter().find_map(|(_, from, told)| match told {
            Told::Sent(Message::Sessions(Say::Accepted {
                tab: of,
                nth: on,
                session,
                allocation,
                came,
                seq,
                ..
            })) if (of.0, *on, *from) == (tab, nth, EDGE) => {
                Some((*session, *allocation, *came, *seq))
            }
            _ => None,
        })
    }

    /// Why a tab was sent away on a connection.
    pub fn refusal(&self, tab: u32, nth: u32) -> Option<Refusal> {
        self.log.iter().find_map(|(_, from, told)| match told {
            Told::Sent(Message::Sessions(Say::Refused {
                tab: of,
                nth: on,
                why,
            })) if (of.0, *on, *from) == (tab, nth, EDGE) => Some(*why),
            _ => None,
        })
    }

    /// A tab does something, and this is the patch that it gets for it.
    pub fn act(&mut self, tab: u32, nth: u32, act: u32) -> Option<u32> {
        let before = self.log.len();
        let tab = TabId(tab);
        self.deliver(CLIENT, EDGE, Message::Sessions(Say::Act { tab, nth, act }));
        self.settle();
        self.log[before..]
            .iter()
            .find_map(|(_, from, told)| match told {
                Told::Sent(Message::Sessions(Say::Patch { seq, .. })) if *from == EDGE => {
                    Some(*seq)
                }
                _ => None,
            })
    }

    /// How often something was told of sessions.
    pub fn heard(&self, wanted: impl Fn(&Tell) -> bool) -> usize {
        let log = self.log.iter();
        log.filter(|(_, _, told)| matches!(told, Told::Note(Note::Sessions(note)) if wanted(note)))
            .count()
    }

    pub(super) fn ask_session_store(&mut self, from: NodeId, message: Message) {
        if !self.tabs.answers {
            return;
        }
        let cx = Context {
            now: self.now,
            node: SESSIONS,
            waivers: self.waivers,
            knobs: &self.knobs,
            dice: &self.dice,
        };
        let mut step = Step::default();
        self.tabs
            .store
            .step(&cx, Input::Message { from, message }, &mut step);
        for write in core::mem::take(&mut step.persists) {
            self.tabs
                .store
                .step(&cx, Input::Persisted(write.ticket), &mut step);
        }
        let told = step.notes.iter();
        self.log
            .extend(told.map(|note| (self.now, SESSIONS, Told::Note(*note))));
        for send in step.sends {
            self.route(SESSIONS, send.to, send.message);
        }
    }
}
