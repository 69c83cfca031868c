//! What weighs on the control plane's store: what is special about the control plane, the consoles, and what is ordered.

use super::*;
use crate::fleet::{Consoles, Impatient};
use platform::control::Pressed;
use platform::pressure::Command as Order;
use protocol::PressureEffect;

/// What is special about the control plane of a plan.
pub(super) fn pressed(plan: &Plan) -> Option<Pressed> {
    plan.pressure.as_ref().map(|pressure| Pressed {
        journal: pressure.journal,
        console: pressure.consoles.as_ref().map(|all| RouteId(all.app)),
    })
}

/// The consoles of a plan.
pub(super) fn consoles(plan: &Plan, roster: Roster, impatient: Vec<Impatient>) -> Option<Consoles> {
    let consoles = plan.pressure.as_ref()?.consoles.as_ref()?;
    let first = deployment(deployments_per_app(plan), consoles.app, 0);
    Some(Consoles::new(
        roster.control(),
        (consoles.count, first),
        (
            Duration(consoles.every.max(1)),
            Duration(consoles.patience.max(1)),
        ),
        impatient,
    ))
}

/// What colleagues order as time goes by.
pub(super) fn life(plan: &Plan, roster: Roster) -> Vec<(Time, External<Message>)> {
    let orders = plan.pressure.iter().flat_map(|all| &all.orders);
    orders
        .map(|(at, what)| (Time(*at), effect(plan, roster, what)))
        .collect()
}

/// What one effect does.
pub(super) fn effect(plan: &Plan, roster: Roster, effect: &PressureEffect) -> External<Message> {
    let command = match effect {
        PressureEffect::JournalEdges(edges) => Command::Pressure(Order::Journal { edges: *edges }),
        PressureEffect::AdmitCalls(calls) => Command::Pressure(Order::Admit { calls: *calls }),
        PressureEffect::RestartControl => {
            return External::Crash {
                node: roster.control(),
                down_for: Duration::secs(1),
            };
        }
        PressureEffect::TakeBackRelease(app) => Command::Promote {
            route: RouteId(*app),
            deployment: deployment(deployments_per_app(plan), *app, 0),
            predecessor: Epoch(2),
        },
    };
    External::Deliver {
        to: roster.control(),
        message: Message::Command(command),
    }
}
