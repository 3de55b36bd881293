//! Port of test/chan/perm.go (Copyright 2009 The Go Authors, BSD-style license): directions hold in select too (GS-50).

use gort::prelude::*;

fn main() {
    let c = chan!(i32);
    let cr: Receiver<i32> = c.rx();
    let cs: Sender<i32> = c.tx();
    select! {
        c <- 0 => {} // ok
        x = <-c => drop(x), // ok
        cr <- 0 => {}
        x = <-cr => drop(x), // ok
        cs <- 0 => {} // ok
        x = <-cs => drop(x),
    }
}
