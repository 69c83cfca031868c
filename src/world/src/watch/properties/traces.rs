//! Properties of single requests: O-18 for keys that are kept in a store, O-19, O-20, O-23, O-24, and what webhooks, assets
//! and previews are promised.

use super::{Judge, place};
use crate::fleet::{Fleet, Node};
use crate::view::Names;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use machine::{Duration, NodeId, SortedMap, SortedSet, Time};
use platform::id::{RequestId, RouteId};
use platform::message::{Class, Message, Reason};
use platform::note::Note;
use platform::traces::{Arrival, Claim, Message as Say, Note as Tell, Outcome, Phase, Standing};
use platform::{knob, wake};
use protocol::{Plan, PreviewPlan};
use sim::{Entry, State, What};

/// How far past its window a held webhook may be answered: one tick of the edge.
const TICK: Duration = Duration::millis(250);

/// What the host of a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Host {
    Production,
    /// A preview, by its route if there is one.
    Preview(Option<RouteId>),
}

/// What is remembered of single requests.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    previews: Vec<PreviewPlan>,
    /// How long the provider waits.
    timeout: Option<u64>,
    /// What requests under way asked for: their claims, and what their hosts name.
    claims: SortedMap<RequestId, Claim>,
    hosts: SortedMap<RequestId, Host>,
    classes: SortedMap<RequestId, Class>,
    /// Who was handed out under each claim.
    out: SortedMap<Claim, RequestId>,
    /// Previews that are bound to the production's data, by edge.
    bound: SortedSet<(NodeId, RouteId)>,
    /// When each edge asked for wakes of previews.
    asked: SortedMap<(NodeId, RouteId), Vec<Time>>,
    /// Requests that came as early data and may change something.
    early: SortedSet<RequestId>,
}

impl Memory {
    pub(super) fn new(plan: &Plan) -> Self {
        let traces = plan.traces.as_ref();
        Self {
            previews: traces.map_or_else(Vec::new, |traces| traces.previews.clone()),
            timeout: traces
                .and_then(|traces| traces.provider.as_ref())
                .map(|provider| provider.timeout),
            ..Self::default()
        }
    }

    /// Whether a route is a preview's.
    pub(super) fn is_preview(&self, route: RouteId) -> bool {
        self.previews.iter().any(|preview| preview.app == route.0)
    }

    fn arrived(&mut self, arrival: &Arrival) {
        let id = arrival.request.id;
        let of = arrival.request.route.0;
        let named = |number| {
            let mut all = self.previews.iter();
            let found = all.find(|plan| (plan.of, plan.number) == (of, number))?;
            Some(RouteId(found.app))
        };
        let host = arrival
            .preview
            .map_or(Host::Production, |number| Host::Preview(named(number)));
        self.hosts.insert(id, host);
        self.classes.insert(id, arrival.request.class);
        if arrival.early && matches!(arrival.request.class, Class::Unsafe | Class::Webhook) {
            self.early.insert(id);
        }
    }

    fn answered(&mut self, request: RequestId) {
        self.hosts.remove(&request);
        self.classes.remove(&request);
        self.early.remove(&request);
    }
}

pub(super) fn check(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let mut asset = None;
    match entry.what {
        What::MessageDelivered {
            message: Message::Traces(say),
            ..
        } => match say {
            Say::Arrive(arrival) => {
                memory.arrived(&arrival);
                asset = arrival.asset().map(|_| arrival.request.id);
            }
            Say::Bytes { .. } | Say::Found { .. } => asset = Some(RequestId(0)),
            // Late, but it is known that nothing was done.
            Say::Settle {
                claim,
                request,
                outcome: Outcome::Released | Outcome::Deferred,
                ..
            } if memory.out.get(&claim) == Some(&request) => {
                memory.out.remove(&claim);
            }
            _ => {}
        },
        What::Crashed => {
            memory.asked.retain(|(edge, _), _| *edge != entry.actor);
        }
        _ => {}
    }
    if asset.is_some() {
        let woke = entry
            .sent
            .iter()
            .any(|send| matches!(send.message, Message::WakeAsk { .. }));
        judge.claim(const { place("o-23") }, !woke, || {
            "a request for an asset woke an app".to_string()
        });
    }
    kept(entry, judge);
    for note in entry.notes {
        match note {
            // It was no answer, and its key stands as if it had been one.
            Note::Traces(Tell::Unheard { request, reason }) => {
                responded(state, memory, judge, *request, (0, *reason));
            }
            Note::Traces(tell) => told(state, entry, memory, judge, tell),
            Note::RequestDispatched {
                request,
                class,
                allocation,
                ..
            } => {
                let route = state
                    .fleet()
                    .control()
                    .allocations()
                    .get(allocation.0)
                    .map(|row| row.value.route);
                handed_out(entry, memory, judge, *request, *class, route);
            }
            Note::HoldReleased {
                request, waited, ..
            }
            | Note::HoldExpired {
                request, waited, ..
            } => waited_for(state, memory, judge, *request, *waited),
            Note::ResponseSent {
                request,
                status,
                reason,
                ..
            } => responded(state, memory, judge, *request, (*status, *reason)),
            _ => {}
        }
    }
    wakes(state, entry, memory, judge);
}

