//! Region Enablement, row by row of its table, and the door.

use crate::bench::{ByHand, Solo};
use machine::Verdict;
use machine::{Duration, Input, Knobs, Machine, NodeId, Time};
use platform::id::{Region, Token};
use platform::message::{Command, Message};
use platform::note::Note;
use platform::region::{
    Cause, Command as Order, Door, Fact, Installation, Message as Say, Note as Tell, Regions, Site,
    State,
};
use platform::{gate, knob};

const SERVICE: NodeId = NodeId(1);
const DOOR: NodeId = NodeId(2);
const PLACE: NodeId = NodeId(3);
const OPERATOR: NodeId = NodeId(9);
const HERE: Region = Region(0);

/// A region service with one region, by hand.
struct Rig {
    solo: Solo<Regions>,
}

impl ByHand for Rig {
    type Of = Regions;

    fn solo(&mut self) -> &mut Solo<Regions> {
        &mut self.solo
    }
}

impl Rig {
    fn new(allowed: bool) -> Self {
        let site = Site {
            node: PLACE,
            allowed,
        };
        let mut rig = Self {
            solo: Solo::new(
                Regions::new(Installation {
                    sites: vec![site],
                    door: DOOR,
                }),
                SERVICE,
            ),
        };
        rig.restart();
        rig
    }

    fn say(&mut self, from: NodeId, say: Say) {
        self.input(Input::Message {
            from,
            message: Message::Region(say),
        });
    }

