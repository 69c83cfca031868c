//! Single requests in words: keys, webhooks, assets and previews, what is said and told of them, what can be read.

use super::names::Names;
use crate::fleet::Fleet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use machine::Subject;
use platform::traces::{Caching, Claim, Errand, Message, Note, Outcome, Phase, Standing, Unfit};
use protocol::Plan;
use sim::State;

/// What a claim is called: `key 12`, `event 3`.
#[must_use]
pub fn claim(claim: Claim) -> String {
    let number = claim.key.0;
    if claim.event {
        format!("event {}", (number & 0x00FF_FFFF) + 1)
    } else {
        let (stream, nth) = (number >> 20, number & 0xF_FFFF);
        let letter = char::from(b'a' + (stream % 26) as u8);
        format!("key {letter}{}", nth + 1)
    }
}

/// What a subject is called that is a claim.
#[must_use]
pub fn subject(subject: Subject) -> String {
    claim(Claim::of(subject))
}

const fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Granted => "it is yours",
        Standing::InFlight => "under way",
        Standing::Reused => "used for another body",
        Standing::Done { .. } => "done before",
        Standing::Unknown => "nobody knows",
    }
}

const fn errand(errand: Errand) -> &'static str {
    match errand {
        Errand::Person => "somebody in person",
        Errand::Head => "only asking whether the page is there",
        Errand::Prefetch => "a browser's that fetches ahead",
        Errand::Bot => "a crawler's",
    }
}

/// What a message says, in two or three words.
#[must_use]
pub fn label(message: &Message) -> String {
    match message {
        Message::Arrive(arrival) if arrival.asset().is_some() => "asset".to_string(),
        Message::Arrive(arrival) => super::names::class(arrival.request.class).to_string(),
        Message::Reserve { claim: of, .. } => format!("{}?", claim(*of)),
        Message::Reserved { standing: how, .. } => standing(*how).to_string(),
        Message::Settle { outcome, .. } => match outcome {
            Outcome::Done { ok: true } => "done",
            Outcome::Done { ok: false } => "done, badly",
            Outcome::Released => "never left",
            Outcome::Deferred => "sent away",
            Outcome::Unknown => "nobody knows",
        }
        .to_string(),
        Message::Settled { .. } => "written down".to_string(),
        Message::Hand { .. } => "do this".to_string(),
        Message::Fenced { .. } => "fenced".to_string(),
        Message::Effect { .. } => "effect".to_string(),
        Message::Effected { .. } => "effect is durable".to_string(),
        Message::Look { .. } => "has it happened?".to_string(),
        Message::Seen { happened, .. } => if *happened {
            "it has happened"
        } else {
            "not that I know"
        }
        .to_string(),
        Message::Fetch { .. } => "asset?".to_string(),
        Message::Bytes { bytes, .. } => if bytes.is_some() {
            "bytes"
        } else {
            "no such asset"
        }
        .to_string(),
        Message::Lookup { .. } => "manifest?".to_string(),
        Message::Keep { claim: of, .. } => format!("keep {}", claim(*of)),
        Message::Kept { .. } => "kept".to_string(),
        Message::Leave { .. } => "I am gone".to_string(),
        Message::Found { digest, .. } => if digest.is_some() {
            "manifest"
        } else {
            "not in the manifest"
        }
        .to_string(),
    }
}

