//! The rows of L.1–L.7 that say what an edge decides while it doubts its table, at an edge that follows the log by hand.

use crate::bench::Solo;
use machine::{Duration, Input, NodeId, Time};
use platform::allocation;
use platform::control::Contract;
use platform::edge::{Edge, Installation, Phase, Streamed};
use platform::gate;
use platform::id::{
    AllocationId, DeploymentId, Epoch, IdempotencyKey, OutboxId, Region, RequestId, RouteId, Token,
};
use platform::message::{Class, Event, Message, Reason, Request};
use platform::note::Note;
use platform::promotion::{
    Baseline, Gap, GapPolicy, Message as Stream, Note as Told, Owner, checksum, sign,
};
use platform::sessions::{Came, Message as Socket, Open, Refusal, SessionId, TabId};
use platform::traces::{Arrival, Asset, Brings, Message as Say, Preview, Proof, Services, Webhook};

const CONTROL: NodeId = NodeId(1);
const LOG: NodeId = NodeId(3);
const ARCHIVE: NodeId = NodeId(4);
const KEYS: NodeId = NodeId(5);
const STORE: NodeId = NodeId(6);
const HOST: NodeId = NodeId(10);
const CLIENT: NodeId = NodeId(30);
const SECRET: u64 = 7;

/// Refuses everything while it is in doubt.
const STRICT: RouteId = RouteId(0);
/// Sends safe requests to the owner that was verified last, and has contracts for unsafe ones and for webhooks.
const LENIENT: RouteId = RouteId(1);
/// Preview 1 of `STRICT`.
const PREVIEW: RouteId = RouteId(2);
/// Preview 2 of `STRICT`, which came later.
const LATER: RouteId = RouteId(3);

fn owner(route: RouteId) -> Owner {
    Owner {
        route,
        epoch: Epoch(2),
        predecessor: Epoch(1),
        deployment: DeploymentId(route.0),
        version: 2,
    }
}

/// An edge that follows the log, by hand.
struct Rig {
    solo: Solo<Edge>,
    requests: u32,
    /// The number of its subscription to the log.
    subscription: u32,
}

impl Rig {
    /// An edge with a snapshot in which every route has an owner.
    fn cold() -> Self {
        let preview = |number| Preview {
            of: STRICT,
            number,
            isolated: true,
            superseded: None,
        };
        let webhook = Webhook {
            secret: SECRET,
            timeout: Duration::secs(10),
            inbox: false,
        };
        let edge = Edge::new(Installation {
            control: CONTROL,
            region: Region(0),
            contracts: vec![
                Contract::None,
                Contract::HoldOnce,
                Contract::None,
                Contract::None,
            ],
            services: Services {
                keys: Some(KEYS),
                assets: Some(STORE),
                webhooks: vec![None, Some(webhook)],
                previews: vec![None, None, Some(preview(1)), Some(preview(2))],
                ..Services::default()
            },
            stream: Some(Streamed {
                log: LOG,
                archive: ARCHIVE,
                policies: vec![GapPolicy::FailClosed, GapPolicy::LastVerified],
            }),
        });
        let mut rig = Self {
            solo: Solo::new(edge, NodeId(2)),
            requests: 0,
            subscription: 0,
        };
        rig.solo.restart();
        let owners = [STRICT, LENIENT, PREVIEW, LATER].map(owner);
        let mut head = Baseline {
            incarnation: 1,
            seq: 5,
            entries: 4,
            checksum: checksum(&owners),
            signature: 0,
        };
        head.signature = sign(&head);
        let nth = rig
            .stream_said(|say| match say {
                Stream::Fetch { nth } => Some(*nth),
                _ => None,
            })
            .expect("it fetches a snapshot");
        rig.stream(ARCHIVE, Stream::Head { head, nth });
        for (index, owner) in (0..).zip(owners) {
            rig.stream(ARCHIVE, Stream::Entry { owner, index, nth });
        }
        rig.subscription = rig
            .stream_said(|say| match say {
                Stream::Subscribe { nth, .. } => Some(*nth),
                _ => None,
            })
            .expect("it subscribes");
        rig
    }

    /// The same with an allocation of each owner in rotation; its number is the route's.
    fn hot() -> Self {
        let mut rig = Self::cold();
        for route in [STRICT, LENIENT, PREVIEW, LATER] {
            let event = Event::Allocation {
                allocation: AllocationId(u32::from(route.0)),
                route,
                epoch: Epoch(2),
                host: HOST,
                token: Token(1),
                to: allocation::State::Ready,
                serving: true,
                version: 1,
            };
            let (row, nth) = (OutboxId(u32::from(route.0)), u32::MAX);
            rig.input(CONTROL, Message::Event { row, event, nth });
        }
        rig
    }

