//! What the pipeline works with: builders, the source of commits, the registry of artifacts, the environment of previews, and
//! the log that events are told to.

use super::Stored;
use alloc::vec::Vec;
use machine::fingerprint::{digest, fold};
use machine::{Ask, Context, Duration, Input, NodeId, SortedMap, Step, Time};
use platform::id::{Digest, Token};
use platform::knob;
use platform::message::{Command, Message};
use platform::note::Note;
use platform::pipeline::{
    Command as Order, DbImpact, Defect, DeployId, Look, Message as Say, Note as Tell, Product,
    Progress, Record, StateImpact,
};

/// How long fetching, building and starting take, keyed by what is fetched, built or started.
const WORK: u8 = 16;

/// How much slower a slow builder is.
const SLOW: u64 = 30;

type Out = Step<Message, Stored, Note>;

/// What can be wrong around the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Snag {
    /// A builder sends other bytes than it has built.
    SpoiltBuild,
    /// A builder's generator makes other files than everybody else's.
    OtherGenerator,
    /// A builder takes very long.
    SlowBuild,
    /// The source hands out what the branch has become meanwhile.
    MovedBranch,
    /// A secret is missing.
    MissingSecret,
    /// A provider is not bound.
    MissingProvider,
    /// A migration that the change needs has not been applied.
    MigrationPending,
    /// Previews start and do not answer.
    BrokenPreview,
    /// Whatever is made where deployments run fails.
    ResourceFails,
    /// Whatever is made where deployments run takes very long.
    SlowResource,
}

impl Snag {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::SpoiltBuild,
        Self::OtherGenerator,
        Self::SlowBuild,
        Self::MovedBranch,
        Self::MissingSecret,
        Self::MissingProvider,
        Self::MigrationPending,
        Self::BrokenPreview,
        Self::ResourceFails,
        Self::SlowResource,
    ];

    /// What it is called in content files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SpoiltBuild => "spoilt-build",
            Self::OtherGenerator => "other-generator",
            Self::SlowBuild => "slow-build",
            Self::MovedBranch => "moved-branch",
            Self::MissingSecret => "missing-secret",
            Self::MissingProvider => "missing-provider",
            Self::MigrationPending => "migration-pending",
            Self::BrokenPreview => "broken-preview",
            Self::ResourceFails => "resource-fails",
            Self::SlowResource => "slow-resource",
        }
    }

    /// What an operator provides to end it, if one can.
    #[must_use]
    pub const fn remedy(self) -> Option<Look> {
        match self {
            Self::MissingSecret | Self::MissingProvider => Some(Look::Bindings),
            Self::MigrationPending => Some(Look::Migration),
            Self::BrokenPreview => Some(Look::Preview(Digest(0))),
            _ => None,
        }
    }
}

/// A snag for a while; of one builder, from 1, or of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SnagSpell {
    /// What.
    pub snag: Snag,
    /// Which builder, from 1; 0 is every one.
    pub builder: u16,
    /// From when.
    pub from: Time,
    /// Until when.
    pub until: Time,
}

pub(super) fn has(spells: &[SnagSpell], snag: Snag, at: Time) -> bool {
    spells
        .iter()
        .any(|spell| spell.snag == snag && spell.from <= at && at < spell.until)
}

/// What a commit brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Content {
    /// Whether its generated files are those that its sources make.
    pub current: bool,
    /// What it does to live state.
    pub state: StateImpact,
    /// What it needs of the database.
    pub db: DbImpact,
    /// What is wrong with its sources.
    pub defect: Option<Defect>,
}

impl Default for Content {
    fn default() -> Self {
        Self {
            current: true,
            state: StateImpact::Hot,
            db: DbImpact::None,
            defect: None,
        }
    }
}

/// The tree of a commit.
#[must_use]
pub fn tree(commit: u32) -> u64 {
    digest(&("tree", commit))
}

/// What a sound builder makes of a tree.
#[must_use]
pub fn artifact(tree: u64) -> Digest {
    Digest(digest(&("artifact", tree)))
}

