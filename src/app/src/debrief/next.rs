//! What to do next: the same lesson with another seed, a twin run, a link, a file.

use crate::run::desk::Desk;
use crate::ui::press;
use crate::words;
use leptos::prelude::*;
use protocol::Debrief;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

/// Ways on from here.
pub fn next(debrief: &Debrief, desk: Desk) -> AnyView {
    let gates = |waits: bool| {
        let all = debrief.telling_gates.iter();
        let mut found = all
            .filter_map(|id| platform::CATALOG.gate(id))
            .filter(move |gate| gate.waits == waits)
            .take(4)
            .peekable();
        found.peek()?;
        let title = if waits {
            "Gates that only made something wait, or go another way"
        } else {
            "Gates that refused in this run: see the twin run without one"
        };
        let rows = found.map(|gate| {
            view! {
                <li><button type="button" class="quiet" on:click=press(move |_| desk.run_twin(gate.id()))>{format!("Without: {}", gate.title)}</button></li>
            }.into_any()
        });
        Some(
            view! {
                <h4>{title}</h4>
                <ul class="telling">{rows.collect_view()}</ul>
            }
            .into_any(),
        )
    };
    view! {
        <section class="next">
            <h3>"What next"</h3>
            <div class="buttons">
                <button type="button" class="primary" on:click=press(move |_| desk.begin_anew())>"Same lesson, new seed"</button>
                <button type="button" class="quiet" on:click=press(move |_| desk.copy_link())>"Copy link"</button>
                <button type="button" class="quiet" on:click=press(move |_| export(desk))>"Export replay"</button>
            </div>
            {[false, true].map(gates).into_iter().collect_view()}
        </section>
    }
    .into_any()
}

/// Hands the replay to the browser as a file.
fn export(desk: Desk) {
    let Some(replay) = desk.replay.get_untracked() else {
        return;
    };
    let name = format!("{}-seed-{}.json", replay.scenario, replay.seed);
    if save(&words::json_replay(&replay), &name).is_err() {
        desk.problem.set(Some(
            protocol::Problem::new("export-refused", "this browser did not save the file")
                .hint("Copy the link instead."),
        ));
    }
}

fn save(text: &str, name: &str) -> Result<(), JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type("application/json");
    let blob = Blob::new_with_str_sequence_and_options(
        &js_sys::Array::of1(&JsValue::from_str(text)),
        &options,
    )?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let link: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    Url::revoke_object_url(&url)
}
