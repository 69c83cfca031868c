//! Properties of sessions: O-29, O-30, O-31, L-12, and what sockets and those who come back are promised.

use super::{Judge, place};
use crate::fleet::{Fleet, Node, Phase};
use alloc::format;
use alloc::string::ToString;
use machine::{Duration, NodeId, SortedMap, SortedSet, Time};
use platform::id::AllocationId;
use platform::knob;
use platform::message::Message;
use platform::note::Note;
use platform::runner::Stage;
use platform::sessions::{
    Blob, Came, Fresh, Message as Say, Note as Tell, Refusal, SessionId, TabId,
};
use sim::{Entry, State, What};

/// Within how long everybody who may come back has come back once troubles are over.
const BACK_WITHIN: Duration = Duration::secs(75);
/// How far past its budget an upgrade may be answered: a look of the edge at what waits.
const TICK: Duration = Duration::millis(200);

/// What is remembered of sessions.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Whose memory has which state.
    states: SortedSet<(AllocationId, SessionId)>,
    /// Sessions that left or were cut off, by allocation that drains.
    gone: SortedMap<AllocationId, (u32, u32)>,
    /// How many millionths of sockets each edge could still accept, and when.
    accepts: SortedMap<NodeId, (u64, Time)>,
    /// The newest holder of each session, since the store came up.
    holders: SortedMap<SessionId, u32>,
    /// On which connection each tab has a page that was made elsewhere than where its session was.
    anew: SortedMap<TabId, u32>,
    healed: Option<Time>,
}

impl Memory {
    fn forget(&mut self, of: AllocationId) {
        self.states.retain(|(allocation, _)| *allocation != of);
    }
}

pub(super) fn check(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    match entry.what {
        What::Healed => memory.healed = Some(entry.at),
        What::Crashed => {
            memory.accepts.remove(&entry.actor);
            if let Some(Node::SessionStore(_)) = state.fleet().node(entry.actor) {
                // Whom it had not written down it has not told either.
                memory.holders.clear();
            }
            if let Some(runner) = state.fleet().runner(entry.actor) {
                for allocation in runner.slots().keys() {
                    memory.forget(*allocation);
                    memory.gone.remove(allocation);
                }
            }
        }
        _ => {}
    }
    for note in entry.notes {
        match note {
            Note::Sessions(tell) => told(state, entry, memory, judge, tell),
            Note::ProcessExited { allocation, .. } | Note::ProcessStopped { allocation, .. } => {
                memory.forget(*allocation);
            }
            _ => {}
        }
    }
    if state.fleet().roster().seated(crate::fleet::TABS).next() == Some(entry.actor) {
        come_back(state, entry, memory, judge);
    }
}

/// L-12.
fn come_back(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &Memory,
    judge: &mut Judge<'_>,
) {
    let (Some(healed), Some(tabs)) = (memory.healed, state.fleet().tabs()) else {
        return;
    };
    for (at, tab) in tabs.all().iter().enumerate() {
        if let Phase::GivenUp(status) = tab.phase {
            let id = if status == 7 {
                const { place("some-tab-is-refused") }
            } else {
                const { place("some-tab-is-locked-out") }
            };
            judge.claim(id, true, Default::default);
        }
        let since = tab.lost.map_or(entry.at, |lost| lost.max(healed));
        let waits = entry.at.since(since);
        judge.claim(const { place("l-12") }, waits.0 <= BACK_WITHIN.0, || {
            format!("tab {} has been without a socket for {waits}", at + 1)
        });
    }
}

