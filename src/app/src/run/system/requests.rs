//! Requests over time: what waits, what was served, refused, and failed.

use crate::draw::chart::{chart, slice};
use crate::draw::marks::Sign;
use crate::draw::px;
use crate::run::desk::Desk;
use crate::run::strip::is_open;
use crate::ui::held::{Derived, Held};
use crate::ui::sign::told;
use crate::words;
use leptos::prelude::*;
use protocol::RequestCounts;

const WIDTH: f64 = 540.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 34.0;

/// The chart with its table.
#[component]
pub fn Requests() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let end = desk.scenario.plan.end;
    let slice = slice(end);
    let counts = Derived::new(move || {
        desk.frame.with(|frame| {
            frame
                .as_ref()
                .map(|frame| frame.requests)
                .unwrap_or_default()
        })
    });
    let table = Held::new(false);
    let described = move || {
        let c = counts.get();
        format!(
            "Requests over time. Until now {} arrived, {} wait, {} were served, {} refused, {} failed. The table below has the numbers.",
            c.arrived, c.held, c.served, c.refused, c.failed
        )
    };
    view! {
        <div class="requests">
            <Tally counts=counts/>
            <svg class="chart" viewBox=format!("0 0 {} {}", px(WIDTH + LEFT + 8.0), px(HEIGHT + 34.0)) role="img" aria-label=described>
                {move || desk.series.with(|points| {
                    let chart = chart(points, slice, end, WIDTH, HEIGHT);
                    let columns = chart.columns.iter().map(|(x, y, tall, part)| view! {
                        <rect class="column" data-part=*part x=px(x + LEFT) y=px(y + 8.0) width=px(chart.wide) height=px(*tall)/>
                    }.into_any());
                    let lines = [0, 1, 2].map(|n| {
                        let y = 8.0 + HEIGHT * f64::from(n) / 2.0;
                        view! {
                            <line class="grid" x1=px(LEFT) x2=px(LEFT + WIDTH) y1=px(y) y2=px(y)/>
                            <text class="axis" x=px(LEFT - 6.0) y=px(y + 4.0)>{px(f64::from(chart.most) * f64::from(2 - n) / 2.0)}</text>
                        }.into_any()
                    });
                    view! {
                        {lines.into_iter().collect_view()}
                        {columns.collect_view()}
                        <path class="held" d=chart.held.clone() transform=format!("translate({} 8)", px(LEFT))/>
                    }.into_any()
                }).into_any()}
                {axis(end)}
                {move || desk.frame.with(|frame| frame.as_ref().map(|frame| {
                    let x = LEFT + frame.at as f64 / end.max(1) as f64 * WIDTH;
                    view! { <line class="cursor" x1=px(x) x2=px(x) y1="2" y2=px(HEIGHT + 12.0)/> }.into_any()
                })).into_any()}
            </svg>
            <p class="chart-key">
                <span class="key" data-part="served">"served"</span>
                <span class="key" data-part="refused">"refused, striped lighter"</span>
                <span class="key" data-part="failed">"failed, darkest"</span>
                <span class="key" data-part="held">"line: waiting"</span>
                <span class="cost">{format!("per {}", words::length(slice))}</span>
            </p>
            <details on:toggle=move |event| table.set(is_open(&event))>
                <summary>"As a table"</summary>
                {move || table.get().then(|| view! {
                    <div class="table-room" role="region" tabindex="0" aria-label="Requests over time">
                        <table>
                            <thead><tr><th>"From"</th><th>"Waiting at its end"</th><th>"Served"</th><th>"Refused"</th><th>"Failed"</th></tr></thead>
                            <tbody>
                                {move || desk.series.get().iter().filter(|p| p.held + p.served + p.refused + p.failed > 0).map(|p| view! {
                                    <tr><th scope="row">{words::moment(p.at)}</th><td>{p.held}</td><td>{p.served}</td><td>{p.refused}</td><td>{p.failed}</td></tr>
                                }.into_any()).collect_view().into_any()}
                            </tbody>
                        </table>
                    </div>
                }.into_any()).into_any()}
            </details>
        </div>
    }
    .into_any()
}

fn axis(end: u64) -> AnyView {
    let every = crate::draw::lanes::tick(end);
    let ticks = (0..=end / every).map(|n| {
        let at = n * every;
        let x = LEFT + at as f64 / end.max(1) as f64 * WIDTH;
        view! { <text class="axis time" x=px(x) y=px(HEIGHT + 28.0)>{words::seconds(at, every)}</text> }
            .into_any()
    });
    ticks.collect_view().into_any()
}

/// The counts so far.
#[component]
pub fn Tally(
    /// The counts.
    counts: Derived<RequestCounts>,
) -> impl IntoView {
    let app = expect_context::<Desk>().scenario.plan.app;
    view! {
        <div class="counts">
        <p class="cost">{format!("Requests for {app}, without those for its assets.")}</p>
        <ul class="tally" aria-label="Requests so far">
            {move || {
                let c = counts.get();
                [
                    (Sign::Moment, "arrived", c.arrived), (Sign::Rest, "waiting", c.held), (Sign::Way, "in flight", c.in_flight),
                    (Sign::Well, "served", c.served), (Sign::Refused, "refused", c.refused), (Sign::Badly, "failed", c.failed),
                    (Sign::Rest, "left", c.left),
                ]
                .into_iter()
                .filter(|(_, word, n)| *word != "left" || *n > 0)
                .map(|(sign, word, n)| view! { <li><span class="number">{n}</span>{told(sign, word)}</li> }.into_any())
                .collect_view().into_any()
            }}
        </ul>
        </div>
    }
    .into_any()
}
