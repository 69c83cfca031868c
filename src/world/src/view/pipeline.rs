//! The pipeline in words: what deployments on their way are called, what is said about them, what is told, what can be read.

use super::names::Names;
use crate::fleet::{Fleet, Snag};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use machine::Subject;
use platform::pipeline::{
    Blocker, Cause, Command, DbImpact, Defect, DeployId, Look, Message, Note, Pipeline, Progress,
    State as Stage, StateImpact,
};
use protocol::{Plan, ThingView};
use sim::State;

/// What a deployment on its way is called: its name in the plan, `deploy 2` if it has none.
#[must_use]
pub fn name(plan: &Plan, id: DeployId) -> String {
    plan.pipeline
        .as_ref()
        .and_then(|it| it.deploys.get(usize::from(id.0)))
        .map_or_else(
            || format!("deploy {}", u32::from(id.0) + 1),
            |deploy| deploy.name.clone(),
        )
}

const fn look(what: Look) -> &'static str {
    match what {
        Look::Bindings => "secrets and providers",
        Look::Migration => "migration",
        Look::Preview(_) => "preview",
    }
}

/// Whom a deployment waits for, in the middle of a sentence.
const fn blocker(blocker: Blocker) -> &'static str {
    match blocker {
        Blocker::ColdAckMissing => "live state would be lost, and nobody has agreed to that",
        Blocker::MigrationPending => "the migration that it needs has not been applied",
        Blocker::BindingMissing => "a secret or a provider is missing",
        Blocker::StateUnclassified => "nobody has said what it does to live state",
        Blocker::DbUnclassified => "nobody has said what it needs of the database",
    }
}

/// Why a deployment failed, in the middle of a sentence.
const fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::TreeMismatch => "what was fetched is not its commit",
        Cause::DigestMismatch => "twice the registry found another digest than the builder",
        Cause::StaleArtifacts => "its generated files are stale",
        Cause::LeaseLost => "builder after builder was not heard of any more",
        Cause::Deadline => "it took too long",
        Cause::Expired => "nobody did anything for too long",
        Cause::Cancelled => "it was called off",
        Cause::Superseded => "a newer commit of its branch took its place",
        Cause::CompileError => "its builder says that it does not compile",
        Cause::TestFailed => "its builder says that a test of its own fails",
    }
}

/// Where a deployment is on its way, in a few words.
#[must_use]
pub const fn where_it_is(state: Option<Stage>) -> &'static str {
    match state {
        None => "nobody has asked for it",
        Some(state) => state.spec().name,
    }
}

/// What a message says, in a few words.
#[must_use]
pub fn label(message: &Message) -> String {
    match *message {
        Message::Build { token, .. } => format!("build, lease {}", token.0),
        Message::Fetch { .. } => "which tree?".to_string(),
        Message::Tree { .. } => "tree".to_string(),
        Message::Beat {
            progress, token, ..
        } => {
            let far = match progress {
                Progress::Fetching => "fetching",
                Progress::Building(_) => "building",
                Progress::Built(_) => "built",
            };
            format!("{far}, lease {}", token.0)
        }
        Message::Release { token, .. } => format!("let go of lease {}", token.0),
        Message::Put { .. } => "keep this artifact".to_string(),
        Message::Kept { .. } => "kept".to_string(),
        Message::DigestAsk { .. } => "which digest?".to_string(),
        Message::DigestIs { digest, .. } => digest.map_or_else(
            || "no such artifact".to_string(),
            |digest| format!("digest {}", short(digest.0)),
        ),
        Message::Look { what, .. } => format!("{}?", look(what)),
        Message::Seen { what, holds, .. } => {
            format!("{}: {}", look(what), if holds { "yes" } else { "no" })
        }
        Message::Publish { event, .. } => format!("version {} is committed", event.version),
        Message::Published { event, .. } => format!("has version {}", event.version),
        Message::OtherSequence { last, .. } => format!("10071, the last one is {last}"),
        Message::Attempt(ref message) => super::attempt::label(message),
        Message::ConfigAsk { .. } => "which configuration?".to_string(),
        Message::ConfigIs { config, .. } => format!("configuration {config}"),
        Message::PreviewAsk { .. } => "is its preview ready?".to_string(),
        Message::PreviewIs { standing, .. } => where_it_is(standing.state).to_string(),
        Message::BuildError { defect, token, .. } => {
            let what = match defect {
                Defect::Compile => "it does not compile",
                Defect::Test => "a test of its own fails",
            };
            format!("{what}, lease {}", token.0)
        }
    }
}

