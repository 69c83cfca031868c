//! Lanes: a line per node, time from left to right, and the messages between them.
//!
//! **Invariants.** Nothing right of the cursor is drawn as if it had happened: a message under way ends at the cursor.
//!
//! While a run plays, a picture is drawn anew sixty times a second, and most of it only moves to the left. So places are
//! counted from a moment that stays for long ([`BASE`]), all of them are moved at once by [`Picture::shift`], and a mark
//! with the same [`Mark::key`] looks the same.

mod fold;
mod lane;

pub use fold::{Kinds, fold, kind, kinds, telling};
pub use lane::Lane;
use protocol::{EntryView, Fate, LaneMessage};
use std::sync::Arc;

/// The most entries that are had at once: with so many, there are older ones that are not drawn.
pub const FULL: usize = 500;
/// How high one lane is, in pixels.
pub const LANE: f64 = 46.0;
/// Where the first lane runs.
pub const TOP: f64 = 30.0;
/// How many spans lie between the moments that places are counted from: few enough for numbers that are exact to a tenth
/// of a pixel.
const BASE: u64 = 64;
/// About how wide one letter of a label is.
const LETTER: f64 = 6.1;

/// How a message is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It has arrived.
    Arrived,
    /// It is under way.
    Going,
    /// It was lost, cut off, or met a receiver that was down.
    Lost,
}

/// The dot of an entry, or the line of a message that it sent.
#[derive(Clone, Debug)]
pub struct Mark {
    entries: Arc<Vec<EntryView>>,
    entry: usize,
    message: Option<usize>,
    /// Where a line begins; the place of a dot.
    pub from: (f64, f64),
    /// Where a line stops: at the receiver, or where the message is now.
    pub to: (f64, f64),
    /// How a message goes.
    pub way: Way,
    /// Where the label stands, if there is room for it.
    pub label: Option<(f64, f64)>,
}

/// What decides how a mark looks.
pub type Key = (u64, Option<usize>, u8, [i64; 4]);

impl Mark {
    /// Equal for marks that look the same. An entry's fingerprint stands for everything that is in it.
    pub fn key(&self) -> Key {
        let look = self.way as u8 * 2 + u8::from(self.label.is_some());
        let places = [self.from.0, self.from.1, self.to.0, self.to.1];
        (
            self.entry().fingerprint,
            self.message,
            look,
            places.map(|place| (place * 10.0) as i64),
        )
    }

    /// The entry.
    pub fn entry(&self) -> &EntryView {
        &self.entries[self.entry]
    }

    /// The message, if it is a message's line.
    pub fn message(&self) -> Option<&LaneMessage> {
        self.message.map(|nth| &self.entry().sent[nth])
    }

    /// What it says: an entry's sentence; a message with its fate.
    pub fn text(&self) -> String {
        let Some(message) = self.message() else {
            return self.entry().sentence.clone();
        };
        let fate = match (message.fate, self.way) {
            (Fate::Arrives(_), Way::Going) => "is under way",
            (Fate::Arrives(_), _) => "arrives",
            (Fate::Lost, _) => "is lost",
            (Fate::Cut, _) => "is cut off by a partition",
            (Fate::ReceiverDown, _) => "finds its receiver down",
        };
        let copy = if message.copy {
            " (a copy made by the network)"
        } else {
            ""
        };
        format!("{} {fate}{copy}", message.label)
    }

    /// Gives a line its label if it lies on none that is there and not beyond an edge.
    fn label_if_room(&mut self, taken: &mut Vec<(f64, f64, f64)>, (left, right): (f64, f64)) {
        let (Some(message), false) = (self.message(), self.entry().routine) else {
            return;
        };
        let half = message.label.len() as f64 * LETTER / 2.0;
        let (x, y) = (
            (self.from.0 + self.to.0) / 2.0,
            (self.from.1 + self.to.1) / 2.0 - 3.0,
        );
        let free = taken.iter().all(|(from, to, other)| {
            (other - y).abs() >= 13.0 || x + half + 4.0 <= *from || x - half - 4.0 >= *to
        });
        if free && x - half > left && x + half < right {
            taken.push((x - half, x + half, y));
            self.label = Some((x, y));
        }
    }
}

impl PartialEq for Mark {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

/// A picture of lanes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// The moment at its left edge.
    pub from: u64,
    /// The moment before which nothing is drawn although something happened, if there is one.
    pub begins: Option<u64>,
    /// The moment at the cursor.
    pub now: u64,
    /// Where the cursor stands.
    pub cursor: f64,
    /// How far everything that has a place in time is moved to the right.
    pub shift: f64,
    /// What only moves: messages that are not under way any more, then entries over them.
    pub still: Arc<Vec<Mark>>,
    /// Messages under way.
    pub going: Vec<Mark>,
    /// Moments along the top: place and text.
    pub ticks: Vec<(f64, String)>,
}

