//! The question about the frozen moment: predict and commit, then see what came true, and why.

use super::desk::Desk;
use crate::content::Question as Asked;
use crate::draw::marks::Sign;
use crate::saved::{Confidence, Prediction};
use crate::ui::focus_soon;
use crate::ui::held::{Derived, Held};
use crate::ui::press;
use crate::ui::sign::told;
use crate::words;
use leptos::prelude::*;

/// The question, if the scenario has one.
#[component]
pub fn Question() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let question = desk.scenario.plan.question.as_ref()?;
    let revealed = Derived::new(move || {
        desk.frame
            .with(|frame| frame.as_ref().and_then(|frame| frame.revealed))
    });
    Some(
        view! {
            <section class="question" aria-labelledby="question-title">
                <h3 id="question-title" tabindex="-1">{question.prompt}</h3>
                {move || match (desk.prediction.get(), revealed.get()) {
                    (None, _) => view! { <Choose question=question/> }.into_any(),
                    (Some(prediction), None) => waiting(question, prediction),
                    (Some(prediction), Some(came)) => view! { <Reveal question=question prediction=prediction came=came/> }.into_any(),
                }}
            </section>
        }
        .into_any(),
    )
}

#[component]
fn Choose(
    /// What is asked.
    question: &'static Asked,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let option = Held::new(None::<u16>);
    let confidence = Held::new(None::<Confidence>);
    let missing = Held::new(false);
    let commit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        match (option.get(), confidence.get()) {
            (Some(option), Some(confidence)) => {
                desk.commit(Prediction { option, confidence });
                focus_soon("question-title");
            }
            _ => missing.set(true),
        }
    };
    let options = question.options.iter().enumerate().map(|(index, answer)| {
        let index = index as u16;
        view! {
            <label class="choice">
                <input type="radio" name="prediction" prop:checked=move || option.get() == Some(index) on:change=move |_| option.set(Some(index))/>
                <span>{answer.text}</span>
            </label>
        }.into_any()
    });
    let sure = Confidence::ALL.map(|how| {
        view! {
            <label class="choice short">
                <input type="radio" name="confidence" prop:checked=move || confidence.get() == Some(how) on:change=move |_| confidence.set(Some(how))/>
                <span>{how.word()}</span>
            </label>
        }.into_any()
    });
    view! {
        <form on:submit=commit>
            <fieldset><legend>"Your prediction"</legend>{options.collect_view()}</fieldset>
            <fieldset class="confidence"><legend>"How sure are you?"</legend>{sure.into_iter().collect_view()}</fieldset>
            <p class="ask" role="status">{move || missing.get().then_some("Choose an answer and how sure you are.").into_any()}</p>
            <div class="buttons">
                <button type="submit" class="primary">"Commit prediction"</button>
                {move || (!desk.introduced.get()).then(|| view! {
                    <button type="button" class="quiet" on:click=press(move |_| desk.introduce())>"Look around first"</button>
                }.into_any()).into_any()}
            </div>
        </form>
    }.into_any()
}

fn waiting(question: &'static Asked, prediction: Prediction) -> AnyView {
    let chosen = question
        .options
        .get(usize::from(prediction.option))
        .map(|option| option.text);
    view! {
        <p class="committed">"You said: "<strong>{chosen}</strong>" ("{prediction.confidence.word()}")."</p>
        <p class="cost">{format!("Play on; it is decided at {}.", words::moment(question.reveal_at))}</p>
    }
    .into_any()
}

#[component]
fn Reveal(
    /// What was asked.
    question: &'static Asked,
    /// What was predicted.
    prediction: Prediction,
    /// What came true.
    came: u16,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let right = prediction.option == came;
    let answer = question
        .options
        .get(usize::from(came))
        .map(|option| option.text);
    let chosen = question.options.get(usize::from(prediction.option));
    let verdict = match (right, prediction.confidence) {
        (true, Confidence::Sure) => "right, and you were sure",
        (true, Confidence::ThinkSo) => "right",
        (true, Confidence::Guess) => "right, by a guess",
        (false, Confidence::Sure) => "not so, though you were sure: worth a second look",
        (false, _) => "not so",
    };
    let reveal_at = question.reveal_at;
    view! {
        <div class="reveal" role="status">
            <p class="came">"It came out: "<strong>{answer}</strong></p>
            <p>{told(if right { Sign::Well } else { Sign::Badly }, verdict)}</p>
            {(!right).then(|| view! { <p class="cost">"You said: "{chosen.map(|option| option.text)}</p> }.into_any())}
            <p>{question.why}</p>
            {(!right).then(|| view! { <p class="hint">{chosen.map(|option| option.hint)}</p> }.into_any())}
            <button type="button" class="quiet" on:click=press(move |_| desk.seek_time(reveal_at))>"Go to that moment"</button>
        </div>
    }.into_any()
}
