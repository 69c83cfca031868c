//! CO-LO-EN deployment: what CO holds back, and what EN obeys, checks and removes.

use crate::bench::{ByHand, Solo};
use machine::ProcessId;
use machine::{HostCall, HostEvent, Input, Machine, NodeId, Time};
use platform::gitops::{
    Cause, Central, CentralRecord, Command as Do, Desired, EdgeInstallation, EdgeNode, EdgeRecord,
    Item, MOST, Message as Say, Observed, Order, Placement, Revision, Stage, Work, image,
};
use platform::message::{Command, Message};
use platform::note::Note;

const PEER: NodeId = NodeId(3);

/// One node by hand, with a disk that is always up to date.
struct Rig<M: Machine<Message = Message, Note = Note>> {
    solo: Solo<M>,
    sent: Vec<Say>,
    host: Vec<HostCall>,
}

impl<M: Machine<Message = Message, Note = Note>> ByHand for Rig<M> {
    type Of = M;

    fn solo(&mut self) -> &mut Solo<M> {
        &mut self.solo
    }

    /// Looks at what has left the node; its disk is quick.
    fn look(&mut self) {
        self.host.append(&mut self.solo.out.host);
        let sends = self.solo.out.sends.iter();
        let said = sends.filter_map(|send| match send.message {
            Message::GitOps(say) => Some(say),
            _ => None,
        });
        self.sent.extend(said);
        while let Some(ticket) = self.solo.next_write() {
            self.input(Input::Persisted(ticket));
        }
    }
}

impl<M: Machine<Message = Message, Note = Note>> Rig<M> {
    fn new(node: M) -> Self {
        let mut rig = Self {
            solo: Solo::new(node, NodeId(1)),
            sent: Vec::new(),
            host: Vec::new(),
        };
        rig.restart();
        rig
    }

    fn say(&mut self, say: Say) {
        let message = Message::GitOps(say);
        self.input(Input::Message {
            from: PEER,
            message,
        });
    }

    fn wait(&mut self, secs: u64) {
        let until = Time(self.solo.now.0 + secs * 1_000_000);
        while let Some(due) = self.solo.machine.deadline().filter(|due| *due <= until) {
            self.solo.now = self.solo.now.max(due);
            self.input(Input::Deadline);
        }
        self.solo.now = until;
    }
}

const fn version(number: u8) -> Revision {
    Revision { number, schema: 1 }
}

// CO.

fn wanted(count: usize) -> Desired {
    let mut wanted = [Revision::NONE; MOST];
    wanted[..count].fill(version(1));
    wanted
}

fn central(count: usize) -> Rig<Central> {
    let placements = vec![Placement { local: PEER }; count];
    let mut rig = Rig::new(Central::new(PEER, placements));
    head(&mut rig, 1, wanted(count));
    rig
}

fn head(rig: &mut Rig<Central>, commit: u32, wanted: Desired) {
    let nth = commit;
    rig.say(Say::Head {
        commit,
        wanted,
        nth,
    });
}

fn left(rig: &Rig<Central>) -> usize {
    let rows = rig.solo.machine.rows().iter();
    rows.filter(|(_, row)| row.value.revision.is_some()).count()
}

// CO-LO-EN, holes: H15 at the central orchestrator, and H12 as it sees it.

#[test]
fn h15_a_removal_of_few_goes_on_and_one_of_many_is_held() {
    for (before, after, goes_on) in [
        (8, 5, true),
        (8, 4, false),
        (8, 0, false),
        (1, 0, false),
        (3, 0, false),
        (12, 9, true),
        (12, 8, false),
    ] {
        let mut rig = central(before);
        head(&mut rig, 2, wanted(after));
        assert_eq!(left(&rig) == after, goes_on, "{before} to {after}");
        assert_eq!(rig.solo.machine.hold().held, !goes_on);
    }
}

#[test]
fn h15_what_is_held_goes_on_when_it_is_approved_and_not_for_another_commit() {
    let approve = |rig: &mut Rig<Central>| {
        let message = Message::Command(Command::GitOps(Do::ApprovePrune));
        rig.input(Input::Message {
            from: PEER,
            message,
        });
    };
    let mut rig = central(8);
    head(&mut rig, 2, wanted(0));
    approve(&mut rig);
    rig.restart();
    head(&mut rig, 2, wanted(0));
    assert_eq!((left(&rig), rig.solo.machine.hold().held), (0, false));

    let mut rig = central(8);
    head(&mut rig, 2, wanted(1));
    approve(&mut rig);
    head(&mut rig, 3, wanted(0));
    assert_eq!((left(&rig), rig.solo.machine.hold().held), (8, true));
}

