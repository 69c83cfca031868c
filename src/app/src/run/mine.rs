//! The learner's own column: situation, question, reads, actions, hints, notes.

use super::desk::Desk;
use super::question::Question;
use super::strip::is_open;
use crate::draw::marks::{self, Sign};
use crate::saved;
use crate::ui::held::Derived;
use crate::ui::press;
use crate::ui::sign::{glyph, told};
use crate::words;
use leptos::prelude::*;
use protocol::{ActionView, ReadView};

/// The column.
#[component]
pub fn Mine() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let (plan, lesson) = (&desk.scenario.plan, &desk.scenario.lesson);
    // Nothing else explains a world: its situation stays open until somebody folds it.
    let world = plan.question.is_none();
    let stays = world && !saved::folded(plan.id);
    let open = move || stays || !world && !desk.introduced.get() || desk.sent.get();
    let fold = move |event: web_sys::Event| {
        if world && !desk.sent.get_untracked() {
            saved::keep_folded(plan.id, !is_open(&event));
        }
    };
    view! {
        <section class="region mine" id="mine" aria-labelledby="mine-title">
            <h2 id="mine-title" class="region-title">"Mine"</h2>
            <details class="situation" prop:open=open on:toggle=fold>
                <summary>"Situation"</summary>
                {desk.scenario.lesson.situation.iter().map(|text| view! { <p>{*text}</p> }.into_any()).collect_view()}
            </details>
            <super::legend::FirstLabel region="mine"/>
            <Question/>
            <div class="later">
                <Objectives/>
                {(!plan.reads.is_empty()).then(|| view! { <Reads/> }.into_any())}
                {(!plan.actions.is_empty()).then(|| view! { <Actions/> }.into_any())}
                {(!lesson.hints.is_empty()).then(|| view! { <Hints/> }.into_any())}
                <Notes/>
                {(!lesson.fidelity.real.is_empty()).then(|| view! { <Fidelity/> }.into_any())}
            </div>
        </section>
    }
    .into_any()
}

/// The objectives, ticking.
#[component]
fn Objectives() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let objectives = Derived::new(move || {
        desk.frame.with(|frame| {
            frame
                .as_ref()
                .map(|frame| frame.objectives.clone())
                .unwrap_or_default()
        })
    });
    view! {
        <section class="objectives" aria-labelledby="objectives-title">
            <h3 id="objectives-title">"Objectives"</h3>
            <ul>
                {move || objectives.get().into_iter().map(|objective| {
                    let (sign, word) = marks::progress(objective.progress);
                    view! {
                        <li>
                            {glyph(sign, Some(word))}
                            <span>{objective.title}<span class="cost">" "{objective.detail}</span></span>
                        </li>
                    }.into_any()
                }).collect_view().into_any()}
            </ul>
        </section>
    }.into_any()
}

#[component]
fn Reads() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let done = Derived::new(move || {
        desk.frame.with(|frame| {
            frame
                .as_ref()
                .map(|frame| frame.reads.clone())
                .unwrap_or_default()
        })
    });
    let rows = desk.scenario.plan.reads.iter().map(|read| {
        let last =
            move || done.with(|reads| reads.iter().rfind(|view| view.id == read.id).cloned());
        let lag = if read.lag > 0 {
            format!(", shows what was {} before", words::length(read.lag))
        } else {
            String::new()
        };
        view! {
            <li class="read">
                <button type="button" class="row" on:click=press(move |_| desk.read(read.id))>
                    <span>{read.title}</span>
                    <span class="cost">{format!("takes {}{lag}", words::length(read.cost))}</span>
                </button>
                {move || last().map(|view| shown(view, desk)).into_any()}
            </li>
        }
        .into_any()
    });
    view! {
        <section class="reads" aria-labelledby="reads-title">
            <h3 id="reads-title">"Read"</h3>
            <ul>{rows.collect_view()}</ul>
        </section>
    }
    .into_any()
}

/// What a read showed, or how long it still takes.
fn shown(view: ReadView, desk: Desk) -> AnyView {
    if !view.done {
        let until = view.read_at;
        return view! {
            <p class="reading">
                {told(Sign::Way, format!("reading, until {}", words::moment(until)))}
                <button type="button" class="inline" on:click=press(move |_| desk.seek_time(until))>"Read on"</button>
            </p>
        }
        .into_any();
    }
    view! {
        <div class="shown">
            <p class="cost">{format!("as of {}", words::moment(view.shows))}</p>
            <ul>{view.lines.into_iter().map(|line| view! { <li>{line}</li> }.into_any()).collect_view()}</ul>
        </div>
    }
    .into_any()
}

