//! Properties of who asks and what is answered: people before errands, errands wake nobody where they may not, nobody
//! answers who left, affinity, previews that are over, what may be kept.

use super::{Judge, place};
use crate::fleet::{Fleet, Node};
use crate::view::Names;
use alloc::format;
use alloc::vec::Vec;
use machine::{NodeId, SortedMap, SortedSet, Time};
use platform::id::{AllocationId, Digest, RequestId, RouteId};
use platform::knob;
use platform::message::{Message, Reason};
use platform::note::Note;
use platform::traces::{Arrival, Asset, Caching, Message as Say, Note as Tell};
use protocol::{Plan, PreviewPlan};
use sim::{Entry, State, What};

/// What is remembered of who asks.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// The apps that are not woken for errands.
    not_for_errands: Vec<u16>,
    /// Errands that are under way, and requests whose clients have left.
    errands: SortedSet<RequestId>,
    left: SortedSet<RequestId>,
    /// What requests for assets asked for, and what their senders had.
    assets: SortedMap<RequestId, (Asset, Option<Digest>)>,
    /// Where the sessions of visitors' requests are, until they are handed over for the first time.
    homes: SortedMap<RequestId, AllocationId>,
    /// Since when there is a later preview in the place of one, at each edge; and requests that came when its time was over.
    superseded: SortedMap<(NodeId, RouteId), Time>,
    late: SortedSet<RequestId>,
    previews: Vec<PreviewPlan>,
}

impl Memory {
    pub(super) fn new(plan: &Plan) -> Self {
        let traces = plan.traces.as_ref();
        Self {
            not_for_errands: traces
                .map_or_else(Default::default, |traces| traces.not_for_errands.clone()),
            previews: traces.map_or_else(Default::default, |traces| traces.previews.clone()),
            ..Self::default()
        }
    }

    fn arrived(&mut self, state: &State<Fleet>, edge: NodeId, arrival: &Arrival) {
        let id = arrival.request.id;
        if let Some(asset) = arrival.asset() {
            self.assets.insert(id, (asset, arrival.visit().known));
        }
        if let Some(home) = arrival.visit().visitor.and_then(|who| who.home) {
            self.homes.insert(id, home);
        }
        let of = arrival.request.route.0;
        let named = |plan: &&PreviewPlan| (plan.of, Some(plan.number)) == (of, arrival.preview);
        let Some(preview) = self.previews.iter().find(named) else {
            return;
        };
        let since = self.superseded.get(&(edge, RouteId(preview.app)));
        let kept = state.knobs().time(&knob::PREVIEW_RETENTION);
        if since.is_some_and(|since| state.clock(edge).since(*since) >= kept) {
            self.late.insert(id);
        }
    }

    /// Whether somebody in person sent a request.
    pub(super) fn in_person(&self, request: RequestId) -> bool {
        !self.errands.contains(&request)
    }

    fn errand_held(&self, state: &State<Fleet>, entry: &Entry<'_, Fleet>) -> Option<RequestId> {
        let Some(Node::Edge(edge)) = state.fleet().node(entry.actor) else {
            return None;
        };
        let mut held = edge.held().iter().map(|held| held.request);
        held.find(|request| self.errands.contains(request))
    }
}

pub(super) fn check(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    if let What::MessageDelivered {
        message: Message::Traces(say),
        ..
    } = entry.what
    {
        match say {
            Say::Arrive(arrival) => {
                memory.arrived(state, entry.actor, &arrival);
                if !arrival.errand.is_person() {
                    memory.errands.insert(arrival.request.id);
                    woken(entry, memory, judge, arrival.request.route);
                }
            }
            Say::Leave { request } => freed(state, entry, judge, request),
            _ => {}
        }
    }
    for note in entry.notes {
        match *note {
            Note::Traces(tell) => told(state, entry, memory, judge, tell),
            Note::RequestDispatched {
                request,
                allocation,
                ..
            } => handed_over(state, entry, memory, judge, (request, allocation)),
            Note::HoldReleased { request, .. } if !memory.in_person(request) => {
                overtaken(state, entry, memory, judge, request);
            }
            Note::ResponseSent {
                request, reason, ..
            } => {
                let heard = !memory.left.contains(&request);
                judge.claim(const { place("nobody-answers-who-left") }, heard, || {
                    format!(
                        "{} is answered, and whoever sent it has left",
                        Names::request(request)
                    )
                });
                let person = memory.in_person(request);
                if person && reason == Reason::HoldFull {
                    let errand = memory.errand_held(state, entry);
                    judge.claim(
                        const { place("people-before-errands") },
                        errand.is_none(),
                        || {
                            format!(
                                "{} is sent away while {} has a slot for an errand",
                                Names::request(request),
                                errand.map_or_else(Default::default, Names::request)
                            )
                        },
                    );
                }
                memory.errands.remove(&request);
                memory.homes.remove(&request);
                if memory.late.remove(&request) {
                    judge.claim(
                        const { place("expired-previews-are-gone") },
                        true,
                        Default::default,
                    );
                }
            }
            _ => {}
        }
    }
    for sent in entry.sent {
        if let Message::Response {
            request,
            status,
            headers,
            ..
        } = sent.message
        {
            marked(memory, judge, request, (status, headers.caching));
        }
    }
}