fn told(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
    tell: &Tell,
) {
    let knobs = state.knobs();
    let now = state.clock(entry.actor);
    let kept = |session: SessionId| -> Option<Blob> {
        state.fleet().session_store()?.rows().get(&session).copied()
    };
    match *tell {
        Tell::Admitted { .. } => {
            const ONE: u64 = 1_000_000;
            let most = knobs.get(&knob::SOCKET_ACCEPT_BURST) * ONE;
            let rate = knobs.get(&knob::SOCKET_ACCEPT_RATE);
            let (level, at) = memory
                .accepts
                .get(&entry.actor)
                .copied()
                .unwrap_or((most, now));
            let level = (level + now.since(at).0 * rate).min(most);
            judge.claim(const { place("accepts-are-paced") }, level >= ONE, || {
                "an edge accepted more sockets than its budget allows".to_string()
            });
            memory
                .accepts
                .insert(entry.actor, (level.saturating_sub(ONE), now));
        }
        Tell::Throttled { .. } => judge.claim(
            const { place("some-reconnect-is-throttled") },
            true,
            Default::default,
        ),
        Tell::Waited {
            waited,
            tab,
            served,
        } => {
            let most = knobs.get(&knob::UPGRADE_WAIT) + TICK.0;
            judge.claim(
                const { place("upgrades-wait-in-bounds") },
                waited <= most,
                || {
                    format!(
                        "the upgrade of tab {} waited for {}",
                        tab.0 + 1,
                        Duration(waited)
                    )
                },
            );
            let id = if served {
                const { place("some-upgrade-waits") }
            } else {
                const { place("some-upgrade-times-out") }
            };
            judge.claim(id, true, Default::default);
        }
        Tell::Cut { tab, allocation } => {
            let row = state.fleet().control().allocations().get(allocation.0);
            let over = row.is_none_or(|row| row.value.state.is_terminal());
            judge.claim(const { place("sockets-stay") }, over, || {
                format!(
                    "the socket of tab {} was cut while allocation {} goes on",
                    tab.0 + 1,
                    allocation.0 + 1
                )
            });
        }
        Tell::Attached { .. } => attached(state, entry, memory, judge, tell),
        Tell::Detached { .. } => judge.claim(
            const { place("some-session-is-left-alone") },
            true,
            Default::default,
        ),
        Tell::Evicted { session } => {
            if let Some(runner) = state.fleet().runner(entry.actor) {
                memory.states.retain(|(allocation, of)| {
                    *of != session
                        || runner.holds(*allocation, session)
                        || !runner.slots().contains_key(allocation)
                });
            }
        }
        Tell::Superseded { session } => {
            judge.claim(
                const { place("some-holder-is-superseded") },
                true,
                Default::default,
            );
            if let Some(runner) = state.fleet().runner(entry.actor) {
                memory.states.retain(|(allocation, of)| {
                    *of != session
                        || runner.holds(*allocation, session)
                        || !runner.slots().contains_key(allocation)
                });
            }
        }
        Tell::Moved {
            session,
            allocation,
            seq,
        } => {
            memory.states.remove(&(allocation, session));
            memory.gone.entry(allocation).or_insert((0, 0)).0 += 1;
            judge.claim(
                const { place("some-session-is-moved") },
                true,
                Default::default,
            );
            let stored = kept(session).map(|blob| blob.seq);
            judge.claim(
                const { place("moved-is-stored") },
                stored.is_some_and(|stored| stored >= seq),
                || {
                    format!(
                        "a session was sent away with {seq} patches, of which {} are stored",
                        stored.unwrap_or(0)
                    )
                },
            );
        }
        Tell::Forced {
            allocation,
            ordered,
            ..
        } => {
            judge.claim(
                const { place("some-session-is-forced") },
                true,
                Default::default,
            );
            if !ordered {
                memory.gone.entry(allocation).or_insert((0, 0)).1 += 1;
            }
            let slot = state
                .fleet()
                .runner(entry.actor)
                .and_then(|runner| runner.slots().get(&allocation));
            let late = slot.is_some_and(|slot| slot.stop_at.is_none_or(|at| now >= at));
            let asked = ordered
                && matches!(
                    entry.what,
                    What::Action(_)
                        | What::MessageDelivered {
                            message: Message::Command(_),
                            ..
                        }
                );
            judge.claim(const { place("o-29") }, late || asked, || {
                format!(
                    "a session was cut off from allocation {} before its deadline",
                    allocation.0 + 1
                )
            });
        }
        Tell::Emptied {
            allocation,
            moved,
            forced,
        } => {
            let counted = memory.gone.remove(&allocation).unwrap_or((0, 0));
            judge.claim(
                const { place("o-29") },
                (moved, forced) == counted,
                || {
                    format!(
                        "allocation {} says that {moved} sessions left and {forced} were cut off, and it was {} and {}",
                        allocation.0 + 1,
                        counted.0,
                        counted.1
                    )
                },
            );
        }
        Tell::StoreSilent { .. } => judge.claim(
            const { place("some-store-is-silent") },
            true,
            Default::default,
        ),
        Tell::Stored {
            session,
            generation,
            before,
        } => judge.claim(
            const { place("newest-holder-writes") },
            generation >= before,
            || {
                format!(
                    "holder {generation} of session {} overwrote what holder {before} has",
                    session.tab.0
                )
            },
        ),
        Tell::Refused { why, .. } => {
            let id = match why {
                Refusal::Gap => const { place("some-upgrade-meets-a-gap") },
                Refusal::StoreSilent => const { place("some-upgrade-waits-for-the-store") },
                _ => return,
            };
            judge.claim(id, true, Default::default);
        }
        Tell::Claimed {
            session,
            generation,
        } => {
            let before = memory.holders.insert(session, generation);
            judge.claim(
                const { place("newest-holder-writes") },
                before.is_none_or(|before| generation > before),
                || {
                    format!(
                        "two holders of session {} have the number {generation}",
                        session.tab.0
                    )
                },
            );
        }
        Tell::MountedAnew { tab, nth, .. } => _ = memory.anew.insert(tab, nth),
        Tell::MountedAtHome { .. } => judge.claim(
            const { place("some-page-finds-its-session") },
            true,
            Default::default,
        ),
        Tell::Outdated { .. } | Tell::Ordered { .. } => {}
    }
}