/// What a sound generator makes of a tree.
#[must_use]
pub fn generated(tree: u64) -> u64 {
    digest(&("generated", tree))
}

pub(super) fn takes(cx: &Context<'_>, key: u64, (low, high): (Duration, Duration)) -> Duration {
    let ask = Ask {
        stream: WORK,
        key: fold(key, 110),
    };
    Duration(cx.dice.between(ask, low.0, high.0))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Fetching,
    Building(Product, Time),
    Putting(Product),
    Done(Product),
    /// It cannot be built: its tree, and what is wrong with it.
    Broken(u64, Defect),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Job {
    deploy: DeployId,
    token: Token,
    commit: u32,
    stage: Stage,
    /// What its tree turned out to have.
    defect: Option<Defect>,
    beat: Time,
    again: Time,
}

/// A builder.
#[derive(Clone, Debug)]
pub struct Builder {
    service: NodeId,
    source: NodeId,
    registry: NodeId,
    build: (Duration, Duration),
    spells: Vec<SnagSpell>,
    job: Option<Job>,
    taken: SortedMap<DeployId, Token>,
    nth: u32,
}

impl Builder {
    /// A builder between these, which takes this long, with what is wrong with it.
    #[must_use]
    pub const fn new(
        (service, source, registry): (NodeId, NodeId, NodeId),
        build: (Duration, Duration),
        spells: Vec<SnagSpell>,
    ) -> Self {
        Self {
            service,
            source,
            registry,
            build,
            spells,
            job: None,
            taken: SortedMap::new(),
            nth: 0,
        }
    }

    /// What it is at: a deployment and the lease that it was given.
    #[must_use]
    pub fn at_work(&self) -> Option<(DeployId, Token)> {
        self.job.map(|job| (job.deploy, job.token))
    }

    /// Whether it has a snag at a moment.
    #[must_use]
    pub fn has(&self, snag: Snag, at: Time) -> bool {
        has(&self.spells, snag, at)
    }

    fn say(&mut self, out: &mut Out, to: NodeId, say: impl FnOnce(u32) -> Say) {
        self.nth = self.nth.saturating_add(1);
        out.send(to, Message::Pipeline(say(self.nth)));
    }

    /// Says how far it is, and asks once more for what it waits for if that is due.
    fn tell(&mut self, cx: &Context<'_>, out: &mut Out, beat: bool) {
        let Some(mut job) = self.job else { return };
        let (deploy, token, commit) = (job.deploy, job.token, job.commit);
        if job.again <= cx.now {
            job.again = cx.now.after(cx.knobs.time(&knob::PIPELINE_RESEND));
            let (source, registry) = (self.source, self.registry);
            match job.stage {
                Stage::Fetching => self.say(out, source, |nth| Say::Fetch {
                    deploy,
                    token,
                    commit,
                    nth,
                }),
                Stage::Putting(product) => {
                    let spoilt = self.has(Snag::SpoiltBuild, cx.now);
                    let bytes = if spoilt {
                        Digest(digest(&("spoilt", product.digest)))
                    } else {
                        product.digest
                    };
                    self.say(out, registry, |nth| Say::Put {
                        deploy,
                        token,
                        bytes,
                        nth,
                    });
                }
                Stage::Building(..) | Stage::Done(_) | Stage::Broken(..) => {}
            }
        }
        if beat || job.beat <= cx.now {
            job.beat = cx.now.after(cx.knobs.time(&knob::PIPELINE_BEAT));
            let service = self.service;
            let progress = match job.stage {
                Stage::Broken(tree, defect) => {
                    self.say(out, service, |nth| Say::BuildError {
                        deploy,
                        token,
                        tree,
                        defect,
                        nth,
                    });
                    self.job = Some(job);
                    return;
                }
                Stage::Fetching => Progress::Fetching,
                Stage::Building(product, _) | Stage::Putting(product) => {
                    Progress::Building(product.tree)
                }
                Stage::Done(product) => Progress::Built(product),
            };
            self.say(out, service, |nth| Say::Beat {
                deploy,
                token,
                progress,
                nth,
            });
        }
        self.job = Some(job);
    }

    /// It goes on to this stage, if it is at that deployment under that lease.
    fn go_on(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        (deploy, token): (DeployId, Token),
        next: impl FnOnce(&Self, Stage) -> Option<Stage>,
    ) {
        let Some(job) = self.job else { return };
        if (job.deploy, job.token) != (deploy, token) {
            return;
        }
        if let Some(stage) = next(self, job.stage) {
            let again = cx.now;
            self.job = Some(Job {
                stage,
                again,
                ..job
            });
            self.tell(cx, out, true);
        }
    }

    fn on_message(&mut self, cx: &Context<'_>, out: &mut Out, message: Say) {
        match message {
            Say::Build {
                deploy,
                token,
                commit,
                ..
            } => {
                if self.taken.get(&deploy).is_some_and(|taken| *taken >= token) {
                    return;
                }
                self.taken.insert(deploy, token);
                self.job = Some(Job {
                    deploy,
                    token,
                    commit,
                    stage: Stage::Fetching,
                    defect: None,
                    beat: cx.now,
                    again: cx.now,
                });
                self.tell(cx, out, true);
            }
            Say::Tree {
                deploy,
                token,
                tree,
                committed,
                state,
                db,
                defect,
                ..
            } => {
                let key = fold(fold(u64::from(deploy.0), u64::from(token.0)), 1);
                let other = self.has(Snag::OtherGenerator, cx.now);
                let slow = if self.has(Snag::SlowBuild, cx.now) {
                    SLOW
                } else {
                    1
                };
                let build = Duration(takes(cx, key, self.build).0 * slow);
                let product = Product {
                    tree,
                    digest: artifact(tree),
                    committed,
                    generated: generated(tree) ^ u64::from(other),
                    state,
                    db,
                };
                if let Some(job) = self.job.as_mut()
                    && (job.deploy, job.token, job.stage) == (deploy, token, Stage::Fetching)
                {
                    job.defect = defect;
                }
                self.go_on(cx, out, (deploy, token), |_, stage| {
                    (stage == Stage::Fetching)
                        .then_some(Stage::Building(product, cx.now.after(build)))
                });
            }
            Say::Kept { deploy, token, .. } => {
                self.go_on(cx, out, (deploy, token), |_, stage| match stage {
                    Stage::Putting(product) => Some(Stage::Done(product)),
                    _ => None,
                });
            }
            Say::Release { deploy, token, .. } if self.at_work() == Some((deploy, token)) => {
                self.job = None;
            }
            _ => {}
        }
    }

    pub(super) fn step(&mut self, cx: &Context<'_>, input: Input<Message>, out: &mut Out) {
        match input {
            Input::Message {
                message: Message::Pipeline(message),
                ..
            } => self.on_message(cx, out, message),
            Input::Deadline => {
                if let Some(job) = self.job
                    && let Stage::Building(product, until) = job.stage
                    && until <= cx.now
                {
                    let at = (job.deploy, job.token);
                    let next = match job.defect {
                        Some(defect) => Stage::Broken(product.tree, defect),
                        None => Stage::Putting(product),
                    };
                    self.go_on(cx, out, at, |_, _| Some(next));
                }
                self.tell(cx, out, false);
            }
            _ => {}
        }
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        let job = self.job?;
        Some(match job.stage {
            Stage::Building(_, until) => until.min(job.beat),
            Stage::Fetching | Stage::Putting(_) => job.again.min(job.beat),
            Stage::Done(_) | Stage::Broken(..) => job.beat,
        })
    }

    /// What it was at is gone.
    pub(super) fn restart(&mut self, cx: &Context<'_>) {
        self.job = None;
        self.taken = SortedMap::new();
        self.nth = u32::try_from(cx.now.0 / 1_000).unwrap_or(u32::MAX / 2);
    }

    pub(super) fn fingerprint(&self) -> u64 {
        digest(&(self.job, self.taken.iter().collect::<Vec<_>>(), self.nth))
    }
}

/// The source of commits.
#[derive(Clone, Debug)]
pub struct Source {
    clone: (Duration, Duration),
    spells: Vec<SnagSpell>,
    contents: Vec<Content>,
    jobs: Vec<(Time, NodeId, DeployId, Token, u32, u32)>,
    last: SortedMap<NodeId, u32>,
}

impl Source {
    /// A source with what each commit brings, in the order of the deployments.
    #[must_use]
    pub const fn new(
        clone: (Duration, Duration),
        spells: Vec<SnagSpell>,
        contents: Vec<Content>,
    ) -> Self {
        Self {
            clone,
            spells,
            contents,
            jobs: Vec::new(),
            last: SortedMap::new(),
        }
    }

    /// What the commit of a deployment brings.
    #[must_use]
    pub fn content(&self, deploy: DeployId) -> Content {
        self.contents
            .get(usize::from(deploy.0))
            .copied()
            .unwrap_or_default()
    }

    pub(super) fn step(&mut self, cx: &Context<'_>, input: Input<Message>, out: &mut Out) {
        match input {
            Input::Message {
                from,
                message:
                    Message::Pipeline(Say::Fetch {
                        deploy,
                        token,
                        commit,
                        nth,
                    }),
            } => {
                if self.last.get(&from).is_some_and(|last| *last >= nth) {
                    return;
                }
                self.last.insert(from, nth);
                let mut waiting = self.jobs.iter_mut();
                if let Some(job) =
                    waiting.find(|job| (job.1, job.2, job.3) == (from, deploy, token))
                {
                    // It is on its way already.
                    job.5 = nth;
                    return;
                }
                let key = fold(fold(u64::from(deploy.0), u64::from(token.0)), 2);
                let due = cx.now.after(takes(cx, key, self.clone));
                self.jobs.push((due, from, deploy, token, commit, nth));
            }
            Input::Deadline => {
                let (due, later): (Vec<_>, Vec<_>) =
                    self.jobs.iter().partition(|job| job.0 <= cx.now);
                self.jobs = later;
                for (_, to, deploy, token, commit, nth) in due {
                    let moved = has(&self.spells, Snag::MovedBranch, cx.now);
                    let tree = tree(commit) ^ u64::from(moved);
                    let content = self.content(deploy);
                    let committed = generated(tree) ^ u64::from(!content.current);
                    let (state, db, defect) = (content.state, content.db, content.defect);
                    out.send(
                        to,
                        Message::Pipeline(Say::Tree {
                            deploy,
                            token,
                            tree,
                            committed,
                            state,
                            db,
                            defect,
                            nth,
                        }),
                    );
                }
            }
            _ => {}
        }
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        self.jobs.iter().map(|job| job.0).min()
    }

    pub(super) fn restart(&mut self) {
        self.jobs.clear();
    }

    pub(super) fn fingerprint(&self) -> u64 {
        digest(&(&self.jobs, self.last.iter().collect::<Vec<_>>()))
    }
}

/// The registry: it keeps bytes and computes their digest itself.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    kept: SortedMap<(DeployId, Token), Digest>,
}

