//! Calls of a provider: how they are tried again, and when no more.

use crate::bench::{ByHand, Solo};
use machine::{Duration, Input, NodeId, Time};
use platform::id::Region;
use platform::message::Message;
use platform::note::Note;
use platform::outage::{Caller, DependencyId, Message as Say, Note as Tell, Provider};

const DATABASE: NodeId = NodeId(2);
const SELF: NodeId = NodeId(1);

/// A caller whose provider is played by hand.
struct Rig {
    solo: Solo<Caller>,
    /// The tries, each with its time and numbers.
    tries: Vec<(Time, u32, u32)>,
    notes: Vec<Tell>,
}

impl ByHand for Rig {
    type Of = Caller;

    fn solo(&mut self) -> &mut Solo<Caller> {
        &mut self.solo
    }

    fn look(&mut self) {
        for note in self.solo.out.notes.drain(..) {
            if let Note::Outage(note) = note {
                self.notes.push(note);
            }
        }
        for send in &self.solo.out.sends {
            if let Message::Outage(Say::Call { nth, tries, .. }) = send.message {
                self.tries.push((self.solo.now, nth, tries));
            }
        }
    }
}

impl Rig {
    fn new() -> Self {
        let dependency = DependencyId::new(Provider::Database, Region(0));
        let caller = Caller::new(DATABASE, dependency, Duration::secs(1));
        let mut rig = Self {
            solo: Solo::new(caller, SELF),
            tries: Vec::new(),
            notes: Vec::new(),
        };
        rig.solo.restart();
        rig
    }

    /// Time passes until it has tried once more.
    fn next_try(&mut self) -> (Time, u32, u32) {
        let before = self.tries.len();
        while self.tries.len() == before {
            let due = machine::Machine::deadline(&self.solo.machine);
            self.solo.now = due.expect("it goes on");
            self.input(Input::Deadline);
        }
        self.tries[before]
    }

    fn answer(&mut self, ok: bool) {
        let (_, nth, tries) = *self.tries.last().expect("it calls");
        let dependency = DependencyId::new(Provider::Database, Region(0));
        let said = Say::Called {
            dependency,
            ok,
            nth,
            tries,
        };
        self.input(Input::Message {
            from: DATABASE,
            message: Message::Outage(said),
        });
    }
}

#[test]
fn each_try_waits_longer_than_the_one_before() {
    let mut rig = Rig::new();
    let mut last = rig.next_try().0;
    for least in [250, 500, 1_000] {
        rig.answer(false);
        let (at, ..) = rig.next_try();
        let waited = at.since(last);
        assert!(waited >= Duration::millis(least) && waited <= Duration::millis(2 * least));
        last = at;
    }
}

#[test]
fn a_call_is_given_up_after_its_last_try_and_the_next_one_begins_anew() {
    let mut rig = Rig::new();
    for _ in 0..4 {
        rig.next_try();
        rig.answer(false);
    }
    assert!(rig.notes.contains(&Tell::GaveUp { tries: 4 }));
    let (_, nth, tries) = rig.next_try();
    assert_eq!((nth, tries), (rig.tries[0].1 + 1, 1));
}

#[test]
fn silence_is_a_failure_after_the_timeout() {
    let mut rig = Rig::new();
    let (first, ..) = rig.next_try();
    let (second, _, tries) = rig.next_try();
    assert_eq!(tries, 2);
    assert!(second.since(first) >= Duration::millis(1_250));
}

#[test]
fn only_the_answer_to_the_newest_try_counts_and_only_once() {
    let mut rig = Rig::new();
    rig.next_try();
    rig.answer(false);
    let before = machine::Machine::fingerprint(&rig.solo.machine);
    rig.answer(true);
    assert_eq!(machine::Machine::fingerprint(&rig.solo.machine), before);
    rig.next_try();
    rig.answer(true);
    assert!(rig.notes.contains(&Tell::CallServed));
    assert_eq!(rig.solo.machine.trying(), None);
}
