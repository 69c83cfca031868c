//! Home: what this is, in one calm screen, and where to begin.

mod worlds;

use crate::content;
use crate::content::Listed;
use crate::navigate::{Link, Navigator};
use crate::route::{self, Route};
use crate::run::legend::KeyTable;
use crate::run::opening::FIRST_SEED;
use crate::saved;
use crate::ui::held::Held;
use crate::ui::problem::ProblemBox;
use crate::words;
use leptos::prelude::*;
use protocol::{LinkError, Problem, Replay, Severity};
use std::time::Duration;

/// The page.
#[component]
pub fn HomePage(
    /// Whether all of it comes at once, or what is further down a moment after the rest: then neither part holds the
    /// browser up for long.
    at_once: bool,
) -> impl IntoView {
    let all = Held::new(at_once);
    if !at_once {
        // A task of its own after the first frame, and not part of the first frame's.
        request_animation_frame(move || set_timeout(move || all.set(true), Duration::ZERO));
    }
    let last = saved::last()
        .and_then(|id| content::listed(&id).ok())
        .and_then(|listed| {
            let record = saved::run(listed.id).ok().flatten()?;
            Some((listed, record))
        });
    let lessons = content::INDEX.iter().filter(|listed| !listed.world);
    view! {
        <div class="home">
            <section class="hero">
                <h1>"Study Lab"</h1>
                <p class="lead">
                    "A hosting platform that you can stop, step and take apart. Its real rules run in a simulator on this page: \
                     predict what happens, watch it, switch a rule off and see what it was for."
                </p>
                {last.map(|(listed, record)| view! {
                    <p class="continue">
                        <Link to=Route::scenario(listed.id) class="button primary">"Continue where you left"</Link>
                        <span class="cost">{format!("{}, seed {}, at {}", listed.title, record.replay.seed, words::moment(record.replay.at))}</span>
                    </p>
                }.into_any())}
            </section>
            <section aria-labelledby="scenarios-title">
                <h2 id="scenarios-title">"Scenarios"</h2>
                <ul class="cards">{lessons.map(|listed| view! { <Card listed=listed/> }.into_any()).collect_view()}</ul>
            </section>
            {move || all.get().then(|| further_down(at_once)).into_any()}
        </div>
    }
    .into_any()
}

fn further_down(at_once: bool) -> AnyView {
    view! {
        {worlds::worlds(at_once)}
        <Paste/>
        <details class="home-keys">
            <summary>"The keys"</summary>
            <KeyTable/>
        </details>
    }
    .into_any()
}

/// The seeds of a scenario that are worth a look, each with why.
fn chosen(listed: &'static Listed) -> AnyView {
    if listed.seeds.is_empty() {
        return ().into_any();
    }
    let rows = listed.seeds.iter().map(|one| {
        let to = Route::seeded(listed.id, one.seed, one.severity);
        view! {
            <li>
                <Link to=to>{one.title}</Link>
                <span class="mono cost">{one.label()}</span>
                <p>{one.why}</p>
            </li>
        }
        .into_any()
    });
    view! {
        <details class="chosen">
            <summary>{words::count(listed.seeds.len() as u64, "chosen seed")}<span class="visually-hidden">" of "{listed.title}</span></summary>
            <ul>{rows.collect_view()}</ul>
        </details>
    }
    .into_any()
}

#[component]
fn Card(
    /// The scenario.
    listed: &'static Listed,
) -> impl IntoView {
    let navigator = expect_context::<Navigator>();
    let id = listed.id;
    // The seed that a run has which is kept, or else the first: the one that this begins with.
    let kept = saved::run(id).ok().flatten();
    let seed = kept
        .map_or(FIRST_SEED, |record| record.replay.seed)
        .to_string();
    let text = Held::new(seed.clone());
    let shown = seed.clone();
    let problem = Held::new(None::<Problem>);
    let start = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let typed = text.get();
        if typed.trim().is_empty() || typed == seed {
            return navigator.go(Route::scenario(id));
        }
        match route::seed(&typed) {
            Ok(seed) => navigator.go(Route::seeded(id, seed, Severity::default())),
            Err(found) => problem.set(Some(found)),
        }
    };
    view! {
        <li class="card">
            <h3><Link to=Route::scenario(id)>{listed.title}</Link></h3>
            <p>{listed.summary}</p>
            <p class="cost">{format!("about {} minutes of your time", listed.minutes)}</p>
            <form class="start" on:submit=start>
                <label><span class="label">"Seed"</span><input class="mono" inputmode="numeric" value=shown autocomplete="off" on:input=move |event| text.set(event_target_value(&event))/></label>
                <button type="submit" class="primary">"Start"<span class="visually-hidden">" "{listed.title}</span></button>
            </form>
            <ProblemBox problem=problem/>
            {chosen(listed)}
        </li>
    }
    .into_any()
}

/// A field for a link that somebody sent.
#[component]
fn Paste() -> impl IntoView {
    let navigator = expect_context::<Navigator>();
    let text = Held::new(String::new());
    let problem = Held::new(None::<Problem>);
    let open = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let typed = text.get();
        let part = route::shared_part(&typed);
        match Replay::from_link(part)
            .map_err(LinkError::problem)
            .and_then(|replay| content::listed(&replay.scenario).map(|_| replay))
        {
            Ok(replay) => navigator.go(Route::shared(&replay.scenario, part)),
            Err(found) => problem.set(Some(found)),
        }
    };
    view! {
        <section class="paste" aria-labelledby="paste-title">
            <h2 id="paste-title">"A run that somebody sent you"</h2>
            <form class="start" on:submit=open>
                <label><span class="label">"Link or its last part"</span><input class="mono" autocomplete="off" spellcheck="false" placeholder="v1.…" on:input=move |event| text.set(event_target_value(&event))/></label>
                <button type="submit" class="quiet">"Open"</button>
            </form>
            <ProblemBox problem=problem/>
        </section>
    }
    .into_any()
}
