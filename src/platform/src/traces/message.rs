//! What clients, providers, edges, the store of keys, runners and the product's database say to each other, and what is
//! told of it.

use super::visit::{Caching, Errand, Visit, Visitor};
use crate::id::{AllocationId, DeploymentId, Digest, Epoch, IdempotencyKey, RequestId, RouteId};
use crate::message::{Class, Reason, Request};
use machine::fingerprint::{digest, fold};
use machine::{Subject, Time};

/// The name under which something may happen once: a client's idempotency key, or a provider's event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// For which route.
    pub route: RouteId,
    /// Whether it is a provider's event.
    pub event: bool,
    /// The key, or the event's number.
    pub key: IdempotencyKey,
}

impl Claim {
    /// The number of this kind of thing.
    pub const KIND: u8 = 120;

    /// The claim that a subject stands for.
    #[must_use]
    pub const fn of(subject: Subject) -> Self {
        Self {
            route: RouteId((subject.id >> 40) as u16),
            event: subject.id >> 32 & 1 == 1,
            key: IdempotencyKey(subject.id as u32),
        }
    }
}

impl From<Claim> for Subject {
    fn from(claim: Claim) -> Self {
        let event = u64::from(claim.event) << 32;
        Self {
            kind: Claim::KIND,
            id: u64::from(claim.route.0) << 40 | event | u64::from(claim.key.0),
        }
    }
}

/// A provider's signature: when it was made, and over what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Proof {
    /// The timestamp that is signed with the body.
    pub at: Time,
    /// The signature.
    pub mac: u64,
}

impl Proof {
    /// The signature that a secret makes over a moment and a body.
    #[must_use]
    pub fn new(secret: u64, at: Time, body: u32) -> Self {
        let mac = fold(fold(secret, at.0), u64::from(body));
        Self { at, mac }
    }
}

/// What an asset's URL names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asset {
    /// Bytes by their digest: always the same.
    Digest(Digest),
    /// A path, which means what the owner's manifest says.
    Path(u8),
}

/// What only requests of one kind bring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Brings {
    /// Nothing of the kind.
    #[default]
    Nothing,
    /// A webhook: the provider's signature.
    Proof(Proof),
    /// A request for an asset: its digest.
    Digest(Digest),
    /// A request for an asset: its path.
    Path {
        /// The path.
        path: u8,
        /// What its sender has of it already, by digest: it need not be sent once more.
        known: Option<Digest>,
    },
    /// A page: who wants it, if it is somebody who comes again.
    Visitor(Visitor),
}

impl From<Asset> for Brings {
    fn from(asset: Asset) -> Self {
        match asset {
            Asset::Digest(digest) => Self::Digest(digest),
            Asset::Path(path) => Self::Path { path, known: None },
        }
    }
}

/// A request with everything that its class needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Arrival {
    /// The request.
    pub request: Request,
    /// Whether it came as early data, which anybody on the way can send again.
    pub early: bool,
    /// The number of the preview whose host it names; its route is then the app that is previewed.
    pub preview: Option<u8>,
    /// On whose behalf it comes.
    pub errand: Errand,
    /// What it brings besides.
    pub brings: Brings,
}

impl Arrival {
    /// The provider's signature, if it brings one.
    #[must_use]
    pub const fn proof(&self) -> Option<Proof> {
        match self.brings {
            Brings::Proof(proof) => Some(proof),
            _ => None,
        }
    }

    /// The asset that it wants, if it wants one.
    #[must_use]
    pub const fn asset(&self) -> Option<Asset> {
        match self.brings {
            Brings::Digest(digest) => Some(Asset::Digest(digest)),
            Brings::Path { path, .. } => Some(Asset::Path(path)),
            _ => None,
        }
    }

    /// What is to be remembered of who asks, until there is an answer.
    #[must_use]
    pub const fn visit(&self) -> Visit {
        let (mut visitor, mut digest) = (None, None);
        match self.brings {
            Brings::Visitor(who) => visitor = Some(who),
            Brings::Path { known, .. } => digest = known,
            _ => {}
        }
        Visit {
            errand: self.errand,
            visitor,
            known: digest,
        }
    }
}

