//! Region Enablement: what a region has to show before visitors are sent there, and how it is taken out again.
//!
//! [`Regions`] is the service that enables and disables regions; [`Door`] is what sends visitors to them. The service asks
//! a region for each fact that the next stage needs, and moves on when all of them are so and the answers are fresh.

mod door;
mod message;
mod service;

pub use door::Door;
pub use message::{Cause, Command, Fact, Message, Note};
pub use service::{Installation, Record, RegionRow, Regions, Site};

use crate::gate;

machine::lifecycle! {
    /// Bring a region to where visitors may be sent there, and keep it so.
    "Region Enablement", home "Platform topology";
    gates [&gate::DATA_TOPOLOGY_READY, &gate::RUNTIME_SERVICES_AVAILABLE, &gate::SECRETS_PRESENT, &gate::RESIDENCY_ALLOWED];
    states {
        /// Somebody asked for the region, and its data may live there.
        Requested = "requested", Way;
        /// Hosts are being brought up in the region.
        Provisioning = "provisioning", Way;
        /// The services that the apps need are being bound in the region.
        BindingServices = "binding_services", Way;
        /// Artifacts and data are on their way there.
        ReplicatingArtifacts = "replicating_artifacts", Way;
        /// Visitors may be sent there.
        Eligible = "eligible", Good;
        /// Nobody is sent there; what runs there is stopped once nobody comes any more.
        Disabled = "disabled", Rest;
    }
    transitions {
        /// The provider has room for the region.
        QuotaGranted = "quota granted": [Requested] => Provisioning, by "region service",
            gates [&gate::PROVIDER_QUOTA, &gate::REGION_EVIDENCE_FRESH];
        /// Runners have registered and the edges have a baseline.
        HostsUp = "hosts up": [Provisioning] => BindingServices, by "region service",
            gates [&gate::RUNNERS_REGISTERED, &gate::EDGES_BASELINED, &gate::REGION_EVIDENCE_FRESH];
        /// Services, secrets and the session store are there, seen from inside the region.
        ServicesBound = "services bound": [BindingServices] => ReplicatingArtifacts, by "region service",
            gates [&gate::RUNTIME_SERVICES_AVAILABLE, &gate::SECRETS_PRESENT, &gate::SESSION_STORE_PRESENT,
                   &gate::REGION_EVIDENCE_FRESH];
        /// The artifact is verified there and the data keeps up.
        BecameEligible = "became eligible": [ReplicatingArtifacts] => Eligible, by "region service",
            gates [&gate::ARTIFACT_IN_REGION, &gate::DATA_TOPOLOGY_READY, &gate::REGION_EVIDENCE_FRESH];
        /// An operator took it out, its data may not live there any more, or it was not well for too long.
        TakenOut = "taken out": [Requested, Provisioning, BindingServices, ReplicatingArtifacts, Eligible] => Disabled,
            by "region service", gates [];
        /// Somebody asked for it again; everything is looked at anew.
        RequestedAgain = "requested again": [Disabled] => Requested, by "operator", gates [&gate::RESIDENCY_ALLOWED];
    }
    failure_modes {
        /// The artifact has not arrived in the region.
        ArtifactAbsent = "artifact absent";
        /// The data in the region is too far behind.
        DbNotReplicated = "DB not replicated";
        /// Sessions could not be kept in the region.
        SessionStoreMissing = "session store missing";
        /// The data may not live in the region.
        ResidencyPolicyViolation = "residency policy violation";
    }
}

impl State {
    /// What has to be so before a region leaves this state on its way up; in the last one, what has to stay so.
    #[must_use]
    pub const fn needs(self) -> &'static [Fact] {
        match self {
            Self::Requested => &[Fact::Quota],
            Self::Provisioning => &[Fact::Runners, Fact::Edges],
            Self::BindingServices => &[Fact::Services, Fact::Secrets, Fact::SessionStore],
            Self::ReplicatingArtifacts => &[Fact::Artifact, Fact::Data],
            Self::Eligible => &[
                Fact::Runners,
                Fact::Edges,
                Fact::Services,
                Fact::Secrets,
                Fact::SessionStore,
                Fact::Artifact,
                Fact::Data,
            ],
            Self::Disabled => &[],
        }
    }
}
