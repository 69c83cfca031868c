//! Folding: where there are many nodes of a kind, those that have nothing to tell share one lane.
//!
//! **Invariant.** Every node is in exactly one lane, so that whatever it sends or gets is drawn somewhere.

use super::Lane;
use protocol::EntryView;

/// From how many nodes of a kind on they are folded.
const MANY: usize = 9;
/// How many of a kind stay visible at most, since they have something to tell.
const TELLING: usize = 6;

/// Kinds of nodes that may be folded: what they are called, and how many there are.
pub type Kinds = Vec<(String, usize)>;

/// What kind of node this is: its name without its number.
pub fn kind(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit())
        .trim_end_matches('-')
}

/// The kinds of which there are many.
pub fn kinds<'a>(names: impl Iterator<Item = &'a str>) -> Kinds {
    let mut kinds = Kinds::new();
    for name in names {
        let kind = kind(name);
        match kinds.iter_mut().find(|(known, _)| known == kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((kind.to_string(), 1)),
        }
    }
    kinds.retain(|(_, count)| *count >= MANY);
    kinds
}

/// The nodes at which something interesting happened from one moment to another, the last one first.
pub fn telling(entries: &[EntryView], from: u64, now: u64) -> Vec<u16> {
    let mut found = Vec::new();
    let within = |entry: &&EntryView| entry.interesting && (from..=now).contains(&entry.at);
    for node in entries
        .iter()
        .rev()
        .filter(within)
        .filter_map(|entry| entry.node)
    {
        if !found.contains(&node) {
            found.push(node);
        }
    }
    found
}

/// Folds what is not opened: of each kind stay those that are down or tell something, and the rest becomes one lane after
/// them.
pub fn fold(lanes: Vec<Lane>, opened: &[String], telling: &[u16]) -> Vec<Lane> {
    let mut kinds = kinds(lanes.iter().map(|lane| lane.name.as_str()));
    kinds.retain(|(kind, _)| !opened.contains(kind));
    if kinds.is_empty() {
        return lanes;
    }
    let rank = |lane: &Lane| match telling.iter().position(|id| lane.ids.contains(id)) {
        Some(nth) => Some(nth + 1),
        None => (!lane.up).then_some(0),
    };
    let mut rows = Vec::new();
    let mut folds: Vec<(Vec<Lane>, usize)> = Vec::new();
    folds.resize_with(kinds.len(), Default::default);
    // The worst rank with which a lane of each kind still stays visible.
    let last: Vec<Option<usize>> = kinds
        .iter()
        .map(|(name, _)| {
            let mine = lanes.iter().filter(|lane| kind(&lane.name) == name);
            let mut ranks: Vec<usize> = mine.filter_map(rank).collect();
            ranks.sort_unstable();
            ranks.truncate(TELLING);
            ranks.last().copied()
        })
        .collect();
    for lane in lanes {
        let Some(nth) = kinds.iter().position(|(name, _)| kind(&lane.name) == name) else {
            rows.push(lane);
            continue;
        };
        let (folded, seen) = &mut folds[nth];
        *seen += 1;
        let stays = rank(&lane).is_some_and(|rank| Some(rank) <= last[nth]);
        if stays && *seen - 1 - folded.len() < TELLING {
            rows.push(lane);
        } else {
            folded.push(lane);
        }
        if *seen == kinds[nth].1 {
            rows.extend(one(&kinds[nth].0, folded));
        }
    }
    rows
}

/// One lane for several.
fn one(kind: &str, folded: &[Lane]) -> Option<Lane> {
    let first = folded.first()?;
    let down = folded.iter().filter(|lane| !lane.up).count();
    let apps = match down {
        0 => String::new(),
        n => format!("{n} of them down"),
    };
    Some(Lane {
        ids: folded.iter().flat_map(|lane| lane.ids.clone()).collect(),
        name: crate::words::count(folded.len() as u64, kind),
        kind: first.kind,
        up: true,
        apps,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::NodeKind;

    fn lane(id: u16, name: String) -> Lane {
        Lane {
            ids: vec![id],
            name,
            kind: NodeKind::Runner,
            up: true,
            apps: String::new(),
        }
    }

    /// A control plane, a hundred runners, two edges.
    fn fleet() -> Vec<Lane> {
        let mut lanes = vec![lane(0, "control".into())];
        lanes.extend((1..=100).map(|n| lane(n, format!("runner-{n}"))));
        lanes.extend((1..=2).map(|n| lane(100 + n, format!("edge-{n}"))));
        lanes
    }

    fn names(lanes: &[Lane]) -> Vec<&str> {
        lanes.iter().map(|lane| lane.name.as_str()).collect()
    }

    #[test]
    fn many_of_a_kind_share_a_lane_until_they_are_opened() {
        let lanes = fleet();
        let all = kinds(lanes.iter().map(|lane| lane.name.as_str()));
        assert_eq!(all, [("runner".to_string(), 100)]);
        let rows = fold(fleet(), &[], &[]);
        assert_eq!(names(&rows), ["control", "100 runners", "edge-1", "edge-2"]);
        assert_eq!(fold(fleet(), &["runner".into()], &[]), fleet());
    }

    #[test]
    fn what_is_down_or_tells_something_stays_visible() {
        let mut lanes = fleet();
        lanes[50].up = false;
        let rows = fold(lanes, &[], &[7, 101]);
        assert_eq!(
            names(&rows),
            [
                "control",
                "runner-7",
                "runner-50",
                "98 runners",
                "edge-1",
                "edge-2"
            ]
        );
    }

    #[test]
    fn only_a_few_stay_and_the_fold_says_how_many_are_down() {
        let mut lanes = fleet();
        for lane in &mut lanes[1..=20] {
            lane.up = false;
        }
        let rows = fold(lanes, &[], &[90, 91]);
        assert_eq!(rows.len(), 1 + TELLING + 1 + 2);
        let folded = rows.iter().find(|lane| lane.name.ends_with("runners"));
        assert_eq!(folded.unwrap().apps, "14 of them down");
    }

    #[test]
    fn every_node_is_in_one_lane() {
        for telling in [vec![], (1..=100).collect(), vec![3, 100, 1]] {
            let mut ids: Vec<u16> = fold(fleet(), &[], &telling)
                .into_iter()
                .flat_map(|lane| lane.ids)
                .collect();
            ids.sort_unstable();
            assert_eq!(ids, (0..=102).collect::<Vec<u16>>());
        }
    }
}
