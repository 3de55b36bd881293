//! No function.

#[gort::main]
struct Main;

fn main() {}
