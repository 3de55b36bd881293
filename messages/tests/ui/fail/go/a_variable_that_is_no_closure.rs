//! A variable that cannot be called.

use gort::prelude::*;

fn main() {
    let n = 5;
    go!(n);
}
