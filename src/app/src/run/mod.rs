//! The run page: layout and wiring; each region is a file of its own.

mod begin;
pub mod clock;
pub mod desk;
mod keys;
pub mod legend;
mod mine;
pub mod opening;
mod question;
mod story;
pub mod strip;
mod system;
mod terms;
mod timeline;
mod why;

use crate::content::Scenario;
use crate::debrief::DebriefPage;
use crate::navigate::Navigator;
use crate::port::{Health, Port};
use crate::route::{self, Asked, Route};
use crate::saved::{self, Record};
use crate::twin::TwinPage;
use crate::ui::focus_soon;
use crate::ui::held::effect;
use crate::ui::press;
use crate::ui::problem::ProblemBox;
use crate::words;
use desk::{Comes, Desk, Mode, Region};
use leptos::prelude::*;
use opening::Opening;

/// The page of a scenario; follows the address while the scenario stays the same.
#[component]
pub fn RunPage(
    /// The scenario.
    scenario: &'static Scenario,
) -> impl IntoView {
    let desk = Desk::new(scenario);
    provide_context(desk);
    let Navigator { route, run, over } = expect_context();
    effect(move |first| {
        let Route::Run {
            scenario: id,
            query,
            shared,
        } = route.get()
        else {
            return;
        };
        if id != scenario.plan.id {
            return;
        }
        let run = run.get();
        if first {
            open(desk, run, &query, shared.as_deref());
        } else if !desk.is_on(run) {
            another(desk, run, &query, shared.as_deref());
        }
    });
    effect(move |first| {
        let over = over.get();
        if !first {
            desk.arrive(over);
        }
    });
    let port = expect_context::<Port>();
    effect(move |_| {
        if let Health::Restarted(..) = port.health.get() {
            desk.recover();
        }
    });
    let mut before = None;
    effect(move |_| {
        let mode = desk.mode.get();
        if before.replace(mode).is_some_and(|before| before != mode) {
            arrive(mode);
        }
    });
    on_cleanup(move || {
        desk.pause();
        port.forget();
    });
    keys::listen(desk);
    view! {
        <div
            class="run"
            data-region=move || format!("{:?}", desk.region.get()).to_ascii_lowercase()
            data-mode=move || format!("{:?}", desk.mode.get()).to_ascii_lowercase()
            data-first=move || (!desk.introduced.get()).to_string()
        >
            <strip::Strip/>
            <Notices/>
            {move || match desk.mode.get() {
                Mode::Run => view! { <Regions/> }.into_any(),
                Mode::Twin => view! { <TwinPage/> }.into_any(),
                Mode::Debrief => view! { <DebriefPage/> }.into_any(),
            }}
            <legend::Help/>
        </div>
    }
    .into_any()
}

/// Another part of the page came on screen: it begins at its top, and the keyboard goes on from there.
fn arrive(mode: Mode) {
    window().scroll_to_with_x_and_y(0.0, 0.0);
    focus_soon(match mode {
        Mode::Run => "main",
        Mode::Twin => "twin-title",
        Mode::Debrief => "debrief-title",
    });
}

/// Opens the run that the browser's history or the address means, or what was kept.
fn open(desk: Desk, run: u32, query: &str, shared: Option<&str>) {
    let plan = &desk.scenario.plan;
    let kept = saved::run(plan.id);
    if let Err(trouble) = kept {
        desk.trouble.set(Some(trouble));
    }
    let kept = kept.ok().flatten();
    let otherwise = opening::decide(plan, "", None, kept.clone()).0;
    let known = saved::numbered(plan.id, run).filter(|_| shared.is_none());
    let (opening, problem) = opening::decide(plan, query, shared, known.or(kept.clone()));
    // A run of an older page has no number; one that is gone on with knows its step.
    let goes_on = |record: &Record| opening.step.is_some() && opening.number == record.number;
    if let Some(record) = kept.filter(|record| !goes_on(record)) {
        desk.put_aside(record, Comes::Here);
    }
    desk.problem.set(problem);
    let fresh = Opening::fresh(plan, opening::FIRST_SEED);
    let otherwise = if otherwise == opening {
        fresh
    } else {
        otherwise
    };
    desk.open(opening, Some(otherwise), Comes::Here);
}

