//! What is ordered about deployments: begin, call off, look, tear down. Every order can be refused, and says why.

use super::service::{Attempt, Attempts, Deployment, Due, Out};
use super::{
    AttemptId, Command, DeploymentNo, Message as Say, Note as Tell, Refusal, State, Teardown,
};
use crate::ATTEMPT;
use crate::gate;
use crate::id::Token;
use crate::knob;
use machine::{Context, Fact, Gate, Moved, Subject};

impl Attempts {
    /// Asks gates one after the other; the first that refuses says why.
    fn gates(
        cx: &Context<'_>,
        out: &mut Out,
        subject: Subject,
        gates: &[(&'static Gate, bool, Refusal)],
    ) -> Option<Refusal> {
        gates.iter().find_map(|(gate, holds, refusal)| {
            let asked = out.require(cx, gate, subject, Fact::yes(*holds));
            asked.is_err().then_some(*refusal)
        })
    }

    fn start(&mut self, cx: &Context<'_>, out: &mut Out, no: DeploymentNo) -> Option<Refusal> {
        let Some(row) = self.deployment(no) else {
            return Some(Refusal::NothingThere);
        };
        let flies = matches!(row.state, Some(State::Pending | State::Deploying));
        let gates = [
            (
                &gate::NOT_TORN_DOWN,
                row.teardown.is_none(),
                Refusal::BeingTornDown,
            ),
            (&gate::ONE_ATTEMPT, !flies, Refusal::AttemptInFlight),
            (
                &gate::PREVIOUS_KNOWN,
                row.state != Some(State::Unknown),
                Refusal::PreviousUnknown,
            ),
        ];
        let refusal = Self::gates(cx, out, no.into(), &gates);
        if refusal.is_some() {
            return refusal;
        }
        let before = row.newest.and_then(|id| self.attempt(id));
        let number = before.map_or(1, |attempt| attempt.number.saturating_add(1));
        let id = AttemptId(self.attempts.insert(Attempt {
            deployment: no,
            number,
            state: State::Pending,
            token: Token(0),
            worker: None,
            observed: None,
            escalated: false,
            since: cx.now,
        }) as u16);
        self.project(no, id, State::Pending);
        self.write(out, Some(id), no);
        out.moved.push(Moved {
            lifecycle: ATTEMPT,
            subject: id.into(),
            from: None,
            transition: None,
            to: State::Pending as u8,
            version: 1,
        });
        self.settle(cx, id, State::Pending, cx.now);
        self.offer(cx, out, id);
        None
    }

    fn cancel(&mut self, cx: &Context<'_>, out: &mut Out, no: DeploymentNo) -> Option<Refusal> {
        let newest = self.deployment(no).and_then(|row| row.newest);
        let Some((id, row)) = newest.and_then(|id| Some((id, self.attempt(id)?))) else {
            return Some(Refusal::NothingThere);
        };
        if !matches!(row.state, State::Pending | State::Deploying) {
            return Some(Refusal::NothingThere);
        }
        // It counts as called off when the resource has said that there is nothing and that nothing will come.
        self.observe(cx, out, id);
        None
    }

    fn reconcile(&mut self, cx: &Context<'_>, out: &mut Out, no: DeploymentNo) -> Option<Refusal> {
        let newest = self.deployment(no).and_then(|row| row.newest);
        let unknown = |id: &AttemptId| {
            self.attempt(*id)
                .is_some_and(|row| row.state == State::Unknown)
        };
        let Some(id) = newest.filter(unknown) else {
            return Some(Refusal::NothingThere);
        };
        self.observe(cx, out, id);
        None
    }

    fn teardown(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        no: DeploymentNo,
        force: bool,
    ) -> Option<Refusal> {
        let Some(old) = self.deployments.get(no.0.into()).copied() else {
            return Some(Refusal::NothingThere);
        };
        let Some(attempt) = old.value.newest.and_then(|id| self.attempt(id)) else {
            return Some(Refusal::NothingThere);
        };
        if old.value.teardown.is_some() {
            // A second order attaches to what is there.
            return None;
        }
        let flies = matches!(attempt.state, State::Pending | State::Deploying);
        let known = attempt.state != State::Unknown || (force && attempt.observed.is_some());
        let gates = [
            (&gate::CANCELLED_FIRST, !flies, Refusal::CancelFirst),
            (&gate::TEARDOWN_KNOWN, known, Refusal::StateUnknown),
        ];
        let refusal = Self::gates(cx, out, no.into(), &gates);
        if refusal.is_some() {
            return refusal;
        }
        self.set_teardown(out, no, Teardown::Started);
        Self::tell(out, Tell::TeardownStarted { deployment: no });
        None
    }

    pub(super) fn set_teardown(&mut self, out: &mut Out, no: DeploymentNo, teardown: Teardown) {
        let Some(old) = self.deployments.get(no.0.into()).copied() else {
            return;
        };
        let value = Deployment {
            teardown: Some(teardown),
            ..old.value
        };
        if self
            .deployments
            .cas(no.0.into(), old.version, value)
            .is_ok()
        {
            self.write(out, None, no);
            self.removing.insert(no, self.written);
        }
    }

    pub(super) fn remove(&mut self, cx: &Context<'_>, out: &mut Out, no: DeploymentNo) {
        let started = self.deployment(no).and_then(|row| row.teardown);
        if started != Some(Teardown::Started) {
            return;
        }
        let resource = self.installation.resource;
        self.say(out, resource, |nth| Say::Remove {
            deployment: no,
            nth,
        });
        let again = cx.knobs.time(&knob::ATTEMPT_RESEND);
        self.agenda.set(Due::Remove(no), cx.now.after(again));
    }

    pub(super) fn on_command(&mut self, cx: &Context<'_>, out: &mut Out, command: Command) {
        let refusal = match command {
            Command::Start { deployment } => self.start(cx, out, deployment),
            Command::Cancel { deployment } => self.cancel(cx, out, deployment),
            Command::Reconcile { deployment } => self.reconcile(cx, out, deployment),
            Command::Teardown { deployment, force } => self.teardown(cx, out, deployment, force),
        };
        Self::tell(out, Tell::Ordered { command, refusal });
    }
}
