//! Names of the platform's things: small numbers with types, and what they are as a [`Subject`].

use machine::{NodeId, Subject};

macro_rules! ids {
    ($( $(#[doc = $doc:literal])+ $name:ident($inner:ty) = $kind:literal; )+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(pub $inner);

            impl $name {
                /// The number of this kind of thing.
                pub const KIND: u8 = $kind;
            }

            impl From<$name> for Subject {
                fn from(id: $name) -> Self {
                    Self { kind: $name::KIND, id: u64::from(id.0) }
                }
            }
        )+

        /// The word for a kind of subject, as sentences use it.
        #[must_use]
        pub const fn kind_name(kind: u8) -> &'static str {
            match kind { $( $kind => stringify!($name), )+ _ => "thing" }
        }
    };
}

ids! {
    /// A host and path whose requests have one owner.
    RouteId(u16) = 1;
    /// A wake row: one per route, region and epoch.
    WakeId(u32) = 2;
    /// One placed run of an artifact on a host.
    AllocationId(u32) = 3;
    /// A record that ties an artifact, its limits and its bindings.
    DeploymentId(u16) = 4;
    /// One request of one client.
    RequestId(u32) = 5;
    /// One report of a runner.
    ReportId(u64) = 6;
    /// A region.
    Region(u8) = 7;
    /// One row of the outbox.
    OutboxId(u32) = 8;
    /// A client's token that makes a repeat recognisable.
    IdempotencyKey(u32) = 9;
    /// One drain of a host.
    DrainId(u32) = 90;
}

/// The content hash that names an artifact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub u64);

/// The rising authority number of a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u32);

/// A fencing token: orders and reports of one allocation carry it, and only the highest counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u32);

/// The subject that stands for a whole node.
#[must_use]
pub const fn node_subject(node: NodeId) -> Subject {
    Subject {
        kind: 10,
        id: node.0 as u64,
    }
}
