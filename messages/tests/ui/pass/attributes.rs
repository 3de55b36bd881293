//! `#[gort::main]` and `#[gort::test]` take what `main` and `#[test]` take.
#![deny(warnings)]

use std::process::ExitCode;

/// Documented.
#[allow(clippy::unnecessary_wraps)]
#[gort::main]
pub(crate) fn main() -> impl std::process::Termination {
    #![allow(unused_variables)]
    let unused = 1;
    if sum() != 3 {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn sum() -> u32 {
    gort::run(|| 1 + 2)
}

#[gort::test]
fn unit() {
    assert_eq!(sum(), 3);
}

#[gort::test]
#[should_panic(expected = "boom")]
fn panics() {
    panic!("boom");
}

#[gort::test]
#[ignore = "for show"]
fn result() -> Result<(), Box<dyn std::error::Error>> {
    let _: u32 = "1".parse()?;
    Ok(())
}

#[gort::test(crate = gort)]
fn with_helper() {
    fn show(x: impl std::fmt::Display) -> String {
        format!("{x}")
    }
    assert_eq!(show(1), "1");
}

#[gort::test(timeout = "1m30s")]
fn limited() {
    assert_eq!(sum(), 3);
}

#[gort::test(timeout = "none", crate = "gort")]
fn unlimited() -> Result<(), String> {
    Ok(())
}
