//! Port of test/chan/perm.go (Copyright 2009 The Go Authors, BSD-style license): nothing is received from a sender (GS-50).

use gort::prelude::*;

fn main() {
    let c = chan!(i32);
    let cs: Sender<i32> = c.tx();
    chan!(<-c); // ok
    chan!(cs <- 0); // ok
    chan!(<-cs);
    let _: Option<i32> = chan!(<-cs);
}