    /// The log goes on with a later event than the next one.
    fn doubts(mut self) -> Self {
        let said = Stream::Deliver {
            owner: owner(STRICT),
            seq: 8,
            incarnation: 1,
            delivery: 1,
            nth: self.subscription,
        };
        self.stream(LOG, said);
        let gap = self.solo.out.notes.iter().any(|note| {
            matches!(
                note,
                Note::Promotion(Told::GapDetected {
                    gap: Gap::Retention,
                    ..
                })
            )
        });
        assert!(gap && matches!(self.solo.machine.cursor(), Some((Phase::Gap(_), ..))));
        self
    }

    fn input(&mut self, from: NodeId, message: Message) {
        self.solo.input(Input::Message { from, message });
    }

    fn stream(&mut self, from: NodeId, said: Stream) {
        self.input(from, Message::Promotion(said));
    }

    fn stream_said<T>(&self, what: impl Fn(&Stream) -> Option<T>) -> Option<T> {
        self.sent().find_map(|message| match message {
            Message::Promotion(said) => what(said),
            _ => None,
        })
    }

    /// What has left it in the last step.
    fn sent(&self) -> impl Iterator<Item = &Message> {
        self.solo.out.sends.iter().map(|send| &send.message)
    }

    fn arrive(&mut self, route: RouteId, class: Class, change: impl FnOnce(&mut Arrival)) {
        self.requests += 1;
        let mut arrival = Arrival::from(Request {
            id: RequestId(self.requests),
            route,
            class,
            key: None,
            body: 0,
            bytes: 100,
        });
        change(&mut arrival);
        self.input(CLIENT, Message::Traces(Say::Arrive(arrival)));
    }

    fn page(&mut self, route: RouteId) {
        self.arrive(route, Class::SafePage, |_| {});
    }

    /// What the last request was answered.
    fn answer(&self) -> Option<(u16, Reason)> {
        self.sent().find_map(|message| match message {
            Message::Response { status, reason, .. } => Some((*status, *reason)),
            _ => None,
        })
    }

    /// Where the last request went.
    fn went_to(&self) -> Option<AllocationId> {
        self.sent().find_map(|message| match message {
            Message::Dispatch { allocation, .. } => Some(*allocation),
            Message::Traces(Say::Hand { allocation, .. }) => Some(*allocation),
            _ => None,
        })
    }

    fn asks(&self) -> bool {
        self.sent()
            .any(|message| matches!(message, Message::WakeAsk { .. }))
    }

    /// Whether the last request was said to be served under an owner that is not verified.
    fn is_tagged(&self) -> bool {
        let tag = |note: &Note| matches!(note, Note::Promotion(Told::ServedUnverified { .. }));
        self.solo.out.notes.iter().any(tag)
    }

    /// The last request was refused since nobody knows whether the owner is still the owner.
    fn is_refused(&self) -> bool {
        let nothing_left = self.went_to().is_none() && !self.asks();
        self.answer() == Some((503, Reason::RouteGap)) && nothing_left
    }

    fn open(&mut self, route: RouteId, tab: u32) {
        let open = Open {
            tab: TabId(tab),
            nth: 1,
            route,
            session: None,
            home: None,
            generation: 0,
            seq: 0,
            until: Time(u64::MAX),
            address: 1,
        };
        self.input(CLIENT, Message::Sessions(Socket::Open(open)));
    }

    fn socket_said(&self, what: impl Fn(&Socket) -> bool) -> bool {
        self.sent()
            .any(|message| matches!(message, Message::Sessions(said) if what(said)))
    }
}

// L.1 GET page while hot: gap.

#[test]
fn l1_gap_is_503_or_the_owner_that_was_verified_last_by_policy() {
    let mut rig = Rig::hot().doubts();
    rig.page(STRICT);
    assert!(rig.is_refused());
    rig.page(LENIENT);
    assert_eq!(
        (rig.went_to(), rig.is_tagged()),
        (Some(AllocationId(1)), true)
    );
    // Not for longer than the policy allows.
    let bound = rig.solo.knobs.time(&platform::knob::LAST_VERIFIED_AGE);
    rig.solo.now = rig.solo.now.after(bound).after(Duration::secs(1));
    rig.page(LENIENT);
    assert!(rig.is_refused());
}

#[test]
fn l1_without_a_gap_both_policies_serve_untagged() {
    let mut rig = Rig::hot();
    for route in [STRICT, LENIENT] {
        rig.page(route);
        let to = AllocationId(u32::from(route.0));
        assert_eq!((rig.went_to(), rig.is_tagged()), (Some(to), false));
    }
}

// L.2 GET page while sleeping: gap.

#[test]
fn l2_gap_while_cold_starts_nothing_unless_the_policy_is_last_verified() {
    let mut rig = Rig::cold().doubts();
    rig.page(STRICT);
    assert!(rig.is_refused());
    assert!(rig.solo.machine.held().is_empty());
    rig.page(LENIENT);
    assert!(rig.asks());
    assert_eq!((rig.answer(), rig.solo.machine.held().len()), (None, 1));
}

// L.3 WebSocket reconnect: gap.

