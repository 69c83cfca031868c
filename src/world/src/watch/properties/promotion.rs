//! Properties of promotions, of the log and of the edges that follow it.

use super::{Judge, place, previewed, recovery};
use crate::fleet::Fleet;
use alloc::format;
use alloc::vec::Vec;
use machine::{Duration, NodeId, SortedMap, Time};
use platform::edge::{Edge, Phase};
use platform::id::{DeploymentId, Epoch, OutboxId, RouteId};
use platform::knob;
use platform::message::{Event, Message};
use platform::note::Note;
use platform::promotion::{
    Command, Event as Change, Hold, Note as Tell, Owner, Promotion, PromotionId, State as Stage,
};
use sim::{Entry, State, What};

/// What is remembered of an edge.
#[derive(Clone, Debug, Default)]
struct Following {
    /// The last sequence that it has, and of which incarnation.
    at: Option<(u64, u32)>,
    /// The highest sequence that it has applied in that incarnation.
    most: u64,
    doubts_since: Option<Time>,
    up_since: Time,
    owners: SortedMap<RouteId, Epoch>,
    /// Since when it lacks an owner that the log has.
    lacks: SortedMap<RouteId, Time>,
    /// Since when the owner that it has answers with errors.
    fails: SortedMap<RouteId, (Epoch, Time)>,
}

/// What is remembered of promotions.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    edges: SortedMap<NodeId, Following>,
    /// The epoch of each route.
    epochs: SortedMap<RouteId, Epoch>,
    /// Every owner that was committed.
    owners: SortedMap<(RouteId, Epoch), DeploymentId>,
    /// The last that the log has of each route: the row it came from, its sequence and the epoch.
    told: SortedMap<RouteId, (OutboxId, u64, Epoch)>,
    /// What each edge was last believed to have said.
    reports: SortedMap<(NodeId, RouteId), u32>,
    /// Who was healthy in production.
    proven: SortedMap<(RouteId, DeploymentId), ()>,
    freezes: Option<Time>,
    healed: Option<Time>,
    looked_at: Time,
    since: SortedMap<PromotionId, Time>,
    previews: previewed::Memory,
}

/// How much longer than the alarm an edge may take.
const SLACK: Duration = Duration::secs(3);

pub(super) fn check(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let control = state.fleet().control();
    for note in entry.notes {
        owner_changed(entry, note, memory, judge);
    }
    let Some(managed) = control.promoting() else {
        return;
    };
    previewed::listen(state, entry, &mut memory.previews);
    previewed::rotation(state, entry, judge);
    if let What::Healed = entry.what {
        memory.healed = Some(entry.at);
    }
    let starts = matches!(entry.what, What::Started | What::Restarted);
    if let Some(crate::fleet::Node::Edge(edge)) = state.fleet().node(node_of(entry)) {
        let follows = memory.edges.entry(node_of(entry)).or_default();
        if starts {
            *follows = Following {
                up_since: entry.at,
                ..Following::default()
            };
        }
        for note in entry.notes {
            if let Note::Promotion(note) = note {
                edge_told(state, entry, note, follows, judge);
            }
        }
        let name = || state.fleet().roster().name(node_of(entry));
        owners(edge, name, follows, &memory.owners, judge);
        for (route, view) in edge.routes().iter() {
            let known = follows.fails.get(route).map(|(epoch, _)| *epoch);
            if known != Some(view.epoch) && edge.tally(*route).1 > 0 {
                follows.fails.insert(*route, (view.epoch, entry.at));
            }
        }
    }
    if node_of(entry) == state.fleet().roster().control() {
        if starts {
            memory.reports.clear();
        }
        let keeps = entry.sent.iter().any(|sent| {
            matches!(
                sent.message,
                Message::Promotion(platform::promotion::Message::Keep { .. })
            )
        });
        if keeps {
            let durable = control.outbox().iter().all(|row| row.committed);
            judge.claim(const { place("snapshots-are-durable") }, durable, || {
                "a snapshot was kept of what is not on the disk yet".into()
            });
        }
        for note in entry.notes {
            match note {
                Note::Promotion(note) => control_told(state, entry, note, memory, judge),
                Note::RouteOwnerChanged {
                    route,
                    epoch,
                    deployment,
                } => granted(state, entry, (*route, *epoch, *deployment), memory, judge),
                _ => {}
            }
        }
        if let What::MessageDelivered {
            message: Message::Promotion(platform::promotion::Message::Acknowledge { .. }),
            ..
        } = entry.what
        {
            for (edge, ack, nth) in control.edge_reports() {
                let newest = memory.reports.entry((edge, ack.route)).or_insert(nth);
                judge.claim(const { place("o-8") }, nth >= *newest, || {
                    format!(
                        "what {} said as {nth} replaced what it said as {newest}",
                        state.fleet().roster().name(edge)
                    )
                });
                *newest = nth.max(*newest);
            }
        }
        for moved in entry.moved {
            if moved.lifecycle == platform::PROMOTION {
                let id = PromotionId(moved.subject.id as u32);
                if let Some(row) = control.promotions().get(id.0).map(|row| row.value) {
                    moved_to(state, entry, (id, &row, moved.to), memory, judge);
                }
            }
        }
    } else {
        for note in entry.notes {
            if let Note::Promotion(Tell::Appended { row, owner, seq }) = *note {
                appended(state, (row, owner, seq), memory, judge);
            } else if let Note::Promotion(Tell::LogRecreated) = note {
                memory.told.clear();
            }
        }
    }
    let _ = managed;
    if entry.at.since(memory.looked_at) >= Duration::millis(500) {
        memory.looked_at = entry.at;
        lag(state, entry, memory, judge);
        if memory.healed.is_some() {
            settle(state, entry, memory, judge);
        }
    }
}

