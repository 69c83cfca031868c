//! Twin run: the same run with one gate waived, beside this one.

mod gates;
mod table;

use crate::run::desk::{Desk, Mode, Twin};
use crate::ui::press;
use leptos::prelude::*;

/// The page of twin runs: choose a gate, then see both runs.
#[component]
pub fn TwinPage() -> impl IntoView {
    let desk = expect_context::<Desk>();
    view! {
        <section class="page twin" aria-labelledby="twin-title">
            <header class="page-head">
                <h2 id="twin-title" tabindex="-1">"Twin run"</h2>
                <button type="button" class="quiet" on:click=press(move |_| desk.show(Mode::Run))>"Back to the run"</button>
            </header>
            {move || match desk.twin.get() {
                Twin::None => view! { <gates::Gates/> }.into_any(),
                Twin::Under(gate) => view! {
                    <p class="waiting" role="status">"Running the same seed and actions without "<span class="mono">{gate}</span>" …"</p>
                }.into_any(),
                Twin::Here(view) => table::beside(&view, desk),
            }}
        </section>
    }
    .into_any()
}
