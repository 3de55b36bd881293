//! A test that would run twice.

#[gort::test]
#[test]
fn once() {}

fn main() {}
