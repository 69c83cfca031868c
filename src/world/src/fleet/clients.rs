//! Clients: everybody outside. They send requests by the plan and take what they get; each decision is keyed by stream
//! and number, so that nothing the platform does changes what is asked of it.

use super::{Consoles, Stored};
use alloc::vec::Vec;
use machine::SortedMap;
use machine::fingerprint::{digest, fold, spread};
use machine::{Ask, Context, Duration, Input, NodeId, Step, Time};
use platform::id::{AllocationId, DeploymentId, Digest, IdempotencyKey, RequestId, RouteId};
use platform::message::{Class, Message, Request};
use platform::note::Note;
use platform::sessions::TabId;
use platform::traces::{Arrival, Asset, Brings, Errand, Message as Say, Visitor};
use protocol::Extra;

/// How many requests one stream can send.
const PER_STREAM: u32 = 1 << 20;

const EVERY: u8 = sim::stream::FREE;
const WHICH: u8 = sim::stream::FREE + 1;
const SPECIAL: u8 = 19;

/// A stream of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stream {
    /// Where they go.
    pub route: RouteId,
    /// Their class.
    pub class: Class,
    /// Whether they carry a key.
    pub keyed: bool,
    /// How many in a hundred repeat the key of the one before.
    pub repeats: u32,
    /// The size of their bodies, both ends included.
    pub bytes: (u64, u64),
    /// When the first is sent.
    pub from: Time,
    /// From when none is sent any more.
    pub until: Time,
    /// The time from one to the next, both ends included.
    pub every: (Duration, Duration),
    /// What is special about some of them, where that matters.
    pub extra: Option<Extra>,
    /// The deployments and the number of paths among which those for assets choose.
    pub assets: (DeploymentId, u16, u8),
}

/// What is special about a request is chosen by its number.
const fn special(id: u32, what: u64) -> Ask {
    Ask {
        stream: SPECIAL,
        key: fold(id as u64, what),
    }
}

/// A request with what its class needs.
fn arrival(cx: &Context<'_>, stream: &Stream, extra: Extra, request: Request) -> Arrival {
    let id = request.id.0;
    let pick = |what, bound| cx.dice.below(special(id, what), bound);
    let (first, deployments, paths) = stream.assets;
    let wanted = (stream.class == Class::Asset && paths > 0).then(|| {
        let path = pick(4, u32::from(paths)) as u8;
        if pick(3, 100) < extra.unknown {
            // A digest of something that was never built, the same few again and again.
            return Asset::Digest(Digest(spread(u64::from(path))));
        }
        if pick(5, 100) < extra.paths {
            return Asset::Path(path);
        }
        let nth = pick(6, u32::from(deployments)) as u16;
        Asset::Digest(asset(DeploymentId(first.0 + nth), path))
    });
    // Who comes back to a path has what it meant under some version.
    let brings = match wanted {
        Some(Asset::Path(path)) if extra.conditional > 0 && pick(10, 100) < extra.conditional => {
            let nth = pick(11, u32::from(deployments)) as u16;
            let known = Some(asset(DeploymentId(first.0 + nth), path));
            Brings::Path { path, known }
        }
        Some(wanted) => wanted.into(),
        None => Brings::Nothing,
    };
    let errand = if extra.errands > 0 && pick(7, 100) < extra.errands {
        [Errand::Head, Errand::Prefetch, Errand::Bot][pick(8, 3) as usize]
    } else {
        Errand::Person
    };
    Arrival {
        early: pick(2, 100) < extra.early,
        preview: extra.preview,
        errand,
        brings,
        ..Arrival::from(request)
    }
}

/// Which visitor sends a request, if visitors can be told apart.
fn visitor(cx: &Context<'_>, extra: Extra, id: u32) -> Option<u32> {
    if extra.visitors == 0 {
        return None;
    }
    let nth = cx.dice.below(special(id, 12), u32::from(extra.visitors));
    Some((id / PER_STREAM) << 16 | nth)
}

