//! Net: how long messages take; what conditions do to them on the way.
//!
//! **Invariants.** A message's fate is settled when it is sent and depends only on the link, on the message's identity
//! and on the conditions that hold at that moment. A node's message to itself takes no time and is never lost.

use crate::choices::stream;
use crate::entry::Fate;
use crate::setup::Span;
use alloc::vec::Vec;
use machine::fingerprint::fold;
use machine::{Dice, Duration, Message, NodeId, Time};

/// The latencies of all links.
#[derive(Clone, Debug, Default)]
pub struct Network {
    common: Span,
    /// Links with a latency of their own, sorted by sender and receiver.
    own: Vec<(NodeId, Span)>,
    /// Where the links of each sender begin in `own`; senders beyond the end have none.
    begins: Vec<u32>,
}

impl Network {
    /// Every link has this latency.
    #[must_use]
    pub const fn uniform(latency: Span) -> Self {
        Self {
            common: latency,
            own: Vec::new(),
            begins: Vec::new(),
        }
    }

    /// The same network with another latency from `from` to `to` (that direction only).
    #[must_use]
    pub fn with(mut self, from: NodeId, to: NodeId, latency: Span) -> Self {
        let sender = usize::from(from.0);
        if self.begins.len() < sender + 2 {
            self.begins.resize(sender + 2, self.own.len() as u32);
        }
        let (begin, end) = (
            self.begins[sender] as usize,
            self.begins[sender + 1] as usize,
        );
        match self.own[begin..end].binary_search_by_key(&to, |link| link.0) {
            Ok(at) => self.own[begin + at].1 = latency,
            Err(at) => {
                self.own.insert(begin + at, (to, latency));
                for later in &mut self.begins[sender + 1..] {
                    *later += 1;
                }
            }
        }
        self
    }

    /// The links of one sender, who often has more than one message to send.
    #[inline(always)]
    pub(crate) fn sender(&self, from: NodeId) -> Sender<'_> {
        let sender = usize::from(from.0);
        let own = match self.begins.get(sender..sender + 2) {
            Some([begin, end]) => &self.own[*begin as usize..*end as usize],
            _ => &[],
        };
        Sender {
            common: &self.common,
            own,
        }
    }
}

/// The latencies of all links of one sender.
#[derive(Clone, Copy)]
pub(crate) struct Sender<'a> {
    common: &'a Span,
    own: &'a [(NodeId, Span)],
}

impl Sender<'_> {
    /// The latency to `to`.
    #[inline(always)]
    pub fn latency(self, to: NodeId) -> Span {
        *match self.own {
            [] => self.common,
            [only] => {
                if only.0 == to {
                    &only.1
                } else {
                    self.common
                }
            }
            own => own
                .binary_search_by_key(&to, |link| link.0)
                .map_or(self.common, |at| &own[at].1),
        }
    }
}

/// When a message arrives while nothing is wrong.
#[inline(always)]
pub(crate) fn calm_arrival<M: Message>(
    dice: &Dice,
    latency: Span,
    now: Time,
    (from, to): (NodeId, NodeId),
    message: &M,
) -> Time {
    if from == to {
        return now;
    }
    if latency.low.0 >= latency.high.0 {
        return now.after(latency.low);
    }
    now.after(latency.draw(dice, stream::LATENCY, key(from, to, message)))
}

/// How much later a copy arrives at most: what the history has room for.
const COPY_LATER_MAX: Duration = Duration(u32::MAX as u64);

/// What becomes of a message that has this key, given what the conditions do to it.
pub(crate) fn fate(
    dice: &Dice,
    latency: Span,
    now: Time,
    (from, to, key): (NodeId, NodeId, u64),
    troubles: Troubles,
) -> Fate {
    if from == to {
        return Fate::Arrives { at: now };
    }
    if let Some(fate) = troubles.stopped {
        return fate;
    }
    let at = now
        .after(latency.draw(dice, stream::LATENCY, key))
        .after(troubles.delay);
    if troubles.copied {
        let later = latency.draw(dice, stream::DUPLICATION, fold(key, 1));
        let copy = at.after(later.min(COPY_LATER_MAX));
        return Fate::Duplicated { at, copy };
    }
    Fate::Arrives { at }
}

/// The place of one message on one link among all choices.
#[inline]
pub(crate) fn key<M: Message>(from: NodeId, to: NodeId, message: &M) -> u64 {
    fold(
        u64::from(from.0) << 16 | u64::from(to.0),
        message.identity(),
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_its_own_latency_or_the_common_one() {
        let span = |n| Span::fixed(Duration(n));
        let mut network = Network::uniform(span(7));
        let links = [
            (3, 1, 31),
            (0, 2, 2),
            (3, 0, 30),
            (9, 9, 99),
            (0, 1, 1),
            (3, 1, 310),
            (0, 2, 20),
        ];
        for (from, to, n) in links {
            network = network.with(NodeId(from), NodeId(to), span(n));
        }
        for from in 0..12 {
            for to in 0..12 {
                let own = links
                    .iter()
                    .rev()
                    .find(|link| (link.0, link.1) == (from, to))
                    .map_or(7, |link| link.2);
                assert_eq!(
                    network.sender(NodeId(from)).latency(NodeId(to)),
                    span(own),
                    "{from} to {to}"
                );
            }
        }
    }
}