impl From<Request> for Arrival {
    fn from(request: Request) -> Self {
        Self {
            request,
            early: false,
            preview: None,
            errand: Errand::Person,
            brings: Brings::Nothing,
        }
    }
}

/// How a key stands when a request asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It is reserved for this request now.
    Granted,
    /// Another request under it is under way.
    InFlight,
    /// It was used for another body.
    Reused,
    /// It is done, and this was the answer.
    Done {
        /// Whether the app answered well.
        ok: bool,
    },
    /// Nobody knows whether it happened.
    Unknown,
}

/// What became of a request that had reserved a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The app answered.
    Done {
        /// Whether it answered well.
        ok: bool,
    },
    /// It never left the edge, or was turned away unread: the key is free.
    Released,
    /// The same, and its sender was told to come again: evidence for whoever asks why.
    Deferred,
    /// It left, and nobody knows what became of it.
    Unknown,
}

/// Why a webhook was turned away unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unfit {
    /// Its signature is not the provider's.
    Signature,
    /// Its timestamp is too far from now.
    Timestamp,
}

/// What an operator may order of the edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// Bind a preview to the production's data, or to its own again.
    BindPreview {
        /// The preview's route.
        route: RouteId,
        /// Whether it has data of its own.
        isolated: bool,
    },
    /// There is a later preview in the place of one, which is kept for a while and then gone.
    SupersedePreview {
        /// The preview's route.
        route: RouteId,
    },
    /// The host lets this process keep only so many connections, or no longer says how many.
    LimitConnections {
        /// How many; `None` if it lets it keep as many as it wants.
        most: Option<u32>,
    },
}

