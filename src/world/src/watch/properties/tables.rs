//! Properties of the control plane's tables: O-3, O-25, O-26, O-27, O-28, O-38, room on hosts, L-1, L-6.

use super::{Judge, Memory, place};
use crate::fleet::Fleet;
use alloc::format;
use machine::SortedMap;
use machine::fingerprint::digest;
use machine::{Duration, NodeId, Time};
use platform::control::ControlPlane;
use platform::id::{AllocationId, RouteId, WakeId};
use platform::message::{Event, Message};
use platform::note::Note;
use platform::{allocation, knob, wake};
use sim::{Entry, State, What};

/// How much later than its deadline an operation may end: messages, disk, a round of resends.
const SLACK: Duration = Duration::secs(10);

pub(super) fn check(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let control = state.fleet().control();
    for note in entry.notes {
        match *note {
            Note::Published { row, event } => {
                let committed = memory.committed.get(&row.0) == Some(&digest(&event));
                judge.claim(const { place("o-3") }, committed, || {
                    format!(
                        "outbox row {} was published before its commit was durable",
                        row.0
                    )
                });
            }
            Note::Committed { row, event } => {
                let same = memory.committed.get(&row.0) == Some(&digest(&event));
                judge.claim(const { place("o-3") }, same, || {
                    format!("outbox row {} tells of two commits", row.0)
                });
                one_row_each(memory, judge, event);
                ended_stays_ended(memory, judge, event);
            }
            Note::ServingChanged {
                allocation,
                serving: true,
            } => serving(state, judge, allocation),
            _ => {}
        }
    }
    if entry.actor != state.fleet().roster().control() {
        if let What::Healed = entry.what {
            memory.should_be_hot.clear();
        }
        return;
    }
    acknowledged(entry, judge);
    for moved in entry.moved {
        if moved.lifecycle == platform::WAKE
            && moved.to == wake::State::Hot as u8
            && moved.transition == Some(wake::Transition::BecameHot as u8)
        {
            hot(state, memory, judge, WakeId(moved.subject.id as u32));
        }
        if moved.lifecycle == platform::ALLOCATION
            && moved.transition == Some(allocation::Transition::BecameReady as u8)
        {
            fresh(state, judge, AllocationId(moved.subject.id as u32));
        }
    }
    if !entry.moved.is_empty() {
        one_wake(control, state, judge);
        room(control, judge);
        stays_hot(control, judge);
    }
    if !entry.moved.is_empty() || !entry.notes.is_empty() {
        rotation(control, judge);
    }
    if entry.at.since(memory.looked_at) >= Duration::secs(1) {
        memory.looked_at = entry.at;
        ends(state, memory, judge, entry.at);
        wakes_up(state, memory, judge, entry.at);
        around(state, memory, judge, entry.at);
    }
}

/// O-3: as many events of an entity as versions of its row.
fn one_row_each(memory: &mut Memory, judge: &mut Judge<'_>, event: Event) {
    let (entity, version) = (event.entity(), event.version());
    if let Some(before) = memory.versions.insert(entity, version) {
        judge.claim(const { place("o-3") }, version == before + 1, || {
            format!("the event of version {version} followed on that of version {before}")
        });
    }
}

/// A report that changes something is acknowledged when the disk has that, which is never in the same breath.
fn acknowledged(entry: &Entry<'_, Fleet>, judge: &mut Judge<'_>) {
    let What::MessageDelivered {
        message: Message::Report { report: of, .. },
        ..
    } = entry.what
    else {
        return;
    };
    let said = entry
        .sent
        .iter()
        .any(|sent| matches!(sent.message, Message::ReportAck { report, .. } if report == of));
    judge.claim(
        const { place("acks-are-durable") },
        !said || entry.persisted.is_empty(),
        || "a report was acknowledged before what it changed was on the disk".into(),
    );
}

/// O-28: a row that has ended is never written again.
fn ended_stays_ended(memory: &mut Memory, judge: &mut Judge<'_>, event: Event) {
    if let Event::Allocation {
        allocation,
        to,
        version,
        ..
    } = event
    {
        if let Some(ended) = memory.ended.get(&allocation) {
            let ended = *ended;
            judge.claim(const { place("o-28") }, version <= ended, || {
                format!("allocation {} changed after it had ended", allocation.0 + 1)
            });
        }
        if to.is_terminal() {
            judge.claim(const { place("o-28") }, true, Default::default);
            memory.ended.entry(allocation).or_insert(version);
        }
    }
}

/// O-27, at the moment an allocation goes into rotation.
fn serving(state: &State<Fleet>, judge: &mut Judge<'_>, id: AllocationId) {
    let Some(row) = state.fleet().control().allocations().get(id.0) else {
        return;
    };
    let found = row.value;
    judge.claim(
        const { place("o-27") },
        found.state == allocation::State::Ready,
        || {
            format!(
                "allocation {} went into rotation while {}",
                id.0 + 1,
                found.state.spec().name
            )
        },
    );
    let slot = state
        .fleet()
        .runner(found.host)
        .and_then(|runner| runner.slots().get(&id));
    // A runner that has just crashed has no slot; that it is not heard of will be noticed in time.
    let current = slot.is_none_or(|slot| slot.token == found.token);
    judge.claim(const { place("o-27") }, current, || {
        format!(
            "allocation {} went into rotation on the word of a process that has been replaced",
            id.0 + 1
        )
    });
}

