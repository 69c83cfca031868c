//! Twin: the same run twice, once with one gate waived, laid side by side from the first difference to the first harm.

use crate::fleet::Fleet;
use crate::line::Line;
use crate::view::{Names, entry_view, is_routine};
use alloc::string::String;
use alloc::vec::Vec;
use machine::Time;
use protocol::{EntryView, Plan, Progress, TwinRow, TwinView};
use sim::{Entry, first_difference};

/// How many told entries before the difference, and after the harm, are shown.
const AROUND: usize = 3;
/// How many rows are shown at most; when there are more, the middle is left out.
const ROWS: usize = 80;

/// Compares two lines that differ in one gate; both must have run to their end.
pub fn compare(plan: &Plan, gate: &str, enforced: &Line, waived: &Line, branch: u32) -> TwinView {
    let (a, b) = (enforced.run(), waived.run());
    let difference = first_difference(a.history(), b.history());
    let at = difference.and_then(|step| {
        let time = |line: &Line| line.run().history().entry(step).map(|entry| entry.at.0);
        time(enforced).into_iter().chain(time(waived)).min()
    });
    let harm = b
        .watch()
        .properties()
        .first_broken()
        .filter(|(id, ..)| {
            !matches!(
                a.watch().properties().verdict(id),
                Some(protocol::Verdict::Broken { .. })
            )
        })
        .map(|(id, step, at, evidence)| (id.into(), step, at, evidence));
    let missed = {
        let met = |line: &Line| line.run().watch().objectives(line.run().state(), true);
        met(enforced)
            .into_iter()
            .zip(met(waived))
            .filter(|(enforced, waived)| {
                enforced.progress == Progress::Met && waived.progress == Progress::Missed
            })
            .map(|(_, waived)| waived.title)
            .collect()
    };
    let harm_at = harm
        .as_ref()
        .map(|harm: &(String, u64, u64, String)| (harm.1, harm.2));
    let (rows, shortened) = match (difference, at) {
        (Some(step), Some(at)) => rows(plan, enforced, waived, step, (at, harm_at)),
        _ => (Vec::new(), false),
    };
    TwinView {
        gate: gate.into(),
        difference: difference.zip(at).map(|(step, at)| (step, step, at)),
        harm,
        missed,
        rows,
        shortened,
        requests: (
            a.watch().metrics().counts(a.state()),
            b.watch().metrics().counts(b.state()),
        ),
        branch,
    }
}

/// What is told in both, by time; entries that say the same at the same moment share a row.
fn rows(
    plan: &Plan,
    enforced: &Line,
    waived: &Line,
    difference: u64,
    (at, harm): (u64, Option<(u64, u64)>),
) -> (Vec<TwinRow>, bool) {
    // With no harm, a minute is enough to see where it leads.
    let until = harm.map_or(at.saturating_add(60_000_000), |(_, at)| at);
    let harm = harm.map(|(step, _)| step);
    let left = told(plan, enforced, difference, None, until);
    let right = told(plan, waived, difference, harm, until);
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    let mut rows = Vec::new();
    loop {
        let row = match (left.peek(), right.peek()) {
            (None, None) => break,
            (Some(a), Some(b))
                if a.at == b.at && (a.sentence == b.sentence || a.node == b.node) =>
            {
                TwinRow {
                    at: a.at,
                    enforced: left.next(),
                    waived: right.next(),
                }
            }
            (Some(a), Some(b)) if a.at <= b.at => TwinRow {
                at: a.at,
                enforced: left.next(),
                waived: None,
            },
            (Some(a), None) => TwinRow {
                at: a.at,
                enforced: left.next(),
                waived: None,
            },
            (_, Some(b)) => TwinRow {
                at: b.at,
                enforced: None,
                waived: right.next(),
            },
        };
        rows.push(row);
    }
    let shortened = rows.len() > ROWS;
    if shortened {
        rows.drain(ROWS / 2..rows.len() - ROWS / 2);
    }
    (rows, shortened)
}

/// What is told from shortly before the difference on; the entries of the difference and of the harm even if they are
/// routine, since a place is wanted to show them at.
fn told(
    plan: &Plan,
    line: &Line,
    difference: u64,
    harm: Option<u64>,
    until: u64,
) -> Vec<EntryView> {
    let run = line.run();
    let history = run.history();
    let names = Names::new(plan, run.state());
    let view = |entry: &Entry<'_, Fleet>| {
        entry_view(&names, entry, line.labels_so_far(), |mark| {
            Line::done_text(plan, mark)
        })
    };
    let mut before: Vec<EntryView> = (0..difference)
        .rev()
        .filter_map(|step| history.entry(step))
        .filter(|entry| !is_routine(entry))
        .take(AROUND)
        .map(|entry| view(&entry))
        .collect();
    before.reverse();
    let end = history.until(Time(until));
    let mut after = 0;
    let behind = (difference..history.len())
        .filter_map(|step| history.entry(step))
        .filter(|entry| !is_routine(entry) || entry.step == difference || Some(entry.step) == harm)
        .take_while(|entry| {
            after += usize::from(entry.step >= end);
            after <= AROUND
        })
        .map(|entry| view(&entry));
    before.extend(behind);
    before
}