/// The beginning of a digest.
fn short(digest: u64) -> String {
    format!("{:06x}", digest >> 40)
}

/// What is told, as a part of a sentence; `None` for what nobody asks about.
#[must_use]
pub fn told(names: &Names<'_>, note: &Note) -> Option<String> {
    let name = |id: DeployId| name(names.plan(), id);
    Some(match *note {
        Note::Waits {
            deploy,
            blocker: who,
        } => format!("{} waits: {}", name(deploy), blocker(who)),
        Note::Failed { deploy, cause: why } => format!("{} failed: {}", name(deploy), cause(why)),
        Note::Leased {
            deploy,
            builder,
            token,
        } => format!(
            "{} gets {} under lease {}",
            names.node(builder),
            name(deploy),
            token.0
        ),
        Note::LeaseLost { deploy, token } => format!(
            "nobody has been heard of under lease {} of {}",
            token.0,
            name(deploy)
        ),
        Note::Mismatch {
            deploy,
            builder,
            times,
        } => format!(
            "what {} stored for {} is not what it says it has built ({times} of 2)",
            names.node(builder),
            name(deploy)
        ),
        Note::LateReport { deploy, token } => format!(
            "a report under lease {} of {} is written down and counts for nothing",
            token.0,
            name(deploy)
        ),
        Note::Alarm { deploy } => format!(
            "somebody is called to look into the builds of {}",
            name(deploy)
        ),
        Note::Ordered { command, done } => {
            let what = match command {
                Command::Request { deploy } => format!("make a preview of {}", name(deploy)),
                Command::Acknowledge { deploy, digest } => format!(
                    "let {} lose live state as artifact {}",
                    name(deploy),
                    short(digest.0)
                ),
                Command::Classify { deploy, .. } => {
                    format!("take {} for harmless", name(deploy))
                }
                Command::Cancel { deploy } => format!("call {} off", name(deploy)),
                Command::Provide { what } => format!("see to the {}", look(what)),
                Command::RepeatEvent { .. } => "repeat an event".to_string(),
                Command::ResumeEvents => "go on telling the log of events".to_string(),
                // The service of attempts tells of those itself.
                Command::Attempt(_) => return None,
            };
            format!(
                "the order to {what} is {}",
                if done { "carried out" } else { "refused" }
            )
        }
        Note::Attempt(ref note) => return super::attempt::told(names, note),
        Note::ForeignEvent { entity, seq } => format!(
            "somebody else writes event {seq} about {} into the log",
            names.subject(entity)
        ),
        Note::EventsStopped { entity, seq } => format!(
            "event {seq} about {} is somebody else's: the log is told nothing more of it, and somebody is called",
            names.subject(entity)
        ),
        Note::EventsResumed { entity, seq } => format!(
            "somebody has looked: {} is told of behind event {seq}",
            names.subject(entity)
        ),
        Note::Committed { .. }
        | Note::Published { .. }
        | Note::Believed { .. }
        | Note::Appended { .. } => return None,
    })
}

/// Whether something told is worth stopping at.
#[must_use]
pub const fn is_news(note: &Note) -> bool {
    matches!(
        note,
        Note::Waits { .. }
            | Note::Failed { .. }
            | Note::LeaseLost { .. }
            | Note::Mismatch { .. }
            | Note::LateReport { .. }
            | Note::Alarm { .. }
            | Note::ForeignEvent { .. }
            | Note::EventsStopped { .. }
            | Note::EventsResumed { .. }
            | Note::Ordered { done: false, .. }
    ) || matches!(note, Note::Attempt(note) if super::attempt::is_news(note))
}

/// Whether something told goes without saying.
#[must_use]
pub const fn is_routine(note: &Note) -> bool {
    matches!(
        note,
        Note::Committed { .. }
            | Note::Published { .. }
            | Note::Believed { .. }
            | Note::Appended { .. }
            | Note::Attempt(platform::attempt::Note::Believed { .. })
    )
}

/// What an entity of an event is called, if it is one of the pipeline's.
#[must_use]
pub fn subject(plan: &Plan, subject: Subject) -> String {
    name(plan, DeployId(subject.id as u8))
}

