//! Deployments from Git: the nodes, what is committed and what does not work, and what is ordered.

use super::*;
use crate::fleet::{CENTRAL, Change, EDGE_NODE, GIT, Git, LOCAL};
use machine::SortedMap;
use platform::gitops::{
    Central, Command as Order, EdgeInstallation, EdgeNode, Item, Local, MOST, Placement, Revision,
    Site, image, image_number,
};
use protocol::{GitOpsEffect, GitOpsPlan};

/// The memory that a container may use, and that one uses which works.
const LIMIT: u64 = 128 << 20;
const USED: u64 = 64 << 20;

/// Where a version may fail.
const FAILS: [&str; 3] = ["pull", "create", "health"];

/// What is outside: what will be committed, and which images do not work, and how.
pub(super) struct Outside {
    commits: Vec<(Time, Vec<Change>)>,
    bad: Vec<(u32, &'static str)>,
}

/// The same fleet with the nodes that a plan's deployments need.
#[must_use]
pub(super) fn seated(roster: Roster, plan: &Plan) -> Roster {
    match &plan.gitops {
        Some(gitops) => roster
            .with(GIT, 1)
            .with(CENTRAL, 1)
            .with(LOCAL, gitops.locals.clamp(1, 16))
            .with(EDGE_NODE, gitops.nodes.clamp(1, 64)),
        None => roster,
    }
}

/// A version by its number, with the schema of its data.
fn version(gitops: &GitOpsPlan, number: u8) -> Revision {
    let schema = usize::from(number)
        .checked_sub(1)
        .and_then(|at| gitops.schemas.get(at));
    Revision {
        number,
        schema: schema.copied().unwrap_or(1) * u8::from(number > 0),
    }
}

impl Outside {
    /// The first commit, and nothing that does not work.
    pub(super) fn new(plan: &Plan) -> Self {
        let mut commits = Vec::new();
        if let Some(gitops) = &plan.gitops {
            let first = gitops.deployments.iter().enumerate();
            let changes: Vec<Change> = first
                .map(|(at, one)| (Item(at as u8), version(gitops, one.revision)))
                .take(MOST)
                .collect();
            commits.push((Time(0), changes));
        }
        Self {
            commits,
            bad: Vec::new(),
        }
    }

    fn known(plan: &Plan, deployment: u16) -> Result<&GitOpsPlan> {
        let count = plan
            .gitops
            .as_ref()
            .map_or(0, |gitops| gitops.deployments.len().min(MOST));
        match &plan.gitops {
            Some(gitops) if usize::from(deployment) < count => Ok(gitops),
            _ => problem(
                Problem::new(
                    "unknown-deployment",
                    alloc::format!("there is no deployment number {deployment} in Git"),
                )
                .detail(alloc::format!(
                    "The plan has {count} deployments, counted from 0."
                )),
            ),
        }
    }

    pub(super) fn commit(&mut self, plan: &Plan, at: Time, changes: &[(u16, u8)]) -> Result<()> {
        let change = |(deployment, number): &(u16, u8)| {
            let gitops = Self::known(plan, *deployment)?;
            Ok((Item(*deployment as u8), version(gitops, *number)))
        };
        let changes = changes.iter().map(change).collect::<Result<_>>()?;
        self.commits.push((at, changes));
        Ok(())
    }

