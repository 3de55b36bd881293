//! A capture that cannot be cloned.

use gort::prelude::*;

struct One;

fn main() {
    let one = One;
    go!([one] { drop(one) });
}
