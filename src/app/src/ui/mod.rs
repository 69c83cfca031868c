//! Small parts that every page uses.

pub mod held;
pub mod live;
pub mod problem;
pub mod sign;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::MouseEvent;

/// Something to do when a button is pressed. In a box, so that all buttons of the page are one type: the page is fetched
/// before anything is seen, and every type of its own is weight.
pub fn press(act: impl FnMut(MouseEvent) + 'static) -> Box<dyn FnMut(MouseEvent)> {
    Box::new(act)
}

/// Moves the keyboard's focus to an element that may come on screen only now.
pub fn focus_soon(id: &'static str) {
    request_animation_frame(move || {
        if let Some(element) = document().get_element_by_id(id) {
            let _ = element.unchecked_into::<web_sys::HtmlElement>().focus();
        }
    });
}
