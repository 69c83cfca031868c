//! CO-LO-EN deployment, row by row of its table: what LO makes of wishes, reports and silence.

use crate::bench::{ByHand, Solo};
use machine::Verdict;
use machine::{Duration, Input, Machine, NodeId};
use platform::gate;
use platform::gitops::{
    Cause, Command as Do, Deployment, Item, Local, Message as Say, Note as Tell, Observed, Order,
    Report, Revision, Site, State, Wish, Work,
};
use platform::message::{Command, Message};
use platform::note::Note;

const LOCAL: NodeId = NodeId(1);
const CENTRAL: NodeId = NodeId(2);
const NODE: NodeId = NodeId(3);
const OPERATOR: NodeId = NodeId(9);
const ITEM: Item = Item(0);

const fn version(number: u8) -> Revision {
    Revision { number, schema: 1 }
}

/// An LO with one deployment on one EN, by hand.
struct Rig {
    solo: Solo<Local>,
    /// Everything since it was last looked at.
    sent: Vec<Say>,
    told: Vec<Tell>,
    refused: Vec<u16>,
    nth: u32,
    report: u64,
    generation: u32,
    /// Whether EN says that it is there while time goes by.
    beats: bool,
}

impl ByHand for Rig {
    type Of = Local;

    fn solo(&mut self) -> &mut Solo<Local> {
        &mut self.solo
    }

    fn look(&mut self) {
        let said = self
            .solo
            .out
            .sends
            .iter()
            .filter_map(|send| match send.message {
                Message::GitOps(say) => Some(say),
                _ => None,
            });
        self.sent.extend(said);
        let told = self.solo.out.notes.iter().filter_map(|note| match note {
            Note::GitOps(note) => Some(*note),
            _ => None,
        });
        self.told.extend(told);
        let refused = self.solo.out.ruled.iter();
        let refused = refused.filter(|ruling| ruling.verdict == Verdict::Refused);
        self.refused.extend(refused.map(|ruling| ruling.gate));
    }
}

impl Rig {
    fn new() -> Self {
        Self::with_policy(true)
    }

    fn with_policy(rollback: bool) -> Self {
        let site = Site {
            node: NODE,
            rollback,
        };
        let mut rig = Self {
            solo: Solo::new(
                Local::new(CENTRAL, [(ITEM, site)].into_iter().collect()),
                LOCAL,
            ),
            sent: Vec::new(),
            told: Vec::new(),
            refused: Vec::new(),
            nth: 0,
            report: 0,
            generation: 0,
            beats: true,
        };
        rig.restart();
        rig.beat();
        rig
    }

    fn say(&mut self, from: NodeId, say: Say) {
        let message = Message::GitOps(say);
        self.input(Input::Message { from, message });
        self.sync();
    }

    fn beat(&mut self) {
        self.nth += 1;
        let nth = self.nth;
        self.say(NODE, Say::Beat { nth });
    }

    fn wait(&mut self, duration: Duration) {
        let until = self.solo.now.after(duration);
        loop {
            let beat = self.solo.now.after(Duration::secs(1)).min(until);
            while let Some(due) = self.solo.machine.deadline().filter(|due| *due <= beat) {
                self.solo.now = self.solo.now.max(due);
                self.input(Input::Deadline);
                self.sync();
            }
            self.solo.now = beat;
            if self.beats {
                self.beat();
            }
            if beat == until {
                return;
            }
        }
    }

    fn secs(&mut self, secs: u64) {
        self.wait(Duration::secs(secs));
    }

    fn want_in(&mut self, incarnation: u16, revision: Revision) {
        self.generation += 1;
        let wish = Wish {
            incarnation,
            generation: self.generation,
            revision,
        };
        let item = ITEM;
        self.say(CENTRAL, Say::Wish { item, wish, nth: 1 });
    }

    fn want(&mut self, number: u8) {
        self.want_in(1, version(number));
    }

    fn unwant(&mut self) {
        self.want_in(1, Revision::NONE);
    }

    fn report_under(&mut self, incarnation: u16, token: u32, observed: Observed) {
        self.report += 1;
        let report = Report {
            id: self.report,
            incarnation,
            token,
            observed,
        };
        let item = ITEM;
        self.say(
            NODE,
            Say::Report {
                item,
                report,
                nth: 1,
            },
        );
    }

