//! Upgrading a host and checking it: the automation is told until the agent speaks from another boot; then the agent is
//! asked until it has checked its host.

use super::Said;
use crate::control::{ControlPlane, Out};
use crate::hosts::{Drain, Facts, Hold, Message, Note as HostNote, State, Transition};
use crate::id::DrainId;
use crate::note::Note;
use crate::{gate, knob};
use machine::{Context, Duration, Fact, NodeId};

impl ControlPlane {
    /// The host is empty: it is handed to the automation, if its image is approved and nothing has changed meanwhile.
    pub(super) fn start_upgrade(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: DrainId,
        drain: &Drain,
    ) {
        self.ask_provider(out);
        let asked = [
            (
                &gate::IMAGE_APPROVED,
                Fact::yes(drain.approved),
                Hold::ImageNotApproved,
            ),
            (
                &gate::PROVIDER_ANSWERS,
                self.provider_fact(cx),
                Hold::ProviderOutage,
            ),
            (
                &gate::QUORUM_HEALTHY,
                self.quorum_without(id, drain.host),
                Hold::Quorum,
            ),
            (
                &gate::BUILD_SLOTS_FREE,
                Fact::below(
                    self.being_built(id),
                    cx.knobs.get(&knob::HOSTS_BUILT_AT_ONCE),
                ),
                Hold::BuildSlots,
            ),
        ];
        for (gate, fact, hold) in asked {
            if out.require(cx, gate, id.into(), fact).is_err() {
                return self.hold(cx, out, id, hold);
            }
        }
        self.free(out, id, drain.hold);
        self.install(cx, out, id, drain, Transition::UpgradeStarted);
    }

    /// Has a version installed, along the arrow that leads there.
    fn install(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: DrainId,
        drain: &Drain,
        along: Transition,
    ) {
        let boot_before = self
            .hosts
            .said
            .get(drain.host)
            .map_or(drain.boot, |said| said.boot);
        let written = self.write_drain(cx, out, id, Some(along), |drain| {
            drain.hold = Hold::None;
            drain.boot_before = boot_before;
            drain.attempt = drain.attempt.saturating_add(1);
            drain.tries = drain.tries.saturating_add(1);
        });
        if written.is_some() {
            out.note(Note::Host(HostNote::Ordered {
                drain: id,
                version: drain.version,
                attempt: drain.attempt.saturating_add(1),
            }));
            self.order_upgrade(out, id);
        }
    }

    fn order_upgrade(&mut self, out: &mut Out, id: DrainId) {
        let nth = self.next_asked();
        let (Some(drain), Some(bootstrap)) = (
            self.drain_row(id),
            self.managed().map(|managed| managed.bootstrap),
        ) else {
            return;
        };
        let order = Message::Upgrade {
            drain: id,
            host: drain.host,
            version: drain.version,
            attempt: drain.attempt,
            nth,
        };
        self.say(out, bootstrap, crate::message::Message::Host(order));
    }

    /// The host is with the automation: told again, and called stuck when it takes too long.
    pub(super) fn await_return(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: DrainId,
        drain: &Drain,
    ) {
        self.order_upgrade(out, id);
        if cx.now.since(drain.since) >= cx.knobs.time(&knob::UPGRADE_DEADLINE) {
            self.hold(cx, out, id, Hold::UpgradeStuck);
        }
    }

    /// An agent says from which boot it speaks.
    pub(super) fn on_hello(&mut self, cx: &Context<'_>, out: &mut Out, from: NodeId, said: Said) {
        let newer = self
            .hosts
            .said
            .get(from)
            .is_none_or(|last| (said.boot, said.nth) > (last.boot, last.nth));
        if newer {
            self.hosts.said.insert(from, said);
        }
        let Some((id, drain)) = self.drain_of(from) else {
            return;
        };
        match drain.state {
            State::Upgrading => {
                let fact = Fact {
                    holds: said.boot > drain.boot_before && said.version == drain.version,
                    found: said.boot.into(),
                    wanted: u64::from(drain.boot_before) + 1,
                };
                if out
                    .require(cx, &gate::BOOT_ID_CHANGED, id.into(), fact)
                    .is_err()
                {
                    return;
                }
                self.free(out, id, drain.hold);
                self.write_drain(cx, out, id, Some(Transition::CameBack), |drain| {
                    drain.hold = Hold::None;
                    drain.boot = said.boot;
                });
                self.look_at(cx, out, id);
            }
            // It was restarted once more: what it found before is void.
            State::Postcheck if newer && said.boot > drain.boot => {
                self.write_drain(cx, out, id, None, |drain| drain.boot = said.boot);
                self.look_at(cx, out, id);
            }
            _ => {}
        }
    }

