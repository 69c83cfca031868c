//! The archive of snapshots, and the services that artifacts need at run time.

use super::Stored;
use alloc::vec::Vec;
use machine::fingerprint::digest;
use machine::{Context, Duration, Input, NodeId, SortedMap, Step, Time};
use platform::cleanup::{Item, Message as Shelf, Note as Gone};
use platform::id::Epoch;
use platform::message::{Command, Message};
use platform::note::Note;
use platform::promotion::{Baseline, Command as Order, Message as Say, Owner, Services, checksum};

/// How long each owner of a snapshot in one piece takes to load.
const LOAD: Duration = Duration::millis(1_500);

/// What can be wrong with what the archive hands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Blemish {
    /// Somebody else wrote it: other owners, and no signature of the control plane.
    Forged,
    /// Bytes of it have changed since it was signed.
    Damaged,
    /// It is the oldest that there is.
    Old,
    /// It is in one piece that takes longer to load than anybody waits for it.
    Bulky,
}

impl Blemish {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Forged, Self::Damaged, Self::Old, Self::Bulky];

    /// What it is called in content files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Forged => "forged",
            Self::Damaged => "damaged",
            Self::Old => "old",
            Self::Bulky => "bulky",
        }
    }
}

/// A time in which something is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window<T> {
    /// What is wrong.
    pub what: T,
    /// From when.
    pub from: Time,
    /// Until when.
    pub until: Time,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Snapshot {
    number: u32,
    head: Baseline,
    owners: Vec<Owner>,
    /// When the last of it came.
    kept_at: Time,
}

/// A snapshot of which not everything has come yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Arriving {
    number: u32,
    head: Option<Baseline>,
    owners: Vec<(u16, Owner)>,
}

/// Where the control plane keeps snapshots and edges fetch them: an object store, which outlives its process.
#[derive(Clone, Debug)]
pub struct Archive {
    windows: Vec<Window<Blemish>>,
    mended: bool,
    oldest: Option<Snapshot>,
    newest: Option<Snapshot>,
    /// Whether it keeps everything until it is told to remove it.
    keeps: bool,
    /// All that it keeps, oldest first, if it does.
    kept: Vec<Snapshot>,
    arriving: Vec<Arriving>,
    /// When what is being loaded will be, for whom, and the newest question of each: whoever asks again begins anew.
    loading: SortedMap<NodeId, (Option<Time>, u32)>,
}

impl Archive {
    /// An archive that hands out blemished snapshots in these windows.
    #[must_use]
    pub const fn new(windows: Vec<Window<Blemish>>) -> Self {
        Self {
            windows,
            mended: false,
            oldest: None,
            newest: None,
            keeps: false,
            kept: Vec::new(),
            arriving: Vec::new(),
            loading: SortedMap::new(),
        }
    }

    /// The same archive; it keeps everything until it is told to remove it.
    #[must_use]
    pub const fn keeping(mut self, keeps: bool) -> Self {
        self.keeps = keeps;
        self
    }

