//! The database whose schema is changed. It does one piece of work after the other, each takes a while, and for a while it
//! may lack what a migration needs.

use super::Stored;
use alloc::vec::Vec;
use machine::fingerprint::{digest, fold};
use machine::{Ask, Context, Duration, Input, NodeId, SortedMap, Step, Time};
use platform::id::Token;
use platform::knob;
use platform::message::{Command, Message};
use platform::migration::{
    App, Command as Order, Message as Say, MigrationId, Note as Tell, Outcome, PRODUCTION, Work,
};
use platform::note::Note;

/// How long each piece of work takes, keyed by its number.
const WORK: u8 = sim::stream::FREE + 3;

/// How often a lock that is not free is looked at again.
const LOOK: Duration = Duration::millis(500);

/// How many rows the replicas take in a second.
const TAKEN_PER_SECOND: u64 = 200_000;

/// How many rows are written again at a time once a plan leaves that for later.
const PORTION: u32 = 100_000;

/// What can be wrong with the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// There is no restore point that is new enough.
    RestorePoint,
    /// An artifact in use cannot work with the new schema.
    Compatibility,
    /// A long reader holds what the lock wants.
    LongReader,
    /// Steps fail.
    StepError,
    /// A step is acknowledged and not kept.
    LostStep,
    /// What it calls a copy is production itself.
    SharedBinding,
    /// The app that runs does not get on with the schema once it has changed.
    RunningApp,
    /// The app in the rollback window does not.
    WindowApp,
    /// Maintenance of the database itself holds what the lock wants.
    Maintenance,
}

impl Trouble {
    /// Every trouble.
    pub const ALL: [Self; 9] = [
        Self::RestorePoint,
        Self::Compatibility,
        Self::LongReader,
        Self::StepError,
        Self::LostStep,
        Self::SharedBinding,
        Self::RunningApp,
        Self::WindowApp,
        Self::Maintenance,
    ];

    /// What it is called in content files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RestorePoint => "no-restore-point",
            Self::Compatibility => "old-app-incompatible",
            Self::LongReader => "long-reader",
            Self::StepError => "step-error",
            Self::LostStep => "lost-step",
            Self::SharedBinding => "shared-binding",
            Self::RunningApp => "running-app-fails",
            Self::WindowApp => "window-app-fails",
            Self::Maintenance => "maintenance-lock",
        }
    }

    /// The piece of work that meets it.
    #[must_use]
    pub const fn work(self) -> Work {
        match self {
            Self::RestorePoint => Work::RestorePoint,
            Self::Compatibility => Work::Compatible,
            Self::LongReader => Work::Lock,
            Self::StepError => Work::Step(0),
            Self::LostStep => Work::Schema,
            Self::SharedBinding => Work::Copy,
            Self::RunningApp => Work::Smoke(App::Running),
            Self::WindowApp => Work::Smoke(App::Window),
            Self::Maintenance => Work::Unlock,
        }
    }
}

/// A trouble for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spell {
    /// What.
    pub trouble: Trouble,
    /// From when.
    pub from: Time,
    /// Until when.
    pub until: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Job {
    due: Time,
    from: NodeId,
    migration: MigrationId,
    token: Token,
    work: Work,
    /// Whether rows that are written again are left for afterwards.
    later: bool,
    nth: u32,
    /// When waiting for the lock ends.
    patience: Time,
}

/// The database.
#[derive(Clone, Debug)]
pub struct Database {
    work: (Duration, Duration),
    spells: Vec<Spell>,
    holder: Option<MigrationId>,
    /// The steps that are in, as a set of bits.
    steps: SortedMap<MigrationId, u64>,
    copies: u32,
    jobs: Vec<Job>,
    /// How many rows each migration writes again; none if it is not here.
    rewrites: SortedMap<MigrationId, u32>,
    /// How much of that was left for afterwards and is still to be done.
    later: SortedMap<MigrationId, u32>,
    /// When the next portion is written.
    portion: Option<Time>,
    /// When the replicas will have taken everything.
    taken: Time,
    /// The last piece of work of each migration and what came of it: one that is asked for again is not done again.
    last: SortedMap<MigrationId, (u32, Option<Outcome>)>,
}

impl Database {
    /// A database that takes this long for each piece of work.
    #[must_use]
    pub fn new(work: (Duration, Duration), spells: Vec<Spell>, rewrites: &[u32]) -> Self {
        let ids = (0..).map(MigrationId);
        let costly = ids.zip(rewrites).filter(|(_, rows)| **rows > 0);
        Self {
            rewrites: costly.map(|(id, rows)| (id, *rows)).collect(),
            later: SortedMap::new(),
            portion: None,
            taken: Time(0),
            work,
            spells,
            holder: None,
            steps: SortedMap::new(),
            copies: PRODUCTION,
            jobs: Vec::new(),
            last: SortedMap::new(),
        }
    }

