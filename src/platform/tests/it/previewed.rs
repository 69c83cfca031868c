//! Production Promotion of what the pipeline has previewed: K.2's first row and its digest row, with the pipeline played by
//! hand.

use crate::bench::ByHand;
use crate::promotions::{ROUTE, Rig};
use machine::{Duration, Input, NodeId};
use platform::id::{DeploymentId, Digest, Epoch};
use platform::message::Message;
use platform::note::Note;
use platform::pipeline::{DeployId, Message as Say, Standing, State as Stage};
use platform::promotion::{Answer, Command as Order, Hold, Note as Tell, Sources, State};

const PIPELINE: NodeId = NodeId(7);
const IT: DeployId = DeployId(4);
/// The deployment that is made of it.
const CANDIDATE: u16 = 3;
const ARTIFACT: Digest = Digest(103);

fn rig() -> Rig {
    Rig::from_pipeline(Sources {
        pipeline: PIPELINE,
        of: vec![(DeploymentId(CANDIDATE), IT)],
    })
}

const fn standing(state: Stage) -> Standing {
    Standing {
        state: Some(state),
        digest: Some(ARTIFACT),
        config: Some(0),
        version: 5,
    }
}

const READY: Standing = standing(Stage::PreviewReady);

/// The numbers under which the pipeline was asked.
fn asks(rig: &Rig) -> Vec<u32> {
    let all = rig.asked.iter().filter_map(|said| match said {
        Say::PreviewAsk { deploy: IT, nth } => Some(*nth),
        _ => None,
    });
    all.collect()
}

fn say(rig: &mut Rig, from: NodeId, standing: Standing, nth: u32) {
    let message = Say::PreviewIs {
        deploy: IT,
        standing,
        nth,
    };
    rig.input(Input::Message {
        from,
        message: Message::Pipeline(message),
    });
    rig.sync();
}

/// The pipeline answers what it was asked last.
fn answer(rig: &mut Rig, standing: Standing) {
    let nth = *asks(rig).last().expect("nobody asked the pipeline");
    say(rig, PIPELINE, standing, nth);
}

fn promotions(rig: &Rig) -> u32 {
    rig.solo.machine.promotions().len()
}

fn wish(rig: &Rig, number: u32) -> Answer {
    let wishes = rig.solo.machine.wishes();
    wishes
        .get(number)
        .expect("there is no such wish")
        .value
        .answer
}

#[test]
fn k2_nothing_to_requested_when_the_pipeline_says_preview_ready() {
    let mut rig = rig();
    rig.promote(CANDIDATE, 1);
    rig.promote(CANDIDATE, 1);
    assert_eq!((promotions(&rig), asks(&rig).len()), (0, 1), "it is asked");
    answer(&mut rig, READY);
    assert_eq!((promotions(&rig), wish(&rig, 0)), (1, Answer::Promoted));
    rig.wait(1);
    assert_eq!(rig.owner(), (DeploymentId(CANDIDATE), Epoch(2)));
    assert_eq!(rig.solo.machine.wishes().len(), 1, "the same wish attaches");
}

#[test]
fn k2_nothing_to_requested_refuses_what_is_not_ready() {
    for state in [
        Stage::Building,
        Stage::Validating,
        Stage::Blocked,
        Stage::Failed,
    ] {
        let mut rig = rig();
        rig.promote(CANDIDATE, 1);
        answer(&mut rig, standing(state));
        assert_eq!((promotions(&rig), wish(&rig, 0)), (0, Answer::NotReady));
        assert!(rig.notes.contains(&Note::Promotion(Tell::NotReady {
            deployment: DeploymentId(CANDIDATE),
            standing: Some(state),
            heard: true,
        })));
        // It may be so later: then it is asked again, and what was said before does not count.
        rig.wait(1);
        rig.promote(CANDIDATE, 1);
        assert_eq!(asks(&rig).len(), 2);
        answer(&mut rig, READY);
        assert_eq!(promotions(&rig), 1);
    }
}

#[test]
fn k2_a_silent_pipeline_is_asked_again_and_nothing_is_promoted() {
    let mut rig = rig();
    rig.promote(CANDIDATE, 1);
    rig.wait(10);
    assert!(asks(&rig).len() > 5);
    rig.wait(25);
    assert_eq!((promotions(&rig), wish(&rig, 0)), (0, Answer::Unheard));
}