/// A session has a socket: how it came to it is looked at.
fn attached(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
    tell: &Tell,
) {
    let Tell::Attached {
        session,
        tab,
        nth,
        allocation,
        came,
        seq,
        claimed,
        idle,
        address,
        until,
        ..
    } = *tell
    else {
        return;
    };
    let knobs = state.knobs();
    let now = state.clock(entry.actor);
    let Some(runner) = state.fleet().runner(entry.actor) else {
        return;
    };
    let slot = runner.slots().get(&allocation);
    let runs = slot.is_some_and(|slot| slot.stage == Stage::Running);
    judge.claim(const { place("draining-takes-nobody") }, runs, || {
        format!(
            "allocation {} drains and takes tab {}",
            allocation.0 + 1,
            tab.0 + 1
        )
    });
    let sockets = || runner.sockets().iter();
    let twice = sockets().any(|(other, socket)| {
        *other != tab && (socket.allocation, socket.session) == (allocation, session)
    });
    judge.claim(const { place("o-31") }, !twice, || {
        format!("tab {} has a session that another tab has too", tab.0 + 1)
    });
    let same = sockets()
        .filter(|(_, socket)| socket.allocation == allocation && socket.address() == address)
        .count() as u64;
    let most = knobs.get(&knob::SOCKETS_OF_ADDRESS);
    judge.claim(
        const { place("addresses-are-bounded") },
        same <= most,
        || {
            format!(
                "{same} sockets of allocation {} come from one address",
                allocation.0 + 1
            )
        },
    );
    let known = now < until;
    judge.claim(const { place("sockets-know-who") }, known, || {
        format!(
            "tab {} was let in on an identity that is not good any more",
            tab.0 + 1
        )
    });
    let window = knobs.get(&knob::RESUME_WINDOW);
    if !matches!(came, Came::Fresh(_)) {
        judge.claim(
            const { place("resumes-keep-the-window") },
            idle <= window,
            || format!("a session was continued after {}", Duration(idle)),
        );
    }
    if memory.anew.get(&tab) == Some(&nth) {
        memory.anew.remove(&tab);
        let fresh = matches!(came, Came::Fresh(_));
        judge.claim(
            const { place("pages-begin-where-they-are-made") },
            fresh,
            || {
                format!(
                    "the page of tab {} was made without its session, and is said to go on with it",
                    tab.0 + 1
                )
            },
        );
        judge.claim(
            const { place("some-page-begins-anew") },
            fresh,
            Default::default,
        );
    }
    match came {
        Came::Fresh(why) => {
            judge.claim(
                const { place("some-session-is-fresh") },
                true,
                Default::default,
            );
            if why == Fresh::Schema {
                judge.claim(
                    const { place("some-state-does-not-fit") },
                    true,
                    Default::default,
                );
            }
        }
        Came::Resumed => {
            judge.claim(
                const { place("some-session-is-resumed") },
                true,
                Default::default,
            );
            let there = memory.states.contains(&(allocation, session));
            judge.claim(const { place("resumes-are-real") }, there, || {
                format!(
                    "tab {} was told of a resume, and allocation {} had nothing of its session",
                    tab.0 + 1,
                    allocation.0 + 1
                )
            });
        }
        Came::Hydrated | Came::Migrated => {
            let id = if came == Came::Hydrated {
                const { place("some-session-is-hydrated") }
            } else {
                const { place("some-session-is-migrated") }
            };
            judge.claim(id, true, Default::default);
            if seq < claimed {
                judge.claim(
                    const { place("some-state-is-lost") },
                    true,
                    Default::default,
                );
            }
            let answer = match entry.what {
                What::MessageDelivered {
                    message: Message::Sessions(Say::Loaded { blob, .. }),
                    ..
                } => blob,
                _ => None,
            };
            let schema = slot
                .zip(runner.terms())
                .map(|(slot, terms)| terms.schema(slot.deployment));
            let fits = answer.is_some_and(|blob| Some(blob.schema) == schema && blob.seq == seq);
            judge.claim(const { place("o-30") }, fits && known, || {
                format!(
                    "tab {} got a state that the store does not have, does not fit, or is not its own",
                    tab.0 + 1
                )
            });
        }
    }
    memory.states.insert((allocation, session));
}
