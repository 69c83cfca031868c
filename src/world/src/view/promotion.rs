//! Promotions in words: what is said about them, what is told, what can be read.

use super::names::Names;
use crate::fleet::{Blemish, Fleet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use machine::Time;
use platform::edge::{Edge, Phase};
use platform::id::DeploymentId;
use platform::promotion::{Answer, Command, Gap, Hold, Message, Note, Promotion, PromotionId};
use protocol::{Candidate, Plan, ThingView};
use sim::State;

/// What a deployment is called: `deployment 2 of shop`.
pub fn deployment(names: &Names<'_>, id: DeploymentId) -> String {
    let plan = names.plan();
    let per = crate::lower::deployments_of(plan, 0).count().max(1) as u16;
    format!(
        "deployment {} of {}",
        id.0 % per + 1,
        names.app(platform::id::RouteId(id.0 / per))
    )
}

/// What a promotion is called.
#[must_use]
pub fn name(id: PromotionId) -> String {
    format!("promotion {}", u64::from(id.0) + 1)
}

const fn gap(gap: Gap) -> &'static str {
    match gap {
        Gap::Retention => "what would come next is gone from the log",
        Gap::Hole => "a sequence is missing in between",
        Gap::Chain => "an owner does not follow on the one that is known",
        Gap::Lineage => "the log is another one than it was",
        Gap::Tail => "nothing proves that nothing is missing at the end",
    }
}

/// Why a promotion waits or failed, in the middle of a sentence.
const fn reason(hold: Hold) -> &'static str {
    match hold {
        Hold::None => "nothing",
        Hold::Frozen => "production is frozen",
        Hold::DigestDiffers => "it is not what was validated",
        Hold::ApprovalMissing => "nobody else has approved exactly this",
        Hold::ServicesUnready => "the runtime services are not known to be ready",
        Hold::SchemaUnreadable => "it cannot read the database as it is now",
        Hold::EpochConflict => "the owner is not the one that it was judged against",
        Hold::EdgesMissing => "some edge has not said that it has the new owner",
        Hold::Regression => "the new owner answers with errors",
        Hold::DbRollbackUnsafe => "the previous owner cannot have it back",
        Hold::Deadline => "it took too long",
        Hold::ArtifactGone => "its artifact has been removed",
        Hold::WarmingUp => "what it needs in order to serve at once comes up first",
        Hold::PreviewUnheard => "the pipeline does not say what it has previewed",
        Hold::FloorMissing => {
            "the database was put back, and nobody knows yet how far the epochs had got"
        }
    }
}

/// What a message says, in a few words.
#[must_use]
pub fn label(message: &Message) -> String {
    match *message {
        Message::Publish { owner, .. } => format!("append: epoch {}", owner.epoch.0),
        Message::Published { seq, repeated, .. } => {
            format!("sequence {seq}{}", if repeated { ", had it" } else { "" })
        }
        Message::WrongSequence { last, .. } => format!("wrong sequence, last is {last}"),
        Message::End { .. } => "where do you end?".to_string(),
        Message::EndsAt { seq, .. } => format!("at {seq}"),
        Message::Subscribe { from, .. } => format!("deliver from {from}"),
        Message::Deliver { owner, seq, .. } => format!("{seq}: epoch {}", owner.epoch.0),
        Message::Beat { seq, .. } => format!("log ends at {seq}"),
        Message::Keep { head, .. } => format!("keep snapshot of {}", head.seq),
        Message::KeepEntry { .. } | Message::Entry { .. } => "snapshot entry".to_string(),
        Message::Fetch { .. } => "snapshot?".to_string(),
        Message::Head { head, .. } => format!("snapshot of {}", head.seq),
        Message::Acknowledge { ack, .. } => format!(
            "have epoch {}{}",
            ack.epoch.0,
            if ack.gap { ", in doubt" } else { "" }
        ),
        Message::ServicesAsk { .. } => "ready?".to_string(),
        Message::ServicesAre { services, .. } => {
            if services.ready {
                format!("ready, schema {}", services.schema)
            } else {
                "not ready".to_string()
            }
        }
        Message::EpochAsk { .. } => "newest owner seen?".to_string(),
        Message::EpochSeen { owner, .. } => format!("epoch {} seen", owner.epoch.0),
    }
}

