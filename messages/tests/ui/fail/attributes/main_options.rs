//! Options that do not exist.

#[gort::main(threads = 4, flavor("multi"))]
fn main() {}
