//! Reading, doing, taking back, comparing, looking back and sharing.

use super::*;

impl Desk {
    /// Reads something.
    pub fn read(self, id: &str) {
        self.pause();
        self.ask(Request::Read(id.to_string()));
    }

    /// Does something, and says what came of it.
    pub fn act(self, id: &str) {
        self.pause();
        self.port
            .ask(Request::Act(id.to_string()), move |reply| match reply {
                Reply::Frame(frame) => {
                    if let Some(action) = frame.actions.last() {
                        self.live.say(&action.outcome);
                    }
                    self.moved(*frame);
                }
                Reply::Problem(problem) => self.problem.set(Some(problem)),
                _ => {}
            });
    }

    /// Takes the last action or read back.
    pub fn undo(self) {
        self.pause();
        if self
            .frame
            .with_untracked(|frame| frame.as_ref().is_some_and(|frame| frame.undo > 0))
        {
            self.ask(Request::Undo);
            self.live.say("Taken back.");
        }
    }

    /// Does again what was taken back.
    pub fn redo(self) {
        self.pause();
        if self
            .frame
            .with_untracked(|frame| frame.as_ref().is_some_and(|frame| frame.redo > 0))
        {
            self.ask(Request::Redo);
            self.live.say("Done again.");
        }
    }

    /// Shows another part of the page. The run lies under the others: the browser's back button leads to it.
    pub fn show(self, mode: Mode) {
        if self.mode.get_untracked() == mode {
            return;
        }
        self.mode.set(mode);
        match mode {
            Mode::Run => self.navigator.uncover(),
            Mode::Twin | Mode::Debrief => self.navigator.cover(mode as u8),
        }
    }

    /// The browser went back or forth to another part of the page; a run that is still to come waits for itself.
    pub fn arrive(self, over: u8) {
        if self.hidden.try_with_value(|h| h.number == h.wanted) != Some(true) {
            return;
        }
        let modes = [Mode::Run, Mode::Twin, Mode::Debrief];
        let mode = modes.into_iter().find(|mode| *mode as u8 == over);
        let mode = mode.unwrap_or(Mode::Run);
        if self.mode.get_untracked() != mode {
            self.mode.set(mode);
            if mode == Mode::Debrief {
                self.look_back();
            }
        }
    }

    /// Looks at another branch.
    pub fn branch(self, branch: u32) {
        self.pause();
        self.show(Mode::Run);
        self.ask(Request::Branch(branch));
    }

    /// Asks why an entry happened.
    pub fn select(self, step: u64) {
        self.port.ask(Request::Why(step), move |reply| match reply {
            Reply::Why(why) => {
                self.why.set(Some(Arc::new(*why)));
                self.region.set(Region::Story);
            }
            Reply::Problem(problem) => self.problem.set(Some(problem)),
            _ => {}
        });
    }

    /// Commits a prediction.
    pub fn commit(self, prediction: Prediction) {
        self.prediction.set(Some(prediction));
        self.introduced.set(true);
        self.keep_now();
        self.live
            .say("Prediction committed. Play to see what comes true.");
    }

    /// Ends the introduction of a first visit without a prediction.
    pub fn introduce(self) {
        self.introduced.set(true);
        self.keep_now();
    }

    /// Opens one more hint.
    pub fn hint(self) {
        self.hints.update(|hints| *hints += 1);
        self.keep_now();
    }

    /// Asks which gates have ruled so far.
    pub fn ask_gates(self) {
        self.port.ask(Request::Gates, move |reply| {
            if let Reply::Gates(gates) = reply {
                self.ruled.set(Arc::new(gates));
            }
        });
    }

    /// Runs the same again with one gate waived.
    pub fn run_twin(self, gate: String) {
        self.pause();
        self.show(Mode::Twin);
        self.twin.set(Twin::Under(gate.clone()));
        self.port
            .ask(Request::Twin(gate), move |reply| match reply {
                Reply::Twin(view) => {
                    self.live.say("The twin run is ready.");
                    self.twin.set(Twin::Here(Arc::new(*view)));
                    self.ask(Request::Frame);
                }
                Reply::Problem(problem) => {
                    self.twin.set(Twin::None);
                    self.problem.set(Some(problem));
                }
                _ => {}
            });
    }

    /// Whether the debrief gives nothing away: there is no cause to find, the run is over, or it was told already.
    pub fn may_tell(self) -> bool {
        let over = self
            .frame
            .with(|frame| frame.as_ref().is_some_and(|frame| frame.over));
        over || !self.scenario.plan.cause || self.told.get()
    }

    /// Gives up: the cause is told before the end.
    pub fn give_up(self) {
        self.told.set(true);
        self.keep_now();
        self.look_back();
    }

    /// Goes to the debrief.
    pub fn look_back(self) {
        self.pause();
        self.show(Mode::Debrief);
        if !untrack(|| self.may_tell()) {
            return;
        }
        if !self.told.get_untracked() {
            self.told.set(true);
            self.keep_now();
        }
        if self.debrief.with_untracked(Option::is_none) {
            self.port.ask(Request::Debrief, move |reply| match reply {
                Reply::Debrief(debrief) => self.debrief.set(Some(Arc::new(*debrief))),
                Reply::Problem(problem) => {
                    self.show(Mode::Run);
                    self.problem.set(Some(problem));
                }
                _ => {}
            });
        }
    }

    /// How hard the background of the run is.
    pub fn severity(self) -> Severity {
        let replay = self.replay.get_untracked();
        replay.map_or(Severity::default(), |replay| replay.severity)
    }

    /// The link that reproduces the run; empty before one is open.
    pub fn link(self) -> String {
        self.replay
            .get_untracked()
            .map_or_else(String::new, |replay| {
                absolute(&Route::shared(&replay.scenario, &replay.to_link()))
            })
    }

    /// Copies the link and says whether that went well.
    pub fn copy_link(self) {
        self.live.copy(self.link());
    }

    /// Changes a setting and keeps it.
    pub fn set(self, change: impl FnOnce(&mut Settings)) {
        self.settings.update(change);
        self.settings.get_untracked().keep();
    }
}