/// O-27, at every moment: what is in rotation is ready and heard of.
fn rotation(control: &ControlPlane, judge: &mut Judge<'_>) {
    for (id, row) in control
        .allocations()
        .iter()
        .filter(|(_, row)| row.value.serving)
    {
        let found = &row.value;
        let ready = found.state == allocation::State::Ready
            && found.up
            && found.healthy
            && control.is_connected(found.host);
        judge.claim(const { place("o-27") }, ready, || {
            format!(
                "allocation {} is in rotation though it is {} or its process or runner is not there",
                id + 1,
                found.state.spec().name
            )
        });
    }
}

/// O-26, at every moment: what is hot rests on something in rotation.
fn stays_hot(control: &ControlPlane, judge: &mut Judge<'_>) {
    for (_, row) in control
        .wakes()
        .iter()
        .filter(|(_, row)| row.value.state == wake::State::Hot)
    {
        let (route, epoch) = (row.value.route, row.value.epoch);
        let serves = control.allocations().iter().any(|(_, row)| {
            row.value.serving && (row.value.route, row.value.epoch) == (route, epoch)
        });
        judge.claim(const { place("o-26") }, serves, || {
            format!(
                "a wake of epoch {} is hot and nothing is in rotation",
                epoch.0
            )
        });
    }
}

/// O-26: hot rests on an allocation of the current epoch that has passed its checks.
fn hot(state: &State<Fleet>, memory: &Memory, judge: &mut Judge<'_>, id: WakeId) {
    let control = state.fleet().control();
    let Some(wake) = control.wakes().get(id.0) else {
        return;
    };
    let wake = wake.value;
    let current = control
        .routes()
        .get(u32::from(wake.route.0))
        .is_some_and(|route| route.value.epoch == wake.epoch);
    judge.claim(const { place("o-26") }, current, || {
        format!(
            "a wake of epoch {} became hot under another owner",
            wake.epoch.0
        )
    });
    let passes = state.knobs().get(&knob::READINESS_PASSES);
    let ready = control.allocations().iter().any(|(at, row)| {
        let found = &row.value;
        let believed = memory.passes.get(&(AllocationId(at), found.token));
        found.route == wake.route
            && found.epoch == wake.epoch
            && found.state == allocation::State::Ready
            && u64::from(found.passes) >= passes
            && believed.is_some_and(|believed| *believed >= passes)
    });
    judge.claim(const { place("o-26") }, ready, || {
        "a wake became hot while no allocation had passed its readiness checks".into()
    });
}

/// O-38: the check that made it ready was fresh.
fn fresh(state: &State<Fleet>, judge: &mut Judge<'_>, id: AllocationId) {
    let fleet = state.fleet();
    let Some(row) = fleet.control().allocations().get(id.0) else {
        return;
    };
    let age = state
        .clock(fleet.roster().control())
        .since(row.value.passed_at);
    judge.claim(
        const { place("o-38") },
        age <= state.knobs().time(&knob::EVIDENCE_TTL),
        || {
            format!(
                "allocation {} became ready on a check that was {age} old",
                id.0 + 1
            )
        },
    );
}

/// O-25: one active wake for each route, region and epoch, and no more starts than allowed.
fn one_wake(control: &ControlPlane, state: &State<Fleet>, judge: &mut Judge<'_>) {
    let mut active = SortedMap::new();
    for (_, row) in control
        .wakes()
        .iter()
        .filter(|(_, row)| row.value.state.is_active())
    {
        let wake = &row.value;
        *active
            .entry((wake.route, wake.region, wake.epoch))
            .or_insert(0_u32) += 1;
    }
    for ((route, _, epoch), count) in active {
        judge.claim(const { place("o-25") }, count <= 1, || {
            format!(
                "{count} wakes of route {} are active under epoch {}",
                route.0, epoch.0
            )
        });
    }
    let limit = state.knobs().get(&knob::START_LIMIT);
    let mut starting: SortedMap<RouteId, u64> = SortedMap::new();
    for (_, row) in control
        .allocations()
        .iter()
        .filter(|(_, row)| row.value.state.is_starting())
    {
        *starting.entry(row.value.route).or_default() += 1;
    }
    for (route, count) in starting {
        judge.claim(const { place("o-25") }, count <= limit, || {
            format!("{count} starts of route {} are under way at once", route.0)
        });
    }
}

fn room(control: &ControlPlane, judge: &mut Judge<'_>) {
    let mut promised: SortedMap<NodeId, u64> = SortedMap::new();
    for (_, row) in control
        .allocations()
        .iter()
        .filter(|(_, row)| !row.value.state.is_terminal())
    {
        *promised.entry(row.value.host).or_default() += row.value.limit;
    }
    for host in control.hosts() {
        if let Some(sum) = promised.get(&host.runner) {
            judge.claim(
                const { place("hosts-have-room") },
                *sum <= host.memory,
                || {
                    format!(
                        "{} MiB are promised on a host with {} MiB",
                        sum >> 20,
                        host.memory >> 20
                    )
                },
            );
        }
    }
}

