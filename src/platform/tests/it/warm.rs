//! K.3's last row, at a control plane whose runners are played by hand: a new owner is hot if something of it is ready, else cold.

use crate::bench::ByHand;
use crate::promotions::{ROUTE, Rig};
use machine::{Duration, Input, NodeId};
use platform::allocation::State as Stage;
use platform::control::{Allocation, Wake};
use platform::id::{AllocationId, DeploymentId, Digest, Epoch, ReportId, Token};
use platform::knob;
use platform::message::{Command, Message, Observed};
use platform::note::Note;
use platform::promotion::{Command as Order, Hold, Note as Tell, Services, State};
use platform::wake;

const ONE: NodeId = NodeId(20);
const TWO: NodeId = NodeId(21);

/// What runners say of allocations, to a control plane that starts ahead.
struct Runners {
    rig: Rig,
    said: u64,
}

impl Runners {
    /// The first owner serves with one allocation.
    fn new() -> Self {
        let mut all = Self::asleep();
        all.rig.input(Input::Message {
            from: NodeId(2),
            message: Message::WakeAsk {
                route: ROUTE,
                region: platform::id::Region(0),
                epoch: Epoch(1),
                nth: 1,
            },
        });
        all.rig.sync();
        all.comes_up(0);
        assert_eq!(all.wake(1).state, wake::State::Hot);
        all
    }

    fn asleep() -> Self {
        let rig = Rig::warm(&[ONE, TWO]);
        Self { rig, said: 0 }
    }

    fn report(&mut self, id: u32, token: u32, observed: Observed) {
        self.said += 1;
        let report = ReportId(self.said);
        let from = self.row(id).host;
        let allocation = AllocationId(id);
        self.rig.input(Input::Message {
            from,
            message: Message::Report {
                report,
                allocation,
                token: Token(token),
                observed,
                nth: 1,
            },
        });
        self.rig.sync();
    }

    fn passes(&mut self, id: u32, token: u32) {
        for nth in 1..=2 {
            let at = self.rig.solo.now;
            let check = Observed::Readiness {
                nth,
                pass: true,
                reason: 0,
                at,
            };
            self.report(id, token, check);
        }
    }

    /// The runner takes an order, and everything goes well.
    fn comes_up(&mut self, id: u32) {
        let digest = Digest(100 + u64::from(self.row(id).deployment.0));
        let mounted = true;
        self.report(id, 1, Observed::Accepted);
        self.report(id, 1, Observed::Launched { digest, mounted });
        self.report(id, 1, Observed::Up);
        self.passes(id, 1);
    }

    /// Time passes; the runners are heard of.
    fn wait(&mut self, secs: u64) {
        for _ in 0..secs {
            self.said += 1;
            for from in [ONE, TWO] {
                let nth = self.said as u32;
                let beat = Message::Heartbeat { nth, used: 0 };
                self.rig.input(Input::Message {
                    from,
                    message: beat,
                });
            }
            self.rig.wait(1);
        }
    }

    fn row(&self, id: u32) -> Allocation {
        let rows = self.rig.solo.machine.allocations();
        rows.get(id).expect("there is no such allocation").value
    }

    fn count(&self) -> u32 {
        self.rig.solo.machine.allocations().len()
    }

    fn wake(&self, epoch: u32) -> Wake {
        let mut rows = self.rig.solo.machine.wakes().iter();
        let found = rows.find(|(_, row)| row.value.epoch == Epoch(epoch));
        found.expect("there is no such wake").1.value
    }

    /// A promotion of deployment 2 waits for the allocation that is started ahead of it.
    fn begun() -> Self {
        let mut all = Self::new();
        all.rig.promote(1, 1);
        all.wait(1);
        assert_eq!(
            (all.rig.row(0).state, all.rig.row(0).hold),
            (State::PolicyCheck, Hold::WarmingUp)
        );
        let ahead = all.row(1);
        assert_eq!(
            (ahead.epoch, ahead.deployment, ahead.serving),
            (Epoch(2), DeploymentId(1), false)
        );
        all
    }
}

