//! One run after the other: opening, beginning anew, and coming back to what was put aside.
//!
//! **Invariants.** A run in which something was done is put aside before another one takes its place. Each run has a
//! number, which its entry of the browser's history keeps, so that the back button leads from run to run.

use super::*;

impl Desk {
    /// Opens a run. If it cannot be opened, what was open stays, and `otherwise` is opened if nothing was.
    pub fn open(self, opening: Opening, otherwise: Option<Opening>, comes: Comes) {
        self.pause();
        let turn = self.hidden.try_update_value(|h| {
            h.opening += 1;
            h.opening
        });
        let request = self.scenario.plan.open_request(&opening.replay);
        self.port.ask_bytes(&request, move |reply| {
            if self.hidden.try_with_value(|h| h.opening) != turn {
                return;
            }
            match reply {
                Reply::Opened(opened) => self.opened(opening, opened.frame, opened.warning, comes),
                Reply::Problem(problem) => {
                    self.refuse(problem);
                    if let Some(otherwise) =
                        otherwise.filter(|_| self.frame.with_untracked(Option::is_none))
                    {
                        self.open(otherwise, None, comes);
                    }
                }
                _ => {}
            }
        });
    }

    fn opened(self, opening: Opening, frame: Frame, warning: Option<Problem>, comes: Comes) {
        let Opening {
            number,
            replay,
            step,
            prediction,
            introduced,
            hints,
            told,
            other,
            sent,
        } = opening;
        let plan = &self.scenario.plan;
        let number = match number {
            0 => saved::next_number(plan.id).max(self.number() + 1),
            number => number,
        };
        if let Some(record) = self.record().filter(|record| record.number != number) {
            self.put_aside(record, comes);
        }
        self.hidden.update_value(|h| {
            h.other = other;
            h.told = u64::MAX;
            h.number = number;
            h.wanted = number;
        });
        let mut earlier = saved::earlier(plan.id);
        earlier.retain(|record| record.number != number);
        self.earlier.set(Arc::new(earlier));
        self.prediction.set(prediction);
        self.introduced.set(introduced || plan.question.is_none());
        self.hints.set(hints);
        self.told.set(told);
        self.sent.set(sent);
        self.why.set(None);
        self.twin.set(Twin::None);
        self.debrief.set(None);
        self.mode.set(Mode::Run);
        if warning.is_some() {
            self.problem.set(warning);
        }
        let at = replay.at;
        self.replay.set(Some(Arc::new(replay)));
        self.write_address(comes);
        match step {
            Some(step) if step != frame.step => self.ask(Request::Seek(step)),
            None if frame.at < at && !frame.over => self.seek_time(at),
            _ => self.accept(frame),
        }
        self.arrive(self.navigator.over.get_untracked());
    }

    /// Puts a run aside that another one takes the place of, if anything was done in it, and says so, unless the browser's
    /// own buttons led away from it.
    pub fn put_aside(self, record: Record, comes: Comes) {
        let touched = record.touched(self.scenario.plan.freeze_at);
        let said = touched && comes != Comes::Again;
        self.left.set(said.then(|| Arc::new(record.clone())));
        if touched {
            saved::put_aside(record);
        }
    }

    /// Writes the address of what is open, so that a reload comes back to it and a bad link does not stay.
    fn write_address(self, comes: Comes) {
        let Some(replay) = self.replay.get_untracked() else {
            return;
        };
        let route = Route::waived(
            self.scenario.plan.id,
            replay.seed,
            replay.severity,
            &replay.waivers,
        );
        match comes {
            Comes::Next => self.navigator.begin(route, self.number()),
            Comes::Here => self.navigator.rename(route, self.number(), false),
            Comes::Again => self.navigator.rename(route, self.number(), true),
        }
    }

    /// The number of the run on screen; 0 before one is open.
    fn number(self) -> u32 {
        self.hidden.try_with_value(|h| h.number).unwrap_or(0)
    }

    /// Whether this is the number of the run that is on screen or about to be.
    pub fn is_on(self, number: u32) -> bool {
        self.hidden.try_with_value(|h| h.wanted) == Some(number)
    }

    /// An address could not be followed: says so, and leaves the run and its address as they are.
    pub fn refuse(self, problem: Problem) {
        self.problem.set(Some(problem));
        self.hidden.update_value(|h| h.wanted = h.number);
        self.write_address(Comes::Here);
    }

    /// Opens another run in place of this one, which is put aside as it is now.
    pub fn replace(self, opening: Opening, comes: Comes) {
        self.pause();
        self.hidden.update_value(|h| h.wanted = opening.number);
        self.port.ask(Request::Replay, move |reply| {
            if let Reply::Replay(replay) = reply {
                self.replay.set(Some(Arc::new(*replay)));
            }
            self.open(opening, None, comes);
        });
    }

    /// Begins the lesson again as it is asked for.
    pub fn begin_as(self, asked: Asked, comes: Comes) {
        let opening = Opening {
            introduced: self.introduced.get_untracked(),
            ..Opening::asked(&self.scenario.plan, asked)
        };
        self.replace(opening, comes);
        self.region.set(Region::Mine);
    }

    /// Begins the lesson again; the browser's back button leads to what was open.
    pub fn begin(self, asked: Asked) {
        self.begin_as(asked, Comes::Next);
    }

    /// Begins the lesson again with another seed.
    pub fn begin_anew(self) {
        let seed = (js_sys::Math::random() * 1e6) as u64;
        self.begin(Asked::fresh(seed, self.severity()));
    }

    /// Goes on with a run that was put aside.
    pub fn go_on_with(self, record: Record) {
        self.replace(Opening::resumed(record), Comes::Next);
    }

    /// The browser went to the entry of another run; whether that run is still there.
    pub fn return_to(self, number: u32, asked: &Asked) -> bool {
        let found = saved::numbered(self.scenario.plan.id, number);
        let found = found.filter(|record| opening::means(asked, &record.replay));
        let is_there = found.is_some();
        if let Some(record) = found {
            self.replace(Opening::resumed(record), Comes::Again);
        }
        is_there
    }

    /// Opens the same run again in a new worker, after the old one died.
    pub fn recover(self) {
        let Some(record) = self.record() else {
            return;
        };
        self.hidden.update_value(|h| {
            h.advancing = false;
            h.seeking = false;
            h.seek_next = None;
            h.details = false;
        });
        self.open(Opening::resumed(record), None, Comes::Again);
    }
}