/// What an answer for an asset says of keeping it.
fn marked(
    memory: &mut Memory,
    judge: &mut Judge<'_>,
    request: RequestId,
    (status, caching): (u16, Caching),
) {
    let Some((asset, known)) = memory.assets.remove(&request) else {
        return;
    };
    let right = match (asset, caching, status) {
        (Asset::Digest(_), Caching::Immutable { .. }, 200) => true,
        (Asset::Path(_), Caching::Revalidate { .. }, 200) => true,
        (Asset::Path(_), Caching::Revalidate { etag }, 304) => known == Some(etag),
        // What is not handed over says nothing.
        (_, Caching::Unsaid, status) => status != 200 && status != 304,
        _ => false,
    };
    judge.claim(const { place("paths-are-never-immutable") }, right, || {
        format!(
            "{} by {} is answered {status} and {}",
            Names::request(request),
            if matches!(asset, Asset::Path(_)) {
                "a path"
            } else {
                "its digest"
            },
            match caching {
                Caching::Unsaid => "says nothing of keeping it",
                Caching::Immutable { .. } => "may be kept without asking again",
                Caching::Revalidate { .. } => "is to be asked for again",
            }
        )
    });
}

/// A request goes to an app.
fn handed_over(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
    (request, allocation): (RequestId, AllocationId),
) {
    if memory.late.contains(&request) {
        judge.claim(const { place("expired-previews-are-gone") }, false, || {
            format!(
                "{} reached a preview whose time is over",
                Names::request(request)
            )
        });
    }
    let Some((home, Node::Edge(edge))) = memory
        .homes
        .remove(&request)
        .zip(state.fleet().node(entry.actor))
    else {
        return;
    };
    let there = edge.allocations().get(&home).is_some_and(|view| {
        let owner = edge.routes().get(&view.route);
        view.serving && owner.is_some_and(|owner| owner.epoch == view.epoch)
    });
    let kept = !there || home == allocation;
    judge.claim(const { place("affinity-is-kept") }, kept, || {
        format!(
            "{} goes to {} and its session is at {}, which serves",
            Names::request(request),
            Names::allocation(allocation),
            Names::allocation(home)
        )
    });
}

/// An errand has come: what was asked for in that moment was asked for because of it.
fn woken(entry: &Entry<'_, Fleet>, memory: &Memory, judge: &mut Judge<'_>, of: RouteId) {
    if !memory.not_for_errands.contains(&of.0) {
        return;
    }
    let asked = entry
        .sent
        .iter()
        .any(|sent| matches!(sent.message, Message::WakeAsk { route, .. } if route == of));
    judge.claim(const { place("errands-wake-nobody") }, !asked, || {
        format!("app {} is woken for an errand", of.0 + 1)
    });
}

/// Whoever leaves has no slot any more.
fn freed(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    judge: &mut Judge<'_>,
    request: RequestId,
) {
    let Some(Node::Edge(edge)) = state.fleet().node(entry.actor) else {
        return;
    };
    let held = edge.held().iter().any(|held| held.request == request);
    judge.claim(const { place("nobody-answers-who-left") }, !held, || {
        format!(
            "{} has a slot, and whoever sent it has left",
            Names::request(request)
        )
    });
}

/// An errand is let go: nobody in person may wait for the same then.
fn overtaken(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &Memory,
    judge: &mut Judge<'_>,
    request: RequestId,
) {
    let Some(Node::Edge(edge)) = state.fleet().node(entry.actor) else {
        return;
    };
    let dispatched = entry.notes.iter().find_map(|note| match *note {
        Note::RequestDispatched {
            request: of,
            allocation,
            ..
        } if of == request => edge.allocations().get(&allocation),
        _ => None,
    });
    let Some(route) = dispatched.map(|view| view.route) else {
        return;
    };
    let mut held = edge.held().iter();
    let person = held.find(|held| held.route == route && memory.in_person(held.request));
    judge.claim(
        const { place("people-before-errands") },
        person.is_none(),
        || {
            format!(
                "{} is let go for an errand while {} waits",
                Names::request(request),
                person.map_or_else(Default::default, |held| Names::request(held.request))
            )
        },
    );
}

fn told(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
    tell: Tell,
) {
    let mut sometimes = |place| judge.claim(place, true, Default::default);
    match tell {
        Tell::Left { request, held, .. } => {
            memory.left.insert(request);
            memory.errands.remove(&request);
            sometimes(const { place("some-client-leaves") });
            if held {
                sometimes(const { place("some-waiting-client-leaves") });
            }
        }
        Tell::Displaced { .. } => sometimes(const { place("some-errand-is-displaced") }),
        Tell::Superseded { route } => {
            let now = state.clock(entry.actor);
            memory.superseded.entry((entry.actor, route)).or_insert(now);
        }
        Tell::PreviewGone { .. } => sometimes(const { place("some-preview-is-gone") }),
        Tell::Unchanged { .. } => sometimes(const { place("some-asset-is-unchanged") }),
        Tell::AffinityKept { .. } => sometimes(const { place("some-affinity-is-kept") }),
        Tell::AffinityMiss { .. } => sometimes(const { place("some-affinity-is-missed") }),
        Tell::ErrandTurnedAway { .. } => sometimes(const { place("some-errand-is-turned-away") }),
        _ => {}
    }
}
