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
    /// The number of the run that this entry of the browser's history is of; 0 if it names none.
    pub run: Held<u32>,
    /// What lies over its page: a number that the page gives a meaning to; 0 is nothing.
    pub over: Held<u8>,
}

/// What an entry of the browser's history keeps beside its address, as one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Entry {
    /// The number of a run.
    run: u32,
    /// How far back the page itself is.
    back: u8,
    /// What lies over the page.
    over: u8,
}

impl Entry {
    const fn number(self) -> u32 {
        (self.run << 8) | ((self.back as u32 & 15) << 4) | (self.over as u32 & 15)
    }

    const fn of(number: u32) -> Self {
        Self {
            run: number >> 8,
            back: (number >> 4 & 15) as u8,
            over: (number & 15) as u8,
        }
    }

    /// The one on screen; empty if it keeps nothing.
    fn now() -> Self {
        let history = window().history();
        let number = history.and_then(|history| history.state()).ok();
        Self::of(number.and_then(|number| number.as_f64()).unwrap_or(0.0) as u32)
    }

    fn state(self) -> JsValue {
        match self.number() {
            0 => JsValue::NULL,
            number => JsValue::from(number),
        }
    }
}

impl Navigator {
    /// Follows the browser's history.
    pub fn follow() -> Self {
        let navigator = Self {
            route: Held::new(current()),
            run: Held::new(Entry::now().run),
            over: Held::new(0),
        };
        let update = move || {
            let now = current();
            if navigator.route.with_untracked(|route| *route != now) {
                navigator.route.set(now);
            }
            navigator.is_at(Entry::now());
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
        self.begin(route, 0);
    }

    /// Goes to a run that begins; the browser's back button leads to the one before.
    pub fn begin(self, route: Route, run: u32) {
        let entry = Entry {
            run,
            ..Entry::default()
        };
        if let Ok(history) = window().history() {
            let _ = history.push_state_with_url(&entry.state(), "", Some(&absolute(&route)));
        }
        window().scroll_to_with_x_and_y(0.0, 0.0);
        self.is_at(entry);
        self.route.set(route);
    }

    /// Lays something over the page; the browser's back button takes it away again.
    pub fn cover(self, over: u8) {
        let now = Entry::now();
        let entry = Entry {
            back: now.back + 1,
            over,
            ..now
        };
        if let Ok(history) = window().history() {
            let _ = history.push_state(&entry.state(), "");
        }
        self.is_at(entry);
    }

    /// Goes back to the page, from whatever lies over it.
    pub fn uncover(self) {
        let now = Entry::now();
        if let (1.., Ok(history)) = (now.back, window().history()) {
            let _ = history.go_with_delta(-i32::from(now.back));
        }
        self.is_at(Entry {
            back: 0,
            over: 0,
            ..now
        });
    }

    fn is_at(self, entry: Entry) {
        if self.run.get_untracked() != entry.run {
            self.run.set(entry.run);
        }
        if self.over.get_untracked() != entry.over {
            self.over.set(entry.over);
        }
    }

    /// Writes another address, and the number of a run, for what is on screen already. What lies over the page stays if
    /// it is wanted and this was the run's entry before.
    pub fn rename(self, route: Route, run: u32, stay_over: bool) {
        let now = Entry::now();
        let entry = if stay_over && now.run == run {
            now
        } else {
            Entry {
                run,
                ..Entry::default()
            }
        };
        if let Ok(history) = window().history() {
            let _ = history.replace_state_with_url(&entry.state(), "", Some(&absolute(&route)));
        }
        self.is_at(entry);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_comes_back_from_its_number() {
        for (run, back, over) in [(0, 0, 0), (7, 0, 0), (7, 2, 1), (1 << 20, 15, 2)] {
            let entry = Entry { run, back, over };
            assert_eq!(Entry::of(entry.number()), entry);
        }
        assert_eq!(Entry::of(0), Entry::default());
    }
}
