//! The profile: a bar and a sentence for each side, never one number for all.

use crate::draw::px;
use leptos::prelude::*;
use protocol::Score;

/// How long a full bar is.
const BAR: f64 = 120.0;

/// The profile as a table with bars.
pub fn profile(scores: &[Score]) -> AnyView {
    let rows = scores.iter().map(|score| {
        let full = if score.of == 0 { 0.0 } else { f64::from(score.points.min(score.of)) / f64::from(score.of) * BAR };
        view! {
            <tr>
                <th scope="row">{score.side.clone()}</th>
                <td>
                    <svg class="bar" width=px(BAR) height="10" viewBox=format!("0 0 {} 10", px(BAR)) aria-hidden="true">
                        <rect class="bar-all" x="0" y="3" width=px(BAR) height="4" rx="2"/>
                        <rect class="bar-part" x="0" y="2" width=px(full) height="6" rx="2"/>
                    </svg>
                    <span class="points">{format!("{} of {}", score.points, score.of)}</span>
                </td>
                <td class="because">{score.because.clone()}</td>
            </tr>
        }.into_any()
    });
    view! {
        <table class="profile">
            <thead class="visually-hidden"><tr><th>"Side"</th><th>"Points"</th><th>"Because"</th></tr></thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
    .into_any()
}
