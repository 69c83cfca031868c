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

/// An arrow's head of this length and half its width, as a closed path at the end of a line.
pub fn head((ax, ay): (f64, f64), (bx, by): (f64, f64), length: f64, half: f64) -> String {
    let whole = (bx - ax).hypot(by - ay).max(0.001);
    let (dx, dy) = ((bx - ax) / whole, (by - ay) / whole);
    let (x, y) = (bx - dx * length, by - dy * length);
    format!(
        "M{} {}L{} {}L{} {}Z",
        px(bx),
        px(by),
        px(x - dy * half),
        px(y + dx * half),
        px(x + dy * half),
        px(y - dx * half)
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_arrows_head_ends_where_its_line_does() {
        assert_eq!(
            super::head((0.0, 0.0), (20.0, 0.0), 7.0, 3.0),
            "M20 0L13 3L13 -3Z"
        );
    }

    #[test]
    fn lengths_have_one_decimal_at_most() {
        assert_eq!(
            [0.0, 1.25, -0.04, -3.5, 12.0].map(super::px),
            ["0", "1.3", "0", "-3.5", "12"]
        );
    }
}
