//! Provider Outage: what waits, what goes on, and what owners are told.

use crate::bench::{ByHand, Solo};
use machine::{Duration, Input, NodeId, Time};
use platform::id::{DeploymentId, Epoch, Region, RouteId};
use platform::message::{Command, Message};
use platform::note::Note;
use platform::outage::{
    Cause, Command as Order, Condition, DependencyId, Environment, Installation, Kind,
    Message as Say, Note as Tell, Provider, Standing, Task, Watch, Why, WorkId, WorkState,
};
use platform::region;

const CONTROL: NodeId = NodeId(2);
const REGIONS: NodeId = NodeId(3);
const PROVIDERS: [NodeId; 4] = [NodeId(10), NodeId(11), NodeId(12), NodeId(13)];
const OPERATOR: NodeId = NodeId(9);
const SHOP: RouteId = RouteId(0);
const DOCS: RouteId = RouteId(1);
const HERE: Region = Region(0);
const THERE: Region = Region(1);
const DATABASE: DependencyId = DependencyId::new(Provider::Database, HERE);
const DOCS_WORK: WorkId = WorkId(3);

/// A watch whose providers, control plane and regions are played by hand. Three promotions are for shop, one for docs.
struct Rig {
    solo: Solo<Watch>,
    sent: Vec<(NodeId, Say)>,
    notes: Vec<Tell>,
}

fn task(environment: u8, nth: u16) -> Task {
    Task {
        kind: Kind::Promotion,
        environment,
        to: CONTROL,
        command: Command::Promote {
            route: RouteId(environment.into()),
            deployment: DeploymentId(nth),
            predecessor: Epoch(nth.into()),
        },
    }
}

impl ByHand for Rig {
    type Of = Watch;

    fn solo(&mut self) -> &mut Solo<Watch> {
        &mut self.solo
    }

    /// Looks at what has left the node.
    fn look(&mut self) {
        for note in self.solo.out.notes.drain(..) {
            if let Note::Outage(note) = note {
                self.notes.push(note);
            }
        }
        for send in &self.solo.out.sends {
            if let Message::Outage(said) = send.message {
                self.sent.push((send.to, said));
            }
        }
    }
}

impl Rig {
    fn new(automatic: bool) -> Self {
        let environment = |route, needs| Environment {
            route,
            region: HERE,
            needs,
        };
        let installation = Installation {
            providers: PROVIDERS,
            regions: 2,
            environments: vec![
                environment(SHOP, vec![Provider::Database, Provider::Payment]),
                environment(DOCS, vec![]),
            ],
            tasks: vec![task(0, 1), task(0, 2), task(0, 3), task(1, 1)],
            control: CONTROL,
            region_service: Some(REGIONS),
            automatic,
        };
        let mut rig = Self {
            solo: Solo::new(Watch::new(installation), NodeId(1)),
            sent: Vec::new(),
            notes: Vec::new(),
        };
        rig.restart();
        rig
    }

    fn order(&mut self, order: Order) {
        self.input(Input::Message {
            from: OPERATOR,
            message: Message::Command(Command::Outage(order)),
        });
        self.sync();
    }

    fn ask_for(&mut self, work: u8) {
        self.order(Order::Request { work: WorkId(work) });
    }

    fn say(&mut self, from: NodeId, said: Say) {
        self.input(Input::Message {
            from,
            message: Message::Outage(said),
        });
        self.sync();
    }

    /// A second passes, and nobody says anything.
    fn tick(&mut self) {
        self.solo.now = self.solo.now.after(Duration::secs(1));
        self.input(Input::Deadline);
        self.sync();
    }

    /// Everybody answers what they were asked; providers as `found` says.
    fn answer(&mut self, found: impl Fn(DependencyId) -> Condition) {
        for (to, said) in core::mem::take(&mut self.sent) {
            match said {
                Say::Probe {
                    dependency, nth, ..
                } => {
                    let found = found(dependency);
                    let now = self.solo.now;
                    let answer = Say::Answer {
                        dependency,
                        ok: found != Condition::Failing,
                        taken: found != Condition::Locked,
                        good_until: if found == Condition::Expired {
                            now
                        } else {
                            now.after(Duration::secs(60))
                        },
                        nth,
                    };
                    self.say(to, answer);
                }
                Say::HealthAsk { route, nth, .. } => {
                    let ill = false;
                    self.say(to, Say::HealthIs { route, ill, nth });
                }
                _ => {}
            }
        }
    }

    /// As many rounds of probes.
    fn rounds(&mut self, count: u32, found: impl Fn(DependencyId) -> Condition) {
        for _ in 0..count {
            self.answer(&found);
            self.tick();
            self.answer(&found);
            self.tick();
            self.answer(&found);
        }
    }

