//! Properties of what the control plane's own stores survive: epochs after a restore, O-7 and O-17.

use super::{Judge, place};
use crate::fleet::Fleet;
use alloc::format;
use alloc::vec::Vec;
use machine::{Duration, SortedMap, Time};
use platform::cleanup::{Item, Note as Tell};
use platform::id::{DeploymentId, Digest, Epoch, RouteId};
use platform::knob;
use platform::message::Event;
use platform::note::Note;
use platform::promotion::Note as Promoted;
use sim::{Entry, State, What};

/// O-2: no epoch is given twice.
pub(super) fn commit_owner(
    (route, epoch): (RouteId, Epoch),
    deployment: DeploymentId,
    owners: &mut SortedMap<(RouteId, Epoch), DeploymentId>,
    judge: &mut Judge<'_>,
) {
    if let Some(first) = owners.insert((route, epoch), deployment) {
        judge.claim(const { place("o-2") }, first == deployment, || {
            format!(
                "epoch {} was given to deployment {} and to deployment {}",
                epoch.0,
                first.0 + 1,
                deployment.0 + 1
            )
        });
    }
}

/// After a restore a route goes on above everything that is there of it, with the newest owner that is.
pub(super) fn floor_raised(
    state: &State<Fleet>,
    (route, known, epoch, deployment): (RouteId, Epoch, Epoch, DeploymentId),
    judge: &mut Judge<'_>,
) {
    let fleet = state.fleet();
    let at_edges = fleet
        .edges()
        .filter(|(node, _)| state.is_up(*node))
        .filter_map(|(_, edge)| edge.routes().get(&route))
        .map(|view| (view.epoch, view.deployment));
    let in_log = fleet.log().into_iter().flat_map(|log| {
        log.events()
            .map(|(_, owner, _)| owner)
            .filter(|owner| owner.route == route)
            .map(|owner| (owner.epoch, owner.deployment))
    });
    let newest = at_edges.chain(in_log).max();
    let keeps =
        newest.is_none_or(|(seen, owner)| epoch > seen && (seen <= known || owner == deployment));
    judge.claim(const { place("floors-keep-owners") }, keeps, || {
        let (seen, owner) = newest.unwrap_or_default();
        format!(
            "route {} goes on with deployment {} at epoch {}, and deployment {} has it at epoch {}",
            route.0,
            deployment.0 + 1,
            epoch.0,
            owner.0 + 1,
            seen.0
        )
    });
    if newest.is_some_and(|(seen, _)| seen > known) {
        judge.claim(
            const { place("some-owner-is-found-again") },
            true,
            Default::default,
        );
    }
}

/// How much later than the decision a commit may be durable.
const MOMENT: Duration = Duration::millis(500);

/// What is remembered of what is kept.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// How many routes the control plane has had.
    routes: u32,
    /// When each deployment got a route, and from whom.
    granted: Vec<(DeploymentId, DeploymentId, Time)>,
    /// Who owns each route.
    owners: SortedMap<RouteId, DeploymentId>,
    /// With which artifact each deployment first owned a route.
    artifacts: SortedMap<(RouteId, DeploymentId), Digest>,
}

