//! Requests over time: stacked columns of what ended in each slice, and a line of what waits.

use super::px;
use protocol::SeriesPoint;

/// A chart in a box of `width` by `height`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// The most that is drawn, as the axis says it.
    pub most: u32,
    /// Columns: left edge, top edge, height, and which part it is (`served`, `refused`, `failed`).
    pub columns: Vec<(f64, f64, f64, &'static str)>,
    /// How wide a column is.
    pub wide: f64,
    /// The line of what waits, as an SVG path of steps.
    pub held: String,
}

/// Draws points over a time from 0 to `end`.
pub fn chart(points: &[SeriesPoint], slice: u64, end: u64, width: f64, height: f64) -> Chart {
    let most = points
        .iter()
        .map(|p| p.held.max(p.served + p.refused + p.failed))
        .max()
        .unwrap_or(0);
    let most = nice(most);
    let scale = height / f64::from(most);
    let x = |at: u64| at as f64 / end.max(1) as f64 * width;
    let wide = (x(slice) * 0.78).max(1.0);
    let mut chart = Chart {
        most,
        wide,
        ..Chart::default()
    };
    for (i, point) in points.iter().enumerate() {
        let mut top = height;
        for (count, part) in [
            (point.served, "served"),
            (point.refused, "refused"),
            (point.failed, "failed"),
        ] {
            let tall = f64::from(count) * scale;
            if count > 0 {
                top -= tall;
                chart.columns.push((x(point.at), top, tall, part));
            }
        }
        let y = height - f64::from(point.held) * scale;
        chart.held.push_str(&format!(
            "{}{} {}H{}",
            if i == 0 { "M" } else { "L" },
            px(x(point.at)),
            px(y),
            px(x(point.at + slice))
        ));
    }
    chart
}

/// The next round number, for the top of an axis.
pub fn nice(most: u32) -> u32 {
    let mut step = 5;
    loop {
        for top in [step, step * 2, step * 4] {
            if most <= top {
                return top;
            }
        }
        step *= 10;
        if step > 100_000_000 {
            return most;
        }
    }
}

/// A round slice so that a run has at most about a hundred of them.
pub fn slice(end: u64) -> u64 {
    const ROUND: [u64; 7] = [
        100_000, 250_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000,
    ];
    ROUND
        .into_iter()
        .find(|slice| end / slice <= 120)
        .unwrap_or(60_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_on_each_other_and_fit() {
        let point = SeriesPoint {
            at: 0,
            held: 3,
            served: 4,
            refused: 2,
            failed: 1,
        };
        let chart = chart(&[point], 10, 100, 100.0, 100.0);
        assert_eq!(chart.most, 10);
        assert_eq!(
            chart.columns,
            [
                (0.0, 60.0, 40.0, "served"),
                (0.0, 40.0, 20.0, "refused"),
                (0.0, 30.0, 10.0, "failed")
            ]
        );
        assert_eq!(chart.held, "M0 70H10");
    }

    #[test]
    fn axes_end_at_round_numbers() {
        assert_eq!([0, 5, 6, 21, 450, 501].map(nice), [5, 5, 10, 50, 500, 1000]);
        assert_eq!(slice(90_000_000), 1_000_000);
    }
}