/// The digest of an asset of a deployment's artifact.
#[must_use]
pub const fn asset(deployment: DeploymentId, path: u8) -> Digest {
    Digest(spread(0xA55E7 + ((deployment.0 as u64) << 8) + path as u64))
}

/// The tabs of visitors whose pages have sockets.
#[derive(Clone, Debug)]
pub struct VisitorTabs {
    /// What keeps the tabs.
    pub node: NodeId,
    /// The first tab of each stream that has visitors with tabs, by its number.
    pub first: SortedMap<u32, u32>,
}

/// Everybody outside.
#[derive(Clone, Debug)]
pub struct Clients {
    edges: Vec<NodeId>,
    streams: Vec<Stream>,
    /// For each stream when the next request is due, and its number.
    next: Vec<(Time, u32)>,
    sent: u32,
    /// Until when the requests whose clients do not wait for ever are waited for, in that order, and at which edge.
    waiting: SortedMap<(Time, RequestId), NodeId>,
    patience: SortedMap<RequestId, Time>,
    /// Where the session of each visitor is, by the last answer.
    homes: SortedMap<u32, AllocationId>,
    /// Pages that ask the control plane how everything is, if there are any.
    consoles: Option<Consoles>,
    /// The tabs of those visitors whose pages have sockets.
    tabs: Option<VisitorTabs>,
}

impl Clients {
    /// Clients that send these streams to these edges.
    #[must_use]
    pub fn new(edges: Vec<NodeId>, streams: Vec<Stream>) -> Self {
        let next = streams.iter().map(|stream| (stream.from, 0)).collect();
        Self {
            edges,
            streams,
            next,
            sent: 0,
            waiting: SortedMap::new(),
            patience: SortedMap::new(),
            homes: SortedMap::new(),
            consoles: None,
            tabs: None,
        }
    }

    /// The same clients with these consoles.
    #[must_use]
    pub fn with_consoles(mut self, consoles: Option<Consoles>) -> Self {
        self.consoles = consoles;
        self
    }

    /// The consoles.
    #[must_use]
    pub const fn consoles(&self) -> Option<&Consoles> {
        self.consoles.as_ref()
    }

    /// The same, with tabs in which what visitors ask for is shown.
    #[must_use]
    pub fn with_tabs(self, tabs: Option<VisitorTabs>) -> Self {
        Self { tabs, ..self }
    }