impl Registry {
    /// The digest of what it holds of a build.
    #[must_use]
    pub fn holds(&self, deploy: DeployId, token: Token) -> Option<Digest> {
        self.kept.get(&(deploy, token)).copied()
    }

    pub(super) fn step(&mut self, input: &Input<Message>, out: &mut Out) {
        let Input::Message {
            from,
            message: Message::Pipeline(message),
        } = *input
        else {
            return;
        };
        match message {
            Say::Put {
                deploy,
                token,
                bytes,
                nth,
            } => {
                // What is kept is never overwritten.
                self.kept.entry((deploy, token)).or_insert(bytes);
                out.send(from, Message::Pipeline(Say::Kept { deploy, token, nth }));
            }
            Say::DigestAsk { deploy, token, nth } => {
                let digest = self.holds(deploy, token);
                out.send(
                    from,
                    Message::Pipeline(Say::DigestIs {
                        deploy,
                        token,
                        digest,
                        nth,
                    }),
                );
            }
            _ => {}
        }
    }

    pub(super) fn fingerprint(&self) -> u64 {
        digest(&self.kept.iter().collect::<Vec<_>>())
    }
}

/// Where previews run: what is bound there, what the schema is, which previews are up.
#[derive(Clone, Debug)]
pub struct Environment {
    preview: (Duration, Duration),
    spells: Vec<SnagSpell>,
    previews: SortedMap<DeployId, (Digest, Time)>,
}

