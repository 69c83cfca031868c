//! Debrief: looking back. Facts first, then objectives, profile, wrong moves, and what to do next.

mod next;
mod profile;
mod questions;

use crate::draw::marks;
use crate::run::desk::{Desk, Mode};
use crate::run::did;
use crate::ui::held::Derived;
use crate::ui::press;
use crate::ui::sign::told;
use crate::words;
use leptos::prelude::*;
use protocol::{Debrief, EntryView};

/// The page.
#[component]
pub fn DebriefPage() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let may_tell = Derived::new(move || desk.may_tell());
    view! {
        <section class="page debrief" aria-labelledby="debrief-title">
            <header class="page-head">
                <h2 id="debrief-title" tabindex="-1">"Debrief"</h2>
                <button type="button" class="quiet" on:click=press(move |_| desk.show(Mode::Run))>"Back to the run"</button>
            </header>
            {move || match desk.debrief.get() {
                _ if !may_tell.get() => early(desk),
                None => view! { <p class="waiting" role="status">"Running to the end …"</p> }.into_any(),
                Some(debrief) => whole(&debrief, desk),
            }}
        </section>
    }
    .into_any()
}

/// What there is to say before the end, while the cause is still to be found.
fn early(desk: Desk) -> AnyView {
    let (at, end) = desk
        .frame
        .with_untracked(|frame| frame.as_ref().map_or((0, 0), |frame| (frame.at, frame.end)));
    view! {
        <div class="early">
            <p class="lead">{format!("The run stands at {} of {}, and its cause is still to be found.", words::moment(at), words::length(end))}</p>
            <p>"At its end the debrief tells the cause, the whole story and a reference solution. You may also have it now: then the run is played to its end as it stands, with nothing more done, and there is nothing left to find out in it. You can go on with it all the same."</p>
            <div class="buttons">
                <button type="button" class="primary" on:click=press(move |_| desk.show(Mode::Run))>"Go on with the run"</button>
                <button type="button" class="quiet" on:click=press(move |_| desk.give_up())>"Show me the cause"</button>
            </div>
        </div>
    }
    .into_any()
}

fn whole(debrief: &Debrief, desk: Desk) -> AnyView {
    let title = |id: &str| {
        desk.scenario
            .plan
            .actions
            .iter()
            .find(|action| action.id == id)
            .map_or(id.to_string(), |a| a.title.to_string())
    };
    let objectives = debrief.objectives.iter().map(|objective| {
        let (sign, word) = marks::progress(objective.progress);
        view! { <li>{told(sign, word)}<span>{objective.title.clone()}</span><span class="cost">{objective.detail.clone()}</span></li> }.into_any()
    });
    let wrong = debrief
        .wrong_moves
        .iter()
        .map(|action| did(action, title(&action.id)))
        .collect_view();
    let solution = debrief.solution.iter().map(|(at, title)| {
        view! { <li><span class="mono when">{words::moment(*at)}</span>" "{title.clone()}</li> }
            .into_any()
    });
    let requests = debrief.requests;
    let summary = format!(
        "{} arrived: {} served, {} refused, {} failed.",
        words::count(u64::from(requests.arrived), "request"),
        requests.served,
        requests.refused,
        requests.failed
    );
    let nothing_wrong = debrief.wrong_moves.is_empty();
    let before = desk.frame.with_untracked(|frame| {
        frame
            .as_ref()
            .filter(|frame| !frame.over)
            .map(|frame| frame.at)
    });
    view! {
        <p class="lead">
            {before.map(|at| format!("Played to its end from {}, with nothing more done. ", words::moment(at)))}
            {if debrief.solved { "Every objective was met." } else { "Not every objective was met." }}
            " " {summary}
            {(!debrief.drawn.is_empty()).then(|| view! { " The seed drew: "{drawn(debrief)}"." }.into_any())}
            {debrief.cause.clone().map(|cause| view! { " The cause that this seed drew: "<strong>{cause}</strong>"." }.into_any())}
        </p>
        <div class="debrief-grid">
            <section class="debrief-story">
                <h3>"What happened"</h3>
                <ol class="entries">{debrief.story.iter().map(|entry| line(entry, desk)).collect_view()}</ol>
                {(debrief.left_out > 0).then(|| view! {
                    <p class="cost">{format!("{} that tell less were left out; the story of the run has them all.", words::count(u64::from(debrief.left_out), "more moment"))}</p>
                }.into_any())}
            </section>
            <div class="debrief-side">
                <section><h3>"Objectives"</h3><ul class="outcomes">{objectives.collect_view()}</ul></section>
                <section><h3>"Profile"</h3>{profile::profile(&debrief.profile)}</section>
                <section>
                    <h3>"Wrong moves"</h3>
                    {if nothing_wrong { view! { <p class="cost">"None."</p> }.into_any() } else { view! { <ol class="done">{wrong}</ol> }.into_any() }}
                </section>
                {(!debrief.solution.is_empty()).then(|| view! {
                    <details class="solution">
                        <summary>"A reference solution"</summary>
                        <p class="cost">"One way; others pass too."</p>
                        <ol>{solution.collect_view()}</ol>
                    </details>
                }.into_any())}
                <questions::Questions/>
                {next::next(debrief, desk)}
            </div>
        </div>
    }
    .into_any()
}

/// What the seed drew of the world's configuration, as a list in a sentence.
fn drawn(debrief: &Debrief) -> String {
    let parts = debrief.drawn.iter();
    let parts = parts.map(|(title, value)| format!("{} {value}", title.to_lowercase()));
    parts.collect::<Vec<_>>().join(", ")
}

fn line(entry: &EntryView, desk: Desk) -> AnyView {
    let step = entry.step;
    let look = move |_| {
        desk.show(Mode::Run);
        desk.seek(step + 1);
        desk.select(step);
    };
    view! {
        <li>
            <button type="button" class="entry plain" on:click=look title="Go to this moment">
                <span class="when mono">{words::moment(entry.at)}</span>
                <span class="sentence">{entry.sentence.clone()}</span>
            </button>
        </li>
    }
    .into_any()
}
