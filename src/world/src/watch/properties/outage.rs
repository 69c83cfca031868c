//! Properties of providers that degrade: nothing begins on old evidence or on a provider that is not well, what waited goes
//! on in steps, owners hear whose trouble it is, and nobody is sent into another outage.

use super::{Judge, place};
use crate::fleet::{Fleet, WATCH};
use crate::view::outage::provider as called;
use alloc::format;
use alloc::string::String;
use machine::{Duration, NodeId, SortedMap, Time};
use platform::knob;
use platform::note::Note;
use platform::outage::{
    Cause, Condition, DependencyId, Note as Tell, Standing, Watch, WorkId, WorkState,
};
use sim::{Entry, State, What};

/// What is remembered of providers.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    healed: Option<Time>,
    looked_at: Time,
    /// What probes have found: the newest, when, and how many in a row were as good or bad.
    probed: SortedMap<DependencyId, (Condition, Time, u64)>,
    /// When each caller has tried last, and when it was served.
    called: SortedMap<NodeId, (Time, Time)>,
    /// When the step under way began, and how many have gone on in it.
    lifting: SortedMap<DependencyId, (Time, u64)>,
}

/// How long after something has changed it may still be told as it was: what was said of it is on its way.
const ON_ITS_WAY: Duration = Duration::millis(200);

pub(super) fn check(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let Some(watch) = state.fleet().watch() else {
        return;
    };
    if let What::Healed = entry.what {
        memory.healed = Some(entry.at);
    }
    if let What::Restarted = entry.what
        && state
            .fleet()
            .roster()
            .seated(WATCH)
            .any(|node| node == entry.actor)
    {
        // What it had decided and not written down was never said to anybody.
        memory.lifting.retain(|_, step| {
            *step = (Time::ZERO, 0);
            true
        });
    }
    for note in entry.notes {
        let Note::Outage(note) = note else { continue };
        match *note {
            Tell::Probed {
                dependency,
                condition,
            } => memory.take(dependency, condition, entry.at),
            Tell::Paused { dependency, .. } => {
                memory.lifting.remove(&dependency);
                sometimes(const { place("some-provider-is-paused") }, judge);
            }
            Tell::Lifting { dependency } => {
                memory.lifting.insert(dependency, (Time::ZERO, 0));
                let wanted = state.knobs().get(&knob::RETURN_PROBES);
                let found = memory.in_a_row(dependency, true);
                judge.claim(
                    const { place("pauses-end-on-own-probes") },
                    found >= wanted,
                    || {
                        format!(
                            "{dependency:?} was let go on after {found} good probes of {wanted}"
                        )
                    },
                );
            }
            Tell::Lifted { dependency } => {
                memory.lifting.remove(&dependency);
                sometimes(const { place("some-pause-is-lifted") }, judge);
            }
            Tell::Held {
                work, dependency, ..
            } => {
                sometimes(const { place("some-work-waits") }, judge);
                let needed = watch.needs(work).contains(&dependency);
                judge.claim(const { place("others-go-on") }, needed, || {
                    format!(
                        "{} waits for {}, which it does not need",
                        piece(work),
                        there(dependency)
                    )
                });
            }
            Tell::Started { work } => started(state, entry, memory, watch, work, judge),
            Tell::OwnerTold { route, cause } => {
                sometimes(const { place("some-owner-is-told") }, judge);
                let environments = &watch.installation().environments;
                let env = environments.iter().find(|env| env.route == route);
                let Some(env) = env else { continue };
                match cause {
                    Cause::Provider(provider) => {
                        let bound = env.needs.contains(&provider);
                        judge.claim(const { place("others-go-on") }, bound, || {
                            format!(
                                "an owner is told of {}, which is not needed",
                                called(provider)
                            )
                        });
                        let wanted = state.knobs().get(&knob::OUTAGE_PROBES);
                        let seen = memory
                            .probed
                            .keys()
                            .filter(|id| id.provider() == provider)
                            .any(|id| memory.in_a_row(*id, false) >= wanted);
                        judge.claim(const { place("outages-are-real") }, seen, || {
                            format!(
                                "owners are told of {}, and no probe shows it",
                                called(provider)
                            )
                        });
                    }
                    Cause::App => {
                        let before = Time(entry.at.0.saturating_sub(ON_ITS_WAY.0));
                        let hidden = env.needs.iter().find(|provider| {
                            state.fleet().supplier(**provider).is_some_and(|one| {
                                one.is_ill(env.region, entry.at) && one.is_ill(env.region, before)
                            })
                        });
                        judge.claim(
                            const { place("provider-failures-are-not-hidden") },
                            hidden.is_none(),
                            || {
                                let whose = hidden.map_or("nobody", |one| called(*one));
                                format!("an app is blamed for the trouble of {whose}")
                            },
                        );
                    }
                    Cause::Platform => {}
                }
            }
            Tell::FailedOver { region } => {
                let environments = &watch.installation().environments;
                let mut needs = environments.iter().flat_map(|env| &env.needs);
                let ttl = state.knobs().time(&knob::PROVIDER_EVIDENCE_TTL);
                let bad = needs.find(|provider| {
                    let id = DependencyId::new(**provider, region);
                    !memory.is_well(id, entry.at, ttl) || is_paused(watch, id)
                });
                judge.claim(
                    const { place("failovers-are-proven") },
                    bad.is_none(),
                    || {
                        let what = bad.map_or("something", |one| called(*one));
                        format!("everybody is sent to where {what} is not known to be well")
                    },
                );
            }
            Tell::Called { tries } => memory.called(state, entry, tries, judge),
            Tell::CallServed => {
                let (_, served) = memory.called.entry(entry.actor).or_default();
                *served = entry.at;
            }
            Tell::GaveUp { .. } => sometimes(const { place("some-call-is-given-up") }, judge),
            Tell::SecretReplaced { provider, .. } => {
                let refused = memory.probed.iter().any(|(id, (found, ..))| {
                    id.provider() == provider && *found == Condition::Locked
                });
                judge.claim(
                    const { place("secrets-are-replaced-for-cause") },
                    refused,
                    || {
                        let what = called(provider);
                        format!("the secret of {what} is replaced, and it was never refused")
                    },
                );
            }
            _ => {}
        }
    }
    if memory.healed.is_some() && entry.at.since(memory.looked_at) >= Duration::secs(1) {
        memory.looked_at = entry.at;
        settle(entry, memory, watch, judge);
    }
}

