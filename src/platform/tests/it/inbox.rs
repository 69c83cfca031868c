//! The row of L.5 about storing and answering well: only by an inbox that was agreed to, which is durable, ordered and
//! deduplicated.

use crate::bench::*;
use machine::{Input, NodeId};
use platform::gate;
use platform::id::{IdempotencyKey, RequestId};
use platform::message::{Message, Reason};
use platform::traces::{Claim, Inbox, Message as Say, Webhook};

/// Played by hand; to this name nothing answers but the vault.
const INBOX: NodeId = VAULT;

/// The events that the edge asked the inbox to keep, each with the number of the ask.
fn asked_to_keep(bench: &Bench) -> Vec<(RequestId, u32)> {
    let log = bench.log.iter();
    log.filter_map(|(_, _, told)| match told {
        Told::Sent(Message::Traces(Say::Keep { request, nth, .. })) => Some((*request, *nth)),
        _ => None,
    })
    .collect()
}

fn says_kept(bench: &mut Bench, request: RequestId, nth: u32) {
    let kept = Message::Traces(Say::Kept { request, nth });
    bench.deliver(INBOX, EDGE, kept);
    bench.settle();
}

#[test]
fn l5_inbox_by_contract_answers_well_once_the_event_is_durable() {
    let mut bench = Bench::of_inbox(true);
    let id = bench.webhook(EDGE, 3, secs(0));
    let asked = asked_to_keep(&bench);
    assert_eq!((asked.len(), bench.answer(id)), (1, None));
    let (request, nth) = asked[0];
    // What answers another ask proves nothing.
    says_kept(&mut bench, request, nth + 1);
    assert_eq!(bench.answer(id), None);
    says_kept(&mut bench, request, nth);
    assert_eq!(bench.answer(id), Some((200, Reason::EventKept)));
    // The edge has nothing of it, and wakes nobody for it: that is the inbox's business.
    assert!(bench.edges[&EDGE].machine.held().is_empty());
    assert!(bench.outside.effects.is_empty());
}

#[test]
fn l5_inbox_that_is_silent_is_no_good_answer() {
    let mut bench = Bench::of_inbox(true);
    let id = bench.webhook(EDGE, 3, secs(0));
    bench.advance(secs(2));
    assert_eq!(bench.answer(id), Some((503, Reason::InboxSilent)));
}

#[test]
fn l5_edge_stores_nothing_without_a_contract() {
    let mut bench = Bench::of_inbox(false);
    let id = bench.webhook(EDGE, 3, secs(0));
    assert_eq!((asked_to_keep(&bench).len(), bench.answer(id)), (0, None));
    bench.advance(secs(3));
    assert_eq!(
        (bench.answer(id), bench.outside.effects.len()),
        (Some((200, Reason::Served)), 1)
    );
}

#[test]
fn without_the_rules_the_edge_stores_and_says_good_at_once() {
    let mut bench = Bench::of_inbox(false);
    bench.waivers = bench.waivers.with(&gate::INBOX_CONTRACT);
    bench.webhook(EDGE, 3, secs(0));
    assert_eq!(asked_to_keep(&bench).len(), 1);
    let mut bench = Bench::of_inbox(true);
    bench.waivers = bench.waivers.with(&gate::INBOX_DURABLE);
    let id = bench.webhook(EDGE, 3, secs(0));
    bench.advance(secs(2));
    assert_eq!(bench.answer(id), Some((200, Reason::EventKept)));
}

// The inbox itself.

const fn event(key: u32) -> Claim {
    Claim {
        route: CONTRACT_ROUTE,
        event: true,
        key: IdempotencyKey(key),
    }
}

struct Rig(Solo<Inbox>);

impl Rig {
    fn new() -> Self {
        let webhook = Webhook {
            secret: 7,
            timeout: secs(10),
            inbox: true,
        };
        let mut rig = Self(Solo::new(
            Inbox::new(vec![EDGE], vec![None, Some(webhook)]),
            INBOX,
        ));
        rig.0.restart();
        rig
    }

