//! Going on and going back: playing, stepping, scrubbing, and where a prediction has to come first.

use super::*;
use crate::run::clock::Speed;

impl Desk {
    /// How far the run may go: its end, or the reveal while nothing is predicted.
    pub fn limit(self) -> u64 {
        let plan = &self.scenario.plan;
        match &plan.question {
            Some(question) if self.prediction.get_untracked().is_none() => {
                question.reveal_at.saturating_sub(1).min(plan.end)
            }
            _ => plan.end,
        }
    }

    pub(super) fn at(self) -> u64 {
        self.frame
            .with_untracked(|frame| frame.as_ref().map_or(0, |frame| frame.at))
    }

    /// Whether the run waits for a prediction; says so.
    pub(super) fn waits_for_prediction(self) -> bool {
        let waits = self.prediction.get_untracked().is_none()
            && self.scenario.plan.question.is_some()
            && self
                .at()
                .max(self.hidden.try_with_value(|h| h.arrived).unwrap_or(0))
                >= self.limit();
        if waits {
            self.region.set(Region::Mine);
            self.live
                .say("The run waits here for your prediction: choose an answer and commit it.");
        }
        waits
    }

    /// Plays or pauses.
    pub fn toggle(self) {
        if self.playing.get_untracked() {
            self.pause();
            self.refresh();
            self.keep(true);
        } else if !self.waits_for_prediction() {
            let over = self
                .frame
                .with_untracked(|frame| frame.as_ref().is_none_or(|frame| frame.over));
            if !over {
                let at = self.at();
                self.hidden.update_value(|h| h.clock.set(at));
                self.playing.set(true);
                self.frame_painted();
            }
        }
    }

    /// Pauses.
    pub fn pause(self) {
        if self.playing.try_get_untracked() == Some(true) {
            self.playing.set(false);
        }
    }

    pub(super) fn frame_painted(self) {
        request_animation_frame(move || {
            if self.playing.try_get_untracked() != Some(true) {
                return;
            }
            let (limit, speed) = (self.limit(), self.settings.with_untracked(|s| s.speed));
            let arrived = self.hidden.try_with_value(|h| h.arrived).unwrap_or(0);
            let at = self.at().max(arrived);
            if at >= limit {
                self.pause();
                self.waits_for_prediction();
                self.refresh();
                self.keep(true);
                return;
            }
            let target = self.hidden.try_update_value(|h| {
                // As fast as it goes means as fast as answers come: leaps taken meanwhile would pass over the reveal.
                if h.advancing && speed == Speed::Most {
                    return None;
                }
                let target = h.clock.tick(now(), speed, limit);
                let go = !h.advancing && target > at;
                h.advancing |= go;
                go.then_some(target)
            });
            if let Some(Some(target)) = target {
                self.play_until(target);
            }
            self.frame_painted();
        });
    }

    /// One advance of playing. A moment without an entry is reached all the same, only a request that was cut short for
    /// its many entries is not: then the clock waits.
    pub(super) fn play_until(self, target: u64) {
        let before = self.step_now();
        self.port
            .ask(Request::Advance(Advance::Until(target)), move |reply| {
                self.hidden.update_value(|h| h.advancing = false);
                match reply {
                    Reply::Frame(frame) => {
                        let cut = frame.step.saturating_sub(before) >= MANY;
                        self.hidden.update_value(|h| {
                            if cut {
                                h.clock.set(frame.at);
                            } else {
                                h.arrived = target;
                            }
                        });
                        self.accept(*frame);
                    }
                    Reply::Problem(problem) => {
                        self.pause();
                        self.problem.set(Some(problem));
                    }
                    _ => {}
                }
            });
    }

    pub(super) fn step_now(self) -> u64 {
        self.frame
            .with_untracked(|frame| frame.as_ref().map_or(0, |frame| frame.step))
    }

    /// Goes on to the next entry that is not routine.
    pub fn step(self) {
        self.pause();
        if !self.waits_for_prediction() {
            self.ask_within(Request::Advance(Advance::NextTold));
        }
    }

    /// Goes back to the last entry that is not routine.
    pub fn step_back(self) {
        self.pause();
        self.ask(Request::StepBack);
    }

    /// Goes on to the next interesting moment.
    pub fn next_moment(self) {
        self.pause();
        if !self.waits_for_prediction() {
            self.ask_within(Request::Advance(Advance::NextMoment));
        }
    }

    /// Asks for a moment that may lie past the limit, and comes back to the limit if it does.
    pub(super) fn ask_within(self, request: Request) {
        self.port.ask(request, move |reply| match reply {
            Reply::Frame(frame) if frame.at > self.limit() => {
                self.ask(Request::SeekTime(self.limit()))
            }
            Reply::Frame(frame) => self.moved(*frame),
            Reply::Problem(problem) => self.problem.set(Some(problem)),
            _ => {}
        });
    }

    /// Goes by so many microseconds.
    pub fn leap(self, by: i64) {
        self.pause();
        self.seek_time(self.at().saturating_add_signed(by));
    }

    /// Goes to the moment after so many entries.
    pub fn seek(self, step: u64) {
        self.pause();
        self.ask_within(Request::Seek(step));
    }

    /// Goes to a time. While one such request is under way only the newest wish is remembered.
    pub fn seek_time(self, at: u64) {
        let at = at.min(self.limit());
        let busy = self.hidden.try_update_value(|h| {
            if h.seeking {
                h.seek_next = Some(at);
            }
            std::mem::replace(&mut h.seeking, true)
        });
        if busy != Some(false) {
            return;
        }
        self.pause();
        self.port.ask(Request::SeekTime(at), move |reply| {
            let wish = self.hidden.try_update_value(|h| {
                h.seeking = false;
                h.seek_next.take()
            });
            match reply {
                Reply::Frame(frame) => {
                    // Work per request is bounded: a far moment takes more than one.
                    let before = self.at();
                    let short = frame.at < at && !frame.over && frame.at > before;
                    self.moved(*frame);
                    match wish.flatten() {
                        Some(wish) => self.seek_time(wish),
                        None if short => self.seek_time(at),
                        None => {}
                    }
                }
                Reply::Problem(problem) => self.problem.set(Some(problem)),
                _ => {}
            }
        });
    }
}