#[test]
fn k3_a_new_owner_is_hot_at_once_when_it_has_what_serves() {
    let mut all = Runners::begun();
    all.comes_up(1);
    assert_eq!(all.row(1).state, Stage::Ready);
    assert!(!all.row(1).serving, "it serves nobody before its time");
    assert_eq!(all.rig.owner(), (DeploymentId(0), Epoch(1)));
    assert!(all.row(0).serving);
    all.wait(1);
    assert_eq!(all.rig.owner(), (DeploymentId(1), Epoch(2)));
    assert_eq!(all.wake(2).state, wake::State::Hot);
    assert!(all.row(1).serving);
    assert_eq!(all.wake(1).state, wake::State::Cold);
    let old = all.row(0);
    assert!(
        old.leaving && !old.serving,
        "the old owner's is on its way out"
    );
    assert!(all.rig.notes.contains(&Note::Promotion(Tell::HotAtOnce {
        route: ROUTE,
        epoch: Epoch(2),
        ready: 1,
    })));
    assert_eq!(all.count(), 2, "as many as served before, and no more");
}

#[test]
fn k3_promotion_of_a_sleeping_app_does_not_fake_hot() {
    let mut all = Runners::asleep();
    all.rig.promote(1, 1);
    all.wait(1);
    assert_eq!(all.rig.owner(), (DeploymentId(1), Epoch(2)));
    assert_eq!((all.wake(2).state, all.count()), (wake::State::Cold, 0));
}

#[test]
fn k3_a_new_owner_whose_allocation_does_not_come_up_in_time_is_cold() {
    let mut all = Runners::begun();
    let wait = (&knob::WARM_WAIT, 20_000_000);
    all.rig
        .solo
        .knobs
        .set(wait.0, wait.1)
        .expect("in its range");
    let digest = Digest(101);
    all.report(1, 1, Observed::Accepted);
    let mounted = true;
    all.report(1, 1, Observed::Launched { digest, mounted });
    all.report(1, 1, Observed::Up);
    all.wait(17);
    assert_eq!(all.rig.owner().1, Epoch(1));
    all.wait(4);
    assert_eq!(all.rig.owner(), (DeploymentId(1), Epoch(2)));
    assert_eq!(all.wake(2).state, wake::State::Cold);
    assert!(!all.row(1).serving && !all.row(1).state.is_terminal());
    // What is on its way is taken up by whoever asks first.
    all.rig.input(Input::Message {
        from: NodeId(2),
        message: Message::WakeAsk {
            route: ROUTE,
            region: platform::id::Region(0),
            epoch: Epoch(2),
            nth: 2,
        },
    });
    all.rig.sync();
    all.passes(1, 1);
    assert_eq!(all.wake(2).state, wake::State::Hot);
    assert_eq!(all.count(), 2);
}

#[test]
fn k3_readiness_under_an_old_token_does_not_make_a_new_owner_hot() {
    let mut all = Runners::begun();
    all.comes_up(1);
    // It ends by itself, and is restarted in place under a new token.
    all.report(
        1,
        1,
        Observed::Exited {
            code: 1,
            oom: false,
        },
    );
    assert_eq!(all.row(1).token, Token(2));
    all.passes(1, 1);
    all.wait(1);
    assert_eq!(
        all.rig.owner().1,
        Epoch(1),
        "a late pass counts for nothing"
    );
    all.report(1, 2, Observed::Up);
    all.passes(1, 2);
    all.wait(1);
    assert_eq!(all.wake(2).state, wake::State::Hot);
}

