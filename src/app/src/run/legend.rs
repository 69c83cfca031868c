//! Help: the keys, the legend of signs, and the labels of a first visit.

use super::desk::Desk;
use crate::draw::marks::Sign;
use crate::ui::held::{Held, effect};
use crate::ui::press;
use crate::ui::sign::glyph;
use leptos::html::Dialog;
use leptos::prelude::*;

/// What the keys do.
pub const KEYS: [(&str, &str); 13] = [
    ("Space", "play or pause"),
    ("← →", "step back, step"),
    ("Shift + ← →", "a second back, a second on"),
    ("n", "next interesting moment"),
    ("u, Ctrl Z", "undo the last action or read"),
    ("r, Ctrl Shift Z", "redo it"),
    ("1 2 3 4", "lanes, diagrams, requests, beliefs"),
    ("t", "twin run"),
    ("d", "debrief"),
    ("c", "copy the link of this run"),
    ("[ ]", "slower, faster"),
    ("?", "this help"),
    ("Esc", "close what is open"),
];

/// Opens the help.
#[derive(Clone, Copy)]
pub struct HelpOpen(pub Held<bool>);

/// The help, closed until it is asked for.
#[component]
pub fn Help() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let HelpOpen(open) = expect_context();
    let dialog = NodeRef::<Dialog>::new();
    effect(move |_| {
        let Some(dialog) = dialog.get() else { return };
        if open.get() {
            let _ = dialog.show_modal();
        } else if dialog.open() {
            dialog.close();
        }
    });
    view! {
        <dialog class="help" node_ref=dialog aria-labelledby="help-title" on:close=move |_| open.set(false)>
            <header>
                <h2 id="help-title">"Keys and signs"</h2>
                <button type="button" class="quiet" on:click=press(move |_| open.set(false))>"Close"</button>
            </header>
            <KeyTable/>
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=move || desk.settings.with(|settings| settings.keys)
                    on:change=move |event| desk.set(|settings| settings.keys = event_target_checked(&event))
                />
                "Single keys do something (Esc and Ctrl Z always do)"
            </label>
            <h3>"Signs"</h3>
            <ul class="legend">
                {Sign::ALL.map(|sign| view! {
                    <li>{glyph(sign, None)}<strong>{sign.word()}</strong><span>{sign.meaning()}</span></li>
                }.into_any()).into_iter().collect_view()}
            </ul>
        </dialog>
    }
    .into_any()
}

/// The table of keys.
#[component]
pub fn KeyTable() -> impl IntoView {
    view! {
        <dl class="keys">
            {KEYS.map(|(key, what)| view! { <div><dt><kbd>{key}</kbd></dt><dd>{what}</dd></div> }.into_any()).into_iter().collect_view()}
        </dl>
    }.into_any()
}

/// The label that a first visit shows in a part of the page.
#[component]
pub fn FirstLabel(
    /// The part.
    region: &'static str,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let text = desk
        .scenario
        .lesson
        .first_labels
        .iter()
        .find(|(name, _)| *name == region)
        .map(|(_, text)| *text);
    let label = move || {
        text.filter(|_| !desk.introduced.get())
            .map(|text| view! { <p class="first-label">{text}</p> }.into_any())
    };
    view! { {move || label().into_any()} }.into_any()
}
