//! Small parts that every page uses.

pub mod live;
pub mod problem;
pub mod sign;
