//! How a run begins, beside its seed: how hard its background is, and seeds that are worth a look.

use super::desk::Desk;
use crate::content;
use crate::route::Asked;
use crate::saved::Record;
use crate::ui::held::Derived;
use crate::ui::press;
use crate::words;
use leptos::prelude::*;
use protocol::{Replay, SEVERITIES, Severity};
use std::sync::Arc;
use wasm_bindgen::JsCast;

/// How hard the background is; another choice begins another run, and this one is kept.
#[component]
pub fn Severities() -> impl IntoView {
    let desk = expect_context::<Desk>();
    if !desk.scenario.plan.background {
        return ().into_any();
    }
    let now = Derived::new(move || {
        let replay = desk.replay.get();
        replay.map_or(Severity::default(), |replay| replay.severity)
    });
    let choose = move |event| {
        let (Ok(severity), Some(replay)) = (
            Severity::named(&event_target_value(&event)),
            desk.replay.get_untracked(),
        ) else {
            return;
        };
        desk.begin(Asked {
            seed: Some(replay.seed),
            waived: replay.waivers.clone(),
            severity: Some(severity),
        });
    };
    let options = SEVERITIES.iter().map(|spec| {
        view! { <option value=spec.id prop:selected=move || now.get().id() == spec.id>{spec.title}</option> }
            .into_any()
    });
    view! {
        <label class="severity" title=move || now.get().spec().doc>
            <span>"severity"</span>
            <select on:change=choose>{options.collect_view()}</select>
        </label>
    }
    .into_any()
}

/// Seeds that are worth a look, each with why.
#[component]
pub fn Seeds() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let seeds = content::listed(desk.scenario.plan.id).map_or(&[][..], |listed| listed.seeds);
    if seeds.is_empty() {
        return ().into_any();
    }
    let rows = seeds.iter().map(|one| {
        let begin = move |event| {
            shut(&event);
            desk.begin(Asked::fresh(one.seed, one.severity));
        };
        view! {
            <li>
                <button type="button" class="inline" on:click=press(begin)>{one.title}</button>
                <span class="mono cost">{one.label()}</span>
                <p>{one.why}</p>
            </li>
        }
        .into_any()
    });
    view! {
        <details class="seeds">
            <summary>"Chosen seeds"</summary>
            <ul>{rows.collect_view()}</ul>
        </details>
    }
    .into_any()
}

/// Runs that were put aside, each with where it stood.
#[component]
pub fn Earlier() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let row = move |record: &Record| {
        let (name, stood) = (named(&record.replay), stood(&record.replay));
        let record = record.clone();
        let go = move |event| {
            shut(&event);
            desk.go_on_with(record.clone());
        };
        view! {
            <li>
                <button type="button" class="inline" on:click=press(go)>{name}</button>
                <p>{stood}</p>
            </li>
        }
        .into_any()
    };
    let list = move || {
        let earlier = desk.earlier.get();
        (!earlier.is_empty()).then(|| {
            view! {
                <details class="seeds">
                    <summary>"Earlier runs"</summary>
                    <ul>{earlier.iter().map(row).collect_view()}</ul>
                </details>
            }
            .into_any()
        })
    };
    view! { {move || list().into_any()} }.into_any()
}

/// That a run was put aside, with the way back to it.
pub fn left(record: &Arc<Record>, desk: Desk) -> AnyView {
    let text = format!(
        "Your run of {} is kept: {}.",
        named(&record.replay),
        stood(&record.replay)
    );
    let record = Record::clone(record);
    view! {
        <section class="problem left" role="status">
            <p>{text}</p>
            <div class="buttons">
                <button type="button" class="quiet" on:click=press(move |_| desk.go_on_with(record.clone()))>"Go back to it"</button>
                <button type="button" class="quiet" on:click=press(move |_| desk.left.set(None))>"Dismiss"</button>
            </div>
        </section>
    }
    .into_any()
}

/// What a run is called: its seed, and what else it was begun with.
fn named(replay: &Replay) -> String {
    let mut name = format!("seed {}", replay.seed);
    if replay.severity != Severity::default() {
        name.push_str(", ");
        name.push_str(replay.severity.id());
    }
    if !replay.waivers.is_empty() {
        name.push_str(", without ");
        name.push_str(&words::count(replay.waivers.len() as u64, "gate"));
    }
    name
}

/// Where a run stood.
fn stood(replay: &Replay) -> String {
    let done = match replay.actions.len() {
        0 => "nothing done in it".to_string(),
        n => words::count(n as u64, "action"),
    };
    format!("at {}, {done}", words::moment(replay.at))
}

/// Closes the list that a button is in.
fn shut(event: &web_sys::MouseEvent) {
    let target = event
        .target()
        .and_then(|t| t.dyn_into::<web_sys::Element>().ok());
    let list = target.and_then(|t| t.closest("details").ok().flatten());
    if let Some(list) = list {
        let _ = list.remove_attribute("open");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::SCENARIOS;
    use crate::run::opening::Opening;

    #[test]
    fn a_run_is_called_by_what_it_was_begun_with_and_where_it_stood() {
        let mut replay = Opening::fresh(&SCENARIOS[0].plan, 7).replay;
        replay.at = 60_000_000;
        assert_eq!(
            (named(&replay).as_str(), stood(&replay).as_str()),
            ("seed 7", "at 60.000 s, nothing done in it")
        );
        replay.severity = Severity::Storm;
        replay.waivers.push("x".into());
        let id = "retry".into();
        replay.actions.push(protocol::Placed { at: 1, id });
        assert_eq!(named(&replay), "seed 7, storm, without 1 gate");
        assert_eq!(stood(&replay), "at 60.000 s, 1 action");
    }
}
