//! The route event stream and an edge's cursor in it, rule by rule.

use crate::bench::Solo;
use machine::{Duration, Input, Machine, NodeId, Time};
use platform::control::Contract;
use platform::edge::{Edge, Installation, Phase, Streamed};
use platform::id::{DeploymentId, Epoch, OutboxId, Region, RouteId};
use platform::knob;
use platform::message::{Command, Message};
use platform::note::Note;
use platform::promotion::{
    Baseline, Command as Order, Gap, GapPolicy, Log, Message as Say, Note as Tell, Owner, Stored,
    StreamConfig, checksum, sign,
};

const WRITER: NodeId = NodeId(1);
const LOG: NodeId = NodeId(3);
const ARCHIVE: NodeId = NodeId(4);

fn owner(route: u16, epoch: u32) -> Owner {
    Owner {
        route: RouteId(route),
        epoch: Epoch(epoch),
        predecessor: Epoch(epoch - 1),
        deployment: DeploymentId(epoch as u16),
        version: epoch,
    }
}

/// A machine, stepped by hand.
struct Rig<M: Machine> {
    solo: Solo<M>,
}

impl<M: Machine<Message = Message, Note = Note>> Rig<M> {
    fn new(machine: M) -> Self {
        let solo = Solo::new(machine, NodeId(2));
        Self { solo }
    }

    fn input(&mut self, input: Input<Message>) {
        self.solo.input(input);
    }

    fn say(&mut self, from: NodeId, said: Say) -> Vec<Say> {
        self.input(Input::Message {
            from,
            message: Message::Promotion(said),
        });
        self.sent()
    }

    fn sent(&self) -> Vec<Say> {
        let said = |send: &machine::Send<Message>| match send.message {
            Message::Promotion(said) => Some(said),
            _ => None,
        };
        self.solo.out.sends.iter().filter_map(said).collect()
    }

    fn wait(&mut self, wait: Duration) {
        self.solo.now = self.solo.now.after(wait);
        if self
            .solo
            .machine
            .deadline()
            .is_some_and(|due| due <= self.solo.now)
        {
            self.input(Input::Deadline);
        }
    }

    fn told(&self) -> Vec<Tell> {
        let told = |note: &Note| match note {
            Note::Promotion(note) => Some(*note),
            _ => None,
        };
        self.solo.out.notes.iter().filter_map(told).collect()
    }
}

fn log(clustered: bool) -> Rig<Log> {
    Rig::new(Log::new(StreamConfig {
        clustered,
        synced: false,
    }))
}

impl Rig<Log> {
    fn publish(&mut self, owner: Owner, row: u32, expected: u64) -> Vec<Say> {
        let said = Say::Publish {
            owner,
            row: OutboxId(row),
            incarnation: 1,
            expected,
            nth: 1,
        };
        self.say(WRITER, said)
    }
}

fn acknowledged(said: &[Say]) -> Option<(u64, bool)> {
    said.iter().find_map(|said| match said {
        Say::Published { seq, repeated, .. } => Some((*seq, *repeated)),
        _ => None,
    })
}

fn refused(said: &[Say]) -> Option<u64> {
    said.iter().find_map(|said| match said {
        Say::WrongSequence { last, .. } => Some(*last),
        _ => None,
    })
}

#[test]
fn b_sequences_start_at_one_and_survive_a_restart() {
    let mut log = log(true);
    assert_eq!(
        acknowledged(&log.publish(owner(0, 1), 1, 0)),
        Some((1, false))
    );
    assert_eq!(
        acknowledged(&log.publish(owner(1, 1), 2, 0)),
        Some((2, false))
    );
    let stored = |seq, row, of| Stored::Event {
        seq,
        owner: owner(of, 1),
        row: OutboxId(row),
        incarnation: 1,
        at: Time(0),
    };
    let durable = [stored(1, 1, 0), stored(2, 2, 1)];
    log.solo.durable = durable.to_vec();
    log.solo.restart();
    assert_eq!(log.solo.machine.last(), 2);
    log.solo.durable.truncate(1);
    log.solo.restart();
    assert_eq!(
        log.solo.machine.last(),
        1,
        "what was not on disk is gone, and its number is free"
    );
}