/// What the store of keys says of a key is on its disk, which it never is in the same breath.
fn kept(entry: &Entry<'_, Fleet>, judge: &mut Judge<'_>) {
    let What::MessageDelivered {
        message: Message::Traces(Say::Reserve { .. } | Say::Settle { .. }),
        ..
    } = entry.what
    else {
        return;
    };
    let said = entry.sent.iter().any(|sent| {
        matches!(
            sent.message,
            Message::Traces(Say::Reserved { .. } | Say::Settled { .. })
        )
    });
    judge.claim(
        const { place("acks-are-durable") },
        !said || entry.persisted.is_empty(),
        || "a key was answered for before what became of it was on the disk".to_string(),
    );
}

/// Preview wakes that an edge asks for: those that begin something, not the same ask said again.
fn wakes(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let Some(Node::Edge(edge)) = state.fleet().node(entry.actor) else {
        return;
    };
    for send in entry.sent {
        let Message::WakeAsk { route, .. } = send.message else {
            continue;
        };
        let repeat = matches!(entry.what, What::Deadline);
        let begins = edge
            .routes()
            .get(&route)
            .is_some_and(|view| view.wake != wake::State::Hot);
        if !memory.is_preview(route) || repeat || !begins {
            continue;
        }
        let window = state.knobs().time(&knob::WAKE_WINDOW);
        let now = state.clock(entry.actor);
        let asked = memory.asked.entry((entry.actor, route)).or_default();
        asked.retain(|at| now.since(*at) < window);
        asked.push(now);
        let (count, most) = (asked.len() as u64, state.knobs().get(&knob::PREVIEW_WAKES));
        judge.claim(
            const { place("preview-wakes-are-bounded") },
            count <= most,
            || format!("an edge asked for {count} wakes of a preview, and may for {most}"),
        );
    }
}

fn handed_out(
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
    request: RequestId,
    class: Class,
    route: Option<RouteId>,
) {
    if class == Class::Asset {
        judge.claim(const { place("o-23") }, false, || {
            format!(
                "{} for an asset was handed to an app",
                Names::request(request)
            )
        });
    }
    if memory.early.contains(&request) {
        judge.claim(const { place("no-early-changes") }, false, || {
            format!(
                "{} came as early data and went out",
                Names::request(request)
            )
        });
    }
    if let Some(claim) = memory.claims.get(&request).copied() {
        let first = *memory.out.entry(claim).or_insert(request);
        judge.claim(const { place("o-18") }, first == request, || {
            format!(
                "requests {} and {} were both handed out under key {}",
                first.0, request.0, claim.key.0
            )
        });
    }
    if let (Some(route), Some(wanted)) = (route, memory.hosts.get(&request).copied()) {
        let preview = memory.is_preview(route);
        if !memory.previews.is_empty() {
            let there = match wanted {
                Host::Production => !preview,
                Host::Preview(named) => named == Some(route),
            };
            judge.claim(const { place("o-24") }, there, || {
                format!(
                    "{} for {} reached {}",
                    Names::request(request),
                    if wanted == Host::Production {
                        "the production"
                    } else {
                        "a preview"
                    },
                    if preview {
                        "a preview that its host does not name"
                    } else {
                        "the production"
                    }
                )
            });
        }
        if preview {
            let apart = !memory.bound.contains(&(entry.actor, route));
            judge.claim(const { place("previews-are-isolated") }, apart, || {
                format!(
                    "{} went to a preview that is bound to the production's data",
                    Names::request(request)
                )
            });
        }
    }
}

/// A webhook has waited.
fn waited_for(
    state: &State<Fleet>,
    memory: &Memory,
    judge: &mut Judge<'_>,
    request: RequestId,
    waited: u64,
) {
    let webhook = memory.classes.get(&request) == Some(&Class::Webhook);
    let Some(timeout) = memory.timeout.filter(|_| webhook) else {
        return;
    };
    let knobs = state.knobs();
    let provider = timeout.saturating_sub(knobs.get(&knob::WEBHOOK_MARGIN));
    let window = provider.min(knobs.get(&knob::WEBHOOK_TOLERANCE) / 4);
    judge.claim(
        const { place("webhooks-keep-their-window") },
        waited <= window + TICK.0,
        || format!("webhook {} has waited for {}", request.0, Duration(waited)),
    );
}

