//! Lanes: a line per node, time from left to right, and the messages between them.
//!
//! **Invariants.** Nothing right of the cursor is drawn as if it had happened: a message under way ends at the cursor.

use protocol::{EntryView, Fate, NodeView};

/// How high one lane is, in pixels.
pub const LANE: f64 = 46.0;
/// Where the first lane runs.
pub const TOP: f64 = 30.0;
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

/// A message's line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The entry that sent it.
    pub step: u64,
    /// Its ends.
    pub from: (f64, f64),
    /// Where it stops: at the receiver, or where it is now.
    pub to: (f64, f64),
    /// How it goes.
    pub way: Way,
    /// Whether the network copied it.
    pub copy: bool,
    /// Its label, if there is room for it, and where.
    pub label: Option<(f64, f64)>,
    /// What it says, with its fate.
    pub text: String,
    /// What it says, for the label.
    pub short: String,
    /// Whether its entry is routine.
    pub routine: bool,
}

/// An entry's dot.
#[derive(Clone, Debug, PartialEq)]
pub struct Dot {
    /// The entry.
    pub step: u64,
    /// Its place.
    pub at: (f64, f64),
    /// Whether it is worth stopping at.
    pub interesting: bool,
    /// Its sentence.
    pub text: String,
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
    /// The moment at the cursor.
    pub now: u64,
    /// Where the cursor stands.
    pub cursor: f64,
    /// Messages.
    pub lines: Vec<Line>,
    /// Entries.
    pub dots: Vec<Dot>,
    /// Moments along the top: place and text.
    pub ticks: Vec<(f64, String)>,
}

/// The place of a lane.
pub fn lane_y(index: usize) -> f64 {
    TOP + LANE * (index as f64 + 0.5)
}