#[test]
fn b_a_clustered_log_recognises_a_repeat_before_it_looks_at_the_sequence() {
    let mut log = log(true);
    log.publish(owner(0, 1), 1, 0);
    assert_eq!(
        acknowledged(&log.publish(owner(0, 1), 1, 0)),
        Some((1, true))
    );
}

#[test]
fn b_a_single_server_looks_at_the_sequence_first() {
    let mut log = log(false);
    log.publish(owner(0, 1), 1, 0);
    assert_eq!(
        refused(&log.publish(owner(0, 1), 1, 0)),
        Some(1),
        "the same repeat is 10071"
    );
    assert_eq!(
        acknowledged(&log.publish(owner(0, 1), 1, 1)),
        Some((1, true))
    );
}

#[test]
fn b_a_repeat_is_forgotten_after_the_dedup_window() {
    let mut log = log(true);
    log.publish(owner(0, 1), 1, 0);
    log.solo.now = log.solo.now.after(Duration::secs(121));
    assert_eq!(refused(&log.publish(owner(0, 1), 1, 0)), Some(1));
}

#[test]
fn b_another_expected_sequence_is_refused_with_the_actual_one() {
    let mut log = log(true);
    log.publish(owner(0, 1), 1, 0);
    assert_eq!(refused(&log.publish(owner(0, 2), 2, 0)), Some(1));
    assert_eq!(
        acknowledged(&log.publish(owner(0, 2), 2, 1)),
        Some((2, false))
    );
}

#[test]
fn b_a_start_below_the_first_is_clamped_without_a_word() {
    let mut log = log(true);
    log.solo
        .knobs
        .set(&knob::STREAM_RETENTION, 2)
        .expect("in range");
    for epoch in 1..=4 {
        log.publish(owner(0, epoch), epoch, u64::from(epoch) - 1);
    }
    assert_eq!((log.solo.machine.first(), log.solo.machine.last()), (3, 4));
    let said = log.say(NodeId(7), Say::Subscribe { from: 2, nth: 1 });
    let delivered: Vec<u64> = said
        .iter()
        .filter_map(|said| match said {
            Say::Deliver { seq, .. } => Some(*seq),
            _ => None,
        })
        .collect();
    assert_eq!(delivered, [3, 4]);
}

#[test]
fn b_a_start_above_the_last_waits_for_it() {
    let mut log = log(true);
    log.publish(owner(0, 1), 1, 0);
    log.say(NodeId(7), Say::Subscribe { from: 3, nth: 1 });
    log.publish(owner(0, 2), 2, 1);
    assert!(
        !log.sent()
            .iter()
            .any(|said| matches!(said, Say::Deliver { .. }))
    );
    log.publish(owner(0, 3), 3, 2);
    assert!(
        log.sent()
            .iter()
            .any(|said| matches!(said, Say::Deliver { seq: 3, .. }))
    );
}

#[test]
fn b_a_recreated_log_begins_at_one_again() {
    let mut log = log(true);
    log.publish(owner(0, 1), 1, 0);
    log.input(Input::Message {
        from: WRITER,
        message: Message::Command(Command::Promotion(Order::RecreateLog)),
    });
    assert_eq!(
        acknowledged(&log.publish(owner(0, 2), 2, 0)),
        Some((1, false))
    );
}

/// An edge that follows the log from a snapshot of sequence 5, in which both routes are at epoch 2.
fn edge() -> Rig<Edge> {
    let mut rig = Rig::new(Edge::new(Installation {
        control: WRITER,
        region: Region(0),
        contracts: vec![Contract::None; 2],
        services: platform::traces::Services::default(),
        stream: Some(Streamed {
            log: LOG,
            archive: ARCHIVE,
            policies: vec![GapPolicy::FailClosed; 2],
        }),
    }));
    rig.solo.restart();
    rig.snapshot(1, 5, &[owner(0, 2), owner(1, 2)], |_| {});
    assert_eq!(rig.solo.machine.cursor(), Some((Phase::Following, 1, 5)));
    rig
}