/// What came of something, as a part of a sentence; `None` for what nobody asks about.
#[must_use]
pub fn told(names: &Names<'_>, note: &Note) -> Option<String> {
    Some(match *note {
        Note::Claimed {
            request, claim: of, ..
        } => format!("{} wants {}", Names::request(request), claim(of)),
        Note::Stood {
            request,
            claim: of,
            standing: how,
            ..
        } => match how {
            Standing::Granted => {
                format!("{} is reserved for {}", claim(of), Names::request(request))
            }
            Standing::InFlight => format!("{} is under way already", claim(of)),
            Standing::Reused => format!("{} was used for another body", claim(of)),
            Standing::Done { .. } => format!("{} was answered before", claim(of)),
            Standing::Unknown => format!("nobody knows what became of {}", claim(of)),
        },
        Note::Unanswered { request } => format!(
            "the key store has not answered for {}",
            Names::request(request)
        ),
        Note::Lapsed { claim: of } => format!(
            "{} was reserved for too long: nobody knows what became of it",
            claim(of)
        ),
        Note::Proven { claim: of } => format!(
            "the product's database proves that {} has happened",
            claim(of)
        ),
        Note::Early { request, .. } => {
            format!("{} came as early data and goes on", Names::request(request))
        }
        Note::TurnedAway {
            request,
            allocation,
        } => format!(
            "{} is turned away: {} was ordered to stop",
            Names::request(request),
            Names::allocation(allocation)
        ),
        Note::Happened { request, claim: of } => match of {
            Some(of) => format!(
                "what {} does is durable, under {}",
                Names::request(request),
                claim(of)
            ),
            None => format!("what {} does is durable", Names::request(request)),
        },
        Note::Unfit { request, why } => format!(
            "{} is turned away unread: its {}",
            Names::request(request),
            match why {
                Unfit::Signature => "signature is not the provider's",
                Unfit::Timestamp => "timestamp is too far from now",
            }
        ),
        Note::Deferred { request } => format!(
            "{} is sent away for the provider to send it again",
            Names::request(request)
        ),
        Note::Served { cached, .. } => if cached {
            "the bytes come from this edge"
        } else {
            "the bytes come from the artifact store"
        }
        .to_string(),
        Note::Resolved { deployment, .. } => format!(
            "the path means what the manifest of deployment {} says",
            deployment.0 + 1
        ),
        Note::WrongBytes { .. } => {
            "the bytes are not what their digest names and are thrown away: alarm".to_string()
        }
        Note::NoSuchAsset { .. } => "no artifact has this asset".to_string(),
        Note::Validated { deployment, .. } => format!(
            "that is evidence for deployment {}, which has answered itself",
            deployment.0 + 1
        ),
        Note::ConnectionsLimited { most: Some(most) } => {
            format!("its host lets it keep {most} connections and no more")
        }
        Note::ConnectionsLimited { most: None } => {
            "its host lets it keep as many connections as it wants".to_string()
        }
        Note::Bound { route, isolated } => format!(
            "{} is bound to {}",
            names.app(route),
            if isolated {
                "data of its own"
            } else {
                "the production's data"
            }
        ),
        Note::Left {
            request,
            held,
            slots,
        } => {
            let request = Names::request(request);
            if held {
                format!("whoever sent {request} has left, and its slot is free ({slots} held here)")
            } else {
                format!("whoever sent {request} has left")
            }
        }
        Note::Superseded { route } => {
            format!("a later preview takes the place of {}", names.app(route))
        }
        Note::PreviewGone { request, route } => format!(
            "{} names {}, which is kept no longer",
            Names::request(request),
            names.app(route)
        ),
        Note::Marked { caching, .. } => match caching {
            Caching::Unsaid => return None,
            Caching::Immutable { max_age } => {
                format!(
                    "it may be kept without asking again (public, max-age={max_age}, immutable)"
                )
            }
            Caching::Revalidate { .. } => {
                "whoever keeps it asks again next time (no-cache, with its digest as ETag)"
                    .to_string()
            }
        },
        Note::Unchanged { request } => {
            format!(
                "whoever sent {} has these very bytes",
                Names::request(request)
            )
        }
        Note::AffinityMiss {
            visitor,
            home,
            allocation,
            ..
        } => format!(
            "visitor {} was at {}, which does not serve any more, and begins a new session at {}",
            (visitor & 0xFFFF) + 1,
            Names::allocation(home),
            Names::allocation(allocation)
        ),
        Note::AffinityKept { allocation, .. } => {
            format!("its session is at {}", Names::allocation(allocation))
        }
        Note::InboxTook { claim: of } => format!("the inbox takes {}", claim(of)),
        Note::InboxDelivered { claim: of, .. } => {
            format!("{} has left the inbox: its app has it", claim(of))
        }
        Note::Unheard { request, .. } => {
            format!("nobody hears the answer to {}", Names::request(request))
        }
        Note::Errand {
            request,
            errand: of,
        } => {
            format!("{} is {}", Names::request(request), errand(of))
        }
        Note::Displaced { request, by } => format!(
            "{} gives its slot to {}",
            Names::request(request),
            Names::request(by)
        ),
        Note::ErrandTurnedAway { request, .. } => format!(
            "{} is on an errand, and nothing is woken for it",
            Names::request(request)
        ),
        Note::Taken { .. } | Note::Believed { .. } => return None,
    })
}

/// Whether something told is worth stopping at.
#[must_use]
pub const fn is_news(note: &Note) -> bool {
    matches!(
        note,
        Note::Unanswered { .. }
            | Note::Lapsed { .. }
            | Note::Proven { .. }
            | Note::TurnedAway { .. }
            | Note::Unfit { .. }
            | Note::Deferred { .. }
            | Note::WrongBytes { .. }
            | Note::Bound { .. }
            | Note::Superseded { .. }
    )
}

/// Whether something told goes without saying.
#[must_use]
pub const fn is_routine(note: &Note) -> bool {
    matches!(
        note,
        Note::Claimed { .. }
            | Note::Stood {
                standing: Standing::Granted,
                ..
            }
            | Note::Taken { .. }
            | Note::Believed { .. }
            | Note::Resolved { .. }
            | Note::Errand { .. }
            | Note::Marked { .. }
            | Note::AffinityKept { .. }
    )
}

