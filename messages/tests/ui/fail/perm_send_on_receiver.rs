//! Port of test/chan/perm.go (Copyright 2009 The Go Authors, BSD-style license): nothing is sent on a receiver (GS-50).

use gort::prelude::*;

fn main() {
    let c = chan!(i32);
    let cr: Receiver<i32> = c.rx();
    chan!(c <- 0); // ok
    chan!(<-cr); // ok
    chan!(cr <- 0);
}