impl Rig<Edge> {
    /// Hands over what the edge fetches, changed by `spoil` after it was signed.
    fn snapshot(
        &mut self,
        incarnation: u32,
        seq: u64,
        owners: &[Owner],
        spoil: impl FnOnce(&mut Baseline),
    ) {
        let mut head = Baseline {
            incarnation,
            seq,
            entries: owners.len() as u16,
            checksum: checksum(owners),
            signature: 0,
        };
        head.signature = sign(&head);
        spoil(&mut head);
        let nth = self.fetch();
        self.say(ARCHIVE, Say::Head { head, nth });
        for (index, owner) in owners.iter().enumerate() {
            let (owner, index) = (*owner, index as u16);
            self.say(ARCHIVE, Say::Entry { owner, index, nth });
        }
    }

    /// The number of the newest fetch.
    fn fetch(&mut self) -> u32 {
        let fetch = |said: &Say| match said {
            Say::Fetch { nth } => Some(*nth),
            _ => None,
        };
        loop {
            if let Some(nth) = self.sent().iter().find_map(fetch) {
                return nth;
            }
            self.wait(Duration::millis(500));
        }
    }

    /// The number of the subscription that was just made.
    fn subscription(&self) -> u32 {
        let subscribe = |said: &Say| match said {
            Say::Subscribe { nth, .. } => Some(*nth),
            _ => None,
        };
        self.sent()
            .iter()
            .find_map(subscribe)
            .expect("it subscribes")
    }

    fn deliver(&mut self, nth: u32, delivery: u32, seq: u64, owner: Owner) {
        self.say(
            LOG,
            Say::Deliver {
                owner,
                seq,
                incarnation: 1,
                delivery,
                nth,
            },
        );
    }

    fn gap(&self) -> Option<Gap> {
        self.told().iter().find_map(|told| match told {
            Tell::GapDetected { gap, .. } => Some(*gap),
            _ => None,
        })
    }

    fn epoch(&self, route: u16) -> u32 {
        self.solo.machine.routes()[&RouteId(route)].epoch.0
    }
}

#[test]
fn b_the_first_event_follows_on_the_snapshot_or_it_is_a_gap() {
    let mut edge = edge();
    let nth = edge.subscription();
    edge.deliver(nth, 1, 8, owner(0, 3));
    assert_eq!(edge.gap(), Some(Gap::Retention));
    assert_eq!(
        edge.epoch(0),
        2,
        "the old table is kept, and nothing is applied"
    );
}

#[test]
fn b_every_next_event_follows_on_the_last() {
    let mut edge = edge();
    let nth = edge.subscription();
    edge.deliver(nth, 1, 6, owner(0, 3));
    edge.deliver(nth, 1, 6, owner(0, 3));
    assert_eq!(
        (edge.epoch(0), edge.gap()),
        (3, None),
        "a repeat changes nothing"
    );
    edge.deliver(nth, 2, 8, owner(0, 4));
    assert_eq!(edge.gap(), Some(Gap::Hole));
}

#[test]
fn b_what_the_subscription_lost_is_fetched_again_and_is_no_gap() {
    let mut edge = edge();
    let nth = edge.subscription();
    edge.deliver(nth, 2, 7, owner(0, 4));
    assert_eq!(edge.gap(), None);
    assert!(
        edge.sent()
            .iter()
            .any(|said| matches!(said, Say::Subscribe { from: 6, .. }))
    );
}

#[test]
fn b_an_owner_follows_its_predecessor_or_it_is_a_gap() {
    let mut edge = edge();
    let nth = edge.subscription();
    edge.deliver(nth, 1, 6, owner(0, 2));
    assert_eq!((edge.epoch(0), edge.gap()), (2, None), "not newer: ignored");
    edge.deliver(nth, 2, 7, owner(0, 4));
    assert_eq!(edge.gap(), Some(Gap::Chain));
}

#[test]
fn b_another_incarnation_is_a_gap() {
    let mut edge = edge();
    let nth = edge.subscription();
    edge.say(
        LOG,
        Say::Deliver {
            owner: owner(0, 3),
            seq: 6,
            incarnation: 2,
            delivery: 1,
            nth,
        },
    );
    assert_eq!(edge.gap(), Some(Gap::Lineage));
}

