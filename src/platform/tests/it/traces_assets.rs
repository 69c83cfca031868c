//! What the edge decides about assets (L.6) and previews (L.7), row by row.

use crate::bench::*;
use platform::id::{DeploymentId, Digest, Epoch};
use platform::message::{Class, Command, Message, Reason};
use platform::note::Note;
use platform::traces::{Asset, Brings, Caching, Command as Order, Note as Tell};
use platform::{gate, knob, wake};

const STYLES: Digest = Digest(0xC55);

fn asks(bench: &Bench) -> usize {
    let log = bench.log.iter();
    log.filter(|(_, _, told)| matches!(told, Told::Sent(Message::WakeAsk { .. })))
        .count()
}

fn told(bench: &Bench, wanted: impl Fn(&Tell) -> bool) -> usize {
    let log = bench.log.iter();
    log.filter(|(_, _, told)| matches!(told, Told::Note(Note::Traces(note)) if wanted(note)))
        .count()
}

const SERVED: Option<(u16, Reason)> = Some((200, Reason::Served));

// L.6 Immutable asset. (Its row about gaps is in traces_gaps.rs.)

#[test]
fn l6_digest_is_served_from_the_store_and_wakes_nobody() {
    let mut bench = Bench::of_traces();
    let id = bench.asset(Asset::Digest(STYLES));
    assert_eq!((bench.answer(id), asks(&bench)), (SERVED, 0));
    assert_eq!(bench.headers[&id].caching, Caching::for_a_year());
}

#[test]
fn l6_path_is_asked_for_again_and_has_its_digest_as_etag() {
    let mut bench = Bench::of_traces();
    let id = bench.asset(Asset::Path(0));
    let etag = Caching::Revalidate { etag: STYLES };
    assert_eq!(
        (bench.answer(id), bench.headers[&id].caching),
        (SERVED, etag)
    );
    // Whoever has these bytes gets nothing but a word, and whoever has others gets them.
    let fetches = bench.outside.fetches;
    let asks_with = |bench: &mut Bench, known| {
        let id = bench.arrive(EDGE, |arrival| {
            arrival.request.route = ROUTE;
            arrival.request.class = Class::Asset;
            let known = Some(known);
            arrival.brings = Brings::Path { path: 0, known };
        });
        (bench.answer(id), bench.headers[&id].caching)
    };
    let unchanged = (Some((304, Reason::NotModified)), etag);
    assert_eq!(asks_with(&mut bench, STYLES), unchanged);
    assert_eq!(asks_with(&mut bench, Digest(0xC56)), (SERVED, etag));
    assert_eq!(bench.outside.fetches, fetches, "the edge has these bytes");
    // After a promotion the same path means other bytes.
    bench.command(Command::Promote {
        route: ROUTE,
        deployment: NEW,
        predecessor: Epoch(1),
    });
    let other = Caching::Revalidate {
        etag: Digest(0xC56),
    };
    assert_eq!(asks_with(&mut bench, STYLES), (SERVED, other));
}

#[test]
fn without_the_rule_a_path_is_kept_for_a_year() {
    let mut bench = Bench::of_traces();
    bench.waivers = bench.waivers.with(&gate::IMMUTABLE_BY_DIGEST);
    let id = bench.asset(Asset::Path(0));
    assert_eq!(bench.headers[&id].caching, Caching::for_a_year());
}

#[test]
fn l6_path_means_what_the_owners_manifest_says() {
    let mut bench = Bench::of_traces();
    let id = bench.asset(Asset::Path(0));
    assert_eq!(bench.answer(id), SERVED);
    bench.command(Command::Promote {
        route: ROUTE,
        deployment: NEW,
        predecessor: Epoch(1),
    });
    let again = bench.asset(Asset::Path(0));
    let of_new = told(&bench, |note| {
        matches!(note, Tell::Resolved { deployment, owner, .. }
            if *deployment == DeploymentId(1) && deployment == owner)
    });
    assert_eq!((bench.answer(again), of_new, asks(&bench)), (SERVED, 1, 0));
}

#[test]
fn l6_path_that_the_manifest_lacks_is_not_there() {
    let mut bench = Bench::of_traces();
    let id = bench.asset(Asset::Path(9));
    assert_eq!(
        (bench.answer(id), asks(&bench)),
        (Some((404, Reason::NoSuchAsset)), 0)
    );
}