#[test]
fn h15_a_revert_ends_the_hold_and_removes_nothing() {
    let mut rig = central(8);
    head(&mut rig, 2, wanted(0));
    head(&mut rig, 3, wanted(8));
    assert_eq!((left(&rig), rig.solo.machine.hold().held), (8, false));
}

#[test]
fn h12_what_is_added_again_gets_a_new_life() {
    let mut rig = central(4);
    head(&mut rig, 2, wanted(3));
    head(&mut rig, 3, wanted(4));
    let row = rig.solo.machine.rows().get(3).unwrap().value;
    assert_eq!((row.incarnation, row.generation), (2, 3));
}

#[test]
fn a_wish_is_said_until_it_is_confirmed_also_after_a_crash() {
    let mut rig = central(1);
    let wishes = |rig: &Rig<Central>| {
        rig.sent
            .iter()
            .filter(|say| matches!(say, Say::Wish { .. }))
            .count()
    };
    assert_eq!(wishes(&rig), 1);
    rig.wait(5);
    assert_eq!(wishes(&rig), 3);
    rig.restart();
    assert_eq!(wishes(&rig), 4);
    let (item, generation, nth) = (Item(0), 1, 1);
    rig.say(Say::WishTaken {
        item,
        generation,
        nth,
    });
    rig.wait(20);
    assert_eq!(wishes(&rig), 4);
    assert!(matches!(rig.solo.durable[0], CentralRecord::Wanted(..)));
}

// EN.

fn edge_node() -> Rig<EdgeNode> {
    Rig::new(EdgeNode::new(EdgeInstallation {
        local: PEER,
        registry: PEER,
        components: vec![0, 0, 1],
        limit: 1,
    }))
}

fn order(rig: &mut Rig<EdgeNode>, item: u8, token: u32, work: Work, revision: Revision) {
    let order = Order {
        incarnation: 1,
        token,
        work,
        revision,
    };
    let item = Item(item);
    rig.say(Say::Order {
        item,
        order,
        nth: token,
    });
}

fn pulled(rig: &mut Rig<EdgeNode>, item: u8, component: u8, revision: Revision, found: bool) {
    let (item, nth) = (Item(item), 1);
    let image = image(component, revision);
    rig.say(Say::Pulled {
        item,
        image,
        found,
        nth,
    });
}

fn launched(rig: &Rig<EdgeNode>) -> ProcessId {
    let launches = rig.host.iter().rev().find_map(|call| match call {
        HostCall::Launch { process, .. } => Some(*process),
        _ => None,
    });
    launches.unwrap()
}

fn probed(rig: &mut Rig<EdgeNode>, ready: bool) {
    let (process, nth, reason) = (launched(rig), 1, 0);
    rig.input(Input::Host(HostEvent::Probed {
        process,
        nth,
        ready,
        reason,
    }));
}

/// Installs version 1 of a deployment of component 0.
fn install(rig: &mut Rig<EdgeNode>, item: u8) {
    order(rig, item, 1, Work::Install, version(1));
    if !rig.solo.machine.has_image(image(0, version(1))) {
        pulled(rig, item, 0, version(1), true);
    }
    let process = launched(rig);
    rig.input(Input::Host(HostEvent::Up { process }));
    probed(rig, true);
    probed(rig, true);
    assert_eq!(slot(rig, item).stage, Stage::Running);
}

fn slot(rig: &Rig<EdgeNode>, item: u8) -> platform::gitops::Slot {
    rig.solo.machine.slots()[&Item(item)]
}

fn reported(rig: &Rig<EdgeNode>) -> Observed {
    let reports = rig.sent.iter().rev().find_map(|say| match say {
        Say::Report { report, .. } => Some(report.observed),
        _ => None,
    });
    reports.unwrap()
}

#[test]
fn image_pull_failed() {
    let mut rig = edge_node();
    order(&mut rig, 0, 1, Work::Install, version(1));
    assert_eq!(reported(&rig), Observed::Accepted);
    pulled(&mut rig, 0, 0, version(1), false);
    let (cause, schema) = (Cause::ImagePullFailed, 0);
    assert_eq!(reported(&rig), Observed::Failed { cause, schema });

    let mut rig = edge_node();
    order(&mut rig, 0, 1, Work::Install, version(1));
    rig.wait(20);
    assert_eq!(slot(&rig, 0).stage, Stage::Failed(cause), "nobody answered");
}

