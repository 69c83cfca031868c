//! Navigation over the browser's history: which route is on screen, what lies over its page, and going elsewhere.
//!
//! What lies over a page (a debrief, a twin run) has an entry of its own in the browser's history, so that the back button
//! takes it away and leaves the page. It is no part of the address: whoever loads the page anew sees the page itself.

use crate::route::Route;
use crate::ui::held::Held;
use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

/// The route on screen, and ways to another one.
#[derive(Clone, Copy)]
pub struct Navigator {
    /// The route on screen.
    pub route: Held<Route>,
    /// What lies over its page: a number that the page gives a meaning to; 0 is nothing.
    pub over: Held<u8>,
}

/// An entry of the browser's history keeps a number: what lies over the page, and this many times how far back the page
/// itself is.
const BACK: u32 = 16;

impl Navigator {
    /// Follows the browser's history.
    pub fn follow() -> Self {
        let navigator = Self {
            route: Held::new(current()),
            over: Held::new(0),
        };
        let update = move || {
            let now = current();
            if navigator.route.with_untracked(|route| *route != now) {
                navigator.route.set(now);
            }
            navigator.lies_over(entry());
        };
        let pop = window_event_listener(ev::popstate, move |_| update());
        let hash = window_event_listener(ev::hashchange, move |_| update());
        on_cleanup(move || {
            pop.remove();
            hash.remove();
        });
        navigator
    }

    /// Goes to a route; the browser's back button leads here again.
    pub fn go(self, route: Route) {
        if let Ok(history) = window().history() {
            let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&absolute(&route)));
        }
        window().scroll_to_with_x_and_y(0.0, 0.0);
        self.lies_over(0);
        self.route.set(route);
    }

    /// Lays something over the page; the browser's back button takes it away again.
    pub fn cover(self, over: u8) {
        if let Ok(history) = window().history() {
            let number = (entry() / BACK + 1) * BACK + u32::from(over);
            let _ = history.push_state(&JsValue::from(number), "");
        }
        self.lies_over(u32::from(over));
    }

    /// Goes back to the page, from whatever lies over it.
    pub fn uncover(self) {
        let back = (entry() / BACK) as i32;
        if let (1.., Ok(history)) = (back, window().history()) {
            let _ = history.go_with_delta(-back);
        }
        self.lies_over(0);
    }

    fn lies_over(self, number: u32) {
        let over = (number % BACK) as u8;
        if self.over.get_untracked() != over {
            self.over.set(over);
        }
    }

    /// Writes another address for what is on screen already.
    pub fn rename(self, route: Route) {
        if let Ok(history) = window().history() {
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&absolute(&route)));
        }
        self.lies_over(0);
        if self.route.with_untracked(|now| *now != route) {
            self.route.set(route);
        }
    }
}

/// The place where the lab is served, with a slash at its end.
fn base() -> String {
    let base = document()
        .base_uri()
        .ok()
        .flatten()
        .unwrap_or_else(|| "/".into());
    match base.rfind('/') {
        Some(slash) => base[..=slash].to_string(),
        None => base,
    }
}

/// A route's whole address.
pub fn absolute(route: &Route) -> String {
    let href = route.href();
    format!("{}{}", base(), href.trim_start_matches("./"))
}

/// The number that the entry of the browser's history keeps; 0 if it keeps none.
fn entry() -> u32 {
    let history = window().history();
    let number = history.and_then(|history| history.state()).ok();
    number.and_then(|number| number.as_f64()).unwrap_or(0.0) as u32
}

fn current() -> Route {
    let location = window().location();
    let path = location.pathname().unwrap_or_default();
    let home = base();
    let home = home
        .split_once("://")
        .and_then(|(_, rest)| rest.find('/').map(|slash| &rest[slash..]))
        .unwrap_or("/");
    let below = path
        .strip_prefix(home)
        .unwrap_or(path.trim_start_matches('/'));
    Route::parse(
        below,
        &location.search().unwrap_or_default(),
        &location.hash().unwrap_or_default(),
    )
}

/// A link to a route: an ordinary address, followed without loading the page anew.
#[component]
pub fn Link(
    /// Where it leads.
    to: Route,
    /// Its class.
    #[prop(default = "link")]
    class: &'static str,
    /// Its text.
    children: Children,
) -> impl IntoView {
    let navigator = expect_context::<Navigator>();
    let href = absolute(&to);
    let follow = move |event: ev::MouseEvent| {
        if event.button() == 0
            && !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key())
        {
            event.prevent_default();
            navigator.go(to.clone());
        }
    };
    view! { <a class=class href=href on:click=follow>{children()}</a> }.into_any()
}
