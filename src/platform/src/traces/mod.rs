//! What requests need besides an owner and an allocation: a store of idempotency keys, providers' webhooks with their
//! contracts, assets by digest, previews with owners of their own.
//!
//! The parts: `message` is what is said and told, `keys` is the store that edges ask before anything goes out that may
//! change something, `inbox` keeps
//! events by agreement and delivers them in order, `terms` is what an edge is told of webhooks, previews
//! and errands at its installation, `visit` is who asks and on whose behalf. What an edge does with
//! all that is in [`crate::edge`]; what a runner does with effects is in [`crate::runner`].

mod inbox;
mod keys;
mod message;
mod said;
mod terms;
mod visit;

pub use inbox::{Inbox, InboxRecord, Kept};
pub use keys::{KeyRow, KeyStore, Phase, Record};
pub use message::{
    Arrival, Asset, Brings, Claim, Command, Message, Note, Outcome, Proof, Standing, Unfit,
};
pub use terms::{Environment, Preview, Services, Webhook};
pub use visit::{Caching, Caller, Errand, Headers, Manners, Visit, Visitor};
