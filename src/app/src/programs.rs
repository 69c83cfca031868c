//! The two programs, and how one takes the place of the other.
//!
//! They talk through events at the window, and the boot script stands between them, since it is what fetches:
//!
//! 1. `lab-whole`: the start program shows a place that it does not know, so the other one is to be fetched.
//! 2. `lab-leave`: the whole program is there and about to show itself. The start program, if it is on the page, goes and
//!    says so by cancelling the event.
//! 3. `lab-panic`: a program ends, and this is why.

use crate::content;
use crate::home::HomePage;
use crate::page::{Page, Shown, not_here};
use crate::port::Port;
use crate::run::RunPage;
use crate::run::legend::HelpOpen;
use crate::saved::Settings;
use crate::ui::held::Held;
use leptos::mount::{mount_to, mount_to_body};
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::{CustomEvent, CustomEventInit, Event};

/// The program that shows the start page, until it is asked for something else.
pub fn start() {
    watch_for_panics();
    let Some(body) = document().body() else {
        return;
    };
    let page = mount_to(body, || view! { <Page place=start_place arrived=false/> });
    let leave = Closure::<dyn FnMut(Event)>::once(move |event: Event| {
        event.prevent_default();
        drop(page);
    });
    let listener = leave.as_ref().unchecked_ref();
    let _ = window().add_event_listener_with_callback("lab-leave", listener);
    leave.forget();
}

/// The program that knows every place.
pub fn whole() {
    watch_for_panics();
    let arrived = !tell("lab-leave", "");
    mount_to_body(move || {
        provide_context(Port::open());
        provide_context(Held::new(Settings::load()));
        provide_context(HelpOpen(Held::new(false)));
        view! { <Page place=whole_place arrived=arrived/> }
    });
}

fn start_place(shown: Shown) -> AnyView {
    match shown {
        Shown::Home => view! { <HomePage at_once=false/> }.into_any(),
        Shown::Run(_) | Shown::Unknown(_) => {
            tell("lab-whole", "");
            view! { <p class="opening" role="status">"Opening…"</p> }.into_any()
        }
    }
}

fn whole_place(shown: Shown) -> AnyView {
    match shown {
        Shown::Home => view! { <HomePage at_once=true/> }.into_any(),
        Shown::Run(id) => match content::scenario(&id) {
            Ok(scenario) => view! { <RunPage scenario=scenario/> }.into_any(),
            Err(problem) => not_here(problem),
        },
        Shown::Unknown(path) => not_here(crate::page::unknown(&path)),
    }
}

/// Tells the boot script why the trap that follows happens.
fn watch_for_panics() {
    std::panic::set_hook(Box::new(|panic| {
        tell("lab-panic", &panic.to_string());
    }));
}

/// Sends an event through the window; whether nobody cancelled it.
fn tell(name: &str, text: &str) -> bool {
    let init = CustomEventInit::new();
    init.set_detail(&JsValue::from_str(text));
    init.set_cancelable(true);
    let event = CustomEvent::new_with_event_init_dict(name, &init);
    match (web_sys::window(), event) {
        (Some(window), Ok(event)) => window.dispatch_event(&event).unwrap_or(true),
        _ => true,
    }
}