#[component]
fn Actions() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let done = Derived::new(move || {
        desk.frame.with(|frame| {
            frame
                .as_ref()
                .map(|frame| frame.actions.clone())
                .unwrap_or_default()
        })
    });
    let rows = desk.scenario.plan.actions.iter().map(|action| {
        let last =
            move || done.with(|done| done.iter().rfind(|view| view.id == action.id).cloned());
        view! {
            <li>
                <button type="button" class="row act" on:click=press(move |_| desk.act(action.id))>
                    <span>{action.title}</span>
                    <span class="cost">{action.doc}</span>
                </button>
                {move || last().map(|view| came(&view)).into_any()}
            </li>
        }
        .into_any()
    });
    let title = move |id: &str| {
        desk.scenario
            .plan
            .actions
            .iter()
            .find(|action| action.id == id)
            .map_or(id.to_string(), |a| a.title.to_string())
    };
    view! {
        <section class="acts" aria-labelledby="acts-title">
            <h3 id="acts-title">"Act"</h3>
            <ul>{rows.collect_view()}</ul>
            <ol class="done" aria-label="What you did">
                {move || done.get().into_iter().map(|action| did(&action, title(&action.id))).collect_view().into_any()}
            </ol>
        </section>
    }.into_any()
}

/// What came of an action, beside the button that did it; the list below says it whole.
fn came(action: &ActionView) -> AnyView {
    let sign = if action.wrong.is_some() {
        Sign::Badly
    } else {
        Sign::Moment
    };
    view! { <p class="came">{glyph(sign, None)}{format!("{}: {}", words::moment(action.at), action.outcome)}</p> }.into_any()
}

/// An action that was made, with what came of it.
pub fn did(action: &ActionView, title: String) -> AnyView {
    let wrong = action.wrong.clone().map(|why| {
        view! { <p class="wrong">{told(Sign::Badly, "a wrong move")}" "{why}</p> }.into_any()
    });
    view! {
        <li>
            <p><span class="mono when">{words::moment(action.at)}</span>" "{title}</p>
            <p class="cost">{action.outcome.clone()}</p>
            {wrong}
        </li>
    }
    .into_any()
}

#[component]
fn Hints() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let hints = &desk.scenario.lesson.hints;
    let open = move || (desk.hints.get() as usize).min(hints.len());
    view! {
        <section class="hints" aria-labelledby="hints-title">
            <h3 id="hints-title">"Hints"</h3>
            <ol>{move || hints[..open()].iter().map(|hint| view! { <li>{*hint}</li> }.into_any()).collect_view().into_any()}</ol>
            {move || (open() < hints.len()).then(|| view! {
                <button type="button" class="quiet" on:click=press(move |_| desk.hint())>
                    {format!("Show hint {} of {}", open() + 1, hints.len())}
                </button>
            }.into_any()).into_any()}
        </section>
    }.into_any()
}

#[component]
fn Notes() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let id = desk.scenario.plan.id;
    let keep = move |event| {
        if let Err(trouble) = saved::keep_notes(id, &event_target_value(&event)) {
            desk.trouble.set(Some(trouble));
        }
    };
    view! {
        <section class="notes">
            <h3><label for="notes">"Notes"</label></h3>
            <textarea id="notes" rows="4" prop:value=saved::notes(id) on:input=keep></textarea>
            <p class="cost">"Kept in this browser, sent nowhere."</p>
        </section>
    }
    .into_any()
}

#[component]
fn Fidelity() -> impl IntoView {
    let fidelity = &expect_context::<Desk>().scenario.lesson.fidelity;
    let part = |title: &'static str, items: &'static [&'static str]| {
        view! { <h4>{title}</h4><ul>{items.iter().map(|item| view! { <li>{*item}</li> }.into_any()).collect_view()}</ul> }.into_any()
    };
    view! {
        <details class="fidelity">
            <summary>"How real is this?"</summary>
            {part("Real logic", fidelity.real)}
            {part("Modelled", fidelity.modelled)}
            {part("Left out", fidelity.left_out)}
        </details>
    }
    .into_any()
}