/// The node that an entry happened at.
fn node_of(entry: &Entry<'_, Fleet>) -> NodeId {
    match entry.what {
        What::Action(sim::External::Deliver { to, .. }) => to,
        _ => entry.actor,
    }
}

/// O-1 and O-6, in every plan.
fn owner_changed(
    entry: &Entry<'_, Fleet>,
    note: &Note,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    match *note {
        Note::Committed {
            event:
                Event::RouteOwner {
                    route,
                    epoch,
                    deployment,
                    ..
                },
            ..
        } => {
            let before = memory.epochs.insert(route, epoch).unwrap_or_default();
            judge.claim(const { place("o-1") }, epoch.0 == before.0 + 1, || {
                format!("epoch {} followed on epoch {}", epoch.0, before.0)
            });
            recovery::commit_owner((route, epoch), deployment, &mut memory.owners, judge);
        }
        Note::Committed {
            event:
                Event::Promotion(Change::EpochFloorRaised {
                    route,
                    epoch,
                    deployment,
                    ..
                }),
            ..
        } => {
            let before = memory.epochs.insert(route, epoch).unwrap_or_default();
            judge.claim(const { place("o-1") }, epoch > before, || {
                format!(
                    "a floor of epoch {} followed on epoch {}",
                    epoch.0, before.0
                )
            });
            recovery::commit_owner((route, epoch), deployment, &mut memory.owners, judge);
        }
        Note::RouteOwnerChanged { route, .. } => {
            let by_runner = matches!(
                entry.what,
                What::MessageDelivered {
                    message: Message::Report { .. }
                        | Message::Heartbeat { .. }
                        | Message::Activity { .. },
                    ..
                }
            );
            judge.claim(const { place("o-6") }, !by_runner, || {
                format!(
                    "route {} changed its owner because of what a runner said",
                    route.0
                )
            });
        }
        _ => {}
    }
}

