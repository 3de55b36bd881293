//! Port of test/chan/perm.go (Copyright 2009 The Go Authors, BSD-style license): a direction once given up does not come
//! back (GS-50).

use gort::prelude::*;

fn main() {
    let mut c: Chan<i32> = chan!(i32);
    let mut cr: Receiver<i32> = c.rx(); // ok
    let mut cs: Sender<i32> = c.tx(); // ok

    c = cr;
    c = cs;
    cr = cs;
    cs = cr;
}
