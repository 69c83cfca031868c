//! Serving: hands requests to a process and its answers back to the edge they came from.

use super::{Out, Runner, Stage};
use crate::id::{AllocationId, Epoch, RequestId};
use crate::message::Message;
use crate::note::Note;
use alloc::vec::Vec;
use machine::{Context, HostCall, NodeId, ProcessId};

/// A request that a process has not answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Serving {
    edge: NodeId,
    allocation: AllocationId,
}

impl Runner {
    /// An edge hands over a request. It is taken only by a running process of the owner that the edge holds.
    pub(super) fn on_dispatch(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        edge: NodeId,
        request: RequestId,
        allocation: AllocationId,
        epoch: Epoch,
    ) {
        self.take(
            cx,
            out,
            edge,
            (request, allocation, epoch),
            &[Stage::Running],
        );
    }

    /// Hands a request to the process of an allocation in one of these stages; `false` if there is none.
    pub(super) fn take(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        edge: NodeId,
        (request, allocation, epoch): (RequestId, AllocationId, Epoch),
        stages: &[Stage],
    ) -> bool {
        let fits = |slot: &&super::Slot| stages.contains(&slot.stage) && slot.epoch == epoch;
        let process = self
            .slots
            .get(allocation)
            .filter(fits)
            .and_then(|slot| slot.process);
        let Some(process) = process else {
            out.note(Note::DispatchRefused {
                request,
                allocation,
            });
            out.send(
                edge,
                Message::DispatchRefused {
                    request,
                    allocation,
                },
            );
            return false;
        };
        self.slots.update(allocation, |slot| {
            slot.in_flight = slot.in_flight.saturating_add(1);
            slot.busy_at = cx.now;
        });
        self.serving.insert(request, Serving { edge, allocation });
        out.host.push(HostCall::Serve {
            process,
            request: request.0,
        });
        true
    }

    /// A process has answered a request.
    pub(super) fn on_served(
        &mut self,
        cx: &Context<'_>,
        out: &mut Out,
        process: ProcessId,
        request: RequestId,
        ok: bool,
    ) {
        let Some(allocation) = self.processes.get(&process).copied() else {
            return;
        };
        let Some(serving) = self
            .serving
            .get(request)
            .copied()
            .filter(|serving| serving.allocation == allocation)
        else {
            return;
        };
        self.serving.remove(request);
        let drained = self.slots.update(allocation, |slot| {
            slot.in_flight = slot.in_flight.saturating_sub(1);
            slot.busy_at = cx.now;
            slot.stage == Stage::Draining && slot.in_flight == 0
        });
        out.note(Note::RequestServed {
            request,
            allocation,
            ok,
        });
        if !self.has_effect(cx, out, request, ok) {
            out.send(serving.edge, Message::Answer { request, ok });
        }
        if drained == Some(true) {
            self.try_stop(cx, out, allocation);
        }
    }

    /// The process is gone, and with it what it was answering: nobody knows how far it got, so nothing is said.
    pub(super) fn forget_requests(&mut self, id: AllocationId) {
        let lost: Vec<RequestId> = self
            .serving
            .map()
            .iter()
            .filter(|(_, serving)| serving.allocation == id)
            .map(|(request, _)| *request)
            .collect();
        for request in lost {
            self.serving.remove(request);
            self.forget_change(request);
        }
    }
}
