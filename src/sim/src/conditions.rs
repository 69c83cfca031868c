//! Conditions: what may go wrong around the nodes, when it does, and whether it does right now.
//!
//! **Invariants.** This is the only place where faults exist. Machines never see a condition, only late, lost or repeated
//! inputs, restarts with fewer records, a clock that is off. Background spells are keyed by (condition, period), so that
//! they fall on the same moments whatever else happens.
//!
//! **Not here.** Carrying them out: `net`, `disk`, `clock` and `host` ask what holds.

use crate::choices::stream;
use crate::entry::Fate;
use crate::net::Troubles;
use alloc::vec::Vec;
use machine::fingerprint::fold;
use machine::{Ask, Dice, Duration, Message, NodeId, Subject, Time};

/// A set of nodes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Nodes {
    /// Every node.
    All,
    /// These.
    Only(Vec<NodeId>),
    /// Every node but these.
    Except(Vec<NodeId>),
}

impl Nodes {
    /// Just one node.
    #[must_use]
    pub fn one(node: NodeId) -> Self {
        Self::Only(alloc::vec![node])
    }

    /// Whether `node` is in the set.
    #[inline]
    #[must_use]
    pub fn contains(&self, node: NodeId) -> bool {
        match self {
            Self::All => true,
            Self::Only(nodes) => nodes.contains(&node),
            Self::Except(nodes) => !nodes.contains(&node),
        }
    }
}

/// A set of links, each in one direction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Links {
    /// The senders.
    pub from: Nodes,
    /// The receivers.
    pub to: Nodes,
}

impl Links {
    /// Every link.
    pub const ALL: Self = Self {
        from: Nodes::All,
        to: Nodes::All,
    };

    /// Whether the link is in the set.
    #[inline]
    #[must_use]
    pub fn contains(&self, from: NodeId, to: NodeId) -> bool {
        self.from.contains(from) && self.to.contains(to)
    }
}

/// What goes wrong. Chances are per million messages; `kind` limits it to one kind of message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Disturbance {
    /// Messages take longer.
    Delay {
        /// On which links.
        links: Links,
        /// Which kind of message; `None` for all.
        kind: Option<u16>,
        /// By how much.
        by: Duration,
    },
    /// Messages get lost.
    Lose {
        /// On which links.
        links: Links,
        /// Which kind of message; `None` for all.
        kind: Option<u16>,
        /// How many in a million.
        per_million: u32,
    },
    /// Messages that are repeatable arrive twice.
    Duplicate {
        /// On which links.
        links: Links,
        /// Which kind of message; `None` for all.
        kind: Option<u16>,
        /// How many in a million.
        per_million: u32,
    },
    /// Messages are held back, so that later ones overtake them.
    Reorder {
        /// On which links.
        links: Links,
        /// Which kind of message; `None` for all.
        kind: Option<u16>,
        /// How many in a million.
        per_million: u32,
        /// For at most how long.
        by_up_to: Duration,
    },
    /// Nothing sent from one set of nodes to another arrives; one direction only.
    Cut {
        /// The senders.
        from: Nodes,
        /// The receivers.
        to: Nodes,
    },
    /// Writes of one node take longer.
    SlowDisk {
        /// Which node.
        node: NodeId,
        /// By how much.
        by: Duration,
    },
    /// Writes of one node are done one at a time and take longer, and before it comes back from a crash it has to read every
    /// record that it has.
    BusyDisk {
        /// Which node.
        node: NodeId,
        /// How many times as long.
        times: u32,
    },
    /// The clock of one node is off; several add up.
    Skew {
        /// Which node.
        node: NodeId,
        /// By how many microseconds; positive is ahead.
        by: i64,
    },
    /// One node loses everything that is not durable, and comes back later.
    Crash {
        /// Which node.
        node: NodeId,
        /// For how long it is down.
        down_for: Duration,
    },
    /// A backup is made of what one node has on its disk.
    BackUp {
        /// Which node.
        node: NodeId,
    },
    /// One node loses what it has on its disk, and comes back later with what its newest backup has.
    PutBack {
        /// Which node.
        node: NodeId,
        /// For how long it is down.
        down_for: Duration,
    },
    /// Processes of one image say that they are not ready.
    NotReady {
        /// The number of the image.
        image: u64,
        /// What they give as the reason.
        reason: u8,
    },
    /// Processes of one image need more memory.
    Memory {
        /// The number of the image.
        image: u64,
        /// How many bytes more.
        extra: u64,
    },
    /// Processes of one image boot more slowly.
    SlowBoot {
        /// The number of the image.
        image: u64,
        /// By how much.
        by: Duration,
    },
    /// Something else takes memory on one host.
    HostMemory {
        /// Which host.
        node: NodeId,
        /// How many bytes are taken.
        taken: u64,
    },
}

