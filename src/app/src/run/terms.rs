//! In what terms a gate judges: what it found and what it wanted, as a person reads them.

use crate::words;
use machine::Terms;

/// A value as a gate judges it.
pub fn term(terms: Terms, value: u64) -> String {
    match terms {
        _ if value == u64::MAX => "none".to_string(),
        Terms::YesNo if value < 2 => if value == 1 { "yes" } else { "no" }.to_string(),
        Terms::Count | Terms::YesNo => value.to_string(),
        // More digits than the story has would be noise.
        Terms::Time if value < 1_000 => words::length(value),
        Terms::Time => words::length(value / 1_000 * 1_000),
        Terms::Bytes => size(value),
        Terms::Digest => protocol::short(value),
    }
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
            (&platform::gate::HOLD_BUDGET, 8_000_123, "8 s"),
            (&platform::gate::HOLD_BUDGET, 40, "40 µs"),
            (&platform::gate::REGION_LEASE, 61_250_000, "61.25 s"),
            (&platform::gate::EVIDENCE_FRESH, u64::MAX, "none"),
            (&platform::gate::HOLD_BYTES, 1 << 20, "1 MiB"),
            (
                &platform::gate::ARTIFACT_DIGEST_VERIFIED,
                0xABCD << 48,
                "abcd0000",
            ),
            (&platform::gate::REPORT_TOKEN, 3, "3"),
            (&platform::gate::SAFE_TO_HOLD, 0, "no"),
            (&platform::gate::SAFE_TO_HOLD, 1, "yes"),
        ] {
            assert_eq!(term(gate.terms, value), written, "{}", gate.title);
        }
    }
}
