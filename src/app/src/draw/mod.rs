//! Drawing: where things go, worked out from plain data; the components only turn it into SVG.

pub mod chart;
pub mod diagram;
pub mod lanes;
pub mod marks;

/// A length in a picture, with one decimal. Written digit by digit: the general way of writing floats would be one of the
/// larger things on the page.
pub fn px(length: f64) -> String {
    let tenths = (length * 10.0).round() as i64;
    let sign = if tenths < 0 { "-" } else { "" };
    let (whole, part) = (tenths.abs() / 10, tenths.abs() % 10);
    if part == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{part}")
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn lengths_have_one_decimal_at_most() {
        assert_eq!(
            [0.0, 1.25, -0.04, -3.5, 12.0].map(super::px),
            ["0", "1.3", "0", "-3.5", "12"]
        );
    }
}
