//! Where a deployment comes from: what the pipeline says of its preview, asked anew whenever it no longer counts.
//!
//! **Invariants.** The pipeline's word counts from when it was asked for, not from when it came. An answer to an earlier
//! round of asking is none. A wish is written down before the pipeline is asked, so that a crash loses none.

use super::super::{ControlPlane, Due, Image, Out};
use super::{Event, Note, Said};
use crate::id::{DeploymentId, Epoch, RouteId};
use crate::pipeline::{DeployId, Message as Say, Standing};
use crate::promotion::{Answer, Hold, Promotion, PromotionId, State, Wish};
use crate::{gate, knob};
use alloc::vec::Vec;
use machine::{Context, Fact, NodeId, Row, Time};

/// What the pipeline was asked and has said of a deployment; lost in a crash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Word {
    /// The first ask that is not answered, with its time.
    round: Option<(u32, Time)>,
    /// When it was last asked.
    asked_at: Time,
    /// What was said, and when that was asked for.
    said: Option<(Standing, Time)>,
}

impl ControlPlane {
    /// The wishes, newest last.
    #[must_use]
    pub const fn wishes(&self) -> &machine::Table<Wish> {
        &self.promotions.wishes
    }

    /// What a deployment is called in the pipeline, if it comes from there.
    pub(super) fn source(&self, deployment: DeploymentId) -> Option<(NodeId, DeployId)> {
        let sources = self.promoting()?.sources.as_ref()?;
        let mut all = sources.of.iter();
        let (_, deploy) = all.find(|(of, _)| *of == deployment)?;
        Some((sources.pipeline, *deploy))
    }

    /// The pipeline's word on a deployment, if it still counts and was not asked for earlier than `from`.
    fn standing(&self, cx: &Context<'_>, deployment: DeploymentId, from: Time) -> Option<Standing> {
        let ttl = cx.knobs.time(&knob::PREVIEW_TTL);
        let word = self.promotions.words.get(deployment)?;
        word.said
            .filter(|(_, at)| *at >= from && cx.now.since(*at) <= ttl)
            .map(|(standing, _)| standing)
    }

    /// Since when the pipeline has been asked for a deployment in vain.
    fn unheard_since(&self, deployment: DeploymentId) -> Option<Time> {
        let word = self.promotions.words.get(deployment)?;
        word.round.map(|(_, since)| since)
    }

    /// Asks the pipeline how a deployment stands, unless it was asked a moment ago.
    fn ask_pipeline(&mut self, cx: &Context<'_>, out: &mut Out, deployment: DeploymentId) {
        let Some((pipeline, deploy)) = self.source(deployment) else {
            return;
        };
        let word = self.promotions.words.get(deployment).copied();
        let mut word = word.unwrap_or_default();
        let pause = cx.knobs.time(&knob::PROMOTION_INTERVAL);
        if word.round.is_some() && cx.now.since(word.asked_at) < pause {
            return;
        }
        let nth = self.next_ask();
        word.round = word.round.or(Some((nth, cx.now)));
        word.asked_at = cx.now;
        self.promotions.words.insert(deployment, word);
        // It is asked because of what is written: that must not be lost when the answer comes.
        self.say(
            out,
            pipeline,
            Said::Pipeline(Say::PreviewAsk { deploy, nth }),
        );
    }

    /// The pipeline says or asks something.
    pub(in super::super) fn on_pipeline_message(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        message: Say,
    ) {
        let known = self.promoting().and_then(|all| all.sources.as_ref());
        if known.is_none_or(|sources| sources.pipeline != from) {
            return;
        }
        match message {
            Say::ConfigAsk { deploy, nth } => {
                let config = self.authority().config;
                let answer = Say::ConfigIs {
                    deploy,
                    config,
                    nth,
                };
                self.say(out, from, Said::Pipeline(answer));
            }
            Say::PreviewIs {
                deploy,
                standing,
                nth,
            } => self.on_standing(cx, out, deploy, standing, nth),
            // Everything else is said to others.
            _ => {}
        }
    }

    fn on_standing(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        deploy: DeployId,
        standing: Standing,
        nth: u32,
    ) {
        let sources = self.promoting().and_then(|all| all.sources.as_ref());
        let named = sources.and_then(|all| all.of.iter().find(|(_, of)| *of == deploy));
        let Some(deployment) = named.map(|(deployment, _)| *deployment) else {
            return;
        };
        let round = self.promotions.words.get(deployment);
        let Some((_, since)) = round
            .and_then(|word| word.round)
            .filter(|(first, _)| nth >= *first)
        else {
            // A repeat, or the answer to what was asked before the last answer.
            return;
        };
        self.promotions.words.update(deployment, |word| {
            word.said = Some((standing, since));
            word.round = None;
        });
        let open = self.promotions.wishes.iter().filter(|(_, row)| {
            row.value.answer == Answer::Awaited && row.value.deployment == deployment
        });
        let open: Vec<u32> = open.map(|(number, _)| number).collect();
        for number in open {
            self.look_at_wish(cx, out, number);
        }
        let checked = self.promotions.rows.iter().filter(|(_, row)| {
            row.value.state == State::PolicyCheck && row.value.candidate == deployment
        });
        let checked: Vec<PromotionId> = checked.map(|(id, _)| PromotionId(id)).collect();
        for id in checked {
            self.look_at_promotion(cx, out, id);
        }
    }