#[test]
fn l6_digest_of_the_previous_artifact_is_still_served() {
    let mut bench = Bench::of_traces();
    bench.command(Command::Promote {
        route: ROUTE,
        deployment: NEW,
        predecessor: Epoch(1),
    });
    let id = bench.asset(Asset::Digest(STYLES));
    assert_eq!(bench.answer(id), SERVED);
}

#[test]
fn l6_unknown_digest_wakes_nobody_and_is_remembered_for_a_while() {
    let mut bench = Bench::of_traces();
    for _ in 0..3 {
        let id = bench.asset(Asset::Digest(Digest(5)));
        assert_eq!(bench.answer(id), Some((404, Reason::NoSuchAsset)));
    }
    assert_eq!((bench.outside.fetches, asks(&bench)), (1, 0));
    bench.advance(secs(6));
    bench.asset(Asset::Digest(Digest(5)));
    assert_eq!(bench.outside.fetches, 2);
}

#[test]
fn l6_store_outage_is_covered_by_the_edge_and_told_otherwise() {
    let mut bench = Bench::of_traces();
    bench.asset(Asset::Digest(STYLES));
    bench.outside.assets_answer = false;
    let known = bench.asset(Asset::Digest(STYLES));
    let other = bench.asset(Asset::Digest(Digest(0xC56)));
    bench.advance(secs(4));
    assert_eq!(
        (bench.answer(known), bench.answer(other)),
        (SERVED, Some((503, Reason::AssetStore)))
    );
}

#[test]
fn l6_wrong_bytes_are_thrown_away_and_asked_for_again() {
    let mut bench = Bench::of_traces();
    bench.outside.wrong_bytes = 2;
    let id = bench.asset(Asset::Digest(STYLES));
    let alarms = told(&bench, |note| matches!(note, Tell::WrongBytes { .. }));
    assert_eq!((bench.answer(id), alarms), (SERVED, 2));
    bench.outside.wrong_bytes = 9;
    let other = bench.asset(Asset::Digest(Digest(0xC56)));
    assert_eq!(bench.answer(other), Some((503, Reason::AssetStore)));
}

#[test]
fn l6_digest_needs_no_table() {
    let mut bench = Bench::of_traces();
    bench.law = Box::new(|_, to, message| match message {
        Message::Event { .. } if to == EDGE => Fate::Drop,
        _ => Fate::Deliver,
    });
    bench.crash_and_restart(EDGE);
    let digest = bench.asset(Asset::Digest(STYLES));
    let path = bench.asset(Asset::Path(0));
    assert_eq!(
        (bench.answer(digest), bench.answer(path)),
        (SERVED, Some((503, Reason::NoTarget)))
    );
}

#[test]
fn without_the_rule_a_wrong_link_wakes_the_app() {
    let mut bench = Bench::of_traces();
    bench.waivers = bench.waivers.with(&gate::ASSETS_WAKE_NOBODY);
    bench.asset(Asset::Digest(Digest(5)));
    assert_eq!(asks(&bench), 1);
}

// L.7 Preview request. (Its rows about gaps and superseded previews are in traces_gaps.rs.)

#[test]
fn l7_none_is_answered_by_the_preview_and_is_evidence() {
    let mut bench = Bench::of_previews();
    let id = bench.preview(1);
    bench.advance(secs(3));
    let state = |route| bench.edges[&EDGE].machine.routes()[&route].wake;
    assert_eq!(
        (bench.answer(id), state(CONTRACT_ROUTE), state(ROUTE)),
        (SERVED, wake::State::Hot, wake::State::Cold)
    );
    assert_eq!(
        told(&bench, |note| matches!(note, Tell::Validated { .. })),
        1
    );
}

#[test]
fn l7_missing_preview_is_not_found_and_never_the_production() {
    let mut bench = Bench::of_previews();
    bench.make_hot();
    let before = asks(&bench);
    let id = bench.preview(2);
    bench.advance(secs(1));
    assert_eq!(
        (bench.answer(id), asks(&bench)),
        (Some((404, Reason::NoPreview)), before)
    );
}

#[test]
fn l7_cold_preview_wakes_by_a_budget_of_its_own() {
    let mut bench = Bench::of_previews();
    bench.set(&knob::PREVIEW_WAKES, 0);
    let id = bench.preview(1);
    assert_eq!(bench.answer(id), Some((503, Reason::PreviewBudget)));
    let page = bench.request(Class::SafePage);
    bench.advance(secs(3));
    assert_eq!(bench.answer(page), SERVED);
}

