//! The whole way of a request: it arrives, a wake starts, an allocation becomes ready, and it is answered.

use crate::bench::*;
use machine::Duration;
use platform::message::{Class, Message, Reason};
use platform::note::Note;
use platform::{allocation, wake};

#[test]
fn a_page_for_a_sleeping_app_waits_and_is_served() {
    let mut bench = Bench::new();
    let id = bench.request(Class::SafePage);
    assert_eq!(bench.edges[&EDGE].machine.held().len(), 1);
    bench.advance(secs(2));
    assert_eq!(bench.answer(id), Some((200, Reason::Served)));
    use wake::Transition as W;
    for transition in [W::Requested, W::Started, W::ProcessUp, W::BecameHot] {
        assert_eq!(bench.took_wake(transition), 1, "{transition:?}");
    }
    use allocation::Transition as A;
    for transition in [A::Accepted, A::Launched, A::BecameReady] {
        assert_eq!(bench.took_allocation(transition), 1, "{transition:?}");
    }
    assert!(bench.allocation(0).serving);
    assert_eq!(
        bench.count(|note| matches!(note, Note::HoldReleased { .. })),
        1
    );
    assert_eq!(
        bench.sent(|message| matches!(message, Message::WakeAsk { .. })),
        1
    );
}

#[test]
fn no_repeat_of_any_message_changes_anything() {
    for repeat_after in [Duration::ZERO, millis(150), secs(4)] {
        let mut bench = Bench::cold_start(&[EDGE, EDGE_TWO], &[RUNNER, RUNNER_TWO]);
        bench.prove_repeats = true;
        bench.repeat_after = repeat_after;
        bench.boot_all();
        bench.advance(secs(5));
        bench.make_hot();
        bench.exit(RUNNER_TWO.min(RUNNER), 1, false);
        bench.request(Class::SafePage);
        bench.advance(secs(400));
        assert_eq!(bench.wake().state, wake::State::Cold);
        bench.secrets = false;
        bench.request(Class::SafePage);
        bench.advance(secs(10));
        assert_eq!(bench.took_wake(wake::Transition::GaveUp), 1);
        bench.advance(secs(60));
    }
}