#[test]
fn b_a_log_that_ends_before_what_was_applied_is_a_gap() {
    let mut edge = edge();
    let nth = edge.subscription();
    let beat = Say::Beat {
        seq: 3,
        delivered: 0,
        beat: 1,
        nth,
    };
    edge.say(LOG, beat);
    assert_eq!(edge.gap(), Some(Gap::Lineage));
}

#[test]
fn b_silence_is_a_gap_at_the_end() {
    let mut edge = edge();
    for _ in 0..20 {
        edge.wait(Duration::secs(1));
        if edge.gap().is_some() {
            break;
        }
    }
    assert_eq!(edge.gap(), Some(Gap::Tail));
}

#[test]
fn b_only_a_signed_whole_and_newer_snapshot_ends_a_gap() {
    let mut edge = edge();
    let nth = edge.subscription();
    edge.deliver(nth, 1, 9, owner(0, 5));
    let owners = [owner(0, 5), owner(1, 2)];
    let in_gap = |edge: &Rig<Edge>| matches!(edge.solo.machine.cursor(), Some((Phase::Gap(_), ..)));
    edge.snapshot(1, 9, &owners, |head| head.signature ^= 1);
    assert!(in_gap(&edge), "not signed");
    edge.wait(Duration::secs(2));
    edge.snapshot(1, 9, &owners, |head| {
        head.checksum ^= 1;
        head.signature = sign(head);
    });
    assert!(in_gap(&edge), "not whole");
    edge.wait(Duration::secs(2));
    edge.snapshot(1, 4, &owners, |_| {});
    assert!(in_gap(&edge), "behind what was applied");
    edge.wait(Duration::secs(2));
    edge.snapshot(1, 9, &owners, |_| {});
    assert_eq!(edge.solo.machine.cursor(), Some((Phase::Following, 1, 9)));
    assert_eq!(edge.epoch(0), 5);
    assert!(
        edge.sent()
            .iter()
            .any(|said| matches!(said, Say::Subscribe { from: 10, .. }))
    );
}

#[test]
fn b_a_snapshot_that_takes_a_route_back_is_refused_by_a_newer_incarnation_too() {
    let mut edge = edge();
    edge.wait(Duration::secs(30));
    assert!(matches!(
        edge.solo.machine.cursor(),
        Some((Phase::Gap(_), 1, 5))
    ));
    edge.snapshot(2, 9, &[owner(0, 3), owner(1, 1)], |_| {});
    assert_eq!((edge.epoch(0), edge.epoch(1)), (2, 2), "not even in part");
    let regresses = |told: &Tell| {
        matches!(
            told,
            Tell::BaselineRegresses {
                route: RouteId(1),
                known: Epoch(2),
                epoch: Epoch(1)
            }
        )
    };
    assert!(edge.told().iter().any(regresses));
    edge.wait(Duration::secs(2));
    edge.snapshot(2, 9, &[owner(0, 3), owner(1, 2)], |_| {});
    assert_eq!((edge.epoch(0), edge.epoch(1)), (3, 2));
}

#[test]
fn b_the_log_and_an_edge_say_how_far_they_have_seen_epochs_get() {
    let asked = Say::EpochAsk {
        route: RouteId(0),
        nth: 7,
    };
    let answer = |said: &[Say]| {
        said.iter().find_map(|said| match said {
            Say::EpochSeen {
                owner, incarnation, ..
            } => Some((owner.epoch.0, owner.deployment.0, *incarnation)),
            _ => None,
        })
    };
    let mut edge = edge();
    assert_eq!(answer(&edge.say(WRITER, asked)), Some((2, 2, 1)));
    let mut log = log(true);
    assert_eq!(answer(&log.say(WRITER, asked)), Some((0, 0, 0)), "nothing");
    log.publish(owner(0, 1), 0, 0);
    log.publish(owner(1, 9), 1, 0);
    log.publish(owner(0, 2), 2, 1);
    assert_eq!(answer(&log.say(WRITER, asked)), Some((2, 2, 1)));
}
