//! Two runs in two columns, from where they part to the first harm.

use crate::draw::marks::Sign;
use crate::run::desk::{Desk, Twin};
use crate::ui::press;
use crate::ui::problem::capital;
use crate::ui::sign::told;
use crate::words;
use leptos::prelude::*;
use protocol::{EntryView, RequestCounts, TwinRow, TwinView};

/// Both runs.
pub fn beside(view: &TwinView, desk: Desk) -> AnyView {
    let gate = platform::CATALOG.gate(&view.gate);
    let title = gate.map_or(view.gate.clone(), |gate| gate.title.to_string());
    let without = gate.and_then(|gate| machine::section(gate.doc, "Without it"));
    let branch = view.branch;
    let parted = match view.difference {
        Some((_, _, at)) => format!("The runs part at {}.", words::moment(at)),
        None => "The runs never part: in this run the gate never had to refuse. Another seed or another action may show it.".to_string(),
    };
    let harm = view.harm.clone().map(|(property, _, at, evidence)| {
        let name = protocol::property(&property).map_or(property, |spec| spec.title.to_string());
        format!("{name} breaks at {}: {evidence}", words::moment(at))
    });
    let missed = view.missed.iter().map(|id| {
        let title = desk
            .scenario
            .plan
            .objectives
            .iter()
            .find(|o| o.id == *id)
            .map_or(id.clone(), |o| o.title.to_string());
        view! { <li>{told(Sign::Badly, "missed without the gate")}" "{title}</li> }.into_any()
    });
    view! {
        <h3 class="gate-title">"Without: "{title}</h3>
        {without.map(|text| view! { <p class="lead">{text}</p> }.into_any())}
        <ul class="findings">
            <li>{told(Sign::Parted, "difference")}" "{parted}</li>
            {match harm {
                Some(harm) => view! { <li>{told(Sign::Badly, "harm")}" "{capital(&harm)}"."</li> }.into_any(),
                None => view! { <li>{told(Sign::Rest, "no harm")}" No property breaks in the waived run."</li> }.into_any(),
            }}
            {missed.collect_view()}
        </ul>
        {totals(view.requests)}
        <div class="buttons">
            <button type="button" class="primary" on:click=press(move |_| desk.branch(branch))>"Open the waived run as a branch"</button>
            <button type="button" class="quiet" on:click=press(move |_| desk.twin.set(Twin::None))>"Choose another gate"</button>
        </div>
        {(!view.rows.is_empty()).then(|| rows(view))}
    }
    .into_any()
}

fn totals((enforced, waived): (RequestCounts, RequestCounts)) -> AnyView {
    let line = |word: &'static str, a: u32, b: u32| {
        let change = i64::from(b) - i64::from(a);
        view! { <tr><th scope="row">{word}</th><td>{a}</td><td>{b}</td><td>{if change == 0 { "same".to_string() } else { format!("{change:+}") }}</td></tr> }.into_any()
    };
    view! {
        <table class="totals">
            <caption>"Requests at the end"</caption>
            <thead><tr><th></th><th scope="col">"gate in force"</th><th scope="col">"gate waived"</th><th scope="col">"change"</th></tr></thead>
            <tbody>
                {line("served", enforced.served, waived.served)}
                {line("refused", enforced.refused, waived.refused)}
                {line("failed", enforced.failed, waived.failed)}
                {(enforced.left + waived.left > 0).then(|| line("left", enforced.left, waived.left))}
            </tbody>
        </table>
    }
    .into_any()
}

fn rows(view: &TwinView) -> AnyView {
    let places = places(view);
    let lines = view
        .rows
        .iter()
        .enumerate()
        .map(|(index, row)| line(row, Some(index) == places.0, Some(index) == places.1));
    let shortened = view
        .shortened
        .then_some("; moments in between are left out");
    view! {
        <div class="table-room" role="region" tabindex="0" aria-label="Both runs, moment by moment">
            <table class="beside">
                <caption>"Both runs, from shortly before they part"{shortened}</caption>
                <thead><tr><th scope="col">"at"</th><th scope="col">"gate in force"</th><th scope="col">"gate waived"</th></tr></thead>
                <tbody>{lines.collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// The rows of the first difference and the first harm: the entry itself, or the first row after it if its entry is one
/// that is not told.
fn places(view: &TwinView) -> (Option<usize>, Option<usize>) {
    let from = |entry: &Option<EntryView>, step: u64| {
        entry.as_ref().is_some_and(|entry| entry.step >= step)
    };
    let last = view.rows.len().checked_sub(1);
    let difference = view.difference.and_then(|(enforced, waived, _)| {
        view.rows
            .iter()
            .position(|row| from(&row.enforced, enforced) || from(&row.waived, waived))
            .or(last)
    });
    let harm = view.harm.as_ref().and_then(|(_, step, _, _)| {
        view.rows
            .iter()
            .position(|row| from(&row.waived, *step))
            .or(last)
    });
    (difference, harm)
}

fn line(row: &TwinRow, parts: bool, harms: bool) -> AnyView {
    let same = row
        .enforced
        .as_ref()
        .zip(row.waived.as_ref())
        .is_some_and(|(a, b)| a.sentence == b.sentence);
    let cell = |entry: &Option<EntryView>| match entry {
        Some(entry) => {
            let sign = crate::run::sign_of(entry)
                .filter(|sign| matches!(sign, Sign::Refused | Sign::Waived));
            let sign = sign.map(|sign| view! { {told(sign, sign.word())}" " }.into_any());
            view! { <td>{sign}{entry.sentence.clone()}</td> }.into_any()
        }
        None => view! { <td class="nothing"><span class="visually-hidden">"nothing"</span></td> }
            .into_any(),
    };
    view! {
        <tr data-same=same.to_string() data-difference=parts.to_string() data-harm=harms.to_string()>
            <th scope="row">
                <span class="mono when">{words::moment(row.at)}</span>
                {parts.then(|| told(Sign::Parted, "first difference"))}
                {harms.then(|| told(Sign::Badly, "first harm"))}
            </th>
            {cell(&row.enforced)}
            {cell(&row.waived)}
        </tr>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(enforced: Option<u64>, waived: Option<u64>) -> TwinRow {
        let entry = |step| EntryView {
            step,
            ..crate::testing::entry()
        };
        TwinRow {
            at: 0,
            enforced: enforced.map(entry),
            waived: waived.map(entry),
        }
    }

    #[test]
    fn difference_and_harm_are_marked_even_if_their_entries_are_not_told() {
        let view = TwinView {
            gate: String::new(),
            difference: Some((5, 5, 0)),
            harm: Some((String::new(), 8, 0, String::new())),
            missed: vec![],
            rows: vec![
                row(Some(3), Some(3)),
                row(Some(6), None),
                row(None, Some(7)),
                row(Some(9), Some(9)),
            ],
            shortened: false,
            requests: Default::default(),
            branch: 1,
        };
        assert_eq!(places(&view), (Some(1), Some(3)));
        let late = TwinView {
            harm: Some((String::new(), 99, 0, String::new())),
            ..view.clone()
        };
        assert_eq!(places(&late).1, Some(3));
        assert_eq!(
            places(&TwinView {
                rows: vec![],
                ..view
            }),
            (None, None)
        );
    }
}
