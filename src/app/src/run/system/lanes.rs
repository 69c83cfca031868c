//! Lanes per node with the messages between them; time runs from left to right and ends at the cursor.

use super::folds::folds;
use super::strokes::{draw, shape};
use crate::draw::lanes::{Lane, Mark, Picture, fold, kinds, lane_y, picture, telling};
use crate::draw::px;
use crate::run::desk::Desk;
use crate::ui::held::{Derived, Held, effect};
use crate::ui::press;
use crate::words;
use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::ResizeObserver;

/// How much time the lanes may show.
const SPANS: [u64; 6] = [
    250_000, 1_000_000, 3_000_000, 8_000_000, 20_000_000, 60_000_000,
];

/// The lanes.
#[component]
pub fn Lanes() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let span = Held::new(SPANS[3]);
    let room = NodeRef::<Div>::new();
    let width = Held::new(760.0);
    effect(move |_| {
        if let Some(room) = room.get() {
            watch_width(&room, width);
        }
    });
    let whole = Derived::new(move || {
        desk.frame.with(|frame| {
            let Some(frame) = frame else {
                return Vec::new();
            };
            let lane = |node| Lane::of(node, &frame.things);
            frame.nodes.iter().map(lane).collect::<Vec<_>>()
        })
    });
    let many = Derived::new(move || {
        whole.with(|lanes| kinds(lanes.iter().map(|lane| lane.name.as_str())))
    });
    let opened = Held::new(Vec::<String>::new());
    let tells = Derived::new(move || {
        if many.with(Vec::is_empty) {
            return Vec::new();
        }
        let now = desk
            .frame
            .with(|frame| frame.as_ref().map_or(0, |frame| frame.at));
        let from = now.saturating_sub(span.get());
        desk.lanes.with(|entries| telling(entries, from, now))
    });
    let lanes = Derived::new(move || {
        opened.with(|opened| tells.with(|tells| fold(whole.get(), opened, tells)))
    });
    let labels = Derived::new(move || lanes.with(|lanes| room_for_names(lanes)));
    let drawn = Derived::new(move || {
        let now = desk
            .frame
            .with(|frame| frame.as_ref().map_or(0, |frame| frame.at));
        let routine = desk.settings.with(|settings| settings.routine);
        let room = (width.get() - labels.get()).max(120.0);
        lanes.with(|lanes| {
            desk.lanes
                .with(|entries| picture(lanes, entries, now, span.get(), room, routine))
        })
    });
    view! {
        <div class="lanes">
            <div class="lanes-bar">
                <label>
                    "Time shown "
                    <select on:change=move |event| span.set(event_target_value(&event).parse().unwrap_or(SPANS[3]))>
                        {SPANS.map(|micros| view! {
                            <option value=micros.to_string() selected=micros == SPANS[3]>{words::length(micros)}</option>
                        }.into_any()).into_iter().collect_view()}
                    </select>
                </label>
                {move || folds(many, opened)}
                <p class="cost">
                    "Dots are entries, lines are messages; click either for why. Dashed: under way. Crossed: lost."
                    {move || drawn.with(|p| p.begins).map(|at| format!(" Shaded: more than can be drawn, until {}.", words::moment(at)))}
                </p>
            </div>
            <div class="lanes-room" node_ref=room>
                {svg(drawn, lanes, labels, desk)}
            </div>
            <Counts/>
        </div>
    }
    .into_any()
}

/// Follows the width that the page gives the lanes, as long as they are there.
fn watch_width(room: &web_sys::HtmlDivElement, width: Held<f64>) {
    let element = room.clone();
    let measure = Closure::<dyn FnMut()>::new(move || {
        let now = f64::from(element.client_width()).max(240.0);
        if width
            .try_get_untracked()
            .is_some_and(|before| (before - now).abs() >= 1.0)
        {
            width.set(now);
        }
    });
    if let Ok(observer) = ResizeObserver::new(measure.as_ref().unchecked_ref()) {
        observer.observe(room);
        let kept = StoredValue::new_local((observer, measure));
        on_cleanup(move || {
            kept.try_with_value(|(observer, _)| observer.disconnect());
        });
    }
}

/// How wide the names of the lanes are: as wide as the longest, and never so narrow that the picture jumps when a node
/// goes down and says so.
fn room_for_names(lanes: &[Lane]) -> f64 {
    let longest = lanes.iter().map(|lane| lane.name.chars().count()).max();
    // The shape before a name, and what a letter of its size takes.
    (26.0 + 6.3 * longest.unwrap_or(0) as f64).max(92.0)
}

