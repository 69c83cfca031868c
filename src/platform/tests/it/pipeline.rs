//! Deploy Pipeline, row by row of its table.

use crate::bench::{ByHand, Solo};
use machine::{Duration, Input, Machine, NodeId};
use platform::id::{Digest, Token};
use platform::knob;
use platform::message::{Command, Message};
use platform::note::Note;
use platform::pipeline::{
    Blocker, Cause, Command as Order, DbImpact, Defect, Deploy, DeployId, Installation, Look,
    Message as Say, Note as Tell, Pipeline, Planned, Product, Progress, Standing, State,
    StateImpact,
};

const SERVICE: NodeId = NodeId(1);
const ONE: NodeId = NodeId(2);
const TWO: NodeId = NodeId(3);
const REGISTRY: NodeId = NodeId(4);
const ENVIRONMENT: NodeId = NodeId(5);
const LOG: NodeId = NodeId(6);
const CONTROL: NodeId = NodeId(7);
const OPERATOR: NodeId = NodeId(9);
const IT: DeployId = DeployId(0);
const NEXT: DeployId = DeployId(1);
const TREE: u64 = 77;
const ARTIFACT: Digest = Digest(7);

fn product() -> Product {
    Product {
        tree: TREE,
        digest: ARTIFACT,
        committed: 5,
        generated: 5,
        state: StateImpact::Hot,
        db: DbImpact::None,
    }
}

/// A pipeline with two deployments of one branch and two builders, by hand.
struct Rig {
    solo: Solo<Pipeline>,
    /// What was said last, by kind of question.
    asked: Option<(NodeId, Say)>,
    told: Vec<Tell>,
    nth: u32,
}

impl ByHand for Rig {
    type Of = Pipeline;

    fn solo(&mut self) -> &mut Solo<Pipeline> {
        &mut self.solo
    }

    /// Looks at what has left the node.
    fn look(&mut self) {
        for send in &self.solo.out.sends {
            if let Message::Pipeline(say) = send.message
                && send.to != LOG
            {
                self.asked = Some((send.to, say));
            }
        }
        for note in &self.solo.out.notes {
            if let Note::Pipeline(tell) = note {
                self.told.push(*tell);
            }
        }
    }

    fn forget(&mut self) {
        self.asked = None;
    }
}

impl Rig {
    fn new() -> Self {
        Self::of(None)
    }

    /// One whose deployments are promoted by this control plane.
    fn of(control: Option<NodeId>) -> Self {
        let planned = Planned {
            commit: 1,
            tree: TREE,
            branch: 0,
        };
        let mut rig = Self {
            solo: Solo::new(
                Pipeline::new(Installation {
                    deploys: vec![planned, planned],
                    builders: vec![ONE, TWO],
                    registry: REGISTRY,
                    environment: ENVIRONMENT,
                    log: LOG,
                    control,
                }),
                SERVICE,
            ),
            asked: None,
            told: Vec::new(),
            nth: 0,
        };
        rig.restart();
        rig
    }

    /// One that was asked for.
    fn requested() -> Self {
        let mut rig = Self::new();
        rig.command(Order::Request { deploy: IT });
        rig
    }

    /// One whose builder has built this.
    fn built(product: Product) -> Self {
        let mut rig = Self::requested();
        rig.beat(ONE, Token(1), Progress::Built(product));
        rig.digest(product.digest);
        rig
    }

    fn command(&mut self, order: Order) {
        self.input(Input::Message {
            from: OPERATOR,
            message: Message::Command(Command::Pipeline(order)),
        });
        self.sync();
    }

    fn hear(&mut self, from: NodeId, say: Say) {
        self.solo.now = self.solo.now.after(Duration(1_000));
        self.input(Input::Message {
            from,
            message: Message::Pipeline(say),
        });
    }

    fn beat(&mut self, from: NodeId, token: Token, progress: Progress) {
        self.nth += 1;
        let nth = self.nth;
        self.hear(
            from,
            Say::Beat {
                deploy: IT,
                token,
                progress,
                nth,
            },
        );
        self.sync();
    }

