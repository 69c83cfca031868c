//! Properties of hosts that are drained and upgraded: O-29, O-32, O-33, zones, replacements, pace, room, images,
//! rebuilds, the provider, frozen rollouts, L-8.

use super::{Judge, place};
use crate::fleet::Fleet;
use alloc::format;
use machine::{Duration, NodeId, SortedMap, Time};
use platform::control::ControlPlane;
use platform::hosts::{Drain, Facts, Message as HostMessage, Note as HostNote, State as Step};
use platform::hosts::{Hold, Transition, Version};
use platform::id::{AllocationId, DrainId};
use platform::message::Message;
use platform::note::Note;
use platform::{allocation, knob};
use sim::{Entry, State, What};

/// How much later than its deadline something may end: messages, disk, a round of resends.
const SLACK: Duration = Duration::secs(15);

/// What is remembered of hosts.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Since when a host's node has been down or unheard of by nobody's order.
    down: SortedMap<NodeId, Time>,
    /// The newest boot that each agent has told the control plane, and whether it told of changes by hand.
    told: SortedMap<NodeId, (u32, bool)>,
    /// The newest postcheck that reached the control plane for each drain.
    postchecks: SortedMap<DrainId, (u32, Facts)>,
    /// Requests cut off with an allocation that was draining on a cordoned host.
    cut: SortedMap<AllocationId, u32>,
    /// Versions that somebody approved.
    approved: alloc::vec::Vec<Version>,
    /// How often each drain had a version installed.
    installs: SortedMap<(DrainId, Version), u64>,
    /// When the provider last answered.
    provider: Option<Time>,
    /// Hosts that stand with a broken agent, and its version.
    broken: SortedMap<NodeId, Version>,
    /// When drains were last looked at.
    looked_at: Time,
}

pub(super) fn check(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    control_up: Option<Time>,
    judge: &mut Judge<'_>,
) {
    let Some(managed) = state.fleet().control().managed() else {
        return;
    };
    let control = state.fleet().control();
    let roster = state.fleet().roster();
    match entry.what {
        What::Crashed => {
            memory.down.insert(entry.actor, entry.at);
        }
        What::Started | What::Restarted => {
            memory.down.remove(&entry.actor);
        }
        What::MessageDelivered { from, message, .. } if entry.actor == roster.control() => {
            heard(memory, from, message, entry.at);
        }
        _ => {}
    }
    for note in entry.notes {
        match *note {
            Note::Host(note) => noted(state, entry, memory, judge, &managed.voters, note),
            Note::ProcessStopped {
                allocation,
                in_flight,
                ..
            } => {
                let cordoned = drain_on(control, entry.actor).map(|drain| drain.cordoned_at);
                let draining = control.allocations().get(allocation.0).is_some_and(|row| {
                    row.value.state == allocation::State::Draining
                        && cordoned.is_some_and(|at| row.value.since >= at)
                });
                if draining && in_flight > 0 {
                    *memory.cut.entry(allocation).or_default() += in_flight;
                }
            }
            Note::ServingChanged {
                allocation,
                serving: false,
            } => out_of_rotation(state, judge, allocation),
            _ => {}
        }
    }
    if entry.actor != roster.control() {
        return;
    }
    for moved in entry.moved {
        if moved.lifecycle == platform::HOST_DRAIN {
            let id = DrainId(moved.subject.id as u32);
            if let Some(row) = control.drains().get(id.0) {
                drain_moved(
                    state,
                    memory,
                    judge,
                    (id, &row.value),
                    moved.transition,
                    entry.at,
                );
            }
        }
        if moved.lifecycle == platform::ALLOCATION && moved.from.is_none() {
            let id = AllocationId(moved.subject.id as u32);
            if let Some(row) = control.allocations().get(id.0) {
                let cordoned = drain_on(control, row.value.host).is_some();
                judge.claim(const { place("o-33") }, !cordoned, || {
                    format!("allocation {} was placed on a cordoned host", id.0 + 1)
                });
            }
        }
    }
    if !entry.notes.is_empty() {
        leaving(state, judge);
    }
    if entry.at.since(memory.looked_at) >= Duration::secs(1) {
        memory.looked_at = entry.at;
        if control_up.is_some_and(|since| entry.at.since(since) >= SLACK) {
            ends(state, judge);
        }
    }
}

fn heard(memory: &mut Memory, from: NodeId, message: Message, at: Time) {
    let Message::Host(message) = message else {
        return;
    };
    match message {
        HostMessage::Hello { boot, drift, .. } => {
            let newest = memory.told.entry(from).or_insert((boot, drift));
            if boot >= newest.0 {
                *newest = (boot, drift);
            }
        }
        HostMessage::PostcheckReport {
            drain, boot, facts, ..
        } => {
            memory.postchecks.insert(drain, (boot, facts));
        }
        HostMessage::ProviderOk { .. } => memory.provider = Some(at),
        _ => {}
    }
}