impl Environment {
    /// An environment in which previews take this long to start.
    #[must_use]
    pub const fn new(preview: (Duration, Duration), spells: Vec<SnagSpell>) -> Self {
        Self {
            preview,
            spells,
            previews: SortedMap::new(),
        }
    }

    /// Whether something is so there at a moment.
    #[must_use]
    pub fn holds(&self, deploy: DeployId, what: Look, at: Time) -> bool {
        match what {
            Look::Bindings => {
                !has(&self.spells, Snag::MissingSecret, at)
                    && !has(&self.spells, Snag::MissingProvider, at)
            }
            Look::Migration => !has(&self.spells, Snag::MigrationPending, at),
            Look::Preview(digest) => {
                let up = self.previews.get(&deploy);
                up.is_some_and(|(it, ready)| *it == digest && *ready <= at)
                    && !has(&self.spells, Snag::BrokenPreview, at)
            }
        }
    }

    /// Whether there was a moment between two at which something was so there.
    #[must_use]
    pub fn held(&self, deploy: DeployId, what: Look, from: Time, to: Time) -> bool {
        let ends = self.spells.iter();
        let edges = ends.flat_map(|spell| [Time(spell.from.0.saturating_sub(1)), spell.until]);
        [from, to]
            .into_iter()
            .chain(edges.filter(|at| from <= *at && *at <= to))
            .any(|at| self.holds(deploy, what, at))
    }

