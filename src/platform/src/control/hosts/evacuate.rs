//! Emptying a host: replacements first, then one allocation after the other, and honest numbers at the end.
//!
//! **Invariants.** Which allocation replaces which is read from the tables each time: what left this host since the
//! evacuation began, and what was planned elsewhere since then for the same owner. A replacement that fails counts no
//! longer, so another is planned.

use crate::control::scheduler::Plan;
use crate::control::{Allocation, ControlPlane, Out};
use crate::hosts::{Drain, Hold, Note as HostNote, Transition};
use crate::id::{AllocationId, DrainId, Epoch, RouteId};
use crate::message::Cause;
use crate::note::Note;
use crate::{allocation, gate, knob, wake};
use alloc::vec::Vec;
use machine::{Context, Fact, NodeId, SortedMap, Time};

impl ControlPlane {
    /// What does not fit elsewhere, and whether the others could then still lose one more host. All in bytes.
    pub(super) fn headroom_without(&self, host: NodeId) -> Fact {
        let region = self
            .installation
            .hosts
            .iter()
            .find(|one| one.runner == host)
            .map(|one| one.region);
        let mut others: Vec<(u64, u64)> = self
            .installation
            .hosts
            .iter()
            .filter(|one| {
                one.runner != host
                    && Some(one.region) == region
                    && self.is_connected(one.runner)
                    && !self.is_cordoned(one.runner)
            })
            .map(|one| {
                let load = self.promised(one.runner);
                (one.memory.saturating_sub(load), load)
            })
            .collect();
        let mut moving: Vec<u64> = self
            .live_on(host)
            .iter()
            .filter_map(|id| self.allocations.get(id.0))
            .map(|row| row.value.limit)
            .collect();
        moving.sort_unstable();
        let needed = moving
            .iter()
            .fold(0_u64, |sum, one| sum.saturating_add(*one));
        // The largest first, each to whoever has the most room: what the scheduler would do.
        for limit in moving.into_iter().rev() {
            let Some(best) = others.iter_mut().max_by_key(|(free, _)| *free) else {
                return Fact::at_least(0, needed);
            };
            if best.0 < limit {
                return Fact {
                    holds: false,
                    found: best.0,
                    wanted: limit,
                };
            }
            best.0 -= limit;
            best.1 += limit;
        }
        let free = others
            .iter()
            .fold(0_u64, |sum, one| sum.saturating_add(one.0));
        let worst = others.iter().max_by_key(|(_, load)| *load).copied();
        let (its_free, its_load) = worst.unwrap_or((0, 0));
        Fact {
            holds: worst.is_some() && free - its_free >= its_load,
            found: free - its_free,
            wanted: its_load,
        }
    }

    /// Empties a host as far as it may be emptied now, and goes on when it is empty.
    pub(super) fn evacuate(&mut self, cx: &Context<'_>, out: &mut Out, id: DrainId, drain: &Drain) {
        // So that its answer is a fresh one when the host is empty.
        self.ask_provider(out);
        let mut hold = Hold::None;
        let mut owners: SortedMap<(RouteId, Epoch), Vec<AllocationId>> = SortedMap::new();
        for allocation in self.live_on(drain.host) {
            if let Some(row) = self.allocations.get(allocation.0) {
                owners
                    .entry((row.value.route, row.value.epoch))
                    .or_default()
                    .push(allocation);
            }
        }
        for ((route, epoch), here) in owners {
            if self.evacuate_owner(cx, out, drain, (route, epoch), &here) {
                hold = Hold::NoHeadroom;
            }
        }
        let live = self.live_on(drain.host);
        let pinned = live.iter().any(|id| {
            self.allocations
                .get(id.0)
                .is_some_and(|row| row.value.state == allocation::State::Draining)
        });
        let fact = Fact {
            holds: live.is_empty() && self.is_empty_by_its_word(cx, drain),
            found: live.len() as u64,
            wanted: 0,
        };
        if out
            .require(cx, &gate::SESSIONS_CAN_DRAIN, id.into(), fact)
            .is_err()
        {
            if pinned || (live.is_empty() && !self.is_connected(drain.host)) {
                hold = Hold::SessionsPinned;
            }
            if drain.hold != hold {
                self.free(out, id, drain.hold);
            }
            if hold == Hold::None {
                self.write_drain(cx, out, id, None, |drain| drain.hold = Hold::None);
            } else {
                self.hold(cx, out, id, hold);
            }
            return;
        }
        self.free(out, id, drain.hold);
        self.write_drain(cx, out, id, Some(Transition::Emptied), |drain| {
            drain.hold = Hold::None
        });
        let killed = self.killed_on(drain);
        out.note(Note::Host(HostNote::Emptied {
            drain: id,
            forced: drain.forced,
            killed,
        }));
        self.look_at(cx, out, id);
    }