    /// The host is back: its agent is asked what it finds; one that says nothing for too long has failed.
    pub(super) fn ask_postcheck(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        id: DrainId,
        drain: &Drain,
    ) {
        let patience: Duration = cx.knobs.time(&knob::POSTCHECK_DEADLINE);
        let silent = drain.hold == Hold::None && cx.now.since(drain.since) >= patience;
        // One that waits for the quorum is to be rebuilt already.
        if silent || drain.hold == Hold::Quorum {
            return self.rebuild(cx, out, id);
        }
        if drain.hold == Hold::None {
            let nth = self.next_asked();
            let ask = crate::message::Message::Host(Message::PostcheckAsk { drain: id, nth });
            self.say(out, drain.host, ask);
        }
    }

    /// An agent says what its checks found.
    pub(super) fn on_postcheck(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        from: NodeId,
        id: DrainId,
        boot: u32,
        facts: Facts,
    ) {
        let Some(drain) = self
            .drain_row(id)
            .filter(|drain| drain.host == from && drain.state == State::Postcheck)
        else {
            return;
        };
        let fact = Fact::equal(boot.into(), drain.boot.into());
        if out
            .require(cx, &gate::POSTCHECK_CURRENT, id.into(), fact)
            .is_err()
        {
            return out.note(Note::Host(HostNote::PostcheckVoid { drain: id, boot }));
        }
        // Once somebody has to look, the same findings again decide nothing.
        if drain.hold != Hold::None {
            return;
        }
        let checks = out.require(cx, &gate::HOST_CHECKS, id.into(), Fact::yes(facts.passes()));
        let drift = out.require(cx, &gate::DRIFT_CHECKS, id.into(), Fact::yes(!facts.drift));
        let passed = checks.is_ok() && drift.is_ok();
        out.note(Note::Host(HostNote::PostcheckTaken {
            drain: id,
            boot,
            passed,
        }));
        if passed {
            self.write_drain(cx, out, id, Some(Transition::Passed), |_| {});
            return;
        }
        if facts.agent {
            return self.rebuild(cx, out, id);
        }
        // The same image would bring the same agent: no rebuild helps, and no other host shall get it.
        self.write_drain(cx, out, id, None, |drain| drain.regression = true);
        out.note(Note::Host(HostNote::RolloutFrozen {
            drain: id,
            version: drain.version,
        }));
        self.hold(cx, out, id, Hold::PostcheckFailed);
    }

    /// A check has failed: the host is built once more, or somebody has to look.
    pub(super) fn rebuild(&mut self, cx: &Context<'_>, out: &mut Out, id: DrainId) {
        let Some(drain) = self
            .drain_row(id)
            .filter(|drain| drain.state == State::Postcheck)
        else {
            return;
        };
        let fact = Fact::below(drain.tries.into(), cx.knobs.get(&knob::REBUILD_BUDGET));
        if out
            .require(cx, &gate::REBUILDS_LEFT, id.into(), fact)
            .is_err()
        {
            return self.hold(cx, out, id, Hold::PostcheckFailed);
        }
        // Since it came back it counted as healthy, so that another voter may have been taken out of use.
        let quorum = self.quorum_without(id, drain.host);
        if out
            .require(cx, &gate::QUORUM_HEALTHY, id.into(), quorum)
            .is_err()
        {
            return self.hold(cx, out, id, Hold::Quorum);
        }
        self.free(out, id, drain.hold);
        self.install(cx, out, id, &drain, Transition::RebuildStarted);
    }

    /// An operator wants a host back whose checks have not passed: the checks decide, and they have not.
    pub(super) fn uncordon_early(&mut self, cx: &Context<'_>, out: &mut Out, id: DrainId) -> bool {
        if out
            .require(cx, &gate::HOST_CHECKS, id.into(), Fact::yes(false))
            .is_err()
        {
            return false;
        }
        self.write_drain(cx, out, id, Some(Transition::Passed), |_| {})
            .is_some()
    }
}
