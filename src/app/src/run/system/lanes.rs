//! Lanes per node with the messages between them; time runs from left to right and ends at the cursor.

use crate::draw::lanes::{Picture, Way, lane_y, picture};
use crate::draw::px;
use crate::run::desk::Desk;
use crate::ui::held::{Derived, Held, effect};
use crate::ui::press;
use crate::words;
use leptos::html::Div;
use leptos::prelude::*;
use protocol::{NodeKind, NodeView};
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
    let nodes = Derived::new(move || {
        desk.frame.with(|frame| {
            frame
                .as_ref()
                .map(|frame| frame.nodes.clone())
                .unwrap_or_default()
        })
    });
    let drawn = Derived::new(move || {
        let now = desk
            .frame
            .with(|frame| frame.as_ref().map_or(0, |frame| frame.at));
        let routine = desk.settings.with(|settings| settings.routine);
        let room = (width.get() - LABELS).max(120.0);
        nodes.with(|nodes| {
            desk.lanes
                .with(|entries| picture(nodes, entries, now, span.get(), room, routine))
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
                <p class="cost">"Dots are entries, lines are messages; click either for why. Dashed: under way. Crossed: lost."</p>
            </div>
            <div class="lanes-room" node_ref=room>
                {move || drawn.with(|picture| nodes.with(|nodes| svg(picture, nodes, desk))).into_any()}
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

/// How wide the names of the lanes are.
const LABELS: f64 = 92.0;

fn svg(picture: &Picture, nodes: &[NodeView], desk: Desk) -> AnyView {
    let (width, height) = (px(picture.width + LABELS), px(picture.height));
    let right = px(LABELS + picture.cursor);
    let left = px(LABELS);
    let lanes = nodes.iter().enumerate().map(|(index, node)| {
        let y = lane_y(index);
        let word = if node.up {
            node.name.clone()
        } else {
            format!("{} ✕ down", node.name)
        };
        view! {
            <g class="lane" data-up=node.up.to_string()>
                <path class="lane-shape" d=shape(node.kind, y) />
                <text x="20" y=px(y + 4.0)>{word}</text>
                <line x1=left.clone() x2=right.clone() y1=px(y) y2=px(y)/>
            </g>
        }
        .into_any()
    });
    let ticks = picture.ticks.iter().map(|(x, text)| {
        let x = px(x + LABELS);
        view! { <g class="tick"><line x1=x.clone() x2=x.clone() y1="20" y2=height.clone()/><text x=x y="13">{text.clone()}</text></g> }.into_any()
    });
    let lines = picture.lines.iter().map(|line| {
        let step = line.step;
        let way = match line.way {
            Way::Arrived => "arrived",
            Way::Going => "under-way",
            Way::Lost => "lost",
        };
        let (x0, y0, x1, y1) = (line.from.0 + LABELS, line.from.1, line.to.0 + LABELS, line.to.1);
        let label = line.label.map(|(x, y)| view! { <text class="message-label" x=px(x + LABELS) y=px(y)>{line.short.clone()}</text> }.into_any());
        let end = match line.way {
            Way::Lost => format!("M{} {}l6 6m0 -6l-6 6", px(x1 - 3.0), px(y1 - 3.0)),
            _ => head((x0, y0), (x1, y1)),
        };
        let [x0, y0, x1, y1] = [x0, y0, x1, y1].map(px);
        view! {
            <g class="message" data-way=way data-copy=line.copy.to_string() data-routine=line.routine.to_string() on:click=press(move |_| desk.select(step))>
                <title>{line.text.clone()}</title>
                <line class="reach" x1=x0.clone() y1=y0.clone() x2=x1.clone() y2=y1.clone()/>
                <line class="stroke" x1=x0 y1=y0 x2=x1 y2=y1/>
                <path d=end/>
                {label}
            </g>
        }.into_any()
    });
    let dots = picture.dots.iter().map(|dot| {
        let step = dot.step;
        let (x, y) = (dot.at.0 + LABELS, dot.at.1);
        let d = if dot.interesting { format!("M{} {}l5 5l-5 5l-5 -5z", px(x), px(y - 5.0)) } else { format!("M{} {}a2.4 2.4 0 1 0 4.8 0a2.4 2.4 0 1 0 -4.8 0z", px(x - 2.4), px(y)) };
        view! {
            <path class="dot" data-interesting=dot.interesting.to_string() d=d on:click=press(move |_| desk.select(step))><title>{dot.text.clone()}</title></path>
        }.into_any()
    });
    let label = format!(
        "Lanes of {} from {} to {}: {} and {}. The story tells the same in sentences.",
        words::count(nodes.len() as u64, "node"),
        words::moment(picture.from),
        words::moment(picture.now),
        words::count(picture.dots.len() as u64, "entry").replace("entrys", "entries"),
        words::count(picture.lines.len() as u64, "message"),
    );
    view! {
        <svg class="lanes-picture" width=width.clone() height=height.clone() viewBox=format!("0 0 {width} {height}") role="img" aria-label=label>
            {ticks.collect_view()}
            {lanes.collect_view()}
            <line class="cursor" x1=right.clone() x2=right y1="18" y2=height.clone()/>
            {lines.collect_view()}
            {dots.collect_view()}
        </svg>
    }
    .into_any()
}

/// An arrow's head at the end of a line.
fn head((ax, ay): (f64, f64), (bx, by): (f64, f64)) -> String {
    let length = (bx - ax).hypot(by - ay).max(0.001);
    let (dx, dy) = ((bx - ax) / length, (by - ay) / length);
    let (x, y) = (bx - dx * 7.0, by - dy * 7.0);
    format!(
        "M{} {}L{} {}L{} {}Z",
        px(bx),
        px(by),
        px(x - dy * 3.0),
        px(y + dx * 3.0),
        px(x + dy * 3.0),
        px(y - dx * 3.0)
    )
}

/// The shape of a kind of node, left of its name.
fn shape(kind: NodeKind, y: f64) -> String {
    let top = (y - 6.0).round() as i64;
    match kind {
        NodeKind::Clients => format!("M8 {top}a3 3 0 1 0 .1 0zM2 {}a6 5 0 0 1 12 0z", top + 12),
        NodeKind::Edge => format!("M2 {}L8 {top}L14 {}L8 {}z", top + 6, top + 6, top + 12),
        NodeKind::Control => format!("M5 {top}h6l3 6l-3 6h-6l-3 -6z"),
        NodeKind::Runner => format!("M2 {top}h12v12h-12z"),
        NodeKind::Store => format!("M2 {}a6 2.5 0 0 1 12 0v7a6 2.5 0 0 1 -12 0z", top + 3),
        NodeKind::Bootstrap => format!("M2 {}h12v5h-12zM5 {}v-6h6v6z", top + 7, top + 7),
        NodeKind::Vault => format!(
            "M3 {}h10v7h-10zM5 {}v-2a3 3 0 0 1 6 0v2h-1.6v-2a1.4 1.4 0 0 0 -2.8 0v2z",
            top + 5,
            top + 5
        ),
    }
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
