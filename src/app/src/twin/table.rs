//! Two runs in two columns, from where they part to the first harm.

use crate::draw::marks::Sign;
use crate::run::desk::{Desk, Twin};
use crate::ui::problem::capital;
use crate::ui::sign::Told;
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
        let title = desk.scenario.plan.objectives.iter().find(|o| o.id == *id).map_or(id.clone(), |o| o.title.clone());
        view! { <li><Told sign=Sign::Badly word="missed without the gate"/>" "{title}</li> }
    });
    view! {
        <h3 class="gate-title">"Without: "{title}</h3>
        {without.map(|text| view! { <p class="lead">{text}</p> })}
        <ul class="findings">
            <li><Told sign=Sign::Parted word="difference"/>" "{parted}</li>
            {match harm {
                Some(harm) => view! { <li><Told sign=Sign::Badly word="harm"/>" "{capital(&harm)}"."</li> }.into_any(),
                None => view! { <li><Told sign=Sign::Rest word="no harm"/>" No property breaks in the waived run."</li> }.into_any(),
            }}
            {missed.collect_view()}
        </ul>
        {totals(view.requests)}
        <div class="buttons">
            <button type="button" class="primary" on:click=move |_| desk.branch(branch)>"Open the waived run as a branch"</button>
            <button type="button" class="quiet" on:click=move |_| desk.twin.set(Twin::None)>"Choose another gate"</button>
        </div>
        {(!view.rows.is_empty()).then(|| rows(view))}
    }
    .into_any()
}

fn totals((enforced, waived): (RequestCounts, RequestCounts)) -> AnyView {
    let line = |word: &'static str, a: u32, b: u32| {
        let change = i64::from(b) - i64::from(a);
        view! { <tr><th scope="row">{word}</th><td>{a}</td><td>{b}</td><td>{if change == 0 { "same".to_string() } else { format!("{change:+}") }}</td></tr> }
    };
    view! {
        <table class="totals">
            <caption>"Requests at the end"</caption>
            <thead><tr><th></th><th scope="col">"gate in force"</th><th scope="col">"gate waived"</th><th scope="col">"change"</th></tr></thead>
            <tbody>
                {line("served", enforced.served, waived.served)}
                {line("refused", enforced.refused, waived.refused)}
                {line("failed", enforced.failed, waived.failed)}
            </tbody>
        </table>
    }
    .into_any()
}

fn rows(view: &TwinView) -> AnyView {
    let difference = view.difference;
    let harm = view.harm.as_ref().map(|(_, step, _, _)| *step);
    let lines = view.rows.iter().map(|row| line(row, difference, harm)).collect_view();
    view! {
        <div class="table-room" role="region" tabindex="0" aria-label="Both runs, moment by moment">
            <table class="beside">
                <caption>"Both runs, from shortly before they part"{view.shortened.then_some("; moments in between are left out")}</caption>
                <thead><tr><th scope="col">"at"</th><th scope="col">"gate in force"</th><th scope="col">"gate waived"</th></tr></thead>
                <tbody>{lines}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn line(row: &TwinRow, difference: Option<(u64, u64, u64)>, harm: Option<u64>) -> AnyView {
    let is = |entry: &Option<EntryView>, step: Option<u64>| entry.as_ref().zip(step).is_some_and(|(entry, step)| entry.step == step);
    let parts = is(&row.enforced, difference.map(|d| d.0)) || is(&row.waived, difference.map(|d| d.1));
    let harms = is(&row.waived, harm);
    let same = row.enforced.as_ref().zip(row.waived.as_ref()).is_some_and(|(a, b)| a.sentence == b.sentence);
    let cell = |entry: &Option<EntryView>, waived: bool| match entry {
        Some(entry) => {
            let sign = crate::run::sign_of(entry).filter(|sign| matches!(sign, Sign::Refused | Sign::Waived));
            view! { <td>{sign.map(|sign| view! { <Told sign=sign word=sign.word()/>" " })}{entry.sentence.clone()}{(waived && harms).then(|| view! { " "<Told sign=Sign::Badly word="first harm"/> })}</td> }.into_any()
        }
        None => view! { <td class="nothing"><span class="visually-hidden">"nothing"</span></td> }.into_any(),
    };
    view! {
        <tr data-same=same.to_string() data-difference=parts.to_string() data-harm=harms.to_string()>
            <th scope="row" class="mono when">{words::moment(row.at)}{parts.then(|| view! { <Told sign=Sign::Parted word="first difference"/> })}</th>
            {cell(&row.enforced, false)}
            {cell(&row.waived, true)}
        </tr>
    }
    .into_any()
}
