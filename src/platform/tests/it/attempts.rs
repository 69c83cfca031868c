//! Deployment attempts, row by row of their table.

use crate::bench::{ByHand, Solo};
use machine::{Duration, Input, Machine, NodeId, Subject};
use platform::attempt::{
    Attempt, AttemptId, Attempts, Command as Order, Deployment, DeploymentNo, Found, Installation,
    Message as Say, Note as Tell, Phase, Refusal, State, Teardown,
};
use platform::id::Token;
use platform::knob;
use platform::message::{Command, Message};
use platform::note::Note;
use platform::pipeline;
use std::collections::BTreeMap;

const SERVICE: NodeId = NodeId(1);
const ONE: NodeId = NodeId(2);
const TWO: NodeId = NodeId(3);
const RESOURCE: NodeId = NodeId(4);
const LOG: NodeId = NodeId(5);
const OPERATOR: NodeId = NodeId(9);
const IT: DeploymentNo = DeploymentNo(0);
const FIRST: AttemptId = AttemptId(0);

/// A log of events that ends as its test wants it to.
#[derive(Default)]
struct EventLog {
    /// The sequence and the name of its last event about each thing.
    last: BTreeMap<Subject, (u64, u64)>,
    end: u64,
    /// How many answers get lost from now on.
    lost: u32,
}

impl EventLog {
    fn append(&mut self, entity: Subject, name: u64) -> u64 {
        self.end += 1;
        self.last.insert(entity, (self.end, name));
        self.end
    }

    fn answer(
        &mut self,
        (seq, event): (u64, pipeline::Event),
        expected: u64,
        nth: u32,
    ) -> Option<pipeline::Message> {
        let (last, name) = self.last.get(&event.entity).copied().unwrap_or_default();
        let answer = if expected == last {
            let at = self.append(event.entity, event.name());
            pipeline::Message::Published {
                seq,
                event,
                at,
                nth,
            }
        } else {
            pipeline::Message::OtherSequence {
                seq,
                event,
                last,
                name,
                nth,
            }
        };
        let heard = self.lost == 0;
        self.lost = self.lost.saturating_sub(1);
        heard.then_some(answer)
    }
}

/// A service of attempts with one deployment and two workers, by hand.
struct Rig {
    solo: Solo<Attempts>,
    said: Vec<(NodeId, Say)>,
    told: Vec<Tell>,
    events: Vec<pipeline::Event>,
    expected: Vec<u64>,
    log: EventLog,
    nth: u32,
}

impl ByHand for Rig {
    type Of = Attempts;

    fn solo(&mut self) -> &mut Solo<Attempts> {
        &mut self.solo
    }

    /// Looks at what has left the node.
    fn look(&mut self) {
        let mut acks = Vec::new();
        for send in &self.solo.out.sends {
            match send.message {
                Message::Pipeline(pipeline::Message::Attempt(say)) => {
                    self.said.push((send.to, say));
                }
                Message::Pipeline(pipeline::Message::Publish {
                    seq,
                    event,
                    expected,
                    nth,
                }) => {
                    self.events.push(event);
                    self.expected.push(expected);
                    acks.extend(self.log.answer((seq, event), expected, nth));
                }
                _ => {}
            }
        }
        for note in &self.solo.out.notes {
            if let Note::Pipeline(pipeline::Note::Attempt(tell)) = note {
                self.told.push(*tell);
            }
        }
        for ack in acks {
            self.input(Input::Message {
                from: LOG,
                message: Message::Pipeline(ack),
            });
        }
    }
}

impl Rig {
    fn new() -> Self {
        let mut rig = Self {
            solo: Solo::new(
                Attempts::new(Installation {
                    deployments: 1,
                    workers: vec![ONE, TWO],
                    resource: RESOURCE,
                    log: LOG,
                }),
                SERVICE,
            ),
            said: Vec::new(),
            told: Vec::new(),
            events: Vec::new(),
            expected: Vec::new(),
            log: EventLog::default(),
            nth: 0,
        };
        rig.restart();
        rig
    }

    fn started() -> Self {
        let mut rig = Self::new();
        assert_eq!(rig.command(Order::Start { deployment: IT }), None);
        rig
    }

