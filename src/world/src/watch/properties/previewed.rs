//! O-15: what gets a route was validated before, exactly as it is: by the pipeline, or by what was installed. And what is
//! started for it ahead serves nobody before that.

use super::{Judge, place};
use crate::fleet::Fleet;
use alloc::format;
use machine::SortedMap;
use platform::id::{DeploymentId, Digest};
use platform::note::Note;
use platform::pipeline::{DeployId, State as Stage};
use platform::wake;
use sim::{Entry, State};

/// What is remembered of previews: the artifact and the configuration that each was ready with.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    ready: SortedMap<DeployId, (Digest, Option<u32>)>,
}

/// The pipeline says of a preview that it is ready.
pub(super) fn listen(state: &State<Fleet>, entry: &Entry<'_, Fleet>, memory: &mut Memory) {
    let Some(service) = state.fleet().pipeline() else {
        return;
    };
    for moved in entry.moved {
        if moved.lifecycle == platform::PIPELINE && moved.to == Stage::PreviewReady as u8 {
            let row = service.rows().get(moved.subject.id as u32);
            if let Some((product, config)) =
                row.and_then(|row| Some((row.value.product?, row.value.config)))
            {
                let id = DeployId(moved.subject.id as u8);
                memory.ready.insert(id, (product.digest, config));
            }
        }
    }
}

/// What goes into rotation is the owner's, and how new owners begin.
pub(super) fn rotation(state: &State<Fleet>, entry: &Entry<'_, Fleet>, judge: &mut Judge<'_>) {
    let control = state.fleet().control();
    if !control.promoting().is_some_and(|managed| managed.warm) {
        return;
    }
    for moved in entry.moved {
        if moved.lifecycle != platform::WAKE || moved.from.is_some() {
            continue;
        }
        let wake = control.wakes().get(moved.subject.id as u32);
        if wake.is_some_and(|row| row.value.epoch.0 > 1) {
            let claim = if moved.to == wake::State::Hot as u8 {
                const { place("some-new-owner-is-hot-at-once") }
            } else {
                const { place("some-new-owner-is-cold") }
            };
            judge.claim(claim, true, Default::default);
        }
    }
    for note in entry.notes {
        let Note::ServingChanged {
            allocation,
            serving: true,
        } = *note
        else {
            continue;
        };
        let Some(of) = control.allocations().get(allocation.0).map(|row| row.value) else {
            continue;
        };
        let Some(owner) = control.routes().get(of.route.0.into()).map(|row| row.value) else {
            continue;
        };
        let right = of.epoch < owner.epoch
            || (of.epoch, of.deployment) == (owner.epoch, owner.deployment)
            || control.authority().floor_due;
        judge.claim(const { place("rotation-is-the-owners") }, right, || {
            format!(
                "allocation {} of deployment {} went into rotation under epoch {}",
                allocation.0 + 1,
                of.deployment.0 + 1,
                of.epoch.0
            )
        });
    }
}

/// A deployment has got a route.
pub(super) fn granted(
    state: &State<Fleet>,
    memory: &Memory,
    deployment: DeploymentId,
    judge: &mut Judge<'_>,
) {
    let control = state.fleet().control();
    let Some(managed) = control.promoting() else {
        return;
    };
    let row = control.deployments().get(deployment.0.into());
    let digest = row.map(|row| row.value.digest);
    let config = control.authority().config;
    let mut sources = managed.sources.iter().flat_map(|sources| &sources.of);
    let source = sources.find(|(of, _)| *of == deployment);
    let validated = match source {
        Some((_, deploy)) => memory
            .ready
            .get(deploy)
            .is_some_and(|(seen, with)| Some(*seen) == digest && *with == Some(config)),
        None => managed.previews.iter().any(|preview| {
            preview.deployment == deployment
                && Some(preview.digest) == digest
                && preview.config == config
        }),
    };
    judge.claim(const { place("o-15") }, validated, || {
        format!(
            "deployment {} was promoted as it had never been validated",
            deployment.0 + 1
        )
    });
    if source.is_some() {
        judge.claim(
            const { place("some-preview-of-the-pipeline-is-promoted") },
            true,
            Default::default,
        );
    }
}