fn edge_told(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    note: &Tell,
    follows: &mut Following,
    judge: &mut Judge<'_>,
) {
    match *note {
        Tell::GapDetected { .. } => {
            judge.claim(const { place("some-edge-doubts") }, true, Default::default);
            follows.doubts_since = follows.doubts_since.or(Some(entry.at));
            // It knows; a doubt may end sooner than it is looked at.
            follows.lacks.clear();
        }
        Tell::RouteEventApplied {
            owner,
            seq,
            incarnation,
        } => {
            let right = follows.at == Some((seq.saturating_sub(1), incarnation));
            judge.claim(const { place("o-10") }, right, || {
                format!("sequence {seq} was applied after {:?}", follows.at)
            });
            judge.claim(
                const { place("o-11") },
                follows.doubts_since.is_none(),
                || format!("sequence {seq} was applied over a gap"),
            );
            let known = follows
                .owners
                .get(&owner.route)
                .copied()
                .unwrap_or_default();
            judge.claim(
                const { place("owners-follow") },
                owner.predecessor == known,
                || {
                    format!(
                        "an owner that replaced epoch {} was applied over epoch {}",
                        owner.predecessor.0, known.0
                    )
                },
            );
            follows.at = Some((seq, incarnation));
            follows.most = seq;
        }
        Tell::RouteEventIgnored { seq, .. } => {
            if let Some((at, _)) = &mut follows.at {
                *at = seq.max(*at);
            }
        }
        Tell::BaselineInstalled {
            incarnation,
            seq,
            genuine,
            ..
        } => {
            let (most, before) = (follows.most, follows.at.map_or(0, |(_, before)| before));
            let forward = incarnation > before || (incarnation == before && seq >= most);
            judge.claim(const { place("o-12") }, genuine && forward, || {
                format!(
                    "a snapshot of sequence {seq}, incarnation {incarnation}, was taken after {most}, incarnation {before}{}",
                    if genuine { "" } else { ", and it is not what was signed" }
                )
            });
            follows.at = Some((seq, incarnation));
            follows.most = seq;
            follows.doubts_since = None;
        }
        Tell::BaselineRegresses { .. } => judge.claim(
            const { place("some-snapshot-goes-back") },
            true,
            Default::default,
        ),
        Tell::GapCleared => judge.claim(const { place("gaps-end-by-baseline") }, false, || {
            "a gap was declared closed".into()
        }),
        Tell::Ordered {
            command: Command::ClearGap | Command::SkipToLatest,
            done: false,
        } => judge.claim(
            const { place("gaps-end-by-baseline") },
            true,
            Default::default,
        ),
        Tell::ServedUnverified { route, age, safe } => {
            let plan = state.knobs().time(&knob::LAST_VERIFIED_AGE).0;
            let allowed = match state.fleet().node(node_of(entry)) {
                Some(crate::fleet::Node::Edge(edge)) => edge.serves_unverified(route),
                _ => false,
            };
            judge.claim(
                const { place("doubtful-owners-are-bounded") },
                safe && allowed && age <= plan,
                || {
                    format!(
                        "a request of route {} went to an owner that was in doubt",
                        route.0
                    )
                },
            );
        }
        _ => {}
    }
}

/// O-4, and that owners are real; `name` is what the edge is called.
fn owners(
    edge: &Edge,
    name: impl Fn() -> alloc::string::String,
    follows: &mut Following,
    committed: &SortedMap<(RouteId, Epoch), DeploymentId>,
    judge: &mut Judge<'_>,
) {
    for (route, view) in edge.routes().iter() {
        let before = follows.owners.get(route).copied().unwrap_or_default();
        if before == view.epoch {
            continue;
        }
        judge.claim(const { place("o-4") }, view.epoch > before, || {
            format!(
                "{} went from epoch {} to epoch {}",
                name(),
                before.0,
                view.epoch.0
            )
        });
        let real = committed.get(&(*route, view.epoch)) == Some(&view.deployment);
        judge.claim(const { place("owners-are-real") }, real, || {
            format!(
                "{} has an owner of epoch {} that nobody committed",
                name(),
                view.epoch.0
            )
        });
        follows.owners.insert(*route, view.epoch);
    }
}