/// The drain that keeps a host out of use.
fn drain_on(control: &ControlPlane, host: NodeId) -> Option<&Drain> {
    control
        .drains()
        .iter()
        .rev()
        .map(|(_, row)| &row.value)
        .find(|drain| drain.host == host && drain.state != Step::Uncordoned)
}

fn noted(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
    voters: &[NodeId],
    note: HostNote,
) {
    match note {
        HostNote::Held { .. } => judge.claim(
            const { place("some-drain-is-held") },
            true,
            Default::default,
        ),
        HostNote::ManyOrdered { meant, .. } => {
            let taken = entry
                .moved
                .iter()
                .filter(|moved| moved.lifecycle == platform::HOST_DRAIN && moved.from.is_none());
            let taken = taken.count();
            judge.claim(
                const { place("orders-keep-to-their-scope") },
                taken <= usize::from(meant),
                || format!("{taken} hosts are out of use, and {meant} were meant"),
            );
        }
        HostNote::Approved { version } => memory.approved.push(version),
        HostNote::Ordered { drain, version, .. } => {
            let managed = state.fleet().control().managed();
            let approved = memory.approved.contains(&version)
                || managed.is_some_and(|managed| managed.approved.contains(&version));
            judge.claim(const { place("images-are-approved") }, approved, || {
                format!("version {} was installed without an approval", version.0)
            });
            let count = memory.installs.entry((drain, version)).or_default();
            *count += 1;
            let (count, most) = (*count, state.knobs().get(&knob::REBUILD_BUDGET));
            judge.claim(
                const { place("rebuilds-are-bounded") },
                count <= most,
                || {
                    format!(
                        "version {} was installed {count} times in one drain",
                        version.0
                    )
                },
            );
            if count > 1 {
                judge.claim(
                    const { place("some-host-is-rebuilt") },
                    true,
                    Default::default,
                );
            }
        }
        HostNote::SwitchedOff { running, cut, .. } => {
            judge.claim(const { place("o-29") }, running == 0 && cut == 0, || {
                format!("a host was switched off while {running} allocations ran on it and {cut} requests were in flight")
            });
            quorum(state, entry, memory, judge, voters);
        }
        HostNote::Emptied {
            drain,
            forced,
            killed,
        } => {
            let host = state
                .fleet()
                .control()
                .drains()
                .get(drain.0)
                .map(|row| row.value.host);
            let control = state.fleet().control();
            // One that an operator ended before its last word was heard counts as ended by an operator.
            let cut = memory.cut.iter().fold(0, |sum, (id, cut)| {
                let counts = control.allocations().get(id.0).is_some_and(|row| {
                    Some(row.value.host) == host
                        && row.value.state == allocation::State::Stopped
                        && drain_on(control, row.value.host)
                            .is_some_and(|drain| row.value.since >= drain.cordoned_at)
                });
                sum + if counts { *cut } else { 0 }
            });
            judge.claim(const { place("o-29") }, forced == cut, || {
                format!("{cut} requests were cut off on a host whose drain counts {forced}")
            });
            let left = state
                .fleet()
                .control()
                .allocations()
                .iter()
                .filter(|(_, row)| Some(row.value.host) == host && !row.value.state.is_terminal())
                .count();
            judge.claim(const { place("o-29") }, left == 0, || {
                format!(
                    "a host was called empty with {left} allocations on it ({killed} ended by an operator)"
                )
            });
        }
        HostNote::PostcheckTaken { drain, boot, .. } => {
            let host = state
                .fleet()
                .control()
                .drains()
                .get(drain.0)
                .map(|row| row.value.host);
            let newest = host
                .and_then(|host| memory.told.get(&host))
                .map(|(boot, _)| *boot);
            judge.claim(const { place("o-33") }, newest == Some(boot), || {
                format!("a postcheck of boot {boot} was taken when the host was in another")
            });
        }
        HostNote::RolloutFrozen { drain, version } => {
            if let Some(row) = state.fleet().control().drains().get(drain.0) {
                memory.broken.insert(row.value.host, version);
            }
        }
        _ => {}
    }
}

/// O-32, at the moment a host is switched off. A voter that has died counts from when that can be known.
fn quorum(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &Memory,
    judge: &mut Judge<'_>,
    voters: &[NodeId],
) {
    let known = state.knobs().get(&knob::PRESENCE_TIMEOUT) + Duration::secs(8).0;
    let healthy = voters
        .iter()
        .filter(|voter| {
            let off = state
                .fleet()
                .runner(**voter)
                .is_some_and(platform::runner::Runner::is_off);
            let dead = memory
                .down
                .get(voter)
                .is_some_and(|since| entry.at.since(*since).0 > known);
            !off && !dead
        })
        .count();
    judge.claim(
        const { place("o-32") },
        voters.is_empty() || healthy > voters.len() / 2,
        || {
            format!(
                "a host was switched off and {healthy} of {} voters are left",
                voters.len()
            )
        },
    );
}

