//! The system: four pictures of the same moment.

mod beliefs;
mod diagrams;
mod folds;
mod lanes;
mod requests;
mod strokes;

use super::desk::{Desk, Tab};
use crate::ui::press;
use leptos::prelude::*;

const TABS: [(Tab, &str); 4] = [
    (Tab::Lanes, "Lanes"),
    (Tab::Diagrams, "Diagrams"),
    (Tab::Requests, "Requests"),
    (Tab::Beliefs, "Beliefs"),
];

/// The column.
#[component]
pub fn System() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let choose = move |tab: Tab| {
        desk.tab.set(tab);
        desk.refresh();
    };
    let step = move |event: web_sys::KeyboardEvent| {
        let by = match event.key().as_str() {
            "ArrowRight" => 1,
            "ArrowLeft" => TABS.len() - 1,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        let here = TABS
            .iter()
            .position(|(tab, _)| *tab == desk.tab.get_untracked())
            .unwrap_or(0);
        let (next, word) = TABS[(here + by) % TABS.len()];
        choose(next);
        if let Ok(Some(element)) = document().query_selector(&format!("[data-tab={word}]")) {
            let _ = wasm_bindgen::JsCast::unchecked_into::<web_sys::HtmlElement>(element).focus();
        }
    };
    let tabs = TABS.map(|(tab, word)| {
        let here = move || desk.tab.get() == tab;
        view! {
            <button
                type="button"
                role="tab"
                class="tab"
                id=format!("tab-{word}")
                data-tab=word
                aria-controls="picture"
                aria-selected=move || here().to_string()
                tabindex=move || if here() { "0" } else { "-1" }
                on:click=press(move |_| choose(tab))
                on:keydown=step
            >
                {word}
            </button>
        }
        .into_any()
    });
    let named = move || {
        TABS.iter()
            .find(|(tab, _)| *tab == desk.tab.get())
            .map(|(_, word)| format!("tab-{word}"))
    };
    view! {
        <section class="region system" id="system" aria-label="System">
            <super::legend::FirstLabel region="system"/>
            <div class="tabs" role="tablist" aria-label="Pictures of the system">{tabs.into_iter().collect_view()}</div>
            <div class="picture" id="picture" role="tabpanel" tabindex="0" aria-labelledby=named>
                {move || match desk.tab.get() {
                    Tab::Lanes => view! { <lanes::Lanes/> }.into_any(),
                    Tab::Diagrams => view! { <diagrams::Diagrams/> }.into_any(),
                    Tab::Requests => view! { <requests::Requests/> }.into_any(),
                    Tab::Beliefs => view! { <beliefs::Beliefs/> }.into_any(),
                }}
            </div>
        </section>
    }
    .into_any()
}
