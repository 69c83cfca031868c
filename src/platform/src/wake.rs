//! Wake: bring a sleeping app to serving, once, however many ask. One per route key, region and epoch.
//!
//! It begins as cold; under a new owner of whom something is ready already, as hot (`control::promotions::warm`).

use crate::gate;

machine::lifecycle! {
    /// Bring a sleeping app to serving, once, however many ask.
    "Wake", home "Regional data plane";
    gates [&gate::SAFE_TO_HOLD, &gate::WAKE_BUDGET, &gate::ALLOCATION_PASSES_READINESS, &gate::UNSAFE_REPLAY_POLICY];
    states {
        /// No allocation exists; the next holdable request starts a wake.
        Cold = "cold", Rest;
        /// Somebody asked; the scheduler has to place an allocation.
        WakeRequested = "wake_requested", Way;
        /// An allocation is planned and its runner is fetching and launching it.
        Starting = "starting", Way;
        /// The process runs; it has to pass its readiness checks.
        ReadinessWait = "readiness_wait", Way;
        /// An allocation serves the route.
        Hot = "hot", Good;
        /// The wake did not make it; the route rests before the next try.
        Failed = "failed", Bad;
        /// The app is idle and is being scaled down.
        Sleeping = "sleeping", Way;
    }
    transitions {
        /// The first holdable request arrived.
        Requested = "requested": [Cold] => WakeRequested, by "edge",
            gates [&gate::SAFE_TO_HOLD, &gate::UNSAFE_REPLAY_POLICY, &gate::ONE_WAKE, &gate::WAKE_BUDGET,
                   &gate::ROUTE_EPOCH_CURRENT, &gate::SECRET_BOUND, &gate::WAKE_NOT_POINTLESS,
                   &gate::WAKES_RETURN_IN_STEPS, &gate::STORE_KEEPS_UP];
        /// An allocation was planned.
        Started = "started": [WakeRequested] => Starting, by "scheduler", gates [&gate::START_LIMIT, &gate::HOST_FITS];
        /// The process runs.
        ProcessUp = "process up": [Starting] => ReadinessWait, by "runner", gates [&gate::REPORT_TOKEN];
        /// The allocation passed its readiness checks.
        BecameHot = "became hot": [ReadinessWait] => Hot, by "runner",
            gates [&gate::ALLOCATION_PASSES_READINESS, &gate::ROUTE_EPOCH_CURRENT];
        /// An error, a timeout or a newer owner ended the wake.
        GaveUp = "gave up": [WakeRequested, Starting, ReadinessWait] => Failed, by "control plane", gates [];
        /// The cool-down is over.
        Cooled = "cooled": [Failed] => Cold, by "control plane", gates [];
        /// The app was idle for long enough.
        SleepStarted = "sleep started": [Hot] => Sleeping, by "control plane", gates [];
        /// A request came before the stop was committed.
        SleepCancelled = "sleep cancelled": [Sleeping] => Hot, by "edge", gates [];
        /// The allocation has stopped.
        Slept = "slept": [Sleeping] => Cold, by "runner", gates [];
        /// The last serving allocation was lost.
        LostLast = "lost last": [Hot] => Cold, by "control plane", gates [];
    }
    failure_modes {
        /// A payment provider calls while the app sleeps; its webhook must not vanish in a hidden buffer.
        PaymentWebhookWhileCold = "payment webhook while cold";
        /// Very many requests arrive for an app that sleeps.
        WakeStampede = "wake stampede";
        /// The process runs but never passes its readiness checks in time.
        ReadinessTimeout = "readiness timeout";
        /// The route got a new owner while the wake was under way.
        OldRouteEpoch = "old route epoch";
    }
}

impl State {
    /// Whether a wake is under way: asked for and neither hot nor given up.
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(
            self,
            Self::WakeRequested | Self::Starting | Self::ReadinessWait
        )
    }
}