/// What must be so when a drain goes on.
fn drain_moved(
    state: &State<Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
    (id, drain): (DrainId, &Drain),
    transition: Option<u8>,
    at: Time,
) {
    let control = state.fleet().control();
    let is = |wanted: Transition| transition == Some(wanted as u8);
    if is(Transition::UpgradeStarted) {
        let others = control
            .drains()
            .iter()
            .filter(|(other, row)| *other != id.0 && row.value.state == Step::Upgrading);
        let others = others.count() as u64;
        let most = state.knobs().get(&knob::HOSTS_BUILT_AT_ONCE);
        judge.claim(
            const { place("hosts-are-built-in-turns") },
            others < most,
            || format!("a host begins to be built while {others} others are"),
        );
    }
    if is(Transition::EvacuationStarted) {
        zones(state, judge, drain);
        room(state, judge, drain);
        let ttl = state.knobs().get(&knob::PROVIDER_TTL) + Duration::secs(1).0;
        let answered = memory.provider.is_some_and(|last| at.since(last).0 <= ttl);
        judge.claim(const { place("provider-first") }, answered, || {
            "a drain began while the provider of machines did not answer".into()
        });
        let broken = memory.broken.iter().any(|(host, version)| {
            *host != drain.host && *version == drain.version && {
                drain_on(control, *host).is_some_and(|other| other.version == *version)
            }
        });
        judge.claim(const { place("rollout-stops") }, !broken, || {
            format!(
                "a drain began with version {}, whose agent is broken on another host",
                drain.version.0
            )
        });
    }
    if is(Transition::CameBack) {
        let host = state
            .fleet()
            .runner(drain.host)
            .map(|runner| *runner.machine());
        let really = host.is_some_and(|host| {
            host.off_until.is_none()
                && host.boot > drain.boot_before
                && host.built.facts.version == drain.version
        });
        // One that has crashed since it spoke has no boot to look at.
        let really = really || !state.is_up(drain.host);
        judge.claim(const { place("upgrades-really-happen") }, really, || {
            "a host counted as back that had not been switched off and on again".into()
        });
    }
    if is(Transition::Passed) {
        let newest = memory.told.get(&drain.host).map(|(boot, _)| *boot);
        let found = memory.postchecks.get(&id).copied();
        let right = found.is_some_and(|(boot, facts)| {
            Some(boot) == newest && facts.passes() && !facts.drift && facts.version == drain.version
        });
        judge.claim(const { place("o-33") }, right, || {
            "a host went back into use without a passed postcheck of its last boot".into()
        });
        memory.broken.remove(&drain.host);
        judge.claim(
            const { place("some-host-is-upgraded") },
            true,
            Default::default,
        );
    }
    if is(Transition::Aborted) {
        let drift = memory
            .told
            .get(&drain.host)
            .is_some_and(|(_, drift)| *drift);
        judge.claim(const { place("o-33") }, !drift, || {
            "a host that somebody had changed by hand went back into use unchecked".into()
        });
    }
}

fn zones(state: &State<Fleet>, judge: &mut Judge<'_>, drain: &Drain) {
    let control = state.fleet().control();
    let zone = |host: NodeId| {
        let at = control.hosts().iter().position(|one| one.runner == host)?;
        control.managed()?.zones.get(at).copied()
    };
    let count = control
        .drains()
        .iter()
        .map(|(_, row)| &row.value)
        .filter(|other| {
            !matches!(other.state, Step::Cordoned | Step::Uncordoned)
                && zone(other.host) == zone(drain.host)
        })
        .count() as u64;
    let most = state.knobs().get(&knob::ZONE_LIMIT);
    judge.claim(const { place("one-drain-per-zone") }, count <= most, || {
        format!("{count} hosts of one zone are out of use")
    });
}

