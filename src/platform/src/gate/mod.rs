//! The gates of the platform, a list for each of its parts, one after the other.
//!
//! Each gate says what goes wrong without it; a test waives each and watches that happen.

mod bulk;
mod gitops;
mod hosts;
mod joints;
mod migration;
mod outage;
mod pipeline;
mod pressure;
mod promotion;
mod recovery;
mod region;
mod restore;
mod serving;
mod sessions;
mod traces;
mod visits;

pub use bulk::*;
pub use gitops::*;
pub use hosts::{
    BOOT_ID_CHANGED, DRAIN_PACE, DRIFT_CHECKS, HOST_CHECKS, HOST_NOT_CORDONED, HOST_UNMODIFIED,
    IMAGE_APPROVED, POSTCHECK_CURRENT, PROVIDER_ANSWERS, QUORUM_HEALTHY, REBUILDS_LEFT,
    REPLACEMENT_SERVES, ROLLOUT_OPEN, RUNNER_HEADROOM, SESSIONS_CAN_DRAIN, ZONE_FREE,
};
pub use joints::*;
pub use migration::*;
pub use outage::*;
pub use pipeline::*;
pub use pressure::*;
pub use promotion::*;
pub use recovery::*;
pub use region::*;
pub use restore::*;
pub use serving::*;
pub use sessions::*;
pub use traces::*;
pub use visits::*;

use machine::Gate;

/// The lists in the order of the catalog; each begins where the one before it ends.
const LISTS: &[&[&Gate]] = &[
    serving::ALL,
    region::ALL,
    hosts::ALL,
    migration::ALL,
    gitops::ALL,
    promotion::ALL,
    pipeline::ALL,
    traces::ALL,
    restore::ALL,
    sessions::ALL,
    recovery::ALL,
    outage::ALL,
    joints::ALL,
    visits::ALL,
    bulk::ALL,
    pressure::ALL,
];

/// Every gate, in order of index.
pub static ALL: &[&Gate] = &joined::<{ count() }>();

const fn count() -> usize {
    let (mut count, mut list) = (0, 0);
    while list < LISTS.len() {
        count += LISTS[list].len();
        list += 1;
    }
    count
}

const fn joined<const N: usize>() -> [&'static Gate; N] {
    let mut all = [LISTS[0][0]; N];
    let (mut at, mut list) = (0, 0);
    while list < LISTS.len() {
        let mut gate = 0;
        while gate < LISTS[list].len() {
            all[at] = LISTS[list][gate];
            assert!(
                all[at].index as usize == at,
                "a list does not begin where the one before it ends"
            );
            at += 1;
            gate += 1;
        }
        list += 1;
    }
    all
}