/// The browser went to another run, or the address changed while one is open: a good link replaces the run, a bad one is
/// only reported.
fn another(desk: Desk, run: u32, query: &str, shared: Option<&str>) {
    let plan = &desk.scenario.plan;
    if let Some(text) = shared {
        match opening::shared(plan, text) {
            Ok(replay) => desk.replace(Opening::shared(replay), Comes::Here),
            Err(problem) => desk.refuse(problem),
        }
        return;
    }
    match route::asked(query) {
        Ok(asked) => {
            let known = desk.replay.get_untracked();
            if !desk.return_to(run, &asked)
                && known.is_none_or(|replay| run != 0 || !opening::means(&asked, &replay))
            {
                desk.begin_as(asked, Comes::Here);
            }
        }
        Err(problem) => desk.refuse(problem),
    }
}

/// The three columns and the timeline, as tabs on a small screen.
#[component]
fn Regions() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let tab = move |region: Region, word: &'static str| {
        view! {
            <button
                type="button"
                class="region-tab"
                aria-pressed=move || (desk.region.get() == region).to_string()
                on:click=press(move |_| desk.region.set(region))
            >
                {word}
            </button>
        }
        .into_any()
    };
    view! {
        <div class="region-tabs" role="group" aria-label="Parts of the page">
            {tab(Region::Mine, "Mine")}
            {tab(Region::System, "System")}
            {tab(Region::Story, "Story")}
            {tab(Region::Strip, "Run")}
        </div>
        <div class="columns">
            <mine::Mine/>
            <system::System/>
            <story::Story/>
        </div>
        <timeline::Timeline/>
    }
    .into_any()
}

/// What a run is that somebody sent, for those who have not been here before.
fn sent(desk: Desk) -> AnyView {
    let (done, seed) = desk.replay.with(|replay| {
        replay
            .as_ref()
            .map_or((0, 0), |r| (r.actions.len(), r.seed))
    });
    let done = match done {
        0 => "nobody has done anything in it".to_string(),
        n => format!("it holds {}", words::count(n as u64, "action")),
    };
    view! {
        <section class="problem sent" role="status">
            <p class="problem-what">"You were sent a run of "{desk.scenario.plan.title}"."</p>
            <p>"It is at the moment at which the link was copied, and "{done}". The situation says what this is about; go back and forth as you like, the link stays what it is."</p>
            <div class="buttons">
                <button type="button" class="quiet" on:click=press(move |_| desk.begin(Asked::fresh(seed, desk.severity())))>"Play it yourself"</button>
                <button type="button" class="quiet" on:click=press(move |_| desk.sent.set(false))>"Dismiss"</button>
            </div>
        </section>
    }
    .into_any()
}

/// What has to be said about the run: problems, storage, the simulator.
#[component]
fn Notices() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let port = expect_context::<Port>();
    view! {
        <div class="notices">
            <ProblemBox problem=desk.problem/>
            {move || desk.sent.get().then(|| sent(desk)).into_any()}
            {move || desk.left.get().map(|left| begin::left(&left, desk)).into_any()}
            {move || desk.trouble.get().map(|trouble| view! {
                <section class="problem" role="status">
                    <p>{trouble.text()}</p>
                    <button type="button" class="quiet" on:click=press(move |_| desk.trouble.set(None))>"Dismiss"</button>
                </section>
            }.into_any()).into_any()}
            {move || match port.health.get() {
                Health::Well => None,
                Health::Restarted(why, _) => Some(view! {
                    <section class="problem" role="status">
                        <p class="problem-what">"The simulator stopped and was started again; your run was rebuilt from its seed and actions."</p>
                        <p>{why}</p>
                        <button type="button" class="quiet" on:click=press(move |_| port.health.set(Health::Well))>"Dismiss"</button>
                    </section>
                }.into_any()),
                Health::Dead(why) => Some(view! {
                    <section class="problem" role="alert">
                        <p class="problem-what">"The simulator has stopped and will not be started again."</p>
                        <p>{why}</p>
                        <p class="problem-hint">"Load the page again; the run is kept in this browser."</p>
                    </section>
                }.into_any()),
            }.into_any()}
        </div>
    }.into_any()
}

pub use mine::did;
pub use story::sign as sign_of;