impl Disturbance {
    /// Whether it concerns single messages, so that a point picks out one of them.
    const fn is_about_messages(&self) -> bool {
        matches!(
            self,
            Self::Delay { .. } | Self::Lose { .. } | Self::Duplicate { .. } | Self::Reorder { .. }
        )
    }
}

/// When something goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum When {
    /// From this moment.
    At(Time),
    /// At one send, picked out by what it means. Delay, loss, duplication and reordering then concern just that message;
    /// everything else begins at that moment.
    Point {
        /// The kind of message.
        kind: u16,
        /// What the message is about; `None` for anything.
        subject: Option<Subject>,
        /// Which of the sends that match, from 1.
        nth: u32,
    },
    /// Now and then: in each period with this chance.
    Background {
        /// In how many of a million periods it holds.
        chance_per_million: u32,
        /// The length of a period, which is the shortest that a good or a bad spell can be.
        period: Duration,
    },
}

/// One thing that may go wrong.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Condition {
    /// What goes wrong.
    pub what: Disturbance,
    /// When.
    pub when: When,
    /// For how long. Means nothing in the background, where periods decide, and for a crash, which knows itself.
    pub lasts: Duration,
}

impl Condition {
    /// How long one spell of it lasts; `None` if something else ends it.
    pub(crate) const fn spell(&self) -> Option<Duration> {
        match (&self.when, &self.what) {
            (When::Background { .. }, _) => None,
            (_, Disturbance::Crash { down_for, .. } | Disturbance::PutBack { down_for, .. }) => {
                Some(*down_for)
            }
            _ => Some(self.lasts),
        }
    }
}

/// One condition in a running world.
#[derive(Clone, Copy, Debug, Default)]
struct Status {
    active: bool,
    /// It will not begin again.
    over: bool,
    /// How many sends have matched its point.
    seen: u32,
    /// How often it began, or how many messages it touched.
    hits: u32,
}

/// All conditions in a running world.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    list: Vec<Status>,
    /// Those that hold now, in order: hosts ask at every probe.
    held: Vec<u16>,
    /// Those that have to be asked about each message, in order.
    watching: Vec<u16>,
}

impl Clone for Conditions {
    fn clone(&self) -> Self {
        Self {
            list: self.list.clone(),
            held: self.held.clone(),
            watching: self.watching.clone(),
        }
    }

    fn clone_from(&mut self, source: &Self) {
        self.list.clone_from(&source.list);
        self.held.clone_from(&source.held);
        self.watching.clone_from(&source.watching);
    }
}

impl Conditions {
    pub fn new(list: &[Condition]) -> Self {
        let mut conditions = Self {
            list: alloc::vec![Status::default(); list.len()],
            held: Vec::new(),
            watching: Vec::new(),
        };
        conditions.recount(list);
        conditions
    }

    fn recount(&mut self, list: &[Condition]) {
        self.watching.clear();
        self.held.clear();
        for (index, (condition, status)) in list.iter().zip(&self.list).enumerate() {
            if status.active {
                self.held.push(index as u16);
            }
            let waits = match condition.when {
                When::Point { nth, .. } => !status.over && status.seen < nth,
                _ => false,
            };
            let meets_messages = condition.what.is_about_messages()
                || matches!(condition.what, Disturbance::Cut { .. });
            if waits || status.active && meets_messages {
                self.watching.push(index as u16);
            }
        }
    }