/// O-7, in every plan whose owners change by promotions.
pub(super) fn check(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    memory: &mut Memory,
    judge: &mut Judge<'_>,
) {
    let fleet = state.fleet();
    let control = fleet.control();
    if let What::Restarted = entry.what
        && entry.actor == fleet.roster().control()
    {
        no_route_is_lost(state, memory, judge);
    }
    for note in entry.notes {
        match *note {
            Note::Committed {
                event:
                    Event::RouteOwner {
                        route, deployment, ..
                    },
                ..
            } => {
                no_route_is_lost(state, memory, judge);
                if let Some(before) = memory.owners.insert(route, deployment) {
                    memory.granted.push((deployment, before, entry.at));
                }
                let digest = digest_of(state, deployment);
                if let Some(digest) = digest {
                    let first = *memory
                        .artifacts
                        .entry((route, deployment))
                        .or_insert(digest);
                    judge.claim(const { place("o-17") }, first == digest, || {
                        format!(
                            "the route went back to deployment {}, and what got it is another artifact than had it before",
                            deployment.0 + 1
                        )
                    });
                }
                let gone = fleet
                    .store()
                    .zip(digest)
                    .is_some_and(|(store, digest)| store.has_removed(digest));
                judge.claim(const { place("o-7") }, !gone, || {
                    format!(
                        "deployment {} got a route after its artifact was removed",
                        deployment.0 + 1
                    )
                });
            }
            Note::Cleanup(Tell::Gone(item)) => gone(state, entry, item, memory, judge),
            Note::Cleanup(Tell::Spared(_)) => judge.claim(
                const { place("some-mark-is-lifted") },
                true,
                Default::default,
            ),
            Note::Promotion(Promoted::Rebuilt { deployment }) => {
                let inside = control.promotions().iter().any(|(_, row)| {
                    let row = &row.value;
                    row.is_active() && (row.candidate == deployment || row.previous == deployment)
                });
                let owns = control
                    .routes()
                    .iter()
                    .any(|(_, row)| row.value.deployment == deployment);
                judge.claim(const { place("o-17") }, !inside && !owns, || {
                    format!(
                        "deployment {} was built again while it owned a route or was being promoted",
                        deployment.0 + 1
                    )
                });
                judge.claim(
                    const { place("some-deployment-is-built-again") },
                    true,
                    Default::default,
                );
            }
            Note::Promotion(Promoted::Held {
                hold: platform::promotion::Hold::ArtifactGone,
                ..
            }) => judge.claim(
                const { place("some-artifact-is-missed") },
                true,
                Default::default,
            ),
            _ => {}
        }
    }
}

fn digest_of(state: &State<Fleet>, deployment: DeploymentId) -> Option<Digest> {
    let rows = state.fleet().control().deployments();
    rows.get(deployment.0.into()).map(|row| row.value.digest)
}

/// A route never becomes empty.
fn no_route_is_lost(state: &State<Fleet>, memory: &mut Memory, judge: &mut Judge<'_>) {
    let routes = state.fleet().control().routes();
    let owned = routes
        .iter()
        .all(|(_, row)| digest_of(state, row.value.deployment).is_some());
    judge.claim(
        const { place("o-7") },
        owned && routes.len() >= memory.routes,
        || format!("{} of {} routes are there", routes.len(), memory.routes),
    );
    memory.routes = memory.routes.max(routes.len());
}

/// Something was removed: nothing that lives needed it.
fn gone(
    state: &State<Fleet>,
    entry: &Entry<'_, Fleet>,
    item: Item,
    memory: &Memory,
    judge: &mut Judge<'_>,
) {
    let fleet = state.fleet();
    let control = fleet.control();
    let digest = match item {
        Item::Snapshot(number) => {
            let left = fleet
                .archive()
                .is_some_and(|archive| archive.has_newer(number));
            judge.claim(
                const { place("some-snapshot-is-removed") },
                true,
                Default::default,
            );
            return judge.claim(const { place("o-7") }, left, || {
                "the newest snapshot was removed".into()
            });
        }
        Item::Artifact(digest) => digest,
    };
    judge.claim(
        const { place("some-artifact-is-removed") },
        true,
        Default::default,
    );
    let is = |deployment| digest_of(state, deployment) == Some(digest);
    let owns = control
        .routes()
        .iter()
        .any(|(_, row)| is(row.value.deployment));
    judge.claim(const { place("o-7") }, !owns, || {
        "the artifact of an owner was removed".into()
    });
    let runs = control
        .allocations()
        .iter()
        .any(|(_, row)| !row.value.state.is_terminal() && is(row.value.deployment));
    judge.claim(const { place("o-7") }, !runs, || {
        "the artifact of an allocation was removed".into()
    });
    let rises = control.promotions().iter().any(|(_, row)| {
        row.value.is_active() && (is(row.value.candidate) || is(row.value.previous))
    });
    judge.claim(const { place("o-7") }, !rises, || {
        "the artifact of a promotion under way was removed".into()
    });
    let window = state.knobs().time(&knob::ROLLBACK_WINDOW);
    let back = memory.granted.iter().any(|(to, from, at)| {
        let since = entry.at.since(*at);
        since.0 + MOMENT.0 <= window.0 && (is(*to) || is(*from))
    });
    judge.claim(const { place("o-7") }, !back, || {
        "an artifact that a route may go back to was removed".into()
    });
}
