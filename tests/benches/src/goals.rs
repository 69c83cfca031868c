//! The table of goals that every measuring program prints, so that all of them read alike.

/// What a number has to be: first what it must be, then what would be better still.
#[derive(Clone, Copy, Debug)]
pub enum Bar {
    /// More is better.
    AtLeast(f64, f64),
    /// Less is better.
    AtMost(f64, f64),
    /// It is only told.
    None,
}

use Bar::{AtLeast, AtMost};

/// The head of the table.
pub const HEAD: &str =
    "| goal | what | measured | must | stretch | |\n| --- | --- | ---: | ---: | ---: | --- |";

/// One line of the table. What is not a number was not measured.
#[must_use]
pub fn line(goal: &str, what: &str, measured: f64, unit: &str, bar: Bar) -> String {
    let said = if measured.is_nan() {
        "not measured".to_string()
    } else {
        format!("{}{unit}", number(measured))
    };
    let (sign, must, stretch) = match bar {
        AtLeast(must, stretch) => ("≥", must, stretch),
        AtMost(must, stretch) => ("≤", must, stretch),
        Bar::None => return format!("| {goal} | {what} | {said} | | | |"),
    };
    let reaches = |limit| match bar {
        AtMost(..) => measured <= limit,
        _ => measured >= limit,
    };
    let verdict = if measured.is_nan() {
        ""
    } else if reaches(stretch) {
        "met, stretch too"
    } else if reaches(must) {
        "met"
    } else {
        "**missed**"
    };
    let [must, stretch] = [must, stretch].map(|limit| format!("{sign} {}{unit}", number(limit)));
    format!("| {goal} | {what} | {said} | {must} | {stretch} | {verdict} |")
}

/// A number with three or four digits that tell something: `0.85`, `12.3`, `456`, `7,890`.
fn number(value: f64) -> String {
    if value >= 999.5 {
        let digits = format!("{value:.0}");
        let grouped = digits.as_bytes().rchunks(3).rev();
        let grouped: Vec<_> = grouped.map(String::from_utf8_lossy).collect();
        return grouped.join(",");
    }
    let decimals = match value {
        99.95.. => 0,
        9.995.. => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    if decimals == 0 {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_long_as_they_tell_something() {
        for (value, text) in [
            (0.0, "0"),
            (0.854, "0.85"),
            (6.0, "6"),
            (12.34, "12.3"),
            (100.0, "100"),
            (456.7, "457"),
            (7890.0, "7,890"),
            (1_234_567.0, "1,234,567"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_line_says_how_far_a_goal_is_met() {
        let verdict = |measured, bar| {
            let line = line("G0", "x", measured, " ms", bar);
            line.split('|')
                .nth(6)
                .unwrap_or_default()
                .trim()
                .to_string()
        };
        assert_eq!(verdict(3.0, AtMost(16.0, 4.0)), "met, stretch too");
        assert_eq!(verdict(16.0, AtMost(16.0, 4.0)), "met");
        assert_eq!(verdict(17.0, AtMost(16.0, 4.0)), "**missed**");
        assert_eq!(verdict(7.0, AtLeast(6.0, 9.0)), "met");
        assert_eq!(verdict(5.0, AtLeast(6.0, 9.0)), "**missed**");
        assert_eq!(verdict(f64::NAN, AtLeast(6.0, 9.0)), "");
        assert_eq!(verdict(5.0, Bar::None), "");
        assert_eq!(
            line("G2", "y", 0.9, "×", AtMost(1.25, 0.85)),
            "| G2 | y | 0.9× | ≤ 1.25× | ≤ 0.85× | met |"
        );
    }
}
