//! Why an entry happened: its causes, how the gates ruled, what it led to.

use super::desk::Desk;
use super::terms::term;
use crate::draw::marks::Sign;
use crate::ui::press;
use crate::ui::sign::told;
use crate::words;
use leptos::prelude::*;
use protocol::{EntryView, MovedView, RulingView, WhyView};
use std::sync::Arc;

/// Why the selected entry happened.
#[component]
pub fn Why() -> impl IntoView {
    let desk = expect_context::<Desk>();
    view! { {move || desk.why.get().map(|why| answer(&why, desk)).into_any()} }.into_any()
}

fn answer(why: &Arc<WhyView>, desk: Desk) -> AnyView {
    let entry = &why.entry;
    let step = entry.step;
    let rulings = entry
        .ruled
        .iter()
        .map(|ruling| ruled(ruling, desk))
        .collect_view();
    let moved = entry.moved.iter().filter_map(moved).collect_view();
    let sent = entry
        .sent
        .iter()
        .map(|message| view! { <li>{message.label.clone()}</li> }.into_any())
        .collect_view();
    view! {
        <section class="why" aria-labelledby="why-title">
            <header>
                <h3 id="why-title">"Why"</h3>
                <button type="button" class="quiet" on:click=press(move |_| desk.why.set(None))>"Close"</button>
            </header>
            <p class="why-entry"><span class="mono when">{words::moment(entry.at)}</span>" "{entry.sentence.clone()}</p>
            <p class="buttons">
                <button type="button" class="quiet" on:click=press(move |_| desk.seek(step + 1))>"Go to this moment"</button>
                <span class="cost">"entry "<span class="mono">{step}</span></span>
            </p>
            {(!entry.moved.is_empty()).then(|| view! { <h4>"What it moved"</h4><ul class="moved">{moved}</ul> }.into_any())}
            <h4>"Gates"</h4>
            {if entry.ruled.is_empty() {
                view! { <p class="cost">"No gate was asked."</p> }.into_any()
            } else {
                view! { <ul class="rulings">{rulings}</ul> }.into_any()
            }}
            <h4>"Causes, the nearest first"</h4>
            {chain(&why.causes, "Nothing before it: it comes from outside.", desk)}
            <h4>"What it led to"</h4>
            {chain(&why.effects, "Nothing yet.", desk)}
            {(!entry.sent.is_empty()).then(|| view! { <h4>"Messages it sent"</h4><ul class="sent">{sent}</ul> }.into_any())}
        </section>
    }
    .into_any()
}

fn chain(entries: &[EntryView], none: &'static str, desk: Desk) -> AnyView {
    if entries.is_empty() {
        return view! { <p class="cost">{none}</p> }.into_any();
    }
    let (shown, left) = telling(entries);
    let rows = shown.iter().map(|entry| {
        let step = entry.step;
        view! {
            <li>
                <button type="button" class="entry plain" on:click=press(move |_| desk.select(step))>
                    <span class="when mono">{words::moment(entry.at)}</span>
                    <span class="sentence">{entry.sentence.clone()}</span>
                </button>
            </li>
        }.into_any()
    });
    view! {
        <ol class="chain">{rows.collect_view()}</ol>
        {(left > 0).then(|| view! { <p class="cost">{format!("… and {left} more behind them")}</p> }.into_any())}
    }
    .into_any()
}

/// The part of a chain that tells something: routine at its far end is left out, and so is what would fill the page.
fn telling(entries: &[EntryView]) -> (&[EntryView], usize) {
    const MOST: usize = 12;
    let last = entries
        .iter()
        .rposition(|entry| !entry.routine)
        .map_or(entries.len().min(3), |last| last + 1)
        .min(MOST);
    (&entries[..last], entries.len() - last)
}

fn moved(moved: &MovedView) -> Option<AnyView> {
    let spec = platform::CATALOG
        .lifecycles
        .get(usize::from(moved.lifecycle))?;
    let name = |state: u8| {
        spec.states
            .get(usize::from(state))
            .map_or("?", |state| state.name)
    };
    let to = spec.states.get(usize::from(moved.to))?;
    let from = moved
        .from
        .map(|from| view! { <span class="mono">{name(from)}</span>" → " }.into_any());
    let doc = moved
        .transition
        .and_then(|t| spec.transitions.get(usize::from(t)))
        .map(|t| machine::summary(t.doc));
    Some(
        view! {
            <li>
                {moved.name.clone()}": "{from}{told(Sign::of_role(to.role), to.name)}
                {doc.map(|doc| view! { <p class="cost">{doc}</p> }.into_any())}
            </li>
        }
        .into_any(),
    )
}

fn ruled(ruling: &RulingView, desk: Desk) -> AnyView {
    let Some(gate) = platform::CATALOG.gates.get(usize::from(ruling.gate)) else {
        return ().into_any();
    };
    let id = gate.id();
    let telling = ruling.verdict != "passed";
    view! {
        <li>
            <p>{told(Sign::of_ruling(&ruling.verdict), ruling.verdict.clone())}" "<strong>{gate.title}</strong></p>
            <p class="cost">{format!("{}: found {}, wanted {}", ruling.subject, term(gate.terms, ruling.found), term(gate.terms, ruling.wanted))}</p>
            <p>{machine::summary(gate.doc)}</p>
            {telling.then(|| view! {
                <button type="button" class="quiet" on:click=press(move |_| desk.run_twin(id.clone()))>"Twin run without this gate"</button>
            }.into_any())}
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_ends_where_only_routine_is_left() {
        let entry = |routine| EntryView {
            routine,
            ..crate::testing::entry()
        };
        let chain =
            |routine: &[bool]| telling(&routine.iter().map(|r| entry(*r)).collect::<Vec<_>>()).1;
        assert_eq!(chain(&[true, false, true, true]), 2);
        assert_eq!(chain(&[true; 5]), 2);
        assert_eq!(chain(&[false; 20]), 8);
        assert_eq!(chain(&[]), 0);
    }
}
