//! The receive is an expression.

use gort::prelude::*;

fn main() {
    let ch = chan!(u64, 1);
    chan!(let v = <-ch);
    chan!(v = <-ch);
}