    fn ill(&mut self, route: RouteId) {
        let asked = self.sent.iter().rev().find_map(|(_, said)| match said {
            Say::HealthAsk {
                route: about, nth, ..
            } if *about == route => Some(*nth),
            _ => None,
        });
        let nth = asked.expect("it asks for health");
        self.say(
            CONTROL,
            Say::HealthIs {
                route,
                ill: true,
                nth,
            },
        );
    }

    fn work(&self, work: u8) -> WorkState {
        self.solo
            .machine
            .works()
            .get(work.into())
            .unwrap()
            .value
            .state
    }

    fn standing(&self) -> Standing {
        let row = self.solo.machine.dependencies().get(DATABASE.0.into());
        row.unwrap().value.standing
    }

    fn told(&self, route: RouteId) -> Option<Cause> {
        let row = self.solo.machine.owners().get(route.0.into());
        row.unwrap().value.told
    }

    fn carried(&self) -> Vec<WorkId> {
        let mut carried: Vec<_> = self
            .sent
            .iter()
            .filter_map(|(_, said)| match said {
                Say::Carry { work, .. } => Some(*work),
                _ => None,
            })
            .collect();
        carried.dedup();
        carried
    }

    fn was_refused(&self) -> bool {
        matches!(self.notes.last(), Some(Tell::Ordered { done: false, .. }))
    }
}

fn well(_: DependencyId) -> Condition {
    Condition::Well
}

fn database(found: Condition) -> impl Fn(DependencyId) -> Condition {
    move |id| {
        if id.provider() == Provider::Database {
            found
        } else {
            Condition::Well
        }
    }
}

#[test]
fn work_waits_while_a_provider_fails_and_work_that_does_not_need_it_goes_on() {
    let mut rig = Rig::new(true);
    rig.rounds(2, well);
    rig.rounds(2, database(Condition::Failing));
    rig.ask_for(0);
    rig.ask_for(DOCS_WORK.0);
    assert_eq!(rig.work(0), WorkState::Waiting);
    assert!(rig.notes.contains(&Tell::Held {
        work: WorkId(0),
        dependency: DATABASE,
        why: Why::Paused,
    }));
    assert_eq!(rig.carried(), [DOCS_WORK]);
}

#[test]
fn one_bad_answer_pauses_nothing_for_good_and_starts_nothing() {
    let mut rig = Rig::new(true);
    rig.rounds(2, well);
    rig.rounds(1, database(Condition::Failing));
    rig.ask_for(0);
    assert_eq!(rig.standing(), Standing::Open);
    assert_eq!(rig.work(0), WorkState::Waiting);
    rig.rounds(1, well);
    rig.tick();
    assert_eq!(rig.work(0), WorkState::Going);
}

#[test]
fn evidence_that_is_too_old_starts_nothing() {
    let mut rig = Rig::new(true);
    rig.rounds(2, well);
    for _ in 0..12 {
        rig.tick();
    }
    rig.ask_for(0);
    assert_eq!(rig.work(0), WorkState::Waiting);
    assert!(rig.notes.contains(&Tell::Held {
        work: WorkId(0),
        dependency: DATABASE,
        why: Why::NoEvidence,
    }));
    assert_eq!(rig.standing(), Standing::Open, "silence is no failure");
}

#[test]
fn a_mark_is_no_evidence() {
    let mut rig = Rig::new(true);
    rig.rounds(3, database(Condition::Failing));
    rig.ask_for(0);
    rig.order(Order::MarkPassed { work: WorkId(0) });
    assert!(rig.was_refused());
    assert_eq!(rig.work(0), WorkState::Waiting);
}

#[test]
fn an_answer_that_takes_too_long_is_slow() {
    let mut rig = Rig::new(true);
    rig.rounds(2, well);
    for _ in 0..3 {
        rig.tick();
        rig.solo.now = rig.solo.now.after(Duration::millis(700));
        rig.answer(well);
        rig.solo.now = rig.solo.now.after(Duration::millis(300));
        rig.tick();
        rig.solo.now = rig.solo.now.after(Duration::millis(700));
        rig.answer(well);
    }
    assert!(rig.notes.contains(&Tell::Paused {
        dependency: DATABASE,
        condition: Condition::Slow,
    }));
}

#[test]
fn certificates_and_secrets_are_told_from_failures() {
    for found in [Condition::Expired, Condition::Locked, Condition::Failing] {
        let mut rig = Rig::new(true);
        rig.rounds(3, database(found));
        assert!(rig.notes.contains(&Tell::Paused {
            dependency: DATABASE,
            condition: found,
        }));
    }
}

