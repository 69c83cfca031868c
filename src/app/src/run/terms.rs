//! In what terms a gate judges: what it found and what it wanted, as a person reads them.

use crate::words;

/// The gates that judge a length of time or a moment.
const TIMES: [&str; 18] = [
    "call-tries-left",
    "drain-pace-kept",
    "evidence-unexpired",
    "migration-evidence-fresh",
    "preview-evidence-fresh",
    "provider-answers",
    "provider-evidence-fresh",
    "region-evidence-fresh",
    "region-lease-unexpired",
    "release-rate-kept",
    "restore-point-before-the-corruption",
    "resume-window-open",
    "retry-backs-off",
    "session-auth-revalidated",
    "upgrade-wait-budget-left",
    "webhook-timestamp-within-tolerance",
    "webhook-within-its-window",
    "within-the-hold-budget",
];
/// The gates that judge a size.
const SIZES: [&str; 2] = ["body-within-the-hold-cap", "host-has-room"];
/// The gates that compare what something consists of.
const DIGESTS: [&str; 2] = ["artifact-digest-verified", "build-digest-matches"];

/// A value as the gate with this id judges it.
pub fn term(gate: &str, value: u64) -> String {
    if value == u64::MAX {
        return "none".to_string();
    }
    if TIMES.contains(&gate) {
        // More digits than the story has would be noise.
        return words::length(if value < 1_000 {
            value
        } else {
            value / 1_000 * 1_000
        });
    }
    if SIZES.contains(&gate) {
        return size(value);
    }
    if DIGESTS.contains(&gate) {
        return protocol::short(value);
    }
    value.to_string()
}

/// A size in the largest unit that leaves a whole number of it.
fn size(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let found = units
        .into_iter()
        .find(|(shift, _)| bytes > 0 && bytes.trailing_zeros() >= *shift);
    found.map_or_else(
        || words::count(bytes, "byte"),
        |(shift, unit)| format!("{} {unit}", bytes >> shift),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_judged_has_a_unit_where_it_has_one() {
        for (gate, value, written) in [
            ("within-the-hold-budget", 8_000_123, "8 s"),
            ("within-the-hold-budget", 40, "40 µs"),
            ("region-lease-unexpired", 61_250_000, "61.25 s"),
            ("evidence-unexpired", u64::MAX, "none"),
            ("body-within-the-hold-cap", 1 << 20, "1 MiB"),
            ("report-token-current", 3, "3"),
        ] {
            assert_eq!(term(gate, value), written, "{gate}");
        }
    }

    #[test]
    fn every_gate_that_is_named_here_is_there() {
        for id in TIMES.iter().chain(&SIZES).chain(&DIGESTS) {
            assert!(platform::CATALOG.gate(id).is_some(), "{id}");
        }
    }
}
