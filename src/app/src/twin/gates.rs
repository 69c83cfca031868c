//! The gates that may be waived: those that this lesson suggests first, then all of them, with what they have done so far.

use crate::draw::marks::Sign;
use crate::run::desk::Desk;
use crate::ui::held::Held;
use crate::ui::press;
use crate::ui::sign::told;
use leptos::prelude::*;
use machine::Gate;
use protocol::RuledGate;
use std::sync::Arc;

/// The list.
#[component]
pub fn Gates() -> impl IntoView {
    let desk = expect_context::<Desk>();
    desk.ask_gates();
    let search = Held::new(String::new());
    let suggested = &desk.scenario.lesson.twin_gates;
    let rows = suggested
        .iter()
        .filter_map(|(id, look)| platform::CATALOG.gate(id).map(|gate| row(gate, look, desk)));
    let others = move || {
        let wanted = search.get().to_ascii_lowercase();
        let mut gates: Vec<&'static Gate> = platform::CATALOG
            .gates
            .iter()
            .copied()
            .filter(|gate| matches(gate, &wanted))
            .collect();
        // Those that a twin run can show something of come first.
        gates.sort_by_key(|gate| match found(gate, desk) {
            Some(RuledGate { refused: true, .. }) => u8::from(gate.waits),
            Some(_) => 2,
            None => 3,
        });
        let found: Vec<AnyView> = gates
            .into_iter()
            .map(|gate| row(gate, &machine::summary(gate.doc), desk))
            .collect();
        if found.is_empty() {
            let ids: Vec<String> = platform::CATALOG
                .gates
                .iter()
                .map(|gate| gate.id())
                .collect();
            let near = machine::nearest(&machine::kebab(&wanted), ids.iter().map(String::as_str));
            let near = near
                .map(|id| format!(" Did you mean {id}?"))
                .unwrap_or_default();
            return view! { <li class="cost">{format!("No gate has `{wanted}` in its name or text.{near}")}</li> }.into_any();
        }
        found.into_any()
    };
    view! {
        <p class="lead">
            "A gate is a rule of the real logic. Waive one, and the same seed and actions run again without it: the two runs are \
             equal up to the first moment at which the gate would have refused."
        </p>
        {(!suggested.is_empty()).then(|| view! {
            <h3>"Worth trying here"</h3>
            <ul class="gates">{rows.collect_view()}</ul>
        }.into_any())}
        <h3 id="all-gates">"All gates"</h3>
        <label class="search"><span class="label">"Search"</span><input type="search" on:input=move |event| search.set(event_target_value(&event))/></label>
        <ul class="gates" aria-labelledby="all-gates">{move || others()}</ul>
    }
    .into_any()
}

fn matches(gate: &Gate, wanted: &str) -> bool {
    wanted.split_whitespace().all(|word| {
        gate.title.contains(word)
            || gate.id().contains(word)
            || gate.home.to_ascii_lowercase().contains(word)
            || gate
                .doc
                .iter()
                .any(|line| line.to_ascii_lowercase().contains(word))
    })
}

/// How a gate has ruled so far in this run, if it was asked at all.
fn found(gate: &Gate, desk: Desk) -> Option<RuledGate> {
    let of = |all: &Arc<Vec<RuledGate>>| all.iter().find(|it| it.gate == gate.index).copied();
    desk.ruled.with(of)
}

/// The same in words.
fn ruled(gate: &Gate, desk: Desk) -> Option<AnyView> {
    Some(match (found(gate, desk)?.refused, gate.waits) {
        (true, false) => told(Sign::Refused, "refused in this run"),
        (true, true) => told(
            Sign::Rest,
            "made something wait, or go another way, in this run",
        ),
        (false, _) => told(Sign::Rest, "asked in this run, never refused"),
    })
}

fn row(gate: &'static Gate, text: &str, desk: Desk) -> AnyView {
    view! {
        <li>
            <div>
                <strong>{gate.title}</strong>
                <span class="cost">{gate.home}</span>
                <span class="gate-id mono">{gate.id()}</span>
                {move || ruled(gate, desk).into_any()}
                <p>{text.to_string()}</p>
            </div>
            <button type="button" class="quiet" on:click=press(move |_| desk.run_twin(gate.id())) aria-label=format!("Run without: {}", gate.title)>"Run without it"</button>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    #[test]
    fn gates_are_found_by_any_word() {
        let gate = platform::CATALOG.gates[0];
        assert!(
            super::matches(gate, "")
                && super::matches(gate, "hold safe")
                && !super::matches(gate, "zebra")
        );
    }
}