#[test]
fn l3_gap_keeps_accepted_sockets_and_new_upgrades_follow_the_policy() {
    let mut rig = Rig::hot();
    rig.open(STRICT, 1);
    let (tab, nth, allocation) = (TabId(1), 1, AllocationId(0));
    assert!(rig.socket_said(|said| matches!(said, Socket::Upgrade { .. })));
    rig.input(
        HOST,
        Message::Sessions(Socket::Accepted {
            tab,
            nth,
            session: SessionId { tab, nth },
            allocation,
            came: Came::Resumed,
            generation: 0,
            seq: 0,
        }),
    );
    let mut rig = rig.doubts();
    let act = Socket::Act { tab, nth, act: 0 };
    rig.input(CLIENT, Message::Sessions(act));
    assert!(rig.socket_said(|said| *said == act), "the socket stays");
    rig.open(STRICT, 2);
    assert!(rig.socket_said(|said| matches!(
        said,
        Socket::Refused {
            why: Refusal::Gap,
            ..
        }
    )));
    rig.open(LENIENT, 3);
    let upgrade = |said: &Socket| matches!(said, Socket::Upgrade { allocation, .. } if *allocation == AllocationId(1));
    assert!(rig.socket_said(upgrade));
}

// L.4 POST action while cold: gap.

#[test]
fn l4_gap_fails_closed_even_where_pages_go_to_the_last_verified_owner() {
    for mut rig in [Rig::cold().doubts(), Rig::hot().doubts()] {
        rig.arrive(LENIENT, Class::Unsafe, |arrival| {
            arrival.request.key = Some(IdempotencyKey(1));
        });
        assert!(rig.is_refused());
        let refused = rig.solo.out.ruled.iter().any(|ruling| {
            ruling.gate == gate::OWNER_VERIFIED.index && ruling.verdict == machine::Verdict::Refused
        });
        assert!(refused);
    }
}

// L.5 Payment webhook while cold: gap.

#[test]
fn l5_gap_fails_closed() {
    for mut rig in [Rig::cold().doubts(), Rig::hot().doubts()] {
        let now = rig.solo.now;
        rig.arrive(LENIENT, Class::Webhook, |arrival| {
            arrival.request.key = Some(IdempotencyKey(3));
            arrival.request.body = 3;
            arrival.brings = Brings::Proof(Proof::new(SECRET, now, 3));
        });
        assert!(rig.is_refused());
    }
}

// L.6 Immutable asset: gap.

#[test]
fn l6_gap_has_no_effect_on_a_digest() {
    let mut rig = Rig::cold().doubts();
    let digest = platform::id::Digest(0xC55);
    rig.arrive(STRICT, Class::Asset, |arrival| {
        arrival.brings = Brings::Digest(digest);
    });
    let fetched = rig.sent().find_map(|message| match message {
        Message::Traces(Say::Fetch { digest, nth }) => Some((*digest, *nth)),
        _ => None,
    });
    let (_, nth) = fetched.expect("the store is asked");
    let bytes = Some(digest);
    rig.input(STORE, Message::Traces(Say::Bytes { digest, bytes, nth }));
    assert_eq!(rig.answer(), Some((200, Reason::Served)));
}

#[test]
fn l6_gap_makes_of_a_path_what_it_makes_of_a_page() {
    let path = |arrival: &mut Arrival| arrival.brings = Asset::Path(3).into();
    let mut rig = Rig::cold().doubts();
    rig.arrive(STRICT, Class::Asset, path);
    assert_eq!(rig.answer(), Some((503, Reason::RouteGap)));
    rig.arrive(LENIENT, Class::Asset, path);
    let asks = rig
        .sent()
        .any(|message| matches!(message, Message::Traces(Say::Lookup { .. })));
    assert!(
        asks && rig.answer().is_none(),
        "the last owner is asked for"
    );
}

// L.7 Preview request: gap, superseded.

#[test]
fn l7_gap_on_a_preview_fails_closed() {
    for mut rig in [Rig::cold().doubts(), Rig::hot().doubts()] {
        rig.arrive(STRICT, Class::SafePage, |arrival| {
            arrival.preview = Some(1);
        });
        assert!(rig.is_refused());
    }
}

#[test]
fn l7_superseded_preview_is_its_own_and_never_the_latest() {
    let mut rig = Rig::hot();
    for (number, route) in [(1, PREVIEW), (2, LATER)] {
        rig.arrive(STRICT, Class::SafePage, |arrival| {
            arrival.preview = Some(number);
        });
        let of_its_own = AllocationId(u32::from(route.0));
        assert_eq!(rig.went_to(), Some(of_its_own));
    }
    // Where it no longer runs, the later one is no substitute.
    let event = Event::Allocation {
        allocation: AllocationId(2),
        route: PREVIEW,
        epoch: Epoch(2),
        host: HOST,
        token: Token(1),
        to: allocation::State::Stopped,
        serving: false,
        version: 2,
    };
    let (row, nth) = (OutboxId(9), u32::MAX);
    rig.input(CONTROL, Message::Event { row, event, nth });
    rig.arrive(STRICT, Class::SafePage, |arrival| {
        arrival.preview = Some(1);
    });
    assert_eq!(rig.went_to(), None);
}