fn control_told(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    note: &Tell,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    match *note {
        Tell::OwnersPutBack => judge.claim(
            const { place("some-owners-are-put-back") },
            true,
            Default::default,
        ),
        Tell::EpochFloorRaised {
            route,
            known,
            epoch,
            deployment,
            ..
        } => recovery::floor_raised(state, (route, known, epoch, deployment), judge),
        Tell::Held {
            hold: Hold::FloorMissing,
            ..
        } => judge.claim(
            const { place("some-promotion-waits-for-a-floor") },
            true,
            Default::default,
        ),
        Tell::Frozen { on } => memory.freezes = on.then_some(entry.at),
        Tell::LineageChanged { .. } => {
            judge.claim(
                const { place("some-log-is-another") },
                true,
                Default::default,
            );
        }
        Tell::NotReady { .. } => judge.claim(
            const { place("some-promotion-is-not-ready") },
            true,
            Default::default,
        ),
        Tell::LateAck { .. } => judge.claim(
            const { place("some-acknowledgement-is-late") },
            true,
            Default::default,
        ),
        Tell::Held {
            hold: Hold::DbRollbackUnsafe,
            ..
        } => judge.claim(
            const { place("some-way-back-is-closed") },
            true,
            Default::default,
        ),
        Tell::Held {
            hold: Hold::EpochConflict,
            ..
        } => judge.claim(
            const { place("some-promotions-conflict") },
            true,
            Default::default,
        ),
        _ => {}
    }
}

/// The promotion that has given an owner its epoch.
fn promotion_of(state: &State<Fleet>, route: RouteId, epoch: Epoch) -> Option<Promotion> {
    let rows = || {
        let rows = state.fleet().control().promotions().iter().rev();
        rows.map(|(_, row)| row.value)
            .filter(move |row| row.route == route)
    };
    // One that is taken back on its way gives the next epoch to whom it took the route from.
    rows()
        .find(|row| row.epoch == epoch)
        .or_else(|| rows().find(|row| row.epoch.0 + 1 == epoch.0))
}

/// An owner has got a route.
fn granted(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    (route, epoch, deployment): (RouteId, Epoch, DeploymentId),
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let control = state.fleet().control();
    let (Some(managed), Some(row)) = (control.promoting(), promotion_of(state, route, epoch))
    else {
        return;
    };
    let knobs = state.knobs();
    let services = |at: Time| state.fleet().services().map(|services| services.at(at));
    // What was seen may be as old as evidence may be.
    let seen = |right: &dyn Fn(platform::promotion::Services) -> bool| {
        let ttl = knobs.time(&knob::SERVICES_TTL);
        let mut at = entry.at;
        let first = Time(entry.at.0.saturating_sub(ttl.0 + 200_000));
        loop {
            if services(at).is_some_and(right) {
                return true;
            }
            if at <= first {
                return false;
            }
            at = Time(at.0.saturating_sub(100_000)).max(first);
        }
    };
    let range = managed.reads.get(usize::from(deployment.0)).copied();
    let can_read =
        seen(&|services| range.is_some_and(|(from, to)| (from..=to).contains(&services.schema)));
    judge.claim(const { place("owners-can-read") }, can_read, || {
        format!(
            "deployment {} got the route and cannot read the database",
            deployment.0 + 1
        )
    });
    let back = row.takes_back.is_some() || deployment != row.candidate;
    let goes_back = back || row.epoch.0 + 1 == epoch.0 && row.previous == deployment;
    if goes_back {
        let proven = memory.proven.contains_key(&(route, deployment))
            || epoch.0 <= 1
            || memory.owners.get(&(route, Epoch(1))) == Some(&deployment);
        judge.claim(const { place("o-16") }, proven && can_read, || {
            format!("the route went back to deployment {}, which was never healthy or cannot read the database", deployment.0 + 1)
        });
        return;
    }
    judge.claim(
        const { place("o-2") },
        row.predecessor.0 + 1 == epoch.0,
        || {
            format!(
                "epoch {} was given to a promotion that was judged against epoch {}",
                epoch.0, row.predecessor.0
            )
        },
    );
    let digest = control
        .deployments()
        .get(deployment.0.into())
        .map(|row| row.value.digest);
    previewed::granted(state, &memory.previews, deployment, judge);
    judge.claim(
        const { place("freezes-hold") },
        memory.freezes.is_none(),
        || "an owner changed while production was frozen".into(),
    );
    let ttl = knobs.time(&knob::APPROVAL_TTL);
    let approved = !managed.approval
        || control.approvals().iter().any(|(_, approval)| {
            let approval = approval.value;
            Some(approval.digest) == digest
                && approval.predecessor == row.predecessor
                && approval.by != row.by
                && entry.at.since(approval.at) <= ttl
        });
    judge.claim(const { place("promotions-are-approved") }, approved, || {
        format!(
            "deployment {} was promoted, and nobody else had approved that",
            deployment.0 + 1
        )
    });
    let ready = seen(&|services| services.ready);
    judge.claim(const { place("promotions-find-services") }, ready, || {
        "an owner changed while what it needs was away".into()
    });
}

