//! Production Promotion, row by row of its table, at a control plane whose edge, log and services are played by hand.

use crate::bench::{ByHand, Solo};
use machine::{Duration, Input, Machine, NodeId};
use platform::control::{Contract, ControlPlane, Deployment, Host, Installation, Route};
use platform::id::{DeploymentId, Digest, Epoch, OutboxId, Region, RouteId};
use platform::knob;
use platform::message::{Command, Message};
use platform::note::Note;
use platform::promotion::{
    Ack, Command as Order, Hold, Managed, Message as Say, Note as Tell, Preview, Promotion,
    Services, Sources, State,
};

const CONTROL: NodeId = NodeId(1);
pub const EDGE: NodeId = NodeId(2);
pub const LOG: NodeId = NodeId(3);
pub const ARCHIVE: NodeId = NodeId(4);
const SERVICES: NodeId = NodeId(5);
const OPERATOR: NodeId = NodeId(9);
pub const ROUTE: RouteId = RouteId(0);
/// The name of an event that the control plane has never given.
const FOREIGN: OutboxId = OutboxId(9_999);

pub struct Rig {
    pub solo: Solo<ControlPlane>,
    pub notes: Vec<Note>,
    /// What was said about what is kept, and to whom.
    pub said: Vec<(NodeId, platform::cleanup::Message)>,
    /// What the services answer, if they do.
    services: Option<Services>,
    /// What the log answers to the next change instead: it has this sequence already, of this row or of another's.
    other_last: Option<(u64, bool)>,
    /// What was said to the log, and after which sequence.
    published: Vec<(OutboxId, u64)>,
    log_end: u64,
    acks: u32,
    /// What was said to the pipeline, and to whom about anything else of it.
    pub asked: Vec<platform::pipeline::Message>,
}

impl ByHand for Rig {
    type Of = ControlPlane;

    fn solo(&mut self) -> &mut Solo<ControlPlane> {
        &mut self.solo
    }

    /// Looks at what has left the node.
    fn look(&mut self) {
        self.notes.append(&mut self.solo.out.notes);
        for send in core::mem::take(&mut self.solo.out.sends) {
            if let Message::Cleanup(said) = send.message {
                self.said.push((send.to, said));
            }
            if let Message::Pipeline(said) = send.message {
                self.asked.push(said);
            }
            let Message::Promotion(said) = send.message else {
                continue;
            };
            let answer = match said {
                Say::ServicesAsk { nth } => self
                    .services
                    .map(|services| Say::ServicesAre { services, nth }),
                Say::Publish {
                    row, expected, nth, ..
                } => {
                    self.published.push((row, expected));
                    if let Some((last, own)) = self.other_last.take() {
                        self.log_end = last;
                        Some(Say::WrongSequence {
                            row,
                            last,
                            last_row: Some(if own { row } else { FOREIGN }),
                            nth,
                        })
                    } else {
                        self.log_end += 1;
                        Some(Say::Published {
                            row,
                            seq: self.log_end,
                            repeated: false,
                            nth,
                        })
                    }
                }
                Say::End { nth } => Some(Say::EndsAt {
                    seq: self.log_end,
                    nth,
                }),
                _ => None,
            };
            if let Some(answer) = answer {
                self.input(Input::Message {
                    from: send.to,
                    message: Message::Promotion(answer),
                });
            }
        }
    }
}

impl Rig {
    /// A control plane with a route that deployment 1 owns, and previews of all others but deployment 4.
    pub fn new(approval: bool, automatic: bool) -> Self {
        Self::with_store(approval, automatic, None)
    }

    /// The same, and what is old is removed from this store.
    pub fn with_store(approval: bool, automatic: bool, store: Option<NodeId>) -> Self {
        Self::of_edges(approval, automatic, store, vec![EDGE])
    }

    pub fn of_edges(
        approval: bool,
        automatic: bool,
        store: Option<NodeId>,
        edges: Vec<NodeId>,
    ) -> Self {
        Self::built(approval, automatic, store, edges, |_| {})
    }

    /// The same, and these come from a pipeline.
    pub fn from_pipeline(sources: Sources) -> Self {
        Self::built(false, false, None, vec![EDGE], |installation| {
            let managed = installation.promoting.as_mut();
            managed.expect("it promotes").sources = Some(sources);
        })
    }

    /// The same without a pipeline, with these runners and no edges, and what is needed to serve comes up before owners change.
    pub fn warm(runners: &[NodeId]) -> Self {
        Self::built(false, false, None, Vec::new(), |installation| {
            installation.promoting.as_mut().expect("it promotes").warm = true;
            installation.hosts = runners
                .iter()
                .map(|runner| Host {
                    runner: *runner,
                    region: Region(0),
                    memory: 2,
                })
                .collect();
        })
    }

