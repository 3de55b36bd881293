//! A result that is no exit status.

#[gort::main]
fn main() -> u64 {
    5
}