    fn order(&mut self, order: Order) {
        self.input(Input::Message {
            from: OPERATOR,
            message: Message::Command(Command::Region(order)),
        });
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

    fn state(&self) -> Option<State> {
        self.row().state
    }

    fn row(&self) -> platform::region::RegionRow {
        self.solo.machine.rows().get(0).unwrap().value
    }

    fn seen_under(&mut self, token: u32, fact: Fact, holds: bool) {
        let (at, region, token) = (self.solo.now, HERE, Token(token));
        self.solo.now = self.solo.now.after(Duration(1));
        self.say(
            PLACE,
            Say::Seen {
                region,
                fact,
                token,
                holds,
                at,
                nth: 1,
            },
        );
    }

    fn seen(&mut self, fact: Fact, holds: bool) {
        self.seen_under(self.row().token.0, fact, holds);
        self.sync();
    }

    /// Everything is there.
    fn all_is_well(&mut self) {
        for fact in Fact::ALL {
            self.seen(fact, true);
        }
    }

    /// An eligible region.
    fn eligible() -> Self {
        let mut rig = Self::new(true);
        rig.order(Order::Enable { region: HERE });
        rig.sync();
        rig.all_is_well();
        assert_eq!(rig.state(), Some(State::Eligible));
        rig
    }

    fn told(&self, note: Tell) -> bool {
        self.solo.out.notes.contains(&Note::Region(note))
    }

    fn sent(&self, what: impl Fn(&Say) -> bool) -> bool {
        let region = |send: &machine::Send<Message>| matches!(&send.message, Message::Region(say) if what(say));
        self.solo.out.sends.iter().any(region)
    }
}

// K.6 Region enablement. Nothing → requested.

#[test]
fn k6_a_request_needs_residency() {
    let mut rig = Rig::new(false);
    rig.order(Order::Enable { region: HERE });
    assert_eq!(rig.state(), None);
    assert!(rig.solo.out.ruled.iter().any(|ruling| {
        ruling.gate == gate::RESIDENCY_ALLOWED.index && ruling.verdict == Verdict::Refused
    }));
    let mut rig = Rig::new(true);
    rig.order(Order::Enable { region: HERE });
    assert_eq!(rig.state(), Some(State::Requested));
}

#[test]
fn a_second_request_attaches_to_the_first() {
    let mut rig = Rig::new(true);
    rig.order(Order::Enable { region: HERE });
    let row = rig.row();
    rig.order(Order::Enable { region: HERE });
    assert_eq!(rig.row(), row);
    let command = Order::Enable { region: HERE };
    assert!(rig.told(Tell::Ordered {
        command,
        done: true
    }));
}

/// A stage on the way up: it waits for each thing that it needs on its own, says for which, and then leads on.
fn goes_up(from: State, needs: &[Fact], to: State) {
    for lacks in needs {
        let mut rig = Rig::new(true);
        rig.order(Order::Enable { region: HERE });
        rig.sync();
        let all = Fact::ALL.into_iter();
        for fact in all.take_while(|fact| !needs.contains(fact)) {
            rig.seen(fact, true);
        }
        assert_eq!(rig.state(), Some(from));
        rig.seen(*lacks, false);
        for fact in needs.iter().filter(|fact| *fact != lacks) {
            rig.seen(*fact, true);
        }
        assert_eq!(rig.state(), Some(from), "{lacks:?} is lacking");
        assert_eq!(rig.row().lacks, Some(*lacks));
        rig.seen(*lacks, true);
        assert_eq!(rig.state(), Some(to));
    }
}

// Requested → provisioning.

#[test]
fn k6_requested_to_provisioning_needs_room_at_a_healthy_provider() {
    goes_up(State::Requested, &[Fact::Quota], State::Provisioning);
}

// Provisioning → binding services.

#[test]
fn k6_provisioning_to_binding_services_needs_runners_and_edges_with_a_baseline() {
    let needs = [Fact::Runners, Fact::Edges];
    goes_up(State::Provisioning, &needs, State::BindingServices);
}

// Binding services → replicating artifacts.

#[test]
fn k6_binding_services_to_replicating_artifacts_needs_services_secrets_and_a_session_store() {
    let needs = [Fact::Services, Fact::Secrets, Fact::SessionStore];
    goes_up(State::BindingServices, &needs, State::ReplicatingArtifacts);
}

// Replicating artifacts → eligible.

#[test]
fn k6_replicating_artifacts_to_eligible_needs_the_artifact_and_the_data() {
    let needs = [Fact::Artifact, Fact::Data];
    goes_up(State::ReplicatingArtifacts, &needs, State::Eligible);
}

// Any → disabled.

#[test]
fn k6_any_state_to_disabled_by_an_operator_or_at_once_when_residency_forbids_it() {
    let orders = [
        Order::Disable { region: HERE },
        Order::SetResidency {
            region: HERE,
            allowed: false,
        },
    ];
    for order in orders {
        for seen in 0..=Fact::ALL.len() {
            let mut rig = Rig::new(true);
            rig.order(Order::Enable { region: HERE });
            rig.sync();
            for fact in Fact::ALL.into_iter().take(seen) {
                rig.seen(fact, true);
            }
            rig.order(order);
            rig.sync();
            assert_eq!(rig.state(), Some(State::Disabled), "{seen}");
            rig.seen_under(1, Fact::Quota, true);
            assert_eq!(rig.state(), Some(State::Disabled), "{seen}");
        }
    }
}

#[test]
fn k6_evidence_that_is_too_old_holds_a_stage() {
    let mut rig = Rig::new(true);
    rig.order(Order::Enable { region: HERE });
    rig.sync();
    rig.seen(Fact::Quota, true);
    rig.seen(Fact::Runners, true);
    rig.solo.now = rig.solo.now.after(Duration(
        rig.solo.knobs.time(&knob::REGION_EVIDENCE_TTL).0 + 2,
    ));
    rig.seen(Fact::Edges, true);
    assert_eq!(rig.state(), Some(State::Provisioning));
    assert_eq!(rig.row().lacks, Some(Fact::Runners));
}

#[test]
fn k6_an_operator_takes_a_region_out_traffic_first() {
    let mut rig = Rig::eligible();
    let token = rig.row().token;
    rig.order(Order::Disable { region: HERE });
    assert_eq!(rig.state(), Some(State::Disabled));
    assert!(
        rig.solo.out.sends.is_empty(),
        "nothing leaves before the disk has it"
    );
    let write = rig.solo.disk.pop().unwrap();
    rig.solo.durable.push(write.record);
    rig.input(Input::Persisted(write.ticket));
    assert!(rig.sent(|say| matches!(say, Say::Revoke { .. })));
    assert!(!rig.sent(|say| matches!(say, Say::Stop { .. })));
    rig.say(
        DOOR,
        Say::Revoked {
            region: HERE,
            token,
            nth: 1,
        },
    );
    assert!(rig.sent(|say| matches!(say, Say::Stop { .. })));
    rig.say(
        PLACE,
        Say::Stopped {
            region: HERE,
            token,
            nth: 1,
        },
    );
    assert_eq!(
        rig.solo.machine.deadline(),
        None,
        "there is nothing left to do"
    );
}

#[test]
fn k6_a_residency_violation_takes_a_region_out_at_once() {
    let mut rig = Rig::eligible();
    rig.order(Order::SetResidency {
        region: HERE,
        allowed: false,
    });
    assert_eq!(rig.state(), Some(State::Disabled));
    assert!(rig.told(Tell::TakenOut {
        region: HERE,
        cause: Cause::Residency
    }));
}

#[test]
fn k6_a_regression_takes_a_region_out_after_its_grace_and_not_before() {
    let grace = Knobs::defaults(knob::ALL).time(&knob::REGION_GRACE);
    let mut rig = Rig::eligible();
    rig.seen(Fact::Services, false);
    assert_eq!(rig.row().lacks, Some(Fact::Services));
    rig.wait(Duration(grace.0 - 2_000_000));
    assert_eq!(rig.state(), Some(State::Eligible));
    rig.wait(Duration(4_000_000));
    assert_eq!(rig.state(), Some(State::Disabled));

    let mut rig = Rig::eligible();
    rig.seen(Fact::Services, false);
    rig.wait(Duration(grace.0 / 2));
    rig.all_is_well();
    assert_eq!(rig.row().ill_since, None);
}

// Disabled → requested.

#[test]
fn k6_a_region_that_comes_back_shows_everything_anew() {
    let mut rig = Rig::eligible();
    rig.order(Order::Disable { region: HERE });
    rig.sync();
    rig.order(Order::Enable { region: HERE });
    rig.sync();
    assert_eq!(rig.state(), Some(State::Requested));
    assert_eq!(rig.row().token, Token(2));
    rig.seen(Fact::Quota, true);
    assert_eq!(rig.state(), Some(State::Provisioning));
    assert_eq!(rig.row().lacks, None);
    rig.seen(Fact::Runners, true);
    assert_eq!(rig.row().lacks, Some(Fact::Edges));
}

#[test]
fn k6_a_late_answer_of_an_earlier_enablement_is_recorded_only() {
    let mut rig = Rig::eligible();
    rig.order(Order::Disable { region: HERE });
    rig.order(Order::Enable { region: HERE });
    rig.sync();
    rig.seen_under(1, Fact::Quota, true);
    assert_eq!(rig.state(), Some(State::Requested));
    assert!(rig.told(Tell::LateAnswer {
        region: HERE,
        token: Token(1)
    }));
}

#[test]
fn failing_over_needs_an_eligible_region() {
    let mut rig = Rig::new(true);
    rig.order(Order::Enable { region: HERE });
    let command = Order::SendTraffic { region: HERE };
    rig.order(command);
    assert!(rig.told(Tell::Ordered {
        command,
        done: false
    }));
    assert!(!rig.row().forced);
}

#[test]
fn a_service_that_comes_back_knows_what_was_durable_and_asks_again() {
    let mut rig = Rig::new(true);
    rig.order(Order::Enable { region: HERE });
    rig.restart();
    assert_eq!(rig.state(), None, "what the disk never had is gone");
    let mut rig = Rig::eligible();
    rig.restart();
    assert_eq!(rig.state(), Some(State::Eligible));
    rig.input(Input::Deadline);
    let asked = rig.sent(|say| matches!(say, Say::Probe { .. }));
    assert!(asked || rig.solo.machine.deadline().is_some());
}

/// A door, by hand.
fn door(inputs: &[(u64, Say)]) -> Vec<Message> {
    let mut door = Solo::new(Door::new(SERVICE, vec![PLACE]), DOOR);
    let mut sent = Vec::new();
    for (at, say) in inputs {
        door.now = Time(*at);
        let message = Message::Region(*say);
        let from = SERVICE;
        door.input(Input::Message { from, message });
        sent.extend(door.out.sends.iter().map(|send| send.message));
    }
    sent
}

fn lease(token: u32, asked: u64) -> Say {
    Say::Lease {
        region: HERE,
        token: Token(token),
        asked: Time(asked),
        lasts: Duration(100),
        nth: 1,
    }
}

const VISIT: Say = Say::Visit {
    visit: 0,
    home: HERE,
};

fn goes(inputs: &[(u64, Say)]) -> bool {
    door(inputs)
        .iter()
        .any(|message| matches!(message, Message::Region(Say::Forward { .. })))
}

#[test]
fn the_door_sends_visitors_as_long_as_its_permission_lasts() {
    assert!(!goes(&[(10, VISIT)]));
    assert!(goes(&[(20, lease(1, 10)), (109, VISIT)]));
    assert!(!goes(&[(20, lease(1, 10)), (110, VISIT)]));
}

#[test]
fn a_permission_that_arrives_late_lasts_from_when_it_was_asked_for() {
    assert!(!goes(&[(150, lease(1, 10)), (151, VISIT)]));
}

#[test]
fn a_revoked_permission_does_not_come_back() {
    let revoke = Say::Revoke {
        region: HERE,
        token: Token(1),
        nth: 1,
    };
    assert!(!goes(&[
        (20, lease(1, 10)),
        (30, revoke),
        (40, lease(1, 15)),
        (50, VISIT)
    ]));
    assert!(goes(&[
        (20, lease(1, 10)),
        (30, revoke),
        (40, lease(2, 35)),
        (50, VISIT)
    ]));
}
