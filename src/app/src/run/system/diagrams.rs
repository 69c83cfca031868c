//! The lifecycles, drawn from their declarations, with the state of every thing lit.

use crate::draw::diagram::{DIAGRAMS, Diagram};
use crate::draw::marks::Sign;
use crate::draw::px;
use crate::run::desk::Desk;
use crate::run::strip::is_open;
use crate::ui::held::{Derived, Held};
use crate::ui::sign::{glyph, told};
use crate::words;
use leptos::prelude::*;
use machine::LifecycleSpec;
use protocol::ThingView;

/// Every lifecycle, those first that something here goes through: a reader of one run looks for these.
#[component]
pub fn Diagrams() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let things = Derived::new(move || {
        desk.frame.with(|frame| {
            frame
                .as_ref()
                .map(|frame| frame.things.clone())
                .unwrap_or_default()
        })
    });
    let order = Derived::new(move || {
        things.with(|things| {
            let mut order: Vec<u8> = (0..DIAGRAMS.len() as u8).collect();
            order.sort_by_key(|index| !things.iter().any(|thing| thing.lifecycle == *index));
            order
        })
    });
    let lifecycle = move |index: u8| {
        let at = usize::from(index);
        platform::CATALOG
            .lifecycles
            .get(at)
            .zip(DIAGRAMS.get(at))
            .map(|(spec, diagram)| {
                view! { <Lifecycle index=index spec=spec diagram=diagram things=things/> }
                    .into_any()
            })
    };
    view! {
        <div class="diagrams">
            {move || order.get().into_iter().map(lifecycle).collect_view().into_any()}
        </div>
    }
    .into_any()
}