/// A provider in a region, as evidence names it.
fn there(id: DependencyId) -> String {
    format!("{} in region {}", called(id.provider()), id.region().0 + 1)
}

fn piece(work: WorkId) -> String {
    format!("work {}", work.0 + 1)
}

fn is_paused(watch: &Watch, id: DependencyId) -> bool {
    let row = watch.dependencies().get(id.0.into());
    row.is_some_and(|row| row.value.standing == Standing::Paused)
}

fn sometimes(place: usize, judge: &mut Judge<'_>) {
    judge.claim(place, true, Default::default);
}

impl Memory {
    fn take(&mut self, id: DependencyId, found: Condition, at: Time) {
        let well = found == Condition::Well;
        let row = match self.probed.get(&id) {
            Some((before, _, row)) if (*before == Condition::Well) == well => row + 1,
            _ => 1,
        };
        self.probed.insert(id, (found, at, row));
    }

    /// A caller tries.
    fn called(
        &mut self,
        state: &State<Fleet>,
        entry: &Entry<'_, Fleet>,
        tries: u32,
        judge: &mut Judge<'_>,
    ) {
        let knobs = state.knobs();
        let (last, _) = self.called.entry(entry.actor).or_default();
        let waited = entry.at.since(*last);
        *last = entry.at;
        let most = knobs.get(&knob::CALL_TRIES);
        judge.claim(
            const { place("calls-are-bounded") },
            u64::from(tries) <= most,
            || format!("a call is tried for the {tries}th time"),
        );
        if tries > 1 {
            sometimes(const { place("some-call-is-tried-again") }, judge);
            let base = knobs.time(&knob::CALL_BACK_OFF).0;
            let full = base
                .saturating_mul(1 << (tries - 2).min(20))
                .min(knobs.time(&knob::CALL_BACK_OFF_MOST).0);
            judge.claim(
                const { place("retries-back-off") },
                waited.0 >= full / 2,
                || format!("try {tries} comes {waited} after the one before"),
            );
        }
    }