    fn built(
        approval: bool,
        automatic: bool,
        store: Option<NodeId>,
        edges: Vec<NodeId>,
        change: impl FnOnce(&mut Installation),
    ) -> Self {
        let digest = |of: u16| Digest(100 + u64::from(of));
        let mut installation = Installation {
            edges,
            hosts: Vec::new(),
            deployments: (0..5)
                .map(|of| Deployment {
                    digest: digest(of),
                    limit: 1,
                })
                .collect(),
            routes: vec![Route {
                deployment: DeploymentId(0),
                epoch: Epoch(1),
                region: Region(0),
                contract: Contract::None,
            }],
            managed: None,
            vault: None,
            pressed: None,
            promoting: Some(Managed {
                log: LOG,
                archive: ARCHIVE,
                services: SERVICES,
                store,
                previews: [1, 2, 4]
                    .into_iter()
                    .map(|of| Preview {
                        deployment: DeploymentId(of),
                        digest: digest(of),
                        config: 0,
                    })
                    .collect(),
                reads: vec![(1, 1), (1, 2), (2, 2), (0, 9), (0, 9)],
                approval,
                automatic,
                sources: None,
                warm: false,
            }),
        };
        change(&mut installation);
        let mut rig = Self {
            solo: Solo::new(ControlPlane::new(installation), CONTROL),
            notes: Vec::new(),
            said: Vec::new(),
            services: Some(Services {
                ready: true,
                schema: 1,
            }),
            other_last: None,
            published: Vec::new(),
            log_end: 0,
            acks: 0,
            asked: Vec::new(),
        };
        for (knob, secs) in [
            (&knob::SOAK, 5),
            (&knob::PROMOTION_DEADLINE, 30),
            (&knob::APPROVAL_WAIT, 20),
        ] {
            let micros = secs * 1_000_000;
            rig.solo.knobs.set(knob, micros).expect("within its range");
        }
        rig.restart();
        rig
    }

    pub fn order(&mut self, order: Order) {
        self.input(Input::Message {
            from: OPERATOR,
            message: Message::Command(Command::Promotion(order)),
        });
        self.sync();
    }

    pub fn promote(&mut self, to: u16, after: u32) {
        self.order(Order::Promote {
            route: ROUTE,
            deployment: DeploymentId(to),
            predecessor: Epoch(after),
            by: 1,
        });
    }

    fn approve(&mut self, what: u16, after: u32, by: u8) {
        self.order(Order::Approve {
            route: ROUTE,
            deployment: DeploymentId(what),
            predecessor: Epoch(after),
            by,
        });
    }

    /// The services answer this from now on, or nothing.
    pub fn services_are(&mut self, services: Option<Services>) {
        self.services = services;
    }

    /// The edge says that it has an owner, and how that has answered.
    pub fn edge(&mut self, epoch: u32, gap: bool, served: u32, failed: u32) {
        self.acks += 1;
        let nth = self.acks;
        self.edge_said(nth, epoch, gap, served, failed);
    }

    fn edge_said(&mut self, nth: u32, epoch: u32, gap: bool, served: u32, failed: u32) {
        let ack = Ack {
            route: ROUTE,
            epoch: Epoch(epoch),
            gap,
            served,
            failed,
        };
        self.input(Input::Message {
            from: EDGE,
            message: Message::Promotion(Say::Acknowledge { ack, nth }),
        });
        self.sync();
    }

    /// Time passes, a look at a time.
    pub fn wait(&mut self, secs: u64) {
        for _ in 0..secs * 2 {
            self.solo.now = self.solo.now.after(Duration::millis(500));
            if self
                .solo
                .machine
                .deadline()
                .is_some_and(|due| due <= self.solo.now)
            {
                self.input(Input::Deadline);
            }
            self.sync();
        }
    }

    pub fn row(&self, of: u32) -> Promotion {
        let rows = self.solo.machine.promotions();
        rows.get(of).expect("there is no such promotion").value
    }

    pub fn owner(&self) -> (DeploymentId, Epoch) {
        let row = self.solo.machine.routes().get(0).expect("there is a route");
        (row.value.deployment, row.value.epoch)
    }
}

// K.2 Production promotion. Nothing → requested.

