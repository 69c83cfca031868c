//! Evidence of readiness: what counts, how much of it is enough, and what it puts in rotation.

use super::reports::{Fit, Report};
use super::{ControlPlane, Out};
use crate::allocation::{State, Transition};
use crate::{gate, knob};
use machine::{Context, Fact, Time};

impl ControlPlane {
    /// A readiness check was made.
    pub(super) fn on_readiness(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        report: &Report,
        pass: bool,
        at: Time,
    ) -> Fit {
        let id = report.allocation;
        let Some(state) = self.allocations.get(id.0).map(|row| row.value.state) else {
            return Fit::Stale;
        };
        match state {
            State::Planned | State::Pulling => return Fit::Early,
            State::Draining => return Fit::Taken,
            _ => {}
        }
        let age = Fact::at_most(cx.now.since(at).0, cx.knobs.get(&knob::EVIDENCE_TTL));
        if out
            .require(cx, &gate::EVIDENCE_FRESH, id.into(), age)
            .is_err()
        {
            // Heard, but not counted: its runner notices that it took too long and checks again.
            return Fit::Taken;
        }
        // A process that answers checks runs, even if the report that says so is still on its way.
        self.process_up(cx, out, id, Some(report.report));
        self.count(cx, out, report, pass, at);
        if let Some(value) = self.allocations.get(id.0).map(|row| row.value) {
            for wake in self.waiting_for(id, &value) {
                self.try_hot(cx, out, wake);
            }
        }
        Fit::Taken
    }

    /// Counts a check and draws the consequence, all in one commit.
    fn count(&mut self, cx: &Context<'_>, out: &mut Out, report: &Report, pass: bool, at: Time) {
        let id = report.allocation;
        let Some(old) = self.allocations.get(id.0).map(|row| row.value) else {
            return;
        };
        let mut new = old;
        new.report = Some(report.report);
        // Checks may arrive out of order: a pass from before the last failure is no pass in a row, and a failure from
        // before the last pass has been overtaken by it.
        if pass && at >= old.failed_at {
            new.passes = old.passes.saturating_add(1);
            new.passed_at = old.passed_at.max(at);
        } else if !pass && at >= old.passed_at {
            new.passes = 0;
            new.failed_at = at;
        }
        let mut transition = None;
        let starting = old.state == State::Starting;
        if starting || (pass && !old.healthy) {
            let fact = Fact::at_least(new.passes.into(), cx.knobs.get(&knob::READINESS_PASSES));
            if out
                .require(cx, &gate::HEALTH_READINESS_PASS, id.into(), fact)
                .is_ok()
            {
                transition = starting.then_some(Transition::BecameReady);
                new.healthy = true;
                new.serving = old.serving || self.belongs_in_rotation(&old);
            }
        } else if !pass && new.failed_at == at {
            new.healthy = false;
            new.serving = false;
        }
        self.write_allocation(cx, out, id, transition, |value| *value = new);
        if old.serving && !new.serving {
            self.check_last(cx, out, old.route, old.epoch);
        }
        if transition.is_some() {
            self.start_waiting(cx, out, old.route);
        }
    }
}