    fn said(&mut self, from: NodeId, message: Message) {
        self.0.input(Input::Message { from, message });
    }

    fn keep(&mut self, key: u32, request: u32) {
        let say = Say::Keep {
            claim: event(key),
            request: RequestId(request),
            body: key,
            nth: 1,
        };
        self.said(EDGE, Message::Traces(say));
    }

    fn write(&mut self) {
        let ticket = self.0.next_write().expect("it writes");
        self.0.input(Input::Persisted(ticket));
    }

    fn kept(&self) -> Vec<RequestId> {
        let sends = self.0.out.sends.iter();
        sends
            .filter_map(|sent| match sent.message {
                Message::Traces(Say::Kept { request, .. }) => Some(request),
                _ => None,
            })
            .collect()
    }

    /// The events that its last step delivered, with the requests that carry them.
    fn delivers(&self) -> Vec<(u32, RequestId)> {
        let sends = self.0.out.sends.iter();
        sends
            .filter_map(|sent| match sent.message {
                Message::Traces(Say::Arrive(arrival)) => {
                    Some((arrival.request.body, arrival.request.id))
                }
                _ => None,
            })
            .collect()
    }

    fn answer(&mut self, request: RequestId, status: u16) {
        let response = Message::Response {
            request,
            status,
            reason: Reason::Served,
            retry_after: u32::from(status == 503),
            headers: platform::traces::Headers::default(),
        };
        self.said(EDGE, response);
    }
}

#[test]
fn l5_inbox_says_nothing_before_the_event_is_durable_and_keeps_it_once() {
    let mut rig = Rig::new();
    rig.keep(3, 1);
    assert_eq!((rig.kept(), rig.delivers().len()), (vec![], 0));
    rig.keep(3, 2);
    assert_eq!(rig.0.disk.len(), 1, "it is one event");
    rig.write();
    assert_eq!(rig.kept(), [RequestId(1), RequestId(2)]);
    rig.keep(3, 4);
    assert_eq!(rig.kept(), [RequestId(4)]);
    assert_eq!(rig.0.machine.rows().len(), 1);
}

#[test]
fn l5_inbox_delivers_in_order_and_until_it_is_taken() {
    let mut rig = Rig::new();
    rig.keep(3, 1);
    rig.keep(4, 2);
    rig.write();
    let first = rig.delivers()[0];
    assert_eq!(first.0, 3);
    rig.write();
    assert!(rig.delivers().is_empty(), "the second waits for the first");
    rig.answer(first.1, 503);
    assert!(
        rig.delivers().is_empty(),
        "and so it does while the first rests"
    );
    rig.0.now = rig.0.now.after(secs(2));
    rig.0.input(Input::Deadline);
    let again = rig.delivers()[0];
    assert_eq!((again.0, again.1 == first.1), (3, false));
    // What answers the delivery before this one counts for nothing.
    rig.answer(first.1, 200);
    assert!(rig.delivers().is_empty());
    rig.answer(again.1, 200);
    assert_eq!(rig.delivers()[0].0, 4);
    assert_eq!(
        rig.0
            .machine
            .rows()
            .values()
            .filter(|kept| kept.delivered)
            .count(),
        1
    );
}

#[test]
fn l5_inbox_goes_on_where_its_disk_says() {
    let mut rig = Rig::new();
    rig.keep(3, 1);
    rig.keep(4, 2);
    rig.write();
    let (_, before) = rig.delivers()[0];
    // The second is lost with the inbox, and nobody was told that it was kept.
    rig.0.now = rig.0.now.after(secs(1));
    rig.0.restart();
    assert_eq!(rig.0.machine.rows().len(), 1);
    let (event, again) = rig.delivers()[0];
    assert_eq!((event, again == before), (3, false));
}