#[test]
fn k2_nothing_to_requested_needs_a_preview() {
    let mut rig = Rig::new(false, false);
    rig.promote(3, 1);
    assert_eq!(
        rig.solo.machine.promotions().len(),
        0,
        "deployment 3 has no preview"
    );
    rig.promote(1, 1);
    rig.promote(1, 1);
    assert_eq!(
        rig.solo.machine.promotions().len(),
        1,
        "the same wish attaches"
    );
}

// Requested → policy check.

#[test]
fn k2_requested_to_policy_check_unless_frozen() {
    let mut rig = Rig::new(true, false);
    rig.promote(1, 1);
    assert_eq!(rig.row(0).state, State::PolicyCheck);
    rig.order(Order::Freeze { on: true });
    rig.promote(2, 1);
    assert_eq!(
        (rig.row(1).state, rig.row(1).hold),
        (State::Failed, Hold::Frozen)
    );
    rig.wait(2);
    assert_eq!(
        (rig.row(0).state, rig.row(0).hold),
        (State::Failed, Hold::Frozen),
        "a freeze ends what waits, too"
    );
}

// Policy check → route compare-and-set.

#[test]
fn k2_policy_check_refuses_another_digest() {
    let mut rig = Rig::new(true, false);
    rig.order(Order::Rebuild {
        deployment: DeploymentId(1),
        digest: Digest(7),
    });
    rig.promote(1, 1);
    rig.approve(1, 1, 2);
    rig.wait(2);
    assert_eq!(rig.row(0).hold, Hold::DigestDiffers);
    assert_eq!(rig.row(0).state, State::Failed);
}

#[test]
fn k2_policy_check_refuses_another_configuration() {
    let mut rig = Rig::new(false, false);
    rig.order(Order::EditConfig);
    rig.promote(1, 1);
    assert_eq!(rig.row(0).hold, Hold::DigestDiffers);
}

#[test]
fn k2_policy_check_goes_on_after_an_approval_that_came_later_than_a_promotion_may_take() {
    let mut rig = Rig::new(true, false);
    let wait = 120_000_000;
    rig.solo
        .knobs
        .set(&knob::APPROVAL_WAIT, wait)
        .expect("within its range");
    rig.promote(1, 1);
    rig.wait(50);
    assert_eq!(rig.row(0).hold, Hold::ApprovalMissing);
    rig.approve(1, 1, 2);
    rig.wait(2);
    assert_eq!(rig.row(0).state, State::EdgePropagating);
}

#[test]
fn k2_policy_check_waits_for_an_approval_by_another_and_then_gives_up() {
    let mut rig = Rig::new(true, false);
    rig.promote(1, 1);
    rig.approve(1, 1, 1);
    rig.approve(2, 1, 2);
    rig.approve(1, 9, 2);
    rig.wait(2);
    assert_eq!(
        (rig.row(0).state, rig.row(0).hold),
        (State::PolicyCheck, Hold::ApprovalMissing),
        "by the same person, of another artifact, after another predecessor"
    );
    rig.wait(20);
    assert_eq!(rig.row(0).state, State::Failed);
    rig.promote(1, 1);
    rig.approve(1, 1, 2);
    rig.wait(2);
    assert_eq!(rig.row(1).state, State::EdgePropagating);
}

#[test]
fn k2_policy_check_waits_for_runtime_services() {
    let mut rig = Rig::new(false, false);
    rig.services = Some(Services {
        ready: false,
        schema: 1,
    });
    rig.promote(1, 1);
    rig.wait(3);
    assert_eq!(rig.row(0).hold, Hold::ServicesUnready);
    rig.wait(30);
    assert_eq!(rig.row(0).state, State::Failed);
}

#[test]
fn k2_policy_check_refuses_what_cannot_read_the_schema() {
    let mut rig = Rig::new(false, false);
    rig.promote(2, 1);
    rig.wait(2);
    assert_eq!(
        (rig.row(0).state, rig.row(0).hold),
        (State::Failed, Hold::SchemaUnreadable)
    );
}

// Route compare-and-set → edge propagating.

#[test]
fn k2_route_cas_changes_the_owner_once() {
    let mut rig = Rig::new(false, false);
    rig.promote(1, 1);
    rig.wait(1);
    assert_eq!(rig.row(0).state, State::EdgePropagating);
    assert_eq!(rig.owner(), (DeploymentId(1), Epoch(2)));
    rig.promote(4, 1);
    rig.wait(1);
    assert_eq!(
        rig.row(1).hold,
        Hold::EpochConflict,
        "judged against an epoch that is gone"
    );
    assert_eq!(rig.owner(), (DeploymentId(1), Epoch(2)));
    assert!(rig.notes.iter().any(|note| matches!(
        note,
        Note::RouteCasConflict {
            expected: Epoch(1),
            found: Epoch(2),
            ..
        }
    )));
}

