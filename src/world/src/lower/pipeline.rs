//! The pipeline: its nodes, what is wrong around them, and what is ordered of it.

use super::*;
use crate::fleet::{
    self, BUILDER, Builder, Content, ENVIRONMENT, EVENTS, Environment, EventLog, PIPELINE,
    REGISTRY, Registry, SOURCE, Snag, SnagSpell, Source,
};
use platform::id::Digest;
use platform::pipeline::{
    Command as Order, DbImpact, DeployId, Installation, Pipeline, Planned, StateImpact,
};
use protocol::{PipelineEffect, PipelinePlan};

/// The number of the first commit of a plan.
const FIRST: u32 = 100;

/// The same fleet with the nodes that a plan's pipeline needs.
#[must_use]
pub fn seated(roster: Roster, plan: &Plan) -> Roster {
    let Some(pipeline) = &plan.pipeline else {
        return roster;
    };
    roster
        .with(PIPELINE, 1)
        .with(BUILDER, pipeline.builders.clamp(1, 100))
        .with(SOURCE, 1)
        .with(REGISTRY, 1)
        .with(ENVIRONMENT, 1)
        .with(EVENTS, 1)
}

/// What is wrong around the pipeline, and what each commit brings.
#[derive(Clone, Debug, Default)]
pub struct Around {
    spells: Vec<SnagSpell>,
    contents: Vec<Content>,
}

impl Around {
    /// Nothing is wrong.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let count = plan.pipeline.as_ref().map_or(0, |it| it.deploys.len());
        Self {
            spells: Vec::new(),
            contents: alloc::vec![Content::default(); count],
        }
    }

    /// Something is wrong for a while.
    pub(super) fn snag(
        &mut self,
        what: &str,
        builder: u16,
        (from, until): (Time, Time),
    ) -> Result<()> {
        let Some(snag) = Snag::ALL.into_iter().find(|snag| snag.name() == what) else {
            let known = Snag::ALL.map(Snag::name);
            return problem(Problem::unknown("pipeline trouble", what, &known));
        };
        self.spells.push(SnagSpell {
            snag,
            builder,
            from,
            until,
        });
        Ok(())
    }

    /// A commit brings something with it.
    pub(super) fn brings(&mut self, deploy: u16, what: &str) -> Result<()> {
        let Some(content) = self.contents.get_mut(usize::from(deploy)) else {
            return problem(Problem::new(
                "unknown-deploy",
                alloc::format!("there is no deployment number {deploy} in the pipeline"),
            ));
        };
        match what {
            "stale-artifacts" => content.current = false,
            "cold-change" => content.state = StateImpact::Cold,
            "unclassified-state" => content.state = StateImpact::Unclassified,
            "needs-migration" => content.db = DbImpact::Migration,
            "unclassified-db" => content.db = DbImpact::Unclassified,
            other => {
                let known = [
                    "stale-artifacts",
                    "cold-change",
                    "unclassified-state",
                    "needs-migration",
                    "unclassified-db",
                ];
                return problem(Problem::unknown(
                    "thing that a commit brings",
                    other,
                    &known,
                ));
            }
        }
        Ok(())
    }
}

/// The commit of a deployment.
const fn commit(at: u16) -> u32 {
    FIRST + at as u32
}

/// The nodes of a plan's pipeline, in the order of their seats.
pub(super) fn nodes(plan: &Plan, roster: Roster, around: Around) -> Vec<Node> {
    let Some(pipeline) = &plan.pipeline else {
        return Vec::new();
    };
    let node = |seat| roster.seated(seat).next().unwrap_or(roster.control());
    let time = |range: protocol::Range| (Duration(range.low), Duration(range.high));
    let mut nodes = alloc::vec![Node::Pipeline(Pipeline::new(Installation {
        deploys: planned(pipeline),
        builders: roster.seated(BUILDER).collect(),
        registry: node(REGISTRY),
        environment: node(ENVIRONMENT),
        log: node(EVENTS),
    }))];
    let between = (node(PIPELINE), node(SOURCE), node(REGISTRY));
    for (at, _) in roster.seated(BUILDER).enumerate() {
        let all = around.spells.iter().copied();
        let mine = all.filter(|spell| spell.builder == 0 || usize::from(spell.builder) == at + 1);
        nodes.push(Node::Builder(Builder::new(
            between,
            time(pipeline.build),
            mine.collect(),
        )));
    }
    nodes.push(Node::Source(Source::new(
        time(pipeline.clone),
        around.spells.clone(),
        around.contents,
    )));
    nodes.push(Node::Registry(Registry::default()));
    nodes.push(Node::Environment(Environment::new(
        time(pipeline.preview),
        around.spells,
    )));
    nodes.push(Node::Events(EventLog::default()));
    nodes
}

fn planned(pipeline: &PipelinePlan) -> Vec<Planned> {
    let branches = |name: &str| pipeline.deploys.iter().position(|it| it.branch == name);
    let deploys = pipeline.deploys.iter().enumerate();
    deploys
        .map(|(at, deploy)| Planned {
            commit: commit(at as u16),
            tree: fleet::tree(commit(at as u16)),
            branch: branches(&deploy.branch).unwrap_or(at) as u8,
        })
        .collect()
}

/// What is ordered of the pipeline as time goes by.
pub(super) fn life(plan: &Plan, roster: Roster) -> Vec<(Time, External<Message>)> {
    let deploys = plan.pipeline.iter().flat_map(|it| &it.deploys);
    deploys
        .enumerate()
        .filter_map(|(at, one)| {
            let deploy = DeployId(at as u8);
            let at = Time(one.request_at?);
            Some((at, order_to(roster, PIPELINE, Order::Request { deploy })?))
        })
        .collect()
}

fn order_to(roster: Roster, seat: usize, order: Order) -> Option<External<Message>> {
    Some(External::Deliver {
        to: roster.seated(seat).next()?,
        message: Message::Command(Command::Pipeline(order)),
    })
}

/// What is done about a deployment on its way.
pub(super) fn effect(roster: Roster, effect: &PipelineEffect) -> Vec<External<Message>> {
    let id = |at: &u16| DeployId(*at as u8);
    let artifact = |commit: u32| -> Digest { fleet::artifact_of(fleet::tree(commit)) };
    let order = match effect {
        PipelineEffect::RequestPreview(at) => Order::Request { deploy: id(at) },
        PipelineEffect::AcknowledgeCold(at) => Order::Acknowledge {
            deploy: id(at),
            digest: artifact(commit(*at)),
        },
        PipelineEffect::AcknowledgeOldBuild(at) => Order::Acknowledge {
            deploy: id(at),
            digest: artifact(commit(*at) - 1),
        },
        PipelineEffect::ClassifyHarmless(at) => Order::Classify {
            deploy: id(at),
            state: StateImpact::Hot,
            db: DbImpact::None,
        },
        PipelineEffect::CancelDeploy(at) => Order::Cancel { deploy: id(at) },
        PipelineEffect::MendPipeline(what) => {
            let snag = Snag::ALL.into_iter().find(|snag| snag.name() == what);
            let order = snag.and_then(Snag::remedy);
            let order =
                order.and_then(|what| order_to(roster, ENVIRONMENT, Order::Provide { what }));
            return order.into_iter().collect();
        }
    };
    order_to(roster, PIPELINE, order).into_iter().collect()
}
