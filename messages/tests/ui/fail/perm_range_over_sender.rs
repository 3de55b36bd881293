//! Port of test/chan/perm.go (Copyright 2009 The Go Authors, BSD-style license): a sender cannot be ranged over (GS-50).

use gort::prelude::*;

fn main() {
    let cs: Sender<i32> = chan!(i32).tx();
    for _ in &cs {}
    for _ in cs {}
}