/// How many keys stand how, as lines of a node.
#[must_use]
pub fn keys(state: &State<Fleet>) -> Vec<(String, String, bool)> {
    let Some(store) = state.fleet().keys() else {
        return Vec::new();
    };
    let count = |wanted: fn(Phase) -> bool| {
        let rows = store.rows().values();
        rows.filter(|row| wanted(row.phase)).count()
    };
    let unknown = count(|phase| phase == Phase::Unknown);
    let line = |label: &str, count: usize, odd| (label.to_string(), count.to_string(), odd);
    alloc::vec![
        line("under way", count(|phase| phase == Phase::Reserved), false),
        line(
            "answered",
            count(|phase| matches!(phase, Phase::Done { .. })),
            false
        ),
        line("nobody knows", unknown, unknown > 0),
    ]
}

/// What the product's database has, as lines of a node.
#[must_use]
pub fn product(state: &State<Fleet>) -> Vec<(String, String, bool)> {
    let total = state.fleet().product().map_or(0, |product| product.total());
    alloc::vec![("has happened".to_string(), total.to_string(), false)]
}

/// What the inbox keeps, as lines of a node.
#[must_use]
pub fn inbox(state: &State<Fleet>) -> Vec<(String, String, bool)> {
    let rows = state.fleet().inbox().map(platform::traces::Inbox::rows);
    let all = rows.map_or(0, |rows| rows.len());
    let delivered = rows.map_or(0, |rows| {
        rows.values().filter(|kept| kept.delivered).count()
    });
    alloc::vec![
        ("events kept".to_string(), all.to_string(), false),
        ("delivered".to_string(), delivered.to_string(), false),
    ]
}

/// What the provider was told, as lines of a node.
#[must_use]
pub fn provider(state: &State<Fleet>) -> Vec<(String, String, bool)> {
    let (done, all) = state
        .fleet()
        .provider()
        .map_or((0, 0), |provider| provider.answered());
    alloc::vec![
        ("events".to_string(), all.to_string(), false),
        ("answered well".to_string(), done.to_string(), false),
    ]
}

/// How many keys one read lists.
const MOST: usize = 12;

/// What a read of the keys shows: the newest of them.
#[must_use]
pub fn key_lines(state: &State<Fleet>) -> Vec<String> {
    let Some(store) = state.fleet().keys() else {
        return Vec::new();
    };
    let mut rows: Vec<_> = store.rows().iter().collect();
    rows.sort_by_key(|(claim, row)| (core::cmp::Reverse(row.since), **claim));
    let line = |(of, row): (&Claim, &platform::traces::KeyRow)| {
        let phase = match row.phase {
            Phase::Reserved => "under way",
            Phase::Done { ok: true } => "answered well",
            Phase::Done { ok: false } => "answered with an error",
            Phase::Unknown => "nobody knows",
            Phase::Free => "free again",
        };
        let deferred = if row.deferred > 0 {
            format!(", sent away {} times", row.deferred)
        } else {
            String::new()
        };
        format!(
            "{}: {phase}, by {}{deferred}",
            claim(*of),
            Names::request(row.request)
        )
    };
    rows.into_iter().take(MOST).map(line).collect()
}

/// What a read of the effects shows.
#[must_use]
pub fn effect_lines(state: &State<Fleet>) -> Vec<String> {
    product(state)
        .into_iter()
        .chain(
            state
                .fleet()
                .provider()
                .map_or_else(Vec::new, |_| provider(state)),
        )
        .chain(
            state
                .fleet()
                .inbox()
                .map_or_else(Vec::new, |_| inbox(state)),
        )
        .map(|(label, value, _)| format!("{label}: {value}"))
        .collect()
}

/// What a read of the edges' connections shows. A limit that nobody has met yet is one that nobody knows.
#[must_use]
pub fn connection_lines(names: &Names<'_>, state: &State<Fleet>) -> Vec<String> {
    let known = state.knobs().get(&platform::knob::EDGE_CONNECTIONS);
    let edges = state.fleet().edges();
    edges
        .map(|(id, edge)| {
            let (kept, allowed) = edge.connections();
            let met = allowed.filter(|allowed| kept > *allowed);
            let limit = match met {
                Some(allowed) => format!(
                    "its host lets it keep {allowed}, so no new one comes about; {known} were expected"
                ),
                None => format!("{known} are expected to be possible"),
            };
            format!("{}: a connection to each of {kept} allocations; {limit}", names.node(id))
        })
        .collect()
}

/// What a read of the previews shows: whose they are, and what data they have at each edge.
#[must_use]
pub fn preview_lines(names: &Names<'_>, plan: &Plan, state: &State<Fleet>) -> Vec<String> {
    let previews = plan.traces.iter().flat_map(|traces| &traces.previews);
    previews
        .map(|preview| {
            let route = platform::id::RouteId(preview.app);
            let mixed: Vec<String> = state
                .fleet()
                .edges()
                .filter(|(_, edge)| !edge.is_isolated(route))
                .map(|(id, _)| names.node(id))
                .collect();
            let data = if mixed.is_empty() {
                "data of its own".to_string()
            } else {
                format!("the production's data, says {}", mixed.join(", "))
            };
            let of = names.app(platform::id::RouteId(preview.of));
            format!(
                "{}: preview {} of {of}, {data}",
                names.app(route),
                preview.number
            )
        })
        .collect()
}