    /// How many answers in a row were good, or were not.
    fn in_a_row(&self, id: DependencyId, good: bool) -> u64 {
        match self.probed.get(&id) {
            Some((found, _, row)) if (*found == Condition::Well) == good => *row,
            _ => 0,
        }
    }

    fn is_well(&self, id: DependencyId, at: Time, ttl: Duration) -> bool {
        self.probed
            .get(&id)
            .is_some_and(|(found, seen, _)| *found == Condition::Well && at.since(*seen) <= ttl)
    }
}

fn started(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    watch: &Watch,
    work: WorkId,
    judge: &mut Judge<'_>,
) {
    let ttl = state.knobs().time(&knob::PROVIDER_EVIDENCE_TTL);
    let (step, interval) = (
        state.knobs().get(&knob::LIFT_STEP),
        state.knobs().time(&knob::LIFT_INTERVAL),
    );
    for id in watch.needs(work) {
        let seen = memory.probed.get(&id).map(|(_, at, _)| *at);
        let fresh = seen.is_some_and(|at| entry.at.since(at) <= ttl);
        judge.claim(const { place("o-38-providers") }, fresh, || {
            let when = seen.map_or("never".into(), |at| format!("at {at}"));
            format!(
                "{} began on what was seen of {} {when}",
                piece(work),
                there(id)
            )
        });
        let bad = memory.in_a_row(id, false) > 0;
        let waits = bad || is_paused(watch, id);
        judge.claim(
            const { place("work-waits-for-its-providers") },
            !waits,
            || format!("{} began while {} was not well", piece(work), there(id)),
        );
        if let Some((began, count)) = memory.lifting.get_mut(&id) {
            if *count == 0 || entry.at.since(*began) >= interval {
                (*began, *count) = (entry.at, 0);
            }
            *count += 1;
            judge.claim(
                const { place("pauses-lift-in-steps") },
                *count <= step,
                || {
                    format!(
                        "{count} began within {interval} after {} came back",
                        there(id)
                    )
                },
            );
        }
    }
}

/// What has to be so soon after troubles are over.
fn settle(entry: &Entry<'_, Fleet>, memory: &Memory, watch: &Watch, judge: &mut Judge<'_>) {
    let Some(healed) = memory.healed else { return };
    if entry.at.since(healed) < Duration::secs(60) {
        return;
    }
    for (node, (_, served)) in memory.called.iter() {
        let lately = entry.at.since(*served) <= Duration::secs(30);
        judge.claim(const { place("callers-are-served") }, lately, || {
            format!("caller {} was served at {served} last", node.0)
        });
    }
    let automatic = watch.installation().automatic;
    for (at, row) in watch.works().iter() {
        let goes_on = match row.value.state {
            WorkState::Idle => continue,
            WorkState::Waiting => !automatic && row.value.held.is_some(),
            WorkState::Going => false,
            WorkState::Done => true,
        };
        judge.claim(const { place("held-work-goes-on") }, goes_on, || {
            let is = match row.value.state {
                WorkState::Idle => "not asked for",
                WorkState::Waiting => "waiting",
                WorkState::Going => "on its way",
                WorkState::Done => "under way",
            };
            format!("work {} is still {is}", at + 1)
        });
    }
}