    fn report(&mut self, observed: Observed) {
        let row = self.row();
        self.report_under(row.incarnation, row.token, observed);
    }

    fn runs(&mut self, number: u8) {
        let (revision, healthy) = (version(number), true);
        self.report(Observed::Running { revision, healthy });
    }

    fn fails(&mut self, cause: Cause) {
        self.report(Observed::Failed { cause, schema: 1 });
    }

    fn order(&mut self, command: Do) -> bool {
        self.input(Input::Message {
            from: OPERATOR,
            message: Message::Command(Command::GitOps(command)),
        });
        self.sync();
        self.told.contains(&Tell::Ordered {
            command,
            done: true,
        })
    }

    fn row(&self) -> Deployment {
        *self.solo.machine.newest(ITEM).unwrap()
    }

    fn state(&self) -> State {
        self.row().state
    }

    fn ordered(&self) -> Vec<Order> {
        let orders = self.sent.iter().filter_map(|say| match say {
            Say::Order { order, .. } => Some(*order),
            _ => None,
        });
        orders.collect()
    }

    fn refuses(&self, gate: &machine::Gate) -> bool {
        self.refused.contains(&gate.index)
    }

    fn installed() -> Self {
        Self::installed_with(true)
    }

    fn installed_with(rollback: bool) -> Self {
        let mut rig = Self::with_policy(rollback);
        rig.want(1);
        rig.report(Observed::Accepted);
        rig.runs(1);
        assert_eq!(rig.state(), State::Installed);
        rig.sent.clear();
        rig.refused.clear();
        rig
    }

    fn updating() -> Self {
        let mut rig = Self::installed();
        rig.want(2);
        assert_eq!(rig.state(), State::Updating);
        rig
    }

    fn rolling_back() -> Self {
        let mut rig = Self::updating();
        rig.fails(Cause::HealthCheckFailed);
        assert_eq!(rig.state(), State::RollingBack);
        rig
    }
}

// CO-LO-EN: the resolved transition table, and with it the holes H1–H13 and H16. H14 and H15 are in gitops_sides.rs.

#[test]
fn pending_to_installing_when_the_dispatch_is_accepted() {
    let mut rig = Rig::new();
    rig.want(1);
    assert_eq!(rig.state(), State::Pending);
    assert_eq!(rig.ordered()[0].work, Work::Install);
    rig.report(Observed::Accepted);
    assert_eq!(rig.state(), State::Installing);
}

#[test]
fn pending_is_not_dispatched_while_its_node_is_not_heard_of() {
    let mut rig = Rig::new();
    rig.beats = false;
    rig.secs(10);
    rig.want(1);
    assert!(rig.refuses(&gate::EN_REACHABLE) && !rig.row().dispatched);
    rig.beats = true;
    rig.secs(10);
    assert!(rig.row().dispatched);
}

#[test]
fn pending_to_installing_needs_the_current_generation() {
    let mut rig = Rig::new();
    rig.want(1);
    let token = rig.row().token;
    rig.beats = false;
    rig.secs(10);
    rig.want(2);
    assert_eq!(rig.row().token, token);
    rig.report(Observed::Accepted);
    assert_eq!(rig.state(), State::Pending);
    assert!(rig.refuses(&gate::DESIRED_GENERATION));
    rig.beats = true;
    rig.secs(10);
    assert_eq!(rig.ordered().last().unwrap().revision, version(2));
}

#[test]
fn nothing_leaves_before_it_is_durable() {
    let mut rig = Rig::new();
    let (item, nth) = (ITEM, 1);
    let wish = Wish {
        incarnation: 1,
        generation: 1,
        revision: version(1),
    };
    let message = Message::GitOps(Say::Wish { item, wish, nth });
    rig.sent.clear();
    rig.input(Input::Message {
        from: CENTRAL,
        message,
    });
    assert!(rig.sent.is_empty(), "{:?}", rig.sent);
    rig.sync();
    assert!(!rig.ordered().is_empty());
    let taken = |say: &Say| matches!(say, Say::WishTaken { generation: 1, .. });
    assert!(rig.sent.iter().any(taken));
}

