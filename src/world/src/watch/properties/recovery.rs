//! Properties of what the control plane's own stores survive: epochs after a restore.

use super::{Judge, place};
use crate::fleet::Fleet;
use alloc::format;
use machine::SortedMap;
use platform::id::{DeploymentId, Epoch, RouteId};
use sim::State;

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
