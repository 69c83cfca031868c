//! Properties of attempts to deploy: O-40, O-41, that ends are real, that what is torn down is gone, that nobody is forgotten.

use super::pipeline::{self, Memory};
use super::{Judge, place};
use crate::fleet::Fleet;
use alloc::format;
use machine::{Duration, Time};
use platform::attempt::{
    AttemptId, Attempts, Command, DeploymentNo, Found, Note as Tell, Refusal, State as Stage,
    Teardown,
};
use platform::knob;
use platform::note::Note;
use platform::pipeline::Note as Outer;
use sim::{Entry, State, What};

pub(super) fn check(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let Some(service) = state.fleet().attempts() else {
        return;
    };
    if matches!(entry.what, What::Healed) {
        memory.heal();
    }
    for moved in entry.moved {
        if moved.lifecycle == platform::ATTEMPT {
            let ended = |stage: u8| stage == Stage::Ready as u8 || stage == Stage::Failed as u8;
            judge.claim(
                const { place("o-28") },
                !moved.from.is_some_and(ended),
                || format!("attempt {} moved after its end", moved.subject.id + 1),
            );
            let id = AttemptId(moved.subject.id as u16);
            moved_to(state, service, (id, moved.from, moved.to), judge);
        }
    }
    for note in entry.notes {
        if let Note::Pipeline(note) = note {
            pipeline::tells(state, note, memory, judge);
            if let Outer::Attempt(note) = note {
                told(service, note, judge);
            }
        }
    }
    if memory.look_now(entry.at) {
        settle(state, service, entry.at, memory, judge);
    }
}

fn moved_to(
    state: &State<Fleet>,
    service: &Attempts,
    (id, from, to): (AttemptId, Option<u8>, u8),
    judge: &mut Judge<'_>,
) {
    let name = id.0 + 1;
    let Some(attempt) = service.attempts().get(id.0.into()) else {
        return;
    };
    let no = attempt.value.deployment;
    let mine = || {
        let all = service.attempts().iter();
        all.filter(move |(_, row)| row.value.deployment == no)
    };
    let open =
        mine().filter(|(_, row)| matches!(row.value.state, Stage::Pending | Stage::Deploying));
    let newest = mine().next_back().map(|(_, row)| row.value.state);
    let said = service.deployments().get(no.0.into());
    let said = said.and_then(|row| row.value.state);
    let one = open.count() <= 1 && newest == said;
    judge.claim(const { place("o-40") }, one, || {
        format!(
            "deployment {} has two attempts in flight, or another state than its newest",
            no.0 + 1
        )
    });
    if from.is_none() {
        let before = mine().rfind(|(at, _)| *at < u32::from(id.0));
        let known = before.is_none_or(|(_, row)| row.value.state != Stage::Unknown);
        judge.claim(const { place("attempts-follow-proof") }, known, || {
            format!("attempt {name} began although nobody knows what became of the one before")
        });
    }
    if to == Stage::Unknown as u8 {
        judge.claim(
            const { place("some-attempt-is-unknown") },
            true,
            Default::default,
        );
    }
    let Some(resource) = state.fleet().resource() else {
        return;
    };
    let found = resource.finds(no, id);
    if to == Stage::Ready as u8 {
        judge.claim(
            const { place("ends-are-real") },
            found == Found::Running,
            || format!("attempt {name} is called ready, and what it should make is not there"),
        );
    }
    if to == Stage::Failed as u8 {
        judge.claim(
            const { place("ends-are-real") },
            found == Found::Absent,
            || format!("attempt {name} is called failed, and what it makes is there or on its way"),
        );
    }
    if from == Some(Stage::Unknown as u8) {
        judge.claim(
            const { place("some-attempt-is-reconciled") },
            true,
            Default::default,
        );
    }
}

fn told(service: &Attempts, note: &Tell, judge: &mut Judge<'_>) {
    match *note {
        Tell::Believed {
            attempt,
            current,
            report,
        } => judge.claim(const { place("o-8") }, current == report, || {
            format!(
                "a worker with lease {} was believed for attempt {}, whose lease is {}",
                report.0,
                attempt.0 + 1,
                current.0
            )
        }),
        Tell::Swept { found, moved } => {
            judge.claim(const { place("sweeps-are-whole") }, found == moved, || {
                format!("the sweep found {found} orphans and moved {moved}")
            });
        }
        Tell::TeardownStarted { deployment } => {
            let row = service.deployments().get(deployment.0.into());
            let newest = row.and_then(|row| row.value.newest);
            let attempt = newest.and_then(|id| service.attempts().get(id.0.into()));
            let known = attempt.is_none_or(|row| {
                row.value.state != Stage::Unknown || row.value.observed.is_some()
            });
            judge.claim(const { place("o-41") }, known, || {
                format!(
                    "deployment {} is torn down, and nobody had looked what is there",
                    deployment.0 + 1
                )
            });
        }
        Tell::Ordered {
            command: Command::Teardown { .. },
            refusal: Some(Refusal::StateUnknown),
        } => judge.claim(
            const { place("some-teardown-is-refused") },
            true,
            Default::default,
        ),
        _ => {}
    }
}

/// Once troubles are over: orphans are swept, unknown attempts are looked into, what was torn down is gone, events are told.
fn settle(
    state: &State<Fleet>,
    service: &Attempts,
    now: Time,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let roster = state.fleet().roster();
    let mut nodes = roster.seated(crate::fleet::ATTEMPTS);
    let Some(up_since) = memory.up_since(nodes.all(|node| state.is_up(node)), now) else {
        return;
    };
    let knobs = state.knobs();
    let slack = knobs.time(&knob::ATTEMPT_RESEND).0 * 3 + 2_000_000;
    let sweep = knobs.time(&knob::ATTEMPT_ORPHAN_AFTER).0 + knobs.time(&knob::ATTEMPT_SWEEP).0 * 2;
    for (at, row) in service.attempts().iter() {
        let (name, row) = (at + 1, row.value);
        let since = row.since.max(up_since);
        match row.state {
            Stage::Pending | Stage::Deploying => {
                let heard = service
                    .heard(AttemptId(at as u16))
                    .unwrap_or(since)
                    .max(up_since);
                judge.claim(
                    const { place("sweeps-are-whole") },
                    now.since(heard).0 <= sweep + slack,
                    || format!("attempt {name} is an orphan, and nobody has swept it"),
                );
            }
            Stage::Unknown => {
                let limit = knobs.time(&knob::ATTEMPT_ESCALATE).0 + slack;
                judge.claim(
                    const { place("l-7") },
                    now.since(since).0 <= limit || row.escalated,
                    || format!("attempt {name} has been unknown for long, and nobody was called"),
                );
            }
            Stage::Ready | Stage::Failed => {}
        }
    }
    let Some(resource) = state.fleet().resource() else {
        return;
    };
    for (at, row) in service.deployments().iter() {
        if row.value.teardown == Some(Teardown::Done) {
            let there = resource.there(DeploymentNo(at as u8));
            judge.claim(
                const { place("torn-down-is-gone") },
                there.is_none(),
                || format!("deployment {} was torn down, and it is there", at + 1),
            );
        }
    }
    pipeline::events(state, service.outbox(), now, Duration(slack), memory, judge);
}