fn order(names: &Names<'_>, command: &Command) -> String {
    match *command {
        Command::Promote { deployment: to, .. } => format!("promote {}", deployment(names, to)),
        Command::Approve { deployment: to, .. } => format!("approve {}", deployment(names, to)),
        Command::Rollback { route, .. } => format!("give {} back", names.app(route)),
        Command::Freeze { on: true } => "freeze production".to_string(),
        Command::Freeze { on: false } => "end the freeze".to_string(),
        Command::Rebuild { deployment: of, .. } => {
            format!("build {} again", deployment(names, of))
        }
        Command::EditConfig => "change the configuration".to_string(),
        Command::Rebaseline => "begin from a snapshot".to_string(),
        Command::ClearGap => "declare that nothing is missing".to_string(),
        Command::SkipToLatest => "go on with the newest event".to_string(),
        Command::EditTable { .. } => "write an owner by hand".to_string(),
        Command::RecreateLog => "begin a new log".to_string(),
        Command::SetServices { .. } => "bring the services back".to_string(),
        Command::WriteLog { .. } => "write into the log".to_string(),
        Command::WriteOff { edge } => format!("write {} off", names.node(edge)),
        Command::ResumeLog { route } => {
            format!("go on telling the log of {}", names.app(route))
        }
    }
}

/// What came of something, as a part of a sentence; `None` for what nobody asks about.
#[must_use]
pub fn told(names: &Names<'_>, note: &Note) -> Option<String> {
    Some(match *note {
        Note::Held { promotion, hold } => {
            format!("{} stops: {}", name(promotion), reason(hold))
        }
        Note::EdgeAcked { edge, route, epoch } => format!(
            "{} has epoch {} of {}",
            names.node(edge),
            epoch.0,
            names.app(route)
        ),
        Note::LateAck { edge, .. } => format!(
            "what {} said earlier is written down and counts for nothing",
            names.node(edge)
        ),
        Note::EdgeSuspect { edge, .. } => format!("{} doubts its table", names.node(edge)),
        Note::Frozen { on: true } => "production is frozen".to_string(),
        Note::Frozen { on: false } => "production is open again".to_string(),
        Note::Approved { route, .. } => format!("a promotion of {} is approved", names.app(route)),
        Note::Rebuilt { deployment: id } => format!("{} is built again", deployment(names, id)),
        Note::ConfigEdited => "the configuration of production changes".to_string(),
        Note::LineageChanged { incarnation } => {
            format!("the log turns out to be another one: incarnation {incarnation}")
        }
        Note::Appended { owner, seq, .. } => format!(
            "the log has epoch {} of {} as {seq}",
            owner.epoch.0,
            names.app(owner.route)
        ),
        Note::LogRecreated => "the log begins anew".to_string(),
        Note::GapDetected {
            gap: what,
            expected,
            got,
        } => format!("a gap: {} (expected {expected}, got {got})", gap(what)),
        Note::RouteEventApplied { owner, seq, .. } => format!(
            "{seq} is applied: {} belongs to epoch {}",
            names.app(owner.route),
            owner.epoch.0
        ),
        Note::RouteEventIgnored { owner, seq } => {
            format!("{seq} is ignored: epoch {} is not newer", owner.epoch.0)
        }
        Note::BaselineInstalled { seq, .. } => {
            format!("a snapshot is taken; from here on {} comes next", seq + 1)
        }
        Note::BaselineRefused { seq } => format!("a snapshot of {seq} is refused"),
        Note::GapCleared => "the gap is declared closed".to_string(),
        Note::EdgeTableMutatedManually { route } => {
            format!("the owner of {} is written by hand", names.app(route))
        }
        Note::ServedUnverified { route, .. } => format!(
            "{} goes to the owner that was verified last",
            names.app(route)
        ),
        Note::OwnersPutBack => {
            "owners, promotions and approvals are what an older backup had of them".to_string()
        }
        Note::EpochFloorRaised {
            route,
            known,
            seen,
            epoch,
            deployment: owner,
        } => format!(
            "epochs of {} go on at {} with {}: the backup had {}, the highest that anybody had seen was {}",
            names.app(route),
            epoch.0,
            deployment(names, owner),
            known.0,
            seen.0
        ),
        Note::BaselineRegresses {
            route,
            known,
            epoch,
        } => format!(
            "the snapshot would take {} back from epoch {} to epoch {}",
            names.app(route),
            known.0,
            epoch.0
        ),
        Note::FloorWaits { node } => format!(
            "epochs cannot go on: {} has been asked for long what it has seen, and does not say",
            names.node(node)
        ),
        Note::EdgeWrittenOff { edge } => format!(
            "{} is written off; nobody waits for its word any more",
            names.node(edge)
        ),
        Note::NotReady {
            deployment: of,
            standing,
            heard: true,
        } => format!(
            "{} is not promoted: its preview is not ready; on its way it is at: {}",
            deployment(names, of),
            super::pipeline::where_it_is(standing)
        ),
        Note::NotReady { deployment: of, .. } => format!(
            "{} is not promoted: the pipeline does not say whether its preview is ready",
            deployment(names, of)
        ),
        Note::StartedAhead {
            allocation,
            deployment: of,
        } => format!(
            "{} is started for {}, before that owns the route",
            Names::allocation(allocation),
            deployment(names, of)
        ),
        Note::HotAtOnce {
            route,
            epoch,
            ready,
        } => format!(
            "epoch {} of {} is hot at once, with {ready} ready",
            epoch.0,
            names.app(route)
        ),
        Note::EdgeBack { edge } => {
            format!("{} has begun anew and counts again", names.node(edge))
        }
        Note::ForeignEvent { route, seq } => format!(
            "somebody else than the control plane writes into the log: {seq} is about {}",
            names.app(route)
        ),
        Note::LogAlarm { route, seq } => format!(
            "the log's last event about {}, {seq}, is somebody else's; nothing more is told of {}, and somebody is called",
            names.app(route),
            names.app(route)
        ),
        Note::Ordered { ref command, done } => format!(
            "the order to {} is {}",
            order(names, command),
            if done { "carried out" } else { "refused" }
        ),
    })
}