    fn deploying() -> Self {
        let mut rig = Self::started();
        rig.beat(ONE, Token(1), Phase::Claim);
        assert_eq!(rig.state(), State::Deploying);
        rig
    }

    fn unknown() -> Self {
        let mut rig = Self::deploying();
        let orphan = rig.solo.knobs.time(&knob::ATTEMPT_ORPHAN_AFTER).0;
        rig.wait(Duration(
            orphan + rig.solo.knobs.time(&knob::ATTEMPT_SWEEP).0,
        ));
        assert_eq!(rig.state(), State::Unknown);
        rig
    }

    /// Gives an order; why it was refused, if it was.
    fn command(&mut self, order: Order) -> Option<Refusal> {
        self.input(Input::Message {
            from: OPERATOR,
            message: Message::Command(Command::Pipeline(pipeline::Command::Attempt(order))),
        });
        self.sync();
        let last = self.told.iter().rev().find_map(|tell| match tell {
            Tell::Ordered { refusal, .. } => Some(*refusal),
            _ => None,
        });
        last.expect("an order is answered")
    }

    fn hear(&mut self, from: NodeId, say: Say) {
        self.solo.now = self.solo.now.after(Duration(1_000));
        self.input(Input::Message {
            from,
            message: Message::Pipeline(pipeline::Message::Attempt(say)),
        });
        self.sync();
    }

    fn beat(&mut self, from: NodeId, token: Token, phase: Phase) {
        self.nth += 1;
        let nth = self.nth;
        self.hear(
            from,
            Say::Beat {
                attempt: FIRST,
                token,
                phase,
                nth,
            },
        );
    }

    /// The resource answers what it was asked.
    fn observed(&mut self, found: Found) {
        let nth = self.said.iter().rev().find_map(|(_, say)| match say {
            Say::Observe { nth, .. } => Some(*nth),
            _ => None,
        });
        let nth = nth.expect("somebody looks");
        self.hear(
            RESOURCE,
            Say::Observed {
                attempt: FIRST,
                found,
                nth,
            },
        );
    }

    fn wait(&mut self, duration: Duration) {
        let until = self.solo.now.after(duration);
        while let Some(due) = self.solo.machine.deadline().filter(|due| *due <= until) {
            self.solo.now = self.solo.now.max(due);
            self.input(Input::Deadline);
            self.sync();
        }
        self.solo.now = until;
    }

    fn attempt(&self) -> Attempt {
        self.solo
            .machine
            .attempts()
            .get(0)
            .expect("there is one")
            .value
    }

    fn state(&self) -> State {
        self.attempt().state
    }

    fn deployment(&self) -> Deployment {
        let row = self.solo.machine.deployments().get(0);
        row.expect("there is one").value
    }
}

// J. Attempt lifecycle. Nothing → pending.

#[test]
fn j_an_attempt_is_refused_while_one_is_in_flight() {
    let mut rig = Rig::started();
    assert_eq!(rig.state(), State::Pending);
    let again = rig.command(Order::Start { deployment: IT });
    assert_eq!(again, Some(Refusal::AttemptInFlight));
}

#[test]
fn j_an_attempt_is_refused_while_the_one_before_is_unknown() {
    let mut rig = Rig::unknown();
    let again = rig.command(Order::Start { deployment: IT });
    assert_eq!(again, Some(Refusal::PreviousUnknown));
}

// Pending → deploying.

#[test]
fn j_a_worker_claims_under_the_newest_lease_only() {
    let mut rig = Rig::started();
    rig.wait(rig.solo.knobs.time(&knob::ATTEMPT_BEAT));
    assert_eq!(rig.attempt().token, Token(2));
    rig.beat(ONE, Token(1), Phase::Claim);
    assert_eq!(rig.state(), State::Pending);
    rig.beat(TWO, Token(2), Phase::Claim);
    assert_eq!(rig.state(), State::Deploying);
    let go = |(to, say): &(NodeId, Say)| *to == TWO && matches!(say, Say::Go { .. });
    assert!(rig.said.iter().any(go));
}