#[test]
fn a_pause_ends_only_after_enough_good_answers_in_a_row() {
    let mut rig = Rig::new(false);
    rig.rounds(3, database(Condition::Failing));
    rig.rounds(1, well);
    rig.order(Order::Resume {
        provider: Provider::Database,
    });
    assert!(rig.was_refused());
    assert_eq!(rig.standing(), Standing::Paused);
    rig.rounds(3, well);
    assert_eq!(rig.standing(), Standing::Paused, "nobody has ordered it");
    rig.order(Order::Resume {
        provider: Provider::Database,
    });
    assert_ne!(rig.standing(), Standing::Paused);
}

#[test]
fn what_waited_goes_on_in_steps_even_if_everything_is_to_go_on_at_once() {
    let mut rig = Rig::new(false);
    rig.rounds(3, database(Condition::Failing));
    for work in 0..3 {
        rig.ask_for(work);
    }
    rig.rounds(4, well);
    rig.order(Order::LiftAll);
    let going = |rig: &Rig| {
        (0..3)
            .filter(|work| rig.work(*work) != WorkState::Waiting)
            .count()
    };
    assert_eq!(going(&rig), 1);
    rig.rounds(2, well);
    assert_eq!(going(&rig), 1);
    rig.rounds(1, well);
    assert_eq!(going(&rig), 2);
    rig.rounds(3, well);
    assert_eq!(going(&rig), 3);
    rig.rounds(4, well);
    assert_eq!(rig.standing(), Standing::Open);
}

#[test]
fn whoever_fails_again_while_pauses_lift_is_paused_again() {
    let mut rig = Rig::new(true);
    rig.rounds(3, database(Condition::Failing));
    for work in 0..3 {
        rig.ask_for(work);
    }
    rig.rounds(4, well);
    assert_eq!(rig.standing(), Standing::Lifting);
    rig.rounds(2, database(Condition::Failing));
    assert_eq!(rig.standing(), Standing::Paused);
    assert_eq!(rig.work(2), WorkState::Waiting);
}

#[test]
fn owners_of_what_is_bound_hear_of_the_provider_and_others_of_nothing() {
    let mut rig = Rig::new(true);
    rig.rounds(3, database(Condition::Failing));
    assert_eq!(rig.told(SHOP), Some(Cause::Provider(Provider::Database)));
    assert_eq!(rig.told(DOCS), None);
    rig.rounds(5, well);
    assert_eq!(rig.told(SHOP), None, "it is over, and they were told");
}

#[test]
fn an_outage_that_no_probe_shows_is_not_told() {
    let mut rig = Rig::new(false);
    rig.rounds(3, well);
    rig.order(Order::Declare {
        provider: Provider::Payment,
    });
    assert!(rig.was_refused());
    assert_eq!(rig.told(SHOP), None);
}

#[test]
fn an_app_is_blamed_only_when_its_providers_were_found_well_since() {
    let mut rig = Rig::new(true);
    rig.rounds(2, well);
    rig.tick();
    rig.ill(SHOP);
    assert_eq!(
        rig.told(SHOP),
        None,
        "the probes are older than the trouble"
    );
    rig.sent
        .retain(|(_, said)| !matches!(said, Say::HealthAsk { .. }));
    rig.tick();
    rig.ill(SHOP);
    rig.sent
        .retain(|(_, said)| !matches!(said, Say::HealthAsk { .. }));
    rig.answer(well);
    rig.tick();
    rig.ill(SHOP);
    assert_eq!(rig.told(SHOP), Some(Cause::App));
}

#[test]
fn a_silent_control_plane_is_the_platforms_own_trouble() {
    let mut rig = Rig::new(true);
    rig.rounds(2, well);
    for _ in 0..12 {
        rig.sent.clear();
        rig.tick();
    }
    assert_eq!(rig.told(SHOP), Some(Cause::Platform));
    assert_eq!(rig.told(DOCS), Some(Cause::Platform));
}

#[test]
fn nobody_is_sent_to_where_providers_are_not_known_to_be_well() {
    let mut rig = Rig::new(false);
    rig.rounds(3, database(Condition::Failing));
    rig.order(Order::FailOver { region: THERE });
    assert!(rig.was_refused());
    rig.rounds(3, |id| {
        if id == DATABASE {
            Condition::Failing
        } else {
            Condition::Well
        }
    });
    rig.order(Order::FailOver { region: THERE });
    // In the other region it was paused as well, and nobody has let it go on yet.
    assert!(rig.was_refused());
    rig.order(Order::Resume {
        provider: Provider::Database,
    });
    rig.order(Order::FailOver { region: THERE });
    let sent = rig.sent.iter().any(|(to, said)| {
        *to == REGIONS
            && matches!(
                said,
                Say::Carry {
                    command: Command::Region(region::Command::SendTraffic { region: THERE }),
                    ..
                }
            )
    });
    assert!(sent);
    assert_eq!(
        rig.solo.machine.target(),
        None,
        "not before it is confirmed"
    );
}