fn moved_to(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    (id, row, to): (PromotionId, &Promotion, u8),
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let name = u64::from(id.0) + 1;
    if to == Stage::RolledBack as u8 {
        judge.claim(
            const { place("some-promotion-is-taken-back") },
            true,
            Default::default,
        );
        return;
    }
    if to != Stage::Healthy as u8 {
        return;
    }
    judge.claim(
        const { place("some-promotion-is-healthy") },
        true,
        Default::default,
    );
    memory.proven.insert((row.route, row.candidate), ());
    let knobs = state.knobs();
    let alarm = Duration(knobs.time(&knob::PROPAGATION_ALARM).0 + SLACK.0);
    let (mut served, mut failed) = (0, 0);
    for (node, edge) in state.fleet().edges() {
        if !state.is_up(node) {
            continue;
        }
        let Some(follows) = memory.edges.get(&node) else {
            continue;
        };
        let has = follows
            .owners
            .get(&row.route)
            .is_some_and(|epoch| *epoch >= row.epoch);
        let fresh = entry.at.since(follows.up_since) <= alarm;
        judge.claim(
            const { place("healthy-is-everywhere") },
            has || fresh,
            || {
                format!(
                    "promotion {name} is healthy, and {} does not have its owner",
                    state.fleet().roster().name(node)
                )
            },
        );
        let long = follows
            .doubts_since
            .is_some_and(|since| entry.at.since(since) > SLACK);
        judge.claim(const { place("doubters-do-not-vouch") }, !long, || {
            format!(
                "promotion {name} is healthy, and {} doubts its table",
                state.fleet().roster().name(node)
            )
        });
        // An edge's word counts for as long as the propagation alarm: what began since may still be on its way to who judges.
        let unheard = follows.fails.get(&row.route).is_some_and(|(epoch, since)| {
            *epoch == row.epoch && entry.at.since(*since) <= knobs.time(&knob::PROPAGATION_ALARM)
        });
        if !unheard
            && edge
                .routes()
                .get(&row.route)
                .is_some_and(|view| view.epoch == row.epoch)
        {
            let (well, badly) = edge.tally(row.route);
            served += u64::from(well);
            failed += u64::from(badly);
        }
    }
    let long_enough = entry.at.since(row.changed_at) >= knobs.time(&knob::SOAK);
    // The edges have counted on since they said so.
    let limit = knobs.get(&knob::ERROR_LIMIT) + 100;
    let well = failed <= 2 || failed * 1000 / (served + failed) <= limit;
    judge.claim(
        const { place("healthy-has-behaved") },
        long_enough && well,
        || {
            format!(
                "promotion {name} is healthy after {}, with {failed} errors of {} answers",
                entry.at.since(row.changed_at),
                served + failed
            )
        },
    );
}

fn appended(
    state: &State<Fleet>,
    (row, owner, seq): (OutboxId, Owner, u64),
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let first = state.fleet().log().map_or(1, |log| log.first());
    let before = memory
        .told
        .get(&owner.route)
        .filter(|(_, at, _)| (first..seq).contains(at))
        .map(|(before, _, _)| *before);
    judge.claim(
        const { place("log-tells-once") },
        before.is_none_or(|before| row > before),
        || format!("row {} is in the log again as {seq}", row.0),
    );
    // A log that has lost its end goes on below it.
    memory.told.retain(|_, (_, at, _)| *at < seq);
    memory.told.insert(owner.route, (row, seq, owner.epoch));
}