    pub(super) fn start(&mut self, _: &Context<'_>) {}

    pub(super) fn step(
        &mut self,
        cx: &Context<'_>,
        input: Input<Message>,
        step: &mut Step<Message, Stored, Note>,
    ) {
        if let Input::Message {
            message:
                Message::Response {
                    request,
                    status,
                    headers,
                    ..
                },
            ..
        } = input
        {
            if let Some(until) = self.patience.remove(&request) {
                self.waiting.remove(&(until, request));
            }
            let stream = self.streams.get((request.0 / PER_STREAM) as usize);
            let visitor = stream
                .and_then(|stream| stream.extra)
                .and_then(|extra| visitor(cx, extra, request.0));
            if let Some((number, home)) = visitor.zip(headers.home) {
                self.homes.insert(number, home);
                let stream = number >> 16;
                let tabs = self.tabs.as_ref().filter(|_| status == 200);
                let first = tabs.and_then(|tabs| Some((tabs.node, tabs.first.get(&stream)?)));
                if let Some((node, first)) = first {
                    let shown = platform::sessions::Message::Shown {
                        tab: TabId(first + (number & 0xFFFF)),
                        page: home,
                        nth: request.0,
                    };
                    step.send(node, Message::Sessions(shown));
                }
            }
        }
        if let Input::Message {
            message: Message::Pressure(said),
            ..
        } = input
            && let Some(consoles) = &mut self.consoles
        {
            consoles.hear(cx.now, said);
        }
        if input != Input::Deadline {
            return;
        }
        if let Some(consoles) = &mut self.consoles {
            consoles.call(cx, step);
        }
        self.leave(cx, step);
        for (index, stream) in self.streams.iter().enumerate() {
            let (due, number) = self.next[index];
            if due > cx.now || due >= stream.until || number >= PER_STREAM {
                continue;
            }
            let id = index as u32 * PER_STREAM + number;
            let ask = |what: u64| Ask {
                stream: WHICH,
                key: fold(u64::from(id), what),
            };
            // A repeat carries the key and the body of the request before it; repeats of repeats go back to the first.
            let mut first = number;
            while first > 0 && stream.repeats > 0 && {
                let id = u64::from(index as u32 * PER_STREAM + first);
                cx.dice.below(
                    Ask {
                        stream: WHICH,
                        key: fold(id, 1),
                    },
                    100,
                ) < stream.repeats
            } {
                first -= 1;
            }
            let first = index as u32 * PER_STREAM + first;
            let edge = self.edges[cx.dice.below(ask(2), self.edges.len() as u32) as usize];
            let (low, high) = stream.bytes;
            let bytes = cx.dice.between(
                Ask {
                    stream: WHICH,
                    key: fold(u64::from(first), 3),
                },
                low,
                high,
            );
            let mut request = Request {
                id: RequestId(id),
                route: stream.route,
                class: stream.class,
                key: stream.keyed.then_some(IdempotencyKey(first)),
                body: first,
                bytes: bytes as u32,
            };
            let message = match stream.extra {
                None => Message::Request(request),
                Some(extra) => {
                    if first != id && cx.dice.below(special(id, 1), 100) < extra.misuse {
                        request.body = id;
                    }
                    let mut arrival = arrival(cx, stream, extra, request);
                    let who = visitor(cx, extra, id);
                    if let (Brings::Nothing, Some(number)) = (arrival.brings, who) {
                        let home = self.homes.get(&number).copied();
                        arrival.brings = Brings::Visitor(Visitor { number, home });
                    }
                    Message::Traces(Say::Arrive(arrival))
                }
            };
            step.send(edge, message);
            if let Some(patience) = stream.extra.and_then(|extra| extra.patience) {
                let ask = special(id, 9);
                let until =
                    cx.now
                        .after(Duration(cx.dice.between(ask, patience.low, patience.high)));
                self.waiting.insert((until, RequestId(id)), edge);
                self.patience.insert(RequestId(id), until);
            }
            let (low, high) = stream.every;
            let wait = cx.dice.between(
                Ask {
                    stream: EVERY,
                    key: u64::from(id),
                },
                low.0,
                high.0,
            );
            self.next[index] = (due.after(Duration(wait)), number + 1);
            self.sent += 1;
        }
    }

    /// Whoever has waited for long enough leaves.
    fn leave(&mut self, cx: &Context<'_>, step: &mut Step<Message, Stored, Note>) {
        let due: Vec<_> = self
            .waiting
            .range(..=(cx.now, RequestId(u32::MAX)))
            .map(|(key, edge)| (*key, *edge))
            .collect();
        for (key, edge) in due {
            self.waiting.remove(&key);
            let request = key.1;
            self.patience.remove(&request);
            step.send(edge, Message::Traces(Say::Leave { request }));
        }
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        let leaves = self.waiting.keys().next().map(|(until, _)| *until);
        let calls = self.consoles.as_ref().and_then(Consoles::deadline);
        self.streams
            .iter()
            .zip(&self.next)
            .filter(|(stream, next)| next.0 < stream.until)
            .map(|(_, next)| next.0)
            .chain(leaves)
            .chain(calls)
            .min()
    }

    pub(super) fn fingerprint(&self) -> u64 {
        let requests = self.of_requests();
        match &self.consoles {
            None => requests,
            Some(consoles) => fold(requests, consoles.fingerprint()),
        }
    }

    fn of_requests(&self) -> u64 {
        if self.waiting.is_empty() && self.homes.is_empty() {
            return digest(&self.sent);
        }
        digest(&(self.sent, &self.waiting, &self.homes))
    }
}
