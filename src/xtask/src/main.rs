//! The project's own commands: set up, serve, test and publish the lab.

fn main() {}
