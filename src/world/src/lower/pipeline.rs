//! The pipeline: its nodes, what is wrong around them, and what is ordered of it.

use super::*;
use crate::fleet::{
    self, ATTEMPTS, BUILDER, Builder, Content, ENVIRONMENT, EVENTS, Environment, EventLog,
    PIPELINE, REGISTRY, RESOURCE, Registry, Resource, SOURCE, Snag, SnagSpell, Source, WORKER,
    Worker,
};
use platform::attempt::{self, Attempts, DeploymentNo};
use platform::id::Digest;
use platform::pipeline::{
    Command as Order, DbImpact, Defect, DeployId, Installation, Pipeline, Planned, StateImpact,
};
use protocol::{EventsOf, PipelineEffect, PipelinePlan};

/// The number of the first commit of a plan.
const FIRST: u32 = 100;

/// The same fleet with the nodes that a plan's pipeline needs.
#[must_use]
pub fn seated(roster: Roster, plan: &Plan) -> Roster {
    let roster = match &plan.pipeline {
        None => roster,
        Some(pipeline) => roster
            .with(PIPELINE, 1)
            .with(BUILDER, pipeline.builders.clamp(1, 100))
            .with(SOURCE, 1)
            .with(REGISTRY, 1)
            .with(ENVIRONMENT, 1)
            .with(EVENTS, 1),
    };
    match &plan.attempts {
        None => roster,
        Some(attempts) => roster
            .with(EVENTS, 1)
            .with(ATTEMPTS, 1)
            .with(WORKER, attempts.workers.clamp(1, 100))
            .with(RESOURCE, 1),
    }
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
            "does-not-compile" => content.defect = Some(Defect::Compile),
            "fails-its-tests" => content.defect = Some(Defect::Test),
            other => {
                let known = [
                    "stale-artifacts",
                    "cold-change",
                    "unclassified-state",
                    "needs-migration",
                    "unclassified-db",
                    "does-not-compile",
                    "fails-its-tests",
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

/// What a deployment on its way is built to.
pub(super) fn built(at: u16) -> Digest {
    fleet::artifact_of(fleet::tree(commit(at)))
}

/// The nodes of a plan's pipeline, in the order of their seats.
pub(super) fn nodes(plan: &Plan, roster: Roster, around: Around) -> Vec<Node> {
    let node = |seat| roster.seated(seat).next().unwrap_or(roster.control());
    let mut nodes = match &plan.pipeline {
        Some(pipeline) => of_pipeline(plan, pipeline, roster, &around),
        None => Vec::new(),
    };
    nodes.extend(
        roster
            .seated(EVENTS)
            .map(|_| Node::Events(EventLog::default())),
    );
    let Some(attempts) = &plan.attempts else {
        return nodes;
    };
    nodes.push(Node::Attempts(Attempts::new(attempt::Installation {
        deployments: attempts.deployments.len() as u8,
        workers: roster.seated(WORKER).collect(),
        resource: node(RESOURCE),
        log: node(EVENTS),
    })));
    for _ in roster.seated(WORKER) {
        nodes.push(Node::Worker(Worker::new(node(ATTEMPTS), node(RESOURCE))));
    }
    nodes.push(Node::Resource(Resource::new(
        time(attempts.work),
        around.spells,
    )));
    nodes
}

const fn time(range: protocol::Range) -> (Duration, Duration) {
    (Duration(range.low), Duration(range.high))
}

/// The nodes of the pipeline itself.
fn of_pipeline(plan: &Plan, pipeline: &PipelinePlan, roster: Roster, around: &Around) -> Vec<Node> {
    let node = |seat| roster.seated(seat).next().unwrap_or(roster.control());
    let mut nodes = alloc::vec![Node::Pipeline(Pipeline::new(Installation {
        deploys: planned(pipeline),
        builders: roster.seated(BUILDER).collect(),
        registry: node(REGISTRY),
        environment: node(ENVIRONMENT),
        log: node(EVENTS),
        control: super::promotion::managed(plan, roster)
            .and_then(|managed| managed.sources)
            .map(|_| roster.control()),
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
        around.contents.clone(),
    )));
    nodes.push(Node::Registry(Registry::default()));
    nodes.push(Node::Environment(Environment::new(
        time(pipeline.preview),
        around.spells.clone(),
    )));
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
    let deploys = deploys.enumerate().filter_map(|(at, one)| {
        let deploy = DeployId(at as u8);
        Some((one.request_at?, PIPELINE, Order::Request { deploy }))
    });
    let attempted = plan.attempts.iter().flat_map(|it| &it.deployments);
    let attempted = attempted.enumerate().flat_map(|(at, one)| {
        let deployment = DeploymentNo(at as u8);
        let of = move |times: &[u64], order: attempt::Command| {
            let times: Vec<u64> = times.to_vec();
            times
                .into_iter()
                .map(move |at| (at, ATTEMPTS, Order::Attempt(order)))
        };
        let force = false;
        of(&one.start_at, attempt::Command::Start { deployment })
            .chain(of(&one.cancel_at, attempt::Command::Cancel { deployment }))
            .chain(of(
                &one.teardown_at,
                attempt::Command::Teardown { deployment, force },
            ))
    });
    let mut life: Vec<_> = deploys.chain(attempted).collect();
    life.sort_by_key(|(at, ..)| *at);
    life.into_iter()
        .filter_map(|(at, seat, order)| Some((Time(at), order_to(roster, seat, order)?)))
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
    let no = |at: &u16| DeploymentNo(*at as u8);
    let about = |order| -> Vec<External<Message>> {
        let order = order_to(roster, ATTEMPTS, Order::Attempt(order));
        order.into_iter().collect()
    };
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
        PipelineEffect::StartAttempt(at) => {
            let deployment = no(at);
            return about(attempt::Command::Start { deployment });
        }
        PipelineEffect::CancelAttempt(at) => {
            let deployment = no(at);
            return about(attempt::Command::Cancel { deployment });
        }
        PipelineEffect::ReconcileAttempt(at) => {
            let deployment = no(at);
            return about(attempt::Command::Reconcile { deployment });
        }
        PipelineEffect::TearDown(at) | PipelineEffect::ForceTearDown(at) => {
            let deployment = no(at);
            let force = matches!(effect, PipelineEffect::ForceTearDown(_));
            return about(attempt::Command::Teardown { deployment, force });
        }
        PipelineEffect::RepeatEvent(of) => {
            let kind = match of {
                EventsOf::Attempts => attempt::AttemptId::KIND,
                EventsOf::Previews => DeployId::KIND,
            };
            let order = order_to(roster, EVENTS, Order::RepeatEvent { kind });
            return order.into_iter().collect();
        }
        PipelineEffect::ResumeEvents(EventsOf::Attempts) => {
            let order = order_to(roster, ATTEMPTS, Order::ResumeEvents);
            return order.into_iter().collect();
        }
        PipelineEffect::ResumeEvents(EventsOf::Previews) => Order::ResumeEvents,
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
