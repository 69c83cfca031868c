//! Kinds of nodes of which there are many: a button for each, that opens what is folded of it or folds it again.

use crate::draw::lanes::Kinds;
use crate::ui::held::{Derived, Held};
use crate::ui::press;
use crate::words;
use leptos::prelude::*;

/// The buttons.
pub fn folds(many: Derived<Kinds>, opened: Held<Vec<String>>) -> AnyView {
    many.get()
        .into_iter()
        .map(|one| folding(one, opened))
        .collect_view()
        .into_any()
}

/// The button of one kind.
fn folding((kind, count): (String, usize), opened: Held<Vec<String>>) -> AnyView {
    let all = words::count(count as u64, &kind);
    let is_open = {
        let kind = kind.clone();
        move || opened.with(|opened| opened.contains(&kind))
    };
    let expanded = is_open.clone();
    let turn = move |_| {
        opened.update(|opened| {
            let before = opened.len();
            opened.retain(|open| *open != kind);
            if opened.len() == before {
                opened.push(kind.clone());
            }
        });
    };
    view! {
        <button type="button" class="quiet" aria-expanded=move || expanded().to_string() on:click=press(turn)>
            {move || if is_open() { format!("Fold the {all}") } else { format!("Show all {all}") }.into_any()}
        </button>
    }
    .into_any()
}