    /// Somebody wants a deployment from the pipeline to own a route: that is written down, and the pipeline is asked.
    pub(super) fn wish(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        (route, deployment, predecessor, by): (RouteId, DeploymentId, Epoch, u8),
    ) {
        let same = |row: &Row<Wish>| {
            let wish = &row.value;
            wish.answer == Answer::Awaited
                && (wish.route, wish.deployment, wish.predecessor)
                    == (route, deployment, predecessor)
        };
        if self.promotions.wishes.iter().any(|(_, row)| same(row)) {
            return;
        }
        let value = Wish {
            route,
            deployment,
            predecessor,
            by,
            at: cx.now,
            answer: Answer::Awaited,
        };
        let number = self.promotions.wishes.insert(value);
        self.commit_wish(out, number, Row { version: 1, value });
        self.look_at_wish(cx, out, number);
    }

    fn commit_wish(&mut self, out: &mut Out, number: u32, row: Row<Wish>) {
        let version = row.version;
        self.commit(
            out,
            crate::message::Event::Promotion(Event::Wish { number, version }),
            Image::Wish(number, row),
        );
    }

    fn answer_wish(&mut self, out: &mut Out, number: u32, answer: Answer) {
        let Some(old) = self.promotions.wishes.get(number).copied() else {
            return;
        };
        let value = Wish {
            answer,
            ..old.value
        };
        if let Ok(version) = self.promotions.wishes.cas(number, old.version, value) {
            self.commit_wish(out, number, Row { version, value });
        }
        self.agenda.clear(Due::Wish(number));
    }

    /// A wish's moment has come: it becomes a promotion if its preview is ready, and nothing if it is not.
    pub(in super::super) fn look_at_wish(&mut self, cx: &Context<'_>, out: &mut Out, number: u32) {
        let Some(wish) = self.promotions.wishes.get(number).map(|row| row.value) else {
            return;
        };
        if wish.answer != Answer::Awaited {
            return;
        }
        // A crash may have come between the promotion's commit and this row's.
        let begun = |row: &Promotion| {
            row.takes_back.is_none()
                && row.requested_at >= wish.at
                && (row.route, row.candidate, row.predecessor)
                    == (wish.route, wish.deployment, wish.predecessor)
        };
        if self
            .promotions
            .rows
            .iter()
            .any(|(_, row)| begun(&row.value))
        {
            return self.answer_wish(out, number, Answer::Promoted);
        }
        let pause = cx.knobs.time(&knob::PROMOTION_INTERVAL);
        self.agenda.set(Due::Wish(number), cx.now.after(pause));
        let standing = self.standing(cx, wish.deployment, wish.at);
        let limit = cx.knobs.time(&knob::PROMOTION_DEADLINE);
        if standing.is_none() && cx.now.since(wish.at) < limit {
            return self.ask_pipeline(cx, out, wish.deployment);
        }
        let ready = Fact::yes(standing.is_some_and(|standing| standing.is_ready()));
        if out
            .require(cx, &gate::PREVIEW_READY, wish.deployment.into(), ready)
            .is_err()
        {
            let note = Note::NotReady {
                deployment: wish.deployment,
                standing: standing.and_then(|standing| standing.state),
                heard: standing.is_some(),
            };
            out.note(note.into());
            let answer = match standing {
                Some(_) => Answer::NotReady,
                None => Answer::Unheard,
            };
            return self.answer_wish(out, number, answer);
        }
        self.begin_promotion(
            cx,
            out,
            (wish.route, wish.deployment, wish.predecessor, wish.by),
        );
        self.answer_wish(out, number, Answer::Promoted);
    }

    /// Wishes that a crash came into are looked at again.
    pub(super) fn resume_wishes(&mut self, cx: &Context<'_>, out: &mut Out) {
        for number in 0..self.promotions.wishes.len() {
            self.look_at_wish(cx, out, number);
        }
    }

    /// Whether what is to be promoted is what the pipeline has previewed, and with the configuration that production has;
    /// `None` as long as the pipeline's word is awaited.
    pub(super) fn is_as_previewed(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: PromotionId,
        row: &Promotion,
    ) -> Option<bool> {
        let Some(standing) = self.standing(cx, row.candidate, Time::ZERO) else {
            let since = self.unheard_since(row.candidate).unwrap_or(cx.now);
            let silent = cx.now.since(since);
            self.ask_pipeline(cx, out, row.candidate);
            if silent >= cx.knobs.time(&knob::PROMOTION_DEADLINE) {
                self.fail_promotion(cx, out, id, Hold::PreviewUnheard);
            } else if silent >= cx.knobs.time(&knob::PROMOTION_INTERVAL).times(2) {
                // It was asked a moment ago: only a second silence says something.
                self.hold_promotion(out, id, Hold::PreviewUnheard);
            }
            return None;
        };
        let now = self.digest_of(row.candidate);
        let config = self.authority().config;
        // Whether there is a preview at all was asked when this was requested.
        Some(
            !standing.is_ready()
                || standing.digest == now
                    && standing.digest == Some(row.digest)
                    && standing.config == Some(config),
        )
    }
}