/// The deployments on their way as things.
pub fn things(plan: &Plan, state: &State<Fleet>) -> Vec<ThingView> {
    let Some(service) = state.fleet().pipeline() else {
        return Vec::new();
    };
    let names = Names::new(plan, state);
    let rows = service.rows().iter();
    rows.filter_map(|(at, row)| {
        let row = row.value;
        let mut facts = alloc::vec![("lease".to_string(), row.token.0.to_string())];
        if let Some(builder) = row.builder {
            facts.push(("builder".to_string(), names.node(builder)));
        }
        if let Some(product) = row.product {
            facts.push(("artifact".to_string(), short(product.digest.0)));
        }
        if let Some(who) = row.blocker {
            facts.push(("waits".to_string(), blocker(who).to_string()));
        }
        if let Some(why) = row.cause {
            facts.push(("because".to_string(), cause(why).to_string()));
        }
        Some(ThingView {
            lifecycle: platform::PIPELINE,
            name: name(plan, DeployId(at as u8)),
            id: u64::from(at),
            state: row.state? as u8,
            since: row.since.0,
            transition: None,
            facts,
        })
    })
    .collect()
}

/// What the environment of previews is like: label, value, and whether it stands in the way.
#[must_use]
pub fn environment(state: &State<Fleet>) -> Vec<(String, String, bool)> {
    let Some(environment) = state.fleet().environment() else {
        return Vec::new();
    };
    let lines = [
        (Snag::MissingSecret, "secrets", "complete", "one is missing"),
        (
            Snag::MissingProvider,
            "providers",
            "bound",
            "one is not bound",
        ),
        (
            Snag::MigrationPending,
            "schema",
            "migrations applied",
            "a migration is pending",
        ),
        (
            Snag::BrokenPreview,
            "previews",
            "answer",
            "start and do not answer",
        ),
    ];
    lines
        .into_iter()
        .map(|(snag, label, well, ill)| {
            let wrong = environment.has(snag, state.now());
            let word = if wrong { ill } else { well };
            (label.to_string(), word.to_string(), wrong)
        })
        .collect()
}

/// What a builder is at, or the registry and the log hold.
#[must_use]
pub fn builder(plan: &Plan, builder: &crate::fleet::Builder) -> Vec<(String, String, bool)> {
    let word = builder
        .at_work()
        .map_or("nothing".to_string(), |(id, token)| {
            format!("{}, lease {}", name(plan, id), token.0)
        });
    alloc::vec![("at work on".to_string(), word, false)]
}

fn impacts(state: StateImpact, db: DbImpact) -> String {
    let state = match state {
        StateImpact::Hot => "live state survives",
        StateImpact::Cold => "live state is lost",
        StateImpact::Unclassified => "nobody has said what becomes of live state",
    };
    let db = match db {
        DbImpact::None => "nothing new in the database",
        DbImpact::Migration => "needs a migration",
        DbImpact::Unclassified => "nobody has said what it needs of the database",
    };
    format!("{state}, {db}")
}

fn line(plan: &Plan, service: &Pipeline, id: DeployId) -> Option<String> {
    let row = service.rows().get(u32::from(id.0))?.value;
    let stage = row.state.map_or("not asked for", |stage| stage.spec().name);
    let built = row.product.map_or(String::new(), |product| {
        format!(
            ", artifact {}, {}",
            short(product.digest.0),
            impacts(row.state_impact(), row.db_impact())
        )
    });
    let who = row
        .blocker
        .map_or(String::new(), |who| format!(": {}", blocker(who)));
    let why = row
        .cause
        .map_or(String::new(), |why| format!(": {}", cause(why)));
    Some(format!("{}: {stage}{built}{who}{why}", name(plan, id)))
}

/// Of what the log of events is told nothing more, and why.
#[must_use]
pub fn stopped(
    plan: &Plan,
    state: &State<Fleet>,
    outbox: &platform::pipeline::Outbox,
) -> Vec<String> {
    let names = Names::new(plan, state);
    let stopped = outbox.stopped();
    stopped
        .map(|(entity, seq)| {
            format!(
                "nothing more is told of {}: event {seq} in the log is somebody else's",
                names.subject(entity)
            )
        })
        .collect()
}

/// What a read of the pipeline shows.
#[must_use]
pub fn deploys(plan: &Plan, state: &State<Fleet>) -> Vec<String> {
    let Some(service) = state.fleet().pipeline() else {
        return Vec::new();
    };
    (0..service.rows().len() as u8)
        .filter_map(|at| line(plan, service, DeployId(at)))
        .chain(stopped(plan, state, service.outbox()))
        .collect()
}
