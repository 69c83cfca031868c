//! The timeline: scrubber with marks, play and step, speed, undo and redo, branches.

use super::clock::Speed;
use super::desk::{Desk, Mode, Twin};
use super::legend::HelpOpen;
use super::strip::is_open;
use crate::draw::marks::Sign;
use crate::port::Port;
use crate::ui::held::{Derived, Held};
use crate::ui::press;
use crate::ui::sign::glyph;
use crate::words;
use leptos::prelude::*;
use protocol::{BranchView, Mark, MarkKind};

/// The timeline.
#[component]
pub fn Timeline() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let at = Derived::new(move || {
        desk.frame
            .with(|frame| frame.as_ref().map_or(0, |frame| frame.at))
    });
    let end = desk.scenario.plan.end;
    view! {
        <section class="timeline" id="timeline" aria-label="Timeline">
            <super::legend::FirstLabel region="timeline"/>
            <Caption/>
            <div class="scrub">
                <Marks end=end/>
                <input
                    type="range"
                    class="scrubber"
                    aria-label="Moment of the run"
                    aria-valuetext=move || words::moment(at.get())
                    min="0"
                    max=end.to_string()
                    step="100000"
                    prop:value=move || at.get().to_string()
                    on:input=move |event| {
                        if let Ok(at) = event_target_value(&event).parse() {
                            desk.seek_time(at);
                        }
                    }
                />
            </div>
            <div class="controls">
                <Transport/>
                <p class="now"><output class="mono">{move || words::moment(at.get()).into_any()}</output><span class="cost">{format!(" of {}", words::length(end))}</span><Working/></p>
                <Pace/>
                <div class="changes later"><Changes/><Elsewhere/></div>
            </div>
            <Branches/>
        </section>
    }
    .into_any()
}

/// The newest sentence, for those far from the screen.
#[component]
fn Caption() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let sentence = Derived::new(move || {
        desk.story.with(|story| {
            story
                .iter()
                .rfind(|entry| !entry.routine)
                .map(|entry| entry.sentence.clone())
        })
    });
    view! { <p class="caption" aria-hidden="true">{move || sentence.get().into_any()}</p> }
        .into_any()
}

#[component]
fn Working() -> impl IntoView {
    let port = expect_context::<Port>();
    view! { <span class="working" role="status">{move || port.working.get().then_some("working…").into_any()}</span> }.into_any()
}

#[component]
fn Transport() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let playing = desk.playing;
    view! {
        <div class="buttons transport" role="group" aria-label="Play and step">
            <button type="button" class="icon" on:click=press(move |_| desk.step_back()) aria-keyshortcuts="ArrowLeft" title="Step back (←)">
                {icon("M3 2h2v12H3zM14 2v12L6 8z")}<span class="visually-hidden">"Step back"</span>
            </button>
            <button type="button" class="primary icon play" on:click=press(move |_| desk.toggle()) aria-keyshortcuts="Space" title="Play or pause (space)">
                {move || if playing.get() { icon("M3 2h4v12H3zM9 2h4v12H9z") } else { icon("M3 1.5v13L14 8z") }}
                <span>{move || (if playing.get() { "Pause" } else { "Play" }).into_any()}</span>
            </button>
            <button type="button" class="icon" on:click=press(move |_| desk.step()) aria-keyshortcuts="ArrowRight" title="Step (→)">
                {icon("M11 2h2v12h-2zM2 2v12l8-6z")}<span class="visually-hidden">"Step"</span>
            </button>
            <button type="button" class="icon" on:click=press(move |_| desk.next_moment()) aria-keyshortcuts="n" title="Next interesting moment (n)">
                {icon("M1 2v12l6-6zM8 8l4-4l4 4l-4 4z")}<span class="wide-only">"Next moment"</span><span class="visually-hidden narrow-only">"Next moment"</span>
            </button>
        </div>
    }.into_any()
}

/// An icon: its shape in a square from 0 to 16.
fn icon(path: &'static str) -> AnyView {
    view! { <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false"><path d=path/></svg> }.into_any()
}

#[component]
fn Pace() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let choose = move |event| {
        let speed = Speed::at(event_target_value(&event).parse().unwrap_or(2));
        desk.set(|settings| settings.speed = speed);
    };
    view! {
        <label class="pace">
            <span class="label" aria-hidden="true">"Speed"</span>
            <select aria-label="Speed" on:change=choose prop:value=move || desk.settings.with(|settings| settings.speed.index().to_string())>
                {Speed::ALL.map(|speed| view! {
                    <option value=speed.index().to_string() selected=move || desk.settings.with(|settings| settings.speed == speed)>{speed.label()}</option>
                }.into_any()).into_iter().collect_view()}
            </select>
        </label>
    }.into_any()
}

