//! Port of test/chan/perm.go (Copyright 2009 The Go Authors, BSD-style license): a receiver cannot be closed (GS-38).

use gort::prelude::*;

fn main() {
    let c = chan!(i32);
    let cs: Sender<i32> = c.tx();
    let cr: Receiver<i32> = c.rx();
    c.close(); // ok
    cs.close(); // ok
    cr.close();
}