fn responded(
    state: &State<Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
    request: RequestId,
    (status, reason): (u16, Reason),
) {
    let early = memory.early.contains(&request);
    if early && reason == Reason::EarlyData {
        judge.claim(const { place("no-early-changes") }, true, Default::default);
    }
    memory.answered(request);
    let Some(claim) = memory.claims.get(&request).copied() else {
        return;
    };
    match reason {
        Reason::OutcomeUnknown => {
            judge.claim(
                const { place("some-outcome-is-unknown") },
                true,
                Default::default,
            );
            return;
        }
        Reason::KeyReplayed => judge.claim(
            const { place("some-answer-is-stored") },
            true,
            Default::default,
        ),
        Reason::EventProcessed => judge.claim(
            const { place("some-event-comes-twice") },
            true,
            Default::default,
        ),
        _ => {}
    }
    memory.claims.remove(&request);
    // What never reached an app leaves its key free, and so does an event that the app failed at.
    let used = reason == Reason::Served || reason == Reason::AppError && !claim.event;
    if !used && memory.out.get(&claim) == Some(&request) {
        memory.out.remove(&claim);
    }
    if claim.event && matches!(status, 200..=299) {
        let durable = state
            .fleet()
            .product()
            .is_some_and(|product| product.count(claim) > 0);
        judge.claim(const { place("o-20") }, durable, || {
            format!(
                "webhook {} is answered {status} before what it does is durable",
                request.0
            )
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
    match *tell {
        Tell::Claimed { request, claim, .. } => {
            memory.claims.insert(request, claim);
        }
        Tell::Stood {
            request,
            standing: Standing::Done { .. },
            body,
            of,
            ..
        } => judge.claim(
            const { place("answers-fit-their-bodies") },
            body == of,
            || {
                format!(
                    "{} gets the stored answer to another body",
                    Names::request(request)
                )
            },
        ),
        Tell::Happened { request, claim } => {
            judge.claim(
                const { place("some-effect-happens") },
                true,
                Default::default,
            );
            let Some((claim, product)) = claim.zip(state.fleet().product()) else {
                return;
            };
            let count = product.count(claim);
            judge.claim(const { place("o-19") }, count <= 1, || {
                format!(
                    "with {} something happened {count} times under one {}",
                    Names::request(request),
                    if claim.event { "event" } else { "key" }
                )
            });
        }
        Tell::Lapsed { claim } => {
            let row = state
                .fleet()
                .keys()
                .and_then(|keys| keys.rows().get(&claim));
            let taken = row.is_none_or(|row| {
                row.phase != Phase::Free || memory.out.get(&claim) != Some(&row.request)
            });
            judge.claim(const { place("o-18") }, taken, || {
                format!(
                    "key {} is free, and what was handed out under it was never answered",
                    claim.key.0
                )
            });
        }
        Tell::Proven { .. } => judge.claim(
            const { place("some-outcome-is-proven") },
            true,
            Default::default,
        ),
        Tell::Taken {
            request, fenced, ..
        } => judge.claim(const { place("fenced-does-nothing") }, !fenced, || {
            format!(
                "{} was taken by an allocation that was ordered to stop",
                Names::request(request)
            )
        }),
        Tell::TurnedAway { .. } => judge.claim(
            const { place("some-request-is-fenced") },
            true,
            Default::default,
        ),
        Tell::Believed {
            request,
            right,
            age,
        } => {
            let tolerance = state.knobs().get(&knob::WEBHOOK_TOLERANCE);
            judge.claim(
                const { place("webhooks-are-genuine") },
                right && age <= tolerance,
                || {
                    format!(
                        "webhook {} was believed, {}",
                        request.0,
                        if right {
                            format!("signed {} ago", Duration(age))
                        } else {
                            "which the provider never signed".to_string()
                        }
                    )
                },
            );
        }
        Tell::Deferred { .. } => judge.claim(
            const { place("some-webhook-is-deferred") },
            true,
            Default::default,
        ),
        Tell::Served {
            request,
            right,
            cached,
        } => {
            judge.claim(const { place("assets-are-verified") }, right, || {
                format!("{} got wrong bytes", Names::request(request))
            });
            if cached {
                judge.claim(
                    const { place("some-asset-comes-from-the-edge") },
                    true,
                    Default::default,
                );
            }
        }
        Tell::Resolved {
            request,
            deployment,
            owner,
        } => judge.claim(
            const { place("paths-follow-the-owner") },
            deployment == owner,
            || {
                format!(
                    "{} got what a path means for deployment {}, and the owner is {}",
                    Names::request(request),
                    deployment.0 + 1,
                    owner.0 + 1
                )
            },
        ),
        Tell::Validated { .. } => judge.claim(
            const { place("some-preview-is-validated") },
            true,
            Default::default,
        ),
        Tell::Bound { route, isolated } => {
            if isolated {
                memory.bound.remove(&(entry.actor, route));
            } else {
                memory.bound.insert((entry.actor, route));
            }
        }
        _ => {}
    }
}
