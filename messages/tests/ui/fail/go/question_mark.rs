//! A question mark after the call.

use gort::prelude::*;

fn main() {
    go!("1".parse::<u64>()?);
}