    /// Moves what one owner has on the host. Says whether a replacement finds no room.
    fn evacuate_owner(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        drain: &Drain,
        (route, epoch): (RouteId, Epoch),
        here: &[AllocationId],
    ) -> bool {
        let hot = self
            .wakes_of(route, epoch)
            .iter()
            .any(|(_, wake)| wake.state == wake::State::Hot);
        let current = self
            .routes
            .get(route.0.into())
            .is_some_and(|row| row.value.epoch == epoch);
        let leaving = here
            .iter()
            .filter(|id| {
                self.allocations.get(id.0).is_some_and(|row| {
                    row.value.leaving || row.value.state == allocation::State::Draining
                })
            })
            .count() as u64;
        let mut left = leaving;
        let gone = self.left_since(drain, route, epoch);
        let mut stuck = false;
        for id in here {
            let Some(value) = self.allocations.get(id.0).map(|row| row.value) else {
                continue;
            };
            if value.state != allocation::State::Ready
                || value.leaving
                || !self.waiting_for(*id, &value).is_empty()
            {
                continue;
            }
            if hot && current && value.serving {
                let moved = gone + left;
                let (ready, planned) = self.replacements(drain, route, epoch);
                let fact = Fact::at_least(ready, moved + 1);
                if out
                    .require(cx, &gate::REPLACEMENT_SERVES, (*id).into(), fact)
                    .is_err()
                {
                    if planned <= moved {
                        match self.plan(cx, out, route, epoch) {
                            Plan::Placed(new) => self.order_run(new, None),
                            Plan::MustWait | Plan::NoSecret => {}
                            Plan::NoHost => stuck = true,
                        }
                    }
                    continue;
                }
            }
            let fact = self.pace(cx, route, epoch, left, value.serving && hot && current);
            if out
                .require(cx, &gate::DRAIN_PACE, (*id).into(), fact)
                .is_err()
            {
                continue;
            }
            left += 1;
            self.retire(cx, out, *id);
        }
        stuck
    }

    /// One more may leave if fewer are leaving than may leave at once, and the app keeps what it had, less that many.
    fn pace(
        &self,
        cx: &Context<'_>,
        route: RouteId,
        epoch: Epoch,
        leaving: u64,
        counts: bool,
    ) -> Fact {
        let limit = cx.knobs.get(&knob::MAX_PARALLEL);
        let of_epoch = |value: &&Allocation| value.epoch == epoch;
        let healthy = self
            .live_of(route)
            .map(|(_, value)| value)
            .filter(of_epoch)
            .filter(|value| Self::serves(value))
            .count() as u64;
        let spare = if counts {
            // Replacements serve beside what they replace, so what the app has is what serves off this host and on it,
            // less those that are there twice.
            let count = healthy.saturating_sub(1).max(1);
            (healthy + limit).saturating_sub(count)
        } else {
            limit
        };
        Fact::at_most(leaving + 1, limit.min(spare))
    }

    /// How many of an owner's allocations have left this host since the evacuation began and are gone.
    fn left_since(&self, drain: &Drain, route: RouteId, epoch: Epoch) -> u64 {
        self.allocations
            .iter()
            .filter(|(_, row)| {
                let value = &row.value;
                value.host == drain.host
                    && (value.route, value.epoch) == (route, epoch)
                    && value.state.is_terminal()
                    && value.since >= drain.evacuating_at
            })
            .count() as u64
    }

    /// How many replacements of an owner serve, and how many there are.
    fn replacements(&self, drain: &Drain, route: RouteId, epoch: Epoch) -> (u64, u64) {
        let mut counts = (0, 0);
        for (_, value) in self.live_of(route) {
            let elsewhere = value.epoch == epoch
                && value.host != drain.host
                && !self.is_cordoned(value.host)
                && self.is_connected(value.host)
                && !value.leaving
                && value.state != allocation::State::Draining
                && value.planned_at >= drain.evacuating_at;
            if elsewhere {
                counts.0 += u64::from(Self::serves(value));
                counts.1 += 1;
            }
        }
        counts
    }

    /// Whether the runner has said that nothing runs there, after the last that ran there had ended here.
    fn is_empty_by_its_word(&self, cx: &Context<'_>, drain: &Drain) -> bool {
        let last = self
            .allocations
            .iter()
            .filter(|(_, row)| row.value.host == drain.host && row.value.state.is_terminal())
            .map(|(_, row)| row.value.since)
            .max()
            .unwrap_or_default();
        let settled = last.after(cx.knobs.time(&knob::HEARTBEAT));
        self.hosts
            .used
            .get(drain.host)
            .is_some_and(|used| used.bytes == 0 && (last == Time::ZERO || used.at >= settled))
    }

    /// How many allocations an operator ended on this host since it was cordoned.
    fn killed_on(&self, drain: &Drain) -> u32 {
        self.allocations
            .iter()
            .filter(|(_, row)| {
                let value = &row.value;
                value.host == drain.host
                    && value.state == allocation::State::Failed
                    && value.cause == Cause::Cancelled
                    && value.since >= drain.cordoned_at
            })
            .count() as u32
    }

    /// An allocation on a host that is being emptied was stopped: what was cut off is counted, before its own row says
    /// that it has stopped, so that a crash between the two counts nothing twice.
    pub(in crate::control) fn count_cut(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        allocation: AllocationId,
        value: &Allocation,
        in_flight: u32,
    ) {
        if in_flight == 0 || self.hosts.drains.is_empty() {
            return;
        }
        // What was draining before the host was cordoned drains for a reason of its own.
        let Some((id, _)) = self
            .drain_of(value.host)
            .filter(|(_, drain)| value.since >= drain.cordoned_at)
        else {
            return;
        };
        self.write_drain(cx, out, id, None, |drain| {
            if drain.counted != Some(allocation) {
                drain.forced = drain.forced.saturating_add(in_flight);
                drain.counted = Some(allocation);
            }
        });
    }
}
