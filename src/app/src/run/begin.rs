//! How a run begins, beside its seed: how hard its background is, and seeds that are worth a look.

use super::desk::Desk;
use crate::route::Asked;
use crate::ui::held::Derived;
use crate::ui::press;
use leptos::prelude::*;
use protocol::{SEVERITIES, Severity};

/// How hard the background is; another choice begins the run again.
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
        view! { <option value=spec.id selected=move || now.get().id() == spec.id>{spec.title}</option> }
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
    let seeds = desk.scenario.seeds;
    if seeds.is_empty() {
        return ().into_any();
    }
    let rows = seeds.iter().map(|one| {
        let begin = move |_| desk.begin(Asked::fresh(one.seed, one.severity));
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
