//! What is, beside what each node believes.

use super::folds::folds;
use crate::draw::lanes::{kind, kinds};
use crate::draw::marks::Sign;
use crate::run::desk::Desk;
use crate::ui::held::{Derived, Held};
use crate::ui::sign::told;
use crate::words;
use leptos::prelude::*;
use protocol::{NodeView, ThingView};

/// Facts and beliefs.
#[component]
pub fn Beliefs() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let moment = Derived::new(move || {
        desk.frame.with(|frame| {
            frame
                .as_ref()
                .map(|frame| (frame.things.clone(), frame.nodes.clone()))
                .unwrap_or_default()
        })
    });
    let many = Derived::new(move || {
        moment.with(|(_, nodes)| kinds(nodes.iter().map(|node| node.name.as_str())))
    });
    let opened = Held::new(Vec::<String>::new());
    // Of a kind of which there are many, those stay visible that are down or believe what is not so.
    let is_folded = move |node: &&NodeView| {
        let kind = kind(&node.name);
        let is_many = many.with(|many| many.iter().any(|(name, _)| name == kind));
        let tells = !node.up || node.beliefs.iter().any(|(_, _, differs)| *differs);
        is_many && !tells && !opened.with(|opened| opened.iter().any(|open| open == kind))
    };
    view! {
        <div class="beliefs">
            <section>
                <h3>"What is"</h3>
                <ul class="facts-list">{move || moment.with(|(things, _)| things.iter().filter_map(thing).collect_view()).into_any()}</ul>
            </section>
            <section>
                <h3>"What each node believes"</h3>
                {move || folds(many, opened)}
                <div class="believers">{move || moment.with(|(_, nodes)| {
                    nodes.iter().filter(|node| !is_folded(node)).filter_map(believer).collect_view()
                }).into_any()}</div>
                {move || moment.with(|(_, nodes)| {
                    many.get().into_iter().filter_map(|(kind, _)| rest(&kind, nodes.iter().filter(is_folded))).collect_view()
                }).into_any()}
            </section>
        </div>
    }
    .into_any()
}

/// Those of a kind that are folded, in a sentence.
fn rest<'a>(kind_of: &str, folded: impl Iterator<Item = &'a NodeView>) -> Option<AnyView> {
    let count = folded.filter(|node| kind(&node.name) == kind_of).count();
    let all = words::count(count as u64, kind_of);
    (count > 0).then(|| {
        view! { <p class="cost">{format!("{all}: up, with no belief that differs from what is.")}</p> }
            .into_any()
    })
}

fn thing(thing: &ThingView) -> Option<AnyView> {
    let spec = platform::CATALOG
        .lifecycles
        .get(usize::from(thing.lifecycle))?;
    let state = spec.states.get(usize::from(thing.state))?;
    let facts: Vec<String> = thing
        .facts
        .iter()
        .map(|(label, value)| format!("{label} {value}"))
        .collect();
    Some(
        view! {
            <li>
                <strong>{thing.name.clone()}</strong>
                {told(Sign::of_role(state.role), state.name)}
                <span class="cost">{format!("since {}", words::moment(thing.since))}</span>
                <span class="cost">{facts.join(" · ")}</span>
            </li>
        }
        .into_any(),
    )
}

fn believer(node: &NodeView) -> Option<AnyView> {
    if node.beliefs.is_empty() && node.up {
        return None;
    }
    let mark = if node.is_outside {
        (Sign::Badly, "stands in the way")
    } else {
        (Sign::Parted, "differs from what is")
    };
    let rows = node.beliefs.iter().map(|(label, value, differs)| {
        view! {
            <tr data-differs=differs.to_string()>
                <th scope="row">{label.clone()}</th>
                <td>{value.clone()}{differs.then(|| view! { " "{told(mark.0, mark.1)} }.into_any())}</td>
            </tr>
        }.into_any()
    });
    Some(
        view! {
            <table class="believer">
                <caption>{node.name.clone()}{(!node.up).then(|| view! { " "{told(Sign::Badly, "down")} }.into_any())}</caption>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        }
        .into_any(),
    )
}
