//! Lanes.
fn main() {}