    /// Who holds the lock.
    #[must_use]
    pub const fn holder(&self) -> Option<MigrationId> {
        self.holder
    }

    /// How many steps of a migration are in.
    #[must_use]
    pub fn steps(&self, migration: MigrationId) -> u32 {
        self.steps
            .get(&migration)
            .map_or(0, |bits| bits.count_ones())
    }

    /// Whether there is a trouble at a moment.
    #[must_use]
    pub fn has(&self, trouble: Trouble, at: Time) -> bool {
        self.spell(trouble, at).is_some()
    }

    /// The spell of a trouble at a moment, if there is one.
    #[must_use]
    pub fn spell(&self, trouble: Trouble, at: Time) -> Option<Spell> {
        let here =
            |spell: &&Spell| spell.trouble == trouble && spell.from <= at && at < spell.until;
        self.spells.iter().find(here).copied()
    }

    /// Whether an app answers on the schema as it is now. What was found incompatible before the lock does not answer after it.
    #[must_use]
    pub fn answers(&self, app: App, at: Time) -> bool {
        match app {
            App::Running => !self.has(Trouble::RunningApp, at),
            App::Window => {
                !self.has(Trouble::WindowApp, at) && !self.has(Trouble::Compatibility, at)
            }
        }
    }

    /// How far the replicas are behind.
    #[must_use]
    pub const fn behind(&self, at: Time) -> Duration {
        self.taken.since(at)
    }

    /// How many rows are still to be written again.
    #[must_use]
    pub fn to_fill(&self) -> u32 {
        let begun = |id| self.steps(id) > 0;
        self.later
            .iter()
            .filter(|(id, _)| begun(**id))
            .map(|(_, rows)| *rows)
            .sum()
    }

    /// How far replicas are behind at most after this many rows at once.
    #[must_use]
    pub fn takes(rows: u64) -> Duration {
        Duration::millis(rows.saturating_mul(1_000) / TAKEN_PER_SECOND)
    }

    /// Rows are written again; the replicas take them one after the other.
    fn rewrite(
        &mut self,
        cx: &Context<'_>,
        (migration, rows): (MigrationId, u32),
        step: &mut Step<Message, Stored, Note>,
    ) {
        self.taken = self.taken.max(cx.now).after(Self::takes(rows.into()));
        step.note(Note::Migration(Tell::Rewrote {
            migration,
            rows,
            behind: self.behind(cx.now),
        }));
    }

    /// The next portion of what was left for later.
    fn fill(&mut self, cx: &Context<'_>, step: &mut Step<Message, Stored, Note>) {
        self.portion = None;
        let next = self.later.iter().find(|(id, _)| self.steps(**id) > 0);
        let Some((id, left)) = next.map(|(id, left)| (*id, *left)) else {
            return;
        };
        let rows = left.min(PORTION);
        self.rewrite(cx, (id, rows), step);
        if left > rows {
            self.later.insert(id, left - rows);
        } else {
            self.later.remove(&id);
            step.note(Note::Migration(Tell::Filled { migration: id }));
        }
        if self.to_fill() > 0 {
            self.portion = Some(cx.now.after(Self::takes(rows.into()).max(LOOK)));
        }
    }

    /// Whether there was a moment between two without a trouble.
    #[must_use]
    pub fn was_without(&self, trouble: Trouble, from: Time, to: Time) -> bool {
        let ends = self.spells.iter().filter(|spell| spell.trouble == trouble);
        let before = ends.map(|spell| Time(spell.from.0.saturating_sub(1)));
        [from, to]
            .into_iter()
            .chain(before.filter(|at| from <= *at && *at <= to))
            .any(|at| !self.has(trouble, at))
    }