#[test]
fn installing_to_installed_when_health_passed() {
    let mut rig = Rig::new();
    rig.want(1);
    rig.report(Observed::Accepted);
    rig.runs(1);
    let row = rig.row();
    assert_eq!((row.state, row.last_good), (State::Installed, version(1)));
}

#[test]
fn installing_to_failed_on_an_error() {
    for cause in [
        Cause::ImagePullFailed,
        Cause::ContainerCreationFailed,
        Cause::HealthCheckFailed,
    ] {
        let mut rig = Rig::new();
        rig.want(1);
        rig.report(Observed::Accepted);
        rig.fails(cause);
        assert_eq!((rig.state(), rig.row().cause), (State::Failed, cause));
    }
}

#[test]
fn installing_to_failed_at_the_progress_deadline() {
    let mut rig = Rig::new();
    rig.want(1);
    rig.report(Observed::Accepted);
    rig.secs(290);
    assert_eq!((rig.state(), rig.row().token), (State::Installing, 1));
    while rig.state() == State::Installing && rig.row().token == 1 {
        rig.secs(1);
    }
    assert_eq!(
        (rig.state(), rig.row().cause),
        (State::Failed, Cause::NoProgress)
    );
}

#[test]
fn h1_failed_to_installing_after_its_back_off() {
    let mut rig = Rig::new();
    rig.want(1);
    rig.fails(Cause::ImagePullFailed);
    rig.secs(3);
    assert_eq!(rig.state(), State::Failed);
    rig.secs(4);
    assert_eq!(rig.state(), State::Installing);
    assert_eq!((rig.row().attempts, rig.row().token), (2, 2));
}

#[test]
fn back_off_doubles_up_to_its_most_and_is_spread_by_a_fifth() {
    let mut rig = Rig::new();
    rig.want(1);
    for wanted in [5, 10, 20, 40] {
        rig.fails(Cause::ImagePullFailed);
        let wait = rig.row().retry_at.since(rig.solo.now).0;
        let wanted = wanted * 1_000_000;
        assert!((wanted * 4 / 5..=wanted * 6 / 5).contains(&wait), "{wait}");
        rig.wait(Duration(wait + 1));
        assert_eq!(rig.state(), State::Installing);
    }
}

#[test]
fn retries_stop_after_five_attempts() {
    let mut rig = Rig::new();
    rig.want(1);
    for _ in 0..4 {
        rig.fails(Cause::ImagePullFailed);
        rig.secs(200);
    }
    assert_eq!(rig.row().attempts, 5);
    rig.fails(Cause::ImagePullFailed);
    rig.secs(600);
    assert_eq!(rig.state(), State::Failed);
    assert!(rig.row().needs_operator && rig.refuses(&gate::RETRY_BUDGET_LEFT));
}

#[test]
fn h2_failed_to_updating_after_its_back_off_if_something_has_run() {
    let mut rig = Rig::updating();
    rig.fails(Cause::ImagePullFailed);
    rig.secs(7);
    assert_eq!(rig.state(), State::Updating);
}

#[test]
fn installed_to_updating_when_the_generation_changes_and_the_version_is_not_in_quarantine() {
    let mut rig = Rig::installed();
    rig.want(2);
    assert_eq!((rig.state(), rig.row().goal), (State::Updating, version(2)));
    assert_eq!(
        rig.ordered().last().map(|order| order.revision),
        Some(version(2))
    );
    let mut rig = Rig::rolling_back();
    rig.runs(1);
    rig.secs(600);
    assert_eq!(rig.state(), State::Installed);
    assert!(rig.refuses(&gate::NOT_QUARANTINED));
}

#[test]
fn updating_to_installed_on_success_and_to_failed_on_an_error_under_the_current_token() {
    let mut rig = Rig::updating();
    let (old, row) = (rig.row().token - 1, rig.row());
    let (revision, healthy) = (version(2), true);
    rig.report_under(1, old, Observed::Running { revision, healthy });
    assert_eq!(rig.row(), row);
    assert!(rig.refuses(&gate::ATTEMPT_TOKEN_CURRENT));
    rig.runs(2);
    assert_eq!(
        (rig.state(), rig.row().last_good),
        (State::Installed, version(2))
    );
    let mut rig = Rig::updating();
    rig.fails(Cause::ImagePullFailed);
    assert_eq!(
        (rig.state(), rig.row().cause, rig.row().last_good),
        (State::Failed, Cause::ImagePullFailed, version(1))
    );
}

