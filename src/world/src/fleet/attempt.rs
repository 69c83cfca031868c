//! Who carries attempts out, and where deployments really run.

use super::Stored;
use super::pipeline::{Snag, SnagSpell, has, takes};
use alloc::vec::Vec;
use machine::fingerprint::digest;
use machine::{Context, Duration, Input, NodeId, SortedMap, SortedSet, Step, Time};
use platform::attempt::{AttemptId, DeploymentNo, Found, Message as Say, Phase, Record};
use platform::id::Token;
use platform::knob;
use platform::message::Message;
use platform::note::Note;
use platform::pipeline;

/// How much longer a slow resource takes.
const SLOW: u64 = 20;

type Out = Step<Message, Stored, Note>;

const fn attempt(say: Say) -> Message {
    Message::Pipeline(pipeline::Message::Attempt(say))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Job {
    attempt: AttemptId,
    deployment: DeploymentNo,
    token: Token,
    phase: Phase,
    beat: Time,
    again: Time,
}

/// A worker that carries attempts out.
#[derive(Clone, Debug)]
pub struct Worker {
    service: NodeId,
    resource: NodeId,
    job: Option<Job>,
    taken: SortedMap<AttemptId, Token>,
    nth: u32,
}

impl Worker {
    /// A worker between these two.
    #[must_use]
    pub const fn new(service: NodeId, resource: NodeId) -> Self {
        Self {
            service,
            resource,
            job: None,
            taken: SortedMap::new(),
            nth: 0,
        }
    }

    /// What it is at.
    #[must_use]
    pub fn at_work(&self) -> Option<(AttemptId, Token)> {
        self.job.map(|job| (job.attempt, job.token))
    }

    fn say(&mut self, out: &mut Out, to: NodeId, say: impl FnOnce(u32) -> Say) {
        self.nth = self.nth.saturating_add(1);
        out.send(to, attempt(say(self.nth)));
    }

    /// Says how far it is, and asks once more for what it waits for if that is due.
    fn tell(&mut self, cx: &Context<'_>, out: &mut Out, beat: bool) {
        let Some(mut job) = self.job else { return };
        let (attempt, deployment) = (job.attempt, job.deployment);
        let (token, phase) = (job.token, job.phase);
        let resend = cx.knobs.time(&knob::ATTEMPT_RESEND);
        if phase == Phase::Working && job.again <= cx.now {
            job.again = cx.now.after(resend);
            let resource = self.resource;
            self.say(out, resource, |nth| Say::Apply {
                attempt,
                deployment,
                nth,
            });
        }
        if beat || job.beat <= cx.now {
            // Who waits to begin, or to be let go, asks more often than who works.
            let pause = match phase {
                Phase::Working => cx.knobs.time(&knob::ATTEMPT_BEAT),
                Phase::Claim | Phase::End(_) => resend,
            };
            job.beat = cx.now.after(pause);
            let service = self.service;
            self.say(out, service, |nth| Say::Beat {
                attempt,
                token,
                phase,
                nth,
            });
        }
        self.job = Some(job);
    }

    fn go_on(&mut self, cx: &Context<'_>, out: &mut Out, from: Phase, to: Phase) {
        if let Some(job) = &mut self.job
            && job.phase == from
        {
            job.phase = to;
            job.again = cx.now;
            self.tell(cx, out, true);
        }
    }

    pub(super) fn step(&mut self, cx: &Context<'_>, input: &Input<Message>, out: &mut Out) {
        let say = match *input {
            Input::Message {
                message: Message::Pipeline(pipeline::Message::Attempt(say)),
                ..
            } => say,
            Input::Deadline => return self.tell(cx, out, false),
            _ => return,
        };
        match say {
            Say::Offer {
                attempt,
                deployment,
                token,
                ..
            } => {
                let taken = self.taken.get(&attempt);
                if taken.is_some_and(|taken| *taken >= token) {
                    return;
                }
                // Whoever has no time now has none for this offer: there will be another.
                self.taken.insert(attempt, token);
                let busy = |job: &Job| job.phase == Phase::Working && job.attempt != attempt;
                if self.job.as_ref().is_some_and(busy) {
                    return;
                }
                self.job = Some(Job {
                    attempt,
                    deployment,
                    token,
                    phase: Phase::Claim,
                    beat: cx.now,
                    again: cx.now,
                });
                self.tell(cx, out, true);
            }
            Say::Go { attempt, token, .. } if self.at_work() == Some((attempt, token)) => {
                self.go_on(cx, out, Phase::Claim, Phase::Working);
            }
            Say::Applied { attempt, well, .. }
                if self.job.is_some_and(|job| job.attempt == attempt) =>
            {
                self.go_on(cx, out, Phase::Working, Phase::End(well));
            }
            Say::Release { attempt, token, .. } if self.at_work() == Some((attempt, token)) => {
                self.job = None;
            }
            _ => {}
        }
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        let job = self.job?;
        Some(match job.phase {
            Phase::Working => job.beat.min(job.again),
            Phase::Claim | Phase::End(_) => job.beat,
        })
    }

    /// What it was at is gone.
    pub(super) fn restart(&mut self, cx: &Context<'_>) {
        self.job = None;
        self.taken = SortedMap::new();
        self.nth = u32::try_from(cx.now.0 / 1_000).unwrap_or(u32::MAX / 2);
    }

    pub(super) fn fingerprint(&self) -> u64 {
        digest(&(self.job, self.taken.iter().collect::<Vec<_>>(), self.nth))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Making {
    due: Time,
    to: NodeId,
    nth: u32,
}

/// Where deployments really run.
#[derive(Clone, Debug)]
pub struct Resource {
    work: (Duration, Duration),
    spells: Vec<SnagSpell>,
    /// What is there of each deployment: by which attempt, and how far it is if it is being made.
    there: SortedMap<DeploymentNo, (AttemptId, Option<Making>)>,
    /// Attempts that failed, or that are not let in any more.
    out: SortedSet<AttemptId>,
    last: SortedMap<NodeId, u32>,
}

impl Resource {
    /// A resource that takes this long to make something.
    #[must_use]
    pub const fn new(work: (Duration, Duration), spells: Vec<SnagSpell>) -> Self {
        Self {
            work,
            spells,
            there: SortedMap::new(),
            out: SortedSet::new(),
            last: SortedMap::new(),
        }
    }

    /// What there is of an attempt.
    #[must_use]
    pub fn finds(&self, deployment: DeploymentNo, attempt: AttemptId) -> Found {
        match self.there.get(&deployment) {
            Some((it, making)) if *it == attempt => {
                if making.is_some() {
                    Found::Underway
                } else {
                    Found::Running
                }
            }
            _ => Found::Absent,
        }
    }

    /// Which attempt a deployment runs by, if anything of it is there.
    #[must_use]
    pub fn there(&self, deployment: DeploymentNo) -> Option<AttemptId> {
        self.there.get(&deployment).map(|(attempt, _)| *attempt)
    }

    fn on_message(&mut self, cx: &Context<'_>, out: &mut Out, from: NodeId, say: Say) {
        let (Say::Apply { nth, .. } | Say::Observe { nth, .. } | Say::Remove { nth, .. }) = say
        else {
            return;
        };
        if self.last.get(&from).is_some_and(|last| *last >= nth) {
            return;
        }
        self.last.insert(from, nth);
        match say {
            Say::Apply {
                attempt: id,
                deployment,
                nth,
            } => {
                let answer = |well| {
                    attempt(Say::Applied {
                        attempt: id,
                        well,
                        nth,
                    })
                };
                match self.there.get_mut(&deployment) {
                    Some((it, None)) if *it == id => out.send(from, answer(true)),
                    Some((it, Some(making))) if *it == id => (making.to, making.nth) = (from, nth),
                    _ if self.out.contains(&id) => out.send(from, answer(false)),
                    _ => {
                        let slow = has(&self.spells, Snag::SlowResource, cx.now);
                        let work = takes(cx, digest(&("apply", id)), self.work);
                        let work = Duration(work.0 * if slow { SLOW } else { 1 });
                        let making = Making {
                            due: cx.now.after(work),
                            to: from,
                            nth,
                        };
                        self.there.insert(deployment, (id, Some(making)));
                    }
                }
            }
            Say::Observe {
                attempt: id,
                deployment,
                nth,
            } => {
                let found = self.finds(deployment, id);
                if found == Found::Absent {
                    self.out.insert(id);
                }
                out.send(
                    from,
                    attempt(Say::Observed {
                        attempt: id,
                        found,
                        nth,
                    }),
                );
            }
            Say::Remove { deployment, nth } => {
                self.there.remove(&deployment);
                out.send(from, attempt(Say::Removed { deployment, nth }));
            }
            _ => {}
        }
    }

    pub(super) fn step(&mut self, cx: &Context<'_>, input: &Input<Message>, out: &mut Out) {
        match *input {
            Input::Message {
                from,
                message: Message::Pipeline(pipeline::Message::Attempt(say)),
            } => self.on_message(cx, out, from, say),
            Input::Deadline => {
                let fails = has(&self.spells, Snag::ResourceFails, cx.now);
                let made = self.there.iter().filter_map(|(no, (id, making))| {
                    let making = making.filter(|making| making.due <= cx.now)?;
                    Some((*no, *id, making))
                });
                let made: Vec<_> = made.collect();
                for (no, id, making) in made {
                    if fails {
                        self.there.remove(&no);
                        self.out.insert(id);
                    } else {
                        self.there.insert(no, (id, None));
                    }
                    out.send(
                        making.to,
                        attempt(Say::Applied {
                            attempt: id,
                            well: !fails,
                            nth: making.nth,
                        }),
                    );
                }
            }
            _ => {}
        }
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        let making = self.there.values().filter_map(|(_, making)| *making);
        making.map(|making| making.due).min()
    }

    pub(super) fn fingerprint(&self) -> u64 {
        digest(&(
            self.there.iter().collect::<Vec<_>>(),
            self.out.iter().collect::<Vec<_>>(),
            self.last.iter().collect::<Vec<_>>(),
        ))
    }
}

pub(super) const fn stored(stored: &Stored) -> Option<Record> {
    match stored {
        Stored::Attempts(record) => Some(*record),
        _ => None,
    }
}
