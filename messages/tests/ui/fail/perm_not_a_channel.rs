//! Port of test/chan/perm.go (Copyright 2009 The Go Authors, BSD-style license): a number is no channel.

use gort::prelude::*;

fn main() {
    let n: i32 = 0;
    chan!(<-n);
    chan!(n <- 2);
    n.close();
}
