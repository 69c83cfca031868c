//! Pictures of lifecycles: boxes and lines at the places that the build worked out from the declarations.

use super::{head, px};

/// A lifecycle's picture.
#[derive(Debug)]
pub struct Diagram {
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// Its states, in the order of the declaration.
    pub states: &'static [Place],
    /// Its arrows: a transition has one for each state that it may start from.
    pub arrows: &'static [Arrow],
}

/// Where a state is: the middle of its box, and its size.
#[derive(Debug)]
pub struct Place {
    /// The middle, from the left.
    pub x: f64,
    /// The middle, from the top.
    pub y: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

/// An arrow.
#[derive(Debug)]
pub struct Arrow {
    /// The transition's index.
    pub transition: u8,
    /// The state that it leaves.
    pub from: u8,
    /// The state that it leads to.
    pub to: u8,
    /// The points of its line.
    pub points: &'static [(f64, f64)],
    /// The middle of its label.
    pub label: (f64, f64),
}

include!(concat!(env!("OUT_DIR"), "/diagrams.rs"));

impl Arrow {
    /// The line as an SVG path: straight ends and rounded bends.
    pub fn path(&self) -> String {
        let mut path = String::new();
        for (i, (x, y)) in self.points.iter().enumerate() {
            let (x, y) = (px(*x), px(*y));
            match i {
                0 => path.push_str(&format!("M{x} {y}")),
                _ if i + 1 == self.points.len() => path.push_str(&format!("L{x} {y}")),
                _ => {
                    let (nx, ny) = self.points[i + 1];
                    let (mx, my) = (
                        px((self.points[i].0 + nx) / 2.0),
                        px((self.points[i].1 + ny) / 2.0),
                    );
                    path.push_str(&format!("Q{x} {y} {mx} {my}"));
                }
            }
        }
        path
    }

    /// The head, as a closed path at the line's end.
    pub fn head(&self) -> String {
        let [.., from, to] = *self.points else {
            return String::new();
        };
        head(from, to, 9.0, 4.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lifecycle_is_drawn_whole_and_boxes_do_not_overlap() {
        assert_eq!(DIAGRAMS.len(), platform::CATALOG.lifecycles.len());
        for (diagram, spec) in DIAGRAMS.iter().zip(platform::CATALOG.lifecycles) {
            assert_eq!(diagram.states.len(), spec.states.len());
            for (index, transition) in spec.transitions.iter().enumerate() {
                for from in transition.from {
                    assert!(
                        diagram
                            .arrows
                            .iter()
                            .any(|arrow| usize::from(arrow.transition) == index
                                && arrow.from == *from)
                    );
                }
            }
            for (i, a) in diagram.states.iter().enumerate() {
                assert!(a.x - a.width / 2.0 >= 0.0 && a.x + a.width / 2.0 <= diagram.width);
                for b in &diagram.states[i + 1..] {
                    let apart = (a.x - b.x).abs() >= (a.width + b.width) / 2.0
                        || (a.y - b.y).abs() >= (a.height + b.height) / 2.0;
                    assert!(apart, "{} has boxes that overlap", spec.name);
                }
            }
            for arrow in diagram.arrows {
                assert!(
                    arrow.points.len() >= 2
                        && arrow.path().starts_with('M')
                        && !arrow.head().is_empty()
                );
            }
        }
    }
}