#[component]
fn Lifecycle(
    /// Its place in the catalog.
    index: u8,
    /// Its declaration.
    spec: &'static LifecycleSpec,
    /// Its picture.
    diagram: &'static Diagram,
    /// Every thing.
    things: Derived<Vec<ThingView>>,
) -> impl IntoView {
    let mine = Derived::new(move || {
        things.with(|all| {
            all.iter()
                .filter(|thing| thing.lifecycle == index)
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    let chosen = Held::new(None::<u64>);
    let lit = Derived::new(move || {
        mine.with(|things| {
            chosen
                .get()
                .and_then(|id| things.iter().find(|thing| thing.id == id))
                .or(things.iter().max_by_key(|thing| thing.since))
                .cloned()
        })
    });
    let table = Held::new(false);
    view! {
        <section class="lifecycle">
            <header>
                <h3>{spec.name}</h3>
                <p class="cost">{machine::summary(spec.doc)}</p>
            </header>
            {move || mine.with(|things| (things.len() > 1).then(|| view! {
                <label class="thing-choice">
                    "Shown: "
                    <select on:change=move |event| chosen.set(event_target_value(&event).parse().ok())>
                        {things.iter().map(|thing| {
                            let id = thing.id;
                            let here = move || lit.with(|lit| lit.as_ref().is_some_and(|lit| lit.id == id));
                            view! { <option value=id.to_string() selected=here>{thing.name.clone()}</option> }.into_any()
                        }).collect_view()}
                    </select>
                </label>
            }.into_any())).into_any()}
            {move || lit.get().map(|thing| facts(spec, &thing)).into_any()}
            <div class="diagram-room">
                <svg class="diagram" viewBox=format!("0 0 {} {}", px(diagram.width), px(diagram.height)) width=px(diagram.width) height=px(diagram.height) role="img" aria-label=move || lit.with(|lit| describe(spec, lit.as_ref()))>
                    {arrows(spec, diagram, lit)}
                    {states(spec, diagram, lit, mine)}
                </svg>
            </div>
            <details on:toggle=move |event| table.set(is_open(&event))>
                <summary>"As a table"</summary>
                {move || table.get().then(|| transitions(spec)).into_any()}
            </details>
        </section>
    }
    .into_any()
}

fn describe(spec: &LifecycleSpec, lit: Option<&ThingView>) -> String {
    let states: Vec<&str> = spec.states.iter().map(|state| state.name).collect();
    let now = lit.and_then(|thing| {
        spec.states
            .get(usize::from(thing.state))
            .map(|state| format!("{} is {}. ", thing.name, state.name))
    });
    format!(
        "{} lifecycle. {}States: {}.",
        spec.name,
        now.unwrap_or_default(),
        states.join(", ")
    )
}

fn facts(spec: &LifecycleSpec, thing: &ThingView) -> AnyView {
    let state = spec.states.get(usize::from(thing.state));
    view! {
        <p class="thing">
            <strong>{thing.name.clone()}</strong>
            {state.map(|state| told(Sign::of_role(state.role), state.name))}
            <span class="cost">{format!("since {}", words::moment(thing.since))}</span>
            {thing.facts.iter().map(|(label, value)| view! { <span class="fact">{format!("{label} ")}<span class="mono">{value.clone()}</span></span> }.into_any()).collect_view()}
        </p>
    }
    .into_any()
}

fn arrows(
    spec: &'static LifecycleSpec,
    diagram: &'static Diagram,
    lit: Derived<Option<ThingView>>,
) -> AnyView {
    let arrows = diagram.arrows.iter().map(|arrow| {
        let transition = &spec.transitions[usize::from(arrow.transition)];
        let gates: Vec<&str> = transition.gates.iter().map(|gate| gate.title).collect();
        let gates = if gates.is_empty() {
            String::new()
        } else {
            format!(" Gates: {}.", gates.join("; "))
        };
        let name = |state: u8| {
            spec.states
                .get(usize::from(state))
                .map_or("?", |state| state.name)
        };
        let title = format!(
            "{} ({} to {}), by {}: {}{gates}",
            transition.name,
            name(arrow.from),
            name(arrow.to),
            transition.actor,
            machine::summary(transition.doc)
        );
        let taken = move || {
            lit.with(|lit| {
                lit.as_ref()
                    .is_some_and(|t| t.transition == Some(arrow.transition) && t.state == arrow.to)
            })
        };
        view! {
            <g class="arrow" data-lit=move || taken().to_string()>
                <title>{title}</title>
                <path class="arrow-line" d=arrow.path()/>
                <path class="arrow-head" d=arrow.head()/>
                <text x=px(arrow.label.0) y=px(arrow.label.1 + 4.0)>{transition.name}</text>
            </g>
        }
        .into_any()
    });
    arrows.collect_view().into_any()
}

fn states(
    spec: &'static LifecycleSpec,
    diagram: &'static Diagram,
    lit: Derived<Option<ThingView>>,
    all: Derived<Vec<ThingView>>,
) -> AnyView {
    let states = spec.states.iter().zip(diagram.states).enumerate().map(|(index, (state, place))| {
        let here = move || lit.with(|lit| lit.as_ref().is_some_and(|thing| usize::from(thing.state) == index));
        let count = move || all.with(|things| things.iter().filter(|thing| usize::from(thing.state) == index).count());
        let sign = Sign::of_role(state.role);
        let (left, top) = (place.x - place.width / 2.0, place.y - place.height / 2.0);
        view! {
            <g class="state" data-lit=move || here().to_string() data-role=sign.role()>
                <title>{format!("{} ({}): {}", state.name, sign.word(), machine::summary(state.doc))}</title>
                <rect x=px(left) y=px(top) width=px(place.width) height=px(place.height) rx="6"/>
                <svg x=px(left + 10.0) y=px(place.y - 6.0) width="12" height="12" viewBox="0 0 12 12"><path d=sign.path() fill-rule="evenodd"/></svg>
                <text x=px(place.x + 9.0) y=px(place.y + 4.5)>{state.name}</text>
                {move || (count() > 1).then(|| view! { <text class="count" x=px(left + place.width - 4.0) y=px(top + 11.0)>{format!("×{}", count())}</text> }.into_any()).into_any()}
            </g>
        }.into_any()
    });
    states.collect_view().into_any()
}

fn transitions(spec: &'static LifecycleSpec) -> AnyView {
    let name = |state: &u8| {
        spec.states
            .get(usize::from(*state))
            .map_or("?", |state| state.name)
    };
    let rows = spec.transitions.iter().map(|transition| {
        let from: Vec<&str> = transition.from.iter().map(name).collect();
        let gates: Vec<&str> = transition.gates.iter().map(|gate| gate.title).collect();
        view! {
            <tr>
                <th scope="row">{transition.name}<p class="cost">{machine::summary(transition.doc)}</p></th>
                <td>{from.join(", ")}</td><td>{name(&transition.to)}</td><td>{transition.actor}</td><td>{gates.join("; ")}</td>
            </tr>
        }.into_any()
    });
    let states = spec.states.iter().map(|state| {
        view! { <li>{glyph(Sign::of_role(state.role), None)}" "<strong>{state.name}</strong>" "{machine::summary(state.doc)}</li> }.into_any()
    });
    view! {
        <ul class="state-list">{states.collect_view()}</ul>
        <div class="table-room" role="region" tabindex="0" aria-label=format!("Transitions of {}", spec.name)>
            <table>
                <thead><tr><th>"Transition"</th><th>"From"</th><th>"To"</th><th>"By"</th><th>"Gates"</th></tr></thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}
