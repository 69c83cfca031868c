//! Properties of regions: O-34, residency, moving on facts, and that what is shut is empty.

use super::{Judge, place};
use crate::fleet::Fleet;
use alloc::format;
use machine::{Duration, SortedMap, Time};
use platform::id::Region;
use platform::knob;
use platform::note::Note;
use platform::region::{Note as Tell, RegionRow, State as Stage};
use sim::{Entry, State, What};

/// What is remembered of regions.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// When each region that was eligible ceased to be.
    left: SortedMap<Region, Time>,
    /// Since when the data may not live in a region.
    forbidden: SortedMap<Region, Time>,
    /// Since when each region has had all that it needs for becoming eligible.
    well: SortedMap<Region, Time>,
    /// Since when troubles are over.
    healed: Option<Time>,
    /// Since when the service has been up, by its own clock.
    up_since: Time,
}

pub(super) fn check(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let Some(service) = state.fleet().regions() else {
        return;
    };
    if let What::Healed = entry.what {
        memory.healed = Some(entry.at);
    }
    for moved in entry.moved {
        if moved.lifecycle == platform::REGION {
            moved_on(state, entry, moved, memory, judge);
        }
    }
    let row = |region: Region| service.rows().get(u32::from(region.0)).map(|row| row.value);
    for note in entry.notes {
        match *note {
            Note::Region(Tell::ResidencySet { region, allowed }) => {
                if allowed {
                    memory.forbidden.remove(&region);
                } else {
                    memory.forbidden.entry(region).or_insert(entry.at);
                }
            }
            Note::Region(Tell::Sent { region, .. }) => {
                if let Some(row) = row(region) {
                    sent(state, entry, region, &row, memory, judge);
                }
            }
            Note::Region(Tell::EvidenceTaken {
                region,
                current,
                answer,
                ..
            }) => judge.claim(const { place("o-8") }, answer == current, || {
                format!(
                    "an answer under token {} was believed for region {}, whose token is {}",
                    answer.0,
                    region.0 + 1,
                    current.0
                )
            }),
            Note::Region(Tell::Held { .. }) => {
                judge.claim(const { place("some-region-waits") }, true, Default::default);
            }
            _ => {}
        }
    }
    if state.fleet().roster().seated(crate::fleet::REGIONS).next() == Some(entry.actor) {
        if let What::Started | What::Restarted = entry.what {
            memory.up_since = state.clock(entry.actor);
        }
        grace(state, entry, memory, judge);
        settle(state, entry, memory, judge);
    }
}

fn moved_on(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    moved: &machine::Moved,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let region = Region(moved.subject.id as u8);
    if moved.to == Stage::Eligible as u8 {
        memory.left.remove(&region);
        judge.claim(const { place("some-region-opens") }, true, Default::default);
    }
    if moved.to == Stage::Disabled as u8 {
        if moved.from == Some(Stage::Eligible as u8) {
            memory.left.insert(region, entry.at);
        }
        judge.claim(
            const { place("some-region-is-taken-out") },
            true,
            Default::default,
        );
        return;
    }
    let stages = [
        Stage::Requested,
        Stage::Provisioning,
        Stage::BindingServices,
        Stage::ReplicatingArtifacts,
    ];
    let from = stages
        .into_iter()
        .find(|stage| moved.from == Some(*stage as u8));
    let (Some(from), Some(site)) = (from, state.fleet().place(region)) else {
        return;
    };
    let knobs = state.knobs();
    let ttl = knobs.time(&knob::REGION_EVIDENCE_TTL);
    let steady = knobs.time(&knob::REPLICATION_STEADY);
    let since = Time(entry.at.0.saturating_sub(ttl.0));
    for fact in from.needs() {
        let was = site.was_so(*fact, since, entry.at, steady);
        judge.claim(const { place("regions-move-on-facts") }, was, || {
            format!(
                "region {} left {} although it lacks {}",
                region.0 + 1,
                from.spec().name,
                fact.lack()
            )
        });
    }
}

/// A visitor was sent to a region.
fn sent(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    region: Region,
    row: &RegionRow,
    memory: &Memory,
    judge: &mut Judge<'_>,
) {
    let lease = state.knobs().time(&knob::REGION_LEASE);
    let lately = |since: &Time| entry.at.since(*since) <= lease;
    let eligible =
        row.state == Some(Stage::Eligible) || memory.left.get(&region).is_some_and(lately);
    judge.claim(const { place("o-34") }, eligible, || {
        format!(
            "a visitor was sent to region {}, which is {}",
            region.0 + 1,
            row.state.map_or("not asked for", |state| state.spec().name)
        )
    });
    let kept = memory.forbidden.get(&region).is_none_or(lately);
    judge.claim(const { place("residency-is-kept") }, kept, || {
        format!(
            "a visitor was sent to region {} although the data may not live there",
            region.0 + 1
        )
    });
    let runs = state.fleet().place(region).is_some_and(|site| site.runs());
    judge.claim(const { place("shut-regions-are-empty") }, runs, || {
        format!(
            "a visitor was sent to region {}, which was shut",
            region.0 + 1
        )
    });
}

/// A region that lacks something is eligible no longer than its grace lasts.
fn grace(state: &State<Fleet>, entry: &Entry<'_, Fleet>, memory: &Memory, judge: &mut Judge<'_>) {
    // Nobody takes anything out while the service is down; when it is back it has what it knew.
    let Some(service) = state.fleet().regions().filter(|_| state.is_up(entry.actor)) else {
        return;
    };
    let most = Duration(state.knobs().time(&knob::REGION_GRACE).0 + Duration::secs(1).0);
    let now = state.clock(entry.actor);
    for (id, row) in service.rows().iter() {
        let eligible = row.value.state == Some(Stage::Eligible);
        let Some(since) = row.value.ill_since.filter(|_| eligible) else {
            continue;
        };
        let borne = now.since(since.max(memory.up_since)) <= most;
        judge.claim(const { place("regions-settle") }, borne, || {
            format!(
                "region {} has lacked something since {since} and is still eligible",
                id + 1
            )
        });
    }
}

/// A region that has all it needs must get on.
fn settle(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let (Some(healed), Some(service)) = (memory.healed, state.fleet().regions()) else {
        return;
    };
    let knobs = state.knobs();
    let steady = knobs.time(&knob::REPLICATION_STEADY);
    // Five stages, each of which may have to ask twice.
    let within = Duration(knobs.time(&knob::REGION_PROBE_INTERVAL).0 * 10);
    for (id, row) in service.rows().iter() {
        let (region, row) = (Region(id as u8), row.value);
        let lacks_nothing = state.fleet().place(region).is_some_and(|site| {
            Stage::Eligible
                .needs()
                .iter()
                .all(|fact| site.is_so(*fact, entry.at, steady))
        });
        let wanted = row.allowed && row.state.is_some_and(|stage| stage != Stage::Disabled);
        if !wanted || !lacks_nothing {
            memory.well.remove(&region);
            continue;
        }
        let since = *memory.well.entry(region).or_insert(entry.at.max(healed));
        let eligible = row.state == Some(Stage::Eligible);
        let in_time = eligible || entry.at.since(since) <= within;
        if eligible || !in_time {
            judge.claim(const { place("regions-settle") }, in_time, || {
                format!(
                    "region {} lacks nothing and is still {}",
                    region.0 + 1,
                    row.state.map_or("not asked for", |stage| stage.spec().name)
                )
            });
        }
    }
}