impl Picture {
    /// How wide the part is, from the left edge, in which nothing is drawn although something happened.
    pub fn undrawn(&self) -> f64 {
        let span = (self.now - self.from).max(1) as f64;
        let until = self.begins.unwrap_or(self.from);
        (until - self.from) as f64 / span * self.cursor
    }
}

/// The place of a lane.
pub fn lane_y(index: usize) -> f64 {
    TOP + LANE * (index as f64 + 0.5)
}

/// Draws the last `span` microseconds before `now` into `width` pixels.
pub fn picture(
    lanes: &[Lane],
    entries: &Arc<Vec<EntryView>>,
    now: u64,
    span: u64,
    width: f64,
    routine: bool,
) -> Picture {
    let span = span.max(1);
    let from = now.saturating_sub(span);
    let cursor = (width - 18.0).max(1.0);
    let base = now / (span * BASE) * (span * BASE);
    let x = |at: u64| (at as f64 - base as f64) / span as f64 * cursor;
    let mut places = vec![
        None;
        lanes
            .iter()
            .flat_map(|lane| &lane.ids)
            .map(|id| *id as usize + 1)
            .max()
            .unwrap_or(0)
    ];
    for (index, lane) in lanes.iter().enumerate() {
        for id in &lane.ids {
            places[*id as usize] = Some(lane_y(index));
        }
    }
    let y = |id: u16| places.get(id as usize).copied().flatten();
    let (mut still, mut dots, mut going) = (Vec::new(), Vec::new(), Vec::new());
    for (index, entry) in entries.iter().enumerate() {
        if entry.at > now || (entry.routine && !routine) {
            continue;
        }
        let mark = |message, from, to, way| Mark {
            entries: Arc::clone(entries),
            entry: index,
            message,
            from,
            to,
            way,
            label: None,
        };
        if entry.at >= from
            && let Some(y) = entry.node.and_then(y)
        {
            let at = (x(entry.at), y);
            dots.push(mark(None, at, at, Way::Arrived));
        }
        for (nth, message) in entry.sent.iter().enumerate() {
            let (Some(y0), Some(y1)) = (y(message.from), y(message.to)) else {
                continue;
            };
            let x0 = x(entry.at);
            match message.fate {
                Fate::Arrives(at) if at > now => {
                    let part = (now - entry.at) as f64 / (at - entry.at).max(1) as f64;
                    let to = (x(now), y0 + (y1 - y0) * part);
                    going.push(mark(Some(nth), (x0, y0), to, Way::Going));
                }
                Fate::Arrives(at) if at >= from => {
                    still.push(mark(Some(nth), (x0, y0), (x(at), y1), Way::Arrived));
                }
                Fate::Lost | Fate::Cut | Fate::ReceiverDown if entry.at >= from => {
                    let to = (x0 + 9.0, y0 + (y1 - y0) * 0.42);
                    still.push(mark(Some(nth), (x0, y0), to, Way::Lost));
                }
                _ => {}
            }
        }
    }
    let mut taken = Vec::new();
    let edges = (x(now) - cursor, x(now) + width - cursor);
    for mark in still.iter_mut().chain(&mut going) {
        mark.label_if_room(&mut taken, edges);
    }
    still.append(&mut dots);
    let every = tick(span);
    // A tick too near to the left edge would have half of its words cut off.
    let ticks = ((from + span / 24).div_ceil(every)..=now / every)
        .map(|nth| (x(nth * every), crate::words::seconds(nth * every, every)))
        .collect();
    let oldest = entries.first().map(|entry| entry.at);
    Picture {
        width,
        height: TOP + LANE * lanes.len() as f64 + 8.0,
        from,
        begins: oldest.filter(|at| entries.len() >= FULL && *at > from && *at <= now),
        now,
        cursor,
        shift: cursor - x(now),
        still: Arc::new(still),
        going,
        ticks,
    }
}

/// A round distance between ticks: about six of them in a span.
pub fn tick(span: u64) -> u64 {
    const ROUND: [u64; 12] = [
        10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000, 5_000_000,
        10_000_000, 20_000_000, 60_000_000,
    ];
    ROUND
        .into_iter()
        .find(|every| span / every <= 7)
        .unwrap_or(300_000_000)
}

#[cfg(test)]
mod tests;
