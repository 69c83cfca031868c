//! Single keys on the run page. They can be switched off; keys with Ctrl and Esc stay.

use super::clock::Speed;
use super::desk::{Desk, Mode, Tab, Twin};
use super::legend::HelpOpen;
use leptos::ev::{self, KeyboardEvent};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// Listens as long as the page is there.
pub fn listen(desk: Desk) {
    let help = expect_context::<HelpOpen>();
    let handle = window_event_listener(ev::keydown, move |event| on_key(desk, help, &event));
    on_cleanup(move || handle.remove());
}

/// What the focused element does with keys of its own.
fn focus(event: &KeyboardEvent) -> Focus {
    let Some(element) = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
    else {
        return Focus::Nothing;
    };
    match element.tag_name().as_str() {
        "TEXTAREA" => Focus::Text,
        "INPUT" => match element.get_attribute("type").as_deref() {
            Some("range" | "radio") => Focus::Arrows,
            Some("checkbox") => Focus::Button,
            _ => Focus::Text,
        },
        "SELECT" => Focus::Text,
        "BUTTON" | "A" | "SUMMARY" => Focus::Button,
        _ => Focus::Nothing,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Focus {
    Nothing,
    Text,
    Arrows,
    Button,
}

fn on_key(desk: Desk, HelpOpen(help): HelpOpen, event: &KeyboardEvent) {
    let key = event.key();
    let focus = focus(event);
    if event.default_prevented() || event.alt_key() || help.get_untracked() {
        return;
    }
    if event.ctrl_key() || event.meta_key() {
        if key.eq_ignore_ascii_case("z") && focus != Focus::Text {
            event.prevent_default();
            if event.shift_key() {
                desk.redo()
            } else {
                desk.undo()
            }
        }
        return;
    }
    if key == "Escape" {
        if desk.mode.get_untracked() != Mode::Run {
            desk.show(Mode::Run);
        } else {
            desk.why.set(None);
        }
        return;
    }
    if focus == Focus::Text || !desk.settings.with_untracked(|settings| settings.keys) {
        return;
    }
    let running = desk.mode.get_untracked() == Mode::Run;
    let used = match key.as_str() {
        "?" => {
            help.set(true);
            true
        }
        "c" => {
            desk.copy_link();
            true
        }
        "t" => {
            desk.pause();
            desk.twin.set(Twin::None);
            desk.show(Mode::Twin);
            true
        }
        "d" if !running || desk.introduced.get_untracked() => {
            desk.look_back();
            true
        }
        _ if !running => false,
        " " if focus == Focus::Nothing => {
            desk.toggle();
            true
        }
        "ArrowLeft" | "ArrowRight" if focus != Focus::Arrows => {
            match (key == "ArrowRight", event.shift_key()) {
                (true, false) => desk.step(),
                (false, false) => desk.step_back(),
                (true, true) => desk.leap(1_000_000),
                (false, true) => desk.leap(-1_000_000),
            }
            true
        }
        "n" => {
            desk.next_moment();
            true
        }
        "u" => {
            desk.undo();
            true
        }
        "r" => {
            desk.redo();
            true
        }
        "[" | "]" => {
            let index = desk
                .settings
                .with_untracked(|settings| settings.speed.index());
            let index = if key == "]" {
                index + 1
            } else {
                index.saturating_sub(1)
            };
            desk.set(|settings| settings.speed = Speed::at(index.min(Speed::ALL.len() - 1)));
            true
        }
        "1" | "2" | "3" | "4" => {
            desk.tab.set(match key.as_str() {
                "1" => Tab::Lanes,
                "2" => Tab::Diagrams,
                "3" => Tab::Requests,
                _ => Tab::Beliefs,
            });
            desk.refresh();
            true
        }
        _ => false,
    };
    if used {
        event.prevent_default();
    }
}