#[test]
fn failed_to_updating_when_something_new_is_wanted_and_something_has_run() {
    let mut rig = Rig::updating();
    rig.fails(Cause::ImagePullFailed);
    rig.want(3);
    assert_eq!(
        (rig.state(), rig.row().goal, rig.row().attempts),
        (State::Updating, version(3), 1)
    );
}

#[test]
fn failed_to_rolling_back_when_the_policy_says_so() {
    let mut rig = Rig::updating();
    rig.sent.clear();
    rig.fails(Cause::HealthCheckFailed);
    assert_eq!(
        (rig.state(), rig.row().goal),
        (State::RollingBack, version(1))
    );
    assert_eq!(
        rig.ordered().last().map(|order| order.revision),
        Some(version(1))
    );
}

#[test]
fn h3_rolling_back_to_failed_waits_for_an_operator() {
    let mut rig = Rig::rolling_back();
    rig.fails(Cause::ContainerCreationFailed);
    rig.secs(600);
    assert_eq!(rig.state(), State::Failed);
    assert!(rig.row().needs_operator);
}

#[test]
fn h4_any_live_state_to_deleting_and_repeats_change_nothing() {
    let pending = || {
        let mut rig = Rig::new();
        rig.want(1);
        rig
    };
    let installing = || {
        let mut rig = pending();
        rig.report(Observed::Accepted);
        rig
    };
    let failed = || {
        let mut rig = installing();
        rig.fails(Cause::ImagePullFailed);
        rig
    };
    let all: [&dyn Fn() -> Rig; 6] = [
        &pending,
        &installing,
        &Rig::installed,
        &Rig::updating,
        &failed,
        &Rig::rolling_back,
    ];
    for start in all {
        let mut rig = start();
        let token = rig.row().token;
        rig.sent.clear();
        rig.unwant();
        assert_eq!((rig.state(), rig.row().token), (State::Deleting, token + 1));
        assert_eq!(rig.ordered()[0].work, Work::Remove);
        rig.unwant();
        assert_eq!((rig.state(), rig.row().token), (State::Deleting, token + 1));
    }
}

#[test]
fn h5_pending_to_deleted_only_if_nothing_was_ever_sent() {
    let mut rig = Rig::new();
    rig.beats = false;
    rig.secs(10);
    rig.want(1);
    rig.unwant();
    assert_eq!(rig.state(), State::Deleted);
    let mut rig = Rig::new();
    rig.want(1);
    rig.unwant();
    assert_eq!(rig.state(), State::Deleting);
    assert!(rig.refuses(&gate::NEVER_DISPATCHED));
}

#[test]
fn h6_deleting_is_asked_for_again_and_stuck_but_never_failed() {
    let mut rig = Rig::installed();
    rig.unwant();
    rig.secs(1000);
    assert_eq!(rig.state(), State::Deleting);
    assert!(rig.row().delete_stuck && rig.told.contains(&Tell::DeleteStuck { item: ITEM }));
    assert!(rig.ordered().len() > 4);
    rig.fails(Cause::ContainerCreationFailed);
    assert_eq!(rig.state(), State::Deleting);
    rig.report(Observed::Absent { exit_code: 137 });
    assert_eq!(rig.state(), State::Deleted);
    rig.secs(600);
    assert_eq!(rig.state(), State::Deleted);
}

#[test]
fn h7_a_silent_node_freezes_the_state_until_the_progress_deadline() {
    let mut rig = Rig::updating();
    let token = rig.row().token;
    rig.beats = false;
    rig.secs(100);
    assert_eq!(rig.state(), State::Updating);
    assert!(rig.solo.machine.silent_since(NODE).is_some());
    rig.secs(250);
    let row = rig.row();
    assert_eq!(
        (row.state, row.cause, row.token),
        (State::Failed, Cause::NodeOffline, token + 1)
    );
    rig.secs(600);
    assert_eq!(rig.state(), State::Failed, "nothing begins out of reach");
}