#[test]
fn k3_a_new_owner_whose_runner_is_not_heard_of_is_cold() {
    let mut all = Runners::begun();
    let knobs = &mut all.rig.solo.knobs;
    for (knob, secs) in [(&knob::SERVICES_TTL, 1), (&knob::WARM_WAIT, 5)] {
        knobs.set(knob, secs * 1_000_000).expect("in its range");
    }
    // Services that say nothing hold the promotion up while the runner of what was started falls silent.
    all.rig.services_are(None);
    all.comes_up(1);
    let owners = all.row(0).host;
    assert_ne!(all.row(1).host, owners);
    for nth in 100..120 {
        let beat = Message::Heartbeat { nth, used: 0 };
        all.rig.input(Input::Message {
            from: owners,
            message: beat,
        });
        all.rig.wait(1);
    }
    assert_eq!(all.rig.owner().1, Epoch(1));
    all.rig.services_are(Some(Services {
        ready: true,
        schema: 1,
    }));
    all.rig.wait(3);
    assert_eq!(all.rig.owner(), (DeploymentId(1), Epoch(2)));
    assert_eq!(all.wake(2).state, wake::State::Cold);
    assert!(!all.row(1).serving);
}

#[test]
fn k3_what_was_started_for_whoever_lost_is_stopped() {
    let mut all = Runners::begun();
    all.rig.promote(2, 1);
    all.rig.services_are(Some(Services {
        ready: true,
        schema: 2,
    }));
    all.comes_up(1);
    all.wait(2);
    assert_eq!(all.rig.owner().1, Epoch(2));
    let (winner, loser) = if all.rig.owner().0 == DeploymentId(1) {
        (1, 2)
    } else {
        (2, 1)
    };
    all.wait(12);
    for id in 0..all.count() {
        let row = all.row(id);
        if row.deployment == DeploymentId(loser) {
            assert!(row.leaving || row.state.is_terminal());
            assert!(!row.serving);
        }
        if row.serving {
            assert_eq!(
                (row.deployment, row.epoch),
                (DeploymentId(winner), Epoch(2))
            );
        }
    }
}

#[test]
fn k3_what_was_started_for_a_promotion_that_fails_is_stopped() {
    let mut all = Runners::begun();
    all.comes_up(1);
    all.rig.order(Order::Freeze { on: true });
    all.wait(1);
    assert_eq!(all.rig.row(0).state, State::Failed);
    assert!(all.row(1).leaving, "nobody will need it");
    assert!(all.row(0).serving, "the owner serves on");
}

#[test]
fn k3_a_crash_between_the_owner_and_its_wake_is_made_up_for() {
    let mut all = Runners::begun();
    all.comes_up(1);
    all.rig.solo.now = all.rig.solo.now.after(Duration::secs(1));
    all.rig.input(Input::Deadline);
    // The route is on disk, and nothing of what was committed after it.
    while all.rig.owner().1 == Epoch(1) {
        let ticket = all.rig.solo.next_write().expect("something is written");
        all.rig.input(Input::Persisted(ticket));
    }
    loop {
        let durable = all.rig.solo.durable.iter();
        let owner = durable.filter(|record| {
            matches!(record.image, platform::control::Image::Route(_, row) if row.value.epoch == Epoch(2))
        });
        if owner.count() > 0 {
            break;
        }
        let ticket = all.rig.solo.next_write().expect("the owner is written");
        all.rig.input(Input::Persisted(ticket));
    }
    all.rig.restart();
    assert_eq!(all.rig.owner(), (DeploymentId(1), Epoch(2)));
    assert_eq!(all.wake(2).state, wake::State::Hot);
    assert!(all.row(1).serving);
}

#[test]
fn k3_what_was_started_ahead_stays_over_a_crash_for_a_promotion_that_goes_on() {
    let mut all = Runners::begun();
    all.rig.restart();
    assert_eq!(all.row(1).state, Stage::Planned);
    all.comes_up(1);
    all.wait(2);
    assert_eq!(all.wake(2).state, wake::State::Hot);
    assert_eq!(all.count(), 2);
    let stop = Command::Promotion(Order::EditConfig);
    all.rig.input(Input::Message {
        from: NodeId(9),
        message: Message::Command(stop),
    });
    assert!(all.row(1).serving);
}