#[test]
fn a_secret_is_replaced_only_if_it_was_refused() {
    let rotate = Order::Rotate {
        provider: Provider::Database,
    };
    let mut rig = Rig::new(false);
    rig.rounds(3, database(Condition::Failing));
    rig.order(rotate);
    assert!(rig.was_refused());
    rig.rounds(1, database(Condition::Locked));
    rig.order(rotate);
    rig.order(rotate);
    let replaced = |note: &&Tell| matches!(note, Tell::SecretReplaced { secret: 2, .. });
    assert_eq!(rig.notes.iter().filter(replaced).count(), 1);
    assert!(rig.sent.iter().any(|(to, said)| {
        *to == PROVIDERS[0] && matches!(said, Say::Rotate { secret: 2, .. })
    }));
}

#[test]
fn nothing_is_handed_over_before_it_is_durable_and_it_is_said_until_it_is_taken() {
    let mut rig = Rig::new(true);
    rig.rounds(2, well);
    rig.sent.clear();
    rig.input(Input::Message {
        from: OPERATOR,
        message: Message::Command(Command::Outage(Order::Request { work: WorkId(0) })),
    });
    assert!(rig.carried().is_empty());
    rig.sync();
    assert_eq!(rig.carried(), [WorkId(0)]);
    rig.sent.clear();
    rig.tick();
    assert_eq!(rig.carried(), [WorkId(0)]);
    let work = WorkId(0);
    rig.say(CONTROL, Say::Carried { work, nth: 1 });
    rig.sent.clear();
    rig.tick();
    assert!(rig.carried().is_empty());
    assert_eq!(rig.work(0), WorkState::Done);
}

#[test]
fn a_second_copy_changes_nothing() {
    let mut rig = Rig::new(true);
    rig.rounds(2, well);
    rig.tick();
    rig.tick();
    let probe = rig.sent.iter().find_map(|(to, said)| match said {
        Say::Probe {
            dependency, nth, ..
        } => Some((*to, *dependency, *nth)),
        _ => None,
    });
    let (to, dependency, nth) = probe.expect("it probes");
    let answer = Say::Answer {
        dependency,
        ok: false,
        taken: true,
        good_until: Time(u64::MAX),
        nth,
    };
    rig.say(to, answer);
    let before = machine::Machine::fingerprint(&rig.solo.machine);
    rig.say(to, answer);
    assert_eq!(machine::Machine::fingerprint(&rig.solo.machine), before);
}

#[test]
fn after_a_restart_what_was_paused_waits_and_what_goes_on_is_said_again() {
    let mut rig = Rig::new(true);
    rig.rounds(2, well);
    rig.ask_for(DOCS_WORK.0);
    rig.rounds(3, database(Condition::Failing));
    rig.ask_for(0);
    rig.sent.clear();
    rig.restart();
    rig.tick();
    assert_eq!(rig.standing(), Standing::Paused);
    assert_eq!(rig.work(0), WorkState::Waiting);
    assert_eq!(rig.carried(), [DOCS_WORK]);
    assert_eq!(rig.told(SHOP), Some(Cause::Provider(Provider::Database)));
}

#[test]
fn m6_wakes_wait_for_own_probes_and_not_for_whoever_lifts_the_pause() {
    let mut rig = Rig::new(false);
    let said = |rig: &Rig, route: RouteId| {
        rig.sent.iter().rev().find_map(|(_, said)| match said {
            Say::HealthAsk {
                route: about, held, ..
            } if *about == route => Some(*held),
            _ => None,
        })
    };
    let mut held = Vec::new();
    for round in 0..16 {
        rig.tick();
        held.extend(said(&rig, SHOP));
        assert_eq!(said(&rig, DOCS), Some(false));
        let down = round < 6;
        rig.answer(|id| {
            let ill = down && id.provider() == Provider::Database;
            if ill {
                Condition::Failing
            } else {
                Condition::Well
            }
        });
    }
    let first = held.iter().position(|held| *held);
    let last = held.iter().rposition(|held| *held);
    // Every second round is a probe: two bad ones begin an outage, and three good ones end it.
    assert!(
        first.is_some_and(|first| (2..=4).contains(&first)),
        "{held:?}"
    );
    assert!(
        last.is_some_and(|last| (9..=12).contains(&last)),
        "{held:?}"
    );
}