/// Whether something told is worth stopping at.
#[must_use]
pub const fn is_news(note: &Note) -> bool {
    matches!(
        note,
        Note::Held { .. }
            | Note::LateAck { .. }
            | Note::LineageChanged { .. }
            | Note::LogRecreated
            | Note::ForeignEvent { .. }
            | Note::FloorWaits { .. }
            | Note::EdgeWrittenOff { .. }
            | Note::EdgeBack { .. }
            | Note::NotReady { .. }
            | Note::HotAtOnce { .. }
            | Note::LogAlarm { .. }
            | Note::GapDetected { .. }
            | Note::BaselineInstalled { .. }
            | Note::OwnersPutBack
            | Note::EpochFloorRaised { .. }
            | Note::BaselineRegresses { .. }
            | Note::GapCleared
            | Note::EdgeTableMutatedManually { .. }
            | Note::Ordered { done: false, .. }
    )
}

/// The promotions as things.
pub fn things(names: &Names<'_>, state: &State<Fleet>) -> Vec<ThingView> {
    let rows = state.fleet().control().promotions().iter();
    rows.map(|(at, row)| {
        let row: &Promotion = &row.value;
        let mut facts = alloc::vec![
            ("candidate".to_string(), deployment(names, row.candidate)),
            (
                "predecessor".to_string(),
                format!("epoch {}", row.predecessor.0)
            ),
        ];
        if row.epoch.0 > 0 {
            facts.push(("owns".to_string(), format!("epoch {}", row.epoch.0)));
        }
        if row.hold != Hold::None {
            facts.push(("because".to_string(), reason(row.hold).to_string()));
        }
        let since = if row.changed_at == Time::ZERO {
            row.requested_at
        } else {
            row.changed_at
        };
        ThingView {
            lifecycle: platform::PROMOTION,
            name: name(PromotionId(at)),
            id: u64::from(at),
            state: row.state as u8,
            since: since.0,
            transition: None,
            facts,
        }
    })
    .collect()
}

/// Where an edge is in the log, in words, and whether it lacks something.
fn place(edge: &Edge, state: &State<Fleet>) -> Option<(String, bool)> {
    let (phase, _, seq) = edge.cursor()?;
    let last = state.fleet().log().map_or(0, |log| log.last());
    Some(match phase {
        Phase::Unbased => ("no snapshot yet".to_string(), true),
        Phase::Following => (format!("at {seq} of {last}"), seq != last),
        Phase::Gap(what) => (format!("at {seq}, in doubt: {}", gap(what)), true),
    })
}

/// What an edge believes of the log.
#[must_use]
pub fn cursor(edge: &Edge, state: &State<Fleet>) -> Option<(String, String, bool)> {
    let (place, differs) = place(edge, state)?;
    Some(("log".to_string(), place, differs))
}

/// What the nodes outside are like: label, value, and whether it stands in the way.
#[must_use]
pub fn log(state: &State<Fleet>) -> Vec<(String, String, bool)> {
    let Some(log) = state.fleet().log() else {
        return Vec::new();
    };
    let kept = if log.first() > log.last() {
        "nothing".to_string()
    } else {
        format!("{} to {}", log.first(), log.last())
    };
    alloc::vec![("keeps".to_string(), kept, false)]
}

