//! A problem in words: what is wrong, what is allowed, what to do.

use crate::ui::held::Held;
use crate::ui::press;
use leptos::prelude::*;
use protocol::Problem;

/// A problem, with a button that puts it away.
#[component]
pub fn ProblemBox(
    /// Where the problem is, if there is one.
    problem: Held<Option<Problem>>,
) -> impl IntoView {
    let message = move || {
        problem.get().map(|found| {
            let sentence = capital(&found.message);
            view! {
                <section class="problem" role="alert" data-code=found.code.clone()>
                    <p class="problem-what">{sentence}"."</p>
                    {found.sentences().into_iter().filter(|text| !text.is_empty()).map(|text| {
                        let hint = (*text == found.hint).then_some("problem-hint");
                        view! { <p class=hint>{text.to_string()}</p> }.into_any()
                    }).collect_view()}
                    <button type="button" class="quiet" on:click=press(move |_| problem.set(None))>"Dismiss"</button>
                </section>
            }.into_any()
        })
    };
    view! { {move || message().into_any()} }.into_any()
}

/// A fact that begins a sentence.
pub fn capital(text: &str) -> String {
    // The facts are ours and begin with a letter of ASCII or a quoted name; case tables of all scripts would be weight.
    let mut text = text.trim_end_matches('.').to_string();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_fact_becomes_a_sentence() {
        assert_eq!(
            super::capital("there is no gate `x`."),
            "There is no gate `x`"
        );
        assert_eq!(super::capital(""), "");
    }
}
