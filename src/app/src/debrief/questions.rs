//! Questions after the run, judged at once and explained.

use crate::content::AfterQuestion;
use crate::draw::marks::Sign;
use crate::run::desk::Desk;
use crate::ui::held::Held;
use crate::ui::sign::told;
use leptos::prelude::*;

/// The questions.
#[component]
pub fn Questions() -> impl IntoView {
    let questions = &expect_context::<Desk>().scenario.lesson.questions_after;
    (!questions.is_empty()).then(|| {
        view! {
            <section class="after">
                <h3>"Two questions"</h3>
                {questions.iter().enumerate().map(|(index, question)| view! { <Question index=index question=question/> }.into_any()).collect_view()}
            </section>
        }.into_any()
    })
}

#[component]
fn Question(
    /// Which.
    index: usize,
    /// What is asked.
    question: &'static AfterQuestion,
) -> impl IntoView {
    let chosen = Held::new(None::<usize>);
    let options = question.options.iter().enumerate().map(|(option, (text, right))| {
        let told = move || {
            (chosen.get() == Some(option)).then(|| {
                let (sign, word) = if *right { (Sign::Well, "right") } else { (Sign::Badly, "not so") };
                told(sign, word)
            })
        };
        view! {
            <label class="choice">
                <input type="radio" name=format!("after-{index}") prop:checked=move || chosen.get() == Some(option) on:change=move |_| chosen.set(Some(option))/>
                <span>{*text}" "{told}</span>
            </label>
        }.into_any()
    });
    let right = move || {
        chosen
            .get()
            .and_then(|option| question.options.get(option))
            .map(|(_, right)| *right)
    };
    view! {
        <fieldset>
            <legend>{question.prompt}</legend>
            {options.collect_view()}
            <div role="status">
                {move || right().map(|right| if right {
                    view! { <p>{question.why}</p> }.into_any()
                } else {
                    view! { <p class="cost">"Try another answer; the story on the left has it."</p> }.into_any()
                }).into_any()}
            </div>
        </fieldset>
    }
    .into_any()
}