#[test]
fn j_no_worker_begins_before_the_disk_has_its_claim() {
    let mut rig = Rig::started();
    rig.said.clear();
    rig.input(Input::Message {
        from: ONE,
        message: Message::Pipeline(pipeline::Message::Attempt(Say::Beat {
            attempt: FIRST,
            token: Token(1),
            phase: Phase::Claim,
            nth: 1,
        })),
    });
    assert_eq!((rig.state(), rig.said.len()), (State::Deploying, 0));
    rig.sync();
    assert!(matches!(rig.said.first(), Some((ONE, Say::Go { .. }))));
}

// Deploying → ready, failed.

#[test]
fn j_an_end_is_ready_or_failed() {
    for (well, state) in [(true, State::Ready), (false, State::Failed)] {
        let mut rig = Rig::deploying();
        rig.beat(ONE, Token(1), Phase::End(well));
        assert_eq!((rig.state(), rig.deployment().state), (state, Some(state)));
    }
}

#[test]
fn j_an_end_under_another_token_ends_nothing() {
    let mut rig = Rig::started();
    rig.wait(rig.solo.knobs.time(&knob::ATTEMPT_BEAT));
    rig.beat(TWO, Token(2), Phase::Claim);
    assert_eq!(rig.state(), State::Deploying);
    rig.beat(ONE, Token(1), Phase::End(true));
    assert_eq!(rig.state(), State::Deploying);
    let late = Tell::LateEnd {
        attempt: FIRST,
        well: true,
    };
    assert!(rig.told.contains(&late));
}

// Pending, deploying → failed.

#[test]
fn j_pending_is_called_off_when_the_resource_has_said_that_there_is_nothing() {
    let mut rig = Rig::started();
    assert_eq!(rig.command(Order::Cancel { deployment: IT }), None);
    assert_eq!(rig.state(), State::Pending, "not before there is evidence");
    rig.observed(Found::Absent);
    assert_eq!(rig.state(), State::Failed);
}

#[test]
fn j_an_attempt_is_called_off_only_if_it_had_no_effect() {
    let mut rig = Rig::deploying();
    rig.command(Order::Cancel { deployment: IT });
    rig.observed(Found::Underway);
    assert_eq!(rig.state(), State::Deploying);
    rig.command(Order::Cancel { deployment: IT });
    rig.observed(Found::Absent);
    assert_eq!(rig.state(), State::Failed);
}

// Pending, deploying → unknown.

#[test]
fn j_what_is_not_heard_of_is_unknown_whether_it_was_claimed_or_not() {
    let mut rig = Rig::started();
    rig.wait(Duration::secs(120));
    assert_eq!(rig.state(), State::Unknown);
    let rig = Rig::unknown();
    let swept = Tell::Swept { found: 1, moved: 1 };
    assert_eq!(rig.told.iter().filter(|tell| **tell == swept).count(), 1);
}

// Unknown → ready, failed.

#[test]
fn j_only_what_was_observed_ends_an_unknown_attempt() {
    for (found, state) in [
        (Found::Running, State::Ready),
        (Found::Absent, State::Failed),
        (Found::Underway, State::Unknown),
    ] {
        let mut rig = Rig::unknown();
        rig.command(Order::Reconcile { deployment: IT });
        rig.observed(found);
        assert_eq!(rig.state(), state);
    }
}

#[test]
fn j_a_late_end_is_a_reason_to_look_and_no_proof() {
    let mut rig = Rig::unknown();
    rig.said.clear();
    rig.beat(ONE, Token(1), Phase::End(true));
    assert_eq!(rig.state(), State::Unknown);
    rig.observed(Found::Running);
    assert_eq!(rig.state(), State::Ready);
}

// Ready, failed → nothing.

#[test]
fn j_an_ended_attempt_stays_ended() {
    let mut rig = Rig::deploying();
    rig.beat(ONE, Token(1), Phase::End(false));
    rig.beat(ONE, Token(1), Phase::End(true));
    assert_eq!(rig.state(), State::Failed);
}

// The deployment is a projection.

#[test]
fn j_the_deployment_is_its_newest_attempt() {
    let mut rig = Rig::deploying();
    rig.beat(ONE, Token(1), Phase::End(false));
    rig.command(Order::Start { deployment: IT });
    assert_eq!(rig.deployment().state, Some(State::Pending));
    assert_eq!(rig.deployment().newest, Some(AttemptId(1)));
    assert_eq!(rig.state(), State::Failed);
    rig.restart();
    assert_eq!(rig.deployment().newest, Some(AttemptId(1)));
}