// Route compare-and-set → failed.

#[test]
fn k2_route_cas_to_failed_when_it_was_lost_and_only_a_new_operation_goes_on() {
    let mut rig = Rig::new(true, false);
    rig.promote(1, 1);
    rig.promote(4, 1);
    rig.approve(1, 1, 2);
    rig.wait(2);
    assert_eq!(rig.owner(), (DeploymentId(1), Epoch(2)));
    rig.approve(4, 1, 2);
    rig.wait(2);
    assert_eq!(
        (rig.row(1).state, rig.row(1).hold),
        (State::Failed, Hold::EpochConflict)
    );
    rig.approve(4, 1, 2);
    rig.wait(2);
    assert_eq!(rig.row(1).state, State::Failed, "it is not tried again");
    rig.promote(4, 2);
    rig.approve(4, 2, 2);
    rig.wait(2);
    assert_eq!(rig.row(2).state, State::EdgePropagating);
    assert_eq!(rig.owner(), (DeploymentId(4), Epoch(3)));
}

#[test]
fn k2_a_crash_between_the_owner_and_the_row_changes_nothing_twice() {
    let mut rig = Rig::new(false, false);
    rig.promote(1, 1);
    rig.wait(1);
    let durable = rig.solo.durable.clone();
    for kept in 1..=durable.len() {
        rig.solo.durable = durable[..kept].to_vec();
        rig.restart();
        rig.wait(2);
        let (_, epoch) = rig.owner();
        assert!(epoch <= Epoch(2), "the owner changed twice");
        if !rig.solo.machine.promotions().is_empty() {
            assert_eq!(rig.row(0).state, State::EdgePropagating);
            assert_eq!(epoch, Epoch(2));
        }
    }
}

// Edge propagating → healthy.

#[test]
fn k2_edge_propagating_to_healthy_needs_acknowledgements_and_a_soak() {
    let mut rig = Rig::new(false, false);
    rig.promote(1, 1);
    rig.wait(7);
    assert_eq!(
        rig.row(0).hold,
        Hold::EdgesMissing,
        "the edge has said nothing"
    );
    rig.edge(2, true, 0, 0);
    rig.wait(1);
    assert_eq!(
        rig.row(0).state,
        State::EdgePropagating,
        "an edge in doubt does not count"
    );
    rig.edge(2, false, 10, 0);
    rig.wait(1);
    assert_eq!(rig.row(0).state, State::Healthy);
    assert!(rig.solo.now.since(rig.row(0).changed_at) >= Duration::secs(5));
}

#[test]
fn k2_late_report_never_counts_to_the_quorum() {
    let mut rig = Rig::new(false, false);
    rig.promote(1, 1);
    rig.wait(6);
    rig.edge_said(20, 0, false, 0, 0);
    rig.edge_said(10, 2, false, 0, 0);
    rig.wait(1);
    assert_eq!(rig.row(0).state, State::EdgePropagating);
    let late = |note: &Note| matches!(note, Note::Promotion(Tell::LateAck { .. }));
    assert!(rig.notes.iter().any(late));
}

// Edge propagating → rolled back.

#[test]
fn k2_edge_propagating_to_rolled_back_by_itself_or_by_an_operator() {
    for automatic in [true, false] {
        let mut rig = Rig::new(false, automatic);
        rig.promote(1, 1);
        rig.wait(1);
        rig.edge(2, false, 1, 9);
        rig.wait(1);
        if !automatic {
            assert_eq!(rig.row(0).hold, Hold::Regression);
            rig.order(Order::Rollback {
                route: ROUTE,
                by: 1,
            });
        }
        assert_eq!(rig.row(0).state, State::RolledBack);
        assert_eq!(
            rig.owner(),
            (DeploymentId(0), Epoch(3)),
            "a newer epoch, not the old one"
        );
    }
}

#[test]
fn k2_an_unsafe_rollback_stays_and_then_fails() {
    let mut rig = Rig::new(false, true);
    rig.promote(1, 1);
    rig.wait(1);
    rig.services = Some(Services {
        ready: true,
        schema: 2,
    });
    rig.wait(2);
    rig.edge(2, false, 1, 9);
    rig.wait(1);
    assert_eq!(
        (rig.row(0).state, rig.row(0).hold),
        (State::EdgePropagating, Hold::DbRollbackUnsafe)
    );
    rig.wait(30);
    assert_eq!(rig.row(0).state, State::Failed);
    assert_eq!(
        rig.owner(),
        (DeploymentId(1), Epoch(2)),
        "who has authority is not in doubt"
    );
}

