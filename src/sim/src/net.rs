//! Net: how long messages take; what conditions do to them on the way.
//!
//! **Invariants.** A message's fate is settled when it is sent and depends only on the link, on the message's identity
//! and on the conditions that hold at that moment. A node's message to itself takes no time and is never lost.

use crate::choices::stream;
use crate::conditions::{Conditions, Condition};
use crate::entry::Fate;
use crate::setup::Span;
use alloc::vec::Vec;
use machine::fingerprint::fold;
use machine::{Dice, Duration, Message, NodeId, Time};

/// The latencies of all links.
#[derive(Clone, Debug, Default)]
pub struct Network {
    common: Span,
    /// Sorted by link.
    pairs: Vec<(u32, Span)>,
}

impl Network {
    /// Every link has this latency.
    #[must_use]
    pub const fn uniform(latency: Span) -> Self {
        Self { common: latency, pairs: Vec::new() }
    }

    /// The same network with another latency from `from` to `to` (that direction only).
    #[must_use]
    pub fn with(mut self, from: NodeId, to: NodeId, latency: Span) -> Self {
        let link = link(from, to);
        match self.pairs.binary_search_by_key(&link, |pair| pair.0) {
            Ok(at) => self.pairs[at].1 = latency,
            Err(at) => self.pairs.insert(at, (link, latency)),
        }
        self
    }

    /// The latency from `from` to `to`.
    #[inline]
    #[must_use]
    pub fn latency(&self, from: NodeId, to: NodeId) -> Span {
        if self.pairs.is_empty() {
            return self.common;
        }
        match self.pairs.binary_search_by_key(&link(from, to), |pair| pair.0) {
            Ok(at) => self.pairs[at].1,
            Err(_) => self.common,
        }
    }

    /// What becomes of a message sent now. Conditions that the message sets off are pushed to `begun`.
    #[inline]
    pub(crate) fn route<M: Message>(
        &self,
        dice: &Dice,
        list: &[Condition],
        conditions: &mut Conditions,
        now: Time,
        (from, to): (NodeId, NodeId),
        message: &M,
        begun: &mut Vec<u16>,
    ) -> Fate {
        let span = self.latency(from, to);
        let calm = !conditions.touch_messages();
        if calm && (from == to || span.low >= span.high) {
            return Fate::Arrives { at: if from == to { now } else { now.after(span.low) } };
        }
        let key = fold(u64::from(link(from, to)), message.identity());
        let troubles = if calm { Troubles::default() } else { conditions.judge(list, dice, (from, to), message, key, begun) };
        if from == to {
            return Fate::Arrives { at: now };
        }
        if let Some(fate) = troubles.stopped {
            return fate;
        }
        let at = now.after(span.draw(dice, stream::LATENCY, key)).after(troubles.delay);
        if troubles.copied {
            let copy = at.after(span.draw(dice, stream::DUPLICATION, fold(key, 1)));
            return Fate::Duplicated { at, copy };
        }
        Fate::Arrives { at }
    }
}

/// What the conditions do to one message.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Troubles {
    /// It does not arrive.
    pub stopped: Option<Fate>,
    /// It arrives twice.
    pub copied: bool,
    /// It takes this much longer.
    pub delay: Duration,
}

#[inline]
const fn link(from: NodeId, to: NodeId) -> u32 {
    (from.0 as u32) << 16 | to.0 as u32
}