    /// Whether it has a snag at a moment.
    #[must_use]
    pub fn has(&self, snag: Snag, at: Time) -> bool {
        has(&self.spells, snag, at)
    }

    pub(super) fn step(&mut self, cx: &Context<'_>, input: &Input<Message>, out: &mut Out) {
        match *input {
            Input::Message {
                from,
                message: Message::Pipeline(Say::Look { deploy, what, nth }),
            } => {
                if let Look::Preview(digest) = what
                    && self.previews.get(&deploy).is_none_or(|it| it.0 != digest)
                {
                    let key = fold(u64::from(deploy.0), digest.0);
                    let ready = cx.now.after(takes(cx, key, self.preview));
                    self.previews.insert(deploy, (digest, ready));
                }
                let (holds, at) = (self.holds(deploy, what, cx.now), cx.now);
                out.send(
                    from,
                    Message::Pipeline(Say::Seen {
                        deploy,
                        what,
                        holds,
                        at,
                        nth,
                    }),
                );
            }
            Input::Message {
                message: Message::Command(Command::Pipeline(command @ Order::Provide { what })),
                ..
            } => {
                let mut mended = false;
                for spell in &mut self.spells {
                    let same = match (spell.snag.remedy(), what) {
                        (Some(Look::Preview(_)), Look::Preview(_)) => true,
                        (remedy, what) => remedy == Some(what),
                    };
                    if same && cx.now < spell.until {
                        spell.until = cx.now;
                        mended = true;
                    }
                }
                out.note(Note::Pipeline(Tell::Ordered {
                    command,
                    done: mended,
                }));
            }
            _ => {}
        }
    }

    pub(super) fn fingerprint(&self) -> u64 {
        digest(&(&self.spells, self.previews.iter().collect::<Vec<_>>()))
    }
}

pub(super) const fn stored(stored: &Stored) -> Option<Record> {
    match stored {
        Stored::Pipeline(record) => Some(*record),
        _ => None,
    }
}