// J. Attempt lifecycle, teardown guard.

#[test]
fn j_unknown_is_not_torn_down_unless_somebody_has_looked() {
    let order = |force| Order::Teardown {
        deployment: IT,
        force,
    };
    let mut rig = Rig::unknown();
    assert_eq!(rig.command(order(false)), Some(Refusal::StateUnknown));
    assert_eq!(rig.command(order(true)), Some(Refusal::StateUnknown));
    rig.command(Order::Reconcile { deployment: IT });
    rig.observed(Found::Underway);
    assert_eq!(rig.command(order(false)), Some(Refusal::StateUnknown));
    assert_eq!(rig.command(order(true)), None);
    assert_eq!(rig.deployment().teardown, Some(Teardown::Started));
}

#[test]
fn j_what_is_under_way_is_called_off_before_it_is_torn_down() {
    let mut rig = Rig::deploying();
    let force = false;
    let order = Order::Teardown {
        deployment: IT,
        force,
    };
    assert_eq!(rig.command(order), Some(Refusal::CancelFirst));
    rig.beat(ONE, Token(1), Phase::End(true));
    assert_eq!(rig.command(order), None);
    let again = rig.command(Order::Start { deployment: IT });
    assert_eq!(again, Some(Refusal::BeingTornDown));
    let nth = 1;
    rig.hear(
        RESOURCE,
        Say::Removed {
            deployment: IT,
            nth,
        },
    );
    assert_eq!(rig.deployment().teardown, Some(Teardown::Done));
}

// J. Attempt lifecycle, write-then-emit: crash points. What is told is what was committed.

#[test]
fn j_every_commit_is_told_in_order_and_nothing_else_is() {
    let mut rig = Rig::deploying();
    rig.beat(ONE, Token(1), Phase::End(true));
    let versions: Vec<u32> = rig.events.iter().map(|event| event.version).collect();
    let newest = rig.solo.machine.attempts().get(0).map(|row| row.version);
    assert_eq!(versions, (1..=newest.unwrap_or(0)).collect::<Vec<_>>());
    let last = rig.events.last().map(|event| event.state);
    assert_eq!(last, Some(State::Ready as u8));
}

// Before the commit; after it and before the telling; after the telling and before the mark.

#[test]
fn j_a_crash_before_the_commit_leaves_nothing_and_the_order_can_be_given_again() {
    let mut rig = Rig::new();
    let order = Order::Start { deployment: IT };
    rig.input(Input::Message {
        from: OPERATOR,
        message: Message::Command(Command::Pipeline(pipeline::Command::Attempt(order))),
    });
    rig.restart();
    assert!(rig.events.is_empty() && rig.solo.machine.attempts().get(0).is_none());
    assert_eq!(rig.command(order), None);
    assert_eq!(rig.state(), State::Pending);
}

#[test]
fn j_a_crash_after_the_commit_and_before_the_telling_tells_it_late() {
    let mut rig = Rig::new();
    let order = Order::Start { deployment: IT };
    rig.input(Input::Message {
        from: OPERATOR,
        message: Message::Command(Command::Pipeline(pipeline::Command::Attempt(order))),
    });
    // The disk has it, and the node dies before it hears so.
    while rig.solo.next_write().is_some() {}
    assert!(rig.events.is_empty());
    rig.restart();
    assert_eq!(rig.state(), State::Pending);
    let versions: Vec<u32> = rig.events.iter().map(|event| event.version).collect();
    let newest = rig.solo.machine.attempts().get(0).map(|row| row.version);
    assert_eq!(versions, (1..=newest.unwrap_or(0)).collect::<Vec<_>>());
    assert_eq!(rig.events[0].state, State::Pending as u8);
}

#[test]
fn j_a_crash_after_the_telling_and_before_the_mark_tells_the_same_event_again() {
    let mut rig = Rig::deploying();
    let before = rig.events.clone();
    rig.restart();
    let newest = rig.attempt();
    let mut told = rig.events.clone();
    told.dedup();
    told.sort_by_key(|event| event.version);
    told.dedup();
    assert_eq!(told, before, "no event but those of the commits");
    assert_eq!(rig.attempt(), newest);
}

