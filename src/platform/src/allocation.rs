//! Allocation Lifecycle: one placed run of an artifact on a host, from plan to end. A replacement is a new allocation.

use crate::gate;

machine::lifecycle! {
    /// Run one artifact on one host, from plan to end.
    "Allocation Lifecycle", home "Scheduler and runner";
    gates [&gate::ARTIFACT_DIGEST_VERIFIED, &gate::ENV_SECRETS_MOUNTED, &gate::HEALTH_READINESS_PASS,
           &gate::DRAIN_DEADLINE_RESPECTED];
    states {
        /// A host was chosen; its runner has not answered yet.
        Planned = "planned", Rest;
        /// The runner fetches the artifact.
        Pulling = "pulling", Way;
        /// The artifact is verified, the secrets are mounted, the process is being started.
        Starting = "starting", Way;
        /// It passed its readiness checks.
        Ready = "ready", Good;
        /// It takes nothing new and finishes what it has.
        Draining = "draining", Way;
        /// It ended as it was meant to.
        Stopped = "stopped", Rest;
        /// It ended otherwise.
        Failed = "failed", Bad;
    }
    transitions {
        /// The runner accepted the order.
        Accepted = "accepted": [Planned] => Pulling, by "runner", gates [&gate::REPORT_TOKEN, &gate::ORDER_TOKEN];
        /// The bytes are there and are the right ones, and the secrets are mounted.
        Launched = "launched": [Pulling] => Starting, by "runner",
            gates [&gate::ARTIFACT_DIGEST_VERIFIED, &gate::ENV_SECRETS_MOUNTED, &gate::REPORT_TOKEN];
        /// Enough readiness checks in a row have passed.
        BecameReady = "became ready": [Starting] => Ready, by "runner",
            gates [&gate::HEALTH_READINESS_PASS, &gate::EVIDENCE_FRESH, &gate::REPORT_TOKEN];
        /// It shall stop.
        DrainStarted = "drain started": [Ready] => Draining, by "control plane", gates [];
        /// Nothing is in flight any more, or the deadline has passed.
        Drained = "drained": [Draining] => Stopped, by "runner", gates [&gate::DRAIN_DEADLINE_RESPECTED];
        /// It was called off before it ran.
        Cancelled = "cancelled": [Planned] => Stopped, by "control plane", gates [];
        /// It crashed, was killed, could not be fetched, could not start in time, or its host was lost.
        Broke = "broke": [Planned, Pulling, Starting, Ready, Draining] => Failed, by "control plane", gates [];
    }
    failure_modes {
        /// The runner dies with everything that ran on its host.
        RunnerCrash = "runner crash";
        /// A secret that the deployment names is not there.
        SecretMissing = "secret missing";
        /// The process wants more memory than its limit.
        Oom = "OOM";
        /// Something is still in flight when the drain deadline comes.
        SessionActiveAtDrainDeadline = "session still active at drain deadline";
    }
}

impl State {
    /// Whether nothing leads out of this state.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Stopped | Self::Failed)
    }

    /// Whether it was ordered and is not yet ready.
    #[must_use]
    pub const fn is_starting(self) -> bool {
        matches!(self, Self::Planned | Self::Pulling | Self::Starting)
    }
}
