//! A name listed twice, a name left out.

use gort::prelude::*;

fn main() {
    let n = vec![1];
    go!([n, n] { n.len() });
    go!([n,, m] { n.len() });
}