    pub fn is_active(&self, index: u16) -> bool {
        self.list
            .get(usize::from(index))
            .is_some_and(|status| status.active)
    }

    pub fn hits(&self, index: u16) -> u32 {
        self.list
            .get(usize::from(index))
            .map_or(0, |status| status.hits)
    }

    /// Whether it began; false if it already holds or is over.
    pub fn begin(&mut self, list: &[Condition], index: u16) -> bool {
        let status = &mut self.list[usize::from(index)];
        if status.active || status.over {
            return false;
        }
        status.active = true;
        status.hits += 1;
        self.recount(list);
        true
    }

    /// Whether it ended; false if it did not hold.
    pub fn end(&mut self, list: &[Condition], index: u16) -> bool {
        let ended = core::mem::take(&mut self.list[usize::from(index)].active);
        if ended {
            self.recount(list);
        }
        ended
    }

    /// Keeps it from ever beginning again. Says nothing about whether it holds.
    pub fn forbid(&mut self, list: &[Condition], index: u16) {
        self.list[usize::from(index)].over = true;
        self.recount(list);
    }

    #[inline]
    pub const fn touch_messages(&self) -> bool {
        !self.watching.is_empty()
    }

    /// Whether a background condition holds in the period that begins at `at`.
    pub fn spell_at(
        dice: &Dice,
        index: u16,
        at: Time,
        chance_per_million: u32,
        period: Duration,
    ) -> bool {
        let number = at.0 / period.0.max(1);
        dice.chance(
            Ask {
                stream: stream::BACKGROUND,
                key: fold(u64::from(index), number),
            },
            chance_per_million,
        )
    }

    /// The conditions that hold now.
    fn active<'a>(&'a self, list: &'a [Condition]) -> impl Iterator<Item = &'a Disturbance> {
        self.held.iter().map(|at| &list[usize::from(*at)].what)
    }

    /// What happens to one message, which has this key. Conditions that it sets off are pushed to `begun`.
    pub fn judge<M: Message>(
        &mut self,
        list: &[Condition],
        dice: &Dice,
        (from, to, key): (NodeId, NodeId, u64),
        message: &M,
        begun: &mut Vec<u16>,
    ) -> Troubles {
        let mut troubles = Troubles::default();
        let mut reached = false;
        let (of_kind, repeatable) = (message.kind(), message.repeatable());
        for index in self.watching.iter().copied() {
            let condition = &list[usize::from(index)];
            let status = &mut self.list[usize::from(index)];
            let mut holds = status.active;
            if let When::Point { kind, subject, nth } = condition.when
                && !status.over
                && status.seen < nth
                && of_kind == kind
                && subject.is_none_or(|subject| subject == message.subject())
                && condition.what.may_touch(from, to, kind)
            {
                status.seen += 1;
                if status.seen == nth {
                    reached = true;
                    if condition.what.is_about_messages() {
                        holds = true;
                    } else {
                        begun.push(index);
                    }
                }
            }
            if holds
                && from != to
                && condition.what.touch(
                    index,
                    dice,
                    (from, to),
                    (of_kind, repeatable),
                    key,
                    &mut troubles,
                )
            {
                status.hits += 1;
            }
        }
        if reached {
            self.recount(list);
        }
        troubles
    }

    pub fn offset(&self, list: &[Condition], node: NodeId) -> i64 {
        self.active(list).fold(0, |sum, what| match what {
            Disturbance::Skew { node: whose, by } if *whose == node => sum.saturating_add(*by),
            _ => sum,
        })
    }

    pub fn disk_delay(&self, list: &[Condition], node: NodeId) -> Duration {
        self.sum(list, |what| match what {
            Disturbance::SlowDisk { node: whose, by } if *whose == node => by.0,
            _ => 0,
        })
    }

