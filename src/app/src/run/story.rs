//! The story: one sentence per entry, the newest at the cursor, and why one of them happened.

use super::desk::Desk;
use super::why::Why;
use crate::draw::marks::Sign;
use crate::ui::press;
use crate::ui::sign::glyph;
use crate::words;
use leptos::prelude::*;
use protocol::{EntryView, RulingView};

/// The most sentences on the page at once.
const MOST: u32 = 300;

/// The column.
#[component]
pub fn Story() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let routine = move || desk.settings.with(|settings| settings.routine);
    let newest_first = move || {
        desk.story
            .with(|story| story.iter().rev().cloned().collect::<Vec<_>>())
    };
    let more = move || {
        !routine()
            && desk
                .story
                .with(|story| story.len() as u32 >= desk.story_length.get())
            && desk.story_length.get() < MOST
    };
    view! {
        <section class="region story" id="story" aria-labelledby="story-title">
            <h2 id="story-title" class="region-title">"Story"</h2>
            <super::legend::FirstLabel region="story"/>
            <Why/>
            <div class="later">
                <label class="check">
                    <input
                        type="checkbox"
                        prop:checked=routine
                        on:change=move |event| {
                            desk.set(|settings| settings.routine = event_target_checked(&event));
                            desk.refresh();
                        }
                    />
                    "Show routine too"
                </label>
            </div>
            <ol class="entries" reversed>
                <For each=newest_first key=|entry| (entry.step, entry.sentence.len()) children=move |entry| row(entry, desk)/>
            </ol>
            {move || more().then(|| view! {
                <button type="button" class="quiet" on:click=press(move |_| {
                    desk.story_length.update(|length| *length = (*length * 2).min(MOST));
                    desk.refresh();
                })>"Show earlier ones"</button>
            }.into_any()).into_any()}
            {move || desk.story.with(|story| story.is_empty()).then(|| view! { <p class="cost">"Nothing has happened yet."</p> }.into_any()).into_any()}
        </section>
    }
    .into_any()
}

/// The sign of an entry: what weighs most in it.
pub fn sign(entry: &EntryView) -> Option<Sign> {
    let ruled = |word: &str| entry.ruled.iter().any(|ruling| ruling.verdict == word);
    if ruled("waived") {
        return Some(Sign::Waived);
    }
    if entry.ruled.iter().any(refuses) {
        return Some(Sign::Refused);
    }
    if let Some(moved) = entry.moved.last() {
        let spec = platform::CATALOG
            .lifecycles
            .get(usize::from(moved.lifecycle))?;
        return spec
            .states
            .get(usize::from(moved.to))
            .map(|state| Sign::of_role(state.role));
    }
    entry.interesting.then_some(Sign::Moment)
}

/// Whether a gate refused, and did not only make something wait or go another way.
fn refuses(ruling: &RulingView) -> bool {
    let gate = platform::CATALOG.gates.get(usize::from(ruling.gate));
    ruling.verdict == "refused" && gate.is_none_or(|gate| !gate.waits)
}

fn row(entry: EntryView, desk: Desk) -> AnyView {
    let step = entry.step;
    let sign = sign(&entry);
    let current = move || {
        desk.why
            .with(|why| why.as_ref().is_some_and(|why| why.entry.step == step))
    };
    view! {
        <li data-routine=entry.routine.to_string() data-interesting=entry.interesting.to_string()>
            <button type="button" class="entry" aria-pressed=move || current().to_string() on:click=press(move |_| desk.select(step))>
                <span class="when mono">{words::moment(entry.at)}</span>
                <span class="entry-sign">{sign.map(|sign| glyph(sign, Some(sign.word())))}</span>
                <span class="sentence">{entry.sentence}</span>
            </button>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::gate;

    #[test]
    fn what_only_waits_is_not_marked_as_refused() {
        let entry = |gates: &[&machine::Gate]| EntryView {
            ruled: gates
                .iter()
                .map(|gate| RulingView {
                    gate: gate.index,
                    verdict: "refused".into(),
                    subject: String::new(),
                    found: 0,
                    wanted: 1,
                })
                .collect(),
            ..crate::testing::entry()
        };
        let waits = &gate::COMMIT_BEFORE_PUBLISH;
        assert_eq!(sign(&entry(&[waits])), None);
        let both = entry(&[waits, &gate::HOLD_SLOTS]);
        assert_eq!(sign(&both), Some(Sign::Refused));
    }
}
