//! A sign on screen: its shape, and its word for those who do not see it.

use crate::draw::marks::Sign;
use leptos::prelude::*;

/// A sign. Alone it carries its word; beside its word it is decoration.
#[component]
pub fn Glyph(
    /// Which.
    sign: Sign,
    /// What it is called here, if it stands alone.
    #[prop(optional, into)]
    label: Option<String>,
) -> impl IntoView {
    let role = label.as_ref().map(|_| "img");
    let hidden = label.is_none().then_some("true");
    let title = label.clone();
    view! {
        <svg class="glyph" viewBox="0 0 12 12" width="12" height="12" data-role=sign.role() role=role aria-label=label aria-hidden=hidden focusable="false">
            {title.map(|title| view! { <title>{title}</title> }.into_any())}
            <path d=sign.path() fill-rule="evenodd"/>
        </svg>
    }.into_any()
}

/// A sign beside its word.
#[component]
pub fn Told(
    /// Which sign.
    sign: Sign,
    /// The word.
    #[prop(into)]
    word: String,
) -> impl IntoView {
    view! { <span class="told" data-role=sign.role()><Glyph sign=sign/>{word}</span> }.into_any()
}