#[test]
fn container_creation_failed() {
    let mut rig = edge_node();
    order(&mut rig, 0, 1, Work::Install, version(1));
    pulled(&mut rig, 0, 0, version(1), true);
    let (process, code, oom) = (launched(&rig), 137, true);
    rig.input(Input::Host(HostEvent::Exited { process, code, oom }));
    let (cause, schema) = (Cause::ContainerCreationFailed, 1);
    assert_eq!(reported(&rig), Observed::Failed { cause, schema });
}

#[test]
fn health_check_failed() {
    let mut rig = edge_node();
    order(&mut rig, 0, 1, Work::Install, version(1));
    pulled(&mut rig, 0, 0, version(1), true);
    let process = launched(&rig);
    rig.input(Input::Host(HostEvent::Up { process }));
    probed(&mut rig, true);
    assert_eq!(slot(&rig, 0).stage, Stage::Checking, "one is not enough");
    probed(&mut rig, false);
    rig.solo.now = Time(rig.solo.now.0 + 30_000_000);
    probed(&mut rig, false);
    let (cause, schema) = (Cause::HealthCheckFailed, 1);
    assert_eq!(reported(&rig), Observed::Failed { cause, schema });
    assert!(rig.host.contains(&HostCall::Kill { process }));
}

// CO-LO-EN, holes: H14 at the edge node.

#[test]
fn h14_an_image_goes_with_the_last_that_uses_it() {
    let mut rig = edge_node();
    install(&mut rig, 0);
    install(&mut rig, 1);
    for (item, still) in [(1, true), (0, false)] {
        order(&mut rig, item, 2, Work::Remove, Revision::NONE);
        let kill = rig.host.iter().rev().find_map(|call| match call {
            HostCall::Kill { process } => Some(*process),
            _ => None,
        });
        let (process, code, oom) = (kill.unwrap(), 137, false);
        rig.input(Input::Host(HostEvent::Exited { process, code, oom }));
        assert_eq!(reported(&rig), Observed::Absent { exit_code: 137 });
        assert_eq!(rig.solo.machine.has_image(image(0, version(1))), still);
    }
}

#[test]
fn an_old_order_does_not_bring_back_what_was_removed_also_after_a_crash() {
    let mut rig = edge_node();
    order(&mut rig, 0, 2, Work::Remove, Revision::NONE);
    assert_eq!(slot(&rig, 0).stage, Stage::Removed);
    order(&mut rig, 0, 1, Work::Install, version(1));
    assert_eq!(slot(&rig, 0).stage, Stage::Removed);
    rig.restart();
    order(&mut rig, 0, 1, Work::Install, version(1));
    assert_eq!(slot(&rig, 0).stage, Stage::Removed);
}

#[test]
fn after_a_crash_what_had_passed_runs_again_and_what_was_under_way_is_done_again() {
    let mut rig = edge_node();
    install(&mut rig, 0);
    order(&mut rig, 2, 1, Work::Install, version(1));
    pulled(&mut rig, 2, 1, version(1), true);
    rig.host.clear();
    rig.restart();
    assert_eq!(slot(&rig, 0).stage, Stage::Running);
    assert_eq!(slot(&rig, 2).stage, Stage::Creating);
    assert_eq!(rig.host.len(), 2);
    let known = |record: &EdgeRecord| matches!(record, EdgeRecord::Image(_, true));
    assert_eq!(
        rig.solo
            .durable
            .iter()
            .filter(|record| known(record))
            .count(),
        2
    );
}

#[test]
fn what_ends_by_itself_is_started_again_and_told() {
    let mut rig = edge_node();
    install(&mut rig, 0);
    let (process, code, oom) = (launched(&rig), 1, false);
    rig.input(Input::Host(HostEvent::Exited { process, code, oom }));
    let (revision, healthy) = (version(1), false);
    assert_eq!(reported(&rig), Observed::Running { revision, healthy });
    rig.wait(2);
    assert_ne!(launched(&rig), process);
    let process = launched(&rig);
    rig.input(Input::Host(HostEvent::Up { process }));
    probed(&mut rig, true);
    let healthy = true;
    assert_eq!(reported(&rig), Observed::Running { revision, healthy });
}