/// L-1: wakes and starts end in time, as long as the control plane is there to end them.
fn ends(state: &State<Fleet>, memory: &Memory, judge: &mut Judge<'_>, at: Time) {
    if memory
        .control_up
        .is_none_or(|since| at.since(since) < SLACK)
    {
        return;
    }
    let (control, knobs) = (state.fleet().control(), state.knobs());
    let now = state.clock(state.fleet().roster().control());
    let limit = knobs.time(&knob::WAKE_TIMEOUT);
    for (id, row) in control
        .wakes()
        .iter()
        .filter(|(_, row)| row.value.state.is_active())
    {
        let age = now.since(row.value.requested_at);
        judge.claim(
            const { place("l-1") },
            age <= Duration(limit.0 + SLACK.0),
            || format!("wake {} has been under way for {age}", id + 1),
        );
    }
    for (id, row) in control.allocations().iter() {
        let limit = match row.value.state {
            allocation::State::Planned | allocation::State::Pulling => {
                knobs.time(&knob::PULL_TIMEOUT)
            }
            allocation::State::Starting => knobs.time(&knob::START_TIMEOUT),
            allocation::State::Draining => {
                Duration(knobs.time(&knob::DRAIN_DEADLINE).0 + knobs.time(&knob::HOST_LOST).0)
            }
            _ => continue,
        };
        let age = now.since(row.value.since);
        judge.claim(
            const { place("l-1") },
            age <= Duration(limit.0 + SLACK.0),
            || {
                format!(
                    "allocation {} has been {} for {age}",
                    id + 1,
                    row.value.state.spec().name
                )
            },
        );
    }
}

/// How long an event may be on its way: as long as some resends take, each after a longer wait.
const ON_ITS_WAY: Duration = Duration::secs(30);

/// Once everything is healed, whatever an allocation has become gets around to all edges that are there.
fn around(state: &State<Fleet>, memory: &mut Memory, judge: &mut Judge<'_>, at: Time) {
    if !state.healed() {
        return;
    }
    for (node, edge) in state.fleet().edges() {
        for (id, row) in state.fleet().control().allocations().iter() {
            let id = AllocationId(id);
            let known = edge.allocations().get(&id).map_or(0, |view| view.version);
            if known >= row.version || !state.is_up(node) {
                memory.lacks.remove(&(node, id));
                continue;
            }
            let lacks = memory.lacks.entry((node, id)).or_insert((row.version, at));
            if known >= lacks.0 {
                *lacks = (row.version, at);
            }
            let (version, since) = *lacks;
            judge.claim(
                const { place("events-get-around") },
                at.since(since) <= ON_ITS_WAY,
                || {
                    format!(
                        "{} has lacked version {version} of allocation {} since {since}",
                        state.fleet().roster().name(node),
                        id.0 + 1
                    )
                },
            );
        }
    }
}

/// L-6: once everything is healed, a route that is asked for becomes hot within one wake.
fn wakes_up(state: &State<Fleet>, memory: &mut Memory, judge: &mut Judge<'_>, at: Time) {
    if !state.healed() {
        return;
    }
    let (control, knobs) = (state.fleet().control(), state.knobs());
    let within =
        Duration(knobs.time(&knob::WAKE_TIMEOUT).0 + knobs.time(&knob::COOL_DOWN_MAX).0 + SLACK.0);
    for (id, route) in control.routes().iter() {
        let route_id = RouteId(id as u16);
        let mine = |row: &&machine::Row<platform::control::Wake>| {
            row.value.route == route_id && row.value.epoch == route.value.epoch
        };
        let is_hot = control
            .wakes()
            .iter()
            .map(|(_, row)| row)
            .filter(mine)
            .any(|row| row.value.state == wake::State::Hot);
        let wanted = memory
            .demand
            .get(&route_id)
            .is_some_and(|last| at.since(*last) <= Duration::secs(5));
        // A start budget that is used up is a reason to rest, and so is a start of an earlier attempt that still goes on.
        let window = knobs.time(&knob::WAKE_WINDOW);
        let used = memory.starts.get(&route_id).map_or(0, |starts| {
            starts
                .iter()
                .filter(|start| at.since(**start) < window)
                .count() as u64
        });
        let may_start = used < knobs.get(&knob::WAKE_BUDGET) && knobs.get(&knob::HOLD_BUDGET) > 0;
        if is_hot {
            judge.claim(const { place("l-6") }, true, Default::default);
        }
        // Previews have a budget of their own, and no claim on being awake.
        let preview = memory.traces.is_preview(route_id);
        if is_hot || !wanted || !may_start || preview {
            memory.should_be_hot.remove(&route_id);
            continue;
        }
        let since = *memory.should_be_hot.entry(route_id).or_insert(at);
        let waited = at.since(since);
        judge.claim(const { place("l-6") }, waited <= within, || {
            format!("route {id} has been asked for and cold for {waited}")
        });
    }
}