#[test]
fn h8_a_new_commit_waits_for_the_attempt_and_then_goes_on_with_a_full_budget() {
    let mut rig = Rig::updating();
    rig.want(3);
    assert_eq!((rig.state(), rig.row().goal), (State::Updating, version(2)));
    rig.runs(2);
    assert_eq!((rig.state(), rig.row().goal), (State::Updating, version(3)));

    let mut rig = Rig::new();
    rig.want(1);
    rig.fails(Cause::ContainerCreationFailed);
    assert!(rig.row().needs_operator);
    rig.want(2);
    assert_eq!((rig.state(), rig.row().attempts), (State::Installing, 1));
}

#[test]
fn h9_a_first_install_is_not_rolled_back() {
    let mut rig = Rig::new();
    rig.want(1);
    rig.fails(Cause::HealthCheckFailed);
    assert_eq!(rig.state(), State::Failed);
    assert!(rig.refuses(&gate::LAST_GOOD_EXISTS) && rig.row().needs_operator);
}

#[test]
fn h10_after_a_rollback_the_version_is_in_quarantine_until_something_else_is_wanted() {
    let mut rig = Rig::rolling_back();
    rig.runs(1);
    assert_eq!(
        (rig.state(), rig.row().quarantined),
        (State::Installed, version(2))
    );
    assert!(rig.refuses(&gate::NOT_QUARANTINED));
    rig.secs(600);
    assert_eq!(rig.state(), State::Installed);
    rig.want(3);
    assert_eq!((rig.state(), rig.row().goal), (State::Updating, version(3)));
}

#[test]
fn h11_installed_and_not_well_stays_installed() {
    let mut rig = Rig::installed();
    let revision = version(1);
    rig.report(Observed::Running {
        revision,
        healthy: false,
    });
    assert!(rig.state() == State::Installed && rig.row().degraded);
    rig.runs(1);
    assert!(rig.state() == State::Installed && !rig.row().degraded);
}

#[test]
fn h12_a_deployment_that_is_added_again_is_another_one() {
    let mut rig = Rig::installed();
    rig.want_in(2, version(2));
    assert_eq!(rig.state(), State::Deleting, "the old life ends first");
    rig.report(Observed::Absent { exit_code: 0 });
    rig.want_in(2, version(2));
    assert_eq!((rig.row().incarnation, rig.state()), (2, State::Pending));
    let (revision, healthy) = (version(1), true);
    rig.report_under(1, 1, Observed::Running { revision, healthy });
    assert_eq!(rig.state(), State::Pending);
    assert!(rig.refuses(&gate::INCARNATION_MATCHES));
}

#[test]
fn h13_absence_counts_whatever_the_exit_code() {
    for exit_code in [0, 137, 143] {
        let mut rig = Rig::installed();
        rig.unwant();
        rig.report(Observed::Accepted);
        assert_eq!(rig.state(), State::Deleting);
        assert!(rig.refuses(&gate::ABSENCE_PROVEN));
        rig.report(Observed::Absent { exit_code });
        assert_eq!(
            (rig.state(), rig.row().exit_code),
            (State::Deleted, exit_code)
        );
    }
}

#[test]
fn deleting_to_deleted_needs_absence_of_the_same_life() {
    let mut rig = Rig::installed();
    rig.unwant();
    let token = rig.row().token;
    rig.report_under(2, token, Observed::Absent { exit_code: 0 });
    assert_eq!(rig.state(), State::Deleting);
    assert!(rig.refuses(&gate::INCARNATION_MATCHES));
    rig.report(Observed::Absent { exit_code: 0 });
    assert_eq!(rig.state(), State::Deleted);
}

#[test]
fn h16_retry_comes_before_rollback_and_rollback_before_giving_up() {
    let mut rig = Rig::updating();
    rig.fails(Cause::ImagePullFailed);
    assert_eq!(rig.state(), State::Failed, "it is tried again first");
    for _ in 0..4 {
        rig.secs(200);
        rig.fails(Cause::ImagePullFailed);
    }
    rig.secs(200);
    assert_eq!(rig.state(), State::RollingBack);
    let mut rig = Rig::installed_with(false);
    rig.want(2);
    rig.fails(Cause::HealthCheckFailed);
    assert!(rig.state() == State::Failed && rig.row().needs_operator);
    assert!(rig.refuses(&gate::ROLLBACK_POLICY_ON));
}