/// The archive.
#[must_use]
pub fn archive(state: &State<Fleet>) -> Vec<(String, String, bool)> {
    let Some(archive) = state.fleet().archive() else {
        return Vec::new();
    };
    let newest = archive.newest().map_or_else(
        || "none yet".to_string(),
        |head| format!("of {}, incarnation {}", head.seq, head.incarnation),
    );
    let mut lines = alloc::vec![("newest snapshot".to_string(), newest, false)];
    if let Some(blemish) = archive.blemish(state.now()) {
        lines.push((
            "hands out".to_string(),
            match blemish {
                Blemish::Bulky => "a snapshot in one piece, which takes long to load".to_string(),
                other => format!("a snapshot that is {}", other.name()),
            },
            true,
        ));
    }
    lines
}

/// The runtime services.
#[must_use]
pub fn services(state: &State<Fleet>) -> Vec<(String, String, bool)> {
    let Some(services) = state.fleet().services() else {
        return Vec::new();
    };
    let now = services.at(state.now());
    let word = if now.ready { "ready" } else { "not ready" };
    alloc::vec![
        ("services".to_string(), word.to_string(), !now.ready),
        (
            "schema of the database".to_string(),
            now.schema.to_string(),
            false
        ),
    ]
}

/// What each deployment of the first app can read of the database as it is now, if not all of them can read everything.
#[must_use]
pub fn readers(plan: &Plan, state: &State<Fleet>) -> Vec<String> {
    let (Some(promotions), Some(services)) = (&plan.promotions, state.fleet().services()) else {
        return Vec::new();
    };
    let schema = services.at(state.now()).schema;
    let range = |number: usize| {
        let of = |one: &&Candidate| one.app == 0 && usize::from(one.deployment) == number;
        promotions
            .deployments
            .iter()
            .find(of)
            .map_or((0, u32::MAX), |one| (one.reads_from, one.reads_to))
    };
    let count = crate::lower::deployments_of(plan, 0).count();
    if (1..=count).all(|number| range(number) == (0, u32::MAX)) {
        return Vec::new();
    }
    (1..=count)
        .map(|number| {
            let (from, to) = range(number);
            let reads = match (from, to) {
                (0, u32::MAX) => "every schema".to_string(),
                (from, u32::MAX) => format!("schemas from {from} on"),
                (from, to) if from == to => format!("schema {from} only"),
                (0, to) => format!("schemas up to {to}"),
                (from, to) => format!("schemas {from} to {to}"),
            };
            let now = if (from..=to).contains(&schema) {
                "so it can read the database as it is now"
            } else {
                "so it cannot read the database as it is now"
            };
            format!("the artifact of deployment {number} reads {reads}, {now}")
        })
        .collect()
}

/// What a read of the promotions shows.
#[must_use]
pub fn promotions(names: &Names<'_>, state: &State<Fleet>) -> Vec<String> {
    let control = state.fleet().control();
    let mut lines: Vec<String> = control
        .promotions()
        .iter()
        .map(|(at, row)| {
            let row = row.value;
            let why = match row.hold {
                Hold::None => String::new(),
                hold => format!(": {}", reason(hold)),
            };
            format!(
                "{} to {}: {}{why}",
                name(PromotionId(at)),
                deployment(names, row.candidate),
                row.state.spec().name
            )
        })
        .collect();
    for (_, row) in control.wishes().iter() {
        let what = match row.value.answer {
            Answer::Promoted => continue,
            Answer::Awaited => "the pipeline is asked whether its preview is ready",
            Answer::NotReady => "refused, since its preview was not ready",
            Answer::Unheard => {
                "refused, since the pipeline did not say whether its preview is ready"
            }
        };
        lines.push(format!(
            "wish of {} for {}: {what}",
            row.value.at,
            deployment(names, row.value.deployment)
        ));
    }
    if control.authority().floor_due {
        let waited: Vec<String> = control
            .floor_waits_for()
            .into_iter()
            .map(|node| names.node(node))
            .collect();
        lines.push(format!(
            "the database was put back; how far the epochs had got is being found out; not heard yet: {}",
            if waited.is_empty() { "nobody".to_string() } else { waited.join(", ") }
        ));
    }
    for (route, seq) in control.stopped_in_log() {
        lines.push(format!(
            "nothing is told of {}: the log's last event about it, {seq}, is somebody else's",
            names.app(route)
        ));
    }
    if control.authority().frozen {
        lines.push("production is frozen".to_string());
    }
    lines
}

/// What a read of the edges' cursors shows.
#[must_use]
pub fn cursors(names: &Names<'_>, state: &State<Fleet>) -> Vec<String> {
    state
        .fleet()
        .edges()
        .filter(|(id, _)| state.is_up(*id))
        .filter_map(|(id, edge)| Some(format!("{}: {}", names.node(id), place(edge, state)?.0)))
        .collect()
}