    fn error(&mut self, from: NodeId, token: Token, (tree, defect): (u64, Defect)) {
        self.nth += 1;
        let nth = self.nth;
        self.hear(
            from,
            Say::BuildError {
                deploy: IT,
                token,
                tree,
                defect,
                nth,
            },
        );
        self.sync();
    }

    /// The registry answers what it was asked.
    fn digest(&mut self, digest: Digest) {
        let Some((REGISTRY, Say::DigestAsk { deploy, token, nth })) = self.asked.take() else {
            panic!("the registry was not asked");
        };
        let digest = Some(digest);
        self.hear(
            REGISTRY,
            Say::DigestIs {
                deploy,
                token,
                digest,
                nth,
            },
        );
        self.sync();
    }

    /// The environment answers what it was asked, which has to be this.
    fn seen(&mut self, wanted: Look, holds: bool) {
        let Some((ENVIRONMENT, Say::Look { deploy, what, nth })) = self.asked.take() else {
            panic!("the environment was not asked");
        };
        assert_eq!(what, wanted);
        let at = self.solo.now;
        self.hear(
            ENVIRONMENT,
            Say::Seen {
                deploy,
                what,
                holds,
                at,
                nth,
            },
        );
        self.sync();
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

    fn row(&self) -> Deploy {
        self.solo.machine.rows().get(0).expect("there is one").value
    }

    fn state(&self) -> Option<State> {
        self.row().state
    }

    fn order(&self) -> Option<(NodeId, Token)> {
        match self.asked {
            Some((to, Say::Build { token, .. })) => Some((to, token)),
            _ => None,
        }
    }
}

// K.1 Deploy pipeline. Nothing → queued.

#[test]
fn k1_a_request_pins_its_commit_and_a_second_one_attaches() {
    let mut rig = Rig::requested();
    assert_eq!(rig.row().planned.tree, TREE);
    let version = rig.solo.machine.rows().get(0).map(|row| row.version);
    rig.command(Order::Request { deploy: IT });
    assert_eq!(
        rig.solo.machine.rows().get(0).map(|row| row.version),
        version
    );
    let done = rig.told.last();
    assert!(matches!(done, Some(Tell::Ordered { done: true, .. })));
}

// Queued → cloning.

#[test]
fn k1_a_free_builder_gets_the_lease_and_nothing_is_ordered_before_the_disk_has_it() {
    let mut rig = Rig::new();
    rig.input(Input::Message {
        from: OPERATOR,
        message: Message::Command(Command::Pipeline(Order::Request { deploy: IT })),
    });
    assert_eq!((rig.state(), rig.order()), (Some(State::Cloning), None));
    rig.sync();
    assert_eq!(rig.order(), Some((ONE, Token(1))));
}

// Cloning → building.

#[test]
fn k1_the_commits_own_tree_is_built_and_another_is_not() {
    let mut rig = Rig::requested();
    rig.beat(ONE, Token(1), Progress::Building(TREE));
    assert_eq!(rig.state(), Some(State::Building));
    let mut rig = Rig::requested();
    rig.beat(ONE, Token(1), Progress::Building(TREE + 1));
    assert_eq!(rig.row().cause, Some(Cause::TreeMismatch));
}

// Building → validating.

#[test]
fn k1_the_same_digest_is_validated_and_another_is_tried_once_more_elsewhere() {
    let mut rig = Rig::requested();
    rig.beat(ONE, Token(1), Progress::Built(product()));
    rig.digest(Digest(8));
    let row = rig.row();
    assert_eq!((row.state, row.token), (Some(State::Cloning), Token(2)));
    assert_eq!(rig.order(), Some((TWO, Token(2))));
    rig.beat(TWO, Token(2), Progress::Built(product()));
    rig.digest(Digest(8));
    assert_eq!(rig.row().cause, Some(Cause::DigestMismatch));
    assert!(rig.told.contains(&Tell::Alarm { deploy: IT }));
}

// Validating → preview ready.

#[test]
fn k1_everything_that_a_preview_needs_is_looked_at() {
    let mut rig = Rig::built(product());
    assert_eq!(rig.state(), Some(State::Validating));
    rig.seen(Look::Bindings, true);
    rig.seen(Look::Preview(ARTIFACT), false);
    assert_eq!(rig.state(), Some(State::Validating));
    rig.wait(rig.solo.knobs.time(&knob::PIPELINE_RESEND));
    rig.seen(Look::Preview(ARTIFACT), true);
    assert_eq!(rig.state(), Some(State::PreviewReady));
}

#[test]
fn k1_a_preview_is_brought_up_with_the_configuration_that_production_has() {
    let mut rig = Rig::of(Some(CONTROL));
    rig.command(Order::Request { deploy: IT });
    rig.beat(ONE, Token(1), Progress::Built(product()));
    rig.digest(ARTIFACT);
    rig.seen(Look::Bindings, true);
    let Some((CONTROL, Say::ConfigAsk { deploy: IT, nth })) = rig.asked else {
        panic!("nobody asked for the configuration: {:?}", rig.asked);
    };
    let answer = |nth, config| Say::ConfigIs {
        deploy: IT,
        config,
        nth,
    };
    rig.hear(CONTROL, answer(nth + 1, 9));
    rig.sync();
    assert_eq!(rig.row().config, None, "nobody asked that");
    rig.hear(CONTROL, answer(nth, 4));
    rig.sync();
    rig.hear(CONTROL, answer(nth, 5));
    rig.sync();
    assert_eq!(rig.row().config, Some(4), "a second answer is none");
    rig.seen(Look::Preview(ARTIFACT), true);
    assert_eq!(rig.state(), Some(State::PreviewReady));
}

#[test]
fn k1_how_a_preview_stands_is_said_when_the_disk_has_it() {
    let mut rig = Rig::new();
    let ask = |nth| Say::PreviewAsk { deploy: IT, nth };
    rig.input(Input::Message {
        from: OPERATOR,
        message: Message::Command(Command::Pipeline(Order::Request { deploy: IT })),
    });
    rig.asked = None;
    rig.hear(CONTROL, ask(1));
    assert_eq!(rig.asked, None, "the request is not on disk yet");
    rig.sync();
    rig.asked = None;
    rig.hear(CONTROL, ask(2));
    let standing = Standing {
        state: rig.state(),
        digest: None,
        config: None,
        version: 3,
    };
    let is = Say::PreviewIs {
        deploy: IT,
        standing,
        nth: 2,
    };
    assert_eq!(rig.asked, Some((CONTROL, is)));
}

// Validating → blocked, and blocked → validating when it is cleared.

#[test]
fn k1_a_cold_deploy_waits_for_an_agreement_to_this_digest() {
    let cold = Product {
        state: StateImpact::Cold,
        ..product()
    };
    let mut rig = Rig::built(cold);
    assert_eq!(rig.row().blocker, Some(Blocker::ColdAckMissing));
    let agree = |digest| Order::Acknowledge { deploy: IT, digest };
    rig.command(agree(Digest(6)));
    assert_eq!(rig.state(), Some(State::Blocked));
    rig.command(agree(ARTIFACT));
    assert_eq!(rig.state(), Some(State::Validating));
}

#[test]
fn k1_a_pending_migration_blocks_and_is_looked_at_again() {
    let needs = Product {
        db: DbImpact::Migration,
        ..product()
    };
    let mut rig = Rig::built(needs);
    rig.seen(Look::Migration, false);
    assert_eq!(rig.row().blocker, Some(Blocker::MigrationPending));
    rig.wait(rig.solo.knobs.time(&knob::PIPELINE_RECHECK));
    rig.seen(Look::Migration, true);
    // Never straight to ready: all of it is looked at anew.
    assert_eq!(rig.state(), Some(State::Validating));
    assert_eq!(rig.row().migration, None);
}

#[test]
fn k1_a_missing_binding_blocks() {
    let mut rig = Rig::built(product());
    rig.seen(Look::Bindings, false);
    assert_eq!(rig.row().blocker, Some(Blocker::BindingMissing));
}

#[test]
fn k1_an_impact_that_nobody_has_classified_blocks() {
    let unknown = Product {
        state: StateImpact::Unclassified,
        db: DbImpact::Unclassified,
        ..product()
    };
    let mut rig = Rig::built(unknown);
    assert_eq!(rig.row().blocker, Some(Blocker::StateUnclassified));
    let (state, db) = (StateImpact::Hot, DbImpact::Unclassified);
    rig.command(Order::Classify {
        deploy: IT,
        state,
        db,
    });
    assert_eq!(rig.row().blocker, Some(Blocker::DbUnclassified));
    let db = DbImpact::None;
    rig.command(Order::Classify {
        deploy: IT,
        state,
        db,
    });
    assert_eq!(rig.state(), Some(State::Validating));
}

// Validating → failed.

#[test]
fn k1_stale_generated_files_are_a_defect_of_the_source() {
    let stale = Product {
        generated: 6,
        ..product()
    };
    let rig = Rig::built(stale);
    assert_eq!(rig.row().cause, Some(Cause::StaleArtifacts));
}

// Blocked → failed.

#[test]
fn k1_what_nobody_clears_expires_and_what_is_called_off_ends() {
    let mut rig = Rig::built(product());
    rig.seen(Look::Bindings, false);
    rig.wait(Duration(
        rig.solo.knobs.time(&knob::PIPELINE_EXPIRY).0 + 1_000_000,
    ));
    assert_eq!(rig.row().cause, Some(Cause::Expired));
    let mut rig = Rig::built(product());
    rig.command(Order::Cancel { deploy: IT });
    assert_eq!(rig.row().cause, Some(Cause::Cancelled));
}

#[test]
fn k1_blocked_to_failed_when_it_is_called_off() {
    let mut rig = Rig::built(product());
    rig.seen(Look::Bindings, false);
    assert_eq!(rig.state(), Some(State::Blocked));
    rig.command(Order::Cancel { deploy: IT });
    let row = rig.row();
    assert_eq!(
        (row.state, row.cause, row.blocker),
        (Some(State::Failed), Some(Cause::Cancelled), None)
    );
}

// Cloning, building → queued.

#[test]
fn k1_a_lost_lease_is_given_to_another_builder_and_only_so_often() {
    let mut rig = Rig::requested();
    let lease = rig.solo.knobs.time(&knob::PIPELINE_LEASE);
    rig.wait(lease);
    assert_eq!(rig.order(), Some((TWO, Token(2))));
    rig.wait(lease);
    assert_eq!(rig.row().token, Token(3));
    rig.wait(lease);
    assert_eq!(rig.row().cause, Some(Cause::LeaseLost));
}

// Any that is active → failed.

#[test]
fn k1_a_stage_that_takes_too_long_fails() {
    let mut rig = Rig::built(product());
    rig.wait(rig.solo.knobs.time(&knob::PIPELINE_VALIDATE_LIMIT));
    assert_eq!(rig.row().cause, Some(Cause::Deadline));
}

#[test]
fn k1_cloning_and_building_to_failed_at_their_limits_although_the_builder_is_heard_of() {
    for (progress, state, limit) in [
        (
            Progress::Fetching,
            State::Cloning,
            &knob::PIPELINE_CLONE_LIMIT,
        ),
        (
            Progress::Building(TREE),
            State::Building,
            &knob::PIPELINE_BUILD_LIMIT,
        ),
    ] {
        let mut rig = Rig::requested();
        rig.beat(ONE, Token(1), progress);
        let since = rig.row().since;
        let limit = rig.solo.knobs.time(limit);
        // Its builder is heard of all the time.
        while rig.solo.now.since(since) < limit {
            assert_eq!(rig.state(), Some(state));
            rig.wait(Duration::secs(5));
            rig.beat(ONE, Token(1), progress);
        }
        assert_eq!(rig.row().cause, Some(Cause::Deadline));
    }
}

#[test]
fn k1_any_active_to_failed_when_the_builder_reports_an_error() {
    let errors = [
        (Defect::Compile, Cause::CompileError),
        (Defect::Test, Cause::TestFailed),
    ];
    for (defect, cause) in errors {
        // It may come before anybody has said that the tree is there, and while it is being built.
        for begun in [false, true] {
            let mut rig = Rig::requested();
            if begun {
                rig.beat(ONE, Token(1), Progress::Building(TREE));
            }
            rig.error(ONE, Token(1), (TREE, defect));
            assert_eq!(
                (rig.state(), rig.row().cause),
                (Some(State::Failed), Some(cause))
            );
            assert!(rig.told.contains(&Tell::Failed { deploy: IT, cause }));
            // Said again it changes nothing; the builder may let go.
            let version = rig.solo.machine.rows().get(0).map(|row| row.version);
            rig.error(ONE, Token(1), (TREE, defect));
            assert_eq!(
                rig.solo.machine.rows().get(0).map(|row| row.version),
                version
            );
            assert!(matches!(rig.asked, Some((ONE, Say::Release { .. }))));
        }
    }
}

#[test]
fn k1_an_error_of_another_tree_or_under_a_lost_lease_is_not_the_commits() {
    let mut rig = Rig::requested();
    rig.error(ONE, Token(1), (TREE + 1, Defect::Test));
    assert_eq!(rig.row().cause, Some(Cause::TreeMismatch));

    let mut rig = Rig::requested();
    rig.wait(rig.solo.knobs.time(&knob::PIPELINE_LEASE));
    rig.error(ONE, Token(1), (TREE, Defect::Compile));
    assert_eq!(rig.state(), Some(State::Cloning));
    assert!(rig.told.contains(&Tell::LateReport {
        deploy: IT,
        token: Token(1)
    }));
}

#[test]
fn k1_a_newer_commit_of_the_branch_takes_its_place() {
    let mut rig = Rig::requested();
    rig.command(Order::Request { deploy: NEXT });
    assert_eq!(rig.row().cause, Some(Cause::Superseded));
}

// What comes late, what got too old, and a crash.

#[test]
fn k1_an_older_commit_is_not_begun_once_a_newer_one_of_its_branch_was_asked_for() {
    let mut rig = Rig::new();
    rig.command(Order::Request { deploy: NEXT });
    rig.command(Order::Request { deploy: IT });
    assert_eq!(rig.state(), None);
    let command = Order::Request { deploy: IT };
    let done = false;
    assert!(rig.told.contains(&Tell::Ordered { command, done }));
}

#[test]
fn k1_a_build_that_comes_after_its_lease_was_lost_is_not_attached() {
    let mut rig = Rig::requested();
    rig.wait(rig.solo.knobs.time(&knob::PIPELINE_LEASE));
    rig.beat(ONE, Token(1), Progress::Built(product()));
    assert_eq!(rig.state(), Some(State::Cloning));
    assert!(rig.told.contains(&Tell::LateReport {
        deploy: IT,
        token: Token(1)
    }));
}

#[test]
fn k1_evidence_that_got_too_old_while_the_preview_started_is_collected_again() {
    let mut rig = Rig::built(product());
    rig.seen(Look::Bindings, true);
    let ttl = rig.solo.knobs.time(&knob::PIPELINE_EVIDENCE_TTL);
    rig.wait(Duration(ttl.0 + 1_000_000));
    rig.seen(Look::Preview(ARTIFACT), true);
    assert_eq!(rig.state(), Some(State::Validating));
    rig.seen(Look::Bindings, true);
    assert_eq!(rig.state(), Some(State::PreviewReady));
}

#[test]
fn k1_a_crash_after_the_commit_tells_it_late_and_once_in_order() {
    let mut rig = Rig::requested();
    let waiting = rig.solo.machine.outbox().waiting();
    assert!(waiting > 0);
    rig.restart();
    assert_eq!(rig.solo.machine.outbox().waiting(), waiting);
    let told = rig.told.iter().filter_map(|tell| match tell {
        Tell::Published { event } => Some(event.version),
        _ => None,
    });
    // Whatever was not marked is told again, the first commit first.
    assert_eq!(told.collect::<Vec<_>>(), [2, 2]);
}