#[test]
fn failed_to_rolling_back_needs_a_version_that_reads_the_data() {
    let mut rig = Rig::installed();
    let newer = Revision {
        number: 2,
        schema: 2,
    };
    rig.want_in(1, newer);
    rig.report(Observed::Failed {
        cause: Cause::HealthCheckFailed,
        schema: 2,
    });
    assert!(rig.state() == State::Failed && rig.row().needs_operator);
    assert!(rig.refuses(&gate::LAST_GOOD_READS_DATA));
}

#[test]
fn a_late_report_of_an_older_attempt_is_recorded_only() {
    let mut rig = Rig::new();
    rig.want(1);
    rig.fails(Cause::ImagePullFailed);
    rig.secs(7);
    assert_eq!((rig.state(), rig.row().token), (State::Installing, 2));
    let row = rig.row();
    rig.report_under(
        1,
        1,
        Observed::Failed {
            cause: Cause::HealthCheckFailed,
            schema: 1,
        },
    );
    assert_eq!(rig.row(), row);
    assert!(rig.refuses(&gate::ATTEMPT_TOKEN_CURRENT));
}

#[test]
fn a_report_from_the_future_is_not_believed_and_not_confirmed() {
    let mut rig = Rig::installed();
    let row = rig.row();
    let (revision, healthy) = (version(7), true);
    rig.report_under(1, 9, Observed::Running { revision, healthy });
    assert_eq!(rig.row(), row);
    let confirmed = |say: &Say| matches!(say, Say::ReportAck { .. });
    assert!(!rig.sent.iter().any(confirmed));
}

/// A node that was given up, and the token under which it had been ordered.
fn given_up() -> (Rig, u32) {
    let mut rig = Rig::updating();
    rig.report(Observed::Accepted);
    let token = rig.row().token;
    rig.beats = false;
    rig.secs(350);
    assert_eq!(rig.row().cause, Cause::NodeOffline);
    (rig, token)
}

#[test]
fn failed_to_installed_when_the_node_proves_late_that_it_had_succeeded() {
    let (mut rig, token) = given_up();
    let (revision, healthy) = (version(2), true);
    rig.report_under(1, token, Observed::Running { revision, healthy });
    assert_eq!(
        (rig.state(), rig.row().last_good),
        (State::Installed, version(2))
    );
}

#[test]
fn a_late_success_counts_for_nothing_once_something_else_is_wanted() {
    let (mut rig, token) = given_up();
    rig.want(3);
    let (revision, healthy) = (version(2), true);
    rig.report_under(1, token, Observed::Running { revision, healthy });
    assert_eq!(rig.state(), State::Failed);
    assert!(rig.refuses(&gate::RECONCILE_EVIDENCE));
    rig.beats = true;
    rig.secs(10);
    assert_eq!((rig.state(), rig.row().goal), (State::Updating, version(3)));
}

#[test]
fn an_old_wish_that_comes_late_changes_nothing() {
    let mut rig = Rig::updating();
    let row = rig.row();
    let wish = Wish {
        incarnation: 1,
        generation: 1,
        revision: version(1),
    };
    let item = ITEM;
    rig.say(CENTRAL, Say::Wish { item, wish, nth: 9 });
    assert_eq!(rig.row(), row);
    assert!(rig.refuses(&gate::DESIRED_GENERATION));
}

#[test]
fn operators_can_retry_but_not_write_down_what_nobody_saw() {
    let mut rig = Rig::new();
    rig.want(1);
    rig.fails(Cause::ContainerCreationFailed);
    assert!(!rig.order(Do::MarkInstalled(ITEM)));
    assert!(!rig.order(Do::ForceDelete(ITEM)));
    assert_eq!(rig.state(), State::Failed);
    assert!(rig.order(Do::RetryNow(ITEM)));
    assert_eq!((rig.state(), rig.row().attempts), (State::Installing, 1));
}

#[test]
fn an_lo_that_comes_back_goes_on_from_its_disk() {
    let mut rig = Rig::updating();
    let row = rig.row();
    rig.restart();
    assert_eq!(rig.row(), row);
    rig.sent.clear();
    rig.secs(10);
    assert_eq!(rig.ordered()[0].token, row.token, "the same attempt");
    rig.runs(2);
    assert_eq!(rig.state(), State::Installed);
}
