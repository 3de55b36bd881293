//! Nothing to run.

use gort::prelude::*;

fn main() {
    go!();
    go!(name = "x";);
    let n = 1;
    go!([n]);
    gort::scope(|s| {
        go!(s =>);
    });
}
