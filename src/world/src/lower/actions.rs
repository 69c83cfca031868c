//! Actions become messages to nodes, repairs, knobs and restarts.

use super::*;

/// The command that gives an app's route to its next deployment, after so many promotions.
pub(super) fn promote(plan: &Plan, app: u16, promotions: u32) -> Command {
    let per = deployments_per_app(plan);
    let next = (promotions + 1) % u32::from(per);
    Command::Promote {
        route: RouteId(app),
        deployment: deployment(per, app, next as u16),
        predecessor: Epoch(promotions + 1),
    }
}

/// What one action does to the system, in order. `earlier` are the effects of the actions before it.
#[must_use]
pub fn externals(
    plan: &Plan,
    roster: Roster,
    repairs: &[(Repair, u16)],
    app: u16,
    effect: &Effect,
    earlier: &[&Effect],
) -> Vec<External<Message>> {
    let route = RouteId(app);
    let to_control = |command| External::Deliver {
        to: roster.control(),
        message: Message::Command(command),
    };
    let lift = |which: Repair| {
        repairs
            .iter()
            .filter(move |(repair, _)| *repair == which)
            .map(|(_, index)| External::Lift(*index))
    };
    match effect {
        Effect::BindSecret => deployments_of(plan, app)
            .take(1)
            .map(|deployment| External::Deliver {
                to: roster.vault(),
                message: Message::Command(Command::BindSecret { deployment }),
            })
            .collect(),
        Effect::RepairStore => {
            let first = deployments_of(plan, app).next();
            let digest = first.map_or(Digest(0), |first| artifact(plan, first));
            let repair = External::Deliver {
                to: roster.store(),
                message: Message::Command(Command::RepairArtifact { digest }),
            };
            lift(Repair::Store).chain([repair]).collect()
        }
        Effect::RestoreBinding => lift(Repair::Binding).collect(),
        Effect::CorrectReadinessCheck => lift(Repair::ReadinessPath).collect(),
        Effect::RaiseMemoryLimit(limit) => deployments_of(plan, app)
            .map(|deployment| {
                to_control(Command::SetMemoryLimit {
                    deployment,
                    limit: *limit,
                })
            })
            .collect(),
        Effect::RetryWake => alloc::vec![to_control(Command::RetryWake {
            route,
            region: REGION
        })],
        Effect::MarkHot => alloc::vec![to_control(Command::MarkHot {
            route,
            region: REGION
        })],
        Effect::SetKnob(id, value) => CATALOG
            .knob(id)
            .map(|knob| External::SetKnob {
                knob: knob.index,
                value: (*value).clamp(knob.min, knob.max),
            })
            .into_iter()
            .collect(),
        Effect::StartAllocations(count) => (0..*count)
            .map(|_| {
                to_control(Command::StartAllocation {
                    route,
                    region: REGION,
                })
            })
            .collect(),
        Effect::TakeBackAllocations(count) => (0..*count)
            .map(|_| {
                to_control(Command::TakeBack {
                    route,
                    region: REGION,
                })
            })
            .collect(),
        Effect::RestartEdge(edge) => {
            alloc::vec![External::Crash {
                node: roster.edge((*edge).min(roster.edge_count() - 1)),
                down_for: Duration::secs(1)
            }]
        }
        Effect::DeleteWake => alloc::vec![to_control(Command::DeleteWake {
            route,
            region: REGION
        })],
        Effect::Promote => {
            let before = earlier
                .iter()
                .filter(|effect| matches!(effect, Effect::Promote))
                .count() as u32;
            alloc::vec![to_control(promote(plan, app, before))]
        }
        Effect::Region(effect) => region::effect(roster, effect),
        Effect::GitOps(effect) => gitops::effect(plan, roster, effect),
        Effect::Traces(effect) => traces::effect(roster, effect),
        Effect::Sessions(effect) => sessions::effect(roster, effect),
        Effect::Migration(effect) => migration::effect(roster, effect),
        Effect::Pressure(effect) => alloc::vec![pressure::effect(plan, roster, effect)],
        Effect::Outage(effect) => outage::effect(plan, roster, repairs, effect),
        Effect::Restore(effect) => restore::effect(roster, effect),
        Effect::Promotion(effect) => promotion::effect(plan, roster, app, effect),
        Effect::Pipeline(effect) => pipeline::effect(roster, effect),
        Effect::NotifyOwner(case) => {
            use platform::message::Cause;
            let cause = match case.as_str() {
                "secret-missing" => Cause::SecretMissing,
                "pull-stuck" => Cause::PullTimeout,
                "oom-on-start" => Cause::Oom,
                "binding-down" | "readiness-never-passes" => Cause::ReadinessTimeout,
                _ => Cause::None,
            };
            alloc::vec![to_control(Command::NotifyOwner { route, cause })]
        }
        Effect::Host(effect) => hosts::externals(plan, roster, repairs, effect),
    }
}
