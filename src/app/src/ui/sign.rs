//! A sign on screen: its shape, and its word for those who do not see it.

use crate::draw::marks::Sign;
use leptos::prelude::*;

/// A sign. Alone it carries its word; beside its word, where it is not given one, it is decoration.
pub fn glyph(sign: Sign, label: Option<&'static str>) -> AnyView {
    let role = label.map(|_| "img");
    let hidden = label.is_none().then_some("true");
    view! {
        <svg class="glyph" viewBox="0 0 12 12" width="12" height="12" data-role=sign.role() role=role aria-label=label aria-hidden=hidden focusable="false">
            {label.map(|title| view! { <title>{title}</title> }.into_any())}
            <path d=sign.path() fill-rule="evenodd"/>
        </svg>
    }.into_any()
}

/// A sign beside its word.
pub fn told(sign: Sign, word: impl Into<String>) -> AnyView {
    beside(sign, word.into())
}

// Compiled once, whatever the word comes as.
fn beside(sign: Sign, word: String) -> AnyView {
    view! { <span class="told" data-role=sign.role()>{glyph(sign, None)}{word}</span> }.into_any()
}