/// O-9: whoever lacks what the log has, for too long, must know it.
fn lag(state: &State<Fleet>, entry: &Entry<'_, Fleet>, memory: &mut Memory, judge: &mut Judge<'_>) {
    let Some(log) = state.fleet().log() else {
        return;
    };
    let newest: Vec<(RouteId, Epoch)> = memory
        .told
        .iter()
        .filter(|(_, (_, seq, _))| *seq <= log.last())
        .map(|(route, (_, _, epoch))| (*route, *epoch))
        .collect();
    let alarm = state.knobs().time(&knob::PROPAGATION_ALARM);
    let bound = Duration(alarm.0 + SLACK.0);
    for (node, edge) in state.fleet().edges() {
        let Some(follows) = memory.edges.get_mut(&node) else {
            continue;
        };
        let trusts = matches!(edge.cursor(), Some((Phase::Following, _, _)));
        for (route, epoch) in &newest {
            let has = edge
                .routes()
                .get(route)
                .is_some_and(|view| view.epoch >= *epoch);
            if has || !trusts || !state.is_up(node) {
                follows.lacks.remove(route);
                continue;
            }
            let since = *follows.lacks.entry(*route).or_insert(entry.at);
            judge.claim(
                const { place("o-9") },
                entry.at.since(since) <= bound,
                || {
                    format!(
                        "{} lacks epoch {} since {since}, and trusts its table",
                        state.fleet().roster().name(node),
                        epoch.0
                    )
                },
            );
        }
        if !newest.is_empty() {
            judge.claim(const { place("o-9") }, true, Default::default);
        }
    }
}

/// What has to be so soon after troubles are over.
fn settle(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let Some(healed) = memory.healed else { return };
    let knobs = state.knobs();
    let control = state.fleet().control();
    let round = knobs.time(&knob::SNAPSHOT_INTERVAL).0
        + knobs.time(&knob::PROPAGATION_ALARM).0
        + knobs.time(&knob::STREAM_BEAT).0 * 4;
    let within = Duration(round * 3);
    let late = entry.at.since(healed) > within;
    judge.claim(
        const { place("floors-are-found") },
        !late || !control.authority().floor_due,
        || "nobody knows yet how far the epochs had got before the restore".into(),
    );
    let current: Vec<(RouteId, Epoch, Time)> = control
        .routes()
        .iter()
        .map(|(route, row)| {
            let route = RouteId(route as u16);
            let changed = control
                .promotions()
                .iter()
                .filter(|(_, row)| row.value.route == route)
                .map(|(_, row)| row.value.changed_at)
                .max()
                .unwrap_or(Time::ZERO);
            (route, row.value.epoch, changed)
        })
        .collect();
    for (node, edge) in state.fleet().edges() {
        let up_since = memory
            .edges
            .get(&node)
            .map_or(Time::ZERO, |follows| follows.up_since);
        if !state.is_up(node) || entry.at.since(up_since) <= within {
            continue;
        }
        let doubts = memory
            .edges
            .get(&node)
            .and_then(|follows| follows.doubts_since);
        let closed = doubts.is_none_or(|since| entry.at.since(since.max(healed)) <= within);
        judge.claim(const { place("l-4") }, closed, || {
            format!(
                "{} still doubts its table",
                state.fleet().roster().name(node)
            )
        });
        for (route, epoch, changed) in &current {
            let has = edge
                .routes()
                .get(route)
                .is_some_and(|view| view.epoch >= *epoch);
            let soon = !late || entry.at.since(*changed) <= within;
            judge.claim(const { place("l-5") }, has || soon, || {
                format!(
                    "{} still lacks epoch {} of route {}",
                    state.fleet().roster().name(node),
                    epoch.0,
                    route.0
                )
            });
        }
    }
    let deadline = knobs.time(&knob::PROMOTION_DEADLINE).0 + knobs.time(&knob::SOAK).0;
    for (id, row) in control.promotions().iter() {
        let (id, row) = (PromotionId(id), row.value);
        if !row.is_active() || row.hold != Hold::None {
            memory.since.remove(&id);
            judge.claim(const { place("promotions-settle") }, true, Default::default);
            continue;
        }
        let since = *memory.since.entry(id).or_insert(entry.at);
        let moves = entry.at.since(since) <= Duration(deadline + within.0);
        judge.claim(const { place("promotions-settle") }, moves, || {
            format!("promotion {} gets nowhere", u64::from(id.0) + 1)
        });
    }
}