/// Draws the last `span` microseconds before `now` into `width` pixels.
pub fn picture(
    nodes: &[NodeView],
    entries: &[EntryView],
    now: u64,
    span: u64,
    width: f64,
    routine: bool,
) -> Picture {
    let span = span.max(1);
    let from = now.saturating_sub(span);
    let cursor = (width - 18.0).max(1.0);
    let x = |at: u64| (at.saturating_sub(from)) as f64 / span as f64 * cursor;
    let y = |id: u16| nodes.iter().position(|node| node.id == id).map(lane_y);
    let mut picture = Picture {
        width,
        height: TOP + LANE * nodes.len() as f64 + 8.0,
        from,
        now,
        cursor,
        ..Picture::default()
    };
    let mut taken: Vec<(f64, f64, f64)> = Vec::new();
    for entry in entries
        .iter()
        .filter(|entry| entry.at <= now && (routine || !entry.routine))
    {
        if entry.at >= from
            && let Some(at) = entry.node.and_then(y)
        {
            picture.dots.push(Dot {
                step: entry.step,
                at: (x(entry.at), at),
                interesting: entry.interesting,
                text: entry.sentence.clone(),
            });
        }
        for message in &entry.sent {
            let (Some(y0), Some(y1)) = (y(message.from), y(message.to)) else {
                continue;
            };
            let (end, way, fate) = match message.fate {
                Fate::Arrives(at) if at <= now => (at, Way::Arrived, "arrives"),
                Fate::Arrives(at) => (at, Way::Going, "is under way"),
                Fate::Lost => (entry.at, Way::Lost, "is lost"),
                Fate::Cut => (entry.at, Way::Lost, "is cut off by a partition"),
                Fate::ReceiverDown => (entry.at, Way::Lost, "finds its receiver down"),
            };
            if end < from {
                continue;
            }
            let (mut x0, mut start_y) = (entry.at as f64 - from as f64, y0);
            x0 = x0 / span as f64 * cursor;
            let (x1, y1) = match way {
                Way::Arrived => (x(end), y1),
                Way::Going => {
                    let part = (now - entry.at) as f64 / (end - entry.at).max(1) as f64;
                    (cursor, y0 + (y1 - y0) * part)
                }
                Way::Lost => (x0 + 9.0, y0 + (y1 - y0) * 0.42),
            };
            if x0 < 0.0 {
                let part = -x0 / (x1 - x0).max(0.001);
                start_y += (y1 - start_y) * part;
                x0 = 0.0;
            }
            let wide = message.label.len() as f64 * LETTER;
            let middle = ((x0 + x1) / 2.0, (start_y + y1) / 2.0 - 3.0);
            let room = !entry.routine
                && middle.0 - wide / 2.0 > 0.0
                && middle.0 + wide / 2.0 < width
                && !taken.iter().any(|(a, b, ty)| {
                    (ty - middle.1).abs() < 13.0
                        && middle.0 + wide / 2.0 + 4.0 > *a
                        && middle.0 - wide / 2.0 - 4.0 < *b
                });
            if room {
                taken.push((middle.0 - wide / 2.0, middle.0 + wide / 2.0, middle.1));
            }
            picture.lines.push(Line {
                step: entry.step,
                from: (x0, start_y),
                to: (x1, y1),
                way,
                copy: message.copy,
                label: room.then_some(middle),
                text: format!(
                    "{} {fate}{}",
                    message.label,
                    if message.copy {
                        " (a copy made by the network)"
                    } else {
                        ""
                    }
                ),
                short: message.label.clone(),
                routine: entry.routine,
            });
        }
    }
    let every = tick(span);
    let mut at = from.next_multiple_of(every);
    while at <= now {
        picture
            .ticks
            .push((x(at), crate::words::seconds(at, every)));
        at += every;
    }
    picture
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
mod tests {
    use super::*;
    use protocol::{LaneMessage, NodeKind};

    fn node(id: u16) -> NodeView {
        NodeView {
            id,
            name: format!("n{id}"),
            kind: NodeKind::Edge,
            up: true,
            beliefs: vec![],
        }
    }

    fn entry(at: u64, fate: Fate) -> EntryView {
        EntryView {
            step: 3,
            at,
            node: Some(0),
            sentence: "it asks".into(),
            cause: None,
            moved: vec![],
            ruled: vec![],
            sent: vec![LaneMessage {
                from: 0,
                to: 1,
                label: "ask".into(),
                fate,
                copy: false,
            }],
            interesting: true,
            routine: false,
            fingerprint: 0,
        }
    }

    #[test]
    fn a_message_under_way_ends_at_the_cursor() {
        let nodes = [node(0), node(1)];
        let picture = picture(
            &nodes,
            &[entry(900, Fate::Arrives(1_100))],
            1_000,
            1_000,
            1_018.0,
            false,
        );
        let line = &picture.lines[0];
        assert_eq!(
            (line.way, line.from, line.to.0),
            (Way::Going, (900.0, lane_y(0)), 1_000.0)
        );
        assert_eq!(line.to.1, lane_y(0) + LANE / 2.0);
    }

    #[test]
    fn what_left_the_window_is_cut_at_its_edge() {
        let nodes = [node(0), node(1)];
        let picture = picture(
            &nodes,
            &[entry(1_500, Fate::Arrives(2_500))],
            3_000,
            1_000,
            1_018.0,
            false,
        );
        let line = &picture.lines[0];
        assert_eq!((line.from.0, line.to.0), (0.0, 500.0));
        assert_eq!(line.from.1, (lane_y(0) + lane_y(1)) / 2.0);
        assert!(picture.dots.is_empty());
        assert!(
            super::picture(
                &nodes,
                &[entry(100, Fate::Arrives(200))],
                3_000,
                1_000,
                1_018.0,
                false
            )
            .lines
            .is_empty()
        );
    }

    #[test]
    fn labels_do_not_lie_on_each_other() {
        let nodes = [node(0), node(1)];
        let entries: Vec<_> = (0..40)
            .map(|i| entry(500 + i, Fate::Arrives(600 + i)))
            .collect();
        let picture = picture(&nodes, &entries, 1_000, 1_000, 1_018.0, false);
        assert_eq!(
            picture
                .lines
                .iter()
                .filter(|line| line.label.is_some())
                .count(),
            2
        );
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(tick(2_000_000), 500_000);
        assert_eq!(tick(8_000_000), 2_000_000);
    }
}
