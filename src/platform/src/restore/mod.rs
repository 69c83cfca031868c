//! Database Restore: back to a moment before the data went wrong, without forking the truth or doing things twice.
//!
//! [`Restores`] is the service that decides and holds the binding of production; [`Databases`] is the provider's side, with
//! its instances and their fences; a [`Writer`] is an app that writes to whatever it is bound to, and tells the world outside
//! what it has written. The runbook's steps are the stages of a restore, in order.

mod data;
mod message;
mod service;
mod writer;

pub use data::{Databases, Instance, Row, Stored};
pub use message::{
    Command, EventId, InstanceId, Message, Note, PREVIEW, PRODUCTION, Reason, RestoreId, Stage,
};
pub use service::{Installation, Record, Restore, Restores};
pub use writer::Writer;