#[test]
fn l7_budget_counts_wakes_and_not_visitors() {
    let mut bench = Bench::of_previews();
    bench.set(&knob::PREVIEW_WAKES, 1);
    let ids: Vec<_> = (0..5).map(|_| bench.preview(1)).collect();
    bench.advance(secs(3));
    assert!(ids.into_iter().all(|id| bench.answer(id) == SERVED));
    assert_eq!(asks(&bench), 1);
}

#[test]
fn l7_wrong_bytes_never_run_in_a_preview() {
    let mut bench = Bench::of_previews();
    bench.bytes = Some(Digest(3));
    let id = bench.preview(1);
    bench.advance(secs(9));
    assert_eq!(bench.answer(id).map(|(status, _)| status), Some(503));
    assert_eq!(
        told(&bench, |note| matches!(note, Tell::Validated { .. })),
        0
    );
}

#[test]
fn l7_preview_bound_to_production_data_is_shut() {
    let mut bench = Bench::of_previews();
    let waits = bench.preview(1);
    let bind = |isolated| {
        Message::Command(Command::Traces(Order::BindPreview {
            route: CONTRACT_ROUTE,
            isolated,
        }))
    };
    bench.deliver(OPERATOR, EDGE, bind(false));
    bench.settle();
    let id = bench.preview(1);
    let refused = Some((503, Reason::NotIsolated));
    assert_eq!((bench.answer(waits), bench.answer(id)), (refused, refused));
    // What an edge is told of a preview it still knows after a crash.
    bench.advance(secs(1));
    bench.crash_and_restart(EDGE);
    let id = bench.preview(1);
    assert_eq!(bench.answer(id), refused);
    bench.deliver(OPERATOR, EDGE, bind(true));
    let id = bench.preview(1);
    bench.advance(secs(3));
    assert_eq!(bench.answer(id), SERVED);
}

fn superseded(bench: &mut Bench) {
    let route = CONTRACT_ROUTE;
    let order = Message::Command(Command::Traces(Order::SupersedePreview { route }));
    bench.deliver(OPERATOR, EDGE, order);
    bench.settle();
}

#[test]
fn l7_superseded_preview_is_kept_for_a_while_and_then_gone() {
    let mut bench = Bench::of_previews();
    bench.set(&knob::PREVIEW_RETENTION, 10_000_000);
    superseded(&mut bench);
    let id = bench.preview(1);
    bench.advance(secs(6));
    assert_eq!(bench.answer(id), SERVED);
    // Said again, it counts from the first time on.
    superseded(&mut bench);
    bench.advance(secs(4));
    let gone = Some((410, Reason::PreviewGone));
    let before = asks(&bench);
    let id = bench.preview(1);
    assert_eq!(bench.answer(id), gone);
    bench.crash_and_restart(EDGE);
    let id = bench.preview(1);
    bench.advance(secs(1));
    assert_eq!((bench.answer(id), asks(&bench)), (gone, before));
    // What never was is not there, which is another thing.
    let id = bench.preview(2);
    assert_eq!(bench.answer(id), Some((404, Reason::NoPreview)));
}

#[test]
fn without_the_rule_a_superseded_preview_goes_on() {
    let mut bench = Bench::of_previews();
    bench.waivers = bench.waivers.with(&gate::PREVIEW_RETAINED);
    bench.set(&knob::PREVIEW_RETENTION, 0);
    superseded(&mut bench);
    let id = bench.preview(1);
    bench.advance(secs(3));
    assert_eq!(bench.answer(id), SERVED);
}

#[test]
fn l7_no_baseline_fails_closed() {
    let mut bench = Bench::of_previews();
    bench.law = Box::new(|_, to, message| match message {
        Message::Event { .. } if to == EDGE => Fate::Drop,
        _ => Fate::Deliver,
    });
    bench.crash_and_restart(EDGE);
    let id = bench.preview(1);
    assert_eq!(bench.answer(id), Some((503, Reason::NoTarget)));
}

#[test]
fn l7_promotion_of_the_production_does_not_touch_the_preview() {
    let mut bench = Bench::of_previews();
    bench.preview(1);
    bench.advance(secs(3));
    bench.command(Command::Promote {
        route: ROUTE,
        deployment: NEW,
        predecessor: Epoch(1),
    });
    let id = bench.preview(1);
    bench.advance(millis(50));
    let owner = bench.edges[&EDGE].machine.routes()[&CONTRACT_ROUTE];
    assert_eq!(
        (bench.answer(id), owner.deployment, owner.epoch),
        (SERVED, OLD, Epoch(1))
    );
}