// Edge propagating → failed.

#[test]
fn k2_edge_propagating_to_failed_at_the_deadline() {
    let mut rig = Rig::new(false, false);
    rig.promote(1, 1);
    rig.wait(32);
    assert_eq!(
        (rig.row(0).state, rig.row(0).hold),
        (State::Failed, Hold::Deadline)
    );
    assert_eq!(rig.row(0).epoch, Epoch(2));
}

// Healthy → rolled back.

#[test]
fn k2_healthy_to_rolled_back_by_an_operation_of_its_own() {
    let mut rig = Rig::new(false, false);
    rig.promote(1, 1);
    rig.wait(6);
    rig.edge(2, false, 10, 0);
    rig.wait(1);
    assert_eq!(rig.row(0).state, State::Healthy);
    rig.order(Order::Freeze { on: true });
    rig.order(Order::Rollback {
        route: ROUTE,
        by: 1,
    });
    rig.wait(1);
    assert_eq!(
        rig.row(1).state,
        State::EdgePropagating,
        "the way back is open in a freeze"
    );
    assert_eq!(rig.owner(), (DeploymentId(0), Epoch(3)));
    rig.wait(5);
    rig.edge(3, false, 0, 0);
    rig.wait(1);
    assert_eq!(rig.row(1).state, State::Healthy);
    assert_eq!(rig.row(0).state, State::RolledBack);
}

#[test]
fn k2_a_rollback_leads_only_to_who_was_healthy() {
    let mut rig = Rig::new(false, false);
    rig.promote(1, 1);
    rig.wait(1);
    rig.services = Some(Services {
        ready: true,
        schema: 2,
    });
    rig.wait(2);
    rig.promote(2, 2);
    rig.wait(1);
    rig.order(Order::Rollback {
        route: ROUTE,
        by: 1,
    });
    assert_eq!(
        rig.row(1).hold,
        Hold::DbRollbackUnsafe,
        "deployment 1 never was healthy"
    );
    assert_eq!(rig.owner(), (DeploymentId(2), Epoch(3)));
}

// J. Attempt lifecycle, write-then-emit: another sequence than expected (10071), or a repeat after the dedup window.

#[test]
fn j_another_sequence_whose_last_event_is_its_own_is_marked_and_not_told_again() {
    let mut rig = Rig::new(false, false);
    rig.published.clear();
    rig.other_last = Some((2, true));
    rig.promote(1, 1);
    rig.wait(20);
    let after: Vec<u64> = rig.published.iter().map(|(_, after)| *after).collect();
    assert_eq!(after, [1]);
}

#[test]
fn j_another_sequence_whose_last_event_is_not_its_own_is_not_taken_for_its_own() {
    let mut rig = Rig::new(false, false);
    rig.published.clear();
    rig.other_last = Some((3, false));
    rig.promote(1, 1);
    rig.wait(20);
    let row = rig.published[0].0;
    assert_eq!(rig.published, [(row, 1)], "nothing is said over it");
    let alarms = rig
        .notes
        .iter()
        .filter(|note| matches!(note, Note::Promotion(Tell::LogAlarm { seq: 3, .. })));
    assert_eq!(alarms.count(), 1);
    // Somebody has looked: it goes on behind it.
    rig.order(Order::ResumeLog { route: ROUTE });
    rig.wait(1);
    assert_eq!(rig.published, [(row, 1), (row, 3)]);
    assert_eq!(rig.solo.machine.stopped_in_log().count(), 0);
}

#[test]
fn j_an_alarm_stands_until_somebody_has_looked_and_a_crash_raises_it_again() {
    let mut rig = Rig::new(false, false);
    rig.published.clear();
    rig.other_last = Some((3, false));
    rig.promote(1, 1);
    rig.wait(2);
    assert_eq!(rig.solo.machine.stopped_in_log().count(), 1);
    rig.other_last = Some((3, false));
    rig.restart();
    rig.wait(2);
    assert_eq!(rig.solo.machine.stopped_in_log().count(), 1);
}

#[test]
fn a_log_that_ends_below_what_it_acknowledged_gets_a_new_incarnation() {
    let mut rig = Rig::new(false, false);
    rig.promote(1, 1);
    rig.wait(1);
    assert_eq!(rig.solo.machine.authority().incarnation, 1);
    rig.log_end = 0;
    rig.wait(6);
    assert_eq!(rig.solo.machine.authority().incarnation, 2);
}
