//! A timeout has a unit.

#[gort::test(timeout = "30")]
fn no_unit() {}

#[gort::test(timeout = 30)]
fn no_string() {}

#[gort::test(timeout = "abc")]
fn no_time() {}

#[gort::test(timeout = "0s")]
fn too_soon() {}

#[gort::test(time_limit = "30s")]
fn another_name() {}

#[gort::test(threads = 4)]
fn of_the_runtime() {}

#[gort::test(should_panic)]
fn another_attribute() {}

fn main() {}
