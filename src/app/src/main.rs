//! The page of Study Lab.
//!
//! **Invariants.** The page owns no run: the worker does, and the page asks it ([`port`]). What a person sees of a
//! lifecycle, gate or property is its declaration's own text. Whatever is worked out from data is plain code with tests
//! ([`draw`], [`route`], [`saved`]); components only turn it into elements.
//!
//! The page is fetched before any of it is seen, so it is kept light: what reacts is erased to one type, values
//! ([`ui::held`]) and parts of views (`.into_any()` at the end of every `{move || …}`) alike, since each type of its own
//! would bring a copy of all that makes things react.
//!
//! **Not here.** Stepping a run: there is no simulator in this crate's tree.

mod content;
mod debrief;
mod draw;
mod home;
mod navigate;
mod page;
mod port;
mod route;
mod run;
mod saved;
mod twin;
mod ui;
mod words;

use wasm_bindgen::JsValue;
use web_sys::{CustomEvent, CustomEventInit};

fn main() {
    std::panic::set_hook(Box::new(|panic| report(&panic.to_string())));
    leptos::mount::mount_to_body(page::Page);
}

/// Tells the boot script why the trap that follows happens.
fn report(text: &str) {
    let init = CustomEventInit::new();
    init.set_detail(&JsValue::from_str(text));
    if let (Some(window), Ok(event)) = (
        web_sys::window(),
        CustomEvent::new_with_event_init_dict("lab-panic", &init),
    ) {
        let _ = window.dispatch_event(&event);
    }
}
