//! What single marks of the lanes look like: dots, lines with their heads, and the shapes of nodes.

use crate::draw::lanes::{Mark, Way};
use crate::draw::{head, px};
use leptos::prelude::*;
use protocol::NodeKind;

/// A dot or a line.
pub fn draw(mark: &Mark) -> AnyView {
    let entry = mark.entry();
    let (x, y) = mark.from;
    let Some(message) = mark.message() else {
        let d = if entry.interesting {
            format!("M{} {}l5 5l-5 5l-5 -5z", px(x), px(y - 5.0))
        } else {
            format!(
                "M{} {}a2.4 2.4 0 1 0 4.8 0a2.4 2.4 0 1 0 -4.8 0z",
                px(x - 2.4),
                px(y)
            )
        };
        return view! {
            <path class="dot" data-step=entry.step.to_string() data-interesting=entry.interesting.to_string() d=d><title>{mark.text()}</title></path>
        }.into_any();
    };
    let way = match mark.way {
        Way::Arrived => "arrived",
        Way::Going => "under-way",
        Way::Lost => "lost",
    };
    let label = mark.label.map(|(x, y)| {
        view! { <text class="message-label" x=px(x) y=px(y)>{message.label.clone()}</text> }
            .into_any()
    });
    let end = match mark.way {
        Way::Lost => format!(
            "M{} {}l6 6m0 -6l-6 6",
            px(mark.to.0 - 3.0),
            px(mark.to.1 - 3.0)
        ),
        _ => head(mark.from, mark.to, 7.0, 3.0),
    };
    let [x0, y0, x1, y1] = [x, y, mark.to.0, mark.to.1].map(px);
    view! {
        <g class="message" data-step=entry.step.to_string() data-way=way data-copy=message.copy.to_string() data-routine=entry.routine.to_string()>
            <title>{mark.text()}</title>
            <line class="reach" x1=x0.clone() y1=y0.clone() x2=x1.clone() y2=y1.clone()/>
            <line class="stroke" x1=x0 y1=y0 x2=x1 y2=y1/>
            <path d=end/>
            {label}
        </g>
    }.into_any()
}

/// The shape of a kind of node, left of its name.
pub fn shape(kind: NodeKind, y: f64) -> String {
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
