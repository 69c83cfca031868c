//! What is fetched beside a frame, what is told, and what is kept in this browser.

use super::*;

impl Desk {
    /// Fetches what the regions on screen show beside the frame.
    pub fn refresh(self) {
        let playing = self.playing.get_untracked();
        let go = self.hidden.try_update_value(|h| {
            if h.details || (playing && now() - h.details_at < REFRESH) {
                h.details_again = true;
                return false;
            }
            h.details = true;
            h.details_again = false;
            h.details_at = now();
            true
        });
        let Some(step) = self
            .frame
            .with_untracked(|frame| frame.as_ref().map(|frame| frame.step))
        else {
            return;
        };
        if go != Some(true) {
            return;
        }
        if self.tab.get_untracked() == Tab::Lanes {
            // Where routine is not drawn there is room for what happened longer ago.
            let routine = self.settings.with_untracked(|s| s.routine);
            let back = if routine { 1 } else { BESIDE_ROUTINE };
            let request = Request::Entries {
                from: step.saturating_sub(LANE_ENTRIES * back),
                to: step,
                told_only: !routine,
            };
            self.port.ask(request, move |reply| {
                if let Reply::Entries(entries) = reply {
                    self.lanes.set(Arc::new(entries));
                }
            });
        }
        if self.tab.get_untracked() == Tab::Requests {
            self.port.ask(
                Request::Series {
                    slice: chart::slice(self.scenario.plan.end),
                },
                move |reply| {
                    if let Reply::Series(points) = reply {
                        self.series.set(Arc::new(points));
                    }
                },
            );
        }
        let request = if self.settings.with_untracked(|s| s.routine) {
            Request::Entries {
                from: step.saturating_sub(STORY_ENTRIES),
                to: step,
                told_only: false,
            }
        } else {
            Request::Story {
                before: step,
                count: self.story_length.get_untracked(),
            }
        };
        self.port.ask(request, move |reply| {
            if let Reply::Entries(entries) = reply {
                self.tell(&entries);
                self.story.set(Arc::new(entries));
            }
            let again = self.hidden.try_update_value(|h| {
                h.details = false;
                h.details_again
            });
            if again == Some(true) && !self.playing.get_untracked() {
                self.refresh();
            }
        });
    }

    /// Says the newest sentence: at once while stepping, now and then while playing.
    pub(super) fn tell(self, entries: &[EntryView]) {
        let Some(last) = entries.iter().rfind(|entry| !entry.routine) else {
            return;
        };
        let fresh = self.hidden.try_update_value(|h| {
            let first = h.told == u64::MAX;
            !first && std::mem::replace(&mut h.told, last.step) != last.step || {
                h.told = last.step;
                false
            }
        });
        if fresh == Some(true) {
            self.live.tell(&last.sentence, self.playing.get_untracked());
        }
    }

    /// Keeps the run: at once after something was done, else now and then.
    pub(super) fn keep(self, at_once: bool) {
        let due = self.hidden.try_update_value(|h| {
            let due = at_once || now() - h.kept_at > KEEP;
            if due {
                h.kept_at = now();
            }
            due
        });
        if due == Some(true) || !self.playing.get_untracked() {
            self.port.ask(Request::Replay, move |reply| {
                if let Reply::Replay(replay) = reply {
                    self.replay.set(Some(Arc::new(*replay)));
                    self.keep_now();
                }
            });
        }
    }

    /// The run on screen as it is kept.
    pub(super) fn record(self) -> Option<Record> {
        let (replay, frame) = (self.replay.get_untracked()?, self.frame.get_untracked()?);
        let (number, other) = self
            .hidden
            .try_with_value(|h| (h.number, h.other.clone()))?;
        Some(Record {
            number,
            replay: (*replay).clone(),
            step: frame.step,
            prediction: self.prediction.get_untracked(),
            introduced: self.introduced.get_untracked(),
            hints: self.hints.get_untracked(),
            told: self.told.get_untracked(),
            other,
        })
    }

    pub(super) fn keep_now(self) {
        let Some(record) = self.record() else {
            return;
        };
        let trouble = saved::keep_run(&record).err();
        if trouble != self.trouble.get_untracked() && trouble.is_some() {
            self.trouble.set(trouble);
        }
    }
}