    /// How many times as long a node's disk takes for each write, one after the other; 0 if it is not busy.
    pub fn disk_times(&self, list: &[Condition], node: NodeId) -> u64 {
        let busy = self.active(list).filter_map(|what| match what {
            Disturbance::BusyDisk { node: whose, times } if *whose == node => Some((*times).into()),
            _ => None,
        });
        busy.max().unwrap_or(0)
    }

    pub fn boot_delay(&self, list: &[Condition], image: u64) -> Duration {
        self.sum(list, |what| match what {
            Disturbance::SlowBoot { image: which, by } if *which == image => by.0,
            _ => 0,
        })
    }

    pub fn extra_memory(&self, list: &[Condition], image: u64) -> u64 {
        self.sum(list, |what| match what {
            Disturbance::Memory {
                image: which,
                extra,
            } if *which == image => *extra,
            _ => 0,
        })
        .0
    }

    pub fn taken_memory(&self, list: &[Condition], node: NodeId) -> u64 {
        self.sum(list, |what| match what {
            Disturbance::HostMemory { node: whose, taken } if *whose == node => *taken,
            _ => 0,
        })
        .0
    }

    pub fn not_ready(&self, list: &[Condition], image: u64) -> Option<u8> {
        self.active(list).find_map(|what| match what {
            Disturbance::NotReady {
                image: which,
                reason,
            } if *which == image => Some(*reason),
            _ => None,
        })
    }

    fn sum(&self, list: &[Condition], each: impl Fn(&Disturbance) -> u64) -> Duration {
        Duration(self.active(list).map(each).fold(0, u64::saturating_add))
    }
}

impl Disturbance {
    /// Whether a message of this kind on this link can be meant; conditions that are not about messages take any.
    fn may_touch(&self, from: NodeId, to: NodeId, of_kind: u16) -> bool {
        match self {
            Self::Delay { links, kind, .. }
            | Self::Lose { links, kind, .. }
            | Self::Duplicate { links, kind, .. }
            | Self::Reorder { links, kind, .. } => {
                kind.is_none_or(|kind| kind == of_kind) && links.contains(from, to)
            }
            _ => true,
        }
    }

    /// Does to one message what this condition does; returns whether it did anything.
    fn touch(
        &self,
        index: u16,
        dice: &Dice,
        (from, to): (NodeId, NodeId),
        (kind, repeatable): (u16, bool),
        key: u64,
        troubles: &mut Troubles,
    ) -> bool {
        if !self.may_touch(from, to, kind) {
            return false;
        }
        let ask = |stream| Ask {
            stream,
            key: fold(key, u64::from(index) + 2),
        };
        match self {
            Self::Delay { by, .. } => {
                troubles.delay = Duration(troubles.delay.0.saturating_add(by.0));
                true
            }
            Self::Lose { per_million, .. } => {
                let lost = dice.chance(ask(stream::LOSS), *per_million);
                if lost {
                    troubles
                        .stopped
                        .get_or_insert(Fate::Lost { condition: index });
                }
                lost
            }
            Self::Duplicate { per_million, .. } => {
                let copied = repeatable && dice.chance(ask(stream::DUPLICATION), *per_million);
                troubles.copied |= copied;
                copied
            }
            Self::Reorder {
                per_million,
                by_up_to,
                ..
            } => {
                let held = dice.chance(ask(stream::REORDERING), *per_million);
                if held {
                    let hold = dice.between(
                        Ask {
                            stream: stream::REORDERING,
                            key: fold(key, !u64::from(index)),
                        },
                        1,
                        by_up_to.0.max(1),
                    );
                    troubles.delay = Duration(troubles.delay.0.saturating_add(hold));
                }
                held
            }
            Self::Cut {
                from: senders,
                to: receivers,
            } => {
                let cut = senders.contains(from) && receivers.contains(to);
                if cut {
                    troubles
                        .stopped
                        .get_or_insert(Fate::Cut { condition: index });
                }
                cut
            }
            _ => false,
        }
    }
}
