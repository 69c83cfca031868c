//! Numbers as people write them: `8s`, `1.5s`, `512MiB`, `20ms..60ms`, `0.5%`.
//!
//! **Invariants.** Decimals are read digit by digit into whole units, never through a float; what would have to be
//! rounded is refused.

const TIMES: &[(&str, u64)] = &[
    ("us", 1),
    ("ms", 1_000),
    ("s", 1_000_000),
    ("min", 60_000_000),
    ("h", 3_600_000_000),
];
const SIZES: &[(&str, u64)] = &[
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];
const SHARES: &[(&str, u64)] = &[("%", 10_000)];

/// How a length of time is written, for error texts.
pub const TIME_HINT: &str = "a number with us, ms, s, min or h, such as `12.5s`";
/// How a size is written, for error texts.
pub const SIZE_HINT: &str = "a number with B, KiB, MiB or GiB, such as `512MiB`";
/// How a share is written, for error texts.
pub const SHARE_HINT: &str = "a percentage from 0% to 100%, such as `0.5%`";

/// Reads a length of time, in microseconds.
#[must_use]
pub fn time(text: &str) -> Option<u64> {
    number(text, TIMES)
}

/// Reads a size, in bytes.
#[must_use]
pub fn size(text: &str) -> Option<u64> {
    number(text, SIZES)
}

/// Reads a share, in millionths of the whole.
#[must_use]
pub fn share(text: &str) -> Option<u32> {
    number(text, SHARES)
        .filter(|n| *n <= 1_000_000)
        .and_then(|n| u32::try_from(n).ok())
}

/// Reads a share that may be more than the whole, in millionths of it.
#[must_use]
pub fn portion(text: &str) -> Option<u64> {
    number(text, SHARES)
}

/// Reads `low..high` or one value for both, with either of the readers above.
pub fn range(text: &str, read: impl Fn(&str) -> Option<u64>) -> Option<(u64, u64)> {
    let (low, high) = text.split_once("..").unwrap_or((text, text));
    let (low, high) = (read(low.trim())?, read(high.trim())?);
    (low <= high).then_some((low, high))
}

fn number(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let (digits, unit) = text.split_at(split);
    let (_, scale) = units.iter().find(|(name, _)| *name == unit)?;
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    if part.is_empty() || part.len() > 18 {
        return None;
    }
    let below = u128::from(part.parse::<u64>().ok()?) * u128::from(*scale);
    let denominator = 10_u128.pow(u32::try_from(part.len()).ok()?);
    if !below.is_multiple_of(denominator) {
        return None;
    }
    let above = u128::from(whole.parse::<u64>().ok()?) * u128::from(*scale);
    u64::try_from(above + below / denominator).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read_exactly_or_not_at_all() {
        for (text, found) in [
            ("8s", Some(8_000_000)),
            ("12.5s", Some(12_500_000)),
            ("0.000001s", Some(1)),
            ("0.0000001s", None),
            ("10min", Some(600_000_000)),
            ("1h", Some(3_600_000_000)),
            ("8", None),
            ("s", None),
            ("-1s", None),
            ("1.s", None),
            ("1.2.3s", None),
            ("1e3s", None),
            ("8 s", None),
            ("99999999999999999999s", None),
            ("18446744073709551615s", None),
        ] {
            assert_eq!(time(text), found, "{text}");
        }
        assert_eq!(size("512MiB"), Some(512 << 20));
        assert_eq!(share("0.5%"), Some(5_000));
        assert_eq!(share("101%"), None);
        assert_eq!(portion("150%"), Some(1_500_000));
        assert_eq!(range("20ms..60ms", time), Some((20_000, 60_000)));
        assert_eq!(range("5s", time), Some((5_000_000, 5_000_000)));
        assert_eq!(range("60ms..20ms", time), None);
    }
}
