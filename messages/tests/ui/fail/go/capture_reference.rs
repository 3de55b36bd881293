//! References in a capture list.

use gort::prelude::*;

fn main() {
    let n = vec![1];
    go!([&n] { n.len() });
    go!([ref n] { n.len() });
}