    /// How many snapshots it keeps.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.kept.len()
    }

    /// Whether it has a snapshot that is newer than this.
    #[must_use]
    pub fn has_newer(&self, number: u32) -> bool {
        self.newest
            .as_ref()
            .is_some_and(|newest| newest.number > number)
    }

    fn remove(&mut self, number: u32) -> bool {
        let before = self.kept.len();
        self.kept.retain(|one| one.number != number);
        self.newest = self.kept.last().cloned();
        self.oldest = self.kept.first().cloned();
        self.kept.len() < before
    }

    /// What is wrong with what it hands out now.
    #[must_use]
    pub fn blemish(&self, at: Time) -> Option<Blemish> {
        self.windows
            .iter()
            .find(|window| !self.mended && window.from <= at && at < window.until)
            .map(|window| window.what)
    }

    /// The head of the newest snapshot.
    #[must_use]
    pub fn newest(&self) -> Option<Baseline> {
        self.newest.as_ref().map(|snapshot| snapshot.head)
    }

    fn take(&mut self, now: Time, number: u32, fill: impl FnOnce(&mut Arriving)) {
        if self
            .newest
            .as_ref()
            .is_some_and(|newest| newest.number >= number)
        {
            return;
        }
        let known = self.arriving.iter().position(|one| one.number == number);
        let at = known.unwrap_or_else(|| {
            self.arriving.push(Arriving {
                number,
                ..Arriving::default()
            });
            self.arriving.len() - 1
        });
        let arriving = &mut self.arriving[at];
        fill(arriving);
        let owners = &mut arriving.owners;
        let Some(head) = arriving
            .head
            .filter(|head| usize::from(head.entries) == owners.len())
        else {
            return;
        };
        owners.sort_unstable();
        let snapshot = Snapshot {
            number,
            head,
            owners: owners.iter().map(|(_, owner)| *owner).collect(),
            kept_at: now,
        };
        // What began to arrive before it is older.
        self.arriving.retain(|one| one.number > number);
        if self.oldest.is_none() {
            self.oldest = Some(snapshot.clone());
        }
        if self.keeps {
            self.kept.push(snapshot.clone());
        }
        self.newest = Some(snapshot);
    }

    /// The snapshot to hand out now.
    fn hand_out(&self, at: Time) -> Option<Snapshot> {
        let mut snapshot = self.newest.clone()?;
        match self.blemish(at) {
            None | Some(Blemish::Bulky) => {}
            Some(Blemish::Old) => snapshot = self.oldest.clone()?,
            Some(Blemish::Damaged) => {
                if let Some(owner) = snapshot.owners.first_mut() {
                    owner.deployment.0 ^= 1;
                }
            }
            Some(Blemish::Forged) => {
                for owner in &mut snapshot.owners {
                    owner.epoch = Epoch(owner.epoch.0 + 1);
                    owner.deployment.0 ^= 1;
                }
                snapshot.head.checksum = checksum(&snapshot.owners);
            }
        }
        Some(snapshot)
    }

    /// Hands the snapshot out to an edge.
    fn send(&self, at: Time, (to, nth): (NodeId, u32), step: &mut Step<Message, Stored, Note>) {
        let Some(snapshot) = self.hand_out(at) else {
            return;
        };
        let head = snapshot.head;
        step.send(to, Message::Promotion(Say::Head { head, nth }));
        for (index, owner) in snapshot.owners.into_iter().enumerate() {
            let index = index as u16;
            step.send(to, Message::Promotion(Say::Entry { owner, index, nth }));
        }
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        self.loading.iter().filter_map(|(_, (at, _))| *at).min()
    }

    pub(super) fn step(
        &mut self,
        cx: &Context<'_>,
        input: Input<Message>,
        step: &mut Step<Message, Stored, Note>,
    ) {
        let (from, message) = match input {
            Input::Message { from, message } => (from, message),
            Input::Deadline => {
                let now = cx.now;
                let due = |at: &Option<Time>| at.is_some_and(|at| at <= now);
                let ready = self.loading.iter().filter(|(_, (at, _))| due(at));
                let ready: Vec<(NodeId, u32)> =
                    ready.map(|(edge, (_, nth))| (*edge, *nth)).collect();
                for (edge, nth) in ready {
                    self.loading.insert(edge, (None, nth));
                    self.send(cx.now, (edge, nth), step);
                }
                return;
            }
            _ => return,
        };
        match message {
            Message::Promotion(Say::Keep { head, number }) => {
                self.take(cx.now, number, |arriving| arriving.head = Some(head));
            }
            Message::Promotion(Say::KeepEntry {
                owner,
                index,
                number,
            }) => self.take(cx.now, number, |arriving| {
                if !arriving.owners.iter().any(|(at, _)| *at == index) {
                    arriving.owners.push((index, owner));
                }
            }),
            Message::Promotion(Say::Fetch { nth }) => {
                let newest = self.loading.get(&from).map_or(0, |(_, nth)| *nth);
                match &self.newest {
                    Some(snapshot) if self.blemish(cx.now) == Some(Blemish::Bulky) => {
                        if newest < nth {
                            let takes = LOAD.times(snapshot.owners.len() as u64);
                            self.loading.insert(from, (Some(cx.now.after(takes)), nth));
                        }
                    }
                    _ => self.send(cx.now, (from, nth), step),
                }
            }
            Message::Cleanup(Shelf::Look { nth }) => {
                for one in &self.kept {
                    let item = Item::Snapshot(one.number);
                    let kept_at = one.kept_at;
                    let holds = Shelf::Holds { item, kept_at, nth };
                    step.send(from, Message::Cleanup(holds));
                }
            }
            Message::Cleanup(Shelf::Remove {
                item: item @ Item::Snapshot(number),
                nth,
            }) => {
                if self.remove(number) {
                    step.note(Gone::Gone(item).into());
                }
                step.send(from, Message::Cleanup(Shelf::Removed { item, nth }));
            }
            Message::Command(Command::Promotion(Order::Rebaseline)) => self.mended = true,
            _ => {}
        }
    }

    /// It is gone for a while; what it keeps is not.
    pub(super) fn restart(&mut self) {
        self.arriving.clear();
        self.loading.clear();
    }

    pub(super) fn fingerprint(&self) -> u64 {
        digest(&(
            self.mended,
            &self.oldest,
            &self.newest,
            &self.kept,
            &self.arriving,
            self.loading.iter().collect::<Vec<_>>(),
        ))
    }
}

/// What artifacts need at run time, and the database behind it.
#[derive(Clone, Debug)]
pub struct RuntimeServices {
    down: Vec<Window<()>>,
    /// The schemas, each from when on.
    schemas: Vec<(Time, u32)>,
    mended_at: Option<Time>,
}

impl RuntimeServices {
    /// Services that are down in these windows, over a database that has these schemas from these moments on.
    #[must_use]
    pub const fn new(down: Vec<Window<()>>, schemas: Vec<(Time, u32)>) -> Self {
        Self {
            down,
            schemas,
            mended_at: None,
        }
    }

    /// What they say of themselves at a moment.
    #[must_use]
    pub fn at(&self, at: Time) -> Services {
        let down = |window: &Window<()>| {
            window.from <= at
                && at < window.until
                && self.mended_at.is_none_or(|mended| at < mended)
        };
        Services {
            ready: !self.down.iter().any(down),
            schema: self
                .schemas
                .iter()
                .rev()
                .find(|(from, _)| *from <= at)
                .map_or(1, |(_, schema)| *schema),
        }
    }

    pub(super) fn step(
        &mut self,
        cx: &Context<'_>,
        input: Input<Message>,
        step: &mut Step<Message, Stored, Note>,
    ) {
        match input {
            Input::Message {
                from,
                message: Message::Promotion(Say::ServicesAsk { nth }),
            } => {
                let services = self.at(cx.now);
                step.send(from, Message::Promotion(Say::ServicesAre { services, nth }));
            }
            Input::Message {
                message: Message::Command(Command::Promotion(Order::SetServices { services })),
                ..
            } if services.ready => self.mended_at = Some(cx.now),
            _ => {}
        }
    }

    pub(super) fn fingerprint(&self) -> u64 {
        digest(&self.mended_at)
    }
}