impl Command {
    pub(crate) fn subject(self) -> Subject {
        match self {
            Self::BindPreview { route, .. } | Self::SupersedePreview { route } => route.into(),
            Self::LimitConnections { .. } => crate::id::node_subject(machine::NodeId(0)),
        }
    }
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Message {
    /// Client or provider to edge.
    Arrive(Arrival),
    /// Edge to key store: this request wants this key.
    Reserve {
        claim: Claim,
        request: RequestId,
        body: u32,
        nth: u32,
    },
    /// Key store to edge: this is how it stands.
    Reserved {
        claim: Claim,
        request: RequestId,
        standing: Standing,
        nth: u32,
    },
    /// Edge to key store: this is what became of it.
    Settle {
        claim: Claim,
        request: RequestId,
        outcome: Outcome,
        nth: u32,
    },
    /// Key store to edge: written down.
    Settled { request: RequestId, nth: u32 },
    /// Edge to runner: answer this, which may change something.
    Hand {
        request: RequestId,
        allocation: AllocationId,
        epoch: Epoch,
        claim: Option<Claim>,
    },
    /// Runner to edge: that allocation may not do anything any more; nothing was done.
    Fenced {
        request: RequestId,
        allocation: AllocationId,
    },
    /// App to the product's database: this has happened.
    Effect {
        request: RequestId,
        claim: Option<Claim>,
        nth: u32,
    },
    /// The product's database to app: it is durable.
    Effected { request: RequestId, nth: u32 },
    /// Key store to the product's database: has this happened?
    Look { claim: Claim, nth: u32 },
    /// The product's database to key store.
    Seen {
        claim: Claim,
        happened: bool,
        nth: u32,
    },
    /// Edge to artifact store: the bytes with this digest.
    Fetch { digest: Digest, nth: u32 },
    /// Artifact store to edge; `bytes` is the digest of what was really sent, if there is anything.
    Bytes {
        digest: Digest,
        bytes: Option<Digest>,
        nth: u32,
    },
    /// Edge to artifact store: what is under this path in the manifest of a deployment's artifact?
    Lookup {
        deployment: DeploymentId,
        path: u8,
        nth: u32,
    },
    /// Artifact store to edge.
    Found {
        deployment: DeploymentId,
        path: u8,
        digest: Option<Digest>,
        nth: u32,
    },
    /// Client to edge: nobody waits for the answer to this any more.
    Leave { request: RequestId },
    /// Edge to inbox: keep this event.
    Keep {
        claim: Claim,
        request: RequestId,
        body: u32,
        nth: u32,
    },
    /// Inbox to edge: it is on the disk.
    Kept { request: RequestId, nth: u32 },
}

impl Message {
    /// The names of its kinds, by number.
    pub const KINDS: &'static [(u16, &'static str)] = &[
        (450, "arrival"),
        (451, "key-reserve"),
        (452, "key-standing"),
        (453, "key-settle"),
        (454, "key-settled"),
        (455, "hand-over"),
        (456, "fenced"),
        (457, "effect"),
        (458, "effected"),
        (459, "effect-look"),
        (460, "effect-seen"),
        (461, "asset-fetch"),
        (462, "asset-bytes"),
        (463, "manifest-ask"),
        (464, "manifest-answer"),
        (465, "client-left"),
        (466, "inbox-keep"),
        (467, "inbox-kept"),
    ];

    pub(crate) const fn kind(&self) -> u16 {
        match self {
            Self::Arrive(_) => 450,
            Self::Reserve { .. } => 451,
            Self::Reserved { .. } => 452,
            Self::Settle { .. } => 453,
            Self::Settled { .. } => 454,
            Self::Hand { .. } => 455,
            Self::Fenced { .. } => 456,
            Self::Effect { .. } => 457,
            Self::Effected { .. } => 458,
            Self::Look { .. } => 459,
            Self::Seen { .. } => 460,
            Self::Fetch { .. } => 461,
            Self::Bytes { .. } => 462,
            Self::Lookup { .. } => 463,
            Self::Found { .. } => 464,
            Self::Leave { .. } => 465,
            Self::Keep { .. } => 466,
            Self::Kept { .. } => 467,
        }
    }

    pub(crate) fn subject(&self) -> Subject {
        match *self {
            Self::Arrive(arrival) => arrival.request.id.into(),
            Self::Reserve { request, .. }
            | Self::Reserved { request, .. }
            | Self::Settle { request, .. }
            | Self::Settled { request, .. }
            | Self::Hand { request, .. }
            | Self::Fenced { request, .. }
            | Self::Effect { request, .. }
            | Self::Effected { request, .. }
            | Self::Keep { request, .. }
            | Self::Kept { request, .. }
            | Self::Leave { request } => request.into(),
            Self::Look { claim, .. } | Self::Seen { claim, .. } => claim.into(),
            Self::Fetch { .. } | Self::Bytes { .. } => DeploymentId(0).into(),
            Self::Lookup { deployment, .. } | Self::Found { deployment, .. } => deployment.into(),
        }
    }

    /// Its whole content but for answers and moments, so that neither changes the fate of others.
    pub(crate) fn identity(&self) -> u64 {
        match *self {
            Self::Arrive(arrival) => digest(&(450_u16, arrival.request.id)),
            Self::Reserved { request, nth, .. } => digest(&(452_u16, request, nth)),
            Self::Settle { request, nth, .. } => digest(&(453_u16, request, nth)),
            Self::Seen { claim, nth, .. } => digest(&(460_u16, claim, nth)),
            Self::Bytes {
                digest: of, nth, ..
            } => digest(&(462_u16, of, nth)),
            Self::Found {
                deployment,
                path,
                nth,
                ..
            } => digest(&(464_u16, deployment, path, nth)),
            ref other => digest(other),
        }
    }

    pub(crate) const fn repeatable(&self) -> bool {
        // Requests and their answers travel on one connection; everything else is sent until it is answered.
        !matches!(
            self,
            Self::Arrive(_) | Self::Hand { .. } | Self::Fenced { .. } | Self::Leave { .. }
        )
    }
}

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub enum Note {
    /// A request wants a key, or a delivery an event.
    Claimed {
        request: RequestId,
        claim: Claim,
        body: u32,
    },
    /// The key store said how a key stands, which was reserved for a body.
    Stood {
        request: RequestId,
        claim: Claim,
        standing: Standing,
        body: u32,
        of: u32,
    },
    /// The key store did not answer in time.
    Unanswered { request: RequestId },
    /// A reservation has lasted too long for anybody to know what became of it.
    Lapsed { claim: Claim },
    /// The product's database proved what nobody knew.
    Proven { claim: Claim },
    /// A request that came as early data was handed over all the same.
    Early { request: RequestId, class: Class },
    /// A runner took a request that may change something; `fenced` if its allocation was ordered to stop before.
    Taken {
        request: RequestId,
        allocation: AllocationId,
        fenced: bool,
    },
    /// A runner turned a request away, since the allocation was ordered to stop.
    TurnedAway {
        request: RequestId,
        allocation: AllocationId,
    },
    /// Something has happened and is durable in the product's database.
    Happened {
        request: RequestId,
        claim: Option<Claim>,
    },
    /// A webhook was turned away unread.
    Unfit { request: RequestId, why: Unfit },
    /// A webhook was believed, so long after it was signed.
    Believed {
        request: RequestId,
        right: bool,
        age: u64,
    },
    /// A webhook could not be delivered in its window: the provider owns the retry.
    Deferred { request: RequestId },
    /// Bytes were served for an asset; `right` if they are what the digest names.
    Served {
        request: RequestId,
        right: bool,
        cached: bool,
    },
    /// A path was looked up in the manifest of `deployment`, while the edge holds `owner` as the route's.
    Resolved {
        request: RequestId,
        deployment: DeploymentId,
        owner: DeploymentId,
    },
    /// The artifact store handed over other bytes than the digest names: an alarm. They are thrown away.
    WrongBytes { digest: Digest },
    /// An asset is not there.
    NoSuchAsset { request: RequestId },
    /// A preview answered from exactly the deployment that it is of.
    Validated {
        request: RequestId,
        deployment: DeploymentId,
    },
    /// A preview was bound to data.
    Bound { route: RouteId, isolated: bool },
    /// Whoever sent a request has left before it was answered; `held` if it waited here, where `slots` are taken now.
    Left {
        request: RequestId,
        held: bool,
        slots: u32,
    },
    /// There is a later preview in the place of one.
    Superseded { route: RouteId },
    /// A request names a preview whose time is over.
    PreviewGone { request: RequestId, route: RouteId },
    /// An asset is handed over with what may be done with it.
    Marked {
        request: RequestId,
        caching: Caching,
    },
    /// Whoever asks for an asset has it already.
    Unchanged { request: RequestId },
    /// A visitor goes to another allocation than before, since that one does not serve any more; its session begins anew.
    AffinityMiss {
        request: RequestId,
        visitor: u32,
        home: AllocationId,
        allocation: AllocationId,
    },
    /// A visitor goes to the allocation that has its session.
    AffinityKept {
        request: RequestId,
        allocation: AllocationId,
    },
    /// The inbox takes an event that it does not have.
    InboxTook { claim: Claim },
    /// The app has taken an event from the inbox.
    InboxDelivered { claim: Claim, place: u32 },
    /// What would have been the answer to a request is told to nobody.
    Unheard { request: RequestId, reason: Reason },
    /// A request comes on somebody's errand and not in person.
    Errand { request: RequestId, errand: Errand },
    /// A request on an errand gave its slot to somebody who came in person.
    Displaced { request: RequestId, by: RequestId },
    /// A request on an errand was sent away from a sleeping app, and nothing was woken for it.
    ErrandTurnedAway { request: RequestId, errand: Errand },
    /// The host of an edge lets its process keep only so many connections, or as many as it wants again.
    ConnectionsLimited { most: Option<u32> },
}
