//! The strip across the top: what runs, how its promises and objectives stand.

use super::begin;
use super::desk::Desk;
use crate::draw::marks;
use crate::route::Asked;
use crate::ui::held::{Derived, Held};
use crate::ui::press;
use crate::ui::sign::told;
use leptos::prelude::*;
use protocol::{Frame, Progress, Verdict};

/// The strip.
#[component]
pub fn Strip() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let seed = move || {
        desk.replay
            .with(|replay| replay.as_ref().map(|replay| replay.seed))
    };
    let again = move |_| {
        if let Some(seed) = seed() {
            desk.begin(Asked::fresh(seed, desk.severity()));
        }
    };
    let another = move |_| desk.begin_anew();
    view! {
        <header class="strip" id="strip">
            <div class="strip-head">
                <h1>{desk.scenario.plan.title}</h1>
                <dl class="facts">
                    <div><dt>"seed"</dt><dd class="mono">{move || seed().map(|seed| seed.to_string()).into_any()}</dd></div>
                    <div><dt>"engine"</dt><dd class="mono">{protocol::ENGINE}</dd></div>
                    <div title="The first eight digits of the fingerprint of everything up to this moment. Equal runs have equal fingerprints.">
                        <dt>"fingerprint"</dt>
                        <dd class="mono">{move || desk.frame.with(|f| f.as_ref().map(|f| protocol::short(f.fingerprint))).into_any()}</dd>
                    </div>
                </dl>
                <begin::Severities/>
                <Waived/>
                <div class="strip-acts">
                    <begin::Seeds/>
                    <begin::Earlier/>
                    <button type="button" class="quiet" on:click=another>"New seed"</button>
                    <button type="button" class="quiet" on:click=again>"Same seed again"</button>
                    <button type="button" class="quiet" on:click=press(move |_| desk.copy_link()) aria-keyshortcuts="c">"Copy link"</button>
                </div>
            </div>
            <div class="strip-state">
                <Properties/>
                <Objectives/>
            </div>
        </header>
    }
    .into_any()
}

/// The gates that this run goes without.
#[component]
fn Waived() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let gates = move || {
        let ids = desk
            .replay
            .with(|replay| replay.as_ref().map(|replay| replay.waivers.clone()));
        let ids = ids.filter(|ids| !ids.is_empty())?;
        let gates = ids.into_iter().map(|id| {
            let title = platform::CATALOG
                .gate(&id)
                .map_or(id, |gate| gate.title.to_string());
            view! { <li>{told(marks::Sign::Waived, title)}</li> }.into_any()
        });
        Some(view! { <ul class="waived" aria-label="Gates that this run goes without"><li aria-hidden="true">"without"</li>{gates.collect_view()}</ul> }.into_any())
    };
    view! { {move || gates().into_any()} }.into_any()
}

/// How many properties hold, broke, and were not exercised.
fn tally(frame: &Frame) -> [usize; 3] {
    let mut tally = [0; 3];
    for property in &frame.properties {
        tally[match property.verdict {
            Verdict::Held => 0,
            Verdict::Broken { .. } => 1,
            Verdict::NotExercised => 2,
        }] += 1;
    }
    tally
}

#[component]
fn Properties() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let count = Derived::new(move || {
        desk.frame
            .with(|frame| frame.as_ref().map_or([0; 3], |frame| tally(frame)))
    });
    let opened = Held::new(false);
    view! {
        <details class="properties" on:toggle=move |event| opened.set(is_open(&event))>
            <summary>
                <span class="label">"Properties"</span>
                {move || {
                    let [held, broken, idle] = count.get();
                    view! {
                        {told(marks::Sign::Well, format!("{held} held"))}
                        {told(if broken > 0 { marks::Sign::Badly } else { marks::Sign::Rest }, format!("{broken} broken"))}
                        {told(marks::Sign::Rest, format!("{idle} not exercised"))}
                    }.into_any()
                }}
            </summary>
            <ul class="property-list">
                {move || opened.get().then(|| desk.frame.with(|frame| frame.as_ref().map(|frame| rows(frame, desk)))).into_any()}
            </ul>
        </details>
    }.into_any()
}

/// Whether the `<details>` that an event comes from is open.
pub fn is_open(event: &web_sys::Event) -> bool {
    event_target::<web_sys::Element>(event).has_attribute("open")
}

fn rows(frame: &Frame, desk: Desk) -> Vec<AnyView> {
    frame
        .properties
        .iter()
        .map(|property| {
            let spec = protocol::property(&property.id);
            let (sign, word) = marks::verdict(&property.verdict);
            let evidence = match &property.verdict {
                Verdict::Broken { step, evidence, .. } => {
                    let step = *step;
                    Some(view! {
                        <p>{evidence.clone()}" "<button type="button" class="inline" on:click=press(move |_| desk.select(step))>"Why?"</button></p>
                    }.into_any())
                }
                _ => None,
            };
            view! {
                <li>
                    {told(sign, word)}
                    <div>
                        <strong>{spec.map_or(property.id.clone(), |spec| spec.title.to_string())}</strong>
                        <p>{spec.map(|spec| spec.doc)}</p>
                        {evidence}
                    </div>
                </li>
            }
            .into_any()
        })
        .collect()
}

/// How many objectives are met, kept, open and missed; the list is in the learner's own column.
#[component]
fn Objectives() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let count = Derived::new(move || {
        let mut count = [0; 4];
        desk.frame.with(|frame| {
            for objective in frame.iter().flat_map(|frame| &frame.objectives) {
                count[objective.progress as usize] += 1;
            }
        });
        count
    });
    view! {
        <p class="objectives-tally">
            <span class="label">"Objectives"</span>
            {move || {
                [(Progress::Met, "met"), (Progress::Kept, "kept so far"), (Progress::Open, "open"), (Progress::Missed, "missed")]
                    .map(|(progress, word)| {
                        let n = count.get()[progress as usize];
                        let sign = if n == 0 { marks::Sign::Rest } else { marks::progress(progress).0 };
                        told(sign, format!("{n} {word}"))
                    })
                    .into_iter()
                    .collect_view().into_any()
            }}
        </p>
    }.into_any()
}
