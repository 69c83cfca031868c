//! What is, beside what each node believes.

use crate::draw::marks::Sign;
use crate::run::desk::Desk;
use crate::ui::held::Derived;
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
    view! {
        <div class="beliefs">
            <section>
                <h3>"What is"</h3>
                <ul class="facts-list">{move || moment.with(|(things, _)| things.iter().filter_map(thing).collect_view()).into_any()}</ul>
            </section>
            <section>
                <h3>"What each node believes"</h3>
                <div class="believers">{move || moment.with(|(_, nodes)| nodes.iter().filter_map(believer).collect_view()).into_any()}</div>
            </section>
        </div>
    }
    .into_any()
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
