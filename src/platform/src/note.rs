//! Notes: what the platform tells besides transitions and rulings. Past tense; observation only, never a cause.

use crate::id::{
    AllocationId, DeploymentId, Epoch, IdempotencyKey, OutboxId, ReportId, RequestId, RouteId,
    Token, WakeId,
};
use crate::message::{Cause, Class, Event, Reason};
use machine::{NodeId, Time};

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "the fields are the ids and values that the sentence names"
)]
pub enum Note {
    // Edge: requests.
    /// A request arrived at the edge.
    RequestArrived {
        request: RequestId,
        route: RouteId,
        class: Class,
    },
    /// The edge decided to hold a request; `held` counts it, `deadline` is when its budget ends.
    HoldAdmitted {
        request: RequestId,
        class: Class,
        contract: bool,
        keyed: bool,
        bytes: u32,
        held: u32,
        deadline: Time,
    },
    /// A held request was let go towards an allocation.
    HoldReleased {
        request: RequestId,
        waited: u64,
        held: u32,
    },
    /// A held request's budget ended.
    HoldExpired {
        request: RequestId,
        waited: u64,
        held: u32,
    },
    /// A held request was answered without being served, since its wake was refused or failed.
    HoldRefused {
        request: RequestId,
        waited: u64,
        held: u32,
    },
    /// The edge handed a request to an allocation; `owner_epoch` is the owner it holds, `epoch` the allocation's.
    RequestDispatched {
        request: RequestId,
        class: Class,
        key: Option<IdempotencyKey>,
        allocation: AllocationId,
        epoch: Epoch,
        owner_epoch: Epoch,
    },
    /// The edge answered a request.
    ResponseSent {
        request: RequestId,
        status: u16,
        reason: Reason,
        retry_after: u32,
    },
    /// The edge joined a request to a wake that is under way.
    WakeCoalesced { route: RouteId, epoch: Epoch },
    /// The edge took an event into its table.
    EventApplied { row: OutboxId, event: Event },
    /// The edge had already taken this event, or a newer one.
    EventIgnored { row: OutboxId },

    // Control plane.
    /// A commit became durable: the entity is at this version now.
    Committed { row: OutboxId, event: Event },
    /// An event was handed to the network for the first time.
    Published { row: OutboxId, event: Event },
    /// All edges have acknowledged an event.
    Delivered { row: OutboxId },
    /// An allocation was put into rotation or taken out of it.
    ServingChanged {
        allocation: AllocationId,
        serving: bool,
    },
    /// A runner was heard of again, or was not heard of for too long.
    PresenceChanged { runner: NodeId, connected: bool },
    /// A wake failed, and why.
    WakeFailed { wake: WakeId, cause: Cause },
    /// An allocation failed, and why.
    AllocationFailed {
        allocation: AllocationId,
        cause: Cause,
    },
    /// A wake was refused at the door.
    WakeRefused { route: RouteId, reason: Reason },
    /// A route got a new owner.
    RouteOwnerChanged {
        route: RouteId,
        epoch: Epoch,
        deployment: DeploymentId,
    },
    /// A promotion was judged against an epoch that is no longer current.
    RouteCasConflict {
        route: RouteId,
        expected: Epoch,
        found: Epoch,
    },
    /// A process is restarted in place under a new token.
    RestartOrdered {
        allocation: AllocationId,
        token: Token,
    },
    /// A report moved a state or was taken as evidence.
    ReportAccepted {
        report: ReportId,
        allocation: AllocationId,
        token: Token,
    },
    /// A report with an old token, or about something that has ended, was written down and moved nothing.
    LateReportRecorded {
        report: ReportId,
        allocation: AllocationId,
        token: Token,
    },
    /// A report about something unknown; its runner is told to stop it.
    ReportRejected {
        report: ReportId,
        allocation: AllocationId,
    },
    /// A report with a token that was never issued: an alarm.
    ReportFromFuture {
        report: ReportId,
        allocation: AllocationId,
        token: Token,
    },
    /// A report that arrived before, again.
    ReportRepeated { report: ReportId },
    /// A report that fits no arrow of the lifecycle.
    ReportIllegal {
        report: ReportId,
        allocation: AllocationId,
    },
    /// An operator's command was carried out.
    CommandDone { command: u8 },
    /// An operator's command was refused.
    CommandRefused { command: u8 },
    /// The app's owner was told what is wrong.
    OwnerNotified { route: RouteId, cause: Cause },

    // Runner.
    /// The runner took an order.
    OrderTaken {
        allocation: AllocationId,
        token: Token,
    },
    /// The runner had already taken this order, or a newer one.
    OrderIgnored {
        allocation: AllocationId,
        token: Token,
    },
    /// The artifact's bytes have arrived.
    Pulled {
        allocation: AllocationId,
        matches: bool,
    },
    /// A secret is not there.
    SecretMissing { allocation: AllocationId },
    /// The process was started.
    ProcessLaunched {
        allocation: AllocationId,
        token: Token,
        verified: bool,
        mounted: bool,
    },
    /// A readiness check was made.
    ReadinessProbed {
        allocation: AllocationId,
        token: Token,
        nth: u32,
        pass: bool,
        reason: u8,
    },
    /// The process ended.
    ProcessExited {
        allocation: AllocationId,
        token: Token,
        code: u8,
        oom: bool,
    },
    /// The runner stopped a process; `in_flight` requests were cut off.
    ProcessStopped {
        allocation: AllocationId,
        token: Token,
        in_flight: u32,
        deadline_reached: bool,
    },
    /// The runner handed a request to its process.
    RequestServed {
        request: RequestId,
        allocation: AllocationId,
        ok: bool,
    },
    /// The runner would not take a request: the allocation is not there, or not under this epoch.
    DispatchRefused {
        request: RequestId,
        allocation: AllocationId,
    },

    // Regions.
    /// What the region service and the door tell.
    Region(crate::region::Note),
    /// About a host.
    Host(crate::hosts::Note),
    /// About a migration of a database.
    Migration(crate::migration::Note),
    /// About a deployment on its way to a preview.
    Pipeline(crate::pipeline::Note),
    /// What Git, CO, LO and EN tell.
    GitOps(crate::gitops::Note),
    /// About promotions, the log and the edges that follow it.
    Promotion(crate::promotion::Note),
    /// What requests need besides an owner and an allocation.
    Traces(crate::traces::Note),
    /// About a restore of a database.
    Restore(crate::restore::Note),
    /// About sessions and their sockets.
    Sessions(crate::sessions::Note),
    /// About what is kept, and removed.
    Cleanup(crate::cleanup::Note),
    /// About a provider that apps are bound to.
    Outage(crate::outage::Note),
    /// The vault has all secrets of a deployment that wanted for one.
    SecretBound { deployment: DeploymentId },
    /// About what weighs on the control plane's store.
    Pressure(crate::pressure::Note),
}
