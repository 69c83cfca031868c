//! What requests need besides an owner and an allocation, in a plan: keys, a provider's webhooks, assets, previews.

use crate::plan::Range;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What the edges of a plan can ask besides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracesPlan {
    /// Whether there is a store of keys and, behind the apps, the product's database.
    pub keys: bool,
    /// Who sends webhooks.
    pub provider: Option<ProviderPlan>,
    /// How many assets each artifact has; 0 if assets are no matter of this plan.
    pub assets: u8,
    /// The apps that are previews of others.
    pub previews: Vec<PreviewPlan>,
    /// The apps that are not woken for crawlers and the like, by position.
    pub not_for_errands: Vec<u16>,
    /// Whether there is an inbox for events.
    pub inbox: bool,
}

/// A provider that sends webhooks to an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderPlan {
    /// The app, by position.
    pub app: u16,
    /// Whether the app has a contract with it; without one its calls are like any other.
    pub contract: bool,
    /// The first event.
    pub from: u64,
    /// No more events from here on.
    pub until: u64,
    /// The time from one event to the next.
    pub every: Range,
    /// How long it waits for an answer.
    pub timeout: u64,
    /// How long it waits before it sends an event again; doubles each time.
    pub back_off: u64,
    /// For how long it goes on trying.
    pub gives_up: u64,
    /// How many in a hundred events it sends again although they were answered well.
    pub duplicates: u32,
    /// Beside how many in a hundred events somebody else sends one of their own.
    pub forged: u32,
    /// How many in a hundred deliveries somebody plays back.
    pub played_back: u32,
    /// How much later.
    pub played_back_after: u64,
    /// Whether the app's owner has agreed that its events are kept in the inbox.
    pub inbox: bool,
}

/// An app that is a preview of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewPlan {
    /// The preview, by position among the apps.
    pub app: u16,
    /// The app that it is a preview of.
    pub of: u16,
    /// Its number, which is part of its host.
    pub number: u8,
}

/// What is special about some of the requests of a stream; shares are parts of a hundred.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Extra {
    /// How many of those that repeat a key do so with another body.
    pub misuse: u32,
    /// How many come as early data.
    pub early: u32,
    /// The number of the preview whose host they name.
    pub preview: Option<u8>,
    /// How many of those for assets want one that no artifact has.
    pub unknown: u32,
    /// How many of those for assets name a path instead of a digest.
    pub paths: u32,
    /// How many come on an errand: only asking whether a page is there, fetching ahead, crawling.
    pub errands: u32,
    /// For how long their clients wait before they leave; they never do if it is left out.
    pub patience: Option<Range>,
    /// How many visitors they come from, again and again; 0 if nobody can tell them apart.
    pub visitors: u16,
    /// How many of those for paths of assets say what they have already.
    pub conditional: u32,
}

/// What an operator may do about previews, by position among the apps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TracesEffect {
    /// Bind a preview to the production's data.
    BindPreview(u16),
    /// Give a preview data of its own.
    IsolatePreview(u16),
}