#[test]
fn k2_a_late_or_repeated_answer_about_a_preview_counts_for_nothing() {
    let mut rig = rig();
    rig.promote(CANDIDATE, 1);
    let first = asks(&rig)[0];
    answer(&mut rig, standing(Stage::Building));
    rig.promote(CANDIDATE, 1);
    say(&mut rig, PIPELINE, READY, first);
    assert_eq!(promotions(&rig), 0, "an answer to what was asked before");
    let nth = *asks(&rig).last().expect("it was asked");
    say(&mut rig, NodeId(42), READY, nth);
    assert_eq!(promotions(&rig), 0, "somebody else's word");
    answer(&mut rig, standing(Stage::Failed));
    say(&mut rig, PIPELINE, READY, nth);
    assert_eq!((promotions(&rig), wish(&rig, 1)), (0, Answer::NotReady));
}

#[test]
fn k2_a_wish_survives_a_crash() {
    let mut rig = rig();
    rig.promote(CANDIDATE, 1);
    let before = asks(&rig);
    rig.solo.now = rig.solo.now.after(Duration::millis(20));
    rig.restart();
    rig.sync();
    let after = asks(&rig);
    assert!(after.len() > before.len(), "it is asked again");
    say(&mut rig, PIPELINE, READY, before[0]);
    assert_eq!(promotions(&rig), 0, "what was asked before the crash");
    answer(&mut rig, READY);
    assert_eq!((promotions(&rig), wish(&rig, 0)), (1, Answer::Promoted));
    rig.solo.now = rig.solo.now.after(Duration::millis(20));
    rig.restart();
    rig.sync();
    assert_eq!(promotions(&rig), 1);
}

#[test]
fn k2_policy_check_refuses_what_the_pipeline_did_not_preview() {
    let other = |digest, config| Standing {
        digest: Some(digest),
        config,
        ..READY
    };
    for unlike in [
        other(Digest(7), Some(0)),
        other(ARTIFACT, Some(1)),
        other(ARTIFACT, None),
    ] {
        let mut rig = rig();
        rig.promote(CANDIDATE, 1);
        answer(&mut rig, unlike);
        assert_eq!(
            (rig.row(0).state, rig.row(0).hold),
            (State::Failed, Hold::DigestDiffers)
        );
        assert_eq!(rig.owner().1, Epoch(1));
    }
    let mut rig = rig();
    rig.order(Order::Rebuild {
        deployment: DeploymentId(CANDIDATE),
        digest: Digest(9),
    });
    rig.promote(CANDIDATE, 1);
    answer(&mut rig, READY);
    assert_eq!(rig.row(0).hold, Hold::DigestDiffers, "built once more");
}

#[test]
fn k2_what_the_pipeline_said_expires_while_a_promotion_waits() {
    let mut rig = rig();
    rig.services_are(None);
    rig.promote(CANDIDATE, 1);
    answer(&mut rig, READY);
    assert_eq!(rig.row(0).state, State::PolicyCheck);
    let asked = asks(&rig).len();
    rig.wait(14);
    assert!(asks(&rig).len() > asked, "its word is too old by now");
    assert_eq!(rig.row(0).hold, Hold::PreviewUnheard);
    rig.order(Order::EditConfig);
    answer(&mut rig, READY);
    assert_eq!(
        (rig.row(0).state, rig.row(0).hold),
        (State::Failed, Hold::DigestDiffers),
        "the configuration has changed while it waited"
    );
    assert_eq!(
        rig.solo
            .machine
            .routes()
            .get(ROUTE.0.into())
            .map(|row| row.version),
        Some(1)
    );
}

#[test]
fn k2_the_pipeline_learns_which_configuration_production_has() {
    let mut rig = rig();
    rig.order(Order::EditConfig);
    rig.input(Input::Message {
        from: PIPELINE,
        message: Message::Pipeline(Say::ConfigAsk { deploy: IT, nth: 8 }),
    });
    rig.sync();
    assert!(rig.asked.contains(&Say::ConfigIs {
        deploy: IT,
        config: 1,
        nth: 8,
    }));
}