/// The picture. While a run plays, only what changed is touched: see [`crate::draw::lanes`].
fn svg(
    drawn: Derived<Picture>,
    lanes: Derived<Vec<Lane>>,
    labels: Derived<f64>,
    desk: Desk,
) -> AnyView {
    let size = Derived::new(move || drawn.with(|p| (p.width, p.height, p.cursor)));
    let width = move || px(size.get().0);
    let all = move || px(size.get().0 + labels.get());
    let height = move || px(size.get().1);
    let right = move || px(size.get().2 + labels.get());
    let still = Derived::new(move || drawn.with(|p| p.still.clone()));
    let ticks = Derived::new(move || drawn.with(|p| p.ticks.clone()));
    let row = |(index, lane): (usize, &Lane), left: f64, right: &str| {
        let y = lane_y(index);
        let word = if lane.up {
            lane.name.clone()
        } else {
            format!("{} ✕ down", lane.name)
        };
        view! {
            <g class="lane" data-up=lane.up.to_string()>
                <path class="lane-shape" d=shape(lane.kind, y) />
                <text x="20" y=px(y + 4.0)>{word}</text>
                {(!lane.apps.is_empty()).then(|| view! { <text class="lane-apps" x="20" y=px(y + 17.0)>{lane.apps.clone()}</text> }.into_any())}
                <line x1=px(left) x2=right.to_string() y1=px(y) y2=px(y)/>
            </g>
        }
        .into_any()
    };
    let rows = move || {
        let (left, right) = (labels.get(), right());
        lanes.with(|lanes| {
            let rows = lanes.iter().enumerate();
            rows.map(|lane| row(lane, left, &right)).collect_view()
        })
    };
    let tick = move |(x, text): &(f64, String)| {
        let x = px(*x);
        view! { <g class="tick"><line x1=x.clone() x2=x.clone() y1="20" y2=height()/><text x=x y="13">{text.clone()}</text></g> }.into_any()
    };
    // One listener for all marks; each says which entry it is of.
    let choose = press(move |event| {
        let target = event
            .target()
            .and_then(|t| t.dyn_into::<web_sys::Element>().ok());
        let mark = target.and_then(|t| t.closest("[data-step]").ok().flatten());
        if let Some(Ok(step)) = mark
            .and_then(|m| m.get_attribute("data-step"))
            .map(|s| s.parse())
        {
            desk.select(step);
        }
    });
    view! {
        <svg class="lanes-picture" width=all height=height viewBox=move || format!("0 0 {} {}", all(), height()) role="img"
            aria-label=move || drawn.with(|p| lanes.with(|lanes| spoken(p, lanes))) on:click=choose>
            {move || rows().into_any()}
            <line class="cursor" x1=right x2=right y1="18" y2=height/>
            <svg x=move || px(labels.get()) width=width height=height>
                <rect class="undrawn" y="18" height=height width=move || drawn.with(|p| px(p.undrawn()))/>
                <g transform=move || drawn.with(|p| format!("translate({} 0)", px(p.shift)))>
                    {move || ticks.with(|ticks| ticks.iter().map(tick).collect_view()).into_any()}
                    <For each=move || still.with(|still| still.to_vec()) key=Mark::key children=|mark| draw(&mark)/>
                    {move || drawn.with(|p| p.going.iter().map(draw).collect_view()).into_any()}
                </g>
            </svg>
        </svg>
    }
    .into_any()
}

/// What the picture is to those who do not see it.
fn spoken(picture: &Picture, lanes: &[Lane]) -> String {
    let nodes: usize = lanes.iter().map(|lane| lane.ids.len()).sum();
    let dots = picture.still.iter().filter(|mark| mark.message().is_none());
    let dots = dots.count();
    let lines = picture.still.len() - dots + picture.going.len();
    format!(
        "Lanes of {} from {} to {}: {} and {}. The story tells the same in sentences.",
        words::count(nodes as u64, "node"),
        words::moment(picture.begins.unwrap_or(picture.from)),
        words::moment(picture.now),
        words::count(dots as u64, "entry").replace("entrys", "entries"),
        words::count(lines as u64, "message"),
    )
}

#[component]
fn Counts() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let counts = Derived::new(move || {
        desk.frame.with(|frame| {
            frame
                .as_ref()
                .map(|frame| frame.requests)
                .unwrap_or_default()
        })
    });
    view! { <super::requests::Tally counts=counts/> }.into_any()
}