    fn do_it(
        &mut self,
        cx: &Context<'_>,
        job: &Job,
        step: &mut Step<Message, Stored, Note>,
    ) -> Option<Outcome> {
        let yes = |holds| Some(if holds { Outcome::Yes } else { Outcome::No });
        let id = job.migration;
        match job.work {
            Work::Copy => {
                if !self.has(Trouble::SharedBinding, cx.now) {
                    self.copies += 1;
                    return Some(Outcome::Number(self.copies));
                }
                Some(Outcome::Number(PRODUCTION))
            }
            Work::Try(database) => {
                step.note(Note::Migration(Tell::TriedIn {
                    migration: id,
                    database,
                }));
                match self.rewrites.get(&id) {
                    None => yes(true),
                    Some(_) if job.later => Some(Outcome::Number(PORTION)),
                    Some(rows) => Some(Outcome::Number(*rows)),
                }
            }
            Work::RestorePoint => yes(!self.has(Trouble::RestorePoint, cx.now)),
            Work::Compatible => yes(!self.has(Trouble::Compatibility, cx.now)),
            Work::Smoke(app) => yes(self.answers(app, cx.now)),
            Work::Lock => {
                let free = self.holder.is_none_or(|holder| holder == id)
                    && !self.has(Trouble::LongReader, cx.now)
                    && !self.has(Trouble::Maintenance, cx.now);
                if free {
                    self.holder = Some(id);
                    return yes(true);
                }
                (cx.now >= job.patience).then_some(Outcome::No)
            }
            Work::Step(_) if self.has(Trouble::StepError, cx.now) => yes(false),
            Work::Step(nth) => {
                let bits = self.steps.entry(id).or_default();
                let again = *bits >> nth & 1 == 1;
                if !self.spells.iter().any(|spell| {
                    spell.trouble == Trouble::LostStep
                        && spell.from <= cx.now
                        && cx.now < spell.until
                }) {
                    *bits |= 1 << nth;
                }
                step.note(Note::Migration(Tell::Changed {
                    migration: id,
                    step: nth,
                    again,
                }));
                if nth == 0
                    && !again
                    && let Some(rows) = self.rewrites.get(&id).copied()
                {
                    if job.later {
                        self.later.insert(id, rows);
                        self.portion = Some(self.portion.unwrap_or(cx.now.after(LOOK)));
                    } else {
                        self.rewrite(cx, (id, rows), step);
                    }
                }
                yes(true)
            }
            Work::Schema => Some(Outcome::Number(self.steps(id))),
            Work::Unlock => {
                if self.holder == Some(id) {
                    self.holder = None;
                }
                yes(true)
            }
        }
    }

    fn answer(job: &Job, outcome: Outcome) -> Message {
        Message::Migration(Say::Ran {
            migration: job.migration,
            token: job.token,
            work: job.work,
            outcome,
            nth: job.nth,
        })
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
                message:
                    Message::Migration(Say::Run {
                        migration,
                        token,
                        work,
                        later,
                        nth,
                    }),
            } => {
                let ask = Ask {
                    stream: WORK,
                    key: fold(u64::from(nth), 60),
                };
                let takes = cx.dice.between(ask, self.work.0.0, self.work.1.0);
                let job = Job {
                    due: cx.now.after(Duration(takes)),
                    from,
                    migration,
                    token,
                    work,
                    later,
                    nth,
                    patience: cx.now.after(cx.knobs.time(&knob::MIGRATION_LOCK_TIMEOUT)),
                };
                match self.last.get(&migration) {
                    Some((last, outcome)) if *last >= nth => {
                        if let Some(outcome) = outcome.filter(|_| *last == nth) {
                            step.send(from, Self::answer(&job, outcome));
                        }
                    }
                    _ => {
                        self.last.insert(migration, (nth, None));
                        self.jobs.push(job);
                    }
                }
            }
            Input::Message {
                message: Message::Command(Command::Migration(command @ Order::Provide { what })),
                ..
            } => {
                for spell in &mut self.spells {
                    if spell.trouble.work() == what {
                        spell.until = spell.until.min(cx.now);
                    }
                }
                step.note(Note::Migration(Tell::Ordered {
                    command,
                    done: true,
                }));
            }
            Input::Deadline => {
                if self.portion.is_some_and(|at| at <= cx.now) {
                    self.fill(cx, step);
                }
                let (due, later): (Vec<Job>, Vec<Job>) =
                    self.jobs.iter().partition(|job| job.due <= cx.now);
                self.jobs = later;
                for job in due {
                    match self.do_it(cx, &job, step) {
                        Some(outcome) => {
                            self.last.insert(job.migration, (job.nth, Some(outcome)));
                            step.send(job.from, Self::answer(&job, outcome));
                        }
                        None => self.jobs.push(Job {
                            due: cx.now.after(LOOK),
                            ..job
                        }),
                    }
                }
            }
            _ => {}
        }
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        let due = self.jobs.iter().map(|job| job.due);
        due.chain(self.portion).min()
    }

    /// What was under way is gone; what is in stays in.
    pub(super) fn restart(&mut self) {
        self.jobs.clear();
    }

    pub(super) fn fingerprint(&self) -> u64 {
        digest(&(
            (&self.spells, self.holder, self.copies, &self.jobs),
            self.steps.iter().collect::<Vec<_>>(),
            self.last.iter().collect::<Vec<_>>(),
            self.later.iter().collect::<Vec<_>>(),
            (self.portion, self.taken),
        ))
    }
}