#[component]
fn Changes() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let undo = Derived::new(move || {
        desk.frame.with(|frame| {
            frame
                .as_ref()
                .map_or((0, 0), |frame| (frame.undo, frame.redo))
        })
    });
    view! {
        <div class="buttons" role="group" aria-label="What you did">
            <button type="button" class="quiet" prop:disabled=move || undo.get().0 == 0 on:click=press(move |_| desk.undo()) aria-keyshortcuts="u" title="Take the last action or read back (u)">"Undo"</button>
            <button type="button" class="quiet" prop:disabled=move || undo.get().1 == 0 on:click=press(move |_| desk.redo()) aria-keyshortcuts="r" title="Do it again (r)">"Redo"</button>
        </div>
    }.into_any()
}

#[component]
fn Elsewhere() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let HelpOpen(help) = expect_context();
    let twin = move |_| {
        desk.pause();
        desk.twin.set(Twin::None);
        desk.show(Mode::Twin);
    };
    let over = Derived::new(move || {
        desk.frame
            .with(|frame| frame.as_ref().is_some_and(|frame| frame.over))
    });
    view! {
        <div class="buttons elsewhere">
            <button type="button" class="quiet" on:click=twin aria-keyshortcuts="t">"Twin run"</button>
            <button type="button" class="quiet" data-ready=move || over.get().to_string() on:click=press(move |_| desk.look_back()) aria-keyshortcuts="d">"Debrief"</button>
            <button type="button" class="quiet" on:click=press(move |_| help.set(true)) aria-keyshortcuts="?">"Keys"<span class="visually-hidden">" and signs"</span></button>
        </div>
    }.into_any()
}

/// The marks above the scrubber, and the same as a list.
#[component]
fn Marks(
    /// When the run ends.
    end: u64,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let marks = Derived::new(move || {
        desk.frame.with(|frame| {
            frame
                .as_ref()
                .map(|frame| frame.marks.clone())
                .unwrap_or_default()
        })
    });
    let place = move |mark: &Mark| {
        let sign = Sign::of_mark(mark.kind);
        let step = mark.step;
        let x = mark.at * 10_000 / end.max(1);
        let x = format!("{}.{:02}%", x / 100, x % 100);
        let low = mark.kind == MarkKind::Moment;
        view! {
            <svg class="mark" data-role=sign.role() x=x y={if low { "9" } else { "1" }} width="12" height="12" overflow="visible" on:click=press(move |_| desk.seek(step + 1))>
                <title>{format!("{}: {} ({})", words::moment(mark.at), mark.label, sign.word())}</title>
                <path d=sign.path() fill-rule="evenodd" transform={if low { "translate(-3 3) scale(.5)" } else { "translate(-6 0)" }}/>
            </svg>
        }.into_any()
    };
    let open = Held::new(false);
    view! {
        <svg class="marks" width="100%" height="18" aria-hidden="true">{move || marks.with(|marks| marks.iter().map(place).collect_view()).into_any()}</svg>
        <details class="mark-list later" on:toggle=move |event| open.set(is_open(&event))>
            <summary>{move || marks.with(|marks| words::count(marks.len() as u64, "mark")).into_any()}</summary>
            <ol>
                {move || open.get().then(|| marks.get().into_iter().map(|mark| {
                    let sign = Sign::of_mark(mark.kind);
                    let step = mark.step;
                    view! {
                        <li><button type="button" class="entry plain" on:click=press(move |_| desk.seek(step + 1))>
                            <span class="mono when">{words::moment(mark.at)}</span>
                            <span class="entry-sign">{glyph(sign, Some(sign.word()))}</span>
                            <span class="sentence">{mark.label}</span>
                        </button></li>
                    }.into_any()
                }).collect_view()).into_any()}
            </ol>
        </details>
    }.into_any()
}

#[component]
fn Branches() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let branches = Derived::new(move || {
        desk.frame.with(|frame| {
            frame
                .as_ref()
                .map(|frame| frame.branches.clone())
                .unwrap_or_default()
        })
    });
    let row = move |branch: &BranchView| {
        let id = branch.id;
        let from = branch
            .from
            .map(|(_, at)| format!("left at {}, ", words::moment(at)))
            .unwrap_or_default();
        let text = format!(
            "{from}{}",
            words::count(u64::from(branch.actions), "action")
        );
        view! {
            <li>
                <button type="button" class="branch" aria-pressed=branch.current.to_string() on:click=press(move |_| desk.branch(id))>
                    <span>{branch.name.clone()}</span><span class="cost">{text}</span>
                </button>
            </li>
        }.into_any()
    };
    let list = move || {
        branches.with(|branches| {
            (branches.len() > 1).then(|| view! { <ul class="branches later" aria-label="Branches">{branches.iter().map(row).collect_view()}</ul> }.into_any())
        })
    };
    view! { {move || list().into_any()} }.into_any()
}