// Nobody can look.

#[test]
fn j_an_unknown_attempt_that_nobody_can_look_at_is_escalated() {
    let mut rig = Rig::unknown();
    rig.wait(rig.solo.knobs.time(&knob::ATTEMPT_ESCALATE));
    assert!(rig.attempt().escalated);
    assert!(rig.told.contains(&Tell::Escalated { attempt: FIRST }));
}

// Write-then-emit: the log ends with another event than was expected (10071).

impl Rig {
    fn order_events(&mut self) {
        self.input(Input::Message {
            from: OPERATOR,
            message: Message::Command(Command::Pipeline(pipeline::Command::ResumeEvents)),
        });
        self.sync();
    }

    fn pause(&mut self) {
        let again = self.solo.knobs.time(&knob::ATTEMPT_RESEND).0;
        self.wait(Duration(again * 2 + 1_000));
    }

    fn versions(&self) -> Vec<u32> {
        let mine = self.events.iter().filter(|it| it.entity == FIRST.into());
        mine.map(|event| event.version).collect()
    }

    fn stopped(&self) -> Vec<(Subject, u64)> {
        self.solo.machine.outbox().stopped().collect()
    }
}

#[test]
fn j_10071_whose_last_event_is_its_own_is_marked_and_nothing_is_told_twice() {
    let mut rig = Rig::new();
    rig.log.lost = 1;
    assert_eq!(rig.command(Order::Start { deployment: IT }), None);
    rig.pause();
    assert_eq!(rig.versions()[..2], [1, 1], "it is told again");
    assert_eq!(rig.stopped(), []);
    assert_eq!(rig.solo.machine.outbox().waiting(), 0);
    let versions = u64::from(rig.versions().iter().copied().max().unwrap_or(0));
    assert_eq!(rig.log.end, versions, "the log has each version once");
}

#[test]
fn j_10071_after_a_crash_between_publish_and_mark_is_its_own() {
    let mut rig = Rig::started();
    rig.pause();
    let end = rig.log.end;
    rig.log.lost = u32::MAX;
    rig.beat(ONE, Token(1), Phase::Claim);
    rig.pause();
    assert_eq!(rig.log.end, end + 1);
    rig.restart();
    rig.log.lost = 0;
    rig.pause();
    assert_eq!(rig.stopped(), []);
    assert_eq!(rig.solo.machine.outbox().waiting(), 0);
    assert_eq!(rig.state(), State::Deploying);
}

#[test]
fn j_10071_whose_last_event_is_somebody_elses_stops_until_somebody_has_looked() {
    let mut rig = Rig::started();
    rig.pause();
    let before = rig.versions().len();
    let foreign = rig.log.append(FIRST.into(), 7);
    rig.beat(ONE, Token(1), Phase::Claim);
    rig.pause();
    assert_eq!(rig.stopped(), [(FIRST.into(), foreign)]);
    assert_eq!(rig.versions().len(), before + 1, "it is told once");
    assert_eq!(rig.log.end, foreign, "nothing is told over it");
    rig.restart();
    rig.pause();
    assert_eq!(
        rig.stopped(),
        [(FIRST.into(), foreign)],
        "a crash finds it again"
    );
    rig.order_events();
    rig.pause();
    assert_eq!(rig.stopped(), []);
    assert_eq!(rig.solo.machine.outbox().waiting(), 0);
    assert!(rig.log.end > foreign, "it goes on behind it");
}

#[test]
fn j_10071_stops_what_it_is_about_and_nothing_else() {
    let mut rig = Rig::started();
    rig.pause();
    let foreign = rig.log.append(FIRST.into(), 7);
    rig.beat(ONE, Token(1), Phase::Claim);
    rig.beat(ONE, Token(1), Phase::End(true));
    rig.pause();
    assert_eq!(rig.state(), State::Ready);
    assert_eq!(rig.command(Order::Start { deployment: IT }), None);
    rig.pause();
    assert_eq!(rig.stopped(), [(FIRST.into(), foreign)]);
    let second: Subject = AttemptId(1).into();
    assert!(rig.log.last.contains_key(&second), "the next one is told");
}
