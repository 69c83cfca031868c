//! Drawing: where things go, worked out from plain data; the components only turn it into SVG.

pub mod chart;
pub mod diagram;
pub mod lanes;
pub mod marks;