/// Whether what is on the host fits on the others in sum, and any one of those could still be lost.
fn room(state: &State<Fleet>, judge: &mut Judge<'_>, drain: &Drain) {
    let control = state.fleet().control();
    let mut promised: SortedMap<NodeId, u64> = SortedMap::new();
    for (_, row) in control
        .allocations()
        .iter()
        // What was planned in the same breath replaces something that is counted already.
        .filter(|(_, row)| {
            !row.value.state.is_terminal() && row.value.planned_at < drain.evacuating_at
        })
    {
        *promised.entry(row.value.host).or_default() += row.value.limit;
    }
    let load = |host: NodeId| promised.get(&host).copied().unwrap_or(0);
    let (mut memory, mut all, mut most) = (0_u64, load(drain.host), 0_u64);
    for host in control.hosts() {
        let usable = host.runner != drain.host
            && control.is_connected(host.runner)
            && drain_on(control, host.runner).is_none();
        if usable {
            memory += host.memory;
            most = most.max(host.memory);
            all += load(host.runner);
        }
    }
    judge.claim(
        const { place("drains-leave-room") },
        all <= memory.saturating_sub(most),
        || {
            format!(
                "a drain began though {} MiB have to fit on hosts of {} MiB, one of which may be lost",
                all >> 20,
                memory >> 20
            )
        },
    );
}

/// Replacements first, and the pace: looked at whenever something leaves a host that is drained.
fn leaving(state: &State<Fleet>, judge: &mut Judge<'_>) {
    let control = state.fleet().control();
    if control.drains().is_empty() {
        return;
    }
    let mut leaving: SortedMap<(u16, NodeId), u64> = SortedMap::new();
    for (_, row) in control.allocations().iter() {
        let value = &row.value;
        let leaves = value.state == allocation::State::Draining
            || (value.state == allocation::State::Ready && value.leaving);
        let current = control
            .routes()
            .get(value.route.0.into())
            .is_some_and(|route| route.value.epoch == value.epoch);
        if leaves && current && drain_on(control, value.host).is_some() {
            *leaving.entry((value.route.0, value.host)).or_default() += 1;
        }
    }
    let most = state.knobs().get(&knob::MAX_PARALLEL);
    for ((route, _), count) in leaving {
        judge.claim(const { place("drains-are-paced") }, count <= most, || {
            format!("{count} allocations of route {route} leave a host at once")
        });
    }
}

/// L-8, and that drains go on or say why.
fn ends(state: &State<Fleet>, judge: &mut Judge<'_>) {
    let control = state.fleet().control();
    let now = state.clock(state.fleet().roster().control());
    let knobs = state.knobs();
    for (id, row) in control.allocations().iter() {
        let value = &row.value;
        if value.state == allocation::State::Draining && drain_on(control, value.host).is_some() {
            let limit = knobs.get(&knob::DRAIN_DEADLINE) + knobs.get(&knob::HOST_LOST) + SLACK.0;
            let age = now.since(value.since);
            judge.claim(const { place("l-8") }, age.0 <= limit, || {
                format!("allocation {} has been draining for {age}", id + 1)
            });
        }
    }
    for (id, row) in control.drains().iter() {
        let drain = &row.value;
        let limit = match drain.state {
            Step::Cordoned if !drain.go => continue,
            Step::Uncordoned => continue,
            Step::Cordoned | Step::ReplacementReady => Duration::ZERO,
            Step::Evacuating => {
                Duration(knobs.get(&knob::DRAIN_DEADLINE) + 4 * knobs.get(&knob::PULL_TIMEOUT))
            }
            Step::Upgrading => knobs.time(&knob::UPGRADE_DEADLINE),
            Step::Postcheck => knobs.time(&knob::POSTCHECK_DEADLINE),
        };
        let age = now.since(drain.since);
        judge.claim(
            const { place("drains-tell") },
            drain.hold != Hold::None || age.0 <= limit.0 + SLACK.0,
            || {
                format!(
                    "drain {} has been {} for {age} and says nothing",
                    id + 1,
                    drain.state.spec().name
                )
            },
        );
    }
}

/// What leaves must have its replacement: judged at the moment at which it goes out of rotation for a drain.
fn out_of_rotation(state: &State<Fleet>, judge: &mut Judge<'_>, id: AllocationId) {
    let control = state.fleet().control();
    let Some(row) = control.allocations().get(id.0) else {
        return;
    };
    let value = &row.value;
    let Some(drain) = drain_on(control, value.host) else {
        return;
    };
    if drain.state != Step::Evacuating || !value.leaving {
        return;
    }
    let route = control.routes().get(value.route.0.into());
    if route.is_none_or(|route| route.value.epoch != value.epoch) {
        return;
    }
    // An app that goes to sleep leaves everywhere.
    let asleep = control.wakes().iter().any(|(_, wake)| {
        wake.value.route == value.route
            && wake.value.epoch == value.epoch
            && wake.value.state == platform::wake::State::Sleeping
    });
    let serves = control.allocations().iter().any(|(_, other)| {
        other.value.route == value.route
            && other.value.epoch == value.epoch
            && other.value.host != value.host
            && other.value.serving
    });
    judge.claim(
        const { place("replacements-first") },
        serves || asleep,
        || {
            format!(
                "allocation {} left its host before a replacement served",
                id.0 + 1
            )
        },
    );
}
