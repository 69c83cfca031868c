//! Presence: which runners are there, and what they say about how busy their allocations are.
//!
//! **Invariants.** Heartbeats and activity count upwards; what arrives late or twice changes nothing. A runner that was
//! silent comes back by its heartbeat, an allocation on it by its own word, under its current token.

use super::{ControlPlane, Due, Out};
use crate::id::{AllocationId, Token};
use crate::message::{Cause, Message};
use crate::note::Note;
use crate::{allocation, knob};
use machine::{Context, Duration, NodeId, Time};

/// What is known of a runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Presence {
    /// Whether it was heard of lately enough.
    pub(super) connected: bool,
    heard_at: Time,
    nth: u32,
}

/// How busy an allocation is, by its runner's last word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Doing {
    pub(super) token: Token,
    pub(super) in_flight: u32,
    pub(super) idle: Duration,
    pub(super) nth: u32,
}

impl ControlPlane {
    /// Takes every runner as just heard of: a control plane that was away itself cannot blame them for silence.
    pub(super) fn hear_all(&mut self, cx: &Context<'_>) {
        for index in 0..self.installation.hosts.len() {
            let Some(host) = self.installation.hosts.get(index) else {
                continue;
            };
            self.runners.insert(
                host.runner,
                Presence {
                    connected: true,
                    heard_at: cx.now,
                    nth: 0,
                },
            );
            self.agenda.set(
                Due::Runner(host.runner),
                cx.now.after(cx.knobs.time(&knob::PRESENCE_TIMEOUT)),
            );
        }
    }

    /// A runner says that it is there.
    pub(super) fn on_heartbeat(&mut self, cx: &Context<'_>, out: &mut Out, from: NodeId, nth: u32) {
        let heard = |presence: &mut Presence| {
            if nth <= presence.nth {
                return false;
            }
            presence.nth = nth;
            presence.heard_at = cx.now;
            !core::mem::replace(&mut presence.connected, true)
        };
        if self.runners.update(from, heard) == Some(true) {
            out.note(Note::PresenceChanged {
                runner: from,
                connected: true,
            });
            self.agenda.set(
                Due::Runner(from),
                cx.now.after(cx.knobs.time(&knob::PRESENCE_TIMEOUT)),
            );
            self.repeat_all_standing(cx, from);
        }
    }

    /// A runner may have been silent for too long. Asked again when it would be, not at every heartbeat.
    pub(super) fn runner_due(&mut self, cx: &Context<'_>, out: &mut Out, runner: NodeId) {
        let Some(presence) = self.runners.get(runner).copied() else {
            return;
        };
        let silent = cx.now.since(presence.heard_at);
        let (patience, lost) = (
            cx.knobs.time(&knob::PRESENCE_TIMEOUT),
            cx.knobs.time(&knob::HOST_LOST),
        );
        if presence.connected && silent < patience {
            return self
                .agenda
                .set(Due::Runner(runner), presence.heard_at.after(patience));
        }
        if presence.connected {
            self.runners
                .update(runner, |presence| presence.connected = false);
            out.note(Note::PresenceChanged {
                runner,
                connected: false,
            });
            for id in self.live_on(runner) {
                self.set_serving(cx, out, id, false);
            }
        }
        if silent < lost {
            return self
                .agenda
                .set(Due::Runner(runner), presence.heard_at.after(lost));
        }
        for id in self.live_on(runner) {
            // It cannot be told now; it will be, when it comes back and says that the allocation still runs.
            self.fail(cx, out, id, Cause::HostLost, false, None);
        }
    }

    /// A runner says how busy an allocation is.
    pub(super) fn on_activity(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        id: AllocationId,
        doing: Doing,
    ) {
        let Some(value) = self.allocations.get(id.0).map(|row| row.value) else {
            let stop = Message::Stop {
                allocation: id,
                token: doing.token,
                drain: None,
                nth: doing.nth,
            };
            return self.say(out, from, stop);
        };
        if value.state.is_terminal() {
            let stop = Message::Stop {
                allocation: id,
                token: value.token,
                drain: None,
                nth: doing.nth,
            };
            return self.say(out, from, stop);
        }
        let late = self.doing.get(id).is_some_and(|last| doing.nth <= last.nth);
        if late || doing.token != value.token {
            return;
        }
        self.doing.insert(id, doing);
        if value.state == allocation::State::Ready && !value.serving {
            self.rejoin(cx, out, id);
        }
        self.check_idle(cx, out, id);
    }
}
