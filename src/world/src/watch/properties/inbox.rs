//! Properties of the inbox: it keeps events by agreement only, says so when they are durable, and delivers them in order.

use super::{Judge, place};
use crate::fleet::Fleet;
use alloc::format;
use alloc::vec::Vec;
use machine::{Duration, SortedMap, Time};
use platform::id::RequestId;
use platform::message::{Class, Message, Reason};
use platform::note::Note;
use platform::traces::{Claim, Message as Say, Note as Tell};
use protocol::Plan;
use sim::{Entry, State, What};

/// How long after troubles are over everything that was kept before has arrived.
const CATCHING_UP: Duration = Duration::secs(40);

/// What is remembered of the inbox.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Whether there is one.
    any: bool,
    /// The apps whose owners have agreed to it.
    agreed: Vec<u16>,
    heal_at: Time,
    /// Whether it was looked at what has arrived by then.
    looked: bool,
    /// The events of deliveries that are under way.
    events: SortedMap<RequestId, Claim>,
}

impl Memory {
    pub(super) fn new(plan: &Plan) -> Self {
        let traces = plan.traces.as_ref();
        let provider = traces.and_then(|traces| traces.provider.as_ref());
        let agreed = provider.filter(|provider| provider.contract && provider.inbox);
        Self {
            any: traces.is_some_and(|traces| traces.inbox),
            agreed: agreed.iter().map(|provider| provider.app).collect(),
            heal_at: Time(plan.heal_at),
            looked: false,
            events: SortedMap::new(),
        }
    }
}

pub(super) fn check(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let Some(inbox) = state.fleet().inbox().filter(|_| memory.any) else {
        return;
    };
    if let What::MessageDelivered {
        message: Message::Traces(Say::Arrive(arrival)),
        ..
    } = entry.what
        && let (Class::Webhook, Some(key)) = (arrival.request.class, arrival.request.key)
    {
        let (route, event) = (arrival.request.route, true);
        memory
            .events
            .insert(arrival.request.id, Claim { route, event, key });
    }
    for note in entry.notes {
        match *note {
            Note::ResponseSent {
                request,
                status,
                reason,
                ..
            } => {
                let Some(claim) = memory.events.remove(&request) else {
                    continue;
                };
                if reason != Reason::EventKept || !matches!(status, 200..=299) {
                    continue;
                }
                judge.claim(const { place("o-20") }, inbox.has(claim), || {
                    format!(
                        "webhook {} is answered {status} and not durable anywhere",
                        request.0
                    )
                });
                let agreed = memory.agreed.contains(&claim.route.0);
                judge.claim(
                    const { place("events-are-kept-by-agreement") },
                    agreed,
                    || {
                        format!(
                            "webhook {} was kept, and nobody has agreed to that",
                            request.0
                        )
                    },
                );
            }
            Note::Traces(Tell::InboxTook { .. }) => judge.claim(
                const { place("some-event-is-kept") },
                true,
                Default::default,
            ),
            Note::Traces(Tell::InboxDelivered { claim, place: at }) => {
                let mut earlier = inbox.rows().iter().take_while(|(place, _)| **place < at);
                let late =
                    earlier.find(|(_, kept)| !kept.delivered && kept.claim.route == claim.route);
                judge.claim(
                    const { place("kept-events-keep-their-order") },
                    late.is_none(),
                    || {
                        format!(
                            "event {} is delivered before event {}, which came first",
                            at + 1,
                            late.map_or(0, |(place, _)| place + 1)
                        )
                    },
                );
            }
            _ => {}
        }
    }
    // The inbox may have nothing to do any more by then.
    if !memory.looked && entry.at.since(memory.heal_at) >= CATCHING_UP {
        memory.looked = true;
        let mut rows = inbox.rows().iter();
        let late = rows.find(|(_, kept)| !kept.delivered && kept.since < memory.heal_at);
        judge.claim(
            const { place("kept-events-arrive") },
            late.is_none(),
            || {
                format!(
                    "event {} was kept before troubles were over and has not arrived",
                    late.map_or(0, |(place, _)| place + 1)
                )
            },
        );
    }
}