    pub(super) fn break_revision(
        &mut self,
        plan: &Plan,
        deployment: u16,
        number: u8,
        fails: &str,
    ) -> Result<()> {
        let gitops = Self::known(plan, deployment)?;
        let Some(how) = FAILS.into_iter().find(|known| *known == fails) else {
            return problem(Problem::unknown("way to fail", fails, &FAILS));
        };
        let component = gitops.deployments[usize::from(deployment)].component;
        let image = image(component, version(gitops, number));
        self.bad.push((image, how));
        Ok(())
    }
}

/// The images that hosts may be asked to start.
pub(super) fn images(plan: &Plan, outside: &Outside) -> Vec<Image> {
    let Some(gitops) = &plan.gitops else {
        return Vec::new();
    };
    let mut found: Vec<u32> = gitops
        .deployments
        .iter()
        .flat_map(|one| {
            (1..=gitops.schemas.len() as u8)
                .map(|number| image(one.component, version(gitops, number)))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    let fails = |image: u32, how: &str| {
        outside
            .bad
            .iter()
            .any(|(bad, known)| *bad == image && *known == how)
    };
    found
        .into_iter()
        .map(|image| Image {
            number: image_number(image),
            boot: Span::new(Duration::millis(300), Duration::millis(1500)),
            memory: if fails(image, "create") {
                LIMIT * 2
            } else {
                USED
            },
            grows: 0,
            ready_after: if fails(image, "health") {
                Duration(u64::MAX / 2)
            } else {
                Duration::millis(500)
            },
            probe: Span::new(Duration::millis(1), Duration::millis(5)),
            service: Span::new(Duration::millis(1), Duration::millis(1)),
            concurrency: 1,
            backlog: 0,
            broken: false,
        })
        .collect()
}

/// The nodes of a plan's deployments, in the order of their seats.
pub(super) fn nodes(plan: &Plan, roster: Roster, outside: Outside) -> Vec<Node> {
    let Some(gitops) = &plan.gitops else {
        return Vec::new();
    };
    let one = |seat| roster.seated(seat).next().unwrap_or(roster.control());
    let locals: Vec<NodeId> = roster.seated(LOCAL).collect();
    let edge_nodes: Vec<NodeId> = roster.seated(EDGE_NODE).collect();
    // Edge nodes are dealt out to the LOs in order.
    let each = edge_nodes.len().div_ceil(locals.len());
    let place = |node: u16| {
        let at = usize::from(node).min(edge_nodes.len() - 1);
        (edge_nodes[at], locals[at / each])
    };
    let missing = outside.bad.iter().filter(|(_, how)| *how == "pull");
    let missing = missing.map(|(image, _)| *image).collect();
    let mut nodes = Vec::new();
    nodes.push(Node::Git(Git::new(outside.commits, missing)));
    let placements = gitops.deployments.iter().map(|one| Placement {
        local: place(one.node).1,
    });
    nodes.push(Node::Central(Central::new(one(GIT), placements.collect())));
    for local in &locals {
        let all = gitops.deployments.iter().enumerate().take(MOST);
        let sites: SortedMap<Item, Site> = all
            .filter(|(_, one)| place(one.node).1 == *local)
            .map(|(at, one)| {
                let site = Site {
                    node: place(one.node).0,
                    rollback: one.rollback,
                };
                (Item(at as u8), site)
            })
            .collect();
        nodes.push(Node::Local(Local::new(one(CENTRAL), sites)));
    }
    for (at, _) in edge_nodes.iter().enumerate() {
        nodes.push(Node::EdgeNode(EdgeNode::new(EdgeInstallation {
            local: locals[at / each],
            registry: one(GIT),
            components: gitops.deployments.iter().map(|one| one.component).collect(),
            limit: LIMIT,
        })));
    }
    nodes
}

/// What an operator does about a deployment.
pub(super) fn effect(plan: &Plan, roster: Roster, effect: &GitOpsEffect) -> Vec<External<Message>> {
    let Some(gitops) = &plan.gitops else {
        return Vec::new();
    };
    let item = |deployment: &u16| Item(*deployment as u8);
    let to = |node: Option<NodeId>, order| {
        node.map(|to| External::Deliver {
            to,
            message: Message::Command(Command::GitOps(order)),
        })
        .into_iter()
        .collect()
    };
    let local = |deployment: &u16| {
        let locals: Vec<NodeId> = roster.seated(LOCAL).collect();
        let count = roster.seated(EDGE_NODE).count();
        let one = gitops.deployments.get(usize::from(*deployment))?;
        let at = usize::from(one.node).min(count.saturating_sub(1));
        locals.get(at / count.div_ceil(locals.len())).copied()
    };
    let git = roster.seated(GIT).next();
    match effect {
        GitOpsEffect::ApprovePrune => to(roster.seated(CENTRAL).next(), Order::ApprovePrune),
        GitOpsEffect::RevertCommit => to(git, Order::RevertCommit),
        GitOpsEffect::CommitRevision(deployment, number) => to(
            git,
            Order::Commit(item(deployment), version(gitops, *number)),
        ),
        GitOpsEffect::RetryDeployment(deployment) => {
            to(local(deployment), Order::RetryNow(item(deployment)))
        }
        GitOpsEffect::ForceDelete(deployment) => {
            to(local(deployment), Order::ForceDelete(item(deployment)))
        }
        GitOpsEffect::MarkInstalled(deployment) => {
            to(local(deployment), Order::MarkInstalled(item(deployment)))
        }
    }
}
