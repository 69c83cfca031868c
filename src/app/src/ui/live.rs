//! The live region: what is said to those who listen, and shown for a moment to those who look.

use crate::ui::held::Held;
use leptos::prelude::*;
use std::time::Duration;
use wasm_bindgen_futures::JsFuture;

/// While playing, no more than one sentence in this many milliseconds.
const PACE: f64 = 4_000.0;
/// How long a message stays on screen.
const SHOWN: Duration = Duration::from_millis(2_500);

/// Says things.
#[derive(Clone, Copy)]
pub struct Live {
    said: Held<String>,
    shown: Held<Option<(u32, String)>>,
    last: StoredValue<f64>,
}

impl Live {
    /// A silent one.
    pub fn new() -> Self {
        Self {
            said: Held::new(String::new()),
            shown: Held::new(None),
            last: StoredValue::new(0.0),
        }
    }

    /// Says something and shows it for a moment.
    pub fn say(self, text: &str) {
        self.said.set(text.to_string());
        let number = self
            .shown
            .with_untracked(|shown| shown.as_ref().map_or(0, |(number, _)| *number))
            + 1;
        self.shown.set(Some((number, text.to_string())));
        set_timeout(
            move || {
                if self
                    .shown
                    .try_with_untracked(|shown| shown.as_ref().map(|(n, _)| *n))
                    == Some(Some(number))
                {
                    self.shown.set(None);
                }
            },
            SHOWN,
        );
    }

    /// Says a sentence of the story to those who listen; now and then only while playing.
    pub fn tell(self, sentence: &str, playing: bool) {
        let now = js_sys::Date::now();
        if !playing || now - self.last.get_value() >= PACE {
            self.last.set_value(now);
            self.said.set(sentence.to_string());
        }
    }

    /// Copies a text and says whether that went well.
    pub fn copy(self, text: String) {
        leptos::task::spawn_local(async move {
            let clipboard = window().navigator().clipboard();
            match JsFuture::from(clipboard.write_text(&text)).await {
                Ok(_) => self.say("Link copied."),
                Err(_) => self.say("This browser did not allow copying. The link is in the field under the run's details."),
            }
        });
    }
}

/// The region itself; once on the page.
#[component]
pub fn LiveRegion() -> impl IntoView {
    let live = expect_context::<Live>();
    view! {
        <p class="visually-hidden" role="status" aria-live="polite" aria-atomic="true">{move || live.said.get().into_any()}</p>
        <p class="toast" aria-hidden="true" data-shown=move || live.shown.with(Option::is_some).to_string()>
            {move || live.shown.get().map(|(_, text)| text).into_any()}
        </p>
    }.into_any()
}
