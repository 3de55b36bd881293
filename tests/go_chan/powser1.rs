//! Port of test/chan/powser1.go: power series over plain rationals; the series themselves are in
//! `powser.rs`.

use super::powser::{self, Item};
use super::rat::Rat;

impl Item for Rat {
    fn of(rat: Rat) -> Rat {
        rat
    }

    fn rat(&self) -> Rat {
        *self
    }
}

#[gort::test]
fn series_of_rationals() {
    powser::test::<Rat>();
}

#[gort::test]
fn the_rest_of_the_package() {
    powser::test_rest::<Rat>();
}
